//! The proof that goes with a plan: its value, a bound that no plan exceeds, and the multipliers that
//! give the bound, so that both can be computed again without the search.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

use super::baseline::with_baseline;
use super::bound::blocks::{self, tree};
use super::bound::{bound_of, packing};
use super::column::Columns;
use super::evaluate::evaluate;
use super::exact::{self, Exact};
use super::instance::Instance;
use super::schedule::Schedule;
use super::solve::{EXACT_NODES, Proof, SAME_FV, Solution, Status, all_modes, gaps};

/// The file form.
pub const FORMAT: &str = "carbide-plan-certificate/1";

/// Hash of the planner's sources as this program was built: of the lines that `sha256sum` prints for
/// `src/plan.rs` and every Rust file below `src/plan`, in the order of their paths.
pub const CODE_SHA256: &str = env!("CARBIDE_PLAN_SHA256");

/// Largest difference between what a certificate says and what is computed again.
const TOLERANCE: f64 = 1e-9;

/// How a search was limited, for whoever wants to repeat it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkLimit {
    /// Moves of each island: the same plan on any machine.
    Moves(u64),
    /// Milliseconds of wall time.
    Milliseconds(u64),
}

/// What is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct CertificateError {
    /// Field of the certificate.
    pub field: String,
    /// What is wrong with it.
    pub reason: String,
}

/// What was seen to hold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verified {
    /// Instance.
    pub instance: String,
    /// Value of the plan by the evaluator.
    pub fv: f64,
    /// Hash of the planner's sources that made it, as the certificate says; empty in old ones.
    pub code_sha256: String,
    /// Bound by the multipliers, or the optimum by looking at every plan.
    pub upper_bound: f64,
    /// `(UB - FV) / UB`.
    pub gap: f64,
    /// `(UB - FV) / (UB - gamma)`: the part of the possible gain that was missed.
    pub gain_gap: f64,
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn hash(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("numbers, texts and lists have a JSON form")
}

/// Writes the certificate of a feasible solution of `instance` as it was given to the search; `None`
/// if the solution breaks a rule.
///
/// Each field stands with its SHA-256 in `seal`, so that a changed byte is found and named.
pub fn certificate(
    instance: &Instance,
    solution: &Solution,
    seed: u64,
    work_limit: &WorkLimit,
) -> Option<String> {
    let fv = solution.evaluation.fv.filter(|_| solution.evaluation.feasible)?;
    let (gap, gain_gap) = gaps(solution.upper_bound, fv, solution.instance.weights.gamma);
    let (proof, multipliers) = match &solution.proof {
        Proof::Exhaustive => ("exhaustive", "[]".to_owned()),
        Proof::Multipliers(multipliers) => ("multipliers", json(multipliers)),
        Proof::Packing(prices) => ("packing", json(prices)),
        Proof::Blocks(prices) => ("blocks", json(prices)),
        Proof::Homes(homes) => ("homes", json(&homes.prices)),
        Proof::Cases(cases) => ("cases", json(cases)),
    };
    let fields: Vec<(&str, String)> = vec![
        ("format", json(FORMAT)),
        ("instance", json(&instance.id)),
        ("instance_sha256", json(&hash(&json(instance)))),
        ("code_version", json(env!("CARGO_PKG_VERSION"))),
        ("code_sha256", json(CODE_SHA256)),
        ("seed", json(&seed)),
        ("work_limit", json(work_limit)),
        ("status", json(&solution.status)),
        ("proof", json(proof)),
        ("fv", json(&fv)),
        ("upper_bound", json(&solution.upper_bound)),
        ("gap", json(&gap)),
        ("gain_gap", json(&gain_gap)),
        ("multipliers_sha256", json(&hash(&multipliers))),
        ("multipliers", multipliers),
        ("plan", json(&solution.schedule)),
    ];
    let seal: BTreeMap<&str, String> = fields.iter().map(|(name, t)| (*name, hash(t))).collect();
    let mut text = String::from("{");
    for (name, value) in &fields {
        text.push_str(&format!("{}:{value},\n", json(name)));
    }
    text.push_str(&format!("\"seal\":{}}}\n", json(&seal)));
    Some(text)
}

/// The fields of a certificate as they stand in it.
struct Fields(BTreeMap<String, Box<RawValue>>);

