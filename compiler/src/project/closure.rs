//! The steps a role does not see, from a set of nodes on.

use super::key::{Key, Keys};
use super::live::View;
use super::machine::UNKNOWN;
use super::reads::arm_binds;
use crate::graph::{CaseOn, GVar, Graph, NodeId, NodeKind, Renamed, Role};
use crate::hir::Program;
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;
use tell_ir::implementable::Stop;

/// σ at a node: one slot per binding of `View::live`, in the same order.
pub(super) type Sigma = Rc<[u32]>;

/// How an item was reached, for explanations: its node, the item before it and which of that node's ways was taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    pub(super) node: NodeId,
    pub(super) before: u32,
    pub(super) way: u32,
}

/// The origin of the start has none before it.
pub(super) const START: u32 = u32::MAX;

/// A node the choreography can be at, with σ. The node is one the role does not pass in a step: see [`View::stop`].
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) node: NodeId,
    pub(super) stop: Stop,
    pub(super) sigma: Sigma,
    /// Index into the construction's origins.
    pub(super) origin: u32,
}

/// Numbers for slots while a state is being built: those of the state before, then what the action binds, then
/// constants that appear on the way.
#[derive(Debug, Default)]
pub(super) struct Provisional {
    first: u32,
    constants: Vec<(GVar, i64, bool)>,
}

impl Provisional {
    /// Constants are numbered from `first` on.
    pub(super) fn new(first: u32) -> Self {
        Self { first, constants: Vec::new() }
    }

    /// The constant behind a slot, if it is one.
    pub(super) fn constant(&self, slot: u32) -> Option<i64> {
        self.entry(slot).map(|(_, value, _)| value)
    }

    fn entry(&self, slot: u32) -> Option<(GVar, i64, bool)> {
        slot.checked_sub(self.first).and_then(|index| self.constants.get(index as usize)).copied()
    }

    fn add(&mut self, var: GVar, value: i64, counted: bool) -> u32 {
        let entry = (var, value, counted);
        let index = self.constants.iter().position(|known| *known == entry).unwrap_or_else(|| {
            self.constants.push(entry);
            self.constants.len() - 1
        });
        self.first + u32::try_from(index).expect("few constants")
    }

    /// A counter after one more round that the role did not see: known only for the first round after its start.
    fn count_down(&mut self, slot: u32) -> u32 {
        match self.entry(slot) {
            Some((var, value, false)) if value > 0 => self.add(var, value - 1, true),
            _ => UNKNOWN,
        }
    }
}

/// What is shared by all closures of a construction.
pub(super) struct Ground<'a> {
    pub(super) program: &'a Program,
    pub(super) graph: &'a Graph,
    pub(super) view: &'a View<'a>,
    pub(super) role: Role,
    pub(super) origins: Vec<Origin>,
    /// Shared decisions of pure types that the role cannot take everywhere, and so takes nowhere.
    pub(super) blind: FxHashSet<NodeId>,
}

impl Ground<'_> {
    /// An item at a stop behind way `way` of the node of origin `before`.
    pub(super) fn item(&mut self, (node, stop): (NodeId, Stop), sigma: Sigma, before: u32, way: usize) -> Item {
        let way = u32::try_from(way).expect("the node limit is below 2^32");
        self.origins.push(Origin { node, before, way });
        let origin = u32::try_from(self.origins.len() - 1).expect("the state limit is below 2^32");
        Item { node, stop, sigma, origin }
    }

    /// Whether the choreography cannot pass the item without the role.
    fn stays(&self, item: &Item) -> bool {
        self.view.demand(item.node, item.stop).is_some()
    }

    /// Whether the role could take part in a decision; it need not act again, its final values may depend on it.
    fn could_decide(&self, node: NodeId, deciders: &[Role]) -> bool {
        deciders.contains(&self.role) && !self.blind.contains(&node)
    }
}

/// The items of a closure by node and σ; most have no σ.
#[derive(Clone, Debug, Default)]
struct Seen {
    bare: FxHashMap<NodeId, u32>,
    others: FxHashMap<(NodeId, Sigma), u32>,
}

