//! A table that somebody filled in, XLSX or CSV, as rows of texts. It comes from outside: its size,
//! its rows and what it unpacks to have limits, and nothing in it is calculated.

use std::io::{Cursor, Read, sink};

use crate::said;
use crate::said::Said;
use crate::words_by_said;
use calamine::{DataRef, ExcelDateTime, Reader, Xlsx};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

/// Longest file, in bytes.
pub const BYTES_MAX: usize = 10 * 1024 * 1024;
/// Most bytes that a workbook unpacks to.
const UNPACKED_MAX: u64 = 200 * 1024 * 1024;
/// Most rows under the heads.
pub const ROWS_MAX: usize = 20_000;
/// Most columns.
const COLUMNS_MAX: usize = 64;
/// Longest text of a cell.
const TEXT_MAX: usize = 1_000;
/// Digits that a spreadsheet keeps of a number.
const DIGITS: u32 = 15;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SheetForm {
    /// Office Open XML workbook (ISO/IEC 29500); its first sheet counts.
    Xlsx,
    /// Text separated by commas, semicolons or tabs, in UTF-8.
    Csv,
}

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// As text; a number as decimal with a point, a date as `2018-09-30T00:15:00`, nothing as `""`.
    Value(String),
    /// A formula: what it shows depends on who opened it last.
    Formula,
}

/// A row as it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number in the file; the heads are row 1 of most.
    pub number: usize,
    /// Its cells; those at the end may be missing.
    pub cells: Vec<Cell>,
}

/// A table: the first row that is not empty has the heads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetFile {
    /// Heads, as written.
    pub heads: Vec<String>,
    /// Rows that are not empty.
    pub rows: Vec<Row>,
    /// Whether numbers are written with a comma: a CSV file with semicolons.
    pub decimal_comma: bool,
}

/// Why a file cannot be used. Nothing of it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SheetFileError {
    /// It is something else.
    Form {
        /// `XLSX workbook`, `CSV text`.
        wanted: &'static str,
        /// What it is instead, and what to do.
        what: String,
    },
    /// It is larger than is read.
    Size {
        /// What is too much.
        of: &'static str,
        /// Limit.
        max: u64,
    },
    /// It has no heads, or nothing under them.
    Empty,
}

impl SheetFileError {
    /// What happened, with what it is made of.
    pub fn said(&self) -> Said {
        match self {
            Self::Form { wanted, what } => said!(
                "upload.form",
                "UPLOAD-FORM: the file is no {wanted}: {what}. Nothing was taken from it.",
                wanted = wanted,
                what = what
            ),
            Self::Size { of, max } => said!(
                "upload.size",
                "UPLOAD-SIZE: the file has more than {max} {of}; send it in parts. Nothing was taken from it.",
                max = max,
                of = of
            ),
            Self::Empty => said!(
                "upload.empty",
                "UPLOAD-EMPTY: the file has no row under its heads; fill in the table that the page hands out. \
                 Nothing was taken from it."
            ),
        }
    }
}

words_by_said!(SheetFileError);

fn too_large(of: &'static str, max: usize) -> SheetFileError {
    SheetFileError::Size { of, max: max as u64 }
}

/// Reads the table of a file.
///
/// # Errors
///
/// [`SheetFileError`].
pub fn read_sheet(bytes: &[u8], form: SheetForm) -> Result<SheetFile, SheetFileError> {
    if bytes.len() > BYTES_MAX {
        return Err(too_large("bytes", BYTES_MAX));
    }
    let (mut rows, decimal_comma) = match form {
        SheetForm::Xlsx => (workbook(bytes)?, false),
        SheetForm::Csv => separated(bytes)?,
    };
    rows.retain(|row| row.cells.iter().any(|cell| *cell != Cell::Value(String::new())));
    if rows.len() < 2 {
        return Err(SheetFileError::Empty);
    }
    let text = |cell: Cell| match cell {
        Cell::Value(text) => text,
        Cell::Formula => String::new(),
    };
    let heads = rows.remove(0).cells.into_iter().map(text).collect();
    Ok(SheetFile { heads, rows, decimal_comma })
}

fn no_workbook(what: impl ToString) -> SheetFileError {
    SheetFileError::Form { wanted: "XLSX workbook", what: what.to_string() }
}

