//! Well-formedness of pure global types (PROJECTION §1), every failure with its place.
//!
//! [`check`] walks the type once, as the tree it stands for, and reports in that order. What depends on the way to a
//! node is two counters: communications and blocks (branches of a `par`, parts of a `timed`) passed so far. A binder
//! remembers them, so its variable is guarded if it has passed more communications, and leaves a block if it has
//! passed more blocks. A shared node is visited once per context (`tell_ir::term`); nothing recurses.

use rustc_hash::{FxHashMap, FxHashSet};
use tell_ir::global::{GlobalId, GlobalNode, GlobalType};
use tell_ir::term::{Sharing, reachable};

/// Deepest nesting of branches of a `par` and blocks of a `timed`.
pub const MAX_BLOCKS: u32 = 200;

/// What is wrong with a global type, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The node it is about.
    pub node: GlobalId,
    /// The fact.
    pub text: String,
    /// What to do.
    pub help: &'static str,
}

/// Everything that is wrong with a global type, in the order of its text, each once.
///
/// Checked: roles are declared; nobody sends to itself; every communication, choice, case and `par` has a branch;
/// labels towards one receiver are distinct within a choice; outcomes are distinct; branches of a `par` have no
/// ordered pair of roles in common; variables are bound, within the branch or block they stand in, and every way back
/// to a binder passes a communication; blocks are nested at most [`MAX_BLOCKS`] deep. A way through a `par` passes one
/// if each branch does, through a `timed` if the body and every outcome do (the rule of `E0413`). Parts that may never
/// end while one of their roles is needed behind are found on the graph: [`mod@tell_ir::implementable::endless`].
#[must_use]
pub fn check(global: &GlobalType) -> Vec<Problem> {
    let mut check = Check {
        global,
        speaks: always_speaks(global),
        clashes: clashes(global),
        bound: FxHashMap::default(),
        seen: vec![false; global.nodes.len()],
        reported: FxHashSet::default(),
        problems: Vec::new(),
    };
    check.walk();
    check.problems
}

/// What has been passed on the way to a node.
#[derive(Clone, Copy, Default)]
struct Passed {
    communications: u32,
    blocks: u32,
}

impl Passed {
    fn communication(self) -> Self {
        Self { communications: self.communications + 1, ..self }
    }

    fn block(self) -> Self {
        Self { blocks: self.blocks + 1, ..self }
    }
}

/// A step of the depth-first walk.
enum Task<'a> {
    Enter(GlobalId, Passed),
    /// A binder of that name goes out of scope.
    Unbind(&'a str),
}

struct Check<'a> {
    global: &'a GlobalType,
    /// Whether every way through a node to its end passes a communication.
    speaks: Vec<bool>,
    /// Ordered pairs of roles that several branches of a `par` use.
    clashes: FxHashMap<GlobalId, Vec<Pair>>,
    /// What had been passed at the binders in scope, innermost last.
    bound: FxHashMap<&'a str, Vec<Passed>>,
    /// Nodes that were visited.
    seen: Vec<bool>,
    reported: FxHashSet<(GlobalId, String)>,
    problems: Vec<Problem>,
}

impl<'a> Check<'a> {
    fn walk(&mut self) {
        let global = self.global;
        let sharing = Sharing::of(&global.nodes, global.root.0);
        let mut contexts: FxHashSet<(GlobalId, Vec<u32>)> = FxHashSet::default();
        // The binders around, each visit of a binder with a number of its own.
        let (mut around, mut binders) = (Vec::new(), 0);
        let mut tasks = vec![Task::Enter(global.root, Passed::default())];
        while let Some(task) = tasks.pop() {
            let (id, passed) = match task {
                Task::Enter(id, passed) => (id, passed),
                Task::Unbind(name) => {
                    around.pop();
                    self.bound.get_mut(name).and_then(Vec::pop);
                    continue;
                }
            };
            let of = |name| match self.binder(name) {
                None => 0,
                Some(at) => {
                    1 + u32::from(passed.communications > at.communications) + 2 * u32::from(passed.blocks > at.blocks)
                }
            };
            let whole = || vec![around.last().copied().unwrap_or(0), passed.communications, passed.blocks];
            if sharing.context(id.0, of, whole).is_some_and(|context| !contexts.insert((id, context))) {
                continue;
            }
            if !std::mem::replace(&mut self.seen[id.0 as usize], true) {
                self.node(id);
            }
            if passed.blocks == MAX_BLOCKS + 1 {
                self.report(
                    id,
                    format!("`par` and `timed` are nested deeper than {MAX_BLOCKS}"),
                    "put less inside each other",
                );
                continue;
            }
            match global.node(id) {
                GlobalNode::Var(name) => self.variable(id, name, passed),
                GlobalNode::Rec(name, body) => {
                    self.bound.entry(name).or_default().push(passed);
                    binders += 1;
                    around.push(binders);
                    tasks.extend([Task::Unbind(name), Task::Enter(*body, passed)]);
                }
                _ => tasks.extend(self.below(id, passed).into_iter().rev().map(|(id, passed)| Task::Enter(id, passed))),
            }
        }
    }

