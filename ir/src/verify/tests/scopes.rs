//! Violations of the rules of branches and scopes, in an image that has both.

use super::{Break, rule_of};
use crate::image::{CodeImage, Outcome};
use crate::instr::Instr;
use crate::machine::{State, StateId};
use crate::sample::row;
use crate::sample::scoped::image;
use crate::ty::TypeId;
use crate::verify::{check_code, verify};

pub(super) const VIOLATIONS: &[(&str, &str, Break)] = &[
    ("V1.8", "a scope table that is not there", |image| image.functions[2].code[2] = Instr::Exit { scope: 9 }),
    ("V1.8", "a scope that is not there", |image| image.functions[2].scopes[0].scope = 9),
    ("V1.16", "an owner who takes no part", |image| image.scopes[0].participants = vec![1, 2]),
    ("V1.16", "a participant that is not there", |image| image.scopes[0].participants.push(9)),
    ("V1.16", "participants out of order", |image| image.scopes[0].participants = vec![1, 0, 2]),
    ("V1.16", "no outcome `done`", |image| {
        image.scopes[0].outcomes.remove(0);
    }),
    ("V1.16", "an outcome twice", |image| image.scopes[0].outcomes.push(Outcome::Fail)),
    ("V1.17", "a role that takes no part", |image| {
        image.scopes[0].owner = 1;
        image.scopes[0].participants = vec![1, 2];
    }),
    ("V1.17", "a row missing", |image| {
        image.functions[1].scopes[0].rows.pop();
    }),
    ("V1.17", "no deadline", |image| image.functions[0].scopes[0].deadline = None),
    ("V1.17", "a deadline of another role", |image| image.functions[2].scopes[0].deadline = Some(0)),
    ("V1.17", "a word for a timeout", |image| image.functions[0].scopes[0].rows[1].bind = Some(4)),
    ("V2.3", "a branch within a block", |image| image.functions[0].code[3] = Instr::Spawn { target: 8 }),
    ("V2.3", "a row within a block", |image| image.functions[0].scopes[0].rows[1].target = 17),
    ("V2.8", "a body that runs into the block of an outcome", |image| {
        image.machines[2].states[1] = State::Tau(vec![StateId(2)]);
        image.functions[2].code[1] = Instr::Yield;
        image.functions[2].code[2] = Instr::Jump { target: 3 };
    }),
    ("V2.9", "a body that ends like a block", |image| {
        image.functions[0].code[6] = Instr::Leave { scope: 0 };
        shift(image, 7);
        image.functions[0].code.insert(7, Instr::Jump { target: 16 });
    }),
    ("V2.9", "a body that ends like a branch", |image| image.functions[2].code[2] = Instr::Finish),
    ("V2.9", "a branch that ends like a body", |image| image.functions[0].code[9] = Instr::Exit { scope: 0 }),
    ("V2.9", "a halt in a body", |image| {
        image.machines[2].states[1] = State::Recv { rows: vec![row(0, 0, 3)], may_end: false };
        image.functions[2].code[2] = Instr::Halt { finals: 0 };
    }),
    ("V3.6", "the deadline is not written", |image| image.functions[0].code[0] = Instr::Yield),
    ("V3.6", "what a body writes is not known after a timeout", |image| {
        image.functions[0].code[19] = Instr::Move { dst: 5, src: 1 };
    }),
    ("V3.6", "what no branch writes is not known behind them", |image| {
        image.functions[0].code[7] = Instr::Set { dst: 3, value: 0 };
        image.functions[0].code[8] = Instr::Send { to: 1, label: 0, val: 1 };
        image.functions[0].code[1] = Instr::Set { dst: 1, value: 1 };
        image.functions[0].code[16] = Instr::Send { to: 1, label: 1, val: 3 };
    }),
    ("V3.8", "a deadline that is a number", |image| image.functions[0].scopes[0].deadline = Some(1)),
    ("V3.8", "a failure that is a number", |image| image.functions[0].scopes[0].rows[2].bind = Some(1)),
    ("V3.8", "a failure outside the frame", |image| image.functions[0].scopes[0].rows[2].bind = Some(99)),
    ("V3.9", "two branches write one register", |image| {
        image.functions[0].code[10] = Instr::Set { dst: 1, value: 1 };
    }),
    ("V3.9", "a branch reads what another writes", |image| {
        image.functions[0].code[11] = Instr::Send { to: 2, label: 0, val: 1 };
    }),
    ("V5.1", "a state of a scope that is not there", |image| {
        if let State::Scope { scope, .. } = &mut image.machines[2].states[0] {
            *scope = 9;
        }
    }),
    ("V5.1", "a state without an outcome", |image| {
        if let State::Scope { rows, .. } = &mut image.machines[2].states[0] {
            rows.pop();
        }
    }),
    ("V5.1", "a `par` without branches", |image| {
        image.machines[0].states[1] = State::Par { branches: Vec::new(), then: StateId(5) };
    }),
    ("V5.6", "a halt at the end of a body", |image| image.functions[2].code[2] = Instr::Halt { finals: 0 }),
    ("V5.9", "branches out of order", |image| image.functions[0].code.swap(3, 4)),
    ("V5.9", "a branch missing", |image| {
        let branches = vec![StateId(2), StateId(3), StateId(3)];
        image.machines[0].states[1] = State::Par { branches, then: StateId(5) };
    }),
    ("V5.9", "something between the branches", |image| {
        shift(image, 4);
        image.functions[0].code.insert(4, Instr::Yield);
    }),
    ("V5.9", "no join", |image| image.functions[0].code[5] = Instr::Yield),
    ("V5.9", "no block behind the join", |image| {
        image.functions[0].blocks.remove(2);
    }),
    ("V5.9", "a branch outside of `par`", |image| image.functions[0].code[1] = Instr::Spawn { target: 7 }),
    ("V5.10", "a scope within another state", |image| image.functions[2].code[1] = Instr::Enter { scope: 0 }),
    ("V5.10", "a row to another state", |image| image.functions[1].scopes[0].rows[2].target = 5),
    ("V5.11", "the end of a body before it", |image| {
        image.machines[2].states[1] = State::Recv { rows: vec![row(0, 0, 1)], may_end: false };
    }),
    ("V5.11", "something behind a scope without a block", |image| image.functions[0].code[18] = Instr::Yield),
    ("V5.7", "another state behind a scope", |image| {
        image.machines[2].states.push(State::End);
        image.machines[2].states[3] = State::Tau(vec![StateId(4)]);
        image.functions[2].blocks[3].state = StateId(4);
        image.machines[2].states[3] = State::Send(vec![row(0, 0, 4)]);
        image.edges.push(crate::image::Edge { from: 2, to: 0, bound: None, lossy: false });
    }),
    ("V5.12", "two branches send to one role", |image| {
        image.machines[0].states[3] = State::Send(vec![row(1, 0, 5)]);
        image.functions[0].code[11] = Instr::Send { to: 1, label: 0, val: 2 };
    }),
    ("V5.13", "a message to somebody outside", |image| {
        image.scopes[0].participants = vec![0, 1];
        let mut free = crate::image::Function {
            regs: vec![TypeId(1)],
            code: vec![Instr::Receive { from: 0, label: 0, dst: 0 }, Instr::Halt { finals: 0 }],
            finals: vec![Vec::new()],
            ..crate::image::Function::default()
        };
        free.blocks = crate::sample::blocks(&[(0, 0), (1, 1)]);
        image.functions[2] = free;
        image.machines[2].states = vec![State::Recv { rows: vec![row(0, 0, 1)], may_end: false }, State::End];
    }),
];

