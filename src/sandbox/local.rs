//! A sandbox that answers in this process, without a socket; what it truly holds; and what people and
//! jobs do in it meanwhile. Simulations are made of it.

use std::sync::Arc;

use axum::body::{Bytes, to_bytes};
use axum::extract;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::books::PLANNED_ORDERS;
use super::server::{self, State};
use super::{SandboxError, SandboxOptions};

const ORDER_SET: &str = "A_PlannedOrder";

/// A sandbox without a socket. Clones share one SAP.
#[derive(Clone)]
pub struct LocalSandbox {
    state: Arc<State>,
}

/// One thing that was committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrueCommit {
    /// Who did it.
    pub user: String,
    /// What, in words.
    pub what: String,
    /// The bytes that asked for it.
    pub wire: String,
}

/// An accounting document as it truly stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrueDocument {
    /// Number.
    pub number: String,
    /// AWKEY.
    pub object_key: String,
    /// The document that it reverses.
    pub reverses: Option<String>,
    /// The document that reversed it.
    pub reversed_by: Option<String>,
    /// What its lines sum to.
    pub balance: Decimal,
}

/// A planned order as it is held, property by property.
pub type TrueOrder = Map<String, Value>;

impl LocalSandbox {
    /// A sandbox with fresh data.
    ///
    /// # Errors
    ///
    /// [`SandboxError::Metadata`].
    pub fn new(options: &SandboxOptions) -> Result<Self, SandboxError> {
        let state = State::new(options).map_err(SandboxError::Metadata)?;
        Ok(Self { state: Arc::new(state) })
    }

    /// Another sandbox of the same make, with fresh data of its own.
    #[must_use]
    pub fn another(&self) -> Self {
        Self { state: Arc::new(self.state.another()) }
    }

