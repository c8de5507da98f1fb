//! States: what a closure lets the role do, and the three conditions of implementability.

use super::available::Availability;
use super::closure::{Closure, Ground, Item, Origin, Provisional, Sigma, carry, lookup};
use super::key::{Key, Keys};
use super::live::{View, arm_binds};
use super::machine::{Finals, Kind, Machine, Site, State, StateId, Step, UNKNOWN, Value};
use super::{Limits, report};
use crate::graph::{Action, GVar, Graph, NodeId, NodeKind, Role};
use crate::hir::Program;
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap};
use tell_language::diagnostic::Diagnostic;

/// The subset construction for one role.
pub(super) struct Construction<'a> {
    ground: Ground<'a>,
    keys: Keys<'a>,
    available: Availability<'a>,
    limits: Limits,
    states: Vec<State>,
    known: FxHashMap<Vec<u32>, StateId>,
    todo: Vec<(StateId, Closure, u32)>,
    /// Members of all states so far, for the limit.
    members: usize,
    warned: Option<Diagnostic>,
}

type Result<T> = std::result::Result<T, Box<Diagnostic>>;

/// The items of the frontier that offer one action, with the branch of a `Comm`.
type Offers = IndexMap<Key, Vec<(u32, usize)>, FxBuildHasher>;

/// For a node and its branch: what lies behind the action, and the bindings it makes, in order.
type Behind<'b> = dyn Fn(&Graph, NodeId, usize) -> (NodeId, Vec<GVar>) + 'b;

/// The frontier by kind.
#[derive(Default)]
struct Frontier {
    sends: Offers,
    /// Local actions and named choices.
    locals: Offers,
    receives: Offers,
    ends: Vec<u32>,
}

impl<'a> Construction<'a> {
    pub(super) fn new(program: &'a Program, graph: &'a Graph, view: &'a View, role: Role, limits: Limits) -> Self {
        Self {
            ground: Ground { program, graph, view, role, origins: Vec::new() },
            keys: Keys::new(program, graph, view),
            available: Availability::new(graph, role),
            limits,
            states: Vec::new(),
            known: FxHashMap::default(),
            todo: Vec::new(),
            members: 0,
            warned: None,
        }
    }

    /// Builds the machine, and the warning that the role may wait for ever.
    pub(super) fn run(mut self) -> Result<(Machine, Option<Diagnostic>)> {
        let graph = self.ground.graph;
        let params: Vec<GVar> =
            graph.params.iter().filter(|(role, _, _)| *role == self.ground.role).map(|(_, _, var)| *var).collect();
        let start = graph.start;
        let sigma: Sigma = self.ground.view.live[start.index()]
            .iter()
            .map(|var| {
                params
                    .iter()
                    .position(|param| param == var)
                    .map_or(UNKNOWN, |slot| u32::try_from(slot).expect("few parameters"))
            })
            .collect();
        self.ground.origins.push(Origin { node: start, before: None });
        let kernel = vec![Item { node: start, sigma, origin: 0 }];
        let first = u32::try_from(params.len()).expect("few parameters");
        let values: Vec<Value> = params.iter().map(|param| Value::Param(*param)).collect();
        let step = self.enter(kernel, &values, Provisional::new(first))?;
        while let Some((id, closure, slots)) = self.todo.pop() {
            let kind = self.kind(&closure, slots)?;
            self.states[id.0 as usize].kind = kind;
        }
        Ok((Machine { role: self.ground.role, states: self.states, start: step.values }, self.warned))
    }

