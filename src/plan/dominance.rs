//! Which points no other point is better than, and few of them that lie evenly.

/// Positions of the points that no other dominates, rising. Every objective is better when lower; a
/// point dominates another if it is nowhere higher and somewhere lower, so equal points all stay.
///
/// # Source
///
/// H. T. Kung, F. Luccio, F. P. Preparata, "On finding the maxima of a set of vectors", J. ACM 22
/// (1975): sort by the first objective, sweep a staircase of the other two. O(n log n) comparisons.
pub fn non_dominated(points: &[[f64; 3]]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    let by_all = |a: &[f64; 3], b: &[f64; 3]| {
        (a[0].total_cmp(&b[0])).then(a[1].total_cmp(&b[1])).then(a[2].total_cmp(&b[2]))
    };
    order.sort_by(|a, b| by_all(&points[*a], &points[*b]));
    // Steps of (second, least third so far): the second rises, the third falls.
    let mut stairs: Vec<(f64, f64)> = Vec::new();
    let mut kept = Vec::new();
    let mut last: Option<([f64; 3], bool)> = None;
    for at in order {
        let point = points[at];
        if let Some((earlier, stays)) = last
            && earlier == point
        {
            if stays {
                kept.push(at);
            }
            continue;
        }
        // What came earlier is nowhere higher in the first objective, and it is another point.
        let below = stairs.partition_point(|(second, _)| *second <= point[1]);
        let stays = below == 0 || stairs[below - 1].1 > point[2];
        if stays {
            kept.push(at);
            let end =
                below + stairs[below..].iter().take_while(|(_, third)| *third >= point[2]).count();
            let start =
                if below > 0 && stairs[below - 1].0 == point[1] { below - 1 } else { below };
            stairs.splice(start..end, [(point[1], point[2])]);
        }
        last = Some((point, stays));
    }
    kept.sort_unstable();
    kept
}

/// At most `most` of the points that lie as far from each other as they can, `first` among them, then
/// the best of each objective: each next point is the one whose nearest neighbour is farthest, with
/// every objective scaled to its range.
///
/// # Source
///
/// T. F. Gonzalez, "Clustering to minimize the maximum intercluster distance", Theoretical Computer
/// Science 38 (1985): farthest-first traversal.
pub fn evenly_spread(points: &[[f64; 3]], first: usize, most: usize) -> Vec<usize> {
    if points.is_empty() || most == 0 {
        return Vec::new();
    }
    let range = |axis: usize| {
        let values = points.iter().map(|point| point[axis]);
        let (low, high) = values
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        (high - low).max(1e-12)
    };
    let scale = [range(0), range(1), range(2)];
    let distance = |a: usize, b: usize| {
        let axis = |axis: usize| ((points[a][axis] - points[b][axis]) / scale[axis]).powi(2);
        axis(0) + axis(1) + axis(2)
    };
    let mut chosen = vec![first];
    for axis in 0..3 {
        let best = (0..points.len()).min_by(|a, b| points[*a][axis].total_cmp(&points[*b][axis]));
        if let Some(best) = best.filter(|best| !chosen.contains(best))
            && chosen.len() < most
        {
            chosen.push(best);
        }
    }
    while chosen.len() < most.min(points.len()) {
        let nearest = |at: usize| {
            chosen.iter().map(|known| distance(at, *known)).fold(f64::INFINITY, f64::min)
        };
        let rest = (0..points.len()).filter(|at| !chosen.contains(at));
        match rest.map(|at| (nearest(at), at)).max_by(|a, b| a.0.total_cmp(&b.0)) {
            // Points that are equal add nothing.
            Some((far, at)) if far > 0.0 => chosen.push(at),
            _ => break,
        }
    }
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition, pair by pair.
    fn by_definition(points: &[[f64; 3]]) -> Vec<usize> {
        let dominates = |a: &[f64; 3], b: &[f64; 3]| {
            (0..3).all(|axis| a[axis] <= b[axis]) && (0..3).any(|axis| a[axis] < b[axis])
        };
        let stays = |at: &usize| !points.iter().any(|other| dominates(other, &points[*at]));
        (0..points.len()).filter(stays).collect()
    }

    fn point() -> impl Strategy<Value = [f64; 3]> {
        // Few values, so that ties and equal points are common.
        [0..6i32, 0..6i32, 0..6i32].prop_map(|point| point.map(f64::from))
    }

    proptest! {
        #[test]
        fn the_sweep_keeps_what_the_definition_keeps(points in prop::collection::vec(point(), 0..60)) {
            prop_assert_eq!(non_dominated(&points), by_definition(&points));
        }

        #[test]
        fn wide_values_too(points in prop::collection::vec([-1e9..1e9f64, -1.0..1.0f64, 0.0..1e3f64], 0..80)) {
            prop_assert_eq!(non_dominated(&points), by_definition(&points));
        }

        #[test]
        fn the_spread_has_the_first_and_no_point_twice(
            points in prop::collection::vec(point(), 1..40), most in 1usize..12,
        ) {
            let chosen = evenly_spread(&points, 0, most);
            prop_assert!(chosen.contains(&0) && chosen.len() <= most);
            prop_assert!(chosen.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }

    #[test]
    fn a_row_of_points_is_thinned_evenly() {
        let points: Vec<[f64; 3]> =
            (0..=8).map(|i| [f64::from(i), f64::from(8 - i), 0.0]).collect();
        assert_eq!(evenly_spread(&points, 0, 5), [0, 2, 4, 6, 8]);
    }
}
