//! Batches as `multipart/mixed` (RFC 2046, 5.1), with requests and answers as `application/http`.

use super::super::super::http::Answer;
use super::{Answers, Part, answer};

/// JSON in one line never begins a line with a boundary, so any one will do.
const BATCH: &str = "batch_carbide";
const CHANGE_SET: &str = "changeset_carbide";

/// Most parts of one answer, change sets and what is in them together.
const PARTS_MAX: usize = 1_000;

/// Content type and body of a batch.
pub(super) fn written(requests: &[Vec<Part>], is_set: &[bool]) -> (String, Vec<u8>) {
    let mut text = String::new();
    let mut content_id = 0;
    for (index, (parts, set)) in requests.iter().zip(is_set).enumerate() {
        text.push_str(&format!("--{BATCH}\r\n"));
        let inner = format!("{CHANGE_SET}_{index}");
        if *set {
            text.push_str(&format!("Content-Type: multipart/mixed; boundary={inner}\r\n\r\n"));
        }
        for part in parts {
            content_id += 1;
            if *set {
                text.push_str(&format!("--{inner}\r\n"));
            }
            text.push_str(
                "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n",
            );
            if *set {
                text.push_str(&format!("Content-ID: {content_id}\r\n"));
            }
            text.push_str(&format!("\r\n{} {} HTTP/1.1\r\n", part.method, part.address));
            for (name, value) in &part.headers {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
            let body = part.body.as_ref().map(ToString::to_string).unwrap_or_default();
            if part.body.is_some() {
                text.push_str(&format!("Content-Length: {}\r\n", body.len()));
            }
            text.push_str(&format!("\r\n{body}\r\n"));
        }
        if *set {
            text.push_str(&format!("--{inner}--\r\n\r\n"));
        }
    }
    text.push_str(&format!("--{BATCH}--\r\n"));
    (format!("multipart/mixed; boundary={BATCH}"), text.into_bytes())
}

/// The answers in a body, entry by entry: a change set has one of each change, or one in all.
pub(super) fn read(body: &[u8], content_type: &str) -> Result<Vec<Option<Answers>>, String> {
    let mut left = PARTS_MAX;
    let mut entries = Vec::new();
    for part in parts(body, &boundary(content_type)?, &mut left)? {
        let (headers, content) = headed(part)?;
        let kind = value(&headers, "content-type").unwrap_or_default();
        let answers = if kind.to_ascii_lowercase().starts_with("multipart/mixed") {
            let inner = parts(content, &boundary(&kind)?, &mut left)?;
            let inner = inner.into_iter().map(|part| {
                let (headers, content) = headed(part)?;
                http(&headers, content)
            });
            inner.collect::<Result<_, String>>()?
        } else {
            vec![http(&headers, content)?]
        };
        entries.push(Some(answers));
    }
    Ok(entries)
}

/// The boundary that a content type names.
fn boundary(content_type: &str) -> Result<String, String> {
    let mut parameters = content_type.split(';').skip(1);
    let named = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
    });
    // RFC 2046: 1 to 70 characters.
    let named = named.filter(|value| (1..=70).contains(&value.len()));
    named.map(str::to_owned).ok_or_else(|| format!("ODATA-BATCH: {content_type} has no boundary"))
}

/// What stands between the boundaries.
fn parts<'b>(body: &'b [u8], boundary: &str, left: &mut usize) -> Result<Vec<&'b [u8]>, String> {
    let delimiter = format!("--{boundary}");
    let mut parts = Vec::new();
    let mut begun: Option<usize> = None;
    let mut at = 0;
    while at < body.len() {
        let end = body[at..].iter().position(|byte| *byte == b'\n').map_or(body.len(), |n| at + n);
        let line = body[at..end].trim_ascii_end();
        let rest = line.strip_prefix(delimiter.as_bytes());
        if let Some(rest) = rest.filter(|rest| rest.is_empty() || *rest == b"--") {
            if let Some(begun) = begun {
                *left = left.checked_sub(1).ok_or_else(|| {
                    format!("ODATA-BATCH: the answer has more than {PARTS_MAX} parts")
                })?;
                parts.push(without_line_end(&body[begun.min(at)..at]));
            }
            if !rest.is_empty() {
                return Ok(parts);
            }
            begun = Some(end + 1);
        }
        at = end + 1;
    }
    Err(format!("ODATA-TRUNC: the batch ends before its boundary {delimiter}--"))
}

