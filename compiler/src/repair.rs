//! Repairs: a small change that makes a rejected choreography implementable, checked before it is proposed
//! (PROJECTION §4).
//!
//! A rejection shows two runs that a role confuses. Candidates are messages that tell it which one it is in, where the
//! runs part or just before it has to act, and new labels for messages it would mix up. Each is tried on the graph; what
//! repairs everything is offered to the caller, who writes it down ([`write`]) and checks the text.

pub mod write;

use crate::graph::{Branch, Graph, Label, NodeId, NodeKind, Role};
use crate::hir::Program;
use crate::project::rejection::{Passed, Rejection, Rule, Run};
use crate::project::{Limits, project};
use tell_ir::sort::Sort;
use tell_language::span::Span;

/// Changes that together make a choreography implementable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repair {
    /// The changes, in the order they were found.
    pub edits: Vec<Edit>,
}

/// A change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// A new message without payload.
    Tell {
        /// The way it stands on.
        at: Passed,
        /// Its sender.
        from: Role,
        /// Its receiver.
        to: Role,
        /// Its label.
        label: String,
    },
    /// Another label.
    Rename {
        /// The message.
        node: NodeId,
        /// The branch of the message.
        branch: usize,
        /// Its new label.
        label: String,
    },
}

/// Largest choreography that is searched, in nodes.
const MAX_NODES: usize = 5_000;

/// Most steps a repair is put together from.
const MAX_STEPS: usize = 6;

/// How far a change gets: rejected roles that are left, whether a role may then wait for ever, number of edits.
type Score = (usize, bool, usize);

/// A repair that leaves nothing rejected and that `accept` accepts; the smallest one found.
#[must_use]
pub fn search(
    program: &Program,
    graph: &Graph,
    rejections: &[Rejection],
    limits: Limits,
    accept: &dyn Fn(&Repair) -> bool,
) -> Option<Repair> {
    if graph.nodes.len() > MAX_NODES {
        return None;
    }
    let mut graph = graph.clone();
    let mut rejections = rejections.to_vec();
    let mut repair = Repair::default();
    for _ in 0..MAX_STEPS {
        let mut tried: Vec<(Score, Vec<Edit>, Graph, Vec<Rejection>)> = Vec::new();
        for edits in candidates(program, &graph, rejections.first()?) {
            let mut changed = graph.clone();
            if !edits.iter().all(|edit| apply(&mut changed, edit)) {
                continue;
            }
            let (left, waits) = match project(program, &changed, limits) {
                Ok(projection) => (Vec::new(), !projection.warnings.is_empty()),
                Err(left) => (left, false),
            };
            tried.push(((left.len(), waits, edits.len()), edits, changed, left));
        }
        // Stable: of equal ones the first candidate.
        tried.sort_by_key(|(score, ..)| *score);
        for (_, edits, ..) in tried.iter().filter(|((left, ..), ..)| *left == 0) {
            let whole = Repair { edits: [repair.edits.as_slice(), edits].concat() };
            if accept(&whole) {
                return Some(whole);
            }
        }
        let goes_on = |left: &[Rejection]| {
            left.first().is_some_and(|next| left.len() < rejections.len() || !same(next, &rejections[0]))
        };
        let (_, edits, changed, left) = tried.into_iter().find(|(.., left)| goes_on(left))?;
        repair.edits.extend(edits);
        (graph, rejections) = (changed, left);
    }
    None
}

fn same(one: &Rejection, other: &Rejection) -> bool {
    let places = |rejection: &Rejection| rejection.runs.each_ref().map(|run| (run.node, run.branch));
    (one.role, one.rule, places(one)) == (other.role, other.rule, places(other))
}

/// What could repair a rejection, small changes first.
fn candidates(program: &Program, graph: &Graph, rejection: &Rejection) -> Vec<Vec<Edit>> {
    let mut all: Vec<Vec<Edit>> = Vec::new();
    if matches!(rejection.rule, Rule::ReceiveValidity | Rule::Signature) {
        all.extend(rejection.runs.iter().filter_map(|run| Some(vec![rename(graph, run)?])));
    }
    if let Some((at, ways)) = parting(&rejection.runs) {
        let tell =
            |way: usize, from: Role| tell(program, graph, Passed { node: at, way }, (at, way), from, rejection.role);
        let tellers = tellers(graph, at, rejection.role);
        let count = graph.successors(at).len();
        for one in [ways[0], ways[1]] {
            all.extend(tellers.iter().map(|from| vec![tell(one, *from)]));
        }
        all.extend(tellers.iter().map(|from| ways.map(|way| tell(way, *from)).to_vec()));
        if count > 2 {
            all.extend(tellers.iter().map(|from| (0..count).map(|way| tell(way, *from)).collect()));
        }
        for (run, way) in rejection.runs.iter().zip(ways) {
            all.extend(late(program, graph, run, (at, way), rejection.role).into_iter().map(|edit| vec![edit]));
        }
    }
    all
}

