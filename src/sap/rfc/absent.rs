//! The transport of an installation whose library cannot be loaded: every call says why. With it
//! everything else can still be looked at.

use super::super::error::SapError;
use super::{Call, Conversation, Library, Promise, Reply, RfcTransport};

pub(super) struct Absent {
    pub system: String,
    pub name: &'static str,
    pub reason: String,
}

impl Absent {
    fn refusal(&self) -> SapError {
        SapError::Setup { system: self.system.clone(), reason: self.reason.clone() }
    }
}

impl RfcTransport for Absent {
    fn system(&self) -> &str {
        &self.system
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn library(&self) -> Library {
        Library::Missing(self.reason.clone())
    }

    fn call<'a>(&'a self, _: &'a Call) -> Promise<'a, Reply> {
        Box::pin(async { Err(self.refusal()) })
    }

    fn converse(&self) -> Result<Box<dyn Conversation>, SapError> {
        Err(self.refusal())
    }
}
