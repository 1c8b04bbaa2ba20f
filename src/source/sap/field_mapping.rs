//! Which property of SAP gives which field of Carbide.
//!
//! The standard ships: a file a service, a line a field. A consultant changes a copy of it, where the
//! plant keeps a value in a field of its own (`Z...`, `YY1_...`), or not at all. What stands in for a
//! value that SAP does not have is known as a default, and stays known as one up to the posting.

mod form;

mod judge;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use rust_decimal::Decimal;

pub use form::{FieldFile, FieldLine, Kind, UnitFile, UnitLine};

use crate::sap::odata::Names;
use crate::unit::Uom;

/// Names and texts of the files that ship.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        /// Files of the standard, by name.
        pub const STANDARD_FILES: &[(&str, &str)] = &[$((
            concat!($name, ".toml"),
            include_str!(concat!("../../../mappings/fields/", $name, ".toml")),
        )),*];
    };
}

files![
    "api_bill_of_material_srv",
    "api_business_partner",
    "api_inforecord_process_srv",
    "api_material_document_srv",
    "api_material_stock_srv",
    "api_outbound_delivery_srv",
    "api_planned_orders",
    "api_plnd_indep_rqmt_srv",
    "api_process_order_2_srv",
    "api_prod_order_confirmation_2_srv",
    "api_product_srv",
    "api_production_order_2_srv",
    "api_production_routing",
    "api_production_version",
    "api_purchaseorder_process_srv",
    "api_purchasing_source_srv",
    "api_sales_order_srv",
    "api_work_center",
];

/// Units of the system, by code: so many of a known unit.
pub type OwnUnits = BTreeMap<String, (Uom, Decimal)>;

/// The files of the standard.
static STANDARD: LazyLock<Vec<FieldFile>> = LazyLock::new(|| {
    let parsed = STANDARD_FILES.iter().map(|(name, text)| {
        toml::from_str(text).unwrap_or_else(|error| panic!("the shipped {name}: {error}"))
    });
    parsed.collect()
});

/// A mapped field, for those who compare it with a service.
#[derive(Clone, Debug, PartialEq)]
pub struct MappedField {
    /// Technical name of the service.
    pub service: String,
    /// Entity set, with `/_Navigation` for rows that are expanded.
    pub set: String,
    /// Field of SAP's table.
    pub table_field: String,
    /// Field of Carbide.
    pub to: String,
    /// Property that has it.
    pub property: Option<String>,
    /// Property that has its unit.
    pub unit: Option<String>,
    /// What it is.
    pub kind: Kind,
    /// What stands in.
    pub default: Option<String>,
    /// Whether the line says something else than the standard.
    pub own: bool,
    /// Byte of the file at which the line stands.
    pub offset: usize,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// Which of the files.
    pub file: usize,
    /// Byte of the file.
    pub offset: usize,
    /// Whether nothing may start with it; else it is only worth a look.
    pub refused: bool,
    /// Code and sentence.
    pub text: String,
}

/// The mapping in force.
#[derive(Clone, Debug, Default)]
pub struct FieldMapping {
    names: BTreeMap<String, Arc<Names>>,
    /// Every field that is read, by service and set.
    pub fields: Vec<MappedField>,
}

impl FieldMapping {
    /// The mapping that ships.
    pub fn standard() -> Self {
        Self::of(&[], &OwnUnits::new()).0
    }

    /// The standard, with `files` in the place of its files of the same services, and what is wrong
    /// with them.
    pub fn of(files: &[FieldFile], units: &OwnUnits) -> (Self, Vec<FieldProblem>) {
        judge::mapping(&STANDARD, files, units)
    }

    /// The names of a set, if they are not those of the standard.
    pub fn names(&self, set: &str) -> Option<&Arc<Names>> {
        self.names.get(set)
    }
}

/// Every entity set of the standard, with the standard names of its fixed properties.
pub fn standard_sets() -> BTreeMap<String, (Vec<String>, Vec<String>)> {
    let mut sets = BTreeMap::new();
    for (set, lines) in STANDARD.iter().flat_map(|file| &file.set) {
        let (mut all, mut fixed) = (Vec::new(), Vec::new());
        for line in lines.values().map(toml::Spanned::get_ref) {
            let from = line.from.iter().cloned();
            fixed.extend(from.clone().filter(|_| line.fixed));
            all.extend(from.chain(line.unit.iter().cloned()));
        }
        sets.insert(set.clone(), (all, fixed));
    }
    sets
}

/// Units out of their file, and what is wrong with them.
pub fn own_units(file: &UnitFile) -> (OwnUnits, Vec<FieldProblem>) {
    let (mut units, mut problems) = (OwnUnits::new(), Vec::new());
    for (code, line) in &file.unit {
        let UnitLine { of, numerator, denominator } = line.get_ref();
        let mut refuse = |text: String| {
            problems.push(FieldProblem { file: 0, offset: line.span().start, refused: true, text });
        };
        if let Ok(known) = Uom::from_code(code) {
            refuse(format!("MAP-UNIT: {code} is {known} already and cannot be another unit"));
        } else if *numerator <= Decimal::ZERO || *denominator <= Decimal::ZERO {
            refuse(format!("MAP-UNIT: {code}: numerator and denominator must be positive"));
        } else {
            units.insert(code.clone(), (*of, *numerator / *denominator));
        }
    }
    (units, problems)
}
