//! Row L1 of the goals: what it costs to take an untrusted image, on families of large protocols. Prints, asserts
//! nothing; `cargo bench -p tell-compiler --bench verify`.

#![allow(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::fmt::Write;
use std::time::{Duration, Instant};
use tell_compiler::pipeline::{build, check};
use tell_compiler::project::Limits;
use tell_compiler::sources::NoSources;
use tell_ir::choreography::Carried;
use tell_ir::codec::{decode, encode};
use tell_ir::image::CodeImage;
use tell_ir::implementable::{Control, NodeId};
use tell_ir::verify::{check_code, check_projection};

fn built(name: &str, text: &str) -> CodeImage {
    let checked = check("family.tell", text, &NoSources, Limits::default());
    assert!(!checked.has_errors(), "{name}: {:?}", checked.diagnostics.first());
    build(&checked, None, Limits::default()).unwrap_or_else(|error| panic!("{name}: {error:?}"))
}

fn ring(n: usize) -> String {
    let roles: Vec<String> = (0..n).map(|role| format!("R{role}")).collect();
    let mut text = format!("protocol Ring({}) =\n", roles.join(", "));
    for role in 0..n {
        writeln!(text, "  R{role} -> R{} : Token", (role + 1) % n).expect("writing to a String succeeds");
    }
    text
}

fn chain(n: usize) -> String {
    let mut text = String::from("protocol Chain(A, B) =\n");
    for index in 0..n {
        let (from, to) = if index % 2 == 0 { ("A", "B") } else { ("B", "A") };
        writeln!(text, "  {from} -> {to} : Step").expect("writing to a String succeeds");
    }
    text
}

/// k labels that a third role sees.
fn labels(k: usize) -> String {
    let mut text = String::from("protocol Labels(A, B, C) =\n  choice A at\n");
    for index in 0..k {
        write!(text, "    | arm{index} =>\n      A -> B : L{index}\n      B -> C : L{index}\n")
            .expect("writing to a String succeeds");
    }
    text
}

/// Consecutive binary choices.
fn choices(k: usize) -> String {
    let mut text = String::from("protocol Choices(A, B) =\n");
    for index in 0..k {
        write!(
            text,
            "  choice A at\n    | left{index} => A -> B : Left{index}\n    | right{index} => A -> B : Right{index}\n"
        )
        .expect("writing to a String succeeds");
    }
    text
}

/// Time this thread was on a processor, where the system says so; else the time of day.
fn now(start: Instant) -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split(' ').next().and_then(|word| word.parse().ok());
    nanoseconds.map_or_else(|| start.elapsed(), Duration::from_nanos)
}

/// Shortest time that is measured: the system counts in ticks.
const LEAST: Duration = Duration::from_millis(120);

/// The time a run takes, in nanoseconds: the least of several averages.
fn best(mut run: impl FnMut()) -> f64 {
    let start = Instant::now();
    let time = |_| {
        let (before, mut runs) = (now(start), 0);
        while now(start) - before < LEAST {
            run();
            runs += 1;
        }
        (now(start) - before).as_nanos() as f64 / f64::from(runs)
    };
    (0..5).map(time).fold(f64::INFINITY, f64::min)
}

/// Nodes, each for every role that acts there.
fn acts(image: &CodeImage) -> usize {
    let carried = Carried::of(image);
    (0..).map(NodeId).take(carried.node_count()).map(|node| carried.kind(node).actors().count()).sum()
}

fn row(name: &str, image: &CodeImage) {
    let bytes = encode(image);
    let instructions: usize = image.functions.iter().map(|function| function.code.len()).sum();
    let acts = acts(image);
    let decoded = best(|| drop(decode(&bytes).expect("what was encoded decodes")));
    let checked = best(|| _ = check_code(image).expect("the code is right"));
    let projected = best(|| check_projection(image).expect("the machines are projections"));
    println!(
        "L1 {name:<24} {:>9} B  {instructions:>7} instructions  decode {:>5.1} + code {:>5.1} = {:>5.1} ns each  {acts:>7} acts  V6 {:>6.1} ns each",
        bytes.len(),
        decoded / instructions as f64,
        checked / instructions as f64,
        (decoded + checked) / instructions as f64,
        projected / acts as f64,
    );
}

fn main() {
    let families: [(&str, String); 5] = [
        ("ring of 1000 roles", ring(1_000)),
        ("chain of 10000 messages", chain(10_000)),
        ("chain of 100000 messages", chain(100_000)),
        ("10000 labels", labels(10_000)),
        ("1000 choices", choices(1_000)),
    ];
    for (name, text) in families {
        row(name, &built(name, &text));
    }
}
