//! From the form to a product system: every name looked up, every number checked.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::form::{Activity, CoProduct, Direct, Factor, Form, Input, Node};
use super::{CaseError, CaseProblem};
use crate::factor::gas::{GwpSet, GwpTable};
use crate::footprint::coproduct::{self, AllocationError};
use crate::footprint::system::{Columns, Condensation, Link, ProductSystem, SystemError};
use crate::unit::Uom;
use rust_decimal::prelude::ToPrimitive;

/// Categories of the form. The column after the last holds the part from primary data.
const KNOWN_CATEGORIES: &[&str] = &[
    "s1", "s2", "s3_1", "s3_2", "s3_3", "s3_4", "s3_5", "s3_6", "s3_7", "s3_8", "s3_9", "s3_10",
    "s3_11", "s3_12", "s3_13", "s3_14", "s3_15",
];

/// A checked case.
pub(super) struct Build<'a> {
    /// Names of the products, nodes first, further co-products after.
    pub names: Vec<&'a str>,
    /// Categories in use, in the order of the GHG Protocol.
    pub categories: Vec<&'a str>,
    /// Until they are taken.
    own: Columns,
    links: Vec<Link>,
    /// Products with a credit of their own.
    credits: Vec<bool>,
}

/// Products by their name.
type Positions<'a> = HashMap<&'a str, u32>;

/// What one run of a node's process uses and emits.
struct Process {
    inputs: Vec<(u32, f64)>,
    own: Vec<f64>,
    credit: bool,
}

impl<'a> Build<'a> {
    pub(super) fn of(form: &'a Form) -> Result<Self, CaseError> {
        let gwp = gwp_set(form.gwp.as_deref().unwrap_or("AR6"), "the case")?;
        let factors = factors(form, gwp)?;
        let categories = categories(form)?;
        let positions = positions(form)?;
        let mut names = vec![""; positions.len()];
        for (name, at) in &positions {
            names[*at as usize] = name;
        }
        let mut build = Self {
            own: Columns::zero(names.len(), categories.len() + 1),
            credits: vec![false; names.len()],
            names,
            categories: categories.clone(),
            links: Vec::new(),
        };
        let categories = &categories;
        let reader = Reader { factors: &factors, gwp, positions: &positions, categories };
        for node in &form.nodes {
            let process = reader.process(node)?;
            build.allocate(node, process, &positions)?;
        }
        Ok(build)
    }

    /// The system of the case.
    pub(super) fn system(&self) -> Result<ProductSystem, CaseError> {
        ProductSystem::new(self.names.len(), &self.links).map_err(|error| self.of_system(&error))
    }

    /// Own emissions of each product by category, then from primary data: given away once.
    pub(super) fn take_own(&mut self) -> Columns {
        std::mem::replace(&mut self.own, Columns::zero(0, 1))
    }

    /// A solver's error with the names of the products.
    pub(super) fn of_system(&self, error: &SystemError) -> CaseError {
        let materials: Vec<String> = error
            .products()
            .iter()
            .map(|&product| self.names[product as usize].to_owned())
            .collect();
        let problem = match error {
            SystemError::Singular { .. } => CaseProblem::SingularSystem,
            SystemError::NonProductive { .. } => CaseProblem::NonProductiveLoop,
            SystemError::NotSolved { .. } => CaseProblem::NotSolved,
            SystemError::OutOfRange { .. } => CaseProblem::UnknownNode,
            SystemError::NotFinite { .. } => CaseProblem::NotFinite,
        };
        let mut way = materials.join(" > ");
        if materials.len() > 1 {
            way = format!("{way} > {}", materials[0]);
        }
        let message = format!("{error}: {way}. Correct the quantities of one of them.");
        CaseError { problem, object: format!("node {}", materials[0]), message, materials }
    }

