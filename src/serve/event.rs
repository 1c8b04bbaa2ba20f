//! What happens, told to every open page as it happens; a page that lost the stream catches up.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::broadcast;

/// Events that are kept for pages that come back.
const KEPT: usize = 2_000;

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its number, rising by one.
    pub number: u64,
    /// `job`, `view`, `change_set`, `request` or `server`.
    pub kind: &'static str,
    /// What a page shows of it.
    pub data: Value,
}

/// All that happened lately, and those who listen.
pub struct Events {
    kept: Mutex<(u64, VecDeque<Event>)>,
    listeners: broadcast::Sender<Event>,
}

impl Default for Events {
    fn default() -> Self {
        Self { kept: Mutex::default(), listeners: broadcast::channel(KEPT).0 }
    }
}

impl Events {
    /// Tells everybody.
    pub fn tell(&self, kind: &'static str, data: Value) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.0 += 1;
        let event = Event { number: kept.0, kind, data };
        kept.1.push_back(event.clone());
        if kept.1.len() > KEPT {
            kept.1.pop_front();
        }
        // Nobody listens: nothing is lost, it is kept.
        let _ = self.listeners.send(event);
    }

    /// What happened after event `last`, and a way to hear what happens from now on. `None` in front
    /// if more happened than is kept: the page has to read everything anew.
    pub fn since(&self, last: Option<u64>) -> (Option<Vec<Event>>, broadcast::Receiver<Event>) {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let receiver = self.listeners.subscribe();
        let Some(last) = last else { return (Some(Vec::new()), receiver) };
        let oldest = kept.1.front().map_or(kept.0 + 1, |event| event.number);
        // A number from before a restart of the server is of another row of events.
        if last + 1 < oldest || last > kept.0 {
            return (None, receiver);
        }
        (Some(kept.1.iter().filter(|event| event.number > last).cloned().collect()), receiver)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(events: &Events, last: Option<u64>) -> Option<Vec<u64>> {
        events.since(last).0.map(|all| all.iter().map(|event| event.number).collect())
    }

    #[test]
    fn a_page_that_comes_back_is_told_what_it_missed_and_nothing_twice() {
        let events = Events::default();
        for _ in 0..5 {
            events.tell("job", Value::Null);
        }

        assert_eq!(numbers(&events, Some(3)), Some(vec![4, 5]));
        assert_eq!(numbers(&events, Some(5)), Some(vec![]));
        assert_eq!(numbers(&events, None), Some(vec![]));
    }

    #[test]
    fn a_page_that_missed_more_than_is_kept_is_told_to_read_anew() {
        let events = Events::default();
        for _ in 0..KEPT + 10 {
            events.tell("job", Value::Null);
        }

        assert_eq!(numbers(&events, Some(5)), None);
        assert_eq!(numbers(&events, Some(10)).map(|all| all.len()), Some(KEPT));
    }

    #[test]
    fn a_page_from_before_a_restart_is_told_to_read_anew() {
        let events = Events::default();
        events.tell("job", Value::Null);

        assert_eq!(numbers(&events, Some(77)), None);
    }
}
