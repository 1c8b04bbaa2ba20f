//! Every table, by pages and as a file.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::named::Named;
use crate::present::sheet::Sheet;
use crate::said;
use crate::serve::guard::Person;
use crate::serve::plant::Plant;
use crate::serve::problem::Problem;
use crate::serve::sheets::sheet;

/// Most rows of one page.
const ROWS_MAX: usize = 10_000;

/// Which rows.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Rows {
    /// What the table is of, where it is of something: the plan of `plan-orders`.
    of: Option<String>,
    /// Only rows that contain this.
    search: Option<String>,
    /// Column to sort by; a `-` in front sorts downwards.
    sort: Option<String>,
    /// Place of the first row.
    #[param(minimum = 0)]
    after: Option<usize>,
    /// Rows of a page, 200 if it is not said.
    #[param(minimum = 1, maximum = 10_000)]
    limit: Option<usize>,
}

type Asked = Result<Query<Rows>, axum::extract::rejection::QueryRejection>;

async fn found(plant: Arc<Plant>, name: String, rows: &Rows) -> Result<Sheet, Problem> {
    let of = rows.of.clone();
    let read = tokio::task::spawn_blocking(move || sheet(&plant, &name, of.as_deref()));
    let found = read.await.map_err(|error| Problem::internal(error.to_string()))??;
    let sort = rows.sort.as_deref().map(|sort| sort.strip_prefix('-').unwrap_or(sort));
    if let Some(sort) = sort
        && !found.columns.iter().any(|column| column.key == sort)
    {
        return Err(Problem::invalid(said!(
            "table.column",
            "the table has no column '{column}'",
            column = sort
        )));
    }
    let down = rows.sort.as_deref().is_some_and(|sort| sort.starts_with('-'));
    Ok(found.filtered(rows.search.as_deref(), sort, down))
}

/// A page of a table.
#[utoipa::path(get, path = "/api/v1/tables/{name}", params(("name" = String, Path), Rows), responses(
    (status = 200, body = Sheet), (status = 401, body = Problem), (status = 404, body = Problem),
    (status = 422, body = Problem), (status = 503, body = Problem)))]
pub async fn table(
    _: Person,
    State(plant): State<Arc<Plant>>,
    Named(name): Named<String>,
    rows: Asked,
) -> Result<Json<Sheet>, Problem> {
    let Query(rows) = rows.map_err(|error| Problem::invalid(error.body_text()))?;
    let limit = rows.limit.unwrap_or(200);
    if !(1..=ROWS_MAX).contains(&limit) {
        let text = said!(
            "table.limit",
            "limit {limit} is not between 1 and {most}",
            limit = limit,
            most = ROWS_MAX
        );
        return Err(Problem::invalid(text));
    }
    let after = rows.after.unwrap_or(0);
    Ok(Json(found(plant, name, &rows).await?.page(after, limit)))
}

/// A whole table as a file: `csv` or `xlsx`.
#[utoipa::path(get, path = "/api/v1/tables/{name}/{form}",
    params(("name" = String, Path), ("form" = String, Path), Rows), responses(
    (status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
    (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem),
    (status = 503, body = Problem)))]
pub async fn export(
    _: Person,
    State(plant): State<Arc<Plant>>,
    Named((name, form)): Named<(String, String)>,
    rows: Asked,
) -> Result<Response, Problem> {
    let Query(rows) = rows.map_err(|error| Problem::invalid(error.body_text()))?;
    let sheet = found(plant, name.clone(), &rows).await?;
    let (bytes, kind) = match form.as_str() {
        "csv" => (sheet.csv().into_bytes(), "text/csv; charset=utf-8"),
        "xlsx" => {
            let bytes = sheet.xlsx().map_err(|error| Problem::invalid(error.to_string()))?;
            (bytes, XLSX)
        }
        _ => {
            let text = said!("table.form", "a table is csv or xlsx, not '{form}'", form = form);
            return Err(Problem::not_found(text));
        }
    };
    Ok(file(&format!("carbide-{name}.{form}"), kind, bytes))
}

/// A file that the browser keeps.
pub fn file(name: &str, kind: &'static str, bytes: Vec<u8>) -> Response {
    let named = format!("attachment; filename=\"{name}\"");
    let named =
        HeaderValue::from_str(&named).unwrap_or_else(|_| HeaderValue::from_static("attachment"));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, named),
    ];
    (headers, bytes).into_response()
}

/// Media type of a workbook.
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
