//! Rendering shows diagnostics and never fails.

use proptest::prelude::*;
use tell_language::diagnostic::{Code, Diagnostic};
use tell_language::parse::parse;
use tell_language::render::{one_line, render};
use tell_language::span::{FileId, Files, Span};
use tell_language::symbol::Interner;

fn shown(diagnostics: &[Diagnostic], files: &Files, color: bool) -> String {
    let mut out = Vec::new();
    render(diagnostics, files, color, &mut out).expect("a vector takes all bytes");
    String::from_utf8(out).expect("the rendering is text")
}

#[test]
fn reports_of_a_program() {
    let text =
        "protocol P(A, B) =\n  A -> B M\n  let x = a < b < c\n  A -> B : M(x\nprotocol Q(A, B) =\n  A -> B : M\n";
    let mut files = Files::default();
    let file = files.add("shop/main.tell", text);
    let diagnostics = parse(file, text, &mut Interner::default()).diagnostics;
    insta::assert_snapshot!(shown(&diagnostics, &files, false));
    assert!(shown(&diagnostics, &files, true).contains("\u{1b}["));
    assert!(!shown(&diagnostics, &files, false).contains('\u{1b}'));
}

#[test]
fn several_files_notes_and_long_lines() {
    let mut files = Files::default();
    let first = files.add("a.tell", "type A\ntype B\n");
    let long = format!("type {} \u{202e}C -- {}\n", "x".repeat(3000), "y".repeat(3000));
    let second = files.add("b.tell", long);
    let diagnostic = Diagnostic::new(Code("E0210"), "the type `A` is declared twice")
        .label(second, Span::new(5, 3005), "here")
        .label(second, Span::new(3009, 3010), "and in the middle of this line")
        .label(first, Span::new(5, 6), "first declared here")
        .note("a note\nof two lines")
        .help("rename one");
    insta::assert_snapshot!(shown(&[diagnostic], &files, false));
}

#[test]
fn places_at_the_end_and_none() {
    let mut files = Files::default();
    let empty = files.add("empty.tell", "");
    let diagnostics = [
        Diagnostic::new(Code("E0102"), "nothing here").label(empty, Span::new(0, 0), "").help("write something"),
        Diagnostic::new(Code("W0201"), "no place at all"),
    ];
    insta::assert_snapshot!(shown(&diagnostics, &files, false));
}

#[test]
fn messages_cannot_move_the_cursor() {
    assert_eq!(one_line("größer \\n"), "größer \\n");
    assert_eq!(one_line("a\n\r\t\u{1b}[2J\u{9b}\u{202e}b"), "a\\n\\r\\t\\u{1b}[2J\\u{9b}\\u{202e}b");
    let mut files = Files::default();
    let file = files.add("a.tell", "type A");
    let diagnostic = Diagnostic::new(Code("E0210"), "one\nerror[E0000]: two")
        .label(file, Span::new(5, 6), "\u{1b}here")
        .note("a\u{7}\nb")
        .help("\u{202e}c");
    let text = shown(&[diagnostic], &files, false);
    assert!(text.starts_with("error[E0210]: one\\nerror[E0000]: two\n"), "{text}");
    for escaped in ["\\u{1b}here", "note: a\\u{7}\n        b\n", "help: \\u{202e}c"] {
        assert!(text.contains(escaped), "{escaped} is not in {text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn never_panics(
        texts in proptest::collection::vec("([a-z ]|\\PC|\n|\r|\t|\u{2028}|\u{202e}|\u{b}|[x]{500}){0,40}", 1..3),
        labels in proptest::collection::vec((0..3_u32, 0..3000_u32, 0..3000_u32, "[a-z]{0,3}"), 0..5),
        color in any::<bool>(),
    ) {
        let mut files = Files::default();
        let count = u32::try_from(texts.len()).expect("few files");
        for (at, text) in texts.iter().enumerate() {
            files.add(format!("{at}.tell"), text.as_str());
        }
        let mut diagnostic = Diagnostic::new(Code("E0102"), "message");
        for (file, start, end, text) in &labels {
            diagnostic = diagnostic.label(FileId(file % count), Span::new(*start, *end), text.as_str());
        }
        let text = shown(&[diagnostic.clone(), diagnostic], &files, color);
        prop_assert!(text.contains("E0102"));
    }
}
