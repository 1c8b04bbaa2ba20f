//! Which SAP system, and as whom.

use std::path::PathBuf;
use std::time::Duration;

use crate::secret::Secret;

/// An SAP system and client.
#[derive(Clone, Debug)]
pub struct SapSystem {
    /// System id, for messages.
    pub id: String,
    /// `https://host:port`, without a path.
    pub base_url: String,
    /// SAP client, three digits.
    pub client: String,
    /// Logon language.
    pub language: String,
    /// PEM file of the certificate authority, if it is not a public one.
    pub ca_file: Option<PathBuf>,
    /// Longest wait for one answer.
    pub timeout: Duration,
}

/// A technical user.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// User name.
    pub user: String,
    /// Password.
    pub password: Secret,
}
