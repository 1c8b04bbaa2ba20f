//! Least squares whose coefficients are not negative.

/// `x >= 0` that minimizes `|A x - b|`. `gram` is AᵀA (row-major, n × n), `right` is Aᵀb.
///
/// Columns that carry nothing stay at zero.
///
/// # Source
///
/// Lawson and Hanson, Solving Least Squares Problems (1974), algorithm NNLS, on normal equations:
/// systems here have a few dozen columns at most.
pub fn non_negative_least_squares(gram: &[f64], right: &[f64]) -> Vec<f64> {
    let n = right.len();
    let mut x = vec![0.0; n];
    let mut free = vec![false; n];
    let most = right.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    for _ in 0..3 * n + 3 {
        let slope = |at: usize| right[at] - (0..n).map(|k| gram[at * n + k] * x[k]).sum::<f64>();
        let Some(enter) = (0..n)
            .filter(|at| !free[*at] && gram[at * n + at] > 0.0 && slope(*at) > 1e-10 * most)
            .max_by(|a, b| slope(*a).total_cmp(&slope(*b)))
        else {
            break;
        };
        free[enter] = true;
        loop {
            let columns: Vec<usize> = (0..n).filter(|at| free[*at]).collect();
            let Some(solution) = solve(gram, right, n, &columns) else {
                free[enter] = false;
                break;
            };
            if solution.iter().all(|value| *value > 0.0) {
                x.fill(0.0);
                for (at, value) in columns.iter().zip(&solution) {
                    x[*at] = *value;
                }
                break;
            }
            // As far towards the solution as nothing becomes negative.
            let step = columns
                .iter()
                .zip(&solution)
                .filter(|(_, value)| **value <= 0.0)
                .map(|(at, value)| x[*at] / (x[*at] - value))
                .fold(1.0, f64::min);
            for (at, value) in columns.iter().zip(&solution) {
                x[*at] += step * (value - x[*at]);
                if x[*at] <= 1e-12 {
                    x[*at] = 0.0;
                    free[*at] = false;
                }
            }
        }
    }
    x
}

/// The symmetric system of `columns` by Cholesky; `None` if it has no unique solution.
fn solve(gram: &[f64], right: &[f64], n: usize, columns: &[usize]) -> Option<Vec<f64>> {
    let m = columns.len();
    let factor = cholesky(gram, n, columns)?;
    let mut y: Vec<f64> = columns.iter().map(|at| right[*at]).collect();
    for i in 0..m {
        let done: f64 = (0..i).map(|k| factor[i * m + k] * y[k]).sum();
        y[i] = (y[i] - done) / factor[i * m + i];
    }
    for i in (0..m).rev() {
        let done: f64 = (i + 1..m).map(|k| factor[k * m + i] * y[k]).sum();
        y[i] = (y[i] - done) / factor[i * m + i];
    }
    Some(y)
}

/// The lower factor of the columns' part of `gram`.
fn cholesky(gram: &[f64], n: usize, columns: &[usize]) -> Option<Vec<f64>> {
    let m = columns.len();
    let mut factor = vec![0.0; m * m];
    for i in 0..m {
        for j in 0..=i {
            let done: f64 = (0..j).map(|k| factor[i * m + k] * factor[j * m + k]).sum();
            let rest = gram[columns[i] * n + columns[j]] - done;
            if i == j {
                if rest <= 1e-12 * gram[columns[i] * n + columns[i]] {
                    return None;
                }
                factor[i * m + i] = rest.sqrt();
            } else {
                factor[i * m + j] = rest / factor[j * m + j];
            }
        }
    }
    Some(factor)
}

/// Diagonal of the inverse of the columns' part of `gram`; `None` if it has none.
pub(super) fn inverse_diagonal(gram: &[f64], n: usize, columns: &[usize]) -> Option<Vec<f64>> {
    let mut unit = vec![0.0; n];
    columns
        .iter()
        .enumerate()
        .map(|(position, at)| {
            unit.fill(0.0);
            unit[*at] = 1.0;
            Some(solve(gram, &unit, n, columns)?[position])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coefficient_that_would_be_negative_is_zero() {
        // A = [[1, 0], [0, 1]], b = [2, -3].
        assert_eq!(non_negative_least_squares(&[1.0, 0.0, 0.0, 1.0], &[2.0, -3.0]), [2.0, 0.0]);
    }

    #[test]
    fn an_interior_solution_is_the_ordinary_one() {
        // A = [[1, 1], [1, 2], [1, 3]], b = [3, 5, 7]: 1 + 2 t.
        let x = non_negative_least_squares(&[3.0, 6.0, 6.0, 14.0], &[15.0, 34.0]);
        assert!((x[0] - 1.0).abs() < 1e-9 && (x[1] - 2.0).abs() < 1e-9, "{x:?}");
    }
}
