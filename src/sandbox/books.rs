//! What the sandbox truly holds: rows of every entity set, accounting documents, and each commit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::exec::ExecBooks;
use super::metadata::Service;
use super::planning::Planning;
use super::{plant, wire};

/// A row as it is held.
pub type Row = Map<String, Value>;

/// An accounting document.
#[derive(Clone, Debug, Serialize)]
pub struct FiDocument {
    pub number: String,
    pub company_code: String,
    pub fiscal_year: String,
    pub period: String,
    pub document_type: String,
    pub posting_date: String,
    /// AWTYP, AWKEY, AWSYS.
    pub reference: (String, String, String),
    /// XBLNR.
    pub reference_number: String,
    pub header_text: String,
    pub lines: Vec<FiLine>,
    /// STBLG: the document that reversed this one.
    pub reversed_by: Option<String>,
    /// The document that this one reverses.
    pub reverses: Option<String>,
    pub user: String,
}

/// A line of an accounting document.
#[derive(Clone, Debug, Serialize)]
pub struct FiLine {
    pub item: String,
    pub gl_account: String,
    pub cost_center: String,
    pub amount: Decimal,
    pub currency: String,
    pub quantity: Decimal,
    pub unit: String,
    pub text: String,
    /// What the companion add-on would have moved from EXTENSION2 to the line.
    pub extension: Vec<String>,
}

/// How often an entity set was asked for, and how many rows went out.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Served {
    pub requests: usize,
    pub rows: usize,
}

/// What somebody does in SAP: changes, deletes or enters a row. For tests and curious people.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    pub set: String,
    /// Properties that tell the row; a row that is not there is entered, with initial values.
    pub row: Row,
    /// What is changed; `None` deletes.
    pub change: Option<Row>,
}

/// One thing that was committed, with the bytes that asked for it.
#[derive(Clone, Debug, Serialize)]
pub struct Commit {
    pub number: usize,
    pub at: Timestamp,
    pub user: String,
    pub what: String,
    pub wire: String,
}

/// What a BAPI has registered for the commit of its session.
#[derive(Clone, Debug)]
pub enum Registered {
    Post(Box<FiDocument>),
    Reverse {
        original: String,
        document: Box<FiDocument>,
    },
    /// A planned order that is created, or changed, to this row.
    PutOrder(Row),
    /// A planned order that is deleted.
    DeleteOrder(String),
    /// A planned order that becomes a production order.
    Convert {
        planned: String,
        order: Row,
    },
    /// A production order that is released.
    Release(String),
    /// Statistical key figures.
    KeyFigures(KeyFigureDocument),
}

/// Statistical key figures that were posted.
#[derive(Clone, Debug, Serialize)]
pub struct KeyFigureDocument {
    pub number: String,
    pub controlling_area: String,
    pub posting_date: String,
    pub text: String,
    pub items: Vec<KeyFigureLine>,
}

/// One quantity of one cost center.
#[derive(Clone, Debug, Serialize)]
pub struct KeyFigureLine {
    pub key_figure: String,
    pub cost_center: String,
    pub quantity: Decimal,
}

/// What a sandbox tells the time by, where it is not the wall clock.
pub type SapClock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// All state of the sandbox.
pub struct Books {
    /// `None`: the wall clock.
    pub clock: Option<SapClock>,
    /// By service path and entity set.
    pub tables: BTreeMap<(&'static str, String), Vec<Row>>,
    pub documents: Vec<FiDocument>,
    pub key_figures: Vec<KeyFigureDocument>,
    pub commits: Vec<Commit>,
    /// LUW of each stateful RFC session.
    pub luws: BTreeMap<String, Vec<(Registered, String)>>,
    /// Session that holds the lock of each planned order, and since when.
    pub locks: BTreeMap<String, (String, Timestamp)>,
    /// CSRF token of each security session.
    pub sessions: BTreeMap<String, String>,
    pub failed_logons: u32,
    /// Tables of the companion package.
    pub exec: ExecBooks,
    pub planning: Planning,
    /// Year and month of posting periods that finance has closed.
    pub closed_periods: BTreeSet<(i16, i8)>,
    /// Requests and rows served, by entity set.
    pub served: Mutex<BTreeMap<String, Served>>,
    next_order: u64,
    next_document: u64,
    next_production_order: u64,
    next_key_figures: u64,
    next_id: u64,
    last_change: Timestamp,
}

pub const PLANNED_ORDERS: &str = "/sap/opu/odata/sap/API_PLANNED_ORDERS";
/// How long a session that nobody calls any more holds what it locked.
const SESSION_MAX: jiff::SignedDuration = jiff::SignedDuration::from_mins(5);

pub const PLANNED_ORDERS_V4: &str =
    "/sap/opu/odata4/sap/api_plannedorder/srvd_a2x/sap/plannedorder/0001";
pub const PRODUCTION_ORDERS: &str = "/sap/opu/odata/sap/API_PRODUCTION_ORDER_2_SRV";
const JOURNAL_ITEMS: &str = "/sap/opu/odata/sap/API_JOURNALENTRYITEMBASIC_SRV";
const DOCUMENT_ITEMS: &str = "/sap/opu/odata/sap/API_OPLACCTGDOCITEMCUBE_SRV";
const DOCUMENT_ITEM_SET: &str = "A_OperationalAcctgDocItemCube";

impl Books {
    pub fn new(services: &[Service]) -> Self {
        let all = services.iter().flat_map(|service| service.sets.keys());
        Self::with(services, &all.map(String::as_str).collect::<Vec<_>>())
    }

