//! What happens in a run, written down: JSON lines or bytes for programs, one line per message for people.

use crate::input::is_dash;
use crate::outcome::Trouble;
use crate::output::Output;
use serde::Serialize;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use tell_language::render::one_line;
use tell_vm::trace::stream::Encoder;
use tell_vm::{BatchView, Description};

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

/// Extension of the files whose traces are bytes of [`stream`](tell_vm::trace::stream).
const BINARY: &str = "tellt";

/// Bytes after which what was collected is written.
const PIECE: usize = 1 << 16;

/// A trace being written: JSON lines, or a stream for a file that is called so.
#[derive(Debug)]
pub(crate) struct Trace {
    target: Target,
    /// None for JSON lines.
    encoder: Option<Encoder>,
    /// What is not yet written.
    bytes: Vec<u8>,
}

/// Where a trace goes.
#[derive(Debug)]
enum Target {
    File {
        name: String,
        file: File,
    },
    /// Standard output.
    Output(Output),
}

/// Whether a path is that of a trace in bytes.
pub(crate) fn is_binary(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == BINARY)
}

impl Trace {
    /// Opens the file and writes the header.
    ///
    /// # Errors
    /// `E0703`; those of standard output. Likewise below.
    pub(crate) fn create(path: &Path, header: &Header, output: &Output) -> Result<Self, Trouble> {
        let target = if is_dash(path) {
            Target::Output(output.clone())
        } else {
            let name = path.display().to_string();
            let file = File::create(path).map_err(|error| Trouble::io("written", &name, &error))?;
            Target::File { name, file }
        };
        let header = serde_json::to_string(header).expect("plain data becomes JSON");
        let mut bytes = Vec::new();
        let encoder = is_binary(path).then(|| {
            let mut encoder = Encoder::new(&mut bytes);
            encoder.note(&header, &mut bytes);
            encoder
        });
        let mut trace = Self { target, encoder, bytes };
        if trace.encoder.is_none() {
            trace.line(&header);
        }
        trace.write()?;
        Ok(trace)
    }

    fn line(&mut self, line: &str) {
        self.bytes.extend_from_slice(line.as_bytes());
        self.bytes.push(b'\n');
    }

    /// Writes what happened at a commit.
    ///
    /// # Errors
    /// As [`Trace::create`].
    pub(crate) fn batch(&mut self, batch: &BatchView<'_>) -> Result<(), Trouble> {
        match &mut self.encoder {
            Some(encoder) => encoder.batch(batch, &mut self.bytes),
            None => {
                for event in batch.events() {
                    self.line(&event_line(&batch.describe(&event)));
                    self.write_if_much()?;
                }
            }
        }
        self.write_if_much()
    }

    fn write_if_much(&mut self) -> Result<(), Trouble> {
        if self.bytes.len() < PIECE { Ok(()) } else { self.write() }
    }

    fn write(&mut self) -> Result<(), Trouble> {
        match &mut self.target {
            Target::File { name, file } => {
                file.write_all(&self.bytes).map_err(|error| Trouble::io("written", name, &error))?;
            }
            Target::Output(output) => output.bytes(&self.bytes)?,
        }
        self.bytes.clear();
        Ok(())
    }

    /// Makes sure that all is written.
    ///
    /// # Errors
    /// As [`Trace::create`].
    pub(crate) fn finish(mut self) -> Result<(), Trouble> {
        if let Some(encoder) = self.encoder.take() {
            encoder.end(&mut self.bytes);
        }
        self.write()?;
        match self.target {
            Target::File { .. } => Ok(()),
            Target::Output(output) => Ok(output.flush()?),
        }
    }
}

/// Keys whose values are numbers or truth values; all others are texts.
const BARE: [&str; 8] = ["number", "request", "epoch", "by_notice", "scope", "run", "branch", "holds"];

/// An event as a JSON line.
pub(crate) fn event_line(event: &Description) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let role = event.role.as_deref().map_or_else(|| "null".to_owned(), quoted);
    // A nested session is a path of numbers.
    let session = if event.session.contains('.') { quoted(&event.session) } else { event.session.clone() };
    let mut line = format!("{{\"tick\":{},\"session\":{session},\"role\":{role}", event.tick);
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
        Sessions::One => output.line(one_line(&format!("{from} -> {to} : {label}{payload}"))),
        Sessions::Several => output.line(one_line(&format!("{}: {from} -> {to} : {label}{payload}", event.session))),
    }
}
