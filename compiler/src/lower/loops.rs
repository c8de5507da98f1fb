//! Loops: their heads, and how everybody learns that a decided loop is over.

use super::first::Kind;
use super::{Context, Lowering, calls};
use crate::graph::{Arm, Branch, CaseArm, CaseOn, Guard, Label, NodeId, NodeKind, Renamed};
use crate::hir::{Block, ExprId, ExprKind, LoopKind, Program, ProtocolId, RoleId, StmtKind, Var};
use rustc_hash::{FxHashMap, FxHashSet};
use tell_ir::image::Const;
use tell_ir::sort::Sort;
use tell_language::diagnostic::{Code, Diagnostic};
use tell_language::span::Span;
use tell_language::symbol::Symbol;

/// Name of the arm that goes on, as the host sees it.
pub const CONTINUE: &str = "continue";
/// Name of the arm that stops, as the host sees it.
pub const STOP: &str = "stop";

/// A counted loop.
struct Repeat<'h> {
    deciders: &'h [RoleId],
    count: ExprId,
    counter: Var,
}

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
        let arms = |cont: NodeId| -> Vec<CaseArm> {
            let round = CaseArm { pattern: None, cont: start, span, next: super::first_of(body) };
            vec![round, CaseArm { pattern: None, cont, span, next: Span::default() }]
        };
        let decision = match kind {
            LoopKind::Forever => {
                self.graph.nodes[head.index()].kind = NodeKind::Rename { pairs: Vec::new(), cont: start };
                return head;
            }
            LoopKind::While { deciders, cond } => {
                let deciders = deciders.iter().map(|role| self.role(context, *role)).collect();
                let on = CaseOn::Expr(Self::expr(context, *cond));
                NodeKind::Case { deciders, on, arms: arms(cont) }
            }
            LoopKind::Repeat { deciders, counter, .. } => {
                let deciders = deciders.iter().map(|role| self.role(context, *role)).collect();
                let on = CaseOn::Counter(self.var(context, *counter));
                NodeKind::Case { deciders, on, arms: arms(cont) }
            }
            LoopKind::Decided { by, guard, number } => {
                let stop = self.tell_done(context, (*by, *number), body, span, cont);
                let decider = self.role(context, *by);
                let guard = guard.map(|guard| Guard::Expr(Self::expr(context, guard)));
                let name = |text| Some(self.program.interner.find(text).expect("interned by `check`"));
                let go = Arm { name: name(CONTINUE), guard, cont: start, span, next: super::first_of(body) };
                let stop = Arm { name: name(STOP), guard: None, cont: stop, span, next: Span::default() };
                NodeKind::Choice { decider, arms: vec![go, stop] }
            }
        };
        self.graph.nodes[head.index()].kind = decision;
        match kind {
            LoopKind::Repeat { deciders, count, counter } => {
                let repeat = Repeat { deciders, count: *count, counter: *counter };
                self.start_counter(context, repeat, span, head, start, cont)
            }
            _ => head,
        }
    }

    /// Starts the counter of every decider: silently for a name or a number. A computed number of rounds is a decision
    /// of its own before the first round, evaluated only by those who use it.
    fn start_counter(
        &mut self,
        context: &Context<'_>,
        repeat: Repeat<'_>,
        span: Span,
        head: NodeId,
        body: NodeId,
        cont: NodeId,
    ) -> NodeId {
        let counter = self.var(context, repeat.counter);
        let from = match context.body.exprs[repeat.count.index()].kind {
            ExprKind::Var(var) => Renamed::Var(self.var(context, var)),
            ExprKind::Const(Const::Int(value)) => Renamed::Int(value),
            _ => {
                let deciders = repeat.deciders.iter().map(|role| self.role(context, *role)).collect();
                let on = CaseOn::Start { count: Self::expr(context, repeat.count), counter };
                let arms = [body, cont].map(|cont| CaseArm { pattern: None, cont, span, next: Span::default() });
                return self.add(NodeKind::Case { deciders, on, arms: arms.into() }, span);
            }
        };
        self.add(NodeKind::Rename { pairs: vec![(counter, from)], cont: head }, span)
    }

    /// The messages by which everybody in the body learns that the loop is over, in order of first action.
    fn tell_done(
        &mut self,
        context: &Context<'_>,
        (by, number): (RoleId, u32),
        body: &Block,
        span: Span,
        cont: NodeId,
    ) -> NodeId {
        let protocol = self.graph.instances[context.instance as usize].protocol;
        let label = self.done_label((protocol, number));
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
            let branches = vec![Branch { label, fields: Vec::new(), cont, span, next: Span::default() }];
            self.add(NodeKind::Comm { from, to, branches }, span)
        })
    }

    /// The label that ends a loop: that of messages of its name, if a caller of its protocol has some.
    fn done_label(&mut self, of: (ProtocolId, u32)) -> u32 {
        let name = &self.done_labels[&of];
        if let Some(symbol) = self.program.interner.find(name) {
            return self.label(symbol, Vec::new());
        }
        *self.unwritten_labels.entry(name.clone()).or_insert_with(|| {
            self.graph.labels.push(Label { name: name.clone(), fields: Vec::new(), sort: Sort::Unit });
            u32::try_from(self.graph.labels.len() - 1).expect("fewer than 2^32 labels")
        })
    }

    fn acts_too_early(&mut self, context: &Context<'_>, role: RoleId, by: RoleId, place: Span, loop_span: Span) {
        let name = |role: RoleId| self.graph.roles[self.role(context, role) as usize].clone();
        let (role, by) = (name(role), name(by));
        let head = loop_span.head(4);
        let diagnostic =
            Diagnostic::new(Code("E0417"), format!("`{role}` acts before it knows whether the loop goes on"))
                .label(self.graph.file, place, format!("`{role}` acts first here"))
                .label(self.graph.file, head, format!("`{by}` decides here whether there is another round"))
                .help(format!("let `{role}` first receive a message in each round, e.g. `{by} -> {role} : Next`"));
        self.diagnostics.push(diagnostic);
    }
}

