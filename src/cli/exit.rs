//! How a command ends: documented exit codes, and errors as people read them.

use std::process::ExitCode;

/// How a command ended. The codes are documented in `carbide --help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: the answer is no.
    No,
    /// 2: wrong usage or settings.
    Usage,
    /// 3: SAP or the energy management system did not do it.
    Remote,
    /// 4: the store or the journal refuses.
    Store,
    /// 5: a person is needed.
    Person,
    /// 130: interrupted.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::No => 1,
            Exit::Usage => 2,
            Exit::Remote => 3,
            Exit::Store => 4,
            Exit::Person => 5,
            Exit::Interrupted => 130,
        })
    }
}

/// What went wrong, in words, and the exit code that says so to a script.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct CliError {
    /// Exit code.
    pub exit: Exit,
    /// What happened, to which object, and what to do.
    pub text: String,
}

impl CliError {
    /// An error with its exit code.
    pub fn new(exit: Exit, text: impl ToString) -> Self {
        Self { exit, text: text.to_string() }
    }
}

/// Prints one JSON document on stdout.
pub(super) fn print_json(value: &impl serde::Serialize) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| CliError::new(Exit::Store, format!("the result has no JSON: {error}")))?;
    println!("{text}");
    Ok(())
}
