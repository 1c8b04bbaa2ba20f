//! The daemon: the page's interface, who may do what, the way back with its window, and a clean end.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::command_line::{Plant, text};

pub const PASSWORD: &str = "a long sentence of anna";

/// A daemon of a plant on a free port.
pub struct Daemon {
    child: Child,
    url: String,
    client: Client,
}

/// Somebody who is logged on.
pub struct Somebody<'a> {
    daemon: &'a Daemon,
    cookie: String,
    csrf: String,
}

pub fn add_user(plant: &Plant, name: &str, role: &str) {
    let mut child = plant
        .command(&["serve", "user", name, "--role", role])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
}

pub fn with_body(request: RequestBuilder, body: &Value) -> RequestBuilder {
    request.header("content-type", "application/json").body(body.to_string())
}

pub async fn document(answer: Response) -> Value {
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

impl Daemon {
    pub fn start(plant: &Plant) -> Self {
        Self::with(plant, &[], Stdio::inherit())
    }

    /// The same with further variables, and a place for what it logs.
    pub fn with(plant: &Plant, variables: &[(&str, &str)], log: Stdio) -> Self {
        let mut child = plant
            .command(&["serve", "--listen", "127.0.0.1:0"])
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let url = line.split_whitespace().find(|word| word.starts_with("http://"));
        let url = url.unwrap_or_else(|| panic!("{line}")).trim_end_matches(';').to_owned();
        Self { child, url, client: Client::new() }
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub async fn get(&self, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.url)).send().await.unwrap()
    }

    async fn log_on(&self, user: &str, password: &str) -> Response {
        let given = json!({ "user": user, "password": password });
        let url = format!("{}/api/v1/session", self.url);
        with_body(self.client.post(url), &given).send().await.unwrap()
    }

    pub async fn somebody(&self, user: &str) -> Somebody<'_> {
        let answer = self.log_on(user, PASSWORD).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let who = document(answer).await;
        Somebody { daemon: self, cookie, csrf: who["csrf"].as_str().unwrap().to_owned() }
    }

    /// Sends a signal, as `-HUP`.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        std::process::Command::new("kill").args([name, &pid]).status().unwrap();
    }

    /// Ends as systemd ends it; whether it ended well.
    pub fn stop(mut self) -> bool {
        self.signal("-TERM");
        self.child.wait().unwrap().success()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Somebody<'_> {
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let url = format!("{}/api/v1{path}", self.daemon.url);
        let mut request = self.daemon.client.request(method, url).header("cookie", &self.cookie);
        request = request.header("x-csrf-token", &self.csrf);
        if let Some(body) = body {
            request = with_body(request, &body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    pub async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// Sends a file.
    pub async fn send(&self, path: &str, kind: &str, bytes: Vec<u8>) -> (StatusCode, Value) {
        let request = self.daemon.client.post(format!("{}/api/v1{path}", self.daemon.url));
        let request = request.header("cookie", &self.cookie).header("x-csrf-token", &self.csrf);
        let answer = request.header("content-type", kind).body(bytes).send().await.unwrap();
        (answer.status(), document(answer).await)
    }

    /// Waits until there are facts.
    pub async fn facts(&self) -> Value {
        let began = Instant::now();
        loop {
            let (status, body) = self.ask(Method::GET, "/overview", None).await;
            if status == StatusCode::OK {
                return body;
            }
            assert!(began.elapsed() < Duration::from_secs(300), "{body}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until a job ends well; its result.
    pub async fn done(&self, job: &Value) -> String {
        let ended = self.ended(job).await;
        assert_eq!(ended["state"], "done", "{ended}");
        ended["result"].as_str().unwrap().to_owned()
    }

    pub async fn ended(&self, job: &Value) -> Value {
        let began = Instant::now();
        loop {
            let job = self.get(&format!("/jobs/{}", job["id"])).await;
            if job["state"] == "done" || job["state"] == "failed" {
                return job;
            }
            assert!(began.elapsed() < Duration::from_secs(120), "{job}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn plan(&self) -> String {
        let (status, job) = self.post("/plans", json!({ "seconds": 1.0 })).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{job}");
        self.done(&job).await
    }

    async fn phase(&self, id: &str) -> Value {
        self.get(&format!("/change-sets/{id}")).await["phase"].clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planner_plans_posts_sees_the_window_and_takes_back() {
    let plant = Plant::new().await;
    add_user(&plant, "anna", "planner");
    let daemon = Daemon::start(&plant);
    let anna = daemon.somebody("anna").await;
    let overview = anna.facts().await;
    let before = plant.planned_orders().await;

    let plan = anna.plan().await;
    let page = anna.get(&format!("/plans/{plan}")).await;
    let likely = page["feasibility"]["on_time"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&likely) && page["feasibility"]["postable"] == true, "{page}");
    assert_eq!(page["conflict"], serde_json::Value::Null);
    let saved = page["worth"]["carbon_kg"].as_f64().unwrap()
        - page["baseline"]["carbon_kg"].as_f64().unwrap();
    assert!((page["reasons"]["carbon_kg"].as_f64().unwrap() - saved).abs() < 1e-3, "{page}");
    for reason in page["reasons"]["orders"].as_array().unwrap() {
        assert!(reason["text"].as_str().unwrap().contains("kg CO2e"), "{reason}");
    }
    for name in ["plan-orders", "plan-operations", "plan-shifts", "plan-reasons", "plan-likelihood"]
    {
        let table = anna.get(&format!("/tables/{name}?of={plan}")).await;
        assert!(table["total"].as_u64().unwrap() > 0, "{table}");
    }
    let subject = json!({ "subject": { "plan": plan } });
    let (status, simulated) = anna.post("/postings/simulate", subject.clone()).await;
    assert_eq!(status, StatusCode::OK, "{simulated}");
    let (_, job) = anna.post("/postings", subject).await;
    let id = anna.done(&job).await;
    let posted = anna.get(&format!("/change-sets/{id}")).await;

    assert_eq!(overview["period"], "2018-09");
    assert!(!page["bars"].as_array().unwrap().is_empty());
    assert_eq!(posted["phase"], "OPEN");
    let documents = simulated["documents"].as_array().unwrap().len();
    assert_eq!(posted["items"].as_array().unwrap().len(), documents);
    let seconds = |key: &str| -> jiff::Timestamp { posted[key].as_str().unwrap().parse().unwrap() };
    let left = seconds("ends").duration_since(seconds("server_time")).as_secs();
    assert!((90..=120).contains(&left), "{left} s of the window are left");
    assert_ne!(plant.planned_orders().await, before);

    let (status, job) =
        anna.post(&format!("/change-sets/{id}/undo"), json!({ "phase": "OPEN" })).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{job}");
    anna.done(&job).await;

    assert_eq!(anna.phase(&id).await, "ROLLED_BACK");
    assert_eq!(plant.planned_orders().await, before);
    assert!(daemon.stop(), "SIGTERM ends it well");
    let verified = plant.carbide(&["journal", "verify"]);
    assert!(verified.status.success(), "{}", text(&verified));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_four_eyes_a_second_person_approves_exactly_what_was_shown() {
    let plant = Plant::new().await;
    plant.configure("four_eyes = false", "four_eyes = true");
    add_user(&plant, "anna", "finance");
    add_user(&plant, "ben", "finance");
    add_user(&plant, "paul", "planner");
    let daemon = Daemon::start(&plant);
    let (anna, ben) = (daemon.somebody("anna").await, daemon.somebody("ben").await);
    anna.facts().await;
    let wish = json!({ "subject": { "month": "2018-09" } });

    let (at_once, _) = anna.post("/postings", wish.clone()).await;
    let (asked, request) = anna.post("/requests", wish).await;
    assert_eq!(asked, StatusCode::CREATED, "{request}");
    let path = format!("/requests/{}", request["request"].as_str().unwrap());
    let approve = format!("{path}/approve");
    let right = json!({ "hash": request["hash"] });
    let (too_early, _) = ben.post(&format!("{path}/post"), Value::Null).await;
    let (by_herself, _) = anna.post(&approve, right.clone()).await;
    let (unseen, stale) = ben.post(&approve, json!({ "hash": "0".repeat(64) })).await;
    let paul = daemon.somebody("paul").await;
    let (by_planner, _) = paul.post(&approve, right.clone()).await;
    let (by_ben, _) = ben.post(&approve, right.clone()).await;
    let (twice, _) = ben.post(&approve, right).await;
    let (accepted, job) = ben.post(&format!("{path}/post"), Value::Null).await;
    let id = ben.done(&job).await;
    let (again, _) = ben.post(&format!("{path}/post"), Value::Null).await;

    assert_eq!(at_once, StatusCode::CONFLICT);
    assert_eq!(too_early, StatusCode::CONFLICT);
    assert_eq!(by_herself, StatusCode::CONFLICT);
    assert_eq!((unseen, &stale["code"]), (StatusCode::PRECONDITION_FAILED, &json!("STALE")));
    assert_eq!(by_planner, StatusCode::FORBIDDEN);
    assert_eq!((by_ben, twice), (StatusCode::OK, StatusCode::CONFLICT));
    assert_eq!((accepted, again), (StatusCode::ACCEPTED, StatusCode::CONFLICT));
    let lines = anna.get("/tables/postings").await;
    assert_eq!(lines["rows"][0][1], id);
    let explained = anna.get(&format!("/explain/{id}")).await;
    assert_eq!(explained["run"]["period"], json!({ "year": 2018, "month": 9 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_browsers_that_decide_at_once_take_back_once_and_the_stale_page_is_told() {
    let plant = Plant::new().await;
    add_user(&plant, "anna", "planner");
    let daemon = Daemon::start(&plant);
    let (one, other) = (daemon.somebody("anna").await, daemon.somebody("anna").await);
    one.facts().await;
    let plan = one.plan().await;
    let (_, job) = one.post("/postings", json!({ "subject": { "plan": plan } })).await;
    let id = one.done(&job).await;
    let path = format!("/change-sets/{id}/undo");
    let seen = json!({ "phase": "OPEN" });

    let (first, second) =
        tokio::join!(one.post(&path, seen.clone()), other.post(&path, seen.clone()));
    let mut ended = Vec::new();
    for (status, job) in [first, second] {
        if status == StatusCode::ACCEPTED {
            ended.push(one.ended(&job).await["state"].clone());
        }
    }
    let (late, problem) = other.post(&path, seen).await;

    assert_eq!(ended.iter().filter(|state| **state == "done").count(), 1, "{ended:?}");
    assert_eq!(one.phase(&id).await, "ROLLED_BACK");
    assert_eq!(late, StatusCode::PRECONDITION_FAILED, "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_comes_in_without_a_password_a_token_and_a_role() {
    let plant = Plant::new().await;
    add_user(&plant, "vera", "viewer");
    let daemon = Daemon::start(&plant);

    let stranger = daemon.get("/api/v1/overview").await;
    let wrong = daemon.log_on("vera", "a long sentence of nobody").await;
    let vera = daemon.somebody("vera").await;
    vera.facts().await;
    let (role, _) = vera.post("/plans", json!({})).await;
    let url = format!("{}/api/v1/collect", daemon.url);
    let tokenless = daemon.client.post(&url).header("cookie", &vera.cookie).send().await.unwrap();
    let foreign = daemon
        .client
        .post(&url)
        .header("cookie", &vera.cookie)
        .header("x-csrf-token", &vera.csrf)
        .header("origin", "https://elsewhere.example")
        .send()
        .await
        .unwrap();
    let (gone, _) = vera.ask(Method::DELETE, "/session", None).await;
    let (after, _) = vera.ask(Method::GET, "/overview", None).await;

    assert_eq!(stranger.status(), StatusCode::UNAUTHORIZED);
    let policy = stranger.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"));
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(role, StatusCode::FORBIDDEN);
    assert_eq!(tokenless.status(), StatusCode::FORBIDDEN);
    assert_eq!(foreign.status(), StatusCode::FORBIDDEN);
    assert_eq!((gone, after), (StatusCode::NO_CONTENT, StatusCode::UNAUTHORIZED));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_guesses_passwords_has_to_wait() {
    let plant = Plant::new().await;
    add_user(&plant, "vera", "viewer");
    let daemon = Daemon::start(&plant);

    let mut answers = Vec::new();
    for guess in 0..6 {
        answers.push(daemon.log_on("vera", &format!("guess number {guess}")).await);
    }

    let last = answers.pop().unwrap();
    assert!(answers.iter().all(|answer| answer.status() == StatusCode::UNAUTHORIZED));
    assert_eq!(last.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(last.headers().contains_key("retry-after"));
}

#[tokio::test(flavor = "multi_thread")]
async fn absurd_wishes_are_refused_with_the_number_that_makes_no_sense() {
    let plant = Plant::new().await;
    add_user(&plant, "anna", "planner");
    let daemon = Daemon::start(&plant);
    let anna = daemon.somebody("anna").await;
    anna.facts().await;

    for wish in [
        json!({ "weights": [0.5, 0.5, 0.5] }),
        json!({ "weights": [-1.0, 1.0, 1.0] }),
        json!({ "seconds": 1e9 }),
        json!({ "weight": [1.0, 0.0, 0.0] }),
    ] {
        let (status, problem) = anna.post("/plans", wish.clone()).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{wish}: {problem}");
    }
    let (unknown, _) =
        anna.post("/postings/simulate", json!({ "subject": { "plan": "abc" } })).await;

    assert_eq!(unknown, StatusCode::NOT_FOUND);
    assert_eq!(anna.get("/jobs").await.as_array().unwrap().len(), 1, "only the first read");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_plan_is_stopped_and_its_best_is_kept() {
    let plant = Plant::new().await;
    add_user(&plant, "anna", "planner");
    let daemon = Daemon::start(&plant);
    let anna = daemon.somebody("anna").await;
    anna.facts().await;

    let (_, job) = anna.post("/plans", json!({ "seconds": 600.0 })).await;
    let (second, _) = anna.post("/plans", json!({})).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (status, _) = anna.post(&format!("/jobs/{}/stop", job["id"]), Value::Null).await;
    let plan = anna.done(&job).await;

    assert_eq!(second, StatusCode::CONFLICT);
    assert_eq!(status, StatusCode::OK);
    assert!(!anna.get(&format!("/plans/{plan}")).await["bars"].as_array().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_comes_by_pages_and_as_files_and_has_a_tag() {
    let plant = Plant::new().await;
    add_user(&plant, "vera", "viewer");
    let daemon = Daemon::start(&plant);
    let vera = daemon.somebody("vera").await;
    vera.facts().await;

    let (_, unknown) = vera.ask(Method::GET, "/tables/nothing", None).await;
    let names = unknown["detail"].as_str().unwrap().split("there are ").nth(1).unwrap().to_owned();
    for name in names.split(", ") {
        // These are of something: a plan, or a version of the factors.
        if name.starts_with("plan-") || ["factor-differences", "factor-effects"].contains(&name) {
            continue;
        }
        let all = vera.get(&format!("/tables/{name}?limit=10000")).await;
        let total = usize::try_from(all["total"].as_u64().unwrap()).unwrap();
        assert_eq!(all["rows"].as_array().unwrap().len(), total, "{name}");
        for form in ["csv", "xlsx"] {
            let url = format!("{}/api/v1/tables/{name}/{form}", daemon.url);
            let file = daemon.client.get(url).header("cookie", &vera.cookie).send().await.unwrap();
            assert_eq!(file.status(), StatusCode::OK, "{name}.{form}");
            let bytes = file.bytes().await.unwrap();
            match form {
                "csv" => {
                    let rows = csv::Reader::from_reader(&bytes[..]).into_records().count();
                    assert_eq!(rows, total, "{name}");
                }
                _ => assert!(bytes.starts_with(b"PK"), "{name}"),
            }
        }
    }
    let (status, refused) = vera.ask(Method::GET, "/tables/plan-reasons", None).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused["detail"].as_str().unwrap().contains("of=<plan>"), "{refused}");
    let first = vera.get("/tables/energy-hours?limit=5").await;
    let second = vera.get(&format!("/tables/energy-hours?limit=5&after={}", first["next"])).await;
    assert_ne!(first["rows"], second["rows"]);

    let url = format!("{}/api/v1/tables/findings", daemon.url);
    let tagged = daemon.client.get(&url).header("cookie", &vera.cookie).send().await.unwrap();
    let tag = tagged.headers()["etag"].clone();
    let again = daemon.client.get(&url).header("cookie", &vera.cookie);
    let again = again.header("if-none-match", tag).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_of_a_month_is_handed_out_and_one_that_cannot_be_is_refused_in_words() {
    let plant = Plant::new().await;
    add_user(&plant, "vera", "viewer");
    let daemon = Daemon::start(&plant);
    let vera = daemon.somebody("vera").await;
    let month = vera.facts().await["period"].as_str().unwrap().to_owned();

    for (form, begin) in [("pdf", &b"%PDF"[..]), ("xlsx", b"PK")] {
        let url = format!("{}/api/v1/reports/{month}/{form}", daemon.url);
        let file = daemon.client.get(url).header("cookie", &vera.cookie).send().await.unwrap();
        assert_eq!(file.status(), StatusCode::OK, "{form}");
        let named = file.headers()["content-disposition"].to_str().unwrap().to_owned();
        assert!(named.contains(&format!("carbide-{month}.{form}")), "{named}");
        assert!(file.bytes().await.unwrap().starts_with(begin));
    }
    for (path, wanted) in [
        (format!("/reports/{month}/doc"), StatusCode::NOT_FOUND),
        ("/reports/2018-13/pdf".to_owned(), StatusCode::UNPROCESSABLE_ENTITY),
        ("/reports/2031-01/pdf".to_owned(), StatusCode::CONFLICT),
    ] {
        let (status, problem) = vera.ask(Method::GET, &path, None).await;
        assert_eq!(status, wanted, "{path}: {problem}");
    }
    let nobody = daemon.get(&format!("/api/v1/reports/{month}/pdf")).await;
    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_lost_the_stream_catches_up_by_its_last_event() {
    let plant = Plant::new().await;
    add_user(&plant, "anna", "planner");
    let daemon = Daemon::start(&plant);
    let anna = daemon.somebody("anna").await;
    anna.facts().await;
    anna.plan().await;
    let listen = async |last: &str| {
        let url = format!("{}/api/v1/events", daemon.url);
        let request = daemon.client.get(url).header("cookie", &anna.cookie);
        let mut answer = request.header("last-event-id", last).send().await.unwrap();
        String::from_utf8(answer.chunk().await.unwrap().unwrap().to_vec()).unwrap()
    };

    let missed = listen("1").await;
    let unknown = listen("999999").await;

    assert!(missed.contains("id: 2\n") || missed.contains("id:2\n"), "{missed}");
    assert!(unknown.contains("anew"), "{unknown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_are_told_how_it_is_and_what_it_offers() {
    let plant = Plant::new().await;
    add_user(&plant, "vera", "viewer");
    let daemon = Daemon::start(&plant);
    daemon.somebody("vera").await.facts().await;

    let ready = daemon.get("/readyz").await;
    let healthy = daemon.get("/healthz").await;
    let metrics = daemon.get("/metrics").await.text().await.unwrap();
    let document = document(daemon.get("/api/v1/openapi.json").await).await;

    assert_eq!((healthy.status(), ready.status()), (StatusCode::OK, StatusCode::OK));
    for meter in [
        "carbide_journal_usable 1",
        "carbide_budget_left_grams{name=\"2018-Q3\"}",
        "carbide_http_requests_total{",
        "carbide_facts_age_seconds",
        "# EOF",
    ] {
        assert!(metrics.contains(meter), "{meter} in\n{metrics}");
    }
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(document["paths"]["/api/v1/change-sets/{id}/undo"]["post"].is_object());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_settings_are_not_taken_and_the_old_ones_go_on() {
    let plant = Plant::new().await;
    add_user(&plant, "adam", "admin");
    let daemon = Daemon::start(&plant);
    let adam = daemon.somebody("adam").await;
    adam.facts().await;

    plant.configure("four_eyes = false", "four_eyes = perhaps");
    let (refused, problem) = adam.post("/reload", Value::Null).await;
    plant.configure("four_eyes = perhaps", "four_eyes = true");
    let before = adam.get("/session").await["four_eyes"].clone();
    let (taken, _) = adam.post("/reload", Value::Null).await;
    let after = adam.get("/session").await["four_eyes"].clone();

    assert_eq!(refused, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(problem["detail"].as_str().unwrap().contains("carbide.toml:"), "{problem}");
    assert_eq!(taken, StatusCode::NO_CONTENT);
    assert_eq!((before, after), (json!(false), json!(true)));
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_proxy_the_header_counts_and_a_password_does_not() {
    let plant = Plant::new().await;
    let proxy = "[serve.proxy]\nuser_header = \"x-forwarded-user\"\n\
                 roles_header = \"x-forwarded-groups\"\nfrom = [\"127.0.0.1\"]\n";
    plant.append(proxy);
    let daemon = Daemon::start(&plant);
    let url = format!("{}/api/v1/session", daemon.url);
    let request = || daemon.client.get(&url).header("x-forwarded-user", "anna");

    let nobody = daemon.get("/api/v1/session").await;
    let anna = request().header("x-forwarded-groups", "Domain Users, carbide-planner").send().await;
    let anna = anna.unwrap();
    let cookie =
        anna.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let who = document(anna).await;
    let two = request().header("x-forwarded-user", "ben").header("cookie", &cookie).send().await;
    let alone = daemon.client.get(&url).header("cookie", &cookie).send().await.unwrap();

    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
    assert_eq!((&who["user"], &who["roles"]), (&json!("anna"), &json!(["planner"])));
    assert_eq!(two.unwrap().status(), StatusCode::FORBIDDEN, "one of the two is not the proxy's");
    assert_eq!(alone.status(), StatusCode::UNAUTHORIZED, "a cookie without the proxy is nobody");
}
