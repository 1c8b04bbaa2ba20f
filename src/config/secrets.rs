//! The places a secret may come from: named in the settings, fetched here.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::said;
use crate::said::Said;
use crate::secret::{Secret, SecretPlace, others_can_read};
use crate::words_by_said;

/// Where a secret is kept. Written in the settings as `kind:place`; never the secret itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// `keyring:service/user`: Secret Service, Windows or macOS keyring.
    Keyring {
        /// Service under which it is stored.
        service: String,
        /// User under which it is stored.
        user: String,
    },
    /// `file:path`: a file that only its owner can read.
    File(PathBuf),
    /// `credential:name`: a systemd service credential.
    Credential(String),
    /// `env:NAME`: an environment variable, the last choice.
    Environment(String),
}

/// Why a secret could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The settings hold something that is no place.
    NotAPlace {
        /// Key of the settings.
        key: String,
    },
    /// The keyring did not answer or has no such entry.
    Keyring {
        /// Service under which it was looked up.
        service: String,
        /// User under which it was looked up.
        user: String,
        /// What the keyring said.
        reason: String,
    },
    /// The file cannot be read.
    File {
        /// Path as it was tried.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// Others can read the file.
    FileRights {
        /// Path.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// No such credential or variable.
    NotSet {
        /// Name of the credential or variable.
        what: String,
    },
}

impl SecretError {
    /// What happened, with what it is made of.
    pub fn said(&self) -> Said {
        match self {
            Self::NotAPlace { key } => said!(
                "secret.not-a-place",
                "CFG-SECRET: '{key}' must name a place (keyring:SERVICE/USER, file:PATH, credential:NAME or \
                 env:NAME). Secrets themselves do not belong in the settings.",
                key = key
            ),
            Self::Keyring { service, user, reason } => said!(
                "secret.keyring",
                "the keyring has no secret for {service}/{user} ({reason}). Store it with `carbide config \
                 set-secret`, or use file:, credential: or env: on a machine without a desktop session.",
                service = service,
                user = user,
                reason = reason
            ),
            Self::File { path, reason } => said!(
                "secret.file",
                "secret file {path} cannot be read: {reason}",
                path = path.display(),
                reason = reason
            ),
            Self::FileRights { path, mode } => said!(
                "secret.file-rights",
                "CFG-MODE: secret file {path} is readable by other users; chmod 600 {path} (its mode is {mode})",
                path = path.display(),
                mode = format!("{mode:o}")
            ),
            Self::NotSet { what } => {
                said!("secret.not-set", "{what} is not set; nothing was sent", what = what)
            }
        }
    }
}

words_by_said!(SecretError);

impl SecretSource {
    /// Reads a place from the settings; a relative file path is below `base`.
    ///
    /// # Errors
    ///
    /// [`SecretError::NotAPlace`] for anything else, without repeating the text.
    pub fn parse(key: &str, text: &str, base: &Path) -> Result<Self, SecretError> {
        let not_a_place = || SecretError::NotAPlace { key: key.to_owned() };
        let (kind, place) = text.split_once(':').ok_or_else(not_a_place)?;
        match kind {
            "keyring" => {
                let (service, user) = place.split_once('/').ok_or_else(not_a_place)?;
                Ok(Self::Keyring { service: service.to_owned(), user: user.to_owned() })
            }
            "file" => Ok(Self::File(base.join(place))),
            "credential" => Ok(Self::Credential(place.to_owned())),
            "env" => Ok(Self::Environment(place.to_owned())),
            _ => Err(not_a_place()),
        }
    }

    /// Fetches the secret. Trailing line ends of a file are not part of it.
    ///
    /// # Errors
    ///
    /// [`SecretError`] says which place failed and what to do; it never contains the secret.
    pub fn fetch(&self) -> Result<Secret, SecretError> {
        match self {
            Self::Keyring { service, user } => {
                let refused = |reason: keyring::Error| SecretError::Keyring {
                    service: service.clone(),
                    user: user.clone(),
                    reason: reason.to_string(),
                };
                let entry = keyring::Entry::new(service, user).map_err(refused)?;
                entry.get_password().map(Secret::new).map_err(refused)
            }
            Self::File(path) => read_private(path),
            Self::Credential(name) => {
                let directory = std::env::var_os("CREDENTIALS_DIRECTORY").ok_or_else(|| {
                    SecretError::NotSet { what: format!("service credential {name}") }
                })?;
                let path = Path::new(&directory).join(name);
                let text = std::fs::read_to_string(&path);
                text.map(trimmed).map_err(|reason| SecretError::File { path, reason })
            }
            Self::Environment(name) => std::env::var(name)
                .map(Secret::new)
                .map_err(|_| SecretError::NotSet { what: format!("environment variable {name}") }),
        }
    }
}

impl SecretSource {
    /// An error if the secret is in a file that others can read. A file that is not there is none:
    /// fetching says so.
    ///
    /// # Errors
    ///
    /// [`SecretError::FileRights`].
    pub fn is_private(&self) -> Result<(), SecretError> {
        let Self::File(path) = self else { return Ok(()) };
        match others_can_read(path) {
            Ok(Some(mode)) => Err(SecretError::FileRights { path: path.clone(), mode }),
            _ => Ok(()),
        }
    }

    /// The place for those who fetch the secret again when it was refused. A keyring and a file take
    /// a new one as well.
    pub fn place(&self) -> SecretPlace {
        let from = self.clone();
        let place = SecretPlace::new(self.to_string(), move || {
            from.fetch().map_err(|error| error.to_string())
        });
        match self.clone() {
            Self::Keyring { service, user } => place.with_store(move |secret| {
                store_in_keyring(&service, &user, secret).map_err(|error| error.to_string())
            }),
            Self::File(path) => place.with_store(move |secret| {
                write_private(&path, secret)
                    .map_err(|error| format!("{} cannot be written: {error}", path.display()))
            }),
            Self::Credential(_) | Self::Environment(_) => place,
        }
    }
}

/// Replaces a file by one that only its owner can read: whole or not at all, whenever the power fails.
fn write_private(path: &Path, secret: &Secret) -> std::io::Result<()> {
    use std::io::Write;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let new = folder.join(format!(".{name}.{}", std::process::id()));
    // What a process that was killed left behind.
    let _ = std::fs::remove_file(&new);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&new).and_then(|mut file| {
        file.write_all(secret.expose().as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, path)?;
        std::fs::File::open(folder)?.sync_all()
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&new);
    }
    written
}

