//! From facts to judgement: checked readings, findings, attribution, inventory.

mod rules;

mod site;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use super::{CycleError, Facts};
use crate::check::{self, Checked, Correction, Finding};
use crate::config::Config;
use crate::footprint::product::{Flow, ProductEvidence};
use crate::footprint::{
    Attribution, Inventory, OrderFootprint, ProductFootprint, Products, SubMeters, attribute,
    inventory,
};
use crate::id::{MeterId, ProductionOrderNumber};
use crate::master::Procurement;
use crate::meters::Reconciled;
use crate::period::{PostingPeriod, ShiftCalendar};
use crate::reading::{Medium, Meter, Series};
use crate::said;

/// Everything judged from one snapshot of facts.
pub struct Judged {
    /// Main meter.
    pub meter: Meter,
    /// Its checked series.
    pub series: Checked<Series>,
    /// What the rules found, readings first.
    pub findings: Vec<Finding>,
    /// What was corrected, originals beside, the main meter first.
    pub corrections: Vec<Correction>,
    /// Shifts of the plant.
    pub shifts: ShiftCalendar,
    /// Last month that the meter covers whole.
    pub period: PostingPeriod,
    /// Who used the metered energy of that month.
    pub attribution: Attribution,
    /// Its scope 1 and 2.
    pub inventory: Inventory,
    /// The tree of meters of that month with its bill, reconciled; `None` if there is one meter only.
    pub site: Option<Reconciled>,
    /// The trees of the other media that were metered in that month, reconciled likewise.
    pub media: Vec<(Medium, Reconciled)>,
    /// Intervals of the month that were imputed, by meter.
    pub imputed: BTreeMap<MeterId, usize>,
}

/// Judges `facts`: checks the readings, gives the energy of `period` (the last month that is metered
/// whole, if none is named) to those who used it, and takes the inventory.
///
/// # Errors
///
/// [`CycleError`] if there is no meter or no whole month, if readings are missing, or a factor is.
#[tracing::instrument(name = "cycle.judge", skip_all)]
pub fn judge(
    facts: &Facts,
    config: &Config,
    period: Option<PostingPeriod>,
    now: Timestamp,
) -> Result<Judged, CycleError> {
    let limits = &config.rules;
    let shifts = ShiftCalendar::three_shifts(config.zone.clone());
    let mut checked = site::checked(facts, config, now)?;
    let main = checked.main.clone();
    let (mut findings, mut corrections) = (Vec::new(), Vec::new());
    for one in checked.by_meter.values_mut() {
        findings.append(&mut one.findings);
    }
    // Corrections go into the evidence of a posting: the main meter's first, on which it rests.
    if let Some(of_main) = checked.by_meter.get_mut(&main.id) {
        corrections.append(&mut of_main.corrections);
    }
    for one in checked.by_meter.values_mut() {
        corrections.append(&mut one.corrections);
    }
    let errors = errors(&corrections);
    findings.append(&mut checked.balances);
    let all: BTreeMap<MeterId, Checked<Series>> =
        checked.by_meter.iter().map(|(meter, one)| (meter.clone(), one.series.clone())).collect();
    let series = all[&main.id].clone();
    findings.extend(check::production(&facts.orders.confirmations, &series, &shifts, limits));
    findings.extend(rules::of_batches(facts, limits));
    let period = match period {
        Some(period) => period,
        None => last_metered_month(&series, &config.zone).ok_or_else(|| {
            CycleError::Incomplete(said!(
                "judge.no-month",
                "meter {meter} covers no whole month; nothing can be posted yet",
                meter = main.id
            ))
        })?,
    };
    let regions: Vec<&str> = config.settings.plant.regions.iter().map(String::as_str).collect();
    let book = &config.factors.book;
    let confirmations = &facts.orders.confirmations;
    let attribution = attribute(
        &series,
        &main,
        period.interval(&config.zone),
        &facts.master,
        confirmations,
        &shifts,
        book,
        &regions,
        config.meters.as_ref().map(|site| SubMeters { site, series: &all, errors: &errors }),
    )?;
    let inventory = inventory(&attribution, &facts.master, confirmations, &shifts, book, &regions)?;
    let (mut tree, mut media) = (None, Vec::new());
    if let Some(site) = &config.meters {
        let standard = site::standard(&attribution);
        let month = site::Month {
            month: period,
            interval: attribution.period,
            standard: &standard,
            unreconciled: &attribution.unreconciled,
        };
        let (reconciled, found) = site::of_month(&checked, site, &month, limits);
        tree = reconciled;
        findings.extend(found);
        for used in &attribution.media {
            let Some(site) = site.of_medium(used.medium) else { continue };
            let nothing = BTreeMap::new();
            let month =
                site::Month { standard: &nothing, unreconciled: &used.unreconciled, ..month };
            let (reconciled, found) = site::of_month(&checked, site, &month, limits);
            media.extend(reconciled.map(|tree| (used.medium, tree)));
            findings.extend(found);
        }
    }
    let mut judged = Judged {
        meter: main,
        series,
        findings,
        corrections,
        shifts,
        period,
        imputed: site::imputed(&checked, attribution.period),
        attribution,
        inventory,
        site: tree,
        media,
    };
    let of_products = rules::of_products(facts, &judged, config);
    judged.findings.extend(of_products);
    Ok(judged)
}

