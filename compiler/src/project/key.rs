//! When two actions are the same: equal kind, partner and label, and equal expressions after σ (PROJECTION §3).

use super::live::View;
use super::machine::UNKNOWN;
use super::reads::{body, case_reads, variables};
use crate::graph::{Action, Arm, Branch, CaseArm, CaseOn, ExprRef, GVar, Graph, Guard, NodeId, Role};
use crate::hir::{Body, ExprId, ExprKind, Pattern, PatternKind, Program};
use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;
use tell_ir::image::Const;

/// An action after σ, as numbers; equal keys are equal actions.
pub(crate) type Key = Vec<u32>;

/// Makes keys of the actions of one role.
pub(super) struct Keys<'a> {
    view: &'a View<'a>,
    writer: Writer<'a>,
}

/// Writes the structure of expressions; constants are numbered as they come.
pub(crate) struct Writer<'a> {
    program: &'a Program,
    graph: &'a Graph,
    consts: IndexSet<Const, FxBuildHasher>,
}

/// An expression being written, and what σ says about its names.
struct Scope<'s> {
    body: &'s Body,
    vars: u32,
    env: &'s [(GVar, u32)],
    bound: Vec<u32>,
}

impl<'a> Keys<'a> {
    pub(super) fn new(program: &'a Program, graph: &'a Graph, view: &'a View<'a>) -> Self {
        Self { view, writer: Writer::new(program, graph) }
    }

    pub(super) fn send(&mut self, node: NodeId, to: Role, branch: &Branch, sigma: &[u32]) -> Key {
        let mut key = vec![0, to, branch.label];
        for field in &branch.fields {
            key.push(u32::from(field.sender.is_some()));
            match field.source {
                Some(source) => self.expr(node, source, sigma, &mut key),
                None => {
                    key.push(1);
                    key.push(field.name.map_or(0, |name| name.0 + 1));
                }
            }
        }
        key
    }

    pub(super) fn local(&mut self, node: NodeId, action: &Action, sigma: &[u32]) -> Key {
        let mut key = Vec::new();
        // What a scope has to keep must be the same binding whichever run it is.
        if let Some(cell) = self.view.setting(node) {
            key.extend([12, cell.0]);
        }
        match action {
            Action::Let { value, .. } => {
                key.push(2);
                self.expr(node, *value, sigma, &mut key);
            }
            Action::Assert { cond, text } => {
                key.extend([3, text.map_or(0, |text| text.0 + 1)]);
                self.expr(node, *cond, sigma, &mut key);
            }
            Action::Perform { op, args, bind } => {
                key.extend([4, *op, u32::from(bind.is_some())]);
                args.iter().for_each(|arg| self.expr(node, *arg, sigma, &mut key));
            }
        }
        key
    }

    pub(super) fn decide(&mut self, node: NodeId, arms: &[Arm], sigma: &[u32]) -> Key {
        let mut key = vec![5];
        for arm in arms {
            key.push(arm.name.map_or(0, |name| name.0 + 1));
            match &arm.guard {
                None => key.push(0),
                Some(Guard::Expr(guard)) => {
                    key.push(1);
                    self.expr(node, *guard, sigma, &mut key);
                }
                Some(Guard::Check { op, args, bind }) => {
                    key.extend([2, *op, u32::from(bind.is_some())]);
                    args.iter().for_each(|arg| self.expr(node, *arg, sigma, &mut key));
                }
            }
        }
        key
    }

    /// The receiver in the key of a send.
    pub(super) fn receiver(key: &Key) -> Role {
        key[1]
    }

    /// Whether the key is that of a shared decision nobody can evaluate.
    pub(super) fn is_opaque(key: &Key) -> bool {
        key[0] == 9
    }

    /// The key of entering a `Par`. One that carries bindings over its joins is like no other.
    pub(super) fn par(&self, node: NodeId, branches: usize) -> Key {
        let mut key = vec![10, u32::try_from(branches).expect("the node limit is below 2^32")];
        key.extend((!self.view.joined(node).is_empty()).then_some(node.0));
        key
    }

    /// The key of entering a scope. Its instances are counted, so there is none like it. Its owner computes the deadline.
    pub(super) fn scope(&mut self, node: NodeId, deadline: Option<ExprRef>, sigma: &[u32]) -> Key {
        let mut key = vec![11, node.0];
        if let Some(deadline) = deadline {
            self.expr(node, deadline, sigma, &mut key);
        }
        key
    }

    /// The key of a shared decision; `None` if the role cannot evaluate it.
    pub(super) fn case(&mut self, node: NodeId, on: &CaseOn, arms: &[CaseArm], sigma: &[u32]) -> Option<Key> {
        match on {
            CaseOn::Opaque => Some(vec![9, node.0]),
            _ => {
                let reads = case_reads(self.writer.program, self.writer.graph, on);
                self.writer.case(&self.view.env(node, sigma, reads), on, arms)
            }
        }
    }

    fn expr(&mut self, node: NodeId, at: ExprRef, sigma: &[u32], key: &mut Key) {
        let mut reads = Vec::new();
        variables(self.writer.program, self.writer.graph, at, &mut reads);
        self.writer.expr(&self.view.env(node, sigma, reads), at, key);
    }
}

impl<'a> Writer<'a> {
    pub(crate) fn new(program: &'a Program, graph: &'a Graph) -> Self {
        Self { program, graph, consts: IndexSet::default() }
    }