fn workbook(bytes: &[u8]) -> Result<Vec<Row>, SheetFileError> {
    if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return Err(no_workbook(
            "it is an old .xls or has a password; save it as .xlsx without one",
        ));
    }
    if !bytes.starts_with(b"PK") {
        return Err(no_workbook("it does not begin as one; save it as .xlsx, or send it as .csv"));
    }
    unpacked(bytes)?;
    let broken =
        |error: calamine::XlsxError| no_workbook(format!("{error}; save it again as .xlsx"));
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(broken)?;
    let first = book.sheet_names().into_iter().next();
    let first = first.ok_or_else(|| no_workbook("it has no sheet"))?;
    // Cell by cell: a table of a sheet whose last cell is filled would have 17,000,000,000 cells.
    let mut cells = book.worksheet_cells_reader(&first).map_err(broken)?;
    let mut rows: Vec<Row> = Vec::new();
    while let Some(cell) = cells.next_cell_with_formula().map_err(broken)? {
        let is_formula = cell.formula.is_some();
        if !is_formula && cell.value == DataRef::Empty {
            continue;
        }
        let (number, column) = (cell.pos.0 as usize + 1, cell.pos.1 as usize);
        if column >= COLUMNS_MAX {
            return Err(too_large("columns", COLUMNS_MAX));
        }
        if rows.last().is_none_or(|row| row.number != number) {
            if rows.len() > ROWS_MAX {
                return Err(too_large("rows", ROWS_MAX));
            }
            rows.push(Row { number, cells: Vec::new() });
        }
        let Some(row) = rows.last_mut() else { continue };
        if row.cells.len() <= column {
            row.cells.resize(column + 1, Cell::Value(String::new()));
        }
        row.cells[column] =
            if is_formula { Cell::Formula } else { Cell::Value(short(text_of(&cell.value))?) };
    }
    Ok(rows)
}

/// Unpacks every part once to count it: what the file says of its own size may be a lie.
fn unpacked(bytes: &[u8]) -> Result<(), SheetFileError> {
    let broken = |error: zip::result::ZipError| no_workbook(format!("{error}; send it again"));
    let mut parts = zip::ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    let mut left = UNPACKED_MAX;
    for at in 0..parts.len() {
        let part = parts.by_index(at).map_err(broken)?;
        let read = std::io::copy(&mut part.take(left + 1), &mut sink());
        let read = read.map_err(|error| no_workbook(format!("{error}; send it again")))?;
        left = left
            .checked_sub(read)
            .ok_or(SheetFileError::Size { of: "bytes when it is unpacked", max: UNPACKED_MAX })?;
    }
    Ok(())
}

fn text_of(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(whole) => whole.to_string(),
        DataRef::Float(number) => number_text(*number),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            text.trim().to_owned()
        }
        DataRef::SharedString(text) => text.trim().to_owned(),
        DataRef::Bool(truth) => truth.to_string(),
        DataRef::DateTime(date) => date_text(*date),
        DataRef::Error(error) => error.to_string(),
        DataRef::Empty => String::new(),
    }
}

/// A number as the sheet shows it: binary places beyond what a spreadsheet keeps are none of its own.
fn number_text(number: f64) -> String {
    let kept = Decimal::from_f64(number).and_then(|number| number.round_sf(DIGITS));
    kept.map_or_else(|| number.to_string(), |number| number.normalize().to_string())
}

fn date_text(date: ExcelDateTime) -> String {
    if date.is_duration() {
        return number_text(date.as_f64());
    }
    // A quarter of an hour is no finite part of a day: the nearest second is meant.
    let (year, month, day, hour, minute, second, milli) = date.to_ymd_hms_milli();
    let Ok(at) = jiff::civil::DateTime::new(
        i16::try_from(year).unwrap_or(i16::MAX),
        i8::try_from(month).unwrap_or_default(),
        i8::try_from(day).unwrap_or_default(),
        i8::try_from(hour).unwrap_or_default(),
        i8::try_from(minute).unwrap_or_default(),
        i8::try_from(second).unwrap_or_default(),
        i32::from(milli) * 1_000_000,
    ) else {
        return number_text(date.as_f64());
    };
    at.round(jiff::Unit::Second).unwrap_or(at).to_string()
}

fn short(text: String) -> Result<String, SheetFileError> {
    if text.chars().count() > TEXT_MAX {
        return Err(too_large("characters in a cell", TEXT_MAX));
    }
    Ok(text)
}

fn separated(bytes: &[u8]) -> Result<(Vec<Row>, bool), SheetFileError> {
    let no_text = |what: String| SheetFileError::Form { wanted: "CSV text", what };
    if bytes.starts_with(b"PK") {
        return Err(no_text("it is a workbook; send it as .xlsx".to_owned()));
    }
    let text = str::from_utf8(bytes)
        .map_err(|error| no_text(format!("{error}; save it as CSV UTF-8")))?
        .trim_start_matches('\u{feff}');
    let heads = text.lines().next().unwrap_or_default();
    let count = |mark: char| heads.matches(mark).count();
    let by = [',', ';', '\t'].into_iter().max_by_key(|mark| (count(*mark), *mark == ','));
    let by = by.unwrap_or(',');
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(by as u8)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    let (mut line, mut counted) = (1, 0);
    for record in reader.records() {
        let record = record.map_err(|error| no_text(error.to_string()))?;
        // Where lines end with CR and LF, a record is said to begin before the LF, on the line before.
        let at = record.position().map_or(counted, |at| at.byte() as usize);
        let ends = text[at..].bytes().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        line += text[counted..at + ends].matches('\n').count();
        counted = at + ends;
        if record.len() > COLUMNS_MAX {
            return Err(too_large("columns", COLUMNS_MAX));
        }
        if rows.len() > ROWS_MAX {
            return Err(too_large("rows", ROWS_MAX));
        }
        let cell = |text: &str| {
            // Our own tables put a quote in front of what a spreadsheet would calculate with.
            let text = text.trim();
            let text = text.strip_prefix('\'').unwrap_or(text);
            if text.starts_with('=') {
                Ok(Cell::Formula)
            } else {
                short(text.to_owned()).map(Cell::Value)
            }
        };
        let cells = record.iter().map(cell).collect::<Result<_, _>>()?;
        rows.push(Row { number: line, cells });
    }
    Ok((rows, by == ';'))
}

