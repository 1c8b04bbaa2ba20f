//! Our accounting documents as the BAPIs of accounting want them.
//!
//! A BAPI that says S has registered, not written. The document counts once the commit of the same
//! session has answered and the document was found by its key.

use crate::id::{FiDocument, FiDocumentNumber};
use crate::sap::soap_rfc::{Call, RfcClient, Row, refuse_errors};

use super::document::FiPosting;
use super::reference_key::OBJECT_TYPE;
use super::sap_port::{DocumentKey, FoundDocument, PortError, PortErrorKind};
use super::sap_system::{of_read, of_write};

/// Our logical system in AWSYS.
const LOGICAL_SYSTEM: &str = "CARBIDE";
/// Structure name of our rows in EXTENSION2; the companion add-on moves them to the lines.
const EXTENSION: &str = "ZCARBIDE";

pub(super) async fn check(
    client: &RfcClient,
    posting: &FiPosting,
    key: &DocumentKey,
) -> Result<Vec<String>, PortError> {
    let call = document("BAPI_ACC_DOCUMENT_CHECK", posting, key);
    let reply = client.call(&call).await.map_err(of_read)?;
    refuse_errors("SAP", call.function(), &reply).map_err(of_write)?;
    Ok(reply.messages().iter().map(ToString::to_string).collect())
}

pub(super) async fn post(
    client: &RfcClient,
    posting: &FiPosting,
    key: &DocumentKey,
) -> Result<(), PortError> {
    commit(client, &document("BAPI_ACC_DOCUMENT_POST", posting, key)).await
}

pub(super) async fn reverse(
    client: &RfcClient,
    posting: &FiPosting,
    document: &FiDocument,
    original: &DocumentKey,
    reversal_key: &str,
) -> Result<(), PortError> {
    let reversal = row([
        ("OBJ_TYPE", OBJECT_TYPE.to_owned()),
        ("OBJ_KEY", reversal_key.to_owned()),
        ("OBJ_SYS", LOGICAL_SYSTEM.to_owned()),
        ("OBJ_KEY_R", original.object_key.clone()),
        ("PSTNG_DATE", posting.posting_date.to_string()),
        ("FIS_PERIOD", format!("{:02}", posting.posting_date.month())),
        ("COMP_CODE", document.company_code.as_str().to_owned()),
        ("REASON_REV", posting.reversal_reason.clone()),
    ]);
    let call = Call::new("BAPI_ACC_DOCUMENT_REV_POST")
        .structure("REVERSAL", reversal)
        .value("BUS_ACT", "RFBU")
        .table("RETURN", Vec::new());
    commit(client, &call).await
}

/// Calls a posting BAPI and commits in the same session; rolls back what SAP did not like.
async fn commit(client: &RfcClient, call: &Call) -> Result<(), PortError> {
    let mut session = client.session().map_err(of_write)?;
    let reply = session.call(call).await.map_err(of_write)?;
    if let Err(refused) = refuse_errors("SAP", call.function(), &reply) {
        // Without a commit nothing is written, so a rollback that gets lost changes nothing.
        let _ = session.rollback().await;
        return Err(of_write(refused));
    }
    session.commit().await.map_err(|error| {
        // Whatever the commit answered, SAP may have written: only asking by key tells.
        PortError::new(PortErrorKind::Unknown, error.to_string())
    })
}

pub(super) async fn find(
    client: &RfcClient,
    posting: &FiPosting,
    object_keys: &[&str],
) -> Result<Vec<Option<FoundDocument>>, PortError> {
    let object = |key: &&str| {
        row([
            ("OBJ_TYPE", OBJECT_TYPE.to_owned()),
            ("OBJ_KEY", (*key).to_owned()),
            ("OBJ_SYS", LOGICAL_SYSTEM.to_owned()),
        ])
    };
    let call = Call::new("BAPI_ACC_DOCUMENTS_RECORD")
        .table("OBJECTS", object_keys.iter().map(object).collect())
        .table("ACCOUNTING_DOCUMENTS", Vec::new())
        .table("NO_ACCOUNTING_DOCUMENTS", Vec::new())
        .table("RETURN", Vec::new());
    let reply = client.call(&call).await.map_err(of_read)?;
    let (found, missing) =
        (reply.table("ACCOUNTING_DOCUMENTS"), reply.table("NO_ACCOUNTING_DOCUMENTS"));
    object_keys
        .iter()
        .map(|key| {
            let of_key = |row: &&std::collections::BTreeMap<String, String>| {
                row.get("OBJ_KEY").is_some_and(|known| known == key)
            };
            let mut rows = found.iter().filter(of_key);
            match (rows.next(), rows.next()) {
                (None, _) if missing.iter().any(|row| of_key(&row)) => Ok(None),
                // SAP must say that it is not there; silence is no answer.
                (None, _) => Err(of_read(format!("SAP gave no answer about reference {key}"))),
                (Some(_), Some(_)) => Err(of_read(format!("two documents have reference {key}"))),
                (Some(row), None) => found_document(row, posting).map(Some),
            }
        })
        .collect()
}