impl Seen {
    fn get(&self, node: NodeId, sigma: &Sigma) -> Option<u32> {
        if sigma.is_empty() { self.bare.get(&node) } else { self.others.get(&(node, sigma.clone())) }.copied()
    }

    fn insert(&mut self, item: &Item, index: u32) {
        if item.sigma.is_empty() {
            self.bare.insert(item.node, index);
        } else {
            self.others.insert((item.node, item.sigma.clone()), index);
        }
    }
}

/// All items reachable by unseen steps.
#[derive(Clone, Debug, Default)]
pub(super) struct Closure {
    pub(super) items: Vec<Item>,
    /// Unseen steps from item to item.
    steps: Vec<(u32, u32)>,
    /// Items at which the role acts, and ends.
    pub(super) frontier: Vec<u32>,
    /// Shared decisions the role could take, with their keys.
    pub(super) cases: Vec<(u32, Key)>,
    seen: Seen,
}

impl Closure {
    /// Follows unseen steps from the kernel, up to shared decisions the role could take part in.
    pub(super) fn new(
        ground: &mut Ground<'_>,
        keys: &mut Keys<'_>,
        kernel: Vec<Item>,
        slots: &mut Provisional,
    ) -> Self {
        let mut closure = Self::default();
        if let [item] = kernel.as_slice()
            && ground.stays(item)
        {
            // Most states are like this one: nothing to follow.
            return Self { frontier: vec![0], items: kernel, ..closure };
        }
        let mut todo: Vec<u32> = kernel.into_iter().filter_map(|item| closure.insert(item)).collect();
        todo.reverse();
        closure.follow(ground, keys, slots, todo);
        closure
    }

    fn insert(&mut self, item: Item) -> Option<u32> {
        let index = u32::try_from(self.items.len()).expect("the state limit is below 2^32");
        if self.seen.get(item.node, &item.sigma).is_some() {
            return None;
        }
        self.seen.insert(&item, index);
        self.items.push(item);
        Some(index)
    }

    /// Follows unseen steps from the items of the stack on, the first branch first.
    fn follow(&mut self, ground: &mut Ground<'_>, keys: &mut Keys<'_>, slots: &mut Provisional, mut todo: Vec<u32>) {
        let mut behind = Vec::new();
        while let Some(index) = todo.pop() {
            if ground.stays(&self.items[index as usize]) {
                self.frontier.push(index);
                continue;
            }
            let Item { node, ref sigma, .. } = self.items[index as usize];
            if let NodeKind::Case { deciders, on, arms } = &ground.graph.node(node).kind
                && ground.could_decide(node, deciders)
                && let Some(key) = keys.case(node, on, arms, sigma)
            {
                self.cases.push((index, key));
                continue;
            }
            self.step_unseen(ground, slots, index, &mut behind);
            todo.extend(behind.drain(..).rev());
        }
    }

