//! Tiny problems for the tests of bounds: their optimum is found by looking at every plan.

use std::io::Read;

use super::{Bound, bound};
use crate::plan::column::Columns;
use crate::plan::exact::{self, Exact};
use crate::plan::instance::Instance;
use crate::plan::with_baseline;

#[derive(serde::Deserialize)]
struct Case {
    instance: Instance,
}

/// Gives `look` the columns of each problem that has a plan, the least value, and the bound of the linear
/// relaxation.
pub(super) fn each(mut look: impl FnMut(&Columns<'_>, f64, &Bound)) {
    let packed: &[u8] = include_bytes!("../../../tests/fixtures/planning/tiny.json.gz");
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text).unwrap();
    let all: Vec<Case> = serde_json::from_str(&text).unwrap();
    // Every third is enough: a step of an unoptimized program takes long.
    for case in all.iter().step_by(3) {
        let Some(instance) = with_baseline(&case.instance) else { continue };
        let figures = instance.baseline.as_ref().map(|b| (b.c0_kg, b.co0, b.d0)).unwrap();
        let Ok(columns) = Columns::compile(&instance, figures, true) else { continue };
        if let Exact::Optimal(_, value) = exact::solve(&columns, 3_000_000, &|| false) {
            look(&columns, value, &bound(&columns, 100, &|| 0.0));
        }
    }
}
