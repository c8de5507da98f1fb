//! An image with a lossy edge: a sensor sends readings until it has enough, then tells a boss, who stops the display.

use super::{INT, UNIT, blocks, row};
use crate::image::{ChooseRow, ChooseTable, CodeImage, Const, Edge, Function, Label, Role};
use crate::instr::Instr;
use crate::machine::{LocalMachine, State, StateId};

const SENSOR: u16 = 0;
const DISPLAY: u16 = 1;
const BOSS: u16 = 2;
const READING: u16 = 0;
const STOP: u16 = 1;

/// The image.
pub(crate) fn image() -> CodeImage {
    let role = |name: &str| Role { name: name.to_owned(), params: Vec::new() };
    let label = |name: &str, payload| Label { name: name.to_owned(), payload };
    let edge = |from, to, lossy| Edge { from, to, bound: None, lossy };
    CodeImage {
        protocol: "Readings".to_owned(),
        roles: vec![role("Sensor"), role("Display"), role("Boss")],
        labels: vec![label("Reading", INT), label("Stop", UNIT)],
        types: super::types(),
        consts: vec![Const::Unit, Const::Int(1), Const::Int(3), Const::Int(0)],
        functions: vec![sensor(), display(), boss()],
        machines: vec![
            LocalMachine {
                states: vec![
                    State::Tau(vec![StateId(1), StateId(2)]),
                    State::Send(vec![row(DISPLAY, READING, 0)]),
                    State::Send(vec![row(BOSS, STOP, 3)]),
                    State::End,
                ],
            },
            LocalMachine {
                states: vec![
                    State::Recv { rows: vec![row(SENSOR, READING, 1), row(BOSS, STOP, 2)], may_end: false },
                    State::Tau(vec![StateId(0)]),
                    State::End,
                ],
            },
            LocalMachine {
                states: vec![
                    State::Recv { rows: vec![row(SENSOR, STOP, 1)], may_end: false },
                    State::Send(vec![row(DISPLAY, STOP, 2)]),
                    State::End,
                ],
            },
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
