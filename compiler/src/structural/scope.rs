//! A global type without names: every variable says how many binders lie between it and its own.
//!
//! A node that is closed, or that several parents share under the same binders, stays one node. So the work is that of
//! the arena, not of the tree it stands for. Children have smaller indices than their parents; the root is the last.

use super::Refusal;

use rustc_hash::FxHashMap;
use std::ops::Range;
use tell_ir::global::{GlobalId, GlobalNode, GlobalType};

/// Most nodes that are made besides two for each of the global type: the parts of open nodes that stand below different
/// binders are made for each, and there can be exponentially many.
const MAX_COPIES: usize = 1_000_000;

/// Index of a node of a [`Scoped`] type.
pub(super) type NodeIndex = usize;

/// A global type whose variables count binders, as one role reads it.
pub(super) struct Scoped<'g> {
    global: &'g GlobalType,
    nodes: Vec<Node>,
    /// The children of all nodes.
    parts: Vec<NodeIndex>,
}

struct Node {
    of: GlobalId,
    /// Where its children are.
    parts: Range<usize>,
    /// Of a variable: the binders between it and its own.
    binder: u32,
    /// Level of the outermost binder something in here refers to, if that is outside.
    lowest: Option<u32>,
    /// Whether the role sends or receives in here.
    acts: bool,
}

impl<'g> Scoped<'g> {
    pub(super) fn new(global: &'g GlobalType, role: u32) -> Result<Self, Refusal> {
        let mut parents = vec![0u32; global.nodes.len()];
        for child in global.nodes.iter().flat_map(GlobalNode::children) {
            parents[child.0 as usize] += 1;
        }
        let scoped = Self { global, nodes: Vec::new(), parts: Vec::new() };
        let mut walk = Walk {
            role,
            scoped,
            parents,
            levels: FxHashMap::default(),
            scopes: FxHashMap::default(),
            stack: vec![0],
            closed: FxHashMap::default(),
            open: FxHashMap::default(),
        };
        walk.run()?;
        Ok(walk.scoped)
    }

    pub(super) const fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) const fn indices(&self) -> Range<NodeIndex> {
        0..self.nodes.len()
    }

    pub(super) const fn root(&self) -> NodeIndex {
        self.nodes.len() - 1
    }

    pub(super) fn global(&self, node: NodeIndex) -> &'g GlobalNode {
        self.global.node(self.nodes[node].of)
    }

    pub(super) fn parts(&self, node: NodeIndex) -> &[NodeIndex] {
        &self.parts[self.nodes[node].parts.clone()]
    }

    pub(super) fn binder(&self, node: NodeIndex) -> u32 {
        self.nodes[node].binder
    }

    pub(super) fn is_closed(&self, node: NodeIndex) -> bool {
        self.nodes[node].lowest.is_none()
    }

    pub(super) fn acts(&self, node: NodeIndex) -> bool {
        self.nodes[node].acts
    }
}

/// The depth-first walk that makes the nodes.
struct Walk<'g> {
    role: u32,
    scoped: Scoped<'g>,
    /// How often each global node is referred to.
    parents: Vec<u32>,
    /// Levels of the binders around the current place, by name.
    levels: FxHashMap<&'g str, Vec<u32>>,
    /// A scope is the names of the binders around a place; each has a number.
    scopes: FxHashMap<(u32, &'g str), u32>,
    /// The scopes around the current place; its length is one more than the level.
    stack: Vec<u32>,
    /// Nodes that mean the same everywhere.
    closed: FxHashMap<GlobalId, NodeIndex>,
    /// Nodes that mean the same in that scope.
    open: FxHashMap<(GlobalId, u32), NodeIndex>,
}

/// A step of the walk.
enum Task<'g> {
    /// Makes the node and what is below it.
    Enter(GlobalId),
    /// Everything below is made, so many children.
    Leave(GlobalId, usize),
    /// The binder goes out of scope.
    Unbind(&'g str),
}

