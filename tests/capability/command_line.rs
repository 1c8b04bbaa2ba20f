//! The binary as people and scripts call it: posting, the way back, a process that is killed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use carbide::sandbox::RunningSandbox;
use serde_json::{Value, json};

use crate::support::{PASSWORD, edit, fault, sandbox, truth};

const BINARY: &str = env!("CARGO_BIN_EXE_carbide");

/// A plant's folder with settings for a sandbox, a meter database and a plan of three orders.
pub struct Plant {
    folder: tempfile::TempDir,
    pub sandbox: RunningSandbox,
}

impl Plant {
    pub async fn new() -> Self {
        Self::on(sandbox().await)
    }

    /// A plant on a sandbox of one's own.
    pub fn on(sandbox: RunningSandbox) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let plant = Self { folder, sandbox };
        let init = plant.carbide(&["config", "init", &plant.path("").display().to_string()]);
        assert!(init.status.success(), "{}", text(&init));
        let settings = std::fs::read_to_string(plant.path("carbide.toml")).unwrap();
        let settings = settings
            .replace("http://127.0.0.1:8010", &plant.sandbox.url())
            .replace("horizon_days = 35", "horizon_days = 14")
            .replace("seconds = 12.0", "seconds = 0.7")
            .replace("settle_seconds = 3", "settle_seconds = 1")
            // Two weeks hold few orders: a share of the night is more than they can promise.
            .replace("night_share_min = 0.20", "night_share_min = 0.0")
            .replace("night_share_max = 0.40", "night_share_max = 1.0");
        std::fs::write(plant.path("carbide.toml"), settings).unwrap();
        std::fs::create_dir(plant.path("secrets")).unwrap();
        std::fs::write(plant.path("secrets/sap"), PASSWORD).unwrap();
        make_private(&plant.path("secrets/sap"));
        carbide::sandbox::ems::write_database(&plant.path("ems.sqlite")).unwrap();
        plant
    }

    /// Changes a line of the settings.
    pub fn configure(&self, from: &str, to: &str) {
        let path = self.path("carbide.toml");
        let settings = std::fs::read_to_string(&path).unwrap();
        assert!(settings.contains(from), "{from} is not in the settings");
        std::fs::write(path, settings.replace(from, to)).unwrap();
    }

    /// Adds a section to the settings.
    pub fn append(&self, section: &str) {
        let path = self.path("carbide.toml");
        let settings = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, format!("{settings}\n{section}")).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command
            .arg("--config")
            .arg(self.path("carbide.toml"))
            .args(arguments)
            .env_remove("CARBIDE_FAIL")
            .env("USER", "planner")
            .stdin(Stdio::null());
        command
    }

    pub fn carbide(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// The one JSON document that a command prints.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let output = self.carbide(&[arguments, &["--json"]].concat());
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output)))
    }

    pub async fn planned_orders(&self) -> String {
        truth(&self.sandbox, "planned-orders").await.to_string()
    }

    async fn ledger(&self) -> Value {
        truth(&self.sandbox, "ledger").await
    }

    /// SAP numbers of the orders that the journal says are there.
    fn standing(&self) -> Vec<String> {
        let mut numbers = Vec::new();
        for set in self.json(&["journal", "ls"])["change_sets"].as_array().unwrap() {
            numbers.extend(self.standing_in(set));
        }
        numbers.sort();
        numbers
    }

    /// The same of the newest change set alone.
    pub fn standing_in_last(&self) -> Vec<String> {
        let listed = self.json(&["journal", "ls"]);
        let newest =
            listed["change_sets"].as_array().unwrap().iter().max_by_key(|set| {
                set["begun"].as_str().expect("a change set has a time").to_owned()
            });
        let mut numbers = newest.map(|set| self.standing_in(set)).unwrap_or_default();
        numbers.sort();
        numbers
    }

    fn standing_in(&self, set: &Value) -> Vec<String> {
        let shown = self.json(&["journal", "show", set["change_set_id"].as_str().unwrap()]);
        let items = shown["items"].as_array().unwrap().iter();
        let done = items.filter(|item| item["state"] == "done" || item["state"] == "DONE");
        let number = |item: &Value| item["number"]["planned_order"].as_str().map(str::to_owned);
        done.map(|item| number(item).unwrap_or_default()).collect()
    }

    /// SAP numbers of the orders that are truly there and were not before.
    pub async fn truly_new(&self) -> Vec<String> {
        let ledger = self.ledger().await;
        let orders = ledger["planned_orders"].as_array().unwrap().iter();
        let mut numbers: Vec<String> = orders
            .map(|order| order["PlannedOrder"].as_str().unwrap().to_owned())
            .filter(|number| number.parse::<u32>().unwrap() > 1000)
            .collect();
        numbers.sort();
        numbers
    }
}

