//! Logs: JSON lines of observed messages, lists of them, and the traces of `tellc run`.
//!
//! Lines are read one at a time, so a log may be longer than memory; lists and pretty-printed logs are read whole.

use crate::input::{is_dash, shown};
use crate::outcome::{Exit, Report, Trouble};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use tell_ir::sort::Sort;
use tell_language::diagnostic::{Code, Diagnostic};
use tell_language::span::Files;

/// Longest line.
const MAX_LINE: u64 = 16 << 20;

/// Longest log that is not a record per line.
const MAX_LIST: u64 = 256 << 20;

/// Most characters of a payload that are printed.
const MAX_SHOWN: usize = 80;

/// What a line says.
#[derive(Debug)]
pub(super) enum Record {
    /// A message is sent or received; `text` is its payload for people.
    Message { session: u64, role: String, is_send: bool, peer: String, label: String, payload: Payload, text: String },
    /// A session is over.
    End { session: u64 },
    /// Nothing about messages.
    Other,
}

/// What is known about a payload.
#[derive(Debug)]
pub(super) enum Payload {
    /// Nothing.
    Unknown,
    /// Its sort.
    Sort(Sort),
    /// It is a number.
    Number { is_negative: bool, is_whole: bool },
    /// It is this value, in Tell syntax.
    Printed(String),
}

impl Payload {
    /// Whether a payload may be of a sort. Of a printed value only the outer form is looked at.
    pub(super) fn fits(&self, sort: &Sort) -> bool {
        match self {
            Self::Unknown => true,
            // What is displayed as the sort is it, too.
            Self::Sort(own) => own == sort || own.to_string() == sort.to_string(),
            Self::Number { is_negative, is_whole } => match sort {
                Sort::Nat => *is_whole && !is_negative,
                Sort::Int => *is_whole,
                Sort::Real => true,
                _ => false,
            },
            Self::Printed(text) => is_printed(text, sort),
        }
    }
}

fn is_printed(text: &str, sort: &Sort) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match sort {
        Sort::Unit => matches!(text, "" | "()"),
        Sort::Nat => digits(text),
        Sort::Int => digits(text.strip_prefix('-').unwrap_or(text)),
        Sort::Bool => matches!(text, "true" | "false"),
        Sort::String => text.len() >= 2 && text.starts_with('"') && text.ends_with('"'),
        Sort::Bytes => text.starts_with("0x"),
        Sort::Real => text.parse::<f64>().is_ok(),
        Sort::Prod(..) => text.starts_with(['(', '{']),
        Sort::Vector(_) | Sort::Named(_) => !text.is_empty(),
    }
}

/// All keys of all kinds of lines; others are left alone.
#[derive(Deserialize)]
struct Line {
    session: Option<Number>,
    role: Option<String>,
    op: Option<String>,
    peer: Option<String>,
    label: Option<String>,
    #[serde(default, deserialize_with = "present")]
    payload: Option<Value>,
    end: Option<Value>,
    event: Option<String>,
    to: Option<String>,
    from: Option<String>,
    trace: Option<String>,
    protocol: Option<String>,
}

/// Which session it is.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a number for `session`, from 0")]
enum Number {
    One(u64),
    /// In our own traces, a session that another one opened: `0.1`.
    Nested(String),
}

/// Tells `null` from nothing.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// A log with all its records in one object.
#[derive(Deserialize)]
struct Whole {
    events: Vec<Line>,
}

/// The records of a log that is one value.
fn whole(text: &str) -> serde_json::Result<Vec<Line>> {
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text);
    }
    serde_json::from_str(text).map(|Whole { events }| events)
}

/// What is wrong with the first line, if that was to be a record and broke off; else what is wrong with the whole.
fn of_record(first: &str, error: serde_json::Error) -> serde_json::Error {
    let is_record = first.starts_with('{') && first.len() > 1 && !first.contains("\"events\"");
    match serde_json::from_str::<Line>(first) {
        Err(own) if is_record => own,
        _ => error,
    }
}

/// A log being read.
pub(super) struct Log {
    name: String,
    source: Source,
    /// The line that was read last, or of a list the item, from 1.
    line: u64,
    /// What was read ahead.
    first: Option<Line>,
}

enum Source {
    Lines(Box<dyn BufRead>),
    List(std::vec::IntoIter<Line>),
}

