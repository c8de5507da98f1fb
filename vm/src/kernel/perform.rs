//! The two halves of `Perform`: *issue* commits a request, *complete* commits its answer.

use super::frame::{Exec, Flow, Frame, missing, outside_frame, register_type, violation};
use super::program::{Exclusive, Program};
use super::{VMKernel, branch, scope, speculate};
use crate::event::EventKind;
use crate::fault::Fault;
use crate::handler::{Call, Failure, FailureKind};
use crate::id::{RequestId, SessionId};
use crate::session::{Request, SessionState, Status};
use crate::value::node::{Bound, saturated};
use crate::value::{Value, conforms, show, type_text};
use tell_ir::instr::Reg;

/// Checks arguments and result register, and makes the request outstanding.
pub(super) fn issue(frame: &mut Frame<'_>, op: u16, args: Reg, dst: Reg) -> Exec {
    let Some(entry) = frame.program.ops.get(usize::from(op)) else {
        return Err(missing("operation", u32::from(op)));
    };
    if frame.speculates && !entry.is_local {
        return Ok(Flow::Aside);
    }
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
        frame.log.step(frame.me, EventKind::Performed { op, request }, || shown);
    }
    *frame.requests = frame.requests.wrapping_add(1);
    frame.others[usize::from(frame.who)].status = Status::Performing(Request { id: request, op, args, dst });
    Ok(Flow::Issue)
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
            Status::Performing(request) | Status::Sleeping(request) => clashes(request.op),
            _ => false,
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

/// What became of an answer.
pub(crate) enum Completion {
    /// It is committed.
    Committed,
    /// It was a failure, or refused, and that ended a scope.
    Failed,
    /// It was a failure, or refused, and no scope takes it.
    Faulted(Box<Fault>),
}

impl VMKernel {
    /// Commits the answer to the outstanding request of coroutine `who`; a failure ends a scope or the session.
    pub(crate) fn complete(
        program: &Program,
        state: &mut SessionState,
        who: u16,
        answer: Result<Value, Failure>,
    ) -> Completion {
        let coroutine = state.coroutines.get(usize::from(who)).map(|coroutine| (coroutine.role, coroutine.status));
        let Some((role, Status::Performing(request) | Status::Sleeping(request))) = coroutine else {
            return Completion::Faulted(missing("outstanding request of coroutine", u32::from(who)));
        };
        let Request { id, op, dst, .. } = request;
        let checked = answer.and_then(|value| {
            check_answer(program, state, role, request, &value)?;
            Ok(value)
        });
        if let Some(rare) = &mut state.rare
            && program.image().ops.get(usize::from(op)).is_some_and(|op| op.meta.may_block)
        {
            rare.mint(role);
        }
        let Some(base) = program.roles.get(usize::from(role)).map(|role| role.base) else {
            return Completion::Faulted(missing("role", u32::from(role)));
        };
        match (checked, state.registers.get_mut(base + usize::from(dst))) {
            (Ok(value), Some(register)) => {
                state.log.step(role, EventKind::Completed { op, request: id, failure: None }, || value.clone());
                *register = value;
                state.log.tick += 1;
                forget_request(state, who);
                state.coroutines[usize::from(who)].pc += 1;
                branch::make_ready(state, who);
                Completion::Committed
            }
            (Err(failure), _) => {
                let kind = EventKind::Completed { op, request: id, failure: Some(failure.kind) };
                state.log.note(Some(role), kind, || Value::text(failure.message.as_str()));
                forget_request(state, who);
                if speculate::undo_of(program, state, who) {
                    state.log.tick += 1;
                    return Completion::Failed;
                }
                match scope::fail(program, state, who, failure.kind) {
                    Ok(true) => {
                        state.log.tick += 1;
                        Completion::Failed
                    }
                    Ok(false) => Completion::Faulted(perform_fault(program, op, failure)),
                    Err(fault) => Completion::Faulted(fault),
                }
            }
            (Ok(_), None) => Completion::Faulted(outside_frame(u32::from(dst), state.registers.len())),
        }
    }
}

/// The request of a coroutine is not outstanding any more.
fn forget_request(state: &mut SessionState, who: u16) {
    let coroutine = &mut state.coroutines[usize::from(who)];
    if let Status::Sleeping(request) = std::mem::replace(&mut coroutine.status, Status::Ready) {
        state.clock.forget(request.id);
    }
}

/// An answer must have the type of the operation, stay within the limits, and be in range if it is an index.
fn check_answer(
    program: &Program,
    state: &SessionState,
    role: u16,
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
        let offered = arguments(program, state, role, request).first().and_then(Value::as_list).map_or(0, <[_]>::len);
        let index = value.as_int().unwrap_or(-1);
        if index < 0 || index >= i64::from(saturated(offered)) {
            return Err(Failure::invalid_input(format!("there is no branch {index} among {offered}")));
        }
    }
    Ok(())
}

/// The arguments of a request, which stay in their registers while it is outstanding.
pub(crate) fn arguments<'a>(program: &Program, state: &'a SessionState, role: u16, request: Request) -> &'a [Value] {
    let count = program.ops.get(usize::from(request.op)).map_or(0, |op| op.params.len());
    let first = program.roles.get(usize::from(role)).map_or(0, |role| role.base) + usize::from(request.args);
    state.registers.get(first..first + count).unwrap_or(&[])
}

/// The call a handler gets for a request.
pub(crate) fn call<'a>(
    program: &'a Program,
    session: &'a SessionId,
    state: &SessionState,
    (role, request): (u16, Request),
) -> Option<Call<'a>> {
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
        session,
        protocol: &image.protocol,
        role,
        role_name: program.role_name(role),
        request: request.id,
        now: state.clock.now(),
        seed: state.config.seed,
    })
}
