//! A SAP in memory for tests: it commits, loses answers, commits late, and lets planners edit, all
//! by seed. It keeps the truth, which posting cannot see.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use crate::clock::{Clock, ManualClock};
use crate::id::{FiDocument, FiDocumentNumber, PlannedOrderNumber};
use crate::order::PlannedOrder;
use crate::sap::odata::RequestId;

use super::document::FiPosting;
use super::order_values::{OrderField, OrderValues};
use super::order_way::OrderWay;
use super::sap_port::{
    DocumentKey, FoundDocument, Once, OrderBefore, PortError, PortErrorKind, Probe, SapPort,
};

/// How often things go wrong, in percent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// A write that took effect loses its answer.
    pub lost_answer: u32,
    /// A write is lost on the way.
    pub lost_request: u32,
    /// A write takes effect only later, within the settle time, and its answer is lost.
    pub late_commit: u32,
    /// A write is refused.
    pub refused: u32,
    /// A write meets a lock.
    pub busy: u32,
    /// A read gets no answer.
    pub lost_read: u32,
    /// Before a request a planner edits an order, or converts one to a production order.
    pub planner: u32,
    /// Somebody between us and SAP sends a creation twice.
    pub duplicate: u32,
    /// SAP says that a document was posted, and its commit fails.
    pub false_success: u32,
}

/// What a planner does in one life at most.
const PLANNER_ACTS_MAX: u32 = 2;

/// Settle time of the double: late commits happen before it is over.
pub const SETTLE: SignedDuration = SignedDuration::from_secs(60);

type Late = Box<dyn FnOnce(&mut Truth) + Send>;

/// What is in SAP.
#[derive(Default)]
pub struct Truth {
    /// Planned orders by number.
    pub orders: BTreeMap<String, PlannedOrder>,
    /// Object key, and what it reverses, of each accounting document by number.
    pub documents: BTreeMap<u32, (String, Option<u32>)>,
    /// What was committed and by whom, for people who read a failed seed.
    pub log: Vec<(SignedDuration, String)>,
    now: SignedDuration,
    /// Numbers in the order of creation, and what each was created with.
    pub created: Vec<(String, OrderValues)>,
    /// Orders as a planner left them, by number.
    pub edited: BTreeMap<String, OrderValues>,
    /// Orders that a planner made production orders.
    pub converted: BTreeMap<String, PlannedOrder>,
    planner_acts: u32,
    /// Orders whose creation had no answer, and until when nobody edits or converts them: until then
    /// their fields are all that we could know them by.
    unanswered: BTreeMap<String, SignedDuration>,
    /// What a new order could not be given again, if anything.
    pub by_hand: Option<String>,
    /// When each request to the gateway was first sent, as it said.
    requests: BTreeMap<String, Timestamp>,
    next: u32,
    version: u32,
    late: Vec<(SignedDuration, Late)>,
}

impl Truth {
    fn note(&mut self, what: String) {
        self.log.push((self.now, what));
    }

    /// A gateway that remembers requests takes one that is sent again for the same one only if it
    /// says the same.
    fn remember(&mut self, request: &RequestId) {
        let before = self.requests.insert(request.id.clone(), request.first_sent);
        assert!(before.is_none_or(|before| before == request.first_sent), "{request:?}");
    }

    pub fn create(&mut self, order: &OrderValues) -> PlannedOrder {
        self.next += 1;
        self.version += 1;
        let number = PlannedOrderNumber::new(&(1000 + self.next).to_string()).unwrap();
        let order = PlannedOrder {
            number: number.clone(),
            material: order.material.clone(),
            plant: order.plant.clone(),
            production_version: order.production_version.clone(),
            quantity: order.quantity,
            start: order.start,
            end: order.end,
            firm: order.firm,
            sales_order: order.sales_order.clone(),
            last_change: Some(Timestamp::UNIX_EPOCH),
            etag: Some(format!("W/\"{}\"", self.version)),
            components: Vec::new(),
            capacities: Vec::new(),
        };
        self.note(format!("SAP creates {}: {}", number.as_str(), order.quantity));
        self.created.push((number.as_str().to_owned(), OrderValues::from(&order)));
        self.orders.insert(number.as_str().to_owned(), order.clone());
        order
    }

