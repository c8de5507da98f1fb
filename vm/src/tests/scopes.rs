//! Scopes with outcomes (LANGUAGE §4): how they end, and what becomes of what was going on in them.

use super::fixture::{
    DURATION, HALT, INT, STRING, UNIT, config, event_names, fault_of, image, op, receive, role, run, scope, send, set,
    table,
};
use crate::config::VMConfig;
use crate::error::VMError;
use crate::fault::{Fault, WaitKind};
use crate::handler::{Call, Failure, FailureKind, Handler, HostStep};
use crate::id::{ImageId, RequestId, SessionId};
use crate::kernel::program::Program;
use crate::machine::{RunEnd, VM};
use crate::session::{PickEnd, Session, SessionEnd, SessionReport, SessionState};
use crate::value::Value;
use std::sync::Arc;
use tell_ir::image::{CodeImage, Const, Outcome};
use tell_ir::instr::Instr;

const ENTER: Instr = Instr::Enter { scope: 0 };
const EXIT: Instr = Instr::Exit { scope: 0 };
const LEAVE: Instr = Instr::Leave { scope: 0 };

use Outcome::{Cancel, Done, Fail, Timeout};

/// `ask` answers later, `sleep` sleeps, `break` fails.
pub(super) struct World;

impl Handler for World {
    fn start(&mut self, call: &Call<'_>, args: &[Value]) -> HostStep {
        match (call.op, args) {
            ("sleep", [Value::Duration(time)]) => HostStep::Sleep(*time),
            ("now", _) => HostStep::Reply(Value::Duration(call.now)),
            ("break", _) => HostStep::Fail(Failure::new(FailureKind::Denied, "no")),
            _ => HostStep::Blocked,
        }
    }
}

/// Constants 0 to 4: numbers 7 and 8; 5, 3 and 10 nanoseconds. Operations 0 to 3 of `E`.
fn base() -> CodeImage {
    let mut image = image(&[Const::Int(7), Const::Int(8), Const::Duration(5), Const::Duration(3), Const::Duration(10)]);
    op(&mut image, "E", "ask", &[], INT);
    op(&mut image, "E", "sleep", &[DURATION], UNIT);
    op(&mut image, "E", "break", &[], UNIT);
    op(&mut image, "E", "now", &[], DURATION);
    image
}

/// A machine with one session of the image, run as far as it goes.
fn start(config: VMConfig, image: CodeImage) -> (VM, SessionId) {
    let mut vm = VM::new(config).expect("right");
    vm.install("E", World);
    let image = vm.load_unverified(image).expect("loads");
    let session = vm.open(image, &[]).expect("opens");
    vm.run(100_000, &mut || false);
    (vm, session)
}

fn finished(vm: &mut VM, session: &SessionId) -> SessionReport {
    vm.take_report(session).expect("it has ended")
}

fn shown(report: &SessionReport, role: usize) -> Vec<&str> {
    report.finals[role].iter().flatten().map(|value| value.shown.as_str()).collect()
}

/// Names of the events from the first of these kinds on, without its end.
fn events_of(vm: &VM, kinds: &[&str]) -> Vec<String> {
    let is_one = |name: &String| kinds.iter().any(|kind| name.ends_with(kind));
    event_names(vm).into_iter().filter(is_one).collect()
}

/// `A` owns a scope with a deadline of 5 and waits in it for `B`, who sleeps for constant `sleep` first; after a
/// timeout `A` sends to `B`. Registers of both: number, duration, Unit.
pub(super) fn race(sleep: u32) -> CodeImage {
    let mut image = base();
    let scope = scope(&mut image, 0, &[0, 1], &[Done, Timeout]);
    let regs = [INT, DURATION, UNIT];
    let a = [set(1, 2), ENTER, receive(1, 0), EXIT, LEAVE, HALT, set(0, 1), send(1, 0), LEAVE, HALT];
    role(&mut image, "A", &regs, &a);
    table(&mut image, scope, Some(1), &[(Done, None, 4), (Timeout, None, 6)]);
    let sleeping = Instr::Perform { op: 1, args: 1, dst: 2 };
    let b = [set(1, sleep), ENTER, sleeping, set(0, 0), send(0, 0), EXIT, LEAVE, HALT, receive(0, 0), LEAVE, HALT];
    role(&mut image, "B", &regs, &b);
    table(&mut image, scope, None, &[(Done, None, 6), (Timeout, None, 8)]);
    image
}

