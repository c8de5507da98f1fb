//! Valid programs written otherwise: other blanks, empty lines, comments, line ends, indentation.
//!
//! Each function changes a text as one may who thinks nothing of layout. Where columns count the result may be another
//! program; whoever calls it has to look ([`tokens`]).

use crate::numbers::Numbers;
use tell_language::layout::layout;
use tell_language::span::FileId;
use tell_language::token::{Lexeme, Token, lex};

/// The tokens of a text, those of the layout pass included, each with its text.
#[must_use]
pub fn tokens(text: &str) -> Vec<(Token, &str)> {
    let laid = layout(FileId(0), text, &lex(FileId(0), text).lexemes).lexemes;
    laid.iter().map(|lexeme| (lexeme.token, &text[lexeme.span.range()])).collect()
}

/// Puts what `insert` says before some tokens.
fn between(text: &str, mut insert: impl FnMut(Lexeme) -> Option<String>) -> String {
    let mut out = String::new();
    let mut from = 0;
    for lexeme in lex(FileId(0), text).lexemes {
        let start = lexeme.span.start as usize;
        if let Some(inserted) = insert(lexeme) {
            out.push_str(&text[from..start]);
            out.push_str(&inserted);
            from = start;
        }
    }
    out + &text[from..]
}

/// More blanks between tokens of a line.
#[must_use]
pub fn blanks(text: &str, share: usize, numbers: &mut Numbers) -> String {
    between(text, |lexeme| (!lexeme.is_first() && numbers.percent(share)).then(|| " ".repeat(1 + numbers.below(3))))
}

/// Comments between tokens of a line.
#[must_use]
pub fn inner_comments(text: &str, share: usize, numbers: &mut Numbers) -> String {
    between(text, |lexeme| {
        let comment = numbers.pick(&["{- a -}", " {- b {- c -} -} ", "{--} "]);
        (!lexeme.is_first() && numbers.percent(share)).then(|| (*comment).to_owned())
    })
}

/// Line breaks between tokens of a line, with any indentation.
#[must_use]
pub fn breaks(text: &str, share: usize, numbers: &mut Numbers) -> String {
    between(text, |lexeme| {
        (!lexeme.is_first() && numbers.percent(share)).then(|| format!("\n{}", " ".repeat(numbers.below(24))))
    })
}

/// A token removed, doubled or replaced by another one; seldom a program.
#[must_use]
pub fn broken(text: &str, numbers: &mut Numbers) -> String {
    let lexemes = lex(FileId(0), text).lexemes;
    if lexemes.is_empty() {
        return text.to_owned();
    }
    let (at, other) = (numbers.pick(&lexemes).span.range(), numbers.pick(&lexemes).span.range());
    let replacement = match numbers.below(3) {
        0 => String::new(),
        1 => format!("{0} {0}", &text[at.clone()]),
        _ => text[other].to_owned(),
    };
    [&text[..at.start], &replacement, &text[at.end..]].concat()
}

/// Changes some lines that are no part of a block comment.
fn lines(text: &str, mut change: impl FnMut(&str) -> String) -> String {
    let comments = lex(FileId(0), text).comments;
    let mut out = String::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        let inside = comments.iter().any(|comment| {
            let (from, to) = (comment.span.start as usize, comment.span.end as usize);
            (from < at && at < to) || (from < end && end < to)
        });
        out.push_str(&if inside { line.to_owned() } else { change(line) });
        at = end;
    }
    out
}

/// Empty lines above lines, and blanks behind them.
#[must_use]
pub fn empty_lines(text: &str, share: usize, numbers: &mut Numbers) -> String {
    lines(text, |line| {
        let above = if numbers.percent(share) { "\n".repeat(1 + numbers.below(3)) } else { String::new() };
        let behind = if numbers.percent(share) { "  " } else { "" };
        format!("{above}{}{behind}\n", line.trim_end_matches('\n'))
    })
}

/// Comments at the ends of lines and on lines of their own, in any column.
#[must_use]
pub fn line_comments(text: &str, share: usize, numbers: &mut Numbers) -> String {
    lines(text, |line| {
        let column = " ".repeat(numbers.below(16));
        let above = match numbers.below(4) {
            _ if !numbers.percent(share) => String::new(),
            0 => format!("{column}{{- several\n{column}   lines\n-}}\n"),
            _ => format!("{column}-- above\n"),
        };
        let behind = if numbers.percent(share) { " -- behind" } else { "" };
        format!("{above}{}{behind}\n", line.trim_end_matches('\n'))
    })
}

/// The text with CR LF at the ends of lines.
#[must_use]
pub fn crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

/// The text with `width` blanks for every two at the starts of lines.
#[must_use]
pub fn reindented(text: &str, width: usize) -> String {
    let line = |line: &str| {
        let content = line.trim_start_matches(' ');
        " ".repeat((line.len() - content.len()) * width / 2) + content
    };
    text.split_inclusive('\n').map(line).collect()
}
