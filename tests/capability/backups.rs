//! What SAP held before a posting is on the disk, encrypted, and opens when it is needed.

use crate::command_line::{Plant, text};

#[tokio::test(flavor = "multi_thread")]
async fn a_posting_leaves_a_backup_that_opens_until_somebody_damages_it() {
    let plant = Plant::new().await;
    assert!(plant.carbide(&["plan"]).status.success());
    let posted = plant.carbide(&["post", "--plan", "--no-wait"]);
    assert!(posted.status.success(), "{}", text(&posted));

    let listed = plant.json(&["restore", "--list"]);
    let drilled = plant.json(&["restore", "--verify"]);

    let sealed = &listed["backups"][0]["sealed"];
    let items = sealed["items"].as_u64().unwrap() as usize;
    let opened = &drilled["backups"][0]["opened"];
    assert_eq!(opened["would_restore"].as_array().unwrap().len(), items);
    assert_eq!(opened["opened_with"], sealed["recipients"]);

    let file = plant.path("state/backups").join(sealed["file"].as_str().unwrap());
    let bytes = std::fs::read(&file).unwrap();
    assert!(bytes.starts_with(b"age-encryption.org/v1\n"));
    std::fs::write(&file, &bytes[..bytes.len() - 16]).unwrap();
    let damaged = plant.carbide(&["restore", "--verify"]);

    assert_eq!(damaged.status.code(), Some(4));
    assert!(text(&damaged).contains("BKP-TRUNC"), "{}", text(&damaged));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_production_system_without_a_recovery_key_posts_nothing_and_says_how_to_make_one() {
    let plant = Plant::new().await;
    assert!(plant.carbide(&["plan"]).status.success());
    let settings = std::fs::read_to_string(plant.path("carbide.toml")).unwrap();
    let settings = settings
        .replace("role = \"sandbox\"", "role = \"production\"")
        .replace("settle_seconds = 1 ", "settle_seconds = 720 ");
    std::fs::write(plant.path("carbide.toml"), settings).unwrap();

    let refused = plant.carbide(&["post", "--plan", "--no-wait"]);

    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused));
    assert!(text(&refused).contains("BKP-KEY"), "{}", text(&refused));
    assert!(text(&refused).contains("age-keygen"), "{}", text(&refused));
}
