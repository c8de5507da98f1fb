//! Going through a text: line by line ([`Lines`]), and through the tokens of one line ([`Cursor`]).
//!
//! What does not fit is a [`Miss`] at a token; with its line and how such a line is written it becomes an [`AsmError`].

use super::AsmError;
use super::name::Book;
use super::near::nearest;
use super::token::{Token, TokenKind, key, lex, unquote};

/// The line cannot be read: something else is expected.
pub(crate) const NOTATION: &str = "E0603";
/// A name of nothing.
pub(crate) const NAME: &str = "E0604";
/// A number that is not that of its place, or too large.
pub(crate) const NUMBER: &str = "E0605";
/// Another content id.
pub(crate) const CONTENT: &str = "E0606";

/// Why a line cannot be read.
#[derive(Clone, Debug)]
pub(crate) struct Miss {
    /// The token, or the end of the line.
    pub(crate) at: usize,
    pub(crate) problem: Problem,
}

impl Miss {
    /// At that token; without `help`, it is said how such a line is written.
    pub(crate) fn new(at: usize, code: &'static str, message: impl Into<String>, help: Option<String>) -> Self {
        Self { at, problem: Problem::Wrong { code, message: message.into(), help } }
    }
}

/// What is wrong there.
#[derive(Clone, Debug)]
pub(crate) enum Problem {
    /// This should stand here.
    Expected(&'static str),
    /// Something else.
    Wrong {
        code: &'static str,
        message: String,
        /// What to do; if nothing is said, how such a line is written.
        help: Option<String>,
    },
}

/// What was read, or why it cannot be.
pub(crate) type Read<T = ()> = Result<T, Miss>;

/// A place in the tokens of a line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a, 't> {
    pub(crate) tokens: &'a [Token<'t>],
    pub(crate) at: usize,
}

