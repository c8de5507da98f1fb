//! What happens in a run, written down: JSON lines for programs, one line per message for people.

use crate::input::is_dash;
use crate::outcome::Trouble;
use crate::output::Output;
use serde::Serialize;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use tell_vm::Description;

/// First line of a trace (schema `docs/schema/trace.json`).
#[derive(Debug, Serialize)]
pub(crate) struct Header {
    /// Name and version of this format.
    pub(crate) trace: &'static str,
    /// Content id of the image.
    pub(crate) image: String,
    /// Its protocol.
    pub(crate) protocol: String,
    /// Its roles.
    pub(crate) roles: Vec<String>,
    /// What the machine was told.
    pub(crate) configuration: Configuration,
    /// Seed of random numbers and choices.
    pub(crate) seed: u64,
    /// Versions of what wrote it.
    pub(crate) versions: Versions,
}

/// What a run was told.
#[derive(Debug, Serialize)]
pub(crate) struct Configuration {
    /// `cooperative`
    pub(crate) engine: &'static str,
    /// Number of sessions.
    pub(crate) sessions: u32,
    /// Steps of one session before the next one goes on.
    pub(crate) quantum: u32,
    /// Steps of one role while others of its session could go on.
    pub(crate) slice: u32,
    /// The order of steps in a session.
    pub(crate) policy: &'static str,
    /// Messages that fit between two roles.
    pub(crate) edge_capacity: u32,
    /// What all steps of one coroutine may cost; `null` if nothing counts.
    pub(crate) credits: Option<u64>,
    /// Steps after which the run is stopped.
    pub(crate) max_steps: u64,
    /// `first`, `random`, `ask` or `file`.
    pub(crate) choose: &'static str,
}

/// Versions of what wrote a trace.
#[derive(Debug, Serialize)]
pub(crate) struct Versions {
    /// Of this program.
    pub(crate) tellc: &'static str,
    /// Of image files.
    pub(crate) image_format: u8,
}

/// A trace being written.
#[derive(Debug)]
pub(crate) enum Trace {
    /// To a file.
    File {
        /// Its name.
        name: String,
        /// The file.
        file: BufWriter<File>,
    },
    /// To standard output.
    Output(Output),
}

impl Trace {
    /// Opens the file and writes the header.
    ///
    /// # Errors
    /// `E0703`; those of standard output. Likewise below.
    pub(crate) fn create(path: &Path, header: &Header, output: &Output) -> Result<Self, Trouble> {
        let mut trace = if is_dash(path) {
            Self::Output(output.clone())
        } else {
            let name = path.display().to_string();
            let file = File::create(path).map_err(|error| Trouble::io("written", &name, &error))?;
            Self::File { name, file: BufWriter::new(file) }
        };
        let header = serde_json::to_string(header).expect("plain data becomes JSON");
        trace.line(&header)?;
        Ok(trace)
    }

    fn line(&mut self, line: &str) -> Result<(), Trouble> {
        match self {
            Self::File { name, file } => writeln!(file, "{line}").map_err(|error| Trouble::io("written", name, &error)),
            Self::Output(output) => Ok(output.line(line)?),
        }
    }

    /// Writes an event.
    ///
    /// # Errors
    /// As [`Trace::create`].
    pub(crate) fn event(&mut self, event: &Description) -> Result<(), Trouble> {
        self.line(&event_line(event))
    }

    /// Makes sure that all is written.
    ///
    /// # Errors
    /// As [`Trace::create`].
    pub(crate) fn finish(self) -> Result<(), Trouble> {
        match self {
            Self::File { name, mut file } => file.flush().map_err(|error| Trouble::io("written", &name, &error)),
            Self::Output(output) => Ok(output.flush()?),
        }
    }
}

/// Keys whose values are numbers or truth values; all others are texts.
const BARE: [&str; 7] = ["number", "request", "epoch", "by_notice", "scope", "run", "branch"];

fn event_line(event: &Description) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let role = event.role.as_deref().map_or_else(|| "null".to_owned(), quoted);
    let mut line = format!("{{\"tick\":{},\"session\":{},\"role\":{role}", event.tick, event.session);
    write!(line, ",\"event\":{},\"sequence\":{}", quoted(event.event), event.sequence)
        .expect("writing to a String succeeds");
    for (key, value) in &event.fields {
        let value = if BARE.contains(key) { value.clone() } else { quoted(value) };
        write!(line, ",\"{key}\":{value}").expect("writing to a String succeeds");
    }
    line.push('}');
    line
}

/// Which sessions a message line has to tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sessions {
    /// There is one only.
    One,
    /// There are several.
    Several,
}

/// `Alice -> Seller : Title("Dune")`
pub(crate) fn write_message(event: &Description, sessions: Sessions, output: &Output) -> io::Result<()> {
    let field = |name: &str| event.fields.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value.as_str());
    let (from, to, label) = (event.role.as_deref().unwrap_or_default(), field("to"), field("label"));
    let payload = match field("payload") {
        "" | "()" => String::new(),
        // Several fields are a tuple, which has parentheses already.
        tuple if tuple.starts_with('(') => tuple.to_owned(),
        one => format!("({one})"),
    };
    match sessions {
        Sessions::One => output.line(format_args!("{from} -> {to} : {label}{payload}")),
        Sessions::Several => output.line(format_args!("{}: {from} -> {to} : {label}{payload}", event.session)),
    }
}
