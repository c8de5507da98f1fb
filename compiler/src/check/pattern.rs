//! Patterns and `case` expressions.

use super::Checker;
use super::coverage;
use crate::hir::{ExprId, ExprKind, Pattern, PatternKind, RoleId, Var};
use crate::resolve::once::Once;
use crate::ty::{Ty, TyKind, Types};
use tell_ir::image::Const;
use tell_language::ast::{self, Name};
use tell_language::span::Span;

/// The names a pattern binds.
#[derive(Default)]
pub(super) struct Binds {
    once: Once,
    /// In order.
    pub(super) vars: Vec<(Name, Var)>,
}

impl Checker<'_> {
    /// The checked pattern for a value of type `ty`.
    pub(super) fn pattern(&mut self, id: ast::PatternId, ty: Ty, binds: &mut Binds) -> Pattern {
        let ast::Pattern { kind, span } = self.ast().pattern(id).clone();
        let kind = match kind {
            ast::PatternKind::Wildcard | ast::PatternKind::Error => PatternKind::Wildcard,
            ast::PatternKind::Var(symbol) => PatternKind::Bind(self.bind_pattern(Name { symbol, span }, ty, binds)),
            ast::PatternKind::Unit => self.literal(Const::Unit, Types::UNIT, ty, span),
            ast::PatternKind::Bool(value) => self.literal(Const::Bool(value), Types::BOOL, ty, span),
            ast::PatternKind::Int(value) => self.literal(Const::Int(value), Types::INT, ty, span),
            ast::PatternKind::Duration(value) => self.literal(Const::Duration(value), Types::DURATION, ty, span),
            ast::PatternKind::String(value) => {
                let text = self.text(value).to_owned();
                self.literal(Const::Str(text), Types::STRING, ty, span)
            }
            ast::PatternKind::Constructor { path, args } => self.constructor_pattern(&path, &args, ty, span, binds),
            ast::PatternKind::Tuple(items) => self.tuple_pattern(&items, ty, span, binds),
            ast::PatternKind::Record(fields) => self.record_pattern(&fields, ty, span, binds),
            ast::PatternKind::List(items) => {
                let element = self.fresh();
                let list = self.program.types.intern(TyKind::List(element));
                self.expect_pattern(list, ty, span);
                PatternKind::List(items.iter().map(|item| self.pattern(*item, element, binds)).collect())
            }
        };
        Pattern { kind, ty, span }
    }

    fn bind_pattern(&mut self, name: Name, ty: Ty, binds: &mut Binds) -> Var {
        if let Some(first) = binds.once.earlier(name) {
            let file = self.program.modules[self.module].file;
            let text = format!("`{}` is bound twice in one pattern", self.text(name.symbol));
            let diagnostic = self
                .diagnostic("E0212", name.span, text, "bound again here")
                .label(file, first, "first bound here")
                .help("rename one of them and compare them with `==`");
            self.diagnostics.push(diagnostic);
        }
        self.refuse_predefined(name);
        let var = self.new_var(name.symbol, ty, name.span);
        binds.vars.push((name, var));
        var
    }

    fn literal(&mut self, value: Const, literal: Ty, ty: Ty, span: Span) -> PatternKind {
        self.expect_pattern(literal, ty, span);
        PatternKind::Const(value)
    }

    fn expect_pattern(&mut self, pattern: Ty, ty: Ty, span: Span) {
        let fits = self.unify(ty, pattern);
        if !fits {
            self.mismatch(span, ty, pattern);
        }
        if !fits || self.shallow(ty) == Types::ERROR {
            self.give_up(pattern);
        }
    }

    fn constructor_pattern(
        &mut self,
        path: &ast::Path,
        args: &[ast::PatternId],
        ty: Ty,
        span: Span,
        binds: &mut Binds,
    ) -> PatternKind {
        let Some(found) = self.find_constructor(path) else {
            args.iter().for_each(|arg| {
                self.pattern(*arg, Types::ERROR, binds);
            });
            return PatternKind::Wildcard;
        };
        self.expect_pattern(found.ty, ty, span);
        if found.args.len() != args.len() {
            let what = format!("`{}`", self.text(path.last().symbol));
            self.wrong_arity(&what, found.args.len(), args.len(), span);
            args.iter().for_each(|arg| {
                self.pattern(*arg, Types::ERROR, binds);
            });
            return PatternKind::Wildcard;
        }
        let items = args.iter().zip(found.args).map(|(arg, ty)| self.pattern(*arg, ty, binds)).collect();
        PatternKind::Variant(found.tag, items)
    }

    fn tuple_pattern(&mut self, items: &[ast::PatternId], ty: Ty, span: Span, binds: &mut Binds) -> PatternKind {
        let types: Box<[Ty]> = items.iter().map(|_| self.fresh()).collect();
        let tuple = self.program.types.intern(TyKind::Tuple(types.clone()));
        self.expect_pattern(tuple, ty, span);
        PatternKind::Product(items.iter().zip(&types).map(|(item, ty)| self.pattern(*item, *ty, binds)).collect())
    }

    fn record_pattern(
        &mut self,
        fields: &[(Name, ast::PatternId)],
        ty: Ty,
        span: Span,
        binds: &mut Binds,
    ) -> PatternKind {
        let known = self.shallow(ty);
        let TyKind::Record(wanted) = self.program.types.kind(known).clone() else {
            if known != Types::ERROR {
                let text = format!("expected {}, found a record pattern", self.show_type(known));
                self.report("E0301", span, text, "a record pattern", "match it by its constructors, or with a name");
            }
            fields.iter().for_each(|(_, pattern)| _ = self.pattern(*pattern, Types::ERROR, binds));
            return PatternKind::Wildcard;
        };
        let mut items: Vec<Pattern> =
            wanted.iter().map(|(_, ty)| Pattern { kind: PatternKind::Wildcard, ty: *ty, span }).collect();
        let mut once = Once::default();
        for (name, pattern) in fields {
            if let Some(first) = once.earlier(*name) {
                self.duplicate_field(first, *name);
                continue;
            }
            match wanted.iter().position(|(field, _)| *field == name.symbol) {
                Some(index) => items[index] = self.pattern(*pattern, wanted[index].1, binds),
                None => {
                    self.unknown_field(*name, &wanted);
                    self.pattern(*pattern, Types::ERROR, binds);
                }
            }
        }
        PatternKind::Product(items)
    }

    /// A `case` expression at one role.
    pub(super) fn case_expr(
        &mut self,
        scrutinee: ast::ExprId,
        arms: &[(ast::PatternId, ast::ExprId)],
        span: Span,
        role: RoleId,
        expected: Option<Ty>,
    ) -> (ExprKind, Ty) {
        let scrutinee = self.expr(scrutinee, role, None);
        let ty = self.body.exprs[scrutinee.index()].ty;
        let result = expected.unwrap_or_else(|| self.fresh());
        let mut patterns_are_fine = true;
        let mut checked: Vec<(Pattern, ExprId)> = Vec::new();
        for (pattern, value) in arms {
            let mut binds = Binds::default();
            let errors = self.diagnostics.len();
            // Patterns of another type are one mistake.
            let ty = if patterns_are_fine { ty } else { Types::ERROR };
            let pattern = self.pattern(*pattern, ty, &mut binds);
            let is_fine = self.diagnostics.len() == errors;
            patterns_are_fine &= is_fine;
            let before = self.diagnostics.len();
            let mark = self.scope.mark();
            for (name, var) in binds.vars {
                self.scope.bind(role, name.symbol, var);
            }
            checked.push((pattern, self.expr(*value, role, Some(result))));
            self.scope.rollback(mark);
            if !is_fine {
                self.forgive_names(before);
            }
        }
        if !patterns_are_fine {
            self.broken_cases.insert(span);
        }
        (ExprKind::Case(scrutinee, checked.into()), result)
    }

    /// Reports missing and redundant arms, and wildcards where the constructors are to be named.
    pub(super) fn cover(&mut self, patterns: &[&Pattern], ty: Ty, span: Span) {
        let ty = self.zonk(ty);
        if ty == Types::ERROR || self.is_open(ty) {
            return;
        }
        let named = matches!(self.program.types.kind(ty), TyKind::Bool | TyKind::Maybe(_) | TyKind::Result(..));
        let whole = patterns.iter().find(|p| matches!(p.kind, PatternKind::Wildcard | PatternKind::Bind(_)));
        if let (true, Some(pattern)) = (named, whole) {
            let text = format!("an arm for {} names its constructor", self.show_type(ty));
            let help = match self.program.types.kind(ty) {
                TyKind::Bool => "write `true` or `false`",
                TyKind::Maybe(_) => "write `Just(…)` or `Nothing`",
                _ => "write `Ok(…)` or `Err(…)`",
            };
            return self.report("E0315", pattern.span, text, "matches anything", help);
        }
        match coverage::check(self.program, patterns, ty) {
            coverage::Verdict::Complete => {}
            coverage::Verdict::Redundant(index) => {
                let text = "this arm can never be reached: the arms above match everything it does".to_owned();
                self.report("E0308", patterns[index].span, text, "unreachable", "remove it, or move it up");
            }
            coverage::Verdict::Missing { witness, pattern } => {
                let text = format!("this `case` does not handle `{witness}`");
                let help = format!("add `| {pattern} => …`");
                self.report("E0307", span, text, "not every value is handled", &help);
            }
            coverage::Verdict::TooLarge => {
                let text = "this `case` is too large to be checked".to_owned();
                self.report("E0307", span, text, "too many combinations", "split it into nested cases");
            }
        }
    }
}
