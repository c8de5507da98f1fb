//! Builder: patterns.

use super::builder::{Builder, Mark, starts_with_capital};
use crate::ast::{Name, PatternId, PatternKind};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::token::{integer, nanoseconds};

impl Builder<'_> {
    /// A name or path: `_`, a variable, or a constructor with its arguments.
    pub(super) fn constructor_pattern(
        &mut self,
        path: Mark,
        args: Option<Vec<PatternId>>,
        l: u32,
        r: u32,
    ) -> PatternId {
        let span = Span::new(l, r);
        let path = self.path(path);
        let last = path.last();
        let is_constructor = starts_with_capital(self.name_text(last));
        if !is_constructor && path.names.len() == 1 && args.is_none() {
            return self.variable_pattern(last);
        }
        if !is_constructor {
            self.capital(last, "the constructor");
        }
        let children = args.unwrap_or_default();
        self.pattern(PatternKind::Constructor { path, args: children.clone().into() }, span, &children)
    }

    fn variable_pattern(&mut self, name: Name) -> PatternId {
        let kind = if self.name_text(name) == "_" { PatternKind::Wildcard } else { PatternKind::Var(name.symbol) };
        self.pattern(kind, name.span, &[])
    }

    pub(super) fn boolean_pattern(&mut self, value: bool, l: u32, r: u32) -> PatternId {
        self.pattern(PatternKind::Bool(value), Span::new(l, r), &[])
    }

    /// An integer whose digits start at `digits`, after a minus if it is `negative`.
    pub(super) fn integer_pattern(&mut self, negative: bool, digits: u32, l: u32, r: u32) -> PatternId {
        let span = Span::new(l, r);
        let magnitude = integer(self.slice(digits, r)).unwrap_or(0);
        let value = if negative { 0_i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() };
        if value.is_none() {
            self.report(super::expressions::unsigned_minimum(self.file, span));
        }
        self.pattern(PatternKind::Int(value.unwrap_or(0)), span, &[])
    }

    pub(super) fn duration_pattern(&mut self, l: u32, r: u32) -> PatternId {
        let value = nanoseconds(self.slice(l, r)).unwrap_or(0);
        self.pattern(PatternKind::Duration(value), Span::new(l, r), &[])
    }

    pub(super) fn string_pattern(&mut self, l: u32, r: u32) -> PatternId {
        let symbol = self.string_symbol(l, r);
        self.pattern(PatternKind::String(symbol), Span::new(l, r), &[])
    }

    pub(super) fn parenthesized_pattern(&mut self, mut parts: Vec<PatternId>, l: u32, r: u32) -> PatternId {
        let span = Span::new(l, r);
        match parts.len() {
            0 => self.pattern(PatternKind::Unit, span, &[]),
            1 => parts.remove(0),
            _ => self.pattern(PatternKind::Tuple(parts.clone().into()), span, &parts),
        }
    }

    pub(super) fn list_pattern(&mut self, parts: Vec<PatternId>, l: u32, r: u32) -> PatternId {
        self.pattern(PatternKind::List(parts.clone().into()), Span::new(l, r), &parts)
    }

    pub(super) fn record_pattern(&mut self, fields: Vec<(Name, PatternId)>, l: u32, r: u32) -> PatternId {
        let children: Vec<PatternId> = fields.iter().map(|(_, pattern)| *pattern).collect();
        if let Some((name, _)) = fields.iter().find(|(name, _)| starts_with_capital(self.name_text(*name))) {
            self.small(*name, "the field");
        }
        self.pattern(PatternKind::Record(fields.into()), Span::new(l, r), &children)
    }

    /// `{ a }` binds the field `a` to its own name.
    pub(super) fn short_field_pattern(&mut self, name: Name) -> (Name, PatternId) {
        if self.name_text(name) == "_" {
            self.report(
                Diagnostic::new(Code("E0102"), "expected a field, found `_`")
                    .label(self.file, name.span, "a record pattern names the fields it looks at")
                    .help("leave the field out: a record pattern need not name them all"),
            );
        }
        (name, self.pattern(PatternKind::Var(name.symbol), name.span, &[]))
    }
}
