//! The text of an image as lines of tokens, and names as tokens.
//!
//! A line ends at a line break; `--` starts a comment. Every name can be written between quotes; one that is a word stands
//! without. Two pieces of text are the same name if they have the same tokens ([`key`]).

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// `receive`, `r3`, `std.console.Console.print`, `W[0]`
    Word,
    /// `12`, `-1`, `250ms`
    Number,
    /// `"any text"`
    Text,
    /// `#3`: entry 3 of its table.
    Entry,
    /// `?3`: the number 3, whatever it leads to.
    Raw,
    /// `->`, `(`, …
    Mark,
}

/// A token of a line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'t> {
    pub(crate) kind: TokenKind,
    pub(crate) text: &'t str,
    /// Where it starts in its line, in bytes.
    pub(crate) at: usize,
}

/// What is no token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoToken {
    /// Where it starts in its line, in bytes.
    pub(crate) at: usize,
    pub(crate) message: &'static str,
    pub(crate) help: &'static str,
}

/// Appends the tokens of a line.
pub(crate) fn lex<'t>(line: &'t str, tokens: &mut Vec<Token<'t>>) -> Result<(), NoToken> {
    let mut at = 0;
    while let Some(first) = line[at..].chars().next() {
        let rest = &line[at..];
        if rest.starts_with("--") {
            break;
        }
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (kind, len) = token(first, rest).map_err(|(message, help)| NoToken { at, message, help })?;
        tokens.push(Token { kind, text: &rest[..len], at });
        at += len;
    }
    Ok(())
}

/// Kind and length of the token a text starts with, or message and help.
fn token(first: char, rest: &str) -> Result<(TokenKind, usize), (&'static str, &'static str)> {
    let second = rest[first.len_utf8()..].chars().next().unwrap_or(' ');
    let digits = |from: usize| from + span(&rest[from..], |c| c.is_ascii_digit());
    match first {
        '"' => match text_len(rest) {
            None => Err(("a text without its end", "close it with `\"` in the same line")),
            Some(len) if unquote(&rest[..len]).is_none() => Err((
                "an escape that means nothing",
                "known are `\\n`, `\\r`, `\\t`, `\\0`, `\\\\`, `\\\"`, `\\'`, `\\u{41}`",
            )),
            Some(len) => Ok((TokenKind::Text, len)),
        },
        '#' if second.is_ascii_digit() => Ok((TokenKind::Entry, digits(1))),
        '?' if second.is_ascii_digit() => Ok((TokenKind::Raw, digits(1))),
        '-' if second == '>' => Ok((TokenKind::Mark, 2)),
        '.' if second == '.' => Ok((TokenKind::Mark, 2)),
        '0'..='9' => Ok((TokenKind::Number, span(rest, char::is_alphanumeric))),
        '-' if second.is_ascii_digit() => Ok((TokenKind::Number, 1 + span(&rest[1..], char::is_alphanumeric))),
        '(' | ')' | '{' | '}' | '[' | ']' | ',' | ':' | '=' | '|' | '.' => Ok((TokenKind::Mark, 1)),
        _ if starts_word(first) => Ok((TokenKind::Word, word_len(rest))),
        _ => Err((
            "a character that means nothing here",
            "names with other characters than letters stand between quotes",
        )),
    }
}

fn span(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

fn starts_word(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

/// Length of the word a text starts with: letters and digits, `.` before a letter, an index in brackets.
fn word_len(text: &str) -> usize {
    let mut len = 0;
    loop {
        len += span(&text[len..], |c| c.is_alphanumeric() || c == '_' || c == '\'');
        let rest = &text[len..];
        let index = rest.strip_prefix('[').map(|inner| span(inner, |c| c.is_ascii_digit()));
        len += match index {
            Some(digits) if digits > 0 && rest[1 + digits..].starts_with(']') => digits + 2,
            _ if rest.starts_with('.') && rest[1..].starts_with(starts_word) => 1,
            _ => return len,
        };
    }
}

/// Length of the quoted text that a text starts with, up to its closing quote.
fn text_len(text: &str) -> Option<usize> {
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some(at + 1),
            '\\' => drop(chars.next()),
            _ => {}
        }
    }
    None
}

/// What stands between quotes.
pub(crate) fn unquote(text: &str) -> Option<String> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        out.push_str(plain);
        let mut after = escaped.chars();
        out.push(match after.next()? {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            '0' => '\0',
            c @ ('\\' | '"' | '\'') => c,
            'u' => {
                let (digits, behind) = after.as_str().strip_prefix('{')?.split_once('}')?;
                after = behind.chars();
                char::from_u32(u32::from_str_radix(digits, 16).ok()?)?
            }
            _ => return None,
        });
        rest = after.as_str();
    }
    out.push_str(rest);
    Some(out)
}

/// A name: as it is if it is one word, else between quotes.
pub(crate) fn quoted(name: &str) -> String {
    if is_word(name) { name.to_owned() } else { format!("{name:?}") }
}

/// Whether a name is one word.
pub(crate) fn is_word(name: &str) -> bool {
    name.starts_with(starts_word) && word_len(name) == name.len()
}

/// A text that two pieces of text have in common if they have the same tokens.
pub(crate) fn key(tokens: &[Token<'_>]) -> String {
    let mut out = String::new();
    for token in tokens {
        if !out.is_empty() {
            out.push(' ');
        }
        match (token.kind, unquote(token.text)) {
            (TokenKind::Text, Some(text)) => out.push_str(&format!("{text:?}")),
            _ => out.push_str(token.text),
        }
    }
    out
}

/// The [`key`] of a text that was written here.
pub(crate) fn key_of(text: &str) -> String {
    let mut tokens = Vec::new();
    lex(text, &mut tokens).expect("names are written in tokens");
    key(&tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(line: &str) -> Vec<&str> {
        let mut tokens = Vec::new();
        lex(line, &mut tokens).expect("tokens");
        tokens.iter().map(|token| token.text).collect()
    }

    #[test]
    fn a_line_is_tokens() {
        assert_eq!(
            texts("  12 send W[0] Title(Int) r3 -- to it"),
            ["12", "send", "W[0]", "Title", "(", "Int", ")", "r3"]
        );
        assert_eq!(texts("r1 = r2.0"), ["r1", "=", "r2", ".", "0"]);
        assert_eq!(texts("State(Int).get #3 ?4"), ["State", "(", "Int", ")", ".", "get", "#3", "?4"]);
        assert_eq!(texts("r1 = -5"), ["r1", "=", "-5"]);
        assert_eq!(
            texts("(r1..) a.b -> 5ms | Unit[x] \"a -- \\\" b\""),
            ["(", "r1", "..", ")", "a.b", "->", "5ms", "|", "Unit", "[", "x", "]", "\"a -- \\\" b\""]
        );
        for wrong in ["a ; b", "\"open", "\"\\q\"", "# 3", "\"\\u{d800}\""] {
            assert!(lex(wrong, &mut Vec::new()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_name_comes_back() {
        for name in ["Buyer", "W[0]", "std.console.Console", "größer", "x'"] {
            assert_eq!(quoted(name), name);
        }
        for name in ["", "a b", "3", "W[]", "a.", ".a", "a--b", "\"", "\n\r\u{202e}\\", "#3", "a[b]"] {
            let text = quoted(name);
            assert_eq!(unquote(&text).as_deref(), Some(name));
            assert_eq!(texts(&text), [text.as_str()]);
        }
        assert_eq!(key_of("\"\\u{41}\" ( Int )"), key_of("\"A\"(Int)"));
    }
}
