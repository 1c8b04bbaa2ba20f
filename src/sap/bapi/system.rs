//! What a system says about itself.

use super::super::rfc::{Call, Reply};

/// Tells system, release and host.
pub const INFO: &str = "RFC_SYSTEM_INFO";

/// A system as it describes itself. What it does not tell is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SystemInfo {
    /// System id.
    pub system: String,
    /// Release of the ABAP basis, such as 754.
    pub release: String,
    /// Release of the kernel.
    pub kernel: String,
    /// Host of the application server.
    pub host: String,
    /// Database system, such as HDB.
    pub database: String,
    /// Operating system of the application server.
    pub operating_system: String,
}

/// Does nothing but answer.
pub fn ping() -> Call {
    Call::new("RFCPING")
}

/// The call.
pub fn info() -> Call {
    Call::new(INFO)
}

/// What the answer tells.
pub fn told(reply: &Reply) -> SystemInfo {
    let field = |name: &str| reply.field("RFCSI_EXPORT", name).trim().to_owned();
    // The first field holds eight characters of a host's name.
    let long = field("RFCHOST2");
    SystemInfo {
        system: field("RFCSYSID"),
        release: field("RFCSAPRL"),
        kernel: field("RFCKERNRL"),
        host: if long.is_empty() { field("RFCHOST") } else { long },
        database: field("RFCDBSYS"),
        operating_system: field("RFCOPSYS"),
    }
}

impl SystemInfo {
    /// The release as a number that can be compared; `None` if there is none. From release 7.54 on
    /// it is three digits: 754, 757, 758.
    pub fn release_number(&self) -> Option<u32> {
        self.release.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::rfc::Value;
    use super::*;

    fn reply(fields: &[(&'static str, &str)]) -> Reply {
        let row = fields.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
        Reply::of([("RFCSI_EXPORT".to_owned(), Value::of_row(row))])
    }

    #[test]
    fn the_long_name_of_the_host_counts() {
        let short = [("RFCSYSID", "P01"), ("RFCSAPRL", "757 "), ("RFCHOST", "verylong")];
        let both = [&short[..], &[("RFCHOST2", "verylonghost")]].concat();

        assert_eq!(told(&reply(&short)).host, "verylong");
        assert_eq!(told(&reply(&both)).host, "verylonghost");
        assert_eq!(told(&reply(&both)).release_number(), Some(757));
        assert_eq!(told(&Reply::default()), SystemInfo::default());
    }
}
