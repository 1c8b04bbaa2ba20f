//! The rows of one answer, laid out flat: the text once, as it came, and one small cell a value that
//! says where in the text it stands. A page of 5,000 rows is a handful of allocations.
//!
//! JSON is read more strictly than it has to be: a member that stands twice, a value without end or a
//! nesting without bottom is no data of SAP.

use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};

use foldhash::fast::RandomState;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::{Map, Value};

const DEPTH_MAX: usize = 64;
const TEXT_BYTES_MAX: usize = 16 << 20;

/// Different property names of one answer; SAP's widest entity has a few hundred.
const NAMES_MAX: usize = 4096;

/// Bytes of an answer behind each value, at least, of what SAP sends.
const BYTES_A_CELL: usize = 40;

/// Where a text stands: in the body, or, if it had escapes, among the texts without them.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    at: u32,
    len: u32,
}

/// Marks a span of the texts that had escapes. Bodies are far smaller than this.
const UNESCAPED: u32 = 1 << 31;

/// One value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cell {
    Null,
    Bool(bool),
    Text(TextAt),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    /// An object: a row of its own.
    Object(u32),
    /// So many entries of the lists, from the first.
    List(u32, u32),
}

/// A text of these rows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TextAt(Span);

#[derive(Clone, Debug, Default)]
struct Row {
    /// Its cells, and their columns, which rows that are alike share.
    first: u32,
    columns: u32,
    count: u32,
    key: Option<Span>,
    etag: Option<Span>,
}

/// Rows of one answer.
#[derive(Debug, Default)]
pub(super) struct Rows {
    set: String,
    body: String,
    unescaped: String,
    names: Vec<Box<str>>,
    column_of: HashMap<Box<str>, u16, RandomState>,
    /// Column of a name by a few of its bytes: most likely it is the one.
    likely: Likely,
    columns: Vec<u16>,
    cells: Vec<Cell>,
    lists: Vec<Cell>,
    rows: Vec<Row>,
}

impl Rows {
    /// Reads a whole answer; the value that it is.
    ///
    /// An error says what is wrong with it, with a code.
    pub fn read(set: &str, body: Vec<u8>) -> Result<(Self, Cell), String> {
        let body = text(body)?;
        let mut builder = Builder::new(set, &body);
        let mut reader = serde_json::Deserializer::from_str(&body);
        let seed = Seed { builder: &mut builder, depth: 0 };
        let cell = seed.deserialize(&mut reader).map_err(|error| refusal(&body, &error))?;
        reader.end().map_err(|error| refusal(&body, &error))?;
        let rows = builder.out;
        Ok((Self { body, ..rows }, cell))
    }

    /// Name of the entity set.
    pub fn set(&self) -> &str {
        &self.set
    }

    /// Number of a property's column, if any row has it.
    pub fn column(&self, property: &str) -> Option<u16> {
        let likely = self.likely.of(property);
        match self.names.get(usize::from(likely)) {
            Some(name) if **name == *property => Some(likely),
            _ => self.column_of.get(property).copied(),
        }
    }

    pub fn name(&self, column: u16) -> &str {
        &self.names[usize::from(column)]
    }

    /// Key as SAP writes it in the row's address; empty if it wrote none.
    pub fn key(&self, row: u32) -> &str {
        self.rows[row as usize].key.map_or("", |span| self.at(span))
    }

    /// Version of a row, opaque.
    pub fn etag(&self, row: u32) -> Option<&str> {
        self.rows[row as usize].etag.map(|span| self.at(span))
    }

    pub fn text(&self, text: TextAt) -> &str {
        self.at(text.0)
    }

    /// The value of a property; `None` if the row does not have it.
    pub fn cell(&self, row: u32, property: &str) -> Option<Cell> {
        let column = self.column(property)?;
        let row = &self.rows[row as usize];
        let columns = self.columns_of(row);
        // Rows are mostly alike: their columns follow each other without a gap.
        let guess = usize::from(column.wrapping_sub(*columns.first()?));
        let at = match columns.get(guess) {
            Some(found) if *found == column => guess,
            _ => columns.iter().position(|other| *other == column)?,
        };
        Some(self.cells[row.first as usize + at])
    }

