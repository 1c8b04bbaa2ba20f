//! Statistical key figures on cost centers: a quantity such as kg CO2e without an amount.
//!
//! BAPI_ACC_ACT_POSTINGS_REVERSE takes a whole document back by one with the negative quantities. The unit
//! is that of the key figure (KK01), so a quantity goes out without one.

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::id::CostCenter;

use super::super::error::SapError;
use super::super::rfc::{Call, Reply};
use super::field::fields;
use super::{Place, accepted, numbered};

/// Posts.
pub const POST: &str = "BAPI_ACC_STAT_KEY_FIG_POST";
/// Checks and keeps nothing.
pub const CHECK: &str = "BAPI_ACC_STAT_KEY_FIG_CHECK";

/// Takes back; the companion runs it.
pub const REVERSE: &str = "BAPI_ACC_ACT_POSTINGS_REVERSE";

/// A posting of key figures.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyFigurePosting {
    /// Controlling area, KOKRS.
    pub controlling_area: String,
    /// Day of the document.
    pub document_date: Date,
    /// Day that names the period.
    pub posting_date: Date,
    /// Header text, at most 50 characters.
    pub text: String,
    /// Who posts; SAP requires it.
    pub user: String,
    /// At least one.
    pub items: Vec<KeyFigureItem>,
}

/// One quantity of one cost center.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyFigureItem {
    /// Key figure, STAGR.
    pub key_figure: String,
    /// Quantity in the unit of the key figure, at most 3 decimals; negative takes back.
    pub quantity: Decimal,
    /// Cost center that it is for.
    pub cost_center: CostCenter,
    /// Item text, at most 50 characters.
    pub text: String,
}

/// The call that posts.
///
/// # Errors
///
/// [`SapError::Value`] if SAP would cut or round a value, or there is no item.
pub fn post(posting: &KeyFigurePosting) -> Result<Call, SapError> {
    call(POST, posting)
}

/// The call that takes back document `number` of a controlling area, in the period of `day`.
///
/// # Errors
///
/// [`SapError::Value`] if SAP would cut a value.
pub fn reverse(area: &str, number: &str, day: Date, user: &str) -> Result<Call, SapError> {
    let at = Place { function: REVERSE, key: number };
    let header = fields([
        ("CO_AREA", at.text("CO_AREA", area, 4)?),
        ("RVRS_NO", at.text("RVRS_NO", number, 10)?),
        ("POSTGDATE", day.to_string()),
        ("USERNAME", at.text("USERNAME", user, 12)?),
    ]);
    Ok(Call::new(REVERSE).structure("DOC_HEADER", header).table("RETURN", Vec::new()))
}

/// The call that lets SAP check the same without keeping it.
///
/// # Errors
///
/// As [`post`].
pub fn check(posting: &KeyFigurePosting) -> Result<Call, SapError> {
    call(CHECK, posting)
}

/// The number of the document that was posted, 10 characters; it counts after the commit.
///
/// # Errors
///
/// What SAP refused; [`SapError::NoDocument`] if it gave no number.
pub fn posted(system: &str, reply: &Reply) -> Result<String, SapError> {
    numbered(system, POST, reply, "DOC_NO").map(str::to_owned)
}

/// What SAP said to a check that it passed.
///
/// # Errors
///
/// What SAP refused.
pub fn checked(system: &str, reply: &Reply) -> Result<Vec<String>, SapError> {
    let said = accepted(system, CHECK, reply)?;
    Ok(said.iter().map(ToString::to_string).collect())
}

fn call(function: &'static str, posting: &KeyFigurePosting) -> Result<Call, SapError> {
    let at = Place { function, key: &posting.text };
    if posting.items.is_empty() {
        return Err(at.wrong("VAL-RANGE", "DOC_ITEMS", "has no item".to_owned()));
    }
    let header = fields([
        ("CO_AREA", at.text("CO_AREA", &posting.controlling_area, 4)?),
        ("DOCDATE", posting.document_date.to_string()),
        ("POSTGDATE", posting.posting_date.to_string()),
        ("DOC_HDR_TX", at.text("DOC_HDR_TX", &posting.text, 50)?),
        ("USERNAME", at.text("USERNAME", &posting.user, 12)?),
    ]);
    let item = |item: &KeyFigureItem| {
        Ok(fields([
            ("STATKEYFIG", at.text("STATKEYFIG", &item.key_figure, 6)?),
            ("STAT_QTY", at.packed("STAT_QTY", item.quantity, 15, 3)?),
            ("SEG_TEXT", at.text("SEG_TEXT", &item.text, 50)?),
            ("REC_CCTR", item.cost_center.padded()),
        ]))
    };
    let items = posting.items.iter().map(item).collect::<Result<_, SapError>>()?;
    Ok(Call::new(function)
        .structure("DOC_HEADER", header)
        .table("DOC_ITEMS", items)
        .table("RETURN", Vec::new()))
}
