//! `Open`, `Close`, `Transfer`: result, events, and each fault.

use super::fixture::{
    DURATION, ENDPOINT, HALT, INT, STRING, UNIT, config, event_names, fault_of, image, op, param, receive, role, run,
    scope, send, set, table,
};
use super::scopes::World;
use crate::config::VMConfig;
use crate::error::VMError;
use crate::event::EventKind;
use crate::fault::Fault;
use crate::flow::FlowPolicy;
use crate::id::{ImageId, SessionId};
use crate::kernel::program::Program;
use crate::kernel::{self, VMKernel};
use crate::machine::{RunEnd, VM};
use crate::session::{SessionEnd, SessionReport, SessionState};
use crate::value::Value;
use std::sync::Arc;
use tell_ir::hash::content_id;
use tell_ir::image::{CodeImage, Const, Outcome};
use tell_ir::instr::{FailKind, Instr};
use tell_ir::prim::Prim;
use tell_ir::resource::{Bundle, Fact, Nested, OpenTable};
use tell_ir::ty::TypeId;

const fn open(dst: u16) -> Instr {
    Instr::Open { table: 0, dst }
}

const fn close(endpoint: u16, dst: u16) -> Instr {
    Instr::Close { endpoint, dst }
}

const fn transfer(endpoint: u16, to: u16) -> Instr {
    Instr::Transfer { endpoint, to, bundle: 0 }
}

/// Sends the double of its parameter to the other role.
pub(super) fn doubling() -> CodeImage {
    let mut image = image(&[]);
    image.protocol = "Doubling".into();
    let double = Instr::Prim { op: Prim::Add, dst: 0, a: 0, b: 0 };
    role(&mut image, "X", &[INT], &[double, send(1, 0), HALT]);
    param(&mut image, "n", 0);
    role(&mut image, "Y", &[INT], &[receive(0, 0), HALT]);
    image
}

/// Names another image, whose roles take this, as the one whose sessions the last role opens with these registers.
pub(super) fn opens(image: &mut CodeImage, other: &CodeImage, args: &[&[u16]]) {
    let types = |role: &tell_ir::image::Role| role.params.iter().map(|param| param.ty).collect();
    let roles = other.roles.iter().map(|role| (role.name.clone(), types(role))).collect();
    let nested = image.resources.nested.len() as u16;
    image.resources.nested.push(Nested { image: content_id(other).0, roles });
    let args = args.iter().map(|args| args.to_vec()).collect();
    image.functions.last_mut().expect("a role was added").opens.push(OpenTable { nested, args });
}

/// One role that opens a session with 21 and does this.
fn opener(regs: &[TypeId], code: &[Instr]) -> CodeImage {
    let mut image = image(&[Const::Int(21)]);
    role(&mut image, "A", regs, code);
    opens(&mut image, &doubling(), &[&[0], &[]]);
    image.functions[0].finals[0].clear();
    image
}

/// Runs one session of `outer` after loading `inner`.
pub(super) fn nested(config: VMConfig, inner: CodeImage, outer: CodeImage) -> (VM, Option<SessionReport>) {
    let mut vm = VM::new(config).expect("right");
    vm.load_unverified(inner).expect("loads");
    let outer = vm.load_unverified(outer).expect("loads");
    let session = vm.open(outer, &[]).expect("opens");
    vm.run(100_000, &mut || false);
    let report = vm.take_report(&session);
    (vm, report)
}

fn fault(regs: &[TypeId], code: &[Instr]) -> Fault {
    fault_of(&nested(config(), doubling(), opener(regs, code)).1.expect("it has ended")).clone()
}

