//! The one form of elementary values, and the form in which the library takes them. A value that does
//! not fit is refused here: the library would cut some and round others.

use rust_decimal::Decimal;

use super::super::rfc::failure::Cause;
use super::super::rfc::packed_number;
use super::description::Field;
use super::failure::Trouble;
use super::interface::Uc;
use super::kind::Kind;
use super::text::units;

/// A value that does not fit.
pub fn wrong(field: &Field, what: &str) -> Trouble {
    let name = if field.name.is_empty() { "a row" } else { &field.name };
    Trouble::ours(Cause::Data, format!("{name} {what}"))
}

/// A parameter or field that the function module does not have.
pub fn unknown(name: &str) -> Trouble {
    Trouble::ours(Cause::NotFound, format!("there is no parameter or field {name}"))
}

/// What the library said, with the field that it was about.
pub fn named(field: &Field, mut trouble: Trouble) -> Trouble {
    trouble.message.text = format!("{}: {}", field.name, trouble.message.text);
    trouble
}

/// A text, if no character of it would be cut.
pub fn characters(field: &Field, given: &str) -> Result<Vec<Uc>, Trouble> {
    let text = units(given);
    if text.len() > field.length {
        let what = format!("takes {} characters, '{given}' has {}", field.length, text.len());
        return Err(wrong(field, &what));
    }
    Ok(text)
}

/// The digits of a NUMC field; fewer are filled up with zeros by the library.
pub fn digits<'a>(field: &Field, given: &'a str) -> Result<&'a str, Trouble> {
    let given = given.trim();
    if !given.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong(field, &format!("takes digits, not '{given}'")));
    }
    if given.len() > field.length {
        let what = format!("takes {} digits, '{given}' has {}", field.length, given.len());
        return Err(wrong(field, &what));
    }
    Ok(given)
}

/// A day as `YYYYMMDD`; an empty text is the initial date.
pub fn date(field: &Field, given: &str) -> Result<Vec<Uc>, Trouble> {
    plain(field, given, 8, '-', "a date such as 2026-12-01")
}

/// A time as `HHMMSS`; an empty text is the initial time.
pub fn time(field: &Field, given: &str) -> Result<Vec<Uc>, Trouble> {
    plain(field, given, 6, ':', "a time such as 08:00:00")
}

fn plain(
    field: &Field,
    given: &str,
    length: usize,
    between: char,
    wanted: &str,
) -> Result<Vec<Uc>, Trouble> {
    let digits: String = given.trim().chars().filter(|letter| *letter != between).collect();
    if digits.is_empty() {
        return Ok(units(&"0".repeat(length)));
    }
    if digits.len() != length || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong(field, &format!("takes {wanted}, not '{given}'")));
    }
    Ok(units(&digits))
}

/// An integer within the range of its field; an empty text is zero.
pub fn integer(field: &Field, given: &str) -> Result<i64, Trouble> {
    let given = given.trim();
    let number: i64 = if given.is_empty() {
        0
    } else {
        given.parse().map_err(|_| wrong(field, &format!("takes an integer, not '{given}'")))?
    };
    let (least, most) = match field.kind {
        Kind::Int1 => (0, u8::MAX.into()),
        Kind::Int2 => (i16::MIN.into(), i16::MAX.into()),
        Kind::Int => (i32::MIN.into(), i32::MAX.into()),
        _ => (i64::MIN, i64::MAX),
    };
    if !(least..=most).contains(&number) {
        return Err(wrong(field, &format!("takes {least} to {most}, not {number}")));
    }
    Ok(number)
}

/// A binary floating point number; an empty text is zero.
pub fn float(field: &Field, given: &str) -> Result<f64, Trouble> {
    let given = given.trim();
    if given.is_empty() {
        return Ok(0.0);
    }
    let number = given.parse::<f64>().ok().filter(|number| number.is_finite());
    number.ok_or_else(|| wrong(field, &format!("takes a number, not '{given}'")))
}

/// What goes to the library as text: strings as they are, numbers without loss.
pub fn outgoing(field: &Field, given: &str) -> Result<String, Trouble> {
    match field.kind {
        Kind::Bcd => packed(field, given),
        Kind::Decf16 | Kind::Decf34 => {
            let given = given.trim();
            let decimal =
                || given.parse::<Decimal>().is_ok() || Decimal::from_scientific(given).is_ok();
            match given {
                "" => Ok("0".to_owned()),
                _ if decimal() => Ok(given.to_owned()),
                _ => Err(wrong(field, &format!("takes a decimal, not '{given}'"))),
            }
        }
        _ => Ok(given.to_owned()),
    }
}

