//! Large inputs: accepted with work in proportion, or refused by a named limit. No timing is asserted.
//!
//! The test threads have small stacks, so recursion on the input would overflow here.

use std::fmt::Write;
use tell_compiler::erase::local_type;
use tell_ir::codec::encode;
use tell_ir::image::CodeImage;
use tell_language::parse::MAX_BYTES;
use tell_tests::flags::Flags;
use tell_tests::program::{build, check, codes, round_trip};
use tell_tests::run::{Setup, run};

/// Codes of a text.
fn found(text: &str) -> Vec<&'static str> {
    check("scale.tell", text).diagnostics.iter().map(|diagnostic| diagnostic.code.0).collect()
}

fn built(text: &str) -> CodeImage {
    build("scale.tell", text).unwrap_or_else(|errors| panic!("{}", errors.chars().take(2_000).collect::<String>()))
}

fn choices(count: usize) -> String {
    let mut text = String::from("protocol Many(A, B) =\n");
    for number in 0..count {
        write!(
            text,
            "  choice A at\n    | Yes =>\n        A -> B : Yes{number}\n        B -> A : Good{number}\n    | No => A -> B : No{number}\n"
        )
        .expect("writing to a String succeeds");
    }
    text
}

#[test]
fn images_of_consecutive_choices_grow_linearly() {
    let (small, large) = (encode(&built(&choices(1000))).len(), encode(&built(&choices(2000))).len());
    println!("1000 choices: {small} bytes, 2000 choices: {large} bytes");
    assert!(large * 10 <= small * 24, "{large} bytes are more than 2.4 × {small}");
}

/// Nested blocks of `depth` levels.
fn nested_blocks(depth: usize) -> String {
    let mut text = String::from("protocol Deep(A, B) =\n A -> B : Number(x : Int = 1)\n");
    for level in 0..depth {
        writeln!(text, "{}if x > 0 then", " ".repeat(level + 1)).expect("writing to a String succeeds");
    }
    writeln!(text, "{}A -> B : Inner", " ".repeat(depth + 1)).expect("writing to a String succeeds");
    text
}

/// Nested brackets of `depth` levels around the value of a field, which stands in one more.
fn nested_brackets(depth: usize) -> String {
    format!("protocol Deep(A, B) =\n  A -> B : Number(x : Int = {}1{})\n", "(".repeat(depth), ")".repeat(depth))
}

#[test]
fn nesting_has_a_limit() {
    for deep in [nested_blocks, nested_brackets] {
        let accepted =
            (150..=201).rev().find(|depth| found(&deep(*depth)).is_empty()).expect("150 levels are accepted");
        println!("{accepted} levels are accepted");
        assert!((190..=200).contains(&accepted), "{accepted}");
        assert!(found(&deep(accepted + 1)).contains(&"E0106"), "{:?}", found(&deep(accepted + 1)));
    }
    built(&nested_blocks(190));
}

