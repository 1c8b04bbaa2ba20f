//! Text between UTF-8 and SAP's UTF-16 code units.

use super::interface::Uc;

/// A text as code units with a zero behind it.
pub fn zero_ended(text: &str) -> Vec<Uc> {
    text.encode_utf16().chain([0]).collect()
}

/// A text as code units.
pub fn units(text: &str) -> Vec<Uc> {
    text.encode_utf16().collect()
}

/// The text up to the first zero, without trailing blanks: they do not count in ABAP.
///
/// A half of a surrogate pair, which no valid text holds, becomes U+FFFD.
pub fn text(units: &[Uc]) -> String {
    let end = units.iter().position(|unit| *unit == 0).unwrap_or(units.len());
    let mut text = String::from_utf16_lossy(&units[..end]);
    text.truncate(text.trim_end_matches(' ').len());
    text
}

/// The text behind a pointer that the library owns, up to its zero, at most `max` units; empty for
/// null.
///
/// # Safety
///
/// `pointer` is null or leads to units that end in a zero.
pub unsafe fn of_pointer(pointer: *const Uc, max: usize) -> String {
    if pointer.is_null() {
        return String::new();
    }
    let mut units = Vec::new();
    for index in 0..max {
        // SAFETY: no unit behind the zero is read.
        let unit = unsafe { *pointer.add(index) };
        if unit == 0 {
            break;
        }
        units.push(unit);
    }
    text(&units)
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn every_text_comes_back(given in "[^\0]*") {
            let given = given.trim_end_matches(' ');

            proptest::prop_assert_eq!(text(&zero_ended(given)), given);
        }
    }

    #[test]
    fn blanks_behind_do_not_count_and_half_a_pair_is_no_text() {
        assert_eq!(text(&units("REBAR-16    ")), "REBAR-16");
        assert_eq!(text(&[0x41, 0xD83D, 0x42]), "A\u{fffd}B");
    }
}
