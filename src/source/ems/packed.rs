//! A row as one text.
//!
//! A driver takes a dozen calls and locks for each column of each row; a row that comes as one text takes
//! them once. SQLite writes a JSON array, which keeps apart what is a text, a number and no value, and writes
//! numbers as its driver would. PostgreSQL is quicker to put cells behind each other, separated.

use super::Dialect;
use super::catalog::Column;

/// Longest cell that is taken so.
const CELL_MAX: usize = 256;
/// What stands around a cell: two quotation marks and a comma.
const AROUND: usize = 3;
/// Between the cells of PostgreSQL: the unit separator, which no stamp, value or quality holds.
const SEPARATOR: u8 = 0x1F;
/// For a cell without a value of PostgreSQL: the record separator.
const MISSING: &[u8] = &[0x1E];
/// Types of PostgreSQL whose text is that of its driver; of truth values, times and padded texts it may not be.
const SAME_TEXT: [&str; 8] =
    ["numeric", "int2", "int4", "int8", "float4", "float8", "text", "varchar"];

/// How the cells of a packed row stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A JSON array.
    Json,
    /// With separators.
    Separated,
}

/// The form of a database and the expression that packs `cells`, of which `of` are those that its driver
/// writes; none where rows come by column.
pub(super) fn expression(
    dialect: Dialect,
    cells: &[String],
    of: &[Option<&Column>],
) -> Option<(Form, String)> {
    let has_same_text = |column: &Option<&Column>| {
        column.is_some_and(|column| SAME_TEXT.contains(&column.type_name.as_str()))
    };
    match dialect {
        Dialect::Sqlite => Some((Form::Json, format!("json_array({})", cells.join(", ")))),
        Dialect::Postgresql if of.iter().all(has_same_text) => {
            let cells = cells.iter().map(|cell| {
                let text = dialect.text(cell);
                format!("COALESCE({text}, CHR({}))", MISSING[0])
            });
            let between = format!(" || CHR({SEPARATOR}) || ");
            Some((Form::Separated, cells.collect::<Vec<_>>().join(&between)))
        }
        Dialect::Postgresql | Dialect::Mariadb => None,
    }
}

/// Bytes of the largest row of `cells` cells; escapes can make one longer, which is then read by column.
pub(super) fn most_bytes(cells: usize) -> usize {
    2 + cells * (CELL_MAX + AROUND)
}

/// The cells of one row after the other.
#[derive(Debug, Default)]
pub(super) struct Packed {
    /// The cells without quotation marks and escapes, one behind the other.
    bytes: Vec<u8>,
    /// Where each ends, and whether it is there.
    ends: Vec<(usize, bool)>,
}

impl Packed {
    /// Reads a row; one in another form has no cells.
    ///
    /// # Source
    ///
    /// RFC 8259, sections 5 to 7, for JSON.
    pub fn read(&mut self, form: Form, row: &[u8]) {
        self.bytes.clear();
        self.ends.clear();
        if form == Form::Separated {
            for cell in row.split(|byte| *byte == SEPARATOR) {
                let is_there = cell != MISSING;
                if is_there {
                    self.bytes.extend_from_slice(cell);
                }
                self.ends.push((self.bytes.len(), is_there));
            }
            return;
        }
        let inner = row.strip_prefix(b"[").and_then(|row| row.strip_suffix(b"]"));
        if inner.is_none_or(|inner| self.elements(inner).is_none()) {
            self.ends.clear();
        }
    }

    /// The cells of the row that was read. What is no text is shown as such, and refused where it
    /// matters; so is every cell of a row that has another number of them.
    pub fn cells(&self, count: usize) -> Vec<Option<&str>> {
        const DAMAGED: &str = "\u{FFFD}";
        if self.ends.len() != count {
            return vec![Some(DAMAGED); count];
        }
        let mut start = 0;
        let cell = |&(end, is_there): &(usize, bool)| {
            let bytes = &self.bytes[start..end];
            start = end;
            is_there.then(|| std::str::from_utf8(bytes).unwrap_or(DAMAGED))
        };
        self.ends.iter().map(cell).collect()
    }

    /// Whether a cell is longer than a text may be.
    pub fn has_long_cell(&self) -> bool {
        let mut start = 0;
        self.ends.iter().any(|&(end, _)| end - std::mem::replace(&mut start, end) > CELL_MAX)
    }

    fn elements(&mut self, mut rest: &[u8]) -> Option<()> {
        loop {
            if let Some(text) = rest.strip_prefix(b"\"") {
                rest = self.text(text)?;
                self.ends.push((self.bytes.len(), true));
            } else {
                let length = rest.iter().position(|byte| *byte == b',').unwrap_or(rest.len());
                let (number, behind) = rest.split_at(length);
                let is_there = number != b"null";
                if is_there {
                    self.bytes.extend_from_slice(number);
                }
                self.ends.push((self.bytes.len(), is_there));
                rest = behind;
            }
            match rest {
                [] => return Some(()),
                [b',', behind @ ..] => rest = behind,
                _ => return None,
            }
        }
    }

