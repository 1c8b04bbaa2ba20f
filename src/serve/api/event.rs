//! What happens, as it happens.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{self, KeepAlive};
use futures_util::{Stream, StreamExt};
use jiff::Timestamp;
use serde_json::json;
use tokio_stream::wrappers::BroadcastStream;

use crate::serve::event::Event;
use crate::serve::guard::Person;
use crate::serve::plant::Plant;
use crate::serve::problem::Problem;

fn told(event: &Event) -> sse::Event {
    let named = sse::Event::default().id(event.number.to_string()).event(event.kind);
    named.data(event.data.to_string())
}

/// An event that a page answers by reading everything anew.
fn anew() -> sse::Event {
    let data = json!({ "time": Timestamp::now() }).to_string();
    sse::Event::default().event("anew").data(data)
}

/// What happens, as server-sent events: `job`, `view`, `change_set`, `request`, and `anew` when a page
/// missed more than is kept. `Last-Event-ID` continues a stream that broke.
#[utoipa::path(get, path = "/api/v1/events", responses(
    (status = 200, body = String, content_type = "text/event-stream"),
    (status = 401, body = Problem)))]
pub async fn events(
    _: Person,
    State(plant): State<Arc<Plant>>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<sse::Event, Infallible>>> {
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let (missed, listener) = plant.events.since(last.and_then(|text| text.parse().ok()));
    let first: Vec<sse::Event> = match &missed {
        Some(missed) => missed.iter().map(told).collect(),
        None => vec![anew()],
    };
    let later = BroadcastStream::new(listener).map(|event| match event {
        Ok(event) => told(&event),
        // A page that reads too slowly has missed some.
        Err(_) => anew(),
    });
    let mut stop = plant.stopping();
    let stream = futures_util::stream::iter(first).chain(later).map(Ok);
    // A server that stops does not wait for open pages.
    let end = async move { stop.wait_for(|stop| *stop).await.map(|_| ()) };
    Sse::new(stream.take_until(Box::pin(end))).keep_alive(KeepAlive::default())
}
