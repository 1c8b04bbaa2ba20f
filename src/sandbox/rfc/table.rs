//! Tables of settings, by the companion's read function and by `RFC_READ_TABLE`.

use serde_json::json;

use super::{Node, message};

/// A table: fields with length and type, the number of key fields, rows sorted by key.
struct Table {
    name: &'static str,
    fields: &'static [(&'static str, usize, char)],
    keys: usize,
    rows: &'static [&'static [&'static str]],
}

/// Values of an international edition of SAP, as far as the plant needs them.
const TABLES: &[Table] = &[
    Table {
        name: "T001",
        fields: &[
            ("BUKRS", 4, 'C'),
            ("BUTXT", 25, 'C'),
            ("ORT01", 25, 'C'),
            ("LAND1", 3, 'C'),
            ("WAERS", 5, 'C'),
        ],
        keys: 1,
        rows: &[
            &["1010", "Carbide Steel GmbH", "Duisburg", "DE", "EUR"],
            &["1710", "Carbide Steel Inc.", "Gary", "US", "USD"],
        ],
    },
    Table {
        name: "T001W",
        fields: &[("WERKS", 4, 'C'), ("NAME1", 30, 'C'), ("FABKL", 2, 'C')],
        keys: 1,
        rows: &[&["1010", "Duisburg works", "01"], &["1710", "Gary works", "US"]],
    },
    Table {
        name: "T003",
        fields: &[("BLART", 2, 'C'), ("NUMKR", 2, 'C'), ("STBLA", 2, 'C')],
        keys: 1,
        rows: &[&["AB", "01", "AB"], &["SA", "01", "AB"], &["ZC", "19", "ZC"]],
    },
    Table {
        name: "T006",
        fields: &[
            ("MSEHI", 3, 'C'),
            ("DIMID", 6, 'C'),
            ("ZAEHL", 12, 'I'),
            ("NENNR", 12, 'I'),
            ("EXP10", 6, 's'),
            ("ADDKO", 12, 'P'),
            ("ANDEC", 6, 's'),
        ],
        keys: 1,
        rows: &[
            &["G", "MASS", "1", "1000", "0", "0.000000", "0"],
            &["GJ", "ENERGY", "1", "1", "9", "0.000000", "0"],
            &["KG", "MASS", "1", "1", "0", "0.000000", "3"],
            &["KWH", "ENERGY", "36", "1", "5", "0.000000", "0"],
            &["ST", "AAAADL", "1", "1", "0", "0.000000", "0"],
            &["TO", "MASS", "1000", "1", "0", "0.000000", "3"],
        ],
    },
    Table {
        name: "T006A",
        fields: &[("SPRAS", 1, 'C'), ("MSEHI", 3, 'C'), ("MSEH3", 3, 'C'), ("MSEHL", 30, 'C')],
        keys: 2,
        rows: &[
            &["D", "KG", "KG", "Kilogramm"],
            &["D", "ST", "ST", "St\u{fc}ck"],
            &["D", "TO", "TO", "Tonne"],
            &["E", "KG", "KG", "Kilogram"],
            &["E", "ST", "PC", "Items"],
            &["E", "TO", "TO", "Metric tonne"],
        ],
    },
    // Monday to Saturday, but for New Year and Christmas.
    Table {
        name: "TFACS",
        fields: &[
            ("IDENT", 2, 'C'),
            ("JAHR", 4, 'C'),
            ("MON01", 31, 'C'),
            ("MON02", 31, 'C'),
            ("MON03", 31, 'C'),
            ("MON04", 31, 'C'),
            ("MON05", 31, 'C'),
            ("MON06", 31, 'C'),
            ("MON07", 31, 'C'),
            ("MON08", 31, 'C'),
            ("MON09", 31, 'C'),
            ("MON10", 31, 'C'),
            ("MON11", 31, 'C'),
            ("MON12", 31, 'C'),
        ],
        keys: 2,
        rows: &[
            &[
                "01",
                "2018",
                "0111110111111011111101111110111",
                "1110111111011111101111110111",
                "1110111111011111101111110111111",
                "011111101111110111111011111101",
                "1111101111110111111011111101111",
                "110111111011111101111110111111",
                "0111111011111101111110111111011",
                "1111011111101111110111111011111",
                "101111110111111011111101111110",
                "1111110111111011111101111110111",
                "111011111101111110111111011111",
                "1011111101111110111111010011101",
            ],
            &[
                "01",
                "2019",
                "0111101111110111111011111101111",
                "1101111110111111011111101111",
                "1101111110111111011111101111110",
                "111111011111101111110111111011",
                "1111011111101111110111111011111",
                "101111110111111011111101111110",
                "1111110111111011111101111110111",
                "1110111111011111101111110111111",
                "011111101111110111111011111101",
                "1111101111110111111011111101111",
                "110111111011111101111110111111",
                "0111111011111101111110110011011",
            ],
        ],
    },
];

