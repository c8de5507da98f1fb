//! Primitives, as `ir/src/prim.rs` says what they do; `to_string` is where types are known.

use super::too_large;
use std::cmp::Ordering;
use tell_ir::prim::Prim;
use tell_vm::fault::ArithmeticReason;
use tell_vm::{Fault, Value};

/// The value of a primitive.
pub(super) fn apply(op: Prim, args: &[Value]) -> Result<Value, Fault> {
    use Value::{Bool, Bytes, Duration, Int, List, Str};
    let fault = |reason| Fault::Arithmetic { op: op.text(), reason };
    let int = |result: Option<i64>| result.map(|number| Ok(Int(number))).ok_or(fault(ArithmeticReason::Overflow));
    let time = |result: Option<i64>| result.map(|number| Ok(Duration(number))).ok_or(fault(ArithmeticReason::Overflow));
    let size = |size: usize| Ok(Int(i64::try_from(size).expect("values are small")));
    let value = match (op, args) {
        (Prim::Add, [Int(a), Int(b)]) => int(a.checked_add(*b))?,
        (Prim::Sub, [Int(a), Int(b)]) => int(a.checked_sub(*b))?,
        (Prim::Mul, [Int(a), Int(b)]) => int(a.checked_mul(*b))?,
        (Prim::Div | Prim::Rem, [_, Int(0)]) => return Err(fault(ArithmeticReason::DivisionByZero)),
        (Prim::Div, [Int(a), Int(b)]) => int(a.checked_div(*b))?,
        (Prim::Rem, [Int(a), Int(b)]) => int(a.checked_rem(*b))?,
        (Prim::Neg, [Int(a)]) => int(a.checked_neg())?,
        (Prim::Abs, [Int(a)]) => int(a.checked_abs())?,
        (Prim::Min, [Int(a), Int(b)]) => Ok(Int(if a < b { *a } else { *b })),
        (Prim::Max, [Int(a), Int(b)]) => Ok(Int(if a < b { *b } else { *a })),
        (Prim::Add, [Duration(a), Duration(b)]) => time(a.checked_add(*b))?,
        (Prim::Sub, [Duration(a), Duration(b)]) => time(a.checked_sub(*b))?,
        (Prim::Neg, [Duration(a)]) => time(a.checked_neg())?,
        (Prim::Not, [Bool(a)]) => Ok(Bool(!a)),
        (Prim::Eq, [a, b]) => Ok(Bool(order(a, b).is_eq())),
        (Prim::Ne, [a, b]) => Ok(Bool(order(a, b).is_ne())),
        (Prim::Lt, [a, b]) => Ok(Bool(order(a, b).is_lt())),
        (Prim::Le, [a, b]) => Ok(Bool(order(a, b).is_le())),
        (Prim::Gt, [a, b]) => Ok(Bool(order(a, b).is_gt())),
        (Prim::Ge, [a, b]) => Ok(Bool(order(a, b).is_ge())),
        (Prim::Concat, [Str(a), Str(b)]) => Ok(Value::text([a.as_str(), b.as_str()].concat())),
        (Prim::Concat, [Bytes(a), Bytes(b)]) => Ok(Value::bytes([a.as_slice(), b.as_slice()].concat())),
        (Prim::Concat, [List(a), List(b)]) => Value::list([a.items(), b.items()].concat()),
        (Prim::Length, [List(xs)]) => size(xs.items().len()),
        (Prim::Append, [List(xs), x]) => Value::list([xs.items(), std::slice::from_ref(x)].concat()),
        (Prim::Get, [List(xs), Int(at)]) => maybe(usize::try_from(*at).ok().and_then(|at| xs.items().get(at))),
        (Prim::Reverse, [List(xs)]) => Value::list(xs.items().iter().rev().cloned().collect()),
        (Prim::Head, [List(xs)]) => maybe(xs.items().first()),
        (Prim::Tail, [List(xs)]) => Value::list(xs.items().iter().skip(1).cloned().collect()),
        (Prim::Contains, [List(xs), x]) => Ok(Bool(xs.items().iter().any(|item| order(item, x).is_eq()))),
        (Prim::EmptyMap, _) => Value::map(Vec::new()),
        (Prim::Insert, [map, key, value]) => {
            let others = entries(map, |own| order(own, key).is_ne());
            Value::map(others.chain([(key.clone(), value.clone())]).collect())
        }
        (Prim::Lookup, [map, key]) => {
            maybe(entries(map, |own| order(own, key).is_eq()).next().map(|(_, v)| v).as_ref())
        }
        (Prim::Remove, [map, key]) => Value::map(entries(map, |own| order(own, key).is_ne()).collect()),
        (Prim::Keys, [map]) => Value::list(entries(map, |_| true).map(|(key, _)| key).collect()),
        (Prim::Size, [map]) => size(entries(map, |_| true).count()),
        (Prim::ParseInt, [Str(text)]) => maybe(text.as_str().parse().ok().map(Int).as_ref()),
        (Prim::StringLength, [Str(text)]) => size(text.as_str().chars().count()),
        (Prim::Upper, [Str(text)]) => Ok(Value::text(text.as_str().to_uppercase())),
        (Prim::Lower, [Str(text)]) => Ok(Value::text(text.as_str().to_lowercase())),
        (Prim::Split, [Str(text), Str(by)]) => Value::list(match by.as_str() {
            "" => text.as_str().chars().map(|c| Value::text(c.to_string())).collect(),
            by => text.as_str().split(by).map(Value::text).collect(),
        }),
        (Prim::Join, [List(texts), Str(between)]) => {
            let texts: Vec<&str> = texts.items().iter().filter_map(Value::as_str).collect();
            Ok(Value::text(texts.join(between.as_str())))
        }
        _ => panic!("bug: a checked program applies `{}` to {args:?}", op.text()),
    };
    value.map_err(|_| too_large())
}

/// Equality of all values; the order of numbers, durations, texts (by code point), bytes, and keys of maps.
fn order(a: &Value, b: &Value) -> Ordering {
    let tag = |value: &Value| value.as_variant().map(|(tag, _)| tag);
    match (a, b) {
        (Value::Int(a), Value::Int(b)) | (Value::Duration(a), Value::Duration(b)) => a.cmp(b),
        (Value::Str(a), Value::Str(b)) => a.as_str().chars().cmp(b.as_str().chars()),
        (Value::Bytes(a), Value::Bytes(b)) => a.as_slice().cmp(b.as_slice()),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Opaque(a), Value::Opaque(b)) => a.cmp(b),
        _ => tag(a).cmp(&tag(b)).then_with(|| {
            let (a, b) = (parts(a), parts(b));
            let differing = a.iter().zip(b).map(|(a, b)| order(a, b)).find(|order| order.is_ne());
            differing.unwrap_or(a.len().cmp(&b.len()))
        }),
    }
}

/// What a value is made of; of a map, keys and values in turn.
pub(crate) fn parts(value: &Value) -> &[Value] {
    match value {
        Value::List(node) | Value::Map(node) | Value::Product(node) => node.items(),
        Value::Union { args: Some(node), .. } => node.items(),
        _ => &[],
    }
}

fn entries(map: &Value, wanted: impl Fn(&Value) -> bool) -> impl Iterator<Item = (Value, Value)> {
    let all = map.as_map().into_iter().flatten();
    all.filter(move |(key, _)| wanted(key)).map(|(key, value)| (key.clone(), value.clone()))
}

fn maybe(value: Option<&Value>) -> Result<Value, tell_vm::value::node::Oversize> {
    value.map_or(Ok(Value::nothing()), |value| Value::just(value.clone()))
}
