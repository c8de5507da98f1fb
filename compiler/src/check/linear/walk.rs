//! The ways through statements.

use super::{Head, Inside, MAX_OPEN, MAX_WAITS, Op, Paths, Receipt, State};
use crate::resolve::operation;
use tell_language::ast::{
    self, Block, FieldKind, LetValue, LoopKind, Name, PatternKind, ResumeValue, RoleRef, Step, Stmt, StmtId, StmtKind,
};
use tell_language::span::Span;

impl Paths<'_, '_> {
    /// Statements in order; `None` if no way comes to their end.
    pub(super) fn statements(&mut self, stmts: &[StmtId], mut state: State) -> Option<State> {
        for id in stmts {
            let stmt = self.checker.ast().stmt(*id).clone();
            state = self.stmt(&stmt, state)?;
        }
        Some(state)
    }

    /// A block with a scope of its own.
    fn block(&mut self, block: &Block, state: State) -> Option<State> {
        let base = self.receipts.len();
        let mut end = self.statements(&block.stmts, state);
        if let Some(end) = &mut end {
            self.drop_since(base, end, block.span);
            end.used.truncate(base);
        }
        self.receipts.truncate(base);
        end
    }

    fn stmt(&mut self, stmt: &Stmt, mut state: State) -> Option<State> {
        self.mentions(&stmt.kind, &mut state);
        match &stmt.kind {
            StmtKind::Choice { arms, .. } => self.arms(arms.iter().map(|arm| (&arm.body, arm.name.span)), None, state),
            StmtKind::If { then, els, .. } => {
                let word = stmt.span.head(2);
                let missing = els.is_none().then_some(word);
                let arms = [then].into_iter().chain(els).map(|arm| (arm, arm.span.head(1)));
                self.arms(arms, missing, state)
            }
            StmtKind::Case { arms, .. } => self.arms(arms.iter().map(|arm| (&arm.body, arm.span.head(1))), None, state),
            StmtKind::Rec { label, body } => self.rec(*label, body, stmt.span, state),
            StmtKind::Continue { label } => self.jump(*label, &state),
            StmtKind::Loop { kind, body } => self.repeated("loop", body, stmt.span, state, *kind == LoopKind::Forever),
            StmtKind::For { body, .. } => self.repeated("for", body, stmt.span, state, false),
            StmtKind::Call { protocol, args, .. } => self.call(protocol, args, stmt.span, state),
            StmtKind::Let { name, value, body, .. } => self.let_stmt(*name, value, body.as_ref(), stmt.span, state),
            StmtKind::Par { branches } => self.par(branches, stmt.span, state),
            StmtKind::Scope(scope) => self.scope(&scope.body, &scope.outcomes, "done", stmt.span, state),
            StmtKind::Region(region) if region.outcomes.is_empty() => self.block(&region.body, state),
            StmtKind::Region(region) => self.scope(&region.body, &region.outcomes, "", stmt.span, state),
            StmtKind::Guest(guest) => self.block(&guest.body, state),
            StmtKind::Step(step) => self.step(step, stmt.span, state),
            StmtKind::Message { .. }
            | StmtKind::Var { .. }
            | StmtKind::Assign { .. }
            | StmtKind::Assert { .. }
            | StmtKind::Perform { .. }
            | StmtKind::Value(_)
            | StmtKind::Error => Some(state),
        }
    }

