//! Topology inputs: crashes, partitions, damaged messages, timeouts, and the end that a host asks for.

use super::fixture::{
    DURATION, HALT, INT, STRING, UNIT, choose, config, event_names, fault_of, image, op, receive, role, send, set,
};
use super::scopes::World;
use super::sessions::ping_pong;
use crate::config::{RoundSemantics, VMConfig};
use crate::error::VMError;
use crate::event::{Event, EventKind};
use crate::fault::{Fault, WaitKind};
use crate::id::{ImageId, RequestId, SessionId};
use crate::kernel::program::Program;
use crate::kernel::{Outcome, VMKernel};
use crate::machine::{RunEnd, VM};
use crate::policy::{Policy, Priority};
use crate::session::{Cancellation, SessionEnd, SessionReport, SessionState};
use crate::topology::{Damage, Topology};
use crate::value::Value;
use std::sync::Arc;
use tell_ir::image::{CodeImage, Const};
use tell_ir::instr::Instr;

/// A session of an image with these inputs, run to its end.
fn run(config: VMConfig, image: CodeImage, inputs: &[(u64, Topology)]) -> (VM, SessionReport) {
    let mut vm = VM::new(config).expect("right");
    vm.install("E", World);
    let image = vm.load_unverified(image).expect("loads");
    let session = vm.open(image, &[]).expect("opens");
    for (tick, input) in inputs {
        vm.perturb(&session, *tick, input.clone()).expect("in time");
    }
    vm.run(10_000, &mut || false);
    let report = vm.take_report(&session).expect("it has ended");
    (vm, report)
}

/// The events of the session, without its opening, from the last step on.
fn last(vm: &VM, count: usize) -> Vec<String> {
    let names = event_names(vm);
    names[names.len() - count..].to_vec()
}

/// Runs under several quanta, waves and policies of the same order: the trace must be the same.
fn same_everywhere(image: &dyn Fn() -> CodeImage, inputs: &[(u64, Topology)]) -> (Vec<Event>, SessionReport) {
    let (mut vm, report) = run(config(), image(), inputs);
    let events = vm.take_events();
    for quantum in [1, 2, 3, 256] {
        for rounds in [RoundSemantics::Canonical, RoundSemantics::Waves] {
            let config = VMConfig { quantum, rounds, concurrency: 3, ..config() };
            let (mut vm, other) = run(config, image(), inputs);
            assert_eq!((vm.take_events(), &other), (events.clone(), &report), "{quantum} {rounds:?}");
        }
    }
    for policy in [Policy::RoundRobin, Policy::ProgressAware, Policy::Priority(Priority::Ageing { every: 2 })] {
        let traces = [1, 3, 256].map(|quantum| {
            let config = VMConfig { quantum, policy: policy.clone(), ..config() };
            run(config, image(), inputs).0.take_events()
        });
        assert!(traces[0] == traces[1] && traces[1] == traces[2], "{policy:?}");
    }
    (events, report)
}

/// `A` asks and waits; `B` waits for `A`, `C` for `B`.
fn outstanding() -> CodeImage {
    let mut image = image(&[Const::Duration(50)]);
    let ask = op(&mut image, "E", "ask", &[], INT);
    let sleep = op(&mut image, "E", "sleep", &[DURATION], UNIT);
    role(&mut image, "A", &[INT], &[Instr::Perform { op: ask, args: 0, dst: 0 }, send(1, 0), HALT]);
    let code = [set(1, 0), Instr::Perform { op: sleep, args: 1, dst: 2 }, receive(0, 0), send(2, 0), HALT];
    role(&mut image, "B", &[INT, DURATION, UNIT], &code);
    role(&mut image, "C", &[INT], &[receive(1, 0), HALT]);
    image
}

#[test]
fn a_crash_ends_the_session_and_every_peer_hears_of_it() {
    let image = || ping_pong(5);
    for tick in 0..30 {
        let (events, report) = same_everywhere(&image, &[(tick, Topology::Crash(0))]);
        assert_eq!((report.end, report.ticks), (SessionEnd::Cancelled(Cancellation::Crash(0)), tick));
        let end: Vec<(&str, Option<u16>)> = events.iter().rev().take(4).map(|e| (e.kind.name(), e.role())).collect();
        let expected = [
            ("EpochAdvanced", None),
            ("SessionTerminal", Some(1)),
            ("Cancelled", Some(0)),
            ("CancellationRequested", Some(0)),
        ];
        assert_eq!(end, expected, "{tick}");
        assert!(events.iter().rev().take(4).all(|event| event.tick == tick));
    }
}

