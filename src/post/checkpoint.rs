//! Signed heads of the audit log: one whenever a change set comes to its end, and on demand.

use std::path::{Path, PathBuf};

use crate::audit::{self, Hash, Head, SigningKey, VerifierKey};
use crate::clock::Clock;
use crate::secret::{Secret, others_can_read};

use super::Poster;
use super::backup::disk::{Disk, OsDisk};
use super::error::PostError;
use super::journal::{self, Journal};
use super::sap_port::SapPort;
use crate::said;
use crate::said::Said;
use crate::words_by_said;

/// Why the audit log is not what a checkpoint says, or cannot be signed.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The key cannot be read, or a note cannot be written.
    Key {
        /// File.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A note is not believed.
    Note {
        /// File.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The log was rewritten.
    Rewritten {
        /// File.
        path: PathBuf,
        /// Rows.
        size: u64,
        /// Root in the checkpoint.
        noted: String,
        /// Root of the rows that are there.
        found: String,
    },
    /// The journal is shorter than a checkpoint says.
    Cut {
        /// File.
        path: PathBuf,
        /// Rows in the checkpoint.
        size: u64,
        /// Rows in the journal.
        rows: u64,
    },
}

impl AuditError {
    /// What happened, with what it is made of.
    pub fn said(&self) -> Said {
        match self {
            Self::Key { path, reason } => said!(
                "audit.key",
                "AUD-KEY: {path} cannot be used: {reason}. Nothing was signed",
                reason = reason,
                path = path.display()
            ),
            Self::Note { path, reason } => said!(
                "audit.note",
                "AUD-NOTE: checkpoint {path} is not believed: {reason}",
                reason = reason,
                path = path.display()
            ),
            Self::Rewritten { path, size, noted, found } => said!(
                "audit.rewritten",
                "AUD-REWRITTEN: checkpoint {path} says that the first {size} rows have the root {noted}; they \
                 have {found}. The journal was rewritten after it",
                size = size,
                noted = noted,
                found = found,
                path = path.display()
            ),
            Self::Cut { path, size, rows } => said!(
                "audit.cut",
                "AUD-CUT: checkpoint {path} is over {size} rows, the journal has {rows}. Rows were removed, or \
                 an older copy was put in its place",
                size = size,
                rows = rows,
                path = path.display()
            ),
        }
    }
}

words_by_said!(AuditError);

/// The checkpoints beside one journal.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    folder: PathBuf,
    key: PathBuf,
    origin: String,
}

impl Checkpoints {
    /// Those of the journal at `journal`. `domain` names SAP system and client.
    pub fn beside(journal: &Journal, domain: &str) -> Self {
        let state = journal.path().parent().unwrap_or(Path::new(""));
        Self {
            folder: state.join("checkpoints"),
            key: state.join("audit-signing.key"),
            // A name in a signed note has neither spaces nor plus signs.
            origin: format!("carbide/{domain}/{}", journal.tag()).replace([' ', '+'], "_"),
        }
    }

    fn signing_key(&self) -> Result<SigningKey, AuditError> {
        let failed = |reason: String| AuditError::Key { path: self.key.clone(), reason };
        if !self.key.exists() {
            let stored = SigningKey::generate().ok_or_else(|| failed("no randomness".into()))?;
            OsDisk
                .write_new(&self.key, stored.as_bytes())
                .map_err(|error| failed(error.to_string()))?;
        }
        match others_can_read(&self.key) {
            Ok(Some(mode)) => return Err(failed(format!("others can read it (mode {mode:o})"))),
            Err(error) => return Err(failed(error.to_string())),
            Ok(None) => {}
        }
        let text = std::fs::read_to_string(&self.key).map(Secret::new);
        let text = text.map_err(|error| failed(error.to_string()))?;
        SigningKey::parse(&self.origin, text.expose()).map_err(|error| failed(error.to_string()))
    }

