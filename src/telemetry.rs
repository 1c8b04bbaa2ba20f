//! Logs: for people on a terminal, as JSON lines for machines; always on stderr. Traces: to a collector,
//! where one is named.

#[cfg(feature = "otel")]
mod traces;

use std::io::IsTerminal;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// What was set up. When it is dropped, what was not sent yet is sent.
#[derive(Default)]
pub struct Telemetry {
    #[cfg(feature = "otel")]
    _traces: Option<traces::Traces>,
}

/// Sets up logging once. `verbose` counts `-v`; `RUST_LOG` wins over it. JSON is written when
/// `CARBIDE_LOG=json`. Traces go by OTLP over HTTP to `OTEL_EXPORTER_OTLP_ENDPOINT`, sent on `runtime`.
///
/// # Errors
///
/// A text that says why the collector cannot be used; logs are set up all the same.
pub fn start(verbose: u8, runtime: &tokio::runtime::Handle) -> (Telemetry, Result<(), String>) {
    let level = match verbose {
        // A driver's remarks on every connection are no news for the one who asked for a plan.
        0 => "warn,odbc_api=error",
        1 => "carbide=info,warn,odbc_api=error",
        _ => "carbide=debug,info",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let to_people = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let logs = if std::env::var("CARBIDE_LOG").is_ok_and(|format| format == "json") {
        to_people.json().with_filter(filter).boxed()
    } else {
        to_people.with_filter(filter).boxed()
    };
    let registry = tracing_subscriber::registry().with(logs);
    #[cfg(feature = "otel")]
    {
        let (traces, said) = match traces::start(runtime) {
            Ok(traces) => (traces, Ok(())),
            Err(error) => (None, Err(error)),
        };
        let layer = traces.as_ref().map(traces::Traces::layer);
        // A second start, as in tests, keeps the first.
        let _ = registry.with(layer).try_init();
        (Telemetry { _traces: traces }, said)
    }
    #[cfg(not(feature = "otel"))]
    {
        let _ = (registry.try_init(), runtime);
        (Telemetry::default(), Ok(()))
    }
}
