//! `RFC_READ_TABLE`: rows of 512 characters, so wider ones are read in groups of fields with the key
//! in each, and joined again. There is no snapshot, so what was read first is read again at the end.

use std::collections::BTreeMap;

use super::super::error::SapError;
use super::super::rfc::{Call, Reply, RfcClient, Row};
use super::{Comparison, Condition, TableQuery, TableRow};

pub(super) const FUNCTION: &str = "RFC_READ_TABLE";

/// Characters of a row.
pub(super) const ROW_WIDTH: usize = 512;

/// Characters of a line of the WHERE clause.
const OPTION_WIDTH: usize = 72;

/// Keys of the tables that may be read, without the client: the function does not tell them.
const KEYS: &[(&str, &[&str])] = &[
    ("CRHD", &["OBJTY", "OBJID"]),
    ("KAKO", &["KAPID"]),
    ("KAZY", &["KAPID", "VERSN", "DATUB"]),
    ("KBED", &["BEDID", "BEDZL", "CANUM"]),
    ("T001", &["BUKRS"]),
    ("T001W", &["WERKS"]),
    ("T003", &["BLART"]),
    ("T006", &["MSEHI"]),
    ("T006A", &["SPRAS", "MSEHI"]),
    ("TFACS", &["IDENT", "JAHR"]),
    ("TTYP", &["AWTYP"]),
];

/// A field as the dictionary has it.
#[derive(Clone, Debug)]
struct Field {
    name: String,
    length: usize,
    kind: char,
}

/// Values of the fields that were read, by key.
type Joined = BTreeMap<Vec<String>, BTreeMap<String, String>>;

pub(super) async fn read(
    rfc: &RfcClient,
    query: &TableQuery,
    row_width: usize,
) -> Result<Vec<TableRow>, SapError> {
    let key = KEYS.iter().find(|(table, _)| *table == query.table).map(|(_, key)| *key);
    let key = key.ok_or_else(|| query.wrong("TAB-FORM", "its key is not known"))?;
    let known = dictionary(rfc, query).await?;
    let groups = groups(query, key, &known, row_width)?;
    let mut moved = false;
    // Once more if the table moved meanwhile, then it is an error.
    for _ in 0..2 {
        let mut joined = Joined::new();
        let mut first = Vec::with_capacity(groups.len());
        for group in &groups {
            let part = part(rfc, query, group, key).await?;
            for (key, values) in &part {
                joined.entry(key.clone()).or_default().extend(values.clone());
            }
            first.push(part);
        }
        moved = false;
        for (group, before) in groups.iter().zip(&first).take(groups.len() - 1) {
            moved |= part(rfc, query, group, key).await? != *before;
        }
        let keys = |part: &Joined| part.keys().cloned().collect::<Vec<_>>();
        moved |= first.windows(2).any(|pair| keys(&pair[0]) != keys(&pair[1]));
        if !moved {
            let row = |values: &BTreeMap<String, String>| -> TableRow {
                let value = |field: &&str| values.get(*field).cloned().unwrap_or_default();
                query.fields.iter().map(value).collect()
            };
            return Ok(joined.values().map(row).collect());
        }
    }
    debug_assert!(moved);
    Err(query.wrong(
        "TAB-MOVED",
        "rows came, went or changed while the table was read in parts, twice; try again later",
    ))
}

/// Lengths and types of the fields that are wanted and of the key.
async fn dictionary(rfc: &RfcClient, query: &TableQuery) -> Result<Vec<Field>, SapError> {
    let call = Call::new(FUNCTION)
        .value("QUERY_TABLE", query.table)
        .value("NO_DATA", "X")
        .table("OPTIONS", Vec::new())
        .table("FIELDS", Vec::new())
        .table("DATA", Vec::new());
    Ok(fields_of(query, &rfc.call(&call).await?)?.into_iter().map(|(field, _)| field).collect())
}

