//! SOAP-RFC: sessions, logical units of work, and the BAPIs of accounting. Those of logistics and
//! controlling stand below.

mod authority;

mod exec;

mod key_figure;

mod planned_order;

mod planning;

mod production_order;

mod system;

mod table;

use std::collections::BTreeMap;

use jiff::civil::Date;
use quick_xml::Reader;
use quick_xml::escape::escape;
use quick_xml::events::Event;
use rust_decimal::Decimal;

use super::books::{Books, FiDocument, FiLine, Registered};
use super::server::{self, Answer, Request, State};

const CONTEXT_COOKIE: &str = "sap-contextid";

/// An element of a request: name, text, children.
#[derive(Clone, Debug, Default)]
struct Node {
    name: String,
    text: String,
    children: Vec<Node>,
}

impl Node {
    fn get(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    fn field(&self, name: &str) -> String {
        self.get(name).map(|child| child.text.trim().to_owned()).unwrap_or_default()
    }

    fn items(&self, name: &str) -> Vec<&Self> {
        let table = self.get(name);
        table
            .map(|table| table.children.iter().filter(|c| c.name == "item").collect())
            .unwrap_or_default()
    }
}

fn tree(xml: &str) -> Result<Node, String> {
    let mut reader = Reader::from_str(xml);
    let mut stack = vec![Node::default()];
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => {
                let name = start.local_name().as_ref().to_owned();
                stack.push(Node { name, ..Node::default() });
            }
            Event::Empty(start) => {
                let name = start.local_name().as_ref().to_owned();
                let node = Node { name, ..Node::default() };
                stack.last_mut().ok_or("no root")?.children.push(node);
            }
            Event::End(_) => {
                let done = stack.pop().ok_or("unbalanced")?;
                stack.last_mut().ok_or("unbalanced")?.children.push(done);
            }
            Event::Text(text) => stack.last_mut().ok_or("no root")?.text.push_str(&text),
            Event::GeneralRef(reference) => {
                let character = match reference.as_ref() {
                    "lt" => '<',
                    "gt" => '>',
                    "amp" => '&',
                    "quot" => '"',
                    "apos" => '\'',
                    other => return Err(format!("entity {other} is not defined")),
                };
                stack.last_mut().ok_or("no root")?.text.push(character);
            }
            Event::DocType(_) => return Err("document types are not allowed".to_owned()),
            Event::Eof => break,
            _ => {}
        }
    }
    stack.pop().filter(|_| stack.is_empty()).ok_or_else(|| "unbalanced".to_owned())
}

/// Function that a SOAP body calls.
pub fn function_of(body: &str) -> Option<String> {
    if !body.contains("Envelope") {
        return None;
    }
    let root = tree(body).ok()?;
    Some(root.get("Envelope")?.get("Body")?.children.first()?.name.clone())
}

fn message(kind: &str, class: &str, number: &str, text: &str) -> String {
    format!(
        "<item><TYPE>{kind}</TYPE><ID>{class}</ID><NUMBER>{number}</NUMBER>\
         <MESSAGE>{}</MESSAGE><LOG_NO></LOG_NO><SYSTEM>SBX</SYSTEM></item>",
        escape(text)
    )
}

fn envelope(function: &str, inner: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><SOAP-ENV:Envelope \
         xmlns:SOAP-ENV=\"http://schemas.xmlsoap.org/soap/envelope/\"><SOAP-ENV:Body>\
         <n0:{function}.Response xmlns:n0=\"urn:sap-com:document:sap:rfc:functions\">{inner}\
         </n0:{function}.Response></SOAP-ENV:Body></SOAP-ENV:Envelope>"
    )
}

fn fault(text: &str) -> Answer {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><SOAP-ENV:Envelope \
         xmlns:SOAP-ENV=\"http://schemas.xmlsoap.org/soap/envelope/\"><SOAP-ENV:Body>\
         <SOAP-ENV:Fault><faultcode>SOAP-ENV:Client</faultcode><faultstring>{}</faultstring>\
         </SOAP-ENV:Fault></SOAP-ENV:Body></SOAP-ENV:Envelope>",
        escape(text)
    );
    Answer::new(500, "text/xml; charset=utf-8", body)
}

