//! `carbide demo`: the main job on the sandbox SAP and real meter data, every stage for real.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::connect::{Session, requester};
use super::exit::print_json;
use super::{CliError, Context, Exit, check, config, footprint, planning, post, sandbox, sync};
use crate::cycle::{self, Books, Facts, Judged, PlanRecord, PostingRun};
use crate::footprint::MediumUse;
use crate::period::ShiftCalendar;
use crate::post::report::{Progress as Step, UndoReport};
use crate::post::state::Phase;
use crate::post::{ChangeSetDraft, PostError, Receipt};
use crate::present::figure;
use crate::present::progress::Progress;
use crate::quantity::Milligrams;
use crate::sandbox::{RunningSandbox, SandboxOptions, ems};
use crate::secret::Secret;
use crate::serve::person::{Role, Users};
use crate::serve::{self, ServeError, Serving};

/// Run the whole cycle on the sandbox SAP and real meter data.
///
/// Reads master data and orders, a steel works' meter, checks, calculates, plans, posts, and opens the
/// two minutes in which everything can be taken back. Stays up, sandbox included, until Ctrl-C.
#[derive(Debug, Args)]
pub struct Demo {
    /// Take everything back at once, check that it is as before, and end. Implied by --json.
    #[arg(long)]
    once: bool,

    /// Folder of settings, mappings, meter database and state; made anew.
    #[arg(long, default_value = "carbide-demo")]
    folder: PathBuf,

    /// Port of the sandbox; any free one if it is taken, or with --once.
    #[arg(long, default_value_t = 8010)]
    port: u16,

    /// Port of the web page; any free one if it is taken. With --once there is no page.
    #[arg(long, default_value_t = 8020)]
    web_port: u16,
}

/// Marks a folder that a demo made and may make anew.
const MARKER: &str = ".made-by-carbide-demo";

pub(super) async fn run(arguments: Demo, context: &Context) -> Result<Exit, CliError> {
    let once = arguments.once || context.json;
    let say = Say { silent: context.json };
    let folder = if once {
        std::env::temp_dir().join(format!("carbide-demo-{}", std::process::id()))
    } else {
        arguments.folder.clone()
    };
    say.stage(1, "The sandbox SAP starts");
    prepare(&folder)?;
    let password = sandbox::password();
    let port = if once { 0 } else { arguments.port };
    let running = start(port, &password).await?;
    let config_path = write_settings(&folder, &running.url(), &password)?;
    say.line(&format!("  SAP at {} client 100; settings in {}", running.url(), folder.display()));
    let context =
        Context { config: config_path, json: context.json, progress: Progress::new(context.json) };
    let ended = cycle_once(&running, &context, &say, once, arguments.web_port).await;
    running.stop().await;
    if once {
        // A temporary folder of ours; what cannot be removed stays for the system to clean.
        let _ = std::fs::remove_dir_all(&folder);
    }
    ended
}

/// Prints for people, or nothing.
struct Say {
    silent: bool,
}

impl Say {
    fn stage(&self, number: usize, what: &str) {
        self.line(&format!("\n[{number}/7] {what}"));
    }

    fn line(&self, text: &str) {
        if !self.silent {
            println!("{text}");
        }
    }

    fn show(&self, print: impl FnOnce()) {
        if !self.silent {
            print();
        }
    }
}

fn prepare(folder: &Path) -> Result<(), CliError> {
    let failed = |error: std::io::Error| {
        CliError::new(Exit::Store, format!("{} cannot be written: {error}", folder.display()))
    };
    if folder.exists() {
        if !folder.join(MARKER).exists() {
            let text =
                format!("{} was not made by a demo; name another --folder", folder.display());
            return Err(CliError::new(Exit::Usage, text));
        }
        std::fs::remove_dir_all(folder).map_err(failed)?;
    }
    std::fs::create_dir_all(folder.join("secrets")).map_err(failed)?;
    std::fs::write(folder.join(MARKER), "").map_err(failed)?;
    config::write_example(folder).map_err(failed)?;
    ems::write_database(&folder.join("ems.sqlite"))
        .map_err(|error| CliError::new(Exit::Store, format!("the meter database: {error}")))?;
    Ok(())
}

async fn start(port: u16, password: &str) -> Result<RunningSandbox, CliError> {
    let options = |port| SandboxOptions {
        bind: SocketAddr::from(([127, 0, 0, 1], port)),
        ..SandboxOptions::local("CARBIDE", password)
    };
    match RunningSandbox::start(options(port)).await {
        Ok(running) => Ok(running),
        Err(_) => sandbox::start(options(0)).await,
    }
}