#[test]
fn a_session_opens_another_and_waits_for_its_end() {
    for (quantum, slice) in [(1, 1), (3, 2), (256, 256)] {
        let mut outer = opener(&[INT, ENDPOINT, STRING], &[set(0, 0), open(1), close(1, 2), HALT]);
        outer.functions[0].finals[0].push(tell_ir::image::Final { name: "end".into(), reg: 2 });
        let config = VMConfig { quantum, slice, ..config() };
        let (vm, report) = nested(config, doubling(), outer);
        let report = report.expect("it has ended");
        assert_eq!(report.end, SessionEnd::Closed);
        assert_eq!(report.finals[0].as_ref().expect("done")[0].shown, "\"closed\"");
        let child = SessionId::root(0).child(0);
        let of_child = vm.events().filter(|event| event.session == child);
        assert_eq!(of_child.filter(|event| event.kind == EventKind::SessionTerminal).count(), 1);
        let received = vm.events().find(|event| matches!(event.kind, EventKind::Received(_))).expect("it is there");
        assert_eq!((received.session.clone(), received.value.clone()), (child.clone(), Value::Int(42)));
        let described: Vec<_> = vm.events().filter_map(|event| vm.describe(&event)).collect();
        let opened = described.iter().find(|event| event.role.is_some() && event.event == "Opened").expect("there");
        assert_eq!((&*opened.session, &opened.fields[..]), ("0", &[("opened", "0.0".to_owned())][..]));
        let closed = described.iter().find(|event| event.role.is_some() && event.event == "Closed").expect("there");
        assert_eq!(closed.fields, [("opened", "0.0".to_owned()), ("end", "closed".to_owned())]);
        assert_eq!(vm.active(), 0);
        let mut vm = vm;
        assert_eq!(vm.take_report(&child), None, "who closes a session takes its report");
    }
}

#[test]
fn the_end_of_a_nested_session_is_told_in_a_word() {
    let mut inner = doubling();
    inner.consts.push(Const::Str("no".into()));
    inner.functions[1].code = vec![Instr::Fail { fault: FailKind::Assertion, text: 0 }];
    let mut outer = image(&[Const::Int(21)]);
    role(&mut outer, "A", &[INT, ENDPOINT, STRING], &[set(0, 0), open(1), close(1, 2), HALT]);
    opens(&mut outer, &inner, &[&[0], &[]]);
    outer.functions[0].finals[0].retain(|entry| entry.reg == 2);
    let (_, report) = nested(config(), inner, outer);
    let report = report.expect("it has ended");
    assert_eq!(report.finals[0].as_ref().expect("done")[0].shown, "\"vm.fault.assertion\"");
}

#[test]
fn sessions_nest_and_are_named_after_those_around_them() {
    let inner = doubling();
    let mut middle = image(&[Const::Int(5)]);
    let code = [set(0, 0), open(1), open(2), close(2, 3), close(1, 3), HALT];
    role(&mut middle, "M", &[INT, ENDPOINT, ENDPOINT, STRING], &code);
    opens(&mut middle, &inner, &[&[0], &[]]);
    middle.functions[0].finals[0].clear();
    let mut outer = image(&[]);
    role(&mut outer, "O", &[ENDPOINT, STRING], &[open(0), close(0, 1), HALT]);
    opens(&mut outer, &middle, &[&[]]);
    outer.functions[0].finals[0].clear();
    let mut vm = VM::new(config()).expect("right");
    vm.load_unverified(inner).expect("loads");
    vm.load_unverified(middle).expect("loads");
    let outer = vm.load_unverified(outer).expect("loads");
    let session = vm.open(outer, &[]).expect("opens");
    assert_eq!(vm.run(1000, &mut || false), RunEnd::Done);
    assert_eq!(vm.take_report(&session).expect("ended").end, SessionEnd::Closed);
    let mut names: Vec<String> = vm.events().map(|event| event.session.to_string()).collect();
    names.sort();
    names.dedup();
    assert_eq!(names, ["0", "0.0", "0.0.0", "0.0.1"]);
}

#[test]
fn an_image_names_the_ones_it_opens() {
    let mut vm = VM::new(config()).expect("right");
    let outer = opener(&[INT, ENDPOINT], &[HALT]);
    let id = content_id(&doubling()).short();
    let missing = VMError::NestedImage { image: id.clone(), reason: "it is not loaded" };
    assert_eq!(vm.load_unverified(outer.clone()), Err(missing));
    vm.load_unverified(doubling()).expect("loads");
    assert!(vm.load_unverified(outer.clone()).is_ok());
    let mut other = outer;
    other.resources.nested[0].roles[0].1[0] = STRING;
    assert_eq!(
        vm.load_unverified(other),
        Err(VMError::NestedImage { image: id, reason: "its roles take other arguments" })
    );
}

