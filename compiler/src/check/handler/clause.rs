//! Handlers: their clauses are local statements of the one role there is (EFFECTS §1).
//!
//! The value of a region is known only where the region stands, so a handler is checked for itself with a value that
//! fits everywhere, and again for the type of each region; [`Handled`] is what a region needs to know.

use super::ends::{End, ends};
use crate::check::authority::Bound;
use crate::check::block::Tail;
use crate::check::call::CallGraph;
use crate::check::{Checker, alone};
use crate::hir::surface::{ClauseShape, Handled, HandlerId};
use crate::hir::{Program, RoleId, Stmt, StmtKind, Use};
use crate::kept;
use crate::resolve::Names;
use crate::resolve::once::Once;
use crate::ty::{Ty, TyKind, Types};
use rustc_hash::FxHashMap;
use tell_language::ast::{self, HandlerClause, LetValue, Name, ResumeValue, Step};
use tell_language::diagnostic::Diagnostic;
use tell_language::span::Span;
use tell_language::symbol::Symbol;

/// Types of region values a handler is looked at for; further regions are taken to fit.
const MAX_VALUES: usize = 100;

/// The clause being checked.
#[derive(Default)]
pub(super) struct Clause {
    /// The effect instance of the handler.
    instance: Option<Use>,
    /// The type an operation is resumed with; `None` in the return clause.
    resumes: Option<Ty>,
    /// The type of the region's final result, as far as it is known.
    value: Option<Ty>,
    /// Type and place of the first value the region is left with.
    leaves: Option<(Ty, Span)>,
    shape: ClauseShape,
    /// Where values stand that are last, and whether the body was resumed before.
    last: FxHashMap<Span, Resumed>,
}

/// Whether the body of the region was resumed, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resumed {
    No,
    Yes(Span),
    /// On some ways only.
    Maybe(Span),
}

impl Resumed {
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, Self::No) => Self::No,
            (Self::Yes(span), Self::Yes(_)) => Self::Yes(span),
            (Self::Yes(span) | Self::Maybe(span), _) | (_, Self::Yes(span) | Self::Maybe(span)) => Self::Maybe(span),
        }
    }
}

/// Checks all handlers for themselves.
pub(in crate::check) fn check_all(
    program: &mut Program,
    names: &[Names],
    calls: &CallGraph,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for id in 0..program.surface.handlers.len() {
        kept::crop(diagnostics);
        let before = diagnostics.len();
        let handled = handled_as(program, names, calls, diagnostics, (id, Types::ERROR));
        let handler = &mut program.surface.handlers[id];
        handler.is_checked = handler.instance.is_some() && !diagnostics[before..].iter().any(Diagnostic::is_error);
        handler.known = vec![(Types::ERROR, handled)];
    }
}

/// What a handler makes of regions whose value is of that type.
fn handled_as(
    program: &mut Program,
    names: &[Names],
    calls: &CallGraph,
    diagnostics: &mut Vec<Diagnostic>,
    (id, value): (HandlerId, Ty),
) -> Handled {
    let handler = &program.surface.handlers[id];
    let (name, module) = (handler.ast.name, handler.module);
    let header = alone::Header { name, module, roles: vec![name], uses: handler.uses.clone() };
    alone::check(program, (names, calls), diagnostics, header, |checker| checker.run_handler(id, value))
}

