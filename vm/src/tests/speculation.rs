//! `Fork`, `Join`, `Abort`: what happens is all or nothing.

use super::fixture::{
    BOOL, HALT, INT, LOG, PAID, choose, config, event_names, fault_of, image, op, receive, role, run, run_with, send,
    set,
};
use crate::config::VMConfig;
use crate::event::EventKind;
use crate::fault::Fault;
use crate::handler::{Call, Failure, Handler, HostStep};
use crate::machine::VM;
use crate::session::{SessionEnd, SessionReport};
use crate::value::Value;
use tell_ir::image::{CodeImage, Const, Region};
use tell_ir::instr::Instr;
use tell_ir::prim::Prim;
use tell_ir::resource::Fact;

const fn fork(target: u32) -> Instr {
    Instr::Fork { target }
}

fn consts() -> [Const; 3] {
    [Const::Int(1), Const::Int(2), Const::Int(3)]
}

fn finals(report: &SessionReport, role: usize) -> Vec<&str> {
    report.finals[role].iter().flatten().map(|value| &*value.shown).collect()
}

/// `A` sends two numbers while it speculates and ends it so; then it sends a third. `B` takes what comes.
pub(super) fn sending(end: Instr) -> CodeImage {
    let mut image = image(&consts());
    let code = [set(0, 0), fork(6), set(0, 1), send(1, 0), send(1, 0), end, send(1, 0), HALT];
    role(&mut image, "A", &[INT], &code);
    role(&mut image, "B", &[INT, INT, INT], &[]);
    choose(&mut image, &[(0, 2, 0, 1)], true);
    choose(&mut image, &[(0, 2, 1, 2)], true);
    choose(&mut image, &[(0, 2, 2, 3)], true);
    image.functions[1].code =
        vec![Instr::Choose { table: 0 }, Instr::Choose { table: 1 }, Instr::Choose { table: 2 }, HALT];
    image
}

#[test]
fn what_is_joined_happens_at_once() {
    for (quantum, slice) in [(1, 1), (2, 1), (3, 256), (256, 256)] {
        let (vm, report) = run_with(VMConfig { quantum, slice, ..config() }, sending(Instr::Join), |_| {});
        assert_eq!(report.end, SessionEnd::Closed);
        assert_eq!(finals(&report, 1), ["2", "2", "2"]);
        let events: Vec<_> = vm.events().filter(|event| event.role() == Some(0)).collect();
        let names: Vec<_> = events.iter().map(|event| event.kind.name()).collect();
        assert_eq!(names, ["Forked", "Sent", "Sent", "Joined", "Sent", "Halted"]);
        let joined = events[3].tick;
        assert_eq!((events[1].tick, events[2].tick), (joined, joined), "events appear at `Join`");
        let sequences: Vec<u32> = vm.events().map(|event| event.sequence).collect();
        assert!(sequences.is_sorted_by(|a, b| a + 1 == *b), "{sequences:?}");
    }
}

#[test]
fn what_is_undone_never_was() {
    for (quantum, slice) in [(1, 1), (2, 1), (3, 256), (256, 256)] {
        let (vm, report) = run_with(VMConfig { quantum, slice, ..config() }, sending(Instr::Abort), |_| {});
        assert_eq!(report.end, SessionEnd::Closed);
        // The register is as it was, and only the message behind the speculation was sent.
        assert_eq!(finals(&report, 0), ["1"]);
        assert_eq!(finals(&report, 1)[0], "1");
        let names: Vec<_> =
            vm.events().filter(|event| event.role() == Some(0)).map(|event| event.kind.name()).collect();
        assert_eq!(names, ["Forked", "Aborted", "Sent", "Halted"]);
    }
}

#[test]
fn messages_go_back_to_the_heads_of_their_edges() {
    for (quantum, slice) in [(1, 1), (256, 256)] {
        let mut image = image(&consts());
        // B takes two of three, thinks again, and takes all three; with a capacity of one, A waits all the while.
        let code = [
            receive(0, 0),
            fork(5),
            receive(0, 1),
            receive(0, 2),
            Instr::Abort,
            receive(0, 1),
            receive(0, 2),
            receive(0, 3),
            HALT,
        ];
        let a = [set(0, 0), send(1, 0), set(0, 1), send(1, 0), set(0, 2), send(1, 0), send(1, 0), HALT];
        role(&mut image, "A", &[INT], &a);
        role(&mut image, "B", &[INT; 4], &code);
        for edge_capacity in [1, 2, 64] {
            let config = VMConfig { quantum, slice, edge_capacity, ..config() };
            let (_, report) = run_with(config, image.clone(), |_| {});
            assert_eq!(report.end, SessionEnd::Closed);
            assert_eq!(finals(&report, 1), ["1", "2", "3", "3"]);
        }
    }
}

