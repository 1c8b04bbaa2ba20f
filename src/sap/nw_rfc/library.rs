//! Finding, checking and loading SAP's library. It may not be handed out with Carbide, so a missing or
//! wrong one says exactly what to get, and from where.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use libloading::Library;
use sha2::{Digest, Sha256};

use super::failure::{CHECKED_CODES, name_of};
use super::interface::Functions;
use super::kind::Kind;
use super::text::of_pointer;

/// Least version: 7.50 patch level 8, which later bindings of SAP's own need as well.
pub const VERSION_MIN: Version = Version { major: 7500, minor: 0, patch: 8 };

/// Where the library is described: installation, support and availability of the NW RFC library 7.50.
pub const NOTE: &str = "2573790";

/// The library's file in SAP's archive.
#[cfg(target_os = "macos")]
pub const FILE: &str = "libsapnwrfc.dylib";
/// The library's file in SAP's archive.
#[cfg(windows)]
pub const FILE: &str = "sapnwrfc.dll";
/// The library's file in SAP's archive.
#[cfg(not(any(target_os = "macos", windows)))]
pub const FILE: &str = "libsapnwrfc.so";

/// What stands beside it in the same archive and is needed by it, in the order of loading.
#[cfg(not(any(target_os = "macos", windows)))]
const BESIDE: &[&str] =
    &["libicudata.so.50", "libicuuc.so.50", "libicui18n.so.50", "libsapucum.so"];
#[cfg(any(target_os = "macos", windows))]
const BESIDE: &[&str] = &[];

/// Version as `RfcGetVersion` tells it: 7500, 0, 8 is 7.50 patch level 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Release times a thousand.
    pub major: u32,
    /// Always 0 so far.
    pub minor: u32,
    /// Patch level.
    pub patch: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { major, patch, .. } = self;
        write!(f, "{}.{:02} patch level {patch}", major / 1000, major % 1000 / 10)
    }
}

/// A loaded library. It stays loaded until the process ends: SAP's has threads of its own.
pub(super) struct Sdk {
    pub functions: Functions,
    pub version: Version,
    pub path: PathBuf,
}

impl fmt::Debug for Sdk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path.display(), self.version)
    }
}

/// Every library that was loaded; the same file is loaded once.
static LOADED: Mutex<BTreeMap<PathBuf, Arc<Sdk>>> = Mutex::new(BTreeMap::new());

/// Loads the library at an absolute path; `sha256` is the digest of the only file that is accepted,
/// in hexadecimal.
///
/// # Errors
///
/// What is wrong, beginning with `RFC-LIB`, and what to get.
pub(super) fn load(path: &Path, sha256: Option<&str>) -> Result<Arc<Sdk>, String> {
    let wrong = |what: String| format!("RFC-LIB: {what}. {}", get(path));
    if !path.is_absolute() {
        let shown = path.display();
        return Err(wrong(format!(
            "'{shown}' is no absolute path, so anybody could put another there"
        )));
    }
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => return Err(wrong(format!("{} cannot be read: {error}", path.display()))),
    };
    if let Some(reason) = writable_by_all(path) {
        return Err(format!("RFC-LIB: {reason}; nothing was loaded."));
    }
    let digest = hex(&Sha256::digest(&bytes));
    if let Some(pin) = sha256
        && !pin.eq_ignore_ascii_case(&digest)
    {
        return Err(format!(
            "RFC-LIB: {} has SHA-256 {digest}, not the pinned {pin}; nothing was loaded. If the \
             library was updated, set sap.nwrfc.sha256 to the new one.",
            path.display()
        ));
    }
    drop(bytes);
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = loaded.get(path) {
        return Ok(Arc::clone(known));
    }
    let sdk = Arc::new(open(path).map_err(wrong)?);
    loaded.insert(path.to_owned(), Arc::clone(&sdk));
    Ok(sdk)
}

fn open(path: &Path) -> Result<Sdk, String> {
    preload(path);
    // SAFETY: the file is the administrator's choice, by absolute path and, if set, by digest. Its
    // initializers run, as those of any library that is linked.
    let library = unsafe { Library::new(path) }.map_err(|error| {
        let folder = path.parent().unwrap_or(Path::new("/"));
        let missing: Vec<&str> =
            BESIDE.iter().copied().filter(|file| !folder.join(file).exists()).collect();
        let missing = if missing.is_empty() {
            String::new()
        } else {
            format!("; beside it {} are missing", missing.join(", "))
        };
        format!("{} cannot be loaded ({error}){missing}", path.display())
    })?;
    // SAFETY: the library is never unloaded, see below.
    let functions = unsafe { Functions::of(&library) }
        .map_err(|symbol| format!("{} has no function {symbol}", path.display()))?;
    std::mem::forget(library);
    let (mut major, mut minor, mut patch) = (0, 0, 0);
    // SAFETY: three places for numbers; the text that comes back is the library's.
    unsafe { (functions.RfcGetVersion)(&mut major, &mut minor, &mut patch) };
    let version = Version { major, minor, patch };
    if version < VERSION_MIN {
        return Err(format!("{} is {version}; {VERSION_MIN} or later is needed", path.display()));
    }
    numbers_are_as_expected(&functions)
        .map_err(|what| format!("{} {version} has another interface: {what}", path.display()))?;
    Ok(Sdk { functions, version, path: path.to_owned() })
}

