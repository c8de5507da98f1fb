//! A local type as a graph of states: binders and variables are gone, a variable is an edge back.
//!
//! The graph is the regular tree of the type (Gay and Hole 2005, §3) with equal positions shared. An arena may be a
//! DAG in which one node stands below several binders of the same name; such a node has one state per *meaning* of its
//! free variables, so that neither a chain of a million nodes nor a DAG whose tree is exponential costs more than it
//! should. Start with [`Behaviour::new`].

use super::Fault;
use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use std::collections::BTreeSet;
use tell_ir::local::{LocalId, LocalNode, LocalType};
use tell_ir::sort::{Label, Sort};

/// Most states of a type.
pub(super) const MAX_STATES: usize = 1 << 22;

/// Index into [`Behaviour::states`].
pub(super) type State = u32;

/// Names and sorts of two types, numbered.
#[derive(Default)]
pub(super) struct Names {
    names: IndexSet<String, FxBuildHasher>,
    sorts: IndexSet<Sort, FxBuildHasher>,
}

/// A label to or from a partner; the direction is that of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Action {
    pub(super) partner: u32,
    pub(super) label: u32,
    pub(super) sort: u32,
}

/// Which way messages go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Direction {
    /// A choice of the role.
    Send,
    /// A choice it is told of.
    Recv,
}

/// What is not a communication; the parts of two of one shape are compared one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// The names of the arms, sorted.
    Case(Vec<u32>),
    /// The number of parts: branches, then what follows.
    Par(usize),
    /// Owner, and sorted names of the outcomes; the parts are body, outcomes, what follows.
    Timed(u32, Vec<u32>),
}

/// What a role does in a state.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// Nothing more.
    End,
    /// One of these, sorted and distinct.
    Comm(Direction, Vec<Action>),
    /// An extension of the core.
    Parts(Shape),
}

/// A state and where it leads, one target per action or part.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) targets: Vec<State>,
}

/// The graph; it starts in state 0 unless [`Behaviour::start`] says otherwise.
pub(super) struct Behaviour {
    pub(super) states: Vec<Node>,
    pub(super) start: State,
}

impl Names {
    fn name(&mut self, name: &str) -> u32 {
        let known = self.names.get_index_of(name);
        number(known.unwrap_or_else(|| self.names.insert_full(name.to_owned()).0))
    }

    fn action(&mut self, partner: &str, label: &Label) -> Action {
        let sort = self.sorts.get_index_of(&label.sort);
        let sort = sort.unwrap_or_else(|| self.sorts.insert_full(label.sort.clone()).0);
        Action { partner: self.name(partner), label: self.name(&label.name), sort: number(sort) }
    }

    pub(super) fn text(&self, name: u32) -> &str {
        &self.names[name as usize]
    }

    /// `B!label(sort)`
    pub(super) fn message(&self, direction: Direction, action: Action) -> String {
        let label = Label { name: self.text(action.label).to_owned(), sort: self.sorts[action.sort as usize].clone() };
        format!("{}{}{label}", self.text(action.partner), direction.sign())
    }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).expect("an arena has fewer than 2^32 names and nodes")
}

impl Direction {
    pub(super) const fn sign(self) -> char {
        match self {
            Self::Send => '!',
            Self::Recv => '?',
        }
    }
}

impl Kind {
    /// Whether all messages are of one partner; then its name.
    pub(super) fn partner(&self) -> Option<u32> {
        match self {
            Self::Comm(_, actions) => one_partner(actions.iter().copied()),
            Self::End | Self::Parts(_) => None,
        }
    }
}

/// The partner of all actions, if there is one.
pub(super) fn one_partner(mut actions: impl Iterator<Item = Action>) -> Option<u32> {
    let partner = actions.next()?.partner;
    actions.all(|action| action.partner == partner).then_some(partner)
}