    /// Books in which only these sets have rows.
    pub fn with(services: &[Service], filled: &[&str]) -> Self {
        let mut tables = BTreeMap::new();
        for service in services {
            for (set, entity) in &service.sets {
                let is_filled = filled.contains(&set.as_str());
                let rows = if is_filled { plant::rows(set) } else { Vec::new() }.into_iter();
                let rows = rows.map(|values| wire::row(entity, &values)).collect();
                tables.insert((service.path, set.clone()), rows);
            }
        }
        Self {
            clock: None,
            tables,
            documents: Vec::new(),
            key_figures: Vec::new(),
            commits: Vec::new(),
            luws: BTreeMap::new(),
            locks: BTreeMap::new(),
            sessions: BTreeMap::new(),
            failed_logons: 0,
            exec: ExecBooks::default(),
            planning: Planning::default(),
            closed_periods: BTreeSet::new(),
            served: Mutex::default(),
            next_order: 1001,
            next_document: 1_900_000_000,
            next_production_order: 3_000_001,
            next_key_figures: 500_000_000,
            next_id: 1,
            last_change: Timestamp::UNIX_EPOCH,
        }
    }

    /// The time in SAP.
    pub fn now(&self) -> Timestamp {
        self.clock.as_ref().map_or_else(Timestamp::now, |clock| clock())
    }

    /// A token or session id that was never given out before.
    pub fn fresh_id(&mut self, kind: &str) -> String {
        self.next_id += 1;
        let noise: u64 = rand::random();
        format!("{kind}{noise:016X}{:04}", self.next_id)
    }

    /// The next planned order number. Numbers are drawn before the commit, so gaps are normal.
    pub fn draw_order_number(&mut self) -> String {
        self.next_order += 1;
        (self.next_order - 1).to_string()
    }

    /// The next document number.
    pub fn draw_document_number(&mut self) -> String {
        self.next_document += 1;
        (self.next_document - 1).to_string()
    }

    /// The next production order number.
    pub fn draw_production_order_number(&mut self) -> String {
        self.next_production_order += 1;
        (self.next_production_order - 1).to_string()
    }

    /// The next number of a key figure document.
    pub fn draw_key_figure_number(&mut self) -> String {
        self.next_key_figures += 1;
        format!("{:010}", self.next_key_figures - 1)
    }

    /// A change time later than any before, to the second: it is what an ETag is made of.
    pub fn change_time(&mut self) -> String {
        let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default();
        let later = self.last_change + jiff::SignedDuration::from_secs(1);
        self.last_change = now.max(later);
        self.last_change.to_string()
    }

    pub fn table(&mut self, service: &'static str, set: &str) -> &mut Vec<Row> {
        self.tables.entry((service, set.to_owned())).or_default()
    }

    pub fn commit(&mut self, user: &str, what: String, wire: &str) {
        let number = self.commits.len() + 1;
        let (at, user, wire) = (Timestamp::now(), user.to_owned(), wire.to_owned());
        self.commits.push(Commit { number, at, user, what, wire });
    }

    /// Locks a planned order for a session until its commit or rollback. Whether it got it.
    pub fn lock_order(&mut self, number: &str, session: &str) -> bool {
        let free = !self.is_locked(number) || self.locks[number].0 == session;
        if free {
            self.locks.insert(number.to_owned(), (session.to_owned(), Timestamp::now()));
        }
        free
    }

    /// Whether a session holds the lock of a planned order. Sessions that are gone hold none.
    pub fn is_locked(&mut self, number: &str) -> bool {
        let now = Timestamp::now();
        let Some((session, since)) = self.locks.get(number) else { return false };
        if since.duration_until(now) > SESSION_MAX {
            self.luws.remove(session);
        }
        let held = self.luws.contains_key(session);
        if !held {
            self.locks.remove(number);
        }
        held
    }