    /// Adds what lies behind an item; `new` gets the items that were not there yet.
    fn step_unseen(&mut self, ground: &mut Ground<'_>, slots: &mut Provisional, index: u32, new: &mut Vec<u32>) {
        let Item { node, sigma, origin, .. } = self.items[index as usize].clone();
        let (graph, view, role, program) = (ground.graph, ground.view, ground.role, ground.program);
        let ways = graph.way_count(node);
        self.items.reserve(ways);
        self.seen.bare.reserve(if sigma.is_empty() { ways } else { 0 });
        let mut go = |closure: &mut Self, cont: NodeId, sigma: Sigma, way: usize| {
            let stop = view.stop(cont);
            let next = closure.seen.get(stop.0, &sigma).unwrap_or_else(|| {
                let item = ground.item(stop, sigma, origin, way);
                let next = closure.insert(item).expect("not seen before");
                new.push(next);
                next
            });
            closure.steps.push((index, next));
        };
        match &graph.node(node).kind {
            NodeKind::Rename { pairs, cont } => {
                let sigma = carry(view, node, &sigma, *cont, |var| match pairs.iter().find(|(to, _)| *to == var)? {
                    (_, Renamed::Var(from)) => Some(lookup(view, node, &sigma, *from)),
                    (_, Renamed::Int(value)) => Some(slots.add(var, *value, false)),
                });
                go(self, *cont, sigma, 0);
            }
            NodeKind::Case { deciders, on, arms } => {
                let decides = deciders.contains(&role);
                for (position, arm) in arms.iter().enumerate() {
                    let bound = if decides { arm_binds(program, graph, on, arm.pattern, position) } else { Vec::new() };
                    let sigma = carry(view, node, &sigma, arm.cont, |var| match on {
                        CaseOn::Counter(counter) if decides && *counter == var && position == 0 => {
                            Some(slots.count_down(lookup(view, node, &sigma, var)))
                        }
                        _ => bound.contains(&var).then_some(UNKNOWN),
                    });
                    go(self, arm.cont, sigma, position);
                }
            }
            _ => {
                for way in view.unseen(node) {
                    let cont = graph.successor(node, way);
                    let sigma = carry(view, node, &sigma, cont, |_| None);
                    go(self, cont, sigma, way);
                }
            }
        }
    }

    /// Takes the shared decisions that `pick` picks as unseen steps, also those with the same key met behind them.
    pub(super) fn expand(
        &mut self,
        ground: &mut Ground<'_>,
        keys: &mut Keys<'_>,
        slots: &mut Provisional,
        pick: &dyn Fn(&Key) -> bool,
    ) {
        while self.cases.iter().any(|(_, key)| pick(key)) {
            let (picked, kept): (Vec<_>, Vec<_>) =
                std::mem::take(&mut self.cases).into_iter().partition(|(_, key)| pick(key));
            self.cases = kept;
            let mut todo = Vec::new();
            for (index, _) in picked {
                self.step_unseen(ground, slots, index, &mut todo);
            }
            self.follow(ground, keys, slots, todo);
        }
    }

    /// Takes these shared decisions as unseen steps, but not those met behind them.
    pub(super) fn pass(
        &mut self,
        ground: &mut Ground<'_>,
        keys: &mut Keys<'_>,
        slots: &mut Provisional,
        decisions: &[u32],
    ) {
        self.cases.retain(|(index, _)| !decisions.contains(index));
        let mut todo = Vec::new();
        for index in decisions {
            self.step_unseen(ground, slots, *index, &mut todo);
        }
        self.follow(ground, keys, slots, todo);
    }

    /// The shared decisions behind which every arm leads to the same places, with every value known: the role need not
    /// look at them. A decision that is met again by a loop is no place of its own.
    pub(super) fn needless(&self, ground: &mut Ground<'_>, keys: &mut Keys<'_>, slots: &mut Provisional) -> Vec<u32> {
        let decisions = self.cases.iter().map(|(index, _)| *index);
        decisions.filter(|decision| self.arms_agree(ground, keys, slots, *decision)).collect()
    }

    fn arms_agree(&self, ground: &mut Ground<'_>, keys: &mut Keys<'_>, slots: &mut Provisional, decision: u32) -> bool {
        let item = self.items[decision as usize].clone();
        let node = item.node;
        let mut behind = Self::default();
        let first = behind.insert(item).expect("the first item is new");
        let mut todo = Vec::new();
        behind.step_unseen(ground, slots, first, &mut todo);
        let arms: Vec<u32> = behind.steps.iter().map(|(_, arm)| *arm).collect();
        behind.follow(ground, keys, slots, todo);
        while let Some(again) = behind.cases.iter().position(|(case, _)| behind.items[*case as usize].node == node) {
            let (case, _) = behind.cases.swap_remove(again);
            let mut todo = Vec::new();
            behind.step_unseen(ground, slots, case, &mut todo);
            behind.follow(ground, keys, slots, todo);
        }
        let known = |place: &u32| !behind.items[*place as usize].sigma.contains(&UNKNOWN);
        let mut next = vec![Vec::new(); behind.items.len()];
        behind.steps.iter().for_each(|(from, to)| next[*from as usize].push(*to));
        let mut arms = arms.into_iter().map(|arm| behind.places_behind(arm, &next));
        let Some(one) = arms.next() else { return true };
        one.iter().all(known) && arms.all(|other| other == one)
    }

