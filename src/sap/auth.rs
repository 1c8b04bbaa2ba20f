//! How Carbide proves to SAP who it is: password, OAuth 2.0, client certificate, API key.
//!
//! A proof that was refused is renewed at most once: a password or key is fetched again from its
//! place, a token from its server. If the place has nothing new, nothing is sent again.

mod identity;

mod proof;

mod token;

use std::path::PathBuf;
use std::time::Duration;

pub(super) use identity::identity;
pub(super) use proof::{Authenticator, Fingerprint, Proof};

use super::system::{Credentials, Trust};
use crate::secret::SecretPlace;

/// A technical user with everything that proves it.
#[derive(Clone, Debug)]
pub struct Access {
    /// User name in SAP; with OAuth and certificates for messages only.
    pub user: String,
    /// What is shown.
    pub method: Method,
    /// Key of an API management in front of SAP, beside the method.
    pub api_key: Option<ApiKey>,
}

/// What is shown to SAP.
#[derive(Clone, Debug)]
pub enum Method {
    /// User and password.
    Basic {
        /// Where the password is.
        password: SecretPlace,
    },
    /// A token of an OAuth 2.0 server.
    OAuth2(Box<OAuth2>),
    /// A certificate of our own in the TLS handshake (mutual TLS).
    ClientCertificate(ClientCertificate),
    /// Nothing but the key of the API management.
    ApiKey,
}

/// Where tokens come from (RFC 6749).
#[derive(Clone, Debug)]
pub struct OAuth2 {
    /// Token endpoint; its host may be another than SAP's.
    pub token_url: String,
    /// Client as it is registered in SOAUTH2 or the communication arrangement.
    pub client_id: String,
    /// Where the client's secret is.
    pub client_secret: Option<SecretPlace>,
    /// Scopes with blanks between; empty asks for the default.
    pub scope: String,
    /// Which grant.
    pub grant: Grant,
    /// Whether client and secret stand in the body instead of the Authorization header.
    pub secret_in_body: bool,
    /// Which certificate the token endpoint must show.
    pub trust: Trust,
    /// Longest wait for a token.
    pub timeout: Duration,
}

/// What a token is given for.
#[derive(Clone, Debug)]
pub enum Grant {
    /// RFC 6749 section 4.4.
    ClientCredentials,
    /// RFC 6749 section 6. A server that rotates the refresh token has the new one stored here.
    Refresh(SecretPlace),
}

/// A certificate and its key, PEM.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    /// Certificate, then the authorities between it and the root.
    pub certificate_file: PathBuf,
    /// Private key, readable by its owner only.
    pub key_file: PathBuf,
}

/// A header with a key.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// Name of the header: `APIKey` unless the API management says otherwise.
    pub header: String,
    /// Where the key is.
    pub key: SecretPlace,
}

impl From<&Credentials> for Access {
    fn from(credentials: &Credentials) -> Self {
        let password = SecretPlace::fixed(credentials.password.clone());
        Self { user: credentials.user.clone(), method: Method::Basic { password }, api_key: None }
    }
}

impl From<&Access> for Access {
    fn from(access: &Access) -> Self {
        access.clone()
    }
}
