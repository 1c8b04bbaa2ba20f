//! Logs: for people on a terminal, as JSON lines for machines; always on stderr.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Sets up logging once. `verbose` counts `-v`; `RUST_LOG` wins over it. JSON is written when
/// `CARBIDE_LOG=json`.
pub fn start(verbose: u8) {
    let level = match verbose {
        // A driver's remarks on every connection are no news for the one who asked for a plan.
        0 => "warn,odbc_api=error",
        1 => "carbide=info,warn,odbc_api=error",
        _ => "carbide=debug,info",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // A second start, as in tests, keeps the first.
    let _ = if std::env::var("CARBIDE_LOG").is_ok_and(|format| format == "json") {
        builder.json().try_init()
    } else {
        builder.try_init()
    };
}
