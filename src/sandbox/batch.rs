//! `$batch` as SAP Gateway answers it: `multipart/mixed` for both versions, JSON for V4. A change set
//! that fails leaves nothing and is answered by one part.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Map, Value, json};

use super::data_service;
use super::faults::Kind;
use super::metadata::Service;
use super::server::{Answer, Request, State, query_of};

/// One request inside of a batch.
struct Inner {
    method: Method,
    address: String,
    headers: HeaderMap,
    body: String,
}

/// Answers a batch.
pub fn answer(state: &State, service: &Service, request: &Request<'_>) -> Answer {
    let kind = request.header("content-type").unwrap_or_default().to_owned();
    if kind.starts_with("application/json") {
        return match service.version {
            4 => by_json(state, service, request),
            _ => bad("JSON batches are not supported by OData V2"),
        };
    }
    match boundary(&kind) {
        Some(boundary) => by_parts(state, service, request, &boundary),
        None => bad("Content-Type has no boundary"),
    }
}

fn bad(text: &str) -> Answer {
    data_service::error(400, "/IWFND/CM_MGW/060", text, 2)
}

fn boundary(kind: &str) -> Option<String> {
    let at = kind.find("boundary=")?;
    kind[at + 9..].split(';').next().map(|text| text.trim_matches(['"', ' ']).to_owned())
}

/// One request after the other; what it is inside of decides about the session.
fn one(state: &State, service: &Service, outer: &Request<'_>, inner: &Inner) -> Answer {
    let (path, query) = inner.address.split_once('?').unwrap_or((&inner.address, ""));
    let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    let request = Request {
        method: inner.method.clone(),
        path: format!("{}/{}", service.path, path.trim_start_matches('/')),
        query: query_of(query),
        headers: &inner.headers,
        body: &inner.body,
        user: outer.user.clone(),
        host: outer.host.clone(),
        fault: None,
    };
    match inner.method {
        Method::GET => data_service::read(state, service, &request),
        _ => data_service::write(state, service, &request),
    }
}

/// All changes or none: the answers, or the one of the change that failed.
fn change_set(
    state: &State,
    service: &Service,
    outer: &Request<'_>,
    changes: &[Inner],
) -> Result<Vec<Answer>, Box<Answer>> {
    let (tables, commits) = {
        let books = state.books();
        (books.tables.clone(), books.commits.len())
    };
    let mut answers = Vec::new();
    for change in changes {
        let answer = one(state, service, outer, change);
        if answer.status >= 400 {
            let mut books = state.books();
            books.tables = tables;
            books.commits.truncate(commits);
            return Err(Box::new(answer));
        }
        answers.push(answer);
    }
    Ok(answers)
}

fn by_parts(state: &State, service: &Service, request: &Request<'_>, boundary: &str) -> Answer {
    let mut sections = Vec::new();
    for part in split(request.body, boundary) {
        let (head, content) = part.split_once("\r\n\r\n").unwrap_or((part, ""));
        let section = match self::boundary(head).filter(|_| head.contains("multipart/mixed")) {
            Some(inner) => {
                let changes = split(content, &inner).into_iter().filter_map(|part| {
                    let (head, content) = part.split_once("\r\n\r\n")?;
                    Some((header(head, "content-id"), http(content)?))
                });
                let (ids, changes): (Vec<_>, Vec<_>) = changes.unzip();
                match change_set(state, service, request, &changes) {
                    Err(failed) => part_of(&failed, None),
                    Ok(answers) => {
                        let parts = answers.iter().zip(ids);
                        let parts: String =
                            parts.map(|(a, id)| format!("--ejjC\r\n{}", part_of(a, id))).collect();
                        format!(
                            "Content-Type: multipart/mixed; boundary=ejjC\r\n\r\n{parts}--ejjC--\r\n"
                        )
                    }
                }
            }
            None => match http(content) {
                Some(inner) if inner.method == Method::GET => {
                    part_of(&one(state, service, request, &inner), None)
                }
                _ => part_of(&bad("Changes belong into a change set"), None),
            },
        };
        sections.push(section);
    }
    if request.fault == Some(Kind::ShortBatch) {
        sections.pop();
    }
    let body: String = sections.iter().map(|section| format!("--ejjB\r\n{section}")).collect();
    Answer::new(202, "multipart/mixed; boundary=ejjB", format!("{body}--ejjB--\r\n"))
}

