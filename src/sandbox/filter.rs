//! `$filter` as SAP Gateway understands it: parsed, then evaluated on rows.

use std::cmp::Ordering;

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::metadata::EntityType;

/// A condition.
#[derive(Debug, PartialEq)]
pub enum Condition {
    Compare(String, String, String),
    Text(String, String, String),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
}

/// Reads a filter; property names must exist.
pub fn parse(text: &str, entity: &EntityType) -> Result<Condition, String> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, at: 0, entity };
    let condition = parser.or()?;
    match parser.tokens.get(parser.at) {
        None => Ok(condition),
        Some(rest) => Err(format!("unexpected '{rest}' in $filter")),
    }
}

impl Condition {
    /// Whether a row meets it.
    pub fn holds(&self, row: &Map<String, Value>, entity: &EntityType) -> bool {
        match self {
            Self::And(a, b) => a.holds(row, entity) && b.holds(row, entity),
            Self::Or(a, b) => a.holds(row, entity) || b.holds(row, entity),
            Self::Not(inner) => !inner.holds(row, entity),
            Self::Text(function, property, wanted) => {
                let value = row.get(property).and_then(Value::as_str).unwrap_or("");
                match function.as_str() {
                    "startswith" => value.starts_with(wanted),
                    "endswith" => value.ends_with(wanted),
                    _ => value.contains(wanted),
                }
            }
            Self::Compare(property, operator, literal) => {
                let kind = entity.property(property).map_or("String", |known| &known.kind);
                let ordering = compare(kind, row.get(property).unwrap_or(&Value::Null), literal);
                match operator.as_str() {
                    "eq" => ordering == Some(Ordering::Equal),
                    "ne" => ordering != Some(Ordering::Equal),
                    "gt" => ordering == Some(Ordering::Greater),
                    "lt" => ordering == Some(Ordering::Less),
                    "ge" => ordering.is_some_and(Ordering::is_ge),
                    _ => ordering.is_some_and(Ordering::is_le),
                }
            }
        }
    }
}

fn compare(kind: &str, value: &Value, literal: &str) -> Option<Ordering> {
    match kind {
        "Boolean" => value.as_bool().map(|flag| flag.cmp(&(literal == "true"))),
        "Decimal" | "Double" | "Int16" | "Int32" | "Byte" => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            Some(text.parse::<Decimal>().ok()?.cmp(&literal.parse::<Decimal>().ok()?))
        }
        // Days and instants are stored in a form whose text order is their order.
        _ => Some(value.as_str().unwrap_or("").cmp(literal)),
    }
}

fn tokens(text: &str) -> Result<Vec<String>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '(' | ')' | ',' => 1,
            _ => {
                let mut inside = false;
                let end = rest.char_indices().find(|(_, c)| {
                    if *c == '\'' {
                        inside = !inside;
                    }
                    !inside && matches!(c, '(' | ')' | ',' | ' ')
                });
                if end.is_none() && inside {
                    return Err("a literal has no closing quote".to_owned());
                }
                end.map_or(rest.len(), |(at, _)| at)
            }
        };
        tokens.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

struct Parser<'a> {
    tokens: &'a [String],
    at: usize,
    entity: &'a EntityType,
}

