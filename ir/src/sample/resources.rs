//! An image with every instruction on sessions, guards, speculation and knowledge.
//!
//! `Shop` opens a session, writes under two guards, and gives the session's endpoint away together with a fact; `Bank`
//! closes it. A third role has a guard in a branch.

use super::{blocks, row};
use crate::choreography::{Branch, Choreography, Node, NodeId, Place};
use crate::image::{CodeImage, Const, Edge, Final, Function, Label, Role};
use crate::instr::Instr;
use crate::machine::{LocalMachine, State, StateId};
use crate::resource::{Bundle, Fact, Layer, Nested, OpenTable, Reach, Resources};
use crate::ty::{Type, TypeId};

pub(crate) const BOOL: TypeId = TypeId(1);
pub(crate) const INT: TypeId = TypeId(2);
pub(crate) const STRING: TypeId = TypeId(3);
pub(crate) const ENDPOINT: TypeId = TypeId(4);
pub(crate) const LOG: TypeId = TypeId(5);
pub(crate) const DISK: TypeId = TypeId(6);
pub(crate) const PAID: TypeId = TypeId(7);

const SHOP: u16 = 0;
const BANK: u16 = 1;

pub(crate) fn image() -> CodeImage {
    let role = |name: &str| Role { name: name.to_owned(), params: Vec::new() };
    let label = |name: &str, payload| Label { name: name.to_owned(), payload };
    let layer = |name: &str, reach| Layer { name: name.to_owned(), reach };
    let fact = |name: &str, about| Fact { name: name.to_owned(), about };
    CodeImage {
        protocol: "Escrow".to_owned(),
        roles: vec![role("Shop"), role("Bank"), role("Clerk")],
        labels: vec![label("Give", ENDPOINT), label("Ping", INT)],
        types: vec![
            Type::Unit,
            Type::Bool,
            Type::Int,
            Type::String,
            Type::Endpoint,
            Type::Evidence(0),
            Type::Evidence(1),
            Type::Witness(0),
        ],
        consts: vec![Const::Int(1)],
        functions: vec![shop(), bank(), clerk()],
        machines: machines(),
        choreography: choreography(),
        edges: vec![Edge { from: SHOP, to: BANK, bound: None, lossy: false }],
        resources: Resources {
            nested: vec![Nested { image: [7; 32], roles: vec![("X".to_owned(), vec![INT])] }],
            layers: vec![layer("log", Reach::Session), layer("disk", Reach::Shared)],
            facts: vec![fact("paid", None), fact("seen", Some(BANK))],
            bundles: vec![Bundle { label: 0, facts: vec![0] }],
        },
        ..CodeImage::default()
    }
}

fn machines() -> Vec<LocalMachine> {
    let machine = |states, entries: &[(u32, u32)]| {
        let place = |(state, node): &(u32, u32)| Place { state: StateId(*state), node: NodeId(*node) };
        LocalMachine { states, entries: entries.iter().map(place).collect(), decisions: Vec::new() }
    };
    let shop = vec![
        State::Tau(vec![StateId(1)]),
        State::Send(vec![row(BANK, 0, 2)]),
        State::Send(vec![row(BANK, 1, 3)]),
        State::End,
    ];
    let bank = vec![
        State::Recv { rows: vec![row(SHOP, 0, 1)], may_end: false },
        State::Recv { rows: vec![row(SHOP, 1, 2)], may_end: false },
        State::Tau(vec![StateId(3)]),
        State::End,
    ];
    let clerk = vec![
        State::Par { branches: vec![StateId(1), StateId(1)], then: StateId(2) },
        State::Tau(vec![StateId(3)]),
        State::End,
        State::Join,
    ];
    vec![
        machine(shop, &[(0, 0), (1, 1), (2, 2), (3, 3)]),
        machine(bank, &[(0, 0), (1, 2), (2, 3), (3, 4)]),
        machine(clerk, &[(0, 0), (1, 5), (1, 7), (2, 9), (3, 6), (3, 8)]),
    ]
}

