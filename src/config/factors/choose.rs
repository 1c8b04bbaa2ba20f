//! `[[choose]]`: a series of the factor database for an activity of the plant.

use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;

use crate::factor::adjustment::AdjustmentValues;
use crate::factor::gas::GwpSet;
use crate::factor::package::{Package, PackageRow};
use crate::factor::{EmissionFactor, FactorOrigin, Scope};

/// Worst data quality.
const DATA_QUALITY_WORST: u8 = 5;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Choose {
    /// Books that the rows go to.
    #[serde(default = "super::plant_books")]
    pub books: Vec<String>,
    /// Activity of the plant.
    activity: String,
    /// Series of the database.
    pub series: Spanned<String>,
    /// Region, where the series has several.
    #[serde(default)]
    region: Option<String>,
    /// Scope, where the row covers several or none of ours.
    #[serde(default)]
    scope: Option<Scope>,
    /// Adjustments, in order.
    #[serde(default)]
    adjust: Vec<AdjustmentValues>,
    /// Use outside of the row's own region or time.
    #[serde(default)]
    proxy: Option<Proxy>,
}

/// A row that stands for something that it was not made for. It is one step worse in data quality.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proxy {
    #[serde(default)]
    region: Option<String>,
    #[serde(default)]
    valid_from: Option<Date>,
    reason: String,
}

impl Choose {
    /// The rows of the series as the plant uses them.
    pub fn rows(&self, package: &Package, set: GwpSet) -> Result<Vec<EmissionFactor>, String> {
        let series = self.series.get_ref();
        let found: Vec<&PackageRow> = package
            .series(series)
            .into_iter()
            .filter(|row| self.region.as_ref().is_none_or(|region| row.region == *region))
            .collect();
        if found.is_empty() {
            return Err(unknown(package, series, self.region.as_deref()));
        }
        let rows = found.iter().enumerate();
        rows.map(|(at, row)| self.row(package, row, set, at == 0)).collect()
    }

    fn row(
        &self,
        package: &Package,
        row: &PackageRow,
        set: GwpSet,
        first: bool,
    ) -> Result<EmissionFactor, String> {
        let mut value = row.value(&package.gwp, set).map_err(|error| error.to_string())?;
        let mut steps = Vec::new();
        if row.kg_co2e.is_none() {
            let masses = row.gases.fossil.iter().map(|(gas, kg)| format!("{kg} kg {gas}"));
            let masses: Vec<String> = masses.collect();
            steps.push(format!("{} under {set} = {}", masses.join(" + "), value.normalize()));
        }
        for values in &self.adjust {
            let adjustment = package.adjustments.iter().find(|of| of.id == values.id);
            let adjustment = adjustment.ok_or_else(|| {
                format!("FAC-ADJUST: package {} has no adjustment {}", package.id, values.id)
            })?;
            let applied = adjustment.apply(&row.series, value, values);
            let (adjusted, step) = applied.map_err(|error| error.to_string())?;
            value = adjusted;
            steps.push(step);
        }
        let scope = self.scope.or(match row.scope.as_str() {
            "1" => Some(Scope::Direct),
            "2" => Some(Scope::PurchasedEnergy),
            _ => None,
        });
        let scope = scope.ok_or_else(|| {
            format!(
                "factor {} covers scope {}; say which scope of the plant it is for",
                row.id, row.scope
            )
        })?;
        let mut data_quality = row.data_quality;
        let (mut region, mut valid_from) = (row.region.clone(), row.valid_from);
        let mut confidence = row.confidence.clone();
        if let Some(proxy) = &self.proxy {
            data_quality = (data_quality + 1).min(DATA_QUALITY_WORST);
            if let Some(other) = &proxy.region {
                region.clone_from(other);
            }
            // Only the oldest row can reach farther back.
            if let Some(day) = proxy.valid_from.filter(|day| first && *day < valid_from) {
                valid_from = day;
            }
            confidence = format!("{confidence}; proxy: {}", proxy.reason);
            steps.push(format!("proxy for {region} from {valid_from}: {}", proxy.reason));
        }
        let publication = package.publications.get(&row.source);
        let (source, licence) = match publication {
            Some(of) => (format!("{}: {}", of.publisher, of.title), of.licence.clone()),
            None => (row.source.clone(), String::new()),
        };
        let gwp_set = match row.gwp_set {
            Some(own) => own.to_string(),
            None if row.gases.depends_on_gwp() => set.to_string(),
            None => "n/a".to_owned(),
        };
        Ok(EmissionFactor {
            id: row.id.clone(),
            activity: self.activity.clone(),
            supplier: None,
            unit: row.unit,
            kg_co2e_per_unit: value.normalize(),
            scope,
            region,
            valid_from,
            valid_to: row.valid_to,
            gwp_set,
            source: format!("{source} ({})", row.published),
            licence,
            uncertainty_percent: row.uncertainty_percent,
            confidence,
            biogenic_co2_kg_per_unit: row.gases.biogenic_co2,
            primary: false,
            origin: Some(FactorOrigin {
                package: package.id.clone(),
                known_since: package.known_since,
                series: row.series.clone(),
                published: row.published.clone(),
                data_quality,
                steps,
            }),
        })
    }
}

/// What is there instead of a series that is not.
fn unknown(package: &Package, series: &str, region: Option<&str>) -> String {
    let regions: Vec<&str> = package.series(series).iter().map(|row| row.region.as_str()).collect();
    if let (Some(region), false) = (region, regions.is_empty()) {
        return format!("series {series} has no row for {region}; it has {}", regions.join(", "));
    }
    let nearest = package
        .rows
        .iter()
        .map(|row| (strsim::damerau_levenshtein(series, &row.series), row.series.as_str()))
        .min()
        .filter(|(distance, _)| *distance <= 3);
    match nearest {
        Some((_, name)) => {
            format!(
                "FAC-SERIES: package {} has no series {series} (did you mean {name}?)",
                package.id
            )
        }
        None => format!("FAC-SERIES: package {} has no series {series}", package.id),
    }
}
