//! A table of right readings that somebody sends: what it would change, and then its change.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};

use super::finding::{MAY_DECIDE, WHY_MAX, keep};
use super::table::XLSX;
use crate::cycle::{
    BYTES_MAX, Replaced, RightReadings, RowProblem, SheetFileError, SheetForm, read_sheet,
    right_readings,
};
use crate::said;
use crate::serve::guard::Person;
use crate::serve::plant::Plant;
use crate::serve::problem::Problem;
use crate::store::hex;

/// Media type of a text file.
const CSV: &str = "text/csv";

/// Most problems of one answer: who mends these sees the next.
const PROBLEMS_MAX: usize = 200;

/// Longest name of a file.
const FILE_MAX: usize = 200;

/// How much of a body is read at all.
pub fn limit() -> DefaultBodyLimit {
    DefaultBodyLimit::max(BYTES_MAX)
}

/// What is to become of a table.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Name of the file; it stands in the life of each finding.
    #[param(min_length = 1, max_length = 200)]
    file: String,
    /// Why the readings are right, where the rows of a finding do not say it.
    #[param(max_length = 1_000)]
    why: Option<String>,
    /// The `hash` that the table was shown with: it is kept now. Without it nothing is kept.
    keep: Option<String>,
}

/// What a table does to a finding.
#[derive(Serialize, ToSchema)]
pub struct ReplacedReadings {
    /// Finding.
    finding: String,
    /// Rule.
    rule: String,
    /// Meter.
    meter: String,
    /// Begin of its intervals.
    from: Option<String>,
    /// End of its intervals.
    to: Option<String>,
    /// Intervals.
    intervals: usize,
    /// Those without a reading before.
    gaps: usize,
    /// kWh that were read, in sum.
    before_kwh: String,
    /// kWh of the table, in sum.
    after_kwh: String,
}

/// A row that cannot be taken.
#[derive(Serialize, ToSchema)]
pub struct WrongRow {
    /// Its number in the file.
    row: usize,
    /// Head of the column.
    column: &'static str,
    /// What is wrong.
    what: String,
    /// What to do.
    todo: &'static str,
}

/// What a table says.
#[derive(Serialize, ToSchema)]
pub struct RightReadingsPage {
    /// Whether it was kept.
    kept: bool,
    /// Names what is shown here; send it as `keep` to keep it.
    hash: String,
    /// What it changes; nothing if a row cannot be taken.
    findings: Vec<ReplacedReadings>,
    /// The first rows that cannot be taken, at most 200.
    problems: Vec<WrongRow>,
    /// Rows that cannot be taken.
    problems_total: usize,
}

fn replaced(one: &Replaced) -> ReplacedReadings {
    let finding = &one.finding.finding;
    ReplacedReadings {
        finding: one.finding.key.to_string(),
        rule: finding.rule.clone(),
        meter: finding.subject.clone(),
        from: finding.interval.map(|interval| interval.start.to_string()),
        to: finding.interval.map(|interval| interval.end.to_string()),
        intervals: one.intervals,
        gaps: one.gaps,
        before_kwh: one.before_kwh.to_string(),
        after_kwh: one.after_kwh.to_string(),
    }
}

fn wrong(problem: &RowProblem) -> WrongRow {
    let RowProblem { row, column, what, todo } = problem.clone();
    WrongRow { row, column, what, todo }
}

fn page(read: &RightReadings, kept: bool) -> RightReadingsPage {
    RightReadingsPage {
        kept,
        hash: read.hash.clone(),
        findings: read.replaced.iter().map(replaced).collect(),
        problems: read.problems.iter().take(PROBLEMS_MAX).map(wrong).collect(),
        problems_total: read.problems.len(),
    }
}

impl From<SheetFileError> for Problem {
    fn from(error: SheetFileError) -> Self {
        let (status, code) = match &error {
            SheetFileError::Size { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "UPLOAD-SIZE"),
            SheetFileError::Form { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "UPLOAD-FORM"),
            SheetFileError::Empty => (StatusCode::UNPROCESSABLE_ENTITY, "UPLOAD-EMPTY"),
        };
        Self::new(status, code, error.said())
    }
}

fn form(headers: &HeaderMap) -> Result<SheetForm, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    match kind.unwrap_or_default().split(';').next().unwrap_or_default().trim() {
        XLSX => Ok(SheetForm::Xlsx),
        CSV => Ok(SheetForm::Csv),
        other => {
            let text = said!(
                "upload.kind",
                "the body is '{kind}'; a table is sent as {xlsx} or {csv}. Nothing was taken from it",
                kind = other,
                xlsx = XLSX,
                csv = CSV
            );
            Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UPLOAD-FORM", text))
        }
    }
}

/// Reads a table of right readings: the table `right-readings`, filled in. Without `keep` it says what
/// would change and keeps nothing; with `keep` it keeps all of it, or nothing.
#[utoipa::path(post, path = "/api/v1/readings/right", params(Wanted),
    request_body(content(
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (String = "text/csv"))),
    responses(
    (status = 200, body = RightReadingsPage), (status = 401, body = Problem),
    (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
    (status = 412, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem),
    (status = 422, body = Problem), (status = 429, body = Problem), (status = 503, body = Problem)))]
pub async fn right(
    person: Person,
    State(plant): State<Arc<Plant>>,
    wanted: Result<Query<Wanted>, QueryRejection>,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<RightReadingsPage>, Problem> {
    person.needs(&MAY_DECIDE)?;
    let Query(wanted) = wanted.map_err(|error| Problem::invalid(error.body_text()))?;
    let why = wanted.why.unwrap_or_default();
    let file = wanted.file.trim().to_owned();
    let (why_long, file_long) = (why.chars().count(), file.chars().count());
    if why_long > WHY_MAX || file_long > FILE_MAX || file_long == 0 {
        return Err(Problem::invalid(said!(
            "upload.long",
            "a reason has at most {why} characters, the name of a file 1 to {file}; nothing was taken \
             from it",
            why = WHY_MAX,
            file = FILE_MAX
        )));
    }
    let form = form(&headers)?;
    let bytes = bytes.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::from(SheetFileError::Size { of: "bytes", max: BYTES_MAX as u64 })
        }
        _ => Problem::invalid(said!(
            "upload.body",
            "{error}; nothing was taken from it",
            error = error.body_text()
        )),
    })?;
    let view = plant.view()?;
    // A large table takes a moment to unpack: not on a thread that answers others.
    let read = plant
        .bench
        .run(move |bench| async move {
            let sheet = read_sheet(&bytes, form)?;
            let digest = hex(&Sha256::digest(&bytes));
            let source = format!("{file}, SHA-256 {}", &digest[..16]);
            let installation = bench.installation()?;
            let with = (&installation.store, &installation.config, &view.facts);
            Ok(right_readings(&sheet, with, (&why, &source), Timestamp::now())?)
        })
        .await?;
    let Some(seen) = wanted.keep else { return Ok(Json(page(&read, false))) };
    if !read.problems.is_empty() {
        return Ok(Json(page(&read, false)));
    }
    if read.hash != seen {
        return Err(Problem::stale(said!(
            "upload.stale",
            "the table, its findings or their readings are not what was shown; look at it again. \
             Nothing was kept"
        )));
    }
    keep(&plant, &person, read.decisions()).await?;
    tracing::info!(user = person.name, findings = read.replaced.len(), "right readings were sent");
    Ok(Json(page(&read, true)))
}
