//! How each entity set is read, and how a change in it is noticed.

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::sap::error::SapError;
use crate::sap::odata::{Entity, Filter, Query, Service};

/// One read of an entity set.
#[derive(Clone, Debug)]
pub struct EntitySet {
    /// Service.
    pub service: Service,
    /// Everything that is wanted.
    pub query: Query,
    /// How changes are noticed.
    pub changes: Changes,
    /// What is asked for, apart from the day from which on: that day moves, and a set whose first
    /// rows fall out is still the same set.
    pub selection: String,
}

/// How SAP tells that a row of a set changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changes {
    /// By an instant in the row.
    Instant(&'static str),
    /// By a day in the row, or by another: when it was made and when it was changed.
    Days(&'static [&'static str]),
    /// Not by itself: it changes together with the row of another set that has the same value in
    /// this property.
    With {
        /// The other set.
        set: &'static str,
        /// Property of the row.
        by: &'static str,
        /// The same in the other set.
        of: &'static str,
    },
    /// By an instant as text of 14 digits in the row, in the time of SAP's server.
    Digits(&'static str),
    /// Not at all.
    Untold,
    /// Not at all, and each row may be another one by now: it is read whole each time.
    Fleeting,
}

/// What is known of changes, from the interfaces' metadata.
fn changes_of(set: &str) -> Changes {
    let with = |set, property| Changes::With { set, by: property, of: property };
    match set {
        "A_Product"
        | "MaterialBOM"
        | "MaterialBOMItem"
        | "A_SalesOrder"
        | "A_PlannedOrder"
        | "A_PlannedOrderComponent"
        | "A_PlannedOrderCapacity"
        | "A_PurchaseOrder" => Changes::Instant("LastChangeDateTime"),
        "WorkCenterHeader" => Changes::Instant("WorkCenterLastChangeDateTime"),
        "A_ProductionOrder_2"
        | "A_ProductionOrderComponent_4"
        | "A_ProductionOrderOperation_2"
        | "A_ProcessOrder_2"
        | "A_ProcessOrderComponent_2"
        | "A_ProcessOrderOperation_2" => Changes::Digits("LastChangeDateTime"),
        "ProductionRoutingHeader" | "ProductionRoutingOperation" => {
            Changes::Days(&["LastChangeDate"])
        }
        "ProdnOrdConf2" => Changes::Days(&["ConfirmationEntryDate", "LastChangeDate"]),
        // A document is never changed: it is reversed by another one.
        "A_MaterialDocumentHeader" => Changes::Days(&["CreationDate"]),
        "A_OutbDeliveryHeader" => Changes::Days(&["CreationDate", "LastChangeDate"]),
        "A_ProductDescription"
        | "A_ProductPlant"
        | "A_ProductSupplyPlanning"
        | "A_ProductUnitsOfMeasure" => with("A_Product", "Product"),
        "A_SalesOrderItem" | "A_SalesOrderScheduleLine" => with("A_SalesOrder", "SalesOrder"),
        "A_PurchaseOrderItem" => with("A_PurchaseOrder", "PurchaseOrder"),
        "A_PurchaseOrderScheduleLine" => {
            Changes::With { set: "A_PurchaseOrder", by: "PurchasingDocument", of: "PurchaseOrder" }
        }
        "A_MaterialDocumentItem" => with("A_MaterialDocumentHeader", "MaterialDocument"),
        "A_OutbDeliveryItem" => with("A_OutbDeliveryHeader", "DeliveryDocument"),
        "A_MatlStkInAcctMod" => Changes::Fleeting,
        _ => Changes::Untold,
    }
}

impl EntitySet {
    /// The read of `query`.
    pub fn new(service: Service, query: Query) -> Self {
        let changes = changes_of(query.set);
        let selection = query.selection(service.version);
        Self { service, query, changes, selection }
    }

    /// Only rows from `day` on.
    #[must_use]
    pub fn from_day(self, property: &'static str, day: Date) -> Self {
        self.narrowed(Filter::ge(property, day))
    }

    /// Only rows that `filter` lets through, which moves on with time.
    #[must_use]
    pub fn narrowed(mut self, filter: Filter) -> Self {
        self.query = self.query.narrowed(filter);
        self
    }

