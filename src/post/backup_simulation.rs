//! Sealed backups against a disk that fails at each of its calls.

use std::sync::Arc;

use super::faulty_disk::{DISK_FAULTS, FaultyDisk};
use super::simulation::{World, calm, three_orders};
use super::state::Phase;
use super::*;

fn files(world: &World) -> Vec<String> {
    let folder = world.directory.path().join("backups");
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn the_backup_is_recorded_before_anything_is_prepared_and_opens_to_what_was_asked() {
    let world = calm();
    let mut poster = world.poster();

    let id = poster.apply(three_orders()).await.unwrap().change_set_id;

    let (set, rows) = poster.show(&id).unwrap();
    let kinds: Vec<&str> = rows.iter().map(|row| row.kind.as_str()).take(4).collect();
    assert_eq!(kinds, ["SPACE_RESERVED", "BACKUP_SEALED", "PREPARED", "APPLYING"]);
    let identities = poster.vault.keys().identities().unwrap();
    let sealed = set.backup.unwrap();
    let (drilled, backup) = poster.vault.drill(&id, &sealed, &identities).unwrap();
    assert_eq!(backup.plan, three_orders());
    assert_eq!(backup.rows.len(), 1);
    assert_eq!(drilled.would_restore.len(), 3);
    assert!(drilled.would_restore[0].contains("SAP had none"), "{:?}", drilled.would_restore);
}

#[tokio::test]
async fn a_disk_that_fails_at_any_call_lets_nothing_be_sent() {
    for fault in DISK_FAULTS {
        let mut refused = 0;
        for at in 0.. {
            let world = calm();
            let mut poster = world.poster();
            let disk = Arc::new(FaultyDisk::new(fault, at));
            poster.vault.set_disk(Arc::clone(&disk) as Arc<dyn backup::disk::Disk>);

            let posted = poster.apply(three_orders()).await;

            let what = format!("{fault:?} at call {at}");
            match posted {
                Ok(_) if !disk.has_failed() => break,
                // What was left behind could not be removed because it was not there.
                Ok(_) => assert_eq!(files(&world), [backup_name(&mut poster)], "{what}"),
                Err(PostError::Refused { reason, .. }) => {
                    refused += 1;
                    assert!(
                        reason.starts_with("BKP-") || reason.starts_with("JRN-NOSPACE"),
                        "{what}"
                    );
                    assert_eq!(world.orders(), Vec::<String>::new(), "{what}");
                    assert_eq!(poster.list().unwrap()[0].phase, Phase::Refused, "{what}");
                    poster.vault.set_disk(Arc::new(backup::disk::OsDisk));
                    poster.apply(three_orders()).await.expect("the next one is not hindered");
                }
                Err(other) => panic!("{what}: {other}"),
            }
        }
        assert!(refused > 0, "{fault:?} never mattered");
    }
}

fn backup_name(poster: &mut Poster<sap_double::SapDouble, crate::clock::ManualClock>) -> String {
    let id = poster.list().unwrap()[0].change_set_id.clone();
    poster.show(&id).unwrap().0.backup.unwrap().file
}

#[tokio::test]
async fn an_unfinished_file_of_a_process_that_died_is_no_backup() {
    let world = calm();
    let mut dying = world.poster();
    dying.desk.failpoints.crash_after(0);
    assert!(matches!(dying.apply(three_orders()).await, Err(PostError::Crashed)));
    drop(dying);

    let mut poster = world.poster();
    let recovered = poster.recover().await.unwrap();

    assert_eq!(recovered[0].now, Phase::Refused);
    assert!(poster.show(&recovered[0].change_set_id).unwrap().0.backup.is_none());
    assert!(files(&world).iter().all(|name| name.ends_with(".unfinished")), "{:?}", files(&world));
}

#[tokio::test]
async fn a_production_system_without_keys_sends_nothing() {
    let world = calm();
    let path = world.directory.path().join("carbide.sqlite");
    let settings = PostSettings::new("P01", "100", SystemRole::Production);
    let mut poster = Poster::open(&path, world.sap.clone(), settings, world.clock.clone()).unwrap();

    let refused = poster.apply(three_orders()).await.unwrap_err().to_string();

    assert!(refused.contains("BKP-KEY") && refused.contains("age-keygen"), "{refused}");
    assert_eq!(world.orders(), Vec::<String>::new());
}

#[tokio::test]
async fn the_drill_names_a_backup_that_is_gone_cut_changed_or_for_another_key() {
    let world = calm();
    let mut poster = world.poster();
    let id = poster.apply(three_orders()).await.unwrap().change_set_id;
    let sealed = poster.show(&id).unwrap().0.backup.unwrap();
    let identities = poster.vault.keys().identities().unwrap();
    let path = poster.vault.folder().join(&sealed.file);
    let whole = std::fs::read(&path).unwrap();
    let drill =
        |keys: &[backup::Identity]| poster.vault.drill(&id, &sealed, keys).unwrap_err().to_string();

    let other = backup::Identity::generate().unwrap();
    let wrong_key = drill(&[other]);
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let cut = drill(&identities);
    let mut bytes = whole.clone();
    bytes[100] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let changed = drill(&identities);
    std::fs::remove_file(&path).unwrap();
    let gone = drill(&identities);

    assert!(wrong_key.starts_with("BKP-KEY"), "{wrong_key}");
    assert!(cut.starts_with("BKP-TRUNC"), "{cut}");
    assert!(changed.starts_with("BKP-DAMAGED") && changed.contains("SHA-256"), "{changed}");
    assert!(gone.starts_with("BKP-DAMAGED") && gone.contains("cannot be read"), "{gone}");
}

#[tokio::test]
async fn no_secret_key_is_in_the_journal_or_in_a_backup() {
    let world = calm();
    let mut poster = world.poster();
    poster.apply(three_orders()).await.unwrap();
    let key = std::fs::read_to_string(world.directory.path().join("backup-service.key")).unwrap();
    let secret = key.lines().find(|line| line.starts_with("AGE-SECRET-KEY-")).unwrap();

    for file in ["carbide.sqlite", "carbide.sqlite-wal"] {
        let bytes = std::fs::read(world.directory.path().join(file)).unwrap_or_default();
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{file}");
    }
}

#[tokio::test]
async fn a_backup_stays_ninety_days_and_its_removal_is_in_the_journal() {
    let world = calm();
    let mut poster = world.poster();
    let id = poster.apply(three_orders()).await.unwrap().change_set_id;
    poster.wait_for_window(&id).await.unwrap();

    let young = poster.prune(false).unwrap();
    world.wait(90 * 24 * 3600);
    let shown = poster.prune(true).unwrap();
    let before = files(&world);
    let removed = poster.prune(false).unwrap();

    assert_eq!(young, []);
    assert_eq!(shown, removed);
    assert_eq!((before.len(), files(&world).len()), (1, 0));
    let again = world.poster().backups().unwrap();
    assert!(again[0].removed.is_some(), "another process knows it too");
    let drilled = world.poster().drill(Some(&id), &[]).unwrap_err().to_string();
    assert!(drilled.contains("it was removed at"), "{drilled}");
    assert_eq!(poster.verify().unwrap().damage, None);
}

#[tokio::test]
async fn after_a_new_key_old_backups_still_open_and_the_drill_is_noted() {
    let world = calm();
    let mut poster = world.poster();
    let first = poster.apply(three_orders()).await.unwrap().change_set_id;
    poster.undo(Some(&first), "planner").await.unwrap();

    let new = poster.rotate_backup_key("basis").unwrap();
    let second = poster.apply(three_orders()).await.unwrap().change_set_id;
    let results = poster.drill(None, &[]).unwrap();

    let opened: Vec<bool> = results
        .iter()
        .map(|(_, result)| result.as_ref().unwrap().opened_with.contains(&new))
        .collect();
    assert_eq!(opened, [false, true]);
    let kinds: Vec<String> = journal::export(poster.journal.path())
        .unwrap()
        .into_iter()
        .map(|row| row.kind)
        .filter(|kind| kind == "KEY_ROTATED" || kind == "RESTORE_DRILL")
        .collect();
    assert_eq!(kinds, ["KEY_ROTATED", "RESTORE_DRILL", "RESTORE_DRILL"]);
    assert!(poster.show(&second).unwrap().0.backup.unwrap().recipients.contains(&new));
}
