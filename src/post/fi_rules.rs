//! What must hold of an accounting document before SAP is asked about it.

use rust_decimal::Decimal;

use crate::value_state::ValueState;

use super::document::{FiLine, FiPosting};

/// Lines that the BAPIs of accounting take in one document: 999, less those that SAP adds for taxes.
const LINES_MAX: usize = 900;

/// Currencies of ISO 4217 without decimals, as of its amendment 176.
const NO_DECIMALS: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
/// With three.
const THREE_DECIMALS: &str = "BHD IQD JOD KWD LYD OMR TND";
/// With two.
const TWO_DECIMALS: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN \
    BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP \
    GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL \
    MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR \
    RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD \
    TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG";

/// The decimals of a currency; `None` for what ISO 4217 does not know as money.
fn decimals(currency: &str) -> Option<u32> {
    let lists = [(0, NO_DECIMALS), (2, TWO_DECIMALS), (3, THREE_DECIMALS)];
    let found = lists.iter().find(|(_, list)| list.split_whitespace().any(|one| one == currency));
    found.map(|(decimals, _)| *decimals)
}

/// What is wrong with the document `number` of a change set, if anything: a sentence about the first
/// thing.
pub(super) fn problem(posting: &FiPosting, number: usize) -> Option<String> {
    let (currency, count) = (&posting.currency, posting.lines.len());
    let Some(scale) = decimals(currency) else {
        return Some(format!("FI-CUR: document {number}: currency {currency} unknown"));
    };
    if count < 2 {
        let lines = if count == 0 { "no" } else { "one" };
        return Some(format!("FI-LINES: document {number} has {lines} line; at least two needed"));
    }
    if count > LINES_MAX {
        return Some(format!(
            "FI-SIZE: document {number} has {count} lines; limit {LINES_MAX}, split by company code"
        ));
    }
    if !(1..=12).contains(&posting.period.month) {
        let month = posting.period.month;
        return Some(format!(
            "FI-PERIOD: document {number}: special period {month} is not allowed here"
        ));
    }
    let finer = |line: &&FiLine| line.amount.normalize().scale() > scale;
    if let Some(line) = posting.lines.iter().find(finer) {
        let has = if scale == 0 { "no".to_owned() } else { scale.to_string() };
        return Some(format!(
            "FI-SCALE: document {number}: {currency} has {has} decimals (got {})",
            line.amount
        ));
    }
    let sum: Decimal = posting.lines.iter().map(|line| line.amount).sum();
    if !sum.is_zero() {
        return Some(format!("FI-BALANCE: document {number} differs by {} {currency}", sum.abs()));
    }
    if posting.debit().is_zero() {
        return Some(format!("FI-ZERO: document {number}: amount is zero"));
    }
    if posting.document_type.len() != 2 {
        let of_type = &posting.document_type;
        return Some(format!("document type '{of_type}' must have two characters"));
    }
    posting.lines.iter().enumerate().find_map(|(at, line)| of_line(line, number, at + 1))
}

fn of_line(line: &FiLine, number: usize, at: usize) -> Option<String> {
    if line.value_state == ValueState::Missing {
        return Some(format!(
            "line {at}: its value is missing, and what is missing is never posted"
        ));
    }
    if line.quantity_kg.is_some_and(|kg| kg.normalize().scale() > 3) {
        return Some(format!("line {at}: kilograms have more than SAP's three decimals"));
    }
    // A character field of SAP counts in UTF-16; what lies outside its plane or prints nothing is cut.
    let odd = |text: &str| text.chars().any(|one| one.is_control() || one as u32 > 0xFFFF);
    if line.text.chars().count() > 50 || odd(&line.text) {
        return Some(format!(
            "FI-TEXT: document {number}: the text of line {at} is longer than 50 or not printable; cut \
             not allowed"
        ));
    }
    if line.evidence.chars().count() > 64 {
        return Some(format!("line {at}: its evidence key is longer than 64"));
    }
    matches!(line.scope, Some(0) | Some(4..))
        .then(|| format!("line {at}: its scope is not 1, 2 or 3"))
}
