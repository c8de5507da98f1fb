//! Branches of a `par`: `Spawn`, `JoinAll`, `Finish`.

use super::fixture::{HALT, INT, config, event_names, fault_of, image, receive, role, run, run_with, send, set};
use crate::config::VMConfig;
use crate::fault::{Fault, WaitKind};
use crate::session::SessionEnd;
use tell_ir::image::{CodeImage, Const};
use tell_ir::instr::Instr;

const fn spawn(target: u32) -> Instr {
    Instr::Spawn { target }
}

/// `A` receives from `B` in one branch and from `C` in another; `C` waits for a word of `B`, who is answered first.
pub(super) fn two_branches() -> CodeImage {
    let mut image = image(&[Const::Int(1), Const::Int(2)]);
    let a = [
        spawn(4),
        spawn(7),
        Instr::JoinAll,
        HALT,
        receive(1, 0),
        send(1, 0),
        Instr::Finish,
        receive(2, 1),
        Instr::Finish,
    ];
    role(&mut image, "A", &[INT, INT], &a);
    role(&mut image, "B", &[INT], &[set(0, 0), send(0, 0), receive(0, 0), send(2, 0), HALT]);
    role(&mut image, "C", &[INT, INT], &[receive(1, 0), set(1, 1), send(0, 1), HALT]);
    image
}

#[test]
fn branches_go_on_independently_and_their_role_goes_on_behind_both() {
    for (quantum, slice) in [(1, 1), (7, 2), (256, 256)] {
        let (vm, report) = run_with(VMConfig { quantum, slice, ..config() }, two_branches(), |_| {});
        assert_eq!(report.end, SessionEnd::Closed);
        let finals = report.finals[0].as_ref().expect("it is done");
        assert_eq!([&*finals[0].shown, &*finals[1].shown], ["1", "2"]);
        let names = event_names(&vm);
        assert_eq!(names.iter().filter(|name| *name == "A.BranchStarted").count(), 2);
        assert_eq!(names.iter().filter(|name| *name == "A.BranchEnded").count(), 2);
        assert_eq!(names.iter().filter(|name| *name == "A.Halted").count(), 1);
    }
}

#[test]
fn branches_nest_and_their_places_are_used_again() {
    let mut image = image(&[Const::Int(1), Const::Int(2)]);
    // Twice round: two branches, the first of which has two of its own.
    let code = [
        set(0, 0),
        set(3, 0),
        set(5, 1),
        Instr::Prim { op: tell_ir::prim::Prim::Add, dst: 3, a: 3, b: 0 },
        spawn(9),
        spawn(15),
        Instr::JoinAll,
        Instr::Jump { target: 17 },
        HALT,
        spawn(13),
        spawn(13),
        Instr::JoinAll,
        Instr::Finish,
        set(1, 0),
        Instr::Finish,
        set(2, 0),
        Instr::Finish,
        Instr::Prim { op: tell_ir::prim::Prim::Lt, dst: 4, a: 5, b: 3 },
        Instr::Branch { val: 4, target: 3 },
        HALT,
    ];
    role(&mut image, "A", &[INT, INT, INT, INT, super::fixture::BOOL, INT], &code);
    let (vm, report) = run(image);
    assert_eq!(report.end, SessionEnd::Closed);
    let described = vm.events().filter_map(|event| vm.describe(&event));
    let started: Vec<String> =
        described.filter(|event| event.event == "BranchStarted").map(|event| event.fields[0].1.clone()).collect();
    assert_eq!(started.len(), 8);
    assert!(started.iter().all(|place| place.parse::<u16>().is_ok_and(|place| place <= 4)), "{started:?}");
}

#[test]
fn a_branch_that_waits_for_ever_is_a_deadlock_of_its_role() {
    let mut image = image(&[]);
    role(&mut image, "A", &[INT], &[spawn(3), Instr::JoinAll, HALT, receive(1, 0), Instr::Finish]);
    role(&mut image, "B", &[INT], &[HALT]);
    let (_, report) = run(image);
    let Fault::Deadlock { waits, .. } = fault_of(&report) else { panic!("{report:?}") };
    assert_eq!(waits.iter().map(|wait| wait.kind).collect::<Vec<_>>(), [WaitKind::Join, WaitKind::Message]);
    assert!(fault_of(&report).to_string().contains("`A` waits for its branches; `A` waits for a message from `B`"));
}

#[test]
fn a_session_may_end_while_branches_wait() {
    let mut image = image(&[Const::Int(1)]);
    let a = [spawn(3), Instr::JoinAll, HALT, Instr::Choose { table: 0 }];
    role(&mut image, "A", &[INT], &a);
    super::fixture::choose(&mut image, &[(1, 2, 0, 3)], true);
    role(&mut image, "B", &[INT], &[set(0, 0), send(0, 0), HALT]);
    let (_, report) = run(image);
    assert_eq!(report.end, SessionEnd::Closed);
    assert_eq!(report.finals[0].as_ref().expect("its branch is done by notice")[0].shown, "1");
}

#[test]
fn what_belongs_to_branches_faults_outside_of_them() {
    for (code, instruction) in [
        (vec![Instr::Finish], "Finish"),
        (vec![spawn(1), HALT], "Halt"),
        (vec![spawn(3), Instr::JoinAll, HALT, HALT], "Halt"),
        (vec![spawn(3), Instr::JoinAll, HALT, spawn(4), Instr::Finish], "Finish"),
        (vec![Instr::Exit { scope: 0 }], "Exit"),
        (vec![Instr::Leave { scope: 0 }], "Leave"),
    ] {
        let mut image = image(&[]);
        role(&mut image, "A", &[INT], &code);
        let fault = fault_of(&run(image).1).clone();
        assert_eq!((fault.code(), fault), ("vm.fault.misplaced", Fault::Misplaced { instruction }));
    }
}

#[test]
fn branches_without_end_are_limited() {
    let mut image = image(&[]);
    role(&mut image, "A", &[INT], &[spawn(2), Instr::Jump { target: 0 }, receive(1, 0)]);
    role(&mut image, "B", &[INT], &[receive(0, 0)]);
    let mut vm = crate::machine::VM::new(config()).expect("right");
    let id = vm.load_unverified(image).expect("loads");
    let session = vm.open(id, &[]).expect("opens");
    vm.run(1_000_000, &mut || false);
    let report = vm.take_report(&session).expect("it has ended");
    assert!(matches!(fault_of(&report), Fault::LimitExceeded { what: "coroutines of a session", .. }), "{report:?}");
}
