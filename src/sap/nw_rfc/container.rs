//! Values into the library's containers, and out of them: functions, structures and rows alike.

use super::super::rfc::Value;
use super::super::rfc::failure::Cause;
use super::description::{Field, succeeded};
use super::failure::{BUFFER_TOO_SMALL, Trouble};
use super::form;
use super::interface::{ErrorInfo, Functions, Handle, Rc, Uc};
use super::kind::Kind;
use super::text::{text, units};

/// Largest text or raw value, in units: what is longer is no answer of a business function.
const VALUE_MAX: usize = 256 << 20;
/// Most rows for which room is made before they come.
const ROWS_RESERVED_MAX: u32 = 4096;

/// A function, a structure or a row of the library.
#[derive(Clone, Copy)]
pub struct Container<'a> {
    pub functions: &'a Functions,
    pub handle: Handle,
}

/// A place for values, by the name of the field.
type Place<'a> = (&'a Field, *const Uc);

impl Container<'_> {
    /// Sets a field.
    ///
    /// # Errors
    ///
    /// The value does not fit the field: nothing is cut or rounded.
    pub fn set(self, field: &Field, value: &Value) -> Result<(), Trouble> {
        let place = (field, field.symbol.as_ptr());
        match (field.kind, value) {
            (Kind::Structure, Value::Structure(_)) => {
                let inner = self.inner(self.functions.RfcGetStructure, place)?;
                inner.set_fields(field, value)
            }
            (Kind::Table, Value::Table(rows)) => {
                let table = self.inner(self.functions.RfcGetTable, place)?;
                for row in rows {
                    table.append(field, row)?;
                }
                Ok(())
            }
            // SOAP has no types, so an empty text may stand for a structure or table without content.
            (Kind::Structure | Kind::Table, Value::Text(text)) if text.is_empty() => Ok(()),
            (Kind::Structure, _) => Err(form::wrong(field, "is a structure")),
            (Kind::Table, _) => Err(form::wrong(field, "is a table")),
            (Kind::Byte | Kind::XString, value) => {
                let bytes =
                    value.bytes().ok_or_else(|| form::wrong(field, "is raw: give bytes"))?;
                self.set_bytes(place, &bytes)
            }
            (_, Value::Text(text)) => self.set_text(place, text),
            _ => Err(form::wrong(field, "is elementary")),
        }
    }

    /// Sets the fields of a structure or row.
    fn set_fields(self, of: &Field, value: &Value) -> Result<(), Trouble> {
        if let ([only], Value::Text(_) | Value::Bytes(_)) = (of.fields.as_slice(), value)
            && only.name.is_empty()
        {
            return self.set(only, value);
        }
        let Value::Structure(given) = value else {
            return Err(form::wrong(of, "has fields"));
        };
        for (name, value) in given {
            let field = of.fields.iter().find(|field| field.name == *name);
            let field = field.ok_or_else(|| form::unknown(&format!("{}-{name}", of.name)))?;
            self.set(field, value)?;
        }
        Ok(())
    }

    fn append(self, of: &Field, row: &Value) -> Result<(), Trouble> {
        let mut info = ErrorInfo::default();
        // SAFETY: the handle is that of a table.
        let handle = unsafe { (self.functions.RfcAppendNewRow)(self.handle, &mut info) };
        if handle.is_null() {
            return Err(Trouble::of(&info));
        }
        Container { handle, ..self }.set_fields(of, row)
    }

    fn set_text(self, (field, name): Place<'_>, given: &str) -> Result<(), Trouble> {
        let (f, mut info) = (self.functions, ErrorInfo::default());
        let rc = match field.kind {
            Kind::Char | Kind::Num => {
                let text = match field.kind {
                    Kind::Num => units(form::digits(field, given)?),
                    _ => form::characters(field, given)?,
                };
                let set = if field.kind == Kind::Num { f.RfcSetNum } else { f.RfcSetChars };
                // SAFETY: the name ends in a zero, the text has the length that is told.
                unsafe { set(self.handle, name, text.as_ptr(), length(&text), &mut info) }
            }
            Kind::Date => {
                let day = form::date(field, given)?;
                // SAFETY: as above; a date has 8 characters.
                unsafe { (f.RfcSetDate)(self.handle, name, day.as_ptr(), &mut info) }
            }
            Kind::Time => {
                let time = form::time(field, given)?;
                // SAFETY: as above; a time has 6 characters.
                unsafe { (f.RfcSetTime)(self.handle, name, time.as_ptr(), &mut info) }
            }
            Kind::Int | Kind::Int1 | Kind::Int2 => {
                let number = form::integer(field, given)?;
                let number = i32::try_from(number).map_err(|_| form::wrong(field, "is INT4"))?;
                // SAFETY: as above.
                unsafe { (f.RfcSetInt)(self.handle, name, number, &mut info) }
            }
            Kind::Int8 => {
                let number = form::integer(field, given)?;
                // SAFETY: as above.
                unsafe { (f.RfcSetInt8)(self.handle, name, number, &mut info) }
            }
            Kind::Float => {
                let number = form::float(field, given)?;
                // SAFETY: as above.
                unsafe { (f.RfcSetFloat)(self.handle, name, number, &mut info) }
            }
            // Packed and decimal floating point numbers go as text: no binary fraction in between.
            _ => {
                let text = units(&form::outgoing(field, given)?);
                // SAFETY: as above.
                unsafe {
                    (f.RfcSetString)(self.handle, name, text.as_ptr(), length(&text), &mut info)
                }
            }
        };
        succeeded(rc, &info).map_err(|trouble| form::named(field, trouble))
    }

    fn set_bytes(self, (field, name): Place<'_>, bytes: &[u8]) -> Result<(), Trouble> {
        if field.kind == Kind::Byte && bytes.len() > field.length {
            let what = format!("takes {} bytes, not {}", field.length, bytes.len());
            return Err(form::wrong(field, &what));
        }
        let (f, mut info) = (self.functions, ErrorInfo::default());
        let set = if field.kind == Kind::Byte { f.RfcSetBytes } else { f.RfcSetXString };
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        // SAFETY: the name ends in a zero, the bytes have the length that is told.
        let rc = unsafe { set(self.handle, name, bytes.as_ptr(), length, &mut info) };
        succeeded(rc, &info).map_err(|trouble| form::named(field, trouble))
    }

    /// Reads a field.
    pub fn get(self, field: &Field) -> Result<Value, Trouble> {
        let place = (field, field.symbol.as_ptr());
        Ok(match field.kind {
            Kind::Structure => {
                let inner = self.inner(self.functions.RfcGetStructure, place)?;
                inner.get_fields(field)?
            }
            Kind::Table => {
                let table = self.inner(self.functions.RfcGetTable, place)?;
                Value::Table(table.get_rows(field)?)
            }
            Kind::Byte => {
                let mut bytes = vec![0; field.length];
                self.read(place, |f, handle, name, info| {
                    // SAFETY: the buffer has the length that is told.
                    unsafe { (f.RfcGetBytes)(handle, name, bytes.as_mut_ptr(), room(&bytes), info) }
                })?;
                Value::Bytes(bytes)
            }
            Kind::XString => Value::Bytes(self.get_growing(place, self.functions.RfcGetXString)?),
            _ => Value::Text(self.get_text(place)?),
        })
    }

    /// The fields of a structure or row.
    fn get_fields(self, of: &Field) -> Result<Value, Trouble> {
        if let [only] = of.fields.as_slice()
            && only.name.is_empty()
        {
            return self.get(only);
        }
        let fields = of.fields.iter();
        let read = fields.map(|field| Ok((field.name.clone(), self.get(field)?)));
        Ok(Value::Structure(read.collect::<Result<_, Trouble>>()?))
    }

    fn get_rows(self, of: &Field) -> Result<Vec<Value>, Trouble> {
        let (mut count, mut info) = (0, ErrorInfo::default());
        // SAFETY: the handle is that of a table.
        let rc = unsafe { (self.functions.RfcGetRowCount)(self.handle, &mut count, &mut info) };
        succeeded(rc, &info)?;
        let mut rows = Vec::with_capacity(count.min(ROWS_RESERVED_MAX) as usize);
        for index in 0..count {
            // SAFETY: as above. From here on the table stands for its row.
            let rc = unsafe { (self.functions.RfcMoveTo)(self.handle, index, &mut info) };
            succeeded(rc, &info)?;
            rows.push(self.get_fields(of)?);
        }
        Ok(rows)
    }

    fn get_text(self, place: Place<'_>) -> Result<String, Trouble> {
        let (field, _) = place;
        match field.kind {
            Kind::Char | Kind::Num => {
                let mut units = vec![0; field.length];
                self.read(place, |f, handle, name, info| {
                    let get = if field.kind == Kind::Num { f.RfcGetNum } else { f.RfcGetChars };
                    // SAFETY: the buffer has the length that is told.
                    unsafe { get(handle, name, units.as_mut_ptr(), room(&units), info) }
                })?;
                Ok(text(&units))
            }
            Kind::Date => {
                let mut units = [0; 8];
                self.read(place, |f, handle, name, info| {
                    // SAFETY: a date has 8 characters.
                    unsafe { (f.RfcGetDate)(handle, name, units.as_mut_ptr(), info) }
                })?;
                Ok(form::shown_date(&text(&units)))
            }
            Kind::Time => {
                let mut units = [0; 6];
                self.read(place, |f, handle, name, info| {
                    // SAFETY: a time has 6 characters.
                    unsafe { (f.RfcGetTime)(handle, name, units.as_mut_ptr(), info) }
                })?;
                Ok(form::shown_time(&text(&units)))
            }
            // SAFETY, for all of these: one place for one number of that size.
            Kind::Int => {
                self.number(place, |f, h, n, to, info| unsafe { (f.RfcGetInt)(h, n, to, info) })
            }
            Kind::Int1 => self.number(place, |f, h, n, to: &mut u8, info| unsafe {
                (f.RfcGetInt1)(h, n, to, info)
            }),
            Kind::Int2 => self.number(place, |f, h, n, to: &mut i16, info| unsafe {
                (f.RfcGetInt2)(h, n, to, info)
            }),
            Kind::Int8 => self.number(place, |f, h, n, to: &mut i64, info| unsafe {
                (f.RfcGetInt8)(h, n, to, info)
            }),
            Kind::Float => self.number(place, |f, h, n, to: &mut f64, info| unsafe {
                (f.RfcGetFloat)(h, n, to, info)
            }),
            _ => {
                let units = self.get_growing(place, self.functions.RfcGetString)?;
                Ok(text(&units))
            }
        }
    }

    fn number<T: Default + std::fmt::Display>(
        self,
        place: Place<'_>,
        get: impl Fn(&Functions, Handle, *const Uc, &mut T, &mut ErrorInfo) -> Rc,
    ) -> Result<String, Trouble> {
        let mut number = T::default();
        self.read(place, |f, handle, name, info| get(f, handle, name, &mut number, info))?;
        Ok(number.to_string())
    }

    /// A value whose length only the library knows. What it says of the length is believed as far as
    /// the buffer goes.
    fn get_growing<T: Default + Clone>(
        self,
        (field, name): Place<'_>,
        get: unsafe extern "system" fn(
            Handle,
            *const Uc,
            *mut T,
            u32,
            *mut u32,
            *mut ErrorInfo,
        ) -> Rc,
    ) -> Result<Vec<T>, Trouble> {
        // A packed number has two digits a byte, a sign and a dot; a string tells its length.
        let mut wanted = match field.kind {
            Kind::String | Kind::XString => self.string_length(field, name)?,
            _ => 2 * field.length + 48,
        };
        for _ in 0..3 {
            if wanted > VALUE_MAX {
                return Err(form::wrong(field, &format!("is said to have {wanted} characters")));
            }
            let mut buffer = vec![T::default(); wanted + 1];
            let (mut used, mut info) = (0, ErrorInfo::default());
            // SAFETY: the buffer has the length that is told, one for the zero included.
            let rc = unsafe {
                get(self.handle, name, buffer.as_mut_ptr(), room(&buffer), &mut used, &mut info)
            };
            let used = used as usize;
            if rc == BUFFER_TOO_SMALL && used > wanted {
                wanted = used;
                continue;
            }
            succeeded(rc, &info).map_err(|trouble| form::named(field, trouble))?;
            if used > buffer.len() {
                return Err(form::wrong(field, "came with a length beyond its buffer"));
            }
            buffer.truncate(used);
            return Ok(buffer);
        }
        Err(form::wrong(field, "grows each time it is read"))
    }

    fn string_length(self, field: &Field, name: *const Uc) -> Result<usize, Trouble> {
        let mut length = 0;
        self.read((field, name), |f, handle, name, info| {
            // SAFETY: one place for one number.
            unsafe { (f.RfcGetStringLength)(handle, name, &mut length, info) }
        })?;
        Ok(length as usize)
    }

    fn read(
        self,
        (field, name): Place<'_>,
        get: impl FnOnce(&Functions, Handle, *const Uc, &mut ErrorInfo) -> Rc,
    ) -> Result<(), Trouble> {
        let mut info = ErrorInfo::default();
        let rc = get(self.functions, self.handle, name, &mut info);
        succeeded(rc, &info).map_err(|trouble| form::named(field, trouble))
    }

    /// A structure or table inside.
    fn inner(
        self,
        get: unsafe extern "system" fn(Handle, *const Uc, *mut Handle, *mut ErrorInfo) -> Rc,
        (field, name): Place<'_>,
    ) -> Result<Self, Trouble> {
        let mut handle: Handle = std::ptr::null_mut();
        self.read((field, name), |_, of, name, info| {
            // SAFETY: one place for one handle, which lives as long as the container around it.
            unsafe { get(of, name, &mut handle, info) }
        })?;
        if handle.is_null() {
            return Err(Trouble::ours(Cause::Data, format!("{} has no content", field.name)));
        }
        Ok(Container { handle, ..self })
    }
}

fn length(units: &[Uc]) -> u32 {
    u32::try_from(units.len()).unwrap_or(u32::MAX)
}

fn room<T>(buffer: &[T]) -> u32 {
    u32::try_from(buffer.len()).unwrap_or(u32::MAX)
}
