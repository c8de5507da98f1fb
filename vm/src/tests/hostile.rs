//! Hostile images on the kernel without the verifier: whatever the code is, no step panics and fuel ends the run.

use super::fixture::{
    self, BOOL, DISK, DURATION, ENDPOINT, INT, INTS, LOG, MAP, MAYBE, PAID, STRING, STRINGS, TREE, UNIT, op, types,
};
use super::guards::three;
use super::nested::giving;
use super::scopes::{performing, race, round_and_round};
use super::speculation::sending;
use crate::buffer::WhenFull;
use crate::config::{Limits, Retention, VMConfig};
use crate::event::EventKind;
use crate::handler::{Call, Failure, Handler, HostStep};
use crate::id::RequestId;
use crate::machine::VM;
use crate::output::OutputCondition;
use crate::policy::{Policy, Priority};
use crate::topology::{Damage, Topology};
use crate::value::Value;
use tell_ir::hash::content_id;
use tell_ir::image::{
    ChooseRow, ChooseTable, CodeImage, Const, Edge, Final, Function, Outcome, Param, Role, Scope, ScopeRow, ScopeTable,
    Shape,
};
use tell_ir::instr::{FailKind, Instr};
use tell_ir::prim::Prim;
use tell_ir::resource::{Bundle, Fact, Layer, Nested, OpenTable, Reach, Resources};
use tell_ir::ty::TypeId;

/// xorshift64*; the same images every time.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Mostly below `n`, sometimes anything.
    fn index(&mut self, n: usize) -> u64 {
        let roll = self.next();
        if roll.is_multiple_of(41) { self.next() } else { (roll >> 8) % (n.max(1) as u64) }
    }

    fn short(&mut self, n: usize) -> u16 {
        self.index(n) as u16
    }

    fn wide(&mut self, n: usize) -> u32 {
        self.index(n) as u32
    }

    fn ty(&mut self) -> TypeId {
        TypeId(self.wide(types().len()))
    }
}

const REGISTERS: usize = 16;
const CODE: usize = 24;

fn instr(dice: &mut Dice) -> Instr {
    let mut reg = || dice.short(REGISTERS);
    let (a, b, c) = (reg(), reg(), reg());
    let target = dice.wide(CODE);
    match dice.next() % 22 {
        18..=20 => structure(dice, target),
        21 => wanting(dice, target),
        0 => Instr::Send { to: dice.short(3), label: dice.short(18), val: a },
        1 => Instr::Offer { to: dice.short(3), label: dice.short(18), val: a },
        2 => Instr::Receive { from: dice.short(3), label: dice.short(18), dst: a },
        3 => Instr::Choose { table: dice.wide(3) },
        4 => Instr::Perform { op: dice.short(4), args: a, dst: b },
        5..=7 => Instr::Set { dst: a, value: dice.wide(9) },
        8 => Instr::Move { dst: a, src: b },
        9 | 10 => Instr::Prim { op: Prim::ALL[dice.next() as usize % Prim::ALL.len()], dst: a, a: b, b: c },
        11 | 12 => Instr::Make { dst: a, shape: dice.short(10), args: b },
        13 => Instr::Get { dst: a, src: b, index: dice.short(3) },
        14 => Instr::Count { dst: a, src: b },
        15 => Instr::Switch { val: a, table: dice.wide(2) },
        16 => Instr::Branch { val: a, target },
        _ => match dice.next() % 4 {
            0 => Instr::Halt { finals: dice.wide(2) },
            1 => Instr::Fail { fault: FailKind::Unreachable, text: dice.wide(9) },
            2 => Instr::Yield,
            _ => Instr::Jump { target },
        },
    }
}

/// An instruction of branches or scopes.
fn structure(dice: &mut Dice, target: u32) -> Instr {
    match dice.next() % 6 {
        0 => Instr::Spawn { target },
        1 => Instr::JoinAll,
        2 => Instr::Finish,
        3 => Instr::Enter { scope: dice.wide(3) },
        4 => Instr::Exit { scope: dice.wide(3) },
        _ => Instr::Leave { scope: dice.wide(3) },
    }
}