/// Answers a SOAP call.
pub fn answer(state: &State, request: &Request<'_>) -> Answer {
    if request.method != axum::http::Method::POST {
        return Answer::new(405, "text/html", "<html>Method not allowed</html>".to_owned());
    }
    let root = match tree(request.body) {
        Ok(root) => root,
        Err(error) => return fault(&error),
    };
    let Some(envelope_node) = root.get("Envelope") else { return fault("no envelope") };
    let stateful = envelope_node.get("Header").and_then(|header| header.get("Session"));
    let stateful = stateful.is_some_and(|session| session.field("enableSession") == "true");
    let call = envelope_node.get("Body").and_then(|body| body.children.first());
    let Some(call) = call else { return fault("no function") };
    let mut books = state.books();
    // Without a session of its own every request is one, gone at its end.
    let known = server::cookie(request.headers, CONTEXT_COOKIE).filter(|_| stateful);
    let fresh = known.is_none();
    let context = known.unwrap_or_else(|| books.fresh_id("C"));
    let luw = Luw { state, request, context: context.clone() };
    let inner = luw.call(&mut books, call);
    if !stateful {
        books.luws.remove(&context);
    }
    match inner {
        Err(text) => fault(&text),
        Ok(inner) => {
            let body = envelope(&call.name, &inner);
            let answer = Answer::new(200, "text/xml; charset=utf-8", body);
            if stateful && fresh {
                answer.with("set-cookie", format!("{CONTEXT_COOKIE}={context}; path=/sap/bc/soap"))
            } else {
                answer
            }
        }
    }
}

struct Luw<'a> {
    state: &'a State,
    request: &'a Request<'a>,
    context: String,
}

/// The books with the place where a call registers what its commit will write.
struct Register<'a> {
    books: &'a mut Books,
    context: &'a str,
    bytes: &'a str,
}

impl Register<'_> {
    fn add(&mut self, registered: Registered) {
        let luw = self.books.luws.entry(self.context.to_owned()).or_default();
        luw.push((registered, self.bytes.to_owned()));
    }

    /// Locks the planned order that a call names. Whether this session has the lock now.
    fn locks(&mut self, call: &Node) -> bool {
        let number = short(&call.field("PLANNEDORDER"));
        // A session of one call is one too, and gone at its end.
        self.books.luws.entry(self.context.to_owned()).or_default();
        self.books.lock_order(&number, self.context)
    }

    /// Whether this session has registered something of this kind already.
    fn holds(&self, what: impl Fn(&Registered) -> bool) -> bool {
        self.books.luws.get(self.context).is_some_and(|luw| luw.iter().any(|(r, _)| what(r)))
    }
}

/// RETURN as a structure.
fn structure(row: &str) -> String {
    let row = row.replace("<item>", "").replace("</item>", "");
    format!("<RETURN>{row}</RETURN>")
}

/// RETURN as a structure, with a refusal such as `M3/305`.
fn refusal(code: &str, text: &str) -> String {
    let (class, number) = code.split_once('/').unwrap_or((code, "000"));
    structure(&message("E", class, number, text))
}

/// A number without its leading zeros.
fn short(number: &str) -> String {
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    if digits { number.trim_start_matches('0').to_owned() } else { number.to_owned() }
}

