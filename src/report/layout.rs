//! Where everything stands: pages of texts and rules, A4 across.

use super::font::Fonts;
use super::{Report, Section};
use crate::present::figure;
use crate::present::sheet::{ColumnKind, Sheet};

/// A4 across, in points.
pub const PAGE: (f32, f32) = (841.89, 595.28);
const MARGIN: f32 = 40.0;
const FOOT: f32 = 30.0;
const TITLE: f32 = 20.0;
const HEADING: f32 = 13.0;
const WORDS: f32 = 9.5;
const CELL: f32 = 7.5;
/// Lines stand so many times their size apart.
const LEADING: f32 = 1.35;
const GAP: f32 = 6.0;
/// No column of words is wider than this share of the page before it wraps.
const WIDEST: f32 = 0.34;
/// No word keeps a column wider than this share of the page.
const WORD_WIDEST: f32 = 0.12;

/// What is drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// A text from its left end on the baseline.
    Text {
        /// From the left.
        x: f32,
        /// From the top.
        y: f32,
        /// Size.
        size: f32,
        /// Weight.
        bold: bool,
        /// What it says.
        text: String,
    },
    /// A thin line across.
    Rule {
        /// Left end.
        from: f32,
        /// Right end.
        to: f32,
        /// From the top.
        y: f32,
    },
}

/// The pages of a report.
pub fn pages(report: &Report, fonts: &Fonts) -> Vec<Vec<Mark>> {
    let mut sheet = Paper { fonts, pages: vec![Vec::new()], y: MARGIN };
    sheet.text(&report.title, TITLE, true, 0.0);
    sheet.y += 8.0;
    let names = report.about.iter().map(|(name, _)| fonts.width(name, true) * WORDS);
    let indent = names.fold(0.0, f32::max) + 14.0;
    for (name, value) in &report.about {
        sheet.named(name, value, indent);
    }
    for section in &report.sections {
        sheet.section(section);
    }
    let all = sheet.pages.len();
    let mut pages = sheet.pages;
    for (number, page) in (1..).zip(&mut pages) {
        let y = PAGE.1 - FOOT + 12.0;
        page.push(Mark::Rule { from: MARGIN, to: PAGE.0 - MARGIN, y: y - CELL - 3.0 });
        let text = report.foot.clone();
        page.push(Mark::Text { x: MARGIN, y, size: CELL, bold: false, text });
        let text = format!("{number} of {all}");
        let x = PAGE.0 - MARGIN - fonts.width(&text, false) * CELL;
        page.push(Mark::Text { x, y, size: CELL, bold: false, text });
    }
    pages
}

struct Paper<'a> {
    fonts: &'a Fonts,
    pages: Vec<Vec<Mark>>,
    y: f32,
}

