//! What one role can still do from each node, and which bindings it still needs for it.

use super::skeleton::{Segment, Skeleton, actors};
use crate::graph::{Action, CaseOn, ExprRef, GVar, Graph, NodeId, NodeKind, Renamed, Role, entries_of};
use crate::hir::{Body, ExprId, ExprKind, Program};
use std::rc::Rc;

/// Bindings a role needs, ascending.
pub(super) type Live = Rc<[GVar]>;

/// What stops a role at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// It acts there; which of its acts it is.
    Act(u32),
    /// Nothing it does or keeps lies there or behind.
    Finished,
    /// It does not act there, but may behind.
    Passing,
}

/// One role's view of a choreography.
pub(super) struct View<'a> {
    graph: &'a Graph,
    skeleton: &'a Skeleton,
    role: Role,
    /// Where it acts: ranks in the skeleton, ascending.
    acts: &'a [u32],
    /// For each segment, whether the role can act behind it.
    acts_behind: Vec<bool>,
    /// For each segment, whether an end of a branch or block the role waits at lies in or behind it.
    joins_behind: Vec<bool>,
    /// What it needs; `None` if the choreography has no bindings at all.
    needs: Option<Needs>,
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
    pub(super) fn new(program: &Program, graph: &'a Graph, skeleton: &'a Skeleton, role: Role) -> Self {
        let acts = skeleton.acts(role);
        let nothing: Live = Rc::new([]);
        let mut acts_behind = vec![false; skeleton.len()];
        let segments = acts.iter().map(|rank| skeleton.segment_of(skeleton.node(*rank)));
        mark_before(skeleton, segments.collect(), &mut acts_behind);
        let joins_behind = vec![false; skeleton.len()];
        let mut view = Self { graph, skeleton, role, acts, acts_behind, joins_behind, needs: None, nothing };
        view.joins_behind = view.joins_behind();
        if !graph.vars.is_empty() {
            view.needs = Some(view.needs(program));
        }
        view
    }

    /// The first node from `node` on that is more than a step the role does not see: one at which it acts, else the last
    /// of the segment.
    pub(super) fn stop(&self, node: NodeId) -> (NodeId, Stop) {
        let actor = actors(&self.graph.node(node).kind).position(|actor| actor == self.role);
        if let Some(actor) = actor {
            return (node, Stop::Act(self.skeleton.act_of(node, actor)));
        }
        if let Some(act) = self.skeleton.next_act(self.acts, node) {
            let number = u32::try_from(act).expect("the node limit is below 2^32");
            return (self.skeleton.node(self.acts[act]), Stop::Act(number));
        }
        let segment = self.skeleton.segment_of(node);
        let ends = !self.acts_behind[segment as usize]
            && !self.can_join(node)
            && self.needs.as_ref().is_none_or(|needs| needs.last[segment as usize].is_empty());
        (self.skeleton.last(segment), if ends { Stop::Finished } else { Stop::Passing })
    }

    /// Whether the role can act at or behind a node.
    pub(super) fn can_act(&self, node: NodeId) -> bool {
        self.acts_behind[self.skeleton.segment_of(node) as usize] || self.skeleton.next_act(self.acts, node).is_some()
    }

    /// Whether no binding matters.
    pub(super) fn is_pure(&self) -> bool {
        self.needs.is_none()
    }

    pub(super) fn skeleton(&self) -> &Skeleton {
        self.skeleton
    }

    /// Whether the end of a branch or block that the role waits at lies at or behind a node.
    pub(super) fn can_join(&self, node: NodeId) -> bool {
        self.joins_behind[self.skeleton.segment_of(node) as usize]
    }

    /// Number of nodes at which it acts.
    pub(super) fn act_count(&self) -> usize {
        self.acts.len()
    }

    /// The branches or blocks of a `Par` or `Timed` it acts in.
    pub(super) fn parts(&self, node: NodeId) -> Vec<usize> {
        self.skeleton.parts_of(node, self.role)
    }

    /// Whether entering the node is an action of the role: a `Par` with two or more branches for it, or a scope it takes
    /// part in.
    pub(super) fn enters(&self, node: NodeId) -> bool {
        match &self.graph.node(node).kind {
            NodeKind::Par { .. } => self.parts(node).len() > 1,
            NodeKind::Timed { owner, .. } => *owner == self.role || !self.parts(node).is_empty(),
            _ => false,
        }
    }

    /// The segments on which the role does not act, but can behind them.
    pub(super) fn waits(&self, segment: Segment) -> bool {
        self.acts_behind[segment as usize] && self.skeleton.next_act(self.acts, self.skeleton.first(segment)).is_none()
    }

    /// The bindings the role needs from a node on.
    pub(super) fn live(&self, node: NodeId) -> &Live {
        let Some(needs) = &self.needs else { return &self.nothing };
        match self.skeleton.next_act(self.acts, node) {
            Some(act) => &needs.acts[act],
            None => &needs.last[self.skeleton.segment_of(node) as usize],
        }
    }

    /// σ restricted to a node as pairs.
    pub(super) fn env(&self, node: NodeId, sigma: &[u32]) -> Box<[(GVar, u32)]> {
        self.live(node).iter().copied().zip(sigma.iter().copied()).collect()
    }

    fn joins_behind(&self) -> Vec<bool> {
        let joins = self.skeleton.joins().filter(|(_, of)| self.enters(*of));
        let joins: Vec<Segment> = joins.map(|(join, _)| self.skeleton.segment_of(join)).collect();
        let mut behind = vec![false; self.skeleton.len()];
        // A join is the last node of its segment.
        joins.iter().for_each(|segment| behind[*segment as usize] = true);
        mark_before(self.skeleton, joins, &mut behind);
        behind
    }

    /// The least solution, from the ends on.
    fn needs(&self, program: &Program) -> Needs {
        let none = || vec![self.nothing.clone(); self.skeleton.len()];
        let mut needs = Needs { head: none(), last: none(), acts: vec![self.nothing.clone(); self.acts.len()] };
        let mut queued = vec![true; self.skeleton.len()];
        // Continuations are lowered before what leads to them, so ascending heads meet most segments once.
        let mut todo: Vec<Segment> = self.skeleton.all().collect();
        todo.sort_unstable_by_key(|segment| self.skeleton.first(*segment));
        let mut todo = std::collections::VecDeque::from(todo);
        while let Some(segment) = todo.pop_front() {
            queued[segment as usize] = false;
            let head = self.pass(program, &mut needs, segment);
            if *head != *needs.head[segment as usize] {
                needs.head[segment as usize] = head;
                for before in self.skeleton.before(segment) {
                    if !std::mem::replace(&mut queued[*before as usize], true) {
                        todo.push_back(*before);
                    }
                }
            }
        }
        needs
    }

    /// Goes through a segment from its end; what is needed at its head.
    fn pass(&self, program: &Program, needs: &mut Needs, segment: Segment) -> Live {
        let last = self.skeleton.last(segment);
        let head_of = |next: NodeId| &needs.head[self.skeleton.segment_of(next) as usize];
        let mut needed = needed(program, self.graph, self.role, last, &head_of);
        needs.last[segment as usize] = needed.clone();
        for act in self.skeleton.acts_from(self.acts, self.skeleton.first(segment)).rev() {
            let node = self.skeleton.node(self.acts[act]);
            if node != last {
                needed = self::needed(program, self.graph, self.role, node, &|_| &needed);
            }
            needs.acts[act] = needed.clone();
        }
        needed
    }
}

