//! A result as one page of HTML that can be printed: no script, no font and no picture from
//! anywhere else.

use std::fmt::Write as _;

use serde_json::{Map, Value};

const STYLE: &str = "\
body{font:15px/1.45 system-ui,sans-serif;color:#1a1f24;margin:2rem auto;max-width:72rem;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin:1.6rem 0 .4rem}
table{border-collapse:collapse;margin:.3rem 0 1rem;font-variant-numeric:tabular-nums}
th,td{border-bottom:1px solid #d5dade;padding:.2rem .6rem;text-align:left;vertical-align:top}
th{font-weight:600;background:#f3f5f6}td.n{text-align:right}
details>summary{cursor:pointer;color:#0a6ed1}footer{margin-top:2rem;color:#5b6670;font-size:.85rem}
@media print{body{margin:0;max-width:none;font-size:9pt}a{color:inherit;text-decoration:none}
table{page-break-inside:auto}tr{page-break-inside:avoid}thead{display:table-header-group}
details:not([open])>*{display:block}h2{page-break-after:avoid}}
";

/// Rows of a list that are shown at once; the others stand in a part that opens.
const ROWS_SHOWN: usize = 40;

/// A page of `title` with everything that `document` says, in its order. It calculates nothing.
pub fn page(title: &str, lead: &str, document: &Value) -> String {
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title>\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <style>{STYLE}</style></head><body>\n<h1>{0}</h1>\n<p>{1}</p>\n",
        escaped(title),
        escaped(lead)
    );
    if let Value::Object(parts) = document {
        let (simple, nested): (Vec<_>, Vec<_>) =
            parts.iter().partition(|(_, value)| !value.is_object() && !value.is_array());
        let simple: Map<String, Value> =
            simple.into_iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        object(&mut html, &simple);
        for (name, value) in nested {
            let _ = writeln!(html, "<h2>{}</h2>", escaped(&words(name)));
            part(&mut html, value);
        }
    }
    let _ = writeln!(
        html,
        "<footer>carbide {}. Every number stands in the JSON of the same command, from which it can \
         be calculated again.</footer></body></html>",
        env!("CARGO_PKG_VERSION")
    );
    html
}

fn part(html: &mut String, value: &Value) {
    match value {
        Value::Object(parts) => object(html, parts),
        Value::Array(rows) => list(html, rows),
        simple => html.push_str(&text(simple)),
    }
}

fn object(html: &mut String, parts: &Map<String, Value>) {
    if parts.is_empty() {
        html.push_str("<p>none</p>");
        return;
    }
    html.push_str("<table><tbody>");
    for (name, value) in parts {
        let _ = write!(html, "<tr><th>{}</th><td>", escaped(&words(name)));
        part(html, value);
        html.push_str("</td></tr>\n");
    }
    html.push_str("</tbody></table>\n");
}

/// A table of rows with the same keys, or the values one after the other.
fn list(html: &mut String, rows: &[Value]) {
    if rows.is_empty() {
        html.push_str("<p>none</p>");
        return;
    }
    if rows.len() > ROWS_SHOWN {
        let _ = write!(html, "<details><summary>{} rows</summary>", rows.len());
    }
    match rows.first() {
        Some(Value::Object(first)) => {
            html.push_str("<table><thead><tr>");
            for name in first.keys() {
                let _ = write!(html, "<th>{}</th>", escaped(&words(name)));
            }
            html.push_str("</tr></thead><tbody>\n");
            for row in rows {
                html.push_str("<tr>");
                for name in first.keys() {
                    cell(html, &row[name.as_str()]);
                }
                html.push_str("</tr>\n");
            }
            html.push_str("</tbody></table>\n");
        }
        Some(Value::Array(_)) => {
            html.push_str("<table><tbody>\n");
            for row in rows {
                html.push_str("<tr>");
                row.as_array().into_iter().flatten().for_each(|value| cell(html, value));
                html.push_str("</tr>\n");
            }
            html.push_str("</tbody></table>\n");
        }
        _ => {
            let all: Vec<String> = rows.iter().map(text).collect();
            html.push_str(&all.join(" &gt; "));
        }
    }
    if rows.len() > ROWS_SHOWN {
        html.push_str("</details>\n");
    }
}

fn cell(html: &mut String, value: &Value) {
    match value {
        Value::Object(parts) if parts.contains_key("amount") && parts.contains_key("unit") => {
            let _ = write!(
                html,
                "<td class=\"n\">{} {}</td>",
                text(&parts["amount"]),
                text(&parts["unit"])
            );
        }
        Value::Object(_) | Value::Array(_) => {
            html.push_str("<td>");
            part(html, value);
            html.push_str("</td>");
        }
        simple => {
            let number = simple.is_number()
                || simple.as_str().is_some_and(|text| text.parse::<f64>().is_ok());
            let class = if number { " class=\"n\"" } else { "" };
            let _ = write!(html, "<td{class}>{}</td>", text(simple));
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "&ndash;".to_owned(),
        Value::String(text) => escaped(text),
        other => escaped(&other.to_string()),
    }
}

/// `kg_co2e_per_unit` as people read it.
fn words(name: &str) -> String {
    name.replace("co2e", "CO2e").replace('_', " ")
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_from_sap_cannot_become_markup() {
        let document =
            json!({ "material": "<script>alert(1)</script>", "lines": [{ "a&b": "\"" }] });

        let html = page("REBAR", "lead", &document);

        assert!(!html.contains("<script>"));
        assert!(
            html.contains("&lt;script&gt;") && html.contains("a&amp;b") && html.contains("&quot;")
        );
    }

    #[test]
    fn a_page_needs_nothing_but_itself() {
        let html = page("REBAR", "lead", &json!({ "terms": [{ "kg": "1.5" }] }));

        assert!(!html.contains("http") && !html.contains("<link") && !html.contains("src="));
        assert!(html.contains("@media print") && html.contains("<td class=\"n\">1.5</td>"));
    }
}
