//! What expressions read, and what a role binds where.

use crate::graph::{Action, CaseOn, ExprRef, GVar, Graph, NodeId, NodeKind, PatternRef, Role};
use crate::hir::{Body, ExprId, ExprKind, Program};

/// All bindings a role makes at a node, whichever way it goes on there.
pub(super) fn binds(program: &Program, graph: &Graph, role: Role, node: NodeId, out: &mut Vec<GVar>) {
    match &graph.node(node).kind {
        NodeKind::Comm { from, to, branches } => {
            let fields = || branches.iter().flat_map(|branch| &branch.fields);
            if *from == role {
                out.extend(fields().filter_map(|field| field.sender));
            } else if *to == role {
                out.extend(fields().filter_map(|field| field.receiver));
            }
        }
        NodeKind::Choice { decider, arms } if *decider == role => {
            out.extend(arms.iter().filter_map(|arm| arm.guard.as_ref()?.bind()));
        }
        NodeKind::Case { deciders, on, arms } if deciders.contains(&role) => {
            let arms = (0..).zip(arms);
            arms.for_each(|(index, arm)| out.extend(arm_binds(program, graph, on, arm.pattern, index)));
        }
        NodeKind::Local { role: own, action, .. } if *own == role => out.extend(action_binds(action)),
        NodeKind::Rename { pairs, .. } => out.extend(pairs.iter().map(|(to, _)| *to)),
        NodeKind::Timed { outcomes, .. } => out.extend(outcomes.iter().filter_map(|outcome| outcome.bind)),
        _ => {}
    }
}

/// All bindings that are read at a node by who acts there, of a message those of one branch; in no particular order.
pub(super) fn reads(program: &Program, graph: &Graph, node: NodeId, branch: usize) -> Vec<GVar> {
    let mut found = Vec::new();
    let mut add = |exprs: &[ExprRef]| exprs.iter().for_each(|expr| variables(program, graph, *expr, &mut found));
    match &graph.node(node).kind {
        NodeKind::Comm { branches, .. } => {
            let fields = branches[branch].fields.iter();
            fields.filter_map(|field| field.source).for_each(|source| add(&[source]));
        }
        NodeKind::Choice { arms, .. } => {
            arms.iter().filter_map(|arm| arm.guard.as_ref()).for_each(|guard| add(guard.reads()));
        }
        NodeKind::Case { on, .. } => return case_reads(program, graph, on),
        NodeKind::Local { action, .. } => add(action_reads(action)),
        NodeKind::Timed { deadline: Some(deadline), .. } => add(&[*deadline]),
        _ => {}
    }
    found
}

/// What a shared decision is taken on.
pub(super) fn case_reads(program: &Program, graph: &Graph, on: &CaseOn) -> Vec<GVar> {
    let mut found = Vec::new();
    match on {
        CaseOn::Expr(expr) | CaseOn::Start { count: expr, .. } => variables(program, graph, *expr, &mut found),
        CaseOn::Counter(counter) => found.push(*counter),
        CaseOn::Opaque => {}
    }
    found
}

/// What a local action binds.
pub(super) const fn action_binds(action: &Action) -> Option<GVar> {
    match action {
        Action::Let { var, .. } => Some(*var),
        Action::Assert { .. } => None,
        Action::Perform { bind, .. } => *bind,
    }
}

/// The expressions a local action evaluates.
pub(super) fn action_reads(action: &Action) -> &[ExprRef] {
    match action {
        Action::Let { value: expr, .. } | Action::Assert { cond: expr, .. } => std::slice::from_ref(expr),
        Action::Perform { args, .. } => args,
    }
}

/// The bindings that taking an arm of a shared decision makes.
pub(crate) fn arm_binds(
    program: &Program,
    graph: &Graph,
    on: &CaseOn,
    pattern: Option<PatternRef>,
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
