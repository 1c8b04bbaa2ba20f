//! A secret: a value that no log, dump or printed setting shows, and the place it comes from.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// A password or token. Printing it prints stars; it cannot be serialized.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// `text` without the secret, wherever somebody else may have repeated it.
    pub fn removed_from(&self, text: &str) -> String {
        if self.0.is_empty() { text.to_owned() } else { text.replace(&self.0, "***") }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

type Fetch = dyn Fn() -> Result<Secret, String> + Send + Sync;
type Store = dyn Fn(&Secret) -> Result<(), String> + Send + Sync;

/// Where a secret is kept: it is fetched when it is needed, and again when it was refused, so that a
/// new one counts without a restart.
#[derive(Clone)]
pub struct SecretPlace {
    name: String,
    fetch: Arc<Fetch>,
    waits: bool,
    store: Option<Arc<Store>>,
}

impl SecretPlace {
    /// A place that `fetch` reads; its name stands in messages.
    pub fn new(
        name: impl Into<String>,
        fetch: impl Fn() -> Result<Secret, String> + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), fetch: Arc::new(fetch), waits: true, store: None }
    }

    /// The same place, which `store` can also write.
    #[must_use]
    pub fn with_store(
        mut self,
        store: impl Fn(&Secret) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// A secret that is known already and never changes.
    pub fn fixed(secret: Secret) -> Self {
        Self { waits: false, ..Self::new("memory", move || Ok(secret.clone())) }
    }

    /// Name of the place.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether fetching may wait, for a disk or a keyring.
    pub fn waits(&self) -> bool {
        self.waits
    }

    /// The secret as it is now.
    ///
    /// # Errors
    ///
    /// Why the place gives none, without the secret.
    pub fn fetch(&self) -> Result<Secret, String> {
        (self.fetch)()
    }

    /// Whether a new secret can be written here.
    pub fn is_writable(&self) -> bool {
        self.store.is_some()
    }

    /// Writes a new secret in the place of the old one.
    ///
    /// # Errors
    ///
    /// Why it was not written; the old one then stands.
    pub fn store(&self, secret: &Secret) -> Result<(), String> {
        match &self.store {
            Some(store) => store(secret),
            None => Err(format!("{} can only be read", self.name)),
        }
    }
}

impl fmt::Debug for SecretPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretPlace({})", self.name)
    }
}

/// The mode of a file that somebody besides its owner can read; `None` for a private one.
///
/// # Errors
///
/// The file is not there or cannot be looked at.
pub fn others_can_read(path: &Path) -> std::io::Result<Option<u32>> {
    let found = std::fs::metadata(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = found.permissions().mode() & 0o777;
        Ok((mode & 0o077 != 0).then_some(mode))
    }
    #[cfg(not(unix))]
    {
        // Windows has rights of another kind; a user's own folder is private there.
        let _ = found;
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_as_stars() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "***");
        let place = SecretPlace::fixed(Secret::new("hunter2"));
        assert!(!format!("{place:?}").contains("hunter2"));
    }

    #[test]
    fn a_secret_that_somebody_repeats_is_taken_out() {
        let secret = Secret::new("hunter2");

        assert_eq!(secret.removed_from("no: hunter2!"), "no: ***!");
    }
}