    /// Writes what a session has registered: all of it or, as here nothing can fail any more, all.
    pub fn commit_luw(&mut self, session: &str, user: &str, services: &[Service]) {
        for (registered, bytes) in self.luws.remove(session).unwrap_or_default() {
            match registered {
                Registered::Post(document) => {
                    self.commit(user, format!("FI document {} posted", document.number), &bytes);
                    self.show_items(&document, services);
                    self.documents.push(*document);
                }
                Registered::Reverse { original, document } => {
                    let what = format!("FI document {} reverses {original}", document.number);
                    self.commit(user, what, &bytes);
                    let reversed = self.documents.iter_mut().find(|d| d.number == original);
                    if let Some(reversed) = reversed {
                        reversed.reversed_by = Some(document.number.clone());
                    }
                    for row in self.table(DOCUMENT_ITEMS, DOCUMENT_ITEM_SET) {
                        if row["AccountingDocument"] == original.as_str() {
                            row.insert("IsReversed".to_owned(), true.into());
                        }
                    }
                    self.show_items(&document, services);
                    self.documents.push(*document);
                }
                other => self.commit_logistics(other, user, &bytes),
            }
        }
    }

    fn commit_logistics(&mut self, registered: Registered, user: &str, bytes: &str) {
        let numbered = |row: &Row, name: &str, number: &str| row[name].as_str() == Some(number);
        match registered {
            Registered::PutOrder(row) => {
                let number = row["PlannedOrder"].as_str().unwrap_or_default().to_owned();
                let orders = self.table(PLANNED_ORDERS, "A_PlannedOrder");
                let known = orders.iter().position(|o| numbered(o, "PlannedOrder", &number));
                let done = if let Some(at) = known {
                    orders[at] = row;
                    "changed"
                } else {
                    orders.push(row);
                    "created"
                };
                self.commit(user, format!("planned order {number} {done}"), bytes);
            }
            Registered::DeleteOrder(number) => {
                let orders = self.table(PLANNED_ORDERS, "A_PlannedOrder");
                orders.retain(|order| !numbered(order, "PlannedOrder", &number));
                self.commit(user, format!("planned order {number} deleted"), bytes);
            }
            Registered::Convert { planned, order } => {
                let orders = self.table(PLANNED_ORDERS, "A_PlannedOrder");
                orders.retain(|order| !numbered(order, "PlannedOrder", &planned));
                let number = order["ManufacturingOrder"].as_str().unwrap_or_default().to_owned();
                self.table(PRODUCTION_ORDERS, "A_ProductionOrder_2").push(order);
                let what = format!("planned order {planned} became production order {number}");
                self.commit(user, what, bytes);
            }
            Registered::Release(number) => {
                let orders = self.table(PRODUCTION_ORDERS, "A_ProductionOrder_2").iter_mut();
                for order in orders.filter(|o| numbered(o, "ManufacturingOrder", &number)) {
                    order.insert("OrderIsReleased".to_owned(), "X".into());
                }
                self.commit(user, format!("production order {number} released"), bytes);
            }
            Registered::KeyFigures(document) => {
                self.commit(user, format!("key figures {} posted", document.number), bytes);
                self.key_figures.push(document);
            }
            Registered::Post(_) | Registered::Reverse { .. } => {}
        }
    }

    fn show_items(&mut self, document: &FiDocument, services: &[Service]) {
        let entity = |set: &str| services.iter().find_map(|service| service.sets.get(set));
        let text = |text: &str| Value::from(text.to_owned());
        let year = text(&document.fiscal_year);
        for line in &document.lines {
            let amount = text(&line.amount.to_string());
            if let Some(items) = entity("A_JournalEntryItemBasic") {
                let id = format!("0L{}{}{}", document.fiscal_year, document.number, line.item);
                let row = wire::row(
                    items,
                    &[
                        ("ID", id.into()),
                        ("Ledger", "0L".into()),
                        ("LedgerFiscalYear", year.clone()),
                        ("FiscalPeriod", format!("{:0>3}", document.period).into()),
                        ("CompanyCode", text(&document.company_code)),
                        ("GLAccount", text(&line.gl_account)),
                        ("CostCenter", text(&line.cost_center)),
                        ("CompanyCodeCurrency", text(&line.currency)),
                        ("AmountInCompanyCodeCurrency", amount.clone()),
                        ("CostSourceUnit", text(&line.unit)),
                        ("ValuationQuantity", text(&line.quantity.to_string())),
                    ],
                );
                self.table(JOURNAL_ITEMS, "A_JournalEntryItemBasic").push(row);
            }
            if let Some(items) = entity(DOCUMENT_ITEM_SET) {
                let item = line.item.trim_start_matches('0');
                let row = wire::row(
                    items,
                    &[
                        ("CompanyCode", text(&document.company_code)),
                        ("FiscalYear", year.clone()),
                        ("AccountingDocument", text(&document.number)),
                        ("AccountingDocumentItem", format!("{item:0>3}").into()),
                        ("ReferenceDocumentType", text(&document.reference.0)),
                        ("OriginalReferenceDocument", text(&document.reference.1)),
                        ("CompanyCodeCurrency", text(&line.currency)),
                        ("AmountInCompanyCodeCurrency", amount),
                        ("AccountingDocCreatedByUser", text(&document.user)),
                    ],
                );
                self.table(DOCUMENT_ITEMS, DOCUMENT_ITEM_SET).push(row);
            }
        }
    }

