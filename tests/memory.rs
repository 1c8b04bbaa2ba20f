//! What a row of SAP takes in memory: while it is read not more for the next million, and as a fact so
//! many bytes. `docs/basis/README.md` says what that makes for a plant.

#[path = "fuzz/memory.rs"]
mod memory;

use std::sync::{Arc, Mutex};

use carbide::cycle::{SharedMirror, tables};
use carbide::id::PlantCode;
use carbide::sap::odata::ODataClient;
use carbide::sap::system::{Credentials, SapSystem};
use carbide::secret::Secret;
use carbide::source::sap::field_mapping::FieldMapping;
use carbide::source::sap::{BILL_OF_MATERIAL, Reading, facts};
use carbide::store::{Kind, Mirror, MirrorRow, Store};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Items of a BOM.
const ITEMS: usize = 20;

/// Most bytes of a row of the mirror while facts are made of it.
const ROW_BYTES_MAX: usize = 800;

/// Most bytes of a BOM item as a fact.
const ITEM_BYTES_MAX: usize = 400;

/// Most bytes beside it while it is kept.
const KEEPING_BYTES_MAX: usize = 100;

fn reading() -> Reading {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let system = SapSystem::new("SBX", "http://127.0.0.1:1", "100");
    let credentials = Credentials { user: "CARBIDE".to_owned(), password: Secret::new("none") };
    Reading {
        client: ODataClient::new(&system, &credentials).unwrap(),
        plant: PlantCode::new("1010").unwrap(),
        zone: TimeZone::UTC,
        standard_values: [None; 6],
        key_date: "2018-10-01".parse().unwrap(),
        confirmations_from: "2018-01-01".parse().unwrap(),
        overlap: SignedDuration::from_mins(10),
        full_compare: SignedDuration::from_hours(24),
        fields: Arc::new(FieldMapping::standard()),
        progress: Arc::new(|_, _, _| {}),
    }
}

/// What header and items have in common; every item is read with all its properties.
fn common(bom: usize) -> String {
    format!(
        "\"BillOfMaterial\":\"{bom:08}\",\"BillOfMaterialCategory\":\"M\",\"BillOfMaterialVariant\":\"1\",\
         \"BillOfMaterialVersion\":\"\",\"HeaderChangeDocument\":\"\",\"Material\":\"P{bom:08}\",\
         \"Plant\":\"1010\",\"LastChangeDateTime\":\"/Date(1538380800000+0000)/\",\
         \"ValidityStartDate\":\"/Date(1483228800000)/\",\"ValidityEndDate\":\"/Date(253402214400000)/\""
    )
}

fn header(bom: usize) -> MirrorRow {
    let content = format!(
        "{{{},\"BOMHeaderQuantityInBaseUnit\":\"1.000\",\"BOMHeaderBaseUnit\":\"PC\",\
         \"IsMarkedForDeletion\":false}}",
        common(bom)
    );
    MirrorRow { key: format!("{bom:08}"), group: String::new(), content }
}

fn item(bom: usize, node: usize) -> MirrorRow {
    let key = format!("(BillOfMaterial='{bom:08}',BillOfMaterialItemNodeNumber='{node:08}')");
    let content = format!(
        "{{\"__metadata\":{{\"uri\":\"{key}\"}},{},\"BillOfMaterialItemNodeNumber\":\"{node:08}\",\
         \"BillOfMaterialComponent\":\"C{node}\",\"BillOfMaterialItemCategory\":\"L\",\
         \"BillOfMaterialItemNumber\":\"{:04}\",\"BillOfMaterialItemUnit\":\"KG\",\
         \"BillOfMaterialItemQuantity\":\"{}.{:03}\",\"ComponentScrapInPercent\":\"0.50\",\
         \"OperationScrapInPercent\":\"0.00\",\"IsNetScrap\":false,\"FixedQuantity\":false,\
         \"IsBulkMaterial\":false,\"MaterialIsCoProduct\":false,\"SpecialProcurementType\":\"\",\
         \"AlternativeItemGroup\":\"\",\"UsageProbabilityPercent\":\"0\"}}",
        common(bom),
        node * 10,
        bom % 997 + 1,
        (bom * ITEMS + node) % 1000,
    );
    MirrorRow { key, group: String::new(), content }
}

fn mirror(folder: &std::path::Path, boms: usize) -> SharedMirror {
    let mut mirror = Mirror::open(folder, "SBX client 100").unwrap();
    let service = BILL_OF_MATERIAL.name;
    let headers = mirror.set(service, "MaterialBOM").unwrap().id;
    let items = mirror.set(service, "MaterialBOMItem").unwrap().id;
    for bom in 0..boms {
        mirror.put(headers, 1, &[header(bom)], None).unwrap();
        let rows: Vec<_> = (0..ITEMS).map(|node| item(bom, node)).collect();
        mirror.put(items, 1, &rows, None).unwrap();
    }
    Arc::new(Mutex::new(mirror))
}

/// Bytes that the rows of the mirror take, what is made of them, and keeping that in the store, for so
/// many BOMs.
fn taken(boms: usize) -> [usize; 3] {
    let (reading, folder) = (reading(), tempfile::tempdir().unwrap());
    let mirror = mirror(folder.path(), boms);
    let before = memory::watch();
    let rows = tables(&reading, &mirror).unwrap();
    let with_rows = memory::watch();
    let (master, _, problems) = facts(&rows, &reading);
    assert_eq!(master.bills_of_material.len(), boms, "{problems:?}");
    assert!(master.bills_of_material.values().all(|bom| bom.items.len() == ITEMS));
    drop(rows);
    // What is left beside the rows is the facts.
    let left = memory::watch();
    let store = Store::open(folder.path()).unwrap();
    let begun = memory::watch();
    store.keep(Kind::Facts, Timestamp::UNIX_EPOCH, &master).unwrap();
    [with_rows - before, left - before, memory::peak() - begun]
}

#[test]
fn a_row_and_a_fact_take_so_many_bytes_and_not_more_the_more_there_are() {
    let (few, many) = (200, 1_000);
    let (of_few, of_many) = (taken(few), taken(many));

    let more = (many - few) * ITEMS;
    let each = |at: usize| of_many[at].saturating_sub(of_few[at]) / more;
    let (row, item, kept) = (each(0), each(1), each(2));
    println!(
        "bytes of a row while facts are made: {row}; of a BOM item: {item}; to keep it: {kept}"
    );
    assert!(row < ROW_BYTES_MAX, "{row} bytes a row");
    assert!(item < ITEM_BYTES_MAX, "{item} bytes an item");
    assert!(kept < KEEPING_BYTES_MAX, "{kept} bytes to keep an item");
}
