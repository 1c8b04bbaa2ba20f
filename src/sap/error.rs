//! Why SAP did not do what was asked, in words that a basis administrator can act on.

use std::fmt;

use super::rfc::failure::{Cause, RfcFailure};

/// Whether a write that ended in this error can still have taken effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// SAP refused it, or it never left: nothing was written.
    Refused,
    /// Nobody knows. Ask SAP by reference before anything else.
    Unknown,
}

/// One message of SAP, as class, number and text.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SapMessage {
    /// `S`, `I`, `W`, `E` or `A`.
    pub kind: String,
    /// Message class and number, as `F5 201`.
    pub code: String,
    /// Text in the logon language.
    pub text: String,
}

impl fmt::Display for SapMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.kind, self.code, self.text)
    }
}

/// Why SAP did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SapError {
    /// No connection was made.
    #[error(
        "{system}: {url} cannot be reached ({reason}). Check the address, the firewall and in SMICM \
         whether the port is open; nothing was sent."
    )]
    NotReachable {
        /// System.
        system: String,
        /// Address.
        url: String,
        /// What the connection said.
        reason: String,
    },
    /// The request left and no usable answer came: the only error that leaves a write in doubt.
    #[error(
        "{system}: no answer to {request} ({reason}). If it was a write, SAP may have done it: it is \
         looked up by reference before anything is sent again."
    )]
    NoAnswer {
        /// System.
        system: String,
        /// Method and path.
        request: String,
        /// What happened instead.
        reason: String,
    },
    /// What has to precede the request failed, so the request itself never left.
    #[error(
        "{system}: {request} needs a CSRF token, and fetching one failed; nothing was sent: {cause}"
    )]
    NotSent {
        /// System.
        system: String,
        /// Method and path of what was not sent.
        request: String,
        /// Why there is no token.
        cause: Box<SapError>,
    },
    /// User or password is wrong.
    #[error(
        "{system}: user {user} was not let in to client {client} (401). Check user, password and \
         client; in SU01 see whether the user is locked. Nothing is tried again, so that the user \
         is not locked."
    )]
    LogonRefused {
        /// System.
        system: String,
        /// User.
        user: String,
        /// Client.
        client: String,
    },
    /// A right is missing.
    #[error(
        "{system}: user {user} may not use {object}: {text}. Run SU53 as {user}, then add what it \
         shows to the role Z_CARBIDE_READ or Z_CARBIDE_PP_WRITE."
    )]
    NotAuthorized {
        /// System.
        system: String,
        /// User.
        user: String,
        /// Service or function.
        object: String,
        /// SAP's text.
        text: String,
    },
    /// The service itself is not there, which says nothing about any object.
    #[error(
        "{system}: {request}: SAP does not know the service ({code}: {text}). Activate it in \
         /IWFND/MAINT_SERVICE (V4: /IWFND/V4_ADMIN) and its node in SICF; nothing was done."
    )]
    ServiceInactive {
        /// System.
        system: String,
        /// Method and path.
        request: String,
        /// SAP's message code.
        code: String,
        /// SAP's text.
        text: String,
    },
    /// Something else than SAP answered.
    #[error(
        "ODATA-NOTSAP: {system}: {request} answered {content_type} instead of {wanted}; check login, \
         proxy and client number (status {status}): it is a logon page or a proxy."
    )]
    NotSapAnswer {
        /// System.
        system: String,
        /// Method and path.
        request: String,
        /// What came.
        content_type: String,
        /// What should have come.
        wanted: &'static str,
        /// HTTP status.
        status: u16,
        /// Whether it was a write that SAP may have done behind the proxy.
        write: bool,
    },
    /// The answer sends on to another address, which is never followed.
    #[error(
        "SSRF-REDIRECT: {system}: {request}: redirect to {url} refused. Check sap.url, the logon \
         procedure of the node in SICF, and the proxy."
    )]
    Redirected {
        /// System.
        system: String,
        /// Method and path.
        request: String,
        /// Where it would have led.
        url: String,
        /// Whether it was a write that SAP may have done behind a proxy.
        write: bool,
    },
    /// The answer breaks off or is not what the format says.
    #[error("{system}: the answer to {request} is damaged ({bytes} bytes): {reason}")]
    Damaged {
        /// System.
        system: String,
        /// Method and path.
        request: String,
        /// Length of what came.
        bytes: usize,
        /// What is wrong, with a code.
        reason: String,
        /// Whether it was a write.
        write: bool,
    },
    /// A batch was answered with less than was asked.
    #[error(
        "ODATA-BATCH: {system}: {service}, batch: {requests} requests, {answers} answers; \
         state-changing parts are in doubt and are looked up by reference before anything is sent \
         again."
    )]
    BatchShort {
        /// System.
        system: String,
        /// Service.
        service: String,
        /// Requests, or changes of a change set.
        requests: usize,
        /// Answers.
        answers: usize,
        /// Whether it is about a change.
        write: bool,
    },
    /// The answer is larger than anything that is read here.
    #[error(
        "HTTP-BOMB: {system}: the answer to {request} expands to more than {mebibytes} MiB; reading \
         stopped and nothing of it was kept. Narrow the filter or look at the proxy."
    )]
    TooLarge {
        /// System.
        system: String,
        /// Method and path.
        request: String,
        /// Limit.
        mebibytes: usize,
        /// Whether it was a write.
        write: bool,
    },
    /// SAP refused with a message.
    #[error(
        "{system}: {request} was refused with {status}: {message}{details}. {}",
        hint(*status, transaction_id)
    )]
    Refused {
        /// System.
        system: String,
        /// Method and path.
        request: String,
        /// HTTP status.
        status: u16,
        /// First message.
        message: Box<SapMessage>,
        /// Further messages, in words.
        details: String,
        /// Key into the error log.
        transaction_id: String,
    },
    /// The data moved while they were read: a row or a page came twice, or one is missing.
    #[error(
        "{code}: {system}: {entity}: {what}. It was read twice from the start with the same end, and \
         nothing was kept; read again when nobody changes the data."
    )]
    Moved {
        /// `ODATA-COUNT`, `ODATA-MOVED` or `ODATA-LOOP`.
        code: &'static str,
        /// System.
        system: String,
        /// Entity set.
        entity: String,
        /// What was seen.
        what: String,
    },
    /// A link leads elsewhere.
    #[error("SSRF-LINK: {system}: {}; only {base} is allowed", elsewhere(.link))]
    ForeignLink {
        /// System.
        system: String,
        /// Link.
        link: String,
        /// Configured address.
        base: String,
    },
    /// A field does not hold what its type says.
    #[error("{code}: {entity} {key}: {property} {problem}")]
    Value {
        /// `VAL-DECIMAL`, `VAL-DATE`, ...
        code: &'static str,
        /// Entity set or function.
        entity: String,
        /// Key of the row.
        key: String,
        /// Property.
        property: String,
        /// What is wrong.
        problem: String,
    },
    /// A BAPI answered with errors; the LUW was rolled back.
    #[error(
        "{system}: {function} was refused: {}. Nothing was posted.",
        .messages.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    )]
    Bapi {
        /// System.
        system: String,
        /// Function module.
        function: String,
        /// Its messages of type E and A.
        messages: Vec<SapMessage>,
    },
    /// A function module ended in a SOAP fault. After a write nobody knows how far it came.
    #[error(
        "SOAP-FAULT: {system}: {function} ended in a fault: {text}. See ST22 and SM21 around this \
         time; a write is looked up by reference before anything is sent again."
    )]
    Fault {
        /// System.
        system: String,
        /// Function module.
        function: String,
        /// Name of the exception, message and text, as far as SAP gave them.
        text: String,
    },
    /// A BAPI answered without the parameter that says whether it did its work.
    #[error(
        "BAPI-NORETURN: {system}: {function}: answer has no RETURN; a write is looked up by reference \
         before anything is sent again."
    )]
    NoReturn {
        /// System.
        system: String,
        /// Function module.
        function: String,
    },
    /// A BAPI reported no error and named no document.
    #[error(
        "BAPI-NODOC: {system}: {function}: no document number returned{}. It was rolled back; the \
         item is looked up by reference before anything is sent again.",
        .messages.iter().map(|message| format!("; {message}")).collect::<String>()
    )]
    NoDocument {
        /// System.
        system: String,
        /// Function module.
        function: String,
        /// What SAP said instead.
        messages: Vec<SapMessage>,
    },
    /// A message of a type that SAP does not document, so it is taken for an error.
    #[error(
        "BAPI-TYPE: {system}: {function}: message type {kind} unknown; treated as error: {}. It was \
         rolled back; nothing was posted.",
        .messages.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    )]
    MessageType {
        /// System.
        system: String,
        /// Function module.
        function: String,
        /// The letter.
        kind: String,
        /// Every message that is no S, I or W.
        messages: Vec<SapMessage>,
    },
    /// SAP keeps no session, so a commit would commit nothing.
    #[error(
        "{system}: {function} was called in a session of its own, but SAP set no cookie \
         sap-contextid: a commit would find nothing to commit. Check in SICF that /sap/bc/soap/rfc \
         allows stateful sessions and that no proxy drops cookies. Nothing was committed."
    )]
    NoSession {
        /// System.
        system: String,
        /// Function module.
        function: String,
    },
    /// The server showed a certificate that is not believed.
    #[error("{system}: {url}: {reason}. Nothing was sent.")]
    NotTrusted {
        /// System.
        system: String,
        /// Address.
        url: String,
        /// What is wrong with the certificate, with a code.
        reason: String,
    },
    /// The OAuth 2.0 server gave no token.
    #[error(
        "AUTH-TOKEN: {system}: no token from {url}: {reason}. Check client, secret and scope in \
         [sap.auth]; nothing was done in SAP."
    )]
    NoToken {
        /// System.
        system: String,
        /// Token endpoint.
        url: String,
        /// What it said.
        reason: String,
    },
    /// The call is not in the manifest, so it is a defect of Carbide and was not sent.
    #[error(
        "SAP-MANIFEST: {system}: {request} is not among the interfaces of `carbide interfaces`; it \
         was not sent. Please report it."
    )]
    OutsideManifest {
        /// System.
        system: String,
        /// Method and path, or function module.
        request: String,
    },
    /// A call over SAP's RFC library failed.
    #[error("{0}")]
    Rfc(Box<RfcFailure>),
    /// The client cannot be set up.
    #[error("{system}: {reason}")]
    Setup {
        /// System.
        system: String,
        /// Why.
        reason: String,
    },
}

