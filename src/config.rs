//! Settings: `carbide.toml` says what the data mean, `mappings/*.toml` say what the plant means.
//!
//! Loading is strict. An unknown key, a wrong unit or a missing validity is an error that names
//! file, line and the nearest known key; nothing starts with half a configuration.

pub mod accounts;

pub mod budgets;
pub mod factor_package;

pub mod factors;

pub mod fields;

pub mod file;

pub mod file_system;

pub mod meters;

pub mod oidc;

pub mod owner;

mod plain_secret;

pub mod products;

pub mod sap;

pub mod secrets;

pub mod serve;

mod sensible;

pub mod suppliers;

pub mod transport;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::check::RuleSet;
use crate::footprint::budget::Budget;
use crate::footprint::product::rules::ProductRules;
use crate::id::{CompanyCode, PlantCode};
use crate::master::StandardValue;
use crate::meters::SiteMeters;
use crate::post::at_confirm::DeleteAtConfirm;
use crate::post::order_way::OrderWay;
use crate::sap::tls;
use crate::source::ems::{EmsError, EmsMapping};
use crate::source::sap::field_mapping::FieldMapping;
use secrets::SecretSource;

pub use file::ConfigError;
pub use sap::SapSettings;

/// `carbide.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The SAP system.
    pub sap: SapSettings,
    /// The plant and how its days are cut.
    pub plant: PlantSettings,
    /// The energy management system.
    pub ems: EmsSettings,
    /// How plans are made.
    pub plan: PlanSettings,
    /// How postings are made and kept.
    pub post: PostSettings,
    /// How changes are read.
    #[serde(default)]
    pub sync: SyncSettings,
    /// The daemon.
    #[serde(default)]
    pub serve: serve::ServeSettings,
    /// Reports.
    #[serde(default, skip_serializing_if = "ReportSettings::is_default")]
    pub report: ReportSettings,
}

/// `[report]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReportSettings {
    /// A TrueType or OpenType font for characters that the shipped typeface has not, as those of
    /// Chinese and Japanese material texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub font: Option<PathBuf>,
}

impl ReportSettings {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// `[sync]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SyncSettings {
    /// How far a read of changes reaches back behind the last one, for what SAP committed late.
    pub overlap_minutes: u32,
    /// How long a set of which SAP tells no changes is believed while its count is the same.
    pub full_compare_hours: u32,
}

impl Default for SyncSettings {
    fn default() -> Self {
        Self { overlap_minutes: 10, full_compare_hours: 24 }
    }
}

/// `[plant]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlantSettings {
    /// WERKS.
    pub code: PlantCode,
    /// BUKRS that carries the plant.
    pub company_code: CompanyCode,
    /// IANA zone of shifts and order dates.
    pub time_zone: String,
    /// Regions in which factors are looked for, nearest first.
    pub regions: Vec<String>,
    /// What SAP's standard values 1 to 6 stand for at this plant's work centers.
    pub standard_values: Vec<StandardValueName>,
}

/// One position of the standard value key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StandardValueName {
    /// Set-up time.
    Setup,
    /// Machine time.
    Machine,
    /// Labour time.
    Labor,
    /// Electricity.
    Electricity,
    /// Natural gas.
    NaturalGas,
    /// A position that Carbide does not use.
    Unused,
}

/// `[ems]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmsSettings {
    /// `sqlite`, `postgresql` or `mariadb`.
    pub driver: String,
    /// File of SQLite, or name of the database on the server.
    pub database: String,
    /// Server, for a database that has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Port of the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Database user with the right to read and no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Where the password is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_from: Option<String>,
}

