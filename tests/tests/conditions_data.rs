//! The conditions of the complete projection on values: when two actions are the same, who takes a shared decision,
//! counters, local actions (PROJECTION §3).

use tell_compiler::project::rejection::Rule;
use tell_tests::projected::{Projected, tell};

/// A protocol of A, B and C in which A tells B, and only B, which of two blocks follows.
fn two(parameters: &str, left: &[&str], right: &[&str]) -> Projected {
    with("", parameters, left, right)
}

fn with(effects: &str, parameters: &str, left: &[&str], right: &[&str]) -> Projected {
    let block = |lines: &[&str]| lines.iter().map(|line| format!("        {line}\n")).collect::<String>();
    let import = if effects.is_empty() {
        ""
    } else {
        "import std.console exposing (Console)\nimport std.random exposing (Random)\n"
    };
    tell(&format!(
        "{import}type U = | P(Int) | Q(Int)
protocol Two(A, B, C{parameters}){effects} =
  choice A at
    | L =>
        A -> B : L
{}    | R =>
        A -> B : R
{}",
        block(left),
        block(right)
    ))
}

const V: &str = "; v : Int at C";

const REFUSED: &[(&str, Rule)] = &[("C", Rule::SendValidity)];

// Payloads.

#[test]
fn the_same_payload_in_both_branches_is_one_send() {
    let send = &["C -> B : M(x : Int = v + 1)"][..];
    two(V, send, send).is_fine().gives("C", "B!{M(int). end}");
}

#[test]
fn different_expressions_are_different_sends() {
    for other in ["v + 2", "v - 1", "1 + v", "-v", "1", "if v > 1 then v else 1"] {
        let right = format!("C -> B : M(x : Int = {other})");
        two(V, &["C -> B : M(x : Int = v + 1)"], &[&right]).is_rejected(REFUSED);
    }
}

#[test]
fn expressions_of_every_form_are_compared() {
    let forms = [
        ("Bool", "v > 1 && v > 2", "v > 1 || v > 2"),
        ("Bool", "not (v > 1)", "v > 1"),
        ("Int", "if v > 1 then 1 else 2", "if v > 1 then 2 else 1"),
        ("Int", "case Just(v) of | Just(y) => y | Nothing => 1", "case Just(v) of | Just(y) => v | Nothing => 1"),
        ("List Int", "[v, 1]", "[1, v]"),
        ("Maybe Int", "Just(v)", "Just(1)"),
        ("String", "\"one\"", "\"two\""),
        ("(Int, Int)", "(v, 1)", "(1, v)"),
        ("U", "P(v)", "Q(v)"),
        ("Int", "case (v, 1) of | (a, b) => a", "case (v, 1) of | (a, b) => b"),
        ("Int", "case P(v) of | P(x) => x | Q(x) => 0", "case P(v) of | Q(x) => x | P(x) => 0"),
        ("Int", "case P(v) of | P(1) => 1 | P(_) => 2 | Q(_) => 3", "case P(v) of | P(2) => 1 | P(_) => 2 | Q(_) => 3"),
        ("Int", "{ a = v, b = 1 }.a", "{ a = v, b = 1 }.b"),
    ];
    for (ty, one, other) in forms {
        let send = |value: &str| format!("C -> B : M(x : {ty} = {value})");
        let (one, other) = (send(one), send(other));
        two(V, &[&one], &[&one]).is_fine();
        two(V, &[&one], &[&other]).is_rejected(REFUSED);
    }
}

#[test]
fn names_bound_within_expressions_do_not_matter() {
    let send = |name: &str| format!("C -> B : M(x : Int = case Just(v) of | Just({name}) => {name} | Nothing => 1)");
    two(V, &[&send("y")], &[&send("z")]).is_fine();
}

