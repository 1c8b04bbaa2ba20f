//! What MM, PP and SD tell of supply, production and transport, out of the sandbox into facts.

use carbide::id::MaterialNumber;
use carbide::master::MasterData;
use carbide::order::{MovementKind, OrderBook, OrderCategory, OrderStatus};
use carbide::source::sap::RowProblem;
use carbide::unit::{Measure, Uom};
use jiff::civil::{date, time};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::json;

use crate::support::{edit, facts, reading, sandbox};

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

async fn read() -> (MasterData, OrderBook, Vec<RowProblem>) {
    let sandbox = sandbox().await;
    facts(&reading(&sandbox)).await.unwrap()
}

fn material(number: &str) -> MaterialNumber {
    MaterialNumber::new(number).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_the_sandbox_holds_makes_sense() {
    let (master, orders, problems) = read().await;

    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(master.planning.len(), master.materials.len());
    assert_eq!((master.suppliers.len(), master.source_list.len()), (11, 11));
    assert_eq!(orders.stock.len(), 17);
    let many = (orders.production_orders.len(), orders.goods_movements.len());
    assert!(many.0 > 90 && many.1 > 300, "{many:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_keeps_its_fourteen_decimals() {
    let (_, orders, _) = read().await;

    let second = orders.stock.iter().find(|stock| stock.material == material("REBAR-25")).unwrap();

    assert_eq!(second.quantity, dec("4.12500000000007"));
    assert_eq!((second.stock_type.as_str(), second.base_unit), ("01", Uom::Tonne));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_still_to_come_of_purchase_orders_counts_with_its_first_day() {
    let (_, orders, _) = read().await;

    assert_eq!(orders.purchase_order_items.len(), 8, "three are delivered");
    let scrap = &orders.purchase_order_items[0];
    assert_eq!(scrap.material, material("SCRAP"));
    assert_eq!(scrap.quantity, Measure::new(dec("120"), Uom::Tonne));
    assert_eq!(scrap.delivery, Some(date(2018, 10, 7)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_movement_that_was_reversed_counts_nothing() {
    let (_, orders, _) = read().await;

    let of = |kind| orders.goods_movements.iter().filter(move |movement| movement.kind == kind);
    let of_running = of(MovementKind::Consumption).filter(|movement| {
        movement.order.as_ref().is_some_and(|order| order.as_str() == "2000001")
    });
    assert_eq!(of_running.count(), 0, "its only issue was reversed");
    let received: Decimal =
        of(MovementKind::Receipt).map(|movement| movement.quantity.amount).sum();
    assert_eq!(received, dec("450"));
    assert!(of(MovementKind::Receipt).all(|movement| movement.supplier.is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_by_movements_is_what_was_confirmed() {
    let (_, orders, _) = read().await;
    let since = date(2018, 9, 1);
    let mut confirmed = std::collections::BTreeMap::new();
    for confirmation in &orders.confirmations {
        let begun = confirmation
            .execution
            .start
            .to_zoned(jiff::tz::TimeZone::get("Europe/Berlin").unwrap());
        if begun.date() >= since {
            // The last operation says what is good.
            confirmed.insert(confirmation.order.clone(), confirmation.yielded.amount);
        }
    }
    let mut moved = std::collections::BTreeMap::new();
    for movement in &orders.goods_movements {
        if movement.kind == MovementKind::Production {
            moved.insert(movement.order.clone().unwrap(), movement.quantity.amount);
        }
    }

    assert_eq!(moved, confirmed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_weight_in_pounds_is_one_in_kilograms() {
    let (_, orders, _) = read().await;

    assert!(orders.deliveries.len() > 2);
    for item in &orders.deliveries {
        let tonnes = item.gross_weight_kg / dec("1000");
        // Packing is two per cent; a pound keeps three decimals.
        assert!((tonnes - item.quantity.amount * dec("1.02")).abs() < dec("0.002"), "{item:?}");
        assert_eq!((item.shipping_point.as_str(), item.left), ("1010", Some(date(2018, 9, 27))));
    }
    assert_eq!(orders.deliveries[0].route, "DE0003", "the actual route, not the proposed one");
    assert!(orders.deliveries[1].route.starts_with("DE000"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_as_far_as_its_flags_say() {
    let (_, orders, _) = read().await;
    let order = |number: &str| {
        orders.production_orders.iter().find(|order| order.number.as_str() == number).unwrap()
    };

    let running = order("2000001");
    assert_eq!((running.status, running.open_quantity()), (OrderStatus::Released, dec("37.5")));
    // 60 t of billet: 1.075 t of scrap each; lime as it grows, and the fixed 20 kg of one heat.
    assert_eq!(running.components.len(), 7);
    assert_eq!(running.components[0].required, Measure::new(dec("64.5"), Uom::Tonne));
    assert_eq!(running.components[6].required, Measure::new(dec("0.020"), Uom::Tonne));
    assert_eq!(order("2000002").status, OrderStatus::Created);
    let process = order("3000002");
    assert_eq!((process.category, process.open_quantity()), (OrderCategory::Process, dec("30")));
    assert_eq!(process.components[0].required, Measure::new(dec("52.5"), Uom::Tonne));
    let done = orders.production_orders.iter().find(|order| order.number.as_str() < "2").unwrap();
    assert_eq!(done.status, OrderStatus::TechnicallyCompleted);
    assert_eq!(done.open_quantity(), Decimal::ZERO);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_has_the_operations_of_its_routing_with_times_and_work_centers() {
    let (master, orders, _) = read().await;
    let order = |number: &str| {
        orders.production_orders.iter().find(|order| order.number.as_str() == number).unwrap()
    };

    for order in orders.production_orders.iter().filter(|o| o.category == OrderCategory::Production)
    {
        let versions = &master.production_versions[&order.material];
        let version = &versions[0];
        let key = (version.routing_group.clone(), version.routing_variant.clone());
        let routing = &master.routings[&key];
        let planned = routing.operations.iter().map(|one| (&one.number, Some(&one.work_center)));
        let copied = order.operations.iter().map(|one| (&one.number, one.work_center.as_ref()));
        assert!(planned.eq(copied), "{}", order.number);
        assert!(order.operations.iter().all(|one| one.quantity == order.quantity));
    }
    let running = &order("2000001").operations;
    assert_eq!(running.len(), 2);
    assert_eq!((running[0].status, running[0].confirmed), (OrderStatus::Released, dec("22.5")));
    assert_eq!(running[0].start, Some(date(2018, 9, 30).at(22, 0, 0, 0)));
    assert_eq!(running[0].end, Some(date(2018, 10, 1).at(6, 0, 0, 0)));
    assert_eq!(order("2000002").operations[0].status, OrderStatus::Created);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_order_has_phases_of_its_operations() {
    let (_, orders, _) = read().await;
    let lime =
        orders.production_orders.iter().find(|one| one.number.as_str() == "3000001").unwrap();

    let steps: Vec<_> = lime
        .operations
        .iter()
        .map(|one| (one.number.as_str(), one.phase_of.as_deref(), one.work_center.is_some()))
        .collect();

    let phase = |number| (number, Some("0100"), false);
    assert_eq!(steps, [("0100", None, true), phase("0110"), phase("0120"), phase("0130")]);
    assert_eq!(lime.operations[2].text, "Burn");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_makes_no_sense_is_named_and_its_order_is_kept() {
    let sandbox = sandbox().await;
    let row = json!({ "ManufacturingOrder": "2000001" });
    let wrong = json!({ "OpErlstSchedldExecEndDte": "2018-09-01" });
    edit(&sandbox, "A_ProductionOrderOperation_2", row, Some(wrong)).await;
    let deleted = json!({ "ManufacturingOrder": "2000002" });
    let flag = json!({ "OperationIsDeleted": "X" });
    edit(&sandbox, "A_ProductionOrderOperation_2", deleted, Some(flag)).await;

    let (_, orders, problems) = facts(&reading(&sandbox)).await.unwrap();

    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems.iter().all(|one| one.0.contains("VAL-RANGE")), "{problems:?}");
    for (number, components) in [("2000001", 7), ("2000002", 6)] {
        let order = orders.production_orders.iter().find(|o| o.number.as_str() == number).unwrap();
        assert!(order.operations.is_empty() && order.components.len() == components);
    }
}

/// The sources of scrap with their price, supplier by supplier.
fn scrap(master: &MasterData) -> Vec<(&str, Decimal, Option<&str>)> {
    let sources = master.sources_of_supply[&material("SCRAP")].iter();
    let priced = sources.map(|one| {
        let record = one.condition.as_ref().map(|condition| condition.record.as_str());
        (one.supplier.as_str(), one.net_price.amount, record)
    });
    priced.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_price_of_a_source_is_that_of_the_condition_of_the_day() {
    let sandbox = sandbox().await;
    let rate = |record: &str, rate: &str| {
        (json!({ "ConditionRecord": record }), json!({ "ConditionRateValue": rate }))
    };
    let (row, change) = rate("0000020003", "300.500");
    edit(&sandbox, "A_PurInfoRecdPrcgCndn", row, Some(change)).await;
    let today = reading(&sandbox);
    let last_year = carbide::source::sap::Reading { key_date: date(2017, 6, 1), ..today.clone() };
    let before = carbide::source::sap::Reading { key_date: date(2016, 6, 1), ..today.clone() };

    let (now, _, problems) = facts(&today).await.unwrap();
    let (ended, ..) = facts(&last_year).await.unwrap();
    let (none, ..) = facts(&before).await.unwrap();

    assert!(problems.is_empty(), "{problems:?}");
    let (one, other) = ("100201", "100202");
    assert_eq!(
        scrap(&now),
        [(one, dec("300.5"), Some("0000020003")), (other, dec("251"), Some("0000020004"))]
    );
    assert_eq!(scrap(&ended)[0], (one, dec("99"), Some("0000010003")));
    // Without a condition the info record's own price is what there is.
    assert_eq!(scrap(&none), [(one, dec("268"), None), (other, dec("251"), None)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_price_of_a_quantity_prices_nothing() {
    for change in [
        json!({ "ConditionIsDeleted": true }),
        json!({ "ConditionCalculationType": "A", "ConditionRateValueUnit": "%" }),
        json!({ "ConditionCalculationType": "B" }),
        json!({ "ConditionReleaseStatus": "A" }),
    ] {
        let sandbox = sandbox().await;
        let row = json!({ "ConditionRecord": "0000020003" });
        edit(&sandbox, "A_PurInfoRecdPrcgCndn", row, Some(change.clone())).await;

        let (master, _, problems) = facts(&reading(&sandbox)).await.unwrap();

        assert!(problems.is_empty(), "{change}: {problems:?}");
        assert_eq!(scrap(&master)[0], ("100201", dec("268"), None), "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_info_record_of_the_organization_holds_for_the_plant_unless_the_plant_has_its_own() {
    let sandbox = sandbox().await;
    let row = |record: &str| json!({ "PurchasingInfoRecord": record });
    // One supplier's record becomes one of the organization; the other gets one beside its own.
    edit(&sandbox, "A_PurgInfoRecdOrgPlantData", row("5300000003"), Some(json!({ "Plant": "" })))
        .await;
    edit(
        &sandbox,
        "A_PurInfoRecdPrcgCndnValidity",
        row("5300000003"),
        Some(json!({ "Plant": "" })),
    )
    .await;
    let beside = json!({
        "PurchasingInfoRecord": "5300000004", "PurchasingInfoRecordCategory": "0",
        "PurchasingOrganization": "1010", "Plant": "", "Material": "SCRAP", "Supplier": "100202",
        "Currency": "EUR", "NetPriceAmount": "1.00", "MaterialPriceUnitQty": "1",
        "PurchaseOrderPriceUnit": "TO", "MaterialPlannedDeliveryDurn": "90",
    });
    edit(&sandbox, "A_PurgInfoRecdOrgPlantData", beside.clone(), Some(beside)).await;

    let (master, ..) = facts(&reading(&sandbox)).await.unwrap();

    let days = master.sources_of_supply[&material("SCRAP")].iter().map(|one| one.delivery_days);
    assert_eq!(days.collect::<Vec<_>>(), [5, 5], "the plant's own counts");
    assert_eq!(scrap(&master)[0], ("100201", dec("268"), Some("0000020003")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planned_order_has_its_components_and_the_hours_that_it_needs() {
    let (_, orders, _) = read().await;

    for order in &orders.planned_orders {
        assert!(!order.components.is_empty() && !order.capacities.is_empty(), "{}", order.number);
        let needed: Decimal = order.components.iter().map(|one| one.required.amount).sum();
        let ratio = needed / order.quantity.amount;
        assert!(ratio > dec("1.03") && ratio < dec("1.07"), "{order:?}");
        let [capacity] = &order.capacities[..] else { panic!("{order:?}") };
        assert_eq!(
            (capacity.operation.as_str(), capacity.earliest_start),
            ("0010", Some(order.start))
        );
        // Set-up, then so many minutes a tonne, out of hours in binary fractions.
        let minutes = (capacity.minutes - dec("30")) / order.quantity.amount;
        let minutes_strip = (capacity.minutes - dec("40")) / order.quantity.amount;
        let whole = |value: Decimal| (value - value.round()).abs() < dec("0.000001");
        assert!(whole(minutes) || whole(minutes_strip), "{capacity:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn demand_without_a_customer_is_what_is_left_of_active_plans() {
    let (_, orders, _) = read().await;

    let left = orders.planned_requirements.iter().map(|one| one.open_quantity.amount);
    assert_eq!(
        left.collect::<Vec<_>>(),
        [dec("74.5"), dec("120"), dec("120"), dec("74.5"), dec("120"), dec("120")]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_night_shift_ends_on_the_next_day() {
    let (master, ..) = read().await;

    let shifts = master.shifts.values().next().unwrap();
    assert_eq!((master.shifts.len(), shifts.len()), (5, 18));
    let night = &shifts[2];
    assert_eq!((night.start, night.end), (time(22, 0, 0, 0), time(6, 0, 0, 0)));
    assert_eq!(night.minutes, dec("405.0"), "eight hours less half an hour, at 90 %");
    let center = master.work_centers.keys().next().unwrap();
    assert_eq!(master.work_centers[center].minutes_per_shift, night.minutes);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_rows_are_named_and_set_aside() {
    let sandbox = sandbox().await;
    let wrong = json!({ "MatlWrhsStkQtyInMatlBaseUnit": "1", "MaterialBaseUnit": "KGX" });
    edit(&sandbox, "A_MatlStkInAcctMod", json!({ "Material": "LIME" }), Some(wrong)).await;
    let negative = json!({ "QuantityInBaseUnit": "-5.000" });
    edit(
        &sandbox,
        "A_MaterialDocumentItem",
        json!({ "MaterialDocument": "4900000001", "MaterialDocumentItem": "1" }),
        Some(negative),
    )
    .await;
    let zero = json!({ "QuantityDenominator": "0" });
    edit(
        &sandbox,
        "A_ProductUnitsOfMeasure",
        json!({ "Product": "LIME", "AlternativeUnit": "KG" }),
        Some(zero),
    )
    .await;

    let (master, orders, problems) = facts(&reading(&sandbox)).await.unwrap();

    let text = format!("{problems:?}");
    assert_eq!(problems.len(), 3, "{text}");
    assert!(text.contains("UNIT-UNKNOWN: A_MatlStkInAcctMod") && text.contains("KGX"), "{text}");
    assert!(text.contains("VAL-NEGATIVE: A_MaterialDocumentItem"), "{text}");
    assert!(text.contains("VAL-RANGE: A_ProductUnitsOfMeasure"), "{text}");
    assert_eq!(orders.stock.len(), 16);
    assert!(!master.unit_conversions.contains_key(&material("LIME")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_material_is_converted_by_its_own_units_first() {
    let (master, ..) = read().await;
    let electrode = material("ELECTRODE");

    let pieces = Measure::new(dec("2"), Uom::Piece);
    assert_eq!(master.converted(&electrode, pieces, Uom::Kg).unwrap(), dec("3600"));
    assert!(master.converted(&material("LIME"), pieces, Uom::Kg).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_material_of_phantom_procurement_is_one_in_every_bom() {
    let sandbox = sandbox().await;
    let phantom = json!({ "ProcurementSubType": "50" });
    edit(&sandbox, "A_ProductSupplyPlanning", json!({ "Product": "BILLET-L" }), Some(phantom))
        .await;

    let (master, ..) = facts(&reading(&sandbox)).await.unwrap();

    assert!(master.planning[&material("BILLET-L")].is_phantom());
    let item = |above: &str| &master.bills_of_material[&(material(above), "1".to_owned())].items[0];
    assert!(item("REBAR-16").phantom && item("REBAR-25").phantom);
    assert!(!item("STRIP-3").phantom);
}

#[tokio::test]
async fn what_is_special_about_a_bom_item_comes_along() {
    let sandbox = sandbox().await;
    let item = json!({ "Material": "REBAR-16", "BillOfMaterialVariant": "01" });
    let special = json!({
        "OperationScrapInPercent": "1.50", "IsNetScrap": true, "FixedQuantity": true,
        "IsBulkMaterial": true, "MaterialIsCoProduct": true, "SpecialProcurementType": "50",
        "AlternativeItemGroup": "A1", "UsageProbabilityPercent": "70",
    });
    edit(&sandbox, "MaterialBOMItem", item, Some(special)).await;

    let (master, ..) = facts(&reading(&sandbox)).await.unwrap();

    let key = ("REBAR-16".parse().unwrap(), "1".to_owned());
    let item = &master.bills_of_material[&key].items[0];
    assert!(item.net_scrap && item.fixed && item.bulk && item.co_product && item.phantom);
    assert_eq!(item.operation_scrap_percent.to_string(), "1.50");
    let alternative = item.alternative.as_ref().unwrap();
    assert_eq!(alternative.group, "A1");
    assert_eq!(alternative.usage_probability_percent.to_string(), "70");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_ends_before_it_begins_is_set_aside() {
    let sandbox = sandbox().await;
    let number = json!({ "ManufacturingOrder": "2000002" });
    let backwards = json!({ "MfgOrderScheduledEndDate": "2018-09-29" });
    edit(&sandbox, "A_ProductionOrder_2", number, Some(backwards)).await;

    let (_, orders, problems) = facts(&reading(&sandbox)).await.unwrap();

    let text = format!("{problems:?}");
    assert!(text.contains("VAL-RANGE: A_ProductionOrder_2") && problems.len() == 1, "{text}");
    assert!(orders.production_orders.iter().all(|order| order.number.as_str() != "2000002"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn there_and_back_a_quantity_is_what_it_was(thousandths in 1i64..1_000_000_000) {
        use carbide::master::{Material, Procurement, UnitConversion};
        let number = material("COIL");
        let mut master = MasterData::default();
        master.materials.insert(number.clone(), Material {
            number: number.clone(), description: String::new(), base_unit: Uom::Tonne,
            net_weight_kg: None, net_weight_state: carbide::value_state::ValueState::Calculated, group: String::new(), procurement: Procurement::InHouse,
        });
        master.unit_conversions.insert(number.clone(), vec![UnitConversion {
            code: "ST".to_owned(), unit: Some(Uom::Piece),
            numerator: dec("125"), denominator: dec("10"),
        }]);
        let pieces = Decimal::new(thousandths, 3);

        let kilograms = master.converted(&number, Measure::new(pieces, Uom::Piece), Uom::Kg).unwrap();
        let back = master.converted(&number, Measure::new(kilograms, Uom::Kg), Uom::Piece).unwrap();

        prop_assert_eq!(kilograms, pieces * dec("12500"));
        prop_assert_eq!(back, pieces);
    }
}
