//! Each fault: its code, and that the faulting or blocked step changed nothing.

use super::fixture::{
    BOOL, HALT, INT, INTS, MAYBE, PAIR, STRING, TREE, UNIT, choose, config, fault, fault_of, image, op, role, run,
    run_with, shape,
};
use crate::fault::{ArithmeticReason, Fault, WaitKind};
use crate::handler::{Call, Failure, FailureKind};
use crate::id::{ImageId, SessionId};
use crate::kernel::program::Program;
use crate::kernel::{Outcome, VMKernel};
use crate::session::{SessionState, Status};
use crate::value::Value;
use std::sync::Arc;
use tell_ir::image::{CodeImage, Const, Shape};
use tell_ir::instr::{FailKind, Instr};
use tell_ir::prim::Prim;

fn set(dst: u16, value: u32) -> Instr {
    Instr::Set { dst, value }
}

fn prim(op: Prim, dst: u16, a: u16, b: u16) -> Instr {
    Instr::Prim { op, dst, a, b }
}

#[test]
fn arithmetic_has_a_reason() {
    let int = Const::Int;
    for (op, a, b, reason) in [
        (Prim::Add, i64::MAX, 1, ArithmeticReason::Overflow),
        (Prim::Sub, i64::MIN, 1, ArithmeticReason::Overflow),
        (Prim::Mul, i64::MAX, 2, ArithmeticReason::Overflow),
        (Prim::Div, i64::MIN, -1, ArithmeticReason::Overflow),
        (Prim::Rem, i64::MIN, -1, ArithmeticReason::Overflow),
        (Prim::Div, 1, 0, ArithmeticReason::DivisionByZero),
        (Prim::Rem, 1, 0, ArithmeticReason::DivisionByZero),
        (Prim::Neg, i64::MIN, 0, ArithmeticReason::Overflow),
        (Prim::Abs, i64::MIN, 0, ArithmeticReason::Overflow),
    ] {
        let found = fault(&[int(a), int(b)], &[INT, INT], &[set(0, 0), set(1, 1), prim(op, 0, 0, 1), HALT]);
        assert_eq!(found, Fault::Arithmetic { op: op.text(), reason });
        assert_eq!(found.code(), "vm.fault.arithmetic");
    }
}

#[test]
fn type_violation() {
    let text = [Const::Str("x".into()), Const::Int(1)];
    for code in [
        vec![set(0, 0)],
        vec![set(1, 0), Instr::Move { dst: 0, src: 1 }],
        vec![set(1, 0), prim(Prim::Neg, 0, 1, 0)],
        vec![set(1, 0), prim(Prim::Add, 0, 0, 1)],
        vec![set(1, 0), prim(Prim::Not, 0, 1, 0)],
        vec![set(1, 0), prim(Prim::Length, 0, 1, 0)],
        vec![set(1, 0), prim(Prim::Keys, 0, 1, 0)],
        vec![set(1, 0), prim(Prim::Join, 0, 1, 1)],
        vec![set(0, 1), prim(Prim::Upper, 1, 0, 0)],
        vec![set(1, 0), Instr::Branch { val: 1, target: 0 }],
        vec![set(1, 0), Instr::Switch { val: 1, table: 0 }],
        vec![set(1, 0), Instr::Count { dst: 0, src: 1 }],
        vec![set(1, 0), Instr::Get { dst: 0, src: 1, index: 0 }],
        vec![set(1, 0), Instr::Send { to: 0, label: 2, val: 1 }],
        vec![set(1, 0), Instr::Send { to: 0, label: 3, val: 1 }, Instr::Receive { from: 0, label: 3, dst: 0 }],
    ] {
        let found = fault(&text, &[INT, STRING], &code);
        assert_eq!(found.code(), "vm.fault.type_violation", "{code:?}: {found}");
    }
}

#[test]
fn out_of_registers() {
    let consts = [Const::Int(1)];
    for code in [
        vec![set(9, 0)],
        vec![Instr::Move { dst: 0, src: 9 }],
        vec![Instr::Move { dst: 9, src: 0 }],
        vec![prim(Prim::Add, 0, 9, 0)],
        vec![prim(Prim::Add, 0, 0, 9)],
        vec![prim(Prim::Insert, 0, 0, u16::MAX)],
        vec![Instr::Make { dst: 0, shape: 0, args: u16::MAX }],
        vec![Instr::Get { dst: 0, src: 9, index: 0 }],
        vec![Instr::Count { dst: 0, src: 9 }],
        vec![Instr::Switch { val: 9, table: 0 }],
        vec![Instr::Branch { val: 9, target: 0 }],
        vec![Instr::Send { to: 0, label: 2, val: 9 }],
        vec![set(0, 0), Instr::Send { to: 0, label: 2, val: 0 }, Instr::Receive { from: 0, label: 2, dst: 9 }],
    ] {
        let mut image = image(&consts);
        role(&mut image, "A", &[INT, INT], &code);
        shape(&mut image, Shape::List(INTS, 2));
        let found = fault_of(&run(image).1).clone();
        assert_eq!(found.code(), "vm.fault.out_of_registers", "{code:?}: {found}");
    }
}

