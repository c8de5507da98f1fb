//! States: what a closure lets the role do. Whether that can be carried out is said in [`super::conditions`].

use super::Limits;
use super::closure::{Closure, Ground, Item, Origin, Provisional, START, Sigma, Waiting, carry, lookup};
use super::entries::Entries;
use super::key::{Key, Keys};
use super::live::View;
use super::machine::{Finals, Inside, Kind, Machine, Rows, Site, State, StateId, Step, UNKNOWN, Value};
use super::offers::{Frontier, Offer, Offers};
use super::reads::{action_binds, arm_binds, reads};
use super::rejection::{Rejection, Rule, Run};
use crate::graph::{GVar, Graph, Guard, NodeId, NodeKind, Role, entries_of};
use crate::hir::Program;
use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use std::collections::VecDeque;
use tell_ir::implementable::{Availability, Stop};
use tell_language::symbol::Symbol;

/// Whether the conditions of implementability are checked, or the machine is built as it comes (a *subset machine*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checks {
    On,
    Off,
}

/// What is known about a role besides its machine.
pub(super) struct Built {
    pub(super) machine: Machine,
    /// Two runs, in one of which nothing comes any more while the role waits.
    pub(super) may_wait: Option<[Run; 2]>,
}

/// Why there is no machine.
pub(super) enum Failure {
    Rejected(Box<Rejection>),
    /// A shared decision of a pure type that the role could take in some states only: it has to take it in none.
    Blind(NodeId),
    /// A binding is carried over a join of that node by runs that look the same, and has different values in them: behind the
    /// join it is unknown.
    Blurred(NodeId, GVar),
}

pub(super) type Result<T> = std::result::Result<T, Failure>;

/// What makes two states the same.
enum StateKey {
    /// Most states are one act of the role, with the slots numbered as they come.
    Act(u32),
    /// The role is done.
    Finished,
    /// Whether the role may be done, and the places with σ.
    Places(Vec<u32>),
}

/// So many slots count like one more member of a state, for the limit.
const SIGMA: usize = 256;

/// Stands for every node at which the role is finished.
const FINISHED: u32 = u32::MAX;

/// What a role is not to look at; more and more as the construction fails for it.
#[derive(Clone, Default)]
pub(super) struct Unseen {
    /// See [`Failure::Blind`].
    pub(super) blind: FxHashSet<NodeId>,
    /// See [`Failure::Blurred`].
    pub(super) blurred: FxHashSet<(NodeId, GVar)>,
}

/// For a node and its branch: what lies behind the action, and the bindings it makes, in order.
type Behind<'b> = dyn Fn(&Graph, NodeId, usize) -> (NodeId, Vec<GVar>) + 'b;

/// The subset construction for one role.
pub(super) struct Construction<'a> {
    pub(super) ground: Ground<'a>,
    keys: Keys<'a>,
    pub(super) available: Availability<'a, Graph>,
    pub(super) limits: Limits,
    checks: Checks,
    states: Vec<State>,
    /// The states of [`StateKey::Act`].
    of_act: Vec<Option<StateId>>,
    /// The state of [`StateKey::Finished`].
    finished: Option<StateId>,
    /// The states of [`StateKey::Places`].
    of_places: FxHashMap<Vec<u32>, StateId>,
    todo: VecDeque<(StateId, Waiting, u32)>,
    entries: Entries,
    /// Members of all states so far, for the limit.
    members: usize,
    /// The part in which the next state lies.
    pub(super) inside: Option<Inside>,
    pub(super) blurred: FxHashSet<(NodeId, GVar)>,
    pub(super) may_wait: Option<[Run; 2]>,
    pub(super) is_coinductive: bool,
    /// Whether two labels have one name.
    pub(super) has_alike_labels: bool,
}

