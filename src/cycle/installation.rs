//! An open installation: settings, clients and store, and what each command and the daemon begin
//! with.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};

use super::company_code::refuse_unknown;
use super::read::{Connections, connect, connect_if_needed};
use super::{
    Books, CycleError, Facts, Judged, PostingRun, SyncReport, carbon_draft, judge, poster,
    read_facts, settle_ledger,
};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::period::PostingPeriod;
use crate::post::journal::Journal;
use crate::post::{ChangeSetDraft, PostError, PostSettings, Recovered};
use crate::said::Said;
use crate::store::{Kind, Mirror, PeriodState, Store, StoreError};

/// Is told what is being read.
pub type Say = Arc<dyn Fn(Said) + Send + Sync>;

/// An open installation.
pub struct Installation {
    /// Settings and mappings.
    pub config: Config,
    /// Clients of SAP, once somebody needed them.
    connections: OnceCell<Connections>,
    /// Snapshots, plans and the carbon ledger.
    pub store: Store,
    /// The settings file, which messages name.
    path: PathBuf,
}

impl Installation {
    /// Opens what the settings file names. SAP's secret is not asked for: whoever only looks at what is
    /// here needs none.
    ///
    /// # Errors
    ///
    /// [`CycleError`] if the settings are wrong or the store does not open.
    pub fn open(settings: &Path) -> Result<Self, CycleError> {
        let mut config = Config::load(settings)?;
        let store = Store::open(&config.path(&config.settings.post.directory))?;
        config.rules.decisions = store.decisions(decided_step(&config))?;
        Ok(Self { config, connections: OnceCell::new(), store, path: settings.to_owned() })
    }

    /// Clients of SAP, made when they are first asked for; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`CycleError::Secret`] if SAP's secret cannot be had, [`CycleError::Sap`] if a client cannot be
    /// built.
    pub fn connections(&self) -> Result<&Connections, CycleError> {
        if let Some(connections) = self.connections.get() {
            return Ok(connections);
        }
        let connections = connect(&self.config)?;
        Ok(self.connections.get_or_init(|| connections))
    }

    /// The journal as it stands on the disk, to look at. It needs no connection to SAP.
    ///
    /// # Errors
    ///
    /// [`CycleError::Post`] if it cannot be read, or belongs to another system or client.
    pub fn journal(&self) -> Result<Journal, CycleError> {
        let (sap, post) = (&self.config.settings.sap, &self.config.settings.post);
        let path = self.config.path(&post.directory).join("journal.db");
        let domain = PostSettings::new(&sap.system, &sap.client, sap.role).domain();
        let journal = Journal::open_of(&path, &domain, &SystemClock.now());
        Ok(journal.map_err(PostError::from)?)
    }

    /// The journal, after what an earlier process left unfinished was finished, and what that was.
    ///
    /// # Errors
    ///
    /// [`CycleError::Post`] if the journal cannot be used; nothing is posted then.
    pub async fn books(&self) -> Result<(Books, Vec<Recovered>), CycleError> {
        let mut books = poster(&self.config, self.connections()?)?;
        let mut recovered = books.recover().await?;
        recovered.retain(|set| set.found != set.now);
        settle_ledger(&mut books, &self.store, Timestamp::now())?;
        Ok((books, recovered))
    }

    /// The journal as it is, for work that sends nothing, not even what a recovery would: dry runs,
    /// approvals, backups. It needs no secret of SAP.
    ///
    /// # Errors
    ///
    /// [`CycleError::Post`] if the journal cannot be read.
    pub fn books_to_look(&self) -> Result<Books, CycleError> {
        match self.connections.get() {
            Some(connections) => poster(&self.config, connections),
            None => poster(&self.config, &connect_if_needed(&self.config)?),
        }
    }

    /// The journal as it is, before somebody's decision is carried out in SAP.
    ///
    /// # Errors
    ///
    /// [`CycleError::Secret`] if SAP's secret cannot be had, [`CycleError::Post`] if the journal cannot
    /// be read.
    pub fn books_to_decide(&self) -> Result<Books, CycleError> {
        poster(&self.config, self.connections()?)
    }

