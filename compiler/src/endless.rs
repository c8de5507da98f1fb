//! Parts of a `par` or scope that may never end, although somebody who acts in them has to act behind.
//!
//! Roles that are outside, or done with their part, do not wait for the others. So a message to somebody who stays in such
//! a part for ever would never be received. In a sequence this cannot happen: there the sender would have to know.

use crate::graph::{Graph, NodeId, NodeKind, Role};
use crate::project::actors;
use rustc_hash::{FxHashMap, FxHashSet};

/// Most nodes that are looked at.
const MAX_VISITS: usize = 50_000_000;

/// A part that may never end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endless {
    /// The `Par` or `Timed`.
    pub node: NodeId,
    /// Who acts in it and behind; `None` if there is too much to look at.
    pub role: Option<Role>,
}

/// The first part found that may never end while one of its roles acts behind.
#[must_use]
pub fn endless(graph: &Graph) -> Option<Endless> {
    let mut visits = 0;
    let blocks = (0..).map(NodeId).zip(&graph.nodes);
    for (node, _) in blocks.filter(|(_, node)| matches!(node.kind, NodeKind::Par { .. } | NodeKind::Timed { .. })) {
        for part in parts(graph, node) {
            let inside = Inside::new(graph, node, part);
            visits += inside.nodes.len();
            if !inside.may_never_end() {
                continue;
            }
            let behind = Inside::new(graph, node, graph.then(node));
            visits += behind.nodes.len();
            let acts_behind = behind.roles(graph);
            if let Some(role) = inside.roles(graph).into_iter().find(|role| acts_behind.contains(role)) {
                return Some(Endless { node, role: Some(role) });
            }
        }
        if visits > MAX_VISITS {
            return Some(Endless { node, role: None });
        }
    }
    None
}

/// The parts nobody outside can end. The owner of a scope leaves its body by any outcome.
fn parts(graph: &Graph, node: NodeId) -> Vec<NodeId> {
    match &graph.node(node).kind {
        NodeKind::Par { branches, .. } => branches.clone(),
        NodeKind::Timed { body, outcomes, .. } => {
            let can_leave = outcomes.iter().any(|outcome| outcome.name != "done");
            let blocks = outcomes.iter().map(|outcome| outcome.cont);
            blocks.chain((!can_leave).then_some(*body)).collect()
        }
        _ => Vec::new(),
    }
}

/// What can be reached from a node without passing a join of `of`.
struct Inside {
    nodes: Vec<NodeId>,
    /// Nodes that lead to each node.
    before: FxHashMap<NodeId, Vec<NodeId>>,
    ends: Vec<NodeId>,
}

impl Inside {
    fn new(graph: &Graph, of: NodeId, start: NodeId) -> Self {
        let mut inside = Self { nodes: Vec::new(), before: FxHashMap::default(), ends: Vec::new() };
        let mut seen = FxHashSet::default();
        let mut todo = vec![start];
        while let Some(node) = todo.pop() {
            if !seen.insert(node) {
                continue;
            }
            inside.nodes.push(node);
            match graph.node(node).kind {
                NodeKind::Join { of: joined } if joined == of => inside.ends.push(node),
                _ => graph.each_successor(node, &mut |next| {
                    inside.before.entry(next).or_default().push(node);
                    todo.push(next);
                }),
            }
        }
        inside
    }

    /// Whether some node in it leads to no end.
    fn may_never_end(&self) -> bool {
        let mut reaching = FxHashSet::default();
        let mut todo = self.ends.clone();
        while let Some(node) = todo.pop() {
            if reaching.insert(node) {
                todo.extend(self.before.get(&node).into_iter().flatten());
            }
        }
        reaching.len() < self.nodes.len()
    }

    /// Who acts in it, each once.
    fn roles(&self, graph: &Graph) -> Vec<Role> {
        let mut roles: Vec<Role> = self.nodes.iter().flat_map(|node| actors(&graph.node(*node).kind)).collect();
        roles.sort_unstable();
        roles.dedup();
        roles
    }
}
