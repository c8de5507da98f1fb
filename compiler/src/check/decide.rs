//! Who evaluates an expression, and who can take a decision without a message (LANGUAGE §3).

use super::Checker;
use crate::hir::{RoleId, Var};
use tell_language::ast::{self, ExprKind, Name, PatternKind, RoleRef};
use tell_language::span::Span;
use tell_language::symbol::Symbol;

impl Checker<'_> {
    /// The variables of an expression, in order, each once; names bound inside it and names of functions excluded.
    pub(super) fn free_names(&self, id: ast::ExprId) -> Vec<Name> {
        let mut names = Vec::new();
        self.collect(id, &mut Vec::new(), &mut names);
        names
    }

    fn collect(&self, id: ast::ExprId, bound: &mut Vec<Symbol>, names: &mut Vec<Name>) {
        let expr = self.ast().expr(id);
        match &expr.kind {
            ExprKind::Var(symbol) => {
                let known = bound.contains(symbol) || names.iter().any(|name| name.symbol == *symbol);
                let is_fixed = self.text(*symbol) == "session" || self.constants.get(*symbol).is_some();
                if !known && !is_fixed {
                    names.push(Name { symbol: *symbol, span: expr.span });
                }
            }
            ExprKind::Field { base, .. } => self.collect(*base, bound, names),
            ExprKind::Call { callee, args } => {
                if !matches!(self.ast().expr(*callee).kind, ExprKind::Var(_) | ExprKind::Field { .. }) {
                    self.collect(*callee, bound, names);
                }
                args.iter().for_each(|arg| self.collect(*arg, bound, names));
            }
            ExprKind::Unary { operand, .. } => self.collect(*operand, bound, names),
            ExprKind::Binary { left, right, .. } => {
                self.collect(*left, bound, names);
                self.collect(*right, bound, names);
            }
            ExprKind::If { cond, then, els } => {
                [cond, then, els].into_iter().for_each(|id| self.collect(*id, bound, names))
            }
            ExprKind::Case { scrutinee, arms } => {
                self.collect(*scrutinee, bound, names);
                for (pattern, value) in arms {
                    let before = bound.len();
                    self.pattern_names(*pattern, bound);
                    self.collect(*value, bound, names);
                    bound.truncate(before);
                }
            }
            ExprKind::Record(fields) => fields.iter().for_each(|(_, value)| self.collect(*value, bound, names)),
            ExprKind::Tuple(items) | ExprKind::List(items) => {
                items.iter().for_each(|item| self.collect(*item, bound, names))
            }
            ExprKind::Unit
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::String(_)
            | ExprKind::Duration(_)
            | ExprKind::Upper(_)
            | ExprKind::Error => {}
        }
    }

    fn pattern_names(&self, id: ast::PatternId, bound: &mut Vec<Symbol>) {
        match &self.ast().pattern(id).kind {
            PatternKind::Var(symbol) => bound.push(*symbol),
            PatternKind::Constructor { args, .. } => args.iter().for_each(|arg| self.pattern_names(*arg, bound)),
            PatternKind::Tuple(items) | PatternKind::List(items) => {
                items.iter().for_each(|item| self.pattern_names(*item, bound))
            }
            PatternKind::Record(fields) => fields.iter().for_each(|(_, item)| self.pattern_names(*item, bound)),
            _ => {}
        }
    }

    /// The names of several arguments together; a function that is passed is not held by anybody.
    pub(super) fn free_names_of(&self, ids: &[ast::ExprId]) -> Vec<Name> {
        let mut names = Vec::new();
        let values = ids.iter().filter(|id| self.named_function(**id).is_none());
        values.for_each(|id| self.collect(*id, &mut Vec::new(), &mut names));
        names
    }

    /// The role of a local action: the one written, else the one that holds all names, else the sender of the next
    /// communication. Reports when there is none or several.
    pub(super) fn place(&mut self, what: &str, at: Option<RoleRef>, names: &[Name], span: Span) -> Option<RoleId> {
        if let Some(role) = at {
            return self.role(role);
        }
        let candidates = self.holders_of_all(names);
        let role = match candidates.as_slice() {
            [] => {
                self.nobody_holds(names);
                return None;
            }
            [only] => *only,
            _ => match self.regions.implied().or_else(|| self.next_sender()).filter(|role| candidates.contains(role)) {
                Some(role) => role,
                None => {
                    let who = if names.is_empty() {
                        "every role could do this".to_owned()
                    } else {
                        format!(
                            "{} hold{} all it needs",
                            self.role_names(&candidates),
                            if candidates.len() == 1 { "s" } else { "" }
                        )
                    };
                    let first = self.role_name(candidates[0]).to_owned();
                    let text = format!("it is not clear which role {what}");
                    let help = format!("say it, e.g. `at {first}`");
                    self.report("E0304", span, text, &who, &help);
                    return None;
                }
            },
        };
        self.acting.insert(role);
        Some(role)
    }

    fn holders_of_all(&self, names: &[Name]) -> Vec<RoleId> {
        let Some((first, rest)) = names.split_first() else { return self.all_roles() };
        let mut holders: Vec<RoleId> = self.scope.holders(first.symbol).map(|(role, _)| role).collect();
        holders.retain(|role| rest.iter().all(|name| self.scope.lookup(*role, name.symbol).is_some()));
        holders.sort_unstable();
        holders
    }

    /// Reports why no role holds all of the names.
    fn nobody_holds(&mut self, names: &[Name]) {
        if let Some(name) = names.iter().find(|name| self.scope.holders(name.symbol).next().is_none()) {
            let role = RoleId(0);
            return self.unknown_name(*name, role);
        }
        let file = self.program.modules[self.module].file;
        // Without names everybody could; that there is nobody at all was reported with the header.
        let Some(last) = names.last() else { return };
        let mut diagnostic =
            self.diagnostic("E0302", last.span, "no role holds all of these names".into(), "needed here");
        for name in names {
            let holders: Vec<(RoleId, Var)> = self.scope.holders(name.symbol).collect();
            let roles: Vec<RoleId> = holders.iter().map(|(role, _)| *role).collect();
            let text = format!("`{}` is held by {}", self.text(name.symbol), self.role_names(&roles));
            diagnostic = diagnostic.label(file, self.body.vars[holders[0].1.index()].span, text);
        }
        self.diagnostics.push(diagnostic.help("send them to one role first"));
    }

    /// The roles that can decide on an expression together: those that hold the same bindings of all its names.
    pub(super) fn deciders(&mut self, id: ast::ExprId, at: Option<RoleRef>) -> Option<Vec<RoleId>> {
        let deciders = self.sharers(id, at)?;
        if let (true, Some((fun, span))) = (deciders.len() > 1, self.effectful_call(id)) {
            let who = self.role_names(&deciders);
            let name = self.text(self.program.fun(fun).name).to_owned();
            let text = format!("`{name}` performs effects, but {who} decide this together");
            let help = format!("let one role decide: `let x at {} = …` and send `x`", self.role_name(deciders[0]));
            self.report("E0320", span, text, "each of them would perform it", &help);
        }
        Some(deciders)
    }

    fn sharers(&mut self, id: ast::ExprId, at: Option<RoleRef>) -> Option<Vec<RoleId>> {
        let names = self.free_names(id);
        let bindings = |checker: &Self, role: RoleId| -> Option<Vec<Var>> {
            names.iter().map(|name| checker.scope.lookup(role, name.symbol)).collect()
        };
        let candidates = self.holders_of_all(&names);
        if let Some(at) = at {
            let role = self.role(at)?;
            let Some(wanted) = bindings(self, role) else {
                let missing = names.iter().find(|name| self.scope.lookup(role, name.symbol).is_none());
                self.not_held(*missing.expect("one of the names is missing"), role);
                return None;
            };
            return Some(
                candidates.into_iter().filter(|other| bindings(self, *other).as_ref() == Some(&wanted)).collect(),
            );
        }
        if candidates.is_empty() {
            self.nobody_holds(&names);
            return None;
        }
        match names.iter().find(|name| self.differs(**name)) {
            Some(name) => {
                self.different_bindings(*name);
                None
            }
            None => Some(candidates),
        }
    }

    fn differs(&self, name: Name) -> bool {
        let mut bindings = self.scope.holders(name.symbol).map(|(_, var)| var);
        bindings.next().is_some_and(|first| bindings.any(|var| var != first))
    }

    fn different_bindings(&mut self, name: Name) {
        let mut holders: Vec<(RoleId, Var)> = self.scope.holders(name.symbol).collect();
        holders.sort_unstable();
        let file = self.program.modules[self.module].file;
        let first = holders[0];
        let other = *holders.iter().find(|(_, var)| *var != first.1).expect("two bindings differ");
        let group =
            |var: Var| -> Vec<RoleId> { holders.iter().filter(|(_, v)| *v == var).map(|(role, _)| *role).collect() };
        let (one, two) = (self.role_names(&group(first.1)), self.role_names(&group(other.1)));
        let text = self.text(name.symbol).to_owned();
        let diagnostic = self
            .diagnostic(
                "E0303",
                name.span,
                format!("{one} and {two} hold different values under the name `{text}`"),
                "which one decides?",
            )
            .label(file, self.body.vars[first.1.index()].span, format!("the `{text}` of {one}"))
            .label(file, self.body.vars[other.1.index()].span, format!("the `{text}` of {two}"))
            .help(format!("rename one of them, send it, or write who decides: `at {}`", self.role_name(first.0)));
        self.diagnostics.push(diagnostic);
    }
}
