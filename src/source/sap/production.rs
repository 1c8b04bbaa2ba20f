//! Production and process orders, their components and operations, planned independent requirements,
//! shifts.

use std::collections::BTreeMap;

use jiff::civil::Time;

use super::*;
use crate::id::WorkCenterInternalId;
use crate::master::Shift;
use crate::order::{
    OrderBook, OrderCategory, OrderComponent, OrderStatus, PlannedRequirement, ProductionOrder,
};

const ORDER_FIELDS: [&str; 28] = [
    "ManufacturingOrder",
    "Material",
    "ProductionPlant",
    "ProductionVersion",
    "PlannedOrder",
    "ProductionUnit",
    "ProductionUnitISOCode",
    "TotalQuantity",
    "MfgOrderConfirmedYieldQty",
    "MfgOrderPlannedStartDate",
    "MfgOrderPlannedStartTime",
    "MfgOrderPlannedEndDate",
    "MfgOrderPlannedEndTime",
    "MfgOrderScheduledStartDate",
    "MfgOrderScheduledStartTime",
    "MfgOrderScheduledEndDate",
    "MfgOrderScheduledEndTime",
    "OrderIsReleased",
    "OrderIsConfirmed",
    "OrderIsPartiallyConfirmed",
    "OrderIsDelivered",
    "OrderIsTechnicallyCompleted",
    "OrderIsClosed",
    "OrderIsMarkedForDeletion",
    "SalesOrder",
    "SalesOrderItem",
    "ManufacturingOrderType",
    "LastChangeDateTime",
];

pub(super) fn queries(plant: &PlantCode) -> Vec<(Service, Query)> {
    let orders = |set| {
        Query::of(set)
            .select(&ORDER_FIELDS)
            .filter(Filter::eq("ProductionPlant", plant.as_str()))
            .order_by(&["ManufacturingOrder"])
    };
    let components = |set| {
        Query::of(set)
            .select(&[
                "Reservation",
                "ReservationItem",
                "ReservationRecordType",
                "ManufacturingOrder",
                "Material",
                "BaseUnit",
                "RequiredQuantity",
                "WithdrawnQuantity",
                "MaterialComponentIsPhantomItem",
                "MatlCompIsMarkedForDeletion",
                "LastChangeDateTime",
            ])
            .filter(Filter::eq("ProductionPlant", plant.as_str()))
            .order_by(&["Reservation", "ReservationItem", "ReservationRecordType"])
    };
    vec![
        (PRODUCTION_ORDER, orders("A_ProductionOrder_2")),
        (PRODUCTION_ORDER, components("A_ProductionOrderComponent_4")),
        (PRODUCTION_ORDER, order_operations::query("A_ProductionOrderOperation_2", plant, &[])),
        (PROCESS_ORDER, orders("A_ProcessOrder_2")),
        (PROCESS_ORDER, components("A_ProcessOrderComponent_2")),
        (
            PROCESS_ORDER,
            order_operations::query("A_ProcessOrderOperation_2", plant, &order_operations::PHASE),
        ),
        (
            PLANNED_REQUIREMENT,
            Query::of("PlannedIndepRqmt")
                .filter(Filter::eq("Plant", plant.as_str()))
                .order_by(&REQUIREMENT_KEY),
        ),
        (
            PLANNED_REQUIREMENT,
            Query::of("PlannedIndepRqmtItem").filter(Filter::eq("Plant", plant.as_str())).order_by(
                &[
                    "Product",
                    "Plant",
                    "MRPArea",
                    "PlndIndepRqmtType",
                    "PlndIndepRqmtVersion",
                    "RequirementPlan",
                    "RequirementSegment",
                    "PlndIndepRqmtPeriod",
                    "PeriodType",
                ],
            ),
        ),
        (
            WORK_CENTER,
            Query::of("WorkCenterCapacityShift").order_by(&[
                "WorkCenterInternalID",
                "CapacityInternalID",
                "IntervalEndDate",
                "WeekDay",
                "AvailableCapacityShift",
            ]),
        ),
    ]
}

const REQUIREMENT_KEY: [&str; 7] = [
    "Product",
    "Plant",
    "MRPArea",
    "PlndIndepRqmtType",
    "PlndIndepRqmtVersion",
    "RequirementPlan",
    "RequirementSegment",
];

