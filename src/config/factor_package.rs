//! A folder with one version of the factor database: `package.toml`, `sources.toml`,
//! `adjustments.toml`, `gwp100.csv`, `fuels.csv`, one CSV file a sub-sector, and `package.sig`.
//!
//! One factor a line, so that a review of a new version reads line by line. The signature covers
//! every file by its SHA-256.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::file::{self, ConfigError};
use crate::audit::{SigningKey, VerifierKey};
use crate::factor::adjustment::{Adjustment, Rule, Step};
use crate::factor::gas::{GasMasses, GwpSet, GwpTable};
use crate::factor::package::{FactorDatabase, Package, PackageRow, Publication};
use crate::unit::Uom;

/// Name of the signature's file.
pub const SIGNATURE: &str = "package.sig";

/// Name under which packages are signed.
pub const SIGNER: &str = "carbide/factors";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    id: String,
    known_since: String,
    publisher: String,
    sub_sectors: Vec<String>,
    #[serde(default)]
    bands: BTreeMap<String, [Decimal; 2]>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PublicationRow {
    title: String,
    publisher: String,
    licence: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Adjustments {
    adjustment: Vec<AdjustmentRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdjustmentRow {
    id: String,
    series: Vec<String>,
    parameter: String,
    #[serde(default)]
    difference: Option<PerUnit>,
    #[serde(default)]
    multiply: Option<Factor>,
    #[serde(default)]
    complement: Option<Share>,
    #[serde(default)]
    rebase: Option<Nothing>,
    #[serde(default)]
    steps: Option<Vec<Step>>,
    #[serde(default)]
    floor_share: Option<Decimal>,
    source: String,
    #[serde(default)]
    note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PerUnit {
    per_unit: Decimal,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Factor {
    factor: Decimal,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Share {
    share: Decimal,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FactorLine {
    id: String,
    series: String,
    variant: String,
    unit: String,
    per: String,
    kg_co2e: String,
    co2_kg: String,
    ch4_kg: String,
    n2o_kg: String,
    other_gases: String,
    co2_biogenic_kg: String,
    gwp_set: String,
    scope: String,
    iso_14064: String,
    region: String,
    book: String,
    valid_from: String,
    valid_to: String,
    methodology: String,
    source: String,
    source_year: String,
    published: String,
    uncertainty_percent: String,
    data_quality: u8,
    confidence: String,
    note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GwpLine {
    gas: String,
    ar4: String,
    ar5: String,
    ar6: String,
    #[serde(rename = "confidence")]
    _confidence: String,
    #[serde(rename = "note")]
    _note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FuelLine {
    fuel: String,
    ncv_gj_per_t: String,
    #[serde(rename = "confidence")]
    _confidence: String,
}

/// A key that may sign packages.
#[derive(Clone, Debug)]
pub struct TrustedKey {
    /// The key.
    pub key: VerifierKey,
    /// It signs nothing that is known since this day or later: the day of its successor. What it signed
    /// before stays verifiable. `None` while it is in use.
    pub until: Option<Date>,
}

/// Who signed a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signature {
    /// It is signed by this trusted key.
    By(String),
    /// There is no signature.
    None,
}

/// Reads the package in `folder`.
///
/// # Errors
///
/// [`ConfigError`] with file and line: a value that is no decimal, no day, no unit, a column that is
/// missing or too many, a semicolon or a decimal comma where the format has comma and point.
pub fn load(folder: &Path) -> Result<Package, ConfigError> {
    let manifest: Manifest = file::load(&folder.join("package.toml"))?;
    let known_since = manifest.known_since.parse().map_err(|_| {
        let reason = format!("'{}' is no day; write \"2026-11-26\"", manifest.known_since);
        file::at_key(&folder.join("package.toml"), "known_since", reason)
    })?;
    let publications: BTreeMap<String, PublicationRow> = file::load(&folder.join("sources.toml"))?;
    let publications = publications.into_iter().map(|(key, row)| {
        let PublicationRow { title, publisher, licence } = row;
        (key, Publication { title, publisher, licence })
    });
    let mut rows = Vec::new();
    for sub_sector in &manifest.sub_sectors {
        let path = folder.join(format!("{sub_sector}.csv"));
        for (line, row) in lines::<FactorLine>(&path)? {
            rows.push(factor_row(&path, line, sub_sector, row)?);
        }
    }
    Ok(Package {
        id: manifest.id,
        known_since,
        publisher: manifest.publisher,
        rows,
        publications: publications.collect(),
        adjustments: adjustments(&folder.join("adjustments.toml"))?,
        gwp: potentials(&folder.join("gwp100.csv"))?,
        net_calorific_values: calorific_values(&folder.join("fuels.csv"))?,
        bands: manifest.bands.into_iter().map(|(key, [low, high])| (key, (low, high))).collect(),
        hash: hash(folder)?,
    })
}

/// Every package below `folder`, oldest first. A folder that is not there is a database without
/// packages.
///
/// # Errors
///
/// As [`load`].
pub fn load_all(folder: &Path) -> Result<FactorDatabase, ConfigError> {
    let mut packages = Vec::new();
    for path in folders(folder) {
        if path.join("package.toml").is_file() {
            packages.push(load(&path)?);
        }
    }
    Ok(FactorDatabase::new(packages))
}

/// The folders directly below `folder`, by name; those whose names begin with a point are left out.
pub fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let hidden = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
    };
    let mut found: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| path.is_dir() && !hidden(path)).collect();
    found.sort();
    found
}

/// SHA-256 over the names and contents of every file of a package but its signature, in the order
/// of their names.
///
/// # Errors
///
/// [`ConfigError::Unreadable`].
pub fn hash(folder: &Path) -> Result<[u8; 32], ConfigError> {
    let unreadable =
        |path: &Path, reason| ConfigError::Unreadable { path: path.to_owned(), reason };
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(|reason| unreadable(folder, reason))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_file() && path.file_name().is_none_or(|name| name != SIGNATURE))
        .collect();
    files.sort();
    let mut all = Sha256::new();
    for path in files {
        let content = std::fs::read(&path).map_err(|reason| unreadable(&path, reason))?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        all.update(name.unwrap_or_default().as_bytes());
        all.update([0]);
        all.update(Sha256::digest(&content));
    }
    Ok(all.finalize().into())
}

/// Checks the signature of the package in `folder` against the keys that are trusted.
///
/// # Errors
///
/// `FAC-SIG` at the signature's file if it does not fit, if nobody who is trusted has signed, or only
/// somebody whose key had a successor when the package became known.
pub fn signature(
    folder: &Path,
    package: &Package,
    trusted: &[TrustedKey],
) -> Result<Signature, ConfigError> {
    let path = folder.join(SIGNATURE);
    if !path.is_file() {
        return Ok(Signature::None);
    }
    let note = file::read(&path)?;
    let mut reason = "no key is trusted (factors.toml: trusted_keys)".to_owned();
    for TrustedKey { key, until } in trusted {
        match key.open(&note) {
            Ok(head) if head.root != package.hash || head.size != package.rows.len() as u64 => {
                reason = "it was made for other content".to_owned();
                break;
            }
            Ok(_) => match until.filter(|until| package.known_since >= *until) {
                Some(until) => {
                    reason = format!(
                        "{key} signs only what was known before {until}, and this is known since {}",
                        package.known_since
                    );
                    break;
                }
                None => return Ok(Signature::By(key.to_string())),
            },
            Err(error) => reason = error.to_string(),
        }
    }
    let text = format!("FAC-SIG: factor pack {}: signature does not match: {reason}", package.id);
    Err(file::at(&path, "", 0, text))
}

/// The signature of a package, as it is written to `package.sig`.
pub fn sign(package: &Package, key: &SigningKey) -> String {
    key.sign(package.rows.len() as u64, package.hash)
}

/// The lines of a CSV file below its header, with their numbers.
fn lines<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<Vec<(usize, T)>, ConfigError> {
    let text = file::read(path)?;
    let header = text.lines().next().unwrap_or_default();
    if header.contains(';') && !header.contains(',') {
        let reason = format!(
            "FAC-CSV: line 1 has 1 column, expected {}; columns are parted by commas, and decimals \
             have a point",
            header.split(';').count()
        );
        return Err(file::at(path, &text, 0, reason));
    }
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers = reader.headers().cloned().map_err(|error| wrong(path, 1, &error.to_string()))?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            let line = error.position().map_or(0, |position| position.line() as usize);
            let text = match error.kind() {
                csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    format!("FAC-CSV: line {line} has {len} columns, expected {expected_len}")
                }
                _ => error.to_string(),
            };
            wrong(path, line, &text)
        })?;
        let line = record.position().map_or(0, |position| position.line() as usize);
        let row = record
            .deserialize(Some(&headers))
            .map_err(|error| wrong(path, line, &format!("FAC-CSV: {error}")))?;
        rows.push((line, row));
    }
    Ok(rows)
}