#[test]
fn a_session_that_is_over_does_not_crash() {
    let (_, report) = same_everywhere(&|| ping_pong(2), &[(1000, Topology::Crash(0)), (999, Topology::Heal)]);
    assert_eq!(report.end, SessionEnd::Closed);
}

#[test]
fn what_is_outstanding_is_called_off_first() {
    let pairs = [
        "A.CancellationRequested",
        "A.CancellationRequested",
        "A.Cancelled",
        "B.CancellationRequested",
        "B.Cancelled",
        "A.Cancelled",
        "B.SessionTerminal",
        "C.SessionTerminal",
        "EpochAdvanced",
    ];
    // After three steps both requests are outstanding.
    for config in [config(), VMConfig { quantum: 1, ..config() }] {
        let (vm, report) = run(config, outstanding(), &[(3, Topology::Crash(0))]);
        assert_eq!(report.end, SessionEnd::Cancelled(Cancellation::Crash(0)));
        assert_eq!(last(&vm, 9), pairs);
    }
    // Between the two halves of an operation: its handler is not called at all.
    let (vm, _) = run(config(), outstanding(), &[(1, Topology::Crash(2))]);
    let names = ["A.Performed", "C.CancellationRequested", "A.CancellationRequested", "A.Cancelled", "C.Cancelled"];
    assert_eq!(event_names(&vm)[1..6], names);
}

#[test]
fn a_host_calls_a_session_off() {
    let mut vm = VM::new(config()).expect("right");
    vm.install("E", World);
    let image = vm.load_unverified(outstanding()).expect("loads");
    let [session, other] = [vm.open(image, &[]).expect("opens"), vm.open(image, &[]).expect("opens")];
    assert_eq!(vm.run(1000, &mut || false), RunEnd::Waiting);
    vm.cancel(&session).expect("it is active");
    assert_eq!(vm.active(), 1);
    let events: Vec<Event> = vm.take_events();
    let names: Vec<&str> = events.iter().rev().take(8).map(|event| event.kind.name()).collect();
    let expected = [
        "EpochAdvanced",
        "SessionTerminal",
        "Cancelled",
        "Cancelled",
        "CancellationRequested",
        "Cancelled",
        "CancellationRequested",
        "CancellationRequested",
    ];
    assert_eq!(names, expected);
    assert!(events.iter().rev().take(3).all(|event| event.role().is_none()));
    let unknown = Err(VMError::UnknownSession(session.clone()));
    assert_eq!(vm.cancel(&session), unknown);
    assert_eq!(vm.perturb(&session, 9, Topology::Heal), unknown);
    assert_eq!(vm.reply(&session, RequestId(0), Ok(Value::Int(1))), unknown);
    assert_eq!(vm.take_report(&session).expect("ended").end, SessionEnd::Cancelled(Cancellation::Host));
    // The other one goes on.
    vm.reply(&other, RequestId(0), Ok(Value::Int(1))).expect("outstanding");
    assert_eq!(vm.run(1000, &mut || false), RunEnd::Done);
    assert_eq!(vm.take_report(&other).expect("ended").end, SessionEnd::Closed);
}

#[test]
fn messages_across_a_partition_are_sent_but_not_seen() {
    // Cut from the start: `A` sends, `B` never sees it.
    let (events, report) = same_everywhere(&|| ping_pong(5), &[(0, Topology::Partition(vec![1]))]);
    let Fault::ChannelClosed { waits } = fault_of(&report) else { panic!("bug: {report:?}") };
    let shown: Vec<(&str, WaitKind, &str)> =
        waits.iter().map(|wait| (&*wait.role, wait.kind, &*wait.partners[0])).collect();
    assert_eq!(shown, [("A", WaitKind::Message, "B"), ("B", WaitKind::Message, "A")]);
    assert_eq!(fault_of(&report).code(), "vm.fault.channel_closed");
    assert!(fault_of(&report).to_string().starts_with("the channel is cut: `A` waits for a message from `B`; `B`"));
    let sent = events.iter().filter(|event| matches!(event.kind, EventKind::Sent(_))).count();
    let taken =
        events.iter().filter(|event| matches!(event.kind, EventKind::Chose(_) | EventKind::Received(_))).count();
    assert_eq!((sent, taken), (1, 0));
}

