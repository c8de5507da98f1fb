//! Hand-built images: a fixed table of types, a label per type, and code per role.

use crate::config::{Retention, VMConfig};
use crate::event::EventKind;
use crate::fault::Fault;
use crate::id::SessionId;
use crate::machine::{SessionStatus, VM};
use crate::session::{FinalValue, SessionEnd, SessionReport};
use crate::value::Value;
use tell_ir::image::{
    Agreement, ChooseRow, ChooseTable, Class, CodeImage, Const, Effect, Final, Function, Label, Modality, Op, OpMeta,
    Outcome, Param, Reentrancy, Region, Role, Scope, ScopeRow, ScopeTable, Shape,
};
use tell_ir::instr::Instr;
use tell_ir::ty::{Type, TypeId};

macro_rules! type_table {
    ($($name:ident = $index:literal : $ty:expr;)*) => {
        $(pub(crate) const $name: TypeId = TypeId($index);)*
        pub(crate) fn types() -> Vec<Type> { vec![$($ty),*] }
    };
}

type_table! {
    UNIT = 0: Type::Unit;
    BOOL = 1: Type::Bool;
    INT = 2: Type::Int;
    STRING = 3: Type::String;
    DURATION = 4: Type::Duration;
    INTS = 5: Type::List(INT);
    MAP = 6: Type::Map(INT, STRING);
    PAIR = 7: Type::Tuple(vec![INT, STRING]);
    OFFER = 8: Type::Record(vec![("price".into(), INT), ("title".into(), STRING)]);
    MAYBE = 9: Type::Maybe(INT);
    RESULT = 10: Type::Result(STRING, INT);
    REPLY = 11: Type::Union("Reply".into(), vec![("Accepted".into(), vec![INT]), ("Silent".into(), vec![])]);
    BYTES = 12: Type::Bytes;
    SESSION = 13: Type::Session;
    STRINGS = 14: Type::List(STRING);
    ORDER = 15: Type::Opaque("Order".into());
    TREE = 16: Type::Union("Tree".into(), vec![("Leaf".into(), vec![]), ("Node".into(), vec![TREE, TREE])]);
    INT_LISTS = 17: Type::List(INTS);
    ENDPOINT = 18: Type::Endpoint;
    LOG = 19: Type::Evidence(0);
    DISK = 20: Type::Evidence(1);
    PAID = 21: Type::Witness(0);
}

/// The end of a role without names.
pub(super) const HALT: Instr = Instr::Halt { finals: 0 };

/// Sends an Int.
pub(super) const fn send(to: u16, val: u16) -> Instr {
    Instr::Send { to, label: 2, val }
}

/// Receives an Int.
pub(super) const fn receive(from: u16, dst: u16) -> Instr {
    Instr::Receive { from, label: 2, dst }
}

pub(super) const fn set(dst: u16, value: u32) -> Instr {
    Instr::Set { dst, value }
}

/// An image with the type table, one label per type (`L0` …), and these constants.
pub(crate) fn image(consts: &[Const]) -> CodeImage {
    let types = types();
    let labels = (0..types.len()).map(|i| Label { name: format!("L{i}"), payload: TypeId(i as u32) }).collect();
    CodeImage { protocol: "P".into(), labels, types, consts: consts.to_vec(), ..CodeImage::default() }
}

/// Adds a role; its finals are all its registers, `r0` ….
pub(crate) fn role(image: &mut CodeImage, name: &str, regs: &[TypeId], code: &[Instr]) {
    let finals = (0..regs.len()).map(|i| Final { name: format!("r{i}"), reg: i as u16 }).collect();
    image.roles.push(Role { name: name.into(), params: Vec::new() });
    image.functions.push(Function {
        regs: regs.to_vec(),
        code: code.to_vec(),
        finals: vec![finals],
        ..Function::default()
    });
}

/// Makes register `reg` of the last role a parameter.
pub(crate) fn param(image: &mut CodeImage, name: &str, reg: u16) {
    let ty = image.functions.last().expect("a role was added").regs[usize::from(reg)];
    image.roles.last_mut().expect("a role was added").params.push(Param { name: name.into(), ty, reg });
}

/// Adds a choose table to the last role: rows of partner, label, register, target.
pub(crate) fn choose(image: &mut CodeImage, rows: &[(u16, u16, u16, u32)], may_end: bool) {
    let row = |&(partner, label, dst, target): &_| ChooseRow { partner, label, dst, target };
    let table = ChooseTable { rows: rows.iter().map(row).collect(), finals: may_end.then_some(0) };
    image.functions.last_mut().expect("a role was added").chooses.push(table);
}

