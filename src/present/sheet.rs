//! A table of the page or of a report: the twin of every chart, and what people take along as CSV
//! or XLSX.

use std::collections::BTreeMap;

use rust_xlsxwriter::{Format, Workbook, XlsxError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::said::Said;

/// What stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Words.
    Text,
    /// A number, as a decimal text: `1234.567`.
    Number,
    /// An instant in UTC, as RFC 3339.
    Instant,
    /// A key of our own, which the page translates: `measured`, `OPEN`.
    Key,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Column {
    /// Its key, which the page translates.
    pub key: &'static str,
    /// What stands in it.
    pub kind: ColumnKind,
    /// Unit of its numbers, as `kgCO2e`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Decimals that people want to see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimals: Option<u8>,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Sheet {
    /// Its name.
    pub name: String,
    /// Columns.
    pub columns: Vec<Column>,
    /// Rows that were asked for; a cell that is empty is not known.
    pub rows: Vec<Vec<String>>,
    /// Rows in all.
    pub total: usize,
    /// Place of the first row of the next page, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<usize>,
    /// Sentences of the program among the cells, by their English text, with what they are made of.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = std::collections::HashMap<String, Object>)]
    pub said: BTreeMap<String, Said>,
}

impl Sheet {
    /// A table without rows.
    pub fn new(name: &str, columns: Vec<Column>) -> Self {
        let (rows, said) = (Vec::new(), BTreeMap::new());
        Self { name: name.to_owned(), columns, rows, total: 0, next: None, said }
    }

    /// The cell of a sentence, whose facts go with the table.
    pub fn cell(&mut self, said: &Said) -> String {
        if said.key.is_some() {
            self.said.insert(said.text.clone(), said.clone());
        }
        said.text.clone()
    }

    /// Adds a row; it has a cell for each column.
    pub fn row(&mut self, cells: Vec<String>) {
        debug_assert_eq!(cells.len(), self.columns.len(), "{}", self.name);
        self.rows.push(cells);
        self.total += 1;
    }

    /// The rows that contain `text` somewhere, sorted by a column if one is named.
    #[must_use]
    pub fn filtered(mut self, text: Option<&str>, sort: Option<&str>, descending: bool) -> Self {
        if let Some(text) = text.map(str::to_lowercase).filter(|text| !text.is_empty()) {
            self.rows.retain(|row| row.iter().any(|cell| cell.to_lowercase().contains(&text)));
            self.total = self.rows.len();
        }
        let at = sort.and_then(|key| self.columns.iter().position(|column| column.key == key));
        if let Some(at) = at {
            if self.columns[at].kind == ColumnKind::Number {
                let number =
                    |row: &Vec<String>| row[at].parse::<f64>().unwrap_or(f64::NEG_INFINITY);
                self.rows.sort_by(|a, b| number(a).total_cmp(&number(b)));
            } else {
                self.rows.sort_by(|a, b| a[at].cmp(&b[at]));
            }
            if descending {
                self.rows.reverse();
            }
        }
        self
    }

    /// One page of it.
    #[must_use]
    pub fn page(mut self, after: usize, limit: usize) -> Self {
        let end = after.saturating_add(limit).min(self.rows.len());
        self.next = (end < self.rows.len()).then_some(end);
        self.rows = self.rows.drain(after.min(end)..end).collect();
        let rows = &self.rows;
        self.said.retain(|text, _| rows.iter().flatten().any(|cell| cell == text));
        self
    }

    /// RFC 4180, UTF-8. A cell that a spreadsheet would calculate with gets a quote in front.
    pub fn csv(&self) -> String {
        let mut writer =
            csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        let heads = self.columns.iter().map(Column::head);
        // A Vec takes every byte.
        let _ = writer.write_record(heads);
        for row in &self.rows {
            let cells = row.iter().zip(&self.columns).map(|(cell, column)| {
                let dangerous = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
                let text = column.kind != ColumnKind::Number && dangerous;
                if text { format!("'{cell}") } else { cell.clone() }
            });
            let _ = writer.write_record(cells);
        }
        String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
    }

    /// A workbook with one sheet.
    ///
    /// # Errors
    ///
    /// [`XlsxError`] if it has more rows than a sheet can.
    pub fn xlsx(&self) -> Result<Vec<u8>, XlsxError> {
        let mut book = Workbook::new();
        self.write(&mut book)?;
        book.save_to_buffer()
    }

    /// Adds it to a workbook.
    ///
    /// # Errors
    ///
    /// [`XlsxError`] if it has more rows than a sheet can.
    pub fn write(&self, book: &mut Workbook) -> Result<(), XlsxError> {
        let sheet = book.add_worksheet();
        sheet.set_name(self.name.chars().take(31).collect::<String>())?;
        let head = Format::new().set_bold();
        for (at, column) in (0_u16..).zip(&self.columns) {
            sheet.write_with_format(0, at, column.head(), &head)?;
            let decimals = usize::from(column.decimals.unwrap_or(0));
            let form = if decimals == 0 {
                "#,##0".to_owned()
            } else {
                format!("#,##0.{}", "0".repeat(decimals))
            };
            let number = Format::new().set_num_format(form);
            for (line, row) in (1_u32..).zip(&self.rows) {
                let cell = &row[usize::from(at)];
                match (column.kind, cell.parse::<f64>()) {
                    (ColumnKind::Number, Ok(value)) => {
                        sheet.write_with_format(line, at, value, &number)?;
                    }
                    _ if cell.is_empty() => {}
                    _ => {
                        sheet.write_string(line, at, cell)?;
                    }
                }
            }
        }
        sheet.set_freeze_panes(1, 0)?;
        sheet.autofit();
        Ok(())
    }
}

impl Column {
    /// A column of words.
    pub const fn text(key: &'static str) -> Self {
        Self { key, kind: ColumnKind::Text, unit: None, decimals: None }
    }

    /// A column of our own keys.
    pub const fn key(key: &'static str) -> Self {
        Self { key, kind: ColumnKind::Key, unit: None, decimals: None }
    }

    /// A column of instants.
    pub const fn instant(key: &'static str) -> Self {
        Self { key, kind: ColumnKind::Instant, unit: None, decimals: None }
    }

    /// A column of numbers in a unit; `""` for none.
    pub fn number(key: &'static str, unit: &str, decimals: u8) -> Self {
        let unit = (!unit.is_empty()).then(|| unit.to_owned());
        Self { key, kind: ColumnKind::Number, unit, decimals: Some(decimals) }
    }

    /// What stands above it.
    pub fn head(&self) -> String {
        let name = self.key.replace('_', " ");
        self.unit.as_ref().map_or_else(|| name.clone(), |unit| format!("{name} [{unit}]"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet() -> Sheet {
        let columns = vec![Column::text("who"), Column::number("carbon", "kgCO2e", 1)];
        let mut sheet = Sheet::new("test", columns);
        for (who, carbon) in [("b", "10.5"), ("a", "9.0"), ("=c()", "-1")] {
            sheet.row(vec![who.to_owned(), carbon.to_owned()]);
        }
        sheet
    }

    #[test]
    fn numbers_are_sorted_as_numbers_and_pages_follow_each_other() {
        let first = sheet().filtered(None, Some("carbon"), false).page(0, 2);

        assert_eq!(first.rows[0][1], "-1");
        assert_eq!((first.rows.len(), first.total, first.next), (2, 3, Some(2)));
        let second = sheet().filtered(None, Some("carbon"), false).page(2, 2);
        assert_eq!((second.rows[0][1].as_str(), second.next), ("10.5", None));
        assert!(sheet().page(99, 2).rows.is_empty());
    }

    #[test]
    fn a_cell_that_a_spreadsheet_would_calculate_with_is_text() {
        let csv = sheet().csv();

        assert!(csv.starts_with("who,carbon [kgCO2e]\r\n"));
        assert!(csv.contains("'=c(),-1\r\n"), "{csv}");
    }

    #[test]
    fn a_workbook_is_one() {
        assert!(sheet().xlsx().unwrap().starts_with(b"PK"));
    }
}