/// Longest row of `RFC_READ_TABLE`.
const ROW_WIDTH: usize = 512;

fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

/// A condition as a select-option, or as a clause of ours in the WHERE text.
struct Condition {
    field: usize,
    include: bool,
    option: String,
    low: String,
    high: String,
}

fn meets(row: &[&str], conditions: &[Condition]) -> bool {
    let one = |condition: &Condition| {
        let (value, low) = (row[condition.field], condition.low.as_str());
        match condition.option.as_str() {
            "EQ" => value == low,
            "NE" => value != low,
            "LT" => value < low,
            "LE" => value <= low,
            "GT" => value > low,
            "GE" => value >= low,
            _ => value >= low && value <= condition.high.as_str(),
        }
    };
    let mut fields: Vec<usize> = conditions.iter().map(|condition| condition.field).collect();
    fields.dedup();
    fields.into_iter().all(|field| {
        let of_it = || conditions.iter().filter(move |condition| condition.field == field);
        let mut included = of_it().filter(|condition| condition.include).peekable();
        let wanted = included.peek().is_none() || included.any(one);
        wanted && !of_it().filter(|condition| !condition.include).any(one)
    })
}

/// `Z_CARBIDE_READ_TABLE`.
pub(super) fn companion(call: &Node) -> String {
    match companion_rows(call) {
        Err((number, text)) => {
            format!("<RETURN>{}</RETURN>", message("E", "ZCARBIDE", number, &text))
        }
        Ok((rows, after)) => {
            let text = json!(rows).to_string();
            format!(
                "<ROWS>{}</ROWS><ROW_COUNT>{}</ROW_COUNT><CONTINUE_WITH>{}</CONTINUE_WITH>\
                 <RETURN></RETURN>",
                quick_xml::escape::escape(text.as_str()),
                rows.len(),
                quick_xml::escape::escape(after.as_str())
            )
        }
    }
}

type Refusal = (&'static str, String);

fn companion_rows(call: &Node) -> Result<(Vec<Vec<&'static str>>, String), Refusal> {
    let name = call.field("TABLE_NAME");
    let table = table(&name).ok_or(("040", format!("table {name} is not on the list")))?;
    let place = |field: &str| {
        let found = table.fields.iter().position(|(known, ..)| *known == field);
        found.ok_or(("041", format!("field {field} is not in table {name}")))
    };
    let mut wanted = Vec::new();
    for item in call.items("FIELDS") {
        wanted.push(place(&item.field("FIELDNAME"))?);
    }
    let mut conditions = Vec::new();
    for item in call.items("CONDITIONS") {
        let (field, option) = (item.field("FIELDNAME"), item.field("OPTION"));
        let sign = item.field("SIGN");
        let known = ["EQ", "NE", "LT", "LE", "GT", "GE", "BT"].contains(&option.as_str());
        if !known || !["I", "E"].contains(&sign.as_str()) {
            return Err(("042", format!("condition on {field} makes no sense ({sign} {option})")));
        }
        conditions.push(Condition {
            field: place(&field)?,
            include: sign == "I",
            option,
            low: item.field("LOW"),
            high: item.field("HIGH"),
        });
    }
    let rows = call.field("MAX_ROWS");
    let most = rows.parse::<usize>().ok().filter(|most| (1..=10_000).contains(most));
    let most = most.ok_or(("043", format!("MAX_ROWS {rows} is outside 1 to 10000")))?;
    if wanted.is_empty() {
        return Err(("041", format!("no field of table {name} is wanted")));
    }
    let after = call.field("CONTINUE_AFTER");
    let last: Option<Vec<String>> = match after.as_str() {
        "" => None,
        token => {
            let parts = serde_json::from_str::<Vec<String>>(token).ok();
            let fits = parts.filter(|parts| parts.len() == table.keys + 1 && parts[0] == name);
            Some(fits.ok_or(("044", "CONTINUE_AFTER does not belong to this request".to_owned()))?)
        }
    };
    let key =
        |row: &[&str]| row[..table.keys].iter().map(|part| (*part).to_owned()).collect::<Vec<_>>();
    let behind = |row: &&&'static [&'static str]| {
        last.as_ref().is_none_or(|last| key(row).as_slice() > &last[1..])
    };
    let mut found = table.rows.iter().filter(behind).filter(|row| meets(row, &conditions));
    let page: Vec<_> = found.by_ref().take(most).collect();
    let goes_on = found.next().is_some();
    let token = page.last().filter(|_| goes_on).map_or_else(String::new, |row| {
        let parts: Vec<String> = std::iter::once(name.clone()).chain(key(row)).collect();
        json!(parts).to_string()
    });
    let rows = page.iter().map(|row| wanted.iter().map(|at| row[*at]).collect()).collect();
    Ok((rows, token))
}

