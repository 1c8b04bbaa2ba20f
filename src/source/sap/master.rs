//! Master data: materials, bills of material, routings, versions, work centers, info records.

use std::collections::BTreeMap;

use super::*;
use crate::id::MaterialNumber;
use crate::master::{
    AlternativeItem, BillOfMaterial, BomItem, Material, Operation, Procurement, ProductionVersion,
    Routing, WorkCenter,
};

const OPERATION_FIELDS: [&str; 23] = [
    "ProductionRoutingGroup",
    "ProductionRouting",
    "ProductionRoutingSequence",
    "Plant",
    "Operation",
    "OperationText",
    "WorkCenterInternalID",
    "OperationReferenceQuantity",
    "OperationUnit",
    "OperationScrapPercent",
    "StandardWorkQuantity1",
    "StandardWorkQuantityUnit1",
    "StandardWorkQuantity2",
    "StandardWorkQuantityUnit2",
    "StandardWorkQuantity3",
    "StandardWorkQuantityUnit3",
    "StandardWorkQuantity4",
    "StandardWorkQuantityUnit4",
    "StandardWorkQuantity5",
    "StandardWorkQuantityUnit5",
    "StandardWorkQuantity6",
    "StandardWorkQuantityUnit6",
    "LastChangeDate",
];

const VERSION_FIELDS: [&str; 12] = [
    "Material",
    "Plant",
    "ProductionVersion",
    "ProductionVersionText",
    "ProductionVersionLock",
    "BillOfMaterialVariant",
    "BillOfOperationsGroup",
    "BillOfOperationsVariant",
    "ValidityStartDate",
    "ValidityEndDate",
    "MaterialMinLotSizeQuantity",
    "MaterialMaxLotSizeQuantity",
];

/// Seconds of a day, for capacities that run through midnight.
const DAY_SECONDS: Decimal = Decimal::from_parts(86_400, 0, 0, false, 0);

/// What is read. Wide entities are slow in SAP, so their fields are named; where rows of a navigation
/// come along, V2 has no portable way to name the fields of both.
pub(super) fn queries(reading: &Reading) -> Vec<(Service, Query)> {
    let plant = &reading.plant;
    let of_plant = |set| Query::of(set).filter(Filter::eq("Plant", plant.as_str()));
    vec![
        (
            PRODUCT,
            Query::of("A_Product")
                .select(&[
                    "Product",
                    "BaseUnit",
                    "NetWeight",
                    "WeightUnit",
                    "ProductGroup",
                    "LastChangeDateTime",
                ])
                .order_by(&["Product"]),
        ),
        (
            PRODUCT,
            Query::of("A_ProductDescription")
                .select(&["Product", "Language", "ProductDescription"])
                .filter(Filter::eq("Language", reading.client.system().language.as_str()))
                .order_by(&["Product", "Language"]),
        ),
        (
            PRODUCT,
            of_plant("A_ProductPlant")
                .select(&["Product", "Plant", "ProcurementType"])
                .order_by(&["Product", "Plant"]),
        ),
        (
            BILL_OF_MATERIAL,
            Query::of("MaterialBOM")
                .filter(
                    Filter::eq("Plant", plant.as_str())
                        .and(Filter::eq("BillOfMaterialVariantUsage", "1")),
                )
                .order_by(&["Material", "BillOfMaterial", "BillOfMaterialVariant"]),
        ),
        // Not behind their header: a change of an item does not show there.
        (
            BILL_OF_MATERIAL,
            of_plant("MaterialBOMItem").order_by(&[
                "Material",
                "BillOfMaterial",
                "BillOfMaterialVariant",
                "BillOfMaterialItemNodeNumber",
            ]),
        ),
        (
            ROUTING,
            of_plant("ProductionRoutingHeader")
                .select(&[
                    "ProductionRoutingGroup",
                    "ProductionRouting",
                    "Plant",
                    "IsMarkedForDeletion",
                    "LastChangeDate",
                ])
                .order_by(&["ProductionRoutingGroup", "ProductionRouting"]),
        ),
        (
            ROUTING,
            of_plant("ProductionRoutingOperation").select(&OPERATION_FIELDS).order_by(&[
                "ProductionRoutingGroup",
                "ProductionRouting",
                "ProductionRoutingSequence",
                "Operation",
            ]),
        ),
        (
            WORK_CENTER,
            of_plant("WorkCenterHeader")
                .expand(&["_Capacity", "_CostCenter"])
                .order_by(&["WorkCenterInternalID"]),
        ),
        (
            PRODUCTION_VERSION,
            of_plant("ProductionVersion")
                .select(&VERSION_FIELDS)
                .order_by(&["Material", "ProductionVersion"]),
        ),
    ]
}