/// Stores a secret in the keyring.
///
/// # Errors
///
/// [`SecretError::Keyring`] if there is no keyring or it refuses.
fn store_in_keyring(service: &str, user: &str, secret: &Secret) -> Result<(), SecretError> {
    let refused = |reason: keyring::Error| SecretError::Keyring {
        service: service.to_owned(),
        user: user.to_owned(),
        reason: reason.to_string(),
    };
    keyring::Entry::new(service, user)
        .and_then(|entry| entry.set_password(secret.expose()))
        .map_err(refused)
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keyring { service, user } => write!(f, "keyring:{service}/{user}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Credential(name) => write!(f, "credential:{name}"),
            Self::Environment(name) => write!(f, "env:{name}"),
        }
    }
}

fn trimmed(text: String) -> Secret {
    Secret::new(text.trim_end_matches(['\r', '\n']))
}

fn read_private(path: &Path) -> Result<Secret, SecretError> {
    let failed = |reason| SecretError::File { path: path.to_owned(), reason };
    if let Some(mode) = others_can_read(path).map_err(failed)? {
        return Err(SecretError::FileRights { path: path.to_owned(), mode });
    }
    std::fs::read_to_string(path).map(trimmed).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_the_settings_is_refused_without_repeating_it() {
        let refused =
            SecretSource::parse("sap.password_from", "hunter2", Path::new(".")).unwrap_err();

        assert!(refused.to_string().starts_with("CFG-SECRET"));
        assert!(!refused.to_string().contains("hunter2"));
    }

    #[cfg(unix)]
    #[test]
    fn a_secret_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("password");
        std::fs::write(&path, "hunter2\n").unwrap();
        let fetch = |mode| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            SecretSource::File(path.clone()).fetch()
        };

        assert!(matches!(fetch(0o644), Err(SecretError::FileRights { mode: 0o644, .. })));
        assert_eq!(fetch(0o600).unwrap().expose(), "hunter2");
    }

    #[cfg(unix)]
    #[test]
    fn a_new_secret_replaces_the_file_and_stays_private() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        let place = SecretSource::File(path.clone()).place();

        place.store(&Secret::new("one")).unwrap();
        place.store(&Secret::new("two")).unwrap();

        assert_eq!(place.fetch().unwrap().expose(), "two");
        assert_eq!(others_can_read(&path).unwrap(), None);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
