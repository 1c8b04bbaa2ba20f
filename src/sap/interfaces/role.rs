//! The least role for PFCG, worked out from the manifest.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Manifest;

/// Reads only.
pub const READ: &str = "Z_CARBIDE_READ";

/// Writes planned orders.
pub const PLAN: &str = "Z_CARBIDE_PP_WRITE";

/// Posts accounting documents.
pub const POST: &str = "Z_CARBIDE_FI_POST";

/// One line of a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RoleLine {
    /// Role.
    pub role: &'static str,
    /// Authorization object.
    pub object: String,
    /// Field of it.
    pub field: String,
    /// Values, with commas between.
    pub value: String,
    /// What must be known beside it.
    pub note: String,
}

/// What one role needs of one object.
#[derive(Default)]
struct Need {
    activities: BTreeSet<String>,
    services: BTreeSet<String>,
}

/// The lines of the three roles for one plant and company code.
pub fn lines(manifest: &Manifest, plant: &str, company_code: &str) -> Vec<RoleLine> {
    let mut needs: BTreeMap<(&'static str, String), Need> = BTreeMap::new();
    let mut functions: BTreeMap<&'static str, &[String]> = BTreeMap::new();
    for service in &manifest.service {
        for (object, activities) in rights(&service.authorization) {
            let (reads, writes): (BTreeSet<_>, BTreeSet<_>) =
                activities.into_iter().partition(|activity| activity == "display");
            let is_start = reads.is_empty() && writes.is_empty();
            for (role, activities, used) in
                [(READ, reads, !service.read.is_empty()), (PLAN, writes, !service.write.is_empty())]
            {
                if used && (is_start || !activities.is_empty()) {
                    let need = needs.entry((role, object.clone())).or_default();
                    need.activities.extend(activities);
                    need.services.insert(service.name.clone());
                }
            }
        }
    }
    let rfc = &manifest.rfc;
    for (role, modules, authorization) in [
        (READ, &rfc.read, &rfc.authorization),
        (POST, &rfc.write, &rfc.authorization),
        (PLAN, &rfc.plan, &rfc.plan_authorization),
    ] {
        functions.insert(role, modules);
        for (object, activities) in rights(authorization) {
            // Whoever only looks up a document starts function modules and posts nothing.
            if modules.is_empty() || (role == READ && !object.starts_with("S_")) {
                continue;
            }
            needs.entry((role, object)).or_default().activities.extend(activities);
        }
    }
    let mut lines = Vec::new();
    for ((role, object), need) in needs {
        let Some(known) = manifest.authorization.get(&object) else {
            let value = joined(need.activities.iter().map(|word| code(word, None)));
            let note = "further fields: see SU21, and SU53 after a try".to_owned();
            lines.push(RoleLine { role, object, field: "ACTVT".to_owned(), value, note });
            continue;
        };
        for (field, value) in &known.fields {
            let value = match value.as_str() {
                "<plant>" => plant.to_owned(),
                "<company code>" => company_code.to_owned(),
                "<services>" => joined(need.services.iter().cloned()),
                "<functions>" => {
                    joined(functions.get(role).into_iter().copied().flatten().cloned())
                }
                "<activities>" => {
                    joined(need.activities.iter().map(|word| code(word, Some(&known.activities))))
                }
                other => other.to_owned(),
            };
            let (object, field, note) = (object.clone(), field.clone(), known.note.clone());
            lines.push(RoleLine { role, object, field, value, note });
        }
    }
    lines
}

/// `S_SERVICE; M_PLAF_ORG create, display` as objects with activities.
fn rights(text: &str) -> Vec<(String, BTreeSet<String>)> {
    const ACTIVITIES: &[&str] = &["create", "change", "delete", "display", "01", "02", "03", "06"];
    let is_object = |word: &&str| {
        word.contains('_')
            && word.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit())
    };
    let mut found = Vec::new();
    for part in text.split(';').flat_map(|part| part.split(" and ")) {
        let words: Vec<&str> = part.split([' ', ',']).filter(|word| !word.is_empty()).collect();
        let Some(object) = words.first().filter(|word| is_object(word)) else { continue };
        let activities = words.iter().filter(|word| ACTIVITIES.contains(word));
        found.push(((*object).to_owned(), activities.map(|word| (*word).to_owned()).collect()));
    }
    found
}

/// The code of an activity; most objects have those of table TACT.
fn code(word: &str, own: Option<&BTreeMap<String, String>>) -> String {
    if let Some(code) = own.and_then(|own| own.get(word)) {
        return code.clone();
    }
    match word {
        "create" => "01",
        "change" => "02",
        "display" => "03",
        "delete" => "06",
        other => other,
    }
    .to_owned()
}

fn joined(values: impl IntoIterator<Item = String>) -> String {
    let values: BTreeSet<String> = values.into_iter().collect();
    values.into_iter().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sap::interfaces::Interfaces;

    fn value(role: &str, object: &str, field: &str) -> Option<String> {
        let manifest = Interfaces::shipped().manifest;
        let mut lines = lines(&manifest, "1010", "1020").into_iter();
        lines.find(|l| (l.role, &*l.object, &*l.field) == (role, object, field)).map(|l| l.value)
    }

    #[test]
    fn whoever_reads_may_display_one_plant_and_change_nothing() {
        assert_eq!(value(READ, "M_MATE_WRK", "ACTVT").unwrap(), "03");
        assert_eq!(value(READ, "M_MATE_WRK", "WERKS").unwrap(), "1010");
        assert!(!value(READ, "M_PLAF_ORG", "AKTTYP").unwrap().contains(['H', 'V']));
        assert_eq!(value(READ, "F_BKPF_BUK", "ACTVT").unwrap(), "03");
        assert!(!value(READ, "S_RFC", "RFC_NAME").unwrap().contains("_POST"));
    }

    #[test]
    fn whoever_posts_may_start_the_posting_functions_for_one_company_code() {
        assert_eq!(value(POST, "F_BKPF_BUK", "ACTVT").unwrap(), "01");
        assert_eq!(value(POST, "F_BKPF_BUK", "BUKRS").unwrap(), "1020");
        assert!(value(POST, "S_RFC", "RFC_NAME").unwrap().contains("BAPI_ACC_DOCUMENT_POST"));
        assert!(value(PLAN, "M_PLAF_ORG", "AKTTYP").unwrap().contains('H'));
        assert!(value(PLAN, "M_MATE_WRK", "ACTVT").is_none());
    }

    #[test]
    fn no_line_allows_everything() {
        let manifest = Interfaces::shipped().manifest;

        let lines = lines(&manifest, "1010", "1020");

        assert!(lines.len() > 20);
        assert!(lines.iter().all(|line| line.value != "*" && !line.value.is_empty()), "{lines:#?}");
    }
}