pub(super) fn facts(tables: &Tables, reading: &Reading) -> (MasterData, Vec<RowProblem>) {
    let mut problems = Vec::new();
    let materials = materials(tables, &mut problems);
    let mut bom_items: BTreeMap<BomKey<'_>, Vec<&Entity>> = BTreeMap::new();
    for row in tables.rows("MaterialBOMItem") {
        bom_items.entry(bom_key(row)).or_default().push(row);
    }
    let boms = keep(tables.rows("MaterialBOM"), &mut problems, |row| {
        bom(row, &bom_items, reading.key_date)
    });
    let bills_of_material = one_each(boms, &mut problems);
    let routings = routings(tables, reading, &mut problems);
    let versions = keep(tables.rows("ProductionVersion"), &mut problems, production_version);
    let mut production_versions: BTreeMap<_, Vec<ProductionVersion>> = BTreeMap::new();
    for version in versions {
        production_versions.entry(version.material.clone()).or_default().push(version);
    }
    for versions in production_versions.values_mut() {
        versions.sort_by(|a, b| a.code.cmp(&b.code));
    }
    let centers = keep(tables.rows("WorkCenterHeader"), &mut problems, |row| {
        work_center(row, reading.key_date)
    });
    let sources_of_supply = prices::sources(tables, reading, &mut problems);
    let master = MasterData {
        materials,
        bills_of_material,
        routings,
        production_versions,
        work_centers: centers.into_iter().map(|c| (c.internal_id.clone(), c)).collect(),
        sources_of_supply,
        ..MasterData::default()
    };
    (master, problems)
}

/// Routings with their operations. One of which an operation cannot be read is left out whole: with
/// the rest of its operations it would look like a way to make the material with less energy.
fn routings(
    tables: &Tables,
    reading: &Reading,
    problems: &mut Vec<RowProblem>,
) -> BTreeMap<RoutingKey, Routing> {
    let headers = keep(tables.rows("ProductionRoutingHeader"), problems, routing);
    let mut routings: BTreeMap<RoutingKey, Routing> = headers
        .into_iter()
        .map(|routing| ((routing.group.clone(), routing.variant.clone()), routing))
        .collect();
    for row in tables.rows("ProductionRoutingOperation") {
        let of = routing_key(row);
        let read = of.and_then(|key| Ok((key, operation(row, &reading.standard_values)?)));
        match read {
            Ok((key, operation)) => {
                if let Some(routing) = routings.get_mut(&key) {
                    routing.operations.push(operation);
                }
            }
            Err(problem) => {
                problems.push(RowProblem(problem.to_string()));
                let left_out = routing_key(row).ok().and_then(|key| routings.remove(&key));
                if let Some(Routing { group, variant, .. }) = left_out {
                    let text = format!("routing {group}/{variant} is left out for that reason");
                    problems.push(RowProblem(text));
                }
            }
        }
    }
    for routing in routings.values_mut() {
        routing.operations.sort_by(|a, b| a.number.cmp(&b.number));
    }
    routings
}

fn number(row: &Entity) -> Option<MaterialNumber> {
    row.text("Product").parse().ok()
}

fn materials(
    tables: &Tables,
    problems: &mut Vec<RowProblem>,
) -> BTreeMap<MaterialNumber, Material> {
    // By number and not by text: one set may write leading zeros that the other leaves out.
    let by_number = |set: &str, property: &'static str| {
        let rows = tables.rows(set).iter();
        let pairs = rows.filter_map(|row| Some((number(row)?, row.text(property))));
        pairs.collect::<BTreeMap<MaterialNumber, &str>>()
    };
    let names = by_number("A_ProductDescription", "ProductDescription");
    let procurement = by_number("A_ProductPlant", "ProcurementType");
    let made = |row: &Entity| {
        // A material without plant data is none of this plant.
        let product: MaterialNumber = id(row, "Product")?;
        let Some(kind) = procurement.get(&product) else { return Ok(None) };
        let kilograms = match row.text("WeightUnit") {
            "" => None,
            _ => {
                let weight = in_unit_of(row, row.decimal("NetWeight")?, "WeightUnit")?;
                let kilograms = weight.in_unit(Uom::Kg);
                Some(kilograms.map_err(|e| row.wrong("UNIT-DIM", "WeightUnit", e.to_string()))?)
            }
        };
        Ok(Some(Material {
            description: names.get(&product).copied().unwrap_or("").to_owned(),
            number: product,
            base_unit: unit(row, "BaseUnit")?,
            net_weight_kg: kilograms.filter(|kg| !kg.is_zero()),
            net_weight_state: known_by(row, "NetWeight"),
            group: row.text("ProductGroup").to_owned(),
            procurement: match *kind {
                "E" => Procurement::InHouse,
                "F" => Procurement::External,
                _ => Procurement::Both,
            },
        }))
    };
    let materials = keep(tables.rows("A_Product"), problems, made);
    materials.into_iter().map(|material| (material.number.clone(), material)).collect()
}

