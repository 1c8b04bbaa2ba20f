//! What posting needs of SAP, in our words. `planned_order` and `fi_document` speak it to a real
//! system; tests speak it to a double that loses answers and commits late.

use std::future::{Future, ready};

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::{FiDocument, FiDocumentNumber, PlannedOrderNumber};
use crate::order::PlannedOrder;
use crate::sap::bapi::exec;
use crate::sap::odata::RequestId;
use crate::sap::rfc::Call;

use super::document::FiPosting;
use super::order_values::{OrderField, OrderValues};
use super::order_way::OrderWay;

/// Keys under which one accounting document stands in SAP.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DocumentKey {
    /// AWKEY, 20 characters; the object type is [`OBJECT_TYPE`](super::reference_key::OBJECT_TYPE).
    pub object_key: String,
    /// XBLNR, 16 characters.
    pub reference: String,
    /// BKTXT, up to 25 characters.
    pub header_text: String,
}

/// A planned order as it was before us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderBefore {
    /// The answer of SAP, field by field.
    pub payload: Value,
    /// In our words.
    pub order: PlannedOrder,
    /// What a new order could not be given again, if anything: the end of a sentence.
    pub by_hand: Option<String>,
}

/// An accounting document that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundDocument {
    /// Its number, company code and year.
    pub document: FiDocument,
    /// The document that reverses it, if one does and SAP told.
    pub reversed_by: Option<FiDocumentNumber>,
}

/// An accounting document that bears a reference of Carbide, whoever posted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentInSap {
    /// Its number, company code and year.
    pub document: FiDocument,
    /// AWKEY.
    pub object_key: String,
    /// Sum of its debit lines, in the currency of the company code.
    pub debit: Decimal,
    /// That currency.
    pub currency: String,
    /// User of SAP who posted it.
    pub by: String,
    /// Whether another document reverses it.
    pub reversed: bool,
}

/// Why SAP did not do what was asked.
///
/// The kinds are the cases in which posting goes on differently; the text is for people and names
/// the system, the object and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct PortError {
    /// What it means for the item.
    pub kind: PortErrorKind,
    /// What people read.
    pub text: String,
}

/// What an error means for the item it was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortErrorKind {
    /// SAP refused; the request had no effect.
    Refused,
    /// SAP holds another version than the one the request was made for. No effect.
    Changed,
    /// SAP has no such object. No effect.
    NotFound,
    /// Somebody holds a lock, or SAP is overloaded. No effect; worth another try.
    Busy,
    /// Somebody else may write now, and we may not. No effect.
    Fenced,
    /// No answer, or none that can be trusted: the request may have had its effect, or may still
    /// get it.
    Unknown,
}

impl PortError {
    /// An error of `kind` with this text.
    pub fn new(kind: PortErrorKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }

    /// Whether the request may have had an effect.
    pub fn in_doubt(&self) -> bool {
        self.kind == PortErrorKind::Unknown
    }
}

/// What is read to see whether SAP answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// The service of planned orders of this way.
    Orders(OrderWay),
    /// A function module that does nothing.
    Rfc,
}

/// What keeps a posting from being done twice in a SAP system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// The companion package: SAP runs each key once (tier 1a). FI documents only.
    Companion,
    /// A reference that is looked for, and the settle time (tier 2).
    #[default]
    Reference,
}

impl Tier {
    /// Whether it is the one that needs nothing in SAP.
    pub const fn is_reference(&self) -> bool {
        matches!(self, Self::Reference)
    }
}

/// What a posting runs under in the companion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// Up to 32 characters of [A-Z0-9-].
    pub key: String,
    /// Fence of the lease.
    pub fence: u64,
}

/// What a journal leaves in SAP for each change set: how far it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalMark {
    /// Tag of the journal.
    pub journal: String,
    /// Name of the change set.
    pub change_set: String,
    /// What tells it from the same number of another copy.
    pub stamp: String,
}

impl JournalMark {
    /// SHA-256 of its content, as SAP keeps it.
    pub fn hash(&self) -> String {
        exec::request_hash(&self.call())
    }

    /// The operation that leaves it.
    pub fn call(&self) -> Call {
        exec::journal_mark(&self.journal, &self.change_set, &self.stamp)
    }
}

/// A mark of a journal that SAP has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Under this key.
    pub key: String,
    /// [`JournalMark::hash`] of what was left.
    pub hash: String,
    /// Name of the change set.
    pub change_set: String,
    /// When.
    pub at: Option<Timestamp>,
    /// User of SAP.
    pub by: String,
}

/// How a key stands in the companion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// It ran.
    Ran,
    /// It never ran and never will.
    Cancelled,
    /// It has not run yet.
    Absent,
}

/// Who may write to a client of SAP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaseStanding {
    /// We may.
    Ours {
        /// To write under.
        fence: u64,
        /// For how long, from when SAP was asked.
        seconds: u32,
    },
    /// Somebody else may.
    Others {
        /// Who.
        holder: String,
        /// Until when, if SAP said so.
        until: Option<Timestamp>,
    },
}