/// One construct nested in itself very often: what stands before, in each level, innermost, and behind each level.
const BOMBS: &[(&str, &str, &str, &str)] = &[
    ("protocol P(A, B) =\n  A -> B : L(x : Int = ", "(", "1", ")"),
    ("protocol P(A, B) =\n  A -> B : L(x : Int = ", "abs(", "1", ")"),
    ("protocol P(A, B) =\n  A -> B : L(x : Int = ", "[", "1", "]"),
    ("protocol P(A, B) =\n  A -> B : L(x : Int = ", "{ a = ", "1", " }"),
    ("protocol P(A, B) =\n  A -> B : L(x : Int = ", "not ", "true", ""),
    ("protocol P(A, B) =\n  A -> B : L(x : Int = ", "- ", "1", ""),
    ("protocol P(A, B) =\n  A -> B : L(x : Int = ", "1 + ", "1", ""),
    ("protocol P(A, B) =\n  A -> B : L(x : Int = ", "1 + (", "1", ")"),
    ("protocol P(A, B) =\n  A -> B : L(x : Int = ", "if true then 1 else ", "1", ""),
    ("protocol P(A, B) =\n  A -> B : L(x : Int = ", "if ", "true", " then 1 else 1"),
    ("protocol P(A, B) =\n  A -> B : L(x : Int = ", "case 1 of | _ => ", "1", ""),
    ("protocol P(A, B) =\n  A -> B : L(x : Int = a", ".b", "", ""),
    ("protocol P(A, B) =\n  A -> B : L(x : ", "List (", "Int", ")"),
    ("protocol P(A, B) =\n  A -> B : L(x : ", "{ a : ", "Int", " }"),
    ("protocol P(A, B) =\n  A -> B : L(x : ", "(Int, ", "Int", ")"),
    ("protocol P(A, B) =\n  A -> B : L(x : Int)\n  case x of | ", "Just(", "1", ")"),
    ("protocol P(A, B) =\n  A -> B : L(x : Int)\n  case x of | ", "[", "1", "]"),
    ("protocol P(A, B) =\n  ", "loop repeat 1 { ", "A -> B : L", " }"),
    ("protocol P(A, B) =\n  ", "rec X { ", "A -> B : L", " }"),
    ("protocol P(A, B) =\n  ", "if true then ", "A -> B : L", ""),
    ("protocol P(A, B) =\n  ", "if true then { ", "A -> B : L", " }"),
    ("protocol P(A, B) =\n  ", "if true then A -> B : L else ", "A -> B : L", ""),
    ("protocol P(A, B) =\n  ", "choice A at | L => ", "A -> B : L", ""),
    ("protocol P(A, B) =\n  ", "case 1 of | _ => ", "A -> B : L", ""),
    ("protocol P(A, B) =\n  ", "let x at A = 1 in { ", "A -> B : L", " }"),
    ("protocol P(A, B) =\n  ", "par | A -> B : L | ", "A -> B : L", ""),
    ("protocol P(A, B) =\n  ", "{- ", "", " -}"),
    ("", "(", "", ""),
    ("", "protocol P(A, B) = where ", "", ""),
    ("", "effect E ", "", ""),
    ("", "type alias T = (", "", ""),
];

#[test]
fn bombs_of_100_000_levels_are_refused_or_accepted() {
    for (before, open, inner, close) in BOMBS {
        let depth = 100_000;
        let text = format!("{before}{}{inner}{}\n", open.repeat(depth), close.repeat(depth));
        let diagnostics = found(&text);
        println!("{open:<30} {:?}", &diagnostics[..diagnostics.len().min(5)]);
        assert!(diagnostics.len() <= 1_000, "`{open}`: {} diagnostics", diagnostics.len());
    }
}

#[test]
fn deep_indentation_is_refused() {
    assert!(found(&nested_blocks(3_000)).contains(&"E0106"));
}

#[test]
fn many_roles() {
    let roles: Vec<String> = (0..5_000).map(|role| format!("R{role}")).collect();
    let mut text = format!("protocol Ring({}) =\n", roles.join(", "));
    for pair in roles.windows(2) {
        writeln!(text, "  {} -> {} : Next", pair[0], pair[1]).expect("writing to a String succeeds");
    }
    let ran = run(built(&text), &Flags::default(), Setup::default()).expect("it verifies");
    assert!(ran.is_closed(), "{}", ran.ending());
}

#[test]
fn many_labels() {
    let mut text = String::from("protocol Labels(A, B) =\n  choice A at\n");
    for label in 0..5_000 {
        writeln!(text, "    | L{label} => A -> B : L{label}").expect("writing to a String succeeds");
    }
    let ran = run(built(&text), &Flags::default(), Setup::default()).expect("it verifies");
    assert!(ran.is_closed(), "{}", ran.ending());
}

#[test]
fn long_chains_compile_without_recursion() {
    let mut text = String::from("protocol Chain(A, B) =\n");
    for number in 0..50_000 {
        let (from, to) = if number % 2 == 0 { ("A", "B") } else { ("B", "A") };
        writeln!(text, "  {from} -> {to} : Step").expect("writing to a String succeeds");
    }
    round_trip(&text).expect("it prints as itself");
    let ran = run(built(&text), &Flags::default(), Setup::default()).expect("it verifies");
    assert!(ran.is_closed(), "{}", ran.ending());
}