impl Paper<'_> {
    fn room(&self) -> f32 {
        PAGE.1 - MARGIN - FOOT - self.y
    }

    fn turn(&mut self) {
        self.pages.push(Vec::new());
        self.y = MARGIN;
    }

    fn put(&mut self, mark: Mark) {
        self.pages.last_mut().expect("a report has a page").push(mark);
    }

    /// Lines of a text, each on its own baseline.
    fn text(&mut self, text: &str, size: f32, bold: bool, indent: f32) {
        let width = PAGE.0 - 2.0 * MARGIN - indent;
        for line in wrapped(self.fonts, text, size, bold, width) {
            if self.room() < size * LEADING {
                self.turn();
            }
            self.y += size * LEADING;
            let (x, y) = (MARGIN + indent, self.y);
            self.put(Mark::Text { x, y, size, bold, text: line });
        }
    }

    fn named(&mut self, name: &str, value: &str, indent: f32) {
        if self.room() < WORDS * LEADING {
            self.turn();
        }
        let y = self.y + WORDS * LEADING;
        self.put(Mark::Text { x: MARGIN, y, size: WORDS, bold: true, text: name.to_owned() });
        self.text(value, WORDS, false, indent);
    }

    fn section(&mut self, section: &Section) {
        let rows = section.table.as_ref().filter(|table| !table.rows.is_empty());
        // A heading does not stand alone at the end of a page.
        let with = if rows.is_some() { 4.0 * CELL * LEADING } else { WORDS * LEADING };
        if self.room() < 20.0 + HEADING * LEADING + with {
            self.turn();
        } else {
            self.y += 14.0;
        }
        self.text(&section.heading, HEADING, true, 0.0);
        self.y += 3.0;
        for words in &section.words {
            self.text(words, WORDS, false, 0.0);
        }
        if let Some(table) = rows {
            self.y += 4.0;
            self.table(table);
        }
    }

    fn table(&mut self, table: &Sheet) {
        let cells: Vec<Vec<String>> = table.rows.iter().map(|row| shown(table, row)).collect();
        let heads: Vec<String> = table.columns.iter().map(|column| column.head()).collect();
        let widths = self.widths(table, &heads, &cells);
        let heads = self.lines(&heads, &widths, true);
        self.heads(table, &heads, &widths);
        for row in &cells {
            let row = self.lines(row, &widths, false);
            if self.room() < height(&row) {
                self.turn();
                self.heads(table, &heads, &widths);
            }
            let most = row.iter().map(Vec::len).max().unwrap_or(0);
            for number in 0..most {
                // Only a row that is longer than a page gets here without room.
                if self.room() < CELL * LEADING {
                    self.turn();
                    self.heads(table, &heads, &widths);
                }
                self.line(table, &row, number, &widths, false);
            }
            self.y += 2.0;
        }
    }

    /// As wide as their content; what words take too much is wrapped.
    fn widths(&self, table: &Sheet, heads: &[String], cells: &[Vec<String>]) -> Vec<f32> {
        let page = PAGE.0 - 2.0 * MARGIN;
        let free = page - GAP * (heads.len() - 1) as f32;
        let widest = |at: usize, part: fn(&str) -> Vec<&str>| {
            let head = part(&heads[at]).into_iter().map(|text| self.fonts.width(text, true));
            let texts = cells.iter().flat_map(|row| part(&row[at]));
            let body = texts.map(|text| self.fonts.width(text, false));
            head.chain(body).fold(0.0, f32::max) * CELL
        };
        let words: fn(&str) -> Vec<&str> = |text| text.split_whitespace().collect();
        let whole: fn(&str) -> Vec<&str> = |text| vec![text];
        let mut widths: Vec<f32> = Vec::new();
        let mut least: Vec<[f32; 2]> = Vec::new();
        for (at, column) in table.columns.iter().enumerate() {
            let number = column.kind == ColumnKind::Number;
            let body = cells.iter().map(|row| self.fonts.width(&row[at], false) * CELL);
            let body = body.fold(0.0, f32::max);
            let head = widest(at, words).min(page * WIDEST);
            let want = if number { body.max(head) } else { widest(at, whole) };
            widths.push(want.min(page * WIDEST).max(head) + 0.5);
            // A date or a short code stays whole; where even that is too much, words are broken.
            let word = widest(at, words).min(page * WORD_WIDEST).min(want);
            least.push([if number { want } else { word } + 0.5, if number { want } else { 12.0 }]);
        }
        for step in 0..2 {
            let sum: f32 = widths.iter().sum();
            let give = widths.iter().zip(&least).map(|(w, least)| (w - least[step]).max(0.0));
            let give: f32 = give.sum();
            let share = ((sum - free) / give.max(1.0)).clamp(0.0, 1.0);
            for (width, least) in widths.iter_mut().zip(&least) {
                *width -= (*width - least[step]).max(0.0) * share;
            }
        }
        widths
    }

    /// The lines of each cell.
    fn lines(&self, row: &[String], widths: &[f32], bold: bool) -> Vec<Vec<String>> {
        let cells = row.iter().zip(widths);
        cells.map(|(text, width)| wrapped(self.fonts, text, CELL, bold, *width)).collect()
    }

    fn heads(&mut self, table: &Sheet, heads: &[Vec<String>], widths: &[f32]) {
        for number in 0..heads.iter().map(Vec::len).max().unwrap_or(0) {
            self.line(table, heads, number, widths, true);
        }
        self.y += 3.0;
        let to = MARGIN + widths.iter().sum::<f32>() + GAP * (widths.len() - 1) as f32;
        self.put(Mark::Rule { from: MARGIN, to, y: self.y });
        self.y += 1.0;
    }

    /// Line `number` of every cell of a row.
    fn line(
        &mut self,
        table: &Sheet,
        row: &[Vec<String>],
        number: usize,
        widths: &[f32],
        bold: bool,
    ) {
        self.y += CELL * LEADING;
        let mut x = MARGIN;
        for ((lines, width), column) in row.iter().zip(widths).zip(&table.columns) {
            if let Some(text) = lines.get(number) {
                let taken = self.fonts.width(text, bold) * CELL;
                let right = column.kind == ColumnKind::Number;
                let x = if right { x + width - taken } else { x };
                self.put(Mark::Text { x, y: self.y, size: CELL, bold, text: text.clone() });
            }
            x += width + GAP;
        }
    }
}