impl Log {
    /// Opens a log and reads as much as says in which form it is.
    ///
    /// # Errors
    /// `E0703`, `E0705`; likewise below.
    pub(super) fn open(path: &Path) -> Result<Self, Trouble> {
        let name = shown(path);
        let failed = |error: io::Error| Trouble::io("read", &name, &error);
        let mut reader: Box<dyn BufRead> = if is_dash(path) {
            Box::new(BufReader::new(io::stdin()))
        } else {
            Box::new(BufReader::with_capacity(1 << 16, File::open(path).map_err(failed)?))
        };
        let mut log = Self { name: name.clone(), source: Source::List(Vec::new().into_iter()), line: 0, first: None };
        let Some(text) = log.read_line(&mut *reader)? else { return Ok(log) };
        if let Ok(Value::Object(keys)) = serde_json::from_str::<Value>(&text)
            && !keys.contains_key("events")
        {
            log.first = Some(log.parsed(&text)?);
            log.source = Source::Lines(reader);
            return Ok(log);
        }
        let mut rest = text;
        let first_line = rest.trim_end().len();
        reader.take(MAX_LIST).read_to_string(&mut rest).map_err(|error| Trouble::io("read", &name, &error))?;
        let lines = whole(&rest).map_err(|error| log.no_record(&of_record(&rest[..first_line], error)))?;
        log.source = Source::List(lines.into_iter());
        log.line = 0;
        Ok(log)
    }

    /// Its name in messages.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The line, or item of a list, that was read last.
    pub(super) const fn line(&self) -> u64 {
        self.line
    }

    /// The protocol that the header of a trace names.
    pub(super) fn protocol(&self) -> Option<&str> {
        self.first.as_ref().filter(|line| line.trace.is_some()).and_then(|line| line.protocol.as_deref())
    }

    /// The next record with its line.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Record)>, Trouble> {
        let line = match self.first.take() {
            Some(first) => first,
            None => match self.next_line()? {
                Some(line) => line,
                None => return Ok(None),
            },
        };
        let what = if matches!(self.source, Source::List(_)) { "record" } else { "line" };
        let record = record(line).map_err(|problem| self.no_log(&format!("{what} {}: {problem}", self.line)))?;
        Ok(Some((self.line, record)))
    }

    fn next_line(&mut self) -> Result<Option<Line>, Trouble> {
        let mut source = std::mem::replace(&mut self.source, Source::List(Vec::new().into_iter()));
        let line = match &mut source {
            Source::List(lines) => {
                let line = lines.next();
                self.line += u64::from(line.is_some());
                Ok(line)
            }
            Source::Lines(reader) => match self.read_line(&mut **reader) {
                Ok(Some(text)) => self.parsed(&text).map(Some),
                Ok(None) => Ok(None),
                Err(trouble) => Err(trouble),
            },
        };
        self.source = source;
        line
    }

    /// The next line that is not blank.
    fn read_line(&mut self, reader: &mut dyn BufRead) -> Result<Option<String>, Trouble> {
        loop {
            let mut bytes = Vec::new();
            let read = reader.take(MAX_LINE).read_until(b'\n', &mut bytes);
            read.map_err(|error| Trouble::io("read", &self.name, &error))?;
            if bytes.is_empty() {
                return Ok(None);
            }
            self.line += 1;
            if bytes.len() as u64 == MAX_LINE {
                return Err(self.no_log(&format!("line {} is longer than {} MiB", self.line, MAX_LINE >> 20)));
            }
            let text =
                String::from_utf8(bytes).map_err(|_| self.no_log(&format!("line {} is not UTF-8", self.line)))?;
            let text = text.trim_start_matches('\u{feff}');
            if !text.trim().is_empty() {
                return Ok(Some(text.to_owned()));
            }
        }
    }

    fn parsed(&self, text: &str) -> Result<Line, Trouble> {
        serde_json::from_str(text.trim_end()).map_err(|error| self.no_record(&error))
    }

    /// JSON that is no record; it starts in the line that was read last.
    fn no_record(&self, error: &serde_json::Error) -> Trouble {
        let line = self.line.max(1) + (error.line() as u64).max(1) - 1;
        let text = error.to_string();
        let problem = text.split(" at line ").next().unwrap_or_default();
        self.no_log(&format!("line {line}, column {}: no record: {problem}", error.column().max(1)))
    }

    /// `E0705`, as a file that cannot be used: the verdict is about logs only.
    fn no_log(&self, problem: &str) -> Trouble {
        let diagnostic = Diagnostic::new(Code("E0705"), format!("`{}` cannot be used: {problem}", self.name))
            .help("`tellc check-trace --help` shows what a log looks like");
        Trouble::Report(Box::new(Report { diagnostics: vec![diagnostic], files: Files::default(), exit: Exit::Usage }))
    }
}

