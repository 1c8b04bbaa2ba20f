//! Starts a peer on a free port and ends it with the test.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use carbide::sap::interfaces::{Interfaces, Manifest};
use carbide::sap::odata::ODataClient;
use carbide::sap::system::{Credentials, SapSystem};
use carbide::secret::Secret;

/// A running peer.
pub struct Peer {
    process: Child,
    url: String,
}

impl Peer {
    /// Starts `node ARGUMENTS` in the folder of a peer.
    pub fn start(peer: &str, arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        let folder = std::env::var_os("CARBIDE_PEERS").map(PathBuf::from);
        let folder = folder.expect("CARBIDE_PEERS names the peers; make test-peers sets it");
        // For clients of a URL without TLS too; a provider that is there stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut process = Command::new("node")
            .args(arguments)
            .current_dir(folder.join(peer))
            .env("PORT", "0")
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node starts");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let url = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, rest) = line.split_once("listening on { url: '")?;
            Some(rest.split('\'').next()?.to_owned())
        });
        // A full pipe would stop the peer.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, url: url.expect("the peer ended before it listened") }
    }

    /// A client whose manifest is `manifest`.
    pub fn client(&self, manifest: &str) -> ODataClient {
        let system = SapSystem {
            timeout: Duration::from_secs(20),
            interfaces: Interfaces::of(Manifest::parse(manifest).unwrap()),
            ..SapSystem::new("PEER", &self.url, "100")
        };
        let user = Credentials { user: "CARBIDE".to_owned(), password: Secret::new("peer") };
        ODataClient::new(&system, &user).unwrap()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
