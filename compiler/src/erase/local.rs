//! Machines to local types: what a role does, without data.

use super::MAX_NODES;
use super::names::arm_names;
use super::unroll::{Closed, Unroll, unroll};
use crate::graph::{Graph, NodeKind};
use crate::hir::Program;
use crate::project::machine::{Kind, Machine, Rows, StateId};
use tell_ir::local::{LocalId, LocalNode, LocalType};
use tell_ir::sort::Label;

/// The local type of a machine; `None` if it has more than [`MAX_NODES`] nodes.
#[must_use]
pub fn local_type(program: &Program, graph: &Graph, machine: &Machine) -> Option<LocalType> {
    let (nodes, root) = unroll(&Behaviour { program, graph, machine }, 0, MAX_NODES)?;
    Some(LocalType { nodes, root: LocalId(root) })
}

struct Behaviour<'a> {
    program: &'a Program,
    graph: &'a Graph,
    machine: &'a Machine,
}

/// What a role does next, local steps skipped.
enum Shown {
    End,
    Send(Vec<(String, Label)>),
    Recv(Vec<(String, Label)>),
    Case(Vec<String>),
    /// Branches, then what follows.
    Par,
    /// Owner and names of the outcomes; the body, the outcomes' blocks, then what follows.
    Timed(String, Vec<String>),
}

impl Unroll for Behaviour<'_> {
    type Node = LocalNode;
    type Shown = Shown;

    fn skip(&self, state: u32) -> u32 {
        let mut at = state;
        let mut steps = 0;
        while let Kind::Local { step, .. } = self.kind(at) {
            at = step.target.0;
            steps += 1;
            if steps > self.machine.states.len() {
                break;
            }
        }
        at
    }

    fn shown(&self, state: u32) -> (Shown, Vec<u32>) {
        let kind = self.kind(state);
        let targets = || kind.steps().iter().map(|step| step.target.0).collect::<Vec<u32>>();
        match kind {
            // A cycle of local actions only: the role never communicates again.
            Kind::End { .. } | Kind::Local { .. } | Kind::Join { .. } => (Shown::End, Vec::new()),
            Kind::Mixed { .. } => panic!("bug: a rejected choreography has no local types"),
            Kind::Par { .. } => (Shown::Par, self.acting(targets())),
            Kind::Scope(scope) => {
                let names = scope.outcomes.iter().map(|(name, _)| name.clone()).collect();
                (Shown::Timed(self.graph.roles[scope.owner as usize].clone(), names), targets())
            }
            Kind::Send { sends } => (Shown::Send(self.labels(sends)), targets()),
            Kind::Recv { rows, .. } => (Shown::Recv(self.labels(rows)), targets()),
            Kind::Decide { site, steps } => {
                let targets: Vec<u32> = steps.iter().map(|step| self.skip(step.target.0)).collect();
                let sends: Option<Vec<&Rows>> = targets
                    .iter()
                    .map(|target| match self.kind(*target) {
                        Kind::Send { sends } => Some(sends),
                        _ => None,
                    })
                    .collect();
                match sends {
                    Some(arms) => {
                        let labels = arms.iter().flat_map(|rows| self.labels(rows)).collect();
                        (
                            Shown::Send(labels),
                            arms.iter().flat_map(|rows| rows.iter()).map(|(_, step)| step.target.0).collect(),
                        )
                    }
                    None => (Shown::Case(arm_names(self.program, self.graph, site.node, steps.len())), targets),
                }
            }
            Kind::Case { site, steps } => {
                (Shown::Case(arm_names(self.program, self.graph, site.node, steps.len())), targets())
            }
        }
    }

    fn close(&self, shown: Shown, parts: &[u32]) -> Closed<LocalNode> {
        let parts: Vec<LocalId> = parts.iter().map(|part| LocalId(*part)).collect();
        Closed::Node(match shown {
            Shown::End => LocalNode::End,
            Shown::Send(labels) => one_partner(labels, &parts, LocalNode::Send, LocalNode::SendAny),
            Shown::Recv(labels) => one_partner(labels, &parts, LocalNode::Recv, LocalNode::RecvAny),
            Shown::Par => {
                let (then, branches) = parts.split_last().expect("what follows is a part");
                LocalNode::Par { branches: branches.to_vec(), then: *then }
            }
            Shown::Timed(owner, names) => LocalNode::Timed {
                owner,
                body: parts[0],
                outcomes: names.into_iter().zip(parts[1..].iter().copied()).collect(),
                then: parts[parts.len() - 1],
            },
            Shown::Case(_) if parts.iter().all(|part| *part == parts[0]) => return Closed::Part(parts[0].0),
            Shown::Case(names) => LocalNode::Case(names.into_iter().zip(parts).collect()),
        })
    }

    fn variable(name: String) -> LocalNode {
        LocalNode::Var(name)
    }

    fn binder(name: String, body: u32) -> LocalNode {
        LocalNode::Rec(name, LocalId(body))
    }
}

impl Behaviour<'_> {
    fn kind(&self, state: u32) -> &Kind {
        let StateId(index) = StateId(state);
        &self.machine.states[index as usize].kind
    }

    /// The parts of a `par` without the branches in which the role does nothing, if two are left; then what follows.
    fn acting(&self, parts: Vec<u32>) -> Vec<u32> {
        let (then, branches) = parts.split_last().expect("what follows is a part");
        let acts = |branch: &u32| !matches!(self.kind(self.skip(*branch)), Kind::Join { .. } | Kind::End { .. });
        let acting: Vec<u32> = branches.iter().copied().filter(acts).collect();
        if acting.len() < 2 { parts } else { acting.into_iter().chain([*then]).collect() }
    }

    /// Partner and label of each row.
    fn labels(&self, rows: &Rows) -> Vec<(String, Label)> {
        let row = |(site, _): &(crate::project::machine::Site, _)| {
            let NodeKind::Comm { from, to, branches } = &self.graph.node(site.node).kind else {
                panic!("bug: a row is a message")
            };
            let partner = if *from == self.machine.role { *to } else { *from };
            let label = &self.graph.labels[branches[site.branch as usize].label as usize];
            let label = Label { name: label.name.clone(), sort: label.sort.clone() };
            (self.graph.roles[partner as usize].clone(), label)
        };
        rows.iter().map(row).collect()
    }
}

/// The node of rows that all have one partner, or of those that have not.
fn one_partner(
    labels: Vec<(String, Label)>,
    parts: &[LocalId],
    one: fn(String, Vec<(Label, LocalId)>) -> LocalNode,
    several: fn(Vec<(String, Label, LocalId)>) -> LocalNode,
) -> LocalNode {
    let first = labels[0].0.clone();
    let rows = labels.into_iter().zip(parts.iter().copied());
    if rows.clone().all(|((partner, _), _)| partner == first) {
        return one(first, rows.map(|((_, label), part)| (label, part)).collect());
    }
    several(rows.map(|((partner, label), part)| (partner, label, part)).collect())
}
