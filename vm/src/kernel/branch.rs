//! `Spawn`, `JoinAll`, `Finish`: the branches of a `par`, as coroutines of one role that share its registers.

use super::frame::{limit, misplaced};
use super::program::Program;
use super::{Turn, guard, speculate};
use crate::event::EventKind;
use crate::fault::Fault;
use crate::session::{Coroutine, Request, SessionState, Status};
use crate::value::Value;

/// Starts a child at `target`.
pub(super) fn spawn(state: &mut SessionState, who: u16, target: u32) -> Result<Turn, Box<Fault>> {
    let Coroutine { role, part, children, .. } = state.coroutines[usize::from(who)];
    let alive = (state.coroutines.len() - state.free.len()) as u64;
    let max = u64::from(state.config.limits.coroutines);
    if alive >= max {
        return Err(limit("coroutines of a session", alive + 1, max));
    }
    // The limit is at most what a number of 16 bits can tell apart.
    let place = state.free.first().copied().unwrap_or(u16::try_from(state.coroutines.len()).unwrap_or(u16::MAX));
    let child = Coroutine { pc: target, parent: Some(who), part, home: part, ..Coroutine::main(role) };
    match state.free.pop_first() {
        Some(place) => state.coroutines[usize::from(place)] = child,
        None => state.coroutines.push(child),
    }
    state.ready.push_back(&mut state.coroutines, place);
    if let Some(rare) = &mut state.rare {
        rare.start(place, state.log.tick, &state.config);
    }
    let coroutine = &mut state.coroutines[usize::from(who)];
    coroutine.children = children + 1;
    coroutine.pc += 1;
    state.log.step(role, EventKind::BranchStarted { branch: place }, || Value::Unit);
    Ok(Turn::On)
}

/// Goes on when all children are done.
pub(super) fn join(state: &mut SessionState, who: u16) -> Turn {
    let coroutine = &mut state.coroutines[usize::from(who)];
    if coroutine.children > 0 {
        return Turn::Wait(Status::Joining);
    }
    coroutine.pc += 1;
    Turn::On
}

/// Ends a child; its parent goes on if it waits for this one only.
pub(super) fn finish(state: &mut SessionState, who: u16) -> Result<Turn, Box<Fault>> {
    let Coroutine { role, parent, part, home, children, .. } = state.coroutines[usize::from(who)];
    let Some(parent) = parent else { return Err(misplaced("Finish")) };
    if children > 0 || part != home {
        return Err(misplaced("Finish"));
    }
    state.log.step(role, EventKind::BranchEnded { branch: who }, || Value::Unit);
    state.coroutines[usize::from(who)].status = Status::Gone;
    sweep(state, &[who]);
    let coroutine = &mut state.coroutines[usize::from(parent)];
    coroutine.children -= 1;
    if coroutine.children == 0 && coroutine.status == Status::Joining {
        make_ready(state, parent);
    }
    Ok(Turn::Gone)
}

/// Lets a coroutine run again.
pub(super) fn make_ready(state: &mut SessionState, who: u16) {
    let coroutine = &mut state.coroutines[usize::from(who)];
    coroutine.status = Status::Ready;
    if !coroutine.is_queued {
        state.ready.push_back(&mut state.coroutines, who);
    }
}

/// Ends all that a coroutine started, and what they started.
pub(super) fn abandon_children(program: &Program, state: &mut SessionState, who: u16) {
    if std::mem::take(&mut state.coroutines[usize::from(who)].children) == 0 {
        return;
    }
    let alive = state.coroutines.iter().zip(0..).filter(|(coroutine, _)| coroutine.status != Status::Gone);
    let mut family: Vec<(u16, u16)> = alive.filter_map(|(coroutine, child)| Some((coroutine.parent?, child))).collect();
    family.sort_unstable();
    let mut doomed = vec![who];
    let mut next = 0;
    while let Some(parent) = doomed.get(next).copied() {
        let first = family.partition_point(|pair| pair.0 < parent);
        doomed.extend(family[first..].iter().take_while(|pair| pair.0 == parent).map(|pair| pair.1));
        next += 1;
    }
    for child in &doomed[1..] {
        cancel_request(state, *child);
        speculate::undo_of(program, state, *child);
        guard::forsake(state, *child);
        state.coroutines[usize::from(*child)].status = Status::Gone;
    }
    sweep(state, &doomed[1..]);
}

/// Frees the places of coroutines that are gone.
fn sweep(state: &mut SessionState, gone: &[u16]) {
    if gone.iter().any(|who| state.coroutines[usize::from(*who)].is_queued) {
        let SessionState { ready, coroutines, rare, .. } = state;
        ready.retain(coroutines, |coroutine, _| coroutine.status != Status::Gone);
        if let Some(rare) = rare {
            rare.disturbance.parked.retain(|who| coroutines[usize::from(*who)].status != Status::Gone);
        }
    }
    for who in gone {
        state.coroutines[usize::from(*who)].is_queued = false;
        state.free.insert(*who);
    }
}

/// Calls the outstanding request of a coroutine off, if it has one.
pub(super) fn cancel_request(state: &mut SessionState, who: u16) {
    let Coroutine { role, status, .. } = state.coroutines[usize::from(who)];
    let Request { id: request, op, .. } = match status {
        Status::Performing(request) => request,
        Status::Sleeping(request) => {
            state.clock.forget(request.id);
            request
        }
        _ => return,
    };
    state.log.step(role, EventKind::CancellationRequested { op, request }, || Value::Unit);
    state.log.step(role, EventKind::Cancelled { op, request }, || Value::Unit);
}