    fn binder(&self, name: &str) -> Option<Passed> {
        self.bound.get(name)?.last().copied()
    }

    /// The nodes below one that binds nothing, and what has been passed on the way there.
    fn below(&self, id: GlobalId, passed: Passed) -> Vec<(GlobalId, Passed)> {
        let node = self.global.node(id);
        let children = node.children().into_iter();
        let after = |then: &GlobalId, speaks: bool| (*then, if speaks { passed.communication() } else { passed });
        match node {
            GlobalNode::Comm { .. } | GlobalNode::Choice { .. } => {
                children.map(|child| (child, passed.communication())).collect()
            }
            GlobalNode::Par { then, .. } | GlobalNode::Timed { then, .. } => {
                let mut below: Vec<_> = children.map(|child| (child, passed.block())).collect();
                below.pop();
                let speaks = !below.is_empty() && below.iter().all(|(part, _)| self.speaks[part.0 as usize]);
                below.push(after(then, speaks));
                below
            }
            _ => children.map(|child| (child, passed)).collect(),
        }
    }

    fn report(&mut self, node: GlobalId, text: String, help: &'static str) {
        if self.reported.insert((node, text.clone())) {
            self.problems.push(Problem { node, text, help });
        }
    }

    fn variable(&mut self, id: GlobalId, name: &str, passed: Passed) {
        match self.binder(name) {
            None => self.report(
                id,
                format!("recursion variable `{name}` is not bound"),
                "put it inside a `rec` of that name",
            ),
            Some(at) if passed.blocks > at.blocks => self.report(
                id,
                format!("recursion variable `{name}` leaves a branch of a `par` or a block of a `timed`"),
                "end the branch or block there, and put the variable behind the `par` or `timed`, in its `then`",
            ),
            Some(at) if passed.communications == at.communications => self.report(
                id,
                format!("the recursion `{name}` comes back to its start without a communication"),
                "put a communication between `rec` and its variable",
            ),
            Some(_) => {}
        }
    }

    /// What is wrong with a node by itself, wherever it stands.
    fn node(&mut self, id: GlobalId) {
        let global = self.global;
        match global.node(id) {
            GlobalNode::Comm { sender, receiver, branches } => {
                self.roles(id, &[*sender, *receiver]);
                self.not_empty(id, "a communication", branches);
                self.receivers(id, *sender, [*receiver].into_iter());
                self.labels(id, branches.iter().map(|(label, _)| (*receiver, label.name.as_str())));
            }
            GlobalNode::Choice { decider, branches } => {
                let receivers = branches.iter().map(|(receiver, _, _)| *receiver);
                self.roles(id, &[*decider].into_iter().chain(receivers.clone()).collect::<Vec<_>>());
                self.not_empty(id, "a choice", branches);
                self.receivers(id, *decider, receivers);
                self.labels(id, branches.iter().map(|(receiver, label, _)| (*receiver, label.name.as_str())));
            }
            GlobalNode::Case { deciders, branches } => {
                self.roles(id, deciders);
                self.not_empty(id, "a case", branches);
                for arm in twice(branches.iter().map(|(name, _)| name.as_str())) {
                    self.report(id, format!("arm `{arm}` occurs twice in one case"), "the arms of a case are distinct");
                }
            }
            GlobalNode::Par { branches, .. } => {
                self.not_empty(id, "a `par`", branches);
                for (from, to) in self.clashes.remove(&id).unwrap_or_default() {
                    let text =
                        format!("two branches of a `par` send from `{}` to `{}`", global.role(from), global.role(to));
                    self.report(id, text, "let one branch have all messages from one role to another");
                }
            }
            GlobalNode::Timed { owner, outcomes, .. } => {
                self.roles(id, &[*owner]);
                for outcome in twice(outcomes.iter().map(|(name, _)| name.as_str())) {
                    let text = format!("outcome `{outcome}` occurs twice in one `timed`");
                    self.report(id, text, "the outcomes of a scope are distinct");
                }
            }
            GlobalNode::End | GlobalNode::Var(_) | GlobalNode::Rec(..) => {}
        }
    }

    fn roles(&mut self, id: GlobalId, roles: &[u32]) {
        for role in roles.iter().filter(|role| **role as usize >= self.global.roles.len()) {
            self.report(id, format!("role number {role} is not declared"), "declare every role");
        }
    }

    fn receivers(&mut self, id: GlobalId, sender: u32, mut receivers: impl Iterator<Item = u32>) {
        if receivers.any(|receiver| receiver == sender) {
            let text = format!("`{}` sends a message to itself", self.global.role(sender));
            self.report(id, text, "sender and receiver are different roles");
        }
    }

