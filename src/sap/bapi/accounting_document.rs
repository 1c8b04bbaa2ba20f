//! Accounting documents by BAPI (function group ACC9), and the way to find them again.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::id::{CompanyCode, CostCenter, FiDocumentNumber, GlAccount};

use super::super::error::SapError;
use super::super::rfc::{Call, Reply, Row};
use super::field::fields;
use super::{Place, accepted, numbered};

/// Checks and keeps nothing.
pub const CHECK: &str = "BAPI_ACC_DOCUMENT_CHECK";
/// Posts.
pub const POST: &str = "BAPI_ACC_DOCUMENT_POST";
/// Reverses by a second document; nothing is deleted in FI.
pub const REVERSE: &str = "BAPI_ACC_DOCUMENT_REV_POST";
/// Checks a reversal and keeps nothing.
pub const REVERSE_CHECK: &str = "BAPI_ACC_DOCUMENT_REV_CHECK";
/// Finds documents by their reference.
pub const RECORD: &str = "BAPI_ACC_DOCUMENTS_RECORD";

/// Business transaction of documents without sub-ledger.
const BUSINESS_TRANSACTION: &str = "RFBU";

/// AWTYP, AWKEY and AWSYS: what SAP finds a document by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference<'a> {
    /// AWTYP, at most 5 characters.
    pub object_type: &'a str,
    /// AWKEY, at most 20 characters.
    pub object_key: &'a str,
    /// AWSYS, at most 10 characters.
    pub system: &'a str,
}

/// A document to be checked or posted.
#[derive(Clone, Debug, PartialEq)]
pub struct Document<'a> {
    /// Its reference, ours.
    pub reference: Reference<'a>,
    /// BKTXT, at most 25 characters.
    pub header_text: &'a str,
    /// XBLNR, at most 16 characters.
    pub reference_number: &'a str,
    /// Company code.
    pub company_code: &'a CompanyCode,
    /// BLDAT.
    pub document_date: Date,
    /// BUDAT: names year and period.
    pub posting_date: Date,
    /// BLART.
    pub document_type: &'a str,
    /// Currency of all amounts, ISO 4217.
    pub currency: &'a str,
    /// Lines; their amounts sum to zero.
    pub lines: Vec<Line<'a>>,
}

/// A G/L line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line<'a> {
    /// Account.
    pub account: &'a GlAccount,
    /// Cost center, if it is one of costs.
    pub cost_center: Option<&'a CostCenter>,
    /// SGTXT, at most 50 characters.
    pub text: &'a str,
    /// Amount in the document currency, at most 4 decimals, credit negative.
    pub amount: Decimal,
    /// Mass in kg, at most 3 decimals.
    pub kilograms: Option<Decimal>,
    /// Rows of EXTENSION2 for this line, without the item number that leads the first part.
    pub extension: Option<Extension>,
}

/// What EXTENSION2 carries for one line: SAP hands it to a BAdI and says nothing if there is none.
#[derive(Clone, Debug, PartialEq)]
pub struct Extension {
    /// STRUCTURE, at most 30 characters.
    pub structure: &'static str,
    /// VALUEPART1 behind the item number of 10 characters; at most 230.
    pub first: String,
    /// VALUEPART2, at most 240.
    pub second: String,
}

/// A reversal.
#[derive(Clone, Debug, PartialEq)]
pub struct Reversal<'a> {
    /// Reference of the document that reverses.
    pub reference: Reference<'a>,
    /// AWKEY of the document that is reversed.
    pub original_key: &'a str,
    /// BUDAT of the reversal.
    pub posting_date: Date,
    /// Company code of both.
    pub company_code: &'a CompanyCode,
    /// STGRD.
    pub reason: &'a str,
}

/// A document that was found by its reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// BELNR.
    pub number: FiDocumentNumber,
    /// GJAHR.
    pub fiscal_year: i16,
    /// STBLG: the document that reverses it, if one does and SAP told.
    pub reversed_by: Option<FiDocumentNumber>,
}

