//! A sentence with the facts that it is made of: English for commands, logs and machines; a page makes
//! it from the same facts in the language, the numbers and the dates of whoever reads it.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::ops::Deref;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A sentence. [`said!`](crate::said!) makes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// In English.
    pub text: String,
    /// Which sentence it is, as `job.busy`; none for words of people, of SAP or of settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What it is made of, by the names that stand in braces in the texts of the key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, Fact>,
}

/// What a sentence is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Fact {
    /// A number, in full; how many decimals are worth reading the texts of the key say.
    Number {
        /// As a decimal text, so that it is exact.
        number: String,
    },
    /// An instant.
    Instant {
        /// RFC 3339, UTC.
        instant: Timestamp,
    },
    /// A day of the calendar.
    Date {
        /// As `2018-09-01`.
        date: Date,
    },
    /// A time on the clock of the plant.
    Local {
        /// As `2018-09-01T06:00:00`.
        local: DateTime,
    },
    /// Sentences that all hold, joined by "and".
    All {
        /// One after the other.
        all: Vec<Said>,
    },
    /// Sentences or words in a row, joined by commas.
    List {
        /// One after the other.
        list: Vec<Said>,
    },
    /// A name, a key, or words of people or of SAP.
    Words(String),
    /// A sentence within the sentence.
    Said(Said),
}

impl Said {
    /// A sentence of a key.
    pub fn new<const N: usize>(key: &str, text: String, facts: [(&str, Fact); N]) -> Self {
        let facts = facts.into_iter().map(|(name, fact)| (name.to_owned(), fact)).collect();
        Self { text, key: Some(key.to_owned()), facts }
    }

    /// The same for who shows it beside its text; nothing for mere words.
    pub fn keyed(&self) -> Option<Self> {
        self.key.is_some().then(|| self.clone())
    }
}

impl Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Deref for Said {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl From<String> for Said {
    fn from(text: String) -> Self {
        Self { text, ..Self::default() }
    }
}

impl From<&str> for Said {
    fn from(words: &str) -> Self {
        words.to_owned().into()
    }
}

impl From<Said> for String {
    fn from(said: Said) -> Self {
        said.text
    }
}

/// For fields that are read by programs: only the text, `#[serde(with = "crate::said::as_text")]`.
pub mod as_text {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Said;

    /// The text alone.
    ///
    /// # Errors
    ///
    /// As the serializer.
    pub fn serialize<S: Serializer>(said: &Said, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(said)
    }

    /// Words without a key.
    ///
    /// # Errors
    ///
    /// As the deserializer.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Said, D::Error> {
        String::deserialize(from).map(Said::from)
    }
}

/// Sentences that all hold.
pub struct All(pub Vec<Said>);

/// Sentences or words in a row.
pub struct List(pub Vec<Said>);

impl<T: Display> FromIterator<T> for List {
    fn from_iter<I: IntoIterator<Item = T>>(words: I) -> Self {
        Self(words.into_iter().map(|word| Said::from(word.to_string())).collect())
    }
}

fn joined(parts: &[Said], with: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        f.write_str(if at == 0 { "" } else { with })?;
        f.write_str(part)?;
    }
    Ok(())
}

impl Display for All {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        joined(&self.0, " and ", f)
    }
}

impl Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        joined(&self.0, ", ", f)
    }
}

/// What is more than its words.
pub trait AsFact {
    /// As a fact.
    fn as_fact(&self) -> Fact;
}

impl<T: AsFact + ?Sized> AsFact for &T {
    fn as_fact(&self) -> Fact {
        (**self).as_fact()
    }
}

macro_rules! numbers {
    ($($kind:ty)*) => {$(
        impl AsFact for $kind {
            fn as_fact(&self) -> Fact {
                Fact::Number { number: self.to_string() }
            }
        }
    )*};
}

numbers! { f64 f32 u8 u16 u32 u64 usize i8 i16 i32 i64 isize Decimal }

impl AsFact for str {
    fn as_fact(&self) -> Fact {
        Fact::Words(self.to_owned())
    }
}

impl AsFact for String {
    fn as_fact(&self) -> Fact {
        Fact::Words(self.clone())
    }
}

