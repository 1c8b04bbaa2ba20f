//! `carbide factors`: versions of the factor database, what differs, what a change would do, and why
//! a factor is the one that is taken.

mod apply;
mod what_if;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::connect::Session;
use super::exit::print_json;
use super::{CliError, Context, Exit};
use crate::audit::{SigningKey, VerifierKey};
use crate::config::Config;
use crate::config::factor_package::{self, SIGNER, Signature, TrustedKey};
use crate::config::secrets::SecretSource;
use crate::factor::difference::{Difference, differences};
use crate::factor::gas::GwpSet;
use crate::factor::package::{FactorDatabase, Package, PackageRow, Problem, Severity};
use crate::present::figure;
use crate::present::table::{Align, Table};
use crate::store::hex;

/// Show, compare, check, sign and apply versions of the factor database.
#[derive(Debug, Args)]
pub struct Factors {
    #[command(subcommand)]
    command: FactorsCommand,
}

#[derive(Debug, Subcommand)]
enum FactorsCommand {
    /// Show versions and series; a series in every book; or which factor an activity takes, and why.
    Show {
        /// Series of the database or activity of the plant; everything if it is left out.
        name: Option<String>,
        /// Day of the activity; today if it is left out.
        #[arg(long)]
        day: Option<Date>,
        /// Supplier of the material.
        #[arg(long)]
        supplier: Option<String>,
    },
    /// Check a version: overlaps, gaps, units, gases, sources, plausible bands, signature.
    Verify {
        /// Folder of the version; every version that is applied if it is left out.
        folder: Option<PathBuf>,
        /// Accept a value outside of its plausible band, by key of the factor.
        #[arg(long, value_name = "FACTOR")]
        accept: Vec<String>,
        /// Public key that may have signed it, beside the trusted ones of mappings/factors.toml.
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
    },
    /// Show what differs between two versions.
    Diff {
        /// Folder or key of the older version, or of the newer one if it stands alone.
        first: String,
        /// Folder or key of the newer version; the first is then the older one.
        second: Option<String>,
        /// Calculate the last quarter with it, too.
        #[arg(long)]
        what_if: bool,
    },
    /// Take a signed version into use, after showing what it does to the last quarter.
    Apply(apply::Apply),
    /// Sign a version with a key of your own.
    Sign {
        /// Folder of the version.
        folder: PathBuf,
        /// Place of the key, as file:PATH; it is made there if there is none.
        #[arg(long)]
        key: String,
    },
}

pub(super) async fn run(arguments: Factors, context: &Context) -> Result<Exit, CliError> {
    match arguments.command {
        FactorsCommand::Show { name, day, supplier } => {
            let config = Config::load(&context.config)?;
            let day = day.unwrap_or_else(|| Timestamp::now().to_zoned(config.zone.clone()).date());
            show(&config, name.as_deref(), day, supplier.as_deref(), context)
        }
        FactorsCommand::Verify { folder, accept, key } => {
            let key = key.map(|key| VerifierKey::parse(&key)).transpose();
            let key = key.map_err(|error| CliError::new(Exit::Usage, format!("--key: {error}")))?;
            verify(folder, &accept, key, context)
        }
        FactorsCommand::Diff { first, second, what_if } => {
            diff(&first, second.as_deref(), what_if, context).await
        }
        FactorsCommand::Apply(arguments) => apply::run(arguments, context).await,
        FactorsCommand::Sign { folder, key } => sign(&folder, &key, context),
    }
}

/// Folder of the factor database beside the settings.
fn database_folder(config: &Config) -> PathBuf {
    config.mapping("factors")
}

fn show(
    config: &Config,
    name: Option<&str>,
    day: Date,
    supplier: Option<&str>,
    context: &Context,
) -> Result<Exit, CliError> {
    let Some(name) = name else { return show_all(config, context) };
    let database = &config.factors.database;
    if let Some(newest) = database.known_at(None)
        && !newest.series(name).is_empty()
    {
        return show_series(config, newest, name, context);
    }
    let regions: Vec<&str> = config.settings.plant.regions.iter().map(String::as_str).collect();
    let mut documents = Vec::new();
    for (book, rows) in &config.factors.books {
        match rows.choose(name, supplier, &regions, day) {
            Ok(choice) if context.json => documents.push(json!({
                "book": book,
                "factor": choice.row,
                "considered": choice.considered.iter()
                    .map(|(id, why)| json!({ "id": id, "why": why })).collect::<Vec<_>>(),
            })),
            Ok(choice) => {
                let row = choice.row;
                println!("Book {book}: {} on {day} is {}", name, row.id);
                println!("  {} kg CO2e per {}, {}", row.kg_co2e_per_unit, row.unit, row.region);
                println!("  {} ({})", row.source, row.licence);
                println!("  {}", row.confidence);
                if let Some(origin) = &row.origin {
                    println!("  version {}, known since {}", origin.package, origin.known_since);
                    for step in &origin.steps {
                        println!("  {step}");
                    }
                }
                for (id, why) in &choice.considered {
                    println!("    {id}: {why}");
                }
            }
            Err(error) if context.json => {
                documents.push(json!({ "book": book, "error": error.to_string() }));
            }
            Err(error) => println!("Book {book}: {error}"),
        }
    }
    if context.json {
        print_json(&documents)?;
    }
    let known = config.factors.books.values().flat_map(|book| book.rows());
    if known.clone().any(|row| row.activity == name) {
        return Ok(Exit::Done);
    }
    let mut activities: Vec<&str> = known.map(|row| row.activity.as_str()).collect();
    activities.sort_unstable();
    activities.dedup();
    Err(CliError::new(
        Exit::No,
        format!(
            "'{name}' is neither a series of the factor database nor an activity of the plant; \
             activities are {}. `carbide factors show` lists the series",
            activities.join(", ")
        ),
    ))
}

