//! A table of the right readings of findings, as somebody filled it in: what it would change, and
//! which of its rows cannot be taken.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};

use super::decide::{DECISIONS_MAX, readings_of, taken};
use super::{Decided, Facts};
use crate::check::{FindingKey, Step, Tracked};
use crate::config::Config;
use crate::source::sheet_file::{Cell, Row, SheetFile};
use crate::store::{Store, StoreError, hex};

/// Heads of the columns that count, without their units; others may stand beside them.
const HEADS: [&str; 4] = ["finding", "interval end", "right energy", "why"];

/// Most energy of an interval, in kWh: more than the largest works takes in an hour.
const KWH_MAX: i64 = 1_000_000_000;

/// Why a row cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowProblem {
    /// Its number in the file.
    pub row: usize,
    /// Head of the column.
    pub column: &'static str,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub todo: &'static str,
}

/// What a table would do to one finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Replaced {
    /// The finding before.
    pub finding: Tracked,
    /// What the table decides about it.
    pub decided: Decided,
    /// Energy that was read for its intervals, in kWh; a gap counts nothing.
    pub before_kwh: Decimal,
    /// Intervals without a reading before.
    pub gaps: usize,
    /// Energy after, in kWh.
    pub after_kwh: Decimal,
    /// Intervals.
    pub intervals: usize,
}

/// What a table says.
#[derive(Clone, Debug, PartialEq)]
pub struct RightReadings {
    /// What it would do, in the order of the file. Empty if a row cannot be taken: all or nothing.
    pub replaced: Vec<Replaced>,
    /// Rows that cannot be taken.
    pub problems: Vec<RowProblem>,
    /// Names this content on these findings and readings (SHA-256): what somebody saw is what is kept.
    pub hash: String,
}

impl RightReadings {
    /// What is to be kept.
    pub fn decisions(&self) -> Vec<(String, Decided)> {
        let decision = |one: &Replaced| (one.finding.key.to_string(), one.decided.clone());
        self.replaced.iter().map(decision).collect()
    }
}

/// A row that makes sense by itself.
struct Entry {
    row: usize,
    end: Option<Timestamp>,
    kwh: Decimal,
    why: String,
}

