//! Access tokens of an OAuth 2.0 server: fetched once, kept until shortly before they expire.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Url};
use serde_json::Value;

use super::super::error::SapError;
use super::super::{http, tls};
use super::{Grant, OAuth2};
use crate::secret::Secret;

/// Largest answer of a token endpoint that is read.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// A token is renewed this long before it expires, or a tenth of its life before, if that is less.
const MARGIN: Duration = Duration::from_secs(60);

/// Endpoint, client, scope, places: whoever has the same of all shares tokens.
type Key = (String, String, String, String);

/// Every source of this process: two clients must not use up one refresh token twice.
static SOURCES: Mutex<BTreeMap<Key, Arc<TokenSource>>> = Mutex::new(BTreeMap::new());

pub(super) struct TokenSource {
    system: String,
    oauth: OAuth2,
    client: Client,
    /// Held while a token is fetched: whoever waits finds the new one.
    token: tokio::sync::Mutex<Option<Token>>,
}

#[derive(Clone)]
struct Token {
    value: Secret,
    /// When it is renewed; never, if the server did not say how long it lives.
    until: Option<Instant>,
}

/// Answer of the token endpoint, RFC 6749 section 5.1.
struct Answer {
    access_token: Secret,
    life: Option<Duration>,
    refresh_token: Option<Secret>,
}

impl TokenSource {
    /// The source for these settings: the one that exists, or a new one.
    pub fn shared(system: &str, oauth: &OAuth2) -> Result<Arc<Self>, SapError> {
        let place = |place: &crate::secret::SecretPlace| place.name().to_owned();
        let grant = match &oauth.grant {
            Grant::ClientCredentials => String::new(),
            Grant::Refresh(from) => place(from),
        };
        let secret = oauth.client_secret.as_ref().map(place).unwrap_or_default();
        let places = format!("{secret} {grant}");
        let key = (oauth.token_url.clone(), oauth.client_id.clone(), oauth.scope.clone(), places);
        let mut sources = SOURCES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(source) = sources.get(&key) {
            return Ok(Arc::clone(source));
        }
        let setup = |reason: String| SapError::Setup { system: system.to_owned(), reason };
        http::protected(&oauth.token_url).map_err(setup)?;
        let tls = tls::client_config(&oauth.token_url, &oauth.trust, None, &tls::Seen::default());
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .timeout(oauth.timeout)
            .tls_backend_preconfigured(tls.map_err(setup)?)
            .build()
            .map_err(|error| setup(error.to_string()))?;
        let (system, oauth) = (system.to_owned(), oauth.clone());
        let source = Arc::new(Self { system, oauth, client, token: tokio::sync::Mutex::default() });
        sources.insert(key, Arc::clone(&source));
        Ok(source)
    }

    /// A token that is good for a while.
    pub async fn token(&self) -> Result<Secret, SapError> {
        let mut held = self.token.lock().await;
        match &*held {
            Some(token) if token.until.is_none_or(|until| Instant::now() < until) => {
                Ok(token.value.clone())
            }
            _ => self.fetch(&mut held).await,
        }
    }

    /// Another token than the one that SAP refused: what somebody else fetched meanwhile, or a new
    /// one.
    pub async fn instead_of(&self, refused: &Secret) -> Result<Secret, SapError> {
        let mut held = self.token.lock().await;
        match &*held {
            Some(token) if token.value != *refused => Ok(token.value.clone()),
            _ => self.fetch(&mut held).await,
        }
    }

    async fn fetch(&self, held: &mut Option<Token>) -> Result<Secret, SapError> {
        *held = None;
        let refresh = match &self.oauth.grant {
            Grant::ClientCredentials => None,
            Grant::Refresh(place) => Some(place.fetch().map_err(|reason| self.refused(&reason))?),
        };
        let answer = match (self.ask(refresh.as_ref()).await, &self.oauth.grant) {
            // Another process may have used the refresh token up and stored its successor.
            (Err(error), Grant::Refresh(place)) => match place.fetch() {
                Ok(newer) if Some(&newer) != refresh.as_ref() => self.ask(Some(&newer)).await?,
                _ => return Err(error),
            },
            (answer, _) => answer?,
        };
        self.keep_refresh_token(refresh.as_ref(), answer.refresh_token)?;
        let value = answer.access_token;
        let until =
            answer.life.map(|life| Instant::now() + life.saturating_sub(MARGIN.min(life / 10)));
        *held = Some(Token { value: value.clone(), until });
        Ok(value)
    }

    /// A server that rotates gave a new refresh token: the old one is used up.
    fn keep_refresh_token(
        &self,
        old: Option<&Secret>,
        new: Option<Secret>,
    ) -> Result<(), SapError> {
        let (Grant::Refresh(place), Some(new)) = (&self.oauth.grant, new) else { return Ok(()) };
        if Some(&new) == old {
            return Ok(());
        }
        place.store(&new).map_err(|reason| {
            self.refused(&format!(
                "the server gave a new refresh token and it cannot be stored: {reason}. Keep it in \
                 a keyring or in a file (mode 600) in a folder that Carbide may write"
            ))
        })
    }