#[test]
fn a_partition_that_is_healed_changes_nothing_in_the_end() {
    let (_, expected) = run(config(), ping_pong(5), &[]);
    for (cut, heal) in [(0, 1), (0, 1000), (7, 8), (7, 9), (11, 500)] {
        let inputs = [(cut, Topology::Partition(vec![0])), (heal, Topology::Heal)];
        let (_, report) = same_everywhere(&|| ping_pong(5), &inputs);
        assert_eq!((report.end, report.finals), (expected.end.clone(), expected.finals.clone()), "{cut} {heal}");
    }
    // Roles on one side go on; who waits for room on a cut edge is named.
    let mut burst = image(&[Const::Int(1)]);
    role(&mut burst, "A", &[INT], &[set(0, 0), send(1, 0), send(1, 0), send(1, 0), HALT]);
    role(&mut burst, "B", &[INT], &[receive(0, 0), receive(0, 0), receive(0, 0), HALT]);
    role(&mut burst, "C", &[INT], &[set(0, 0), send(3, 0), HALT]);
    role(&mut burst, "D", &[INT], &[receive(2, 0), HALT]);
    let tight = VMConfig { edge_capacity: 2, ..config() };
    let (vm, report) = run(tight, burst, &[(0, Topology::Partition(vec![1, 2, 3]))]);
    let Fault::ChannelClosed { waits } = fault_of(&report) else { panic!("bug: {report:?}") };
    assert_eq!((waits[0].kind, waits[1].kind), (WaitKind::Room, WaitKind::Message));
    assert!(event_names(&vm).contains(&"D.Received".to_owned()));
}

#[test]
fn a_deadlock_that_no_partition_causes_is_one() {
    let mut image = image(&[]);
    role(&mut image, "A", &[INT], &[receive(1, 0), HALT]);
    role(&mut image, "B", &[INT], &[receive(0, 0), HALT]);
    role(&mut image, "C", &[], &[HALT]);
    let (_, report) = run(config(), image, &[(0, Topology::Partition(vec![2]))]);
    assert!(matches!(fault_of(&report), Fault::Deadlock { .. }));
}

/// `A` sends two numbers and a text; `B` takes them, the text by a choice.
fn letters() -> CodeImage {
    let mut image = image(&[Const::Int(1), Const::Int(2), Const::Str("three".into())]);
    let text = Instr::Send { to: 1, label: 3, val: 2 };
    let code = [set(0, 0), set(1, 1), set(2, 2), send(1, 0), send(1, 1), text, HALT];
    role(&mut image, "A", &[INT, INT, STRING], &code);
    role(&mut image, "B", &[INT, INT, STRING], &[receive(0, 0), receive(0, 1), Instr::Choose { table: 0 }, HALT]);
    choose(&mut image, &[(0, 3, 2, 3)], false);
    image
}

#[test]
fn a_damaged_message_is_noticed_by_whoever_takes_it() {
    let corrupt = |damage| Topology::Corrupt { from: 0, to: 1, damage };
    for damage in [Damage::Payload, Damage::Label, Damage::Sequence] {
        // After 4, 5 and 6 steps the newest message is number 0, 1 and 2; before that, the next one is number 0.
        for (tick, number) in [(0, 0), (3, 0), (4, 0), (5, 1), (6, 2)] {
            let (events, report) = same_everywhere(&letters, &[(tick, corrupt(damage))]);
            let claimed = if damage == Damage::Sequence { number ^ 1 } else { number };
            let expected = Fault::InvalidSignature { from: "A".into(), to: "B".into(), number: claimed };
            assert_eq!(*fault_of(&report), expected, "{damage:?} {tick}");
            assert_eq!(fault_of(&report).code(), "vm.fault.invalid_signature");
            let taken = events.iter().filter(|event| matches!(event.kind, EventKind::Received(_))).count();
            assert_eq!(taken, number as usize, "what came before is right");
        }
        // The same bit changed twice is as it was sent.
        let (_, report) = same_everywhere(&letters, &[(5, corrupt(damage)), (5, corrupt(damage))]);
        assert_eq!(report.end, SessionEnd::Closed, "{damage:?}");
    }
    // Two damaged messages on one edge: the first one is noticed first.
    let (_, report) = run(config(), letters(), &[(4, corrupt(Damage::Label)), (6, corrupt(Damage::Payload))]);
    assert!(matches!(fault_of(&report), Fault::InvalidSignature { number: 0, .. }));
}

