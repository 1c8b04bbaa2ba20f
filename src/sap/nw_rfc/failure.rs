//! The library's `RFC_ERROR_INFO` as ours.

use super::super::error::SapMessage;
use super::super::rfc::failure::Cause;
use super::interface::{ErrorInfo, Rc};
use super::text::text;

pub const OK: Rc = 0;
pub const EXECUTED: Rc = 16;
pub const BUFFER_TOO_SMALL: Rc = 23;

/// `RFC_RC` by number: its name, and what kind of failure it is.
const CODES: [(&str, Cause); 34] = [
    ("RFC_OK", Cause::Other),
    ("RFC_COMMUNICATION_FAILURE", Cause::Communication),
    ("RFC_LOGON_FAILURE", Cause::Logon),
    ("RFC_ABAP_RUNTIME_FAILURE", Cause::Dump),
    ("RFC_ABAP_MESSAGE", Cause::Message),
    ("RFC_ABAP_EXCEPTION", Cause::Exception),
    ("RFC_CLOSED", Cause::Closed),
    ("RFC_CANCELED", Cause::TimeOut),
    ("RFC_TIMEOUT", Cause::TimeOut),
    ("RFC_MEMORY_INSUFFICIENT", Cause::Local),
    ("RFC_VERSION_MISMATCH", Cause::Library),
    ("RFC_INVALID_PROTOCOL", Cause::Communication),
    ("RFC_SERIALIZATION_FAILURE", Cause::Data),
    ("RFC_INVALID_HANDLE", Cause::Closed),
    ("RFC_RETRY", Cause::Retry),
    ("RFC_EXTERNAL_FAILURE", Cause::Local),
    ("RFC_EXECUTED", Cause::Other),
    ("RFC_NOT_FOUND", Cause::NotFound),
    ("RFC_NOT_SUPPORTED", Cause::Library),
    ("RFC_ILLEGAL_STATE", Cause::Local),
    ("RFC_INVALID_PARAMETER", Cause::Local),
    ("RFC_CODEPAGE_CONVERSION_FAILURE", Cause::Data),
    ("RFC_CONVERSION_FAILURE", Cause::Data),
    ("RFC_BUFFER_TOO_SMALL", Cause::Data),
    ("RFC_TABLE_MOVE_BOF", Cause::Data),
    ("RFC_TABLE_MOVE_EOF", Cause::Data),
    ("RFC_START_SAPGUI_FAILURE", Cause::Local),
    ("RFC_ABAP_CLASS_EXCEPTION", Cause::Exception),
    ("RFC_UNKNOWN_ERROR", Cause::Other),
    ("RFC_AUTHORIZATION_FAILURE", Cause::Authorization),
    ("RFC_AUTHENTICATION_FAILURE", Cause::Logon),
    ("RFC_CRYPTOLIB_FAILURE", Cause::Snc),
    ("RFC_IO_FAILURE", Cause::Local),
    ("RFC_LOCKING_FAILURE", Cause::Local),
];

/// `RFC_ERROR_GROUP` by number. It decides where a return code of a later patch level, or
/// `RFC_UNKNOWN_ERROR`, says too little.
const GROUPS: [Cause; 8] = [
    Cause::Other,
    Cause::Exception,
    Cause::Dump,
    Cause::Logon,
    Cause::Communication,
    Cause::Local,
    Cause::Local,
    Cause::Authorization,
];

/// The return codes whose numbers are checked against the library: those on which something hangs.
pub const CHECKED_CODES: [Rc; 9] = [0, 1, 2, 3, 4, 5, 13, EXECUTED, BUFFER_TOO_SMALL];

/// Name of a return code.
pub fn name_of(code: Rc) -> String {
    let known = usize::try_from(code).ok().and_then(|code| CODES.get(code));
    known.map_or_else(|| format!("RFC_RC {code}"), |(name, _)| (*name).to_owned())
}

/// What a function of the library said.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    pub cause: Cause,
    pub code: String,
    pub key: String,
    pub message: SapMessage,
    /// Whether the connection cannot be used any more.
    pub dead: bool,
}

impl Trouble {
    /// What the library reported.
    pub fn of(info: &ErrorInfo) -> Self {
        let (key, said) = (text(&info.key), text(&info.message));
        let class = text(&info.message_class);
        let number = text(&info.message_number);
        let kind = text(&info.message_type);
        let code = if class.is_empty() { String::new() } else { format!("{class} {number}") };
        let message = SapMessage { kind, code, text: said };
        let by_code = usize::try_from(info.code).ok().and_then(|code| CODES.get(code));
        let by_group = usize::try_from(info.group).ok().and_then(|group| GROUPS.get(group));
        let cause = match by_code {
            Some((_, cause)) if *cause != Cause::Other => *cause,
            _ => by_group.copied().unwrap_or(Cause::Other),
        };
        // Classic RFC has no return code for a missing S_RFC, and none for SNC.
        let cause = match cause {
            Cause::Dump | Cause::Communication if key == "RFC_NO_AUTHORITY" => Cause::Authorization,
            Cause::Communication if message.text.contains("SNC") => Cause::Snc,
            Cause::Exception if key == "FU_NOT_FOUND" => Cause::NotFound,
            other => other,
        };
        let by_group_dead = matches!(info.group, 2..=4);
        let dead = by_group_dead
            || matches!(
                cause,
                Cause::Communication | Cause::Closed | Cause::TimeOut | Cause::Logon | Cause::Snc
            );
        Self { cause, code: name_of(info.code), key, message, dead }
    }

    /// What is wrong on our side of the interface: nothing was sent.
    pub fn ours(cause: Cause, text: String) -> Self {
        let message = SapMessage { text, ..SapMessage::default() };
        Self { cause, code: String::new(), key: String::new(), message, dead: false }
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::units;
    use super::*;

    fn info(code: Rc, group: i32, key: &str, message: &str) -> ErrorInfo {
        let mut info = ErrorInfo { code, group, ..ErrorInfo::default() };
        for (to, from) in info.key.iter_mut().zip(units(key)) {
            *to = from;
        }
        for (to, from) in info.message.iter_mut().zip(units(message)) {
            *to = from;
        }
        info
    }

    #[test]
    fn every_return_code_and_every_group_has_a_cause() {
        for (code, (name, _)) in (0..).zip(CODES) {
            let trouble = Trouble::of(&info(code, 4, "", "x"));
            assert_eq!(trouble.code, name);
            assert_ne!(trouble.cause, Cause::Other, "{name}");
        }
        let later = Trouble::of(&info(99, 3, "", "x"));
        assert_eq!((later.cause, later.code.as_str()), (Cause::Logon, "RFC_RC 99"));
    }

    #[test]
    fn a_missing_right_and_a_failed_snc_are_told_from_what_they_come_as() {
        let right = Trouble::of(&info(3, 2, "RFC_NO_AUTHORITY", "No RFC authorization"));
        let snc = Trouble::of(&info(1, 4, "", "SNC name was not found"));

        assert_eq!((right.cause, snc.cause), (Cause::Authorization, Cause::Snc));
    }

    #[test]
    fn an_exception_leaves_the_connection_and_a_dump_does_not() {
        assert!(!Trouble::of(&info(5, 1, "NOT_FOUND", "")).dead);
        for (code, group) in [(1, 4), (3, 2), (4, 2), (6, 4), (13, 5), (7, 5)] {
            assert!(Trouble::of(&info(code, group, "", "")).dead, "{code}");
        }
    }
}