/// Points the example settings at the sandbox and stores its password in a file of ours alone.
fn write_settings(folder: &Path, url: &str, password: &str) -> Result<PathBuf, CliError> {
    let failed = |error: std::io::Error| {
        CliError::new(Exit::Store, format!("{} cannot be written: {error}", folder.display()))
    };
    let path = folder.join("carbide.toml");
    let text = std::fs::read_to_string(&path).map_err(failed)?;
    std::fs::write(&path, text.replace("http://127.0.0.1:8010", url)).map_err(failed)?;
    let secret = folder.join("secrets").join("sap");
    private_file(&secret, password).map_err(failed)?;
    Ok(path)
}

#[cfg(unix)]
fn private_file(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(not(unix))]
fn private_file(path: &Path, text: &str) -> std::io::Result<()> {
    std::fs::write(path, text)
}

async fn cycle_once(
    running: &RunningSandbox,
    context: &Context,
    say: &Say,
    once: bool,
    web_port: u16,
) -> Result<Exit, CliError> {
    let session = Session::open(context)?;
    say.stage(2, "Master data, orders and nine months of a steel works' meter are read");
    let (facts_key, facts) = session.facts(true, context).await?;
    let read = sync::summary(&facts_key, &facts);
    say.show(|| sync::print_summary(&read));

    say.stage(3, "Rules look at readings and production");
    let judged = session.judge(&facts, None)?;
    say.show(|| {
        check::print_findings(&judged.findings, 8);
        print_media(&judged);
    });

    say.stage(4, "Products get their footprints");
    let products = cycle::footprints(&facts, &judged, &session.config)?;
    say.show(|| footprint::print_products(&products));

    say.stage(5, "A plan with less carbon is compared with what the plant does today");
    let (plan_key, record) =
        planning::make(&session, &facts_key, &facts, &judged, None, false, context)?;
    say.show(|| planning::print_plan(&plan_key, &record));

    say.stage(6, "Planned orders and a balanced FI document are posted");
    let before = planned_orders(&session).await?;
    let mut books = session.books().await?;
    post::stop_on_ctrl_c(&books);
    let shifts = ShiftCalendar::three_shifts(session.config.zone.clone());
    let now = Timestamp::now();
    let mut draft = cycle::plan_draft(&record, &plan_key, &shifts, &session.config, "demo", now)?;
    cycle::accept_improbable(&record, &session.config, None, &mut draft)?;
    let orders = apply(&mut books, draft, &session, context, say).await?;
    let run = cycle::posting_run(&judged, &session.config, &facts_key)?;
    let draft = session.carbon_draft(&run, &books, &requester())?;
    let document = apply(&mut books, draft, &session, context, say).await?;
    let totals = totals(&session, &judged, &run).await?;
    say.show(|| print_totals(&totals));
    let mut result = document_of(&facts, &judged, &products, &record, &orders, &document, &totals);
    if once {
        say.stage(7, "Everything is taken back");
        let undone = take_back(&mut books, &session, &[&document, &orders], say).await?;
        let after = planned_orders(&session).await?;
        let (fi, items) = cycle::fi_total(session.connections()?, &run).await?;
        let restored = after == before && fi == Milligrams::ZERO;
        result["undo"] = json!({
            "change_sets": undone,
            "planned_orders_as_before": after == before,
            "fi_mg_after": fi.count(),
            "fi_items_after": items,
        });
        say.line(&format!(
            "  planned orders as before: {}; FI shows {fi} on the account",
            after == before
        ));
        if context.json {
            print_json(&result)?;
        }
        return Ok(if restored { Exit::Done } else { Exit::Person });
    }
    say.stage(7, "The way back is open for two minutes");
    say.show(|| print_next(context, &orders, &document, &record, running));
    let (page, password) = open_page(&session, context, web_port).await?;
    say.line(&format!("\n  The web page: {}", page.url()));
    say.line(&format!("    log on as anna or ben (planner, finance), password {password}"));
    say.line("    vera may only look; the same password");
    let ended = stay(books, session, &[orders, document], say).await;
    page.stop().await;
    ended
}

