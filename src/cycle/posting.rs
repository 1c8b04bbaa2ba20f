//! From plans and posting runs to change sets, and the carbon ledger beside them.

use jiff::{SignedDuration, Timestamp};

use super::key_figures;
use super::sound_plan::sound_orders;
use super::{Connections, CycleError, Facts, PlanRecord, PostingRun, is_carbon};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::config::secrets::SecretSource;
use crate::factor::Scope;
use crate::id::{CompanyCode, MaterialNumber, ProductionVersionCode};
use crate::ledger::{Account, Transaction};
use crate::period::{PostingPeriod, ShiftCalendar};
use crate::post::backup::keys::BackupSettings;
use crate::post::breaker::SharedBreaker;
use crate::post::purpose;
use crate::post::state::Phase;
use crate::post::{
    ChangeSetDraft, FiLine, FiPosting, NewDocument, NewPlannedOrder, PlannedOrderChange,
    PostSettings, Poster, SapBooks,
};
use crate::quantity::Milligrams;
use crate::said;
use crate::said::{List, Said};
use crate::store::{Kind, LedgerKind, Store};
use crate::value_state::ValueState;

/// Most factors that the purpose of a correction names.
const REASONS_MAX: usize = 3;

/// The poster of the configured system.
pub type Books = Poster<SapBooks, SystemClock>;

/// Opens the journal of the configured folder for the configured system.
///
/// # Errors
///
/// [`CycleError::Store`] if the folder cannot be written, [`CycleError::Post`] if the journal cannot
/// be used. Nothing is posted then.
pub fn poster(config: &Config, connections: &Connections) -> Result<Books, CycleError> {
    let (sap, post) = (&config.settings.sap, &config.settings.post);
    let folder = config.path(&post.directory);
    std::fs::create_dir_all(&folder).map_err(|reason| {
        CycleError::Store(crate::store::StoreError::Folder { path: folder.clone(), reason })
    })?;
    let settle = SignedDuration::from_secs(i64::try_from(post.settle_seconds).unwrap_or(i64::MAX));
    let settings = PostSettings::new(&sap.system, &sap.client, sap.role)
        .with_settle(settle)
        .with_sessions(post.sessions)
        .with_orders(post.orders)
        .with_delete_at_confirm(post.delete_at_confirm.clone());
    let backup = &post.backup;
    let mut settings = settings.with_backup(BackupSettings {
        folder: backup.directory.as_ref().map(|folder| config.path(folder)),
        service_key: match &backup.service_key_from {
            Some(from) => {
                let key = "post.backup.service_key_from";
                Some(SecretSource::parse(key, from, &config.base)?.place())
            }
            None => None,
        },
        recovery_recipients: backup.recovery_recipients.clone(),
        keep: Some(SignedDuration::from_hours(24 * i64::from(backup.keep_days))),
    });
    settings.four_eyes = post.four_eyes;
    let settings =
        PostSettings { breaker: SharedBreaker::of_system(&settings.domain()), ..settings };
    // As many requests as documents are on their way; reading has a limit of its own.
    let odata = connections.odata.clone().with_limit(settings.sessions);
    let books = SapBooks { odata, rfc: connections.rfc.clone() };
    Ok(Poster::open(&folder.join("journal.db"), books, settings, SystemClock)?)
}

