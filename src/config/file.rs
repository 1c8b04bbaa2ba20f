//! Reading a TOML file strictly, with errors that name the place and the nearest known key.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::said;
use crate::said::Said;
use crate::words_by_said;
use serde::de::DeserializeOwned;

/// Largest configuration file.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// What is wrong in a configuration file.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not there or cannot be read.
    Unreadable {
        /// Path.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// Nobody writes so much by hand.
    TooLarge {
        /// Path.
        path: PathBuf,
        /// Limit.
        mebibytes: u64,
    },
    /// Something in the file is wrong.
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

impl ConfigError {
    /// What happened, with what it is made of.
    pub fn said(&self) -> Said {
        match self {
            Self::Unreadable { path, reason } => said!(
                "config.unreadable",
                "{path} cannot be read: {reason}. `carbide config init` writes an example.",
                path = path.display(),
                reason = reason
            ),
            Self::TooLarge { path, mebibytes } => said!(
                "config.too-large",
                "CFG-SIZE: {path} is larger than {mebibytes} MiB; it was not read",
                path = path.display(),
                mebibytes = mebibytes
            ),
            Self::Place { path, line, column, reason } => said!(
                "config.place",
                "{path}:{line}:{column}: {reason}",
                path = path.display(),
                line = line,
                column = column,
                reason = reason
            ),
        }
    }
}

words_by_said!(ConfigError);

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
/// [`ConfigError::Unreadable`], [`ConfigError::TooLarge`].
pub fn read(path: &Path) -> Result<String, ConfigError> {
    let unreadable = |reason| ConfigError::Unreadable { path: path.to_owned(), reason };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    // The length that a file claims may be no length at all: pipes and devices have none.
    let limit = file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text);
    match limit {
        Ok(length) if length as u64 > FILE_BYTES_MAX => {
            Err(ConfigError::TooLarge { path: path.to_owned(), mebibytes: FILE_BYTES_MAX >> 20 })
        }
        Ok(_) => Ok(text),
        Err(reason) => Err(unreadable(reason)),
    }
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
    let (line, column) = line_and_column(text, offset);
    ConfigError::Place { path: path.to_owned(), line, column, reason }
}

/// Line and column of byte `offset` of `text`, both from 1.
pub fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
    (line, column)
}

/// An error at the first place of `wanted` in the file, or at its start.
pub fn at_text(path: &Path, wanted: &str, reason: String) -> ConfigError {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    at(path, &text, text.find(wanted).unwrap_or(0), reason)
}

/// An error at the line that sets `key`, as `key` or `section.key`; at the section, or at the start
/// of the file, if nothing sets it.
pub fn at_key(path: &Path, key: &str, reason: String) -> ConfigError {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let (wanted, key) = match key.rsplit_once('.') {
        Some((section, key)) => (Some(section), key),
        None => (None, key),
    };
    let (mut offset, mut section, mut found) = (0, "", 0);
    for line in text.split_inclusive('\n') {
        let code = line.trim_start();
        let start = offset + line.len() - code.len();
        offset += line.len();
        if let Some(name) = code.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            section = name.trim_matches(['[', ']', ' ']);
            if wanted == Some(section) {
                found = start;
            }
        }
        let set = code.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='));
        if set && wanted.is_none_or(|wanted| wanted == section) {
            return at(path, &text, start, reason);
        }
    }
    at(path, &text, found, reason)
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
