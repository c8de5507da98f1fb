//! Violations of the rules on what is used once, guards, speculation and knowledge.

use super::{Break, rule_of};
use crate::image::{Final, Function, Label, Role};
use crate::instr::Instr;
use crate::machine::{LocalMachine, State, StateId};
use crate::prim::Prim;
use crate::resource::{Bundle, Layer, Reach};
use crate::sample::resources::{BOOL, DISK, ENDPOINT, INT, LOG, PAID, STRING, image};
use crate::sample::{blocks, row};
use crate::ty::{Type, TypeId};
use crate::verify::verify;

/// Rule, what is broken, how.
pub(super) const VIOLATIONS: &[(&str, &str, Break)] = &[
    ("V1.8", "nested image", |image| image.functions[0].opens[0].nested = 9),
    ("V1.8", "open table", |image| image.functions[0].code[1] = Instr::Open { table: 9, dst: 1 }),
    ("V1.8", "layer", |image| image.functions[0].code[2] = Instr::Acquire { layer: 9, dst: 2 }),
    ("V1.8", "layer of evidence", |image| image.types[5] = Type::Evidence(9)),
    ("V1.8", "fact of a witness", |image| image.types[7] = Type::Witness(9)),
    ("V1.8", "fact of a tag", |image| image.functions[0].code[6] = Instr::Tag { fact: 9, dst: 4 }),
    ("V1.8", "fact of a check", |image| image.functions[0].code[7] = Instr::Check { fact: 9, to: 1, dst: 5 }),
    ("V1.8", "role of a check", |image| image.functions[0].code[7] = Instr::Check { fact: 0, to: 9, dst: 5 }),
    ("V1.8", "bundle", |image| image.functions[0].code[9] = Instr::Transfer { endpoint: 1, to: 1, bundle: 9 }),
    ("V1.8", "label of a bundle", |image| image.resources.bundles[0].label = 9),
    ("V1.8", "fact of a bundle", |image| image.resources.bundles[0].facts = vec![9]),
    ("V1.8", "role of a fact", |image| image.resources.facts[1].about = Some(9)),
    ("V1.8", "type a nested role takes", |image| image.resources.nested[0].roles[0].1[0] = TypeId(99)),
    ("V1.18", "a layer twice", |image| {
        image.resources.layers.push(Layer { name: "log".to_owned(), reach: Reach::Shared });
    }),
    ("V1.18", "shared layers in another order than that of their names", |image| {
        image.resources.layers.push(Layer { name: "cache".to_owned(), reach: Reach::Shared });
    }),
    ("V1.18", "a fact twice", |image| image.resources.facts[1] = image.resources.facts[0].clone()),
    ("V1.18", "a bundle without endpoint", |image| image.resources.bundles[0].label = 1),
    ("V1.18", "facts descending", |image| {
        image.resources.bundles.push(Bundle { label: 0, facts: vec![1, 0] });
    }),
    ("V2.10", "a join of nothing", |image| image.functions[0].code[8] = Instr::Join),
    ("V2.10", "an abort of nothing", |image| image.functions[0].code[15] = Instr::Abort),
    ("V2.10", "a yield that cannot be undone", |image| image.functions[1].code[2] = Instr::Yield),
    ("V2.10", "a speculation in another", |image| image.functions[1].code[2] = Instr::Fork { target: 4 }),
    ("V3.1", "an endpoint outside the frame", |image| {
        image.functions[1].code[6] = Instr::Close { endpoint: 99, dst: 2 };
    }),
    ("V3.10", "an endpoint in an Int", |image| image.functions[0].code[1] = Instr::Open { table: 0, dst: 0 }),
    ("V3.10", "an argument of another type", |image| image.functions[0].opens[0].args[0][0] = 5),
    ("V3.10", "an argument too many", |image| image.functions[0].opens[0].args[0].push(0)),
    ("V3.10", "a role too many", |image| image.functions[0].opens[0].args.push(Vec::new())),
    ("V3.10", "evidence of another layer", |image| {
        image.functions[0].code[2] = Instr::Acquire { layer: 0, dst: 3 };
    }),
    ("V3.10", "a word in an Int", |image| image.functions[1].code[6] = Instr::Close { endpoint: 0, dst: 1 }),
    ("V3.10", "a witness in a Bool", |image| image.functions[0].code[6] = Instr::Tag { fact: 0, dst: 5 }),
    ("V3.10", "an answer in an Int", |image| image.functions[0].code[7] = Instr::Check { fact: 0, to: 1, dst: 0 }),
    ("V4.1", "a list of endpoints", |image| image.types.push(Type::List(ENDPOINT))),
    ("V4.1", "a message with evidence", |image| {
        image.labels.push(Label { name: "Take".to_owned(), payload: LOG });
    }),
    ("V4.1", "a witness for a nested role", |image| image.resources.nested[0].roles[0].1.push(PAID)),
    ("V4.1", "a final endpoint", |image| {
        image.functions[1].finals[0].push(Final { name: "session".to_owned(), reg: 0 });
    }),
    ("V4.1", "a comparison of endpoints", |image| {
        image.functions[0].code[8] = Instr::Prim { op: Prim::Eq, dst: 5, a: 1, b: 1 };
    }),
    ("V4.2", "a speculation on one way only", |image| image.functions[0].code[12] = Instr::Set { dst: 0, value: 0 }),
    ("V4.2", "a layer on one way only", |image| {
        let code = [
            Instr::Tag { fact: 0, dst: 4 },
            Instr::Check { fact: 0, to: 1, dst: 5 },
            Instr::Acquire { layer: 0, dst: 2 },
            Instr::Branch { val: 5, target: 9 },
            Instr::Release { layer: 0, evidence: 2 },
            Instr::Yield,
        ];
        image.functions[0].code[2..8].copy_from_slice(&code);
    }),
    ("V4.3", "an endpoint that is dropped", |image| {
        image.functions[1].code[6] = Instr::Yield;
        image.functions[1].finals[0].clear();
    }),
    ("V4.3", "an endpoint that is overwritten", |image| {
        image.functions[0].code[6] = Instr::Open { table: 0, dst: 1 };
    }),
    ("V4.3", "an endpoint in an ordinary message", |image| {
        image.functions[0].code[9] = Instr::Send { to: 1, label: 0, val: 1 };
    }),
    ("V4.4", "an endpoint that is closed twice", |image| {
        image.functions[1].code[5] = Instr::Close { endpoint: 0, dst: 2 };
    }),
    ("V4.4", "evidence that is used twice", |image| {
        image.functions[0].code[6] = Instr::Release { layer: 0, evidence: 2 };
    }),
    ("V4.5", "a branch that keeps a layer", |image| image.functions[2].code[5] = Instr::Yield),
    ("V4.6", "layers in the other order", |image| {
        image.functions[0].code[2] = Instr::Acquire { layer: 1, dst: 3 };
        image.functions[0].code[3] = Instr::Acquire { layer: 0, dst: 2 };
    }),
    ("V4.7", "who holds a layer waits for a session", |image| {
        image.functions[0].code[4] = Instr::Close { endpoint: 1, dst: 6 };
    }),
    ("V5.3", "a transfer the machine does not send", |image| {
        image.machines[0].states[1] = State::Send(vec![row(1, 1, 2)]);
    }),
    ("V8.1", "too many registers", |image| {
        for number in 0..260 {
            let regs = vec![INT; 4096];
            let (code, finals) = (vec![Instr::Halt { finals: 0 }], vec![Vec::new()]);
            image.roles.push(Role { name: format!("R{number}"), params: Vec::new() });
            image.functions.push(Function { regs, code, finals, blocks: blocks(&[(0, 0)]), ..Function::default() });
            image.machines.push(LocalMachine { states: vec![State::End], ..LocalMachine::default() });
        }
    }),
    ("V8.2", "too many branches in branches", |image| {
        let spawn = |target| std::iter::repeat_n(Instr::Spawn { target }, 300);
        let [outer, inner] = [spawn(302).collect::<Vec<_>>(), spawn(604).collect()];
        let (join, halt) = ([Instr::JoinAll], [Instr::Halt { finals: 0 }]);
        let finish = [Instr::Finish];
        let code = [&outer[..], &join, &halt, &inner, &join, &finish, &finish].concat();
        let par = |branch, then| State::Par { branches: vec![StateId(branch); 300], then: StateId(then) };
        image.functions[2].code = code;
        image.functions[2].blocks = blocks(&[(0, 0), (301, 3), (302, 1), (603, 2), (604, 2)]);
        image.machines[2].states = vec![par(1, 3), par(2, 2), State::Join, State::End];
    }),
    ("V5.15", "a speculation undone to another state", |image| image.functions[0].blocks[2].state = StateId(3)),
];

#[test]
fn each_violation_is_rejected_with_its_rule() {
    if let Err(error) = verify(image()) {
        panic!("{error}");
    }
    let mut wrong = Vec::new();
    for (rule, what, damage) in VIOLATIONS {
        let mut image = image();
        damage(&mut image);
        let error = rule_of(image);
        if error.rule != *rule {
            wrong.push(format!("{rule}, {what}: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_bound_counts_registers_and_coroutines() {
    let bound = verify(image()).expect("it is right").bound();
    assert_eq!((bound.registers, bound.coroutines, bound.edges), (12, 5, 1));
}

#[test]
fn a_branch_may_not_use_what_is_around_it() {
    let mut image = image();
    image.functions[2].regs.push(DISK);
    image.functions[2].code[4] = Instr::Release { layer: 1, evidence: 2 };
    assert_eq!(rule_of(image).rule, "V3.6");
    assert_eq!((BOOL, INT, STRING), (TypeId(1), TypeId(2), TypeId(3)));
}
