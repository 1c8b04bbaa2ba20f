//! What the rules found, with what became of it.

use std::collections::BTreeMap;

use crate::check::{FindingKey, Tracked};
use crate::present::sheet::{Column, Sheet};
use crate::report::table;
use crate::serve::problem::Problem;
use crate::serve::view::View;
use crate::store::Store;

fn state(tracked: &Tracked) -> String {
    let value = serde_json::to_value(tracked.state).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

/// Findings of the period, and those of before that wait for somebody: each with its key, where it
/// stands and until when somebody has to decide. A notice asks for nothing and has no key.
pub(super) fn findings(view: &View, store: &Store) -> Result<Sheet, Problem> {
    let tracked: BTreeMap<FindingKey, Tracked> =
        store.findings()?.into_iter().map(|one| (one.key.clone(), one)).collect();
    let now: Vec<FindingKey> = view.judged.findings.iter().map(FindingKey::of).collect();
    let waits = |one: &&Tracked| one.waits() && !now.contains(&one.key);
    let earlier: Vec<&Tracked> = tracked.values().filter(waits).collect();
    let all = view.judged.findings.iter().chain(earlier.iter().map(|one| &one.finding));
    let mut sheet = table::findings(all);
    sheet.columns.splice(
        0..0,
        [Column::text("finding"), Column::key("finding_state"), Column::instant("due")],
    );
    let keys = now.iter().chain(earlier.iter().map(|one| &one.key));
    for (row, key) in sheet.rows.iter_mut().zip(keys) {
        let known = tracked.get(key);
        let cells = known.map_or_else(Default::default, |known| {
            let due = known.due.filter(|_| known.waits());
            [key.to_string(), state(known), due.map_or_else(String::new, |due| due.to_string())]
        });
        row.splice(0..0, cells);
    }
    Ok(sheet)
}
