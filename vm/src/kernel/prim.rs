//! Primitives: pure functions of one to three values.

mod arithmetic;
mod collection;
mod text;

use super::frame::{Exec, Frame, oversize, violation};
use crate::fault::Fault;
use crate::value::Value;
use crate::value::node::{Bound, Oversize};
use std::cmp::Ordering;
use tell_ir::instr::Reg;
use tell_ir::prim::Prim;

/// Why a primitive has no result.
enum Refusal {
    /// An operand of another shape.
    Type(&'static str),
    /// Arithmetic.
    Arithmetic(crate::fault::ArithmeticReason),
    /// A result that would be too large.
    Oversize(Oversize),
}

impl From<Oversize> for Refusal {
    fn from(oversize: Oversize) -> Self {
        Self::Oversize(oversize)
    }
}

type Answer = Result<Value, Refusal>;

/// Applies `op` and writes what that gives. Two numbers are the most frequent by far, and nothing of them is on the heap.
#[inline(always)]
pub(super) fn compute(frame: &mut Frame<'_>, op: Prim, dst: Reg, (a, b): (Reg, Reg)) -> Exec {
    let [x, y] = [a, b].map(|register| frame.registers.get(usize::from(register)));
    if let (Some(&Value::Int(x)), Some(&Value::Int(y))) = (x, y) {
        if let Some(number) = number(op, x, y) {
            return frame.write_int(dst, number);
        }
        if let Some(holds) = comparison(op, x, y) {
            return frame.write_bool(dst, holds);
        }
    }
    compute_any(frame, op, dst, (a, b))
}

#[inline(never)]
fn compute_any(frame: &mut Frame<'_>, op: Prim, dst: Reg, (a, b): (Reg, Reg)) -> Exec {
    let value = apply(frame, op, a, b)?;
    frame.write(dst, value)
}

/// The number that two numbers give; none if there is none, or another primitive has to say.
#[inline(always)]
const fn number(op: Prim, x: i64, y: i64) -> Option<i64> {
    match op {
        Prim::Add => x.checked_add(y),
        Prim::Sub => x.checked_sub(y),
        Prim::Mul => x.checked_mul(y),
        _ => None,
    }
}

/// Whether two numbers compare so; none if `op` is no comparison.
#[inline(always)]
const fn comparison(op: Prim, x: i64, y: i64) -> Option<bool> {
    Some(match op {
        Prim::Eq => x == y,
        Prim::Ne => x != y,
        Prim::Lt => x < y,
        Prim::Le => x <= y,
        Prim::Gt => x > y,
        Prim::Ge => x >= y,
        _ => return None,
    })
}

/// Applies `op` to registers `a`, `b` and the one after `b`, as many as it takes.
fn apply(frame: &Frame<'_>, op: Prim, a: Reg, b: Reg) -> Result<Value, Box<Fault>> {
    let x = frame.value(a)?;
    let y = if op.arity() >= 2 { frame.value(b)? } else { &Value::Unit };
    let z = if op.arity() >= 3 { frame.value(b.saturating_add(1))? } else { &Value::Unit };
    let bound = frame.config.limits.bound();
    let answer = match op {
        Prim::Add => arithmetic::add(x, y),
        Prim::Sub => arithmetic::sub(x, y),
        Prim::Mul => arithmetic::mul(x, y),
        Prim::Div => arithmetic::div(x, y),
        Prim::Rem => arithmetic::rem(x, y),
        Prim::Neg => arithmetic::neg(x),
        Prim::Min => arithmetic::ints(x, y, i64::min),
        Prim::Max => arithmetic::ints(x, y, i64::max),
        Prim::Abs => arithmetic::abs(x),
        Prim::Not => x.as_bool().map(|b| Value::Bool(!b)).ok_or(Refusal::Type("Bool")),
        Prim::Eq => Ok(Value::Bool(x == y)),
        Prim::Ne => Ok(Value::Bool(x != y)),
        Prim::Lt => compared(x, y, Ordering::is_lt),
        Prim::Le => compared(x, y, Ordering::is_le),
        Prim::Gt => compared(x, y, Ordering::is_gt),
        Prim::Ge => compared(x, y, Ordering::is_ge),
        Prim::Concat => collection::concat(x, y, bound),
        Prim::Length => collection::list(x).map(collection::count),
        Prim::Append => collection::append(x, y, bound),
        Prim::Get => collection::get(x, y, bound),
        Prim::Reverse => collection::reverse(x, bound),
        Prim::Head => collection::list(x).and_then(|items| collection::maybe(items.first(), bound)),
        Prim::Tail => collection::tail(x, bound),
        Prim::Contains => collection::list(x).map(|items| Value::Bool(items.contains(y))),
        Prim::Insert => collection::insert(x, y, z, bound),
        Prim::Lookup => collection::lookup(x, y, bound),
        Prim::Remove => collection::remove(x, y, bound),
        Prim::Keys => collection::keys(x, bound),
        Prim::Size => collection::map(x).map(|items| Value::Int((items.len() / 2) as i64)),
        Prim::EmptyMap => collection::rebuilt(Value::Map, Vec::new(), bound),
        Prim::ToString => text::to_string(frame, x, a),
        Prim::ParseInt => text::parse_int(x, bound),
        Prim::StringLength => text::of(x).map(|s| Value::Int(s.chars().count() as i64)),
        Prim::Upper => text::mapped(x, str::to_uppercase, bound),
        Prim::Lower => text::mapped(x, str::to_lowercase, bound),
        Prim::Split => text::split(x, y, bound),
        Prim::Join => text::join(x, y, bound),
    };
    answer.map_err(|refusal| fault(op, refusal, x, y))
}

#[cold]
fn fault(op: Prim, refusal: Refusal, x: &Value, y: &Value) -> Box<Fault> {
    match refusal {
        Refusal::Arithmetic(reason) => Box::new(Fault::Arithmetic { op: op.text(), reason }),
        Refusal::Oversize(refused) => oversize(refused),
        Refusal::Type(expected) => {
            let place = format!("operands of `{}`", op.text());
            let mut fault = violation(place, expected, x);
            if let (Fault::TypeViolation { found, .. }, true) = (&mut *fault, op.arity() >= 2) {
                *found = format!("{} and {}", x.shape(), y.shape());
            }
            fault
        }
    }
}

/// Numbers, durations, texts by code point, bytes.
fn compared(x: &Value, y: &Value, holds: fn(Ordering) -> bool) -> Answer {
    let order = match (x, y) {
        (Value::Int(a), Value::Int(b)) | (Value::Duration(a), Value::Duration(b)) => a.cmp(b),
        (Value::Str(a), Value::Str(b)) => a.cmp(b),
        (Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
        _ => return Err(Refusal::Type("two of Int, Duration, String or Bytes")),
    };
    Ok(Value::Bool(holds(order)))
}

/// Whether a text or bytes of so many bytes may be built.
fn room(bytes: usize, bound: Bound) -> Result<(), Refusal> {
    Ok(bound.size(crate::value::node::saturated(bytes).saturating_add(1))?)
}
