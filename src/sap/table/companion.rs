//! `Z_CARBIDE_READ_TABLE`, page by page behind the last key.

use super::super::error::SapError;
use super::super::rfc::{Call, RfcClient, Row, refuse_errors};
use super::{ROWS_MAX, TableQuery, TableRow};

pub(super) const FUNCTION: &str = "Z_CARBIDE_READ_TABLE";

pub(super) async fn read(rfc: &RfcClient, query: &TableQuery) -> Result<Vec<TableRow>, SapError> {
    let mut rows: Vec<TableRow> = Vec::new();
    let mut after = String::new();
    loop {
        // One more than wanted tells whether there are more.
        let wanted = (query.rows_max + 1 - rows.len()).min(ROWS_MAX);
        let reply = rfc.call(&call(query, &after, wanted)).await?;
        refuse_errors(rfc.system(), FUNCTION, &reply)?;
        let page: Vec<TableRow> = serde_json::from_str(reply.value("ROWS")).map_err(|error| {
            query.wrong("TAB-FORM", format!("ROWS is no list of rows: {error}"))
        })?;
        let told = reply.value("ROW_COUNT").trim();
        if told.parse() != Ok(page.len()) {
            let problem = format!("ROW_COUNT says {told}, and {} rows came", page.len());
            return Err(query.wrong("TAB-FORM", problem));
        }
        if let Some(row) = page.iter().find(|row| row.len() != query.fields.len()) {
            let (has, wanted) = (row.len(), query.fields.len());
            return Err(query.wrong("TAB-FORM", format!("a row has {has} of {wanted} fields")));
        }
        let goes_on = reply.value("CONTINUE_WITH").to_owned();
        let nothing_new = page.is_empty() || goes_on == after;
        rows.extend(page);
        if rows.len() > query.rows_max {
            let problem = format!("there are more than {} rows", query.rows_max);
            return Err(query.wrong("TAB-ROWS", problem));
        }
        if goes_on.is_empty() {
            return Ok(rows);
        }
        if nothing_new {
            return Err(query.wrong("TAB-FORM", "the same page is offered again"));
        }
        after = goes_on;
    }
}

fn call(query: &TableQuery, after: &str, rows: usize) -> Call {
    let field = |name: &&'static str| -> Row { vec![("FIELDNAME", (*name).to_owned())] };
    let condition = |one: &super::Condition| -> Row {
        vec![
            ("FIELDNAME", one.field.to_owned()),
            ("SIGN", if one.include { "I" } else { "E" }.to_owned()),
            ("OPTION", one.comparison.name().to_owned()),
            ("LOW", one.low.clone()),
            ("HIGH", one.high.clone()),
        ]
    };
    Call::new(FUNCTION)
        .value("TABLE_NAME", query.table)
        .value("MAX_ROWS", rows.to_string())
        .value("CONTINUE_AFTER", after)
        .table("FIELDS", query.fields.iter().map(field).collect())
        .table("CONDITIONS", query.conditions.iter().map(condition).collect())
        .table("RETURN", Vec::new())
}
