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

/// Where a run is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    At(NodeId),
    /// In the branches of a `Par`.
    Inside(NodeId, Vec<Place>),
    /// At the end of a branch.
    Over,
}

/// A run, and how many of its acts each role has made.
type Run = (Place, Vec<usize>);

/// Whether the acts of the roles are those of a run from the start to an end. Scopes are not followed: there may be none.
#[must_use]
pub fn is_run(image: &CodeImage, acts: &[Vec<Act>]) -> bool {
    let search = Search { nodes: &image.choreography.nodes, acts };
    let start = (Place::At(NodeId(0)), vec![0; acts.len()]);
    let mut known = BTreeSet::from([start.clone()]);
    let mut todo = vec![start];
    while let Some(run) = todo.pop() {
        if search.is_end(&run) {
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
    fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    fn is_end(&self, (place, made): &Run) -> bool {
        let is_over = matches!(place, Place::At(node) if *self.node(*node) == Node::End);
        is_over && self.acts.iter().zip(made).all(|(acts, made)| acts.len() == *made)
    }

    /// The runs that are one step longer.
    fn next(&self, (place, made): &Run) -> Vec<Run> {
        match place {
            Place::Over => Vec::new(),
            Place::At(node) => self.from_node(*node, made),
            Place::Inside(par, parts) => self.from_parts(*par, parts, made),
        }
    }

    fn from_parts(&self, par: NodeId, parts: &[Place], made: &[usize]) -> Vec<Run> {
        if let (true, Node::Par { then, .. }) = (parts.iter().all(|part| *part == Place::Over), self.node(par)) {
            return vec![(Place::At(*then), made.to_vec())];
        }
        let of_part = |(at, part): (usize, &Place)| {
            let behind = self.next(&(part.clone(), made.to_vec())).into_iter();
            behind.map(move |(next, made)| (inside(par, parts, at, next), made))
        };
        parts.iter().enumerate().flat_map(of_part).collect()
    }

    fn from_node(&self, id: NodeId, made: &[usize]) -> Vec<Run> {
        let node = self.node(id);
        let performed = (0..).zip(made).filter(|(role, _)| may_perform(node, *role));
        let mut next: Vec<Run> =
            performed.filter_map(|(role, _)| Some((Place::At(id), self.act(made, role, Act::Perform)?))).collect();
        let at = |node: &NodeId| (Place::At(*node), made.to_vec());
        match node {
            Node::End | Node::Scope { .. } => {}
            Node::Comm { from, to, branches } => next.extend(branches.iter().filter_map(|Branch { label, target }| {
                let sent = self.act(made, *from, Act::Send(*to, *label))?;
                Some((Place::At(*target), self.act(&sent, *to, Act::Take(*from, *label))?))
            })),
            Node::Choice { arms, .. } | Node::Case { arms, .. } => next.extend(arms.iter().map(at)),
            Node::Local { next: behind, .. } => next.push(at(behind)),
            Node::Par { branches, .. } => {
                let parts = branches.iter().map(|branch| Place::At(*branch)).collect();
                next.push((Place::Inside(id, parts), made.to_vec()));
            }
            Node::Join { .. } => next.push((Place::Over, made.to_vec())),
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

/// The same with one branch elsewhere.
fn inside(par: NodeId, parts: &[Place], at: usize, next: Place) -> Place {
    let mut parts = parts.to_vec();
    parts[at] = next;
    Place::Inside(par, parts)
}

/// Whether a role may perform operations at a node: where it sends, decides, or does something locally.
fn may_perform(node: &Node, role: u16) -> bool {
    match node {
        Node::Comm { from: own, .. } | Node::Choice { decider: own, .. } | Node::Local { role: own, .. } => {
            *own == role
        }
        Node::Case { deciders, .. } => deciders.contains(&role),
        Node::End | Node::Par { .. } | Node::Scope { .. } | Node::Join { .. } => false,
    }
}
