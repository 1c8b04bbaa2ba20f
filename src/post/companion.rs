//! The companion package's exactly-once functions behind the port: a posting runs once under its key,
//! a key that is cancelled never runs, and a lease fences off who lost it.

use crate::sap::bapi::exec::{self, Answer, KeyState};
use crate::sap::error::{SapError, SapMessage};
use crate::sap::rfc::{Call, RfcClient};

use super::sap_port::{Entry, JournalMark, LeaseStanding, Mark, Once, PortError, PortErrorKind};
use super::sap_system::{of_read, of_write};

/// A key that nothing is ever sent under: asking for it changes nothing.
const PROBE: &str = "PROBE";

/// How long the lease lasts without being renewed: longer than sending a whole change set takes.
const LEASE_SECONDS: u32 = 1200;

pub(super) async fn is_there(client: &RfcClient) -> Result<bool, PortError> {
    let reply = match client.call(&exec::status(&[PROBE])).await {
        Err(error) if error.says_no_such_function() => return Ok(false),
        other => other.map_err(of_read)?,
    };
    exec::states(client.system(), &reply, &[PROBE]).map(|_| true).map_err(of_read)
}

pub(super) async fn entry(client: &RfcClient, key: &str) -> Result<Entry, PortError> {
    let reply = client.call(&exec::status(&[key])).await.map_err(of_read)?;
    let states = exec::states(client.system(), &reply, &[key]).map_err(of_read)?;
    Ok(match states.first() {
        Some(KeyState::Executed(_)) => Entry::Ran,
        Some(KeyState::Tombstoned) => Entry::Cancelled,
        Some(KeyState::Absent) | None => Entry::Absent,
    })
}

pub(super) async fn cancel(client: &RfcClient, once: &Once) -> Result<Entry, PortError> {
    let call = exec::cancel(&once.key, once.fence);
    match answer(client, &call, exec::CANCEL).await? {
        Answer::Executed { .. } => Ok(Entry::Ran),
        Answer::Tombstoned => Ok(Entry::Cancelled),
        // Neither is an answer of CANCEL; what became of the key is as open as before.
        Answer::StaleFence | Answer::Locked | Answer::Refused => Ok(Entry::Absent),
    }
}

/// Runs a BAPI once and commits, all in one call.
pub(super) async fn run(client: &RfcClient, once: &Once, bapi: &Call) -> Result<(), PortError> {
    let call = exec::exec(&once.key, once.fence, bapi).map_err(of_write)?;
    match answer(client, &call, exec::EXEC).await? {
        Answer::Executed { .. } => Ok(()),
        _ => {
            let text = format!("SAP: key {} was cancelled and never runs", once.key);
            Err(PortError::new(PortErrorKind::Refused, text))
        }
    }
}

pub(super) async fn marks(client: &RfcClient, keys: &[&str]) -> Result<Vec<Mark>, PortError> {
    let reply = client.call(&exec::status(keys)).await.map_err(of_read)?;
    let ran = exec::ran(client.system(), &reply, keys).map_err(of_read)?.into_iter();
    let mark = |ran: exec::Ran| Mark {
        key: ran.key,
        hash: ran.request_hash,
        change_set: ran.object,
        at: ran.at,
        by: ran.by,
    };
    Ok(ran.map(mark).collect())
}

pub(super) async fn mark(
    client: &RfcClient,
    once: &Once,
    mark: &JournalMark,
) -> Result<(), PortError> {
    let call = exec::exec(&once.key, once.fence, &mark.call()).map_err(of_write)?;
    answer(client, &call, exec::EXEC).await.map(drop)
}

/// What the companion answered, with what stands in the way as an error.
async fn answer(
    client: &RfcClient,
    call: &Call,
    function: &'static str,
) -> Result<Answer, PortError> {
    let reply = client.call(call).await.map_err(of_write)?;
    let (answer, messages) = exec::answered(client.system(), function, &reply).map_err(of_write)?;
    let kind = match answer {
        Answer::Executed { .. } | Answer::Tombstoned => return Ok(answer),
        Answer::StaleFence => PortErrorKind::Fenced,
        Answer::Locked => PortErrorKind::Busy,
        Answer::Refused if is_other_content(&messages) => PortErrorKind::Changed,
        Answer::Refused => PortErrorKind::Refused,
    };
    Err(PortError::new(kind, refusal(client, function, messages)))
}

/// Whether the key ran with something else.
fn is_other_content(messages: &[SapMessage]) -> bool {
    messages.iter().any(|message| message.code == "ZCARBIDE 024")
}

fn refusal(client: &RfcClient, function: &str, messages: Vec<SapMessage>) -> String {
    let (system, function) = (client.system().to_owned(), function.to_owned());
    SapError::Bapi { system, function, messages }.to_string()
}

pub(super) async fn acquire(client: &RfcClient, holder: &str) -> Result<LeaseStanding, PortError> {
    let call = exec::lease(holder, "ACQUIRE", LEASE_SECONDS);
    let reply = client.call(&call).await.map_err(of_write)?;
    let said = exec::leased(&reply);
    match said.status.as_str() {
        "GRANTED" => Ok(LeaseStanding::Ours { fence: said.fence, seconds: LEASE_SECONDS }),
        "HELD_BY_OTHER" => Ok(LeaseStanding::Others { holder: said.holder, until: said.expires }),
        _ => Err(PortError::new(
            PortErrorKind::Unknown,
            refusal(client, exec::LEASE, reply.messages()),
        )),
    }
}

pub(super) async fn release(client: &RfcClient, holder: &str) -> Result<(), PortError> {
    let call = exec::lease(holder, "RELEASE", LEASE_SECONDS);
    client.call(&call).await.map(drop).map_err(of_write)
}
