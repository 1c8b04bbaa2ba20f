//! Function modules through SAP's NW RFC library, which is loaded at run time if the customer has it.
//! Building, testing and trying Carbide never need it.
//!
//! ```text
//! library ─▶ pool ─▶ connection ─▶ description ─▶ container ─▶ RfcInvoke ─▶ container ─▶ Reply
//!  checked    limit    logon         cached          values in                values out
//! ```
//!
//! Everything that is `unsafe` in Carbide stands in this folder: the calls of the C interface. They
//! block, so each runs on a thread that may; one that takes longer than the system's time limit is
//! cancelled, and its connection is gone.

mod connection;

mod container;

mod description;

pub mod destination;

mod failure;

mod form;

mod function;

mod interface;

mod kind;

pub mod library;

mod pool;

mod text;

pub mod transaction;

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

pub use connection::Partner;

use super::auth::{Access, Fingerprint, Method};
use super::error::SapError;
use super::logon::Logon;
use super::rfc::failure::{Cause, RfcFailure};
use super::rfc::{Call, Conversation, Library, Promise, Reply, RfcTransport};
use super::system::SapSystem;
use crate::secret::Secret;
use connection::{Canceller, Connection};
use description::Descriptions;
use destination::Destination;
use failure::Trouble;
use function::{Failed, invoke};
use library::Sdk;
use pool::{Lease, Pool};

/// What a refused opening of a connection is about, in messages.
const LOGON: &str = "logon";

/// How long a cancelled call may take to come back.
const CANCEL_MAX: Duration = Duration::from_secs(5);

/// The transport.
#[derive(Clone)]
pub struct NwRfc {
    shared: Arc<Shared>,
}

struct Shared {
    system: SapSystem,
    access: Access,
    destination: Destination,
    sdk: Arc<Sdk>,
    pool: Pool,
    descriptions: Descriptions,
    logon: Logon,
}

impl NwRfc {
    /// The transport to one system as one user. The library is loaded and checked; nothing is opened.
    ///
    /// # Errors
    ///
    /// [`SapError::Setup`] with what is wrong with the library and what to get, or with a method of
    /// logon that RFC does not have.
    pub fn new(
        system: &SapSystem,
        access: impl Into<Access>,
        destination: Destination,
    ) -> Result<Self, SapError> {
        let access = access.into();
        let setup = |reason: String| SapError::Setup { system: system.id.clone(), reason };
        match (&access.method, &destination.snc) {
            (Method::Basic { .. }, _) | (Method::ClientCertificate(_), Some(_)) => {}
            _ => {
                let reason = "RFC needs user and password, or SNC with sap.auth.method = \
                              \"client_certificate\"; tokens and keys of an API management are for HTTP";
                return Err(setup(reason.to_owned()));
            }
        }
        let sdk = library::load(&destination.library, destination.sha256.as_deref());
        let sdk = sdk.map_err(setup)?;
        let (pool, logon) =
            (Pool::new(destination.connections.max(1)), Logon::new(system, &access.user));
        let system = system.clone();
        let descriptions = Descriptions::default();
        let shared = Shared { system, access, destination, sdk, pool, descriptions, logon };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Version of the library.
    pub fn version(&self) -> library::Version {
        self.shared.sdk.version
    }

    /// Where it connects to, in words.
    pub fn shown(&self) -> String {
        self.shared.destination.shown()
    }

    /// What SAP says about itself when a connection opens. No function module is called.
    ///
    /// # Errors
    ///
    /// [`SapError::Rfc`] if none can be opened.
    pub async fn partner(&self) -> Result<Partner, SapError> {
        let lease = self.shared.lease().await?;
        let partner = lease.connection.as_ref().map(|connection| connection.partner().clone());
        lease.give_back();
        Ok(partner.unwrap_or_default())
    }

    /// Drops the description of a function module, after a transport changed its interface.
    ///
    /// # Errors
    ///
    /// [`SapError::Rfc`] if no connection can be opened.
    pub async fn forget(&self, function: &str) -> Result<(), SapError> {
        let lease = self.shared.lease().await?;
        if let Some(connection) = &lease.connection {
            self.shared.descriptions.forget(connection, function);
        }
        lease.give_back();
        Ok(())
    }

    /// Connections that are open and unused, and descriptions that are known.
    pub fn kept(&self) -> (usize, usize) {
        (self.shared.pool.idle(), self.shared.descriptions.count())
    }
}

impl RfcTransport for NwRfc {
    fn system(&self) -> &str {
        &self.shared.system.id
    }