    /// Name of the set.
    pub fn name(&self) -> &'static str {
        self.query.set
    }

    /// Key of a row: as SAP writes it, or the values of the properties by which it is ordered.
    pub fn key(&self, row: &Entity) -> String {
        match row.key() {
            "" => {
                let values = self.query.ordered_by().iter().map(|property| row.text(property));
                values.collect::<Vec<_>>().join("/")
            }
            key => key.to_owned(),
        }
    }

    /// The part of the set that changed since `watermark`; `None` if SAP does not tell.
    ///
    /// Rows that changed while a read ran carry a stamp a little older than the newest one seen, so
    /// it begins `overlap` earlier, and a day earlier if SAP tells only the day.
    pub fn since(&self, watermark: &str, overlap: SignedDuration) -> Option<Query> {
        let filter = match self.changes {
            Changes::Instant(property) => {
                let from = watermark.parse::<Timestamp>().ok()?.checked_sub(overlap).ok()?;
                Filter::ge(property, from)
            }
            Changes::Days(properties) => {
                let from = watermark.parse::<Date>().ok()?.checked_sub(1.day()).ok()?;
                Filter::any(properties.iter().map(|property| Filter::ge(property, from)))?
            }
            Changes::Digits(property) => {
                // In the zone of SAP's server, whose offset nobody tells: at most 14 hours.
                let from: DateTime = watermark.parse().ok()?;
                let from = from.checked_sub(overlap).ok()?.checked_sub(14.hours()).ok()?;
                Filter::ge(property, from.strftime("%Y%m%d%H%M%S").to_string().as_str())
            }
            Changes::With { .. } | Changes::Untold | Changes::Fleeting => return None,
        };
        Some(self.query.clone().narrowed(filter))
    }

    /// When a row last changed, in a form whose order is that of time; `None` if SAP does not tell.
    ///
    /// # Errors
    ///
    /// [`SapError::Value`] if the stamp is none.
    pub fn stamp(&self, row: &Entity) -> Result<Option<String>, SapError> {
        match self.changes {
            Changes::Instant(property) => {
                let at = row.timestamp(property)?;
                Ok(at.map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()))
            }
            Changes::Days(properties) => {
                let mut latest = None;
                for property in properties {
                    latest = latest.max(row.date(property)?);
                }
                Ok(latest.map(|day| day.to_string()))
            }
            Changes::Digits(property) => match row.text(property) {
                "" | "00000000000000" => Ok(None),
                text => {
                    DateTime::strptime("%Y%m%d%H%M%S", text).map(|at| Some(at.to_string())).map_err(
                        |_| row.wrong("VAL-DATE", property, format!("'{text}' is no instant")),
                    )
                }
            },
            Changes::With { .. } | Changes::Untold | Changes::Fleeting => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::sap::{CONFIRMATION, PRODUCT};

    #[test]
    fn changes_are_asked_for_from_a_little_before_the_newest_that_was_seen() {
        let set = EntitySet::new(PRODUCT, Query::of("A_Product"));
        let since = set.since("2018-10-01T08:00:00Z", SignedDuration::from_mins(10)).unwrap();

        let text = since.selection(PRODUCT.version);

        assert!(
            text.contains("LastChangeDateTime%20ge%20datetimeoffset%272018-10-01T07%3A50%3A00Z")
        );
    }

    #[test]
    fn a_day_counts_from_the_day_before_and_each_kind_of_day_counts() {
        let set = EntitySet::new(CONFIRMATION, Query::of("ProdnOrdConf2"));
        let row = r#"{"ConfirmationEntryDate":"/Date(1538352000000)/","LastChangeDate":null}"#;
        let row = Entity::from_json("ProdnOrdConf2", row).unwrap();

        assert_eq!(set.stamp(&row).unwrap().as_deref(), Some("2018-10-01"));
        let text =
            set.since("2018-10-01", SignedDuration::ZERO).unwrap().selection(CONFIRMATION.version);
        assert!(
            text.contains("EntryDate%20ge%20datetime%272018-09-30") && text.contains("%20or%20")
        );
    }

    #[test]
    fn what_sap_does_not_tell_cannot_be_asked_for() {
        let set = EntitySet::new(PRODUCT, Query::of("A_ProductPlant"));

        assert!(set.since("2018-10-01T08:00:00Z", SignedDuration::ZERO).is_none());
    }
}
