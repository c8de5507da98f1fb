//! Numbers that rules name: random images do not come near them, so both verifiers are asked at each and beyond it.

use super::CODE;
use tell_ir::image::{Agreement, Class, Modality, Reentrancy, Region};
use tell_ir::image::{Block, CodeImage, Const, Effect, Function, Label, Op, OpMeta, Role, Shape};
use tell_ir::instr::Instr;
use tell_ir::machine::{LocalMachine, State, StateId};
use tell_ir::resource::{Bundle, Fact, Layer, Nested, Reach, Resources};
use tell_ir::ty::{Type, TypeId};

/// Both accept `most` of something, and refuse one more by that rule.
#[track_caller]
fn is_limit(rule: &'static str, most: usize, image: impl Fn(usize) -> CodeImage) {
    for (count, expected) in [(most, None), (most + 1, Some(rule))] {
        let image = image(count);
        assert_eq!(CODE.refused_by(&image), expected, "{count}");
        assert_eq!(CODE.disagreement(&image), None, "{count}");
    }
}

/// Roles that do nothing, each with so many registers.
fn idle(roles: usize, registers: usize) -> CodeImage {
    let role = |number: usize| Role { name: format!("R{number}"), params: Vec::new() };
    let function = Function {
        regs: vec![TypeId(0); registers],
        code: vec![Instr::Halt { finals: 0 }],
        blocks: vec![Block { pc: 0, state: StateId(0) }],
        finals: vec![Vec::new()],
        ..Function::default()
    };
    let machine = LocalMachine { states: vec![State::End], ..LocalMachine::default() };
    CodeImage {
        roles: (0..roles).map(role).collect(),
        functions: vec![function; roles],
        machines: vec![machine; roles],
        types: vec![Type::Unit],
        ..CodeImage::default()
    }
}

/// The same with one branch in some of the roles.
fn branching(roles: usize, branches: usize) -> CodeImage {
    let mut image = idle(roles, 0);
    for role in 0..branches {
        let state = |pc, state| Block { pc, state: StateId(state) };
        image.functions[role].code =
            vec![Instr::Spawn { target: 3 }, Instr::JoinAll, Instr::Halt { finals: 0 }, Instr::Finish];
        image.functions[role].blocks = vec![state(0, 0), state(2, 1), state(3, 2)];
        let par = State::Par { branches: vec![StateId(2)], then: StateId(1) };
        image.machines[role].states = vec![par, State::End, State::Join];
    }
    image
}

/// With one table of another length.
fn with(change: impl FnOnce(&mut CodeImage)) -> CodeImage {
    let mut image = idle(1, 0);
    change(&mut image);
    image
}

fn numbered<T>(count: usize, entry: impl Fn(String) -> T) -> Vec<T> {
    (0..count).map(|number| entry(format!("N{number}"))).collect()
}

fn of_resources(change: impl FnOnce(&mut Resources)) -> CodeImage {
    with(|image| {
        image.types.push(Type::Endpoint);
        image.labels = vec![Label { name: "Give".to_owned(), payload: TypeId(1) }];
        change(&mut image.resources);
    })
}

fn op(name: String) -> Op {
    let meta = OpMeta {
        modality: Modality::Command,
        class: Class::BestEffort,
        may_block: false,
        region: Region::Session,
        agreement: Agreement::None,
        reentrancy: Reentrancy::Allow,
    };
    Op { effect: 0, name, params: Vec::new(), result: TypeId(0), meta }
}

#[test]
fn tables_with_short_indices() {
    const MOST: usize = 65_535;
    let unit = TypeId(0);
    is_limit("V1.8", MOST, |count| with(|image| image.labels = numbered(count, |name| Label { name, payload: unit })));
    let effect = |name| Effect { name, args: Vec::new() };
    is_limit("V1.8", MOST, |count| with(|image| image.effects = numbered(count, effect)));
    is_limit("V1.8", MOST, |count| {
        with(|image| (image.effects, image.ops) = (numbered(1, effect), numbered(count, op)))
    });
    is_limit("V1.8", MOST, |count| {
        with(|image| {
            image.types.push(Type::List(unit));
            image.shapes = vec![Shape::List(TypeId(1), 0); count];
        })
    });
    let nested = |_| Nested { image: [0; 32], roles: Vec::new() };
    is_limit("V1.8", MOST, |count| of_resources(|resources| resources.nested = numbered(count, nested)));
    let layer = |name| Layer { name, reach: Reach::Session };
    is_limit("V1.8", MOST, |count| of_resources(|resources| resources.layers = numbered(count, layer)));
    let fact = |name| Fact { name, about: None };
    is_limit("V1.8", MOST, |count| of_resources(|resources| resources.facts = numbered(count, fact)));
    let bundle = Bundle { label: 0, facts: Vec::new() };
    is_limit("V1.8", MOST, |count| of_resources(|resources| resources.bundles = vec![bundle.clone(); count]));
}

#[test]
fn types_and_their_parts() {
    const MOST: usize = 65_535;
    let unit = TypeId(0);
    let name = || "U".to_owned();
    let parts = |count| vec![unit; count];
    is_limit("V1.10", MOST, |count| with(|image| image.types.push(Type::Tuple(parts(count)))));
    is_limit("V1.10", MOST, |count| {
        let mut fields = numbered(count, |name| (name, unit));
        fields.sort();
        with(|image| image.types.push(Type::Record(fields)))
    });
    is_limit("V1.10", MOST, |count| {
        with(|image| image.types.push(Type::Union(name(), numbered(count, |name| (name, Vec::new())))))
    });
    is_limit("V1.10", MOST, |count| with(|image| image.types.push(Type::Union(name(), vec![(name(), parts(count))]))));
    // The first type is no list.
    let lists = |count: usize| (0..).take(count - 1).map(|item| Type::List(TypeId(item)));
    is_limit("V1.10", 256, |count| with(|image| image.types.extend(lists(count))));
    // Behind a union it begins anew.
    assert_eq!(
        CODE.refused_by(&with(|image| {
            image.types = vec![Type::Union(name(), vec![(name(), vec![TypeId(255)])])];
            image.types.extend(lists(256));
        })),
        None
    );
}

#[test]
fn registers_and_coroutines() {
    is_limit("V1.12", 4096, |count| idle(1, count));
    is_limit("V8.1", 1 << 20, |count| {
        let mut image = idle(257, 4096);
        image.functions[256].regs.truncate(count - (1 << 20));
        image
    });
    is_limit("V8.2", 65_535, |count| branching(count.div_ceil(2), count / 2));
}

#[test]
fn roles() {
    is_limit("V1.7", 65_535, |count| idle(count, 0));
}

#[test]
fn constants_have_no_limit() {
    let image = with(|image| image.consts = vec![Const::Unit; 70_000]);
    assert_eq!((CODE.refused_by(&image), CODE.disagreement(&image)), (None, None));
}