#[test]
fn many_errors_are_cut() {
    let mut text = String::from("protocol Wrong(A, B) =\n");
    for number in 0..100_000 {
        writeln!(text, "  A -> Nobody{number} : L").expect("writing to a String succeeds");
    }
    let names = found(&text);
    assert!(!names.is_empty() && names.iter().all(|code| *code == "E0202"), "{:?}", &names[..names.len().min(5)]);
    let syntax = found(&"A -> -> : (\n".repeat(100_000));
    assert!(!syntax.is_empty() && syntax.len() <= 1_000, "{}", syntax.len());
}

#[test]
fn more_bindings_than_a_frame_holds_are_refused() {
    let mut text = String::from("protocol Wide(A, B) =\n");
    for number in 0..5_000 {
        writeln!(text, "  A -> B : L(x{number} : Int = {number})").expect("writing to a String succeeds");
    }
    let checked = check("scale.tell", &text);
    assert_eq!(codes(&checked.diagnostics, &checked.program.files), ["E0405 @ 2:3"]);
}

#[test]
fn sources_over_64_mib_are_refused() {
    let text = " ".repeat(MAX_BYTES + 1);
    assert_eq!(found(&text), ["E0113"]);
}

/// A text made of a header and numbered parts.
fn repeated(header: &str, count: usize, part: impl Fn(usize, &mut String)) -> String {
    let mut text = header.to_owned();
    (0..count).for_each(|index| part(index, &mut text));
    text
}

#[test]
fn types_that_double_are_shared() {
    let aliases = repeated("type alias A0 = (Int, Int)\n", 60, |index, text| {
        writeln!(text, "type alias A{} = (A{index}, A{index})", index + 1).expect("writing to a String succeeds");
    });
    let text = format!("{aliases}protocol Doubled(A, B) =\n  A -> B : M of A60\n");
    assert_eq!(found(&text), [""; 0]);
    let lets = repeated("protocol Doubled(A, B) =\n  let v0 at A = (1, 1)\n", 60, |index, text| {
        writeln!(text, "  let v{} at A = (v{index}, v{index})", index + 1).expect("writing to a String succeeds");
    });
    assert_eq!(found(&format!("{lets}  A -> B : M\n")), [""; 0]);
}

#[test]
fn a_case_with_thousands_of_arms() {
    let text = repeated("protocol Cases(A, B; n : Int at A) =\n  let x at A = case n of\n", 3_000, |index, text| {
        writeln!(text, "    | {index} => {}", index + 1).expect("writing to a String succeeds");
    });
    assert_eq!(found(&format!("{text}    | _ => 0\n  A -> B : M(x)\n")), [""; 0]);
    assert_eq!(found(&format!("{text}    | 7 => 0\n    | _ => 0\n  A -> B : M(x)\n")), ["E0308"]);
    assert_eq!(found(&format!("{text}  A -> B : M(x)\n")), ["E0307"]);
}

#[test]
fn four_thousand_lets_and_a_long_list() {
    let lets = repeated("protocol Lets(A, B) =\n  let v0 at A = [[]]\n", 4_000, |index, text| {
        writeln!(text, "  let v{} = [] ++ v{index} ++ [[{index}]]", index + 1).expect("writing to a String succeeds");
    });
    let lets = lets.replace("[[]]", "[[0]]");
    assert_eq!(found(&format!("{lets}  A -> B : M(v4000)\n")), [""; 0]);
    let list = repeated("protocol List(A, B) =\n  let xs at A = [", 100_000, |index, text| {
        write!(text, "Just({index}), Nothing, ").expect("writing to a String succeeds");
    });
    assert_eq!(found(&format!("{list}Nothing]\n  A -> B : M(xs)\n")), [""; 0]);
}

#[test]
fn a_case_of_nested_patterns_has_a_budget() {
    let text = repeated(
        "protocol Cases(A, B; p : (Int, Maybe Int) at A) =\n  let x at A = case p of\n",
        1_000,
        |index, text| {
            writeln!(text, "    | ({index}, Just({index})) => {index}").expect("writing to a String succeeds");
        },
    );
    assert_eq!(found(&format!("{text}    | (_, _) => 0\n  A -> B : M(x)\n")), [""; 0]);
    assert_eq!(found(&format!("{text}  A -> B : M(x)\n")), ["E0307"]);
}

