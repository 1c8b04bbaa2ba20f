//! What the report says.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::table::{self, kg};
use super::{Report, Section};
use crate::check::{Correction, Finding};
use crate::config::Config;
use crate::cycle::{Judged, OrganisationReport, Posted, PostingRun};
use crate::footprint::ProductFootprint;
use crate::footprint::organisation::{Category, Line, Sum, intensity, iso_name};
use crate::period::Interval;
use crate::present::figure;
use crate::present::sheet::{Column, Sheet};
use crate::quantity::Milligrams;

/// What a report is made of.
pub struct Sources<'a> {
    /// Settings and factor books.
    pub config: &'a Config,
    /// Key of the facts.
    pub facts_key: &'a str,
    /// When SAP and the meters were read.
    pub read_at: Timestamp,
    /// The month as it was judged.
    pub judged: &'a Judged,
    /// Footprints of finished products with the energy of that month.
    pub products: &'a [ProductFootprint],
    /// The inventory; lines of other months are left out.
    pub organisation: &'a OrganisationReport,
    /// Postings of emissions with what they rest on.
    pub postings: &'a [(Posted, PostingRun)],
    /// Now.
    pub now: Timestamp,
}

/// The report of the month that was judged.
///
/// # Source
///
/// What it has to tell: ISO 14064-1:2018, 9.3.1 (a to t) as far as a plant's data can; GHG Protocol,
/// Corporate Standard, chapter 9. Who verified it, who is responsible and how the organisation is
/// consolidated are not known here and are said to be missing.
pub fn compose(sources: &Sources<'_>) -> Report {
    let period = sources.judged.period.to_string();
    let lines: Vec<&Line> = sources
        .organisation
        .inventory
        .lines
        .iter()
        .filter(|line| line.period == sources.judged.period)
        .collect();
    let sections = vec![
        summary(sources, &period, &lines),
        by_scope(&lines),
        source_streams(&lines),
        value_states(&lines),
        products(sources.products),
        factors(sources, &lines),
        methods(sources, &period),
        quality(sources),
        corrections(sources),
        postings(sources),
        budgets(sources),
        excluded(sources, &period),
    ];
    Report {
        title: format!("Greenhouse gas report {period}"),
        about: about(sources, &period),
        sections,
        foot: format!(
            "Carbide {} - facts {} - plant {}",
            env!("CARGO_PKG_VERSION"),
            sources.facts_key.get(..12).unwrap_or(sources.facts_key),
            sources.config.settings.plant.code
        ),
        made: sources.now.to_string(),
        period,
    }
}

fn tonnes(amount: Milligrams) -> String {
    figure::decimal(amount.to_emissions().amount() / Decimal::ONE_THOUSAND, 3)
}

fn total(lines: &[&Line]) -> Sum {
    let mut sums = by(lines, |_| ());
    sums.pop_first().map_or_else(Sum::default, |(_, sum)| sum)
}

fn by<K: Ord>(lines: &[&Line], key: impl Fn(&Line) -> K) -> BTreeMap<K, Sum> {
    let mut sums: BTreeMap<K, Sum> = BTreeMap::new();
    for line in lines {
        let sum = sums.entry(key(line)).or_default();
        sum.location_based += line.emissions;
        sum.market_based += line.market_based.unwrap_or(line.emissions);
        sum.biogenic += line.biogenic;
    }
    sums
}

fn about(sources: &Sources<'_>, period: &str) -> Vec<(String, String)> {
    let plant = &sources.config.settings.plant;
    let row = |name: &str, value: String| (name.to_owned(), value);
    let packages: BTreeSet<String> = sources
        .config
        .factors
        .book
        .rows()
        .iter()
        .filter_map(|row| row.origin.as_ref().map(|origin| origin.package.clone()))
        .collect();
    let packages: Vec<String> = packages.into_iter().collect();
    vec![
        row("Plant", format!("{} of company code {}", plant.code, plant.company_code)),
        row("Period", format!("{period}, days of the zone {}", plant.time_zone)),
        row("Read from SAP and meters", sources.read_at.to_string()),
        row("Facts", sources.facts_key.to_owned()),
        row("Global warming potentials", sources.config.factors.gwp_set.to_string()),
        row(
            "Factor database",
            if packages.is_empty() { "none".to_owned() } else { packages.join(", ") },
        ),
        row("Calculated by", format!("Carbide {}", env!("CARGO_PKG_VERSION"))),
        row("Made", sources.now.to_string()),
        row("Verification", "none: this report was not verified by a third party".to_owned()),
    ]
}

