//! Constants as text, as Tell writes them: `()`, `true`, `-3`, `250ms`, `"text"`, `session`.

use super::cursor::{Cursor, NUMBER, Read};
use super::token::{Token, TokenKind, unquote};
use crate::image::Const;

/// Units of time in nanoseconds, the largest first.
const UNITS: [(&str, i128); 4] = [("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000), ("ns", 1)];

/// A constant.
pub(crate) fn write(value: &Const) -> String {
    match value {
        Const::Unit => "()".to_owned(),
        Const::Bool(value) => value.to_string(),
        Const::Int(value) => value.to_string(),
        Const::Duration(nanoseconds) => {
            let nanoseconds = i128::from(*nanoseconds);
            let (unit, size) = UNITS.iter().find(|(_, size)| nanoseconds % size == 0).expect("all are nanoseconds");
            format!("{}{unit}", nanoseconds / size)
        }
        Const::Str(text) => format!("{text:?}"),
        Const::Session => "session".to_owned(),
    }
}

/// Reads a constant.
pub(crate) fn read(cursor: &mut Cursor<'_, '_>) -> Read<Const> {
    let Some(token) = cursor.peek() else { return cursor.expected("a constant") };
    let value = match (token.kind, token.text) {
        (TokenKind::Mark, "(") => {
            cursor.at += 1;
            return cursor.expect(")").map(|()| Const::Unit);
        }
        (TokenKind::Word, "true") => Some(Const::Bool(true)),
        (TokenKind::Word, "false") => Some(Const::Bool(false)),
        (TokenKind::Word, "session") => Some(Const::Session),
        (TokenKind::Text, text) => unquote(text).map(Const::Str),
        (TokenKind::Number, _) => Some(number(cursor, token)?),
        _ => None,
    };
    match value {
        Some(value) => {
            cursor.at += 1;
            Ok(value)
        }
        None => cursor.expected("a constant"),
    }
}

/// A number, or a time if a unit is behind it.
fn number(cursor: &Cursor<'_, '_>, token: Token<'_>) -> Read<Const> {
    let end = token.text.find(char::is_alphabetic).unwrap_or(token.text.len());
    let (digits, unit) = token.text.split_at(end);
    let size = match UNITS.iter().find(|(known, _)| *known == unit) {
        Some((_, size)) => *size,
        None if unit.is_empty() => 1,
        None => {
            let help = "times are in `s`, `ms`, `us` or `ns`".to_owned();
            return cursor.wrong(NUMBER, format!("`{unit}` is not a unit of time"), Some(help));
        }
    };
    let value = digits.parse::<i64>().ok().and_then(|number| i64::try_from(i128::from(number) * size).ok());
    match value {
        Some(value) if unit.is_empty() => Ok(Const::Int(value)),
        Some(value) => Ok(Const::Duration(value)),
        None => {
            let help = "numbers, and times in nanoseconds, have 64 bits".to_owned();
            cursor.wrong(NUMBER, "the number is too large", Some(help))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asm::token::lex;

    fn read_all(text: &str) -> Read<Const> {
        let mut tokens = Vec::new();
        lex(text, &mut tokens).expect("tokens");
        let mut cursor = Cursor::new(&tokens);
        let value = read(&mut cursor)?;
        cursor.end().map(|()| value)
    }

    #[test]
    fn constants_come_back() {
        let numbers = [0, 1, -1, 999, 1_000, 5_000_000_000, 60_000_000_000, i64::MAX, i64::MIN];
        let texts = ["", "a\"b\\", "\u{0}\u{202e}\n", "12 €"];
        let values = [Const::Unit, Const::Bool(true), Const::Bool(false), Const::Session].into_iter();
        let values = values.chain(numbers.map(Const::Int)).chain(numbers.map(Const::Duration));
        for value in values.chain(texts.map(|text| Const::Str(text.to_owned()))) {
            let text = write(&value);
            assert_eq!(read_all(&text).expect(&text), value, "{text}");
        }
        assert_eq!(write(&Const::Duration(250_000_000)), "250ms");
    }

    #[test]
    fn what_is_no_constant_is_refused() {
        for text in ["", "(", "yes", "1h", "9223372036854775808", "9999999999999s", "r1", "#1", "--1"] {
            assert!(read_all(text).is_err(), "{text}");
        }
    }
}
