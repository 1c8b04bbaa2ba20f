//! The drill: is each backup that the journal names still there, and does each key open it?

use sha2::{Digest, Sha256};

use serde::Serialize;

use crate::post::change_set::ChangeSetId;
use crate::post::reference_key::hex;

use super::envelope::{self, NotOpened};
use super::{Backup, BackupError, BeforeImage, Identity, Sealed, Vault};

/// A backup that stood the drill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drilled {
    /// Change set.
    pub change_set_id: ChangeSetId,
    /// File.
    pub file: String,
    /// Public keys whose secret half was here and opened it.
    pub opened_with: Vec<String>,
    /// Keys it was sealed for whose secret half was not here.
    pub not_tried: Vec<String>,
    /// What it would put back, a line for each document.
    pub would_restore: Vec<String>,
}

impl Vault {
    /// Opens the backup that the journal calls `sealed`, with each of `identities` that it was
    /// sealed for, and compares it with what the journal says.
    ///
    /// # Errors
    ///
    /// [`BackupError`] names the file and what is wrong with it.
    pub fn drill(
        &self,
        id: &ChangeSetId,
        sealed: &Sealed,
        identities: &[Identity],
    ) -> Result<(Drilled, Backup), BackupError> {
        let file = sealed.file.clone();
        let damaged = |reason: String| BackupError::Damaged { file: file.clone(), reason };
        let bytes = self
            .disk
            .read(&self.folder.join(&sealed.file))
            .map_err(|error| damaged(format!("cannot be read ({error})")))?;
        if (bytes.len() as u64) < sealed.bytes {
            return Err(BackupError::Truncated { file });
        }
        let hash = hex(&Sha256::digest(&bytes));
        if hash != sealed.sha256 {
            let noted = &sealed.sha256;
            return Err(damaged(format!("has SHA-256 {hash}, the journal says {noted}")));
        }
        let ours = |identity: &&Identity| {
            sealed.recipients.iter().any(|key| key == identity.public().as_str())
        };
        let mut opened: Option<Vec<u8>> = None;
        let mut opened_with = Vec::new();
        for identity in identities.iter().filter(ours) {
            let plain = envelope::decrypt(&bytes, identity).map_err(|problem| match problem {
                NotOpened::Truncated => BackupError::Truncated { file: file.clone() },
                other => damaged(other.to_string()),
            })?;
            if opened.as_ref().is_some_and(|first| *first != plain) {
                return Err(damaged("opens differently with two keys".to_owned()));
            }
            opened = Some(plain);
            opened_with.push(identity.public().to_string());
        }
        let Some(plain) = opened else {
            let here: Vec<&str> = identities.iter().map(|key| key.public().as_str()).collect();
            return Err(BackupError::WrongKey {
                file,
                made_for: sealed.recipients.join(", "),
                here: if here.is_empty() { "none".to_owned() } else { here.join(", ") },
            });
        };
        let backup = Backup::from_bytes(&plain).map_err(damaged)?;
        if backup.change_set != *id || backup.items.len() != sealed.items {
            return Err(damaged(format!(
                "is of {} with {} documents, the journal says {id} with {}",
                backup.change_set,
                backup.items.len(),
                sealed.items
            )));
        }
        let not_tried = sealed.recipients.iter().filter(|key| !opened_with.contains(key));
        let drilled = Drilled {
            change_set_id: id.clone(),
            file: sealed.file.clone(),
            not_tried: not_tried.cloned().collect(),
            opened_with,
            would_restore: backup.items.iter().map(would_restore).collect(),
        };
        Ok((drilled, backup))
    }
}

fn would_restore(item: &super::BackedUpItem) -> String {
    match &item.before {
        BeforeImage::Nothing { asked } => {
            format!("item {}: nothing to put back; SAP had none ({asked})", item.item)
        }
        BeforeImage::PlannedOrder { order, .. } => format!(
            "item {}: planned order {}: {} of {} in {}, {} to {}, {}",
            item.item,
            order.number.padded(),
            order.quantity,
            order.material,
            order.plant,
            order.start.strftime("%Y-%m-%d %H:%M"),
            order.end.strftime("%Y-%m-%d %H:%M"),
            if order.firm { "firm" } else { "not firm" },
        ),
    }
}
