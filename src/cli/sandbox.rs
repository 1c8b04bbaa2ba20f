//! `carbide sandbox`: an SAP system to try Carbide on.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::{CliError, Exit};
use crate::sandbox::{RunningSandbox, SandboxOptions};

/// Serve a sandbox SAP system on this machine, until Ctrl-C.
///
/// It speaks OData V2 and V4 and SOAP-RFC as SAP does, holds one small steel plant, and forgets
/// everything when it ends. GET /sandbox/ledger shows what was truly written.
#[derive(Debug, Args)]
pub struct Sandbox {
    /// Port on the loopback interface.
    #[arg(long, default_value_t = 8010)]
    port: u16,

    /// Its only user.
    #[arg(long, default_value = "CARBIDE")]
    user: String,

    /// File with the password; without it one is made up and shown.
    #[arg(long)]
    password_file: Option<PathBuf>,

    /// Rows of a page.
    #[arg(long, default_value_t = 100)]
    page_rows: usize,

    /// With the companion package imported: each posting runs once under its key.
    #[arg(long)]
    companion: bool,

    /// Profiles that its user has beside the least roles, as SAP_ALL: to see what the doctor says.
    #[arg(long, value_name = "PROFILE")]
    profile: Vec<String>,
}

pub(super) async fn run(arguments: Sandbox) -> Result<Exit, CliError> {
    let password = match &arguments.password_file {
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| CliError::new(Exit::Usage, format!("{}: {error}", path.display())))?
            .trim_end()
            .to_owned(),
        None => password(),
    };
    let options = SandboxOptions {
        bind: SocketAddr::from(([127, 0, 0, 1], arguments.port)),
        user: arguments.user.clone(),
        password: password.clone(),
        page_rows: arguments.page_rows,
        companion: arguments.companion,
        profiles: arguments.profile,
        own_fields: Vec::new(),
    };
    let sandbox = start(options).await?;
    println!("sandbox SAP at {} client 100, user {}", sandbox.url(), arguments.user);
    if arguments.password_file.is_none() {
        println!("password (of this sandbox only): {password}");
    }
    println!("what was truly written: {}/sandbox/ledger", sandbox.url());
    println!("Ctrl-C ends it");
    // Without a signal to wait for there is nothing to keep it up for.
    let _ = tokio::signal::ctrl_c().await;
    sandbox.stop().await;
    Ok(Exit::Done)
}

pub(super) async fn start(options: SandboxOptions) -> Result<RunningSandbox, CliError> {
    let started = RunningSandbox::start(options).await;
    started.map_err(|error| CliError::new(Exit::Usage, error))
}

/// A password for a sandbox: 96 random bits.
pub(super) fn password() -> String {
    let (a, b): (u64, u32) = (rand::random(), rand::random());
    format!("{a:016x}{b:08x}")
}
