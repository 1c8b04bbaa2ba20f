//! Statistical key figures: kilograms of CO2e on cost centers, beside the books and without an amount.
//!
//! No function that SAP has released reads such a document back. So they are posted by the companion
//! package only, which runs them once under a key and tells the number that it got; without the package a
//! change set with key figures is refused.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::id::{CompanyCode, CostCenter, FiDocumentNumber};
use crate::period::PostingPeriod;
use crate::sap::bapi::exec::{self, KeyState};
use crate::sap::bapi::statistical_key_figure as bapi;
use crate::sap::rfc::RfcClient;
use crate::value_state::ValueState;

use super::companion;
use super::errand::{Ended, Errand, Finding};
use super::error::PostError;
use super::once::Asks;
use super::sap_port::{Once, PortError, PortErrorKind, SapPort};
use super::sap_system::{of_read, of_write};
use super::sending::Patience;
use super::state::{ItemState, Outcome};
use super::taking_back::Undone;

/// Items that one document has at most: the interface counts them with three digits.
const LINES_MAX: usize = 900;

/// A posting of statistical key figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFigurePosting {
    /// Controlling area, KOKRS: four characters.
    pub controlling_area: String,
    /// Company code whose emissions they are. Part of its identity.
    pub company_code: CompanyCode,
    /// Date of the document.
    pub document_date: Date,
    /// Date under which it is booked.
    pub posting_date: Date,
    /// Period whose emissions it books. Part of its identity.
    pub period: PostingPeriod,
    /// Emissions it is about. Part of its identity.
    pub boundary: String,
    /// What kind of posting it is, as `valued`. Part of its identity.
    pub kind: String,
    /// 1 at first; one more each time that it is posted again after it was taken back.
    pub revision: u32,
    /// At least one.
    pub lines: Vec<KeyFigureLine>,
}

/// One quantity of one cost center.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFigureLine {
    /// Key figure, STAGR, of unit KG: at most six characters.
    pub key_figure: String,
    /// Cost center.
    pub cost_center: CostCenter,
    /// Emissions in kg CO2e, at most three decimals; below zero in a correction.
    pub quantity_kg: Decimal,
    /// Item text, at most 50 characters.
    pub text: String,
    /// How the emissions are known.
    pub value_state: ValueState,
}

impl KeyFigurePosting {
    /// Kilograms of all lines.
    pub fn kilograms(&self) -> Decimal {
        self.lines.iter().map(|line| line.quantity_kg).sum()
    }

    /// What is wrong with it as the document `number` of its change set, from 1: a sentence about the
    /// first thing, if anything is.
    pub(super) fn problem(&self, number: usize) -> Option<String> {
        let count = self.lines.len();
        if count == 0 || count > LINES_MAX {
            return Some(format!(
                "KF-LINES: document {number} has {count} lines, not 1 to {LINES_MAX}"
            ));
        }
        for (at, line) in self.lines.iter().enumerate() {
            let at = at + 1;
            if line.value_state == ValueState::Missing {
                return Some(format!(
                    "KF-MISSING: document {number}, line {at}: the value is missing"
                ));
            }
            if line.quantity_kg.is_zero() || line.quantity_kg.normalize().scale() > 3 {
                let kg = line.quantity_kg;
                return Some(format!(
                    "KF-SCALE: document {number}, line {at}: {kg} kg is nothing, or finer than a gram"
                ));
            }
        }
        None
    }

    /// The call. `text` is what people find it by.
    fn as_bapi(&self, text: &str, user: &str) -> bapi::KeyFigurePosting {
        let items = self.lines.iter().map(|line| bapi::KeyFigureItem {
            key_figure: line.key_figure.clone(),
            quantity: line.quantity_kg,
            cost_center: line.cost_center.clone(),
            text: line.text.clone(),
        });
        bapi::KeyFigurePosting {
            controlling_area: self.controlling_area.clone(),
            document_date: self.document_date,
            posting_date: self.posting_date,
            text: text.to_owned(),
            user: user.to_owned(),
            items: items.collect(),
        }
    }
}

