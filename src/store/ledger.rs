//! The carbon ledger in the store: double entry that the database itself enforces, and periods that
//! are closed and locked.
//!
//! Entries are written first and sealed by their transaction: inserting it fails unless they sum to
//! zero, and nothing can be added after. A foreign key that is checked at the commit keeps entries
//! without a transaction out. No row is ever changed or deleted; a correction is another transaction.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use serde::Serialize;

use super::{Store, StoreError};
use crate::ledger::{Account, Transaction};
use crate::period::PostingPeriod;
use crate::quantity::Milligrams;

pub(super) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS carbon_transaction (
    number INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    company_code TEXT NOT NULL,
    period TEXT NOT NULL,
    change_set TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN (
        'recognition', 'allocation', 'absorption', 'posting', 'reversal', 'correction')),
    content TEXT NOT NULL,
    UNIQUE (change_set, kind)
) STRICT;
CREATE TABLE IF NOT EXISTS carbon_entry (
    transaction_number INTEGER NOT NULL
        REFERENCES carbon_transaction (number) DEFERRABLE INITIALLY DEFERRED,
    position INTEGER NOT NULL,
    account TEXT NOT NULL,
    amount_mg INTEGER NOT NULL,
    PRIMARY KEY (transaction_number, position)
) STRICT;
CREATE TABLE IF NOT EXISTS carbon_period (
    number INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    company_code TEXT NOT NULL,
    period TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('closed', 'reopened', 'locked')),
    by_whom TEXT NOT NULL CHECK (by_whom <> ''),
    why TEXT NOT NULL CHECK (why <> '')
) STRICT;
CREATE TRIGGER IF NOT EXISTS carbon_conserves BEFORE INSERT ON carbon_transaction
    WHEN (SELECT COUNT(*) < 2 OR SUM(amount_mg) <> 0 FROM carbon_entry
          WHERE transaction_number = NEW.number)
    BEGIN SELECT RAISE(ABORT, 'LEDGER-BALANCE: debit and credit differ'); END;
CREATE TRIGGER IF NOT EXISTS carbon_is_sealed BEFORE INSERT ON carbon_entry
    WHEN EXISTS (SELECT 1 FROM carbon_transaction WHERE number = NEW.transaction_number)
    BEGIN SELECT RAISE(ABORT, 'LEDGER-SEALED: a transaction takes no further entry'); END;
CREATE TRIGGER IF NOT EXISTS carbon_period_is_open BEFORE INSERT ON carbon_transaction
    WHEN (SELECT state IN ('closed', 'locked') FROM carbon_period
          WHERE company_code = NEW.company_code AND period = NEW.period
          ORDER BY number DESC LIMIT 1)
    BEGIN SELECT RAISE(ABORT, 'LEDGER-CLOSED: the period takes no further transaction'); END;
CREATE TRIGGER IF NOT EXISTS carbon_lock_is_final BEFORE INSERT ON carbon_period
    WHEN EXISTS (SELECT 1 FROM carbon_period WHERE company_code = NEW.company_code
                 AND period = NEW.period AND state = 'locked')
    BEGIN SELECT RAISE(ABORT, 'LEDGER-LOCKED: a locked period stays locked'); END;
CREATE TRIGGER IF NOT EXISTS carbon_transaction_is_final BEFORE UPDATE ON carbon_transaction
    BEGIN SELECT RAISE(ABORT, 'ledger transactions are never changed'); END;
CREATE TRIGGER IF NOT EXISTS carbon_transaction_stays BEFORE DELETE ON carbon_transaction
    BEGIN SELECT RAISE(ABORT, 'ledger transactions are never deleted'); END;
CREATE TRIGGER IF NOT EXISTS carbon_entry_is_final BEFORE UPDATE ON carbon_entry
    BEGIN SELECT RAISE(ABORT, 'ledger entries are never changed'); END;
CREATE TRIGGER IF NOT EXISTS carbon_entry_stays BEFORE DELETE ON carbon_entry
    BEGIN SELECT RAISE(ABORT, 'ledger entries are never deleted'); END;
CREATE TRIGGER IF NOT EXISTS carbon_period_is_final BEFORE UPDATE ON carbon_period
    BEGIN SELECT RAISE(ABORT, 'closings are never changed'); END;
