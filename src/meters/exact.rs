//! From the solver's floats to decimals whose levels sum exactly. The one place of conversion: each
//! value is off by at most a millionth of the unit for each child of its parent.

use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

use super::tree::Checked;
use crate::quantity::largest_remainder;

/// Millionths of the unit.
const SCALE: u32 = 6;

/// Decimals of `value` in which the children of every node, what feeds in subtracted, sum to it.
pub(super) fn sums(tree: &Checked, value: &[f64]) -> Vec<Decimal> {
    let millionths = |amount: f64| {
        let scaled = Decimal::from_f64(amount * 1e6).unwrap_or_default().round();
        scaled.to_i64().unwrap_or(0)
    };
    let mut whole = vec![0_i64; value.len()];
    whole[0] = millionths(value[0]);
    for at in 0..value.len() {
        if tree.children[at].is_empty() {
            continue;
        }
        let mut target = whole[at];
        let mut users = Vec::new();
        for child in tree.children[at].iter().copied() {
            if tree.sign[child] < 0.0 {
                whole[child] = millionths(value[child]);
                target += whole[child];
            } else {
                users.push(child);
            }
        }
        let weights: Vec<Decimal> = users
            .iter()
            .map(|child| Decimal::from_f64(value[*child].max(0.0)).unwrap_or_default())
            .collect();
        if let Some(shares) = largest_remainder(target, &weights) {
            for (child, share) in users.into_iter().zip(shares) {
                whole[child] = share;
            }
        }
    }
    whole.into_iter().map(|count| Decimal::new(count, SCALE).normalize()).collect()
}