    /// Names a statement mentions as values, and names it binds.
    fn mentions(&mut self, kind: &StmtKind, state: &mut State) {
        let (mut exprs, mut names, mut binds) = (Vec::new(), Vec::new(), Vec::new());
        match kind {
            StmtKind::Message { fields, .. } => fields.iter().for_each(|field| match field.kind {
                FieldKind::Pass(name) => names.push(name),
                FieldKind::Computed { name, value, .. } => {
                    exprs.push(value);
                    binds.push(name);
                }
                FieldKind::Supplied { name, .. } => binds.push(name),
                FieldKind::Unnamed(value) => exprs.push(value),
                FieldKind::Carried { .. } => {}
            }),
            StmtKind::Choice { arms, .. } => arms.iter().for_each(|arm| {
                exprs.extend(arm.guard);
                if let Some(evidence) = &arm.evidence {
                    exprs.extend(&evidence.perform.args);
                    binds.push(evidence.bind);
                }
            }),
            StmtKind::If { cond, .. } | StmtKind::Assert { cond, .. } => exprs.push(*cond),
            StmtKind::Case { scrutinee, arms, .. } => {
                exprs.push(*scrutinee);
                arms.iter().for_each(|arm| self.pattern_binds(arm.pattern, &mut binds));
            }
            StmtKind::Loop { kind, .. } => match kind {
                LoopKind::WhileBy { cond, .. } | LoopKind::While { cond } => exprs.push(*cond),
                LoopKind::Repeat { count } => exprs.push(*count),
                LoopKind::Decide { .. } | LoopKind::Forever => {}
            },
            StmtKind::Let { value, .. } => match &**value {
                LetValue::Expr(value) => exprs.push(*value),
                LetValue::Perform { perform, .. } => exprs.extend(&perform.args),
                LetValue::Step(step) => step_exprs(step, &mut exprs),
            },
            StmtKind::Var { name, init, .. } => {
                exprs.push(*init);
                binds.push(*name);
            }
            StmtKind::Assign { value, .. } | StmtKind::Value(value) => exprs.push(*value),
            StmtKind::Perform { perform, .. } => exprs.extend(&perform.args),
            StmtKind::Scope(scope) => {
                exprs.extend(scope.deadline);
                binds.extend(scope.outcomes.iter().filter_map(|arm| arm.bind));
            }
            StmtKind::Region(region) => {
                exprs.extend(&region.args);
                binds.extend(region.outcomes.iter().filter_map(|arm| arm.bind).chain(region.bind));
            }
            StmtKind::For { index, .. } => binds.push(*index),
            StmtKind::Guest(guest) => exprs.extend(&guest.args),
            StmtKind::Step(step) => {
                step_exprs(step, &mut exprs);
                match &**step {
                    Step::Publish { name, .. } => names.push(*name),
                    Step::Materialize { name, .. } => binds.push(*name),
                    _ => {}
                }
            }
            StmtKind::Rec { .. }
            | StmtKind::Continue { .. }
            | StmtKind::Call { .. }
            | StmtKind::Par { .. }
            | StmtKind::Error => {}
        }
        self.mention(&names, state);
        self.mention_exprs(&exprs, state);
        binds.into_iter().for_each(|name| self.bind(name));
    }

    fn pattern_binds(&self, id: ast::PatternId, binds: &mut Vec<Name>) {
        let pattern = self.checker.ast().pattern(id);
        match &pattern.kind {
            PatternKind::Var(symbol) => binds.push(Name { symbol: *symbol, span: pattern.span }),
            PatternKind::Constructor { args: items, .. } | PatternKind::Tuple(items) | PatternKind::List(items) => {
                items.iter().for_each(|item| self.pattern_binds(*item, binds));
            }
            PatternKind::Record(fields) => fields.iter().for_each(|(_, item)| self.pattern_binds(*item, binds)),
            _ => {}
        }
    }

    /// Alternatives; `missing` is where one without statements would stand.
    fn arms<'b>(
        &mut self,
        arms: impl Iterator<Item = (&'b Block, Span)>,
        missing: Option<Span>,
        state: State,
    ) -> Option<State> {
        let mut ends: Vec<(Option<State>, Span)> =
            arms.map(|(block, span)| (self.block(block, state.clone()), span)).collect();
        ends.extend(missing.map(|span| (Some(state), span)));
        self.join(ends)
    }

    /// A block into which receipts from outside are not taken.
    fn enclosed(&mut self, word: &'static str, span: Span, block: &Block, state: State) -> Option<State> {
        self.inside.push(Inside { word, span, receipts: self.receipts.len() });
        let end = self.block(block, state);
        self.inside.pop();
        end
    }

    fn rec(&mut self, label: Name, body: &Block, span: Span, state: State) -> Option<State> {
        let receipts = self.receipts.len();
        self.heads.push(Head { label: label.symbol, receipts, ops: state.ops.clone() });
        let end = self.enclosed("rec", span.head(3), body, state);
        self.heads.pop();
        end
    }

    fn jump(&mut self, label: Name, state: &State) -> Option<State> {
        let head = self.heads.iter().rposition(|head| head.label == label.symbol)?;
        let receipts = self.heads[head].receipts;
        self.drop_since(receipts, state, label.span);
        let ops = std::mem::take(&mut self.heads[head].ops);
        self.balanced(&ops, state, label.span);
        self.heads[head].ops = ops;
        None
    }

    fn repeated(
        &mut self,
        word: &'static str,
        body: &Block,
        span: Span,
        state: State,
        is_endless: bool,
    ) -> Option<State> {
        let place = span.head(u32::try_from(word.len()).unwrap_or(3));
        if let Some(end) = self.enclosed(word, place, body, state.clone()) {
            self.balanced(&state.ops, &end, place);
        }
        if is_endless {
            self.drop_since(0, &state, place);
            return None;
        }
        Some(state)
    }