    /// Which products carry a credit from anywhere below: a share of their total means nothing.
    pub(super) fn credited(&self, system: &ProductSystem, order: &Condensation) -> Vec<bool> {
        let mut credited = self.credits.clone();
        let mut mark = |members: &[u32]| {
            let any = members.iter().any(|&product| {
                credited[product as usize]
                    || system.links(product as usize).any(|(input, _)| credited[input])
            });
            for &product in members {
                credited[product as usize] = any;
            }
        };
        let (products, mut next) = (order.order(), 0);
        for range in order.loops() {
            products[next..range.start].chunks(1).for_each(&mut mark);
            mark(&products[range.clone()]);
            next = range.end;
        }
        products[next..].chunks(1).for_each(&mut mark);
        credited
    }

    /// Gives what a process uses and emits to what it makes.
    fn allocate(
        &mut self,
        node: &'a Node,
        process: Process,
        positions: &Positions<'_>,
    ) -> Result<(), CaseError> {
        let object = format!("node {}", node.id);
        let main = positions[node.id.as_str()];
        if node.coproducts.is_empty() {
            if let Some(allocation) = &node.allocation {
                let text = format!("allocation {allocation} without co-products");
                return Err(CaseError::new(CaseProblem::AllocationShares, object, text));
            }
            self.give(main, &process, 1.0);
            return Ok(());
        }
        let allocation = node.allocation.as_deref().unwrap_or_default();
        if allocation == "substitution" {
            return self.substitute(node, &process, positions, &object);
        }
        let shares = shares(node, allocation).map_err(|error| {
            CaseError::new(CaseProblem::AllocationShares, object, error.to_string())
        })?;
        for (made, share) in node.coproducts.iter().zip(shares) {
            self.give(positions[made.product.as_str()], &process, share / made.qty);
        }
        Ok(())
    }

    /// The node carries everything, less what the co-products make unnecessary.
    fn substitute(
        &mut self,
        node: &Node,
        process: &Process,
        positions: &Positions<'_>,
        object: &str,
    ) -> Result<(), CaseError> {
        let main = positions[node.id.as_str()];
        let own = node.coproducts.iter().find(|made| made.product == node.id);
        let per_unit = own.map_or(1.0, |made| 1.0 / made.qty);
        self.give(main, process, per_unit);
        for made in node.coproducts.iter().filter(|made| made.product != node.id) {
            let avoided = made.avoids.as_deref().ok_or_else(|| {
                let text = format!("co-product {} names nothing that it avoids", made.product);
                CaseError::new(CaseProblem::AllocationShares, object, text)
            })?;
            let avoided = *positions.get(avoided).ok_or_else(|| {
                CaseError::new(
                    CaseProblem::UnknownNode,
                    object,
                    format!("there is no node {avoided}"),
                )
            })?;
            self.links.push(Link { product: main, input: avoided, quantity: -made.qty * per_unit });
            self.credits[main as usize] = true;
            // Who uses the co-product uses what it stands for.
            if let Some(&made) = positions.get(made.product.as_str()) {
                self.links.push(Link { product: made, input: avoided, quantity: 1.0 });
            }
        }
        Ok(())
    }

    fn give(&mut self, product: u32, process: &Process, share: f64) {
        for (own, amount) in self.own.row_mut(product as usize).iter_mut().zip(&process.own) {
            *own += amount * share;
        }
        self.credits[product as usize] |= process.credit;
        for &(input, quantity) in &process.inputs {
            self.links.push(Link { product, input, quantity: quantity * share });
        }
    }
}

