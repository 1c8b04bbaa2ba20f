//! From XML events to [`Metadata`], within limits.

use std::collections::BTreeMap;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::{EntitySet, EntityType, Metadata, Navigation, Operation, OperationKind, Property};
use crate::sap::odata::Version;
use crate::sap::xml::{self, ATTRIBUTES_MAX, DEPTH_MAX};

/// Longest document: the largest service of SAP has a tenth of it.
const BYTES_MAX: usize = 16 << 20;

/// Most elements that are looked at.
const ELEMENTS_MAX: usize = 500_000;

/// Attributes of one element, by local name; prefixes in EDMX differ, names do not clash.
type Attributes = BTreeMap<String, String>;

pub(super) fn metadata(document: &[u8]) -> Result<Metadata, String> {
    if document.len() > BYTES_MAX {
        return Err(format!("XML-LIMIT: longer than {} MiB", BYTES_MAX >> 20));
    }
    let text = xml::decoded(document)?;
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = Reader::from_str(text);
    let (mut scan, mut open, mut elements) = (Scan::default(), Vec::<String>::new(), 0);
    loop {
        let event = reader.read_event();
        // Only looked up for a refusal: counting lines costs as much as reading them.
        let line = || {
            let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            let read = &text.as_bytes()[..at.min(text.len())];
            format!("(line {})", 1 + read.iter().filter(|byte| **byte == b'\n').count())
        };
        let event = event.map_err(|error| format!("XML-TRUNC: {error} {}", line()))?;
        let empty = matches!(event, Event::Empty(_));
        match event {
            Event::Start(start) | Event::Empty(start) => {
                elements += 1;
                if elements > ELEMENTS_MAX {
                    return Err(format!("XML-LIMIT: more than {ELEMENTS_MAX} elements {}", line()));
                }
                if open.len() >= DEPTH_MAX {
                    return Err(format!("XML-LIMIT: nesting deeper than {DEPTH_MAX} {}", line()));
                }
                let given =
                    attributes(&start).map_err(|problem| format!("{problem} {}", line()))?;
                let name = start.local_name().as_ref().to_owned();
                if open.is_empty() && (name != "Edmx" || elements > 1) {
                    return Err(format!("EDMX-ROOT: <{name}> is no metadata {}", line()));
                }
                scan.opened(&name, &given);
                if empty {
                    scan.closed(&name);
                } else {
                    open.push(name);
                }
            }
            Event::End(_) => {
                if let Some(name) = open.pop() {
                    scan.closed(&name);
                }
            }
            Event::GeneralRef(reference) => {
                xml::entity(&reference).map_err(|problem| format!("{problem} {}", line()))?;
            }
            Event::DocType(_) => {
                let text = "XML-DOCTYPE: document type declarations are not allowed";
                return Err(format!("{text} {}", line()));
            }
            Event::Eof => break,
            _ => {}
        }
    }
    match open.last() {
        Some(name) => Err(format!("XML-TRUNC: document ends inside <{name}>")),
        None if elements == 0 => Err("XML-TRUNC: there is no element".to_owned()),
        None => Ok(scan.finished()),
    }
}

fn attributes(start: &BytesStart<'_>) -> Result<Attributes, String> {
    let mut found = Attributes::new();
    for (index, attribute) in start.attributes().enumerate() {
        if index >= ATTRIBUTES_MAX {
            return Err(format!("XML-LIMIT: more than {ATTRIBUTES_MAX} attributes"));
        }
        let attribute = attribute.map_err(|error| format!("XML-ATTRIBUTE: {error}"))?;
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|error| format!("XML-ENTITY: {error}"))?;
        if !value.chars().all(xml::is_legal) {
            return Err("XML-CHAR: character reference not allowed in XML".to_owned());
        }
        found.insert(attribute.key.local_name().as_ref().to_owned(), value.into_owned());
    }
    Ok(found)
}

