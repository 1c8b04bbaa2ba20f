//! `mappings/meters.toml`: the tree of meters of this site. A plant with one meter has no such file.

use std::path::Path;

use super::file::{self, ConfigError};
use crate::meters::SiteMeters;
use crate::source::ems::EmsMapping;

/// Loads the mapping; `None` without a file.
///
/// # Errors
///
/// [`ConfigError`] with the place of an unknown key, a node without a place, a cycle, a second top, a
/// meter that `ems` does not have, or a unit that does not fit the medium.
pub fn load(path: &Path, ems: &EmsMapping) -> Result<Option<SiteMeters>, ConfigError> {
    if !path.exists() {
        return Ok(None);
    }
    let site: SiteMeters = file::load(path)?;
    let known: Vec<_> = ems.meter.iter().map(|meter| meter.id.clone()).collect();
    site.validate(&known).map_err(|error| file::at_key(path, "node", error.to_string()))?;
    Ok(Some(site))
}