#[test]
fn limits_of_nested_sessions() {
    let outer = || opener(&[INT, ENDPOINT, STRING], &[set(0, 0), open(1), close(1, 2), HALT]);
    let mut few = config();
    few.limits.sessions = 1;
    let (_, report) = nested(few.clone(), doubling(), outer());
    assert_eq!(fault_of(&report.expect("ended")), &Fault::LimitExceeded { what: "sessions", value: 2, max: 1 });
    few.limits.sessions = 2;
    assert_eq!(nested(few, doubling(), outer()).1.expect("ended").end, SessionEnd::Closed);
    let mut flat = config();
    flat.limits.nesting = 0;
    let (_, report) = nested(flat, doubling(), outer());
    assert_eq!(
        fault_of(&report.expect("ended")),
        &Fault::LimitExceeded { what: "nesting of sessions", value: 1, max: 0 }
    );
}

#[test]
fn the_numbers_of_nested_sessions_are_used_up_once() {
    let program = Program::prepare(opener(&[INT, ENDPOINT], &[set(0, 0), open(1), HALT]));
    let mut state = SessionState::new(&program, ImageId(0), SessionId::root(0), &Arc::new(config()));
    assert_eq!(VMKernel::step(&program, &mut state, 0), kernel::Outcome::Ran);
    let mut last = state.clone();
    last.holdings().opened = u32::MAX - 1;
    assert_eq!(VMKernel::step(&program, &mut last, 0), kernel::Outcome::Asked);
    state.holdings().opened = u32::MAX;
    let max = u64::from(u32::MAX);
    let expected = Fault::LimitExceeded { what: "sessions that one has opened", value: max + 1, max };
    assert_eq!(VMKernel::step(&program, &mut state, 0), kernel::Outcome::Faulted(Box::new(expected)));
}

#[test]
fn who_closes_a_session_without_report_is_told() {
    let mut outer = opener(&[INT, ENDPOINT, STRING], &[set(0, 0), open(1), close(1, 2), HALT]);
    let mut vm = VM::new(VMConfig { quantum: 1, slice: 1, ..config() }).expect("right");
    vm.load_unverified(doubling()).expect("loads");
    (0..20).for_each(|_| outer.functions[0].code.insert(2, Instr::Yield));
    let outer = vm.load_unverified(outer).expect("loads");
    let session = vm.open(outer, &[]).expect("opens");
    let child = session.child(0);
    assert_eq!(vm.run(20, &mut || false), RunEnd::StepLimit);
    assert_eq!(vm.lose_report(&child).expect("it has ended").end, SessionEnd::Closed);
    assert_eq!(vm.run(1000, &mut || false), RunEnd::Done);
    let expected = Fault::Close { session: "session 0.0".into(), reason: "there is no report of it" };
    assert_eq!(fault_of(&vm.take_report(&session).expect("ended")), &expected);
}

#[test]
fn a_session_that_was_called_off_is_cancelled() {
    let mut inner = image(&[]);
    role(&mut inner, "X", &[INT], &[receive(1, 0), HALT]);
    param(&mut inner, "n", 0);
    role(&mut inner, "Y", &[INT], &[Instr::Yield, Instr::Jump { target: 0 }]);
    let mut outer = image(&[Const::Int(21)]);
    role(&mut outer, "A", &[INT, ENDPOINT, STRING], &[set(0, 0), open(1), close(1, 2), HALT]);
    opens(&mut outer, &inner, &[&[0], &[]]);
    outer.functions[0].finals[0].retain(|entry| entry.reg == 2);
    let mut vm = VM::new(config()).expect("right");
    vm.load_unverified(inner).expect("loads");
    let outer = vm.load_unverified(outer).expect("loads");
    let session = vm.open(outer, &[]).expect("opens");
    assert_eq!(vm.run(1000, &mut || false), RunEnd::StepLimit);
    vm.cancel(&session.child(0)).expect("it is there");
    assert_eq!(vm.run(1000, &mut || false), RunEnd::Done);
    let report = vm.take_report(&session).expect("ended");
    assert_eq!(report.finals[0].as_ref().expect("done")[0].shown, "\"cancelled\"");
}

#[test]
fn ten_thousand_nested_sessions_leave_nothing_behind() {
    let mut outer = image(&[Const::Int(0), Const::Int(1), Const::Int(10_000)]);
    let code = [
        set(0, 0),
        set(3, 1),
        set(4, 2),
        open(1),
        close(1, 2),
        Instr::Prim { op: Prim::Add, dst: 0, a: 0, b: 3 },
        Instr::Prim { op: Prim::Lt, dst: 5, a: 0, b: 4 },
        Instr::Branch { val: 5, target: 9 },
        Instr::Jump { target: 3 },
        HALT,
    ];
    role(&mut outer, "A", &[INT, ENDPOINT, STRING, INT, INT, super::fixture::BOOL], &code);
    opens(&mut outer, &doubling(), &[&[0], &[]]);
    outer.functions[0].finals[0].clear();
    let config = VMConfig { trace: crate::config::Retention::Off, ..config() };
    let mut vm = VM::new(config).expect("right");
    vm.load_unverified(doubling()).expect("loads");
    let outer = vm.load_unverified(outer).expect("loads");
    let session = vm.open(outer, &[]).expect("opens");
    assert_eq!(vm.run(u64::MAX, &mut || false), RunEnd::Done);
    assert_eq!(vm.take_report(&session).expect("ended").end, SessionEnd::Closed);
    assert_eq!(vm.known_sessions(), 0);
}

