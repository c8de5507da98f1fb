//! Builder: blocks and statements.

use super::builder::{Builder, Mark};
use crate::ast::{
    Annotation, Block, CaseArm, ChoiceArm, Evidence, ExprId, ExprKind, Field, FieldKind, IndexKind, LetValue, LoopKind,
    Modality, Name, OutcomeArm, Path, Perform, Region, RoleRef, Scope, Step, StmtId, StmtKind, Target, TypeId,
    TypeKind, Use,
};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;

/// Statements that fit into the smallest piece of memory an allocator gives.
const FEW: usize = 4;

/// Length of `check`.
const CHECK: u32 = 5;

/// Length of `timeout` and `attempt`.
const SCOPE_WORD: u32 = 7;

/// Guard of an arm of a `choice`.
#[derive(Debug)]
pub(super) enum Guard {
    /// `when (e)`
    Expr(ExprId),
    /// `when check E.op(a) yields w`
    Evidence(Box<Evidence>),
}

impl Builder<'_> {
    // ---- blocks

    /// Starts the list of statements of a block.
    pub(super) fn first_stmt(first: Option<StmtId>) -> Vec<StmtId> {
        let mut stmts = Vec::with_capacity(FEW);
        stmts.extend(first);
        stmts
    }

    /// An indented block: from its first to its last statement.
    pub(super) fn block(&mut self, stmts: Vec<StmtId>, l: u32, r: u32) -> Block {
        let span = match (stmts.first(), stmts.last()) {
            (Some(first), Some(last)) => self.ast.stmt(*first).span.to(self.ast.stmt(*last).span),
            _ => Span::new(l.min(r), r),
        };
        Block { stmts, span }
    }

    pub(super) fn braced_block(&mut self, stmts: Vec<StmtId>, l: u32, r: u32) -> Block {
        Block { stmts, span: Span::new(l, r) }
    }

    // ---- communication

    pub(super) fn message(
        &mut self,
        from: RoleRef,
        annotation: Option<Box<Annotation>>,
        to: Target,
        label: Name,
        fields: Vec<Field>,
        span: Span,
    ) -> StmtId {
        self.stmt(StmtKind::Message { from, to, label, fields, annotation }, span, [])
    }

    pub(super) fn payload_of(&mut self, ty: TypeId, name: Option<Name>, span: Span) -> Vec<Field> {
        let kind = match name {
            Some(name) => FieldKind::Supplied { name, ty },
            None => FieldKind::Carried { ty },
        };
        vec![self.named_field(kind, span)]
    }

    pub(super) fn named_field(&mut self, kind: FieldKind, span: Span) -> Field {
        if let FieldKind::Supplied { name, .. } | FieldKind::Computed { name, .. } = kind {
            self.small(name, "the field");
        }
        Field { kind, span }
    }

    /// A field without a name: a variable, a type, or an expression that needs a name.
    pub(super) fn field(&mut self, value: ExprId, span: Span) -> Field {
        let kind = match self.ast.expr(value).kind {
            ExprKind::Var(symbol) => FieldKind::Pass(Name { symbol, span }),
            _ => match self.path_of(value) {
                Some(path) => {
                    let kind = TypeKind::Named { path, args: Box::default() };
                    FieldKind::Carried { ty: self.ty(kind, span, &[]) }
                }
                None => FieldKind::Unnamed(value),
            },
        };
        Field { kind, span }
    }

    /// The dotted path that an expression spells, if it ends in a capitalised name.
    fn path_of(&self, value: ExprId) -> Option<Path> {
        let mut names = Vec::new();
        let mut at = value;
        loop {
            let expr = self.ast.expr(at);
            match expr.kind {
                ExprKind::Field { base, name } => {
                    names.push(name);
                    at = base;
                }
                ExprKind::Upper(symbol) | ExprKind::Var(symbol) => {
                    names.push(Name { symbol, span: expr.span });
                    break;
                }
                _ => return None,
            }
        }
        names.reverse();
        let last = names.last()?;
        super::builder::starts_with_capital(self.interner.text(last.symbol)).then(|| Path { names: names.into() })
    }

    // ---- control

    pub(super) fn choice(&mut self, decider: RoleRef, arms: Vec<ChoiceArm>, span: Span) -> StmtId {
        let deepest = arms.iter().map(|arm| self.block_depth(&arm.body)).max().unwrap_or(0);
        self.stmt_of_depth(StmtKind::Choice { decider, arms }, span, deepest)
    }

    pub(super) fn choice_arm(
        &mut self,
        name: Name,
        guard: Option<Guard>,
        body: Block,
        span: Span,
    ) -> Option<Box<ChoiceArm>> {
        let (guard, evidence) = match guard {
            Some(Guard::Expr(expr)) => (Some(expr), None),
            Some(Guard::Evidence(evidence)) => (None, Some(evidence)),
            None => (None, None),
        };
        Some(Box::new(ChoiceArm { name, guard, evidence, body, span }))
    }

    /// `when check E.op(a) yields w`; `checked` is from `check` to the closing parenthesis.
    pub(super) fn evidence(&mut self, perform: Perform, checked: Span, bind: Name, span: Span) -> Guard {
        self.small(bind, "the variable");
        let verb_span = checked.head(CHECK);
        let perform = Perform { verb: Modality::Authoritative, verb_span, span: checked, ..perform };
        Guard::Evidence(Box::new(Evidence { perform, bind, span }))
    }

    pub(super) fn if_stmt(
        &mut self,
        cond: ExprId,
        at: Option<RoleRef>,
        then: Block,
        els: Option<Block>,
        span: Span,
    ) -> StmtId {
        let deepest = self.block_depth(&then).max(els.as_ref().map_or(0, |els| self.block_depth(els)));
        self.stmt_of_depth(StmtKind::If { cond, at, then, els }, span, deepest)
    }

    /// `else if …` is an `else` block that holds one statement.
    pub(super) fn else_if(&mut self, stmt: StmtId) -> Block {
        Block { stmts: vec![stmt], span: self.ast.stmt(stmt).span }
    }

    pub(super) fn case_stmt(
        &mut self,
        scrutinee: ExprId,
        at: Option<RoleRef>,
        arms: Vec<CaseArm>,
        span: Span,
    ) -> StmtId {
        let deepest = arms.iter().map(|arm| self.block_depth(&arm.body)).max().unwrap_or(0);
        self.stmt_of_depth(StmtKind::Case { scrutinee, at, arms }, span, deepest)
    }

    pub(super) fn rec_stmt(&mut self, label: Name, body: Block, span: Span) -> StmtId {
        let deepest = self.block_depth(&body);
        self.stmt_of_depth(StmtKind::Rec { label, body }, span, deepest)
    }

    pub(super) fn continue_stmt(&mut self, label: Name, span: Span) -> StmtId {
        self.stmt(StmtKind::Continue { label }, span, [])
    }

    pub(super) fn loop_stmt(&mut self, kind: LoopKind, body: Block, span: Span) -> StmtId {
        let deepest = self.block_depth(&body);
        self.stmt_of_depth(StmtKind::Loop { kind, body }, span, deepest)
    }

    /// The condition of a loop; one written as a string is the expression in it.
    pub(super) fn condition_of(&mut self, cond: ExprId) -> ExprId {
        let expr = self.ast.expr(cond);
        let span = expr.span;
        if !matches!(expr.kind, ExprKind::String(_)) || !self.slice(span.start, span.end).starts_with('"') {
            return cond;
        }
        let content = Span::new(span.start + 1, span.end - 1);
        if self.slice(content.start, content.end).contains('\\') {
            self.report(
                Diagnostic::new(Code("E0102"), "a condition in quotes may not contain escapes")
                    .label(self.file, span, "this is read as an expression")
                    .help("write the condition in parentheses: `loop while (e)`"),
            );
            return self.expr(ExprKind::Error, span, 0);
        }
        let (lexemes, diagnostics) = super::condition_lexemes(self.file, self.text, content);
        diagnostics.into_iter().for_each(|diagnostic| self.report(diagnostic));
        let full = self.full();
        super::run(self, &lexemes, full);
        match self.condition.take() {
            Some(cond) => cond,
            None => self.expr(ExprKind::Error, span, 0),
        }
    }

    pub(super) fn call_stmt(&mut self, protocol: Path, roles: Vec<RoleRef>, args: Option<Mark>, span: Span) -> StmtId {
        let args = args.map_or_else(Vec::new, |mark| self.take_args(mark));
        self.stmt(StmtKind::Call { protocol, roles, args }, span, [])
    }

    // ---- local statements

    pub(super) fn let_stmt(
        &mut self,
        modality: Option<(Modality, Span)>,
        name: Name,
        (at, ty): (Option<RoleRef>, Option<TypeId>),
        mut value: Box<LetValue>,
        body: Option<Block>,
        span: Span,
    ) -> StmtId {
        self.small(name, "the variable");
        match (&mut *value, modality) {
            (LetValue::Perform { modality: said, .. }, _) => *said = modality,
            (_, Some((_, word))) => self.idle_modality(word),
            (_, None) => {}
        }
        let deepest = body.as_ref().map_or(0, |body| self.block_depth(body));
        self.stmt_of_depth(StmtKind::Let { name, at, ty, value, body }, span, deepest)
    }

    fn idle_modality(&mut self, word: Span) {
        let text = self.slice(word.start, word.end);
        let verb = if text == "observe" { "observe" } else { "check" };
        self.report(
            Diagnostic::new(Code("E0102"), format!("expected `{verb}` on the right of `{text} let`"))
                .label(self.file, word, "this announces an operation")
                .help(format!("write `{text} let x = {verb} E.op(…)`, or remove `{text}`")),
        );
    }

    pub(super) fn var_stmt(
        &mut self,
        name: Name,
        (at, ty): (Option<RoleRef>, Option<TypeId>),
        init: ExprId,
        span: Span,
    ) -> StmtId {
        self.small(name, "the variable");
        self.stmt(StmtKind::Var { name, at, ty, init }, span, [])
    }

    pub(super) fn assign(&mut self, name: Name, value: ExprId, span: Span) -> StmtId {
        self.stmt(StmtKind::Assign { name, value }, span, [])
    }

    pub(super) fn assert(&mut self, cond: ExprId, at: Option<RoleRef>, text: Option<Span>, span: Span) -> StmtId {
        let text = text.map(|text| self.string_symbol(text.start, text.end));
        self.stmt(StmtKind::Assert { cond, at, text }, span, [])
    }

    /// `E.op(args)`; the verb in front of it is filled in by the caller.
    pub(super) fn perform(&mut self, path: Mark, args: Mark) -> Box<Perform> {
        let args = self.take_args(args);
        let Path { names } = self.path(path);
        let mut names = names.into_vec();
        let op = names.pop().expect("a path has at least one name");
        if names.is_empty() {
            let text = self.name_text(op);
            self.report(
                Diagnostic::new(Code("E0102"), format!("expected an effect before the operation `{text}`"))
                    .label(self.file, op.span, "this operation stands alone")
                    .help(format!("write the effect too: `E.{text}(…)`")),
            );
            names.push(op);
        }
        let effect = Path { names: names.into() };
        Box::new(Perform { verb: Modality::Command, verb_span: op.span, effect, op, args, span: op.span })
    }

    pub(super) fn perform_stmt(&mut self, l: u32, mut perform: Box<Perform>, at: Option<RoleRef>, r: u32) -> StmtId {
        // `do` is two bytes long; the operation ends before an `at R`
        let end = at.map_or(r, |role| self.end_before(role.name.span.start));
        perform.verb_span = Span::new(l, l + 2);
        perform.span = Span::new(l, end);
        self.stmt(StmtKind::Perform { perform, at }, Span::new(l, r), [])
    }

    /// End of the closing parenthesis before the `at` that stands before offset `role`.
    fn end_before(&self, role: u32) -> u32 {
        let before = self.slice(0, role);
        before.rfind(')').map_or(role, |at| u32::try_from(at + 1).expect("an offset of the file"))
    }

    pub(super) fn perform_value(
        &mut self,
        (verb, verb_span): (Modality, Span),
        l: u32,
        perform: Perform,
        r: u32,
    ) -> Box<LetValue> {
        let perform = Perform { verb, verb_span, span: Span::new(l, r), ..perform };
        Box::new(LetValue::Perform { perform, modality: None })
    }

    // ---- parts side by side, scopes, steps

    pub(super) fn par(&mut self, branches: Vec<Block>, span: Span) -> StmtId {
        let deepest = self.blocks_depth(&branches);
        self.stmt_of_depth(StmtKind::Par { branches }, span, deepest)
    }

    /// A statement that could not be read.
    pub(super) fn unread(&mut self, span: Span) -> StmtId {
        self.stmt(StmtKind::Error, span, [])
    }

    pub(super) fn for_stmt(&mut self, index: Name, over: IndexKind, body: Block, span: Span) -> StmtId {
        self.small(index, "the index");
        let deepest = self.block_depth(&body);
        self.stmt_of_depth(StmtKind::For { index, over, body }, span, deepest)
    }

    pub(super) fn step_stmt(&mut self, step: Box<Step>, span: Span) -> StmtId {
        self.stmt(StmtKind::Step(step), span, [])
    }

    pub(super) fn scope(
        &mut self,
        deadline: Option<ExprId>,
        owner: RoleRef,
        body: Block,
        outcomes: Option<Vec<OutcomeArm>>,
        span: Span,
    ) -> StmtId {
        if outcomes.is_none() {
            self.need_outcomes(span.head(SCOPE_WORD));
        }
        let outcomes = outcomes.unwrap_or_default();
        let deepest = self.blocks_depth(outcomes.iter().map(|arm| &arm.body).chain([&body]));
        self.stmt_of_depth(StmtKind::Scope(Box::new(Scope { deadline, owner, body, outcomes })), span, deepest)
    }

    pub(super) fn region(
        &mut self,
        role: RoleRef,
        (instance, handler, args): (Use, Name, Option<Mark>),
        bind: Option<Name>,
        (body, outcomes): (Block, Option<Vec<OutcomeArm>>),
        span: Span,
    ) -> StmtId {
        let args = args.map_or_else(Vec::new, |mark| self.take_args(mark));
        let outcomes = outcomes.unwrap_or_default();
        let deepest = self.blocks_depth(outcomes.iter().map(|arm| &arm.body).chain([&body]));
        let region = Region { role, instance, handler, args, bind, body, outcomes };
        self.stmt_of_depth(StmtKind::Region(Box::new(region)), span, deepest)
    }

    /// Reports a scope, whose first word is `word`, without outcomes.
    fn need_outcomes(&mut self, word: Span) {
        self.report(
            Diagnostic::new(Code("E0102"), "this scope has no outcome block")
                .label(self.file, word, "what happens when it ends early?")
                .help("add `on timeout => …` after a `timeout`, `on fail e => …` after an `attempt`"),
        );
    }

    /// `on done|timeout|cancel|fail e|abort v`
    pub(super) fn outcome(&mut self, outcome: Name, bind: Option<Name>, body: Block, span: Span) -> Box<OutcomeArm> {
        let allowed = ["timeout", "done", "cancel", "fail", "abort"];
        let text = self.name_text(outcome);
        if !allowed.contains(&text) {
            self.unknown_clause(outcome, &allowed);
        } else if matches!(text, "fail" | "abort") != bind.is_some() {
            let (what, help) = match bind {
                None => ("expected a name", format!("write `on {text} x => …`")),
                Some(_) => ("expected no name", format!("write `on {text} => …`")),
            };
            let place = bind.map_or(outcome.span, |name| name.span);
            self.report(
                Diagnostic::new(Code("E0102"), format!("{what} after `on {text}`"))
                    .label(self.file, place, "here")
                    .help(help),
            );
        }
        Box::new(OutcomeArm { outcome, bind, body, span })
    }

    /// An expression that stands as a statement; legal in handlers only.
    pub(super) fn expression_stmt(&mut self, sequence: super::builder::Sequence, span: Span) -> StmtId {
        let value = self.finish_sequence(sequence);
        self.expression_stmts.push(span);
        self.stmt(StmtKind::Value(value), span, [])
    }
}