    /// The public key, to be noted outside of this machine. The key is made if there is none.
    ///
    /// # Errors
    ///
    /// [`AuditError::Key`].
    pub fn verifier(&self) -> Result<VerifierKey, AuditError> {
        Ok(self.signing_key()?.verifier().clone())
    }

    /// Signs the head of the journal as it is now. The note, to be kept outside of this machine.
    ///
    /// # Errors
    ///
    /// [`PostError::Audit`] if the key or the note cannot be written.
    pub fn sign_now(&self, journal: &mut Journal) -> Result<String, PostError> {
        let _writing = journal.begin_writing()?;
        let (size, root) = journal.head();
        Ok(self.sign(size, root)?)
    }

    /// Signs a head and keeps the note. The note.
    fn sign(&self, size: u64, root: Hash) -> Result<String, AuditError> {
        let note = self.signing_key()?.sign(size, root);
        let path = self.folder.join(format!("{size:012}.note"));
        let new = path.with_extension("note.new");
        let written = OsDisk.make_folder(&self.folder).and_then(|()| {
            let _ = OsDisk.remove(&new);
            OsDisk.write_new(&new, note.as_bytes())?;
            OsDisk.rename(&new, &path)?;
            OsDisk.sync_folder(&self.folder)
        });
        written.map_err(|error| AuditError::Key { path, reason: error.to_string() })?;
        Ok(note)
    }

    /// Every note that is kept here, and `more`, by name.
    fn notes(&self, more: &[PathBuf]) -> Vec<PathBuf> {
        let kept = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut notes: Vec<PathBuf> = kept
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "note"))
            .collect();
        notes.extend_from_slice(more);
        notes.sort();
        notes
    }

    /// Checks the journal against every checkpoint that is kept here and those in `more`. `key` is
    /// the public key as it was noted elsewhere; the one here if it is not given. How many fit, and
    /// what does not.
    ///
    /// # Errors
    ///
    /// [`PostError::Journal`] if a row is damaged; [`PostError::Audit`] without a key.
    pub fn verify(
        &self,
        journal: &Path,
        more: &[PathBuf],
        key: Option<&VerifierKey>,
    ) -> Result<(usize, Vec<AuditError>), PostError> {
        let own;
        let key = match key {
            Some(key) => key,
            None => {
                own = self.verifier()?;
                &own
            }
        };
        let rows = journal::export(journal)?;
        let mut head = Head::default();
        let mut roots = vec![head.root()];
        for row in &rows {
            head.push(audit::leaf_hash(&row.encoding));
            roots.push(head.root());
        }
        let mut problems = Vec::new();
        let mut fits = 0;
        for path in self.notes(more) {
            let note = std::fs::read_to_string(&path).map_err(|error| error.to_string());
            let opened = note.and_then(|note| key.open(&note).map_err(|error| error.to_string()));
            match opened {
                Err(reason) => problems.push(AuditError::Note { path, reason }),
                Ok(noted) => match roots.get(noted.size as usize) {
                    Some(root) if *root == noted.root => fits += 1,
                    Some(root) => problems.push(AuditError::Rewritten {
                        path,
                        size: noted.size,
                        noted: super::reference_key::hex(&noted.root),
                        found: super::reference_key::hex(root),
                    }),
                    None => {
                        let (size, rows) = (noted.size, rows.len() as u64);
                        problems.push(AuditError::Cut { path, size, rows });
                    }
                },
            }
        }
        Ok((fits, problems))
    }
}

impl<S: SapPort, C: Clock> Poster<S, C> {
    /// After the last record of a change set. What is in SAP and in the journal stands whether the
    /// note could be written or not.
    pub(super) fn checkpoint_at_the_end(&self) {
        let (size, root) = self.journal.head();
        let checkpoints = Checkpoints::beside(&self.journal, &self.desk.settings.domain());
        if let Err(error) = checkpoints.sign(size, root) {
            tracing::error!(%error, "the end of the change set is not signed");
        }
    }
}
