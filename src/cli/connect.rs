//! What every command that touches the plant begins with: settings, clients, store, facts.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::{CliError, Context, Exit};
use crate::config::Config;
use crate::cycle::{Books, CycleError, Facts, Installation, Judged, SyncReport};
use crate::period::{NoMonth, PostingPeriod};
use crate::post::{PostError, SystemRole};
use crate::said::Said;
use crate::store::StoreError;

/// An open installation whose work is told on stderr.
pub(super) struct Session(Installation);

impl Session {
    pub fn open(context: &Context) -> Result<Self, CliError> {
        Ok(Self(Installation::open(&context.config)?))
    }

    /// The journal. Whatever an earlier process left unfinished is finished first.
    pub async fn books(&self) -> Result<Books, CliError> {
        let (books, recovered) = self.0.books().await?;
        for set in recovered {
            eprintln!(
                "Recovered {}: it was {}, it is {}. {}",
                set.change_set_id, set.found, set.now, set.text
            );
        }
        Ok(books)
    }

    /// The last snapshot of facts, or a new one if there is none or a fresh one is wanted.
    pub async fn facts(&self, fresh: bool, context: &Context) -> Result<(String, Facts), CliError> {
        if !fresh && let Some(found) = self.last_facts()? {
            return Ok(found);
        }
        let (key, facts, _) = self.read(None, context).await?;
        Ok((key, facts))
    }

    /// Reads what changed, and keeps the facts as a snapshot. `full` is why everything is to be read
    /// again, if it is.
    pub async fn read(
        &self,
        full: Option<&str>,
        context: &Context,
    ) -> Result<(String, Facts, SyncReport), CliError> {
        let stage = context.progress.stage("Reading SAP and meters");
        let read = self.0.read(full, Arc::new(move |said: Said| stage.at(&said))).await?;
        for alarm in &read.2.alarms {
            eprintln!("Alarm: {alarm}");
        }
        Ok(read)
    }

    pub fn judge(&self, facts: &Facts, period: Option<PostingPeriod>) -> Result<Judged, CliError> {
        Ok(self.0.judge(facts, period)?)
    }
}

impl Deref for Session {
    type Target = Installation;

    fn deref(&self) -> &Installation {
        &self.0
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut Installation {
        &mut self.0
    }
}

/// Who asks: the operating system's user.
pub(super) fn requester() -> String {
    std::env::var("USER")
        .ok()
        .filter(|user| !user.is_empty())
        .unwrap_or_else(|| "carbide".to_owned())
}

/// Who asks and who approves where two people are needed. A variable that anybody can set is no
/// proof of that, so outside of a sandbox it is the account that the process runs under.
pub(super) fn person(config: &Config) -> String {
    if config.settings.sap.role == SystemRole::Sandbox { requester() } else { account() }
}

/// The account that the process runs under, by name where the system's list has one.
#[cfg(target_os = "linux")]
fn account() -> String {
    use std::os::unix::fs::MetadataExt;
    let Ok(process) = std::fs::metadata("/proc/self") else { return "unknown".to_owned() };
    let number = process.uid().to_string();
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == number).then(|| name.to_owned())
    });
    named.unwrap_or_else(|| format!("uid {number}"))
}

#[cfg(not(target_os = "linux"))]
fn account() -> String {
    requester()
}

/// A month as an argument.
pub(super) fn month(text: &str) -> Result<PostingPeriod, NoMonth> {
    text.parse()
}

impl From<CycleError> for CliError {
    fn from(error: CycleError) -> Self {
        let exit = match &error {
            CycleError::Config(_) | CycleError::Secret(_) => Exit::Usage,
            CycleError::Sap(_) | CycleError::Source(_) | CycleError::Ems(_) => Exit::Remote,
            CycleError::Store(_) => Exit::Store,
            CycleError::Post(error) => of_posting(error),
            CycleError::Grid(_)
            | CycleError::Footprint(_)
            | CycleError::Problem(_)
            | CycleError::Plan(_)
            | CycleError::Incomplete(_) => Exit::No,
        };
        Self::new(exit, error)
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        Self::new(Exit::Store, error)
    }
}

impl From<PostError> for CliError {
    fn from(error: PostError) -> Self {
        Self::new(of_posting(&error), error)
    }
}

fn of_posting(error: &PostError) -> Exit {
    match error {
        PostError::Journal(_) | PostError::Behind { .. } => Exit::Store,
        PostError::NotCompared { .. } => Exit::Remote,
        PostError::InDoubt { .. }
        | PostError::WayBackBlocked { .. }
        | PostError::LeaseLost { .. } => Exit::Person,
        _ => Exit::No,
    }
}
