//! Which rights the user of a session has, by the companion package. It answers for the caller alone
//! and changes nothing.

use super::super::error::SapError;
use super::super::rfc::{Call, Reply};
use super::field::fields;

/// Answers for each right whether the caller has it.
pub const AUTHORITY: &str = "Z_CARBIDE_AUTHORITY";

/// A value of a field of an authorization object. The other fields are not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Right {
    /// Authorization object, as `S_DEVELOP`.
    pub object: &'static str,
    /// Field of it, as `ACTVT`.
    pub field: &'static str,
    /// Value, as `02`.
    pub value: &'static str,
}

/// Whether the caller has a right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granted {
    /// It has.
    Yes,
    /// It has not.
    No,
    /// SAP cannot say, as for an object that this release has not.
    Unknown,
}

/// The call that asks for each right by itself.
pub fn ask(rights: &[Right]) -> Call {
    let row = |right: &Right| {
        let texts = [("OBJECT", right.object), ("FIELD", right.field), ("VALUE", right.value)];
        fields(texts.map(|(name, text)| (name, text.to_owned())))
    };
    Call::new(AUTHORITY)
        .table("CHECKS", rights.iter().map(row).collect())
        .table("RETURN", Vec::new())
}

/// An answer for each right, in the order asked.
///
/// # Errors
///
/// [`SapError::Bapi`] if SAP refused to say, [`SapError::NoReturn`] if what came answers something
/// else.
pub fn answered(system: &str, reply: &Reply, rights: &[Right]) -> Result<Vec<Granted>, SapError> {
    super::accepted(system, AUTHORITY, reply)?;
    let rows = reply.table("CHECKS");
    let field = |at: usize, name: &str| {
        rows.get(at).and_then(|row| row.get(name)).map_or("", String::as_str).trim()
    };
    let same = |(at, right): (usize, &Right)| {
        let asked = [("OBJECT", right.object), ("FIELD", right.field), ("VALUE", right.value)];
        asked.iter().all(|(name, text)| field(at, name) == *text)
    };
    if rows.len() != rights.len() || !rights.iter().enumerate().all(same) {
        return Err(SapError::NoReturn {
            system: system.to_owned(),
            function: AUTHORITY.to_owned(),
        });
    }
    let one = |at| match field(at, "ANSWER") {
        "X" => Granted::Yes,
        "-" => Granted::No,
        _ => Granted::Unknown,
    };
    Ok((0..rights.len()).map(one).collect())
}

#[cfg(test)]
mod tests {
    use super::super::super::rfc::Value;
    use super::*;

    const ASKED: [Right; 3] = [
        Right { object: "S_RFC", field: "RFC_NAME", value: "RFC1" },
        Right { object: "S_DEVELOP", field: "ACTVT", value: "02" },
        Right { object: "S_NEW", field: "ACTVT", value: "02" },
    ];

    fn reply(answers: &[&str]) -> Reply {
        let rows = ASKED.iter().zip(answers).map(|(right, answer)| {
            let row = [right.object, right.field, right.value, *answer];
            let names = ["OBJECT", "FIELD", "VALUE", "ANSWER"];
            let fields = names.into_iter().zip(row.map(str::to_owned));
            Value::of_row(fields.collect())
        });
        let none = ("RETURN".to_owned(), Value::Table(Vec::new()));
        Reply::of([("CHECKS".to_owned(), Value::Table(rows.collect())), none])
    }

    #[test]
    fn each_right_is_answered_by_itself() {
        let answers = answered("P01", &reply(&["X", "-", "?"]), &ASKED).unwrap();

        assert_eq!(answers, [Granted::Yes, Granted::No, Granted::Unknown]);
    }

    #[test]
    fn an_answer_to_another_question_is_none() {
        assert!(answered("P01", &reply(&["X", "-"]), &ASKED).is_err());
        let [first, second, third] = ASKED;
        assert!(answered("P01", &reply(&["X", "-", "?"]), &[second, first, third]).is_err());
        assert!(answered("P01", &Reply::default(), &ASKED).is_err());
    }
}
