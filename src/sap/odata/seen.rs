//! Which rows have come already, in memory that does not grow with them.
//!
//! A row that comes twice tells that the data moved between two pages. Hashes of the last rows are kept
//! at hand; earlier ones go to a file without a name, a sorted run at a time, and the runs are merged when
//! all rows are there: 8 bytes a row, on disk.

use std::cmp::Reverse;
use std::collections::binary_heap::PeekMut;
use std::collections::{BinaryHeap, HashSet};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use foldhash::fast::RandomState;

/// Hashes at hand: half a MiB, in a table that stays near the processor.
const AT_HAND_MAX: usize = 1 << 16;

/// Bytes of a run that are read at once while runs are merged: 100,000,000 rows have 1,526 runs.
const RUN_BUFFER: usize = 4 << 10;

const HASH_BYTES: usize = size_of::<u64>();

/// Hashes of the rows of one read.
pub(super) struct Seen {
    at_hand: HashSet<u64, RandomState>,
    /// Rows of a run, and most at hand unless there is no room for a file.
    run_rows: usize,
    no_room: bool,
    runs: Option<File>,
    run_count: usize,
}

impl Seen {
    pub fn new() -> Self {
        Self::with_at_hand(AT_HAND_MAX)
    }

    fn with_at_hand(run_rows: usize) -> Self {
        Self { at_hand: HashSet::default(), run_rows, no_room: false, runs: None, run_count: 0 }
    }

    /// Makes room for rows that were announced, as many as are kept at hand.
    pub fn expect(&mut self, rows: usize) {
        if self.run_count == 0 && self.at_hand.is_empty() {
            self.at_hand.reserve(rows.min(self.run_rows));
        }
    }

    /// Takes a row in. `false` if it came already, as far as that shows at hand; what lies on disk is
    /// asked by [`Seen::twice`].
    pub fn insert(&mut self, hash: u64) -> bool {
        if self.at_hand.len() >= self.run_rows
            && !self.no_room
            && let Err(error) = self.put_away()
        {
            // Memory is better than a row that is not noticed.
            tracing::warn!(%error, "no room for temporary files; rows are compared in memory");
            self.no_room = true;
        }
        self.at_hand.insert(hash)
    }

    fn put_away(&mut self) -> io::Result<()> {
        let file = match &mut self.runs {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        // What a run left that could not be written whole is written over.
        file.seek(SeekFrom::Start((self.run_count * self.run_rows * HASH_BYTES) as u64))?;
        let mut sorted: Vec<u64> = self.at_hand.iter().copied().collect();
        sorted.sort_unstable();
        let mut to = BufWriter::new(&*file);
        for hash in &sorted {
            to.write_all(&hash.to_le_bytes())?;
        }
        to.flush()?;
        drop(to);
        self.at_hand.clear();
        self.run_count += 1;
        Ok(())
    }

    /// Whether any row came twice among those that are no longer at hand, or among them and these.
    /// Asked once, at the end.
    ///
    /// # Errors
    ///
    /// What the file system says if a run cannot be read again.
    pub fn twice(&mut self) -> io::Result<bool> {
        let Some(file) = self.runs.take() else { return Ok(false) };
        let mut runs: Vec<Run<'_>> = Vec::with_capacity(self.run_count);
        for number in 0..self.run_count {
            let at = (number * self.run_rows * HASH_BYTES) as u64;
            runs.push(Run::of(&file, at, self.run_rows));
        }
        let mut last: Vec<u64> = self.at_hand.drain().collect();
        last.sort_unstable();
        let mut at_hand = last.into_iter();
        let mut next = BinaryHeap::new();
        for (number, run) in runs.iter_mut().enumerate() {
            next.extend(run.next()?.map(|hash| Reverse((hash, number))));
        }
        let of_hand = runs.len();
        next.extend(at_hand.next().map(|hash| Reverse((hash, of_hand))));
        let mut before = None;
        // What follows takes the place of what went: half the work of taking out and putting in.
        while let Some(mut top) = next.peek_mut() {
            let Reverse((hash, number)) = *top;
            if before == Some(hash) {
                return Ok(true);
            }
            before = Some(hash);
            let following = match runs.get_mut(number) {
                Some(run) => run.next()?,
                None => at_hand.next(),
            };
            match following {
                Some(hash) => *top = Reverse((hash, number)),
                None => drop(PeekMut::pop(top)),
            }
        }
        Ok(false)
    }
}

/// A sorted run in the file, which all runs share: each seeks before it reads.
struct Run<'f> {
    from: BufReader<At<'f>>,
    left: usize,
}

impl<'f> Run<'f> {
    fn of(file: &'f File, at: u64, length: usize) -> Self {
        Self { from: BufReader::with_capacity(RUN_BUFFER, At { file, at }), left: length }
    }

    fn next(&mut self) -> io::Result<Option<u64>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let mut bytes = [0; HASH_BYTES];
        self.from.read_exact(&mut bytes)?;
        Ok(Some(u64::from_le_bytes(bytes)))
    }
}

/// A file read from a place of its own.
struct At<'f> {
    file: &'f File,
    at: u64,
}

impl Read for At<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        self.file.seek(SeekFrom::Start(self.at))?;
        let read = self.file.read(to)?;
        self.at += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_twice(hashes: &[u64], at_hand: usize) -> bool {
        let mut seen = Seen::with_at_hand(at_hand);
        let at_once = hashes.iter().any(|hash| !seen.insert(*hash));
        at_once || seen.twice().unwrap()
    }

    #[test]
    fn a_row_is_found_again_however_far_back_it_came() {
        let rows: Vec<u64> = (0..1_000).map(|row| row * 7919 % 1_000_003).collect();
        assert!(!any_twice(&rows, 16));
        for (first, again) in [(0, 999), (0, 17), (15, 16), (500, 501), (983, 999)] {
            let mut moved = rows.clone();
            moved[again] = moved[first];
            assert!(any_twice(&moved, 16), "{first} {again}");
        }
    }

    #[test]
    fn what_is_at_hand_is_bounded_and_what_is_not_lies_in_a_file() {
        let mut seen = Seen::with_at_hand(100);
        for row in 0..1_050 {
            assert!(seen.insert(row));
        }

        assert!(seen.at_hand.len() <= 100 && seen.at_hand.capacity() < 400);
        let file = seen.runs.as_ref().unwrap().metadata().unwrap();
        assert_eq!(file.len(), 1_000 * 8);
        assert!(!seen.twice().unwrap());
    }

    proptest! {
        #[test]
        fn it_says_what_a_set_of_all_rows_says(
            rows in proptest::collection::vec(0_u64..400, 0..300), at_hand in 1_usize..40,
        ) {
            let all: std::collections::BTreeSet<_> = rows.iter().collect();

            prop_assert_eq!(any_twice(&rows, at_hand), all.len() < rows.len());
        }
    }
}
