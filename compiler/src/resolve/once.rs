//! Names that may stand once in a list: parameters, fields, operations.

use rustc_hash::FxHashMap;
use tell_language::ast::Name;
use tell_language::span::Span;
use tell_language::symbol::Symbol;

/// The names of a list that were met so far, and where each stood first.
#[derive(Debug, Default)]
pub(crate) struct Once(FxHashMap<Symbol, Span>);

impl Once {
    /// Where the name stood before; if it did not, it does from now on.
    pub(crate) fn earlier(&mut self, name: Name) -> Option<Span> {
        let first = *self.0.entry(name.symbol).or_insert(name.span);
        (first != name.span).then_some(first)
    }
}