/// Asks the library for the names behind the numbers that are used, before any call.
fn numbers_are_as_expected(functions: &Functions) -> Result<(), String> {
    let same = |number: i32, expected: &str, told: String| {
        if told == expected { Ok(()) } else { Err(format!("{number} is {told}, not {expected}")) }
    };
    for (number, expected) in Kind::NAMES {
        // SAFETY: the answer is a constant text of the library, for any number.
        let told = unsafe { of_pointer((functions.RfcGetTypeAsString)(number), 64) };
        same(number, expected, told)?;
    }
    for code in CHECKED_CODES {
        // SAFETY: as above.
        let told = unsafe { of_pointer((functions.RfcGetRcAsString)(code), 64) };
        same(code, &name_of(code), told)?;
    }
    for (number, expected) in
        [(1, "RFC_IMPORT"), (2, "RFC_EXPORT"), (3, "RFC_CHANGING"), (7, "RFC_TABLES")]
    {
        // SAFETY: as above.
        let told = unsafe { of_pointer((functions.RfcGetDirectionAsString)(number), 64) };
        same(number, expected, told)?;
    }
    Ok(())
}

/// Loads what the library needs from its own folder, so that no search path has to be set. What is
/// not there is told if the library itself cannot be loaded.
#[cfg(unix)]
fn preload(path: &Path) {
    use libloading::os::unix::{Library as Global, RTLD_GLOBAL, RTLD_NOW};
    let Some(folder) = path.parent() else { return };
    for file in BESIDE.iter().map(|file| folder.join(file)).filter(|file| file.exists()) {
        // SAFETY: files of the same archive in the folder that the administrator named.
        if let Ok(library) = unsafe { Global::open(Some(&file), RTLD_NOW | RTLD_GLOBAL) } {
            std::mem::forget(library);
        }
    }
}

#[cfg(not(unix))]
fn preload(_path: &Path) {}

/// What to get, from where, and the way without it.
fn get(path: &Path) -> String {
    let folder = path.parent().filter(|folder| folder.is_absolute());
    let folder = folder.unwrap_or(Path::new("/usr/sap/nwrfcsdk/lib")).display();
    let mut files = vec![FILE];
    files.extend(BESIDE);
    format!(
        "Get \"SAP NW RFC SDK 7.50\" {VERSION_MIN} or later for {} {} from SAP's Software Center \
         (SAP note {NOTE}, an S-user is needed), unpack it so that {folder} holds {}, and name \
         {folder}/{FILE} as sap.nwrfc.library; or set sap.rfc = \"soap\", which needs no library",
        std::env::consts::OS,
        std::env::consts::ARCH,
        files.join(", ")
    )
}

#[cfg(unix)]
fn writable_by_all(path: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    (mode & 0o002 != 0).then(|| format!("everybody may write {} (chmod o-w)", path.display()))
}

#[cfg(not(unix))]
fn writable_by_all(_path: &Path) -> Option<String> {
    None
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_is_not_there_says_what_to_get_and_from_where() {
        let error = load(Path::new("/opt/no/such/libsapnwrfc.so"), None).unwrap_err();

        for part in ["RFC-LIB", "/opt/no/such", "7.50 patch level 8", "2573790", FILE, "soap"] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }

    #[test]
    fn a_relative_path_is_refused() {
        assert!(load(Path::new("libsapnwrfc.so"), None).unwrap_err().contains("absolute"));
    }

    #[test]
    fn a_file_that_is_no_library_names_what_is_missing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        std::fs::write(&file, "no library").unwrap();

        let error = load(&file, None).unwrap_err();
        let pinned = load(&file, Some("00")).unwrap_err();

        assert!(error.contains("cannot be loaded"), "{error}");
        assert!(BESIDE.iter().all(|file| error.contains(file)), "{error}");
        assert!(pinned.contains("not the pinned 00"), "{pinned}");
    }

    #[test]
    fn versions_are_written_as_sap_writes_them() {
        assert_eq!(VERSION_MIN.to_string(), "7.50 patch level 8");
        assert!(Version { major: 7200, minor: 0, patch: 46 } < VERSION_MIN);
        assert!(Version { major: 7530, minor: 0, patch: 1 } > VERSION_MIN);
    }
}
