//! Function modules: the library, the system behind it, harmless calls, a session, tables of settings.

use std::time::Instant;

use super::advice::of_function;
use super::check::{Check, limited};
use super::{CHECK_MAX, orders};
use crate::config::Config;
use crate::post::order_way::OrderWay;
use crate::sap::bapi::{exec, system};
use crate::sap::error::SapError;
use crate::sap::rfc::{Call, Library, RfcClient};
use crate::sap::table::{self, TableQuery};

/// Release of S/4HANA 1909, which the companion package and the services start from.
const RELEASE_MIN: u32 = 754;

const TIER: &str = "posting once";

/// Everything that goes by function modules.
pub(super) async fn examine(config: &Config, rfc: &RfcClient) -> Vec<Check> {
    let library = library(rfc);
    let by_bapi = config.settings.post.orders == OrderWay::Bapi;
    if matches!(rfc.library(), Library::Missing(_)) {
        let text = "the RFC library comes first";
        let names = ["SAP system", "function modules", "RFC session", TIER, "tables of settings"];
        let skipped = names.map(|name| Check::skipped(name, text));
        let orders = by_bapi.then(|| Check::skipped(orders::NAME, text));
        return [library].into_iter().chain(skipped).chain(orders).collect();
    }
    let mut checks = vec![library];
    let name = "SAP system";
    let expected = config.settings.sap.system.as_str();
    checks.push(limited(name, CHECK_MAX, who_answers(rfc, name, expected)).await);
    checks.extend(functions(rfc).await);
    if by_bapi {
        checks.push(orders::by_bapi(rfc, &config.settings.plant.code).await);
    }
    let settle = config.settings.post.settle_seconds;
    checks.push(limited(TIER, CHECK_MAX, tier(rfc, settle)).await);
    let unpublished = config.settings.sap.allow_rfc_read_table;
    checks.extend(tables(rfc, unpublished, &document_types(config)).await);
    checks
}

fn library(rfc: &RfcClient) -> Check {
    let name = "RFC library";
    match rfc.library() {
        Library::NotNeeded => {
            Check::skipped(name, "function modules go by SOAP over HTTP (sap.rfc)")
        }
        Library::Loaded(what) => Check::ok(name, what),
        Library::Missing(reason) => Check::fail(
            name,
            reason,
            "docs/basis/rfc.md, The library; until then nothing is posted",
        ),
    }
}

pub(super) fn failed(rfc: &RfcClient, name: &str, error: &SapError) -> Check {
    // Such a failure tells what to do itself; here that has a place of its own.
    let text = match error {
        SapError::Rfc(failure) => failure.what(),
        other => other.to_string(),
    };
    Check::fail(name, text, of_function(error, rfc.transport()))
}

/// Function modules may go another way than the services, so they may end in another system.
async fn who_answers(rfc: &RfcClient, name: &str, expected: &str) -> Check {
    let info = match rfc.call(&system::info()).await {
        Ok(reply) => system::told(&reply),
        Err(error) => return failed(rfc, name, &error),
    };
    let text = format!(
        "{} on {}, release {}, kernel {}, {} on {}",
        info.system, info.host, info.release, info.kernel, info.database, info.operating_system
    );
    if info.system != expected {
        let text = format!("{text}; the settings name {expected}");
        let advice = "Set sap.system to its id, or [sap.nwrfc] to the system of sap.url: documents \
                      would be looked up where they were not posted";
        return Check::fail(name, text, advice);
    }
    match info.release_number() {
        Some(release) if release < RELEASE_MIN => Check::warn(
            name,
            format!("{text}; S/4HANA 1909 (release {RELEASE_MIN}) is the oldest that is supported"),
            "Services and fields may be missing: see their lines",
        ),
        _ => Check::ok(name, text),
    }
}

