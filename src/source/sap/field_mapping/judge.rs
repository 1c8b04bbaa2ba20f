//! Lines against the standard: which names they make, and what is wrong with them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use toml::Spanned;

use super::form::{FieldFile, FieldLine, Kind};
use super::{FieldMapping, FieldProblem, MappedField, OwnUnits};
use crate::sap::odata::{Names, Origin};
use crate::unit::{Dimension, Uom};

/// A name further away than this is no hint.
const SIMILAR_MIN: f64 = 0.7;

/// Fields that are masses, whatever the property beside them says.
const MASSES: [&str; 2] = ["material.net_weight", "delivery_item.gross_weight"];

/// Lines of one set, by field of SAP's table.
type Lines = BTreeMap<String, Spanned<FieldLine>>;

pub(super) fn mapping(
    standard: &[FieldFile],
    files: &[FieldFile],
    units: &OwnUnits,
) -> (FieldMapping, Vec<FieldProblem>) {
    let mut judge = Judge { units: Arc::new(units.clone()), ..Judge::default() };
    for (index, file) in files.iter().enumerate() {
        judge.file = index;
        judge.known_places(standard, file, &files[..index]);
    }
    for ours in standard {
        let service = ours.service.get_ref();
        let theirs = files.iter().position(|file| file.service.get_ref() == service);
        judge.file = theirs.unwrap_or_default();
        for (set, lines) in &ours.set {
            let changed = theirs.and_then(|index| files[index].set.get(set));
            if changed.is_none()
                && let Some(index) = theirs
            {
                let at = files[index].service.span().start;
                let text = format!(
                    "MAP-UNMAPPED: {service} has no section [set.\"{set}\"]; copy it from the standard"
                );
                judge.say(at, true, text);
            }
            judge.set(service, set, lines, changed);
        }
    }
    (FieldMapping { names: judge.names(), fields: judge.fields }, judge.problems)
}

#[derive(Default)]
struct Judge {
    units: Arc<OwnUnits>,
    file: usize,
    origins: BTreeMap<String, BTreeMap<String, Origin>>,
    fields: Vec<MappedField>,
    problems: Vec<FieldProblem>,
}

impl Judge {
    fn say(&mut self, offset: usize, refused: bool, text: String) {
        self.problems.push(FieldProblem { file: self.file, offset, refused, text });
    }

    /// Services and sets that nobody reads.
    fn known_places(&mut self, standard: &[FieldFile], file: &FieldFile, before: &[FieldFile]) {
        let (service, at) = (file.service.get_ref(), file.service.span().start);
        let Some(ours) = standard.iter().find(|ours| ours.service.get_ref() == service) else {
            let known = standard.iter().map(|ours| ours.service.get_ref().as_str());
            let text = format!("MAP-SERVICE: {service} is not read{}", hint(service, known));
            return self.say(at, true, text);
        };
        if before.iter().any(|earlier| earlier.service.get_ref() == service) {
            self.say(at, true, format!("MAP-TWICE: {service} has another file already"));
        }
        for (set, lines) in &file.set {
            if !ours.set.contains_key(set) {
                let at = lines.values().next().map_or(at, |line| line.span().start);
                let text = format!(
                    "MAP-SET: {set} of {service} is not read{}",
                    hint(set, ours.set.keys().map(String::as_str))
                );
                self.say(at, true, text);
            }
        }
    }

    /// One set: each field of the standard gets its line.
    fn set(&mut self, service: &str, set: &str, standard: &Lines, changed: Option<&Lines>) {
        let ours: BTreeMap<&str, &FieldLine> =
            standard.values().map(|line| (line.get_ref().to.as_str(), line.get_ref())).collect();
        let mut theirs: BTreeMap<&str, (&String, &Spanned<FieldLine>)> = BTreeMap::new();
        for (table_field, line) in changed.unwrap_or(standard) {
            let to = line.get_ref().to.as_str();
            if !ours.contains_key(to) {
                let text =
                    format!("MAP-FIELD: {set} has no field {to}{}", hint(to, ours.keys().copied()));
                self.say(line.span().start, true, text);
            } else if let Some((other, _)) = theirs.insert(to, (table_field, line)) {
                let text = format!("MAP-TWICE: {to} is given by {other} and by {table_field}");
                self.say(line.span().start, true, text);
            }
        }
        let mut units: BTreeMap<&str, (&str, Option<Origin>)> = BTreeMap::new();
        let section =
            changed.and_then(|lines| lines.values().next()).map_or(0, |line| line.span().start);
        for (to, ours) in &ours {
            let (Some(from), kind) = (ours.from.as_deref(), ours.kind()) else { continue };
            let Some((table_field, spanned)) = theirs.get(to) else {
                let needed = ours.fixed || !matches!(kind, Kind::Text | Kind::Flag);
                let text = format!("MAP-UNMAPPED: {set}: no line gives {to}; it is read as empty");
                self.say(section, needed, text);
                self.origin(set, from, origin(to, None, None, kind));
                continue;
            };
            let (line, at) = (spanned.get_ref(), spanned.span().start);
            let own = changed.is_some()
                && (line.from != ours.from || line.unit != ours.unit || line.default.is_some());
            if ours.fixed && own {
                let text = format!(
                    "MAP-FIXED: {to} is {from}: keys, filters or changes hang on it; it cannot be \
                     mapped otherwise"
                );
                self.say(at, true, text);
                continue;
            }
            self.value(to, line, kind, at);
            if line.from != ours.from || line.default.is_some() {
                let made = origin(to, line.from.clone(), line.default.clone(), kind);
                self.origin(set, from, made);
            }
            if let Some(unit) = &ours.unit {
                let made = self.unit(to, from, line, unit, at);
                match units.get(unit.as_str()) {
                    Some((other, known)) if *known != made => {
                        let text = format!(
                            "MAP-UNIT: {to} and {other} have one unit, {unit}; give both the same, and \
                             a default without default_unit"
                        );
                        self.say(at, true, text);
                    }
                    Some(_) => {}
                    None => {
                        units.insert(unit, (to, made));
                    }
                }
            }
            self.fields.push(MappedField {
                service: service.to_owned(),
                set: set.to_owned(),
                table_field: (*table_field).clone(),
                to: (*to).to_owned(),
                property: line.from.clone(),
                unit: line.unit.clone(),
                kind,
                default: line.default.clone(),
                own,
                offset: at,
            });
        }
        for (unit, (_, made)) in units {
            if let Some(made) = made {
                self.origin(set, unit, made);
            }
        }
    }

