//! The states of a change set and its items, and every way from one to the next.
//!
//! [`step`] is the whole machine. Posting, undoing and loading a journal all go through it, so an
//! illegal history cannot be written and cannot be loaded. It is pure: what has to be done next
//! comes out as [`Effect`]s.

use serde::{Deserialize, Serialize};

/// State of a change set: what is posted, and taken back, together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Phase {
    /// Made, nothing checked yet.
    Draft,
    /// Checked against SAP; nothing sent.
    Prepared,
    /// Not sent, and it never will be.
    Refused,
    /// Being sent.
    Applying,
    /// All in SAP and read back; the window is open.
    Open,
    /// The window has closed; no automatic way back.
    Confirmed,
    /// Being taken back.
    RollingBack,
    /// Taken back, and SAP was asked.
    RolledBack,
    /// Taken back except for what others have changed, which was left alone.
    RolledBackConflicts,
    /// A person has to decide.
    Held,
}

impl Phase {
    /// Whether nothing further happens by itself.
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Refused | Self::Confirmed | Self::RolledBack | Self::RolledBackConflicts
        )
    }

    /// The name as it is stored and printed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "DRAFT",
            Self::Prepared => "PREPARED",
            Self::Refused => "REFUSED",
            Self::Applying => "APPLYING",
            Self::Open => "OPEN",
            Self::Confirmed => "CONFIRMED",
            Self::RollingBack => "ROLLING_BACK",
            Self::RolledBack => "ROLLED_BACK",
            Self::RolledBackConflicts => "ROLLED_BACK_CONFLICTS",
            Self::Held => "HELD",
        }
    }
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// State of one document of a change set. "In doubt" is no state: it is an intent without outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ItemState {
    /// Nothing was sent.
    New,
    /// The n-th attempt may have been sent.
    Intent(u32),
    /// In SAP, and read back.
    Done,
    /// SAP refused it, for certain.
    Rejected,
    /// Sent, and for certain not in SAP.
    Absent,
    /// A person has to look: the n-th attempt left something that is not ours to judge.
    Held(u32),
    /// The n-th attempt to take it back may have been sent.
    CompIntent(u32),
    /// Taken back, and read back.
    CompDone,
    /// Changed by somebody else since: left alone.
    Conflict,
    /// A person has to look: SAP refused the n-th attempt to take it back.
    CompHeld(u32),
}

impl ItemState {
    /// Whether an effect of ours may still be in SAP, or arrive there.
    const fn has_effect(&self) -> bool {
        matches!(*self, Self::Intent(_) | Self::Done | Self::CompIntent(_))
    }

    const fn is_held(self) -> bool {
        matches!(self, Self::Held(_) | Self::CompHeld(_))
    }
}

/// What a person decided about a change set on hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Take it back; items on hold are tried again.
    RollBack,
    /// Let it stand as it is.
    Accept,
}

/// Result of an attempt to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    /// In SAP, read back.
    Done,
    /// Refused for certain.
    Rejected,
    /// For certain not there.
    Absent,
    /// Not ours to judge.
    Held,
}

/// Result of an attempt to take back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Undoing {
    /// Gone, or reversed; read back.
    Undone,
    /// Changed by somebody else; left alone.
    Conflict,
    /// SAP refuses; a person is needed.
    Held,
}

/// Something that happened to a change set: the essence of one journal record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// Space for its whole life is reserved; it has so many items.
    SpaceReserved(usize),
    /// What SAP held is encrypted on the disk, and was read back.
    BackupSealed,
    /// Checked; before-images are sealed.
    Prepared,
    /// Checked, by a version that sealed nothing. Only found in a journal, never written.
    PreparedUnsealed,
    /// It will not be sent.
    Refused,
    /// Sending begins.
    Applying,
    /// Item, attempt: the next thing is to send it.
    ItemIntent(usize, u32),
    /// Item: what became of it.
    ItemOutcome(usize, Outcome),
    /// The window opens.
    Open,
    /// The window was given a later end after a restart.
    WindowExtended,
    /// The window has closed.
    Confirmed,
    /// Taking back begins.
    RollingBack,
    /// Item, attempt: the next thing is to take it back.
    CompIntent(usize, u32),
    /// Item: what became of taking it back.
    CompOutcome(usize, Undoing),
    /// Everything is taken back.
    RolledBack,
    /// Everything is taken back except for conflicts.
    RolledBackConflicts,
    /// A person has to decide.
    Held,
    /// A person has decided.
    Decided(Decision),
}

