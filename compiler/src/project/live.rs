//! What one role can still do from each node, and which bindings it still needs for it.

use super::machine::Env;
use super::parts::Parts;
use super::reads::{action_binds, action_reads, arm_binds, variables};
use crate::graph::{
    Arm, Branch, CaseArm, CaseOn, ExprRef, GVar, Graph, Guard, NodeId, NodeKind, Renamed, Role, entries_of,
};
use crate::hir::Program;
use rustc_hash::FxHashMap;
use std::rc::Rc;
use tell_ir::implementable::{Demand, Segment, Sight, Skeleton, Stop};

/// Bindings a role needs, ascending.
pub(super) type Live = Rc<[GVar]>;

/// One role's view of a choreography, with data.
pub(super) struct View<'a> {
    graph: &'a Graph,
    sight: Sight<'a, Graph>,
    role: Role,
    /// What it needs; `None` if the choreography has no bindings at all.
    needs: Option<Needs>,
    /// What it binds in the parts of `Par`s and scopes.
    parts: Parts,
    /// Local actions that set a cell some scope around them has to keep.
    settings: FxHashMap<NodeId, GVar>,
    nothing: Live,
}

/// The bindings needed before each node where that can change.
struct Needs {
    /// At the head of each segment.
    head: Vec<Live>,
    /// At the last node of each segment.
    last: Vec<Live>,
    /// At each node where the role acts.
    acts: Vec<Live>,
}

impl<'a> View<'a> {
    /// The view of a role; `None` if there is too much it needs. Every set of bindings takes its size from `room`.
    pub(super) fn new(
        program: &Program,
        graph: &'a Graph,
        skeleton: &'a Skeleton,
        role: Role,
        room: &mut usize,
    ) -> Option<Self> {
        let (parts, settings) = (Parts::default(), FxHashMap::default());
        let sight = Sight::new(graph, skeleton, role);
        let mut view = Self { graph, sight, role, needs: None, parts, settings, nothing: Rc::new([]) };
        if !graph.vars.is_empty() {
            let entered = skeleton.nesting().blocks().filter(|node| view.enters(*node));
            view.parts = Parts::new(program, graph, skeleton, role, entered);
            view.needs = Some(view.needs(program, room)?);
            view.settings = view.settings();
        }
        Some(view)
    }

    /// The first node from `node` on that is more than a step the role does not see: one at which it acts, else the last
    /// of the segment. Where it still needs something it is not finished.
    pub(super) fn stop(&self, node: NodeId) -> (NodeId, Stop) {
        let (node, stop) = self.sight.stop(node);
        let last = |needs: &Needs| needs.last[self.skeleton().segment_of(node) as usize].is_empty();
        match stop {
            Stop::Finished if !self.needs.as_ref().is_none_or(last) => (node, Stop::Passing),
            _ => (node, stop),
        }
    }

    /// What a stop demands of the role.
    pub(super) fn demand(&self, node: NodeId, stop: Stop) -> Option<Demand> {
        self.sight.demand(node, stop)
    }

    /// Whether the role can act at or behind a node.
    pub(super) fn can_act(&self, node: NodeId) -> bool {
        self.sight.can_act(node)
    }

    /// Whether no binding matters.
    pub(super) fn is_pure(&self) -> bool {
        self.needs.is_none()
    }

