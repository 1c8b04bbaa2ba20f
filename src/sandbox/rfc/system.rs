//! What the system says about itself, and about its user.

use super::{Node, message};

/// `RFC_SYSTEM_INFO`.
pub(super) fn info() -> String {
    let fields = [
        ("RFCHOST", "sandbox"),
        ("RFCSYSID", "SBX"),
        ("RFCDATABS", "SBX"),
        ("RFCDBHOST", "sandbox"),
        ("RFCDBSYS", "HDB"),
        ("RFCSAPRL", "758"),
        ("RFCOPSYS", "Linux"),
        ("RFCKERNRL", "793"),
        ("RFCHOST2", "sandbox"),
    ];
    let fields = fields.map(|(name, value)| format!("<{name}>{value}</{name}>"));
    format!("<RFCSI_EXPORT>{}</RFCSI_EXPORT>", fields.concat())
}

/// `BAPI_USER_GET_DETAIL`. A user without profiles of this kind is held to the role, and the role has
/// no right to this function.
///
/// # Errors
///
/// The refusal of the right to call it.
pub(super) fn user_detail(profiles: &[String], call: &Node) -> Result<String, String> {
    refused_unless_sweeping(profiles, "BAPI_USER_GET_DETAIL")?;
    let rows = profiles.iter().map(|name| format!("<item><BAPIPROF>{name}</BAPIPROF></item>"));
    let rows: String = rows.collect();
    let user = call.field("USERNAME");
    let said = message("S", "01", "000", &format!("User {user} was read"));
    Ok(format!("<PROFILES>{rows}</PROFILES><RETURN>{said}</RETURN>"))
}

/// The right to a function module that is in no role of Carbide's.
///
/// # Errors
///
/// The refusal in SAP's words.
pub(super) fn refused_unless_sweeping(profiles: &[String], function: &str) -> Result<(), String> {
    if profiles.is_empty() {
        return Err(format!(
            "RFC_NO_AUTHORITY: No RFC authorization for function module {function}."
        ));
    }
    Ok(())
}
