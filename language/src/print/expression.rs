//! Printer: expressions, types and patterns, each on one line.

use std::fmt::Write as _;

use super::Printer;
use crate::ast::{ExprId, ExprKind, Name, PatternId, PatternKind, TypeId, TypeKind, UnaryOp};
use crate::parse::infix_precedence;
use crate::token::KEYWORDS;

/// Binds tighter than every operator.
const ATOM: u8 = 9;
/// Binding of the minus sign, also of that of a literal.
const NEGATION: u8 = 8;
const NOT: u8 = 3;
const COMPARISON: u8 = 4;

impl Printer<'_> {
    // ---- expressions

    pub(super) fn exprs(&self, ids: &[ExprId]) -> String {
        ids.iter().map(|id| self.expr(*id)).collect::<Vec<_>>().join(", ")
    }

    /// An expression that ends where it ends whatever follows.
    pub(super) fn expr(&self, id: ExprId) -> String {
        self.operand(id, 0)
    }

    /// The right-hand side of a binding, where an `if` needs no parentheses.
    pub(super) fn value(&self, id: ExprId) -> String {
        match self.ast.expr(id).kind {
            ExprKind::If { .. } => self.bare(id),
            _ => self.expr(id),
        }
    }

    /// An expression, in parentheses if it binds less than `least`.
    fn operand(&self, id: ExprId, least: u8) -> String {
        let (binds, conditional) = match &self.ast.expr(id).kind {
            ExprKind::Binary { op, .. } => (infix_precedence(*op), false),
            ExprKind::Unary { op: UnaryOp::Not, .. } => (NOT, false),
            ExprKind::Unary { op: UnaryOp::Neg, .. } | ExprKind::Int(i64::MIN..=-1) => (NEGATION, false),
            ExprKind::If { .. } | ExprKind::Case { .. } => (0, true),
            _ => (ATOM, false),
        };
        if conditional || binds < least { format!("({})", self.bare(id)) } else { self.bare(id) }
    }

    fn bare(&self, id: ExprId) -> String {
        match &self.ast.expr(id).kind {
            ExprKind::Unit | ExprKind::Error => "()".into(),
            ExprKind::Bool(value) => value.to_string(),
            ExprKind::Int(value) => value.to_string(),
            ExprKind::String(symbol) => quoted(self.text(*symbol)),
            ExprKind::Duration(value) => duration(*value),
            ExprKind::Var(symbol) | ExprKind::Upper(symbol) => self.text(*symbol).into(),
            ExprKind::Field { base, name } => format!("{}.{}", self.operand(*base, ATOM), self.name(*name)),
            ExprKind::Call { callee, args } => format!("{}({})", self.operand(*callee, ATOM), self.exprs(args)),
            ExprKind::Unary { op: UnaryOp::Not, operand } => format!("not {}", self.operand(*operand, NOT)),
            ExprKind::Unary { op: UnaryOp::Neg, operand } => format!("-{}", self.operand(*operand, ATOM)),
            ExprKind::Binary { op, left, right, .. } => {
                let binds = infix_precedence(*op);
                let left_binds = binds + u8::from(binds == COMPARISON);
                format!("{} {} {}", self.operand(*left, left_binds), op.text(), self.operand(*right, binds + 1))
            }
            ExprKind::If { cond, then, els } => {
                format!("if {} then {} else {}", self.expr(*cond), self.expr(*then), self.expr(*els))
            }
            ExprKind::Case { scrutinee, arms } => {
                let mut text = format!("case {} of", self.expr(*scrutinee));
                for (pattern, arm) in arms {
                    let _ = write!(text, " | {} => {}", self.pattern(*pattern), self.expr(*arm));
                }
                text
            }
            ExprKind::Record(fields) => {
                let fields = fields.iter().map(|(name, value)| format!("{} = {}", self.name(*name), self.expr(*value)));
                format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
            }
            ExprKind::Tuple(parts) => format!("({})", self.exprs(parts)),
            ExprKind::List(parts) => format!("[{}]", self.exprs(parts)),
        }
    }

    // ---- types

    pub(super) fn types(&self, ids: &[TypeId]) -> String {
        ids.iter().map(|id| self.ty(*id)).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn ty(&self, id: TypeId) -> String {
        match &self.ast.ty(id).kind {
            TypeKind::Named { path, args } => {
                let args = args.iter().map(|arg| format!(" {}", self.type_argument(*arg)));
                std::iter::once(self.path(path)).chain(args).collect()
            }
            TypeKind::Unit | TypeKind::Error => "()".into(),
            TypeKind::Tuple(parts) => format!("({})", self.types(parts)),
            TypeKind::Record(fields) => {
                let fields = fields.iter().map(|(name, ty)| format!("{} : {}", self.name(*name), self.ty(*ty)));
                format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
            }
            TypeKind::Function { params, result } => format!("Fn({}) -> {}", self.types(params), self.ty(*result)),
        }
    }

    fn type_argument(&self, id: TypeId) -> String {
        match &self.ast.ty(id).kind {
            TypeKind::Named { args, .. } if args.is_empty() => self.ty(id),
            TypeKind::Unit | TypeKind::Tuple(_) => self.ty(id),
            _ => format!("({})", self.ty(id)),
        }
    }

    // ---- patterns

    fn patterns(&self, ids: &[PatternId]) -> String {
        ids.iter().map(|id| self.pattern(*id)).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn pattern(&self, id: PatternId) -> String {
        match &self.ast.pattern(id).kind {
            PatternKind::Wildcard | PatternKind::Error => "_".into(),
            PatternKind::Var(symbol) => self.text(*symbol).into(),
            PatternKind::Unit => "()".into(),
            PatternKind::Bool(value) => value.to_string(),
            PatternKind::Int(value) => value.to_string(),
            PatternKind::String(symbol) => quoted(self.text(*symbol)),
            PatternKind::Duration(value) => duration(*value),
            PatternKind::Constructor { path, args } if args.is_empty() => self.path(path),
            PatternKind::Constructor { path, args } => format!("{}({})", self.path(path), self.patterns(args)),
            PatternKind::Tuple(parts) => format!("({})", self.patterns(parts)),
            PatternKind::Record(fields) => {
                let fields = fields.iter().map(|(name, pattern)| self.field_pattern(*name, *pattern));
                format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
            }
            PatternKind::List(parts) => format!("[{}]", self.patterns(parts)),
        }
    }

    fn field_pattern(&self, name: Name, pattern: PatternId) -> String {
        let text = self.name(name);
        match self.ast.pattern(pattern).kind {
            PatternKind::Var(symbol) if symbol == name.symbol && !KEYWORDS.contains(&text) => text.into(),
            _ => format!("{text} = {}", self.pattern(pattern)),
        }
    }
}

/// A string literal of that text; what cannot stand in a source text is escaped.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || crate::token::is_forbidden(c) => {
                let _ = write!(out, "\\u{{{:X}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A duration literal in the largest unit that fits exactly; the language has none below a millisecond.
fn duration(nanoseconds: i64) -> String {
    let units = [("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000)];
    let exact = units.into_iter().find(|(_, unit)| nanoseconds % unit == 0 && nanoseconds != 0);
    let (name, unit) = exact.unwrap_or(("ms", 1_000_000));
    format!("{}{name}", nanoseconds / unit)
}
