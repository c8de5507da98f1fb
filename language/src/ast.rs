//! The syntax tree: what was written, without meaning.
//!
//! Expressions, types, patterns and statements live in arenas of [`Ast`] and refer to each other by index, so that
//! dropping a tree never recurses. Nesting is bounded by the parser ([`MAX_DEPTH`]), so walking one may.
//! Every node carries the span of its text.
#![allow(missing_docs, reason = "a variant's text names its fields")]

mod declaration;
mod expression;
mod statement;

pub use declaration::{
    Authority, AuthorityKind, Clause, ClauseKind, ClauseValue, Decl, DeclKind, Effect, Fun, FunBody, Handler,
    HandlerClause, Import, Member, Modality, Operation, OperationOutcome, Param, Protocol, ProtocolClause, Use,
    Variant,
};
pub use expression::{BinaryOp, Expr, ExprKind, Pattern, PatternKind, Type, TypeKind, UnaryOp};
pub use statement::{
    Annotation, Block, CaseArm, ChoiceArm, Evidence, Field, FieldKind, Guest, GuestKind, Index, IndexKind, LetValue,
    LoopKind, OutcomeArm, Perform, Region, ResumeValue, RoleRef, Scope, Step, Stmt, StmtKind, Target,
};

use crate::span::Span;
use crate::symbol::Symbol;

/// Deepest nesting of blocks, brackets and operators that is accepted; more is `E0106`.
pub const MAX_DEPTH: usize = 200;

/// A name and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    /// The interned text.
    pub symbol: Symbol,
    /// Where it stands.
    pub span: Span,
}

/// A dotted path, `shop.types.Order`; at least one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Its names from left to right.
    pub names: Box<[Name]>,
}

impl Path {
    /// The last name.
    ///
    /// # Panics
    /// Never: a path has at least one name.
    #[must_use]
    pub fn last(&self) -> Name {
        *self.names.last().expect("a path has at least one name")
    }

    /// From the first to the last name.
    #[must_use]
    pub fn span(&self) -> Span {
        self.names[0].span.to(self.last().span)
    }
}

macro_rules! arena_id {
    ($(#[$doc:meta] $id:ident)*) => {$(
        #[$doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $id(pub u32);
    )*};
}
arena_id! {
    /// Index of an expression in [`Ast::exprs`].
    ExprId
    /// Index of a type in [`Ast::types`].
    TypeId
    /// Index of a pattern in [`Ast::patterns`].
    PatternId
    /// Index of a statement in [`Ast::stmts`].
    StmtId
    /// Index of an index of a role in [`Ast::indices`].
    IndexId
}

/// One parsed file.
#[derive(Clone, Debug, Default)]
pub struct Ast {
    /// `module a.b`, if the file names itself.
    pub module: Option<Path>,
    /// Imports in text order.
    pub imports: Vec<Import>,
    /// Declarations in text order.
    pub decls: Vec<Decl>,
    /// All expressions.
    pub exprs: Vec<Expr>,
    /// All types.
    pub types: Vec<Type>,
    /// All patterns.
    pub patterns: Vec<Pattern>,
    /// All statements.
    pub stmts: Vec<Stmt>,
    /// All indices of roles, `[i]`.
    pub indices: Vec<Index>,
    /// Comments in text order, for the formatter and documentation.
    pub comments: Vec<Comment>,
}

impl Ast {
    /// The expression of that id.
    #[must_use]
    pub fn expr(&self, id: ExprId) -> &Expr {
        &self.exprs[id.0 as usize]
    }
    /// The type of that id.
    #[must_use]
    pub fn ty(&self, id: TypeId) -> &Type {
        &self.types[id.0 as usize]
    }
    /// The pattern of that id.
    #[must_use]
    pub fn pattern(&self, id: PatternId) -> &Pattern {
        &self.patterns[id.0 as usize]
    }
    /// The statement of that id.
    #[must_use]
    pub fn stmt(&self, id: StmtId) -> &Stmt {
        &self.stmts[id.0 as usize]
    }
    /// The index of that id.
    #[must_use]
    pub fn index(&self, id: IndexId) -> Index {
        self.indices[id.0 as usize]
    }
}

/// Kind of a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CommentKind {
    /// `-- …`
    Line,
    /// `{- … -}`
    Block,
    /// `--| …`, documentation of what follows.
    Doc,
}

/// A comment; its text is the file's text at the span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Comment {
    /// Where it stands, markers included, line break excluded.
    pub span: Span,
    /// Its kind.
    pub kind: CommentKind,
}
