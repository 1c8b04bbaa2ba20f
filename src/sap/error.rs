//! Why SAP did not do what was asked, in words that a basis administrator can act on.

use std::fmt;

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
    /// Something else than SAP answered.
    #[error(
        "ODATA-NOTSAP: {system}: {request} was answered with {content_type} instead of {wanted}: a \
         logon page or a proxy. Check the login, the proxy and the client number."
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
        /// Whether it was a write that SAP may have done behind the proxy.
        write: bool,
    },
    /// The answer breaks off or is not what the format says.
    #[error(
        "ODATA-TRUNC: {system}: the answer to {request} is damaged after {bytes} bytes: {reason}"
    )]
    Damaged {
        /// System.
        system: String,
        /// Method and path.
        request: String,
        /// Length of what came.
        bytes: usize,
        /// What is wrong.
        reason: String,
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
        message: SapMessage,
        /// Further messages, in words.
        details: String,
        /// Key into the error log.
        transaction_id: String,
    },
    /// A page came twice or a row came twice.
    #[error("ODATA-MOVED: {system}: {entity}: {what}; the read is repeated from the start")]
    Moved {
        /// System.
        system: String,
        /// Entity set.
        entity: String,
        /// What was seen.
        what: String,
    },
    /// A link leads elsewhere.
    #[error("SSRF-LINK: {system}: the next link leads to {link}; only {base} is allowed")]
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
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::NoAnswer { .. } => Outcome::Unknown,
            Self::NotSapAnswer { write, .. } | Self::Damaged { write, .. } if *write => {
                Outcome::Unknown
            }
            // Overload is a refusal only if SAP itself says so; a proxy may have passed the write on.
            Self::Refused { status: 429 | 503, message, .. } if !message.code.is_empty() => {
                Outcome::Refused
            }
            Self::Refused { status, .. } if *status >= 500 || *status == 429 => Outcome::Unknown,
            _ => Outcome::Refused,
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

fn hint(status: u16, transaction_id: &str) -> String {
    let what = match status {
        404 => "The object does not exist, or the service is not active in /IWFND/MAINT_SERVICE",
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
