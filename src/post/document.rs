//! The documents that can be posted, in our words, and what must hold before one is sent.

use jiff::civil::{Date, DateTime};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::id::{
    CompanyCode, CostCenter, GlAccount, MaterialNumber, PlantCode, ProductionVersionCode,
    SalesOrderItem, SalesOrderNumber,
};
use crate::order::PlannedOrder;
use crate::period::PostingPeriod;
use crate::unit::Measure;
use crate::value_state::ValueState;

use super::fi_rules;
use super::key_figure::KeyFigurePosting;
use super::order_values::{OrderField, OrderValues};
use super::reference_key::ReferenceKey;
use crate::said;
use crate::said::{List, Minute, Said};

/// A planned order to be created. It is always firm, or the next MRP run would delete it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPlannedOrder {
    /// What is to be made.
    pub material: MaterialNumber,
    /// Where.
    pub plant: PlantCode,
    /// By which version: bill of material and routing.
    pub production_version: ProductionVersionCode,
    /// How much, above zero.
    pub quantity: Measure,
    /// Planned start in the plant's local time.
    pub start: DateTime,
    /// Planned end in the plant's local time, after the start.
    pub end: DateTime,
    /// The sales order item it is made for, if any.
    pub sales_order: Option<(SalesOrderNumber, SalesOrderItem)>,
    /// What our plan calls it. Shown to people; SAP has no field for it.
    pub reference: String,
}

impl NewPlannedOrder {
    /// What it holds in the fields that we set.
    pub fn values(&self) -> OrderValues {
        OrderValues {
            material: self.material.clone(),
            plant: self.plant.clone(),
            production_version: Some(self.production_version.clone()),
            quantity: self.quantity,
            start: self.start,
            end: self.end,
            firm: true,
            sales_order: self.sales_order.clone(),
        }
    }

    /// The fields in which `there` differs, with our value and the one in SAP.
    pub fn differences(&self, there: &PlannedOrder) -> Vec<FieldDifference> {
        self.values().differences(there, None)
    }
}

/// A planned order that is there and is to be changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedOrderChange {
    /// The order that the plan was computed from, with its version: another one is not changed.
    pub before: PlannedOrder,
    /// What it is to hold.
    pub wanted: OrderValues,
}

impl PlannedOrderChange {
    /// The fields that change.
    pub fn fields(&self) -> Vec<OrderField> {
        self.wanted.differing(&OrderValues::from(&self.before))
    }

    /// The fields in which `there` differs from what we set, with the value before us.
    pub fn differences(&self, there: &PlannedOrder) -> Vec<FieldDifference> {
        self.wanted.differences(there, Some(&OrderValues::from(&self.before)))
    }
}

/// A planned order that is there and is to be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedOrderDeletion {
    /// The order that the plan was computed from, with its version: another one is not deleted.
    pub before: PlannedOrder,
}

/// A field that is not as we left it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldDifference {
    /// Which field.
    pub field: String,
    /// What was there before us, if anything was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What we posted.
    pub ours: String,
    /// What is there now.
    pub now: String,
}

impl std::fmt::Display for FieldDifference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: ", self.field)?;
        if let Some(before) = &self.before {
            write!(f, "{before} before, ")?;
        }
        write!(f, "we posted {}, SAP has {}", self.ours, self.now)
    }
}

/// One line of an accounting document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiLine {
    /// Account.
    pub gl_account: GlAccount,
    /// Cost center, on lines that cost accounting takes over.
    pub cost_center: Option<CostCenter>,
    /// Amount in the document's currency: debit above zero, credit below. At most two decimals.
    pub amount: Decimal,
    /// Emissions behind the amount in kg CO2e, at most three decimals.
    pub quantity_kg: Option<Decimal>,
    /// Item text, at most 50 characters.
    pub text: String,
    /// Scope 1, 2 or 3 of the emissions, if the line is about emissions of one scope.
    pub scope: Option<u8>,
    /// How the emissions are known.
    pub value_state: ValueState,
    /// Key of the evidence behind the line, at most 64 characters.
    pub evidence: String,
}

/// An accounting document with carbon in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiPosting {
    /// Company code.
    pub company_code: CompanyCode,
    /// Document type, BLART: two characters.
    pub document_type: String,
    /// Date of the document.
    pub document_date: Date,
    /// Date under which it is booked.
    pub posting_date: Date,
    /// Period whose emissions it books.
    pub period: PostingPeriod,
    /// Currency of all amounts, ISO 4217.
    pub currency: String,
    /// Emissions it is about, as `scope-1-2`. Part of its identity.
    pub boundary: String,
    /// What kind of posting it is, as `valued`. Part of its identity.
    pub kind: String,
    /// 1 at first; one more each time that it is posted again after a reversal.
    pub revision: u32,
    /// Reason under which it is reversed if it is taken back, STGRD.
    pub reversal_reason: String,
    /// Lines. Their amounts sum to zero.
    pub lines: Vec<FiLine>,
}