/// A message just before the role has to act: by who spoke last, and by who decided.
fn late(program: &Program, graph: &Graph, run: &Run, decision: (NodeId, usize), role: Role) -> Vec<Edit> {
    let Some(last) = run.passed.last() else { return Vec::new() };
    let speakers = run.passed.iter().rev().find_map(|passed| match &graph.node(passed.node).kind {
        NodeKind::Comm { from, to, .. } => Some([*to, *from]),
        _ => None,
    });
    let mut tellers: Vec<Role> = speakers.into_iter().flatten().chain(tellers(graph, decision.0, role)).collect();
    tellers.retain(|teller| *teller != role);
    tellers.dedup();
    tellers.into_iter().map(|from| tell(program, graph, *last, decision, from, role)).collect()
}

/// Who knows which way is taken at a node, other than `role`.
fn tellers(graph: &Graph, node: NodeId, role: Role) -> Vec<Role> {
    let all = match &graph.node(node).kind {
        NodeKind::Comm { from, to, .. } => vec![*from, *to],
        NodeKind::Choice { decider, .. } => vec![*decider],
        NodeKind::Case { deciders, .. } => deciders.to_vec(),
        _ => Vec::new(),
    };
    all.into_iter().filter(|teller| *teller != role).collect()
}

/// Where two runs part, and the ways they take.
fn parting([one, two]: &[Run; 2]) -> Option<(NodeId, [usize; 2])> {
    let at = one.passed.iter().zip(&two.passed).position(|(one, two)| one != two)?;
    let (one, two) = (one.passed[at], two.passed[at]);
    (one.node == two.node).then_some((one.node, [one.way, two.way]))
}

/// The message that tells `to` which way was taken at the decision.
fn tell(program: &Program, graph: &Graph, at: Passed, decision: (NodeId, usize), from: Role, to: Role) -> Edit {
    let name = way_name(program, graph, decision.0, decision.1);
    let used = |label: &str| {
        graph.nodes.iter().any(|node| match &node.kind {
            NodeKind::Comm { from: sender, to: receiver, branches } if (*sender, *receiver) == (from, to) => {
                branches.iter().any(|branch| graph.labels[branch.label as usize].name == label)
            }
            _ => false,
        })
    };
    Edit::Tell { at, from, to, label: fresh(name, &used) }
}

/// Another label for the message at the end of a run.
fn rename(graph: &Graph, run: &Run) -> Option<Edit> {
    let (node, branch) = graph.message(run.node, run.branch);
    let NodeKind::Comm { branches, .. } = &graph.node(node).kind else { return None };
    let name = graph.labels[branches[branch].label as usize].name.clone();
    let used = |label: &str| graph.labels.iter().any(|known| known.name == label);
    Some(Edit::Rename { node, branch, label: fresh(name, &used) })
}

/// The name, numbered if it is used already.
fn fresh(name: String, used: &dyn Fn(&str) -> bool) -> String {
    let numbered = (2..).map(|number| format!("{name}_{number}"));
    std::iter::once(name.clone()).chain(numbered).find(|name| !used(name)).expect("there are endlessly many")
}

/// What a way of a decision is called, as a label.
fn way_name(program: &Program, graph: &Graph, node: NodeId, way: usize) -> String {
    let name = match &graph.node(node).kind {
        NodeKind::Choice { arms, .. } => match arms[way].name {
            Some(name) => program.text(name).to_owned(),
            None => {
                let (node, branch) = graph.message(node, way);
                return way_name(program, graph, node, branch);
            }
        },
        NodeKind::Comm { branches, .. } => return graph.labels[branches[way].label as usize].name.clone(),
        NodeKind::Case { arms, .. } if arms.len() == 2 => ["Then", "Else"][way].to_owned(),
        _ => format!("Arm{}", way + 1),
    };
    let mut letters = name.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// Makes a change; `false` if it cannot be made there.
fn apply(graph: &mut Graph, edit: &Edit) -> bool {
    match edit {
        Edit::Tell { at, from, to, label } => {
            let label = graph.label(Label { name: label.clone(), fields: Vec::new(), sort: Sort::Unit });
            let Some(cont) = graph.successors(at.node).get(at.way).copied() else { return false };
            let nowhere = Span::default();
            let branches = vec![Branch { label, fields: Vec::new(), cont, span: nowhere, next: nowhere }];
            let message = graph.add(NodeKind::Comm { from: *from, to: *to, branches }, nowhere);
            graph.set_successor(at.node, at.way, message);
            true
        }
        Edit::Rename { node, branch, label } => {
            let NodeKind::Comm { branches, .. } = &graph.node(*node).kind else { return false };
            let renamed = Label { name: label.clone(), ..graph.labels[branches[*branch].label as usize].clone() };
            let label = graph.label(renamed);
            let NodeKind::Comm { branches, .. } = &mut graph.nodes[node.index()].kind else { return false };
            branches[*branch].label = label;
            true
        }
    }
}
