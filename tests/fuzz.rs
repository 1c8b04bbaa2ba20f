//! Each reader of what comes from outside, fed with what nobody would send: no panic, no endless
//! memory, no endless time.
//!
//! Inputs are bred from `tests/fuzz/corpus`: cut, flipped, doubled, crossed, filled with pieces on
//! which readers stumble. What leads to an outcome that was not seen before is bred on.
//! `CARBIDE_FUZZ_SECONDS` is the time for each reader, `CARBIDE_FUZZ_SEED` the begin,
//! `CARBIDE_FUZZ_KEEP=1` writes what is new into the corpus. An input that fails is written to
//! `target/fuzz` and named.

#[path = "fuzz/breed.rs"]
mod breed;
#[path = "fuzz/memory.rs"]
mod memory;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use breed::Breed;
use carbide::sap::odata::Version;
use carbide::sap::odata::metadata::Metadata;
use carbide::sap::odata::parse;
use carbide::sap::soap_rfc;

/// Bytes that reading may hold for each byte of input, and beside that.
const BYTES_PER_BYTE: usize = 32;
const BYTES_BESIDE: usize = 64 << 10;

/// No input of this size takes so long.
const INPUT_TIME_MAX: Duration = Duration::from_secs(5);

/// Readers take turns, so that the memory counted is that of one.
static TURN: Mutex<()> = Mutex::new(());

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target)
}

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// One outcome in few words, and how large its number is: what differs between inputs of one kind is
/// left out.
fn kind(outcome: &str) -> String {
    // What stands in quotes or brackets comes from the input.
    let ours = outcome.split(['<', '\'', '"', '`', '(']).next().unwrap_or_default();
    let words = ours.split(|c: char| !c.is_ascii_alphabetic() && c != '-');
    let words: Vec<&str> = words.filter(|word| word.len() > 2).take(2).collect();
    let number: String = outcome.chars().filter(char::is_ascii_digit).take(9).collect();
    let size = number.parse::<u32>().map_or(0, |number| number.checked_ilog2().unwrap_or(0));
    format!("{} {}", words.join(" "), if outcome.starts_with("read") { size } else { 0 })
}

/// Feeds `read` until its time is over. What it answers is a text whose kind counts.
fn feed(target: &str, read: impl Fn(&[u8]) -> String) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let corpus = corpus(target);
    assert!(!corpus.is_empty(), "no corpus of {target}");
    let mut breed = Breed::new(corpus, setting("CARBIDE_FUZZ_SEED", 17));
    let (mut seen, mut tried, mut most) = (BTreeSet::new(), 0_u64, 0);
    let ends = Instant::now() + Duration::from_secs(setting("CARBIDE_FUZZ_SECONDS", 1));
    // The corpus first, whatever time there is.
    let mut inputs = breed.corpus().to_vec();
    while !inputs.is_empty() || Instant::now() < ends {
        let input = inputs.pop().unwrap_or_else(|| breed.next());
        let (begun, before) = (Instant::now(), memory::watch());
        let outcome = catch_unwind(AssertUnwindSafe(|| read(&input)));
        let (held, took) = (memory::peak().saturating_sub(before), begun.elapsed());
        tried += 1;
        most = most.max(held.saturating_sub(BYTES_BESIDE) / input.len().max(1));
        let wrong = match &outcome {
            Err(_) => Some("it panicked".to_owned()),
            Ok(_) if held > input.len() * BYTES_PER_BYTE + BYTES_BESIDE => {
                Some(format!("{held} bytes were held for {} of input", input.len()))
            }
            Ok(_) if took > INPUT_TIME_MAX => Some(format!("it took {took:?}")),
            Ok(_) => None,
        };
        if let Some(wrong) = wrong {
            panic!("{target}: {wrong}; the input is {}", kept_in("target/fuzz", target, &input));
        }
        if outcome.is_ok_and(|outcome| seen.insert(kind(&outcome))) {
            if setting("CARBIDE_FUZZ_KEEP", 0) == 1 && input.len() < 4096 {
                kept_in("tests/fuzz/corpus", target, &input);
            }
            breed.keep(input);
        }
    }
    println!(
        "{target}: {tried} inputs, {} kinds of outcome, at most {most} bytes held for one of input",
        seen.len()
    );
    assert!(seen.len() > 1, "{target}: nothing but {seen:?}: the corpus leads nowhere");
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let files = std::fs::read_dir(folder(target)).unwrap();
    let mut paths: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn kept_in(place: &str, target: &str, input: &[u8]) -> String {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    input.hash(&mut hasher);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(place).join(target);
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{:016x}", hasher.finish()));
    std::fs::write(&path, input).unwrap();
    path.display().to_string()
}

