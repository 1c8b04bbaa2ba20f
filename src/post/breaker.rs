//! A circuit breaker for one SAP system: while SAP leaves requests unanswered, nothing new is begun there.
//!
//! It is pure: whoever calls SAP tells what came of it and when, and asks for leave before the next write.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::SignedDuration;

/// Requests without a definite answer within [`SPAN`] that open it.
const FAILURES_MAX: usize = 5;

/// How far back it looks.
const SPAN: SignedDuration = SignedDuration::from_secs(60);

/// The 95th percentile of the times to an answer above which it opens.
const SLOW: SignedDuration = SignedDuration::from_secs(20);

/// Answers from which on a percentile is one.
const ANSWERS_MIN: usize = 10;

/// For how long it stays open before one probe.
const PAUSE: SignedDuration = SignedDuration::from_secs(30);

/// Whether SAP may be asked for something new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leave {
    /// It may.
    Go,
    /// Not for so long, and why.
    Wait(SignedDuration, String),
    /// Whoever gets this reads something of SAP and says what came of it.
    Probe,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Position {
    #[default]
    Closed,
    /// Until then, on the clock since the machine was booted.
    Open(SignedDuration),
    /// Somebody probes since then.
    Probing(SignedDuration),
}

/// The breaker of one system. All times are those since the machine was booted.
#[derive(Debug, Default)]
pub struct Breaker {
    position: Position,
    /// When requests ended, how long they took, and whether the answer was none.
    seen: VecDeque<(SignedDuration, SignedDuration, bool)>,
    why: String,
    openings: u64,
}

impl Breaker {
    /// Takes in that a request ended at `now`, which took so long, and whether nobody knows what came of
    /// it. Why the breaker opened, if it did by this.
    pub fn saw(
        &mut self,
        now: SignedDuration,
        took: SignedDuration,
        indefinite: bool,
    ) -> Option<String> {
        self.seen.push_back((now, took, indefinite));
        while self.seen.front().is_some_and(|(at, ..)| now - *at > SPAN) {
            self.seen.pop_front();
        }
        if self.position != Position::Closed {
            return None;
        }
        let failures = self.seen.iter().filter(|(.., indefinite)| *indefinite).count();
        let slow = self.percentile_95().filter(|time| *time > SLOW);
        let why = match slow {
            _ if failures >= FAILURES_MAX => {
                format!("{failures} requests within {SPAN:#} got no definite answer")
            }
            Some(time) => format!("of 100 answers within {SPAN:#} five took longer than {time:#}"),
            None => return None,
        };
        self.open(now, why.clone());
        Some(why)
    }

    /// Leave for something new at `now`.
    pub fn ask(&mut self, now: SignedDuration) -> Leave {
        match self.position {
            Position::Closed => Leave::Go,
            Position::Open(until) if now < until => Leave::Wait(until - now, self.why.clone()),
            // Whoever probed may have died.
            Position::Probing(since) if now - since < PAUSE => {
                Leave::Wait(SignedDuration::from_secs(1), self.why.clone())
            }
            Position::Open(_) | Position::Probing(_) => {
                self.position = Position::Probing(now);
                Leave::Probe
            }
        }
    }

    /// Takes in what a probe found: closes, or stays open for as long again.
    pub fn probed(&mut self, now: SignedDuration, took: SignedDuration, answered: bool) {
        if answered && took <= SLOW {
            self.position = Position::Closed;
            self.seen.clear();
        } else {
            self.position = Position::Open(now + PAUSE);
        }
    }

    /// Whether it is open, or waits for a probe.
    pub fn is_open(&self) -> bool {
        self.position != Position::Closed
    }

    /// How often it opened.
    pub fn openings(&self) -> u64 {
        self.openings
    }

    fn open(&mut self, now: SignedDuration, why: String) {
        self.position = Position::Open(now + PAUSE);
        self.why = why;
        self.openings += 1;
    }