/// A packed number of so many bytes: two digits a byte, less one for the sign.
fn packed(field: &Field, given: &str) -> Result<String, Trouble> {
    if given.trim().is_empty() {
        return Ok("0".to_owned());
    }
    let number = packed_number(given)
        .ok_or_else(|| wrong(field, &format!("takes a packed number, not '{given}'")))?;
    if number.normalize().scale() > field.decimals {
        let what = format!("takes {} decimals, {number} has more", field.decimals);
        return Err(wrong(field, &what));
    }
    let whole = number.trunc().abs();
    let digits = (2 * field.length).saturating_sub(1);
    let room = digits.saturating_sub(field.decimals as usize);
    if !whole.is_zero() && whole.to_string().len() > room {
        return Err(wrong(field, &format!("takes {room} digits before the dot, not {number}")));
    }
    Ok(number.to_string())
}

/// A day of the library as all transports write it.
pub fn shown_date(digits: &str) -> String {
    match (digits.get(..4), digits.get(4..6), digits.get(6..8)) {
        (Some(year), Some(month), Some(day)) => format!("{year}-{month}-{day}"),
        _ => "0000-00-00".to_owned(),
    }
}

/// A time of the library as all transports write it.
pub fn shown_time(digits: &str) -> String {
    match (digits.get(..2), digits.get(2..4), digits.get(4..6)) {
        (Some(hours), Some(minutes), Some(seconds)) => format!("{hours}:{minutes}:{seconds}"),
        _ => "00:00:00".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn field(kind: Kind, length: usize, decimals: u32) -> Field {
        let (name, symbol) = ("F".to_owned(), vec![0x46, 0]);
        Field { name, symbol, kind, length, decimals, fields: Default::default() }
    }

    fn said<T: std::fmt::Debug>(result: Result<T, Trouble>) -> String {
        result.unwrap_err().message.text
    }

    #[test]
    fn what_would_be_cut_or_rounded_is_refused() {
        assert!(said(characters(&field(Kind::Char, 3, 0), "ABCD")).contains("3 characters"));
        assert!(said(digits(&field(Kind::Num, 3, 0), "1234")).contains("3 digits"));
        assert!(said(digits(&field(Kind::Num, 3, 0), "1A")).contains("digits"));
        // 13 digits, 3 of them decimals, are 7 bytes.
        let quantity = field(Kind::Bcd, 7, 3);
        assert!(said(outgoing(&quantity, "1.0001")).contains("3 decimals"));
        assert!(said(outgoing(&quantity, "12345678901")).contains("10 digits"));
        assert_eq!(outgoing(&quantity, "1234567890.123").unwrap(), "1234567890.123");
        assert_eq!(outgoing(&quantity, "7.500-").unwrap(), "-7.500");
        assert!(said(integer(&field(Kind::Int1, 1, 0), "256")).contains("0 to 255"));
        assert!(said(integer(&field(Kind::Int2, 2, 0), "-32769")).contains("-32768"));
        assert!(said(float(&field(Kind::Float, 8, 0), "NaN")).contains("number"));
        assert!(said(outgoing(&field(Kind::Decf16, 8, 0), "ten")).contains("decimal"));
    }

    #[test]
    fn a_character_outside_of_the_basic_plane_counts_as_two() {
        assert!(characters(&field(Kind::Char, 1, 0), "\u{1F331}").is_err());
        assert_eq!(characters(&field(Kind::Char, 2, 0), "\u{1F331}").unwrap().len(), 2);
    }

    #[test]
    fn initial_values_are_what_the_other_transport_shows() {
        let initial = |digits: Vec<Uc>| String::from_utf16(&digits).unwrap();

        assert_eq!(shown_date(&initial(date(&field(Kind::Date, 8, 0), "").unwrap())), "0000-00-00");
        assert_eq!(shown_time(&initial(time(&field(Kind::Time, 6, 0), "").unwrap())), "00:00:00");
        assert!(date(&field(Kind::Date, 8, 0), "1.12.2026").is_err());
    }

    proptest! {
        #[test]
        fn a_packed_number_is_taken_whole_or_not_at_all(
            units in -999_999_999_999_999_i64..1_000_000_000_000_000, scale in 0_u32..6,
        ) {
            let number = Decimal::new(units, scale);
            match outgoing(&field(Kind::Bcd, 7, 3), &number.to_string()) {
                Ok(text) => prop_assert_eq!(text.parse::<Decimal>().unwrap(), number),
                Err(_) => prop_assert!(
                    number.normalize().scale() > 3 || number.abs() >= Decimal::from(10_000_000_000_u64)
                ),
            }
        }
    }
}
