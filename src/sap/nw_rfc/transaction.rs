//! Transactional RFC (tRFC): a call that SAP executes exactly once, however often it is sent.
//!
//! ```text
//! TID from the library ─▶ kept, durable ─▶ submitted ─▶ executed, kept ─▶ confirmed, kept
//!                              └── no answer: the same TID again, now or after a crash
//! ```
//!
//! SAP remembers a TID (table ARFCRSTATE) until it is confirmed. It is confirmed only once our store
//! says that the call was executed: after that, sending it again would execute it again. A
//! transactional call returns nothing, so what it made is looked up by reference.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::super::error::SapError;
use super::super::rfc::failure::Cause;
use super::super::rfc::{Call, Value};
use super::connection::Connection;
use super::description::{Descriptions, succeeded};
use super::failure::{EXECUTED, OK, Trouble};
use super::function::{Failed, Function};
use super::interface::{ErrorInfo, Handle, Tid};
use super::text::{text, zero_ended};
use super::{NwRfc, blocking};

/// Characters of a transaction id.
const TID_LENGTH: usize = 24;

/// How far a transactional call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// It has its TID; it may have been sent.
    Prepared,
    /// SAP said that it is executed.
    Executed,
    /// SAP was told that it may forget the TID. The call is never sent again.
    Confirmed,
}

/// A transactional call, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    /// The caller's key: the same key is the same call.
    pub key: String,
    /// Transaction id, 24 characters.
    pub tid: String,
    /// Function module.
    pub function: String,
    /// SHA-256 over function and parameters, in hexadecimal: the same TID never carries other content.
    pub digest: String,
    /// How far it has come.
    pub progress: Progress,
}

/// Where transactions are kept.
pub trait TransactionStore: Send + Sync {
    /// The transaction with this key.
    ///
    /// # Errors
    ///
    /// Why it cannot be read.
    fn find(&self, key: &str) -> Result<Option<Transaction>, String>;

    /// Keeps a transaction in place of the one with the same key. It survives a power cut once this
    /// returns.
    ///
    /// # Errors
    ///
    /// Why it cannot be kept; nothing may be sent then.
    fn keep(&self, transaction: &Transaction) -> Result<(), String>;
}

/// A folder with one file for each transaction.
#[derive(Clone, Debug)]
pub struct TransactionFolder {
    folder: PathBuf,
}

impl TransactionFolder {
    /// A folder, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// It cannot be made.
    pub fn open(folder: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Every transaction that SAP has not yet been told to forget.
    ///
    /// # Errors
    ///
    /// The folder or a file cannot be read.
    pub fn unconfirmed(&self) -> Result<Vec<Transaction>, String> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&self.folder).map_err(|error| error.to_string())? {
            let path = entry.map_err(|error| error.to_string())?.path();
            if path.extension().is_some_and(|kind| kind == "json") {
                found.extend(read(&path)?.filter(|one| one.progress != Progress::Confirmed));
            }
        }
        found.sort_by(|one: &Transaction, other| one.key.cmp(&other.key));
        Ok(found)
    }

    fn path(&self, key: &str) -> Result<PathBuf, String> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if key.is_empty() || key.len() > 64 || !key.bytes().all(plain) {
            return Err(format!("'{key}' is no key: 1 to 64 letters, digits, - and _"));
        }
        Ok(self.folder.join(format!("{key}.json")))
    }
}

impl TransactionStore for TransactionFolder {
    fn find(&self, key: &str) -> Result<Option<Transaction>, String> {
        read(&self.path(key)?)
    }

    fn keep(&self, transaction: &Transaction) -> Result<(), String> {
        let path = self.path(&transaction.key)?;
        let text = serde_json::to_vec_pretty(transaction).map_err(|error| error.to_string())?;
        let written = || -> std::io::Result<()> {
            let new = path.with_extension("new");
            let mut file = File::create(&new)?;
            file.write_all(&text)?;
            file.sync_all()?;
            std::fs::rename(&new, &path)?;
            File::open(&self.folder)?.sync_all()
        };
        written().map_err(|error| format!("{} cannot be written: {error}", path.display()))
    }
}

fn read(path: &Path) -> Result<Option<Transaction>, String> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{} cannot be read: {error}", path.display())),
    };
    let damaged = |error| format!("{} is damaged: {error}", path.display());
    serde_json::from_slice(&bytes).map(Some).map_err(damaged)
}