#[cfg(test)]
mod tests {
    use rust_xlsxwriter::{ExcelDateTime as Date, Format, Formula, Workbook};

    use super::*;

    fn value(text: &str) -> Cell {
        Cell::Value(text.to_owned())
    }

    fn book(fill: impl FnOnce(&mut rust_xlsxwriter::Worksheet)) -> Vec<u8> {
        let mut book = Workbook::new();
        fill(book.add_worksheet());
        book.save_to_buffer().unwrap()
    }

    #[test]
    fn numbers_dates_texts_and_formulas_of_a_workbook_are_told_apart() {
        let bytes = book(|sheet| {
            sheet.write(0, 0, "finding").unwrap();
            sheet.write(0, 1, "energy").unwrap();
            sheet.write(2, 0, " a1 ").unwrap();
            sheet.write(2, 1, 0.1 + 0.2).unwrap();
            let date = Date::parse_from_str("2018-09-30 00:15:00").unwrap();
            sheet
                .write_with_format(2, 2, &date, &Format::new().set_num_format("yyyy-mm-dd hh:mm"))
                .unwrap();
            sheet.write(2, 3, Formula::new("=1+1").set_result("2")).unwrap();
        });

        let file = read_sheet(&bytes, SheetForm::Xlsx).unwrap();

        assert_eq!(file.heads, ["finding", "energy"]);
        let cells = vec![value("a1"), value("0.3"), value("2018-09-30T00:15:00"), Cell::Formula];
        assert_eq!(file.rows, [Row { number: 3, cells }]);
    }

    #[test]
    fn a_text_file_is_read_with_its_own_separator() {
        let semicolons = "\u{feff}finding;energy\r\na1;12,5\r\n;\r\nb2;=1+1\r\n";

        let file = read_sheet(semicolons.as_bytes(), SheetForm::Csv).unwrap();

        assert!(file.decimal_comma);
        let rows = [(2, vec![value("a1"), value("12,5")]), (4, vec![value("b2"), Cell::Formula])];
        assert_eq!(file.rows, rows.map(|(number, cells)| Row { number, cells }));
        let commas = read_sheet(b"finding,energy\na1,12.5\n", SheetForm::Csv).unwrap();
        assert_eq!(commas.rows[0].cells, [value("a1"), value("12.5")]);
        assert!(!commas.decimal_comma);
    }

    #[test]
    fn what_is_no_workbook_is_named() {
        let told = |bytes: &[u8]| read_sheet(bytes, SheetForm::Xlsx).unwrap_err().to_string();
        let good = book(|sheet| {
            sheet.write(0, 0, "finding").unwrap();
        });

        assert!(told(b"finding,energy\n").contains("UPLOAD-FORM"));
        assert!(told(b"\xd0\xcf\x11\xe0\xa1\xb1").contains("old .xls or has a password"));
        assert!(told(&good[..good.len() / 2]).contains("UPLOAD-FORM"));
        assert!(told(&good).contains("UPLOAD-EMPTY"));
        let workbook_as_text = read_sheet(&good, SheetForm::Csv).unwrap_err();
        assert!(workbook_as_text.to_string().contains("send it as .xlsx"));
        let latin = read_sheet(b"finding\nb\xfcro\n", SheetForm::Csv).unwrap_err();
        assert!(latin.to_string().contains("UTF-8"));
    }

    #[test]
    fn a_workbook_that_is_larger_than_it_looks_is_left_alone() {
        use std::io::Write;
        let mut bomb = zip::ZipWriter::new(Cursor::new(Vec::new()));
        bomb.start_file("xl/sharedStrings.xml", zip::write::SimpleFileOptions::default()).unwrap();
        let zeros = vec![0_u8; 1 << 20];
        for _ in 0..=UNPACKED_MAX >> 20 {
            bomb.write_all(&zeros).unwrap();
        }
        let bomb = bomb.finish().unwrap().into_inner();
        let wide = book(|sheet| {
            sheet.write(1_048_575, 16_383, 1).unwrap();
        });
        let long = "a\n".repeat(ROWS_MAX + 2);

        assert!(bomb.len() < BYTES_MAX, "{}", bomb.len());
        let told = |bytes: &[u8], form| read_sheet(bytes, form).unwrap_err().to_string();
        assert!(told(&bomb, SheetForm::Xlsx).contains("bytes when it is unpacked"));
        assert!(told(&wide, SheetForm::Xlsx).contains("64 columns"));
        assert!(told(long.as_bytes(), SheetForm::Csv).contains("20000 rows"));
        assert!(told(&vec![b'a'; BYTES_MAX + 1], SheetForm::Csv).contains("bytes"));
    }
}