/// What has to happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Record an intent for this attempt to write the item.
    Write(usize, u32),
    /// The intent is durable: send now.
    Send(usize),
    /// Ask SAP what became of the item.
    Resolve(usize),
    /// All items are in SAP: open the window.
    OpenWindow,
    /// Something went wrong: take everything back.
    RollBack,
    /// Record an intent for this attempt to take the item back.
    Compensate(usize, u32),
    /// The intent is durable: take it back now.
    SendCompensation(usize),
    /// Nothing of ours is left to take back: record how it ended.
    Close(Phase),
}

/// An event that cannot happen in this state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{event:?} cannot follow: the change set is {phase}{items}")]
pub struct IllegalEvent {
    /// What was to happen.
    pub event: Event,
    /// State of the change set.
    pub phase: Phase,
    /// State of the item concerned, if one is.
    pub items: String,
}

/// Where a change set stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// State of the whole.
    pub phase: Phase,
    /// Whether a backup was sealed: without one nothing is prepared.
    pub sealed: bool,
    /// State of each item, in the order in which they are sent.
    pub items: Vec<ItemState>,
    /// Group of each item, never falling. Items of one group do not depend on each other and can be
    /// on their way at the same time; a group begins once the one before it is done, and is taken back
    /// before it. Without groups each item is one of its own.
    pub groups: Vec<u8>,
    /// Items before it are done, as long as sending goes on: so a journal of many rows is not searched
    /// from the start for each.
    first_open: usize,
    /// Items from it on have no effect in SAP; as long as sending goes on they are new.
    effect_end: usize,
}

/// Attempts to write one item before the change set is taken back.
pub const ATTEMPTS_MAX: u32 = 2;

/// Items of a group that can be on their way at the same time: SAP keeps its work processes for people.
pub const UNDER_WAY_MAX: usize = 8;

impl State {
    /// A change set of which nothing is recorded.
    pub const fn new() -> Self {
        Self {
            phase: Phase::Draft,
            sealed: false,
            items: Vec::new(),
            groups: Vec::new(),
            first_open: 0,
            effect_end: 0,
        }
    }

    /// Whether two items are of one group.
    fn together(&self, one: usize, other: usize) -> bool {
        one == other
            || self.groups.len() == self.items.len() && self.groups[one] == self.groups[other]
    }

    /// What is due, for a change set as it was found in the journal: an intent without outcome may
    /// have been sent or not, so SAP has to be asked first. All of it can be done at the same time.
    pub fn due(&self) -> Vec<Effect> {
        match self.phase {
            Phase::Applying => self.due_forward(),
            Phase::RollingBack => self.due_backward(),
            _ => Vec::new(),
        }
    }

    fn due_forward(&self) -> Vec<Effect> {
        use ItemState::{Done, Intent, New};
        if !self.items.iter().all(|item| matches!(item, New | Intent(_) | Done)) {
            return vec![Effect::RollBack];
        }
        let Some(first) = self.items.iter().position(|item| *item != Done) else {
            return vec![Effect::OpenWindow];
        };
        let group = (first..self.items.len()).take_while(|item| self.together(first, *item));
        let under_way = self.items.iter().filter(|item| matches!(item, Intent(_))).count();
        let mut free = UNDER_WAY_MAX.saturating_sub(under_way);
        let mut due = Vec::new();
        for item in group {
            match self.items[item] {
                Intent(_) => due.push(Effect::Resolve(item)),
                New if free > 0 => {
                    free -= 1;
                    due.push(Effect::Write(item, 1));
                }
                _ => {}
            }
        }
        due
    }