fn wrong(path: &Path, line: usize, reason: &str) -> ConfigError {
    ConfigError::Place { path: path.to_owned(), line, column: 1, reason: reason.to_owned() }
}

/// A decimal of a cell, or `None` where the cell is empty.
fn decimal(
    path: &Path,
    line: usize,
    name: &str,
    cell: &str,
) -> Result<Option<Decimal>, ConfigError> {
    let cell = cell.trim();
    if cell.is_empty() {
        return Ok(None);
    }
    let hint = if cell.contains(',') { "; decimals have a point" } else { "" };
    let parsed = cell.parse().map(Some);
    parsed.map_err(|_| wrong(path, line, &format!("FAC-CSV: {name} '{cell}' is no decimal{hint}")))
}

fn day(path: &Path, line: usize, name: &str, cell: &str) -> Result<Date, ConfigError> {
    let parsed = cell.trim().parse();
    parsed.map_err(|_| {
        wrong(path, line, &format!("FAC-CSV: {name} '{cell}' is no day as 2026-01-31"))
    })
}

fn factor_row(
    path: &Path,
    line: usize,
    sub_sector: &str,
    row: FactorLine,
) -> Result<PackageRow, ConfigError> {
    let number = |name: &str, cell: &str| decimal(path, line, name, cell);
    if row.unit.trim().is_empty() {
        return Err(wrong(path, line, &format!("FAC-UNIT: factor {} has no unit", row.id)));
    }
    let unit = Uom::from_code(&row.unit)
        .map_err(|error| wrong(path, line, &format!("FAC-UNIT: factor {}: {error}", row.id)))?;
    let mut gases = GasMasses {
        biogenic_co2: number("co2_biogenic_kg", &row.co2_biogenic_kg)?.unwrap_or_default(),
        ..GasMasses::default()
    };
    let named = [("CO2", &row.co2_kg), ("CH4", &row.ch4_kg), ("N2O", &row.n2o_kg)];
    for (gas, cell) in named {
        if let Some(kilograms) = number(gas, cell)? {
            gases.fossil.insert(gas.to_owned(), kilograms);
        }
    }
    for part in row.other_gases.split(';').filter(|part| !part.trim().is_empty()) {
        let (gas, kilograms) = part.split_once(':').ok_or_else(|| {
            wrong(path, line, &format!("FAC-CSV: other_gases '{part}' is not as CF4:0.4"))
        })?;
        if let Some(kilograms) = number(gas, kilograms)? {
            gases.fossil.insert(gas.trim().to_owned(), kilograms);
        }
    }
    let kg_co2e = number("kg_co2e", &row.kg_co2e)?;
    if kg_co2e.is_none() && gases.is_empty() {
        let text = format!("FAC-CSV: factor {} has neither kg_co2e nor a gas", row.id);
        return Err(wrong(path, line, &text));
    }
    let gwp_set: Option<GwpSet> = match row.gwp_set.trim() {
        "" => None,
        name => Some(name.parse().map_err(|error| wrong(path, line, &format!("{error}")))?),
    };
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(PackageRow {
        series: row.series,
        sub_sector: sub_sector.to_owned(),
        variant: row.variant,
        unit,
        per: row.per,
        kg_co2e,
        gases,
        gwp_set,
        scope: row.scope,
        iso_14064: row.iso_14064,
        region: row.region,
        book: row.book,
        valid_from: day(path, line, "valid_from", &row.valid_from)?,
        valid_to: match row.valid_to.trim() {
            "" => None,
            end => Some(day(path, line, "valid_to", end)?),
        },
        methodology: row.methodology,
        source: row.source,
        source_year: row.source_year,
        published: row.published,
        uncertainty_percent: number("uncertainty_percent", &row.uncertainty_percent)?,
        data_quality: row.data_quality,
        confidence: row.confidence,
        note: row.note,
        place: format!("{}:{line}", file.unwrap_or_default()),
        id: row.id,
    })
}

