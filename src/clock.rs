//! The one place that asks what time it is.
//!
//! A deadline runs on the time since boot, which no operator and no time server can turn; the wall
//! clock is what people read, and the fallback after a reboot.

use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// One instant on both clocks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// Wall clock, UTC.
    pub wall: Timestamp,
    /// Time since boot, suspension included.
    pub since_boot: SignedDuration,
    /// Which boot `since_boot` counts from. Times of two boots cannot be compared.
    pub boot_id: String,
}

impl Moment {
    /// Makes it another moment; within one boot without an allocation.
    pub fn set(&mut self, wall: Timestamp, since_boot: SignedDuration, boot_id: &str) {
        (self.wall, self.since_boot) = (wall, since_boot);
        if self.boot_id != boot_id {
            boot_id.clone_into(&mut self.boot_id);
        }
    }

    /// The instant `duration` later on both clocks.
    pub fn plus(&self, duration: SignedDuration) -> Self {
        Self {
            wall: self.wall.saturating_add(duration).expect("a span without calendar units"),
            since_boot: self.since_boot.saturating_add(duration),
            boot_id: self.boot_id.clone(),
        }
    }
}

/// A source of time. A value, so that tests can turn it.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Moment;

    /// Returns once `duration` has passed.
    fn sleep(&self, duration: SignedDuration) -> impl Future<Output = ()> + Send;
}

/// The clocks of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl SystemClock {
    /// How coarse `since_boot` is: `/proc/uptime` has hundredths of a second. Whoever starts a
    /// deadline adds this, so that it ends late and never early.
    pub const RESOLUTION: SignedDuration = SignedDuration::from_millis(10);
}

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        let (since_boot, boot_id) = boot_time().unwrap_or_else(process_time);
        Moment { wall: Timestamp::now(), since_boot, boot_id }
    }

    async fn sleep(&self, duration: SignedDuration) {
        let duration = std::time::Duration::try_from(duration).unwrap_or_default();
        tokio::time::sleep(duration).await;
    }
}

/// CLOCK_BOOTTIME as Linux prints it. `None` where there is no such file.
fn boot_time() -> Option<(SignedDuration, String)> {
    let uptime = std::fs::read_to_string("/proc/uptime").ok()?;
    let seconds: f64 = uptime.split_whitespace().next()?.parse().ok()?;
    let boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some((SignedDuration::from_millis((seconds * 1000.0).round() as i64), boot_id.trim().into()))
}

/// Without a boot clock each process is a boot of its own, and a restart falls back to wall time.
fn process_time() -> (SignedDuration, String) {
    static START: OnceLock<(Instant, String)> = OnceLock::new();
    let (start, id) = START
        .get_or_init(|| (Instant::now(), format!("{}-{}", std::process::id(), Timestamp::now())));
    (SignedDuration::try_from(start.elapsed()).unwrap_or_default(), id.clone())
}

/// A clock that stands still until it is turned, for tests and simulations.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<Moment>>);

impl ManualClock {
    /// A clock that shows `wall`, one hour after boot.
    pub fn at(wall: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(Moment {
            wall,
            since_boot: SignedDuration::from_hours(1),
            boot_id: "boot-1".to_owned(),
        })))
    }

    /// Lets `duration` pass on both clocks.
    pub fn advance(&self, duration: SignedDuration) {
        self.change(|moment| *moment = moment.plus(duration));
    }

    /// Changes what the clock shows: a wall clock set back, a reboot.
    pub fn change(&self, change: impl FnOnce(&mut Moment)) {
        change(&mut self.0.lock().expect("no holder of this lock panics"));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Moment {
        self.0.lock().expect("no holder of this lock panics").clone()
    }

    async fn sleep(&self, duration: SignedDuration) {
        self.advance(duration);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_readings_of_one_boot_can_be_compared() {
        let first = SystemClock.now();
        let second = SystemClock.now();

        assert_eq!(first.boot_id, second.boot_id);
        assert!(second.since_boot >= first.since_boot);
    }
}
