//! What changes from one version of the factor database to the next.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::gas::GwpSet;
use super::package::{Package, PackageRow};

/// A row that is not the same in both versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference<'a> {
    /// Only the newer one has it.
    Added(&'a PackageRow),
    /// Only the older one has it.
    Withdrawn(&'a PackageRow),
    /// Both have it.
    Changed {
        /// Row of the older version.
        before: &'a PackageRow,
        /// Row of the newer one.
        after: &'a PackageRow,
        /// Names of the fields that differ.
        fields: Vec<&'static str>,
        /// Change of the value in percent, where both have one.
        percent: Option<Decimal>,
    },
}

impl Difference<'_> {
    /// Key of the row.
    pub fn id(&self) -> &str {
        match self {
            Self::Added(row) | Self::Withdrawn(row) | Self::Changed { after: row, .. } => &row.id,
        }
    }
}

/// The differences from `before` to `after`, by key of the row. Values are compared under `set`, so
/// that a change of a potential shows as a change of every factor that it moves.
pub fn differences<'a>(
    before: &'a Package,
    after: &'a Package,
    set: GwpSet,
) -> Vec<Difference<'a>> {
    let (old, new) = (by_id(before), by_id(after));
    let ids: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
    ids.into_iter()
        .filter_map(|id| match (old.get(id).copied(), new.get(id).copied()) {
            (None, Some(row)) => Some(Difference::Added(row)),
            (Some(row), None) => Some(Difference::Withdrawn(row)),
            (Some(earlier), Some(later)) => {
                let values = (earlier.value(&before.gwp, set), later.value(&after.gwp, set));
                let values = (values.0.ok(), values.1.ok());
                let mut fields = changed_fields(earlier, later);
                if values.0 != values.1 {
                    fields.insert(0, "value");
                }
                let percent = match values {
                    (Some(old), Some(new)) if !old.is_zero() => {
                        Some(((new - old) / old * Decimal::ONE_HUNDRED).round_dp(2))
                    }
                    _ => None,
                };
                (!fields.is_empty()).then_some(Difference::Changed {
                    before: earlier,
                    after: later,
                    fields,
                    percent,
                })
            }
            (None, None) => None,
        })
        .collect()
}

fn by_id(package: &Package) -> BTreeMap<&str, &PackageRow> {
    package.rows.iter().map(|row| (row.id.as_str(), row)).collect()
}

fn changed_fields(before: &PackageRow, after: &PackageRow) -> Vec<&'static str> {
    let checks = [
        ("variant", before.variant != after.variant),
        ("unit", before.unit != after.unit || before.per != after.per),
        ("gases", before.gases != after.gases),
        ("gwp_set", before.gwp_set != after.gwp_set),
        ("scope", before.scope != after.scope || before.iso_14064 != after.iso_14064),
        ("region", before.region != after.region),
        ("book", before.book != after.book),
        ("validity", (before.valid_from, before.valid_to) != (after.valid_from, after.valid_to)),
        ("source", before.source != after.source || before.source_year != after.source_year),
        ("published", before.published != after.published),
        ("uncertainty", before.uncertainty_percent != after.uncertainty_percent),
        ("data_quality", before.data_quality != after.data_quality),
        ("confidence", before.confidence != after.confidence),
    ];
    checks.into_iter().filter_map(|(name, differs)| differs.then_some(name)).collect()
}
