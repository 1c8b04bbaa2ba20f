//! How often a user was refused, so that Carbide never locks it.
//!
//! SAP locks a user after a few wrong passwords (five by default). Until a password has proved good,
//! one request at a time carries it, whichever client sends it and however much is read at once; a
//! refused one is never sent again, and after two refusals nothing is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::auth::Fingerprint;
use super::system::SapSystem;

/// Refusals after which a user is left alone.
const REFUSALS_MAX: u32 = 2;

/// Host, client and user: what SAP counts wrong passwords by.
type User = (String, String, String);

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

/// The logon of one client's user.
#[derive(Clone)]
pub(super) struct Logon {
    tries: Arc<Tries>,
}

/// The password was refused before; it must not be sent.
#[derive(Debug)]
pub(super) struct NotAgain;

/// Leave to send one request. To be held until its answer has a status.
pub(super) struct Leave<'a>(#[expect(dead_code)] Option<tokio::sync::MutexGuard<'a, ()>>);

impl Logon {
    pub fn new(system: &SapSystem, user: &str) -> Self {
        let user = (system.base_url.clone(), system.client.clone(), user.to_owned());
        let mut users = USERS.lock().unwrap_or_else(PoisonError::into_inner);
        Self { tries: Arc::clone(users.entry(user).or_default()) }
    }

    /// Waits until the password may be sent.
    pub async fn leave(&self, password: &Fingerprint) -> Result<Leave<'_>, NotAgain> {
        if self.is_good(password)? {
            return Ok(Leave(None));
        }
        let trial = self.tries.trial.lock().await;
        // Another request may have found out while this one waited.
        Ok(if self.is_good(password)? { Leave(None) } else { Leave(Some(trial)) })
    }

    /// SAP let the user in.
    pub fn accepted(&self, password: &Fingerprint) {
        let mut known = self.known();
        known.good = Some(*password);
        known.refusals = 0;
    }

    /// SAP did not let the user in.
    pub fn refused(&self, password: &Fingerprint) {
        let mut known = self.known();
        known.good = known.good.filter(|good| good != password);
        // Requests that were under way with the same password are the same refusal.
        if known.refused.insert(*password) {
            known.refusals += 1;
        }
    }

    fn is_good(&self, password: &Fingerprint) -> Result<bool, NotAgain> {
        let known = self.known();
        if !known.allows(password) {
            return Err(NotAgain);
        }
        Ok(known.good == Some(*password))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.tries.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logon(host: &str) -> Logon {
        Logon::new(&SapSystem::new("T01", &format!("https://{host}"), "100"), "U")
    }

    #[tokio::test]
    async fn a_refused_password_is_not_sent_again_by_any_client_of_the_user() {
        let (first, wrong) = (logon("one"), [1; 32]);
        drop(first.leave(&wrong).await.unwrap());
        first.refused(&wrong);

        assert!(first.leave(&wrong).await.is_err());
        assert!(logon("one").leave(&wrong).await.is_err());
        assert!(logon("elsewhere").leave(&wrong).await.is_ok());
    }

    #[tokio::test]
    async fn a_second_password_may_be_tried_and_a_third_may_not() {
        logon("two").refused(&[1; 32]);
        assert!(logon("two").leave(&[2; 32]).await.is_ok());

        logon("two").refused(&[2; 32]);

        assert!(logon("two").leave(&[3; 32]).await.is_err());
    }

    #[tokio::test]
    async fn requests_that_were_under_way_with_an_old_password_do_not_bar_the_new_one() {
        let (logon, old, new) = (logon("four"), [1; 32], [2; 32]);
        logon.accepted(&old);

        for _ in 0..4 {
            logon.refused(&old);
        }

        assert!(logon.leave(&new).await.is_ok());
        logon.accepted(&new);
        logon.refused(&old);
        assert!(logon.is_good(&new).unwrap());
    }

    #[tokio::test]
    async fn one_request_tries_a_password_and_a_good_one_is_free_for_all() {
        let (logon, right) = (logon("three"), [1; 32]);
        let trial = logon.leave(&right).await.unwrap();
        let waiting = tokio::spawn({
            let logon = logon.clone();
            async move { logon.leave(&right).await.map(drop) }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());

        logon.accepted(&right);
        drop(trial);

        waiting.await.unwrap().unwrap();
        let (_one, _other) =
            (logon.leave(&right).await.unwrap(), logon.leave(&right).await.unwrap());
    }
}