/// `[plan]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanSettings {
    /// First day to plan; the day after today if it is not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Date>,
    /// Days to plan.
    pub horizon_days: u16,
    /// Days that a delivery may be late at most.
    pub late_days_max: u16,
    /// Seconds for the search.
    pub seconds: f64,
    /// Seed: the same seed, data and generations give the same plan.
    pub seed: u64,
    /// Weights of carbon, cost and punctuality; they sum to one.
    pub weights: Weights,
    /// Least share of low-carbon raw material, by mass.
    pub low_carbon_ratio_min: f64,
    /// Least share of run minutes at night.
    pub night_share_min: f64,
    /// Largest share of run minutes at night.
    pub night_share_max: f64,
    /// Most that the plan may emit over the horizon, in kg CO₂e; no cap without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carbon_cap_kg: Option<f64>,
    /// Least weighted share of orders on time; only an objective without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub punctuality_min: Option<f64>,
    /// Price of electricity in the currency of the company code per kWh, on top of the day-ahead
    /// price: grid fees and taxes.
    pub electricity_fees_per_kwh: f64,
    /// Price of natural gas per GJ(NCV).
    pub natural_gas_per_gj: f64,
    /// Holding cost per tonne and shift of early delivery.
    pub holding_per_tonne_shift: f64,
    /// How plans are simulated, and what is asked of them.
    #[serde(default)]
    pub simulation: SimulationSettings,
    /// How a plan is made again from the one that runs.
    #[serde(default)]
    pub replan: ReplanSettings,
}

/// `[plan.replan]`
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReplanSettings {
    /// Days from the first day to plan on in which nothing is changed or begun anew.
    pub frozen_days: u16,
    /// What it costs in the objective if every order changes, by priority.
    pub change_weight: f64,
    /// Seconds for the search.
    pub seconds: f64,
}

impl Default for ReplanSettings {
    fn default() -> Self {
        let change_weight = crate::plan::replan::Running::default().change_weight;
        Self { frozen_days: 0, change_weight, seconds: 1.0 }
    }
}

/// `[plan.simulation]`
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SimulationSettings {
    /// Probability with which what a plan has on time has to be on time; below it a plan is posted only
    /// with a reason. Every plan may be posted without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_time_probability_min: Option<f64>,
    /// How the shop floor scatters.
    pub scatter: crate::plan::simulation::Scatter,
}

/// Weights of the planner's objective (MODEL section 4).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// alpha
    pub carbon: f64,
    /// beta
    pub cost: f64,
    /// gamma
    pub punctuality: f64,
}

/// `[post]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostSettings {
    /// Folder of the store: journal, carbon ledger, snapshots, plans.
    pub directory: PathBuf,
    /// How long a lost request may still take effect. At least 720 s outside a sandbox.
    #[serde(default = "settle")]
    pub settle_seconds: u64,
    /// Most SAP documents that one run may create.
    #[serde(default = "documents")]
    pub documents_max: usize,
    /// Documents that are on their way to SAP at the same time, 1 to 8; each holds a session of SAP.
    #[serde(default = "sessions")]
    pub sessions: usize,
    /// By which interface of SAP planned orders are written.
    #[serde(default, skip_serializing_if = "OrderWay::is_default")]
    pub orders: OrderWay,
    /// At which plants planned orders are deleted only once the window of the rest of their plan has
    /// closed: `true`, or their codes.
    #[serde(default, skip_serializing_if = "DeleteAtConfirm::is_default")]
    pub delete_at_confirm: DeleteAtConfirm,
    /// Whether a second person has to approve each posting.
    #[serde(default)]
    pub four_eyes: bool,
    /// How backups are kept.
    #[serde(default)]
    pub backup: BackupSettings,
}

/// `[post.backup]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BackupSettings {
    /// Folder; `backups` in the folder of the store if it is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<PathBuf>,
    /// Where the service's key is, as `age-keygen` writes it. A production system needs one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_key_from: Option<String>,
    /// Public keys, `age1...`, whose secret half is kept on no machine of this service. A production
    /// system needs one at least.
    pub recovery_recipients: Vec<String>,
    /// Days for which a backup is kept.
    pub keep_days: u16,
}

impl Default for BackupSettings {
    fn default() -> Self {
        Self {
            directory: None,
            service_key_from: None,
            recovery_recipients: Vec::new(),
            keep_days: 90,
        }
    }
}

fn settle() -> u64 {
    720
}
fn documents() -> usize {
    500
}
fn sessions() -> usize {
    crate::post::state::UNDER_WAY_MAX
}