impl SapError {
    /// Whether a write that ended so can have taken effect (JOURNAL 2.2).
    ///
    /// Only SAP itself can refuse: a status counts with a message of SAP beside it, since a proxy
    /// may say 404 or 503 after it passed the write on.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Rfc(failure) => failure.outcome(),
            Self::NoAnswer { .. }
            | Self::Fault { .. }
            | Self::NoReturn { .. }
            | Self::NoDocument { .. } => Outcome::Unknown,
            Self::NotSapAnswer { write: true, .. }
            | Self::Redirected { write: true, .. }
            | Self::Damaged { write: true, .. }
            | Self::BatchShort { write: true, .. }
            | Self::TooLarge { write: true, .. } => Outcome::Unknown,
            Self::Refused { status, message, .. } => {
                let definite = matches!(
                    status,
                    400 | 401 | 403 | 404 | 409 | 412 | 422 | 423 | 428 | 429 | 503
                );
                if definite && !message.code.is_empty() {
                    Outcome::Refused
                } else {
                    Outcome::Unknown
                }
            }
            _ => Outcome::Refused,
        }
    }

    /// Whether SAP has no function module of that name.
    pub fn says_no_such_function(&self) -> bool {
        let says_so = |text: &str| {
            let text = text.to_uppercase();
            ["DOES NOT EXIST", "NOT_FOUND", "NOT FOUND"].iter().any(|said| text.contains(said))
        };
        match self {
            // A description that was kept outlives its function: the call ends in a dump then.
            Self::Rfc(failure) => {
                failure.cause == Cause::NotFound
                    || failure.cause == Cause::Dump && says_so(&failure.to_string())
            }
            Self::Fault { text, .. } => says_so(text),
            _ => false,
        }
    }

    /// The HTTP status of a refusal.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }
}

/// Where a link leads that is not followed.
fn elsewhere(link: &str) -> String {
    match link.split_once(':') {
        Some((scheme, _)) if !scheme.contains('/') && !matches!(scheme, "http" | "https") => {
            format!("next link scheme {scheme} is not allowed ({link})")
        }
        _ => format!("next link leads to {link}"),
    }
}

fn hint(status: u16, transaction_id: &str) -> String {
    let what = match status {
        404 => "The object does not exist",
        409 | 423 => "Somebody holds a lock: see SM12",
        412 => "Somebody changed it after it was read; it was not overwritten",
        428 => "SAP wants the version that is to be changed",
        429 | 503 => "The system is overloaded; try later",
        _ => "Details stand in /IWFND/ERROR_LOG",
    };
    if transaction_id.is_empty() {
        what.to_owned()
    } else {
        format!("{what} (transaction id {transaction_id})")
    }
}
