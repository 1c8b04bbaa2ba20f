//! What Carbide may touch in SAP: the manifest, asked before anything is sent.

pub mod role;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use super::trace::{Trace, Use};

/// The manifest that the binary was built with.
static SHIPPED: LazyLock<Arc<Manifest>> = LazyLock::new(|| {
    Arc::new(Manifest::parse(include_str!("../../odata/manifest.toml")).expect("checked by a test"))
});

/// How the record calls the root of a service.
const SERVICE_DOCUMENT: &str = "service document";

/// Every interface of SAP that may be touched, and the right that it needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// OData services.
    #[serde(default)]
    pub service: Vec<ServiceEntry>,
    /// Function modules.
    #[serde(default)]
    pub rfc: RfcEntry,
    /// Authorization objects and their fields.
    #[serde(default)]
    pub authorization: BTreeMap<String, AuthorizationObject>,
}

/// One OData service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceEntry {
    /// Technical name.
    pub name: String,
    /// Path below the host.
    pub path: String,
    /// `V2` or `V4`.
    pub version: String,
    /// Entity sets that are read.
    #[serde(default)]
    pub read: Vec<String>,
    /// Entity sets and actions that are written.
    #[serde(default)]
    pub write: Vec<String>,
    /// Rights, in words: objects with activities, semicolons between.
    pub authorization: String,
}

/// Function modules over SOAP-RFC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RfcEntry {
    /// Path of SOAP-RFC.
    #[serde(default)]
    pub path: String,
    /// Path that ends a session.
    #[serde(default)]
    pub logoff: String,
    /// Function modules that read.
    #[serde(default)]
    pub read: Vec<String>,
    /// Function modules that write.
    #[serde(default)]
    pub write: Vec<String>,
    /// Rights, in words.
    #[serde(default)]
    pub authorization: String,
    /// Function modules that write orders.
    #[serde(default)]
    pub plan: Vec<String>,
    /// Rights that those need, in words.
    #[serde(default)]
    pub plan_authorization: String,
    /// Function modules that no role has the right to: the doctor calls them to see that they are
    /// refused.
    #[serde(default)]
    pub refused: Vec<String>,
    /// Tables.
    #[serde(default)]
    pub table_reading: TableReading,
}

/// Which tables may be read, and by what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableReading {
    /// Read function of the companion package.
    pub function: String,
    /// Tables that it may be asked for.
    pub tables: Vec<String>,
    /// The function that SAP has not released, which is off.
    #[serde(default)]
    pub unpublished: String,
    /// Whether the customer has switched it on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_unpublished: bool,
}