    fn columns_of(&self, row: &Row) -> &[u16] {
        &self.columns[row.columns as usize..(row.columns + row.count) as usize]
    }

    /// Feeds names and values of a row to a hash.
    pub fn hash_row(&self, row: u32, state: &mut impl Hasher) {
        let row = &self.rows[row as usize];
        let cells = &self.cells[row.first as usize..(row.first + row.count) as usize];
        for (column, cell) in self.columns_of(row).iter().zip(cells) {
            self.names[usize::from(*column)].hash(state);
            self.hash_cell(*cell, state);
        }
    }

    fn hash_cell(&self, cell: Cell, state: &mut impl Hasher) {
        std::mem::discriminant(&cell).hash(state);
        match cell {
            Cell::Null => {}
            Cell::Bool(flag) => flag.hash(state),
            Cell::Text(text) => self.text(text).hash(state),
            Cell::Signed(number) => number.hash(state),
            Cell::Unsigned(number) => number.hash(state),
            Cell::Float(number) => number.to_bits().hash(state),
            Cell::Object(row) => self.hash_row(row, state),
            Cell::List(first, count) => {
                count.hash(state);
                self.list(first, count).iter().for_each(|cell| self.hash_cell(*cell, state));
            }
        }
    }

    /// Entries of a list.
    pub fn list(&self, first: u32, count: u32) -> &[Cell] {
        &self.lists[first as usize..(first + count) as usize]
    }

    /// The object that a property holds, as JSON.
    pub fn object(&self, row: u32, property: &str) -> Option<Map<String, Value>> {
        match self.cell(row, property) {
            Some(Cell::Object(inner)) => Some(self.fields(inner)),
            _ => None,
        }
    }

    /// The properties of a row, as JSON.
    pub fn fields(&self, row: u32) -> Map<String, Value> {
        let row = &self.rows[row as usize];
        let cells = row.first as usize..(row.first + row.count) as usize;
        let named = self.columns_of(row).iter().zip(&self.cells[cells]);
        named
            .map(|(column, cell)| (self.names[usize::from(*column)].to_string(), self.json(*cell)))
            .collect()
    }

    fn json(&self, cell: Cell) -> Value {
        match cell {
            Cell::Null => Value::Null,
            Cell::Bool(flag) => flag.into(),
            Cell::Text(text) => self.text(text).into(),
            Cell::Signed(number) => number.into(),
            Cell::Unsigned(number) => number.into(),
            Cell::Float(number) => number.into(),
            Cell::Object(row) => Value::Object(self.fields(row)),
            Cell::List(first, count) => {
                self.list(first, count).iter().map(|cell| self.json(*cell)).collect()
            }
        }
    }

    /// The same rows without what stands between their values, and without a value twice that stands in
    /// one column of rows that follow each other: for rows that stay in memory.
    #[must_use]
    pub fn compact(mut self) -> Self {
        let mut texts = Texts { from: self.body, unescaped: self.unescaped, kept: String::new() };
        let mut before = vec![Span::default(); self.names.len()];
        for row in &mut self.rows {
            let cells = row.first as usize..(row.first + row.count) as usize;
            let columns = row.columns as usize..(row.columns + row.count) as usize;
            for (cell, column) in self.cells[cells].iter_mut().zip(&self.columns[columns]) {
                texts.keep_cell(cell, &mut before[usize::from(*column)]);
            }
            for span in [&mut row.key, &mut row.etag].into_iter().flatten() {
                texts.keep(span, &mut Span::default());
            }
        }
        for cell in &mut self.lists {
            texts.keep_cell(cell, &mut Span::default());
        }
        texts.kept.shrink_to_fit();
        (self.body, self.unescaped) = (texts.kept, String::new());
        self.columns.shrink_to_fit();
        self.cells.shrink_to_fit();
        self.lists.shrink_to_fit();
        self.rows.shrink_to_fit();
        self
    }

    fn at(&self, span: Span) -> &str {
        text_at(&self.body, &self.unescaped, span)
    }
}

fn text_at<'t>(body: &'t str, unescaped: &'t str, span: Span) -> &'t str {
    let (text, at) = match span.at & UNESCAPED {
        0 => (body, span.at),
        _ => (unescaped, span.at & !UNESCAPED),
    };
    &text[at as usize..(at + span.len) as usize]
}

