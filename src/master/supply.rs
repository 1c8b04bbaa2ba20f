//! Who supplies what: suppliers (table LFA1) and source lists (table EORD).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::id::{MaterialNumber, SupplierNumber};

/// A supplier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supplier {
    /// LIFNR.
    pub number: SupplierNumber,
    /// Name.
    pub name: String,
    /// Whether purchasing from it is stopped.
    pub blocked: bool,
}

/// A supplier that a plant may, or must, buy a material from in a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceListEntry {
    /// What.
    pub material: MaterialNumber,
    /// From whom; none if another plant supplies.
    pub supplier: Option<SupplierNumber>,
    /// First day.
    pub valid_from: Date,
    /// Last day.
    pub valid_to: Date,
    /// Whether it is the one to buy from.
    pub fixed: bool,
    /// Whether buying from it is stopped.
    pub blocked: bool,
}