/// Serves the page to people of this demo alone.
async fn open_page(
    session: &Session,
    context: &Context,
    port: u16,
) -> Result<(Serving, String), CliError> {
    let path = session.config.path(&session.config.settings.serve.users_file);
    let password = sandbox::password();
    let secret = Secret::new(password.as_str());
    let mut users = Users::default();
    let failed = |error| CliError::new(Exit::Store, error);
    for (name, roles) in [
        ("anna", &[Role::Planner, Role::Finance, Role::Admin][..]),
        ("ben", &[Role::Planner, Role::Finance]),
        ("vera", &[Role::Viewer]),
    ] {
        users.set(&path, name, roles, &secret).map_err(failed)?;
    }
    let at = |port| Some(SocketAddr::from(([127, 0, 0, 1], port)));
    let page = match serve::start(&context.config, at(port)).await {
        Err(ServeError::Listen { .. }) => serve::start(&context.config, at(0)).await?,
        other => other?,
    };
    Ok((page, password))
}

/// The planned orders that SAP shows: what must be the same after the way back.
async fn planned_orders(session: &Session) -> Result<String, CliError> {
    use crate::sap::odata::Query;
    use crate::source::sap::PLANNED_ORDERS;
    let query = Query::of("A_PlannedOrder").order_by(&["PlannedOrder"]);
    let rows = session.connections()?.odata.read(PLANNED_ORDERS, &query, |_, _| {}).await;
    let rows = rows.map_err(cycle::CycleError::from)?;
    Ok(rows.iter().map(|row| serde_json::json!(row.fields()).to_string()).collect())
}

async fn apply(
    books: &mut Books,
    draft: ChangeSetDraft,
    session: &Session,
    context: &Context,
    say: &Say,
) -> Result<Receipt, CliError> {
    let count = draft.documents.len();
    let stage = context.progress.stage(&format!("Posting {count} documents"));
    // The poster keeps its progress callback, so each change set gets a poster that shows its own.
    let mut shown =
        cycle::poster(&session.config, session.connections()?)?.on_progress(move |step| {
            if let Step::Sending { item, title } = step {
                stage.at(&format!("{item} of {count}: {title}"));
            }
        });
    let receipt = shown.apply(draft).await?;
    drop(shown);
    books.list()?;
    cycle::settle_ledger(books, &session.store, Timestamp::now())?;
    say.show(|| post::print_receipt(&receipt));
    Ok(receipt)
}

async fn take_back(
    books: &mut Books,
    session: &Session,
    receipts: &[&Receipt],
    say: &Say,
) -> Result<Vec<UndoReport>, CliError> {
    let mut undone = Vec::new();
    for receipt in receipts {
        let report = books.undo(Some(&receipt.change_set_id), "demo").await?;
        cycle::settle_ledger(books, &session.store, Timestamp::now())?;
        say.line(&format!("  {}: {report}", report.change_set_id));
        undone.push(report);
    }
    Ok(undone)
}

/// The four totals that must agree, in whole milligrams.
struct Totals {
    metered: Milligrams,
    allocated: Milligrams,
    ledger: Milligrams,
    fi: Milligrams,
    carried_forward: Milligrams,
}

async fn totals(session: &Session, judged: &Judged, run: &PostingRun) -> Result<Totals, CliError> {
    let (fi, _) = cycle::fi_total(session.connections()?, run).await?;
    Ok(Totals {
        metered: judged.inventory.metered,
        allocated: judged.inventory.allocated(),
        ledger: cycle::ledger_total(&session.store, &run.company_code, run.period)?,
        fi,
        carried_forward: run.transaction.carried_forward(),
    })
}

fn print_totals(totals: &Totals) {
    let kg = |amount: Milligrams| figure::decimal(amount.to_emissions().amount(), 6);
    println!(
        "  metered {} = allocated {} kg CO2e; ledger {} = FI {} kg CO2e ({} kg carried forward)",
        kg(totals.metered),
        kg(totals.allocated),
        kg(totals.ledger),
        kg(totals.fi),
        kg(totals.carried_forward)
    );
}