impl AsFact for Timestamp {
    fn as_fact(&self) -> Fact {
        Fact::Instant { instant: *self }
    }
}

impl AsFact for Date {
    fn as_fact(&self) -> Fact {
        Fact::Date { date: *self }
    }
}

impl AsFact for DateTime {
    fn as_fact(&self) -> Fact {
        Fact::Local { local: *self }
    }
}

/// A time on the clock of the plant, to the minute.
pub struct Minute(pub DateTime);

impl Display for Minute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y-%m-%d %H:%M"))
    }
}

impl AsFact for Minute {
    fn as_fact(&self) -> Fact {
        self.0.as_fact()
    }
}

impl AsFact for Said {
    fn as_fact(&self) -> Fact {
        Fact::Said(self.clone())
    }
}

impl AsFact for All {
    fn as_fact(&self) -> Fact {
        Fact::All { all: self.0.clone() }
    }
}

impl AsFact for List {
    fn as_fact(&self) -> Fact {
        Fact::List { list: self.0.clone() }
    }
}

/// A value on its way to a fact. Whatever is no [`AsFact`] becomes its words.
pub struct Given<'a, T: ?Sized>(pub &'a T);

/// The way of what is more than words; the compiler tries it first.
pub trait ByFact {
    /// As a fact.
    fn fact(&self) -> Fact;
}

impl<T: AsFact + ?Sized> ByFact for Given<'_, T> {
    fn fact(&self) -> Fact {
        self.0.as_fact()
    }
}

/// The way of everything else.
pub trait ByWords {
    /// As a fact.
    fn fact(&self) -> Fact;
}

impl<T: Display + ?Sized> ByWords for &Given<'_, T> {
    fn fact(&self) -> Fact {
        Fact::Words(self.0.to_string())
    }
}

/// A sentence: its key, its English text, and what stands in its braces.
///
/// ```
/// use carbide::said;
///
/// let said = said!("job.unknown", "there is no job {id}", id = 7);
/// assert_eq!(said.text, "there is no job 7");
/// ```
///
/// Key and text are literals: `tests/capability/languages.rs` reads them, and holds the page to a
/// sentence for each key in each of its languages.
#[macro_export]
macro_rules! said {
    ($key:literal, $text:literal $(, $name:ident = $value:expr)* $(,)?) => {{
        #[allow(unused_imports)]
        use $crate::said::{ByFact as _, ByWords as _};
        $(let $name = &$value;)*
        $crate::said::Said::new(
            $key,
            format!($text),
            [$((stringify!($name), (&$crate::said::Given($name)).fact())),*],
        )
    }};
}

/// Errors whose words are those that their `said` gives.
#[macro_export]
macro_rules! words_by_said {
    ($($error:ty),*) => {$(
        impl std::fmt::Display for $error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.said())
            }
        }
    )*};
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Name;

    impl Display for Name {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("EAF1")
        }
    }

    #[test]
    fn a_sentence_keeps_what_it_is_made_of() {
        let at: Timestamp = "2018-09-01T06:00:00Z".parse().unwrap();
        let (kg, why) = (12.345_f64, said!("test.why", "nobody knows"));

        let said = said!(
            "test.all",
            "{center} from {at}: {kg:.1} kg, {why}",
            center = Name,
            at = at,
            kg = kg,
            why = why
        );

        assert_eq!(said.text, "EAF1 from 2018-09-01T06:00:00Z: 12.3 kg, nobody knows");
        assert_eq!(said.facts["center"], Fact::Words("EAF1".to_owned()));
        assert_eq!(said.facts["at"], Fact::Instant { instant: at });
        assert_eq!(said.facts["kg"], Fact::Number { number: "12.345".to_owned() });
        assert_eq!(said.facts["why"], Fact::Said(why));
    }

    #[test]
    fn it_comes_back_from_json_as_it_was() {
        let parts = || vec![said!("test.one", "{n} of them", n = 3), Said::from("words")];
        let said = said!("test.list", "{all}; {list}", all = All(parts()), list = List(parts()));

        let json = serde_json::to_string(&said).unwrap();

        assert_eq!(said.text, "3 of them and words; 3 of them, words");
        assert_eq!(serde_json::from_str::<Said>(&json).unwrap(), said);
    }
}
