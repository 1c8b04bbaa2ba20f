//! How long backups are kept.

use jiff::{SignedDuration, Timestamp};

use crate::post::state::Phase;

/// How long a backup is kept if nothing else is set.
pub const KEEP_DEFAULT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// A shorter time is not accepted.
pub const KEEP_MIN: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A backup outlives the end of its change set by this at least.
const AFTER_END: SignedDuration = SignedDuration::from_hours(24);

/// Why a backup stays, as the end of a sentence; `None` if it may go. `ended` is when the change set
/// came to `phase`.
pub fn reason_to_keep(
    phase: Phase,
    sealed: Timestamp,
    ended: Timestamp,
    now: Timestamp,
    keep: SignedDuration,
) -> Option<String> {
    let keep = keep.max(KEEP_MIN);
    if !phase.is_final() {
        return Some(format!("its change set is {phase}"));
    }
    if ended.duration_until(now) < AFTER_END {
        return Some("its change set ended less than 24 h ago".to_owned());
    }
    let days = keep.as_hours() / 24;
    (sealed.duration_until(now) < keep).then(|| format!("it is younger than {days} days"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(phase: Phase, sealed_days_ago: i64, ended_hours_ago: i64) -> Option<String> {
        let now: Timestamp = "2018-10-01T08:00:00Z".parse().unwrap();
        let sealed = now - SignedDuration::from_hours(24 * sealed_days_ago);
        let ended = now - SignedDuration::from_hours(ended_hours_ago);
        reason_to_keep(phase, sealed, ended, now, SignedDuration::ZERO.max(KEEP_DEFAULT))
    }

    #[test]
    fn a_backup_goes_after_ninety_days_but_never_before_its_change_set_ended_a_day_ago() {
        assert_eq!(kept(Phase::Confirmed, 90, 25), None);
        assert!(kept(Phase::Confirmed, 89, 25).unwrap().contains("90 days"));
        assert!(kept(Phase::Confirmed, 400, 23).unwrap().contains("24 h"));
        assert!(kept(Phase::Held, 400, 9000).unwrap().contains("HELD"));
    }

    #[test]
    fn less_than_a_week_is_not_accepted() {
        let now: Timestamp = "2018-10-01T08:00:00Z".parse().unwrap();
        let days = |days: i64| now - SignedDuration::from_hours(24 * days);
        let kept = |sealed| {
            reason_to_keep(Phase::Confirmed, sealed, days(5), now, SignedDuration::from_hours(1))
        };

        assert!(kept(days(6)).is_some());
        assert_eq!(kept(days(7)), None);
    }
}
