//! Checked arithmetic on Int and Duration.

use super::{Answer, Refusal};
use crate::fault::ArithmeticReason;
use crate::value::Value;

const OVERFLOW: Refusal = Refusal::Arithmetic(ArithmeticReason::Overflow);
const TWO_INTS: Refusal = Refusal::Type("two Ints");

fn sums(x: &Value, y: &Value, op: fn(i64, i64) -> Option<i64>) -> Answer {
    match (x, y) {
        (Value::Int(a), Value::Int(b)) => op(*a, *b).map(Value::Int).ok_or(OVERFLOW),
        (Value::Duration(a), Value::Duration(b)) => op(*a, *b).map(Value::Duration).ok_or(OVERFLOW),
        _ => Err(Refusal::Type("two Ints or two Durations")),
    }
}

#[inline]
pub(super) fn add(x: &Value, y: &Value) -> Answer {
    sums(x, y, i64::checked_add)
}

#[inline]
pub(super) fn sub(x: &Value, y: &Value) -> Answer {
    sums(x, y, i64::checked_sub)
}

pub(super) fn mul(x: &Value, y: &Value) -> Answer {
    let (Value::Int(a), Value::Int(b)) = (x, y) else { return Err(TWO_INTS) };
    a.checked_mul(*b).map(Value::Int).ok_or(OVERFLOW)
}

pub(super) fn div(x: &Value, y: &Value) -> Answer {
    divided(x, y, i64::checked_div)
}

pub(super) fn rem(x: &Value, y: &Value) -> Answer {
    divided(x, y, i64::checked_rem)
}

fn divided(x: &Value, y: &Value, op: fn(i64, i64) -> Option<i64>) -> Answer {
    let (Value::Int(a), Value::Int(b)) = (x, y) else { return Err(TWO_INTS) };
    if *b == 0 {
        return Err(Refusal::Arithmetic(ArithmeticReason::DivisionByZero));
    }
    op(*a, *b).map(Value::Int).ok_or(OVERFLOW)
}

pub(super) fn neg(x: &Value) -> Answer {
    match x {
        Value::Int(a) => a.checked_neg().map(Value::Int).ok_or(OVERFLOW),
        Value::Duration(a) => a.checked_neg().map(Value::Duration).ok_or(OVERFLOW),
        _ => Err(Refusal::Type("Int or Duration")),
    }
}

pub(super) fn ints(x: &Value, y: &Value, op: fn(i64, i64) -> i64) -> Answer {
    let (Value::Int(a), Value::Int(b)) = (x, y) else { return Err(TWO_INTS) };
    Ok(Value::Int(op(*a, *b)))
}

pub(super) fn abs(x: &Value) -> Answer {
    let a = x.as_int().ok_or(Refusal::Type("Int"))?;
    a.checked_abs().map(Value::Int).ok_or(OVERFLOW)
}