#[cfg(unix)]
fn make_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

pub fn text(output: &Output) -> String {
    let part = String::from_utf8_lossy;
    format!("{}\n{}\n{}", output.status, part(&output.stdout), part(&output.stderr))
}

pub fn ended_with(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}", text(output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_posted_and_taken_back_byte_by_byte() {
    let plant = Plant::new().await;
    let before = plant.planned_orders().await;
    ended_with(&plant.carbide(&["plan"]), 0);
    let listed = plant.json(&["post", "--dry-run"]);
    assert_eq!(plant.planned_orders().await, before, "a dry run sends nothing");

    ended_with(&plant.carbide(&["post", "--no-wait"]), 0);

    let documents = listed["documents"].as_array().unwrap().len();
    let posted = plant.ledger().await;
    assert_eq!(posted["commits"].as_array().unwrap().len(), documents);
    assert_eq!(posted["fi_documents"].as_array().unwrap().len(), 1);
    assert_ne!(plant.planned_orders().await, before);
    let orders: Vec<&Value> = posted["planned_orders"].as_array().unwrap().iter().collect();
    assert!(orders.iter().all(|order| order["PlannedOrderIsFirm"] == true));

    ended_with(&plant.carbide(&["undo"]), 0);

    assert_eq!(plant.planned_orders().await, before);
    let after = plant.ledger().await;
    let documents = after["fi_documents"].as_array().unwrap();
    assert_eq!(documents.len(), 2);
    assert_eq!(documents[0]["reversed_by"], documents[1]["number"]);
    assert_eq!(documents[1]["reverses"], documents[0]["number"]);

    let again = plant.carbide(&["undo"]);
    ended_with(&again, 1);
    assert_eq!(plant.ledger().await["fi_documents"].as_array().unwrap().len(), 2);
    ended_with(&plant.carbide(&["journal", "verify"]), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rests_on_incomplete_facts_is_not_posted_unless_somebody_says_why() {
    let plant = Plant::new().await;
    let row = json!({ "ConfirmationGroup": "99", "Plant": "1010", "PostingDate": "2018-09-30" });
    let wrong = json!({ "ConfirmationYieldQuantity": "1.234,50" });
    edit(&plant.sandbox, "ProdnOrdConf2", row, Some(wrong)).await;
    ended_with(&plant.carbide(&["plan"]), 0);

    let refused = plant.carbide(&["post", "--no-wait"]);
    let posted_before = plant.ledger().await["commits"].as_array().unwrap().len();
    let why = ["post", "--no-wait", "--accept-incomplete", "that confirmation is being mended"];
    let accepted = plant.carbide(&why);

    ended_with(&refused, 1);
    assert!(text(&refused).contains("POST-INCOMPLETE"), "{}", text(&refused));
    assert!(text(&refused).contains("ProdnOrdConf2"), "{}", text(&refused));
    assert_eq!(posted_before, 0);
    ended_with(&accepted, 0);
    let listed = plant.json(&["journal", "ls"]).to_string();
    assert!(listed.contains("that confirmation is being mended"), "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_anywhere_leaves_each_order_once_or_not_at_all() {
    for point in [
        "post.before_send:2:abort",
        "journal.after_intent:2:abort",
        "post.after_send:1:abort",
        "post.after_send:3:abort",
        "journal.after_outcome:2:abort",
    ] {
        let plant = Plant::new().await;
        let before = plant.planned_orders().await;
        ended_with(&plant.carbide(&["plan"]), 0);

        let died =
            plant.command(&["post", "--plan", "--no-wait"]).env("CARBIDE_FAIL", point).output();
        assert_eq!(died.unwrap().status.code(), None, "{point} must kill the process");

        // A dry run only looks: it finishes nothing that the dead process left.
        let left = (plant.planned_orders().await, plant.json(&["journal", "ls"]));
        ended_with(&plant.carbide(&["post", "--plan", "--dry-run"]), 0);
        ended_with(&plant.carbide(&["undo", "--dry-run"]), 1);
        let now = (plant.planned_orders().await, plant.json(&["journal", "ls"]));
        assert_eq!(now, left, "{point}: a dry run changed something");

        let recovered = plant.carbide(&["journal", "recover"]);
        ended_with(&recovered, 0);
        assert_eq!(plant.truly_new().await, plant.standing(), "{point}");
        assert_eq!(plant.planned_orders().await, before, "{point}: what was sent was taken back");
        ended_with(&plant.carbide(&["journal", "verify"]), 0);
    }
}

/// Waits until the sandbox has seen so many commits.
async fn until_commits(plant: &Plant, count: usize) {
    let begun = Instant::now();
    while plant.ledger().await["commits"].as_array().unwrap().len() < count {
        assert!(begun.elapsed() < Duration::from_secs(60), "no {count} commits came");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn kill_9(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_between_two_orders_leaves_each_order_once_or_not_at_all() {
    for commits in [1, 3, 5] {
        let plant = Plant::new().await;
        let before = plant.planned_orders().await;
        ended_with(&plant.carbide(&["plan"]), 0);
        // Answers come late, so that the kill meets a request on its way.
        fault(
            &plant.sandbox,
            json!({
                "kind": "delay", "match": "POST", "count": 100, "milliseconds": 60,
            }),
        )
        .await;
        let child = plant.command(&["post", "--plan", "--no-wait"]).stderr(Stdio::null()).spawn();

        let child = child.unwrap();
        until_commits(&plant, commits).await;
        kill_9(child);
        // What was on its way arrives.
        tokio::time::sleep(Duration::from_millis(300)).await;

        ended_with(&plant.carbide(&["journal", "recover"]), 0);
        assert_eq!(plant.truly_new().await, plant.standing(), "after {commits} commits");
        assert_eq!(plant.planned_orders().await, before, "after {commits} commits");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_looked_up_and_nothing_is_doubled() {
    let plant = Plant::new().await;
    ended_with(&plant.carbide(&["plan"]), 0);
    fault(
        &plant.sandbox,
        json!({ "kind": "drop_response", "match": "POST /sap/opu", "after": 1, "count": 2 }),
    )
    .await;

    ended_with(&plant.carbide(&["post", "--no-wait"]), 0);

    let listed =
        plant.json(&["post", "--plan", "--dry-run"])["documents"].as_array().unwrap().len();
    assert_eq!(plant.truly_new().await.len(), listed);
    assert_eq!(plant.truly_new().await, {
        let mut standing = plant.standing();
        standing.retain(|number| !number.is_empty());
        standing
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_a_planner_changed_is_left_alone_and_named() {
    let plant = Plant::new().await;
    ended_with(&plant.carbide(&["plan"]), 0);
    ended_with(&plant.carbide(&["post", "--plan", "--no-wait"]), 0);
    let number = plant.truly_new().await[0].clone();
    let client = crate::support::odata(&plant.sandbox);
    use carbide::sap::odata::{Key, RequestId};
    use carbide::source::sap::PLANNED_ORDERS;
    let key = Key::of("PlannedOrder", number.as_str());
    let row = client.read_one(PLANNED_ORDERS, "A_PlannedOrder", &key).await.unwrap().unwrap();
    let mut change = serde_json::Map::new();
    change.insert("TotalQuantity".into(), "1.500".into());
    let id = RequestId { id: "0".repeat(32), first_sent: jiff::Timestamp::UNIX_EPOCH };
    let etag = row.etag().unwrap();
    client.update(PLANNED_ORDERS, "A_PlannedOrder", &key, etag, &change, &id).await.unwrap();

    let undone = plant.carbide(&["undo"]);

    ended_with(&undone, 5);
    assert!(text(&undone).contains("ROLLED_BACK_CONFLICTS"), "{}", text(&undone));
    let said = text(&undone);
    assert!(said.contains("before us: no such document; we posted: "), "{said}");
    assert!(said.contains("now: 1.5") && said.contains("transaction MD12"), "{said}");
    assert_eq!(plant.truly_new().await, [number]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_and_a_product_explain_themselves() {
    let plant = Plant::new().await;
    ended_with(&plant.carbide(&["post", "--carbon", "--no-wait"]), 0);
    let ledger = plant.ledger().await;
    let number = ledger["fi_documents"][0]["number"].as_str().unwrap().to_owned();

    let explained = plant.json(&["explain", &number]);

    let run = &explained["run"];
    assert_eq!(run["period"], json!({ "year": 2018, "month": 9 }));
    assert_eq!(run["readings"].as_array().unwrap().len(), 30 * 96);
    let factors: Vec<&str> = run["inventory"]["factors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|factor| factor["id"].as_str().unwrap())
        .collect();
    assert!(factors.contains(&"EG-DE-UBA-2018"), "{factors:?}");
    let lines = ledger["fi_documents"][0]["lines"].as_array().unwrap();
    let key = explained["evidence"].as_str().unwrap();
    let evidence = lines[0]["extension"][0].as_str().unwrap();
    assert!(evidence.ends_with(&key[..16]), "{evidence}");

    let product = text(&plant.carbide(&["explain", "REBAR-16"]));
    assert!(product.contains("REBAR-16 > BILLET-S > SCRAP"), "{product}");
    assert!(product.contains("UBA"), "{product}");
    ended_with(&plant.carbide(&["explain", "NO-SUCH"]), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doctor_sees_what_is_well_and_what_is_not() {
    let plant = Plant::new().await;

    ended_with(&plant.carbide(&["doctor"]), 0);
    std::fs::write(plant.path("secrets/sap"), "wrong").unwrap();
    let wrong = plant.carbide(&["doctor"]);

    ended_with(&wrong, 3);
    assert!(text(&wrong).contains("SU01"), "{}", text(&wrong));
    // One refused logon for OData, one for RFC: the user is not locked.
    assert!(plant.ledger().await["failed_logons"].as_u64().unwrap() <= 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_ever_printed_or_stored() {
    let plant = Plant::new().await;
    let mut seen = String::new();
    for arguments in [
        &["config", "show"][..],
        &["-vv", "sync"],
        &["-vv", "post", "--carbon", "--no-wait"],
        &["-vv", "undo"],
    ] {
        seen.push_str(&text(&plant.carbide(arguments)));
    }

    assert!(seen.contains("***"), "{seen}");
    assert!(!seen.contains(PASSWORD), "the password is in the output");
    let mut left = vec![plant.path("state")];
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let found = bytes.windows(PASSWORD.len()).any(|part| part == PASSWORD.as_bytes());
        assert!(!found, "the password is in {}", path.display());
    }
    for key in ["backup-service.key", "audit-signing.key"] {
        let secret = std::fs::read_to_string(plant.path("state").join(key)).unwrap();
        let secret = secret.lines().last().unwrap();
        assert!(!seen.contains(secret), "{key} is in the output");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_settings_and_missing_things_are_named() {
    let plant = Plant::new().await;
    let settings = std::fs::read_to_string(plant.path("carbide.toml")).unwrap();
    let with = |from: &str, to: &str| {
        std::fs::write(plant.path("carbide.toml"), settings.replace(from, to)).unwrap();
        let output = plant.carbide(&["sync"]);
        (output.status.code(), text(&output))
    };

    let (code, said) = with("parallel_reads", "paralel_reads");
    assert_eq!(code, Some(2));
    assert!(said.contains("did you mean parallel_reads?"), "{said}");
    let (code, said) = with("ems.sqlite", "missing.sqlite");
    assert_eq!(code, Some(3));
    assert!(said.contains("ODBC-CONNECT"), "{said}");
    let (code, said) = with(&plant.sandbox.url(), "http://127.0.0.1:1");
    assert_eq!(code, Some(3));
    assert!(said.contains("cannot be reached"), "{said}");
    std::fs::write(plant.path("carbide.toml"), &settings).unwrap();
    std::fs::remove_file(plant.path("secrets/sap")).unwrap();
    let output = plant.carbide(&["sync"]);
    ended_with(&output, 2);
    assert!(text(&output).contains("secret file"), "{}", text(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_cannot_be_written_stops_posting() {
    let plant = Plant::new().await;
    std::fs::write(plant.path("state"), "a file where a folder should be").unwrap();

    let output = plant.carbide(&["post", "--carbon", "--no-wait"]);

    ended_with(&output, 4);
    assert!(text(&output).contains("cannot be written"), "{}", text(&output));
    assert_eq!(plant.ledger().await["commits"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logon_page_in_the_middle_of_reading_keeps_nothing() {
    let plant = Plant::new().await;
    fault(&plant.sandbox, json!({ "kind": "html_page", "match": "A_PlannedOrder" })).await;

    let output = plant.carbide(&["sync"]);

    ended_with(&output, 3);
    assert!(text(&output).contains("ODATA-NOTSAP"), "{}", text(&output));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_in_the_middle_of_posting_takes_back_what_was_sent() {
    let plant = Plant::new().await;
    let before = plant.planned_orders().await;
    ended_with(&plant.carbide(&["plan"]), 0);
    fault(
        &plant.sandbox,
        json!({ "kind": "delay", "match": "POST", "count": 100, "milliseconds": 80 }),
    )
    .await;
    let child =
        plant.command(&["post", "--plan", "--no-wait"]).stderr(Stdio::piped()).spawn().unwrap();
    until_commits(&plant, 2).await;

    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupt.unwrap().success());
    let ended = child.wait_with_output().unwrap();

    assert_ne!(ended.status.code(), Some(0), "{}", text(&ended));
    assert_eq!(plant.planned_orders().await, before, "{}", text(&ended));
}

#[test]
fn the_demo_prints_one_document_whose_totals_agree() {
    let output =
        Command::new(BINARY).args(["demo", "--json"]).env_remove("CARBIDE_CONFIG").output();
    let output = output.unwrap();
    ended_with(&output, 0);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();

    for key in
        ["readings", "findings", "footprints", "baseline", "plan", "posted", "window", "totals"]
    {
        assert!(!document[key].is_null(), "{key}");
    }
    let totals = &document["totals"];
    assert!(totals["metered_mg"].as_i64().unwrap() > 0);
    assert_eq!(totals["metered_mg"], totals["allocated_mg"]);
    assert_eq!(totals["ledger_mg"], totals["fi_mg"]);
    assert_eq!(document["readings"]["count"], 26_208);
    assert!(document["plan"]["feasible"].as_bool().unwrap());
    let carbon = |of: &str| document[of]["carbon_kg"].as_f64().unwrap();
    assert!(carbon("plan") < carbon("baseline"));
    assert_eq!(document["undo"]["planned_orders_as_before"], true);
    assert_eq!(document["undo"]["fi_mg_after"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_four_eyes_a_plan_is_asked_for_by_one_person_and_approved_by_another() {
    let plant = Plant::new().await;
    let settings = std::fs::read_to_string(plant.path("carbide.toml")).unwrap();
    let settings = settings.replace("four_eyes = false ", "four_eyes = true ");
    std::fs::write(plant.path("carbide.toml"), settings).unwrap();
    assert!(plant.carbide(&["plan"]).status.success());

    let alone = plant.carbide(&["post", "--plan", "--no-wait"]);
    let asked = plant.carbide(&["post", "--plan", "--request"]);
    let own = plant.carbide(&["approve", "R-1"]);
    let other = plant.command(&["approve", "r-1"]).env("USER", "lead").output().unwrap();
    let posted = plant.carbide(&["post", "--approved", "R-1", "--no-wait"]);
    let again = plant.carbide(&["post", "--approved", "R-1", "--no-wait"]);

    assert_eq!(alone.status.code(), Some(1));
    assert!(text(&alone).contains("POST-APPROVAL"), "{}", text(&alone));
    assert!(asked.status.success(), "{}", text(&asked));
    assert!(text(&own).contains("somebody else has to approve it"), "{}", text(&own));
    assert!(other.status.success(), "{}", text(&other));
    assert!(posted.status.success(), "{}", text(&posted));
    assert!(text(&again).contains("was posted already, as CS-"), "{}", text(&again));
    assert!(!plant.standing().is_empty());
}
