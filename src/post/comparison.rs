//! Journal and SAP side by side, in both directions: what the journal says is there, is there; and every
//! accounting document that bears our reference has an intent in the journal.

use std::collections::HashMap;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::Serialize;

use crate::clock::Clock;

use super::document::NewDocument;
use super::error::PostError;
use super::sap_port::{DocumentInSap, SapPort};
use super::state::ItemState;
use super::{ChangeSetId, Poster};

/// How journal and SAP differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// The journal says that it is there; in SAP it is gone, or others changed it.
    OtherwiseInSap,
    /// It stands in SAP under a key of this journal, and the journal has no intent for it: it was posted
    /// by a newer copy, or by somebody who knows our keys.
    NotInJournal,
    /// It stands in SAP under the key of another journal.
    OfAnotherJournal,
    /// It stands in SAP under our object type and a key that none of ours can be.
    NoKeyOfOurs,
    /// The same key stands in SAP more than once.
    Twice,
    /// Its amount in SAP is not the one that was posted.
    Amount,
    /// The journal says that it was reversed; in SAP it is not.
    NotReversed,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Discrepancy {
    /// Of which kind.
    pub difference: Difference,
    /// Change set, if the journal has one for it.
    pub change_set_id: Option<ChangeSetId>,
    /// Item of it, from 1.
    pub item: Option<usize>,
    /// Number in SAP, with company code and year.
    pub document: Option<String>,
    /// Its reference key (AWKEY).
    pub key: Option<String>,
    /// Sum of its debit lines.
    pub amount: Option<Decimal>,
    /// Currency of the amount.
    pub currency: Option<String>,
    /// In words.
    pub what: String,
}

impl std::fmt::Display for Discrepancy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let (Some(id), Some(item)) = (&self.change_set_id, self.item) {
            write!(f, "{id}, item {item}: ")?;
        }
        if let Some(document) = &self.document {
            write!(f, "document {document}")?;
        }
        if let Some(key) = &self.key {
            write!(f, " under key {key}")?;
        }
        if let (Some(amount), Some(currency)) = (&self.amount, &self.currency) {
            write!(f, ", {amount} {currency}")?;
        }
        let colon = if self.document.is_some() { ": " } else { "" };
        write!(f, "{colon}{}", self.what)
    }
}

/// What was compared, and how it differs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Documents of the journal that SAP was asked for.
    pub asked: usize,
    /// Accounting documents in SAP that bear our object type.
    pub in_sap: usize,
    /// How they differ.
    pub discrepancies: Vec<Discrepancy>,
}

/// What the journal knows about a key.
struct Expected {
    id: ChangeSetId,
    item: usize,
    /// Whether it is the key of the document itself, or of its reversal.
    is_reversal: bool,
    /// Whether something under the key may have been sent.
    intended: bool,
    state: ItemState,
    debit: Decimal,
    currency: String,
}

impl<S: SapPort, C: Clock> Poster<S, C> {
    /// Asks SAP for every document that the journal says stands there, and for every accounting document
    /// that bears our object type. Changes nothing.
    ///
    /// # Errors
    ///
    /// [`PostError::InDoubt`] or [`PostError::NotCompared`] if SAP does not answer.
    pub async fn compare_with_sap(&mut self) -> Result<Comparison, PostError> {
        self.journal.read_on()?;
        let mut found = Comparison::default();
        self.journal_to_sap(&mut found).await?;
        let there = self.desk.sap.documents_of_our_type().await;
        let there = there.map_err(|error| PostError::NotCompared { reason: error.to_string() })?;
        self.sap_to_journal(&there, &mut found);
        Ok(found)
    }

    async fn journal_to_sap(&self, found: &mut Comparison) -> Result<(), PostError> {
        for set in self.journal.change_sets() {
            for (item, state) in set.state.items.iter().enumerate() {
                if *state != ItemState::Done {
                    continue;
                }
                found.asked += 1;
                let errand = self.errand(&set.id, item, &Arc::default())?;
                if let Some(what) = errand.seen_again().await? {
                    let fi = match &errand.document {
                        NewDocument::FiDocument(posting) => Some(posting),
                        _ => None,
                    };
                    found.discrepancies.push(Discrepancy {
                        difference: Difference::OtherwiseInSap,
                        change_set_id: Some(set.id.clone()),
                        item: Some(item + 1),
                        document: set.items[item].number.as_ref().map(ToString::to_string),
                        key: errand.key.as_ref().map(|key| key.object_key.clone()),
                        amount: fi.map(super::FiPosting::debit),
                        currency: fi.map(|posting| posting.currency.clone()),
                        what,
                    });
                }
            }
        }
        Ok(())
    }

