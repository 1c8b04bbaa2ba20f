//! From settings to what the SAP clients take: the system, the way to it, and the proof.

use std::time::Duration;

use super::CycleError;
use crate::config::sap::{AuthMethod, RfcWay, SecretIn};
use crate::config::secrets::SecretSource;
use crate::config::{Config, owner};
use crate::said;
use crate::sap::auth::{Access, ApiKey, ClientCertificate, Grant, Method, OAuth2};
use crate::sap::carrier::Network;
use crate::sap::interfaces::Interfaces;
use crate::sap::nw_rfc::NwRfc;
use crate::sap::nw_rfc::destination::{Destination, Route, Snc};
use crate::sap::rfc::RfcClient;
use crate::sap::system::{Proxy, SapSystem, Trust};
use crate::sap::trace::Trace;
use crate::secret::SecretPlace;

/// Header of SAP API Management.
const API_KEY_HEADER: &str = "APIKey";

/// When SAP's secrets are fetched for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// Now: one that cannot be had is found out before anything is sent.
    Now,
    /// With the first request, if there is one.
    WithRequest,
}

/// The configured system. What is used of it is recorded in the folder of the store.
///
/// # Errors
///
/// [`CycleError::Secret`] if a place of a secret makes no sense.
pub fn system(config: &Config, secrets: Secrets) -> Result<SapSystem, CycleError> {
    let sap = &config.settings.sap;
    let proxy = match &sap.proxy {
        Some(proxy) if proxy.from_environment => Proxy::Environment,
        Some(proxy) => match &proxy.url {
            Some(url) => Proxy::At {
                url: url.clone(),
                no_proxy: proxy.no_proxy.clone(),
                credentials: match (&proxy.user, &proxy.password_from) {
                    (Some(user), Some(from)) => {
                        let key = "sap.proxy.password_from";
                        Some((user.clone(), place(config, key, from, secrets)?))
                    }
                    _ => None,
                },
            },
            None => Proxy::None,
        },
        None => Proxy::None,
    };
    let unverified = sap.tls_verify == Some(false);
    if unverified {
        tracing::warn!(
            system = sap.system,
            "tls_verify = false: whoever answers is taken for SAP and is given the password"
        );
    }
    let folder = config.path(&config.settings.post.directory);
    if let Err(error) = owner::claim(&folder, &config.settings.owner()) {
        tracing::warn!(%error, folder = %folder.display(), "the folder cannot be written");
    }
    let mut interfaces = Interfaces::shipped();
    if sap.allow_rfc_read_table {
        interfaces = interfaces.with_unpublished();
    }
    match Trace::open(&folder) {
        Ok(trace) => interfaces = interfaces.traced(trace),
        Err(error) => {
            tracing::warn!(%error, folder = %folder.display(), "the use of SAP is not recorded");
        }
    }
    Ok(SapSystem {
        id: sap.system.clone(),
        base_url: sap.url.clone(),
        client: sap.client.clone(),
        language: sap.language.clone(),
        timeout: Duration::from_secs(sap.timeout_seconds),
        trust: Trust {
            ca_file: sap.ca_file.as_ref().map(|path| config.path(path)),
            pinned_keys: sap.pinned_keys.clone(),
            unverified,
        },
        proxy,
        network: Network::default(),
        interfaces,
    })
}

