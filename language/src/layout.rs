//! Tokens to tokens: inserts `NEWLINE`, `INDENT` and `DEDENT` where LANGUAGE §1 says so.
//!
//! The pass keeps a stack of what is open: blocks with their column, brackets, and marks for `if`, `then`, arms and
//! scopes that the tokens `then else | on` close down to. Nothing is rewritten: inserted tokens are empty and stand at
//! the end of the token before them, so every span points into the user's text.
//!
//! Inside parentheses, square brackets and records no layout exists. In a braced statement block line breaks are
//! white space, but `=>`, `then`, `else` and `|` still open blocks on their line.

use crate::ast::MAX_DEPTH;
use crate::diagnostic::{Code, Diagnostic};
use crate::parse::MAX_DIAGNOSTICS;
use crate::span::{FileId, Span};
use crate::token::{Lexeme, NOT_FIRST, Token, dump, lex};

mod bracket;
mod line;
mod stack;
mod words;

use stack::Entry;

/// Result of [`layout`].
#[derive(Clone, Debug, Default)]
pub struct Laid {
    /// The tokens for the parser.
    pub lexemes: Vec<Lexeme>,
    /// What is wrong with indentation and brackets.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether nesting was too deep somewhere.
    pub too_deep: bool,
    /// Ranges in which a bracket or a block was closed by force; syntax errors in them follow from that.
    pub damaged: Vec<Span>,
}

/// Inserts layout tokens into the tokens of `text`.
#[must_use]
pub fn layout(file: FileId, text: &str, lexemes: &[Lexeme]) -> Laid {
    let mut pass = Layout::new(file, text, lexemes);
    while pass.at < lexemes.len() {
        pass.token();
        pass.at += 1;
    }
    pass.finish()
}

/// One line for each token after the layout pass: span, name, text.
#[must_use]
pub fn layout_dump(text: &str) -> String {
    dump(text, &layout(FileId(0), text, &lex(FileId(0), text).lexemes).lexemes)
}

/// What the arrow `=>` at hand belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Arrow {
    Clause,
    Arm,
    Outcome,
}

/// What the line at hand opens if the next one is deeper.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Opens {
    Nothing,
    /// It began with `rec`, `loop`, …
    Block,
    /// It contained `handles`, and `with` will follow.
    AfterWith,
    /// It contained `handles … with`.
    Region,
}

struct Layout<'a> {
    file: FileId,
    text: &'a str,
    input: &'a [Lexeme],
    /// Index of the token at hand.
    at: usize,
    out: Vec<Lexeme>,
    /// Offset and column of a token of the line at hand, from which later columns are counted.
    measured: (u32, u32),
    stack: Vec<Entry>,
    /// How many entries of the stack are brackets.
    brackets: usize,
    /// Column of the file's declarations.
    base: u32,
    arrow: Arrow,
    opens: Opens,
    /// The token at hand may start a statement.
    statement_start: bool,
    /// A block was just opened for the next line.
    opened: bool,
    /// The line is the header of an `operation`, whose `=>` opens no block.
    operation_header: bool,
    /// The line declares a protocol, whose `=` opens its body.
    protocol_header: bool,
    /// The `else` at hand belongs to an `if` that started a statement.
    closed_then: bool,
    /// The `|` that starts the line at hand is an arm of `par`.
    par_arms: bool,
    /// Column and depth of the last arm reported as misplaced.
    misplaced: Option<(u32, usize)>,
    /// Nesting was too deep; nothing is read up to the next declaration.
    too_deep: bool,
    deep_reported: bool,
    diagnostics: Vec<Diagnostic>,
    damaged: Vec<Span>,
}

impl<'a> Layout<'a> {
    fn new(file: FileId, text: &'a str, input: &'a [Lexeme]) -> Self {
        Self {
            file,
            text,
            input,
            at: 0,
            out: Vec::with_capacity(input.len() + input.len() / 3),
            measured: (0, 0),
            stack: Vec::new(),
            brackets: 0,
            base: input.first().map_or(0, |lexeme| lexeme.column),
            arrow: Arrow::Clause,
            opens: Opens::Nothing,
            statement_start: true,
            opened: false,
            operation_header: false,
            protocol_header: false,
            closed_then: false,
            par_arms: false,
            misplaced: None,
            too_deep: false,
            deep_reported: false,
            diagnostics: Vec::new(),
            damaged: Vec::new(),
        }
    }

    fn lexeme(&self) -> Lexeme {
        self.input[self.at]
    }

    fn next(&self) -> Option<Lexeme> {
        self.input.get(self.at + 1).copied()
    }

    fn next_token(&self) -> Option<Token> {
        self.next().map(|lexeme| lexeme.token)
    }

