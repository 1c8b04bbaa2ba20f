//! A change set: documents that are posted, and taken back, together.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::PlannedOrderNumber;

use super::document::NewDocument;
use super::order_values::OrderValues;
use super::order_way::OrderWay;
use super::reference_key::ReferenceKey;

/// Name of a change set within its journal, as `CS-7`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChangeSetId(String);

impl ChangeSetId {
    /// The `number`-th change set of a journal, from 1.
    pub fn numbered(number: usize) -> Self {
        Self(format!("CS-{number}"))
    }

    /// The id that a person typed; `cs-7` and `7` are understood too.
    pub fn typed(text: &str) -> Self {
        let text = text.trim().to_ascii_uppercase();
        Self(if text.starts_with("CS-") { text } else { format!("CS-{text}") })
    }

    /// As it is stored and printed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// By its name a map of them can be asked.
impl std::borrow::Borrow<str> for ChangeSetId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ChangeSetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What somebody wants to post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeSetDraft {
    /// What it is for, in words.
    pub purpose: String,
    /// Who asked for it.
    pub requested_by: String,
    /// Hash of the plan or of the posting run that it comes from.
    pub plan_hash: String,
    /// A change set whose window must have closed first: FI documents of a plan cannot be deleted,
    /// so they wait until the plan stands.
    pub after: Option<ChangeSetId>,
    /// Documents, in the order in which they are sent. All planned orders, or all FI documents.
    pub documents: Vec<NewDocument>,
    /// Deletions of planned orders that are sent once its window has closed, as a change set of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub at_confirm: Vec<NewDocument>,
}

/// A document that would be created, for people to look at before anything is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DocumentPreview {
    /// Position, from 1.
    pub item: usize,
    /// What it is, on one line.
    pub title: String,
    /// Key under which it could be found again.
    pub key: ReferenceKey,
    /// All of it.
    pub document: NewDocument,
}

impl ChangeSetDraft {
    /// The group of each document: changes, creations, deletions. Documents of one group are about
    /// different objects of SAP and do not depend on each other.
    pub(super) fn groups(&self) -> Vec<u8> {
        self.documents.iter().map(rank).collect()
    }

    /// The first thing that is wrong with it if orders go out by `way`, as a sentence.
    pub(super) fn problem(&self, way: OrderWay) -> Option<String> {
        if self.documents.is_empty() {
            return Some("there is nothing to post".to_owned());
        }
        let all: Vec<&NewDocument> = self.documents.iter().chain(&self.at_confirm).collect();
        let is_order = |document: &NewDocument| {
            !matches!(document, NewDocument::FiDocument(_) | NewDocument::KeyFigures(_))
        };
        let orders = all.iter().filter(|document| is_order(document)).count();
        if orders > 0 && orders < all.len() {
            return Some(
                "planned orders and FI documents cannot be in one change set: \
                 the first can be deleted, the second only reversed"
                    .to_owned(),
            );
        }
        if !all.is_sorted_by_key(|document| rank(document)) {
            return Some(
                "changes come first, then creations, then deletions: so the way back seldom has to \
                 create an order anew"
                    .to_owned(),
            );
        }
        let documents: Vec<NewDocument> =
            all.iter().map(|document| way.document((*document).clone(), None)).collect();
        for (at, document) in all.into_iter().enumerate() {
            if let Some(problem) = document.problem(at + 1).or_else(|| way.problem(document)) {
                return Some(format!("item {}, {}: {problem}", at + 1, document.title()));
            }
            if let Some(twin) =
                documents[..at].iter().position(|other| twins(other, &documents[at]))
            {
                let (one, other, title) = (twin + 1, at + 1, document.title());
                return Some(format!(
                    "{}items {one} and {other} cannot be told apart in SAP; merge or change one ({title})",
                    if is_order(document) { "PLAN-TWIN: " } else { "" }
                ));
            }
        }
        None
    }
}

/// The place of a kind of document in the order of sending.
fn rank(document: &NewDocument) -> u8 {
    match document {
        NewDocument::PlannedOrderChange(_) => 0,
        NewDocument::PlannedOrder(_) | NewDocument::FiDocument(_) | NewDocument::KeyFigures(_) => 1,
        NewDocument::PlannedOrderDeletion(_) => 2,
    }
}

/// The order in SAP that a document is about, if there is one already.
fn number_of(document: &NewDocument) -> Option<&PlannedOrderNumber> {
    match document {
        NewDocument::PlannedOrderChange(change) => Some(&change.before.number),
        NewDocument::PlannedOrderDeletion(deletion) => Some(&deletion.before.number),
        _ => None,
    }
}

/// What an order is or was to hold, before and after the document.
fn values_of(document: &NewDocument) -> Vec<OrderValues> {
    match document {
        NewDocument::PlannedOrder(order) => vec![order.values()],
        NewDocument::PlannedOrderChange(change) => {
            vec![OrderValues::from(&change.before), change.wanted.clone()]
        }
        NewDocument::PlannedOrderDeletion(deletion) => vec![OrderValues::from(&deletion.before)],
        NewDocument::FiDocument(_) | NewDocument::KeyFigures(_) => Vec::new(),
    }
}

/// Whether two documents would have the same fingerprint or key.
fn twins(a: &NewDocument, b: &NewDocument) -> bool {
    let carbon =
        |of: &NewDocument| matches!(of, NewDocument::FiDocument(_) | NewDocument::KeyFigures(_));
    if carbon(a) && carbon(b) {
        return a.key("", "", 0) == b.key("", "", 0);
    }
    match (number_of(a), number_of(b)) {
        (Some(a), Some(b)) => a == b,
        // An order that is created is found by its values: no other may have them meanwhile.
        _ => values_of(a).iter().any(|values| values_of(b).contains(values)),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::document::tests::{order, posting};
    use super::*;

    pub fn draft_of(documents: Vec<NewDocument>) -> ChangeSetDraft {
        ChangeSetDraft {
            purpose: "test".to_owned(),
            requested_by: "planner".to_owned(),
            plan_hash: "h".to_owned(),
            after: None,
            documents,
            at_confirm: Vec::new(),
        }
    }

    #[test]
    fn orders_that_could_not_be_told_apart_are_refused() {
        let mut twin = order(1);
        twin.reference = "another".to_owned();
        let draft = draft_of(vec![
            NewDocument::PlannedOrder(order(1)),
            NewDocument::PlannedOrder(order(2)),
            NewDocument::PlannedOrder(twin),
        ]);

        let said = draft.problem(OrderWay::default()).unwrap();
        assert!(said.starts_with("PLAN-TWIN: items 1 and 3 cannot be told apart in SAP"), "{said}");
    }

    #[test]
    fn planned_orders_and_fi_documents_are_never_in_one_change_set() {
        let draft =
            draft_of(vec![NewDocument::PlannedOrder(order(1)), NewDocument::FiDocument(posting())]);

        assert!(
            draft.problem(OrderWay::default()).unwrap().contains("cannot be in one change set")
        );
    }

    #[test]
    fn an_id_is_understood_as_people_type_it() {
        assert_eq!(ChangeSetId::typed("7"), ChangeSetId::numbered(7));
        assert_eq!(ChangeSetId::typed("cs-7"), ChangeSetId::numbered(7));
    }
}