    /// Notes that rows of a set went out.
    pub fn serve(&self, set: &str, rows: usize) {
        let mut served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        let served = served.entry(set.to_owned()).or_default();
        served.requests += 1;
        served.rows += rows;
    }

    /// What went out so far.
    pub fn served(&self) -> Value {
        json!(*self.served.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Does what somebody does in SAP, with the stamps that SAP sets. Whether there was such a set.
    pub fn edit(&mut self, services: &[Service], edit: &Edit) -> bool {
        let found = services.iter().find_map(|service| {
            let entity = service.sets.get(&edit.set)?;
            Some((service.path, entity))
        });
        let Some((path, entity)) = found else { return false };
        let (now, today) = (self.change_time(), Timestamp::now().strftime("%Y-%m-%d").to_string());
        let rows = self.table(path, &edit.set);
        let told = |row: &Row| edit.row.iter().all(|(name, value)| row.get(name) == Some(value));
        let Some(change) = &edit.change else {
            rows.retain(|row| !told(row));
            self.forget_document(edit);
            self.touch_owner(services, edit, &now);
            return true;
        };
        let mut stamps = Row::new();
        for (name, stamp) in [
            ("LastChangeDateTime", &now),
            ("WorkCenterLastChangeDateTime", &now),
            ("LastChangeDate", &today),
        ] {
            if entity.property(name).is_some() {
                stamps.insert(name.to_owned(), stamp.clone().into());
            }
        }
        if !rows.iter().any(told) {
            rows.push(wire::row(entity, &[]));
            if let Some(row) = rows.last_mut() {
                row.extend(edit.row.clone());
                if entity.property("ConfirmationEntryDate").is_some() {
                    row.insert("ConfirmationEntryDate".to_owned(), today.into());
                }
            }
        }
        for row in rows.iter_mut().filter(|row| told(row)) {
            row.extend(stamps.clone());
            row.extend(change.clone());
        }
        self.touch_owner(services, edit, &now);
        true
    }

    /// A document whose items are gone is gone.
    fn forget_document(&mut self, edit: &Edit) {
        if edit.set == DOCUMENT_ITEM_SET
            && let Some(number) = edit.row.get("AccountingDocument").and_then(Value::as_str)
        {
            self.documents.retain(|document| document.number != number);
        }
    }

    /// SAP stamps the header of an order and the general data of a material when a part changes.
    fn touch_owner(&mut self, services: &[Service], edit: &Edit, now: &str) {
        let (owner, by) = match edit.set.as_str() {
            "A_ProductPlant" | "A_ProductDescription" => ("A_Product", "Product"),
            "A_SalesOrderItem" | "A_SalesOrderScheduleLine" => ("A_SalesOrder", "SalesOrder"),
            _ => return,
        };
        let path = services.iter().find(|service| service.sets.contains_key(owner));
        let Some(path) = path.map(|service| service.path) else { return };
        for row in self.table(path, owner) {
            if row.get(by) == edit.row.get(by) {
                row.insert("LastChangeDateTime".to_owned(), now.into());
            }
        }
    }

    /// Planned orders in key order, all fields in name order: equal bytes mean equal orders.
    pub fn planned_orders(&self) -> Value {
        let empty = Vec::new();
        let key = (PLANNED_ORDERS, "A_PlannedOrder".to_owned());
        let mut rows: Vec<BTreeMap<&String, &Value>> = self
            .tables
            .get(&key)
            .unwrap_or(&empty)
            .iter()
            .map(|row| row.iter().collect())
            .collect();
        rows.sort_by_key(|row| row.values().next().map(|value| value.to_string()));
        rows.sort_by_key(|row| {
            let number = row.iter().find(|(name, _)| name.as_str() == "PlannedOrder");
            number.and_then(|(_, value)| value.as_str()?.parse::<u64>().ok())
        });
        json!(rows)
    }

    /// Everything that a test or a curious person may want to know of the truth.
    pub fn ledger(&self) -> Value {
        json!({
            "planned_orders": self.planned_orders(),
            "fi_documents": self.documents,
            "key_figures": self.key_figures,
            "commits": self.commits,
            "companion": self.exec,
            "failed_logons": self.failed_logons,
        })
    }
}