/// An instruction on sessions, guards, speculation or knowledge; its registers are mostly those of [`FRAME`].
fn wanting(dice: &mut Dice, target: u32) -> Instr {
    let mut reg = |usual| if dice.next().is_multiple_of(6) { dice.short(REGISTERS) } else { usual };
    let (endpoint, log, disk, paid) = (reg(12), reg(13), reg(14), reg(15));
    match dice.next() % 14 {
        0 | 1 => Instr::Open { table: dice.wide(2), dst: endpoint },
        2 => Instr::Close { endpoint, dst: 4 },
        3 => Instr::Acquire { layer: 0, dst: log },
        4 => Instr::Acquire { layer: 1, dst: disk },
        5 => Instr::Release { layer: 0, evidence: log },
        6 => Instr::Release { layer: 1, evidence: disk },
        7 | 8 => Instr::Fork { target },
        9 => Instr::Join,
        10 => Instr::Abort,
        11 => Instr::Transfer { endpoint, to: dice.short(3), bundle: dice.short(2) },
        12 => Instr::Tag { fact: dice.short(2), dst: paid },
        _ => Instr::Check { fact: dice.short(2), to: dice.short(3), dst: 1 },
    }
}

/// A scope table that leads somewhere for most outcomes.
fn scope_table(dice: &mut Dice) -> ScopeTable {
    let outcomes = Outcome::ALL.iter().map(|(_, outcome)| *outcome).filter(|_| !dice.next().is_multiple_of(40));
    let outcomes: Vec<_> = outcomes.collect();
    let mut row = |outcome| ScopeRow {
        outcome,
        bind: dice.next().is_multiple_of(4).then_some(4),
        target: PROLOGUE.len() as u32 + dice.wide(CODE),
    };
    let rows = outcomes.into_iter().map(&mut row).collect();
    ScopeTable { scope: dice.wide(2), deadline: (!dice.next().is_multiple_of(8)).then(|| dice.short(REGISTERS)), rows }
}

fn scope(dice: &mut Dice) -> Scope {
    let outcomes = Outcome::ALL.iter().map(|(_, outcome)| *outcome).filter(|_| !dice.next().is_multiple_of(3));
    let outcomes = outcomes.collect();
    let participants = if dice.next().is_multiple_of(6) { vec![dice.short(3); 2] } else { vec![0, 1, 2] };
    Scope { owner: dice.short(3), participants, outcomes }
}

/// Types of the registers that [`sensible`] instructions expect.
const FRAME: [TypeId; REGISTERS] =
    [UNIT, BOOL, INT, INT, STRING, INTS, MAP, TREE, TREE, STRINGS, DURATION, MAYBE, ENDPOINT, LOG, DISK, PAID];

/// Gives most registers of [`FRAME`] a value.
const PROLOGUE: [Instr; 9] = [
    Instr::Set { dst: 10, value: 8 },
    Instr::Set { dst: 1, value: 1 },
    Instr::Set { dst: 2, value: 3 },
    Instr::Set { dst: 3, value: 3 },
    Instr::Set { dst: 4, value: 4 },
    Instr::Make { dst: 5, shape: 0, args: 2 },
    Instr::Prim { op: Prim::EmptyMap, dst: 6, a: 0, b: 0 },
    Instr::Make { dst: 7, shape: 1, args: 0 },
    Instr::Make { dst: 8, shape: 1, args: 0 },
];

/// An instruction that fits [`FRAME`], so that a run gets somewhere.
fn sensible(dice: &mut Dice) -> Instr {
    let target = PROLOGUE.len() as u32 + dice.wide(CODE);
    let prim = |op, dst, a, b| Instr::Prim { op, dst, a, b };
    let all = [
        prim(Prim::Sub, 2, 2, 3),
        prim(Prim::Mul, 3, 3, 3),
        prim(Prim::Concat, 4, 4, 4),
        prim(Prim::Concat, 5, 5, 5),
        prim(Prim::Append, 5, 5, 2),
        prim(Prim::Tail, 5, 5, 0),
        prim(Prim::Reverse, 5, 5, 0),
        prim(Prim::Get, 11, 5, 2),
        prim(Prim::Insert, 6, 6, 3),
        prim(Prim::Remove, 6, 6, 2),
        prim(Prim::Keys, 5, 6, 0),
        prim(Prim::Split, 9, 4, 4),
        prim(Prim::ToString, 4, dice.short(REGISTERS), 0),
        prim(Prim::ParseInt, 11, 4, 0),
        prim(Prim::Lt, 1, 2, 3),
        prim(Prim::Eq, 1, dice.short(REGISTERS), dice.short(REGISTERS)),
        Instr::Make { dst: 7, shape: 2, args: 7 },
        Instr::Move { dst: 8, src: 7 },
        Instr::Branch { val: 1, target },
        Instr::Switch { val: 7, table: 0 },
        Instr::Jump { target },
        Instr::Count { dst: 2, src: 5 },
        Instr::Send { to: dice.short(3), label: 2, val: 2 },
        Instr::Offer { to: dice.short(3), label: 4, val: 10 },
        Instr::Receive { from: dice.short(3), label: 2, dst: 3 },
        Instr::Choose { table: dice.wide(3) },
        Instr::Perform { op: 0, args: 2, dst: 3 },
        Instr::Set { dst: 4, value: 5 },
    ];
    all[dice.next() as usize % all.len()]
}