fn summary(sources: &Sources<'_>, period: &str, lines: &[&Line]) -> Section {
    let kilograms = |key| Column::number(key, "kgCO2e", 3);
    let columns = vec![
        Column::number("category", "", 0),
        Column::text("ISO 14064-1"),
        kilograms("location_based"),
        kilograms("market_based"),
        Column::number("biogenic", "kgCO2", 3),
    ];
    let mut sheet = Sheet::new("by ISO category", columns);
    for (iso, sum) in by(lines, |line| line.category.iso()) {
        sheet.row(vec![
            iso.to_string(),
            iso_name(iso).to_owned(),
            kg(sum.location_based),
            kg(sum.market_based),
            kg(sum.biogenic),
        ]);
    }
    let all = total(lines);
    sheet.row(vec![
        String::new(),
        "total".to_owned(),
        kg(all.location_based),
        kg(all.market_based),
        kg(all.biogenic),
    ]);
    let own: Milligrams =
        lines.iter().filter(|line| line.category.scope() < 3).map(|line| line.emissions).sum();
    let mut words = vec![format!(
        "In {period} the plant emitted {} t CO2e in scope 1 and 2, and {} t CO2e with the part of its \
         value chain that is counted, both location-based.",
        tonnes(own),
        tonnes(all.location_based)
    )];
    if let Some(output) = sources.organisation.output_t.get(period)
        && let Some(per_tonne) = intensity(own, *output)
    {
        words.push(format!(
            "It made {} t of finished products: {} kg CO2e of scope 1 and 2 for each tonne.",
            figure::decimal(*output, 1),
            figure::decimal(per_tonne, 1)
        ));
    }
    let bought = |line: &&&Line| line.category == Category::PurchasedEnergy;
    if lines.iter().filter(bought).any(|line| line.market_based.is_none()) {
        words.push(
            "No contract or residual mix is known for a part of the purchased energy: its \
             location-based value stands in the market-based column."
                .to_owned(),
        );
    }
    Section::new("Emissions by category of ISO 14064-1", &words, Some(sheet))
}

fn by_scope(lines: &[&Line]) -> Section {
    let kilograms = |key| Column::number(key, "kgCO2e", 3);
    let columns = vec![
        Column::number("scope", "", 0),
        Column::text("category"),
        kilograms("location_based"),
        kilograms("market_based"),
    ];
    let mut sheet = Sheet::new("by scope", columns);
    for ((scope, category), sum) in by(lines, |line| (line.category.scope(), line.category)) {
        sheet.row(vec![
            scope.to_string(),
            category.to_string(),
            kg(sum.location_based),
            kg(sum.market_based),
        ]);
    }
    Section::new("Emissions by scope of the GHG Protocol", &[], Some(sheet))
}

fn source_streams(lines: &[&Line]) -> Section {
    let columns = vec![
        Column::text("source"),
        Column::text("category"),
        Column::text("cost_center"),
        Column::number("activity", "", 3),
        Column::text("unit"),
        Column::text("factor"),
        Column::key("value_state"),
        Column::number("location_based", "kgCO2e", 3),
    ];
    let mut sheet = Sheet::new("source streams", columns);
    for line in lines {
        sheet.row(vec![
            line.source.clone(),
            line.category.to_string(),
            line.cost_center.as_ref().map_or_else(String::new, ToString::to_string),
            line.activity.amount.to_string(),
            line.activity.unit.to_string(),
            line.factor.clone(),
            line.state.to_string(),
            kg(line.emissions),
        ]);
    }
    let words =
        ["Each line is an activity times the factor that is named; the factors stand below."];
    Section::new("Source streams", &words.map(str::to_owned), Some(sheet))
}

fn value_states(lines: &[&Line]) -> Section {
    let columns = vec![
        Column::key("value_state"),
        Column::number("location_based", "kgCO2e", 3),
        Column::number("share", "%", 1),
    ];
    let mut sheet = Sheet::new("value states", columns);
    let all = Decimal::from(total(lines).location_based.count());
    for (state, sum) in by(lines, |line| line.state) {
        let share = (Decimal::from(sum.location_based.count()) * Decimal::ONE_HUNDRED)
            .checked_div(all)
            .map_or_else(String::new, |share| share.round_dp(1).to_string());
        sheet.row(vec![state.to_string(), kg(sum.location_based), share]);
    }
    let words =
        ["How the activities behind the emissions are known, the best first. A line is as good \
                  as its weakest part."];
    Section::new("Quality of the data", &words.map(str::to_owned), Some(sheet))
}

fn products(products: &[ProductFootprint]) -> Section {
    let words = ["Cradle to gate, for one base unit, with the energy of the month (ISO 14067)."];
    let sheet = table::products(products);
    Section::new("Footprints of products", &words.map(str::to_owned), Some(sheet))
}