    /// The state of a kernel, new if it was not met before. `values` says what the provisional slots are.
    fn enter(&mut self, kernel: Vec<Item>, values: &[Value], mut slots: Provisional) -> Result<Step> {
        let mut closure = Closure::new(&mut self.ground, &mut self.keys, kernel, &mut slots);
        self.settle_cases(&mut closure, &mut slots);
        let places: Vec<u32> =
            closure.frontier.iter().copied().chain(closure.cases.iter().map(|(index, _)| *index)).collect();
        let (renumbered, order) = renumber(&closure, &places);
        let mut key = vec![u32::from(closure.may_end(self.ground.view))];
        let mut flat: Vec<Vec<u32>> = places
            .iter()
            .zip(&renumbered)
            .map(|(index, sigma)| {
                [closure.items[*index as usize].node.0].into_iter().chain(sigma.iter().copied()).collect()
            })
            .collect();
        flat.sort_unstable();
        flat.dedup();
        flat.iter().for_each(|item| key.extend(item));
        let values = order
            .iter()
            .map(|slot| match values.get(*slot as usize) {
                Some(value) => *value,
                None => Value::Int(slots.constant(*slot).expect("a provisional slot is a value or a constant")),
            })
            .collect();
        if let Some(target) = self.known.get(&key) {
            return Ok(Step { target: *target, values });
        }
        self.members += closure.items.len();
        if self.states.len().max(self.members) > self.limits.projection_states {
            return Err(Box::new(report::too_many_states(&self.ground, self.limits)));
        }
        for (index, sigma) in places.iter().zip(renumbered) {
            closure.items[*index as usize].sigma = sigma;
        }
        let id = StateId(u32::try_from(self.states.len()).expect("the state limit is below 2^32"));
        let count = u32::try_from(order.len()).expect("fewer slots than bindings");
        // What the role does here is filled in when the closure is taken from the queue.
        self.states.push(State { kind: Kind::End { finals: Vec::new() }, slots: count, nodes: closure.nodes() });
        self.known.insert(key, id);
        self.todo.push((id, closure, count));
        Ok(Step { target: id, values })
    }

    /// Keeps shared decisions only if the same one is offered from every node and the role goes on differently behind
    /// its arms; the others become unseen steps.
    fn settle_cases(&mut self, closure: &mut Closure, slots: &mut Provisional) {
        while !closure.cases.is_empty() {
            let uniform = |closure: &Closure| {
                let Some((_, first)) = closure.cases.first() else { return false };
                let targets: Vec<u32> = closure.cases.iter().map(|(index, _)| *index).collect();
                closure.frontier.is_empty()
                    && closure.cases.iter().all(|(_, key)| key == first)
                    && closure.reaching(&targets).iter().all(|reaching| *reaching)
            };
            if uniform(closure) {
                let needless = closure.needless(&mut self.ground, &mut self.keys, slots);
                if needless.is_empty() {
                    return;
                }
                closure.pass(&mut self.ground, &mut self.keys, slots, &needless);
                continue;
            }
            let distinct: indexmap::IndexSet<Key, FxBuildHasher> =
                closure.cases.iter().map(|(_, key)| key.clone()).collect();
            if closure.frontier.is_empty() && distinct.len() > 1 {
                for key in &distinct {
                    let mut attempt = closure.clone();
                    attempt.expand(&mut self.ground, &mut self.keys, slots, &|other| other != key);
                    if uniform(&attempt) {
                        *closure = attempt;
                        return;
                    }
                }
            }
            closure.expand(&mut self.ground, &mut self.keys, slots, &|key| distinct.contains(key));
        }
    }

    /// What the role does in a state, by the three conditions of PROJECTION §3.
    fn kind(&mut self, closure: &Closure, slots: u32) -> Result<Kind> {
        if !closure.cases.is_empty() {
            return self.case(closure, slots);
        }
        let frontier = self.frontier(closure);
        let acting = frontier.sends.first().or(frontier.locals.first());
        if let (Some((_, offers)), Some((_, receives))) = (acting, frontier.receives.first()) {
            return Err(Box::new(report::mixed(&self.ground, closure, offers[0].0, receives[0].0)));
        }
        for (key, offers) in frontier.sends.iter().chain(&frontier.locals) {
            self.send_validity(closure, key, offers, &frontier)?;
        }
        if let Some((key, offers)) = frontier.locals.first() {
            return if key[0] == 5 { self.decide(closure, offers, slots) } else { self.local(closure, offers, slots) };
        }
        if !frontier.sends.is_empty() {
            return self.send(closure, &frontier.sends, slots);
        }
        if frontier.receives.is_empty() {
            return Ok(Kind::End { finals: self.finals(closure, &frontier.ends) });
        }
        self.receive(closure, &frontier, slots)
    }