/// What has been read so far, and where the reader stands.
#[derive(Default)]
struct Scan {
    version: Option<Version>,
    namespace: String,
    /// Namespace by alias.
    aliases: BTreeMap<String, String>,
    entity_types: BTreeMap<String, EntityType>,
    other_types: Vec<String>,
    entity_sets: BTreeMap<String, EntitySet>,
    operations: Vec<Operation>,
    repeatable: bool,
    /// Ends of the associations of V2: full name of the association and role.
    ends: BTreeMap<(String, String), Navigation>,
    /// Navigation of V2, to be looked up in `ends`: type, name, relationship, role.
    ways: Vec<(String, String, String, String)>,
    entity_type: Option<String>,
    association: Option<String>,
    in_operation: bool,
}

impl Scan {
    fn opened(&mut self, element: &str, given: &Attributes) {
        let text = |name: &str| given.get(name).cloned().unwrap_or_default();
        match element {
            "Edmx" => {
                let four = text("Version").starts_with('4');
                self.version = Some(if four { Version::V4 } else { Version::V2 });
            }
            "Schema" => {
                self.namespace = text("Namespace");
                if let Some(alias) = given.get("Alias") {
                    self.aliases.insert(alias.clone(), self.namespace.clone());
                }
            }
            "EntityType" => {
                let name = self.full(&text("Name"));
                let base = given.get("BaseType").cloned();
                self.entity_types
                    .insert(name.clone(), EntityType { base, ..EntityType::default() });
                self.entity_type = Some(name);
            }
            "ComplexType" | "EnumType" | "TypeDefinition" => {
                self.other_types.push(self.full(&text("Name")));
            }
            "PropertyRef" => {
                if let Some(entity_type) = self.of_type() {
                    entity_type.key.push(text("Name"));
                }
            }
            "Property" => {
                if let Some(entity_type) = self.of_type() {
                    entity_type.properties.insert(text("Name"), property(given));
                }
            }
            "NavigationProperty" => self.navigation(given),
            "Association" => self.association = Some(self.full(&text("Name"))),
            "End" => {
                if let Some(association) = self.association.clone() {
                    let many = text("Multiplicity") == "*";
                    let end = Navigation { target: given.get("Type").cloned(), many };
                    self.ends.insert((association, text("Role")), end);
                }
            }
            "EntitySet" => {
                self.entity_sets.insert(text("Name"), entity_set(given));
            }
            "FunctionImport" | "Function" | "Action" => self.operation(element, given),
            "Parameter" | "ReturnType" if self.in_operation => {
                let Some(operation) = self.operations.last_mut() else { return };
                if element == "Parameter" {
                    operation.parameters.insert(text("Name"), property(given));
                } else {
                    operation.returns = given.get("Type").cloned();
                }
            }
            "Annotation" => {
                self.repeatable |= text("Term").starts_with("Org.OData.Repeatability.")
                    && given.get("Bool").is_none_or(|value| value != "false");
            }
            _ => {}
        }
    }

    fn closed(&mut self, element: &str) {
        match element {
            "EntityType" => self.entity_type = None,
            "Association" => self.association = None,
            "FunctionImport" | "Function" | "Action" => self.in_operation = false,
            _ => {}
        }
    }

    fn full(&self, name: &str) -> String {
        format!("{}.{name}", self.namespace)
    }

    fn of_type(&mut self) -> Option<&mut EntityType> {
        self.entity_types.get_mut(self.entity_type.as_ref()?)
    }

    fn navigation(&mut self, given: &Attributes) {
        let Some(entity_type) = self.entity_type.clone() else { return };
        let name = given.get("Name").cloned().unwrap_or_default();
        let way = match given.get("Type") {
            Some(target) => {
                let many = target.strip_prefix("Collection(").and_then(|t| t.strip_suffix(')'));
                let target = Some(many.unwrap_or(target).to_owned());
                Navigation { target, many: many.is_some() }
            }
            None => {
                if let (Some(to), Some(role)) = (given.get("Relationship"), given.get("ToRole")) {
                    self.ways.push((entity_type, name.clone(), to.clone(), role.clone()));
                }
                Navigation::default()
            }
        };
        if let Some(entity_type) = self.of_type() {
            entity_type.navigation.insert(name, way);
        }
    }