#[test]
fn pc_out_of_bounds() {
    for (code, pc) in [(vec![], 0), (vec![Instr::Jump { target: 77 }], 77), (vec![set(0, 0)], 1)] {
        let len = code.len() as u32;
        assert_eq!(fault(&[Const::Int(1)], &[INT], &code), Fault::PcOutOfBounds { pc, len });
    }
}

#[test]
fn missing_entry() {
    for code in [
        Instr::Set { dst: 0, value: 9 },
        Instr::Make { dst: 0, shape: 9, args: 0 },
        Instr::Send { to: 9, label: 2, val: 0 },
        Instr::Send { to: 0, label: 99, val: 0 },
        Instr::Receive { from: 9, label: 2, dst: 0 },
        Instr::Choose { table: 9 },
        Instr::Perform { op: 9, args: 0, dst: 0 },
        Instr::Fail { fault: FailKind::Assertion, text: 9 },
        Instr::Halt { finals: 9 },
    ] {
        assert_eq!(fault(&[], &[INT], &[code]).code(), "vm.fault.missing_entry", "{code:?}");
    }
    let mut image = image(&[]);
    role(&mut image, "A", &[MAYBE], &[Instr::Make { dst: 0, shape: 0, args: 0 }, Instr::Switch { val: 0, table: 0 }]);
    shape(&mut image, Shape::Variant(MAYBE, 0));
    image.functions[0].switches.push(vec![]);
    assert_eq!(fault_of(&run(image).1).code(), "vm.fault.missing_entry");
}

#[test]
fn no_component() {
    let mut image = image(&[Const::Int(1), Const::Str("a".into())]);
    let code =
        [set(0, 0), set(1, 1), Instr::Make { dst: 2, shape: 0, args: 0 }, Instr::Get { dst: 0, src: 2, index: 2 }];
    role(&mut image, "A", &[INT, STRING, PAIR], &code);
    shape(&mut image, Shape::Product(PAIR));
    assert_eq!(*fault_of(&run(image).1), Fault::NoComponent { index: 2, len: 2 });
}

#[test]
fn fails() {
    for (kind, code) in [
        (FailKind::Assertion, "vm.fault.assertion"),
        (FailKind::NoOpenBranch, "vm.fault.no_open_branch"),
        (FailKind::Unreachable, "vm.fault.unreachable"),
    ] {
        let found = fault(&[Const::Str("why".into())], &[], &[Instr::Fail { fault: kind, text: 0 }]);
        assert_eq!(found.code(), code);
        assert!(found.to_string().ends_with(": why"));
    }
}

#[test]
fn unknown_label_names_rows_and_heads() {
    let mut image = image(&[Const::Int(1)]);
    role(&mut image, "A", &[INT], &[set(0, 0), Instr::Send { to: 1, label: 2, val: 0 }, HALT]);
    role(&mut image, "B", &[STRING], &[Instr::Choose { table: 0 }, HALT]);
    choose(&mut image, &[(0, 3, 0, 1), (0, 0, 0, 1)], true);
    let (_, report) = run(image);
    let found = fault_of(&report);
    assert_eq!(found.code(), "vm.fault.unknown_label");
    assert_eq!(found.to_string(), "waits for `A.L3`, `A.L0`, but next come `A.L2`");
}

/// `A` sends both messages to `C`, which can take what `B` would send first.
#[test]
fn a_choose_waits_while_a_partner_may_still_send() {
    let mut image = image(&[Const::Int(1)]);
    role(&mut image, "A", &[INT], &[set(0, 0), Instr::Send { to: 2, label: 2, val: 0 }, HALT]);
    let b = [set(0, 0), set(0, 0), set(0, 0), Instr::Send { to: 2, label: 2, val: 0 }, HALT];
    role(&mut image, "B", &[INT], &b);
    let c = [Instr::Choose { table: 0 }, Instr::Receive { from: 0, label: 2, dst: 0 }, HALT];
    role(&mut image, "C", &[INT], &c);
    choose(&mut image, &[(1, 2, 0, 1), (0, 3, 0, 1)], false);
    let (_, report) = run(image);
    assert_eq!(report.end, crate::session::SessionEnd::Closed);
}

