//! A second image for tests: `A` sends to `B` and `C` in two branches, inside a scope that it owns.

use super::{UNIT, blocks, message, places, row};
use crate::choreography::{Choreography, Node, NodeId};
use crate::image::{CodeImage, Const, Edge, Final, Function, Label, Outcome, Role, Scope, ScopeRow, ScopeTable};
use crate::instr::Instr;
use crate::machine::{LocalMachine, State, StateId};
use crate::prim::Prim;
use crate::ty::{Type, TypeId};

const INT: TypeId = TypeId(1);
const DURATION: TypeId = TypeId(2);
const STRING: TypeId = TypeId(3);

/// `A` has two branches and its deadline in register 0; `B` waits in the block of `timeout` too, `C` does not.
pub(crate) fn image() -> CodeImage {
    let role = |name: &str| Role { name: name.to_owned(), params: Vec::new() };
    let label = |name: &str, payload| Label { name: name.to_owned(), payload };
    let recv = |label, target| State::Recv { rows: vec![row(0, label, target)], may_end: false };
    CodeImage {
        protocol: "Scoped".to_owned(),
        roles: vec![role("A"), role("B"), role("C")],
        labels: vec![label("Yes", INT), label("No", UNIT)],
        types: vec![Type::Unit, Type::Int, Type::Duration, Type::String],
        consts: vec![Const::Unit, Const::Int(10), Const::Duration(5)],
        functions: vec![owner(), second(), third()],
        machines: vec![
            LocalMachine {
                states: vec![
                    scope([5, 4, 5], 6),
                    State::Par { branches: vec![StateId(2), StateId(3)], then: StateId(5) },
                    State::Send(vec![row(1, 0, 5)]),
                    State::Send(vec![row(2, 0, 5)]),
                    State::Send(vec![row(1, 1, 5)]),
                    State::Join,
                    State::End,
                ],
                entries: places(&[&[0], &[1], &[2], &[4], &[8], &[3, 5, 6, 7, 9, 10], &[11]]),
                decisions: Vec::new(),
            },
            LocalMachine {
                states: vec![scope([2, 3, 2], 4), recv(0, 2), State::Join, recv(1, 2), State::End],
                entries: places(&[&[0], &[1], &[3, 7, 9, 10], &[8], &[11]]),
                decisions: Vec::new(),
            },
            LocalMachine {
                states: vec![scope([2, 2, 2], 3), recv(0, 2), State::Join, State::End],
                entries: places(&[&[0], &[1], &[5, 7, 8, 10], &[11]]),
                decisions: Vec::new(),
            },
        ],
        choreography: choreography(),
        edges: vec![
            Edge { from: 0, to: 1, bound: None, lossy: false },
            Edge { from: 0, to: 2, bound: None, lossy: false },
        ],
        scopes: vec![Scope {
            owner: 0,
            participants: vec![0, 1, 2],
            outcomes: vec![Outcome::Done, Outcome::Timeout, Outcome::Fail],
        }],
        ..CodeImage::default()
    }
}

fn choreography() -> Choreography {
    let rows = vec![(Outcome::Done, NodeId(7)), (Outcome::Timeout, NodeId(8)), (Outcome::Fail, NodeId(10))];
    Choreography {
        nodes: vec![
            Node::Scope { scope: 0, body: NodeId(1), rows, then: NodeId(11) },
            Node::Par { branches: vec![NodeId(2), NodeId(4)], then: NodeId(6) },
            message(0, 1, &[(0, 3)]),
            Node::Join { of: NodeId(1) },
            message(0, 2, &[(0, 5)]),
            Node::Join { of: NodeId(1) },
            Node::Join { of: NodeId(0) },
            Node::Join { of: NodeId(0) },
            message(0, 1, &[(1, 9)]),
            Node::Join { of: NodeId(0) },
            Node::Join { of: NodeId(0) },
            Node::End,
        ],
    }
}

