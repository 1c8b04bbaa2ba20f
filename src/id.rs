//! Keys of SAP objects. Leading zeros are settled once, here.
//!
//! SAP stores a numeric key padded with zeros and shows it without (conversion exit ALPHA); which
//! form a service sends depends on the service. We keep the short form, compare it, and pad only
//! what is sent to an interface that wants the stored form.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is no {what}: {reason}")]
pub struct InvalidId {
    /// Text as it was given.
    pub text: String,
    /// Kind of key that was expected.
    pub what: &'static str,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// The ALPHA conversion: digits lose their leading zeros, anything else stays as it is.
fn without_leading_zeros(text: &str) -> &str {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        let short = text.trim_start_matches('0');
        if short.is_empty() { &text[text.len() - 1..] } else { short }
    } else {
        text
    }
}

fn checked(text: &str, what: &'static str, len_max: usize) -> Result<String, InvalidId> {
    let invalid = |reason| InvalidId { text: text.to_owned(), what, reason };
    let trimmed = text.trim_end();
    if trimmed.is_empty() {
        return Err(invalid("it is empty"));
    }
    if trimmed.chars().any(char::is_control) {
        return Err(invalid("it contains a control character"));
    }
    if trimmed.chars().count() > len_max {
        return Err(invalid("it is longer than the SAP field"));
    }
    Ok(trimmed.to_owned())
}

macro_rules! sap_keys {
    ($($(#[$doc:meta])* $name:ident, $what:literal, $len:literal, alpha $alpha:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Length of the SAP field.
            pub const LEN_MAX: usize = $len;

            /// The key without leading zeros.
            ///
            /// # Errors
            ///
            /// [`InvalidId`] if it is empty, too long, or contains control characters.
            pub fn new(text: &str) -> Result<Self, InvalidId> {
                let text = checked(text, $what, $len)?;
                let short = if $alpha { without_leading_zeros(&text) } else { &text };
                Ok(Self(short.to_owned()))
            }

            /// The key as people see it.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The key as SAP stores it: a numeric one padded with zeros to the field's length.
            pub fn padded(&self) -> String {
                if $alpha && self.0.bytes().all(|b| b.is_ascii_digit()) {
                    format!("{:0>width$}", self.0, width = $len)
                } else {
                    self.0.clone()
                }
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }
        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::new(&text)
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )*};
}

sap_keys! {
    /// Material, SAP field MATNR. Forty characters since S/4HANA.
    MaterialNumber, "material number", 40, alpha true;
    /// Plant, WERKS.
    PlantCode, "plant", 4, alpha false;
    /// Company code, BUKRS.
    CompanyCode, "company code", 4, alpha false;
    /// Work center, ARBPL.
    WorkCenterCode, "work center", 8, alpha true;
    /// Internal number of a work center, OBJID: what routings refer to.
    WorkCenterInternalId, "work center object id", 8, alpha true;
    /// Cost center, KOSTL.
    CostCenter, "cost center", 10, alpha true;
    /// General ledger account, SAKNR.
    GlAccount, "G/L account", 10, alpha true;
    /// Production version, VERID. Its leading zeros are part of it.
    ProductionVersionCode, "production version", 4, alpha false;
    /// Task list group, PLNNR.
    RoutingGroup, "routing group", 8, alpha true;
    /// Planned order, PLNUM.
    PlannedOrderNumber, "planned order", 10, alpha true;
    /// Production or process order, AUFNR.
    ProductionOrderNumber, "production order", 12, alpha true;
    /// Sales order, VBELN.
    SalesOrderNumber, "sales order", 10, alpha true;
    /// Item of a sales order, POSNR.
    SalesOrderItem, "sales order item", 6, alpha true;
    /// Supplier, LIFNR.
    SupplierNumber, "supplier", 10, alpha true;
    /// Accounting document within company code and fiscal year, BELNR.
    FiDocumentNumber, "accounting document", 10, alpha true;
    /// Meter, as the energy management system names it.
    MeterId, "meter", 64, alpha false;
}

/// An accounting document: its number means nothing without company code and year.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FiDocument {
    /// BELNR.
    pub number: FiDocumentNumber,
    /// BUKRS.
    pub company_code: CompanyCode,
    /// GJAHR.
    pub fiscal_year: i16,
}

impl fmt::Display for FiDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.number.padded(), self.company_code, self.fiscal_year)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numeric_keys_are_one_key_with_and_without_leading_zeros() {
        let stored = MaterialNumber::new("000000000000000042").unwrap();
        let shown = MaterialNumber::new("42").unwrap();

        assert_eq!(stored, shown);
        assert_eq!(PlannedOrderNumber::new("63").unwrap().padded(), "0000000063");
    }

    #[test]
    fn a_key_with_letters_keeps_its_zeros() {
        assert_eq!(MaterialNumber::new("00A1").unwrap().as_str(), "00A1");
        assert_eq!(ProductionVersionCode::new("0001").unwrap().as_str(), "0001");
    }

    #[test]
    fn an_empty_key_is_refused() {
        let refused = PlantCode::new("  ").unwrap_err();

        assert_eq!(refused.to_string(), "'  ' is no plant: it is empty");
    }
}
