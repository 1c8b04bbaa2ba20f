//! Why SAP did not do what was asked, in words that a basis administrator can act on.

use std::fmt;

use super::rfc::failure::{Cause, RfcFailure};
use crate::said;
use crate::said::Said;
use crate::words_by_said;

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
    NotReachable {
        /// System.
        system: String,
        /// Address.
        url: String,
        /// What the connection said.
        reason: String,
    },
    /// The request left and no usable answer came: the only error that leaves a write in doubt.
    NoAnswer {
        /// System.
        system: String,
        /// Method and path.
        request: String,
        /// What happened instead.
        reason: String,
    },
    /// What has to precede the request failed, so the request itself never left.
    NotSent {
        /// System.
        system: String,
        /// Method and path of what was not sent.
        request: String,
        /// Why there is no token.
        cause: Box<SapError>,
    },
    /// User or password is wrong.
    LogonRefused {
        /// System.
        system: String,
        /// User.
        user: String,
        /// Client.
        client: String,
    },
    /// A right is missing.
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
    ForeignLink {
        /// System.
        system: String,
        /// Link.
        link: String,
        /// Configured address.
        base: String,
    },
    /// A field does not hold what its type says.
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
    Bapi {
        /// System.
        system: String,
        /// Function module.
        function: String,
        /// Its messages of type E and A.
        messages: Vec<SapMessage>,
    },
    /// A function module ended in a SOAP fault. After a write nobody knows how far it came.
    Fault {
        /// System.
        system: String,
        /// Function module.
        function: String,
        /// Name of the exception, message and text, as far as SAP gave them.
        text: String,
    },
    /// A BAPI answered without the parameter that says whether it did its work.
    NoReturn {
        /// System.
        system: String,
        /// Function module.
        function: String,
    },
    /// A BAPI reported no error and named no document.
    NoDocument {
        /// System.
        system: String,
        /// Function module.
        function: String,
        /// What SAP said instead.
        messages: Vec<SapMessage>,
    },
    /// A message of a type that SAP does not document, so it is taken for an error.
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
    NoSession {
        /// System.
        system: String,
        /// Function module.
        function: String,
    },
    /// The server showed a certificate that is not believed.
    NotTrusted {
        /// System.
        system: String,
        /// Address.
        url: String,
        /// What is wrong with the certificate, with a code.
        reason: String,
    },
    /// The OAuth 2.0 server gave no token.
    NoToken {
        /// System.
        system: String,
        /// Token endpoint.
        url: String,
        /// What it said.
        reason: String,
    },
    /// The call is not in the manifest, so it is a defect of Carbide and was not sent.
    OutsideManifest {
        /// System.
        system: String,
        /// Method and path, or function module.
        request: String,
    },
    /// A call over SAP's RFC library failed.
    Rfc(Box<RfcFailure>),
    /// The client cannot be set up.
    Setup {
        /// System.
        system: String,
        /// Why.
        reason: String,
    },
}

