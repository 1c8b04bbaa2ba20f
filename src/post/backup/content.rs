//! What a backup holds: one JSON document that a person can restore from by hand.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::order::PlannedOrder;
use crate::post::change_set::{ChangeSetDraft, ChangeSetId};
use crate::post::journal::ExportedRow;
use crate::post::reference_key::{JournalTag, ReferenceKey};

/// Version of the document.
pub const FORMAT: u32 = 1;

/// What SAP held about one document before we touched it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "before", rename_all = "snake_case")]
pub enum BeforeImage {
    /// SAP was asked and had nothing: taking back means that there is nothing again.
    Nothing {
        /// What SAP was asked for.
        asked: String,
    },
    /// The planned order as SAP sent it, and as we understood it.
    PlannedOrder {
        /// The answer, field by field, untouched.
        payload: Value,
        /// In our words, with its version.
        order: Box<PlannedOrder>,
    },
}

/// One document of the change set and its before-image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackedUpItem {
    /// Position, from 1.
    pub item: usize,
    /// What was to be posted, on one line.
    pub title: String,
    /// Key of the document.
    pub key: ReferenceKey,
    /// What SAP held.
    #[serde(flatten)]
    pub before: BeforeImage,
}

/// Everything that is needed to put SAP back by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// Version of this document.
    pub format: u32,
    /// Change set.
    pub change_set: ChangeSetId,
    /// Journal that it belongs to.
    pub journal: JournalTag,
    /// SAP system and client.
    pub system: String,
    /// When SAP was read.
    pub at: Timestamp,
    /// Version of Carbide that made it.
    pub carbide: String,
    /// Before-images.
    pub items: Vec<BackedUpItem>,
    /// What was to be posted.
    pub plan: ChangeSetDraft,
    /// Rows of the journal about this change set so far.
    pub rows: Vec<ExportedRow>,
}

impl Backup {
    /// As it is encrypted.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("a backup has string keys only")
    }

    /// From what was decrypted.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as the end of a sentence.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let backup: Self = serde_json::from_slice(bytes)
            .map_err(|error| format!("holds something that is no backup ({error})"))?;
        if backup.format != FORMAT {
            let found = backup.format;
            return Err(format!("has format {found}, this Carbide knows {FORMAT}"));
        }
        Ok(backup)
    }
}
