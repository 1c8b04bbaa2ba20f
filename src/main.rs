//! The binary: parses, runs, sets the exit code.

use std::process::ExitCode;

use carbide::cli::{Cli, Exit};
use carbide::telemetry;
use clap::Parser;

fn main() -> ExitCode {
    quiet_when_nobody_listens();
    let cli = Cli::parse();
    // The only TLS provider; a second install, which cannot happen here, would keep the first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("carbide: the runtime cannot start: {error}");
            return Exit::Remote.into();
        }
    };
    let (telemetry, said) = telemetry::start(cli.verbose, runtime.handle());
    if let Err(text) = said {
        eprintln!("carbide: {text}");
    }
    let result = runtime.block_on(carbide::cli::run(cli));
    // Traces are sent while there is a runtime to send them.
    drop(telemetry);
    // Whatever was worth waiting for has been; a driver that hangs must not hold the answer back.
    runtime.shutdown_background();
    match result {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("carbide: {error}");
            error.exit.into()
        }
    }
}

/// `carbide journal ls | head` closes our output early: no fault, and no reason for a backtrace.
fn quiet_when_nobody_listens() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let text = panic.payload().downcast_ref::<String>().map_or("", String::as_str);
        if text.starts_with("failed printing to stdout") && text.contains("Broken pipe") {
            std::process::exit(141);
        }
        report(panic);
    }));
}