/// Marks all segments that lead to one of these.
fn mark_before(skeleton: &Skeleton, mut todo: Vec<Segment>, marks: &mut [bool]) {
    todo.dedup();
    while let Some(segment) = todo.pop() {
        for before in skeleton.before(segment) {
            if !std::mem::replace(&mut marks[*before as usize], true) {
                todo.push(*before);
            }
        }
    }
}

/// What is needed at a node, from what is needed behind it.
fn needed<'l>(program: &Program, graph: &Graph, role: Role, id: NodeId, behind: &dyn Fn(NodeId) -> &'l Live) -> Live {
    let mut uses: Vec<GVar> = Vec::new();
    let mut read = |expr: ExprRef| variables(program, graph, expr, &mut uses);
    match &graph.node(id).kind {
        NodeKind::End { finals } => {
            uses.extend(entries_of(finals, role).iter().map(|(_, _, var)| *var));
            set(uses)
        }
        NodeKind::Comm { from, to, branches } => {
            let sends = *from == role;
            if !sends && *to != role {
                return union(branches.iter().map(|branch| behind(branch.cont)), Vec::new());
            }
            let mut all = Vec::new();
            for branch in branches {
                let bound: Vec<GVar> = branch
                    .fields
                    .iter()
                    .filter_map(|field| if sends { field.sender } else { field.receiver })
                    .collect();
                all.extend(behind(branch.cont).iter().filter(|var| !bound.contains(var)));
                if sends {
                    branch.fields.iter().filter_map(|field| field.source).for_each(&mut read);
                }
            }
            all.extend(uses);
            set(all)
        }
        NodeKind::Choice { decider, arms } => {
            if *decider == role {
                arms.iter().filter_map(|arm| arm.guard).for_each(&mut read);
            }
            union(arms.iter().map(|arm| behind(arm.cont)), uses)
        }
        NodeKind::Case { deciders, on, arms } => {
            let decides = deciders.contains(&role);
            match on {
                CaseOn::Expr(expr) | CaseOn::Start { count: expr, .. } if decides => read(*expr),
                CaseOn::Counter(counter) if decides => uses.push(*counter),
                _ => {}
            }
            let mut all = uses;
            for (index, arm) in arms.iter().enumerate() {
                let bound = if decides { arm_binds(program, graph, on, arm.pattern, index) } else { Vec::new() };
                all.extend(behind(arm.cont).iter().filter(|var| !bound.contains(var)));
            }
            set(all)
        }
        NodeKind::Local { role: own, action, cont } => {
            if *own != role {
                return behind(*cont).clone();
            }
            let (reads, bound) = local(action);
            reads.into_iter().for_each(&mut read);
            uses.extend(behind(*cont).iter().filter(|var| Some(**var) != bound));
            set(uses)
        }
        NodeKind::Rename { pairs, cont } => {
            if pairs.is_empty() {
                return behind(*cont).clone();
            }
            set(behind(*cont).iter().filter_map(|var| renamed(pairs, *var)).collect())
        }
        NodeKind::Par { .. } | NodeKind::Timed { .. } | NodeKind::Join { .. } => {
            union(graph.successors(id).into_iter().map(behind), Vec::new())
        }
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

/// What a local action reads and binds.
fn local(action: &Action) -> (Vec<ExprRef>, Option<GVar>) {
    match action {
        Action::Let { var, value } => (vec![*value], Some(*var)),
        Action::Assert { cond, .. } => (vec![*cond], None),
        Action::Perform { args, bind, .. } => (args.clone(), *bind),
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

/// The bindings that taking an arm of a shared decision makes.
pub(crate) fn arm_binds(
    program: &Program,
    graph: &Graph,
    on: &CaseOn,
    pattern: Option<crate::graph::PatternRef>,
    arm: usize,
) -> Vec<GVar> {
    let mut bound: Vec<GVar> = Graph::counted(on, arm).into_iter().collect();
    if let Some(at) = pattern {
        let instance = &graph.instances[at.instance as usize];
        let body = body(program, graph, at.instance);
        body.patterns[at.pattern as usize].binds(&mut |var| bound.push(GVar(instance.vars + var.0)));
    }
    bound
}

/// The body an instance inlines.
pub(crate) fn body<'a>(program: &'a Program, graph: &Graph, instance: u32) -> &'a Body {
    let protocol = graph.instances[instance as usize].protocol;
    program.protocol(protocol).body.as_ref().expect("only checked protocols are lowered")
}

/// The bindings an expression reads, those bound inside it excluded.
pub(crate) fn variables(program: &Program, graph: &Graph, at: ExprRef, out: &mut Vec<GVar>) {
    let body = body(program, graph, at.instance);
    let base = graph.instances[at.instance as usize].vars;
    let mut bound = Vec::new();
    collect(body, at.expr, &mut bound, &mut |var| out.push(GVar(base + var)));
}

fn collect(body: &Body, id: ExprId, bound: &mut Vec<u32>, found: &mut dyn FnMut(u32)) {
    match &body.exprs[id.index()].kind {
        ExprKind::Const(_) | ExprKind::Function { .. } | ExprKind::Error => {}
        ExprKind::Var(var) => {
            if !bound.contains(&var.0) {
                found(var.0);
            }
        }
        ExprKind::Prim(_, items)
        | ExprKind::Product(items)
        | ExprKind::List(items)
        | ExprKind::Variant(_, items)
        | ExprKind::Call { args: items, .. } => {
            items.iter().for_each(|item| collect(body, *item, bound, found));
        }
        ExprKind::And(a, b) | ExprKind::Or(a, b) => {
            collect(body, *a, bound, found);
            collect(body, *b, bound, found);
        }
        ExprKind::Get(base, _) => collect(body, *base, bound, found),
        ExprKind::If(cond, then, els) => [cond, then, els].into_iter().for_each(|id| collect(body, *id, bound, found)),
        ExprKind::Case(scrutinee, arms) => {
            collect(body, *scrutinee, bound, found);
            for (pattern, value) in arms {
                let before = bound.len();
                pattern.binds(&mut |var| bound.push(var.0));
                collect(body, *value, bound, found);
                bound.truncate(before);
            }
        }
    }
}
