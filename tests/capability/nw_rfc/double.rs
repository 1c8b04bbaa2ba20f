//! The double of the library, built once with the C compiler; each test loads a copy of its own, so that
//! faults and counts are its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use carbide::sandbox::RunningSandbox;
use carbide::sap::nw_rfc::NwRfc;
use carbide::sap::nw_rfc::destination::{Destination, Route};
use carbide::sap::rfc::RfcClient;

use crate::support::{PASSWORD, credentials, system};

pub struct Double {
    folder: tempfile::TempDir,
}

/// What is open and what was called, by name; everything that was never told is 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handles(BTreeMap<String, i64>);

impl std::ops::Index<&str> for Handles {
    type Output = i64;

    fn index(&self, name: &str) -> &i64 {
        self.0.get(name).unwrap_or(&0)
    }
}

impl Double {
    /// A double that answers by itself.
    pub fn new() -> Self {
        Self::with_faults("")
    }

    /// The same, misbehaving as ordered; see tests/nwrfc/README.md.
    pub fn with_faults(faults: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(built(), folder.path().join("libsapnwrfc.so")).unwrap();
        let double = Self { folder };
        double.order(faults);
        double
    }

    /// A double with the sandbox behind it.
    pub fn before(sandbox: &RunningSandbox) -> Self {
        Self::before_with_faults(sandbox, "")
    }

    /// The same, misbehaving.
    pub fn before_with_faults(sandbox: &RunningSandbox, faults: &str) -> Self {
        let double = Self::with_faults(faults);
        let target = sandbox.url().replace("http://", "");
        std::fs::write(double.path("target"), target).unwrap();
        double
    }

    /// Other faults from now on; operations are counted on.
    pub fn order(&self, faults: &str) {
        std::fs::write(self.path("faults"), faults).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn destination(&self) -> Destination {
        Destination {
            library: self.path("libsapnwrfc.so"),
            sha256: None,
            route: Route::Server { host: "sap.example".to_owned(), number: "00".to_owned() },
            saprouter: None,
            snc: None,
            connections: 4,
            trace: 0,
        }
    }

    pub fn transport(&self, sandbox: &RunningSandbox) -> NwRfc {
        NwRfc::new(&system(&sandbox.url()), &credentials(PASSWORD), self.destination()).unwrap()
    }

    pub fn client(&self, sandbox: &RunningSandbox) -> RfcClient {
        RfcClient::over(self.transport(sandbox))
    }

    /// What the double counted.
    pub fn handles(&self) -> Handles {
        let text = std::fs::read_to_string(self.path("handles")).unwrap_or_default();
        let counts = text.lines().filter_map(|line| {
            let (name, count) = line.split_once(' ')?;
            Some((name.to_owned(), count.parse().unwrap()))
        });
        Handles(counts.collect())
    }

    /// What it counted once that is as wanted, or after a while: connections close behind the caller.
    pub async fn settled(&self, wanted: impl Fn(&Handles) -> bool) -> Handles {
        for _ in 0..400 {
            let handles = self.handles();
            if wanted(&handles) {
                return handles;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.handles()
    }

    /// Openings that were tried and refused or not.
    pub fn asked_to_open(&self) -> usize {
        let seen = std::fs::read_to_string(self.path("openings")).unwrap_or_default();
        seen.lines().count()
    }
}

fn built() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nwrfc");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("nwrfc");
        std::fs::create_dir_all(&folder).unwrap();
        // Test processes may build at the same time: each to a name of its own.
        let (new, library) =
            (folder.join(format!("{}.so", std::process::id())), folder.join("libsapnwrfc.so"));
        let sources =
            ["functions.c", "value.c", "soap.c", "double.c"].map(|name| source.join(name));
        let compiled = Command::new("cc")
            .args(["-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror"])
            .args(["-shared", "-fPIC", "-Wl,-Bsymbolic", "-o"])
            .arg(&new)
            .args(sources)
            .args(["-lpthread", "-ldl"])
            .output()
            .expect("a C compiler; scripts/install brings it");
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        std::fs::rename(&new, &library).unwrap();
        library
    })
}