    async fn ask(&self, refresh: Option<&Secret>) -> Result<Answer, SapError> {
        let oauth = &self.oauth;
        let secret = match &oauth.client_secret {
            Some(place) => Some(place.fetch().map_err(|reason| self.refused(&reason))?),
            None => None,
        };
        let mut form: Vec<(&str, &str)> = match refresh {
            Some(token) => {
                vec![("grant_type", "refresh_token"), ("refresh_token", token.expose())]
            }
            None => vec![("grant_type", "client_credentials")],
        };
        if !oauth.scope.is_empty() {
            form.push(("scope", &oauth.scope));
        }
        let mut request = self
            .client
            .post(&oauth.token_url)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        match &secret {
            Some(secret) if !oauth.secret_in_body => {
                // RFC 6749 section 2.3.1: both are form-encoded before they are joined.
                let pair = format!("{}:{}", encoded(&oauth.client_id), encoded(secret.expose()));
                let value = format!("Basic {}", STANDARD.encode(pair));
                let mut value = HeaderValue::try_from(value)
                    .map_err(|_| self.refused("the client secret is no header value"))?;
                value.set_sensitive(true);
                request = request.header(AUTHORIZATION, value);
            }
            Some(secret) => {
                form.extend([("client_id", &*oauth.client_id), ("client_secret", secret.expose())]);
            }
            None => form.push(("client_id", &oauth.client_id)),
        }
        let sent = request.body(form_text(&form)).send().await;
        let mut response = sent.map_err(|error| self.refused(&http::describe(&error)))?;
        let mut body = Vec::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| self.refused(&http::describe(&error)))?
        {
            body.extend_from_slice(&chunk);
            if body.len() > ANSWER_BYTES_MAX {
                return Err(self.refused("the answer is larger than 1 MiB"));
            }
        }
        let status = response.status();
        let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.unwrap_or("nothing").to_owned();
        let Ok(answer @ Value::Object(_)) = serde_json::from_slice::<Value>(&body) else {
            return Err(self.refused(&format!(
                "it answered with {kind} and status {} instead of JSON: a logon page or a proxy",
                status.as_u16()
            )));
        };
        // A server may repeat what it was sent.
        let sent: Vec<&Secret> = [secret.as_ref(), refresh].into_iter().flatten().collect();
        match self.token_of(&answer) {
            Ok(token) if status.is_success() => Ok(token),
            Ok(_) => Err(self.refused(&format!("status {}", status.as_u16()))),
            Err(reason) => {
                let reason = format!("status {}: {reason}", status.as_u16());
                let without = |text: String, secret: &&Secret| secret.removed_from(&text);
                Err(self.refused(&sent.iter().fold(reason, without)))
            }
        }
    }

    /// The token in an answer, or the server's reason, RFC 6749 section 5.2.
    fn token_of(&self, answer: &Value) -> Result<Answer, String> {
        if !answer["error"].is_null() {
            let said = |value: &Value| match value {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let text =
                format!("{}: {}", said(&answer["error"]), said(&answer["error_description"]));
            let text: String = text.chars().take(200).collect();
            return Err(text.trim_end_matches(": ").to_owned());
        }
        let text =
            |name: &str| answer[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        if text("token_type").is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
            return Err("it gives tokens that are no bearer tokens".to_owned());
        }
        // A number, or with some servers a text. A year is for ever, and no clock overflows.
        let seconds = match &answer["expires_in"] {
            Value::String(text) => text.trim().parse().ok(),
            other => other.as_f64(),
        };
        Ok(Answer {
            access_token: Secret::new(text("access_token").ok_or("there is no token in it")?),
            life: seconds
                .map(|seconds: f64| Duration::from_secs_f64(seconds.clamp(0.0, 31_536_000.0))),
            refresh_token: text("refresh_token").map(Secret::new),
        })
    }

    fn refused(&self, reason: &str) -> SapError {
        SapError::NoToken {
            system: self.system.clone(),
            url: self.oauth.token_url.clone(),
            reason: reason.to_owned(),
        }
    }
}

/// Name and value pairs as a form sends them.
fn form_text(pairs: &[(&str, &str)]) -> String {
    let mut url = Url::parse("form:").expect("an address without anything");
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap_or_default().to_owned()
}

/// One value as a form sends it.
fn encoded(text: &str) -> String {
    form_text(&[("", text)]).trim_start_matches('=').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_encoded_as_a_form_does() {
        assert_eq!(encoded("a b:c"), "a+b%3Ac");
        assert_eq!(form_text(&[("scope", "A B"), ("x", "=")]), "scope=A+B&x=%3D");
    }
}
