//! Whether what the roles of a session did is a run of the choreography its image carries.
//!
//! Of each role there is the list of its acts, in its order. A run is looked for that has exactly these: the choreography
//! goes on from node to node, and every message takes the next act of its sender and of its receiver. Data is not followed, so
//! any arm may be taken.

use std::collections::BTreeSet;
use tell_ir::choreography::{Branch, Node, NodeId};
use tell_ir::image::CodeImage;

/// What a role did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// It sent this label to that role.
    Send(u16, u16),
    /// It took this label from that role.
    Take(u16, u16),
    /// It performed an operation.
    Perform,
}

/// Where a run is, and how many of its acts each role has made.
type Run = (NodeId, Vec<usize>);

/// Whether a choreography has branches or scopes. In them roles need not act in the order of any run.
#[must_use]
pub fn has_parts(image: &CodeImage) -> bool {
    image.choreography.nodes.iter().any(|node| matches!(node, Node::Par { .. } | Node::Scope { .. }))
}

/// Whether the acts of the roles are those of a run from the start to the end of a choreography without parts.
#[must_use]
pub fn is_run(image: &CodeImage, acts: &[Vec<Act>]) -> bool {
    let search = Search { nodes: &image.choreography.nodes, acts };
    let start = (NodeId(0), vec![0; acts.len()]);
    let mut known = BTreeSet::from([start.clone()]);
    let mut todo = vec![start];
    while let Some(run) = todo.pop() {
        if search.is_over(&run) {
            return true;
        }
        todo.extend(search.next(&run).into_iter().filter(|next| known.insert(next.clone())));
    }
    false
}

struct Search<'a> {
    nodes: &'a [Node],
    acts: &'a [Vec<Act>],
}

impl Search<'_> {
    fn is_over(&self, (node, made): &Run) -> bool {
        let is_end = self.nodes[node.index()] == Node::End;
        is_end && self.acts.iter().zip(made).all(|(acts, made)| acts.len() == *made)
    }

    /// The runs that are one step longer.
    fn next(&self, (id, made): &Run) -> Vec<Run> {
        let node = &self.nodes[id.index()];
        let perform = |role| Some((*id, self.act(made, role, Act::Perform)?));
        let mut next: Vec<Run> = performers(node).into_iter().filter_map(perform).collect();
        let at = |node: &NodeId| (*node, made.clone());
        match node {
            Node::Comm { from, to, branches } => next.extend(branches.iter().filter_map(|Branch { label, target }| {
                let sent = self.act(made, *from, Act::Send(*to, *label))?;
                Some((*target, self.act(&sent, *to, Act::Take(*from, *label))?))
            })),
            Node::Choice { arms, .. } | Node::Case { arms, .. } => next.extend(arms.iter().map(at)),
            Node::Local { next: behind, .. } => next.push(at(behind)),
            Node::End | Node::Par { .. } | Node::Scope { .. } | Node::Join { .. } => {}
        }
        next
    }

    /// One act more of a role, if that is what it did.
    fn act(&self, made: &[usize], role: u16, act: Act) -> Option<Vec<usize>> {
        let role = usize::from(role);
        let is_next = self.acts.get(role)?.get(made[role]) == Some(&act);
        let mut made = made.to_vec();
        made[role] += 1;
        is_next.then_some(made)
    }
}

/// Who may perform operations at a node: who sends, decides, or does something locally.
fn performers(node: &Node) -> Vec<u16> {
    match node {
        Node::Comm { from: role, .. } | Node::Choice { decider: role, .. } | Node::Local { role, .. } => vec![*role],
        Node::Case { deciders, .. } => deciders.clone(),
        Node::End | Node::Par { .. } | Node::Scope { .. } | Node::Join { .. } => Vec::new(),
    }
}
