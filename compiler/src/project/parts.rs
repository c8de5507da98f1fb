//! Bindings and the parts of a `Par` or scope: which of them a role makes inside, and which it needs behind.
//!
//! A part is a branch of a `Par`, or the body (part 0) or a block of a scope. What a part binds and is needed behind the
//! join is *carried*: the join needs it, and whatever follows gets it as a new value. A scope can be left anywhere in its
//! body, so the blocks of outcomes other than `done` cannot read what the body binds; the one thing that has a value
//! there whenever the scope is left is a *cell*: a binding made before the scope that local actions in the body make
//! again.

use super::reads::{action_binds, binds};
use crate::graph::{GVar, Graph, NodeId, NodeKind, Role};
use crate::hir::Program;
use rustc_hash::{FxHashMap, FxHashSet};
use tell_ir::implementable::Skeleton;

/// The parts of all `Par`s and scopes a role enters.
#[derive(Default)]
pub(super) struct Parts {
    entered: FxHashMap<NodeId, Entered>,
}

/// The parts of one `Par` or scope, in the order of [`Graph::successors`].
pub(super) struct Entered {
    parts: Vec<Part>,
    /// Of a scope, the block of `done`.
    pub(super) done: Option<usize>,
    is_scope: bool,
    /// Of a scope, the local actions of the role in the body, with what they bind.
    locals: Vec<(NodeId, GVar)>,
    /// Of a scope, what the body binds otherwise.
    others: Vec<GVar>,
}

struct Part {
    start: NodeId,
    join: Option<NodeId>,
    /// What the role binds in it, ascending.
    bound: Vec<GVar>,
}

impl Parts {
    /// What `role` binds in the parts of these nodes.
    pub(super) fn new(
        program: &Program,
        graph: &Graph,
        skeleton: &Skeleton,
        role: Role,
        nodes: impl Iterator<Item = NodeId>,
    ) -> Self {
        let ground = (program, graph, role);
        Self { entered: nodes.map(|node| (node, Entered::new(ground, skeleton, node))).collect() }
    }

    /// The parts of a node, if the role enters it.
    pub(super) fn of(&self, node: NodeId) -> Option<&Entered> {
        self.entered.get(&node)
    }

    /// All nodes the role enters, ascending.
    pub(super) fn nodes(&self) -> Vec<NodeId> {
        let mut nodes: Vec<NodeId> = self.entered.keys().copied().collect();
        nodes.sort_unstable();
        nodes
    }
}

impl Entered {
    fn new((program, graph, role): (&Program, &Graph, Role), skeleton: &Skeleton, node: NodeId) -> Self {
        let (is_scope, done) = match &graph.node(node).kind {
            NodeKind::Timed { outcomes, .. } => (true, outcomes.iter().position(|outcome| outcome.name == "done")),
            _ => (false, None),
        };
        let (mut locals, mut others) = (Vec::new(), Vec::new());
        let mut parts = Vec::new();
        for part in skeleton.nesting().parts_of(node).map(|part| skeleton.nesting().part(part)) {
            let (index, start, join) = (part.way, graph.successor(node, part.way), part.join);
            let mut bound = Vec::new();
            for inner in part_nodes(graph, node, start) {
                binds(program, graph, role, inner, &mut bound);
                match &graph.node(inner).kind {
                    _ if !is_scope || index > 0 => {}
                    NodeKind::Local { role: own, action, .. } if *own == role => {
                        locals.extend(action_binds(action).map(|var| (inner, var)));
                    }
                    _ => binds(program, graph, role, inner, &mut others),
                }
            }
            bound.sort_unstable();
            bound.dedup();
            parts.push(Part { start, join, bound });
        }
        others.sort_unstable();
        Self { parts, done: done.map(|done| done + 1), is_scope, locals, others }
    }

    /// Whether the role makes the binding in a part.
    pub(super) fn binds_in(&self, part: usize, var: GVar) -> bool {
        self.parts[part].bound.binary_search(&var).is_ok()
    }

    /// Whether the role makes the binding in some part that what follows can come from. The body of a scope can be left
    /// without coming to its end, and behind a branch that has none nothing ever follows.
    pub(super) fn binds(&self, var: GVar) -> bool {
        (0..self.parts.len()).any(|part| (self.is_scope || self.parts[part].join.is_some()) && self.binds_in(part, var))
    }

    /// The part that ends at a join.
    pub(super) fn part_of(&self, join: NodeId) -> Option<usize> {
        self.parts.iter().position(|part| part.join == Some(join))
    }

    pub(super) fn join(&self, part: usize) -> Option<NodeId> {
        self.parts[part].join
    }

    /// Where the block of `done` starts, if the end of that part leads there.
    pub(super) fn leads_to_done(&self, part: usize) -> Option<NodeId> {
        let done = self.done.filter(|_| part == 0)?;
        Some(self.parts[done].start)
    }

    /// Whether a part has to bring a binding that is needed behind it: one that it binds itself; a block, and a body without
    /// a block of `done`, whatever some part binds, for nobody else brings that.
    pub(super) fn carries(&self, part: usize, var: GVar) -> bool {
        if self.is_scope && self.leads_to_done(part).is_none() {
            return self.binds(var);
        }
        self.binds_in(part, var)
    }

    /// Local actions in the body of a scope that bind one of `wanted` again, if nothing else binds it there.
    pub(super) fn settings<'e>(&'e self, wanted: &'e [GVar]) -> impl Iterator<Item = (NodeId, GVar)> + 'e {
        let is_cell = |var: &GVar| wanted.binary_search(var).is_ok() && self.others.binary_search(var).is_err();
        self.locals.iter().copied().filter(move |(_, var)| is_cell(var))
    }
}

/// The nodes of a part of `of`, its join included.
fn part_nodes(graph: &Graph, of: NodeId, start: NodeId) -> Vec<NodeId> {
    let mut nodes = Vec::new();
    let mut seen = FxHashSet::default();
    let mut todo = vec![start];
    while let Some(node) = todo.pop() {
        if !seen.insert(node) {
            continue;
        }
        nodes.push(node);
        if !matches!(graph.node(node).kind, NodeKind::Join { of: joined } if joined == of) {
            todo.extend(graph.successors(node));
        }
    }
    nodes
}