#[test]
fn a_scope_is_done_when_its_owner_is() {
    // Five is in time for a deadline of five.
    for sleep in [2, 3] {
        let (mut vm, session) = start(config(), race(sleep));
        let report = finished(&mut vm, &session);
        assert_eq!(report.end, SessionEnd::Closed);
        assert_eq!((shown(&report, 0)[0], shown(&report, 1)[0]), ("7", "7"));
        let kinds = ["ScopeEntered", "ScopeOutcome", "TimeoutIssued"];
        let entered = ["A.ScopeEntered", "B.ScopeEntered", "A.ScopeOutcome", "B.ScopeOutcome"];
        assert_eq!(events_of(&vm, &kinds), entered);
    }
}

#[test]
fn a_deadline_passes_and_a_sleep_is_called_off() {
    for quantum in [1, 256] {
        let (mut vm, session) = start(VMConfig { quantum, ..config() }, race(4));
        let report = finished(&mut vm, &session);
        assert_eq!(report.end, SessionEnd::Closed);
        assert_eq!((shown(&report, 0)[0], shown(&report, 1)[0]), ("8", "8"));
        let kinds = ["TimeoutIssued", "ScopeOutcome", "CancellationRequested", "Cancelled", "Completed"];
        let order = ["A.TimeoutIssued", "A.ScopeOutcome", "B.ScopeOutcome", "B.CancellationRequested", "B.Cancelled"];
        assert_eq!(events_of(&vm, &kinds), order);
        assert!(vm.events().collect::<Vec<_>>().is_sorted_by_key(|event| event.tick));
    }
}

#[test]
fn the_clock_goes_on_only_while_somebody_sleeps() {
    let mut image = base();
    let now = |dst| Instr::Perform { op: 3, args: 0, dst };
    let code = [now(0), set(1, 2), Instr::Perform { op: 1, args: 1, dst: 2 }, now(3), HALT];
    role(&mut image, "A", &[DURATION, DURATION, UNIT, DURATION], &code);
    let (mut vm, session) = start(config(), image);
    let report = finished(&mut vm, &session);
    assert_eq!((shown(&report, 0)[0], shown(&report, 0)[3]), ("0s", "5ns"));
}

/// `A` owns a scope in which one of its branches performs operation `op`, the other waits for `B`.
pub(super) fn performing(op: u16, outcomes: &[Outcome]) -> CodeImage {
    let mut image = base();
    let scope = scope(&mut image, 0, &[0, 1], outcomes);
    let a = [
        ENTER,
        Instr::Spawn { target: 5 },
        Instr::Spawn { target: 7 },
        Instr::JoinAll,
        EXIT,
        Instr::Perform { op, args: 0, dst: if op == 0 { 0 } else { 1 } },
        Instr::Finish,
        receive(1, 2),
        Instr::Finish,
        LEAVE,
        HALT,
    ];
    role(&mut image, "A", &[INT, UNIT, INT, STRING], &a);
    let all: Vec<_> = outcomes.iter().map(|outcome| (*outcome, (*outcome == Fail).then_some(3), 9)).collect();
    table(&mut image, scope, None, &all);
    role(&mut image, "B", &[INT], &[ENTER, receive(0, 0), EXIT, LEAVE, HALT]);
    let all: Vec<_> = outcomes.iter().map(|outcome| (*outcome, None, 3)).collect();
    table(&mut image, scope, None, &all);
    image
}

#[test]
fn an_effect_that_fails_ends_the_scope_around_it() {
    let (mut vm, session) = start(config(), performing(2, &[Done, Fail]));
    let report = finished(&mut vm, &session);
    assert_eq!(report.end, SessionEnd::Closed);
    assert_eq!(shown(&report, 0)[3], "\"denied\"");
    assert_eq!(events_of(&vm, &["ScopeOutcome"]), ["A.ScopeOutcome", "B.ScopeOutcome"]);
    let outcome = vm.events().filter_map(|event| vm.describe(&event)).find(|event| event.event == "ScopeOutcome");
    let fields = outcome.expect("there is one").fields;
    assert_eq!(fields, [("scope", "0".into()), ("outcome", "fail".into()), ("failure", "denied".into())]);
}