    /// The token of the user's text before the one at hand.
    fn previous(&self) -> Option<Token> {
        self.at.checked_sub(1).map(|at| self.input[at].token)
    }

    /// Offset at which inserted tokens stand: the end of the last token.
    fn place(&self) -> u32 {
        self.out.last().map_or(0, |lexeme| lexeme.span.end)
    }

    fn emit(&mut self, token: Token, span: Span) {
        self.out.push(Lexeme { token, span, column: NOT_FIRST });
    }

    fn insert(&mut self, token: Token) {
        let place = self.place();
        self.emit(token, Span::new(place, place));
    }

    /// Reads the token at hand.
    fn token(&mut self) {
        let lexeme = self.lexeme();
        if lexeme.is_first() {
            self.measured = (lexeme.span.start, lexeme.column);
        }
        if lexeme.is_first() && self.brackets > 0 && self.breaks_brackets() {
            self.break_brackets();
        }
        if self.too_deep && !self.resumes_after_depth() {
            return;
        }
        let lexeme = if self.is_plain_name(self.at) { Lexeme { token: Token::Ident, ..lexeme } } else { lexeme };
        let in_expression = self.stack.last().is_some_and(|entry| entry.kind.is_expression_bracket());
        if in_expression {
            return self.bracketed(lexeme);
        }
        if lexeme.is_first() && self.brackets == 0 && !self.opened {
            self.start_line(lexeme);
        }
        self.opened = false;
        self.statement_word(lexeme);
    }

    /// Reads a token inside parentheses, square brackets or a record, where no layout exists.
    fn bracketed(&mut self, lexeme: Lexeme) {
        match lexeme.token {
            Token::ParenOpen | Token::SquareOpen | Token::BraceOpen => self.open_bracket(lexeme),
            Token::ParenClose | Token::SquareClose | Token::BraceClose => self.close_bracket(lexeme),
            Token::Semicolon => self.semicolon(lexeme),
            _ => self.emit(self.lexeme().token, lexeme.span),
        }
    }

    /// Whether the token with index `at` names a field or an operation, whatever word it is: it stands after `.` or
    /// before `:`.
    fn is_plain_name(&self, at: usize) -> bool {
        let token = |at: usize| self.input.get(at).map(|lexeme| lexeme.token);
        let after_dot = at.checked_sub(1).and_then(token) == Some(Token::Dot);
        token(at).is_some_and(Token::is_word) && (after_dot || token(at + 1) == Some(Token::Colon))
    }

    /// Closes what is still open at the end of the text.
    fn finish(mut self) -> Laid {
        if self.brackets > 0 && !self.too_deep {
            self.report_unclosed();
        }
        self.close_all(self.place());
        let Self { out: lexemes, diagnostics, deep_reported: too_deep, damaged, .. } = self;
        Laid { lexemes, diagnostics, too_deep, damaged }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        if self.diagnostics.len() < 2 * MAX_DIAGNOSTICS {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Closes all that is open, as text that ends at `end` is missing something.
    fn close_all(&mut self, end: u32) {
        let first_bracket = self.stack.iter().find(|entry| entry.kind.is_bracket()).map(|entry| entry.opener.start);
        if let Some(start) = first_bracket {
            self.damaged.push(Span::new(start, end));
        }
        while self.pop().is_some() {}
        self.operation_header = false;
        self.arrow = Arrow::Clause;
    }

    /// Reports that the entry just opened is nested too deep and closes everything; reading resumes at the next
    /// declaration.
    fn depth_exceeded(&mut self, opener: Span) {
        if !std::mem::replace(&mut self.deep_reported, true) {
            self.diagnostics.push(too_deep(self.file, opener));
        }
        let start = self.stack.first().map_or(opener, |entry| entry.opener).start;
        self.close_all(opener.end);
        self.damaged.push(Span::new(start, u32::MAX));
        self.too_deep = true;
    }

    /// After too deep a nesting, whether the token at hand starts the next declaration.
    fn resumes_after_depth(&mut self) -> bool {
        let resumes = self.lexeme().column == 0 && self.starts_declaration();
        if resumes {
            self.too_deep = false;
            self.opened = false;
            let end = self.lexeme().span.start;
            if let Some(last) = self.damaged.last_mut() {
                last.end = end;
            }
        }
        resumes
    }
}

/// The report of a nesting deeper than [`MAX_DEPTH`].
pub(crate) fn too_deep(file: FileId, place: Span) -> Diagnostic {
    Diagnostic::new(Code("E0106"), format!("nesting is deeper than {MAX_DEPTH}"))
        .label(file, place, "this is one level too deep")
        .help("name a part of it, with `let` or as a protocol of its own; operators in a row count as levels, too")
}
