//! One RFC connection: one ABAP session on SAP's side, used by one thread at a time.

use std::ffi::c_int;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::rfc::failure::Cause;
use super::description::succeeded;
use super::failure::Trouble;
use super::interface::{Attributes, ConnectionParameter, ErrorInfo, Handle, Uc};
use super::library::Sdk;
use super::text::{text, zero_ended};

/// What SAP says about itself when a connection opens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partner {
    /// System id.
    pub system: String,
    /// Client.
    pub client: String,
    /// User that was let in.
    pub user: String,
    /// Release of the ABAP basis, such as `754`.
    pub release: String,
    /// Release of the kernel.
    pub kernel: String,
    /// Host of the application server.
    pub host: String,
}

/// An open connection. Dropping it closes it.
pub struct Connection {
    line: Arc<Line>,
    partner: Partner,
}

/// The handle, shared with whoever may have to cancel a call.
struct Line {
    sdk: Arc<Sdk>,
    handle: Handle,
    /// Held while the connection is closed or cancelled, so that one never follows the other into
    /// memory that is gone.
    closed: Mutex<bool>,
}

// SAFETY: a handle may be used by any thread, by one at a time. `Connection` is not `Clone` and its
// calls take `&mut self` of the one who leased it; the other owner of the line is a `Canceller`, whose
// only call, RfcCancel, is the one that the library allows from another thread.
unsafe impl Send for Line {}
// SAFETY: as above.
unsafe impl Sync for Line {}

/// Gives up the call that a connection is in.
#[derive(Clone)]
pub struct Canceller(Arc<Line>);

impl Canceller {
    /// Ends the call that is under way, and with it the connection. Does nothing to a closed one.
    pub fn cancel(&self) {
        let closed = self.0.lock();
        if *closed {
            return;
        }
        let mut info = ErrorInfo::default();
        // SAFETY: the handle is open, and stays so while the lock is held.
        unsafe { (self.0.sdk.functions.RfcCancel)(self.0.handle, &mut info) };
    }
}

impl Line {
    fn lock(&self) -> MutexGuard<'_, bool> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// Opens a connection and logs on. Blocks.
    pub fn open(sdk: &Arc<Sdk>, parameters: &[(&str, &str)]) -> Result<Self, Trouble> {
        let mut texts: Vec<(Vec<Uc>, Vec<Uc>)> =
            parameters.iter().map(|(name, value)| (zero_ended(name), zero_ended(value))).collect();
        let pointers: Vec<ConnectionParameter> = texts
            .iter()
            .map(|(name, value)| ConnectionParameter { name: name.as_ptr(), value: value.as_ptr() })
            .collect();
        let mut info = ErrorInfo::default();
        // SAFETY: the parameters point into `texts`, which outlives the call, and end in zeros.
        let handle = unsafe {
            (sdk.functions.RfcOpenConnection)(
                pointers.as_ptr(),
                u32::try_from(pointers.len()).unwrap_or(u32::MAX),
                &mut info,
            )
        };
        // The password is in here.
        texts.iter_mut().for_each(|(_, value)| value.fill(0));
        std::hint::black_box(&texts);
        if handle.is_null() {
            return Err(Trouble::of(&info));
        }
        let line = Arc::new(Line { sdk: Arc::clone(sdk), handle, closed: Mutex::new(false) });
        let mut connection = Self { line, partner: Partner::default() };
        connection.partner = connection.attributes()?;
        Ok(connection)
    }

    pub fn sdk(&self) -> &Sdk {
        &self.line.sdk
    }

    /// The handle, for one call of the library.
    pub fn handle(&self) -> Handle {
        self.line.handle
    }

    /// What SAP said about itself.
    pub fn partner(&self) -> &Partner {
        &self.partner
    }

    /// The name under which the library keeps descriptions: the system id.
    pub fn repository(&self) -> &str {
        &self.partner.system
    }

    /// Somebody who can give up a call of this connection.
    pub fn canceller(&self) -> Canceller {
        Canceller(Arc::clone(&self.line))
    }

    /// Whether SAP still answers. Blocks.
    pub fn is_alive(&self) -> bool {
        let functions = &self.sdk().functions;
        let (mut valid, mut info): (c_int, _) = (0, ErrorInfo::default());
        // SAFETY: the library knows handles that are not valid any more.
        let rc =
            unsafe { (functions.RfcIsConnectionHandleValid)(self.handle(), &mut valid, &mut info) };
        if rc != 0 || valid == 0 {
            return false;
        }
        // SAFETY: the handle is valid.
        unsafe { (functions.RfcPing)(self.handle(), &mut info) == 0 }
    }

    /// Throws away what this ABAP session holds, so that the next one begins with nothing. Blocks.
    pub fn reset(&mut self) -> Result<(), Trouble> {
        let mut info = ErrorInfo::default();
        // SAFETY: the connection is open and ours alone.
        let rc = unsafe { (self.sdk().functions.RfcResetServerContext)(self.handle(), &mut info) };
        succeeded(rc, &info)
    }

    fn attributes(&self) -> Result<Partner, Trouble> {
        let mut info = ErrorInfo::default();
        // SAFETY: the structure is made of integers, for which zeros are values.
        let mut told: Box<Attributes> = Box::new(unsafe { std::mem::zeroed() });
        // SAFETY: the structure is as large as the library's, and larger.
        let rc = unsafe {
            (self.sdk().functions.RfcGetConnectionAttributes)(self.handle(), &mut *told, &mut info)
        };
        succeeded(rc, &info)?;
        let partner = Partner {
            system: text(&told.sys_id),
            client: text(&told.client),
            user: text(&told.user),
            release: text(&told.partner_release),
            kernel: text(&told.kernel_release),
            host: text(&told.partner_host),
        };
        if partner.system.is_empty() {
            let text = "the connection names no system".to_owned();
            return Err(Trouble::ours(Cause::Library, text));
        }
        Ok(partner)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut closed = self.line.lock();
        *closed = true;
        let mut info = ErrorInfo::default();
        // SAFETY: the last call with this handle; a canceller that comes later sees `closed`. For one
        // that ended already the library answers RFC_INVALID_HANDLE.
        unsafe { (self.sdk().functions.RfcCloseConnection)(self.line.handle, &mut info) };
    }
}