/// Lets SAP check a posting and keep nothing.
pub(super) async fn check(
    client: &RfcClient,
    posting: &KeyFigurePosting,
    text: &str,
    user: &str,
) -> Result<(), PortError> {
    let call = bapi::check(&posting.as_bapi(text, user)).map_err(of_write)?;
    let reply = client.call(&call).await.map_err(of_read)?;
    bapi::checked("SAP", &reply).map(drop).map_err(of_write)
}

/// Posts once under the key.
pub(super) async fn post(
    client: &RfcClient,
    posting: &KeyFigurePosting,
    text: &str,
    user: &str,
    once: &Once,
) -> Result<(), PortError> {
    let call = bapi::post(&posting.as_bapi(text, user)).map_err(of_write)?;
    companion::run(client, once, &call).await
}

/// Posts the opposite of document `number` once under the key.
pub(super) async fn reverse(
    client: &RfcClient,
    posting: &KeyFigurePosting,
    number: &str,
    user: &str,
    once: &Once,
) -> Result<(), PortError> {
    let (area, day) = (&posting.controlling_area, posting.posting_date);
    let call = bapi::reverse(area, number, day, user).map_err(of_write)?;
    companion::run(client, once, &call).await
}

/// The number of what ran under a key, if anything did.
pub(super) async fn made(client: &RfcClient, key: &str) -> Result<Option<String>, PortError> {
    let reply = client.call(&exec::status(&[key])).await.map_err(of_read)?;
    let states = exec::states(client.system(), &reply, &[key]).map_err(of_read)?;
    Ok(states.into_iter().find_map(|state| match state {
        KeyState::Executed(number) => Some(number),
        KeyState::Tombstoned | KeyState::Absent => None,
    }))
}

impl<S: SapPort, C: Clock> Errand<S, C> {
    /// The text of the document's header: what people find it by.
    fn header(&self) -> String {
        self.key
            .as_ref()
            .map_or_else(String::new, |key| format!("{} {}", key.header_text, key.reference))
    }

    pub async fn send_key_figures(&self, posting: &KeyFigurePosting) -> Ended {
        let text = self.header();
        let mut patience = Patience::default();
        let answered = loop {
            match self.post_key_figures_once(posting, &text).await {
                Err(error) if self.try_again(&error, &mut patience).await => {}
                answer => break answer,
            }
        };
        self.desk.failpoints.pass("post.after_send")?;
        match answered {
            Ok(()) => self.resolve_once(Asks::Status).await,
            Err(error) if error.kind == PortErrorKind::Fenced => Err(self.lease_lost(&error)),
            // The companion rolls back what SAP refuses, and the key is free.
            Err(error) if !error.in_doubt() && self.state == ItemState::Intent(1) => {
                match self.desk.sap.made(&self.entry_key).await {
                    Ok(None) => Ok(self.ended(Outcome::Rejected, error.to_string())),
                    _ => self.resolve_once(Asks::Status).await,
                }
            }
            Err(_) => self.resolve_once(Asks::Status).await,
        }
    }

