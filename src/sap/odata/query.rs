//! What to read: set, filter, fields. Literals are typed and quoted here and nowhere else.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::Date;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Version;
use super::names::Names;

/// Everything but unreserved characters, so that `'`, `/` and `&` in a key stay data.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A value in a filter or key.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// Text.
    Text(String),
    /// A day.
    Day(Date),
    /// An instant, to the second.
    Instant(Timestamp),
    /// A truth value.
    Boolean(bool),
}

impl From<&str> for Literal {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}
impl From<Timestamp> for Literal {
    fn from(instant: Timestamp) -> Self {
        Self::Instant(instant)
    }
}
impl From<Date> for Literal {
    fn from(day: Date) -> Self {
        Self::Day(day)
    }
}

impl Literal {
    fn text(&self, version: Version) -> String {
        match (self, version) {
            (Self::Text(text), _) => format!("'{}'", text.replace('\'', "''")),
            (Self::Boolean(flag), _) => flag.to_string(),
            (Self::Day(day), Version::V2) => format!("datetime'{day}T00:00:00'"),
            (Self::Day(day), Version::V4) => day.to_string(),
            (Self::Instant(instant), version) => {
                let text = instant.strftime("%Y-%m-%dT%H:%M:%SZ");
                match version {
                    Version::V2 => format!("datetimeoffset'{text}'"),
                    Version::V4 => text.to_string(),
                }
            }
        }
    }
}

/// A condition on rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// `property operator literal`
    Compare(&'static str, &'static str, Literal),
    /// Both.
    And(Box<Filter>, Box<Filter>),
    /// One of them.
    Or(Box<Filter>, Box<Filter>),
}

impl Filter {
    /// `property eq value`
    pub fn eq(property: &'static str, value: impl Into<Literal>) -> Self {
        Self::Compare(property, "eq", value.into())
    }

    /// `property ge value`
    pub fn ge(property: &'static str, value: impl Into<Literal>) -> Self {
        Self::Compare(property, "ge", value.into())
    }

    /// This and `other`.
    pub fn and(self, other: Self) -> Self {
        Self::And(Box::new(self), Box::new(other))
    }

    /// This or `other`.
    pub fn or(self, other: Self) -> Self {
        Self::Or(Box::new(self), Box::new(other))
    }

    /// Whether one of these holds; `None` if there are none.
    pub fn any(filters: impl IntoIterator<Item = Self>) -> Option<Self> {
        filters.into_iter().reduce(Self::or)
    }

    /// The properties that it looks at.
    pub fn properties(&self) -> Vec<&'static str> {
        match self {
            Self::Compare(property, ..) => vec![property],
            Self::And(a, b) | Self::Or(a, b) => {
                let mut both = a.properties();
                both.extend(b.properties());
                both
            }
        }
    }

    /// As the value of `$filter`, encoded.
    pub(super) fn encoded(&self, version: Version) -> String {
        utf8_percent_encode(&self.text(version), ENCODED).to_string()
    }

    fn text(&self, version: Version) -> String {
        match self {
            Self::Compare(property, operator, literal) => {
                format!("{property} {operator} {}", literal.text(version))
            }
            Self::And(a, b) => format!("({} and {})", a.text(version), b.text(version)),
            Self::Or(a, b) => format!("({} or {})", a.text(version), b.text(version)),
        }
    }
}

/// A read of an entity set.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Entity set.
    pub set: &'static str,
    select: Vec<Cow<'static, str>>,
    filter: Option<Filter>,
    expand: Vec<&'static str>,
    order_by: Vec<&'static str>,
    top: Option<usize>,
}

impl Query {
    /// All rows and fields of `set`.
    pub fn of(set: &'static str) -> Self {
        Self {
            set,
            select: Vec::new(),
            filter: None,
            expand: Vec::new(),
            order_by: Vec::new(),
            top: None,
        }
    }

