//! Printing a tree and parsing it again gives the same tree.

use proptest::prelude::*;
use tell_language::dump::{ast_dump, same};
use tell_language::parse::parse;
use tell_language::print::print;
use tell_language::span::FileId;
use tell_language::symbol::Interner;

/// The canonical text of a program, after checking that it is the same program.
#[track_caller]
fn round_trip(text: &str) -> String {
    let mut names = Interner::default();
    let first = parse(FileId(0), text, &mut names);
    assert_eq!(first.diagnostics, [], "{text}");
    let printed = print(&first.ast, &names);
    let mut other_names = Interner::default();
    let second = parse(FileId(0), &printed, &mut other_names);
    assert_eq!(second.diagnostics, [], "{text}\n---\n{printed}");
    if !same(&first.ast, &names, &second.ast, &other_names) {
        assert_eq!(ast_dump(&first.ast, &names), ast_dump(&second.ast, &other_names), "{text}\n---\n{printed}");
    }
    assert_eq!(print(&second.ast, &other_names), printed, "printing is idempotent");
    printed
}

#[test]
fn the_everyday_sample() {
    let text = include_str!("samples/everyday.tell");
    insta::assert_snapshot!(round_trip(text));
}

#[test]
fn the_tree_of_the_everyday_sample() {
    let mut names = Interner::default();
    let parsed = parse(FileId(0), include_str!("samples/everyday.tell"), &mut names);
    insta::assert_snapshot!(ast_dump(&parsed.ast, &names));
}

#[test]
fn the_rest_of_the_language() {
    let mut names = Interner::default();
    let text = include_str!("samples/rest.tell");
    round_trip(text);
    let parsed = parse(FileId(0), text, &mut names);
    insta::assert_snapshot!(ast_dump(&parsed.ast, &names));
}

#[test]
fn precedences() {
    let shape = |expr: &str| {
        let mut names = Interner::default();
        let text = format!("protocol P(A, B) =\n  n := {expr}\n");
        let parsed = parse(FileId(0), &text, &mut names);
        assert_eq!(parsed.diagnostics, [], "{expr}");
        round_trip(&text);
        let dump = ast_dump(&parsed.ast, &names);
        dump.split_once("assign n ").expect("the assignment is there").1.trim().to_owned()
    };
    assert_eq!(shape("a || b && c"), "(Or a (And b c))");
    assert_eq!(shape("not a == b && c"), "(And (Not (Eq a b)) c)");
    assert_eq!(shape("a ++ b + c * d"), "(Concat a (Add b (Mul c d)))");
    assert_eq!(shape("a - b - c"), "(Sub (Sub a b) c)");
    assert_eq!(shape("a - (b - c)"), "(Sub a (Sub b c))");
    assert_eq!(shape("-a * -3"), "(Mul (Neg a) -3)");
    assert_eq!(shape("-(-3)"), "(Neg -3)");
    assert_eq!(shape("-a.b(c).d"), "(Neg (Field (Call (Field a b) [c]) d))");
    assert_eq!(shape("a + if b then c else d + e"), "(Add a (If b c (Add d e)))");
    assert_eq!(shape("(a == b) == c"), "(Eq (Eq a b) c)");
    assert_eq!(shape("a + not b"), "(Add a (Not b))");
    assert_eq!(shape("case a of | b => case c of | d => e | f => g"), "(Case a [b => (Case c [d => e, f => g])])");
    assert_eq!(shape("(case a of | b => case c of | d => e | f => g)"), "(Case a [b => (Case c [d => e, f => g])])");
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z][a-z0-9_]{0,3}", Just("done".into()), Just("begin".into()), Just("as".into())]
        .prop_filter("no keyword", |name: &String| !tell_language::token::KEYWORDS.contains(&name.as_str()))
}

fn upper() -> impl Strategy<Value = String> {
    "[A-Z][a-z0-9]{0,3}"
}

fn ty() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![upper(), Just("()".into()), Just("shop.Order".into()), Just("List Int".into())];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (upper(), inner.clone()).prop_map(|(name, arg)| format!("{name} ({arg})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}, {b})")),
            (name(), inner.clone()).prop_map(|(name, ty)| format!("{{ {name} : {ty} }}")),
            (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("Fn(({a}), ({b})) -> {c}")),
        ]
    })
}

fn pattern() -> impl Strategy<Value = String> {
    let leaf =
        prop_oneof![name(), upper(), Just("_".into()), Just("-3".into()), Just("true".into()), Just("\"s\"".into())];
    leaf.prop_recursive(2, 8, 2, |inner| {
        prop_oneof![
            (upper(), inner.clone()).prop_map(|(name, arg)| format!("{name}({arg})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}, {b})")),
            inner.clone().prop_map(|part| format!("[{part}]")),
            (name(), inner).prop_map(|(name, part)| format!("{{ {name} = {part} }}")),
        ]
    })
}

