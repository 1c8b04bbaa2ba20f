//! Master data of the sandbox plant.

use serde_json::Value;

use super::Values;

/// Number, text, type, made or bought, group.
pub(super) const MATERIALS: &[(&str, &str, &str, &str, &str)] = &[
    ("REBAR-16", "Reinforcing bar 16 mm", "FERT", "E", "BAR"),
    ("REBAR-25", "Reinforcing bar 25 mm", "FERT", "E", "BAR"),
    ("STRIP-3", "Hot-rolled strip 3 mm", "FERT", "E", "STRIP"),
    ("STRIP-6", "Hot-rolled strip 6 mm", "FERT", "E", "STRIP"),
    ("BILLET-L", "Billet, converter route", "HALB", "E", "BILLET"),
    ("BILLET-S", "Billet, arc furnace route", "HALB", "E", "BILLET"),
    ("SLAB-L", "Slab, converter route", "HALB", "E", "SLAB"),
    ("SLAB-S", "Slab, arc furnace route", "HALB", "E", "SLAB"),
    ("PIG-IRON", "Pig iron", "ROH", "F", "IRON"),
    ("SCRAP", "Steel scrap", "ROH", "F", "IRON"),
    ("FERRO-MN", "Ferromanganese 7 % C", "ROH", "F", "ALLOY"),
    ("LIME", "Quicklime", "ROH", "F", "FLUX"),
    ("ELECTRODE", "Graphite electrode", "ROH", "F", "AUX"),
    ("SLAG", "Steelworks slag", "HALB", "F", "SLAG"),
    ("BIOCHAR", "Biochar, foaming carbon", "ROH", "F", "AUX"),
    ("STRAP", "Steel strap for bundles and coils", "VERP", "F", "PACK"),
    ("RETURN-SCRAP", "Return scrap of the caster", "HALB", "F", "IRON"),
];

/// Material, alternative, components with quantity for one tonne and component scrap.
pub(super) type Recipe =
    (&'static str, &'static str, &'static [(&'static str, &'static str, &'static str)]);

const LONG: &[(&str, &str, &str)] = &[
    ("PIG-IRON", "0.880", "0"),
    ("SCRAP", "0.195", "0"),
    ("RETURN-SCRAP", "0.025", "0"),
    ("FERRO-MN", "0.012", "0"),
    ("LIME", "0.050", "0"),
];
const SHORT: &[(&str, &str, &str)] = &[
    ("SCRAP", "1.075", "2"),
    ("RETURN-SCRAP", "0.025", "0"),
    ("FERRO-MN", "0.010", "0"),
    ("LIME", "0.035", "0"),
    ("ELECTRODE", "0.002", "0"),
    ("BIOCHAR", "0.004", "0"),
];

pub(super) const RECIPES: &[Recipe] = &[
    ("REBAR-16", "1", &[("BILLET-L", "1.040", "0"), ("STRAP", "0.002", "0")]),
    ("REBAR-16", "2", &[("BILLET-S", "1.040", "0"), ("STRAP", "0.002", "0")]),
    ("REBAR-25", "1", &[("BILLET-L", "1.040", "0"), ("STRAP", "0.002", "0")]),
    ("REBAR-25", "2", &[("BILLET-S", "1.040", "0"), ("STRAP", "0.002", "0")]),
    ("STRIP-3", "1", &[("SLAB-L", "1.060", "0"), ("STRAP", "0.001", "0")]),
    ("STRIP-3", "2", &[("SLAB-S", "1.060", "0"), ("STRAP", "0.001", "0")]),
    ("STRIP-6", "1", &[("SLAB-L", "1.060", "0"), ("STRAP", "0.001", "0")]),
    ("STRIP-6", "2", &[("SLAB-S", "1.060", "0"), ("STRAP", "0.001", "0")]),
    ("BILLET-L", "1", LONG),
    ("BILLET-S", "1", SHORT),
    ("SLAB-L", "1", LONG),
    ("SLAB-S", "1", SHORT),
];

