//! The strongest bound, where columns keep to blocks of resources, as when each order is made within
//! one bucket: each block is packed with whole orders and set-ups, all its resources at once. What has
//! a price is that each order is made once, and the rows that hold for the whole plan.

mod block;

mod bundle;

mod dive;

mod home;

mod promise;

pub(in crate::plan) mod tree;

use rayon::prelude::*;

use self::block::{Asked, Block, Guide, Scratch};
use self::bundle::{Bundle, Cut};
use self::home::Parts;
use super::{Bound, Relaxation, spread};
use crate::plan::column::Columns;

/// First step length, in median spreads of an order's columns.
const LENGTH: f64 = 0.02;
/// Looks between two searches for prices within the blocks.
const REPRICE: usize = 12;
/// A hope of less than this is no reason to go on.
const HOPE_LEAST: f64 = 3e-7;

/// Where the prices are, and what they leave to the blocks.
struct Model<'a, 'b> {
    columns: &'a Columns<'b>,
    blocks: Vec<Block>,
    /// Block of each column.
    block_of: Vec<usize>,
    /// The rows that have a price: those that hold for the whole plan, and of some resources.
    rows: Relaxation,
    /// Those resources.
    priced: Vec<bool>,
    /// Variables that are in no block: sources, and set-ups of resources where no column is at home.
    others: Vec<usize>,
}

/// What is packed at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::plan) enum Kind {
    /// All resources that columns join.
    Blocks,
    /// Each resource on which columns have their home; what they use of others has a price.
    Homes,
}

/// What is said where no bound by blocks can be.
const ONE_BLOCK: &str = "the resources hang together in one block";

/// A bound, what proves it, and a plan that it names.
pub(in crate::plan) struct Strengthened {
    /// No plan has a higher FV.
    pub upper_bound: f64,
    /// What each order pays, then the multiplier of each row that has a price.
    pub prices: Vec<f32>,
    /// A column of each order that the prices name.
    pub plan: Option<Vec<Option<usize>>>,
}

/// What one look at the prices tells.
struct Look {
    dual: f64,
    reduced: Vec<f64>,
    /// Packed columns of each block.
    packed: Vec<Vec<u32>>,
}

impl<'a, 'b> Model<'a, 'b> {
    /// `None` where the problem has no such parts.
    fn new(columns: &'a Columns<'b>, kind: Kind) -> Option<Self> {
        let Parts { of_resource, of_column, priced, count } = match kind {
            Kind::Blocks => blocks_of(columns)?,
            Kind::Homes => home::homes(columns)?,
        };
        let used = Relaxation::used_setups(columns);
        let variable = |at: usize| columns.len() + used.binary_search(&at).expect("it is used");
        let mut blocks: Vec<Block> = (0..count).map(|_| Block::default()).collect();
        let mut own = vec![None; of_resource.len()];
        for (resource, block) in of_resource.iter().enumerate() {
            if let Some(block) = *block {
                own[resource] =
                    Some((block, blocks[block].add_resource(columns.capacity[resource])));
            }
        }
        for order in 0..columns.orders() {
            let range = columns.start[order]..columns.start[order + 1];
            for (column, &block) in range.clone().zip(&of_column[range]) {
                let own = |at: usize| own[at].filter(|(of, _)| *of == block).map(|(_, at)| at);
                blocks[block].add_column(columns, (order, column), &own, &variable);
            }
        }
        blocks.iter_mut().for_each(Block::finish);
        let rows = Relaxation::with_rows(columns, &|resource| priced[resource]);
        let mut others = vec![true; rows.cost.len()];
        others[..columns.len()].fill(false);
        let packed = blocks.iter().flat_map(Block::setup_variables);
        packed.for_each(|variable| others[variable] = false);
        let others = (0..others.len()).filter(|variable| others[*variable]).collect();
        Some(Self { columns, blocks, block_of: of_column, rows, priced, others })
    }

    /// Number of prices: one of each order, one of each row of the whole plan.
    fn count(&self) -> usize {
        self.columns.orders() + self.rows.limit.len()
    }

    /// Prices that may not be positive.
    fn signed(&self) -> Vec<bool> {
        let rows = self.rows.equality.iter().map(|equality| !equality);
        std::iter::repeat_n(false, self.columns.orders()).chain(rows).collect()
    }