    /// The messages of one choice: receivers and labels.
    fn labels<'l>(&mut self, id: GlobalId, messages: impl Iterator<Item = (u32, &'l str)>) {
        for (_, label) in twice(messages) {
            let text = format!("label `{label}` occurs twice in one choice");
            self.report(id, text, "the labels towards one receiver are distinct");
        }
    }

    fn not_empty<T>(&mut self, id: GlobalId, what: &str, branches: &[T]) {
        if branches.is_empty() {
            self.report(id, format!("{what} has no branches"), "give it at least one");
        }
    }
}

/// What occurs again, in order.
fn twice<T: Eq + std::hash::Hash + Copy>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = FxHashSet::default();
    items.filter(|item| !seen.insert(*item)).collect()
}

/// For each node: whether every way through it to its end passes a communication. A variable has no end.
fn always_speaks(global: &GlobalType) -> Vec<bool> {
    let mut speaks: Vec<bool> = Vec::with_capacity(global.nodes.len());
    for node in &global.nodes {
        let each = |parts: Vec<GlobalId>| parts.iter().all(|part| speaks[part.0 as usize]);
        let answer = match node {
            GlobalNode::End => false,
            GlobalNode::Var(_) | GlobalNode::Comm { .. } | GlobalNode::Choice { .. } => true,
            GlobalNode::Rec(..) | GlobalNode::Case { .. } => each(node.children()),
            GlobalNode::Par { then, .. } | GlobalNode::Timed { then, .. } => {
                let mut parts = node.children();
                parts.pop();
                speaks[then.0 as usize] || (!parts.is_empty() && each(parts))
            }
        };
        speaks.push(answer);
    }
    speaks
}

/// For each node of an arena, whether some way through it comes to its end. A variable goes back instead.
#[must_use]
pub fn can_end(nodes: &[GlobalNode]) -> Vec<bool> {
    let mut ends: Vec<bool> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let end = |part: &GlobalId| ends[part.0 as usize];
        let answer = match node {
            GlobalNode::End => true,
            GlobalNode::Var(_) => false,
            GlobalNode::Rec(..) | GlobalNode::Comm { .. } | GlobalNode::Choice { .. } | GlobalNode::Case { .. } => {
                node.children().iter().any(end)
            }
            GlobalNode::Par { branches, then } => branches.iter().all(end) && end(then),
            GlobalNode::Timed { body, outcomes, then, .. } => {
                (end(body) || outcomes.iter().any(|(_, block)| end(block))) && end(then)
            }
        };
        ends.push(answer);
    }
    ends
}

/// Sender and receiver.
type Pair = (u32, u32);

/// Of each `par`: the pairs that several of its branches use, sorted.
///
/// Sets of pairs are handed from parts to wholes, the smaller put into the larger, so that the work is that of sorting
/// the messages. Only what is shared is copied.
fn clashes(global: &GlobalType) -> FxHashMap<GlobalId, Vec<Pair>> {
    let mut clashes = FxHashMap::default();
    if !global.nodes.iter().any(|node| matches!(node, GlobalNode::Par { .. })) {
        return clashes;
    }
    let reached = reachable(&global.nodes, global.root.0);
    let mut uses = vec![0_u32; global.nodes.len()];
    for (node, _) in global.nodes.iter().zip(&reached).filter(|(_, reached)| **reached) {
        node.children().into_iter().for_each(|child| uses[child.0 as usize] += 1);
    }
    let mut used: Vec<FxHashSet<Pair>> = Vec::with_capacity(global.nodes.len());
    for ((id, node), reached) in (0..).map(GlobalId).zip(&global.nodes).zip(reached) {
        let mut pairs: FxHashSet<Pair> = FxHashSet::default();
        if reached {
            let mut common: Vec<Pair> = Vec::new();
            for (index, child) in node.children().into_iter().enumerate() {
                let rest = &mut uses[child.0 as usize];
                *rest -= 1;
                let part = &mut used[child.0 as usize];
                let mut part = if *rest == 0 { std::mem::take(part) } else { part.clone() };
                if part.len() > pairs.len() {
                    std::mem::swap(&mut part, &mut pairs);
                }
                let is_branch = matches!(node, GlobalNode::Par { branches, .. } if index < branches.len());
                common.extend(part.into_iter().filter(|pair| !pairs.insert(*pair) && is_branch));
            }
            if !common.is_empty() {
                common.sort_unstable();
                common.dedup();
                clashes.insert(id, common);
            }
            match node {
                GlobalNode::Comm { sender, receiver, .. } => {
                    pairs.insert((*sender, *receiver));
                }
                GlobalNode::Choice { decider, branches } => {
                    pairs.extend(branches.iter().map(|(receiver, _, _)| (*decider, *receiver)));
                }
                _ => {}
            }
        }
        used.push(pairs);
    }
    clashes
}

#[cfg(test)]
mod tests;
