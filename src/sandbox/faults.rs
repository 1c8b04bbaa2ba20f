//! Misbehaviour on demand: tests say what goes wrong, and when.

use serde::Deserialize;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The work is done and the connection is closed without an answer.
    DropResponse,
    /// 503 before anything is done.
    Overloaded,
    /// A logon page with status 200, before anything is done.
    HtmlPage,
    /// Half of the answer.
    TruncateAnswer,
    /// The next page is the same page again.
    RepeatPage,
    /// The CSRF token is forgotten.
    ForgetToken,
    /// The next link leads to another host.
    ForeignLink,
    /// The answer comes late.
    Delay,
    /// The last answer of a batch is left out.
    ShortBatch,
}

/// One order of misbehaviour.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What.
    pub kind: Kind,
    /// Only requests whose method and path contain this.
    #[serde(default, rename = "match")]
    pub matching: String,
    /// Let so many pass first.
    #[serde(default)]
    pub after: usize,
    /// How often.
    #[serde(default = "once")]
    pub count: usize,
    /// For [`Kind::Delay`].
    #[serde(default)]
    pub milliseconds: u64,
}

fn once() -> usize {
    1
}

/// The faults that are still to come.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    pub fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// The fault that befalls this request, if any.
    pub fn next(&mut self, request: &str) -> Option<Fault> {
        for fault in &mut self.0 {
            if fault.count == 0 || !request.contains(&fault.matching) {
                continue;
            }
            if fault.after > 0 {
                fault.after -= 1;
                continue;
            }
            fault.count -= 1;
            return Some(fault.clone());
        }
        None
    }
}
