//! The text that the formatter has made so far. No line of it ends in blanks.
//!
//! A line may be indented as far as a line above it is long, so that an odd text could get a canonical form of
//! quadratic size. A writer that has grown too large writes no more, and the formatter gives up.

/// A text and where its end stands.
#[derive(Debug)]
pub(super) struct Writer {
    text: String,
    /// Column at which the next token will stand.
    pub(super) column: usize,
    /// Column of the first token of the line.
    pub(super) line_column: usize,
    /// Most bytes that are written.
    limit: usize,
}

impl Writer {
    /// A writer for the canonical form of a text of so many bytes.
    pub(super) fn for_text(bytes: usize) -> Self {
        let text = String::with_capacity(bytes + bytes / 8);
        Self { text, column: 0, line_column: 0, limit: 8 * bytes + 4096 }
    }

    /// Whether the text has grown too large.
    fn is_full(&self) -> bool {
        self.text.len() > self.limit
    }

    /// Starts a line, below an empty one if `blank`; something has to be pushed then. A text starts with a line.
    pub(super) fn line(&mut self, blank: bool, column: usize) {
        if !self.text.is_empty() {
            self.text.push_str(if blank { "\n\n" } else { "\n" });
        }
        if !self.is_full() {
            self.text.extend(std::iter::repeat_n(' ', column));
        }
        self.column = column;
        self.line_column = column;
    }

    /// Appends a part of a line.
    pub(super) fn push(&mut self, part: &str) {
        self.text.push_str(part);
        self.column += part.chars().count();
    }

    /// Appends an empty line.
    pub(super) fn empty_line(&mut self) {
        self.text.push('\n');
    }

    /// The whole text, ended by one line break; none if it has grown too large.
    pub(super) fn finish(mut self) -> Option<String> {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        (!self.is_full()).then_some(self.text)
    }
}
