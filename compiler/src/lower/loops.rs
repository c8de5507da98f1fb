//! Loops: their heads, and how everybody learns that a decided loop is over.

use super::first::Kind;
use super::{Context, Lowering};
use crate::graph::{Action, Arm, Branch, CaseArm, CaseOn, Label, NodeId, NodeKind, PatternRef, Renamed};
use crate::hir::{Block, Body, ExprId, ExprKind, LoopKind, Program, ProtocolId, RoleId, Stmt, StmtKind, Var};
use rustc_hash::{FxHashMap, FxHashSet};
use tell_ir::image::Const;
use tell_ir::sort::Sort;
use tell_language::diagnostic::{Code, Diagnostic};
use tell_language::span::Span;

/// Name of the arm that goes on, as the host sees it.
pub const CONTINUE: &str = "continue";
/// Name of the arm that stops, as the host sees it.
pub const STOP: &str = "stop";

impl<'a> Lowering<'a> {
    pub(super) fn loop_stmt(
        &mut self,
        context: &mut Context<'a>,
        kind: &'a LoopKind,
        body: &'a Block,
        span: Span,
        cont: NodeId,
    ) -> NodeId {
        let head = self.add(NodeKind::Rename { pairs: Vec::new(), cont }, span);
        let start = self.block(context, body, head);
        let arm = |pattern: Option<PatternRef>, cont: NodeId| CaseArm { pattern, cont, span };
        let decision = match kind {
            LoopKind::Forever => {
                self.graph.nodes[head.index()].kind = NodeKind::Rename { pairs: Vec::new(), cont: start };
                return head;
            }
            LoopKind::While { deciders, cond } => {
                let deciders = deciders.iter().map(|role| self.role(context, *role)).collect();
                let on = CaseOn::Expr(Self::expr(context, *cond));
                NodeKind::Case { deciders, on, arms: vec![arm(None, start), arm(None, cont)] }
            }
            LoopKind::Repeat { deciders, counter, .. } => {
                let deciders = deciders.iter().map(|role| self.role(context, *role)).collect();
                let on = CaseOn::Counter(self.var(context, *counter));
                NodeKind::Case { deciders, on, arms: vec![arm(None, start), arm(None, cont)] }
            }
            LoopKind::Decided { by, guard } => {
                let stop = self.tell_done(context, *by, body, span, cont);
                let decider = self.role(context, *by);
                let guard = guard.map(|guard| Self::expr(context, guard));
                let name = |text| Some(self.program.interner.find(text).expect("interned by `check`"));
                let go = Arm { name: name(CONTINUE), guard, cont: start, span };
                let stop = Arm { name: name(STOP), guard: None, cont: stop, span };
                NodeKind::Choice { decider, arms: vec![go, stop] }
            }
        };
        self.graph.nodes[head.index()].kind = decision;
        match kind {
            LoopKind::Repeat { deciders, count, counter } => {
                self.start_counter(context, deciders, *count, *counter, span, head)
            }
            _ => head,
        }
    }

    /// Sets the counter of every decider: silently for a name or a number, else by evaluating the count there.
    fn start_counter(
        &mut self,
        context: &Context<'_>,
        deciders: &[RoleId],
        count: ExprId,
        counter: Var,
        span: Span,
        head: NodeId,
    ) -> NodeId {
        let counter = self.var(context, counter);
        let from = match context.body.exprs[count.index()].kind {
            ExprKind::Var(var) => Renamed::Var(self.var(context, var)),
            ExprKind::Const(Const::Int(value)) => Renamed::Int(value),
            _ => {
                let value = Self::expr(context, count);
                return deciders.iter().rev().fold(head, |cont, role| {
                    let role = self.role(context, *role);
                    self.add(NodeKind::Local { role, action: Action::Let { var: counter, value }, cont }, span)
                });
            }
        };
        self.add(NodeKind::Rename { pairs: vec![(counter, from)], cont: head }, span)
    }

    /// The messages by which everybody in the body learns that the loop is over, in order of first action.
    fn tell_done(&mut self, context: &Context<'_>, by: RoleId, body: &Block, span: Span, cont: NodeId) -> NodeId {
        let protocol = self.graph.instances[context.instance as usize].protocol;
        let label = Label { name: self.done_labels[&(protocol, span)].clone(), fields: Vec::new(), sort: Sort::Unit };
        let label = self.graph.label(label);
        let mut told: Vec<(RoleId, RoleId)> = Vec::new();
        for (role, kind) in self.firsts.of(body) {
            match kind {
                _ if role == by => {}
                Kind::Receives(teller) => told.push((teller, role)),
                Kind::ReceivesFromSeveral => told.push((by, role)),
                Kind::Acts(place) => self.acts_too_early(context, role, by, place, span),
            }
        }
        told.into_iter().rev().fold(cont, |cont, (from, to)| {
            let (from, to) = (self.role(context, from), self.role(context, to));
            let branches = vec![Branch { label, fields: Vec::new(), cont, span }];
            self.add(NodeKind::Comm { from, to, branches }, span)
        })
    }

    fn acts_too_early(&mut self, context: &Context<'_>, role: RoleId, by: RoleId, place: Span, loop_span: Span) {
        let name = |role: RoleId| self.graph.roles[self.role(context, role) as usize].clone();
        let (role, by) = (name(role), name(by));
        let head = Span::new(loop_span.start, (loop_span.start + 4).min(loop_span.end));
        let diagnostic =
            Diagnostic::new(Code("E0417"), format!("`{role}` acts before it knows whether the loop goes on"))
                .label(self.graph.file, place, format!("`{role}` acts first here"))
                .label(self.graph.file, head, format!("`{by}` decides here whether there is another round"))
                .help(format!("let `{role}` first receive a message in each round, e.g. `{by} -> {role} : Next`"));
        self.diagnostics.push(diagnostic);
    }
}

/// Gives every decided loop of a protocol its label, in text order: `Done`, `Done_1`, … skipping labels in use.
pub(super) fn name_done_labels(
    program: &Program,
    protocol: ProtocolId,
    body: &Body,
    names: &mut FxHashMap<(ProtocolId, Span), String>,
) {
    let mut used: FxHashSet<&str> = FxHashSet::default();
    let mut loops: Vec<Span> = Vec::new();
    let mut blocks: Vec<&Block> = vec![&body.block];
    while let Some(block) = blocks.pop() {
        for stmt in &block.stmts {
            match &stmt.kind {
                StmtKind::Message { label, .. } => {
                    used.insert(program.text(*label));
                }
                StmtKind::Loop { kind: LoopKind::Decided { .. }, .. } => loops.push(stmt.span),
                _ => {}
            }
            blocks.extend(inner_blocks(stmt));
        }
    }
    loops.sort_unstable();
    let mut candidates = (0..).map(|index| if index == 0 { "Done".to_owned() } else { format!("Done_{index}") });
    for span in loops {
        let label = candidates.find(|label| !used.contains(label.as_str())).expect("there are endlessly many");
        names.insert((protocol, span), label);
    }
}

fn inner_blocks(stmt: &Stmt) -> Vec<&Block> {
    match &stmt.kind {
        StmtKind::Choice { arms, .. } => arms.iter().map(|arm| &arm.body).collect(),
        StmtKind::Case { arms, .. } => arms.iter().map(|arm| &arm.body).collect(),
        StmtKind::Rec { body, .. } | StmtKind::Loop { body, .. } => vec![body],
        _ => Vec::new(),
    }
}
