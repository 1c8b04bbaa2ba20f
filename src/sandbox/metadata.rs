//! Services as their EDMX describes them.

use std::collections::{BTreeMap, BTreeSet};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::OwnField;

/// Path below the host, OData version, metadata.
const SERVICES: &[(&str, u8, &str)] = &[
    (
        "/sap/opu/odata/sap/API_PRODUCT_SRV",
        2,
        include_str!("../../odata/api_product_srv/service.edmx"),
    ),
    (
        "/sap/opu/odata/sap/API_BILL_OF_MATERIAL_SRV;v=0002",
        2,
        include_str!("../../odata/api_bill_of_material_srv/service.edmx"),
    ),
    (
        "/sap/opu/odata/sap/API_PRODUCTION_ROUTING",
        2,
        include_str!("../../odata/api_production_routing/service.edmx"),
    ),
    (
        "/sap/opu/odata4/sap/api_work_center/srvd_a2x/sap/workcenter/0001",
        4,
        include_str!("../../odata/api_work_center/service.edmx"),
    ),
    (
        "/sap/opu/odata4/sap/api_production_version/srvd_a2x/sap/productionversion/0001",
        4,
        include_str!("../../odata/api_production_version/service.edmx"),
    ),
    (
        "/sap/opu/odata/sap/API_INFORECORD_PROCESS_SRV",
        2,
        include_str!("../../odata/api_inforecord_process_srv/service.edmx"),
    ),
    (
        "/sap/opu/odata/sap/API_SALES_ORDER_SRV",
        2,
        include_str!("../../odata/api_sales_order_srv/service.edmx"),
    ),
    (
        "/sap/opu/odata/sap/API_PLANNED_ORDERS",
        2,
        include_str!("../../odata/api_planned_orders/service.edmx"),
    ),
    (
        "/sap/opu/odata/sap/API_PROD_ORDER_CONFIRMATION_2_SRV",
        2,
        include_str!("../../odata/api_prod_order_confirmation_2_srv/service.edmx"),
    ),
    (
        "/sap/opu/odata/sap/API_JOURNALENTRYITEMBASIC_SRV",
        2,
        include_str!("../../odata/api_journalentryitembasic_srv/service.edmx"),
    ),
    (
        "/sap/opu/odata/sap/API_OPLACCTGDOCITEMCUBE_SRV",
        2,
        include_str!("../../odata/api_oplacctgdocitemcube_srv/service.edmx"),
    ),
    (
        "/sap/opu/odata/sap/API_MATERIAL_STOCK_SRV",
        2,
        include_str!("../../odata/api_material_stock_srv/service.edmx"),
    ),
    (
        "/sap/opu/odata/sap/API_BUSINESS_PARTNER",
        2,
        include_str!("../../odata/api_business_partner/service.edmx"),
    ),
    (
        "/sap/opu/odata/sap/API_PURCHASING_SOURCE_SRV",
        2,
        include_str!("../../odata/api_purchasing_source_srv/service.edmx"),
    ),
    (
        "/sap/opu/odata/sap/API_PURCHASEORDER_PROCESS_SRV",
        2,
        include_str!("../../odata/api_purchaseorder_process_srv/service.edmx"),
    ),
    (
        "/sap/opu/odata/sap/API_MATERIAL_DOCUMENT_SRV",
        2,
        include_str!("../../odata/api_material_document_srv/service.edmx"),
    ),
    (
        "/sap/opu/odata/sap/API_OUTBOUND_DELIVERY_SRV;v=0002",
        2,
        include_str!("../../odata/api_outbound_delivery_srv/service.edmx"),
    ),
    (
        "/sap/opu/odata/sap/API_PRODUCTION_ORDER_2_SRV",
        2,
        include_str!("../../odata/api_production_order_2_srv/service.edmx"),
    ),
    (
        "/sap/opu/odata/sap/API_PROCESS_ORDER_2_SRV",
        2,
        include_str!("../../odata/api_process_order_2_srv/service.edmx"),
    ),
    (
        "/sap/opu/odata/sap/API_PLND_INDEP_RQMT_SRV",
        2,
        include_str!("../../odata/api_plnd_indep_rqmt_srv/service.edmx"),
    ),
    (
        "/sap/opu/odata4/sap/api_plannedorder/srvd_a2x/sap/plannedorder/0001",
        4,
        include_str!("../../odata/api_plannedorder/service.edmx"),
    ),
];

/// One service.
#[derive(Clone, Debug)]
pub struct Service {
    pub path: &'static str,
    pub version: u8,
    pub edmx: String,
    pub namespace: String,
    pub sets: BTreeMap<String, EntityType>,
}

/// The type of an entity set.
#[derive(Clone, Debug, Default)]
pub struct EntityType {
    pub name: String,
    pub keys: Vec<String>,
    pub properties: Vec<Property>,
    /// Navigation property to entity set.
    pub navigation: BTreeMap<String, String>,
    /// Those that lead to one row, which stands there without a list.
    pub to_one: BTreeSet<String>,
}

/// One property.
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    pub name: String,
    /// Type without `Edm.`.
    pub kind: String,
    pub scale: u32,
    pub length_max: usize,
}

impl EntityType {
    pub fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name == name)
    }
}

/// The metadata that Carbide was built against, by the path of the service.
pub fn edmx(path: &str) -> Option<&'static str> {
    SERVICES.iter().find(|(known, ..)| *known == path).map(|(.., edmx)| *edmx)
}