CREATE TRIGGER IF NOT EXISTS carbon_period_stays BEFORE DELETE ON carbon_period
    BEGIN SELECT RAISE(ABORT, 'closings are never deleted'); END;
";

/// What a ledger transaction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LedgerKind {
    /// Emissions leave a source.
    Recognition,
    /// They are given to cost objects.
    Allocation,
    /// Cost objects give them to products.
    Absorption,
    /// They are charged to cost centers in FI.
    Posting,
    /// Takes back all of a change set.
    Reversal,
    /// The difference that a changed factor makes.
    Correction,
}

impl LedgerKind {
    /// The name as it is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Recognition => "recognition",
            Self::Allocation => "allocation",
            Self::Absorption => "absorption",
            Self::Posting => "posting",
            Self::Reversal => "reversal",
            Self::Correction => "correction",
        }
    }
}

/// How a period was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PeriodState {
    /// Takes transactions.
    Open,
    /// Takes none, and can be opened again.
    Closed,
    /// Takes none for ever.
    Locked,
}

/// One row of the list of closings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Closing {
    /// When.
    pub at: Timestamp,
    /// Period, as 2018-09.
    pub period: String,
    /// `closed`, `reopened` or `locked`.
    pub state: String,
    /// Who.
    pub by: String,
    /// Why.
    pub why: String,
}

/// A row with its balance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Balance {
    /// Account.
    #[serde(flatten)]
    pub account: Account,
    /// Sum of its entries in mg; debit positive.
    pub amount: Milligrams,
}