/// The fields of an authorization object with the values that Carbide needs. A value in `<>` is the
/// plant's own: `<plant>`, `<company code>`, `<services>`, `<functions>`, `<activities>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorizationObject {
    /// Field to value.
    pub fields: BTreeMap<String, String>,
    /// Codes of activities, if they are not those of table TACT.
    #[serde(default)]
    pub activities: BTreeMap<String, String>,
    /// What must be known beside it.
    #[serde(default)]
    pub note: String,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    ///
    /// What is wrong in it.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    /// What an HTTP request touches; `None` if the manifest does not list it.
    ///
    /// `path` is without a query; `function` is the function module of a SOAP call.
    pub fn find(&self, method: &str, path: &str, function: Option<&str>) -> Option<Use> {
        if path == self.rfc.path && method == "POST" {
            return self.find_function(function?);
        }
        if path == self.rfc.logoff && !path.is_empty() && method == "GET" {
            return Some(Use::new(method, "SOAP-RFC", "logoff"));
        }
        // The longest path wins: one service may stand below another.
        let services = self.service.iter().filter_map(|service| {
            let rest = path.strip_prefix(service.path.as_str())?;
            (rest.is_empty() || rest.starts_with('/')).then_some((service, rest))
        });
        let (service, rest) = services.max_by_key(|(service, _)| service.path.len())?;
        let object = object_of(rest);
        let reads = matches!(method, "GET" | "HEAD");
        let listed = |sets: &[String]| sets.contains(&object);
        let allowed = match object.as_str() {
            "" | "$metadata" => reads,
            // The requests inside are asked for one by one.
            "$batch" => method == "POST",
            _ if reads => listed(&service.read) || listed(&service.write),
            _ => listed(&service.write),
        };
        let object = if object.is_empty() { SERVICE_DOCUMENT } else { &object };
        allowed.then(|| Use::new(method, &service.name, object))
    }

    /// What a call of a function module touches; `None` if the manifest does not list it.
    pub fn find_function(&self, function: &str) -> Option<Use> {
        let named = |list: &[String]| list.iter().any(|name| name == function);
        let tables = &self.rfc.table_reading;
        let switched_on = tables.allow_unpublished && tables.unpublished == function;
        let listed = named(&self.rfc.read)
            || named(&self.rfc.write)
            || named(&self.rfc.plan)
            || named(&self.rfc.refused)
            || (switched_on && !function.is_empty());
        listed.then(|| Use::new("CALL", "RFC", function))
    }

    /// Whether a use that was recorded is one that the manifest lists.
    pub fn lists(&self, used: &Use) -> bool {
        match used.method.as_str() {
            "CALL" => self.find_function(&used.object).is_some(),
            "GET" if used.object == "logoff" => !self.rfc.logoff.is_empty(),
            method => self.service.iter().filter(|service| service.name == used.service).any(|s| {
                let set = if used.object == SERVICE_DOCUMENT { "" } else { &used.object };
                self.find(method, &format!("{}/{set}", s.path), None).is_some()
            }),
        }
    }
}

/// What a path below a service names: the set without its key, and whatever is reached from it, as
/// `Set/Navigation`, which the manifest has to list by that name.
fn object_of(rest: &str) -> String {
    // A stroke in a key is encoded, so every stroke parts segments.
    let segments = rest.split('/').map(|segment| segment.split('(').next().unwrap_or_default());
    let named = segments.filter(|segment| !segment.is_empty() && *segment != "$count");
    named.collect::<Vec<_>>().join("/")
}

/// The manifest in force and the record of what was used of it.
#[derive(Clone, Debug)]
pub struct Interfaces {
    /// What may be touched.
    pub manifest: Arc<Manifest>,
    trace: Option<Arc<Trace>>,
}

impl Interfaces {
    /// The manifest that the binary was built with, without a record.
    pub fn shipped() -> Self {
        Self { manifest: Arc::clone(&SHIPPED), trace: None }
    }

    /// Another manifest.
    pub fn of(manifest: Manifest) -> Self {
        Self { manifest: Arc::new(manifest), trace: None }
    }

    /// The same with the table reader that SAP has not released, which the customer switched on.
    #[must_use]
    pub fn with_unpublished(mut self) -> Self {
        Arc::make_mut(&mut self.manifest).rfc.table_reading.allow_unpublished = true;
        self
    }

    /// The same, recorded in `trace`.
    #[must_use]
    pub fn traced(mut self, trace: Trace) -> Self {
        self.trace = Some(Arc::new(trace));
        self
    }

    /// Leave to send one HTTP request, recorded. Requests inside of a batch are asked for one by one
    /// as well.
    ///
    /// # Errors
    ///
    /// The request, if the manifest does not list it; it must not be sent.
    pub fn permit(&self, method: &str, path: &str, function: Option<&str>) -> Result<(), String> {
        self.record(self.manifest.find(method, path, function)).ok_or_else(|| {
            [Some(method), Some(path), function].into_iter().flatten().collect::<Vec<_>>().join(" ")
        })
    }

