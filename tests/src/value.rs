//! Values of a given type: from JSON, and made up.

use crate::numbers::Numbers;
use serde_json::Value as Json;
use tell_ir::ty::{Type, TypeId};
use tell_vm::{SessionId, Value};

/// The value a JSON text stands for. Only types that the corpus needs.
///
/// # Errors
/// What is not of the type, or of a type that is not supported here.
pub fn from_json(json: &Json, ty: TypeId, types: &[Type]) -> Result<Value, String> {
    let oversize = |error: tell_vm::value::node::Oversize| error.to_string();
    match (types.get(ty.0 as usize), json) {
        (Some(Type::Bool), Json::Bool(value)) => Ok(Value::Bool(*value)),
        (Some(Type::Int), Json::Number(value)) => {
            value.as_i64().map(Value::Int).ok_or_else(|| format!("`{value}` is not an Int"))
        }
        (Some(Type::String), Json::String(text)) => Ok(Value::text(text.as_str())),
        (Some(Type::List(item)), Json::Array(items)) => {
            let items: Result<Vec<Value>, String> = items.iter().map(|json| from_json(json, *item, types)).collect();
            Value::list(items?).map_err(oversize)
        }
        (ty, json) => Err(format!("`{json}` is not of type {ty:?}, or the tests do not know how")),
    }
}

/// The value a text on a command line stands for; a `String` has no quotes.
///
/// # Errors
/// As [`from_json`].
pub fn from_text(text: &str, ty: TypeId, types: &[Type]) -> Result<Value, String> {
    if let Some(Type::String) = types.get(ty.0 as usize) {
        return Ok(Value::text(text));
    }
    let json = serde_json::from_str(text).map_err(|error| format!("`{text}`: {error}"))?;
    from_json(&json, ty, types)
}

/// Deepest nesting of made-up values.
const DEPTH: usize = 4;

/// Some value of the type, small and shallow.
///
/// # Errors
/// A union without a finite value that is shallow enough.
pub fn made_up(ty: TypeId, types: &[Type], numbers: &mut Numbers) -> Result<Value, String> {
    make(ty, types, numbers, DEPTH)
}

fn make(ty: TypeId, types: &[Type], numbers: &mut Numbers, depth: usize) -> Result<Value, String> {
    let Some(kind) = types.get(ty.0 as usize) else { return Err(format!("no type {}", ty.0)) };
    let Some(below) = depth.checked_sub(1) else { return Err("too deep".to_owned()) };
    let mut all = |ids: &mut dyn Iterator<Item = TypeId>| -> Result<Vec<Value>, String> {
        ids.map(|id| make(id, types, numbers, below)).collect()
    };
    let made = match kind {
        Type::Unit => Ok(Value::Unit),
        Type::Bool => Ok(Value::Bool(numbers.percent(50))),
        Type::Int => Ok(Value::Int(numbers.below(10) as i64 + 1)),
        Type::String => Ok(Value::text(format!("text {}", numbers.below(100)))),
        Type::Bytes => Ok(Value::bytes(vec![1, 2, 3])),
        Type::Duration => Ok(Value::Duration(1_000_000)),
        Type::Session => Ok(Value::Session(std::sync::Arc::new(SessionId::root(0)))),
        Type::Role => Ok(Value::Role(0)),
        Type::Opaque(name) => Ok(Value::opaque(name, "token")),
        Type::Endpoint | Type::Evidence(_) | Type::Witness(_) => return Err("nobody can make one".to_owned()),
        Type::List(item) => Value::list(all(&mut std::iter::repeat_n(*item, 2)).unwrap_or_default()),
        Type::Maybe(item) => match all(&mut std::iter::once(*item)) {
            Ok(values) => Value::variant(1, values),
            Err(_) => Ok(Value::nothing()),
        },
        Type::Result(error, value) => match all(&mut std::iter::once(*value)) {
            Ok(values) => Value::variant(1, values),
            Err(_) => Value::variant(0, all(&mut std::iter::once(*error))?),
        },
        Type::Map(key, value) => match all(&mut [*key, *value].into_iter()) {
            Ok(values) => match <[Value; 2]>::try_from(values) {
                Ok([key, value]) => Value::map(vec![(key, value)]),
                Err(_) => Value::map(Vec::new()),
            },
            Err(_) => Value::map(Vec::new()),
        },
        Type::Tuple(items) => Value::tuple(all(&mut items.iter().copied())?),
        Type::Record(fields) => Value::tuple(all(&mut fields.iter().map(|(_, id)| *id))?),
        Type::Union(name, variants) => {
            let first = numbers.below(variants.len());
            let tags = (0..variants.len()).map(|offset| (first + offset) % variants.len());
            let found = tags.into_iter().find_map(|tag| {
                let args: Result<Vec<Value>, String> =
                    variants[tag].1.iter().map(|id| make(*id, types, numbers, below)).collect();
                args.ok().map(|args| (tag, args))
            });
            let (tag, args) = found.ok_or_else(|| format!("no shallow value of `{name}`"))?;
            Value::variant(u16::try_from(tag).map_err(|error| error.to_string())?, args)
        }
    };
    made.map_err(|error| error.to_string())
}