impl Luw<'_> {
    fn register<'b>(&'b self, books: &'b mut Books) -> Register<'b> {
        Register { books, context: &self.context, bytes: self.request.body }
    }

    fn call(&self, books: &mut Books, call: &Node) -> Result<String, String> {
        let returned = |rows: String| {
            let named = call.get("RETURN").is_some();
            if named { format!("<RETURN>{rows}</RETURN>") } else { String::new() }
        };
        match call.name.as_str() {
            "RFCPING" => Ok(String::new()),
            "Z_CARBIDE_READ_TABLE" => Ok(table::companion(call)),
            "Z_CARBIDE_AUTHORITY" if self.state.companion => {
                Ok(authority::answer(&self.state.profiles, call))
            }
            "RFC_SYSTEM_INFO" => Ok(system::info()),
            "BAPI_USER_GET_DETAIL" => system::user_detail(&self.state.profiles, call),
            "RFC_READ_TABLE" => table::unpublished(&self.state.profiles, call),
            "BAPI_TRANSACTION_COMMIT" => {
                books.commit_luw(&self.context, &self.request.user, &self.state.services);
                Ok(structure(&message("S", "", "000", "")))
            }
            "BAPI_TRANSACTION_ROLLBACK" => {
                books.luws.remove(&self.context);
                Ok(structure(&message("S", "", "000", "")))
            }
            "BAPI_ACC_DOCUMENT_CHECK" => Ok(returned(match document(books, call, self.request) {
                Ok(_) => message("S", "RW", "614", "Document check - no errors"),
                Err(errors) => errors,
            })),
            "BAPI_ACC_DOCUMENT_POST" => match document(books, call, self.request) {
                Err(errors) => Ok(returned(errors)),
                Ok(document) => {
                    let (kind, key, system) = document.reference.clone();
                    let bytes = self.request.body.to_owned();
                    let registered = Registered::Post(Box::new(document));
                    books.luws.entry(self.context.clone()).or_default().push((registered, bytes));
                    let text = format!("Document posted successfully: {kind} {key} {system}");
                    Ok(format!(
                        "<OBJ_TYPE>{kind}</OBJ_TYPE><OBJ_KEY>{key}</OBJ_KEY><OBJ_SYS>{system}\
                         </OBJ_SYS>{}",
                        returned(message("S", "RW", "605", &text))
                    ))
                }
            },
            "BAPI_ACC_DOCUMENT_REV_CHECK" => {
                Ok(returned(match reversal(books, call, self.request) {
                    Ok(_) => message("S", "RW", "614", "Document check - no errors"),
                    Err(errors) => errors,
                }))
            }
            "BAPI_ACC_DOCUMENT_REV_POST" => match reversal(books, call, self.request) {
                Err(errors) => Ok(returned(errors)),
                Ok((original, document)) => {
                    let (kind, key, system) = document.reference.clone();
                    let bytes = self.request.body.to_owned();
                    let registered = Registered::Reverse { original, document: Box::new(document) };
                    books.luws.entry(self.context.clone()).or_default().push((registered, bytes));
                    let text = format!("Document posted successfully: {kind} {key} {system}");
                    Ok(format!(
                        "<OBJ_TYPE>{kind}</OBJ_TYPE><OBJ_KEY>{key}</OBJ_KEY><OBJ_SYS>{system}\
                         </OBJ_SYS>{}",
                        returned(message("S", "RW", "605", &text))
                    ))
                }
            },
            "BAPI_ACC_DOCUMENTS_RECORD" => Ok(recorded(books, call)),
            "BAPI_PLANNEDORDER_CREATE" => {
                Ok(planned_order::create(self.state, self.register(books), call))
            }
            "BAPI_PLANNEDORDER_CHANGE" => Ok(planned_order::change(self.register(books), call)),
            "BAPI_PLANNEDORDER_DELETE" => Ok(planned_order::delete(self.register(books), call)),
            "BAPI_PLANNEDORDER_GET_DETAIL" => Ok(planned_order::get_detail(books, call)),
            "BAPI_PLANNEDORDER_GET_DET_LIST" => Ok(planned_order::get_list(books, call)),
            "BAPI_PLANNEDORDER_EXIST_CHECK" => Ok(planned_order::exist_check(books, call)),
            "BAPI_PRODORD_CREATE_FROM_PLORD" => {
                Ok(production_order::create(self.state, self.register(books), call))
            }
            "BAPI_PRODORD_RELEASE" => Ok(production_order::release(self.register(books), call)),
            "BAPI_ACC_STAT_KEY_FIG_CHECK" => {
                Ok(returned(key_figure::check(call).err().unwrap_or_default()))
            }
            "BAPI_ACC_STAT_KEY_FIG_POST" => {
                let (number, rows) = key_figure::post(self.register(books), call);
                Ok(format!("<DOC_NO>{number}</DOC_NO>{}", returned(rows)))
            }
            "BAPI_ACC_ACT_POSTINGS_REVERSE" => {
                let (number, rows) = key_figure::reverse(self.register(books), call);
                Ok(format!("<DOC_NO>{number}</DOC_NO>{}", returned(rows)))
            }
            "Z_CARBIDE_EXEC" | "Z_CARBIDE_CANCEL" | "Z_CARBIDE_STATUS" | "Z_CARBIDE_LEASE"
                if self.state.companion =>
            {
                Ok(exec::answer(self, books, call))
            }
            "Z_CARBIDE_PLAN_PUBLISH" | "Z_CARBIDE_PLAN_REQUESTS" if self.state.companion => {
                Ok(planning::answer(self, books, call))
            }
            other => Err(format!("Function module {other} does not exist or is not released")),
        }
    }
}

