//! Ping-pong of two roles for ever: nanoseconds per message, from send to receive, all instructions of both roles
//! included. Configuration: `Canonical`, cooperative, run-time checks on, verified image. Prints, asserts nothing.

#![allow(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::time::Instant;
use tell_vm::ir::choreography::{Branch, Choreography, Node, NodeId, places};
use tell_vm::ir::image::{Block, CodeImage, Const, Edge, Function, Label, Role};
use tell_vm::ir::instr::Instr;
use tell_vm::ir::machine::{LocalMachine, State, StateId, Transition};
use tell_vm::ir::ty::{Type, TypeId};
use tell_vm::ir::verify::verify;
use tell_vm::{Retention, VM, VMConfig};

/// Instructions per message: a send, a receive and a jump.
const STEPS_PER_MESSAGE: u64 = 3;
const MESSAGES: u64 = 10_000_000;

fn image() -> CodeImage {
    let role = |name: &str| Role { name: name.to_owned(), params: Vec::new() };
    let rows = |partner, target| vec![Transition { partner, label: 0, target: StateId(target) }];
    let recv = |partner, target| State::Recv { rows: rows(partner, target), may_end: false };
    let block = |pc, state| Block { pc, state: StateId(state) };
    let a = vec![
        Instr::Set { dst: 0, value: 0 },
        Instr::Send { to: 1, label: 0, val: 0 },
        Instr::Receive { from: 1, label: 0, dst: 0 },
        Instr::Jump { target: 1 },
    ];
    let b = vec![
        Instr::Receive { from: 0, label: 0, dst: 0 },
        Instr::Send { to: 0, label: 0, val: 0 },
        Instr::Jump { target: 0 },
    ];
    let machine = |states: [State; 2]| LocalMachine {
        states: states.into(),
        entries: places(&[&[0], &[1]]),
        decisions: Vec::new(),
    };
    let message = |from, to, then| {
        let branches = vec![Branch { label: 0, target: NodeId(then) }];
        Node::Comm { from, to, branches }
    };
    let function = |code, blocks| Function { regs: vec![TypeId(0)], code, blocks, ..Function::default() };
    CodeImage {
        protocol: "PingPong".to_owned(),
        roles: vec![role("A"), role("B")],
        labels: vec![Label { name: "Ball".to_owned(), payload: TypeId(0) }],
        types: vec![Type::Int],
        consts: vec![Const::Int(7)],
        functions: vec![
            function(a, vec![block(0, 0), block(1, 0), block(2, 1)]),
            function(b, vec![block(0, 0), block(1, 1)]),
        ],
        machines: vec![machine([State::Send(rows(1, 1)), recv(1, 0)]), machine([recv(0, 1), State::Send(rows(0, 0))])],
        choreography: Choreography { nodes: vec![message(0, 1, 1), message(1, 0, 0)] },
        edges: vec![
            Edge { from: 0, to: 1, bound: Some(1), lossy: false },
            Edge { from: 1, to: 0, bound: Some(1), lossy: false },
        ],
        ..CodeImage::default()
    }
}

fn measure(quantum: u32, trace: Retention, sessions: u64) -> f64 {
    let config = VMConfig { quantum, trace, ..VMConfig::default() };
    let mut vm = VM::new(config).expect("the configuration is right");
    let image = verify(image()).unwrap_or_else(|error| panic!("bug: the image is right: {error}"));
    let image = vm.load_choreography(image).expect("it uses no effect");
    for _ in 0..sessions {
        vm.open(image, &[]).expect("within the limits");
    }
    vm.run(sessions * 100, &mut || false);
    let start = Instant::now();
    vm.run(MESSAGES * STEPS_PER_MESSAGE, &mut || false);
    start.elapsed().as_nanos() as f64 / MESSAGES as f64
}

/// Nanoseconds to open one of many sessions.
fn measure_open(sessions: u64) -> f64 {
    let config = VMConfig { trace: Retention::Off, ..VMConfig::default() };
    let mut vm = VM::new(config).expect("the configuration is right");
    let image = verify(image()).unwrap_or_else(|error| panic!("bug: the image is right: {error}"));
    let image = vm.load_choreography(image).expect("it uses no effect");
    let start = Instant::now();
    for _ in 0..sessions {
        vm.open(image, &[]).expect("within the limits");
    }
    start.elapsed().as_nanos() as f64 / sessions as f64
}

fn main() {
    println!("open: {:.0} ns per session of two roles", measure_open(100_000));
    for (quantum, trace, sessions) in [
        (256, Retention::Off, 1),
        (1, Retention::Off, 1),
        (256, Retention::Last(1000), 1),
        (256, Retention::Off, 10_000),
    ] {
        let mut runs: Vec<f64> = (0..5).map(|_| measure(quantum, trace, sessions)).collect();
        runs.sort_by(f64::total_cmp);
        println!("ping_pong quantum {quantum}, trace {trace:?}, sessions {sessions}: {:.1} ns per message", runs[2]);
    }
}