    fn post(&mut self, key: &str, reverses: Option<u32>) {
        // A duplicate object key is refused by SAP's own check.
        if self.documents.values().all(|(other, _)| other != key) {
            self.next += 1;
            self.note(format!("SAP posts {}, reversing {reverses:?}", 100_000 + self.next));
            self.documents.insert(100_000 + self.next, (key.to_owned(), reverses));
        }
    }

    /// A planner changes the quantity of an order.
    pub fn edit(&mut self, number: &str) {
        self.version += 1;
        let etag = Some(format!("W/\"{}\"", self.version));
        if let Some(order) = self.orders.get_mut(number) {
            order.quantity.amount += rust_decimal::Decimal::ONE;
            order.etag = etag;
            let quantity = order.quantity;
            self.edited.insert(number.to_owned(), OrderValues::from(&*order));
            self.note(format!("planner edits {number}: {quantity}"));
        }
    }

    /// A planner converts an order: it is a production order from now on.
    pub fn convert(&mut self, number: &str) {
        if let Some(order) = self.orders.remove(number) {
            self.converted.insert(number.to_owned(), order);
            self.note(format!("planner converts {number}"));
        }
    }

    /// Commits, and loses the answer.
    fn commit_unanswered<T>(&mut self, commit: impl FnOnce(&mut Self) -> Result<T, PortError>) {
        let before = self.created.len();
        let _ = commit(self);
        for (number, _) in &self.created[before..] {
            self.unanswered.insert(number.clone(), self.now + SETTLE);
        }
    }

    fn planner_acts(&mut self, roll: u32) {
        self.planner_acts += 1;
        let is_free =
            |number: &&String| self.unanswered.get(*number).is_none_or(|until| self.now > *until);
        let free: Vec<&String> = self.orders.keys().filter(is_free).collect();
        if free.is_empty() || self.planner_acts > PLANNER_ACTS_MAX {
            return;
        }
        let number = free[roll as usize % free.len()].clone();
        if (roll / 16).is_multiple_of(3) { self.convert(&number) } else { self.edit(&number) }
    }
}

/// The double. Clones share one SAP.
#[derive(Clone)]
pub struct SapDouble {
    truth: Arc<Mutex<Truth>>,
    chance: Arc<Mutex<Pcg64>>,
    faults: Arc<Mutex<Faults>>,
    clock: ManualClock,
}

#[derive(Debug)]
enum Fate {
    Fine,
    LostAnswer,
    LostRequest,
    Late(SignedDuration),
    Refused,
    Busy,
}

fn error(kind: PortErrorKind) -> PortError {
    PortError::new(kind, format!("DBL: {kind:?}"))
}

impl SapDouble {
    pub fn new(seed: u64, faults: Faults, clock: ManualClock) -> Self {
        Self {
            truth: Arc::default(),
            chance: Arc::new(Mutex::new(Pcg64::seed_from_u64(seed))),
            faults: Arc::new(Mutex::new(faults)),
            clock,
        }
    }

    /// From now on nothing goes wrong.
    pub fn calm(&self) {
        *self.faults.lock().unwrap() = Faults::default();
    }

    pub fn set(&self, faults: Faults) {
        *self.faults.lock().unwrap() = faults;
    }

    /// Looks at, or changes, the truth, with everything committed that is due.
    pub fn truth<T>(&self, look: impl FnOnce(&mut Truth) -> T) -> T {
        // A failed assertion has locked it: its history is still wanted.
        let mut truth = self.truth.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let now = self.clock.now().since_boot;
        truth.now = now;
        let all = std::mem::take(&mut truth.late);
        let (due, later): (Vec<_>, Vec<_>) = all.into_iter().partition(|(at, _)| *at <= now);
        truth.late = later;
        for (_, commit) in due {
            commit(&mut truth);
        }
        look(&mut truth)
    }

    fn read<T>(&self, look: impl FnOnce(&mut Truth) -> T) -> Result<T, PortError> {
        self.let_the_planner_act();
        let lost = self.faults.lock().unwrap().lost_read;
        if self.chance.lock().unwrap().random_range(0..100) < lost {
            return Err(error(PortErrorKind::Unknown));
        }
        Ok(self.truth(look))
    }

