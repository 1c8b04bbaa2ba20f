//! Which object of a case a parser's error is about, also where the text is no JSON any more.

/// Fields of a factor, as they stand in a path.
const FACTOR_FIELDS: [&str; 6] = [".kgco2e", ".gases", ".gwp", ".cat", ".unit", ".primary"];

/// The object at `path`, as a parser gives it (`nodes[3].ops[0].yield`): the node or factor by its own
/// name, then the field.
pub(super) fn object(text: &str, path: &str) -> String {
    let path = path.trim_matches('.');
    if let Some((number, rest)) = path.strip_prefix("nodes[").and_then(|rest| rest.split_once(']'))
        && let Ok(number) = number.parse::<usize>()
    {
        let node = match node_name(text, number) {
            Some(name) => format!("node {name}"),
            None => format!("node number {} of the case, which has no id", number + 1),
        };
        let field = rest.trim_start_matches('.');
        return if field.is_empty() { node } else { format!("{node} ({field})") };
    }
    if let Some(factor) = path.strip_prefix("factors.") {
        // A name may have dots in it; a field is one of the form's.
        let field = FACTOR_FIELDS.iter().filter_map(|field| factor.find(field)).min();
        let (name, field) = factor.split_at(field.unwrap_or(factor.len()));
        return match field.trim_start_matches('.') {
            "" => format!("factor {name}"),
            field => format!("factor {name} ({field})"),
        };
    }
    if path.is_empty() { "the case".to_owned() } else { format!("the case ({path})") }
}

/// The `id` of the node with this number, wherever in the node it stands. Values are passed over as
/// they are, so that a `NaN` or a missing bracket further on does no harm.
fn node_name(text: &str, number: usize) -> Option<&str> {
    let mut path: Vec<Within<'_>> = Vec::new();
    let mut key = None;
    for part in (Parts { text, at: 0 }) {
        match part {
            Part::Open(kind) => {
                if let Some(list) = path.last_mut().filter(|list| list.kind == '[') {
                    list.members += 1;
                }
                path.push(Within { kind, key: key.take(), members: 0 });
            }
            Part::Close => {
                // The node ended without a name.
                if is_node(&path, number) {
                    return None;
                }
                path.pop();
            }
            Part::Text { value, is_key: true } => key = Some(value),
            Part::Text { value, is_key: false } => {
                if is_node(&path, number) && key == Some("id") {
                    return Some(value);
                }
                key = None;
            }
        }
    }
    None
}

/// Whether the innermost object is the node with this number.
fn is_node(path: &[Within<'_>], number: usize) -> bool {
    let [case, nodes, node] = path else { return false };
    case.kind == '{'
        && (nodes.kind, nodes.key) == ('[', Some("nodes"))
        && nodes.members == number + 1
        && node.kind == '{'
}

/// An object or a list that is open.
struct Within<'a> {
    kind: char,
    /// Under which key it stands.
    key: Option<&'a str>,
    /// Objects and lists in it so far.
    members: usize,
}

enum Part<'a> {
    Open(char),
    Close,
    Text { value: &'a str, is_key: bool },
}

/// Brackets and texts, one after the other; everything else is passed over.
struct Parts<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        loop {
            let byte = *self.text.as_bytes().get(self.at)?;
            self.at += 1;
            match byte {
                b'{' | b'[' => return Some(Part::Open(char::from(byte))),
                b'}' | b']' => return Some(Part::Close),
                b'"' => {
                    let rest = &self.text[self.at..];
                    let mut escaped = false;
                    let end = rest.bytes().position(|byte| {
                        let ends = byte == b'"' && !escaped;
                        escaped = byte == b'\\' && !escaped;
                        ends
                    })?;
                    self.at += end + 1;
                    let is_key = self.text[self.at..].trim_start().starts_with(':');
                    return Some(Part::Text { value: &rest[..end], is_key });
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASE: &str = r#"{"id": "C", "factors": {"ST.1": {"cat": "s1"}}, "nodes": [
        {"id": "A", "inputs": [{"node": "B", "id": "no"}]},
        {"inputs": [{"node": "A"}], "lot": NaN, "id": "B \"late\""},
        {"lot": 1}"#;

    #[test]
    fn a_node_is_named_wherever_its_id_stands() {
        assert_eq!(object(CASE, "nodes[0].inputs[0].qty"), "node A (inputs[0].qty)");
        assert_eq!(object(CASE, "nodes[1].lot"), "node B \\\"late\\\" (lot)");
        assert_eq!(object(CASE, "nodes[1]"), "node B \\\"late\\\"");
    }

    #[test]
    fn a_node_without_a_name_has_a_number_and_not_its_neighbors_name() {
        assert_eq!(object(CASE, "nodes[2]"), "node number 3 of the case, which has no id");
    }

    #[test]
    fn what_belongs_to_no_node_is_the_cases_own() {
        assert_eq!(object(CASE, "."), "the case");
        assert_eq!(object(CASE, "gwp"), "the case (gwp)");
        assert_eq!(object(CASE, "factors.ST.1.cat"), "factor ST.1 (cat)");
        assert_eq!(object(CASE, "factors.ST.1"), "factor ST.1");
    }
}