    fn operation(&mut self, element: &str, given: &Attributes) {
        // V4 imports name a function that stands in the schema already.
        if element == "FunctionImport" && self.version == Some(Version::V4) {
            return;
        }
        let by_post = given.get("HttpMethod").is_some_and(|method| method != "GET");
        self.operations.push(Operation {
            name: given.get("Name").cloned().unwrap_or_default(),
            kind: if element == "Action" || by_post {
                OperationKind::Action
            } else {
                OperationKind::Function
            },
            bound: is(given, "IsBound", false),
            returns: given.get("ReturnType").cloned(),
            parameters: BTreeMap::new(),
        });
        self.in_operation = true;
    }

    fn finished(mut self) -> Metadata {
        for (entity_type, name, relationship, role) in std::mem::take(&mut self.ways) {
            let mut association = relationship;
            resolve(&self.aliases, &mut association);
            let way = self.ends.get(&(association, role)).cloned();
            let entity_type = self.entity_types.get_mut(&entity_type);
            if let (Some(entity_type), Some(way)) = (entity_type, way) {
                entity_type.navigation.insert(name, way);
            }
        }
        for entity_type in self.entity_types.values_mut() {
            let aliases = &self.aliases;
            entity_type.base.iter_mut().for_each(|name| resolve(aliases, name));
            let ways = entity_type.navigation.values_mut().filter_map(|way| way.target.as_mut());
            ways.for_each(|name| resolve(aliases, name));
            let properties = entity_type.properties.values_mut();
            properties.for_each(|property| resolve(aliases, &mut property.edm_type));
        }
        for set in self.entity_sets.values_mut() {
            resolve(&self.aliases, &mut set.entity_type);
        }
        Metadata {
            version: self.version.unwrap_or(Version::V2),
            entity_types: self.entity_types,
            other_types: self.other_types.into_iter().collect(),
            entity_sets: self.entity_sets,
            operations: self.operations,
            repeatable: self.repeatable,
        }
    }
}

/// Writes the namespace for its alias, inside `Collection(..)` too.
fn resolve(aliases: &BTreeMap<String, String>, name: &mut String) {
    let start = if name.starts_with("Collection(") { "Collection(".len() } else { 0 };
    let Some(end) = name.rfind('.').filter(|end| *end >= start) else { return };
    if let Some(namespace) = aliases.get(&name[start..end]) {
        name.replace_range(start..end, namespace);
    }
}

fn property(given: &Attributes) -> Property {
    // `Max`, `variable` and `floating` are no numbers: the document leaves them open.
    let number = |name: &str| given.get(name).and_then(|text| text.parse().ok());
    Property {
        edm_type: given.get("Type").cloned().unwrap_or_default(),
        nullable: is(given, "Nullable", true),
        max_length: number("MaxLength"),
        precision: number("Precision"),
        scale: number("Scale"),
        guards_etag: given.get("ConcurrencyMode").is_some_and(|mode| mode == "Fixed"),
        creatable: is(given, "creatable", true),
        updatable: is(given, "updatable", true),
        filterable: is(given, "filterable", true),
    }
}

fn entity_set(given: &Attributes) -> EntitySet {
    EntitySet {
        entity_type: given.get("EntityType").cloned().unwrap_or_default(),
        creatable: is(given, "creatable", true),
        updatable: is(given, "updatable", true),
        deletable: is(given, "deletable", true),
        pageable: is(given, "pageable", true),
        requires_filter: is(given, "requires-filter", false),
    }
}

fn is(given: &Attributes, name: &str, otherwise: bool) -> bool {
    given.get(name).map_or(otherwise, |value| value == "true")
}