#[test]
fn a_used_endpoint_cannot_be_used_again() {
    let regs = [INT, ENDPOINT, STRING, ENDPOINT];
    let copy = Instr::Move { dst: 3, src: 1 };
    let found = fault(&regs, &[set(0, 0), open(1), copy, close(1, 2), close(3, 2), HALT]);
    assert_eq!(found, Fault::Close { session: "session 0.0".into(), reason: "it was used before" });
    assert_eq!(found.code(), "vm.fault.close");
    let found = fault(&regs, &[set(0, 0), close(1, 2), HALT]);
    assert_eq!(found.code(), "vm.fault.type_violation");
}

#[test]
fn what_open_and_close_are_given_is_checked() {
    let regs = [INT, ENDPOINT, STRING];
    assert_eq!(fault(&regs, &[Instr::Open { table: 7, dst: 1 }]).code(), "vm.fault.missing_entry");
    assert_eq!(fault(&regs, &[set(0, 0), open(0)]).code(), "vm.fault.type_violation");
    assert_eq!(fault(&regs, &[set(0, 0), open(9)]).code(), "vm.fault.out_of_registers");
    assert_eq!(fault(&regs, &[open(1)]).code(), "vm.fault.type_violation", "the argument is not set");
    assert_eq!(fault(&regs, &[set(0, 0), open(1), close(1, 0)]).code(), "vm.fault.type_violation");
    let mut short = opener(&regs, &[set(0, 0), open(1)]);
    short.functions[0].opens[0].args.clear();
    let (_, report) = nested(config(), doubling(), short);
    assert_eq!(fault_of(&report.expect("ended")).code(), "vm.fault.missing_entry");
}

#[test]
fn a_host_cannot_give_an_endpoint() {
    let mut image = image(&[]);
    role(&mut image, "A", &[ENDPOINT], &[HALT]);
    param(&mut image, "session", 0);
    let mut vm = VM::new(config()).expect("right");
    let image = vm.load_unverified(image).expect("loads");
    let forged = Value::Endpoint(Arc::new(SessionId::root(7)));
    assert!(matches!(vm.open(image, &[vec![forged]]), Err(VMError::ArgumentType { .. })));
}

/// `A` opens a session and gives its endpoint to `B`, together with a fact it knows.
pub(super) fn giving() -> CodeImage {
    giving_to(&[TAKE, Instr::Check { fact: 0, to: 0, dst: 2 }, close(0, 1), HALT])
}

fn giving_to(b: &[Instr]) -> CodeImage {
    let mut image = image(&[Const::Int(21)]);
    let code = [set(0, 0), open(1), Instr::Tag { fact: 0, dst: 2 }, transfer(1, 1), HALT];
    role(&mut image, "A", &[INT, ENDPOINT, super::fixture::PAID], &code);
    opens(&mut image, &doubling(), &[&[0], &[]]);
    image.functions[0].finals[0].clear();
    role(&mut image, "B", &[ENDPOINT, STRING, super::fixture::BOOL], b);
    image.functions[1].finals[0].retain(|entry| entry.reg > 0);
    image.resources.facts.push(Fact { name: "paid".into(), about: None });
    image.resources.bundles.push(Bundle { label: 18, facts: vec![0] });
    image
}

/// `A` sends a number to `B` and gives an endpoint behind it.
pub(super) fn giving_behind_a_message() -> CodeImage {
    let mut image = giving_to(&[receive(0, 3), TAKE, close(0, 1), HALT]);
    image.functions[0].code.insert(3, send(1, 0));
    image.functions[1].regs.push(INT);
    image.functions[1].finals[0].clear();
    image
}

const TAKE: Instr = Instr::Receive { from: 0, label: 18, dst: 0 };

