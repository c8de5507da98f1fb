//! Strings.

use super::{Answer, Refusal, collection, room};
use crate::kernel::frame::Frame;
use crate::value::Value;
use crate::value::node::{Bound, Oversize};
use crate::value::show::to_text_within;
use tell_ir::instr::Reg;
use tell_ir::ty::TypeId;

pub(super) fn of(x: &Value) -> Result<&str, Refusal> {
    x.as_str().ok_or(Refusal::Type("String"))
}

fn two<'a>(x: &'a Value, y: &'a Value) -> Result<(&'a str, &'a str), Refusal> {
    x.as_str().zip(y.as_str()).ok_or(Refusal::Type("two Strings"))
}

/// Prints a value by the type of its register.
pub(super) fn to_string(frame: &Frame<'_>, x: &Value, register: Reg) -> Answer {
    let image = frame.program.image();
    let function = image.functions.get(usize::from(frame.me));
    let ty = function.and_then(|function| function.regs.get(usize::from(register))).copied();
    let max = frame.config.limits.value_size;
    match to_text_within(x, ty.unwrap_or(TypeId(u32::MAX)), &image.types, max as usize) {
        Some(text) => Ok(Value::text(text)),
        None => Err(Refusal::Oversize(Oversize::Size { size: max.saturating_add(1), max })),
    }
}

/// An optional `-`, then digits and nothing else.
pub(super) fn parse_int(x: &Value, bound: Bound) -> Answer {
    let text = of(x)?;
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let number = if plain { text.parse().ok().map(Value::Int) } else { None };
    collection::maybe(number.as_ref(), bound)
}

pub(super) fn mapped(x: &Value, map: fn(&str) -> String, bound: Bound) -> Answer {
    let text = map(of(x)?);
    room(text.len(), bound)?;
    Ok(Value::text(text))
}

pub(super) fn split(x: &Value, y: &Value, bound: Bound) -> Answer {
    let (text, separator) = two(x, y)?;
    let parts = if separator.is_empty() {
        text.chars().map(|c| Value::text(c.to_string())).collect()
    } else {
        text.split(separator).map(Value::text).collect()
    };
    collection::rebuilt(Value::List, parts, bound)
}

pub(super) fn join(x: &Value, y: &Value, bound: Bound) -> Answer {
    let (Some(items), Some(separator)) = (x.as_list(), y.as_str()) else {
        return Err(Refusal::Type("a List of Strings and a String"));
    };
    let mut parts = Vec::with_capacity(items.len());
    let mut bytes = separator.len().saturating_mul(items.len().saturating_sub(1));
    for item in items {
        let part = item.as_str().ok_or(Refusal::Type("a List of Strings and a String"))?;
        bytes = bytes.saturating_add(part.len());
        parts.push(part);
    }
    room(bytes, bound)?;
    Ok(Value::text(parts.join(separator)))
}
