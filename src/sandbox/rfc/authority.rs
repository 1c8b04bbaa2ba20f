//! `Z_CARBIDE_AUTHORITY`: which rights the sandbox's user has.

use quick_xml::escape::escape;

use super::Node;

/// What no role of Carbide's has.
const IN_NO_ROLE: [&str; 6] =
    ["S_ADMI_FCD", "S_DEVELOP", "S_TABU_DIS", "S_TABU_NAM", "S_USER_GRP", "S_USER_PRO"];

/// Answers each row. A user with a profile of its own has everything; one without is held to the least
/// roles, which have no object of administration and no `*`.
pub(super) fn answer(profiles: &[String], call: &Node) -> String {
    let one = |row: &Node| {
        let [object, field, value] = ["OBJECT", "FIELD", "VALUE"].map(|name| row.field(name));
        let answer = if object.is_empty() || field.is_empty() {
            "?"
        } else if !profiles.is_empty() {
            "X"
        } else if IN_NO_ROLE.contains(&object.as_str()) || value == "*" {
            "-"
        } else {
            "X"
        };
        format!(
            "<item><OBJECT>{}</OBJECT><FIELD>{}</FIELD><VALUE>{}</VALUE><ANSWER>{answer}</ANSWER></item>",
            escape(object.as_str()),
            escape(field.as_str()),
            escape(value.as_str())
        )
    };
    let rows: String = call.items("CHECKS").into_iter().map(one).collect();
    format!("<CHECKS>{rows}</CHECKS><RETURN></RETURN>")
}
