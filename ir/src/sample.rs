//! An image for tests, with every table in use: a buyer asks for titles until the answer is no, or cheap.

pub(crate) mod lossy;
pub(crate) mod resources;
pub(crate) mod scoped;

pub(crate) use crate::choreography::places;
use crate::choreography::{Branch, Choreography, Node, NodeId};
use crate::image::{
    Agreement, Block, ChooseRow, ChooseTable, Class, CodeImage, Const, Debug, Edge, Effect, Final, Function, Label,
    Modality, Op, OpMeta, Param, Reentrancy, Region, Role, Shape,
};
use crate::instr::{FailKind, Instr};
use crate::machine::{LocalMachine, State, StateId, Transition};
use crate::prim::Prim;
use crate::resource::Resources;
use crate::ty::{Type, TypeId};

pub(crate) const UNIT: TypeId = TypeId(0);
pub(crate) const BOOL: TypeId = TypeId(1);
pub(crate) const INT: TypeId = TypeId(2);
pub(crate) const STRING: TypeId = TypeId(3);
pub(crate) const LIST: TypeId = TypeId(4);
pub(crate) const MAYBE: TypeId = TypeId(5);
pub(crate) const TUPLE: TypeId = TypeId(6);
pub(crate) const RECORD: TypeId = TypeId(7);
pub(crate) const UNION: TypeId = TypeId(8);

pub(crate) const BUYER: u16 = 0;
pub(crate) const SELLER: u16 = 1;
pub(crate) const TITLE: u16 = 0;
pub(crate) const YES: u16 = 1;
pub(crate) const NO: u16 = 2;

/// A row of a machine.
pub(crate) const fn row(partner: u16, label: u16, target: u32) -> Transition {
    Transition { partner, label, target: StateId(target) }
}

/// A message from pairs of label and node.
pub(crate) fn message(from: u16, to: u16, branches: &[(u16, u32)]) -> Node {
    let branch = |&(label, target): &_| Branch { label, target: NodeId(target) };
    Node::Comm { from, to, branches: branches.iter().map(branch).collect() }
}

/// Block starts from pairs of instruction and state.
pub(crate) fn blocks(starts: &[(u32, u32)]) -> Vec<Block> {
    starts.iter().map(|&(pc, state)| Block { pc, state: StateId(state) }).collect()
}

/// The image.
pub(crate) fn image() -> CodeImage {
    let label = |name: &str, payload| Label { name: name.to_owned(), payload };
    let title = Param { name: "title".to_owned(), ty: STRING, reg: 0 };
    CodeImage {
        protocol: "Shop".to_owned(),
        roles: vec![
            Role { name: "Buyer".to_owned(), params: vec![title] },
            Role { name: "Seller".to_owned(), params: Vec::new() },
        ],
        labels: vec![label("Title", STRING), label("Yes", INT), label("No", UNIT)],
        types: types(),
        effects: vec![Effect { name: "std.console.Console".to_owned(), args: vec![INT] }],
        ops: vec![Op { effect: 0, name: "print".to_owned(), params: vec![INT], result: UNIT, meta: META }],
        consts: vec![Const::Unit, Const::Int(10), Const::Str("too cheap".to_owned()), Const::Bool(true)],
        shapes: vec![Shape::Product(TUPLE), Shape::Variant(UNION, 1), Shape::List(LIST, 2), Shape::Product(RECORD)],
        functions: vec![buyer(), seller()],
        machines: vec![
            LocalMachine {
                states: vec![
                    State::Send(vec![row(SELLER, TITLE, 1)]),
                    State::Recv { rows: vec![row(SELLER, YES, 2), row(SELLER, NO, 3)], may_end: false },
                    State::Tau(vec![StateId(0), StateId(3)]),
                    State::End,
                ],
                entries: places(&[&[0], &[1], &[2], &[3]]),
                decisions: Vec::new(),
            },
            LocalMachine {
                states: vec![
                    State::Recv { rows: vec![row(BUYER, TITLE, 1)], may_end: false },
                    State::Send(vec![row(BUYER, YES, 2), row(BUYER, NO, 3)]),
                    State::Recv { rows: vec![row(BUYER, TITLE, 1)], may_end: true },
                    State::End,
                ],
                entries: places(&[&[0], &[1], &[2], &[3]]),
                decisions: Vec::new(),
            },
        ],
        choreography: Choreography {
            nodes: vec![
                message(BUYER, SELLER, &[(TITLE, 1)]),
                message(SELLER, BUYER, &[(YES, 2), (NO, 3)]),
                Node::Choice { decider: BUYER, arms: vec![NodeId(0), NodeId(3)] },
                Node::End,
            ],
        },
        edges: vec![
            Edge { from: BUYER, to: SELLER, bound: Some(1), lossy: false },
            Edge { from: SELLER, to: BUYER, bound: None, lossy: false },
        ],
        scopes: Vec::new(),
        resources: Resources::default(),
        debug: Some(Debug { file: "shop.tell".to_owned(), spans: vec![vec![(0, 10, 20), (2, 21, 30)], Vec::new()] }),
    }
}