/// What comes out beside a tonne of steel, in tonnes, by material: items of its BOM below zero. The
/// caster's crops are molten again.
pub(super) const BESIDE: &[(&str, &str, &str)] = &[
    ("BILLET-L", "SLAG", "-0.110"),
    ("BILLET-L", "RETURN-SCRAP", "-0.025"),
    ("BILLET-S", "SLAG", "-0.130"),
    ("BILLET-S", "RETURN-SCRAP", "-0.025"),
    ("SLAB-L", "SLAG", "-0.110"),
    ("SLAB-L", "RETURN-SCRAP", "-0.025"),
    ("SLAB-S", "SLAG", "-0.130"),
    ("SLAB-S", "RETURN-SCRAP", "-0.025"),
];

/// What an order takes whatever its size, in tonnes: items of the BOM with a fixed quantity. Lime for
/// the first slag of a heat.
pub(super) const FIXED: &[(&str, &str, &str)] = &[
    ("BILLET-L", "LIME", "0.030"),
    ("BILLET-S", "LIME", "0.020"),
    ("SLAB-L", "LIME", "0.030"),
    ("SLAB-S", "LIME", "0.020"),
];

/// An operation: number, work center, set-up minutes, then for one tonne: machine minutes, kWh, GJ.
pub(super) struct Operation {
    pub number: &'static str,
    pub work_center: &'static str,
    pub setup: i64,
    pub machine: i64,
    pub kwh: i64,
    /// Hundredths of a GJ.
    pub gas: i64,
}

const fn operation(number: &'static str, work_center: &'static str, values: [i64; 4]) -> Operation {
    let [setup, machine, kwh, gas] = values;
    Operation { number, work_center, setup, machine, kwh, gas }
}

const CONVERTER: &[Operation] =
    &[operation("0010", "BOF1", [20, 20, 45, 20]), operation("0020", "CAST1", [15, 18, 15, 5])];
const ARC_FURNACE: &[Operation] =
    &[operation("0010", "EAF1", [25, 34, 420, 30]), operation("0020", "CAST1", [15, 18, 15, 5])];

/// Routing group and operations of each material that is made.
pub(super) const ROUTINGS: &[(&str, &str, &[Operation])] = &[
    ("REBAR-16", "50000001", &[operation("0010", "ROLL1", [30, 24, 110, 130])]),
    ("REBAR-25", "50000002", &[operation("0010", "ROLL1", [30, 22, 102, 130])]),
    ("STRIP-3", "50000003", &[operation("0010", "ROLL2", [40, 26, 95, 145])]),
    ("STRIP-6", "50000004", &[operation("0010", "ROLL2", [40, 23, 88, 145])]),
    ("BILLET-L", "50000005", CONVERTER),
    ("BILLET-S", "50000006", ARC_FURNACE),
    ("SLAB-L", "50000007", CONVERTER),
    ("SLAB-S", "50000008", ARC_FURNACE),
];

/// Code, object id, text, cost center.
pub(super) const WORK_CENTERS: &[(&str, &str, &str, &str)] = &[
    ("BOF1", "10000001", "Oxygen converter", "101011"),
    ("EAF1", "10000002", "Electric arc furnace", "101012"),
    ("CAST1", "10000003", "Continuous caster", "101013"),
    ("ROLL1", "10000004", "Bar mill", "101021"),
    ("ROLL2", "10000005", "Strip mill", "101022"),
];

/// Material, supplier, info record, price of one tonne in EUR.
pub(super) const SOURCES: &[(&str, &str, &str, &str)] = &[
    ("PIG-IRON", "100101", "5300000001", "385.00"),
    ("PIG-IRON", "100102", "5300000002", "446.00"),
    ("SCRAP", "100201", "5300000003", "268.00"),
    ("SCRAP", "100202", "5300000004", "251.00"),
    ("FERRO-MN", "100301", "5300000005", "1290.00"),
    ("FERRO-MN", "100302", "5300000006", "1415.00"),
    ("LIME", "100401", "5300000007", "118.00"),
    ("LIME", "100402", "5300000008", "131.00"),
    ("ELECTRODE", "100501", "5300000009", "4200.00"),
    ("BIOCHAR", "100601", "5300000010", "690.00"),
    ("STRAP", "100701", "5300000011", "1150.00"),
];