/// The change set that posts a plan at `now`: one firm planned order for each assignment. Of a plan that
/// was made again, orders that are in SAP are changed where the plan changes them, and left alone
/// otherwise.
///
/// # Errors
///
/// [`CycleError::Incomplete`] for a plan that breaks rules, starts in the past, has more orders than the
/// settings allow, or changes nothing.
pub fn plan_draft(
    record: &PlanRecord,
    key: &str,
    shifts: &ShiftCalendar,
    config: &Config,
    requested_by: &str,
    now: Timestamp,
) -> Result<ChangeSetDraft, CycleError> {
    if !record.evaluation.feasible {
        let broken = (record.evaluation.violations.iter())
            .map(|violation| format!("{} {}", violation.rule, violation.object));
        return Err(CycleError::Incomplete(said!(
            "plan.breaks",
            "the plan breaks {rules}; it is not posted",
            rules = List::from_iter(broken)
        )));
    }
    let problem = &record.problem;
    let standing = record.replanned.as_ref().map(|replanned| &replanned.standing);
    let (mut documents, mut created) = (Vec::new(), Vec::new());
    for assignment in &record.schedule.assignments {
        let name = &assignment.planned_order;
        let wrong = || {
            CycleError::Incomplete(said!(
                "plan.names",
                "the plan names {order}, which it has not",
                order = name
            ))
        };
        let line = problem.demands.get(name).ok_or_else(wrong)?;
        let material = line.material.as_str();
        let version = &assignment.production_version;
        let last = problem.last_bucket(material, version, assignment.start_bucket);
        let (start, end) = problem.local_times(assignment.start_bucket, last, shifts);
        let order = NewPlannedOrder {
            material: MaterialNumber::new(material).map_err(|_| wrong())?,
            plant: line.plant.clone(),
            production_version: ProductionVersionCode::new(version).map_err(|_| wrong())?,
            quantity: problem.quantity(name).ok_or_else(wrong)?,
            start,
            end,
            sales_order: Some((line.sales_order.clone(), line.item.clone())),
            reference: name.clone(),
        };
        let Some(before) = standing.and_then(|standing| standing.get(name)) else {
            created.push(NewDocument::PlannedOrder(order));
            continue;
        };
        let change = PlannedOrderChange { before: before.clone(), wanted: order.values() };
        if !change.fields().is_empty() {
            documents.push(NewDocument::PlannedOrderChange(change));
        }
    }
    documents.append(&mut created);
    if documents.is_empty() {
        return Err(CycleError::Incomplete(said!(
            "plan.nothing",
            "the plan changes no order that is in SAP and has no new one; nothing to post"
        )));
    }
    sound_orders(&documents, record, config, now)?;
    Ok(ChangeSetDraft {
        purpose: purpose::of_plan(key, config.settings.plant.code.as_str()).into(),
        requested_by: requested_by.to_owned(),
        plan_hash: key.to_owned(),
        after: None,
        documents,
        at_confirm: Vec::new(),
    })
}

/// The change set that posts a month's emissions, or what they differ from what was posted: one
/// balanced FI document, and beside it statistical key figures where the accounts say so.
///
/// # Errors
///
/// [`CycleError::Incomplete`] if the settings allow no document.
pub fn carbon_draft(
    run: &PostingRun,
    key: &str,
    books: &Books,
    config: &Config,
    requested_by: &str,
) -> Result<ChangeSetDraft, CycleError> {
    let evidence = short(key).to_owned();
    let (month, what) = match &run.corrects {
        Some(corrects) => (corrects.period, " corr."),
        None => (run.period, ""),
    };
    let mut lines: Vec<FiLine> = run
        .lines
        .iter()
        .map(|line| FiLine {
            gl_account: run.debit.clone(),
            cost_center: Some(line.cost_center.clone()),
            amount: line.amount.amount,
            quantity_kg: Some(line.kilograms),
            text: format!("CO2e {month}{what} {} {}", line.scope.name(), line.state),
            scope: Some(match line.scope {
                Scope::Direct => 1,
                Scope::PurchasedEnergy => 2,
                _ => 3,
            }),
            value_state: line.state,
            evidence: evidence.clone(),
        })
        .collect();
    let total = lines.iter().map(|line| line.amount).sum::<rust_decimal::Decimal>();
    let weakest = run.lines.iter().map(|line| line.state).max().unwrap_or(ValueState::Measured);
    // Differences may sum to nothing, and accounting takes no line without an amount.
    if !total.is_zero() {
        lines.push(FiLine {
            gl_account: run.credit.clone(),
            cost_center: None,
            amount: -total,
            quantity_kg: None,
            text: format!("CO2e {month}{what} internal carbon fund"),
            scope: None,
            value_state: weakest,
            evidence,
        });
    }
    let mut posting = FiPosting {
        company_code: run.company_code.clone(),
        document_type: run.document_type.clone(),
        document_date: run.period.last_day(),
        posting_date: run.period.last_day(),
        period: run.period,
        currency: run.price_per_tonne.currency.clone(),
        boundary: format!("plant {} scope 1+2", config.settings.plant.code),
        kind: kind(run),
        revision: 1,
        reversal_reason: "01".to_owned(),
        lines,
    };
    posting.revision = books.next_revision(&posting);
    let rule = config.accounts.rule(&run.company_code, run.period.last_day());
    let figures =
        rule.and_then(|rule| key_figures::beside(run, rule.key_figures.as_ref()?, &posting));
    let mut documents = vec![NewDocument::FiDocument(posting)];
    documents.extend(figures.map(NewDocument::KeyFigures));
    within_budget(documents.len(), config)?;
    Ok(ChangeSetDraft {
        purpose: purpose(run),
        requested_by: requested_by.to_owned(),
        plan_hash: key.to_owned(),
        after: None,
        documents,
        at_confirm: Vec::new(),
    })
}

