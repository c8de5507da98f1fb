//! Functions: a body is checked as that of a protocol with one role, the one that calls (LANGUAGE §2).
//!
//! [`statements`] says which statements a body may have and where `result` stands; [`inlining`] refuses recursion and
//! bodies that grow too large, because calls are written out where they stand. This file checks bodies, calls, and
//! names of functions that are passed to operations.

mod inlining;
mod statements;

use super::Checker;
use super::block::Tail;
use super::call::CallGraph;
use super::expr::single;
use super::family::Instances;
use crate::hir::surface::Contract;
use crate::hir::{
    Block, ExprId, ExprKind, Fun, FunBody, FunCode, FunId, Param, Program, Protocol, RoleId, Stmt, StmtKind, Use, Var,
};
use crate::kept;
use crate::refused::Construct;
use crate::resolve::family::Member;
use crate::resolve::{Names, function};
use crate::ty::{Ty, TyKind, Types};
use std::rc::Rc;
use tell_ir::image::Const;
use tell_language::ast::{self, Name, Path};
use tell_language::diagnostic::Diagnostic;
use tell_language::span::Span;
use tell_language::symbol::Symbol;

/// The function whose body is being checked.
pub(super) struct Inside {
    /// Its type variables.
    pub(super) type_vars: Vec<Symbol>,
    /// What `result e` binds.
    result: Var,
}

/// The only role of a body.
const CALLER: RoleId = RoleId(0);

/// Checks the bodies of all functions. A body with errors stays `None`.
pub(super) fn check(
    program: &mut Program,
    names: &[Names],
    calls: &CallGraph,
    instances: &mut Instances,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for id in (0..).map(FunId).take(program.funs.len()) {
        let FunCode::Local { source, .. } = &program.fun(id).code else { continue };
        let source = source.clone();
        kept::crop(diagnostics);
        let before = diagnostics.len();
        statements::check(program, id, &source, diagnostics);
        if diagnostics.len() > before {
            continue;
        }
        let protocol = program.next_protocol();
        let header = as_protocol(program, id);
        program.protocols.push(header);
        let checked = Checker::new(program, names, calls, instances, diagnostics, protocol).function(id, &source);
        program.protocols.pop();
        let failed = diagnostics[before..].iter().any(Diagnostic::is_error);
        program.funs[id.index()].code = FunCode::Local { source, body: (!failed).then(|| Box::new(checked)) };
    }
    inlining::check(program, diagnostics);
}

/// The header of a protocol in which the function's body is checked: one role holds the parameters.
fn as_protocol(program: &mut Program, id: FunId) -> Protocol {
    let caller = program.interner.intern("the caller");
    let Fun { name, span, module, ref params, ref uses, .. } = program.funs[id.index()];
    let param =
        |(name, span, ty): &(Symbol, Span, Ty)| Param { name: *name, span: *span, ty: *ty, role: CALLER, declared: 0 };
    let member = Member { name: Name { symbol: caller, span }, first: 0, count: None };
    let template = program.next_protocol();
    Protocol {
        name,
        name_span: span,
        file: program.modules[module].file,
        module,
        parent: None,
        template,
        header: Rc::default(),
        sizes: Vec::new(),
        members: vec![member],
        roles: vec![(caller, span)],
        params: params.iter().map(param).collect(),
        uses: uses.clone(),
        handled: Vec::new(),
        contract: Contract::default(),
        block: ast::Block::default(),
        body: None,
    }
}