fn factors(sources: &Sources<'_>, lines: &[&Line]) -> Section {
    let mut used: BTreeSet<&str> = lines.iter().map(|line| line.factor.as_str()).collect();
    let terms = sources.products.iter().flat_map(|product| &product.contributions);
    used.extend(terms.map(|term| term.factor.as_str()));
    let rows = sources.config.factors.book.rows().iter();
    let sheet = table::factors(rows.filter(|row| used.contains(row.id.as_str())));
    let words = ["Every factor that this report used."];
    Section::new("Emission factors", &words.map(str::to_owned), Some(sheet))
}

fn methods(sources: &Sources<'_>, period: &str) -> Section {
    let mut words = vec![
        "Emissions are activities times factors (calculation method of ISO 14064-1, 6.2.3). Energy is \
         the main meter's, given to those who used it by confirmed activities; it sums to the meter to \
         the milligram of what is posted."
            .to_owned(),
        "Scope 2 is shown location-based and market-based (GHG Protocol, Scope 2 Guidance). Biogenic \
         CO2 is reported apart and stands in no total."
            .to_owned(),
        "Formulas with their sources stand in the documentation of methods (docs/methods.md) of the \
         version that is named above."
            .to_owned(),
        "The organisation's approach of consolidation, its base year and the person responsible are not \
         known to this system: state them beside this report."
            .to_owned(),
    ];
    if let Some(compared) = sources.organisation.reconciliation.get(period) {
        words.push(format!(
            "The footprints of what was made explain {} t of the site's {} t of scope 1 and 2; {} t are \
             left. That is {} the tolerance.",
            tonnes(compared.products),
            tonnes(compared.site),
            tonnes(compared.unallocated),
            if compared.within_tolerance { "within" } else { "not within" }
        ));
    }
    Section::new("Methods", &words, None)
}

fn quality(sources: &Sources<'_>) -> Section {
    let month = sources.judged.period.interval(&sources.config.zone);
    let elsewhere = |at: &Interval| at.end <= month.start || at.start >= month.end;
    let here = |finding: &&Finding| !finding.interval.as_ref().is_some_and(elsewhere);
    let sheet = table::findings(sources.judged.findings.iter().filter(here));
    Section::new("What the rules found in the data", &none_of(&sheet, "nothing"), Some(sheet))
}

fn none_of(sheet: &Sheet, nothing: &str) -> Vec<String> {
    if sheet.rows.is_empty() { vec![format!("There is {nothing}.")] } else { Vec::new() }
}

fn corrections(sources: &Sources<'_>) -> Section {
    let month = sources.judged.period.interval(&sources.config.zone);
    let here = |one: &&Correction| one.interval_end > month.start && one.interval_end <= month.end;
    let sheet = table::corrections(sources.judged.corrections.iter().filter(here));
    Section::new("Corrected readings", &none_of(&sheet, "no corrected reading"), Some(sheet))
}

fn postings(sources: &Sources<'_>) -> Section {
    let columns = vec![
        Column::text("change_set"),
        Column::key("phase"),
        Column::text("document"),
        Column::text("reversed_by"),
        Column::number("carbon", "kgCO2e", 6),
        Column::number("amount", "", 2),
        Column::text("currency"),
        Column::text("evidence"),
    ];
    let mut sheet = Sheet::new("postings", columns);
    for (posted, run) in sources.postings {
        if run.period != sources.judged.period {
            continue;
        }
        let amount: Decimal = run.lines.iter().map(|line| line.amount.amount).sum();
        sheet.row(vec![
            posted.change_set_id.to_string(),
            posted.phase.name().to_owned(),
            posted.number.as_ref().map_or_else(String::new, ToString::to_string),
            posted.reversal.as_ref().map_or_else(String::new, ToString::to_string),
            kg(run.posted()),
            amount.to_string(),
            run.price_per_tonne.currency.clone(),
            posted.plan_hash.clone(),
        ]);
    }
    let words = none_of(&sheet, "no posting of this month");
    Section::new("Accounting documents in SAP", &words, Some(sheet))
}

fn budgets(sources: &Sources<'_>) -> Section {
    let sheet = table::budgets(&sources.organisation.budgets);
    Section::new("Carbon budgets", &none_of(&sheet, "no budget"), Some(sheet))
}

fn excluded(sources: &Sources<'_>, period: &str) -> Section {
    let columns = vec![
        Column::number("scope", "", 0),
        Column::text("category"),
        Column::text("why_it_is_left_out"),
    ];
    let mut sheet = Sheet::new("exclusions", columns);
    for exclusion in &sources.organisation.inventory.exclusions {
        sheet.row(vec![
            exclusion.category.scope().to_string(),
            exclusion.category.to_string(),
            exclusion.reason.clone(),
        ]);
    }
    let objects = sources.organisation.unresolved.iter();
    let objects = objects.filter(|text| text.starts_with(period));
    let words: Vec<String> = objects.map(|text| format!("Not counted: {text}.")).collect();
    Section::new("What is not in this report", &words, Some(sheet))
}