    fn call(&mut self, path: &ast::Path, args: &[ast::ExprId], span: Span, mut state: State) -> Option<State> {
        let checker = &self.checker;
        let callee = checker.calls.find(checker.program, checker.names, checker.protocol, path);
        let caller = checker.program.protocol(checker.protocol).template;
        let is_recursive = callee.is_some_and(|callee| checker.calls.is_recursive(caller, callee));
        for (position, arg) in args.iter().enumerate() {
            let expr = self.checker.ast().expr(*arg).clone();
            let receipt = match expr.kind {
                ast::ExprKind::Var(symbol) => self.receipt(symbol),
                _ => None,
            };
            match (receipt, callee.is_some_and(|callee| self.checker.calls.is_receipt(callee, position))) {
                (Some(index), true) => {
                    self.consume(index, expr.span, &mut state);
                }
                (None, true) => self.needs_receipt(expr.span),
                (_, false) => self.mention_exprs(&[*arg], &mut state),
            }
        }
        if is_recursive {
            self.drop_since(0, &state, span);
            return None;
        }
        Some(state)
    }

    fn let_stmt(
        &mut self,
        name: Name,
        value: &LetValue,
        body: Option<&Block>,
        span: Span,
        mut state: State,
    ) -> Option<State> {
        let base = self.receipts.len();
        match value {
            LetValue::Step(Step::Transfer { from, to, .. }) => {
                let parties = Some((from.name.symbol, to.name.symbol));
                self.bind_receipt(Receipt { name, parties }, &mut state);
            }
            LetValue::Step(step) => {
                state = self.step(step, span, state)?;
                self.bind(name);
            }
            LetValue::Expr(_) | LetValue::Perform { .. } => self.bind(name),
        }
        let Some(body) = body else { return Some(state) };
        let mut end = self.block(body, state);
        if let Some(end) = &mut end {
            self.drop_since(base, end, body.span);
            end.used.truncate(base);
        }
        self.receipts.truncate(base);
        end
    }

    /// Branches side by side: each begins with what is there, and all of them end.
    fn par(&mut self, branches: &[Block], span: Span, state: State) -> Option<State> {
        let mut joined = state.clone();
        let mut falls_through = true;
        for branch in branches {
            let Some(end) = self.enclosed("par", span.head(3), branch, state.clone()) else {
                falls_through = false;
                continue;
            };
            for (name, op) in end.ops {
                let before = state.ops.get(&name);
                let is_changed = before.map(|before| (before.begun, before.ended)) != Some((op.begun, op.ended));
                let other = joined.ops.get(&name).filter(|other| {
                    before.map(|before| (before.begun, before.ended)) != Some((other.begun, other.ended))
                });
                if let (true, Some(other)) = (is_changed, other.cloned()) {
                    let name = Name { symbol: name, span: op.ended.unwrap_or(op.begun) };
                    self.ended_before(name, &other, other.ended.unwrap_or(other.begun));
                } else if is_changed {
                    joined.ops.insert(name, op);
                }
            }
        }
        falls_through.then_some(joined)
    }

    /// A scope with outcomes: its body may be abandoned, and one of the blocks is run behind it.
    fn scope(
        &mut self,
        body: &Block,
        outcomes: &[ast::OutcomeArm],
        done: &str,
        span: Span,
        state: State,
    ) -> Option<State> {
        let word = span.head(7);
        let end = self.enclosed("scope", word, body, state.clone());
        if let Some(end) = &end {
            self.balanced(&state.ops, end, word);
        }
        let has_done = outcomes.iter().any(|arm| self.checker.text(arm.outcome.symbol) == done);
        let missing = (end.is_some() && !has_done).then_some(word);
        self.arms(outcomes.iter().map(|arm| (&arm.body, arm.outcome.span)), missing, state)
    }