    /// Whether [`due`](Self::due) has this effect for an item. Asked for each row of a journal, so no
    /// list is made of what is due for the others.
    fn is_due(&self, effect: Effect) -> bool {
        use ItemState::{CompIntent, Done, Intent, New};
        match (self.phase, effect) {
            (Phase::Applying, Effect::Write(item, _) | Effect::Resolve(item)) => {
                let first = self.first_open;
                if item < first || item >= self.items.len() || !self.together(first, item) {
                    return false;
                }
                let begun = &self.items[first..self.effect_end.max(first)];
                if !begun.iter().all(|of| matches!(of, New | Intent(_) | Done)) {
                    return false;
                }
                match (self.items[item], effect) {
                    (Intent(_), Effect::Resolve(_)) => true,
                    (New, Effect::Write(_, 1)) => {
                        let under_way = begun.iter().filter(|of| matches!(of, Intent(_)));
                        let before = self.items[first..item].iter().filter(|of| **of == New);
                        under_way.count() + before.count() < UNDER_WAY_MAX
                    }
                    _ => false,
                }
            }
            (Phase::RollingBack, Effect::Compensate(item, attempt)) => {
                let last = self.items[..self.effect_end].iter().rposition(ItemState::has_effect);
                last.is_some_and(|last| item <= last && self.together(last, item))
                    && match self.items[item] {
                        Done => attempt == 1,
                        CompIntent(before) => attempt == before + 1,
                        _ => false,
                    }
            }
            _ => self.due().contains(&effect),
        }
    }

    /// Passes over the items at either end for which nothing is due any more.
    fn narrow(&mut self) {
        match self.phase {
            Phase::Applying => {
                let open = &self.items[self.first_open..];
                self.first_open += open.iter().take_while(|of| **of == ItemState::Done).count();
            }
            _ => {
                let over = self.items[..self.effect_end].iter().rev();
                self.effect_end -= over.take_while(|of| !of.has_effect()).count();
            }
        }
    }

    /// Group after group in the reverse of the order in which they were sent.
    fn due_backward(&self) -> Vec<Effect> {
        let Some(last) = self.items.iter().rposition(ItemState::has_effect) else {
            return vec![Effect::Close(if self.items.iter().any(|item| item.is_held()) {
                Phase::Held
            } else if self.items.contains(&ItemState::Conflict) {
                Phase::RolledBackConflicts
            } else {
                Phase::RolledBack
            })];
        };
        let group = (0..=last).rev().take_while(|item| self.together(last, *item));
        let due = group.filter_map(|item| match self.items[item] {
            ItemState::Intent(_) => Some(Effect::Resolve(item)),
            ItemState::Done => Some(Effect::Compensate(item, 1)),
            ItemState::CompIntent(attempt) => Some(Effect::Compensate(item, attempt + 1)),
            _ => None,
        });
        due.collect()
    }
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}

/// What `event` makes of `state`, and what is due then.
///
/// # Errors
///
/// [`IllegalEvent`] if it cannot happen there. The state is unchanged then.
pub fn step(state: &State, event: Event) -> Result<(State, Vec<Effect>), IllegalEvent> {
    let mut next = state.clone();
    let sent = taken(&mut next, event)?;
    let effects = sent.map_or_else(|| next.due(), |effect| vec![effect]);
    Ok((next, effects))
}

/// Makes of `state` what [`step`] makes of it, without asking what is due then: for the many events of
/// a journal that is read.
///
/// # Errors
///
/// As [`step`]. The state is unchanged then.
pub fn follow(state: &mut State, event: Event) -> Result<(), IllegalEvent> {
    taken(state, event).map(|_| ())
}

fn taken(state: &mut State, event: Event) -> Result<Option<Effect>, IllegalEvent> {
    apply(state, event).ok_or_else(|| IllegalEvent {
        event,
        phase: state.phase,
        items: concerned(state, event),
    })
}

fn concerned(state: &State, event: Event) -> String {
    match event {
        Event::ItemIntent(item, _)
        | Event::ItemOutcome(item, _)
        | Event::CompIntent(item, _)
        | Event::CompOutcome(item, _) => match state.items.get(item) {
            Some(of_item) => format!(", item {item} is {of_item:?}"),
            None => format!(" and has no item {item}"),
        },
        _ => String::new(),
    }
}