fn show_all(config: &Config, context: &Context) -> Result<Exit, CliError> {
    let packages = config.factors.database.packages();
    if context.json {
        let of = |package: &Package| {
            json!({
                "id": package.id,
                "known_since": package.known_since,
                "publisher": package.publisher,
                "sha256": hex(&package.hash),
                "rows": package.rows.iter()
                    .map(|row| row_document(package, row, config.factors.gwp_set)).collect::<Vec<_>>(),
            })
        };
        print_json(&packages.iter().map(of).collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    for package in packages {
        println!(
            "Version {}, known since {}, {} factors, sha256 {}",
            package.id,
            package.known_since,
            package.rows.len(),
            hex(&package.hash)
        );
    }
    let Some(newest) = packages.last() else {
        println!("No version of the factor database is in {}", database_folder(config).display());
        return Ok(Exit::Done);
    };
    let mut table = row_table();
    for row in &newest.rows {
        add_row(&mut table, newest, row, config.factors.gwp_set);
    }
    print!("{table}");
    Ok(Exit::Done)
}

/// A series in every version, so that its history can be seen.
fn show_series(
    config: &Config,
    newest: &Package,
    name: &str,
    context: &Context,
) -> Result<Exit, CliError> {
    let set = config.factors.gwp_set;
    if context.json {
        let packages = config.factors.database.packages().iter();
        let rows = packages.flat_map(|package| {
            package.series(name).into_iter().map(move |row| row_document(package, row, set))
        });
        print_json(&rows.collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    for package in config.factors.database.packages() {
        println!("Version {}, known since {}", package.id, package.known_since);
        let mut table = row_table();
        for row in package.series(name) {
            add_row(&mut table, package, row, set);
        }
        print!("{table}");
    }
    for row in newest.series(name) {
        println!("{}: published as {}; {}", row.id, row.published, row.confidence);
        if !row.note.is_empty() {
            println!("  {}", row.note);
        }
    }
    for adjustment in newest.adjustments.iter().filter(|of| of.holds_for(name)) {
        println!("Adjustment {}: {}. {}", adjustment.id, adjustment.parameter, adjustment.note);
    }
    Ok(Exit::Done)
}

fn row_document(package: &Package, row: &PackageRow, set: GwpSet) -> Value {
    let values = [GwpSet::Ar4, GwpSet::Ar5, GwpSet::Ar6].into_iter().filter_map(|of| {
        Some((of.to_string(), json!(row.value(&package.gwp, of).ok()?.normalize().to_string())))
    });
    let publication = package.publications.get(&row.source);
    json!({
        "package": package.id,
        "id": row.id,
        "series": row.series,
        "sub_sector": row.sub_sector,
        "variant": row.variant,
        "unit": row.unit,
        "per": row.per,
        "kg_co2e_per_unit": row.value(&package.gwp, set).ok().map(|kg| kg.normalize().to_string()),
        "by_gwp_set": values.collect::<serde_json::Map<_, _>>(),
        "gases_kg": row.gases.fossil,
        "biogenic_co2_kg": row.gases.biogenic_co2,
        "scope": row.scope,
        "iso_14064_category": row.iso_14064,
        "region": row.region,
        "book": row.book,
        "valid_from": row.valid_from,
        "valid_to": row.valid_to,
        "methodology": row.methodology,
        "source": publication.map(|of| format!("{}: {}", of.publisher, of.title)),
        "licence": publication.map(|of| of.licence.clone()),
        "published": row.published,
        "uncertainty_percent": row.uncertainty_percent,
        "data_quality": row.data_quality,
        "confidence": row.confidence,
        "note": row.note,
    })
}

fn row_table() -> Table {
    Table::new(&[
        ("factor", Align::Left),
        ("variant", Align::Left),
        ("kg CO2e", Align::Right),
        ("per", Align::Left),
        ("region", Align::Left),
        ("book", Align::Left),
        ("from", Align::Left),
        ("to before", Align::Left),
        ("+/-", Align::Right),
    ])
}

fn add_row(table: &mut Table, package: &Package, row: &PackageRow, set: GwpSet) {
    let value = row.value(&package.gwp, set).ok().map(|kg| kg.normalize().to_string());
    table.row([
        row.id.clone(),
        row.variant.chars().take(46).collect(),
        value.unwrap_or_else(|| {
            format!("only {}", row.gwp_set.map_or(String::new(), |s| s.to_string()))
        }),
        if row.per.is_empty() { row.unit.to_string() } else { format!("{} {}", row.unit, row.per) },
        row.region.clone(),
        row.book.clone(),
        row.valid_from.to_string(),
        row.valid_to.map(|day| day.to_string()).unwrap_or_default(),
        row.uncertainty_percent.map(|percent| format!("{percent} %")).unwrap_or_default(),
    ]);
}

/// The version at a folder, or the applied one with this key.
fn version(database: &FactorDatabase, name: &str) -> Result<Package, CliError> {
    if let Some(package) = database.packages().iter().find(|package| package.id == name) {
        return Ok(package.clone());
    }
    let path = Path::new(name);
    if path.join("package.toml").is_file() {
        return Ok(factor_package::load(path)?);
    }
    let known: Vec<&str> = database.packages().iter().map(|package| package.id.as_str()).collect();
    Err(CliError::new(
        Exit::Usage,
        format!(
            "'{name}' is neither a folder with a package.toml nor one of the versions {}",
            known.join(", ")
        ),
    ))
}

/// A version, what is wrong about it, and who signed it or why nobody known did.
type Checked = (Package, Vec<Problem>, Result<Signature, String>);

/// A version with what is wrong about it, accepted keys left out.
fn checked(folder: &Path, trusted: &[TrustedKey], accept: &[String]) -> Result<Checked, CliError> {
    let package = factor_package::load(folder)?;
    let accepted = |problem: &Problem| {
        problem.severity == Severity::NeedsApproval && accept.contains(&problem.row)
    };
    let problems: Vec<Problem> =
        package.problems().into_iter().filter(|problem| !accepted(problem)).collect();
    let signature = factor_package::signature(folder, &package, trusted);
    Ok((package, problems, signature.map_err(|error| error.to_string())))
}

fn verify(
    folder: Option<PathBuf>,
    accept: &[String],
    key: Option<VerifierKey>,
    context: &Context,
) -> Result<Exit, CliError> {
    // Without settings nobody is trusted, and the content can still be checked.
    let config = match (Config::load(&context.config), &folder) {
        (Ok(config), _) => Some(config),
        (Err(_), Some(_)) => None,
        (Err(error), None) => return Err(error.into()),
    };
    let folders = match (folder, &config) {
        (Some(folder), _) => vec![folder],
        (None, Some(config)) => factor_package::folders(&database_folder(config)),
        (None, None) => Vec::new(),
    };
    let given = key.map(|key| TrustedKey { key, until: None });
    let mut trusted: Vec<TrustedKey> = given.into_iter().collect();
    trusted.extend(config.into_iter().flat_map(|config| config.factors.trusted_keys));
    let (mut documents, mut refused) = (Vec::new(), false);
    for folder in folders {
        let (package, problems, signature) = checked(&folder, &trusted, accept)?;
        let blocking = problems.iter().filter(|problem| problem.severity != Severity::Note).count();
        refused |= blocking > 0 || signature.is_err();
        let signed = match &signature {
            Ok(Signature::By(key)) => format!("signed by {key}"),
            Ok(Signature::None) => "not signed".to_owned(),
            Err(error) => error.clone(),
        };
        if context.json {
            documents.push(json!({
                "package": package.id,
                "known_since": package.known_since,
                "rows": package.rows.len(),
                "sha256": hex(&package.hash),
                "signature": signed,
                "holds": blocking == 0 && signature.is_ok(),
                "problems": problems.iter().map(|problem| json!({
                    "severity": problem.severity.name(),
                    "factor": problem.row,
                    "text": problem.text,
                })).collect::<Vec<_>>(),
            }));
            continue;
        }
        println!("Version {}: {} factors, {signed}", package.id, package.rows.len());
        for problem in &problems {
            println!("  {}: {}", problem.severity.name(), problem.text);
        }
        println!("  {}", if blocking == 0 && signature.is_ok() { "holds" } else { "refused" });
    }
    if context.json {
        print_json(&documents)?;
    }
    Ok(if refused { Exit::No } else { Exit::Done })
}

async fn diff(
    first: &str,
    second: Option<&str>,
    what_if: bool,
    context: &Context,
) -> Result<Exit, CliError> {
    let config = Config::load(&context.config)?;
    let database = &config.factors.database;
    let (before, after) = match second {
        Some(second) => (version(database, first)?, version(database, second)?),
        None => {
            let newest = database.known_at(None).cloned().ok_or_else(|| {
                CliError::new(Exit::Usage, "no version is applied; name the older one as well")
            })?;
            (newest, version(database, first)?)
        }
    };
    let set = config.factors.gwp_set;
    let found = differences(&before, &after, set);
    let effects = if what_if {
        let session = Session::open(context)?;
        let with = FactorDatabase::new(vec![after.clone()]);
        Some(what_if::last_quarter(&session, with, context).await?)
    } else {
        None
    };
    if context.json {
        print_json(&json!({
            "before": before.id,
            "after": after.id,
            "gwp_set": set,
            "differences": found.iter().map(difference_document).collect::<Vec<_>>(),
            "what_if": effects,
        }))?;
        return Ok(Exit::Done);
    }
    println!("From {} to {}: {} factors differ", before.id, after.id, found.len());
    print_differences(&before, &after, &found, set);
    if let Some(effects) = effects {
        what_if::print(&effects);
    }
    Ok(Exit::Done)
}

fn difference_document(of: &Difference<'_>) -> Value {
    match of {
        Difference::Added(row) => json!({ "id": row.id, "change": "added" }),
        Difference::Withdrawn(row) => json!({ "id": row.id, "change": "withdrawn" }),
        Difference::Changed { after, fields, percent, .. } => json!({
            "id": after.id, "change": "changed", "fields": fields, "percent": percent,
        }),
    }
}

fn print_differences(before: &Package, after: &Package, found: &[Difference<'_>], set: GwpSet) {
    let value = |package: &Package, row: &PackageRow| {
        row.value(&package.gwp, set).map_or("-".to_owned(), |kg| kg.normalize().to_string())
    };
    let mut table = Table::new(&[
        ("factor", Align::Left),
        ("change", Align::Left),
        ("before", Align::Right),
        ("after", Align::Right),
        ("%", Align::Right),
        ("fields", Align::Left),
    ]);
    for of in found {
        table.row(match of {
            Difference::Added(row) => {
                let cells = ["added".to_owned(), String::new(), value(after, row)];
                let [change, old, new] = cells;
                [row.id.clone(), change, old, new, String::new(), String::new()]
            }
            Difference::Withdrawn(row) => {
                let old = value(before, row);
                [
                    row.id.clone(),
                    "withdrawn".to_owned(),
                    old,
                    String::new(),
                    String::new(),
                    String::new(),
                ]
            }
            Difference::Changed { before: earlier, after: later, fields, percent } => [
                later.id.clone(),
                "changed".to_owned(),
                value(before, earlier),
                value(after, later),
                percent.map(|percent| figure::decimal(percent, 2)).unwrap_or_default(),
                fields.join(", "),
            ],
        });
    }
    if !table.is_empty() {
        print!("{table}");
    }
}

fn sign(folder: &Path, place: &str, context: &Context) -> Result<Exit, CliError> {
    let usage = |error: &dyn std::fmt::Display| CliError::new(Exit::Usage, error);
    let (package, problems, _) = checked(folder, &[], &[])?;
    if let Some(problem) = problems.iter().find(|problem| problem.severity == Severity::Refused) {
        return Err(CliError::new(Exit::No, format!("{}; nothing was signed", problem.text)));
    }
    let base = context.config.parent().unwrap_or(Path::new("."));
    let source = SecretSource::parse("--key", place, base).map_err(|error| usage(&error))?;
    let stored = match source.fetch() {
        Ok(stored) => stored,
        Err(error) => {
            let SecretSource::File(path) = &source else { return Err(usage(&error)) };
            if path.exists() {
                return Err(usage(&error));
            }
            let key =
                SigningKey::generate().ok_or_else(|| usage(&"the system has no randomness"))?;
            let key = crate::secret::Secret::new(key);
            source.place().store(&key).map_err(|error| usage(&error))?;
            key
        }
    };
    let key = SigningKey::parse(SIGNER, stored.expose()).map_err(|error| usage(&error))?;
    let path = folder.join(factor_package::SIGNATURE);
    std::fs::write(&path, factor_package::sign(&package, &key))
        .map_err(|error| usage(&format!("{} cannot be written: {error}", path.display())))?;
    if context.json {
        print_json(
            &json!({ "package": package.id, "sha256": hex(&package.hash), "key": key.verifier().to_string() }),
        )?;
    } else {
        println!("{} is signed. Whoever is to apply it trusts this key:", package.id);
        println!("{}", key.verifier());
    }
    Ok(Exit::Done)
}
