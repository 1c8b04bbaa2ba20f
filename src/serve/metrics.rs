//! What Prometheus reads: base units, one registry for each server.

use std::fmt::Write as _;
use std::sync::atomic::AtomicU64;

use jiff::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use super::plant::Plant;
use crate::post::breaker::SharedBreaker;
use crate::post::state::Phase;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    route: String,
    method: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Named {
    name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    kind: String,
    result: String,
}

type Number = Gauge<f64, AtomicU64>;

/// The meters of a server.
pub struct Meters {
    registry: Registry,
    requests: Family<Answered, Counter>,
    request_seconds: Histogram,
    jobs: Family<Ended, Counter>,
    job_seconds: Family<Named, Histogram>,
    up_seconds: Number,
    facts_age_seconds: Number,
    findings: Family<Named, Gauge>,
    change_sets: Family<Named, Gauge>,
    change_set_waiting_seconds: Family<Named, Number>,
    waiting_requests: Gauge,
    budget_left_grams: Family<Named, Number>,
    budget_overshoot_grams: Family<Named, Number>,
    journal_usable: Gauge,
    collect_ok: Gauge,
    sap_paused: Family<Named, Gauge>,
    sap_pauses: Family<Named, Gauge>,
}

impl Meters {
    /// Meters at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("carbide");
        let requests = Family::<Answered, Counter>::default();
        let request_seconds = Histogram::new(exponential_buckets(0.001, 2.0, 14));
        let jobs = Family::<Ended, Counter>::default();
        let job_seconds = Family::<Named, Histogram>::new_with_constructor(|| {
            Histogram::new(exponential_buckets(0.05, 2.0, 14))
        });
        let (up_seconds, facts_age_seconds) = (Number::default(), Number::default());
        let findings = Family::<Named, Gauge>::default();
        let change_sets = Family::<Named, Gauge>::default();
        let change_set_waiting_seconds = Family::<Named, Number>::default();
        let waiting_requests = Gauge::default();
        let budget_left_grams = Family::<Named, Number>::default();
        let budget_overshoot_grams = Family::<Named, Number>::default();
        let (journal_usable, collect_ok) = (Gauge::default(), Gauge::default());
        let grams = || Unit::Grams;
        registry.register("http_requests", "Answers by route and status", requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "Time to an answer",
            Unit::Seconds,
            request_seconds.clone(),
        );
        registry.register("jobs", "Jobs that ended", jobs.clone());
        registry.register_with_unit(
            "job_duration",
            "Time of a job from its begin",
            Unit::Seconds,
            job_seconds.clone(),
        );
        registry.register_with_unit(
            "up",
            "Time since the start",
            Unit::Seconds,
            up_seconds.clone(),
        );
        registry.register_with_unit(
            "facts_age",
            "Age of the facts that are shown",
            Unit::Seconds,
            facts_age_seconds.clone(),
        );
        registry.register("findings", "Findings of the rules by severity", findings.clone());
        registry.register(
            "change_sets",
            "Change sets of the journal by phase",
            change_sets.clone(),
        );
        registry.register_with_unit(
            "change_set_waiting",
            "For how long a change set has waited for SAP or a person",
            Unit::Seconds,
            change_set_waiting_seconds.clone(),
        );
        registry.register(
            "requests_waiting",
            "Postings that wait for a second person",
            waiting_requests.clone(),
        );
        registry.register_with_unit(
            "budget_left",
            "CO2e left of the budget of a quarter",
            grams(),
            budget_left_grams.clone(),
        );
        registry.register_with_unit(
            "budget_overshoot",
            "CO2e by which the projection exceeds the budget of a quarter",
            grams(),
            budget_overshoot_grams.clone(),
        );
        registry.register("journal_usable", "1 if the journal can be used", journal_usable.clone());
        registry.register("collect_ok", "1 if the last read succeeded", collect_ok.clone());
        let sap_paused = Family::<Named, Gauge>::default();
        let sap_pauses = Family::<Named, Gauge>::default();
        registry.register(
            "sap_paused",
            "1 while nothing new is sent to a SAP system, which leaves requests unanswered",
            sap_paused.clone(),
        );
        registry.register(
            "sap_pauses",
            "How often that was so since the start",
            sap_pauses.clone(),
        );
        Self {
            registry,
            requests,
            request_seconds,
            jobs,
            job_seconds,
            up_seconds,
            facts_age_seconds,
            findings,
            change_sets,
            change_set_waiting_seconds,
            waiting_requests,
            budget_left_grams,
            budget_overshoot_grams,
            journal_usable,
            collect_ok,
            sap_paused,
            sap_pauses,
        }
    }

    /// Counts an answer.
    pub fn answered(&self, route: &str, method: &str, status: u16, seconds: f64) {
        let labels = Answered { route: route.to_owned(), method: method.to_owned(), status };
        self.requests.get_or_create(&labels).inc();
        self.request_seconds.observe(seconds);
    }

    /// Counts a job that ended.
    pub fn ended(&self, kind: &str, ok: bool, seconds: f64) {
        let result = if ok { "done" } else { "failed" };
        let labels = Ended { kind: kind.to_owned(), result: result.to_owned() };
        self.jobs.get_or_create(&labels).inc();
        self.job_seconds.get_or_create(&Named { name: kind.to_owned() }).observe(seconds);
    }

    /// Everything, in the text form of OpenMetrics.
    pub fn text(&self, plant: &Plant) -> String {
        let now = Timestamp::now();
        let age = |since: Timestamp| now.duration_since(since).as_secs_f64();
        self.up_seconds.set(age(plant.started));
        {
            let health = plant.health();
            self.journal_usable.set(i64::from(health.journal.is_none()));
            self.collect_ok.set(i64::from(health.collect.is_none()));
        }
        if let Ok(view) = plant.view() {
            self.facts_age_seconds.set(age(view.facts.read_at));
            self.findings.clear();
            for finding in &view.judged.findings {
                let name = format!("{:?}", finding.severity).to_lowercase();
                self.findings.get_or_create(&Named { name }).inc();
            }
            for status in &view.organisation.budgets {
                let name = Named { name: status.budget.quarter.to_string() };
                let grams = |mg: i64| mg as f64 / 1000.0;
                self.budget_left_grams.get_or_create(&name).set(grams(status.left.count()));
                if let Some(over) = status.overshoot {
                    self.budget_overshoot_grams.get_or_create(&name).set(grams(over.count()));
                }
            }
        }
        let journal = plant.journal();
        self.change_sets.clear();
        self.change_set_waiting_seconds.clear();
        for set in &journal.change_sets {
            let name = phase_name(set.phase);
            self.change_sets.get_or_create(&Named { name }).inc();
            if let Some(since) = set.waits_since {
                let name = Named { name: set.change_set_id.to_string() };
                self.change_set_waiting_seconds.get_or_create(&name).set(age(since));
            }
        }
        for (name, open, openings) in SharedBreaker::all() {
            let name = Named { name };
            self.sap_paused.get_or_create(&name).set(i64::from(open));
            let openings = i64::try_from(openings).unwrap_or(i64::MAX);
            self.sap_pauses.get_or_create(&name).set(openings);
        }
        let waits = journal.requests.iter().filter(|r| r.posted_as.is_none()).count();
        self.waiting_requests.set(i64::try_from(waits).unwrap_or(i64::MAX));
        let mut text = String::new();
        if let Err(error) = encode(&mut text, &self.registry) {
            let _ = writeln!(text, "# {error}");
        }
        text
    }
}

/// The name of a phase, as JSON has it.
pub fn phase_name(phase: Phase) -> String {
    let json = serde_json::to_value(phase).unwrap_or_default();
    json.as_str().map_or_else(|| phase.to_string(), str::to_owned)
}
