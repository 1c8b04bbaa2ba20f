//! What went wrong, as a machine and a person read it: `application/problem+json` (RFC 9457).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::cycle::CycleError;
use crate::post::PostError;
use crate::store::StoreError;

/// An answer that says no, and why.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// A key for machines, as `JRN-LOCK` or `STALE`.
    pub code: String,
    /// What happened, to which object, and what to do.
    pub detail: String,
    /// Seconds after which it is worth asking again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
}

impl Problem {
    /// A problem with its status, key and text.
    pub fn new(status: StatusCode, code: &str, detail: impl ToString) -> Self {
        Self {
            status: status.as_u16(),
            code: code.to_owned(),
            detail: detail.to_string(),
            retry_after_seconds: None,
        }
    }

    /// What was asked for is not there.
    pub fn not_found(detail: impl ToString) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT-FOUND", detail)
    }

    /// What was sent makes no sense.
    pub fn invalid(detail: impl ToString) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "INVALID", detail)
    }

    /// The page that asked is older than what it asks about.
    pub fn stale(detail: impl ToString) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "STALE", detail)
    }

    /// The server itself failed.
    pub fn internal(detail: impl ToString) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", detail)
    }

    /// It is worth asking again later.
    pub fn later(status: StatusCode, code: &str, detail: impl ToString, seconds: u64) -> Self {
        Self { retry_after_seconds: Some(seconds), ..Self::new(status, code, detail) }
    }

    /// With the key that stands in front of the text, if one does: `POST-INCOMPLETE: ...`.
    fn keyed(status: StatusCode, code: &str, text: &str) -> Self {
        let is_key = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
        match text.split_once(": ") {
            Some((key, _)) if key.contains('-') && key.chars().all(is_key) => {
                Self::new(status, key, text)
            }
            _ => Self::new(status, code, text),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let kind = (header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        let mut response = (status, [kind], body).into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl From<CycleError> for Problem {
    fn from(error: CycleError) -> Self {
        let text = error.to_string();
        match error {
            CycleError::Sap(_) | CycleError::Source(_) | CycleError::Ems(_) => {
                Self::keyed(StatusCode::BAD_GATEWAY, "REMOTE", &text)
            }
            CycleError::Store(error) => error.into(),
            CycleError::Post(error) => error.into(),
            CycleError::Config(_) | CycleError::Secret(_) => {
                Self::keyed(StatusCode::INTERNAL_SERVER_ERROR, "SETTINGS", &text)
            }
            _ => Self::keyed(StatusCode::CONFLICT, "REFUSED", &text),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let text = error.to_string();
        match error {
            StoreError::Unknown { .. } => Self::not_found(text),
            StoreError::PeriodClosed { .. } => Self::keyed(StatusCode::CONFLICT, "CLOSED", &text),
            _ => Self::keyed(StatusCode::INTERNAL_SERVER_ERROR, "STORE", &text),
        }
    }
}

impl From<PostError> for Problem {
    fn from(error: PostError) -> Self {
        Self::keyed(StatusCode::CONFLICT, "POST", &error.to_string())
    }
}
