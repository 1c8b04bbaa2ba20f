//! How far a journal has come. With the companion each posting leaves a mark of it in SAP, so that an
//! older copy of the journal, or a second one that goes its own way, finds out.

use sha2::{Digest, Sha256};

use crate::clock::Moment;
use crate::post::change_set::ChangeSetId;
use crate::post::reference_key::{JournalTag, hex};

/// What tells one journal from every other, however often it was copied: made from its first row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Of the journal with this tag, whose first row was written then.
    pub fn new(tag: &JournalTag, at: &Moment) -> Self {
        let hash = hash("carbide journal origin 1", &[&tag.to_string()], at);
        Self(hash[..16].to_ascii_uppercase())
    }

    /// The key of the mark for the `number`-th change set that was prepared: at most 32 characters of
    /// [A-Z0-9-].
    pub fn key(&self, number: u64) -> String {
        format!("JM-{}-{number}", self.0)
    }
}

/// How many change sets a journal has prepared, and which is the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// How many, from 1.
    pub number: u64,
    /// The last, in this journal or, where a person accepted what SAP knows, in SAP.
    pub change_set: ChangeSetId,
    /// What tells this preparation from that of another copy. `None` where a person accepted it.
    pub stamp: Option<String>,
}

impl Position {
    /// After one more change set was prepared.
    pub fn prepared(before: Option<&Self>, id: &ChangeSetId, plan_hash: &str, at: &Moment) -> Self {
        let number = before.map_or(0, |before| before.number) + 1;
        let stamp = hash("carbide journal mark 1", &[id.as_str(), plan_hash], at);
        Self { number, change_set: id.clone(), stamp: Some(stamp) }
    }

    /// After a person accepted that SAP knows the `number`-th, `change_set`.
    pub fn accepted(number: u64, change_set: &str) -> Self {
        Self { number, change_set: ChangeSetId::typed(change_set), stamp: None }
    }
}

/// SHA-256 in hexadecimal over a purpose, texts and a moment, each with its length before it.
fn hash(purpose: &str, texts: &[&str], at: &Moment) -> String {
    let (wall, since_boot) = (at.wall.to_string(), at.since_boot.as_nanos().to_string());
    let mut hash = Sha256::new();
    let all = [purpose].into_iter().chain(texts.iter().copied());
    for field in all.chain([wall.as_str(), &since_boot, &at.boot_id]) {
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field);
    }
    hex(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, ManualClock};

    fn moment() -> Moment {
        ManualClock::at("2018-10-01T08:00:00Z".parse().unwrap()).now()
    }

    #[test]
    fn a_mark_fits_the_companions_key() {
        let key = Origin::new(&JournalTag::from_number(7), &moment()).key(999_999_999_999);

        assert!(key.len() <= 32, "{key}");
        assert!(key.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-'));
    }

    #[test]
    fn two_copies_that_go_on_have_the_same_key_and_another_stamp() {
        let (early, late) = (moment(), moment().plus(jiff::SignedDuration::from_nanos(1)));
        let id = ChangeSetId::numbered(6);

        let one = Position::prepared(None, &id, "plan", &early);
        let other = Position::prepared(None, &id, "plan", &late);

        assert_eq!(one.number, other.number);
        assert_ne!(one.stamp, other.stamp);
        assert_eq!(one, Position::prepared(None, &id, "plan", &early));
    }
}
