//! Large and deep inputs: accepted in proportion, or refused by a named limit.

use std::fmt::Write;
use tell_ir::codec::encode;
use tell_tests::program::{build, check};

fn codes(text: &str) -> Vec<&'static str> {
    check("large.tell", text).diagnostics.iter().map(|diagnostic| diagnostic.code.0).collect()
}

fn image_size(text: &str) -> usize {
    encode(&build("large.tell", text).unwrap_or_else(|error| panic!("{error}"))).len()
}

/// A text made of a header and numbered parts.
fn repeated(header: &str, count: usize, part: impl Fn(usize, &mut String)) -> String {
    let mut text = header.to_owned();
    (0..count).for_each(|index| part(index, &mut text));
    text
}

fn choices(count: usize) -> String {
    repeated("protocol Many(A, B) =\n", count, |_, text| {
        text.push_str("  choice A at\n    | L => A -> B : L(x : Int = 1)\n    | R => A -> B : R(x : Int = 2)\n");
    })
}

#[test]
fn consecutive_choices_share_what_follows() {
    let (once, twice) = (image_size(&choices(1_000)), image_size(&choices(2_000)));
    println!("1000 choices: {once} bytes, 2000: {twice} bytes");
    assert!(twice * 10 <= once * 24, "{twice} bytes are more than 2.4 times {once}");
}

#[test]
fn distinct_names_in_consecutive_choices_stay_linear_in_the_image() {
    let named = |count| {
        repeated("protocol Many(A, B) =\n", count, |index, text| {
            writeln!(
                text,
                "  choice A at\n    | L => A -> B : L(x{index} : Int = 1)\n    | R => A -> B : R(x{index} : Int = 2)"
            )
            .expect("writing to a String succeeds");
        })
    };
    let (once, twice) = (image_size(&named(500)), image_size(&named(1_000)));
    assert!(twice * 10 <= once * 24, "{twice} bytes are more than 2.4 times {once}");
}

#[test]
fn a_long_chain_needs_no_recursion() {
    let text = repeated("protocol Chain(A, B) =\n", 50_000, |index, text| {
        text.push_str(if index % 2 == 0 { "  A -> B : Ping\n" } else { "  B -> A : Pong\n" });
    });
    assert!(image_size(&text) > 50_000);
}

#[test]
fn many_labels_and_many_roles() {
    let labels = repeated("protocol Labels(A, B, C) =\n  choice A at\n", 5_000, |index, text| {
        writeln!(text, "    | L{index} =>\n        A -> B : L{index}\n        B -> C : L{index}")
            .expect("writing to a String succeeds");
    });
    assert!(image_size(&labels) > 5_000);
    let names: Vec<String> = (0..1_000).map(|index| format!("R{index}")).collect();
    let ring = repeated(&format!("protocol Ring({}) =\n", names.join(", ")), 1_000, |index, text| {
        writeln!(text, "  R{index} -> R{} : Token", (index + 1) % 1_000).expect("writing to a String succeeds");
    });
    assert!(image_size(&ring) > 1_000);
}

#[test]
fn more_than_ten_thousand_roles_are_refused() {
    let names: Vec<String> = (0..10_001).map(|index| format!("R{index}")).collect();
    let text = format!("protocol Crowd({}) =\n  R0 -> R1 : Hello\n", names.join(", "));
    assert_eq!(codes(&text), ["E0405"]);
}

#[test]
fn more_names_than_registers_are_refused() {
    let text = repeated("protocol Names(A, B) =\n", 4_200, |index, text| {
        writeln!(text, "  A -> B : M(x{index} : Int = {index})").expect("writing to a String succeeds");
    });
    let error = build("large.tell", &text).expect_err("4200 names are in scope at the end");
    assert!(error.contains("E0405"), "{error}");
}

#[test]
fn nesting_is_bounded_exactly() {
    let brackets = |depth: usize| {
        format!("protocol Deep(A, B) =\n  A -> B : M(x : Int = {}1{})\n", "(".repeat(depth), ")".repeat(depth))
    };
    assert_eq!(codes(&brackets(150)), Vec::<&str>::new());
    assert_eq!(codes(&brackets(201)), ["E0106"]);
    let blocks = |depth: usize| {
        let mut text = "protocol Deep(A, B) =\n".to_owned();
        for level in 1..=depth {
            writeln!(text, "{}rec X{level}", " ".repeat(level)).expect("writing to a String succeeds");
        }
        writeln!(text, "{}A -> B : M", " ".repeat(depth + 1)).expect("writing to a String succeeds");
        text
    };
    assert_eq!(codes(&blocks(150)), Vec::<&str>::new());
    assert_eq!(codes(&blocks(201)), ["E0106"]);
}

#[test]
fn bottomless_nesting_is_one_error() {
    const DEPTH: usize = 100_000;
    let in_field = |value: String| format!("protocol Deep(A, B) =\n  A -> B : M(x : Int = {value})\n");
    let bombs = [
        in_field("(".repeat(DEPTH)),
        in_field("[".repeat(DEPTH)),
        in_field("{ a = ".repeat(DEPTH)),
        in_field(format!("{}1", "-".repeat(DEPTH).replace('-', "- "))),
        in_field(format!("{}true", "not ".repeat(DEPTH))),
        in_field(format!("{}1", "1 + ".repeat(DEPTH))),
        in_field("if ".repeat(DEPTH)),
        format!("type alias T = {}Int", "List (".repeat(DEPTH)),
        "{-".repeat(DEPTH),
        "| ".repeat(DEPTH),
    ];
    for bomb in &bombs {
        let found = codes(bomb);
        assert!(!found.is_empty() && found.len() <= 200, "{}…: {} errors", &bomb[..40], found.len());
    }
}

#[test]
fn a_hundred_thousand_mistakes_are_bounded_reports() {
    let text = repeated("protocol Wrong(A, B) =\n", 100_000, |_, text| text.push_str("  A -> Bb : M\n"));
    let found = codes(&text);
    assert!(!found.is_empty(), "the first ones are reported");
    assert!(found.iter().all(|code| *code == "E0202"));
}

#[test]
fn calls_that_double_are_refused_by_the_node_limit() {
    let mut text = String::new();
    for level in 0..40 {
        writeln!(text, "protocol P{level}(A, B) =\n  call P{0}(A, B)\n  call P{0}(A, B)", level + 1)
            .expect("writing to a String succeeds");
    }
    text.push_str("protocol P40(A, B) =\n  A -> B : M\n");
    assert_eq!(codes(&text), ["E0405"]);
}
