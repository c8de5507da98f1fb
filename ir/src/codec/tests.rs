//! Identity, golden bytes, every rule of the file format, and any image at all.

use super::{
    CONFIG, Cell, Cursor, FORMAT_VERSION, HEADER_LEN, ImageError, RULES, Section, TRAILER_LEN, decode,
    decode_from_slice, encode, read_section, reseal, split,
};
use crate::choreography::{Branch, Choreography, Node, NodeId, Place};
use crate::hash::{content_id, file_checksum};
use crate::image::{
    Block, ChooseRow, ChooseTable, CodeImage, Const, Debug, Edge, Effect, Final, Function, Label, Op, Outcome, Param,
    Role, Scope, ScopeRow, ScopeTable, Shape,
};
use crate::instr::{FailKind, Instr};
use crate::machine::{LocalMachine, State, StateId, Transition};
use crate::prim::Prim;
use crate::resource::{Bundle, Fact, Layer, Nested, OpenTable, Reach, Resources};
use crate::sample;
use crate::ty::{Type, TypeId};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde::de::DeserializeOwned;

#[test]
fn the_sample_comes_back_with_and_without_positions() {
    let mut image = sample::image();
    let with = encode(&image);
    assert_eq!(decode(&with).as_ref(), Ok(&image));
    let id = content_id(&image);
    image.debug = None;
    let without = encode(&image);
    assert_eq!(decode(&without).as_ref(), Ok(&image));
    assert_eq!(content_id(&image), id, "positions are not part of the id");
    assert_ne!(with, without);
    image.edges.iter_mut().for_each(|edge| edge.bound = Some(77));
    assert_eq!(content_id(&image), id, "bounds of edges are hints");
    image.consts[1] = Const::Int(11);
    assert_ne!(content_id(&image), id);
}

/// Whoever changes these changes the format: raise `FORMAT_VERSION`, or the context of the content id.
#[test]
fn golden_bytes() {
    let empty = encode(&CodeImage { protocol: "P".to_owned(), ..CodeImage::default() });
    let mut expected = b"TELLIMG\x03\x0d\0\0\0".to_vec();
    let entry = |id: u32| match id {
        1 => (1, 168, 3),
        13 => (13, 182, 4),
        id => (id, 169 + id, 1),
    };
    for (id, offset, len) in (1..=13).map(entry) {
        [id, offset, len].iter().for_each(|word| expected.extend_from_slice(&word.to_le_bytes()));
    }
    expected.extend_from_slice(b"\x01P\0");
    expected.extend_from_slice(&[0; 15]);
    assert_eq!(empty[..empty.len() - TRAILER_LEN], expected);
    assert_eq!(FORMAT_VERSION, 3);
    let image = sample::image();
    assert_eq!(content_id(&image).short(), "553916e72df5");
    assert_eq!(file_checksum(&encode(&image))[..6], [8, 205, 6, 60, 194, 62]);
}

#[test]
fn sections_are_what_bincode_reads_by_itself() {
    fn same<T: DeserializeOwned + PartialEq + std::fmt::Debug>(bytes: &[u8], part: &T) {
        let (read, len) = decode_from_slice::<T, _>(bytes, CONFIG).expect("the section decodes");
        assert_eq!((&read, len), (part, bytes.len()));
    }
    let image = sample::image();
    let bytes = encode(&image);
    let (sections, _) = split(&bytes).expect("the table is right");
    same(sections[0].bytes, &(image.protocol, image.roles));
    same(sections[1].bytes, &image.labels);
    same(sections[2].bytes, &image.types);
    same(sections[3].bytes, &image.effects);
    same(sections[4].bytes, &image.ops);
    same(sections[5].bytes, &image.consts);
    same(sections[6].bytes, &image.shapes);
    same(sections[7].bytes, &image.functions);
    same(sections[8].bytes, &image.machines);
    same(sections[9].bytes, &image.edges);
    same(sections[10].bytes, &image.scopes);
    same(sections[11].bytes, &image.choreography);
    same(sections[12].bytes, &image.resources);
    same(sections[13].bytes, &image.debug.expect("it has some"));
}

#[test]
fn instructions_of_one_byte_come_back() {
    let mut code = vec![Instr::Yield; 1000];
    code.push(Instr::Halt { finals: 0 });
    let image = CodeImage { functions: vec![Function { code, ..Function::default() }], ..CodeImage::default() };
    assert_eq!(decode(&encode(&image)), Ok(image));
}

