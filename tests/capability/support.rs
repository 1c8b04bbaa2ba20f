//! A sandbox on a free port, and clients of it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use carbide::cycle::{CycleError, SharedMirror, sync, tables};
use carbide::id::PlantCode;
use carbide::master::{MasterData, StandardValue};
use carbide::order::OrderBook;
use carbide::sandbox::{OwnField, RunningSandbox, SandboxOptions};
use carbide::sap::interfaces::{Interfaces, Manifest};
use carbide::sap::odata::ODataClient;
use carbide::sap::rfc::RfcClient;
use carbide::sap::system::{Credentials, SapSystem};
use carbide::secret::Secret;
use carbide::source::sap::field_mapping::FieldMapping;
use carbide::source::sap::{Reading, RowProblem};
use carbide::store::Mirror;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

pub const USER: &str = "CARBIDE";
pub const PASSWORD: &str = "s3cret-canary";

/// A running sandbox with fresh data.
pub async fn sandbox() -> RunningSandbox {
    // For the clients that look at the truth; a provider that is there stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    RunningSandbox::start(SandboxOptions::local(USER, PASSWORD)).await.unwrap()
}

/// A running sandbox whose customer added fields of its own.
pub async fn sandbox_with(own_fields: &[(&str, &str, &str, &str)]) -> RunningSandbox {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let own = |(set, name, edm_type, facets): &(&str, &str, &str, &str)| OwnField {
        set: (*set).to_owned(),
        name: (*name).to_owned(),
        edm_type: (*edm_type).to_owned(),
        facets: (*facets).to_owned(),
    };
    let options = SandboxOptions {
        own_fields: own_fields.iter().map(own).collect(),
        ..SandboxOptions::local(USER, PASSWORD)
    };
    RunningSandbox::start(options).await.unwrap()
}

/// The system behind a sandbox.
pub fn system(url: &str) -> SapSystem {
    SapSystem { timeout: Duration::from_secs(5), ..SapSystem::new("SBX", url, "100") }
}

/// The same system for a client whose manifest is another: to ask a server what Carbide never asks.
pub fn system_with_manifest(url: &str, manifest: &str) -> SapSystem {
    let interfaces = Interfaces::of(Manifest::parse(manifest).unwrap());
    SapSystem { interfaces, ..system(url) }
}

/// The technical user with a password.
pub fn credentials(password: &str) -> Credentials {
    Credentials { user: USER.to_owned(), password: Secret::new(password) }
}

/// An OData client of a sandbox.
pub fn odata(sandbox: &RunningSandbox) -> ODataClient {
    ODataClient::new(&system(&sandbox.url()), &credentials(PASSWORD)).unwrap()
}

/// An RFC client of a sandbox.
pub fn rfc(sandbox: &RunningSandbox) -> RfcClient {
    RfcClient::new(&system(&sandbox.url()), &credentials(PASSWORD)).unwrap()
}

/// A read of plant 1010.
pub fn reading(sandbox: &RunningSandbox) -> Reading {
    reading_with(odata(sandbox))
}

/// A read of plant 1010 by a client of one's own.
pub fn reading_with(client: ODataClient) -> Reading {
    Reading {
        client,
        plant: PlantCode::new("1010").unwrap(),
        zone: TimeZone::get("Europe/Berlin").unwrap(),
        standard_values: [
            Some(StandardValue::Setup),
            Some(StandardValue::Machine),
            Some(StandardValue::Electricity),
            Some(StandardValue::NaturalGas),
            None,
            None,
        ],
        key_date: "2018-10-01".parse().unwrap(),
        confirmations_from: "2018-01-01".parse().unwrap(),
        overlap: SignedDuration::from_mins(10),
        full_compare: SignedDuration::from_hours(24),
        fields: Arc::new(FieldMapping::standard()),
        progress: Arc::new(|_, _, _| {}),
    }
}

/// A mirror in a folder of its own.
pub fn mirror(folder: &std::path::Path) -> SharedMirror {
    Arc::new(Mutex::new(Mirror::open(folder, "SBX client 100").unwrap()))
}

/// The facts of a plant, read for the first time.
pub async fn facts(
    reading: &Reading,
) -> Result<(MasterData, OrderBook, Vec<RowProblem>), CycleError> {
    let folder = tempfile::tempdir().unwrap();
    let mirror = mirror(folder.path());
    sync(reading, &mirror, None, Timestamp::now()).await?;
    Ok(carbide::source::sap::facts(&tables(reading, &mirror)?, reading))
}

/// What the sandbox truly holds. Carbide's client cannot ask this.
pub async fn truth(sandbox: &RunningSandbox, what: &str) -> Value {
    let url = format!("{}/sandbox/{what}", sandbox.url());
    let answer = reqwest::get(url).await.unwrap().text().await.unwrap();
    serde_json::from_str(&answer).unwrap()
}

/// Does in SAP what a person does there: changes, enters or (without a change) deletes a row.
pub async fn edit(sandbox: &RunningSandbox, set: &str, row: Value, change: Option<Value>) {
    let url = format!("{}/sandbox/edit", sandbox.url());
    let order = serde_json::json!({ "set": set, "row": row, "change": change });
    let answer = reqwest::Client::new().post(url).body(order.to_string()).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
}

/// Orders the sandbox to misbehave.
pub async fn fault(sandbox: &RunningSandbox, order: Value) {
    let url = format!("{}/sandbox/faults", sandbox.url());
    let client = reqwest::Client::new();
    let answer = client.post(url).body(order.to_string()).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
}

/// No fault is left to happen.
pub async fn calm(sandbox: &RunningSandbox) {
    let url = format!("{}/sandbox/faults", sandbox.url());
    assert!(reqwest::Client::new().delete(url).send().await.unwrap().status().is_success());
}
