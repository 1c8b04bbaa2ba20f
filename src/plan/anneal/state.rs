//! A plan under change: loads, set-ups, requirements and sums. What a move costs depends on what it
//! touches, not on the size of the plan.

use rand::RngExt;
use rand_pcg::Pcg64Mcg;

use super::super::column::{Columns, SLACK};
use super::super::sourcing::{self, Bought};
use super::candidates::{Candidates, NO_SETUP};

/// Weight of a missed policy.
const POLICY: f64 = 10.0;

/// What is summed over the plan.
#[derive(Clone, Copy, Default)]
pub(super) struct Sums {
    /// Columns and set-ups.
    value: f64,
    carbon: f64,
    on_time: f64,
    run: f64,
    night: f64,
    /// Relative, summed over resources.
    overload: f64,
    bought: Bought,
    missed: f64,
}

impl Sums {
    /// F of the model.
    pub fn value(&self) -> f64 {
        self.value + self.bought.value
    }

    pub fn feasible(&self) -> bool {
        self.overload <= 1e-9 && self.missed <= 0.0
    }
}

pub(super) struct State<'a, 'b> {
    columns: &'a Columns<'b>,
    pub candidates: &'a Candidates,
    /// Orders that may move.
    own: &'a [u32],
    /// Candidate of each order.
    pub chosen: Vec<u32>,
    load: Vec<f64>,
    running: Vec<u32>,
    required: Vec<f64>,
    bought: Vec<Vec<f64>>,
    /// Orders on each resource.
    members: Vec<Vec<u32>>,
    pub sums: Sums,
    /// What more of a component costs, for choices among many columns.
    price: Vec<f64>,
    /// Value of each candidate with its components at these prices.
    priced: Vec<f64>,
    /// Candidate of each order with the least of these, that value, and the least of the others.
    least: Vec<(u32, f64, f64)>,
    /// Most that the set-ups of a candidate cost.
    saved_most: f64,
    overload_price: f64,
}

impl<'a, 'b> State<'a, 'b> {
    pub fn new(
        columns: &'a Columns<'b>,
        candidates: &'a Candidates,
        own: &'a [u32],
        chosen: Vec<u32>,
        overload_price: f64,
    ) -> Self {
        let orders = chosen.len();
        let mut state = Self {
            columns,
            candidates,
            own,
            chosen,
            load: vec![0.0; columns.capacity.len()],
            running: vec![0; columns.setup.len()],
            required: vec![0.0; columns.sources.len()],
            bought: columns.sources.iter().map(|sources| vec![0.0; sources.len()]).collect(),
            members: vec![Vec::new(); columns.capacity.len()],
            sums: Sums::default(),
            price: vec![0.0; columns.sources.len()],
            priced: vec![0.0; candidates.list.len()],
            least: vec![(0, 0.0, 0.0); orders],
            saved_most: candidates.setups_most(columns),
            overload_price,
        };
        for order in 0..candidates.orders() {
            for work in candidates.work(state.chosen[order as usize]) {
                state.members[work.resource as usize].push(order);
            }
        }
        state.refresh();
        state
    }

    /// An order that may move.
    pub fn pick(&self, random: &mut Pcg64Mcg) -> u32 {
        self.own[random.random_range(0..self.own.len())]
    }