/// Moves the places of the owner's code from `from` on one further.
fn shift(image: &mut CodeImage, from: u32) {
    let function = &mut image.functions[0];
    function.blocks.iter_mut().filter(|block| block.pc >= from).for_each(|block| block.pc += 1);
    let move_on = |target: &mut u32| *target += u32::from(*target >= from);
    function.scopes[0].rows.iter_mut().for_each(|row| move_on(&mut row.target));
    for instr in &mut function.code {
        if let Instr::Spawn { target } | Instr::Jump { target } = instr {
            move_on(target);
        }
    }
}

#[test]
fn branches_and_scopes_are_accepted() {
    if let Err(error) = verify(image()) {
        panic!("{error}");
    }
}

#[test]
fn each_violation_of_branches_and_scopes_is_rejected_with_its_rule() {
    let mut wrong = Vec::new();
    for (rule, what, damage) in VIOLATIONS {
        let mut image = image();
        damage(&mut image);
        match verify(image) {
            Ok(_) => wrong.push(format!("{rule}, {what}: accepted")),
            Err(error) if error.rule != *rule => wrong.push(format!("{rule}, {what}: {error}")),
            Err(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_table_is_entered_in_one_state_only() {
    let mut image = image();
    let function = &mut image.functions[2];
    // Behind the scope the same one once more, where something else follows.
    function.code[4] = Instr::Enter { scope: 0 };
    function.code.extend([Instr::Jump { target: 1 }, Instr::Halt { finals: 0 }]);
    function.blocks[3].state = StateId(3);
    function.blocks.extend(crate::sample::blocks(&[(5, 1), (6, 4)]));
    let State::Scope { body, rows, .. } = image.machines[2].states[0].clone() else { panic!("bug: it is a scope") };
    image.machines[2].states[3] = State::Scope { scope: 0, body, rows, then: StateId(4) };
    image.machines[2].states.push(State::End);
    assert_eq!(rule_of(image).rule, "V2.5");
}

#[test]
fn a_body_that_never_ends_leaves_the_block_of_done_alone() {
    let mut image = image();
    image.machines[2].states[1] = State::Recv { rows: vec![row(0, 0, 1)], may_end: false };
    image.functions[2].code[2] = Instr::Jump { target: 1 };
    if let Err(error) = check_code(&image) {
        panic!("{error}");
    }
}
