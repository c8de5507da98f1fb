//! The choreography graph to a pure global type: what everybody does, without data and local actions.

use super::MAX_NODES;
use super::names::arm_names;
use super::unroll::{Closed, Unroll, unroll};
use crate::graph::{Graph, NodeId, NodeKind, Role};
use crate::hir::Program;
use tell_ir::global::{GlobalId, GlobalNode, GlobalType};
use tell_ir::sort::Label;

/// The pure global type of a choreography (PROJECTION §1); `None` if it has more than [`MAX_NODES`] nodes.
#[must_use]
pub fn global_type(program: &Program, graph: &Graph) -> Option<GlobalType> {
    let (nodes, root) = unroll(&Choreography { program, graph }, graph.start.0, MAX_NODES)?;
    Some(GlobalType { roles: graph.roles.clone(), nodes, root: GlobalId(root) })
}

struct Choreography<'a> {
    program: &'a Program,
    graph: &'a Graph,
}

/// What happens next, local actions skipped.
enum Shown {
    End,
    /// Sender; receiver and label of each branch.
    Messages(Role, Vec<(Role, Label)>),
    /// Deciders and names of the arms.
    Case(Vec<Role>, Vec<String>),
    Par,
    Timed(Role, Vec<String>),
}

impl Unroll for Choreography<'_> {
    type Node = GlobalNode;
    type Shown = Shown;

    fn skip(&self, state: u32) -> u32 {
        let mut at = NodeId(state);
        while let NodeKind::Local { cont, .. } | NodeKind::Rename { cont, .. } = &self.graph.node(at).kind {
            at = *cont;
        }
        at.0
    }

    fn shown(&self, state: u32) -> (Shown, Vec<u32>) {
        let node = NodeId(state);
        let below = self.graph.successors(node).into_iter().map(|next| next.0).collect();
        match &self.graph.node(node).kind {
            NodeKind::End { .. } | NodeKind::Join { .. } => (Shown::End, Vec::new()),
            NodeKind::Local { .. } | NodeKind::Rename { .. } => panic!("bug: local actions are skipped"),
            NodeKind::Comm { from, .. } => {
                let (labels, below) = self.messages(node).expect("it is a message").into_iter().unzip();
                (Shown::Messages(*from, labels), below)
            }
            NodeKind::Choice { decider, arms } => {
                let starts: Vec<NodeId> = arms.iter().map(|arm| NodeId(self.skip(arm.cont.0))).collect();
                let sends: Option<Vec<_>> = starts.iter().map(|start| self.messages(*start)).collect();
                if let Some(sends) = sends {
                    let (labels, below) = sends.concat().into_iter().unzip();
                    return (Shown::Messages(*decider, labels), below);
                }
                // An arm that starts with a decision: which one is taken is known to the decider alone.
                (Shown::Case(vec![*decider], arm_names(self.program, self.graph, node, arms.len())), below)
            }
            NodeKind::Case { deciders, arms, .. } => {
                (Shown::Case(deciders.to_vec(), arm_names(self.program, self.graph, node, arms.len())), below)
            }
            NodeKind::Par { .. } => (Shown::Par, below),
            NodeKind::Timed { owner, outcomes, .. } => {
                (Shown::Timed(*owner, outcomes.iter().map(|outcome| outcome.name.clone()).collect()), below)
            }
        }
    }

    fn close(&self, shown: Shown, parts: &[u32]) -> Closed<GlobalNode> {
        let parts: Vec<GlobalId> = parts.iter().map(|part| GlobalId(*part)).collect();
        Closed::Node(match shown {
            Shown::End => GlobalNode::End,
            Shown::Messages(sender, labels) => {
                let receiver = labels[0].0;
                if labels.iter().all(|(to, _)| *to == receiver) {
                    let branches = labels.into_iter().map(|(_, label)| label).zip(parts).collect();
                    GlobalNode::Comm { sender, receiver, branches }
                } else {
                    let branches = labels.into_iter().zip(parts).map(|((to, label), part)| (to, label, part)).collect();
                    GlobalNode::Choice { decider: sender, branches }
                }
            }
            Shown::Case(..) if parts.iter().all(|part| *part == parts[0]) => return Closed::Part(parts[0].0),
            Shown::Case(deciders, names) => {
                GlobalNode::Case { deciders, branches: names.into_iter().zip(parts).collect() }
            }
            Shown::Par => {
                let (then, branches) = parts.split_last().expect("what follows is a part");
                GlobalNode::Par { branches: branches.to_vec(), then: *then }
            }
            Shown::Timed(owner, names) => GlobalNode::Timed {
                owner,
                body: parts[0],
                outcomes: names.into_iter().zip(parts[1..].iter().copied()).collect(),
                then: parts[parts.len() - 1],
            },
        })
    }

    fn variable(name: String) -> GlobalNode {
        GlobalNode::Var(name)
    }

    fn binder(name: String, body: u32) -> GlobalNode {
        GlobalNode::Rec(name, GlobalId(body))
    }
}

/// Receiver and label of a message, and what follows.
type Message = ((Role, Label), u32);

impl Choreography<'_> {
    /// The messages a node starts with, if it starts with messages: those of a `Comm`, or of an unnamed choice.
    fn messages(&self, node: NodeId) -> Option<Vec<Message>> {
        match &self.graph.node(node).kind {
            NodeKind::Comm { to, branches, .. } => {
                let message = |branch: &crate::graph::Branch| {
                    let label = &self.graph.labels[branch.label as usize];
                    ((*to, Label { name: label.name.clone(), sort: label.sort.clone() }), branch.cont.0)
                };
                Some(branches.iter().map(message).collect())
            }
            NodeKind::Choice { arms, .. } => {
                let starts = arms.iter().map(|arm| self.messages(NodeId(self.skip(arm.cont.0))));
                Some(starts.collect::<Option<Vec<_>>>()?.concat())
            }
            _ => None,
        }
    }
}
