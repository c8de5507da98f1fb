//! Errors: one report for each, nothing follows from it, nothing panics.

use proptest::prelude::*;
use tell_language::diagnostic::{Diagnostic, Severity};
use tell_language::parse::{MAX_DIAGNOSTICS, Parsed, parse};
use tell_language::span::FileId;
use tell_language::symbol::Interner;
use tell_language::token::lex;

const SAMPLES: [&str; 2] = [include_str!("samples/everyday.tell"), include_str!("samples/rest.tell")];

fn parsed(text: &str) -> Parsed {
    parse(FileId(0), text, &mut Interner::default())
}

/// Codes with the lines they stand in.
fn codes(text: &str) -> Vec<(&'static str, usize)> {
    let line = |diagnostic: &Diagnostic| 1 + text[..diagnostic.position().1.start as usize].matches('\n').count();
    parsed(text).diagnostics.iter().map(|diagnostic| (diagnostic.code.0, line(diagnostic))).collect()
}

/// What every report must satisfy.
fn well_formed(text: &str) {
    let diagnostics = parsed(text).diagnostics;
    assert!(diagnostics.len() <= MAX_DIAGNOSTICS);
    for diagnostic in &diagnostics {
        assert!(!diagnostic.labels.is_empty() && diagnostic.help.is_some(), "{diagnostic:?}");
        for label in &diagnostic.labels {
            assert!(text.get(label.span.range()).is_some(), "{diagnostic:?}");
        }
        for fix in &diagnostic.fixes {
            assert!(text.get(fix.span.range()).is_some(), "{diagnostic:?}");
        }
        assert_eq!(diagnostic.severity == Severity::Warning, diagnostic.code.0.starts_with('W'));
    }
    assert!(diagnostics.is_sorted_by_key(Diagnostic::position));
}

#[test]
fn six_planted_errors_give_six_reports() {
    let text = "\
protocol P(A, B) =
  A -> B M
  choice A at
    | X whn (a) => A -> B : M
    | Y =>
      A -> : K
      A -> B : L
  if a B then
    A -> B : M
  else
    A -> B : M
  A -> B : Z

effect E
  f : Int
  g : Int -> Int

type alias T = { a = Int }

protocol Q(A, B) =
  A -> B : M
";
    let expected = [2, 4, 6, 8, 15, 18].map(|line| ("E0102", line));
    assert_eq!(codes(text), expected);
    assert_eq!(parsed(text).ast.decls.len(), 3);
}

#[test]
fn a_bad_line_leaves_its_neighbours() {
    for bad in [
        "A -> B",
        "-> B : M",
        "A - B : M",
        "A -> B : M(",
        "A -> B : M(x",
        "A -> B : M)",
        "A -> B : M(x))",
        "let x =",
        "let = 1",
        "let x = 1 +",
        "let x = (1 + 2",
        "let x = 1 + + 2",
        "let x = [1, 2",
        "let x = { a = 1",
        "choice at",
        "choice A at",
        "if",
        "if a",
        "if a then",
        "rec",
        "rec X",
        "loop",
        "loop often",
        "call",
        "call P",
        "n := ",
        "n = 1",
        "type T",
        "let x = a < b < c",
        "else",
        "| X => A -> B : M",
        "A -> B : \"x",
        "A -> B : M(x : String = \"abc)",
        "let x = 5q",
        "let x = €",
        "let x = \"\\q\"",
        "A -> B : M #",
        "then",
        "on done => {}",
        "}",
        "]",
        "1 + 2",
        "assert",
        "do f()",
    ] {
        let text = format!(
            "protocol P(A, B) =\n  A -> B : First\n  {bad}\n  A -> B : Last\n\nprotocol Q(A, B) =\n  A -> B : M\n"
        );
        let found = codes(&text);
        assert_eq!(found.len(), 1, "{bad}: {found:?}");
        assert!((3..=4).contains(&found[0].1), "{bad}: {found:?}");
        assert_eq!(parsed(&text).ast.decls.len(), 2, "{bad}");
        well_formed(&text);
    }
}