/// The line end before a boundary belongs to the boundary.
fn without_line_end(part: &[u8]) -> &[u8] {
    let part = part.strip_suffix(b"\n").unwrap_or(part);
    part.strip_suffix(b"\r").unwrap_or(part)
}

type Headers = Vec<(String, String)>;

/// Headers, and what follows the empty line behind them.
fn headed(part: &[u8]) -> Result<(Headers, &[u8]), String> {
    let mut headers = Vec::new();
    let mut rest = part;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n');
        let line = rest[..end.unwrap_or(rest.len())].trim_ascii();
        rest = end.map_or(&[][..], |end| &rest[end + 1..]);
        if line.is_empty() {
            return Ok((headers, rest));
        }
        let line = std::str::from_utf8(line).map_err(|_| "ODATA-BATCH: a header is no text")?;
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| format!("ODATA-BATCH: '{}' is no header", short(line)))?;
        headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
    }
    Ok((headers, rest))
}

fn value(headers: &Headers, name: &str) -> Option<String> {
    headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
}

/// The answer in a part of type `application/http`.
fn http(part: &Headers, content: &[u8]) -> Result<Answer, String> {
    let kind = value(part, "content-type").unwrap_or_default();
    if !kind.to_ascii_lowercase().starts_with("application/http") {
        return Err(format!("ODATA-BATCH: a part is '{}' and no answer", short(&kind)));
    }
    let content = content.trim_ascii_start();
    let end = content.iter().position(|byte| *byte == b'\n').unwrap_or(content.len());
    let line = String::from_utf8_lossy(content[..end].trim_ascii());
    let mut words = line.split_ascii_whitespace();
    let status = match (words.next(), words.next()) {
        (Some(protocol), Some(status)) if protocol.starts_with("HTTP/1.") => status.parse().ok(),
        _ => None,
    };
    let status =
        status.ok_or_else(|| format!("ODATA-BATCH: '{}' is no line of a status", short(&line)))?;
    let (headers, body) = headed(content.get(end + 1..).unwrap_or_default())?;
    let announced = value(&headers, "content-length").and_then(|text| text.parse::<usize>().ok());
    let body = match announced {
        Some(length) if length > body.len() => {
            let missing = length - body.len();
            return Err(format!("ODATA-TRUNC: a part of the batch ends {missing} bytes early"));
        }
        Some(length) => &body[..length],
        None => body,
    };
    answer(status, headers, body.to_vec())
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn gateway() -> String {
        [
            "--B",
            "Content-Type: application/http",
            "Content-Length: 90",
            "",
            "HTTP/1.1 200 OK",
            "Content-Type: application/json",
            "Content-Length: 19",
            "",
            r#"{"d":{"results":[]}}"#.trim_end_matches('}'),
            "--B",
            "Content-Type: multipart/mixed; boundary=\"C\"",
            "",
            "--C",
            "Content-Type: application/http",
            "content-id: 1",
            "",
            "HTTP/1.1 204 No Content",
            "dataserviceversion: 2.0",
            "",
            "",
            "--C--",
            "",
            "--B--",
            "",
        ]
        .join("\r\n")
    }

    #[test]
    fn an_answer_of_gateway_is_read_entry_by_entry() {
        let text = gateway().replace("Content-Length: 19", "Content-Length: 18");

        let found = read(text.as_bytes(), "multipart/mixed; boundary=B").unwrap();

        let statuses = |answers: &Answers| answers.iter().map(|a| a.status.as_u16()).collect();
        let of: Vec<Vec<u16>> = found.iter().flatten().map(statuses).collect();
        assert_eq!(of, [vec![200], vec![204]]);
        assert_eq!(found[0].as_ref().unwrap()[0].body, br#"{"d":{"results":[]"#);
    }

    #[test]
    fn an_answer_that_breaks_off_is_no_answer() {
        let text = gateway();
        let whole = "multipart/mixed; boundary=B";

        assert!(read(&text.as_bytes()[..text.len() - 10], whole).err().unwrap().contains("TRUNC"));
        let longer = text.replace("Content-Length: 19", "Content-Length: 1900");
        assert!(read(longer.as_bytes(), whole).err().unwrap().contains("bytes early"));
        assert!(read(text.as_bytes(), "multipart/mixed").err().unwrap().contains("no boundary"));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(
            cuts in proptest::collection::vec((0usize..400, any::<u8>()), 0..6),
        ) {
            let mut bytes = gateway().into_bytes();
            for (at, byte) in cuts {
                let length = bytes.len();
                bytes[at % length] = byte;
            }
            let _ = read(&bytes, "multipart/mixed; boundary=B");
        }
    }
}