impl<'a, 't> Cursor<'a, 't> {
    pub(crate) fn new(tokens: &'a [Token<'t>]) -> Self {
        Self { tokens, at: 0 }
    }

    pub(crate) fn expected<T>(&self, what: &'static str) -> Read<T> {
        Err(Miss { at: self.at, problem: Problem::Expected(what) })
    }

    pub(crate) fn wrong<T>(&self, code: &'static str, message: impl Into<String>, help: Option<String>) -> Read<T> {
        Err(Miss::new(self.at, code, message, help))
    }

    pub(crate) fn peek(&self) -> Option<Token<'t>> {
        self.tokens.get(self.at).copied()
    }

    /// Whether this mark or word is next.
    pub(crate) fn sees(&self, text: &str) -> bool {
        self.peek().is_some_and(|token| token.text == text)
    }

    /// Goes over this mark or word, if it is next.
    pub(crate) fn eats(&mut self, text: &str) -> bool {
        let sees = self.sees(text);
        self.at += usize::from(sees);
        sees
    }

    /// Goes over this mark or word.
    pub(crate) fn expect(&mut self, text: &'static str) -> Read {
        if self.eats(text) { Ok(()) } else { self.expected(text) }
    }

    /// Nothing is left.
    pub(crate) fn end(&self) -> Read {
        if self.at >= self.tokens.len() { Ok(()) } else { self.expected("the end of the line") }
    }

    /// A name, with or without quotes.
    pub(crate) fn name(&mut self, what: &'static str) -> Read<String> {
        let name = match self.peek() {
            Some(Token { kind: TokenKind::Word, text, .. }) => Some(text.to_owned()),
            Some(Token { kind: TokenKind::Text, text, .. }) => unquote(text),
            _ => None,
        };
        match name {
            Some(name) => {
                self.at += 1;
                Ok(name)
            }
            None => self.expected(what),
        }
    }

    /// A number up to `most`.
    pub(crate) fn number(&mut self, what: &'static str, most: u32) -> Read<u32> {
        match self.peek() {
            Some(Token { kind: TokenKind::Number, text, .. }) if is_digits(text) => self.within(text, most),
            _ => self.expected(what),
        }
    }

    /// A number behind a letter, `r3`.
    pub(crate) fn lettered(&mut self, letter: char, what: &'static str, most: u32) -> Read<u32> {
        match self.peek().and_then(|token| token.text.strip_prefix(letter)) {
            Some(digits) if is_digits(digits) => self.within(digits, most),
            _ => self.expected(what),
        }
    }

    /// The number of the token at hand.
    fn within(&mut self, digits: &str, most: u32) -> Read<u32> {
        match digits.parse() {
            Ok(number) if number <= most => {
                self.at += 1;
                Ok(number)
            }
            _ => {
                let help = format!("it is at most {most} here");
                self.wrong(NUMBER, format!("{} is too large", shortened(digits)), Some(help))
            }
        }
    }

    /// `#3` or `?3`, which stand for an entry of a table of that length. In front of `.` they belong to more.
    pub(crate) fn entry(&mut self, len: usize, most: u32) -> Read<Option<u32>> {
        let Some(token) = self.peek() else { return Ok(None) };
        let next = self.tokens.get(self.at + 1).map_or("", |token| token.text);
        if !matches!(token.kind, TokenKind::Entry | TokenKind::Raw) || next == "." {
            return Ok(None);
        }
        let digits = &token.text[1..];
        if token.kind == TokenKind::Entry && !digits.parse().is_ok_and(|number: usize| number < len) {
            let digits = shortened(digits);
            let help = format!("write `?{digits}` for a number that is to lead nowhere");
            return self.wrong(NAME, format!("there is no entry {digits}: the table has {len}"), Some(help));
        }
        self.within(digits, most).map(Some)
    }

    /// `?3`
    pub(crate) fn raw(&mut self, most: u32) -> Read<Option<u32>> {
        match self.peek() {
            Some(Token { kind: TokenKind::Raw, text, .. }) => self.within(&text[1..], most).map(Some),
            _ => Ok(None),
        }
    }

    /// The entry of a table that the tokens `extent` goes over name.
    pub(crate) fn reference(
        &mut self,
        book: &Book,
        what: &'static str,
        most: u32,
        extent: impl Fn(&mut Self) -> Read,
    ) -> Read<u32> {
        if let Some(number) = self.entry(book.len(), most)? {
            return Ok(number);
        }
        let start = *self;
        extent(self)?;
        let key = key(&start.tokens[start.at..self.at]);
        match book.find(&key) {
            Some(number) if number <= most => Ok(number),
            Some(number) => start.wrong(NUMBER, format!("entry {number} is out of reach"), None),
            None => start.unknown(what, &key, book.nearest(&key)),
        }
    }

    /// A name of nothing.
    pub(crate) fn unknown<T>(&self, what: &'static str, name: &str, near: Option<&str>) -> Read<T> {
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("list it with the others, or write `?N` for {what} that is not there"),
        };
        self.wrong(NAME, format!("`{}` is not the name of {what}", shortened(name)), Some(help))
    }

    /// Goes over a balanced group, if one begins here.
    pub(crate) fn group(&mut self) -> Read<bool> {
        let mut depth = 0_usize;
        let start = *self;
        while let Some(token) = self.peek() {
            match token.text {
                "(" | "{" | "[" => depth += 1,
                ")" | "}" | "]" if depth > 0 => depth -= 1,
                _ if depth == 0 => return Ok(false),
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Ok(true);
            }
        }
        if depth == 0 { Ok(false) } else { start.wrong(NOTATION, "a bracket without its end", None) }
    }

    /// The number a line may begin with, `#3`: that of its place.
    pub(crate) fn place(&mut self, kind: TokenKind, place: usize) -> Read {
        match self.peek() {
            Some(token) if token.kind == kind && is_digits(token.text.trim_start_matches('#')) => {
                if token.text.trim_start_matches('#').parse() == Ok(place) {
                    self.at += 1;
                    return Ok(());
                }
                let help = format!("the number is {place}; it can be left out");
                self.wrong(NUMBER, format!("`{}` is not the number of this place", shortened(token.text)), Some(help))
            }
            _ => Ok(()),
        }
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// At most so many characters of a text are repeated in a message.
const MAX_SHOWN: usize = 60;

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The lines of a text that have tokens, one at a time.
#[derive(Clone, Debug)]
pub(crate) struct Lines<'t> {
    rest: &'t str,
    /// Number of the line at hand, from 1.
    number: usize,
    text: &'t str,
    tokens: Vec<Token<'t>>,
}

