//! The layout rules of LANGUAGE §1, each by examples. `/` is NEWLINE, `<` INDENT, `>` DEDENT.

use tell_language::diagnostic::Diagnostic;
use tell_language::layout::layout;
use tell_language::span::FileId;
use tell_language::token::{Token, lex};

fn laid(text: &str) -> (String, Vec<Diagnostic>) {
    let lexed = lex(FileId(0), text);
    let laid = layout(FileId(0), text, &lexed.lexemes);
    let words: Vec<&str> = laid
        .lexemes
        .iter()
        .map(|lexeme| match lexeme.token {
            Token::Newline => "/",
            Token::Indent => "<",
            Token::Dedent => ">",
            Token::BlockOpen => "{;",
            Token::BlockClose => ";}",
            Token::ParamSemicolon => "(;",
            _ => &text[lexeme.span.range()],
        })
        .collect();
    (words.join(" "), laid.diagnostics)
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let (words, diagnostics) = laid(text);
    assert_eq!(words, expected);
    assert_eq!(diagnostics, []);
}

#[track_caller]
fn check_error(text: &str, code: &str, expected: &str) {
    let (words, diagnostics) = laid(text);
    let codes: Vec<&str> = diagnostics.iter().map(|diagnostic| diagnostic.code.0).collect();
    assert_eq!((words.as_str(), codes), (expected, vec![code]));
    assert!(diagnostics[0].help.is_some());
}

#[test]
fn logical_lines_ignore_blank_and_comment_lines() {
    check("a\n\n  -- c\n{- x\n y -} \nb", "a / b");
    check("a\n{- x\n -} b", "a b");
}

#[test]
fn operators_and_deeper_lines_continue() {
    check("a\n-> b\n: c\n, d\n. e\n&& f\n+ g", "a -> b : c , d . e && f + g");
    check("a\n    b\n  c\nd", "a b c / d");
    check("a\n- b", "a / - b");
    check("x =\n    a\n  + b\ny", "x = < a + b > / y");
}

#[test]
fn no_newline_before_joining_words() {
    check("if a\nthen b", "if a then < b >");
    check("if a then\n  b\nelse\n  c\nd", "if a then < b > else < c > / d");
    check("if a then\n  b\n  else\n  c", "if a then < b > else < c >");
    check("case e\nof\n  | a => b", "case e of < | a => < b > >");
}

#[test]
fn openers_open_on_the_next_deeper_line() {
    check("p =\n  a\n  b\nq", "p = < a / b > / q");
    check("p =\na", "p = / a");
    check("rec X\n  a\nb", "rec X < a > / b");
    check("loop while (a)\n  b", "loop while ( a ) < b >");
    check("effect E(K)\n  f : K -> K\n    { a : b }", "effect E ( K ) < f : K -> K { a : b } >");
    check(
        "A handles E with h(1) as r\n  b\n  on abort v => c",
        "A handles E with h ( 1 ) as r < b > on abort v => < c >",
    );
    check("fragment F\n  a", "fragment F < a >");
    check("fragment -> B\n  : a", "fragment -> B : a");
    check("for i in W\n  a", "for i in W < a >");
    check("let z = 1 in\n  a", "let z = 1 in < a >");
    check(
        "timeout 5s R at\n  a\non timeout =>\n  b\non done => c",
        "timeout 5s R at < a > on timeout => < b > on done => < c >",
    );
}

#[test]
fn blocks_may_begin_on_the_line_of_their_arrow() {
    check("choice A at\n  | X => a\n         b\n  | Y => c\nd", "choice A at < | X => < a / b > | Y => < c > > / d");
    check("if a then b else c", "if a then < b > else < c >");
    check("if a then b else if c then d else e", "if a then < b > else if c then < d > else < e >");
    check("let x = if a then b else c", "let x = if a then b else c");
    check("choice A at | X => a | Y => b", "choice A at | X => < a > | Y => < b >");
    check("par | a | b", "par | < a > | < b >");
    check("par\n  | a\n    b\n  | c", "par < | < a / b > | < c > >");
    check("attempt R at { a := 1 } on fail e => b", "attempt R at {; a := 1 ;} on fail e => < b >");
}

