//! One minimal violation per rule, and what must stay accepted.

mod lossy;
mod projection;
mod resources;
mod scopes;

use super::{MAX_TYPE_DEPTH, RULES, VerifyError, check_code, verify};
use crate::image::{Block, ChooseRow, CodeImage, Edge, Final, Label, MAX_REGISTERS, Param, Shape};
use crate::instr::Instr;
use crate::machine::{State, StateId};
use crate::prim::Prim;
use crate::sample::{
    BOOL, BUYER, INT, LIST, MAYBE, NO, SELLER, STRING, TITLE, TUPLE, UNION, UNIT, YES, blocks, image, row,
};
use crate::ty::{Type, TypeId};

/// Breaks one rule in the sample image.
type Break = fn(&mut CodeImage);

/// Rule, what is broken, how.
const VIOLATIONS: &[(&str, &str, Break)] = &[
    ("V1.7", "a role without function", |image| {
        image.functions.pop();
    }),
    ("V1.7", "two roles of one name", |image| image.roles[1].name = "Buyer".to_owned()),
    ("V1.8", "payload type", |image| image.labels[0].payload = TypeId(99)),
    ("V1.8", "component type", |image| image.types[4] = Type::List(TypeId(99))),
    ("V1.8", "register type", |image| image.functions[1].regs[0] = TypeId(99)),
    ("V1.8", "effect of an operation", |image| image.ops[0].effect = 9),
    ("V1.8", "label of a send", |image| image.functions[0].code[0] = Instr::Send { to: SELLER, label: 9, val: 0 }),
    ("V1.8", "partner of a send", |image| image.functions[0].code[0] = Instr::Send { to: 9, label: TITLE, val: 0 }),
    ("V1.8", "operation", |image| image.functions[0].code[6] = Instr::Perform { op: 9, args: 1, dst: 4 }),
    ("V1.8", "constant", |image| image.functions[0].code[2] = Instr::Set { dst: 2, value: 9 }),
    ("V1.8", "choose table", |image| image.functions[0].code[1] = Instr::Choose { table: 9 }),
    ("V1.8", "switch table", |image| image.functions[1].code[2] = Instr::Switch { val: 3, table: 9 }),
    ("V1.8", "shape", |image| image.functions[1].code[5] = Instr::Make { dst: 4, shape: 9, args: 1 }),
    ("V1.8", "finals table", |image| image.functions[0].code[8] = Instr::Halt { finals: 9 }),
    ("V1.8", "finals table of a choose", |image| image.functions[1].chooses[0].finals = Some(9)),
    ("V1.8", "state of a block", |image| image.functions[0].blocks[4].state = StateId(9)),
    ("V1.9", "a label twice", |image| image.labels.push(Label { name: "Yes".to_owned(), payload: INT })),
    ("V1.10", "a type twice", |image| image.types.push(Type::Int)),
    ("V1.10", "a list of itself", |image| image.types[4] = Type::List(LIST)),
    ("V1.10", "a tuple of one", |image| image.types[6] = Type::Tuple(vec![INT])),
    ("V1.10", "a record out of order", |image| {
        image.types[7] = Type::Record(vec![("b".to_owned(), INT), ("a".to_owned(), STRING)]);
    }),
    ("V1.10", "a union without variants", |image| image.types[8] = Type::Union("Tree".to_owned(), Vec::new())),
    ("V1.10", "nested too deep", |image| {
        for depth in 0..=MAX_TYPE_DEPTH {
            image.types.push(Type::Maybe(if depth == 0 { LIST } else { TypeId(15 + depth as u32) }));
        }
    }),
    ("V1.11", "a parameter outside the frame", |image| image.roles[0].params[0].reg = 99),
    ("V1.11", "a parameter of another type", |image| image.roles[0].params[0].ty = INT),
    ("V1.11", "a parameter twice", |image| {
        let again = image.roles[0].params[0].clone();
        image.roles[0].params.push(Param { name: "other".to_owned(), ..again });
    }),
    ("V1.12", "a frame too wide", |image| image.functions[0].regs.resize(MAX_REGISTERS + 1, INT)),
    ("V1.13", "an edge missing", |image| {
        image.edges.pop();
    }),
    ("V1.13", "an edge twice", |image| image.edges[1] = image.edges[0]),
    ("V1.13", "an edge to its start", |image| image.edges[0] = Edge { from: 0, to: 0, bound: None, lossy: false }),
    ("V1.14", "positions of one role", |image| image.debug.as_mut().expect("it has some").spans.truncate(1)),
    ("V1.14", "positions outside", |image| image.debug.as_mut().expect("it has some").spans[1].push((99, 0, 0))),
    ("V1.15", "a tuple of Int", |image| image.shapes[0] = Shape::Product(INT)),
    ("V1.15", "a variant too many", |image| image.shapes[1] = Shape::Variant(UNION, 3)),
    ("V2.1", "no code", |image| image.functions[0].code.clear()),
    ("V2.1", "no block at the start", |image| {
        image.functions[0].blocks.remove(0);
    }),
    ("V2.1", "a start in another state", |image| image.functions[0].blocks[0].state = StateId(1)),
    ("V2.2", "blocks descending", |image| image.functions[0].blocks.swap(1, 2)),
    ("V2.2", "a block outside", |image| image.functions[0].blocks[4].pc = 99),
    ("V2.3", "a jump into a block", |image| image.functions[0].code[7] = Instr::Jump { target: 3 }),
    ("V2.3", "a jump outside", |image| image.functions[0].code[7] = Instr::Jump { target: 99 }),
    ("V2.3", "a row into a block", |image| image.functions[0].chooses[0].rows[0].target = 3),
    ("V2.4", "code goes on at the end", |image| image.functions[0].code[8] = Instr::Set { dst: 4, value: 0 }),
    ("V2.5", "an instruction after a jump", |image| {
        image.functions[0].code[6] = Instr::Jump { target: 0 };
    }),
    ("V2.5", "a block nobody goes to", |image| image.functions[0].code[4] = Instr::Branch { val: 3, target: 8 }),
    ("V2.6", "a silent loop", |image| image.functions[0].code[5] = Instr::Jump { target: 2 }),
    ("V2.6", "a loop that leaves before it performs", |image| {
        let buyer = &mut image.functions[0];
        buyer.code.insert(6, Instr::Branch { val: 3, target: 6 });
        buyer.code[5] = Instr::Jump { target: 9 };
        buyer.blocks[4].pc = 9;
        buyer.chooses[0].rows[1].target = 9;
    }),
    ("V2.7", "a target missing", |image| {
        image.functions[1].switches[0].pop();
    }),
    ("V3.1", "a register outside", |image| {
        image.functions[0].code[0] = Instr::Send { to: SELLER, label: TITLE, val: 9 }
    }),
    ("V3.1", "arguments outside", |image| image.functions[1].code[5] = Instr::Make { dst: 4, shape: 0, args: 10 }),
    ("V3.1", "a final outside", |image| image.functions[0].finals[0].push(Final { name: "x".to_owned(), reg: 9 })),
    ("V3.1", "a final of a choose outside", |image| {
        image.functions[1].finals.push(vec![Final { name: "x".to_owned(), reg: 99 }]);
        image.functions[1].chooses[0].finals = Some(1);
    }),
    ("V3.2", "another payload", |image| image.functions[0].code[0] = Instr::Send { to: SELLER, label: TITLE, val: 1 }),
    ("V3.2", "a row with another payload", |image| image.functions[0].chooses[0].rows[0].dst = 4),
    ("V3.3", "another argument", |image| image.functions[0].code[6] = Instr::Perform { op: 0, args: 0, dst: 4 }),
    ("V3.3", "another result", |image| image.functions[0].code[6] = Instr::Perform { op: 0, args: 1, dst: 1 }),
    ("V3.4", "a constant of another type", |image| image.functions[0].code[2] = Instr::Set { dst: 2, value: 0 }),
    ("V3.4", "a copy to another type", |image| image.functions[1].code[4] = Instr::Move { dst: 2, src: 1 }),
    ("V3.4", "a primitive on other types", |image| {
        image.functions[0].code[3] = Instr::Prim { op: Prim::Lt, dst: 3, a: 1, b: 0 };
    }),
    ("V3.5", "built into another type", |image| image.functions[1].code[5] = Instr::Make { dst: 6, shape: 0, args: 1 }),
    ("V3.5", "a component too many", |image| image.functions[1].code[8] = Instr::Get { dst: 1, src: 6, index: 2 }),
    ("V3.5", "a component of another variant", |image| {
        image.functions[1].code[10] = Instr::Get { dst: 1, src: 5, index: 1 };
    }),
    ("V3.5", "a branch on Int", |image| image.functions[0].code[4] = Instr::Branch { val: 1, target: 6 }),
    ("V3.5", "a switch on Int", |image| image.functions[1].code[2] = Instr::Switch { val: 1, table: 0 }),
    ("V3.5", "a count of Int", |image| image.functions[1].code[8] = Instr::Count { dst: 8, src: 1 }),
    ("V3.6", "read before written", |image| {
        image.functions[1].code[4] = Instr::Move { dst: 2, src: 2 };
    }),
    ("V3.6", "written on one path only", |image| {
        image.functions[0].finals[0].push(Final { name: "answer".to_owned(), reg: 1 });
    }),
    ("V3.6", "a final of a choose that only its row writes", |image| {
        image.functions[0].finals.push(vec![Final { name: "answer".to_owned(), reg: 1 }]);
        image.functions[0].chooses[0].finals = Some(1);
        may_end(&mut image.machines[0].states[1]);
    }),
    ("V3.7", "a component before the switch", |image| {
        image.functions[1].code[8] = Instr::Get { dst: 1, src: 5, index: 0 };
    }),
    ("V3.7", "a variant overwritten", |image| {
        image.functions[1].code[3] = Instr::Prim { op: Prim::ParseInt, dst: 3, a: 0, b: 0 };
        image.functions[1].code[4] = Instr::Get { dst: 1, src: 3, index: 0 };
    }),
    ("V3.7", "different variants meet", |image| image.functions[1].switches[1] = vec![10, 10, 13]),
    ("V5.1", "no state", |image| image.machines[0].states.clear()),
    ("V5.1", "a state outside", |image| image.machines[0].states[0] = State::Send(vec![row(SELLER, TITLE, 9)])),
    ("V5.1", "no rows", |image| image.machines[0].states[0] = State::Send(Vec::new())),
    ("V5.1", "a row twice", |image| {
        image.machines[1].states[1] = State::Send(vec![row(BUYER, YES, 2), row(BUYER, YES, 3)]);
    }),
    ("V5.1", "a label outside", |image| image.machines[0].states[0] = State::Send(vec![row(SELLER, 9, 1)])),
    ("V5.2", "a state nobody reaches", |image| image.machines[0].states.push(State::End)),
    ("V5.3", "another label sent", |image| {
        image.functions[1].code[15] = Instr::Offer { to: BUYER, label: TITLE, val: 0 };
    }),
    ("V5.3", "sent where it waits", |image| {
        image.functions[1].code[0] = Instr::Send { to: BUYER, label: TITLE, val: 0 };
        image.functions[1].code.insert(0, Instr::Set { dst: 0, value: 2 });
        shift(&mut image.functions[1], 1);
    }),
    ("V5.4", "another label received", |image| {
        image.functions[1].code[0] = Instr::Receive { from: BUYER, label: YES, dst: 1 };
    }),
    ("V5.4", "one row of two received", |image| {
        image.functions[0].code[1] = Instr::Receive { from: SELLER, label: NO, dst: 4 };
        image.functions[0].blocks[2].state = StateId(3);
    }),
    ("V5.5", "a row missing", |image| {
        image.functions[0].chooses[0].rows.pop();
    }),
    ("V5.5", "a row twice", |image| {
        image.functions[0].chooses[0].rows[1] = ChooseRow { partner: SELLER, label: YES, dst: 1, target: 8 };
    }),
    ("V5.5", "another row", |image| {
        image.functions[0].chooses[0].rows[1] = ChooseRow { partner: SELLER, label: TITLE, dst: 0, target: 8 };
    }),
    ("V5.5", "finals where the session does not end", |image| image.functions[0].chooses[0].finals = Some(0)),
    ("V5.5", "no finals where it may", |image| image.functions[1].chooses[0].finals = None),
    ("V5.6", "a halt within", |image| image.functions[0].code[5] = Instr::Halt { finals: 0 }),
    ("V5.7", "a jump to another state", |image| image.functions[0].blocks[3].state = StateId(1)),
    ("V5.7", "a row to another state", |image| image.functions[0].chooses[0].rows[1].target = 2),
    ("V5.8", "performed where it waits", |image| {
        let state = State::Recv { rows: vec![row(SELLER, TITLE, 0)], may_end: false };
        image.machines[0].states[2] = State::Tau(vec![StateId(0), StateId(3), StateId(4)]);
        image.machines[0].states.push(state);
        image.functions[0].blocks[3].state = StateId(4);
        image.functions[0].code[7] = Instr::Receive { from: SELLER, label: TITLE, dst: 0 };
        image.functions[0].code.insert(8, Instr::Jump { target: 0 });
        image.functions[0].blocks[4].pc = 9;
        image.functions[0].code[5] = Instr::Jump { target: 9 };
        image.functions[0].chooses[0].rows[1].target = 9;
    }),
    ("V5.14", "a message that its sender waits for an answer to", |image| image.edges[0].lossy = true),
    ("V7.1", "another operation of the host", |image| image.effects[0].name = "Host".to_owned()),
    ("V7.1", "a choice among no names", |image| {
        image.effects[0] = crate::image::Effect { name: "Host".to_owned(), args: Vec::new() };
        image.ops[0].name = "choose".to_owned();
    }),
    ("V9.1", "one large switch table in many places", |image| many_switches(image, 4300)),
];