/// `RFC_READ_TABLE`.
///
/// # Errors
///
/// The name of the exception that the function raises.
pub(super) fn unpublished(profiles: &[String], call: &Node) -> Result<String, String> {
    // The role names the tables that may be read; the rights are asked for before anything else.
    if call.field("QUERY_TABLE") == "USR02" {
        if profiles.is_empty() {
            return Err("NOT_AUTHORIZED".to_owned());
        }
        return Ok("<FIELDS></FIELDS><DATA></DATA>".to_owned());
    }
    let table = table(&call.field("QUERY_TABLE")).ok_or("TABLE_NOT_AVAILABLE")?;
    let asked = call.items("FIELDS");
    let mut wanted = Vec::new();
    for item in &asked {
        let name = item.field("FIELDNAME");
        let found = table.fields.iter().position(|(known, ..)| *known == name);
        wanted.push(found.ok_or("FIELD_NOT_VALID")?);
    }
    if wanted.is_empty() {
        wanted = (0..table.fields.len()).collect();
    }
    let mut offset = 0;
    let mut fields = String::new();
    for at in &wanted {
        let (name, length, kind) = table.fields[*at];
        fields.push_str(&format!(
            "<item><FIELDNAME>{name}</FIELDNAME><OFFSET>{offset:06}</OFFSET><LENGTH>{length:06}\
             </LENGTH><TYPE>{kind}</TYPE><FIELDTEXT></FIELDTEXT></item>"
        ));
        offset += length;
    }
    let mut data = String::new();
    if call.field("NO_DATA") != "X" {
        if offset > ROW_WIDTH {
            return Err("DATA_BUFFER_EXCEEDED".to_owned());
        }
        let lines: Vec<String> =
            call.items("OPTIONS").iter().map(|item| item.field("TEXT")).collect();
        let conditions = clauses(table, &lines.join(" ")).ok_or("OPTION_NOT_VALID")?;
        let most = call.field("ROWCOUNT").parse::<usize>().unwrap_or(0);
        let rows = table.rows.iter().filter(|row| meets(row, &conditions));
        for row in rows.take(if most == 0 { usize::MAX } else { most }) {
            let mut line = String::new();
            for at in &wanted {
                let (_, length, kind) = table.fields[*at];
                let text = row[*at];
                // Numbers stand on the right.
                if matches!(kind, 'I' | 'P' | 's') {
                    line.push_str(&format!("{text:>length$}"));
                } else {
                    line.push_str(&format!("{text:<length$}"));
                }
            }
            data.push_str(&format!("<item><WA>{}</WA></item>", quick_xml::escape::escape(&line)));
        }
    }
    Ok(format!("<DATA>{data}</DATA><FIELDS>{fields}</FIELDS>"))
}

/// The clauses that the client writes: `FIELD OP 'value'` with AND, OR, NOT and brackets.
fn clauses(table: &Table, text: &str) -> Option<Vec<Condition>> {
    let mut words: Vec<String> = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('\'') {
            let mut literal = String::new();
            let mut letters = inside.char_indices().peekable();
            let end = loop {
                let (at, letter) = letters.next()?;
                if letter != '\'' {
                    literal.push(letter);
                } else if letters.peek().is_some_and(|(_, next)| *next == '\'') {
                    literal.push('\'');
                    letters.next();
                } else {
                    break at + 1;
                }
            };
            words.push(format!("'{literal}"));
            rest = inside[end..].trim_start();
        } else {
            let end = rest.find(' ').unwrap_or(rest.len());
            words.push(rest[..end].to_owned());
            rest = rest[end..].trim_start();
        }
    }
    let mut conditions = Vec::new();
    let (mut include, mut at) = (true, 0);
    while at < words.len() {
        match words[at].as_str() {
            "AND" | "OR" | "(" => at += 1,
            ")" => {
                include = true;
                at += 1;
            }
            "NOT" => {
                include = false;
                at += 1;
            }
            field => {
                let field = table.fields.iter().position(|(known, ..)| *known == field)?;
                let option = words.get(at + 1)?.clone();
                let literal = |at: usize| words.get(at)?.strip_prefix('\'').map(str::to_owned);
                let low = literal(at + 2)?;
                let high = if option == "BETWEEN" { literal(at + 4)? } else { String::new() };
                at += if option == "BETWEEN" { 5 } else { 3 };
                let option = if option == "BETWEEN" { "BT".to_owned() } else { option };
                conditions.push(Condition { field, include, option, low, high });
            }
        }
    }
    Some(conditions)
}
