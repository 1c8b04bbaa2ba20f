//! Finds secrets that somebody wrote into the settings, before anything repeats them.

use std::path::Path;

use super::file::{self, ConfigError};

/// Names that hold a secret; with `_from` behind they name a place and are fine.
const NAMES: &[&str] = &[
    "password",
    "passwd",
    "secret",
    "client_secret",
    "token",
    "refresh_token",
    "access_token",
    "api_key",
    "apikey",
    "private_key",
    "service_key",
    "passphrase",
];

/// An error at the first key that holds a secret instead of naming its place.
///
/// # Errors
///
/// `CFG-SECRET` with the place, without the secret.
pub(super) fn refuse(path: &Path, text: &str) -> Result<(), ConfigError> {
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let code = line.split('#').next().unwrap_or_default();
        // A key stands at the start of a line, or in a table in braces.
        for (at, _) in code.match_indices('=') {
            let before = code[..at].trim_end();
            let key = before.rsplit(['{', ',', '.', ' ', '\t']).next().unwrap_or_default();
            let name = key.trim_matches(['"', '\'']).to_ascii_lowercase();
            let value = code[at + 1..].trim_start();
            if NAMES.contains(&name.as_str()) && value.starts_with(['"', '\'']) {
                let start = offset + before.len() - key.len();
                return Err(file::at(
                    path,
                    text,
                    start,
                    format!(
                        "CFG-SECRET: secrets do not belong in the file; write {name}_from with a \
                         place (keyring:SERVICE/USER, file:PATH, credential:NAME or env:NAME) and \
                         store it with `carbide config set-secret`"
                    ),
                ));
            }
        }
        offset += line.len();
    }
    Ok(())
}
