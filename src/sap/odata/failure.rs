//! Answers that are no success, turned into errors with SAP's own message.

use std::sync::Arc;

use serde_json::Value;

use super::super::error::{SapError, SapMessage};
use super::super::http::{Answer, Session};
use super::super::xml;
use super::retry;
use super::rows::{Cell, Rows};

/// Refusals of a CSRF token carry this instead of a message class.
const TOKEN_REFUSED: &str = "CSRF";

/// Codes of SAP Gateway about the service itself, not about an object of it.
const ABOUT_SERVICE: &str = "/IWFND/MED/";

/// Whether SAP wants a new CSRF token: it refused before it looked at the request.
pub(super) fn wants_token(answer: &Answer) -> bool {
    let required = |text: &str| text.eq_ignore_ascii_case("required");
    answer.status == 403 && answer.header("x-csrf-token").is_some_and(required)
}

/// The answer if SAP did it, otherwise SAP's message as an error.
pub(super) fn checked(
    session: &Session,
    request: &str,
    answer: Answer,
    write: bool,
) -> Result<Answer, SapError> {
    if answer.status.is_success() {
        return Ok(answer);
    }
    let system = &session.system.id;
    let status = answer.status.as_u16();
    // A write is not sent again by itself: who sends it again should know when.
    let wait = answer.header("retry-after").and_then(retry::asked_to_wait);
    let wait = wait.map_or_else(String::new, |wait| {
        format!("; it asks to wait {} s", wait.as_secs_f64().ceil())
    });
    let refused = |message: SapMessage| SapError::Refused {
        system: system.clone(),
        request: request.to_owned(),
        status,
        message: Box::new(message),
        details: wait.clone(),
        transaction_id: String::new(),
    };
    if wants_token(&answer) {
        let (kind, code) = ("E".to_owned(), TOKEN_REFUSED.to_owned());
        return Err(refused(SapMessage { kind, code, text: text_of(&answer.body) }));
    }
    let Some(error) = error_object(&answer) else {
        if status == 403 && !write {
            return Err(not_authorized(session, request, text_of(&answer.body)));
        }
        // A proxy, a logon page: SAP would have said something in its own form.
        if status < 500 && status != 429 {
            return Err(not_sap(system, request, &answer, write));
        }
        let (kind, code) = ("E".to_owned(), String::new());
        return Err(refused(SapMessage { kind, code, text: text_of(&answer.body) }));
    };
    let message = message(&error);
    if matches!(status, 403 | 404) && message.code.starts_with(ABOUT_SERVICE) {
        return Err(SapError::ServiceInactive {
            system: system.clone(),
            request: request.to_owned(),
            code: message.code,
            text: message.text,
        });
    }
    if status == 403 {
        return Err(not_authorized(session, request, message.text));
    }
    let inner = &error["innererror"];
    let listed = [&inner["errordetails"], &error["details"]];
    let details = listed.iter().filter_map(|list| list.as_array()).flatten().map(self::message);
    let details: String = details
        .filter(|detail| !detail.text.is_empty() && detail.text != message.text)
        .map(|detail| format!("; {} {}", detail.code, detail.text))
        .collect();
    Err(SapError::Refused {
        system: system.clone(),
        request: request.to_owned(),
        status,
        message: Box::new(message),
        details: details + &wait,
        transaction_id: inner["transactionid"].as_str().unwrap_or_default().to_owned(),
    })
}

/// An error unless SAP itself says that a write without answer body was done: 204, or JSON.
pub(super) fn done(system: &str, request: &str, answer: Answer) -> Result<(), SapError> {
    if answer.status == 204 {
        return Ok(());
    }
    rows(system, request, "", answer, true).map(drop)
}

/// The rows of a successful answer, and which of them is the answer itself.
pub(super) fn rows(
    system: &str,
    request: &str,
    set: &str,
    answer: Answer,
    write: bool,
) -> Result<(Arc<Rows>, u32), SapError> {
    if !is_json(&answer) {
        return Err(not_sap(system, request, &answer, write));
    }
    let bytes = answer.body.len();
    let damaged = |reason: String| SapError::Damaged {
        system: system.to_owned(),
        request: request.to_owned(),
        bytes,
        reason,
        write,
    };
    let (rows, Cell::Object(root)) = Rows::read(set, answer.body).map_err(damaged)? else {
        return Err(damaged("ODATA-VERSION: it is no object".to_owned()));
    };
    if let Some(error) = rows.object(root, "error") {
        return Err(damaged(format!("ODATA-ERROR: {}", message(&error.into()))));
    }
    Ok((Arc::new(rows), root))
}

/// The message of SAP in an answer, if there is one.
pub(super) fn message_in(answer: &Answer) -> Option<String> {
    error_object(answer).map(|error| message(&error).to_string())
}

/// The error object of SAP in an answer. Before it looks at `Accept`, Gateway writes XML.
fn error_object(answer: &Answer) -> Option<Value> {
    if is_json(answer) {
        let (rows, root) = Rows::read("", answer.body.clone()).ok()?;
        let Cell::Object(root) = root else { return None };
        return rows.object(root, "error").map(Value::Object);
    }
    if !answer.content_type().contains("xml") {
        return None;
    }
    let root = xml::parse(&answer.body, &[]).ok().filter(|root| root.name == "error")?;
    let text = |name: &str| root.child(name).map_or("", |child| child.text.as_str());
    Some(serde_json::json!({ "code": text("code"), "message": text("message") }))
}

fn is_json(answer: &Answer) -> bool {
    answer.content_type().contains("json")
}

fn not_sap(system: &str, request: &str, answer: &Answer, write: bool) -> SapError {
    if answer.status.is_redirection()
        && let Some(url) = answer.header("location")
    {
        return SapError::Redirected {
            system: system.to_owned(),
            request: request.to_owned(),
            url: url.to_owned(),
            write,
        };
    }
    SapError::NotSapAnswer {
        system: system.to_owned(),
        request: request.to_owned(),
        content_type: answer.content_type().to_owned(),
        wanted: "JSON",
        status: answer.status.as_u16(),
        write,
    }
}

/// Code and text of an error object of V2 (`message.value`) or V4 (`message`).
fn message(error: &Value) -> SapMessage {
    let text = error["message"]["value"].as_str().or(error["message"].as_str());
    SapMessage {
        kind: "E".to_owned(),
        code: error["code"].as_str().unwrap_or_default().to_owned(),
        text: text.unwrap_or_default().to_owned(),
    }
}

fn not_authorized(session: &Session, request: &str, text: String) -> SapError {
    SapError::NotAuthorized {
        system: session.system.id.clone(),
        user: session.user().to_owned(),
        object: request.to_owned(),
        text,
    }
}

/// The first words of a text answer.
fn text_of(body: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(body).chars().take(200).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