#[test]
fn equal_expressions_on_bindings_of_different_names_are_the_same() {
    let left = &["let one at C = v + 1", "C -> B : M(x : Int = one)"];
    let right = &["let other at C = v + 1", "C -> B : M(x : Int = other)"];
    two(V, left, right).is_fine().gives("C", "B!{M(int). end}").does("C", "local send end");
}

#[test]
fn equal_expressions_on_different_bindings_are_not_the_same() {
    let two_values = "; v : Int at C, w : Int at C";
    let send = |name: &str| format!("C -> B : M(x : Int = {name} + 1)");
    two(two_values, &[&send("v")], &[&send("w")]).is_rejected(REFUSED);
    two(two_values, &[&send("v")], &[&send("v")]).is_fine();
}

#[test]
fn fields_that_are_received_in_one_place_are_one_value() {
    let block = |name: &str| [format!("B -> C : N({name} : Int = 1)"), format!("C -> B : M(x : Int = {name} + 1)")];
    let (left, right) = (block("p"), block("q"));
    let refs = |block: &[String; 2]| [block[0].clone(), block[1].clone()];
    let (left, right) = (refs(&left), refs(&right));
    two("", &[&left[0], &left[1]], &[&right[0], &right[1]]).is_fine().gives("C", "B?{N(int). B!{M(int). end}}");
}

#[test]
fn fields_of_one_message_are_not_one_value() {
    let received = "B -> C : N(p : Int = 1, q : Int = 2)";
    two("", &[received, "C -> B : M(x : Int = p)"], &[received, "C -> B : M(x : Int = q)"]).is_rejected(REFUSED);
}

#[test]
fn sending_a_binding_on_and_making_a_new_one_of_it_are_different() {
    two(V, &["C -> B : M(v)"], &["C -> B : M(v)"]).is_fine();
    two(V, &["C -> B : M(v)"], &["C -> B : M(v : Int = v)"]).is_rejected(REFUSED);
}

#[test]
fn fields_that_the_host_supplies_are_the_same_if_their_names_are() {
    two("", &["C -> B : M(x : Int)"], &["C -> B : M(x : Int)"]).is_fine();
    two("", &["C -> B : M(x : Int)"], &["C -> B : M(y : Int)"]).is_rejected(REFUSED);
    two("", &["C -> B : M(x : Int)"], &["C -> B : M(x : Int = 1)"]).is_rejected(REFUSED);
}

#[test]
fn a_value_that_only_one_branch_makes_is_unknown() {
    // C could decide what `m` is, but not whether A took `L`.
    let unseen = &["case m of", "  | Just(y) => C -> B : M(x : Int = y)", "  | Nothing => C -> B : M(x : Int = 0)"];
    let known = &["C -> B : M(x : Int = 0)"];
    two("; m : Maybe Int at C", unseen, known).is_rejected(REFUSED);
}

// Local actions.

#[test]
fn a_local_action_that_one_branch_lacks_is_refused() {
    let print = "do Console.print(\"x\") at C";
    let uses = " uses Console, Random";
    with(uses, "", &[print, "C -> B : M"], &[print, "C -> B : M"]).is_fine().does("C", "local send end");
    with(uses, "", &[print, "C -> B : M"], &["C -> B : M"]).is_rejected(REFUSED);
    let other = "do Console.print(\"y\") at C";
    with(uses, "", &[print, "C -> B : M"], &[other, "C -> B : M"]).is_rejected(REFUSED);
}

#[test]
fn operations_are_the_same_if_their_arguments_and_what_is_bound_are() {
    let uses = " uses Console, Random";
    let draw = |lines: &[&str], other: &[&str]| with(uses, "", lines, other);
    draw(&["let x at C = do Random.int(1, 6)", "C -> B : M"], &["let y at C = do Random.int(1, 6)", "C -> B : M"])
        .is_fine();
    draw(&["let x at C = do Random.int(1, 6)", "C -> B : M"], &["do Random.int(1, 6) at C", "C -> B : M"])
        .is_rejected(REFUSED);
}