/// The shares of a process's co-products.
fn shares(node: &Node, allocation: &str) -> Result<Vec<f64>, AllocationError> {
    let all =
        |of: fn(&CoProduct) -> Option<f64>, what: &str| -> Result<Vec<f64>, AllocationError> {
            let of_one = |made: &CoProduct| {
                of(made).ok_or_else(|| AllocationError::Missing {
                    product: made.product.clone(),
                    what: what.to_owned(),
                })
            };
            node.coproducts.iter().map(of_one).collect()
        };
    let quantities: Vec<f64> = node.coproducts.iter().map(|made| made.qty).collect();
    match allocation {
        "mass" => coproduct::shares(&quantities, &all(|made| made.mass_per_unit, "mass_per_unit")?),
        "energy" => {
            coproduct::shares(&quantities, &all(|made| made.energy_per_unit, "energy_per_unit")?)
        }
        "economic" => coproduct::shares(&quantities, &all(|made| made.price, "price")?),
        "shares" => coproduct::given_shares(&all(|made| made.share, "share")?),
        other => Err(AllocationError::Unknown { allocation: other.to_owned() }),
    }
}

/// Reads the lines of a node.
struct Reader<'a> {
    factors: &'a BTreeMap<&'a str, KnownFactor<'a>>,
    gwp: GwpSet,
    positions: &'a Positions<'a>,
    categories: &'a [&'a str],
}

struct KnownFactor<'a> {
    kg_co2e: f64,
    category: &'a str,
    primary: bool,
}

impl Reader<'_> {
    fn process(&self, node: &Node) -> Result<Process, CaseError> {
        let object = format!("node {}", node.id);
        if let Some(unit) = &node.unit {
            known_unit(unit, &object)?;
        }
        let lot = positive(node.lot.unwrap_or(1.0), "lot", &object)?;
        let width = self.categories.len() + 1;
        let mut process = Process { inputs: Vec::new(), own: vec![0.0; width], credit: false };
        let per_unit = 1.0 / lot;
        self.lines(&mut process, &node.inputs, &node.activity, &node.direct, per_unit, &object)?;
        let mut entering = 1.0;
        for operation in node.ops.iter().rev() {
            let object = format!("{object}, operation {}", operation.op);
            let yielded = operation.yielded;
            if !(yielded > 0.0 && yielded <= 1.0) {
                let text =
                    format!("its yield is {yielded}; it has to be above zero and at most one");
                return Err(CaseError::new(CaseProblem::YieldOutOfRange, object, text));
            }
            entering /= yielded;
            let (inputs, activity) = (&operation.inputs, &operation.activity);
            self.lines(&mut process, inputs, activity, &operation.direct, entering, &object)?;
        }
        Ok(process)
    }

    fn lines(
        &self,
        process: &mut Process,
        inputs: &[Input],
        activities: &[Activity],
        direct: &[Direct],
        times: f64,
        object: &str,
    ) -> Result<(), CaseError> {
        for input in inputs {
            let object = format!("{object}, input {}", input.node);
            let position = *self.positions.get(input.node.as_str()).ok_or_else(|| {
                let text = format!("there is no node {}", input.node);
                CaseError::new(CaseProblem::UnknownNode, object.as_str(), text)
            })?;
            let (quantity, scrap) =
                (finite(input.qty, &object)?, finite(input.scrap_pct, &object)?);
            if quantity < 0.0 || scrap < 0.0 {
                let text = format!(
                    "quantity {quantity} and scrap {scrap} % must not be negative; a by-product \
                     belongs to the co-products"
                );
                return Err(CaseError::new(CaseProblem::NegativeInput, object, text));
            }
            let unit = positive(input.unit_factor.unwrap_or(1.0), "unit_factor", &object)?;
            process.inputs.push((position, quantity * (1.0 + scrap / 100.0) * unit * times));
        }
        for activity in activities {
            let object = format!("{object}, activity {}", activity.factor);
            let factor = self.factors.get(activity.factor.as_str()).ok_or_else(|| {
                let text = format!("there is no factor {}", activity.factor);
                CaseError::new(CaseProblem::UnknownFactor, object.as_str(), text)
            })?;
            let unit = positive(activity.unit_factor.unwrap_or(1.0), "unit_factor", &object)?;
            let amount = finite(activity.qty, &object)? * unit * factor.kg_co2e * times;
            let category = activity.cat.as_deref().unwrap_or(factor.category);
            let primary = activity.primary.unwrap_or(factor.primary);
            self.add(process, amount, category, primary, &object)?;
        }
        for direct in direct {
            let object = format!("{object}, gas {}", direct.gas);
            let warming = warming(&direct.gas, self.gwp, &object)?;
            let amount = finite(direct.kg, &object)? * warming * times;
            let category = direct.cat.as_deref().unwrap_or("s1");
            self.add(process, amount, category, direct.primary.unwrap_or(true), &object)?;
        }
        Ok(())
    }

    fn add(
        &self,
        process: &mut Process,
        amount: f64,
        category: &str,
        primary: bool,
        object: &str,
    ) -> Result<(), CaseError> {
        let amount = finite(amount, object)?;
        let column = self.categories.iter().position(|known| *known == category);
        process.own[column.expect("every category of the form was collected")] += amount;
        process.credit |= amount < 0.0;
        if primary {
            process.own[self.categories.len()] += amount;
        }
        Ok(())
    }
}

