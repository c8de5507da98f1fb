//! Types: V1.10, and what their values are made of.

use super::table::{MOST_ENTRIES, all_differ};
use super::{Findings, Spot};
use tell_ir::ty::{Type, TypeId};

/// Deepest nesting that passes through no union.
const DEEPEST: usize = 256;

/// The types a type is made of.
pub(super) fn components(ty: &Type) -> Vec<TypeId> {
    match ty {
        Type::List(item) | Type::Maybe(item) => vec![*item],
        Type::Result(a, b) | Type::Map(a, b) => vec![*a, *b],
        Type::Tuple(items) => items.clone(),
        Type::Record(fields) => fields.iter().map(|field| field.1).collect(),
        Type::Union(_, variants) => variants.iter().flat_map(|variant| variant.1.iter().copied()).collect(),
        Type::Unit
        | Type::Bool
        | Type::Int
        | Type::String
        | Type::Bytes
        | Type::Duration
        | Type::Session
        | Type::Role
        | Type::Opaque(_)
        | Type::Endpoint
        | Type::Evidence(_)
        | Type::Witness(_) => Vec::new(),
    }
}

/// The argument types of each variant, if the type has variants.
pub(super) fn variants(ty: &Type) -> Option<Vec<Vec<TypeId>>> {
    match ty {
        Type::Maybe(item) => Some(vec![Vec::new(), vec![*item]]),
        Type::Result(err, ok) => Some(vec![vec![*err], vec![*ok]]),
        Type::Union(_, variants) => Some(variants.iter().map(|variant| variant.1.clone()).collect()),
        Type::Unit
        | Type::Bool
        | Type::Int
        | Type::String
        | Type::Bytes
        | Type::Duration
        | Type::Session
        | Type::Role
        | Type::List(_)
        | Type::Map(..)
        | Type::Tuple(_)
        | Type::Record(_)
        | Type::Opaque(_)
        | Type::Endpoint
        | Type::Evidence(_)
        | Type::Witness(_) => None,
    }
}

/// V1.10
pub(super) fn check(types: &[Type], found: &mut Findings) {
    for (at, ty) in types.iter().enumerate() {
        let spot = Spot::entry("type", at);
        found.require(!types[..at].contains(ty), "V1.10", spot);
        found.require(is_well_formed(ty) && parts(ty).iter().all(|count| *count <= MOST_ENTRIES), "V1.10", spot);
    }
    found.require(is_shallow(types), "V1.10", Spot::of("the nesting of types"));
}

fn is_well_formed(ty: &Type) -> bool {
    match ty {
        Type::Tuple(items) => items.len() >= 2,
        Type::Record(fields) => !fields.is_empty() && fields.windows(2).all(|pair| pair[0].0 < pair[1].0),
        Type::Union(_, variants) => !variants.is_empty() && all_differ(variants.iter().map(|variant| &variant.0)),
        Type::Unit
        | Type::Bool
        | Type::Int
        | Type::String
        | Type::Bytes
        | Type::Duration
        | Type::Session
        | Type::Role
        | Type::List(_)
        | Type::Maybe(_)
        | Type::Result(..)
        | Type::Map(..)
        | Type::Opaque(_)
        | Type::Endpoint
        | Type::Evidence(_)
        | Type::Witness(_) => true,
    }
}

/// How many components it has, and how many each of its variants has.
fn parts(ty: &Type) -> Vec<usize> {
    match ty {
        Type::Union(_, variants) => variants.iter().map(|variant| variant.1.len()).chain([variants.len()]).collect(),
        _ => vec![components(ty).len()],
    }
}

/// Whether no type is too deep, nor without end, on a way that passes through no union.
fn is_shallow(types: &[Type]) -> bool {
    let mut depths = vec![1; types.len()];
    for _ in 0..=types.len() {
        let deeper = |ty: &Type| match ty {
            Type::Union(..) => 1,
            _ => {
                components(ty).iter().filter_map(|part| depths.get(part.0 as usize)).max().map_or(1, |depth| depth + 1)
            }
        };
        let next: Vec<usize> = types.iter().map(deeper).collect();
        if next == depths {
            return depths.iter().all(|depth| *depth <= DEEPEST);
        }
        depths = next;
    }
    false
}