    /// Only these fields.
    pub fn select(mut self, properties: &[&'static str]) -> Self {
        self.select = properties.iter().copied().map(Cow::Borrowed).collect();
        self
    }

    /// Only rows that meet `filter`.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// With the rows behind these navigation properties.
    pub fn expand(mut self, properties: &[&'static str]) -> Self {
        self.expand = properties.to_vec();
        self
    }

    /// In this order: paging without one is not stable.
    pub fn order_by(mut self, properties: &[&'static str]) -> Self {
        self.order_by = properties.to_vec();
        self
    }

    /// The same read of a system that has these names.
    #[must_use]
    pub fn named(mut self, names: &Names) -> Self {
        let mut asked: Vec<Cow<'static, str>> = Vec::with_capacity(self.select.len());
        for property in self.select {
            let property = match names.asked(&property) {
                Some(same) if same == property => property,
                Some(other) => Cow::Owned(other.to_owned()),
                None => continue,
            };
            if !asked.contains(&property) {
                asked.push(property);
            }
        }
        self.select = asked;
        self
    }

    /// The properties that are asked for by name.
    pub fn selected(&self) -> impl Iterator<Item = &str> {
        self.select.iter().map(AsRef::as_ref)
    }

    /// The properties that decide which rows come.
    pub fn filtered_by(&self) -> Vec<&'static str> {
        self.filter.as_ref().map(Filter::properties).unwrap_or_default()
    }

    /// Of these rows, only those that meet `filter` as well.
    pub fn narrowed(mut self, filter: Filter) -> Self {
        self.filter = Some(match self.filter.take() {
            Some(before) => before.and(filter),
            None => filter,
        });
        self
    }

    /// Of these rows, only the properties by which they are ordered: their keys.
    pub fn keys_only(mut self) -> Self {
        self.select = self.order_by.iter().copied().map(Cow::Borrowed).collect();
        self.expand.clear();
        self
    }

    /// No rows, only how many there are.
    pub(super) fn count_only(mut self) -> Self {
        self.top = Some(0);
        self.expand.clear();
        self.order_by.clear();
        self
    }

    /// The properties by which the rows are ordered.
    pub fn ordered_by(&self) -> &[&'static str] {
        &self.order_by
    }

    /// Properties by which rows are ordered, and that come along: every row must have them.
    pub(super) fn keys_wanted(&self) -> Vec<&'static str> {
        let comes = |key: &&&'static str| {
            self.select.is_empty() || self.select.iter().any(|one| one == *key)
        };
        self.order_by.iter().filter(comes).copied().collect()
    }

    /// What is asked for, in a form that is the same if the same is asked for.
    pub fn selection(&self, version: Version) -> String {
        format!("{}?{}", self.set, self.text(version))
    }

    /// The query string, encoded; asks for the count of rows.
    pub(super) fn text(&self, version: Version) -> String {
        let mut parts = Vec::new();
        let mut add = |name: &str, value: String| {
            parts.push(format!("{name}={}", utf8_percent_encode(&value, ENCODED)));
        };
        if let Some(filter) = &self.filter {
            add("$filter", filter.text(version));
        }
        if !self.select.is_empty() {
            add("$select", self.select.join(","));
        }
        if !self.expand.is_empty() {
            add("$expand", self.expand.join(","));
        }
        if !self.order_by.is_empty() {
            add("$orderby", self.order_by.join(","));
        }
        if let Some(top) = self.top {
            add("$top", top.to_string());
        }
        match version {
            Version::V2 => {
                add("$inlinecount", "allpages".to_owned());
                add("$format", "json".to_owned());
            }
            Version::V4 => add("$count", "true".to_owned()),
        }
        parts.join("&")
    }
}

/// The key of one row, as names and values.
#[derive(Clone, Debug, PartialEq)]
pub struct Key(Vec<(&'static str, Literal)>);

impl Key {
    /// A key of one property.
    pub fn of(property: &'static str, value: impl Into<Literal>) -> Self {
        Self(vec![(property, value.into())])
    }

    /// The key in parentheses, encoded.
    pub(super) fn text(&self, version: Version) -> String {
        let encoded = |literal: &Literal| {
            let text = literal.text(version);
            // The quotes are syntax, what is between them is data.
            match text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
                Some(inner) => format!("'{}'", utf8_percent_encode(inner, ENCODED)),
                None => text,
            }
        };
        let parts: Vec<String> = match self.0.as_slice() {
            [(_, literal)] => vec![encoded(literal)],
            many => many.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect(),
        };
        format!("({})", parts.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_in_a_value_stays_a_value() {
        let filter = Filter::eq("Material", "O'Brien' or 1 eq 1 or '");

        assert_eq!(filter.text(Version::V2), "Material eq 'O''Brien'' or 1 eq 1 or '''");
    }

    #[test]
    fn days_are_written_as_each_version_wants_them() {
        let filter = Filter::ge("Day", Date::constant(2018, 9, 1));

        assert_eq!(filter.text(Version::V2), "Day ge datetime'2018-09-01T00:00:00'");
        assert_eq!(filter.text(Version::V4), "Day ge 2018-09-01");
    }

    #[test]
    fn a_slash_in_a_key_is_encoded() {
        assert_eq!(Key::of("Material", "A/B").text(Version::V2), "('A%2FB')");
    }
}
