//! Function modules, whatever carries them: one trait, two transports.
//!
//! ```text
//! BAPIs as typed calls ─▶ RfcClient ─▶ RfcTransport ┬ SOAP-RFC over HTTP (soap_rfc), the default
//!                                                   └ SAP's NW RFC library, loaded (nw_rfc)
//! ```
//!
//! A BAPI registers, the commit of the same session writes. A session is therefore one ABAP session
//! on SAP's side: a stateful HTTP session, or one RFC connection.

mod absent;

mod call;

pub mod failure;

mod reply;

mod value;

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::{Either, join_all, select};

pub use call::Call;
pub use reply::{Reply, refuse_errors};
pub use value::{Row, Value};

pub(super) use reply::{packed_number, refuse_messages};

use super::auth::Access;
use super::bapi::transaction;
use super::error::SapError;
use super::soap_rfc::SoapRfc;
use super::system::SapSystem;

/// What comes later, or an error.
pub type Promise<'a, T> = Pin<Box<dyn Future<Output = Result<T, SapError>> + Send + 'a>>;

/// A way to call function modules. Every call is asked of the manifest before it leaves.
pub trait RfcTransport: Send + Sync {
    /// System id, for messages.
    fn system(&self) -> &str;

    /// Name of the transport, as `[sap] rfc` has it.
    fn name(&self) -> &'static str;

    /// The library that carries the calls.
    fn library(&self) -> Library {
        Library::NotNeeded
    }

    /// One call in an ABAP session of its own: for function modules that only read.
    fn call<'a>(&'a self, call: &'a Call) -> Promise<'a, Reply>;

    /// A conversation: its calls run in one ABAP session. Nothing is sent before the first of them.
    ///
    /// # Errors
    ///
    /// [`SapError::Setup`].
    fn converse(&self) -> Result<Box<dyn Conversation>, SapError>;
}

/// The library that a transport stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Library {
    /// It needs none.
    NotNeeded,
    /// It is loaded: its version, its file and where it connects to, in words.
    Loaded(String),
    /// It cannot be loaded: why, and what to get.
    Missing(String),
}

/// Calls that share one ABAP session. Dropping it without a commit rolls back.
pub trait Conversation: Send {
    /// Calls a function module once.
    fn call<'a>(&'a mut self, call: &'a Call) -> Promise<'a, Reply>;

    /// Ends the ABAP session. What was registered and not committed is lost.
    fn end(self: Box<Self>) -> Promise<'static, ()>;
}

/// Calls function modules of one system as one user.
#[derive(Clone)]
pub struct RfcClient {
    transport: Arc<dyn RfcTransport>,
    /// Sessions that did their work and are still to be ended.
    over: Arc<Mutex<Vec<RfcSession>>>,
}

impl fmt::Debug for RfcClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RfcClient({} over {})", self.transport.system(), self.transport.name())
    }
}

impl RfcClient {
    /// A client over SOAP-RFC.
    ///
    /// # Errors
    ///
    /// [`SapError::Setup`].
    pub fn new(system: &SapSystem, access: impl Into<Access>) -> Result<Self, SapError> {
        Ok(Self::over(SoapRfc::new(system, access)?))
    }

    /// A client over any transport.
    pub fn over(transport: impl RfcTransport + 'static) -> Self {
        Self { transport: Arc::new(transport), over: Arc::default() }
    }

    /// A client without its transport, which could not be made: each call says why.
    pub fn without(system: &str, name: &'static str, reason: String) -> Self {
        Self::over(absent::Absent { system: system.to_owned(), name, reason })
    }

    /// System id, for messages.
    pub fn system(&self) -> &str {
        self.transport.system()
    }

    /// Name of the transport, as `[sap] rfc` has it.
    pub fn transport(&self) -> &'static str {
        self.transport.name()
    }

    /// The library that carries the calls.
    pub fn library(&self) -> Library {
        self.transport.library()
    }

    /// A stateful session: the calls in it share one LUW until commit or rollback.
    ///
    /// # Errors
    ///
    /// [`SapError::Setup`].
    pub fn session(&self) -> Result<RfcSession, SapError> {
        let system = self.transport.system().to_owned();
        Ok(RfcSession { system, conversation: self.transport.converse()? })
    }

    /// One call without state: for function modules that only read.
    ///
    /// # Errors
    ///
    /// [`SapError`].
    pub async fn call(&self, call: &Call) -> Result<Reply, SapError> {
        let over = std::mem::take(&mut *self.over.lock().unwrap_or_else(PoisonError::into_inner));
        let ends = join_all(over.into_iter().map(RfcSession::close));
        match select(self.transport.call(call), ends).await {
            // They were sent, and nobody waits for what SAP says to them.
            Either::Left((reply, _)) => reply,
            Either::Right((_, call)) => call.await,
        }
    }

    /// Ends a session beside the next call, so that it costs no time of its own. As with
    /// [`RfcSession::close`], what was not committed is lost.
    pub fn end_beside(&self, session: RfcSession) {
        self.over.lock().unwrap_or_else(PoisonError::into_inner).push(session);
    }
}

/// A stateful session. Dropping it without [`RfcSession::commit`] loses what was registered, which
/// is the meaning of a rollback.
pub struct RfcSession {
    system: String,
    conversation: Box<dyn Conversation>,
}

impl RfcSession {
    /// Calls a function module once. An answer that does not come leaves the outcome unknown only if
    /// a commit follows or was sent: until then SAP has registered and written nothing.
    ///
    /// # Errors
    ///
    /// [`SapError`]; [`SapError::NoSession`] if SAP answers and keeps no session.
    pub async fn call(&mut self, call: &Call) -> Result<Reply, SapError> {
        self.conversation.call(call).await
    }

    /// Commits with WAIT: returns after the update task has written.
    ///
    /// # Errors
    ///
    /// [`SapError::Bapi`] if the commit itself was refused, [`SapError::NoAnswer`] and the like if
    /// nobody knows whether it was done.
    pub async fn commit(&mut self) -> Result<(), SapError> {
        let commit = transaction::commit();
        let reply = self.call(&commit).await?;
        refuse_errors(&self.system, commit.function(), &reply)
    }

    /// Rolls back what was registered.
    ///
    /// # Errors
    ///
    /// [`SapError`]; the session is lost then, which rolls back as well.
    pub async fn rollback(&mut self) -> Result<(), SapError> {
        self.call(&transaction::rollback()).await.map(drop)
    }

    /// Ends the session, so that sessions do not pile up in SAP until they expire. What was
    /// registered and not committed is lost, as when the session is dropped.
    ///
    /// # Errors
    ///
    /// [`SapError`] if SAP was not reached; the session then expires by itself.
    pub async fn close(self) -> Result<(), SapError> {
        self.conversation.end().await
    }
}