    fn origin(&mut self, set: &str, standard: &str, origin: Origin) {
        self.origins.entry(set.to_owned()).or_default().insert(standard.to_owned(), origin);
    }

    /// What is wrong with a value, whatever its unit is.
    fn value(&mut self, to: &str, line: &FieldLine, kind: Kind, at: usize) {
        if line.from.is_none() && line.default.is_none() {
            let text = format!("MAP-UNMAPPED: {to} has neither a property nor a default");
            self.say(at, true, text);
        }
        let Some(default) = &line.default else { return };
        let fits = match kind {
            Kind::Text => true,
            Kind::Decimal => default.parse::<rust_decimal::Decimal>().is_ok(),
            Kind::Whole => default.parse::<i64>().is_ok(),
            Kind::Date => default.parse::<jiff::civil::Date>().is_ok(),
            Kind::Time => default.parse::<jiff::civil::Time>().is_ok(),
            Kind::Instant => default.parse::<jiff::Timestamp>().is_ok(),
            Kind::Flag => matches!(default.as_str(), "true" | "false"),
        };
        if !fits {
            let kind = format!("{kind:?}").to_lowercase();
            self.say(at, true, format!("MAP-DEFAULT: {to}: '{default}' is no {kind}"));
        }
    }

    /// Where the unit of a quantity comes from, if not from where the standard has it.
    fn unit(
        &mut self,
        to: &str,
        from: &str,
        line: &FieldLine,
        standard: &str,
        at: usize,
    ) -> Option<Origin> {
        for code in [&line.unit_code, &line.default_unit].into_iter().flatten() {
            let known = Uom::from_code(code).ok();
            let known = known.or_else(|| self.units.get(code).map(|(unit, _)| *unit));
            match known {
                None => {
                    let text = format!(
                        "MAP-UNIT: {to}: unit {code} is neither in the unit table nor in \
                         mappings/units.toml"
                    );
                    self.say(at, true, text);
                }
                Some(unit) if MASSES.contains(&to) && unit.dimension() != Dimension::Mass => {
                    self.say(at, true, format!("MAP-UNIT: {to} is a mass and {code} is none"));
                }
                Some(_) => {}
            }
        }
        match (&line.unit, &line.unit_code) {
            (Some(unit), None) => {
                let with = line.default_unit.clone().filter(|_| line.default.is_some());
                let with = with.map(|unit| (from.to_owned(), unit));
                (unit != standard || with.is_some())
                    .then(|| Origin { with, ..origin(to, Some(unit.clone()), None, Kind::Text) })
            }
            (None, Some(code)) => Some(origin(to, None, Some(code.clone()), Kind::Text)),
            (Some(_), Some(_)) => {
                self.say(at, true, format!("MAP-UNIT: {to} has both unit and unit_code"));
                None
            }
            (None, None) => {
                let text =
                    format!("MAP-UNIT: {to} is a quantity and has neither unit nor unit_code");
                self.say(at, true, text);
                None
            }
        }
    }

    /// The names of each set; those behind a navigation stand below their set.
    fn names(&mut self) -> BTreeMap<String, Arc<Names>> {
        let origins = std::mem::take(&mut self.origins);
        let sets: BTreeSet<String> = if self.units.is_empty() {
            origins.keys().map(|set| root(set).to_owned()).collect()
        } else {
            // Own units may stand in any row.
            super::standard_sets().keys().map(|set| root(set).to_owned()).collect()
        };
        let of = |set: &str, behind| {
            let own = origins.get(set).cloned().unwrap_or_default();
            Arc::new(Names::new(own, behind, Arc::clone(&self.units)))
        };
        let made = sets.into_iter().map(|set| {
            let prefix = format!("{set}/");
            let behind = origins.keys().filter_map(|name| name.strip_prefix(&prefix));
            let behind =
                behind.map(|way| (way.to_owned(), of(&format!("{set}/{way}"), BTreeMap::new())));
            let names = of(&set, behind.collect());
            (set, names)
        });
        made.collect()
    }
}

fn root(set: &str) -> &str {
    set.split('/').next().unwrap_or(set)
}

fn origin(field: &str, property: Option<String>, stand_in: Option<String>, kind: Kind) -> Origin {
    Origin { field: field.to_owned(), property, stand_in, number: kind.is_number(), with: None }
}

fn hint<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> String {
    let nearest = known
        .map(|name| (strsim::normalized_damerau_levenshtein(wanted, name), name))
        .filter(|(likeness, _)| *likeness >= SIMILAR_MIN)
        .max_by(|one, other| one.0.total_cmp(&other.0));
    nearest.map_or_else(String::new, |(_, name)| format!(" (did you mean {name}?)"))
}
