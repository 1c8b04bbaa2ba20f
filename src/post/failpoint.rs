//! Named places at which a test can let the process die.
//!
//! `CARBIDE_FAIL=post.after_send:3:abort` aborts the process the third time it comes by. Ignored
//! unless the SAP system is a sandbox.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::settings::SystemRole;

/// The places, in the order in which a change set comes by.
pub const POINTS: &[&str] = &[
    "backup.before_rename",
    "backup.after_rename",
    "journal.after_backup",
    "journal.before_prepared",
    "journal.after_applying",
    "journal.after_intent",
    "post.before_send",
    "post.after_send",
    "journal.after_outcome",
    "journal.after_open",
    "undo.after_rolling_back",
    "undo.after_intent",
    "undo.after_send",
    "undo.after_outcome",
];

/// The crash was simulated: nothing may be recorded or sent any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Crash;

/// Thrown where a process of a simulation ends itself.
#[cfg(test)]
pub(super) struct Died;

/// Called with the kind of a record before it is written, and again once it is durable.
#[cfg(test)]
pub(super) type OnAppend = Box<dyn FnMut(&str, bool)>;

#[cfg(test)]
thread_local! {
    static ON_APPEND: std::cell::RefCell<Option<OnAppend>> = const { std::cell::RefCell::new(None) };
}

/// Lets a test look at every record of this thread.
#[cfg(test)]
pub(super) fn on_append(look: Option<OnAppend>) {
    ON_APPEND.set(look);
}

/// A record is about to be written, or is durable.
pub(super) fn appending(kind: &str, durable: bool) {
    #[cfg(test)]
    if let Some(mut look) = ON_APPEND.take() {
        // What it does may end the process; it is there again for the next one.
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| look(kind, durable)));
        ON_APPEND.set(Some(look));
        if let Err(panic) = ended {
            std::panic::resume_unwind(panic);
        }
    }
    let _ = (kind, durable);
}

/// Ends the process at once; in a test only the simulated one.
pub(super) fn die() -> ! {
    #[cfg(test)]
    std::panic::resume_unwind(Box::new(Died));
    #[cfg(not(test))]
    std::process::abort()
}

/// Where to fail, if anywhere. All documents that are on their way come by the same places.
#[derive(Debug, Default)]
pub(super) struct Failpoints(Mutex<Places>);

#[derive(Debug, Default)]
struct Places {
    /// Name and how many more times to come by.
    abort_at: Option<(String, u32)>,
    /// Crash, for tests within the process, when this many places were passed.
    crash_after: Option<u32>,
}

impl Failpoints {
    /// From the environment, for a sandbox; else none.
    pub fn from_environment(role: SystemRole) -> Self {
        let wanted = std::env::var("CARBIDE_FAIL").ok().filter(|_| role == SystemRole::Sandbox);
        let abort_at = wanted.as_deref().and_then(parse);
        if wanted.is_some() && abort_at.is_none() {
            tracing::warn!(?wanted, points = ?POINTS, "CARBIDE_FAIL names no place; ignored");
        }
        Self(Mutex::new(Places { abort_at, crash_after: None }))
    }

    /// Crashes at the `count`-th place from now, whatever its name.
    #[cfg(test)]
    pub fn crash_after(&self, count: u32) {
        self.places().crash_after = Some(count);
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes a place, unless this is where to die.
    pub fn pass(&self, point: &'static str) -> Result<(), Crash> {
        debug_assert!(POINTS.contains(&point), "{point} is not listed");
        let mut places = self.places();
        if let Some((name, left)) = &mut places.abort_at
            && name == point
        {
            *left -= 1;
            if *left == 0 {
                tracing::error!(point, "dying here as CARBIDE_FAIL asks");
                std::process::abort();
            }
        }
        if let Some(left) = &mut places.crash_after {
            if *left == 0 {
                return Err(Crash);
            }
            *left -= 1;
        }
        Ok(())
    }
}

fn parse(text: &str) -> Option<(String, u32)> {
    let mut parts = text.split(':');
    let (name, count, action) = (parts.next()?, parts.next()?, parts.next()?);
    let known = POINTS.contains(&name) && action == "abort" && parts.next().is_none();
    let count = count.parse().ok().filter(|count| *count > 0)?;
    known.then(|| (name.to_owned(), count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_listed_place_is_understood() {
        let third = parse("post.after_send:3:abort");

        assert_eq!(third, Some(("post.after_send".to_owned(), 3)));
        assert_eq!(parse("post.somewhere:3:abort"), None);
        assert_eq!(parse("post.after_send:0:abort"), None);
    }
}
