//! Factory calendars, which no service of SAP delivers: tables T001W and TFACS.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::id::PlantCode;
use crate::master::{FactoryCalendar, MasterData};
use crate::sap::error::SapError;
use crate::sap::rfc::RfcClient;
use crate::sap::table::{self, Comparison, Condition, TableQuery};

/// Calendar and year, then a field a month of a character a day: `1` is worked.
const FIELDS: [&str; 14] = [
    "IDENT", "JAHR", "MON01", "MON02", "MON03", "MON04", "MON05", "MON06", "MON07", "MON08",
    "MON09", "MON10", "MON11", "MON12",
];

/// Puts the factory calendar of the plant and those of its work centers into the master data, for the
/// year of `day` and the next. `unpublished` says whether `RFC_READ_TABLE` may stand in for the
/// companion's function.
///
/// # Errors
///
/// [`SapError`] if the tables cannot be read; the master data are as they were then.
pub async fn factory_calendars(
    rfc: &RfcClient,
    unpublished: bool,
    plant: &PlantCode,
    day: Date,
    master: &mut MasterData,
) -> Result<(), SapError> {
    let query = TableQuery::of("T001W", &["WERKS", "FABKL"])
        .with(Condition::equal("WERKS", plant.as_str()));
    let (plants, _) = table::read(rfc, unpublished, &query).await?;
    let of_plant = plants.first().and_then(|row| row.get(1)).filter(|name| !name.is_empty());
    let mut names: Vec<&String> = of_plant.into_iter().collect();
    names.extend(master.work_centers.values().filter_map(|w| w.factory_calendar.as_ref()));
    names.sort();
    names.dedup();
    let mut calendars: BTreeMap<String, FactoryCalendar> = BTreeMap::new();
    if !names.is_empty() {
        let mut query = TableQuery::of("TFACS", &FIELDS).with(Condition {
            field: "JAHR",
            include: true,
            comparison: Comparison::Between,
            low: format!("{:04}", day.year()),
            high: format!("{:04}", day.year() + 1),
        });
        for name in names {
            query = query.with(Condition::equal("IDENT", name));
        }
        for mut row in table::read(rfc, unpublished, &query).await?.0 {
            let months = row.split_off(2);
            let [name, year] = row.as_slice() else { continue };
            let Ok(year) = year.parse::<i16>() else { continue };
            calendars.entry(name.clone()).or_default().years.insert(year, months);
        }
    }
    let of_plant = of_plant.cloned();
    (master.plant_calendar, master.factory_calendars) = (of_plant, calendars);
    Ok(())
}
