//! Long work that people started or the schedule did: how it stands, and how it is stopped.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::event::Events;
use super::problem::Problem;
use crate::said;
use crate::said::Said;

/// Finished jobs that are still shown.
const KEPT: usize = 200;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// SAP and the meters are read, and footprints calculated.
    Collect,
    /// A plan is made.
    Plan,
    /// Documents are posted.
    Post,
    /// Documents are taken back.
    Undo,
}

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It waits for its turn.
    Waiting,
    /// It is being done.
    Running,
    /// It is done.
    Done,
    /// It failed; the text says why.
    Failed,
}

/// A piece of long work.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Job {
    /// Its number.
    pub id: u64,
    /// What is done.
    pub kind: JobKind,
    /// How it stands.
    pub state: JobState,
    /// Who asked for it; `schedule` if nobody did.
    pub by: String,
    /// What is being done now, or why it failed.
    pub text: String,
    /// What the text is made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub said: Option<Said>,
    /// Value of the best plan so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best_fv: Option<f64>,
    /// What came of it: key of a plan, name of a change set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    pub asked: Timestamp,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended: Option<Timestamp>,
}

#[derive(Default)]
struct Kept {
    last: u64,
    jobs: BTreeMap<u64, (Job, Arc<AtomicBool>)>,
}

/// All jobs.
#[derive(Clone)]
pub struct Jobs {
    kept: Arc<Mutex<Kept>>,
    events: Arc<Events>,
}

impl Jobs {
    /// No jobs yet; what becomes of them is told to `events`.
    pub fn new(events: Arc<Events>) -> Self {
        Self { kept: Arc::default(), events }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A job that waits for its turn.
    pub fn ask(&self, kind: JobKind, by: &str) -> Running {
        let stop = Arc::new(AtomicBool::new(false));
        let id = {
            let mut kept = self.kept();
            kept.last += 1;
            let id = kept.last;
            let job = Job {
                id,
                kind,
                state: JobState::Waiting,
                by: by.to_owned(),
                text: String::new(),
                said: None,
                best_fv: None,
                result: None,
                asked: Timestamp::now(),
                ended: None,
            };
            kept.jobs.insert(id, (job, Arc::clone(&stop)));
            while kept.jobs.len() > KEPT {
                let over = kept.jobs.iter().find(|(_, (job, _))| job.ended.is_some());
                let Some(id) = over.map(|(id, _)| *id) else { break };
                kept.jobs.remove(&id);
            }
            id
        };
        let running = Running { id, stop, jobs: self.clone() };
        running.change(|_| {});
        running
    }

    /// Every job, the newest first.
    pub fn list(&self) -> Vec<Job> {
        self.kept().jobs.values().rev().map(|(job, _)| job.clone()).collect()
    }

    /// One job.
    ///
    /// # Errors
    ///
    /// [`Problem`] if there is none of that number.
    pub fn get(&self, id: u64) -> Result<Job, Problem> {
        let found = self.kept().jobs.get(&id).map(|(job, _)| job.clone());
        found.ok_or_else(|| unknown(id))
    }

    /// Whether one of a kind waits or runs.
    pub fn is_busy(&self, kind: JobKind) -> bool {
        self.kept().jobs.values().any(|(job, _)| job.kind == kind && job.ended.is_none())
    }

    /// Asks a job to stop and keep the best that it has.
    ///
    /// # Errors
    ///
    /// [`Problem`] if there is none of that number.
    pub fn stop(&self, id: u64) -> Result<Job, Problem> {
        let kept = self.kept();
        let found = kept.jobs.get(&id);
        let (job, stop) = found.ok_or_else(|| unknown(id))?;
        stop.store(true, Ordering::SeqCst);
        Ok(job.clone())
    }
}

fn unknown(id: u64) -> Problem {
    Problem::not_found(said!("job.unknown", "there is no job {id}", id = id))
}

/// A job on its way.
#[derive(Clone)]
pub struct Running {
    /// Its number.
    pub id: u64,
    stop: Arc<AtomicBool>,
    jobs: Jobs,
}

impl Running {
    fn change(&self, change: impl FnOnce(&mut Job)) {
        let mut kept = self.jobs.kept();
        let Some((job, _)) = kept.jobs.get_mut(&self.id) else { return };
        change(job);
        let told = json!(job);
        drop(kept);
        self.jobs.events.tell("job", told);
    }

    /// Says what is being done.
    pub fn at(&self, said: Said, best_fv: Option<f64>) {
        self.change(|job| {
            job.state = JobState::Running;
            job.said = said.keyed();
            job.text = said.into();
            job.best_fv = best_fv.or(job.best_fv);
        });
    }

    /// Whether somebody wants it to stop.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    /// Ends it.
    pub fn end<T>(&self, result: &Result<T, Problem>, name: impl FnOnce(&T) -> Option<String>) {
        self.change(|job| {
            job.ended = Some(Timestamp::now());
            match result {
                Ok(value) => {
                    job.state = JobState::Done;
                    job.result = name(value);
                }
                Err(problem) => {
                    job.state = JobState::Failed;
                    job.text.clone_from(&problem.detail);
                    job.said.clone_from(&problem.said);
                }
            }
        });
    }
}
