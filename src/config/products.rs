//! `mappings/products.toml`: co-products, inbound transport and recycled content of this plant's
//! products. A plant that needs none of it has no such file.

use std::path::Path;

use rust_decimal::Decimal;

use super::file::{self, ConfigError};
use crate::footprint::product::rules::{ProductRules, RecyclingMethod};

/// Loads the mapping; without a file there are no rules.
///
/// # Errors
///
/// [`ConfigError`] with the place of an unknown key, a share that is none, a distance or weight that
/// is negative, or a material that two rules claim.
pub fn load(path: &Path) -> Result<ProductRules, ConfigError> {
    if !path.exists() {
        return Ok(ProductRules::default());
    }
    let rules: ProductRules = file::load(path)?;
    let wrong = |key: &str, reason: String| Err(file::at_key(path, key, reason));
    for (index, rule) in rules.co_products.iter().enumerate() {
        if rules.co_products[..index].iter().any(|earlier| earlier.material == rule.material) {
            return wrong("material", format!("{} has two rules for co-products", rule.material));
        }
        if rule.weight < Decimal::ZERO {
            return wrong("weight", format!("{} weighs less than nothing", rule.material));
        }
    }
    for leg in &rules.inbound {
        if leg.distance_km < Decimal::ZERO {
            return wrong("distance_km", format!("{} comes from less than nothing", leg.material));
        }
    }
    for rule in &rules.recycled {
        let shares = [
            ("recycled_content", rule.recycled_content),
            ("allocation", rule.allocation),
            ("recycled_at_end", rule.recycled_at_end),
        ];
        for (key, share) in shares {
            if share < Decimal::ZERO || share > Decimal::ONE {
                let reason = format!("{key} of {} is {share}; it is a share of one", rule.material);
                return wrong(key, reason);
            }
        }
        if rule.method == RecyclingMethod::CircularFootprint && rule.disposal.is_none() {
            let reason = format!("the circular footprint of {} needs a disposal", rule.material);
            return wrong("method", reason);
        }
    }
    Ok(rules)
}