impl<'g> Walk<'g> {
    fn run(&mut self) -> Result<(), Refusal> {
        let global = self.scoped.global;
        let mut tasks = vec![Task::Enter(global.root)];
        let mut made: Vec<NodeIndex> = Vec::new();
        while let Some(task) = tasks.pop() {
            match task {
                Task::Enter(id) => match (self.known(id), global.node(id)) {
                    (Some(known), _) => made.push(known),
                    (None, GlobalNode::Rec(name, body)) => {
                        self.bind(name);
                        tasks.extend([Task::Leave(id, 1), Task::Unbind(name), Task::Enter(*body)]);
                    }
                    (None, node) => {
                        let children = node.children();
                        tasks.push(Task::Leave(id, children.len()));
                        tasks.extend(children.into_iter().rev().map(Task::Enter));
                    }
                },
                Task::Unbind(name) => {
                    self.levels.get_mut(name).and_then(Vec::pop);
                    self.stack.pop();
                }
                Task::Leave(id, count) => {
                    let from = made.len() - count;
                    let node = self.add(id, &made[from..])?;
                    made.truncate(from);
                    made.push(node);
                }
            }
            if self.scoped.nodes.len() > MAX_COPIES + 2 * global.nodes.len() {
                return Err(Refusal::TooLarge);
            }
        }
        Ok(())
    }

    fn scope(&self) -> u32 {
        *self.stack.last().expect("the scope without binders stays")
    }

    /// Level of the next binder.
    fn level(&self) -> u32 {
        u32::try_from(self.stack.len() - 1).expect("as many binders as nodes, at most 2^32")
    }

    fn bind(&mut self, name: &'g str) {
        let (level, next) = (self.level(), u32::try_from(self.scopes.len() + 1).expect("fewer than 2^32 scopes"));
        self.levels.entry(name).or_default().push(level);
        self.stack.push(*self.scopes.entry((self.scope(), name)).or_insert(next));
    }

    fn known(&self, id: GlobalId) -> Option<NodeIndex> {
        let is_shared = self.parents[id.0 as usize] > 1;
        let known = || self.closed.get(&id).or_else(|| self.open.get(&(id, self.scope())));
        is_shared.then(known).flatten().copied()
    }

    fn add(&mut self, id: GlobalId, parts: &[NodeIndex]) -> Result<NodeIndex, Refusal> {
        let nodes = &self.scoped.nodes;
        let node = self.scoped.global.node(id);
        let own = match node {
            GlobalNode::Var(name) => match self.levels.get(name.as_str()).and_then(|levels| levels.last()) {
                Some(level) => Some(*level),
                None => return Err(Refusal::Unbound(name.clone())),
            },
            _ => None,
        };
        let level = self.level();
        // what a binder binds is no longer free
        let lowest = parts.iter().filter_map(|&part| nodes[part].lowest).chain(own).min().filter(|&low| low < level);
        let acts = acts(node, self.role) || parts.iter().any(|&part| nodes[part].acts);
        let from = self.scoped.parts.len();
        self.scoped.parts.extend_from_slice(parts);
        let binder = own.map_or(0, |own| level - 1 - own);
        self.scoped.nodes.push(Node { of: id, parts: from..self.scoped.parts.len(), binder, lowest, acts });
        let index = self.scoped.root();
        if self.parents[id.0 as usize] > 1 {
            match lowest {
                None => self.closed.insert(id, index),
                Some(_) => self.open.insert((id, self.scope()), index),
            };
        }
        Ok(index)
    }
}

/// Whether a role sends or receives in a node itself.
fn acts(node: &GlobalNode, role: u32) -> bool {
    match node {
        GlobalNode::Comm { sender, receiver, .. } => *sender == role || *receiver == role,
        GlobalNode::Choice { decider, branches } => {
            *decider == role || branches.iter().any(|(receiver, _, _)| *receiver == role)
        }
        _ => false,
    }
}