#[test]
fn an_endpoint_goes_to_another_role_with_what_is_known() {
    for quantum in [1, 256] {
        let b = [TAKE, Instr::Check { fact: 0, to: 0, dst: 2 }, close(0, 1), HALT];
        let (vm, report) = nested(VMConfig { quantum, ..config() }, doubling(), giving_to(&b));
        let report = report.expect("it has ended");
        assert_eq!(report.end, SessionEnd::Closed);
        let shown: Vec<&str> = report.finals[1].iter().flatten().map(|value| &*value.shown).collect();
        assert_eq!(shown, ["\"closed\"", "true"]);
        let transferred = vm.events().find(|event| matches!(event.kind, EventKind::Transferred(_))).expect("there");
        let described = vm.describe(&transferred).expect("there");
        let fields = [("to", "B"), ("label", "L18"), ("payload", "<endpoint 0.0>"), ("number", "0")];
        assert_eq!(described.fields, fields.map(|(key, value)| (key, value.to_owned())));
        assert!(event_names(&vm).contains(&"B.Closed".to_owned()));
    }
}

#[test]
fn who_gave_an_endpoint_away_does_not_own_it() {
    let b = [TAKE, close(0, 1), HALT];
    let mut image = giving_to(&b);
    image.functions[0].regs.push(ENDPOINT);
    image.functions[0].regs.push(STRING);
    let code = &mut image.functions[0].code;
    code.insert(2, Instr::Move { dst: 3, src: 1 });
    code.insert(5, transfer(3, 1));
    let (_, report) = nested(config(), doubling(), image.clone());
    let used = Fault::Transfer { session: "session 0.0".into(), reason: "it was used before" };
    assert_eq!(fault_of(&report.expect("ended")), &used);
    assert_eq!(used.code(), "vm.fault.transfer");
    // Once B has it, it is another role's.
    image.functions[1].code.insert(1, Instr::Yield);
    image.functions[1].code.insert(1, Instr::Yield);
    image.functions[0].code[5] = Instr::Yield;
    image.functions[0].code.insert(6, close(3, 4));
    let (_, report) = nested(config(), doubling(), image);
    let other = Fault::Close { session: "session 0.0".into(), reason: "another role owns it" };
    assert_eq!(fault_of(&report.expect("ended")), &other);
}

#[test]
fn facts_flow_only_where_they_may() {
    let b = [TAKE, close(0, 1), HALT];
    let with = |flow| nested(VMConfig { flow, ..config() }, doubling(), giving_to(&b)).1.expect("it has ended");
    assert_eq!(with(FlowPolicy::AllowRoles(["B".to_owned()].into())).end, SessionEnd::Closed);
    let forbidden = |reason| Fault::FlowViolation { fact: "paid".into(), to: "B".into(), reason };
    let report = with(FlowPolicy::DenyAll);
    assert_eq!(fault_of(&report), &forbidden("the policy forbids it"));
    assert_eq!(fault_of(&report).code(), "vm.fault.flow_violation");
    let mut unknown = giving_to(&b);
    unknown.functions[0].code[2] = Instr::Yield;
    let (_, report) = nested(config(), doubling(), unknown);
    assert_eq!(fault_of(&report.expect("ended")), &forbidden("its sender does not know it"));
}

#[test]
fn an_endpoint_goes_to_a_nested_session() {
    // A opens a session and hands its endpoint to a second one, which closes it.
    let mut closer = image(&[]);
    role(&mut closer, "C", &[ENDPOINT, STRING], &[close(0, 1), HALT]);
    param(&mut closer, "session", 0);
    closer.functions[0].finals[0].remove(0);
    let mut outer = image(&[Const::Int(21)]);
    let code = [set(0, 0), open(1), Instr::Open { table: 1, dst: 2 }, close(2, 3), HALT];
    role(&mut outer, "A", &[INT, ENDPOINT, ENDPOINT, STRING], &code);
    opens(&mut outer, &doubling(), &[&[0], &[]]);
    opens(&mut outer, &closer, &[&[1]]);
    outer.functions[0].opens[1].nested = 1;
    outer.functions[0].finals[0].clear();
    let mut vm = VM::new(config()).expect("right");
    vm.load_unverified(doubling()).expect("loads");
    vm.load_unverified(closer).expect("loads");
    let outer = vm.load_unverified(outer).expect("loads");
    let session = vm.open(outer, &[]).expect("opens");
    assert_eq!(vm.run(1000, &mut || false), RunEnd::Done);
    assert_eq!(vm.take_report(&session).expect("ended").end, SessionEnd::Closed);
    let described = vm.events().filter_map(|event| vm.describe(&event));
    let closes: Vec<_> = described.filter(|event| event.event == "Closed" && event.role.is_some()).collect();
    let who: Vec<_> = closes.iter().map(|event| (&*event.session, &*event.fields[0].1)).collect();
    assert_eq!(who, [("0.1", "0.0"), ("0", "0.1")]);
    assert_eq!(vm.known_sessions(), 0);
}