    /// Where the role acts or decides, reachable by unseen steps, ascending.
    fn places_behind(&self, from: u32, next: &[Vec<u32>]) -> Vec<u32> {
        let mut seen = vec![false; next.len()];
        let mut todo = vec![from];
        while let Some(index) = todo.pop() {
            if !std::mem::replace(&mut seen[index as usize], true) {
                todo.extend(&next[index as usize]);
            }
        }
        let places = self.frontier.iter().copied().chain(self.cases.iter().map(|(index, _)| *index));
        let mut places: Vec<u32> = places.filter(|index| seen[*index as usize]).collect();
        places.sort_unstable();
        places
    }

    /// The shared decisions that the role takes here with some values and cannot see with others.
    pub(super) fn seen_through(&self) -> FxHashSet<NodeId> {
        let node = |index: u32| self.items[index as usize].node;
        let decided: FxHashSet<NodeId> = self.cases.iter().map(|(index, _)| node(*index)).collect();
        if decided.is_empty() {
            return decided;
        }
        self.steps.iter().map(|(from, _)| node(*from)).filter(|node| decided.contains(node)).collect()
    }

    /// Whether some run passes here without the role ever acting again.
    pub(super) fn may_end(&self, view: &View<'_>) -> bool {
        self.items.iter().any(|item| !view.can_act(item.node))
    }

    /// The nodes of the frontier, each once.
    pub(super) fn nodes(&self) -> Box<[NodeId]> {
        if let [index] = self.frontier.as_slice()
            && self.cases.is_empty()
        {
            return [self.items[*index as usize].node].into();
        }
        let mut seen = FxHashSet::default();
        let places = self.frontier.iter().copied().chain(self.cases.iter().map(|(index, _)| *index));
        places.map(|index| self.items[index as usize].node).filter(|node| seen.insert(*node)).collect()
    }
}

/// A closure that waits until its state is made; most are one item only.
pub(super) enum Waiting {
    Alone(Item),
    Several(Box<Closure>),
}

impl From<Closure> for Waiting {
    fn from(mut closure: Closure) -> Self {
        match closure.items.pop() {
            Some(item) if closure.items.is_empty() && closure.cases.is_empty() => Self::Alone(item),
            last => {
                closure.items.extend(last);
                Self::Several(Box::new(closure))
            }
        }
    }
}

impl From<Waiting> for Closure {
    fn from(waiting: Waiting) -> Self {
        match waiting {
            Waiting::Alone(item) => Self { items: vec![item], frontier: vec![0], ..Self::default() },
            Waiting::Several(closure) => *closure,
        }
    }
}

/// The slot of a binding at a node.
pub(super) fn lookup(view: &View<'_>, node: NodeId, sigma: &[u32], var: GVar) -> u32 {
    view.live(node).binary_search(&var).map_or(UNKNOWN, |index| sigma[index])
}

/// σ behind a step from `node` to `cont`: what `bound` gives, else what it was.
pub(super) fn carry(
    view: &View<'_>,
    node: NodeId,
    sigma: &Sigma,
    cont: NodeId,
    mut bound: impl FnMut(GVar) -> Option<u32>,
) -> Sigma {
    let (before, behind) = (view.live(node), view.live(cont));
    let mut changed = !Rc::ptr_eq(before, behind);
    // Both lists ascend, so one pass finds the slot each binding had.
    let mut at = 0;
    let mapped: Vec<u32> = behind
        .iter()
        .map(|var| {
            while at < before.len() && before[at] < *var {
                at += 1;
            }
            let had = if before.get(at) == Some(var) { sigma[at] } else { UNKNOWN };
            match bound(*var) {
                Some(slot) => {
                    changed |= slot != had;
                    slot
                }
                None => had,
            }
        })
        .collect();
    if changed { mapped.into() } else { sigma.clone() }
}
