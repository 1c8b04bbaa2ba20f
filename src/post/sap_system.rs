//! A real SAP system behind the port: planned orders by OData or BAPI, accounting documents by BAPI.

use crate::id::{FiDocument, PlannedOrderNumber};
use crate::order::PlannedOrder;
use crate::sap::bapi::system;
use crate::sap::error::{Outcome, SapError};
use crate::sap::odata::{ODataClient, RequestId};
use crate::sap::rfc::RfcClient;

use super::document::FiPosting;
use super::order_values::{OrderField, OrderValues};
use super::order_way::OrderWay;
use super::planned_order::{self, ODataOrders};
use super::sap_port::{
    DocumentInSap, DocumentKey, Entry, FoundDocument, JournalMark, LeaseStanding, Mark, Once,
    OrderBefore, PortError, PortErrorKind, Probe, SapPort,
};
use super::{companion, fi_document, fi_items, order_bapi};

/// The books of one SAP system.
#[derive(Clone)]
pub struct SapBooks {
    /// For planned orders by OData.
    pub odata: ODataClient,
    /// For accounting documents, and for planned orders by BAPI.
    pub rfc: RfcClient,
}

/// What an error of a write means for its item.
pub(super) fn of_write(error: SapError) -> PortError {
    let kind = match (error.outcome(), error.status()) {
        // SAP is down, and nothing left: worth another try as long as there is time.
        (Outcome::Refused, _) if is_away(&error) => PortErrorKind::Busy,
        (Outcome::Unknown, _) => PortErrorKind::Unknown,
        (Outcome::Refused, Some(404)) => PortErrorKind::NotFound,
        (Outcome::Refused, Some(412)) => PortErrorKind::Changed,
        (Outcome::Refused, Some(423 | 429 | 503)) => PortErrorKind::Busy,
        (Outcome::Refused, _) => PortErrorKind::Refused,
    };
    PortError::new(kind, error.to_string())
}

/// Whether SAP could not be reached at all, for the request or for what has to precede it.
fn is_away(error: &SapError) -> bool {
    match error {
        SapError::NotReachable { .. } | SapError::NoAnswer { .. } => true,
        SapError::NotSent { cause, .. } => is_away(cause),
        _ => false,
    }
}

/// A read that failed says nothing about what it asked for.
pub(super) fn of_read(error: impl std::fmt::Display) -> PortError {
    PortError::new(PortErrorKind::Unknown, error.to_string())
}

/// The service of planned orders, where the way is one of OData's.
fn odata(way: OrderWay) -> Option<ODataOrders> {
    match way {
        OrderWay::ODataV2 => Some(planned_order::V2),
        OrderWay::ODataV4 => Some(planned_order::V4),
        OrderWay::Bapi => None,
    }
}

impl SapPort for SapBooks {
    async fn find_planned_orders(
        &self,
        way: OrderWay,
        order: &OrderValues,
    ) -> Result<Vec<PlannedOrder>, PortError> {
        match odata(way) {
            Some(orders) => orders.find(&self.odata, order).await,
            None => order_bapi::find(&self.rfc, order).await,
        }
    }

    async fn read_planned_order(
        &self,
        way: OrderWay,
        number: &PlannedOrderNumber,
    ) -> Result<Option<PlannedOrder>, PortError> {
        match odata(way) {
            Some(orders) => orders.read(&self.odata, number).await,
            None => order_bapi::read(&self.rfc, number).await,
        }
    }

    async fn create_planned_order(
        &self,
        way: OrderWay,
        order: &OrderValues,
        request: &RequestId,
    ) -> Result<PlannedOrder, PortError> {
        match odata(way) {
            Some(orders) => orders.create(&self.odata, order, request).await,
            None => order_bapi::create(&self.rfc, order).await,
        }
    }

    async fn read_before(
        &self,
        way: OrderWay,
        number: &PlannedOrderNumber,
    ) -> Result<Option<OrderBefore>, PortError> {
        match odata(way) {
            Some(orders) => orders.read_before(&self.odata, number).await,
            None => order_bapi::read_before(&self.rfc, number).await,
        }
    }

    async fn change_planned_order(
        &self,
        way: OrderWay,
        number: &PlannedOrderNumber,
        values: &OrderValues,
        fields: &[OrderField],
        etag: &str,
        request: &RequestId,
    ) -> Result<(), PortError> {
        match odata(way) {
            Some(orders) => orders.change(&self.odata, number, values, fields, etag, request).await,
            None => order_bapi::change(&self.rfc, number, values, fields, etag).await,
        }
    }

    async fn delete_planned_order(
        &self,
        way: OrderWay,
        number: &PlannedOrderNumber,
        etag: &str,
        request: &RequestId,
    ) -> Result<(), PortError> {
        match odata(way) {
            Some(orders) => orders.delete(&self.odata, number, etag, request).await,
            None => order_bapi::delete(&self.rfc, number, etag).await,
        }
    }

    async fn check_document(
        &self,
        posting: &FiPosting,
        key: &DocumentKey,
    ) -> Result<Vec<String>, PortError> {
        fi_document::check(&self.rfc, posting, key).await
    }

    async fn post_document(
        &self,
        posting: &FiPosting,
        key: &DocumentKey,
        once: Option<&Once>,
    ) -> Result<(), PortError> {
        fi_document::post(&self.rfc, posting, key, once).await
    }

    async fn find_documents(
        &self,
        posting: &FiPosting,
        object_keys: &[&str],
    ) -> Result<Vec<Option<FoundDocument>>, PortError> {
        fi_document::find(&self.rfc, posting, object_keys).await
    }

    async fn documents_of_our_type(&self) -> Result<Vec<DocumentInSap>, PortError> {
        fi_items::of_our_type(&self.odata).await
    }

    async fn reverse_document(
        &self,
        posting: &FiPosting,
        document: &FiDocument,
        original: &DocumentKey,
        reversal_key: &str,
        once: Option<&Once>,
    ) -> Result<(), PortError> {
        fi_document::reverse(&self.rfc, posting, document, original, reversal_key, once).await
    }

    async fn probe(&self, what: Probe) -> Result<(), PortError> {
        let answered = match what {
            Probe::Orders(way) => match odata(way) {
                Some(orders) => self.odata.ping(orders.service).await,
                None => self.rfc.call(&system::ping()).await.map(drop),
            },
            Probe::Rfc => self.rfc.call(&system::ping()).await.map(drop),
        };
        answered.map_err(of_read)
    }

    async fn companion(&self) -> Result<bool, PortError> {
        companion::is_there(&self.rfc).await
    }

    async fn acquire_lease(&self, holder: &str) -> Result<LeaseStanding, PortError> {
        companion::acquire(&self.rfc, holder).await
    }

    async fn release_lease(&self, holder: &str) -> Result<(), PortError> {
        companion::release(&self.rfc, holder).await
    }

    async fn entry(&self, key: &str) -> Result<Entry, PortError> {
        companion::entry(&self.rfc, key).await
    }

    async fn marks(&self, keys: &[&str]) -> Result<Vec<Mark>, PortError> {
        companion::marks(&self.rfc, keys).await
    }

    async fn mark(&self, once: &Once, mark: &JournalMark) -> Result<(), PortError> {
        companion::mark(&self.rfc, once, mark).await
    }

    async fn cancel(&self, once: &Once) -> Result<Entry, PortError> {
        companion::cancel(&self.rfc, once).await
    }
}
