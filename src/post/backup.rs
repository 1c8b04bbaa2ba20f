//! Sealed backups: what SAP held before a change set, encrypted and read back before anything is
//! sent.
//!
//! A backup is one age v1 file with one JSON document in it, so that `age -d -i KEY FILE` opens it
//! without Carbide. It is encrypted to two keys: the service's own, with which it is read back here,
//! and a recovery key whose secret half the customer keeps elsewhere.

pub mod content;
pub mod disk;
pub mod drill;
pub mod keys;
pub mod retention;

mod envelope;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::failpoint::Crash;
use super::reference_key::hex;
use super::rule::Rule;
use super::settings::PostSettings;
use crate::said;
use crate::said::Said;
use crate::words_by_said;

pub use content::{BackedUpItem, Backup, BeforeImage};
use disk::{Disk, OsDisk};
pub use keys::{BackupKeys, Identity, Recipient};

/// Why a backup could not be sealed or opened. Nothing was sent to SAP in any of these cases.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// There is no key to encrypt to.
    NoKey {
        /// What is missing, and how to supply it.
        reason: String,
    },
    /// The file was encrypted to other keys.
    WrongKey {
        /// File.
        file: String,
        /// Public keys that the journal names.
        made_for: String,
        /// Public keys whose secret half is here.
        here: String,
    },
    /// The disk is full.
    NoSpace {
        /// File.
        path: PathBuf,
        /// Its length.
        bytes: u64,
    },
    /// The disk refused it.
    NotWritten {
        /// File.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// What was read back is not what was written.
    NotReadBack {
        /// File.
        path: PathBuf,
        /// What differs.
        reason: String,
    },
    /// The file ends early.
    Truncated {
        /// File.
        file: String,
    },
    /// The file is not the one that was sealed.
    Damaged {
        /// File.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// This program was built without encryption.
    NotBuilt,
}

impl BackupError {
    /// What happened, with what it is made of.
    pub fn said(&self) -> Said {
        match self {
            Self::NoKey { reason } => said!(
                "backup.no-key",
                "BKP-KEY: no encryption key available ({reason})",
                reason = reason
            ),
            Self::WrongKey { file, made_for, here } => said!(
                "backup.wrong-key",
                "BKP-KEY: backup {file} is for {made_for}; the keys here are {here}",
                file = file,
                made_for = made_for,
                here = here
            ),
            Self::NoSpace { path, bytes } => said!(
                "backup.no-space",
                "JRN-NOSPACE: the disk has no room for backup {path} of {bytes} bytes. Make room",
                bytes = bytes,
                path = path.display()
            ),
            Self::NotWritten { path, reason } => said!(
                "backup.not-written",
                "BKP-WRITE: backup {path} could not be written ({reason}). Check the disk",
                reason = reason,
                path = path.display()
            ),
            Self::NotReadBack { path, reason } => said!(
                "backup.not-read-back",
                "BKP-VERIFY: backup {path} could not be read back: {reason}. Check the disk",
                reason = reason,
                path = path.display()
            ),
            Self::Truncated { file } => said!(
                "backup.truncated",
                "BKP-TRUNC: backup {file} ends early; nothing is restored from it",
                file = file
            ),
            Self::Damaged { file, reason } => said!(
                "backup.damaged",
                "BKP-DAMAGED: backup {file} {reason}; nothing is restored from it",
                file = file,
                reason = reason
            ),
            Self::NotBuilt => said!(
                "backup.not-built",
                "BKP-NOTBUILT: this program was built without the feature `backup`, and nothing is posted \
                 without one. Build it with the default features"
            ),
        }
    }
}

words_by_said!(BackupError);

/// A backup that is on the disk and was read back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// Name of the file within the folder of backups.
    pub file: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// Public keys that it was encrypted to.
    pub recipients: Vec<String>,
    /// How many before-images it holds.
    pub items: usize,
}

/// The folder of backups of one journal, and its keys.
pub struct Vault {
    folder: PathBuf,
    keys: BackupKeys,
    disk: Arc<dyn Disk>,
}

