//! What lies on this machine: settings, journal, disk, factors.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::CHECK_MAX;
use super::check::{Check, limited};
use crate::config::Config;
use crate::config::fields;
use crate::config::file_system;
use crate::cycle::{Connections, poster};
use crate::post::SystemRole;

/// Below this the journal's reserve is at risk.
const FREE_BYTES_FAIL: u64 = 256 << 20;

/// Below this somebody should look.
const FREE_BYTES_WARN: u64 = 2 << 30;

/// A commit waits for the disk; at this a run of 500 documents waits for 25 s.
const SYNC_WARN: Duration = Duration::from_millis(50);

/// Syncs that are measured; the middle one counts.
const SYNCS: usize = 9;

/// Factors are published once a year; two editions behind is too far.
const FACTOR_DAYS_MAX: i32 = 730;

pub(super) async fn examine(config: &Config, path: &Path, connections: &Connections) -> Vec<Check> {
    let folder = config.path(&config.settings.post.directory);
    let mut checks = vec![settings(config, path), secrets(config)];
    let (config_of, connections) = (config.clone(), connections.clone());
    checks.push(waiting("journal", move || journal(&config_of, &connections)).await);
    checks.push(place(config, &folder));
    checks.push(waiting("disk", move || disk(&folder)).await);
    checks.push(factors(config));
    checks.push(field_mapping(config));
    checks
}

/// A check that waits for the disk, beside the others.
async fn waiting(name: &'static str, check: impl FnOnce() -> Check + Send + 'static) -> Check {
    limited(name, CHECK_MAX, async {
        let done = tokio::task::spawn_blocking(check).await;
        done.unwrap_or_else(|error| Check::fail(name, error.to_string(), ""))
    })
    .await
}

fn settings(config: &Config, path: &Path) -> Check {
    let sap = &config.settings.sap;
    let text = format!(
        "carbide {} on {}; {}: {} is a {:?} system",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        path.display(),
        sap.system,
        sap.role
    );
    if sap.tls_verify == Some(false) {
        let advice = "Remove tls_verify from [sap] and set ca_file: whoever answers is taken for \
                      SAP and is given the password";
        return Check::warn("settings", format!("{text}; certificates are not verified"), advice);
    }
    Check::ok("settings", text)
}

fn secrets(config: &Config) -> Check {
    let places = config.settings.secret_places();
    let weak: Vec<&str> =
        places.iter().filter(|(_, from)| from.starts_with("env:")).map(|(key, _)| *key).collect();
    if !weak.is_empty() && config.settings.sap.role == SystemRole::Production {
        let text =
            format!("{} in the environment, which every child and dump shows", weak.join(", "));
        return Check::warn("secrets", text, "Use credential: of systemd or a file of mode 600");
    }
    Check::ok("secrets", format!("{} places, all found", places.len()))
}

/// Lines of the plant's own, and lines that are worth a look. One that is refused stops the start.
fn field_mapping(config: &Config) -> Check {
    let name = "field mapping";
    let loaded = match fields::look_at(&config.base.join("mappings")) {
        Ok(loaded) => loaded,
        Err(error) => return Check::fail(name, error.to_string(), "carbide mappings check"),
    };
    let all = loaded.mapping.fields.len();
    let own = loaded.mapping.fields.iter().filter(|field| field.own).count();
    let defaults = loaded.mapping.fields.iter().filter(|field| field.default.is_some()).count();
    let text = format!("{all} fields, {own} by lines of your own, {defaults} with a default");
    match loaded.problems.first() {
        None => Check::ok(name, text),
        Some(problem) => {
            let (file, line) = (problem.file.display(), problem.line);
            let text = format!("{text}; {file}:{line}: {}", problem.text);
            Check::warn(name, text, "carbide mappings check")
        }
    }
}

fn journal(config: &Config, connections: &Connections) -> Check {
    let advice = "Post nothing. Keep a copy of the folder and see docs/journal.md";
    let verified = poster(config, connections).and_then(|books| Ok(books.verify()?));
    match verified {
        Ok(found) => match found.damage {
            None => Check::ok("journal", format!("{} rows, chain whole", found.rows)),
            Some(damage) => Check::fail("journal", damage, advice),
        },
        Err(error) => Check::fail("journal", error.to_string(), advice),
    }
}

fn place(config: &Config, folder: &Path) -> Check {
    match file_system::of(folder) {
        None => Check::skipped("file system", "this system does not say what the folder lies on"),
        Some(kind) if kind.keeps_a_journal() => Check::ok("file system", kind.to_string()),
        Some(kind) => {
            let text = format!("{} is on {kind}", config.settings.post.directory.display());
            Check::warn(
                "file system",
                text,
                "CFG-FS: use a local disk before you connect a real system",
            )
        }
    }
}

/// Free space, and how long the disk takes to say that it has written.
fn disk(folder: &Path) -> Check {
    let free = file_system::free_bytes(folder);
    let middle = match sync_time(folder) {
        Ok(middle) => middle,
        Err(error) => {
            let text = format!("{} cannot be written: {error}", folder.display());
            return Check::fail("disk", text, "Give the folder to the user that runs Carbide");
        }
    };
    let free_text = free.map_or_else(
        || "free space unknown".to_owned(),
        |free| format!("{:.1} GiB free", free as f64 / f64::from(1 << 30)),
    );
    let text = format!("{free_text}, a sync takes {:.1} ms", middle.as_secs_f64() * 1000.0);
    match free {
        Some(free) if free < FREE_BYTES_FAIL => {
            Check::fail("disk", text, "Free at least 2 GiB: the journal needs room before it posts")
        }
        Some(free) if free < FREE_BYTES_WARN => Check::warn("disk", text, "Free at least 2 GiB"),
        _ if middle > SYNC_WARN => {
            Check::warn("disk", text, "Each document waits for several syncs: use a faster disk")
        }
        _ => Check::ok("disk", text),
    }
}

fn sync_time(folder: &Path) -> std::io::Result<Duration> {
    let mut file = tempfile_in(folder)?;
    let mut times = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        file.1.write_all(&[0; 4096])?;
        let began = Instant::now();
        file.1.sync_data()?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    Ok(times[SYNCS / 2])
}

/// A file that goes with the guard.
struct Removed(std::path::PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn tempfile_in(folder: &Path) -> std::io::Result<(Removed, std::fs::File)> {
    std::fs::create_dir_all(folder)?;
    let path = folder.join(format!(".doctor.{}", std::process::id()));
    let file = std::fs::File::create(&path)?;
    Ok((Removed(path), file))
}

fn factors(config: &Config) -> Check {
    let day = config
        .settings
        .plan
        .start
        .unwrap_or_else(|| Timestamp::now().to_zoned(config.zone.clone()).date());
    let rows = config.factors.book.rows();
    let Some(newest) = rows.iter().map(|row| row.valid_from).max() else {
        return Check::fail("factors", "no factors", "Fill mappings/factors.toml");
    };
    let ended = rows.iter().filter(|row| row.valid_to.is_some_and(|to| to <= day)).count();
    let days = (day - newest).get_days();
    let text = format!(
        "{} rows, {ended} of them ended before {day}; the newest is valid from {newest}",
        rows.len()
    );
    if days > FACTOR_DAYS_MAX {
        let advice = "Enter the last edition of the factors into mappings/factors.toml";
        return Check::warn("factors", text, advice);
    }
    Check::ok("factors", text)
}
