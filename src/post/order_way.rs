//! By which of SAP's interfaces planned orders are written, and what each cannot do.
//!
//! The way is noted in `PREPARED`: recovery and the way back use the one that sent, whatever the settings
//! say by then.

use jiff::civil::{DateTime, Time};
use serde::{Deserialize, Serialize};

use super::document::{NewDocument, PlannedOrderChange};
use super::order_values::{OrderField, OrderValues};

/// An interface for planned orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OrderWay {
    /// API_PLANNED_ORDERS, with an ETag.
    #[default]
    #[serde(rename = "odata_v2")]
    ODataV2,
    /// The service group `api_plannedorder`, with an ETag.
    #[serde(rename = "odata_v4")]
    ODataV4,
    /// BAPI_PLANNEDORDER_CREATE, _CHANGE, _DELETE and _GET_DETAIL in one session with the commit. They know
    /// days and no times of day, and no version: what GET_DETAIL answers stands for it.
    #[serde(rename = "bapi")]
    Bapi,
}

impl OrderWay {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::ODataV2, Self::ODataV4, Self::Bapi];

    /// Whether it is the one that a journal does not mention.
    pub const fn is_default(&self) -> bool {
        matches!(self, Self::ODataV2)
    }

    /// The name in the settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ODataV2 => "odata_v2",
            Self::ODataV4 => "odata_v4",
            Self::Bapi => "bapi",
        }
    }

    /// What an order can hold by this way.
    pub(super) fn values(self, values: &OrderValues) -> OrderValues {
        match self {
            Self::ODataV2 | Self::ODataV4 => values.clone(),
            Self::Bapi => {
                OrderValues { start: day(values.start), end: day(values.end), ..values.clone() }
            }
        }
    }

    /// The document as it goes out by this way, for an order that has `version` there: a version of
    /// another interface says nothing to this one.
    pub(super) fn document(self, document: NewDocument, version: Option<&str>) -> NewDocument {
        let before = |mut order: crate::order::PlannedOrder| {
            if let Some(version) = version {
                order.etag = Some(version.to_owned());
            }
            if self == Self::Bapi {
                (order.start, order.end) = (day(order.start), day(order.end));
            }
            order
        };
        match document {
            NewDocument::PlannedOrder(mut order) => {
                let values = self.values(&order.values());
                (order.start, order.end) = (values.start, values.end);
                NewDocument::PlannedOrder(order)
            }
            NewDocument::PlannedOrderChange(change) => {
                NewDocument::PlannedOrderChange(PlannedOrderChange {
                    wanted: self.values(&change.wanted),
                    before: before(change.before),
                })
            }
            NewDocument::PlannedOrderDeletion(mut deletion) => {
                deletion.before = before(deletion.before);
                NewDocument::PlannedOrderDeletion(deletion)
            }
            other => other,
        }
    }

    /// Why the document cannot go out by this way: a sentence, if it cannot.
    pub(super) fn problem(self, document: &NewDocument) -> Option<String> {
        let (Self::Bapi, NewDocument::PlannedOrderChange(_)) = (self, document) else {
            return None;
        };
        let NewDocument::PlannedOrderChange(change) = self.document(document.clone(), None) else {
            return None;
        };
        let fields = change.fields();
        if fields.contains(&OrderField::ProductionVersion) {
            return Some(
                "ORD-WAY: BAPI_PLANNEDORDER_CHANGE does not change the production version: set \
                 `[post] orders` to odata_v2 or odata_v4, or delete the order and create another"
                    .to_owned(),
            );
        }
        fields.is_empty().then(|| {
            "ORD-WAY: BAPIs of planned orders know days only, and it changes none: set `[post] orders` \
             to odata_v2 or odata_v4 for times of day"
                .to_owned()
        })
    }
}

impl std::fmt::Display for OrderWay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

fn day(at: DateTime) -> DateTime {
    at.date().to_datetime(Time::midnight())
}

#[cfg(all(test, feature = "backup"))]
mod tests {
    use super::super::change_set::tests::draft_of;
    use super::super::document::tests::order;
    use super::super::sap_double::Truth;
    use super::*;

    fn change(wanted: impl FnOnce(&mut OrderValues)) -> NewDocument {
        let before = Truth::default().create(&order(1).values());
        let mut values = OrderValues::from(&before);
        wanted(&mut values);
        NewDocument::PlannedOrderChange(PlannedOrderChange { before, wanted: values })
    }

    #[test]
    fn a_bapi_sets_days_and_odata_sets_times() {
        let document = || NewDocument::PlannedOrder(order(1));

        assert_eq!(OrderWay::ODataV4.document(document(), None), document());
        let NewDocument::PlannedOrder(by_day) = OrderWay::Bapi.document(document(), None) else {
            unreachable!()
        };
        assert_eq!(by_day.start.to_string(), "2018-10-02T00:00:00");
        assert_eq!(by_day.quantity, order(1).quantity);
    }

    #[test]
    fn what_a_bapi_cannot_change_is_said_before_anything_is_sent() {
        let later = change(|wanted| wanted.end = "2018-10-02T15:00:00".parse().unwrap());
        let other_version = change(|wanted| wanted.production_version = None);
        let more = change(|wanted| wanted.quantity.amount += rust_decimal::Decimal::ONE);

        let said = |document: &NewDocument| OrderWay::Bapi.problem(document).unwrap_or_default();
        assert!(said(&later).contains("days only"));
        assert!(said(&other_version).contains("production version"));
        assert_eq!(OrderWay::Bapi.problem(&more), None);
        assert_eq!(OrderWay::ODataV4.problem(&later), None);
    }

    #[test]
    fn orders_that_differ_by_the_hour_are_the_same_to_a_bapi() {
        let mut later = order(1);
        later.end = "2018-10-02T15:00:00".parse().unwrap();
        let documents = [order(1), later].map(NewDocument::PlannedOrder).to_vec();
        let draft = draft_of(documents);

        assert_eq!(draft.problem(OrderWay::ODataV2), None);
        assert!(
            draft.problem(OrderWay::Bapi).unwrap().contains("items 1 and 2 cannot be told apart")
        );
    }

    #[test]
    fn a_way_is_called_in_a_record_as_it_is_in_the_settings() {
        for way in OrderWay::ALL {
            assert_eq!(serde_json::to_string(&way).unwrap(), format!("\"{way}\""));
        }
    }
}
