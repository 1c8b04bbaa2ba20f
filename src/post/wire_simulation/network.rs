//! The network between client and sandbox: it loses, repeats, delays and garbles, by seed or by script.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use jiff::SignedDuration;

use crate::sap::carrier::{Carrier, Later, Lost};

use super::world::{Death, SETTLE, World};

/// How long the client waits for an answer.
pub const TIME_OUT: SignedDuration = SignedDuration::from_secs(30);

/// How long SAP keeps a session that nobody calls.
const SESSION_MAX: SignedDuration = SignedDuration::from_mins(5);

/// What becomes of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// Answered.
    Fine,
    /// Lost before SAP.
    LostRequest,
    /// Done, and the answer is lost.
    LostAnswer,
    /// Done, and the connection breaks at once.
    Reset,
    /// Given up, and done later, within the settle time.
    Late,
    /// Delivered twice by somebody in between.
    Twice,
    /// Answered late, before the client gives up.
    Slow,
    /// A proxy's page with status 200, before SAP.
    Page,
    /// The same, after SAP did it.
    PageAfter,
    /// Half of the answer.
    Torn,
    /// 503 before dispatch.
    Overloaded,
    /// 429 before dispatch.
    TooMany,
    /// 500 before SAP did anything.
    FailedBefore,
    /// 500 after SAP did it.
    FailedAfter,
    /// A lock.
    Locked,
    /// SAP forgot sessions and tokens.
    Forgotten,
    /// A right is missing.
    Forbidden,
    /// Logon refused.
    NotLetIn,
    /// SAP wants a version, and says that there was none.
    NoVersion,
    /// SAP says that it has done this request before.
    Outdated,
    /// SAP restarts in the middle of it.
    Restarted,
    /// No connection.
    Unreachable,
    /// SAP says that it did it, and did not.
    FalseSuccess,
    /// SAP says that it committed; its update ends, and what the session registered is gone.
    UpdateEnds,
    /// SAP refuses the contents.
    Refused,
}

/// Each fate with how often it comes, in percent.
#[derive(Clone, Debug, Default)]
pub struct Chances {
    /// For every request.
    pub any: Vec<(Fate, u32)>,
}

/// What happens to one request.
#[derive(Clone, Copy)]
pub enum Does {
    /// It meets its fate.
    Meet(Fate),
    /// The process dies in it.
    Die(Death),
    /// Somebody does something just before SAP gets it.
    Act(fn(&Arc<World>)),
}

/// What happens to one request: the `nth` (from 0) of those whose name contains `request`.
#[derive(Clone)]
pub struct Scripted {
    pub request: &'static str,
    pub nth: u32,
    /// How many of them in a row.
    pub times: u32,
    pub does: Does,
}

/// The line of one process.
pub struct Line {
    pub world: Arc<World>,
    pub process: usize,
}

/// A request in the form in which it can be delivered more than once.
#[derive(Clone)]
struct Call {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Vec<u8>,
}

type Answered = (StatusCode, HeaderMap, Vec<u8>);

impl Call {
    fn of(request: &reqwest::Request) -> Self {
        let url = request.url();
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default().to_vec();
        let mut headers = request.headers().clone();
        let host = url.authority().to_owned();
        headers.insert("host", host.parse().unwrap());
        let uri = format!("{}{query}", url.path()).parse().unwrap();
        Self { method: request.method().clone(), uri, headers, body }
    }

    /// The session of function modules that it belongs to.
    fn session(&self) -> Option<String> {
        let cookies = self.headers.get("cookie")?.to_str().ok()?;
        let mut cookies = cookies.split(';').filter_map(|cookie| cookie.trim().split_once('='));
        cookies.find(|(name, _)| *name == "sap-contextid").map(|(_, session)| session.to_owned())
    }

    /// Whether it asks for a session.
    fn wants_session(&self) -> bool {
        String::from_utf8_lossy(&self.body).contains("<enableSession>true<")
    }

