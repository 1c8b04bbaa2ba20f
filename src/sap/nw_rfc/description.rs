//! What parameters a function module has, and the cache of it.
//!
//! The library asks SAP's dictionary once for each function module and keeps the answer for each
//! system; this is the same in a form that values can be checked against. After a transport changed an
//! interface both are dropped: a parameter or field that is not known makes it look once more.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::rfc::failure::Cause;
use super::connection::Connection;
use super::failure::{OK, Trouble};
use super::interface::{ErrorInfo, FieldDesc, Handle, ParameterDesc, Uc};
use super::kind::Kind;
use super::text::{text, zero_ended};

/// Structures in structures, tables in tables: no interface of SAP comes near.
const DEPTH_MAX: usize = 16;
/// Most parameters or fields that are believed.
const FIELDS_MAX: u32 = 10_000;

const EXPORT: i32 = 2;

/// A function module.
#[derive(Debug)]
pub struct FunctionDescription {
    pub handle: DescriptionHandle,
    pub parameters: Vec<Parameter>,
}

/// A description of the library. It lives as long as the library's own cache, which is longer than
/// ours, and is never written to.
#[derive(Clone, Copy, Debug)]
pub struct DescriptionHandle(pub Handle);

// SAFETY: the library hands out descriptions from a cache that it shares between threads itself.
unsafe impl Send for DescriptionHandle {}
// SAFETY: as above; it is only ever read.
unsafe impl Sync for DescriptionHandle {}

/// A parameter.
#[derive(Debug)]
pub struct Parameter {
    pub field: Field,
    /// Whether the caller may fill it.
    pub taken: bool,
    /// Whether it comes back.
    pub returned: bool,
}

/// A parameter or a field.
#[derive(Debug)]
pub struct Field {
    pub name: String,
    /// The name with a zero behind it.
    pub symbol: Vec<Uc>,
    pub kind: Kind,
    /// Characters, or bytes of a raw field.
    pub length: usize,
    /// Digits behind the dot of a packed number.
    pub decimals: u32,
    /// Fields of a structure or of a table's rows.
    pub fields: Arc<Vec<Field>>,
}

impl FunctionDescription {
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.field.name == name)
    }
}

/// Descriptions of one system.
#[derive(Debug, Default)]
pub struct Descriptions {
    known: Mutex<BTreeMap<String, Arc<FunctionDescription>>>,
}

impl Descriptions {
    /// The description of a function module, asked for at most once.
    pub fn of(
        &self,
        connection: &Connection,
        function: &str,
    ) -> Result<Arc<FunctionDescription>, Trouble> {
        if let Some(known) = self.known().get(function) {
            return Ok(Arc::clone(known));
        }
        let described = Arc::new(describe(connection, function)?);
        self.known().insert(function.to_owned(), Arc::clone(&described));
        Ok(described)
    }

    /// Drops a description here and in the library: the next call asks SAP anew.
    pub fn forget(&self, connection: &Connection, function: &str) {
        self.known().remove(function);
        let functions = &connection.sdk().functions;
        let mut info = ErrorInfo::default();
        let (repository, name) = (zero_ended(connection.repository()), zero_ended(function));
        // SAFETY: both texts end in a zero. That it was not cached is no matter.
        unsafe {
            (functions.RfcRemoveFunctionDesc)(repository.as_ptr(), name.as_ptr(), &mut info);
        }
    }

