//! A real SAP system behind the port: planned orders by OData, accounting documents by SOAP-RFC.

use crate::id::{FiDocument, PlannedOrderNumber};
use crate::order::PlannedOrder;
use crate::sap::error::{Outcome, SapError};
use crate::sap::odata::{ODataClient, RequestId};
use crate::sap::rfc::RfcClient;

use super::document::FiPosting;
use super::order_values::{OrderField, OrderValues};
use super::sap_port::{
    DocumentInSap, DocumentKey, Entry, FoundDocument, JournalMark, LeaseStanding, Mark, Once,
    OrderBefore, PortError, PortErrorKind, SapPort,
};
use super::{companion, fi_document, fi_items, planned_order};

/// The books of one SAP system.
#[derive(Clone)]
pub struct SapBooks {
    /// For planned orders.
    pub odata: ODataClient,
    /// For accounting documents.
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

impl SapPort for SapBooks {
    async fn find_planned_orders(
        &self,
        order: &OrderValues,
    ) -> Result<Vec<PlannedOrder>, PortError> {
        planned_order::find(&self.odata, order).await
    }

    async fn read_planned_order(
        &self,
        number: &PlannedOrderNumber,
    ) -> Result<Option<PlannedOrder>, PortError> {
        planned_order::read(&self.odata, number).await
    }

    async fn create_planned_order(
        &self,
        order: &OrderValues,
        request: &RequestId,
    ) -> Result<PlannedOrder, PortError> {
        planned_order::create(&self.odata, order, request).await
    }

    async fn read_before(
        &self,
        number: &PlannedOrderNumber,
    ) -> Result<Option<OrderBefore>, PortError> {
        planned_order::read_before(&self.odata, number).await
    }

    async fn change_planned_order(
        &self,
        number: &PlannedOrderNumber,
        values: &OrderValues,
        fields: &[OrderField],
        etag: &str,
        request: &RequestId,
    ) -> Result<(), PortError> {
        planned_order::change(&self.odata, number, values, fields, etag, request).await
    }

    async fn delete_planned_order(
        &self,
        number: &PlannedOrderNumber,
        etag: &str,
        request: &RequestId,
    ) -> Result<(), PortError> {
        planned_order::delete(&self.odata, number, etag, request).await
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
