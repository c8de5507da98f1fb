//! Comments in the formatter: at the end of a line, within one, or on lines of their own.

use std::ops::Range;

use super::Formatter;
use super::piece::Note;
use crate::ast::CommentKind;
use crate::token::Token;

impl Formatter<'_> {
    /// Writes the comments before a token that starts a line.
    ///
    /// `place` are the columns of that line in the source and in the output. A comment that stood at the end of the
    /// line above stays there. Any other gets a line of its own, in the column of that line or of a block that ends
    /// above it, whichever is nearest to where it stood. `opened` says that a block or bracket starts here, so that no
    /// empty line is wanted; the answer is the same for the line of the token.
    pub(super) fn line_comments(&mut self, comments: Range<usize>, place: (usize, usize), opened: bool) -> bool {
        let mut fresh = opened;
        for note in &self.notes[comments] {
            if note.own_line {
                let column = self.comment_column(note, place);
                self.out.line(note.blank && !fresh, column);
                fresh = false;
            } else {
                let trailing = matches!(note.kind, CommentKind::Line | CommentKind::Doc);
                self.out.push(if trailing { "  " } else { " " });
            }
            self.comment(note);
        }
        fresh
    }

    /// Writes the comments before a token that continues its line.
    pub(super) fn inner_comments(&mut self, comments: Range<usize>) {
        for at in comments.clone() {
            let bracket = matches!(self.before.token, Some(Token::ParenOpen | Token::SquareOpen));
            if !(bracket && at == comments.start) {
                self.out.push(" ");
            }
            self.comment(&self.notes[at]);
        }
    }

    fn comment_column(&self, note: &Note, place: (usize, usize)) -> usize {
        let distance = |(source, _): &(usize, usize)| source.abs_diff(note.column);
        let nearest = std::iter::once(&place).chain(&self.closed).min_by_key(|place| distance(place));
        nearest.map_or(place.1, |(_, column)| *column)
    }

    /// Writes a comment; its further lines keep their place relative to the first.
    fn comment(&mut self, note: &Note) {
        let start = self.out.column;
        let mut lines = self.text[note.span.range()].split('\n');
        self.out.push(lines.next().unwrap_or_default().trim_end());
        for line in lines {
            let content = line.trim();
            if content.is_empty() {
                self.out.empty_line();
                continue;
            }
            let width = line.chars().take_while(|c| c.is_whitespace()).count();
            self.out.line(false, (width + start).saturating_sub(note.column));
            self.out.push(content);
        }
    }
}
