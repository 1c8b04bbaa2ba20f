//! The companion package's exactly-once functions (function group ZCARBIDE_EXEC): a BAPI runs once
//! under its key, a key that is cancelled never runs, and a lease fences off who lost it.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

use super::super::error::{SapError, SapMessage};
use super::super::rfc::{Call, Reply, Value};
use super::field::fields;
use super::{Place, accounting_document, planned_order, statistical_key_figure};

/// Runs a BAPI once.
pub const EXEC: &str = "Z_CARBIDE_EXEC";
/// Makes sure that a key never runs.
pub const CANCEL: &str = "Z_CARBIDE_CANCEL";
/// What became of keys.
pub const STATUS: &str = "Z_CARBIDE_STATUS";
/// Who may write.
pub const LEASE: &str = "Z_CARBIDE_LEASE";

/// The operation that runs no BAPI: only its entry is written.
const JOURNAL_MARK: &str = "JOURNAL_MARK";

/// The name of the operation that runs a BAPI; `None` if the companion runs it not.
pub fn operation(bapi: &str) -> Option<&'static str> {
    Some(match bapi {
        planned_order::CREATE => "PLANNED_ORDER_CREATE",
        planned_order::CHANGE => "PLANNED_ORDER_CHANGE",
        planned_order::DELETE => "PLANNED_ORDER_DELETE",
        accounting_document::POST => "FI_POST",
        accounting_document::REVERSE => "FI_REVERSE",
        statistical_key_figure::POST => "KEY_FIGURE_POST",
        JOURNAL_MARK => JOURNAL_MARK,
        _ => return None,
    })
}

/// How a key stands after EXEC or CANCEL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It ran: now, or before under the same key with the same content.
    Executed {
        /// Number of what was made, as the companion gives it.
        object: String,
        /// Whether it had run before.
        duplicate: bool,
    },
    /// It never ran and never will.
    Tombstoned,
    /// Somebody else has the lease now. Nothing was done.
    StaleFence,
    /// The key is being worked on.
    Locked,
    /// SAP refused; nothing was written, and the key is free.
    Refused,
}

/// What the companion says about one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It ran, and made this.
    Executed(String),
    /// It was cancelled.
    Tombstoned,
    /// It is not known.
    Absent,
}

/// How the lease stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseAnswer {
    /// GRANTED, HELD_BY_OTHER, RELEASED, FREE or REFUSED.
    pub status: String,
    /// The fence to write under; 0 unless granted.
    pub fence: u64,
    /// Who has it.
    pub holder: String,
    /// Until when.
    pub expires: Option<Timestamp>,
}

/// The call that runs `bapi` once under `key`, of [A-Z0-9-] and at most 32 characters.
///
/// # Errors
///
/// [`SapError::Value`] if the companion does not run that BAPI or the key does not fit.
pub fn exec(key: &str, fence: u64, bapi: &Call) -> Result<Call, SapError> {
    let at = Place { function: EXEC, key };
    let operation = operation(bapi.function()).ok_or_else(|| {
        at.wrong("VAL-KEY", "OPERATION", format!("{} is not run by it", bapi.function()))
    })?;
    Ok(Call::new(EXEC)
        .value("KEY", at.text("KEY", key, 32)?)
        .value("FENCE", format!("{fence:015}"))
        .value("OPERATION", operation)
        .value("REQUEST_HASH", request_hash(bapi))
        .value("PAYLOAD", payload(bapi))
        .table("RETURN", Vec::new()))
}

