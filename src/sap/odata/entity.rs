//! One row of an entity set, and its values without loss.

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use jiff::civil::{Date, DateTime, Time};
use jiff::{Span, Timestamp};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::super::error::SapError;
use super::names::{Names, Origin};
use super::rows::{Cell, Rows};
use crate::unit::Uom;

/// Decimal digits that a JSON number carries without loss.
const NUMBER_DIGITS_MAX: usize = 15;

/// One row. Cheap to clone; it keeps the answer that it came with.
#[derive(Clone)]
pub struct Entity {
    rows: Arc<Rows>,
    row: u32,
    /// Property behind which it was expanded.
    behind: Option<u16>,
    /// Version that came in a header instead of the row.
    header_etag: Option<Box<str>>,
    /// Where values stand, if not where the standard has them.
    names: Option<Arc<Names>>,
}

impl std::fmt::Debug for Entity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {:?}", self.set(), self.key(), self.fields())
    }
}

impl Entity {
    /// A row of an answer.
    pub(super) fn new(rows: &Arc<Rows>, row: u32) -> Self {
        Self { rows: Arc::clone(rows), row, behind: None, header_etag: None, names: None }
    }

    /// The row of `set` that a JSON object is.
    ///
    /// # Errors
    ///
    /// What is wrong with it, with a code.
    pub fn from_json(set: &str, text: impl Into<Vec<u8>>) -> Result<Self, String> {
        match Rows::read(set, text.into())? {
            (rows, Cell::Object(row)) => Ok(Self::new(&Arc::new(rows), row)),
            _ => Err("ODATA-VERSION: it is no object".to_owned()),
        }
    }

    /// The rows of `set` that a JSON array of objects holds. They share what rows have in common and keep
    /// nothing but their values: about 650 bytes a row of 25 properties.
    ///
    /// # Errors
    ///
    /// What is wrong with them, with a code.
    pub fn all_from_json(set: &str, text: impl Into<Vec<u8>>) -> Result<Vec<Self>, String> {
        let no_rows = || "ODATA-VERSION: it is no array of objects".to_owned();
        let (rows, Cell::List(first, count)) = Rows::read(set, text.into())? else {
            return Err(no_rows());
        };
        let rows = Arc::new(rows.compact());
        let entity = |cell: &Cell| match *cell {
            Cell::Object(row) => Ok(Self::new(&rows, row)),
            _ => Err(no_rows()),
        };
        rows.list(first, count).iter().map(entity).collect()
    }

    /// The same row with a version that came in a header, if it has none itself.
    pub(super) fn with_etag(mut self, etag: Option<&str>) -> Self {
        self.header_etag = etag.map(Box::from);
        self
    }

    /// The same row, whose values stand under the names of its system.
    #[must_use]
    pub fn named(mut self, names: Option<&Arc<Names>>) -> Self {
        self.names = names.filter(|names| !names.is_standard()).cloned();
        self
    }

    /// Entity set, or the property behind which it was expanded.
    pub fn set(&self) -> &str {
        self.behind.map_or(self.rows.set(), |column| self.rows.name(column))
    }

    /// Properties as SAP sent them, without metadata.
    pub fn fields(&self) -> Map<String, Value> {
        self.rows.fields(self.row)
    }