    pub(super) fn skeleton(&self) -> &'a Skeleton {
        self.sight.skeleton()
    }

    /// Number of nodes at which it acts.
    pub(super) fn act_count(&self) -> usize {
        self.sight.acts().len()
    }

    /// The ways of a node that it passes without seeing it.
    pub(super) fn unseen(&self, node: NodeId) -> std::ops::Range<usize> {
        self.sight.unseen(node)
    }

    /// Whether entering the node is an action of the role.
    pub(super) fn enters(&self, node: NodeId) -> bool {
        self.sight.enters(node)
    }

    /// The segments on which the role does not act, but can behind them.
    pub(super) fn waits(&self, segment: Segment) -> bool {
        self.sight.waits(segment)
    }

    /// The bindings the role needs from a node on.
    pub(super) fn live(&self, node: NodeId) -> &Live {
        let Some(needs) = &self.needs else { return &self.nothing };
        match self.skeleton().next_act(self.sight.acts(), node) {
            Some(act) => &needs.acts[act],
            None => &needs.last[self.skeleton().segment_of(node) as usize],
        }
    }

    /// What is carried over the joins of a `Par` or scope to what follows it, ascending.
    pub(super) fn joined(&self, node: NodeId) -> Vec<GVar> {
        let Some(entered) = self.parts.of(node) else { return Vec::new() };
        self.live(self.graph.then(node)).iter().copied().filter(|var| entered.binds(*var)).collect()
    }

    /// What is carried out of a part, to what follows or from the body of a scope to its block of `done`, ascending; its
    /// join needs it.
    pub(super) fn carried(&self, node: NodeId, part: usize) -> &[GVar] {
        let join = self.parts.of(node).and_then(|entered| entered.join(part));
        join.map_or(&[], |join| self.live(join))
    }

    /// Whether the role binds something in a part of a node it enters.
    pub(super) fn binds_in(&self, node: NodeId, part: usize, var: GVar) -> bool {
        self.parts.of(node).is_some_and(|entered| entered.binds_in(part, var))
    }

    /// Whether the end of that part of a scope leads to a block of `done`.
    pub(super) fn leads_to_done(&self, node: NodeId, part: usize) -> bool {
        self.parts.of(node).is_some_and(|entered| entered.leads_to_done(part).is_some())
    }

    /// The cells that the body of a scope sets and other outcomes than `done` read, ascending.
    pub(super) fn cells(&self, node: NodeId) -> Vec<GVar> {
        let (Some(entered), NodeKind::Timed { outcomes, .. }) = (self.parts.of(node), &self.graph.node(node).kind)
        else {
            return Vec::new();
        };
        let blocks = outcomes.iter().enumerate().filter(|(index, _)| Some(index + 1) != entered.done);
        let needed = set(blocks.flat_map(|(_, outcome)| self.live(outcome.cont).iter().copied()).collect());
        set(entered.settings(&needed).map(|(_, var)| var).collect()).to_vec()
    }

    /// The cell that a local action sets, if a scope around it has to keep that.
    pub(super) fn setting(&self, node: NodeId) -> Option<GVar> {
        self.settings.get(&node).copied()
    }

    fn settings(&self) -> FxHashMap<NodeId, GVar> {
        let mut all = FxHashMap::default();
        for node in self.parts.nodes() {
            let cells = self.cells(node);
            all.extend(self.parts.of(node).into_iter().flat_map(|entered| entered.settings(&cells)));
        }
        all
    }

    /// Everything that is carried over some join.
    pub(super) fn all_carried(&self) -> Vec<(NodeId, GVar)> {
        let joins = self.skeleton().joins().filter(|(_, of)| self.enters(*of));
        joins.flat_map(|(join, of)| self.live(join).iter().map(move |var| (of, *var))).collect()
    }

    /// σ at a node for these bindings, as pairs.
    pub(super) fn env(&self, node: NodeId, sigma: &[u32], reads: Vec<GVar>) -> Env {
        let live = self.live(node);
        let slot = |var: GVar| Some((var, sigma[live.binary_search(&var).ok()?]));
        set(reads).iter().filter_map(|var| slot(*var)).collect()
    }

    /// The least solution, from the ends on.
    fn needs(&self, program: &Program, room: &mut usize) -> Option<Needs> {
        let skeleton = self.skeleton();
        let none = || vec![self.nothing.clone(); skeleton.segments()];
        let mut needs = Needs { head: none(), last: none(), acts: vec![self.nothing.clone(); self.act_count()] };
        let bodies = self.bodies_before_done();
        let mut queued = vec![true; skeleton.segments()];
        // Continuations are lowered before what leads to them, so ascending heads meet most segments once.
        let mut todo: Vec<Segment> = skeleton.all().collect();
        todo.sort_unstable_by_key(|segment| skeleton.first(*segment));
        let mut todo = std::collections::VecDeque::from(todo);
        while let Some(segment) = todo.pop_front() {
            queued[segment as usize] = false;
            let head = self.pass(program, &mut needs, segment, room)?;
            if *head != *needs.head[segment as usize] {
                needs.head[segment as usize] = head;
                for before in skeleton.before(segment).iter().chain(bodies.get(&segment).into_iter().flatten()) {
                    if !std::mem::replace(&mut queued[*before as usize], true) {
                        todo.push_back(*before);
                    }
                }
            }
        }
        Some(needs)
    }

    /// For the first segment of each block of `done`, the last ones of the bodies that lead there.
    fn bodies_before_done(&self) -> FxHashMap<Segment, Vec<Segment>> {
        let mut bodies: FxHashMap<Segment, Vec<Segment>> = FxHashMap::default();
        for entered in self.parts.nodes().into_iter().filter_map(|node| self.parts.of(node)) {
            if let (Some(done), Some(join)) = (entered.leads_to_done(0), entered.join(0)) {
                let skeleton = self.skeleton();
                bodies.entry(skeleton.segment_of(done)).or_default().push(skeleton.segment_of(join));
            }
        }
        bodies
    }

    /// Goes through a segment from its end; what is needed at its head.
    fn pass(&self, program: &Program, needs: &mut Needs, segment: Segment, room: &mut usize) -> Option<Live> {
        let (skeleton, acts) = (self.skeleton(), self.sight.acts());
        let last = skeleton.last(segment);
        let head_of = |next: NodeId| &needs.head[skeleton.segment_of(next) as usize];
        let reader = Reader { program, graph: self.graph, role: self.role, parts: &self.parts };
        let mut needed = reader.needed(last, &head_of);
        *room = room.checked_sub(needed.len())?;
        needs.last[segment as usize] = needed.clone();
        for act in skeleton.acts_from(acts, skeleton.first(segment)).rev() {
            let node = skeleton.node(acts[act]);
            if node != last {
                let before = reader.needed(node, &|_| &needed);
                if before != needed {
                    *room = room.checked_sub(before.len())?;
                    needed = before;
                }
            }
            needs.acts[act] = needed.clone();
        }
        Some(needed)
    }
}

