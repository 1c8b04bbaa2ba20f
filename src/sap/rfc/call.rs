//! What a function module is called with.

use super::value::{Row, Value};

/// A call of a function module.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    function: &'static str,
    parameters: Vec<(&'static str, Value)>,
}

impl Call {
    /// A call without parameters.
    pub fn new(function: &'static str) -> Self {
        Self { function, parameters: Vec::new() }
    }

    /// Name of the function module.
    pub fn function(&self) -> &'static str {
        self.function
    }

    /// Parameters in the order in which they were given.
    pub fn parameters(&self) -> &[(&'static str, Value)] {
        &self.parameters
    }

    /// A single value.
    pub fn value(self, name: &'static str, value: impl Into<String>) -> Self {
        self.with(name, Value::Text(value.into()))
    }

    /// A structure of field values.
    pub fn structure(self, name: &'static str, fields: Row) -> Self {
        self.with(name, Value::of_row(fields))
    }

    /// A table. SAP fills a table of the answer only if the request names it, if only empty.
    pub fn table(self, name: &'static str, rows: Vec<Row>) -> Self {
        self.with(name, Value::Table(rows.into_iter().map(Value::of_row).collect()))
    }

    /// A value of any depth.
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        self.parameters.push((name, value));
        self
    }
}
