//! Where the library connects to, and how: the connection parameters under SAP's own names.

use std::path::PathBuf;

/// Everything that opens a connection but the user's secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Absolute path of the library.
    pub library: PathBuf,
    /// SHA-256 of the only library that is accepted, in hexadecimal.
    pub sha256: Option<String>,
    /// The way to an application server.
    pub route: Route,
    /// SAProuter string, `/H/host/S/3299`.
    pub saprouter: Option<String>,
    /// Encryption and, if there is no password, logon.
    pub snc: Option<Snc>,
    /// Most connections at the same time.
    pub connections: usize,
    /// Trace level of the library, 0 to 3; its files may hold business data.
    pub trace: u8,
}

/// The way to an application server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// One application server: ASHOST, SYSNR.
    Server {
        /// Host.
        host: String,
        /// Instance number, two digits.
        number: String,
    },
    /// A logon group of the message server: MSHOST, MSSERV, R3NAME, GROUP.
    Group {
        /// Host of the message server.
        host: String,
        /// Port or service name, if `sapmsSID` is not in /etc/services.
        service: Option<String>,
        /// System id.
        system: String,
        /// Logon group of transaction SMLG.
        group: String,
    },
    /// WebSocket RFC over TLS: WSHOST, WSPORT.
    WebSocket {
        /// Host.
        host: String,
        /// HTTPS port.
        port: u16,
        /// PSE with the certificates that are trusted.
        client_pse: Option<PathBuf>,
    },
}

/// Secure network communications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snc {
    /// Quality of protection: 1 authentication, 2 integrity, 3 privacy, 8 default, 9 maximum.
    pub quality: u8,
    /// Our name, `p:CN=CARBIDE, O=..`; that of the credentials in SECUDIR without it.
    pub my_name: Option<String>,
    /// Name of the application server.
    pub partner_name: String,
    /// SAP's cryptographic library; SNC_LIB of the environment without it.
    pub library: Option<PathBuf>,
}

impl Destination {
    /// The parameters, without user and password.
    pub fn parameters(&self, client: &str, language: &str) -> Vec<(&'static str, String)> {
        let mut parameters = vec![("CLIENT", client.to_owned()), ("LANG", language.to_owned())];
        match &self.route {
            Route::Server { host, number } => {
                parameters.push(("ASHOST", host.clone()));
                parameters.push(("SYSNR", number.clone()));
            }
            Route::Group { host, service, system, group } => {
                parameters.push(("MSHOST", host.clone()));
                parameters.extend(service.clone().map(|service| ("MSSERV", service)));
                parameters.push(("R3NAME", system.clone()));
                parameters.push(("GROUP", group.clone()));
            }
            Route::WebSocket { host, port, client_pse } => {
                parameters.push(("WSHOST", host.clone()));
                parameters.push(("WSPORT", port.to_string()));
                let pse = client_pse.as_ref().map(|path| path.display().to_string());
                parameters.extend(pse.map(|path| ("TLS_CLIENT_PSE", path)));
            }
        }
        parameters.extend(self.saprouter.clone().map(|route| ("SAPROUTER", route)));
        if let Some(snc) = &self.snc {
            parameters.push(("SNC_MODE", "1".to_owned()));
            parameters.push(("SNC_QOP", snc.quality.to_string()));
            parameters.extend(snc.my_name.clone().map(|name| ("SNC_MYNAME", name)));
            parameters.push(("SNC_PARTNERNAME", snc.partner_name.clone()));
            let library = snc.library.as_ref().map(|path| path.display().to_string());
            parameters.extend(library.map(|path| ("SNC_LIB", path)));
        }
        if self.trace > 0 {
            parameters.push(("TRACE", self.trace.to_string()));
        }
        parameters
    }

    /// The way in words, for messages.
    pub fn shown(&self) -> String {
        match &self.route {
            Route::Server { host, number } => format!("{host} instance {number}"),
            Route::Group { host, system, group, .. } => format!("{system} group {group} by {host}"),
            Route::WebSocket { host, port, .. } => format!("wss://{host}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destination(route: Route) -> Destination {
        Destination {
            library: "/l".into(),
            sha256: None,
            route,
            saprouter: Some("/H/router/S/3299".to_owned()),
            snc: Some(Snc {
                quality: 9,
                my_name: Some("p:CN=CARBIDE".to_owned()),
                partner_name: "p:CN=P01".to_owned(),
                library: Some("/usr/lib/libsapcrypto.so".into()),
            }),
            connections: 4,
            trace: 0,
        }
    }

    #[test]
    fn parameters_have_saps_names() {
        let group = Route::Group {
            host: "ms".to_owned(),
            service: Some("3600".to_owned()),
            system: "P01".to_owned(),
            group: "RFC".to_owned(),
        };

        let parameters = destination(group).parameters("100", "EN");

        let shown: Vec<String> =
            parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            shown.join(" "),
            "CLIENT=100 LANG=EN MSHOST=ms MSSERV=3600 R3NAME=P01 GROUP=RFC \
             SAPROUTER=/H/router/S/3299 SNC_MODE=1 SNC_QOP=9 SNC_MYNAME=p:CN=CARBIDE \
             SNC_PARTNERNAME=p:CN=P01 SNC_LIB=/usr/lib/libsapcrypto.so"
        );
    }

    #[test]
    fn one_server_and_web_socket_are_named_as_sap_names_them() {
        let server = Route::Server { host: "h".to_owned(), number: "00".to_owned() };
        let socket = Route::WebSocket { host: "w".to_owned(), port: 443, client_pse: None };

        assert!(destination(server).parameters("100", "EN").contains(&("SYSNR", "00".to_owned())));
        assert!(
            destination(socket).parameters("100", "EN").contains(&("WSPORT", "443".to_owned()))
        );
    }
}
