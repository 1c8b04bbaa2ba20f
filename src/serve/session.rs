//! Who is logged on, and how often somebody may try.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::person::Role;

/// Somebody who is logged on.
#[derive(Clone, Debug)]
pub struct Session {
    /// Name, as it stands in the journal.
    pub user: String,
    /// What he or she may do.
    pub roles: Vec<Role>,
    /// Goes with each request that changes something.
    pub csrf: String,
    seen: Instant,
}

impl Session {
    /// The same with the roles that a directory gives now.
    #[must_use]
    pub fn with(self, roles: Vec<Role>) -> Self {
        Self { roles, ..self }
    }
}

/// Everybody who is logged on, in memory: a restart asks all to log on again.
pub struct Sessions {
    kept: Mutex<HashMap<String, Session>>,
    idle: Mutex<Duration>,
}

/// A word that cannot be guessed: 256 random bits.
pub fn token() -> String {
    let mut bytes = [0_u8; 32];
    rand::fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Sessions {
    /// Nobody yet; who does nothing for `idle` is logged off.
    pub fn new(idle: Duration) -> Self {
        Self { kept: Mutex::default(), idle: Mutex::new(idle) }
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn idle(&self) -> Duration {
        *self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another time after which somebody is logged off.
    pub fn set_idle(&self, idle: Duration) {
        *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = idle;
    }

    /// Logs somebody on. The key goes into the cookie.
    pub fn open(&self, user: &str, roles: Vec<Role>) -> (String, Session) {
        let session = Session { user: user.to_owned(), roles, csrf: token(), seen: Instant::now() };
        let key = token();
        let idle = self.idle();
        let mut kept = self.kept();
        kept.retain(|_, session| session.seen.elapsed() < idle);
        kept.insert(key.clone(), session.clone());
        (key, session)
    }

    /// Whoever has this key, if he or she was here lately.
    pub fn get(&self, key: &str) -> Option<Session> {
        let idle = self.idle();
        let mut kept = self.kept();
        let session = kept.get_mut(key)?;
        if session.seen.elapsed() >= idle {
            kept.remove(key);
            return None;
        }
        session.seen = Instant::now();
        Some(session.clone())
    }

    /// Logs somebody off.
    pub fn close(&self, key: &str) {
        self.kept().remove(key);
    }
}

/// How often something may be tried in a while.
pub struct Limit {
    most: u32,
    within: Duration,
    tries: Mutex<HashMap<String, (Instant, u32)>>,
}

impl Limit {
    /// At most `most` tries of one name `within` a while.
    pub fn new(most: u32, within: Duration) -> Self {
        Self { most, within, tries: Mutex::default() }
    }

    /// Counts a try.
    ///
    /// # Errors
    ///
    /// After how many seconds it is worth trying again.
    pub fn count(&self, name: &str) -> Result<(), u64> {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.len() > 10_000 {
            tries.retain(|_, (began, _)| began.elapsed() < self.within);
        }
        let (began, count) = tries.entry(name.to_owned()).or_insert((Instant::now(), 0));
        if began.elapsed() >= self.within {
            (*began, *count) = (Instant::now(), 0);
        }
        *count += 1;
        if *count <= self.most {
            return Ok(());
        }
        Err(self.within.saturating_sub(began.elapsed()).as_secs() + 1)
    }

    /// Forgets the tries of a name.
    pub fn forget(&self, name: &str) {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_known_by_its_key_until_it_is_closed_or_idle() {
        let sessions = Sessions::new(Duration::from_secs(60));
        let (key, opened) = sessions.open("anna", vec![Role::Planner]);

        assert_eq!(sessions.get(&key).unwrap().csrf, opened.csrf);
        assert!(sessions.get("guess").is_none());
        sessions.set_idle(Duration::ZERO);
        assert!(sessions.get(&key).is_none());
    }

    #[test]
    fn the_sixth_try_has_to_wait_and_others_do_not() {
        let limit = Limit::new(5, Duration::from_secs(60));

        let tries: Vec<bool> = (0..6).map(|_| limit.count("anna").is_ok()).collect();

        assert_eq!(tries, [true, true, true, true, true, false]);
        assert!(limit.count("ben").is_ok());
        limit.forget("anna");
        assert!(limit.count("anna").is_ok());
    }
}