/// What kind of posting it is. The corrections of a month are counted, so that each is one of its own.
fn kind(run: &PostingRun) -> String {
    match &run.corrects {
        Some(corrects) => format!("correction-{}-{}", corrects.period, corrects.change_sets.len()),
        None => "valued".to_owned(),
    }
}

fn purpose(run: &PostingRun) -> String {
    let (period, company_code) = (run.period, &run.company_code);
    let Some(corrects) = &run.corrects else {
        return purpose::of_month(period, company_code).into();
    };
    let mut reasons: Vec<String> =
        corrects.factors.iter().take(REASONS_MAX).map(ToString::to_string).collect();
    if corrects.factors.len() > REASONS_MAX {
        reasons.push(format!("and {} more", corrects.factors.len() - REASONS_MAX));
    }
    if reasons.is_empty() {
        reasons.push("no factor differs; mappings or code do".to_owned());
    }
    format!(
        "correction of {} in {period} of company code {company_code}: {}",
        corrects.period,
        reasons.join(", ")
    )
}

/// Refuses to post what rests on facts of which rows were left out, unless somebody says why it may;
/// that is kept in the purpose of each change set.
///
/// # Errors
///
/// [`CycleError::Incomplete`] with the first row that was left out.
pub fn accept_incomplete(
    behind: &[Facts],
    accepted: Option<&str>,
    drafts: &mut [ChangeSetDraft],
) -> Result<(), CycleError> {
    let problems: Vec<&String> = behind.iter().flat_map(|facts| &facts.problems).collect();
    let Some(first) = problems.first() else { return Ok(()) };
    let Some(why) = accepted else {
        return Err(CycleError::Incomplete(said!(
            "post.incomplete",
            "POST-INCOMPLETE: {rows} rows were left out of the facts behind this, the first: {first}. \
             Mend them in SAP and run `carbide sync`, or post with --accept-incomplete WHY. Nothing was \
             posted.",
            rows = problems.len(),
            first = first
        )));
    };
    for draft in drafts {
        let rows = problems.len();
        draft.purpose = format!("{} (incomplete by {rows} rows: {why})", draft.purpose);
    }
    Ok(())
}

/// Refuses to post a plan that is less likely to hold than the settings ask for, unless somebody says
/// why it may; that is kept in the purpose of the change set, beside who asked for it.
///
/// # Errors
///
/// [`CycleError::Incomplete`] with the probability and the orders that are in danger.
pub fn accept_improbable(
    record: &PlanRecord,
    config: &Config,
    overridden: Option<&str>,
    draft: &mut ChangeSetDraft,
) -> Result<(), CycleError> {
    let Some(least) = config.settings.plan.simulation.on_time_probability_min else {
        return Ok(());
    };
    let what = match &record.outlook {
        Some(outlook) if outlook.on_time >= least => return Ok(()),
        Some(outlook) => said!(
            "post.improbable.only",
            "on time with {percent:.1} % only",
            percent = 100.0 * outlook.on_time
        ),
        None => said!("post.improbable.not-simulated", "not simulated"),
    };
    let why = overridden.map(str::trim).filter(|why| !why.is_empty());
    let Some(why) = why else {
        let in_danger = record.outlook.iter().flat_map(|outlook| &outlook.orders);
        let mut in_danger: Vec<Said> = (in_danger.filter(|order| order.planned_on_time))
            .take(REASONS_MAX)
            .map(|order| {
                said!(
                    "post.improbable.order",
                    "{order} {percent:.1} %",
                    percent = 100.0 * order.on_time,
                    order = order.planned_order
                )
            })
            .collect();
        if in_danger.is_empty() {
            in_danger.push(said!("post.improbable.unknown", "unknown"));
        }
        return Err(CycleError::Incomplete(said!(
            "post.improbable",
            "POST-IMPROBABLE: the plan is {what}, plan.simulation.on_time_probability_min asks for \
             {least:.1} %; least likely: {orders}. Plan again with fewer orders or later dates, or post \
             with --override WHY. Nothing was posted.",
            what = what,
            least = 100.0 * least,
            orders = List(in_danger)
        )));
    };
    draft.purpose = format!("{} ({what}, posted all the same: {why})", draft.purpose);
    Ok(())
}