#[test]
fn the_host_inherits_what_a_faulted_session_owned() {
    let mut outer =
        opener(&[INT, ENDPOINT], &[set(0, 0), open(1), Instr::Fail { fault: FailKind::Assertion, text: 1 }]);
    outer.consts.push(Const::Str("no".into()));
    let (mut vm, report) = nested(config(), doubling(), outer);
    assert_eq!(fault_of(&report.expect("ended")).code(), "vm.fault.assertion");
    let child = vm.take_report(&SessionId::root(0).child(0)).expect("it is the host's now");
    assert_eq!(child.end, SessionEnd::Closed);
}

#[test]
fn the_host_inherits_an_endpoint_that_nobody_takes() {
    // `A` gives the endpoint to `B`, who sleeps, and the scope around both times out.
    let mut outer = image(&[Const::Int(21), Const::Duration(5), Const::Duration(10)]);
    let sleep = op(&mut outer, "E", "sleep", &[DURATION], UNIT);
    let both = scope(&mut outer, 0, &[0, 1], &[Outcome::Done, Outcome::Timeout]);
    let code = [
        set(2, 1),
        Instr::Enter { scope: 0 },
        set(0, 0),
        open(1),
        transfer(1, 1),
        set(2, 2),
        Instr::Perform { op: sleep, args: 2, dst: 3 },
        Instr::Exit { scope: 0 },
        Instr::Leave { scope: 0 },
        HALT,
    ];
    role(&mut outer, "A", &[INT, ENDPOINT, DURATION, UNIT], &code);
    table(&mut outer, both, Some(2), &[(Outcome::Done, None, 8), (Outcome::Timeout, None, 8)]);
    opens(&mut outer, &doubling(), &[&[0], &[]]);
    let code = [
        Instr::Enter { scope: 0 },
        set(1, 2),
        Instr::Perform { op: sleep, args: 1, dst: 2 },
        TAKE,
        close(0, 3),
        Instr::Exit { scope: 0 },
        Instr::Leave { scope: 0 },
        HALT,
    ];
    role(&mut outer, "B", &[ENDPOINT, DURATION, UNIT, STRING], &code);
    table(&mut outer, both, None, &[(Outcome::Done, None, 6), (Outcome::Timeout, None, 6)]);
    outer.functions.iter_mut().for_each(|function| function.finals[0].clear());
    outer.resources.bundles.push(Bundle { label: 18, facts: Vec::new() });
    for quantum in [1, 256] {
        let mut vm = VM::new(VMConfig { quantum, ..config() }).expect("right");
        vm.install("E", World);
        vm.load_unverified(doubling()).expect("loads");
        let outer = vm.load_unverified(outer.clone()).expect("loads");
        let session = vm.open(outer, &[]).expect("opens");
        assert_eq!(vm.run(1000, &mut || false), RunEnd::Done);
        assert!(event_names(&vm).contains(&"B.Discarded".to_owned()));
        for id in [session.child(0), session] {
            assert_eq!(vm.take_report(&id).expect("it is the host's").end, SessionEnd::Closed);
        }
        assert_eq!(vm.known_sessions(), 0);
    }
}

#[test]
fn a_message_of_the_wrong_kind_transfers_nothing() {
    let mut image = giving_to(&[TAKE, HALT]);
    image.resources.bundles[0].label = 2;
    let (_, report) = nested(config(), doubling(), image);
    assert_eq!(fault_of(&report.expect("ended")).code(), "vm.fault.type_violation");
    let mut image = giving_to(&[TAKE, HALT]);
    image.resources.bundles.clear();
    let (_, report) = nested(config(), doubling(), image);
    assert_eq!(fault_of(&report.expect("ended")).code(), "vm.fault.missing_entry");
    let (_, report) = run(super::fixture::image(&[]));
    assert_eq!(report.end, SessionEnd::Closed);
}
