//! `tellc show TRACE --image FILE`: a trace in bytes as the JSON lines that `tellc run` writes otherwise.

use crate::args::{Show, Sizes};
use crate::compile::compile;
use crate::input::{is_dash, read_as, shown};
use crate::outcome::{Exit, Trouble};
use crate::output::Output;
use crate::trace::event_line;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use tell_ir::hash::{ContentId, content_id};
use tell_language::diagnostic::{Code, Diagnostic};
use tell_vm::Describer;
use tell_vm::bytes::BytesError;
use tell_vm::trace::stream::{Decoder, Frame, Step};

/// Prints a trace, as far as it can be read.
///
/// # Errors
/// `E0703`, `E0706`; what is wrong with the program.
pub(super) fn show(args: &Show, image: &Path, output: &Output) -> Result<Exit, Trouble> {
    let path = &args.source.file;
    let name = shown(path);
    let image = compile(read_as(image, None)?, args.protocol.as_deref(), &args.sizes, output)?.image.into_image();
    let id = content_id(&image);
    let mut given = BTreeMap::from([(id, image)]);
    for path in &args.nested {
        let image = compile(read_as(path, None)?, None, &Sizes::default(), output)?.image.into_image();
        given.insert(content_id(&image), image);
    }
    let mut describers = BTreeMap::new();
    let unreadable = |error: io::Error| Trouble::io("read", &name, &error);
    let wrong = |error: BytesError| malformed(&name, &error.to_string());
    let mut pieces = Pieces::open(path).map_err(unreadable)?;
    let (mut decoder, mut needed) = (Decoder::default(), 0);
    loop {
        let is_all = !pieces.fill(needed).map_err(unreadable)?;
        let used = match decoder.step(&pieces.bytes).map_err(wrong)? {
            Step::More(_) if is_all => {
                decoder.finish(&pieces.bytes).map_err(wrong)?;
                return Ok(Exit::Ok);
            }
            Step::More(count) => {
                // Behind the end there has to be nothing.
                needed = count.max(1);
                continue;
            }
            Step::Frame(used, frame) => {
                match frame {
                    Frame::Note(header) if is_header(header) => output.line(header)?,
                    Frame::Note(_) => return Err(malformed(&name, "its header is not a line of JSON")),
                    Frame::Image(number, found) => match given.remove(&found) {
                        Some(image) => drop(describers.insert(number, Describer::new(image))),
                        None if describers.is_empty() => return Err(another(&name, &found, &id)),
                        None => return Err(no_nested(&name, &found)),
                    },
                    Frame::Batch(batch) => {
                        for event in batch {
                            let event = event.map_err(wrong)?;
                            let describer = describers.get(&event.image).expect("a batch is of an image that is known");
                            output.line(event_line(&describer.describe(&event)))?;
                        }
                    }
                    Frame::End => {}
                }
                used
            }
        };
        pieces.bytes.drain(..used);
        needed = 0;
    }
}

/// A file that is read as far as it is needed.
struct Pieces {
    file: Box<dyn Read>,
    bytes: Vec<u8>,
}

impl Pieces {
    fn open(path: &Path) -> io::Result<Self> {
        let file: Box<dyn Read> =
            if is_dash(path) { Box::new(io::stdin().lock()) } else { Box::new(BufReader::new(File::open(path)?)) };
        Ok(Self { file, bytes: Vec::new() })
    }

    /// Reads until there are so many bytes; false if the file has no more. A length that is a lie takes no memory.
    fn fill(&mut self, count: usize) -> io::Result<bool> {
        let missing = count.saturating_sub(self.bytes.len());
        let read = (&mut self.file).take(missing as u64).read_to_end(&mut self.bytes)?;
        Ok(read == missing)
    }
}

/// Whether a text can be the first line of a trace.
fn is_header(text: &str) -> bool {
    !text.contains(char::is_control) && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// `E0706`
fn malformed(name: &str, why: &str) -> Trouble {
    let text = format!("`{name}` is not a whole trace: {why}");
    Trouble::plain(Diagnostic::new(Code("E0706"), text).help("lines above are what could be read of it"))
}

/// `E0706`
fn no_nested(name: &str, found: &ContentId) -> Trouble {
    let text = format!("`{name}` goes on with sessions of an image that is not given");
    let diagnostic = Diagnostic::new(Code("E0706"), text)
        .note(format!("content id {found}"))
        .help("give what was given to the run: `--with FILE`");
    Trouble::plain(diagnostic)
}

/// `E0706`
fn another(name: &str, found: &ContentId, given: &ContentId) -> Trouble {
    let text = format!("`{name}` is a trace of another program");
    let diagnostic = Diagnostic::new(Code("E0706"), text)
        .note(format!("it is of image {}; this one is {}", found.short(), given.short()))
        .help("name the image that was run, or the program as it was then, with the same `--protocol` and `--bind`");
    Trouble::plain(diagnostic)
}