/// The first characters of a hash: enough to find it, short enough for a field.
fn short(key: &str) -> &str {
    key.get(..16).unwrap_or(key)
}

fn within_budget(documents: usize, config: &Config) -> Result<(), CycleError> {
    let most = config.settings.post.documents_max;
    if documents <= most {
        return Ok(());
    }
    Err(CycleError::Incomplete(said!(
        "post.many",
        "this would create {documents} SAP documents and post.documents_max allows {most}; nothing was \
         posted",
        documents = documents,
        most = most
    )))
}

/// Brings the carbon ledger to what the journal says: a posting for each change set of FI documents
/// that stands, a reversal for each that was taken back. Asked again it changes nothing.
///
/// # Errors
///
/// [`CycleError`] if the journal or the store cannot be read.
pub fn settle_ledger(books: &mut Books, store: &Store, now: Timestamp) -> Result<(), CycleError> {
    for set in books.change_sets()? {
        let (id, Some(draft)) = (&set.id, &set.draft) else { continue };
        let was_there = set.items.iter().any(|item| item.number.is_some());
        if !is_carbon(draft) || !was_there {
            continue;
        }
        let (_, _, run): (_, _, PostingRun) = store.get(Kind::PostingRun, &draft.plan_hash)?;
        let stands = !matches!(
            set.state.phase,
            Phase::RolledBack | Phase::RolledBackConflicts | Phase::Refused
        );
        let all = whole_way(&run);
        for (kind, transaction) in &all {
            store.enter(transaction, id.as_str(), *kind, now)?;
        }
        let entered: Vec<Transaction> =
            all.into_iter().map(|(_, transaction)| transaction).collect();
        if !stands && let Some(mut back) = Transaction::all_reversed(&entered) {
            // What was closed in between stays as it was: the next open period takes it back.
            back.period = store.first_open(run.company_code.as_str(), run.period)?;
            store.enter(&back, id.as_str(), LedgerKind::Reversal, now)?;
        }
    }
    Ok(())
}

/// The transactions of a posting run, from the source to FI.
fn whole_way(run: &PostingRun) -> Vec<(LedgerKind, Transaction)> {
    let kinds = [LedgerKind::Recognition, LedgerKind::Allocation, LedgerKind::Absorption];
    let last = match run.corrects {
        Some(_) => LedgerKind::Correction,
        None => LedgerKind::Posting,
    };
    let mut all: Vec<_> = kinds.into_iter().zip(way_to_products(run)).collect();
    all.push((last, run.transaction.clone()));
    all.retain(|(_, step)| !step.entries.is_empty());
    all
}

/// The transactions of a posting run from the source to the products. A run of an older version
/// charged FI from the atmosphere at once.
pub(super) fn way_to_products(run: &PostingRun) -> [Transaction; 3] {
    if let Some(corrects) = &run.corrects {
        return corrects.chain.clone();
    }
    let at_once = run.transaction.entries.iter().any(|entry| entry.account == Account::Atmosphere);
    if at_once {
        let nothing = Transaction { entries: Vec::new(), ..run.transaction.clone() };
        return [nothing.clone(), nothing.clone(), nothing];
    }
    let meter = run.meter.id.to_string();
    Transaction::chain(&run.company_code, run.period, &run.inventory, &meter)
}

/// What the carbon ledger says was posted for a company code and period.
///
/// # Errors
///
/// [`CycleError::Store`].
pub fn ledger_total(
    store: &Store,
    company_code: &CompanyCode,
    period: PostingPeriod,
) -> Result<Milligrams, CycleError> {
    let transactions = store.transactions(company_code.as_str(), period)?;
    Ok(transactions.iter().map(|(_, transaction)| transaction.posted()).sum())
}