impl<'a> Construction<'a> {
    pub(super) fn new(
        program: &'a Program,
        graph: &'a Graph,
        view: &'a View<'a>,
        role: Role,
        (limits, checks): (Limits, Checks),
        unseen: Unseen,
    ) -> Self {
        let Unseen { blind, blurred } = unseen;
        Self {
            ground: Ground { program, graph, view, role, origins: Vec::new(), blind },
            keys: Keys::new(program, graph, view),
            available: Availability::new(graph, role, limits.projection_states),
            limits,
            checks,
            states: Vec::new(),
            of_act: vec![None; view.act_count()],
            finished: None,
            of_places: FxHashMap::default(),
            todo: VecDeque::new(),
            entries: Entries::default(),
            members: 0,
            inside: None,
            blurred,
            may_wait: None,
            is_coinductive: true,
            has_alike_labels: has_alike_labels(graph),
        }
    }

    /// Builds the machine.
    pub(super) fn run(mut self) -> Result<Built> {
        let graph = self.ground.graph;
        let params: Vec<GVar> = graph.params_of(self.ground.role).iter().map(|(_, _, var)| *var).collect();
        let slots: FxHashMap<GVar, u32> = params.iter().copied().zip(0..).collect();
        let slot = |var: &GVar| slots.get(var).copied().unwrap_or(UNKNOWN);
        let sigma: Sigma = self.ground.view.live(graph.start).iter().map(slot).collect();
        let (node, stop) = self.ground.view.stop(graph.start);
        self.ground.origins.push(Origin { node: graph.start, before: START, way: 0 });
        let origin = if node == graph.start { 0 } else { self.ground.item((node, stop), sigma.clone(), 0, 0).origin };
        let first = u32::try_from(params.len()).expect("few parameters");
        let values: Vec<Value> = params.iter().map(|param| Value::Param(*param)).collect();
        let kernel = (vec![Item { node, stop, sigma, origin }], &[graph.start][..]);
        let step = self.enter(kernel, &values, Provisional::new(first))?;
        while let Some((id, waiting, slots)) = self.todo.pop_front() {
            self.inside = self.states[id.0 as usize].inside;
            let kind = self.kind(&waiting.into(), (id, slots))?;
            self.states[id.0 as usize].kind = kind;
        }
        let (entries, decisions) = self.entries.finish();
        let machine = Machine {
            role: self.ground.role,
            states: self.states,
            start: step.values,
            is_coinductive: self.is_coinductive,
            entries,
            decisions,
        };
        Ok(Built { machine, may_wait: self.may_wait })
    }

    /// The state of a kernel, given as items and as the nodes they are stops of; new if it was not met before. `values`
    /// says what the provisional slots are.
    fn enter(&mut self, kernel: (Vec<Item>, &[NodeId]), values: &[Value], mut slots: Provisional) -> Result<Step> {
        let (kernel, nodes) = kernel;
        let mut closure = Closure::new(&mut self.ground, &mut self.keys, kernel, &mut slots);
        self.settle_cases(&mut closure, &mut slots)?;
        let order = self.renumber(&mut closure);
        let values = order
            .iter()
            .map(|slot| match values.get(*slot as usize) {
                Some(value) => *value,
                None => Value::Int(slots.constant(*slot).expect("a provisional slot is a value or a constant")),
            })
            .collect();
        let key = self.state_key(&closure);
        if let Some(target) = self.known(&key) {
            self.entries.add(self.ground.graph, target, nodes, &closure);
            return Ok(Step { target, values });
        }
        self.members += closure.items.iter().map(|item| 1 + item.sigma.len() / SIGMA).sum::<usize>();
        // Every state has a member.
        if self.members > self.limits.projection_states {
            return Err(self.reject(Rule::TooManyStates, &closure, [(0, 0), (0, 0)]));
        }
        let target = StateId(u32::try_from(self.states.len()).expect("the state limit is below 2^32"));
        match key {
            StateKey::Act(act) => self.of_act[act as usize] = Some(target),
            StateKey::Finished => self.finished = Some(target),
            StateKey::Places(places) => _ = self.of_places.insert(places, target),
        }
        self.entries.add(self.ground.graph, target, nodes, &closure);
        // What the role does here is filled in when the closure is taken from the queue.
        let slots = u32::try_from(order.len()).expect("fewer slots than bindings");
        let kind = Kind::Join { carried: [].into() };
        self.states.push(State { kind, slots, nodes: closure.nodes(), inside: self.inside });
        self.todo.push_back((target, closure.into(), slots));
        Ok(Step { target, values })
    }

