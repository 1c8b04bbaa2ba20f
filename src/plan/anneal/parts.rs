//! Which orders can be planned apart from each other.

use super::candidates::Candidates;

/// Two parts of the orders that have no resource in common, as equal as can be had; `None` where the
/// smaller one would be hardly worth it.
pub(super) fn parts(candidates: &Candidates) -> Option<[Vec<u32>; 2]> {
    let orders = candidates.orders() as usize;
    let mut joined = Joined((0..orders).collect());
    let mut user: Vec<Option<usize>> = Vec::new();
    for order in 0..candidates.orders() {
        for candidate in candidates.of(order) {
            for work in candidates.work(candidate) {
                let resource = work.resource as usize;
                if user.len() <= resource {
                    user.resize(resource + 1, None);
                }
                let other = *user[resource].get_or_insert(order as usize);
                joined.join(order as usize, other);
            }
        }
    }
    let mut clusters: Vec<Vec<u32>> = vec![Vec::new(); orders];
    for order in 0..candidates.orders() {
        clusters[joined.root(order as usize)].push(order);
    }
    // The largest first, each to the part that is smaller so far.
    clusters.sort_by_key(|cluster| std::cmp::Reverse(cluster.len()));
    let mut parts = [Vec::new(), Vec::new()];
    for cluster in clusters {
        let smaller = usize::from(parts[1].len() < parts[0].len());
        parts[smaller].extend(cluster);
    }
    let least = parts.iter().map(Vec::len).min().unwrap_or(0);
    (4 * least >= orders).then_some(parts)
}

/// Sets that grow together, each known by one of its members.
struct Joined(Vec<usize>);

impl Joined {
    fn root(&mut self, mut of: usize) -> usize {
        while self.0[of] != of {
            self.0[of] = self.0[self.0[of]];
            of = self.0[of];
        }
        of
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.0[one.max(other)] = one.min(other);
    }
}