impl Behaviour {
    /// The graph of a type.
    pub(super) fn new(local: &LocalType, names: &mut Names) -> Result<Self, Fault> {
        let parents = parents(local)?;
        let mut build = Build {
            local,
            free: free(local, &parents, names)?,
            names,
            states: Vec::new(),
            frames: Vec::new(),
            bound: FxHashMap::default(),
            known: FxHashMap::default(),
            tasks: Vec::new(),
        };
        let start = build.run()?;
        Ok(Self { states: build.states, start })
    }

    pub(super) fn node(&self, state: State) -> &Node {
        &self.states[state as usize]
    }

    /// Number of states and actions.
    pub(super) fn size(&self) -> usize {
        self.states.iter().map(|node| 1 + node.targets.len()).sum()
    }

    /// A step from a state, for people.
    pub(super) fn step(&self, names: &Names, state: State, slot: usize) -> String {
        let last = self.node(state).targets.len() - 1;
        match &self.node(state).kind {
            Kind::End => "end".to_owned(),
            Kind::Comm(direction, actions) => names.message(*direction, actions[slot]),
            Kind::Parts(Shape::Case(arms)) => format!("case {}", names.text(arms[slot])),
            Kind::Parts(Shape::Par(_) | Shape::Timed(..)) if slot == last => "then".to_owned(),
            Kind::Parts(Shape::Par(_)) => format!("branch {}", slot + 1),
            Kind::Parts(Shape::Timed(..)) if slot == 0 => "body".to_owned(),
            Kind::Parts(Shape::Timed(_, outcomes)) => format!("on {}", names.text(outcomes[slot - 1])),
        }
    }

    /// What can be done in a state, for people; the first few of many.
    pub(super) fn head(&self, names: &Names, state: State) -> String {
        const SHOWN: usize = 8;
        let count = self.node(state).targets.len();
        let steps = || (0..count.min(SHOWN)).map(|slot| self.step(names, state, slot));
        let dots = if count > SHOWN { ", …" } else { "" };
        match &self.node(state).kind {
            Kind::End => "end".to_owned(),
            Kind::Comm(_, actions) if actions.len() == 1 => steps().collect(),
            Kind::Comm(direction, _) => {
                let sign = if *direction == Direction::Send { '+' } else { '&' };
                format!("{sign}{{{}{dots}}}", steps().collect::<Vec<_>>().join(", "))
            }
            Kind::Parts(Shape::Case(_)) => format!("{}{dots}", steps().collect::<Vec<_>>().join(", ")),
            Kind::Parts(Shape::Par(parts)) => format!("par of {} branches", parts - 1),
            Kind::Parts(Shape::Timed(owner, _)) => format!("timed {}", names.text(*owner)),
        }
    }
}

/// The subterms of a node.
fn children(node: &LocalNode) -> Vec<LocalId> {
    match node {
        LocalNode::End | LocalNode::Var(_) => Vec::new(),
        LocalNode::Rec(_, body) => vec![*body],
        LocalNode::Send(_, rows) | LocalNode::Recv(_, rows) => rows.iter().map(|(_, then)| *then).collect(),
        LocalNode::SendAny(rows) | LocalNode::RecvAny(rows) => rows.iter().map(|(_, _, then)| *then).collect(),
        LocalNode::Case(arms) => arms.iter().map(|(_, then)| *then).collect(),
        LocalNode::Par { branches, then } => branches.iter().chain([then]).copied().collect(),
        LocalNode::Timed { body, outcomes, then, .. } => {
            [*body].into_iter().chain(outcomes.iter().map(|(_, block)| *block)).chain([*then]).collect()
        }
    }
}

/// How often each node is a subterm. Checks the arena: children come before their parents.
fn parents(local: &LocalType) -> Result<Vec<u32>, Fault> {
    let mut parents = vec![0u32; local.nodes.len()];
    if local.root.0 as usize >= parents.len() {
        return Err(Fault::Arena);
    }
    for (index, node) in local.nodes.iter().enumerate() {
        for child in children(node) {
            if child.0 as usize >= index {
                return Err(Fault::Arena);
            }
            parents[child.0 as usize] = parents[child.0 as usize].saturating_add(1);
        }
    }
    Ok(parents)
}