    /// Answers one request.
    pub async fn answer(
        &self,
        method: Method,
        uri: Uri,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> (StatusCode, HeaderMap, Bytes) {
        let state = extract::State(Arc::clone(&self.state));
        let answer = server::answer(state, method, uri, headers, Bytes::from(body)).await;
        let (parts, body) = answer.into_parts();
        // A body that breaks off is what a fault makes of it; here, what came is all there is.
        let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
        (parts.status, parts.headers, body)
    }

    /// Lets the sandbox tell the time by another clock than the wall's, as far as leases go.
    pub fn tells_time_by(&self, clock: impl Fn() -> jiff::Timestamp + Send + Sync + 'static) {
        self.state.books().clock = Some(Arc::new(clock));
    }

    /// How many commits there were.
    pub fn commit_count(&self) -> usize {
        self.state.books().commits.len()
    }

    /// What was committed, from the `after`-th on.
    pub fn commits(&self, after: usize) -> Vec<TrueCommit> {
        let books = self.state.books();
        let commits = books.commits.iter().skip(after);
        let shown = |commit: &super::books::Commit| TrueCommit {
            user: commit.user.clone(),
            what: commit.what.clone(),
            wire: commit.wire.clone(),
        };
        commits.map(shown).collect()
    }

    /// Every planned order.
    pub fn orders(&self) -> Vec<TrueOrder> {
        self.state.books().table(PLANNED_ORDERS, ORDER_SET).clone()
    }

    /// Every accounting document.
    pub fn documents(&self) -> Vec<TrueDocument> {
        let books = self.state.books();
        let documents = books.documents.iter().map(|document| TrueDocument {
            number: document.number.clone(),
            object_key: document.reference.1.clone(),
            reverses: document.reverses.clone(),
            reversed_by: document.reversed_by.clone(),
            balance: document.lines.iter().map(|line| line.amount).sum(),
        });
        documents.collect()
    }

    /// Takes every planned order away, so that what comes is all there is.
    pub fn clear_orders(&self) {
        self.state.books().table(PLANNED_ORDERS, ORDER_SET).clear();
    }

    /// A planner adds one unit to the quantity of an order. The order as it stands then.
    pub fn planner_edits(&self, number: &str) -> Option<TrueOrder> {
        let mut books = self.state.books();
        if books.is_locked(number) {
            return None;
        }
        let changed = books.change_time();
        let orders = books.table(PLANNED_ORDERS, ORDER_SET);
        let order = orders.iter_mut().find(|order| order["PlannedOrder"] == number)?;
        let quantity: Decimal = order["TotalQuantity"].as_str()?.parse().ok()?;
        order.insert("TotalQuantity".to_owned(), (quantity + Decimal::ONE).to_string().into());
        order.insert("LastChangeDateTime".to_owned(), changed.into());
        let order = order.clone();
        books.commit("PLANNER", format!("planned order {number} edited"), "");
        Some(order)
    }

    /// A planner makes a production order of a planned order.
    pub fn planner_converts(&self, number: &str) -> Option<TrueOrder> {
        self.take(number, "PLANNER", "converted")
    }

    /// An MRP run deletes every order that is not firm. The orders that it deleted.
    pub fn mrp_runs(&self) -> Vec<TrueOrder> {
        let orders = self.orders().into_iter();
        let loose = orders.filter(|order| order["PlannedOrderIsFirm"] != true);
        let numbers = loose.filter_map(|order| Some(order["PlannedOrder"].as_str()?.to_owned()));
        let numbers: Vec<String> = numbers.collect();
        numbers.iter().filter_map(|number| self.take(number, "MRP", "deleted by MRP")).collect()
    }

    /// Components of an order are edited by hand: it could not be created again as it was.
    pub fn fixes_components(&self, number: &str) {
        let mut books = self.state.books();
        let orders = books.table(PLANNED_ORDERS, ORDER_SET).iter_mut();
        for order in orders.filter(|order| order["PlannedOrder"] == number) {
            order.insert("PlannedOrderBOMIsFixed".to_owned(), true.into());
        }
    }

    /// The quantity of an order becomes another, without a trace.
    pub fn alters_silently(&self, number: &str) {
        let mut books = self.state.books();
        let orders = books.table(PLANNED_ORDERS, ORDER_SET).iter_mut();
        for order in orders.filter(|order| order["PlannedOrder"] == number) {
            order.insert("TotalQuantity".to_owned(), "999.000".into());
        }
    }

    /// A second order, equal to the first in all that we set.
    pub fn twins(&self, number: &str) {
        let mut books = self.state.books();
        let twin = books.draw_order_number();
        let orders = books.table(PLANNED_ORDERS, ORDER_SET);
        let order = orders.iter().find(|order| order["PlannedOrder"] == number).cloned();
        if let Some(mut order) = order {
            order.insert("PlannedOrder".to_owned(), twin.into());
            orders.push(order);
        }
    }

    /// Finance reverses the last document by itself.
    pub fn finance_reverses(&self) {
        let mut books = self.state.books();
        let number = books.draw_document_number();
        let Some(last) = books.documents.last_mut() else { return };
        last.reversed_by = Some(number.clone());
        let mut reversal = last.clone();
        reversal.reverses = Some(last.number.clone());
        reversal.reversed_by = None;
        reversal.reference.1 = format!("F{number}");
        reversal.lines.iter_mut().for_each(|line| line.amount = -line.amount);
        reversal.number = number;
        books.documents.push(reversal);
    }

    fn take(&self, number: &str, user: &str, what: &str) -> Option<TrueOrder> {
        let mut books = self.state.books();
        if books.is_locked(number) {
            return None;
        }
        let orders = books.table(PLANNED_ORDERS, ORDER_SET);
        let at = orders.iter().position(|order| order["PlannedOrder"] == number)?;
        let order = orders.remove(at);
        books.commit(user, format!("planned order {number} {what}"), "");
        Some(order)
    }

    /// Finance closes a posting period, or opens it again.
    pub fn close_period(&self, year: i16, month: i8, closed: bool) {
        let mut books = self.state.books();
        if closed {
            books.closed_periods.insert((year, month));
        } else {
            books.closed_periods.remove(&(year, month));
        }
    }

    /// Another instance of Carbide gets the lease, as if the one before had run out.
    pub fn another_takes_the_lease(&self) {
        let mut books = self.state.books();
        let fence = books.exec.lease.as_ref().map_or(0, |lease| lease.fence) + 1;
        let expires_at = Some(books.now() + jiff::SignedDuration::from_mins(20));
        let holder = "another/ZZZ/00000000".to_owned();
        books.exec.lease = Some(super::exec::Lease { holder, fence, expires_at });
    }

    /// Whoever has the lease gives it back.
    pub fn the_lease_is_given_back(&self) {
        if let Some(lease) = &mut self.state.books().exec.lease {
            (lease.holder, lease.expires_at) = (String::new(), None);
        }
    }

    /// The sessions that hold a lock of a planned order.
    pub fn locking_sessions(&self) -> Vec<String> {
        let mut books = self.state.books();
        let locked: Vec<String> = books.locks.keys().cloned().collect();
        let held: Vec<String> = locked.into_iter().filter(|order| books.is_locked(order)).collect();
        held.iter().map(|order| books.locks[order].0.clone()).collect()
    }

    /// A session that nobody called for long is ended: what it registered and locked is gone.
    pub fn session_ends(&self, session: &str) {
        self.state.books().luws.remove(session);
    }

    /// The system is restarted: sessions, tokens and what was not committed are gone.
    pub fn restarts(&self) {
        let mut books = self.state.books();
        books.sessions.clear();
        books.luws.clear();
    }
}
