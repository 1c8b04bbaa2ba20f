//! Climbs a concave function that is a sum of parts, each the least of linear functions that become
//! known one after the other: a proximal bundle with cuts for each part.

use std::cmp::Ordering;

/// Most cuts that are kept of a part.
const CUTS_MOST: usize = 40;
/// Most rounds of the quadratic program.
const ROUNDS: usize = 60;
/// Exchanges of shares in a part and round.
const PAIRS: usize = 3;
/// Share of the hoped rise from which steps get longer, and by how much they change.
const GOOD: f64 = 0.5;
const LONGER: f64 = 1.5;
const SHORTER: f64 = 0.7;

/// A linear function: its value is `height + slope * point`.
#[derive(Clone)]
pub(super) struct Cut {
    height: f64,
    /// Coordinates with their slopes, rising; most have none.
    slope: Vec<(u32, f64)>,
    /// Square of its length.
    square: f64,
    /// Columns that it stands for.
    pub columns: Vec<u32>,
    /// Share in the last step.
    pub share: f64,
    /// Steps since it had one.
    idle: u32,
}

impl Cut {
    /// A function of its entries of slope; those of one coordinate add up.
    pub fn new(height: f64, mut entries: Vec<(u32, f64)>, columns: Vec<u32>) -> Self {
        entries.sort_by_key(|(at, _)| *at);
        let mut slope: Vec<(u32, f64)> = Vec::with_capacity(entries.len());
        for (at, value) in entries {
            match slope.last_mut().filter(|(last, _)| *last == at) {
                Some((_, sum)) => *sum += value,
                None => slope.push((at, value)),
            }
        }
        let square = slope.iter().map(|(_, value)| value * value).sum();
        Self { height, slope, square, columns, share: 0.0, idle: 0 }
    }

    fn at(&self, point: &[f64]) -> f64 {
        self.height + self.slope.iter().map(|(at, s)| s * point[*at as usize]).sum::<f64>()
    }

    /// Square of the distance between two slopes.
    fn distance(&self, other: &Self) -> f64 {
        let (mut one, mut two) = (self.slope.iter().peekable(), other.slope.iter().peekable());
        let mut product = 0.0;
        while let (Some((a, x)), Some((b, y))) = (one.peek(), two.peek()) {
            match a.cmp(b) {
                Ordering::Less => drop(one.next()),
                Ordering::Greater => drop(two.next()),
                Ordering::Equal => {
                    product += x * y;
                    one.next();
                    two.next();
                }
            }
        }
        (self.square + other.square - 2.0 * product).max(0.0)
    }
}

/// Where the climb is. Points have the short form that a certificate holds.
pub(super) struct Bundle {
    /// The best point, and its value.
    pub center: Vec<f64>,
    pub value: f64,
    /// The linear part.
    slope: Vec<f64>,
    pub parts: Vec<Vec<Cut>>,
    /// Coordinates that may not be positive.
    signed: Vec<bool>,
    /// Length of a step.
    length: f64,
}

impl Bundle {
    /// Begins at `center`, of which nothing is known.
    pub fn new(
        center: Vec<f64>,
        slope: Vec<f64>,
        signed: Vec<bool>,
        parts: usize,
        length: f64,
    ) -> Self {
        Self {
            center,
            value: f64::NEG_INFINITY,
            slope,
            parts: (0..parts).map(|_| Vec::new()).collect(),
            signed,
            length,
        }
    }

    /// Where to look next, and the value that is expected there at most: the highest point of the known
    /// cuts less the squared distance from the best point. Solved by its dual, two shares at a time.
    pub fn next(&mut self) -> (Vec<f64>, f64) {
        if self.value == f64::NEG_INFINITY {
            return (self.center.clone(), f64::INFINITY);
        }
        let mut point = self.center.clone();
        let mut direction = self.slope.clone();
        for part in &mut self.parts {
            let sum: f64 = part.iter().map(|cut| cut.share).sum();
            match part.first_mut().filter(|_| sum < 0.5) {
                Some(first) => first.share = 1.0,
                None => part.iter_mut().for_each(|cut| cut.share /= sum),
            }
            for cut in part.iter().filter(|cut| cut.share > 0.0) {
                cut.slope.iter().for_each(|(at, s)| direction[*at as usize] += cut.share * s);
            }
        }
        for at in 0..point.len() {
            point[at] = self.stand(at, direction[at]);
        }
        let mut values = Vec::new();
        for _ in 0..ROUNDS {
            let mut most = 0.0f64;
            for part in 0..self.parts.len() {
                for _ in 0..PAIRS {
                    let cuts = &mut self.parts[part];
                    values.clear();
                    values.extend(cuts.iter().map(|cut| cut.at(&point)));
                    let (mut low, mut high) = (0, usize::MAX);
                    for (at, value) in values.iter().enumerate() {
                        if *value < values[low] {
                            low = at;
                        }
                        if cuts[at].share > 0.0 && (high == usize::MAX || *value > values[high]) {
                            high = at;
                        }
                    }
                    let lack = values[high] - values[low];
                    most = most.max(lack);
                    if lack < 1e-10 {
                        break;
                    }
                    let square = cuts[low].distance(&cuts[high]);
                    let moved = (lack / (self.length * square).max(1e-300)).min(cuts[high].share);
                    cuts[low].share += moved;
                    cuts[high].share -= moved;
                    let cuts = &self.parts[part];
                    for (cut, by) in [(&cuts[low], moved), (&cuts[high], -moved)] {
                        for (at, slope) in &cut.slope {
                            direction[*at as usize] += by * slope;
                        }
                    }
                    for (at, _) in cuts[low].slope.iter().chain(&cuts[high].slope) {
                        let at = *at as usize;
                        point[at] = self.stand(at, direction[at]);
                    }
                }
            }
            if most < 1e-9 {
                break;
            }
        }
        point.iter_mut().for_each(|at| *at = f64::from(*at as f32));
        let mut expected: f64 = self.slope.iter().zip(&point).map(|(s, p)| s * p).sum();
        for part in &self.parts {
            expected += part.iter().map(|cut| cut.at(&point)).fold(f64::INFINITY, f64::min);
        }
        (point, expected)
    }

