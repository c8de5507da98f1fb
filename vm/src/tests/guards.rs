//! `Acquire` and `Release`: exclusion inside a session and between sessions.

use super::fixture::{
    DISK, DURATION, HALT, INT, LOG, UNIT, config, event_names, fault_of, image, op, role, run, run_with, set, table,
};
use super::scopes::World;
use crate::config::VMConfig;
use crate::fault::{Fault, WaitKind};
use crate::handler::{Call, Handler, HostStep};
use crate::id::{RequestId, SessionId};
use crate::machine::{RunEnd, VM};
use crate::session::SessionEnd;
use crate::topology::Topology;
use crate::value::Value;
use tell_ir::image::{CodeImage, Const, Outcome};
use tell_ir::instr::{FailKind, Instr};
use tell_ir::resource::{Layer, Reach};

const fn acquire(layer: u16, dst: u16) -> Instr {
    Instr::Acquire { layer, dst }
}

const fn release(layer: u16, evidence: u16) -> Instr {
    Instr::Release { layer, evidence }
}

/// An image with a layer of the session and a shared one.
fn layers() -> CodeImage {
    let mut image = image(&[Const::Int(1), Const::Str("no".into())]);
    image.resources.layers.push(Layer { name: "log".into(), reach: Reach::Session });
    image.resources.layers.push(Layer { name: "disk".into(), reach: Reach::Shared });
    image
}

/// Three roles that each yield while they hold the layer.
pub(super) fn three(layer: u16) -> CodeImage {
    let mut image = layers();
    for name in ["A", "B", "C"] {
        let code = [acquire(layer, layer), Instr::Yield, Instr::Yield, release(layer, layer), HALT];
        role(&mut image, name, &[LOG, DISK], &code);
        image.functions.last_mut().expect("added").finals[0].clear();
    }
    image
}

/// Who holds the layer when, in the order of events: never two at a time.
fn holders(vm: &VM) -> Vec<String> {
    let mut held: Option<String> = None;
    let mut order = Vec::new();
    for event in vm.events().filter_map(|event| vm.describe(&event)) {
        let who = format!("{}.{}", event.session, event.role.unwrap_or_default());
        match event.event {
            "Acquired" => {
                assert_eq!(held.replace(who.clone()), None, "{who} takes what is held");
                order.push(who);
            }
            "Released" => assert_eq!(held.take(), Some(who)),
            _ => {}
        }
    }
    order
}

#[test]
fn a_held_layer_blocks_the_next_and_the_first_to_wait_is_the_next() {
    for (quantum, slice) in [(1, 1), (1, 256), (7, 3), (256, 256)] {
        let (vm, report) = run_with(VMConfig { quantum, slice, ..config() }, three(0), |_| {});
        assert_eq!(report.end, SessionEnd::Closed);
        assert_eq!(holders(&vm), ["0.A", "0.B", "0.C"]);
    }
}

#[test]
fn a_shared_layer_excludes_sessions_in_commit_order() {
    for quantum in [1, 2, 256] {
        let mut vm = VM::new(VMConfig { quantum, ..config() }).expect("right");
        let image = vm.load_unverified(three(1)).expect("loads");
        let sessions = [(); 3].map(|()| vm.open(image, &[]).expect("opens"));
        assert_eq!(vm.run(10_000, &mut || false), RunEnd::Done);
        for session in sessions {
            assert_eq!(vm.take_report(&session).expect("ended").end, SessionEnd::Closed);
        }
        let order = holders(&vm);
        assert_eq!(order.len(), 9);
        assert_eq!(order[0], "0.A");
    }
}

#[test]
fn another_image_that_names_a_shared_layer_means_the_same() {
    let mut other = three(1);
    other.resources.layers.swap(0, 1);
    let swapped = |instr: &mut Instr| match instr {
        Instr::Acquire { layer, dst: reg } | Instr::Release { layer, evidence: reg } => (*layer, *reg) = (0, 0),
        _ => {}
    };
    other.functions.iter_mut().flat_map(|function| &mut function.code).for_each(swapped);
    let mut vm = VM::new(VMConfig { quantum: 1, ..config() }).expect("right");
    for image in [three(1), other] {
        let image = vm.load_unverified(image).expect("loads");
        vm.open(image, &[]).expect("opens");
    }
    assert_eq!(vm.run(10_000, &mut || false), RunEnd::Done);
    assert_eq!(holders(&vm).len(), 6);
}

