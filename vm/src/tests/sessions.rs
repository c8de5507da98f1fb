//! Sessions: how they end, full edges, limits, many of them, equal traces.

use super::fixture::{
    HALT, INT, STRING, choose, config, event_names, fault_of, image, param, received, role, run, run_with,
};
use crate::config::{MAX_QUANTUM, Retention, VMConfig};
use crate::error::VMError;
use crate::event::{Event, EventKind};
use crate::fault::Fault;
use crate::id::{ImageId, SessionId};
use crate::machine::{Driver, Inline, Machine, Pick, Round, RunEnd, SessionStatus, VM};
use crate::session::SessionEnd;
use crate::value::Value;
use tell_ir::image::{CodeImage, Const, Edge};
use tell_ir::instr::Instr;
use tell_ir::prim::Prim;

/// `A` sends 0, 1, … `rounds` - 1 to `B`, which sends each one back.
pub(super) fn ping_pong(rounds: i64) -> CodeImage {
    let mut image = image(&[Const::Int(0), Const::Int(1), Const::Int(rounds)]);
    let a = [
        Instr::Set { dst: 0, value: 0 },
        Instr::Set { dst: 1, value: 1 },
        Instr::Set { dst: 2, value: 2 },
        Instr::Prim { op: Prim::Lt, dst: 3, a: 0, b: 2 },
        Instr::Branch { val: 3, target: 9 },
        Instr::Send { to: 1, label: 2, val: 0 },
        Instr::Receive { from: 1, label: 2, dst: 4 },
        Instr::Prim { op: Prim::Add, dst: 0, a: 0, b: 1 },
        Instr::Jump { target: 3 },
        HALT,
    ];
    role(&mut image, "A", &[INT, INT, INT, super::fixture::BOOL, INT], &a);
    let b = [Instr::Choose { table: 0 }, Instr::Send { to: 0, label: 2, val: 0 }, Instr::Jump { target: 0 }];
    role(&mut image, "B", &[INT], &b);
    choose(&mut image, &[(0, 2, 0, 1)], true);
    image
}

/// `A` sends `count` numbers that `B` only takes afterwards.
fn burst(count: usize) -> CodeImage {
    let mut image = image(&[Const::Int(5)]);
    let mut a = vec![Instr::Set { dst: 0, value: 0 }];
    a.extend(vec![Instr::Send { to: 1, label: 2, val: 0 }; count]);
    a.push(HALT);
    role(&mut image, "A", &[INT], &a);
    let mut b = vec![Instr::Receive { from: 0, label: 2, dst: 0 }; count];
    b.push(HALT);
    role(&mut image, "B", &[INT], &b);
    image
}

#[test]
fn a_waiting_role_ends_by_notice() {
    let (vm, report) = run(ping_pong(3));
    assert_eq!(report.end, SessionEnd::Closed);
    let shown =
        |role: usize| -> Vec<String> { report.finals[role].iter().flatten().map(|v| v.shown.clone()).collect() };
    assert_eq!((shown(0).len(), shown(1)), (5, vec!["2".to_owned()]), "what it had when the session ended");
    let names = event_names(&vm);
    let expected = ["A.Halted", "B.Halted", "Closed", "SessionTerminal", "EpochAdvanced"];
    assert_eq!(names[names.len() - 5..], expected);
    let notices: Vec<bool> = vm
        .events()
        .filter_map(|event| match event.kind {
            EventKind::Halted { by_notice } => Some(by_notice),
            _ => None,
        })
        .collect();
    assert_eq!(notices, [false, true]);
}

#[test]
fn without_the_mark_the_same_is_a_deadlock() {
    let mut image = ping_pong(3);
    image.functions[1].chooses[0].finals = None;
    let (_, report) = run(image);
    assert_eq!(fault_of(&report).to_string(), "deadlock: `B` waits for a message from `A`");
    let SessionEnd::Faulted(fault) = &report.end else { panic!("bug: no fault") };
    assert_eq!((fault.role.as_deref(), fault.pc), (None, None));
}

#[test]
fn a_marked_waiter_does_not_hide_an_orphan() {
    let mut image = image(&[Const::Int(1)]);
    let a = [Instr::Set { dst: 0, value: 0 }, Instr::Send { to: 2, label: 2, val: 0 }, HALT];
    role(&mut image, "A", &[INT], &a);
    role(&mut image, "B", &[INT], &[Instr::Choose { table: 0 }, HALT]);
    choose(&mut image, &[(0, 2, 0, 1)], true);
    role(&mut image, "C", &[], &[HALT]);
    let (_, report) = run(image);
    let Fault::Deadlock { orphans, .. } = fault_of(&report) else { panic!("bug: no deadlock") };
    assert_eq!((orphans[0].from.as_str(), orphans[0].to.as_str()), ("A", "C"));
}

