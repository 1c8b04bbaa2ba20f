//! Our accounting documents as the BAPIs of accounting want them.
//!
//! A BAPI that says S has registered, not written. The document counts once the commit of the same
//! session has answered and the document was found by its key.

use crate::id::FiDocument;
use crate::sap::bapi::accounting_document::{self as bapi, Extension, Line, Reference, Reversal};
use crate::sap::rfc::{Call, RfcClient};

use super::companion;
use super::document::FiPosting;
use super::reference_key::OBJECT_TYPE;
use super::sap_port::{DocumentKey, FoundDocument, Once, PortError, PortErrorKind};
use super::sap_system::{of_read, of_write};

/// Our logical system in AWSYS.
const LOGICAL_SYSTEM: &str = "CARBIDE";
/// Structure name of our rows in EXTENSION2; the companion add-on moves them to the lines.
const EXTENSION: &str = "ZCARBIDE";

pub(super) async fn check(
    client: &RfcClient,
    posting: &FiPosting,
    key: &DocumentKey,
) -> Result<Vec<String>, PortError> {
    let call = bapi::check(&document(posting, key)).map_err(of_write)?;
    let reply = client.call(&call).await.map_err(of_read)?;
    bapi::checked("SAP", &reply).map_err(of_write)
}

pub(super) async fn post(
    client: &RfcClient,
    posting: &FiPosting,
    key: &DocumentKey,
    once: Option<&Once>,
) -> Result<(), PortError> {
    let call = bapi::post(&document(posting, key)).map_err(of_write)?;
    match once {
        Some(once) => companion::run(client, once, &call).await,
        None => commit(client, &call).await,
    }
}

pub(super) async fn reverse(
    client: &RfcClient,
    posting: &FiPosting,
    document: &FiDocument,
    original: &DocumentKey,
    reversal_key: &str,
    once: Option<&Once>,
) -> Result<(), PortError> {
    let call = bapi::reverse(&Reversal {
        reference: reference(reversal_key),
        original_key: &original.object_key,
        posting_date: posting.posting_date,
        company_code: &document.company_code,
        reason: &posting.reversal_reason,
    });
    let call = call.map_err(of_write)?;
    match once {
        Some(once) => companion::run(client, once, &call).await,
        None => commit(client, &call).await,
    }
}

/// Calls a posting BAPI and commits in the same session; rolls back what SAP did not like.
async fn commit(client: &RfcClient, call: &Call) -> Result<(), PortError> {
    let mut session = client.session().map_err(of_write)?;
    let reply = session.call(call).await.map_err(of_write)?;
    if let Err(refused) = bapi::registered("SAP", call.function(), &reply) {
        // Without a commit nothing is written, so a rollback that gets lost changes nothing.
        let _ = session.rollback().await;
        client.end_beside(session);
        return Err(of_write(refused));
    }
    let committed = session.commit().await;
    if committed.is_ok() {
        // The document is read back next.
        client.end_beside(session);
    }
    committed.map_err(|error| {
        // Whatever the commit answered, SAP may have written: only asking by key tells.
        PortError::new(PortErrorKind::Unknown, error.to_string())
    })
}

pub(super) async fn find(
    client: &RfcClient,
    posting: &FiPosting,
    object_keys: &[&str],
) -> Result<Vec<Option<FoundDocument>>, PortError> {
    let references: Vec<_> = object_keys.iter().map(|key| reference(key)).collect();
    let call = bapi::record(&references).map_err(of_read)?;
    let reply = client.call(&call).await.map_err(of_read)?;
    let found = bapi::recorded(&reply, object_keys).map_err(of_read)?.into_iter();
    let ours = |recorded: bapi::Recorded| FoundDocument {
        document: FiDocument {
            number: recorded.number,
            company_code: posting.company_code.clone(),
            fiscal_year: recorded.fiscal_year,
        },
        reversed_by: recorded.reversed_by,
    };
    Ok(found.map(|recorded| recorded.map(ours)).collect())
}

fn reference(object_key: &str) -> Reference<'_> {
    Reference { object_type: OBJECT_TYPE, object_key, system: LOGICAL_SYSTEM }
}

fn document<'a>(posting: &'a FiPosting, key: &'a DocumentKey) -> bapi::Document<'a> {
    let lines = posting.lines.iter().map(|line| Line {
        account: &line.gl_account,
        cost_center: line.cost_center.as_ref(),
        text: &line.text,
        amount: line.amount,
        kilograms: line.quantity_kg,
        extension: line.quantity_kg.map(|kilograms| {
            // Behind the item: kilograms 24, scope 2, value state 12; evidence 64. Fixed widths.
            let scope = line.scope.map(|scope| scope.to_string()).unwrap_or_default();
            let kilograms = format!("{kilograms:.3}");
            Extension {
                structure: EXTENSION,
                first: format!("{kilograms:>24}{scope:<2}{:<12}", line.value_state),
                second: line.evidence.clone(),
            }
        }),
    });
    bapi::Document {
        reference: reference(&key.object_key),
        header_text: &key.header_text,
        reference_number: &key.reference,
        company_code: &posting.company_code,
        document_date: posting.document_date,
        posting_date: posting.posting_date,
        document_type: &posting.document_type,
        currency: &posting.currency,
        lines: lines.collect(),
    }
}