#[test]
fn equal_calls_are_inlined_once() {
    let mut text = String::new();
    for level in 0..30 {
        writeln!(
            text,
            "protocol P{level}(A, B) =\n  choice A at\n    | L =>\n        A -> B : L\n        call P{0}(A, B)\n    | R =>\n        A -> B : R\n        call P{0}(A, B)",
            level + 1
        )
        .expect("writing to a String succeeds");
    }
    text.push_str("protocol P30(A, B) =\n  A -> B : M\n");
    assert!(encode(&built(&text)).len() < 100_000);
}

/// Protocols that all call each other: a machine of n states, each with a way to every one.
fn all_to_all(count: usize) -> String {
    let mut text = String::new();
    for own in 0..count {
        text.push_str(&format!("protocol S{own}(A, B) =\n  choice A at\n"));
        for next in 0..count {
            text.push_str(&format!("    | Go{next} =>\n      A -> B : Go{next}\n      call S{next}(A, B)\n"));
        }
    }
    text
}

#[test]
fn a_state_that_is_open_is_written_as_its_variable() {
    // The plain depth-first unrolling of n states has f(n) = 1 + (n - 1) · f(n - 1) choices; no more are written.
    for (count, choices) in [(2, 2), (3, 5), (4, 16), (5, 65)] {
        let checked = check("all.tell", &all_to_all(count));
        let projected = checked.projected.first().expect("it is accepted");
        let machine = &projected.projection.machines[0];
        let local = local_type(&checked.program, &projected.graph, machine).expect("it is small");
        assert_eq!(local.to_string().matches("+{").count(), choices, "{count} protocols");
    }
}

/// A ring over a family, a broadcast to it and answers of all.
fn ring(count: usize) -> String {
    let last = count - 1;
    format!(
        "protocol Ring(A, W[{count}]) =\n  for i in 0..{last}\n    W[i] -> W[i + 1] : Token(n : Int = i)\n  \
         A -> W[*] : Go(go : Int = 7)\n  W[*] -> A : Gone(gone : Int = go)\n"
    )
}

#[test]
fn families_of_thousands_of_roles() {
    assert_eq!(built(&ring(1_000)).roles.len(), 1_001);
    assert_eq!(found(&ring(9_999)), [""; 0]);
    assert_eq!(found(&ring(10_000)), ["E0405"]);
}

#[test]
fn what_families_multiply_has_a_limit() {
    let nested = "protocol Nested(W[9999]) =\n  for i in W\n    for j in W\n      W[0] -> W[1] : M\n";
    assert_eq!(found(nested), ["E0405"]);
    let empty =
        "protocol Empty(W[9999], A) =\n  for i in W\n    for j in 0..i\n      for k in 0..0\n        A -> W[k] : M\n";
    assert_eq!(found(empty), ["E0405"]);
    let decisions = "protocol All(W[9999]) =\n  for i in W\n    if true then\n      W[0] -> W[1] : M\n";
    assert_eq!(found(decisions), ["E0405"]);
    let mut broadcasts = String::from("protocol Broadcasts(A, W[9999]) =\n");
    let mut headers = String::new();
    let mut sizes = String::from("protocol Main(A, W[9999]) =\n");
    for number in 0..110 {
        broadcasts.push_str("  A -> W[*] : M\n");
        writeln!(headers, "protocol P{number}(A, W[9999]) =\n  A -> W[*] : M").expect("writing to a String succeeds");
        writeln!(sizes, "  call P(A, W[{number}..9999])").expect("writing to a String succeeds");
    }
    assert_eq!(found(&broadcasts), ["E0405"]);
    assert!(found(&headers).iter().all(|code| *code == "E0405"));
    sizes.push_str("protocol P(A, W[N]) =\n  A -> W[0] : M\n");
    assert!(found(&sizes).iter().all(|code| *code == "E0405"));
}

#[test]
fn a_mistake_in_a_body_is_said_once() {
    let wrong = "protocol Wrong(A, W[9999]) =\n  for i in W\n    A -> W[i] : M(x : Int = y)\n    B -> W[i] : N\n";
    assert_eq!(found(wrong), ["E0209", "E0202"]);
    let untold = "protocol Untold(A, B, W[500]) =\n  choice A at\n    | Yes =>\n      A -> B : Yes\n      W[*] -> B : X\n    | No => A -> B : No\n";
    assert_eq!(found(untold), ["E0401"]);
}
