//! What a planned order holds in the fields that we set: its fingerprint.

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::id::{
    MaterialNumber, PlantCode, ProductionVersionCode, SalesOrderItem, SalesOrderNumber,
};
use crate::order::PlannedOrder;
use crate::unit::Measure;

use super::document::FieldDifference;
use crate::said;
use crate::said::Said;

/// The fields of a planned order that we set. Equal in every one of them is how an order of ours is
/// recognized after an answer was lost, since API_PLANNED_ORDERS has no field for a reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderValues {
    /// What is to be made.
    pub material: MaterialNumber,
    /// Where.
    pub plant: PlantCode,
    /// By which version, if one is chosen.
    pub production_version: Option<ProductionVersionCode>,
    /// How much.
    pub quantity: Measure,
    /// Planned start in the plant's local time.
    pub start: DateTime,
    /// Planned end in the plant's local time.
    pub end: DateTime,
    /// Whether MRP must leave it alone.
    pub firm: bool,
    /// The sales order item it is made for, if any.
    pub sales_order: Option<(SalesOrderNumber, SalesOrderItem)>,
}

/// One of those fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderField {
    /// Material.
    Material,
    /// Plant.
    Plant,
    /// Production version.
    ProductionVersion,
    /// Quantity.
    Quantity,
    /// Start.
    Start,
    /// End.
    End,
    /// Firming indicator.
    Firm,
    /// Sales order item.
    SalesOrder,
}

impl OrderField {
    /// Every field, in the order in which differences are reported.
    pub const ALL: [Self; 8] = [
        Self::Material,
        Self::Plant,
        Self::ProductionVersion,
        Self::Quantity,
        Self::Start,
        Self::End,
        Self::Firm,
        Self::SalesOrder,
    ];

    /// As people read it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Material => "material",
            Self::Plant => "plant",
            Self::ProductionVersion => "production version",
            Self::Quantity => "quantity",
            Self::Start => "start",
            Self::End => "end",
            Self::Firm => "firm",
            Self::SalesOrder => "sales order",
        }
    }

    /// The name, for sentences in other languages.
    pub fn said(self) -> Said {
        match self {
            Self::Material => said!("field.material", "material"),
            Self::Plant => said!("field.plant", "plant"),
            Self::ProductionVersion => said!("field.version", "production version"),
            Self::Quantity => said!("field.quantity", "quantity"),
            Self::Start => said!("field.start", "start"),
            Self::End => said!("field.end", "end"),
            Self::Firm => said!("field.firm", "firm"),
            Self::SalesOrder => said!("field.sales-order", "sales order"),
        }
    }
}

impl From<&PlannedOrder> for OrderValues {
    fn from(order: &PlannedOrder) -> Self {
        Self {
            material: order.material.clone(),
            plant: order.plant.clone(),
            production_version: order.production_version.clone(),
            quantity: order.quantity,
            start: order.start,
            end: order.end,
            firm: order.firm,
            sales_order: order.sales_order.clone(),
        }
    }
}

impl OrderValues {
    /// One field as people read it.
    pub fn text(&self, field: OrderField) -> String {
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
        match field {
            OrderField::Material => self.material.to_string(),
            OrderField::Plant => self.plant.to_string(),
            OrderField::ProductionVersion => {
                or_none(self.production_version.as_ref().map(ToString::to_string))
            }
            OrderField::Quantity => self.quantity.to_string(),
            OrderField::Start => self.start.to_string(),
            OrderField::End => self.end.to_string(),
            OrderField::Firm => self.firm.to_string(),
            OrderField::SalesOrder => {
                or_none(self.sales_order.as_ref().map(|(order, item)| format!("{order}/{item}")))
            }
        }
    }

    /// The fields in which `other` differs.
    pub fn differing(&self, other: &Self) -> Vec<OrderField> {
        OrderField::ALL
            .into_iter()
            .filter(|field| self.text(*field) != other.text(*field))
            .collect()
    }

    /// The fields in which `there` differs, with our value and the one in SAP, and with the one
    /// before us if there was one.
    pub fn differences(&self, there: &PlannedOrder, before: Option<&Self>) -> Vec<FieldDifference> {
        let now = Self::from(there);
        let differing = self.differing(&now).into_iter();
        differing
            .map(|field| FieldDifference {
                field: field.name().to_owned(),
                before: before.map(|before| before.text(field)),
                ours: self.text(field),
                now: now.text(field),
            })
            .collect()
    }
}
