//! The steps a role does not see, from a set of nodes on.

use super::key::{Key, Keys};
use super::live::{View, acts, arm_binds};
use super::machine::UNKNOWN;
use crate::graph::{CaseOn, GVar, Graph, NodeId, NodeKind, Renamed, Role};
use crate::hir::Program;
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

/// σ at a node: one slot per binding of `View::live`, in the same order.
pub(super) type Sigma = Rc<[u32]>;

/// How an item was reached, for explanations: its node and the item before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    pub(super) node: NodeId,
    pub(super) before: Option<u32>,
}

/// A node the choreography can be at, with σ.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) node: NodeId,
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
    pub(super) view: &'a View,
    pub(super) role: Role,
    pub(super) origins: Vec<Origin>,
}

/// All items reachable by unseen steps.
#[derive(Clone, Debug, Default)]
pub(super) struct Closure {
    pub(super) items: Vec<Item>,
    /// Items directly behind each one by unseen steps.
    pub(super) next: Vec<Vec<u32>>,
    /// Items at which the role acts, and ends.
    pub(super) frontier: Vec<u32>,
    /// Shared decisions the role could take, with their keys.
    pub(super) cases: Vec<(u32, Key)>,
    seen: FxHashMap<(NodeId, Sigma), u32>,
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
        let mut todo: Vec<u32> = kernel.into_iter().filter_map(|item| closure.insert(item)).collect();
        closure.follow(ground, keys, slots, &mut todo);
        closure
    }

    fn insert(&mut self, item: Item) -> Option<u32> {
        let index = u32::try_from(self.items.len()).expect("the state limit is below 2^32");
        match self.seen.entry((item.node, item.sigma.clone())) {
            std::collections::hash_map::Entry::Occupied(_) => None,
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(index);
                self.items.push(item);
                self.next.push(Vec::new());
                Some(index)
            }
        }
    }

    fn follow(&mut self, ground: &mut Ground<'_>, keys: &mut Keys<'_>, slots: &mut Provisional, todo: &mut Vec<u32>) {
        while let Some(index) = todo.pop() {
            let Item { node, ref sigma, .. } = self.items[index as usize];
            let kind = &ground.graph.node(node).kind;
            if acts(kind, ground.role) || matches!(kind, NodeKind::End { .. }) {
                self.frontier.push(index);
                continue;
            }
            if let NodeKind::Case { deciders, on, arms } = kind
                && deciders.contains(&ground.role)
                && ground.view.can_act[node.index()]
                && let Some(key) = keys.case(node, on, arms, sigma)
            {
                self.cases.push((index, key));
                continue;
            }
            self.step_unseen(ground, slots, index, todo);
        }
    }

    /// Adds what lies behind an item.
    fn step_unseen(&mut self, ground: &mut Ground<'_>, slots: &mut Provisional, index: u32, todo: &mut Vec<u32>) {
        let Item { node, sigma, origin } = self.items[index as usize].clone();
        let graph = ground.graph;
        let mut go = |closure: &mut Self, cont: NodeId, sigma: Sigma| {
            let known = closure.seen.get(&(cont, sigma.clone())).copied();
            let next = known.unwrap_or_else(|| {
                ground.origins.push(Origin { node: cont, before: Some(origin) });
                let origin = u32::try_from(ground.origins.len() - 1).expect("the state limit is below 2^32");
                let next = closure.insert(Item { node: cont, sigma, origin }).expect("not seen before");
                todo.push(next);
                next
            });
            closure.next[index as usize].push(next);
        };
        let view = ground.view;
        match &graph.node(node).kind {
            NodeKind::Rename { pairs, cont } => {
                let sigma = carry(view, node, &sigma, *cont, |var| match pairs.iter().find(|(to, _)| *to == var)? {
                    (_, Renamed::Var(from)) => Some(lookup(view, node, &sigma, *from)),
                    (_, Renamed::Int(value)) => Some(slots.add(var, *value, false)),
                });
                go(self, *cont, sigma);
            }
            NodeKind::Case { deciders, on, arms } => {
                let decides = deciders.contains(&ground.role);
                for (position, arm) in arms.iter().enumerate() {
                    let bound =
                        if decides { arm_binds(ground.program, graph, on, arm.pattern, position) } else { Vec::new() };
                    let sigma = carry(view, node, &sigma, arm.cont, |var| match on {
                        CaseOn::Counter(counter) if decides && *counter == var && position == 0 => {
                            Some(slots.count_down(lookup(view, node, &sigma, var)))
                        }
                        _ => bound.contains(&var).then_some(UNKNOWN),
                    });
                    go(self, arm.cont, sigma);
                }
            }
            _ => {
                for cont in graph.successors(node) {
                    let sigma = carry(view, node, &sigma, cont, |_| None);
                    go(self, cont, sigma);
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
            self.follow(ground, keys, slots, &mut todo);
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
        self.follow(ground, keys, slots, &mut todo);
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
        behind.follow(ground, keys, slots, &mut todo);
        while let Some(again) = behind.cases.iter().position(|(case, _)| behind.items[*case as usize].node == node) {
            let (case, _) = behind.cases.swap_remove(again);
            behind.step_unseen(ground, slots, case, &mut todo);
            behind.follow(ground, keys, slots, &mut todo);
        }
        let known = |place: &u32| !behind.items[*place as usize].sigma.contains(&UNKNOWN);
        let mut arms = behind.next[first as usize].iter().map(|arm| behind.places_behind(*arm));
        let Some(one) = arms.next() else { return true };
        one.iter().all(known) && arms.all(|other| other == one)
    }

    /// Where the role acts or decides, reachable by unseen steps, ascending.
    fn places_behind(&self, from: u32) -> Vec<u32> {
        let mut seen = vec![false; self.items.len()];
        let mut todo = vec![from];
        while let Some(index) = todo.pop() {
            if !std::mem::replace(&mut seen[index as usize], true) {
                todo.extend(&self.next[index as usize]);
            }
        }
        let places = self.frontier.iter().copied().chain(self.cases.iter().map(|(index, _)| *index));
        let mut places: Vec<u32> = places.filter(|index| seen[*index as usize]).collect();
        places.sort_unstable();
        places
    }

    /// Which items have an unseen path to one of `targets`.
    pub(super) fn reaching(&self, targets: &[u32]) -> Vec<bool> {
        let mut before: Vec<Vec<u32>> = vec![Vec::new(); self.items.len()];
        for (index, next) in (0..).zip(&self.next) {
            next.iter().for_each(|next| before[*next as usize].push(index));
        }
        let mut reaching = vec![false; self.items.len()];
        let mut todo = targets.to_vec();
        while let Some(index) = todo.pop() {
            if !std::mem::replace(&mut reaching[index as usize], true) {
                todo.extend(&before[index as usize]);
            }
        }
        reaching
    }

    /// Whether some run passes here without the role ever acting again.
    pub(super) fn may_end(&self, view: &View) -> bool {
        self.items.iter().any(|item| !view.can_act[item.node.index()])
    }

    /// The nodes of the frontier, each once.
    pub(super) fn nodes(&self) -> Vec<NodeId> {
        let mut seen = FxHashSet::default();
        let places = self.frontier.iter().copied().chain(self.cases.iter().map(|(index, _)| *index));
        places.map(|index| self.items[index as usize].node).filter(|node| seen.insert(*node)).collect()
    }
}

/// The slot of a binding at a node.
pub(super) fn lookup(view: &View, node: NodeId, sigma: &[u32], var: GVar) -> u32 {
    view.live[node.index()].binary_search(&var).map_or(UNKNOWN, |index| sigma[index])
}

/// σ behind a step from `node` to `cont`: what `bound` gives, else what it was.
pub(super) fn carry(
    view: &View,
    node: NodeId,
    sigma: &Sigma,
    cont: NodeId,
    mut bound: impl FnMut(GVar) -> Option<u32>,
) -> Sigma {
    let (before, behind) = (&view.live[node.index()], &view.live[cont.index()]);
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
