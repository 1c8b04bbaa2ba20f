//! OData: reads of every set, writes of planned orders.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::books::{Books, PLANNED_ORDERS, PLANNED_ORDERS_V4, Row};
use super::faults::Kind;
use super::filter::{self, Condition};
use super::metadata::{EntityType, Service};
use super::server::{Answer, Request, State};
use super::{planned_order, wire};

const ORDER_SET: &str = "A_PlannedOrder";

/// An error as SAP Gateway writes it.
pub fn error(status: u16, code: &str, text: &str, version: u8) -> Answer {
    let detail = json!({
        "code": code, "message": text, "propertyref": "", "severity": "error", "target": "",
    });
    let body = if version == 2 {
        json!({ "error": {
            "code": code,
            "message": { "lang": "en", "value": text },
            "innererror": {
                "application": { "component_id": "PP-MRP", "service_id": "SANDBOX" },
                "transactionid": format!("{:016X}", rand::random::<u64>()),
                "timestamp": "",
                "Error_Resolution": { "SAP_Transaction": "For backend administrators: use ADT feed \
                    reader \"SAP Gateway Error Log\" or run transaction /IWFND/ERROR_LOG" },
                "errordetails": [detail],
            },
        }})
    } else {
        json!({ "error": { "code": code, "message": text, "details": [] } })
    };
    Answer::new(status, "application/json", body.to_string())
}

/// What stands after the service's path: set, key, navigation.
struct Resource<'a> {
    set: &'a str,
    key: Option<&'a str>,
    rest: &'a str,
}

fn resource(path: &str) -> Resource<'_> {
    // A quote hides slashes and parentheses of a key.
    let mut inside = false;
    let mut end = path.len();
    let (mut open, mut close) = (None, None);
    for (at, c) in path.char_indices() {
        match c {
            '\'' => inside = !inside,
            '(' if !inside && open.is_none() => open = Some(at),
            ')' if !inside && close.is_none() => close = Some(at),
            '/' if !inside => {
                end = at;
                break;
            }
            _ => {}
        }
    }
    let rest = path.get(end + 1..).unwrap_or("");
    match (open, close) {
        (Some(open), Some(close)) if open < close => {
            Resource { set: &path[..open], key: Some(&path[open + 1..close]), rest }
        }
        _ => Resource { set: &path[..end], key: None, rest },
    }
}

/// Answers a GET.
pub fn read(state: &State, service: &Service, request: &Request<'_>) -> Answer {
    let inside = request.path[service.path.len()..].trim_start_matches('/');
    if inside == "$metadata" {
        return Answer::new(200, "application/xml", service.edmx.clone());
    }
    if inside.is_empty() {
        let sets: Vec<&String> = service.sets.keys().collect();
        let body = match service.version {
            2 => json!({ "d": { "EntitySets": sets } }),
            _ => {
                json!({ "value": sets.iter().map(|s| json!({ "name": s, "url": s })).collect::<Vec<_>>() })
            }
        };
        return Answer::new(200, "application/json", body.to_string());
    }
    let found = read_resource(state, service, request, inside);
    found.unwrap_or_else(|refused| *refused)
}

fn read_resource(
    state: &State,
    service: &Service,
    request: &Request<'_>,
    inside: &str,
) -> Result<Answer, Box<Answer>> {
    let version = service.version;
    let resource = resource(inside);
    let not_found = |text: String| Box::new(error(404, "/IWBEP/CM_MGW_RT/020", &text, version));
    let no_set = || not_found(format!("Resource not found for segment '{}'", resource.set));
    let entity = service.sets.get(resource.set).ok_or_else(no_set)?;
    let books = state.books();
    let in_v4;
    let rows = if service.path == PLANNED_ORDERS_V4 {
        in_v4 = planned_order::in_v4(&books, entity);
        &in_v4
    } else {
        &books.tables[&(service.path, resource.set.to_owned())]
    };
    let context = Context { service, books: &books, request, page_rows: state.page_rows };
    if let Some(key) = resource.key {
        let wanted = key_of(key, entity)
            .map_err(|text| Box::new(error(400, "/IWFND/CM_MGW/096", &text, version)))?;
        let row = rows.iter().find(|row| has_key(row, &wanted));
        let row =
            row.ok_or_else(|| not_found("Resource not found for the key given".to_owned()))?;
        if let Some(target) = entity.navigation.get(resource.rest) {
            let rows = context.behind(row, entity, target);
            return context.list(target, rows);
        }
        let shown = context.shown(resource.set, entity, row);
        let body = if version == 2 { json!({ "d": shown }) } else { Value::Object(shown) };
        let mut answer = Answer::new(200, "application/json", body.to_string());
        if let Some(etag) = etag(row) {
            answer = answer.with("etag", etag);
        }
        return Ok(answer);
    }
    if resource.rest == "$count" {
        let count = context.selected(entity, rows.iter().collect())?.len();
        return Ok(Answer::new(200, "text/plain", count.to_string()));
    }
    context.list(resource.set, rows.iter().collect())
}