/// Changes `state`, or `None` and no change if the event is illegal. `Some(Some(effect))` names the one
/// effect that only a fresh intent has.
fn apply(state: &mut State, event: Event) -> Option<Option<Effect>> {
    use ItemState as I;
    use Phase as P;
    match (state.phase, event) {
        (P::Draft, Event::SpaceReserved(items)) if state.items.is_empty() && items > 0 => {
            state.items = vec![I::New; items];
        }
        (P::Draft, Event::BackupSealed) if !state.items.is_empty() && !state.sealed => {
            state.sealed = true;
        }
        (P::Draft, Event::Prepared) if state.sealed => state.phase = P::Prepared,
        (P::Draft, Event::PreparedUnsealed) if !state.items.is_empty() => state.phase = P::Prepared,
        (P::Draft | P::Prepared, Event::Refused) => state.phase = P::Refused,
        (P::Prepared, Event::Applying) => state.phase = P::Applying,
        (P::Applying, Event::ItemIntent(item, attempt)) => {
            // A second attempt, after SAP was asked and does not have the first.
            let again = state.is_due(Effect::Resolve(item))
                && state.items[item] == I::Intent(attempt.checked_sub(1)?)
                && attempt <= ATTEMPTS_MAX;
            if !again && !state.is_due(Effect::Write(item, attempt)) {
                return None;
            }
            state.items[item] = I::Intent(attempt);
            state.effect_end = state.effect_end.max(item + 1);
            return Some(Some(Effect::Send(item)));
        }
        (P::Applying | P::RollingBack, Event::ItemOutcome(item, outcome)) => {
            let I::Intent(attempt) = *state.items.get(item)? else { return None };
            state.items[item] = match outcome {
                Outcome::Done => I::Done,
                Outcome::Rejected => I::Rejected,
                Outcome::Absent => I::Absent,
                Outcome::Held => I::Held(attempt),
            };
            state.narrow();
        }
        (P::Applying, Event::Open) if state.due() == [Effect::OpenWindow] => state.phase = P::Open,
        (P::Open, Event::WindowExtended) => {}
        (P::Open, Event::Confirmed) => state.phase = P::Confirmed,
        (P::Applying | P::Open, Event::RollingBack) => state.phase = P::RollingBack,
        (P::RollingBack, Event::CompIntent(item, attempt))
            if state.is_due(Effect::Compensate(item, attempt)) =>
        {
            state.items[item] = I::CompIntent(attempt);
            return Some(Some(Effect::SendCompensation(item)));
        }
        (P::RollingBack, Event::CompOutcome(item, undoing)) => {
            let I::CompIntent(attempt) = *state.items.get(item)? else { return None };
            state.items[item] = match undoing {
                Undoing::Undone => I::CompDone,
                Undoing::Conflict => I::Conflict,
                Undoing::Held => I::CompHeld(attempt),
            };
            state.narrow();
        }
        (P::RollingBack, Event::RolledBack) if state.due() == [Effect::Close(P::RolledBack)] => {
            state.phase = P::RolledBack;
        }
        (P::RollingBack, Event::RolledBackConflicts)
            if state.due() == [Effect::Close(P::RolledBackConflicts)] =>
        {
            state.phase = P::RolledBackConflicts;
        }
        (P::Applying | P::Open | P::RollingBack, Event::Held) => state.phase = P::Held,
        (P::Held, Event::Decided(Decision::RollBack)) => {
            state.phase = P::RollingBack;
            state.effect_end = state.items.len();
            for item in &mut state.items {
                match *item {
                    I::Held(attempt) => *item = I::Intent(attempt),
                    I::CompHeld(attempt) => *item = I::CompIntent(attempt),
                    _ => {}
                }
            }
        }
        (P::Held, Event::Decided(Decision::Accept))
            if !state.items.iter().any(|item| item.has_effect() && *item != I::Done) =>
        {
            state.phase = P::Confirmed;
        }
        _ => return None,
    }
    Some(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn after(events: &[Event]) -> Result<State, IllegalEvent> {
        events.iter().try_fold(State::new(), |state, event| Ok(step(&state, *event)?.0))
    }

    const BEGUN: [Event; 4] =
        [Event::SpaceReserved(2), Event::BackupSealed, Event::Prepared, Event::Applying];

    fn begun(more: &[Event]) -> Result<State, IllegalEvent> {
        after(&[&BEGUN[..], more].concat())
    }

    #[test]
    fn items_are_sent_one_after_the_other_and_then_the_window_opens() {
        let state = begun(&[
            Event::ItemIntent(0, 1),
            Event::ItemOutcome(0, Outcome::Done),
            Event::ItemIntent(1, 1),
            Event::ItemOutcome(1, Outcome::Done),
        ])
        .unwrap();

        assert_eq!(state.due(), [Effect::OpenWindow]);
        assert_eq!(step(&state, Event::Open).unwrap().0.phase, Phase::Open);
    }

    #[test]
    fn an_intent_asks_to_send_when_it_is_fresh_and_to_ask_sap_when_it_was_found() {
        let (state, effects) = step(&begun(&[]).unwrap(), Event::ItemIntent(0, 1)).unwrap();

        assert_eq!(effects, [Effect::Send(0)]);
        assert_eq!(state.due(), [Effect::Resolve(0)]);
    }

    #[test]
    fn what_was_sent_last_is_taken_back_first() {
        let state = begun(&[
            Event::ItemIntent(0, 1),
            Event::ItemOutcome(0, Outcome::Done),
            Event::ItemIntent(1, 1),
            Event::ItemOutcome(1, Outcome::Done),
            Event::Open,
            Event::RollingBack,
        ])
        .unwrap();

        assert_eq!(state.due(), [Effect::Compensate(1, 1)]);
        assert!(step(&state, Event::CompIntent(0, 1)).is_err());
    }

    /// Two changes and then two creations.
    fn grouped(events: &[Event]) -> Result<State, IllegalEvent> {
        let mut state = after(&[Event::SpaceReserved(4), Event::BackupSealed])?;
        state.groups = vec![0, 0, 1, 1];
        let events = [&[Event::Prepared, Event::Applying], events].concat();
        events.iter().try_fold(state, |state, event| Ok(step(&state, *event)?.0))
    }

    #[test]
    fn items_of_one_group_are_under_way_together_and_the_next_group_waits() {
        let state = grouped(&[Event::ItemIntent(0, 1)]).unwrap();
        assert_eq!(state.due(), [Effect::Resolve(0), Effect::Write(1, 1)]);
        assert!(step(&state, Event::ItemIntent(2, 1)).is_err());

        let state = grouped(&[
            Event::ItemIntent(1, 1),
            Event::ItemOutcome(1, Outcome::Done),
            Event::ItemIntent(0, 1),
            Event::ItemOutcome(0, Outcome::Done),
        ])
        .unwrap();
        assert_eq!(state.due(), [Effect::Write(2, 1), Effect::Write(3, 1)]);
    }

    #[test]
    fn the_way_back_of_a_group_begins_once_nothing_is_left_of_the_group_after_it() {
        let mut events = Vec::new();
        for item in 0..3 {
            events.extend([Event::ItemIntent(item, 1), Event::ItemOutcome(item, Outcome::Done)]);
        }
        events.extend([Event::ItemIntent(3, 1), Event::RollingBack]);
        let state = grouped(&events).unwrap();

        assert_eq!(state.due(), [Effect::Resolve(3), Effect::Compensate(2, 1)]);
        assert!(step(&state, Event::CompIntent(1, 1)).is_err());
    }

    #[test]
    fn no_more_are_under_way_than_sap_is_asked_to_bear() {
        let mut state = after(&[Event::SpaceReserved(20), Event::BackupSealed]).unwrap();
        state.groups = vec![0; 20];
        state = step(&step(&state, Event::Prepared).unwrap().0, Event::Applying).unwrap().0;
        for item in 0..UNDER_WAY_MAX {
            state = step(&state, Event::ItemIntent(item, 1)).unwrap().0;
        }

        assert!(step(&state, Event::ItemIntent(UNDER_WAY_MAX, 1)).is_err());
    }

    #[test]
    fn an_item_in_doubt_is_settled_before_anything_is_called_rolled_back() {
        let state = begun(&[Event::ItemIntent(0, 1), Event::RollingBack]).unwrap();

        assert_eq!(state.due(), [Effect::Resolve(0)]);
        let refused = step(&state, Event::RolledBack).unwrap_err();
        assert_eq!(refused.to_string(), "RolledBack cannot follow: the change set is ROLLING_BACK");
    }

    #[test]
    fn nothing_is_prepared_without_a_sealed_backup() {
        let refused = after(&[Event::SpaceReserved(2), Event::Prepared]).unwrap_err();

        assert_eq!(refused.to_string(), "Prepared cannot follow: the change set is DRAFT");
        assert!(after(&[Event::BackupSealed]).is_err(), "and none is sealed of nothing");
    }

    #[test]
    fn nothing_follows_a_confirmation() {
        let mut state = begun(&[
            Event::ItemIntent(0, 1),
            Event::ItemOutcome(0, Outcome::Done),
            Event::ItemIntent(1, 1),
            Event::ItemOutcome(1, Outcome::Done),
            Event::Open,
        ])
        .unwrap();
        state = step(&state, Event::Confirmed).unwrap().0;

        assert!(step(&state, Event::RollingBack).is_err());
    }

    fn any_event() -> impl Strategy<Value = Event> {
        let item = 0usize..3;
        let attempt = 1u32..4;
        prop_oneof![
            1 => Just(Event::SpaceReserved(3)),
            1 => Just(Event::BackupSealed),
            1 => Just(Event::Prepared),
            1 => Just(Event::Refused),
            1 => Just(Event::Applying),
            4 => (item.clone(), attempt.clone()).prop_map(|(i, n)| Event::ItemIntent(i, n)),
            6 => (item.clone(), prop_oneof![
                4 => Just(Outcome::Done),
                1 => Just(Outcome::Rejected),
                1 => Just(Outcome::Absent),
                1 => Just(Outcome::Held),
            ]).prop_map(|(i, o)| Event::ItemOutcome(i, o)),
            2 => Just(Event::Open),
            1 => Just(Event::WindowExtended),
            1 => Just(Event::Confirmed),
            1 => Just(Event::RollingBack),
            6 => (item.clone(), attempt).prop_map(|(i, n)| Event::CompIntent(i, n)),
            6 => (item, prop_oneof![
                3 => Just(Undoing::Undone),
                1 => Just(Undoing::Conflict),
                1 => Just(Undoing::Held),
            ]).prop_map(|(i, u)| Event::CompOutcome(i, u)),
            2 => Just(Event::RolledBack),
            2 => Just(Event::RolledBackConflicts),
            1 => Just(Event::Held),
            1 => Just(Event::Decided(Decision::RollBack)),
            1 => Just(Event::Decided(Decision::Accept)),
        ]
    }

    proptest! {
        /// I2, I3, J4 of the journal's specification, over any order of events.
        #[test]
        fn no_order_of_events_breaks_a_promise(
            events in prop::collection::vec(any_event(), 0..200),
            groups in prop_oneof![Just(vec![]), Just(vec![0, 0, 0]), Just(vec![0, 1, 1])],
        ) {
            let mut state = after(&BEGUN).unwrap();
            state.items.push(ItemState::New);
            state.groups = groups;
            for event in events {
                let before = state.clone();
                let mut followed = state.clone();
                let follows = follow(&mut followed, event);
                let Ok((next, effects)) = step(&state, event) else {
                    prop_assert!(follows.is_err() && followed == before);
                    continue;
                };
                prop_assert!(follows.is_ok() && followed == next);
                prop_assert!(!before.phase.is_final(), "{before:?} went on with {event:?}");
                state = next;
                match state.phase {
                    Phase::Open => prop_assert!(state.items.iter().all(|i| *i == ItemState::Done)),
                    Phase::RolledBack => prop_assert!(state.items.iter().all(|i| matches!(
                        i,
                        ItemState::New | ItemState::Rejected | ItemState::Absent | ItemState::CompDone
                    ))),
                    Phase::RolledBackConflicts => {
                        prop_assert!(!state.items.iter().any(|i| i.has_effect() || i.is_held()));
                    }
                    Phase::Applying | Phase::RollingBack => prop_assert!(!effects.is_empty()),
                    _ => {}
                }
                let in_flight: Vec<usize> = (0..3)
                    .filter(|i| matches!(state.items[*i], ItemState::Intent(_)))
                    .collect();
                if let (Phase::Applying, [first, .., last]) = (state.phase, &in_flight[..]) {
                    prop_assert!(state.together(*first, *last), "{state:?}");
                }
            }
        }
    }
}
