//! What can still be said of a file in which something could not be read.
//!
//! What could not be read is missing: what is declared, who holds what, and what follows what, is not known. Where only
//! statements are missing, the other declarations are judged as if nothing had happened.

use crate::hir::Program;
use crate::kept::{is_unknown_name, is_unread};
use tell_language::ast::{Decl, DeclKind};
use tell_language::diagnostic::Diagnostic;
use tell_language::span::{FileId, Span};

/// Where something could not be read.
pub struct Unread {
    /// The declarations it is in.
    declarations: Vec<(FileId, Span)>,
    /// Whether all of it is in bodies of protocols: the declarations are there, whatever is missing.
    only_bodies: bool,
}

impl Unread {
    /// The places that the parser reported.
    #[must_use]
    pub fn new(program: &Program, diagnostics: &[Diagnostic]) -> Self {
        let mut unread = Self { declarations: Vec::new(), only_bodies: true };
        for (file, place) in diagnostics.iter().filter(|one| is_unread(one)).map(Diagnostic::position) {
            let module = program.modules.iter().find(|module| module.file == file);
            let around = module.into_iter().flat_map(|module| &module.ast.decls).find(|decl| holds(decl.span, place));
            unread.declarations.extend(around.map(|decl| (file, decl.span)));
            unread.only_bodies &= around.is_some_and(|decl| is_in_body(decl, place));
        }
        unread.declarations.dedup();
        unread
    }

    /// Whether a diagnostic is right whatever is missing.
    #[must_use]
    pub fn keeps(&self, diagnostic: &Diagnostic) -> bool {
        let (file, place) = diagnostic.position();
        let code = diagnostic.code.0;
        let is_beside = || self.declarations.iter().any(|(other, span)| *other == file && holds(*span, place));
        is_unread(diagnostic)
            || depends_on_nothing_else(code)
            || (self.only_bodies && !depends_on_all_text(code) && !is_beside())
    }
}

fn holds(span: Span, place: Span) -> bool {
    span.start <= place.start && place.start <= span.end
}

fn is_in_body(decl: &Decl, place: Span) -> bool {
    match &decl.kind {
        DeclKind::Protocol(protocol) => protocol.locals.is_empty() && holds(protocol.body.span, place),
        _ => false,
    }
}

/// Whether a diagnostic is about what it shows alone.
fn depends_on_nothing_else(code: &str) -> bool {
    matches!(code, "E0210" | "E0211" | "E0212" | "E0213" | "E0217" | "E0410" | "E0412" | "E0503")
}

/// Whether a diagnostic can come from a declaration or statement that is missing elsewhere.
fn depends_on_all_text(code: &str) -> bool {
    is_unknown_name(code)
        || matches!(
            code,
            "E0302" | "E0303" | "E0304" | "E0307" | "E0313" | "E0414" | "E0416" | "E0511" | "E0512" | "E0513"
        )
}