    /// `POST A_PlannedOrder`, `SOAP BAPI_TRANSACTION_COMMIT`.
    fn name(&self) -> String {
        if self.uri.path().ends_with("/soap/rfc") {
            let text = String::from_utf8_lossy(&self.body);
            let function = text.split("<urn:").nth(1).unwrap_or_default();
            let end = function.find([' ', '>', '/']).unwrap_or(function.len());
            if text.contains(">JOURNAL_MARK<") {
                return "SOAP JOURNAL_MARK".to_owned();
            }
            return format!("SOAP {}", &function[..end]);
        }
        let last = self.uri.path().rsplit('/').next().unwrap_or_default();
        let last = if last.is_empty() { "$root" } else { last };
        format!("{} {last}", self.method)
    }
}

impl Carrier for Line {
    fn carry(&self, request: reqwest::Request) -> Later<'_, Result<reqwest::Response, Lost>> {
        let call = Call::of(&request);
        let (world, process) = (Arc::clone(&self.world), self.process);
        Box::pin(async move {
            let name = call.name();
            match exchange(&world, process, call, &name).await {
                Ok((status, headers, body)) => {
                    world.note(format!("p{process} {name}: {}", status.as_u16()));
                    let mut response = Response::builder().status(status);
                    *response.headers_mut().unwrap() = headers;
                    Ok(response.body(body).unwrap().into())
                }
                Err(lost) => {
                    world.note(format!("p{process} {name}: {lost:?}"));
                    Err(lost)
                }
            }
        })
    }

    fn pause(&self, duration: Duration) -> Later<'_, ()> {
        let duration = SignedDuration::try_from(duration).unwrap();
        Box::pin(self.world.schedule.sleep(duration))
    }
}

fn answer(status: u16, kind: &str, body: &str) -> Answered {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", kind.parse().unwrap());
    (StatusCode::from_u16(status).unwrap(), headers, body.as_bytes().to_vec())
}

/// An error in SAP's own form.
fn sap_error(status: u16, code: &str, text: &str) -> Answered {
    let body = serde_json::json!({
        "error": { "code": code, "message": { "lang": "en", "value": text } }
    });
    answer(status, "application/json", &body.to_string())
}

fn no_answer(reason: &str) -> Lost {
    Lost::NoAnswer(reason.to_owned())
}

async fn exchange(
    world: &Arc<World>,
    process: usize,
    call: Call,
    name: &str,
) -> Result<Answered, Lost> {
    let latency = SignedDuration::from_millis(world.schedule.between(1, 200));
    world.schedule.sleep(latency).await;
    let scripted = scripted(world, name);
    let told = match scripted {
        Some(Does::Die(death)) => Some(death),
        _ => dies_here(world, process),
    };
    if let Some(death) = told {
        world.note(format!("p{process} {name}: the process dies, {death:?}"));
        match death {
            Death::Before => {}
            Death::InFlight => deliver_later(world, &call, 0, SETTLE.as_secs() - 1),
            Death::After => drop(deliver(world, &call).await),
        }
        kill(world, process);
        std::future::pending::<()>().await;
    }
    if let Some(Does::Act(act)) = scripted {
        act(world);
    }
    let down_until = *world.down_until.lock().unwrap();
    if world.schedule.passed() < down_until {
        return Err(Lost::NotReachable("connection refused".to_owned()));
    }
    let fate = match scripted {
        Some(Does::Meet(fate)) => fate,
        Some(_) => Fate::Fine,
        None => rolled(world, &call),
    };
    if fate != Fate::Fine {
        world.note(format!("p{process} {name}: {fate:?}"));
    }
    meet(world, &call, fate).await
}

fn dies_here(world: &World, process: usize) -> Option<Death> {
    let mut processes = world.processes.lock().unwrap();
    let known = &mut processes[process - 1];
    known.requests += 1;
    known.dies.filter(|(at, _)| *at == known.requests).map(|(_, how)| how)
}

/// Nothing of the process goes on from here; it finds out when it is polled.
pub fn kill(world: &World, process: usize) {
    world.disk.kill(process);
    let killed = &mut world.processes.lock().unwrap()[process - 1];
    killed.killed = true;
    if let Some(waker) = killed.waker.take() {
        waker.wake();
    }
}

