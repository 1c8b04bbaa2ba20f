//! What FI shows: totals of posted quantities and amounts.

use rust_decimal::Decimal;

use super::*;
use crate::id::{CompanyCode, GlAccount};
use crate::period::PostingPeriod;
use crate::sap::odata::Filter;
use crate::source::SourceError;

/// What an account shows for a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PostedQuantity {
    /// Quantity in kg with three decimals.
    pub kilograms: Decimal,
    /// Amount in the currency of the company code.
    pub amount: Decimal,
    /// Items that were summed; a document and its reversal count twice.
    pub items: usize,
}

/// The sum of an account's items in a posting period, as SAP shows it.
///
/// # Errors
///
/// [`SourceError`]; a quantity in another unit than kilograms is one.
pub async fn posted_quantity(
    client: &ODataClient,
    company_code: &CompanyCode,
    account: &GlAccount,
    period: PostingPeriod,
) -> Result<PostedQuantity, SourceError> {
    let (year, month) = (period.year.to_string(), format!("{:03}", period.month));
    let filter = Filter::eq("CompanyCode", company_code.as_str())
        .and(Filter::eq("GLAccount", account.padded().as_str()))
        .and(Filter::eq("LedgerFiscalYear", year.as_str()))
        .and(Filter::eq("FiscalPeriod", month.as_str()));
    let query = Query::of("A_JournalEntryItemBasic").filter(filter).order_by(&["ID"]);
    let rows = client.read(JOURNAL_ITEMS, &query, |_, _| {}).await?;
    let mut sum = PostedQuantity { items: rows.len(), ..PostedQuantity::default() };
    for row in &rows {
        let quantity = row.decimal("ValuationQuantity")?;
        if !quantity.is_zero() {
            let kilograms = crate::unit::Measure::new(quantity, unit(row, "CostSourceUnit")?)
                .in_unit(crate::unit::Uom::Kg)
                .map_err(|error| row.wrong("UNIT", "CostSourceUnit", error.to_string()))?;
            sum.kilograms += kilograms;
        }
        sum.amount += row.decimal("AmountInCompanyCodeCurrency")?;
    }
    Ok(sum)
}
