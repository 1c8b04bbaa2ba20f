//! Which accounting documents in SAP bear our object type: the items of operational accounting, which name
//! the reference of their document.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::id::{CompanyCode, FiDocument, FiDocumentNumber};
use crate::sap::error::SapError;
use crate::sap::odata::{Entity, Filter, ODataClient, Query};
use crate::source::sap::DOCUMENT_ITEMS;

use super::reference_key::OBJECT_TYPE;
use super::sap_port::{DocumentInSap, PortError};
use super::sap_system::of_read;

const SET: &str = "A_OperationalAcctgDocItemCube";

pub(super) async fn of_our_type(client: &ODataClient) -> Result<Vec<DocumentInSap>, PortError> {
    let query = Query::of(SET)
        .select(&[
            "CompanyCode",
            "FiscalYear",
            "AccountingDocument",
            "AccountingDocumentItem",
            "OriginalReferenceDocument",
            "CompanyCodeCurrency",
            "AmountInCompanyCodeCurrency",
            "AccountingDocCreatedByUser",
            "IsReversed",
        ])
        .filter(Filter::eq("ReferenceDocumentType", OBJECT_TYPE))
        .order_by(&["CompanyCode", "FiscalYear", "AccountingDocument", "AccountingDocumentItem"]);
    let rows = client.read(DOCUMENT_ITEMS, &query, |_, _| {}).await.map_err(of_read)?;
    let mut documents: BTreeMap<String, DocumentInSap> = BTreeMap::new();
    for row in &rows {
        let document = document(row).map_err(of_read)?;
        let amount = row.decimal("AmountInCompanyCodeCurrency").map_err(of_read)?;
        let known = documents.entry(document.to_string()).or_insert_with(|| DocumentInSap {
            document,
            object_key: row.text("OriginalReferenceDocument").to_owned(),
            debit: Decimal::ZERO,
            currency: row.text("CompanyCodeCurrency").to_owned(),
            by: row.text("AccountingDocCreatedByUser").to_owned(),
            reversed: row.boolean("IsReversed"),
        });
        known.debit += amount.max(Decimal::ZERO);
    }
    Ok(documents.into_values().collect())
}

fn document(row: &Entity) -> Result<FiDocument, SapError> {
    let wrong = |property: &str, why: String| row.wrong("VAL-KEY", property, why);
    let number = FiDocumentNumber::new(row.text("AccountingDocument"));
    let company_code = CompanyCode::new(row.text("CompanyCode"));
    let year = row.text("FiscalYear");
    Ok(FiDocument {
        number: number.map_err(|error| wrong("AccountingDocument", error.to_string()))?,
        company_code: company_code.map_err(|error| wrong("CompanyCode", error.to_string()))?,
        fiscal_year: year.parse().map_err(|_| wrong("FiscalYear", format!("{year} is no year")))?,
    })
}
