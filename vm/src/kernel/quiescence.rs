//! The end of a session: nothing in it can step and no request is outstanding (MACHINE §4).

use super::program::Program;
use crate::edge::Edge;
use crate::fault::{Fault, Orphan, Wait, WaitKind};
use crate::session::{SessionState, Status};

/// What a session without steps is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Quiescence {
    /// It has ended; these coroutines wait and end by notice, with the values of their finals tables.
    Ended { notified: Vec<(u16, u32)> },
    /// It can never end.
    Deadlock(Box<Fault>),
}

/// Judges a session none of whose coroutines can step, and in which no request or timer is outstanding.
pub(crate) fn judge(program: &Program, state: &SessionState) -> Quiescence {
    let mut notified = Vec::new();
    let mut stuck = !state.edges.iter().all(Edge::is_empty) || state.runs.has_news();
    for (coroutine, who) in state.coroutines.iter().zip(0..) {
        match coroutine.status {
            // Who waits for branches has to go on only if one of them has to.
            Status::Halted { .. } | Status::Gone | Status::Joining => {}
            Status::Choosing { table } => match finals(program, coroutine.role, table) {
                Some(finals) => notified.push((who, finals)),
                None => stuck = true,
            },
            Status::Receiving { .. }
            | Status::Sending { .. }
            | Status::Entering { .. }
            | Status::Awaiting
            | Status::Acquiring { .. }
            | Status::Asking(_)
            | Status::Ready
            | Status::Performing(_)
            | Status::Sleeping(_) => stuck = true,
        }
    }
    if !stuck {
        return Quiescence::Ended { notified };
    }
    Quiescence::Deadlock(closed(program, state).unwrap_or_else(|| deadlock(program, state)))
}

/// Names who waits for whom across edges that are cut.
fn closed(program: &Program, state: &SessionState) -> Option<Box<Fault>> {
    let disturbance = &state.rare.as_ref().filter(|rare| rare.disturbance.is_partitioned())?.disturbance;
    let name = |role: u16| program.role_name(role).to_owned();
    let ends = |edge: u32| program.edges.get(edge as usize).map(|edge| (edge.from, edge.to));
    let cut = |edge: u32| ends(edge).filter(|_| disturbance.is_cut(edge));
    let mut waits = Vec::new();
    for coroutine in &state.coroutines {
        let (kind, partners): (_, Vec<u16>) = match coroutine.status {
            Status::Receiving { edge } => (WaitKind::Message, cut(edge).map(|(from, _)| from).into_iter().collect()),
            Status::Choosing { table } => {
                let role = program.roles.get(usize::from(coroutine.role));
                let edges =
                    role.and_then(|role| role.chooses.get(table as usize)).map_or(&[][..], |choose| &choose.edges);
                (WaitKind::Message, edges.iter().filter_map(|edge| cut(*edge)).map(|(from, _)| from).collect())
            }
            Status::Sending { edge } => (WaitKind::Room, cut(edge).map(|(_, to)| to).into_iter().collect()),
            _ => continue,
        };
        if !partners.is_empty() {
            waits.push(Wait { role: name(coroutine.role), kind, partners: partners.into_iter().map(name).collect() });
        }
    }
    (!waits.is_empty()).then(|| Box::new(Fault::ChannelClosed { waits }))
}

/// The finals table of a waiting coroutine if the session may end while it waits.
fn finals(program: &Program, role: u16, table: u32) -> Option<u32> {
    program.roles.get(usize::from(role))?.chooses.get(table as usize)?.finals
}

/// The role that holds a layer.
fn holder(state: &SessionState, layer: u16) -> Option<u16> {
    let holder = state.holdings.as_ref()?.guards.get(&layer)?.holder?;
    state.coroutines.get(usize::from(holder)).map(|coroutine| coroutine.role)
}

/// Names who waits for whom, and the messages whose receiver does not wait for them.
fn deadlock(program: &Program, state: &SessionState) -> Box<Fault> {
    let name = |role: u16| program.role_name(role).to_owned();
    let from = |edge: u32| program.edges.get(edge as usize).map_or_else(String::new, |edge| name(edge.from));
    let to = |edge: u32| program.edges.get(edge as usize).map_or_else(String::new, |edge| name(edge.to));
    let owner = |scope: u32| program.image().scopes.get(scope as usize).map(|scope| scope.owner);
    let mut waits = Vec::new();
    for coroutine in &state.coroutines {
        let run = coroutine.part.run().map(|run| state.runs.get(run).scope);
        let (kind, partners) = match coroutine.status {
            Status::Receiving { edge } => (WaitKind::Message, vec![from(edge)]),
            Status::Choosing { table } => {
                let choose =
                    program.roles.get(usize::from(coroutine.role)).and_then(|role| role.chooses.get(table as usize));
                let edges = choose.map_or(&[][..], |choose| &choose.edges);
                let empty = edges.iter().filter(|edge| state.edges.get(**edge as usize).is_some_and(Edge::is_empty));
                (WaitKind::Message, empty.map(|edge| from(*edge)).collect())
            }
            Status::Sending { edge } => (WaitKind::Room, vec![to(edge)]),
            Status::Joining => (WaitKind::Join, Vec::new()),
            Status::Awaiting => (WaitKind::Outcome, run.and_then(owner).map(name).into_iter().collect()),
            Status::Entering { .. } => (WaitKind::Scope, Vec::new()),
            Status::Acquiring { layer } => (WaitKind::Layer, holder(state, layer).map(name).into_iter().collect()),
            Status::Asking(_)
            | Status::Ready
            | Status::Performing(_)
            | Status::Sleeping(_)
            | Status::Halted { .. }
            | Status::Gone => {
                continue;
            }
        };
        waits.push(Wait { role: name(coroutine.role), kind, partners });
    }
    let mut orphans = Vec::new();
    for (edge, queue) in program.edges.iter().zip(&state.edges) {
        if let Some(head) = queue.head() {
            let label = program.label_name(head.stamp.label).to_owned();
            orphans.push(Orphan { from: name(edge.from), to: name(edge.to), label, count: queue.len() });
        }
    }
    Box::new(Fault::Deadlock { waits, orphans })
}