/// The free variables of every node with several parents.
///
/// A set moves from a node to its only parent and is copied only below shared nodes; of two sets the smaller is put
/// into the larger. The copies are counted, because a hostile arena can make them quadratic.
fn free(local: &LocalType, parents: &[u32], names: &mut Names) -> Result<Vec<Option<BTreeSet<u32>>>, Fault> {
    let mut free: Vec<BTreeSet<u32>> = Vec::with_capacity(local.nodes.len());
    let mut copied = 0;
    for node in &local.nodes {
        let mut set = BTreeSet::new();
        for child in children(node) {
            let below = &mut free[child.0 as usize];
            let mut part = if parents[child.0 as usize] > 1 {
                copied += below.len();
                below.clone()
            } else {
                std::mem::take(below)
            };
            if part.len() > set.len() {
                std::mem::swap(&mut part, &mut set);
            }
            set.append(&mut part);
        }
        match node {
            LocalNode::Var(name) => {
                set.insert(names.name(name));
            }
            LocalNode::Rec(name, _) => {
                set.remove(&names.name(name));
            }
            _ => {}
        }
        if copied > 4 * MAX_STATES {
            return Err(Fault::TooLarge(MAX_STATES));
        }
        free.push(set);
    }
    Ok(free.into_iter().zip(parents).map(|(set, parents)| (*parents > 1).then_some(set)).collect())
}

/// A step of the depth-first walk.
enum Task {
    /// Finds the state of a node and makes it a target.
    Visit(LocalId, State, usize),
    /// The binder goes out of scope.
    Unbind(u32),
}

struct Build<'a> {
    local: &'a LocalType,
    names: &'a mut Names,
    /// Free variables of shared nodes; others are met once for each time their parent is.
    free: Vec<Option<BTreeSet<u32>>>,
    states: Vec<Node>,
    /// Binders met so far and the state of their bodies; none while only binders were met since.
    frames: Vec<Option<State>>,
    /// The frames of a variable, innermost last.
    bound: FxHashMap<u32, Vec<usize>>,
    /// States of shared nodes, by the innermost frame that gives one of their free variables its meaning.
    known: FxHashMap<(LocalId, usize), State>,
    tasks: Vec<Task>,
}