    fn happens(&self, percent: impl FnOnce(&Faults) -> u32) -> bool {
        let percent = percent(&self.faults.lock().unwrap());
        percent > 0 && self.chance.lock().unwrap().random_range(0..100) < percent
    }

    fn let_the_planner_act(&self) {
        let planner = self.faults.lock().unwrap().planner;
        if planner == 0 {
            return;
        }
        let mut chance = self.chance.lock().unwrap();
        if chance.random_range(0..100) < planner {
            let roll = chance.random_range(0..u32::MAX);
            self.truth(|truth| truth.planner_acts(roll));
        }
    }

    fn fate(&self) -> Fate {
        let faults = *self.faults.lock().unwrap();
        let mut chance = self.chance.lock().unwrap();
        let roll = chance.random_range(0..100);
        let mut below = 0;
        let mut hit = |percent: u32| {
            below += percent;
            roll < below
        };
        if hit(faults.lost_answer) {
            Fate::LostAnswer
        } else if hit(faults.lost_request) {
            Fate::LostRequest
        } else if hit(faults.late_commit) {
            let seconds = chance.random_range(1..SETTLE.as_secs());
            Fate::Late(self.clock.now().since_boot + SignedDuration::from_secs(seconds))
        } else if hit(faults.refused) {
            Fate::Refused
        } else if hit(faults.busy) {
            Fate::Busy
        } else {
            Fate::Fine
        }
    }

    /// Lets a write meet its fate.
    fn write<T>(
        &self,
        commit: impl FnOnce(&mut Truth) -> Result<T, PortError> + Send + 'static,
    ) -> Result<T, PortError> {
        self.let_the_planner_act();
        let fate = self.fate();
        self.truth(|truth| truth.note(format!("request: {fate:?}")));
        match fate {
            Fate::Fine => self.truth(commit),
            Fate::LostAnswer => {
                self.truth(|truth| truth.commit_unanswered(commit));
                Err(error(PortErrorKind::Unknown))
            }
            Fate::LostRequest => Err(error(PortErrorKind::Unknown)),
            Fate::Late(at) => {
                let late: Late = Box::new(move |truth| {
                    truth.commit_unanswered(commit);
                });
                self.truth.lock().unwrap().late.push((at, late));
                Err(error(PortErrorKind::Unknown))
            }
            Fate::Refused => Err(error(PortErrorKind::Refused)),
            Fate::Busy => Err(error(PortErrorKind::Busy)),
        }
    }
}

fn document(number: u32, posting: &FiPosting) -> FiDocument {
    FiDocument {
        number: FiDocumentNumber::new(&number.to_string()).unwrap(),
        company_code: posting.company_code.clone(),
        fiscal_year: posting.period.year,
    }
}

impl SapPort for SapDouble {
    async fn find_planned_orders(
        &self,
        _way: OrderWay,
        order: &OrderValues,
    ) -> Result<Vec<PlannedOrder>, PortError> {
        tokio::task::yield_now().await;
        self.read(|truth| {
            let equal = truth
                .orders
                .values()
                .filter(|there| order.differing(&OrderValues::from(*there)).is_empty());
            equal.cloned().collect()
        })
    }

    async fn read_planned_order(
        &self,
        _way: OrderWay,
        number: &PlannedOrderNumber,
    ) -> Result<Option<PlannedOrder>, PortError> {
        self.read(|truth| truth.orders.get(number.as_str()).cloned())
    }

    async fn create_planned_order(
        &self,
        _way: OrderWay,
        order: &OrderValues,
        request: &RequestId,
    ) -> Result<PlannedOrder, PortError> {
        // Others have a chance to do something between two requests.
        tokio::task::yield_now().await;
        self.truth(|truth| truth.remember(request));
        let order = order.clone();
        if self.happens(|faults| faults.duplicate) {
            let twin = order.clone();
            let _ = self.write(move |truth| Ok(truth.create(&twin)));
        }
        self.write(move |truth| Ok(truth.create(&order)))
    }

    async fn probe(&self, _what: Probe) -> Result<(), PortError> {
        self.read(|_| ())
    }

