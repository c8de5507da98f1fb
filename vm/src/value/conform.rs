//! Whether a value has a type: fully at the border, by its outermost shape on the step path.

use super::Value;
use tell_ir::ty::{Type, TypeId};

/// Whether `value` is a value of type `ty`, all the way down. A type that does not exist has no values.
#[must_use]
pub fn conforms(value: &Value, ty: TypeId, types: &[Type]) -> bool {
    let Some(ty) = types.get(ty.0 as usize) else { return false };
    match (ty, value) {
        (Type::Unit, Value::Unit)
        | (Type::Bool, Value::Bool(_))
        | (Type::Int, Value::Int(_))
        | (Type::String, Value::Str(_))
        | (Type::Bytes, Value::Bytes(_))
        | (Type::Duration, Value::Duration(_))
        | (Type::Session, Value::Session(_))
        | (Type::Role, Value::Role(_)) => true,
        (Type::Endpoint, Value::Endpoint(_)) => true,
        (Type::Evidence(layer), Value::Evidence { layer: found, .. }) => layer == found,
        (Type::Witness(fact), Value::Witness(found)) => fact == found,
        (Type::Opaque(name), Value::Opaque(opaque)) => **name == *opaque.ty,
        (Type::List(item), Value::List(node)) => node.items().iter().all(|v| conforms(v, *item, types)),
        (Type::Map(key, item), Value::Map(node)) => is_map(node.items(), *key, *item, types),
        (Type::Tuple(parts), Value::Product(node)) => all(node.items(), parts.iter().copied(), types),
        (Type::Record(fields), Value::Product(node)) => all(node.items(), fields.iter().map(|f| f.1), types),
        (Type::Maybe(_) | Type::Result(..) | Type::Union(..), Value::Union { .. }) => {
            let (tag, args) = value.as_variant().expect("it is a union");
            variant(ty, tag).is_some_and(|params| all(args, params.iter().copied(), types))
        }
        (
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
            | Type::Witness(_)
            | Type::List(_)
            | Type::Map(..)
            | Type::Tuple(_)
            | Type::Record(_)
            | Type::Maybe(_)
            | Type::Result(..)
            | Type::Union(..),
            _,
        ) => false,
    }
}

fn all(values: &[Value], parts: impl ExactSizeIterator<Item = TypeId>, types: &[Type]) -> bool {
    values.len() == parts.len() && values.iter().zip(parts).all(|(v, ty)| conforms(v, ty, types))
}

fn is_map(items: &[Value], key: TypeId, item: TypeId, types: &[Type]) -> bool {
    let ascending = items.iter().step_by(2).is_sorted_by(|a, b| a < b);
    items.len().is_multiple_of(2)
        && ascending
        && items.chunks_exact(2).all(|pair| conforms(&pair[0], key, types) && conforms(&pair[1], item, types))
}

/// The argument types of variant `tag`; `None` if `ty` has no such variant.
pub(crate) fn variant(ty: &Type, tag: u16) -> Option<&[TypeId]> {
    match ty {
        Type::Maybe(some) => [&[], std::slice::from_ref(some)].get(usize::from(tag)).copied(),
        Type::Result(err, ok) => [std::slice::from_ref(err), std::slice::from_ref(ok)].get(usize::from(tag)).copied(),
        Type::Union(_, variants) => variants.get(usize::from(tag)).map(|(_, params)| params.as_slice()),
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

/// The outermost shape of a type: what a step checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `()`
    Unit,
    /// `Bool`
    Bool,
    /// `Int`
    Int,
    /// `Duration`
    Duration,
    /// `String`
    Str,
    /// `Bytes`
    Bytes,
    /// `List T`
    List,
    /// `Map K V`
    Map,
    /// A tuple or record with so many components.
    Product(u32),
    /// A union with so many variants.
    Union(u32),
    /// `Session`
    Session,
    /// `Role`
    Role,
    /// An opaque type.
    Opaque,
    /// An endpoint.
    Endpoint,
    /// Evidence of that layer.
    Evidence(u16),
    /// A witness of that fact.
    Witness(u16),
    /// A type the image does not have; nothing is of it.
    Missing,
}

impl Kind {
    /// The kind of type `ty`.
    #[must_use]
    pub fn of(ty: TypeId, types: &[Type]) -> Self {
        let count = super::node::saturated;
        match types.get(ty.0 as usize) {
            None => Self::Missing,
            Some(Type::Unit) => Self::Unit,
            Some(Type::Bool) => Self::Bool,
            Some(Type::Int) => Self::Int,
            Some(Type::String) => Self::Str,
            Some(Type::Bytes) => Self::Bytes,
            Some(Type::Duration) => Self::Duration,
            Some(Type::Session) => Self::Session,
            Some(Type::Role) => Self::Role,
            Some(Type::List(_)) => Self::List,
            Some(Type::Map(..)) => Self::Map,
            Some(Type::Tuple(parts)) => Self::Product(count(parts.len())),
            Some(Type::Record(fields)) => Self::Product(count(fields.len())),
            Some(Type::Maybe(_) | Type::Result(..)) => Self::Union(2),
            Some(Type::Union(_, variants)) => Self::Union(count(variants.len())),
            Some(Type::Opaque(_)) => Self::Opaque,
            Some(Type::Endpoint) => Self::Endpoint,
            Some(Type::Evidence(layer)) => Self::Evidence(*layer),
            Some(Type::Witness(fact)) => Self::Witness(*fact),
        }
    }

    /// Whether the outermost shape of `value` is this one.
    #[must_use]
    #[inline(always)]
    pub fn admits(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Unit, Value::Unit)
            | (Self::Bool, Value::Bool(_))
            | (Self::Int, Value::Int(_))
            | (Self::Duration, Value::Duration(_))
            | (Self::Str, Value::Str(_))
            | (Self::Bytes, Value::Bytes(_))
            | (Self::List, Value::List(_))
            | (Self::Map, Value::Map(_))
            | (Self::Session, Value::Session(_))
            | (Self::Role, Value::Role(_))
            | (Self::Opaque, Value::Opaque(_))
            | (Self::Endpoint, Value::Endpoint(_)) => true,
            (Self::Evidence(layer), Value::Evidence { layer: found, .. }) => layer == *found,
            (Self::Witness(fact), Value::Witness(found)) => fact == *found,
            (Self::Product(count), Value::Product(node)) => node.items().len() == count as usize,
            (Self::Union(count), Value::Union { tag, .. }) => u32::from(*tag) < count,
            _ => false,
        }
    }

    /// Whether its values have nothing inside; their size is 1.
    #[must_use]
    pub const fn is_scalar(self) -> bool {
        matches!(self, Self::Unit | Self::Bool | Self::Int | Self::Duration)
    }

    /// What it is called in messages.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Unit => "Unit",
            Self::Bool => "Bool",
            Self::Int => "Int",
            Self::Duration => "Duration",
            Self::Str => "String",
            Self::Bytes => "Bytes",
            Self::List => "List",
            Self::Map => "Map",
            Self::Product(_) => "tuple or record",
            Self::Union(_) => "union",
            Self::Session => "Session",
            Self::Role => "Role",
            Self::Opaque => "opaque",
            Self::Endpoint => "Endpoint",
            Self::Evidence(_) => "evidence of its layer",
            Self::Witness(_) => "a witness of its fact",
            Self::Missing => "a type that does not exist",
        }
    }
}
