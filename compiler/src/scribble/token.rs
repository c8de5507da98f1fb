//! Scribble and nuScr text to tokens.
//!
//! Lexing never fails: a character that starts no token becomes [`Token::Symbol`], and the parser says that it did not
//! expect it.

use tell_language::span::Span;

/// A token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// Letters, digits, `_` and, after the first character, `'`. A name may start with a digit, as in both languages.
    Word(&'t str),
    /// A text in double quotes.
    Text,
    /// Any other character.
    Symbol(char),
    /// A comment or text that has no end; the last token but the end.
    Unterminated(&'static str),
    /// The end of the text.
    End,
}

/// The tokens with their places; the last one is [`Token::End`].
pub(super) fn lex(text: &str) -> Vec<(Token<'_>, Span)> {
    let mut lexer = Lexer { text, at: 0, tokens: Vec::new() };
    if text.starts_with('\u{feff}') {
        lexer.at = '\u{feff}'.len_utf8();
    }
    while let Some(c) = lexer.rest().chars().next() {
        lexer.step(c);
    }
    lexer.push(Token::End, 0);
    lexer.tokens
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    tokens: Vec<(Token<'t>, Span)>,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn push(&mut self, token: Token<'t>, length: usize) {
        let place = |at: usize| u32::try_from(at).expect("the text is shorter than `MAX_BYTES`");
        self.tokens.push((token, Span::new(place(self.at), place(self.at + length))));
        self.at += length;
    }

    fn step(&mut self, c: char) {
        let rest = self.rest();
        match c {
            c if c.is_whitespace() => self.at += c.len_utf8(),
            // nuScr: `(*)` comments out the rest of the line
            _ if rest.starts_with("//") || rest.starts_with("(*)") => self.at += rest.find('\n').unwrap_or(rest.len()),
            _ if rest.starts_with("/*") => self.comment(rest[2..].find("*/").map(|at| at + 4), "comment"),
            _ if rest.starts_with("(*#") => self.comment(rest[3..].find("#*)").map(|at| at + 6), "pragma"),
            _ if rest.starts_with("(*") => self.comment(nested(rest), "comment"),
            '"' => match rest[1..].find(['"', '\n']) {
                Some(length) if rest[1 + length..].starts_with('"') => self.push(Token::Text, length + 2),
                _ => self.unterminated("text", 1),
            },
            c if is_part(c) => {
                let length = rest.find(|c| !is_part(c) && c != '\'').unwrap_or(rest.len());
                self.push(Token::Word(&rest[..length]), length);
            }
            c => self.push(Token::Symbol(c), c.len_utf8()),
        }
    }

    fn comment(&mut self, length: Option<usize>, what: &'static str) {
        match length {
            Some(length) => self.at += length,
            None => self.unterminated(what, 2),
        }
    }

    fn unterminated(&mut self, what: &'static str, length: usize) {
        self.push(Token::Unterminated(what), length);
        self.at = self.text.len();
    }
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Length of the comment at the beginning; `(* … *)` nest.
fn nested(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = 0;
    loop {
        let found = at + text[at..].find(['(', '*'])?;
        let rest = &text[found..];
        let (change, length) = match () {
            () if rest.starts_with("(*)") => (0, 3),
            () if rest.starts_with("(*") => (1, 2),
            () if rest.starts_with("*)") => (-1, 2),
            () => (0, 1),
        };
        depth = depth.checked_add_signed(change)?;
        at = found + length;
        if depth == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Token, lex};

    fn shown(text: &str) -> Vec<String> {
        let shown = |token: Token<'_>| match token {
            Token::Word(word) => word.to_owned(),
            Token::Text => "\"\"".to_owned(),
            Token::Symbol(c) => c.to_string(),
            Token::Unterminated(what) => format!("no end: {what}"),
            Token::End => "end".to_owned(),
        };
        lex(text).into_iter().map(|(token, _)| shown(token)).collect()
    }

    #[test]
    fn comments_of_both_languages_are_left_out() {
        let text = "a // b\n/* c */ d (* e (* f *) g *) h (*# i #*) j (*) k\nl";
        assert_eq!(shown(text), ["a", "d", "h", "j", "l", "end"]);
    }

    #[test]
    fn names_may_start_with_a_digit_and_contain_primes() {
        assert_eq!(shown("1(x') from _a"), ["1", "(", "x'", ")", "from", "_a", "end"]);
    }

    #[test]
    fn what_has_no_end_ends_the_text() {
        for (text, what) in
            [("a /* b", "comment"), ("a (* (* b *)", "comment"), ("a \"b\n\"", "text"), ("a (*# b", "pragma")]
        {
            assert_eq!(shown(text), ["a".to_owned(), format!("no end: {what}"), "end".to_owned()], "{text}");
        }
    }
}
