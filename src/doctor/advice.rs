//! What to do about an error of SAP: transaction, role or note.

use crate::sap::error::SapError;

pub(super) fn of_service(error: &SapError) -> &'static str {
    match error {
        SapError::NotReachable { .. } => {
            "SMICM, Goto, Services: is the port active? Then the firewall"
        }
        SapError::NotTrusted { .. } => "STRUST: export the root certificate; set ca_file in [sap]",
        SapError::LogonRefused { .. } => {
            "SU01: locked? type System? Then the secret, with `carbide config show`"
        }
        SapError::NotAuthorized { .. } => {
            "SU53 as the user; the role is in `carbide interfaces --role`"
        }
        SapError::ServiceInactive { .. } => "/IWFND/MAINT_SERVICE (V4: /IWFND/V4_ADMIN), then SICF",
        SapError::NotSapAnswer { .. } | SapError::Redirected { .. } => {
            "SICF: logon procedure of the node; then the proxy between"
        }
        SapError::NoToken { .. } => "SOAUTH2 or the communication arrangement; then [sap.auth]",
        SapError::Refused { .. } => "/IWFND/ERROR_LOG at this time",
        SapError::OutsideManifest { .. } => "Please report this as a defect of Carbide",
        _ => "SM21 and ST22 at this time",
    }
}

/// The same of a function module, by the transport that carried it.
pub(super) fn of_function(error: &SapError, transport: &str) -> &'static str {
    match error {
        SapError::Rfc(failure) => failure.cause.advice(),
        SapError::Fault { .. } | SapError::NotAuthorized { .. } if transport == "soap" => {
            "SICF: activate /sap/bc/soap/rfc; S_RFC with the function module (SU53 as the user)"
        }
        SapError::NoSession { .. } => "SICF: /sap/bc/soap/rfc stateful; no proxy may drop cookies",
        other => of_service(other),
    }
}