fn function(dice: &mut Dice) -> Function {
    let rows = |dice: &mut Dice| {
        let row = |dice: &mut Dice| ChooseRow {
            partner: dice.short(3),
            label: if dice.next().is_multiple_of(4) { dice.short(18) } else { 2 },
            dst: if dice.next().is_multiple_of(4) { dice.short(REGISTERS) } else { 2 },
            target: PROLOGUE.len() as u32 + dice.wide(CODE),
        };
        (0..dice.next() % 5).map(|_| row(dice)).collect()
    };
    let mut code = PROLOGUE.to_vec();
    for _ in 0..CODE {
        code.push(match dice.next() % 25 {
            0 | 12 => instr(dice),
            24 => {
                let target = PROLOGUE.len() as u32 + dice.wide(CODE);
                wanting(dice, target)
            }
            1..=4 => {
                let target = PROLOGUE.len() as u32 + dice.wide(CODE);
                structure(dice, target)
            }
            _ => sensible(dice),
        });
    }
    Function {
        regs: FRAME.iter().map(|ty| if dice.next().is_multiple_of(64) { dice.ty() } else { *ty }).collect(),
        code,
        blocks: Vec::new(),
        chooses: (0..3).map(|i| ChooseTable { rows: rows(dice), finals: (i == 0).then(|| dice.wide(2)) }).collect(),
        switches: (0..2).map(|_| (0..3).map(|_| dice.wide(CODE)).collect()).collect(),
        finals: vec![vec![Final { name: "x".into(), reg: dice.short(REGISTERS) }]],
        scopes: (0..3).map(|_| scope_table(dice)).collect(),
        opens: vec![OpenTable { nested: 0, args: vec![vec![2]] }, OpenTable { nested: 1, args: vec![vec![12]] }],
    }
}

fn hostile(dice: &mut Dice) -> CodeImage {
    let mut image = fixture::image(&[
        Const::Unit,
        Const::Bool(true),
        Const::Int(i64::MIN),
        Const::Int(1),
        Const::Str("abc".into()),
        Const::Str("-7".into()),
        Const::Duration(i64::MAX),
        Const::Session,
        Const::Duration(3),
    ]);
    image.shapes = vec![Shape::List(INTS, 2), Shape::Variant(TREE, 0), Shape::Variant(TREE, 1)];
    for _ in 0..7 {
        let (ty, n) = (dice.ty(), dice.short(4) % 300);
        let shape = match dice.next() % 3 {
            0 => Shape::Product(ty),
            1 => Shape::Variant(ty, n),
            _ => Shape::List(ty, n),
        };
        image.shapes.push(shape);
    }
    op(&mut image, "E", "ask", &[INT], INT);
    op(&mut image, "Host", "choose", &[STRINGS], INT);
    let (param, result) = (dice.ty(), dice.ty());
    op(&mut image, "E", "any", &[param], result);
    op(&mut image, "clock", "sleep", &[], UNIT);
    for i in 0..3 {
        image.roles.push(Role { name: format!("R{i}"), params: Vec::new() });
        image.functions.push(function(dice));
    }
    if dice.next().is_multiple_of(8) {
        image.functions.pop();
    }
    image.resources = Resources {
        nested: children().iter().map(nested).collect(),
        layers: [("log", Reach::Session), ("disk", Reach::Shared)]
            .map(|(name, reach)| Layer { name: name.into(), reach })
            .into(),
        facts: [None, Some(1)].map(|about| Fact { name: format!("{about:?}"), about }).into(),
        bundles: [vec![0], vec![0, 1]].map(|facts| Bundle { label: 18, facts }).into(),
    };
    image.scopes = vec![scope(dice), scope(dice)];
    let lossy = dice.next().is_multiple_of(2);
    image.edges.push(Edge { from: dice.short(3), to: dice.short(3), bound: Some(dice.wide(9)), lossy });
    image
}