impl Parser<'_> {
    fn next(&mut self) -> Result<&str, String> {
        let token = self.tokens.get(self.at).ok_or("$filter ends too early")?;
        self.at += 1;
        Ok(token)
    }

    fn take(&mut self, wanted: &str) -> bool {
        let found = self.tokens.get(self.at).is_some_and(|token| token == wanted);
        self.at += usize::from(found);
        found
    }

    fn or(&mut self) -> Result<Condition, String> {
        let mut left = self.and()?;
        while self.take("or") {
            left = Condition::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Condition, String> {
        let mut left = self.single()?;
        while self.take("and") {
            left = Condition::And(Box::new(left), Box::new(self.single()?));
        }
        Ok(left)
    }

    fn single(&mut self) -> Result<Condition, String> {
        if self.take("not") {
            return Ok(Condition::Not(Box::new(self.single()?)));
        }
        if self.take("(") {
            let inner = self.or()?;
            return if self.take(")") {
                Ok(inner)
            } else {
                Err("a parenthesis is open".to_owned())
            };
        }
        let name = self.next()?.to_owned();
        if matches!(name.as_str(), "startswith" | "endswith" | "substringof" | "contains") {
            return self.function(name);
        }
        let property = self.property(name)?;
        let operator = self.next()?.to_owned();
        if !matches!(operator.as_str(), "eq" | "ne" | "gt" | "ge" | "lt" | "le") {
            return Err(format!("'{operator}' is no operator"));
        }
        let value = literal(self.next()?)?;
        Ok(Condition::Compare(property, operator, value))
    }

    fn function(&mut self, name: String) -> Result<Condition, String> {
        let mut parts = Vec::new();
        if !self.take("(") {
            return Err(format!("{name} needs arguments"));
        }
        loop {
            parts.push(self.next()?.to_owned());
            if self.take(")") {
                break;
            }
            if !self.take(",") {
                return Err(format!("{name} is not closed"));
            }
        }
        let [first, second] = parts.as_slice() else {
            return Err(format!("{name} takes two arguments"));
        };
        // V2 writes substringof('x', Property), everything else the property first.
        let (property, text) =
            if name == "substringof" { (second, first) } else { (first, second) };
        let property = self.property(property.clone())?;
        Ok(Condition::Text(name, property, literal(text)?))
    }

    fn property(&self, name: String) -> Result<String, String> {
        match self.entity.property(&name) {
            Some(_) => Ok(name),
            None => Err(format!("Property {name} not found in type {}", self.entity.name)),
        }
    }
}

/// A literal of V2 or V4 in the form in which rows hold values.
pub fn literal(token: &str) -> Result<String, String> {
    let quoted = |text: &str| -> Option<String> {
        let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
        Some(inner.replace("''", "'"))
    };
    if let Some(text) = quoted(token) {
        return Ok(text);
    }
    if let Some(text) = token.strip_prefix("datetimeoffset").and_then(quoted) {
        return Ok(text);
    }
    if let Some(text) = token.strip_prefix("datetime").and_then(quoted) {
        return Ok(text.split('T').next().unwrap_or_default().to_owned());
    }
    if let Some(text) = token.strip_prefix("guid").and_then(quoted) {
        return Ok(text);
    }
    let bare = !token.is_empty() && !token.contains('\'');
    if !bare {
        return Err(format!("'{token}' is no literal"));
    }
    let number = token.trim_end_matches(['M', 'm', 'L', 'l', 'd', 'D', 'f', 'F']);
    Ok(if number.parse::<Decimal>().is_ok() { number.to_owned() } else { token.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::super::metadata::services;
    use super::*;
    use serde_json::json;

    fn holds(filter: &str) -> bool {
        let services = services().unwrap();
        let entity = &services[7].sets["A_PlannedOrder"];
        let Value::Object(row) = json!({
            "Material": "O'Brien", "TotalQuantity": "10.400", "PlannedOrderIsFirm": true,
            "PlndOrderPlannedStartDate": "2018-10-01",
        }) else {
            unreachable!()
        };
        parse(filter, entity).unwrap().holds(&row, entity)
    }

    #[test]
    fn filters_of_gateway_are_understood() {
        assert!(holds("Material eq 'O''Brien' and TotalQuantity eq 10.4M"));
        assert!(holds("(TotalQuantity gt 11 or PlannedOrderIsFirm eq true)"));
        assert!(holds("PlndOrderPlannedStartDate ge datetime'2018-10-01T00:00:00'"));
        assert!(holds("startswith(Material,'O') and not (Material eq 'X')"));
        assert!(!holds("substringof('Z',Material)"));
    }

    #[test]
    fn an_unknown_property_is_refused() {
        let services = services().unwrap();

        let refused = parse("Plnat eq '1'", &services[7].sets["A_PlannedOrder"]);

        assert_eq!(refused.unwrap_err(), "Property Plnat not found in type A_PlannedOrderType");
    }
}
