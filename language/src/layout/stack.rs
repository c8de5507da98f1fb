//! What is open while the layout pass reads.

use super::Layout;
use crate::ast::MAX_DEPTH;
use crate::span::Span;
use crate::token::Token;

/// What an entry of the stack is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A block that nothing but its column (or bracket) closes.
    Block,
    /// Body of a protocol, closed by `where`.
    Body,
    /// Protocols under a `where` that stand in its column.
    Locals,
    /// The arms of a `choice`, `case`, `par` or union on lines of their own.
    Arms { par: bool },
    /// What follows the `=>` of an arm, closed by `|`.
    Arm,
    /// An arm of `par`, closed by `|`.
    ParArm,
    /// Body of a scope or of one of its outcomes, closed by `on`.
    Scope,
    /// After an `if`, closed by `then`.
    If { statement: bool },
    /// After a `then`, closed by `else`.
    Then { statement: bool },
    /// `(`
    Paren,
    /// `[`
    Square,
    /// `{` of a record or of metadata.
    Record,
    /// `{` of a statement block.
    Braces,
}

impl Kind {
    pub(super) fn is_bracket(self) -> bool {
        matches!(self, Self::Braces) || self.is_expression_bracket()
    }

    pub(super) fn is_expression_bracket(self) -> bool {
        matches!(self, Self::Paren | Self::Square | Self::Record)
    }

    /// The token that closes a bracket; `DEDENT` closes a block.
    pub(super) fn closing(self) -> Token {
        match self {
            Self::Paren => Token::ParenClose,
            Self::Square => Token::SquareClose,
            Self::Record => Token::BraceClose,
            Self::Braces => Token::BlockClose,
            _ => Token::Dedent,
        }
    }
}

/// Something open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    /// Whether it is a bracket or a block with an `INDENT`; the rest are marks.
    pub(super) real: bool,
    /// Column of its first token.
    pub(super) column: u32,
    /// Least column of its lines: less than `column` after an inconsistent dedent was snapped to it.
    pub(super) lowest: u32,
    /// The token that opened it.
    pub(super) opener: Span,
}

impl Layout<'_> {
    /// Opens something at the token at hand.
    pub(super) fn push(&mut self, kind: Kind, real: bool, column: u32) {
        let opener = self.lexeme().span;
        self.stack.push(Entry { kind, real, column, lowest: column, opener });
        self.brackets += usize::from(kind.is_bracket());
        if self.stack.len() > MAX_DEPTH {
            self.depth_exceeded(opener);
        }
    }

    /// Opens a block at `column`, which the token after the one at hand starts.
    pub(super) fn push_block(&mut self, kind: Kind, column: u32) {
        self.insert(Token::Indent);
        self.statement_start = true;
        self.push(kind, true, column);
    }

    /// Opens a mark at the token at hand.
    pub(super) fn push_mark(&mut self, kind: Kind) {
        let column = self.column_of(self.at);
        self.push(kind, false, column);
    }

    /// Closes the innermost entry.
    pub(super) fn pop(&mut self) -> Option<Kind> {
        let entry = self.stack.pop()?;
        self.brackets -= usize::from(entry.kind.is_bracket());
        if entry.real {
            self.insert(entry.kind.closing());
        }
        Some(entry.kind)
    }

    /// Closes everything inside the innermost entry that `wanted` accepts, and that one; nothing if there is none
    /// inside the innermost bracket.
    pub(super) fn pop_to(&mut self, wanted: impl Fn(Kind) -> bool) -> Option<Kind> {
        let inside = self.stack.iter().rev().take_while(|entry| !entry.kind.is_bracket());
        let depth = inside.into_iter().position(|entry| wanted(entry.kind))?;
        (0..=depth).filter_map(|_| self.pop()).last()
    }

    /// Closes everything inside the innermost bracket.
    pub(super) fn pop_to_bracket(&mut self) {
        while self.stack.last().is_some_and(|entry| !entry.kind.is_bracket()) {
            self.pop();
        }
    }

    /// Drops the marks above the innermost block.
    pub(super) fn drop_marks(&mut self) {
        while self.stack.last().is_some_and(|entry| !entry.real) {
            self.stack.pop();
        }
    }

    /// Least and first column of the innermost block.
    pub(super) fn block_columns(&self) -> (u32, u32) {
        let block = self.stack.iter().rev().find(|entry| entry.real);
        block.map_or((self.base, self.base), |entry| (entry.lowest, entry.column))
    }

    /// Column, in characters, of the token with index `at`, which is the one at hand or the next.
    pub(super) fn column_of(&mut self, at: usize) -> u32 {
        let lexeme = self.input[at];
        let offset = lexeme.span.start;
        if lexeme.is_first() {
            return lexeme.column;
        }
        let (from, column) = self.measured;
        let between = &self.text[from as usize..offset as usize];
        let width = if between.is_ascii() { between.len() } else { between.chars().count() };
        self.measured = (offset, column + u32::try_from(width).expect("texts are shorter than 2^32 bytes"));
        self.measured.1
    }
}