#[test]
fn different_operations_are_different() {
    let uses = " uses Console, Random";
    let [one, other] = ["pick", "shuffle"].map(|operation| format!("do Random.{operation}([1]) at C"));
    with(uses, "", &[&one, "C -> B : M"], &[&other, "C -> B : M"]).is_rejected(REFUSED);
}

#[test]
fn a_value_that_nobody_uses_is_computed_in_every_branch_or_in_none() {
    two(V, &["let x at C = v + 1", "C -> B : M"], &["let x at C = v + 2", "C -> B : M"]).is_rejected(REFUSED);
}

#[test]
fn a_local_action_in_one_branch_and_a_receive_in_the_other_are_mixed() {
    let rejected = [("C", Rule::MixedChoice)];
    two(V, &["let x at C = v + 1", "C -> B : M(x)"], &["B -> C : N"]).is_rejected(&rejected);
    two(V, &["assert v > 1 at C"], &["B -> C : N"]).is_rejected(&rejected);
}

#[test]
fn assertions_are_the_same_if_condition_and_text_are() {
    let send = "C -> B : M";
    two(V, &["assert v > 1 at C \"x\"", send], &["assert v > 1 at C \"x\"", send]).is_fine();
    two(V, &["assert v > 1 at C \"x\"", send], &["assert v > 2 at C \"x\"", send]).is_rejected(REFUSED);
    two(V, &["assert v > 1 at C \"x\"", send], &["assert v > 1 at C \"y\"", send]).is_rejected(REFUSED);
}

#[test]
fn different_kinds_of_local_actions_are_different() {
    let send = "C -> B : M";
    two(V, &["assert v > 1 at C", send], &["let x at C = v > 1", send]).is_rejected(REFUSED);
}

#[test]
fn named_choices_are_the_same_if_names_and_guards_are() {
    let choice = |name: &str, guard: &str| {
        let first = format!("  | {name} when (v > {guard}) => C -> B : P");
        ["choice C at".to_owned(), first, "  | Y => C -> B : Q".to_owned()]
    };
    let check = |one: [String; 3], other: [String; 3]| {
        let [one, other] = [&one, &other].map(|lines| lines.each_ref().map(String::as_str));
        two(V, &one, &other)
    };
    check(choice("X", "1"), choice("X", "1")).is_fine().does("C", "decide send send end");
    check(choice("X", "1"), choice("X", "2")).is_rejected(REFUSED);
    check(choice("X", "1"), choice("Z", "1")).is_rejected(REFUSED);
}

// Shared decisions.

const HELD: &str = "; n : Int at A, k : Int at A, m : U at A, w : U at A";

/// The same with three branches.
fn three(first: &str, second: &str, third: &str) -> Projected {
    let block = |text: &str| text.lines().map(|line| format!("        {line}\n")).collect::<String>();
    tell(&format!(
        "protocol Three(A, B, C; n : Int at A) =
  A ->* : N(n)
  choice A at
    | L =>
        A -> B : L
{}    | R =>
        A -> B : R
{}    | S =>
        A -> B : S
{}",
        block(first),
        block(second),
        block(third)
    ))
}

/// A protocol in which everybody holds `n`, `k`, `m` and `w` before A decides.
fn held(left: &[&str], right: &[&str]) -> Projected {
    let block = |lines: &[&str]| lines.iter().map(|line| format!("        {line}\n")).collect::<String>();
    tell(&format!(
        "type U = | P(Int) | Q(Int)
protocol Held(A, B, C{HELD}) =
  A ->* : N(n, k, m, w)
  choice A at
    | L =>
        A -> B : L
{}    | R =>
        A -> B : R
{}",
        block(left),
        block(right)
    ))
}

const DECIDE: &[&str] = &["if n > 0 then", "  C -> B : X", "else", "  B -> C : Y"];

#[test]
fn a_shared_decision_that_every_branch_offers_is_taken() {
    held(DECIDE, DECIDE).is_fine().gives("C", "A?{N((int, int, u, u)). case {else. B?{Y. end}, then. B!{X. end}}}");
}

