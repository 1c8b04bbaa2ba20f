//! Rights that nobody should have given to the technical user, by calls that must be refused.
//!
//! What no released call shows without doing harm (S_DEVELOP, S_TABU_DIS with its values) is asked of the
//! companion package; without it that is left to SUIM, and the line says so.

use super::check::Check;
use crate::sap::bapi::authority::{self, Granted, Right};
use crate::sap::bapi::user;
use crate::sap::error::SapError;
use crate::sap::rfc::failure::Cause;
use crate::sap::rfc::{Call, RfcClient};

pub(super) const NAME: &str = "rights beyond the role";

/// A table that no role names; without data, so that not one field of it is sent.
const NOBODYS_TABLE: &str = "USR02";

/// What no role of Carbide's has, and what whoever has it could do.
const FORBIDDEN: [(Right, &str); 10] = [
    (right("S_RFC", "RFC_NAME", "*"), "call every function module"),
    (right("S_DEVELOP", "ACTVT", "01"), "create programs"),
    (right("S_DEVELOP", "ACTVT", "02"), "change programs, and values while debugging"),
    (right("S_TABU_DIS", "DICBERCLS", "*"), "show the tables of every group"),
    (right("S_TABU_DIS", "ACTVT", "02"), "change tables of a group"),
    (right("S_TABU_NAM", "TABLE", "*"), "show every table"),
    (right("S_TABU_NAM", "TABLE", NOBODYS_TABLE), "read the passwords"),
    (right("S_USER_GRP", "ACTVT", "02"), "change users"),
    (right("S_USER_PRO", "ACTVT", "22"), "give profiles to users"),
    (right("S_ADMI_FCD", "S_ADMI_FCD", "*"), "administrate the system"),
];

const fn right(object: &'static str, field: &'static str, value: &'static str) -> Right {
    Right { object, field, value }
}

/// What a call that must be refused came to.
enum Attempt<T> {
    Refused,
    LetIn(T),
    NotAnswered(SapError),
}

/// Asks for the profiles of the own user, which S_RFC of the role does not allow, and if the reading of
/// tables by `RFC_READ_TABLE` is switched on for a table that S_TABU_NAM does not. Then the companion
/// package, where it is there, is asked for what no role has.
pub(super) async fn examine(rfc: &RfcClient, user: &str, unpublished: bool) -> Check {
    let mut beyond = Vec::new();
    let mut unseen = vec!["S_DEVELOP"];
    match attempt(rfc, &user::get_detail(user)).await {
        Attempt::Refused => {}
        Attempt::LetIn(reply) => {
            let (may, profiles) = (user::GET_DETAIL, user::sweeping_profiles(&reply));
            beyond.push(format!("S_RFC lets {user} call {may}, which is in no role"));
            if !profiles.is_empty() {
                beyond.push(format!("its profiles are {}", profiles.join(", ")));
            }
        }
        Attempt::NotAnswered(error) => {
            let text = format!("not known, {} was not answered: {error}", user::GET_DETAIL);
            return Check::skipped(NAME, text);
        }
    }
    if unpublished {
        let call = Call::new("RFC_READ_TABLE")
            .value("QUERY_TABLE", NOBODYS_TABLE)
            .value("NO_DATA", "X")
            .table("OPTIONS", Vec::new())
            .table("FIELDS", Vec::new())
            .table("DATA", Vec::new());
        match attempt(rfc, &call).await {
            Attempt::Refused => {}
            Attempt::LetIn(_) => beyond.push(format!(
                "S_TABU_DIS or S_TABU_NAM lets it read table {NOBODYS_TABLE}, the passwords"
            )),
            Attempt::NotAnswered(_) => unseen.push("S_TABU_DIS"),
        }
    } else {
        unseen.push("S_TABU_DIS");
    }
    let by_companion = asked_of_companion(rfc).await;
    if let Some(answers) = &by_companion {
        for ((right, means), granted) in FORBIDDEN.iter().zip(answers) {
            let Right { object, field, value } = right;
            match granted {
                Granted::Yes => beyond.push(format!("{object} {field} {value} lets it {means}")),
                Granted::No => unseen.retain(|unseen| unseen != object),
                Granted::Unknown if unseen.contains(object) => {}
                Granted::Unknown => unseen.push(object),
            }
        }
    }
    if !beyond.is_empty() {
        let advice = "SU01 and PFCG: take SAP_ALL and `*` away, give the roles of `carbide interfaces \
                      --role` and no other; SUIM shows where a value comes from";
        return Check::fail(NAME, beyond.join("; "), advice);
    }
    let refused = "no SAP_ALL and no `*` in S_RFC: what no role has was refused";
    let unseen = unseen.join(" and ");
    Check::ok(
        NAME,
        match by_companion {
            Some(_) if unseen.is_empty() => {
                let mut objects: Vec<_> = FORBIDDEN.iter().map(|(right, _)| right.object).collect();
                objects.dedup();
                format!("{refused}; it has nothing too much of {}", objects.join(", "))
            }
            Some(_) => format!("{refused}; SAP could not say of {unseen} (SUIM)"),
            None => format!(
                "{refused}; {unseen} no released call shows (SUIM, users by authorization, or the \
                 companion package)"
            ),
        },
    )
}

/// What SAP says of each forbidden right; `None` if the companion package is not there, is too old for
/// the question, or may not be called.
async fn asked_of_companion(rfc: &RfcClient) -> Option<Vec<Granted>> {
    let rights = FORBIDDEN.map(|(right, _)| right);
    let answer = rfc.call(&authority::ask(&rights)).await;
    let granted = answer.and_then(|reply| authority::answered(rfc.system(), &reply, &rights));
    granted.inspect_err(|error| tracing::info!(%error, "rights were not asked one by one")).ok()
}

async fn attempt(rfc: &RfcClient, call: &Call) -> Attempt<crate::sap::rfc::Reply> {
    match rfc.call(call).await {
        Ok(reply) => Attempt::LetIn(reply),
        Err(error) if is_refusal(&error) => Attempt::Refused,
        Err(error) => Attempt::NotAnswered(error),
    }
}

/// SOAP has no code for a missing right: the name of the exception or the text of S_RFC says it.
fn is_refusal(error: &SapError) -> bool {
    match error {
        SapError::Rfc(failure) => {
            failure.cause == Cause::Authorization || failure.key.contains("NOT_AUTHORIZED")
        }
        SapError::Fault { text, .. } => {
            let text = text.to_uppercase();
            ["RFC_NO_AUTHORITY", "NO RFC AUTHORIZATION", "NOT_AUTHORIZED", "S_RFC"]
                .iter()
                .any(|said| text.contains(said))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> SapError {
        let (system, function) = ("P01".to_owned(), user::GET_DETAIL.to_owned());
        SapError::Fault { system, function, text: text.to_owned() }
    }

    #[test]
    fn a_refusal_is_told_from_a_function_that_is_not_there() {
        for text in [
            "RFC_NO_AUTHORITY 00 No RFC authorization for function module BAPI_USER_GET_DETAIL.",
            "No RFC authorization for function module X.",
            "NOT_AUTHORIZED",
        ] {
            assert!(is_refusal(&fault(text)), "{text}");
        }
        assert!(!is_refusal(&fault("FUNCTION_NOT_FOUND")));
    }
}