#[test]
fn limits_on_values() {
    let bounded = |code: &[Instr], regs: &[_], shapes: &[Shape], consts: &[Const]| {
        let mut image = image(consts);
        role(&mut image, "A", regs, code);
        image.shapes = shapes.to_vec();
        fault_of(&run(image).1).clone()
    };
    // Node(t, t) again and again: a small graph that unfolds to something huge.
    let tree = [
        Instr::Make { dst: 0, shape: 0, args: 0 },
        Instr::Move { dst: 1, src: 0 },
        Instr::Make { dst: 0, shape: 1, args: 0 },
        Instr::Jump { target: 1 },
    ];
    let shapes = [Shape::Variant(TREE, 0), Shape::Variant(TREE, 1)];
    let found = bounded(&tree, &[TREE, TREE], &shapes, &[]);
    assert_eq!(found.to_string(), "size of a value: 2097151 is more than the limit of 1048576");
    // Node(t, Leaf) again and again.
    let comb = [
        Instr::Make { dst: 0, shape: 0, args: 0 },
        Instr::Make { dst: 1, shape: 0, args: 0 },
        Instr::Make { dst: 0, shape: 1, args: 0 },
        Instr::Jump { target: 2 },
    ];
    let found = bounded(&comb, &[TREE, TREE], &shapes, &[]);
    assert_eq!(found.to_string(), "nesting of a value: 1001 is more than the limit of 1000");
    let text = [set(0, 0), prim(Prim::Concat, 0, 0, 0), Instr::Jump { target: 1 }];
    let found = bounded(&text, &[STRING], &[], &[Const::Str("x".into())]);
    assert_eq!(found.code(), "vm.fault.limit_exceeded");
    let list =
        [set(0, 0), Instr::Make { dst: 1, shape: 0, args: 0 }, prim(Prim::Concat, 1, 1, 1), Instr::Jump { target: 2 }];
    let found = bounded(&list, &[INT, INTS], &[Shape::List(INTS, 1)], &[Const::Int(1)]);
    assert_eq!(found.code(), "vm.fault.limit_exceeded");
}

#[test]
fn deadlock_names_who_waits_for_whom() {
    let mut image = image(&[]);
    role(&mut image, "A", &[INT], &[Instr::Receive { from: 1, label: 2, dst: 0 }, HALT]);
    role(&mut image, "B", &[INT], &[Instr::Receive { from: 0, label: 2, dst: 0 }, HALT]);
    let (_, report) = run(image);
    let text = "deadlock: `A` waits for a message from `B`; `B` waits for a message from `A`";
    assert_eq!(fault_of(&report).to_string(), text);
    assert_eq!(fault_of(&report).code(), "vm.fault.deadlock");
}

#[test]
fn a_message_nobody_takes_and_a_full_edge_are_deadlocks() {
    let mut orphan = image(&[Const::Int(1)]);
    role(&mut orphan, "A", &[INT], &[set(0, 0), Instr::Send { to: 1, label: 2, val: 0 }, HALT]);
    role(&mut orphan, "B", &[], &[HALT]);
    let (_, report) = run(orphan);
    assert_eq!(fault_of(&report).to_string(), "deadlock: 1 from `A` to `B` will not be received, first `L2`");
    let mut full = image(&[Const::Int(1)]);
    let code = [set(0, 0), Instr::Send { to: 1, label: 2, val: 0 }, Instr::Send { to: 1, label: 2, val: 0 }, HALT];
    role(&mut full, "A", &[INT], &code);
    role(&mut full, "B", &[], &[HALT]);
    let mut config = config();
    config.edge_capacity = 1;
    let (_, report) = run_with(config, full, |_| {});
    let Fault::Deadlock { waits, orphans } = fault_of(&report) else { panic!("bug: not a deadlock") };
    assert_eq!((waits[0].kind, waits[0].partners.as_slice()), (WaitKind::Room, &["B".to_owned()][..]));
    assert_eq!(orphans[0].count, 1);
}