/// The same letters; `B` speculates when it takes the two numbers, and ends it so.
fn tried(end: Instr) -> CodeImage {
    let mut image = letters();
    image.functions[1].code = vec![
        Instr::Fork { target: 6 },
        receive(0, 0),
        receive(0, 1),
        end,
        Instr::Choose { table: 0 },
        HALT,
        receive(0, 0),
        receive(0, 1),
        Instr::Choose { table: 0 },
    ];
    image.functions[1].chooses[0].rows[0].target = 5;
    image
}

#[test]
fn a_damaged_message_is_noticed_also_by_who_speculates() {
    for end in [Instr::Join, Instr::Abort] {
        for damage in [Damage::Payload, Damage::Label, Damage::Sequence] {
            // From 6 steps on the newest message is number 2, as long as it is there.
            for (tick, number) in [(4, 0), (5, 1), (6, 2), (7, 2), (8, 2), (9, 2), (10, 2)] {
                let corrupt = Topology::Corrupt { from: 0, to: 1, damage };
                let (_, report) = same_everywhere(&|| tried(end), &[(tick, corrupt)]);
                let claimed = if damage == Damage::Sequence { number ^ 1 } else { number };
                let expected = Fault::InvalidSignature { from: "A".into(), to: "B".into(), number: claimed };
                assert_eq!(*fault_of(&report), expected, "{end:?} {damage:?} {tick}");
            }
        }
    }
}

#[test]
fn what_is_damaged_or_cut_off_is_noticed_before_anything_is_written() {
    let program = Program::prepare(letters());
    let mut state = SessionState::new(&program, ImageId(0), SessionId::root(0), &Arc::new(config()));
    state.rare.get_or_insert_default();
    for _ in 0..6 {
        assert_eq!(VMKernel::step(&program, &mut state, 0), Outcome::Ran);
    }
    let mut cut = state.clone();
    VMKernel::disturb(&program, &mut cut, &Topology::Partition(vec![0]));
    assert_eq!(VMKernel::step(&program, &mut cut, 1), Outcome::Blocked);
    assert_eq!(cut.digest(), state.digest());
    for damage in [Damage::Payload, Damage::Label, Damage::Sequence] {
        let mut damaged = state.clone();
        assert_eq!(VMKernel::step(&program, &mut damaged, 1), Outcome::Ran);
        assert_eq!(VMKernel::step(&program, &mut damaged, 1), Outcome::Ran);
        let whole = damaged.digest();
        VMKernel::disturb(&program, &mut damaged, &Topology::Corrupt { from: 0, to: 1, damage });
        let before = damaged.digest();
        assert_ne!(before, whole, "the message is another one");
        assert!(matches!(VMKernel::step(&program, &mut damaged, 1), Outcome::Faulted(_)));
        assert_eq!(damaged.digest(), before);
    }
}

#[test]
fn every_kind_of_payload_can_be_damaged() {
    let consts = [Const::Unit, Const::Bool(true), Const::Duration(5), Const::Str("x".into())];
    for (label, constant) in [(0, 0), (1, 1), (4, 2), (3, 3)] {
        let mut image = image(&consts);
        let ty = image.labels[label as usize].payload;
        role(&mut image, "A", &[ty], &[set(0, constant), Instr::Send { to: 1, label, val: 0 }, HALT]);
        role(&mut image, "B", &[ty], &[Instr::Receive { from: 0, label, dst: 0 }, HALT]);
        let input = Topology::Corrupt { from: 0, to: 1, damage: Damage::Payload };
        let (_, report) = run(config(), image, &[(0, input)]);
        assert!(matches!(fault_of(&report), Fault::InvalidSignature { number: 0, .. }), "{label}");
    }
}

