//! Logon by the directory of the house: OpenID Connect Core 1.0, authorization code flow, with PKCE
//! (RFC 7636), state and nonce.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http;
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType,
    CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
    CoreProviderMetadata, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AccessTokenHash, AdditionalClaims, AsyncHttpClient, AuthorizationCode, Client, ClientId,
    ClientSecret, CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    HttpRequest, HttpResponse, IdTokenFields, IssuerUrl, Nonce, OAuth2TokenResponse,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, StandardErrorResponse,
    StandardTokenResponse, TokenResponse,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::person::Role;
use super::problem::Problem;
use super::session::token;
use crate::config::Config;
use crate::config::oidc::OidcLogon;
use crate::config::secrets::SecretSource;
use crate::said::Said;

/// How long somebody may take at the directory.
const PATIENCE: Duration = Duration::from_secs(600);

/// Logons under way that are kept: more is somebody's flood, and the oldest go.
const UNDER_WAY_MAX: usize = 1_000;

/// How long one answer of the directory may take.
const ANSWER: Duration = Duration::from_secs(20);

/// Longest answer of the directory.
const ANSWER_MAX: usize = 1 << 20;

/// Where the directory sends people back to.
pub const BACK: &str = "/api/v1/session/oidc/back";

/// Every claim that OpenID Connect does not name itself: roles and groups.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct OtherClaims {
    #[serde(flatten)]
    all: Map<String, Value>,
}

impl AdditionalClaims for OtherClaims {}

type Tokens = StandardTokenResponse<
    IdTokenFields<
        OtherClaims,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

type Directory = Client<
    OtherClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

struct UnderWay {
    nonce: Nonce,
    verifier: PkceCodeVerifier,
    browser: String,
    begun: Instant,
}

/// Logons that went to the directory and have not come back.
#[derive(Default)]
pub struct Logons {
    by_state: Mutex<HashMap<String, UnderWay>>,
}

/// Where a browser goes to log on, and what it has to bring back.
pub struct Departure {
    /// Address at the directory.
    pub to: String,
    /// Word for the cookie that ties the way back to this browser.
    pub browser: String,
}

/// Whom the directory named.
#[derive(Debug, PartialEq)]
pub struct Arrival {
    /// Name, as it will stand in the journal.
    pub user: String,
    /// Roles; at least one.
    pub roles: Vec<Role>,
}

impl Logons {
    /// Begins a logon.
    ///
    /// # Errors
    ///
    /// [`Problem`] `OIDC` if the directory cannot be asked.
    pub async fn begin(&self, config: &Config, base: &str) -> Result<Departure, Problem> {
        let settings = settings(config)?;
        let client = directory(config, settings, base).await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let request = client.authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        );
        let scopes = settings.scopes.iter().cloned().map(Scope::new);
        let (to, state, nonce) = request.add_scopes(scopes).set_pkce_challenge(challenge).url();
        let browser = token();
        let begun = Instant::now();
        let mut by_state = self.by_state.lock().unwrap_or_else(PoisonError::into_inner);
        by_state.retain(|_, logon| logon.begun.elapsed() < PATIENCE);
        if by_state.len() >= UNDER_WAY_MAX {
            let oldest = by_state.iter().min_by_key(|(_, logon)| logon.begun);
            if let Some(oldest) = oldest.map(|(state, _)| state.clone()) {
                by_state.remove(&oldest);
            }
        }
        let logon = UnderWay { nonce, verifier, browser: browser.clone(), begun };
        by_state.insert(state.into_secret(), logon);
        Ok(Departure { to: to.to_string(), browser })
    }

    /// Ends a logon: exchanges the code, checks signature, issuer, audience, times and nonce of the id
    /// token, and takes user and roles from its claims.
    ///
    /// # Errors
    ///
    /// [`Problem`] `OIDC` if this browser did not begin it or the directory's answer does not hold,
    /// `ROLE` if the directory gives somebody no role of ours.
    pub async fn end(
        &self,
        config: &Config,
        base: &str,
        state: &str,
        browser: Option<&str>,
        code: String,
    ) -> Result<Arrival, Problem> {
        let known = {
            let mut by_state = self.by_state.lock().unwrap_or_else(PoisonError::into_inner);
            by_state.remove(state)
        };
        let known = known
            .filter(|logon| logon.begun.elapsed() < PATIENCE)
            .filter(|logon| browser == Some(logon.browser.as_str()))
            .ok_or_else(|| {
                refused("this browser began no such logon, or it took too long: log on again")
            })?;
        let settings = settings(config)?;
        let client = directory(config, settings, base).await?;
        let http = Http::new(config, settings)?;
        let tokens = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| refused(format!("the directory names no token endpoint: {error}")))?
            .set_pkce_verifier(known.verifier)
            .request_async(&http)
            .await
            .map_err(|error| refused(format!("the directory gives no token: {}", chain(&error))))?;
        let id_token =
            tokens.id_token().ok_or_else(|| refused("the directory gives no id token"))?;
        let verifier = client.id_token_verifier();
        let wrong = |error: &dyn std::error::Error| {
            refused(format!("the id token does not hold: {}", chain(error)))
        };
        let claims = id_token.claims(&verifier, &known.nonce).map_err(|error| wrong(&error))?;
        if let Some(expected) = claims.access_token_hash() {
            let algorithm = id_token.signing_alg().map_err(|error| wrong(&error))?;
            let key = id_token.signing_key(&verifier).map_err(|error| wrong(&error))?;
            let found = AccessTokenHash::from_token(tokens.access_token(), algorithm, key)
                .map_err(|error| wrong(&error))?;
            if found != *expected {
                return Err(refused("the access token is not the one of the id token"));
            }
        }
        let claims =
            serde_json::to_value(claims).map_err(|error| Problem::internal(error.to_string()))?;
        arrival(&claims, settings)
    }
}