#[test]
fn capacity_changes_order_but_nothing_else() {
    for capacity in [1, 2, 7, 64] {
        let config = VMConfig { edge_capacity: capacity, ..config() };
        let (vm, report) = run_with(config, burst(50), |_| {});
        assert_eq!(report.end, SessionEnd::Closed, "{capacity}");
        assert_eq!(received(&vm, SessionId::root(0)), vec![Value::Int(5); 50], "{capacity}");
        let numbers: Vec<u32> = vm
            .events()
            .filter_map(|event| match event.kind {
                EventKind::Received(message) => Some(message.number),
                _ => None,
            })
            .collect();
        assert_eq!(numbers, (0..50).collect::<Vec<_>>());
    }
}

#[test]
fn parameters_are_checked_and_stored() {
    let mut image = image(&[]);
    role(&mut image, "A", &[INT, STRING], &[HALT]);
    param(&mut image, "budget", 0);
    param(&mut image, "title", 1);
    let mut vm = VM::new(config()).expect("right");
    let image = vm.load_unverified(image).expect("loads");
    let count = VMError::ArgumentCount { role: "A".into(), expected: 2, found: 0 };
    assert_eq!(vm.open(image, &[]), Err(count));
    assert_eq!(vm.open(image, &[vec![], vec![]]), Err(VMError::RoleCount { expected: 1, found: 2 }));
    let wrong = vm.open(image, &[vec![Value::text("x"), Value::text("y")]]);
    assert_eq!(wrong.map_err(|e| e.to_string()), Err("parameter `budget` of role `A` is `Int`; `\"x\"` is not".into()));
    let long = vm.open(image, &[vec![Value::Int(1), Value::text("y".repeat(1 << 21))]]);
    assert!(matches!(long, Err(VMError::LimitExceeded { .. })));
    assert_eq!(vm.open(ImageId(9), &[]), Err(VMError::UnknownImage(ImageId(9))));
    let session = vm.open(image, &[vec![Value::Int(30), Value::text("TAPL")]]).expect("opens");
    assert_eq!(vm.run(10, &mut || false), RunEnd::Done);
    let report = vm.take_report(&session).expect("ended");
    let shown: Vec<&str> = report.finals[0].iter().flatten().map(|v| v.shown.as_str()).collect();
    assert_eq!(shown, ["30", "\"TAPL\""]);
}

#[test]
fn limits_of_the_machine() {
    let mut config = config();
    config.limits.sessions = 1;
    let mut vm = VM::new(config.clone()).expect("right");
    let image = vm.load_unverified(ping_pong(1)).expect("loads");
    vm.open(image, &[]).expect("opens");
    assert_eq!(vm.open(image, &[]), Err(VMError::LimitExceeded { what: "sessions", value: 2, max: 1 }));
    vm.run(1000, &mut || false);
    vm.open(image, &[]).expect("the first one has ended");
    config.limits.registers = 5;
    let mut vm = VM::new(config.clone()).expect("right");
    let refused = VMError::LimitExceeded { what: "registers of a session", value: 6, max: 5 };
    assert_eq!(vm.load_unverified(ping_pong(1)), Err(refused));
    for quantum in [0, MAX_QUANTUM + 1] {
        let wrong = VM::new(VMConfig { quantum, ..config.clone() }).expect_err("a wrong quantum").to_string();
        assert_eq!(wrong, format!("`quantum` is {quantum}, not between 1 and 1048576"));
    }
}

#[test]
fn a_run_stops_at_its_limit_and_goes_on() {
    let mut vm = VM::new(config()).expect("right");
    let image = vm.load_unverified(ping_pong(100)).expect("loads");
    let session = vm.open(image, &[]).expect("opens");
    assert_eq!(vm.run(100, &mut || false), RunEnd::StepLimit);
    assert_eq!(vm.session(&session), Some(SessionStatus::Active));
    assert!(vm.events().len() > 10);
    assert_eq!(vm.run(100, &mut || true), RunEnd::Stopped);
    assert_eq!(vm.run(100_000, &mut || false), RunEnd::Done);
    assert_eq!(vm.kernel_step_round(1), Round::default());
}

fn trace(quantum: u32, slice: u32, sessions: u32) -> Vec<Event> {
    let mut vm = VM::new(VMConfig { quantum, slice, ..config() }).expect("right");
    let image = vm.load_unverified(ping_pong(5)).expect("loads");
    for _ in 0..sessions {
        vm.open(image, &[]).expect("opens");
    }
    assert_eq!(vm.run(1_000_000, &mut || false), RunEnd::Done);
    vm.take_events()
}

#[test]
fn traces_are_equal_and_sessions_do_not_depend_on_each_other() {
    for (quantum, slice) in [(1, 256), (1, 1), (3, 2), (256, 256)] {
        let many = trace(quantum, slice, 5);
        assert_eq!(many, trace(quantum, slice, 5));
        let alone = trace(1, slice, 1);
        for session in 0..5 {
            let mut of: Vec<Event> = many.iter().filter(|e| e.session == SessionId::root(session)).cloned().collect();
            of.iter_mut().for_each(|event| event.session = SessionId::root(0));
            assert_eq!(of, alone, "quantum {quantum}, slice {slice}, session {session}");
        }
    }
}