#[test]
fn a_session_that_ends_gives_its_layers_back() {
    let mut bad = layers();
    let fail = Instr::Fail { fault: FailKind::Assertion, text: 1 };
    role(&mut bad, "A", &[LOG, DISK], &[acquire(1, 1), Instr::Yield, Instr::Yield, fail]);
    let mut vm = VM::new(VMConfig { quantum: 1, ..config() }).expect("right");
    let (bad, good) = (vm.load_unverified(bad).expect("loads"), vm.load_unverified(three(1)).expect("loads"));
    let first = vm.open(bad, &[]).expect("opens");
    let second = vm.open(good, &[]).expect("opens");
    assert_eq!(vm.run(10_000, &mut || false), RunEnd::Done);
    assert_eq!(fault_of(&vm.take_report(&first).expect("ended")).code(), "vm.fault.assertion");
    assert_eq!(vm.take_report(&second).expect("ended").end, SessionEnd::Closed);
}

#[test]
fn layers_are_taken_in_order_and_once() {
    let mut image = layers();
    let code = [acquire(0, 0), acquire(1, 1), release(1, 1), release(0, 0), acquire(0, 0), release(0, 0), HALT];
    role(&mut image, "A", &[LOG, DISK], &code);
    image.functions[0].finals[0].clear();
    let (vm, report) = run(image);
    assert_eq!(report.end, SessionEnd::Closed);
    assert_eq!(event_names(&vm).iter().filter(|name| *name == "A.Acquired").count(), 3);
    for code in [[acquire(1, 1), acquire(0, 0)], [acquire(0, 0), acquire(0, 0)]] {
        let mut image = layers();
        role(&mut image, "A", &[LOG, DISK], &code);
        let found = fault_of(&run(image).1).clone();
        let reason = "the coroutine holds it, or one after it";
        assert_eq!(found, Fault::Acquire { layer: "log".into(), reason });
        assert_eq!(found.code(), "vm.fault.acquire");
    }
}

#[test]
fn evidence_is_used_once() {
    let mut image = layers();
    let code = [acquire(0, 0), Instr::Move { dst: 1, src: 0 }, release(0, 0), release(0, 1)];
    role(&mut image, "A", &[LOG, LOG], &code);
    let found = fault_of(&run(image).1).clone();
    assert_eq!(found, Fault::Acquire { layer: "log".into(), reason: "the evidence was used before" });
}

#[test]
fn what_acquire_and_release_are_given_is_checked() {
    for (code, expected) in [
        (acquire(9, 0), "vm.fault.missing_entry"),
        (acquire(0, 2), "vm.fault.type_violation"),
        (acquire(1, 0), "vm.fault.type_violation"),
        (acquire(0, 9), "vm.fault.out_of_registers"),
        (release(0, 0), "vm.fault.type_violation"),
        (release(0, 2), "vm.fault.type_violation"),
        (release(0, 9), "vm.fault.out_of_registers"),
    ] {
        let mut image = layers();
        role(&mut image, "A", &[LOG, DISK, INT], &[code, HALT]);
        assert_eq!(fault_of(&run(image).1).code(), expected, "{code:?}");
    }
}

#[test]
fn who_holds_a_layer_and_waits_for_one_who_wants_it_is_named() {
    let mut image = layers();
    role(&mut image, "A", &[LOG, INT], &[acquire(0, 0), Instr::Receive { from: 1, label: 2, dst: 1 }, HALT]);
    role(&mut image, "B", &[LOG], &[Instr::Yield, acquire(0, 0), HALT]);
    let Fault::Deadlock { waits, .. } = fault_of(&run(image).1).clone() else { panic!("bug: no deadlock") };
    assert_eq!((waits[1].kind, &*waits[1].partners), (WaitKind::Layer, &["A".to_owned()][..]));
}

/// Answers later.
struct Later;

impl Handler for Later {
    fn start(&mut self, _: &Call<'_>, _: &[Value]) -> HostStep {
        HostStep::Blocked
    }
}

