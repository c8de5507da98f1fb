//! Text to text in canonical form: indentation, blanks, empty lines. Start with [`format()`].
//!
//! ```text
//! text ─lex, layout─► tokens ─gather─► pieces (a token, its layout, the comments before it) ─write─► text
//! ```
//!
//! The formatter works on tokens, not on the tree: it knows which blocks the layout pass has opened and closed, and
//! gives every line a column at which that pass does the same again. Where lines break is the author's decision and
//! stays; so do all comments. A text with syntax errors is left alone.
//!
//! [`piece`] reads the source, [`frame`] knows the columns of what is open, [`mod@column`] gives a line its column,
//! [`spacing`] says where a blank stands, [`comment`] places comments, [`writer`] holds the text made so far.

use std::ops::Range;

use crate::diagnostic::Diagnostic;
use crate::layout::layout;
use crate::parse::parse;
use crate::span::FileId;
use crate::symbol::Interner;
use crate::token::{Lexeme, Token, lex};

mod column;
mod comment;
mod frame;
mod piece;
mod spacing;
mod writer;

use frame::{Frame, Shape};
use piece::{Note, Piece};
use spacing::Before;
use writer::Writer;

/// The canonical form of `text`: the same tokens, comments and line breaks, indented and spaced in one way.
///
/// The result has the tree of `text` and is its own canonical form. Lines end in `\n` without blanks before it, and a
/// byte order mark is gone. Should a text be too odd for its canonical form to keep its tokens, it is returned as it
/// is; the same if the form would be many times as long.
///
/// # Errors
/// What is wrong with `text`, warnings included, if it has syntax errors.
pub fn format(text: &str) -> Result<String, Vec<Diagnostic>> {
    let parsed = parse(FileId(0), text, &mut Interner::default());
    if parsed.diagnostics.iter().any(Diagnostic::is_error) {
        return Err(parsed.diagnostics);
    }
    let lexed = lex(FileId(0), text);
    let laid = layout(FileId(0), text, &lexed.lexemes).lexemes;
    let pieces = piece::gather(text, &lexed, &laid);
    let formatted = Formatter::new(text, &pieces.notes).run(&pieces.pieces, pieces.trailing.clone());
    Ok(formatted.filter(|formatted| is_kept(text, &laid, formatted)).unwrap_or_else(|| text.to_owned()))
}

/// Whether `formatted` has the tokens of `text` in the same blocks, and therefore the same tree.
fn is_kept(text: &str, laid: &[Lexeme], formatted: &str) -> bool {
    let again = layout(FileId(0), formatted, &lex(FileId(0), formatted).lexemes).lexemes;
    let same = |a: &Lexeme, b: &Lexeme| a.token == b.token && text[a.span.range()] == formatted[b.span.range()];
    laid.len() == again.len() && laid.iter().zip(&again).all(|(a, b)| same(a, b))
}

/// Goes through the pieces in order.
struct Formatter<'a> {
    text: &'a str,
    notes: &'a [Note],
    out: Writer,
    /// What is open; the first is the file.
    frames: Vec<Frame>,
    /// Source and output columns of the blocks that ended before the piece at hand, innermost first.
    closed: Vec<(usize, usize)>,
    before: Before,
}

impl<'a> Formatter<'a> {
    fn new(text: &'a str, notes: &'a [Note]) -> Self {
        let out = Writer::for_text(text.len());
        Self { text, notes, out, frames: vec![Frame::file()], closed: Vec::new(), before: Before::default() }
    }

    fn run(mut self, pieces: &[Piece], trailing: Range<usize>) -> Option<String> {
        for piece in pieces {
            self.piece(piece);
        }
        self.end_blocks(self.frames.len() - 1);
        self.line_comments(trailing, (0, 0), pieces.is_empty());
        self.out.finish()
    }

    /// The innermost open thing.
    fn frame(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("the file is never closed")
    }

    fn piece(&mut self, piece: &Piece) {
        self.end_blocks(piece.dedents);
        if piece.newline {
            self.frame().next_statement(piece.heads);
        }
        let comments = piece.comments.clone();
        if piece.first {
            let column = self.line_column(piece);
            let place = if piece.closes() { (piece.column, self.frame().column) } else { (piece.column, column) };
            let opened = self.before.opens() || piece.indent;
            let fresh = self.line_comments(comments, place, opened);
            self.out.line(piece.blank && !fresh && !piece.closes(), column);
        } else {
            let commented = !comments.is_empty();
            self.inner_comments(comments);
            let mode = self.frame().mode;
            if spacing::is_spaced(&self.before, piece, mode, commented) {
                self.out.push(" ");
            }
            if piece.indent {
                self.open_block(Shape::Block, piece, self.out.column);
            }
        }
        self.enter(piece);
        self.out.push(&self.text[piece.span.range()]);
        self.before = self.before.then(piece, &self.text[piece.span.range()]);
    }

    /// Closes so many blocks.
    fn end_blocks(&mut self, count: usize) {
        self.closed.clear();
        for _ in 0..count {
            let frame = self.frames.pop().expect("blocks are closed after they are opened");
            self.closed.push((frame.source, frame.column));
        }
    }

    /// Notes what the piece opens, closes or starts; it stands at the end of the text made so far.
    fn enter(&mut self, piece: &Piece) {
        let (column, line) = (self.out.column, self.out.line_column);
        let starts_element = self.before.starts_element();
        let before = self.before.token;
        let frame = self.frame();
        if starts_element {
            frame.element = line.max(frame.floor);
        }
        match piece.token {
            Token::ParenOpen | Token::SquareOpen | Token::BraceOpen | Token::BlockOpen => {
                let bracket = frame.bracket(piece, line);
                self.frames.push(bracket);
                return;
            }
            _ if piece.closes() => {
                self.frames.pop();
                return;
            }
            Token::Comma | Token::Semicolon | Token::ParamSemicolon => frame.next_element(piece.token),
            Token::If => frame.enter_if(column, line, before == Some(Token::Else)),
            Token::Else => frame.enter_else(column),
            Token::Bar if spacing::precedes_arms(before) => frame.bars = Some(column),
            _ => {}
        }
        frame.read(piece.token);
    }
}