impl Vault {
    /// The vault beside the journal at `journal`, unless the settings name another folder.
    pub fn beside(journal: &Path, settings: &PostSettings) -> Self {
        let state = journal.parent().unwrap_or(Path::new("")).to_owned();
        let folder = settings.backup.folder.clone().unwrap_or_else(|| state.join("backups"));
        let keys = BackupKeys::new(&settings.backup, settings.role, &state);
        Self { folder, keys, disk: Arc::new(OsDisk) }
    }

    /// The same vault on another disk.
    #[cfg(test)]
    pub fn set_disk(&mut self, disk: Arc<dyn Disk>) {
        self.disk = disk;
    }

    /// Where the backups are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The keys it seals and opens with.
    pub fn keys(&self) -> &BackupKeys {
        &self.keys
    }

    /// Puts `backup` on the disk and reads it back. The order is what a power cut needs: a file of
    /// that name is whole or not there. `pass` is called at the places where a process can die.
    pub(super) fn seal(
        &self,
        name: &str,
        backup: &Backup,
        pass: &mut dyn FnMut(&'static str) -> Result<(), Crash>,
    ) -> Result<Result<Sealed, BackupError>, Crash> {
        let (identity, recipients) = match self.keys.to_seal_with() {
            Ok(keys) => keys,
            Err(error) => return Ok(Err(error)),
        };
        let plain = backup.to_bytes();
        let sealed = match envelope::encrypt(&plain, &recipients) {
            Ok(sealed) => sealed,
            Err(error) => return Ok(Err(error)),
        };
        let file = format!("{name}.age");
        if !Rule::BackupFirst.holds() {
            let (bytes, sha256, recipients) = (1, String::new(), Vec::new());
            let items = backup.items.len();
            return Ok(Ok(Sealed { file, bytes, sha256, recipients, items }));
        }
        let path = self.folder.join(&file);
        let unfinished = self.folder.join(format!(".{file}.unfinished"));
        if let Err(error) = self.write_unfinished(&unfinished, &sealed) {
            return Ok(Err(error));
        }
        pass("backup.before_rename")?;
        let renamed = self.disk.rename(&unfinished, &path);
        if let Err(error) = renamed.and_then(|()| self.disk.sync_folder(&self.folder)) {
            return Ok(Err(refused(&path, sealed.len(), error)));
        }
        pass("backup.after_rename")?;
        if let Err(reason) = self.reads_back(&path, &plain, &identity) {
            return Ok(Err(BackupError::NotReadBack { path, reason }));
        }
        Ok(Ok(Sealed {
            file,
            bytes: sealed.len() as u64,
            sha256: hex(&Sha256::digest(&sealed)),
            recipients: recipients.iter().map(ToString::to_string).collect(),
            items: backup.items.len(),
        }))
    }

    /// Removes a backup. One that is not there is no error.
    pub(super) fn remove(&self, file: &str) -> Result<(), BackupError> {
        let path = self.folder.join(file);
        match self.disk.remove(&path).and_then(|()| self.disk.sync_folder(&self.folder)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(BackupError::NotWritten { path, reason: error.to_string() })
            }
            _ => Ok(()),
        }
    }

    fn write_unfinished(&self, path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
        let written = self.disk.make_folder(&self.folder).and_then(|()| {
            // What a process that died left behind.
            let _ = self.disk.remove(path);
            self.disk.write_new(path, bytes)
        });
        written.map_err(|error| {
            let _ = self.disk.remove(path);
            refused(path, bytes.len(), error)
        })
    }

    fn reads_back(&self, path: &Path, plain: &[u8], identity: &Identity) -> Result<(), String> {
        let read = self.disk.read(path).map_err(|error| error.to_string())?;
        let opened = envelope::decrypt(&read, identity).map_err(|problem| problem.to_string())?;
        if opened == plain { Ok(()) } else { Err("it holds something else".to_owned()) }
    }
}

fn refused(path: &Path, bytes: usize, error: io::Error) -> BackupError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            BackupError::NoSpace { path: path.to_owned(), bytes: bytes as u64 }
        }
        _ => BackupError::NotWritten { path: path.to_owned(), reason: error.to_string() },
    }
}