pub(super) const FOREVER: &str = "9999-12-31";
const SINCE: &str = "2017-01-01";

fn text(value: &str) -> Value {
    Value::String(value.to_owned())
}

/// `00000001` and so on, from the position in a list.
fn number(kind: u32, index: usize) -> Value {
    Value::String(format!("{:08}", kind as usize + index))
}

/// When a row was last changed: each on another day.
fn stamp(index: usize) -> Value {
    text(&format!("2018-01-{:02}T07:00:00Z", 2 + index % 29))
}

/// The day of a change, two days apart from the next.
fn day(index: usize) -> Value {
    text(&format!("2018-02-{:02}", 2 + index * 2 % 26))
}

pub fn products() -> Vec<Values> {
    let row = |(index, (number, _, kind, _, group)): (usize, &(&str, &str, &str, &str, &str))| {
        vec![
            ("Product", text(number)),
            ("ProductType", text(kind)),
            ("BaseUnit", text("TO")),
            ("NetWeight", text("1000.000")),
            ("WeightUnit", text("KG")),
            ("ProductGroup", text(group)),
            ("LastChangeDateTime", stamp(index)),
        ]
    };
    MATERIALS.iter().enumerate().map(row).collect()
}

pub fn descriptions() -> Vec<Values> {
    let row = |(number, name, ..): &(&str, &str, &str, &str, &str)| {
        vec![
            ("Product", text(number)),
            ("Language", text("EN")),
            ("ProductDescription", text(name)),
        ]
    };
    MATERIALS.iter().map(row).collect()
}

pub fn product_plants() -> Vec<Values> {
    let row = |(number, _, _, procurement, _): &(&str, &str, &str, &str, &str)| {
        vec![
            ("Product", text(number)),
            ("Plant", text("1010")),
            ("ProcurementType", text(procurement)),
            ("MRPType", text("PD")),
            ("BaseUnit", text("TO")),
        ]
    };
    MATERIALS.iter().map(row).collect()
}

pub fn boms() -> Vec<Values> {
    let row = |(index, (material, alternative, _)): (usize, &Recipe)| {
        vec![
            ("BillOfMaterial", number(100, index)),
            ("BillOfMaterialCategory", text("M")),
            ("BillOfMaterialVariant", text(&format!("0{alternative}"))),
            ("Material", text(material)),
            ("Plant", text("1010")),
            ("BillOfMaterialVariantUsage", text("1")),
            ("LastChangeDateTime", stamp(index)),
            ("BillOfMaterialStatus", text("1")),
            ("BOMHeaderBaseUnit", text("TO")),
            ("BOMHeaderQuantityInBaseUnit", text("1.000")),
        ]
    };
    RECIPES.iter().enumerate().map(row).collect()
}

pub fn bom_items() -> Vec<Values> {
    let mut rows = Vec::new();
    for (index, (material, alternative, components)) in RECIPES.iter().enumerate() {
        let beside = BESIDE.iter().filter(|(made, ..)| made == material);
        let fixed = FIXED.iter().filter(|(made, ..)| made == material);
        let beside = beside.map(|(_, component, quantity)| (*component, *quantity, "0", false));
        let fixed = fixed.map(|(_, component, quantity)| (*component, *quantity, "0", true));
        let each = components
            .iter()
            .map(|(component, quantity, scrap)| (*component, *quantity, *scrap, false));
        let items = each.chain(beside).chain(fixed);
        for (position, (component, quantity, scrap, fixed)) in items.enumerate() {
            rows.push(vec![
                ("BillOfMaterial", number(100, index)),
                ("BillOfMaterialCategory", text("M")),
                ("BillOfMaterialVariant", text(&format!("0{alternative}"))),
                ("BillOfMaterialItemNodeNumber", number(1, position)),
                ("Material", text(material)),
                ("Plant", text("1010")),
                ("BillOfMaterialComponent", text(component)),
                ("BillOfMaterialItemCategory", text("L")),
                ("LastChangeDateTime", stamp(index)),
                ("BillOfMaterialItemNumber", text(&format!("{:04}", 10 * (position + 1)))),
                ("BillOfMaterialItemUnit", text("TO")),
                ("BillOfMaterialItemQuantity", text(quantity)),
                ("ComponentScrapInPercent", text(scrap)),
                ("FixedQuantity", Value::Bool(fixed)),
                ("ValidityStartDate", text(SINCE)),
                ("ValidityEndDate", text(FOREVER)),
            ]);
        }
    }
    rows
}

