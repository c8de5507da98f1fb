//! The column of a token that starts a line.
//!
//! Outside brackets the layout pass compares columns, so that they decide what the text means. A line that starts a
//! statement stands in the column of its block, a block is deeper than the one around it, and a line that continues
//! is deeper than its block. A line that starts with `| else on where in` closes what is deeper: blocks that end
//! before it are, blocks that go on are not.

use super::Formatter;
use super::frame::{Frame, STEP, Shape};
use super::piece::Piece;
use super::spacing::precedes_arms;
use crate::token::Token;

impl Formatter<'_> {
    /// The column of a piece that starts a line; opens its block if it starts one.
    pub(super) fn line_column(&mut self, piece: &Piece) -> usize {
        if piece.indent {
            let column = self.block_column(piece);
            let arms = piece.token == Token::Bar && precedes_arms(self.before.token);
            self.open_block(if arms { Shape::Arms } else { Shape::Block }, piece, column);
            return column;
        }
        let before = self.before;
        let ended = !self.closed.is_empty() || before.token == Some(Token::BlockClose);
        let owner = self.owner();
        let frame = self.frame();
        let block = frame.shape != Shape::Bracket;
        match piece.token {
            _ if piece.newline => frame.column,
            _ if piece.closes() => frame.owner,
            Token::Bar if precedes_arms(before.token) => owner + STEP,
            Token::Bar => frame.bars.unwrap_or(owner + STEP),
            Token::Then => frame.innermost_if().map_or_else(|| frame.continuation(), |(then, _)| then),
            Token::Else => frame.innermost_if().map_or_else(|| frame.continuation(), |(_, otherwise)| otherwise),
            Token::In | Token::Where if block => frame.column,
            Token::On | Token::Of | Token::With if ended => frame.column,
            Token::Comma | Token::Semicolon | Token::ParamSemicolon if !block => frame.column,
            _ if before.starts_element() && !block => frame.column,
            _ => frame.continuation(),
        }
    }

    /// Opens a block whose first token is to stand at `column`.
    pub(super) fn open_block(&mut self, shape: Shape, piece: &Piece, column: usize) {
        let block = self.frame().inner(shape, column, piece);
        self.frames.push(block);
    }

    /// The column of a block that starts on a line of its own.
    fn block_column(&mut self, piece: &Piece) -> usize {
        let before = self.before.token;
        let frame: &Frame = self.frame();
        STEP + match (before, frame.bars) {
            (Some(Token::FatArrow), Some(bars)) => bars + STEP,
            (Some(Token::Bar), Some(bars)) => bars,
            (Some(Token::Then), _) => frame.innermost_if().map_or(frame.column, |(_, otherwise)| otherwise),
            (Some(Token::Else), _) => frame.last_else(),
            (_, Some(bars)) if piece.token != Token::Bar => bars + STEP,
            _ => frame.column,
        }
    }

    /// Column from which what the line at hand opens counts.
    fn owner(&mut self) -> usize {
        let line = self.out.line_column;
        self.frame().owner_on(line)
    }
}
