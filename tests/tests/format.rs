//! The formatter, on everything there is: the corpus, the examples, generated programs, and all of them mangled.

#![allow(clippy::disallowed_methods, reason = "tests read the repository")]

use tell_language::ast::CommentKind;
use tell_language::diagnostic::Diagnostic;
use tell_language::dump::ast_dump;
use tell_language::format::format;
use tell_language::parse::parse;
use tell_language::print::print;
use tell_language::span::FileId;
use tell_language::symbol::Interner;
use tell_language::token::lex;
use tell_tests::generate::program;
use tell_tests::mangle::{
    blanks, breaks, broken, crlf, empty_lines, inner_comments, line_comments, reindented, tokens,
};
use tell_tests::numbers::Numbers;
use tell_tests::{files, root};

/// All files of the corpus, the samples, the examples and the standard library that are text.
fn texts() -> Vec<(String, String)> {
    let folders = ["tests/corpus", "language/tests/samples", "examples", "stdlib/tell"];
    let paths = folders.iter().flat_map(|folder| files(&root().join(folder), "tell"));
    let read = |path: std::path::PathBuf| {
        let bytes = std::fs::read(&path).expect("it can be read");
        Some((path.display().to_string(), String::from_utf8(bytes).ok()?))
    };
    paths.filter_map(read).collect()
}

/// Those without syntax errors, without a byte order mark, and programs of the generator.
fn valid_texts() -> Vec<(String, String)> {
    let generated = (0..60).map(|seed| (format!("seed {seed}"), program(seed).text));
    let written = texts().into_iter().filter(|(_, text)| tree(text).is_some());
    written.map(|(name, text)| (name, text.trim_start_matches('\u{feff}').to_owned())).chain(generated).collect()
}

/// The tree in words; none with syntax errors.
fn tree(text: &str) -> Option<String> {
    let mut interner = Interner::default();
    let parsed = parse(FileId(0), text, &mut interner);
    let is_valid = !parsed.diagnostics.iter().any(Diagnostic::is_error);
    is_valid.then(|| ast_dump(&parsed.ast, &interner))
}

/// Whether a mangled text is still the program.
fn is_same(mangled: &str, text: &str) -> bool {
    tokens(mangled) == tokens(text) && tree(mangled).is_some()
}

/// Every comment without its indentation, with the number of tokens before it.
fn comments(text: &str) -> Vec<(CommentKind, String, usize)> {
    let lexed = lex(FileId(0), text);
    let describe = |comment: &tell_language::ast::Comment| {
        let lines: Vec<&str> = text[comment.span.range()].split('\n').map(str::trim).collect();
        let before = lexed.lexemes.partition_point(|lexeme| lexeme.span.start < comment.span.start);
        (comment.kind, lines.join("\n"), before)
    };
    lexed.comments.iter().map(describe).collect()
}

/// Formats a valid text and looks at the result.
#[track_caller]
fn formatted(name: &str, text: &str) -> String {
    let result = format(text).unwrap_or_else(|reports| panic!("{name}: {reports:?}\n{text}"));
    assert_eq!(tree(&result), tree(text), "{name} becomes another program:\n{text}\n---\n{result}");
    assert_eq!(tokens(&result), tokens(text), "{name} gets other tokens:\n{text}\n---\n{result}");
    assert_eq!(comments(&result), comments(text), "{name}: comments\n{text}\n---\n{result}");
    let again = format(&result).expect("it is valid");
    assert_eq!(again, result, "{name} is formatted once more:\n{text}\n---\n{result}\n---\n{again}");
    for line in result.split('\n') {
        assert_eq!(line, line.trim_end(), "{name}: blanks at the end of a line:\n{text}\n---\n{result}");
    }
    assert!(result.is_empty() || result.ends_with('\n') && !result.ends_with("\n\n"), "{name}: its end");
    assert!(!result.starts_with('\n'), "{name}: its start");
    result
}

#[test]
fn every_valid_file_keeps_its_tree_and_comments() {
    for (name, text) in valid_texts() {
        formatted(&name, &text);
    }
}

#[test]
fn examples_and_the_standard_library_are_formatted() {
    for folder in ["examples", "stdlib/tell"] {
        for path in files(&root().join(folder), "tell") {
            let text = tell_tests::text_of(&path);
            assert_eq!(formatted(&path.display().to_string(), &text), text, "run `tellc fmt {folder}`");
        }
    }
}

