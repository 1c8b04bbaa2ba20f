//! What a version of the factor database would do to the last quarter.

use super::super::connect::Session;
use super::super::{CliError, Context};
use crate::cycle::{self, Effect};
use crate::factor::package::FactorDatabase;
use crate::present::figure;
use crate::present::table::{Align, Table};

/// What `database` would do to the last facts.
pub(super) async fn last_quarter(
    session: &Session,
    database: FactorDatabase,
    context: &Context,
) -> Result<Vec<Effect>, CliError> {
    let (_, facts) = session.facts(false, context).await?;
    Ok(cycle::last_quarter(&facts, &session.config, database)?)
}

pub(super) fn print(effects: &[Effect]) {
    println!("What it would do to the last quarter:");
    let mut table = Table::new(&[
        ("", Align::Left),
        ("", Align::Left),
        ("kg CO2e now", Align::Right),
        ("kg CO2e then", Align::Right),
        ("change", Align::Right),
    ]);
    for effect in effects {
        table.row([
            effect.kind.to_owned(),
            effect.what.clone(),
            figure::decimal(effect.before_kg, 3),
            figure::decimal(effect.after_kg, 3),
            effect.percent.map(|percent| format!("{percent:+.2} %")).unwrap_or_default(),
        ]);
    }
    print!("{table}");
}