impl NwRfc {
    /// Has SAP execute a call exactly once under the caller's key. Called again with the same key
    /// after any failure, a crash included, it goes on where it stopped.
    ///
    /// # Errors
    ///
    /// [`SapError::Rfc`]; if the outcome is unknown, call it again. [`SapError::Setup`] if the store
    /// does not keep it, or holds other content under this key: nothing was sent then.
    pub async fn execute_once(
        &self,
        key: &str,
        call: &Call,
        store: Arc<dyn TransactionStore>,
    ) -> Result<Transaction, SapError> {
        self.shared.permit(call)?;
        let setup = |reason: String| SapError::Setup {
            system: self.shared.system.id.clone(),
            reason: format!("RFC-TID: {reason}"),
        };
        let (digest, known) = (digest(call), store.find(key).map_err(setup)?);
        if let Some(known) = &known {
            if known.digest != digest {
                let reason = format!("key {key} stands for another call, TID {}", known.tid);
                return Err(setup(reason));
            }
            if known.progress == Progress::Confirmed {
                return Ok(known.clone());
            }
        }
        let mut lease = self.shared.lease().await?;
        let (shared, call) = (Arc::clone(&self.shared), call.clone());
        let (key, function) = (key.to_owned(), call.function());
        let task = blocking(&self.shared.system.id, move || {
            let Some(connection) = lease.connection.take() else {
                let text = "there is no connection".to_owned();
                return (lease, Err(Stop::Rfc(Failed::before(Trouble::ours(Cause::Closed, text)))));
            };
            let known = known.map(Ok).unwrap_or_else(|| {
                let tid = new_tid(&connection).map_err(|t| Stop::Rfc(Failed::before(t)))?;
                let function = function.to_owned();
                let made = Transaction { key, tid, function, digest, progress: Progress::Prepared };
                store.keep(&made).map_err(Stop::Store)?;
                Ok(made)
            });
            let done = known.and_then(|known| {
                carry_out(&shared.descriptions, &connection, &call, known, &*store)
            });
            let dead = matches!(&done, Err(Stop::Rfc(failed)) if failed.trouble.dead);
            lease.connection = Some(connection).filter(|_| !dead);
            (lease, done)
        });
        let (lease, done) = task.await?;
        self.shared.give_back(lease).await;
        done.map_err(|stop| match stop {
            Stop::Store(reason) => setup(reason),
            Stop::Rfc(failed) => self.shared.failure(function, failed),
        })
    }
}

/// Why it did not go on.
enum Stop {
    Store(String),
    Rfc(Failed),
}

/// From wherever it stands to the end.
fn carry_out(
    descriptions: &Descriptions,
    connection: &Connection,
    call: &Call,
    mut known: Transaction,
    store: &dyn TransactionStore,
) -> Result<Transaction, Stop> {
    let before = |trouble| Stop::Rfc(Failed::before(trouble));
    let unit = Unit::of(connection, &known.tid).map_err(before)?;
    if known.progress == Progress::Prepared {
        unit.add(descriptions, connection, call).map_err(before)?;
        unit.submit().map_err(|trouble| Stop::Rfc(Failed::after(trouble)))?;
        known.progress = Progress::Executed;
        store.keep(&known).map_err(Stop::Store)?;
    }
    // What fails from here on is done again by the next call with this key.
    unit.confirm().map_err(|trouble| Stop::Rfc(Failed::after(trouble)))?;
    known.progress = Progress::Confirmed;
    store.keep(&known).map_err(Stop::Store)?;
    Ok(known)
}

fn new_tid(connection: &Connection) -> Result<String, Trouble> {
    let (mut tid, mut info): (Tid, _) = ([0; TID_LENGTH + 1], ErrorInfo::default());
    // SAFETY: the connection is open and ours alone; the place has 25 characters.
    let rc = unsafe {
        (connection.sdk().functions.RfcGetTransactionID)(connection.handle(), &mut tid, &mut info)
    };
    succeeded(rc, &info)?;
    let tid = text(&tid);
    if tid.len() != TID_LENGTH || !tid.is_ascii() {
        return Err(Trouble::ours(Cause::Library, format!("'{tid}' is no transaction id")));
    }
    Ok(tid)
}

/// A transaction of the library. Dropping it destroys it here; SAP keeps what it knows.
struct Unit<'a> {
    connection: &'a Connection,
    handle: Handle,
}

impl<'a> Unit<'a> {
    fn of(connection: &'a Connection, tid: &str) -> Result<Self, Trouble> {
        let (tid, mut info) = (zero_ended(tid), ErrorInfo::default());
        // SAFETY: a TID of 24 characters and a zero; no queue.
        let handle = unsafe {
            (connection.sdk().functions.RfcCreateTransaction)(
                connection.handle(),
                tid.as_ptr(),
                std::ptr::null(),
                &mut info,
            )
        };
        if handle.is_null() {
            return Err(Trouble::of(&info));
        }
        Ok(Self { connection, handle })
    }