/// The configured proof.
///
/// # Errors
///
/// [`CycleError::Secret`], [`CycleError::Incomplete`] if the method lacks a setting.
pub fn access(config: &Config, secrets: Secrets) -> Result<Access, CycleError> {
    let (sap, auth) = (&config.settings.sap, &config.settings.sap.auth);
    let needed =
        |key: &'static str, value: &Option<String>| value.clone().ok_or_else(|| lacking(key));
    let secret = |key: &'static str, value: &Option<String>| {
        value.as_deref().map(|from| place(config, key, from, secrets)).transpose()
    };
    let file = |key: &'static str, value: &Option<std::path::PathBuf>| {
        value.as_ref().map(|path| config.path(path)).ok_or_else(|| lacking(key))
    };
    let oauth = |grant: Grant| -> Result<Method, CycleError> {
        let trust = Trust {
            // The token endpoint may be another host: the pin of SAP's key does not hold for it.
            ca_file: auth.token_ca_file.as_ref().or(sap.ca_file.as_ref()).map(|p| config.path(p)),
            pinned_keys: Vec::new(),
            unverified: sap.tls_verify == Some(false),
        };
        Ok(Method::OAuth2(Box::new(OAuth2 {
            token_url: needed("token_url", &auth.token_url)?,
            client_id: needed("client_id", &auth.client_id)?,
            client_secret: secret("sap.auth.client_secret_from", &auth.client_secret_from)?,
            scope: auth.scope.clone().unwrap_or_default(),
            grant,
            secret_in_body: auth.client_secret_in == SecretIn::Body,
            trust,
            timeout: Duration::from_secs(sap.timeout_seconds),
        })))
    };
    let method = match auth.method {
        AuthMethod::Basic => {
            let from = needed("password_from", &sap.password_from)?;
            Method::Basic { password: place(config, "sap.password_from", &from, secrets)? }
        }
        AuthMethod::OAuth2ClientCredentials => oauth(Grant::ClientCredentials)?,
        AuthMethod::OAuth2Refresh => {
            let from = needed("refresh_token_from", &auth.refresh_token_from)?;
            let key = "sap.auth.refresh_token_from";
            oauth(Grant::Refresh(place(config, key, &from, secrets)?))?
        }
        AuthMethod::ClientCertificate => Method::ClientCertificate(ClientCertificate {
            certificate_file: file("certificate_file", &auth.certificate_file)?,
            key_file: file("key_file", &auth.key_file)?,
        }),
        AuthMethod::ApiKey => Method::ApiKey,
    };
    let api_key = secret("sap.auth.api_key_from", &auth.api_key_from)?.map(|key| ApiKey {
        header: auth.api_key_header.clone().unwrap_or_else(|| API_KEY_HEADER.to_owned()),
        key,
    });
    Ok(Access { user: sap.user.clone(), method, api_key })
}

/// The way to function modules that the settings choose.
///
/// # Errors
///
/// [`CycleError::Sap`] if a client cannot be built, as without the library.
pub fn rfc(config: &Config, system: &SapSystem, access: &Access) -> Result<RfcClient, CycleError> {
    let sap = &config.settings.sap;
    let Some(nw_rfc) = sap.nwrfc.as_ref().filter(|_| sap.rfc == RfcWay::NwRfc) else {
        return Ok(RfcClient::new(system, access)?);
    };
    let of = |text: &Option<String>| text.clone().unwrap_or_default();
    let route = match (&nw_rfc.host, &nw_rfc.message_server) {
        (Some(host), _) => Route::Server { host: host.clone(), number: of(&nw_rfc.instance) },
        (None, Some(host)) => Route::Group {
            host: host.clone(),
            service: nw_rfc.message_service.clone(),
            system: sap.system.clone(),
            group: of(&nw_rfc.group),
        },
        (None, None) => Route::WebSocket {
            host: of(&nw_rfc.websocket_host),
            port: nw_rfc.websocket_port.unwrap_or(443),
            client_pse: nw_rfc.client_pse.clone(),
        },
    };
    let snc = nw_rfc.snc_partner.clone().map(|partner_name| Snc {
        quality: nw_rfc.snc_quality.unwrap_or(9),
        my_name: nw_rfc.snc_name.clone(),
        partner_name,
        library: nw_rfc.snc_library.clone(),
    });
    let destination = Destination {
        library: nw_rfc.library.clone(),
        sha256: nw_rfc.sha256.clone(),
        route,
        saprouter: nw_rfc.saprouter.clone(),
        snc,
        connections: nw_rfc.connections.unwrap_or(4),
        trace: 0,
    };
    Ok(RfcClient::over(NwRfc::new(system, access, destination)?))
}

/// The place that a setting names.
fn place(
    config: &Config,
    key: &str,
    from: &str,
    secrets: Secrets,
) -> Result<SecretPlace, CycleError> {
    let source = SecretSource::parse(key, from, &config.base)?;
    if secrets == Secrets::Now {
        source.fetch()?;
    }
    Ok(source.place())
}

fn lacking(key: &str) -> CycleError {
    CycleError::Incomplete(said!("access.lacks", "[sap.auth] needs {key}", key = key))
}
