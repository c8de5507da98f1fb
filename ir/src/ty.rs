//! Types of run-time values, as an image lists them.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Index into [`crate::image::CodeImage::types`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TypeId(pub u32);

/// One type. Components are indices, so a recursive union refers to itself.
///
/// Run-time shapes: `Maybe` is a union with `Nothing` = tag 0 and `Just` = tag 1, `Result` one with `Err` = 0 and
/// `Ok` = 1; records are tuples of their fields in sorted order of names; a union's tag is the index of its variant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Type {
    /// The type of `()`.
    Unit,
    /// `true` or `false`.
    Bool,
    /// 64-bit signed integer, checked.
    Int,
    /// UTF-8 text.
    String,
    /// Bytes.
    Bytes,
    /// A span of time in nanoseconds.
    Duration,
    /// The session itself.
    Session,
    /// A role of the protocol.
    Role,
    /// `List T`
    List(TypeId),
    /// `Maybe T`
    Maybe(TypeId),
    /// `Result E T`
    Result(TypeId, TypeId),
    /// `Map K V`
    Map(TypeId, TypeId),
    /// `(S, T, …)`; at least two.
    Tuple(Vec<TypeId>),
    /// `{ a : S, … }` in sorted order of names.
    Record(Vec<(String, TypeId)>),
    /// A declared union: its name and, per variant, name and argument types.
    Union(String, Vec<(String, Vec<TypeId>)>),
    /// A declared type without constructors: carried, compared, given to effects.
    Opaque(String),
    /// The right to close a nested session; used exactly once.
    Endpoint,
    /// That a guard layer is held; used exactly once.
    Evidence(u16),
    /// That a fact was tagged; can be copied, and nothing else.
    Witness(u16),
}

/// Whether two types of two images have the same values, whatever their places in the tables are.
#[must_use]
pub fn same(types: &[Type], a: TypeId, others: &[Type], b: TypeId) -> bool {
    let mut assumed = BTreeSet::from([(a, b)]);
    let mut todo = vec![(a, b)];
    while let Some((a, b)) = todo.pop() {
        let (Some(a), Some(b)) = (types.get(a.0 as usize), others.get(b.0 as usize)) else { return false };
        let Some(pairs) = parts_alike(a, b) else { return false };
        todo.extend(pairs.into_iter().filter(|pair| assumed.insert(*pair)));
    }
    true
}

/// The parts that must be the same for two types to be; `None` if they are not.
fn parts_alike(a: &Type, b: &Type) -> Option<Vec<(TypeId, TypeId)>> {
    let zip = |a: &[TypeId], b: &[TypeId]| -> Option<Vec<_>> {
        (a.len() == b.len()).then(|| a.iter().copied().zip(b.iter().copied()).collect())
    };
    match (a, b) {
        (Type::List(a), Type::List(b)) | (Type::Maybe(a), Type::Maybe(b)) => Some(vec![(*a, *b)]),
        (Type::Result(a, c), Type::Result(b, d)) | (Type::Map(a, c), Type::Map(b, d)) => Some(vec![(*a, *b), (*c, *d)]),
        (Type::Tuple(a), Type::Tuple(b)) => zip(a, b),
        (Type::Record(a), Type::Record(b)) => {
            let alike = a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0);
            alike.then(|| a.iter().zip(b).map(|(a, b)| (a.1, b.1)).collect())
        }
        (Type::Union(name, a), Type::Union(other, b)) if name == other && a.len() == b.len() => {
            let mut pairs = Vec::new();
            for ((name, a), (other, b)) in a.iter().zip(b) {
                pairs.extend(zip(a, b).filter(|_| name == other)?);
            }
            Some(pairs)
        }
        _ => (a == b).then(Vec::new),
    }
}

impl Type {
    /// Whether its values are used exactly once.
    #[must_use]
    pub const fn is_linear(&self) -> bool {
        matches!(self, Self::Endpoint | Self::Evidence(_))
    }

    /// Whether its values stay in registers: they are no part of other values, and no operation takes or gives them.
    #[must_use]
    pub const fn is_confined(&self) -> bool {
        matches!(self, Self::Endpoint | Self::Evidence(_) | Self::Witness(_))
    }
}
