//! A selection of one column per order, with its sums: loads, set-ups, requirements. Moves change the
//! sums by what they touch, whatever the size of the plan.

use super::column::{Columns, SLACK};
use super::sourcing;

/// The sums of a selection.
#[derive(Clone)]
pub(super) struct Selection<'a, 'b> {
    pub columns: &'a Columns<'b>,
    pub chosen: Vec<usize>,
    load: Vec<f64>,
    running: Vec<u32>,
    pub required: Vec<f64>,
    bought: Vec<Vec<f64>>,
    /// Value of columns and set-ups, purchases not included.
    value: f64,
    carbon: f64,
    punctuality: f64,
    run: f64,
    night: f64,
    /// Relative overload, summed over resources.
    overload: f64,
}

/// What a selection is worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Worth {
    /// F of the model: lower is better, and FV = alpha + beta - F.
    pub value: f64,
    /// Overload of capacities, relative.
    pub overload: f64,
    /// How far the other policies are missed, relative.
    pub policy: f64,
    pub punctuality: f64,
}

impl Worth {
    pub fn feasible(&self) -> bool {
        self.overload <= 1e-9 && self.policy <= 0.0
    }
}

/// What is summed over columns and set-ups, purchases not included.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    pub value: f64,
    pub carbon: f64,
    pub punctuality: f64,
    pub run: f64,
    pub night: f64,
}

impl Totals {
    /// What it is worth with the best purchases for `required`, which fill `bought`.
    pub fn worth(
        &self,
        columns: &Columns<'_>,
        required: &[f64],
        overload: f64,
        bought: &mut [Vec<f64>],
    ) -> Worth {
        let mut bought = sourcing::buy(columns, required, bought);
        let share = if self.run > 0.0 { self.night / self.run } else { 0.0 };
        let mut missed = (columns.night_min - share).max(share - columns.night_max).max(0.0);
        if missed < 1e-9 || self.run <= 0.0 {
            missed = 0.0;
        }
        if let Some(cap) = columns.carbon_cap
            && self.carbon + bought.carbon > cap
        {
            if let Some((within, _)) = sourcing::buy_within(columns, required, cap - self.carbon) {
                bought = within;
            }
            let over = (self.carbon + bought.carbon) / cap - 1.0;
            missed += if over > 1e-9 { over } else { 0.0 };
        }
        if let Some(least) = columns.punctuality_min {
            let lack = least - self.punctuality;
            missed += if lack > 1e-12 { lack } else { 0.0 };
        }
        Worth {
            value: self.value + bought.value,
            overload: overload.max(0.0),
            policy: missed + bought.violation,
            punctuality: self.punctuality,
        }
    }
}

impl<'a, 'b> Selection<'a, 'b> {
    pub fn empty(columns: &'a Columns<'b>) -> Self {
        Self {
            columns,
            chosen: vec![usize::MAX; columns.orders()],
            load: vec![0.0; columns.capacity.len()],
            running: vec![0; columns.setup.len()],
            required: vec![0.0; columns.sources.len()],
            bought: columns.sources.iter().map(|sources| vec![0.0; sources.len()]).collect(),
            value: 0.0,
            carbon: 0.0,
            punctuality: 0.0,
            run: 0.0,
            night: 0.0,
            overload: 0.0,
        }
    }

    pub fn of(columns: &'a Columns<'b>, chosen: &[usize]) -> Self {
        let mut selection = Self::empty(columns);
        selection.set(chosen);
        selection
    }

    /// Takes another selection, computing every sum afresh: float sums drift over many moves.
    pub fn set(&mut self, chosen: &[usize]) {
        self.load.fill(0.0);
        self.running.fill(0);
        self.required.fill(0.0);
        (self.value, self.carbon, self.punctuality) = (0.0, 0.0, 0.0);
        (self.run, self.night, self.overload) = (0.0, 0.0, 0.0);
        self.chosen.clear();
        self.chosen.extend_from_slice(chosen);
        for column in chosen {
            self.add(*column);
        }
    }

    fn change_load(&mut self, resource: usize, minutes: f64) {
        let capacity = self.columns.capacity[resource];
        let scale = capacity.max(1.0);
        let over = |load: f64| (load - capacity - SLACK).max(0.0) / scale;
        self.overload -= over(self.load[resource]);
        self.load[resource] += minutes;
        self.overload += over(self.load[resource]);
    }

