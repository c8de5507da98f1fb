//! Instructions on registers and control: `Set`, `Make`, `Get`, `Count`, `Switch`, `Fail`, `Halt`.

use super::frame::{Exec, Flow, Frame, misplaced, missing, oversize, register_type};
use super::program::{Constant, Form};
use crate::fault::Fault;
use crate::runs::Part;
use crate::session::Status;
use crate::value::Value;
use crate::value::node::{Node, saturated};
use std::sync::Arc;
use tell_ir::instr::{FailKind, Reg};

/// A number or a truth value is handed on as such, here and in [`copy`]: a value that was just written part by part and
/// is read whole has to wait for that, longer than the instruction takes.
#[inline(always)]
pub(super) fn set(frame: &mut Frame<'_>, dst: Reg, value: u32) -> Exec {
    match frame.program.consts.get(value as usize) {
        Some(Constant::Value(Value::Int(n))) => frame.write_int(dst, *n),
        Some(Constant::Value(Value::Bool(b))) => frame.write_bool(dst, *b),
        Some(Constant::Value(value)) => frame.write(dst, value.clone()),
        Some(Constant::Session) => {
            let id = Value::Session(Arc::new(frame.log.session().clone()));
            frame.write(dst, id)
        }
        None => Err(missing("constant", value)),
    }
}

#[inline(always)]
pub(super) fn copy(frame: &mut Frame<'_>, dst: Reg, src: Reg) -> Exec {
    match frame.value(src)? {
        Value::Int(n) => {
            let n = *n;
            frame.write_int(dst, n)
        }
        Value::Bool(b) => {
            let b = *b;
            frame.write_bool(dst, b)
        }
        value => {
            let value = value.clone();
            frame.write(dst, value)
        }
    }
}

pub(super) fn make(frame: &mut Frame<'_>, dst: Reg, shape: u16, args: Reg) -> Exec {
    let Some(build) = frame.program.shapes.get(usize::from(shape)) else {
        return Err(missing("shape", u32::from(shape)));
    };
    let count = match build.form {
        Form::Product | Form::Variant(_) => build.parts.len(),
        Form::List(count) => usize::from(count),
        Form::Missing => return Err(missing("type of shape", u32::from(shape))),
    };
    let values = frame.values(args, count)?;
    for ((register, value), part) in (args..).zip(values).zip(build.parts.iter().cycle()) {
        if !part.admits(value) {
            return Err(register_type(register, part.text(), value));
        }
    }
    let items = values.to_vec();
    let made = match build.form {
        Form::Product => Node::new(items, frame.config.limits.bound()).map(Value::Product),
        Form::List(_) => Node::new(items, frame.config.limits.bound()).map(Value::List),
        Form::Variant(tag) => Value::variant_within(tag, items, frame.config.limits.bound()),
        Form::Missing => return Err(missing("type of shape", u32::from(shape))),
    };
    frame.write(dst, made.map_err(oversize)?)
}

pub(super) fn get(frame: &mut Frame<'_>, dst: Reg, src: Reg, index: u16) -> Exec {
    let value = frame.value(src)?;
    let items = match value {
        Value::Product(node) | Value::List(node) => node.items(),
        Value::Union { args, .. } => args.as_ref().map_or(&[][..], |node| node.items()),
        Value::Unit
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Duration(_)
        | Value::Str(_)
        | Value::Bytes(_)
        | Value::Map(_)
        | Value::Session(_)
        | Value::Role(_)
        | Value::Opaque(_)
        | Value::Endpoint(_)
        | Value::Evidence { .. }
        | Value::Witness(_) => return Err(register_type(src, "tuple, record, union or List", value)),
    };
    match items.get(usize::from(index)) {
        Some(item) => {
            let item = item.clone();
            frame.write(dst, item)
        }
        None => Err(Box::new(Fault::NoComponent { index: u32::from(index), len: saturated(items.len()) })),
    }
}

pub(super) fn count(frame: &mut Frame<'_>, dst: Reg, src: Reg) -> Exec {
    let value = frame.value(src)?;
    let Some(items) = value.as_list() else { return Err(register_type(src, "List", value)) };
    let count = i64::from(saturated(items.len()));
    frame.write(dst, Value::Int(count))
}

pub(super) fn switch(frame: &Frame<'_>, val: Reg, table: u32) -> Exec {
    let value = frame.value(val)?;
    let Value::Union { tag, .. } = value else { return Err(register_type(val, "union", value)) };
    let function = frame.program.image().functions.get(usize::from(frame.me));
    let Some(targets) = function.and_then(|function| function.switches.get(table as usize)) else {
        return Err(missing("switch table", table));
    };
    match targets.get(usize::from(*tag)) {
        Some(target) => Ok(Flow::To(*target)),
        None => Err(missing("arm of the switch for variant", u32::from(*tag))),
    }
}

pub(super) fn fail(frame: &Frame<'_>, fault: FailKind, text: u32) -> Box<Fault> {
    let text = match frame.program.consts.get(text as usize) {
        Some(Constant::Value(value)) => value.as_str().unwrap_or_default().to_owned(),
        Some(Constant::Session) => String::new(),
        None => return missing("constant", text),
    };
    Box::new(match fault {
        FailKind::Assertion => Fault::Assertion { text },
        FailKind::NoOpenBranch => Fault::NoOpenBranch { text },
        FailKind::Unreachable => Fault::Unreachable { text },
    })
}

pub(super) fn halt(frame: &mut Frame<'_>, finals: u32) -> Exec {
    if frame.speculates {
        return Ok(Flow::Aside);
    }
    let function = frame.program.image().functions.get(usize::from(frame.me));
    let Some(names) = function.and_then(|function| function.finals.get(finals as usize)) else {
        return Err(missing("finals table", finals));
    };
    for name in names {
        frame.value(name.reg)?;
    }
    let coroutine = &mut frame.others[usize::from(frame.who)];
    if coroutine.parent.is_some() || coroutine.children > 0 || coroutine.part != Part::SESSION {
        return Err(misplaced("Halt"));
    }
    coroutine.status = Status::Halted { finals };
    Ok(Flow::Halt)
}