    fn frontier(&mut self, closure: &Closure) -> Frontier {
        let mut frontier = Frontier::default();
        let mut ordered = closure.frontier.clone();
        ordered.sort_by_key(|index| std::cmp::Reverse(closure.items[*index as usize].node));
        for index in ordered {
            let Item { node, sigma, .. } = &closure.items[index as usize];
            match &self.ground.graph.node(*node).kind {
                NodeKind::Comm { from, to, branches } if *from == self.ground.role => {
                    for (position, branch) in branches.iter().enumerate() {
                        let key = self.keys.send(*node, *to, branch, sigma);
                        frontier.sends.entry(key).or_default().push((index, position));
                    }
                }
                NodeKind::Comm { from, branches, .. } => {
                    for (position, branch) in branches.iter().enumerate() {
                        frontier.receives.entry(vec![*from, branch.label]).or_default().push((index, position));
                    }
                }
                NodeKind::Choice { arms, .. } if arms.iter().any(|arm| arm.name.is_none()) => {
                    for position in 0..arms.len() {
                        let (send, branch) = self.ground.graph.message(*node, position);
                        let NodeKind::Comm { to, branches, .. } = &self.ground.graph.node(send).kind else {
                            panic!("bug: an arm without a name starts with a send")
                        };
                        let key = self.keys.send(send, *to, &branches[branch], sigma);
                        frontier.sends.entry(key).or_default().push((index, position));
                    }
                }
                NodeKind::Choice { arms, .. } => {
                    let key = self.keys.decide(*node, arms, sigma);
                    frontier.locals.entry(key).or_default().push((index, 0));
                }
                NodeKind::Local { action, .. } => {
                    let key = self.keys.local(*node, action, sigma);
                    frontier.locals.entry(key).or_default().push((index, 0));
                }
                NodeKind::End { .. } | NodeKind::Case { .. } | NodeKind::Rename { .. } => frontier.ends.push(index),
                NodeKind::Par { .. } | NodeKind::Timed { .. } | NodeKind::Join { .. } => frontier.ends.push(index),
            }
        }
        frontier
    }

    /// Send validity: what is offered in a state is offered from every node of it.
    fn send_validity(&self, closure: &Closure, key: &Key, offers: &[(u32, usize)], frontier: &Frontier) -> Result<()> {
        let targets: Vec<u32> = offers.iter().map(|(index, _)| *index).collect();
        if key.contains(&UNKNOWN) {
            return Err(Box::new(report::unknown_value(&self.ground, closure, targets[0])));
        }
        let all = closure.frontier.len() == targets.len() && closure.items.len() == targets.len();
        let stuck = if all { None } else { closure.reaching(&targets).iter().position(|reaching| !reaching) };
        let Some(stuck) = stuck else { return Ok(()) };
        let other = self.other_end(closure, u32::try_from(stuck).expect("the state limit is below 2^32"), &targets);
        let both_send = frontier.sends.len() > 1;
        Err(Box::new(report::send_validity(&self.ground, closure, offers[0], other, both_send)))
    }

    /// A place of the frontier behind `from` that is not among `targets`; `from` itself if there is none.
    fn other_end(&self, closure: &Closure, from: u32, targets: &[u32]) -> u32 {
        let mut seen = vec![false; closure.items.len()];
        let mut todo = vec![from];
        while let Some(index) = todo.pop() {
            if std::mem::replace(&mut seen[index as usize], true) {
                continue;
            }
            if closure.frontier.contains(&index) && !targets.contains(&index) {
                return index;
            }
            todo.extend(&closure.next[index as usize]);
        }
        from
    }

    fn site(&self, closure: &Closure, (index, branch): (u32, usize)) -> Site {
        let item = &closure.items[index as usize];
        let (node, branch) = self.ground.graph.message(item.node, branch);
        Site { node, branch, env: self.ground.view.env(item.node, &item.sigma) }
    }

    /// Goes on behind an action: `bind` gives, for each offer, the bindings the action makes, in order.
    fn step(&mut self, closure: &Closure, offers: &[(u32, usize)], slots: u32, behind: &Behind<'_>) -> Result<Step> {
        let mut kernel = Vec::new();
        let mut bound_count = 0;
        for (index, branch) in offers {
            let Item { node, sigma, origin } = &closure.items[*index as usize];
            let (cont, bound) = behind(self.ground.graph, *node, *branch);
            bound_count = bound_count.max(bound.len());
            let sigma = carry(self.ground.view, *node, sigma, cont, |var| {
                bound
                    .iter()
                    .rposition(|b| *b == var)
                    .map(|position| slots + u32::try_from(position).expect("few bindings"))
            });
            self.ground.origins.push(Origin { node: cont, before: Some(*origin) });
            let origin = u32::try_from(self.ground.origins.len() - 1).expect("the state limit is below 2^32");
            kernel.push(Item { node: cont, sigma, origin });
        }
        let bound = u32::try_from(bound_count).expect("few bindings");
        let values: Vec<Value> = (0..slots).map(Value::Slot).chain((0..bound).map(Value::Bound)).collect();
        self.enter(kernel, &values, Provisional::new(slots + bound))
    }