impl<'t> Lines<'t> {
    /// At the first line of a text.
    pub(crate) fn new(text: &'t str) -> Result<Self, AsmError> {
        let mut lines = Self { rest: text.trim_start_matches('\u{feff}'), number: 0, text: "", tokens: Vec::new() };
        lines.advance()?;
        Ok(lines)
    }

    /// Goes to the next line; at the end there is none, and no tokens.
    pub(crate) fn advance(&mut self) -> Result<(), AsmError> {
        self.tokens.clear();
        while !self.rest.is_empty() && self.tokens.is_empty() {
            let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
            self.rest = rest;
            self.number += 1;
            self.text = line;
            if let Err(wrong) = lex(line, &mut self.tokens) {
                let wide = line[wrong.at..].chars().next().map_or(0, char::len_utf8);
                return Err(self.error_at(wrong.at, wide, NOTATION, wrong.message.to_owned(), wrong.help.to_owned()));
            }
        }
        Ok(())
    }

    /// The tokens of the line at hand; none at the end.
    pub(crate) fn tokens(&self) -> &[Token<'t>] {
        &self.tokens
    }

    /// What is wrong with the line at hand; `form` says how such a line is written.
    pub(crate) fn error(&self, miss: Miss, form: &str) -> AsmError {
        let token = self.tokens.get(miss.at);
        let end = self.tokens.last().map_or(self.text.trim_end().len(), |token| token.at + token.text.len());
        let (at, wide) = token.map_or((end, 0), |token| (token.at, token.text.len()));
        let (code, message, help) = match miss.problem {
            Problem::Expected(what) => {
                let what = if what.contains(' ') { what.to_owned() } else { format!("`{what}`") };
                let message = match token {
                    Some(token) => format!("`{}` stands where {what} should be", shortened(token.text)),
                    None => format!("the line ends where {what} should be"),
                };
                (NOTATION, message, None)
            }
            Problem::Wrong { code, message, help } => (code, message, help),
        };
        let help = help.unwrap_or_else(|| format!("such a line is written `{form}`"));
        self.error_at(at, wide, code, message, help)
    }

    /// `wide` is the length of the place in bytes.
    fn error_at(&self, at: usize, wide: usize, code: &'static str, message: String, help: String) -> AsmError {
        let column = self.text[..at].chars().count() + 1;
        let width = self.text[at..at + wide].chars().count().max(1);
        AsmError { code, line: self.number.max(1), column, width, message, help }
    }

    /// The word that is all of the line at hand.
    pub(crate) fn heading(&self) -> Option<&'t str> {
        match self.tokens.as_slice() {
            [Token { kind: TokenKind::Word, text, .. }] => Some(text),
            _ => None,
        }
    }

    /// The word the line at hand begins with.
    pub(crate) fn first(&self) -> &'t str {
        self.tokens.first().map_or("", |token| token.text)
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.tokens.is_empty()
    }
}

/// A word that is none of a few.
pub(crate) fn unknown_word(cursor: &Cursor<'_, '_>, what: &str, words: impl IntoIterator<Item = &'static str>) -> Miss {
    let found = cursor.peek().map_or("", |token| token.text);
    let help = nearest(found, words).map(|near| format!("did you mean `{near}`?"));
    Miss::new(cursor.at, NAME, format!("`{}` is not {what}", shortened(found)), help)
}
