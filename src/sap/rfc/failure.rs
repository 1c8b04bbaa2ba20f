//! What went wrong on the way of an RFC call, from the library's return code to words.

use std::fmt;

use super::super::error::{Outcome, SapMessage};

/// What kind of failure it was: what people search for, and what they do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Gateway or network.
    Communication,
    /// The user was not let in.
    Logon,
    /// A right is missing.
    Authorization,
    /// A short dump.
    Dump,
    /// A message of type A, E or X ended the function module.
    Message,
    /// The function module raised an exception that it declares.
    Exception,
    /// The connection had ended before.
    Closed,
    /// It took too long and was given up.
    TimeOut,
    /// A value does not fit its field, here or there.
    Data,
    /// There is no such function module, parameter or field.
    NotFound,
    /// SAP's cryptographic library or SNC.
    Snc,
    /// The library itself: wrong version, missing symbol.
    Library,
    /// Something on this machine.
    Local,
    /// A transactional call that SAP wants sent again.
    Retry,
    /// None of these.
    Other,
}

impl Cause {
    /// The code that people search for.
    pub fn code(self) -> &'static str {
        match self {
            Self::Communication => "RFC-COMM",
            Self::Logon => "RFC-LOGON",
            Self::Authorization => "RFC-AUTH",
            Self::Dump => "RFC-DUMP",
            Self::Message => "RFC-MESSAGE",
            Self::Exception => "RFC-EXCEPTION",
            Self::Closed => "RFC-CLOSED",
            Self::TimeOut => "RFC-TIMEOUT",
            Self::Data => "RFC-DATA",
            Self::NotFound => "RFC-NOTFOUND",
            Self::Snc => "RFC-SNC",
            Self::Library => "RFC-LIB",
            Self::Local => "RFC-LOCAL",
            Self::Retry => "RFC-RETRY",
            Self::Other => "RFC-OTHER",
        }
    }

    /// What to do, with the transaction to open.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Communication => {
                "See SMGW for the gateway, SMMS for the message server, then the firewall (ports \
                 33NN, 36NN; 48NN with SNC)"
            }
            Self::Logon => {
                "SU01: is the user locked, is the password initial? Then client and secret; nothing \
                 is tried again, so that the user is not locked"
            }
            Self::Authorization => {
                "Run SU53 as the user; S_RFC with this function module is needed"
            }
            Self::Dump => "See ST22 at this time",
            Self::Message => "See the message in SE91; its cause is in SLG1 or SM21 at this time",
            Self::Exception => "SE37 explains the exception",
            Self::Closed => {
                "The connection ended (SM04, rdisp/gui_auto_logout, a firewall); try again"
            }
            Self::TimeOut => "See SM50 and SM66 for what the session does; sap.timeout_seconds",
            Self::Data => "Compare the interface in SE37; a transport may have changed it",
            Self::NotFound => {
                "SE37: does the function module exist in this release and is it remote-enabled?"
            }
            Self::Snc => {
                "STRUST (SNC SAPCryptolib), SNC0 for the partner; SECUDIR and sap.nwrfc.snc_*"
            }
            Self::Library => "Get the library that `carbide doctor` names",
            Self::Local => "See dev_rfc.trc in the working folder of Carbide",
            Self::Retry => "The same transaction is sent again under its number; see SM58",
            Self::Other => "See dev_rfc.trc here and SM21 there",
        }
    }
}

/// A failure of an RFC call, in the terms of SAP's RFC library.
#[derive(Clone, Debug, PartialEq)]
pub struct RfcFailure {
    /// System.
    pub system: String,
    /// Function module, or `logon`.
    pub function: String,
    /// What kind.
    pub cause: Cause,
    /// Name of the return code, such as `RFC_COMMUNICATION_FAILURE`.
    pub code: String,
    /// Key: name of the exception, of the dump, or of the library's own reason.
    pub key: String,
    /// Message of SAP, or the library's text with an empty class.
    pub message: SapMessage,
    /// Whether the call may have reached SAP.
    pub sent: bool,
}

impl RfcFailure {
    /// Whether SAP may have done something.
    pub fn outcome(&self) -> Outcome {
        let refused = matches!(self.cause, Cause::Authorization | Cause::Logon);
        if self.sent && !refused { Outcome::Unknown } else { Outcome::Refused }
    }
}

impl RfcFailure {
    /// What happened, without what to do.
    pub fn what(&self) -> String {
        let Self { system, function, cause, code, key, message, .. } = self;
        let said = if message.code.is_empty() {
            message.text.trim().to_owned()
        } else {
            message.to_string()
        };
        let named: Vec<&str> =
            [code.as_str(), key.as_str()].into_iter().filter(|text| !text.is_empty()).collect();
        let named =
            if named.is_empty() { String::new() } else { format!(" ({})", named.join(", ")) };
        format!("{}: {system}: {function}: {said}{named}", cause.code())
    }
}

impl fmt::Display for RfcFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done = match self.outcome() {
            Outcome::Refused => "nothing was done in SAP",
            Outcome::Unknown => "a write is looked up by reference before anything is sent again",
        };
        write!(f, "{}. {}; {done}.", self.what(), self.cause.advice())
    }
}