#[test]
fn what_the_printer_prints_differs_in_indentation_only() {
    let content = |text: &str| {
        let lines = text.lines().map(|line| line.trim_start().to_owned());
        lines.filter(|line| !line.is_empty()).collect::<Vec<_>>()
    };
    for (name, text) in valid_texts() {
        let mut interner = Interner::default();
        let printed = print(&parse(FileId(0), &text, &mut interner).ast, &interner);
        // what is refused is not printed, and what is left may be no program
        if tree(&printed).is_some() {
            assert_eq!(content(&formatted(&name, &printed)), content(&printed), "{name}, printed");
        }
    }
}

#[test]
fn line_ends_empty_lines_and_blanks_make_no_difference() {
    let mut numbers = Numbers::new(1);
    let mut compared = 0;
    for (name, text) in valid_texts() {
        let canonical = formatted(&name, &text);
        assert_eq!(formatted(&name, &crlf(&text)), canonical, "{name} with CR LF");
        formatted(&name, &empty_lines(&canonical, 20, &mut numbers));
        for share in [5, 50] {
            let mangled = blanks(&text, share, &mut numbers);
            // the lines of a comment are placed relative to its start, which blanks before it move
            let is_moved = comments(&text).iter().any(|(_, comment, _)| comment.contains('\n'));
            if is_same(&mangled, &text) && !is_moved {
                compared += 1;
                assert_eq!(formatted(&name, &mangled), canonical, "{name} with more blanks:\n{mangled}");
            }
        }
    }
    assert!(compared > 300, "only {compared} texts");
}

#[test]
fn another_indentation_makes_no_difference() {
    let mut compared = 0;
    for (name, text) in valid_texts() {
        let canonical = formatted(&name, &text);
        for width in [1, 3, 4, 6] {
            let mangled = reindented(&canonical, width);
            if is_same(&mangled, &canonical) {
                compared += 1;
                assert_eq!(formatted(&name, &mangled), canonical, "{name} with {width} blanks:\n{mangled}");
            }
        }
    }
    assert!(compared > 800, "only {compared} texts");
}

#[test]
fn comments_stay_where_they_are_put() {
    let mut numbers = Numbers::new(2);
    let mut looked = 0;
    for (name, text) in valid_texts() {
        formatted(&name, &line_comments(&text, 30, &mut numbers));
        for share in [3, 30] {
            let mangled = inner_comments(&text, share, &mut numbers);
            if is_same(&mangled, &text) {
                looked += 1;
                let both = line_comments(&mangled, 10, &mut numbers);
                formatted(&name, &both);
            }
        }
    }
    assert!(looked > 300, "only {looked} texts");
}

#[test]
fn lines_may_break_anywhere() {
    let mut numbers = Numbers::new(3);
    let mut looked = 0;
    for (name, text) in valid_texts() {
        for share in [1, 2, 5, 20] {
            let mangled = breaks(&text, share, &mut numbers);
            if tree(&mangled).is_some() {
                looked += 1;
                formatted(&name, &mangled);
            }
        }
    }
    assert!(looked > 200, "only {looked} texts");
}

#[test]
fn a_text_with_errors_is_refused_with_its_diagnostics() {
    for (name, text) in texts() {
        let mut interner = Interner::default();
        let found = parse(FileId(0), &text, &mut interner).diagnostics;
        match format(&text) {
            Ok(_) => assert!(!found.iter().any(Diagnostic::is_error), "{name} has errors"),
            Err(reports) => assert_eq!(reports, found, "{name}"),
        }
    }
}

#[test]
fn whatever_is_read_is_formatted_or_refused() {
    let mut numbers = Numbers::new(4);
    let texts = valid_texts();
    let (mut valid, mut refused) = (0, 0);
    for _ in 0..4_000 {
        let (name, text) = numbers.pick(&texts).clone();
        let mutant = broken(&text, &mut numbers);
        if tree(&mutant).is_some() {
            valid += 1;
            formatted(&name, &mutant);
        } else {
            refused += 1;
            assert!(format(&mutant).is_err(), "{name}:\n{mutant}");
        }
    }
    assert!(valid > 400 && refused > 400, "{valid} valid, {refused} refused");
}