fn settings(config: &Config) -> Result<&OidcLogon, Problem> {
    let settings = config.settings.serve.oidc.as_ref();
    settings.ok_or_else(|| Problem::not_found("no directory is set up (serve.oidc)"))
}

/// User and roles of the claims.
fn arrival(claims: &Value, settings: &OidcLogon) -> Result<Arrival, Problem> {
    let user = claims.get(&settings.user_claim).and_then(Value::as_str).map(str::trim);
    let user = user.filter(|user| !user.is_empty()).ok_or_else(|| {
        refused(format!(
            "the id token has no claim {} (serve.oidc.user_claim): the directory has to put it there",
            settings.user_claim
        ))
    })?;
    let words: Vec<&str> = match claims.get(&settings.roles_claim) {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(text)) => text.split([',', ' ']).collect(),
        _ => Vec::new(),
    };
    let mut roles: Vec<Role> = words.into_iter().filter_map(Role::named).collect();
    roles.sort_unstable();
    roles.dedup();
    if roles.is_empty() {
        return Err(Problem::new(
            http::StatusCode::FORBIDDEN,
            "ROLE",
            format!(
                "{user} has no role here: the claim {} (serve.oidc.roles_claim) names none of viewer, \
                 auditor, planner, finance, admin, with or without carbide- before it",
                settings.roles_claim
            ),
        ));
    }
    Ok(Arrival { user: user.to_owned(), roles })
}

/// What the directory says of itself, asked anew each time: its keys change without notice.
async fn directory(
    config: &Config,
    settings: &OidcLogon,
    base: &str,
) -> Result<Directory, Problem> {
    let issuer = IssuerUrl::new(settings.issuer.clone())
        .map_err(|error| refused(format!("serve.oidc.issuer: {error}")))?;
    let http = Http::new(config, settings)?;
    let metadata = CoreProviderMetadata::discover_async(issuer, &http).await.map_err(|error| {
        let (issuer, why) = (&settings.issuer, chain(&error));
        let text = format!(
            "{issuer} cannot be asked: {why}. Nobody was logged on; see whether serve.oidc.issuer is right \
             and this machine reaches it. A local user can log on all the same"
        );
        Problem::new(http::StatusCode::BAD_GATEWAY, "OIDC", text)
    })?;
    let secret = match &settings.client_secret_from {
        Some(from) => Some(client_secret(config, from).await?),
        None => None,
    };
    let back = RedirectUrl::new(format!("{base}{BACK}"))
        .map_err(|error| refused(format!("serve.public_url: {error}")))?;
    let id = ClientId::new(settings.client_id.clone());
    Ok(Client::from_provider_metadata(metadata, id, secret).set_redirect_uri(back))
}