    fn known(&self, key: &StateKey) -> Option<StateId> {
        match key {
            StateKey::Act(act) => self.of_act[*act as usize],
            StateKey::Finished => self.finished,
            StateKey::Places(places) => self.of_places.get(places).copied(),
        }
    }

    fn state_key(&self, closure: &Closure) -> StateKey {
        let may_end = closure.items.len() > 1 && closure.may_end(self.ground.view);
        let is_alone = closure.cases.is_empty() && !may_end && self.inside.is_none();
        if let ([index], true) = (closure.frontier.as_slice(), is_alone) {
            let item = &closure.items[*index as usize];
            let as_they_come = (0..).zip(&*item.sigma).all(|(index, slot)| index == *slot);
            match item.stop {
                Stop::Act(act) if as_they_come => return StateKey::Act(act),
                Stop::Finished => return StateKey::Finished,
                _ => {}
            }
        }
        let mut flat: Vec<Vec<u32>> = places(closure)
            .map(|index| {
                let Item { node, sigma, stop, .. } = &closure.items[index as usize];
                let node = if *stop == Stop::Finished { FINISHED } else { node.0 };
                [node].into_iter().chain(sigma.iter().copied()).collect()
            })
            .collect();
        flat.sort_unstable();
        flat.dedup();
        let mut key = vec![u32::from(may_end)];
        if let Some(Inside { of, part }) = self.inside {
            key[0] += 2;
            key.extend([of.0, part]);
        }
        key.extend(flat.into_iter().flatten());
        StateKey::Places(key)
    }

    /// Numbers the slots of the places by first occurrence; the old number of each new one.
    fn renumber(&self, closure: &mut Closure) -> Vec<u32> {
        let mut places: Vec<u32> = places(closure).collect();
        if places.iter().all(|index| closure.items[*index as usize].sigma.is_empty()) {
            return Vec::new();
        }
        places.sort_by(|a, b| {
            let (a, b) = (&closure.items[*a as usize], &closure.items[*b as usize]);
            (a.node, &a.sigma).cmp(&(b.node, &b.sigma))
        });
        let slots = places.iter().flat_map(|index| closure.items[*index as usize].sigma.iter());
        let largest = slots.filter(|slot| **slot != UNKNOWN).max();
        let mut numbers = vec![UNKNOWN; largest.map_or(0, |slot| *slot as usize + 1)];
        let mut order = Vec::new();
        for index in places {
            let item = &mut closure.items[index as usize];
            let sigma = item.sigma.iter().map(|slot| {
                if *slot == UNKNOWN {
                    return UNKNOWN;
                }
                let number = &mut numbers[*slot as usize];
                if *number == UNKNOWN {
                    *number = u32::try_from(order.len()).expect("fewer slots than bindings");
                    order.push(*slot);
                }
                *number
            });
            item.sigma = sigma.collect();
        }
        order
    }