/// Both messages, then the clerk writes in two branches.
fn choreography() -> Choreography {
    let message =
        |label, target| Node::Comm { from: SHOP, to: BANK, branches: vec![Branch { label, target: NodeId(target) }] };
    let local = |role, next| Node::Local { role, next: NodeId(next) };
    let join = Node::Join { of: NodeId(4) };
    Choreography {
        nodes: vec![
            local(SHOP, 1),
            message(0, 2),
            message(1, 3),
            local(BANK, 4),
            Node::Par { branches: vec![NodeId(5), NodeId(7)], then: NodeId(9) },
            local(2, 6),
            join.clone(),
            local(2, 8),
            join,
            Node::End,
        ],
    }
}

fn shop() -> Function {
    Function {
        regs: vec![INT, ENDPOINT, LOG, DISK, PAID, BOOL, STRING],
        code: vec![
            Instr::Set { dst: 0, value: 0 },
            Instr::Open { table: 0, dst: 1 },
            Instr::Acquire { layer: 0, dst: 2 },
            Instr::Acquire { layer: 1, dst: 3 },
            Instr::Release { layer: 1, evidence: 3 },
            Instr::Release { layer: 0, evidence: 2 },
            Instr::Tag { fact: 0, dst: 4 },
            Instr::Check { fact: 0, to: BANK, dst: 5 },
            Instr::Jump { target: 9 },
            Instr::Transfer { endpoint: 1, to: BANK, bundle: 0 },
            Instr::Fork { target: 14 },
            Instr::Send { to: BANK, label: 1, val: 0 },
            Instr::Join,
            Instr::Jump { target: 16 },
            Instr::Send { to: BANK, label: 1, val: 0 },
            Instr::Jump { target: 16 },
            Instr::Halt { finals: 0 },
        ],
        blocks: blocks(&[(0, 0), (9, 1), (14, 2), (16, 3)]),
        finals: vec![vec![Final { name: "known".to_owned(), reg: 5 }]],
        opens: vec![OpenTable { nested: 0, args: vec![vec![0]] }],
        ..Function::default()
    }
}

fn bank() -> Function {
    Function {
        regs: vec![ENDPOINT, INT, STRING],
        code: vec![
            Instr::Receive { from: SHOP, label: 0, dst: 0 },
            Instr::Fork { target: 4 },
            Instr::Receive { from: SHOP, label: 1, dst: 1 },
            Instr::Abort,
            Instr::Receive { from: SHOP, label: 1, dst: 1 },
            Instr::Jump { target: 6 },
            Instr::Close { endpoint: 0, dst: 2 },
            Instr::Jump { target: 8 },
            Instr::Halt { finals: 0 },
        ],
        blocks: blocks(&[(0, 0), (4, 1), (6, 2), (8, 3)]),
        finals: vec![vec![Final { name: "end".to_owned(), reg: 2 }]],
        ..Function::default()
    }
}

fn clerk() -> Function {
    Function {
        regs: vec![LOG, LOG],
        code: vec![
            Instr::Spawn { target: 4 },
            Instr::Spawn { target: 8 },
            Instr::JoinAll,
            Instr::Halt { finals: 0 },
            Instr::Acquire { layer: 0, dst: 0 },
            Instr::Release { layer: 0, evidence: 0 },
            Instr::Jump { target: 7 },
            Instr::Finish,
            Instr::Acquire { layer: 0, dst: 1 },
            Instr::Release { layer: 0, evidence: 1 },
            Instr::Jump { target: 11 },
            Instr::Finish,
        ],
        blocks: blocks(&[(0, 0), (3, 2), (4, 1), (7, 3), (8, 1), (11, 3)]),
        finals: vec![Vec::new()],
        ..Function::default()
    }
}