/// Adds a scope and returns its number.
pub(crate) fn scope(image: &mut CodeImage, owner: u16, participants: &[u16], outcomes: &[Outcome]) -> u32 {
    image.scopes.push(Scope { owner, participants: participants.to_vec(), outcomes: outcomes.to_vec() });
    image.scopes.len() as u32 - 1
}

/// Adds a scope table to the last role: rows of outcome, register for the failure, target.
pub(crate) fn table(image: &mut CodeImage, scope: u32, deadline: Option<u16>, rows: &[(Outcome, Option<u16>, u32)]) {
    let row = |&(outcome, bind, target): &_| ScopeRow { outcome, bind, target };
    let table = ScopeTable { scope, deadline, rows: rows.iter().map(row).collect() };
    image.functions.last_mut().expect("a role was added").scopes.push(table);
}

/// Adds a shape and returns its number.
pub(crate) fn shape(image: &mut CodeImage, shape: Shape) -> u16 {
    image.shapes.push(shape);
    image.shapes.len() as u16 - 1
}

/// Adds an operation, and its effect if it is new.
pub(crate) fn op(image: &mut CodeImage, effect: &str, name: &str, params: &[TypeId], result: TypeId) -> u16 {
    let known = image.effects.iter().position(|e| e.name == effect);
    let number = known.unwrap_or_else(|| {
        image.effects.push(Effect { name: effect.into(), args: Vec::new() });
        image.effects.len() - 1
    });
    let meta = OpMeta {
        modality: Modality::Command,
        class: Class::BestEffort,
        may_block: true,
        region: Region::Session,
        agreement: Agreement::None,
        reentrancy: Reentrancy::Allow,
    };
    image.ops.push(Op { effect: number as u16, name: name.into(), params: params.to_vec(), result, meta });
    image.ops.len() as u16 - 1
}

pub(crate) fn config() -> VMConfig {
    VMConfig { quantum: 256, trace: Retention::All, ..VMConfig::default() }
}

/// A machine that ran one session of the image until nothing was left to do.
pub(crate) fn run_with(config: VMConfig, image: CodeImage, install: impl FnOnce(&mut VM)) -> (VM, SessionReport) {
    let mut vm = VM::new(config).expect("the configuration is right");
    install(&mut vm);
    let id = vm.load_unverified(image).expect("loads");
    let session = vm.open(id, &[]).expect("opens");
    vm.run(100_000, &mut || false);
    let report = match vm.session(&session) {
        Some(SessionStatus::Ended(report)) => report.clone(),
        other => panic!("bug: the session should have ended: {other:?}"),
    };
    (vm, report)
}

pub(crate) fn run(image: CodeImage) -> (VM, SessionReport) {
    run_with(config(), image, |_| {})
}

pub(crate) fn fault_of(report: &SessionReport) -> &Fault {
    match &report.end {
        SessionEnd::Faulted(fault) => &fault.fault,
        end @ (SessionEnd::Closed | SessionEnd::Cancelled(_)) => {
            panic!("bug: the session should have faulted: {end:?}")
        }
    }
}

/// The fault of one role that runs this code.
pub(crate) fn fault(consts: &[Const], regs: &[TypeId], code: &[Instr]) -> Fault {
    let mut image = image(consts);
    role(&mut image, "A", regs, code);
    fault_of(&run(image).1).clone()
}

/// The final registers of one role that runs this code after `edit`.
pub(crate) fn finals(
    consts: &[Const],
    regs: &[TypeId],
    code: &[Instr],
    edit: impl FnOnce(&mut CodeImage),
) -> Vec<FinalValue> {
    let mut image = image(consts);
    role(&mut image, "A", regs, code);
    edit(&mut image);
    let (_, report) = run(image);
    assert_eq!(report.end, SessionEnd::Closed);
    report.finals[0].clone().expect("the role halted")
}

/// The last register in Tell syntax.
pub(crate) fn last(consts: &[Const], regs: &[TypeId], code: &[Instr], edit: impl FnOnce(&mut CodeImage)) -> String {
    finals(consts, regs, code, edit).pop().expect("there is a register").shown
}

/// The events in short: `A.Sent`, `Closed`.
pub(crate) fn event_names(vm: &VM) -> Vec<String> {
    let described = vm.events().filter_map(|event| vm.describe(&event));
    described.map(|d| d.role.map_or(d.event.to_owned(), |role| format!("{role}.{}", d.event))).collect()
}

/// The value a role received last, in the events of a session.
pub(crate) fn received(vm: &VM, session: SessionId) -> Vec<Value> {
    let of = vm.events().filter(|event| event.session == session);
    of.filter(|event| matches!(event.kind, EventKind::Received(_) | EventKind::Chose(_)))
        .map(|event| event.value.clone())
        .collect()
}
