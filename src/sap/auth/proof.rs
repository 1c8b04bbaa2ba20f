//! What one request shows, and what is shown instead once it was refused.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest, Sha256};

use super::super::error::SapError;
use super::super::system::SapSystem;
use super::token::TokenSource;
use super::{Access, Method};
use crate::secret::{Secret, SecretPlace};

/// Something secret that can be compared and not read.
pub(in crate::sap) type Fingerprint = [u8; 32];

/// What one request shows.
#[derive(Clone)]
pub(in crate::sap) struct Proof {
    password: Option<Secret>,
    token: Option<Secret>,
    key: Option<Secret>,
}

impl Proof {
    /// The password, in a form that says only whether it is the same. With another key of the API
    /// management it is another: nobody knows which of the two a 401 meant.
    pub fn password(&self) -> Option<Fingerprint> {
        let password = self.password.as_ref()?;
        let key = self.key.as_ref().map_or("", Secret::expose);
        let both =
            Sha256::new().chain_update(password.expose()).chain_update([0]).chain_update(key);
        Some(both.finalize().into())
    }

    fn differs(&self, other: &Self) -> bool {
        self.password != other.password || self.token != other.token || self.key != other.key
    }
}

/// Makes proofs. Clones of a client share one.
pub(in crate::sap) struct Authenticator {
    system: String,
    pub access: Access,
    tokens: Option<Arc<TokenSource>>,
    /// Password and key as they were last fetched.
    fetched: Mutex<Option<(Option<Secret>, Option<Secret>)>>,
}

impl Authenticator {
    pub fn new(system: &SapSystem, access: Access) -> Result<Self, SapError> {
        let tokens = match &access.method {
            Method::OAuth2(oauth) => Some(TokenSource::shared(&system.id, oauth)?),
            _ => None,
        };
        Ok(Self { system: system.id.clone(), access, tokens, fetched: Mutex::default() })
    }

    /// What is shown now.
    pub async fn proof(&self) -> Result<Proof, SapError> {
        let known = self.fetched.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (password, key) = match known {
            Some(known) => known,
            None => self.fetch().await?,
        };
        let token = match &self.tokens {
            Some(tokens) => Some(tokens.token().await?),
            None => None,
        };
        Ok(Proof { password, token, key })
    }

    /// What is shown after `refused` was refused; `None` if there is nothing new to show.
    pub async fn renewed(&self, refused: &Proof) -> Result<Option<Proof>, SapError> {
        let (password, key) = self.fetch().await?;
        let token = match (&self.tokens, &refused.token) {
            (Some(tokens), Some(token)) => Some(tokens.instead_of(token).await?),
            _ => None,
        };
        let proof = Proof { password, token, key };
        Ok(proof.differs(refused).then_some(proof))
    }

    /// Adds a proof to a request.
    pub fn show(&self, proof: &Proof, headers: &mut HeaderMap) -> Result<(), SapError> {
        let mut put = |name: HeaderName, text: String| {
            let mut value = HeaderValue::try_from(text)
                .map_err(|_| self.setup(format!("what {name} shall hold is no header value")))?;
            value.set_sensitive(true);
            headers.insert(name, value);
            Ok(())
        };
        if let Some(password) = &proof.password {
            let pair = STANDARD.encode(format!("{}:{}", self.access.user, password.expose()));
            put(AUTHORIZATION, format!("Basic {pair}"))?;
        }
        if let Some(token) = &proof.token {
            put(AUTHORIZATION, format!("Bearer {}", token.expose()))?;
        }
        if let (Some(api_key), Some(key)) = (&self.access.api_key, &proof.key) {
            let name = HeaderName::try_from(&api_key.header)
                .map_err(|_| self.setup(format!("'{}' is no header name", api_key.header)))?;
            put(name, key.expose().to_owned())?;
        }
        Ok(())
    }

    /// Password and key from their places, which may wait for a keyring.
    async fn fetch(&self) -> Result<(Option<Secret>, Option<Secret>), SapError> {
        let password = match &self.access.method {
            Method::Basic { password } => Some(password.clone()),
            _ => None,
        };
        let key = self.access.api_key.as_ref().map(|api_key| api_key.key.clone());
        let fetched = (self.fetch_from(password).await?, self.fetch_from(key).await?);
        *self.fetched.lock().unwrap_or_else(PoisonError::into_inner) = Some(fetched.clone());
        Ok(fetched)
    }

    async fn fetch_from(&self, place: Option<SecretPlace>) -> Result<Option<Secret>, SapError> {
        let Some(place) = place else { return Ok(None) };
        let fetched = if place.waits() {
            tokio::task::spawn_blocking(move || place.fetch()).await
        } else {
            Ok(place.fetch())
        };
        match fetched {
            Ok(Ok(secret)) => Ok(Some(secret)),
            Ok(Err(reason)) => Err(self.setup(reason)),
            Err(_) => Err(self.setup("reading a secret was interrupted".to_owned())),
        }
    }

    fn setup(&self, reason: String) -> SapError {
        SapError::Setup { system: self.system.clone(), reason }
    }
}
