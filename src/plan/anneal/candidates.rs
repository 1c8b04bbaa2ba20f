//! The columns that a search looks at, packed so that a move reads a few cache lines.

use super::super::column::Columns;

/// Stands for no set-up.
pub(in crate::plan) const NO_SETUP: u32 = u32::MAX;

/// Minutes of a column on one resource, with the set-up that they need there.
#[derive(Clone, Copy)]
pub(in crate::plan) struct Work {
    pub resource: u32,
    pub setup: u32,
    pub minutes: f64,
}

/// A column without its lists.
#[derive(Clone, Copy)]
pub(in crate::plan) struct Candidate {
    pub value: f64,
    pub run: f64,
    pub night: f64,
    pub carbon: f64,
    pub on_time: f64,
    /// Position in the problem's columns.
    pub column: u32,
    work: (u32, u32),
    bom: (u32, u32),
}

/// The candidates of every order.
pub(in crate::plan) struct Candidates {
    /// Candidates of order `j` are `start[j]..start[j + 1]`.
    pub start: Vec<u32>,
    pub list: Vec<Candidate>,
    work: Vec<Work>,
    bom: Vec<(u32, f64)>,
    /// Order and candidate by set-up: those of set-up `s` are `setup_start[s]..setup_start[s + 1]`.
    setup_start: Vec<u32>,
    of_setup: Vec<(u32, u32)>,
}

fn small(value: usize) -> u32 {
    u32::try_from(value).expect("fewer than 2^32")
}

/// Leaves the `most` columns of least cost, by that.
fn least(own: &mut Vec<usize>, cost: &[f64], most: usize) {
    let by_cost = |a: &usize, b: &usize| cost[*a].total_cmp(&cost[*b]).then(a.cmp(b));
    if own.len() > most {
        own.select_nth_unstable_by(most - 1, by_cost);
        own.truncate(most);
    }
    own.sort_unstable_by(by_cost);
}

impl Candidates {
    /// The `most` columns of each order with the least reduced cost, and the one it starts from.
    pub fn new(columns: &Columns<'_>, reduced_cost: &[f64], from: &[usize], most: usize) -> Self {
        let mut candidates = Self {
            start: vec![0],
            list: Vec::new(),
            work: Vec::new(),
            bom: Vec::new(),
            setup_start: Vec::new(),
            of_setup: Vec::new(),
        };
        for (order, from) in from.iter().enumerate() {
            let mut own: Vec<usize> = (columns.start[order]..columns.start[order + 1]).collect();
            least(&mut own, reduced_cost, most);
            if !own.contains(from) {
                own.push(*from);
            }
            for column in own {
                candidates.push(columns, column);
            }
            candidates.start.push(small(candidates.list.len()));
        }
        candidates.index_setups(columns.setup.len());
        candidates
    }

    /// The `most` columns of each order with the least `value`, by that. Set-ups do not know who uses them.
    pub fn of_value(columns: &Columns<'_>, value: &[f64], most: usize) -> Self {
        let mut candidates = Self {
            start: vec![0],
            list: Vec::new(),
            work: Vec::new(),
            bom: Vec::new(),
            setup_start: Vec::new(),
            of_setup: Vec::new(),
        };
        let mut own: Vec<usize> = Vec::new();
        for order in 0..columns.orders() {
            own.clear();
            own.extend(columns.start[order]..columns.start[order + 1]);
            least(&mut own, value, most);
            own.iter().for_each(|column| candidates.push(columns, *column));
            candidates.start.push(small(candidates.list.len()));
        }
        candidates
    }

    fn index_setups(&mut self, setups: usize) {
        let mut own: Vec<(u32, u32, u32)> = Vec::with_capacity(self.work.len());
        for order in 0..self.orders() {
            for candidate in self.of(order) {
                let work = self.work(candidate).iter().filter(|work| work.setup != NO_SETUP);
                own.extend(work.map(|work| (work.setup, order, candidate)));
            }
        }
        own.sort_unstable();
        own.dedup();
        self.setup_start = vec![0; setups + 1];
        own.iter().for_each(|(setup, ..)| self.setup_start[*setup as usize + 1] += 1);
        for at in 0..setups {
            self.setup_start[at + 1] += self.setup_start[at];
        }
        self.of_setup = own.into_iter().map(|(_, order, candidate)| (order, candidate)).collect();
    }

