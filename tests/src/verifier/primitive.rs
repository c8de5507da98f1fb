//! The types of primitives, from their descriptions in `docs/bytecode.md`.

use tell_ir::prim::Prim;
use tell_ir::ty::{Type, TypeId};

/// Whether a primitive takes operands of these types, as many as it has, and gives a result of that type.
pub(super) fn fits(types: &[Type], op: Prim, operands: &[TypeId], result: TypeId) -> bool {
    let of = |id: TypeId| types.get(id.0 as usize);
    let is = |id: TypeId, ty: &Type| of(id) == Some(ty);
    let maybe = |item: TypeId| is(result, &Type::Maybe(item));
    let among = |id: TypeId, allowed: &[Type]| of(id).is_some_and(|ty| allowed.contains(ty));
    let map = |id: TypeId| match of(id) {
        Some(Type::Map(key, value)) => Some((*key, *value)),
        _ => None,
    };
    let list = |id: TypeId| match of(id) {
        Some(Type::List(item)) => Some(*item),
        _ => None,
    };
    let texts = |id: TypeId| list(id).is_some_and(|item| is(item, &Type::String));
    match (op, operands) {
        (Prim::Add | Prim::Sub, [a, b]) => a == b && *a == result && among(*a, &[Type::Int, Type::Duration]),
        (Prim::Mul | Prim::Div | Prim::Rem | Prim::Min | Prim::Max, [a, b]) => {
            is(*a, &Type::Int) && is(*b, &Type::Int) && is(result, &Type::Int)
        }
        (Prim::Neg, [a]) => *a == result && among(*a, &[Type::Int, Type::Duration]),
        (Prim::Abs, [a]) => is(*a, &Type::Int) && is(result, &Type::Int),
        (Prim::Not, [a]) => is(*a, &Type::Bool) && is(result, &Type::Bool),
        (Prim::Eq | Prim::Ne, [a, b]) => a == b && is(result, &Type::Bool),
        (Prim::Lt | Prim::Le | Prim::Gt | Prim::Ge, [a, b]) => {
            let ordered = [Type::Int, Type::Duration, Type::String, Type::Bytes];
            a == b && among(*a, &ordered) && is(result, &Type::Bool)
        }
        (Prim::Concat, [a, b]) => {
            a == b && *a == result && (among(*a, &[Type::String, Type::Bytes]) || list(*a).is_some())
        }
        (Prim::Length, [a]) => list(*a).is_some() && is(result, &Type::Int),
        (Prim::Append, [a, b]) => list(*a) == Some(*b) && *a == result,
        (Prim::Get, [a, b]) => list(*a).is_some_and(maybe) && is(*b, &Type::Int),
        (Prim::Reverse | Prim::Tail, [a]) => list(*a).is_some() && *a == result,
        (Prim::Head, [a]) => list(*a).is_some_and(maybe),
        (Prim::Contains, [a, b]) => list(*a) == Some(*b) && is(result, &Type::Bool),
        (Prim::Insert, [a, b, c]) => map(*a) == Some((*b, *c)) && *a == result,
        (Prim::Lookup, [a, b]) => map(*a).is_some_and(|(key, value)| key == *b && maybe(value)),
        (Prim::Remove, [a, b]) => map(*a).is_some_and(|(key, _)| key == *b) && *a == result,
        (Prim::Keys, [a]) => map(*a).is_some_and(|(key, _)| is(result, &Type::List(key))),
        (Prim::Size, [a]) => map(*a).is_some() && is(result, &Type::Int),
        (Prim::EmptyMap, [a]) => is(*a, &Type::Unit) && map(result).is_some(),
        (Prim::ToString, [_]) => is(result, &Type::String),
        (Prim::ParseInt, [a]) => {
            is(*a, &Type::String) && matches!(of(result), Some(Type::Maybe(item)) if is(*item, &Type::Int))
        }
        (Prim::StringLength, [a]) => is(*a, &Type::String) && is(result, &Type::Int),
        (Prim::Upper | Prim::Lower, [a]) => is(*a, &Type::String) && is(result, &Type::String),
        (Prim::Split, [a, b]) => is(*a, &Type::String) && is(*b, &Type::String) && texts(result),
        (Prim::Join, [a, b]) => texts(*a) && is(*b, &Type::String) && is(result, &Type::String),
        _ => false,
    }
}
