//! What a service's live metadata lack of what Carbide was built for.

use std::collections::{BTreeMap, BTreeSet};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Most elements that are looked at: the largest service of SAP has a tenth of it.
const ELEMENTS_MAX: usize = 1_000_000;

/// Properties by entity set.
#[derive(Debug, Default)]
pub(super) struct Shape {
    sets: BTreeMap<String, BTreeSet<String>>,
    /// Whether the service says that it supports repeatable requests.
    pub repeatable: bool,
}

impl Shape {
    /// Reads an EDMX document of V2 or V4.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn of(edmx: &str) -> Result<Self, String> {
        let mut reader = Reader::from_str(edmx);
        let (mut types, mut sets) = (BTreeMap::<String, BTreeSet<String>>::new(), Vec::new());
        let (mut inside, mut repeatable) = (None, false);
        for _ in 0..ELEMENTS_MAX {
            match reader.read_event().map_err(|error| error.to_string())? {
                Event::Eof => {
                    let of_type = |kind: &String| types.get(kind).cloned().unwrap_or_default();
                    let sets = sets.iter().map(|(set, kind)| (String::clone(set), of_type(kind)));
                    return Ok(Self { sets: sets.collect(), repeatable });
                }
                Event::DocType(_) => return Err("it declares a document type".to_owned()),
                Event::Start(element) | Event::Empty(element) => {
                    match element.local_name().as_ref() {
                        "EntityType" => {
                            inside = attribute(&element, "Name");
                            types.entry(inside.clone().unwrap_or_default()).or_default();
                        }
                        "Property" => {
                            if let (Some(kind), Some(name)) = (&inside, attribute(&element, "Name"))
                            {
                                types.entry(kind.clone()).or_default().insert(name);
                            }
                        }
                        "EntitySet" => {
                            let kind = attribute(&element, "EntityType").unwrap_or_default();
                            let kind = kind.rsplit('.').next().unwrap_or_default().to_owned();
                            sets.push((attribute(&element, "Name").unwrap_or_default(), kind));
                        }
                        "Annotation" => {
                            let term = attribute(&element, "Term").unwrap_or_default();
                            repeatable |= term.starts_with("Org.OData.Repeatability.")
                                && attribute(&element, "Bool").as_deref() != Some("false");
                        }
                        _ => {}
                    }
                }
                Event::End(element) if element.local_name().as_ref() == "EntityType" => {
                    inside = None;
                }
                _ => {}
            }
        }
        Err("it has no end".to_owned())
    }

    /// `Set` or `Set.Property` of `ours` that is not here.
    pub fn lacks(&self, ours: &Self) -> Vec<String> {
        let mut lacking = Vec::new();
        for (set, properties) in &ours.sets {
            match self.sets.get(set) {
                None => lacking.push(set.clone()),
                Some(live) => {
                    lacking.extend(properties.difference(live).map(|name| format!("{set}.{name}")));
                }
            }
        }
        lacking
    }

    /// How many properties there are.
    pub fn properties(&self) -> usize {
        self.sets.values().map(BTreeSet::len).sum()
    }

    /// Carbon fields that a companion package or a key user added.
    pub fn carbon_fields(&self) -> BTreeSet<String> {
        let added = |name: &&String| {
            let upper = name.to_ascii_uppercase();
            (upper.starts_with("YY1_") || upper.starts_with("ZZ"))
                && ["CO2", "CARBON", "ACBN", "KGCO"].iter().any(|part| upper.contains(part))
        };
        self.sets.values().flatten().filter(added).cloned().collect()
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.try_get_attribute(name).ok()??;
    Some(found.value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDMX: &str = r#"<Edmx><Schema Namespace="N">
        <EntityType Name="OrderType"><Property Name="Order"/><Property Name="YY1_CO2_PLA"/></EntityType>
        <EntityContainer><EntitySet Name="A_Order" EntityType="N.OrderType">
        <Annotation Term="Org.OData.Repeatability.V1.Supported"/></EntitySet></EntityContainer>
        </Schema></Edmx>"#;

    #[test]
    fn a_missing_property_and_a_missing_set_are_named() {
        let ours = Shape::of(EDMX).unwrap();
        let without = Shape::of(&EDMX.replace(r#"<Property Name="Order"/>"#, "")).unwrap();
        let empty = Shape::of("<Edmx/>").unwrap();

        assert!(ours.lacks(&ours).is_empty());
        assert_eq!(without.lacks(&ours), ["A_Order.Order"]);
        assert_eq!(empty.lacks(&ours), ["A_Order"]);
    }

    #[test]
    fn what_a_service_says_of_itself_is_seen() {
        let shape = Shape::of(EDMX).unwrap();

        assert!(shape.repeatable);
        assert_eq!(shape.carbon_fields().into_iter().collect::<Vec<_>>(), ["YY1_CO2_PLA"]);
        assert!(Shape::of("<!DOCTYPE x [<!ENTITY a 'b'>]><Edmx/>").is_err());
    }
}
