//! `Fork`, `Join`, `Abort`: one coroutine tries something, and it is as if it had not, or all of it happens at once.
//!
//! A speculation keeps a copy of what its role could change; what it sends waits in an outbox, what it took goes back
//! to the heads of its edges when it is undone. No other coroutine of the session steps meanwhile, so nobody sees
//! either. Whatever would wait undoes it.

use super::branch::make_ready;
use super::frame::{Frame, missing};
use super::program::Program;
use super::{Turn, buffer, communicate, disturb, knowledge, nested, output};
use crate::edge::Queued;
use crate::event::{EventKind, Message};
use crate::fault::Fault;
use crate::session::{SessionState, Status};
use crate::value::Value;
use crate::value::encode::encode;
use std::collections::{BTreeMap, BTreeSet};
use tell_ir::instr::{Instr, Reg};

/// A speculation that is neither joined nor undone.
#[derive(Clone, Debug)]
pub(crate) struct Speculation {
    /// Who speculates.
    pub(crate) who: u16,
    /// Where it goes on when it is undone.
    target: u32,
    /// The registers of its role as they were.
    registers: Box<[Value]>,
    /// Facts known as they were.
    known: BTreeSet<(u16, u16)>,
    /// Messages it took, in order.
    taken: Vec<(u32, Queued)>,
    /// Messages it sends at its end, in order: edge, label, payload.
    outbox: Vec<(u32, u16, Value)>,
}

impl Speculation {
    /// Appends canonical bytes of what it took and sent; what it changed is part of the state.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.who.to_le_bytes());
        for (edge, queued) in &self.taken {
            out.push(1);
            out.extend_from_slice(&[edge.to_le_bytes(), queued.stamp.number.to_le_bytes()].concat());
        }
        for (edge, label, value) in &self.outbox {
            out.push(2);
            out.extend_from_slice(&edge.to_le_bytes());
            out.extend_from_slice(&label.to_le_bytes());
            encode(value, out);
        }
    }

    /// Messages it sends on an edge.
    fn on(&self, edge: u32) -> usize {
        self.outbox.iter().filter(|letter| letter.0 == edge).count()
    }
}

/// Starts to speculate.
pub(super) fn fork(program: &Program, state: &mut SessionState, who: u16, target: u32) -> Result<Turn, Box<Fault>> {
    if state.speculation.is_some() {
        return Err(refused("it is inside another"));
    }
    let role = state.coroutines[usize::from(who)].role;
    let Some(entry) = program.roles.get(usize::from(role)) else { return Err(missing("role", u32::from(role))) };
    let registers = state.registers.get(entry.base..entry.base + entry.kinds.len()).unwrap_or_default();
    let speculation = Speculation {
        who,
        target,
        registers: registers.into(),
        known: state.holdings.as_ref().map(|holdings| holdings.known.clone()).unwrap_or_default(),
        taken: Vec::new(),
        outbox: Vec::new(),
    };
    state.speculation = Some(Box::new(speculation));
    state.is_undone = false;
    state.coroutines[usize::from(who)].pc += 1;
    state.log.step(role, EventKind::Forked, || Value::Unit);
    state.log.hold();
    Ok(Turn::On)
}

fn refused(reason: &'static str) -> Box<Fault> {
    Box::new(Fault::Speculation { reason })
}

/// A `Join` or `Abort` of a coroutine that does not speculate.
pub(super) fn nothing_to_end() -> Box<Fault> {
    refused("nothing speculates")
}

/// A step of the coroutine that speculates, other than one on its registers.
pub(super) fn step(program: &Program, state: &mut SessionState, who: u16, instr: Instr) -> Result<Turn, Box<Fault>> {
    let Some(mut speculation) = state.speculation.take() else { return Err(nothing_to_end()) };
    let has_gone_on = match instr {
        Instr::Send { to, label, val } => send(program, state, &mut speculation, (to, label, val), EventKind::Sent),
        Instr::Offer { to, label, val } => send(program, state, &mut speculation, (to, label, val), EventKind::Offered),
        Instr::Receive { .. } | Instr::Choose { .. } => receive(program, state, &mut speculation, instr),
        Instr::Join => has_room(program, state, &speculation),
        Instr::Abort => Ok(false),
        Instr::Tag { fact, dst } => knowledge::tag(program, state, who, (fact, dst)).map(|_| true),
        Instr::Check { fact, to, dst } => knowledge::check(program, state, who, (fact, to, dst)).map(|_| true),
        _ => Err(refused("this cannot be undone")),
    };
    let is_joined = instr == Instr::Join && has_gone_on == Ok(true);
    if is_joined {
        join(program, state, *speculation);
        return Ok(Turn::On);
    }
    state.speculation = Some(speculation);
    if !has_gone_on? {
        undo(program, state);
    }
    Ok(Turn::On)
}

