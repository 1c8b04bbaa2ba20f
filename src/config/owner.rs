//! One journal, one system: the folder of the store says whose it is.

use std::io::Write;
use std::path::Path;

/// Name of the file that holds it.
const FILE: &str = "system";

/// The system and client that `folder` belongs to; `None` if it is new.
pub(super) fn of(folder: &Path) -> Option<String> {
    let text = std::fs::read_to_string(folder.join(FILE)).ok()?;
    Some(text.trim().to_owned()).filter(|owner| !owner.is_empty())
}

/// Makes a new folder the one of `owner`. Whoever comes second finds it taken.
///
/// # Errors
///
/// The folder cannot be written.
pub fn claim(folder: &Path, owner: &str) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    match std::fs::OpenOptions::new().write(true).create_new(true).open(folder.join(FILE)) {
        Ok(mut file) => {
            file.write_all(format!("{owner}\n").as_bytes())?;
            file.sync_all()
        }
        // Empty if whoever came first was killed in between.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => match of(folder) {
            Some(_) => Ok(()),
            None => std::fs::write(folder.join(FILE), format!("{owner}\n")),
        },
        Err(error) => Err(error),
    }
}
