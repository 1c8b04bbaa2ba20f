//! Which SAP system, reached how.

use std::path::PathBuf;
use std::time::Duration;

use super::carrier::Network;
use super::interfaces::Interfaces;
use crate::secret::{Secret, SecretPlace};

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
    /// Longest wait for one answer.
    pub timeout: Duration,
    /// Which servers are believed to be SAP.
    pub trust: Trust,
    /// The way out of this network.
    pub proxy: Proxy,
    /// What carries requests there.
    pub network: Network,
    /// What may be touched in SAP, and where it is recorded.
    pub interfaces: Interfaces,
}

impl SapSystem {
    /// A system with the authorities of this machine, no proxy, English, and the shipped manifest.
    pub fn new(id: &str, base_url: &str, client: &str) -> Self {
        Self {
            id: id.to_owned(),
            base_url: base_url.to_owned(),
            client: client.to_owned(),
            language: "EN".to_owned(),
            timeout: Duration::from_secs(30),
            trust: Trust::default(),
            proxy: Proxy::None,
            network: Network::default(),
            interfaces: Interfaces::shipped(),
        }
    }
}

/// Which certificate a server must show.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// PEM file of the only authorities that are believed; the machine's own ones without it.
    pub ca_file: Option<PathBuf>,
    /// SHA-256 of the server's public key (SPKI), base64: any of these, on top of the authority.
    pub pinned_keys: Vec<String>,
    /// Certificates are not verified. Never with a productive system.
    pub unverified: bool,
}

/// The way out of this network.
#[derive(Clone, Debug, Default)]
pub enum Proxy {
    /// Straight.
    #[default]
    None,
    /// `HTTPS_PROXY` and `NO_PROXY` as the environment has them.
    Environment,
    /// One proxy.
    At {
        /// `http://host:port`
        url: String,
        /// Hosts and domains that are reached straight, with commas between.
        no_proxy: String,
        /// User and place of the password, if the proxy wants them.
        credentials: Option<(String, SecretPlace)>,
    },
}

/// A technical user.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// User name.
    pub user: String,
    /// Password.
    pub password: Secret,
}
