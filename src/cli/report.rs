//! `carbide report`: the greenhouse gas report of a month, as PDF and workbook.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::connect::{Session, month};
use super::exit::print_json;
use super::{CliError, Context, Exit};
use crate::cycle;
use crate::period::PostingPeriod;
use crate::report::{self, PdfError, pdf, workbook};

/// Write the greenhouse gas report of a month as PDF/A and as a workbook.
///
/// Categories of ISO 14064-1 and scopes of the GHG Protocol, source streams, value states, products,
/// factors with their sources, findings, corrections, SAP documents, budgets, and what is left out.
/// Needs no browser. With --json the content is printed and no file is written.
#[derive(Debug, Args)]
pub struct Report {
    /// Month, as 2018-09; the last one that is metered whole if it is not given.
    #[arg(long, value_parser = month)]
    period: Option<PostingPeriod>,

    /// Folder for the files.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    out: PathBuf,

    /// Write this form only.
    #[arg(long)]
    form: Option<Form>,

    /// Read SAP and meters again first.
    #[arg(long)]
    fresh: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    Pdf,
    Xlsx,
}

pub(super) async fn run(arguments: &Report, context: &Context) -> Result<Exit, CliError> {
    let session = Session::open(context)?;
    let (key, facts) = session.facts(arguments.fresh, context).await?;
    let (_, carbon) = cycle::posted(session.journal()?.change_sets());
    let stage = context.progress.stage("Composing the report");
    let (facts, now) = ((key.as_str(), &facts), Timestamp::now());
    let report = report::of_month(&session, facts, arguments.period, &carbon, now)?;
    drop(stage);
    if context.json {
        print_json(&report)?;
        return Ok(Exit::Done);
    }
    let mut written = Vec::new();
    let mut put = |form: Form, name: &str, bytes: Vec<u8>| {
        let path = arguments.out.join(format!("carbide-{}.{name}", report.period));
        if arguments.form.is_some_and(|only| only != form) {
            return Ok(());
        }
        write(&path, &bytes)?;
        written.push(path.display().to_string());
        Ok::<(), CliError>(())
    };
    let font = session.config.settings.report.font.as_ref().map(|font| session.config.path(font));
    put(Form::Pdf, "pdf", pdf(&report, font.as_deref())?)?;
    let book = workbook(&report).map_err(|error| CliError::new(Exit::Store, error))?;
    put(Form::Xlsx, "xlsx", book)?;
    println!("{}: {}", report.title, written.join(", "));
    Ok(Exit::Done)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    std::fs::write(path, bytes)
        .map_err(|error| CliError::new(Exit::Store, format!("{}: {error}", path.display())))
}

impl From<PdfError> for CliError {
    fn from(error: PdfError) -> Self {
        let exit = if matches!(error, PdfError::Font(_)) { Exit::Usage } else { Exit::Store };
        Self::new(exit, error)
    }
}