impl Checker<'_> {
    /// What a handler makes of a region.
    pub(super) fn handled(&mut self, id: HandlerId, value: Ty) -> Handled {
        let handler = &self.program.surface.handlers[id];
        let value = if handler.is_checked && handler.known.len() < MAX_VALUES { value } else { Types::ERROR };
        if let Some((_, handled)) = handler.known.iter().find(|(known, _)| *known == value) {
            return handled.clone();
        }
        let handled = handled_as(self.program, self.names, self.calls, self.diagnostics, (id, value));
        self.program.surface.handlers[id].known.push((value, handled.clone()));
        handled
    }

    fn run_handler(mut self, id: HandlerId, value: Ty) -> Handled {
        let handler = self.program.surface.handlers[id].clone();
        self.acting.insert(RoleId(0));
        self.regions.clause = Some(Clause { instance: handler.instance.clone(), ..Clause::default() });
        for (name, ty) in &handler.params {
            self.bind_param(*name, *ty);
        }
        for cell in &handler.ast.cells {
            let stmt = self.ast().stmt(*cell).clone();
            if let ast::StmtKind::Var { name, at, ty, init } = stmt.kind {
                self.var_stmt(name, at, ty, init, stmt.span, &mut Vec::new());
            }
        }
        self.check_clause_names(&handler.ast, handler.instance.as_ref());
        let value = self.return_clause(&handler.ast, value);
        let clauses = self.operation_clauses(&handler.ast, handler.instance.as_ref());
        let leaves = self.regions.clause.as_ref().and_then(|clause| clause.leaves);
        self.warn_unused_lets();
        let any = ClauseShape {
            leaves: clauses.iter().find_map(|clause| clause.leaves),
            is_not_tail: clauses.iter().find_map(|clause| clause.is_not_tail),
        };
        Handled { value, leaves, clauses: clauses.into(), any }
    }

    /// Every operation at most once, one return clause.
    fn check_clause_names(&mut self, handler: &ast::Handler, instance: Option<&Use>) {
        let mut places: FxHashMap<Option<Symbol>, Span> = FxHashMap::default();
        for clause in &handler.clauses {
            let symbol = clause.op.map(|op| op.symbol);
            let place = clause.op.map_or(clause.span.head(6), |op| op.span);
            let first = *places.entry(symbol).or_insert(place);
            if first != place {
                let file = self.program.modules[self.module].file;
                let name = clause.op.map_or("return", |op| self.text(op.symbol)).to_owned();
                let diagnostic = self
                    .diagnostic("E0213", place, format!("two clauses for `{name}`"), "again here")
                    .label(file, first, "first here")
                    .help("remove one of them");
                self.diagnostics.push(diagnostic);
            }
            if let (Some(op), Some(instance)) = (clause.op, instance) {
                self.operation_index(instance.effect, op);
            }
        }
    }

    /// The type of the region's final result.
    fn return_clause(&mut self, handler: &ast::Handler, value: Ty) -> Ty {
        let mut result = value;
        if let Some(clause) = handler.clauses.iter().find(|clause| clause.op.is_none()) {
            let mark = self.scope.mark();
            if let [name] = clause.params.as_slice() {
                self.bind_param(*name, value);
            }
            self.set_clause(None, None);
            self.clause_body(clause);
            self.scope.rollback(mark);
            let found = self.regions.clause.as_ref().and_then(|clause| clause.value);
            result = found.unwrap_or(Types::UNIT);
        }
        if let Some(clause) = &mut self.regions.clause {
            clause.value = Some(result);
        }
        result
    }

    fn set_clause(&mut self, resumes: Option<Ty>, value: Option<Ty>) {
        if let Some(clause) = &mut self.regions.clause {
            (clause.resumes, clause.value, clause.shape) = (resumes, value, ClauseShape::default());
        }
    }

    /// What the clause of each operation of the effect does, in their order.
    fn operation_clauses(&mut self, handler: &ast::Handler, instance: Option<&Use>) -> Vec<ClauseShape> {
        let Some(instance) = instance else { return Vec::new() };
        let ops = self.program.effects[instance.effect.index()].ops.len();
        let mut shapes = Vec::new();
        let value = self.regions.clause.as_ref().and_then(|clause| clause.value);
        for index in 0..ops {
            let op = &self.program.effects[instance.effect.index()].ops[index];
            let (name, params, result) = (op.name, op.params.clone(), op.result);
            let found = handler.clauses.iter().find(|clause| clause.op.is_some_and(|op| op.symbol == name));
            let Some(clause) = found else {
                let text = format!("`{}` has no clause for `{}`", self.text(handler.name.symbol), self.text(name));
                self.needs_own_effect(handler.name.span, text, "add a clause");
                shapes.push(ClauseShape { leaves: None, is_not_tail: Some(handler.name.span) });
                continue;
            };
            let params: Vec<Ty> = params.into_iter().map(|ty| self.rigid(ty, &instance.args)).collect();
            let result = self.rigid(result, &instance.args);
            self.set_clause(Some(result), value);
            let mark = self.scope.mark();
            self.clause_params(clause, &params);
            self.clause_body(clause);
            self.scope.rollback(mark);
            shapes.push(self.regions.clause.as_ref().map_or_else(ClauseShape::default, |clause| clause.shape));
        }
        shapes
    }

    fn clause_params(&mut self, clause: &HandlerClause, params: &[Ty]) {
        let name = clause.op.map_or("return", |op| self.text(op.symbol)).to_owned();
        if clause.params.len() != params.len() {
            let place = clause.op.map_or(clause.span, |op| op.span);
            self.wrong_arity(&format!("operation `{name}`"), params.len(), clause.params.len(), place);
        }
        let types = params.iter().copied().chain(std::iter::repeat(Types::ERROR));
        let mut once = Once::default();
        for (param, ty) in clause.params.iter().zip(types) {
            match once.earlier(*param) {
                Some(first) => self.duplicate_field(first, *param),
                None => _ = self.bind_param(*param, ty),
            }
        }
    }

    /// The type with the effect's parameters filled in; further type variables stay what they are.
    fn rigid(&mut self, ty: Ty, args: &[Ty]) -> Ty {
        self.program.types.map_leaves(ty, &mut |_, kind| match kind {
            TyKind::Param(index) => args.get(*index as usize).copied(),
            _ => None,
        })
    }

    fn clause_body(&mut self, clause: &HandlerClause) {
        self.only_local(&clause.body);
        let mut last = FxHashMap::default();
        let behind = self.resumptions(&clause.body, Resumed::No, &mut last);
        let is_return = clause.op.is_none();
        let all = ends(self.ast(), &clause.body);
        // A value that is not last is not the value of the clause.
        last.retain(|span, _| all.contains(&End::Value(*span)));
        if let Some(state) = &mut self.regions.clause {
            state.last = last;
        }
        self.scoped(&clause.body, Tail::No);
        let is_bare = behind.is_some() && all.iter().any(|end| matches!(end, End::Nothing(_) | End::Other(_)));
        if is_bare {
            let place = clause.op.map_or(clause.span.head(6), |op| op.span);
            self.end_with(
                Types::UNIT,
                place,
                if is_return { Resumed::Yes(place) } else { behind.unwrap_or(Resumed::No) },
            );
        }
    }

    /// A way through the clause ends with a value of that type: it is the region's final result if the body was
    /// resumed, else what the region is left with.
    fn end_with(&mut self, ty: Ty, span: Span, resumed: Resumed) {
        let Some(clause) = &mut self.regions.clause else { return };
        let (mut expected, mut place) = (None, None);
        if matches!(resumed, Resumed::Yes(_) | Resumed::Maybe(_)) {
            expected = Some(*clause.value.get_or_insert(ty));
        }
        if matches!(resumed, Resumed::No | Resumed::Maybe(_)) {
            clause.shape.leaves.get_or_insert(span);
            clause.shape.is_not_tail.get_or_insert(span);
            let (first, at) = *clause.leaves.get_or_insert((ty, span));
            if first != ty {
                (expected, place) = (Some(first), Some(at));
            }
        }
        let Some(expected) = expected.filter(|expected| *expected != ty && ![*expected, ty].contains(&Types::ERROR))
        else {
            return;
        };
        let (expected, ty) = (self.program.show_type(expected), self.program.show_type(ty));
        let file = self.program.modules[self.module].file;
        let mut diagnostic =
            self.diagnostic("E0301", span, format!("expected `{expected}`, found `{ty}`"), &format!("this is `{ty}`"));
        if let Some(place) = place {
            diagnostic = diagnostic.label(file, place, format!("left with `{expected}` here"));
        }
        self.diagnostics.push(diagnostic.help("end all ways through the handler with values of one type"));
    }

    /// An expression as a statement: the value of a clause.
    pub(in crate::check) fn clause_value(&mut self, value: ast::ExprId, span: Span) -> bool {
        // Outside handlers the parser reports it.
        let Some(clause) = &self.regions.clause else { return true };
        let Some(resumed) = clause.last.get(&span).copied() else {
            let help = "remove it, or make it the last statement of the clause";
            self.report("E0520", span, "nothing uses this value".into(), "not the end of the clause", help);
            return true;
        };
        let resumed = if clause.resumes.is_none() { Resumed::Yes(span) } else { resumed };
        let expected = match resumed {
            Resumed::Yes(_) => clause.value,
            Resumed::No | Resumed::Maybe(_) => None,
        };
        let first = self.body.exprs.len();
        let value = self.expr(value, RoleId(0), expected);
        self.finish_types(first);
        let ty = self.body.exprs[value.index()].ty;
        self.end_with(ty, span, resumed);
        true
    }

    /// A step of a handler or region; answers whether control goes on behind it.
    pub(in crate::check) fn clause_step(&mut self, step: &Step, span: Span, out: &mut Vec<Stmt>) -> bool {
        if let Step::Result(value) = step {
            self.result(*value, span, out);
            return true;
        }
        let Some(resumes) = self.clause_of_operation(step, span) else { return true };
        match step {
            Step::Resume(value) => self.resume(value, resumes),
            Step::Delegate { op, args } => {
                self.delegate(*op, args, span);
                return true;
            }
            Step::Pass => {
                self.not_tail(span);
                self.needs_own_effect(span, "`pass` hands the operation on".into(), "resume instead");
            }
            Step::Leave(value) => {
                let first = self.body.exprs.len();
                let value = self.expr(*value, RoleId(0), None);
                self.finish_types(first);
                let ty = self.body.exprs[value.index()].ty;
                self.end_with(ty, span, Resumed::No);
            }
            Step::Throw(value) => {
                let first = self.body.exprs.len();
                self.expr(*value, RoleId(0), Some(Types::STRING));
                self.finish_types(first);
            }
            _ => {}
        }
        false
    }

    /// `let r = resume e`, `let x = delegate op(args)`
    pub(in crate::check) fn let_clause_step(&mut self, bound: Bound, step: &Step, span: Span, out: &mut Vec<Stmt>) {
        let (name, _, expected) = bound;
        let Some(resumes) = self.clause_of_operation(step, span) else { return self.poison(name, expected) };
        let ty = match step {
            Step::Resume(value) => {
                self.resume(value, resumes);
                self.not_tail(span);
                self.regions.clause.as_ref().and_then(|clause| clause.value)
            }
            Step::Delegate { op, args } => self.delegate(*op, args, span),
            _ => None,
        };
        let Some(ty) = ty else { return self.poison(name, expected) };
        if let Some(expected) = expected
            && !self.unify(expected, ty)
        {
            self.mismatch(span, expected, ty);
        }
        let value = self.opaque(ty, span);
        self.bind_let(RoleId(0), name, ty, |role, var| StmtKind::Let { role, var, value }, span, out);
    }

    /// The type the operation of the clause around this is resumed with; reports that there is none.
    fn clause_of_operation(&mut self, step: &Step, span: Span) -> Option<Ty> {
        let resumes = self.regions.clause.as_ref().and_then(|clause| clause.resumes);
        if resumes.is_none() {
            let word = match step {
                Step::Resume(_) => "resume",
                Step::Delegate { .. } => "delegate",
                Step::Pass => "pass",
                Step::Leave(_) => "leave",
                _ => "throw",
            };
            let text = format!("`{word}` stands in no clause of an operation");
            let help = "it belongs into a clause of a `handler`: `op(x) => …`";
            self.report("E0520", span, text, "no operation to answer here", help);
        }
        resumes
    }

    fn not_tail(&mut self, span: Span) {
        if let Some(clause) = &mut self.regions.clause {
            clause.shape.is_not_tail.get_or_insert(span);
        }
    }

    fn resume(&mut self, value: &ResumeValue, resumes: Ty) {
        match value {
            ResumeValue::Expr(value) => {
                let first = self.body.exprs.len();
                self.expr(*value, RoleId(0), Some(resumes));
                self.finish_types(first);
            }
            ResumeValue::Delegate { op, args } => {
                if let Some(ty) = self.delegate(*op, args, op.span)
                    && !self.unify(resumes, ty)
                {
                    self.mismatch(op.span, resumes, ty);
                }
            }
        }
    }

    /// `delegate op(args)`: performs an operation of the handler's effect outside the region.
    fn delegate(&mut self, op: Name, args: &[ast::ExprId], span: Span) -> Option<Ty> {
        self.not_tail(span);
        let instance = self.regions.clause.as_ref().and_then(|clause| clause.instance.clone())?;
        let index = self.operation_index(instance.effect, op)?;
        let effect = self.needs_own_effect(span, "`delegate` performs the operation again".into(), "resume instead")?;
        let first = self.body.exprs.len();
        let operation = self.operation(effect, index);
        if operation.params.len() != args.len() {
            let what = format!("operation `{}`", self.text(op.symbol));
            self.wrong_arity(&what, operation.params.len(), args.len(), span);
            return None;
        }
        for (arg, ty) in args.iter().zip(&operation.params) {
            self.expr(*arg, RoleId(0), Some(*ty));
        }
        let result = self.zonk(operation.result);
        self.finish_types(first);
        Some(if self.is_open(result) { Types::ERROR } else { result })
    }

    /// What is handed on is performed outside the region, so the handler's own row has the effect; answers where.
    fn needs_own_effect(&mut self, span: Span, text: String, instead: &str) -> Option<usize> {
        let instance = self.regions.clause.as_ref().and_then(|clause| clause.instance.clone())?;
        let uses = &self.program.protocol(self.protocol).uses;
        let found = uses.iter().position(|used| used.effect == instance.effect && used.args == instance.args);
        if found.is_none() {
            let effect = self.show_instance(&instance);
            let text = format!("{text}, so this handler performs `{effect}` itself");
            let help = format!("{instead}, or add it to the header: `uses {effect}`");
            self.report("E0501", span, text, "not in the handler's `uses`", &help);
        }
        found
    }

    /// Reports statements of a clause that are not local.
    fn only_local(&mut self, block: &ast::Block) {
        let mut blocks = vec![block.clone()];
        while let Some(block) = blocks.pop() {
            for id in block.stmts {
                let ast::Stmt { kind, span } = self.ast().stmt(id).clone();
                if !is_local(&kind) {
                    let text = "a clause of a handler has only local statements".to_owned();
                    let help = "send messages in the region, or leave it: `leave v`, `on abort v => …`";
                    self.report("E0521", span, text, "not local", help);
                }
                kind.each_block(&mut |inner| blocks.push(inner.clone()));
            }
        }
    }

    /// Follows the ways through a block: the body is resumed at most once. Notes what was resumed before each value;
    /// `None` if no way comes to the end.
    fn resumptions(
        &mut self,
        block: &ast::Block,
        mut state: Resumed,
        last: &mut FxHashMap<Span, Resumed>,
    ) -> Option<Resumed> {
        for id in &block.stmts {
            let ast::Stmt { kind, span } = self.ast().stmt(*id).clone();
            match kind {
                ast::StmtKind::Value(_) => {
                    last.insert(span, state);
                }
                ast::StmtKind::Let { value, body, .. } => {
                    if let LetValue::Step(Step::Resume(_)) = *value {
                        self.resume_once(state, span);
                        state = Resumed::Yes(span);
                    }
                    if let Some(body) = body {
                        state = self.resumptions(&body, state, last)?;
                    }
                }
                ast::StmtKind::Step(step) => match *step {
                    Step::Resume(_) | Step::Pass | Step::Leave(_) => {
                        self.resume_once(state, span);
                        return None;
                    }
                    Step::Throw(_) => return None,
                    _ => {}
                },
                ast::StmtKind::If { then, els, .. } => {
                    let els = els.unwrap_or_default();
                    state = self.resumed_in(&[&then, &els], state, last)?;
                }
                ast::StmtKind::Case { arms, .. } => {
                    let bodies: Vec<&ast::Block> = arms.iter().map(|arm| &arm.body).collect();
                    state = self.resumed_in(&bodies, state, last)?;
                }
                _ => {}
            }
        }
        Some(state)
    }

    fn resumed_in(
        &mut self,
        arms: &[&ast::Block],
        state: Resumed,
        last: &mut FxHashMap<Span, Resumed>,
    ) -> Option<Resumed> {
        let ends: Vec<Option<Resumed>> = arms.iter().map(|arm| self.resumptions(arm, state, last)).collect();
        ends.into_iter().flatten().reduce(Resumed::or)
    }

    fn resume_once(&mut self, state: Resumed, span: Span) {
        if let Resumed::Yes(first) | Resumed::Maybe(first) = state {
            let file = self.program.modules[self.module].file;
            let text = "the body of the region was resumed before, and goes on only once".to_owned();
            let diagnostic = self
                .diagnostic("E0522", span, text, "a second time")
                .label(file, first, "resumed here")
                .help("resume once on every way, and use the value it gives");
            self.diagnostics.push(diagnostic);
        }
    }
}

fn is_local(kind: &ast::StmtKind) -> bool {
    use ast::StmtKind as S;
    match kind {
        S::If { .. }
        | S::Case { .. }
        | S::Var { .. }
        | S::Assign { .. }
        | S::Assert { .. }
        | S::Perform { .. }
        | S::Value(_)
        | S::Error => true,
        S::Let { value, .. } => match &**value {
            LetValue::Step(step) => is_local_step(step),
            LetValue::Expr(_) | LetValue::Perform { .. } => true,
        },
        S::Step(step) => is_local_step(step),
        _ => false,
    }
}

fn is_local_step(step: &Step) -> bool {
    matches!(
        step,
        Step::Resume(_) | Step::Delegate { .. } | Step::Pass | Step::Leave(_) | Step::Throw(_) | Step::Result(_)
    )
}
