//! The two minutes in which everything can be taken back. They end late, never early.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::clock::{Moment, SystemClock};

/// How long a change set can be taken back, counted from its last verified document. Half-open:
/// 119.999 s is in time, 120 s is not.
pub const WINDOW: SignedDuration = SignedDuration::from_secs(120);

/// What is left at least after a restart within the window.
pub const WINDOW_MIN_AFTER_RESTART: SignedDuration = SignedDuration::from_secs(30);

/// A wall clock that went on for longer than this between two boots is not believed.
const WALL_JUMP_MAX: SignedDuration = SignedDuration::from_hours(24);

/// When a window ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowEnd {
    /// The end on both clocks of the boot in which it was set.
    pub at: Moment,
    /// When it was set.
    pub set: Timestamp,
}

/// How a window stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// So much is left.
    InTime(SignedDuration),
    /// It is over.
    Over,
    /// The machine was booted since, and its wall clock cannot be believed.
    ClockSuspect,
}

impl WindowEnd {
    /// The end of a window of `length` that starts now.
    pub fn after(now: &Moment, length: SignedDuration) -> Self {
        Self { at: now.plus(length + SystemClock::RESOLUTION), set: now.wall }
    }

    /// How the window stands `now`. Within one boot the time since boot decides, so that turning
    /// the wall clock changes nothing.
    pub fn standing(&self, now: &Moment) -> Standing {
        let left = if now.boot_id == self.at.boot_id {
            self.at.since_boot - now.since_boot
        } else {
            let passed = self.set.duration_until(now.wall);
            if passed.is_negative() || passed > WALL_JUMP_MAX {
                return Standing::ClockSuspect;
            }
            // The wall clock may have been turned before the reboot; that this boot runs for so long
            // is certain. What it says last counts.
            let length = self.set.duration_until(self.at.wall);
            now.wall.duration_until(self.at.wall).max(length - now.since_boot)
        };
        if left.is_positive() { Standing::InTime(left) } else { Standing::Over }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, ManualClock};
    use proptest::prelude::*;

    fn opened() -> (ManualClock, WindowEnd) {
        let clock = ManualClock::at("2018-10-01T08:00:00Z".parse().unwrap());
        let mut end = WindowEnd::after(&clock.now(), WINDOW);
        end.at.since_boot -= SystemClock::RESOLUTION;
        (clock, end)
    }

    #[test]
    fn it_is_open_for_two_minutes_and_not_a_moment_longer() {
        let (clock, end) = opened();

        clock.advance(SignedDuration::from_millis(119_999));
        assert_eq!(end.standing(&clock.now()), Standing::InTime(SignedDuration::from_millis(1)));

        clock.advance(SignedDuration::from_millis(1));
        assert_eq!(end.standing(&clock.now()), Standing::Over);
    }

    #[test]
    fn a_wall_clock_set_forward_does_not_close_it() {
        let (clock, end) = opened();

        clock.change(|now| now.wall = "2018-10-01T09:00:00Z".parse().unwrap());

        assert_eq!(end.standing(&clock.now()), Standing::InTime(WINDOW));
    }

    #[test]
    fn after_a_reboot_a_clock_that_went_back_is_not_believed() {
        let (clock, end) = opened();

        clock.change(|now| {
            now.boot_id = "boot-2".to_owned();
            now.wall = "2018-10-01T07:59:59Z".parse().unwrap();
        });

        assert_eq!(end.standing(&clock.now()), Standing::ClockSuspect);
    }

    #[test]
    fn a_clock_set_forward_before_a_reboot_does_not_close_it() {
        let (clock, end) = opened();

        clock.change(|now| {
            now.boot_id = "boot-2".to_owned();
            now.wall = "2018-10-01T09:00:00Z".parse().unwrap();
            now.since_boot = SignedDuration::from_secs(20);
        });

        let Standing::InTime(left) = end.standing(&clock.now()) else { panic!("it is closed") };
        assert_eq!(left.as_secs(), 100);
    }

    proptest! {
        #[test]
        fn it_never_closes_early_whatever_the_wall_clock_does(
            passed_ms in 0i64..300_000, wall_s in -100_000i64..100_000,
        ) {
            let clock = ManualClock::at("2018-10-01T08:00:00Z".parse().unwrap());
            let end = WindowEnd::after(&clock.now(), WINDOW);
            clock.advance(SignedDuration::from_millis(passed_ms));
            clock.change(|now| now.wall += SignedDuration::from_secs(wall_s));

            if end.standing(&clock.now()) == Standing::Over {
                prop_assert!(passed_ms >= 120_000);
            }
        }
    }
}