/// Puts orders and requirements into the orders, shifts into the master data.
pub(super) fn facts(
    tables: &Tables,
    master: &mut MasterData,
    orders: &mut OrderBook,
) -> Vec<RowProblem> {
    let mut problems = Vec::new();
    let mut by_order: BTreeMap<String, Vec<OrderComponent>> = BTreeMap::new();
    for set in ["A_ProductionOrderComponent_4", "A_ProcessOrderComponent_2"] {
        for (order, component) in keep(tables.rows(set), &mut problems, component) {
            by_order.entry(order).or_default().push(component);
        }
    }
    let mut operations = order_operations::by_order(tables, &mut problems);
    let of = |set: &str, category, problems: &mut Vec<RowProblem>| {
        keep(tables.rows(set), problems, |row| production_order(row, category))
    };
    let mut made = of("A_ProductionOrder_2", OrderCategory::Production, &mut problems);
    made.extend(of("A_ProcessOrder_2", OrderCategory::Process, &mut problems));
    for order in &mut made {
        order.components = by_order.remove(order.number.as_str()).unwrap_or_default();
        order.operations = operations.remove(order.number.as_str()).unwrap_or_default();
    }
    made.sort_by(|a, b| a.number.cmp(&b.number));
    orders.production_orders = made;
    orders.planned_requirements = requirements(tables, &mut problems);
    for (work_center, shift) in keep(tables.rows("WorkCenterCapacityShift"), &mut problems, shift) {
        // Those of other plants are not ours.
        if master.work_centers.contains_key(&work_center) {
            master.shifts.entry(work_center).or_default().push(shift);
        }
    }
    for shifts in master.shifts.values_mut() {
        shifts.sort_by(|a, b| (a.weekday, &a.number).cmp(&(b.weekday, &b.number)));
    }
    problems
}

fn component(row: &Entity) -> Result<Option<(String, OrderComponent)>, SapError> {
    // A phantom is not taken: what stands below it is listed by itself.
    if row.boolean("MatlCompIsMarkedForDeletion")
        || row.boolean("MaterialComponentIsPhantomItem")
        || row.text("Material").is_empty()
    {
        return Ok(None);
    }
    let order: crate::id::ProductionOrderNumber = id(row, "ManufacturingOrder")?;
    let required = measure(row, "RequiredQuantity", "BaseUnit")?;
    let component = OrderComponent {
        material: id(row, "Material")?,
        required,
        withdrawn: quantity(row, "WithdrawnQuantity")?,
    };
    Ok(Some((order.as_str().to_owned(), component)))
}

fn production_order(
    row: &Entity,
    category: OrderCategory,
) -> Result<Option<ProductionOrder>, SapError> {
    if row.boolean("OrderIsMarkedForDeletion") {
        return Ok(None);
    }
    let status = [
        ("OrderIsClosed", OrderStatus::Closed),
        ("OrderIsTechnicallyCompleted", OrderStatus::TechnicallyCompleted),
        ("OrderIsDelivered", OrderStatus::Delivered),
        ("OrderIsConfirmed", OrderStatus::Confirmed),
        ("OrderIsReleased", OrderStatus::Released),
    ];
    let status = status.iter().find(|(flag, _)| row.boolean(flag));
    let at = |end: &str| {
        let scheduled = format!("MfgOrderScheduled{end}Date");
        let which = if row.date(&scheduled)?.is_some() { "Scheduled" } else { "Planned" };
        row.day_time(&format!("MfgOrder{which}{end}Date"), &format!("MfgOrder{which}{end}Time"))
    };
    // The ISO code means the same in every language; not every unit has one.
    let iso = !row.text("ProductionUnitISOCode").is_empty();
    let unit_property = if iso { "ProductionUnitISOCode" } else { "ProductionUnit" };
    let (start, end) = (at("Start")?, at("End")?);
    if end < start {
        let problem = format!("{end} is before the start {start}");
        return Err(row.wrong("VAL-RANGE", "MfgOrderScheduledEndDate", problem));
    }
    let optional = |property: &str| !row.text(property).is_empty();
    Ok(Some(ProductionOrder {
        number: id(row, "ManufacturingOrder")?,
        category,
        status: status.map_or(OrderStatus::Created, |(_, status)| *status),
        material: id(row, "Material")?,
        plant: id(row, "ProductionPlant")?,
        production_version: if optional("ProductionVersion") {
            Some(id(row, "ProductionVersion")?)
        } else {
            None
        },
        planned_order: if optional("PlannedOrder") { Some(id(row, "PlannedOrder")?) } else { None },
        sales_order: if optional("SalesOrder") {
            Some((id(row, "SalesOrder")?, id(row, "SalesOrderItem")?))
        } else {
            None
        },
        quantity: measure(row, "TotalQuantity", unit_property)?,
        confirmed: quantity(row, "MfgOrderConfirmedYieldQty")?,
        start,
        end,
        components: Vec::new(),
        operations: Vec::new(),
    }))
}

