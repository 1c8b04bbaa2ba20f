//! What a person names to be taken back: a change set, or a document of SAP by mistake.

use crate::clock::Clock;

use super::Poster;
use super::change_set::ChangeSetId;
use super::error::PostError;
use super::sap_port::SapPort;

/// Digits from which on a number is one of SAP's, and none of a change set.
const DIGITS_MIN: usize = 6;

impl<S: SapPort, C: Clock> Poster<S, C> {
    /// The change set that `text` names, as `CS-3`, `cs-3` or `3`.
    ///
    /// # Errors
    ///
    /// For the number of a document, [`PostError::PartOf`] names the change set that it is part of, and
    /// [`PostError::NotOurs`] says that it is none of this journal's. [`PostError::Unknown`] for anything
    /// else that is not there.
    pub fn named(&mut self, text: &str) -> Result<ChangeSetId, PostError> {
        self.journal.read_on()?;
        let id = ChangeSetId::typed(text);
        if self.journal.change_set(&id).is_some() {
            return Ok(id);
        }
        // An accounting document may be named with company code and year.
        let is_number = |part: &&str| {
            part.len() >= DIGITS_MIN && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        let parts = text.split(|mark: char| mark == '/' || mark.is_whitespace());
        let Some(number) = parts.into_iter().find(is_number) else {
            return Err(PostError::Unknown { id });
        };
        let padded = format!("{number:0>10}");
        let sets = self.journal.change_sets().iter();
        let of = sets.rev().find(|set| {
            let numbers = set.items.iter().filter_map(|item| item.number.as_ref());
            numbers.map(ToString::to_string).any(|known| known.starts_with(&padded))
        });
        Err(match of {
            Some(set) => PostError::PartOf {
                id: set.id.clone(),
                number: number.to_owned(),
                documents: set.items.len(),
            },
            None => PostError::NotOurs { number: number.to_owned() },
        })
    }
}