struct Context<'a> {
    service: &'a Service,
    books: &'a Books,
    request: &'a Request<'a>,
    page_rows: usize,
}

impl<'a> Context<'a> {
    /// The rows that `$filter` and `$orderby` leave.
    fn selected(
        &self,
        entity: &EntityType,
        mut rows: Vec<&'a Row>,
    ) -> Result<Vec<&'a Row>, Box<Answer>> {
        let refused = |text: String| {
            Box::new(error(400, "/IWFND/CM_MGW_RT/022", &text, self.service.version))
        };
        if let Some(text) = self.request.query("$filter") {
            let condition: Condition = filter::parse(text, entity).map_err(refused)?;
            rows.retain(|row| condition.holds(row, entity));
        }
        if let Some(order) = self.request.query("$orderby") {
            for part in order.split(',').rev() {
                let (name, down) = match part.trim().split_once(' ') {
                    Some((name, "desc")) => (name, true),
                    Some((name, _)) => (name, false),
                    None => (part.trim(), false),
                };
                if entity.property(name).is_none() {
                    return Err(refused(format!("Property {name} not found")));
                }
                let value = |row: &Row| row[name].as_str().unwrap_or_default().to_owned();
                rows.sort_by_key(|row| value(row));
                if down {
                    rows.reverse();
                }
            }
        }
        Ok(rows)
    }

    fn list(&self, set: &str, rows: Vec<&'a Row>) -> Result<Answer, Box<Answer>> {
        let entity = &self.service.sets[set];
        let rows = self.selected(entity, rows)?;
        let number = |name: &str| self.request.query(name).and_then(|text| text.parse().ok());
        let total = rows.len();
        let skip = number("$skip").unwrap_or(0) + number("$skiptoken").unwrap_or(0);
        let top = number("$top").unwrap_or(usize::MAX);
        let page = self.page_rows.min(top);
        let shown: Vec<Value> = rows
            .iter()
            .skip(skip)
            .take(page)
            .map(|row| Value::Object(self.shown(set, entity, row)))
            .collect();
        self.books.serve(set, shown.len());
        let ends = skip + shown.len();
        let more = ends < total && shown.len() < top;
        let next = more.then(|| self.next_link(set, ends, skip));
        let body = if self.service.version == 2 {
            let mut d = Map::new();
            if self.request.query("$inlinecount") == Some("allpages") {
                d.insert("__count".to_owned(), total.to_string().into());
            }
            d.insert("results".to_owned(), shown.into());
            if let Some(next) = next {
                d.insert("__next".to_owned(), next.into());
            }
            json!({ "d": d })
        } else {
            let mut body = Map::new();
            body.insert("@odata.context".to_owned(), format!("$metadata#{set}").into());
            if self.request.query("$count") == Some("true") {
                body.insert("@odata.count".to_owned(), total.into());
            }
            body.insert("value".to_owned(), shown.into());
            if let Some(next) = next {
                body.insert("@odata.nextLink".to_owned(), next.into());
            }
            Value::Object(body)
        };
        Ok(Answer::new(200, "application/json", body.to_string()))
    }

    /// Absolute in V2, relative in V4, as SAP Gateway does.
    fn next_link(&self, set: &str, next: usize, this: usize) -> String {
        let token = if self.request.fault == Some(Kind::RepeatPage) { this } else { next };
        let kept = self
            .request
            .query
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "$skiptoken" | "$skip"));
        let mut query: Vec<String> = kept
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
            .collect();
        query.push(format!("$skiptoken={token}"));
        let query = query.join("&");
        if self.request.fault == Some(Kind::ForeignLink) {
            return format!("http://169.254.169.254/{set}?{query}");
        }
        match self.service.version {
            2 => format!("http://{}{}/{set}?{query}", self.request.host, self.service.path),
            _ => format!("{set}?{query}"),
        }
    }

    /// The rows of `target` that belong to a row: those with the same values in the properties that
    /// are key of the row and stand in both.
    fn behind(&self, row: &Row, entity: &EntityType, target: &str) -> Vec<&'a Row> {
        let other = &self.service.sets[target];
        let shared: Vec<&String> =
            entity.keys.iter().filter(|key| other.property(key).is_some()).collect();
        let rows = self.books.tables[&(self.service.path, target.to_owned())].iter();
        rows.filter(|candidate| shared.iter().all(|key| candidate[*key] == row[*key])).collect()
    }

    fn shown(&self, set: &str, entity: &EntityType, row: &Row) -> Map<String, Value> {
        let version = self.service.version;
        let accept = self.request.header("accept").unwrap_or("");
        let decimals_as_text = accept.contains("IEEE754Compatible=true");
        let select = self.request.query("$select");
        let selected =
            |name: &str| select.is_none_or(|list| list.split(',').any(|part| part.trim() == name));
        let mut shown = Map::new();
        if version == 2 {
            let uri = format!(
                "http://{}{}/{set}{}",
                self.request.host,
                self.service.path,
                key_text(row, entity)
            );
            let mut metadata = json!({
                "id": uri, "uri": uri, "type": format!("{}.{}", self.service.namespace, entity.name),
            });
            if let Some(etag) = etag(row) {
                metadata["etag"] = etag.into();
            }
            shown.insert("__metadata".to_owned(), metadata);
        } else if let Some(etag) = etag(row) {
            shown.insert("@odata.etag".to_owned(), etag.into());
        }
        for property in entity.properties.iter().filter(|p| selected(&p.name)) {
            let value = &row[&property.name];
            let value = match version {
                2 => wire::v2(property, value),
                _ => wire::v4(property, value, decimals_as_text),
            };
            shown.insert(property.name.clone(), value);
        }
        for (navigation, target) in &entity.navigation {
            let expand = self.request.query("$expand").unwrap_or("");
            if !expand.split(',').any(|part| part.trim() == navigation) {
                continue;
            }
            let other = &self.service.sets[target];
            let inner = Request {
                query: Vec::new(),
                method: self.request.method.clone(),
                path: String::new(),
                headers: self.request.headers,
                body: "",
                user: String::new(),
                host: self.request.host.clone(),
                fault: None,
            };
            let inner =
                Context { service: self.service, books: self.books, request: &inner, page_rows: 0 };
            let rows: Vec<Value> = self
                .behind(row, entity, target)
                .into_iter()
                .map(|row| Value::Object(inner.shown(target, other, row)))
                .collect();
            let rows = if entity.to_one.contains(navigation) {
                rows.into_iter().next().unwrap_or(Value::Null)
            } else if version == 2 {
                json!({ "results": rows })
            } else {
                Value::Array(rows)
            };
            shown.insert(navigation.clone(), rows);
        }
        shown
    }
}