/// FIELDS of an answer: each field with its place in the row.
fn fields_of(query: &TableQuery, reply: &Reply) -> Result<Vec<(Field, usize)>, SapError> {
    let field = |row: BTreeMap<String, String>| {
        let text = |name: &str| row.get(name).map_or("", String::as_str).trim();
        let number = |name: &str| text(name).parse::<usize>();
        let wrong = || query.wrong("TAB-FORM", format!("FIELDS: {row:?}"));
        let length = number("LENGTH").map_err(|_| wrong())?;
        let offset = number("OFFSET").map_err(|_| wrong())?;
        let kind = text("TYPE").chars().next().ok_or_else(wrong)?;
        Ok((Field { name: text("FIELDNAME").to_owned(), length, kind }, offset))
    };
    reply.table("FIELDS").into_iter().map(field).collect()
}

/// Fields in groups that fit a row, the key in each.
fn groups(
    query: &TableQuery,
    key: &[&str],
    known: &[Field],
    row_width: usize,
) -> Result<Vec<Vec<String>>, SapError> {
    let length = |name: &str| {
        let found = known.iter().find(|field| field.name == name);
        let unknown = || query.wrong("TAB-FORM", format!("field {name} is not in the table"));
        found.map(|field| field.length).ok_or_else(unknown)
    };
    let mut key_width = 0;
    for name in key {
        key_width += length(name)?;
    }
    let mut groups: Vec<(usize, Vec<String>)> = Vec::new();
    for name in query.fields.iter().filter(|name| !key.contains(name)) {
        let wide = length(name)?;
        if key_width + wide > row_width {
            let problem = format!("field {name} and the key are longer than {row_width}");
            return Err(query.wrong("TAB-FORM", problem));
        }
        match groups.last_mut().filter(|(width, _)| width + wide <= row_width) {
            Some((width, names)) => {
                *width += wide;
                names.push((*name).to_owned());
            }
            None => groups.push((key_width + wide, vec![(*name).to_owned()])),
        }
    }
    if groups.is_empty() {
        groups.push((key_width, Vec::new()));
    }
    let with_key = |(_, names): (usize, Vec<String>)| {
        key.iter().map(|name| (*name).to_owned()).chain(names).collect()
    };
    Ok(groups.into_iter().map(with_key).collect())
}

/// One group of fields, by key.
async fn part(
    rfc: &RfcClient,
    query: &TableQuery,
    group: &[String],
    key: &[&str],
) -> Result<Joined, SapError> {
    let field = |name: &String| -> Row { vec![("FIELDNAME", name.clone())] };
    let option = |text: String| -> Row { vec![("TEXT", text)] };
    let call = Call::new(FUNCTION)
        .value("QUERY_TABLE", query.table)
        .value("ROWCOUNT", (query.rows_max + 1).to_string())
        .table("OPTIONS", options(query)?.into_iter().map(option).collect())
        .table("FIELDS", group.iter().map(field).collect())
        .table("DATA", Vec::new());
    let reply = rfc.call(&call).await?;
    let places = fields_of(query, &reply)?;
    let mut part = Joined::new();
    for row in reply.table("DATA") {
        let line: Vec<char> = row.get("WA").map_or("", String::as_str).chars().collect();
        let mut values = BTreeMap::new();
        for (field, offset) in &places {
            let end = (offset + field.length).min(line.len());
            let text: String = line.get(*offset..end).unwrap_or_default().iter().collect();
            values.insert(field.name.clone(), value(query, field, &text)?);
        }
        let of = |name: &&str| values.get(*name).cloned().unwrap_or_default();
        if part.insert(key.iter().map(of).collect(), values).is_some() {
            return Err(query.wrong("TAB-FORM", "two rows have one key"));
        }
    }
    if part.len() > query.rows_max {
        return Err(query.wrong("TAB-ROWS", format!("there are more than {} rows", query.rows_max)));
    }
    Ok(part)
}

/// A value in the form of the companion's answer.
fn value(query: &TableQuery, field: &Field, text: &str) -> Result<String, SapError> {
    if !matches!(field.kind, 'P' | 'I' | 'F' | 'b' | 's') {
        return Ok(text.trim_end().to_owned());
    }
    let text = text.trim();
    // SAP fills a number that does not fit with asterisks.
    if text.contains('*') {
        let problem = format!("SAP cannot show the number in field {}", field.name);
        return Err(query.wrong("TAB-OVERFLOW", problem));
    }
    Ok(match text.strip_suffix('-') {
        Some(digits) => format!("-{}", digits.trim()),
        None => text.to_owned(),
    })
}

