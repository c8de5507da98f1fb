//! Reads the source for the formatter: every token with the layout tokens and the comments before it.

use std::ops::Range;

use crate::ast::CommentKind;
use crate::span::Span;
use crate::token::{Lexed, Lexeme, Token};

/// A token of the source and what stands before it.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// The token; a word that the layout pass takes for a name is [`Token::Ident`].
    pub(super) token: Token,
    pub(super) span: Span,
    /// Whether it is the first token of its line.
    pub(super) first: bool,
    /// Its column in the source; that of the comment that starts its line if it would be first without it.
    pub(super) column: usize,
    /// Whether an empty line stands above its line.
    pub(super) blank: bool,
    /// Blocks that end before it.
    pub(super) dedents: usize,
    /// Whether it starts another logical line of its block.
    pub(super) newline: bool,
    /// Whether it starts a block.
    pub(super) indent: bool,
    /// Of the first token of a logical line: whether the line opens a block on a line below.
    pub(super) heads: bool,
    /// Of an opening bracket: whether the closing one does not start a line.
    pub(super) hangs: bool,
    /// Indices of the comments between it and the token before.
    pub(super) comments: Range<usize>,
}

impl Piece {
    /// Whether it is a closing bracket.
    pub(super) fn closes(&self) -> bool {
        use Token::{BlockClose, BraceClose, ParenClose, SquareClose};
        matches!(self.token, ParenClose | SquareClose | BraceClose | BlockClose)
    }

    fn opens(&self) -> bool {
        use Token::{BlockOpen, BraceOpen, ParenOpen, SquareOpen};
        matches!(self.token, ParenOpen | SquareOpen | BraceOpen | BlockOpen)
    }
}

/// A comment of the source.
#[derive(Clone, Copy, Debug)]
pub(super) struct Note {
    pub(super) span: Span,
    pub(super) kind: CommentKind,
    /// Whether only blanks stand before it in its line.
    pub(super) own_line: bool,
    /// Its column in the source.
    pub(super) column: usize,
    /// Whether an empty line stands above its line.
    pub(super) blank: bool,
}

/// The source in pieces.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    pub(super) pieces: Vec<Piece>,
    pub(super) notes: Vec<Note>,
    /// Indices of the comments behind the last token.
    pub(super) trailing: Range<usize>,
}

/// Joins tokens, layout tokens and comments; `laid` is what the layout pass made of the tokens.
pub(super) fn gather(text: &str, lexed: &Lexed, laid: &[Lexeme]) -> Pieces {
    let mut cursor = Cursor { text, at: 0, column: 0, line: None };
    let mut gathered = Pieces { pieces: Vec::with_capacity(lexed.lexemes.len()), ..Pieces::default() };
    let mut comments = lexed.comments.iter().peekable();
    let mut source = lexed.lexemes.iter().enumerate();
    // the first token starts a logical line, too
    let (mut dedents, mut newline, mut indent) = (0, true, false);
    for laid in laid {
        match laid.token {
            Token::Dedent => dedents += 1,
            Token::Newline => newline = true,
            Token::Indent => indent = true,
            token => {
                let (at, lexeme) = source.next().expect("the layout pass keeps every token");
                let from = gathered.notes.len();
                while let Some(comment) = comments.next_if(|comment| comment.span.start < lexeme.span.start) {
                    gathered.notes.push(cursor.note(comment.span, comment.kind));
                }
                let breaks = cursor.advance(lexeme.span.start);
                gathered.pieces.push(Piece {
                    token: if is_name(&lexed.lexemes, at) { Token::Ident } else { token },
                    span: lexeme.span,
                    first: lexeme.is_first(),
                    column: cursor.line.filter(|_| breaks == 0 && lexeme.is_first()).unwrap_or(cursor.column),
                    blank: breaks > 1,
                    dedents: std::mem::take(&mut dedents),
                    newline: std::mem::take(&mut newline),
                    indent: std::mem::take(&mut indent),
                    heads: false,
                    hangs: false,
                    comments: from..gathered.notes.len(),
                });
                cursor.advance(lexeme.span.end);
            }
        }
    }
    let from = gathered.notes.len();
    gathered.notes.extend(comments.map(|comment| cursor.note(comment.span, comment.kind)));
    gathered.trailing = from..gathered.notes.len();
    mark_heads(&mut gathered.pieces);
    mark_hanging(&mut gathered.pieces);
    gathered
}

/// Whether the token with index `at` is a word that names a field or an operation: it stands after `.` or before `:`.
fn is_name(lexemes: &[Lexeme], at: usize) -> bool {
    let token = |at: usize| lexemes.get(at).map(|lexeme| lexeme.token);
    let after_dot = at.checked_sub(1).and_then(token) == Some(Token::Dot);
    lexemes[at].token.is_word() && (after_dot || token(at + 1) == Some(Token::Colon))
}

/// Finds the logical lines that open a block on a line below.
fn mark_heads(pieces: &mut [Piece]) {
    // first pieces of the logical lines at hand, outermost first
    let mut lines = vec![0];
    for at in 0..pieces.len() {
        let Piece { dedents, newline, indent, first, .. } = pieces[at];
        lines.truncate(lines.len() - dedents);
        if indent && first {
            pieces[lines[lines.len() - 1]].heads = true;
        }
        if indent {
            lines.push(at);
        } else if newline {
            *lines.last_mut().expect("the file is never closed") = at;
        }
    }
}

/// Finds the brackets that are closed within a line.
fn mark_hanging(pieces: &mut [Piece]) {
    let mut open: Vec<usize> = Vec::new();
    for at in 0..pieces.len() {
        if pieces[at].opens() {
            open.push(at);
        } else if pieces[at].closes() {
            let opener = open.pop().expect("brackets come in pairs");
            pieces[opener].hangs = !pieces[at].first;
        }
    }
}

/// A place in the source and its column.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
    column: usize,
    /// Column of the comment that starts the line.
    line: Option<usize>,
}

impl Cursor<'_> {
    /// Goes on to an offset; how many line breaks are on the way.
    fn advance(&mut self, to: u32) -> usize {
        let passed = &self.text[self.at..to as usize];
        self.at = to as usize;
        let (line, start) = match passed.rfind('\n') {
            Some(last) => (&passed[last + 1..], 0),
            None => (passed, self.column),
        };
        self.column = start + line.chars().filter(|c| *c != '\u{feff}').count();
        passed.bytes().filter(|byte| *byte == b'\n').count()
    }

    fn note(&mut self, span: Span, kind: CommentKind) -> Note {
        let is_start = self.at == 0;
        let breaks = self.advance(span.start);
        let note = Note { span, kind, own_line: breaks > 0 || is_start, column: self.column, blank: breaks > 1 };
        if note.own_line {
            self.line = Some(self.column);
        }
        if self.advance(span.end) > 0 {
            self.line = None;
        }
        note
    }
}
