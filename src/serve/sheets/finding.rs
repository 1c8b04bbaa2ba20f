//! What the rules found, with what became of it.

use std::collections::BTreeMap;

use crate::check::{FindingKey, Tracked};
use crate::config::Config;
use crate::cycle::{ROWS_MAX, readings_of};
use crate::present::sheet::{Column, Sheet};
use crate::report::table;
use crate::said;
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

/// The table that somebody fills in with the right readings of findings that wait, and sends back: a
/// row for each interval. Of all of them, or of those that `of` names, separated by commas.
pub(super) fn right_readings(
    view: &View,
    store: &Store,
    config: &Config,
    of: Option<&str>,
) -> Result<Sheet, Problem> {
    // Heads as `cycle::right_readings` looks for them.
    let mut sheet = Sheet::new(
        "right-readings",
        vec![
            Column::text("finding"),
            Column::text("rule"),
            Column::text("meter"),
            Column::instant("interval_end"),
            Column::number("read_energy", "kWh", 3),
            Column::number("right_energy", "kWh", 3),
            Column::text("why"),
        ],
    );
    let wanted: Option<Vec<&str>> = of.map(|of| of.split(',').collect());
    let is_wanted =
        |key: &FindingKey| wanted.as_ref().is_none_or(|all| all.contains(&key.0.as_str()));
    for tracked in store.findings()?.iter().filter(|one| one.waits() && is_wanted(&one.key)) {
        let Some(readings) = readings_of(tracked, config, &view.facts) else { continue };
        if sheet.rows.len() + readings.len() > ROWS_MAX {
            return Err(Problem::invalid(said!(
                "findings.many",
                "the findings have more than {most} intervals, which is more than one table takes; \
                 choose some of them",
                most = ROWS_MAX
            )));
        }
        for (end, kwh) in readings {
            sheet.row(vec![
                tracked.key.to_string(),
                tracked.finding.rule.clone(),
                tracked.finding.subject.clone(),
                end.to_string(),
                kwh.map_or_else(String::new, |kwh| kwh.to_string()),
                String::new(),
                String::new(),
            ]);
        }
    }
    Ok(sheet)
}