    /// The row as JSON that [`from_json`](Self::from_json) reads again, with its key and version.
    pub fn to_json(&self) -> String {
        let mut metadata = Map::new();
        for (name, value) in [("uri", Some(self.key())), ("etag", self.etag())] {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                metadata.insert(name.to_owned(), value.into());
            }
        }
        let mut object = Map::new();
        if !metadata.is_empty() {
            object.insert("__metadata".to_owned(), metadata.into());
        }
        object.extend(self.fields());
        Value::Object(object).to_string()
    }

    /// Version of the row: opaque, sent back as it came.
    pub fn etag(&self) -> Option<&str> {
        self.rows.etag(self.row).or(self.header_etag.as_deref())
    }

    /// The key as SAP writes it in the row's address; empty if SAP sent none, as in V4.
    pub fn key(&self) -> &str {
        self.rows.key(self.row)
    }

    /// What stands for this row among others: a hash of its key, or of all that it holds where SAP sends
    /// no key, as in V4. There two rows are the same only if all of both is.
    pub(super) fn identity(&self, hasher: &impl BuildHasher) -> u64 {
        let mut state = hasher.build_hasher();
        match self.key() {
            "" => self.rows.hash_row(self.row, &mut state),
            key => key.hash(&mut state),
        }
        state.finish()
    }

    /// Which of `properties` the row has no value of, not even the initial one.
    pub(super) fn lacks<'p>(&self, properties: &[&'p str]) -> Option<&'p str> {
        properties.iter().copied().find(|property| !self.has(property))
    }

    fn origin(&self, property: &str) -> Option<&Origin> {
        self.names.as_ref()?.origin(property)
    }

    fn cell(&self, property: &str) -> Option<Cell> {
        match self.origin(property) {
            None => self.rows.cell(self.row, property),
            Some(origin) => self.rows.cell(self.row, origin.property.as_deref()?),
        }
    }

    /// Whether something stands in for a value, because SAP has none.
    pub fn stood_in(&self, property: &str) -> bool {
        self.origin(property)
            .is_some_and(|origin| origin.stand_in.is_some() && self.is_initial(property, origin))
    }

    fn stand_in(&self, property: &str) -> Option<&str> {
        let origin = self.origin(property)?;
        match &origin.with {
            Some((quantity, unit)) if self.stood_in(quantity) => Some(unit),
            _ => origin.stand_in.as_deref().filter(|_| self.is_initial(property, origin)),
        }
    }

    fn is_initial(&self, property: &str, origin: &Origin) -> bool {
        match self.cell(property) {
            None | Some(Cell::Null) => true,
            Some(Cell::Text(text)) => {
                let text = self.rows.text(text).trim();
                text.is_empty()
                    || origin.number && text.bytes().all(|b| matches!(b, b'0' | b'.' | b'-' | b'+'))
            }
            Some(Cell::Signed(whole)) => origin.number && whole == 0,
            Some(Cell::Unsigned(whole)) => origin.number && whole == 0,
            Some(_) => false,
        }
    }

    /// A unit that only this system knows: so many of a known one.
    pub fn own_unit(&self, code: &str) -> Option<(Uom, Decimal)> {
        self.names.as_ref()?.unit(code)
    }

    /// The text of a property; missing and null are the empty text, which is SAP's initial value.
    pub fn text(&self, property: &str) -> &str {
        if let Some(stand_in) = self.stand_in(property) {
            return stand_in;
        }
        match self.cell(property) {
            Some(Cell::Text(text)) => self.rows.text(text),
            _ => "",
        }
    }

    /// A decimal, exact.
    ///
    /// # Errors
    ///
    /// `VAL-DECIMAL` if the value is missing, has a comma or is no number; `VAL-RANGE` if it is larger
    /// or finer than any field; `VAL-SCALE` if it came as a JSON number with more digits than such a
    /// number holds.
    pub fn decimal(&self, property: &str) -> Result<Decimal, SapError> {
        let number;
        let text = match self.cell(property) {
            _ if self.stood_in(property) => self.text(property),
            Some(Cell::Text(text)) => self.rows.text(text).trim(),
            Some(Cell::Signed(whole)) => return Ok(whole.into()),
            Some(Cell::Unsigned(whole)) => return Ok(whole.into()),
            Some(Cell::Float(float)) => {
                number = Value::from(float).to_string();
                if number.bytes().filter(u8::is_ascii_digit).count() > NUMBER_DIGITS_MAX {
                    let problem = format!(
                        "{number} came as a number with more digits than such a number keeps"
                    );
                    return Err(self.wrong("VAL-SCALE", property, problem));
                }
                number.as_str()
            }
            _ => return Err(self.wrong("VAL-DECIMAL", property, "has no value".to_owned())),
        };
        let plain = !text.is_empty()
            && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+'));
        let parsed = if plain { Decimal::from_str_exact(text).ok() } else { None };
        parsed.ok_or_else(|| match text.parse::<f64>() {
            // A number, but none that SAP's fields or ours could hold: 1e400, or 40 digits.
            Ok(_) if text.bytes().any(|b| b.is_ascii_digit()) => {
                let problem = format!("'{text}' is outside of what a decimal field holds");
                self.wrong("VAL-RANGE", property, problem)
            }
            _ => self.wrong("VAL-DECIMAL", property, format!("'{text}' is not a decimal")),
        })
    }

    /// An `Edm.Double`, rounded to nine decimals: SAP computes durations in binary.
    ///
    /// # Errors
    ///
    /// `VAL-DECIMAL` if the value is missing or no number, `VAL-RANGE` if no decimal holds it.
    pub fn double(&self, property: &str) -> Result<Decimal, SapError> {
        let number = match self.cell(property) {
            Some(Cell::Float(float)) => Some(float),
            Some(Cell::Text(text)) => self.rows.text(text).trim().parse().ok(),
            Some(Cell::Signed(whole)) => return Ok(whole.into()),
            Some(Cell::Unsigned(whole)) => return Ok(whole.into()),
            _ => None,
        };
        let number = number.filter(|number| number.is_finite()).ok_or_else(|| {
            self.wrong("VAL-DECIMAL", property, format!("'{}' is no number", self.text(property)))
        })?;
        Decimal::try_from(number).map(|number| number.round_dp(9)).map_err(|_| {
            let problem = format!("{number} is outside of what a decimal field holds");
            self.wrong("VAL-RANGE", property, problem)
        })
    }

    /// Whether the row has a value of a property, if only the initial one.
    fn has(&self, property: &str) -> bool {
        !matches!(self.cell(property), None | Some(Cell::Null))
    }

    /// A calendar day: `/Date(ms)/` of V2 or `2026-12-01` of V4. The initial date is `None`.
    ///
    /// # Errors
    ///
    /// `VAL-DATE` if the value is no date.
    pub fn date(&self, property: &str) -> Result<Option<Date>, SapError> {
        let text = self.text(property);
        if text.is_empty() || text == "0000-00-00" || text == "00000000" {
            return Ok(None);
        }
        let wrong = || self.wrong("VAL-DATE", property, no_day(text));
        let day = if text.starts_with("/Date(") {
            v2_day(text)
        } else {
            // A time may follow; it is no part of the day.
            text.split('T').next().and_then(|day| day.parse().ok())
        };
        let day: Date = day.ok_or_else(wrong)?;
        // ABAP's initial date, where a service turned it into a real one.
        Ok((day.year() > 1).then_some(day))
    }

    /// A day and a time of day, each in its property; `PT24H` is midnight at the end of the day.
    ///
    /// # Errors
    ///
    /// `VAL-DATE`, `VAL-DATE-INITIAL` or `VAL-TIME`, with the property.
    pub fn day_time(&self, day: &str, time: &str) -> Result<DateTime, SapError> {
        let initial = || self.wrong("VAL-DATE-INITIAL", day, INITIAL_DATE.to_owned());
        let date = self.date(day)?.ok_or_else(initial)?;
        let begins = if END_OF_DAY.contains(&self.text(time)) {
            date.tomorrow().map_err(|error| self.wrong("VAL-DATE", day, error.to_string()))?
        } else {
            date
        };
        Ok(begins.to_datetime(self.time(time)?))
    }

    /// A time of day: `PT08H30M00S` of V2 or `08:30:00` of V4.
    ///
    /// # Errors
    ///
    /// `VAL-TIME` if the value is no time of day. `PT24H` is midnight; see [`Entity::day_time`].
    pub fn time(&self, property: &str) -> Result<Time, SapError> {
        let text = self.text(property);
        let parsed = match text.strip_prefix("PT") {
            _ if text.is_empty() => Some(Time::midnight()),
            _ if END_OF_DAY.contains(&text) => Some(Time::midnight()),
            Some(duration) => v2_time(duration),
            None => text.parse().ok(),
        };
        parsed.ok_or_else(|| self.wrong("VAL-TIME", property, format!("'{text}' is no time")))
    }

    /// An instant: `/Date(ms+0000)/` of V2 or `2026-11-22T12:20:03Z` of V4.
    ///
    /// # Errors
    ///
    /// `VAL-DATE` if the value is no instant.
    pub fn timestamp(&self, property: &str) -> Result<Option<Timestamp>, SapError> {
        let text = self.text(property);
        if text.is_empty() {
            return Ok(None);
        }
        let parsed = if text.starts_with("/Date(") { v2_instant(text) } else { text.parse().ok() };
        let wrong = || match impossible_offset(text) {
            Some(offset) => {
                let problem = format!("'{text}': offset {offset} is not possible");
                self.wrong("VAL-DATE", property, problem)
            }
            None => self.wrong("VAL-DATE", property, format!("'{text}' is no instant")),
        };
        parsed.map(Some).ok_or_else(wrong)
    }

    /// An indicator: a Boolean, or `X` and blank.
    pub fn boolean(&self, property: &str) -> bool {
        match self.cell(property) {
            _ if self.stood_in(property) => matches!(self.text(property), "X" | "true"),
            Some(Cell::Bool(flag)) => flag,
            Some(Cell::Text(text)) => matches!(self.rows.text(text), "X" | "true"),
            _ => false,
        }
    }

    /// The rows behind a navigation property that was expanded.
    pub fn expanded(&self, property: &str) -> Vec<Self> {
        let entity = |cell: &Cell| match *cell {
            Cell::Object(row) => Some(Self {
                rows: Arc::clone(&self.rows),
                row,
                behind: self.rows.column(property),
                header_etag: None,
                names: self.names.as_ref().and_then(|names| names.behind(property)).cloned(),
            }),
            _ => None,
        };
        let many = |cell: Option<Cell>| match cell {
            Some(Cell::List(first, count)) => {
                Some(self.rows.list(first, count).iter().filter_map(entity).collect())
            }
            _ => None,
        };
        match self.cell(property) {
            Some(Cell::Object(row)) => many(self.rows.cell(row, "results"))
                .unwrap_or_else(|| entity(&Cell::Object(row)).into_iter().collect()),
            cell => many(cell).unwrap_or_default(),
        }
    }

    /// An error that names this row.
    pub fn wrong(&self, code: &'static str, property: &str, problem: String) -> SapError {
        let key = match self.key() {
            "" => {
                let fields = self.fields();
                let texts = fields.values().filter_map(Value::as_str);
                texts.filter(|text| !text.is_empty()).take(3).collect::<Vec<_>>().join("/")
            }
            key => key.to_owned(),
        };
        SapError::Value {
            code,
            entity: self.set().to_owned(),
            key,
            property: self
                .origin(property)
                .and_then(|origin| origin.property.as_deref())
                .unwrap_or(property)
                .to_owned(),
            problem,
        }
    }
}

