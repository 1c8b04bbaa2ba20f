//! Progress on stderr: a bar on a terminal, a line a stage elsewhere, nothing when asked for JSON.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Shows how far a stage has come.
#[derive(Clone)]
pub struct Progress {
    mode: Mode,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Bars,
    Lines,
    Silent,
}

impl Progress {
    /// Bars on a terminal, lines in a pipe; with `quiet` nothing.
    pub fn new(quiet: bool) -> Self {
        let mode = match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => Mode::Silent,
            (false, true) => Mode::Bars,
            (false, false) => Mode::Lines,
        };
        Self { mode }
    }

    /// Begins a stage.
    pub fn stage(&self, what: &str) -> Stage {
        let bar = match self.mode {
            Mode::Bars => {
                let bar = ProgressBar::new_spinner();
                bar.set_style(
                    ProgressStyle::with_template("{spinner} {msg}").expect("a fixed template"),
                );
                bar.enable_steady_tick(Duration::from_millis(120));
                bar.set_message(what.to_owned());
                Some(bar)
            }
            Mode::Lines => {
                eprintln!("{what} ...");
                None
            }
            Mode::Silent => None,
        };
        Stage { what: what.to_owned(), bar }
    }
}

/// A stage that is under way; gone when dropped.
pub struct Stage {
    what: String,
    bar: Option<ProgressBar>,
}

impl Stage {
    /// Says how far it is.
    pub fn at(&self, where_: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{}: {where_}", self.what));
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
