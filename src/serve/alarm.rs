//! What waits too long. A change set on its way back, or one whose window is over while SAP cannot be
//! read, is said aloud after one, five and fifteen minutes; one that a person has to decide, as well.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::post::{ChangeSetId, Summary};

/// After how long it is said, and said again.
const AFTER: [SignedDuration; 3] =
    [SignedDuration::from_mins(1), SignedDuration::from_mins(5), SignedDuration::from_mins(15)];

/// What was said already.
#[derive(Debug, Default)]
pub struct Alarms(BTreeMap<ChangeSetId, usize>);

/// A change set that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Its name.
    pub change_set: ChangeSetId,
    /// How it stands.
    pub standing: &'static str,
    /// For how many minutes it has waited.
    pub minutes: i64,
}

impl Alarm {
    /// Writes it to the log.
    pub fn tell(&self) {
        let Self { change_set, standing, minutes } = self;
        tracing::error!(
            %change_set, standing, minutes,
            "JRN-WAITS: it does not come to its end; what is still in SAP: carbide journal show {change_set}"
        );
    }
}

impl Alarms {
    /// What is to be said at `now`: each change set that waits, once for each time that it has waited
    /// for. After a long silence only the longest counts.
    pub fn due<'s>(
        &mut self,
        sets: impl IntoIterator<Item = &'s Summary>,
        now: Timestamp,
    ) -> Vec<Alarm> {
        let waiting = sets.into_iter().filter_map(|set| Some((set, set.waits_since?)));
        let mut said = BTreeMap::new();
        let mut due = Vec::new();
        for (set, since) in waiting {
            let waited = now.duration_since(since);
            let passed = AFTER.iter().filter(|after| waited >= **after).count();
            let before = self.0.get(&set.change_set_id).copied().unwrap_or(0);
            if passed > before {
                due.push(Alarm {
                    change_set: set.change_set_id.clone(),
                    standing: set.standing,
                    minutes: waited.as_mins(),
                });
            }
            // A clock that was set back says nothing twice.
            said.insert(set.change_set_id.clone(), passed.max(before));
        }
        self.0 = said;
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::post::state::Phase;

    fn set(name: usize, waits_since: Option<&str>) -> Summary {
        let begun = "2026-11-26T10:00:00Z".parse().unwrap();
        Summary {
            change_set_id: ChangeSetId::numbered(name),
            phase: Phase::RollingBack,
            standing: "ROLLING_BACK",
            unverified: None,
            waits_since: waits_since.map(|at| at.parse().unwrap()),
            purpose: String::new(),
            purpose_said: Default::default(),
            requested_by: String::new(),
            documents: 1,
            begun,
            opened: None,
            ends: None,
            reason: None,
        }
    }

    fn minutes(alarms: &mut Alarms, sets: &[Summary], at: &str) -> Vec<i64> {
        let at = format!("2026-11-26T{at}Z").parse().unwrap();
        alarms.due(sets, at).iter().map(|alarm| alarm.minutes).collect()
    }

    #[test]
    fn it_is_said_after_one_five_and_fifteen_minutes_once_each() {
        let mut alarms = Alarms::default();
        let sets = [set(1, Some("2026-11-26T10:00:00Z")), set(2, None)];

        assert_eq!(minutes(&mut alarms, &sets, "10:00:59"), [0; 0]);
        assert_eq!(minutes(&mut alarms, &sets, "10:01:00"), [1]);
        assert_eq!(minutes(&mut alarms, &sets, "10:04:59"), [0; 0]);
        assert_eq!(minutes(&mut alarms, &sets, "10:05:01"), [5]);
        assert_eq!(minutes(&mut alarms, &sets, "10:16:00"), [16]);
        assert_eq!(minutes(&mut alarms, &sets, "22:00:00"), [0; 0]);
    }

    #[test]
    fn after_a_restart_the_longest_is_said_once() {
        let mut alarms = Alarms::default();
        let sets = [set(1, Some("2026-11-26T10:00:00Z"))];

        assert_eq!(minutes(&mut alarms, &sets, "11:00:00"), [60]);
        assert_eq!(minutes(&mut alarms, &sets, "11:00:01"), [0; 0]);
    }

    #[test]
    fn what_came_to_its_end_and_waits_again_is_said_anew() {
        let mut alarms = Alarms::default();

        assert_eq!(minutes(&mut alarms, &[set(1, Some("2026-11-26T10:00:00Z"))], "10:02:00"), [2]);
        assert_eq!(minutes(&mut alarms, &[set(1, None)], "10:02:01"), [0; 0]);
        assert_eq!(minutes(&mut alarms, &[set(1, Some("2026-11-26T10:03:00Z"))], "10:04:30"), [1]);
    }

    #[test]
    fn a_clock_that_is_set_back_says_nothing_twice() {
        let mut alarms = Alarms::default();
        let sets = [set(1, Some("2026-11-26T10:00:00Z"))];

        assert_eq!(minutes(&mut alarms, &sets, "10:06:00"), [6]);
        assert_eq!(minutes(&mut alarms, &sets, "10:00:30"), [0; 0]);
        assert_eq!(minutes(&mut alarms, &sets, "10:06:30"), [0; 0]);
    }
}