#[test]
fn who_leaves_a_scope_gives_its_layers_back() {
    // A branch of A holds the layer and waits for an answer when its scope is cancelled; B waits for the layer.
    let mut image = layers();
    let ask = op(&mut image, "E", "ask", &[], INT);
    let scope = super::fixture::scope(&mut image, 0, &[0], &[Outcome::Done, Outcome::Cancel]);
    let code = [
        Instr::Enter { scope: 0 },
        Instr::Spawn { target: 6 },
        Instr::JoinAll,
        Instr::Exit { scope: 0 },
        Instr::Leave { scope: 0 },
        HALT,
        acquire(0, 0),
        Instr::Perform { op: ask, args: 0, dst: 1 },
        release(0, 0),
        Instr::Finish,
    ];
    role(&mut image, "A", &[LOG, INT], &code);
    super::fixture::table(&mut image, scope, None, &[(Outcome::Done, None, 4), (Outcome::Cancel, None, 4)]);
    image.functions[0].finals[0].clear();
    role(&mut image, "B", &[LOG], &[Instr::Yield, Instr::Yield, Instr::Yield, acquire(0, 0), release(0, 0), HALT]);
    image.functions[1].finals[0].clear();
    let mut vm = VM::new(config()).expect("right");
    vm.install("E", Later);
    let image = vm.load_unverified(image).expect("loads");
    let session = vm.open(image, &[]).expect("opens");
    assert_eq!(vm.run(1000, &mut || false), RunEnd::Waiting);
    assert_eq!(vm.cancel_scope(&session, 0), Ok(()));
    assert_eq!(vm.run(1000, &mut || false), RunEnd::Done);
    assert_eq!(vm.take_report(&session).expect("ended").end, SessionEnd::Closed);
    let names: Vec<String> = event_names(&vm).into_iter().filter(|name| name.contains("quired")).collect();
    assert_eq!(names, ["A.Acquired", "B.Acquired"]);
    assert_eq!((RequestId(0), set(0, 0)), (RequestId(0), set(0, 0)));
    assert_eq!(session, SessionId::root(0));
}

/// Two shared layers; `E.sleep` of constant 2, which is 10 nanoseconds.
fn both_shared() -> (CodeImage, u16) {
    let mut image = layers();
    image.consts.push(Const::Duration(10));
    image.resources.layers[0].reach = Reach::Shared;
    let sleep = op(&mut image, "E", "sleep", &[DURATION], UNIT);
    (image, sleep)
}

/// Takes a layer, sleeps and gives it back, with its evidence in register 0.
fn sleeper(image: &mut CodeImage, sleep: u16, layer: u16) {
    let code = [acquire(layer, 0), set(1, 2), Instr::Perform { op: sleep, args: 1, dst: 2 }, release(layer, 0), HALT];
    role(image, "A", &[[LOG, DISK][usize::from(layer)], DURATION, UNIT], &code);
    image.functions.last_mut().expect("added").finals[0].clear();
}

/// Takes a layer and gives it back.
fn taker(image: &mut CodeImage, name: &str, layer: u16) {
    role(image, name, &[[LOG, DISK][usize::from(layer)]], &[acquire(layer, 0), release(layer, 0), HALT]);
    image.functions.last_mut().expect("added").finals[0].clear();
}

/// Sessions of these images in one machine, to their ends.
fn all_close(config: VMConfig, images: &[CodeImage], inputs: &[(u64, Topology)]) -> VM {
    let mut vm = VM::new(config).expect("right");
    vm.install("E", World);
    let mut sessions = Vec::new();
    for image in images {
        let image = vm.load_unverified(image.clone()).expect("loads");
        sessions.push(vm.open(image, &[]).expect("opens"));
    }
    for (tick, input) in inputs {
        vm.perturb(&sessions[0], *tick, input.clone()).expect("in time");
    }
    assert_eq!(vm.run(10_000, &mut || false), RunEnd::Done);
    for session in sessions {
        assert_eq!(vm.take_report(&session).expect("ended").end, SessionEnd::Closed);
    }
    vm
}

const QUANTA: [u32; 3] = [1, 3, 256];

#[test]
fn the_clock_goes_on_for_who_holds_a_shared_layer_and_sleeps() {
    let (mut image, sleep) = both_shared();
    sleeper(&mut image, sleep, 1);
    taker(&mut image, "B", 1);
    let traces = QUANTA.map(|quantum| {
        let mut vm = all_close(VMConfig { quantum, ..config() }, std::slice::from_ref(&image), &[]);
        assert_eq!(holders(&vm), ["0.A", "0.B"]);
        vm.take_events()
    });
    assert!(traces[0] == traces[1] && traces[1] == traces[2]);
}

