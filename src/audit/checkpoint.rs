//! Signed heads: a note that anybody with the public key can check, and that shows a rewrite of the
//! log to whoever kept it elsewhere.
//!
//! # Source
//!
//! C2SP `tlog-checkpoint` (the text: origin, size, root) and `signed-note` (the signature: Ed25519,
//! algorithm 1).

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use sha2::{Digest, Sha256};

use super::Hash;

/// Algorithm byte of Ed25519 in a key of a signed note.
const ED25519_NOTE: u8 = 1;

/// A head of one log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: no spaces, no `+`.
    pub origin: String,
    /// How many leaves.
    pub size: u64,
    /// Hash over them.
    pub root: Hash,
}

/// Why a note is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is no note, or no key.
    #[error("it is no {0}")]
    Malformed(&'static str),
    /// It is not signed with this key.
    #[error("it has no signature of {0}")]
    NotSigned(String),
    /// It is signed with this key, and the text was changed.
    #[error("the signature of {0} does not fit the text")]
    Forged(String),
}

impl Checkpoint {
    fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(self.root))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        // A size has one form only.
        let number: u64 = size.parse().ok().filter(|number: &u64| number.to_string() == size)?;
        let root: Hash = BASE64.decode(root).ok()?.try_into().ok()?;
        (!origin.is_empty()).then(|| Self { origin: origin.to_owned(), size: number, root })
    }
}

/// A public key, printed as `name+hash+key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    public: Vec<u8>,
}

impl VerifierKey {
    /// Reads `name+hash+key`.
    ///
    /// # Errors
    ///
    /// [`NoteError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let malformed = || NoteError::Malformed("verifier key of a signed note");
        let mut parts = text.trim().splitn(3, '+');
        let mut part = || parts.next().ok_or_else(malformed);
        let (name, id, key) = (part()?, part()?, part()?);
        let key = BASE64.decode(key).map_err(|_| malformed())?;
        let [ED25519_NOTE, public @ ..] = key.as_slice() else { return Err(malformed()) };
        let found = Self { name: name.to_owned(), public: public.to_vec() };
        let fits = public.len() == 32 && hex(&found.id()) == id && !name.is_empty();
        if fits { Ok(found) } else { Err(malformed()) }
    }

    fn id(&self) -> [u8; 4] {
        let mut hash = Sha256::new();
        hash.update(self.name.as_bytes());
        hash.update([b'\n', ED25519_NOTE]);
        hash.update(&self.public);
        let hash: Hash = hash.finalize().into();
        [hash[0], hash[1], hash[2], hash[3]]
    }

    /// The checkpoint of a note that this key has signed. Signatures of others, as of a witness, are
    /// passed over.
    ///
    /// # Errors
    ///
    /// [`NoteError`].
    pub fn open(&self, note: &str) -> Result<Checkpoint, NoteError> {
        let (text, signatures) =
            note.split_once("\n\n").ok_or(NoteError::Malformed("signed note"))?;
        let text = format!("{text}\n");
        let checkpoint = Checkpoint::parse(&text).ok_or(NoteError::Malformed("checkpoint"))?;
        self.verify(&text, signatures)?;
        Ok(checkpoint)
    }

    fn verify(&self, text: &str, signatures: &str) -> Result<(), NoteError> {
        let mut ours = signatures.lines().filter_map(|line| {
            let (name, signature) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
            let bytes = BASE64.decode(signature).ok()?;
            let (id, signature) = bytes.split_at_checked(4)?;
            (name == self.name && id == self.id()).then(|| signature.to_vec())
        });
        let signature = ours.next().ok_or_else(|| NoteError::NotSigned(self.name.clone()))?;
        UnparsedPublicKey::new(&ED25519, &self.public)
            .verify(text.as_bytes(), &signature)
            .map_err(|_| NoteError::Forged(self.name.clone()))
    }
}

impl std::fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut key = vec![ED25519_NOTE];
        key.extend_from_slice(&self.public);
        write!(f, "{}+{}+{}", self.name, hex(&self.id()), BASE64.encode(key))
    }
}

/// A secret key. It prints as its public half.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    verifier: VerifierKey,
}

impl SigningKey {
    /// A new key in the form in which it is stored: PKCS#8 in base64. `None` without randomness.
    pub fn generate() -> Option<String> {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).ok()?;
        Some(BASE64.encode(pkcs8.as_ref()))
    }

    /// The key that was stored, under the name of the log that it signs.
    ///
    /// # Errors
    ///
    /// [`NoteError::Malformed`], without the text.
    pub fn parse(name: &str, stored: &str) -> Result<Self, NoteError> {
        let malformed = NoteError::Malformed("Ed25519 key (PKCS#8 in base64)");
        let pkcs8 = BASE64.decode(stored.trim()).map_err(|_| malformed.clone())?;
        let pair = Ed25519KeyPair::from_pkcs8(&pkcs8).map_err(|_| malformed)?;
        let public = pair.public_key().as_ref().to_vec();
        Ok(Self { pair, verifier: VerifierKey { name: name.to_owned(), public } })
    }

    /// The public half.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The signed note of a head.
    pub fn sign(&self, size: u64, root: Hash) -> String {
        let origin = self.verifier.name.clone();
        let text = Checkpoint { origin, size, root }.text();
        let mut signature = self.verifier.id().to_vec();
        signature.extend_from_slice(self.pair.sign(text.as_bytes()).as_ref());
        format!("{text}\n\u{2014} {} {}\n", self.verifier.name, BASE64.encode(signature))
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.verifier)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SigningKey {
        SigningKey::parse("carbide/S4H/100/ABC", &SigningKey::generate().unwrap()).unwrap()
    }

    #[test]
    fn a_note_opens_with_the_key_that_signed_it_and_no_other() {
        let key = self::key();
        let note = key.sign(7, [9; 32]);

        let opened = key.verifier().open(&note).unwrap();

        assert_eq!((opened.size, opened.root), (7, [9; 32]));
        let other = self::key();
        assert!(matches!(other.verifier().open(&note), Err(NoteError::NotSigned(_))));
        let printed = VerifierKey::parse(&key.verifier().to_string()).unwrap();
        assert_eq!(&printed, key.verifier());
    }

    #[test]
    fn every_changed_character_is_noticed() {
        let key = key();
        let note = key.sign(42, [9; 32]);

        for at in 0..note.len() {
            let mut bytes = note.clone().into_bytes();
            bytes[at] ^= 1;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            assert!(key.verifier().open(&changed).is_err(), "at {at}: {changed}");
        }
    }

    /// The example of Go's `sumdb/note`, where the format comes from.
    #[test]
    fn a_note_that_another_program_signed_is_verified() {
        let key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let text = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n";
        let signatures = "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1F\
                          FYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
        let key = VerifierKey::parse(key).unwrap();

        assert_eq!(key.verify(text, signatures), Ok(()));
        let forged = key.verify(&text.replace("your", "my"), signatures);
        assert_eq!(forged, Err(NoteError::Forged("PeterNeumann".to_owned())));
    }
}