impl Store {
    /// Enters a transaction of the carbon ledger for a change set of the journal. Asked again for
    /// the same change set and kind, it changes nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::PeriodClosed`] if its period takes none, [`StoreError::Database`] otherwise:
    /// also if debit and credit differ, which the database refuses.
    pub fn enter(
        &self,
        transaction: &Transaction,
        change_set: &str,
        kind: LedgerKind,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let entered = self.run(|connection| entered(connection, change_set, kind))?;
        if entered {
            return Ok(());
        }
        let company_code = transaction.company_code.as_str();
        if self.period_state(company_code, transaction.period)? != PeriodState::Open {
            return Err(StoreError::PeriodClosed {
                company_code: company_code.to_owned(),
                period: transaction.period,
            });
        }
        let content = serde_json::to_string(transaction).expect("transactions have text keys only");
        self.run(|connection| {
            let work =
                rusqlite::Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
            if super::ledger::entered(&work, change_set, kind)? {
                return Ok(());
            }
            let number: i64 = work.query_row(
                "SELECT COALESCE(MAX(number), 0) + 1 FROM carbon_transaction",
                [],
                |row| row.get(0),
            )?;
            let mut insert = work.prepare(
                "INSERT INTO carbon_entry (transaction_number, position, account, amount_mg)
                 VALUES (?1, ?2, ?3, ?4)",
            )?;
            for (position, entry) in (0i64..).zip(&transaction.entries) {
                let account = serde_json::to_string(&entry.account).expect("text keys only");
                insert.execute(params![number, position, account, entry.amount.count()])?;
            }
            drop(insert);
            work.execute(
                "INSERT INTO carbon_transaction
                     (number, at_ms, company_code, period, change_set, kind, content)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    number,
                    at.as_millisecond(),
                    company_code,
                    transaction.period.to_string(),
                    change_set,
                    kind.name(),
                    content
                ],
            )?;
            work.commit()
        })
    }

    /// Every ledger transaction of a company code and period, oldest first, with its change set.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`], or [`StoreError::Corrupt`] if a row cannot be read.
    pub fn transactions(
        &self,
        company_code: &str,
        period: PostingPeriod,
    ) -> Result<Vec<(String, Transaction)>, StoreError> {
        let rows = self.run(|connection| {
            let mut statement = connection.prepare(
                "SELECT change_set, content FROM carbon_transaction
                 WHERE company_code = ?1 AND period = ?2 ORDER BY number",
            )?;
            statement
                .query_map(params![company_code, period.to_string()], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?
                .collect::<Result<Vec<(String, String)>, _>>()
        })?;
        rows.into_iter()
            .map(|(change_set, content)| match serde_json::from_str(&content) {
                Ok(transaction) => Ok((change_set, transaction)),
                Err(_) => Err(StoreError::Corrupt { path: self.path.clone(), key: change_set }),
            })
            .collect()
    }

    /// The balance of every account of a company code, over one period or all of them. They sum to
    /// zero.
    ///
    /// # Errors
    ///
    /// As [`Store::transactions`].
    pub fn balances(
        &self,
        company_code: &str,
        period: Option<PostingPeriod>,
    ) -> Result<Vec<Balance>, StoreError> {
        let period = period.map(|period| period.to_string());
        let rows = self.run(|connection| {
            let mut statement = connection.prepare(
                "SELECT account, SUM(amount_mg) FROM carbon_entry
                 JOIN carbon_transaction ON number = transaction_number
                 WHERE company_code = ?1 AND (?2 IS NULL OR period = ?2)
                 GROUP BY account ORDER BY account",
            )?;
            statement
                .query_map(params![company_code, period], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<Vec<(String, i64)>, _>>()
        })?;
        rows.into_iter()
            .map(|(account, amount)| {
                let corrupt =
                    |_| StoreError::Corrupt { path: self.path.clone(), key: account.clone() };
                let account = serde_json::from_str(&account).map_err(corrupt)?;
                Ok(Balance { account, amount: Milligrams::new(amount) })
            })
            .collect()
    }

    /// Whether a period takes transactions.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn period_state(
        &self,
        company_code: &str,
        period: PostingPeriod,
    ) -> Result<PeriodState, StoreError> {
        let last: Option<String> = self.run(|connection| {
            connection
                .query_row(
                    "SELECT state FROM carbon_period WHERE company_code = ?1 AND period = ?2
                     ORDER BY number DESC LIMIT 1",
                    params![company_code, period.to_string()],
                    |row| row.get(0),
                )
                .optional()
        })?;
        Ok(match last.as_deref() {
            Some("closed") => PeriodState::Closed,
            Some("locked") => PeriodState::Locked,
            _ => PeriodState::Open,
        })
    }

    /// The first period from `period` on that takes transactions: where a correction of a closed
    /// one goes.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn first_open(
        &self,
        company_code: &str,
        period: PostingPeriod,
    ) -> Result<PostingPeriod, StoreError> {
        let mut open = period;
        while self.period_state(company_code, open)? != PeriodState::Open {
            open = PostingPeriod::of(open.last_day().tomorrow().expect("before year 9999"));
        }
        Ok(open)
    }

    /// Closes, locks or reopens a period, for a reason.
    ///
    /// # Errors
    ///
    /// [`StoreError::PeriodLocked`] if it is locked already.
    pub fn set_period(
        &self,
        company_code: &str,
        period: PostingPeriod,
        state: PeriodState,
        by: &str,
        why: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        if self.period_state(company_code, period)? == PeriodState::Locked {
            let company_code = company_code.to_owned();
            return Err(StoreError::PeriodLocked { company_code, period });
        }
        let state = match state {
            PeriodState::Open => "reopened",
            PeriodState::Closed => "closed",
            PeriodState::Locked => "locked",
        };
        self.run(|connection| {
            connection.execute(
                "INSERT INTO carbon_period (at_ms, company_code, period, state, by_whom, why)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![at.as_millisecond(), company_code, period.to_string(), state, by, why],
            )
        })?;
        Ok(())
    }

    /// What was closed, reopened and locked, oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn closings(&self, company_code: &str) -> Result<Vec<Closing>, StoreError> {
        self.run(|connection| {
            let mut statement = connection.prepare(
                "SELECT at_ms, period, state, by_whom, why FROM carbon_period
                 WHERE company_code = ?1 ORDER BY number",
            )?;
            let rows = statement.query_map([company_code], |row| {
                Ok(Closing {
                    at: Timestamp::from_millisecond(row.get(0)?).unwrap_or_default(),
                    period: row.get(1)?,
                    state: row.get(2)?,
                    by: row.get(3)?,
                    why: row.get(4)?,
                })
            })?;
            rows.collect()
        })
    }
}