    /// Adds the call. Nothing is sent.
    fn add(
        &self,
        descriptions: &Descriptions,
        connection: &Connection,
        call: &Call,
    ) -> Result<(), Trouble> {
        let (function, _) = Function::of(descriptions, connection, call)?;
        let mut info = ErrorInfo::default();
        // SAFETY: both handles are ours; the library copies what it needs.
        let rc = unsafe {
            (connection.sdk().functions.RfcInvokeInTransaction)(
                self.handle,
                function.handle(),
                &mut info,
            )
        };
        succeeded(rc, &info)
    }

    /// Sends it.
    fn submit(&self) -> Result<(), Trouble> {
        let mut info = ErrorInfo::default();
        // SAFETY: the handle is ours.
        let rc = unsafe {
            (self.connection.sdk().functions.RfcSubmitTransaction)(self.handle, &mut info)
        };
        if rc == OK || rc == EXECUTED { Ok(()) } else { Err(Trouble::of(&info)) }
    }

    /// Tells SAP that the TID may be forgotten.
    fn confirm(&self) -> Result<(), Trouble> {
        let mut info = ErrorInfo::default();
        // SAFETY: the handle is ours.
        let rc = unsafe {
            (self.connection.sdk().functions.RfcConfirmTransaction)(self.handle, &mut info)
        };
        succeeded(rc, &info)
    }
}

impl Drop for Unit<'_> {
    fn drop(&mut self) {
        let mut info = ErrorInfo::default();
        // SAFETY: the handle is ours and is not used any more.
        unsafe {
            (self.connection.sdk().functions.RfcDestroyTransaction)(self.handle, &mut info);
        }
    }
}

/// Digest of a call. Lengths stand before texts, so that no two calls have the same bytes.
fn digest(call: &Call) -> String {
    let mut hash = Sha256::new();
    feed_text(&mut hash, call.function());
    for (name, value) in call.parameters() {
        feed_text(&mut hash, name);
        feed(&mut hash, value);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn feed_text(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_be_bytes());
    hash.update(text);
}

fn feed(hash: &mut Sha256, value: &Value) {
    match value {
        Value::Text(text) => {
            hash.update(b"t");
            feed_text(hash, text);
        }
        Value::Bytes(bytes) => {
            hash.update(b"b");
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        }
        Value::Structure(fields) => {
            hash.update(b"s");
            hash.update((fields.len() as u64).to_be_bytes());
            for (name, value) in fields {
                feed_text(hash, name);
                feed(hash, value);
            }
        }
        Value::Table(rows) => {
            hash.update(b"r");
            hash.update((rows.len() as u64).to_be_bytes());
            rows.iter().for_each(|row| feed(hash, row));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transaction(key: &str, progress: Progress) -> Transaction {
        Transaction {
            key: key.to_owned(),
            tid: "0A1B2C3D4E5F60718293A4B5".to_owned(),
            function: "F".to_owned(),
            digest: "00".to_owned(),
            progress,
        }
    }

    #[test]
    fn what_is_kept_is_found_and_what_is_confirmed_is_not_open() {
        let folder = tempfile::tempdir().unwrap();
        let store = TransactionFolder::open(folder.path()).unwrap();

        store.keep(&transaction("A", Progress::Prepared)).unwrap();
        store.keep(&transaction("B", Progress::Executed)).unwrap();
        store.keep(&transaction("A", Progress::Confirmed)).unwrap();

        assert_eq!(store.find("A").unwrap().unwrap().progress, Progress::Confirmed);
        assert_eq!(store.find("C").unwrap(), None);
        let open = store.unconfirmed().unwrap();
        assert_eq!(open.iter().map(|one| one.key.as_str()).collect::<Vec<_>>(), ["B"]);
    }

    #[test]
    fn a_key_that_leads_out_of_the_folder_is_none_and_damage_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let store = TransactionFolder::open(folder.path()).unwrap();
        std::fs::write(folder.path().join("D.json"), "{\"tid\":").unwrap();

        assert!(store.find("../etc").is_err());
        assert!(store.find("D").unwrap_err().contains("damaged"));
    }

    #[test]
    fn calls_that_differ_anywhere_have_another_digest() {
        let call = || Call::new("F").value("A", "1");
        let others = [
            Call::new("G").value("A", "1"),
            Call::new("F").value("B", "1"),
            Call::new("F").value("A", "2"),
            Call::new("F").value("A", "1").value("B", ""),
            Call::new("F").structure("A", vec![("X", "1".to_owned())]),
            Call::new("F").table("A", vec![vec![("X", "1".to_owned())]]),
        ];

        assert_eq!(digest(&call()), digest(&call()));
        assert!(others.iter().all(|other| digest(other) != digest(&call())));
    }
}