    async fn post_key_figures_once(
        &self,
        posting: &KeyFigurePosting,
        text: &str,
    ) -> Result<(), PortError> {
        let once = self.only_once(&self.entry_key).await?;
        let sent = self.desk.sap.post_key_figures(posting, text, &once);
        match self.desk.told(sent).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.judged(Some(&once), error).await),
        }
    }

    async fn only_once(&self, key: &str) -> Result<Once, PortError> {
        self.once(key).await?.ok_or_else(|| {
            let text = "SAP: key figures are posted by the companion package only";
            PortError::new(PortErrorKind::Refused, text)
        })
    }

    /// Posts the opposite, once under a key of its own.
    pub async fn reverse_key_figures(
        &self,
        posting: &KeyFigurePosting,
        number: &str,
    ) -> Result<Result<Undone, PortError>, PostError> {
        match self.reversed_key_figures(number).await {
            Ok(Some(undone)) => return Ok(Ok(undone)),
            Ok(None) => {}
            Err(error) => return Ok(Err(error)),
        }
        let once = match self.only_once(&self.back_entry_key).await {
            Ok(once) => once,
            Err(error) => return Ok(Err(error)),
        };
        let sent = self.desk.sap.reverse_key_figures(posting, number, &once);
        let sent = match self.desk.told(sent).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.judged(Some(&once), error).await),
        };
        if let Err(error) = &sent
            && error.kind == PortErrorKind::Fenced
        {
            return Err(self.lease_lost(error));
        }
        self.desk.failpoints.pass("undo.after_send")?;
        Ok(match (self.reversed_key_figures(number).await, sent) {
            (Ok(Some(undone)), _) => Ok(undone),
            // Somebody took it back by hand, perhaps: a person has to look.
            (Ok(None), Err(error)) if error.kind == PortErrorKind::Refused => {
                Ok(Undone::held(error.to_string()))
            }
            (_, Err(error)) | (Err(error), Ok(())) => Err(error),
            (Ok(None), Ok(())) => Err(PortError::new(
                PortErrorKind::Unknown,
                format!("the reversal of key figures {number} is not in SAP yet"),
            )),
        })
    }

    /// The reversal, if our key for it ran.
    async fn reversed_key_figures(&self, number: &str) -> Result<Option<Undone>, PortError> {
        let Some(by) = self.desk.sap.made(&self.back_entry_key).await? else { return Ok(None) };
        let by = FiDocumentNumber::new(&by).map_err(|error| {
            let text = format!("the reversal of key figures {number} has number {by}: {error}");
            PortError::new(PortErrorKind::Unknown, text)
        })?;
        Ok(Some(Undone::reversed(by)))
    }

    /// What others did to it since, as far as the companion can tell.
    pub async fn key_figures_seen_again(&self) -> Result<Option<String>, PortError> {
        let made = self.desk.sap.made(&self.entry_key).await?;
        Ok(made.is_none().then(|| "its key is not known in SAP any more".to_owned()))
    }

    /// Neither posted nor under way by this errand.
    pub fn never_sent(&self, why: String) -> Finding {
        // Of what the companion runs, an earlier attempt may still be under way.
        let earlier = self.state != ItemState::Intent(1) && self.runs_once();
        if earlier { Finding::NotThere } else { self.ended(Outcome::Absent, why) }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::document::NewDocument;
    use super::super::document::tests::posting;
    use super::*;

    pub fn key_figures() -> KeyFigurePosting {
        let of = posting();
        KeyFigurePosting {
            controlling_area: "1000".to_owned(),
            company_code: of.company_code,
            document_date: of.document_date,
            posting_date: of.posting_date,
            period: of.period,
            boundary: of.boundary,
            kind: of.kind,
            revision: of.revision,
            lines: vec![KeyFigureLine {
                key_figure: "CO2E".to_owned(),
                cost_center: CostCenter::new("101011").unwrap(),
                quantity_kg: Decimal::new(1_000_000, 3),
                text: "CO2e 2018-09".to_owned(),
                value_state: ValueState::Measured,
            }],
        }
    }

    #[test]
    fn nothing_less_than_nothing_and_finer_than_a_gram_is_refused() {
        let said = |change: fn(&mut KeyFigurePosting)| {
            let mut posting = key_figures();
            change(&mut posting);
            NewDocument::KeyFigures(posting).problem(2).unwrap_or_default()
        };

        assert_eq!(said(|_| {}), "");
        assert!(said(|posting| posting.lines.clear()).starts_with("KF-LINES: document 2"));
        let finer: fn(&mut KeyFigurePosting) =
            |posting| posting.lines[0].quantity_kg = Decimal::new(1, 4);
        assert!(said(finer).starts_with("KF-SCALE"));
        let missing: fn(&mut KeyFigurePosting) =
            |posting| posting.lines[0].value_state = ValueState::Missing;
        assert!(said(missing).starts_with("KF-MISSING"));
    }

    #[test]
    fn the_same_emissions_have_the_same_key_and_fi_has_another() {
        let key = |document: NewDocument| document.key("S4H/100", "plan", 0);

        assert_eq!(
            key(NewDocument::KeyFigures(key_figures())),
            NewDocument::KeyFigures(key_figures()).key("S4H/100", "another", 7)
        );
        assert_ne!(
            key(NewDocument::KeyFigures(key_figures())),
            key(NewDocument::FiDocument(posting()))
        );
    }
}
