//! `[serve]`: the daemon, its schedule, and who may come in.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::oidc::OidcLogon;

/// Latest day after its end on which a period closes by itself.
const CLOSE_AFTER_DAYS_MAX: u16 = 366;

/// Characters of a user in SAP.
const SAP_USER_MAX: usize = 12;

/// `[serve]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServeSettings {
    /// Address and port. Anything but this machine needs `public_url`.
    pub listen: SocketAddr,
    /// The address that people open, as a reverse proxy with TLS offers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// Minutes between two reads of SAP and the meters; 0 reads on request only.
    pub collect_minutes: u32,
    /// Minutes between two snapshots of the footprints; 0 keeps none.
    pub footprint_minutes: u32,
    /// Days after its end on which a period of the carbon ledger that is posted and confirmed closes by
    /// itself; 0 leaves that to people.
    pub close_after_days: u16,
    /// A new plan is made when the projection exceeds the budget of a quarter by this much; 0 plans on
    /// request only.
    pub plan_overshoot_percent: u8,
    /// Seconds between two looks at what planners ask for in SAP (transaction ZCARBIDE_PLAN of the
    /// companion package); 0 neither shows them plans nor asks.
    pub companion_seconds: u32,
    /// Who may release and take back plans in SAP without being a local user: SAP user = name as it
    /// stands in the journal, which is that of the directory or proxy, so that four eyes are four.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sap_planners: BTreeMap<String, String>,
    /// File of local users, readable by its owner alone.
    pub users_file: PathBuf,
    /// Minutes after which nobody who did nothing stays logged on.
    pub session_minutes: u32,
    /// A reverse proxy that says who comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<ProxyLogon>,
    /// A directory that says who comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oidc: Option<OidcLogon>,
}

/// `[serve.proxy]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProxyLogon {
    /// Header with the user.
    pub user_header: String,
    /// Header with roles or groups, separated by commas.
    pub roles_header: String,
    /// Addresses that may set them. From anywhere else they are refused.
    pub from: Vec<IpAddr>,
}

impl Default for ServeSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8020)),
            public_url: None,
            collect_minutes: 15,
            footprint_minutes: 60,
            close_after_days: 0,
            plan_overshoot_percent: 5,
            companion_seconds: 10,
            sap_planners: BTreeMap::new(),
            users_file: PathBuf::from("users.toml"),
            session_minutes: 60,
            proxy: None,
            oidc: None,
        }
    }
}

impl ServeSettings {
    /// The key that makes no sense, and why.
    pub(super) fn sensible(&self) -> Result<(), (&'static str, String)> {
        if !self.listen.ip().is_loopback() && self.public_url.is_none() {
            let reason = format!(
                "CFG-EXPOSED: serve.listen {} needs TLS: it can be reached from other machines; listen \
                 on 127.0.0.1 behind a reverse proxy and name the address that people open in \
                 serve.public_url",
                self.listen
            );
            return Err(("serve.listen", reason));
        }
        if let Some(url) = &self.public_url
            && !url.starts_with("https://")
        {
            return Err(("serve.public_url", format!("CFG-TLS: '{url}' is not https")));
        }
        if self.session_minutes == 0 || self.session_minutes > 1440 {
            let reason = format!("{} is not between 1 and 1440", self.session_minutes);
            return Err(("serve.session_minutes", reason));
        }
        if self.close_after_days > CLOSE_AFTER_DAYS_MAX {
            let reason = format!("{} is more than {CLOSE_AFTER_DAYS_MAX}", self.close_after_days);
            return Err(("serve.close_after_days", reason));
        }
        self.planners_are_sensible()?;
        if self.proxy.as_ref().is_some_and(|proxy| proxy.from.is_empty()) {
            let reason =
                "CFG-HEADER: serve.proxy needs serve.proxy.from: the addresses that may say who \
                          comes"
                    .to_owned();
            return Err(("serve.proxy.from", reason));
        }
        if let Some(oidc) = &self.oidc {
            if self.proxy.is_some() {
                let reason =
                    "either the proxy says who comes or the directory: remove one".to_owned();
                return Err(("serve.oidc", reason));
            }
            oidc.sensible()?;
        }
        Ok(())
    }

    fn planners_are_sensible(&self) -> Result<(), (&'static str, String)> {
        let mut known = BTreeSet::new();
        for (sap_user, name) in &self.sap_planners {
            let wrong = if sap_user.is_empty() || sap_user.chars().count() > SAP_USER_MAX {
                format!("'{sap_user}' is no SAP user: it has 1 to {SAP_USER_MAX} characters")
            } else if name.trim().is_empty() || name.trim() != name {
                format!(
                    "'{name}' is no name for SAP user {sap_user}; write it as the journal has it"
                )
            } else if !known.insert(sap_user.to_uppercase()) {
                format!("SAP user {sap_user} stands there twice")
            } else {
                continue;
            };
            return Err(("serve.sap_planners", wrong));
        }
        Ok(())
    }

    /// Whether people come through TLS, so that cookies must not travel without.
    pub fn is_public(&self) -> bool {
        self.public_url.is_some()
    }
}
