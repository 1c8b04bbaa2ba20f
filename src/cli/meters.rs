//! `carbide meters`: a tree of meters reconciled with its bill.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::exit::print_json;
use super::{CliError, Context, Exit};
use crate::meters::{Reconciled, SiteTree, reconcile};
use crate::present::table::{Align, Table};

/// The least that a tree needs.
const EXAMPLE: &str = r#"A tree, as docs/tools.md describes it:
  {"medium": "electricity", "unit": "kWh", "nodes": [
    {"id": "MAIN", "kind": "main_meter", "value": "1000", "class_percent": "0.5"},
    {"id": "EAF-1", "kind": "equipment", "parent": "MAIN", "value": "980", "class_percent": "1"},
    {"id": "REST", "kind": "equipment", "parent": "MAIN"}]}"#;

/// Reconcile a tree of meters with its bill.
#[derive(Debug, Args)]
pub struct Meters {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Adjust the readings of a tree by their accuracy so that every level sums exactly; name gross
    /// errors, and what cannot be told apart.
    #[command(after_help = EXAMPLE)]
    Reconcile {
        /// Tree with one period's values, as JSON; `-` for standard input.
        tree: PathBuf,
    },
}

pub(super) fn run(arguments: &Meters, context: &Context) -> Result<Exit, CliError> {
    let What::Reconcile { tree } = &arguments.what;
    let text = text_of(tree)?;
    let site: SiteTree = serde_json::from_str(&text).map_err(|error| {
        CliError::new(Exit::Usage, format!("{}: {error}; nothing was calculated", tree.display()))
    })?;
    let reconciled = reconcile(&site)
        .map_err(|error| CliError::new(Exit::No, format!("{}: {error}", tree.display())))?;
    if context.json {
        print_json(&reconciled)?;
    } else {
        print(&reconciled);
    }
    Ok(if reconciled.findings.is_empty() { Exit::Done } else { Exit::No })
}

/// The text of a file, or of standard input for `-`.
pub(super) fn text_of(path: &Path) -> Result<String, CliError> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map(|_| ())
    } else {
        std::fs::read_to_string(path).map(|content| text = content)
    };
    read.map_err(|error| {
        CliError::new(Exit::Usage, format!("{} cannot be read: {error}", path.display()))
    })?;
    Ok(text)
}

fn print(reconciled: &Reconciled) {
    let unit = reconciled.unit.to_string();
    let mut table = Table::new(&[
        ("meter", Align::Left),
        ("below", Align::Left),
        ("given", Align::Right),
        ("reconciled", Align::Right),
        ("±", Align::Right),
        ("adjustment/sd", Align::Right),
        ("state", Align::Left),
    ]);
    for node in &reconciled.nodes {
        table.row([
            node.id.clone(),
            node.parent.clone().unwrap_or_default(),
            node.given.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}")),
            format!("{:.3}", node.reconciled),
            format!("{:.3}", node.deviation),
            node.standardized.map_or_else(|| "-".to_owned(), |score| format!("{score:.2}")),
            node.state.to_string(),
        ]);
    }
    print!("{table}");
    println!(
        "  in {unit}; contradiction {:.3} on {} balances, 95 % limit {:.3}",
        reconciled.chi_squared, reconciled.degrees_of_freedom, reconciled.chi_squared_limit
    );
    for finding in &reconciled.findings {
        println!("  {} {}: {}. {}", finding.code, finding.meter, finding.text, finding.proposal);
    }
    for blind in &reconciled.not_identifiable {
        let from = blind
            .smallest_visible_percent
            .map_or_else(|| "at any size".to_owned(), |percent| format!("below {percent:.0} %"));
        println!("  An error of {} {from} would not be seen", blind.meter);
    }
    if let Some(proposal) = &reconciled.proposal {
        println!(
            "  A meter at {} would help most: ± {:.3} now, ± {:.3} then",
            proposal.node, proposal.deviation_now, proposal.deviation_then
        );
    }
}
