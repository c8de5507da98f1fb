//! Values of numbers, durations and strings, and what is wrong with them.

use std::borrow::Cow;

use super::{Token, report};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::{FileId, Span};

/// Magnitude of the smallest integer, the only literal that needs a minus.
const MIN_MAGNITUDE: u64 = 1 << 63;

/// Units of durations, in nanoseconds; longer names first.
const UNITS: [(&str, u64); 4] =
    [("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000)];

/// Magnitude of an integer literal, at most [`MIN_MAGNITUDE`]; `None` if it is malformed or larger.
#[must_use]
pub fn integer(text: &str) -> Option<u64> {
    let (digits, radix) = match text.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    magnitude(digits, radix).filter(|value| *value <= MIN_MAGNITUDE)
}

/// Nanoseconds of a duration literal; `None` if it is malformed or too large.
#[must_use]
pub fn nanoseconds(text: &str) -> Option<i64> {
    let (digits, unit) = UNITS.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, *unit)))?;
    i64::try_from(magnitude(digits, 10)?.checked_mul(unit)?).ok()
}

/// Value of digits between which `_` may stand.
fn magnitude(digits: &str, radix: u32) -> Option<u64> {
    if digits.is_empty() || digits.ends_with('_') || digits.starts_with('_') {
        return None;
    }
    digits
        .chars()
        .filter(|c| *c != '_')
        .try_fold(0_u64, |value, c| value.checked_mul(u64::from(radix))?.checked_add(u64::from(c.to_digit(radix)?)))
}

/// Whether a number is an integer or a duration; reports one that is neither or out of range.
pub(super) fn classify(file: FileId, text: &str, span: Span, diagnostics: &mut Vec<Diagnostic>) -> Token {
    let literal = &text[span.range()];
    let (token, valid) =
        if literal.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') || literal.starts_with("0x") {
            (Token::Int, integer(literal).is_some())
        } else if UNITS.iter().any(|(name, _)| literal.ends_with(name)) {
            (Token::Duration, nanoseconds(literal).is_some())
        } else {
            (Token::Int, false)
        };
    if !valid {
        report(diagnostics, || {
            Diagnostic::new(Code("E0105"), format!("the number `{}` is malformed or out of range", shorten(literal)))
                .label(file, span, "this does not fit into 64 bits with sign, or is not a number")
                .help("write it as `1_000`, `0xFF`, or a duration `250ms`, `5s`, `2m`, `1h`")
        });
    }
    token
}

fn shorten(literal: &str) -> Cow<'_, str> {
    if literal.len() <= 40 { literal.into() } else { format!("{}…", &literal[..40]).into() }
}

/// Reports what is wrong with the escapes of a string.
pub(super) fn check_escapes(file: FileId, text: &str, span: Span, diagnostics: &mut Vec<Diagnostic>) -> Token {
    let content = content(&text[span.range()]);
    if content.contains('\\') {
        for piece in pieces(content) {
            if let Err((start, end)) = piece {
                let place = Span::new(span.start + 1 + offset(start), span.start + 1 + offset(end));
                report(diagnostics, || {
                    Diagnostic::new(Code("E0110"), "invalid escape in a string")
                        .label(file, place, "this is no escape")
                        .help("escapes are `\\n \\t \\r \\0 \\\\ \\\"` and `\\u{1F600}` with the number of a character")
                });
            }
        }
    }
    Token::String
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).expect("texts are shorter than 2^32 bytes")
}

/// What stands between the quotes.
fn content(literal: &str) -> &str {
    let open = literal.strip_prefix('"').unwrap_or(literal);
    open.strip_suffix('"').unwrap_or(open)
}

/// The text a string literal stands for; invalid escapes, which have been reported, become U+FFFD.
#[must_use]
pub fn unescape(literal: &str) -> Cow<'_, str> {
    let content = content(literal);
    if !content.contains('\\') {
        return content.into();
    }
    pieces(content).map(|piece| piece.unwrap_or('\u{fffd}')).collect::<String>().into()
}

/// The characters of a string; a range of bytes where an escape is invalid.
fn pieces(content: &str) -> impl Iterator<Item = Result<char, (usize, usize)>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at;
        let rest = &content[start..];
        let first = rest.chars().next()?;
        if first != '\\' {
            at += first.len_utf8();
            return Some(Ok(first));
        }
        let (value, length) = escape(rest);
        at += length;
        Some(value.ok_or((start, at)))
    })
}

/// Value and length of the escape with which `text` starts.
fn escape(text: &str) -> (Option<char>, usize) {
    let Some(kind) = text[1..].chars().next() else { return (None, 1) };
    let simple = |value| (Some(value), 2);
    match kind {
        'n' => simple('\n'),
        't' => simple('\t'),
        'r' => simple('\r'),
        '0' => simple('\0'),
        '\\' => simple('\\'),
        '"' => simple('"'),
        'u' => {
            let braced = text[2..].strip_prefix('{').and_then(|rest| rest.split_once('}'));
            let Some((digits, _)) = braced.filter(|(digits, _)| digits.len() <= 6 && digits.is_ascii()) else {
                return (None, 2);
            };
            let hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            let number = if hexadecimal { u32::from_str_radix(digits, 16).ok() } else { None };
            (number.and_then(char::from_u32), digits.len() + 4)
        }
        other => (None, 1 + other.len_utf8()),
    }
}