    /// What orders cost at the multipliers of the linear relaxation, and those of the whole plan's rows.
    fn prices_of(&self, from: &Bound) -> Vec<f64> {
        let least = |order: usize| {
            let own = self.columns.start[order]..self.columns.start[order + 1];
            from.reduced_cost[own].iter().copied().fold(f64::INFINITY, f64::min)
        };
        let mut prices: Vec<f64> = (0..self.columns.orders()).map(least).collect();
        let all = Relaxation::build(self.columns);
        let priced = |row: &usize| all.resource.get(*row).is_none_or(|at| self.priced[*at]);
        let rows = (0..all.limit.len()).filter(priced);
        prices.extend(rows.map(|row| f64::from(from.multipliers[row])));
        prices
    }

    /// What the blocks are asked at `prices`, given the costs of the variables: the rest of the bound,
    /// and costs with the rows' prices.
    fn ask(&self, prices: &[f64]) -> (f64, Vec<f64>) {
        let (pay, whole) = prices.split_at(self.columns.orders());
        let mut reduced = vec![0.0; self.rows.cost.len()];
        self.rows.reduce(whole, &mut reduced);
        let mut rest: f64 = whole.iter().zip(&self.rows.limit).map(|(m, limit)| m * limit).sum();
        rest += pay.iter().sum::<f64>();
        let others = self.others.iter();
        rest += others.map(|at| (reduced[*at] * self.rows.upper[*at]).min(0.0)).sum::<f64>();
        (rest, reduced)
    }

    /// Guides for packings at prices near to these.
    fn guides(&self, prices: &[f64], allowed: &[bool]) -> Vec<Guide> {
        let (_, cost) = self.ask(prices);
        let asked = Asked { pay: &prices[..self.columns.orders()], cost: &cost, allowed };
        let guide = |scratch: &mut Scratch, block: &Block| block.guide(&asked, scratch);
        self.blocks.par_iter().map_init(Scratch::default, guide).collect()
    }

    /// The bound that prices give, as a value of F, summed in one order on any number of threads.
    fn look(&self, prices: &[f64], allowed: &[bool], guides: &[Guide]) -> Look {
        let (rest, reduced) = self.ask(prices);
        let asked = Asked { pay: &prices[..self.columns.orders()], cost: &reduced, allowed };
        let pack = |scratch: &mut Scratch, (block, guide): (&Block, &Guide)| {
            let most = block.pack(&asked, guide, scratch);
            (most, scratch.packed.clone())
        };
        let blocks = self.blocks.par_iter().zip(guides);
        let packed: Vec<_> = blocks.map_init(Scratch::default, pack).collect();
        let dual = rest - packed.iter().map(|(most, _)| most).sum::<f64>();
        Look { dual, reduced, packed: packed.into_iter().map(|(_, packed)| packed).collect() }
    }

    /// Adds the slope of a variable in use, and says what it costs.
    fn use_variable(&self, variable: usize, share: f64, slope: &mut Vec<(u32, f64)>) -> f64 {
        let range = self.rows.variable_start[variable]..self.rows.variable_start[variable + 1];
        for (row, value) in &self.rows.of_variable[range] {
            slope.push((self.columns.orders() as u32 + row, -value * share));
        }
        self.rows.cost[variable] * share
    }

    /// A climb that begins at these prices.
    fn begin(&self, prices: Vec<f64>) -> Bundle {
        let mut slope = vec![1.0; self.columns.orders()];
        slope.extend_from_slice(&self.rows.limit);
        let center = prices.iter().map(|price| f64::from(*price as f32)).collect();
        let length = LENGTH * spread(self.columns);
        Bundle::new(center, slope, self.signed(), self.blocks.len() + 1, length)
    }

    /// Climbs with so many looks while `goes_on` says so, and says whether more is to be gained.
    fn climb(
        &self,
        bundle: &mut Bundle,
        allowed: &[bool],
        guides: &[Guide],
        looks: usize,
        goes_on: &dyn Fn(&Look) -> bool,
    ) -> bool {
        for _ in 0..looks {
            let (point, expected) = bundle.next();
            if expected - bundle.value < HOPE_LEAST {
                return false;
            }
            let look = self.look(&point, allowed, guides);
            let cuts = self.cuts(&look);
            bundle.learn(point, look.dual, expected, cuts);
            if !goes_on(&look) {
                return false;
            }
        }
        true
    }