/// Function modules that write are not called. Of the others: RFCPING does nothing,
/// `BAPI_ACC_DOCUMENT_CHECK` checks a document and keeps none, here one without a line, and
/// `BAPI_ACC_DOCUMENTS_RECORD` looks up no object at all.
async fn functions(rfc: &RfcClient) -> Vec<Check> {
    let calls = [
        Call::new("RFCPING"),
        Call::new("BAPI_ACC_DOCUMENT_CHECK").table("RETURN", Vec::new()),
        Call::new("BAPI_ACC_DOCUMENTS_RECORD")
            .table("OBJECTS", Vec::new())
            .table("ACCOUNTING_DOCUMENTS", Vec::new())
            .table("NO_ACCOUNTING_DOCUMENTS", Vec::new())
            .table("RETURN", Vec::new()),
    ];
    let mut checks = Vec::new();
    for call in calls {
        let name = call.function();
        let one = limited(name, CHECK_MAX, async {
            match rfc.call(&call).await {
                Ok(_) => Check::ok(name, "may be called"),
                Err(error) => failed(rfc, name, &error),
            }
        });
        checks.push(one.await);
    }
    let name = "RFC session";
    let session = limited(name, CHECK_MAX, async {
        let kept = async {
            let mut session = rfc.session()?;
            session.call(&Call::new("RFCPING")).await?;
            session.call(&Call::new("RFCPING")).await?;
            session.close().await
        };
        match kept.await {
            Ok(()) => Check::ok(name, "SAP keeps it: a commit finds what was registered"),
            Err(error) => failed(rfc, name, &error),
        }
    });
    checks.push(session.await);
    checks
}

/// What keeps a posting from being done twice: the companion package, or the reference and the settle
/// time. Asking for a key that nothing runs under changes nothing.
async fn tier(rfc: &RfcClient, settle: u64) -> Check {
    const PROBE: &[&str] = &["PROBE"];
    let told = match rfc.call(&exec::status(PROBE)).await {
        Err(error) if error.says_no_such_function() => {
            let text = format!(
                "tier 2, as {} is not there: after a lost answer SAP is searched by reference for \
                 {settle} s before a document counts as absent; neither another machine that posts nor an \
                 older copy of the journal is noticed. The companion package (abap/README.md) gives tier 1a",
                exec::STATUS
            );
            return Check::ok(TIER, text);
        }
        other => other,
    };
    match told.and_then(|reply| exec::states(rfc.system(), &reply, PROBE)) {
        Ok(_) => Check::ok(
            TIER,
            format!(
                "tier 1a, as {} answers: SAP runs each FI document once under its key, one machine writes \
                 under a lease, and an older copy of the journal does not post. Planned orders \
                 are as without the package: tier 2",
                exec::STATUS
            ),
        ),
        Err(error) => failed(rfc, TIER, &error),
    }
}

/// Document types that the accounts of today post with.
fn document_types(config: &Config) -> Vec<String> {
    let rules = config.accounts.postings.iter();
    let types: std::collections::BTreeSet<String> =
        rules.map(|rule| rule.document_type.clone()).collect();
    types.into_iter().collect()
}

/// The reading of tables, and what they say of the document types.
async fn tables(rfc: &RfcClient, unpublished: bool, document_types: &[String]) -> Vec<Check> {
    let mut checks = Vec::new();
    if unpublished {
        checks.push(Check::warn(
            "RFC_READ_TABLE",
            "it is switched on, and SAP has not released it for use by others",
            "Install the companion package, which has a read function with a list of tables of its \
             own, and remove sap.allow_rfc_read_table",
        ));
    }
    let name = "tables of settings";
    let began = Instant::now();
    let query = TableQuery::of("T003", &["BLART"]);
    let (rows, by) = match table::read(rfc, unpublished, &query).await {
        Ok(read) => read,
        Err(error) => {
            let text = format!("cannot be read, so document types are not checked: {error}");
            checks.push(Check::skipped(name, text).since(began));
            return checks;
        }
    };
    checks.push(Check::ok(name, format!("read by {by}")).since(began));
    let known = |kind: &&String| rows.iter().any(|row| row.first() == Some(*kind));
    let missing: Vec<&String> = document_types.iter().filter(|kind| !known(kind)).collect();
    let name = "document types";
    checks.push(match missing.as_slice() {
        [] => Check::ok(name, format!("{} known to SAP", document_types.join(", "))),
        [first, ..] => Check::fail(
            name,
            format!("SAP has no document type {first}"),
            "Create it in transaction OBA7, or name another in mappings/accounts.toml",
        ),
    });
    checks
}
