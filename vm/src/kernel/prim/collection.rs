//! Lists and maps. Every result is checked against the limits before it is built.

use super::{Answer, Refusal, room};
use crate::value::Value;
use crate::value::node::{Bound, Node};
use std::sync::Arc;

pub(super) fn list(x: &Value) -> Result<&[Value], Refusal> {
    x.as_list().ok_or(Refusal::Type("List"))
}

pub(super) fn map(x: &Value) -> Result<&[Value], Refusal> {
    if let Value::Map(node) = x { Ok(node.items()) } else { Err(Refusal::Type("Map")) }
}

pub(super) fn rebuilt(form: fn(Arc<Node>) -> Value, items: Vec<Value>, bound: Bound) -> Answer {
    Ok(form(Node::new(items, bound)?))
}

pub(super) fn count(items: &[Value]) -> Value {
    Value::Int(items.len() as i64)
}

pub(super) fn maybe(value: Option<&Value>, bound: Bound) -> Answer {
    match value {
        Some(value) => Ok(Value::variant_within(1, vec![value.clone()], bound)?),
        None => Ok(Value::nothing()),
    }
}

pub(super) fn concat(x: &Value, y: &Value, bound: Bound) -> Answer {
    match (x, y) {
        (Value::Str(a), Value::Str(b)) => {
            room(a.as_str().len() + b.as_str().len(), bound)?;
            Ok(Value::text([a.as_str(), b.as_str()].concat()))
        }
        (Value::Bytes(a), Value::Bytes(b)) => {
            room(a.as_slice().len() + b.as_slice().len(), bound)?;
            Ok(Value::bytes([a.as_slice(), b.as_slice()].concat()))
        }
        (Value::List(a), Value::List(b)) => {
            bound.size(a.size().saturating_add(b.size()) - 1)?;
            rebuilt(Value::List, [a.items(), b.items()].concat(), bound)
        }
        _ => Err(Refusal::Type("two Strings, two Bytes or two Lists")),
    }
}

pub(super) fn append(x: &Value, y: &Value, bound: Bound) -> Answer {
    let items = list(x)?;
    bound.size(x.size().saturating_add(y.size()))?;
    let mut longer = Vec::with_capacity(items.len() + 1);
    longer.extend_from_slice(items);
    longer.push(y.clone());
    rebuilt(Value::List, longer, bound)
}

pub(super) fn get(x: &Value, y: &Value, bound: Bound) -> Answer {
    let items = list(x)?;
    let index = y.as_int().ok_or(Refusal::Type("a List and an Int"))?;
    maybe(usize::try_from(index).ok().and_then(|index| items.get(index)), bound)
}

pub(super) fn reverse(x: &Value, bound: Bound) -> Answer {
    let items = list(x)?.iter().rev().cloned().collect();
    rebuilt(Value::List, items, bound)
}

pub(super) fn tail(x: &Value, bound: Bound) -> Answer {
    let items = list(x)?;
    rebuilt(Value::List, items.get(1..).unwrap_or(&[]).to_vec(), bound)
}

/// Where `key` is among the keys, or where it would go; in items.
fn position(items: &[Value], key: &Value) -> Result<usize, usize> {
    let (mut low, mut high) = (0, items.len() / 2);
    while low < high {
        let middle = low + (high - low) / 2;
        match items[2 * middle].cmp(key) {
            std::cmp::Ordering::Equal => return Ok(2 * middle),
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    Err(2 * low)
}

pub(super) fn insert(x: &Value, key: &Value, value: &Value, bound: Bound) -> Answer {
    let items = map(x)?;
    let mut changed = Vec::with_capacity(items.len() + 2);
    match position(items, key) {
        Ok(at) => {
            changed.extend_from_slice(items);
            changed[at + 1] = value.clone();
        }
        Err(at) => {
            changed.extend_from_slice(&items[..at]);
            changed.extend([key.clone(), value.clone()]);
            changed.extend_from_slice(&items[at..]);
        }
    }
    rebuilt(Value::Map, changed, bound)
}

pub(super) fn lookup(x: &Value, key: &Value, bound: Bound) -> Answer {
    let items = map(x)?;
    maybe(position(items, key).ok().map(|at| &items[at + 1]), bound)
}

pub(super) fn remove(x: &Value, key: &Value, bound: Bound) -> Answer {
    let items = map(x)?;
    match position(items, key) {
        Ok(at) => rebuilt(Value::Map, [&items[..at], &items[at + 2..]].concat(), bound),
        Err(_) => Ok(x.clone()),
    }
}

pub(super) fn keys(x: &Value, bound: Bound) -> Answer {
    rebuilt(Value::List, map(x)?.iter().step_by(2).cloned().collect(), bound)
}