/// The call that lets SAP check a document.
///
/// # Errors
///
/// [`SapError::Value`] if SAP would cut or round a value.
pub fn check(document: &Document<'_>) -> Result<Call, SapError> {
    call(CHECK, document)
}

/// The call that posts a document.
///
/// # Errors
///
/// As [`check`].
pub fn post(document: &Document<'_>) -> Result<Call, SapError> {
    call(POST, document)
}

/// Whether SAP will post, or reverse, at the commit.
///
/// # Errors
///
/// What SAP refused; [`SapError::NoDocument`] if it named no document.
pub fn registered(system: &str, function: &'static str, reply: &Reply) -> Result<(), SapError> {
    numbered(system, function, reply, "OBJ_KEY").map(drop)
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

/// The call that reverses a document.
///
/// # Errors
///
/// [`SapError::Value`] if SAP would cut a value.
pub fn reverse(reversal: &Reversal<'_>) -> Result<Call, SapError> {
    reversal_call(REVERSE, reversal)
}

/// The call that lets SAP check a reversal without keeping it.
///
/// # Errors
///
/// As [`reverse`].
pub fn check_reversal(reversal: &Reversal<'_>) -> Result<Call, SapError> {
    reversal_call(REVERSE_CHECK, reversal)
}

/// What SAP said to the check of a reversal that it passed.
///
/// # Errors
///
/// What SAP refused.
pub fn reversal_checked(system: &str, reply: &Reply) -> Result<Vec<String>, SapError> {
    let said = accepted(system, REVERSE_CHECK, reply)?;
    Ok(said.iter().map(ToString::to_string).collect())
}

fn reversal_call(function: &'static str, reversal: &Reversal<'_>) -> Result<Call, SapError> {
    let at = Place { function, key: reversal.original_key };
    let mut row = reference(at, reversal.reference)?;
    row.extend(fields([
        ("OBJ_KEY_R", at.text("OBJ_KEY_R", reversal.original_key, 20)?),
        ("PSTNG_DATE", reversal.posting_date.to_string()),
        ("FIS_PERIOD", format!("{:02}", reversal.posting_date.month())),
        ("COMP_CODE", reversal.company_code.as_str().to_owned()),
        ("REASON_REV", at.text("REASON_REV", reversal.reason, 2)?),
    ]));
    Ok(Call::new(function)
        .structure("REVERSAL", row)
        .value("BUS_ACT", BUSINESS_TRANSACTION)
        .table("RETURN", Vec::new()))
}

/// The call that looks documents up by reference.
///
/// # Errors
///
/// [`SapError::Value`] if a reference is longer than SAP's field.
pub fn record(references: &[Reference<'_>]) -> Result<Call, SapError> {
    let object = |wanted: &Reference<'_>| {
        reference(Place { function: RECORD, key: wanted.object_key }, *wanted)
    };
    Ok(Call::new(RECORD)
        .table("OBJECTS", references.iter().map(object).collect::<Result<_, _>>()?)
        .table("ACCOUNTING_DOCUMENTS", Vec::new())
        .table("NO_ACCOUNTING_DOCUMENTS", Vec::new())
        .table("RETURN", Vec::new()))
}

/// The documents that stand under these object keys, each in the place of its key.
///
/// # Errors
///
/// What is wrong with the answer: SAP has to say that a document is not there, silence is none.
pub fn recorded(reply: &Reply, object_keys: &[&str]) -> Result<Vec<Option<Recorded>>, String> {
    let (found, missing) =
        (reply.table("ACCOUNTING_DOCUMENTS"), reply.table("NO_ACCOUNTING_DOCUMENTS"));
    let one = |key: &&str| {
        let of_key =
            |row: &&BTreeMap<String, String>| row.get("OBJ_KEY").is_some_and(|known| known == key);
        let mut rows = found.iter().filter(of_key);
        match (rows.next(), rows.next()) {
            (None, _) if missing.iter().any(|row| of_key(&row)) => Ok(None),
            (None, _) => Err(format!("SAP gave no answer about reference {key}")),
            (Some(_), Some(_)) => Err(format!("two documents have reference {key}")),
            (Some(row), None) => recorded_row(row).map(Some),
        }
    };
    object_keys.iter().map(one).collect()
}

fn recorded_row(row: &BTreeMap<String, String>) -> Result<Recorded, String> {
    let field = |name: &str| row.get(name).map_or("", String::as_str);
    let number = |text: &str| FiDocumentNumber::new(text).map_err(|error| error.to_string());
    let year = field("FISC_YEAR");
    Ok(Recorded {
        number: number(field("AC_DOC_NO"))?,
        fiscal_year: year.parse().map_err(|_| format!("'{year}' is no fiscal year"))?,
        reversed_by: match field("REV_DOC_NO") {
            "" => None,
            text => Some(number(text)?),
        },
    })
}

fn reference(at: Place<'_>, reference: Reference<'_>) -> Result<Row, SapError> {
    Ok(fields([
        ("OBJ_TYPE", at.text("OBJ_TYPE", reference.object_type, 5)?),
        ("OBJ_KEY", at.text("OBJ_KEY", reference.object_key, 20)?),
        ("OBJ_SYS", at.text("OBJ_SYS", reference.system, 10)?),
    ]))
}

fn call(function: &'static str, document: &Document<'_>) -> Result<Call, SapError> {
    let at = Place { function, key: document.reference.object_key };
    let mut header = reference(at, document.reference)?;
    header.extend(fields([
        ("BUS_ACT", BUSINESS_TRANSACTION.to_owned()),
        ("HEADER_TXT", at.text("HEADER_TXT", document.header_text, 25)?),
        ("COMP_CODE", document.company_code.as_str().to_owned()),
        ("DOC_DATE", document.document_date.to_string()),
        ("PSTNG_DATE", document.posting_date.to_string()),
        ("FISC_YEAR", document.posting_date.year().to_string()),
        ("FIS_PERIOD", format!("{:02}", document.posting_date.month())),
        ("DOC_TYPE", at.text("DOC_TYPE", document.document_type, 2)?),
        ("REF_DOC_NO", at.text("REF_DOC_NO", document.reference_number, 16)?),
    ]));
    let (mut lines, mut amounts, mut extension) = (Vec::new(), Vec::new(), Vec::new());
    for (index, line) in document.lines.iter().enumerate() {
        let item = format!("{:010}", index + 1);
        let kilograms = line.kilograms.map(|kg| at.packed("QUANTITY", kg, 13, 3)).transpose()?;
        let unit = if kilograms.is_some() { "KG" } else { "" };
        lines.push(fields([
            ("ITEMNO_ACC", item.clone()),
            ("GL_ACCOUNT", line.account.padded()),
            ("ITEM_TEXT", at.text("ITEM_TEXT", line.text, 50)?),
            ("COMP_CODE", document.company_code.as_str().to_owned()),
            ("COSTCENTER", line.cost_center.map(CostCenter::padded).unwrap_or_default()),
            ("QUANTITY", kilograms.unwrap_or_default()),
            ("BASE_UOM", unit.to_owned()),
        ]));
        // The field has 4 decimals; most currencies have 2, and people know those.
        let scale = line.amount.normalize().scale().max(2);
        at.packed("AMT_DOCCUR", line.amount, 23, 4)?;
        amounts.push(fields([
            ("ITEMNO_ACC", item.clone()),
            ("CURR_TYPE", "00".to_owned()),
            ("CURRENCY", at.text("CURRENCY", document.currency, 5)?),
            ("AMT_DOCCUR", format!("{:.*}", scale as usize, line.amount)),
        ]));
        if let Some(Extension { structure, first, second }) = &line.extension {
            extension.push(fields([
                ("STRUCTURE", at.text("STRUCTURE", structure, 30)?),
                ("VALUEPART1", at.text("VALUEPART1", &format!("{item}{first}"), 240)?),
                ("VALUEPART2", at.text("VALUEPART2", second, 240)?),
            ]));
        }
    }
    Ok(Call::new(function)
        .structure("DOCUMENTHEADER", header)
        .table("ACCOUNTGL", lines)
        .table("CURRENCYAMOUNT", amounts)
        .table("EXTENSION2", extension)
        .table("RETURN", Vec::new()))
}