/// Puts a message into the outbox; false if it would have to wait for room on its edge.
fn send(
    program: &Program,
    state: &mut SessionState,
    speculation: &mut Speculation,
    (port, label, val): (u16, u16, Reg),
    kind: fn(Message) -> EventKind,
) -> Result<bool, Box<Fault>> {
    let Some((mut frame, pc)) = Frame::enter(program, state, speculation.who) else {
        return Err(missing("coroutine", u32::from(speculation.who)));
    };
    let (edge, value) = communicate::outgoing(&frame, port, label, val)?;
    output::check(&mut frame, label)?;
    let before = speculation.on(edge);
    if !buffer::takes(program, frame.config, edge, frame.edges[edge as usize].len() + before)? {
        return Ok(false);
    }
    let number = frame.edges[edge as usize].sent().wrapping_add(before as u32);
    let message = Message { partner: program.edges[edge as usize].to, label, number };
    output::note(frame.config, frame.log, frame.me, label);
    frame.log.step(frame.me, kind(message), || value.clone());
    speculation.outbox.push((edge, label, value));
    frame.others[usize::from(speculation.who)].pc = pc + 1;
    Ok(true)
}

/// Takes a message; false if it would have to wait for one.
fn receive(
    program: &Program,
    state: &mut SessionState,
    speculation: &mut Speculation,
    instr: Instr,
) -> Result<bool, Box<Fault>> {
    let Some((mut frame, pc)) = Frame::enter(program, state, speculation.who) else {
        return Err(missing("coroutine", u32::from(speculation.who)));
    };
    let found = match instr {
        Instr::Receive { from, label, dst } => communicate::expected::<true>(&frame, from, label, dst)?
            .map(|edge| (edge, dst, pc + 1, EventKind::Received as _)),
        Instr::Choose { table } => communicate::matching::<true>(&frame, table)?
            .map(|row| (row.edge, row.dst, row.target, EventKind::Chose as fn(Message) -> EventKind)),
        _ => None,
    };
    let Some((edge, dst, next, kind)) = found else { return Ok(false) };
    let Some(queued) = frame.edges[edge as usize].take_head() else { return Ok(false) };
    let message =
        Message { partner: program.edges[edge as usize].from, label: queued.stamp.label, number: queued.stamp.number };
    frame.log.step(frame.me, kind(message), || queued.payload.clone());
    frame.registers[usize::from(dst)] = queued.payload.clone();
    frame.others[usize::from(speculation.who)].pc = next;
    disturb::taken(&mut frame, edge);
    speculation.taken.push((edge, queued));
    Ok(true)
}

/// Whether all edges take what the outbox holds.
fn has_room(program: &Program, state: &SessionState, speculation: &Speculation) -> Result<bool, Box<Fault>> {
    let mut lengths: BTreeMap<u32, usize> = BTreeMap::new();
    for (edge, ..) in &speculation.outbox {
        let length = lengths.entry(*edge).or_insert_with(|| state.edges[*edge as usize].len());
        if !buffer::takes(program, &state.config, *edge, *length)? {
            return Ok(false);
        }
        *length += 1;
    }
    Ok(true)
}

/// All that was tried happens.
fn join(program: &Program, state: &mut SessionState, speculation: Speculation) {
    let Speculation { who, taken, outbox, .. } = speculation;
    state.log.deliver();
    let role = state.coroutines[usize::from(who)].role;
    state.coroutines[usize::from(who)].pc += 1;
    if let Some((mut frame, _)) = Frame::enter(program, state, who) {
        for (edge, Queued { payload, stamp }) in taken {
            if matches!(payload, Value::Endpoint(_)) {
                nested::arrive(&mut frame, edge, stamp.number);
            }
            // What is damaged has already moved up.
            communicate::taken::<false>(&mut frame, edge, stamp.part);
        }
        for (edge, label, value) in outbox {
            communicate::put(&mut frame, edge, label, &value);
        }
    }
    state.log.step(role, EventKind::Joined, || Value::Unit);
}

/// Undoes what coroutine `who` tries; false if it does not speculate.
pub(crate) fn undo_of(program: &Program, state: &mut SessionState, who: u16) -> bool {
    let does = state.speculation.as_ref().is_some_and(|speculation| speculation.who == who);
    if does {
        undo(program, state);
    }
    does
}

/// It is as if nothing had been tried; its coroutine goes on where the `Fork` says.
fn undo(program: &Program, state: &mut SessionState) {
    let Some(speculation) = state.speculation.take() else { return };
    let Speculation { who, target, registers, known, taken, .. } = *speculation;
    state.log.forget();
    state.is_undone = true;
    let role = state.coroutines[usize::from(who)].role;
    let base = program.roles.get(usize::from(role)).map_or(0, |role| role.base);
    for (register, value) in state.registers[base..].iter_mut().zip(registers) {
        *register = value;
    }
    for (edge, queued) in taken.into_iter().rev() {
        state.edges[edge as usize].put_back(queued);
        if let Some(rare) = &mut state.rare {
            rare.disturbance.move_down(edge);
        }
    }
    if let Some(holdings) = &mut state.holdings {
        holdings.known = known;
    }
    state.coroutines[usize::from(who)].pc = target;
    if state.coroutines[usize::from(who)].status != Status::Gone {
        make_ready(state, who);
    }
    state.log.step(role, EventKind::Aborted, || Value::Unit);
}
