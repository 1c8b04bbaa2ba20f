//! The emissions of a posting run as statistical key figures, beside the FI document.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::PostingRun;
use crate::config::accounts::KeyFigureRule;
use crate::factor::Scope;
use crate::id::CostCenter;
use crate::post::{FiPosting, KeyFigureLine, KeyFigurePosting};
use crate::value_state::ValueState;

/// Emissions of one scope on one cost center, in kg CO2e.
type Emission<'a> = (Scope, &'a CostCenter, Decimal, ValueState);

/// The document of key figures that goes with `posting`; `None` if none of the emissions has a key figure.
pub(super) fn beside(
    run: &PostingRun,
    rule: &KeyFigureRule,
    posting: &FiPosting,
) -> Option<KeyFigurePosting> {
    let emissions = run.lines.iter();
    let emissions =
        emissions.map(|line| (line.scope, &line.cost_center, line.kilograms, line.state));
    let period = posting.period;
    let lines = lines(emissions, rule, &format!("CO2e {period}"));
    (!lines.is_empty()).then(|| KeyFigurePosting {
        controlling_area: rule.controlling_area.clone(),
        company_code: posting.company_code.clone(),
        document_date: posting.document_date,
        posting_date: posting.posting_date,
        period,
        boundary: posting.boundary.clone(),
        kind: posting.kind.clone(),
        revision: posting.revision,
        lines,
    })
}

/// One line for each key figure and cost center, with the weakest state of what it sums.
fn lines<'a>(
    emissions: impl Iterator<Item = Emission<'a>>,
    rule: &KeyFigureRule,
    text: &str,
) -> Vec<KeyFigureLine> {
    let mut sums: BTreeMap<(&str, &CostCenter), (Decimal, ValueState)> = BTreeMap::new();
    for (scope, cost_center, kilograms, state) in emissions {
        let figure = match scope {
            Scope::Direct => &rule.scope_1,
            Scope::PurchasedEnergy => &rule.scope_2,
            _ => &rule.scope_3,
        };
        let Some(figure) = figure else { continue };
        let cost_center = rule.cost_center.as_ref().unwrap_or(cost_center);
        let sum = sums.entry((figure.as_str(), cost_center)).or_insert((Decimal::ZERO, state));
        *sum = (sum.0 + kilograms, sum.1.max(state));
    }
    let sums = sums.into_iter().filter(|(_, (kilograms, _))| !kilograms.is_zero());
    sums.map(|((figure, cost_center), (quantity_kg, value_state))| KeyFigureLine {
        key_figure: figure.to_owned(),
        cost_center: cost_center.clone(),
        quantity_kg,
        text: text.to_owned(),
        value_state,
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> KeyFigureRule {
        toml::from_str(&format!("controlling_area = \"1000\"\n{text}")).unwrap()
    }

    fn posted(rule: &KeyFigureRule) -> Vec<(String, String, String)> {
        let [one, other] = ["101011", "101012"].map(|code| CostCenter::new(code).unwrap());
        let (measured, estimated) = (ValueState::Measured, ValueState::Estimated);
        let emissions = [
            (Scope::Direct, &one, Decimal::new(10_500, 3), measured),
            (Scope::PurchasedEnergy, &one, Decimal::new(1_000, 3), estimated),
            (Scope::PurchasedEnergy, &other, Decimal::new(2_250, 3), measured),
        ];
        let lines = lines(emissions.into_iter(), rule, "CO2e 2018-09");
        let shown = lines.into_iter().map(|line| {
            (line.key_figure, line.cost_center.to_string(), line.quantity_kg.to_string())
        });
        shown.collect()
    }

    fn line(figure: &str, cost_center: &str, kilograms: &str) -> (String, String, String) {
        (figure.to_owned(), cost_center.to_owned(), kilograms.to_owned())
    }

    #[test]
    fn scopes_of_one_key_figure_are_summed_by_cost_center() {
        let rule = rule("scope_1 = \"CO2E\"\nscope_2 = \"CO2E\"");

        let expected = [line("CO2E", "101011", "11.500"), line("CO2E", "101012", "2.250")];
        assert_eq!(posted(&rule), expected);
    }

    #[test]
    fn a_scope_without_a_key_figure_is_left_out() {
        assert_eq!(posted(&rule("scope_1 = \"CO2S1\"")), [line("CO2S1", "101011", "10.500")]);
        assert!(posted(&rule("scope_3 = \"CO2S3\"")).is_empty());
    }

    #[test]
    fn one_cost_center_can_get_all_of_it() {
        let rule = rule("scope_2 = \"CO2E\"\ncost_center = \"101090\"");

        assert_eq!(posted(&rule), [line("CO2E", "101090", "3.250")]);
    }
}