    fn sap_to_journal(&self, there: &[DocumentInSap], found: &mut Comparison) {
        found.in_sap = there.len();
        let expected = self.expected();
        let own = format!("J{}", self.journal.tag());
        let mut seen: HashMap<&str, &DocumentInSap> = HashMap::new();
        for document in there {
            let key = document.object_key.as_str();
            let known = expected.get(key);
            let mut differs = |difference: Difference, what: String| {
                found.discrepancies.push(Discrepancy {
                    difference,
                    change_set_id: known.map(|of| of.id.clone()),
                    item: known.map(|of| of.item + 1),
                    document: Some(document.document.to_string()),
                    key: Some(key.to_owned()),
                    amount: Some(document.debit),
                    currency: Some(document.currency.clone()),
                    what,
                });
            };
            if let Some(first) = seen.insert(key, document) {
                let what = format!("{} stands under the same key", first.document);
                differs(Difference::Twice, what);
            }
            match known {
                Some(of) if of.intended => {
                    if !of.is_reversal
                        && of.currency == document.currency
                        && of.debit != document.debit
                    {
                        let what = format!("the journal posted {} {}", of.debit, of.currency);
                        differs(Difference::Amount, what);
                    }
                    if !of.is_reversal && of.state == ItemState::CompDone && !document.reversed {
                        let what = "the journal says that it was reversed".to_owned();
                        differs(Difference::NotReversed, what);
                    }
                }
                Some(_) => {
                    let what = format!(
                        "the journal has it as never sent; {} posted it: a newer copy of this journal, \
                         or another program",
                        document.by
                    );
                    differs(Difference::NotInJournal, what);
                }
                None if key.starts_with(&own) && key.len() == KEY_LENGTH => {
                    let what = format!(
                        "the journal has no intent for it; {} posted it: a newer copy of this journal, \
                         or another program",
                        document.by
                    );
                    differs(Difference::NotInJournal, what);
                }
                None if key.starts_with('J') && key.len() == KEY_LENGTH => {
                    let (tag, by) = (&key[1..4], &document.by);
                    let what = format!("another journal, with tag {tag}, posted it as {by}");
                    differs(Difference::OfAnotherJournal, what);
                }
                None => {
                    let what =
                        format!("{} posted it under a key that is none of ours", document.by);
                    differs(Difference::NoKeyOfOurs, what);
                }
            }
        }
    }

    /// Every key of an accounting document that this journal can have made.
    fn expected(&self) -> HashMap<String, Expected> {
        let tag = self.journal.tag();
        let mut all = HashMap::new();
        for set in self.journal.change_sets() {
            let documents = set.draft.iter().flat_map(|draft| &draft.documents);
            for (item, (document, key)) in documents.zip(&set.keys).enumerate() {
                let NewDocument::FiDocument(posting) = document else { continue };
                let Some(state) = set.state.items.get(item).copied() else { continue };
                let of = |is_reversal: bool, intended: bool| Expected {
                    id: set.id.clone(),
                    item,
                    is_reversal,
                    intended,
                    state,
                    debit: posting.debit(),
                    currency: posting.currency.clone(),
                };
                let known = &set.items[item];
                // A key that was refused in one change set may be posted in a later one.
                let mut note = |key: String, of: Expected| match all.get(&key) {
                    Some(Expected { intended: true, .. }) if !of.intended => {}
                    _ => drop(all.insert(key, of)),
                };
                note(key.object_key(&tag), of(false, known.first_sent.is_some()));
                let reversal = key.derived("reversal").object_key(&tag);
                note(reversal, of(true, known.first_taken_back.is_some()));
            }
        }
        all
    }
}

/// Characters of a key: `J`, three of the tag, 16 of the reference.
const KEY_LENGTH: usize = 20;
