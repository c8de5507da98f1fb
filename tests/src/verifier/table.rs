//! The tables of an image: V1.7 to V1.9, V1.13 to V1.16, V1.18, V7.1, and V4.1 as far as tables go.

use super::{Findings, Spot, typing};
use std::collections::BTreeSet;
use tell_ir::image::{CodeImage, Effect, Op, Outcome, Shape};
use tell_ir::machine::State;
use tell_ir::resource::Reach;
use tell_ir::ty::{Type, TypeId};

/// Most roles.
const MOST_ROLES: usize = 65_535;

/// Most entries of a table whose indices have 16 bits.
pub(super) const MOST_ENTRIES: usize = 65_535;

pub(super) fn check(image: &CodeImage, found: &mut Findings) {
    let roles = image.roles.len();
    let alike = roles == image.functions.len() && roles == image.machines.len();
    found.require(alike && roles <= MOST_ROLES, "V1.7", Spot::of("the roles"));
    found.require(all_differ(image.roles.iter().map(|role| &role.name)), "V1.7", Spot::of("the names of roles"));
    indices(image, found);
    found.require(
        all_differ(image.labels.iter().map(|label| (&label.name, label.payload))),
        "V1.9",
        Spot::of("the labels"),
    );
    typing::check(&image.types, found);
    edges(image, found);
    for (at, shape) in image.shapes.iter().enumerate() {
        found.require(has_values(image, shape), "V1.15", Spot::entry("shape", at));
    }
    scopes(image, found);
    resources(image, found);
    confined(image, found);
    for (at, op) in image.ops.iter().enumerate() {
        let host = image.effects.get(usize::from(op.effect)).filter(|effect| effect.name == "Host");
        let is_known = |effect: &Effect| effect.args.is_empty() && is_host_operation(image, op);
        found.require(host.is_none_or(is_known), "V7.1", Spot::entry("operation", at));
    }
}

/// Whether no item comes twice.
pub(super) fn all_differ<T: Ord>(items: impl Iterator<Item = T>) -> bool {
    let mut seen = BTreeSet::new();
    items.into_iter().all(|item| seen.insert(item))
}

/// Whether each item is greater than the one before.
fn ascends<T: Ord>(items: &[T]) -> bool {
    items.windows(2).all(|pair| pair[0] < pair[1])
}

/// V1.8 of what belongs to no role.
fn indices(image: &CodeImage, found: &mut Findings) {
    let is_type = |ty: &TypeId| (ty.0 as usize) < image.types.len();
    let is_role = |role: u16| usize::from(role) < image.roles.len();
    let resources = &image.resources;
    let mut require = |holds: bool, what: &'static str| found.require(holds, "V1.8", Spot::of(what));
    require(image.roles.iter().flat_map(|role| &role.params).all(|param| is_type(&param.ty)), "a parameter");
    require(image.labels.iter().all(|label| is_type(&label.payload)), "a payload");
    require(image.effects.iter().flat_map(|effect| &effect.args).all(is_type), "an argument of an effect");
    require(image.ops.iter().all(|op| usize::from(op.effect) < image.effects.len()), "the effect of an operation");
    require(image.ops.iter().all(|op| op.params.iter().chain([&op.result]).all(is_type)), "a type of an operation");
    require(image.shapes.iter().all(|shape| is_type(&shape_type(shape))), "the type of a shape");
    require(resources.facts.iter().filter_map(|fact| fact.about).all(is_role), "the role of a fact");
    require(resources.nested.iter().flat_map(|nested| &nested.roles).all(|role| role.1.iter().all(is_type)), "nested");
    let is_label = |label: u16| usize::from(label) < image.labels.len();
    require(resources.bundles.iter().all(|bundle| is_label(bundle.label)), "the label of a bundle");
    let is_fact = |fact: &u16| usize::from(*fact) < resources.facts.len();
    require(resources.bundles.iter().all(|bundle| bundle.facts.iter().all(is_fact)), "a fact of a bundle");
    for ty in &image.types {
        require(typing::components(ty).iter().all(is_type), "a component of a type");
        require(!matches!(ty, Type::Evidence(layer) if usize::from(*layer) >= resources.layers.len()), "evidence");
        require(!matches!(ty, Type::Witness(fact) if !is_fact(fact)), "a witness");
    }
    let lengths = [
        image.labels.len(),
        image.effects.len(),
        image.ops.len(),
        image.shapes.len(),
        resources.nested.len(),
        resources.layers.len(),
        resources.facts.len(),
        resources.bundles.len(),
    ];
    require(lengths.iter().all(|length| *length <= MOST_ENTRIES), "the length of a table");
}

const fn shape_type(shape: &Shape) -> TypeId {
    match shape {
        Shape::Product(ty) | Shape::Variant(ty, _) | Shape::List(ty, _) => *ty,
    }
}

/// V1.15
fn has_values(image: &CodeImage, shape: &Shape) -> bool {
    let Some(ty) = image.types.get(shape_type(shape).0 as usize) else { return false };
    match shape {
        Shape::Product(_) => matches!(ty, Type::Tuple(_) | Type::Record(_)),
        Shape::Variant(_, tag) => typing::variants(ty).is_some_and(|variants| usize::from(*tag) < variants.len()),
        Shape::List(..) => matches!(ty, Type::List(_)),
    }
}