/// `01` and `1` are one alternative.
fn short(text: &str) -> String {
    let trimmed = text.trim_start_matches('0');
    if trimmed.is_empty() { text.to_owned() } else { trimmed.to_owned() }
}

/// One BOM item.
///
/// # Errors
///
/// [`SapError`] that names the row and the property.
pub fn bom_item(row: &Entity) -> Result<BomItem, SapError> {
    let alternative = match row.text("AlternativeItemGroup") {
        "" => None,
        group => Some(AlternativeItem {
            group: group.to_owned(),
            usage_probability_percent: percent(row, "UsageProbabilityPercent")?,
        }),
    };
    Ok(BomItem {
        number: row.text("BillOfMaterialItemNumber").to_owned(),
        component: id(row, "BillOfMaterialComponent")?,
        quantity: in_unit_of(
            row,
            row.decimal("BillOfMaterialItemQuantity")?,
            "BillOfMaterialItemUnit",
        )?,
        state: known_by(row, "BillOfMaterialItemQuantity"),
        component_scrap_percent: row.decimal("ComponentScrapInPercent")?,
        operation_scrap_percent: row.decimal("OperationScrapInPercent")?,
        net_scrap: row.boolean("IsNetScrap"),
        fixed: row.boolean("FixedQuantity"),
        bulk: row.boolean("IsBulkMaterial"),
        co_product: row.boolean("MaterialIsCoProduct"),
        phantom: row.text("SpecialProcurementType") == PHANTOM,
        alternative,
    })
}

/// Special procurement by which the components of an assembly take its place.
const PHANTOM: &str = "50";

/// A percentage from 0 to 100.
fn percent(row: &Entity, property: &str) -> Result<Decimal, SapError> {
    let amount = quantity(row, property)?;
    if amount > Decimal::ONE_HUNDRED {
        return Err(row.wrong("VAL-RANGE", property, format!("{amount} % is more than all")));
    }
    Ok(amount)
}

/// What header and items of a BOM have in common.
type BomKey<'t> = [&'t str; 5];

fn bom_key(row: &Entity) -> BomKey<'_> {
    let of = [
        "BillOfMaterial",
        "BillOfMaterialCategory",
        "BillOfMaterialVariant",
        "BillOfMaterialVersion",
        "Material",
    ];
    of.map(|property| row.text(property))
}

/// A BOM with the items that are valid on the key date.
fn bom(
    row: &Entity,
    items: &BTreeMap<BomKey<'_>, Vec<&Entity>>,
    key_date: Date,
) -> Result<Option<BillOfMaterial>, SapError> {
    if row.boolean("IsMarkedForDeletion") {
        return Ok(None);
    }
    let mut valid = Vec::new();
    for item in items.get(&bom_key(row)).map_or(&[][..], Vec::as_slice) {
        if valid_on(item, key_date)? {
            valid.push(bom_item(item)?);
        }
    }
    valid.sort_by(|a, b| a.number.cmp(&b.number));
    Ok(Some(BillOfMaterial {
        material: id(row, "Material")?,
        plant: id(row, "Plant")?,
        alternative: short(row.text("BillOfMaterialVariant")),
        base_quantity: positive(row, "BOMHeaderQuantityInBaseUnit")?,
        base_unit: unit(row, "BOMHeaderBaseUnit")?,
        items: valid,
    }))
}

/// BOMs by material and alternative. Of two with the same, neither can be believed.
fn one_each(
    boms: Vec<BillOfMaterial>,
    problems: &mut Vec<RowProblem>,
) -> BTreeMap<(MaterialNumber, String), BillOfMaterial> {
    let mut by_key: BTreeMap<_, Vec<BillOfMaterial>> = BTreeMap::new();
    for bom in boms {
        by_key.entry((bom.material.clone(), bom.alternative.clone())).or_default().push(bom);
    }
    let mut one_each = BTreeMap::new();
    for ((material, alternative), mut same) in by_key {
        match same.pop() {
            Some(bom) if same.is_empty() => {
                one_each.insert((material, alternative), bom);
            }
            _ => problems.push(RowProblem(format!(
                "ODATA-DUP: MaterialBOM {material}: alternative {alternative} is there {} times; \
                 look at them in CS03. None is used",
                same.len() + 1
            ))),
        }
    }
    one_each
}

fn routing(row: &Entity) -> Result<Option<Routing>, SapError> {
    if row.boolean("IsMarkedForDeletion") {
        return Ok(None);
    }
    Ok(Some(Routing {
        group: id(row, "ProductionRoutingGroup")?,
        variant: short(row.text("ProductionRouting")),
        plant: id(row, "Plant")?,
        operations: Vec::new(),
    }))
}

