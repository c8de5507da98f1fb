//! Puts the tree together while the grammar is read: arenas, scratch stacks, names, depth.
//!
//! Lists that are complete before anything around them goes on (arguments, paths, operators) are collected on stacks
//! that are shared by the whole file; a [`Mark`] remembers where a list starts. Statements given up by error recovery
//! may leave entries behind, which is harmless: later lists start above them.

use std::cell::Cell;

use crate::ast::{
    Ast, Block, Decl, DeclKind, Expr, ExprId, ExprKind, Index, IndexId, IndexKind, MAX_DEPTH, Member, Name, Operation,
    Path, Pattern, PatternId, PatternKind, Protocol, Stmt, StmtId, StmtKind, Type, TypeId, TypeKind,
};
use crate::diagnostic::{Code, Diagnostic};
use crate::layout;
use crate::span::{FileId, Span};
use crate::symbol::Interner;

pub(super) use super::authority::ReadGuest;
pub(super) use super::declarations::HandlerItem;
pub(super) use super::expressions::{Operator, Sequence};
pub(super) use super::protocols::{Body, Clauses, Header};
pub(super) use super::statements::Guard;

/// What waits on the parser's stack.
///
/// The generated parser matches on the symbol it takes off its stack. What can be copied, or needs no dropping, is
/// copied out of it; then the whole symbol is dropped, by code that tells a hundred kinds of symbols apart. What needs
/// dropping is moved out, and nothing is left to drop. So this says that it does; dropping it does nothing.
#[derive(Clone, Debug)]
pub(super) struct Held<T>(pub(super) T);

impl<T> Drop for Held<T> {
    #[inline]
    fn drop(&mut self) {}
}

/// Where a list on a scratch stack starts.
pub(super) type Mark = Held<usize>;

/// The state of parsing one file.
pub(super) struct Builder<'i> {
    pub(super) file: FileId,
    pub(super) text: &'i str,
    pub(super) interner: &'i mut Interner,
    pub(super) ast: Ast,
    /// The expression of a condition that was written as a string.
    pub(super) condition: Option<ExprId>,
    /// `E0106` has been reported.
    pub(super) too_deep: bool,
    /// Set when no more errors are kept, so that reading may stop.
    full: &'i Cell<bool>,
    diagnostics: Vec<Diagnostic>,
    /// How often text was skipped that the lexer has reported.
    skipped: usize,
    pub(super) operands: Vec<ExprId>,
    pub(super) operators: Vec<Operator>,
    pub(super) args: Vec<ExprId>,
    pub(super) type_args: Vec<TypeId>,
    names: Vec<Name>,
    /// Operations of the effect being read.
    pub(super) ops: Vec<Operation>,
    /// Lines `roles …` of the protocol being read.
    pub(super) role_lines: Vec<(Vec<Member>, Span)>,
    /// Spans of expressions that stand as statements, legal in handlers only.
    pub(super) expression_stmts: Vec<Span>,
    /// The literal 9223372036854775808, which must be negated.
    pub(super) unsigned_minimum: Option<ExprId>,
    expr_depths: Vec<u8>,
    type_depths: Vec<u8>,
    pattern_depths: Vec<u8>,
    stmt_depths: Vec<u8>,
}

impl<'i> Builder<'i> {
    pub(super) fn new(file: FileId, text: &'i str, interner: &'i mut Interner, full: &'i Cell<bool>) -> Self {
        Self {
            file,
            text,
            interner,
            ast: Ast::default(),
            condition: None,
            too_deep: false,
            full,
            diagnostics: Vec::new(),
            skipped: 0,
            operands: Vec::new(),
            operators: Vec::new(),
            args: Vec::new(),
            type_args: Vec::new(),
            names: Vec::new(),
            ops: Vec::new(),
            role_lines: Vec::new(),
            expression_stmts: Vec::new(),
            unsigned_minimum: None,
            expr_depths: Vec::new(),
            type_depths: Vec::new(),
            pattern_depths: Vec::new(),
            stmt_depths: Vec::new(),
        }
    }