    /// Computes every sum afresh: float sums drift over many moves.
    pub fn refresh(&mut self) {
        self.load.fill(0.0);
        self.running.fill(0);
        self.required.fill(0.0);
        self.sums = Sums::default();
        for order in 0..self.chosen.len() {
            self.place(self.chosen[order]);
        }
        let over = |(load, capacity): (&f64, &f64)| over(*load, *capacity);
        self.sums.overload = self.load.iter().zip(&self.columns.capacity).map(over).sum();
        self.buy();
        self.judge();
        for component in 0..self.price.len() {
            let step = (self.required[component] * 1e-4).max(1e-6);
            self.required[component] += step;
            let more = sourcing::buy(self.columns, &self.required, &mut self.bought);
            self.required[component] -= step;
            self.price[component] = (more.value - self.sums.bought.value) / step;
        }
        for (at, priced) in self.priced.iter_mut().enumerate() {
            let bom = self.candidates.bom(at as u32).iter();
            let components: f64 = bom.map(|(k, quantity)| quantity * self.price[*k as usize]).sum();
            *priced = self.candidates.list[at].value + components;
        }
        for order in 0..self.candidates.orders() {
            let mut least = (0, f64::INFINITY, f64::INFINITY);
            for at in self.candidates.of(order) {
                let value = self.priced[at as usize];
                if value < least.1 {
                    least = (at, value, least.1);
                } else {
                    least.2 = least.2.min(value);
                }
            }
            self.least[order as usize] = least;
        }
    }

    /// About what the value changes when an order goes from one candidate to another: exact but for
    /// the components, which are taken at the prices of the last refresh.
    pub fn change(&self, from: u32, to: u32) -> f64 {
        let candidates = self.candidates;
        let (left, joined) = (candidates.work(from), candidates.work(to));
        let mut change = self.priced[to as usize] - self.priced[from as usize];
        for work in left.iter().filter(|work| work.setup != NO_SETUP) {
            if self.running[work.setup as usize] == 1
                && !joined.iter().any(|other| other.setup == work.setup)
            {
                change -= self.columns.setup[work.setup as usize].value;
            }
        }
        for work in joined.iter().filter(|work| work.setup != NO_SETUP) {
            if self.running[work.setup as usize] == 0 {
                change += self.columns.setup[work.setup as usize].value;
            }
        }
        change
    }

    /// What [`State::change`] cannot be less than.
    pub fn change_least(&self, from: u32, to: u32) -> f64 {
        self.priced[to as usize] - self.priced[from as usize] - self.saved_most
    }

    /// What the components of a candidate cost at the prices of the last refresh.
    pub fn components(&self, candidate: u32) -> f64 {
        self.priced[candidate as usize] - self.candidates.list[candidate as usize].value
    }

    /// Least that a candidate of an order costs without its set-ups.
    pub fn least(&self, order: u32) -> f64 {
        self.least[order as usize].1
    }

    /// Least that the other candidates of an order cost without their set-ups.
    pub fn least_elsewhere(&self, order: u32) -> f64 {
        let (first, least, next) = self.least[order as usize];
        if first == self.chosen[order as usize] { next } else { least }
    }

    /// What the value changes at least when an order leaves its candidate for another one.
    pub fn leaving_least(&self, order: u32) -> f64 {
        let from = self.chosen[order as usize];
        let mut change = self.least_elsewhere(order) - self.priced[from as usize];
        for work in self.candidates.work(from).iter().filter(|work| work.setup != NO_SETUP) {
            if self.running[work.setup as usize] == 1 {
                change -= self.columns.setup[work.setup as usize].value;
            }
        }
        change
    }

    /// Minutes that a candidate of an order needs on a full resource beyond its capacity.
    pub fn lack(&self, from: u32, to: u32, resource: usize) -> f64 {
        let mut minutes = 0.0;
        for (candidate, sign) in [(from, -1.0), (to, 1.0)] {
            let work = self.candidates.work(candidate).iter();
            for work in work.filter(|work| work.resource as usize == resource) {
                minutes += sign * work.minutes;
                if sign > 0.0 && work.setup != NO_SETUP && self.closed(work.setup) {
                    minutes += self.columns.setup[work.setup as usize].minutes;
                }
            }
        }
        self.load[resource] + minutes - self.columns.capacity[resource] - SLACK
    }

