//! The report as a workbook: a sheet for each table, and one that says what it is.

use rust_xlsxwriter::{Format, Workbook, XlsxError};

use super::Report;

/// XLSX: `About` first, then each table under its name. Numbers are numbers.
///
/// # Errors
///
/// [`XlsxError`] if a table has more rows than a sheet can.
pub fn workbook(report: &Report) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let bold = Format::new().set_bold();
    let about = book.add_worksheet();
    about.set_name("About")?;
    about.write_with_format(0, 0, &report.title, &bold)?;
    let mut line = 2;
    for (name, value) in &report.about {
        about.write_string(line, 0, name)?.write_string(line, 1, value)?;
        line += 1;
    }
    for section in &report.sections {
        if section.words.is_empty() {
            continue;
        }
        line += 1;
        about.write_with_format(line, 0, &section.heading, &bold)?;
        for words in &section.words {
            line += 1;
            about.write_string(line, 0, words)?;
        }
        line += 1;
    }
    about.set_column_width(0, 28)?;
    about.set_column_width(1, 72)?;
    for section in &report.sections {
        if let Some(table) = &section.table {
            table.write(&mut book)?;
        }
    }
    book.save_to_buffer()
}