#[test]
fn messages_speak_of_what_a_user_knows() {
    let message = |line: &str| {
        let diagnostics = parsed(&format!("protocol P(A, B) =\n  {line}\n")).diagnostics;
        diagnostics.into_iter().map(|diagnostic| diagnostic.message).collect::<Vec<_>>().join("; ")
    };
    let shown: Vec<String> = [
        "A -> B",
        "A -> B M",
        "n = 1",
        "let x = 1 2",
        "if a",
        "rec X",
        "choice A at",
        "A -> B : M(x y)",
        "let if = 1",
        "loop often",
        "case x of",
        "A -> B : M of",
        "call P(A",
        "let x = )",
        "do f(1)",
        "x + 1",
    ]
    .iter()
    .map(|line| format!("{line:<16} {}", message(line)))
    .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn declarations_recover() {
    let text = "\
import a.
type T = A | B
type u
effect E(
type alias V = Int
fun f(x) : Int
protocol P(A B) =
  A -> B : M
protocol Q =
  roles A, B
  A -> B : M
foo bar
type W
";
    assert_eq!(
        codes(text),
        [("E0102", 1), ("E0102", 2), ("E0217", 3), ("E0109", 4), ("E0102", 6), ("E0102", 7), ("E0102", 12)]
    );
}

#[test]
fn deep_nesting_is_one_error() {
    const N: usize = 100_000;
    let protocol = |body: &str| format!("protocol P(A, B) =\n{body}\n\nprotocol Q(A, B) =\n  A -> B : M\n");
    let expression = |expr: String| protocol(&format!("  let x = {expr}"));
    let blocks: String = (1..=2_000).map(|depth| format!("{}if a then\n", "  ".repeat(depth))).collect();
    let else_ifs = format!("  if a then A -> B : M{}", " else if a then A -> B : M".repeat(10_000));
    for text in [
        expression("(".repeat(N)),
        expression(format!("{}1{}", "(".repeat(N), ")".repeat(N))),
        expression("[".repeat(N)),
        expression(format!("{}1", "not ".repeat(N))),
        expression(format!("{}x", "- ".repeat(N))),
        expression(format!("x{}", ".a".repeat(N))),
        expression(format!("f{}", "()".repeat(N))),
        expression(format!("1{}", " + 1".repeat(N))),
        expression(format!("1{}", " ++ 1 + 1 * 1".repeat(N))),
        expression(format!("{}1{}", "if a then ".repeat(N), " else 1".repeat(N))),
        expression(format!("{}1", "if a then 1 else ".repeat(N))),
        expression(format!("{}1", "case a of | x => ".repeat(N))),
        protocol(&blocks),
        protocol(&else_ifs),
        protocol(&format!("  {}", "rec X { ".repeat(N))),
        protocol(&format!("  {}", "if a then ".repeat(N))),
        protocol(&format!("  {}", "choice A at | X => ".repeat(N))),
        protocol(&format!("  case x of\n    | {}", "A(".repeat(N))),
        format!("type alias T = {}Int\n\nprotocol Q(A, B) =\n  A -> B : M\n", "List (".repeat(N)),
        format!("type alias T = {}Int\n\nprotocol Q(A, B) =\n  A -> B : M\n", "Fn(A) -> ".repeat(N)),
    ] {
        let found = codes(&text);
        let start: String = text.chars().take(60).collect();
        assert_eq!(found.iter().map(|(code, _)| *code).collect::<Vec<_>>(), ["E0106"], "{start}");
        assert!(!parsed(&text).ast.decls.is_empty(), "{start}");
    }
    let flat = expression(format!("{}1{}", "[".repeat(150), "]".repeat(150)));
    assert_eq!(codes(&flat), []);
    assert_eq!(codes(&protocol(&"  A -> B : M\n".repeat(N))), []);
}

#[test]
fn unusual_text() {
    assert_eq!(codes(""), []);
    assert_eq!(codes("\n\n-- nothing\n"), []);
    assert_eq!(
        codes("\u{feff}protocol P(A, B) =\r\n  A -> B : M(x : String = \"\u{1f980} é\")\r\n  B -> A : N\r\n"),
        []
    );
    assert_eq!(codes("-- a \u{202e} b\ntype T"), [("E0101", 1)]);
    assert_eq!(
        codes("protocol P(A, B) =\n  let x = \"a\u{200b}b\"\n  let y = a\u{200d}b\n  A -> B : M\n"),
        [("E0101", 2), ("E0101", 3)]
    );
    assert_eq!(codes("type T\u{0}"), [("E0101", 1)]);
    assert_eq!(codes("type A\n\u{feff}type B"), [("E0101", 2)]);
    assert_eq!(codes("protocol Größe(A, B) =\n  A -> B : M\n"), [("E0101", 1)]);
    assert_eq!(codes("type T {- {- -} never closed"), [("E0104", 1)]);
    assert_eq!(codes("type T {- {- nested -} -}\ntype U"), []);
    assert_eq!(codes("--| nothing"), [("W0101", 1)]);
    assert_eq!(codes("--| one\n--| two\ntype T =\n  --| arm\n  | A"), [("W0101", 4)]);
    assert_eq!(
        codes(
            "protocol P(A, B) =\n  let x = -9223372036854775808\n  let y = 9223372036854775808\n  let z = 9223372036854775807"
        ),
        [("E0105", 3)]
    );
    assert_eq!(
        codes("protocol P(A, B) =\n  let x = 0xFFFFFFFFFFFFFFFFF\n  let y = 1_\n  let z = 99999999999h"),
        [("E0105", 2), ("E0105", 3), ("E0105", 4)]
    );
    assert_eq!(
        codes("protocol P(A, B) =\n  let x = \"\\u{110000} \\u{zz} \\x \\n\"\n"),
        [("E0110", 2), ("E0110", 2), ("E0110", 2)]
    );
}

#[test]
fn conditions_in_quotes_are_expressions() {
    let text = "protocol P(A, B) =\n  loop while \"n > \" by A\n    A -> B : M\n  A -> B : N\n";
    assert_eq!(codes(text), [("E0102", 2)]);
    assert_eq!(codes("protocol P(A, B) =\n  loop while \"n > 0 && (a)\"\n    A -> B : M\n"), []);
}

#[test]
fn too_many_errors_stop() {
    let text = format!("protocol P(A, B) =\n{}", "  A -> B M\n".repeat(20_000));
    assert_eq!(parsed(&text).diagnostics.len(), MAX_DIAGNOSTICS);
}

/// A sample in which tokens were deleted, doubled, swapped or replaced.
fn mutant(sample: &str, changes: &[(usize, usize, u8)]) -> String {
    let lexemes = lex(FileId(0), sample).lexemes;
    let mut words: Vec<String> = Vec::new();
    let mut end = 0;
    for lexeme in &lexemes {
        words.push(sample[end..lexeme.span.range().end].to_owned());
        end = lexeme.span.range().end;
    }
    for (at, other, change) in changes {
        let (at, other) = (at % words.len(), other % words.len());
        match change % 5 {
            0 => {
                let gap = words[at].rfind(['\n', ' ']).map_or(0, |last| last + 1);
                words[at].truncate(gap);
            }
            1 => words[at] = words[at].repeat(2),
            2 => words.swap(at, other),
            3 => words[at] = words[other].clone(),
            _ => words[at].push_str(["(", ")", "{", "}", "\n", "\n  ", "\"", "|", "=>", "€"][other % 10]),
        }
    }
    words.concat()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutants_never_panic(
        sample in 0..SAMPLES.len(),
        changes in proptest::collection::vec((any::<usize>(), any::<usize>(), any::<u8>()), 1..8),
    ) {
        well_formed(&mutant(SAMPLES[sample], &changes));
    }

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,200}") {
        well_formed(&text);
    }

    #[test]
    fn arbitrary_words_never_panic(words in proptest::collection::vec(0..60_usize, 0..80)) {
        let vocabulary = [
            "protocol", "P", "(", "A", ",", "B", ")", "=", "\n", "\n  ", "\n    ", "->", ":", "M", "choice", "at", "|", "=>",
            "if", "then", "else", "case", "of", "rec", "loop", "forever", "{", "}", ";", "let", "x", "1", "\"s\"", "+", "-",
            "not", "par", "timeout", "on", "done", "where", "effect", "type", "fun", "import", "handler", "for", "in", "with",
            "handles", "as", "[", "]", ".", "begin", "operation", "check", "do", "5s", "()",
        ];
        let text: Vec<&str> = words.iter().map(|word| vocabulary[*word]).collect();
        well_formed(&text.join(" "));
    }

    #[test]
    fn one_deleted_token_gives_few_reports(sample in 0..SAMPLES.len(), at in any::<usize>()) {
        let sample = SAMPLES[sample];
        let lexemes = lex(FileId(0), sample).lexemes;
        let gone = lexemes[at % lexemes.len()].span.range();
        let rest = &sample[gone.end..];
        let text = format!("{}{}", &sample[..gone.start], rest.strip_prefix(' ').unwrap_or(rest));
        let found = codes(&text);
        prop_assert!(found.len() <= 3, "{found:?}");
    }
}
