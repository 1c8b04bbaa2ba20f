//! Working days of the horizon: a day on which a work center's factory calendar does not work gives no
//! capacity.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;

use super::{Frame, Given};
use crate::master::WorkCenter;

/// Whether a work center works on a day. Where its calendar is not known, every day is worked.
pub(super) fn is_worked(given: &Given<'_>, center: &WorkCenter, day: Date) -> bool {
    let master = given.master;
    let name = master.calendar_name(center);
    let calendar = name.and_then(|name| master.factory_calendars.get(name));
    calendar.and_then(|calendar| calendar.is_worked(day)).unwrap_or(true)
}

/// The days of the horizon on which each work center of the plant does not work, by its code.
pub(super) fn closed_days(
    given: &Given<'_>,
    frame: &Frame<'_>,
) -> BTreeMap<String, BTreeSet<Date>> {
    let closed = |center: &WorkCenter| {
        let days = frame.days().filter(|day| !is_worked(given, center, *day)).collect();
        (center.code.to_string(), days)
    };
    of_plant(given, frame)
        .map(closed)
        .filter(|(_, days): &(_, BTreeSet<_>)| !days.is_empty())
        .collect()
}

/// What is not known of the calendars, in sentences: days are taken as worked then.
pub(super) fn warnings(given: &Given<'_>, frame: &Frame<'_>) -> Vec<String> {
    let master = given.master;
    let mut by_calendar: BTreeMap<Option<&str>, Vec<&str>> = BTreeMap::new();
    for center in of_plant(given, frame) {
        let name = master.calendar_name(center);
        by_calendar.entry(name).or_default().push(center.code.as_str());
    }
    let warning = |(name, centers): (Option<&str>, Vec<&str>)| {
        let (plant, centers) = (&frame.policy.plant, centers.join(", "));
        let Some(name) = name else {
            return Some(format!(
                "PLAN-CAL: neither plant {plant} nor work center {centers} has a factory calendar that \
                 could be read: every day counts as worked there. Name one in CR02 or in the plant's \
                 settings"
            ));
        };
        let Some(calendar) = master.factory_calendars.get(name) else {
            return Some(format!(
                "PLAN-CAL: factory calendar {name} of work center {centers} was not read: every day \
                 counts as worked there. `carbide doctor` says whether tables can be read; the calendar \
                 is made in SCAL"
            ));
        };
        let unknown = frame.days().find(|day| calendar.is_worked(*day).is_none())?;
        Some(format!(
            "PLAN-CAL: factory calendar {name} of work center {centers} says nothing of {unknown}: that \
             day counts as worked. Extend the calendar in SCAL"
        ))
    };
    by_calendar.into_iter().filter_map(warning).collect()
}

fn of_plant<'a>(
    given: &'a Given<'_>,
    frame: &'a Frame<'_>,
) -> impl Iterator<Item = &'a WorkCenter> {
    given.master.work_centers.values().filter(|center| center.plant == frame.policy.plant)
}

impl Frame<'_> {
    fn days(&self) -> impl Iterator<Item = Date> + '_ {
        (0..i64::from(self.policy.horizon_days))
            .map(|day| self.policy.start.saturating_add(day.days()))
    }
}
