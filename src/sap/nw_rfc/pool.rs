//! Connections that are open, at most so many, each leased to one call or one session.
//!
//! A connection that lay idle is asked whether SAP still answers before it is used again; one that
//! failed is closed and never comes back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connection::Connection;

/// Idle for longer than this, a connection is asked before it is used.
const IDLE_UNASKED_MAX: Duration = Duration::from_secs(10);

/// Connections of one destination and user.
pub struct Pool {
    permits: Arc<Semaphore>,
    limit: usize,
    idle: Arc<Mutex<Vec<Idle>>>,
    /// How long a connection may lie idle without being asked.
    unasked: Duration,
}

struct Idle {
    connection: Connection,
    since: Instant,
}

/// A place in the pool, with a connection if one lay idle.
pub struct Lease {
    pub connection: Option<Connection>,
    /// Whether it lay idle so long that it has to be asked.
    pub ask: bool,
    idle: Arc<Mutex<Vec<Idle>>>,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    /// A pool of at most `limit` connections.
    pub fn new(limit: usize) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(limit)),
            limit,
            idle: Arc::default(),
            unasked: IDLE_UNASKED_MAX,
        }
    }

    /// The same, asking every connection that lay idle for longer than `unasked`.
    #[cfg(test)]
    fn asking_after(mut self, unasked: Duration) -> Self {
        self.unasked = unasked;
        self
    }

    /// Waits for a place, at most `wait`.
    ///
    /// # Errors
    ///
    /// How long was waited for what.
    pub async fn lease(&self, wait: Duration) -> Result<Lease, String> {
        let permit = tokio::time::timeout(wait, Arc::clone(&self.permits).acquire_owned());
        let Ok(Ok(permit)) = permit.await else {
            return Err(format!(
                "all {} connections were in use for {} s (sap.nwrfc.connections)",
                self.limit,
                wait.as_secs()
            ));
        };
        let idle = locked(&self.idle).pop();
        let ask = idle.as_ref().is_some_and(|idle| idle.since.elapsed() >= self.unasked);
        let connection = idle.map(|idle| idle.connection);
        Ok(Lease { connection, ask, idle: Arc::clone(&self.idle), _permit: permit })
    }

    /// Connections that are open and not leased.
    pub fn idle(&self) -> usize {
        locked(&self.idle).len()
    }
}

impl Lease {
    /// Gives the place back, with its connection if it still has one.
    pub fn give_back(mut self) {
        if let Some(connection) = self.connection.take() {
            locked(&self.idle).push(Idle { connection, since: Instant::now() });
        }
    }
}

fn locked(idle: &Mutex<Vec<Idle>>) -> MutexGuard<'_, Vec<Idle>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_more_places_are_leased_than_there_are() {
        let pool = Pool::new(2).asking_after(Duration::ZERO);
        let (one, _other) = (
            pool.lease(Duration::from_millis(10)).await.unwrap(),
            pool.lease(Duration::from_millis(10)).await.unwrap(),
        );

        let refused = pool.lease(Duration::from_millis(10)).await.err().unwrap();
        drop(one);

        assert!(refused.contains("all 2 connections"), "{refused}");
        assert!(pool.lease(Duration::from_millis(10)).await.is_ok());
        assert_eq!(pool.idle(), 0);
    }
}