/// What a line means.
fn record(line: Line) -> Result<Record, String> {
    let session = match line.session {
        None => 0,
        Some(Number::One(number)) => number,
        Some(Number::Nested(_)) if line.event.is_some() => return Ok(Record::Other),
        Some(Number::Nested(text)) => return Err(format!("`session` is the text `{text}`, not a number")),
    };
    if line.end == Some(Value::Bool(true)) {
        return Ok(Record::End { session });
    }
    if line.trace.is_some() {
        return Ok(Record::Other);
    }
    let missing = |key: &str| format!("key `{key}` is missing");
    let text = line.payload.as_ref().map_or_else(String::new, written);
    // In our own traces `op` is the operation of an effect.
    let (is_send, peer, payload) = match (line.event.as_deref(), line.op.as_deref()) {
        (Some("Sent" | "Offered"), _) => (true, line.to.ok_or_else(|| missing("to"))?, printed(line.payload)),
        (Some("Received" | "Chose"), _) => (false, line.from.ok_or_else(|| missing("from"))?, printed(line.payload)),
        // A role closes a nested session.
        (Some("Closed"), _) if line.role.is_none() => return Ok(Record::End { session }),
        (Some(_), _) => return Ok(Record::Other),
        (None, Some("send")) => (true, line.peer.ok_or_else(|| missing("peer"))?, payload(line.payload)?),
        (None, Some("recv")) => (false, line.peer.ok_or_else(|| missing("peer"))?, payload(line.payload)?),
        (None, Some(other)) => return Err(format!("`op` is `{other}`, neither `send` nor `recv`")),
        (None, None) => return Err(missing("op")),
    };
    let role = line.role.ok_or_else(|| missing("role"))?;
    let label = line.label.ok_or_else(|| missing("label"))?;
    Ok(Record::Message { session, role, is_send, peer, label, payload, text })
}

/// A payload for people, cut where it is long.
fn written(payload: &Value) -> String {
    let text = match payload {
        Value::Null => return "no payload".to_owned(),
        Value::String(text) if text.is_empty() || text == "()" => return "no payload".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

/// A payload in a log: a sort, a number or a truth value.
fn payload(value: Option<Value>) -> Result<Payload, String> {
    Ok(match value {
        None => Payload::Unknown,
        Some(Value::Bool(_)) => Payload::Sort(Sort::Bool),
        Some(Value::Number(number)) => {
            let is_whole = number.is_i64() || number.is_u64();
            Payload::Number { is_negative: number.as_f64().is_some_and(|number| number < 0.0), is_whole }
        }
        Some(other) => Payload::Sort(sort(&other).ok_or_else(|| format!("`payload` {other} is no sort"))?),
    })
}

/// A sort as schema `lean_bridge.v1` writes it; `null` is none, `str` is `string`, another name is a type. JSON is read
/// up to a fixed nesting, so this ends.
fn sort(value: &Value) -> Option<Sort> {
    let name = match value {
        Value::Null => return Some(Sort::Unit),
        Value::String(name) => name.as_str(),
        Value::Object(keys) if keys.len() == 1 => {
            let (key, value) = keys.iter().next()?;
            return match (key.as_str(), value) {
                ("vector", length) => length.as_u64().map(Sort::Vector),
                ("named", name) => name.as_str().map(|name| Sort::Named(name.to_owned())),
                ("prod", Value::Array(parts)) if parts.len() == 2 => {
                    Some(Sort::Prod(Box::new(sort(&parts[0])?), Box::new(sort(&parts[1])?)))
                }
                _ => None,
            };
        }
        _ => return None,
    };
    Some(match name {
        "unit" => Sort::Unit,
        "nat" => Sort::Nat,
        "int" => Sort::Int,
        "bool" => Sort::Bool,
        "string" | "str" => Sort::String,
        "bytes" => Sort::Bytes,
        "real" => Sort::Real,
        other => Sort::Named(other.to_owned()),
    })
}

/// A payload in a trace of `tellc run`.
fn printed(value: Option<Value>) -> Payload {
    match value {
        Some(Value::String(text)) => Payload::Printed(text),
        _ => Payload::Unknown,
    }
}
