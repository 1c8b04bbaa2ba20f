//! R8 by the hour: a reading far above the hour around it and above the same time of the weeks before.

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use super::RuleSet;
use super::readings::{Background, Log};
use super::values::{What, hold, slots_of_a_day};
use crate::quantity::Energy;
use crate::reading::Series;
use crate::said;

/// Weeks looked back.
const WEEKS: usize = 4;
/// Weeks of which a reading must be known.
const WEEKS_MIN: usize = 2;
/// Share of the largest reading of those weeks below which nothing is called a spike: a machine that
/// begins to idle is many times its standstill.
const SHARE_MIN: Decimal = Decimal::from_parts(2, 0, 0, false, 2);

/// Holds single readings that are so many times the largest of the hour before, the hour after and the
/// same time of four weeks: a wrong CT ratio of one reading, which the largest of the month hides.
pub(super) fn hold_local_spikes(
    series: &mut Series,
    rules: &RuleSet,
    background: &Background<'_>,
    log: &mut Log<'_>,
) {
    let day = slots_of_a_day(series);
    let week = 7 * day;
    if !rules.spike.enabled || series.slots.len() < WEEKS_MIN * week {
        return;
    }
    let factor = Decimal::from_f64(rules.spike.limits.factor).unwrap_or(Decimal::from(3));
    let hour = (day / 24).max(2);
    let at = |index: usize| series.slots.get(index).and_then(|slot| slot.energy);
    let mut held = Vec::new();
    for index in WEEKS_MIN * week..series.slots.len() {
        let Some(energy) = at(index) else { continue };
        // Most readings are not above their neighbours; the rest is looked at for few.
        if at(index - 1).is_none_or(|before| energy <= before) {
            continue;
        }
        let around = (index - hour..index).chain(index + 1..index + 1 + hour).filter_map(at);
        let (mut most, mut known) = (Energy::ZERO, 0);
        for neighbour in around {
            most = most.max(neighbour);
            known += 1;
        }
        if known < hour || most.is_zero() || energy <= most.scaled(factor) {
            continue;
        }
        let mut weeks = 0;
        for before in (1..=WEEKS).filter_map(|weeks| index.checked_sub(weeks * week)) {
            let same = before.saturating_sub(1)..=before + 1;
            let largest = same.filter_map(at).max();
            weeks += usize::from(largest.is_some());
            most = most.max(largest.unwrap_or(Energy::ZERO));
        }
        let of_weeks = series.slots[index.saturating_sub(WEEKS * week)..index].iter();
        let largest = of_weeks.filter_map(|slot| slot.energy).max().unwrap_or(Energy::ZERO);
        if weeks >= WEEKS_MIN
            && energy >= largest.scaled(SHARE_MIN)
            && energy > most.scaled(factor)
            && !background.accepted(series.interval(index).end)
        {
            held.push(index);
        }
    }
    let what = What { rule: "R8", severity: rules.spike.severity, action: &rules.spike.action };
    let text =
        said!("finding.spike.local", "the reading is above the hour around and the weeks before");
    hold(series, &held, &what, &text, log);
}