const META: OpMeta = OpMeta {
    modality: Modality::Command,
    class: Class::BestEffort,
    may_block: true,
    region: Region::Session,
    agreement: Agreement::None,
    reentrancy: Reentrancy::Allow,
};

fn types() -> Vec<Type> {
    let text = str::to_owned;
    vec![
        Type::Unit,
        Type::Bool,
        Type::Int,
        Type::String,
        Type::List(INT),
        Type::Maybe(INT),
        Type::Tuple(vec![INT, STRING]),
        Type::Record(vec![(text("a"), INT), (text("b"), STRING)]),
        Type::Union(
            text("Tree"),
            vec![(text("Leaf"), Vec::new()), (text("Node"), vec![INT, STRING]), (text("Up"), vec![UNION])],
        ),
        Type::Bytes,
        Type::Duration,
        Type::Session,
        Type::Role,
        Type::Result(STRING, INT),
        Type::Map(STRING, INT),
        Type::Opaque(text("Receipt")),
    ]
}

/// Registers: title, answer, limit, comparison, Unit.
fn buyer() -> Function {
    Function {
        regs: vec![STRING, INT, INT, BOOL, UNIT],
        code: vec![
            Instr::Send { to: SELLER, label: TITLE, val: 0 },
            Instr::Choose { table: 0 },
            Instr::Set { dst: 2, value: 1 },
            Instr::Prim { op: Prim::Lt, dst: 3, a: 1, b: 2 },
            Instr::Branch { val: 3, target: 6 },
            Instr::Jump { target: 8 },
            Instr::Perform { op: 0, args: 1, dst: 4 },
            Instr::Jump { target: 0 },
            Instr::Halt { finals: 0 },
        ],
        blocks: blocks(&[(0, 0), (1, 1), (2, 2), (6, 2), (8, 3)]),
        chooses: vec![ChooseTable {
            rows: vec![
                ChooseRow { partner: SELLER, label: YES, dst: 1, target: 2 },
                ChooseRow { partner: SELLER, label: NO, dst: 4, target: 8 },
            ],
            finals: None,
        }],
        switches: Vec::new(),
        finals: vec![vec![Final { name: "title".to_owned(), reg: 0 }]],
        scopes: Vec::new(),
        opens: Vec::new(),
    }
}

/// Registers: title, number, title again, parsed, tuple, tree, record, list, count, truth, Unit.
fn seller() -> Function {
    Function {
        regs: vec![STRING, INT, STRING, MAYBE, TUPLE, UNION, RECORD, LIST, INT, BOOL, UNIT],
        code: vec![
            Instr::Receive { from: BUYER, label: TITLE, dst: 0 },
            Instr::Prim { op: Prim::ParseInt, dst: 3, a: 0, b: 0 },
            Instr::Switch { val: 3, table: 0 },
            Instr::Get { dst: 1, src: 3, index: 0 },
            Instr::Move { dst: 2, src: 0 },
            Instr::Make { dst: 4, shape: 0, args: 1 },
            Instr::Make { dst: 5, shape: 1, args: 1 },
            Instr::Make { dst: 6, shape: 3, args: 1 },
            Instr::Get { dst: 1, src: 6, index: 0 },
            Instr::Switch { val: 5, table: 1 },
            Instr::Get { dst: 1, src: 5, index: 0 },
            Instr::Offer { to: BUYER, label: YES, val: 1 },
            Instr::Choose { table: 0 },
            Instr::Fail { fault: FailKind::Unreachable, text: 2 },
            Instr::Set { dst: 10, value: 0 },
            Instr::Offer { to: BUYER, label: NO, val: 10 },
            Instr::Halt { finals: 0 },
        ],
        blocks: blocks(&[(0, 0), (1, 1), (3, 1), (10, 1), (12, 2), (13, 1), (14, 1), (16, 3)]),
        chooses: vec![ChooseTable {
            rows: vec![ChooseRow { partner: BUYER, label: TITLE, dst: 0, target: 1 }],
            finals: Some(0),
        }],
        switches: vec![vec![14, 3], vec![13, 10, 13]],
        finals: vec![Vec::new()],
        scopes: Vec::new(),
        opens: Vec::new(),
    }
}
