//! The field mapping against what a service offers.

use std::collections::BTreeMap;

use crate::sap::odata::metadata::{Metadata, Property};
use crate::source::sap::field_mapping::{Kind, MappedField};

/// A name further away than this is no hint.
const SIMILAR_MIN: f64 = 0.7;

/// What does not fit: the line, whether nothing may start with it, and the sentence with its code.
#[derive(Clone, Debug, PartialEq)]
pub struct Misfit<'f> {
    /// Line of the mapping.
    pub field: &'f MappedField,
    /// Whether nothing may be read with it.
    pub refused: bool,
    /// Code and sentence.
    pub text: String,
}

/// Lines of `service` that do not fit what it offers. If `offered` is not the whole service, but the
/// part of it that Carbide reads, a property that is not in it may be there all the same.
pub fn misfits<'f>(
    fields: &'f [MappedField],
    service: &str,
    offered: &Metadata,
    whole: bool,
) -> Vec<Misfit<'f>> {
    let mut found = Vec::new();
    for field in fields.iter().filter(|field| field.service == service) {
        let mut say = |refused, text| found.push(Misfit { field, refused, text });
        let Some(properties) = offered.properties_at(&field.set) else {
            if whole {
                say(true, format!("META-MISSING: {service} does not offer {}", field.set));
            }
            continue;
        };
        for (name, kind) in [(&field.property, field.kind), (&field.unit, Kind::Text)]
            .map(|(name, kind)| (name.as_deref(), kind))
        {
            let Some(name) = name else { continue };
            match properties.get(name) {
                Some(property) => {
                    if let Some((refused, text)) = wrong_type(field, name, kind, property) {
                        say(refused, text);
                    }
                }
                None if whole || !is_own(name) => {
                    let similar = nearest(name, &properties);
                    let text = format!(
                        "META-MISSING: mapping needs {}.{name} for {}; service {service} does not \
                         offer it (similar: {similar})",
                        field.set, field.to
                    );
                    say(whole, text);
                }
                None => {}
            }
        }
    }
    found
}

/// Whether a property is one that a customer or key user added.
fn is_own(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    upper.starts_with("YY1_") || upper.starts_with('Z')
}

fn wrong_type(
    field: &MappedField,
    name: &str,
    kind: Kind,
    property: &Property,
) -> Option<(bool, String)> {
    let edm = property.edm_type.as_str();
    let number = matches!(
        edm,
        "Edm.Decimal"
            | "Edm.Double"
            | "Edm.Single"
            | "Edm.Byte"
            | "Edm.SByte"
            | "Edm.Int16"
            | "Edm.Int32"
            | "Edm.Int64"
    );
    let text = matches!(edm, "Edm.String" | "Edm.Guid");
    let (fits, by_chance) = match kind {
        Kind::Text => (text, false),
        Kind::Decimal | Kind::Whole => (number, text),
        Kind::Date => (matches!(edm, "Edm.Date" | "Edm.DateTime"), text),
        Kind::Time => (matches!(edm, "Edm.Time" | "Edm.TimeOfDay"), text),
        Kind::Instant => (matches!(edm, "Edm.DateTimeOffset" | "Edm.DateTime"), text),
        Kind::Flag => (matches!(edm, "Edm.Boolean" | "Edm.String"), false),
    };
    if fits {
        return None;
    }
    let kind = format!("{kind:?}").to_lowercase();
    let text = format!("MAP-TYPE: {} is a {kind} and {}.{name} is {edm}", field.to, field.set);
    Some(if by_chance {
        (false, format!("{text}; rows whose text is none are set aside"))
    } else {
        (true, text)
    })
}

fn nearest(wanted: &str, known: &BTreeMap<&str, &Property>) -> String {
    let nearest = known
        .keys()
        .map(|name| (strsim::normalized_damerau_levenshtein(wanted, name), *name))
        .filter(|(likeness, _)| *likeness >= SIMILAR_MIN)
        .max_by(|one, other| one.0.total_cmp(&other.0));
    nearest.map_or("none", |(_, name)| name).to_owned()
}