impl Checker<'_> {
    fn function(mut self, id: FunId, source: &ast::FunBody) -> FunBody {
        let Fun { name, span, result, ref type_vars, .. } = *self.program.fun(id);
        let type_vars = type_vars.clone();
        self.bind_parameters();
        let result = self.new_var(name, result, span);
        self.function = Some(Inside { type_vars, result });
        self.body.block = match source {
            ast::FunBody::Block(block) => self.block(block, Tail::No),
            ast::FunBody::Expr(value) => {
                let span = self.ast().expr(*value).span;
                let mut block = Block { stmts: Vec::new(), falls_through: true, span };
                self.function_result(*value, span, &mut block.stmts);
                block
            }
        };
        self.warn_unused_lets();
        FunBody { body: self.body, result, weight: 0 }
    }

    /// `result e`, which stands only where nothing follows.
    pub(super) fn function_result(&mut self, value: ast::ExprId, span: Span, out: &mut Vec<Stmt>) {
        let Some(Inside { result, .. }) = self.function else {
            let text = "`result` gives a function its value; this is a protocol".to_owned();
            let help = "send the value, or bind it with `let`: names at the end are what a role ends with";
            return self.report("E0227", span, text, "outside a function", help);
        };
        let first = self.body.exprs.len();
        let value = self.expr(value, CALLER, Some(self.body.vars[result.index()].ty));
        self.finish_types(first);
        out.push(Stmt { kind: StmtKind::Let { role: CALLER, var: result, value }, span });
    }

    /// A type as a person writes it here.
    pub(super) fn show_type(&self, ty: Ty) -> String {
        let type_vars = self.function.as_ref().map_or(&[][..], |function| &function.type_vars);
        self.program.show_type_in(ty, type_vars)
    }

    /// What is being checked, for messages.
    pub(super) fn owner(&self) -> String {
        let what = if self.function.is_some() { "function" } else { self.regions.owner_word() };
        format!("{what} `{}`", self.text(self.program.protocol(self.protocol).name))
    }

    /// `f(a, b)`
    pub(super) fn call_function(
        &mut self,
        id: FunId,
        name_span: Span,
        args: &[ast::ExprId],
        span: Span,
        role: RoleId,
    ) -> (ExprKind, Ty) {
        let fun = self.program.fun(id);
        let params: Vec<Ty> = fun.params.iter().map(|(_, _, ty)| *ty).collect();
        let result = fun.result;
        if params.len() != args.len() {
            let what = format!("`{}`", self.text(fun.name));
            self.wrong_arity(&what, params.len(), args.len(), span);
            return (ExprKind::Error, Types::ERROR);
        }
        let mut types = Vec::new();
        let mut checked = Vec::new();
        for (arg, param) in args.iter().zip(params) {
            let param = self.instantiate(param, &[], &mut types);
            checked.push(self.expr(*arg, role, Some(param)));
        }
        let result = self.instantiate(result, &[], &mut types);
        if let FunCode::Native(prim) = self.program.fun(id).code {
            if checked.is_empty() {
                checked.push(self.constant(Const::Unit, span));
            }
            return (ExprKind::Prim(prim, checked.into()), result);
        }
        self.check_row(id, name_span, &mut types);
        (ExprKind::Call { fun: id, types: types.into(), args: checked.into() }, result)
    }

    /// What the function performs must be in the row here. Then all of its type variables have a type.
    fn check_row(&mut self, id: FunId, span: Span, types: &mut Vec<Ty>) {
        let own = self.program.protocol(self.protocol).uses.clone();
        for Use { effect, args, .. } in self.program.fun(id).uses.clone() {
            let args: Vec<Ty> = args.iter().map(|arg| self.instantiate(*arg, &[], types)).collect();
            let covering = own.iter().find(|own| own.effect == effect);
            let is_covered = covering.is_some_and(|own| own.args.iter().zip(&args).all(|(a, b)| self.unify(*a, *b)));
            if is_covered || self.authority.has_open_row {
                continue;
            }
            let name = self.instance(effect, &args);
            let text = format!("`{}` uses `{name}`, {} does not", self.text(self.program.fun(id).name), self.owner());
            let help = match covering {
                Some(own) => format!("{} uses `{}`", self.owner(), self.instance(effect, &own.args)),
                None => format!("add it to the header: `uses {name}`"),
            };
            self.report("E0501", span, text, "not in `uses`", &help);
        }
        while types.len() < self.program.fun(id).type_vars.len() {
            types.push(self.fresh());
        }
    }

    /// An effect instance as a person writes it.
    fn instance(&mut self, effect: crate::hir::EffectId, args: &[Ty]) -> String {
        let args: Vec<Ty> = args.iter().map(|arg| self.zonk(*arg)).collect();
        let name = self.text(self.program.effects[effect.index()].name);
        match args.iter().map(|arg| self.show_type(*arg)).collect::<Vec<_>>() {
            args if args.is_empty() => name.to_owned(),
            args => format!("{name}({})", args.join(", ")),
        }
    }

    /// An argument of an operation: an expression, or where a function is wanted the name of one.
    pub(super) fn argument(&mut self, arg: ast::ExprId, wanted: Ty, role: RoleId) -> ExprId {
        if !matches!(self.program.types.kind(wanted), TyKind::Function(..)) {
            return self.expr(arg, role, Some(wanted));
        }
        let span = self.ast().expr(arg).span;
        let Some(fun) = self.named_function(arg) else {
            let text = format!("a function `{}` is wanted here", self.show_type(wanted));
            let help = "write the name of a function: there are no other function values";
            self.report("E0321", span, text, "not the name of a function", help);
            return self.add(ExprKind::Error, Types::ERROR, span);
        };
        let Fun { ref params, result, .. } = *self.program.fun(fun);
        let params: Vec<Ty> = params.iter().map(|(_, _, ty)| *ty).collect();
        let mut types = Vec::new();
        let params = params.into_iter().map(|param| self.instantiate(param, &[], &mut types)).collect();
        let result = self.instantiate(result, &[], &mut types);
        let found = self.program.types.intern(TyKind::Function(params, result));
        if !self.unify(wanted, found) {
            self.mismatch(span, wanted, found);
            return self.add(ExprKind::Error, Types::ERROR, span);
        }
        self.check_row(fun, span, &mut types);
        self.refuse(Construct::FunctionType, span);
        self.add(ExprKind::Function { fun, types: types.into() }, found, span)
    }

    /// The function an expression names: nobody holds a value of that name.
    pub(super) fn named_function(&self, id: ast::ExprId) -> Option<FunId> {
        let ast::Expr { kind, span } = self.ast().expr(id);
        let path: Path = match kind {
            ast::ExprKind::Var(symbol) if self.scope.holders(*symbol).next().is_none() => single(*symbol, *span),
            ast::ExprKind::Field { base, name } => self.dotted(*base, *name)?,
            _ => return None,
        };
        function(self.names, self.program, self.module, &path)
    }

    /// The first call in an expression of a function that performs effects.
    pub(super) fn effectful_call(&self, id: ast::ExprId) -> Option<(FunId, Span)> {
        let mut todo = vec![id];
        while let Some(id) = todo.pop() {
            let ast::Expr { kind, span } = self.ast().expr(id);
            if let ast::ExprKind::Call { callee, .. } = kind
                && let Some(fun) = self.called(*callee)
                && !self.program.fun(fun).uses.is_empty()
            {
                return Some((fun, *span));
            }
            push_parts(kind, &mut todo);
        }
        None
    }

    /// The function that the callee of a call names; values are not called.
    fn called(&self, callee: ast::ExprId) -> Option<FunId> {
        let ast::Expr { kind, span } = self.ast().expr(callee);
        let path = match kind {
            ast::ExprKind::Var(symbol) => single(*symbol, *span),
            ast::ExprKind::Field { base, name } => self.dotted(*base, *name)?,
            _ => return None,
        };
        function(self.names, self.program, self.module, &path)
    }
}

/// Adds the expressions directly inside one, the first on top.
fn push_parts(kind: &ast::ExprKind, todo: &mut Vec<ast::ExprId>) {
    use ast::ExprKind as E;
    let before = todo.len();
    match kind {
        E::Field { base: inner, .. } | E::Unary { operand: inner, .. } => todo.push(*inner),
        E::Call { callee, args } => todo.extend([callee].into_iter().chain(args)),
        E::Binary { left, right, .. } => todo.extend([left, right]),
        E::If { cond, then, els } => todo.extend([cond, then, els]),
        E::Case { scrutinee, arms } => todo.extend([scrutinee].into_iter().chain(arms.iter().map(|(_, value)| value))),
        E::Record(fields) => todo.extend(fields.iter().map(|(_, value)| value)),
        E::Tuple(items) | E::List(items) => todo.extend(items),
        E::Unit | E::Bool(_) | E::Int(_) | E::String(_) | E::Duration(_) | E::Var(_) | E::Upper(_) | E::Error => {}
    }
    todo[before..].reverse();
}