/// What stands between the boundaries of a body.
fn split<'b>(body: &'b str, boundary: &str) -> Vec<&'b str> {
    let delimiter = format!("--{boundary}");
    let parts = body.split(delimiter.as_str()).skip(1);
    parts.take_while(|part| !part.starts_with("--")).map(|part| part.trim_start()).collect()
}

fn header(head: &str, name: &str) -> Option<String> {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, v)| v.trim().to_owned())
}

fn http(content: &str) -> Option<Inner> {
    let (head, body) = content.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ');
    let (method, address) = (words.next()?, words.next()?);
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        headers.insert(
            HeaderName::try_from(name.trim()).ok()?,
            HeaderValue::from_str(value.trim()).ok()?,
        );
    }
    let address = address.to_owned();
    Some(Inner { method: method.parse().ok()?, address, headers, body: body.trim().to_owned() })
}

fn part_of(answer: &Answer, id: Option<String>) -> String {
    let mut head = format!("HTTP/1.1 {} X\r\n", answer.status);
    if !answer.body.is_empty() {
        head.push_str(&format!("Content-Type: {}\r\n", answer.content_type));
    }
    head.push_str(&format!("Content-Length: {}\r\n", answer.body.len()));
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let inner = format!("{head}\r\n{}", answer.body);
    let id = id.map_or_else(String::new, |id| format!("content-id: {id}\r\n"));
    format!(
        "Content-Type: application/http\r\nContent-Length: {}\r\n{id}\
         content-transfer-encoding: binary\r\n\r\n{inner}\r\n",
        inner.len()
    )
}

fn by_json(state: &State, service: &Service, request: &Request<'_>) -> Answer {
    let Ok(Value::Object(document)) = serde_json::from_str::<Value>(request.body) else {
        return bad("Malformed batch");
    };
    let none = Vec::new();
    let requests = document.get("requests").and_then(Value::as_array).unwrap_or(&none);
    let mut responses = Vec::new();
    let mut index = 0;
    while index < requests.len() {
        let group = requests[index]["atomicityGroup"].as_str();
        let mut end = index + 1;
        while group.is_some()
            && end < requests.len()
            && requests[end]["atomicityGroup"].as_str() == group
        {
            end += 1;
        }
        let members = &requests[index..end];
        let inners: Vec<Inner> = members.iter().filter_map(inner_of).collect();
        if inners.len() < members.len() {
            return bad("Malformed request in a batch");
        }
        match group {
            None => {
                let answer = one(state, service, request, &inners[0]);
                responses.push(response(&members[0]["id"], &answer));
            }
            Some(group) => match change_set(state, service, request, &inners) {
                Err(failed) => responses.push(response(&group.into(), &failed)),
                Ok(answers) => responses.extend(
                    members.iter().zip(&answers).map(|(of, answer)| response(&of["id"], answer)),
                ),
            },
        }
        index = end;
    }
    if request.fault == Some(Kind::ShortBatch) {
        responses.pop();
    }
    Answer::new(200, "application/json", json!({ "responses": responses }).to_string())
}

fn inner_of(request: &Value) -> Option<Inner> {
    let mut headers = HeaderMap::new();
    for (name, value) in request["headers"].as_object()? {
        let name = HeaderName::try_from(name.as_str()).ok()?;
        headers.insert(name, HeaderValue::from_str(value.as_str()?).ok()?);
    }
    Some(Inner {
        method: request["method"].as_str()?.parse().ok()?,
        address: request["url"].as_str()?.to_owned(),
        headers,
        body: request.get("body").map(Value::to_string).unwrap_or_default(),
    })
}

fn response(id: &Value, answer: &Answer) -> Value {
    let headers: Map<String, Value> =
        answer.headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let mut response = json!({ "id": id, "status": answer.status, "headers": headers });
    if let Ok(body) = serde_json::from_str::<Value>(&answer.body) {
        response["body"] = body;
    }
    response
}
