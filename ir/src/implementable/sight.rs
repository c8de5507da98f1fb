//! What one role sees of a choreography, without data.

use super::skeleton::{Segment, Skeleton};
use super::{Control, Kind, NodeId, PartId, Role};
use std::ops::Range;

/// What stops a role at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It acts there; which of its acts it is.
    Act(u32),
    /// Nothing it does lies there or behind.
    Finished,
    /// It does not act there, but may behind.
    Passing,
}

/// What a node demands of a role that is there and does not pass it in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// To send.
    Send,
    /// To wait for a message.
    Receive,
    /// To choose.
    Choose,
    /// To do something locally.
    Act,
    /// To start branches.
    Fork,
    /// To enter a scope.
    Enter,
    /// To end a part.
    Join,
    /// Nothing more.
    Nothing,
}

/// One role's view of a choreography.
pub struct Sight<'a, G> {
    graph: &'a G,
    skeleton: &'a Skeleton,
    role: Role,
    /// Where it acts: ranks in the skeleton, ascending.
    acts: &'a [u32],
    /// For each segment, whether the role can act behind it.
    acts_behind: Vec<bool>,
    /// For each segment, whether an end of a part the role waits at lies in or behind it.
    joins_behind: Vec<bool>,
    /// For each part, the innermost that the role entered, be it this one or around it.
    entered: Vec<Option<PartId>>,
}

impl<'a, G: Control> Sight<'a, G> {
    /// The view of a role.
    #[must_use]
    pub fn new(graph: &'a G, skeleton: &'a Skeleton, role: Role) -> Self {
        let acts = skeleton.acts(role);
        let mut acts_behind = vec![false; skeleton.segments()];
        let segments = acts.iter().map(|rank| skeleton.segment_of(skeleton.node(*rank)));
        mark_before(skeleton, segments.collect(), &mut acts_behind);
        let (joins_behind, entered) = (Vec::new(), Vec::new());
        let mut sight = Self { graph, skeleton, role, acts, acts_behind, joins_behind, entered };
        sight.joins_behind = sight.joins_behind();
        for (id, part) in skeleton.nesting().parts() {
            let around = part.around.and_then(|around| sight.entered[around.index()]);
            let own = sight.enters(part.block).then_some(id);
            sight.entered.push(own.or(around));
        }
        sight
    }

    fn joins_behind(&self) -> Vec<bool> {
        let mut behind = vec![false; self.skeleton.segments()];
        if self.skeleton.nesting().is_empty() {
            return behind;
        }
        let joins = self.skeleton.joins().filter(|(_, of)| self.enters(*of));
        let joins: Vec<Segment> = joins.map(|(join, _)| self.skeleton.segment_of(join)).collect();
        // A join is the last node of its segment.
        joins.iter().for_each(|segment| behind[*segment as usize] = true);
        mark_before(self.skeleton, joins, &mut behind);
        behind
    }

    /// Where the role acts: ranks in the skeleton, ascending.
    #[must_use]
    pub const fn acts(&self) -> &'a [u32] {
        self.acts
    }

    /// The segments.
    #[must_use]
    pub const fn skeleton(&self) -> &'a Skeleton {
        self.skeleton
    }

    /// The first node from `node` on that is more than a step the role does not see: one at which it acts, else the last
    /// of the segment.
    #[must_use]
    pub fn stop(&self, node: NodeId) -> (NodeId, Stop) {
        if let Some(actor) = self.graph.kind(node).actors().position(|actor| actor == self.role) {
            return (node, Stop::Act(self.skeleton.act_of(node, actor)));
        }
        if let Some(act) = self.skeleton.next_act(self.acts, node) {
            let number = u32::try_from(act).expect("a role acts at fewer than 2^32 nodes");
            return (self.skeleton.node(self.acts[act]), Stop::Act(number));
        }
        let segment = self.skeleton.segment_of(node);
        let ends = !self.acts_behind[segment as usize] && !self.joins_behind[segment as usize];
        (self.skeleton.last(segment), if ends { Stop::Finished } else { Stop::Passing })
    }

    /// Whether the role can act at or behind a node.
    #[must_use]
    pub fn can_act(&self, node: NodeId) -> bool {
        self.acts_behind[self.skeleton.segment_of(node) as usize] || self.skeleton.next_act(self.acts, node).is_some()
    }

    /// The parts of a `Par` or scope that it acts in, as ways.
    #[must_use]
    pub fn parts(&self, node: NodeId) -> &'a [usize] {
        self.skeleton.parts_of(node, self.role)
    }

    /// Whether entering the node is an action of the role: a `Par` with two or more branches for it, or a scope it takes
    /// part in.
    #[must_use]
    pub fn enters(&self, node: NodeId) -> bool {
        match self.graph.kind(node) {
            Kind::Par => self.parts(node).len() > 1,
            Kind::Scope { owner, .. } => owner == self.role || !self.parts(node).is_empty(),
            _ => false,
        }
    }

    /// The innermost part it entered that a node lies in.
    #[must_use]
    pub fn inside(&self, node: NodeId) -> Option<PartId> {
        self.skeleton.nesting().of(node).and_then(|part| self.entered[part.index()])
    }

    /// Segments on which the role does not act, but can behind them.
    #[must_use]
    pub fn waits(&self, segment: Segment) -> bool {
        self.acts_behind[segment as usize] && self.skeleton.next_act(self.acts, self.skeleton.first(segment)).is_none()
    }

    /// What a stop demands; `None` if the choreography can pass it without the role. A shared decision never stops it by
    /// itself.
    #[must_use]
    pub fn demand(&self, node: NodeId, stop: Stop) -> Option<Demand> {
        match self.graph.kind(node) {
            Kind::Join { of } if self.enters(of) => Some(Demand::Join),
            Kind::End => Some(Demand::Nothing),
            _ if stop == Stop::Finished => Some(Demand::Nothing),
            Kind::Comm { from, to } => {
                let sends = (from == self.role).then_some(Demand::Send);
                sends.or((to == self.role).then_some(Demand::Receive))
            }
            Kind::Choice { decider } => (decider == self.role).then_some(Demand::Choose),
            Kind::Local { role } => (role == self.role).then_some(Demand::Act),
            Kind::Par => self.enters(node).then_some(Demand::Fork),
            Kind::Scope { .. } => self.enters(node).then_some(Demand::Enter),
            Kind::Case | Kind::Pass | Kind::Join { .. } => None,
        }
    }

    /// The ways of a node that the role passes without seeing it. A role that acts in one branch of a `Par` passes
    /// through that; one that acts in none, or takes no part in a scope, does not wait for the parts.
    #[must_use]
    pub fn unseen(&self, node: NodeId) -> Range<usize> {
        let ways = self.graph.way_count(node);
        if self.graph.kind(node).is_block() {
            let way = self.parts(node).first().copied().unwrap_or(ways - 1);
            return way..way + 1;
        }
        0..ways
    }
}

/// Marks all segments that lead to one of these.
fn mark_before(skeleton: &Skeleton, mut todo: Vec<Segment>, marks: &mut [bool]) {
    todo.dedup();
    while let Some(segment) = todo.pop() {
        for before in skeleton.before(segment) {
            if !std::mem::replace(&mut marks[*before as usize], true) {
                todo.push(*before);
            }
        }
    }
}