/// The WHERE clause in lines of 72 characters. Values become literals: quotes are doubled, and what
/// no literal can hold is refused.
fn options(query: &TableQuery) -> Result<Vec<String>, SapError> {
    let mut fields: Vec<&str> = Vec::new();
    for condition in &query.conditions {
        if !fields.contains(&condition.field) {
            fields.push(condition.field);
        }
    }
    let mut lines = Vec::new();
    for field in fields {
        let of_it = |include: bool| {
            let all = query.conditions.iter();
            all.filter(move |one| one.field == field && one.include == include)
        };
        let and = |lines: &Vec<String>| if lines.is_empty() { "" } else { "AND " };
        let included: Vec<&Condition> = of_it(true).collect();
        for (at, condition) in included.iter().enumerate() {
            let open = if at == 0 { format!("{}( ", and(&lines)) } else { "OR ".to_owned() };
            let close = if at + 1 == included.len() { " )" } else { "" };
            lines.push(format!("{open}{}{close}", clause(query, condition)?));
        }
        for condition in of_it(false) {
            lines.push(format!("{}NOT ( {} )", and(&lines), clause(query, condition)?));
        }
    }
    if let Some(long) = lines.iter().find(|line| line.chars().count() > OPTION_WIDTH) {
        return Err(query.wrong("TAB-FORM", format!("the condition is too long: {long}")));
    }
    Ok(lines)
}

fn clause(query: &TableQuery, condition: &Condition) -> Result<String, SapError> {
    let literal = |text: &str| {
        if text.chars().any(char::is_control) {
            let problem = format!("the value for {} holds a control character", condition.field);
            return Err(query.wrong("TAB-FORM", problem));
        }
        Ok(format!("'{}'", text.replace('\'', "''")))
    };
    let (field, low) = (condition.field, literal(&condition.low)?);
    if condition.comparison == Comparison::Between {
        return Ok(format!("{field} BETWEEN {low} AND {}", literal(&condition.high)?));
    }
    Ok(format!("{field} {} {low}", condition.comparison.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_literals_and_no_statement() {
        let query = TableQuery::of("T006", &["MSEHI"])
            .with(Condition::equal("MSEHI", "KG' OR '1' EQ '1"))
            .with(Condition::equal("MSEHI", "TO"))
            .with(Condition { include: false, ..Condition::equal("DIMID", "MASS") });

        assert_eq!(
            options(&query).unwrap(),
            [
                "( MSEHI EQ 'KG'' OR ''1'' EQ ''1'",
                "OR MSEHI EQ 'TO' )",
                "AND NOT ( DIMID EQ 'MASS' )",
            ]
        );
        let bad = TableQuery::of("T006", &["MSEHI"]).with(Condition::equal("MSEHI", "K\nG"));
        assert!(options(&bad).unwrap_err().to_string().contains("control character"));
    }

    #[test]
    fn fields_are_packed_into_rows_and_each_row_has_the_key() {
        let field = |name: &str, length| Field { name: name.to_owned(), length, kind: 'C' };
        let known = [field("BUKRS", 4), field("A", 20), field("B", 20), field("C", 10)];
        let query = TableQuery::of("T001", &["A", "BUKRS", "B", "C"]);

        let groups = groups(&query, &["BUKRS"], &known, 34).unwrap();

        assert_eq!(groups, [vec!["BUKRS", "A"], vec!["BUKRS", "B", "C"]]);
        assert!(super::groups(&query, &["BUKRS"], &known, 20).is_err());
    }

    #[test]
    fn numbers_are_put_into_one_form_and_stars_are_refused() {
        let query = TableQuery::of("T006", &["ZAEHL"]);
        let packed = Field { name: "ZAEHL".to_owned(), length: 8, kind: 'P' };

        assert_eq!(value(&query, &packed, "  12.50-").unwrap(), "-12.50");
        assert!(value(&query, &packed, "********").unwrap_err().to_string().contains("ZAEHL"));
    }
}