fn factors(form: &Form, gwp: GwpSet) -> Result<BTreeMap<&str, KnownFactor<'_>>, CaseError> {
    let rows = form.factors.iter();
    rows.map(|(name, factor)| Ok((name.as_str(), known_factor(name, factor, gwp)?))).collect()
}

fn known_factor<'a>(
    name: &str,
    factor: &'a Factor,
    gwp: GwpSet,
) -> Result<KnownFactor<'a>, CaseError> {
    let object = format!("factor {name}");
    if let Some(unit) = &factor.unit {
        known_unit(unit, &object)?;
    }
    if let Some(own) = &factor.gwp {
        let own = gwp_set(own, &object)?;
        if own != gwp && factor.kgco2e.is_some() {
            let text = format!(
                "it is CO2e by {own} and the case is in {gwp}; only a factor by gas can change sets"
            );
            return Err(CaseError::new(CaseProblem::GwpMismatch, object, text));
        }
    }
    let kg_co2e = match (factor.kgco2e, &factor.gases) {
        (Some(kg), None) => finite(kg, &object)?,
        (None, Some(gases)) => {
            let mut sum = 0.0;
            for (gas, kg) in gases {
                sum += finite(*kg, &object)? * warming(gas, gwp, &object)?;
            }
            sum
        }
        (Some(_), Some(_)) => {
            let text = "it has both kgco2e and gases; keep one";
            return Err(CaseError::new(CaseProblem::Duplicate, object, text));
        }
        (None, None) => {
            let text = "it has neither kgco2e nor gases";
            return Err(CaseError::new(CaseProblem::MissingField, object, text));
        }
    };
    Ok(KnownFactor { kg_co2e, category: &factor.cat, primary: factor.primary })
}

/// The categories that a case uses.
fn categories(form: &Form) -> Result<Vec<&str>, CaseError> {
    let mut used: BTreeSet<(usize, &str)> = BTreeSet::new();
    let mut add = |category: &'_ str, object: String| {
        let at = KNOWN_CATEGORIES.iter().position(|known| *known == category);
        let at = at.ok_or_else(|| {
            let text = format!("category {category} is not known; known are {KNOWN_CATEGORIES:?}");
            CaseError::new(CaseProblem::UnknownCategory, object, text)
        })?;
        used.insert((at, KNOWN_CATEGORIES[at]));
        Ok::<_, CaseError>(())
    };
    for (name, factor) in &form.factors {
        add(&factor.cat, format!("factor {name}"))?;
    }
    for node in &form.nodes {
        let operations = node.ops.iter();
        let activities = operations.clone().flat_map(|op| &op.activity).chain(&node.activity);
        let direct = operations.flat_map(|op| &op.direct).chain(&node.direct);
        let named = activities.filter_map(|line| line.cat.as_deref());
        for category in named.chain(direct.map(|line| line.cat.as_deref().unwrap_or("s1"))) {
            add(category, format!("node {}", node.id))?;
        }
    }
    Ok(used.into_iter().map(|(_, name)| name).collect())
}

