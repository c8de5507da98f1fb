//! What one role can still do from each node, and which bindings it still needs for it.

use crate::graph::{Action, CaseOn, ExprRef, GVar, Graph, NodeId, NodeKind, Renamed, Role};
use crate::hir::{Body, ExprId, ExprKind, Program};
use std::rc::Rc;

/// The nodes directly before each node; shared by all roles.
pub(super) struct Predecessors {
    offsets: Vec<u32>,
    nodes: Vec<NodeId>,
}

impl Predecessors {
    pub(super) fn new(graph: &Graph) -> Self {
        let ids = || (0..).map(NodeId).take(graph.nodes.len());
        let mut offsets = vec![0u32; graph.nodes.len() + 1];
        for id in ids() {
            graph.successors(id).iter().for_each(|next| offsets[next.index() + 1] += 1);
        }
        for index in 1..offsets.len() {
            offsets[index] += offsets[index - 1];
        }
        let mut fill = offsets.clone();
        let mut nodes = vec![NodeId(0); offsets[graph.nodes.len()] as usize];
        for id in ids() {
            for next in graph.successors(id) {
                nodes[fill[next.index()] as usize] = id;
                fill[next.index()] += 1;
            }
        }
        Self { offsets, nodes }
    }

    pub(super) fn of(&self, id: NodeId) -> &[NodeId] {
        &self.nodes[self.offsets[id.index()] as usize..self.offsets[id.index() + 1] as usize]
    }
}

/// One role's view of a choreography.
pub(super) struct View {
    /// Whether the role can act at or behind each node.
    pub(super) can_act: Vec<bool>,
    /// The bindings it needs from each node on, ascending.
    pub(super) live: Vec<Rc<[GVar]>>,
}

impl View {
    pub(super) fn new(program: &Program, graph: &Graph, predecessors: &Predecessors, role: Role) -> Self {
        Self { can_act: can_act(graph, predecessors, role), live: live(program, graph, predecessors, role) }
    }

    /// σ restricted to a node as pairs.
    pub(super) fn env(&self, node: NodeId, sigma: &[u32]) -> Vec<(GVar, u32)> {
        self.live[node.index()].iter().copied().zip(sigma.iter().copied()).collect()
    }
}

/// Whether the role sees the node happen: it sends, receives, decides, or acts locally there.
pub(super) fn acts(kind: &NodeKind, role: Role) -> bool {
    match kind {
        NodeKind::Comm { from, to, .. } => *from == role || *to == role,
        NodeKind::Choice { decider, .. } => *decider == role,
        NodeKind::Local { role: own, .. } => *own == role,
        NodeKind::End { .. } | NodeKind::Case { .. } | NodeKind::Rename { .. } => false,
        NodeKind::Par { .. } | NodeKind::Timed { .. } | NodeKind::Join { .. } => false,
    }
}

fn can_act(graph: &Graph, predecessors: &Predecessors, role: Role) -> Vec<bool> {
    let mut can = vec![false; graph.nodes.len()];
    let mut todo: Vec<NodeId> =
        (0..).map(NodeId).zip(&graph.nodes).filter(|(_, node)| acts(&node.kind, role)).map(|(id, _)| id).collect();
    while let Some(id) = todo.pop() {
        if !std::mem::replace(&mut can[id.index()], true) {
            todo.extend(predecessors.of(id).iter().filter(|before| !can[before.index()]));
        }
    }
    can
}

fn live(program: &Program, graph: &Graph, predecessors: &Predecessors, role: Role) -> Vec<Rc<[GVar]>> {
    let none: Rc<[GVar]> = Rc::new([]);
    let mut live = vec![none; graph.nodes.len()];
    let mut queued = vec![true; graph.nodes.len()];
    // Continuations are lowered before what leads to them, so ascending order meets most nodes once.
    let mut todo: std::collections::VecDeque<NodeId> = (0..).map(NodeId).take(graph.nodes.len()).collect();
    while let Some(id) = todo.pop_front() {
        queued[id.index()] = false;
        let needed = needed(program, graph, role, id, &live);
        if *needed != *live[id.index()] {
            live[id.index()] = needed;
            for before in predecessors.of(id) {
                if !std::mem::replace(&mut queued[before.index()], true) {
                    todo.push_back(*before);
                }
            }
        }
    }
    live
}

/// What is needed at a node, from what is needed behind it.
fn needed(program: &Program, graph: &Graph, role: Role, id: NodeId, live: &[Rc<[GVar]>]) -> Rc<[GVar]> {
    let behind = |next: NodeId| &live[next.index()];
    let mut uses: Vec<GVar> = Vec::new();
    let mut read = |expr: ExprRef| variables(program, graph, expr, &mut uses);
    match &graph.node(id).kind {
        NodeKind::End { finals } => {
            uses.extend(finals.iter().filter(|(own, _, _)| *own == role).map(|(_, _, var)| *var));
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
        ExprKind::Const(_) | ExprKind::Error => {}
        ExprKind::Var(var) => {
            if !bound.contains(&var.0) {
                found(var.0);
            }
        }
        ExprKind::Prim(_, items) | ExprKind::Product(items) | ExprKind::List(items) | ExprKind::Variant(_, items) => {
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