/// What is wrong with a date that has none.
pub(crate) const INITIAL_DATE: &str = "has the initial date where a date is required";

/// Why a text is no day.
fn no_day(text: &str) -> String {
    if let Some(offset) = impossible_offset(text) {
        return format!("'{text}': offset {offset} is not possible");
    }
    if v2_milliseconds(text).is_some_and(|milliseconds| milliseconds > 0) {
        return format!("'{text}': date is after 9999-12-31");
    }
    let digits =
        |part: &str, count| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = text.split('-').collect();
    match parts[..] {
        [year, month, day] if digits(year, 4) && digits(month, 2) && digits(day, 2) => {
            format!("'{text}': {text} does not exist")
        }
        _ => format!("'{text}' is no date"),
    }
}

/// The offset of a date of V2, if no clock has it.
fn impossible_offset(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    let (_, offset) = inner.get(1..)?.split_once(['+', '-'])?;
    (!offset.parse::<u32>().is_ok_and(|minutes| minutes <= 14 * 60)).then_some(offset)
}

/// Forms of midnight at the end of a day.
const END_OF_DAY: [&str; 3] = ["PT24H00M00S", "PT24H", "24:00:00"];

/// Milliseconds in `/Date(1795305600000)/` or `/Date(1795349953000+0060)/`: of UTC; the offset, in
/// minutes, only says how the server would show it.
fn v2_milliseconds(text: &str) -> Option<i64> {
    let inner = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    let split = inner.char_indices().skip(1).find(|(_, c)| matches!(c, '+' | '-'));
    let (milliseconds, offset) = match split {
        Some((at, _)) => (&inner[..at], Some(&inner[at + 1..])),
        None => (inner, None),
    };
    if offset.is_some_and(|minutes| !minutes.parse::<u32>().is_ok_and(|m| m <= 14 * 60)) {
        return None;
    }
    milliseconds.parse().ok()
}