#[test]
fn whatever_would_wait_undoes_it() {
    // B tries to take a message that is not there yet, sends a word, and takes it then.
    let mut image = image(&consts());
    role(&mut image, "A", &[INT], &[receive(1, 0), send(1, 0), HALT]);
    let code = [set(0, 0), fork(5), receive(0, 1), Instr::Join, HALT, send(0, 0), receive(0, 1), HALT];
    role(&mut image, "B", &[INT, INT], &code);
    let (vm, report) = run(image);
    assert_eq!(report.end, SessionEnd::Closed);
    assert_eq!(finals(&report, 1), ["1", "1"]);
    assert!(event_names(&vm).contains(&"B.Aborted".to_owned()));
    // More letters than the edge has room for: it can never be joined.
    let (vm, report) = run_with(VMConfig { edge_capacity: 1, ..config() }, sending(Instr::Join), |_| {});
    assert_eq!(report.end, SessionEnd::Closed);
    assert_eq!(finals(&report, 1)[0], "1");
    assert!(event_names(&vm).contains(&"A.Aborted".to_owned()));
}

#[test]
fn a_choice_is_speculated_on() {
    let mut image = image(&consts());
    role(&mut image, "A", &[INT], &[set(0, 1), send(1, 0), HALT]);
    let code = [
        Instr::Yield,
        fork(5),
        Instr::Choose { table: 0 },
        Instr::Prim { op: Prim::Add, dst: 0, a: 0, b: 0 },
        Instr::Join,
        HALT,
    ];
    role(&mut image, "B", &[INT], &code);
    choose(&mut image, &[(0, 2, 0, 3)], false);
    let (vm, report) = run(image);
    assert_eq!(report.end, SessionEnd::Closed);
    assert_eq!(finals(&report, 1), ["4"]);
    assert!(event_names(&vm).contains(&"B.Chose".to_owned()));
}

#[test]
fn what_is_known_goes_back() {
    for (end, expected) in [(Instr::Join, "true"), (Instr::Abort, "false")] {
        let mut image = image(&[]);
        image.resources.facts.push(Fact { name: "paid".into(), about: None });
        let code = [fork(3), Instr::Tag { fact: 0, dst: 0 }, end, Instr::Check { fact: 0, to: 0, dst: 1 }, HALT];
        role(&mut image, "A", &[PAID, BOOL], &code);
        image.functions[0].finals[0].remove(0);
        assert_eq!(finals(&run(image).1, 0), [expected]);
    }
}

/// Counts its calls; answers with their number.
#[derive(Clone, Default)]
struct Counter(i64);

impl Handler for Counter {
    fn start(&mut self, call: &Call<'_>, _: &[Value]) -> HostStep {
        self.0 += 1;
        match call.op {
            "later" => HostStep::Blocked,
            "fail" => HostStep::Fail(Failure::unavailable("no")),
            _ => HostStep::Reply(Value::Int(self.0)),
        }
    }

    fn checkpoint(&self) -> Option<Box<dyn Handler + Send>> {
        Some(Box::new(self.clone()))
    }
}

/// Counts once, speculates with that operation, and counts again.
fn counting(name: &str, end: Instr, install: impl FnOnce(&mut VM)) -> (VM, SessionReport) {
    let mut image = image(&[]);
    let (count, other) = (op(&mut image, "E", "count", &[], INT), op(&mut image, "E", name, &[], INT));
    let perform = |op, dst| Instr::Perform { op, args: 0, dst };
    role(
        &mut image,
        "A",
        &[INT, INT, INT],
        &[perform(count, 0), fork(4), perform(other, 1), end, perform(count, 2), HALT],
    );
    run_with(config(), image, install)
}

#[test]
fn handlers_of_the_session_are_restored() {
    let local = |vm: &mut VM| vm.install_local("E", Counter::default);
    let (_, report) = counting("count", Instr::Join, local);
    assert_eq!(finals(&report, 0), ["1", "2", "3"]);
    let (_, report) = counting("count", Instr::Abort, local);
    assert_eq!(finals(&report, 0), ["1", "()", "2"]);
}

