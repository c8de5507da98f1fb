//! Effects: the two halves of `Perform`, local and shared handlers, answers that are refused.

use super::fixture::{HALT, INT, STRING, STRINGS, config, event_names, fault_of, image, op, role, run_with, shape};
use crate::config::VMConfig;
use crate::error::VMError;
use crate::fault::Fault;
use crate::handler::{Call, Failure, FailureKind, Handler, HostStep, Settled};
use crate::id::RequestId;
use crate::machine::{RunEnd, SessionStatus, VM};
use crate::session::{SessionEnd, SessionReport};
use crate::value::Value;
use std::cell::RefCell;
use std::rc::Rc;
use tell_ir::image::{CodeImage, Const, Reentrancy, Shape};
use tell_ir::instr::Instr;

/// One role that asks `E.ask(7)` so many times.
fn asking(times: usize) -> CodeImage {
    let mut image = image(&[Const::Int(7)]);
    let number = op(&mut image, "E", "ask", &[INT], INT);
    let mut code = vec![Instr::Set { dst: 0, value: 0 }];
    code.extend(vec![Instr::Perform { op: number, args: 0, dst: 1 }; times]);
    code.push(HALT);
    role(&mut image, "A", &[INT, INT], &code);
    image
}

fn kind(report: &SessionReport) -> FailureKind {
    match fault_of(report) {
        Fault::Perform { kind, .. } => *kind,
        other => panic!("bug: {other}"),
    }
}

#[test]
fn a_shared_handler_answers_once_per_request() {
    let requests = Rc::new(RefCell::new(Vec::new()));
    let seen = Rc::clone(&requests);
    let (vm, report) = run_with(config(), asking(2), |vm| {
        vm.install("E", move |call: &Call<'_>, args: &[Value]| {
            seen.borrow_mut().push((call.request, call.op.to_owned(), call.role_name.to_owned()));
            Ok(Value::Int(args[0].as_int().unwrap_or(0) + 1))
        });
    });
    assert_eq!(report.end, SessionEnd::Closed);
    assert_eq!(report.finals[0].as_ref().expect("halted")[1].value, Value::Int(8));
    let expected = [(RequestId(0), "ask".into(), "A".into()), (RequestId(1), "ask".into(), "A".into())];
    assert_eq!(*requests.borrow(), expected);
    let names = event_names(&vm);
    assert_eq!(names[1..5], ["A.Performed", "A.Completed", "A.Performed", "A.Completed"]);
    let asked = vm.events().nth(1).and_then(|event| vm.describe(&event)).expect("recorded");
    let args = asked.fields.iter().find(|field| field.0 == "args").expect("it has arguments");
    assert_eq!(args.1, "(7)");
}

/// Counts its calls, but only those whose answer was committed.
struct Counter {
    committed: i64,
    bad: bool,
}

impl Handler for Counter {
    fn start(&mut self, _: &Call<'_>, _: &[Value]) -> HostStep {
        HostStep::Reply(if self.bad { Value::Unit } else { Value::Int(self.committed) })
    }

    fn settle(&mut self, _: &Call<'_>, settled: Settled) {
        self.committed += i64::from(settled == Settled::Committed);
    }
}

#[test]
fn a_local_handler_belongs_to_one_session() {
    let mut vm = VM::new(config()).expect("right");
    vm.install_local("E", || Counter { committed: 0, bad: false });
    let image = vm.load_unverified(asking(3)).expect("loads");
    let sessions = [vm.open(image, &[]).expect("opens"), vm.open(image, &[]).expect("opens")];
    assert_eq!(vm.run(1000, &mut || false), RunEnd::Done);
    for session in sessions {
        let report = vm.take_report(&session).expect("ended");
        assert_eq!(report.finals[0].as_ref().expect("halted")[1].value, Value::Int(2));
        assert_eq!(vm.session(&session), None);
    }
}

#[test]
fn an_answer_of_another_type_is_invalid_input() {
    let (vm, report) = run_with(config(), asking(1), |vm| vm.install("E", Counter { committed: 0, bad: true }));
    assert_eq!(kind(&report), FailureKind::InvalidInput);
    assert_eq!(event_names(&vm)[1..5], ["A.Performed", "A.Completed", "A.FailureBranchEntered", "A.Faulted"]);
}

#[test]
fn an_answer_beyond_the_limits_is_invalid_input() {
    let mut image = image(&[]);
    let number = op(&mut image, "E", "ask", &[], STRING);
    role(&mut image, "A", &[STRING], &[Instr::Perform { op: number, args: 0, dst: 0 }, HALT]);
    let (_, report) = run_with(config(), image, |vm| {
        vm.install("E", |_: &Call<'_>, _: &[Value]| Ok(Value::text("x".repeat(1 << 20))));
    });
    assert_eq!(kind(&report), FailureKind::InvalidInput);
}

#[test]
fn a_panic_ends_only_its_session() {
    let mut vm = VM::new(config()).expect("right");
    let mut calls = 0;
    vm.install("E", move |_: &Call<'_>, _: &[Value]| {
        calls += 1;
        assert!(calls != 1, "planted");
        Ok(Value::Int(calls))
    });
    let image = vm.load_unverified(asking(1)).expect("loads");
    let first = vm.open(image, &[]).expect("opens");
    let second = vm.open(image, &[]).expect("opens");
    assert_eq!(vm.run(1000, &mut || false), RunEnd::Done);
    assert_eq!(kind(&vm.take_report(&first).expect("ended")), FailureKind::Unavailable);
    assert_eq!(vm.take_report(&second).expect("ended").end, SessionEnd::Closed);
}