/// The label that ends each decided loop, by protocol and number.
pub(super) type DoneLabels = FxHashMap<(ProtocolId, u32), String>;

/// Gives every decided loop its label, in text order of its protocol: `Done`, `Done_1`, … Labels in use are skipped,
/// those of called protocols included: their messages can meet.
pub(super) fn name_done_labels(program: &Program, callees_first: &[ProtocolId]) -> DoneLabels {
    let mut names = DoneLabels::default();
    let mut all_used: FxHashMap<ProtocolId, UsedLabels> = FxHashMap::default();
    for id in callees_first {
        let mut used = UsedLabels::default();
        let mut loops: Vec<u32> = Vec::new();
        calls::statements(program, *id, &mut |stmt| match &stmt.kind {
            StmtKind::Message { label, .. } => {
                used.written.insert(*label);
            }
            StmtKind::Loop { kind: LoopKind::Decided { number, .. }, .. } => loops.push(*number),
            StmtKind::Call { protocol, .. } => used.extend(all_used.get(protocol)),
            _ => {}
        });
        loops.sort_unstable();
        let mut candidates = (0..).map(|index| if index == 0 { "Done".to_owned() } else { format!("Done_{index}") });
        for number in loops {
            let label = candidates.find(|label| !used.contains(program, label)).expect("there are endlessly many");
            used.given.insert(label.clone());
            names.insert((*id, number), label);
        }
        all_used.insert(*id, used);
    }
    names
}

/// The labels of a protocol and of those it calls.
#[derive(Default)]
struct UsedLabels {
    /// Those of messages in the text.
    written: FxHashSet<Symbol>,
    /// Those of decided loops.
    given: FxHashSet<String>,
}

impl UsedLabels {
    fn contains(&self, program: &Program, label: &str) -> bool {
        self.given.contains(label) || program.interner.find(label).is_some_and(|label| self.written.contains(&label))
    }

    fn extend(&mut self, callee: Option<&Self>) {
        let Some(callee) = callee else { return };
        self.written.extend(&callee.written);
        self.given.extend(callee.given.iter().cloned());
    }
}