    fn name(&self) -> &'static str {
        "nwrfc"
    }

    fn library(&self) -> Library {
        let (sdk, version) = (&self.shared.sdk, self.version());
        let file = sdk.path.display();
        Library::Loaded(format!("NW RFC {version} ({file}), connecting to {}", self.shown()))
    }

    fn call<'a>(&'a self, call: &'a Call) -> Promise<'a, Reply> {
        Box::pin(async move {
            self.shared.permit(call)?;
            let lease = self.shared.lease().await?;
            let (lease, reply) = self.shared.run(lease, call).await;
            if let Some(lease) = lease {
                self.shared.give_back(lease).await;
            }
            reply
        })
    }

    fn converse(&self) -> Result<Box<dyn Conversation>, SapError> {
        Ok(Box::new(NwConversation { shared: Arc::clone(&self.shared), line: LineState::Fresh }))
    }
}

/// A session: one connection from the first call to the end.
struct NwConversation {
    shared: Arc<Shared>,
    line: LineState,
}

enum LineState {
    Fresh,
    Open(Lease),
    /// The connection ended in the middle, and with it what was registered.
    Lost,
}

impl Conversation for NwConversation {
    fn call<'a>(&'a mut self, call: &'a Call) -> Promise<'a, Reply> {
        Box::pin(async move {
            self.shared.permit(call)?;
            // Until the call is back the session counts as lost: a commit on another connection
            // would commit nothing and say that it did.
            let lease = match std::mem::replace(&mut self.line, LineState::Lost) {
                LineState::Open(lease) => lease,
                LineState::Fresh => match self.shared.lease().await {
                    Ok(lease) => lease,
                    Err(error) => {
                        self.line = LineState::Fresh;
                        return Err(error);
                    }
                },
                LineState::Lost => {
                    let text = "the connection of this session has ended, and what was registered \
                                in it is gone; nothing was sent"
                        .to_owned();
                    let trouble = Trouble::ours(Cause::Closed, text);
                    return Err(self.shared.failure(call.function(), Failed::before(trouble)));
                }
            };
            let (lease, reply) = self.shared.run(lease, call).await;
            if let Some(lease) = lease {
                self.line = LineState::Open(lease);
            }
            reply
        })
    }

    fn end(self: Box<Self>) -> Promise<'static, ()> {
        Box::pin(async move {
            if let LineState::Open(lease) = self.line {
                self.shared.give_back(lease).await;
            }
            Ok(())
        })
    }
}

impl Shared {
    fn permit(&self, call: &Call) -> Result<(), SapError> {
        self.system.interfaces.permit_function(call.function()).map_err(|request| {
            SapError::OutsideManifest { system: self.system.id.clone(), request }
        })
    }

    fn failure(&self, function: &str, failed: Failed) -> SapError {
        let Failed { trouble: Trouble { cause, code, key, message, .. }, sent } = failed;
        let (system, function) = (self.system.id.clone(), function.to_owned());
        SapError::Rfc(Box::new(RfcFailure { system, function, cause, code, key, message, sent }))
    }

    /// A place in the pool with an open connection.
    async fn lease(self: &Arc<Self>) -> Result<Lease, SapError> {
        let mut lease = self.pool.lease(self.system.timeout).await.map_err(|text| {
            self.failure(LOGON, Failed::before(Trouble::ours(Cause::TimeOut, text)))
        })?;
        if lease.ask {
            lease = blocking(&self.system.id, move || {
                // Dropping the connection closes it; another is opened below.
                lease.connection = lease.connection.take().filter(Connection::is_alive);
                lease
            })
            .await?;
        }
        if lease.connection.is_some() {
            return Ok(lease);
        }
        self.open(lease).await
    }

