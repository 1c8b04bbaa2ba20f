//! `[sap]` and what stands below it: the system, how it is reached, and as whom.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::post::SystemRole;

/// `[sap]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SapSettings {
    /// System id, as in messages: `P01`.
    pub system: String,
    /// What the system is for.
    pub role: SystemRole,
    /// `https://host:port`; plain http only to this machine.
    pub url: String,
    /// SAP client.
    pub client: String,
    /// Logon language: texts and unit codes depend on it.
    #[serde(default = "english")]
    pub language: String,
    /// Technical user; with OAuth and certificates the name that messages show.
    pub user: String,
    /// Where the password is: `keyring:`, `file:`, `credential:` or `env:`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_from: Option<String>,
    /// PEM file of the only authorities that are believed; the machine's own without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// SHA-256 of the server's public key (SPKI) in base64; several while a key is changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pinned_keys: Vec<String>,
    /// `false` believes any certificate. Only for a sandbox or a test system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_verify: Option<bool>,
    /// Longest wait for one answer.
    #[serde(default = "thirty")]
    pub timeout_seconds: u64,
    /// Services read at the same time.
    #[serde(default = "four")]
    pub parallel_reads: usize,
    /// Function modules go by SOAP over HTTP, or by SAP's NW RFC library.
    #[serde(default)]
    pub rfc: RfcWay,
    /// The NW RFC library and where it connects to; needed with `rfc = "nwrfc"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nwrfc: Option<NwRfcSettings>,
    /// Read tables of settings by `RFC_READ_TABLE` where the companion package is not there. SAP has
    /// not released it for use by others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_rfc_read_table: bool,
    /// How Carbide proves who it is.
    #[serde(default)]
    pub auth: AuthSettings,
    /// The way out of this network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<ProxySettings>,
}

/// How Carbide proves who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// User and password.
    #[default]
    Basic,
    /// Token by client id and secret.
    #[serde(rename = "oauth2_client_credentials")]
    OAuth2ClientCredentials,
    /// Token by refresh token.
    #[serde(rename = "oauth2_refresh")]
    OAuth2Refresh,
    /// Certificate in the TLS handshake.
    ClientCertificate,
    /// Key of the API management only.
    ApiKey,
}

/// `[sap.auth]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthSettings {
    /// Which proof.
    #[serde(default)]
    pub method: AuthMethod,
    /// OAuth: token endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_url: Option<String>,
    /// OAuth: client as it is registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// OAuth: where the client's secret is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret_from: Option<String>,
    /// OAuth: how the secret is sent.
    #[serde(default)]
    pub client_secret_in: SecretIn,
    /// OAuth: where the refresh token is; a server that rotates has the new one written there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token_from: Option<String>,
    /// OAuth: scopes with blanks between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// OAuth: PEM file of the authorities of the token endpoint, if it is on another host than SAP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_ca_file: Option<PathBuf>,
    /// Client certificate: PEM file of the certificate and its chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_file: Option<PathBuf>,
    /// Client certificate: PEM file of the private key, mode 600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// Where the key of the API management is, beside any method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_from: Option<String>,
    /// Header that carries the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_header: Option<String>,
}

/// Where a client's secret stands in the request for a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretIn {
    /// In the Authorization header.
    #[default]
    Header,
    /// In the form.
    Body,
}

/// How function modules are called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RfcWay {
    /// SOAP-RFC over HTTP.
    #[default]
    Soap,
    /// SAP's NW RFC library.
    NwRfc,
}

/// `[sap.nwrfc]`: one of `host`, `message_server` and `websocket_host` says where to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NwRfcSettings {
    /// Absolute path of `libsapnwrfc.so`.
    pub library: PathBuf,
    /// SHA-256 of the only library that is accepted, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Application server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Its instance number, two digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Message server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_server: Option<String>,
    /// Its port or service name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_service: Option<String>,
    /// Logon group of SMLG.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Host for WebSocket RFC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub websocket_host: Option<String>,
    /// Its HTTPS port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub websocket_port: Option<u16>,
    /// PSE with the certificates that WebSocket RFC trusts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_pse: Option<PathBuf>,
    /// SAProuter string.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saprouter: Option<String>,
    /// Name of the application server for SNC, `p:CN=...`: switches SNC on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snc_partner: Option<String>,
    /// Our own SNC name; that of the credentials in SECUDIR without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snc_name: Option<String>,
    /// SAP's cryptographic library; SNC_LIB of the environment without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snc_library: Option<PathBuf>,
    /// Quality of protection: 1 authentication, 2 integrity, 3 privacy, 8 default, 9 maximum; 9
    /// without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snc_quality: Option<u8>,
    /// Most connections at the same time; 4 without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections: Option<usize>,
}

/// `[sap.proxy]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProxySettings {
    /// `http://host:port`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Hosts and domains that are reached straight, with commas between.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub no_proxy: String,
    /// User at the proxy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Where that user's password is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_from: Option<String>,
    /// Take `HTTPS_PROXY` and `NO_PROXY` of the environment instead.
    #[serde(default)]
    pub from_environment: bool,
}

fn english() -> String {
    "EN".to_owned()
}
fn thirty() -> u64 {
    30
}
fn four() -> usize {
    4
}