    /// The last snapshot of facts with its key.
    ///
    /// # Errors
    ///
    /// [`CycleError::Store`] if it cannot be read.
    pub fn last_facts(&self) -> Result<Option<(String, Facts)>, CycleError> {
        Ok(self.store.latest::<Facts>(Kind::Facts)?.map(|(key, _, facts)| (key, facts)))
    }

    /// Reads what changed, and keeps the facts as a snapshot. `full` is why everything is to be read
    /// again, if it is.
    ///
    /// # Errors
    ///
    /// [`CycleError`] if SAP or the meters cannot be read, the mirror of SAP was lost, or SAP does not
    /// know the company code.
    #[tracing::instrument(name = "cycle.read", skip_all)]
    pub async fn read(
        &self,
        full: Option<&str>,
        say: Say,
    ) -> Result<(String, Facts, SyncReport), CycleError> {
        let settings = &self.config.settings;
        let system = format!("{} client {}", settings.sap.system, settings.sap.client);
        let folder = self.config.path(&settings.post.directory);
        if full.is_none() && !Mirror::is_there(&folder) && self.store.has(Kind::Facts)? {
            return Err(StoreError::MirrorLost { path: folder.join("mirror.db") }.into());
        }
        let connections = self.connections()?;
        refuse_unknown(&self.config, &self.path, connections).await?;
        let mirror = Arc::new(Mutex::new(Mirror::open(&folder, &system)?));
        let now = Timestamp::now();
        // A full read believes nothing that was read before.
        let before = if full.is_some() { None } else { self.store.latest::<Facts>(Kind::Facts)? };
        let before = before.map_or_else(Vec::new, |(_, _, facts)| facts.meters);
        let read = read_facts(&self.config, connections, &mirror, full, before, now, say);
        let (facts, report) = read.await?;
        let key = self.store.keep(Kind::Facts, now, &facts)?;
        Ok((key, facts, report))
    }

    /// Judges facts by the rules, factors and shifts of the settings, and by what people decided.
    ///
    /// # Errors
    ///
    /// As [`judge`](super::judge()).
    pub fn judge(
        &self,
        facts: &Facts,
        period: Option<PostingPeriod>,
    ) -> Result<Judged, CycleError> {
        // A daemon is open for long, and people decide in between.
        let config = with_decisions(&self.config, &self.store)?;
        judge(facts, config.as_ref(), period, Timestamp::now())
    }

    /// Keeps a posting run as evidence and makes its change set.
    ///
    /// # Errors
    ///
    /// [`CycleError::Store`] if its period takes no posting any more.
    pub fn carbon_draft(
        &self,
        run: &PostingRun,
        books: &Books,
        requested_by: &str,
    ) -> Result<ChangeSetDraft, CycleError> {
        let company_code = run.company_code.as_str();
        if self.store.period_state(company_code, run.period)? != PeriodState::Open {
            let (company_code, period) = (company_code.to_owned(), run.period);
            return Err(StoreError::PeriodClosed { company_code, period }.into());
        }
        let key = self.store.keep(Kind::PostingRun, Timestamp::now(), run)?;
        carbon_draft(run, &key, books, &self.config, requested_by)
    }
}

/// The settings with what people decided so far.
///
/// # Errors
///
/// [`StoreError`] if the findings cannot be read.
pub fn with_decisions<'a>(
    config: &'a Config,
    store: &Store,
) -> Result<Cow<'a, Config>, StoreError> {
    let decisions = store.decisions(decided_step(config))?;
    if decisions == config.rules.decisions {
        return Ok(Cow::Borrowed(config));
    }
    let mut config = config.clone();
    config.rules.decisions = decisions;
    Ok(Cow::Owned(config))
}

/// Length of the intervals that people decide about.
fn decided_step(config: &Config) -> SignedDuration {
    SignedDuration::from_mins(i64::from(config.ems.step_minutes))
}
