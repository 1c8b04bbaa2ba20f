//! A disk below SQLite: it fills up, reports errors, and at a power cut loses or tears what was not
//! synced. A shim around SQLite's own file system; files outside of a simulated folder pass through.
#![allow(unsafe_code)] // SQLite's virtual file system is a table of C functions

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Once, OnceLock};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use rusqlite::ffi;

/// What goes wrong, and at which of the disk's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskFault {
    /// No room, until the reserve is given up.
    Full,
    /// A write fails.
    Write,
    /// A sync fails: what was written before may be on the disk or not.
    Sync,
    /// From here on a sync does nothing and says that it did.
    Lies,
    /// The process dies within this call.
    Dies,
    /// The process dies within the next sync.
    DiesSyncing,
}

/// What was written and not synced: what stood there before.
struct Unsynced {
    path: PathBuf,
    offset: u64,
    length: usize,
    before: Vec<u8>,
    file_length: u64,
}

struct Inner {
    /// Processes that are dead: nothing of theirs reaches the disk.
    dead: BTreeSet<usize>,
    plan: Vec<(u32, DiskFault)>,
    calls: u32,
    full: bool,
    lies: bool,
    unsynced: Vec<Unsynced>,
}

/// One folder on a simulated disk.
pub struct SimDisk {
    folder: PathBuf,
    inner: Mutex<Inner>,
}

static DISKS: Mutex<BTreeMap<PathBuf, Arc<SimDisk>>> = Mutex::new(BTreeMap::new());