    /// Reads a text behind its opening quotation mark; what stands behind the closing one.
    fn text<'a>(&mut self, mut rest: &'a [u8]) -> Option<&'a [u8]> {
        loop {
            let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
            self.bytes.extend_from_slice(&rest[..plain]);
            rest = match &rest[plain..] {
                [b'"', behind @ ..] => return Some(behind),
                [b'\\', b'u', a, b, c, d, behind @ ..] => {
                    let digits = [*a, *b, *c, *d];
                    let digits = std::str::from_utf8(&digits).ok()?;
                    // SQLite writes control characters so, and nothing that needs two of them.
                    let sign = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
                    self.bytes.extend_from_slice(sign.encode_utf8(&mut [0; 4]).as_bytes());
                    behind
                }
                [b'\\', sign, behind @ ..] => {
                    self.bytes.push(match sign {
                        b'b' => 0x08,
                        b'f' => 0x0C,
                        b'n' => b'\n',
                        b'r' => b'\r',
                        b't' => b'\t',
                        b'"' | b'\\' | b'/' => *sign,
                        _ => return None,
                    });
                    behind
                }
                _ => return None,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(form: Form, row: &[u8], count: usize) -> Vec<Option<String>> {
        let mut packed = Packed::default();
        packed.read(form, row);
        packed.cells(count).into_iter().map(|cell| cell.map(str::to_owned)).collect()
    }

    #[test]
    fn texts_numbers_and_missing_values_come_as_sqlite_writes_them() {
        let database = rusqlite::Connection::open_in_memory().unwrap();
        let packed = |values: &str| -> Vec<u8> {
            let read = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
            let (_, array) = expression(Dialect::Sqlite, &[values.to_owned()], &[]).unwrap();
            let sql = format!("SELECT {array}");
            database.query_row(&sql, [], read).unwrap().into_bytes()
        };
        let text = |text: &str| Some(text.to_owned());

        assert_eq!(
            cells(Form::Json, &packed("'a,]\"[', 12.231, NULL, -7"), 4),
            [text("a,]\"["), text("12.231"), None, text("-7")]
        );
        assert_eq!(
            cells(
                Form::Json,
                &packed("'', 'null', 'Zähler €', char(1) || char(9) || '\\u0041'"),
                4
            ),
            [text(""), text("null"), text("Zähler €"), text("\u{1}\t\\u0041")]
        );
    }

    #[test]
    fn a_row_with_another_number_of_cells_or_in_another_form_is_damaged() {
        for row in [&b"[1,2,3]"[..], b"1,2", b"[\"1\",\"2]", b"[\"1\"2]", b"[\"\\x\",2]", b""] {
            assert_eq!(
                cells(Form::Json, row, 2),
                [Some("\u{FFFD}".to_owned()), Some("\u{FFFD}".to_owned())]
            );
        }
    }

    #[test]
    fn what_is_no_text_leaves_its_neighbours_alone() {
        let text = |text: &str| Some(text.to_owned());

        assert_eq!(
            cells(Form::Json, b"[\"a\",\"\xFF\",\"c\"]", 3),
            [text("a"), text("\u{FFFD}"), text("c")]
        );
    }

    #[test]
    fn separated_cells_are_texts_and_one_with_a_separator_in_it_damages_its_row() {
        let text = |text: &str| Some(text.to_owned());

        let row = cells(Form::Separated, "1\u{1F}\u{1F}\u{1E}\u{1F}Zähler".as_bytes(), 4);
        assert_eq!(row, [text("1"), text(""), None, text("Zähler")]);
        assert_eq!(cells(Form::Separated, b"1\x1F2\x1F3", 2), [text("\u{FFFD}"), text("\u{FFFD}")]);
    }

    #[test]
    fn columns_whose_text_may_differ_from_the_drivers_are_not_packed() {
        let column = |type_name: &str| Column::of("q", type_name);
        let (number, truth) = (column("numeric"), column("bool"));
        let names = ["\"v\"".to_owned()];

        let packed = expression(Dialect::Postgresql, &names, &[Some(&number)]);
        let sql = "COALESCE(CAST(\"v\" AS TEXT), CHR(30))".to_owned();
        assert_eq!(packed, Some((Form::Separated, sql)));
        assert_eq!(expression(Dialect::Postgresql, &names, &[Some(&truth)]), None);
        assert_eq!(expression(Dialect::Postgresql, &names, &[None]), None);
        assert_eq!(expression(Dialect::Mariadb, &names, &[Some(&number)]), None);
    }

    #[test]
    fn a_cell_may_be_as_long_as_a_column_of_its_own() {
        let mut packed = Packed::default();
        let mut is_long = |length: usize| {
            packed.read(Form::Json, format!("[1,\"{}\",2]", "x".repeat(length)).as_bytes());
            packed.has_long_cell()
        };

        assert!(!is_long(CELL_MAX) && is_long(CELL_MAX + 1));
    }
}
