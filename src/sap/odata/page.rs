//! One page of an entity set, and where the next one is.

use std::sync::Arc;

use reqwest::Url;

use super::rows::{Cell, Rows};
use super::{Entity, Version};

/// A page.
pub(super) struct Page {
    pub rows: Vec<Entity>,
    pub next: Option<String>,
    pub count: Option<usize>,
}

/// The one row of an answer: V2 wraps it in `d`.
pub(super) fn row(rows: &Arc<Rows>, root: u32) -> Entity {
    match rows.cell(root, "d") {
        Some(Cell::Object(inner)) => Entity::new(rows, inner),
        _ => Entity::new(rows, root),
    }
}

impl Page {
    /// The page in an answer, or why it is none of this version.
    pub fn of(version: Version, rows: &Arc<Rows>, root: u32) -> Result<Self, String> {
        let (within, members) = match version {
            Version::V2 => {
                let Some(Cell::Object(d)) = rows.cell(root, "d") else {
                    return Err(other_version(rows, root, version));
                };
                (d, ["results", "__next", "__count"])
            }
            Version::V4 => (root, ["value", "@odata.nextLink", "@odata.count"]),
        };
        let [listed, next, count] = members.map(|member| rows.cell(within, member));
        let Some(Cell::List(first, length)) = listed else {
            return Err(other_version(rows, root, version));
        };
        let listed = rows.list(first, length).iter().map(|cell| match *cell {
            Cell::Object(row) => Ok(Entity::new(rows, row)),
            _ => Err("ODATA-VERSION: a row is no object".to_owned()),
        });
        Ok(Self {
            rows: listed.collect::<Result<_, _>>()?,
            next: match next {
                Some(Cell::Text(link)) => Some(rows.text(link).to_owned()),
                _ => None,
            },
            count: match count {
                Some(Cell::Text(text)) => rows.text(text).parse().ok(),
                Some(Cell::Unsigned(number)) => usize::try_from(number).ok(),
                _ => None,
            },
        })
    }
}

/// What an answer without rows of a version says instead.
fn other_version(rows: &Rows, root: u32, wanted: Version) -> String {
    let other = match wanted {
        Version::V2 => ("value", Version::V4),
        Version::V4 => ("d", Version::V2),
    };
    match rows.cell(root, other.0) {
        Some(Cell::Object(_) | Cell::List(..)) => {
            format!("ODATA-VERSION: it answers OData {:?} but the mapping says {wanted:?}", other.1)
        }
        _ => format!("ODATA-VERSION: the answer holds no rows of {wanted:?}"),
    }
}

/// Bytes at the end of an answer among which the link to the next page is looked for.
const END_BYTES: usize = 4096;

/// The link to the next page, as far as the last bytes of an answer show it before it is decoded.
/// Only a guess: what the decoded page says counts.
pub(super) fn link_at_end(version: Version, body: &[u8]) -> Option<String> {
    let end = &body[body.len().saturating_sub(END_BYTES)..];
    let member: &[u8] = match version {
        Version::V2 => b"\"__next\":",
        Version::V4 => b"\"@odata.nextLink\":",
    };
    let at = end.windows(member.len()).rposition(|window| window == member)?;
    let after = &end[at + member.len()..];
    serde_json::Deserializer::from_slice(after).into_iter::<String>().next()?.ok()
}

/// Where a next link leads: on the same host to the same entity set, or not at all.
pub(super) fn followed(from: &Url, link: &str) -> Option<Url> {
    let mut base = from.clone();
    base.set_query(None);
    let next = base.join(link).ok()?;
    let own = (next.scheme(), next.host_str(), next.port_or_known_default())
        == (from.scheme(), from.host_str(), from.port_or_known_default());
    // `;v=0002` and `%3Bv%3D0002` are one path.
    let decoded = |url: &Url| {
        percent_encoding::percent_decode_str(url.path()).decode_utf8_lossy().into_owned()
    };
    (own && decoded(&next) == decoded(from)).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leads(link: &str) -> Option<String> {
        let from = Url::parse("https://sap:44300/sap/X_SRV;v=0002/A_Set?$skip=1").unwrap();
        followed(&from, link).map(String::from)
    }

    #[test]
    fn a_next_link_may_be_absolute_relative_or_encoded() {
        let expected = Some("https://sap:44300/sap/X_SRV;v=0002/A_Set?$skiptoken=2".to_owned());

        assert_eq!(leads("https://sap:44300/sap/X_SRV;v=0002/A_Set?$skiptoken=2"), expected);
        assert_eq!(leads("A_Set?$skiptoken=2"), expected);
        assert!(leads("https://sap:44300/sap/X_SRV%3Bv%3D0002/A_Set?$skiptoken=2").is_some());
    }

    #[test]
    fn the_next_link_shows_at_the_end_of_an_answer() {
        let v2 = br#"{"d":{"results":[{"A":"x"}],"__next":"https:\/\/sap\/S?$skiptoken=2"}}"#;
        let v4 = br#"{"value":[{"to@odata.nextLink":"no"}], "@odata.nextLink": "S?$skip=2"}"#;

        assert_eq!(link_at_end(Version::V2, v2).as_deref(), Some("https://sap/S?$skiptoken=2"));
        assert_eq!(link_at_end(Version::V4, v4).as_deref(), Some("S?$skip=2"));
        assert_eq!(link_at_end(Version::V2, v4), None);
        assert_eq!(link_at_end(Version::V2, br#"{"d":{"__next":"https://sa"#), None);
    }

    #[test]
    fn odata_json_17_19_a_next_link_leads_nowhere_else() {
        for link in [
            "https://other:44300/sap/X_SRV;v=0002/A_Set",
            "http://sap:44300/sap/X_SRV;v=0002/A_Set",
            "https://sap:44301/sap/X_SRV;v=0002/A_Set",
            "//other/sap/X_SRV;v=0002/A_Set",
            "/sap/Y_SRV/A_Set",
            "../../bc/soap/rfc",
            "file:///secret.txt",
        ] {
            assert_eq!(leads(link), None, "{link}");
        }
    }
}