fn scripted(world: &World, name: &str) -> Option<Does> {
    let mut script = world.script.lock().unwrap();
    for scripted in script.iter_mut().filter(|scripted| name.contains(scripted.request)) {
        if scripted.nth > 0 {
            scripted.nth -= 1;
        } else if scripted.times > 0 {
            scripted.times -= 1;
            world.met.fetch_add(1, Ordering::SeqCst);
            return Some(scripted.does);
        }
    }
    None
}

fn rolled(world: &World, call: &Call) -> Fate {
    let any = world.chances.lock().unwrap().any.clone();
    for (fate, percent) in any {
        // Rule ten: nobody on the way sends a creation again. What SAP itself knows again may come twice.
        let soap = call.uri.path().ends_with("/soap/rfc");
        let creates = call.method == Method::POST && !soap || call.name().ends_with("_CREATE");
        let fits = match fate {
            Fate::Twice => !creates,
            Fate::FalseSuccess => call.name().ends_with("COMMIT"),
            _ => true,
        };
        if world.schedule.happens(percent) && fits {
            return fate;
        }
    }
    Fate::Fine
}

async fn deliver(world: &Arc<World>, call: &Call) -> Answered {
    let commits = world.sandbox.commit_count();
    let locking = world.sandbox.locking_sessions();
    let (status, headers, body) = world
        .sandbox
        .answer(call.method.clone(), call.uri.clone(), call.headers.clone(), call.body.clone())
        .await;
    for commit in world.sandbox.commits(commits) {
        let created = commit.what.strip_prefix("planned order ");
        if let Some(number) = created.and_then(|what| what.strip_suffix(" created")) {
            world.others.lock().unwrap().unknown.insert(number.to_owned());
        }
        // Its key has the tag of the journal in it, which no seed decides.
        if commit.what.ends_with(" cancelled") {
            world.note_with("SAP: a key is cancelled", commit.what);
            continue;
        }
        world.note_with(format!("SAP: {}", commit.what), commit.wire);
    }
    // Nobody may come back for a session that holds a lock: SAP ends it after a while.
    let now = world.sandbox.locking_sessions();
    for session in now.into_iter().filter(|session| !locking.contains(session)) {
        let ending = Arc::clone(world);
        world.schedule.spawn(async move {
            ending.schedule.sleep(SESSION_MAX).await;
            ending.sandbox.session_ends(&session);
        });
    }
    (status, headers, body.to_vec())
}

/// Delivers a request after so many seconds at least, and so many at most.
fn deliver_later(world: &Arc<World>, call: &Call, from: i64, to: i64) {
    let wait = SignedDuration::from_secs(world.schedule.between(from, to));
    let (world, call) = (Arc::clone(world), call.clone());
    world.clone().schedule.spawn(async move {
        world.schedule.sleep(wait).await;
        world.note(format!("{} arrives late", call.name()));
        deliver(&world, &call).await;
    });
}