impl SapError {
    /// What happened, with what it is made of.
    pub fn said(&self) -> Said {
        match self {
            Self::NotReachable { system, url, reason } => said!(
                "sap.not-reachable",
                "{system}: {url} cannot be reached ({reason}). Check the address, the firewall and in SMICM \
                 whether the port is open; nothing was sent.",
                system = system,
                url = url,
                reason = reason
            ),
            Self::NoAnswer { system, request, reason } => said!(
                "sap.no-answer",
                "{system}: no answer to {request} ({reason}). If it was a write, SAP may have done it: it is \
                 looked up by reference before anything is sent again.",
                system = system,
                request = request,
                reason = reason
            ),
            Self::NotSent { system, request, cause } => said!(
                "sap.not-sent",
                "{system}: {request} needs a CSRF token, and fetching one failed; nothing was sent: {cause}",
                system = system,
                request = request,
                cause = cause
            ),
            Self::LogonRefused { system, user, client } => said!(
                "sap.logon-refused",
                "{system}: user {user} was not let in to client {client} (401). Check user, password and \
                 client; in SU01 see whether the user is locked. Nothing is tried again, so that the user \
                 is not locked.",
                system = system,
                user = user,
                client = client
            ),
            Self::NotAuthorized { system, user, object, text } => said!(
                "sap.not-authorized",
                "{system}: user {user} may not use {object}: {text}. Run SU53 as {user}, then add what it \
                 shows to the role Z_CARBIDE_READ or Z_CARBIDE_PP_WRITE.",
                system = system,
                user = user,
                object = object,
                text = text
            ),
            Self::ServiceInactive { system, request, code, text } => said!(
                "sap.service-inactive",
                "{system}: {request}: SAP does not know the service ({code}: {text}). Activate it in \
                 /IWFND/MAINT_SERVICE (V4: /IWFND/V4_ADMIN) and its node in SICF; nothing was done.",
                system = system,
                request = request,
                code = code,
                text = text
            ),
            Self::NotSapAnswer { system, request, content_type, wanted, status, .. } => said!(
                "sap.not-sap-answer",
                "ODATA-NOTSAP: {system}: {request} answered {content_type} instead of {wanted}; check login, \
                 proxy and client number (status {status}): it is a logon page or a proxy.",
                system = system,
                request = request,
                content_type = content_type,
                wanted = wanted,
                status = status.to_string()
            ),
            Self::Redirected { system, request, url, .. } => said!(
                "sap.redirected",
                "SSRF-REDIRECT: {system}: {request}: redirect to {url} refused. Check sap.url, the logon \
                 procedure of the node in SICF, and the proxy.",
                system = system,
                request = request,
                url = url
            ),
            Self::Damaged { system, request, bytes, reason, .. } => said!(
                "sap.damaged",
                "{system}: the answer to {request} is damaged ({bytes} bytes): {reason}",
                system = system,
                request = request,
                bytes = bytes,
                reason = reason
            ),
            Self::BatchShort { system, service, requests, answers, .. } => said!(
                "sap.batch-short",
                "ODATA-BATCH: {system}: {service}, batch: {requests} requests, {answers} answers; \
                 state-changing parts are in doubt and are looked up by reference before anything is sent \
                 again.",
                system = system,
                service = service,
                requests = requests,
                answers = answers
            ),
            Self::TooLarge { system, request, mebibytes, .. } => said!(
                "sap.too-large",
                "HTTP-BOMB: {system}: the answer to {request} expands to more than {mebibytes} MiB; reading \
                 stopped and nothing of it was kept. Narrow the filter or look at the proxy.",
                system = system,
                request = request,
                mebibytes = mebibytes
            ),
            Self::Refused { system, request, status, message, details, transaction_id } => said!(
                "sap.refused",
                "{system}: {request} was refused with {status}: {message}{details}. {hint}",
                system = system,
                request = request,
                message = message,
                details = details,
                hint = hint(*status, transaction_id),
                status = status.to_string()
            ),
            Self::Moved { code, system, entity, what } => said!(
                "sap.moved",
                "{code}: {system}: {entity}: {what}. It was read twice from the start with the same end, and \
                 nothing was kept; read again when nobody changes the data.",
                code = code,
                system = system,
                entity = entity,
                what = what
            ),
            Self::ForeignLink { system, link, base } => said!(
                "sap.foreign-link",
                "SSRF-LINK: {system}: {link}; only {base} is allowed",
                system = system,
                link = elsewhere(link),
                base = base
            ),
            Self::Value { code, entity, key, property, problem } => said!(
                "sap.value",
                "{code}: {entity} {key}: {property} {problem}",
                code = code,
                entity = entity,
                key = key,
                property = property,
                problem = problem
            ),
            Self::Bapi { system, function, messages } => said!(
                "sap.bapi",
                "{system}: {function} was refused: {messages}. Nothing was posted.",
                system = system,
                function = function,
                messages = in_a_row(messages)
            ),
            Self::Fault { system, function, text } => said!(
                "sap.fault",
                "SOAP-FAULT: {system}: {function} ended in a fault: {text}. See ST22 and SM21 around this \
                 time; a write is looked up by reference before anything is sent again.",
                system = system,
                function = function,
                text = text
            ),
            Self::NoReturn { system, function } => said!(
                "sap.no-return",
                "BAPI-NORETURN: {system}: {function}: answer has no RETURN; a write is looked up by reference \
                 before anything is sent again.",
                system = system,
                function = function
            ),
            Self::NoDocument { system, function, messages } if messages.is_empty() => said!(
                "sap.no-document",
                "BAPI-NODOC: {system}: {function}: no document number returned. It was rolled back; the \
                 item is looked up by reference before anything is sent again.",
                system = system,
                function = function
            ),
            Self::NoDocument { system, function, messages } => said!(
                "sap.no-document.messages",
                "BAPI-NODOC: {system}: {function}: no document number returned; {messages}. It was rolled \
                 back; the item is looked up by reference before anything is sent again.",
                system = system,
                function = function,
                messages = in_a_row(messages)
            ),
            Self::MessageType { system, function, kind, messages } => said!(
                "sap.message-type",
                "BAPI-TYPE: {system}: {function}: message type {kind} unknown; treated as error: \
                 {messages}. It was rolled back; nothing was posted.",
                system = system,
                function = function,
                kind = kind,
                messages = in_a_row(messages)
            ),
            Self::NoSession { system, function } => said!(
                "sap.no-session",
                "{system}: {function} was called in a session of its own, but SAP set no cookie \
                 sap-contextid: a commit would find nothing to commit. Check in SICF that /sap/bc/soap/rfc \
                 allows stateful sessions and that no proxy drops cookies. Nothing was committed.",
                system = system,
                function = function
            ),
            Self::NotTrusted { system, url, reason } => said!(
                "sap.not-trusted",
                "{system}: {url}: {reason}. Nothing was sent.",
                system = system,
                url = url,
                reason = reason
            ),
            Self::NoToken { system, url, reason } => said!(
                "sap.no-token",
                "AUTH-TOKEN: {system}: no token from {url}: {reason}. Check client, secret and scope in \
                 [sap.auth]; nothing was done in SAP.",
                system = system,
                url = url,
                reason = reason
            ),
            Self::OutsideManifest { system, request } => said!(
                "sap.outside-manifest",
                "SAP-MANIFEST: {system}: {request} is not among the interfaces of `carbide interfaces`; it \
                 was not sent. Please report it.",
                system = system,
                request = request
            ),
            Self::Rfc(failure) => Said::from(failure.to_string()),
            Self::Setup { system, reason } => Said::from(format!("{system}: {reason}")),
        }
    }
}

