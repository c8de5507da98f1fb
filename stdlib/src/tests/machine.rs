//! A verified image that performs operations of every standard effect.

use crate::{HostInputs, World, install};
use std::cell::RefCell;
use std::rc::Rc;
use tell_vm::ir::choreography::{Choreography, Node, NodeId, places};
use tell_vm::ir::image::{
    Agreement, Block, Class, CodeImage, Const, Effect, Final, Function, Modality, Op, OpMeta, Reentrancy, Region, Role,
};
use tell_vm::ir::instr::Instr;
use tell_vm::ir::machine::{LocalMachine, State, StateId};
use tell_vm::ir::prim::Prim;
use tell_vm::ir::ty::{Type, TypeId};
use tell_vm::ir::verify::verify;
use tell_vm::{Call, Failure, FailureKind, Fault, RunEnd, SessionEnd, VM, VMConfig, VMError, Value};

const UNIT: TypeId = TypeId(0);
const INT: TypeId = TypeId(1);
const STRING: TypeId = TypeId(2);
const MAYBE: TypeId = TypeId(3);
const META: OpMeta = OpMeta {
    modality: Modality::Command,
    class: Class::BestEffort,
    may_block: false,
    region: Region::Session,
    agreement: Agreement::None,
    reentrancy: Reentrancy::Allow,
};

/// `A` is supplied a text, keeps a random number under it, and prints what it kept.
fn image() -> CodeImage {
    let effect = |name: &str| Effect { name: name.to_owned(), args: Vec::new() };
    let op = |effect, name: &str, params: &[TypeId], result| {
        let (name, params) = (name.to_owned(), params.to_vec());
        Op { effect, name, params, result, meta: META }
    };
    let code = vec![
        Instr::Set { dst: 0, value: 0 },
        Instr::Perform { op: 0, args: 0, dst: 1 },
        Instr::Set { dst: 2, value: 1 },
        Instr::Set { dst: 3, value: 2 },
        Instr::Perform { op: 1, args: 2, dst: 2 },
        Instr::Perform { op: 2, args: 1, dst: 4 },
        Instr::Perform { op: 3, args: 1, dst: 5 },
        Instr::Prim { op: Prim::ToString, dst: 6, a: 5, b: 5 },
        Instr::Perform { op: 4, args: 6, dst: 4 },
        Instr::Jump { target: 10 },
        Instr::Halt { finals: 0 },
    ];
    let block = |pc, state| Block { pc, state: StateId(state) };
    CodeImage {
        protocol: "P".to_owned(),
        roles: vec![Role { name: "A".to_owned(), params: Vec::new() }],
        types: vec![Type::Unit, Type::Int, Type::String, Type::Maybe(INT)],
        effects: ["Host", "std.random.Random", "std.state.State", "std.console.Console"].map(effect).to_vec(),
        ops: vec![
            op(0, "supply", &[STRING], STRING),
            op(1, "int", &[INT, INT], INT),
            op(2, "put", &[STRING, INT], UNIT),
            op(2, "get", &[STRING], MAYBE),
            op(3, "print", &[STRING], UNIT),
        ],
        consts: vec![Const::Str("title".to_owned()), Const::Int(1), Const::Int(6)],
        functions: vec![Function {
            regs: vec![STRING, STRING, INT, INT, UNIT, MAYBE, STRING],
            code,
            blocks: vec![block(0, 0), block(10, 1)],
            finals: vec![vec![Final { name: "kept".to_owned(), reg: 5 }]],
            ..Function::default()
        }],
        machines: vec![LocalMachine {
            states: vec![State::Tau(vec![StateId(1)]), State::End],
            entries: places(&[&[0], &[1]]),
            decisions: Vec::new(),
        }],
        choreography: Choreography { nodes: vec![Node::Local { role: 0, next: NodeId(1) }, Node::End] },
        ..CodeImage::default()
    }
}

/// Keeps what is printed.
#[derive(Clone, Default)]
struct Paper(Rc<RefCell<Vec<String>>>);

impl World for Paper {
    fn print(&mut self, _: &Call<'_>, text: &str) -> Result<(), Failure> {
        self.0.borrow_mut().push(text.to_owned());
        Ok(())
    }

    fn read_line(&mut self, _: &Call<'_>) -> Result<Option<String>, Failure> {
        Ok(None)
    }
}

/// Supplies one value, whatever is asked for.
struct Always(Value);

impl HostInputs for Always {
    fn supply(&mut self, _: &Call<'_>, _: &str) -> Result<Value, Failure> {
        Ok(self.0.clone())
    }

    fn choose(&mut self, _: &Call<'_>, _: &[&str]) -> Result<usize, Failure> {
        Ok(0)
    }
}

fn run(seed: u64, supplied: Value) -> (SessionEnd, Vec<String>) {
    let mut vm = VM::new(VMConfig { seed, ..VMConfig::default() }).expect("the configuration is right");
    let paper = Paper::default();
    install(&mut vm, paper.clone(), Always(supplied));
    let image = verify(image()).unwrap_or_else(|error| panic!("bug: the image is right: {error}"));
    let image = vm.load_choreography(image).expect("everything is installed");
    let session = vm.open(image, &[]).expect("it takes no arguments");
    assert_eq!(vm.run(1000, &mut || false), RunEnd::Done);
    let report = vm.take_report(&session).expect("it has ended");
    let printed = paper.0.borrow().clone();
    (report.end, printed)
}

#[test]
fn effects_reach_their_handlers() {
    let (end, printed) = run(0, Value::text("TAPL"));
    assert_eq!(end, SessionEnd::Closed);
    assert_eq!(printed.len(), 1);
    assert!(printed[0].starts_with("Just("), "{printed:?}");
    assert_eq!(run(0, Value::text("TAPL")).1, printed);
    assert!((1..20).any(|seed| run(seed, Value::text("TAPL")).1 != printed));
}

#[test]
fn a_supplied_value_of_another_type_is_refused() {
    let (end, printed) = run(0, Value::Int(1));
    let SessionEnd::Faulted(report) = end else { panic!("bug: it should have faulted") };
    assert!(matches!(report.fault, Fault::Perform { kind: FailureKind::InvalidInput, .. }));
    assert_eq!(report.to_string(), "role `A`: `Host.supply` failed, invalid_input: the answer `1` is not `String`");
    assert_eq!((report.pc, printed), (Some(1), Vec::new()));
}

#[test]
fn a_machine_without_the_library_refuses_the_image() {
    let mut vm = VM::new(VMConfig::default()).expect("the configuration is right");
    let image = verify(image()).unwrap_or_else(|error| panic!("bug: the image is right: {error}"));
    assert_eq!(vm.load_choreography(image), Err(VMError::MissingHandler { effect: "Host".to_owned() }));
}
