//! What a folder lies on: a journal needs locks and syncs that hold.

use std::fmt;
use std::path::{Path, PathBuf};

/// The kind of a file system, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileSystem {
    /// On a disk of this machine.
    Local,
    /// NFS.
    Nfs,
    /// CIFS or SMB.
    Cifs,
    /// A container's layer: gone with the container.
    Overlay,
    /// Memory: gone at the next start.
    Memory,
    /// A share of a virtual machine (9p, virtiofs) or another one that a program serves (FUSE).
    Served,
}

impl FileSystem {
    /// Whether a committed row is still there after a power cut, and one writer stays one.
    pub fn keeps_a_journal(self) -> bool {
        self == Self::Local
    }

    /// By the magic number of `statfs(2)`.
    fn of_magic(magic: i64) -> Self {
        match magic & 0xffff_ffff {
            0x6969 => Self::Nfs,
            0x517b | 0xff53_4d42 | 0xfe53_4d42 => Self::Cifs,
            0x794c_7630 => Self::Overlay,
            0x0102_1994 | 0x8584_58f6 => Self::Memory,
            0x0102_1997 | 0x6573_5546 => Self::Served,
            _ => Self::Local,
        }
    }
}

impl fmt::Display for FileSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "a local file system",
            Self::Nfs => "NFS",
            Self::Cifs => "CIFS",
            Self::Overlay => "overlay",
            Self::Memory => "memory (tmpfs)",
            Self::Served => "a share of another program (FUSE, 9p)",
        })
    }
}

/// What `folder` lies on, or the nearest folder above that is there; `None` if nobody can say.
pub fn of(folder: &Path) -> Option<FileSystem> {
    #[cfg(target_os = "linux")]
    {
        #[allow(clippy::unnecessary_cast)] // the type differs by architecture
        rustix::fs::statfs(&existing(folder)?)
            .ok()
            .map(|found| FileSystem::of_magic(found.f_type as i64))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (folder, FileSystem::of_magic);
        None
    }
}

/// Free bytes for us on the file system of `folder`.
pub fn free_bytes(folder: &Path) -> Option<u64> {
    #[cfg(unix)]
    {
        let found = rustix::fs::statvfs(&existing(folder)?).ok()?;
        Some(found.f_bavail.saturating_mul(found.f_frsize))
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        None
    }
}

fn existing(folder: &Path) -> Option<PathBuf> {
    let folder = std::path::absolute(folder).ok()?;
    folder.ancestors().find(|folder| folder.exists()).map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remote_and_passing_file_systems_keep_no_journal() {
        for magic in [0x6969, 0xff53_4d42, 0xfe53_4d42, 0x794c_7630, 0x0102_1994, 0x6573_5546] {
            assert!(!FileSystem::of_magic(magic).keeps_a_journal(), "{magic:x}");
        }
        assert!(FileSystem::of_magic(0xef53).keeps_a_journal());
        // As a signed 32-bit number.
        assert_eq!(FileSystem::of_magic(-0x00ac_b2be), FileSystem::Cifs);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_folder_that_is_not_there_yet_lies_where_its_parent_does() {
        let folder = tempfile::tempdir().unwrap();

        assert_eq!(of(&folder.path().join("not/yet")), of(folder.path()));
        assert!(free_bytes(&folder.path().join("not/yet")).unwrap() > 0);
    }
}