impl Build<'_> {
    fn run(&mut self) -> Result<State, Fault> {
        let start = self.visit(self.local.root)?;
        while let Some(task) = self.tasks.pop() {
            match task {
                Task::Visit(id, state, slot) => {
                    let target = self.visit(id)?;
                    self.states[state as usize].targets[slot] = target;
                }
                Task::Unbind(name) => {
                    self.bound.get_mut(&name).and_then(Vec::pop);
                }
            }
        }
        Ok(start)
    }

    /// The state of a node; what is below a new one is put on the stack.
    fn visit(&mut self, mut id: LocalId) -> Result<State, Fault> {
        let first_frame = self.frames.len();
        let local = self.local;
        while let LocalNode::Rec(name, body) = local.node(id) {
            let name = self.names.name(name);
            self.bound.entry(name).or_default().push(self.frames.len());
            self.frames.push(None);
            self.tasks.push(Task::Unbind(name));
            id = *body;
        }
        let state = match local.node(id) {
            LocalNode::Var(name) => self.variable(name)?,
            node => self.state(id, node)?,
        };
        for frame in &mut self.frames[first_frame..] {
            *frame = Some(state);
        }
        Ok(state)
    }

    fn variable(&mut self, name: &str) -> Result<State, Fault> {
        let number = self.names.name(name);
        let Some(frame) = self.bound.get(&number).and_then(|frames| frames.last()) else {
            return Err(Fault::Unbound(name.to_owned()));
        };
        self.frames[*frame].ok_or_else(|| Fault::Unguarded(name.to_owned()))
    }

    fn state(&mut self, id: LocalId, node: &LocalNode) -> Result<State, Fault> {
        // Frame n is written n + 1; a closed node means the same everywhere.
        let innermost = |name: &u32| self.bound.get(name).and_then(|frames| frames.last()).map_or(0, |frame| frame + 1);
        let free = self.free[id.0 as usize].as_ref();
        let meaning = free.map(|names| (id, names.iter().map(innermost).max().unwrap_or(0)));
        if let Some(state) = meaning.and_then(|meaning| self.known.get(&meaning)) {
            return Ok(*state);
        }
        if self.states.len() >= MAX_STATES {
            return Err(Fault::TooLarge(MAX_STATES));
        }
        let (kind, below) = self.kind(node)?;
        let state = number(self.states.len());
        self.known.extend(meaning.map(|meaning| (meaning, state)));
        self.tasks.extend(below.iter().enumerate().rev().map(|(slot, id)| Task::Visit(*id, state, slot)));
        self.states.push(Node { kind, targets: vec![state; below.len()] });
        Ok(state)
    }

    fn kind(&mut self, node: &LocalNode) -> Result<(Kind, Vec<LocalId>), Fault> {
        let names = &mut *self.names;
        Ok(match node {
            LocalNode::End | LocalNode::Var(_) | LocalNode::Rec(..) => (Kind::End, Vec::new()),
            LocalNode::Send(partner, rows) => {
                let rows = rows.iter().map(|(label, then)| (names.action(partner, label), *then)).collect();
                self.comm(Direction::Send, rows)?
            }
            LocalNode::Recv(partner, rows) => {
                let rows = rows.iter().map(|(label, then)| (names.action(partner, label), *then)).collect();
                self.comm(Direction::Recv, rows)?
            }
            LocalNode::SendAny(rows) => {
                let rows = rows.iter().map(|(partner, label, then)| (names.action(partner, label), *then)).collect();
                self.comm(Direction::Send, rows)?
            }
            LocalNode::RecvAny(rows) => {
                let rows = rows.iter().map(|(partner, label, then)| (names.action(partner, label), *then)).collect();
                self.comm(Direction::Recv, rows)?
            }
            LocalNode::Case(arms) => {
                let (names, below) = sorted(names, arms);
                (Kind::Parts(Shape::Case(names)), below)
            }
            LocalNode::Par { branches, .. } => (Kind::Parts(Shape::Par(branches.len() + 1)), children(node)),
            LocalNode::Timed { owner, body, outcomes, then } => {
                let owner = names.name(owner);
                let (names, blocks) = sorted(names, outcomes);
                let below = [*body].into_iter().chain(blocks).chain([*then]).collect();
                (Kind::Parts(Shape::Timed(owner, names)), below)
            }
        })
    }

    fn comm(&self, direction: Direction, mut rows: Vec<(Action, LocalId)>) -> Result<(Kind, Vec<LocalId>), Fault> {
        if rows.is_empty() {
            return Err(Fault::NoBranches);
        }
        rows.sort_unstable();
        let mut seen = FxHashSet::default();
        if let Some((twice, _)) = rows.iter().find(|(action, _)| !seen.insert((action.partner, action.label))) {
            return Err(Fault::Duplicate(self.names.text(twice.label).to_owned()));
        }
        let (actions, below) = rows.into_iter().unzip();
        Ok((Kind::Comm(direction, actions), below))
    }
}

/// Arms by name. Arms of one name, which patterns may have, keep their order.
fn sorted(names: &mut Names, arms: &[(String, LocalId)]) -> (Vec<u32>, Vec<LocalId>) {
    let mut arms: Vec<(u32, LocalId)> = arms.iter().map(|(name, then)| (names.name(name), *then)).collect();
    arms.sort_by_key(|(name, _)| *name);
    arms.into_iter().unzip()
}