    /// Keeps shared decisions only if the same one is offered from every node and the role goes on differently behind
    /// its arms; the others become unseen steps.
    fn settle_cases(&mut self, closure: &mut Closure, slots: &mut Provisional) -> Result<()> {
        'settle: while !closure.cases.is_empty() {
            let uniform = |closure: &Closure| {
                let Some((_, first)) = closure.cases.first() else { return false };
                closure.frontier.is_empty() && closure.cases.iter().all(|(_, key)| key == first)
            };
            if uniform(closure) {
                let needless = closure.needless(&mut self.ground, &mut self.keys, slots);
                if needless.is_empty() {
                    return Ok(());
                }
                closure.pass(&mut self.ground, &mut self.keys, slots, &needless);
                continue;
            }
            let opaque = closure.cases.iter().find(|(_, key)| Keys::is_opaque(key));
            if let Some((index, _)) = opaque {
                return Err(Failure::Blind(closure.items[*index as usize].node));
            }
            let distinct: IndexSet<Key, FxBuildHasher> = closure.cases.iter().map(|(_, key)| key.clone()).collect();
            if closure.frontier.is_empty() && distinct.len() > 1 {
                for key in &distinct {
                    let mut attempt = closure.clone();
                    attempt.expand(&mut self.ground, &mut self.keys, slots, &|other| other != key);
                    if uniform(&attempt) {
                        *closure = attempt;
                        continue 'settle;
                    }
                }
            }
            closure.expand(&mut self.ground, &mut self.keys, slots, &|key| distinct.contains(key));
        }
        Ok(())
    }

    /// What the role does in a state.
    fn kind(&mut self, closure: &Closure, (id, slots): (StateId, u32)) -> Result<Kind> {
        if !closure.cases.is_empty() {
            return self.case(closure, slots);
        }
        if let Some(kind) = self.alone(closure)? {
            return Ok(kind);
        }
        let frontier = Frontier::new(&self.ground, &mut self.keys, closure);
        if let Err(failure) = self.check(closure, &frontier) {
            return if self.checks == Checks::On { Err(failure) } else { self.mixed(closure, &frontier, (id, slots)) };
        }
        if let Some(offer) = frontier.locals.first() {
            return self.local(closure, offer, frontier.locals.all(), (id, slots));
        }
        if !frontier.sends.is_empty() {
            return Ok(Kind::Send { sends: self.rows(closure, &frontier.sends, slots, true)? });
        }
        if !frontier.receives.is_empty() {
            let rows = self.rows(closure, &frontier.receives, slots, false)?;
            let may_end = closure.may_end(self.ground.view) || !frontier.joins.is_empty();
            return Ok(Kind::Recv { rows, finals: may_end.then(|| self.finals(closure, &frontier.ends)) });
        }
        if !frontier.joins.is_empty() {
            return self.join(closure, &frontier.joins);
        }
        Ok(Kind::End { finals: self.finals(closure, &frontier.ends) })
    }

    /// What the role does where it can be at one message only, without data: most states are so, and nothing can be wrong
    /// with them.
    fn alone(&mut self, closure: &Closure) -> Result<Option<Kind>> {
        let ([item], true) = (closure.items.as_slice(), self.ground.view.is_pure()) else { return Ok(None) };
        let NodeKind::Comm { from, to, branches } = &self.ground.graph.node(item.node).kind else { return Ok(None) };
        let sends = *from == self.ground.role;
        if !sends && *to != self.ground.role {
            return Ok(None);
        }
        let mut rows = Vec::with_capacity(branches.len());
        for branch in (0..).take(branches.len()) {
            let offer = Offer::new(0, branch);
            let step = self.step(closure, &[offer], 0, &|graph, node, branch| comm(graph, node, branch, sends))?;
            rows.push((self.site(closure, offer), step));
        }
        let rows = rows.into();
        Ok(Some(if sends { Kind::Send { sends: rows } } else { Kind::Recv { rows, finals: None } }))
    }

    /// Runs that lead to two places, and the rule they violate together.
    pub(super) fn reject(&self, rule: Rule, closure: &Closure, places: [(u32, u32); 2]) -> Failure {
        let runs = self.runs(closure, places);
        Failure::Rejected(Box::new(Rejection { role: self.ground.role, rule, runs, overtaking: Vec::new() }))
    }

    /// The runs that lead to two places.
    pub(super) fn runs(&self, closure: &Closure, places: [(u32, u32); 2]) -> [Run; 2] {
        let run = |(index, branch): (u32, u32)| {
            let item = &closure.items[index as usize];
            Run::traced(self.ground.graph, &self.ground.origins, item.origin, branch as usize)
        };
        places.map(run)
    }

    pub(super) fn site(&self, closure: &Closure, offer: Offer) -> Site {
        let item = &closure.items[offer.item as usize];
        let (node, branch) = self.ground.graph.message(item.node, offer.branch as usize);
        let reads = reads(self.ground.program, self.ground.graph, node, branch);
        let branch = u32::try_from(branch).expect("the node limit is below 2^32");
        Site { node, branch, env: self.ground.view.env(item.node, &item.sigma, reads) }
    }

    /// Goes on behind an action: `behind` gives, for each offer, the bindings the action makes, in order.
    fn step(&mut self, closure: &Closure, offers: &[Offer], slots: u32, behind: &Behind<'_>) -> Result<Step> {
        self.step_with(closure, offers, slots, &|index| Some(Value::Bound(index)), behind)
    }

    /// The same, where `made` says what the values of the bindings are; `None` if they are not known.
    pub(super) fn step_with(
        &mut self,
        closure: &Closure,
        offers: &[Offer],
        slots: u32,
        made: &dyn Fn(u32) -> Option<Value>,
        behind: &Behind<'_>,
    ) -> Result<Step> {
        let mut kernel = Vec::with_capacity(offers.len());
        let mut nodes = Vec::with_capacity(offers.len());
        let mut bound_count = 0;
        for offer in offers {
            let Item { node, sigma, origin, .. } = &closure.items[offer.item as usize];
            let (cont, bound) = behind(self.ground.graph, *node, offer.branch as usize);
            bound_count = bound_count.max(bound.len());
            let sigma = carry(self.ground.view, *node, sigma, cont, |var| {
                let position = u32::try_from(bound.iter().rposition(|b| *b == var)?).expect("few bindings");
                Some(if made(position).is_some() { slots + position } else { UNKNOWN })
            });
            kernel.push(self.ground.item(self.ground.view.stop(cont), sigma, *origin, offer.branch as usize));
            nodes.push(cont);
        }
        let bound = u32::try_from(bound_count).expect("few bindings");
        let made = (0..bound).map(|index| made(index).unwrap_or(Value::Bound(index)));
        let values: Vec<Value> = (0..slots).map(Value::Slot).chain(made).collect();
        self.enter((kernel, &nodes), &values, Provisional::new(slots + bound))
    }

    /// A local action, a named choice, or the entry of a `Par` or scope.
    fn local(
        &mut self,
        closure: &Closure,
        first: Offer,
        offers: &[Offer],
        (id, slots): (StateId, u32),
    ) -> Result<Kind> {
        let site = self.site(closure, first);
        let graph = self.ground.graph;
        match &graph.node(site.node).kind {
            NodeKind::Choice { arms, .. } => {
                let mut steps = Vec::with_capacity(arms.len());
                for way in (0..).take(arms.len()) {
                    let offers: Vec<Offer> = offers.iter().map(|offer| Offer::new(offer.item, way)).collect();
                    steps.push(self.step(closure, &offers, slots, &arm)?);
                }
                Ok(Kind::Decide { site, steps })
            }
            NodeKind::Par { .. } => self.par(closure, offers, (id, slots)),
            NodeKind::Timed { .. } => self.scope(closure, offers, (id, slots)),
            _ => {
                let step = self.step(closure, offers, slots, &|graph, node, _| local_behind(graph, node))?;
                Ok(Kind::Local { cell: self.ground.view.setting(site.node), site, step })
            }
        }
    }

    fn case(&mut self, closure: &Closure, slots: u32) -> Result<Kind> {
        let offers =
            |arm: u32| -> Vec<Offer> { closure.cases.iter().map(|(item, _)| Offer::new(*item, arm)).collect() };
        let site = self.site(closure, offers(0)[0]);
        let NodeKind::Case { arms, .. } = &self.ground.graph.node(site.node).kind else {
            panic!("bug: a case was offered")
        };
        let program = self.ground.program;
        let mut steps = Vec::new();
        for arm in 0..u32::try_from(arms.len()).expect("the node limit is below 2^32") {
            steps.push(self.step(closure, &offers(arm), slots, &|graph, node, arm| {
                let NodeKind::Case { on, arms, .. } = &graph.node(node).kind else { panic!("bug: a case was offered") };
                (arms[arm].cont, arm_binds(program, graph, on, arms[arm].pattern, arm))
            })?);
        }
        Ok(Kind::Case { site, steps })
    }

    /// One row per message.
    fn rows<K: std::hash::Hash + Eq>(
        &mut self,
        closure: &Closure,
        offers: &Offers<K>,
        slots: u32,
        sends: bool,
    ) -> Result<Rows> {
        let mut rows = Vec::with_capacity(offers.len());
        for offers in offers.groups() {
            let step = self.step(closure, offers, slots, &|graph, node, branch| comm(graph, node, branch, sends))?;
            rows.push((self.site(closure, offers[0]), step));
        }
        Ok(rows.into())
    }

    /// Everything the nodes of a state demand, side by side.
    fn mixed(&mut self, closure: &Closure, frontier: &Frontier, (id, slots): (StateId, u32)) -> Result<Kind> {
        let mut actions = Vec::from(self.rows(closure, &frontier.sends, slots, true)?);
        actions.extend(self.rows(closure, &frontier.receives, slots, false)?);
        for offers in frontier.locals.groups() {
            let ways = self.ground.graph.way_count(closure.items[offers[0].item as usize].node);
            let entry = match self.local(closure, offers[0], offers, (id, slots))? {
                Kind::Local { step, .. } => vec![step],
                Kind::Decide { steps, .. } => steps,
                // A role that does not know whether to enter does not go in at all.
                _ => Vec::new(),
            };
            for (arm, step) in (0..).take(ways).zip(entry) {
                actions.push((self.site(closure, Offer::new(offers[0].item, arm)), step));
            }
        }
        let may_end = closure.may_end(self.ground.view) || !frontier.ends.is_empty() || !frontier.joins.is_empty();
        Ok(Kind::Mixed { actions: actions.into(), may_end })
    }

    /// Names in scope at the end on whose slot all runs agree; where runs end with different names, none.
    fn finals(&self, closure: &Closure, ends: &[u32]) -> Finals {
        let graph = self.ground.graph;
        let ends: Vec<&Item> = ends.iter().map(|index| &closure.items[*index as usize]).collect();
        let names = |item: &Item| match &graph.node(item.node).kind {
            NodeKind::End { finals } => entries_of(finals, self.ground.role)
                .iter()
                .map(|(_, name, var)| (*name, lookup(self.ground.view, item.node, &item.sigma, *var)))
                .collect::<Vec<_>>(),
            _ => Vec::new(),
        };
        let Some((first, others)) = ends.split_first() else { return Finals::default() };
        let others: Vec<Vec<(Symbol, u32)>> = others.iter().map(|item| names(item)).collect();
        let agreed = |entry: &(Symbol, u32)| others.iter().all(|other| other.contains(entry));
        names(first).into_iter().filter(|entry| entry.1 != UNKNOWN && agreed(entry)).collect()
    }
}

