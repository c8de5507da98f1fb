//! The end of a session: nothing in it can step and no request is outstanding (MACHINE §4).

use super::program::Program;
use crate::edge::Edge;
use crate::fault::{Fault, Orphan, Wait, WaitKind};
use crate::session::{SessionState, Status};

/// What a session without steps is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Quiescence {
    /// A request is outstanding, or a coroutine is ready after all.
    Waiting,
    /// It has ended; these coroutines wait and end by notice, with the values of their finals tables.
    Ended { notified: Vec<(u16, u32)> },
    /// It can never end.
    Deadlock(Box<Fault>),
}

/// Judges a session none of whose coroutines can step.
pub(crate) fn judge(program: &Program, state: &SessionState) -> Quiescence {
    let mut notified = Vec::new();
    let mut stuck = !state.edges.iter().all(Edge::is_empty);
    for (who, coroutine) in (0..).zip(&state.coroutines) {
        match coroutine.status {
            Status::Ready | Status::Performing(_) => return Quiescence::Waiting,
            Status::Halted { .. } => {}
            Status::Choosing { table } => match finals(program, who, table) {
                Some(finals) => notified.push((who, finals)),
                None => stuck = true,
            },
            Status::Receiving { .. } | Status::Sending { .. } => stuck = true,
        }
    }
    if stuck { Quiescence::Deadlock(deadlock(program, state)) } else { Quiescence::Ended { notified } }
}

/// The finals table of a waiting coroutine if the session may end while it waits.
fn finals(program: &Program, who: u16, table: u32) -> Option<u32> {
    program.roles.get(usize::from(who))?.chooses.get(table as usize)?.finals
}

/// Names who waits for whom, and the messages whose receiver does not wait for them.
fn deadlock(program: &Program, state: &SessionState) -> Box<Fault> {
    let name = |role: u16| program.role_name(role).to_owned();
    let from = |edge: u32| program.edges.get(edge as usize).map_or_else(String::new, |edge| name(edge.from));
    let to = |edge: u32| program.edges.get(edge as usize).map_or_else(String::new, |edge| name(edge.to));
    let mut waits = Vec::new();
    for (who, coroutine) in (0..).zip(&state.coroutines) {
        let (kind, partners) = match coroutine.status {
            Status::Receiving { edge } => (WaitKind::Message, vec![from(edge)]),
            Status::Choosing { table } => {
                let choose = program.roles.get(usize::from(who)).and_then(|role| role.chooses.get(table as usize));
                let edges = choose.map_or(&[][..], |choose| &choose.edges);
                let empty = edges.iter().filter(|edge| state.edges.get(**edge as usize).is_some_and(Edge::is_empty));
                (WaitKind::Message, empty.map(|edge| from(*edge)).collect())
            }
            Status::Sending { edge } => (WaitKind::Room, vec![to(edge)]),
            Status::Ready | Status::Performing(_) | Status::Halted { .. } => continue,
        };
        waits.push(Wait { role: name(who), kind, partners });
    }
    let mut orphans = Vec::new();
    for (edge, queue) in program.edges.iter().zip(&state.edges) {
        if let Some(head) = queue.head() {
            let label = program.label_name(head.label).to_owned();
            orphans.push(Orphan { from: name(edge.from), to: name(edge.to), label, count: queue.len() });
        }
    }
    Box::new(Fault::Deadlock { waits, orphans })
}