#[test]
fn ten_thousand_sessions() {
    let mut vm = VM::new(VMConfig { trace: Retention::Off, ..config() }).expect("right");
    let image = vm.load_unverified(ping_pong(10)).expect("loads");
    let sessions: Vec<SessionId> = (0..10_000).map(|_| vm.open(image, &[]).expect("opens")).collect();
    assert_eq!(vm.run(u64::MAX, &mut || false), RunEnd::Done);
    let ended = |id: &SessionId| matches!(vm.session(id), Some(SessionStatus::Ended(r)) if r.end == SessionEnd::Closed);
    assert!(sessions.iter().all(ended));
    assert_eq!(vm.active(), 0);
}

#[test]
fn places_are_used_again_and_ids_are_not() {
    let mut vm = VM::new(VMConfig { trace: Retention::Off, ..config() }).expect("right");
    let image = vm.load_unverified(ping_pong(1)).expect("loads");
    let first = vm.open(image, &[]).expect("opens");
    for number in 1..20_000 {
        let id = vm.open(image, &[]).expect("opens");
        assert_eq!(id, SessionId::root(number));
        assert_eq!(vm.run(u64::MAX, &mut || false), RunEnd::Done);
        assert!(vm.take_report(&id).is_some());
        assert!(vm.session(&id).is_none() && vm.take_report(&id).is_none());
    }
    assert!(format!("{vm:?}").contains("(1, 1, 0)"), "only the first one is kept: {vm:?}");
    assert!(matches!(vm.session(&first), Some(SessionStatus::Ended(_))));
}

#[test]
fn a_fault_ends_its_session_only() {
    let mut vm = VM::new(config()).expect("right");
    let good = vm.load_unverified(ping_pong(5)).expect("loads");
    let mut broken = image(&[]);
    role(&mut broken, "A", &[], &[Instr::Jump { target: 9 }]);
    let bad = vm.load_unverified(broken).expect("loads");
    let sessions = [good, bad, good].map(|image| vm.open(image, &[]).expect("opens"));
    assert_eq!(vm.run(10_000, &mut || false), RunEnd::Done);
    let closed = sessions.each_ref().map(|id| vm.take_report(id).expect("ended").end == SessionEnd::Closed);
    assert_eq!(closed, [true, false, true]);
    let of_bad: Vec<&str> = vm.events().filter(|e| e.session == sessions[1]).map(|e| e.kind.name()).collect();
    assert_eq!(of_bad, ["Opened", "FailureBranchEntered", "Faulted", "SessionTerminal", "EpochAdvanced"]);
}

/// Runs a wave from its end.
pub(super) struct Backwards;

impl Driver for Backwards {
    fn run(&self, wave: &mut [Pick]) {
        wave.iter_mut().rev().for_each(Pick::run);
    }
}

#[test]
fn a_driver_can_be_replaced_and_a_pick_can_move_to_another_thread() {
    fn sendable<T: Send>() {}
    sendable::<Pick>();
    let mut machine = Machine::with_driver(config(), Backwards).expect("right");
    let image = machine.load_unverified(ping_pong(5)).expect("loads");
    machine.open(image, &[]).expect("opens");
    assert_eq!(machine.run(10_000, &mut || false), RunEnd::Done);
    let _: VM = Machine::with_driver(config(), Inline).expect("right");
}

#[test]
fn ring_of_thousand_roles() {
    let count = 1000_u16;
    let mut image = image(&[Const::Int(1)]);
    for i in 0..count {
        let (to, from) = ((i + 1) % count, (i + count - 1) % count);
        let send = [Instr::Set { dst: 0, value: 0 }, Instr::Send { to, label: 2, val: 0 }];
        let receive = Instr::Receive { from, label: 2, dst: 0 };
        let code = if i == 0 { [send[0], send[1], receive, HALT] } else { [receive, send[1], HALT, HALT] };
        role(&mut image, &format!("R{i}"), &[INT], &code);
        image.edges.push(Edge { from: i, to, bound: Some(1), lossy: false });
    }
    let (vm, report) = run(image);
    assert_eq!(report.end, SessionEnd::Closed);
    assert_eq!(received(&vm, SessionId::root(0)).len(), usize::from(count));
}

/// What an open session takes, all in all, is measured in `benches/machine`.
#[test]
fn a_session_is_small() {
    use crate::edge::Edge;
    use crate::session::{Coroutine, Session};
    assert!(size_of::<Session>() <= 200, "{}", size_of::<Session>());
    assert!(size_of::<Coroutine>() <= 44, "{}", size_of::<Coroutine>());
    assert!(size_of::<Edge>() <= 48, "{}", size_of::<Edge>());
}
