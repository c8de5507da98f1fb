//! The complete projection and the whole front end on families of growing protocols: rows J1–J4 and C1 of the
//! goals. Prints, asserts nothing; `cargo bench -p tell-compiler`.

#![allow(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::fmt::Write;
use std::time::{Duration, Instant};
use tell_compiler::erase::local_type;
use tell_compiler::hir::Program;
use tell_compiler::import;
use tell_compiler::pipeline::{build, check};
use tell_compiler::project::{Limits, Projection, project};
use tell_compiler::sources::NoSources;
use tell_ir::global::{GlobalId, GlobalNode, GlobalType};
use tell_ir::sort::{Label, Sort};

fn label(index: usize) -> Label {
    Label { name: format!("l{index}"), sort: Sort::Unit }
}

/// Builds global types from their ends.
struct Builder {
    nodes: Vec<GlobalNode>,
}

impl Builder {
    fn new() -> Self {
        Self { nodes: vec![GlobalNode::End] }
    }

    fn add(&mut self, node: GlobalNode) -> GlobalId {
        self.nodes.push(node);
        GlobalId(u32::try_from(self.nodes.len() - 1).expect("families are small"))
    }

    fn message(&mut self, sender: usize, receiver: usize, name: usize, then: GlobalId) -> GlobalId {
        self.branch(sender, receiver, vec![(name, then)])
    }

    fn branch(&mut self, sender: usize, receiver: usize, rows: Vec<(usize, GlobalId)>) -> GlobalId {
        let branches = rows.into_iter().map(|(name, then)| (label(name), then)).collect();
        let role = |role| u32::try_from(role).expect("families are small");
        self.add(GlobalNode::Comm { sender: role(sender), receiver: role(receiver), branches })
    }

    fn finish(self, roles: usize, root: GlobalId) -> GlobalType {
        GlobalType { roles: (0..roles).map(|role| format!("R{role}")).collect(), nodes: self.nodes, root }
    }
}

const END: GlobalId = GlobalId(0);

/// `A -> B : {lᵢ. B -> C : lᵢ}`: k labels that a third role sees.
fn labels(k: usize) -> GlobalType {
    let mut b = Builder::new();
    let rows = (0..k).map(|index| (index, b.message(1, 2, index, END))).collect();
    let root = b.branch(0, 1, rows);
    b.finish(3, root)
}

/// k nested choices, each either tells C and ends or goes on.
fn comb(k: usize) -> GlobalType {
    let mut b = Builder::new();
    let mut rest = b.message(1, 2, k, END);
    for index in (0..k).rev() {
        let told = b.message(1, 2, index, END);
        rest = b.branch(0, 1, vec![(0, told), (1, rest)]);
    }
    b.finish(3, rest)
}

fn ring(n: usize) -> GlobalType {
    let mut b = Builder::new();
    let root = (0..n).rev().fold(END, |then, role| b.message(role, (role + 1) % n, 0, then));
    b.finish(n, root)
}

fn broadcast(n: usize) -> GlobalType {
    let mut b = Builder::new();
    let root = (1..n).rev().fold(END, |then, role| b.message(0, role, 0, then));
    b.finish(n, root)
}

/// A chain of messages between two roles.
fn chain(n: usize) -> GlobalType {
    let mut b = Builder::new();
    let root = (0..n).rev().fold(END, |then, index| b.message(index % 2, 1 - index % 2, 0, then));
    b.finish(2, root)
}

/// A binary tree of choices whose subtrees are equal; each is there once.
fn tree(depth: usize) -> GlobalType {
    let mut b = Builder::new();
    let root = (0..depth).fold(END, |below, _| b.branch(0, 1, vec![(0, below), (1, below)]));
    b.finish(2, root)
}

/// The same as text: each protocol calls the next one in both arms.
fn tree_text(depth: usize) -> String {
    let mut text = String::new();
    for level in 0..depth {
        let next = if level + 1 < depth { format!("\n      call Level{}(A, B)", level + 1) } else { String::new() };
        write!(text, "protocol Level{level}(A, B) =\n  choice A at\n").expect("writing to a String succeeds");
        for arm in ["left", "right"] {
            let label = arm.to_uppercase();
            write!(text, "    | {arm} =>\n      A -> B : {label}{next}\n").expect("writing to a String succeeds");
        }
    }
    text
}

struct Measured {
    import: Duration,
    project: Duration,
    kept: i64,
    projection: Projection,
}

/// Resident memory in bytes; 0 where the system does not say.
fn resident() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)).and_then(|word| word.parse().ok());
    kilobytes.unwrap_or(0i64) * 1024
}

fn measure(global: &GlobalType) -> Measured {
    let mut program = Program::default();
    let file = program.files.add("family", "");
    let start = Instant::now();
    let graph = import::import(&mut program, file, "family", global, &[]).expect("families are well-formed");
    let import = start.elapsed();
    let before = resident();
    let start = Instant::now();
    let projection = project(&program, &graph, Limits { projection_states: 10_000_000, ..Limits::default() })
        .unwrap_or_else(|_| panic!("families project"));
    let project = start.elapsed();
    Measured { import, project, kept: resident() - before, projection }
}