/// Images whose sessions hostile ones open: one takes a number, one takes an endpoint and closes it.
fn children() -> [CodeImage; 2] {
    let mut counting = fixture::image(&[]);
    fixture::role(&mut counting, "N", &[INT], &[Instr::Yield, fixture::HALT]);
    fixture::param(&mut counting, "n", 0);
    let mut closing = fixture::image(&[]);
    fixture::role(&mut closing, "C", &[ENDPOINT, STRING], &[Instr::Close { endpoint: 0, dst: 1 }, fixture::HALT]);
    fixture::param(&mut closing, "session", 0);
    [counting, closing]
}

fn nested(image: &CodeImage) -> Nested {
    let types = |role: &Role| role.params.iter().map(|param| param.ty).collect();
    let roles = image.roles.iter().map(|role| (role.name.clone(), types(role))).collect();
    Nested { image: content_id(image).0, roles }
}

/// Sleeps, fails, or never answers.
struct Slow;

impl Handler for Slow {
    fn start(&mut self, call: &Call<'_>, _: &[Value]) -> HostStep {
        match call.request.0 % 4 {
            0 | 1 => HostStep::Sleep(i64::from(call.request.0)),
            2 => HostStep::Fail(Failure::unavailable("slow")),
            _ => HostStep::Blocked,
        }
    }
}

/// A machine with what most have, or with everything else.
fn machine(is_plain: bool) -> VM {
    let limits = Limits { value_size: 2000, value_depth: 50, ..Limits::default() };
    let trace = Retention::Last(64);
    let mut config = VMConfig { quantum: 7, slice: 5, edge_capacity: 2, trace, limits, ..VMConfig::default() };
    if !is_plain {
        config.limits = Limits { credits: Some(3000), coroutines: 20, nesting: 9, payload_size: 100, ..limits };
        config.policy = Policy::Priority(Priority::Ageing { every: 3 });
        config.when_full = WhenFull::Latest;
        config.output = OutputCondition::AllowAll;
    }
    let mut vm = VM::new(config).expect("right");
    vm.install("E", |call: &Call<'_>, args: &[Value]| {
        Ok(args.get(call.op.len() % 2).cloned().unwrap_or(Value::Int(3)))
    });
    vm.install("clock", Slow);
    vm.install("Host", |_: &Call<'_>, _: &[Value]| Ok(Value::Int(0)));
    for child in children() {
        vm.load_unverified(child).expect("loads");
    }
    vm
}

/// What happens to a session that is not plain.
fn disturbances() -> Vec<(u64, Topology)> {
    let corrupt = |from, to, damage| Topology::Corrupt { from, to, damage };
    vec![
        (12, Topology::Partition(vec![0])),
        (14, corrupt(0, 1, Damage::Payload)),
        (15, corrupt(1, 2, Damage::Label)),
        (30, Topology::Timeout { role: 1, nanoseconds: 5 }),
        (40, Topology::Heal),
        (60, corrupt(2, 0, Damage::Sequence)),
        (61, Topology::Partition(vec![0, 2])),
        (200, Topology::Heal),
        (1000, Topology::Crash(2)),
    ]
}

/// Runs an image in both kinds of machine; see [`survives_in`].
fn survives(image: CodeImage) -> (u64, usize, usize) {
    survives_in(false, image.clone());
    survives_in(true, image)
}

/// Runs an image; its steps, and how many of the events kept are of branches that ended and outcomes learnt.
fn survives_in(is_plain: bool, image: CodeImage) -> (u64, usize, usize) {
    let mut vm = machine(is_plain);
    let Ok(id) = vm.load_unverified(image) else { return (0, 0, 0) };
    let roles = vm.image(id).map_or(&[][..], |image| &image.roles);
    let args: Vec<Vec<Value>> = roles.iter().map(|role| vec![Value::Int(1); role.params.len()]).collect();
    let Ok(session) = vm.open(id, &args) else { return (0, 0, 0) };
    for (tick, input) in disturbances().into_iter().filter(|_| !is_plain) {
        // An edge need not be there.
        let _ = vm.perturb(&session, tick, input);
    }
    for role in 0..4 {
        vm.run(500, &mut || false);
        // Whether it can is its own affair.
        let _ = vm.cancel_scope(&session, role);
        let _ = vm.reply(&session, RequestId(3), Ok(Value::Unit));
    }
    for event in vm.events() {
        assert!(vm.describe(&event).is_some());
    }
    let branches = vm.events().filter(|event| matches!(event.kind, EventKind::BranchEnded { .. })).count();
    let outcomes = vm.events().filter(|event| matches!(event.kind, EventKind::ScopeOutcome { .. })).count();
    (vm.take_report(&session).map_or(2000, |report| report.ticks), branches, outcomes)
}