/// Everything that was configured, with the folder that relative paths start from.
#[derive(Clone, Debug)]
pub struct Config {
    /// Folder of `carbide.toml`.
    pub base: PathBuf,
    /// The settings.
    pub settings: Settings,
    /// The plant's zone.
    pub zone: TimeZone,
    /// `mappings/factors.toml`
    pub factors: factors::FactorMapping,
    /// `mappings/suppliers.toml`
    pub suppliers: suppliers::SupplierMapping,
    /// `mappings/transport.toml`
    pub transport: transport::TransportMapping,
    /// `mappings/accounts.toml`
    pub accounts: accounts::AccountMapping,
    /// `mappings/products.toml`
    pub products: ProductRules,
    /// `mappings/budgets.toml`
    pub budgets: Vec<Budget>,
    /// `mappings/fields/*.toml` and `mappings/units.toml`
    pub fields: Arc<FieldMapping>,
    /// `mappings/ems.toml`
    pub ems: EmsMapping,
    /// `mappings/meters.toml`
    pub meters: Option<SiteMeters>,
    /// `mappings/rules.toml`
    pub rules: RuleSet,
}

impl Config {
    /// Loads the settings file and the mappings beside it.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with file, line and column of the first thing that is wrong.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = file::read(path)?;
        plain_secret::refuse(path, &text)?;
        let settings: Settings = file::parse(path, &text)?;
        let base = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let place = |key: &str, reason: String| file::at_key(path, key, reason);
        let zone = TimeZone::get(&settings.plant.time_zone)
            .map_err(|error| place("plant.time_zone", error.to_string()))?;
        let lies_on = file_system::of(&base.join(&settings.post.directory));
        settings
            .sensible()
            .and_then(|()| settings.journal_place(lies_on))
            .map_err(|(key, reason)| place(key, reason))?;
        let ours = settings.owner();
        if let Some(other) =
            owner::of(&base.join(&settings.post.directory)).filter(|other| *other != ours)
        {
            let folder = settings.post.directory.display();
            let reason = format!(
                "CFG-JOURNAL: systems {other} and {ours} share {folder}; give each a folder of its own"
            );
            return Err(place("post.directory", reason));
        }
        for (key, from) in settings.secret_places() {
            let source = SecretSource::parse(key, from, &base)
                .map_err(|error| place(key, error.to_string()))?;
            source.is_private().map_err(|error| place(key, error.to_string()))?;
        }
        let auth = &settings.sap.auth;
        for (key, file) in [
            ("sap.ca_file", &settings.sap.ca_file),
            ("sap.auth.token_ca_file", &auth.token_ca_file),
            (
                "serve.oidc.ca_file",
                settings.serve.oidc.as_ref().map_or(&None, |oidc| &oidc.ca_file),
            ),
        ] {
            let Some(file) = file else { continue };
            tls::authorities(&base.join(file)).map_err(|reason| place(key, reason))?;
        }
        let mapping = |name: &str| base.join("mappings").join(name);
        let ems = ems(&mapping("ems.toml"))?;
        Ok(Self {
            meters: meters::load(&mapping("meters.toml"), &ems)?,
            factors: factors::load(&mapping("factors.toml"))?,
            suppliers: suppliers::load(&mapping("suppliers.toml"))?,
            transport: transport::load(&mapping("transport.toml"))?,
            accounts: accounts::load(&mapping("accounts.toml"))?,
            products: products::load(&mapping("products.toml"))?,
            budgets: budgets::load(&mapping("budgets.toml"))?,
            fields: fields::load(&base.join("mappings"))?,
            ems,
            rules: file::load(&mapping("rules.toml"))?,
            base,
            settings,
            zone,
        })
    }

    /// A path of the settings, from the folder of `carbide.toml`.
    pub fn path(&self, relative: &Path) -> PathBuf {
        self.base.join(relative)
    }

    /// A mapping file by name.
    pub fn mapping(&self, name: &str) -> PathBuf {
        self.base.join("mappings").join(name)
    }

    /// The meaning of standard values 1 to 6.
    pub fn standard_values(&self) -> [Option<StandardValue>; 6] {
        let mut meanings = [None; 6];
        for (meaning, name) in meanings.iter_mut().zip(&self.settings.plant.standard_values) {
            *meaning = match name {
                StandardValueName::Setup => Some(StandardValue::Setup),
                StandardValueName::Machine => Some(StandardValue::Machine),
                StandardValueName::Labor => Some(StandardValue::Labor),
                StandardValueName::Electricity => Some(StandardValue::Electricity),
                StandardValueName::NaturalGas => Some(StandardValue::NaturalGas),
                StandardValueName::Unused => None,
            };
        }
        meanings
    }
}