#[test]
fn perform() {
    let mut image = image(&[]);
    let number = op(&mut image, "E", "ask", &[], INT);
    role(&mut image, "A", &[INT], &[Instr::Perform { op: number, args: 0, dst: 0 }, HALT]);
    let (_, report) = run_with(config(), image, |vm| {
        vm.install("E", |_: &Call<'_>, _: &[Value]| Err(Failure::new(FailureKind::Denied, "no")));
    });
    assert_eq!(fault_of(&report).to_string(), "`E.ask` failed, denied: no");
    assert_eq!(fault_of(&report).code(), "vm.fault.perform");
}

/// Everything a blocked or faulted step must leave alone.
fn snapshot(state: &SessionState) -> String {
    let pcs: Vec<u32> = state.coroutines.iter().map(|coroutine| coroutine.pc).collect();
    format!("{:?} {:?} {pcs:?} {} {}", state.registers, state.edges, state.requests, state.log.tick)
}

fn prepared(image: CodeImage, capacity: u32) -> (Program, SessionState) {
    let program = Program::prepare(image);
    let mut config = config();
    config.edge_capacity = capacity;
    let state = SessionState::new(&program, ImageId(0), SessionId::root(0), &Arc::new(config));
    (program, state)
}

#[test]
fn a_blocked_or_faulted_step_leaves_the_state_as_it_was() {
    let consts = [Const::Int(1), Const::Str("s".into()), Const::Bool(true)];
    let last_steps = [
        Instr::Send { to: 1, label: 2, val: 0 },
        Instr::Send { to: 1, label: 3, val: 0 },
        Instr::Send { to: 7, label: 2, val: 0 },
        Instr::Receive { from: 1, label: 2, dst: 0 },
        Instr::Receive { from: 0, label: 3, dst: 0 },
        Instr::Receive { from: 0, label: 2, dst: 9 },
        Instr::Receive { from: 0, label: 2, dst: 1 },
        Instr::Choose { table: 0 },
        Instr::Choose { table: 1 },
        Instr::Choose { table: 2 },
        Instr::Perform { op: 0, args: 1, dst: 0 },
        Instr::Perform { op: 0, args: 0, dst: 1 },
        Instr::Perform { op: 0, args: 9, dst: 0 },
        Instr::Set { dst: 0, value: 1 },
        Instr::Move { dst: 9, src: 0 },
        prim(Prim::Add, 0, 0, 1),
        Instr::Make { dst: 1, shape: 0, args: 0 },
        Instr::Get { dst: 0, src: 0, index: 0 },
        Instr::Count { dst: 0, src: 1 },
        Instr::Switch { val: 0, table: 0 },
        Instr::Branch { val: 0, target: 0 },
        Instr::Fail { fault: FailKind::Assertion, text: 1 },
        Instr::Halt { finals: 1 },
    ];
    for instr in last_steps {
        let mut image = image(&consts);
        // Fills the edge to B and the edge to itself before the step under test.
        let code = [
            set(0, 0),
            set(1, 1),
            Instr::Send { to: 1, label: 2, val: 0 },
            Instr::Send { to: 0, label: 2, val: 0 },
            instr,
        ];
        role(&mut image, "A", &[INT, STRING, BOOL], &code);
        choose(&mut image, &[(1, 2, 0, 0)], false);
        choose(&mut image, &[(0, 3, 0, 0)], false);
        choose(&mut image, &[(0, 2, 1, 0)], false);
        role(&mut image, "B", &[UNIT], &[HALT]);
        op(&mut image, "E", "ask", &[INT], INT);
        shape(&mut image, Shape::Product(PAIR));
        let (program, mut state) = prepared(image, 1);
        for _ in 0..4 {
            assert_eq!(VMKernel::step(&program, &mut state, 0), Outcome::Ran);
        }
        let before = snapshot(&state);
        let outcome = VMKernel::step(&program, &mut state, 0);
        assert!(matches!(outcome, Outcome::Blocked | Outcome::Faulted(_)), "{instr:?}: {outcome:?}");
        assert_eq!(snapshot(&state), before, "{instr:?}");
        let parked = state.coroutines[0].status != Status::Ready;
        assert_eq!(parked, outcome == Outcome::Blocked, "{instr:?}");
    }
}

#[test]
fn each_code_is_distinct_and_stable() {
    let all = [
        fault(&[], &[], &[]),
        fault(&[], &[INT], &[set(0, 0)]),
        fault(&[Const::Unit], &[INT], &[set(0, 0)]),
        fault(&[Const::Unit], &[INT], &[set(5, 0)]),
    ];
    let codes: Vec<&str> = all.iter().map(Fault::code).collect();
    let expected =
        ["vm.fault.pc_out_of_bounds", "vm.fault.missing_entry", "vm.fault.type_violation", "vm.fault.out_of_registers"];
    assert_eq!(codes, expected);
}