words_by_said!(SapError);

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

/// Messages of SAP in its own words.
fn in_a_row(messages: &[SapMessage]) -> String {
    messages.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Where a link leads that is not followed.
fn elsewhere(link: &str) -> Said {
    match link.split_once(':') {
        Some((scheme, _)) if !scheme.contains('/') && !matches!(scheme, "http" | "https") => {
            said!(
                "sap.link.scheme",
                "next link scheme {scheme} is not allowed ({link})",
                scheme = scheme,
                link = link
            )
        }
        _ => said!("sap.link.elsewhere", "next link leads to {link}", link = link),
    }
}

fn hint(status: u16, transaction_id: &str) -> Said {
    let what = match status {
        404 => said!("sap.hint.absent", "The object does not exist"),
        409 | 423 => said!("sap.hint.lock", "Somebody holds a lock: see SM12"),
        412 => said!(
            "sap.hint.changed",
            "Somebody changed it after it was read; it was not overwritten"
        ),
        428 => said!("sap.hint.version", "SAP wants the version that is to be changed"),
        429 | 503 => said!("sap.hint.overloaded", "The system is overloaded; try later"),
        _ => said!("sap.hint.log", "Details stand in /IWFND/ERROR_LOG"),
    };
    if transaction_id.is_empty() {
        what
    } else {
        said!(
            "sap.hint.transaction",
            "{what} (transaction id {id})",
            what = what,
            id = transaction_id
        )
    }
}
