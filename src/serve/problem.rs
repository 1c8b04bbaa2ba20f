//! What went wrong, as a machine and a person read it: `application/problem+json` (RFC 9457).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::cycle::CycleError;
use crate::post::PostError;
use crate::said::Said;
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
    /// What the detail is made of: a page makes its own sentence of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub said: Option<Said>,
    /// Seconds after which it is worth asking again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
}

impl Problem {
    /// A problem with its status, key and text.
    pub fn new(status: StatusCode, code: &str, detail: impl Into<Said>) -> Self {
        let (detail, code) = (detail.into(), code.to_owned());
        let (status, said) = (status.as_u16(), detail.keyed());
        Self { status, code, detail: detail.into(), said, retry_after_seconds: None }
    }

    /// What was asked for is not there.
    pub fn not_found(detail: impl Into<Said>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT-FOUND", detail)
    }

    /// What was sent makes no sense.
    pub fn invalid(detail: impl Into<Said>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "INVALID", detail)
    }

    /// The page that asked is older than what it asks about.
    pub fn stale(detail: impl Into<Said>) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "STALE", detail)
    }

    /// The server itself failed.
    pub fn internal(detail: impl Into<Said>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", detail)
    }

    /// It is worth asking again later.
    pub fn later(status: StatusCode, code: &str, detail: impl Into<Said>, seconds: u64) -> Self {
        Self { retry_after_seconds: Some(seconds), ..Self::new(status, code, detail) }
    }

    /// With the key that stands in front of the text, if one does: `POST-INCOMPLETE: ...`.
    fn keyed(status: StatusCode, code: &str, said: Said) -> Self {
        let is_key = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
        let key = said.split_once(": ").map(|(key, _)| key.to_owned());
        let key = key.filter(|key| key.contains('-') && key.chars().all(is_key));
        Self::new(status, key.as_deref().unwrap_or(code), said)
    }

    /// What happened, as another sentence says it.
    pub fn said(&self) -> Said {
        self.said.clone().unwrap_or_else(|| self.detail.as_str().into())
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
        let said = error.said();
        match error {
            CycleError::Sap(_) | CycleError::Source(_) | CycleError::Ems(_) => {
                Self::keyed(StatusCode::BAD_GATEWAY, "REMOTE", said)
            }
            CycleError::Store(error) => error.into(),
            CycleError::Post(error) => error.into(),
            CycleError::Config(_) | CycleError::Secret(_) => {
                Self::keyed(StatusCode::INTERNAL_SERVER_ERROR, "SETTINGS", said)
            }
            _ => Self::keyed(StatusCode::CONFLICT, "REFUSED", said),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let said = error.said();
        match error {
            StoreError::Unknown { .. } => Self::not_found(said),
            StoreError::PeriodClosed { .. } => Self::keyed(StatusCode::CONFLICT, "CLOSED", said),
            _ => Self::keyed(StatusCode::INTERNAL_SERVER_ERROR, "STORE", said),
        }
    }
}

impl From<PostError> for Problem {
    fn from(error: PostError) -> Self {
        Self::keyed(StatusCode::CONFLICT, "POST", error.said())
    }
}