/// SHA-256 of what `bapi` is called with, as the companion keeps it.
pub fn request_hash(bapi: &Call) -> String {
    let hash = Sha256::digest(payload(bapi).as_bytes());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What [`exec`] runs to note how far a journal has come.
pub fn journal_mark(journal: &str, change_set: &str, stamp: &str) -> Call {
    Call::new(JOURNAL_MARK)
        .value("JOURNAL", journal)
        .value("CHANGE_SET", change_set)
        .value("STAMP", stamp)
}

/// The call that cancels `key`.
pub fn cancel(key: &str, fence: u64) -> Call {
    Call::new(CANCEL)
        .value("KEY", key)
        .value("FENCE", format!("{fence:015}"))
        .table("RETURN", Vec::new())
}

/// The call that asks about keys.
pub fn status(keys: &[&str]) -> Call {
    let row = |key: &&str| fields([("KEY", (*key).to_owned())]);
    Call::new(STATUS)
        .table("KEYS", keys.iter().map(row).collect())
        .table("ENTRIES", Vec::new())
        .table("RETURN", Vec::new())
}

/// The call about the lease; `action` is ACQUIRE, RENEW, RELEASE or SHOW.
pub fn lease(holder: &str, action: &str, seconds: u32) -> Call {
    Call::new(LEASE)
        .value("HOLDER", holder)
        .value("ACTION", action)
        .value("DURATION_SECONDS", seconds.to_string())
        .table("RETURN", Vec::new())
}

/// The parameters of a BAPI as one JSON object: dates as YYYYMMDD, all else as it stands. What the
/// companion itself looks after, RETURN, is left out.
fn payload(bapi: &Call) -> String {
    let parameters = bapi.parameters().iter().filter(|(name, _)| *name != "RETURN");
    let object: Map<String, Json> =
        parameters.map(|(name, value)| ((*name).to_owned(), json(value))).collect();
    Json::Object(object).to_string()
}

fn json(value: &Value) -> Json {
    match value {
        Value::Text(text) => Json::String(day(text)),
        Value::Bytes(_) => Json::Null,
        Value::Structure(fields) => {
            Json::Object(fields.iter().map(|(name, value)| (name.clone(), json(value))).collect())
        }
        Value::Table(rows) => rows.iter().map(json).collect(),
    }
}

/// A date loses its strokes; every other text stays.
fn day(text: &str) -> String {
    let is_day = text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok();
    if is_day { text.replace('-', "") } else { text.to_owned() }
}

/// How the key stands, and what SAP said.
///
/// # Errors
///
/// [`SapError::NoReturn`] for a status that is none: the outcome is unknown then.
pub fn answered(
    system: &str,
    function: &'static str,
    reply: &Reply,
) -> Result<(Answer, Vec<SapMessage>), SapError> {
    let object = || reply.value("OBJECT_NUMBER").trim().to_owned();
    let answer = match reply.value("STATUS").trim() {
        "EXECUTED" => Answer::Executed { object: object(), duplicate: false },
        "DUPLICATE" => Answer::Executed { object: object(), duplicate: true },
        "TOMBSTONED" => Answer::Tombstoned,
        "STALE_FENCE" => Answer::StaleFence,
        "LOCKED" => Answer::Locked,
        "REFUSED" => Answer::Refused,
        _ => {
            let (system, function) = (system.to_owned(), function.to_owned());
            return Err(SapError::NoReturn { system, function });
        }
    };
    Ok((answer, reply.messages()))
}

/// What became of each key, in the order asked.
///
/// # Errors
///
/// [`SapError::Bapi`] if SAP refused to say, [`SapError::NoReturn`] if a key is missing.
pub fn states(system: &str, reply: &Reply, keys: &[&str]) -> Result<Vec<KeyState>, SapError> {
    super::accepted(system, STATUS, reply)?;
    let rows = reply.table("ENTRIES");
    let one = |key: &&str| {
        let row = rows.iter().find(|row| row.get("KEY").is_some_and(|known| known.trim() == *key));
        let field = |name: &str| {
            row.and_then(|row| row.get(name)).map_or("", String::as_str).trim().to_owned()
        };
        match field("STATUS").as_str() {
            "EXECUTED" => Ok(KeyState::Executed(field("OBJECT_NUMBER"))),
            "TOMBSTONED" => Ok(KeyState::Tombstoned),
            "ABSENT" => Ok(KeyState::Absent),
            _ => Err(SapError::NoReturn { system: system.to_owned(), function: STATUS.to_owned() }),
        }
    };
    keys.iter().map(one).collect()
}

/// An entry that ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// Its key.
    pub key: String,
    /// Number of what was made.
    pub object: String,
    /// [`request_hash`] of what it ran with, in lower case.
    pub request_hash: String,
    /// When.
    pub at: Option<Timestamp>,
    /// User of SAP.
    pub by: String,
}

/// Those of the keys that ran.
///
/// # Errors
///
/// As [`states`].
pub fn ran(system: &str, reply: &Reply, keys: &[&str]) -> Result<Vec<Ran>, SapError> {
    let states = states(system, reply, keys)?;
    let rows = reply.table("ENTRIES");
    let all = keys.iter().zip(states).filter_map(|(key, state)| {
        let KeyState::Executed(object) = state else { return None };
        let row = rows.iter().find(|row| row.get("KEY").is_some_and(|of| of.trim() == *key))?;
        let field = |name: &str| row.get(name).map_or("", String::as_str).trim().to_owned();
        Some(Ran {
            key: (*key).to_owned(),
            object,
            request_hash: field("REQUEST_HASH").to_ascii_lowercase(),
            at: time(&field("EXECUTED_AT")),
            by: field("EXECUTED_BY"),
        })
    });
    Ok(all.collect())
}

/// A time of the companion: UTC, YYYYMMDDHHMMSS.
fn time(text: &str) -> Option<Timestamp> {
    let at = DateTime::strptime("%Y%m%d%H%M%S", text.trim()).ok()?;
    at.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp())
}

/// How the lease stands.
pub fn leased(reply: &Reply) -> LeaseAnswer {
    LeaseAnswer {
        status: reply.value("STATUS").trim().to_owned(),
        fence: reply.value("FENCE").trim().parse().unwrap_or(0),
        holder: reply.value("HOLDER_NOW").trim().to_owned(),
        expires: time(reply.value("EXPIRES_AT")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bapi_becomes_one_json_object_with_dates_as_abap_writes_them() {
        let bapi = Call::new(accounting_document::REVERSE)
            .structure("REVERSAL", fields([("PSTNG_DATE", "2018-09-30".to_owned())]))
            .value("BUS_ACT", "RFBU")
            .table("RETURN", Vec::new());

        let call = exec("4RTZ9Q0W2M6K8XB3", 7, &bapi).unwrap();

        let value = |wanted: &str| {
            let (_, value) = call.parameters().iter().find(|(name, _)| *name == wanted).unwrap();
            value.text().to_owned()
        };
        let sent: Json = serde_json::from_str(&value("PAYLOAD")).unwrap();
        let wanted =
            serde_json::json!({ "REVERSAL": { "PSTNG_DATE": "20180930" }, "BUS_ACT": "RFBU" });
        assert_eq!(sent, wanted);
        assert_eq!(value("FENCE"), "000000000000007");
        assert_eq!(value("OPERATION"), "FI_REVERSE");
        assert_eq!(value("REQUEST_HASH").len(), 64);
    }

    #[test]
    fn what_the_companion_does_not_run_is_not_sent() {
        let refused = exec("K", 1, &Call::new("BAPI_TRANSACTION_COMMIT")).unwrap_err();

        assert!(refused.to_string().contains("BAPI_TRANSACTION_COMMIT"), "{refused}");
    }
}