#[test]
fn a_shared_decision_on_something_else_is_another_one() {
    let other = &["if n > 1 then", "  C -> B : X", "else", "  B -> C : Y"];
    held(DECIDE, other).is_rejected(&[("C", Rule::MixedChoice)]);
}

#[test]
fn a_shared_decision_that_one_branch_lacks_is_not_taken() {
    let receives = &["if n > 0 then", "  B -> C : X", "else", "  B -> C : Y"];
    held(receives, &["B -> C : X"]).is_fine().gives("C", "A?{N((int, int, u, u)). B?{X. end, Y. end}}");
    held(DECIDE, &["B -> C : Y"]).is_rejected(&[("C", Rule::MixedChoice)]);
}

#[test]
fn a_shared_decision_that_one_branch_offers_behind_another_is_taken() {
    // In `L` the decision on `n > 1` lies before that on `n > 0`; C need not take the first.
    let behind = &[
        "if n > 1 then",
        "  A -> B : K",
        "else",
        "  A -> B : J",
        "if n > 0 then",
        "  C -> B : X",
        "else",
        "  B -> C : Y",
    ];
    held(behind, DECIDE).is_fine().gives("C", "A?{N((int, int, u, u)). case {else. B?{Y. end}, then. B!{X. end}}}");
}

#[test]
fn a_shared_decision_that_changes_nothing_for_a_role_is_not_taken() {
    let same = &["if n > 0 then", "  A -> B : P", "else", "  A -> B : Q", "C -> B : X"];
    held(same, same).is_fine().gives("C", "A?{N((int, int, u, u)). B!{X. end}}").does("C", "receive send end");
}

#[test]
fn decisions_with_different_patterns_are_different() {
    let of = |constant: &str| {
        ["case n of".to_owned(), format!("  | {constant} => C -> B : X"), "  | _ => B -> C : Y".to_owned()]
    };
    let check = |one: [String; 3], other: [String; 3]| {
        let [one, other] = [&one, &other].map(|lines| lines.each_ref().map(String::as_str));
        held(&one, &other)
    };
    check(of("1"), of("1")).is_fine();
    check(of("1"), of("2")).is_rejected(&[("C", Rule::MixedChoice)]);
}

#[test]
fn a_shared_decision_behind_several_others_is_taken() {
    let again = |number: u32| {
        [format!("if n > {number} then"), "  A -> B : K".to_owned(), "else".to_owned(), "  A -> B : J".to_owned()]
    };
    let (one, two) = (again(1).join("\n"), again(2).join("\n"));
    let decide = DECIDE.join("\n");
    three(&format!("{one}\n{one}\n{decide}"), &decide, &decide).is_fine();
    three(&format!("{one}\n{decide}"), &format!("{two}\n{decide}"), &decide).is_fine();
}

#[test]
fn a_decision_that_changes_a_value_is_taken() {
    let same = &["case m of", "  | P(x) => A -> B : I", "  | Q(x) => A -> B : J", "C -> B : V(y : Int = x)"];
    held(same, same).is_fine().does("C", "receive case send end");
}

#[test]
fn a_value_that_depends_on_a_decision_the_role_does_not_take_is_unknown() {
    let of = |name: &str| {
        [
            format!("case {name} of"),
            "  | P(x) => A -> B : I".to_owned(),
            "  | Q(x) => A -> B : J".to_owned(),
            "C -> B : V(y : Int = x)".to_owned(),
        ]
    };
    let (one, other) = (of("m"), of("w"));
    let [one, other] = [&one, &other].map(|lines| lines.each_ref().map(String::as_str));
    held(&one, &other).is_rejected(&[("C", Rule::UnknownValue)]);
}

// Final values.