    /// The key of a shared decision where `env` says what the names are; `None` if one of them is unknown.
    pub(crate) fn case(&mut self, env: &[(GVar, u32)], on: &CaseOn, arms: &[CaseArm]) -> Option<Key> {
        let mut key = Vec::new();
        match on {
            CaseOn::Opaque => return None,
            CaseOn::Counter(counter) => {
                key.extend([6, slot(env, *counter)]);
            }
            CaseOn::Start { count, .. } => {
                key.push(8);
                self.expr(env, *count, &mut key);
            }
            CaseOn::Expr(expr) => {
                key.push(7);
                self.expr(env, *expr, &mut key);
            }
        }
        if key.contains(&UNKNOWN) {
            return None;
        }
        for arm in arms {
            match arm.pattern {
                Some(at) => {
                    let pattern = &body(self.program, self.graph, at.instance).patterns[at.pattern as usize];
                    self.pattern(pattern, &mut key);
                }
                None => key.push(0),
            }
        }
        Some(key)
    }

    /// Writes an expression where `env` says what its names are.
    pub(crate) fn expr(&mut self, env: &[(GVar, u32)], at: ExprRef, key: &mut Key) {
        let body = body(self.program, self.graph, at.instance);
        let vars = self.graph.instances[at.instance as usize].vars;
        self.write(&mut Scope { body, vars, env, bound: Vec::new() }, at.expr, key);
    }

    /// The number of a constant.
    pub(crate) fn constant(&mut self, value: &Const) -> u32 {
        let index = self.consts.get_index_of(value).unwrap_or_else(|| self.consts.insert_full(value.clone()).0);
        u32::try_from(index).expect("fewer than 2^32 constants")
    }

    fn write(&mut self, scope: &mut Scope<'_>, id: ExprId, key: &mut Key) {
        let expr = &scope.body.exprs[id.index()];
        key.push(expr.ty.0);
        match &expr.kind {
            ExprKind::Error => key.push(10),
            ExprKind::Const(value) => key.extend([11, self.constant(value)]),
            ExprKind::Var(var) => match scope.bound.iter().rposition(|bound| *bound == var.0) {
                Some(depth) => key.extend([12, u32::try_from(depth).expect("few bindings in one expression")]),
                None => {
                    let var = GVar(scope.vars + var.0);
                    key.extend([13, slot(scope.env, var)]);
                }
            },
            ExprKind::Prim(prim, items) => self.write_all(scope, 14 + (u32::from(*prim as u8) << 8), items, key),
            ExprKind::Product(items) => self.write_all(scope, 15, items, key),
            ExprKind::List(items) => self.write_all(scope, 16, items, key),
            ExprKind::Variant(tag, items) => self.write_all(scope, 17 + (u32::from(*tag) << 8), items, key),
            ExprKind::And(a, b) => self.write_all(scope, 18, &[*a, *b], key),
            ExprKind::Or(a, b) => self.write_all(scope, 19, &[*a, *b], key),
            ExprKind::Get(base, index) => self.write_all(scope, 20 + (u32::from(*index) << 8), &[*base], key),
            ExprKind::If(cond, then, els) => self.write_all(scope, 21, &[*cond, *then, *els], key),
            ExprKind::Case(scrutinee, arms) => {
                key.extend([22, u32::try_from(arms.len()).expect("few arms")]);
                self.write(scope, *scrutinee, key);
                for (pattern, value) in arms {
                    self.pattern(pattern, key);
                    let before = scope.bound.len();
                    pattern.binds(&mut |var| scope.bound.push(var.0));
                    self.write(scope, *value, key);
                    scope.bound.truncate(before);
                }
            }
            // Equal functions of equal arguments are equal; what is inside is the same everywhere.
            ExprKind::Call { fun, types, args } => {
                key.extend([23, fun.0]);
                key.extend(types.iter().map(|ty| ty.0));
                self.write_all(scope, 24, args, key);
            }
            ExprKind::Function { fun, types } => {
                key.extend([25, fun.0]);
                key.extend(types.iter().map(|ty| ty.0));
            }
        }
    }

    fn write_all(&mut self, scope: &mut Scope<'_>, tag: u32, items: &[ExprId], key: &mut Key) {
        key.extend([tag, u32::try_from(items.len()).expect("few operands")]);
        items.iter().for_each(|item| self.write(scope, *item, key));
    }

    fn pattern(&mut self, pattern: &Pattern, key: &mut Key) {
        let (tag, items): (u32, &[Pattern]) = match &pattern.kind {
            PatternKind::Wildcard => (30, &[]),
            PatternKind::Bind(_) => (31, &[]),
            PatternKind::Const(value) => {
                let value = self.constant(value);
                return key.extend([32, value]);
            }
            PatternKind::Variant(tag, items) => (33 + (u32::from(*tag) << 8), items),
            PatternKind::Product(items) => (34, items),
            PatternKind::List(items) => (35, items),
        };
        key.extend([tag, u32::try_from(items.len()).expect("few operands")]);
        items.iter().for_each(|item| self.pattern(item, key));
    }
}

/// What `env` says a name is.
pub(crate) fn slot(env: &[(GVar, u32)], var: GVar) -> u32 {
    env.binary_search_by_key(&var, |(var, _)| *var).map_or(UNKNOWN, |index| env[index].1)
}
