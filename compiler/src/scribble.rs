//! Global protocols of Scribble and nuScr to `.tell` text.
//!
//! ```text
//! text ─token─► tokens ─parse─► Module ─check─► Module ─name, payload─► names and fields ─write─► .tell text
//! ```
//!
//! One grammar for both: that of the Scribble language reference (0.3 to 0.5, `do` with both forms of arguments) and
//! of nuScr without its extensions. What has no meaning in Tell is refused by name (`E0802`). This only translates:
//! whether a protocol can be implemented is for [`crate::pipeline::check`] of the result to say. Start with [`read`]
//! and [`write()`].

mod check;
mod name;
mod parse;
mod payload;
mod token;
mod write;

use tell_language::diagnostic::{Code, Diagnostic};
use tell_language::span::{FileId, Span};

pub use write::write;

/// Largest text that is read, in bytes.
pub const MAX_BYTES: usize = 16 << 20;

/// Most errors that are reported of one file.
const MAX_ERRORS: usize = 100;

/// A word of the text and where it stands.
#[derive(Clone, Copy, Debug)]
struct Name<'t> {
    text: &'t str,
    span: Span,
}

/// The protocols of a file.
#[derive(Debug)]
pub struct Module<'t> {
    file: FileId,
    /// Declared payload types.
    types: Vec<Name<'t>>,
    /// In text order; at least one.
    protocols: Vec<Protocol<'t>>,
}

/// A global protocol.
#[derive(Debug)]
struct Protocol<'t> {
    name: Name<'t>,
    /// Whether only other protocols use it.
    is_aux: bool,
    roles: Vec<Name<'t>>,
    body: Block<'t>,
}

/// Statements one after the other; nested at most [`parse::MAX_DEPTH`] deep, so that walking one may recurse.
type Block<'t> = Vec<Stmt<'t>>;

#[derive(Debug)]
enum Stmt<'t> {
    /// `label(payload) from from to to, to;`
    Message(Message<'t>),
    /// `choice at decider { … } or { … }`
    Choice { decider: Name<'t>, arms: Vec<Block<'t>> },
    /// `rec name { … }`
    Rec { name: Name<'t>, body: Block<'t> },
    /// `continue name;`
    Continue(Name<'t>),
    /// `do protocol(args);`
    Do { protocol: Name<'t>, args: Vec<Arg<'t>> },
}

#[derive(Debug)]
struct Message<'t> {
    /// `None`: `(int) from A to B;`
    label: Option<Name<'t>>,
    payload: Vec<Payload<'t>>,
    from: Name<'t>,
    /// At least one.
    to: Vec<Name<'t>>,
    span: Span,
}

/// `name: ty`; of a qualified type, its last part.
#[derive(Clone, Copy, Debug)]
struct Payload<'t> {
    name: Option<Name<'t>>,
    ty: Name<'t>,
}

/// `role`, or `role as parameter`.
#[derive(Clone, Copy, Debug)]
struct Arg<'t> {
    role: Name<'t>,
    parameter: Option<Name<'t>>,
}

impl<'t> Module<'t> {
    /// Names of the protocols, in text order; at least one.
    #[must_use]
    pub fn protocols(&self) -> Vec<&'t str> {
        self.protocols.iter().map(|protocol| protocol.name.text).collect()
    }
}

/// Something the writer had to change, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The place in the source.
    pub span: Span,
    /// What is different in the result, and why.
    pub text: String,
}

/// A translated file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The `.tell` text.
    pub text: String,
    /// What was renamed, in text order.
    pub notes: Vec<Note>,
}

/// Reads the protocols of a file; all their names are declared.
///
/// # Errors
/// `E0801` (syntax), `E0802` (what Tell has no counterpart of), `E0803` to `E0807` (names), `E0106`, `E0113`; each
/// has a place and a help line.
pub fn read(file: FileId, text: &str) -> Result<Module<'_>, Vec<Diagnostic>> {
    if text.len() > MAX_BYTES {
        return Err(vec![too_large(file, format!("this text is larger than {} MiB", MAX_BYTES >> 20))]);
    }
    let module = parse::parse(file, text)?;
    match check::check(&module) {
        errors if errors.is_empty() => Ok(module),
        errors => Err(errors),
    }
}

fn too_large(file: FileId, message: String) -> Diagnostic {
    Diagnostic::new(Code("E0113"), message)
        .label(file, Span::default(), "in this file")
        .help("split it into several files")
}
