//! What planners in SAP may see as proposals: what has to be withdrawn there once no plan has it.

use std::collections::BTreeMap;

use rusqlite::params;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Store, StoreError};

pub(super) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS shown_proposal (
    requirement TEXT NOT NULL PRIMARY KEY,
    content TEXT NOT NULL
) STRICT;
";

impl Store {
    /// Every proposal that SAP may show, by requirement.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`], or [`StoreError::Corrupt`] if one is none.
    pub fn shown_proposals<T: DeserializeOwned>(&self) -> Result<BTreeMap<String, T>, StoreError> {
        let rows = self.run(|connection| {
            let mut statement =
                connection.prepare("SELECT requirement, content FROM shown_proposal")?;
            let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
            statement.query_map([], row)?.collect::<Result<Vec<(String, String)>, _>>()
        })?;
        let read = |(key, content): (String, String)| match serde_json::from_str(&content) {
            Ok(proposal) => Ok((key, proposal)),
            Err(_) => Err(StoreError::Corrupt { path: self.path.clone(), key }),
        };
        rows.into_iter().map(read).collect()
    }

    /// Keeps proposals, before SAP is shown them: a proposal that is not kept is never withdrawn.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`]; none was kept then.
    pub fn keep_proposals<'a, T: Serialize + 'a>(
        &self,
        proposals: impl Iterator<Item = (&'a str, &'a T)>,
    ) -> Result<(), StoreError> {
        self.run(|connection| {
            let all_or_none = connection.unchecked_transaction()?;
            for (requirement, proposal) in proposals {
                let content = serde_json::to_string(proposal).expect("a row has text keys only");
                all_or_none.execute(
                    "INSERT INTO shown_proposal (requirement, content) VALUES (?1, ?2)
                     ON CONFLICT (requirement) DO UPDATE SET content = excluded.content",
                    params![requirement, content],
                )?;
            }
            all_or_none.commit()
        })
    }

    /// Forgets proposals, after SAP was told that they are none any more.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`]; none was forgotten then.
    pub fn forget_proposals(&self, requirements: &[String]) -> Result<(), StoreError> {
        self.run(|connection| {
            let all_or_none = connection.unchecked_transaction()?;
            for requirement in requirements {
                all_or_none
                    .execute("DELETE FROM shown_proposal WHERE requirement = ?1", [requirement])?;
            }
            all_or_none.commit()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proposals_outlive_the_process_until_they_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        store.keep_proposals([("1", &"old"), ("2", &"two")].into_iter()).unwrap();
        store.keep_proposals([("1", &"new")].into_iter()).unwrap();
        drop(store);

        let store = Store::open(folder.path()).unwrap();
        let both: BTreeMap<String, String> = store.shown_proposals().unwrap();
        store.forget_proposals(&["2".to_owned(), "3".to_owned()]).unwrap();
        let left: BTreeMap<String, String> = store.shown_proposals().unwrap();

        assert_eq!((both["1"].as_str(), both["2"].as_str()), ("new", "two"));
        assert_eq!(left.keys().collect::<Vec<_>>(), ["1"]);
    }
}