fn v2_instant(text: &str) -> Option<Timestamp> {
    Timestamp::from_millisecond(v2_milliseconds(text)?).ok()
}

/// A date of V2 is a calendar day at midnight UTC and must not be turned into local time. Counted in
/// days, since 9999-12-31, which SAP uses for "for ever", lies beyond the last instant of jiff.
fn v2_day(text: &str) -> Option<Date> {
    let days = v2_milliseconds(text)?.div_euclid(24 * 60 * 60 * 1000);
    Date::constant(1970, 1, 1).checked_add(Span::new().try_days(days).ok()?).ok()
}

/// `08H30M00S`, each part optional.
fn v2_time(duration: &str) -> Option<Time> {
    let (mut hour, mut minute, mut second) = (0, 0, 0);
    let mut number = String::new();
    for c in duration.chars() {
        let place = match c {
            'H' => &mut hour,
            'M' => &mut minute,
            'S' => &mut second,
            digit => {
                number.push(digit);
                continue;
            }
        };
        *place = number.split('.').next()?.parse().ok()?;
        number.clear();
    }
    Time::new(hour, minute, second, 0).ok().filter(|_| number.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entity(object: Value) -> Entity {
        Entity::from_json("A_Set", object.to_string()).unwrap()
    }

    fn row(value: Value) -> Entity {
        entity(json!({ "Key": "K1", "P": value }))
    }

    #[test]
    fn decimals_keep_every_digit_in_both_versions() {
        assert_eq!(row(json!("10.000")).decimal("P").unwrap().to_string(), "10.000");
        assert_eq!(row(json!(10.5)).decimal("P").unwrap().to_string(), "10.5");
    }

    #[test]
    fn odata_json_04_06_a_comma_and_nan_are_no_decimals() {
        for text in ["1.234,50", "NaN", "INF", ""] {
            let error = row(json!(text)).decimal("P").unwrap_err().to_string();
            assert!(error.starts_with("VAL-DECIMAL: A_Set K1"), "{error}");
        }
    }

    #[test]
    fn odata_json_05_a_number_that_no_field_holds_is_out_of_range() {
        for text in ["1e400", "-1E9", &"9".repeat(40)] {
            let error = row(json!(text)).decimal("P").unwrap_err().to_string();
            assert!(error.starts_with("VAL-RANGE: A_Set K1"), "{error}");
        }
    }

    #[test]
    fn a_double_may_have_an_exponent_and_every_digit_that_binary_gives() {
        for (sent, read) in [
            (json!("1.2500000000000000E+01"), "12.5"),
            (json!(0.1 + 0.2), "0.3"),
            (json!(90), "90"),
            (json!("0.0000000000000000E+00"), "0"),
        ] {
            assert_eq!(row(sent).double("P").unwrap().normalize().to_string(), read);
        }
        for none in [json!("NaN"), json!("INF"), json!(null), json!("x")] {
            let error = row(none).double("P").unwrap_err().to_string();
            assert!(error.starts_with("VAL-DECIMAL"), "{error}");
        }
        assert!(row(json!("1e300")).double("P").unwrap_err().to_string().starts_with("VAL-RANGE"));
    }

    #[test]
    fn a_date_is_a_calendar_day_and_not_an_instant() {
        let day = Date::constant(2026, 11, 22);

        assert_eq!(row(json!("/Date(1795305600000)/")).date("P").unwrap(), Some(day));
        assert_eq!(row(json!("2026-11-22")).date("P").unwrap(), Some(day));
        assert_eq!(row(json!(null)).date("P").unwrap(), None);
    }

    #[test]
    fn odata_json_09_to_13_dates_that_are_none_and_dates_that_are_initial() {
        for none in
            ["/Date(253402300800000)/", "/Date(1700000000000+9999)/", "2023-02-29", "/Date(x)/"]
        {
            let error = row(json!(none)).date("P").unwrap_err().to_string();
            let named = error.starts_with("VAL-DATE: A_Set K1") && error.contains("P '");
            assert!(named, "{error}");
        }
        for initial in ["/Date(-62135596800000)/", "00000000", "0000-00-00", "0001-01-01", ""] {
            assert_eq!(row(json!(initial)).date("P").unwrap(), None, "{initial}");
        }
    }

    #[test]
    fn for_ever_and_before_1970_are_days_too() {
        let for_ever = Some(Date::constant(9999, 12, 31));

        assert_eq!(row(json!("/Date(253402214400000)/")).date("P").unwrap(), for_ever);
        assert_eq!(row(json!("9999-12-31")).date("P").unwrap(), for_ever);
        let new_years_eve = Some(Date::constant(1969, 12, 31));
        assert_eq!(row(json!("/Date(-86400000)/")).date("P").unwrap(), new_years_eve);
    }

    #[test]
    fn midnight_at_the_end_of_a_day_is_the_next_day() {
        let fields = json!({ "D": "/Date(1538438400000)/", "T": "PT24H00M00S" });

        let end = entity(fields).day_time("D", "T").unwrap();

        assert_eq!(end.to_string(), "2018-10-03T00:00:00");
    }

    #[test]
    fn odata_json_08_a_number_that_lost_its_last_digits_is_no_decimal() {
        assert_eq!(row(json!(123456789.123)).decimal("P").unwrap().to_string(), "123456789.123");
        assert!(row(json!(0.1 + 0.2)).decimal("P").is_err());
        assert_eq!(row(json!("0.30000000000001")).decimal("P").unwrap().scale(), 14);
    }

    #[test]
    fn an_error_names_the_row_by_its_key() {
        let fields = json!({
            "__metadata": { "uri": "https://h/S/A_Set(A='x%2F1',B='2')", "etag": "W/\"1\"" },
            "Q": "1,5",
        });
        let entity = entity(fields);

        let error = entity.decimal("Q").unwrap_err().to_string();

        assert_eq!(error, "VAL-DECIMAL: A_Set (A='x%2F1',B='2'): Q '1,5' is not a decimal");
        assert_eq!(entity.etag(), Some("W/\"1\""));
    }

    #[test]
    fn a_row_that_was_kept_is_the_same_row() {
        let fields = json!({
            "__metadata": { "uri": "https://h/S/A_Set(A='x')", "etag": "W/\"1\"", "type": "T" },
            "Q": "1.500", "N": { "results": [{ "B": true }, { "B": null }] },
        });
        let row = entity(fields);

        let kept = Entity::from_json("A_Set", row.to_json()).unwrap();

        assert_eq!(kept.fields(), row.fields());
        assert_eq!((kept.key(), kept.etag()), ("(A='x')", Some("W/\"1\"")));
        assert_eq!(kept.to_json(), row.to_json());
    }

    #[test]
    fn times_of_day_come_in_two_forms() {
        let half_past_eight = Time::constant(8, 30, 0, 0);

        assert_eq!(row(json!("PT08H30M00S")).time("P").unwrap(), half_past_eight);
        assert_eq!(row(json!("08:30:00")).time("P").unwrap(), half_past_eight);
        assert!(row(json!("PT8X")).time("P").is_err());
    }
}