/// Damages a file.
type Damage = fn(&mut Vec<u8>);

const VIOLATIONS: &[(&str, &str, Damage)] = &[
    ("V1.1", "empty", |bytes| bytes.clear()),
    ("V1.1", "other magic", |bytes| bytes[0] = b't'),
    ("V1.1", "other version", |bytes| bytes[7] = 1),
    ("V1.1", "too short for a trailer", |bytes| bytes.truncate(70)),
    ("V1.2", "too many sections", |bytes| bytes[8] = 15),
    ("V1.2", "sections swapped", |bytes| bytes[HEADER_LEN] = 2),
    ("V1.2", "a section longer than the file", |bytes| bytes[HEADER_LEN + 11] = 0xff),
    ("V1.2", "bytes after the last section", |bytes| bytes.push(0)),
    ("V1.2", "the end missing", |bytes| {
        bytes.pop();
    }),
    ("V1.3", "a byte of a section", |bytes| bytes[200] ^= 1),
    ("V1.3", "a byte of the content id", |bytes| {
        let at = bytes.len() - TRAILER_LEN;
        bytes[at] ^= 1;
    }),
    ("V1.4", "a count beyond the end", |bytes| {
        let at = section_start(bytes, 2);
        bytes[at] = 250;
        reseal(bytes);
    }),
    ("V1.4", "an enormous count", |bytes| {
        let at = section_start(bytes, 2);
        bytes[at] = 253;
        bytes[at + 1..at + 9].fill(0xff);
        reseal(bytes);
    }),
    ("V1.4", "an unknown type", |bytes| {
        let at = section_start(bytes, 2);
        bytes[at + 1] = 19;
        reseal(bytes);
    }),
    ("V1.4", "bytes left over", |bytes| {
        let at = section_start(bytes, 9);
        bytes[at] = 1;
        reseal(bytes);
    }),
    ("V1.4", "no text", |bytes| {
        let at = section_start(bytes, 0);
        bytes[at + 1] = 0xff;
        reseal(bytes);
    }),
    ("V1.5", "a small number in three bytes, at the end of a section", |bytes| widen(bytes, &[251, 2, 0])),
    ("V1.5", "a small number in five bytes", |bytes| widen(bytes, &[252, 2, 0, 0, 0])),
    ("V1.5", "a small number in nine bytes", |bytes| widen(bytes, &[253, 2, 0, 0, 0, 0, 0, 0, 0])),
    ("V1.6", "another content id", |bytes| {
        let end = bytes.len() - 32;
        bytes[end - 1] ^= 1;
        let checksum = file_checksum(&bytes[..end]);
        bytes[end..].copy_from_slice(&checksum);
    }),
];

/// Writes the count of the edges in another way.
fn widen(bytes: &mut Vec<u8>, count: &[u8]) {
    let at = section_start(bytes, 9);
    bytes.splice(at..=at, count.iter().copied());
    let by = u8::try_from(count.len()).expect("it is short") - 1;
    bytes[HEADER_LEN + 12 * 9 + 8] += by;
    for entry in [10, 11, 12, 13].map(|index| HEADER_LEN + 12 * index) {
        let offset = u32::from_le_bytes(bytes[entry + 4..entry + 8].try_into().expect("four bytes")) + u32::from(by);
        bytes[entry + 4..entry + 8].copy_from_slice(&offset.to_le_bytes());
    }
    reseal(bytes);
}

fn section_start(bytes: &[u8], index: usize) -> usize {
    split(bytes).expect("the table is right").0[index].offset
}

#[test]
fn each_violation_is_rejected_with_its_rule() {
    for (rule, what, damage) in VIOLATIONS {
        let mut bytes = encode(&sample::image());
        damage(&mut bytes);
        match decode(&bytes) {
            Ok(_) => panic!("{rule}, {what}: accepted"),
            Err(ImageError { rule: found, offset, message }) => {
                assert_eq!(found, *rule, "{what}: byte {offset}: {message}");
            }
        }
    }
    for (rule, text) in RULES {
        assert!(VIOLATIONS.iter().any(|(broken, ..)| broken == rule), "{rule} ({text}) is not tried");
    }
}