/// Which references have an accounting document, and which have none.
fn recorded(books: &Books, call: &Node) -> String {
    let (mut found, mut missing) = (String::new(), String::new());
    for item in call.items("OBJECTS") {
        let key = item.field("OBJ_KEY");
        let known: Vec<&FiDocument> =
            books.documents.iter().filter(|d| d.reference.1 == key).collect();
        let reference = format!(
            "<OBJ_TYPE>{}</OBJ_TYPE><OBJ_KEY>{key}</OBJ_KEY><OBJ_SYS>{}</OBJ_SYS>",
            item.field("OBJ_TYPE"),
            item.field("OBJ_SYS")
        );
        if known.is_empty() {
            missing.push_str(&format!("<item>{reference}</item>"));
        }
        for document in known {
            found.push_str(&format!(
                "<item>{reference}<COMP_CODE>{}</COMP_CODE><FISC_YEAR>{}</FISC_YEAR><AC_DOC_NO>{}\
                 </AC_DOC_NO><REF_DOC_NO>{}</REF_DOC_NO><REV_DOC_NO>{}</REV_DOC_NO></item>",
                document.company_code,
                document.fiscal_year,
                document.number,
                escape(document.reference_number.as_str()),
                document.reversed_by.clone().unwrap_or_default()
            ));
        }
    }
    let table = |name: &str, rows: String| {
        if call.get(name).is_some() { format!("<{name}>{rows}</{name}>") } else { String::new() }
    };
    table("ACCOUNTING_DOCUMENTS", found) + &table("NO_ACCOUNTING_DOCUMENTS", missing)
}

/// The document of a posting call, if it would be accepted.
fn document(books: &mut Books, call: &Node, request: &Request<'_>) -> Result<FiDocument, String> {
    let header = call.get("DOCUMENTHEADER").cloned().unwrap_or_default();
    let mut errors = String::new();
    let mut refuse = |class: &str, number: &str, text: &str| {
        errors.push_str(&message("E", class, number, text));
    };
    if header.field("COMP_CODE") != "1010" {
        let text = format!("Company code {} does not exist", header.field("COMP_CODE"));
        refuse("F5", "165", &text);
    }
    let posting_date = header.field("PSTNG_DATE");
    let day: Option<Date> = posting_date.parse().ok();
    match day {
        None => refuse("F5", "104", "Enter a posting date"),
        Some(day) if !is_open(books, day) => refuse("F5", "201", &not_open(day)),
        Some(_) => {}
    }
    if header.field("DOC_TYPE").is_empty() {
        refuse("F5", "102", "Enter a document type");
    }
    let own_key = header.field("OBJ_KEY");
    if !own_key.is_empty() && books.documents.iter().any(|d| d.reference.1 == own_key) {
        let text = format!("Document for reference {own_key} already exists");
        refuse("RW", "609", &text);
    }
    let mut amounts = BTreeMap::new();
    for item in call.items("CURRENCYAMOUNT") {
        match item.field("AMT_DOCCUR").parse::<Decimal>() {
            Ok(amount) => {
                amounts.insert(item.field("ITEMNO_ACC"), (amount, item.field("CURRENCY")));
            }
            Err(_) => refuse("RW", "022", "An amount is no number"),
        }
    }
    let mut sums: BTreeMap<String, Decimal> = BTreeMap::new();
    for (amount, currency) in amounts.values() {
        *sums.entry(currency.clone()).or_default() += *amount;
    }
    if sums.values().any(|sum| !sum.is_zero()) || amounts.is_empty() {
        refuse("RW", "022", "Balance in transaction currency is not zero");
    }
    let mut lines = Vec::new();
    for item in call.items("ACCOUNTGL") {
        let number = item.field("ITEMNO_ACC");
        let account = item.field("GL_ACCOUNT");
        if account.len() != 10 || !account.bytes().all(|b| b.is_ascii_digit()) {
            refuse("F5", "506", &format!("G/L account {account} is not defined"));
        }
        let cost_center = item.field("COSTCENTER");
        let known = ["101011", "101012", "101013", "101021", "101022", "101090"];
        let short = cost_center.trim_start_matches('0');
        if !short.is_empty() && !known.contains(&short) {
            refuse("KI", "265", &format!("Cost center {cost_center} does not exist"));
        }
        let Some((amount, currency)) = amounts.get(&number).cloned() else {
            refuse("RW", "017", &format!("Item {number} has no amount"));
            continue;
        };
        let extension = call.items("EXTENSION2").into_iter().filter(|row| {
            row.field("STRUCTURE") == "ZCARBIDE" && row.field("VALUEPART1").starts_with(&number)
        });
        let extension: Vec<String> = extension
            .map(|row| {
                ["VALUEPART1", "VALUEPART2", "VALUEPART3", "VALUEPART4"]
                    .map(|part| row.field(part))
                    .concat()
            })
            .collect();
        lines.push(FiLine {
            item: number,
            gl_account: account,
            cost_center,
            amount,
            currency,
            quantity: item.field("QUANTITY").parse().unwrap_or_default(),
            unit: item.field("BASE_UOM"),
            text: item.field("ITEM_TEXT"),
            extension,
        });
    }
    if !errors.is_empty() {
        return Err(message("E", "RW", "609", "Error in document: ZCARB") + &errors);
    }
    let day = day.ok_or_else(String::new)?;
    let number = books.draw_document_number();
    let reference = if own_key.is_empty() {
        ("BKPFF".to_owned(), format!("{number}1010{}", day.year()), "SBX".to_owned())
    } else {
        (header.field("OBJ_TYPE"), own_key, header.field("OBJ_SYS"))
    };
    Ok(FiDocument {
        number,
        company_code: header.field("COMP_CODE"),
        fiscal_year: day.year().to_string(),
        period: day.month().to_string(),
        document_type: header.field("DOC_TYPE"),
        posting_date,
        reference,
        reference_number: header.field("REF_DOC_NO"),
        header_text: header.field("HEADER_TXT"),
        lines,
        reversed_by: None,
        reverses: None,
        user: request.user.clone(),
    })
}

