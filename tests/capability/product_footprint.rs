//! What finance posts and what the planner optimizes come from the meter, and sum to it.

use std::collections::BTreeMap;

use carbide::factor::{EmissionFactor, FactorBook, Scope};
use carbide::footprint::product::rules::{
    AllocationMethod, CoProductOutput, CoProductRule, InboundLeg, ProductRules, RecycledRule,
    RecyclingMethod,
};
use carbide::footprint::{Attribution, FootprintError, Products, attribute, inventory};
use carbide::id::*;
use carbide::master::*;
use carbide::order::Confirmation;
use carbide::period::{Interval, ShiftCalendar};
use carbide::quantity::{Energy, Milligrams, Money};
use carbide::reading::{Medium, Meter, RawReading, Series, Slot};
use carbide::unit::{Measure, Uom};
use carbide::value_state::ValueState;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use rust_decimal::Decimal;

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn id<T: std::str::FromStr<Err = InvalidId>>(text: &str) -> T {
    text.parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn factor(id: &str, activity: &str, unit: Uom, kg: &str, scope: Scope) -> EmissionFactor {
    EmissionFactor {
        id: id.to_owned(),
        activity: activity.to_owned(),
        supplier: None,
        unit,
        kg_co2e_per_unit: decimal(kg),
        scope,
        region: "DE".to_owned(),
        valid_from: "2018-01-01".parse().unwrap(),
        valid_to: Some("2019-01-01".parse().unwrap()),
        gwp_set: "n/a".to_owned(),
        source: "test".to_owned(),
        licence: "test".to_owned(),
        uncertainty_percent: None,
        confidence: "test".to_owned(),
        biogenic_co2_kg_per_unit: Decimal::ZERO,
        primary: false,
        origin: None,
    }
}

fn book() -> FactorBook {
    let own = EmissionFactor {
        supplier: Some("100201".to_owned()),
        primary: true,
        ..factor("SUP", "material:SCRAP", Uom::Tonne, "24", Scope::PurchasedGoods)
    };
    FactorBook::new(vec![
        factor("GRID", "electricity", Uom::Kwh, "0.468", Scope::PurchasedEnergy),
        factor("GAS", "natural_gas", Uom::Gigajoule, "56.1", Scope::Direct),
        factor("GAS-UP", "natural_gas_upstream", Uom::Gigajoule, "9.3", Scope::FuelUpstream),
        own,
    ])
}

fn meter() -> Meter {
    Meter {
        id: id("MAIN"),
        medium: Medium::Electricity,
        plant: id("1010"),
        overhead_cost_center: id("101090"),
    }
}

fn shifts() -> ShiftCalendar {
    ShiftCalendar::three_shifts(TimeZone::UTC)
}

/// One day of hourly readings from six o'clock: 10 kWh each.
fn day_of_readings(kwh: &str) -> Series {
    Series {
        meter: id("MAIN"),
        start: at("2018-09-03T06:00:00Z"),
        step: SignedDuration::from_hours(1),
        slots: vec![
            Slot { energy: Some(Energy::new(decimal(kwh))), state: ValueState::Measured };
            24
        ],
    }
}

fn day() -> Interval {
    Interval { start: at("2018-09-03T06:00:00Z"), end: at("2018-09-04T06:00:00Z") }
}

/// BAR is rolled at ROLL from 1.1 t of BILLET; BILLET is molten at EAF from 1 t of bought SCRAP.
fn plant() -> MasterData {
    let material = |number: &str, procurement| Material {
        number: id(number),
        description: number.to_owned(),
        base_unit: Uom::Tonne,
        net_weight_kg: None,
        net_weight_state: ValueState::Calculated,
        group: "G".to_owned(),
        procurement,
    };
    let center = |internal: &str, code: &str, cost_center: &str| WorkCenter {
        internal_id: id(internal),
        code: id(code),
        plant: id("1010"),
        text: code.to_owned(),
        cost_center: id(cost_center),
        minutes_per_shift: Decimal::from(405),
        factory_calendar: None,
    };
    let bom = |material: &str, component: &str, quantity: &str| BillOfMaterial {
        material: id(material),
        plant: id("1010"),
        alternative: "1".to_owned(),
        base_quantity: Decimal::ONE,
        base_unit: Uom::Tonne,
        items: vec![BomItem::new(
            "0010",
            id(component),
            Measure::new(decimal(quantity), Uom::Tonne),
        )],
    };
    let routing = |group: &str, center: &str, kwh: &str, gas: &str| Routing {
        group: id(group),
        variant: "1".to_owned(),
        plant: id("1010"),
        operations: vec![Operation {
            number: "0010".to_owned(),
            text: String::new(),
            work_center: id(center),
            base_quantity: Decimal::ONE,
            unit: Uom::Tonne,
            standard_values: vec![
                (StandardValue::Electricity, Measure::new(decimal(kwh), Uom::Kwh)),
                (StandardValue::NaturalGas, Measure::new(decimal(gas), Uom::Gigajoule)),
            ],
            stood_in: Vec::new(),
            scrap_percent: Decimal::ZERO,
        }],
    };
    let version = |material: &str, group: &str| ProductionVersion {
        material: id(material),
        plant: id("1010"),
        code: id("0001"),
        text: String::new(),
        bom_alternative: "1".to_owned(),
        routing_group: id(group),
        routing_variant: "1".to_owned(),
        valid_from: "2017-01-01".parse().unwrap(),
        valid_to: "9999-12-31".parse().unwrap(),
        lot_size_min: Decimal::ONE,
        lot_size_max: Decimal::from(60),
    };
    let (centers, boms) = (
        [center("1", "EAF", "101012"), center("2", "ROLL", "101021")],
        [bom("BAR", "BILLET", "1.1"), bom("BILLET", "SCRAP", "1")],
    );
    let routings = [routing("50", "1", "400", "0.3"), routing("60", "2", "100", "1.0")];
    let source = SourceOfSupply {
        material: id("SCRAP"),
        supplier: id("100201"),
        info_record: "1".to_owned(),
        organization: "1010".to_owned(),
        condition: None,
        net_price: Money { amount: decimal("268"), currency: "EUR".to_owned() },
        price_quantity: Decimal::ONE,
        price_unit: Uom::Tonne,
        delivery_days: 3,
    };
    MasterData {
        materials: [
            material("BAR", Procurement::InHouse),
            material("BILLET", Procurement::InHouse),
            material("SCRAP", Procurement::External),
        ]
        .map(|material| (material.number.clone(), material))
        .into(),
        bills_of_material: boms
            .map(|bom| ((bom.material.clone(), bom.alternative.clone()), bom))
            .into(),
        routings: routings
            .map(|routing| ((routing.group.clone(), routing.variant.clone()), routing))
            .into(),
        production_versions: [version("BILLET", "50"), version("BAR", "60")]
            .map(|version| (version.material.clone(), vec![version]))
            .into(),
        work_centers: centers.map(|center| (center.internal_id.clone(), center)).into(),
        sources_of_supply: BTreeMap::from([(id("SCRAP"), vec![source])]),
        ..MasterData::default()
    }
}

fn confirmation(
    center: &str,
    material: &str,
    start: &str,
    tonnes: &str,
    kwh: &str,
) -> Confirmation {
    let start = at(start);
    Confirmation {
        key: (start.to_string(), "1".to_owned()),
        order: id("1"),
        operation: "0010".to_owned(),
        material: id(material),
        production_version: None,
        plant: id("1010"),
        work_center: id(center),
        execution: Interval { start, end: start + SignedDuration::from_hours(2) },
        yielded: Measure::new(decimal(tonnes), Uom::Tonne),
        scrapped: Measure::new(Decimal::ZERO, Uom::Tonne),
        activities: vec![
            (StandardValue::Electricity, Measure::new(decimal(kwh), Uom::Kwh)),
            (StandardValue::NaturalGas, Measure::new(decimal("1"), Uom::Gigajoule)),
        ],
        stood_in: Vec::new(),
    }
}

/// Early shift: 80 kWh for one tonne of billet (60) and one of bar (20). Late shift: 80 kWh for one
/// tonne of bar. Night shift: 80 kWh and nothing produced.
fn production() -> Vec<Confirmation> {
    vec![
        confirmation("EAF", "BILLET", "2018-09-03T07:00:00Z", "1", "300"),
        confirmation("ROLL", "BAR", "2018-09-03T08:00:00Z", "1", "100"),
        confirmation("ROLL", "BAR", "2018-09-03T15:00:00Z", "1", "100"),
    ]
}

/// The only way to a checked series leads through the check; a slot without energy is a row without.
fn checked(series: &Series) -> carbide::check::Checked<Series> {
    let row = |(index, slot): (usize, &Slot)| RawReading {
        stamp: series.interval(index).end,
        energy: slot.energy,
        arrival: index as u64,
    };
    let rows: Vec<RawReading> = series.slots.iter().enumerate().map(row).collect();
    // Nothing is held and nothing imputed: these tests are about what comes after.
    let mut limits = carbide::check::RuleSet::default();
    limits.stuck.enabled = false;
    limits.missing.limits.impute_up_to_hours = 0;
    let now = at("2018-10-01T00:00:00Z");
    carbide::check::readings(&rows, &meter(), series.step, &limits, now).series
}

fn attribution(series: &Series) -> Result<Attribution, FootprintError> {
    let series = &checked(series);
    let (master, production) = (plant(), production());
    attribute(series, &meter(), day(), &master, &production, &shifts(), &book(), &["DE"], None)
}

#[test]
fn the_energy_of_a_shift_goes_to_what_was_confirmed_in_it() {
    let given = attribution(&day_of_readings("10")).unwrap();

    let share = |center: &str, material: &str| {
        given.of_production(&id(center), &id(material))[&ValueState::Measured]
    };
    assert_eq!(share("EAF", "BILLET"), decimal("60"));
    assert_eq!(share("ROLL", "BAR"), decimal("100"));
    assert_eq!(given.overhead_ratio(), decimal("0.5"));
    assert_eq!(given.metered(), Energy::new(decimal("240")));
}

#[test]
fn the_inventory_sums_to_the_meter_and_adds_scope_1() {
    let given = attribution(&day_of_readings("10")).unwrap();

    let inventory =
        inventory(&given, &plant(), &production(), &shifts(), &book(), &["DE"]).unwrap();

    assert_eq!(inventory.metered, Milligrams::new(112_320_000));
    assert_eq!(inventory.allocated(), inventory.metered);
    assert_eq!(inventory.total(), Milligrams::new(112_320_000 + 3 * 56_100_000));
}

#[test]
fn a_product_footprint_follows_bill_of_material_and_routing() {
    let (given, master, book) = (attribution(&day_of_readings("10")).unwrap(), plant(), book());
    let products = Products::new(&master, &given, &book, &["DE"], "2018-09-30".parse().unwrap());

    let bar = products.footprint(&id("BAR"), &id("0001")).unwrap();

    // Rolling: 100 kWh for 2 t, half as much again for overhead: 75 kWh/t. Billet: 90 kWh/t x 1.1.
    let by_scope = bar.by_scope();
    assert_eq!(by_scope[&Scope::PurchasedEnergy].amount(), decimal("0.468") * decimal("174"));
    assert_eq!(by_scope[&Scope::Direct].amount(), decimal("56.1") * decimal("1.33"));
    assert_eq!(by_scope[&Scope::FuelUpstream].amount(), decimal("9.3") * decimal("1.33"));
    assert_eq!(by_scope[&Scope::PurchasedGoods].amount(), decimal("26.4"));
    assert_eq!(bar.value_state_shares().values().sum::<Decimal>().round_dp(20), Decimal::ONE);
    let scrap = bar.contributions.iter().find(|term| term.factor == "SUP").unwrap();
    assert!(scrap.primary);
    assert_eq!(scrap.path, [id("BAR"), id("BILLET"), id("SCRAP")]);
}

#[test]
fn products_times_output_give_the_meter_back() {
    let (given, master, book) = (attribution(&day_of_readings("10")).unwrap(), plant(), book());
    let products = Products::new(&master, &given, &book, &["DE"], "2018-09-30".parse().unwrap());

    let kwh_per_tonne = |material: &str| -> Decimal {
        let version = products.version(&id(material), &id("0001")).unwrap();
        let operation = &products.routing(version).unwrap()[0];
        products.electricity(&id(material), operation).unwrap().values().sum()
    };

    let site = kwh_per_tonne("BILLET") * Decimal::ONE + kwh_per_tonne("BAR") * Decimal::TWO;
    assert_eq!(site.round_dp(20), decimal("240"));
}

#[test]
fn a_missing_reading_stops_the_calculation_and_is_named() {
    let mut series = day_of_readings("10");
    series.slots[7] = Slot::MISSING;

    let refused = attribution(&series).unwrap_err();

    assert!(refused.to_string().contains("meter MAIN has no value for 1 intervals"));
    assert!(refused.to_string().contains("2018-09-03T13:00:00Z"));
}

#[test]
fn a_bill_of_material_that_contains_itself_is_an_error_with_its_circle() {
    let mut master = plant();
    let billet = master.bills_of_material.get_mut(&(id("BILLET"), "1".to_owned())).unwrap();
    billet.items[0].component = id("BAR");
    let (given, book) = (attribution(&day_of_readings("10")).unwrap(), book());
    let products = Products::new(&master, &given, &book, &["DE"], "2018-09-30".parse().unwrap());

    let refused = products.footprint(&id("BAR"), &id("0001")).unwrap_err();

    assert!(refused.to_string().contains("BAR > BILLET > BAR"));
}

#[test]
fn scrap_that_is_molten_again_is_a_circle_with_a_footprint() {
    let mut master = plant();
    let billet = master.bills_of_material.get_mut(&(id("BILLET"), "1".to_owned())).unwrap();
    let back = Measure::new(decimal("0.05"), Uom::Tonne);
    billet.items.push(BomItem::new("0020", id("BAR"), back));
    let (given, book) = (attribution(&day_of_readings("10")).unwrap(), book());
    let day = "2018-09-30".parse().unwrap();
    let open = plant();
    let own = |material: &str| {
        let products = Products::new(&open, &given, &book, &["DE"], day);
        products.footprint(&id(material), &id("0001")).unwrap().total().amount()
    };
    // Without the circle: BAR = rolling + 1.1 BILLET. With it: BILLET = billet + 0.05 BAR.
    let rolling = own("BAR") - decimal("1.1") * own("BILLET");
    let wanted = (rolling + decimal("1.1") * own("BILLET")) / (Decimal::ONE - decimal("0.055"));

    let products = Products::new(&master, &given, &book, &["DE"], day);
    let bar = products.footprint(&id("BAR"), &id("0001")).unwrap();

    let found = bar.total().amount();
    assert!((found - wanted).abs() < wanted * decimal("0.0000000000001"), "{found} {wanted}");
    let billet = products.footprint(&id("BILLET"), &id("0001")).unwrap().total().amount();
    let balance = found - rolling - decimal("1.1") * billet;
    assert!(balance.abs() < decimal("0.000000001"), "{balance}");
}

/// BILLET with 0.1 t of SLAG beside it.
fn with_slag(method: AllocationMethod, weight: &str) -> (MasterData, ProductRules) {
    let mut master = plant();
    let slag = Material { number: id("SLAG"), ..master.materials[&id("SCRAP")].clone() };
    master.materials.insert(id("SLAG"), slag);
    let billet = master.bills_of_material.get_mut(&(id("BILLET"), "1".to_owned())).unwrap();
    let beside = Measure::new(decimal("-0.1"), Uom::Tonne);
    billet.items.push(BomItem::new("0020", id("SLAG"), beside));
    let rules = ProductRules {
        co_products: vec![CoProductRule {
            material: id("BILLET"),
            method,
            weight: decimal(weight),
            output: vec![CoProductOutput {
                material: id("SLAG"),
                weight: Decimal::ONE,
                avoids: Some("material:SCRAP".to_owned()),
            }],
            approved_by: "test".to_owned(),
        }],
        ..ProductRules::default()
    };
    (master, rules)
}

#[test]
fn co_products_carry_together_what_the_process_emits() {
    let (given, book) = (attribution(&day_of_readings("10")).unwrap(), book());
    let day = "2018-09-30".parse().unwrap();
    let billet = |master: &MasterData, rules: &ProductRules| {
        let products = Products::new(master, &given, &book, &["DE"], day).with_rules(rules);
        products.footprint(&id("BILLET"), &id("0001")).unwrap().total().amount()
    };
    let whole = billet(&plant(), &ProductRules::default());

    let (master, rules) = with_slag(AllocationMethod::Mass, "1");
    let main = billet(&master, &rules);
    let mut user = master.clone();
    let bar = user.bills_of_material.get_mut(&(id("BAR"), "1".to_owned())).unwrap();
    bar.items = vec![BomItem::new("0010", id("SLAG"), Measure::new(Decimal::ONE, Uom::Tonne))];
    let products = Products::new(&user, &given, &book, &["DE"], day).with_rules(&rules);
    let bar = products.footprint(&id("BAR"), &id("0001")).unwrap();
    let slag: Decimal =
        bar.contributions.iter().filter(|t| t.path.len() > 1).map(|t| t.emissions.amount()).sum();

    assert_eq!((main * decimal("1.1")).round_dp(18), whole.round_dp(18));
    assert_eq!((main + slag * decimal("0.1")).round_dp(18), whole.round_dp(18));
}

#[test]
fn substitution_credits_what_is_made_unnecessary() {
    let (given, mut rows) = (attribution(&day_of_readings("10")).unwrap(), book().rows().to_vec());
    rows.push(factor("SCRAP-AVG", "material:SCRAP", Uom::Tonne, "30", Scope::PurchasedGoods));
    let book = FactorBook::new(rows);
    let (master, rules) = with_slag(AllocationMethod::Substitution, "1");
    let day = "2018-09-30".parse().unwrap();
    let products = Products::new(&master, &given, &book, &["DE"], day).with_rules(&rules);

    let billet = products.footprint(&id("BILLET"), &id("0001")).unwrap();

    let credit = billet.contributions.iter().find(|term| term.factor == "SCRAP-AVG").unwrap();
    assert_eq!(credit.emissions.amount(), decimal("-3.0"));
    assert_eq!(billet.primary_data_share(), None);
}

#[test]
fn inbound_transport_and_recycled_content_are_lines_of_their_own() {
    let (given, mut rows) = (attribution(&day_of_readings("10")).unwrap(), book().rows().to_vec());
    rows.push(factor("VIRGIN", "material:PIG", Uom::Tonne, "1800", Scope::PurchasedGoods));
    rows.push(factor("AGAIN", "material:REMELT", Uom::Tonne, "300", Scope::PurchasedGoods));
    rows.push(factor("RAIL", "freight:rail", Uom::TonneKm, "0.03", Scope::DownstreamTransport));
    let book = FactorBook::new(rows);
    let rules = ProductRules {
        inbound: vec![InboundLeg {
            material: id("SCRAP"),
            supplier: None,
            factor: "freight:rail".to_owned(),
            distance_km: decimal("400"),
        }],
        recycled: vec![RecycledRule {
            material: id("SCRAP"),
            method: RecyclingMethod::CutOff,
            recycled_content: decimal("0.25"),
            virgin: "material:PIG".to_owned(),
            recycling: "material:REMELT".to_owned(),
            disposal: None,
            allocation: Decimal::ZERO,
            recycled_at_end: Decimal::ZERO,
            quality_in: Decimal::ONE,
            quality_out: Decimal::ONE,
            source: "test".to_owned(),
        }],
        ..ProductRules::default()
    };
    let master = plant();
    let day = "2018-09-30".parse().unwrap();
    let products = Products::new(&master, &given, &book, &["DE"], day).with_rules(&rules);

    let billet = products.footprint(&id("BILLET"), &id("0001")).unwrap();

    let by_scope = billet.by_scope();
    assert_eq!(by_scope[&Scope::UpstreamTransport].amount(), decimal("12"));
    assert_eq!(by_scope[&Scope::PurchasedGoods].amount(), decimal("1350") + decimal("75"));
}

#[test]
fn a_quantity_fixed_for_an_order_is_spread_over_what_the_orders_of_the_period_made() {
    let mut master = plant();
    let billet = master.bills_of_material.get_mut(&(id("BILLET"), "1".to_owned())).unwrap();
    let mut first_heat =
        BomItem::new("0020", id("SCRAP"), Measure::new(decimal("0.3"), Uom::Tonne));
    first_heat.fixed = true;
    billet.items.push(first_heat);
    // Two orders of 1 t and 5 t: 2 x 0.3 t for 6 t.
    let mut orders = production();
    let mut other = confirmation("EAF", "BILLET", "2018-09-03T10:00:00Z", "5", "1500");
    other.order = id("2");
    orders.push(other);
    let series = &checked(&day_of_readings("10"));
    let book = book();
    let given =
        attribute(series, &meter(), day(), &master, &orders, &shifts(), &book, &["DE"], None)
            .unwrap();
    let products = Products::new(&master, &given, &book, &["DE"], "2018-09-30".parse().unwrap());

    let version = products.version(&id("BILLET"), &id("0001")).unwrap();
    let taken = products.component_quantities(&id("BILLET"), version).unwrap();

    assert_eq!(products.lot(&id("BILLET"), version).unwrap(), decimal("3"));
    let tonnes: Vec<Decimal> = taken.iter().map(|(_, quantity)| quantity.amount).collect();
    assert_eq!(tonnes, [decimal("1"), decimal("0.1")]);
}

#[test]
fn return_scrap_of_several_products_is_their_mixture_and_loses_no_kilogram() {
    // 0.1 t of RETURN beside each tonne of BILLET and of BAR, and 0.2 t of it in each tonne of BILLET.
    // 1 t of BILLET and 2 t of BAR were made: a third and two thirds of what comes back.
    let mut master = plant();
    let back = Material { number: id("RETURN"), ..master.materials[&id("SCRAP")].clone() };
    master.materials.insert(id("RETURN"), back);
    for (material, quantities) in [("BILLET", &["-0.1", "0.2"][..]), ("BAR", &["-0.1"])] {
        let bom = master.bills_of_material.get_mut(&(id(material), "1".to_owned())).unwrap();
        for (number, quantity) in ["0020", "0030"].iter().zip(quantities) {
            let quantity = Measure::new(decimal(quantity), Uom::Tonne);
            bom.items.push(BomItem::new(number, id("RETURN"), quantity));
        }
    }
    let by_mass = |material: &str| CoProductRule {
        material: id(material),
        method: AllocationMethod::Mass,
        weight: Decimal::ONE,
        output: vec![CoProductOutput {
            material: id("RETURN"),
            weight: Decimal::ONE,
            avoids: None,
        }],
        approved_by: "test".to_owned(),
    };
    let rules = ProductRules {
        co_products: vec![by_mass("BILLET"), by_mass("BAR")],
        ..ProductRules::default()
    };
    let (given, book) = (attribution(&day_of_readings("10")).unwrap(), book());
    let day = "2018-09-30".parse().unwrap();
    let open = plant();
    let own = |material: &str| {
        let products = Products::new(&open, &given, &book, &["DE"], day);
        products.footprint(&id(material), &id("0001")).unwrap().total().amount()
    };
    let (billet, rolling) = (own("BILLET"), own("BAR") - decimal("1.1") * own("BILLET"));

    let products = Products::new(&master, &given, &book, &["DE"], day).with_rules(&rules);
    let found =
        |material: &str| products.footprint(&id(material), &id("0001")).unwrap().total().amount();

    // By mass a tonne of RETURN carries as much as one of what it comes from. Two equations:
    // 1.1 b = billet + 0.2 (b + 2 r) / 3 and 1.1 r = rolling + 1.1 b.
    let (b, r) = (found("BILLET"), found("BAR"));
    let close = |left: Decimal, right: Decimal| {
        assert!((left - right).abs() < right * decimal("0.000000000001"), "{left} {right}");
    };
    close(decimal("1.1") * b, billet + decimal("0.2") * (b + r + r) / decimal("3"));
    close(decimal("1.1") * r, rolling + decimal("1.1") * b);
    assert!(products.comes_back(&id("RETURN")) && !products.comes_back(&id("SCRAP")));
}

#[test]
fn biogenic_carbon_is_told_beside_the_total() {
    let mut rows = book().rows().to_vec();
    let scrap = rows.iter_mut().find(|row| row.activity == "material:SCRAP").unwrap();
    scrap.biogenic_co2_kg_per_unit = decimal("7");
    let (given, with) = (attribution(&day_of_readings("10")).unwrap(), FactorBook::new(rows));
    let (master, without) = (plant(), book());
    let bar = |book: &FactorBook| {
        let products = Products::new(&master, &given, book, &["DE"], "2018-09-30".parse().unwrap());
        products.footprint(&id("BAR"), &id("0001")).unwrap()
    };

    assert_eq!(bar(&with).biogenic_co2_kg(), decimal("7.7"));
    assert_eq!(bar(&with).total(), bar(&without).total());
}

#[test]
fn a_factor_that_has_expired_is_an_error() {
    let (given, master, book) = (attribution(&day_of_readings("10")).unwrap(), plant(), book());
    let products = Products::new(&master, &given, &book, &["DE"], "2020-01-01".parse().unwrap());

    let refused = products.footprint(&id("BAR"), &id("0001")).unwrap_err();

    assert!(refused.to_string().starts_with("FAC-GAP: no factor"));
}

#[test]
fn an_operation_without_yield_is_an_error_with_its_routing() {
    let (given, book) = (attribution(&day_of_readings("10")).unwrap(), book());
    let refused = |percent: &str| {
        let mut master = plant();
        let melting = master.routings.get_mut(&(id("50"), "1".to_owned())).unwrap();
        melting.operations[0].scrap_percent = decimal(percent);
        let day = "2018-09-30".parse().unwrap();
        let products = Products::new(&master, &given, &book, &["DE"], day);
        products.footprint(&id("BAR"), &id("0001")).unwrap_err().to_string()
    };

    for percent in ["100", "130", "-5"] {
        let text = refused(percent);
        assert!(text.contains("BILLET: operation 0010 of routing 50/1 scraps"), "{text}");
        assert!(text.contains("CA02"), "{text}");
    }
}

proptest! {
    #[test]
    fn whatever_was_metered_is_allocated_to_the_milligram(
        hundredths in prop::collection::vec(0i64..100_000, 24),
    ) {
        let mut series = day_of_readings("0");
        for (slot, value) in series.slots.iter_mut().zip(&hundredths) {
            slot.energy = Some(Energy::new(Decimal::new(*value, 2)));
        }
        let given = attribution(&series).unwrap();

        let inventory =
            inventory(&given, &plant(), &production(), &shifts(), &book(), &["DE"]).unwrap();

        let metered: i64 = hundredths.iter().sum::<i64>() * 4_680;
        prop_assert_eq!(inventory.metered.count(), metered);
        prop_assert_eq!(inventory.allocated().count(), metered);
    }
}