/// The measured error of each imputed reading, in percent of it, by the end of its interval.
fn errors(corrections: &[Correction]) -> BTreeMap<MeterId, BTreeMap<Timestamp, Decimal>> {
    let mut errors: BTreeMap<MeterId, BTreeMap<Timestamp, Decimal>> = BTreeMap::new();
    for one in corrections {
        if let (Some(meter), Some(error)) = (&one.meter, one.error_percent) {
            errors.entry(meter.clone()).or_default().insert(one.interval_end, error);
        }
    }
    errors
}

/// The footprint of every finished product by each of its production versions, with the energy and
/// the factors of the judged month. Finished is what is made and goes into nothing else.
///
/// # Errors
///
/// [`CycleError::Footprint`] naming the material whose data are missing.
#[tracing::instrument(name = "cycle.footprints", skip_all)]
pub fn footprints(
    facts: &Facts,
    judged: &Judged,
    config: &Config,
) -> Result<Vec<ProductFootprint>, CycleError> {
    let master = &facts.master;
    let components: std::collections::BTreeSet<_> = master
        .bills_of_material
        .values()
        .flat_map(|bom| &bom.items)
        .map(|i| &i.component)
        .collect();
    with_products(facts, judged, config, |products| {
        let mut footprints = Vec::new();
        for (material, versions) in &master.production_versions {
            let made = master.materials.get(material);
            let made = made.is_some_and(|known| known.procurement != Procurement::External);
            if !made || components.contains(material) {
                continue;
            }
            for version in versions {
                footprints.push(products.footprint(material, &version.code)?);
            }
        }
        Ok(footprints)
    })
}

/// What `look` finds with the energy and the factors of the judged month.
fn with_products<T>(
    facts: &Facts,
    judged: &Judged,
    config: &Config,
    look: impl FnOnce(&Products<'_>) -> T,
) -> T {
    let regions: Vec<&str> = config.settings.plant.regions.iter().map(String::as_str).collect();
    let (master, book) = (&facts.master, &config.factors.book);
    let day = judged.period.last_day();
    let products = Products::new(master, &judged.attribution, book, &regions, day)
        .with_rules(&config.products);
    look(&products)
}

/// What the footprint of a product rests on.
///
/// # Errors
///
/// [`CycleError::Footprint`] naming the material whose data are missing.
pub fn evidence(
    product: &ProductFootprint,
    facts: &Facts,
    judged: &Judged,
    config: &Config,
) -> Result<ProductEvidence, CycleError> {
    with_products(facts, judged, config, |products| {
        Ok(products.evidence(&product.material, &product.production_version)?)
    })
}

/// The footprint of one order of the judged month.
///
/// # Errors
///
/// [`CycleError::Footprint`] if the order did nothing in that month, or data are missing.
pub fn order_footprint(
    order: &ProductionOrderNumber,
    facts: &Facts,
    judged: &Judged,
    config: &Config,
) -> Result<OrderFootprint, CycleError> {
    with_products(facts, judged, config, |products| Ok(products.order(order, &facts.orders)?))
}

/// The flows of energy and emissions of the judged month, from purchase to product.
///
/// # Errors
///
/// [`CycleError::Footprint`] naming the material whose data are missing.
pub fn flows(facts: &Facts, judged: &Judged, config: &Config) -> Result<Vec<Flow>, CycleError> {
    with_products(facts, judged, config, |products| Ok(products.flows(&facts.orders)?))
}

/// Every month that the meter covers whole, oldest first.
pub fn metered_months(judged: &Judged, zone: &TimeZone) -> Vec<PostingPeriod> {
    let Some(span) = judged.series.span() else { return Vec::new() };
    let mut months = Vec::new();
    let mut month = PostingPeriod::of(span.start.to_zoned(zone.clone()).date());
    loop {
        let interval = month.interval(zone);
        if interval.end > span.end {
            return months;
        }
        if interval.start >= span.start {
            months.push(month);
        }
        let Ok(next) = month.last_day().tomorrow() else { return months };
        month = PostingPeriod::of(next);
    }
}

/// The last month whose every instant the series covers.
fn last_metered_month(series: &Series, zone: &TimeZone) -> Option<PostingPeriod> {
    let span = series.span()?;
    let last = span.end.to_zoned(zone.clone()).date();
    let this_month = PostingPeriod::of(last);
    let before = PostingPeriod::of(this_month.first_day().yesterday().ok()?);
    [this_month, before].into_iter().find(|period| {
        let interval = period.interval(zone);
        span.start <= interval.start && interval.end <= span.end
    })
}
