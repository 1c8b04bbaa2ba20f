//! Commit and rollback of what the BAPIs of one session registered.

use super::super::rfc::Call;

/// `BAPI_TRANSACTION_COMMIT`.
pub const COMMIT: &str = "BAPI_TRANSACTION_COMMIT";

/// `BAPI_TRANSACTION_ROLLBACK`.
pub const ROLLBACK: &str = "BAPI_TRANSACTION_ROLLBACK";

/// A commit that answers after the update task has written: without WAIT, reading back may come too
/// early. It counts only in the session of the BAPIs it is for.
pub fn commit() -> Call {
    Call::new(COMMIT).value("WAIT", "X")
}

/// A rollback of what the session registered.
pub fn rollback() -> Call {
    Call::new(ROLLBACK)
}