#[test]
fn a_role_that_times_out_makes_no_step_until_the_clock_has_gone_on() {
    let (_, expected) = run(config(), ping_pong(5), &[]);
    let timeout = Topology::Timeout { role: 1, nanoseconds: 30 };
    for tick in [0, 4, 9, 17] {
        let (events, report) = same_everywhere(&|| ping_pong(5), &[(tick, timeout.clone())]);
        assert_eq!((report.end, report.finals), (expected.end.clone(), expected.finals.clone()));
        let issued = events.iter().find(|event| event.kind == EventKind::RoleTimeoutIssued).expect("issued");
        assert_eq!((issued.tick, issued.role(), &issued.value), (tick, Some(1), &Value::Duration(30)));
        assert_eq!(issued.kind.name(), "TimeoutIssued");
    }
    // While `B` sleeps for 50, `C` must not step for 80: what it waits for is there long before.
    let inputs = [(0, Topology::Timeout { role: 2, nanoseconds: 80 })];
    let mut vm = VM::new(config()).expect("right");
    vm.install("E", |call: &crate::Call<'_>, args: &[Value]| match (call.op, args) {
        ("sleep", [Value::Duration(_)]) => Ok(Value::Unit),
        _ => Ok(Value::Int(call.now)),
    });
    let mut image = outstanding();
    image.functions[2].code.insert(0, Instr::Perform { op: 0, args: 0, dst: 0 });
    image.functions[2].code[1] = Instr::Move { dst: 0, src: 0 };
    image.functions[1].code[3] = Instr::Move { dst: 0, src: 0 };
    let image = vm.load_unverified(image).expect("loads");
    let session = vm.open(image, &[]).expect("opens");
    for (tick, input) in inputs {
        vm.perturb(&session, tick, input).expect("in time");
    }
    vm.run(1000, &mut || false);
    let report = vm.take_report(&session).expect("ended");
    assert_eq!(report.finals[2].as_ref().expect("done")[0].value, Value::Int(80), "its time when it goes on");
    let described = vm.events().filter_map(|event| vm.describe(&event)).find(|event| event.event == "TimeoutIssued");
    assert_eq!(described.expect("issued").fields, [("duration", "80ns".to_owned())]);
}

#[test]
fn no_timeout_is_none_and_the_longest_one_counts() {
    let times = |inputs: &[(u64, Topology)]| {
        let mut image = image(&[]);
        let now = op(&mut image, "E", "now", &[], DURATION);
        role(&mut image, "A", &[DURATION], &[Instr::Yield, Instr::Perform { op: now, args: 0, dst: 0 }, HALT]);
        let (_, report) = run(config(), image, inputs);
        report.finals[0].as_ref().expect("done")[0].value.clone()
    };
    let timeout = |nanoseconds| Topology::Timeout { role: 0, nanoseconds };
    assert_eq!(times(&[(0, timeout(0))]), Value::Duration(0));
    assert_eq!(times(&[(0, timeout(9)), (0, timeout(4))]), Value::Duration(9));
    assert_eq!(times(&[(0, timeout(4)), (0, timeout(9))]), Value::Duration(9));
    // Nothing can step, so the second one takes effect before the clock goes on.
    assert_eq!(times(&[(0, timeout(4)), (1, timeout(9))]), Value::Duration(9));
    assert_eq!(times(&[(1, timeout(9))]), Value::Duration(9));
    assert_eq!(times(&[(0, timeout(u64::MAX))]), Value::Duration(i64::MAX));
}

#[test]
fn what_is_late_or_concerns_nobody_is_refused() {
    let mut vm = VM::new(config()).expect("right");
    let image = vm.load_unverified(ping_pong(50)).expect("loads");
    let session = vm.open(image, &[]).expect("opens");
    vm.run(10, &mut || false);
    let late = VMError::Late { session: session.clone(), tick: 9, committed: 10 };
    assert_eq!(vm.perturb(&session, 9, Topology::Heal), Err(late));
    let corrupt = |from, to| Topology::Corrupt { from, to, damage: Damage::Label };
    for (input, error) in [
        (Topology::Crash(2), VMError::UnknownRole { role: 2 }),
        (Topology::Partition(vec![0, 7]), VMError::UnknownRole { role: 7 }),
        (Topology::Timeout { role: 3, nanoseconds: 1 }, VMError::UnknownRole { role: 3 }),
        (corrupt(0, 9), VMError::UnknownRole { role: 9 }),
        (corrupt(0, 0), VMError::UnknownEdge { from: 0, to: 0 }),
    ] {
        assert_eq!(vm.perturb(&session, 10, input), Err(error));
    }
    let stranger = SessionId::root(7);
    assert_eq!(vm.perturb(&stranger, 10, Topology::Heal), Err(VMError::UnknownSession(stranger.clone())));
    // The step that is next is not too late.
    vm.perturb(&session, 10, Topology::Crash(1)).expect("in time");
    vm.run(10, &mut || false);
    let report = vm.take_report(&session).expect("ended");
    assert_eq!((report.end, report.ticks), (SessionEnd::Cancelled(Cancellation::Crash(1)), 10));
}