fn entered(connection: &Connection, change_set: &str, kind: LedgerKind) -> rusqlite::Result<bool> {
    connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM carbon_transaction WHERE change_set = ?1 AND kind = ?2)",
        params![change_set, kind.name()],
        |row| row.get(0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::CompanyCode;
    use crate::ledger::Entry;
    use proptest::prelude::*;

    const SEPTEMBER: PostingPeriod = PostingPeriod { year: 2018, month: 9 };

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        (folder, store)
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn transaction(amounts: &[(Account, i64)]) -> Transaction {
        let entries = amounts.iter().map(|(account, amount)| Entry {
            account: account.clone(),
            amount: Milligrams::new(*amount),
        });
        let company_code = CompanyCode::new("1010").unwrap();
        Transaction { company_code, period: SEPTEMBER, entries: entries.collect() }
    }

    fn simple() -> Transaction {
        transaction(&[(Account::CarriedForward, 5), (Account::Atmosphere, -5)])
    }

    #[test]
    fn a_transaction_is_entered_once_and_cannot_be_changed() {
        let (_folder, store) = store();

        store.enter(&simple(), "CS-1", LedgerKind::Posting, at(1)).unwrap();
        store.enter(&simple(), "CS-1", LedgerKind::Posting, at(2)).unwrap();

        assert_eq!(store.transactions("1010", SEPTEMBER).unwrap(), [("CS-1".to_owned(), simple())]);
        for statement in [
            "UPDATE carbon_transaction SET period = ''",
            "DELETE FROM carbon_transaction",
            "UPDATE carbon_entry SET amount_mg = 0",
            "DELETE FROM carbon_entry",
            "INSERT INTO carbon_entry VALUES (1, 9, '{}', 7)",
        ] {
            assert!(store.connection.execute(statement, []).is_err(), "{statement}");
        }
    }

    #[test]
    fn the_database_itself_refuses_what_does_not_balance() {
        let (_folder, store) = store();
        let wrong = transaction(&[(Account::CarriedForward, 5), (Account::Atmosphere, -4)]);

        let refused = store.enter(&wrong, "CS-1", LedgerKind::Posting, at(1)).unwrap_err();

        assert!(refused.to_string().contains("LEDGER-BALANCE"), "{refused}");
        assert!(store.balances("1010", None).unwrap().is_empty());
        let orphan = "INSERT INTO carbon_entry VALUES (99, 0, '{}', 7)";
        assert!(store.connection.execute(orphan, []).is_err(), "an entry needs its transaction");
    }

    #[test]
    fn a_closed_period_takes_nothing_until_it_is_opened_and_a_locked_one_never() {
        let (_folder, store) = store();
        let set = |state| store.set_period("1010", SEPTEMBER, state, "auditor", "month end", at(1));
        let enter = |name| store.enter(&simple(), name, LedgerKind::Posting, at(2));

        set(PeriodState::Closed).unwrap();
        assert!(matches!(enter("CS-1"), Err(StoreError::PeriodClosed { .. })));
        let past_us =
            "INSERT INTO carbon_transaction VALUES (7, 0, '1010', '2018-09', 'X', 'posting', '')";
        assert!(store.connection.execute(past_us, []).is_err());
        set(PeriodState::Open).unwrap();
        enter("CS-1").unwrap();
        set(PeriodState::Locked).unwrap();

        assert!(matches!(enter("CS-2"), Err(StoreError::PeriodClosed { .. })));
        assert!(matches!(set(PeriodState::Open), Err(StoreError::PeriodLocked { .. })));
        let october = PostingPeriod { year: 2018, month: 10 };
        assert_eq!(store.first_open("1010", SEPTEMBER).unwrap(), october);
        assert_eq!(store.closings("1010").unwrap().len(), 3);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn whatever_is_entered_the_accounts_sum_to_zero(
            sets in prop::collection::vec(prop::collection::vec(-1_000_000i64..1_000_000, 1..6), 1..8),
        ) {
            let (_folder, store) = store();
            for (index, amounts) in sets.iter().enumerate() {
                let mut sides: Vec<(Account, i64)> = amounts
                    .iter()
                    .enumerate()
                    .map(|(at, amount)| (Account::Source { source: format!("meter {at}") }, *amount))
                    .collect();
                sides.push((Account::Atmosphere, -amounts.iter().sum::<i64>()));
                let name = format!("CS-{index}");
                store.enter(&transaction(&sides), &name, LedgerKind::Recognition, at(1)).unwrap();
            }
            let balances = store.balances("1010", Some(SEPTEMBER)).unwrap();
            prop_assert_eq!(
                balances.iter().map(|balance| balance.amount).sum::<Milligrams>(),
                Milligrams::ZERO
            );
        }
    }
}