pub fn routing_assignments() -> Vec<Values> {
    let row = |(material, group, _): &(&str, &str, &[Operation])| {
        vec![
            ("Product", text(material)),
            ("Plant", text("1010")),
            ("ProductionRoutingGroup", text(group)),
            ("ProductionRouting", text("1")),
            ("ProductionRoutingMatlAssgmt", text("1")),
            ("ProductionRtgMatlAssgmtIntVers", text("1")),
        ]
    };
    ROUTINGS.iter().map(row).collect()
}

pub fn routings() -> Vec<Values> {
    let row = |(index, (material, group, _)): (usize, &(&str, &str, &[Operation]))| {
        vec![
            ("ProductionRoutingGroup", text(group)),
            ("ProductionRouting", text("1")),
            ("ProductionRoutingInternalVers", text("1")),
            ("Plant", text("1010")),
            ("BillOfOperationsDesc", text(material)),
            ("BillOfOperationsUsage", text("1")),
            ("LastChangeDate", day(index)),
            ("BillOfOperationsStatus", text("4")),
        ]
    };
    ROUTINGS.iter().enumerate().map(row).collect()
}

pub fn operations() -> Vec<Values> {
    let mut rows = Vec::new();
    for (index, (_, group, operations)) in ROUTINGS.iter().enumerate() {
        for (position, operation) in operations.iter().enumerate() {
            let center = WORK_CENTERS.iter().find(|center| center.0 == operation.work_center);
            let internal = center.map_or("", |center| center.1);
            let name = center.map_or("", |center| center.2);
            rows.push(vec![
                ("ProductionRoutingGroup", text(group)),
                ("ProductionRouting", text("1")),
                ("ProductionRoutingSequence", text("0")),
                ("ProductionRoutingOpIntID", text(&(position + 1).to_string())),
                ("ProductionRoutingOpIntVersion", text("1")),
                ("Operation", text(operation.number)),
                ("OperationText", text(name)),
                ("Plant", text("1010")),
                ("WorkCenterTypeCode", text("A")),
                ("WorkCenterInternalID", text(internal)),
                ("OperationReferenceQuantity", text("1.000")),
                ("OperationUnit", text("TO")),
                ("LastChangeDate", day(index)),
                ("StandardWorkQuantity1", text(&operation.setup.to_string())),
                ("StandardWorkQuantityUnit1", text("MIN")),
                ("StandardWorkQuantity2", text(&operation.machine.to_string())),
                ("StandardWorkQuantityUnit2", text("MIN")),
                ("StandardWorkQuantity3", text(&operation.kwh.to_string())),
                ("StandardWorkQuantityUnit3", text("KWH")),
                ("StandardWorkQuantity4", text(&hundredths(operation.gas))),
                ("StandardWorkQuantityUnit4", text("GJ")),
            ]);
        }
    }
    rows
}

fn hundredths(value: i64) -> String {
    rust_decimal::Decimal::new(value, 2).to_string()
}