#[test]
fn a_host_choice_must_be_in_range() {
    for (index, end) in [(0, true), (1, true), (2, false), (-1, false)] {
        let mut image = image(&[Const::Str("yes".into()), Const::Str("no".into())]);
        let number = op(&mut image, "Host", "choose", &[STRINGS], INT);
        let code = [
            Instr::Set { dst: 0, value: 0 },
            Instr::Set { dst: 1, value: 1 },
            Instr::Make { dst: 2, shape: 0, args: 0 },
            Instr::Perform { op: number, args: 2, dst: 3 },
            HALT,
        ];
        role(&mut image, "A", &[STRING, STRING, STRINGS, INT], &code);
        shape(&mut image, Shape::List(STRINGS, 2));
        let (_, report) = run_with(config(), image, |vm| {
            vm.install("Host", move |_: &Call<'_>, _: &[Value]| Ok(Value::Int(index)));
        });
        assert_eq!(report.end == SessionEnd::Closed, end, "{index}");
        assert!(end || kind(&report) == FailureKind::InvalidInput);
    }
}

/// Never answers by itself.
struct Later;

impl Handler for Later {
    fn start(&mut self, _: &Call<'_>, _: &[Value]) -> HostStep {
        HostStep::Blocked
    }
}

#[test]
fn an_answer_can_come_later() {
    let mut vm = VM::new(config()).expect("right");
    vm.install("E", Later);
    let image = vm.load_unverified(asking(1)).expect("loads");
    let session = vm.open(image, &[]).expect("opens");
    assert_eq!(vm.run(1000, &mut || false), RunEnd::Waiting);
    assert_eq!(vm.session(&session), Some(SessionStatus::Active));
    let unknown = VMError::UnknownRequest { session: session.clone(), request: RequestId(1) };
    assert_eq!(vm.reply(&session, RequestId(1), Ok(Value::Int(1))), Err(unknown));
    assert_eq!(vm.reply(&session, RequestId(0), Ok(Value::Int(1))), Ok(()));
    assert_eq!(vm.run(1000, &mut || false), RunEnd::Done);
    assert_eq!(vm.reply(&session, RequestId(0), Ok(Value::Int(1))), Err(VMError::UnknownSession(session.clone())));
    assert_eq!(vm.take_report(&session).expect("ended").end, SessionEnd::Closed);
}

#[test]
fn a_late_failure_ends_the_session() {
    let mut vm = VM::new(config()).expect("right");
    vm.install_local("E", || Later);
    let image = vm.load_unverified(asking(1)).expect("loads");
    let session = vm.open(image, &[]).expect("opens");
    assert_eq!(vm.run(1000, &mut || false), RunEnd::Waiting);
    assert_eq!(vm.reply(&session, RequestId(0), Err(Failure::unavailable("gone"))), Ok(()));
    assert_eq!(vm.active(), 0);
    assert_eq!(kind(&vm.take_report(&session).expect("ended")), FailureKind::Unavailable);
}

/// The first session ends by a late failure while its other role could still step.
#[test]
fn the_next_session_in_its_place_has_its_own_turns() {
    let mut image = asking(1);
    let code = image.functions[0].code.clone();
    role(&mut image, "B", &[INT, INT], &code);
    let mut vm = VM::new(VMConfig { quantum: 1, ..config() }).expect("right");
    vm.install("E", Later);
    let image = vm.load_unverified(image).expect("loads");
    let first = vm.open(image, &[]).expect("opens");
    while vm.reply(&first, RequestId(0), Err(Failure::unavailable("gone"))).is_err() {
        assert_eq!(vm.kernel_step_round(1).picks, 1);
    }
    assert_eq!(kind(&vm.take_report(&first).expect("ended")), FailureKind::Unavailable);
    let second = vm.open(image, &[]).expect("opens");
    assert_eq!(vm.run(1000, &mut || false), RunEnd::Waiting);
    for request in [RequestId(1), RequestId(0)] {
        assert_eq!(vm.reply(&second, request, Ok(Value::Int(1))), Ok(()));
    }
    assert_eq!(vm.run(1000, &mut || false), RunEnd::Done);
    assert_eq!(vm.take_report(&second).expect("ended").end, SessionEnd::Closed);
    assert!(vm.take_report(&first).is_none());
}

#[test]
fn an_immediate_operation_may_not_block() {
    let mut image = asking(1);
    image.ops[0].meta.may_block = false;
    let (_, report) = run_with(config(), image, |vm| vm.install("E", Later));
    assert_eq!(kind(&report), FailureKind::ContractViolation);
}

#[test]
fn reentrancy_is_rejected() {
    for (reentrancy, rejected) in
        [(Reentrancy::Allow, false), (Reentrancy::RejectSameOperation, true), (Reentrancy::RejectSameFragment, true)]
    {
        let mut image = asking(1);
        let code = image.functions[0].code.clone();
        role(&mut image, "B", &[INT, INT], &code);
        image.ops[0].meta.reentrancy = reentrancy;
        let mut vm = VM::new(config()).expect("right");
        vm.install("E", Later);
        let image = vm.load_unverified(image).expect("loads");
        let session = vm.open(image, &[]).expect("opens");
        vm.run(1000, &mut || false);
        assert_eq!(
            vm.take_report(&session).is_some_and(|report| kind(&report) == FailureKind::ContractViolation),
            rejected
        );
    }
}

#[test]
fn an_effect_without_handler_is_refused_at_load() {
    let mut vm = VM::new(config()).expect("right");
    assert_eq!(vm.load_unverified(asking(1)), Err(VMError::MissingHandler { effect: "E".into() }));
}
