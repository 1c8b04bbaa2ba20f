//! Values as the fields of BAPI structures take them, refused before they are sent if SAP would cut
//! or round them.

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::id::MaterialNumber;

use super::super::error::SapError;
use super::super::rfc::{Row, packed_number};

/// Which call a value is for, for error texts.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Function module.
    pub function: &'static str,
    /// What the call is about.
    pub key: &'a str,
}

impl Place<'_> {
    /// The error of one field.
    pub(super) fn wrong(self, code: &'static str, name: &str, problem: String) -> SapError {
        SapError::Value {
            code,
            entity: self.function.to_owned(),
            key: self.key.to_owned(),
            property: name.to_owned(),
            problem,
        }
    }

    /// A packed number of `digits` digits, `scale` of them behind the dot.
    ///
    /// # Errors
    ///
    /// `VAL-SCALE` if a digit would be lost, `VAL-RANGE` if it does not fit.
    pub(super) fn packed(
        self,
        name: &str,
        value: Decimal,
        digits: u32,
        scale: u32,
    ) -> Result<String, SapError> {
        if value.normalize().scale() > scale {
            return Err(self.wrong(
                "VAL-SCALE",
                name,
                format!("{value} has more than {scale} decimals"),
            ));
        }
        let whole = value.trunc().abs();
        let fits = whole.is_zero() || whole.to_string().len() <= (digits - scale) as usize;
        if !fits {
            return Err(self.wrong(
                "VAL-RANGE",
                name,
                format!("{value} is outside {digits} digits, {scale} decimals"),
            ));
        }
        Ok(format!("{value:.*}", scale as usize))
    }

    /// A quantity that must be more than nothing.
    pub(super) fn positive(self, name: &str, value: Decimal) -> Result<String, SapError> {
        if value <= Decimal::ZERO {
            return Err(self.wrong("VAL-NEGATIVE", name, format!("{value} is not above zero")));
        }
        self.packed(name, value, 13, 3)
    }

    /// A text of at most `length` characters.
    ///
    /// # Errors
    ///
    /// `VAL-LENGTH`: SAP would cut it.
    pub(super) fn text(self, name: &str, value: &str, length: usize) -> Result<String, SapError> {
        let given = value.chars().count();
        if given > length {
            let problem = format!("'{value}' has {given} characters, SAP keeps {length}");
            return Err(self.wrong("VAL-LENGTH", name, problem));
        }
        Ok(value.to_owned())
    }

    /// The number in a field of an answer.
    ///
    /// # Errors
    ///
    /// `VAL-DECIMAL`.
    pub(super) fn read_number(self, name: &str, text: &str) -> Result<Decimal, SapError> {
        packed_number(text)
            .ok_or_else(|| self.wrong("VAL-DECIMAL", name, format!("'{text}' is not a decimal")))
    }

    /// The day in a field of an answer, as `2026-12-01` or, by some kernels, `20261201`.
    ///
    /// # Errors
    ///
    /// `VAL-DATE`, `VAL-DATE-INITIAL`.
    pub(super) fn read_day(self, name: &str, text: &str) -> Result<Date, SapError> {
        let text = text.trim();
        if text.trim_matches(['0', '-']).is_empty() {
            let problem = "initial date where a date is required".to_owned();
            return Err(self.wrong("VAL-DATE-INITIAL", name, problem));
        }
        let digits: String = text.chars().filter(|letter| *letter != '-').collect();
        let plain = text.len() == 8 || (text.len() == 10 && digits.len() == 8);
        let day = plain.then(|| Date::strptime("%Y%m%d", &digits).ok()).flatten();
        day.ok_or_else(|| self.wrong("VAL-DATE", name, format!("'{text}' is no date")))
    }
}

/// Fields of a structure, without those that stay initial.
pub(super) fn fields<const N: usize>(fields: [(&'static str, String); N]) -> Row {
    fields.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

/// An indicator.
pub(super) fn flag(set: bool) -> String {
    if set { "X".to_owned() } else { String::new() }
}

/// A material number as `MATERIAL_LONG` holds it: digits alone are padded to 18, as the conversion
/// exit MATN1 does where the long material number is not switched to lexicographic.
pub(super) fn material(number: &MaterialNumber) -> String {
    let text = number.as_str();
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("{text:0>18}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLACE: Place<'static> = Place { function: "F", key: "K" };

    fn packed(value: &str) -> String {
        match PLACE.packed("Q", value.parse().unwrap(), 13, 3) {
            Ok(text) => text,
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_number_that_sap_would_round_or_not_hold_is_refused() {
        assert_eq!(packed("10.5"), "10.500");
        assert_eq!(packed("-0.001"), "-0.001");
        assert_eq!(packed("1.2000000"), "1.200");
        assert_eq!(packed("9999999999.999"), "9999999999.999");
        assert_eq!(
            packed("10000000000"),
            "VAL-RANGE: F K: Q 10000000000 is outside 13 digits, 3 decimals"
        );
        assert_eq!(packed("0.0001"), "VAL-SCALE: F K: Q 0.0001 has more than 3 decimals");
    }

    #[test]
    fn nothing_and_less_than_nothing_is_no_quantity_of_an_order() {
        for wrong in ["0", "-5"] {
            let error = PLACE.positive("Q", wrong.parse().unwrap()).unwrap_err().to_string();
            assert!(error.starts_with("VAL-NEGATIVE"), "{error}");
        }
    }

    #[test]
    fn a_text_that_sap_would_cut_is_refused() {
        assert_eq!(PLACE.text("T", "Gr\u{fc}\u{df}e", 5).unwrap(), "Gr\u{fc}\u{df}e");
        let error = PLACE.text("T", "123456", 5).unwrap_err().to_string();
        assert_eq!(error, "VAL-LENGTH: F K: T '123456' has 6 characters, SAP keeps 5");
    }

    #[test]
    fn a_day_is_read_in_both_forms_and_initial_is_no_day() {
        let day = Date::constant(2026, 12, 1);
        assert_eq!(PLACE.read_day("D", "2026-12-01").unwrap(), day);
        assert_eq!(PLACE.read_day("D", "20261201").unwrap(), day);
        assert_eq!(PLACE.read_day("D", "9999-12-31").unwrap(), Date::MAX);
        for (wrong, code) in [
            ("0000-00-00", "VAL-DATE-INITIAL"),
            ("00000000", "VAL-DATE-INITIAL"),
            ("", "VAL-DATE-INITIAL"),
            ("2023-02-29", "VAL-DATE:"),
            ("01.12.2026", "VAL-DATE:"),
            ("2026-12-1", "VAL-DATE:"),
        ] {
            let error = PLACE.read_day("D", wrong).unwrap_err().to_string();
            assert!(error.starts_with(code), "{wrong}: {error}");
        }
    }

    #[test]
    fn a_material_of_digits_is_padded_and_another_is_not() {
        let written = |text: &str| material(&MaterialNumber::new(text).unwrap());
        assert_eq!(written("4711"), "000000000000004711");
        assert_eq!(written("REBAR-16"), "REBAR-16");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(units in -9_999_999_999_999_i64..=9_999_999_999_999) {
            let value = Decimal::new(units, 3);
            let written = PLACE.packed("Q", value, 13, 3).unwrap();
            prop_assert_eq!(PLACE.read_number("Q", &written).unwrap(), value);
            // As a packed field writes it that has its sign behind.
            let behind = match written.strip_prefix('-') {
                Some(digits) => format!("{digits}-"),
                None => written,
            };
            prop_assert_eq!(PLACE.read_number("Q", &behind).unwrap(), value);
        }
    }
}