/// Texts that move from an answer to where only they are.
struct Texts {
    from: String,
    unescaped: String,
    kept: String,
}

impl Texts {
    fn keep_cell(&mut self, cell: &mut Cell, before: &mut Span) {
        if let Cell::Text(TextAt(span)) = cell {
            self.keep(span, before);
        }
    }

    /// Keeps a text, or takes the one before if it is the same.
    fn keep(&mut self, span: &mut Span, before: &mut Span) {
        let text = text_at(&self.from, &self.unescaped, *span);
        if self.kept[before.at as usize..(before.at + before.len) as usize] != *text {
            *before = Span { at: self.kept.len() as u32, len: text.len() as u32 };
            self.kept.push_str(text);
        }
        *span = *before;
    }
}

/// What the reader of JSON found wrong in a body, with a code and the byte.
fn refusal(body: &str, error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    let before = body.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len);
    let byte = before.sum::<usize>() + column;
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or_default();
    match error.classify() {
        Category::Eof => format!("ODATA-TRUNC: {said} at byte {byte}"),
        Category::Syntax if said.starts_with("recursion limit") => {
            format!("JSON-DEPTH: {said} at byte {byte}")
        }
        Category::Syntax if said.contains("hex escape") || said.contains("surrogate") => {
            format!("JSON-UTF: invalid Unicode at byte {byte} ({said})")
        }
        Category::Syntax => format!("JSON-SYNTAX: {said} at byte {byte}"),
        // Ours have a code; the others say that a value has another type than it must have.
        Category::Data | Category::Io => {
            let code = if said.starts_with("JSON-") { "" } else { "ODATA-VERSION: " };
            format!("{code}{said} at byte {byte}")
        }
    }
}

/// The body as text, without a byte order mark.
fn text(body: Vec<u8>) -> Result<String, String> {
    let mut body = body;
    if body.starts_with(b"\xef\xbb\xbf") {
        body.drain(..3);
    }
    String::from_utf8(body).map_err(|error| {
        format!("JSON-UTF: invalid Unicode at byte {}", error.utf8_error().valid_up_to())
    })
}

/// A guess at the column of a name, far cheaper than to hash all of it: every row of a page is asked for
/// the same twenty properties.
#[derive(Clone, Debug)]
struct Likely([u16; Self::PLACES]);

impl Likely {
    const PLACES: usize = 256;

    /// Names that differ mostly differ in length, at the end, or in the middle.
    fn place(name: &str) -> usize {
        let (bytes, length) = (name.as_bytes(), name.len());
        let byte = |at: usize| bytes.get(at).copied().map_or(0, usize::from);
        let (last, near, middle) =
            (byte(length.wrapping_sub(1)), byte(length.wrapping_sub(4)), byte(length / 2));
        (length + last * 3 + near * 13 + middle * 37) % Self::PLACES
    }

    fn of(&self, name: &str) -> u16 {
        self.0[Self::place(name)]
    }

    fn set(&mut self, name: &str, column: u16) {
        self.0[Self::place(name)] = column;
    }
}

impl Default for Likely {
    fn default() -> Self {
        Self([0; Self::PLACES])
    }
}

struct Builder<'t> {
    out: Rows,
    body: &'t str,
    /// Cells of the objects that are being read, innermost last.
    open: Vec<(u16, Cell)>,
    /// Column that most likely comes next.
    guess: usize,
    /// Object in which each column was seen last.
    seen_in: Vec<u32>,
    /// First and number of the columns of the last object that began with a column.
    like: Vec<(u32, u32)>,
}

impl<'t> Builder<'t> {
    fn new(set: &str, body: &'t str) -> Self {
        // Room for the values of rows as wide as SAP's mostly are, so that they do not move as they come.
        let cells = Vec::with_capacity(body.len() / BYTES_A_CELL);
        Self {
            out: Rows { set: set.to_owned(), cells, ..Rows::default() },
            body,
            open: Vec::new(),
            guess: 0,
            seen_in: Vec::new(),
            like: Vec::new(),
        }
    }