    fn stand(&self, at: usize, direction: f64) -> f64 {
        let point = self.center[at] + self.length * direction;
        if self.signed[at] { point.min(0.0) } else { point }
    }

    /// A climb of the same function with fewer columns, of which less is known: cuts without them hold.
    pub fn with_fewer(&self, allowed: &[bool]) -> Self {
        let kept = |cut: &&Cut| {
            cut.share > 1e-9 && cut.columns.iter().all(|column| allowed[*column as usize])
        };
        let parts = self.parts.iter().map(|part| part.iter().filter(kept).cloned().collect());
        Self {
            center: self.center.clone(),
            value: f64::NEG_INFINITY,
            slope: self.slope.clone(),
            parts: parts.collect(),
            signed: self.signed.clone(),
            length: self.length,
        }
    }

    /// Learns what was seen at a point: its value and a cut for each part.
    pub fn learn(&mut self, point: Vec<f64>, value: f64, expected: f64, cuts: Vec<Cut>) {
        for (part, cut) in self.parts.iter_mut().zip(cuts) {
            for known in part.iter_mut() {
                known.idle = if known.share > 1e-9 { 0 } else { known.idle + 1 };
            }
            let same = |known: &Cut| {
                (known.height - cut.height).abs() < 1e-12
                    && known.slope.len() == cut.slope.len()
                    && (known.slope.iter().zip(&cut.slope))
                        .all(|((a, x), (b, y))| a == b && (x - y).abs() < 1e-12)
            };
            if !part.iter().any(same) {
                if part.len() >= CUTS_MOST {
                    let oldest = (0..part.len()).max_by_key(|at| part[*at].idle);
                    if let Some(oldest) = oldest.filter(|at| part[*at].share <= 1e-9) {
                        part.swap_remove(oldest);
                    }
                }
                part.push(cut);
            }
        }
        let hoped = expected - self.value;
        if self.value == f64::NEG_INFINITY {
            (self.center, self.value) = (point, value);
        } else if value > self.value {
            if value - self.value > GOOD * hoped {
                self.length *= LONGER;
            }
            (self.center, self.value) = (point, value);
        } else if self.value - value > hoped {
            self.length *= SHORTER;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sum of `least(x, 2 - x)` and `least(3 y, 1 - x)`, less `y`, with `y` not positive: the top is
    /// at `x = 1`, `y = 0`.
    #[test]
    fn the_top_of_a_sum_of_least_functions_is_found() {
        let cut =
            |height: f64, [x, y]: [f64; 2]| Cut::new(height, vec![(0, x), (1, y)], Vec::new());
        let least = |one: Cut, other: Cut, point: &[f64]| {
            if one.at(point) < other.at(point) { one } else { other }
        };
        let begin = vec![-3.0, -2.0];
        let mut bundle = Bundle::new(begin, vec![0.0, -1.0], vec![false, true], 2, 0.1);
        for _ in 0..60 {
            let (point, expected) = bundle.next();
            let cuts = vec![
                least(cut(0.0, [1.0, 0.0]), cut(2.0, [-1.0, 0.0]), &point),
                least(cut(0.0, [0.0, 3.0]), cut(1.0, [-1.0, 0.0]), &point),
            ];
            let value = cuts.iter().map(|cut| cut.at(&point)).sum::<f64>() - point[1];
            bundle.learn(point, value, expected, cuts);
        }
        assert!((bundle.value - 1.0).abs() < 1e-6, "{}", bundle.value);
        assert!((bundle.center[0] - 1.0).abs() < 1e-3, "{:?}", bundle.center);
        assert!(bundle.center[1].abs() < 1e-3, "{:?}", bundle.center);
        let (_, expected) = bundle.next();
        assert!(expected >= bundle.value - 1e-9, "what is hoped for is no less than what is known");
    }
}
