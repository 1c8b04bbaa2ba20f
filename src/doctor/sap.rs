//! SAP: the way there, the logon, and every interface of the manifest by a harmless call.

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::advice::of_service;
use super::check::{Check, State, limited};
use super::fields::misfits;
use super::{CHECK_MAX, orders, rfc, rights};
use crate::config::Config;
use crate::cycle::{CompanyCodeFound, Connections, company_code, company_codes};
use crate::id::CompanyCode;
use crate::sandbox;
use crate::sap::error::SapError;
use crate::sap::interfaces::{Manifest, ServiceEntry};
use crate::sap::odata::metadata::{Difference, Metadata};
use crate::sap::odata::{ODataClient, Service};
use crate::source::sap::SERVICES;
use crate::source::sap::field_mapping::FieldMapping;

/// Clocks may differ by this much: SAP stamps a change, we ask for what came after.
const CLOCK_SECONDS_WARN: f64 = 5.0;

/// From here on the overlap of a delta read no longer covers it.
const CLOCK_SECONDS_FAIL: f64 = 300.0;

/// A certificate is renewed in time.
const CERTIFICATE_DAYS_WARN: i64 = 30;

const COMPANY_CODE: &str = "company code";

/// Differences of metadata that one line names.
const SHOWN_MAX: usize = 5;

/// What a check of a service finds beside its own line.
#[derive(Default)]
struct Found {
    checks: Vec<Check>,
    carbon_fields: Vec<String>,
}

pub(super) async fn examine(
    config: &Config,
    connections: &Connections,
    deadline: tokio::time::Instant,
) -> Vec<Check> {
    let odata = &connections.odata;
    let first = SERVICES[0];
    let name = limited("name of SAP's host", CHECK_MAX, host(config));
    let logon = limited("logon", CHECK_MAX, logon(odata, first));
    let (name, logon) = tokio::join!(name, logon);
    let let_in = logon.state != State::Fail;
    let mut checks = vec![name, logon];
    if !let_in {
        // Nothing is sent after a refused logon, so that the user is not locked.
        let text = "the logon comes first";
        checks.extend(
            [
                "clock",
                "certificate",
                "services",
                "function modules",
                orders::NAME,
                COMPANY_CODE,
                rights::NAME,
            ]
            .map(|name| Check::skipped(name, text)),
        );
        return checks;
    }
    checks.push(limited("clock", CHECK_MAX, clock(odata, first)).await);
    checks.push(certificate(odata));

    let limit = Arc::new(Semaphore::new(config.settings.sap.parallel_reads.max(1)));
    let manifest = Arc::clone(&odata.system().interfaces.manifest);
    let mut tasks = JoinSet::new();
    let way = config.settings.post.orders;
    let written_by = orders::service(way);
    let others = written_by.filter(|service| SERVICES.iter().all(|one| one.name != service.name));
    let services: Vec<Service> = SERVICES.iter().copied().chain(others).collect();
    for (index, service) in services.iter().copied().enumerate() {
        let (odata, limit, manifest) = (odata.clone(), Arc::clone(&limit), Arc::clone(&manifest));
        let fields = Arc::clone(&config.fields);
        tasks.spawn(async move {
            let _permit = limit.acquire().await;
            (index, examine_service(&odata, service, &manifest, &fields).await)
        });
    }
    let functions = tokio::spawn({
        let (config, rfc) = (config.clone(), connections.rfc.clone());
        async move { rfc::examine(&config, &rfc).await }
    });
    let company = tokio::spawn({
        let (config, connections) = (config.clone(), connections.clone());
        async move { companies(&config, &connections).await }
    });
    let rights = tokio::spawn({
        let (rfc, user) = (connections.rfc.clone(), config.settings.sap.user.clone());
        let unpublished = config.settings.sap.allow_rfc_read_table;
        async move { limited(rights::NAME, CHECK_MAX, rights::examine(&rfc, &user, unpublished)).await }
    });

    let mut found: Vec<Option<Found>> = services.iter().map(|_| None).collect();
    while let Ok(Some(joined)) = tokio::time::timeout_at(deadline, tasks.join_next()).await {
        if let Ok((index, of_service)) = joined {
            found[index] = Some(of_service);
        }
    }
    let late = |name: &str| {
        Check::fail(name, "no answer in time", "Look at the load of SAP in SM66 and at the network")
    };
    let mut carbon = Vec::new();
    for (service, found) in services.iter().zip(found) {
        match found {
            Some(found) => {
                checks.extend(found.checks);
                carbon.extend(found.carbon_fields);
            }
            None => checks.push(late(service.name)),
        }
    }
    if let Some(service) = written_by {
        checks.push(orders::by_service(way, service, &checks));
    }
    match tokio::time::timeout_at(deadline, functions).await {
        Ok(Ok(found)) => checks.extend(found),
        _ => checks.push(late("function modules")),
    }
    for (name, check) in [(COMPANY_CODE, company), (rights::NAME, rights)] {
        checks.push(match tokio::time::timeout_at(deadline, check).await {
            Ok(Ok(check)) => check,
            _ => late(name),
        });
    }
    checks.push(carbon_fields(&carbon));
    checks
}

