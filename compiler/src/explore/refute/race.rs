//! How a message overtakes another: the others go on while a role does not take what it should, until another message
//! is there for it. The runs behind [`crate::project`]'s receive validity (Li et al., CAV 2023, definition 6.5).

use super::word::{demand, events, received, sent};
use crate::explore::Event;
use crate::graph::{Graph, NodeId, Role};
use crate::project::rejection::Run;
use rustc_hash::FxHashMap;
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

/// Most visits of nodes.
const MAX_VISITS: usize = 1 << 16;

/// A node that is reached, with who does not move any more, and how.
struct Visit {
    node: NodeId,
    blocked: Rc<BTreeSet<Role>>,
    before: usize,
    way: usize,
}

/// Everything up to the message of the first run, which is sent; then what the others do until the message of the
/// second run is sent; then the role takes that one. `None` if it cannot come to this.
pub(super) fn words(graph: &Graph, role: Role, [taken, early]: &[Run; 2]) -> Option<Vec<Event>> {
    let (ahead, overtaking) = (demand(graph, taken)?, demand(graph, early)?);
    let (node, branch) = graph.message(taken.node, taken.branch);
    let start = *graph.successors(node).get(branch)?;
    let path = path(graph, role, start, overtaking)?;
    Some([events(graph, taken), vec![ahead], path, vec![overtaking, received(overtaking)]].concat())
}

/// What happens from a node on until `wanted` can be sent, while the role does not move; nor does, from then on, who
/// waits for somebody that does not move.
fn path(graph: &Graph, role: Role, start: NodeId, wanted: Event) -> Option<Vec<Event>> {
    let mut visits = vec![Visit { node: start, blocked: Rc::new(BTreeSet::from([role])), before: 0, way: 0 }];
    let mut todo = VecDeque::from([0]);
    // A visit with fewer roles blocked sees everything a visit with more would.
    let mut seen: FxHashMap<NodeId, Vec<Rc<BTreeSet<Role>>>> = FxHashMap::default();
    while let Some(at) = todo.pop_front() {
        let Visit { node, ref blocked, .. } = visits[at];
        let blocked = Rc::clone(blocked);
        let known = seen.entry(node).or_default();
        if visits.len() > MAX_VISITS || known.iter().any(|smaller| smaller.is_subset(&blocked)) {
            continue;
        }
        known.push(Rc::clone(&blocked));
        let message = sent(graph, node, 0);
        if let Some(send) = message.filter(|send| (send.role, send.peer) == (wanted.role, role)) {
            let ways = 0..graph.successors(node).len();
            if !blocked.contains(&send.role) && ways.into_iter().any(|way| sent(graph, node, way) == Some(wanted)) {
                return Some(done(graph, &visits, at));
            }
            // Another message of the partner is first.
            continue;
        }
        let blocked = match message {
            Some(send) if blocked.contains(&send.role) && !blocked.contains(&send.peer) => {
                Rc::new(blocked.iter().copied().chain([send.peer]).collect())
            }
            _ => blocked,
        };
        if blocked.contains(&wanted.role) {
            continue;
        }
        for (way, next) in graph.successors(node).into_iter().enumerate() {
            visits.push(Visit { node: next, blocked: Rc::clone(&blocked), before: at, way });
            todo.push_back(visits.len() - 1);
        }
    }
    None
}

/// What those that move have done on the way to a visit.
fn done(graph: &Graph, visits: &[Visit], mut at: usize) -> Vec<Event> {
    let mut parts = Vec::new();
    while at > 0 {
        let Visit { before, way, .. } = visits[at];
        let moves = |event: &Event| !visits[before].blocked.contains(&event.role);
        if let Some(send) = sent(graph, visits[before].node, way).filter(moves) {
            parts.extend(Some(received(send)).filter(moves));
            parts.push(send);
        }
        at = before;
    }
    parts.reverse();
    parts
}