/// Marks a receiving state as one the session may end in.
fn may_end(state: &mut State) {
    if let State::Recv { may_end, .. } = state {
        *may_end = true;
    }
}

/// Moves every place of a function behind its first `by` instructions.
fn shift(function: &mut crate::image::Function, by: u32) {
    function.blocks[1..].iter_mut().for_each(|block| block.pc += by);
    function.chooses.iter_mut().flat_map(|table| &mut table.rows).for_each(|row| row.target += by);
    function.switches.iter_mut().flatten().for_each(|target| *target += by);
}

/// A function of `count` switches over a union of 4300 variants, all through one table.
fn many_switches(image: &mut CodeImage, count: u32) {
    let variants = (0..4300).map(|number| (format!("V{number}"), Vec::new())).collect();
    image.types.push(Type::Union("Wide".to_owned(), variants));
    let wide = TypeId(u32::try_from(image.types.len() - 1).expect("it is small"));
    image.roles[0].params[0].ty = wide;
    image.labels[0].payload = wide;
    image.functions[1].regs[0] = wide;
    let buyer = &mut image.functions[0];
    buyer.regs[0] = wide;
    buyer.switches = vec![(0..4300).map(|tag| 1 + tag % count).collect()];
    buyer.code = vec![Instr::Switch { val: 0, table: 0 }];
    buyer.blocks = blocks(&[(0, 0)]);
    for pc in 1..=count {
        buyer.code.push(Instr::Switch { val: 0, table: 0 });
        buyer.blocks.push(Block { pc, state: StateId(0) });
    }
}