    /// Records the navigation that a permitted read brings along by `$expand`: it reads other
    /// entities of the same service, which the manifest lists as `Set/Navigation`.
    pub fn record_expanded(&self, path: &str, expanded: &str) {
        let Some(set) = self.manifest.find("GET", path, None) else { return };
        // Options of V4 stand in parentheses; navigation of navigation has strokes or nests there.
        let mut depth = 0;
        let outside: String = expanded
            .chars()
            .filter(|letter| {
                depth += i32::from(*letter == '(');
                let kept = depth == 0;
                depth -= i32::from(*letter == ')');
                kept
            })
            .collect();
        for navigation in outside.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let object = format!("{}/{navigation}", set.object);
            self.record(Some(Use { object, ..set.clone() }));
        }
    }

    /// Leave to call one function module over any transport, recorded.
    ///
    /// # Errors
    ///
    /// The function module, if the manifest does not list it; it must not be called.
    pub fn permit_function(&self, function: &str) -> Result<(), String> {
        self.record(self.manifest.find_function(function)).ok_or_else(|| function.to_owned())
    }

    fn record(&self, used: Option<Use>) -> Option<()> {
        let used = used?;
        if let Some(trace) = &self.trace {
            trace.record(used);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(method: &str, path: &str) -> Option<String> {
        Interfaces::shipped().manifest.find(method, path, None).map(|used| used.object)
    }

    const PRODUCT: &str = "/sap/opu/odata/sap/API_PRODUCT_SRV";
    const ORDERS: &str = "/sap/opu/odata/sap/API_PLANNED_ORDERS";

    #[test]
    fn what_the_manifest_lists_may_be_sent() {
        assert_eq!(find("GET", &format!("{PRODUCT}/A_Product")).unwrap(), "A_Product");
        assert_eq!(find("GET", &format!("{PRODUCT}/A_Product('1')")).unwrap(), "A_Product");
        assert_eq!(find("GET", &format!("{PRODUCT}/A_Product/$count")).unwrap(), "A_Product");
        assert_eq!(find("GET", &format!("{PRODUCT}/$metadata")).unwrap(), "$metadata");
        assert_eq!(find("GET", &format!("{PRODUCT}/")).unwrap(), "service document");
        assert_eq!(
            find("PATCH", &format!("{ORDERS}/A_PlannedOrder('1')")).unwrap(),
            "A_PlannedOrder"
        );
    }

    #[test]
    fn what_it_does_not_list_may_not() {
        assert_eq!(find("GET", &format!("{PRODUCT}/A_ProductSecret")), None);
        assert_eq!(find("GET", &format!("{PRODUCT}X/A_Product")), None);
        assert_eq!(find("POST", &format!("{PRODUCT}/A_Product")), None);
        assert_eq!(find("GET", &format!("{PRODUCT}/A_Product('1')/to_Valuation")), None);
        assert_eq!(find("GET", &format!("{PRODUCT}/A_Product/../A_Secret")), None);
        assert_eq!(find("GET", "/sap/bc/gui/sap/its/webgui"), None);
        let interfaces = Interfaces::shipped();
        assert!(interfaces.permit("POST", "/sap/bc/soap/rfc", Some("RFC_READ_TABLE")).is_err());
        assert!(interfaces.permit("POST", "/sap/bc/soap/rfc", None).is_err());
        assert!(interfaces.permit("POST", "/sap/bc/soap/rfc", Some("RFCPING")).is_ok());
        assert!(interfaces.permit_function("BAPI_USER_CHANGE").is_err());
    }

    proptest::proptest! {
        #[test]
        fn nothing_outside_of_a_listed_service_is_ever_permitted(
            method in "GET|HEAD|POST|PUT|PATCH|DELETE|MERGE|OPTIONS",
            path in "(/sap/opu/odata4?/sap/(API_PRODUCT_SRV|API_PLANNED_ORDERS|API_[A-Z]{1,8}))?\
                (/(A_Product|A_PlannedOrder|[$]metadata|[$]batch))?[/A-Za-z_.$%();=0-9]{0,8}",
        ) {
            let manifest = Interfaces::shipped().manifest;

            if let Some(used) = manifest.find(&method, &path, None) {
                let mut services = manifest.service.iter();
                let service = services.find(|service| service.name == used.service).unwrap();
                proptest::prop_assert!(path.starts_with(&service.path));
                proptest::prop_assert!(manifest.lists(&used), "{used:?}");
                let reads = ["GET", "HEAD"].contains(&method.as_str());
                let batch = used.object == "$batch";
                proptest::prop_assert!(reads || batch || service.write.contains(&used.object));
            }
        }
    }
}
