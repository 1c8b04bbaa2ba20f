//! The greenhouse gas report of a month, as a file.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;

use super::named::Named;
use super::table::{XLSX, file};
use crate::report::{of_month, pdf, workbook};
use crate::said;
use crate::serve::guard::Person;
use crate::serve::plant::Plant;
use crate::serve::problem::Problem;
use crate::serve::task::month;

/// The greenhouse gas report of a month as a file: `pdf` (PDF/A-2b) or `xlsx`.
#[utoipa::path(get, path = "/api/v1/reports/{month}/{form}",
    params(("month" = String, Path, description = "as 2018-09"), ("form" = String, Path)), responses(
    (status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
    (status = 401, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
    (status = 422, body = Problem), (status = 503, body = Problem)))]
pub async fn report(
    _: Person,
    State(plant): State<Arc<Plant>>,
    Named((wanted, form)): Named<(String, String)>,
) -> Result<Response, Problem> {
    let period = month(&wanted)?;
    if !["pdf", "xlsx"].contains(&form.as_str()) {
        return Err(Problem::not_found(said!(
            "report.form",
            "a report is pdf or xlsx, not '{form}'",
            form = form
        )));
    }
    let (view, carbon) = (plant.view()?, plant.journal().carbon.clone());
    // On the thread that reads and plans: a report judges months anew.
    let name = format!("carbide-{wanted}.{form}");
    let (kind, bytes) = plant
        .bench
        .run(move |bench| async move {
            let installation = bench.installation()?;
            let facts = (view.facts_key.as_str(), &view.facts);
            let report = of_month(&installation, facts, Some(period), &carbon, Timestamp::now())?;
            if form == "xlsx" {
                let book = workbook(&report);
                return Ok((XLSX, book.map_err(|error| Problem::internal(error.to_string()))?));
            }
            let font = &installation.config.settings.report.font;
            let font = font.as_ref().map(|font| installation.config.path(font));
            let bytes = pdf(&report, font.as_deref());
            Ok(("application/pdf", bytes.map_err(|error| Problem::internal(error.to_string()))?))
        })
        .await?;
    Ok(file(&name, kind, bytes))
}