    /// Share of each column in what the cuts hold for best.
    fn shares(&self, bundle: &mut Bundle) -> Vec<f64> {
        bundle.next();
        let mut shares = vec![0.0; self.columns.len()];
        for cut in bundle.parts.iter().flatten() {
            cut.columns.iter().for_each(|column| shares[*column as usize] += cut.share);
        }
        shares
    }

    /// Prices from outside.
    fn checked(&self, prices: &[f32]) -> Result<Vec<f64>, String> {
        if prices.len() != self.count() {
            return Err(format!("there are {} for {} orders and rows", prices.len(), self.count()));
        }
        for (at, (price, signed)) in prices.iter().zip(self.signed()).enumerate() {
            if !price.is_finite() || (signed && *price > 0.0) {
                return Err(format!("the one at {at} is {price}, which bounds nothing"));
            }
        }
        Ok(prices.iter().copied().map(f64::from).collect())
    }

    /// What a look teaches of each block and, last, of the other variables: linear functions of the prices that
    /// are nowhere below.
    fn cuts(&self, look: &Look) -> Vec<Cut> {
        let mut cuts = Vec::with_capacity(self.blocks.len() + 1);
        for (block, packed) in self.blocks.iter().zip(&look.packed) {
            let (mut slope, mut cost) = (Vec::new(), 0.0);
            for column in packed.iter().map(|column| *column as usize) {
                let order = self.columns.start.partition_point(|start| *start <= column) - 1;
                slope.push((order as u32, -1.0));
                cost += self.use_variable(column, 1.0, &mut slope);
            }
            block.setups_of(packed, &mut |variable| {
                cost += self.use_variable(variable, 1.0, &mut slope);
            });
            cuts.push(Cut::new(cost, slope, packed.clone()));
        }
        let (mut slope, mut cost) = (Vec::new(), 0.0);
        for variable in self.others.iter().copied().filter(|at| look.reduced[*at] < 0.0) {
            cost += self.use_variable(variable, self.rows.upper[variable], &mut slope);
        }
        cuts.push(Cut::new(cost, slope, Vec::new()));
        cuts
    }
}

/// The block of each resource that a column uses; `None` if there is only one or a column uses none.
fn blocks_of(columns: &Columns<'_>) -> Option<Parts> {
    fn root(joined: &mut [usize], mut of: usize) -> usize {
        while joined[of] != of {
            joined[of] = joined[joined[of]];
            of = joined[of];
        }
        of
    }
    let mut joined: Vec<usize> = (0..columns.capacity.len()).collect();
    let mut is_used = vec![false; joined.len()];
    for column in 0..columns.len() {
        let mut own = columns.minutes.of(column).map(|(resource, _)| resource);
        let first = own.next()?;
        is_used[first] = true;
        for other in own {
            is_used[other] = true;
            let (one, other) = (root(&mut joined, first), root(&mut joined, other));
            joined[one.max(other)] = one.min(other);
        }
    }
    let (mut block_of, mut count) = (vec![None; joined.len()], 0);
    for resource in (0..joined.len()).filter(|resource| is_used[*resource]) {
        // Roots come before what hangs on them.
        let root = root(&mut joined, resource);
        if root == resource {
            block_of[resource] = Some(count);
            count += 1;
        } else {
            block_of[resource] = block_of[root];
        }
    }
    let first = |column: usize| columns.minutes.of(column).next();
    let of_column = (0..columns.len()).filter_map(|column| block_of[first(column)?.0]).collect();
    let priced = vec![false; columns.capacity.len()];
    (count > 1).then_some(Parts { of_resource: block_of, of_column, priced, count })
}

/// The bound that prices give, whoever found them.
///
/// # Errors
///
/// Prices that are not of this problem: one without blocks, another number of them, no number, a wrong
/// sign.
pub(in crate::plan) fn bound_of(
    columns: &Columns<'_>,
    kind: Kind,
    prices: &[f32],
) -> Result<f64, String> {
    let model = Model::new(columns, kind).ok_or(ONE_BLOCK)?;
    let prices = model.checked(prices)?;
    let allowed = vec![true; columns.len()];
    let guides = model.guides(&prices, &allowed);
    Ok(columns.alpha + columns.beta - model.look(&prices, &allowed, &guides).dual)
}

