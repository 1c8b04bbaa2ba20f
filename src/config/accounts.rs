//! `mappings/accounts.toml`: how a company code posts carbon.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;
use toml::Spanned;

use super::file::{self, ConfigError};
use crate::id::{CompanyCode, CostCenter, GlAccount};

/// How a posting reaches FI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PostingMode {
    /// A balanced money document at an internal carbon price.
    Valued,
}

/// The rules of every company code.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AccountMapping {
    /// In the order of the file.
    pub postings: Vec<PostingRule>,
    /// The file.
    path: PathBuf,
}

/// How one company code posts carbon, and who approved it.
#[derive(Clone, Debug, PartialEq)]
pub struct PostingRule {
    /// BUKRS.
    pub company_code: CompanyCode,
    /// How.
    pub mode: PostingMode,
    /// BLART: one of our own, so that our documents can be found and our rights stay small.
    pub document_type: String,
    /// Carbon cost, debited by cost center.
    pub debit: GlAccount,
    /// Internal carbon fund, credited.
    pub credit: GlAccount,
    /// Price of one tonne CO₂e.
    pub price_per_tonne: Decimal,
    /// Its currency.
    pub currency: String,
    /// First day of validity.
    pub valid_from: Date,
    /// Last day of validity.
    pub valid_to: Date,
    /// Who decided.
    pub approved_by: String,
    /// Statistical key figures that are posted beside FI, if any.
    pub key_figures: Option<KeyFigureRule>,
    /// Line and column of the company code.
    place: (usize, usize),
}

/// Which statistical key figures of cost accounting get the emissions. Those of a scope without a key
/// figure are not posted there.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFigureRule {
    /// KOKRS.
    pub controlling_area: String,
    /// STAGR of direct emissions, of unit KG.
    #[serde(default)]
    pub scope_1: Option<String>,
    /// STAGR of purchased energy.
    #[serde(default)]
    pub scope_2: Option<String>,
    /// STAGR of the value chain.
    #[serde(default)]
    pub scope_3: Option<String>,
    /// The cost center that gets all of it; without one, each that FI debits.
    #[serde(default)]
    pub cost_center: Option<CostCenter>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    posting: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    company_code: Spanned<CompanyCode>,
    mode: PostingMode,
    document_type: String,
    debit: GlAccount,
    credit: GlAccount,
    price: Spanned<Price>,
    valid: Spanned<Valid>,
    approved_by: String,
    #[serde(default)]
    key_figures: Option<KeyFigureRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Price {
    amount: Decimal,
    currency: String,
    per: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Valid {
    from: Date,
    to: Date,
}

/// Loads the mapping.
///
/// # Errors
///
/// [`ConfigError`] with the place of an unknown key, a missing validity, or a price that is not
/// per `t CO2e`.
pub fn load(path: &Path) -> Result<AccountMapping, ConfigError> {
    let text = file::read(path)?;
    let document: Document = file::parse(path, &text)?;
    let mut postings = Vec::new();
    for row in document.posting {
        let (price_at, valid_at) = (row.price.span().start, row.valid.span().start);
        let (price, valid) = (row.price.into_inner(), row.valid.into_inner());
        let wrong = |offset, reason| Err(file::at(path, &text, offset, reason));
        if price.per != "t CO2e" {
            let reason = format!("the price is per '{}'; it must be per 't CO2e'", price.per);
            return wrong(price_at, reason);
        }
        if price.amount.is_sign_negative() {
            return wrong(price_at, "a carbon price is not negative".to_owned());
        }
        if valid.to < valid.from {
            return wrong(valid_at, "the rule ends before it begins".to_owned());
        }
        postings.push(PostingRule {
            place: file::line_and_column(&text, row.company_code.span().start),
            company_code: row.company_code.into_inner(),
            mode: row.mode,
            document_type: row.document_type,
            debit: row.debit,
            credit: row.credit,
            price_per_tonne: price.amount,
            currency: price.currency,
            valid_from: valid.from,
            valid_to: valid.to,
            approved_by: row.approved_by,
            key_figures: row.key_figures,
        });
    }
    Ok(AccountMapping { postings, path: path.to_owned() })
}

impl AccountMapping {
    /// Every company code, once, in the order of the file.
    pub fn company_codes(&self) -> Vec<&CompanyCode> {
        let mut codes = Vec::new();
        for PostingRule { company_code, .. } in &self.postings {
            if !codes.contains(&company_code) {
                codes.push(company_code);
            }
        }
        codes
    }

    /// An error at the first rule of a company code.
    pub fn at_company_code(&self, code: &CompanyCode, reason: String) -> ConfigError {
        let rule = self.postings.iter().find(|rule| rule.company_code == *code);
        let (line, column) = rule.map_or((1, 1), |rule| rule.place);
        ConfigError::Place { path: self.path.clone(), line, column, reason }
    }

    /// The rule of a company code on a posting day.
    pub fn rule(&self, company_code: &CompanyCode, day: Date) -> Option<&PostingRule> {
        self.postings.iter().find(|rule| {
            rule.company_code == *company_code && rule.valid_from <= day && day <= rule.valid_to
        })
    }
}
