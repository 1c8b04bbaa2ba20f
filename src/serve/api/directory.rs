//! To the directory and back: what a browser meets when somebody logs on by OpenID Connect.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::serve::api::logon::count;
use crate::serve::guard;
use crate::serve::oidc::BACK;
use crate::serve::plant::Plant;
use crate::serve::problem::Problem;
use crate::serve::refused::refused;

/// Ties the way back to the browser that left. The directory sends people back from another site, so
/// this cookie is lax; that of the session stays strict.
const LEFT: &str = "carbide_logon";

/// Sends the browser to the directory.
pub async fn leave(
    State(plant): State<Arc<Plant>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    let left = async {
        count(&plant.addresses, &peer.ip().to_string(), peer)?;
        plant.directory.begin(&plant.config(), &plant.base()).await
    };
    match left.await {
        Ok(departure) => {
            let cookie = left_cookie(&departure.browser, &plant);
            let to = HeaderValue::from_str(&departure.to);
            let to = to.unwrap_or_else(|_| HeaderValue::from_static("/"));
            let headers =
                [(header::SET_COOKIE, cookie), (header::LOCATION, to), (header::CACHE_CONTROL, NO)];
            (StatusCode::FOUND, headers).into_response()
        }
        Err(problem) => refused(&problem, &headers),
    }
}

const NO: HeaderValue = HeaderValue::from_static("no-store");

/// What the directory sends along.
#[derive(Deserialize)]
pub struct Back {
    #[serde(default)]
    state: String,
    code: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

/// Takes whoever comes back from the directory in.
pub async fn back(
    State(plant): State<Arc<Plant>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Query(found): Query<Back>,
) -> Response {
    let browser = guard::cookie_named(&headers, LEFT);
    let arrived = async {
        count(&plant.addresses, &peer.ip().to_string(), peer)?;
        let Some(code) = found.code else {
            let text = format!(
                "the directory refuses: {} {}",
                found.error.unwrap_or_else(|| "no code came".to_owned()),
                found.error_description.unwrap_or_default()
            );
            return Err(Problem::new(StatusCode::UNAUTHORIZED, "OIDC", text.trim_end().to_owned()));
        };
        let (config, base) = (plant.config(), plant.base());
        plant.directory.end(&config, &base, &found.state, browser.as_deref(), code).await
    };
    match arrived.await {
        Ok(arrival) => {
            tracing::info!(user = arrival.user, roles = ?arrival.roles, "logged on by the directory");
            let (key, _) = plant.sessions.open(&arrival.user, arrival.roles);
            let mut answer =
                (StatusCode::FOUND, [(header::LOCATION, "/"), (header::CACHE_CONTROL, "no-store")])
                    .into_response();
            let cookies = [guard::cookie(&key, &plant), left_cookie("", &plant)];
            for cookie in cookies {
                answer.headers_mut().append(header::SET_COOKIE, cookie);
            }
            answer
        }
        Err(problem) => {
            tracing::warn!(code = problem.code, peer = %peer.ip(), "{}", problem.detail);
            refused(&problem, &headers)
        }
    }
}

fn left_cookie(word: &str, plant: &Plant) -> HeaderValue {
    let secure = if plant.config().settings.serve.is_public() { "; Secure" } else { "" };
    let age = if word.is_empty() { 0 } else { 600 };
    let text = format!("{LEFT}={word}; Path={BACK}; HttpOnly; SameSite=Lax; Max-Age={age}{secure}");
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}