/// Climbs from the multipliers of the linear relaxation with at most `looks` looks, or until `gone`
/// reaches one or nothing is to be gained, and keeps the best bound. `None` where there are no blocks.
///
/// # Source
///
/// Lagrangian relaxation of what joins the blocks (Dantzig and Wolfe, 1960, in its dual form), climbed by
/// a proximal bundle with cuts for each block (Lemaréchal, 1975; Kiwiel, 1990).
pub(in crate::plan) fn strengthen(
    columns: &Columns<'_>,
    kind: Kind,
    from: &Bound,
    looks: usize,
    gone: &dyn Fn() -> f64,
    gone_with_plan: &dyn Fn() -> f64,
) -> Option<Strengthened> {
    let model = Model::new(columns, kind)?;
    let allowed = vec![true; columns.len()];
    let mut bundle = model.begin(model.prices_of(from));
    let mut left = looks;
    while left > 0 {
        let guides = model.guides(&bundle.center, &allowed);
        let looks = left.min(REPRICE);
        left -= looks;
        let goes_on = |_: &Look| gone() < 1.0;
        if !model.climb(&mut bundle, &allowed, &guides, looks, &goes_on) {
            break;
        }
    }
    // The bound is what whoever has the prices computes.
    let prices: Vec<f32> = bundle.center.iter().map(|price| *price as f32).collect();
    let upper_bound = bound_of(columns, kind, &prices).ok()?;
    let guides = model.guides(&bundle.center, &allowed);
    let goes_on = |_: &Look| gone_with_plan() < 1.0;
    let plan = model.dive((&bundle, &allowed), &guides, f64::INFINITY, &goes_on);
    Some(Strengthened { upper_bound, prices, plan })
}

#[cfg(test)]
mod tests {
    use super::super::tiny;
    use super::*;
    use crate::plan::selection::Selection;

    /// No optimum that was found by looking at every plan lies above the bound, which takes away most of
    /// what the bound of the linear relaxation lies above it.
    #[test]
    fn a_bound_by_blocks_is_nearly_the_optimum_of_tiny_problems() {
        let (mut linear, mut by_blocks, mut count) = (0.0, 0.0, 0);
        tiny::each(|columns, value, from| {
            let optimum = columns.alpha + columns.beta - value;
            let Some(found) = strengthen(columns, Kind::Blocks, from, 40, &|| 0.0, &|| 0.0) else {
                return;
            };
            assert!(found.upper_bound >= optimum - 1e-9, "{}", columns.instance.id);
            assert_eq!(bound_of(columns, Kind::Blocks, &found.prices), Ok(found.upper_bound));
            linear += from.upper_bound - optimum;
            by_blocks += found.upper_bound - optimum;
            count += 1;
        });
        assert!(count > 10, "{count}");
        assert!(by_blocks < 0.5 * linear, "{by_blocks} of {linear}");
    }

    /// Nor does one lie above the bound by homes, which holds where buckets hang together, too; what its
    /// prices name fits together.
    #[test]
    fn a_bound_by_homes_is_below_no_optimum_and_names_columns_that_fit() {
        let (mut linear, mut by_homes, mut named, mut count) = (0.0, 0.0, 0, 0);
        tiny::each(|columns, value, from| {
            let optimum = columns.alpha + columns.beta - value;
            let Some(found) = strengthen(columns, Kind::Homes, from, 40, &|| 0.0, &|| 0.0) else {
                return;
            };
            assert!(found.upper_bound >= optimum - 1e-9, "{}", columns.instance.id);
            assert_eq!(bound_of(columns, Kind::Homes, &found.prices), Ok(found.upper_bound));
            linear += from.upper_bound - optimum;
            by_homes += found.upper_bound - optimum;
            let plan = found.plan.unwrap();
            let mut selection = Selection::empty(columns);
            for (order, column) in plan.iter().enumerate() {
                if let Some(column) = column {
                    assert!((columns.start[order]..columns.start[order + 1]).contains(column));
                    selection.replace(order, *column);
                    named += 1;
                }
            }
            assert!(selection.worth().overload <= 1e-9, "{}", columns.instance.id);
            count += plan.len();
        });
        assert!(count > 50, "{count}");
        assert!(named as f64 > 0.8 * count as f64, "{named} of {count}");
        assert!(by_homes < 0.8 * linear, "{by_homes} of {linear}");
    }
}