#[test]
fn the_clock_goes_on_for_who_holds_a_shared_layer_and_is_made_to_wait() {
    for quantum in QUANTA {
        for tick in 0..5 {
            let input = (tick, Topology::Timeout { role: 0, nanoseconds: 7 });
            let vm = all_close(VMConfig { quantum, ..config() }, &[three(1)], &[input]);
            assert_eq!(holders(&vm).len(), 3);
        }
    }
}

#[test]
fn the_clock_goes_on_while_a_nested_session_wants_what_is_held() {
    let (mut inner, _) = both_shared();
    taker(&mut inner, "X", 1);
    let (mut outer, sleep) = both_shared();
    sleeper(&mut outer, sleep, 1);
    role(
        &mut outer,
        "B",
        &[super::fixture::ENDPOINT, super::fixture::STRING],
        &[Instr::Yield, Instr::Open { table: 0, dst: 0 }, Instr::Close { endpoint: 0, dst: 1 }, HALT],
    );
    super::nested::opens(&mut outer, &inner, &[&[]]);
    outer.functions[1].finals[0].clear();
    for quantum in QUANTA {
        let mut vm = VM::new(VMConfig { quantum, ..config() }).expect("right");
        vm.install("E", World);
        vm.load_unverified(inner.clone()).expect("loads");
        let image = vm.load_unverified(outer.clone()).expect("loads");
        let session = vm.open(image, &[]).expect("opens");
        assert_eq!(vm.run(1000, &mut || false), RunEnd::Done);
        assert_eq!(vm.take_report(&session).expect("ended").end, SessionEnd::Closed);
        assert_eq!(holders(&vm), ["0.A", "0.0.X"]);
    }
}

#[test]
fn the_clock_goes_on_for_a_session_that_waits_for_this_one() {
    // The second session has layer 0, for which `B` waits, and waits for layer 1, which `A` holds.
    let (mut first, sleep) = both_shared();
    sleeper(&mut first, sleep, 1);
    role(&mut first, "B", &[LOG], &[Instr::Yield, Instr::Yield, acquire(0, 0), release(0, 0), HALT]);
    first.functions[1].finals[0].clear();
    let (mut second, _) = both_shared();
    role(&mut second, "X", &[LOG, DISK], &[acquire(0, 0), acquire(1, 1), release(1, 1), release(0, 0), HALT]);
    second.functions[0].finals[0].clear();
    for quantum in QUANTA {
        let config = VMConfig { quantum, slice: 1, ..config() };
        let vm = all_close(config, &[first.clone(), second.clone()], &[]);
        assert_eq!(event_names(&vm).iter().filter(|name| name.ends_with(".Acquired")).count(), 4);
    }
}

#[test]
fn the_clock_stands_while_another_session_has_the_layer() {
    // A deadline, and an input for later, of a session that waits for a layer of the first one.
    let (mut first, sleep) = both_shared();
    sleeper(&mut first, sleep, 1);
    let (mut second, _) = both_shared();
    let scope = super::fixture::scope(&mut second, 0, &[0], &[Outcome::Done, Outcome::Timeout]);
    let fail = Instr::Fail { fault: FailKind::Assertion, text: 1 };
    let code = [
        set(1, 2),
        Instr::Enter { scope: 0 },
        acquire(1, 0),
        release(1, 0),
        Instr::Exit { scope: 0 },
        Instr::Leave { scope: 0 },
        HALT,
        fail,
    ];
    role(&mut second, "X", &[DISK, DURATION], &code);
    table(&mut second, scope, Some(1), &[(Outcome::Done, None, 5), (Outcome::Timeout, None, 7)]);
    second.functions[0].finals[0].clear();
    for quantum in QUANTA {
        let mut vm = VM::new(VMConfig { quantum, ..config() }).expect("right");
        vm.install("E", World);
        let images = [first.clone(), second.clone()].map(|image| vm.load_unverified(image).expect("loads"));
        let sessions = images.map(|image| vm.open(image, &[]).expect("opens"));
        vm.perturb(&sessions[1], 100, Topology::Crash(0)).expect("in time");
        assert_eq!(vm.run(1000, &mut || false), RunEnd::Done);
        for session in sessions {
            assert_eq!(vm.take_report(&session).expect("ended").end, SessionEnd::Closed);
        }
        assert_eq!(holders(&vm), ["0.A", "1.X"]);
    }
}