fn potentials(path: &Path) -> Result<GwpTable, ConfigError> {
    let mut table = GwpTable::default();
    for (line, row) in lines::<GwpLine>(path)? {
        for (set, cell) in
            [(GwpSet::Ar4, &row.ar4), (GwpSet::Ar5, &row.ar5), (GwpSet::Ar6, &row.ar6)]
        {
            if let Some(potential) = decimal(path, line, &row.gas, cell)? {
                table.insert(&row.gas, set, potential);
            }
        }
    }
    Ok(table)
}

fn calorific_values(path: &Path) -> Result<BTreeMap<String, Decimal>, ConfigError> {
    let mut values = BTreeMap::new();
    for (line, row) in lines::<FuelLine>(path)? {
        let value = decimal(path, line, "ncv_gj_per_t", &row.ncv_gj_per_t)?;
        values.insert(row.fuel, value.unwrap_or_default());
    }
    Ok(values)
}

fn adjustments(path: &Path) -> Result<Vec<Adjustment>, ConfigError> {
    let document: Adjustments = file::load(path)?;
    let of = |row: AdjustmentRow| {
        let rules = [
            row.difference.map(|rule| Rule::Difference { per_unit: rule.per_unit }),
            row.multiply.map(|rule| Rule::Multiply { factor: rule.factor }),
            row.complement.map(|rule| Rule::Complement { share: rule.share }),
            row.rebase.map(|Nothing {}| Rule::Rebase {}),
            row.steps.map(Rule::Steps),
        ];
        let mut rules = rules.into_iter().flatten();
        match (rules.next(), rules.next()) {
            (Some(rule), None) => Ok(Adjustment {
                rule,
                id: row.id,
                series: row.series,
                parameter: row.parameter,
                floor_share: row.floor_share,
                source: row.source,
                note: row.note,
            }),
            _ => {
                let text = format!(
                    "adjustment {} needs exactly one of difference, multiply, complement, rebase, steps",
                    row.id
                );
                Err(wrong(path, 1, &text))
            }
        }
    };
    document.adjustment.into_iter().map(of).collect()
}
