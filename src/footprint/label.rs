//! The step energy label: the best that a production step has shown, and what is above it.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Serialize;

/// One batch of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Metered energy in kWh.
    pub kwh: Decimal,
    /// Good output in the unit of the label.
    pub good_units: Decimal,
    /// Share of its time in steady state.
    pub steady_share: Decimal,
    /// Whether no finding on its readings is open.
    pub without_findings: bool,
    /// Whether its mass balance closes.
    pub balanced: bool,
}

impl Batch {
    /// A batch with nothing against it.
    pub fn valid(kwh: Decimal, good_units: Decimal) -> Self {
        Self { kwh, good_units, steady_share: Decimal::ONE, without_findings: true, balanced: true }
    }
}

/// Which batches count, and which of them is the label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabelRule {
    /// Least good output.
    pub units_min: Decimal,
    /// Steady share that a batch has to exceed.
    pub steady_share_above: Decimal,
    /// Take the 5th percentile instead of the least.
    pub robust: bool,
}

impl Default for LabelRule {
    fn default() -> Self {
        Self { units_min: Decimal::ZERO, steady_share_above: Decimal::new(8, 1), robust: false }
    }
}

/// The label of one step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepLabel {
    /// kWh per good unit at the best.
    pub kwh_per_unit: Decimal,
    /// kWh per good unit of all batches together.
    pub actual_kwh_per_unit: Decimal,
    /// Batches that counted.
    pub batches: usize,
    /// Coefficient of variation of their energy per unit: the least of `n` is low by about
    /// `cv sqrt(2 ln n)`.
    pub variation: f64,
}

impl StepLabel {
    /// kWh per good unit above the label.
    pub fn waste(&self) -> Decimal {
        self.actual_kwh_per_unit - self.kwh_per_unit
    }

    /// By how much the least is expected to be below the true mean because of noise, as a share.
    ///
    /// # Source
    ///
    /// Expected minimum of `n` normal draws, leading term: David and Nagaraja, Order Statistics
    /// (3rd ed.), 10.5.
    pub fn bias(&self) -> f64 {
        #[allow(clippy::cast_precision_loss)] // A count of batches.
        let batches = self.batches.max(1) as f64;
        self.variation * (2.0 * batches.ln()).sqrt()
    }
}

/// The label of a step from its batches; `None` if no batch is valid.
///
/// The actual value is the energy of the valid batches over their good output.
///
/// # Source
///
/// Product-step energy label: the minimum over valid batches; percentile by linear interpolation.
pub fn step_label(batches: &[Batch], rule: &LabelRule) -> Option<StepLabel> {
    let valid = batches.iter().filter(|batch| {
        batch.good_units > Decimal::ZERO
            && batch.good_units >= rule.units_min
            && batch.steady_share > rule.steady_share_above
            && batch.without_findings
            && batch.balanced
    });
    let kwh: Decimal = valid.clone().map(|batch| batch.kwh).sum();
    let units: Decimal = valid.clone().map(|batch| batch.good_units).sum();
    let mut per_unit: Vec<Decimal> = valid.map(|batch| batch.kwh / batch.good_units).collect();
    per_unit.sort();
    let least = *per_unit.first()?;
    let count = Decimal::from(per_unit.len());
    let mean = per_unit.iter().sum::<Decimal>() / count;
    let label = if rule.robust { percentile(&per_unit, Decimal::new(5, 2)) } else { least };
    let squares: f64 = per_unit.iter().map(|value| float(*value - mean).powi(2)).sum();
    let variation = match per_unit.len() {
        1 => 0.0,
        _ => (squares / (float(count) - 1.0)).sqrt() / float(mean),
    };
    Some(StepLabel {
        kwh_per_unit: label,
        actual_kwh_per_unit: kwh / units,
        batches: per_unit.len(),
        variation,
    })
}

fn percentile(sorted: &[Decimal], share: Decimal) -> Decimal {
    let place = share * Decimal::from(sorted.len() - 1);
    let below = place.floor().to_usize().unwrap_or(0);
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * place.fract()
}

fn float(value: Decimal) -> f64 {
    value.to_f64().unwrap_or(f64::NAN)
}

