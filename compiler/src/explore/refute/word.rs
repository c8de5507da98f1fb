//! Words: the sends and receives of a run, and whether a choreography has a run that goes like them.

use super::message;
use crate::explore::Event;
use crate::graph::{Graph, NodeId, NodeKind, Role};
use crate::project::rejection::{Passed, Run};
use rustc_hash::FxHashSet;

/// What a run does until it comes to its last node: every message is received as soon as it is sent.
pub(super) fn events(graph: &Graph, run: &Run) -> Vec<Event> {
    let both = |passed: &Passed| sent(graph, passed.node, passed.way).map(|send| [send, received(send)]);
    run.passed.iter().filter_map(both).flatten().collect()
}

/// The message that a run demands at its end, as it is sent.
pub(super) fn demand(graph: &Graph, run: &Run) -> Option<Event> {
    let (node, branch) = graph.message(run.node, run.branch);
    sent(graph, node, branch)
}

/// The send of a branch of a message.
pub(super) fn sent(graph: &Graph, node: NodeId, branch: usize) -> Option<Event> {
    let (role, peer, mut labels) = message(&graph.node(node).kind)?;
    Some(Event { role, is_send: true, peer, label: labels.nth(branch)? })
}

/// The receive that belongs to a send.
pub(super) const fn received(send: Event) -> Event {
    Event { role: send.peer, is_send: false, peer: send.role, label: send.label }
}

/// Whether a choreography has a run that goes like a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In some run every role does first what it does in the word.
    Inside,
    /// There is none.
    Outside,
    /// That took too long, or there are branches side by side.
    Unknown,
}

/// Most nodes that are looked at, times the number of roles.
const MAX_WORK: usize = 1 << 20;

/// Whether some run of the choreography has, for each role, what the role does in the word as the first that it does.
///
/// Walks the choreography with a position for each role; who has done its part of the word may do anything. Data is
/// left out, so a run found may not exist; one that is not found does not.
pub(super) fn place(graph: &Graph, word: &[Event]) -> Place {
    let parts: Vec<Vec<Event>> = (0..)
        .take(graph.roles.len())
        .map(|role: Role| word.iter().filter(|event| event.role == role).copied().collect())
        .collect();
    let mut seen = FxHashSet::default();
    let mut todo = vec![(graph.start, vec![0usize; parts.len()])];
    let mut work = 0;
    while let Some((node, done)) = todo.pop() {
        work += parts.len();
        if work > MAX_WORK {
            return Place::Unknown;
        }
        if done.iter().zip(&parts).all(|(done, part)| *done == part.len()) {
            return Place::Inside;
        }
        if !seen.insert((node, done.clone())) {
            continue;
        }
        let kind = &graph.node(node).kind;
        if matches!(kind, NodeKind::Par { .. } | NodeKind::Timed { .. } | NodeKind::Join { .. }) {
            return Place::Unknown;
        }
        for (way, next) in graph.successors(node).into_iter().enumerate() {
            let mut done = done.clone();
            let events = sent(graph, node, way).map(|send| [send, received(send)]);
            if events.into_iter().flatten().all(|event| goes_on(&parts, &mut done, event)) {
                todo.push((next, done));
            }
        }
    }
    Place::Outside
}

/// Whether a role can do this as far as the word says, and then one step further.
fn goes_on(parts: &[Vec<Event>], done: &mut [usize], event: Event) -> bool {
    let role = event.role as usize;
    match parts[role].get(done[role]) {
        None => true,
        Some(next) => {
            done[role] += 1;
            *next == event
        }
    }
}