fn best(runs: usize, mut run: impl FnMut() -> Duration) -> Duration {
    (0..runs).map(|_| run()).min().expect("at least one run")
}

fn row(name: &str, global: &GlobalType, runs: usize) -> Duration {
    let time = best(runs, || measure(global).project);
    let one = measure(global);
    let states: usize = one.projection.machines.iter().map(|machine| machine.states.len()).sum();
    println!("{name:<34} import {:>9.3?}  project {time:>9.3?}  {states} states", one.import);
    time
}

fn pair(name: &str, family: fn(usize) -> GlobalType, small: usize, large: usize) {
    let a = row(&format!("{name} {small}"), &family(small), 7);
    let b = row(&format!("{name} {large}"), &family(large), 3);
    println!("{:<34} t({large})/t({small}) = {:.1}", "", b.as_secs_f64() / a.as_secs_f64());
}

fn chains() {
    let n = 1_000_000;
    let one = measure(&chain(n));
    let per = |value: f64| value / (2.0 * n as f64);
    println!(
        "J4 chain {n:<25} project {:.0} ns, {:.0} B per message and role",
        per(one.project.as_nanos() as f64),
        per(one.kept as f64)
    );
}

/// Consecutive binary choices, as text.
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

/// k labels that a third role sees, as text.
fn labels_text(k: usize) -> String {
    let mut text = String::from("protocol Labels(A, B, C) =\n  choice A at\n");
    for index in 0..k {
        write!(text, "    | arm{index} =>\n      A -> B : L{index}\n      B -> C : L{index}\n")
            .expect("writing to a String succeeds");
    }
    text
}

/// A ring over n roles, as text.
fn ring_text(n: usize) -> String {
    let roles: Vec<String> = (0..n).map(|role| format!("R{role}")).collect();
    let mut text = format!("protocol Ring({}) =\n", roles.join(", "));
    for role in 0..n {
        writeln!(text, "  R{role} -> R{} : Token", (role + 1) % n).expect("writing to a String succeeds");
    }
    text
}

fn broadcast_text(n: usize) -> String {
    let roles: Vec<String> = (0..n).map(|role| format!("R{role}")).collect();
    let mut text = format!("protocol Broadcast({}) =\n", roles.join(", "));
    for role in 1..n {
        writeln!(text, "  R0 -> R{role} : News").expect("writing to a String succeeds");
    }
    text
}

fn chain_text(n: usize) -> String {
    let mut text = String::from("protocol Chain(A, B) =\n");
    for index in 0..n {
        let (from, to) = if index % 2 == 0 { ("A", "B") } else { ("B", "A") };
        writeln!(text, "  {from} -> {to} : Step").expect("writing to a String succeeds");
    }
    text
}

/// From text to the local types of all roles.
fn to_local_types(name: &str, text: &str) {
    let mut kept = 0;
    let time = best(5, || {
        let before = resident();
        let start = Instant::now();
        let checked = check("family.tell", text, &NoSources, Limits::default());
        assert!(!checked.has_errors(), "{name}: {:?}", checked.diagnostics.first());
        let projected = &checked.projected[0];
        let machines = projected.projection.machines.iter();
        let types: Vec<_> = machines.map(|one| local_type(&checked.program, &projected.graph, one)).collect();
        let time = start.elapsed();
        kept = kept.max(resident() - before);
        assert!(types.iter().all(Option::is_some));
        time
    });
    println!("J3 text of {name} to local types {time:.3?}, {} KiB kept", kept / 1024);
}

fn texts() {
    to_local_types("1000 choices", &choices(1_000));
    to_local_types("a tree of depth 20", &tree_text(20));
    let text = choices(1_000);
    let families: [(&str, String); 5] = [
        ("1000 choices", text),
        ("10000 labels", labels_text(10_000)),
        ("ring of 1000", ring_text(1_000)),
        ("broadcast to 1000", broadcast_text(1_000)),
        ("chain of 10000", chain_text(10_000)),
    ];
    for (name, text) in families {
        let time = best(5, || {
            let start = Instant::now();
            let checked = check("family.tell", &text, &NoSources, Limits::default());
            assert!(!checked.has_errors(), "{name}: {:?}", checked.diagnostics.first());
            if let Err(error) = build(&checked, None, Limits::default()) {
                panic!("{name}: {error:?}");
            }
            start.elapsed()
        });
        let speed = text.len() as f64 / time.as_secs_f64() / 1e6;
        println!("C1 {name:<22} {:>8} B  {time:>9.3?}  {speed:.1} MB/s", text.len());
    }
}

fn main() {
    pair("J1 labels", labels, 10_000, 100_000);
    pair("J1 comb", comb, 10_000, 100_000);
    pair("J2 ring", ring, 1_000, 10_000);
    pair("J2 broadcast", broadcast, 1_000, 10_000);
    row("J3 tree of depth 20", &tree(20), 7);
    chains();
    texts();
}
