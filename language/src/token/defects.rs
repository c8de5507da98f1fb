//! Reports on the text as a whole: characters that may not stand in it, tabs, documentation of nothing.

use super::{Lexeme, MAX_TABS, TAB_COLUMNS, Token, span_of};
use crate::ast::{Comment, CommentKind};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::{FileId, Span};

/// A character in messages: itself if it can be seen, its number otherwise.
pub(super) fn describe(c: char) -> String {
    if c.is_control() || c.is_whitespace() || is_forbidden(c) {
        format!("the character U+{:04X}", u32::from(c))
    } else {
        format!("`{c}`")
    }
}

/// Characters that may not stand in a source text, not even in a comment or a string.
pub(crate) fn is_forbidden(c: char) -> bool {
    matches!(
        c,
        '\0' | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}'
    )
}

/// Reports every forbidden character of the text; a byte order mark may stand at its start.
pub(super) fn forbidden_characters(file: FileId, text: &str) -> Vec<Diagnostic> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    // What most texts are is found out several bytes at a time.
    if text.is_ascii() && !bytes.contains(&0) {
        return found;
    }
    let mut at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    while let Some(skip) = bytes[at..].iter().position(|byte| matches!(byte, 0 | 0xd8 | 0xe1 | 0xe2 | 0xef)) {
        at += skip;
        let c = text[at..].chars().next().expect("a character starts at a leading byte");
        let span = span_of(at..at + c.len_utf8());
        if is_forbidden(c) && found.len() < 200 {
            found.push(
                Diagnostic::new(Code("E0101"), format!("{} may not stand in a source text", describe(c)))
                    .label(file, span, "an invisible character is here")
                    .help("remove it; in a string write it as an escape `\\u{…}`")
                    .fix(file, span, ""),
            );
        }
        at += c.len_utf8();
    }
    found
}

/// One report for all tabs, with a fix for each.
pub(super) fn tab_report(file: FileId, tabs: &[Span]) -> Option<Diagnostic> {
    let first = *tabs.first()?;
    let spaces = " ".repeat(TAB_COLUMNS as usize);
    let report = Diagnostic::new(Code("E0107"), "tab in the indentation")
        .label(file, first, "the first tab is here")
        .help(match tabs.len() {
            1 => format!("indent with spaces; write {TAB_COLUMNS} spaces for the tab"),
            MAX_TABS => format!("indent with spaces; write {TAB_COLUMNS} spaces for each tab"),
            count => format!("indent with spaces; write {TAB_COLUMNS} spaces for each of the {count} tabs"),
        });
    Some(tabs.iter().fold(report, |report, tab| report.fix(file, *tab, spaces.as_str())))
}

/// Warns of each run of documentation lines that stands before an arm or the end of the file.
pub(super) fn idle_docs(file: FileId, comments: &[Comment], lexemes: &[Lexeme]) -> Vec<Diagnostic> {
    let mut reports: Vec<(Option<u32>, Diagnostic)> = Vec::new();
    for comment in comments.iter().filter(|comment| comment.kind == CommentKind::Doc) {
        let next = lexemes.get(lexemes.partition_point(|lexeme| lexeme.span.start < comment.span.end));
        let place = next.map(|lexeme| lexeme.span.start);
        let repeated = reports.last().is_some_and(|(last, _)| *last == place);
        if repeated || next.is_some_and(|lexeme| lexeme.token != Token::Bar) {
            continue;
        }
        let report = Diagnostic::new(Code("W0101"), "this documentation belongs to nothing")
            .label(file, comment.span, "no declaration or operation follows")
            .help("write it as an ordinary comment `-- …`");
        reports.push((place, report));
    }
    reports.into_iter().map(|(_, report)| report).collect()
}