async fn host(config: &Config) -> Check {
    let name = "name of SAP's host";
    let url = &config.settings.sap.url;
    if config.settings.sap.proxy.as_ref().is_some_and(|proxy| proxy.url.is_some()) {
        return Check::skipped(name, "the proxy looks it up");
    }
    let rest = url.split("://").nth(1).unwrap_or_default();
    let host = rest.split('/').next().unwrap_or_default();
    let has_port = host.rsplit(':').next().is_some_and(|port| port.parse::<u16>().is_ok());
    let port = if url.starts_with("https") { 443 } else { 80 };
    let address = if has_port { host.to_owned() } else { format!("{host}:{port}") };
    match tokio::net::lookup_host(&address).await {
        Ok(found) => {
            let found: Vec<String> = found.map(|address| address.ip().to_string()).collect();
            Check::ok(name, format!("{host} is {}", found.join(", ")))
        }
        Err(error) => Check::fail(name, format!("{host}: {error}"), "Look at DNS and at sap.url"),
    }
}

async fn logon(odata: &ODataClient, first: Service) -> Check {
    let (system, user) = (odata.system(), odata.user());
    match odata.ping(first).await {
        Ok(()) => Check::ok("logon", format!("{user} at {} client {}", system.id, system.client)),
        // It let the user in; what is missing is another line.
        Err(
            error @ (SapError::NotAuthorized { .. }
            | SapError::ServiceInactive { .. }
            | SapError::Refused { .. }),
        ) => Check::ok("logon", format!("{user} was let in ({error})")),
        Err(error) => Check::fail("logon", error.to_string(), of_service(&error)),
    }
}

async fn clock(odata: &ODataClient, first: Service) -> Check {
    match odata.clock_offset(first).await {
        Ok(None) => Check::skipped("clock", "the answers of SAP have no date"),
        Ok(Some(offset)) => {
            let text = format!(
                "SAP is {:+.1} s from here (to {:.1} s)",
                offset.seconds, offset.uncertainty_seconds
            );
            let apart = offset.seconds.abs() - offset.uncertainty_seconds;
            let advice = "Synchronize both clocks by NTP; SAP's is in transaction ST06";
            if apart > CLOCK_SECONDS_FAIL {
                Check::fail("clock", text, advice)
            } else if apart > CLOCK_SECONDS_WARN {
                Check::warn("clock", text, advice)
            } else {
                Check::ok("clock", text)
            }
        }
        Err(error) => Check::fail("clock", error.to_string(), of_service(&error)),
    }
}

fn certificate(odata: &ODataClient) -> Check {
    let name = "certificate";
    let Some(seen) = odata.server_certificate() else {
        return Check::skipped(name, "plain http to this machine");
    };
    let days = (seen.valid_until - Timestamp::now().as_second()) / 86_400;
    let text = format!(
        "{} by {}, {} in the chain, {days} days left, pin {}",
        seen.subject, seen.issuer, seen.chain, seen.key
    );
    if days < CERTIFICATE_DAYS_WARN {
        return Check::warn(name, text, "Renew the server certificate in STRUST");
    }
    Check::ok(name, text)
}

