//! Batches of V4 as JSON (OData JSON Format 4.01, 19).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Answers, Part, answer};

/// The body of a batch: request `e.p` is part `p` of entry `e`, a change set is the group `e`.
pub(super) fn written(requests: &[Vec<Part>], is_set: &[bool]) -> Vec<u8> {
    let mut listed = Vec::new();
    for (entry, (parts, set)) in requests.iter().zip(is_set).enumerate() {
        for (index, part) in parts.iter().enumerate() {
            let headers: Map<String, Value> = part
                .headers
                .iter()
                .map(|(name, value)| (name.to_ascii_lowercase(), value.as_str().into()))
                .collect();
            let mut request = json!({
                "id": format!("{entry}.{index}"),
                "method": part.method.as_str(),
                "url": part.address,
                "headers": headers,
            });
            if *set {
                request["atomicityGroup"] = format!("g{entry}").into();
            }
            if let Some(body) = &part.body {
                request["body"] = body.clone();
            }
            listed.push(request);
        }
    }
    json!({ "requests": listed }).to_string().into_bytes()
}

#[derive(Deserialize)]
struct Responses {
    responses: Vec<Response>,
}

#[derive(Deserialize)]
struct Response {
    id: String,
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, Value>,
    body: Option<Box<serde_json::value::RawValue>>,
}

/// The answers in a body, entry by entry; `sizes` are the requests of each entry.
pub(super) fn read(body: &[u8], sizes: &[usize]) -> Result<Vec<Option<Answers>>, String> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let found: Responses =
        serde_json::from_slice(body).map_err(|error| match error.classify() {
            serde_json::error::Category::Eof => format!("ODATA-TRUNC: {error}"),
            _ => format!("ODATA-BATCH: {error}"),
        })?;
    let mut entries: Vec<BTreeMap<usize, _>> = sizes.iter().map(|_| BTreeMap::new()).collect();
    let mut failed: Vec<Option<_>> = sizes.iter().map(|_| None).collect();
    for response in found.responses {
        // A change set that failed may be answered under the name of the group.
        let place = match response.id.strip_prefix('g') {
            Some(entry) => entry.parse().ok().map(|entry: usize| (entry, 0)),
            None => response.id.split_once('.').and_then(|(entry, index)| {
                Some((entry.parse().ok()?, index.parse::<usize>().ok()?))
            }),
        };
        let place =
            place.filter(|(entry, index)| sizes.get(*entry).is_some_and(|size| index < size));
        let Some((entry, index)) = place else {
            return Err(format!("ODATA-BATCH: nobody asked for answer '{}'", response.id));
        };
        let text = |value: Value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        let headers: Vec<(String, String)> =
            response.headers.into_iter().map(|(name, value)| (name, text(value))).collect();
        let named = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let mut headers = headers;
        if !named {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        let body = response.body.map(|body| body.get().as_bytes().to_vec()).unwrap_or_default();
        let answer = answer(response.status, headers, body)?;
        if answer.status.is_success() {
            if entries[entry].insert(index, answer).is_some() {
                return Err(format!("ODATA-BATCH: answer {entry}.{index} came twice"));
            }
        } else {
            failed[entry].get_or_insert(answer);
        }
    }
    let entry = |(answers, failed): (BTreeMap<usize, _>, Option<_>)| match failed {
        Some(failed) => Some(vec![failed]),
        None if answers.is_empty() => None,
        None => Some(answers.into_values().collect()),
    };
    Ok(entries.into_iter().zip(failed).map(entry).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_matched_by_name_in_whatever_order_they_come() {
        let body = br#"{"responses":[
            {"id":"1.1","status":204},
            {"id":"0.0","status":200,"headers":{"etag":"x"},"body":{"value":[]}},
            {"id":"1.0","status":201,"body":{"A":"1"}}]}"#;

        let found = read(body, &[1, 2, 1]).unwrap();

        assert_eq!(found[0].as_ref().unwrap()[0].body, br#"{"value":[]}"#);
        let of: Vec<u16> =
            found[1].as_ref().unwrap().iter().map(|answer| answer.status.as_u16()).collect();
        assert_eq!((of, found[2].is_none()), (vec![201, 204], true));
    }

    #[test]
    fn a_group_that_failed_has_one_answer_and_strange_ones_are_refused() {
        let one = br#"{"responses":[{"id":"0.1","status":400,"body":{"error":{}}}]}"#;
        let group = br#"{"responses":[{"id":"g0","status":412,"body":{}}]}"#;

        assert_eq!(read(one, &[3]).unwrap()[0].as_ref().unwrap().len(), 1);
        assert_eq!(read(group, &[3]).unwrap()[0].as_ref().unwrap()[0].status, 412);
        for strange in ["5.0", "0.9", "x", "g9", ""] {
            let body = json!({ "responses": [{ "id": strange, "status": 200 }] }).to_string();
            assert!(
                read(body.as_bytes(), &[1]).err().unwrap().contains("nobody asked"),
                "{strange}"
            );
        }
        assert!(read(b"{\"responses\":[", &[1]).err().unwrap().starts_with("ODATA-TRUNC"));
    }
}