#[test]
fn an_effect_that_fails_where_no_scope_takes_it_ends_the_session() {
    let (mut vm, session) = start(config(), performing(2, &[Done, Cancel]));
    let report = finished(&mut vm, &session);
    assert!(matches!(fault_of(&report), Fault::Perform { kind: FailureKind::Denied, .. }));
}

#[test]
fn the_host_cancels_and_a_late_answer_is_rejected() {
    let (mut vm, session) = start(config(), performing(0, &[Done, Cancel]));
    assert_eq!(vm.cancel_scope(&session, 1), Err(VMError::NoScope { session: session.clone(), role: 1 }));
    assert_eq!(vm.cancel_scope(&session, 0), Ok(()));
    assert_eq!(vm.cancel_scope(&session, 0), Err(VMError::NoScope { session: session.clone(), role: 0 }));
    let late = VMError::UnknownRequest { session: session.clone(), request: RequestId(0) };
    assert_eq!(vm.reply(&session, RequestId(0), Ok(Value::Int(1))), Err(late));
    assert_eq!(vm.run(1000, &mut || false), RunEnd::Done);
    assert_eq!(finished(&mut vm, &session).end, SessionEnd::Closed);
    let kinds = ["ScopeOutcome", "CancellationRequested", "Cancelled"];
    let order = ["A.ScopeOutcome", "A.CancellationRequested", "A.Cancelled", "B.ScopeOutcome"];
    assert_eq!(events_of(&vm, &kinds), order);
    let unknown = VMError::UnknownSession(session.clone());
    assert_eq!(vm.cancel_scope(&session, 0), Err(unknown));
}

/// A message of the body that its receiver does not look at any more.
#[test]
fn a_late_message_is_discarded_and_makes_room() {
    let mut image = base();
    let scope = scope(&mut image, 0, &[0, 1], &[Done, Fail]);
    let a = [
        set(0, 0),
        ENTER,
        send(1, 0),
        Instr::Perform { op: 2, args: 0, dst: 1 },
        EXIT,
        set(0, 1),
        send(1, 0),
        LEAVE,
        HALT,
    ];
    role(&mut image, "A", &[INT, UNIT], &a);
    table(&mut image, scope, None, &[(Done, None, 5), (Fail, None, 5)]);
    let b = [ENTER, Instr::Perform { op: 0, args: 0, dst: 0 }, receive(0, 0), EXIT, receive(0, 0), LEAVE, HALT];
    role(&mut image, "B", &[INT], &b);
    table(&mut image, scope, None, &[(Done, None, 4), (Fail, None, 4)]);
    for edge_capacity in [1, 64] {
        let (mut vm, session) = start(VMConfig { edge_capacity, quantum: 1, slice: 1, ..config() }, image.clone());
        assert_eq!(vm.active(), 0, "{:?}", event_names(&vm));
        let report = finished(&mut vm, &session);
        assert_eq!((report.end.clone(), shown(&report, 1)), (SessionEnd::Closed, vec!["8"]));
        assert_eq!(events_of(&vm, &["Discarded", "Received"]), ["B.Discarded", "B.Received"]);
    }
}

/// `A` sends `B` nothing in the first run and a number in the second; `B` is still in the first one, where it takes
/// what comes first from `A` or `C`.
#[test]
fn a_message_of_a_run_to_come_is_not_visible() {
    let mut image = base();
    let scope = scope(&mut image, 0, &[0, 1], &[Done]);
    let a = [ENTER, EXIT, LEAVE, ENTER, set(0, 1), send(1, 0), EXIT, LEAVE, HALT];
    role(&mut image, "A", &[INT], &a);
    table(&mut image, scope, None, &[(Done, None, 2)]);
    table(&mut image, scope, None, &[(Done, None, 7)]);
    image.functions[0].code[3] = Instr::Enter { scope: 1 };
    image.functions[0].code[6] = Instr::Exit { scope: 1 };
    image.functions[0].code[7] = Instr::Leave { scope: 1 };
    let sleep = Instr::Perform { op: 1, args: 1, dst: 2 };
    let b = [
        ENTER,
        set(1, 2),
        sleep,
        EXIT,
        LEAVE,
        Instr::Enter { scope: 1 },
        receive(0, 0),
        Instr::Exit { scope: 1 },
        Instr::Leave { scope: 1 },
        HALT,
    ];
    role(&mut image, "B", &[INT, DURATION, UNIT], &b);
    table(&mut image, scope, None, &[(Done, None, 4)]);
    table(&mut image, scope, None, &[(Done, None, 8)]);
    let (mut vm, session) = start(config(), image.clone());
    let report = finished(&mut vm, &session);
    assert_eq!((report.end.clone(), shown(&report, 1)[0]), (SessionEnd::Closed, "8"));
    // Where `B` looks for it in the first run, it waits for ever.
    image.functions[1].code[2] = receive(0, 0);
    let (mut vm, session) = start(config(), image);
    let report = finished(&mut vm, &session);
    let Fault::Deadlock { waits, orphans } = fault_of(&report) else { panic!("{report:?}") };
    assert_eq!((waits[0].role.as_str(), orphans.len()), ("B", 1));
}

