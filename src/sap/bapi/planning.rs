//! What planners see in SAP of a plan, and what they ask for there: transaction ZCARBIDE_PLAN of the
//! companion package. SAP itself posts nothing for it.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::super::error::SapError;
use super::super::rfc::{Call, Reply, Row};
use super::field::{fields, material};
use super::{Place, accepted};
use crate::id::{MaterialNumber, PlannedOrderNumber, PlantCode};
use crate::unit::Uom;

/// Rows that planners see; all of a call are kept, or none.
pub const PUBLISH: &str = "Z_CARBIDE_PLAN_PUBLISH";
/// Closes requests of planners and returns those that are open.
pub const REQUESTS: &str = "Z_CARBIDE_PLAN_REQUESTS";

/// Characters of a reason or an answer.
pub const TEXT_MAX: usize = 255;

/// How a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PlanState {
    /// It can be released.
    Proposed,
    /// It is in SAP, and can be taken back.
    Posted,
    /// Its window has closed.
    Confirmed,
    /// It was taken back.
    TakenBack,
    /// Somebody else changed it, and it was left alone.
    Conflict,
    /// A person has to decide.
    Held,
    /// No later plan has it.
    Withdrawn,
}

impl PlanState {
    /// As the companion's domain has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Proposed => "PROPOSED",
            Self::Posted => "POSTED",
            Self::Confirmed => "CONFIRMED",
            Self::TakenBack => "TAKEN_BACK",
            Self::Conflict => "CONFLICT",
            Self::Held => "HELD",
            Self::Withdrawn => "WITHDRAWN",
        }
    }
}

/// A row that planners see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanRow {
    /// The requirement that is planned for, as `4711/10/1`: key of the row.
    pub requirement: String,
    /// Its planned order, as soon as it has one.
    pub planned_order: Option<PlannedOrderNumber>,
    /// What is made.
    pub material: MaterialNumber,
    /// Where.
    pub plant: PlantCode,
    /// How much, above zero, in `unit`.
    pub quantity: Decimal,
    /// Unit of the quantity.
    pub unit: Uom,
    /// kg CO₂e as the plant plans today.
    pub kg_before: Decimal,
    /// kg CO₂e as planned.
    pub kg_after: Decimal,
    /// How it stands.
    pub state: PlanState,
    /// Until when it can be taken back.
    pub window_until: Option<Timestamp>,
    /// Why it is planned so.
    pub reason: String,
    /// The plan or change set that it belongs to: what is released and taken back as a whole.
    pub change_set: String,
    /// Key of the evidence.
    pub evidence: String,
}

/// What a planner wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    /// The plan that the row belongs to is to be posted.
    Release,
    /// Its change set is to be taken back.
    TakeBack,
}

/// A request of a planner that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannerRequest {
    /// Key of the request.
    pub id: String,
    /// Row that it was asked for.
    pub requirement: String,
    /// Change set or plan of the row when it was asked for.
    pub change_set: String,
    /// `None` if it is nothing that we know.
    pub wanted: Option<Wanted>,
    /// SAP user.
    pub by: String,
    /// When.
    pub at: Option<Timestamp>,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestAnswer {
    /// Key of the request.
    pub id: String,
    /// Whether it was done.
    pub done: bool,
    /// In words; what exceeds [`TEXT_MAX`] characters is cut.
    pub text: String,
}

/// The call that shows these rows to planners.
///
/// # Errors
///
/// [`SapError::Value`] if SAP would cut or round a value.
pub fn publish(rows: &[PlanRow]) -> Result<Call, SapError> {
    let rows = rows.iter().map(row).collect::<Result<_, _>>()?;
    Ok(Call::new(PUBLISH).table("PLANS", rows).table("RETURN", Vec::new()))
}

fn row(of: &PlanRow) -> Result<Row, SapError> {
    let at = Place { function: PUBLISH, key: &of.requirement };
    let number = of.planned_order.as_ref().map(PlannedOrderNumber::padded);
    let kilograms = |name, value: Decimal| at.packed(name, value.round_dp(6), 23, 6);
    Ok(fields([
        ("REQUIREMENT", at.text("REQUIREMENT", &of.requirement, 32)?),
        ("PLNUM", number.unwrap_or_default()),
        ("MATNR", material(&of.material)),
        ("PLWRK", of.plant.as_str().to_owned()),
        ("GSMNG", at.positive("GSMNG", of.quantity)?),
        ("MEINS", of.unit.sap().to_owned()),
        ("KG_BEFORE", kilograms("KG_BEFORE", of.kg_before)?),
        ("KG_AFTER", kilograms("KG_AFTER", of.kg_after)?),
        ("KG_UNIT", "KG".to_owned()),
        ("STATE", of.state.name().to_owned()),
        ("WINDOW_UNTIL", of.window_until.map(written).unwrap_or_default()),
        ("REASON", cut(&of.reason)),
        ("CHANGE_SET", at.text("CHANGE_SET", &of.change_set, 40)?),
        ("EVIDENCE", at.text("EVIDENCE", &of.evidence, 64)?),
    ]))
}

