//! Which of very many diagnostics are kept: the first ones in source order, each once.

use rustc_hash::FxHashSet;
use tell_language::diagnostic::Diagnostic;

/// Diagnostics of a file that are kept; the first ones in source order.
pub const MAX_DIAGNOSTICS: usize = 1_000;

/// So many are collected before those that will not be kept are dropped.
pub(crate) const MANY: usize = 8 * MAX_DIAGNOSTICS;

/// Source order, each once; warnings only when there are no errors, so that nothing merely follows from one.
pub(crate) fn tidy(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    first(diagnostics, MAX_DIAGNOSTICS)
}

/// Of very many, drops what [`tidy`] would not keep. What is about text that could not be read stands apart: it decides
/// what else is said.
pub(crate) fn crop(diagnostics: &mut Vec<Diagnostic>) {
    if diagnostics.len() >= MANY {
        let (unread, others) = std::mem::take(diagnostics).into_iter().partition(is_unread);
        *diagnostics = first(unread, MANY / 4);
        diagnostics.extend(first(others, MANY / 4));
    }
}

/// The first ones in source order.
fn first(mut diagnostics: Vec<Diagnostic>, most: usize) -> Vec<Diagnostic> {
    if diagnostics.iter().any(Diagnostic::is_error) {
        diagnostics.retain(Diagnostic::is_error);
    }
    diagnostics.sort_by_key(Diagnostic::position);
    let mut unique: Vec<Diagnostic> = Vec::new();
    let mut said: FxHashSet<(&str, String)> = FxHashSet::default();
    for diagnostic in diagnostics {
        // A name that means nothing is one mistake, however often it is used.
        let is_about_name =
            is_unknown_name(diagnostic.code.0) || matches!(diagnostic.code.0, "E0302" | "E0305" | "E0306" | "E0501");
        if is_about_name && !said.insert((diagnostic.code.0, diagnostic.message.clone())) {
            continue;
        }
        if !unique.iter().rev().take(8).any(|known| *known == diagnostic) {
            unique.push(diagnostic);
        }
        if unique.len() == most {
            break;
        }
    }
    unique
}

/// Whether a diagnostic is about text that could not be read.
pub(crate) fn is_unread(diagnostic: &Diagnostic) -> bool {
    diagnostic.code.0.starts_with("E01")
}

/// Whether a diagnostic says that a name means nothing.
pub(crate) fn is_unknown_name(code: &str) -> bool {
    matches!(
        code,
        "E0201"
            | "E0202"
            | "E0203"
            | "E0204"
            | "E0205"
            | "E0206"
            | "E0208"
            | "E0209"
            | "E0215"
            | "E0250"
            | "E0251"
            | "E0252"
            | "E0257"
    )
}