fn expr() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        name(),
        upper(),
        any::<i64>().prop_map(|value| value.to_string()),
        (0..100_000_u32).prop_map(|value| format!("{value}ms")),
        Just("()".into()),
        Just("true".into()),
        "\\PC{0,4}".prop_map(|text| format!("{text:?}")),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let op = proptest::sample::select(vec!["||", "&&", "==", "<", "++", "+", "-", "*", "%"]);
        prop_oneof![
            (inner.clone(), op, inner.clone()).prop_map(|(a, op, b)| format!("({a}) {op} ({b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) + {b}")),
            inner.clone().prop_map(|a| format!("not {a}")),
            inner.clone().prop_map(|a| format!("- ({a})")),
            (inner.clone(), name()).prop_map(|(a, field)| format!("({a}).{field}")),
            (name(), inner.clone(), inner.clone()).prop_map(|(f, a, b)| format!("{f}({a}, {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, {b}]")),
            (name(), inner.clone()).prop_map(|(field, a)| format!("{{ {field} = {a} }}")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("(if {a} then {b} else {c})")),
            (inner.clone(), pattern(), inner.clone(), inner)
                .prop_map(|(a, p, b, c)| format!("(case {a} of | {p} => {b} | _ => {c})")),
        ]
        .prop_filter("comparisons do not chain", |text| !text.contains("not not"))
    })
}

/// Indents every line of a block by two columns.
fn deeper(block: &str) -> String {
    block.lines().map(|line| format!("  {line}\n")).collect()
}

fn stmts() -> impl Strategy<Value = String> {
    let simple = prop_oneof![
        (upper(), upper(), upper(), name()).prop_map(|(a, b, label, x)| format!("{a} -> {b} : {label}({x})\n")),
        (upper(), upper(), name(), ty(), expr())
            .prop_map(|(a, l, x, t, e)| format!("{a} ->* : {l}({x} : {t} = {e}, y : {t})\n")),
        (upper(), upper(), upper(), ty()).prop_map(|(a, b, l, t)| format!("{a} -> {b} : {l} of {t}\n")),
        (name(), expr()).prop_map(|(x, e)| format!("let {x} at A = {e}\n")),
        (name(), ty(), expr()).prop_map(|(x, t, e)| format!("var {x} : {t} = {e}\n")),
        (name(), expr()).prop_map(|(x, e)| format!("{x} := {e}\n")),
        (name(), expr()).prop_map(|(x, e)| format!("authoritative let {x} = check E.{x}({e})\n")),
        (name(), expr()).prop_map(|(x, e)| format!("do a.E.{x}({e}) at B\n")),
        expr().prop_map(|e| format!("assert {e} at A \"text\"\n")),
        (upper(), expr()).prop_map(|(p, e)| format!("call {p}(A, B; {e}, 1)\n")),
        upper().prop_map(|x| format!("continue {x}\n")),
    ];
    simple.prop_recursive(4, 24, 3, |inner| {
        let block = || proptest::collection::vec(inner.clone(), 1..3).prop_map(|stmts| deeper(&stmts.concat()));
        prop_oneof![
            (upper(), expr(), block(), block()).prop_map(|(n, g, a, b)| format!(
                "choice A at\n  | {n} when ({g}) =>\n{}  | Z =>\n{}",
                deeper(&a),
                deeper(&b)
            )),
            (expr(), block(), block()).prop_map(|(e, a, b)| format!("if {e} at A then\n{a}else\n{b}")),
            (expr(), block(), block()).prop_map(|(e, a, b)| format!("if {e} then\n{a}else if x then\n{b}")),
            (expr(), pattern(), block())
                .prop_map(|(e, p, a)| format!("case {e} of\n  | {p} =>\n{}  | _ => {{}}\n", deeper(&a))),
            (upper(), block()).prop_map(|(x, a)| format!("rec {x}\n{a}")),
            (expr(), block()).prop_map(|(e, a)| format!("loop while ({e}) by A\n{a}")),
            block().prop_map(|a| format!("loop decide by A\n{a}")),
            (expr(), block()).prop_map(|(e, a)| format!("loop repeat {e}\n{a}")),
            (name(), expr(), block()).prop_map(|(x, e, a)| format!("let {x} = {e} in\n{a}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_programs(bodies in proptest::collection::vec(stmts(), 1..4), types in proptest::collection::vec(ty(), 1..4)) {
        let mut text = String::from("module a.b\nimport std.log as L exposing (x)\n");
        for (at, ty) in types.iter().enumerate() {
            text += &format!("type alias T{at} = {ty}\ntype U{at} = | A({ty}) | B\neffect E{at}(K)\n  f : ({ty}) -> ({ty})\n");
        }
        text += &format!("protocol P(A, B; x : {} at A) uses E(Int), F =\n{}", types[0], deeper(&bodies.concat()));
        text += &format!("where\n  protocol Q =\n    roles A, B\n{}", deeper(&deeper(&bodies[0])));
        round_trip(&text);
    }
}
