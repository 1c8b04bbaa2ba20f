//! Reading a TOML file strictly, with errors that name the place and the nearest known key.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

/// What is wrong in a configuration file.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not there or cannot be read.
    #[error("{path} cannot be read: {reason}. `carbide config init` writes an example.")]
    Unreadable {
        /// Path.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// Something in the file is wrong.
    #[error("{path}:{line}:{column}: {reason}")]
    Place {
        /// Path.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong and what to do.
        reason: String,
    },
}

/// Reads `path` into `T`; unknown keys are errors.
///
/// # Errors
///
/// [`ConfigError`] with the place.
pub fn load<T: DeserializeOwned>(path: &Path) -> Result<T, ConfigError> {
    let text = read(path)?;
    parse(path, &text)
}

/// Reads the text of a configuration file.
///
/// # Errors
///
/// [`ConfigError::Unreadable`].
pub fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path)
        .map_err(|reason| ConfigError::Unreadable { path: path.to_owned(), reason })
}

/// Reads `text`, which stands in `path`, into `T`.
///
/// # Errors
///
/// [`ConfigError::Place`].
pub fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, ConfigError> {
    toml::from_str(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        at(path, text, offset, with_nearest_key(error.message()))
    })
}

/// An error at byte `offset` of `text`.
pub fn at(path: &Path, text: &str, offset: usize, reason: String) -> ConfigError {
    let before = &text[..offset.min(text.len())];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
    ConfigError::Place { path: path.to_owned(), line, column, reason }
}

/// An error at the first line of the file that sets `key`.
pub fn at_key(path: &Path, key: &str, reason: String) -> ConfigError {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let set = line.trim_start().strip_prefix(key);
        if set.is_some_and(|rest| rest.trim_start().starts_with('=')) {
            return at(path, &text, offset + line.len() - line.trim_start().len(), reason);
        }
        offset += line.len();
    }
    at(path, &text, 0, reason)
}

/// Turns serde's list of all known keys into the one that was probably meant.
fn with_nearest_key(message: &str) -> String {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let Some((unknown, known)) = quoted.split_first() else {
        return message.to_owned();
    };
    let kind = if message.starts_with("unknown field") {
        "key"
    } else if message.starts_with("unknown variant") {
        "value"
    } else {
        return message.to_owned();
    };
    let nearest = known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(unknown, candidate), candidate))
        .min()
        .filter(|(distance, _)| *distance <= unknown.len().max(4) / 2);
    match nearest {
        Some((_, candidate)) => {
            format!("CFG-KEY: unknown {kind} {unknown} (did you mean {candidate}?)")
        }
        None => format!("CFG-KEY: unknown {kind} {unknown}; known are {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Example {
        tls_verify: bool,
        timeout_seconds: Option<u64>,
    }

    #[test]
    fn an_unknown_key_is_named_with_line_and_nearest_key() {
        let text = "tls_verify = true\ntimeout_secnds = 3\n";

        let error = parse::<Example>(Path::new("carbide.toml"), text).unwrap_err();

        assert_eq!(
            error.to_string(),
            "carbide.toml:2:1: CFG-KEY: unknown key timeout_secnds (did you mean timeout_seconds?)"
        );
    }

    #[test]
    fn a_missing_key_is_named() {
        let error = parse::<Example>(Path::new("carbide.toml"), "").unwrap_err();

        assert!(error.to_string().contains("missing field `tls_verify`"));
    }
}