    /// Minutes that a resource has more when an order leaves it, at most.
    pub fn freed(&self, order: u32, resource: usize) -> f64 {
        let mut work = self.candidates.work(self.chosen[order as usize]).iter();
        let Some(work) = work.find(|work| work.resource as usize == resource) else { return 0.0 };
        let last = work.setup != NO_SETUP && self.running[work.setup as usize] <= 2;
        let setup = if last { self.columns.setup[work.setup as usize].minutes } else { 0.0 };
        work.minutes + setup
    }

    /// Whether nobody has used a set-up so far.
    pub fn closed(&self, setup: u32) -> bool {
        self.running[setup as usize] == 0
    }

    /// A resource on which an order that leaves one candidate has no room for the other.
    pub fn full_for(&self, from: u32, to: u32) -> Option<usize> {
        let left = self.candidates.work(from);
        self.candidates.work(to).iter().find_map(|work| {
            let resource = work.resource as usize;
            let mut minutes = work.minutes;
            match left.iter().find(|other| other.resource == work.resource) {
                Some(other) => minutes -= other.minutes,
                None if work.setup != NO_SETUP && self.running[work.setup as usize] == 0 => {
                    minutes += self.columns.setup[work.setup as usize].minutes;
                }
                None => {}
            }
            let room = self.columns.capacity[resource] + SLACK;
            (self.load[resource] + minutes > room).then_some(resource)
        })
    }

    /// Whether [`State::change`] tells enough to drop a move: the plan keeps every rule, and no cap
    /// makes purchases depend on the rest of the plan.
    pub fn steady(&self) -> bool {
        self.columns.carbon_cap.is_none() && self.sums.feasible()
    }

    /// Lower is better; a missed policy and an overload cost more than a column can gain.
    pub fn energy(&self) -> f64 {
        self.sums.value() + self.overload_price * self.sums.overload + POLICY * self.sums.missed
    }

    fn load(&mut self, resource: usize, minutes: f64) {
        let capacity = self.columns.capacity[resource];
        let before = self.load[resource];
        let after = before + minutes;
        self.load[resource] = after;
        if before.max(after) > capacity {
            self.sums.overload += over(after, capacity) - over(before, capacity);
        }
    }

    /// Takes a candidate out of the sums.
    pub fn remove(&mut self, candidate: u32) {
        let candidates = self.candidates;
        let one = &candidates.list[candidate as usize];
        self.sums.value -= one.value;
        self.sums.carbon -= one.carbon;
        self.sums.on_time -= one.on_time;
        self.sums.run -= one.run;
        self.sums.night -= one.night;
        for work in candidates.work(candidate) {
            let mut minutes = work.minutes;
            if work.setup != NO_SETUP {
                let running = &mut self.running[work.setup as usize];
                *running -= 1;
                if *running == 0 {
                    let setup = self.columns.setup[work.setup as usize];
                    minutes += setup.minutes;
                    self.sums.value -= setup.value;
                    self.sums.carbon -= setup.carbon;
                }
            }
            self.load(work.resource as usize, -minutes);
        }
        for (component, quantity) in candidates.bom(candidate) {
            self.required[*component as usize] -= quantity;
        }
    }

    /// Puts a candidate into the sums.
    pub fn place(&mut self, candidate: u32) {
        let candidates = self.candidates;
        let one = &candidates.list[candidate as usize];
        self.sums.value += one.value;
        self.sums.carbon += one.carbon;
        self.sums.on_time += one.on_time;
        self.sums.run += one.run;
        self.sums.night += one.night;
        for work in candidates.work(candidate) {
            let mut minutes = work.minutes;
            if work.setup != NO_SETUP {
                let running = &mut self.running[work.setup as usize];
                *running += 1;
                if *running == 1 {
                    let setup = self.columns.setup[work.setup as usize];
                    minutes += setup.minutes;
                    self.sums.value += setup.value;
                    self.sums.carbon += setup.carbon;
                }
            }
            self.load(work.resource as usize, minutes);
        }
        for (component, quantity) in candidates.bom(candidate) {
            self.required[*component as usize] += quantity;
        }
    }