    /// Whether some column of the selection uses a set-up.
    pub fn is_set_up(&self, setup: usize) -> bool {
        self.running[setup] > 0
    }

    fn add(&mut self, column: usize) {
        let columns = self.columns;
        self.value += columns.value[column];
        self.carbon += columns.carbon[column];
        self.punctuality += columns.on_time[column];
        self.run += columns.run[column];
        self.night += columns.night[column];
        for (resource, minutes) in columns.minutes.of(column) {
            self.change_load(resource, minutes);
        }
        for (at, _) in columns.setups.of(column) {
            self.running[at] += 1;
            if self.running[at] == 1 {
                let setup = columns.setup[at];
                self.change_load(setup.resource, setup.minutes);
                self.value += setup.value;
                self.carbon += setup.carbon;
            }
        }
        for (component, quantity) in columns.bom.of(column) {
            self.required[component] += quantity;
        }
    }

    fn remove(&mut self, column: usize) {
        let columns = self.columns;
        self.value -= columns.value[column];
        self.carbon -= columns.carbon[column];
        self.punctuality -= columns.on_time[column];
        self.run -= columns.run[column];
        self.night -= columns.night[column];
        for (resource, minutes) in columns.minutes.of(column) {
            self.change_load(resource, -minutes);
        }
        for (at, _) in columns.setups.of(column) {
            self.running[at] -= 1;
            if self.running[at] == 0 {
                let setup = columns.setup[at];
                self.change_load(setup.resource, -setup.minutes);
                self.value -= setup.value;
                self.carbon -= setup.carbon;
            }
        }
        for (component, quantity) in columns.bom.of(column) {
            self.required[component] -= quantity;
        }
    }

    /// Gives an order another column.
    pub fn replace(&mut self, order: usize, column: usize) {
        let old = std::mem::replace(&mut self.chosen[order], column);
        if old != usize::MAX {
            self.remove(old);
        }
        self.add(column);
    }

    /// Whether a resource is loaded beyond its capacity.
    pub fn is_over(&self, resource: usize) -> bool {
        self.load[resource] > self.columns.capacity[resource] + SLACK
    }

    /// Relative overload that a column would bring on top, set-ups included.
    pub fn overload_with(&self, column: usize) -> f64 {
        let columns = self.columns;
        let mut over = 0.0;
        for (resource, minutes) in columns.minutes.of(column) {
            let setups = columns.setups.of(column).map(|(at, _)| at);
            let extra: f64 = setups
                .filter(|at| self.running[*at] == 0 && columns.setup[*at].resource == resource)
                .map(|at| columns.setup[at].minutes)
                .sum();
            let capacity = columns.capacity[resource];
            over += (self.load[resource] + minutes + extra - capacity - 1e-9).max(0.0)
                / capacity.max(1.0);
        }
        over
    }

    /// Value of a column with the set-ups that it would start and its components at best value.
    pub fn marginal(&self, column: usize) -> f64 {
        let columns = self.columns;
        let setups = columns.setups.of(column).filter(|(at, _)| self.running[*at] == 0);
        let setups: f64 = setups.map(|(at, _)| columns.setup[at].value).sum();
        let components: f64 =
            columns.bom.of(column).map(|(k, q)| q * columns.sources[k][0].value).sum();
        columns.value[column] + setups + components
    }

    /// What it is worth with the best purchases.
    pub fn worth(&mut self) -> Worth {
        let totals = Totals {
            value: self.value,
            carbon: self.carbon,
            punctuality: self.punctuality,
            run: self.run,
            night: self.night,
        };
        totals.worth(self.columns, &self.required, self.overload, &mut self.bought)
    }

    /// The purchases that go with it.
    pub fn purchases(&mut self) -> Vec<Vec<f64>> {
        let bought = sourcing::buy(self.columns, &self.required, &mut self.bought);
        if let Some(cap) = self.columns.carbon_cap
            && self.carbon + bought.carbon > cap
            && let Some((_, within)) =
                sourcing::buy_within(self.columns, &self.required, cap - self.carbon)
        {
            return within;
        }
        self.bought.clone()
    }
}
