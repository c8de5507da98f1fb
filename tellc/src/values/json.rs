//! JSON values: numbers, texts, lists and objects stand for what they look like.
//!
//! A constructor without arguments is its name, one with an argument `{"Just": 3}`, one with several a list of them;
//! `null` is `Nothing`. A tuple is a list, a map with texts as keys an object, any other a list of pairs. Durations,
//! roles and bytes are texts in the notation of Tell.

use super::{Types, literal, record, sized};
use serde_json::Value as Json;
use tell_ir::ty::{Type, TypeId};
use tell_vm::Value;

/// A value of type `ty`.
///
/// # Errors
/// What is wrong with it, in words.
pub(crate) fn read(json: &Json, ty: TypeId, types: &Types<'_>) -> Result<Value, String> {
    match (types.get(ty), json) {
        (Some(Type::Unit), Json::Null) => Ok(Value::Unit),
        (Some(Type::Bool), Json::Bool(value)) => Ok(Value::Bool(*value)),
        (Some(Type::Int), Json::Number(number)) => {
            number.as_i64().map(Value::Int).ok_or_else(|| format!("{number} is not a whole number of 64 bits"))
        }
        (Some(Type::String), Json::String(text)) => Ok(Value::text(text.as_str())),
        (Some(Type::Bytes), Json::String(text)) => literal::bytes(text),
        (Some(Type::Duration), Json::String(text)) => literal::read(text, ty, types),
        (Some(Type::Opaque(name)), Json::String(token)) => Ok(Value::opaque(name, token)),
        (Some(Type::Role), Json::String(name)) => types.role(name).ok_or_else(|| format!("there is no role `{name}`")),
        (Some(Type::List(item)), Json::Array(items)) => {
            sized(Value::list(items.iter().map(|json| read(json, *item, types)).collect::<Result<_, _>>()?))
        }
        (Some(Type::Tuple(parts)), Json::Array(items)) if parts.len() == items.len() => {
            let pairs = items.iter().zip(parts);
            sized(Value::tuple(pairs.map(|(json, ty)| read(json, *ty, types)).collect::<Result<_, _>>()?))
        }
        (Some(Type::Record(fields)), Json::Object(given)) => {
            let names: Vec<&str> = given.keys().map(String::as_str).collect();
            let found = record(fields, |name| given.get(name), &names)?;
            sized(Value::tuple(found.into_iter().map(|(ty, json)| read(json, ty, types)).collect::<Result<_, _>>()?))
        }
        (Some(Type::Map(key, item)), json) => map(json, *key, *item, types),
        (Some(Type::Maybe(_)), Json::Null) => Ok(Value::nothing()),
        (Some(Type::Maybe(_) | Type::Result(..) | Type::Union(..)), json) => construct(json, ty, types),
        _ => wrong(json, ty, types),
    }
}

fn construct(json: &Json, ty: TypeId, types: &Types<'_>) -> Result<Value, String> {
    let (name, given) = match json {
        Json::String(name) => (name, None),
        Json::Object(entries) if entries.len() == 1 => {
            let Some((name, given)) = entries.iter().next() else { return wrong(json, ty, types) };
            (name, Some(given))
        }
        _ => return wrong(json, ty, types),
    };
    let (tag, params) = types.variant(ty, name)?;
    let args: Vec<&Json> = match (given, params.len()) {
        (None, _) => Vec::new(),
        (Some(given), 1) => vec![given],
        (Some(Json::Array(items)), _) => items.iter().collect(),
        (Some(_), _) => return wrong(json, ty, types),
    };
    types.construct(ty, name, args.len())?;
    let args = args.into_iter().zip(params).map(|(json, ty)| read(json, ty, types)).collect::<Result<_, _>>()?;
    sized(Value::variant(tag, args))
}

fn map(json: &Json, key: TypeId, item: TypeId, types: &Types<'_>) -> Result<Value, String> {
    let entries: Result<Vec<(Value, Value)>, String> = match json {
        Json::Object(entries) if matches!(types.get(key), Some(Type::String)) => {
            entries.iter().map(|(key, json)| Ok((Value::text(key.as_str()), read(json, item, types)?))).collect()
        }
        Json::Array(pairs) => pairs
            .iter()
            .map(|pair| match pair.as_array().map(Vec::as_slice) {
                Some([first, second]) => Ok((read(first, key, types)?, read(second, item, types)?)),
                _ => Err("a map is a list of pairs, `[[\"a\", 1]]`".to_owned()),
            })
            .collect(),
        _ => Err("a map is a list of pairs, or an object if its keys are texts".to_owned()),
    };
    sized(Value::map(entries?))
}

fn wrong(json: &Json, ty: TypeId, types: &Types<'_>) -> Result<Value, String> {
    let mut shown: String = json.to_string().chars().take(61).collect();
    if shown.chars().count() > 60 {
        shown.pop();
        shown.push('…');
    }
    Err(format!("`{shown}` is not `{}`", types.text(ty)))
}
