//! The planning problem from SAP's facts: what is planned, and what cannot be and why.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use carbide::config::Config;
use carbide::cycle::{self, CycleError, Facts};
use carbide::plan::Problem;
use carbide::store::{Kind, Store};
use jiff::Timestamp;
use jiff::civil::Weekday;
use rust_decimal::Decimal;

use crate::command_line::{Plant, ended_with};

/// A plant with what was read of it.
struct Known {
    _plant: Plant,
    facts: Facts,
    config: Config,
}

/// One plant for the tests that run at the same time; its folder goes with the last of them.
fn known() -> Arc<Known> {
    static SHARED: Mutex<Weak<Known>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = shared.upgrade() {
        return known;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let plant = runtime.block_on(Plant::new());
    ended_with(&plant.carbide(&["sync"]), 0);
    let config = Config::load(&plant.path("carbide.toml")).unwrap();
    let store = Store::open(&config.path(&config.settings.post.directory)).unwrap();
    let (_, _, facts) = store.latest::<Facts>(Kind::Facts).unwrap().unwrap();
    let known = Arc::new(Known { _plant: plant, facts, config });
    *shared = Arc::downgrade(&known);
    known
}

fn problem(change: impl FnOnce(&mut Facts, &mut Config)) -> Result<Problem, CycleError> {
    let known = known();
    let (mut facts, mut config) = (known.facts.clone(), known.config.clone());
    let now = Timestamp::now();
    let judged = cycle::judge(&facts, &config, None, now)?;
    change(&mut facts, &mut config);
    cycle::problem(&facts, &judged, &config, now)
}

/// Why the demands of a material are left out, while others are planned. What needs the material is
/// left out too.
fn left_out(material: &str, change: impl FnOnce(&mut Facts, &mut Config)) -> String {
    let whole = problem(|_, _| {}).unwrap();
    let found = problem(change).unwrap();
    assert!(!found.demands.is_empty());
    let of_material = |one: &&carbide::plan::Unplannable| {
        whole.demands.get(&one.demand).is_some_and(|line| line.material.as_str() == material)
    };
    let named: Vec<_> = found.unplannable.iter().filter(of_material).collect();
    let all = whole.demands.values().filter(|line| line.material.as_str() == material);
    assert_eq!(named.len(), all.count());
    named[0].reason.clone()
}

/// The material of which fewest is wanted, so that others stay.
fn material() -> String {
    let whole = problem(|_, _| {}).unwrap();
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    for line in whole.demands.values() {
        *counts.entry(line.material.to_string()).or_default() += 1;
    }
    assert!(counts.len() > 1, "{counts:?}");
    counts.into_iter().min_by_key(|(_, count)| *count).unwrap().0
}

#[test]
fn the_problem_has_every_shift_source_lane_and_hour_of_the_grid() {
    let _known = known();
    let found = problem(|_, _| {}).unwrap();
    let instance = &found.instance;
    instance.check().unwrap();
    let buckets = instance.buckets.len();
    assert_eq!(buckets, 14 * 3);
    let [plant] = instance.plants.as_slice() else { panic!("one plant") };
    // The grid differs from shift to shift, and so does the tariff.
    let differs = |series: &[f64]| series.windows(2).any(|pair| pair[0] != pair[1]);
    assert!(differs(&plant.grid_kgco2e_per_kwh) && differs(&plant.tariff_per_kwh));
    assert!(instance.components.iter().all(|component| !component.sources.is_empty()));
    assert!(instance.components.iter().any(|component| component.sources.len() > 1));
    assert!(instance.transport_lanes.iter().any(|lane| lane.modes.len() > 1));
    assert_eq!(instance.planned_orders.len(), found.demands.len());
}

#[test]
fn a_work_center_is_open_when_its_calendar_says_so() {
    let known = known();
    let facts = &known.facts;
    assert!(!facts.master.shifts.is_empty(), "SAP has shifts of work centers");
    let found = problem(|_, _| {}).unwrap();
    for center in &found.instance.work_centers {
        let mut centers = facts.master.work_centers.values();
        let id = &centers.find(|w| w.code.as_str() == center.work_center).unwrap().internal_id;
        for (bucket, minutes) in center.capacity_minutes.iter().enumerate() {
            let at = found.shift(bucket);
            let closed = at.day.weekday() == Weekday::Sunday;
            assert_eq!(*minutes == 0.0, closed, "{} {at:?} {minutes}", center.work_center);
        }
        assert!(facts.master.shifts.contains_key(id));
    }
    // Without shifts and a calendar a work center is open every day alike.
    let every_day = problem(|facts, _| {
        facts.master.shifts.clear();
        facts.master.factory_calendars.clear();
    });
    let every_day = every_day.unwrap();
    let center = &every_day.instance.work_centers[0];
    assert!(center.capacity_minutes.iter().all(|minutes| *minutes > 0.0));
}

#[test]
fn a_day_that_the_factory_calendar_does_not_work_gives_no_capacity() {
    let known = known();
    let master = &known.facts.master;
    assert_eq!(master.plant_calendar.as_deref(), Some("01"));
    assert!(master.work_centers.values().all(|w| w.factory_calendar.as_deref() == Some("01")));
    let holiday = jiff::civil::date(2018, 10, 3);
    assert_eq!(master.factory_calendars["01"].is_worked(holiday), Some(true));
    let closed = |facts: &mut Facts| {
        let years = &mut facts.master.factory_calendars.get_mut("01").unwrap().years;
        years.get_mut(&2018).unwrap()[9].replace_range(2..3, "0");
    };
    for with_shifts in [true, false] {
        let found = problem(|facts, _| {
            closed(facts);
            if !with_shifts {
                facts.master.shifts.clear();
            }
        });
        let found = found.unwrap();
        assert_eq!(found.warnings, Vec::<String>::new());
        for center in &found.instance.work_centers {
            assert!(found.closed_days[&center.work_center].contains(&holiday));
            for (bucket, minutes) in center.capacity_minutes.iter().enumerate() {
                let day = found.shift(bucket).day;
                let idle = day == holiday || day.weekday() == Weekday::Sunday;
                assert_eq!(*minutes == 0.0, idle, "{} {day} {minutes}", center.work_center);
            }
        }
    }
}

#[test]
fn a_calendar_that_is_not_known_is_named_and_its_days_count_as_worked() {
    let whole = problem(|_, _| {}).unwrap();
    let warned = |change: &dyn Fn(&mut Facts)| {
        let found = problem(|facts, _| change(facts)).unwrap();
        assert_eq!(found.instance.work_centers, whole.instance.work_centers);
        let [warning] = found.warnings.as_slice() else { panic!("{:?}", found.warnings) };
        assert!(warning.starts_with("PLAN-CAL: "), "{warning}");
        warning.clone()
    };
    let warning = warned(&|facts| facts.master.factory_calendars.clear());
    assert!(
        warning.contains("factory calendar 01") && warning.contains("was not read"),
        "{warning}"
    );
    let center = &whole.instance.work_centers[0].work_center;
    assert!(warning.contains(center.as_str()), "{warning}");
    let warning = warned(&|facts| {
        facts.master.factory_calendars.get_mut("01").unwrap().years.remove(&2018);
    });
    assert!(warning.contains("says nothing of 2018-10-01"), "{warning}");
    let warning = warned(&|facts| {
        facts.master.plant_calendar = None;
        facts.master.work_centers.values_mut().for_each(|w| w.factory_calendar = None);
    });
    assert!(warning.contains("has a factory calendar") && warning.contains("CR02"), "{warning}");
}

#[test]
fn an_order_is_the_lot_that_mrp_makes_of_its_demand() {
    let _known = known();
    let material = material();
    let number: carbide::id::MaterialNumber = material.parse().unwrap();
    fn lots(
        number: &carbide::id::MaterialNumber,
        change: fn(&mut carbide::master::MaterialPlanning),
    ) -> impl FnOnce(&mut Facts, &mut Config) {
        let number = number.clone();
        move |facts, _| change(facts.master.planning.get_mut(&number).unwrap())
    }
    let seven = Decimal::from(7);
    let found = problem(lots(&number, |planning| planning.rounding = Decimal::from(7))).unwrap();
    let mut seen = 0;
    for order in found.instance.planned_orders.iter().filter(|o| o.material == material) {
        let (line, quantity) =
            (&found.demands[&order.planned_order], found.quantity(&order.planned_order).unwrap());
        assert!(
            (quantity.amount % seven).is_zero() && quantity.amount >= line.open_quantity.amount
        );
        assert!(quantity.amount - line.open_quantity.amount < seven);
        assert_eq!(order.quantity.to_string(), quantity.amount.normalize().to_string());
        seen += 1;
    }
    assert!(seen > 0);

    let reason =
        left_out(&material, lots(&number, |planning| planning.lot_size_max = Decimal::new(1, 1)));
    assert!(reason.contains("above the largest of 0.1 TO") && reason.contains("MM02"), "{reason}");
    let reason = left_out(
        &material,
        lots(&number, |planning| {
            planning.lot_sizing = "FX".to_owned();
            planning.lot_size_fixed = Decimal::new(1, 1);
        }),
    );
    assert!(reason.contains("fixed lots of 0.1 TO, and one order is one lot"), "{reason}");
}

#[test]
fn a_product_without_a_version_or_a_lot_that_fits_is_named_and_others_are_planned() {
    let _known = known();
    let material = material();
    let number: carbide::id::MaterialNumber = material.parse().unwrap();

    let reason = left_out(&material, |facts, _| {
        facts.master.production_versions.remove(&number);
    });
    assert!(reason.contains("has no production version") && reason.contains("C223"), "{reason}");

    let reason = left_out(&material, |facts, _| {
        for version in facts.master.production_versions.get_mut(&number).unwrap() {
            version.valid_to = version.valid_from;
        }
    });
    assert!(reason.contains("is valid in plant"), "{reason}");

    let reason = left_out(&material, |facts, _| {
        for version in facts.master.production_versions.get_mut(&number).unwrap() {
            (version.lot_size_min, version.lot_size_max) = (Decimal::new(1, 3), Decimal::new(2, 3));
        }
    });
    assert!(reason.contains("no lot of any production version"), "{reason}");
}

#[test]
fn a_source_that_is_blocked_is_not_bought_and_a_product_without_a_source_is_named() {
    let _known = known();
    let whole = problem(|_, _| {}).unwrap();
    let component =
        whole.instance.components.iter().find(|component| component.sources.len() > 1).unwrap();
    let (number, supplier) = (component.component.clone(), component.sources[0].supplier.clone());
    let start = whole.start;
    let entry = carbide::master::SourceListEntry {
        material: number.parse().unwrap(),
        supplier: Some(supplier.parse().unwrap()),
        valid_from: start,
        valid_to: start,
        fixed: false,
        blocked: true,
    };
    let found = problem(|facts, _| facts.master.source_list.push(entry)).unwrap();
    let of = |problem: &Problem| {
        let mut components = problem.instance.components.iter();
        components.find(|c| c.component == number).unwrap().sources.len()
    };
    assert_eq!(of(&found), of(&whole) - 1);

    // Nothing is left to buy for anybody: then there is nothing to plan, and it says why.
    let error = problem(|_, config| config.suppliers.contracts.clear()).unwrap_err().to_string();
    assert!(error.contains("has no source with a contract"), "{error}");
}

#[test]
fn a_demand_without_a_lane_or_outside_the_horizon_is_named() {
    let _known = known();
    let error = problem(|_, config| config.transport.lane.clear()).unwrap_err().to_string();
    assert!(error.contains("no lane serves shipping type"), "{error}");
    let short = problem(|_, config| config.settings.plan.horizon_days = 7).unwrap();
    assert!(short.unplannable.iter().any(|one| one.reason.contains("outside the 7 days")));
}

/// Gives an open production order of SAP to a sales order item; its number.
fn made_for(facts: &mut Facts, demand: &str) -> carbide::id::ProductionOrderNumber {
    let mut lines = facts.orders.sales_order_lines.iter();
    let line = lines.find(|line| line.demand() == demand).unwrap();
    let mut orders = facts.orders.production_orders.iter_mut();
    let order = orders.find(|order| order.open_quantity() > Decimal::ZERO).unwrap();
    order.sales_order = Some((line.sales_order.clone(), line.item.clone()));
    order.number.clone()
}

#[test]
fn what_became_a_production_order_is_not_planned_again_unless_it_ended_short() {
    use carbide::order::OrderStatus;
    let whole = problem(|_, _| {}).unwrap();
    let demand = whole.demands.keys().next().unwrap();
    let is_planned = |found: &Problem| found.demands.contains_key(demand);
    let running = problem(|facts, _| {
        made_for(facts, demand);
    });
    assert!(!is_planned(&running.unwrap()), "it is being made");
    let ended = |confirmed_all: bool| {
        let found = problem(|facts, _| {
            let number = made_for(facts, demand);
            let mut orders = facts.orders.production_orders.iter_mut();
            let order = orders.find(|order| order.number == number).unwrap();
            order.status = OrderStatus::TechnicallyCompleted;
            order.confirmed = if confirmed_all { order.quantity.amount } else { Decimal::ONE };
        });
        is_planned(&found.unwrap())
    };
    assert!(!ended(true), "it is in stock");
    assert!(ended(false), "it is still to be made");
}

#[test]
fn an_open_production_order_keeps_its_work_centers_busy_for_the_time_it_is_scheduled() {
    let whole = problem(|_, _| {}).unwrap();
    let begin = whole.shift(0).day.to_datetime(jiff::civil::time(6, 0, 0, 0));
    let capacity = |found: &Problem| -> Vec<(String, Vec<f64>)> {
        let centers = found.instance.work_centers.iter();
        centers.map(|one| (one.work_center.clone(), one.capacity_minutes.clone())).collect()
    };
    let free = capacity(&whole);
    let with_order = |hours: i64, of_open: Decimal| {
        let found = problem(move |facts, _| {
            let mut open = facts.orders.production_orders.iter_mut();
            let order = open.find(|order| order.open_quantity() > Decimal::ZERO).unwrap();
            order.operations.clear();
            order.quantity.amount = order.confirmed + of_open;
            (order.start, order.end) = (begin, begin + jiff::Span::new().hours(hours));
        });
        capacity(&found.unwrap())
    };
    let lost = |with: &[(String, Vec<f64>)], bucket: usize| -> f64 {
        free.iter().zip(with).map(|(free, with)| free.1[bucket] - with.1[bucket]).sum()
    };
    let (one_shift, two_shifts) = (with_order(8, Decimal::ONE), with_order(16, Decimal::ONE));
    assert!(lost(&one_shift, 0) > 0.0);
    assert_eq!(lost(&one_shift, 1), 0.0);
    assert!((lost(&two_shifts, 0) - lost(&one_shift, 0) / 2.0).abs() < 1e-9);
    assert!((lost(&two_shifts, 1) - lost(&two_shifts, 0)).abs() < 1e-9);
    let doubled = lost(&with_order(8, Decimal::TWO), 0);
    assert!((doubled - 2.0 * lost(&one_shift, 0)).abs() < 1e-9, "by the open quantity");
    let before = problem(move |facts, _| {
        let mut open = facts.orders.production_orders.iter_mut();
        let order = open.find(|order| order.open_quantity() > Decimal::ZERO).unwrap();
        order.operations.clear();
        (order.start, order.end) = (begin - jiff::Span::new().hours(8), begin);
    });
    assert_eq!(capacity(&before.unwrap()), free, "over before the horizon begins");
}