    /// How many are known.
    pub fn count(&self) -> usize {
        self.known().len()
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Arc<FunctionDescription>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Fields of a type by its handle: many parameters share one structure.
type Seen = HashMap<usize, Arc<Vec<Field>>>;

fn describe(connection: &Connection, function: &str) -> Result<FunctionDescription, Trouble> {
    let functions = &connection.sdk().functions;
    let (name, mut info) = (zero_ended(function), ErrorInfo::default());
    // SAFETY: the connection is open and ours alone; the name ends in a zero.
    let handle =
        unsafe { (functions.RfcGetFunctionDesc)(connection.handle(), name.as_ptr(), &mut info) };
    if handle.is_null() {
        return Err(Trouble::of(&info));
    }
    let mut count = 0;
    // SAFETY: the handle came from the library just now.
    let rc = unsafe { (functions.RfcGetParameterCount)(handle, &mut count, &mut info) };
    succeeded(rc, &info)?;
    let (mut parameters, mut seen) = (Vec::new(), Seen::new());
    for index in 0..plausible(count, function)? {
        let mut told = ParameterDesc::default();
        // SAFETY: as above; the index is below the count.
        let rc =
            unsafe { (functions.RfcGetParameterDescByIndex)(handle, index, &mut told, &mut info) };
        succeeded(rc, &info)?;
        let field = field(
            connection,
            Told {
                name: &told.name,
                kind: told.kind,
                length: told.nuc_length,
                decimals: told.decimals,
                fields: told.type_desc,
            },
            &mut seen,
            0,
        )?;
        let (taken, returned) = (told.direction != EXPORT, told.direction & EXPORT != 0);
        parameters.push(Parameter { field, taken, returned });
    }
    Ok(FunctionDescription { handle: DescriptionHandle(handle), parameters })
}

/// What the library tells of a parameter or field.
struct Told<'a> {
    name: &'a [Uc],
    kind: i32,
    length: u32,
    decimals: u32,
    fields: Handle,
}

fn field(
    connection: &Connection,
    told: Told<'_>,
    seen: &mut Seen,
    depth: usize,
) -> Result<Field, Trouble> {
    let name = text(told.name);
    let kind = Kind::of(told.kind).ok_or_else(|| {
        let text = format!("{name} has type {}, which is not supported", told.kind);
        Trouble::ours(Cause::Data, text)
    })?;
    let fields = match kind {
        Kind::Structure | Kind::Table => fields(connection, told.fields, &name, seen, depth + 1)?,
        _ => Arc::default(),
    };
    let symbol = zero_ended(&name);
    let (length, decimals) = (told.length as usize, told.decimals);
    Ok(Field { name, symbol, kind, length, decimals, fields })
}

fn fields(
    connection: &Connection,
    handle: Handle,
    of: &str,
    seen: &mut Seen,
    depth: usize,
) -> Result<Arc<Vec<Field>>, Trouble> {
    if let Some(known) = seen.get(&(handle as usize)) {
        return Ok(Arc::clone(known));
    }
    if handle.is_null() || depth > DEPTH_MAX {
        return Err(Trouble::ours(Cause::Data, format!("{of} has no description of its fields")));
    }
    let functions = &connection.sdk().functions;
    let (mut count, mut info) = (0, ErrorInfo::default());
    // SAFETY: a handle of the library that is not null.
    let rc = unsafe { (functions.RfcGetFieldCount)(handle, &mut count, &mut info) };
    succeeded(rc, &info)?;
    let mut fields = Vec::new();
    for index in 0..plausible(count, of)? {
        let mut told = FieldDesc::default();
        // SAFETY: as above; the index is below the count.
        let rc = unsafe { (functions.RfcGetFieldDescByIndex)(handle, index, &mut told, &mut info) };
        succeeded(rc, &info)?;
        fields.push(field(
            connection,
            Told {
                name: &told.name,
                kind: told.kind,
                length: told.nuc_length,
                decimals: told.decimals,
                fields: told.type_desc,
            },
            seen,
            depth,
        )?);
    }
    let fields = Arc::new(fields);
    seen.insert(handle as usize, Arc::clone(&fields));
    Ok(fields)
}

fn plausible(count: u32, of: &str) -> Result<u32, Trouble> {
    if count > FIELDS_MAX {
        return Err(Trouble::ours(Cause::Data, format!("{of} is said to have {count} fields")));
    }
    Ok(count)
}

pub fn succeeded(rc: i32, info: &ErrorInfo) -> Result<(), Trouble> {
    if rc == OK { Ok(()) } else { Err(Trouble::of(info)) }
}
