//! What sealing needs of a disk: a seam, so that a simulation can break it at each step.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// A disk. Each call is durable, or says that it is not, when it returns; a rename and a removal are
/// so once the folder was synced.
pub trait Disk: Send + Sync {
    /// Makes a folder that only its owner can look into, if it is not there.
    ///
    /// # Errors
    ///
    /// What the system said; the same for all below.
    fn make_folder(&self, folder: &Path) -> io::Result<()>;
    /// Writes a file that is not there yet and syncs it. Only its owner can read it.
    ///
    /// # Errors
    ///
    /// The file may be there in part.
    fn write_new(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Gives a file another name.
    ///
    /// # Errors
    ///
    /// It has the old name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Makes names in a folder durable.
    ///
    /// # Errors
    ///
    /// After a power cut old names may be there.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
    /// All of a file.
    ///
    /// # Errors
    ///
    /// It is not there or cannot be read.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// Removes a file.
    ///
    /// # Errors
    ///
    /// It is not there or cannot be removed.
    fn remove(&self, path: &Path) -> io::Result<()>;
}

/// The disk of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsDisk;

impl Disk for OsDisk {
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)
    }

    fn write_new(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        // Windows has no handle of a folder that could be synced; its file system does it.
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }
}