/// The ETag of a row that has a change time: opaque to clients, and another one in V4.
pub fn etag(row: &Row) -> Option<String> {
    if let Some(changed) = row.get(planned_order::LAST_CHANGE_V4).and_then(Value::as_str) {
        return Some(format!("W/\"SADL-{changed}\""));
    }
    let changed = row.get("LastChangeDateTime")?.as_str().filter(|text| !text.is_empty())?;
    let encoded = changed.replace(':', "%3A");
    Some(format!("W/\"datetimeoffset'{encoded}'\""))
}

fn key_text(row: &Row, entity: &EntityType) -> String {
    let quoted = |key: &String| {
        let value = row[key].as_str().unwrap_or_default().replace('\'', "''");
        format!("'{}'", utf8_percent_encode(&value, NON_ALPHANUMERIC))
    };
    match entity.keys.as_slice() {
        [single] => format!("({})", quoted(single)),
        many => {
            let parts: Vec<String> =
                many.iter().map(|key| format!("{key}={}", quoted(key))).collect();
            format!("({})", parts.join(","))
        }
    }
}

fn key_of(text: &str, entity: &EntityType) -> Result<Vec<(String, String)>, String> {
    if let [single] = entity.keys.as_slice()
        && !text.contains('=')
    {
        return Ok(vec![(single.clone(), filter::literal(text)?)]);
    }
    let parts = text.split(',').map(|part| {
        let (name, value) = part.split_once('=').ok_or("Invalid key predicate")?;
        Ok((name.trim().to_owned(), filter::literal(value.trim())?))
    });
    let parts: Vec<(String, String)> = parts.collect::<Result<_, String>>()?;
    let complete = parts.len() == entity.keys.len()
        && parts.iter().all(|(name, _)| entity.keys.contains(name));
    if complete { Ok(parts) } else { Err("Invalid key predicate".to_owned()) }
}