/// A file of single bytes can stand for lists of much larger entries.
#[test]
fn lists_take_no_more_memory_than_they_may() {
    let sections = [Section { bytes: &[10, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9], offset: 7 }];
    let read = |bytes| read_section(&sections, 0, &Cell::new(bytes), |cursor| cursor.list(1, Cursor::word));
    assert_eq!(read(40), Ok((0..10).collect()));
    let error = read(39).expect_err("ten numbers take 40 bytes");
    assert_eq!((error.rule, error.offset), ("V1.4", 8), "{error}");
}

fn text() -> impl Strategy<Value = String> {
    "[a-zA-Z_é]{0,6}"
}

fn id() -> impl Strategy<Value = TypeId> {
    any::<u32>().prop_map(TypeId)
}

fn ty() -> impl Strategy<Value = Type> {
    prop_oneof![
        Just(Type::Unit),
        Just(Type::Role),
        id().prop_map(Type::List),
        id().prop_map(Type::Maybe),
        (id(), id()).prop_map(|(a, b)| Type::Result(a, b)),
        (id(), id()).prop_map(|(a, b)| Type::Map(a, b)),
        vec(id(), 0..4).prop_map(Type::Tuple),
        vec((text(), id()), 0..4).prop_map(Type::Record),
        (text(), vec((text(), vec(id(), 0..3)), 0..4)).prop_map(|(name, variants)| Type::Union(name, variants)),
        text().prop_map(Type::Opaque),
        Just(Type::Endpoint),
        any::<u16>().prop_map(Type::Evidence),
        any::<u16>().prop_map(Type::Witness),
    ]
}

fn constant() -> impl Strategy<Value = Const> {
    prop_oneof![
        Just(Const::Unit),
        any::<bool>().prop_map(Const::Bool),
        any::<i64>().prop_map(Const::Int),
        any::<i64>().prop_map(Const::Duration),
        text().prop_map(Const::Str),
        Just(Const::Session),
    ]
}