async fn client_secret(config: &Config, from: &str) -> Result<ClientSecret, Problem> {
    let key = "serve.oidc.client_secret_from";
    let source = SecretSource::parse(key, from, &config.base)
        .map_err(|error| refused(format!("{key}: {error}")))?;
    // A file or a keyring may wait.
    let fetched = tokio::task::spawn_blocking(move || source.fetch()).await;
    let secret = fetched
        .map_err(|error| Problem::internal(error.to_string()))?
        .map_err(|error| refused(format!("{key}: {error}")))?;
    Ok(ClientSecret::new(secret.expose().to_owned()))
}

/// The way to the directory: no redirect is followed, no answer is longer than it may be.
struct Http(reqwest::Client);

#[derive(Debug, thiserror::Error)]
enum HttpError {
    #[error(transparent)]
    Sent(#[from] reqwest::Error),
    #[error("the answer is longer than {ANSWER_MAX} bytes")]
    Long,
    #[error(transparent)]
    Form(#[from] http::Error),
}

impl Http {
    fn new(config: &Config, settings: &OidcLogon) -> Result<Self, Problem> {
        // The provider has to be there before the first TLS connection is thought of.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder =
            reqwest::Client::builder().timeout(ANSWER).redirect(reqwest::redirect::Policy::none());
        if let Some(file) = &settings.ca_file {
            let file = config.path(file);
            let wrong = |reason: String| {
                refused(format!("serve.oidc.ca_file {}: {reason}", file.display()))
            };
            let pem = std::fs::read(&file).map_err(|error| wrong(error.to_string()))?;
            let authorities = reqwest::Certificate::from_pem_bundle(&pem)
                .map_err(|error| wrong(error.to_string()))?;
            builder = builder.tls_certs_only(authorities);
        }
        let client = builder.build().map_err(|error| Problem::internal(error.to_string()))?;
        Ok(Self(client))
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + Sync + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let mut answer = self.0.execute(request.try_into()?).await?;
            let mut response = http::Response::builder().status(answer.status());
            for (name, value) in answer.headers() {
                response = response.header(name, value);
            }
            let mut body = Vec::new();
            while let Some(chunk) = answer.chunk().await? {
                if body.len() + chunk.len() > ANSWER_MAX {
                    return Err(HttpError::Long);
                }
                body.extend_from_slice(&chunk);
            }
            Ok(response.body(body)?)
        })
    }
}

fn refused(text: impl Into<Said>) -> Problem {
    Problem::new(http::StatusCode::UNAUTHORIZED, "OIDC", text)
}

/// An error with what lies behind it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut behind = error.source();
    while let Some(error) = behind {
        text.push_str(": ");
        text.push_str(&error.to_string());
        behind = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings() -> OidcLogon {
        toml::from_str("issuer = 'https://id.example.com'\nclient_id = 'carbide'").unwrap()
    }

    #[test]
    fn a_claim_of_groups_gives_the_roles_and_what_is_no_role_of_ours_gives_none() {
        let claims = json!({
            "preferred_username": "anna", "roles": ["carbide-planner", "vpn", "Finance"]
        });

        let arrival = arrival(&claims, &settings()).unwrap();

        assert_eq!(arrival.user, "anna");
        assert_eq!(arrival.roles, [Role::Planner, Role::Finance]);
    }

    #[test]
    fn who_has_no_role_or_no_name_does_not_come_in() {
        let nobody = json!({ "preferred_username": "anna", "roles": ["vpn"] });
        let nameless = json!({ "sub": "8f3", "roles": "planner,viewer" });

        assert_eq!(arrival(&nobody, &settings()).unwrap_err().code, "ROLE");
        let problem = arrival(&nameless, &settings()).unwrap_err();
        assert_eq!(problem.code, "OIDC");
        assert!(problem.detail.contains("preferred_username"), "{}", problem.detail);
    }
}
