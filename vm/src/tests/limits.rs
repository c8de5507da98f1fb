//! Every limit at one less than what is needed, at that, and at one more (QUALITY §3, G12).
//!
//! That a step that runs into one leaves the state as it was is seen in `tests/tests/steps.rs`, on every step of every
//! example.

use super::fixture::{
    HALT, INT, INTS, MAYBE, STRING, config, fault_of, image, op, param, receive, role, run_with, scope, send, set,
    shape, table,
};
use crate::config::{MAX_COROUTINES, Retention, VMConfig};
use crate::error::VMError;
use crate::fault::Fault;
use crate::handler::{Call, Failure, FailureKind};
use crate::machine::VM;
use crate::session::SessionEnd;
use crate::value::{MAX_DEPTH, MAX_SIZE, Value};
use tell_ir::image::{CodeImage, Const, Outcome, Shape};
use tell_ir::instr::Instr;
use tell_ir::prim::Prim;

/// Runs an image under a limit of one less than it needs, of what it needs, and of one more: only the first run ends in
/// the fault, and that names the limit.
#[track_caller]
fn faults_below(what: &'static str, needed: u32, image: &CodeImage, limit: impl Fn(&mut VMConfig, u32)) {
    for max in [needed - 1, needed, needed + 1] {
        let mut config = config();
        limit(&mut config, max);
        let (_, report) = run_with(config, image.clone(), |_| {});
        if max < needed {
            let expected = Fault::LimitExceeded { what, value: u64::from(needed), max: u64::from(max) };
            assert_eq!(*fault_of(&report), expected);
        } else {
            assert_eq!(report.end, SessionEnd::Closed, "{what}: {max}");
        }
    }
}

/// Loads an image, or opens it, under each of those limits: only the first is refused.
#[track_caller]
fn refused_below(
    what: &'static str,
    needed: u32,
    image: &CodeImage,
    args: &[Vec<Value>],
    limit: impl Fn(&mut VMConfig, u32),
) {
    for max in [needed - 1, needed, needed + 1] {
        let mut config = config();
        limit(&mut config, max);
        let mut vm = VM::new(config).expect("right");
        let opened = vm.load_unverified(image.clone()).and_then(|image| vm.open(image, args));
        let expected = VMError::LimitExceeded { what, value: u64::from(needed), max: u64::from(max) };
        assert_eq!(opened.err(), (max < needed).then_some(expected));
    }
}

/// One role with these registers and this code.
fn alone(consts: &[Const], regs: &[tell_ir::ty::TypeId], code: &[Instr]) -> CodeImage {
    let mut image = image(consts);
    role(&mut image, "A", regs, code);
    image
}

#[test]
fn sessions() {
    for max in [2, 3, 4] {
        let mut config = config();
        config.limits.sessions = max;
        let mut vm = VM::new(config).expect("right");
        let image = vm.load_unverified(alone(&[], &[], &[HALT])).expect("loads");
        let opened: Vec<_> = (0..3).map(|_| vm.open(image, &[]).err()).collect();
        let third = VMError::LimitExceeded { what: "sessions", value: 3, max: 2 };
        assert_eq!(opened, [None, None, (max == 2).then_some(third)]);
    }
}

#[test]
fn registers() {
    let image = alone(&[], &[INT, INT, INT], &[HALT]);
    refused_below("registers of a session", 3, &image, &[], |config, max| config.limits.registers = max);
}

#[test]
fn coroutines() {
    let mut roles = alone(&[], &[], &[HALT]);
    role(&mut roles, "B", &[], &[HALT]);
    role(&mut roles, "C", &[], &[HALT]);
    let limit = |config: &mut VMConfig, max| config.limits.coroutines = max;
    refused_below("coroutines of a session", 3, &roles, &[], limit);
    // Two branches at once, and then one more: the place of one that is done is free.
    let spawn = Instr::Spawn { target: 6 };
    let branches =
        alone(&[], &[], &[spawn, spawn, Instr::JoinAll, spawn, Instr::JoinAll, HALT, Instr::Yield, Instr::Finish]);
    faults_below("coroutines of a session", 3, &branches, limit);
    let config = |coroutines| {
        let mut config = config();
        config.limits.coroutines = coroutines;
        VM::new(config).is_ok()
    };
    assert_eq!([0, 1, MAX_COROUTINES, MAX_COROUTINES + 1].map(config), [false, true, true, false]);
}

/// Scopes inside each other, this many.
fn nested(depth: u32) -> CodeImage {
    let enters = (0..depth).map(|scope| Instr::Enter { scope });
    let leaves = (0..depth).rev().flat_map(|scope| [Instr::Exit { scope }, Instr::Leave { scope }]);
    let code: Vec<Instr> = enters.chain(leaves).chain([HALT]).collect();
    let mut image = alone(&[], &[], &code);
    for number in 0..depth {
        let scope = scope(&mut image, 0, &[0], &[Outcome::Done]);
        // The `Leave` of scope n comes behind all that is inside it.
        let leave = depth + 2 * (depth - 1 - number) + 1;
        table(&mut image, scope, None, &[(Outcome::Done, None, leave)]);
    }
    image
}

#[test]
fn nesting() {
    let limit = |config: &mut VMConfig, max| config.limits.nesting = max;
    faults_below("nesting of scopes", 1, &nested(1), limit);
    faults_below("nesting of scopes", 5, &nested(5), limit);
    faults_below("nesting of scopes", 1024, &nested(1024), limit);
    let (_, report) = run_with(config(), nested(1025), |_| {});
    assert_eq!(*fault_of(&report), Fault::LimitExceeded { what: "nesting of scopes", value: 1025, max: 1024 });
}

