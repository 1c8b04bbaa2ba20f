//! Rows on their way from the driver to the thread that reads them.

use std::sync::mpsc::{SyncSender, sync_channel};

use odbc_api::buffers::TextRowSet;

use super::packed::{Form, Packed};

/// Batches that may wait; the driver fetches on meanwhile.
const WAITING_MAX: usize = 4;
/// Marks a cell without a value.
const NULL: u32 = 1 << 31;

/// How the cells of a row come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Each as a column.
    Columns,
    /// So many as one text, see [`Packed`].
    Packed(Form, usize),
}

/// Rows of one fetch in one piece: a copy costs less than the driver's buffers standing still. Whether
/// they are text is looked at by the thread that reads them, since the driver waits for the other.
pub(super) struct Rows {
    bytes: Vec<u8>,
    /// Where each cell ends, row by row.
    ends: Vec<u32>,
    columns: usize,
    shape: Shape,
}

impl Rows {
    /// A copy of what was fetched.
    pub fn of(batch: &TextRowSet, shape: Shape) -> Self {
        let (rows, columns) = (batch.num_rows(), batch.num_cols());
        let mut copied = Self {
            bytes: Vec::with_capacity(rows * columns * 16),
            ends: Vec::with_capacity(rows * columns),
            columns,
            shape,
        };
        for row in 0..rows {
            for column in 0..columns {
                let cell = batch.at(column, row);
                copied.bytes.extend_from_slice(cell.unwrap_or_default());
                let end = u32::try_from(copied.bytes.len()).expect("a batch is bounded");
                copied.ends.push(if cell.is_some() { end } else { end | NULL });
            }
        }
        copied
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.ends.len().checked_div(self.columns).unwrap_or(0)
    }

    /// Hands out row by row, a cell without a value as `None`.
    pub fn each(&self, mut row: impl FnMut(&[Option<&str>])) {
        if let Shape::Packed(form, count) = self.shape {
            return self.unpacked(form, count, row);
        }
        let mut cells: Vec<Option<&str>> = vec![None; self.columns];
        let mut start = 0;
        for ends in self.ends.chunks_exact(self.columns.max(1)) {
            for (cell, end) in cells.iter_mut().zip(ends) {
                let stop = (end & !NULL) as usize;
                // What is no text is shown as such, and refused where it matters.
                let text = |bytes| std::str::from_utf8(bytes).unwrap_or("\u{FFFD}");
                *cell = (end & NULL == 0).then(|| text(&self.bytes[start..stop]));
                start = stop;
            }
            row(&cells);
        }
    }

    fn unpacked(&self, form: Form, count: usize, mut row: impl FnMut(&[Option<&str>])) {
        let mut packed = Packed::default();
        let mut start = 0;
        for end in &self.ends {
            let stop = (end & !NULL) as usize;
            packed.read(form, &self.bytes[start..stop]);
            row(&packed.cells(count));
            start = stop;
        }
    }
}

/// Lets `fetch` send rows while another thread hands each to `row`; every row that was sent is
/// handed over before this returns, whatever `fetch` returns.
pub(super) fn handed_over<T>(
    fetch: impl FnOnce(&SyncSender<Rows>) -> T,
    mut row: impl FnMut(&[Option<&str>]) + Send,
) -> T {
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel::<Rows>(WAITING_MAX);
        let reader = scope.spawn(move || receiver.iter().for_each(|rows| rows.each(&mut row)));
        let fetched = fetch(&sender);
        drop(sender);
        if let Err(panic) = reader.join() {
            std::panic::resume_unwind(panic);
        }
        fetched
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(cells: &[Option<&str>], columns: usize) -> Rows {
        let shape = Shape::Columns;
        let mut rows = Rows { bytes: Vec::new(), ends: Vec::new(), columns, shape };
        for cell in cells {
            rows.bytes.extend_from_slice(cell.unwrap_or("").as_bytes());
            let end = u32::try_from(rows.bytes.len()).unwrap();
            rows.ends.push(if cell.is_some() { end } else { end | NULL });
        }
        rows
    }

    #[test]
    fn rows_arrive_whole_in_order_and_an_empty_cell_is_not_a_missing_one() {
        let batches = [
            rows(&[Some("a"), None, Some(""), Some("Zähler €")], 2),
            rows(&[], 2),
            rows(&[None, None], 2),
        ];
        let mut came = Vec::new();

        let sent = handed_over(
            |sender| {
                let sent = batches.map(|batch| {
                    let rows = batch.len();
                    sender.send(batch).unwrap();
                    rows
                });
                sent.iter().sum::<usize>()
            },
            |cells| came.push(cells.iter().map(|cell| cell.map(str::to_owned)).collect::<Vec<_>>()),
        );

        let text = |text: &str| Some(text.to_owned());
        assert_eq!(sent, 3);
        assert_eq!(
            came,
            [vec![text("a"), None], vec![text(""), text("Zähler €")], vec![None, None]]
        );
    }

    #[test]
    fn what_is_no_text_is_shown_as_such_and_leaves_its_neighbours_alone() {
        let mut damaged = rows(&[Some("a"), Some("?"), Some("c")], 3);
        damaged.bytes[1] = 0xFF;
        let mut came = Vec::new();

        damaged.each(|cells| came.extend(cells.iter().map(|cell| cell.unwrap().to_owned())));

        assert_eq!(came, ["a", "\u{FFFD}", "c"]);
    }

    #[test]
    fn what_was_sent_before_a_failure_is_handed_over_too() {
        let mut came = 0;

        let failed: Result<(), &str> = handed_over(
            |sender| {
                sender.send(rows(&[Some("1"), Some("2")], 1)).unwrap();
                Err("the connection ended")
            },
            |_| came += 1,
        );

        assert_eq!((came, failed), (2, Err("the connection ended")));
    }
}