/// V1.13
fn edges(image: &CodeImage, found: &mut Findings) {
    let pairs: Vec<(u16, u16)> = image.edges.iter().map(|edge| (edge.from, edge.to)).collect();
    let joins = |pair: &(u16, u16)| pair.0 != pair.1 && usize::from(pair.0.max(pair.1)) < image.roles.len();
    found.require(ascends(&pairs) && pairs.iter().all(joins), "V1.13", Spot::of("the edges"));
    for (machine, role) in image.machines.iter().zip(0..=u16::MAX) {
        for state in &machine.states {
            let (rows, sends) = match state {
                State::Send(rows) => (rows, true),
                State::Recv { rows, .. } => (rows, false),
                State::End | State::Tau(_) | State::Par { .. } | State::Scope { .. } | State::Join => continue,
            };
            let pair = |partner: u16| if sends { (role, partner) } else { (partner, role) };
            let covered = rows.iter().all(|row| pairs.contains(&pair(row.partner)));
            found.require(covered, "V1.13", Spot { role: Some(role), what: "an edge", number: 0 });
        }
    }
}

/// V1.16
fn scopes(image: &CodeImage, found: &mut Findings) {
    for (at, scope) in image.scopes.iter().enumerate() {
        let all_are_roles = scope.participants.iter().all(|role| usize::from(*role) < image.roles.len());
        let with_owner = scope.participants.contains(&scope.owner);
        let participants = all_are_roles && with_owner && ascends(&scope.participants);
        let outcomes = ascends(&scope.outcomes) && scope.outcomes.first() == Some(&Outcome::Done);
        found.require(participants && outcomes, "V1.16", Spot::entry("scope", at));
    }
}

/// V1.18
fn resources(image: &CodeImage, found: &mut Findings) {
    let resources = &image.resources;
    found.require(all_differ(resources.layers.iter().map(|layer| &layer.name)), "V1.18", Spot::of("the layers"));
    // By their bytes, whatever lies between them.
    let shared = resources.layers.iter().filter(|layer| layer.reach == Reach::Shared);
    let names: Vec<&[u8]> = shared.map(|layer| layer.name.as_bytes()).collect();
    found.require(names.windows(2).all(|pair| pair[0] <= pair[1]), "V1.18", Spot::of("the shared layers"));
    found.require(
        all_differ(resources.facts.iter().map(|fact| (&fact.name, fact.about))),
        "V1.18",
        Spot::of("the facts"),
    );
    for (at, bundle) in resources.bundles.iter().enumerate() {
        let payload = image.labels.get(usize::from(bundle.label)).map(|label| label.payload.0 as usize);
        let carries = payload.and_then(|ty| image.types.get(ty)) == Some(&Type::Endpoint);
        found.require(carries && ascends(&bundle.facts), "V1.18", Spot::entry("bundle", at));
    }
}

/// V4.1 of types, labels, operations and nested images. An endpoint alone is carried by messages and taken by roles.
fn confined(image: &CodeImage, found: &mut Findings) {
    let of = |ty: &TypeId| image.types.get(ty.0 as usize);
    let is_confined = |ty: &TypeId| of(ty).is_some_and(Type::is_confined);
    let is_stuck = |ty: &TypeId| is_confined(ty) && of(ty) != Some(&Type::Endpoint);
    let parts = image.types.iter().flat_map(typing::components);
    found.require(!parts.into_iter().any(|part| is_confined(&part)), "V4.1", Spot::of("a component of a type"));
    found.require(!image.labels.iter().any(|label| is_stuck(&label.payload)), "V4.1", Spot::of("a payload"));
    let mut args = image.effects.iter().flat_map(|effect| &effect.args);
    found.require(!args.any(is_confined), "V4.1", Spot::of("an argument of an effect"));
    let operation = |op: &Op| op.params.iter().chain([&op.result]).any(is_confined);
    found.require(!image.ops.iter().any(operation), "V4.1", Spot::of("an operation"));
    let mut nested = image.resources.nested.iter().flat_map(|nested| &nested.roles);
    found.require(!nested.any(|role| role.1.iter().any(is_stuck)), "V4.1", Spot::of("a parameter of a nested role"));
    let mut params = image.roles.iter().flat_map(|role| &role.params);
    found.require(!params.any(|param| is_stuck(&param.ty)), "V4.1", Spot::of("a parameter"));
}

/// V7.1
fn is_host_operation(image: &CodeImage, op: &Op) -> bool {
    let of = |ty: &TypeId| image.types.get(ty.0 as usize);
    let params: Vec<Option<&Type>> = op.params.iter().map(of).collect();
    match (op.name.as_str(), params.as_slice()) {
        ("supply", [Some(Type::String)]) => true,
        ("choose", [Some(Type::List(item))]) => of(item) == Some(&Type::String) && of(&op.result) == Some(&Type::Int),
        _ => false,
    }
}

/// V1.14
pub(super) fn check_debug(image: &CodeImage, found: &mut Findings) {
    let Some(debug) = &image.debug else { return };
    found.require(debug.spans.len() == image.roles.len(), "V1.14", Spot::of("the lists of positions"));
    for (spans, function) in debug.spans.iter().zip(&image.functions) {
        let places: Vec<u32> = spans.iter().map(|span| span.0).collect();
        let inside = spans.iter().all(|span| (span.0 as usize) < function.code.len() && span.1 <= span.2);
        found.require(ascends(&places) && inside, "V1.14", Spot::of("positions of a role"));
    }
}