    async fn read_before(
        &self,
        _way: OrderWay,
        number: &PlannedOrderNumber,
    ) -> Result<Option<OrderBefore>, PortError> {
        self.read(|truth| {
            let order = truth.orders.get(number.as_str())?.clone();
            let payload = serde_json::to_value(&order).unwrap();
            Some(OrderBefore { payload, order, by_hand: truth.by_hand.clone() })
        })
    }

    async fn change_planned_order(
        &self,
        _way: OrderWay,
        number: &PlannedOrderNumber,
        values: &OrderValues,
        fields: &[OrderField],
        etag: &str,
        request: &RequestId,
    ) -> Result<(), PortError> {
        self.truth(|truth| truth.remember(request));
        let (number, etag) = (number.as_str().to_owned(), etag.to_owned());
        let (values, fields) = (values.clone(), fields.to_vec());
        self.write(move |truth| {
            let order = match truth.orders.get_mut(&number) {
                None => return Err(error(PortErrorKind::NotFound)),
                Some(order) if order.etag.as_deref() != Some(&etag) => {
                    return Err(error(PortErrorKind::Changed));
                }
                Some(order) => order,
            };
            for field in fields {
                match field {
                    OrderField::Quantity => order.quantity = values.quantity,
                    OrderField::Start => order.start = values.start,
                    OrderField::End => order.end = values.end,
                    OrderField::Firm => order.firm = values.firm,
                    OrderField::ProductionVersion => {
                        order.production_version.clone_from(&values.production_version);
                    }
                    other => panic!("{other:?} of an order cannot be changed"),
                }
            }
            truth.version += 1;
            order.etag = Some(format!("W/\"{}\"", truth.version));
            let quantity = order.quantity;
            truth.note(format!("SAP changes {number}: {quantity}"));
            Ok(())
        })
    }

    async fn delete_planned_order(
        &self,
        _way: OrderWay,
        number: &PlannedOrderNumber,
        etag: &str,
        request: &RequestId,
    ) -> Result<(), PortError> {
        self.truth(|truth| truth.remember(request));
        let (number, etag) = (number.as_str().to_owned(), etag.to_owned());
        self.write(move |truth| match truth.orders.get(&number) {
            None => Err(error(PortErrorKind::NotFound)),
            Some(order) if order.etag.as_deref() != Some(&etag) => {
                Err(error(PortErrorKind::Changed))
            }
            Some(_) => {
                truth.orders.remove(&number);
                truth.note(format!("SAP deletes {number}"));
                Ok(())
            }
        })
    }

    async fn check_document(
        &self,
        _posting: &FiPosting,
        _key: &DocumentKey,
    ) -> Result<Vec<String>, PortError> {
        self.read(|_| Vec::new())
    }

    async fn post_document(
        &self,
        _posting: &FiPosting,
        key: &DocumentKey,
        _once: Option<&Once>,
    ) -> Result<(), PortError> {
        let key = key.object_key.clone();
        if self.happens(|faults| faults.false_success) {
            return Ok(());
        }
        self.write(move |truth| {
            truth.post(&key, None);
            Ok(())
        })
    }

    async fn find_documents(
        &self,
        posting: &FiPosting,
        object_keys: &[&str],
    ) -> Result<Vec<Option<FoundDocument>>, PortError> {
        self.read(|truth| {
            let find = |key: &&str| {
                let (number, _) = truth.documents.iter().find(|(_, (have, _))| have == key)?;
                let reversal = truth.documents.iter().find(|(_, (_, of))| *of == Some(*number));
                Some(FoundDocument {
                    document: document(*number, posting),
                    reversed_by: reversal.map(|(by, _)| document(*by, posting).number),
                })
            };
            object_keys.iter().map(find).collect()
        })
    }

    async fn reverse_document(
        &self,
        _posting: &FiPosting,
        reversed: &FiDocument,
        _original: &DocumentKey,
        reversal_key: &str,
        _once: Option<&Once>,
    ) -> Result<(), PortError> {
        let number: u32 = reversed.number.as_str().parse().unwrap();
        let key = reversal_key.to_owned();
        self.write(move |truth| {
            if truth.documents.values().any(|(_, of)| *of == Some(number)) {
                return Err(error(PortErrorKind::Refused));
            }
            truth.post(&key, Some(number));
            Ok(())
        })
    }
}
