//! Answers that are no success, turned into errors with SAP's own message.

use serde_json::{Map, Value};

use super::super::error::{SapError, SapMessage};
use super::super::http::{Answer, Session};

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
    let is_json = answer.content_type().contains("json");
    let error = if is_json { serde_json::from_slice::<Value>(&answer.body).ok() } else { None };
    let error = error.and_then(|mut value| value.get_mut("error").map(Value::take));
    let Some(error) = error else {
        if status == 403 {
            return Err(not_authorized(session, request, text_of(&answer.body)));
        }
        let html = answer.content_type().contains("html") && status < 500;
        if answer.status.is_redirection() || html {
            return Err(SapError::NotSapAnswer {
                system: system.clone(),
                request: request.to_owned(),
                content_type: format!("{} and status {status}", answer.content_type()),
                wanted: "application/json",
                write,
            });
        }
        return Err(SapError::Refused {
            system: system.clone(),
            request: request.to_owned(),
            status,
            message: SapMessage {
                kind: "E".into(),
                code: String::new(),
                text: text_of(&answer.body),
            },
            details: String::new(),
            transaction_id: String::new(),
        });
    };
    let message = message(&error);
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
        message,
        details,
        transaction_id: inner["transactionid"].as_str().unwrap_or_default().to_owned(),
    })
}

/// The JSON object of a successful answer.
pub(super) fn json(
    system: &str,
    request: &str,
    answer: &Answer,
    write: bool,
) -> Result<Map<String, Value>, SapError> {
    if !answer.content_type().contains("json") {
        return Err(SapError::NotSapAnswer {
            system: system.to_owned(),
            request: request.to_owned(),
            content_type: answer.content_type().to_owned(),
            wanted: "application/json",
            write,
        });
    }
    let body = answer.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&answer.body);
    let damaged = |reason: String| SapError::Damaged {
        system: system.to_owned(),
        request: request.to_owned(),
        bytes: body.len(),
        reason,
        write,
    };
    let value: Value = serde_json::from_slice(body).map_err(|error| damaged(error.to_string()))?;
    let Value::Object(object) = value else {
        return Err(damaged("it is no object".to_owned()));
    };
    if let Some(error) = object.get("error") {
        return Err(damaged(format!("ODATA-ERROR: {}", message(error))));
    }
    Ok(object)
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
