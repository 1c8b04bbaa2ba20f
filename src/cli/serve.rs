//! `carbide serve`: the daemon, and its local users.

use std::io::Read;
use std::net::SocketAddr;

use clap::{Args, Subcommand};
use serde_json::json;

use super::exit::print_json;
use super::{CliError, Context, Exit};
use crate::config::Config;
use crate::secret::Secret;
use crate::serve::person::{Role, Users};
use crate::serve::{self, ServeError};

/// Run the daemon: schedules, the web page and its interface.
///
/// Reads SAP and the meters on schedule, keeps footprints and budgets up to date, posts what people
/// decide in the page, and closes windows. SIGHUP loads the settings again; SIGTERM and Ctrl-C end it
/// so that the journal is whole. The settings stand in [serve].
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Serve {
    #[command(subcommand)]
    what: Option<What>,

    /// Address and port instead of serve.listen; port 0 takes a free one.
    #[arg(long)]
    listen: Option<SocketAddr>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Add a local user, or give an old one a new password and new roles. The password is read from
    /// standard input.
    User {
        /// Name, as it will stand in the journal.
        name: String,
        /// What he or she may do; can be given again.
        #[arg(long = "role", required = true)]
        roles: Vec<Role>,
    },
    /// List the local users.
    Users,
    /// Print the OpenAPI 3.1 document of the interface.
    Openapi,
}

pub(super) async fn run(arguments: Serve, context: &Context) -> Result<Exit, CliError> {
    match arguments.what {
        Some(What::User { name, roles }) => user(&name, &roles, context),
        Some(What::Users) => users(context),
        Some(What::Openapi) => {
            print_json(&serve::openapi())?;
            Ok(Exit::Done)
        }
        None => daemon(arguments.listen, context).await,
    }
}

fn user(name: &str, roles: &[Role], context: &Context) -> Result<Exit, CliError> {
    let config = Config::load(&context.config).map_err(usage)?;
    let path = config.path(&config.settings.serve.users_file);
    let mut users = Users::load(&path).map_err(usage)?;
    if std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        eprintln!("Password of {name}, then Enter and Ctrl-D:");
    }
    let mut password = String::new();
    std::io::stdin().read_to_string(&mut password).map_err(usage)?;
    let password = Secret::new(password.trim_end_matches(['\r', '\n']));
    users.set(&path, name, roles, &password).map_err(usage)?;
    println!("{name} can log on; a running daemon knows it after SIGHUP");
    Ok(Exit::Done)
}

fn users(context: &Context) -> Result<Exit, CliError> {
    let config = Config::load(&context.config).map_err(usage)?;
    let users = Users::load(&config.path(&config.settings.serve.users_file)).map_err(usage)?;
    if context.json {
        let list: Vec<_> =
            users.list().map(|(name, roles)| json!({ "user": name, "roles": roles })).collect();
        print_json(&list)?;
        return Ok(Exit::Done);
    }
    for (name, roles) in users.list() {
        let roles: Vec<String> =
            roles.iter().map(|role| format!("{role:?}").to_lowercase()).collect();
        println!("  {name}: {}", roles.join(", "));
    }
    Ok(Exit::Done)
}

fn usage(error: impl ToString) -> CliError {
    CliError::new(Exit::Usage, error)
}

async fn daemon(listen: Option<SocketAddr>, context: &Context) -> Result<Exit, CliError> {
    let serving = serve::start(&context.config, listen).await?;
    println!("Carbide is at {}; Ctrl-C ends it", serving.url());
    let mut signals = Signals::new().map_err(usage)?;
    while let Signal::Reload = signals.next().await {
        match serving.reload().await {
            Ok(()) => eprintln!("The settings were loaded again."),
            Err(problem) => eprintln!("The settings were not loaded: {}", problem.detail),
        }
    }
    eprintln!("Ending: what is on its way to SAP arrives ...");
    serving.stop().await;
    Ok(Exit::Done)
}

enum Signal {
    Reload,
    End,
}

#[cfg(unix)]
struct Signals {
    hangup: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let hangup = signal(SignalKind::hangup())?;
        Ok(Self { hangup, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.hangup.recv() => Signal::Reload,
            _ = self.terminate.recv() => Signal::End,
            _ = tokio::signal::ctrl_c() => Signal::End,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Signal {
        // Without a signal to wait for there is nothing to stay up for.
        let _ = tokio::signal::ctrl_c().await;
        Signal::End
    }
}

impl From<ServeError> for CliError {
    fn from(error: ServeError) -> Self {
        let exit = match &error {
            ServeError::Config(_) | ServeError::Users(_) => Exit::Usage,
            ServeError::Listen { .. } | ServeError::Thread(_) => Exit::Store,
        };
        Self::new(exit, error)
    }
}