    /// Opens a connection for a place, as one of those that try the password if nobody knows it yet.
    async fn open(self: &Arc<Self>, mut lease: Lease) -> Result<Lease, SapError> {
        let password = self.password().await?;
        let fingerprint = password.as_ref().map(fingerprint);
        let leave = match &fingerprint {
            Some(fingerprint) => {
                let leave = self.logon.leave(fingerprint).await;
                Some(leave.map_err(|_| SapError::LogonRefused {
                    system: self.system.id.clone(),
                    user: self.access.user.clone(),
                    client: self.system.client.clone(),
                })?)
            }
            None => None,
        };
        let shared = Arc::clone(self);
        let task = blocking(&self.system.id, move || {
            let SapSystem { client, language, .. } = &shared.system;
            let parameters = shared.destination.parameters(client, language);
            let mut all: Vec<(&str, &str)> =
                parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
            if let Some(password) = &password {
                all.extend([("USER", shared.access.user.as_str()), ("PASSWD", password.expose())]);
            }
            let opened = Connection::open(&shared.sdk, &all);
            opened.map(|connection| {
                lease.connection = Some(connection);
                lease
            })
        });
        // An opening that is given up ends by itself; its connection is closed then.
        let opened = match tokio::time::timeout(self.system.timeout, task).await {
            Ok(opened) => opened?,
            Err(_) => {
                let text = format!("{} does not answer", self.destination.shown());
                Err(Trouble::ours(Cause::TimeOut, text))
            }
        };
        if let Some(fingerprint) = &fingerprint {
            match &opened {
                Ok(_) => self.logon.accepted(fingerprint),
                Err(trouble) if trouble.cause == Cause::Logon => self.logon.refused(fingerprint),
                Err(_) => {}
            }
        }
        drop(leave);
        opened.map_err(|trouble| self.failure(LOGON, Failed::before(trouble)))
    }

    async fn password(&self) -> Result<Option<Secret>, SapError> {
        let Method::Basic { password } = self.access.method.clone() else { return Ok(None) };
        let fetched = blocking(&self.system.id, move || password.fetch()).await?;
        let setup = |reason| SapError::Setup { system: self.system.id.clone(), reason };
        fetched.map(Some).map_err(setup)
    }

    /// One call on a leased connection. The lease comes back if its connection is still good.
    async fn run(
        self: &Arc<Self>,
        mut lease: Lease,
        call: &Call,
    ) -> (Option<Lease>, Result<Reply, SapError>) {
        let Some(mut connection) = lease.connection.take() else {
            let text = "there is no connection".to_owned();
            let failed = Failed::before(Trouble::ours(Cause::Closed, text));
            return (None, Err(self.failure(call.function(), failed)));
        };
        let mut guard = CancelOnDrop(Some(connection.canceller()));
        let (shared, owned) = (Arc::clone(self), call.clone());
        let mut task = tokio::task::spawn_blocking(move || {
            let reply = invoke(&shared.descriptions, &mut connection, &owned);
            (connection, reply)
        });
        let mut back = tokio::time::timeout(self.system.timeout, &mut task).await;
        if back.is_err() {
            guard.cancel();
            back = tokio::time::timeout(CANCEL_MAX, task).await;
        }
        guard.0 = None;
        let (connection, reply) = match back {
            Ok(Ok(back)) => back,
            _ => {
                let text = format!("no answer within {} s", self.system.timeout.as_secs());
                let failed = Failed::after(Trouble::ours(Cause::TimeOut, text));
                return (None, Err(self.failure(call.function(), failed)));
            }
        };
        match reply {
            Ok(reply) => {
                lease.connection = Some(connection);
                (Some(lease), Ok(reply))
            }
            Err(failed) => {
                let dead = failed.trouble.dead;
                let error = self.failure(call.function(), failed);
                if dead {
                    drop(tokio::task::spawn_blocking(move || drop((connection, lease))));
                    return (None, Err(error));
                }
                lease.connection = Some(connection);
                (Some(lease), Err(error))
            }
        }
    }

    /// Gives a place back. What its ABAP session held is thrown away first.
    async fn give_back(&self, mut lease: Lease) {
        let reset = tokio::task::spawn_blocking(move || {
            if lease.connection.as_mut().is_some_and(|connection| connection.reset().is_err()) {
                lease.connection = None;
            }
            lease.give_back();
        });
        let _ = reset.await;
    }
}

/// Cancels the call of a caller who went away: nobody would wait for it.
struct CancelOnDrop(Option<Canceller>);

impl CancelOnDrop {
    fn cancel(&mut self) {
        if let Some(canceller) = self.0.take() {
            // It sends a packet and may wait for the network.
            std::thread::spawn(move || canceller.cancel());
        }
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.cancel();
    }
}

async fn blocking<T: Send + 'static>(
    system: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, SapError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| SapError::Setup {
        system: system.to_owned(),
        reason: "a call of the RFC library was interrupted".to_owned(),
    })
}

/// The same that HTTP has of a password without a key of an API management, so that refusals of both
/// count together: SAP locks the user, not the transport.
fn fingerprint(password: &Secret) -> Fingerprint {
    Sha256::new().chain_update(password.expose()).chain_update([0]).finalize().into()
}
