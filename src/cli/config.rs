//! `carbide config`: show the settings, write an example, store a secret.

use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::exit::print_json;
use super::{CliError, Context, Exit};
use crate::config::secrets::SecretSource;
use crate::config::{Config as Settings, ConfigError};
use crate::secret::Secret;
use crate::source::sap::field_mapping::STANDARD_FILES;

/// Show the settings, write an example, store a secret.
#[derive(Debug, Args)]
pub struct Config {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Show the settings as they are in force; secrets show their place and whether they are there.
    Show,
    /// Write an example of settings and mappings into a folder that has none.
    Init {
        /// Folder.
        folder: PathBuf,
    },
    /// Store a secret in a keyring or in a file that only its owner can read. It is read from stdin.
    SetSecret {
        /// Where, as in `password_from`: keyring:SERVICE/USER or file:PATH.
        place: String,
    },
}

/// A file of the factor database that ships.
macro_rules! factors {
    ($name:literal) => {
        (
            concat!("mappings/factors/2026-4/", $name),
            include_bytes!(concat!("../../mappings/factors/2026-4/", $name)),
        )
    };
}

/// Settings and mappings that `config init` and the demo write.
pub(super) const EXAMPLE: &[(&str, &[u8])] = &[
    ("carbide.toml", include_bytes!("../../mappings/carbide.toml")),
    ("mappings/factors.toml", include_bytes!("../../mappings/factors.toml")),
    factors!("package.toml"),
    factors!("sources.toml"),
    factors!("adjustments.toml"),
    factors!("gwp100.csv"),
    factors!("fuels.csv"),
    factors!("steel.csv"),
    factors!("cement_lime.csv"),
    factors!("chemical.csv"),
    factors!("electronics.csv"),
    factors!("nonferrous.csv"),
    factors!("glass_ceramics.csv"),
    factors!("pulp_paper.csv"),
    factors!("plastics_rubber.csv"),
    factors!("purchased_material.csv"),
    factors!("electricity.csv"),
    factors!("freight.csv"),
    factors!("heat_steam.csv"),
    factors!("fuel.csv"),
    factors!("fuel_upstream.csv"),
    factors!("cbam_fuel.csv"),
    factors!("package.sig"),
    ("mappings/suppliers.toml", include_bytes!("../../mappings/suppliers.toml")),
    ("mappings/transport.toml", include_bytes!("../../mappings/transport.toml")),
    ("mappings/accounts.toml", include_bytes!("../../mappings/accounts.toml")),
    ("mappings/products.toml", include_bytes!("../../mappings/products.toml")),
    ("mappings/budgets.toml", include_bytes!("../../mappings/budgets.toml")),
    ("mappings/rules.toml", include_bytes!("../../mappings/rules.toml")),
    ("mappings/units.toml", include_bytes!("../../mappings/units.toml")),
    ("mappings/fields/README.md", include_bytes!("../../mappings/fields/README.md")),
    ("mappings/ems.toml", include_bytes!("../../mappings/ems.toml")),
    ("mappings/meters.toml", include_bytes!("../../mappings/meters.toml")),
    ("mappings/grid/README.md", include_bytes!("../../mappings/grid/README.md")),
    (
        "mappings/grid/grid_DE_2018.csv.gz",
        include_bytes!("../../mappings/grid/grid_DE_2018.csv.gz"),
    ),
    (
        "mappings/grid/price_DE_2018.csv.gz",
        include_bytes!("../../mappings/grid/price_DE_2018.csv.gz"),
    ),
];

/// Writes the example into `folder`; a file that is there is kept.
pub(super) fn write_example(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    for (name, content) in EXAMPLE {
        let path = folder.join(name);
        if path.exists() {
            continue;
        }
        std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
        std::fs::write(&path, content)?;
        written.push(path);
    }
    for (name, content) in STANDARD_FILES {
        let path = folder.join("mappings/fields").join(name);
        if !path.exists() {
            std::fs::write(&path, content)?;
            written.push(path);
        }
    }
    Ok(written)
}

pub(super) fn run(arguments: Config, context: &Context) -> Result<Exit, CliError> {
    match arguments.command {
        ConfigCommand::Show => show(context),
        ConfigCommand::Init { folder } => {
            if folder.join("carbide.toml").exists() {
                let text = format!("{} has settings already; they were kept", folder.display());
                return Err(CliError::new(Exit::Usage, text));
            }
            let written = write_example(&folder).map_err(|error| {
                let text = format!("{} cannot be written: {error}", folder.display());
                CliError::new(Exit::Usage, text)
            })?;
            for path in written {
                println!("{}", path.display());
            }
            Ok(Exit::Done)
        }
        ConfigCommand::SetSecret { place } => set_secret(&place, context),
    }
}

fn show(context: &Context) -> Result<Exit, CliError> {
    let config = Settings::load(&context.config)?;
    let settings = &config.settings;
    let state = |key: &str, from: &str| match SecretSource::parse(key, from, &config.base) {
        Ok(source) => match source.fetch() {
            Ok(_) => "*** (found)".to_owned(),
            Err(error) => format!("not available: {error}"),
        },
        Err(error) => error.to_string(),
    };
    let places = settings.secret_places().into_iter();
    let secrets: Vec<_> = places.map(|(key, from)| (key, state(key, from))).collect();
    if context.json {
        let mut document =
            serde_json::to_value(settings).map_err(|error| CliError::new(Exit::Usage, error))?;
        for (key, state) in secrets {
            document["secrets"][key] = state.into();
        }
        print_json(&document)?;
    } else {
        let text =
            toml::to_string_pretty(settings).map_err(|error| CliError::new(Exit::Usage, error))?;
        println!("# {}\n{text}", context.config.display());
        for (key, state) in secrets {
            println!("# {key}: {state}");
        }
    }
    Ok(Exit::Done)
}

fn set_secret(place: &str, context: &Context) -> Result<Exit, CliError> {
    let usage = |error: &dyn std::fmt::Display| CliError::new(Exit::Usage, error);
    // As in the settings: a relative path is below their folder.
    let base = context.config.parent().unwrap_or(Path::new("."));
    let place = SecretSource::parse("place", place, base).map_err(|e| usage(&e))?.place();
    if !place.is_writable() {
        return Err(CliError::new(
            Exit::Usage,
            "only a keyring and a file take secrets from here; a credential is made by \
             systemd-creds, and a variable by whoever starts Carbide",
        ));
    }
    if std::io::stdin().is_terminal() {
        eprintln!("Secret for {}, then Enter (it is shown as you type):", place.name());
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(|error| usage(&error))?;
    let text = line.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(CliError::new(Exit::Usage, "no secret was given; nothing was stored"));
    }
    place.store(&Secret::new(text)).map_err(|error| usage(&error))?;
    println!("stored: {}", place.name());
    Ok(Exit::Done)
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self::new(Exit::Usage, error)
    }
}
