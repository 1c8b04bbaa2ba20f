//! What a service says of itself: `$metadata` (EDMX) of OData V2 and V4.
//!
//! Kept is what a reader or writer of rows needs: sets, types, keys, properties, navigation,
//! operations, what may be done. Labels and texts are not.

mod compare;

mod read;

use std::collections::{BTreeMap, BTreeSet};

pub use compare::Difference;

use super::Version;

/// Types of a base type of a base type; a real service has one.
const BASE_TYPES_MAX: usize = 16;

/// Primitive types that rows are read as.
const READABLE: [&str; 17] = [
    "Edm.Binary",
    "Edm.Boolean",
    "Edm.Byte",
    "Edm.Date",
    "Edm.DateTime",
    "Edm.DateTimeOffset",
    "Edm.Decimal",
    "Edm.Double",
    "Edm.Guid",
    "Edm.Int16",
    "Edm.Int32",
    "Edm.Int64",
    "Edm.SByte",
    "Edm.Single",
    "Edm.String",
    "Edm.Time",
    "Edm.TimeOfDay",
];

/// The metadata of a service. Type names carry their namespace, never an alias.
#[derive(Clone, Debug, PartialEq)]
pub struct Metadata {
    /// OData version, by the version of the document.
    pub version: Version,
    /// Entity types by full name.
    pub entity_types: BTreeMap<String, EntityType>,
    /// Full names of complex types, enumerations and type definitions.
    pub other_types: BTreeSet<String>,
    /// Entity sets by name.
    pub entity_sets: BTreeMap<String, EntitySet>,
    /// Function imports of V2, actions and functions of V4.
    pub operations: Vec<Operation>,
    /// Whether the service says that it answers a repeated write instead of doing it again.
    pub repeatable: bool,
}

/// A type of entities.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EntityType {
    /// Full name of the type that this one adds to.
    pub base: Option<String>,
    /// Names of the key properties, in order.
    pub key: Vec<String>,
    /// Properties by name.
    pub properties: BTreeMap<String, Property>,
    /// Ways to other entities, by name.
    pub navigation: BTreeMap<String, Navigation>,
}

/// A property, or a parameter of an operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// `Edm.String`, `Collection(N.T)`.
    pub edm_type: String,
    /// Whether it may be null.
    pub nullable: bool,
    /// Most characters or bytes; none is unlimited.
    pub max_length: Option<u32>,
    /// Digits of a decimal, digits of a second of a time.
    pub precision: Option<u32>,
    /// Decimals of a decimal; none where the document leaves it open.
    pub scale: Option<u32>,
    /// Whether its change changes the ETag (V2: `ConcurrencyMode="Fixed"`).
    pub guards_etag: bool,
    /// Whether a new entity may give it a value.
    pub creatable: bool,
    /// Whether a change may give it a value.
    pub updatable: bool,
    /// Whether it may stand in `$filter`.
    pub filterable: bool,
}

/// A way to other entities.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Navigation {
    /// Full name of the type at the other end; none if the document does not say.
    pub target: Option<String>,
    /// Whether many entities may stand there.
    pub many: bool,
}

/// A set of entities.
#[derive(Clone, Debug, PartialEq)]
pub struct EntitySet {
    /// Full name of the type of its entities.
    pub entity_type: String,
    /// `sap:creatable`.
    pub creatable: bool,
    /// `sap:updatable`.
    pub updatable: bool,
    /// `sap:deletable`.
    pub deletable: bool,
    /// `sap:pageable`.
    pub pageable: bool,
    /// `sap:requires-filter`: reading it without a filter is refused.
    pub requires_filter: bool,
}

/// Something that can be called.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: OperationKind,
    /// Whether it is called on an entity.
    pub bound: bool,
    /// Type of what it returns.
    pub returns: Option<String>,
    /// Parameters by name.
    pub parameters: BTreeMap<String, Property>,
}

/// How an operation is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    /// By GET: it changes nothing.
    Function,
    /// By POST.
    Action,
}

impl Metadata {
    /// Reads `$metadata`.
    ///
    /// # Errors
    ///
    /// What is wrong and where, with its code: `XML-*`, or `EDMX-ROOT` for a document that is no
    /// metadata.
    pub fn parse(document: &[u8]) -> Result<Self, String> {
        read::metadata(document)
    }

    /// The properties of a set, those of base types too; none if there is no such set.
    pub fn properties_of(&self, set: &str) -> Option<BTreeMap<&str, &Property>> {
        Some(self.properties_of_type(&self.entity_sets.get(set)?.entity_type))
    }

    /// The properties of the rows at `Set`, or behind a navigation of it, at `Set/_Navigation`.
    pub fn properties_at(&self, place: &str) -> Option<BTreeMap<&str, &Property>> {
        let Some((set, way)) = place.split_once('/') else { return self.properties_of(place) };
        let of_set = self.entity_types.get(&self.entity_sets.get(set)?.entity_type)?;
        Some(self.properties_of_type(of_set.navigation.get(way)?.target.as_deref()?))
    }

    fn properties_of_type(&self, name: &str) -> BTreeMap<&str, &Property> {
        let mut next = Some(name);
        let mut properties = BTreeMap::new();
        // A type that is its own base ends here too.
        for _ in 0..BASE_TYPES_MAX {
            let Some(entity_type) = next.and_then(|name| self.entity_types.get(name)) else {
                break;
            };
            for (name, property) in &entity_type.properties {
                properties.entry(name.as_str()).or_insert(property);
            }
            next = entity_type.base.as_deref();
        }
        properties
    }

    /// How many properties the sets have.
    pub fn property_count(&self) -> usize {
        self.entity_sets.keys().filter_map(|set| self.properties_of(set)).map(|all| all.len()).sum()
    }

    /// Carbon fields that a companion package or a key user added.
    pub fn carbon_fields(&self) -> BTreeSet<String> {
        let added = |name: &&str| {
            let upper = name.to_ascii_uppercase();
            (upper.starts_with("YY1_") || upper.starts_with("ZZ"))
                && ["CO2", "CARBON", "ACBN", "KGCO"].iter().any(|part| upper.contains(part))
        };
        let sets = self.entity_sets.keys().filter_map(|set| self.properties_of(set));
        sets.flat_map(BTreeMap::into_keys).filter(added).map(str::to_owned).collect()
    }

    /// Whether rows can be read with a property of this type.
    fn reads(&self, edm_type: &str) -> bool {
        let one = edm_type.strip_prefix("Collection(").and_then(|rest| rest.strip_suffix(')'));
        let one = one.unwrap_or(edm_type);
        READABLE.contains(&one)
            || self.other_types.contains(one)
            || self.entity_types.contains_key(one)
    }
}