fn has_key(row: &Row, key: &[(String, String)]) -> bool {
    // Numeric keys match with and without leading zeros: the conversion exit of the service.
    let short = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if digits { text.trim_start_matches('0').to_owned() } else { text.to_owned() }
    };
    key.iter().all(|(name, value)| short(row[name].as_str().unwrap_or("")) == short(value))
}

/// Answers a write. Only planned orders can be written.
pub fn write(state: &State, service: &Service, request: &Request<'_>) -> Answer {
    let inside = request.path[service.path.len()..].trim_start_matches('/');
    let resource = resource(inside);
    let version = service.version;
    let set = set_of(service);
    if set.is_empty() || resource.set != set {
        let text = "Method not allowed for this entity set";
        return error(405, "/IWFND/CM_MGW/029", text, version);
    }
    let entity = &service.sets[set];
    let written = match (request.method.as_str(), resource.key) {
        ("POST", None) => create(state, service, entity, request),
        ("PATCH" | "MERGE", Some(key)) => change(state, service, request, key),
        ("DELETE", Some(key)) => delete(state, service, request, key),
        _ => return error(405, "/IWFND/CM_MGW/029", "Method not allowed", version),
    };
    match written {
        Err(refused) => *in_version(refused, version),
        Ok(None) => Answer::new(204, "application/json", String::new()),
        Ok(Some(row)) => {
            let books = state.books();
            let context = Context { service, books: &books, request, page_rows: 1 };
            let row = if version == 4 { planned_order::to_v4(&row, entity) } else { row };
            let shown = context.shown(set, entity, &row);
            let uri = shown.get("__metadata").and_then(|about| about["uri"].as_str());
            let uri = uri.map_or_else(|| format!("{set}{}", key_text(&row, entity)), str::to_owned);
            let body = if version == 2 { json!({ "d": shown }) } else { Value::Object(shown) };
            Answer::new(201, "application/json", body.to_string())
                .with("location", uri)
                .with("etag", etag(&row).unwrap_or_default())
        }
    }
}

/// A refusal as the version of the service writes it.
fn in_version(refused: Box<Answer>, version: u8) -> Box<Answer> {
    let text: Value = serde_json::from_str(&refused.body).unwrap_or_default();
    let (code, message) = (&text["error"]["code"], &text["error"]["message"]["value"]);
    match (version, code.as_str(), message.as_str()) {
        (4, Some(code), Some(message)) => Box::new(error(refused.status, code, message, 4)),
        _ => refused,
    }
}

/// The entity set of a service that can be written.
fn set_of(service: &Service) -> &'static str {
    match service.path {
        PLANNED_ORDERS => ORDER_SET,
        PLANNED_ORDERS_V4 => planned_order::SET_V4,
        _ => "",
    }
}

type Written = Result<Option<Row>, Box<Answer>>;

fn refused(code: &str, text: &str) -> Box<Answer> {
    Box::new(error(400, code, text, 2))
}

fn create(state: &State, service: &Service, entity: &EntityType, request: &Request<'_>) -> Written {
    let given: Map<String, Value> = serde_json::from_str(request.body)
        .map_err(|error| refused("/IWCOR/CX_DS_EP_PROPERTY_ERROR", &error.to_string()))?;
    let held = state.services.iter().find(|held| held.path == PLANNED_ORDERS);
    let held = held.map_or(entity, |held| &held.sets[ORDER_SET]);
    let mut row = wire::row(held, &[]);
    merge(&mut row, &service.sets[set_of(service)], &given)?;
    let mut books = state.books();
    planned_order::complete(&mut books, &mut row).map_err(of_order)?;
    let number = row["PlannedOrder"].as_str().unwrap_or_default().to_owned();
    let what = format!("planned order {number} created");
    books.commit(&request.user, what, request.body);
    books.table(PLANNED_ORDERS, ORDER_SET).push(row.clone());
    Ok(Some(row))
}

