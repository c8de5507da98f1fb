//! The two halves of `Perform`: *issue* commits a request, *complete* commits its answer.

use super::frame::{Exec, Flow, Frame, missing, outside_frame, register_type, violation};
use super::program::{Exclusive, Program};
use super::{Outcome, VMKernel};
use crate::event::EventKind;
use crate::fault::Fault;
use crate::handler::{Call, Failure, FailureKind};
use crate::id::RequestId;
use crate::session::{Request, SessionState, Status};
use crate::value::node::{Bound, saturated};
use crate::value::{Value, conforms, show, type_text};
use tell_ir::instr::Reg;

/// Checks arguments and result register, and makes the request outstanding.
pub(super) fn issue(frame: &mut Frame<'_>, op: u16, args: Reg, dst: Reg) -> Exec {
    let Some(entry) = frame.program.ops.get(usize::from(op)) else {
        return Err(missing("operation", u32::from(op)));
    };
    let values = frame.values(args, entry.params.len())?;
    for ((register, value), kind) in (args..).zip(values).zip(&entry.params) {
        if !kind.admits(value) {
            return Err(register_type(register, kind.text(), value));
        }
    }
    match frame.role.kinds.get(usize::from(dst)) {
        Some(kind) if *kind == entry.result => {}
        Some(kind) => {
            return Err(violation(
                format!("register {dst}, which is {}", kind.text()),
                entry.result.text(),
                &Value::Unit,
            ));
        }
        None => return Err(outside_frame(u32::from(dst), frame.registers.len())),
    }
    if is_excluded(frame, op, entry.exclusive) {
        return Err(refused(frame.program, op, "an operation that excludes it is outstanding"));
    }
    let request = RequestId(*frame.requests);
    if frame.log.is_on() {
        let shown = match values {
            [] => Value::Unit,
            [one] => one.clone(),
            several => Value::tuple(several.to_vec()).unwrap_or_default(),
        };
        frame.log.step(frame.who, EventKind::Performed { op, request }, || shown);
    }
    *frame.requests = frame.requests.wrapping_add(1);
    Ok(Flow::Issue(Request { id: request, op, args, dst }))
}

/// Whether another request of the session keeps this one from being issued.
fn is_excluded(frame: &Frame<'_>, op: u16, exclusive: Exclusive) -> bool {
    let ops = &frame.program.image().ops;
    let effect = |op: u16| ops.get(usize::from(op)).map(|op| op.effect);
    let clashes = |other: u16| match exclusive {
        Exclusive::Nothing => false,
        Exclusive::Operation => other == op,
        Exclusive::Effect => effect(other) == effect(op),
    };
    exclusive != Exclusive::Nothing
        && frame.others.iter().any(|other| match other.status {
            Status::Performing(request) => clashes(request.op),
            Status::Ready
            | Status::Receiving { .. }
            | Status::Choosing { .. }
            | Status::Sending { .. }
            | Status::Halted { .. } => false,
        })
}

fn refused(program: &Program, op: u16, message: &str) -> Box<Fault> {
    perform_fault(program, op, Failure::new(FailureKind::ContractViolation, message))
}

fn perform_fault(program: &Program, op: u16, failure: Failure) -> Box<Fault> {
    let (effect, name) = program.op_names(op);
    let Failure { kind, message } = failure;
    Box::new(Fault::Perform { effect: effect.to_owned(), op: name.to_owned(), kind, message })
}

impl VMKernel {
    /// Commits the answer to the outstanding request of coroutine `who`, or faults.
    pub(crate) fn complete(
        program: &Program,
        state: &mut SessionState,
        who: u16,
        answer: Result<Value, Failure>,
    ) -> Outcome {
        let Some(Status::Performing(request)) = state.coroutines.get(usize::from(who)).map(|c| c.status) else {
            return Outcome::Faulted(missing("outstanding request of coroutine", u32::from(who)));
        };
        let Request { id, op, dst, .. } = request;
        let checked = answer.and_then(|value| {
            check_answer(program, state, who, request, &value)?;
            Ok(value)
        });
        let Some(base) = program.roles.get(usize::from(who)).map(|role| role.base) else {
            return Outcome::Faulted(missing("role", u32::from(who)));
        };
        match (checked, state.registers.get_mut(base + usize::from(dst))) {
            (Ok(value), Some(register)) => {
                state.log.step(who, EventKind::Completed { op, request: id, failure: None }, || value.clone());
                *register = value;
                state.log.tick += 1;
                let coroutine = &mut state.coroutines[usize::from(who)];
                coroutine.pc += 1;
                coroutine.status = Status::Ready;
                Outcome::Ran
            }
            (Err(failure), _) => {
                let kind = EventKind::Completed { op, request: id, failure: Some(failure.kind) };
                state.log.note(Some(who), kind, || Value::text(failure.message.as_str()));
                Outcome::Faulted(perform_fault(program, op, failure))
            }
            (Ok(_), None) => Outcome::Faulted(outside_frame(u32::from(dst), state.registers.len())),
        }
    }
}

/// An answer must have the type of the operation, stay within the limits, and be in range if it is an index.
fn check_answer(
    program: &Program,
    state: &SessionState,
    who: u16,
    request: Request,
    value: &Value,
) -> Result<(), Failure> {
    let image = program.image();
    let Some(op) = image.ops.get(usize::from(request.op)) else {
        return Err(Failure::invalid_input("the operation does not exist"));
    };
    if !conforms(value, op.result, &image.types) {
        let (found, expected) = (show(value, op.result, &image.types), type_text(op.result, &image.types));
        return Err(Failure::invalid_input(format!("the answer `{found}` is not `{expected}`")));
    }
    let Bound { depth, size } = state.config.limits.bound();
    if value.depth() > depth || value.size() > size {
        return Err(Failure::invalid_input("the answer is larger than the limits allow"));
    }
    if program.ops.get(usize::from(request.op)).is_some_and(|op| op.chooses) {
        let offered = arguments(program, state, who, request).first().and_then(Value::as_list).map_or(0, <[_]>::len);
        let index = value.as_int().unwrap_or(-1);
        if index < 0 || index >= i64::from(saturated(offered)) {
            return Err(Failure::invalid_input(format!("there is no branch {index} among {offered}")));
        }
    }
    Ok(())
}

/// The arguments of a request, which stay in their registers while it is outstanding.
pub(crate) fn arguments<'a>(program: &Program, state: &'a SessionState, who: u16, request: Request) -> &'a [Value] {
    let count = program.ops.get(usize::from(request.op)).map_or(0, |op| op.params.len());
    let first = program.roles.get(usize::from(who)).map_or(0, |role| role.base) + usize::from(request.args);
    state.registers.get(first..first + count).unwrap_or(&[])
}

/// The call a handler gets for a request.
pub(crate) fn call<'a>(program: &'a Program, state: &SessionState, who: u16, request: Request) -> Option<Call<'a>> {
    let image = program.image();
    let op = image.ops.get(usize::from(request.op))?;
    Some(Call {
        effect: program.op_names(request.op).0,
        instance: op.effect,
        op: &op.name,
        op_id: request.op,
        params: &op.params,
        result: op.result,
        types: &image.types,
        session: state.id,
        protocol: &image.protocol,
        role: who,
        role_name: program.role_name(who),
        request: request.id,
        seed: state.config.seed,
    })
}
