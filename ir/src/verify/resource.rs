//! Rules V1.18 and V4.1, and what of V1.8 concerns them: the tables of [`crate::resource`], and the types whose values
//! stay in registers.

use super::table::{SHORT_TABLE, components, distinct, in_range};
use super::{Check, violation};
use crate::image::CodeImage;
use crate::resource::{Reach, Resources};
use crate::ty::{Type, TypeId};

/// Checks the tables that belong to no role. Labels and operations have types that are there.
pub(super) fn check(image: &CodeImage) -> Check {
    indices(image)?;
    let Resources { layers, facts, bundles, .. } = &image.resources;
    if !distinct(layers.iter().map(|layer| &layer.name)) || !distinct(facts.iter()) {
        return violation("V1.18", "two layers have the same name, or two facts are the same");
    }
    let shared: Vec<&str> =
        layers.iter().filter(|layer| layer.reach == Reach::Shared).map(|layer| layer.name.as_str()).collect();
    // Layers are acquired in the order of their table; so sessions of different images acquire them in one order.
    if !shared.is_sorted() {
        return violation("V1.18", "shared layers are not in the order of their names");
    }
    for bundle in bundles {
        let payload = image.labels[usize::from(bundle.label)].payload;
        if image.types[payload.0 as usize] != Type::Endpoint || !bundle.facts.is_sorted_by(|a, b| a < b) {
            return violation("V1.18", "the message of a bundle carries no Endpoint, or its facts are not ascending");
        }
    }
    confined(image)
}

fn indices(image: &CodeImage) -> Check {
    let Resources { nested, layers, facts, bundles } = &image.resources;
    let short =
        [("nested images", nested.len()), ("layers", layers.len()), ("facts", facts.len()), ("bundles", bundles.len())];
    if let Some((what, len)) = short.iter().find(|(_, len)| *len > SHORT_TABLE) {
        return violation("V1.8", format!("{len} {what}"));
    }
    nested.iter().flat_map(|nested| &nested.roles).flat_map(|role| &role.1).try_for_each(|&ty| in_range(image, ty))?;
    if let Some(fact) = facts.iter().find(|fact| fact.about.is_some_and(|role| usize::from(role) >= image.roles.len()))
    {
        return violation("V1.8", format!("fact `{}` is about a role that is not there", fact.name));
    }
    let known = |fact: &u16| usize::from(*fact) < facts.len();
    let inside = |label: u16| usize::from(label) < image.labels.len();
    if !bundles.iter().all(|bundle| inside(bundle.label) && bundle.facts.iter().all(known)) {
        return violation("V1.8", "a bundle has a label or a fact that is not there");
    }
    for ty in &image.types {
        let there = match ty {
            Type::Evidence(layer) => usize::from(*layer) < layers.len(),
            Type::Witness(fact) => known(fact),
            _ => true,
        };
        if !there {
            return violation("V1.8", format!("{ty:?} is of a layer or a fact that is not there"));
        }
    }
    Ok(())
}

/// Values of some types stay in registers; an endpoint can also be a parameter, or the payload of a message.
fn confined(image: &CodeImage) -> Check {
    let ty = |id: TypeId| &image.types[id.0 as usize];
    let inside = image.types.iter().flat_map(components);
    let effects = image.effects.iter().flat_map(|effect| effect.args.iter().copied());
    let ops = image.ops.iter().flat_map(|op| op.params.iter().copied().chain([op.result]));
    if let Some(id) = inside.chain(effects).chain(ops).find(|id| ty(*id).is_confined()) {
        return violation("V4.1", format!("{:?} is part of another type, or of an operation", ty(id)));
    }
    let labels = image.labels.iter().map(|label| label.payload);
    let params = image.roles.iter().flat_map(|role| role.params.iter().map(|param| param.ty));
    let nested = image.resources.nested.iter().flat_map(|nested| &nested.roles).flat_map(|role| role.1.iter().copied());
    let moved = |id: &TypeId| ty(*id).is_confined() && *ty(*id) != Type::Endpoint;
    match labels.chain(params).chain(nested).find(moved) {
        Some(id) => violation("V4.1", format!("{:?} is sent, or given to a role", ty(id))),
        None => Ok(()),
    }
}
