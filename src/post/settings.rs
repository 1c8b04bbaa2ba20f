//! How posting behaves in one SAP system.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::at_confirm::DeleteAtConfirm;
use super::backup::keys::BackupSettings;
use super::breaker::SharedBreaker;
use super::order_way::OrderWay;
use super::state::UNDER_WAY_MAX;

/// What a SAP system is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SystemRole {
    /// Our own sandbox, or a throw-away system: faults may be injected.
    Sandbox,
    /// A system for tests.
    Test,
    /// The system the plant runs on.
    Production,
}

/// Longest time for which a request may go on in SAP after we lost it: `rdisp/max_wprun_time` 600 s,
/// 60 s for the update task, 60 s of margin.
pub const SETTLE_DEFAULT: SignedDuration = SignedDuration::from_secs(720);

/// Settings of [`Poster`](super::Poster).
#[derive(Clone, Debug)]
pub struct PostSettings {
    /// Name of the SAP system, as `S4H`.
    pub system: String,
    /// SAP client, as `100`.
    pub client: String,
    /// What the system is for.
    pub role: SystemRole,
    /// After how long an absent document counts as never arriving.
    pub settle: SignedDuration,
    /// Longest time for sending all of a change set; then it is taken back.
    pub apply_deadline: SignedDuration,
    /// How old an unfinished change set may be for recovery to take it back by itself. On an older
    /// one planners may have built, so a person decides.
    pub recover_age_max: SignedDuration,
    /// Whether a second person has to approve each posting.
    pub four_eyes: bool,
    /// Documents that are on their way at the same time, 1 to [`UNDER_WAY_MAX`].
    pub sessions: usize,
    /// By which interface planned orders are written.
    pub orders: OrderWay,
    /// At which plants planned orders are deleted only once the window of the rest of their plan has closed.
    pub delete_at_confirm: DeleteAtConfirm,
    /// The circuit breaker of the system.
    pub breaker: SharedBreaker,
    /// How backups are kept.
    pub backup: BackupSettings,
}

impl PostSettings {
    /// The defaults for a system.
    pub fn new(system: &str, client: &str, role: SystemRole) -> Self {
        Self {
            system: system.to_owned(),
            client: client.to_owned(),
            role,
            settle: SETTLE_DEFAULT,
            apply_deadline: SignedDuration::from_mins(10),
            recover_age_max: SignedDuration::from_mins(30),
            four_eyes: false,
            sessions: UNDER_WAY_MAX,
            orders: OrderWay::default(),
            delete_at_confirm: DeleteAtConfirm::default(),
            breaker: SharedBreaker::default(),
            backup: BackupSettings::default(),
        }
    }

    /// Sets the settle time. Below the default only for a sandbox: anywhere else a shorter time
    /// could call an order absent that SAP is still about to write.
    pub fn with_settle(mut self, settle: SignedDuration) -> Self {
        let least =
            if self.role == SystemRole::Sandbox { SignedDuration::ZERO } else { SETTLE_DEFAULT };
        self.settle = settle.max(least);
        self
    }

    /// Sets how many documents are on their way at the same time; 0 counts as 1, and more than
    /// [`UNDER_WAY_MAX`] as that.
    pub fn with_sessions(mut self, sessions: usize) -> Self {
        self.sessions = sessions.clamp(1, UNDER_WAY_MAX);
        self
    }

    /// Sets by which interface planned orders are written.
    pub fn with_orders(mut self, orders: OrderWay) -> Self {
        self.orders = orders;
        self
    }

    /// Sets at which plants planned orders are deleted only after the window.
    pub fn with_delete_at_confirm(mut self, plants: DeleteAtConfirm) -> Self {
        self.delete_at_confirm = plants;
        self
    }

    /// Sets the circuit breaker, which everybody who writes to the system shares.
    pub fn with_breaker(mut self, breaker: SharedBreaker) -> Self {
        self.breaker = breaker;
        self
    }

    /// Sets how backups are kept.
    pub fn with_backup(mut self, backup: BackupSettings) -> Self {
        self.backup = backup;
        self
    }

    /// System and client: what a reference key is unique in.
    pub fn domain(&self) -> String {
        format!("{}/{}", self.system, self.client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sandbox_settles_sooner() {
        let soon = SignedDuration::from_secs(2);
        let settings = |role| PostSettings::new("S4H", "100", role).with_settle(soon);

        assert_eq!(settings(SystemRole::Sandbox).settle, soon);
        assert_eq!(settings(SystemRole::Production).settle, SETTLE_DEFAULT);
    }
}