#[test]
fn a_name_has_a_final_value_if_all_runs_agree_on_it() {
    let of = |fields: &str| format!("B -> C : N({fields})");
    let (one, same) = (of("x : Int = 1, y : Int = 2"), of("x : Int = 3, y : Int = 4"));
    two("", &[&one], &[&same]).ends_with("C", &["x", "y"]);
    two("", &[&one], &[&of("y : Int = 1, x : Int = 2")]).ends_with("C", &[]);
}

#[test]
fn a_decision_that_only_a_final_value_depends_on_is_taken() {
    let text = "type U = | P(Int) | Q(Int)
protocol Final(A, B, C; m : U at A) =
  A ->* : M(m)
  case m of
    | P(x) => A -> B : I
    | Q(x) => A -> B : J
";
    tell(text).is_fine().ends_with("B", &["m", "x"]).ends_with("C", &["m", "x"]);
}

// Counters.

#[test]
fn everybody_counts_the_rounds_of_a_counted_loop() {
    let text = "protocol Rounds(A, B, C) =
  loop repeat 3
    A -> B : X
    C -> B : Z
  C -> A : Y
";
    tell(text).is_fine().gives("C", "rec X. case {else. A!{Y. end}, then. B!{Z. X}}");
}

#[test]
fn a_counted_loop_ends_so_nobody_starves_behind_it() {
    let of = |head: &str| format!("protocol Rounds(A, B, C) =\n  loop {head}\n    A -> B : X\n  B -> C : Y\n");
    tell(&of("repeat 3")).is_fine();
    tell(&of("decide by A")).warns(&["C W0402"]);
}

#[test]
fn a_role_starves_in_a_loop_within_a_counted_one() {
    let text = "protocol Rounds(A, B, C) =
  loop repeat 3
    loop decide by A
      A -> B : X
  B -> C : Y
";
    tell(text).warns(&["C W0402"]);
}

#[test]
fn loops_with_different_counts_are_different() {
    let rounds = |count: &str| [format!("loop repeat {count}"), "  C -> B : X".to_owned(), "C -> B : Y".to_owned()];
    let check = |one: [String; 3], other: [String; 3]| {
        let [one, other] = [&one, &other].map(|lines| lines.each_ref().map(String::as_str));
        held(&one, &other)
    };
    check(rounds("n"), rounds("n")).is_fine();
    // Two counters are never one value, even where both begin with the same number.
    check(rounds("3"), rounds("3")).is_rejected(REFUSED);
    check(rounds("n"), rounds("n + 1")).is_rejected(REFUSED);
    check(rounds("n"), rounds("k")).is_rejected(REFUSED);
    check(rounds("n + 1"), rounds("n + 1")).is_fine();
    check(rounds("n + 1"), rounds("n + 2")).is_rejected(REFUSED);
}

#[test]
fn a_round_that_a_role_did_not_see_is_not_counted_wrongly() {
    // In `L` one round has passed when C may send; what it knows of the counter differs.
    let left = &["loop repeat 2", "  A -> B : X", "C -> B : Y"];
    let right = &["C -> B : Y"];
    two("", left, right).is_fine().gives("C", "B!{Y. end}");
}

#[test]
fn rounds_that_may_pass_unseen_are_not_counted_one_by_one() {
    let left = &["loop repeat 1000000", "  choice A at", "    | P => A ->* : P", "    | Q => A -> B : Q", "A -> C : Y"];
    two("", left, &["A -> C : Z"]).is_fine().gives("C", "A?{P. rec X. A?{P. X, Y. end}, Y. end, Z. end}");
}

#[test]
fn the_first_unseen_round_is_counted() {
    let left = &["loop repeat 5", "  A -> B : X", "  B -> C : Z", "  B -> C : G", "B -> C : E"];
    two("", left, &["B -> C : Z", "B -> C : V"])
        .is_fine()
        .gives("C", "B?{E. end, Z. B?{G. rec X. case {else. B?{E. end}, then. B?{Z. B?{G. X}}}, V. end}}");
}