/// What a role needs, node by node.
struct Reader<'a> {
    program: &'a Program,
    graph: &'a Graph,
    role: Role,
    parts: &'a Parts,
}

/// What is needed at the nodes behind one.
type Behind<'b, 'l> = dyn Fn(NodeId) -> &'l Live + 'b;

impl Reader<'_> {
    /// What is needed at a node, from what is needed behind it.
    fn needed(&self, id: NodeId, behind: &Behind<'_, '_>) -> Live {
        match &self.graph.node(id).kind {
            NodeKind::End { finals } => set(entries_of(finals, self.role).iter().map(|(_, _, var)| *var).collect()),
            NodeKind::Comm { from, to, branches } if *from == self.role || *to == self.role => {
                self.message(branches, *from == self.role, behind)
            }
            NodeKind::Choice { decider, arms } if *decider == self.role => self.choice(arms, behind),
            NodeKind::Case { deciders, on, arms } if deciders.contains(&self.role) => self.case(on, arms, behind),
            NodeKind::Local { role, action, cont } if *role == self.role => {
                let bound = action_binds(action);
                let uses = behind(*cont).iter().copied().filter(|var| Some(*var) != bound);
                set(self.reads(action_reads(action)).into_iter().chain(uses).collect())
            }
            NodeKind::Rename { pairs, cont } if !pairs.is_empty() => {
                set(behind(*cont).iter().filter_map(|var| renamed(pairs, *var)).collect())
            }
            NodeKind::Par { .. } | NodeKind::Timed { .. } => self.entry(id, behind),
            NodeKind::Join { of } => self.join(id, *of, behind),
            _ => union(self.graph.successors(id).into_iter().map(behind), Vec::new()),
        }
    }

    fn reads(&self, exprs: &[ExprRef]) -> Vec<GVar> {
        let mut uses = Vec::new();
        exprs.iter().for_each(|expr| variables(self.program, self.graph, *expr, &mut uses));
        uses
    }

    fn message(&self, branches: &[Branch], sends: bool, behind: &Behind<'_, '_>) -> Live {
        let mut all = Vec::new();
        for branch in branches {
            let bound: Vec<GVar> =
                branch.fields.iter().filter_map(|field| if sends { field.sender } else { field.receiver }).collect();
            all.extend(behind(branch.cont).iter().filter(|var| !bound.contains(var)));
            if sends {
                branch
                    .fields
                    .iter()
                    .filter_map(|field| field.source)
                    .for_each(|source| all.extend(self.reads(&[source])));
            }
        }
        set(all)
    }

    fn choice(&self, arms: &[Arm], behind: &Behind<'_, '_>) -> Live {
        if arms.iter().all(|arm| arm.guard.is_none()) {
            return union(arms.iter().map(|arm| behind(arm.cont)), Vec::new());
        }
        let mut all = Vec::new();
        for arm in arms {
            let bound = arm.guard.as_ref().and_then(Guard::bind);
            all.extend(arm.guard.iter().flat_map(|guard| self.reads(guard.reads())));
            all.extend(behind(arm.cont).iter().filter(|var| Some(**var) != bound));
        }
        set(all)
    }

    fn case(&self, on: &CaseOn, arms: &[CaseArm], behind: &Behind<'_, '_>) -> Live {
        let mut all = match on {
            CaseOn::Expr(expr) | CaseOn::Start { count: expr, .. } => self.reads(&[*expr]),
            CaseOn::Counter(counter) => vec![*counter],
            CaseOn::Opaque => Vec::new(),
        };
        for (index, arm) in arms.iter().enumerate() {
            let bound = arm_binds(self.program, self.graph, on, arm.pattern, index);
            all.extend(behind(arm.cont).iter().filter(|var| !bound.contains(var)));
        }
        set(all)
    }

    /// At a `Par` or scope: what the parts need, and of what is needed behind them what no part brings.
    fn entry(&self, id: NodeId, behind: &Behind<'_, '_>) -> Live {
        let Some(entered) = self.parts.of(id) else {
            return union(self.graph.successors(id).into_iter().map(behind), Vec::new());
        };
        let mut all: Vec<GVar> = Vec::new();
        let kept = |next: NodeId| behind(next).iter().copied();
        match &self.graph.node(id).kind {
            NodeKind::Timed { owner, deadline, body, outcomes, then } => {
                all.extend(kept(*body));
                for (part, outcome) in (1..).zip(outcomes) {
                    let is_done = Some(part) == entered.done;
                    let brought = |var: &GVar| is_done && entered.binds_in(0, *var) || Some(*var) == outcome.bind;
                    all.extend(kept(outcome.cont).filter(|var| !brought(var)));
                }
                all.extend(kept(*then).filter(|var| !entered.binds(*var)));
                if *owner == self.role {
                    all.extend(deadline.iter().flat_map(|deadline| self.reads(&[*deadline])));
                }
            }
            NodeKind::Par { branches, then } => {
                branches.iter().for_each(|branch| all.extend(kept(*branch)));
                all.extend(kept(*then).filter(|var| !entered.binds(*var)));
            }
            _ => panic!("bug: only a `Par` or a scope is entered"),
        }
        set(all)
    }

    /// At the end of a part: what it has to bring.
    fn join(&self, id: NodeId, of: NodeId, behind: &Behind<'_, '_>) -> Live {
        let Some((entered, part)) = self.parts.of(of).and_then(|entered| Some((entered, entered.part_of(id)?))) else {
            return behind(self.graph.then(of)).clone();
        };
        let next = entered.leads_to_done(part).unwrap_or_else(|| self.graph.then(of));
        set(behind(next).iter().copied().filter(|var| entered.carries(part, *var)).collect())
    }
}

/// The binding a name had before a renaming; none if it was a number.
fn renamed(pairs: &[(GVar, Renamed)], var: GVar) -> Option<GVar> {
    match pairs.iter().find(|(to, _)| *to == var) {
        Some((_, Renamed::Var(from))) => Some(*from),
        Some((_, Renamed::Int(_))) => None,
        None => Some(var),
    }
}

fn set(mut vars: Vec<GVar>) -> Rc<[GVar]> {
    vars.sort_unstable();
    vars.dedup();
    vars.into()
}

/// The union; shares the allocation when all parts are the same one.
fn union<'a>(mut parts: impl Iterator<Item = &'a Rc<[GVar]>>, more: Vec<GVar>) -> Rc<[GVar]> {
    let Some(first) = parts.next() else { return set(more) };
    let mut all: Option<Vec<GVar>> =
        (!more.is_empty()).then(|| more.into_iter().chain(first.iter().copied()).collect());
    for part in parts {
        if all.is_none() && Rc::ptr_eq(first, part) {
            continue;
        }
        all.get_or_insert_with(|| first.to_vec()).extend(part.iter());
    }
    all.map_or_else(|| first.clone(), set)
}