fn told<T: std::fmt::Debug>(read: Result<T, String>) -> String {
    match read {
        Ok(read) => format!("read {read:?}"),
        Err(problem) => problem,
    }
}

/// How many rows a page has; each of their values is looked at in every way.
fn page(version: Version, body: &[u8]) -> Result<usize, String> {
    let rows = parse::page("A_Set", version, body.to_vec())?;
    for row in &rows {
        let _ = (row.key(), row.etag(), row.to_json());
        for property in row.fields().keys() {
            let _ = (row.text(property), row.decimal(property), row.date(property));
            let _ = (row.time(property), row.timestamp(property), row.boolean(property));
            let _ = row.expanded(property);
        }
    }
    Ok(rows.len())
}

#[test]
fn pages_of_v2() {
    feed("page_v2", |body| told(page(Version::V2, body)));
}

#[test]
fn pages_of_v4() {
    feed("page_v4", |body| told(page(Version::V4, body)));
}

#[test]
fn refusals() {
    feed("refusal", |body| {
        let kinds = ["application/json", "application/xml", "text/html"];
        let length = |kind| parse::refusal(kind, body).map_or(0, |text| text.len());
        format!("read {:?}", kinds.map(length))
    });
}

#[test]
fn metadata() {
    feed("metadata", |body| {
        told(Metadata::parse(body).map(|read| {
            let differences = read.compare(&read).len();
            format!("{:?} of {differences}", read.version)
        }))
    });
}

#[test]
fn batches_by_parts() {
    feed("multipart", |body| {
        // The boundary stands in a header; here it is the first line.
        let first = body.split(|byte| *byte == b'\r' || *byte == b'\n').next().unwrap_or_default();
        let boundary = String::from_utf8_lossy(first).trim_start_matches("--").to_owned();
        told(parse::multipart(body, &format!("multipart/mixed; boundary={boundary}")))
    });
}

#[test]
fn batches_by_json() {
    feed("json_batch", |body| told(parse::json_batch(body, &[1, 2, 1])));
}

#[test]
fn envelopes() {
    feed("envelope", |body| told(soap_rfc::parse::envelope(body, "BAPI_ACC_DOCUMENT_POST")));
}

/// Entities are how XML attacks: none is expanded, none is fetched, whatever grows around it.
#[test]
fn no_entity_is_ever_expanded() {
    const ATTACKS: [&str; 4] = [
        "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;\">]>",
        "<!DOCTYPE x [<!ENTITY s SYSTEM \"file:///etc/hostname\">]>",
        "<!DOCTYPE x [<!ENTITY % p SYSTEM \"http://127.0.0.1:1/\">%p;]>",
        "<!DOCTYPE x PUBLIC \"-//X\" \"http://127.0.0.1:1/x.dtd\">",
    ];
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    for attack in ATTACKS {
        for target in ["metadata", "envelope"] {
            for whole in corpus(target) {
                let Ok(text) = String::from_utf8(whole) else { continue };
                if text.contains("<!DOCTYPE") || !text.contains("?>") {
                    continue;
                }
                let attacked = text.replacen("?>", &format!("?>{attack}"), 1);
                let before = memory::watch();
                let said = match target {
                    "metadata" => told(Metadata::parse(attacked.as_bytes()).map(drop)),
                    _ => told(soap_rfc::parse::envelope(attacked.as_bytes(), "F")),
                };
                assert!(said.starts_with("XML-"), "{said}");
                assert!(memory::peak() - before < attacked.len() * BYTES_PER_BYTE + BYTES_BESIDE);
            }
        }
    }
}
