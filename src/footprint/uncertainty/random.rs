//! Random numbers that are a function of their place, so that any thread can draw any of them.

/// Philox 4x32-10: four words from a counter and a key.
///
/// # Source
///
/// Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3 (SC 2011).
fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
    const STEPS: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
    let split = |product: u64| {
        #[allow(clippy::cast_possible_truncation)] // The low half is wanted.
        let low = product as u32;
        ((product >> 32) as u32, low)
    };
    for round in 0..10 {
        if round > 0 {
            key = [key[0].wrapping_add(STEPS[0]), key[1].wrapping_add(STEPS[1])];
        }
        let (high0, low0) = split(u64::from(MULTIPLIERS[0]) * u64::from(counter[0]));
        let (high1, low1) = split(u64::from(MULTIPLIERS[1]) * u64::from(counter[2]));
        counter = [high1 ^ counter[1] ^ key[0], low1, high0 ^ counter[3] ^ key[1], low0];
    }
    counter
}

/// A standard normal number for a run, a variable and a draw.
///
/// # Source
///
/// Box and Muller, A note on the generation of random normal deviates (1958).
pub(super) fn standard_normal(run: u32, variable: u32, draw: u32) -> f64 {
    let [a, b, c, d] = philox([draw, variable, 0, 0], [run, 0]);
    // 53 bits each; the first never zero, so that its logarithm exists.
    let unit = |high: u32, low: u32| {
        let bits = (u64::from(high) << 21) | (u64::from(low) >> 11);
        #[allow(clippy::cast_precision_loss)] // 53 bits fit.
        let whole = bits as f64;
        (whole + 0.5) / 9_007_199_254_740_992.0
    };
    let (first, second) = (unit(a, b), unit(c, d));
    (-2.0 * first.ln()).sqrt() * (std::f64::consts::TAU * second).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn philox_gives_the_words_of_its_authors() {
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(
            philox([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
    }

    #[test]
    fn normal_numbers_have_mean_zero_and_variance_one() {
        let draws: Vec<f64> = (0..100_000).map(|draw| standard_normal(1, 2, draw)).collect();
        let mean = draws.iter().sum::<f64>() / 1e5;
        let variance = draws.iter().map(|draw| draw * draw).sum::<f64>() / 1e5;

        assert!(mean.abs() < 0.016 && (variance - 1.0).abs() < 0.023, "{mean} {variance}");
    }
}