async fn meet(world: &Arc<World>, call: &Call, fate: Fate) -> Result<Answered, Lost> {
    let page = || answer(200, "text/html", "<html><body>Please log on</body></html>");
    let soap = call.uri.path().ends_with("/soap/rfc");
    Ok(match fate {
        Fate::Fine => deliver(world, call).await,
        Fate::LostRequest => {
            world.schedule.sleep(TIME_OUT).await;
            return Err(no_answer("time-out"));
        }
        Fate::LostAnswer => {
            deliver(world, call).await;
            world.schedule.sleep(TIME_OUT).await;
            return Err(no_answer("time-out"));
        }
        Fate::Reset => {
            deliver(world, call).await;
            return Err(no_answer("connection reset by peer"));
        }
        Fate::Late => {
            let out = TIME_OUT.as_secs();
            deliver_later(world, call, out, out + SETTLE.as_secs() - 1);
            world.schedule.sleep(TIME_OUT).await;
            return Err(no_answer("time-out"));
        }
        Fate::Twice => {
            let first = deliver(world, call).await;
            deliver(world, call).await;
            first
        }
        Fate::Slow => {
            let wait = world.schedule.between(1, TIME_OUT.as_secs() - 1);
            world.schedule.sleep(SignedDuration::from_secs(wait)).await;
            deliver(world, call).await
        }
        Fate::Page => page(),
        Fate::PageAfter => {
            deliver(world, call).await;
            page()
        }
        Fate::Torn => {
            let (status, headers, mut body) = deliver(world, call).await;
            body.truncate(body.len() / 2);
            (status, headers, body)
        }
        Fate::Overloaded => answer(503, "text/html", "<html>503 Service Unavailable</html>"),
        Fate::TooMany => answer(429, "text/html", "<html>429 Too Many Requests</html>"),
        Fate::FailedBefore => sap_error(500, "SY/530", "An exception occurred"),
        Fate::FailedAfter => {
            deliver(world, call).await;
            sap_error(500, "SY/530", "An exception occurred")
        }
        Fate::Locked if soap => bapi_answer(call, "E", "M3/897", "locked"),
        Fate::Locked => sap_error(423, "61/897", "The order is locked by user PLANNER"),
        Fate::Forgotten => {
            world.sandbox.restarts();
            deliver(world, call).await
        }
        Fate::Forbidden => sap_error(403, "/IWBEP/CM/001", "No authorization"),
        Fate::NotLetIn => answer(401, "text/html", "<html>Logon failed</html>"),
        Fate::NoVersion => sap_error(428, "/IWFND/CM_MGW_RT/050", "Precondition required"),
        Fate::Outdated => {
            deliver(world, call).await;
            sap_error(400, "/IWBEP/CM_COS/005", "RequestID is outdated")
        }
        Fate::Restarted => {
            world.sandbox.restarts();
            return Err(no_answer("connection reset by peer"));
        }
        Fate::Unreachable => return Err(Lost::NotReachable("connection refused".to_owned())),
        Fate::UpdateEnds => {
            if let Some(session) = call.session() {
                world.sandbox.session_ends(&session);
            }
            bapi_answer(call, "S", "RW/605", "Document posted")
        }
        Fate::FalseSuccess if soap => bapi_answer(call, "S", "RW/605", "Document posted"),
        Fate::Refused if soap => bapi_answer(call, "E", "RW/609", "Error in document"),
        Fate::Refused => sap_error(400, "61/013", "Enter an order quantity greater than zero"),
        Fate::FalseSuccess => answer(204, "application/json", ""),
    })
}

fn soap_answer(call: &Call, inner: &str) -> String {
    let name = call.name();
    let function = name.trim_start_matches("SOAP ");
    format!(
        "<?xml version=\"1.0\"?><SOAP-ENV:Envelope \
         xmlns:SOAP-ENV=\"http://schemas.xmlsoap.org/soap/envelope/\"><SOAP-ENV:Body>\
         <urn:{function}.Response xmlns:urn=\"urn:sap-com:document:sap:rfc:functions\">{inner}\
         </urn:{function}.Response></SOAP-ENV:Body></SOAP-ENV:Envelope>"
    )
}

/// An answer of a BAPI with one message in RETURN, which is a table, or a structure for the commit and for
/// planned orders. SAP keeps a session for whoever asks for one, whatever the BAPI says.
fn bapi_answer(call: &Call, kind: &str, code: &str, text: &str) -> Answered {
    let (class, number) = code.split_once('/').unwrap();
    let row = format!(
        "<TYPE>{kind}</TYPE><ID>{class}</ID><NUMBER>{number}</NUMBER><MESSAGE>{text}</MESSAGE>"
    );
    let name = call.name();
    let table = !name.contains("TRANSACTION") && !name.contains("PLANNEDORDER");
    let row = if table { format!("<item>{row}</item>") } else { row };
    // A number is drawn when an order is registered.
    let drawn = kind == "S" && name.ends_with("PLANNEDORDER_CREATE");
    let drawn = if drawn { "<PLANNEDORDER>0000999999</PLANNEDORDER>" } else { "" };
    let body = soap_answer(call, &format!("{drawn}<RETURN>{row}</RETURN>"));
    let (status, mut headers, body) = answer(200, "text/xml", &body);
    if call.wants_session() && call.session().is_none() {
        let context = "sap-contextid=C0; path=/sap/bc/soap".parse().unwrap();
        headers.insert("set-cookie", context);
    }
    (status, headers, body)
}