#[test]
fn else_belongs_to_the_innermost_open_then() {
    check("if a then if b then c else d", "if a then < if b then < c > else < d > >");
    check("if a then\n  if b then c\nelse d", "if a then < if b then < c > > else < d >");
    check("if a then\n  let x = if b then c else d\nelse e", "if a then < let x = if b then c else d > else < e >");
}

#[test]
fn bars_belong_to_the_innermost_open_construct() {
    check(
        "choice A at\n  | X => choice B at | P => a\n                     | Q => b\n  | Y => c",
        "choice A at < | X => < choice B at | P => < a > | Q => < b > > | Y => < c > >",
    );
    check(
        "choice A at\n  | X => choice B at\n           | P => a\n           | Q => b\n  | Y => c",
        "choice A at < | X => < choice B at < | P => < a > | Q => < b > > > | Y => < c > >",
    );
    check("type T =\n  | A\n  | B\nx", "type T = < | A | B > / x");
    check("type T = | A\n         | B\nx", "type T = | A | B / x");
}

#[test]
fn braces_are_blocks_or_records() {
    check("loop forever { a; b }", "loop forever {; a ; b ;}");
    check("rec X {\n  a;\n  if b then c; d\n}\ne", "rec X {; a ; if b then < c > ; d ;} / e");
    check("x { a : b }", "x { a : b }");
    check("if a then {} else { n := 1 }\nc", "if a then {; ;} else {; n := 1 ;} / c");
    check("call P(A; 1)", "call P ( A (; 1 )");
}

#[test]
fn where_closes_the_body() {
    check("protocol P =\n  a\nwhere\n  protocol Q =\n    b", "protocol P = < a > where < protocol Q = < b > >");
    check("protocol P =\n  a\n  where\n  protocol Q =\n    b", "protocol P = < a > where < protocol Q = < b > >");
    check(
        "protocol P =\n  a\nwhere\nprotocol Q =\n  b\ntype T",
        "protocol P = < a > where < protocol Q = < b > > / type T",
    );
}

#[test]
fn brackets_have_no_layout() {
    check("a(b,\nc\n  d)\ne", "a ( b , c d ) / e");
    check("f(case e of | A => 1 | B => if x then y else z)", "f ( case e of | A => 1 | B => if x then y else z )");
}

#[test]
fn tabs_are_reported_once_with_a_fix_for_each() {
    let lexed = lex(FileId(0), "p =\n\ta\n\tb\nq");
    assert_eq!(lexed.diagnostics.len(), 1);
    assert_eq!((lexed.diagnostics[0].code.0, lexed.diagnostics[0].fixes.len()), ("E0107", 2));
    check("p =\n\ta\n\tb\nq", "p = < a / b > / q");
}

#[test]
fn a_dedent_to_no_level_is_snapped_and_reported_once() {
    check_error("p =\n    a\n  b\n  c\n    d\ne", "E0108", "p = < a / b / c / d > / e");
    check_error(
        "choice A at\n  | X => a\n     b\n  | Y => c",
        "E0108",
        "choice A at < | X => < a / b > | Y => < c > >",
    );
}

#[test]
fn arms_in_the_column_of_their_owner() {
    check_error("choice A at\n| X => a\n| Y => b\nc", "E0111", "choice A at | X => < a > | Y => < b > / c");
}

#[test]
fn brackets_are_closed_by_force() {
    check_error("p =\n  f(a\ntype T", "E0109", "p = < f ( a  > / type T");
    check_error("f(a\n  let x", "E0109", "f ( a  let x");
    check_error("f(a]\ng", "E0109", "f ( a ] / g");
    check_error("a)\nb", "E0109", "a / b");
}

#[test]
fn spans_point_into_the_text() {
    let text = "\u{feff}p =\r\n  a -- c\r\n  b\r\nq";
    let lexed = lex(FileId(0), text);
    assert_eq!(lexed.diagnostics, []);
    assert_eq!(laid(text).0, "p = < a / b > / q");
    let shown = tell_language::layout::layout_dump(text);
    assert!(shown.contains("Indent") && tell_language::token::lex_dump(text).contains("Ident"));
}
