//! Where columns run through several resources: each has its home on one of them, which is packed, and
//! pays a price on the others.

use crate::plan::column::Columns;

/// The parts that are packed, and what joins them.
pub(super) struct Parts {
    /// Part of each resource that is packed.
    pub of_resource: Vec<Option<usize>>,
    /// Part of each column.
    pub of_column: Vec<usize>,
    /// Resources whose rows have a price, since not all of their columns are at home there.
    pub priced: Vec<bool>,
    pub count: usize,
}

/// Each resource on which some column has its home is a part of its own. Home is where a column needs
/// a set-up, and of several resources the one with most minutes for its capacity. `None` if a column
/// uses no resource or all are at home on one.
pub(super) fn homes(columns: &Columns<'_>) -> Option<Parts> {
    let mut load = vec![0.0; columns.capacity.len()];
    for column in 0..columns.len() {
        for (resource, minutes) in columns.minutes.of(column) {
            load[resource] += minutes / columns.capacity[resource].max(1e-9);
        }
    }
    let home = |column: usize| {
        let sets_up = |resource: usize| {
            columns.setups.of(column).any(|(at, _)| columns.setup[at].resource == resource)
        };
        let own = columns.minutes.of(column).map(|(resource, _)| resource);
        own.max_by(|a, b| {
            sets_up(*a).cmp(&sets_up(*b)).then(load[*a].total_cmp(&load[*b])).then(b.cmp(a))
        })
    };
    let home: Vec<usize> = (0..columns.len()).map(home).collect::<Option<_>>()?;
    let mut of_resource = vec![None; load.len()];
    home.iter().for_each(|resource| of_resource[*resource] = Some(0));
    let mut count = 0;
    for part in of_resource.iter_mut().flatten() {
        *part = count;
        count += 1;
    }
    let mut priced = vec![false; load.len()];
    for (column, home) in home.iter().enumerate() {
        let others = columns.minutes.of(column).filter(|(resource, _)| resource != home);
        others.for_each(|(resource, _)| priced[resource] = true);
    }
    let of_column = home.iter().filter_map(|resource| of_resource[*resource]).collect();
    (count > 1).then_some(Parts { of_resource, of_column, priced, count })
}
