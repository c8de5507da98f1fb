//! Signatures of the primitives (rule V3.4).

use crate::prim::Prim;
use crate::ty::{Type, TypeId};

/// Whether `op` takes operands of types `a`, `b`, `c` (as many as its arity says) to a result of type `to`.
pub(super) fn fits(types: &[Type], op: Prim, [a, b, c]: [TypeId; 3], to: TypeId) -> bool {
    let ty = |id: TypeId| &types[id.0 as usize];
    let int = |id| *ty(id) == Type::Int;
    let boolean = |id| *ty(id) == Type::Bool;
    let string = |id| *ty(id) == Type::String;
    let item = |id| if let Type::List(item) = ty(id) { Some(*item) } else { None };
    let entry = |id| if let Type::Map(key, value) = ty(id) { Some((*key, *value)) } else { None };
    let maybe = |id, wanted| *ty(id) == Type::Maybe(wanted);
    match op {
        Prim::Add | Prim::Sub => a == b && a == to && matches!(ty(a), Type::Int | Type::Duration),
        Prim::Neg => a == to && matches!(ty(a), Type::Int | Type::Duration),
        Prim::Mul | Prim::Div | Prim::Rem | Prim::Min | Prim::Max => int(a) && a == b && a == to,
        Prim::Abs => int(a) && a == to,
        Prim::Not => boolean(a) && a == to,
        Prim::Eq | Prim::Ne => a == b && boolean(to),
        Prim::Lt | Prim::Le | Prim::Gt | Prim::Ge => {
            a == b && matches!(ty(a), Type::Int | Type::Duration | Type::String | Type::Bytes) && boolean(to)
        }
        Prim::Concat => a == b && a == to && matches!(ty(a), Type::String | Type::Bytes | Type::List(_)),
        Prim::Length => item(a).is_some() && int(to),
        Prim::Append => item(a) == Some(b) && a == to,
        Prim::Get => int(b) && item(a).is_some_and(|item| maybe(to, item)),
        Prim::Reverse | Prim::Tail => item(a).is_some() && a == to,
        Prim::Head => item(a).is_some_and(|item| maybe(to, item)),
        Prim::Contains => item(a) == Some(b) && boolean(to),
        Prim::Insert => entry(a) == Some((b, c)) && a == to,
        Prim::Lookup => entry(a).is_some_and(|(key, value)| key == b && maybe(to, value)),
        Prim::Remove => entry(a).is_some_and(|(key, _)| key == b) && a == to,
        Prim::Keys => entry(a).is_some_and(|(key, _)| item(to) == Some(key)),
        Prim::Size => entry(a).is_some() && int(to),
        Prim::EmptyMap => *ty(a) == Type::Unit && entry(to).is_some(),
        Prim::ToString => string(to),
        Prim::ParseInt => string(a) && matches!(ty(to), Type::Maybe(item) if int(*item)),
        Prim::StringLength => string(a) && int(to),
        Prim::Upper | Prim::Lower => string(a) && a == to,
        Prim::Split => string(a) && string(b) && item(to).is_some_and(string),
        Prim::Join => item(a).is_some_and(string) && string(b) && string(to),
    }
}
