//! One call: a function container filled, sent, and read.

use super::super::rfc::{Call, Reply};
use super::connection::Connection;
use super::container::Container;
use super::description::{Descriptions, FunctionDescription, succeeded};
use super::failure::Trouble;
use super::form;
use super::interface::{ErrorInfo, Handle};
use super::library::Sdk;

/// A failure, and whether the call may have reached SAP.
#[derive(Debug)]
pub struct Failed {
    pub trouble: Trouble,
    pub sent: bool,
}

impl Failed {
    /// Nothing left this machine.
    pub fn before(trouble: Trouble) -> Self {
        Self { trouble, sent: false }
    }

    /// It may have arrived.
    pub fn after(trouble: Trouble) -> Self {
        Self { trouble, sent: true }
    }
}

/// A function container of the library. Dropping it destroys it, with everything inside.
pub struct Function<'a> {
    sdk: &'a Sdk,
    handle: Handle,
}

impl<'a> Function<'a> {
    /// A function with the parameters of a call. A parameter that the description does not know makes
    /// it look at SAP's dictionary once more: a transport may have changed it.
    pub fn of(
        descriptions: &Descriptions,
        connection: &'a Connection,
        call: &Call,
    ) -> Result<(Self, std::sync::Arc<FunctionDescription>), Trouble> {
        let name = call.function();
        let mut description = descriptions.of(connection, name)?;
        let lacks = |description: &FunctionDescription| {
            call.parameters().iter().find(|(name, _)| description.parameter(name).is_none())
        };
        if lacks(&description).is_some() {
            descriptions.forget(connection, name);
            description = descriptions.of(connection, name)?;
        }
        if let Some((name, _)) = lacks(&description) {
            return Err(form::unknown(name));
        }
        let (sdk, mut info) = (connection.sdk(), ErrorInfo::default());
        // SAFETY: the description came from the library.
        let handle = unsafe { (sdk.functions.RfcCreateFunction)(description.handle.0, &mut info) };
        if handle.is_null() {
            return Err(Trouble::of(&info));
        }
        let function = Self { sdk, handle };
        for (name, value) in call.parameters() {
            let Some(parameter) = description.parameter(name) else { continue };
            if !parameter.taken {
                return Err(form::wrong(&parameter.field, "only comes back"));
            }
            function.container().set(&parameter.field, value)?;
        }
        Ok((function, description))
    }

    pub fn handle(&self) -> Handle {
        self.handle
    }

    fn container(&self) -> Container<'_> {
        Container { functions: &self.sdk.functions, handle: self.handle }
    }

    /// Everything that comes back.
    fn reply(&self, description: &FunctionDescription) -> Result<Reply, Trouble> {
        let returned = description.parameters.iter().filter(|parameter| parameter.returned);
        let read = returned.map(|parameter| {
            let value = self.container().get(&parameter.field)?;
            Ok((parameter.field.name.clone(), value))
        });
        Ok(Reply::of(read.collect::<Result<Vec<_>, Trouble>>()?))
    }
}

impl Drop for Function<'_> {
    fn drop(&mut self) {
        let mut info = ErrorInfo::default();
        // SAFETY: the handle is ours and is not used any more.
        unsafe { (self.sdk.functions.RfcDestroyFunction)(self.handle, &mut info) };
    }
}

/// Calls a function module on a connection. Blocks until SAP answers or somebody cancels.
pub fn invoke(
    descriptions: &Descriptions,
    connection: &mut Connection,
    call: &Call,
) -> Result<Reply, Failed> {
    let connection = &*connection;
    let (function, description) =
        Function::of(descriptions, connection, call).map_err(Failed::before)?;
    let mut info = ErrorInfo::default();
    // SAFETY: both handles are open and ours alone.
    let rc = unsafe {
        (connection.sdk().functions.RfcInvoke)(connection.handle(), function.handle(), &mut info)
    };
    succeeded(rc, &info).map_err(Failed::after)?;
    function.reply(&description).map_err(Failed::after)
}
