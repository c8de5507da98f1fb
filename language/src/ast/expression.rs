//! Expressions, types and patterns of the tree.
#![allow(missing_docs, reason = "a variant's text names its fields")]

use super::{ExprId, Name, Path, PatternId, TypeId};
use crate::span::Span;
use crate::symbol::Symbol;

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// The expressions of LANGUAGE §1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExprKind {
    /// `()`
    Unit,
    /// `true`, `false`
    Bool(bool),
    /// `42`; negative literals are folded, so that `-9223372036854775808` fits.
    Int(i64),
    /// `"text"`, unescaped.
    String(Symbol),
    /// `250ms`, in nanoseconds.
    Duration(i64),
    /// `x`: a variable or function.
    Var(Symbol),
    /// `Just`, `Catalog`: a constructor or the head of a path.
    Upper(Symbol),
    /// `e.name`; also the dots of a path.
    Field { base: ExprId, name: Name },
    /// `f(a, b)`, `Just(x)`, `E.op(a)`
    Call { callee: ExprId, args: Box<[ExprId]> },
    /// `-e`, `not e`
    Unary { op: UnaryOp, operand: ExprId },
    /// `a + b`
    Binary { op: BinaryOp, op_span: Span, left: ExprId, right: ExprId },
    /// `if c then a else b`
    If { cond: ExprId, then: ExprId, els: ExprId },
    /// `case e of | p => a`
    Case { scrutinee: ExprId, arms: Box<[(PatternId, ExprId)]> },
    /// `{ a = 1 }`
    Record(Box<[(Name, ExprId)]>),
    /// `(a, b)`; at least two.
    Tuple(Box<[ExprId]>),
    /// `[a, b]`
    List(Box<[ExprId]>),
    /// Text that could not be read; already reported.
    Error,
}

/// Prefix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `-`
    Neg,
    /// `not`
    Not,
}

/// Infix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `||`
    Or,
    /// `&&`
    And,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `++`
    Concat,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Rem,
}

impl BinaryOp {
    /// The operator as written.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Concat => "++",
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Rem => "%",
        }
    }
}

/// A type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Type {
    /// What it is.
    pub kind: TypeKind,
    /// Where it stands.
    pub span: Span,
}

/// The types of LANGUAGE §2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeKind {
    /// `Int`, `shop.Order`, `List Int`, `Map String Int`; arguments by juxtaposition.
    Named { path: Path, args: Box<[TypeId]> },
    /// `()`, the same as `Unit`.
    Unit,
    /// `(S, T)`; at least two.
    Tuple(Box<[TypeId]>),
    /// `{ a : S, b : T }`
    Record(Box<[(Name, TypeId)]>),
    /// `Fn(A, B) -> C`
    Function { params: Box<[TypeId]>, result: TypeId },
    /// Text that could not be read; already reported.
    Error,
}

/// A pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// What it is.
    pub kind: PatternKind,
    /// Where it stands.
    pub span: Span,
}

/// The patterns of LANGUAGE §4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatternKind {
    /// `_`
    Wildcard,
    /// `x`
    Var(Symbol),
    /// `()`
    Unit,
    /// `true`
    Bool(bool),
    /// `-3`
    Int(i64),
    /// `"a"`
    String(Symbol),
    /// `5s`, in nanoseconds.
    Duration(i64),
    /// `Just(p)`, `shop.Accepted(p)`
    Constructor { path: Path, args: Box<[PatternId]> },
    /// `(p, q)`
    Tuple(Box<[PatternId]>),
    /// `{ a = p, b }`; a field without pattern binds its own name (the pattern is then a `Var`).
    Record(Box<[(Name, PatternId)]>),
    /// `[p, q]`
    List(Box<[PatternId]>),
    /// Text that could not be read; already reported.
    Error,
}