    fn local(&mut self, closure: &Closure, offers: &[(u32, usize)], slots: u32) -> Result<Kind> {
        let step = self.step(closure, offers, slots, &|graph, node, _| {
            let NodeKind::Local { action, cont, .. } = &graph.node(node).kind else {
                panic!("bug: a local action was offered")
            };
            let bound = match action {
                Action::Let { var, .. } => vec![*var],
                Action::Perform { bind, .. } => bind.iter().copied().collect(),
                Action::Assert { .. } => Vec::new(),
            };
            (*cont, bound)
        })?;
        Ok(Kind::Local { site: self.site(closure, offers[0]), step })
    }

    fn decide(&mut self, closure: &Closure, offers: &[(u32, usize)], slots: u32) -> Result<Kind> {
        let site = self.site(closure, offers[0]);
        let NodeKind::Choice { arms, .. } = &self.ground.graph.node(site.node).kind else {
            panic!("bug: a choice was offered")
        };
        let mut steps = Vec::new();
        for arm in 0..arms.len() {
            let offers: Vec<(u32, usize)> = offers.iter().map(|(index, _)| (*index, arm)).collect();
            steps.push(self.step(closure, &offers, slots, &|graph, node, arm| {
                let NodeKind::Choice { arms, .. } = &graph.node(node).kind else { panic!("bug: a choice was offered") };
                (arms[arm].cont, Vec::new())
            })?);
        }
        Ok(Kind::Decide { site, steps })
    }

    fn case(&mut self, closure: &Closure, slots: u32) -> Result<Kind> {
        let offers: Vec<(u32, usize)> = closure.cases.iter().map(|(index, _)| (*index, 0)).collect();
        let site = self.site(closure, offers[0]);
        let NodeKind::Case { arms, .. } = &self.ground.graph.node(site.node).kind else {
            panic!("bug: a case was offered")
        };
        let program = self.ground.program;
        let mut steps = Vec::new();
        for arm in 0..arms.len() {
            let offers: Vec<(u32, usize)> = offers.iter().map(|(index, _)| (*index, arm)).collect();
            steps.push(self.step(closure, &offers, slots, &|graph, node, arm| {
                let NodeKind::Case { on, arms, .. } = &graph.node(node).kind else { panic!("bug: a case was offered") };
                (arms[arm].cont, arm_binds(program, graph, on, arms[arm].pattern, arm))
            })?);
        }
        Ok(Kind::Case { site, steps })
    }

    fn send(&mut self, closure: &Closure, sends: &Offers, slots: u32) -> Result<Kind> {
        let mut rows = Vec::new();
        for offers in sends.values() {
            let step = self.step(closure, offers, slots, &|graph, node, branch| comm(graph, node, branch, true))?;
            rows.push((self.site(closure, offers[0]), step));
        }
        Ok(Kind::Send { sends: rows })
    }

    fn receive(&mut self, closure: &Closure, frontier: &Frontier, slots: u32) -> Result<Kind> {
        let receives = &frontier.receives;
        self.one_signature(closure, receives)?;
        self.receive_validity(closure, receives)?;
        let may_end = closure.may_end(self.ground.view);
        if may_end && self.warned.is_none() {
            let (first, _) = receives.first().map(|(key, offers)| (offers[0], key)).expect("not empty");
            self.warned = Some(report::may_wait(&self.ground, closure, first));
        }
        let mut rows = Vec::new();
        for offers in receives.values() {
            let step = self.step(closure, offers, slots, &|graph, node, branch| comm(graph, node, branch, false))?;
            rows.push((self.site(closure, offers[0]), step));
        }
        Ok(Kind::Recv { rows, finals: may_end.then(|| self.finals(closure, &frontier.ends)) })
    }

