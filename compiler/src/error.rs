//! Reports that several stages make.

use tell_language::ast::Construct;
use tell_language::diagnostic::{Code, Diagnostic};
use tell_language::span::{FileId, Span};

/// A construct that is read but not executed yet.
#[must_use]
pub fn refused(file: FileId, construct: Construct, span: Span) -> Diagnostic {
    Diagnostic::new(Code("E0901"), format!("{} is not executable yet", construct.text()))
        .label(file, span, "not executable yet")
        .help("remove it; `tellc explain E0901` lists what this version executes")
}