/// The scope with its body in state 1; the blocks of its outcomes, and what follows.
fn scope([done, timeout, fail]: [u32; 3], then: u32) -> State {
    let rows =
        vec![(Outcome::Done, StateId(done)), (Outcome::Timeout, StateId(timeout)), (Outcome::Fail, StateId(fail))];
    State::Scope { scope: 0, body: StateId(1), rows, then: StateId(then) }
}

fn table(deadline: Option<u16>, bind: Option<u16>, [done, timeout, fail]: [u32; 3]) -> ScopeTable {
    let row = |outcome, bind, target| ScopeRow { outcome, bind, target };
    let rows =
        vec![row(Outcome::Done, None, done), row(Outcome::Timeout, None, timeout), row(Outcome::Fail, bind, fail)];
    ScopeTable { scope: 0, deadline, rows }
}

/// Registers: deadline, a number per branch, Unit, the failure, the sum, the failure again.
fn owner() -> Function {
    Function {
        regs: vec![DURATION, INT, INT, UNIT, STRING, INT, STRING],
        code: vec![
            Instr::Set { dst: 0, value: 2 },
            Instr::Set { dst: 3, value: 0 },
            Instr::Enter { scope: 0 },
            Instr::Spawn { target: 7 },
            Instr::Spawn { target: 10 },
            Instr::JoinAll,
            Instr::Exit { scope: 0 },
            Instr::Set { dst: 1, value: 1 },
            Instr::Send { to: 1, label: 0, val: 1 },
            Instr::Finish,
            Instr::Set { dst: 2, value: 1 },
            Instr::Send { to: 2, label: 0, val: 2 },
            Instr::Finish,
            Instr::Prim { op: Prim::Add, dst: 5, a: 1, b: 2 },
            Instr::Leave { scope: 0 },
            Instr::Halt { finals: 0 },
            Instr::Send { to: 1, label: 1, val: 3 },
            Instr::Leave { scope: 0 },
            Instr::Jump { target: 15 },
            Instr::Move { dst: 6, src: 4 },
            Instr::Leave { scope: 0 },
            Instr::Jump { target: 15 },
        ],
        blocks: blocks(&[(0, 0), (3, 1), (6, 5), (7, 2), (10, 3), (13, 5), (15, 6), (16, 4), (19, 5)]),
        finals: vec![vec![Final { name: "limit".to_owned(), reg: 0 }]],
        scopes: vec![table(Some(0), Some(4), [13, 16, 19])],
        ..Function::default()
    }
}

/// Registers: the number, Unit.
fn second() -> Function {
    Function {
        regs: vec![INT, UNIT],
        code: vec![
            Instr::Enter { scope: 0 },
            Instr::Receive { from: 0, label: 0, dst: 0 },
            Instr::Exit { scope: 0 },
            Instr::Leave { scope: 0 },
            Instr::Halt { finals: 0 },
            Instr::Receive { from: 0, label: 1, dst: 1 },
            Instr::Leave { scope: 0 },
            Instr::Jump { target: 4 },
        ],
        blocks: blocks(&[(0, 0), (1, 1), (3, 2), (4, 4), (5, 3)]),
        finals: vec![Vec::new()],
        scopes: vec![table(None, None, [3, 5, 3])],
        ..Function::default()
    }
}

/// Registers: the number.
fn third() -> Function {
    Function {
        regs: vec![INT],
        code: vec![
            Instr::Enter { scope: 0 },
            Instr::Receive { from: 0, label: 0, dst: 0 },
            Instr::Exit { scope: 0 },
            Instr::Leave { scope: 0 },
            Instr::Halt { finals: 0 },
        ],
        blocks: blocks(&[(0, 0), (1, 1), (3, 2), (4, 3)]),
        finals: vec![Vec::new()],
        scopes: vec![table(None, None, [3, 3, 3])],
        ..Function::default()
    }
}
