//! age v1: what is encrypted here, `age -d` opens, and the other way round.

#[cfg(feature = "backup")]
pub use with_age::*;
#[cfg(not(feature = "backup"))]
pub use without::*;

/// Why a file could not be decrypted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(not(feature = "backup"), expect(dead_code, reason = "nothing is opened without it"))]
pub enum NotOpened {
    /// It is for other keys.
    #[error("it is encrypted to another key")]
    WrongKey,
    /// It ends early.
    #[error("it ends early")]
    Truncated,
    /// It is no age file, or somebody changed it.
    #[error("it is damaged ({0})")]
    Damaged(String),
}

#[cfg(feature = "backup")]
mod with_age {
    use std::io::{self, Read, Write};

    use age::secrecy::ExposeSecret;
    use age::{DecryptError, Decryptor, Encryptor};

    use super::NotOpened;
    use crate::post::backup::{BackupError, Identity, Recipient};
    use crate::secret::Secret;

    /// A new secret key.
    pub fn generate() -> Result<Secret, BackupError> {
        Ok(Secret::new(age::x25519::Identity::generate().to_string().expose_secret()))
    }

    /// The public key of a secret one.
    pub fn public_half(secret: &Secret) -> Result<String, BackupError> {
        Ok(identity(secret)?.to_public().to_string())
    }

    fn identity(secret: &Secret) -> Result<age::x25519::Identity, BackupError> {
        // What is wrong is not repeated: it could be a secret with a typing error.
        secret.expose().parse().map_err(|_| BackupError::NoKey {
            reason: "the key file holds a line that is no X25519 identity of age".to_owned(),
        })
    }

    fn recipient(text: &str) -> Result<age::x25519::Recipient, BackupError> {
        text.parse().map_err(|reason| BackupError::NoKey {
            reason: format!("'{text}' is no X25519 recipient of age: {reason}"),
        })
    }

    /// Whether `text` is a public key.
    pub fn check_recipient(text: &str) -> Result<(), BackupError> {
        recipient(text).map(|_| ())
    }

    /// Encrypts to every one of `recipients`.
    pub fn encrypt(plain: &[u8], recipients: &[Recipient]) -> Result<Vec<u8>, BackupError> {
        let keys: Vec<age::x25519::Recipient> =
            recipients.iter().map(|key| recipient(key.as_str())).collect::<Result<_, _>>()?;
        let failed = |reason: String| BackupError::NoKey { reason };
        let all = keys.iter().map(|key| key as &dyn age::Recipient);
        let encryptor = Encryptor::with_recipients(all).map_err(|e| failed(e.to_string()))?;
        let mut sealed = Vec::with_capacity(plain.len() + 1024);
        let written = encryptor.wrap_output(&mut sealed).and_then(|mut writer| {
            writer.write_all(plain)?;
            writer.finish().map(|_| ())
        });
        written.map_err(|error| failed(error.to_string()))?;
        Ok(sealed)
    }

    /// Decrypts all of it with one key.
    pub fn decrypt(sealed: &[u8], with: &Identity) -> Result<Vec<u8>, NotOpened> {
        let damaged = |text: String| NotOpened::Damaged(text);
        let key = identity(with.secret()).map_err(|error| damaged(error.to_string()))?;
        let of_io = |error: io::Error| match error.kind() {
            io::ErrorKind::UnexpectedEof => NotOpened::Truncated,
            _ => damaged(error.to_string()),
        };
        let of_age = |error: DecryptError| match error {
            DecryptError::NoMatchingKeys => NotOpened::WrongKey,
            DecryptError::Io(error) => of_io(error),
            other => damaged(other.to_string()),
        };
        let decryptor = Decryptor::new_buffered(sealed).map_err(of_age)?;
        let mut reader =
            decryptor.decrypt(std::iter::once(&key as &dyn age::Identity)).map_err(of_age)?;
        let mut plain = Vec::with_capacity(sealed.len());
        reader.read_to_end(&mut plain).map_err(of_io)?;
        Ok(plain)
    }
}

#[cfg(not(feature = "backup"))]
mod without {
    use super::NotOpened;
    use crate::post::backup::{BackupError, Identity, Recipient};
    use crate::secret::Secret;

    pub fn generate() -> Result<Secret, BackupError> {
        Err(BackupError::NotBuilt)
    }

    pub fn public_half(_: &Secret) -> Result<String, BackupError> {
        Err(BackupError::NotBuilt)
    }

    pub fn check_recipient(_: &str) -> Result<(), BackupError> {
        Err(BackupError::NotBuilt)
    }

    pub fn encrypt(_: &[u8], _: &[Recipient]) -> Result<Vec<u8>, BackupError> {
        Err(BackupError::NotBuilt)
    }

    pub fn decrypt(_: &[u8], _: &Identity) -> Result<Vec<u8>, NotOpened> {
        Err(NotOpened::Damaged(BackupError::NotBuilt.to_string()))
    }
}

#[cfg(all(test, feature = "backup"))]
mod tests {
    use super::*;
    use crate::post::backup::Identity;

    #[test]
    fn each_of_two_keys_opens_it_and_a_third_does_not() {
        let keys: Vec<Identity> = (0..3).map(|_| Identity::generate().unwrap()).collect();
        let two = [keys[0].public().clone(), keys[1].public().clone()];
        let sealed = encrypt(b"before", &two).unwrap();

        assert!(sealed.starts_with(b"age-encryption.org/v1\n"));
        assert_eq!(decrypt(&sealed, &keys[0]).unwrap(), b"before");
        assert_eq!(decrypt(&sealed, &keys[1]).unwrap(), b"before");
        assert_eq!(decrypt(&sealed, &keys[2]), Err(NotOpened::WrongKey));
    }

    #[test]
    fn a_file_cut_anywhere_or_with_a_changed_byte_never_opens() {
        let key = Identity::generate().unwrap();
        let plain = vec![7u8; 70_000];
        let sealed = encrypt(&plain, &[key.public().clone()]).unwrap();

        for cut in (0..sealed.len()).step_by(997) {
            assert!(decrypt(&sealed[..cut], &key).is_err(), "cut at {cut}");
        }
        for at in (0..sealed.len()).step_by(997) {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(decrypt(&changed, &key).is_err(), "changed at {at}");
        }
    }
}