pub fn production_versions() -> Vec<Values> {
    let mut rows = Vec::new();
    for (material, alternative, _) in RECIPES {
        let group = ROUTINGS.iter().find(|routing| routing.0 == *material);
        let route = if *alternative == "1" { "Long route" } else { "Short route" };
        rows.push(vec![
            ("Material", text(material)),
            ("Plant", text("1010")),
            ("ProductionVersion", text(&format!("000{alternative}"))),
            ("ProductionVersionText", text(route)),
            ("BillOfOperationsType", text("N")),
            ("BillOfOperationsGroup", text(group.map_or("", |routing| routing.1))),
            ("BillOfOperationsVariant", text("1")),
            ("BillOfMaterialVariantUsage", text("1")),
            ("BillOfMaterialVariant", text(&format!("0{alternative}"))),
            ("ValidityStartDate", text(SINCE)),
            ("ValidityEndDate", text(FOREVER)),
            ("MaterialBaseUnit", text("TO")),
            ("MaterialMinLotSizeQuantity", text("0.500")),
            ("MaterialMaxLotSizeQuantity", text("60.000")),
        ]);
    }
    rows
}

pub fn work_centers() -> Vec<Values> {
    let row = |(index, (code, internal, name, _)): (usize, &(&str, &str, &str, &str))| {
        vec![
            ("WorkCenterInternalID", text(internal)),
            ("WorkCenterTypeCode", text("A")),
            ("WorkCenter", text(code)),
            ("WorkCenterDesc", text(name)),
            ("Plant", text("1010")),
            ("WorkCenterCategoryCode", text("0001")),
            ("WorkCenterLastChangeDateTime", stamp(index)),
        ]
    };
    WORK_CENTERS.iter().enumerate().map(row).collect()
}

pub fn capacities() -> Vec<Values> {
    let row = |(_, internal, ..): &(&str, &str, &str, &str)| {
        vec![
            ("WorkCenterInternalID", text(internal)),
            ("WorkCenterTypeCode", text("A")),
            ("CapacityCategoryAllocation", text("0001")),
            ("CapacityInternalID", text(internal)),
            ("CapacityCategoryCode", text("001")),
            ("CapacityIsFinite", Value::Bool(true)),
            ("CapacityNumberOfCapacities", Value::from(1)),
            ("CapacityPlanUtilizationPercent", text("090")),
            // One day of three shifts: six o'clock to six o'clock, half an hour's break in each.
            ("CapacityBreakDuration", Value::from(3 * 1800)),
            ("CapacityStartTimeID", Value::from(6 * 3600)),
            ("CapacityEndTimeID", Value::from(6 * 3600)),
            ("FactoryCalendar", text("01")),
        ]
    };
    WORK_CENTERS.iter().map(row).collect()
}

pub fn cost_centers() -> Vec<Values> {
    let row = |(_, internal, _, cost_center): &(&str, &str, &str, &str)| {
        vec![
            ("WorkCenterInternalID", text(internal)),
            ("WorkCenterTypeCode", text("A")),
            ("CostCenterAllocation", text("0001")),
            ("ValidityStartDate", text(SINCE)),
            ("ValidityEndDate", text(FOREVER)),
            ("ControllingArea", text("A000")),
            ("CostCenter", text(cost_center)),
        ]
    };
    WORK_CENTERS.iter().map(row).collect()
}

pub fn info_records() -> Vec<Values> {
    let row = |(material, supplier, record, _): &(&str, &str, &str, &str)| {
        vec![
            ("PurchasingInfoRecord", text(record)),
            ("Supplier", text(supplier)),
            ("Material", text(material)),
            ("BaseUnit", text("TO")),
            ("PurgDocOrderQuantityUnit", text("TO")),
            ("LastChangeDateTime", text("2018-01-02T07:00:00Z")),
        ]
    };
    SOURCES.iter().map(row).collect()
}

pub fn info_record_prices() -> Vec<Values> {
    let row = |(material, supplier, record, price): &(&str, &str, &str, &str)| {
        vec![
            ("PurchasingInfoRecord", text(record)),
            ("PurchasingInfoRecordCategory", text("0")),
            ("PurchasingOrganization", text("1010")),
            ("Plant", text("1010")),
            ("Material", text(material)),
            ("Supplier", text(supplier)),
            ("Currency", text("EUR")),
            ("NetPriceAmount", text(price)),
            ("MaterialPriceUnitQty", text("1")),
            ("PurchaseOrderPriceUnit", text("TO")),
            ("MaterialPlannedDeliveryDurn", text("5")),
        ]
    };
    SOURCES.iter().map(row).collect()
}
