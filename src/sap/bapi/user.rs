//! A user's profiles. No role of Carbide's holds the right to ask for them: whoever may is not held to
//! the role.

use super::super::rfc::{Call, Reply};

/// Tells the profiles and roles of a user.
pub const GET_DETAIL: &str = "BAPI_USER_GET_DETAIL";

/// Profiles that grant everything, or what nobody grants to a technical user.
const SWEEPING: &[&str] = &["SAP_ALL", "SAP_NEW", "S_A.SYSTEM", "S_A.ADMIN", "S_A.DEVELOP"];

/// The call for one user.
pub fn get_detail(user: &str) -> Call {
    Call::new(GET_DETAIL)
        .value("USERNAME", user.to_uppercase())
        .table("PROFILES", Vec::new())
        .table("RETURN", Vec::new())
}

/// Those of the user's profiles that grant far more than a technical user needs.
pub fn sweeping_profiles(reply: &Reply) -> Vec<String> {
    let rows = reply.table("PROFILES");
    let names = rows.iter().filter_map(|row| row.get("BAPIPROF"));
    let names = names.map(|name| name.trim().to_owned());
    names.filter(|name| SWEEPING.contains(&name.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::rfc::Value;
    use super::*;

    #[test]
    fn only_profiles_that_reach_too_far_are_named() {
        let profile = |name: &str| Value::of_row(vec![("BAPIPROF", name.to_owned())]);
        let rows = ["Z_CARBIDE", "SAP_ALL ", "T-P0110023"].map(profile).to_vec();
        let reply = Reply::of([("PROFILES".to_owned(), Value::Table(rows))]);

        assert_eq!(sweeping_profiles(&reply), ["SAP_ALL"]);
        assert!(sweeping_profiles(&Reply::default()).is_empty());
    }
}