/// A document to be posted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "document", rename_all = "snake_case")]
pub enum NewDocument {
    /// Into production planning.
    PlannedOrder(NewPlannedOrder),
    /// An order of production planning, changed.
    PlannedOrderChange(PlannedOrderChange),
    /// An order of production planning, deleted.
    PlannedOrderDeletion(PlannedOrderDeletion),
    /// Into accounting.
    FiDocument(FiPosting),
    /// Into cost accounting, without an amount.
    KeyFigures(KeyFigurePosting),
}

impl NewDocument {
    /// The key of the document. A planned order's meaning is its place in one plan, an accounting
    /// document's is what it books.
    pub fn key(&self, domain: &str, plan_hash: &str, item: usize) -> ReferenceKey {
        match self {
            Self::PlannedOrder(_) => {
                ReferenceKey::new(domain, "planned-order", &[plan_hash, &item.to_string()], 1)
            }
            Self::PlannedOrderChange(_) => ReferenceKey::new(
                domain,
                "planned-order-change",
                &[plan_hash, &item.to_string()],
                1,
            ),
            Self::PlannedOrderDeletion(_) => ReferenceKey::new(
                domain,
                "planned-order-deletion",
                &[plan_hash, &item.to_string()],
                1,
            ),
            Self::FiDocument(posting) => {
                let identity = [
                    posting.company_code.as_str(),
                    &posting.period.to_string(),
                    &posting.boundary,
                    &posting.kind,
                ];
                ReferenceKey::new(domain, "fi-document", &identity, posting.revision)
            }
            Self::KeyFigures(posting) => {
                let identity = [
                    posting.company_code.as_str(),
                    &posting.period.to_string(),
                    &posting.boundary,
                    &posting.kind,
                ];
                ReferenceKey::new(domain, "key-figures", &identity, posting.revision)
            }
        }
    }

    /// What it is, on one line.
    pub fn title(&self) -> String {
        self.said().into()
    }

    /// The same with what it is made of.
    pub fn said(&self) -> Said {
        match self {
            Self::PlannedOrder(order) => said!(
                "document.order",
                "planned order: {quantity} of {material} in {plant}, version {version}, {start} to {end}",
                quantity = order.quantity,
                material = order.material,
                plant = order.plant,
                version = order.production_version,
                start = Minute(order.start),
                end = Minute(order.end)
            ),
            Self::PlannedOrderChange(change) => {
                let before = OrderValues::from(&change.before);
                let change_of = |field: OrderField| {
                    said!(
                        "document.field",
                        "{field} {old} -> {new}",
                        old = before.text(field),
                        new = change.wanted.text(field),
                        field = field.said()
                    )
                };
                said!(
                    "document.order.changed",
                    "planned order {number} changed: {fields}",
                    number = change.before.number.padded(),
                    fields = List(change.fields().into_iter().map(change_of).collect())
                )
            }
            Self::PlannedOrderDeletion(deletion) => {
                let order = &deletion.before;
                said!(
                    "document.order.deleted",
                    "planned order {number} deleted: {quantity} of {material} in {plant}, {start} to {end}",
                    number = order.number.padded(),
                    quantity = order.quantity,
                    material = order.material,
                    plant = order.plant,
                    start = Minute(order.start),
                    end = Minute(order.end)
                )
            }
            Self::FiDocument(posting) => said!(
                "document.fi",
                "FI document: company code {company_code}, period {period}, {lines} lines, {debit} \
                 {currency} debit, type {kind}",
                company_code = posting.company_code,
                period = posting.period,
                lines = posting.lines.len(),
                debit = posting.debit(),
                currency = posting.currency,
                kind = posting.document_type
            ),
            Self::KeyFigures(posting) => said!(
                "document.key-figures",
                "key figures: controlling area {area}, period {period}, {lines} lines, {kg} kg CO2e",
                area = posting.controlling_area,
                period = posting.period,
                lines = posting.lines.len(),
                kg = posting.kilograms()
            ),
        }
    }