type RoutingKey = (crate::id::RoutingGroup, String);

fn routing_key(row: &Entity) -> Result<RoutingKey, SapError> {
    Ok((id(row, "ProductionRoutingGroup")?, short(row.text("ProductionRouting"))))
}

fn operation(row: &Entity, meanings: &[Option<StandardValue>; 6]) -> Result<Operation, SapError> {
    let (mut standard_values, mut stood_in) = (Vec::new(), Vec::new());
    for (index, meaning) in meanings.iter().enumerate() {
        let Some(meaning) = meaning else { continue };
        let unit_property = format!("StandardWorkQuantityUnit{}", index + 1);
        if row.text(&unit_property).is_empty() {
            continue;
        }
        let amount = format!("StandardWorkQuantity{}", index + 1);
        standard_values.push((*meaning, measure(row, &amount, &unit_property)?));
        if row.stood_in(&amount) {
            stood_in.push(*meaning);
        }
    }
    Ok(Operation {
        number: row.text("Operation").to_owned(),
        text: row.text("OperationText").to_owned(),
        work_center: id(row, "WorkCenterInternalID")?,
        base_quantity: positive(row, "OperationReferenceQuantity")?,
        unit: unit(row, "OperationUnit")?,
        standard_values,
        stood_in,
        scrap_percent: row.decimal("OperationScrapPercent")?,
    })
}

fn production_version(row: &Entity) -> Result<Option<ProductionVersion>, SapError> {
    // A lock of 1 is for every use; 2 and 3 leave planning by hand or repetitive manufacturing.
    if row.text("ProductionVersionLock") == "1" {
        return Ok(None);
    }
    Ok(Some(ProductionVersion {
        material: id(row, "Material")?,
        plant: id(row, "Plant")?,
        code: id(row, "ProductionVersion")?,
        text: row.text("ProductionVersionText").to_owned(),
        bom_alternative: short(row.text("BillOfMaterialVariant")),
        routing_group: id(row, "BillOfOperationsGroup")?,
        routing_variant: short(row.text("BillOfOperationsVariant")),
        valid_from: day(row, "ValidityStartDate")?,
        valid_to: day(row, "ValidityEndDate")?,
        lot_size_min: row.decimal("MaterialMinLotSizeQuantity")?,
        lot_size_max: row.decimal("MaterialMaxLotSizeQuantity")?,
    }))
}

/// A work center; its minutes a shift are the operating time of a day less breaks, times individual
/// capacities and utilization, over three shifts.
fn work_center(row: &Entity, key_date: Date) -> Result<Option<WorkCenter>, SapError> {
    if row.boolean("WorkCenterIsToBeDeleted") {
        return Ok(None);
    }
    let capacities = row.expanded("_Capacity");
    let capacity = capacities
        .iter()
        .find(|capacity| capacity.text("CapacityCategoryCode") == "001")
        .or_else(|| capacities.first())
        .ok_or_else(|| {
            row.wrong("VAL-CAPACITY", "_Capacity", "has no capacity; CR02".to_owned())
        })?;
    let seconds = |property: &str| capacity.decimal(property);
    let (start, end) = (seconds("CapacityStartTimeID")?, seconds("CapacityEndTimeID")?);
    let day = if end > start { end - start } else { end - start + DAY_SECONDS };
    let utilization: Decimal =
        capacity.text("CapacityPlanUtilizationPercent").parse().map_err(|_| {
            capacity.wrong(
                "VAL-DECIMAL",
                "CapacityPlanUtilizationPercent",
                "is no number".to_owned(),
            )
        })?;
    let count = seconds("CapacityNumberOfCapacities")?;
    let minutes = (day - seconds("CapacityBreakDuration")?) / Decimal::from(60);
    let cost_centers = row.expanded("_CostCenter");
    let mut cost_center = None;
    for assigned in &cost_centers {
        if valid_on(assigned, key_date)? {
            cost_center = cost_center.or(Some(assigned));
        }
    }
    let cost_center = cost_center.ok_or_else(|| {
        let problem = format!("has no cost center on {key_date}; see CR02");
        row.wrong("VAL-COSTCENTER", "_CostCenter", problem)
    })?;
    Ok(Some(WorkCenter {
        internal_id: id(row, "WorkCenterInternalID")?,
        code: id(row, "WorkCenter")?,
        plant: id(row, "Plant")?,
        text: row.text("WorkCenterDesc").to_owned(),
        cost_center: id(cost_center, "CostCenter")?,
        minutes_per_shift: minutes * count * utilization / Decimal::ONE_HUNDRED / Decimal::from(3),
        factory_calendar: Some(capacity.text("FactoryCalendar"))
            .filter(|name| !name.is_empty())
            .map(str::to_owned),
    }))
}