#[test]
fn an_answer_that_comes_later_or_never_undoes_it() {
    for name in ["later", "fail"] {
        let (vm, report) = counting(name, Instr::Join, |vm| vm.install_local("E", Counter::default));
        assert_eq!(report.end, SessionEnd::Closed, "{name}");
        assert_eq!(finals(&report, 0), ["1", "()", "2"]);
        assert!(event_names(&vm).contains(&"A.Aborted".to_owned()));
    }
}

#[test]
fn handlers_that_cannot_be_restored_are_not_used() {
    let (_, report) = counting("count", Instr::Join, |vm| vm.install("E", Counter::default()));
    let reason = "the handler cannot be restored";
    assert_eq!(fault_of(&report), &Fault::Speculation { reason });
    let closure = |_: &Call<'_>, _: &[Value]| -> Result<Value, Failure> { Ok(Value::Int(7)) };
    let (_, report) = counting("count", Instr::Join, |vm| vm.install_local("E", move || closure));
    assert_eq!(fault_of(&report), &Fault::Speculation { reason });
    assert_eq!(fault_of(&report).code(), "vm.fault.speculation");
}

#[test]
fn what_cannot_be_undone_is_refused() {
    let reason = "this cannot be undone";
    let global = {
        let mut image = image(&[]);
        let global = op(&mut image, "E", "count", &[], INT);
        image.ops[0].meta.region = Region::Global;
        role(&mut image, "A", &[INT], &[fork(2), Instr::Perform { op: global, args: 0, dst: 0 }, HALT]);
        run_with(config(), image, |vm| vm.install_local("E", Counter::default)).1
    };
    assert_eq!(fault_of(&global), &Fault::Speculation { reason });
    for instr in [
        Instr::Yield,
        HALT,
        Instr::Spawn { target: 0 },
        Instr::JoinAll,
        Instr::Finish,
        Instr::Enter { scope: 0 },
        Instr::Exit { scope: 0 },
        Instr::Leave { scope: 0 },
        Instr::Open { table: 0, dst: 0 },
        Instr::Close { endpoint: 0, dst: 0 },
        Instr::Acquire { layer: 0, dst: 0 },
        Instr::Release { layer: 0, evidence: 0 },
        Instr::Fork { target: 0 },
        Instr::Transfer { endpoint: 0, to: 0, bundle: 0 },
    ] {
        let mut image = image(&[]);
        role(&mut image, "A", &[LOG], &[fork(2), instr, HALT]);
        let (vm, report) = run(image);
        assert_eq!(fault_of(&report), &Fault::Speculation { reason }, "{instr:?}");
        assert!(!vm.events().any(|event| event.kind == EventKind::Joined));
    }
}

#[test]
fn what_was_not_begun_does_not_end() {
    for instr in [Instr::Join, Instr::Abort] {
        let mut image = image(&[]);
        role(&mut image, "A", &[], &[instr, HALT]);
        assert_eq!(fault_of(&run(image).1), &Fault::Speculation { reason: "nothing speculates" });
    }
}

#[test]
fn a_fault_in_a_speculation_ends_the_session_and_nothing_it_did_is_seen() {
    let mut image = image(&consts());
    role(
        &mut image,
        "A",
        &[INT],
        &[
            set(0, 0),
            fork(5),
            send(1, 0),
            Instr::Fail { fault: tell_ir::instr::FailKind::Assertion, text: 0 },
            HALT,
            HALT,
        ],
    );
    role(&mut image, "B", &[INT], &[receive(0, 0), HALT]);
    let (vm, report) = run(image);
    assert_eq!(fault_of(&report).code(), "vm.fault.assertion");
    assert!(!vm.events().any(|event| matches!(event.kind, EventKind::Sent(_))));
}

#[test]
fn the_wrong_message_is_a_fault() {
    let mut image = image(&consts());
    role(&mut image, "A", &[INT], &[set(0, 0), send(1, 0), HALT]);
    role(&mut image, "B", &[BOOL], &[Instr::Yield, fork(3), Instr::Receive { from: 0, label: 1, dst: 0 }, HALT]);
    assert_eq!(fault_of(&run(image).1).code(), "vm.fault.unknown_label");
}
