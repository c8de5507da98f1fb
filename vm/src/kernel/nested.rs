//! `Open`, `Close`, `Transfer`: nested sessions, and who may close them.
//!
//! A nested session belongs to nobody's state but its own; here is only who owns its endpoint. It is opened and closed
//! by the machine at commit.

use super::branch::make_ready;
use super::frame::{Frame, limit, missing, register_type, violation};
use super::program::Program;
use super::{Turn, VMKernel, buffer, communicate, knowledge, output};
use crate::event::{EventKind, Message};
use crate::fault::Fault;
use crate::id::SessionId;
use crate::session::{SessionState, Status, Want};
use crate::value::{Kind, Value, conforms, type_text};
use std::sync::Arc;
use tell_ir::image::CodeImage;
use tell_ir::instr::Reg;
use tell_ir::resource::{Nested, OpenTable};

fn tables(image: &CodeImage, role: u16, table: u32) -> Result<(&OpenTable, &Nested), Box<Fault>> {
    let function = image.functions.get(usize::from(role));
    let entry = function.and_then(|function| function.opens.get(table as usize));
    let entry = entry.ok_or_else(|| missing("open table", table))?;
    let nested = image.resources.nested.get(usize::from(entry.nested));
    Ok((entry, nested.ok_or_else(|| missing("nested image", u32::from(entry.nested)))?))
}

/// Checks what a nested session is opened with, and asks the machine for it.
pub(super) fn open(
    program: &Program,
    state: &mut SessionState,
    who: u16,
    (table, dst): (u32, Reg),
) -> Result<Turn, Box<Fault>> {
    let role = state.coroutines[usize::from(who)].role;
    let image = program.image();
    let (entry, nested) = tables(image, role, table)?;
    let depth = state.log.session().depth() as u64 + 1;
    let max = u64::from(state.config.limits.nesting);
    if depth > max {
        return Err(limit("nesting of sessions", depth, max));
    }
    let opened = state.holdings.as_ref().map_or(0, |holdings| holdings.opened);
    if opened == u32::MAX {
        let max = u64::from(u32::MAX);
        return Err(limit("sessions that one has opened", max + 1, max));
    }
    super::place(program, role, dst, Kind::Endpoint)?;
    let mut given = Vec::new();
    for (index, (_, params)) in nested.roles.iter().enumerate() {
        let args = entry.args.get(index).map_or(&[][..], Vec::as_slice);
        if args.len() != params.len() {
            return Err(missing("arguments of open table", table));
        }
        for (param, arg) in params.iter().zip(args) {
            let kind = Kind::of(*param, &image.types);
            let value = &state.registers[super::place(program, role, *arg, kind)?];
            if !conforms(value, *param, &image.types) {
                return Err(register_type(*arg, &type_text(*param, &image.types), value));
            }
            if let Value::Endpoint(id) = value {
                owned(state, role, id).map_err(|reason| not_to_transfer(value, reason))?;
                if given.contains(&id) {
                    return Err(not_to_transfer(value, "it is given twice"));
                }
                given.push(id);
            }
        }
    }
    Ok(Turn::Ask(Want::Open { table, dst }))
}

/// Why a role may do nothing with the endpoint of a session.
fn owned(state: &SessionState, role: u16, id: &SessionId) -> Result<(), &'static str> {
    match state.holdings.as_ref().and_then(|holdings| holdings.owned.get(id)) {
        Some(owner) if *owner == role => Ok(()),
        Some(_) => Err("another role owns it"),
        None => Err("it was used before"),
    }
}

fn not_to_transfer(value: &Value, reason: &'static str) -> Box<Fault> {
    Box::new(Fault::Transfer { session: named(value), reason })
}

fn named(value: &Value) -> String {
    match value {
        Value::Endpoint(id) => format!("session {id}"),
        other => other.shape().to_owned(),
    }
}

/// Checks that the role may close a nested session, and asks the machine for it.
pub(super) fn close(
    program: &Program,
    state: &SessionState,
    who: u16,
    (endpoint, dst): (Reg, Reg),
) -> Result<Turn, Box<Fault>> {
    let role = state.coroutines[usize::from(who)].role;
    super::place(program, role, dst, Kind::Str)?;
    let value = &state.registers[super::place(program, role, endpoint, Kind::Endpoint)?];
    let Value::Endpoint(id) = value else { return Err(register_type(endpoint, Kind::Endpoint.text(), value)) };
    owned(state, role, id).map_err(|reason| Box::new(Fault::Close { session: named(value), reason }))?;
    Ok(Turn::Ask(Want::Close { endpoint, dst }))
}