    /// Most that the set-ups of one candidate cost.
    pub fn setups_most(&self, columns: &Columns<'_>) -> f64 {
        let cost = |candidate: &Candidate| {
            let work = &self.work[candidate.work.0 as usize..candidate.work.1 as usize];
            let setups = work.iter().filter(|work| work.setup != NO_SETUP);
            setups.map(|work| columns.setup[work.setup as usize].value.max(0.0)).sum::<f64>()
        };
        self.list.iter().map(cost).fold(0.0, f64::max)
    }

    /// Orders with their candidates that use a set-up.
    pub fn using(&self, setup: u32) -> &[(u32, u32)] {
        let at = setup as usize;
        &self.of_setup[self.setup_start[at] as usize..self.setup_start[at + 1] as usize]
    }

    fn push(&mut self, columns: &Columns<'_>, column: usize) {
        let (work_from, bom_from) = (self.work.len(), self.bom.len());
        for (resource, minutes) in columns.minutes.of(column) {
            let mut setups = columns.setups.of(column);
            let setup = setups.find(|(at, _)| columns.setup[*at].resource == resource);
            self.work.push(Work {
                resource: small(resource),
                setup: setup.map_or(NO_SETUP, |(at, _)| small(at)),
                minutes,
            });
        }
        self.bom.extend(
            columns.bom.of(column).map(|(component, quantity)| (small(component), quantity)),
        );
        // Versions often share a bill of material: one copy is enough, and says that it is the same.
        let mut bom = (small(bom_from), small(self.bom.len()));
        if let Some(last) = self.list.last()
            && self.bom[last.bom.0 as usize..last.bom.1 as usize] == self.bom[bom_from..]
        {
            self.bom.truncate(bom_from);
            bom = last.bom;
        }
        self.list.push(Candidate {
            value: columns.value[column],
            run: columns.run[column],
            night: columns.night[column],
            carbon: columns.carbon[column],
            on_time: columns.on_time[column],
            column: small(column),
            work: (small(work_from), small(self.work.len())),
            bom,
        });
    }

    pub fn of(&self, order: u32) -> std::ops::Range<u32> {
        self.start[order as usize]..self.start[order as usize + 1]
    }

    /// A candidate of an order for a uniform `share` of one; those of small reduced cost come up more
    /// often.
    pub fn toward_the_best(&self, order: u32, share: f64) -> u32 {
        let own = self.of(order);
        let place = (share * share * f64::from(own.end - own.start)) as u32;
        (own.start + place).min(own.end - 1)
    }

    pub fn orders(&self) -> u32 {
        small(self.start.len() - 1)
    }

    pub fn work(&self, candidate: u32) -> &[Work] {
        let (from, to) = self.list[candidate as usize].work;
        &self.work[from as usize..to as usize]
    }

    /// The resource where a candidate needs a set-up, else the first that it uses.
    pub fn home(&self, candidate: u32) -> Option<u32> {
        let work = self.work(candidate);
        let home = work.iter().find(|work| work.setup != NO_SETUP).or(work.first())?;
        Some(home.resource)
    }

    pub fn bom(&self, candidate: u32) -> &[(u32, f64)] {
        let (from, to) = self.list[candidate as usize].bom;
        &self.bom[from as usize..to as usize]
    }

    /// The candidates that are these columns, one of each order.
    pub fn all(&self, columns: &[usize]) -> Vec<u32> {
        let find = |(order, column): (usize, &usize)| {
            let is_it = |at: &u32| self.list[*at as usize].column as usize == *column;
            self.of(small(order)).find(is_it).expect("the start is a candidate")
        };
        columns.iter().enumerate().map(find).collect()
    }
}
