//! What is open at a place of the output: blocks and brackets, with the columns that their lines take.

use super::piece::Piece;
use super::spacing::Mode;
use crate::token::Token;

/// How much deeper a block, a continuation, the content of a bracket is.
pub(super) const STEP: usize = 2;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A block that the layout pass opened.
    Block,
    /// The arms of a `choice`, `case`, `par` or union on lines of their own.
    Arms,
    /// A bracket; in that of a statement block `;` ends statements.
    Bracket,
}

/// Something open.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) shape: Shape,
    /// Column of its lines: of its first token, in a bracket of what follows a comma.
    pub(super) column: usize,
    /// Column of its first token in the source.
    pub(super) source: usize,
    /// Column of a bracket that closes it.
    pub(super) owner: usize,
    /// Least column of a line inside the innermost block, from which brackets count.
    pub(super) floor: usize,
    /// In a bracket: column of the line on which the element at hand starts.
    pub(super) element: usize,
    /// Column of the arms of the construct at hand.
    pub(super) bars: Option<usize>,
    /// Of the open `if`s, the columns of a `then` and of an `else` that start a line.
    ifs: Vec<(usize, usize)>,
    /// Column of the last `else`.
    otherwise: usize,
    /// Whether the logical line at hand opens a block on a line below.
    heads: bool,
    /// What is being written.
    pub(super) mode: Mode,
    /// The mode in which each element starts.
    start_mode: Mode,
    /// Whether the arrow of a message was read, so that `:` is followed by a label.
    sent: bool,
    /// What a type declaration has behind its `=`: types, or the variants of a union.
    declares: Option<Mode>,
}

impl Frame {
    /// The declarations of the file.
    pub(super) fn file() -> Self {
        Self::block(Shape::Block, 0, 0)
    }

    /// A block whose first token stands at `column`.
    pub(super) fn block(shape: Shape, column: usize, source: usize) -> Self {
        Self {
            shape,
            column,
            source,
            owner: column,
            floor: column,
            element: column,
            bars: (shape == Shape::Arms).then_some(column),
            ifs: Vec::new(),
            otherwise: column,
            heads: false,
            mode: Mode::Values,
            start_mode: Mode::Values,
            sent: false,
            declares: None,
        }
    }

    /// A block that the statement at hand opens; a declaration's says how it is read.
    pub(super) fn inner(&self, shape: Shape, column: usize, piece: &Piece) -> Self {
        let Self { mode, declares, .. } = *self;
        Self { mode, declares, heads: piece.heads, ..Self::block(shape, column, piece.column) }
    }

    /// A bracket that is opened on a line of that column.
    pub(super) fn bracket(&self, opener: &Piece, line: usize) -> Self {
        let owner = self.owner_on(line);
        let column = owner + if opener.hangs && self.heads { 2 * STEP } else { STEP };
        let mode = if self.mode == Mode::Values { Mode::Values } else { Mode::Types };
        let block = Self::block(Shape::Bracket, column, opener.column);
        Self { owner, floor: self.floor, element: owner, mode, start_mode: mode, ..block }
    }

    /// Column from which what is opened on a line of that column counts.
    pub(super) fn owner_on(&self, line: usize) -> usize {
        line.max(self.floor).max(self.bars.map_or(0, |bars| bars + STEP))
    }

    /// Column of a line that continues the one above.
    pub(super) fn continuation(&self) -> usize {
        let step = if self.heads { 2 * STEP } else { STEP };
        match (self.bars, self.shape) {
            (Some(bars), _) => bars + STEP + step,
            (None, Shape::Bracket) => self.element + STEP,
            (None, _) => self.column + step,
        }
    }

    /// Of the innermost open `if`, the columns of a `then` and of an `else` that start a line.
    pub(super) fn innermost_if(&self) -> Option<(usize, usize)> {
        self.ifs.last().copied()
    }

    /// Column from which a block after the last `else` counts.
    pub(super) fn last_else(&self) -> usize {
        self.otherwise
    }

    /// Another logical line begins.
    pub(super) fn next_statement(&mut self, heads: bool) {
        self.heads = heads;
        self.next_element(Token::Semicolon);
    }

    /// What follows a comma or a semicolon begins.
    pub(super) fn next_element(&mut self, separator: Token) {
        if separator == Token::Comma && self.shape != Shape::Bracket {
            return;
        }
        self.bars = None;
        self.ifs.clear();
        self.mode = self.start_mode;
        self.sent = false;
        self.declares = None;
    }

    /// An `if` at `column` of a line; `chained` if it follows an `else`.
    pub(super) fn enter_if(&mut self, column: usize, line: usize, chained: bool) {
        let columns = if column == line || column == self.column {
            (column, column)
        } else if chained {
            // a `then` less deep than its `if` would be that of another one
            (column, self.otherwise)
        } else {
            let owner = self.owner_on(line) + STEP;
            (owner, owner)
        };
        self.ifs.push(columns);
    }

    /// An `else` at `column`.
    pub(super) fn enter_else(&mut self, column: usize) {
        self.otherwise = self.ifs.pop().map_or(column, |(_, column)| column);
    }

    /// Notes what a token says about how the following ones are to be read.
    pub(super) fn read(&mut self, token: Token) {
        match token {
            Token::Type => self.declares = Some(Mode::Instances),
            Token::Alias => self.declares = Some(Mode::Types),
            Token::Eq | Token::Bar => self.mode = self.declares.unwrap_or(Mode::Values),
            Token::Uses | Token::Handles | Token::For => self.mode = Mode::Instances,
            Token::Of => self.mode = Mode::Types,
            Token::Colon if !self.sent => self.mode = Mode::Types,
            Token::Arrow | Token::ArrowAll if self.mode != Mode::Types => self.sent = true,
            Token::Assign | Token::FatArrow | Token::At | Token::As | Token::In | Token::With => {
                self.mode = Mode::Values
            }
            _ => {}
        }
    }
}