/// Positions of nodes, then of the co-products that are no nodes themselves. What a substituted
/// co-product is has a place only if it is used.
fn positions(form: &Form) -> Result<Positions<'_>, CaseError> {
    let mut positions = Positions::new();
    for node in &form.nodes {
        enter(&mut positions, &node.id, &node.id)?;
    }
    let inputs = form.nodes.iter().flat_map(|node| {
        let of_operations = node.ops.iter().flat_map(|operation| &operation.inputs);
        of_operations.chain(&node.inputs).map(|input| input.node.as_str())
    });
    let used: BTreeSet<&str> = inputs.collect();
    for node in form.nodes.iter().filter(|node| !node.coproducts.is_empty()) {
        let object = format!("node {}", node.id);
        let mut makes_itself = false;
        for made in &node.coproducts {
            positive(made.qty, &format!("quantity of {}", made.product), &object)?;
            if made.product == node.id {
                makes_itself = true;
            } else if node.allocation.as_deref() != Some("substitution")
                || used.contains(made.product.as_str())
            {
                enter(&mut positions, &made.product, &node.id)?;
            }
        }
        if !makes_itself {
            let text = format!("its own product {} is not among its co-products", node.id);
            return Err(CaseError::new(CaseProblem::AllocationShares, object, text));
        }
    }
    Ok(positions)
}

fn enter<'a>(positions: &mut Positions<'a>, name: &'a str, node: &str) -> Result<(), CaseError> {
    let next = u32::try_from(positions.len()).expect("fewer than 2^32 nodes");
    match positions.insert(name, next) {
        None => Ok(()),
        Some(_) => {
            let text = format!("{name} is made twice; give one of them another name");
            Err(CaseError::new(CaseProblem::Duplicate, format!("node {node}"), text))
        }
    }
}

fn finite(value: f64, object: &str) -> Result<f64, CaseError> {
    if value.is_finite() {
        return Ok(value);
    }
    let text = format!("{value} cannot be calculated with");
    Err(CaseError::new(CaseProblem::NotFinite, object, text))
}

fn positive(value: f64, what: &str, object: &str) -> Result<f64, CaseError> {
    if finite(value, object)? > 0.0 {
        return Ok(value);
    }
    let text = format!("{what} is {value}; it has to be above zero");
    Err(CaseError::new(CaseProblem::QuantityOutOfRange, object, text))
}

fn known_unit(unit: &str, object: &str) -> Result<(), CaseError> {
    // Norm cubic metres are the cubic metres of the unit table.
    if unit.eq_ignore_ascii_case("NM3") || Uom::from_code(unit).is_ok() {
        return Ok(());
    }
    let text = Uom::from_code(unit).err().map_or_else(String::new, |error| error.to_string());
    Err(CaseError::new(CaseProblem::UnknownUnit, object, text))
}

fn gwp_set(name: &str, object: &str) -> Result<GwpSet, CaseError> {
    name.parse()
        .map_err(|error| CaseError::new(CaseProblem::UnknownGwpSet, object, format!("{error}")))
}

/// kg CO₂e of a kilogram of gas; biogenic CO₂ is reported apart and weighs nothing.
fn warming(gas: &str, gwp: GwpSet, object: &str) -> Result<f64, CaseError> {
    if gas == "CO2_biogenic" {
        return Ok(0.0);
    }
    // Cases write CH4_fossil, the table CH4-fossil.
    let table = GwpTable::shipped();
    let potential = table.potential(&gas.replace('_', "-"), gwp);
    potential.and_then(|potential| potential.to_f64()).ok_or_else(|| {
        let known: Vec<&str> = table.gases().collect();
        let text = format!("'{gas}' is no gas; known are CO2_biogenic, {}", known.join(", "));
        CaseError::new(CaseProblem::UnknownGas, object, text)
    })
}
