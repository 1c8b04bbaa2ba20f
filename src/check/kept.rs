//! A finding as it is kept and given to programs: its texts as texts, what they are made of beside them.

use serde::{Deserialize, Serialize};

use super::Severity;
use crate::period::Interval;
use crate::said::Said;

#[derive(Serialize, Deserialize)]
pub(super) struct Finding {
    rule: String,
    severity: Severity,
    subject: String,
    interval: Option<Interval>,
    count: usize,
    text: String,
    proposal: String,
    #[serde(default, skip_serializing_if = "Facts::is_empty")]
    said: Facts,
}

/// What the texts are made of; nothing in findings of older versions.
#[derive(Default, Serialize, Deserialize)]
struct Facts {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<Said>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proposal: Option<Said>,
}

impl Facts {
    fn is_empty(&self) -> bool {
        self.text.is_none() && self.proposal.is_none()
    }
}

impl From<super::Finding> for Finding {
    fn from(finding: super::Finding) -> Self {
        let super::Finding { rule, severity, subject, interval, count, text, proposal } = finding;
        let said = Facts { text: text.keyed(), proposal: proposal.keyed() };
        let (text, proposal) = (text.into(), proposal.into());
        Self { rule, severity, subject, interval, count, text, proposal, said }
    }
}

impl From<Finding> for super::Finding {
    fn from(kept: Finding) -> Self {
        let Finding { rule, severity, subject, interval, count, text, proposal, said } = kept;
        let text = said.text.unwrap_or_else(|| text.into());
        let proposal = said.proposal.unwrap_or_else(|| proposal.into());
        Self { rule, severity, subject, interval, count, text, proposal }
    }
}
