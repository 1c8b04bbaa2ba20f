//! The keys of backups: whom they are encrypted to, and who can open them here.

use std::fmt;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;

use crate::post::settings::SystemRole;
use crate::secret::{Secret, SecretPlace, others_can_read};

use super::disk::{Disk, OsDisk};
use super::{BackupError, envelope};

/// Name of the key that a sandbox or test system gets by itself.
const OWN_KEY: &str = "backup-service.key";

/// How backups are kept.
#[derive(Clone, Debug, Default)]
pub struct BackupSettings {
    /// Folder; `backups` beside the journal if it is not set.
    pub folder: Option<PathBuf>,
    /// Where the service's identities are, the current one first.
    pub service_key: Option<SecretPlace>,
    /// Public keys whose secret half the customer keeps away from this machine.
    pub recovery_recipients: Vec<String>,
    /// How long a backup is kept; [`KEEP_DEFAULT`](super::retention::KEEP_DEFAULT) if it is not set.
    pub keep: Option<SignedDuration>,
}

/// A public key, as `age1...`. Can be shown to everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient(String);

impl Recipient {
    /// Reads a public key.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, BackupError> {
        envelope::check_recipient(text.trim())?;
        Ok(Self(text.trim().to_owned()))
    }

    /// As `age1...`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A secret key. It prints as its public half.
#[derive(Clone)]
pub struct Identity {
    secret: Secret,
    public: Recipient,
}

impl Identity {
    /// A new one.
    ///
    /// # Errors
    ///
    /// [`BackupError::NotBuilt`].
    pub fn generate() -> Result<Self, BackupError> {
        let secret = envelope::generate()?;
        let public = Recipient(envelope::public_half(&secret)?);
        Ok(Self { secret, public })
    }

    /// Every identity of a file as `age-keygen` writes it: lines that start with `#` are comments.
    ///
    /// # Errors
    ///
    /// A line is no identity, or there is none. The text is not repeated.
    pub fn parse_all(text: &Secret) -> Result<Vec<Self>, BackupError> {
        let lines = text.expose().lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let parse = |line: &str| {
            let secret = Secret::new(line);
            let public = Recipient(envelope::public_half(&secret)?);
            Ok(Self { secret, public })
        };
        let all: Vec<Self> = lines.map(parse).collect::<Result<_, BackupError>>()?;
        if all.is_empty() {
            return Err(BackupError::NoKey { reason: "the key file holds no identity".to_owned() });
        }
        Ok(all)
    }

    /// The key to encrypt to.
    pub fn public(&self) -> &Recipient {
        &self.public
    }

    #[cfg(feature = "backup")]
    pub(super) fn secret(&self) -> &Secret {
        &self.secret
    }

    fn line(&self) -> String {
        format!("# public key: {}\n{}\n", self.public, self.secret.expose())
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.public)
    }
}

/// The keys of one vault.
#[derive(Clone, Debug)]
pub struct BackupKeys {
    settings: BackupSettings,
    role: SystemRole,
    own_key: PathBuf,
}

impl BackupKeys {
    /// The keys that `settings` name; a sandbox or test system without any has its own in `state`.
    pub fn new(settings: &BackupSettings, role: SystemRole, state: &Path) -> Self {
        Self { settings: settings.clone(), role, own_key: state.join(OWN_KEY) }
    }

    /// The current identity of the service, and all keys to encrypt to. A production system has
    /// both, or nothing is sealed.
    ///
    /// # Errors
    ///
    /// [`BackupError::NoKey`] says which key is missing and how to make it.
    pub fn to_seal_with(&self) -> Result<(Identity, Vec<Recipient>), BackupError> {
        let production = self.role == SystemRole::Production;
        if production && self.settings.service_key.is_none() {
            return Err(no_key(
                "a production system needs a service key: make one with `age-keygen`, put it in a \
                 secret place, and name that as post.backup.service_key_from",
            ));
        }
        if production && self.settings.recovery_recipients.is_empty() {
            return Err(no_key(
                "a production system needs a recovery key: make one with `age-keygen` on another \
                 machine, keep it there, and set post.backup.recovery_recipients to its public half",
            ));
        }
        let identity = match self.identities()?.into_iter().next() {
            Some(identity) => identity,
            None => self.make_own()?,
        };
        let mut recipients = vec![identity.public.clone()];
        for text in &self.settings.recovery_recipients {
            let recipient = Recipient::parse(text)?;
            if recipients.contains(&recipient) {
                return Err(no_key(
                    "the recovery key is the service key; it has to be another one, kept elsewhere",
                ));
            }
            recipients.push(recipient);
        }
        Ok((identity, recipients))
    }

    /// The service's identities, the current one first; none if it has not made its own yet.
    ///
    /// # Errors
    ///
    /// The place gives none, or what it gives is none.
    pub fn identities(&self) -> Result<Vec<Identity>, BackupError> {
        let text = match &self.settings.service_key {
            Some(place) => place.fetch().map_err(|reason| BackupError::NoKey { reason })?,
            None if self.own_key.exists() => self.read_own()?,
            None => return Ok(Vec::new()),
        };
        Identity::parse_all(&text)
    }