/// Whether SAP kept the rows.
///
/// # Errors
///
/// [`SapError::Bapi`] with the row that makes no sense; [`SapError::NoReturn`].
pub fn published(system: &str, reply: &Reply) -> Result<(), SapError> {
    accepted(system, PUBLISH, reply).map(drop)
}

/// The call that closes requests by these answers, and asks for those that are open.
pub fn requests(answers: &[RequestAnswer]) -> Call {
    let row = |answer: &RequestAnswer| {
        fields([
            ("REQUEST_ID", answer.id.clone()),
            ("STATUS", if answer.done { "DONE" } else { "REFUSED" }.to_owned()),
            ("ANSWER", cut(&answer.text)),
        ])
    };
    Call::new(REQUESTS)
        .table("ANSWERS", answers.iter().map(row).collect())
        .table("REQUESTS", Vec::new())
        .table("RETURN", Vec::new())
}

/// The requests that are open, the oldest first.
///
/// # Errors
///
/// [`SapError::Bapi`] if SAP refused to say; [`SapError::NoReturn`].
pub fn open(system: &str, reply: &Reply) -> Result<Vec<PlannerRequest>, SapError> {
    accepted(system, REQUESTS, reply)?;
    let rows = reply.table("REQUESTS");
    let one = |row: &std::collections::BTreeMap<String, String>| {
        let field = |name: &str| row.get(name).map_or("", String::as_str).trim().to_owned();
        PlannerRequest {
            id: field("REQUEST_ID"),
            requirement: field("REQUIREMENT"),
            change_set: field("CHANGE_SET"),
            wanted: match field("ACTION").as_str() {
                "RELEASE" => Some(Wanted::Release),
                "TAKE_BACK" => Some(Wanted::TakeBack),
                _ => None,
            },
            by: field("REQUESTED_BY"),
            at: read(&field("REQUESTED_AT")),
        }
    };
    Ok(rows.iter().map(one).filter(|request| !request.id.is_empty()).collect())
}

/// A time as SAP's tables have it: YYYYMMDDHHMMSS, UTC.
fn written(at: Timestamp) -> String {
    at.strftime("%Y%m%d%H%M%S").to_string()
}

fn read(text: &str) -> Option<Timestamp> {
    let at = DateTime::strptime("%Y%m%d%H%M%S", text).ok()?;
    at.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp())
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::rfc::Value;
    use super::*;

    fn proposal() -> PlanRow {
        PlanRow {
            requirement: "4711/10/1".to_owned(),
            planned_order: None,
            material: MaterialNumber::new("REBAR-16").unwrap(),
            plant: PlantCode::new("1010").unwrap(),
            quantity: Decimal::new(10_500, 3),
            unit: Uom::Tonne,
            kg_before: Decimal::new(12_000_000_049, 7),
            kg_after: Decimal::new(9_005, 1),
            state: PlanState::Proposed,
            window_until: None,
            reason: "r".repeat(300),
            change_set: "0123456789abcdef".to_owned(),
            evidence: "0".repeat(64),
        }
    }

    #[test]
    fn a_row_is_what_sap_keeps_to_the_last_digit() {
        let call = publish(&[proposal()]).unwrap();

        let (_, plans) = call.parameters().iter().find(|(name, _)| *name == "PLANS").unwrap();
        let field = |name: &str| plans.rows()[0].field(name).map_or("", Value::text).to_owned();
        assert_eq!([field("KG_BEFORE"), field("KG_AFTER")], ["1200.000005", "900.500000"]);
        assert_eq!([field("GSMNG"), field("MEINS"), field("PLNUM")], ["10.500", "TO", ""]);
        assert_eq!(field("REASON").len(), TEXT_MAX);
    }

    #[test]
    fn what_sap_would_cut_is_not_sent() {
        let long = PlanRow { requirement: "1".repeat(33), ..proposal() };
        let nothing = PlanRow { quantity: Decimal::ZERO, ..proposal() };

        assert!(publish(&[long]).unwrap_err().to_string().contains("VAL-LENGTH"));
        assert!(publish(&[nothing]).unwrap_err().to_string().contains("VAL-NEGATIVE"));
    }

    #[test]
    fn an_unknown_wish_is_told_from_those_we_know() {
        let row = |id: &str, action: &str| {
            let texts =
                [("REQUEST_ID", id), ("ACTION", action), ("REQUESTED_AT", "20261126080000")];
            Value::of_row(texts.map(|(name, text)| (name, text.to_owned())).to_vec())
        };
        let rows = vec![row("1", "RELEASE"), row("2", "DELETE"), row("", "RELEASE")];
        let none = ("RETURN".to_owned(), Value::Table(Vec::new()));
        let reply = Reply::of([("REQUESTS".to_owned(), Value::Table(rows)), none]);

        let open = open("P01", &reply).unwrap();

        let wanted: Vec<_> = open.iter().map(|request| request.wanted).collect();
        assert_eq!(wanted, [Some(Wanted::Release), None]);
        assert_eq!(open[0].at, Some("2026-11-26T08:00:00Z".parse().unwrap()));
    }
}
