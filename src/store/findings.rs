//! Findings and what people decided on them: events that are only added to.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use rusqlite::params;

use super::{Store, StoreError};
use crate::check::{Decisions, Finding, FindingKey, LifeEvent, RuleSet, Severity, Tracked};

pub(super) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS finding_event (
    finding TEXT NOT NULL,
    number INTEGER NOT NULL CHECK (number >= 0),
    at_ms INTEGER NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (finding, number)
) STRICT;
CREATE TRIGGER IF NOT EXISTS finding_event_is_final BEFORE UPDATE ON finding_event
    BEGIN SELECT RAISE(ABORT, 'what happened to a finding is never changed'); END;
CREATE TRIGGER IF NOT EXISTS finding_event_stays BEFORE DELETE ON finding_event
    BEGIN SELECT RAISE(ABORT, 'what happened to a finding is never deleted'); END;
";

impl Store {
    /// Every finding that was ever tracked, oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`], or [`StoreError::Corrupt`] if the events of one are no life.
    pub fn findings(&self) -> Result<Vec<Tracked>, StoreError> {
        let rows = self.run(|connection| {
            let mut statement = connection
                .prepare("SELECT finding, content FROM finding_event ORDER BY finding, number")?;
            let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
            statement.query_map([], row)?.collect::<Result<Vec<(String, String)>, _>>()
        })?;
        let mut events: BTreeMap<String, Vec<LifeEvent>> = BTreeMap::new();
        let corrupt =
            |key: &str| StoreError::Corrupt { path: self.path.clone(), key: key.to_owned() };
        for (key, content) in rows {
            let event = serde_json::from_str(&content).map_err(|_| corrupt(&key))?;
            events.entry(key).or_default().push(event);
        }
        let replayed = events.into_iter().map(|(key, events)| {
            Tracked::replay(FindingKey(key.clone()), events).ok_or_else(|| corrupt(&key))
        });
        let mut findings = replayed.collect::<Result<Vec<_>, _>>()?;
        findings.sort_by_key(|tracked| tracked.events.first().map(|event| event.at));
        Ok(findings)
    }

    /// Keeps the last event of each of these findings, or of none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`], also if somebody else decided about one in between.
    pub fn keep_findings(&self, findings: &[Tracked]) -> Result<(), StoreError> {
        self.run(|connection| {
            let all_or_none = connection.unchecked_transaction()?;
            for tracked in findings {
                let Some(event) = tracked.events.last() else { continue };
                let content = serde_json::to_string(event).expect("events have text keys only");
                let number = tracked.events.len() - 1;
                all_or_none.execute(
                    "INSERT INTO finding_event (finding, number, at_ms, content) VALUES (?1, ?2, ?3, ?4)",
                    params![tracked.key.0, number as i64, event.at.as_millisecond(), content],
                )?;
            }
            all_or_none.commit()
        })
    }

    /// Tracks what the rules found: what is new is opened, what nobody decided in time expires.
    ///
    /// # Errors
    ///
    /// As [`Store::findings`].
    pub fn track(
        &self,
        findings: &[Finding],
        rules: &RuleSet,
        now: Timestamp,
    ) -> Result<Vec<Tracked>, StoreError> {
        let mut tracked = self.findings()?;
        for finding in findings.iter().filter(|finding| finding.severity > Severity::Notice) {
            let key = FindingKey::of(finding);
            if tracked.iter().any(|known| known.key == key) {
                continue;
            }
            let found = Tracked::found(finding.clone(), rules, now);
            if let Some(new) = Tracked::replay(key, vec![found]) {
                self.keep_findings(std::slice::from_ref(&new))?;
                tracked.push(new);
            }
        }
        for known in &mut tracked {
            if let Some(expired) = known.overdue(now)
                && known.apply(expired).is_ok()
            {
                self.keep_findings(std::slice::from_ref(known))?;
            }
        }
        Ok(tracked)
    }

    /// What people decided about readings, by meter.
    ///
    /// # Errors
    ///
    /// As [`Store::findings`].
    pub fn decisions(
        &self,
        step: SignedDuration,
    ) -> Result<BTreeMap<String, Decisions>, StoreError> {
        let mut decided: BTreeMap<String, Decisions> = BTreeMap::new();
        for tracked in self.findings()? {
            let decisions = tracked.decisions(step);
            if !decisions.is_empty() {
                decided.entry(tracked.finding.subject.clone()).or_default().extend(decisions);
            }
        }
        Ok(decided)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{LifeState, Step};
    use crate::period::Interval;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(1_514_764_800 + 3600 * hour).unwrap()
    }

    fn spike() -> Finding {
        Finding {
            rule: "R8".to_owned(),
            severity: Severity::Hold,
            subject: "M-1".to_owned(),
            interval: Some(Interval { start: at(0), end: at(1) }),
            count: 4,
            text: "above".into(),
            proposal: "".into(),
        }
    }

    #[test]
    fn a_finding_is_opened_once_expires_and_its_decision_reaches_the_next_check() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let rules = RuleSet::default();
        let quarter = SignedDuration::from_mins(15);

        assert_eq!(store.track(&[spike()], &rules, at(2)).unwrap()[0].state, LifeState::Open);
        assert_eq!(store.track(&[spike()], &rules, at(3)).unwrap().len(), 1);
        assert!(store.decisions(quarter).unwrap().is_empty());
        let mut expired = store.track(&[], &rules, at(2 + 24)).unwrap().remove(0);
        assert_eq!(expired.state, LifeState::Expired);

        let step = Step::Accepted { why: "test run of the furnace".to_owned() };
        expired.apply(LifeEvent { at: at(30), who: "MUELLER".to_owned(), step }).unwrap();
        store.keep_findings(std::slice::from_ref(&expired)).unwrap();
        // Somebody who decides on what he saw before is refused.
        assert!(store.keep_findings(std::slice::from_ref(&expired)).is_err());

        let decided = store.decisions(quarter).unwrap();
        assert_eq!(decided["M-1"].len(), 4);
        assert_eq!(store.findings().unwrap()[0].events.len(), 3);
    }

    #[test]
    fn what_happened_is_never_changed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        store.track(&[spike()], &RuleSet::default(), at(2)).unwrap();

        for change in ["UPDATE finding_event SET at_ms = 0", "DELETE FROM finding_event"] {
            let refused = store.run(|connection| connection.execute(change, []));
            assert!(refused.unwrap_err().to_string().contains("never"), "{change}");
        }
    }
}
