//! A disk for tests that fails at one of its calls, or does something else than it says.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use super::backup::disk::{Disk, OsDisk};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskFault {
    /// No room: what was begun is there in part.
    Full,
    /// The device reports an error.
    Error,
    /// A write keeps only half of the bytes, and says that it kept all.
    Torn,
    /// A read gets one bit wrong.
    BitFlip,
    /// A rename is lost, as by a power cut before the folder was synced, and says that it was done.
    LostRename,
}

/// Every fault.
pub const DISK_FAULTS: [DiskFault; 5] =
    [DiskFault::Full, DiskFault::Error, DiskFault::Torn, DiskFault::BitFlip, DiskFault::LostRename];

/// Does what the disk of this machine does, but for the call at which it fails.
pub struct FaultyDisk {
    fault: DiskFault,
    /// Calls until it fails.
    left: AtomicU32,
}

impl FaultyDisk {
    /// Fails at the `at`-th call, from 0.
    pub fn new(fault: DiskFault, at: u32) -> Self {
        Self { fault, left: AtomicU32::new(at) }
    }

    /// Whether the call at which it fails has come.
    pub fn has_failed(&self) -> bool {
        self.left.load(Ordering::SeqCst) == u32::MAX
    }

    fn now(&self) -> Option<DiskFault> {
        let before = self.left.fetch_sub(1, Ordering::SeqCst);
        if before == u32::MAX {
            // It has failed once; it stays at that.
            self.left.store(u32::MAX, Ordering::SeqCst);
        }
        (before == 0).then_some(self.fault)
    }

    fn meet<T>(&self, done: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        match self.now() {
            Some(DiskFault::Full) => Err(ErrorKind::StorageFull.into()),
            Some(DiskFault::Error) => Err(io::Error::other("input/output error")),
            _ => done(),
        }
    }
}

impl Disk for FaultyDisk {
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        self.meet(|| OsDisk.make_folder(folder))
    }

    fn write_new(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let half = &bytes[..bytes.len() / 2];
        match self.now() {
            Some(DiskFault::Full) => {
                OsDisk.write_new(path, half)?;
                Err(ErrorKind::StorageFull.into())
            }
            Some(DiskFault::Error) => {
                OsDisk.write_new(path, half)?;
                Err(io::Error::other("fsync: input/output error"))
            }
            Some(DiskFault::Torn) => OsDisk.write_new(path, half),
            _ => OsDisk.write_new(path, bytes),
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        match self.now() {
            Some(DiskFault::LostRename) => Ok(()),
            Some(DiskFault::Full) => Err(ErrorKind::StorageFull.into()),
            Some(DiskFault::Error) => Err(io::Error::other("input/output error")),
            _ => OsDisk.rename(from, to),
        }
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.meet(|| OsDisk.sync_folder(folder))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.now() {
            Some(DiskFault::BitFlip) => {
                let mut bytes = OsDisk.read(path)?;
                let at = bytes.len() * 2 / 3;
                bytes[at] ^= 1;
                Ok(bytes)
            }
            Some(DiskFault::Full | DiskFault::Error) => Err(io::Error::other("input/output error")),
            _ => OsDisk.read(path),
        }
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.meet(|| OsDisk.remove(path))
    }
}