fn is_open(books: &Books, day: Date) -> bool {
    let closed = books.closed_periods.contains(&(day.year(), day.month()));
    day.year() == 2018 && day.month() >= 7 && !closed
}

fn not_open(day: Date) -> String {
    format!("Posting period {:03} {} is not open", day.month(), day.year())
}

/// The document that reverses another, if it may.
fn reversal(
    books: &mut Books,
    call: &Node,
    request: &Request<'_>,
) -> Result<(String, FiDocument), String> {
    let reversal = call.get("REVERSAL").cloned().unwrap_or_default();
    let key = reversal.field("OBJ_KEY_R");
    let original = books.documents.iter().find(|d| d.reference.1 == key).cloned();
    let Some(original) = original else {
        return Err(message("E", "RW", "601", &format!("Document {key} was not found")));
    };
    if let Some(by) = &original.reversed_by {
        let text = format!("Document {} was reversed already by {by}", original.number);
        return Err(message("E", "F5", "361", &text));
    }
    let own_key = reversal.field("OBJ_KEY");
    if books.documents.iter().any(|d| d.reference.1 == own_key) {
        let text = format!("Document for reference {own_key} already exists");
        return Err(message("E", "RW", "609", &text));
    }
    let day: Option<Date> = reversal.field("PSTNG_DATE").parse().ok();
    if let Some(day) = day.filter(|day| !is_open(books, *day)) {
        return Err(message("E", "F5", "201", &not_open(day)));
    }
    if reversal.field("REASON_REV").is_empty() {
        return Err(message("E", "F5", "340", "Enter a reason for the reversal"));
    }
    let number = books.draw_document_number();
    let turned = original.lines.iter().map(|line| FiLine {
        amount: -line.amount,
        quantity: -line.quantity,
        ..line.clone()
    });
    let document = FiDocument {
        lines: turned.collect(),
        reference: (reversal.field("OBJ_TYPE"), own_key, reversal.field("OBJ_SYS")),
        reverses: Some(original.number.clone()),
        reversed_by: None,
        user: request.user.clone(),
        number,
        ..original.clone()
    };
    Ok((original.number, document))
}
