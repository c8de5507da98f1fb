//! Statements with arms: `choice`, `if`, `case`, and which names are visible behind them.

use super::Checker;
use super::block::Tail;
use super::local::Performed;
use super::pattern::Binds;
use crate::hir::{Arm, Block, CaseArm, ExprKind, Guard, Join, Pattern, PatternKind, RoleId, Stmt, StmtKind, Var};
use crate::ty::{TyKind, Types};
use rustc_hash::FxHashMap;
use tell_ir::image::Const;
use tell_language::ast::{self, Name, RoleRef};
use tell_language::span::Span;
use tell_language::symbol::Symbol;

/// What an arm binds: `None` if control does not leave at its end.
pub(super) type Bound = Option<Held>;

/// Names and who holds which binding under them.
pub(super) type Held = Vec<(RoleId, Symbol, Var)>;

impl Checker<'_> {
    pub(super) fn choice(
        &mut self,
        decider: RoleRef,
        arms: &[ast::ChoiceArm],
        span: Span,
        tail: Tail,
        out: &mut Vec<Stmt>,
    ) -> bool {
        if arms.is_empty() {
            let file = self.program.modules[self.module].file;
            let reported = |one: &tell_language::diagnostic::Diagnostic| {
                let (other, at) = one.position();
                other == file && one.code.0.starts_with("E01") && span.start <= at.start && at.start <= span.end
            };
            if self.diagnostics.iter().any(reported) {
                return true;
            }
            let help = "write its branches below: `| Name => …`";
            self.report("E0102", decider.name.span, "this choice has no branches".into(), "what can be chosen?", help);
            return true;
        }
        let at = decider;
        let decider = self.role(at);
        let mut checked: Vec<Arm> = Vec::new();
        let mut bound: Vec<Bound> = Vec::new();
        let mut seen: FxHashMap<Symbol, Span> = FxHashMap::default();
        for arm in arms {
            self.arm_name(arm.name, &mut seen);
            let (guard, binds) = decider.map_or((None, Vec::new()), |decider| self.guard(arm, at, decider));
            let (body, names) = self.arm(&arm.body, &binds, tail);
            bound.push(names);
            checked.push(Arm { name: arm.name.symbol, span: arm.name.span, guard, body });
        }
        let joins = self.join(&bound);
        if let Some(decider) = decider {
            self.warn_no_open_branch(&checked, span);
            out.push(Stmt { kind: StmtKind::Choice { decider, arms: checked, joins }, span });
        }
        bound.iter().any(Option::is_some)
    }

    /// The guard of an arm, and what it binds.
    fn guard(&mut self, arm: &ast::ChoiceArm, at: RoleRef, decider: RoleId) -> (Option<Guard>, Held) {
        if let Some(evidence) = &arm.evidence {
            return self.evidence(evidence, at).map_or((None, Vec::new()), |(guard, held)| (Some(guard), held));
        }
        let first = self.body.exprs.len();
        let guard = arm.guard.map(|guard| self.condition(guard, decider));
        self.finish_types(first);
        if let Some(guard) = guard {
            self.warn_constant(guard);
        }
        (guard.map(Guard::Expr), Vec::new())
    }

    /// `when check E.op(a) yields w`: what the operation yields is bound in the arm.
    fn evidence(&mut self, evidence: &ast::Evidence, at: RoleRef) -> Option<(Guard, Held)> {
        let Performed { role, effect, op, args, result } =
            self.perform(&evidence.perform, Some(at), None, evidence.span)?;
        let ty = match *self.program.types.kind(result) {
            TyKind::Maybe(ty) | TyKind::Result(_, ty) => ty,
            _ => {
                let text = format!("a guard needs a `Maybe` or `Result`, this is {}", self.program.show_type(result));
                let help = "perform it before the choice, and write `when (e)`";
                self.report("E0427", evidence.perform.span, text, "neither open nor closed", help);
                Types::ERROR
            }
        };
        self.refuse_predefined(evidence.bind);
        let bind = self.new_var(evidence.bind.symbol, ty, evidence.bind.span);
        self.lets.push(bind);
        Some((Guard::Check { effect, op, args, result, bind }, vec![(role, evidence.bind.symbol, bind)]))
    }

    fn arm_name(&mut self, name: Name, seen: &mut FxHashMap<Symbol, Span>) {
        let first = *seen.entry(name.symbol).or_insert(name.span);
        if first != name.span {
            let file = self.program.modules[self.module].file;
            let text = format!("two branches are called `{}`", self.text(name.symbol));
            let diagnostic = self
                .diagnostic("E0214", name.span, text, "again here")
                .label(file, first, "first here")
                .help("rename one of them");
            self.diagnostics.push(diagnostic);
        }
    }

    /// One arm in a scope of its own, with names bound at its start.
    fn arm(&mut self, block: &ast::Block, binds: &[(RoleId, Symbol, Var)], tail: Tail) -> (Block, Bound) {
        let mark = self.scope.mark();
        for (role, name, var) in binds {
            self.scope.bind(*role, *name, *var);
        }
        let body = self.block(block, tail);
        let names = body.falls_through.then(|| self.scope.since(mark));
        self.scope.rollback(mark);
        (body, names)
    }

    pub(super) fn if_stmt(
        &mut self,
        cond: ast::ExprId,
        at: Option<RoleRef>,
        (then, els): (&ast::Block, Option<&ast::Block>),
        span: Span,
        tail: Tail,
        out: &mut Vec<Stmt>,
    ) -> bool {
        let first = self.body.exprs.len();
        let decision = self.deciders(cond, at).map(|deciders| (self.condition(cond, deciders[0]), deciders));
        self.finish_types(first);
        if let Some((cond, _)) = &decision {
            self.warn_constant(*cond);
        }
        let (then, then_names) = self.arm(then, &[], tail);
        let empty = ast::Block { stmts: Vec::new(), span: Span::new(span.end, span.end) };
        let (els, els_names) = self.arm(els.unwrap_or(&empty), &[], tail);
        let bound = [then_names, els_names];
        let joins = self.join(&bound);
        if let Some((scrutinee, deciders)) = decision {
            let span_of = self.body.exprs[scrutinee.index()].span;
            let mut arm = |value: bool, body: Block| {
                let pattern = Pattern { kind: PatternKind::Const(Const::Bool(value)), ty: Types::BOOL, span: span_of };
                CaseArm { pattern: self.add_pattern(pattern), span: body.span, body }
            };
            let arms = vec![arm(true, then), arm(false, els)];
            out.push(Stmt { kind: StmtKind::Case { deciders, scrutinee, arms, joins }, span });
        }
        bound.iter().any(Option::is_some)
    }

    pub(super) fn case_stmt(
        &mut self,
        scrutinee: ast::ExprId,
        at: Option<RoleRef>,
        arms: &[ast::CaseArm],
        span: Span,
        tail: Tail,
        out: &mut Vec<Stmt>,
    ) -> bool {
        let first = self.body.exprs.len();
        let scrutinee_span = self.ast().expr(scrutinee).span;
        let decision = self.deciders(scrutinee, at).map(|deciders| (self.expr(scrutinee, deciders[0], None), deciders));
        let ty = decision.as_ref().map_or(Types::ERROR, |(scrutinee, _)| self.body.exprs[scrutinee.index()].ty);
        let errors = self.diagnostics.len();
        let mut patterns: Vec<Pattern> = Vec::new();
        let mut all_binds = Vec::new();
        let mut broken: Vec<bool> = Vec::new();
        for arm in arms {
            let mut binds = Binds::default();
            let ty = if self.diagnostics.len() == errors { ty } else { Types::ERROR };
            let before = self.diagnostics.len();
            let mut pattern = self.pattern(arm.pattern, ty, &mut binds);
            broken.push(self.diagnostics.len() > before);
            self.finish_pattern(&mut pattern);
            patterns.push(pattern);
            all_binds.push(binds);
        }
        if self.diagnostics.len() == errors {
            self.cover(&patterns.iter().collect::<Vec<_>>(), ty, scrutinee_span);
        }
        self.finish_types(first);
        // Nothing follows from a decision that nobody can take.
        let deciders = decision.as_ref().map_or_else(|| self.all_roles(), |(_, deciders)| deciders.clone());
        let mut bound: Vec<Bound> = Vec::new();
        let mut checked: Vec<CaseArm> = Vec::new();
        for (((arm, pattern), binds), broken) in arms.iter().zip(patterns).zip(all_binds).zip(broken) {
            let held: Vec<_> = deciders
                .iter()
                .flat_map(|role| binds.vars.iter().map(|(name, var)| (*role, name.symbol, *var)))
                .collect();
            let before = self.diagnostics.len();
            let (body, names) = self.arm(&arm.body, &held, tail);
            if broken {
                self.forgive_names(before);
            }
            bound.push(names);
            checked.push(CaseArm { pattern: self.add_pattern(pattern), body, span: arm.span });
        }
        let joins = self.join(&bound);
        if let Some((scrutinee, deciders)) = decision {
            out.push(Stmt { kind: StmtKind::Case { deciders, scrutinee, arms: checked, joins }, span });
        }
        bound.iter().any(Option::is_some)
    }

    /// Drops the reports of unknown names since `before`: a pattern that is wrong may lack their bindings.
    pub(super) fn forgive_names(&mut self, before: usize) {
        let mut index = 0;
        self.diagnostics.retain(|diagnostic| {
            index += 1;
            index <= before || diagnostic.code.0 != "E0209"
        });
    }

    fn add_pattern(&mut self, pattern: Pattern) -> u32 {
        self.body.patterns.push(pattern);
        u32::try_from(self.body.patterns.len() - 1).expect("fewer than 2^32 patterns")
    }

    /// Binds behind the arms what every falling-through arm binds with one type, shared by exactly the roles that
    /// share it in every arm.
    pub(super) fn join(&mut self, arms: &[Bound]) -> Vec<Join> {
        let falling: Vec<&Vec<(RoleId, Symbol, Var)>> = arms.iter().flatten().collect();
        let Some((first, rest)) = falling.split_first() else { return Vec::new() };
        let tables: Vec<FxHashMap<(RoleId, Symbol), Var>> =
            rest.iter().map(|arm| arm.iter().map(|(role, name, var)| ((*role, *name), *var)).collect()).collect();
        let mut joins: indexmap::IndexMap<Vec<Option<Var>>, Var, rustc_hash::FxBuildHasher> =
            indexmap::IndexMap::default();
        for (role, name, var) in first.iter() {
            let others: Option<Vec<Var>> = tables.iter().map(|table| table.get(&(*role, *name)).copied()).collect();
            let Some(others) = others else { continue };
            let all: Vec<Var> = [*var].into_iter().chain(others).collect();
            let info = self.body.vars[var.index()];
            if all.iter().any(|other| self.cells.contains(other) || self.body.vars[other.index()].ty != info.ty) {
                continue;
            }
            if all.iter().all(|other| other == var) {
                // One binding in every arm, passed on or kept: it stays what it is.
                self.scope.bind(*role, *name, *var);
                continue;
            }
            let mut vars = all.iter().copied();
            let key: Vec<Option<Var>> =
                arms.iter().map(|arm| arm.as_ref().map(|_| vars.next().expect("one per falling arm"))).collect();
            let joined = match joins.get(&key) {
                Some(joined) => *joined,
                None => {
                    let joined = self.new_var(*name, info.ty, info.span);
                    joins.insert(key, joined);
                    joined
                }
            };
            self.scope.bind(*role, *name, joined);
        }
        // A joined binding has no `let` of its own to warn about, so what it joins counts as used.
        self.used.extend(joins.keys().flatten().flatten());
        joins.into_iter().map(|(from, var)| Join { var, from }).collect()
    }

    pub(super) fn warn_constant(&mut self, cond: crate::hir::ExprId) {
        let expr = &self.body.exprs[cond.index()];
        if let ExprKind::Const(Const::Bool(value)) = expr.kind {
            let text = format!("this condition is always {value}");
            let help = if value { "remove it" } else { "remove it and what depends on it" };
            self.report("W0302", expr.span, text, "constant", help);
        }
    }

    fn warn_no_open_branch(&mut self, arms: &[Arm], span: Span) {
        if arms.is_empty() || arms.iter().any(|arm| arm.guard.is_none()) {
            return;
        }
        let guards = arms.iter().filter_map(|arm| match arm.guard {
            Some(Guard::Expr(guard)) => Some(guard),
            _ => None,
        });
        let keys: Vec<GuardKey> = guards.map(|guard| self.guard_key(guard)).collect();
        let complete = keys.iter().any(|(text, holds)| text == "true" && *holds)
            || keys
                .iter()
                .any(|(text, holds)| keys.iter().any(|(other, other_holds)| text == other && holds != other_holds));
        if !complete {
            let text = "this choice may find no branch open".to_owned();
            let head = span.head(6);
            self.report("W0303", head, text, "every branch has a guard", "leave one branch without a guard");
        }
    }

    /// A guard as text, without leading negation, and whether it stood positively; `a >= b` is `not (a < b)`.
    fn guard_key(&self, guard: crate::hir::ExprId) -> GuardKey {
        use tell_ir::prim::Prim;
        match &self.body.exprs[guard.index()].kind {
            ExprKind::Prim(Prim::Not, args) => {
                let (text, holds) = self.guard_key(args[0]);
                (text, !holds)
            }
            ExprKind::Prim(prim, args) if args.len() == 2 => {
                let (name, swap, holds) = match prim {
                    Prim::Lt => ("<", false, true),
                    Prim::Ge => ("<", false, false),
                    Prim::Gt => ("<", true, true),
                    Prim::Le => ("<", true, false),
                    Prim::Eq => ("==", false, true),
                    Prim::Ne => ("==", false, false),
                    other => (other.text(), false, true),
                };
                let (a, b) = if swap { (args[1], args[0]) } else { (args[0], args[1]) };
                (format!("({} {name} {})", self.signed(a), self.signed(b)), holds)
            }
            ExprKind::And(a, b) => (format!("({} && {})", self.signed(*a), self.signed(*b)), true),
            ExprKind::Or(a, b) => (format!("({} || {})", self.signed(*a), self.signed(*b)), true),
            ExprKind::Get(base, index) => (format!("{}.{index}", self.signed(*base)), true),
            ExprKind::Prim(prim, args) => {
                let args: Vec<String> = args.iter().map(|arg| self.signed(*arg)).collect();
                (format!("{}({})", prim.text(), args.join(", ")), true)
            }
            ExprKind::Const(Const::Bool(value)) => ("true".into(), *value),
            // Anything else is taken for the same only if it is the same place.
            ExprKind::Var(_) | ExprKind::Const(_) => (format!("{:?}", self.body.exprs[guard.index()].kind), true),
            _ => (format!("#{}", guard.0), true),
        }
    }

    /// A guard's text with its sign.
    fn signed(&self, guard: crate::hir::ExprId) -> String {
        let (text, holds) = self.guard_key(guard);
        if holds { text } else { format!("not {text}") }
    }
}

type GuardKey = (String, bool);
