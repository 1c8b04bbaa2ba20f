//! `[serve.oidc]`: the directory of the house says who comes.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::sensible::protected;

/// Logon by OpenID Connect, authorization code flow with PKCE.
///
/// The redirect address to register at the directory is `serve.public_url` (or the address that is
/// listened at, on this machine) followed by `/api/v1/session/oidc/back`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcLogon {
    /// The issuer, below which `/.well-known/openid-configuration` is found.
    pub issuer: String,
    /// What the directory calls this installation.
    pub client_id: String,
    /// Where the client's secret is; without it the client is a public one, and PKCE alone protects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret_from: Option<String>,
    /// What the page calls the directory.
    #[serde(default = "name")]
    pub name: String,
    /// Claim whose text stands in the journal.
    #[serde(default = "user_claim")]
    pub user_claim: String,
    /// Claim with roles or groups: a list of texts, or one with commas.
    #[serde(default = "roles_claim")]
    pub roles_claim: String,
    /// Scopes that are asked for besides `openid`.
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
    /// Authorities that sign the directory's certificate, instead of those of this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

fn name() -> String {
    "OpenID Connect".to_owned()
}

fn user_claim() -> String {
    "preferred_username".to_owned()
}

fn roles_claim() -> String {
    "roles".to_owned()
}

fn scopes() -> Vec<String> {
    vec!["profile".to_owned()]
}

impl OidcLogon {
    /// The key that makes no sense, and why.
    pub(super) fn sensible(&self) -> Result<(), (&'static str, String)> {
        if cfg!(not(feature = "oidc")) {
            let reason = "this carbide was built without the feature oidc".to_owned();
            return Err(("serve.oidc", reason));
        }
        protected("serve.oidc.issuer", &self.issuer)?;
        if self.client_id.is_empty() {
            return Err(("serve.oidc.client_id", "it is empty".to_owned()));
        }
        Ok(())
    }
}