fn document_of(
    facts: &Facts,
    judged: &Judged,
    products: &[crate::footprint::ProductFootprint],
    record: &PlanRecord,
    orders: &Receipt,
    document: &Receipt,
    totals: &Totals,
) -> Value {
    let span = judged.series.span();
    let readings = facts.of(&judged.meter.id);
    let mut plan = planning::evaluation(&record.evaluation);
    plan["upper_bound"] = record.upper_bound.into();
    plan["status"] = record.status.clone().into();
    plan["orders"] = record.schedule.assignments.len().into();
    let window = |receipt: &Receipt| {
        json!({
            "change_set": receipt.change_set_id,
            "opened": receipt.opened,
            "ends": receipt.ends,
        })
    };
    json!({
        "readings": {
            "count": readings.map_or(0, |meter| meter.rows.len()),
            "first": span.map(|span| span.start),
            "last": span.map(|span| span.end),
            "source": readings.map(|meter| meter.source.clone()),
            "meter": readings.map(|meter| meter.meter.id.clone()),
        },
        "findings": check::by_rule(&judged.findings),
        "footprints": products.iter().map(footprint::document).collect::<Vec<_>>(),
        "baseline": planning::evaluation(&record.baseline),
        "plan": plan,
        "posted": {
            "planned_orders": post::numbers(orders),
            "fi_documents": post::numbers(document),
        },
        "window": {
            "opened": orders.opened,
            "ends": document.ends,
            "change_sets": [window(orders), window(document)],
        },
        "totals": {
            "period": judged.period.to_string(),
            "metered_mg": totals.metered.count(),
            "allocated_mg": totals.allocated.count(),
            "ledger_mg": totals.ledger.count(),
            "fi_mg": totals.fi.count(),
            "carried_forward_mg": totals.carried_forward.count(),
        },
        "media": judged.attribution.media.iter().map(medium).collect::<Vec<_>>(),
        "imputed": judged.imputed,
    })
}

/// What was used of one medium, and by whom.
fn medium(used: &MediumUse) -> Value {
    let mut by_center: BTreeMap<&str, Decimal> = BTreeMap::new();
    for (consumer, part) in used.groups.iter().flat_map(|group| &group.shares) {
        *by_center.entry(consumer.cost_center.as_str()).or_default() += *part;
    }
    let factors = used.groups.iter().filter_map(|group| group.factor.as_ref());
    json!({
        "medium": used.medium,
        "meter": used.meter.id,
        "unit": used.unit(),
        "metered": used.metered(),
        "by_production": used.of_all_production(),
        "by_cost_center": by_center,
        "factors": factors.map(|factor| factor.id.as_str()).collect::<BTreeSet<_>>(),
        "unreconciled": used.unreconciled.len(),
    })
}

fn print_media(judged: &Judged) {
    for used in &judged.attribution.media {
        println!(
            "  {}: {} {} metered, {} by production",
            used.medium.name(),
            figure::decimal(used.metered(), 2),
            used.medium.symbol(),
            figure::decimal(used.of_all_production(), 2)
        );
    }
}

fn print_next(
    context: &Context,
    orders: &Receipt,
    document: &Receipt,
    record: &PlanRecord,
    running: &RunningSandbox,
) {
    let program = std::env::args().next().unwrap_or_else(|| "carbide".to_owned());
    let config = context.config.display();
    let number = document.items.first().and_then(|item| item.number.as_ref());
    let number = match number {
        Some(crate::post::journal::SapNumber::FiDocument(document)) => document.number.to_string(),
        _ => document.change_set_id.to_string(),
    };
    let product = record.problem.instance.materials.first().map_or("", |m| m.material.as_str());
    println!("  In a second terminal, in this folder:");
    println!("    look       {program} --config {config} journal ls");
    println!("    explain    {program} --config {config} explain {number}");
    println!("               {program} --config {config} explain {product}");
    println!("    take back  {program} --config {config} undo");
    println!("  {} can be taken back until {}", orders.change_set_id, orders.ends);
    println!("  {} can be taken back until {}", document.change_set_id, document.ends);
    println!("  What SAP truly holds: {}/sandbox/ledger", running.url());
    println!("  Ctrl-C ends the demo and its sandbox.");
}

/// Stays until Ctrl-C; says when a window closes, or when somebody took a change set back.
async fn stay(
    mut books: Books,
    session: Session,
    receipts: &[Receipt],
    say: &Say,
) -> Result<Exit, CliError> {
    let watch = async {
        for receipt in receipts {
            let id = &receipt.change_set_id;
            let phase = loop {
                match books.wait_for_window(id).await {
                    Ok(phase) => break phase,
                    // Another process is at the journal: somebody is taking it back.
                    Err(PostError::Journal(_)) => tokio::time::sleep(Duration::from_secs(1)).await,
                    Err(error) => return Err(CliError::from(error)),
                }
            };
            say.line(&match phase {
                Phase::Confirmed => format!("  {id}: the window has closed, it stands"),
                phase => format!("  {id}: somebody took it back; it is {phase}"),
            });
            cycle::settle_ledger(&mut books, &session.store, Timestamp::now())?;
        }
        Ok(())
    };
    tokio::select! {
        ended = watch => {
            ended?;
            // Nothing is left to watch; the sandbox stays for those who look.
            let _ = tokio::signal::ctrl_c().await;
        }
        _ = tokio::signal::ctrl_c() => {}
    }
    say.line("\n  The demo ends.");
    Ok(Exit::Done)
}
