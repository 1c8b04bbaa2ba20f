//! Days of SAP are days, instants are instants, and times of a plant are those of its clocks.

use carbide::order::Confirmation;
use carbide::sap::odata::{Entity, ODataClient};
use carbide::source::sap::Tables;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::{credentials, reading_with, system};

fn row(value: &Value) -> Entity {
    Entity::from_json("A_Set", json!({ "Key": "1", "P": value }).to_string()).unwrap()
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A confirmation from a day and time to another, as the plant's clocks showed them.
fn confirmed(start: (&str, &str), end: (&str, &str)) -> Result<Confirmation, String> {
    let row = json!({
        "ConfirmationGroup": "1", "ConfirmationCount": "1", "OrderID": "1", "OrderOperation": "0010",
        "Material": "REBAR-16", "Plant": "1010", "WorkCenter": "ROLL1",
        "ConfirmedExecutionStartDate": start.0, "ConfirmedExecutionStartTime": start.1,
        "ConfirmedExecutionEndDate": end.0, "ConfirmedExecutionEndTime": end.1,
        "ConfirmationUnit": "TO", "ConfirmationYieldQuantity": "1.000",
        "ConfirmationScrapQuantity": "0.000",
    });
    let mut tables = Tables::default();
    tables.insert(
        "ProdnOrdConf2",
        vec![Entity::from_json("ProdnOrdConf2", row.to_string()).unwrap()],
    );
    let client = ODataClient::new(&system("http://127.0.0.1:1"), &credentials("p")).unwrap();
    let (_, mut orders, problems) = carbide::source::sap::facts(&tables, &reading_with(client));
    orders.confirmations.pop().ok_or_else(|| format!("{problems:?}"))
}

#[test]
fn a_day_is_the_same_day_whatever_the_offset_of_this_machine_is() {
    for day in ["/Date(1538352000000)/", "2018-10-01", "2018-10-01T00:00:00"] {
        assert_eq!(row(&json!(day)).date("P").unwrap().unwrap().to_string(), "2018-10-01", "{day}");
    }
}

#[test]
fn an_instant_is_that_of_utc_and_an_offset_only_says_how_it_would_be_shown() {
    for text in [
        "/Date(1538380800000)/",
        "/Date(1538380800000+0000)/",
        "/Date(1538380800000+0120)/",
        "/Date(1538380800000-0480)/",
        "2018-10-01T08:00:00Z",
        "2018-10-01T10:00:00+02:00",
    ] {
        let read = row(&json!(text)).timestamp("P").unwrap().unwrap();
        assert_eq!(read, instant("2018-10-01T08:00:00Z"), "{text}");
    }
}

#[test]
fn times_of_a_plant_are_those_of_its_clocks_in_summer_and_in_winter() {
    let summer = confirmed(("2018-07-02", "PT06H00M00S"), ("2018-07-02", "PT14H00M00S")).unwrap();
    let winter = confirmed(("2018-01-08", "PT06H00M00S"), ("2018-01-08", "PT14H00M00S")).unwrap();

    assert_eq!(summer.execution.start, instant("2018-07-02T04:00:00Z"));
    assert_eq!(winter.execution.start, instant("2018-01-08T05:00:00Z"));
    let midnight = confirmed(("2018-01-08", "PT22H00M00S"), ("2018-01-08", "PT24H00M00S")).unwrap();
    assert_eq!(midnight.execution.end, instant("2018-01-08T23:00:00Z"));
}

#[test]
fn a_shift_over_the_night_of_the_clocks_is_as_long_as_it_was() {
    let hours = |confirmed: Confirmation| {
        confirmed.execution.start.duration_until(confirmed.execution.end).as_hours()
    };
    let autumn = confirmed(("2018-10-27", "PT22H00M00S"), ("2018-10-28", "PT06H00M00S")).unwrap();
    let spring = confirmed(("2018-03-24", "PT22H00M00S"), ("2018-03-25", "PT06H00M00S")).unwrap();

    assert_eq!((hours(autumn), hours(spring)), (9, 7));
}

#[test]
fn in_the_hour_that_comes_twice_an_end_is_never_before_its_begin() {
    // Began at 02:50 before the clocks went back, ended at 02:10 after it.
    let twice = confirmed(("2018-10-28", "PT02H50M00S"), ("2018-10-28", "PT02H10M00S")).unwrap();

    assert_eq!(twice.execution.start, instant("2018-10-28T00:50:00Z"));
    assert_eq!(twice.execution.end, instant("2018-10-28T01:10:00Z"));
    // On any other day it is a mistake and stays one.
    let mistake = confirmed(("2018-10-29", "PT02H50M00S"), ("2018-10-29", "PT02H10M00S"));
    assert!(mistake.unwrap_err().contains("VAL-RANGE"));
}