#[test]
fn random_code_never_panics() {
    let mut dice = Dice(0x5EED);
    let (mut steps, mut branches, mut outcomes) = (0, 0, 0);
    for _ in 0..40_000 {
        let reached = survives(hostile(&mut dice));
        steps += reached.0;
        branches += reached.1;
        outcomes += reached.2;
    }
    assert!(steps > 100_000, "most images should get somewhere: {steps}");
    assert!(branches > 10 && outcomes > 10, "some should get far: {branches} branches, {outcomes} outcomes");
}

/// A program that uses most instructions, with a few instructions replaced.
#[test]
fn mutated_code_never_panics() {
    let mut dice = Dice(0xFEED);
    let mut base = hostile(&mut dice);
    base.roles[0].params.push(Param { name: "p".into(), ty: INT, reg: 0 });
    base.functions[0].regs[0] = INT;
    for _ in 0..10_000 {
        let mut image = base.clone();
        for _ in 0..1 + dice.next() % 3 {
            let role = dice.next() as usize % image.functions.len();
            let code = &mut image.functions[role].code;
            let at = dice.next() as usize % code.len();
            code[at] = instr(&mut dice);
            code.truncate(1 + dice.next() as usize % 40);
        }
        if dice.next().is_multiple_of(16) {
            image.types.truncate(dice.next() as usize % image.types.len());
        }
        survives(image);
    }
}

/// Programs that use branches and scopes as they are meant, with a few instructions replaced.
#[test]
fn mutated_scopes_never_panic() {
    let mut dice = Dice(0xACED);
    let bases = [race(3), race(4), performing(0, &[Outcome::Done, Outcome::Cancel]), round_and_round()];
    let (mut branches, mut outcomes) = (0, 0);
    for round in 0..10_000 {
        let mut image = bases[round % bases.len()].clone();
        for _ in 0..dice.next() % 3 {
            let role = dice.next() as usize % image.functions.len();
            let target = dice.wide(11);
            let at = dice.next() as usize % image.functions[role].code.len();
            let other = match dice.next() % 4 {
                0 => instr(&mut dice),
                1 => wanting(&mut dice, target),
                _ => structure(&mut dice, target),
            };
            image.functions[role].code[at] = other;
            let row = dice.next() as usize % 2;
            if let Some(row) = image.functions[role].scopes[0].rows.get_mut(row) {
                row.target = dice.wide(11);
            }
        }
        let reached = survives(image);
        branches += reached.1;
        outcomes += reached.2;
    }
    assert!(branches > 1000 && outcomes > 1000, "most should get far: {branches} branches, {outcomes} outcomes");
}

/// Programs that open sessions, take layers and speculate as is meant, with a few instructions replaced.
#[test]
fn mutated_resources_never_panic() {
    let mut dice = Dice(0xBEAD);
    let bases = [giving(), three(0), three(1), sending(Instr::Join), sending(Instr::Abort)];
    let mut steps = 0;
    for round in 0..10_000 {
        let mut image = bases[round % bases.len()].clone();
        for nested in &mut image.resources.nested {
            nested.image = content_id(&children()[0]).0;
            nested.roles = self::nested(&children()[0]).roles;
        }
        image.functions.iter_mut().flat_map(|function| &mut function.opens).for_each(|table| table.args.truncate(1));
        for _ in 0..dice.next() % 3 {
            let role = dice.next() as usize % image.functions.len();
            let target = dice.wide(11);
            let at = dice.next() as usize % image.functions[role].code.len();
            let other = if dice.next().is_multiple_of(3) { instr(&mut dice) } else { wanting(&mut dice, target) };
            image.functions[role].code[at] = other;
        }
        steps += survives(image).0;
    }
    assert!(steps > 50_000, "most should get far: {steps}");
}

#[test]
fn an_image_of_nothing_runs() {
    assert_eq!(survives(CodeImage::default()).0, 0);
    let image = CodeImage { roles: vec![Role { name: "A".into(), params: vec![] }], ..CodeImage::default() };
    assert_eq!(survives(image).0, 0);
}
