//! Local statements: `let`, `var`, `:=`, `assert`, and performing operations.

use super::{Checker, listed};
use crate::hir::{EffectId, ExprId, ExprKind, RoleId, Stmt, StmtKind};
use crate::resolve::{effect, similar_effect};
use crate::ty::{Ty, Types};
use tell_ir::image::Modality;
use tell_language::ast::{self, LetValue, Name, RoleRef};
use tell_language::diagnostic::did_you_mean;
use tell_language::span::Span;
use tell_language::symbol::Symbol;

/// The types of an operation in an effect instance.
pub(super) struct Operation {
    pub(super) params: Vec<Ty>,
    pub(super) result: Ty,
}

/// A checked operation with its arguments at a role.
pub(super) struct Performed {
    pub(super) role: RoleId,
    pub(super) effect: usize,
    pub(super) op: usize,
    pub(super) args: Vec<ExprId>,
    pub(super) result: Ty,
}

impl Checker<'_> {
    pub(super) fn let_stmt(
        &mut self,
        name: Name,
        at: Option<RoleRef>,
        ty: Option<ast::TypeId>,
        value: &LetValue,
        span: Span,
        out: &mut Vec<Stmt>,
    ) {
        let first = self.body.exprs.len();
        let expected = ty.map(|ty| self.annotation(ty));
        match value {
            LetValue::Expr(value) => {
                let names = self.free_names(*value);
                let Some(role) = self.place("evaluates this", at, &names, span) else {
                    return self.poison(name, expected);
                };
                let errors = self.diagnostics.len();
                let value = self.expr(*value, role, expected);
                self.finish_types(first);
                if self.diagnostics.len() > errors {
                    // The value or its type is wrong: what uses the name would be wrong for the same reason.
                    return self.poison(name, None);
                }
                let ty = expected.unwrap_or(self.body.exprs[value.index()].ty);
                self.bind_let(role, name, ty, |role, var| StmtKind::Let { role, var, value }, span, out);
            }
            LetValue::Perform { perform, modality } => {
                match modality {
                    Some((word, word_span)) => self.check_word(*word, *word_span, perform),
                    None => self.check_no_word(perform),
                }
                let Some(Performed { role, effect, op, args, result }) = self.perform(perform, at, expected, span)
                else {
                    return self.poison(name, expected);
                };
                let build = |role, var| StmtKind::Perform { role, effect, op, args, result, bind: Some(var) };
                self.bind_let(role, name, result, build, span, out);
            }
            LetValue::Step(step) => self.let_step((name, at, expected), step, span, out),
        }
    }

    /// After an error: everybody holds the name with a type that fits everywhere, so that nothing follows from it.
    pub(super) fn poison(&mut self, name: Name, ty: Option<Ty>) {
        self.forget_open_types();
        let var = self.new_var(name.symbol, ty.unwrap_or(Types::ERROR), name.span);
        self.poisoned.insert(var);
        self.used.insert(var);
        for role in self.all_roles() {
            self.scope.bind(role, name.symbol, var);
        }
    }

    pub(super) fn bind_let(
        &mut self,
        role: RoleId,
        name: Name,
        ty: Ty,
        build: impl FnOnce(RoleId, crate::hir::Var) -> StmtKind,
        span: Span,
        out: &mut Vec<Stmt>,
    ) {
        self.refuse_predefined(name);
        let var = self.new_var(name.symbol, ty, name.span);
        self.scope.bind(role, name.symbol, var);
        self.lets.push(var);
        out.push(Stmt { kind: build(role, var), span });
    }

    /// A type written in a body.
    pub(super) fn annotation(&mut self, ty: ast::TypeId) -> Ty {
        let type_vars = self.function.as_ref().map_or(&[][..], |function| &function.type_vars);
        crate::resolve::body_type(self.program, (self.names, self.module), type_vars, ty, self.diagnostics)
    }

    pub(super) fn var_stmt(
        &mut self,
        name: Name,
        at: Option<RoleRef>,
        ty: Option<ast::TypeId>,
        init: ast::ExprId,
        span: Span,
        out: &mut Vec<Stmt>,
    ) {
        let first = self.body.exprs.len();
        let expected = ty.map(|ty| self.annotation(ty));
        let names = self.free_names(init);
        let Some(role) = self.place("owns this cell", at, &names, span) else {
            return self.poison(name, None);
        };
        let errors = self.diagnostics.len();
        let value = self.expr(init, role, expected);
        self.finish_types(first);
        let is_wrong = self.diagnostics.len() > errors;
        let ty = if is_wrong { Types::ERROR } else { expected.unwrap_or(self.body.exprs[value.index()].ty) };
        self.refuse_predefined(name);
        self.refuse_second_cell(name, role);
        let var = self.new_var(name.symbol, ty, name.span);
        self.cells.insert(var);
        self.scope.bind(role, name.symbol, var);
        self.lets.push(var);
        out.push(Stmt { kind: StmtKind::Let { role, var, value }, span });
    }

    /// A cell is set by its name alone, so no other role may have one of that name at the time.
    fn refuse_second_cell(&mut self, name: Name, role: RoleId) {
        let other = self.scope.holders(name.symbol).find(|(holder, var)| *holder != role && self.cells.contains(var));
        let Some((holder, var)) = other else { return };
        let file = self.program.modules[self.module].file;
        let text = format!("`{}` has a cell `{}` already", self.role_name(holder), self.text(name.symbol));
        let diagnostic = self
            .diagnostic("E0313", name.span, text, "a second cell of this name")
            .label(file, self.body.vars[var.index()].span, "the first one")
            .help("give the cells different names");
        self.diagnostics.push(diagnostic);
    }

    pub(super) fn assign(&mut self, name: Name, value: ast::ExprId, span: Span, out: &mut Vec<Stmt>) {
        let holders: Vec<_> = self.scope.holders(name.symbol).collect();
        let cells: Vec<_> = holders.iter().filter(|(_, var)| self.cells.contains(var)).copied().collect();
        let text = self.text(name.symbol).to_owned();
        let (role, var) = match cells.as_slice() {
            [one] => *one,
            [] => {
                return match holders.first() {
                    None => self.unknown_name(name, RoleId(0)),
                    Some((_, var)) if self.poisoned.contains(var) => {}
                    Some((_, var)) => {
                        let bound = self.body.vars[var.index()].span;
                        let file = self.program.modules[self.module].file;
                        let at = if self.function.is_some() { "" } else { " at …" };
                        let diagnostic = self
                            .diagnostic("E0313", name.span, format!("`{text}` is not a cell"), "cannot be set")
                            .label(file, bound, "bound once, here")
                            .help(format!("declare a cell: `var {text}{at} = …`"));
                        self.diagnostics.push(diagnostic);
                    }
                };
            }
            _ => {
                let roles: Vec<RoleId> = cells.iter().map(|(role, _)| *role).collect();
                let text = format!("`{text}` is a cell of {}", self.role_names(&roles));
                return self.report("E0313", name.span, text, "which one?", "give the cells different names");
            }
        };
        self.acting.insert(role);
        self.assigned.push((var, name.span));
        let first = self.body.exprs.len();
        let value = self.expr(value, role, Some(self.body.vars[var.index()].ty));
        self.finish_types(first);
        out.push(Stmt { kind: StmtKind::Let { role, var, value }, span });
    }

    pub(super) fn assert(
        &mut self,
        cond: ast::ExprId,
        at: Option<RoleRef>,
        text: Option<Symbol>,
        span: Span,
        out: &mut Vec<Stmt>,
    ) {
        let first = self.body.exprs.len();
        let names = self.free_names(cond);
        if let Some(role) = self.place("checks this", at, &names, span) {
            let cond = self.condition(cond, role);
            self.finish_types(first);
            out.push(Stmt { kind: StmtKind::Assert { role, cond, text }, span });
        }
    }

    pub(super) fn perform_stmt(
        &mut self,
        perform: &ast::Perform,
        at: Option<RoleRef>,
        span: Span,
        out: &mut Vec<Stmt>,
    ) {
        if let Some(Performed { role, effect, op, args, result }) = self.perform(perform, at, None, span) {
            out.push(Stmt { kind: StmtKind::Perform { role, effect, op, args, result, bind: None }, span });
        }
    }

    pub(super) fn perform(
        &mut self,
        perform: &ast::Perform,
        at: Option<RoleRef>,
        expected: Option<Ty>,
        span: Span,
    ) -> Option<Performed> {
        let first = self.body.exprs.len();
        let (id, op) = self.find_operation(perform)?;
        let names = self.free_names_of(&perform.args);
        let role = self.place("performs this", at, &names, span)?;
        let effect = self.instance_at(role, id, perform.effect.span())?;
        let operation = self.operation(effect, op);
        if operation.params.len() != perform.args.len() {
            let what = format!("operation `{}`", self.text(perform.op.symbol));
            self.wrong_arity(&what, operation.params.len(), perform.args.len(), perform.span);
            return None;
        }
        let args: Vec<ExprId> =
            perform.args.iter().zip(&operation.params).map(|(arg, ty)| self.argument(*arg, *ty, role)).collect();
        if let Some(expected) = expected
            && !self.unify(expected, operation.result)
        {
            self.mismatch(perform.span, expected, operation.result);
            return None;
        }
        let result = self.zonk(operation.result);
        if self.is_open(result) {
            let help = "say it: `let x : T = …`";
            if args.iter().all(|arg| self.body.exprs[arg.index()].ty != Types::ERROR) {
                self.report("E0310", perform.span, "the type of this cannot be inferred".into(), "type unknown", help);
            }
            return None;
        }
        self.finish_types(first);
        Some(Performed { role, effect, op, args, result })
    }

    /// The effect that is named and the position of the operation in it.
    fn find_operation(&mut self, perform: &ast::Perform) -> Option<(EffectId, usize)> {
        let Some(id) = effect(self.names, self.program, self.module, &perform.effect) else {
            self.unknown_effect(&perform.effect);
            return None;
        };
        let is_used = self.program.protocol(self.protocol).uses.iter().any(|used| used.effect == id);
        if !is_used && !self.regions.handles(id) {
            self.not_in_uses(id, perform.effect.span());
            return None;
        }
        let index = self.operation_index(id, perform.op)?;
        let meta = self.program.effects[id.index()].ops[index].meta;
        self.check_verb(perform, meta.modality);
        self.check_agreement_use(perform, meta.agreement);
        Some((id, index))
    }

    /// The position of an operation in its effect; reports an unknown one.
    pub(super) fn operation_index(&mut self, id: EffectId, op: Name) -> Option<usize> {
        let effect = &self.program.effects[id.index()];
        let found = effect.ops.iter().position(|known| known.name == op.symbol);
        if found.is_none() {
            let (name, wanted) = (self.text(effect.name), self.text(op.symbol));
            let known: Vec<&str> = effect.ops.iter().map(|op| self.program.text(op.name)).collect();
            let help = match did_you_mean(wanted, known.iter().copied()) {
                Some(similar) => format!("did you mean `{similar}`?"),
                None => format!("its operations are {}", listed(&known)),
            };
            let text = format!("effect `{name}` has no operation `{wanted}`");
            self.report("E0204", op.span, text, "unknown operation", &help);
        }
        found
    }

    /// The instance an operation of an effect at a role is performed in: of the innermost region of the role that
    /// handles it, else of `uses`. Reports that there is none.
    pub(super) fn instance_at(&mut self, role: RoleId, id: EffectId, span: Span) -> Option<usize> {
        let uses = &self.program.protocol(self.protocol).uses;
        let found = self.regions.instance(role, id).or_else(|| uses.iter().position(|used| used.effect == id));
        if found.is_none() {
            self.not_in_uses(id, span);
        }
        found
    }

    fn not_in_uses(&mut self, id: EffectId, span: Span) {
        let name = self.text(self.program.effects[id.index()].name).to_owned();
        let text = format!("{} does not use `{name}`", self.owner());
        let params: Vec<String> =
            (0..self.program.effects[id.index()].params).map(|index| format!("T{index}")).collect();
        let help = match params.len() {
            0 => format!("add it to the header: `uses {name}`"),
            _ => format!("add it to the header with its types: `uses {name}({})`", params.join(", ")),
        };
        self.report("E0501", span, text, "not in `uses`", &help);
    }

    /// The types of an operation of an instance.
    pub(super) fn operation(&mut self, effect: usize, op: usize) -> Operation {
        let instance = self.program.protocol(self.protocol).instance(effect).clone();
        let op = &self.program.effects[instance.effect.index()].ops[op];
        let (params, result) = (op.params.clone(), op.result);
        let mut holes = Vec::new();
        let params = params.into_iter().map(|ty| self.instantiate(ty, &instance.args, &mut holes)).collect();
        let result = self.instantiate(result, &instance.args, &mut holes);
        Operation { params, result }
    }

    fn unknown_effect(&mut self, path: &ast::Path) {
        let wanted = path.last().symbol;
        if self.names[self.module].is_poisoned(wanted) {
            return;
        }
        let name = self.text(wanted).to_owned();
        let help = match similar_effect(self.names, self.program, self.module, wanted) {
            Some(similar) => format!("did you mean `{similar}`?"),
            None => crate::resolve::declare_or_import(&name),
        };
        self.report("E0203", path.span(), format!("there is no effect `{name}`"), "unknown effect", &help);
    }

    fn check_verb(&mut self, perform: &ast::Perform, modality: Modality) {
        let wanted = match modality {
            Modality::Authoritative => (ast::Modality::Authoritative, "check"),
            Modality::Observe => (ast::Modality::Observe, "observe"),
            Modality::Command => (ast::Modality::Command, "do"),
        };
        if perform.verb != wanted.0 {
            let op = self.text(perform.op.symbol).to_owned();
            let text = format!("`{op}` is declared `{}`", modality.text());
            let form = match modality {
                Modality::Authoritative => "authoritative let x = check",
                Modality::Observe => "observe let x = observe",
                Modality::Command => "do",
            };
            let help = format!("write `{form} {}.{op}(…)`", self.text(perform.effect.last().symbol));
            self.report("E0502", perform.verb_span, text, &format!("needs `{}`", wanted.1), &help);
        }
    }

    /// Only a command is bound by a plain `let`.
    fn check_no_word(&mut self, perform: &ast::Perform) {
        let (verb, word) = match perform.verb {
            ast::Modality::Authoritative => ("check", "authoritative"),
            ast::Modality::Observe => ("observe", "observe"),
            ast::Modality::Command => return,
        };
        let text = format!("the result of `{verb}` is bound by `{word} let`");
        let help = format!("write `{word} let … = {verb} …`");
        self.report("E0502", perform.verb_span, text, &format!("bound without `{word}`"), &help);
    }

    fn check_word(&mut self, word: ast::Modality, span: Span, perform: &ast::Perform) {
        if word != perform.verb {
            let (text, help) = match word {
                ast::Modality::Authoritative => {
                    ("`authoritative let` binds the result of a `check`", "write `check …`")
                }
                ast::Modality::Observe => ("`observe let` binds the result of an `observe`", "write `observe …`"),
                ast::Modality::Command => ("`let` binds the result of a `do`", "write `do …`"),
            };
            self.report("E0502", span, text.into(), "contradicts the verb", help);
        }
    }

    /// Whether an expression is just a binding.
    pub(super) fn as_var(&self, id: ExprId) -> Option<crate::hir::Var> {
        match self.body.exprs[id.index()].kind {
            ExprKind::Var(var) => Some(var),
            _ => None,
        }
    }

    /// An expression that reads a name.
    pub(super) fn read(&mut self, name: Name, role: RoleId) -> Option<ExprId> {
        let Some(var) = self.scope.lookup(role, name.symbol) else {
            self.not_held(name, role);
            return None;
        };
        self.used.insert(var);
        let ty = self.body.vars[var.index()].ty;
        Some(self.add(ExprKind::Var(var), ty, name.span))
    }
}