    /// Puts a new identity before the others. The old ones stay, to open what was sealed for them.
    /// The old and the new one.
    ///
    /// # Errors
    ///
    /// The place cannot be written; the old identity is then still the current one.
    pub fn rotate(&self) -> Result<(Option<Recipient>, Recipient), BackupError> {
        let old = self.identities()?;
        let new = Identity::generate()?;
        let lines: String = std::iter::once(&new).chain(&old).map(Identity::line).collect();
        match &self.settings.service_key {
            Some(place) => {
                place.store(&Secret::new(lines)).map_err(|reason| BackupError::NoKey { reason })?
            }
            None => self.write_own(&lines)?,
        }
        Ok((old.first().map(|identity| identity.public.clone()), new.public))
    }

    fn make_own(&self) -> Result<Identity, BackupError> {
        let identity = Identity::generate()?;
        self.write_own(&identity.line())?;
        tracing::warn!(
            path = %self.own_key.display(), public = %identity.public,
            "made a backup key of its own, and no recovery key is kept elsewhere; a production \
             system would have refused"
        );
        Ok(identity)
    }

    fn write_own(&self, lines: &str) -> Result<(), BackupError> {
        let path = &self.own_key;
        let new = path.with_extension("key.new");
        let _ = OsDisk.remove(&new);
        let folder = path.parent().unwrap_or(Path::new("."));
        OsDisk
            .write_new(&new, lines.as_bytes())
            .and_then(|()| OsDisk.rename(&new, path))
            .and_then(|()| OsDisk.sync_folder(folder))
            .map_err(|error| BackupError::NotWritten {
                path: path.clone(),
                reason: error.to_string(),
            })
    }

    fn read_own(&self) -> Result<Secret, BackupError> {
        let shown = self.own_key.display();
        let failed = |error: std::io::Error| BackupError::NoKey {
            reason: format!("{shown} cannot be read: {error}"),
        };
        if let Some(mode) = others_can_read(&self.own_key).map_err(failed)? {
            let reason =
                format!("{shown} is readable by other users (mode {mode:o}); chmod 600 it");
            return Err(BackupError::NoKey { reason });
        }
        std::fs::read_to_string(&self.own_key).map(Secret::new).map_err(failed)
    }
}

fn no_key(reason: &str) -> BackupError {
    BackupError::NoKey { reason: reason.to_owned() }
}

#[cfg(all(test, feature = "backup"))]
mod tests {
    use super::*;

    fn keys(settings: &BackupSettings, role: SystemRole, state: &Path) -> BackupKeys {
        BackupKeys::new(settings, role, state)
    }

    #[test]
    fn a_sandbox_makes_its_own_key_once_and_only_its_owner_can_read_it() {
        let state = tempfile::tempdir().unwrap();
        let keys = keys(&BackupSettings::default(), SystemRole::Sandbox, state.path());

        let (first, recipients) = keys.to_seal_with().unwrap();
        let (second, _) = keys.to_seal_with().unwrap();

        assert_eq!(first.public(), second.public());
        assert_eq!(recipients, [first.public().clone()]);
        assert_eq!(others_can_read(&state.path().join(OWN_KEY)).unwrap(), None);
    }

    #[test]
    fn a_production_system_without_keys_is_told_what_to_do() {
        let state = tempfile::tempdir().unwrap();
        let refused = |settings: &BackupSettings| {
            let keys = keys(settings, SystemRole::Production, state.path());
            keys.to_seal_with().unwrap_err().to_string()
        };
        let service = Identity::generate().unwrap();
        let service_key = Some(SecretPlace::fixed(service.secret.clone()));
        let one_key = BackupSettings { service_key, ..BackupSettings::default() };
        let public = service.public.to_string();
        let twice = BackupSettings { recovery_recipients: vec![public], ..one_key.clone() };

        assert!(refused(&BackupSettings::default()).contains("post.backup.service_key_from"));
        assert!(refused(&one_key).contains("post.backup.recovery_recipients"));
        assert!(refused(&twice).contains("has to be another one"));
        assert!(!state.path().join(OWN_KEY).exists(), "it makes none by itself");
    }

    #[test]
    fn a_new_key_comes_first_and_the_old_one_still_opens() {
        let state = tempfile::tempdir().unwrap();
        let keys = keys(&BackupSettings::default(), SystemRole::Test, state.path());
        let (before, recipients) = keys.to_seal_with().unwrap();
        let sealed = envelope::encrypt(b"before", &recipients).unwrap();

        let (old, new) = keys.rotate().unwrap();

        let identities = keys.identities().unwrap();
        assert_eq!(old.as_ref(), Some(before.public()));
        assert_eq!(identities[0].public(), &new);
        assert_eq!(envelope::decrypt(&sealed, &identities[1]).unwrap(), b"before");
        assert!(envelope::decrypt(&sealed, &identities[0]).is_err());
    }

    #[test]
    fn an_identity_never_prints_its_secret() {
        let identity = Identity::generate().unwrap();

        let printed = format!("{identity:?}");

        assert!(printed.contains("age1") && !printed.contains("SECRET"), "{printed}");
    }
}
