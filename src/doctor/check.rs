//! One line of the doctor.

use std::time::{Duration, Instant};

use serde::Serialize;

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should be.
    Ok,
    /// It works, and somebody should look at it.
    Warn,
    /// It does not work.
    Fail,
    /// There was nothing to check, or no way to.
    Skipped,
}

/// One line of the doctor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: String,
    /// How it stands.
    pub state: State,
    /// What was found.
    pub text: String,
    /// What to do, with transaction, role or note; empty if nothing is to be done.
    pub advice: String,
    /// How long it took.
    pub seconds: f64,
}

impl Check {
    fn new(name: &str, state: State, text: impl Into<String>, advice: &str) -> Self {
        let (name, advice) = (name.to_owned(), advice.to_owned());
        Self { name, state, text: text.into(), advice, seconds: 0.0 }
    }

    pub(super) fn ok(name: &str, text: impl Into<String>) -> Self {
        Self::new(name, State::Ok, text, "")
    }

    pub(super) fn warn(name: &str, text: impl Into<String>, advice: &str) -> Self {
        Self::new(name, State::Warn, text, advice)
    }

    pub(super) fn fail(name: &str, text: impl Into<String>, advice: &str) -> Self {
        Self::new(name, State::Fail, text, advice)
    }

    pub(super) fn skipped(name: &str, text: impl Into<String>) -> Self {
        Self::new(name, State::Skipped, text, "")
    }

    /// With the time that it took since `began`.
    pub(super) fn since(mut self, began: Instant) -> Self {
        self.seconds = (began.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
        self
    }
}

/// Waits for a check, but not for ever.
pub(super) async fn limited(
    name: &str,
    limit: Duration,
    check: impl Future<Output = Check>,
) -> Check {
    let began = Instant::now();
    let check = tokio::time::timeout(limit, check).await.unwrap_or_else(|_| {
        let text = format!("no answer within {} s", limit.as_secs());
        Check::fail(name, text, "Look at the load of the other side and at the network between")
    });
    check.since(began)
}