thread_local! {
    /// Which simulated process is running on this thread.
    static PROCESS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Says which simulated process runs from here on.
pub fn enter(process: usize) {
    PROCESS.set(process);
}

/// Says that none runs for now. Which one did.
pub fn leave() -> usize {
    PROCESS.replace(0)
}

impl SimDisk {
    /// The disk of a folder. Faults come at the calls that `plan` counts from now.
    pub fn of(folder: &Path) -> Arc<Self> {
        register();
        let inner = Inner {
            dead: BTreeSet::new(),
            plan: Vec::new(),
            calls: 0,
            full: false,
            lies: false,
            unsynced: Vec::new(),
        };
        let disk = Arc::new(Self { folder: folder.to_owned(), inner: Mutex::new(inner) });
        DISKS.lock().unwrap().insert(folder.to_owned(), Arc::clone(&disk));
        disk
    }

    /// A fault at the call that comes after so many more.
    pub fn fail_after(&self, calls: u32, fault: DiskFault) {
        let mut inner = self.inner.lock().unwrap();
        let at = inner.calls + calls;
        inner.plan.push((at, fault));
    }

    /// Nothing more goes wrong.
    pub fn calm(&self) {
        let mut inner = self.inner.lock().unwrap();
        inner.plan.clear();
        (inner.full, inner.lies) = (false, false);
    }

    /// How many calls there were.
    pub fn calls(&self) -> u32 {
        self.inner.lock().unwrap().calls
    }

    /// A process is dead from now on, as far as the disk is concerned.
    pub fn kill(&self, process: usize) {
        self.inner.lock().unwrap().dead.insert(process);
    }

    /// Whether the disk killed a process.
    pub fn has_killed(&self, process: usize) -> bool {
        self.inner.lock().unwrap().dead.contains(&process)
    }

    /// The power fails: each write that was not synced stays, is lost, or stays in part. Nobody has a
    /// file open.
    pub fn power_cut(&self, seed: u64) {
        let mut chance = Pcg64::seed_from_u64(seed);
        let unsynced = std::mem::take(&mut self.inner.lock().unwrap().unsynced);
        for write in unsynced.into_iter().rev() {
            let kept = match chance.random_range(0..3) {
                0 => write.length,
                1 => 0,
                // In whole sectors.
                _ => chance.random_range(0..=write.length) / 512 * 512,
            };
            if kept == write.length {
                continue;
            }
            let Ok(file) = std::fs::OpenOptions::new().write(true).open(&write.path) else {
                continue;
            };
            let lost = write.before.get(kept..).unwrap_or_default();
            file.write_all_at(lost, write.offset + kept as u64).unwrap();
            if kept == 0 && write.file_length <= write.offset {
                file.set_len(write.file_length).unwrap();
            }
        }
        // Memory that processes shared.
        for entry in std::fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if entry.path().to_string_lossy().ends_with("-shm") {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    fn call(&self, process: usize, syncs: bool) -> Result<bool, DiskFault> {
        let mut inner = self.inner.lock().unwrap();
        if inner.dead.contains(&process) {
            return Err(DiskFault::Dies);
        }
        inner.calls += 1;
        let now = inner.calls;
        let waits = |fault| matches!(fault, DiskFault::Sync | DiskFault::DiesSyncing) && !syncs;
        let due = inner.plan.iter().position(|(at, fault)| *at <= now && !waits(*fault));
        if let Some(at) = due {
            let (_, fault) = inner.plan.swap_remove(at);
            match fault {
                DiskFault::Full => inner.full = true,
                DiskFault::Lies => inner.lies = true,
                DiskFault::Dies | DiskFault::DiesSyncing => {
                    inner.dead.insert(process);
                    return Err(fault);
                }
                other => return Err(other),
            }
        }
        if inner.full && !self.reserve().exists() {
            inner.full = false;
        }
        Ok(inner.full)
    }

    fn reserve(&self) -> PathBuf {
        self.folder.join("carbide.reserve")
    }
}

/// Forgets a disk: its folder is removed.
pub fn forget(folder: &Path) {
    DISKS.lock().unwrap().remove(folder);
}

/// An open file: SQLite's own follows behind it.
#[repr(C)]
struct Shim {
    base: ffi::sqlite3_file,
    seat: *mut Seat,
}

struct Seat {
    path: PathBuf,
    process: usize,
    disk: Option<Arc<SimDisk>>,
}

struct Real(*mut ffi::sqlite3_vfs);
// SAFETY: SQLite's file system lives as long as the program and may be used from any thread.
unsafe impl Send for Real {}
unsafe impl Sync for Real {}

static REAL: OnceLock<Real> = OnceLock::new();

fn real_vfs() -> *mut ffi::sqlite3_vfs {
    REAL.get().expect("registered before any file is opened").0
}

fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the table is copied from SQLite's own, lives for ever, and its functions are ours or
        // SQLite's.
        unsafe {
            let real = ffi::sqlite3_vfs_find(std::ptr::null());
            assert!(REAL.set(Real(real)).is_ok());
            let mut ours = *real;
            ours.szOsFile += size_of::<Shim>() as c_int;
            ours.pNext = std::ptr::null_mut();
            ours.zName = c"carbide-simulated".as_ptr();
            ours.xOpen = Some(open);
            ours.xDelete = Some(delete);
            let ours = Box::leak(Box::new(ours));
            assert_eq!(ffi::sqlite3_vfs_register(ours, 1), ffi::SQLITE_OK);
        }
    });
}

unsafe fn real(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: SQLite made room for both, ours first.
    unsafe { file.cast::<Shim>().add(1).cast() }
}

unsafe fn seat<'a>(file: *mut ffi::sqlite3_file) -> &'a Seat {
    // SAFETY: set by `open`, freed by `close`, which is the last call about a file.
    unsafe { &*(*file.cast::<Shim>()).seat }
}

fn disk_of(path: &Path) -> Option<Arc<SimDisk>> {
    DISKS.lock().unwrap().get(path.parent()?).cloned()
}

unsafe fn path_of(name: *const c_char) -> PathBuf {
    if name.is_null() {
        return PathBuf::new();
    }
    // SAFETY: SQLite passes a string.
    let bytes = unsafe { CStr::from_ptr(name) }.to_bytes();
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: as SQLite calls it; the real file lies behind ours.
    unsafe {
        let below = real(file);
        let vfs = real_vfs();
        let code = (*vfs).xOpen.unwrap()(vfs, name, below, flags, out);
        (*file).pMethods = std::ptr::null();
        if !(*below).pMethods.is_null() {
            let path = path_of(name);
            let disk = disk_of(&path);
            let seat = Seat { disk, path, process: PROCESS.get() };
            (*file.cast::<Shim>()).seat = Box::into_raw(Box::new(seat));
            (*file).pMethods = &METHODS;
        }
        code
    }
}

unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, name: *const c_char, sync: c_int) -> c_int {
    // SAFETY: as SQLite calls it.
    unsafe {
        let path = path_of(name);
        if let Some(disk) = disk_of(&path) {
            if disk.call(PROCESS.get(), false).is_err() {
                return ffi::SQLITE_IOERR_DELETE;
            }
            disk.inner.lock().unwrap().unsynced.retain(|write| write.path != path);
        }
        let vfs = real_vfs();
        (*vfs).xDelete.unwrap()(vfs, name, sync)
    }
}

/// Calls SQLite's own function.
macro_rules! below {
    ($file:expr, $name:ident $(, $argument:expr)*) => {{
        let below = real($file);
        (*(*below).pMethods).$name.unwrap()(below $(, $argument)*)
    }};
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: the last call about this file.
    unsafe {
        let code = below!(file, xClose);
        drop(Box::from_raw((*file.cast::<Shim>()).seat));
        code
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    bytes: *const c_void,
    length: c_int,
    offset: i64,
) -> c_int {
    // SAFETY: as SQLite calls it.
    unsafe {
        let seat = seat(file);
        if let Some(disk) = &seat.disk {
            match disk.call(seat.process, false) {
                Ok(false) => {}
                Ok(true) => return ffi::SQLITE_FULL,
                Err(_) => return ffi::SQLITE_IOERR_WRITE,
            }
            let mut size = 0;
            below!(file, xFileSize, &mut size);
            let mut before = vec![0_u8; length as usize];
            // Beyond the end it reads zeros and says so.
            below!(file, xRead, before.as_mut_ptr().cast(), length, offset);
            disk.inner.lock().unwrap().unsynced.push(Unsynced {
                path: seat.path.clone(),
                offset: offset as u64,
                length: length as usize,
                before,
                file_length: size as u64,
            });
        }
        below!(file, xWrite, bytes, length, offset)
    }
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: as SQLite calls it.
    unsafe {
        let seat = seat(file);
        if let Some(disk) = &seat.disk {
            match disk.call(seat.process, true) {
                Ok(_) => {}
                Err(_) => return ffi::SQLITE_IOERR_FSYNC,
            }
            let mut inner = disk.inner.lock().unwrap();
            if !inner.lies {
                inner.unsynced.retain(|write| write.path != seat.path);
            }
            return ffi::SQLITE_OK;
        }
        below!(file, xSync, flags)
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    // SAFETY: as SQLite calls it.
    unsafe {
        let seat = seat(file);
        if let Some(disk) = &seat.disk {
            if disk.call(seat.process, false).is_err() {
                return ffi::SQLITE_IOERR_TRUNCATE;
            }
            disk.inner.lock().unwrap().unsynced.retain(|write| write.path != seat.path);
        }
        below!(file, xTruncate, size)
    }
}

/// Functions that pass through.
macro_rules! through {
    ($($name:ident = $method:ident($($argument:ident: $kind:ty),*) -> $result:ty;)*) => {$(
        unsafe extern "C" fn $name(file: *mut ffi::sqlite3_file $(, $argument: $kind)*) -> $result {
            // SAFETY: as SQLite calls it.
            unsafe { below!(file, $method $(, $argument)*) }
        }
    )*};
}

through! {
    read = xRead(bytes: *mut c_void, length: c_int, offset: i64) -> c_int;
    file_size = xFileSize(size: *mut i64) -> c_int;
    lock = xLock(level: c_int) -> c_int;
    unlock = xUnlock(level: c_int) -> c_int;
    check_lock = xCheckReservedLock(result: *mut c_int) -> c_int;
    control = xFileControl(what: c_int, argument: *mut c_void) -> c_int;
    sector_size = xSectorSize() -> c_int;
    characteristics = xDeviceCharacteristics() -> c_int;
    shm_map = xShmMap(page: c_int, size: c_int, extend: c_int, out: *mut *mut c_void) -> c_int;
    shm_lock = xShmLock(offset: c_int, count: c_int, flags: c_int) -> c_int;
    shm_barrier = xShmBarrier() -> ();
    shm_unmap = xShmUnmap(delete: c_int) -> c_int;
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_lock),
    xFileControl: Some(control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};