/// Sends an endpoint, with the facts of a bundle; the receiver owns it from when it takes the message.
pub(super) fn transfer(
    program: &Program,
    state: &mut SessionState,
    who: u16,
    (endpoint, port, bundle): (Reg, u16, u16),
) -> Result<Turn, Box<Fault>> {
    let role = state.coroutines[usize::from(who)].role;
    let Some(entry) = program.image().resources.bundles.get(usize::from(bundle)) else {
        return Err(missing("bundle", u32::from(bundle)));
    };
    let edge = program.roles.get(usize::from(role)).and_then(|role| role.outs.get(usize::from(port)).copied());
    let edge = edge.ok_or_else(|| missing("role to send to, port", u32::from(port)))?;
    let place = super::place(program, role, endpoint, Kind::Endpoint)?;
    let value = state.registers[place].clone();
    let Value::Endpoint(id) = &value else { return Err(register_type(endpoint, Kind::Endpoint.text(), &value)) };
    owned(state, role, id).map_err(|reason| not_to_transfer(&value, reason))?;
    match program.labels.get(usize::from(entry.label)) {
        Some(Kind::Endpoint) => {}
        Some(kind) => return Err(violation(format!("payload of bundle {bundle}"), kind.text(), &value)),
        None => return Err(missing("label", u32::from(entry.label))),
    }
    let to = program.edges[edge as usize].to;
    knowledge::may_flow(program, state, (role, to), &entry.facts)?;
    if let Some((mut frame, _)) = Frame::enter(program, state, who) {
        output::check(&mut frame, entry.label)?;
    }
    if state.coroutines[usize::from(who)].called.is_some() {
        return super::scope::depart(program, state, who);
    }
    if !buffer::takes(program, &state.config, edge, state.edges[edge as usize].len())? {
        state.edges[edge as usize].writer = who;
        return Ok(Turn::Wait(Status::Sending { edge }));
    }
    let id = SessionId::clone(id);
    state.registers[place] = Value::Unit;
    state.holdings().owned.remove(&id);
    let number = state.edges[edge as usize].sent();
    state.holdings().parcels.insert((edge, number), (bundle, id));
    state.coroutines[usize::from(who)].pc += 1;
    let message = Message { partner: to, label: entry.label, number };
    output::note(&state.config, &mut state.log, role, entry.label);
    state.log.step(role, EventKind::Transferred(message), || value.clone());
    if let Some((mut frame, _)) = Frame::enter(program, state, who) {
        communicate::put(&mut frame, edge, entry.label, &value);
    }
    Ok(Turn::On)
}

/// A role took a message with an endpoint: it is the owner, and knows the facts that came with it.
#[cold]
pub(super) fn arrive(frame: &mut Frame<'_>, edge: u32, number: u32) {
    let Some(holdings) = frame.holdings else { return };
    let Some((bundle, id)) = holdings.parcels.remove(&(edge, number)) else { return };
    holdings.owned.insert(id, frame.me);
    if let Some(bundle) = frame.program.image().resources.bundles.get(usize::from(bundle)) {
        holdings.known.extend(bundle.facts.iter().map(|fact| (frame.me, *fact)));
    }
}

impl VMKernel {
    /// The values of the parameters of each role of the session a coroutine asks for; `None` if it asks for none.
    pub(crate) fn arguments_of_open(
        program: &Program,
        state: &SessionState,
        who: u16,
    ) -> Option<(u16, Vec<Vec<Value>>)> {
        let coroutine = state.coroutines.get(usize::from(who))?;
        let Status::Asking(Want::Open { table, .. }) = coroutine.status else { return None };
        let (entry, _) = tables(program.image(), coroutine.role, table).ok()?;
        let base = program.roles.get(usize::from(coroutine.role))?.base;
        let value = |reg: &Reg| state.registers.get(base + usize::from(*reg)).cloned().unwrap_or_default();
        Some((entry.nested, entry.args.iter().map(|args| args.iter().map(value).collect()).collect()))
    }

    /// Commits that the session a coroutine asked for is open. The endpoints given to it are not this session's any more.
    pub(crate) fn opened(program: &Program, state: &mut SessionState, who: u16, id: &SessionId, given: &[SessionId]) {
        let Some(coroutine) = state.coroutines.get(usize::from(who)).copied() else { return };
        let Status::Asking(Want::Open { table, dst }) = coroutine.status else { return };
        let role = coroutine.role;
        let base = program.roles.get(usize::from(role)).map_or(0, |role| role.base);
        let holdings = state.holdings();
        holdings.opened += 1;
        holdings.owned.insert(id.clone(), role);
        given.iter().for_each(|id| _ = holdings.owned.remove(id));
        if let Ok((entry, _)) = tables(program.image(), role, table) {
            for arg in entry.args.iter().flatten() {
                let register = &mut state.registers[base + usize::from(*arg)];
                if matches!(register, Value::Endpoint(_)) {
                    *register = Value::Unit;
                }
            }
        }
        let endpoint = Value::Endpoint(Arc::new(id.clone()));
        state.registers[base + usize::from(dst)] = endpoint.clone();
        state.log.step(role, EventKind::Opened, || Value::tuple(vec![endpoint]).unwrap_or_default());
        go_on(state, who);
    }

    /// The nested session a coroutine waits for the end of.
    pub(crate) fn closing(program: &Program, state: &SessionState, who: u16) -> Option<Arc<SessionId>> {
        let coroutine = state.coroutines.get(usize::from(who))?;
        let Status::Asking(Want::Close { endpoint, .. }) = coroutine.status else { return None };
        let base = program.roles.get(usize::from(coroutine.role))?.base;
        match state.registers.get(base + usize::from(endpoint)) {
            Some(Value::Endpoint(id)) => Some(Arc::clone(id)),
            _ => None,
        }
    }

    /// Commits that the nested session a coroutine waits for has ended so.
    pub(crate) fn closed(program: &Program, state: &mut SessionState, who: u16, end: &'static str) {
        let Some(coroutine) = state.coroutines.get(usize::from(who)).copied() else { return };
        let Status::Asking(Want::Close { endpoint, dst }) = coroutine.status else { return };
        let base = program.roles.get(usize::from(coroutine.role)).map_or(0, |role| role.base);
        let session = std::mem::take(&mut state.registers[base + usize::from(endpoint)]);
        if let Value::Endpoint(id) = &session {
            state.holdings().owned.remove(&**id);
        }
        let word = Value::text(end);
        state.registers[base + usize::from(dst)] = word.clone();
        let closed = || Value::tuple(vec![session, word]).unwrap_or_default();
        state.log.step(coroutine.role, EventKind::Closed, closed);
        go_on(state, who);
    }
}

/// What a coroutine asked for is done.
fn go_on(state: &mut SessionState, who: u16) {
    state.log.tick += 1;
    state.coroutines[usize::from(who)].pc += 1;
    make_ready(state, who);
}
