//! Disk space put aside for the way back: a file of zeros that is given up when the disk is full.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::JournalError;

/// Rows of a change set: about 2 KiB each beside the document itself, four rows an item.
const ROW_BYTES: u64 = 2048;
const ROWS_PER_ITEM: u64 = 4;
const BASE_BYTES: u64 = 1 << 20;

/// Bytes that the life of a change set needs, whose documents are so many bytes of JSON each.
pub fn needed(document_bytes: impl Iterator<Item = u64>) -> u64 {
    document_bytes.map(|bytes| (ROW_BYTES + bytes) * ROWS_PER_ITEM).sum::<u64>() + BASE_BYTES
}

fn path_beside(journal: &Path) -> PathBuf {
    journal.with_extension("reserve")
}

/// Writes the reserve beside `journal`, or makes it longer.
///
/// # Errors
///
/// [`JournalError::NoSpace`] if the disk does not have the bytes.
pub fn take(journal: &Path, bytes: u64) -> Result<(), JournalError> {
    let path = path_beside(journal);
    let have = fs::metadata(&path).map(|file| file.len()).unwrap_or(0);
    if have >= bytes {
        return Ok(());
    }
    let written = || -> io::Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
        // Zeros are written, since a file that is only made longer takes no space on the disk.
        let zeros = [0u8; 64 * 1024];
        let mut left = bytes - have;
        while left > 0 {
            let chunk = left.min(zeros.len() as u64) as usize;
            file.write_all(&zeros[..chunk])?;
            left -= chunk as u64;
        }
        file.sync_all()
    };
    written().map_err(|error| {
        give_up(journal);
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                JournalError::NoSpace { path: journal.to_owned(), bytes }
            }
            _ => JournalError::NotWritable { path, reason: error.to_string() },
        }
    })
}

/// Frees the space. Whether there was any.
pub fn give_up(journal: &Path) -> bool {
    fs::remove_file(path_beside(journal)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_takes_real_space_and_gives_it_back() {
        let directory = tempfile::tempdir().unwrap();
        let journal = directory.path().join("carbide.sqlite");

        take(&journal, 100_000).unwrap();
        take(&journal, 200_000).unwrap();

        assert_eq!(fs::metadata(path_beside(&journal)).unwrap().len(), 200_000);
        assert!(give_up(&journal));
        assert!(!give_up(&journal));
    }
}