/// Reads a table against the findings that wait. `why` is the reason where a finding's rows say none,
/// `source` names the file and stands behind each reason. Keeps nothing.
///
/// A finding needs a row for each of its intervals, or one without an interval end for all of them
/// together. Rows without a right energy are left out.
///
/// # Errors
///
/// [`StoreError`] if the findings cannot be read.
pub fn right_readings(
    file: &SheetFile,
    (store, config, facts): (&Store, &Config, &Facts),
    (why, source): (&str, &str),
    now: Timestamp,
) -> Result<RightReadings, StoreError> {
    let known: BTreeMap<FindingKey, Tracked> =
        store.findings()?.into_iter().map(|one| (one.key.clone(), one)).collect();
    let mut problems = Vec::new();
    let (order, entries) = match columns(&file.heads) {
        Ok(at) => by_finding(file, at, &mut problems),
        Err(problem) => {
            problems.push(problem);
            Default::default()
        }
    };
    if problems.is_empty() && order.len() > DECISIONS_MAX {
        let what =
            format!("the table has {} findings, {DECISIONS_MAX} are taken at once", order.len());
        problems.push(RowProblem { row: 1, column: HEADS[0], what, todo: "send it in parts" });
    }
    let mut replaced = Vec::new();
    for key in &order {
        let entries = &entries[key];
        match one_finding(key, entries, &known, (config, facts), (why, source), now) {
            Ok(one) => replaced.push(one),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() && replaced.is_empty() {
        let what = "no row has a right energy".to_owned();
        let todo = "fill in the column for the readings that you know";
        problems.push(RowProblem { row: 1, column: HEADS[2], what, todo });
    }
    problems.sort_by_key(|problem| problem.row);
    if !problems.is_empty() {
        replaced.clear();
    }
    let hash = hash_of(&replaced);
    Ok(RightReadings { replaced, problems, hash })
}

/// Where the columns that count are.
fn columns(heads: &[String]) -> Result<[Option<usize>; 4], RowProblem> {
    let plain = |head: &String| {
        let (name, unit) = head.split_once('[').unwrap_or((head, "kWh]"));
        (name.trim().replace('_', " ").to_lowercase(), unit.trim_end_matches(']').trim().to_owned())
    };
    let heads: Vec<(String, String)> = heads.iter().map(plain).collect();
    let mut found = [None; 4];
    for (place, column) in found.iter_mut().zip(HEADS) {
        let mut at = heads.iter().enumerate().filter(|(_, (name, _))| name == column);
        *place = at.next().map(|(at, _)| at);
        let is_optional = matches!(column, "why" | "interval end");
        let wrong = |what: String, todo| Err(RowProblem { row: 1, column, what, todo });
        match place {
            None if !is_optional => {
                let todo = "fill in the table that the page hands out and leave its heads";
                return wrong(format!("there is no column '{column}'"), todo);
            }
            Some(_) if at.next().is_some() => {
                return wrong(format!("there are two columns '{column}'"), "keep one of them");
            }
            Some(at) if column == "right energy" && !heads[*at].1.eq_ignore_ascii_case("kWh") => {
                let what = format!("it is in {}", heads[*at].1);
                return wrong(what, "enter kWh, and write [kWh] or nothing behind the head");
            }
            _ => {}
        }
    }
    Ok(found)
}

type Entries = BTreeMap<FindingKey, Vec<Entry>>;

/// The rows by finding, and the findings in the order of the file.
fn by_finding(
    file: &SheetFile,
    at: [Option<usize>; 4],
    problems: &mut Vec<RowProblem>,
) -> (Vec<FindingKey>, Entries) {
    let (mut order, mut entries) = (Vec::new(), Entries::new());
    for row in &file.rows {
        match entry(row, at, file.decimal_comma) {
            Ok(None) => {}
            Ok(Some((key, entry))) => {
                let of_it = entries.entry(key.clone()).or_default();
                if of_it.is_empty() {
                    order.push(key);
                }
                of_it.push(entry);
            }
            Err(problem) => problems.push(problem),
        }
    }
    (order, entries)
}

fn entry(
    row: &Row,
    at: [Option<usize>; 4],
    decimal_comma: bool,
) -> Result<Option<(FindingKey, Entry)>, RowProblem> {
    let wrong = |column: usize, what: String, todo| RowProblem {
        row: row.number,
        column: HEADS[column],
        what,
        todo,
    };
    let text = |column: usize| match at[column].and_then(|at| row.cells.get(at)) {
        Some(Cell::Formula) => {
            Err(wrong(column, "it is a formula".to_owned(), "paste its value in its place"))
        }
        Some(Cell::Value(text)) => Ok(text.as_str()),
        None => Ok(""),
    };
    let energy = text(2)?;
    if energy.is_empty() {
        return Ok(None);
    }
    let key = text(0)?;
    if key.is_empty() {
        let todo = "copy it from the list of findings";
        return Err(wrong(0, "the finding is missing".to_owned(), todo));
    }
    let plain = if decimal_comma { energy.replace(',', ".") } else { energy.to_owned() };
    let todo = "enter a decimal number of kWh without marks between thousands";
    let kwh: Decimal =
        plain.parse().map_err(|_| wrong(2, format!("'{energy}' is no number of kWh"), todo))?;
    if kwh.is_sign_negative() && !kwh.is_zero() {
        let todo = "enter what was used, 0 or more";
        return Err(wrong(2, format!("{kwh} kWh: a consumption is not negative"), todo));
    }
    if kwh > Decimal::from(KWH_MAX) {
        let what = format!("{kwh} kWh is more than any meter counts in an interval");
        return Err(wrong(2, what, "look whether it is in Wh"));
    }
    let end = match text(1)? {
        "" => None,
        end => Some(instant(end).ok_or_else(|| {
            let todo = "enter it in UTC, as 2018-09-30T00:15:00Z";
            wrong(1, format!("'{end}' is no time"), todo)
        })?),
    };
    let entry = Entry { row: row.number, end, kwh, why: text(3)?.to_owned() };
    Ok(Some((FindingKey(key.to_owned()), entry)))
}

/// An instant; without an offset it is in UTC, as the table that the page hands out says.
fn instant(text: &str) -> Option<Timestamp> {
    let local =
        || text.parse::<jiff::civil::DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    text.parse().ok().or_else(|| local().map(|at| at.timestamp()))
}

fn one_finding(
    key: &FindingKey,
    entries: &[Entry],
    known: &BTreeMap<FindingKey, Tracked>,
    (config, facts): (&Config, &Facts),
    (why, source): (&str, &str),
    now: Timestamp,
) -> Result<Replaced, RowProblem> {
    let wrong = |row: usize, column: usize, what: String, todo| {
        Err(RowProblem { row, column: HEADS[column], what, todo })
    };
    let first = entries.first().map_or(1, |entry| entry.row);
    let Some(finding) = known.get(key) else {
        return wrong(
            first,
            0,
            format!("there is no finding {key}"),
            "copy it from the list of findings",
        );
    };
    let Some(read) = readings_of(finding, config, facts) else {
        let what =
            format!("finding {key} on {} is about no readings of a meter", finding.finding.subject);
        return wrong(first, 0, what, "take the row out; decide about it in the page");
    };
    let kwh = match entries {
        [Entry { end: None, kwh, .. }] => vec![*kwh],
        _ => in_turn(key, entries, &read)?,
    };
    let mut whys: BTreeSet<&str> =
        entries.iter().map(|entry| entry.why.as_str()).filter(|why| !why.is_empty()).collect();
    if whys.is_empty() && !why.trim().is_empty() {
        whys.insert(why.trim());
    }
    if whys.is_empty() {
        let todo = "say in one row of the finding why this is right, or once in the page";
        return wrong(first, 3, format!("finding {key} has no reason"), todo);
    }
    let why = format!("{} ({source})", whys.into_iter().collect::<Vec<_>>().join("; "));
    let decided = Decided::Correct { kwh, why };
    match taken(finding.clone(), config, Some(facts), &decided, ("", now)) {
        Ok(after) => {
            let after = after.events.last().map(|event| &event.step);
            let Some(Step::Corrected { before, after, .. }) = after else {
                unreachable!("a correction corrects")
            };
            Ok(Replaced {
                finding: finding.clone(),
                decided,
                before_kwh: before.iter().filter_map(|(_, kwh)| *kwh).sum(),
                gaps: before.iter().filter(|(_, kwh)| kwh.is_none()).count(),
                after_kwh: after.iter().map(|(_, kwh)| *kwh).sum(),
                intervals: after.len(),
            })
        }
        Err(error) => {
            let todo = "take its rows out, or load the table again";
            wrong(first, 0, error.to_string(), todo)
        }
    }
}

/// The energies in the order of the intervals.
fn in_turn(
    key: &FindingKey,
    entries: &[Entry],
    read: &[(Timestamp, Option<Decimal>)],
) -> Result<Vec<Decimal>, RowProblem> {
    let wrong =
        |row: usize, what: String, todo| Err(RowProblem { row, column: HEADS[1], what, todo });
    let mut by_end: BTreeMap<Timestamp, Decimal> = BTreeMap::new();
    for entry in entries {
        let Some(end) = entry.end else {
            let what = format!("finding {key} has several rows, and this one has no interval end");
            return wrong(entry.row, what, "enter it, or give one row for all intervals together");
        };
        if read.binary_search_by_key(&end, |(known, _)| *known).is_err() {
            let what = format!("finding {key} has no interval that ends at {end}");
            return wrong(entry.row, what, "take the ends from the table that the page hands out");
        }
        if by_end.insert(end, entry.kwh).is_some() {
            return wrong(
                entry.row,
                format!("{end} comes twice for finding {key}"),
                "keep one row",
            );
        }
    }
    let missing: Vec<&Timestamp> =
        read.iter().map(|(end, _)| end).filter(|end| !by_end.contains_key(end)).collect();
    if let Some(end) = missing.first() {
        let what =
            format!("finding {key} lacks {} intervals, the first ends at {end}", missing.len());
        let todo = "fill in every interval of the finding, or clear all its rows";
        return wrong(entries.first().map_or(1, |entry| entry.row), what, todo);
    }
    Ok(by_end.into_values().collect())
}

fn hash_of(replaced: &[Replaced]) -> String {
    let mut hash = Sha256::new();
    for one in replaced {
        // The number of events stands for what was decided before; energies for what was read.
        let Decided::Correct { kwh, why } = &one.decided else { continue };
        let kwh: Vec<String> = kwh.iter().map(Decimal::to_string).collect();
        hash.update(format!(
            "{}|{}|{}|{}|{}|{why}\n",
            one.finding.key,
            one.finding.events.len(),
            one.before_kwh,
            one.gaps,
            kwh.join(" ")
        ));
    }
    hex(&hash.finalize())
}