    fn column<E: Error>(&mut self, name: &str) -> Result<u16, E> {
        let guess = if self.guess < self.out.names.len() { self.guess } else { 0 };
        let column = if self.out.names.get(guess).is_some_and(|known| **known == *name) {
            guess
        } else if let Some(column) = self.out.column_of.get(name) {
            usize::from(*column)
        } else {
            let column = self.out.names.len();
            if column == NAMES_MAX {
                return Err(E::custom(format!("JSON-SIZE: more than {NAMES_MAX} property names")));
            }
            self.out.names.push(name.into());
            self.out.column_of.insert(name.into(), column as u16);
            self.out.likely.set(name, column as u16);
            self.seen_in.push(u32::MAX);
            self.like.push((0, 0));
            column
        };
        self.guess = column + 1;
        Ok(column as u16)
    }

    fn borrowed<E: Error>(&self, text: &str) -> Result<Span, E> {
        limited(text)?;
        let at = text.as_ptr() as usize - self.body.as_ptr() as usize;
        Ok(Span { at: at as u32, len: text.len() as u32 })
    }

    /// The key in a row's address: from the first parenthesis on. It may itself hold slashes.
    fn key_in(&self, address: Span) -> Option<Span> {
        let text = match address.at & UNESCAPED {
            0 => self.body,
            _ => &self.out.unescaped,
        };
        let start = (address.at & !UNESCAPED) as usize;
        let at = text[start..start + address.len as usize].find('(')? as u32;
        Some(Span { at: address.at + at, len: address.len - at })
    }

    fn unescaped<E: Error>(&mut self, text: &str) -> Result<Span, E> {
        limited(text)?;
        let at = self.out.unescaped.len() as u32 | UNESCAPED;
        self.out.unescaped.push_str(text);
        Ok(Span { at, len: text.len() as u32 })
    }

    /// Closes the object whose cells began at `start`; the number of its row.
    fn close<E: Error>(&mut self, start: usize, mut row: Row) -> Result<u32, E> {
        let number = self.out.rows.len() as u32;
        row.first = self.out.cells.len() as u32;
        row.count = (self.open.len() - start) as u32;
        row.columns = self.out.columns.len() as u32;
        let members = &self.open[start..];
        let begins_with = members.first().map_or(0, |(column, _)| usize::from(*column));
        let (like, count) = self.like.get(begins_with).copied().unwrap_or_default();
        let known = &self.out.columns[like as usize..(like + count) as usize];
        // Rows are mostly alike: they share their columns, among which none was there twice.
        if known.len() == members.len()
            && known.iter().zip(members).all(|(known, (column, _))| known == column)
        {
            row.columns = like;
            self.out.cells.extend(members.iter().map(|(_, cell)| *cell));
            self.open.truncate(start);
            self.out.rows.push(row);
            return Ok(number);
        }
        for (column, cell) in self.open.drain(start..) {
            let seen = &mut self.seen_in[usize::from(column)];
            if *seen == number {
                let name = &self.out.names[usize::from(column)];
                return Err(E::custom(format!(
                    "JSON-DUPMEMBER: member {name} given twice in row {number}"
                )));
            }
            *seen = number;
            self.out.columns.push(column);
            self.out.cells.push(cell);
        }
        if let Some(like) = self.like.get_mut(begins_with) {
            *like = (row.columns, row.count);
        }
        self.out.rows.push(row);
        Ok(number)
    }
}

fn limited<E: Error>(text: &str) -> Result<(), E> {
    if text.len() > TEXT_BYTES_MAX {
        let limit = TEXT_BYTES_MAX >> 20;
        return Err(E::custom(format!("JSON-SIZE: value longer than {limit} MiB")));
    }
    Ok(())
}