#[track_caller]
fn rule_of(image: CodeImage) -> VerifyError {
    verify(image).expect_err("it breaks a rule")
}

#[test]
fn the_sample_is_accepted() {
    let verified = verify(image()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(verified.image(), &image());
    assert_eq!(verified.into_image(), image());
}

#[test]
fn each_violation_is_rejected_with_its_rule() {
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
fn every_rule_has_a_violation() {
    let tables = || VIOLATIONS.iter().chain(scopes::VIOLATIONS).chain(resources::VIOLATIONS);
    let all = || tables().map(|(rule, ..)| *rule).chain(projection::tried());
    for (rule, text) in RULES {
        assert!(all().any(|broken| broken == *rule), "{rule} ({text}) is not tried");
    }
    assert!(RULES.iter().map(|(rule, _)| rule).is_sorted_by_key(|rule| key(rule)), "RULES is out of order");
    for rule in all() {
        assert!(RULES.iter().any(|(known, _)| *known == rule), "{rule} is not listed");
    }
}

fn key(rule: &str) -> (u32, u32) {
    let (family, number) = rule[1..].split_once('.').expect("a rule id is V<family>.<number>");
    (family.parse().expect("a number"), number.parse().expect("a number"))
}

#[test]
fn an_error_says_where() {
    let mut image = image();
    image.functions[1].code[8] = Instr::Get { dst: 1, src: 6, index: 2 };
    let error = rule_of(image);
    assert_eq!(error.to_string(), "V3.5, role `Seller`, instruction 8: r6 has no component 2 of that type");
}

#[test]
fn a_shared_table_of_moderate_size_is_accepted_by_the_budget() {
    let mut image = image();
    many_switches(&mut image, 100);
    // The loops it makes are silent; the budget is not the reason.
    assert_eq!(rule_of(image).rule, "V2.6");
}

#[test]
fn a_loop_that_yields_is_progress_in_every_state() {
    // The silent loop of V2.6, with a yield in it: in a silent state, where it waits, and at an end.
    let mut image = image();
    image.functions[0].code[5] = Instr::Jump { target: 2 };
    image.functions[0].code[2] = Instr::Yield;
    image.functions[0].code[3] = Instr::Set { dst: 3, value: 3 };
    assert_eq!(verify(image.clone()).map(|_| ()), Ok(()));
    image.functions[0].code[2] = Instr::Set { dst: 2, value: 1 };
    assert_eq!(rule_of(image).rule, "V2.6");
    let mut image = self::image();
    image.functions[1].code[16] = Instr::Yield;
    image.functions[1].code.push(Instr::Jump { target: 16 });
    assert_eq!(verify(image).map(|_| ()), Ok(()));
    let mut image = self::image();
    image.functions[1].code.insert(0, Instr::Yield);
    shift(&mut image.functions[1], 1);
    image.debug = None;
    assert_eq!(verify(image).map(|_| ()), Ok(()));
}

#[test]
fn finals_of_a_choose_are_those_before_it() {
    let mut image = image();
    image.functions[0].chooses[0].finals = Some(0);
    may_end(&mut image.machines[0].states[1]);
    assert_eq!(check_code(&image).map(drop), Ok(()));
}

#[test]
fn a_variant_survives_a_copy() {
    let mut image = image();
    image.functions[1].regs.push(UNION);
    image.functions[1].code[10] = Instr::Get { dst: 1, src: 11, index: 0 };
    image.functions[1].code.insert(10, Instr::Move { dst: 11, src: 5 });
    for block in &mut image.functions[1].blocks[4..] {
        block.pc += 1;
    }
    image.functions[1].switches = vec![vec![15, 3], vec![14, 10, 14]];
    if let Err(error) = verify(image) {
        panic!("{error}");
    }
}

#[test]
fn a_loop_does_not_take_away_what_was_written_before_it() {
    let mut image = image();
    // The title, a parameter, is read on every turn and at the end.
    image.functions[0].finals[0].push(Final { name: "again".to_owned(), reg: 0 });
    if let Err(error) = verify(image) {
        panic!("{error}");
    }
}

#[test]
fn every_primitive_has_a_signature_that_some_types_fit() {
    let mut types = image().types;
    let id = |types: &mut Vec<Type>, ty: Type| match types.iter().position(|known| *known == ty) {
        Some(at) => TypeId(at as u32),
        None => {
            types.push(ty);
            TypeId(types.len() as u32 - 1)
        }
    };
    let strings = id(&mut types, Type::List(STRING));
    let map = id(&mut types, Type::Map(STRING, INT));
    let all: Vec<TypeId> = vec![UNIT, BOOL, INT, STRING, LIST, MAYBE, strings, map];
    for &op in Prim::ALL {
        let fit = all.iter().any(|&a| {
            all.iter().any(|&b| all.iter().any(|&c| all.iter().any(|&to| super::prim::fits(&types, op, [a, b, c], to))))
        });
        assert!(fit, "{}", op.text());
        assert!(!super::prim::fits(&types, op, [TUPLE; 3], TUPLE), "{}", op.text());
    }
    assert!(super::prim::fits(&types, Prim::Insert, [map, STRING, INT], map));
    assert!(!super::prim::fits(&types, Prim::Insert, [map, INT, STRING], map));
    assert!(super::prim::fits(&types, Prim::Join, [strings, STRING, STRING], STRING));
    assert!(!super::prim::fits(&types, Prim::Join, [LIST, STRING, STRING], STRING));
}

#[test]
fn a_long_chain_of_types_and_states_does_not_recurse() {
    let mut image = image();
    let first = image.machines[1].states.len() as u32;
    for state in 0..200_000 {
        image.machines[1].states.push(State::Tau(vec![StateId(first + state + 1)]));
    }
    image.machines[1].states.push(State::End);
    image.machines[1].states[3] = State::Tau(vec![StateId(first)]);
    assert_eq!(rule_of(image).rule, "V5.6");
    assert_eq!((NO, YES), (2, 1));
}
