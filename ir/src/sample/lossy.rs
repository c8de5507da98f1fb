//! Images with a lossy edge: a sensor sends readings until it has enough, then tells a boss. In one of them the boss stops
//! the display; that one has no choreography, since the order to stop could overtake a reading. In the other the display
//! waits until the session ends.

use super::{INT, UNIT, blocks, message, places, row};
use crate::choreography::{Node, NodeId};
use crate::image::{ChooseRow, ChooseTable, CodeImage, Const, Edge, Function, Label, Role};
use crate::instr::Instr;
use crate::machine::{LocalMachine, State, StateId};

const SENSOR: u16 = 0;
const DISPLAY: u16 = 1;
const BOSS: u16 = 2;
const READING: u16 = 0;
const STOP: u16 = 1;

/// The one in which nobody stops the display.
pub(crate) fn stream() -> CodeImage {
    let mut image = image();
    image.machines[1].states =
        vec![State::Recv { rows: vec![row(SENSOR, READING, 1)], may_end: true }, State::Tau(vec![StateId(0)])];
    image.machines[2].states = vec![State::Recv { rows: vec![row(SENSOR, STOP, 1)], may_end: false }, State::End];
    let entries: [&[&[u32]]; 3] = [&[&[0, 2], &[1], &[3], &[4]], &[&[0], &[2]], &[&[0], &[4]]];
    image.machines.iter_mut().zip(entries).for_each(|(machine, entries)| machine.entries = places(entries));
    image.choreography.nodes = vec![
        Node::Choice { decider: SENSOR, arms: vec![NodeId(1), NodeId(3)] },
        message(SENSOR, DISPLAY, &[(READING, 2)]),
        Node::Local { role: DISPLAY, next: NodeId(0) },
        message(SENSOR, BOSS, &[(STOP, 4)]),
        Node::End,
    ];
    image.edges.pop();
    let display = &mut image.functions[1];
    display.code.pop();
    display.blocks.pop();
    display.chooses[0].rows.pop();
    display.chooses[0].finals = Some(0);
    image.functions[2].code.remove(1);
    image
}

/// The one with an order to stop.
pub(crate) fn image() -> CodeImage {
    let role = |name: &str| Role { name: name.to_owned(), params: Vec::new() };
    let label = |name: &str, payload| Label { name: name.to_owned(), payload };
    let machine = |states| LocalMachine { states, ..LocalMachine::default() };
    let edge = |from, to, lossy| Edge { from, to, bound: None, lossy };
    CodeImage {
        protocol: "Readings".to_owned(),
        roles: vec![role("Sensor"), role("Display"), role("Boss")],
        labels: vec![label("Reading", INT), label("Stop", UNIT)],
        types: super::types(),
        consts: vec![Const::Unit, Const::Int(1), Const::Int(3), Const::Int(0)],
        functions: vec![sensor(), display(), boss()],
        machines: vec![
            machine(vec![
                State::Tau(vec![StateId(1), StateId(2)]),
                State::Send(vec![row(DISPLAY, READING, 0)]),
                State::Send(vec![row(BOSS, STOP, 3)]),
                State::End,
            ]),
            machine(vec![
                State::Recv { rows: vec![row(SENSOR, READING, 1), row(BOSS, STOP, 2)], may_end: false },
                State::Tau(vec![StateId(0)]),
                State::End,
            ]),
            machine(vec![
                State::Recv { rows: vec![row(SENSOR, STOP, 1)], may_end: false },
                State::Send(vec![row(DISPLAY, STOP, 2)]),
                State::End,
            ]),
        ],
        edges: vec![edge(SENSOR, DISPLAY, true), edge(SENSOR, BOSS, false), edge(BOSS, DISPLAY, false)],
        ..CodeImage::default()
    }
}

/// Three readings, numbered from 0.
fn sensor() -> Function {
    use crate::prim::Prim;
    let prim = |op, dst, a, b| Instr::Prim { op, dst, a, b };
    Function {
        regs: vec![INT, INT, INT, super::BOOL, UNIT],
        code: vec![
            Instr::Set { dst: 0, value: 3 },
            Instr::Set { dst: 1, value: 1 },
            Instr::Set { dst: 2, value: 2 },
            prim(Prim::Lt, 3, 0, 2),
            Instr::Branch { val: 3, target: 8 },
            Instr::Send { to: DISPLAY, label: READING, val: 0 },
            prim(Prim::Add, 0, 0, 1),
            Instr::Jump { target: 3 },
            Instr::Set { dst: 4, value: 0 },
            Instr::Send { to: BOSS, label: STOP, val: 4 },
            Instr::Halt { finals: 0 },
        ],
        blocks: blocks(&[(0, 0), (3, 0), (5, 1), (8, 2)]),
        finals: vec![Vec::new()],
        ..Function::default()
    }
}

fn display() -> Function {
    let rows = vec![
        ChooseRow { partner: SENSOR, label: READING, dst: 0, target: 1 },
        ChooseRow { partner: BOSS, label: STOP, dst: 1, target: 2 },
    ];
    Function {
        regs: vec![INT, UNIT],
        code: vec![Instr::Choose { table: 0 }, Instr::Jump { target: 0 }, Instr::Halt { finals: 0 }],
        blocks: blocks(&[(0, 0), (1, 1), (2, 2)]),
        chooses: vec![ChooseTable { rows, finals: None }],
        finals: vec![Vec::new()],
        ..Function::default()
    }
}

fn boss() -> Function {
    Function {
        regs: vec![UNIT],
        code: vec![
            Instr::Receive { from: SENSOR, label: STOP, dst: 0 },
            Instr::Send { to: DISPLAY, label: STOP, val: 0 },
            Instr::Halt { finals: 0 },
        ],
        blocks: blocks(&[(0, 0)]),
        finals: vec![Vec::new()],
        ..Function::default()
    }
}