/// Every service that the sandbox serves.
#[cfg(test)]
pub fn services() -> Result<Vec<Service>, String> {
    services_with(&[])
}

/// Every service, with the fields that a customer added to them.
pub fn services_with(own: &[OwnField]) -> Result<Vec<Service>, String> {
    let with_own = |(path, version, edmx): &(&'static str, u8, &'static str)| {
        let plain = parse(path, *version, (*edmx).to_owned())?;
        let mut text = plain.edmx.clone();
        for field in own {
            let Some(entity) = plain.sets.get(&field.set) else { continue };
            let opening = format!("<EntityType Name=\"{}\">", entity.name);
            let begin = text.find(&opening).ok_or("a type without a begin")?;
            let key_end = text[begin..].find("</Key>").ok_or("a type without a key")?;
            let OwnField { name, edm_type, facets, .. } = field;
            let property = format!("<Property Name=\"{name}\" Type=\"{edm_type}\" {facets}/>");
            text.insert_str(begin + key_end + "</Key>".len(), &property);
        }
        parse(path, *version, text)
    };
    SERVICES.iter().map(with_own).collect()
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.attributes().flatten().find(|a| a.key.local_name().as_ref() == name);
    found.map(|attribute| attribute.value.to_string())
}

fn last_part(name: &str) -> String {
    let inner = name.trim_start_matches("Collection(").trim_end_matches(')');
    inner.rsplit('.').next().unwrap_or(inner).to_owned()
}

fn parse(path: &'static str, version: u8, edmx: String) -> Result<Service, String> {
    let mut reader = Reader::from_str(&edmx);
    let (mut namespace, mut types) = (String::new(), BTreeMap::<String, EntityType>::new());
    let (mut set_types, mut set, mut association) = (BTreeMap::new(), String::new(), String::new());
    let (mut open, mut in_set) = (None::<EntityType>, false);
    // Navigation of V2: association to the sets at its ends. Of V4: set and property to set.
    let (mut ends, mut bindings) = (BTreeMap::<String, String>::new(), BTreeMap::new());
    let mut to_one = BTreeSet::new();
    loop {
        let event = reader.read_event().map_err(|error| format!("{path}: {error}"))?;
        match &event {
            Event::Start(element) | Event::Empty(element) => {
                let name = element.local_name();
                let get = |name: &str| attribute(element, name).unwrap_or_default();
                match name.as_ref() {
                    "Schema" => namespace = get("Namespace"),
                    "EntityType" => {
                        open = Some(EntityType { name: get("Name"), ..Default::default() })
                    }
                    "PropertyRef" => {
                        if let Some(open) = &mut open {
                            open.keys.push(get("Name"));
                        }
                    }
                    "Property" => {
                        if let Some(open) = &mut open {
                            open.properties.push(Property {
                                name: get("Name"),
                                kind: get("Type").trim_start_matches("Edm.").to_owned(),
                                scale: get("Scale").parse().unwrap_or(0),
                                length_max: get("MaxLength").parse().unwrap_or(usize::MAX),
                            });
                        }
                    }
                    "NavigationProperty" => {
                        if let Some(open) = &mut open {
                            open.navigation.insert(get("Name"), String::new());
                        }
                    }
                    "EntitySet" => {
                        set = get("Name");
                        in_set = matches!(event, Event::Start(_));
                        set_types.insert(set.clone(), last_part(&get("EntityType")));
                    }
                    "NavigationPropertyBinding" if in_set => {
                        bindings.insert((set.clone(), get("Path")), get("Target"));
                    }
                    "Association" => association = get("Name"),
                    "End" if get("Role") == "To" && get("Multiplicity") == "1" => {
                        to_one.insert(association.clone());
                    }
                    "AssociationSet" => association = last_part(&get("Association")),
                    "End" if !get("EntitySet").is_empty() && get("Role") == "To" => {
                        ends.insert(association.clone(), get("EntitySet"));
                    }
                    _ => {}
                }
            }
            Event::End(element) if element.local_name().as_ref() == "EntityType" => {
                if let Some(done) = open.take() {
                    types.insert(done.name.clone(), done);
                }
            }
            Event::DocType(_) => return Err(format!("{path}: document types are not allowed")),
            Event::Eof => break,
            _ => {}
        }
    }
    let mut sets = BTreeMap::new();
    for (set, type_name) in set_types {
        let known = types.get(&type_name);
        let mut entity = known.ok_or_else(|| format!("{path}: no type {type_name}"))?.clone();
        for (property, target) in &mut entity.navigation {
            let bound = bindings.get(&(set.clone(), property.clone())).or(ends.get(property));
            *target = bound.ok_or_else(|| format!("{path}: {property} leads nowhere"))?.clone();
        }
        entity.to_one =
            entity.navigation.keys().filter(|one| to_one.contains(*one)).cloned().collect();
        sets.insert(set, entity);
    }
    Ok(Service { path, version, edmx, namespace, sets })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_has_its_sets_keys_and_navigation() {
        let services = services().unwrap();

        let bom = &services[1].sets["MaterialBOM"];
        assert_eq!(bom.keys.len(), 7);
        assert_eq!(bom.navigation["to_BillOfMaterialItem"], "MaterialBOMItem");
        let center = &services[3].sets["WorkCenterHeader"];
        assert_eq!(center.navigation["_Capacity"], "WorkCenterCapacity");
        let order = &services[7].sets["A_PlannedOrder"];
        assert_eq!(order.property("TotalQuantity").unwrap().scale, 3);
        assert!(order.properties.len() >= 60);
    }
}
