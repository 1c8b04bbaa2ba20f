//! ABAP types as the library numbers them.

/// `RFCTYPE`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Char,
    Date,
    Bcd,
    Time,
    Byte,
    Table,
    Num,
    Float,
    Int,
    Int2,
    Int1,
    Structure,
    Decf16,
    Decf34,
    String,
    XString,
    Int8,
    UtcLong,
}

impl Kind {
    /// Every number that is understood, with the name that the library must give it.
    pub const NAMES: [(i32, &'static str); 18] = [
        (0, "RFCTYPE_CHAR"),
        (1, "RFCTYPE_DATE"),
        (2, "RFCTYPE_BCD"),
        (3, "RFCTYPE_TIME"),
        (4, "RFCTYPE_BYTE"),
        (5, "RFCTYPE_TABLE"),
        (6, "RFCTYPE_NUM"),
        (7, "RFCTYPE_FLOAT"),
        (8, "RFCTYPE_INT"),
        (9, "RFCTYPE_INT2"),
        (10, "RFCTYPE_INT1"),
        (17, "RFCTYPE_STRUCTURE"),
        (23, "RFCTYPE_DECF16"),
        (24, "RFCTYPE_DECF34"),
        (29, "RFCTYPE_STRING"),
        (30, "RFCTYPE_XSTRING"),
        (31, "RFCTYPE_INT8"),
        (32, "RFCTYPE_UTCLONG"),
    ];

    /// The type with this number; `None` for those that no function module of ours has.
    pub fn of(number: i32) -> Option<Self> {
        Some(match number {
            0 => Self::Char,
            1 => Self::Date,
            2 => Self::Bcd,
            3 => Self::Time,
            4 => Self::Byte,
            5 => Self::Table,
            6 => Self::Num,
            7 => Self::Float,
            8 => Self::Int,
            9 => Self::Int2,
            10 => Self::Int1,
            17 => Self::Structure,
            23 => Self::Decf16,
            24 => Self::Decf34,
            29 => Self::String,
            30 => Self::XString,
            31 => Self::Int8,
            32 => Self::UtcLong,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_say_the_same() {
        for (number, name) in Kind::NAMES {
            let kind = format!("{:?}", Kind::of(number).unwrap()).to_uppercase();
            assert_eq!(name.trim_start_matches("RFCTYPE_"), kind);
        }
        assert_eq!(Kind::of(16), None, "an ABAP object");
    }
}