/// `A` goes round a scope for ever, sending `B` a number each time; a second role follows.
pub(super) fn round_and_round() -> CodeImage {
    let mut image = base();
    let scope = scope(&mut image, 0, &[0, 1], &[Done, Timeout]);
    let a = [set(0, 0), set(1, 2), ENTER, send(1, 0), EXIT, LEAVE, Instr::Jump { target: 2 }];
    role(&mut image, "A", &[INT, DURATION], &a);
    table(&mut image, scope, Some(1), &[(Done, None, 5), (Timeout, None, 5)]);
    role(&mut image, "B", &[INT], &[ENTER, receive(0, 0), EXIT, LEAVE, Instr::Jump { target: 0 }]);
    table(&mut image, scope, None, &[(Done, None, 3), (Timeout, None, 3)]);
    image
}

#[test]
fn a_loop_of_scopes_takes_no_more_memory_than_one() {
    let config = Arc::new(config());
    let program = Program::prepare(round_and_round());
    let state = SessionState::new(&program, ImageId(0), SessionId::root(0), &config);
    let mut vm = VM::new((*config).clone()).expect("right");
    vm.install("E", |_: &Call<'_>, _: &[Value]| Ok(Value::Int(0)));
    vm.install("clock", |_: &Call<'_>, _: &[Value]| Ok(Value::Unit));
    let image = vm.load_unverified(round_and_round()).expect("loads");
    let mut session = Session::new(vm.loaded(image), state);
    for _ in 0..1000 {
        let mut end = PickEnd::Ready;
        session.pick(256, &mut end);
        assert!(matches!(end, PickEnd::Ready), "{end:?}");
        session.state.log.chunk = None;
        assert!(session.state.runs.len() <= config.edge_capacity as usize + 1, "{}", session.state.runs.len());
        assert_eq!(session.state.coroutines.len(), 2);
    }
}

/// The owner needs nothing of the other, who sleeps in each run.
#[test]
fn an_owner_does_not_run_ahead_for_ever() {
    let mut image = round_and_round();
    image.functions[0].code[3] = Instr::Yield;
    image.functions[1].code[1] = receive(2, 0);
    role(&mut image, "C", &[INT], &[receive(1, 0), HALT]);
    let (mut vm, session) = start(VMConfig { edge_capacity: 3, ..config() }, image);
    let report = finished(&mut vm, &session);
    let Fault::Deadlock { waits, .. } = fault_of(&report) else { panic!("{report:?}") };
    assert_eq!(
        waits.iter().map(|wait| wait.kind).collect::<Vec<_>>(),
        [WaitKind::Scope, WaitKind::Message, WaitKind::Message]
    );
    assert_eq!(events_of(&vm, &["A.ScopeEntered"]).len(), 3);
}

/// Where everybody goes round together, the bound delays the owner and nothing else.
#[test]
fn an_owner_that_is_ahead_goes_on_when_the_others_follow() {
    let mut image = round_and_round();
    image.functions[0].code[3] = Instr::Yield;
    image.functions[1].code[1] = Instr::Yield;
    let mut vm = VM::new(VMConfig { edge_capacity: 1, ..config() }).expect("right");
    vm.install("E", World);
    let id = vm.load_unverified(image).expect("loads");
    let session = vm.open(id, &[]).expect("opens");
    let end = vm.run(10_000, &mut || false);
    assert_eq!(end, RunEnd::StepLimit, "{:?} {:?}", vm.take_report(&session), event_names(&vm));
}

/// `B` owns a scope inside that of `A` and waits at its end for nobody; the outer deadline ends both.
#[test]
fn an_inner_scope_is_abandoned_with_the_outer_one() {
    let mut image = base();
    let outer = scope(&mut image, 0, &[0, 1, 2], &[Done, Timeout]);
    let inner = scope(&mut image, 1, &[1, 2], &[Done, Fail]);
    let a = [set(1, 2), ENTER, receive(1, 0), EXIT, LEAVE, HALT];
    role(&mut image, "A", &[INT, DURATION], &a);
    table(&mut image, outer, Some(1), &[(Done, None, 4), (Timeout, None, 4)]);
    let inside = |body: Instr| {
        [ENTER, Instr::Enter { scope: 1 }, body, Instr::Exit { scope: 1 }, Instr::Leave { scope: 1 }, EXIT, LEAVE, HALT]
    };
    role(&mut image, "B", &[INT], &inside(receive(2, 0)));
    table(&mut image, outer, None, &[(Done, None, 6), (Timeout, None, 6)]);
    table(&mut image, inner, None, &[(Done, None, 4), (Fail, None, 4)]);
    role(&mut image, "C", &[INT], &inside(Instr::Yield));
    table(&mut image, outer, None, &[(Done, None, 6), (Timeout, None, 6)]);
    table(&mut image, inner, None, &[(Done, None, 4), (Fail, None, 4)]);
    let (mut vm, session) = start(config(), image);
    assert_eq!(finished(&mut vm, &session).end, SessionEnd::Closed);
    assert_eq!(events_of(&vm, &["ScopeOutcome"]), ["A.ScopeOutcome", "B.ScopeOutcome", "C.ScopeOutcome"]);
}

/// `B` comes when all is over, performs what comes before its first communication, and leaves there.
#[test]
fn who_comes_late_leaves_at_its_first_communication() {
    let mut image = base();
    let scope = scope(&mut image, 0, &[0, 1], &[Done, Timeout]);
    role(&mut image, "A", &[INT, DURATION], &[set(1, 2), ENTER, receive(1, 0), EXIT, LEAVE, HALT]);
    table(&mut image, scope, Some(1), &[(Done, None, 4), (Timeout, None, 4)]);
    let sleep = Instr::Perform { op: 1, args: 1, dst: 2 };
    let b = [set(1, 4), sleep, ENTER, set(0, 1), send(0, 0), EXIT, LEAVE, HALT];
    role(&mut image, "B", &[INT, DURATION, UNIT], &b);
    table(&mut image, scope, None, &[(Done, None, 6), (Timeout, None, 6)]);
    let (mut vm, session) = start(config(), image);
    let report = finished(&mut vm, &session);
    assert_eq!((report.end.clone(), shown(&report, 1)[0]), (SessionEnd::Closed, "8"));
    assert_eq!(events_of(&vm, &["Sent", "Outcome"]), ["A.ScopeOutcome", "B.ScopeOutcome"]);
}

#[test]
fn who_waits_for_an_outcome_that_nobody_decides_is_named() {
    let mut image = base();
    let scope = scope(&mut image, 0, &[0, 1], &[Done]);
    role(&mut image, "A", &[INT], &[ENTER, receive(1, 0), EXIT, LEAVE, HALT]);
    table(&mut image, scope, None, &[(Done, None, 3)]);
    role(&mut image, "B", &[INT], &[ENTER, EXIT, LEAVE, HALT]);
    table(&mut image, scope, None, &[(Done, None, 2)]);
    let (_, report) = {
        image.ops.clear();
        image.effects.clear();
        run(image)
    };
    let text = fault_of(&report).to_string();
    assert!(text.contains("`B` waits for the outcome of a scope of `A`"), "{text}");
}

#[test]
fn scopes_without_end_are_limited() {
    let mut image = base();
    let scope = scope(&mut image, 0, &[0], &[Done]);
    role(&mut image, "A", &[INT], &[ENTER, Instr::Jump { target: 0 }, LEAVE, HALT]);
    table(&mut image, scope, None, &[(Done, None, 2)]);
    let (mut vm, session) = start(config(), image);
    let report = finished(&mut vm, &session);
    assert!(matches!(fault_of(&report), Fault::LimitExceeded { what: "nesting of scopes", .. }), "{report:?}");
}
