//! JSON as a flat document. The only file that knows json-event-parser.
//!
//! Values live in one list and contain indices, and each knows its parent, which gives the path of an error.

use crate::error::{Fault, ImportError};
use json_event_parser::{JsonEvent, LowLevelJsonParser, LowLevelJsonParserResult, WriterJsonSerializer};
use std::borrow::Cow;
use std::ops::Range;

/// Longest text that is read.
pub const MAX_BYTES: usize = 256 << 20;

/// Deepest nesting of arrays and objects: a term of a session type takes three.
pub const MAX_NESTING: usize = 3 * crate::MAX_DEPTH + 2 * crate::MAX_SORT_DEPTH;

/// Most steps of a path that are printed; the middle of a longer one is left out.
const MAX_PATH_STEPS: usize = 64;

/// Index of a value in its document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueId(u32);

/// One value; what it contains is elsewhere in the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as it is written.
    Number(String),
    /// A text.
    Text(String),
    /// An array.
    Array(Vec<ValueId>),
    /// An object; keys in the order of the text, each once.
    Object(Vec<(String, ValueId)>),
}

impl Value {
    /// Its kind, for messages.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a truth value",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

/// How a value is reached from its parent.
#[derive(Clone, Debug)]
enum Step {
    Root,
    Index(ValueId, usize),
    /// Position of the key in the parent.
    Key(ValueId, usize),
}

/// A JSON text, read.
#[derive(Clone, Debug)]
pub struct Document {
    values: Vec<(Value, Step)>,
    /// Of each array and object the bytes from its first to after its last bracket; empty for other values.
    places: Vec<Range<u32>>,
}

impl Document {
    /// Reads a text.
    ///
    /// # Errors
    /// If it is not JSON, has a key twice, or breaks a limit.
    pub fn read(text: &str) -> Result<Self, ImportError> {
        if text.len() > MAX_BYTES {
            return Err(ImportError { path: "$".to_owned(), fault: Fault::TooLong });
        }
        // A state of the parser's stack is an array, an object, or a value of an object.
        let mut parser = LowLevelJsonParser::new().with_max_stack_size(2 * MAX_NESTING + 2);
        let mut reader = Reader { document: Self { values: Vec::new(), places: Vec::new() }, open: Vec::new() };
        let mut at = 0;
        loop {
            let LowLevelJsonParserResult { event, consumed_bytes } = parser.parse_next(&text.as_bytes()[at..], true);
            at += consumed_bytes;
            match event {
                Some(Ok(JsonEvent::Eof)) | None => return Ok(reader.document),
                Some(Ok(event)) => reader.event(event, u32::try_from(at).expect("the text is limited"))?,
                Some(Err(error)) => {
                    let at = error.location().start;
                    let message = error.message().to_owned();
                    let fault = Fault::Syntax { line: at.line + 1, column: at.column + 1, message };
                    return Err(reader.error(fault));
                }
            }
        }
    }

    /// The outermost value.
    #[must_use]
    pub const fn root(&self) -> ValueId {
        ValueId(0)
    }

    /// A value.
    #[must_use]
    pub fn value(&self, id: ValueId) -> &Value {
        &self.values[id.0 as usize].0
    }

    /// The bytes of the text that are an array or object, brackets included; empty for other values.
    #[must_use]
    pub fn place(&self, id: ValueId) -> Range<u32> {
        self.places[id.0 as usize].clone()
    }

    /// A mistake at a value.
    pub fn error(&self, id: ValueId, fault: Fault) -> ImportError {
        ImportError { path: self.path(id), fault }
    }

    fn path(&self, mut id: ValueId) -> String {
        let mut steps = Vec::new();
        loop {
            match self.values[id.0 as usize].1 {
                Step::Root => break,
                Step::Index(parent, index) => {
                    steps.push(format!("[{index}]"));
                    id = parent;
                }
                Step::Key(parent, index) => {
                    if let Value::Object(entries) = self.value(parent) {
                        let key = &entries[index].0;
                        let plain = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_');
                        steps.push(if plain { format!(".{key}") } else { format!("[{key:?}]") });
                    }
                    id = parent;
                }
            }
        }
        if steps.len() > MAX_PATH_STEPS {
            steps.splice(MAX_PATH_STEPS / 2..steps.len() - MAX_PATH_STEPS / 2, ["…".to_owned()]);
        }
        steps.push("$".to_owned());
        steps.reverse();
        steps.concat()
    }
}

/// A document that is being read.
struct Reader {
    document: Document,
    /// Containers that are not closed yet, each with the key read last.
    open: Vec<(ValueId, Option<String>)>,
}

impl Reader {
    /// A mistake in the innermost container that is open.
    fn error(&self, fault: Fault) -> ImportError {
        let path = self.open.last().map_or_else(|| "$".to_owned(), |(id, _)| self.document.path(*id));
        ImportError { path, fault }
    }

