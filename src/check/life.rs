//! The life of a finding: open, asked, then corrected, accepted or expired; who decided, what was
//! before and after, and until when. The events are the truth, the state follows from them.

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Decision, Finding, RuleSet};
use crate::quantity::Energy;
use crate::said;
use crate::said::Said;
use crate::words_by_said;

/// Names a finding: 12 hexadecimal digits that follow from rule, subject and time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FindingKey(pub String);

impl FindingKey {
    /// The key of a finding. What it says may change while it grows; what it is about does not.
    pub fn of(finding: &Finding) -> Self {
        let start =
            finding.interval.map_or_else(String::new, |interval| interval.start.to_string());
        // Without a time only the text tells two findings of one subject apart.
        let rest = if finding.interval.is_none() { &*finding.text } else { "" };
        let kind = finding.text.split_once(':').map_or("", |(code, _)| code);
        let kind = if kind.starts_with("METER-") { kind } else { "" };
        let text = format!("{}|{}|{start}|{kind}|{rest}", finding.rule, finding.subject);
        let digest = Sha256::digest(text.as_bytes());
        Self(digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect())
    }
}

impl std::fmt::Display for FindingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

/// Where a finding stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LifeState {
    /// Nobody did anything yet.
    Open,
    /// Somebody was asked.
    Asked,
    /// The right value was entered.
    Corrected,
    /// What was read is right.
    Accepted,
    /// Nobody decided in time; what the rule says for that case follows.
    Expired,
}

/// What happened to a finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Step {
    /// A rule found it.
    Found {
        /// What it says.
        finding: Box<Finding>,
        /// Until when somebody has to decide.
        due: Option<Timestamp>,
        /// What happens if nobody does.
        on_deadline: Option<String>,
    },
    /// Somebody was asked.
    Asked {
        /// Who was asked.
        whom: String,
    },
    /// The reading is right.
    Accepted {
        /// Why.
        why: String,
    },
    /// The right value was entered.
    Corrected {
        /// Energy before, kWh for each interval of the finding.
        before: Vec<(Timestamp, Option<Decimal>)>,
        /// Energy after.
        after: Vec<(Timestamp, Decimal)>,
        /// Why.
        why: String,
    },
    /// The deadline passed.
    Expired {
        /// What follows.
        then: String,
    },
}

/// An event with its time and who caused it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LifeEvent {
    /// When.
    pub at: Timestamp,
    /// Who: a person, or `carbide` for what a rule or a deadline did.
    pub who: String,
    /// What.
    #[serde(flatten)]
    pub step: Step,
}

/// A step that a finding cannot take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct IllegalStep {
    /// Finding.
    pub key: FindingKey,
    /// Where it stands.
    pub state: LifeState,
    /// Since when.
    pub since: Timestamp,
    /// What was wanted.
    pub wanted: &'static str,
}

impl IllegalStep {
    /// What happened, with what it is made of.
    pub fn said(&self) -> Said {
        let Self { key, state, since, wanted } = self;
        said!(
            "finding.illegal",
            "FINDING-STATE: finding {key} is {state} since {since}; it cannot be {wanted}",
            key = key,
            state = state.said(),
            since = since,
            wanted = wanted_said(wanted)
        )
    }
}

words_by_said!(IllegalStep);

impl LifeState {
    /// As people call it.
    pub fn said(self) -> Said {
        match self {
            Self::Open => said!("finding.state.open", "Open"),
            Self::Asked => said!("finding.state.asked", "Asked"),
            Self::Corrected => said!("finding.state.corrected", "Corrected"),
            Self::Accepted => said!("finding.state.accepted", "Accepted"),
            Self::Expired => said!("finding.state.expired", "Expired"),
        }
    }
}

fn wanted_said(step: &str) -> Said {
    match step {
        "asked" => said!("finding.wanted.asked", "asked"),
        "accepted" => said!("finding.wanted.accepted", "accepted"),
        "corrected" => said!("finding.wanted.corrected", "corrected"),
        "expired" => said!("finding.wanted.expired", "expired"),
        _ => said!("finding.wanted.found", "found again"),
    }
}

/// A finding with its life.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tracked {
    /// Key.
    pub key: FindingKey,
    /// What it says.
    pub finding: Finding,
    /// Where it stands.
    pub state: LifeState,
    /// Until when somebody has to decide.
    pub due: Option<Timestamp>,
    /// Everything that happened, oldest first.
    pub events: Vec<LifeEvent>,
}

impl Tracked {
    /// The first event of a finding that was found at `at`.
    pub fn found(finding: Finding, rules: &RuleSet, at: Timestamp) -> LifeEvent {
        let (hours, on_deadline) = rules.deadline(&finding.rule);
        let due = hours.map(|hours| at + SignedDuration::from_hours(i64::from(hours)));
        LifeEvent {
            at,
            who: "carbide".to_owned(),
            step: Step::Found { finding: Box::new(finding), due, on_deadline },
        }
    }

    /// The finding that `events` tell of; `None` if the first does not find it, or one does not
    /// follow from those before.
    pub fn replay(key: FindingKey, events: Vec<LifeEvent>) -> Option<Self> {
        let mut events = events.into_iter();
        let first = events.next()?;
        let Step::Found { finding, due, .. } = first.step.clone() else { return None };
        let state = LifeState::Open;
        let mut tracked = Self { key, finding: *finding, state, due, events: vec![first] };
        for event in events {
            tracked.apply(event).ok()?;
        }
        Some(tracked)
    }

