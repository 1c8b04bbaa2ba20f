//! A product footprint with its stages, data quality and uncertainty.

use serde_json::{Map, Value, json};

use super::number;
use crate::config::Config;
use crate::cycle::Judged;
use crate::footprint::ProductFootprint;
use crate::footprint::quality::{by_stage, data_quality};
use crate::footprint::uncertainty::{Run, UncertainSystem};

/// The seed of the draws: the same facts give the same numbers.
const RUN: u32 = 1;

/// Variables that are named: those that bring the most.
const NAMED: usize = 3;

/// The document of a product with everything that is known of its quality.
pub(super) fn document(
    product: &ProductFootprint,
    judged: &Judged,
    config: &Config,
    draws: Option<u32>,
) -> Value {
    let mut document = super::document(product);
    let rows = config.factors.book.rows();
    let factor = |id: &str| rows.iter().find(|row| row.id == id);
    let regions: Vec<&str> = config.settings.plant.regions.iter().map(String::as_str).collect();
    let stages: Map<String, Value> = by_stage(product)
        .into_iter()
        .map(|(stage, kg)| {
            let name = serde_json::to_value(stage).expect("a unit variant is a text");
            (name.as_str().unwrap_or_default().to_owned(), number(kg.amount()))
        })
        .collect();
    document["by_stage"] = Value::Object(stages);
    let day = judged.period.last_day();
    document["data_quality"] = match data_quality(product, factor, &regions, day) {
        Some(quality) => json!({
            "technological": number(quality.technological),
            "temporal": number(quality.temporal),
            "geographical": number(quality.geographical),
        }),
        None => Value::Null,
    };
    document["uncertainty"] = uncertainty(&UncertainSystem::of_product(product, factor), draws);
    document
}

fn uncertainty(system: &UncertainSystem, draws: Option<u32>) -> Value {
    let Ok(analytic) = system.analytic(0) else { return Value::Null };
    let variance: f64 = analytic.variances.iter().sum();
    let mut largest: Vec<(f64, &str)> = analytic
        .variances
        .iter()
        .zip(&system.variables)
        .map(|(part, variable)| (part / variance, variable.name.as_str()))
        .collect();
    largest.sort_by(|a, b| b.0.total_cmp(&a.0));
    let largest = largest.iter().take(NAMED);
    let largest: Vec<Value> = largest
        .map(|(share, name)| json!({ "variable": name, "share_of_variance": share }))
        .collect();
    let mut document = json!({
        "sd_kg_co2e": analytic.sd,
        "relative_sd": analytic.relative_sd(),
        "largest": largest,
    });
    if let Some(draws) = draws
        && let Ok(drawn) = system.draw(0, Run { id: RUN, draws })
    {
        document["monte_carlo"] = json!({
            "draws": draws,
            "mean_kg_co2e": drawn.mean,
            "sd_kg_co2e": drawn.sd,
            "low_2_5_percent": drawn.low,
            "high_97_5_percent": drawn.high,
        });
    }
    document
}