fn instr() -> impl Strategy<Value = Instr> {
    let short = any::<u16>;
    let long = any::<u32>;
    prop_oneof![
        (short(), short(), short()).prop_map(|(to, label, val)| Instr::Send { to, label, val }),
        (short(), short(), short()).prop_map(|(to, label, val)| Instr::Offer { to, label, val }),
        (short(), short(), short()).prop_map(|(from, label, dst)| Instr::Receive { from, label, dst }),
        long().prop_map(|table| Instr::Choose { table }),
        (short(), short(), short()).prop_map(|(op, args, dst)| Instr::Perform { op, args, dst }),
        (short(), long()).prop_map(|(dst, value)| Instr::Set { dst, value }),
        (short(), short()).prop_map(|(dst, src)| Instr::Move { dst, src }),
        (0..Prim::ALL.len(), short(), short(), short()).prop_map(|(op, dst, a, b)| Instr::Prim {
            op: Prim::ALL[op],
            dst,
            a,
            b
        }),
        (short(), short(), short()).prop_map(|(dst, shape, args)| Instr::Make { dst, shape, args }),
        (short(), short(), short()).prop_map(|(dst, src, index)| Instr::Get { dst, src, index }),
        (short(), short()).prop_map(|(dst, src)| Instr::Count { dst, src }),
        (short(), long()).prop_map(|(val, table)| Instr::Switch { val, table }),
        (short(), long()).prop_map(|(val, target)| Instr::Branch { val, target }),
        long().prop_map(|target| Instr::Jump { target }),
        Just(Instr::Yield),
        long().prop_map(|text| Instr::Fail { fault: FailKind::NoOpenBranch, text }),
        long().prop_map(|finals| Instr::Halt { finals }),
        long().prop_map(|target| Instr::Spawn { target }),
        Just(Instr::JoinAll),
        Just(Instr::Finish),
        long().prop_map(|scope| Instr::Enter { scope }),
        long().prop_map(|scope| Instr::Exit { scope }),
        long().prop_map(|scope| Instr::Leave { scope }),
        (long(), short()).prop_map(|(table, dst)| Instr::Open { table, dst }),
        (short(), short()).prop_map(|(endpoint, dst)| Instr::Close { endpoint, dst }),
        (short(), short()).prop_map(|(layer, dst)| Instr::Acquire { layer, dst }),
        (short(), short()).prop_map(|(layer, evidence)| Instr::Release { layer, evidence }),
        long().prop_map(|target| Instr::Fork { target }),
        Just(Instr::Join),
        Just(Instr::Abort),
        (short(), short(), short()).prop_map(|(endpoint, to, bundle)| Instr::Transfer { endpoint, to, bundle }),
        (short(), short()).prop_map(|(fact, dst)| Instr::Tag { fact, dst }),
        (short(), short(), short()).prop_map(|(fact, to, dst)| Instr::Check { fact, to, dst }),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    (0..Outcome::ALL.len()).prop_map(|at| Outcome::ALL[at].1)
}

fn function() -> impl Strategy<Value = Function> {
    let block = (any::<u32>(), any::<u32>()).prop_map(|(pc, state)| Block { pc, state: StateId(state) });
    let row = (any::<u16>(), any::<u16>(), any::<u16>(), any::<u32>())
        .prop_map(|(partner, label, dst, target)| ChooseRow { partner, label, dst, target });
    let table = (vec(row, 0..3), option::of(any::<u32>())).prop_map(|(rows, finals)| ChooseTable { rows, finals });
    let value = (text(), any::<u16>()).prop_map(|(name, reg)| Final { name, reg });
    let row = (outcome(), option::of(any::<u16>()), any::<u32>()).prop_map(|(outcome, bind, target)| ScopeRow {
        outcome,
        bind,
        target,
    });
    let scope = (any::<u32>(), option::of(any::<u16>()), vec(row, 0..3))
        .prop_map(|(scope, deadline, rows)| ScopeTable { scope, deadline, rows });
    let open = (any::<u16>(), vec(vec(any::<u16>(), 0..3), 0..3)).prop_map(|(nested, args)| OpenTable { nested, args });
    (
        vec(id(), 0..5),
        vec(instr(), 0..12),
        vec(block, 0..4),
        vec(table, 0..3),
        vec(vec(any::<u32>(), 0..4), 0..3),
        vec(vec(value, 0..3), 0..3),
        vec(scope, 0..3),
        vec(open, 0..2),
    )
        .prop_map(|(regs, code, blocks, chooses, switches, finals, scopes, opens)| Function {
            regs,
            code,
            blocks,
            chooses,
            switches,
            finals,
            scopes,
            opens,
        })
}

fn machine() -> impl Strategy<Value = LocalMachine> {
    let row = || {
        (any::<u16>(), any::<u16>(), any::<u32>()).prop_map(|(partner, label, target)| Transition {
            partner,
            label,
            target: StateId(target),
        })
    };
    let state = prop_oneof![
        Just(State::End),
        vec(row(), 0..3).prop_map(State::Send),
        (vec(row(), 0..3), any::<bool>()).prop_map(|(rows, may_end)| State::Recv { rows, may_end }),
        vec(any::<u32>().prop_map(StateId), 0..3).prop_map(State::Tau),
        (vec(any::<u32>().prop_map(StateId), 0..3), any::<u32>())
            .prop_map(|(branches, then)| State::Par { branches, then: StateId(then) }),
        (any::<[u32; 3]>(), vec((outcome(), any::<u32>().prop_map(StateId)), 0..3)).prop_map(
            |([scope, body, then], rows)| State::Scope { scope, body: StateId(body), rows, then: StateId(then) }
        ),
        Just(State::Join),
    ];
    let places = || {
        let place = |(state, node)| Place { state: StateId(state), node: NodeId(node) };
        vec(any::<(u32, u32)>().prop_map(place), 0..3)
    };
    (vec(state, 0..4), places(), places()).prop_map(|(states, entries, decisions)| LocalMachine {
        states,
        entries,
        decisions,
    })
}

fn node() -> impl Strategy<Value = Node> {
    let id = || any::<u32>().prop_map(NodeId);
    let branch = (any::<u16>(), id()).prop_map(|(label, target)| Branch { label, target });
    let message = (any::<u16>(), any::<u16>(), vec(branch, 0..3));
    prop_oneof![
        Just(Node::End),
        message.prop_map(|(from, to, branches)| Node::Comm { from, to, branches }),
        (any::<u16>(), vec(id(), 0..3)).prop_map(|(decider, arms)| Node::Choice { decider, arms }),
        (vec(any::<u16>(), 0..3), vec(id(), 0..3)).prop_map(|(deciders, arms)| Node::Case { deciders, arms }),
        (any::<u16>(), id()).prop_map(|(role, next)| Node::Local { role, next }),
        (vec(id(), 0..3), id()).prop_map(|(branches, then)| Node::Par { branches, then }),
        (any::<u32>(), id(), vec((outcome(), id()), 0..3), id()).prop_map(|(scope, body, rows, then)| Node::Scope {
            scope,
            body,
            rows,
            then
        }),
        id().prop_map(|of| Node::Join { of }),
    ]
}

fn resources() -> impl Strategy<Value = Resources> {
    let nested = (any::<[u8; 32]>(), vec((text(), vec(id(), 0..3)), 0..3));
    let reach = prop_oneof![Just(Reach::Session), Just(Reach::Shared)];
    (
        vec(nested.prop_map(|(image, roles)| Nested { image, roles }), 0..2),
        vec((text(), reach).prop_map(|(name, reach)| Layer { name, reach }), 0..3),
        vec((text(), option::of(any::<u16>())).prop_map(|(name, about)| Fact { name, about }), 0..3),
        vec((any::<u16>(), vec(any::<u16>(), 0..3)).prop_map(|(label, facts)| Bundle { label, facts }), 0..3),
    )
        .prop_map(|(nested, layers, facts, bundles)| Resources { nested, layers, facts, bundles })
}

/// Any image, rarely one that verifies.
fn image() -> impl Strategy<Value = CodeImage> {
    let param = (text(), id(), any::<u16>()).prop_map(|(name, ty, reg)| Param { name, ty, reg });
    let role = (text(), vec(param, 0..3)).prop_map(|(name, params)| Role { name, params });
    let label = (text(), id()).prop_map(|(name, payload)| Label { name, payload });
    let effect = (text(), vec(id(), 0..3)).prop_map(|(name, args)| Effect { name, args });
    let op = (any::<u16>(), text(), vec(id(), 0..3), id()).prop_map(|(effect, name, params, result)| Op {
        effect,
        name,
        params,
        result,
        meta: sample::image().ops[0].meta,
    });
    let shape = (id(), any::<u16>(), 0..3).prop_map(|(ty, number, kind)| match kind {
        0 => Shape::Product(ty),
        1 => Shape::Variant(ty, number),
        _ => Shape::List(ty, number),
    });
    let edge = (any::<u16>(), any::<u16>(), option::of(any::<u32>()), any::<bool>())
        .prop_map(|(from, to, bound, lossy)| Edge { from, to, bound, lossy });
    let scope = (any::<u16>(), vec(any::<u16>(), 0..3), vec(outcome(), 0..3))
        .prop_map(|(owner, participants, outcomes)| Scope { owner, participants, outcomes });
    let spans = vec((any::<u32>(), any::<u32>(), any::<u32>()), 0..3);
    let debug = option::of((text(), vec(spans, 0..3)).prop_map(|(file, spans)| Debug { file, spans }));
    let tables = (vec(role, 0..3), vec(label, 0..4), vec(ty(), 0..6), vec(effect, 0..3), vec(op, 0..3));
    let rest = (
        vec(constant(), 0..5),
        vec(shape, 0..4),
        vec(function(), 0..3),
        vec(machine(), 0..3),
        vec(edge, 0..3),
        vec(scope, 0..3),
        vec(node(), 0..5),
        resources(),
        debug,
    );
    (text(), tables, rest).prop_map(
        |(
            protocol,
            (roles, labels, types, effects, ops),
            (consts, shapes, functions, machines, edges, scopes, nodes, resources, debug),
        )| {
            CodeImage {
                protocol,
                roles,
                labels,
                types,
                effects,
                ops,
                consts,
                shapes,
                functions,
                machines,
                edges,
                scopes,
                choreography: Choreography { nodes },
                resources,
                debug,
            }
        },
    )
}

proptest! {
    #[test]
    fn any_image_comes_back(image in image()) {
        let bytes = encode(&image);
        prop_assert_eq!(decode(&bytes), Ok(image.clone()));
        prop_assert_eq!(encode(&image), bytes);
        // Neither a verifier nor a disassembler may panic on it.
        let _ = crate::disasm::disassemble(&image);
        let _ = crate::verify::verify(image);
    }

    #[test]
    fn images_have_equal_ids_only_if_they_are_equal(a in image(), b in image()) {
        let equal = CodeImage { debug: None, ..a.clone() } == CodeImage { debug: None, ..b.clone() };
        prop_assert_eq!(content_id(&a) == content_id(&b), equal);
    }
}