/// Metadata, rights, and for a service that is written: token and repeatability.
async fn examine_service(
    odata: &ODataClient,
    service: Service,
    manifest: &Manifest,
    fields: &FieldMapping,
) -> Found {
    let began = Instant::now();
    let Some(entry) = manifest.service.iter().find(|entry| entry.name == service.name) else {
        let text = "it is not in the manifest";
        let check = Check::fail(service.name, text, "Please report this as a defect of Carbide");
        return Found { checks: vec![check], carbon_fields: Vec::new() };
    };
    let (live, check) = match tokio::time::timeout(CHECK_MAX, shape(odata, service)).await {
        Ok(Ok(live)) => {
            let check = match own_fields(service, &live, fields) {
                Some(misfit) => misfit,
                None => compared(service, &live),
            };
            (Some(live), check)
        }
        Ok(Err(check)) => (None, check),
        Err(_) => {
            let text = format!("no $metadata within {} s", CHECK_MAX.as_secs());
            (None, Check::fail(service.name, text, "Look at the load of SAP in SM66"))
        }
    };
    let is_there = check.state != State::Fail;
    let check = if is_there {
        let readable = limited(service.name, CHECK_MAX, readable(odata, service, entry)).await;
        if readable.state == State::Ok {
            Check { text: format!("{}; {}", check.text, readable.text), ..check }
        } else {
            readable
        }
    } else {
        check
    };
    let mut checks = vec![check.since(began)];
    if !entry.write.is_empty() {
        let name = format!("{} token", service.name);
        checks.push(limited(&name, CHECK_MAX, token(odata, service, &name)).await);
        let name = format!("{} repeatability", service.name);
        checks.push(match (is_there, live.as_ref().is_some_and(|live| live.repeatable)) {
            (false, _) => Check::skipped(&name, "no metadata"),
            (true, true) => Check::ok(&name, "declared: a repeated write is answered, not done"),
            (true, false) => Check::ok(
                &name,
                "not declared: after a lost answer the write is looked up, not sent again",
            ),
        });
    }
    let carbon_fields = live.map(|live| live.carbon_fields()).unwrap_or_default();
    Found { checks, carbon_fields: carbon_fields.into_iter().collect() }
}

async fn shape(odata: &ODataClient, service: Service) -> Result<Metadata, Check> {
    let failed = |error: &SapError| Check::fail(service.name, error.to_string(), of_service(error));
    let document = odata.metadata_document(service).await.map_err(|error| failed(&error))?;
    Metadata::parse(document.as_bytes()).map_err(|reason| {
        let text = format!("the $metadata cannot be read: {reason}");
        Check::fail(service.name, text, "Test the service in /IWFND/GW_CLIENT")
    })
}

/// What the plant's own lines of the field mapping need and the service does not offer.
fn own_fields(service: Service, live: &Metadata, fields: &FieldMapping) -> Option<Check> {
    let found = misfits(&fields.fields, service.name, live, true);
    let found: Vec<_> = found.iter().filter(|misfit| misfit.field.own && misfit.refused).collect();
    let shown = found.iter().take(SHOWN_MAX).map(|misfit| misfit.text.as_str());
    let text = shown.collect::<Vec<_>>().join("; ");
    let advice =
        "See `carbide mappings check`; a key user's field must be published for this service";
    (!found.is_empty()).then(|| Check::fail(service.name, text, advice))
}