    /// A resource on which a candidate has no room with its set-up.
    pub fn full(&self, candidate: u32) -> Option<usize> {
        self.candidates.work(candidate).iter().map(|work| (work, work.resource as usize)).find_map(
            |(work, resource)| {
                let mut minutes = work.minutes;
                if work.setup != NO_SETUP && self.running[work.setup as usize] == 0 {
                    minutes += self.columns.setup[work.setup as usize].minutes;
                }
                let room = self.columns.capacity[resource] + SLACK;
                (self.load[resource] + minutes > room).then_some(resource)
            },
        )
    }

    /// The candidate of an order that fits and costs least with its set-ups and components, other
    /// than `but`.
    pub fn cheapest(&self, order: u32, but: u32) -> Option<u32> {
        self.cheapest_of(order, f64::INFINITY, &|candidate| candidate != but)
    }

    /// [`State::cheapest`] among some of the candidates, if it costs less than `limit`.
    pub fn cheapest_of(&self, order: u32, limit: f64, among: &dyn Fn(u32) -> bool) -> Option<u32> {
        let (mut least, mut best) = (limit, None);
        for candidate in self.candidates.of(order) {
            let mut value = self.priced[candidate as usize];
            if value >= least || !among(candidate) {
                continue;
            }
            for work in self.candidates.work(candidate) {
                if work.setup != NO_SETUP && self.running[work.setup as usize] == 0 {
                    value += self.columns.setup[work.setup as usize].value;
                }
            }
            if value < least && self.full(candidate).is_none() {
                (least, best) = (value, Some(candidate));
            }
        }
        best
    }

    /// Buys for the requirements as they are now.
    pub fn buy(&mut self) {
        self.sums.bought = sourcing::buy(self.columns, &self.required, &mut self.bought);
        if let Some(cap) = self.columns.carbon_cap
            && self.sums.carbon + self.sums.bought.carbon > cap
            && let Some((within, _)) =
                sourcing::buy_within(self.columns, &self.required, cap - self.sums.carbon)
        {
            self.sums.bought = within;
        }
    }

    /// Says how far the policies are missed.
    pub fn judge(&mut self) {
        let (columns, sums) = (self.columns, &mut self.sums);
        let share = if sums.run > 0.0 { sums.night / sums.run } else { 0.0 };
        let mut missed = (columns.night_min - share).max(share - columns.night_max);
        if missed < 1e-9 {
            missed = 0.0;
        }
        if let Some(cap) = columns.carbon_cap {
            let over = (sums.carbon + sums.bought.carbon) / cap - 1.0;
            missed += if over > 1e-9 { over } else { 0.0 };
        }
        if let Some(least) = columns.punctuality_min {
            let lack = least - sums.on_time;
            missed += if lack > 1e-12 { lack } else { 0.0 };
        }
        sums.missed = missed + sums.bought.violation;
    }

    /// Whether two candidates need the same components.
    pub fn same_bom(&self, one: u32, other: u32) -> bool {
        let (one, other) = (self.candidates.bom(one), self.candidates.bom(other));
        std::ptr::eq(one, other)
    }

    pub fn members(&self, resource: usize) -> &[u32] {
        &self.members[resource]
    }

    /// Makes it known that an order went from one candidate to another.
    pub fn moved(&mut self, order: u32, from: u32, to: u32) {
        self.chosen[order as usize] = to;
        for work in self.candidates.work(from) {
            let members = &mut self.members[work.resource as usize];
            if let Some(at) = members.iter().position(|known| *known == order) {
                members.swap_remove(at);
            }
        }
        for work in self.candidates.work(to) {
            self.members[work.resource as usize].push(order);
        }
    }
}

fn over(load: f64, capacity: f64) -> f64 {
    (load - capacity - SLACK).max(0.0) / capacity.max(1.0)
}