    /// What is wrong with it as the document `number` of its change set, from 1: a sentence about the
    /// first thing, if anything is.
    pub(super) fn problem(&self, number: usize) -> Option<String> {
        match self {
            Self::PlannedOrder(order) => order.problem(),
            Self::PlannedOrderChange(change) => change.problem(),
            Self::PlannedOrderDeletion(deletion) => no_version(&deletion.before),
            Self::FiDocument(posting) => fi_rules::problem(posting, number),
            Self::KeyFigures(posting) => posting.problem(number),
        }
    }
}

impl NewPlannedOrder {
    fn problem(&self) -> Option<String> {
        self.values().problem()
    }
}

impl OrderValues {
    fn problem(&self) -> Option<String> {
        if self.quantity.amount <= Decimal::ZERO {
            return Some(format!("the quantity is {}, it must be above zero", self.quantity));
        }
        if self.quantity.amount.normalize().scale() > 3 {
            return Some(format!("{} has more than SAP's three decimals", self.quantity));
        }
        (self.end <= self.start)
            .then(|| format!("it ends at {}, not after its start at {}", self.end, self.start))
    }
}

impl PlannedOrderChange {
    fn problem(&self) -> Option<String> {
        let fields = self.fields();
        if fields.is_empty() {
            return Some("it changes nothing".to_owned());
        }
        let fixed = [OrderField::Material, OrderField::Plant, OrderField::SalesOrder];
        if let Some(field) = fields.into_iter().find(|field| fixed.contains(field)) {
            return Some(format!("the {} of an order cannot be changed", field.name()));
        }
        if self.before.quantity.unit != self.wanted.quantity.unit {
            return Some("the unit of an order cannot be changed".to_owned());
        }
        no_version(&self.before).or_else(|| self.wanted.problem())
    }
}

/// Without a version nobody could be kept from being overwritten.
fn no_version(order: &PlannedOrder) -> Option<String> {
    order.etag.is_none().then(|| "SAP gave no version (ETag) of the order".to_owned())
}

impl FiPosting {
    /// Sum of the debit lines.
    pub fn debit(&self) -> Decimal {
        self.lines.iter().map(|line| line.amount).filter(|amount| amount.is_sign_positive()).sum()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::unit::Uom;

    pub fn order(number: i64) -> NewPlannedOrder {
        NewPlannedOrder {
            material: MaterialNumber::new("REBAR-16").unwrap(),
            plant: PlantCode::new("1010").unwrap(),
            production_version: ProductionVersionCode::new("0002").unwrap(),
            quantity: Measure::new(Decimal::new(4000 + number, 3), Uom::Tonne),
            start: "2018-10-02T06:00:00".parse().unwrap(),
            end: "2018-10-02T14:00:00".parse().unwrap(),
            sales_order: None,
            reference: format!("P{number}"),
        }
    }

    pub fn posting() -> FiPosting {
        let line = |account: &str, amount: i64, kg| FiLine {
            gl_account: GlAccount::new(account).unwrap(),
            cost_center: None,
            amount: Decimal::new(amount, 2),
            quantity_kg: kg,
            text: "Carbon 2018-09".to_owned(),
            scope: Some(2),
            value_state: ValueState::Measured,
            evidence: "E-1".to_owned(),
        };
        FiPosting {
            company_code: CompanyCode::new("1010").unwrap(),
            document_type: "SA".to_owned(),
            document_date: Date::constant(2018, 9, 30),
            posting_date: Date::constant(2018, 9, 30),
            period: PostingPeriod { year: 2018, month: 9 },
            currency: "EUR".to_owned(),
            boundary: "scope-1-2".to_owned(),
            kind: "valued".to_owned(),
            revision: 1,
            reversal_reason: "01".to_owned(),
            lines: vec![
                line("476500", 8500, Some(Decimal::new(1_000_000, 3))),
                line("399900", -8500, None),
            ],
        }
    }

    #[test]
    fn a_document_that_does_not_balance_is_refused_here() {
        let mut posting = posting();
        posting.lines[0].amount = Decimal::new(8501, 2);

        let problem = NewDocument::FiDocument(posting).problem(1);

        assert_eq!(problem.unwrap(), "FI-BALANCE: document 1 differs by 0.01 EUR");
    }

    #[test]
    fn a_missing_value_is_never_posted() {
        let mut posting = posting();
        posting.lines[0].value_state = ValueState::Missing;

        assert!(NewDocument::FiDocument(posting).problem(1).unwrap().contains("line 1"));
    }

    #[test]
    fn an_order_that_ends_before_it_starts_is_refused() {
        let mut order = order(1);
        order.end = order.start;

        assert!(NewDocument::PlannedOrder(order).problem(1).is_some());
        assert_eq!(NewDocument::FiDocument(posting()).problem(1), None);
    }
}
