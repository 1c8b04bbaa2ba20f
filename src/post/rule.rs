//! The rules that keep documents from being lost or doubled, by name: a test takes one away and sees
//! whether the simulation notices.

/// A rule of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// An intent is durable before its request leaves.
    IntentFirst,
    /// A backup is sealed before anything is sent.
    BackupFirst,
    /// A message of success is no outcome: SAP is read back.
    ReadBack,
    /// Nothing is sent again until SAP was asked.
    AskFirst,
    /// "Not there" is believed only after the settle time.
    Settle,
    /// A request names the version that the plan was computed from.
    VersionOfPlan,
    /// Only what is still as we left it is taken back.
    OnlyAsLeft,
    /// FI documents wait until the window of their plan has closed.
    FiLast,
    /// One writer at a time.
    OneWriter,
    /// An older copy of a journal does not post.
    NewestJournal,
    /// What the companion runs carries the fence of the lease.
    Fence,
    /// A key that is given up is cancelled in SAP.
    Tombstone,
}

impl Rule {
    /// Whether it holds: always, but in a test that has taken it away.
    pub fn holds(self) -> bool {
        #[cfg(test)]
        if WITHOUT.get() == Some(self) {
            return false;
        }
        true
    }
}

#[cfg(test)]
thread_local! {
    static WITHOUT: std::cell::Cell<Option<Rule>> = const { std::cell::Cell::new(None) };
}

#[cfg(test)]
impl Rule {
    /// Takes a rule away on this thread, or none.
    pub fn take_away(rule: Option<Self>) {
        WITHOUT.set(rule);
    }

    /// Whether one is taken away, and a failure is what is wanted.
    pub fn is_one_away() -> bool {
        WITHOUT.get().is_some()
    }

    /// Every rule that can be taken away with the SAP in memory, which has no companion; the others are
    /// taken away in `wire_simulation`. That nobody sends a request twice on the way is the
    /// tenth: the double does it, since no code of ours could.
    pub const ALL: [Self; 9] = [
        Self::IntentFirst,
        Self::BackupFirst,
        Self::ReadBack,
        Self::AskFirst,
        Self::Settle,
        Self::VersionOfPlan,
        Self::OnlyAsLeft,
        Self::FiLast,
        Self::OneWriter,
    ];
}
