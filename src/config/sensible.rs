//! Values that parse and still make no sense.

use super::sap::{AuthMethod, RfcWay, SapSettings};
use super::{Settings, file_system};
use crate::post::SystemRole;
use crate::post::state::UNDER_WAY_MAX;
use crate::sap::tls;

/// The key that is wrong, as `section.key`, and why.
pub(super) type Nonsense = (&'static str, String);

/// Least time in which a request that we lost may still be written: a dialog work process of SAP
/// runs for at most 600 s by default (`rdisp/max_wprun_time`), and the way back takes its time.
const SETTLE_SECONDS_MIN: u64 = 720;

impl Settings {
    pub(super) fn sensible(&self) -> Result<(), Nonsense> {
        self.sap.sensible()?;
        self.post_is_sensible()?;
        self.plan_is_sensible()?;
        self.serve.sensible()?;
        let sync = &self.sync;
        within("sync.overlap_minutes", sync.overlap_minutes.into(), 1, 1440)?;
        within("sync.full_compare_hours", sync.full_compare_hours.into(), 1, 744)?;
        if self.plant.standard_values.len() > 6 {
            let reason = "SAP has six standard values at most".to_owned();
            return Err(("plant.standard_values", reason));
        }
        Ok(())
    }

    fn post_is_sensible(&self) -> Result<(), Nonsense> {
        let (settle, role) = (self.post.settle_seconds, self.sap.role);
        if role != SystemRole::Sandbox && settle < SETTLE_SECONDS_MIN {
            return Err((
                "post.settle_seconds",
                format!(
                    "CFG-SETTLE: settle_seconds {settle} is too short for a {role:?} system; it is \
                     below SAP's limit {SETTLE_SECONDS_MIN}, the time in which a request that we \
                     lost may still be written"
                ),
            ));
        }
        within("post.settle_seconds", settle, 0, 86_400)?;
        within("post.sessions", self.post.sessions as u64, 1, UNDER_WAY_MAX as u64)?;
        within("post.documents_max", self.post.documents_max as u64, 1, 100_000)?;
        within("post.backup.keep_days", self.post.backup.keep_days.into(), 7, 36_500)
    }

    /// A journal needs a file system whose locks and syncs hold. A sandbox may do without.
    pub(super) fn journal_place(
        &self,
        kind: Option<file_system::FileSystem>,
    ) -> Result<(), Nonsense> {
        match kind {
            Some(kind) if !kind.keeps_a_journal() && self.sap.role != SystemRole::Sandbox => Err((
                "post.directory",
                format!(
                    "CFG-FS: {} is on {kind}; a local file system is required",
                    self.post.directory.display()
                ),
            )),
            _ => Ok(()),
        }
    }

    fn plan_is_sensible(&self) -> Result<(), Nonsense> {
        let plan = &self.plan;
        let weights = plan.weights;
        let sum = weights.carbon + weights.cost + weights.punctuality;
        if (sum - 1.0).abs() > 1e-9 {
            return Err(("plan.weights", format!("the weights sum to {sum}, not to 1")));
        }
        let share = |value: f64| (0.0..=1.0).contains(&value);
        if !share(plan.low_carbon_ratio_min) {
            return Err(("plan.low_carbon_ratio_min", "a share lies between 0 and 1".to_owned()));
        }
        if !share(plan.night_share_min)
            || !share(plan.night_share_max)
            || plan.night_share_min > plan.night_share_max
        {
            let reason = "0 <= minimum <= maximum <= 1 must hold".to_owned();
            return Err(("plan.night_share_min", reason));
        }
        if plan.carbon_cap_kg.is_some_and(|cap| !(cap.is_finite() && cap > 0.0)) {
            return Err(("plan.carbon_cap_kg", "a cap is above 0 kg".to_owned()));
        }
        if !plan.punctuality_min.is_none_or(share) {
            return Err(("plan.punctuality_min", "a share lies between 0 and 1".to_owned()));
        }
        if !plan.simulation.on_time_probability_min.is_none_or(share) {
            let reason = "a probability lies between 0 and 1".to_owned();
            return Err(("plan.simulation.on_time_probability_min", reason));
        }
        if let Err((name, reason)) = plan.simulation.scatter.check() {
            return Err(("plan.simulation.scatter", format!("{name}: {reason}")));
        }
        let replan = plan.replan;
        if replan.frozen_days >= plan.horizon_days {
            let reason = "it has to leave a day of plan.horizon_days".to_owned();
            return Err(("plan.replan.frozen_days", reason));
        }
        if !(replan.change_weight.is_finite() && replan.change_weight >= 0.0) {
            return Err(("plan.replan.change_weight", "a weight is 0 or more".to_owned()));
        }
        if !(replan.seconds.is_finite() && replan.seconds > 0.0) {
            return Err(("plan.replan.seconds", "a search takes more than 0 seconds".to_owned()));
        }
        if plan.horizon_days == 0 || plan.horizon_days > 366 {
            return Err(("plan.horizon_days", "plan between 1 and 366 days".to_owned()));
        }
        Ok(())
    }
}

impl SapSettings {
    fn sensible(&self) -> Result<(), Nonsense> {
        protected("sap.url", &self.url)?;
        if self.client.len() != 3 || !self.client.bytes().all(|b| b.is_ascii_digit()) {
            return Err((
                "sap.client",
                format!("CFG-CLIENT: sap.client must have three digits, not '{}'", self.client),
            ));
        }
        within("sap.timeout_seconds", self.timeout_seconds, 1, 600)?;
        within("sap.parallel_reads", self.parallel_reads as u64, 1, 64)?;
        if self.role == SystemRole::Production && self.tls_verify.is_some() {
            let reason = "CFG-KEY: unknown key tls_verify for a production system: its certificate \
                          is always verified; use ca_file for an authority of your own";
            return Err(("sap.tls_verify", reason.to_owned()));
        }
        if let Some(pin) = self.pinned_keys.iter().find(|pin| !tls::is_pin(pin)) {
            let reason = format!(
                "'{pin}' is no pin: the SHA-256 of the server's public key in base64, as `carbide \
                 doctor` shows it"
            );
            return Err(("sap.pinned_keys", reason));
        }
        self.auth_is_sensible()?;
        self.rfc_is_sensible()?;
        if let Some(proxy) = &self.proxy {
            match &proxy.url {
                Some(_) if proxy.from_environment => {
                    let reason = "url and from_environment exclude each other".to_owned();
                    return Err(("sap.proxy.url", reason));
                }
                Some(url) if !url.starts_with("http://") && !url.starts_with("https://") => {
                    return Err(("sap.proxy.url", "a proxy is http://host:port".to_owned()));
                }
                Some(url) if url.contains('@') => {
                    let reason = "CFG-SECRET: sap.proxy.url holds a user or password; write user and \
                                  password_from";
                    return Err(("sap.proxy.url", reason.to_owned()));
                }
                _ => {}
            }
            if proxy.user.is_some() != proxy.password_from.is_some() {
                let reason = "user and password_from belong together".to_owned();
                return Err(("sap.proxy.user", reason));
            }
        }
        Ok(())
    }

    fn rfc_is_sensible(&self) -> Result<(), Nonsense> {
        let nw_rfc = match (self.rfc, &self.nwrfc) {
            (RfcWay::Soap, _) => return Ok(()),
            (RfcWay::NwRfc, None) => {
                let reason = "rfc = \"nwrfc\" needs a section [sap.nwrfc] with the library and \
                              where it connects to";
                return Err(("sap.rfc", reason.to_owned()));
            }
            (RfcWay::NwRfc, Some(nw_rfc)) => nw_rfc,
        };
        if !nw_rfc.library.is_absolute() {
            let shown = nw_rfc.library.display();
            let reason = format!("'{shown}' is no absolute path: what is loaded must be certain");
            return Err(("sap.nwrfc.library", reason));
        }
        let ways = [&nw_rfc.host, &nw_rfc.message_server, &nw_rfc.websocket_host];
        if ways.iter().filter(|way| way.is_some()).count() != 1 {
            let reason = "exactly one of host, message_server and websocket_host says where to";
            return Err(("sap.nwrfc.library", reason.to_owned()));
        }
        if nw_rfc.host.is_some()
            && !nw_rfc.instance.as_deref().is_some_and(|number| {
                number.len() == 2 && number.bytes().all(|digit| digit.is_ascii_digit())
            })
        {
            let reason = "host needs instance, the two digits of the instance number".to_owned();
            return Err(("sap.nwrfc.host", reason));
        }
        if nw_rfc.message_server.is_some() && nw_rfc.group.is_none() {
            let reason = "message_server needs group, a logon group of transaction SMLG".to_owned();
            return Err(("sap.nwrfc.message_server", reason));
        }
        if nw_rfc.snc_quality.is_some_and(|quality| ![1, 2, 3, 8, 9].contains(&quality)) {
            let reason = "the quality of protection is 1, 2, 3, 8 or 9".to_owned();
            return Err(("sap.nwrfc.snc_quality", reason));
        }
        if self.role == SystemRole::Production
            && nw_rfc.snc_partner.is_none()
            && nw_rfc.websocket_host.is_none()
        {
            let reason = "CFG-SNC: RFC without SNC sends the password readable; a production system \
                          needs snc_partner, or websocket_host";
            return Err(("sap.nwrfc.library", reason.to_owned()));
        }
        within("sap.nwrfc.connections", nw_rfc.connections.unwrap_or(4) as u64, 1, 64)
    }

    fn auth_is_sensible(&self) -> Result<(), Nonsense> {
        use AuthMethod::{
            ApiKey, Basic, ClientCertificate, OAuth2ClientCredentials, OAuth2Refresh,
        };
        let auth = &self.auth;
        let oauth: &[AuthMethod] = &[OAuth2ClientCredentials, OAuth2Refresh];
        // Key, whether it is set, the methods that need it.
        let keys: [(&'static str, bool, &[AuthMethod]); 8] = [
            ("sap.password_from", self.password_from.is_some(), &[Basic]),
            ("sap.auth.token_url", auth.token_url.is_some(), oauth),
            ("sap.auth.client_id", auth.client_id.is_some(), oauth),
            (
                "sap.auth.client_secret_from",
                auth.client_secret_from.is_some(),
                &[OAuth2ClientCredentials],
            ),
            ("sap.auth.refresh_token_from", auth.refresh_token_from.is_some(), &[OAuth2Refresh]),
            ("sap.auth.certificate_file", auth.certificate_file.is_some(), &[ClientCertificate]),
            ("sap.auth.key_file", auth.key_file.is_some(), &[ClientCertificate]),
            ("sap.auth.api_key_from", auth.api_key_from.is_some(), &[ApiKey]),
        ];
        for (key, is_set, needed_by) in keys {
            if needed_by.contains(&auth.method) && !is_set {
                let place =
                    if key == "sap.password_from" { "sap.system" } else { "sap.auth.method" };
                return Err((place, format!("this method of logon needs {key}")));
            }
        }
        if auth.api_key_header.is_some() && auth.api_key_from.is_none() {
            return Err(("sap.auth.api_key_header", "it needs api_key_from".to_owned()));
        }
        if auth.method == ClientCertificate && self.url.starts_with("http:") {
            let reason = "a client certificate needs an https address".to_owned();
            return Err(("sap.auth.method", reason));
        }
        auth.token_url.as_deref().map_or(Ok(()), |url| protected("sap.auth.token_url", url))
    }
}

/// Only https leaves this machine, and no address holds a secret.
pub(super) fn protected(key: &'static str, url: &str) -> Result<(), Nonsense> {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let Some(rest) = rest else {
        return Err((key, format!("'{url}' is no https:// address")));
    };
    let host = rest.split('/').next().unwrap_or_default();
    if host.contains('@') {
        let reason =
            format!("CFG-SECRET: {key} holds a user or password; secrets do not belong here");
        return Err((key, reason));
    }
    let local = |local: &str| {
        host.strip_prefix(local).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    };
    if url.starts_with("http://") && !["127.0.0.1", "localhost", "[::1]"].into_iter().any(local) {
        let reason =
            format!("CFG-TLS: {key} uses http; only https is allowed outside this machine");
        return Err((key, reason));
    }
    Ok(())
}

fn within(key: &'static str, value: u64, least: u64, most: u64) -> Result<(), Nonsense> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err((key, format!("CFG-RANGE: {key} must be {least}..{most}, not {value}")))
}