impl Fields {
    fn raw(&self, name: &str) -> Result<&str, CertificateError> {
        let value = self.0.get(name).ok_or_else(|| wrong(name, "it is missing"))?;
        Ok(value.get())
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<T, CertificateError> {
        serde_json::from_str(self.raw(name)?).map_err(|error| wrong(name, error))
    }

    fn near(&self, name: &str, computed: f64) -> Result<(), CertificateError> {
        let said: f64 = self.read(name)?;
        if (said - computed).abs() <= TOLERANCE * computed.abs().max(1.0) {
            return Ok(());
        }
        Err(wrong(name, format!("the certificate says {said}, computed again it is {computed}")))
    }
}

fn wrong(field: &str, reason: impl std::fmt::Display) -> CertificateError {
    CertificateError { field: field.to_owned(), reason: reason.to_string() }
}

/// Checks a certificate against the instance without the search: every field against its seal, the
/// instance against its hash, the plan's value by the evaluator, the bound from the multipliers.
///
/// Where the proof is `exhaustive`, every plan is looked at again, since that is the proof.
///
/// # Errors
///
/// The first field that does not hold, and why.
///
/// # Source
///
/// Lagrangian duality: any multipliers of the right sign give a valid bound (model, section 6), and so do
/// any prices at which work centers or blocks of them are packed.
pub fn verify(text: &str, instance: &Instance) -> Result<Verified, CertificateError> {
    let fields: BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(text).map_err(|error| wrong("certificate", error))?;
    let fields = Fields(fields);
    if fields.read::<String>("format")? != FORMAT {
        return Err(wrong("format", format!("it is not {FORMAT}")));
    }
    let seal: BTreeMap<String, String> = fields.read("seal")?;
    for name in fields.0.keys().filter(|name| *name != "seal") {
        let known = seal.get(name).ok_or_else(|| wrong(name, "it has no seal"))?;
        if *known != hash(fields.raw(name)?) {
            return Err(wrong(name, "it was changed after the certificate was made"));
        }
    }
    if let Some(name) = seal.keys().find(|name| !fields.0.contains_key(*name)) {
        return Err(wrong(name, "it is missing"));
    }
    if fields.read::<String>("instance_sha256")? != hash(&json(instance)) {
        let reason = format!("the certificate is not for this {}", instance.id);
        return Err(wrong("instance_sha256", reason));
    }
    let multipliers = fields.raw("multipliers")?;
    if fields.read::<String>("multipliers_sha256")? != hash(multipliers) {
        return Err(wrong("multipliers_sha256", "it is not the hash of the multipliers"));
    }
    let compared = with_baseline(instance)
        .ok_or_else(|| wrong("instance", "it has no baseline to compare with"))?;
    let plan: Schedule = fields.read("plan")?;
    let evaluation = evaluate(&compared, &plan);
    if let Some(violation) = evaluation.violations.first() {
        let reason = format!("it violates {} {}", violation.rule, violation.object);
        return Err(wrong("plan", reason));
    }
    let fv = evaluation.fv.ok_or_else(|| wrong("fv", "it cannot be computed"))?;
    fields.near("fv", fv)?;
    let upper_bound = proven(&fields, &compared, fv)?;
    fields.near("upper_bound", upper_bound)?;
    let (gap, gain_gap) = gaps(upper_bound, fv, compared.weights.gamma);
    fields.near("gap", gap)?;
    fields.near("gain_gap", gain_gap)?;
    let code_sha256 = match fields.0.contains_key("code_sha256") {
        true => fields.read("code_sha256")?,
        false => String::new(),
    };
    Ok(Verified { instance: instance.id.clone(), fv, code_sha256, upper_bound, gap, gain_gap })
}

/// The bound, computed from the proof.
fn proven(fields: &Fields, compared: &Instance, fv: f64) -> Result<f64, CertificateError> {
    let figures = compared.baseline.as_ref().map(|b| (b.c0_kg, b.co0, b.d0));
    let figures = figures.ok_or_else(|| wrong("instance", "it has no baseline"))?;
    let columns = Columns::compile(compared, figures, all_modes(compared))
        .map_err(|_| wrong("instance", "it has orders that cannot be planned"))?;
    match fields.read::<String>("proof")?.as_str() {
        "exhaustive" => match exact::solve(&columns, EXACT_NODES, &|| false) {
            Exact::Optimal(_, value) => Ok(columns.alpha + columns.beta - value),
            Exact::Infeasible | Exact::TooLarge => {
                Err(wrong("proof", "looking at every plan does not end with an optimum"))
            }
        },
        proof @ ("multipliers" | "packing" | "blocks" | "homes" | "cases") => {
            let prices = || fields.read::<Vec<f32>>("multipliers");
            let bound = match proof {
                "cases" => tree::bound_of(&columns, &fields.read("multipliers")?),
                "blocks" => blocks::bound_of(&columns, blocks::Kind::Blocks, &prices()?),
                "homes" => blocks::bound_of(&columns, blocks::Kind::Homes, &prices()?),
                "packing" => packing::bound_of(&columns, &prices()?),
                _ => bound_of(&columns, &prices()?),
            };
            let bound = bound.map_err(|reason| wrong("multipliers", reason))?;
            let status: String = fields.read("status")?;
            let proven = if bound - fv <= SAME_FV { Status::Optimal } else { Status::Feasible };
            if status != json(&proven).trim_matches('"') {
                return Err(wrong("status", format!("{proof} does not prove '{status}'")));
            }
            Ok(bound)
        }
        other => Err(wrong("proof", format!("'{other}' is not known"))),
    }
}