/// Where the role acts, ends or decides.
fn places(closure: &Closure) -> impl Iterator<Item = u32> {
    closure.frontier.iter().copied().chain(closure.cases.iter().map(|(index, _)| *index))
}

/// What lies behind a local action, and what it binds.
fn local_behind(graph: &Graph, node: NodeId) -> (NodeId, Vec<GVar>) {
    let NodeKind::Local { action, cont, .. } = &graph.node(node).kind else {
        panic!("bug: a local action was offered")
    };
    (*cont, action_binds(action).into_iter().collect())
}

/// What lies behind an arm of a choice, and the evidence its guard binds.
fn arm(graph: &Graph, node: NodeId, arm: usize) -> (NodeId, Vec<GVar>) {
    let NodeKind::Choice { arms, .. } = &graph.node(node).kind else { panic!("bug: a choice was offered") };
    let bound = arms[arm].guard.as_ref().and_then(Guard::bind);
    (arms[arm].cont, bound.into_iter().collect())
}

/// What lies behind a branch of a message, and what its sender or receiver binds.
pub(super) fn comm(graph: &Graph, node: NodeId, branch: usize, sends: bool) -> (NodeId, Vec<GVar>) {
    let (node, branch) = graph.message(node, branch);
    let NodeKind::Comm { branches, .. } = &graph.node(node).kind else { panic!("bug: a message was offered") };
    let branch = &branches[branch];
    // Every field takes one position, so that binders of different nodes correspond; an unnamed one binds nothing.
    let none = GVar(u32::MAX);
    let bound =
        branch.fields.iter().map(|field| if sends { field.sender } else { field.receiver }.unwrap_or(none)).collect();
    (branch.cont, bound)
}

fn has_alike_labels(graph: &Graph) -> bool {
    let mut names = FxHashSet::default();
    !graph.labels.iter().all(|label| names.insert(label.name.as_str()))
}