/// Reads any value into a cell.
struct Seed<'b, 't> {
    builder: &'b mut Builder<'t>,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Seed<'_, '_> {
    type Value = Cell;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cell, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_, '_> {
    type Value = Cell;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E: Error>(self) -> Result<Cell, E> {
        Ok(Cell::Null)
    }
    fn visit_bool<E: Error>(self, flag: bool) -> Result<Cell, E> {
        Ok(Cell::Bool(flag))
    }
    fn visit_i64<E: Error>(self, number: i64) -> Result<Cell, E> {
        Ok(Cell::Signed(number))
    }
    fn visit_u64<E: Error>(self, number: u64) -> Result<Cell, E> {
        Ok(Cell::Unsigned(number))
    }
    fn visit_f64<E: Error>(self, number: f64) -> Result<Cell, E> {
        Ok(Cell::Float(number))
    }
    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Cell, E> {
        self.builder.borrowed(text).map(|span| Cell::Text(TextAt(span)))
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Cell, E> {
        self.builder.unescaped(text).map(|span| Cell::Text(TextAt(span)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Cell, A::Error> {
        let depth = deeper(self.depth)?;
        let mut list = Vec::new();
        while let Some(cell) =
            items.next_element_seed(Seed { builder: &mut *self.builder, depth })?
        {
            list.push(cell);
        }
        let first = self.builder.out.lists.len() as u32;
        self.builder.out.lists.extend_from_slice(&list);
        Ok(Cell::List(first, list.len() as u32))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Cell, A::Error> {
        let depth = deeper(self.depth)?;
        let builder = self.builder;
        let start = builder.open.len();
        let mut row = Row::default();
        let mut metadata = false;
        while let Some(member) = members.next_key_seed(Name(builder))? {
            match member {
                Member::Metadata => {
                    if std::mem::replace(&mut metadata, true) {
                        return Err(A::Error::custom(
                            "JSON-DUPMEMBER: member __metadata given twice in a row",
                        ));
                    }
                    members.next_value_seed(Metadata {
                        builder: &mut *builder,
                        row: &mut row,
                        depth,
                    })?;
                }
                Member::Etag => {
                    let seed = Seed { builder: &mut *builder, depth };
                    if let Cell::Text(text) = members.next_value_seed(seed)? {
                        row.etag = Some(text.0);
                    }
                }
                Member::Column(column) => {
                    let seed = Seed { builder: &mut *builder, depth };
                    let cell = members.next_value_seed(seed)?;
                    builder.open.push((column, cell));
                }
            }
        }
        builder.close(start, row).map(Cell::Object)
    }
}

fn deeper<E: Error>(depth: usize) -> Result<usize, E> {
    if depth == DEPTH_MAX {
        return Err(E::custom(format!("JSON-DEPTH: nesting deeper than {DEPTH_MAX}")));
    }
    Ok(depth + 1)
}

enum Member {
    Metadata,
    Etag,
    Column(u16),
}

/// Reads the name of a member.
struct Name<'b, 't>(&'b mut Builder<'t>);

impl<'de> DeserializeSeed<'de> for Name<'_, '_> {
    type Value = Member;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Member, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_, '_> {
    type Value = Member;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }
    fn visit_str<E: Error>(self, name: &str) -> Result<Member, E> {
        Ok(match name {
            "__metadata" => Member::Metadata,
            "@odata.etag" => Member::Etag,
            _ => Member::Column(self.0.column(name)?),
        })
    }
}

/// What is wanted of a row's metadata.
enum AboutRow {
    Etag,
    Uri,
    Id,
}

/// Reads the name of a member of a row's metadata; `None` if it is not wanted.
struct Known;

impl<'de> DeserializeSeed<'de> for Known {
    type Value = Option<AboutRow>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Known {
    type Value = Option<AboutRow>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }
    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(match name {
            "etag" => Some(AboutRow::Etag),
            "uri" => Some(AboutRow::Uri),
            "id" => Some(AboutRow::Id),
            _ => None,
        })
    }
}

/// Reads address and version of a row of V2.
struct Metadata<'b, 't> {
    builder: &'b mut Builder<'t>,
    row: &'b mut Row,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Metadata<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Metadata<'_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the metadata of a row")
    }
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let depth = deeper(self.depth)?;
        let mut id = None;
        while let Some(named) = members.next_key_seed(Known)? {
            let Some(member) = named else {
                members.next_value::<IgnoredAny>()?;
                continue;
            };
            let seed = Seed { builder: &mut *self.builder, depth };
            let Cell::Text(TextAt(span)) = members.next_value_seed(seed)? else { continue };
            match member {
                AboutRow::Etag => self.row.etag = Some(span),
                AboutRow::Uri => self.row.key = self.builder.key_in(span),
                AboutRow::Id => id = Some(span),
            }
        }
        // Both say the same; where one is enough, the other is not searched.
        if self.row.key.is_none() {
            self.row.key = id.and_then(|id| self.builder.key_in(id));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn parse(body: &[u8]) -> Result<Value, String> {
        Rows::read("A_Set", body.to_vec()).map(|(rows, root)| rows.json(root))
    }

    #[test]
    fn odata_json_21_23_depth_and_doubled_members_are_refused_where_they_stand() {
        let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);

        assert!(parse(deep(64).as_bytes()).is_ok());
        assert!(parse(deep(65).as_bytes()).unwrap_err().contains("JSON-DEPTH"));
        let twice = parse(br#"{"Plant":"1010","Plant":"2020"}"#).unwrap_err();
        assert!(twice.contains("JSON-DUPMEMBER: member Plant"), "{twice}");
    }

    #[test]
    fn odata_json_24_text_that_is_no_unicode_and_what_follows_the_end_are_refused() {
        assert!(parse(br#"{"P":"\uD800"}"#).is_err());
        assert!(parse(b"{\"P\":\"\xff\"}").is_err());
        assert!(parse(b"{} {}").is_err());
    }

    proptest! {
        #[test]
        fn what_serde_reads_of_plain_values_is_read_the_same(
            text in "\\PC{0,20}", whole in any::<i64>(), flag in any::<bool>(),
        ) {
            let value = serde_json::json!({ "t": text, "n": [whole, null], "o": { "f": flag } });
            let body = serde_json::to_vec(&value).unwrap();

            prop_assert_eq!(parse(&body).unwrap(), value);
        }
    }
    #[test]
    fn rows_keep_their_values_whether_alike_or_not() {
        let body = json!({ "value": [
            { "A": "x", "B": 1, "C": null, "D": [1, "two", { "A": true }] },
            { "B": -2, "A": "caf\u{e9} \"quoted\" \n", "E": { "A": "inner" } },
            {},
        ] });
        let (rows, root) = Rows::read("A_Set", body.to_string().into_bytes()).unwrap();
        let Cell::Object(root_row) = root else { panic!() };
        let Some(Cell::List(first, 3)) = rows.cell(root_row, "value") else { panic!() };
        let Cell::Object(second) = rows.list(first, 3)[1] else { panic!() };

        assert_eq!(rows.json(root), body);
        assert!(matches!(rows.cell(second, "B"), Some(Cell::Signed(-2))));
        assert!(rows.cell(second, "C").is_none() && rows.cell(second, "Z").is_none());
        assert_eq!(Value::Object(rows.fields(second)), body["value"][1]);
    }

    #[test]
    fn compact_rows_are_the_same_rows_without_a_value_twice() {
        let row = |number: usize| {
            json!({
                "__metadata": { "uri": format!("https://h/S/A(K='{number}')"), "etag": "W/\"1\"" },
                "Plant": "1010", "K": number.to_string(), "T": "a\nb", "N": number, "B": true,
                "List": ["x", "x", { "Plant": "1010" }], "Empty": "", "None": null,
            })
        };
        let body = json!({ "value": (0..100).map(row).collect::<Vec<_>>() }).to_string();
        let (rows, root) = Rows::read("A_Set", body.clone().into_bytes()).unwrap();
        let (said, keys) = (rows.json(root), |rows: &Rows| {
            let of_row = |row| (rows.key(row).to_owned(), rows.etag(row).map(str::to_owned));
            (0..rows.rows.len() as u32).map(of_row).collect::<Vec<_>>()
        });
        let before = keys(&rows);

        let compact = rows.compact();

        assert_eq!(compact.json(root), said);
        assert_eq!(keys(&compact), before);
        assert!(compact.unescaped.is_empty());
        assert!(compact.body.len() * 4 < body.len(), "{} {}", compact.body.len(), body.len());
    }

    #[test]
    fn a_row_knows_its_address_and_version() {
        let body = r#"{"d":{"__metadata":{"type":"T","uri":"https://h/S/A(K='a\/b')","etag":"W/\"1\""},"K":"a/b"}}"#;
        let (rows, root) = Rows::read("A_Set", body.into()).unwrap();
        let Cell::Object(root) = root else { panic!() };
        let Some(Cell::Object(row)) = rows.cell(root, "d") else { panic!() };

        assert_eq!((rows.key(row), rows.etag(row)), ("(K='a/b')", Some("W/\"1\"")));
        assert_eq!(rows.fields(row).len(), 1);
    }
}