/// Points that a row takes.
fn height(row: &[Vec<String>]) -> f32 {
    let lines = row.iter().map(Vec::len).max().unwrap_or(0);
    lines as f32 * CELL * LEADING + 2.0
}

/// Cells as people read them: numbers with thousands apart and the decimals of their column.
fn shown(table: &Sheet, row: &[String]) -> Vec<String> {
    let cells = row.iter().zip(&table.columns);
    cells
        .map(|(cell, column)| match (column.kind, cell.parse()) {
            (ColumnKind::Number, Ok(value)) => {
                figure::decimal(value, u32::from(column.decimals.unwrap_or(0)))
            }
            _ => cell.clone(),
        })
        .collect()
}

/// Lines of a text that are no wider than `width`. A word that is wider is broken.
fn wrapped(fonts: &Fonts, text: &str, size: f32, bold: bool, width: f32) -> Vec<String> {
    let fits = |text: &str| fonts.width(text, bold) * size <= width;
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if fits(&longer) {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for character in word.chars() {
            line.push(character);
            if !fits(&line) && line.chars().count() > 1 {
                line.pop();
                lines.push(std::mem::replace(&mut line, character.to_string()));
            }
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::present::sheet::Column;
    use proptest::prelude::*;

    fn report(rows: usize, text: &str) -> Report {
        let mut columns = vec![Column::text("what"), Column::number("carbon", "kgCO2e", 3)];
        columns.extend(["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"].map(Column::text));
        let mut table = Sheet::new("t", columns);
        for row in 0..rows {
            let mut cells = vec![format!("{text} {row}"), format!("{row}.5")];
            cells.extend((0..10).map(|cell| text.chars().skip(cell).take(50).collect()));
            table.row(cells);
        }
        Report {
            title: "Report".to_owned(),
            period: "2018-09".to_owned(),
            about: vec![("Plant".to_owned(), "1010".to_owned())],
            sections: vec![Section::new("Table", &[text.to_owned()], Some(table))],
            foot: "foot".to_owned(),
            made: "2018-10-01T00:00:00Z".to_owned(),
        }
    }

    #[test]
    fn a_long_table_goes_on_under_its_heads_and_every_page_has_its_number() {
        let fonts = Fonts::new(None).unwrap();
        let pages = pages(&report(200, "a source"), &fonts);
        let heads = |page: &Vec<Mark>| {
            let is = |m: &&Mark| matches!(m, Mark::Text { text, bold: true, .. } if text == "what");
            page.iter().filter(is).count()
        };

        assert!(pages.len() > 2);
        assert!(pages.iter().all(|page| heads(page) == 1));
        let number = format!("2 of {}", pages.len());
        assert!(pages[1].iter().any(|m| matches!(m, Mark::Text { text, .. } if *text == number)));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
        #[test]
        fn nothing_stands_outside_of_the_page_and_no_word_is_lost(
            words in prop::collection::vec("[a-zA-Z0-9/.-]{1,60}", 1..40), rows in 0usize..30,
        ) {
            let fonts = Fonts::new(None).unwrap();
            let text = words.join(" ");
            let pages = pages(&report(rows, &text), &fonts);
            let mut said = String::new();
            for mark in pages.iter().flatten() {
                if let Mark::Text { x, y, size, bold, text } = mark {
                    prop_assert!(*x >= MARGIN - 0.1 && *y <= PAGE.1 - 10.0);
                    prop_assert!(x + fonts.width(text, *bold) * size <= PAGE.0 - MARGIN + 1.0, "{text}");
                    said.push_str(text);
                }
            }
            let squeezed: String = text.split_whitespace().collect();
            let said: String = said.split_whitespace().collect();
            prop_assert!(said.contains(&squeezed));
        }
    }
}