#[test]
fn payloads() {
    let text = |label| {
        let mut image = image(&[Const::Str("four".into())]);
        role(&mut image, "A", &[STRING], &[set(0, 0), Instr::Send { to: 1, label, val: 0 }, HALT]);
        role(&mut image, "B", &[STRING], &[Instr::Receive { from: 0, label, dst: 0 }, HALT]);
        image
    };
    let limit = |config: &mut VMConfig, max| config.limits.payload_size = max;
    faults_below("size of a payload", 5, &text(3), limit);
    // What is kept may be larger than what is sent.
    let mut number = image(&[Const::Int(7), Const::Str("a long text".into())]);
    role(&mut number, "A", &[INT, STRING], &[set(0, 0), set(1, 1), send(1, 0), HALT]);
    role(&mut number, "B", &[INT], &[receive(0, 0), HALT]);
    let mut least = config();
    least.limits.payload_size = 1;
    assert_eq!(run_with(least.clone(), number, |_| {}).1.end, SessionEnd::Closed);
    least.limits.payload_size = 0;
    assert!(VM::new(least).is_err());
}

#[test]
fn values() {
    let just = |dst, args| Instr::Make { dst, shape: 0, args };
    let mut deep = alone(&[Const::Int(1)], &[INT, MAYBE], &[set(0, 0), just(1, 0), HALT]);
    shape(&mut deep, Shape::Variant(MAYBE, 1));
    // A machine without any structure is none.
    let mut config = config();
    config.limits.value_depth = 0;
    assert!(VM::new(config).is_err());
    faults_below("size of a value", 2, &deep, |config, max| config.limits.value_size = max);
    let list = [set(0, 0), Instr::Make { dst: 1, shape: 0, args: 0 }, Instr::Make { dst: 2, shape: 1, args: 1 }, HALT];
    let mut deep = alone(&[Const::Int(1)], &[INT, INTS, super::fixture::INT_LISTS], &list);
    shape(&mut deep, Shape::List(INTS, 1));
    shape(&mut deep, Shape::List(super::fixture::INT_LISTS, 1));
    faults_below("nesting of a value", 2, &deep, |config, max| config.limits.value_depth = max);
    let text = [set(0, 0), Instr::Prim { op: Prim::Concat, dst: 0, a: 0, b: 0 }, HALT];
    let image = alone(&[Const::Str("ab".into())], &[STRING], &text);
    faults_below("size of a value", 5, &image, |config, max| config.limits.value_size = max);
}

#[test]
fn constants_and_arguments() {
    let text = alone(&[Const::Str("four".into())], &[STRING], &[set(0, 0), HALT]);
    refused_below("size of a constant", 5, &text, &[], |config, max| config.limits.value_size = max);
    let mut image = alone(&[], &[STRING, INTS], &[HALT]);
    param(&mut image, "text", 0);
    param(&mut image, "list", 1);
    let list = |items: usize| Value::list(vec![Value::Int(1); items]).expect("small");
    let args = vec![vec![Value::text("seven!!"), list(2)]];
    refused_below("size of an argument", 8, &image, &args, |config, max| config.limits.value_size = max);
    let mut image = alone(&[], &[super::fixture::INT_LISTS], &[HALT]);
    param(&mut image, "lists", 0);
    let args = vec![vec![Value::list(vec![list(1)]).expect("small")]];
    refused_below("nesting of an argument", 2, &image, &args, |config, max| config.limits.value_depth = max);
}

#[test]
fn answers() {
    let mut image = image(&[]);
    let ask = op(&mut image, "E", "ask", &[], STRING);
    role(&mut image, "A", &[STRING], &[Instr::Perform { op: ask, args: 0, dst: 0 }, HALT]);
    for max in [4, 5, 6] {
        let mut config = config();
        config.limits.value_size = max;
        let (_, report) = run_with(config, image.clone(), |vm| {
            vm.install("E", |_: &Call<'_>, _: &[Value]| Ok::<_, Failure>(Value::text("four")));
        });
        match (&report.end, max) {
            (SessionEnd::Closed, 5 | 6) => {}
            (_, 4) => {
                let Fault::Perform { kind, .. } = fault_of(&report) else { panic!("bug: {report:?}") };
                assert_eq!(*kind, FailureKind::InvalidInput);
            }
            (end, _) => panic!("bug: {max}: {end:?}"),
        }
    }
}

#[test]
fn the_trace_that_is_kept() {
    let events = |trace| {
        let image = alone(&[], &[], &[Instr::Yield, HALT]);
        let (vm, _) = run_with(VMConfig { trace, ..config() }, image, |_| {});
        vm.events().map(|event| event.kind.name()).collect::<Vec<_>>()
    };
    let all = events(Retention::All);
    for kept in [all.len() - 1, all.len(), all.len() + 1] {
        let from = all.len().saturating_sub(kept);
        assert_eq!(events(Retention::Last(kept)), all[from..]);
    }
    assert!(events(Retention::Off).is_empty());
}

#[test]
fn no_limit_goes_beyond_what_the_machine_can_do() {
    let set = |set: &dyn Fn(&mut VMConfig)| {
        let mut config = config();
        set(&mut config);
        VM::new(config).is_ok()
    };
    assert!(set(&|config| config.limits.value_depth = MAX_DEPTH));
    assert!(!set(&|config| config.limits.value_depth = MAX_DEPTH + 1));
    assert!(set(&|config| config.limits.value_size = MAX_SIZE));
    assert!(!set(&|config| config.limits.value_size = MAX_SIZE + 1));
    assert!(set(&|config| config.limits.payload_size = MAX_SIZE));
    assert!(!set(&|config| config.limits.payload_size = MAX_SIZE + 1));
}
