//! Rows of SAP's own tables, for the few settings that stand in no service: by the companion
//! package's read function, or by `RFC_READ_TABLE` where the customer has switched that on.
//!
//! The contract of the first and the limits of the second stand in docs/basis/tables.md.

mod companion;

mod unpublished;

use super::error::SapError;
use super::rfc::RfcClient;

/// Most rows of one call.
const ROWS_MAX: usize = 10_000;

/// How a condition compares; the sign says whether what it meets is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
    /// Between, both ends included.
    Between,
}

impl Comparison {
    const fn name(self) -> &'static str {
        match self {
            Self::Eq => "EQ",
            Self::Ne => "NE",
            Self::Lt => "LT",
            Self::Le => "LE",
            Self::Gt => "GT",
            Self::Ge => "GE",
            Self::Between => "BT",
        }
    }
}

/// One line of a selection, as in SAP's select-options: the lines of one field are joined by OR, the
/// fields by AND.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Field.
    pub field: &'static str,
    /// Whether what it meets is wanted (`I`) or not (`E`).
    pub include: bool,
    /// How it compares.
    pub comparison: Comparison,
    /// Value in internal form, or the lower end.
    pub low: String,
    /// Upper end of [`Comparison::Between`].
    pub high: String,
}

impl Condition {
    /// A field that has this value.
    pub fn equal(field: &'static str, value: impl Into<String>) -> Self {
        let (comparison, low) = (Comparison::Eq, value.into());
        Self { field, include: true, comparison, low, high: String::new() }
    }
}

/// What is wanted of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableQuery {
    /// Table, upper case.
    pub table: &'static str,
    /// Fields, in the order of the rows.
    pub fields: Vec<&'static str>,
    /// Which rows.
    pub conditions: Vec<Condition>,
    /// Most rows in all; more are an error, never a cut.
    pub rows_max: usize,
}

impl TableQuery {
    /// All rows of these fields, at most 10,000.
    pub fn of(table: &'static str, fields: &[&'static str]) -> Self {
        let (fields, conditions) = (fields.to_vec(), Vec::new());
        Self { table, fields, conditions, rows_max: ROWS_MAX }
    }

    /// Only rows that meet this too.
    #[must_use]
    pub fn with(mut self, condition: Condition) -> Self {
        self.conditions.push(condition);
        self
    }

    /// At most so many rows.
    #[must_use]
    pub fn at_most(mut self, rows: usize) -> Self {
        self.rows_max = rows;
        self
    }

    fn wrong(&self, code: &'static str, problem: impl Into<String>) -> SapError {
        SapError::Value {
            code,
            entity: format!("table {}", self.table),
            key: self.fields.join(","),
            property: "rows".to_owned(),
            problem: problem.into(),
        }
    }
}

/// What a query wants, by the companion's function, or where that does not answer and `unpublished` is
/// set by `RFC_READ_TABLE`; and the function that answered.
///
/// # Errors
///
/// As [`TableReader::read`].
pub async fn read(
    rfc: &RfcClient,
    unpublished: bool,
    query: &TableQuery,
) -> Result<(Vec<TableRow>, &'static str), SapError> {
    let companion = TableReader::companion(rfc.clone());
    match companion.read(query).await {
        Err(_) if unpublished => {
            let other = TableReader::unpublished(rfc.clone());
            Ok((other.read(query).await?, other.function()))
        }
        read => Ok((read?, companion.function())),
    }
}

/// Fields in the order of the query.
pub type TableRow = Vec<String>;

/// The way in which tables are read.
#[derive(Clone, Debug)]
pub enum TableReader {
    /// The read function of the companion package.
    Companion(RfcClient),
    /// `RFC_READ_TABLE`, which SAP has not released for use by others.
    Unpublished {
        /// Client.
        rfc: RfcClient,
        /// Longest row of one call, 512 characters in SAP.
        row_width: usize,
    },
}

impl TableReader {
    /// By the companion package.
    pub fn companion(rfc: RfcClient) -> Self {
        Self::Companion(rfc)
    }

    /// By `RFC_READ_TABLE`; the manifest has to allow it.
    pub fn unpublished(rfc: RfcClient) -> Self {
        Self::Unpublished { rfc, row_width: unpublished::ROW_WIDTH }
    }

    /// Name of the function module.
    pub fn function(&self) -> &'static str {
        match self {
            Self::Companion(_) => companion::FUNCTION,
            Self::Unpublished { .. } => unpublished::FUNCTION,
        }
    }

    /// The rows that a query wants, in the form of the companion's answer: trailing blanks cut, dates
    /// as YYYYMMDD, decimals with a dot and a leading minus.
    ///
    /// # Errors
    ///
    /// What SAP refused; `TAB-ROWS` if there are more rows than wanted, `TAB-MOVED` if the table
    /// changed while it was read in parts, `TAB-OVERFLOW` if SAP could not show a number, `TAB-FORM`
    /// if the answer makes no sense.
    pub async fn read(&self, query: &TableQuery) -> Result<Vec<TableRow>, SapError> {
        if query.fields.is_empty() {
            return Err(query.wrong("TAB-FORM", "no field is wanted"));
        }
        match self {
            Self::Companion(rfc) => companion::read(rfc, query).await,
            Self::Unpublished { rfc, row_width } => unpublished::read(rfc, query, *row_width).await,
        }
    }
}