/// What is left of the requirements that are active.
fn requirements(tables: &Tables, problems: &mut Vec<RowProblem>) -> Vec<PlannedRequirement> {
    let key = |row: &Entity| REQUIREMENT_KEY.map(|name| row.text(name).to_owned());
    let active: std::collections::BTreeSet<_> = tables
        .rows("PlannedIndepRqmt")
        .iter()
        .filter(|row| row.boolean("PlndIndepRqmtIsActive"))
        .map(key)
        .collect();
    keep(tables.rows("PlannedIndepRqmtItem"), problems, |row| {
        if !active.contains(&key(row)) {
            return Ok(None);
        }
        let open = quantity(row, "PlannedQuantity")? - quantity(row, "WithdrawalQuantity")?;
        if open <= Decimal::ZERO {
            return Ok(None);
        }
        Ok(Some(PlannedRequirement {
            material: id(row, "Product")?,
            plant: id(row, "Plant")?,
            requirement_type: row.text("PlndIndepRqmtType").to_owned(),
            period_start: day(row, "PlndIndepRqmtPeriodStartDate")?,
            open_quantity: in_unit_of(row, open, "UnitOfMeasure")?,
        }))
    })
}

fn shift(row: &Entity) -> Result<Option<(WorkCenterInternalId, Shift)>, SapError> {
    let weekday = row.text("WeekDay").trim_start_matches('0').parse::<i8>().ok();
    let weekday = weekday.filter(|day| (1..=7).contains(day)).ok_or_else(|| {
        row.wrong("VAL-RANGE", "WeekDay", format!("'{}' is no day of a week", row.text("WeekDay")))
    })?;
    let (start, end) = (row.time("ShiftStartTime")?, row.time("ShiftEndTime")?);
    let utilization = match row.text("CapacityPlanUtilizationPercent") {
        "" | "000" => Decimal::ONE_HUNDRED,
        text => text.parse().map_err(|_| {
            let problem = format!("'{text}' is no number");
            row.wrong("VAL-DECIMAL", "CapacityPlanUtilizationPercent", problem)
        })?,
    };
    let capacities = row.decimal("CapacityNumberOfCapacities")?.max(Decimal::ONE);
    let pause = row.decimal("CapacityBreakDuration")?;
    let seconds = Decimal::from(length_seconds(start, end)) - pause;
    if seconds.is_sign_negative() {
        let problem = format!("{pause} s are longer than the shift");
        return Err(row.wrong("VAL-RANGE", "CapacityBreakDuration", problem));
    }
    let shift = Shift {
        weekday,
        number: row.text("AvailableCapacityShift").to_owned(),
        start,
        end,
        minutes: seconds / Decimal::from(60) * capacities * utilization / Decimal::ONE_HUNDRED,
        valid_from: day(row, "IntervalStartDate")?,
        valid_to: day(row, "IntervalEndDate")?,
    };
    Ok(Some((id(row, "WorkCenterInternalID")?, shift)))
}

/// Seconds from begin to end; an end at or before the begin is on the next day.
fn length_seconds(start: Time, end: Time) -> i64 {
    let of_day = |time: Time| {
        i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second())
    };
    let length = of_day(end) - of_day(start);
    if length <= 0 { length + 86_400 } else { length }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::time;

    #[test]
    fn a_shift_through_midnight_is_as_long_as_it_is() {
        assert_eq!(length_seconds(time(6, 0, 0, 0), time(14, 0, 0, 0)), 8 * 3600);
        assert_eq!(length_seconds(time(22, 0, 0, 0), time(6, 0, 0, 0)), 8 * 3600);
        assert_eq!(length_seconds(time(0, 0, 0, 0), time(0, 0, 0, 0)), 24 * 3600);
    }
}
