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

use super::document::{FiPosting, NewPlannedOrder};
use super::sap_port::{DocumentKey, FoundDocument, PortError, PortErrorKind, SapPort};

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
}

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
    /// When each request to the gateway was first sent, as it said.
    requests: BTreeMap<String, Timestamp>,
    next: u32,
    version: u32,
    late: Vec<(SignedDuration, Late)>,
}

impl Truth {
    /// A gateway that remembers requests takes one that is sent again for the same one only if it
    /// says the same.
    fn remember(&mut self, request: &RequestId) {
        let before = self.requests.insert(request.id.clone(), request.first_sent);
        assert!(before.is_none_or(|before| before == request.first_sent), "{request:?}");
    }

    fn create(&mut self, order: &NewPlannedOrder) -> PlannedOrder {
        self.next += 1;
        self.version += 1;
        let number = PlannedOrderNumber::new(&(1000 + self.next).to_string()).unwrap();
        let order = PlannedOrder {
            number: number.clone(),
            material: order.material.clone(),
            plant: order.plant.clone(),
            production_version: Some(order.production_version.clone()),
            quantity: order.quantity,
            start: order.start,
            end: order.end,
            firm: true,
            sales_order: order.sales_order.clone(),
            last_change: Some(Timestamp::UNIX_EPOCH),
            etag: Some(format!("W/\"{}\"", self.version)),
        };
        self.orders.insert(number.as_str().to_owned(), order.clone());
        order
    }

    fn post(&mut self, key: &str, reverses: Option<u32>) {
        // A duplicate object key is refused by SAP's own check.
        if self.documents.values().all(|(other, _)| other != key) {
            self.next += 1;
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
        }
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
        let mut truth = self.truth.lock().unwrap();
        let now = self.clock.now().since_boot;
        let all = std::mem::take(&mut truth.late);
        let (due, later): (Vec<_>, Vec<_>) = all.into_iter().partition(|(at, _)| *at <= now);
        truth.late = later;
        for (_, commit) in due {
            commit(&mut truth);
        }
        look(&mut truth)
    }

    fn read<T>(&self, look: impl FnOnce(&mut Truth) -> T) -> Result<T, PortError> {
        let lost = self.faults.lock().unwrap().lost_read;
        if self.chance.lock().unwrap().random_range(0..100) < lost {
            return Err(error(PortErrorKind::Unknown));
        }
        Ok(self.truth(look))
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
        match self.fate() {
            Fate::Fine => self.truth(commit),
            Fate::LostAnswer => {
                let _ = self.truth(commit);
                Err(error(PortErrorKind::Unknown))
            }
            Fate::LostRequest => Err(error(PortErrorKind::Unknown)),
            Fate::Late(at) => {
                let late: Late = Box::new(move |truth| {
                    let _ = commit(truth);
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
        order: &NewPlannedOrder,
    ) -> Result<Vec<PlannedOrder>, PortError> {
        self.read(|truth| {
            let equal = truth.orders.values().filter(|there| order.differences(there).is_empty());
            equal.cloned().collect()
        })
    }

    async fn read_planned_order(
        &self,
        number: &PlannedOrderNumber,
    ) -> Result<Option<PlannedOrder>, PortError> {
        self.read(|truth| truth.orders.get(number.as_str()).cloned())
    }

    async fn create_planned_order(
        &self,
        order: &NewPlannedOrder,
        request: &RequestId,
    ) -> Result<PlannedOrder, PortError> {
        self.truth(|truth| truth.remember(request));
        let order = order.clone();
        self.write(move |truth| Ok(truth.create(&order)))
    }

    async fn delete_planned_order(
        &self,
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
    ) -> Result<(), PortError> {
        let key = key.object_key.clone();
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
