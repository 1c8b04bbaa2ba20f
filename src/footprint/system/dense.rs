//! Small dense systems: LU decomposition with partial pivoting.

/// A pivot below this, relative to the largest entry of its column, says that the system has none.
const PIVOT_MIN: f64 = 1e-13;

/// A square matrix as L and U in one place, with the order of its rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Lu {
    size: usize,
    factors: Vec<f64>,
    rows: Vec<usize>,
}

impl Lu {
    /// Decomposes `matrix`, `size` rows one after the other; `None` if it is singular.
    ///
    /// # Source
    ///
    /// Golub and Van Loan, Matrix Computations (4th ed.), algorithm 3.4.1.
    pub(super) fn of(mut matrix: Vec<f64>, size: usize) -> Option<Self> {
        let scale = matrix.iter().fold(1.0f64, |largest, value| largest.max(value.abs()));
        let mut rows: Vec<usize> = (0..size).collect();
        for column in 0..size {
            let best = (column..size)
                .max_by(|&a, &b| {
                    let of = |row: usize| matrix[row * size + column].abs();
                    of(a).total_cmp(&of(b))
                })
                .expect("at least one row is left");
            if matrix[best * size + column].abs().is_nan()
                || matrix[best * size + column].abs() <= PIVOT_MIN * scale
            {
                return None;
            }
            if best != column {
                rows.swap(best, column);
                for at in 0..size {
                    matrix.swap(best * size + at, column * size + at);
                }
            }
            let (upper, lower) = matrix.split_at_mut((column + 1) * size);
            let pivot_row = &upper[column * size..];
            for row in lower.chunks_exact_mut(size) {
                let factor = row[column] / pivot_row[column];
                row[column] = factor;
                if factor != 0.0 {
                    for at in column + 1..size {
                        row[at] -= factor * pivot_row[at];
                    }
                }
            }
        }
        Some(Self { size, factors: matrix, rows })
    }

    /// Bytes that it holds beside itself.
    pub(super) fn bytes(&self) -> usize {
        self.factors.capacity() * size_of::<f64>() + self.rows.capacity() * size_of::<usize>()
    }

    /// Solves for `K` right-hand sides that stand row by row.
    pub(super) fn solve<const K: usize>(&self, right: &[[f64; K]]) -> Vec<[f64; K]> {
        let mut found: Vec<[f64; K]> = self.rows.iter().map(|&row| right[row]).collect();
        for row in 0..self.size {
            let factors = &self.factors[row * self.size..][..row];
            let (known, rest) = found.split_at_mut(row);
            subtract(&mut rest[0], factors, known);
        }
        for row in (0..self.size).rev() {
            let factors = &self.factors[row * self.size..][row..self.size];
            let (before, known) = found.split_at_mut(row + 1);
            let value = &mut before[row];
            subtract(value, &factors[1..], known);
            *value = value.map(|value| value / factors[0]);
        }
        found
    }
}

/// Takes what is known away, `factors` times.
fn subtract<const K: usize>(value: &mut [f64; K], factors: &[f64], known: &[[f64; K]]) {
    for (factor, known) in factors.iter().zip(known) {
        for column in 0..K {
            value[column] -= factor * known[column];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_exchanged_where_the_first_pivot_is_zero() {
        let lu = Lu::of(vec![0.0, 2.0, 4.0, 1.0], 2).unwrap();

        assert_eq!(lu.solve(&[[6.0], [7.0]]), [[1.0], [3.0]]);
    }

    #[test]
    fn a_matrix_without_inverse_is_refused() {
        assert!(Lu::of(vec![1.0, 2.0, 2.0, 4.0], 2).is_none());
        assert!(Lu::of(vec![f64::NAN; 4], 2).is_none());
    }
}
