//! Reading files: what a command was given, recognised by its content.

use crate::args::Source;
use crate::outcome::Trouble;
use crate::seen;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use tell_ir::codec::{MAGIC, MAX_IMAGE_BYTES};
use tell_language::diagnostic::{Code, Diagnostic};
use tell_language::parse::MAX_BYTES;
use tell_language::span::{FileId, Files, Span};

/// A file with its name for diagnostics.
#[derive(Debug)]
pub(crate) enum Input {
    /// A program.
    Program {
        /// Its name.
        name: String,
        /// Its text.
        text: String,
    },
    /// A global type as JSON.
    Global {
        /// Its name.
        name: String,
        /// Its text.
        text: String,
    },
    /// An image.
    Image {
        /// Its name.
        name: String,
        /// Its bytes.
        bytes: Vec<u8>,
    },
}

/// Whether a path stands for standard input or output.
pub(crate) fn is_dash(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Reads a file and recognises what it is.
///
/// # Errors
/// `E0703`, and `E0112` and `E0113` for text.
pub(crate) fn read(source: &Source) -> Result<Input, Trouble> {
    read_as(&source.file, source.stdin_filename.as_deref())
}

/// As [`read`], of a path.
///
/// # Errors
/// `E0703`, and `E0112` and `E0113` for text.
pub(crate) fn read_as(path: &Path, stdin_filename: Option<&str>) -> Result<Input, Trouble> {
    let name = match stdin_filename {
        Some(name) if is_dash(path) => name.to_owned(),
        _ => shown(path),
    };
    let bytes = bytes(path)?;
    if bytes.starts_with(MAGIC) || Path::new(&name).extension().is_some_and(|extension| extension == "tellimg") {
        return Ok(Input::Image { name, bytes });
    }
    no_text_of_image(&name, &bytes)?;
    let text = text(&name, bytes)?;
    let start = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    // `{-` starts a comment of a program.
    let is_json = (start.starts_with('{') && !start.starts_with("{-"))
        || Path::new(&name).extension().is_some_and(|extension| extension == "json");
    Ok(if is_json { Input::Global { name, text } } else { Input::Program { name, text } })
}

/// Refuses the text of an image where an image could stand.
///
/// # Errors
/// A usage error that says how the image is made.
pub(crate) fn no_text_of_image(name: &str, bytes: &[u8]) -> Result<(), Trouble> {
    if bytes.starts_with(MAGIC) || Path::new(name).extension().is_none_or(|extension| extension != "tellasm") {
        return Ok(());
    }
    Err(Trouble::usage(format!("`{name}` is the text of an image: `tellc asm {name}` makes the image")))
}

/// The name of a file in messages.
pub(crate) fn shown(path: &Path) -> String {
    if is_dash(path) { "<stdin>".to_owned() } else { path.display().to_string() }
}

/// The bytes of a file, up to one more than anything we read may have.
///
/// # Errors
/// `E0703`
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, Trouble> {
    let read = if is_dash(path) {
        let mut bytes = Vec::new();
        io::stdin().lock().take(MOST).read_to_end(&mut bytes).map(|_| bytes)
    } else {
        file(path)
    };
    read.map_err(|error| Trouble::io("read", &shown(path), &error))
}

/// One byte more than anything we read may have.
const MOST: u64 = if MAX_BYTES > MAX_IMAGE_BYTES { MAX_BYTES as u64 + 1 } else { MAX_IMAGE_BYTES as u64 + 1 };

/// The bytes of a file that is not standard input, up to one more than anything we read may have.
///
/// # Errors
/// Those of the operating system.
pub(crate) fn file(path: &Path) -> io::Result<Vec<u8>> {
    seen::file(path);
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The text of a file.
///
/// # Errors
/// `E0113` if it is too long, `E0112` if it is not UTF-8.
pub(crate) fn text(name: &str, bytes: Vec<u8>) -> Result<String, Trouble> {
    if bytes.len() > MAX_BYTES {
        let text = format!("`{name}` is larger than {} MiB", MAX_BYTES >> 20);
        return Err(Trouble::plain(Diagnostic::new(Code("E0113"), text).help("split it into several files")));
    }
    String::from_utf8(bytes).map_err(|error| not_utf8(name, &error))
}

fn not_utf8(name: &str, error: &std::string::FromUtf8Error) -> Trouble {
    let at = error.utf8_error().valid_up_to();
    let bytes = error.as_bytes();
    let mut files = Files::default();
    // What is readable up to the first wrong byte stands at the same place in the replaced text.
    let line_end = bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| at + end);
    let file = files.add(name, String::from_utf8_lossy(&bytes[..line_end]));
    let start = u32::try_from(at).unwrap_or(u32::MAX);
    let replacement = Span::new(start, start.saturating_add(3));
    let help = if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        "this looks like UTF-16: save it as UTF-8"
    } else {
        "save it as UTF-8, for example with `iconv -f latin1 -t utf-8`"
    };
    let diagnostic = Diagnostic::new(Code("E0112"), format!("`{name}` is not UTF-8"))
        .label(file, replacement, format!("byte {at} is 0x{:02x}", bytes[at]))
        .help(help);
    Trouble::report(vec![diagnostic], files)
}

/// A diagnostic at a line and column that another reader counted, both from 1.
pub(crate) fn at_line(text: &str, line: usize, column: usize) -> Span {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    let before = rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at);
    let at = u32::try_from(start + before).unwrap_or(u32::MAX);
    Span::new(at, at.saturating_add(1))
}

/// Text that is not the JSON it should be.
pub(crate) fn bad_json(name: &str, text: &str, place: Option<(usize, usize)>, message: &str, help: &str) -> Trouble {
    let mut files = Files::default();
    let diagnostic = Diagnostic::new(Code("E0705"), format!("`{name}` cannot be used: {message}")).help(help);
    let diagnostic = match place {
        None => diagnostic,
        Some((line, column)) => {
            let file: FileId = files.add(name, text);
            diagnostic.label(file, at_line(text, line, column), "here")
        }
    };
    Trouble::report(vec![diagnostic], files)
}
