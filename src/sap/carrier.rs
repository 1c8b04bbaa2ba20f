//! What carries requests to SAP. In the program it is always the network; a simulation puts a system
//! in its place that answers in the same process, in simulated time, and loses what it likes.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// What comes later.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why a request got no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// There was no connection: nothing left.
    NotReachable(String),
    /// The request left, and no answer came: SAP may have got it.
    NoAnswer(String),
}

/// Stands in the place of the network.
pub trait Carrier: Send + Sync {
    /// Carries one request, once.
    fn carry(&self, request: reqwest::Request) -> Later<'_, Result<reqwest::Response, Lost>>;

    /// Lets time pass before a read is tried again.
    fn pause(&self, duration: Duration) -> Later<'_, ()>;
}

/// The way to a system: the network of this machine, if nobody stands in its place.
#[derive(Clone, Default)]
pub struct Network(Option<Arc<dyn Carrier>>);

impl Network {
    /// A carrier in the place of the network.
    pub fn replaced_by(carrier: impl Carrier + 'static) -> Self {
        Self(Some(Arc::new(carrier)))
    }

    pub(super) fn carrier(&self) -> Option<&dyn Carrier> {
        self.0.as_deref()
    }

    pub(super) async fn pause(&self, duration: Duration) {
        match self.carrier() {
            Some(carrier) => carrier.pause(duration).await,
            None => tokio::time::sleep(duration).await,
        }
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Network(replaced)" } else { "Network" })
    }
}
