//! Values of parameters: elementary, structures, tables, to any depth.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Fields of a flat structure or of one row, in order.
pub type Row = Vec<(&'static str, String)>;

/// What a parameter, a field or a row holds.
///
/// Elementary values are text in one form, whatever the transport: decimals with a dot, dates as
/// `2026-12-01`, times as `08:00:00`, flags as `X` or nothing, NUMC with its leading zeros.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// An elementary value.
    Text(String),
    /// RAW, LRAW or XSTRING. SOAP carries them as base64, so there they come back as text.
    Bytes(Vec<u8>),
    /// Fields by name.
    Structure(Vec<(String, Value)>),
    /// Rows: structures, or elementary values in a table with an unstructured line.
    Table(Vec<Value>),
}

impl Value {
    /// A structure of the fields of a row.
    pub(in crate::sap) fn of_row(row: Row) -> Self {
        Self::Structure(
            row.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect(),
        )
    }

    /// An elementary value as text; nothing for the others.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            _ => "",
        }
    }

    /// A field of a structure.
    pub fn field(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Structure(fields) => {
                fields.iter().find(|(known, _)| known == name).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// The fields of a structure; none for the others.
    pub fn fields(&self) -> &[(String, Self)] {
        match self {
            Self::Structure(fields) => fields,
            _ => &[],
        }
    }

    /// The rows of a table; none for the others.
    pub fn rows(&self) -> &[Self] {
        match self {
            Self::Table(rows) => rows,
            _ => &[],
        }
    }

    /// Raw bytes, as they are or as SOAP wrote them; `None` if it is neither.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Bytes(bytes) => Some(bytes.clone()),
            Self::Text(text) => STANDARD.decode(text.trim()).ok(),
            _ => None,
        }
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}