/// The label of a product: its steps, each times what enters it for one good unit.
pub fn product_label(steps: &[(StepLabel, Decimal)]) -> Decimal {
    steps.iter().map(|(label, yielding)| label.kwh_per_unit * yielding).sum()
}

/// What a step's metered energy was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct EnergyUse {
    /// Running for good units, at or below the label.
    pub value_adding: Decimal,
    /// Idle, set-up, warm-up, rework, scrap and leakage as metered by state, and what running took
    /// above the label.
    pub not_value_adding: Decimal,
}

/// Splits the metered energy of a step; the parts sum to what was metered.
///
/// `running_kwh` is what was metered in state run while good units were made; everything else of
/// `metered_kwh` is not value-adding.
pub fn energy_use(
    metered_kwh: Decimal,
    running_kwh: Decimal,
    good_units: Decimal,
    label: &StepLabel,
) -> EnergyUse {
    let value_adding = running_kwh.min(label.kwh_per_unit * good_units).max(Decimal::ZERO);
    EnergyUse { value_adding, not_value_adding: metered_kwh - value_adding }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn step(batches: &[(&str, &str)]) -> StepLabel {
        let batches: Vec<Batch> =
            batches.iter().map(|(kwh, units)| Batch::valid(dec(kwh), dec(units))).collect();
        step_label(&batches, &LabelRule::default()).unwrap()
    }

    fn steel() -> [StepLabel; 3] {
        [
            step(&[("412", "1"), ("398", ".99"), ("431", "1.02"), ("405", "1.01"), ("391", ".97")]),
            step(&[("61", "1"), ("58", ".99"), ("66", "1.02"), ("59", "1"), ("60", ".97")]),
            step(&[("88", ".98"), ("95", ".97"), ("84", ".99"), ("90", "1"), ("86", ".95")]),
        ]
    }

    #[test]
    fn labels_of_melting_casting_and_rolling() {
        let labels = steel();
        let rounded = |value: Decimal| value.round_dp(4);

        let of = labels.each_ref().map(|label| rounded(label.kwh_per_unit));
        assert_eq!(of, [dec("400.9901"), dec("58.5859"), dec("84.8485")]);
        let sum = product_label(&labels.clone().map(|label| (label, Decimal::ONE)));
        assert_eq!(rounded(sum), dec("544.4244"));
    }

    #[test]
    fn what_is_above_the_label_is_waste() {
        let labels = steel();
        let actual: Decimal = labels.iter().map(|label| label.actual_kwh_per_unit).sum();
        let waste: Decimal = labels.iter().map(StepLabel::waste).sum();

        assert_eq!(actual.round_dp(4), dec("559.8537"));
        assert_eq!(waste.round_dp(2), dec("15.43"));
    }

    #[test]
    fn a_batch_with_a_finding_or_too_little_steady_time_does_not_count() {
        let mut batches = vec![
            Batch::valid(dec("1"), dec("1")),
            Batch::valid(dec("2"), dec("1")),
            Batch::valid(dec("5"), dec("1")),
        ];
        batches[0].without_findings = false;
        batches[1].steady_share = dec("0.8");

        let label = step_label(&batches, &LabelRule::default()).unwrap();

        assert_eq!((label.kwh_per_unit, label.batches), (dec("5"), 1));
        assert!(step_label(&batches[..2], &LabelRule::default()).is_none());
    }

    #[test]
    fn value_adding_and_not_value_adding_sum_to_the_meter() {
        let label = step(&[("400", "1"), ("420", "1")]);
        let split = energy_use(dec("910"), dec("830"), dec("2"), &label);

        assert_eq!(split.value_adding, dec("800"));
        assert_eq!(split.value_adding + split.not_value_adding, dec("910"));
    }

    #[test]
    fn noise_makes_the_least_of_many_look_good() {
        let label = step(&[("98", "1"), ("100", "1"), ("102", "1")]);

        assert!((label.variation - 0.02).abs() < 1e-12);
        assert!((label.bias() - 0.02 * (2.0 * 3f64.ln()).sqrt()).abs() < 1e-12);
    }
}
