//! What a body says.

use axum::Json;
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::said;
use crate::serve::problem::Problem;

/// A JSON object. serde would also fill a structure from a bare list, field after field, and take a
/// slip for a wish; such a body is refused.
pub struct Told<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Told<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let told = Json::<Value>::from_request(request, state).await;
        let Json(told) = told.map_err(|error| Problem::invalid(error.body_text()))?;
        if !told.is_object() {
            return Err(Problem::invalid(said!(
                "body.no-object",
                "the body is no JSON object; nothing was done"
            )));
        }
        serde_json::from_value(told).map(Self).map_err(wrong)
    }
}

fn wrong(error: serde_json::Error) -> Problem {
    Problem::invalid(said!("body.wrong", "the body: {error}; nothing was done", error = error))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::header::CONTENT_TYPE;

    use super::*;
    use crate::serve::task::PlanWish;

    async fn told(body: &str) -> Result<PlanWish, Problem> {
        let request = Request::post("/").header(CONTENT_TYPE, "application/json");
        let request = request.body(Body::from(body.to_owned())).unwrap();
        Told::from_request(request, &()).await.map(|Told(wish)| wish)
    }

    #[tokio::test]
    async fn an_object_is_taken_and_a_list_of_its_fields_is_not() {
        assert_eq!(told("{\"seconds\": 3}").await.unwrap().seconds, Some(3.0));
        for wrong in ["[3.0, null]", "[]", "null", "{\"second\": 3}", "{", "3"] {
            assert_eq!(told(wrong).await.unwrap_err().status, 422, "{wrong}");
        }
    }
}