fn found_document(
    row: &std::collections::BTreeMap<String, String>,
    posting: &FiPosting,
) -> Result<FoundDocument, PortError> {
    let field = |name: &str| row.get(name).map_or("", String::as_str);
    let reversed_by = match field("REV_DOC_NO") {
        "" => None,
        number => Some(FiDocumentNumber::new(number).map_err(of_read)?),
    };
    Ok(FoundDocument {
        document: FiDocument {
            number: FiDocumentNumber::new(field("AC_DOC_NO")).map_err(of_read)?,
            company_code: posting.company_code.clone(),
            fiscal_year: field("FISC_YEAR").parse().map_err(of_read)?,
        },
        reversed_by,
    })
}

fn row<const N: usize>(fields: [(&'static str, String); N]) -> Row {
    fields.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

fn document(function: &'static str, posting: &FiPosting, key: &DocumentKey) -> Call {
    let header = row([
        ("OBJ_TYPE", OBJECT_TYPE.to_owned()),
        ("OBJ_KEY", key.object_key.clone()),
        ("OBJ_SYS", LOGICAL_SYSTEM.to_owned()),
        ("BUS_ACT", "RFBU".to_owned()),
        ("HEADER_TXT", key.header_text.clone()),
        ("COMP_CODE", posting.company_code.as_str().to_owned()),
        ("DOC_DATE", posting.document_date.to_string()),
        ("PSTNG_DATE", posting.posting_date.to_string()),
        ("FISC_YEAR", posting.posting_date.year().to_string()),
        ("FIS_PERIOD", format!("{:02}", posting.posting_date.month())),
        ("DOC_TYPE", posting.document_type.clone()),
        ("REF_DOC_NO", key.reference.clone()),
    ]);
    let (mut lines, mut amounts, mut extension) = (Vec::new(), Vec::new(), Vec::new());
    for (index, line) in posting.lines.iter().enumerate() {
        let item = format!("{:010}", index + 1);
        let kilograms = line.quantity_kg.map(|kg| format!("{kg:.3}")).unwrap_or_default();
        let has_quantity = line.quantity_kg.is_some();
        lines.push(row([
            ("ITEMNO_ACC", item.clone()),
            ("GL_ACCOUNT", line.gl_account.padded()),
            ("ITEM_TEXT", line.text.clone()),
            ("COMP_CODE", posting.company_code.as_str().to_owned()),
            ("COSTCENTER", line.cost_center.as_ref().map(|c| c.padded()).unwrap_or_default()),
            ("QUANTITY", kilograms.clone()),
            ("BASE_UOM", if has_quantity { "KG".to_owned() } else { String::new() }),
        ]));
        amounts.push(row([
            ("ITEMNO_ACC", item.clone()),
            ("CURR_TYPE", "00".to_owned()),
            ("CURRENCY", posting.currency.clone()),
            ("AMT_DOCCUR", format!("{:.2}", line.amount)),
        ]));
        if has_quantity {
            // Item 10, kilograms 24, scope 2, value state 12; evidence 64: fixed widths.
            let scope = line.scope.map(|scope| scope.to_string()).unwrap_or_default();
            extension.push(row([
                ("STRUCTURE", EXTENSION.to_owned()),
                ("VALUEPART1", format!("{item}{kilograms:>24}{scope:<2}{:<12}", line.value_state)),
                ("VALUEPART2", line.evidence.clone()),
            ]));
        }
    }
    Call::new(function)
        .structure("DOCUMENTHEADER", header)
        .table("ACCOUNTGL", lines)
        .table("CURRENCYAMOUNT", amounts)
        .table("EXTENSION2", extension)
        .table("RETURN", Vec::new())
}