fn merge(
    row: &mut Row,
    entity: &EntityType,
    given: &Map<String, Value>,
) -> Result<(), Box<Answer>> {
    const READ_ONLY: &[&str] = &[
        "PlannedOrder",
        "LastChangeDateTime",
        planned_order::LAST_CHANGE_V4,
        "CapacityRequirement",
    ];
    for (name, value) in given.iter().filter(|(name, _)| name.as_str() != "__metadata") {
        let property = entity.property(name).ok_or_else(|| {
            refused("/IWCOR/CX_DS_EP_PROPERTY_ERROR", &format!("Property {name} is invalid"))
        })?;
        if READ_ONLY.contains(&name.as_str()) {
            continue;
        }
        let value = wire::stored(property, value)
            .map_err(|text| refused("/IWCOR/CX_DS_EDM_FACET_ERROR", &text))?;
        row.insert(name.clone(), value);
    }
    Ok(())
}

fn of_order((code, text): planned_order::Refusal) -> Box<Answer> {
    refused(code, &text)
}

/// The position of the order that a write means, if it still has the version that the client read.
fn matching(
    books: &mut Books,
    service: &Service,
    request: &Request<'_>,
    key: &str,
) -> Result<usize, Box<Answer>> {
    let entity = &service.sets[set_of(service)];
    let wanted = key_of(key, entity).map_err(|text| refused("/IWFND/CM_MGW/096", &text))?;
    let rows = &books.tables[&(PLANNED_ORDERS, ORDER_SET.to_owned())];
    let found = rows.iter().position(|row| has_key(row, &wanted));
    let position = found
        .ok_or_else(|| Box::new(error(404, "61/404", "The planned order does not exist", 2)))?;
    let Some(version) = request.header("if-match") else {
        let text = "Precondition required: send If-Match";
        return Err(Box::new(error(428, "/IWFND/CM_MGW_RT/050", text, 2)));
    };
    let row = &rows[position];
    let row = if service.version == 4 { &planned_order::to_v4(row, entity) } else { row };
    if version != "*" && Some(version) != etag(row).as_deref() {
        let text = "Precondition failed: the order was changed";
        return Err(Box::new(error(412, "/IWFND/CM_MGW_RT/052", text, 2)));
    }
    let number = row["PlannedOrder"].as_str().unwrap_or_default().to_owned();
    if books.is_locked(&number) {
        let text = "Object requested is currently locked by another user";
        return Err(Box::new(error(423, "MC/601", text, 2)));
    }
    Ok(position)
}

fn change(state: &State, service: &Service, request: &Request<'_>, key: &str) -> Written {
    let mut books = state.books();
    let position = matching(&mut books, service, request, key)?;
    let entity = &service.sets[set_of(service)];
    let given: Map<String, Value> = serde_json::from_str(request.body)
        .map_err(|error| refused("/IWCOR/CX_DS_EP_PROPERTY_ERROR", &error.to_string()))?;
    let mut row = books.table(PLANNED_ORDERS, ORDER_SET)[position].clone();
    merge(&mut row, entity, &given)?;
    planned_order::check(&row).map_err(of_order)?;
    row.insert("LastChangeDateTime".to_owned(), books.change_time().into());
    let what = format!("planned order {} changed", row["PlannedOrder"].as_str().unwrap_or(""));
    books.commit(&request.user, what, request.body);
    books.table(PLANNED_ORDERS, ORDER_SET)[position] = row;
    Ok(None)
}

fn delete(state: &State, service: &Service, request: &Request<'_>, key: &str) -> Written {
    let mut books = state.books();
    let position = matching(&mut books, service, request, key)?;
    let row = books.table(PLANNED_ORDERS, ORDER_SET).remove(position);
    let what = format!("planned order {} deleted", row["PlannedOrder"].as_str().unwrap_or(""));
    books.commit(&request.user, what, request.body);
    Ok(None)
}
