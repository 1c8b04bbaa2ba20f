//! Looking after backups: which there are, whether they open, how long they stay.

use jiff::Timestamp;
use serde::Serialize;

use crate::clock::Clock;

use super::Poster;
use super::backup::drill::Drilled;
use super::backup::retention::{self, KEEP_DEFAULT};
use super::backup::{BackupError, Identity, Sealed};
use super::change_set::ChangeSetId;
use super::error::PostError;
use super::journal::Record;
use super::sap_port::SapPort;
use super::state::Phase;

/// A backup that the journal names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BackupEntry {
    /// Change set.
    pub change_set_id: ChangeSetId,
    /// Where the change set stands.
    pub phase: Phase,
    /// The file, as it was sealed.
    pub sealed: Sealed,
    /// When it was sealed.
    pub at: Timestamp,
    /// When it was removed, if it was.
    pub removed: Option<Timestamp>,
    /// Why it may not be removed yet, if so.
    pub keep: Option<String>,
}

/// How the drill of one backup went.
pub type DrillResult = (ChangeSetId, Result<Drilled, BackupError>);

impl<S: SapPort, C: Clock> Poster<S, C> {
    /// Every backup that the journal names, oldest first.
    ///
    /// # Errors
    ///
    /// [`PostError::Journal`] if the journal cannot be read.
    pub fn backups(&mut self) -> Result<Vec<BackupEntry>, PostError> {
        self.journal.read_on()?;
        let now = self.desk.clock.now().wall;
        let keep = self.desk.settings.backup.keep.unwrap_or(KEEP_DEFAULT);
        let entry = |set: &super::journal::ChangeSet| {
            let (sealed, at) = (set.backup.clone()?, set.sealed?);
            let (phase, ended) = (set.state.phase, set.last.wall);
            Some(BackupEntry {
                change_set_id: set.id.clone(),
                phase,
                sealed,
                at,
                removed: set.backup_removed,
                keep: retention::reason_to_keep(phase, at, ended, now, keep),
            })
        };
        Ok(self.journal.change_sets().iter().filter_map(entry).collect())
    }

    /// Opens the backup of `id`, or every one that is not removed, with each key of the service and
    /// of `more`, and notes in the journal how it went. Nothing is sent to SAP.
    ///
    /// # Errors
    ///
    /// [`PostError::NoBackup`] if there is none; [`PostError::Journal`] if the result cannot be noted.
    pub fn drill(
        &mut self,
        id: Option<&ChangeSetId>,
        more: &[Identity],
    ) -> Result<Vec<DrillResult>, PostError> {
        let writing = self.journal.begin_writing()?;
        let mut wanted = self.backups()?;
        wanted.retain(|entry| match id {
            Some(id) => entry.change_set_id == *id,
            None => entry.removed.is_none(),
        });
        if let (Some(id), true) = (id, wanted.is_empty()) {
            return Err(PostError::NoBackup {
                id: id.clone(),
                reason: "none was sealed".to_owned(),
            });
        }
        let mut keys = self.vault.keys().identities()?;
        keys.extend(more.iter().cloned());
        let mut results = Vec::new();
        for entry in wanted {
            let id = entry.change_set_id;
            if let Some(at) = entry.removed {
                return Err(PostError::NoBackup { id, reason: format!("it was removed at {at}") });
            }
            let result = self.vault.drill(&id, &entry.sealed, &keys).map(|(drilled, _)| drilled);
            let record = Record::RestoreDrill {
                change_set: id.clone(),
                opened_with: result.as_ref().map_or(Vec::new(), |d| d.opened_with.clone()),
                problem: result.as_ref().err().map(ToString::to_string),
            };
            self.journal.note(&writing, &record, &self.desk.clock.now())?;
            results.push((id, result));
        }
        Ok(results)
    }

    /// Removes the backups whose time is over. Those that are removed; with `only_show` nothing is.
    ///
    /// # Errors
    ///
    /// [`PostError::Backup`] if a file cannot be removed.
    pub fn prune(&mut self, only_show: bool) -> Result<Vec<BackupEntry>, PostError> {
        let writing = self.journal.begin_writing()?;
        let mut over = self.backups()?;
        over.retain(|entry| entry.removed.is_none() && entry.keep.is_none());
        if only_show {
            return Ok(over);
        }
        for entry in &over {
            let (change_set, file) = (entry.change_set_id.clone(), entry.sealed.file.clone());
            // Noted first: a file that is gone must not look like a loss.
            let record = Record::BackupRemoved { change_set, file: file.clone() };
            self.journal.note(&writing, &record, &self.desk.clock.now())?;
            self.vault.remove(&file)?;
        }
        Ok(over)
    }

    /// Makes a new service key and seals for it from now on. Its public half.
    ///
    /// # Errors
    ///
    /// [`PostError::Backup`] if the place of the key cannot be written; the old key then stays.
    pub fn rotate_backup_key(&mut self, who: &str) -> Result<String, PostError> {
        let writing = self.journal.begin_writing()?;
        let (old, new) = self.vault.keys().rotate()?;
        let record = Record::KeyRotated {
            old: old.map(|key| key.to_string()),
            new: new.to_string(),
            who: who.to_owned(),
        };
        self.journal.note(&writing, &record, &self.desk.clock.now())?;
        Ok(new.to_string())
    }
}