/// The answer of a SAP without the companion package to what only that can do.
fn no_companion<T: Send>() -> impl Future<Output = Result<T, PortError>> + Send {
    ready(Err(PortError::new(PortErrorKind::Refused, "SAP: there is no companion package")))
}

/// SAP, as posting sees it. Reads may be repeated, writes may not: each is sent once per call and
/// never again below this trait. `way` is the interface that an order is read or written by, and its
/// ETag is the version that this interface gives.
pub trait SapPort: Send + Sync {
    /// Planned orders that equal `order` in every field that we set.
    fn find_planned_orders(
        &self,
        way: OrderWay,
        order: &OrderValues,
    ) -> impl Future<Output = Result<Vec<PlannedOrder>, PortError>> + Send;

    /// The planned order with this number; `None` if there is none (deleted, or converted).
    fn read_planned_order(
        &self,
        way: OrderWay,
        number: &PlannedOrderNumber,
    ) -> impl Future<Output = Result<Option<PlannedOrder>, PortError>> + Send;

    /// Creates a planned order; the order as SAP answered, with number and ETag. `request` is the
    /// same for every attempt of one item, so that a gateway that remembers requests answers
    /// instead of creating twice.
    fn create_planned_order(
        &self,
        way: OrderWay,
        order: &OrderValues,
        request: &RequestId,
    ) -> impl Future<Output = Result<PlannedOrder, PortError>> + Send;

    /// All that SAP holds about a planned order, before we touch it; `None` if there is none.
    fn read_before(
        &self,
        way: OrderWay,
        number: &PlannedOrderNumber,
    ) -> impl Future<Output = Result<Option<OrderBefore>, PortError>> + Send;

    /// Sets `fields` of a planned order to `values` if it still has this ETag.
    fn change_planned_order(
        &self,
        way: OrderWay,
        number: &PlannedOrderNumber,
        values: &OrderValues,
        fields: &[OrderField],
        etag: &str,
        request: &RequestId,
    ) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Deletes a planned order if it still has this ETag.
    fn delete_planned_order(
        &self,
        way: OrderWay,
        number: &PlannedOrderNumber,
        etag: &str,
        request: &RequestId,
    ) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Lets SAP check a document without posting it. What SAP said, if it would take it.
    fn check_document(
        &self,
        posting: &FiPosting,
        key: &DocumentKey,
    ) -> impl Future<Output = Result<Vec<String>, PortError>> + Send;

    /// Posts a document and commits: in one session of SAP, or under `once` by the companion.
    fn post_document(
        &self,
        posting: &FiPosting,
        key: &DocumentKey,
        once: Option<&Once>,
    ) -> impl Future<Output = Result<(), PortError>> + Send;

    /// The documents that stand under these object keys, each in the place of its key. `year` is
    /// the fiscal year and `company_code` the one they were posted in.
    fn find_documents(
        &self,
        posting: &FiPosting,
        object_keys: &[&str],
    ) -> impl Future<Output = Result<Vec<Option<FoundDocument>>, PortError>> + Send;

    /// Every accounting document of our object type, oldest number first. None where SAP cannot be asked
    /// for them.
    fn documents_of_our_type(
        &self,
    ) -> impl Future<Output = Result<Vec<DocumentInSap>, PortError>> + Send {
        ready(Ok(Vec::new()))
    }

    /// Reverses a document by a second one under `reversal_key`, and commits, as
    /// [`post_document`](Self::post_document).
    fn reverse_document(
        &self,
        posting: &FiPosting,
        document: &FiDocument,
        original: &DocumentKey,
        reversal_key: &str,
        once: Option<&Once>,
    ) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Reads something small, to see whether SAP answers. Changes nothing.
    fn probe(&self, what: Probe) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Whether the companion's exactly-once functions are there. Changes nothing.
    fn companion(&self) -> impl Future<Output = Result<bool, PortError>> + Send {
        ready(Ok(false))
    }

    /// Takes the lease, or renews it.
    fn acquire_lease(
        &self,
        _holder: &str,
    ) -> impl Future<Output = Result<LeaseStanding, PortError>> + Send {
        no_companion()
    }

    /// Gives the lease back.
    fn release_lease(&self, _holder: &str) -> impl Future<Output = Result<(), PortError>> + Send {
        no_companion()
    }

    /// How a key stands.
    fn entry(&self, _key: &str) -> impl Future<Output = Result<Entry, PortError>> + Send {
        no_companion()
    }

    /// The marks that SAP has under these keys.
    fn marks(&self, _keys: &[&str]) -> impl Future<Output = Result<Vec<Mark>, PortError>> + Send {
        no_companion()
    }

    /// Leaves a mark; again is once. [`PortErrorKind::Changed`] if another is there under its key.
    fn mark(
        &self,
        _once: &Once,
        _mark: &JournalMark,
    ) -> impl Future<Output = Result<(), PortError>> + Send {
        no_companion()
    }

    /// Sees to it that a key never runs, unless it has.
    fn cancel(&self, _once: &Once) -> impl Future<Output = Result<Entry, PortError>> + Send {
        no_companion()
    }
}
