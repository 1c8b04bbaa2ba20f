//! The built binary on a file system that fills up, before and while it posts. A small tmpfs of its own
//! stands for the disk; mounting it takes root, so without root this says so and does nothing.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::command_line::{Plant, ended_with, text};

/// A mounted tmpfs, gone when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path, mebibytes: u32) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let size = format!("size={mebibytes}m");
        let mut mount = Command::new("mount");
        let mount = mount.args(["-t", "tmpfs", "-o", &size, "carbide-test"]).arg(at);
        let mounted = mount.stderr(Stdio::null()).status();
        mounted.is_ok_and(|status| status.success()).then(|| Self(at.to_owned()))
    }

    /// Fills it but for so many KiB.
    fn fill(&self, kibibytes_left: u64) {
        let free = rustix::fs::statvfs(&self.0).unwrap();
        let free = free.f_bavail * free.f_frsize / 1024;
        let bytes = vec![7_u8; 1024 * free.saturating_sub(kibibytes_left) as usize];
        // The program may take the rest first; full is full.
        let _ = std::fs::write(self.0.join("ballast"), bytes);
    }

    fn empty(&self) {
        let _ = std::fs::remove_file(self.0.join("ballast"));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

async fn plant_on_small_disk() -> Option<(Plant, SmallDisk)> {
    let plant = Plant::new().await;
    let disk = SmallDisk::mount(&plant.path("state"), 64);
    if disk.is_none() {
        println!("left out: mounting a small file system takes root");
    }
    Some((plant, disk?))
}

#[tokio::test(flavor = "multi_thread")]
async fn without_room_for_the_way_back_nothing_is_posted() {
    let Some((plant, disk)) = plant_on_small_disk().await else { return };
    ended_with(&plant.carbide(&["plan"]), 0);
    let before = plant.planned_orders().await;
    for kibibytes in [0, 64, 512] {
        disk.fill(kibibytes);

        let refused = plant.carbide(&["post", "--plan", "--no-wait"]);

        assert_ne!(refused.status.code(), Some(0), "{kibibytes} KiB: {}", text(&refused));
        assert_eq!(plant.planned_orders().await, before, "{kibibytes} KiB left");
        disk.empty();
    }
    // With room again, it works as if nothing had been.
    ended_with(&plant.carbide(&["post", "--plan", "--no-wait"]), 0);
    ended_with(&plant.carbide(&["undo"]), 0);
    assert_eq!(plant.planned_orders().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_while_posting_loses_and_doubles_nothing() {
    let Some((plant, disk)) = plant_on_small_disk().await else { return };
    ended_with(&plant.carbide(&["plan"]), 0);
    let before = plant.planned_orders().await;
    for seed in 0..20 {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let wait = Duration::from_millis(random.random_range(20..450));
        let left = random.random_range(0..200);
        let child = plant
            .command(&["post", "--plan", "--no-wait"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        tokio::time::sleep(wait).await;
        disk.fill(left);
        let ended = child.wait_with_output().unwrap();
        // What was reserved is enough to go on or to take everything back; else a person is told.
        disk.empty();

        ended_with(&plant.carbide(&["journal", "recover"]), 0);
        let stands = plant.truly_new().await;
        assert_eq!(stands, plant.standing_in_last(), "seed {seed}: {}", text(&ended));
        if !stands.is_empty() {
            ended_with(&plant.carbide(&["undo"]), 0);
        }
        assert_eq!(plant.planned_orders().await, before, "seed {seed}: {}", text(&ended));
    }
    ended_with(&plant.carbide(&["journal", "verify"]), 0);
}