    fn step(&mut self, step: &Step, span: Span, mut state: State) -> Option<State> {
        match step {
            Step::Transfer { .. } => self.not_bound(span),
            Step::Handoff { op, to, receipt } => self.handoff(*op, *to, *receipt, &mut state),
            Step::Begin { op, .. } => self.begin(*op, &mut state),
            Step::Await { op } => {
                self.open_op(*op, &mut state);
            }
            Step::Dependent { work, op } => {
                if let Some(open) = self.open_op(*op, &mut state) {
                    open.waits.push(*work);
                    if open.waits.len() > MAX_WAITS {
                        open.waits.pop();
                        self.too_much_work(work.span);
                    }
                }
            }
            Step::Resolve { op, outcome, .. } => {
                let is_success = self.checker.text(outcome.symbol) == "Success";
                self.end_op(*op, is_success, &mut state);
            }
            Step::Invalidate { op } => self.end_op(*op, false, &mut state),
            Step::Resume(_) | Step::Pass | Step::Leave(_) | Step::Throw(_) => return None,
            Step::Publish { .. } | Step::Materialize { .. } | Step::Delegate { .. } | Step::Result(_) => {}
        }
        Some(state)
    }

    /// An operation that is open, if it is; reports that it is not.
    fn open_op<'s>(&mut self, op: Name, state: &'s mut State) -> Option<&'s mut Op> {
        let checker = &self.checker;
        let path = crate::check::expr::single(op.symbol, op.span);
        operation(checker.names, checker.program, checker.module, &path)?;
        let Some(known) = state.ops.get_mut(&op.symbol) else {
            self.not_begun(op);
            return None;
        };
        match known.ended {
            _ if known.is_broken => None,
            Some(ended) => {
                self.ended_before(op, known, ended);
                None
            }
            None => Some(known),
        }
    }

    fn begin(&mut self, op: Name, state: &mut State) {
        let checker = &self.checker;
        let path = crate::check::expr::single(op.symbol, op.span);
        let Some(id) = operation(checker.names, checker.program, checker.module, &path) else { return };
        let owner = checker.program.surface.operations[id].role.name.symbol;
        if let Some(known) = state.ops.get(&op.symbol).filter(|known| known.ended.is_none()) {
            let begun = known.begun;
            return self.begun_before(op, begun);
        }
        if state.ops.len() >= MAX_OPEN {
            return self.too_many(op.span);
        }
        state.ops.insert(op.symbol, Op { begun: op.span, ended: None, owner, waits: Vec::new(), is_broken: false });
    }

    fn end_op(&mut self, op: Name, is_success: bool, state: &mut State) {
        let Some(open) = self.open_op(op, state) else { return };
        open.ended = Some(op.span);
        let waits = open.waits.clone();
        let is_over = |work: &Name| state.ops.get(&work.symbol).is_some_and(|work| work.ended.is_some());
        if let Some(work) = waits.iter().find(|work| is_success && !is_over(work)) {
            self.still_waits(op, *work);
        }
    }

    /// The receipt proves that the owner of the operation transferred to the role it is handed to.
    fn handoff(&mut self, op: Name, to: RoleRef, receipt: Name, state: &mut State) {
        let index = self.receipt(receipt.symbol);
        let is_there = index.is_some_and(|index| self.consume(index, receipt.span, state));
        let Some(open) = self.open_op(op, state) else { return };
        let (begun, owner) = (open.begun, open.owner);
        open.owner = to.name.symbol;
        let index = index.filter(|_| is_there);
        let Some((index, (from, receiver))) = index.and_then(|index| Some((index, self.receipts[index].parties?)))
        else {
            return;
        };
        let name = |symbol| self.checker.text(symbol).to_owned();
        if receiver != to.name.symbol {
            let text = format!("the transfer went to `{}`, not to `{}`", name(receiver), name(to.name.symbol));
            self.does_not_fit(index, to.name.span, text, (op.span, "handed off here"));
        } else if owner != from {
            let text =
                format!("`{}` is owned by `{}`, the transfer came from `{}`", name(op.symbol), name(owner), name(from));
            self.does_not_fit(index, op.span, text, (begun, "begun here"));
        }
    }
}

/// Expressions of a step.
fn step_exprs(step: &Step, exprs: &mut Vec<ast::ExprId>) {
    match step {
        Step::Begin { args, .. } | Step::Delegate { args, .. } => exprs.extend(args),
        Step::Resolve { args, .. } => exprs.extend(args.iter().flatten()),
        Step::Resume(ResumeValue::Delegate { args, .. }) => exprs.extend(args),
        Step::Resume(ResumeValue::Expr(value)) | Step::Leave(value) | Step::Throw(value) | Step::Result(value) => {
            exprs.push(*value);
        }
        Step::Transfer { .. }
        | Step::Handoff { .. }
        | Step::Publish { .. }
        | Step::Materialize { .. }
        | Step::Dependent { .. }
        | Step::Await { .. }
        | Step::Invalidate { .. }
        | Step::Pass => {}
    }
}
