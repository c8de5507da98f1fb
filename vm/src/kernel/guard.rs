//! `Acquire` and `Release`: guard layers. Who waits for a layer of the session waits here, who waits for a shared one
//! in the machine.

use super::branch::make_ready;
use super::frame::{missing, register_type};
use super::program::Program;
use super::{Turn, VMKernel};
use crate::event::EventKind;
use crate::fault::Fault;
use crate::session::{Coroutine, SessionState, Status, Want};
use crate::value::{Kind, Value};
use tell_ir::instr::Reg;
use tell_ir::resource::Reach;

/// Takes a layer, or waits for it.
pub(super) fn acquire(
    program: &Program,
    state: &mut SessionState,
    who: u16,
    (layer, dst): (u16, Reg),
) -> Result<Turn, Box<Fault>> {
    let Some(entry) = program.image().resources.layers.get(usize::from(layer)) else {
        return Err(missing("layer", u32::from(layer)));
    };
    let role = state.coroutines[usize::from(who)].role;
    super::place(program, role, dst, Kind::Evidence(layer))?;
    let holdings = state.holdings();
    if holdings.highest(who).is_some_and(|held| held >= layer) {
        return Err(refused(program, layer, "the coroutine holds it, or one after it"));
    }
    if entry.reach == Reach::Shared {
        return Ok(Turn::Ask(Want::Acquire { layer, dst }));
    }
    let guard = holdings.guards.entry(layer).or_default();
    if guard.holder.is_some_and(|holder| holder != who) {
        if !guard.queue.contains(&who) {
            guard.queue.push_back(who);
        }
        return Ok(Turn::Wait(Status::Acquiring { layer }));
    }
    take(program, state, who, (layer, dst), Reach::Session);
    Ok(Turn::On)
}

/// The coroutine holds the layer. All checks are done.
fn take(program: &Program, state: &mut SessionState, who: u16, (layer, dst): (u16, Reg), reach: Reach) {
    let role = state.coroutines[usize::from(who)].role;
    let holdings = state.holdings();
    let number = holdings.next_evidence();
    let guard = holdings.guards.entry(layer).or_default();
    guard.holder = Some(who);
    guard.evidence = Some(number);
    guard.is_shared = reach == Reach::Shared;
    if let Some(register) = program.roles.get(usize::from(role)).map(|role| role.base + usize::from(dst)) {
        state.registers[register] = Value::Evidence { layer, number };
    }
    state.log.step(role, EventKind::Acquired { layer }, || Value::Unit);
    state.coroutines[usize::from(who)].pc += 1;
}

/// Gives a layer back.
pub(super) fn release(
    program: &Program,
    state: &mut SessionState,
    who: u16,
    (layer, evidence): (u16, Reg),
) -> Result<Turn, Box<Fault>> {
    let role = state.coroutines[usize::from(who)].role;
    let place = super::place(program, role, evidence, Kind::Evidence(layer))?;
    let number = match state.registers[place] {
        Value::Evidence { layer: found, number } if found == layer => number,
        ref other => return Err(register_type(evidence, "evidence of its layer", other)),
    };
    let holdings = state.holdings();
    let is_shared = match holdings.guards.get(&layer) {
        Some(guard) if guard.evidence == Some(number) => guard.is_shared,
        _ => return Err(refused(program, layer, "the evidence was used before")),
    };
    state.registers[place] = Value::Unit;
    state.log.step(role, EventKind::Released { layer }, || Value::Unit);
    state.coroutines[usize::from(who)].pc += 1;
    hand_over(state, layer);
    Ok(if is_shared { Turn::Tell } else { Turn::On })
}

/// A layer is free: the next in its queue wakes, and takes it.
fn hand_over(state: &mut SessionState, layer: u16) {
    let next = state.holdings().free(layer);
    if let Some(next) = next {
        make_ready(state, next);
    }
}

/// A coroutine leaves a scope or is abandoned: it gives back what it holds, and waits for nothing.
pub(super) fn forsake(state: &mut SessionState, who: u16) {
    let Some(holdings) = &mut state.holdings else { return };
    let Coroutine { role, status, .. } = state.coroutines[usize::from(who)];
    holdings.withdraw(who, status);
    for layer in holdings.forsake(who) {
        let is_held = state.holdings().guards.get(&layer).is_some_and(|guard| guard.evidence.is_some());
        if is_held {
            state.log.step(role, EventKind::Released { layer }, || Value::Unit);
        }
        hand_over(state, layer);
    }
}

fn refused(program: &Program, layer: u16, reason: &'static str) -> Box<Fault> {
    Box::new(Fault::Acquire { layer: program.layer_name(layer).to_owned(), reason })
}

impl VMKernel {
    /// Commits that a coroutine got the shared layer it asked for; false if it does not wait for it any more.
    pub(crate) fn acquired(program: &Program, state: &mut SessionState, who: u16, layer: u16) -> bool {
        let status = state.coroutines.get(usize::from(who)).map(|coroutine| coroutine.status);
        let Some(Status::Asking(Want::Acquire { layer: asked, dst })) = status else { return false };
        if asked != layer {
            return false;
        }
        take(program, state, who, (layer, dst), Reach::Shared);
        state.log.tick += 1;
        make_ready(state, who);
        true
    }
}