#[test]
fn it_does_not_matter_when_an_input_is_given() {
    let inputs =
        [(12, Topology::Partition(vec![0])), (14, Topology::Timeout { role: 0, nanoseconds: 5 }), (20, Topology::Heal)];
    let (mut vm, _) = run(config(), ping_pong(5), &inputs);
    let expected = vm.take_events();
    for given in 0..=12 {
        let mut vm = VM::new(config()).expect("right");
        let image = vm.load_unverified(ping_pong(5)).expect("loads");
        let session = vm.open(image, &[]).expect("opens");
        vm.run(given, &mut || false);
        // In any order.
        for (tick, input) in inputs.iter().rev() {
            vm.perturb(&session, *tick, input.clone()).expect("in time");
        }
        vm.run(10_000, &mut || false);
        assert_eq!(vm.take_events(), expected, "given after {given} steps");
    }
}

#[test]
fn who_waits_for_an_answer_feels_what_comes_at_once_and_not_what_comes_later() {
    let mut vm = VM::new(config()).expect("right");
    vm.install("E", World);
    let image = vm.load_unverified(outstanding()).expect("loads");
    let [now, later] = [vm.open(image, &[]).expect("opens"), vm.open(image, &[]).expect("opens")];
    assert_eq!(vm.run(1000, &mut || false), RunEnd::Waiting);
    vm.perturb(&now, 3, Topology::Crash(1)).expect("in time");
    assert_eq!(vm.take_report(&now).expect("ended").end, SessionEnd::Cancelled(Cancellation::Crash(1)));
    vm.perturb(&later, 4, Topology::Crash(1)).expect("in time");
    vm.perturb(&later, 3, Topology::Heal).expect("in time");
    assert_eq!(vm.run(1000, &mut || false), RunEnd::Waiting);
    vm.reply(&later, RequestId(0), Ok(Value::Int(1))).expect("outstanding");
    vm.run(1000, &mut || false);
    let report = vm.take_report(&later).expect("ended");
    assert_eq!((report.end, report.ticks), (SessionEnd::Cancelled(Cancellation::Crash(1)), 4));
}

/// `B` takes a number from `C` and goes round for ever; `A` sleeps.
fn endless() -> CodeImage {
    let mut image = image(&[Const::Int(1), Const::Duration(50)]);
    let sleep = op(&mut image, "E", "sleep", &[DURATION], UNIT);
    role(&mut image, "B", &[INT], &[receive(1, 0), Instr::Yield, Instr::Jump { target: 1 }]);
    role(&mut image, "C", &[INT], &[set(0, 0), send(0, 0), HALT]);
    role(&mut image, "A", &[DURATION, UNIT], &[set(0, 1), Instr::Perform { op: sleep, args: 0, dst: 1 }, HALT]);
    image
}

#[test]
fn no_input_gives_a_session_more_than_its_share() {
    let mut vm = VM::new(VMConfig { quantum: 1, ..config() }).expect("right");
    vm.install_local("E", || World);
    let image = vm.load_unverified(endless()).expect("loads");
    let [session, other] = [vm.open(image, &[]).expect("opens"), vm.open(image, &[]).expect("opens")];
    let ticks = |vm: &VM, id: &SessionId| vm.inspect(id).expect("active").1.ticks();
    // An input that comes early, when `A` has just gone to sleep and `B` sees nothing, wakes nobody.
    vm.perturb(&session, 0, Topology::Partition(vec![1])).expect("in time");
    vm.perturb(&session, 500, Topology::Partition(vec![])).expect("in time");
    while ticks(&vm, &session) < 5 {
        vm.kernel_step_round(1);
    }
    // Then one that wakes `B` is given.
    let now = ticks(&vm, &session);
    vm.perturb(&session, now, Topology::Heal).expect("in time");
    let before = [ticks(&vm, &session), ticks(&vm, &other)];
    for _ in 0..100 {
        vm.kernel_step_round(1);
    }
    assert_eq!([ticks(&vm, &session) - before[0], ticks(&vm, &other) - before[1]], [50, 50]);
}

#[test]
fn a_timeout_of_a_branch_that_is_abandoned_leaves_nothing_behind() {
    let (vm, report) = run(
        config(),
        super::scopes::race(4),
        &[(0, Topology::Timeout { role: 1, nanoseconds: 3 }), (6, Topology::Timeout { role: 0, nanoseconds: 8 })],
    );
    assert_eq!(report.end, SessionEnd::Closed);
    let issued = event_names(&vm).into_iter().filter(|name| name.ends_with("TimeoutIssued")).count();
    assert!(issued >= 2);
}