    /// Takes a step. Expired findings can still be corrected or accepted: late is better than never.
    ///
    /// # Errors
    ///
    /// [`IllegalStep`] for a finding that is decided, or found twice.
    pub fn apply(&mut self, event: LifeEvent) -> Result<(), IllegalStep> {
        let decided = !self.waits();
        let (state, wanted, legal) = match &event.step {
            Step::Found { .. } => (LifeState::Open, "found again", false),
            Step::Asked { .. } => (LifeState::Asked, "asked", !decided),
            Step::Accepted { .. } => (LifeState::Accepted, "accepted", !decided),
            Step::Corrected { .. } => (LifeState::Corrected, "corrected", !decided),
            Step::Expired { .. } => {
                let open = matches!(self.state, LifeState::Open | LifeState::Asked);
                (LifeState::Expired, "expired", open)
            }
        };
        if !legal {
            let since = self.events.last().map_or(event.at, |last| last.at);
            return Err(IllegalStep { key: self.key.clone(), state: self.state, since, wanted });
        }
        self.state = state;
        self.events.push(event);
        Ok(())
    }

    /// Whether somebody can still decide.
    pub fn waits(&self) -> bool {
        !matches!(self.state, LifeState::Corrected | LifeState::Accepted)
    }

    /// The event that is due at `now`, if nobody decided in time.
    pub fn overdue(&self, now: Timestamp) -> Option<LifeEvent> {
        let waiting = matches!(self.state, LifeState::Open | LifeState::Asked);
        if !waiting || self.due.is_none_or(|due| now < due) {
            return None;
        }
        let then = self.events.first().and_then(|event| match &event.step {
            Step::Found { on_deadline, .. } => on_deadline.clone(),
            _ => None,
        });
        let step = Step::Expired { then: then.unwrap_or_else(|| "flag for re-audit".to_owned()) };
        Some(LifeEvent { at: now, who: "carbide".to_owned(), step })
    }

    /// What people decided about readings, for the next check of the same meter.
    pub fn decisions(&self, step: SignedDuration) -> Vec<(Timestamp, Decision)> {
        match (self.events.last().map(|event| &event.step), self.finding.interval) {
            (Some(Step::Corrected { after, .. }), _) => after
                .iter()
                .map(|(end, kwh)| (*end, Decision::Corrected(Energy::new(*kwh))))
                .collect(),
            (Some(Step::Accepted { .. }), Some(interval)) => {
                let mut ends = Vec::new();
                let mut end = interval.start + step;
                while end <= interval.end && !step.is_zero() {
                    ends.push((end, Decision::Accepted));
                    end += step;
                }
                ends
            }
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Severity;
    use super::*;
    use crate::period::Interval;

    fn at(hour: i64) -> Timestamp {
        "2018-01-01T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hour)
    }

    fn spike() -> Finding {
        Finding {
            rule: "R8".to_owned(),
            severity: Severity::Hold,
            subject: "M-1".to_owned(),
            interval: Some(Interval { start: at(0), end: at(1) }),
            count: 4,
            text: "the reading is above any of the days around".into(),
            proposal: "".into(),
        }
    }

    fn event(hour: i64, step: Step) -> LifeEvent {
        LifeEvent { at: at(hour), who: "MUELLER".to_owned(), step }
    }

    #[test]
    fn a_finding_is_asked_about_expires_after_its_deadline_and_can_still_be_corrected() {
        let key = FindingKey::of(&spike());
        let found = Tracked::found(spike(), &RuleSet::default(), at(0));
        let mut tracked = Tracked::replay(key.clone(), vec![found]).unwrap();

        tracked.apply(event(1, Step::Asked { whom: "maintenance".to_owned() })).unwrap();
        assert_eq!(tracked.overdue(at(23)), None);
        let expired = tracked.overdue(at(24)).unwrap();
        assert_eq!(expired.step, Step::Expired { then: "tell maintenance".to_owned() });
        tracked.apply(expired).unwrap();
        let after = vec![(at(1), Decimal::from(7))];
        let before = vec![(at(1), Some(Decimal::from(7000)))];
        tracked
            .apply(event(30, Step::Corrected { before, after, why: "read on site".to_owned() }))
            .unwrap();

        assert_eq!(tracked.state, LifeState::Corrected);
        let quarter = SignedDuration::from_mins(15);
        let decided = tracked.decisions(quarter);
        assert_eq!(decided, [(at(1), Decision::Corrected(Energy::new(Decimal::from(7))))]);
        let again = Tracked::replay(key, tracked.events.clone()).unwrap();
        assert_eq!(again, tracked);
    }

    #[test]
    fn what_was_decided_stays_decided() {
        let found = Tracked::found(spike(), &RuleSet::default(), at(0));
        let mut tracked = Tracked::replay(FindingKey::of(&spike()), vec![found]).unwrap();
        tracked.apply(event(1, Step::Accepted { why: "test run".to_owned() })).unwrap();

        let refused = tracked.apply(event(2, Step::Asked { whom: "x".to_owned() })).unwrap_err();

        assert!(
            refused.to_string().contains("is Accepted since 2018-01-01T01:00:00Z"),
            "{refused}"
        );
        assert_eq!(tracked.overdue(at(99)), None);
        let accepted = tracked.decisions(SignedDuration::from_mins(15));
        assert_eq!(accepted.len(), 4);
        assert_eq!(accepted[0], (at(0) + SignedDuration::from_mins(15), Decision::Accepted));
    }
}
