//! Where a live service differs from what Carbide was built for.

use super::{Metadata, Property};

/// A name further away than this is no hint.
const SIMILAR_MIN: f64 = 0.75;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// A set or a property that Carbide reads is not there.
    Missing {
        /// `Set` or `Set.Property`.
        what: String,
        /// The nearest name that is there.
        similar: Option<String>,
    },
    /// A property of a type that rows are not read as.
    Unsupported {
        /// `Set.Property`.
        what: String,
        /// Its type.
        edm_type: String,
        /// Whether Carbide reads it.
        mapped: bool,
    },
    /// A property has another type or length.
    Changed {
        /// `Set.Property`.
        what: String,
        /// What Carbide was built for.
        ours: String,
        /// What the service says.
        live: String,
    },
}

impl Difference {
    /// Whether Carbide cannot work with it.
    pub fn refuses_start(&self) -> bool {
        match self {
            Self::Missing { .. } => true,
            Self::Unsupported { mapped, .. } => *mapped,
            Self::Changed { .. } => false,
        }
    }

    /// The sentence for people, with its code. `service` is its technical name.
    pub fn said_of(&self, service: &str) -> String {
        match self {
            Self::Missing { what, similar } => {
                let similar = similar.as_deref().unwrap_or("none");
                format!(
                    "META-MISSING: mapping needs {what}; service {service} does not offer it \
                     (similar: {similar})"
                )
            }
            Self::Unsupported { what, edm_type, mapped: false } => {
                format!("META-TYPE: {what}: type {edm_type} not supported; property skipped")
            }
            Self::Unsupported { what, edm_type, mapped: true } => {
                format!(
                    "META-TYPE: {what}: type {edm_type} not supported, and the mapping needs it"
                )
            }
            Self::Changed { what, ours, live } => {
                format!("META-CHANGED: {what} is {live} in {service}; Carbide was built for {ours}")
            }
        }
    }
}

impl Metadata {
    /// Where `live` differs from these metadata, which name what is needed and nothing else.
    pub fn compare(&self, live: &Self) -> Vec<Difference> {
        let mut differences = Vec::new();
        for set in self.entity_sets.keys() {
            let needed = self.properties_of(set).unwrap_or_default();
            let Some(offered) = live.properties_of(set) else {
                let similar = nearest(set, live.entity_sets.keys().map(String::as_str));
                differences.push(Difference::Missing { what: set.clone(), similar });
                continue;
            };
            for (name, ours) in &needed {
                let what = format!("{set}.{name}");
                match offered.get(name) {
                    None => {
                        let similar = nearest(name, offered.keys().copied());
                        differences.push(Difference::Missing { what, similar });
                    }
                    // Said below.
                    Some(theirs) if !live.reads(&theirs.edm_type) => {}
                    Some(theirs) if differs(ours, theirs) => {
                        let (ours, live) = (shape(ours), shape(theirs));
                        differences.push(Difference::Changed { what, ours, live });
                    }
                    Some(_) => {}
                }
            }
            for (name, theirs) in offered {
                if !live.reads(&theirs.edm_type) {
                    differences.push(Difference::Unsupported {
                        what: format!("{set}.{name}"),
                        edm_type: theirs.edm_type.clone(),
                        mapped: needed.contains_key(name),
                    });
                }
            }
        }
        differences
    }
}

/// Whether values of one do not always fit the other. A precision that one side leaves open fits.
fn differs(ours: &Property, theirs: &Property) -> bool {
    let apart = |one: Option<u32>, other: Option<u32>| {
        one.zip(other).is_some_and(|(one, other)| one != other)
    };
    ours.edm_type != theirs.edm_type
        || apart(ours.max_length, theirs.max_length)
        || (ours.edm_type == "Edm.Decimal"
            && (apart(ours.precision, theirs.precision) || apart(ours.scale, theirs.scale)))
}

/// `Edm.String(40)`, `Edm.Decimal(13,3)`.
fn shape(property: &Property) -> String {
    let Property { edm_type, max_length, precision, scale, .. } = property;
    match (max_length, precision, scale) {
        (Some(length), _, _) => format!("{edm_type}({length})"),
        (None, Some(digits), Some(decimals)) => format!("{edm_type}({digits},{decimals})"),
        _ => edm_type.clone(),
    }
}

fn nearest<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    known
        .map(|name| (strsim::normalized_damerau_levenshtein(wanted, name), name))
        .filter(|(likeness, _)| *likeness >= SIMILAR_MIN)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, name)| name.to_owned())
}
