//! The record of what was used in SAP: which service and set, which function module, how often.
//! No keys, no filters, no values.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Name of the record in the folder of the store.
pub const FILE: &str = "interfaces.trace";

/// How long uses wait to be written.
const WRITE_EVERY: Duration = Duration::from_secs(5);

/// At this size the record becomes the older one, and the one before is given up.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// One interface, used one way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Use {
    /// HTTP method, or `CALL` of a function module.
    pub method: String,
    /// Technical name of the service; `RFC` for function modules.
    pub service: String,
    /// Entity set or function module.
    pub object: String,
}

impl Use {
    /// A use.
    pub fn new(method: &str, service: &str, object: &str) -> Self {
        let (method, service, object) = (method.to_owned(), service.to_owned(), object.to_owned());
        Self { method, service, object }
    }
}

/// How often something was used, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Used {
    /// Interface and way.
    #[serde(flatten)]
    pub what: Use,
    /// Times.
    pub count: u64,
    /// First time in the record.
    pub first: Timestamp,
    /// Last time in the record.
    pub last: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Line {
    at: Timestamp,
    #[serde(flatten)]
    what: Use,
    count: u64,
}

/// Records the uses of one run. The first use of each interface is written before it happens, so a
/// process that is killed leaves none out; how often follows every few seconds and at the end.
#[derive(Debug)]
pub struct Trace {
    path: PathBuf,
    counts: Mutex<Counts>,
}

/// Uses that are not written yet.
#[derive(Debug)]
struct Counts {
    of: BTreeMap<Use, u64>,
    written: Instant,
}

impl Trace {
    /// A record in `folder`, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// The folder or the file cannot be written.
    pub fn open(folder: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join(FILE);
        if std::fs::metadata(&path).is_ok_and(|found| found.len() > FILE_BYTES_MAX) {
            std::fs::rename(&path, older(&path))?;
        }
        OpenOptions::new().create(true).append(true).open(&path)?;
        let counts = Counts { of: BTreeMap::new(), written: Instant::now() };
        Ok(Self { path, counts: Mutex::new(counts) })
    }

    /// Counts one use.
    pub fn record(&self, what: Use) {
        let mut counts = self.counts();
        if let Some(count) = counts.of.get_mut(&what) {
            *count += 1;
        } else {
            self.write([(&what, 1)]);
            counts.of.insert(what, 0);
        }
        if counts.written.elapsed() >= WRITE_EVERY {
            self.write_counts(&mut counts);
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_counts(&self, counts: &mut Counts) {
        let more: Vec<(&Use, u64)> =
            counts.of.iter().map(|(what, count)| (what, *count)).filter(|(_, n)| *n > 0).collect();
        if !more.is_empty() {
            self.write(more);
        }
        counts.of.values_mut().for_each(|count| *count = 0);
        counts.written = Instant::now();
    }

    /// Appends whole lines in one write, so that processes do not mix theirs.
    fn write<'a>(&self, uses: impl IntoIterator<Item = (&'a Use, u64)>) {
        let at = Timestamp::now();
        let lines: String = uses
            .into_iter()
            .filter_map(|(what, count)| {
                serde_json::to_string(&Line { at, what: what.clone(), count }).ok()
            })
            .map(|line| line + "\n")
            .collect();
        let appended = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path)
            .and_then(|mut file| file.write_all(lines.as_bytes()));
        if let Err(error) = appended {
            tracing::warn!(%error, path = %self.path.display(), "the use of SAP is not recorded");
        }
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        let mut counts = self.counts();
        self.write_counts(&mut counts);
    }
}

/// What was used since `since`, from the record in `folder`. No record is no use.
///
/// # Errors
///
/// The record is there and cannot be read.
pub fn used(folder: &Path, since: Option<Timestamp>) -> std::io::Result<Vec<Used>> {
    let path = folder.join(FILE);
    let mut uses: BTreeMap<Use, Used> = BTreeMap::new();
    for path in [older(&path), path] {
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for line in BufReader::new(file).lines() {
            // A line that broke off with its process is no use of its own: it was written before.
            let Ok(Line { at, what, count }) = serde_json::from_str(&line?) else { continue };
            if since.is_some_and(|since| at < since) {
                continue;
            }
            let first = Used { what: what.clone(), count: 0, first: at, last: at };
            let used = uses.entry(what).or_insert(first);
            used.count += count;
            used.first = used.first.min(at);
            used.last = used.last.max(at);
        }
    }
    Ok(uses.into_values().collect())
}

fn older(path: &Path) -> PathBuf {
    path.with_extension("trace.1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_use_is_counted_and_the_first_is_written_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let read = || Use::new("GET", "API_PRODUCT_SRV", "A_Product");
        let trace = Trace::open(folder.path()).unwrap();

        trace.record(read());
        trace.record(read());
        trace.record(Use::new("CALL", "RFC", "RFCPING"));

        let before: Vec<u64> =
            used(folder.path(), None).unwrap().iter().map(|used| used.count).collect();
        drop(trace);
        let after: Vec<u64> =
            used(folder.path(), None).unwrap().iter().map(|used| used.count).collect();
        assert_eq!((before, after), (vec![1, 1], vec![1, 2]));
    }

    #[test]
    fn a_line_that_broke_off_hides_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let trace = Trace::open(folder.path()).unwrap();
        trace.record(Use::new("CALL", "RFC", "RFCPING"));
        let mut file = OpenOptions::new().append(true).open(folder.path().join(FILE)).unwrap();
        file.write_all(b"{\"at\":\"2026").unwrap();

        assert_eq!(used(folder.path(), None).unwrap().len(), 1);
    }
}
