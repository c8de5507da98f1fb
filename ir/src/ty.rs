//! Types of run-time values, as an image lists them.

use serde::{Deserialize, Serialize};

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
}
