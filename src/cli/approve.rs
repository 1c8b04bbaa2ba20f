//! `carbide approve`: the second pair of eyes.

use clap::Args;
use serde_json::json;

use super::connect::{Session, person};
use super::exit::print_json;
use super::{CliError, Context, Exit};
use crate::present::table::{Align, Table};

/// Approve a posting that somebody else asked for; without a name, list the requests.
///
/// What is approved is exactly what was asked for, and it can be posted once: `carbide post
/// --approved R-1`.
#[derive(Debug, Args)]
pub struct Approve {
    /// Request, as R-1.
    request: Option<String>,
}

pub(super) fn run(arguments: &Approve, context: &Context) -> Result<Exit, CliError> {
    let session = Session::open(context)?;
    let mut books = session.books_to_look()?;
    if let Some(name) = &arguments.request {
        let name = name.trim().to_ascii_uppercase();
        let request = books.approve(&name, &person(&session.config))?;
        if context.json {
            print_json(&json!({ "approved": request }))?;
        } else {
            println!("{name} is approved; post it with: carbide post --approved {name}");
        }
        return Ok(Exit::Done);
    }
    let requests = books.requests()?;
    if context.json {
        print_json(&json!({ "requests": requests }))?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&[
        ("request", Align::Left),
        ("purpose", Align::Left),
        ("documents", Align::Right),
        ("asked by", Align::Left),
        ("approved by", Align::Left),
        ("posted as", Align::Left),
    ]);
    for request in &requests {
        table.row([
            request.name.clone(),
            request.draft.purpose.clone(),
            request.draft.documents.len().to_string(),
            request.draft.requested_by.clone(),
            request.approved_by.clone().unwrap_or_default(),
            request.posted_as.as_ref().map_or_else(String::new, ToString::to_string),
        ]);
    }
    print!("{table}");
    for request in requests.iter().filter(|request| request.approved_by.is_none()) {
        println!("{}, SHA-256 {}:", request.name, request.hash);
        for (at, document) in request.draft.documents.iter().enumerate() {
            println!("  {:>3}  {}", at + 1, document.title());
        }
    }
    Ok(Exit::Done)
}
