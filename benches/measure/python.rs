//! A Python with peers, in a virtual environment below `target/bench-peers`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The Python of `name`, made on first use with the packages of a list in `benches/peers`; none if they
/// cannot be had, which is said. `imports` are the modules that must be there.
pub fn python(name: &str, list: &str, imports: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let home = root.join("target/bench-peers").join(name);
    let python = home.join("bin/python");
    let ready = || {
        let check = Command::new(&python).args(["-c", &format!("import {imports}")]).output();
        check.is_ok_and(|output| output.status.success())
    };
    if !ready() {
        eprintln!("installing the peers into {}", home.display());
        let made = Command::new("python3").args(["-m", "venv"]).arg(&home).status();
        let installed = made.is_ok_and(|status| status.success())
            && Command::new(home.join("bin/pip"))
                .args(["install", "--quiet", "--disable-pip-version-check", "-r"])
                .arg(root.join("benches/peers").join(list))
                .status()
                .is_ok_and(|status| status.success());
        if !installed || !ready() {
            eprintln!("the peers could not be installed; Carbide is measured alone");
            return None;
        }
    }
    Some(python)
}
