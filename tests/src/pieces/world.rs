//! The tables that all images from pieces have, and the numbers of their entries.

use crate::numbers::Numbers;
use tell_ir::image::{
    Agreement, Class, CodeImage, Const, Edge, Effect, Label, Modality, Op, OpMeta, Outcome, Reentrancy, Region, Role,
    Scope, Shape,
};
use tell_ir::resource::{Bundle, Fact, Layer, Nested, Reach, Resources};
use tell_ir::ty::{Type, TypeId};

pub(super) const UNIT: TypeId = TypeId(0);
pub(super) const BOOL: TypeId = TypeId(1);
pub(super) const INT: TypeId = TypeId(2);
pub(super) const STRING: TypeId = TypeId(3);
pub(super) const DURATION: TypeId = TypeId(4);
pub(super) const ENDPOINT: TypeId = TypeId(5);
/// Evidence of layer 0; that of layer 1 is the next.
pub(super) const EVIDENCE: TypeId = TypeId(6);
/// Witness of fact 0; that of fact 1 is the next.
pub(super) const WITNESS: TypeId = TypeId(8);
pub(super) const INTS: TypeId = TypeId(10);
pub(super) const MAYBE: TypeId = TypeId(11);
/// `Leaf | Node Int String | Up Tree`
pub(super) const TREE: TypeId = TypeId(12);
pub(super) const PAIR: TypeId = TypeId(13);
pub(super) const RECORD: TypeId = TypeId(14);
pub(super) const STRINGS: TypeId = TypeId(15);

/// The label of an endpoint.
pub(super) const GIVE: u16 = 2;

fn types() -> Vec<Type> {
    let text = |text: &str| text.to_owned();
    let tree = vec![(text("Leaf"), Vec::new()), (text("Node"), vec![INT, STRING]), (text("Up"), vec![TREE])];
    vec![
        Type::Unit,
        Type::Bool,
        Type::Int,
        Type::String,
        Type::Duration,
        Type::Endpoint,
        Type::Evidence(0),
        Type::Evidence(1),
        Type::Witness(0),
        Type::Witness(1),
        Type::List(INT),
        Type::Maybe(INT),
        Type::Union(text("Tree"), tree),
        Type::Tuple(vec![INT, STRING]),
        Type::Record(vec![(text("a"), INT), (text("b"), STRING)]),
        Type::List(STRING),
        Type::Map(STRING, INT),
        Type::Result(STRING, INT),
        Type::Bytes,
        Type::Session,
    ]
}

fn op(effect: u16, name: &str, params: Vec<TypeId>, result: TypeId, region: Region) -> Op {
    let meta = OpMeta {
        modality: Modality::Command,
        class: Class::BestEffort,
        may_block: false,
        region,
        agreement: Agreement::None,
        reentrancy: Reentrancy::Allow,
    };
    Op { effect, name: name.to_owned(), params, result, meta }
}

fn resources() -> Resources {
    let text = |text: &str| text.to_owned();
    Resources {
        nested: vec![
            Nested { image: [7; 32], roles: vec![(text("X"), vec![INT]), (text("Y"), Vec::new())] },
            Nested { image: [8; 32], roles: vec![(text("X"), vec![ENDPOINT])] },
        ],
        layers: vec![
            Layer { name: text("log"), reach: Reach::Session },
            Layer { name: text("disk"), reach: Reach::Shared },
        ],
        facts: vec![Fact { name: text("paid"), about: None }, Fact { name: text("seen"), about: Some(0) }],
        bundles: vec![Bundle { label: GIVE, facts: vec![0] }, Bundle { label: GIVE, facts: Vec::new() }],
    }
}

/// An image without code, with two or three roles, and of the edges only those that lose messages.
pub(super) fn tables(numbers: &mut Numbers) -> CodeImage {
    let label = |name: &str, payload| Label { name: name.to_owned(), payload };
    let role = |name: &str| Role { name: name.to_owned(), params: Vec::new() };
    let effect = |name: &str| Effect { name: name.to_owned(), args: Vec::new() };
    let mut roles = vec![role("A"), role("B"), role("C")];
    roles.truncate(2 + numbers.below(2));
    let scopes = (0..2).map(|_| scope(numbers, roles.len())).collect();
    let edges = lossy(numbers, roles.len());
    CodeImage {
        protocol: "Forged".to_owned(),
        roles,
        labels: vec![
            label("Number", INT),
            label("Word", STRING),
            label("Give", ENDPOINT),
            label("Ping", UNIT),
            label("Grow", TREE),
        ],
        types: types(),
        effects: vec![effect("std.state.State"), effect("Host")],
        ops: vec![
            op(0, "get", vec![STRING], MAYBE, Region::Session),
            op(0, "put", vec![STRING, INT], UNIT, Region::Global),
            op(1, "supply", vec![STRING], INT, Region::Session),
            op(1, "choose", vec![STRINGS], INT, Region::Session),
        ],
        consts: vec![
            Const::Unit,
            Const::Bool(true),
            Const::Int(1),
            Const::Str("word".to_owned()),
            Const::Duration(5),
            Const::Session,
        ],
        shapes: vec![
            Shape::Product(PAIR),
            Shape::Product(RECORD),
            Shape::Variant(TREE, 0),
            Shape::Variant(TREE, 1),
            Shape::Variant(TREE, 2),
            Shape::Variant(MAYBE, 1),
            Shape::List(INTS, 2),
            Shape::List(STRINGS, 1),
        ],
        edges,
        scopes,
        resources: resources(),
        ..CodeImage::default()
    }
}

fn lossy(numbers: &mut Numbers, roles: usize) -> Vec<Edge> {
    let from = numbers.below(roles);
    let to = (from + 1 + numbers.below(roles - 1)) % roles;
    let edge = Edge { from: from as u16, to: to as u16, bound: None, lossy: true };
    if numbers.percent(50) { vec![edge] } else { Vec::new() }
}

fn scope(numbers: &mut Numbers, roles: usize) -> Scope {
    let mut participants: Vec<u16> = (0..).take(roles).filter(|_| numbers.percent(80)).collect();
    if participants.is_empty() {
        participants.push(0);
    }
    let owner = *numbers.pick(&participants);
    let mut outcomes = vec![Outcome::Done];
    outcomes.extend([Outcome::Timeout, Outcome::Cancel, Outcome::Fail].into_iter().filter(|_| numbers.percent(50)));
    Scope { owner, participants, outcomes }
}
