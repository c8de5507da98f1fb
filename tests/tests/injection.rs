//! One mistake gives one report: every accepted corpus and example file with one error put in at twenty places.
//!
//! Kinds of mistakes: a token left out, a token doubled, a stray token put in, a name misspelled, a line left out. A
//! change that leaves the program right, or only brings warnings, is no mistake and is not counted. A line left out can
//! be a header, whose names are then all unknown: it counts for the average only.

use std::collections::BTreeMap;
use tell_language::parse::parse;
use tell_language::span::FileId;
use tell_language::symbol::Interner;
use tell_language::token::{Lexeme, Token, lex};
use tell_tests::numbers::Numbers;
use tell_tests::program::{check, rendered};
use tell_tests::{corpus, files, root, text_of};

/// Places per file.
const PLACES: usize = 20;

/// Most errors per mistake.
const MOST: usize = 3;

const STRAY: [&str; 12] = ["?", ")", "(", "=>", "then", "|", "]", "}", "\"", "protocol", "->", "x"];

/// A text with one mistake in it.
struct Injected {
    kind: &'static str,
    text: String,
}

fn inject(text: &str, lexemes: &[Lexeme], numbers: &mut Numbers) -> Injected {
    let lexeme = numbers.pick(lexemes);
    let range = lexeme.span.range();
    let (before, token, after) = (&text[..range.start], &text[range.clone()], &text[range.end..]);
    let (kind, text) = match numbers.below(5) {
        0 => ("left out", format!("{before}{after}")),
        1 => ("doubled", format!("{before}{token} {token}{after}")),
        2 => ("stray", format!("{before}{} {token}{after}", numbers.pick(&STRAY))),
        3 if lexeme.token == Token::Ident => ("misspelled", format!("{before}{token}q{after}")),
        _ => {
            let start = before.rfind('\n').map_or(0, |at| at + 1);
            let end = after.find('\n').map_or(text.len(), |at| range.end + at + 1);
            ("line left out", format!("{}{}", &text[..start], &text[end..]))
        }
    };
    Injected { kind, text }
}

#[test]
fn one_mistake_gives_one_report() {
    let mut paths = corpus();
    paths.extend(files(&root().join("examples"), "tell"));
    let mut numbers = Numbers::new(4);
    let mut tally: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut too_many = Vec::new();
    for path in &paths {
        let text = text_of(path).replace("\r\n", "\n");
        let lexemes = lex(FileId(0), &text).lexemes;
        let is_ok = parse(FileId(0), &text, &mut Interner::default()).diagnostics.is_empty();
        if !is_ok || lexemes.is_empty() || check("ok.tell", &text).has_errors() {
            continue;
        }
        for _ in 0..PLACES {
            let Injected { kind, text } = inject(&text, &lexemes, &mut numbers);
            let checked = check("injected.tell", &text);
            if !checked.has_errors() {
                continue;
            }
            let count = checked.diagnostics.len();
            let entry = tally.entry(kind).or_default();
            *entry = (entry.0 + 1, entry.1 + count);
            if count > MOST && kind != "line left out" {
                let reports = rendered(&checked.diagnostics, &checked.program.files);
                too_many.push(format!("{} ({kind}), {count} errors:\n{reports}", path.display()));
            }
        }
    }
    let (mut mistakes, mut reports) = (0, 0);
    for (kind, (count, errors)) in &tally {
        println!("{kind:<14} {count:>5} mistakes, {errors:>5} errors");
        mistakes += count;
        reports += errors;
    }
    println!("{mistakes} mistakes, {reports} errors, {} with more than {MOST}", too_many.len());
    for one in too_many.iter().take(12) {
        println!("{one}\n-----------");
    }
    assert!(mistakes > 1_000, "too few mistakes were made");
    assert!(reports * 10 <= mistakes * 11, "more than 1.1 errors per mistake");
    // A doubled `case` makes an expression of a whole statement.
    assert!(too_many.len() * 1_000 <= mistakes, "more than one mistake in 1 000 gives more than {MOST} errors");
}