    /// Takes an event whose last byte is before `at`.
    fn event(&mut self, event: JsonEvent<'_>, at: u32) -> Result<(), ImportError> {
        match event {
            JsonEvent::Null => self.add(Value::Null).map(drop),
            JsonEvent::Boolean(value) => self.add(Value::Bool(value)).map(drop),
            JsonEvent::Number(number) => self.add(Value::Number(number.into_owned())).map(drop),
            JsonEvent::String(text) => self.add(Value::Text(text.into_owned())).map(drop),
            JsonEvent::StartArray => self.open(Value::Array(Vec::new()), at),
            JsonEvent::StartObject => self.open(Value::Object(Vec::new()), at),
            JsonEvent::EndArray => {
                self.close(at);
                Ok(())
            }
            JsonEvent::EndObject => {
                if let Some(key) = self.duplicate_key() {
                    return Err(self.error(Fault::DuplicateKey(key.escape_debug().to_string())));
                }
                self.close(at);
                Ok(())
            }
            JsonEvent::ObjectKey(key) => {
                if let Some((_, last)) = self.open.last_mut() {
                    *last = Some(key.into_owned());
                }
                Ok(())
            }
            JsonEvent::Eof => Ok(()),
        }
    }

    /// A key that the innermost open object has twice.
    fn duplicate_key(&self) -> Option<String> {
        let (id, _) = self.open.last()?;
        let Value::Object(entries) = self.document.value(*id) else { return None };
        let mut keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
        keys.sort_unstable();
        keys.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0].to_owned())
    }

    /// Opens a container whose first bracket ends at `at`.
    fn open(&mut self, value: Value, at: u32) -> Result<(), ImportError> {
        if self.open.len() == MAX_NESTING {
            return Err(self.error(Fault::TooDeep { limit: MAX_NESTING }));
        }
        let id = self.add(value)?;
        self.document.places[id.0 as usize] = at - 1..at;
        self.open.push((id, None));
        Ok(())
    }

    fn close(&mut self, at: u32) {
        if let Some((id, _)) = self.open.pop() {
            self.document.places[id.0 as usize].end = at;
        }
    }

    fn add(&mut self, value: Value) -> Result<ValueId, ImportError> {
        let id = ValueId(u32::try_from(self.document.values.len()).expect("a value takes a byte of a limited text"));
        let mut step = Step::Root;
        if let Some((parent, key)) = self.open.last_mut() {
            let (parent, key) = (*parent, key.take());
            match (&mut self.document.values[parent.0 as usize].0, key) {
                (Value::Array(items), _) => {
                    step = Step::Index(parent, items.len());
                    items.push(id);
                }
                (Value::Object(entries), Some(key)) => {
                    step = Step::Key(parent, entries.len());
                    entries.push((key, id));
                }
                (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Object(_), _) => {}
            }
        }
        self.document.values.push((value, step));
        self.document.places.push(0..0);
        Ok(id)
    }
}

/// One event of a JSON text that is being written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// `{`
    StartObject,
    /// `}`
    EndObject,
    /// `[`
    StartArray,
    /// `]`
    EndArray,
    /// A key of an object.
    Key(&'a str),
    /// A text.
    Text(&'a str),
    /// A number.
    Number(u64),
}

/// Writes a JSON text without white space, event by event.
pub struct Writer(WriterJsonSerializer<Vec<u8>>);

impl Default for Writer {
    fn default() -> Self {
        Self(WriterJsonSerializer::new(Vec::new()))
    }
}

impl Writer {
    /// Writes an event.
    ///
    /// # Panics
    /// If the events are not those of one JSON value.
    pub fn event(&mut self, event: Event<'_>) {
        let event = match event {
            Event::StartObject => JsonEvent::StartObject,
            Event::EndObject => JsonEvent::EndObject,
            Event::StartArray => JsonEvent::StartArray,
            Event::EndArray => JsonEvent::EndArray,
            Event::Key(key) => JsonEvent::ObjectKey(Cow::Borrowed(key)),
            Event::Text(text) => JsonEvent::String(Cow::Borrowed(text)),
            Event::Number(number) => JsonEvent::Number(Cow::Owned(number.to_string())),
        };
        self.0.serialize_event(event).expect("the events are well nested, and memory can be written");
    }

    /// The text.
    ///
    /// # Panics
    /// If the value is not complete.
    #[must_use]
    pub fn finish(self) -> String {
        let bytes = self.0.finish().expect("every container is closed");
        String::from_utf8(bytes).expect("JSON of texts is UTF-8")
    }
}
