//! The key under which a document of ours can be found again in SAP.
//!
//! It is made from what the document means, not from chance: two runs over the same facts make the
//! same key, so a second posting of the same thing is seen before it is sent.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::period::PostingPeriod;

/// Crockford's base 32: no letter that can be read as a digit.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Object type under which our accounting documents stand, BKPF-AWTYP.
pub const OBJECT_TYPE: &str = "ZCARB";

/// SHA-256 over the journal's domain, the kind of document, its meaning, and a revision.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReferenceKey([u8; 32]);

impl ReferenceKey {
    /// The key of `kind` with this `identity`. `domain` names SAP system and client. `revision`
    /// rises only when a person posts again what was reversed.
    pub fn new(domain: &str, kind: &str, identity: &[&str], revision: u32) -> Self {
        let mut hash = Sha256::new();
        hash_field(&mut hash, b"carbide reference key 1");
        hash_field(&mut hash, domain.as_bytes());
        hash_field(&mut hash, kind.as_bytes());
        for part in identity {
            hash_field(&mut hash, part.as_bytes());
        }
        hash_field(&mut hash, &revision.to_be_bytes());
        Self(hash.finalize().into())
    }

    /// The key of something done to the document of this key: its reversal, one request about it.
    pub fn derived(&self, purpose: &str) -> Self {
        let mut hash = Sha256::new();
        hash_field(&mut hash, &self.0);
        hash_field(&mut hash, purpose.as_bytes());
        Self(hash.finalize().into())
    }

    /// 16 characters, 80 bits: BKPF-XBLNR.
    pub fn short(&self) -> String {
        let mut bits = 0u32;
        let mut count = 0;
        let mut text = String::with_capacity(16);
        for byte in &self.0[..10] {
            bits = bits << 8 | u32::from(*byte);
            count += 8;
            while count >= 5 {
                count -= 5;
                text.push(char::from(CROCKFORD[(bits >> count & 31) as usize]));
            }
        }
        text
    }

    /// 20 characters, BKPF-AWKEY: `J`, the journal's tag, and [`short`](Self::short).
    pub fn object_key(&self, tag: &JournalTag) -> String {
        format!("J{tag}{}", self.short())
    }

    /// 32 hexadecimal digits, the form of a GUID for repeatable requests.
    pub fn request_id(&self) -> String {
        self.0[..16].iter().map(|byte| format!("{byte:02X}")).collect()
    }
}

/// Length first, so that no two lists of fields make the same bytes.
fn hash_field(hash: &mut Sha256, field: &[u8]) {
    hash.update((field.len() as u64).to_be_bytes());
    hash.update(field);
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl std::fmt::Display for ReferenceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.short())
    }
}
impl std::fmt::Debug for ReferenceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReferenceKey({})", self.short())
    }
}
impl From<ReferenceKey> for String {
    fn from(key: ReferenceKey) -> Self {
        hex(&key.0)
    }
}
impl TryFrom<String> for ReferenceKey {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let mut key = [0; 32];
        let mut fits = pairs.len() == key.len() && rest.is_empty();
        for (byte, [high, low]) in key.iter_mut().zip(pairs) {
            let value = digit(*high).zip(digit(*low)).map(|(high, low)| high * 16 + low);
            fits &= value.is_some();
            *byte = value.and_then(|value| u8::try_from(value).ok()).unwrap_or(0);
        }
        fits.then_some(Self(key)).ok_or_else(|| format!("'{text}' is no reference key"))
    }
}

/// Three characters that tell this journal's documents from those of another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JournalTag(String);

impl JournalTag {
    /// The tag with this number, of 32,768.
    pub fn from_number(number: u16) -> Self {
        let digit = |shift: u16| char::from(CROCKFORD[usize::from(number >> shift & 31)]);
        Self([digit(10), digit(5), digit(0)].iter().collect())
    }
}

impl std::fmt::Display for JournalTag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

/// Header text of a document, BKPF-BKTXT, at most 25 characters.
pub fn header_text(tag: &JournalTag, period: PostingPeriod, revision: u32) -> String {
    format!("CRB {tag} {:04}{:02} r{revision}", period.year, period.month)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(revision: u32) -> ReferenceKey {
        ReferenceKey::new("S4H/100", "fi-document", &["1010", "2018", "9"], revision)
    }

    #[test]
    fn the_same_facts_make_the_same_key_and_a_revision_another() {
        assert_eq!(key(1), key(1));
        assert_ne!(key(1), key(2));
        assert_ne!(key(1), key(1).derived("reversal"));
    }

    #[test]
    fn parts_of_an_identity_do_not_run_into_each_other() {
        let split = |a, b| ReferenceKey::new("d", "k", &[a, b], 1);

        assert_ne!(split("10", "102018"), split("1010", "2018"));
    }

    #[test]
    fn the_key_fits_saps_fields() {
        let tag = JournalTag::from_number(32_767);

        assert_eq!(key(1).short().len(), 16);
        assert_eq!(key(1).object_key(&tag).len(), 20);
        assert!(key(1).object_key(&tag).starts_with("JZZZ"));
        let text = header_text(&tag, PostingPeriod { year: 2018, month: 9 }, 12);
        assert_eq!(text, "CRB ZZZ 201809 r12");
    }

    #[test]
    fn a_key_survives_being_written_down() {
        let written = serde_json::to_string(&key(1)).unwrap();

        assert_eq!(serde_json::from_str::<ReferenceKey>(&written).unwrap(), key(1));
        assert!(serde_json::from_str::<ReferenceKey>("\"12\"").is_err());
    }
}
