//! One writer at a time. The lock is held during an operation only, so that `carbide undo` can run
//! while the process that posted waits for the window to close.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::post::rule::Rule;

use super::{JournalError, io_error};

/// Proof that this process is the one writer, until it is dropped.
#[derive(Debug)]
pub struct Writing {
    locked: File,
}

impl Drop for Writing {
    /// Unlocks by name: closing is not enough while another thread starts a program, since its
    /// child holds the file open until it becomes that program.
    fn drop(&mut self) {
        let _ = self.locked.unlock();
    }
}

/// Takes the lock beside `journal`.
///
/// # Errors
///
/// [`JournalError::InUse`] if another process holds it.
pub fn take(journal: &Path) -> Result<Writing, JournalError> {
    let path = journal.with_extension("lock");
    let opened = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
    let mut file = opened.map_err(|error| JournalError::NotWritable {
        path: path.clone(),
        reason: error.to_string(),
    })?;
    if !Rule::OneWriter.holds() {
        return Ok(Writing { locked: file });
    }
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            let holder = if holder.is_empty() { "another process".into() } else { holder };
            return Err(JournalError::InUse { path: journal.to_owned(), holder });
        }
        Err(TryLockError::Error(error)) => return Err(io_error(&path, error)),
    }
    // For people only: the kernel's lock is what counts, and it goes with its process.
    let _ = file.set_len(0);
    let _ = file.seek(SeekFrom::Start(0));
    let _ = write!(file, "process {}", std::process::id());
    Ok(Writing { locked: file })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_writer_is_told_who_the_first_is() {
        let directory = tempfile::tempdir().unwrap();
        let journal = directory.path().join("carbide.sqlite");
        let first = take(&journal).unwrap();

        let refused = take(&journal).unwrap_err();

        let process = format!("process {}", std::process::id());
        assert!(refused.to_string().contains(&process), "{refused}");
        drop(first);
        assert!(take(&journal).is_ok());
    }

    #[test]
    fn a_copy_of_the_open_file_does_not_keep_the_lock() {
        let directory = tempfile::tempdir().unwrap();
        let journal = directory.path().join("carbide.sqlite");
        let first = take(&journal).unwrap();
        let as_a_child_would_have_it = first.locked.try_clone().unwrap();

        drop(first);

        assert!(take(&journal).is_ok());
        drop(as_a_child_would_have_it);
    }
}
