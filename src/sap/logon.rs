//! How often a user was refused, so that Carbide never locks it.
//!
//! SAP locks a user after a few wrong passwords (five by default). Until a password has proved good,
//! one request at a time carries it, whichever client sends it and however much is read at once; a
//! refused one is never sent again, and after two refusals nothing is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use super::system::{Credentials, SapSystem};

/// Refusals after which a user is left alone.
const REFUSALS_MAX: u32 = 2;

/// Host, client and user: what SAP counts wrong passwords by.
type User = (String, String, String);

/// A password that can be compared and not read.
type Fingerprint = [u8; 32];

/// Every user of this process; clients of the same user share one entry.
static USERS: Mutex<BTreeMap<User, Arc<Tries>>> = Mutex::new(BTreeMap::new());

#[derive(Default)]
struct Tries {
    /// Held by the one request that tries a password.
    trial: tokio::sync::Mutex<()>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    good: Option<Fingerprint>,
    refused: BTreeSet<Fingerprint>,
    refusals: u32,
}

impl Known {
    fn allows(&self, password: &Fingerprint) -> bool {
        self.refusals < REFUSALS_MAX && !self.refused.contains(password)
    }
}

/// The logon of one client: a user with a password.
#[derive(Clone)]
pub(super) struct Logon {
    tries: Arc<Tries>,
    password: Fingerprint,
}

/// The password was refused before; it must not be sent.
#[derive(Debug)]
pub(super) struct NotAgain;

/// Leave to send one request. To be held until its answer has a status.
pub(super) struct Leave<'a>(#[expect(dead_code)] Option<tokio::sync::MutexGuard<'a, ()>>);

impl Logon {
    pub fn new(system: &SapSystem, credentials: &Credentials) -> Self {
        let user = (system.base_url.clone(), system.client.clone(), credentials.user.clone());
        let mut users = USERS.lock().unwrap_or_else(PoisonError::into_inner);
        let tries = Arc::clone(users.entry(user).or_default());
        Self { tries, password: Sha256::digest(credentials.password.expose()).into() }
    }

    /// Waits until the password may be sent.
    pub async fn leave(&self) -> Result<Leave<'_>, NotAgain> {
        if self.is_good()? {
            return Ok(Leave(None));
        }
        let trial = self.tries.trial.lock().await;
        // Another request may have found out while this one waited.
        Ok(if self.is_good()? { Leave(None) } else { Leave(Some(trial)) })
    }

    /// SAP let the user in.
    pub fn accepted(&self) {
        let mut known = self.known();
        known.good = Some(self.password);
        known.refusals = 0;
    }

    /// SAP did not let the user in.
    pub fn refused(&self) {
        let mut known = self.known();
        known.good = None;
        known.refusals += 1;
        known.refused.insert(self.password);
    }

    fn is_good(&self) -> Result<bool, NotAgain> {
        let known = self.known();
        if !known.allows(&self.password) {
            return Err(NotAgain);
        }
        Ok(known.good == Some(self.password))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.tries.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn logon(host: &str, password: &str) -> Logon {
        let system = SapSystem {
            id: "T01".to_owned(),
            base_url: format!("https://{host}"),
            client: "100".to_owned(),
            language: "EN".to_owned(),
            ca_file: None,
            timeout: std::time::Duration::from_secs(1),
        };
        let credentials = Credentials { user: "U".into(), password: Secret::new(password) };
        Logon::new(&system, &credentials)
    }

    #[tokio::test]
    async fn a_refused_password_is_not_sent_again_by_any_client_of_the_user() {
        let first = logon("one", "wrong");
        drop(first.leave().await.unwrap());
        first.refused();

        assert!(first.leave().await.is_err());
        assert!(logon("one", "wrong").leave().await.is_err());
        assert!(logon("elsewhere", "wrong").leave().await.is_ok());
    }

    #[tokio::test]
    async fn a_second_password_may_be_tried_and_a_third_may_not() {
        logon("two", "a").refused();
        assert!(logon("two", "b").leave().await.is_ok());

        logon("two", "b").refused();

        assert!(logon("two", "c").leave().await.is_err());
    }

    #[tokio::test]
    async fn one_request_tries_a_password_and_a_good_one_is_free_for_all() {
        let logon = logon("three", "right");
        let trial = logon.leave().await.unwrap();
        let waiting = tokio::spawn({
            let logon = logon.clone();
            async move { logon.leave().await.map(drop) }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());

        logon.accepted();
        drop(trial);

        waiting.await.unwrap().unwrap();
        let (_one, _other) = (logon.leave().await.unwrap(), logon.leave().await.unwrap());
    }
}