    /// Makes room for the nodes of about that many tokens.
    pub(super) fn reserve(&mut self, tokens: usize) {
        self.ast.exprs.reserve(tokens / 4);
        self.expr_depths.reserve(tokens / 4);
        self.ast.types.reserve(tokens / 16);
        self.ast.stmts.reserve(tokens / 12);
    }

    /// The tree and everything that was reported.
    pub(super) fn finish(mut self) -> (Ast, Vec<Diagnostic>) {
        self.report_unsigned_minimum();
        for span in std::mem::take(&mut self.expression_stmts) {
            self.report(
                Diagnostic::new(Code("E0102"), "expected a statement, found an expression")
                    .label(self.file, span, "this computes a value that nobody uses")
                    .help("name the value with `let x = …`, or send it"),
            );
        }
        (self.ast, self.diagnostics)
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
        self.fill();
    }

    /// Notes that text was skipped that the lexer has reported.
    pub(super) fn skipped(&mut self) {
        self.skipped += 1;
        self.fill();
    }

    fn fill(&self) {
        self.full.set(self.diagnostics.len() + self.skipped >= 2 * super::MAX_DIAGNOSTICS);
    }

    pub(super) fn full(&self) -> &'i Cell<bool> {
        self.full
    }

    /// The text of the file between two offsets.
    pub(super) fn slice(&self, l: u32, r: u32) -> &'i str {
        &self.text[l as usize..r as usize]
    }

    // ---- names

    pub(super) fn name(&mut self, l: u32, r: u32) -> Name {
        let text: &'i str = self.slice(l, r);
        Name { symbol: self.interner.intern(text), span: Span::new(l, r) }
    }

    pub(super) fn name_text(&self, name: Name) -> &'i str {
        self.slice(name.span.start, name.span.end)
    }

    /// Reports a name that must start with a capital.
    pub(super) fn capital(&mut self, name: Name, what: &str) {
        if !starts_with_capital(self.name_text(name)) {
            self.report(
                Diagnostic::new(Code("E0217"), format!("{what} `{}` starts with a small letter", self.name_text(name)))
                    .label(self.file, name.span, "this should start with a capital")
                    .help("types, constructors, effects and protocols start with a capital"),
            );
        }
    }

    /// Reports a name that must start with a small letter.
    pub(super) fn small(&mut self, name: Name, what: &str) {
        if starts_with_capital(self.name_text(name)) {
            self.report(
                Diagnostic::new(Code("E0217"), format!("{what} `{}` starts with a capital", self.name_text(name)))
                    .label(self.file, name.span, "this should start with a small letter")
                    .help("variables, fields, operations and functions start with a small letter or `_`"),
            );
        }
    }

    /// Reports a word that is free for the grammar, but must be `wanted`.
    pub(super) fn expect_word(&mut self, name: Name, wanted: &str) {
        if self.name_text(name) != wanted {
            let found = self.name_text(name);
            self.report(
                Diagnostic::new(Code("E0102"), format!("expected `{wanted}`, found `{found}`"))
                    .label(self.file, name.span, format!("`{wanted}` belongs here"))
                    .help(format!("write `{wanted}`"))
                    .fix(self.file, name.span, wanted),
            );
        }
    }

    pub(super) fn path_start(&mut self, name: Name) -> Mark {
        self.names.push(name);
        Held(self.names.len() - 1)
    }

    pub(super) fn path_more(&mut self, mark: Mark, name: Name) -> Mark {
        self.names.push(name);
        mark
    }

    pub(super) fn path(&mut self, mark: Mark) -> Path {
        Path { names: self.names.drain(mark.0..).collect() }
    }

    // ---- nodes

    /// Depth of a node over children of depth `children`; reports and flattens what is too deep.
    fn depth(&mut self, children: u8, span: Span) -> Option<u8> {
        let depth = children + 1;
        if usize::from(depth) <= MAX_DEPTH {
            return Some(depth);
        }
        self.report_depth(span);
        None
    }

    #[cold]
    fn report_depth(&mut self, span: Span) {
        if !std::mem::replace(&mut self.too_deep, true) {
            // the end of the node: its start is that of the whole chain
            self.report(layout::too_deep(self.file, Span::new(span.end.saturating_sub(1).max(span.start), span.end)));
        }
    }

    pub(super) fn decl(&mut self, kind: DeclKind, span: Span) {
        self.ast.decls.push(Decl { kind, span });
    }

    #[inline]
    pub(super) fn expr(&mut self, kind: ExprKind, span: Span, children: u8) -> ExprId {
        match self.depth(children, span) {
            Some(depth) => self.push_expr(kind, span, depth),
            None => self.push_expr(ExprKind::Error, span, 1),
        }
    }

    #[inline]
    fn push_expr(&mut self, kind: ExprKind, span: Span, depth: u8) -> ExprId {
        self.expr_depths.push(depth);
        self.ast.exprs.push(Expr { kind, span });
        ExprId(last_index(self.ast.exprs.len()))
    }

    pub(super) fn expr_depth(&self, id: ExprId) -> u8 {
        self.expr_depths[id.0 as usize]
    }

    pub(super) fn exprs_depth(&self, ids: &[ExprId]) -> u8 {
        ids.iter().map(|id| self.expr_depth(*id)).max().unwrap_or(0)
    }

    pub(super) fn ty(&mut self, kind: TypeKind, span: Span, children: &[TypeId]) -> TypeId {
        let deepest = children.iter().map(|id| self.type_depths[id.0 as usize]).max().unwrap_or(0);
        let (kind, depth) = match self.depth(deepest, span) {
            Some(depth) => (kind, depth),
            None => (TypeKind::Error, 1),
        };
        self.type_depths.push(depth);
        self.ast.types.push(Type { kind, span });
        TypeId(last_index(self.ast.types.len()))
    }

    pub(super) fn pattern(&mut self, kind: PatternKind, span: Span, children: &[PatternId]) -> PatternId {
        let deepest = children.iter().map(|id| self.pattern_depths[id.0 as usize]).max().unwrap_or(0);
        let (kind, depth) = match self.depth(deepest, span) {
            Some(depth) => (kind, depth),
            None => (PatternKind::Error, 1),
        };
        self.pattern_depths.push(depth);
        self.ast.patterns.push(Pattern { kind, span });
        PatternId(last_index(self.ast.patterns.len()))
    }

    /// A statement over `blocks`; one that would be too deep is left out.
    pub(super) fn stmt<'b>(
        &mut self,
        kind: StmtKind,
        span: Span,
        blocks: impl IntoIterator<Item = &'b Block>,
    ) -> StmtId {
        let stmts = blocks.into_iter().flat_map(|block| &block.stmts);
        let deepest = stmts.map(|id| self.stmt_depths[id.0 as usize]).max().unwrap_or(0);
        self.stmt_of_depth(kind, span, deepest)
    }

    #[inline]
    pub(super) fn stmt_of_depth(&mut self, kind: StmtKind, span: Span, children: u8) -> StmtId {
        match self.depth(children, span) {
            Some(depth) => self.push_stmt(kind, span, depth),
            None => self.push_stmt(StmtKind::Error, span, 1),
        }
    }

    #[inline]
    fn push_stmt(&mut self, kind: StmtKind, span: Span, depth: u8) -> StmtId {
        self.stmt_depths.push(depth);
        self.ast.stmts.push(Stmt { kind, span });
        StmtId(last_index(self.ast.stmts.len()))
    }

    pub(super) fn blocks_depth<'b>(&self, blocks: impl IntoIterator<Item = &'b Block>) -> u8 {
        blocks.into_iter().map(|block| self.block_depth(block)).max().unwrap_or(0)
    }

    pub(super) fn index(&mut self, kind: IndexKind, span: Span) -> IndexId {
        self.ast.indices.push(Index { kind, span });
        IndexId(last_index(self.ast.indices.len()))
    }

    pub(super) fn block_depth(&self, block: &Block) -> u8 {
        block.stmts.iter().map(|id| self.stmt_depths[id.0 as usize]).max().unwrap_or(0)
    }

    pub(super) fn protocol(&mut self, protocol: Protocol) {
        let span = protocol.span;
        self.decl(DeclKind::Protocol(protocol), span);
    }
}

/// Whether a name starts like those of types and constructors.
pub(super) fn starts_with_capital(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase())
}

fn last_index(len: usize) -> u32 {
    u32::try_from(len - 1).expect("a file has fewer nodes than bytes")
}