    /// By the nearest rank; `None` of too few.
    fn percentile_95(&self) -> Option<SignedDuration> {
        let mut times: Vec<SignedDuration> = self.seen.iter().map(|(_, took, _)| *took).collect();
        if times.len() < ANSWERS_MIN {
            return None;
        }
        times.sort_unstable();
        times.get((times.len() * 95).div_ceil(100) - 1).copied()
    }
}

/// A breaker that several share.
#[derive(Clone, Debug, Default)]
pub struct SharedBreaker(Arc<Mutex<Breaker>>);

/// The breakers of this process by system and client.
static SYSTEMS: Mutex<BTreeMap<String, SharedBreaker>> = Mutex::new(BTreeMap::new());

impl SharedBreaker {
    /// The one of a system and client, the same for everybody in this process.
    pub fn of_system(domain: &str) -> Self {
        let mut systems = SYSTEMS.lock().unwrap_or_else(PoisonError::into_inner);
        systems.entry(domain.to_owned()).or_default().clone()
    }

    /// Those of this process: system and client, whether it is open, how often it opened.
    pub fn all() -> Vec<(String, bool, u64)> {
        let systems = SYSTEMS.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = |(domain, breaker): (&String, &Self)| {
            let breaker = breaker.lock();
            (domain.clone(), breaker.is_open(), breaker.openings())
        };
        systems.iter().map(shown).collect()
    }

    /// For a moment: it is never held while SAP is asked.
    pub fn lock(&self) -> MutexGuard<'_, Breaker> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: i64) -> SignedDuration {
        SignedDuration::from_secs(seconds)
    }

    fn failed(at: &[i64]) -> Breaker {
        let mut breaker = Breaker::default();
        for at in at {
            breaker.saw(s(*at), s(1), true);
        }
        breaker
    }

    #[test]
    fn five_failures_within_a_minute_open_it_for_half_a_minute() {
        let mut breaker = failed(&[0, 10, 20, 30, 40]);

        assert!(matches!(breaker.ask(s(69)), Leave::Wait(left, why)
            if left == s(1) && why.starts_with("5 requests")));
        assert_eq!(breaker.ask(s(70)), Leave::Probe);
        assert!(matches!(breaker.ask(s(71)), Leave::Wait(..)), "one probe only");
        breaker.probed(s(71), s(1), true);
        assert_eq!((breaker.ask(s(71)), breaker.openings()), (Leave::Go, 1));
    }

    #[test]
    fn failures_that_lie_further_apart_do_not() {
        assert!(!failed(&[0, 20, 40, 60, 81]).is_open());
        assert!(!failed(&[0, 1, 2, 3]).is_open());
    }

    #[test]
    fn a_probe_that_fails_or_is_slow_leaves_it_open() {
        for (took, answered) in [(s(1), false), (s(21), true)] {
            let mut breaker = failed(&[0, 0, 0, 0, 0]);
            assert_eq!(breaker.ask(s(30)), Leave::Probe);

            breaker.probed(s(40), took, answered);

            assert_eq!(breaker.ask(s(69)), Leave::Wait(s(1), breaker.why.clone()));
            assert_eq!(breaker.ask(s(70)), Leave::Probe);
        }
    }

    #[test]
    fn a_probe_that_never_ends_is_made_again_by_another() {
        let mut breaker = failed(&[0, 0, 0, 0, 0]);
        assert_eq!(breaker.ask(s(30)), Leave::Probe);

        assert_eq!(breaker.ask(s(60)), Leave::Probe);
    }

    #[test]
    fn a_sap_that_answers_slowly_opens_it_and_one_slow_answer_does_not() {
        let mut breaker = Breaker::default();
        assert_eq!(breaker.saw(s(1), s(25), false), None);
        for at in 2..10 {
            assert_eq!(breaker.saw(s(at), s(25), false), None, "{at}");
        }

        assert!(breaker.saw(s(10), s(25), false).unwrap().contains("five took longer than 25s"));

        let mut quick = Breaker::default();
        for at in 0..40 {
            let took = if at % 40 == 7 { s(25) } else { s(1) };
            assert_eq!(quick.saw(s(at), took, false), None);
        }
    }
}
