//! Broken images that are not in a text: too large for one, or with what a text leaves out.

use std::fmt::Write;
use tell_ir::asm::assemble;
use tell_ir::image::{CodeImage, Debug, MAX_REGISTERS, Role};
use tell_ir::ty::TypeId;

/// Makes the broken image of the good one.
pub type Operation = fn(&CodeImage) -> CodeImage;

/// Per rule its operation.
const OPERATIONS: [(&str, Operation); 6] = [
    ("V1.12", wide_frame),
    ("V1.14", backward_range),
    ("V8.1", many_registers),
    ("V8.2", |_| many_branches(65_536)),
    ("V9.1", |_| many_switches(4_300)),
    ("V9.2", |_| many_places(4_000, 8_000)),
];

/// The large images as small ones, in which nothing is wrong.
#[must_use]
pub fn small() -> [CodeImage; 3] {
    [many_branches(20), many_switches(20), many_places(20, 40)]
}

/// The operation of a rule, if it has one.
#[must_use]
pub fn of(rule: &str) -> Option<Operation> {
    OPERATIONS.iter().find(|(known, _)| *known == rule).map(|(_, operation)| *operation)
}

fn wide_frame(good: &CodeImage) -> CodeImage {
    let mut image = good.clone();
    image.functions[0].regs.resize(5_000, TypeId(0));
    image
}

fn backward_range(good: &CodeImage) -> CodeImage {
    let debug = Debug { file: "late.tell".to_owned(), spans: vec![vec![(0, 20, 10)]] };
    CodeImage { debug: Some(debug), ..good.clone() }
}

fn many_registers(good: &CodeImage) -> CodeImage {
    let mut image = good.clone();
    image.functions[0].regs = vec![TypeId(0); MAX_REGISTERS];
    for number in 1..=256 {
        image.roles.push(Role { name: format!("A{number}"), params: Vec::new() });
        image.functions.push(image.functions[0].clone());
        image.machines.push(image.machines[0].clone());
    }
    image
}

/// An image from a text that was put together.
fn assembled(lines: &[String]) -> CodeImage {
    assemble(&lines.join("\n")).unwrap_or_else(|error| panic!("bug: {error}"))
}

/// `item(0)`, `item(1)`, … with something between them.
fn list(count: u32, between: &str, item: impl Fn(u32) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(between)
}

/// A `par` whose branches do one thing each, all in one state.
fn many_branches(count: u32) -> CodeImage {
    let end = 1 + 2 * count;
    let odd = |number: u32| 1 + 2 * number;
    let mut branches = String::new();
    for number in 0..count {
        let _ = writeln!(branches, "local A -> n{}\njoin n0", odd(number) + 1);
    }
    assembled(&[
        "image Par\nroles\n  A\nchoreography".to_owned(),
        format!("par {} then n{end}", list(count, " | ", |number| format!("n{}", odd(number)))),
        format!("{branches}end"),
        "role A\nstates".to_owned(),
        format!("s0 at n0: par {} then s2", list(count, " | ", |_| "s1".to_owned())),
        format!("s1 at {}: silent -> s3", list(count, ", ", |number| format!("n{}", odd(number)))),
        format!("s2 at n{end}: end"),
        format!("s3 at {}: join", list(count, ", ", |number| format!("n{}", odd(number) + 1))),
        "code\nb0 in s0".to_owned(),
        list(count, "\n", |_| "spawn b2".to_owned()),
        "join all\nb1 in s2\nhalt\nb2 in s1\ngoto b3\nb3 in s3\nfinish".to_owned(),
    ])
}

/// As many switches on a type of as many variants, all through one table that leads to each of them.
fn many_switches(count: u32) -> CodeImage {
    let block = |number: u32| if number == 0 { "over".to_owned() } else { format!("b{number}") };
    assembled(&[
        "image Switch\ntypes".to_owned(),
        format!("Answer = | {}", list(count, " | ", |number| format!("V{number}"))),
        "roles\n  A (answer : Answer in r0)\nchoreography\n  end".to_owned(),
        "role A\nstates\n  s0 at n0: end\nregisters\n  r0 Answer\ncode".to_owned(),
        "b0 in s0\nyield\nswitch r0 w0:".to_owned(),
        list(count, "\n", |number| format!("| V{number} -> {}", block(number))),
        list(count - 1, "\n", |number| format!("b{} in s0\nyield\nswitch r0 w0", number + 1)),
        "over in s0\nhalt".to_owned(),
    ])
}

/// `A` tells `B` one of many things, `B` tells `C` always the same; `C` can be at all of them in every of its states.
fn many_places(labels: u32, states: u32) -> CodeImage {
    let rows = |from: &str, to: u32| list(labels, " | ", |label| format!("{from} L{label} -> s{to}"));
    let all = list(labels, ", ", |label| format!("n{}", label + 1));
    let fail = "code\nb0 in s0\nfail unreachable \"never\"".to_owned();
    assembled(&[
        "image Many\ntypes\n  Int\nroles\n  A\n  B\n  C\nlabels".to_owned(),
        list(labels, "\n", |label| format!("L{label}(Int)")),
        "constants\n  \"never\"\nedges\n  A -> B\n  B -> C\nchoreography".to_owned(),
        format!("message A -> B : {}", list(labels, " | ", |label| format!("L{label} -> n{}", label + 1))),
        list(labels, "\n", |_| "message B -> C : L0 -> n0".to_owned()),
        format!("role A\nstates\ns0 at n0, {all}: send {}", rows("B", 0)),
        fail.clone(),
        format!("role B\nstates\ns0 at n0: recv {}\ns1 at {all}: send C L0 -> s0", rows("A", 1)),
        fail.clone(),
        "role C\nstates".to_owned(),
        list(states, "\n", |state| format!("s{state} at n0: recv B L0 -> s{}", (state + 1) % states)),
        fail,
    ])
}
