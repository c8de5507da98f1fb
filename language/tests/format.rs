//! What the formatter decides and what it keeps, by examples.

use tell_language::format::format;

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(format(text).expect("it is valid"), expected);
    assert_eq!(format(expected).expect("it is valid"), expected, "once more");
}

/// Some lines in the body of a protocol.
#[track_caller]
fn check_body(lines: &str, expected: &str) {
    let indented =
        |text: &str| text.lines().map(|line| format!("\n  {line}").trim_end().to_owned()).collect::<String>();
    let header = "protocol P(A, B; x : Int at A) =";
    check(&format!("{header}{}", indented(lines)), &format!("{header}{}\n", indented(expected)));
}

#[test]
fn the_sample_is_formatted() {
    check(include_str!("samples/unformatted.tell"), include_str!("samples/formatted.tell"));
}

#[test]
fn a_text_without_tokens_is_its_comments() {
    check("", "");
    check("\n \n\t\n", "");
    check("\u{feff}\r\n  -- a \r\n\r\n\r\n    -- b", "-- a\n\n-- b\n");
    check("{- a\n    b\n\n -}", "{- a\n    b\n\n -}\n");
}

#[test]
fn a_sign_is_no_operator_and_never_makes_a_comment() {
    check_body("let a at A = - 1-x", "let a at A = -1 - x");
    check_body("let a at A = x- -1", "let a at A = x - -1");
    check_body("let a at A = - - x", "let a at A = - -x");
    check_body("let a at A = f(- x, [-1], {a=- 1})", "let a at A = f(-x, [-1], { a = -1 })");
    check_body("let a at A = if x>-1 then -x else - x", "let a at A = if x > -1 then -x else -x");
}

#[test]
fn a_word_before_a_parenthesis_is_a_function_a_type_or_a_keyword() {
    check_body("A->B:M (a:List(Int)=f (x))", "A -> B : M(a : List (Int) = f(x))");
    check_body("let a at A : Maybe(Int) = Just (1)", "let a at A : Maybe (Int) = Just(1)");
    check_body("loop while(x > 1) by A\n  A -> B : M", "loop while (x > 1) by A\n  A -> B : M");
    check("effect E (K)\n  f : (K)->List(K)", "effect E(K)\n  f : (K) -> List (K)\n");
    check("type T=|X (List(Int))", "type T = | X(List (Int))\n");
    check("type alias T=List(Int)", "type alias T = List (Int)\n");
}

#[test]
fn a_broken_list_is_one_level_deeper_and_its_bracket_stands_below_its_owner() {
    check_body("A -> B : M(\n x,\n     f(\n  1,\n 2)\n    )", "A -> B : M(\n  x,\n  f(\n    1,\n    2)\n)");
    check_body("let r at A = {\na = 1,\nb = x +\n1\n}", "let r at A = {\n  a = 1,\n  b = x +\n    1\n}");
}

#[test]
fn what_continues_a_line_that_heads_a_block_is_deeper_than_the_block() {
    check_body("if x > 1\n && x < 3 then\n A -> B : M", "if x > 1\n    && x < 3 then\n  A -> B : M");
    check("protocol P(A,\n  B) =\n  A -> B : M", "protocol P(A,\n    B) =\n  A -> B : M\n");
    check("protocol P(\n  A, B\n) =\n  A -> B : M", "protocol P(\n  A, B\n) =\n  A -> B : M\n");
}

#[test]
fn comments_stay_in_the_block_in_whose_column_they_stand() {
    check_body(
        "if x > 1 then\n    A -> B : M\n    -- inner\n-- outer\nelse\n    A -> B : N\n    -- last\nA -> B : O",
        "if x > 1 then\n  A -> B : M\n  -- inner\n-- outer\nelse\n  A -> B : N\n  -- last\nA -> B : O",
    );
    check(
        "protocol P(A, B) =\n    A -> B : M\n    -- in\n-- out",
        "protocol P(A, B) =\n  A -> B : M\n  -- in\n-- out\n",
    );
}

#[test]
fn a_comment_before_the_first_token_of_a_line_gets_a_line_of_its_own() {
    check_body("{- a -} A -> B : M\n        A -> B : N", "{- a -}\nA -> B : M\nA -> B : N");
    check_body("{- a -} {- b -}\nA -> B : M {- c\n d -}", "{- a -} {- b -}\nA -> B : M {- c\n d -}");
}

#[test]
fn there_is_one_empty_line_at_most_and_none_where_a_block_or_bracket_starts_or_ends() {
    check(
        "\n\nprotocol P(\n\n  A, B\n\n) =\n\n\n  A -> B : M\n\n\n  -- c\n\n\n  A -> B : N\n\n\n\ntype T\ntype U\n\n",
        "protocol P(\n  A, B\n) =\n  A -> B : M\n\n  -- c\n\n  A -> B : N\n\ntype T\ntype U\n",
    );
}

#[test]
fn a_text_that_would_grow_without_bounds_is_left_alone() {
    let long = "1, ".repeat(100_000);
    let lines = "\n| 1 => 2".repeat(20_000);
    let text = format!("protocol P(A; x : Int at A) =\n  let a at A = ([{long}], case x of | 0 => 1{lines})\n");
    assert_eq!(format(&text).expect("it is valid"), text);
}

#[test]
fn a_text_with_a_syntax_error_is_refused() {
    let reports = format("protocol P(A, B) =\n  A -> -> B : M\n").expect_err("it has an error");
    assert_eq!(reports.iter().map(|report| report.code.0).collect::<Vec<_>>(), ["E0102"]);
}