    /// One label from one partner has one payload signature.
    fn one_signature(&self, closure: &Closure, receives: &Offers) -> Result<()> {
        let labels = &self.ground.graph.labels;
        let mut seen: FxHashMap<(u32, &str), (u32, usize)> = FxHashMap::default();
        for (key, offers) in receives {
            let name = labels[key[1] as usize].name.as_str();
            if let Some(first) = seen.insert((key[0], name), offers[0]) {
                return Err(Box::new(report::two_signatures(&self.ground, closure, first, offers[0])));
            }
        }
        Ok(())
    }

    /// A message of another partner cannot be there before this one is consumed.
    fn receive_validity(&mut self, closure: &Closure, receives: &Offers) -> Result<()> {
        let partners: indexmap::IndexSet<u32, FxBuildHasher> = receives.keys().map(|key| key[0]).collect();
        if partners.len() < 2 {
            return Ok(());
        }
        for (taken, offers) in receives {
            for (index, branch) in offers {
                let node = closure.items[*index as usize].node;
                let cont = comm(self.ground.graph, node, *branch, false).0;
                for partner in partners.iter().filter(|partner| **partner != taken[0]) {
                    let early = self.available.first(cont, *partner);
                    let clash = receives.iter().find(|(key, _)| key[0] == *partner && early.contains(&key[1]));
                    if let Some((_, other)) = clash {
                        return Err(Box::new(report::receive_validity(
                            &self.ground,
                            closure,
                            (*index, *branch),
                            other[0],
                        )));
                    }
                }
            }
        }
        Ok(())
    }

    /// Names in scope at the end on whose slot all runs agree; where runs end with different names, none.
    fn finals(&self, closure: &Closure, ends: &[u32]) -> Finals {
        let graph = self.ground.graph;
        let ends: Vec<&Item> = ends.iter().map(|index| &closure.items[*index as usize]).collect();
        let names = |item: &Item| match &graph.node(item.node).kind {
            NodeKind::End { finals } => finals
                .iter()
                .filter(|(role, _, _)| *role == self.ground.role)
                .map(|(_, name, var)| (*name, lookup(self.ground.view, item.node, &item.sigma, *var)))
                .collect::<Vec<_>>(),
            _ => Vec::new(),
        };
        let Some((first, others)) = ends.split_first() else { return Vec::new() };
        let others: Vec<Finals> = others.iter().map(|item| names(item)).collect();
        let agreed = |entry: &(tell_language::symbol::Symbol, u32)| others.iter().all(|other| other.contains(entry));
        names(first).into_iter().filter(|entry| entry.1 != UNKNOWN && agreed(entry)).collect()
    }
}

/// What lies behind a branch of a message, and what its sender or receiver binds.
fn comm(graph: &Graph, node: NodeId, branch: usize, sends: bool) -> (NodeId, Vec<GVar>) {
    let (node, branch) = graph.message(node, branch);
    let NodeKind::Comm { branches, .. } = &graph.node(node).kind else { panic!("bug: a message was offered") };
    let branch = &branches[branch];
    // Every field takes one position, so that binders of different nodes correspond; an unnamed one binds nothing.
    let none = GVar(u32::MAX);
    let bound =
        branch.fields.iter().map(|field| if sends { field.sender } else { field.receiver }.unwrap_or(none)).collect();
    (branch.cont, bound)
}

/// σ of the places with slots numbered by first occurrence, and the old number of each new one.
fn renumber(closure: &Closure, places: &[u32]) -> (Vec<Sigma>, Vec<u32>) {
    let mut sorted: Vec<usize> = (0..places.len()).collect();
    let item = |position: usize| &closure.items[places[position] as usize];
    sorted.sort_by(|a, b| (item(*a).node, &item(*a).sigma).cmp(&(item(*b).node, &item(*b).sigma)));
    let slots =
        places.iter().flat_map(|index| closure.items[*index as usize].sigma.iter()).filter(|slot| **slot != UNKNOWN);
    let mut numbers = vec![UNKNOWN; slots.max().map_or(0, |slot| *slot as usize + 1)];
    let mut order = Vec::new();
    let mut renumbered: Vec<Option<Sigma>> = vec![None; places.len()];
    for position in sorted {
        let sigma = item(position).sigma.iter().map(|slot| {
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
        renumbered[position] = Some(sigma.collect());
    }
    (renumbered.into_iter().map(|sigma| sigma.expect("every place was renumbered")).collect(), order)
}
