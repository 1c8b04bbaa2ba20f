//! `mappings/fields/*.toml` and `mappings/units.toml`: which property of SAP gives which field.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::file::{self, ConfigError};
use crate::source::sap::field_mapping::{
    FieldFile, FieldMapping, FieldProblem, OwnUnits, UnitFile, own_units,
};

/// The field mapping out of its files.
#[derive(Clone, Debug, Default)]
pub struct LoadedFields {
    /// What is in force.
    pub mapping: Arc<FieldMapping>,
    /// The files, in the order of their names; services without one are read by the standard.
    pub files: Vec<PathBuf>,
    /// Services of the files.
    pub services: Vec<String>,
    /// Everything that is wrong or odd.
    pub problems: Vec<PlacedProblem>,
}

/// A problem with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedProblem {
    /// File.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// Whether nothing starts with it.
    pub refused: bool,
    /// Code and sentence.
    pub text: String,
}

/// Loads for use: the first problem that nothing may start with is an error.
///
/// # Errors
///
/// [`ConfigError`] with file, line and column.
pub fn load(mappings: &Path) -> Result<Arc<FieldMapping>, ConfigError> {
    let loaded = look_at(mappings)?;
    match loaded.problems.into_iter().find(|problem| problem.refused) {
        Some(PlacedProblem { file, line, column, text, .. }) => {
            Err(ConfigError::Place { path: file, line, column, reason: text })
        }
        None => Ok(loaded.mapping),
    }
}

/// Loads with everything that is wrong.
///
/// # Errors
///
/// [`ConfigError`] for a file that cannot be read as one.
pub fn look_at(mappings: &Path) -> Result<LoadedFields, ConfigError> {
    let mut problems = Vec::new();
    let units = units(&mappings.join("units.toml"), &mut problems)?;
    let folder = mappings.join("fields");
    let files = toml_files(&folder)?;
    let mut texts = Vec::with_capacity(files.len());
    let mut parsed: Vec<FieldFile> = Vec::with_capacity(files.len());
    for path in &files {
        let text = file::read(path)?;
        parsed.push(file::parse(path, &text)?);
        texts.push(text);
    }
    let (mapping, found) = FieldMapping::of(&parsed, &units);
    problems.extend(found.into_iter().map(|problem| {
        let FieldProblem { file, offset, refused, text } = problem;
        place(&files[file], &texts[file], offset, refused, text)
    }));
    let services = parsed.iter().map(|file| file.service.get_ref().clone()).collect();
    Ok(LoadedFields { mapping: Arc::new(mapping), files, services, problems })
}

fn units(path: &Path, problems: &mut Vec<PlacedProblem>) -> Result<OwnUnits, ConfigError> {
    if !path.exists() {
        return Ok(OwnUnits::new());
    }
    let text = file::read(path)?;
    let parsed: UnitFile = file::parse(path, &text)?;
    let (units, found) = own_units(&parsed);
    problems.extend(
        found.into_iter().map(|found| place(path, &text, found.offset, found.refused, found.text)),
    );
    Ok(units)
}

/// A problem at a byte of a file.
pub fn place(
    path: &Path,
    text: &str,
    offset: usize,
    refused: bool,
    problem: String,
) -> PlacedProblem {
    let (line, column) = file::line_and_column(text, offset);
    PlacedProblem { file: path.to_owned(), line, column, refused, text: problem }
}

fn toml_files(folder: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let unreadable = |reason| ConfigError::Unreadable { path: folder.to_owned(), reason };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