fn compared(service: Service, live: &Metadata) -> Check {
    let ours = sandbox::edmx(service.path).map(|ours| Metadata::parse(ours.as_bytes()));
    let Some(Ok(ours)) = ours else {
        return Check::ok(service.name, format!("{} properties", live.property_count()));
    };
    let differences = ours.compare(live);
    let (refused, noted): (Vec<_>, Vec<_>) =
        differences.iter().partition(|difference| difference.refuses_start());
    let said = |differences: &[&Difference]| {
        let shown = differences.iter().take(SHOWN_MAX).map(|one| one.said_of(service.name));
        let more = match differences.len().saturating_sub(SHOWN_MAX) {
            0 => String::new(),
            count => format!("; and {count} more"),
        };
        format!("{}{more}", shown.collect::<Vec<_>>().join("; "))
    };
    if !refused.is_empty() {
        let advice =
            "The service is older than S/4HANA 1909, or its version in /IWFND/MAINT_SERVICE is";
        return Check::fail(service.name, said(&refused), advice);
    }
    let text = format!("all {} properties are there", ours.property_count());
    if noted.is_empty() {
        return Check::ok(service.name, text);
    }
    let text = format!("{text}; {}", said(&noted));
    Check::warn(service.name, text, "Tell us what changed; nothing that is read is lost")
}

/// Reads at most one row of each set: the least that shows the right to read.
async fn readable(odata: &ODataClient, service: Service, entry: &ServiceEntry) -> Check {
    // Whoever writes a set may read it; of a service that is only written that is all there is to try.
    let sets = if entry.read.is_empty() { &entry.write } else { &entry.read };
    for set in sets {
        if let Err(error) = odata.may_read(service, set, None).await {
            let advice = match &error {
                SapError::NotAuthorized { .. } => {
                    format!("Run SU53 as the user; {} needs {}", service.name, entry.authorization)
                }
                other => of_service(other).to_owned(),
            };
            return Check::fail(service.name, error.to_string(), &advice);
        }
    }
    Check::ok(service.name, format!("may read {}", sets.join(", ")))
}

async fn token(odata: &ODataClient, service: Service, name: &str) -> Check {
    match odata.csrf_token(service).await {
        Ok(()) => Check::ok(name, "CSRF token handed out"),
        Err(error) => Check::fail(name, error.to_string(), of_service(&error)),
    }
}

/// An entry in the books or a row of T001 proves that a company code exists: of the plant's, and of each
/// that `mappings/accounts.toml` posts to.
async fn companies(config: &Config, connections: &Connections) -> Check {
    let mut said = Vec::new();
    let mut worst: Option<(State, String)> = None;
    for code in company_codes(config) {
        let (state, text, advice) = company(code, config, connections).await;
        said.push(text);
        if state != State::Ok && worst.as_ref().is_none_or(|(worst, _)| *worst != State::Fail) {
            worst = Some((state, advice));
        }
    }
    let text = said.join("; ");
    match worst {
        None => Check::ok(COMPANY_CODE, text),
        Some((State::Fail, advice)) => Check::fail(COMPANY_CODE, text, &advice),
        Some((_, advice)) => Check::warn(COMPANY_CODE, text, &advice),
    }
}

async fn company(
    code: &CompanyCode,
    config: &Config,
    connections: &Connections,
) -> (State, String, String) {
    let system = &connections.odata.system().id;
    match company_code(code, config, connections).await {
        Ok(CompanyCodeFound::HasEntries) => {
            (State::Ok, format!("{code} has journal entries"), String::new())
        }
        Ok(CompanyCodeFound::InTable) => {
            (State::Ok, format!("{code} is there and has no journal entry yet"), String::new())
        }
        Ok(CompanyCodeFound::Unknown) => {
            let place = match *code == config.settings.plant.company_code {
                true => "plant.company_code",
                false => "its rule in mappings/accounts.toml",
            };
            let text = format!("CFG-BUKRS: company code {code} does not exist in {system}");
            (State::Fail, text, format!("OX02 shows the codes; change {place}"))
        }
        Ok(CompanyCodeFound::Unproven(_)) => {
            let text = format!(
                "CFG-BUKRS: company code {code} does not exist in {system}, or it has no entry that \
                 this user may see"
            );
            let advice = "See OX02 for the code and F_BKPF_BUK for the right";
            (State::Warn, text, advice.to_owned())
        }
        Err(error) => (State::Fail, error.to_string(), of_service(&error).to_owned()),
    }
}

fn carbon_fields(found: &[String]) -> Check {
    if found.is_empty() {
        return Check::skipped("carbon fields", "companion package not installed");
    }
    Check::ok("carbon fields", found.join(", "))
}
