//! A sandbox SAP: an S/4HANA that speaks the real protocols over HTTP and keeps a ledger of what was
//! truly written.
//!
//! People accept Carbide on it before they connect their own system; tests use its ledger as the
//! oracle, which Carbide's client cannot see. It shares no protocol code with the client: what both
//! read differently is found.

mod batch;

mod books;

mod data_service;

pub mod ems;

mod exec;

mod faults;

mod filter;

mod local;

mod metadata;

mod planned_order;

mod planning;

mod plant;

mod rfc;

mod server;

mod wire;

use std::net::SocketAddr;
use std::sync::Arc;

pub use local::{LocalSandbox, TrueCommit, TrueDocument, TrueOrder};
pub use metadata::edmx;
pub use plant::{MeterRow, meter_series};

/// How a sandbox is set up.
#[derive(Clone, Debug)]
pub struct SandboxOptions {
    /// Where it listens; port 0 takes any free one.
    pub bind: SocketAddr,
    /// Its only user.
    pub user: String,
    /// That user's password.
    pub password: String,
    /// Rows of a page before `__next`.
    pub page_rows: usize,
    /// Whether the companion package is imported: its functions then run each key once.
    pub companion: bool,
    /// Profiles that its user has beside the least roles, such as `SAP_ALL`.
    pub profiles: Vec<String>,
    /// Fields that this customer added to SAP's own.
    pub own_fields: Vec<OwnField>,
}

/// A field that a key user or an append added to an entity set.
#[derive(Clone, Debug)]
pub struct OwnField {
    /// Entity set.
    pub set: String,
    /// Property, as `YY1_...`.
    pub name: String,
    /// Its type, as `Edm.Decimal`.
    pub edm_type: String,
    /// Its facets as they stand in EDMX, as `Precision="13" Scale="3"`.
    pub facets: String,
}

impl SandboxOptions {
    /// A sandbox on a free port of this machine.
    pub fn local(user: &str, password: &str) -> Self {
        Self {
            bind: SocketAddr::from(([127, 0, 0, 1], 0)),
            user: user.to_owned(),
            password: password.to_owned(),
            page_rows: 100,
            companion: false,
            profiles: Vec::new(),
            own_fields: Vec::new(),
        }
    }
}

/// Why the sandbox does not run.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The port is taken or may not be used.
    #[error("the sandbox cannot listen on {address}: {reason}. Choose another --port.")]
    Bind {
        /// Address.
        address: SocketAddr,
        /// What the system said.
        reason: std::io::Error,
    },
    /// The metadata that the sandbox serves are damaged.
    #[error("the sandbox's metadata cannot be read: {0}")]
    Metadata(String),
}

/// A sandbox that runs until it is stopped or dropped.
pub struct RunningSandbox {
    address: SocketAddr,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    task: tokio::task::JoinHandle<()>,
}

impl RunningSandbox {
    /// Starts a sandbox with fresh data.
    ///
    /// # Errors
    ///
    /// [`SandboxError`].
    pub async fn start(options: SandboxOptions) -> Result<Self, SandboxError> {
        let bind_error = |reason| SandboxError::Bind { address: options.bind, reason };
        let listener = tokio::net::TcpListener::bind(options.bind).await.map_err(bind_error)?;
        let address = listener.local_addr().map_err(bind_error)?;
        let state = server::State::new(&options).map_err(SandboxError::Metadata)?;
        let router = axum::Router::new().fallback(server::answer).with_state(Arc::new(state));
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let serve = axum::serve(listener, router).with_graceful_shutdown(async {
                // A dropped sender stops as well.
                let _ = stopped.await;
            });
            if let Err(error) = serve.await {
                tracing::error!(%error, "the sandbox stopped");
            }
        });
        Ok(Self { address, stop: Some(stop), task })
    }

    /// Base address of the system.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops after the requests under way.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}