impl Settings {
    /// System and client, as `P01/100`: whose journal it is.
    pub fn owner(&self) -> String {
        format!("{}/{}", self.sap.system, self.sap.client)
    }

    /// The keys that name the place of a secret, with what they say.
    pub fn secret_places(&self) -> Vec<(&'static str, &str)> {
        let (sap, auth) = (&self.sap, &self.sap.auth);
        let proxy = sap.proxy.as_ref().and_then(|proxy| proxy.password_from.as_deref());
        let oidc = self.serve.oidc.as_ref().and_then(|oidc| oidc.client_secret_from.as_deref());
        let places = [
            ("sap.password_from", sap.password_from.as_deref()),
            ("sap.auth.client_secret_from", auth.client_secret_from.as_deref()),
            ("sap.auth.refresh_token_from", auth.refresh_token_from.as_deref()),
            ("sap.auth.api_key_from", auth.api_key_from.as_deref()),
            ("sap.proxy.password_from", proxy),
            ("post.backup.service_key_from", self.post.backup.service_key_from.as_deref()),
            ("ems.password_from", self.ems.password_from.as_deref()),
            ("serve.oidc.client_secret_from", oidc),
        ];
        places.into_iter().filter_map(|(key, from)| Some((key, from?))).collect()
    }
}

/// Loads the meter mapping and checks what can be checked without a database.
fn ems(path: &Path) -> Result<EmsMapping, ConfigError> {
    let mapping: EmsMapping = file::load(path)?;
    mapping.validate().map_err(|error| match &error {
        EmsError::Identifier { name, .. } => file::at_text(path, name, error.to_string()),
        _ => file::at_key(path, "table", error.to_string()),
    })?;
    Ok(mapping)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: [(&str, &str); 7] = [
        ("factors.toml", include_str!("../mappings/factors.toml")),
        ("suppliers.toml", include_str!("../mappings/suppliers.toml")),
        ("transport.toml", include_str!("../mappings/transport.toml")),
        ("accounts.toml", include_str!("../mappings/accounts.toml")),
        ("ems.toml", include_str!("../mappings/ems.toml")),
        ("meters.toml", include_str!("../mappings/meters.toml")),
        ("rules.toml", include_str!("../mappings/rules.toml")),
    ];
    const SETTINGS: &str = include_str!("../mappings/carbide.toml");

    fn load(settings: &str) -> Result<Config, ConfigError> {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("mappings")).unwrap();
        for (name, text) in SHIPPED {
            std::fs::write(directory.path().join("mappings").join(name), text).unwrap();
        }
        let version = directory.path().join("mappings/factors/2026-4");
        std::fs::create_dir_all(&version).unwrap();
        let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/mappings/factors/2026-4");
        for file in std::fs::read_dir(shipped).unwrap().flatten() {
            std::fs::copy(file.path(), version.join(file.file_name())).unwrap();
        }
        let path = directory.path().join("carbide.toml");
        std::fs::write(&path, settings).unwrap();
        Config::load(&path)
    }

    fn refusal(settings: &str) -> String {
        load(settings).unwrap_err().to_string()
    }

    #[test]
    fn the_shipped_settings_and_mappings_load() {
        let config = load(SETTINGS).unwrap();

        assert_eq!(config.standard_values()[2], Some(StandardValue::Electricity));
        assert_eq!(config.accounts.postings[0].debit.padded(), "0000476500");
    }

    #[test]
    fn plain_http_is_refused_outside_this_machine() {
        let text = SETTINGS.replace("http://127.0.0.1:8010", "http://sap.example.com");

        assert!(refusal(&text).contains("CFG-TLS"));
        assert!(refusal(&text).contains("carbide.toml:8:1"));
    }

    #[test]
    fn a_productive_system_needs_the_full_settle_time() {
        let text = SETTINGS.replace("role = \"sandbox\"", "role = \"production\"");

        assert!(refusal(&text).contains("CFG-SETTLE: settle_seconds 3 is too short"));
    }

    #[test]
    fn a_password_in_the_settings_is_refused() {
        let text = SETTINGS.replace("file:secrets/sap", "hunter2");

        assert!(refusal(&text).contains("CFG-SECRET"));
        assert!(!refusal(&text).contains("hunter2"));
    }
}
