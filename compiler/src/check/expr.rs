//! Types of expressions, evaluated at one role.

use super::{Checker, listed};
use crate::hir::{ExprId, ExprKind, RoleId, Var, variants};
use crate::resolve::once::Once;
use crate::resolve::{constructor, effect, function, similar_constructor, similar_function};
use crate::ty::{MAX_PARTS, Ty, TyKind, Types};
use tell_ir::image::Const;
use tell_language::ast::{self, Name, Path};
use tell_language::diagnostic::did_you_mean;
use tell_language::span::Span;
use tell_language::symbol::Symbol;

/// A constructor: its tag, its argument types and the type it builds.
pub(super) struct Constructor {
    pub(super) tag: u16,
    pub(super) args: Vec<Ty>,
    pub(super) ty: Ty,
}

/// Expressions among which the one just checked is looked for.
const RECENT: usize = 8;

impl Checker<'_> {
    /// The checked expression at `role`, of type `expected` if one is given.
    pub(super) fn expr(&mut self, id: ast::ExprId, role: RoleId, expected: Option<Ty>) -> ExprId {
        let ast::Expr { kind, span } = self.ast().expr(id).clone();
        if self.has_too_many_parts(&kind, span) {
            return self.add(ExprKind::Error, Types::ERROR, span);
        }
        let (kind, ty) = self.kind(kind, span, role, expected);
        if let Some(expected) = expected
            && !self.unify(expected, ty)
        {
            self.mismatch(span, expected, ty);
            return self.add(ExprKind::Error, Types::ERROR, span);
        }
        self.add(kind, ty, span)
    }

    fn has_too_many_parts(&mut self, kind: &ast::ExprKind, span: Span) -> bool {
        let parts = match kind {
            ast::ExprKind::Tuple(items) => items.len(),
            ast::ExprKind::Record(fields) => fields.len(),
            ast::ExprKind::Call { args, .. } => args.len(),
            _ => 0,
        };
        if parts > MAX_PARTS {
            let text = format!("this has {parts} parts, at most {MAX_PARTS} are possible");
            self.report("E0405", span, text, "too many parts", "use a list");
        }
        parts > MAX_PARTS
    }

    pub(super) fn mismatch(&mut self, span: Span, expected: Ty, found: Ty) {
        let (expected, found) = (self.zonk(expected), self.zonk(found));
        let (expected, found) = (self.show_type(expected), self.show_type(found));
        let text = format!("expected `{expected}`, found `{found}`");
        let help = match (expected.as_str(), found.as_str()) {
            ("String", _) => "`to_string(…)` makes a String of it".to_owned(),
            ("Int", "Maybe Int") => "a `case` takes the value out: `Just(n) => …`, `Nothing => …`".to_owned(),
            _ => format!("change this, or what asks for `{expected}`"),
        };
        self.report("E0301", span, text, &format!("this is `{found}`"), &help);
        self.distrust(span);
    }

    /// A name whose type was reported fits everywhere from then on: its other uses are wrong for the same reason.
    pub(super) fn distrust(&mut self, span: Span) {
        let read = self.body.exprs.iter().rev().take(RECENT).find(|expr| expr.span == span);
        if let Some(ExprKind::Var(var)) = read.map(|expr| &expr.kind) {
            self.body.vars[var.index()].ty = Types::ERROR;
        }
    }

    fn kind(&mut self, kind: ast::ExprKind, span: Span, role: RoleId, expected: Option<Ty>) -> (ExprKind, Ty) {
        use ast::ExprKind as E;
        match kind {
            E::Unit => (ExprKind::Const(Const::Unit), Types::UNIT),
            E::Bool(value) => (ExprKind::Const(Const::Bool(value)), Types::BOOL),
            E::Int(value) => (ExprKind::Const(Const::Int(value)), Types::INT),
            E::Duration(value) => (ExprKind::Const(Const::Duration(value)), Types::DURATION),
            E::String(value) => (ExprKind::Const(Const::Str(self.text(value).to_owned())), Types::STRING),
            E::Var(symbol) => self.variable(Name { symbol, span }, role),
            E::Upper(symbol) if self.constants.get(symbol).is_some() => self.variable(Name { symbol, span }, role),
            E::Upper(symbol) => self.construct(&single(symbol, span), &[], span, role, expected),
            E::Field { base, name } => self.field(base, name, span, role, expected),
            E::Call { callee, args } => self.application(callee, &args, span, role, expected),
            E::Unary { op, operand } => self.unary(op, operand, role),
            E::Binary { op, op_span, left, right } => self.binary(op, op_span, (left, right), role),
            E::If { cond, then, els } => {
                let cond = self.condition(cond, role);
                let then = self.expr(then, role, expected);
                let ty = self.body.exprs[then.index()].ty;
                let els = self.expr(els, role, Some(ty));
                (ExprKind::If(cond, then, els), ty)
            }
            E::Case { scrutinee, arms } => self.case_expr(scrutinee, &arms, span, role, expected),
            E::Record(fields) => self.record(&fields, role, expected),
            E::Tuple(items) => {
                let items: Box<[ExprId]> = items.iter().map(|item| self.expr(*item, role, None)).collect();
                let types = items.iter().map(|item| self.body.exprs[item.index()].ty).collect();
                (ExprKind::Product(items), self.program.types.intern(TyKind::Tuple(types)))
            }
            E::List(items) => {
                let element = self.fresh();
                let items = items.iter().map(|item| self.expr(*item, role, Some(element))).collect();
                (ExprKind::List(items), self.program.types.intern(TyKind::List(element)))
            }
            E::Error => (ExprKind::Error, Types::ERROR),
        }
    }

    /// A condition or guard.
    pub(super) fn condition(&mut self, id: ast::ExprId, role: RoleId) -> ExprId {
        let checked = self.expr(id, role, None);
        let ty = self.body.exprs[checked.index()].ty;
        if !self.unify(Types::BOOL, ty) {
            let (ty, span) = (self.zonk(ty), self.ast().expr(id).span);
            let text = format!("a condition must be Bool, this is {}", self.show_type(ty));
            self.report("E0309", span, text, "not a Bool", "compare it with something, e.g. `… == …`");
        }
        checked
    }

    fn variable(&mut self, name: Name, role: RoleId) -> (ExprKind, Ty) {
        if let Some(value) = self.constants.get(name.symbol) {
            return (ExprKind::Const(Const::Int(value)), Types::INT);
        }
        if let Some(var) = self.scope.lookup(role, name.symbol) {
            self.used.insert(var);
            return (ExprKind::Var(var), self.body.vars[var.index()].ty);
        }
        if self.text(name.symbol) == "session" {
            return (ExprKind::Const(Const::Session), Types::SESSION);
        }
        self.not_held(name, role);
        (ExprKind::Error, Types::ERROR)
    }

    /// Reports a name that `role` does not hold: who does, or what was probably meant.
    pub(super) fn not_held(&mut self, name: Name, role: RoleId) {
        let holders: Vec<(RoleId, Var)> = self.scope.holders(name.symbol).collect();
        let text = self.text(name.symbol).to_owned();
        let Some((holder, var)) = holders.first().copied() else { return self.unknown_name(name, role) };
        let place = self.body.vars[var.index()].span;
        let file = self.program.modules[self.module].file;
        let roles: Vec<RoleId> = holders.iter().map(|(role, _)| *role).collect();
        let here = self.role_name(role).to_owned();
        let message = format!("`{here}` does not hold `{text}`");
        let is_cell = self.cells.contains(&var);
        let help = format!("send it first: `{} -> {here} : … ({text})`", self.role_name(holder));
        let held = if is_cell { "a cell of" } else { "held by" };
        let diagnostic = self
            .diagnostic("E0302", name.span, message, &format!("not held at `{here}`"))
            .label(file, place, format!("{held} {}", self.role_names(&roles)))
            .help(help);
        self.diagnostics.push(diagnostic);
    }

    pub(super) fn unknown_name(&mut self, name: Name, role: RoleId) {
        if self.names[self.module].is_poisoned(name.symbol) {
            return;
        }
        let text = self.text(name.symbol).to_owned();
        let names = self.scope.names();
        let held = names.iter().filter(|name| self.scope.lookup(role, **name).is_some());
        let similar = did_you_mean(&text, held.map(|name| self.program.text(*name)));
        let help = match similar
            .map(str::to_owned)
            .or_else(|| similar_function(self.names, self.program, self.module, name.symbol))
        {
            Some(similar) => format!("did you mean `{similar}`?"),
            None if function(self.names, self.program, self.module, &single(name.symbol, name.span)).is_some() => {
                format!("`{text}` is a function: call it")
            }
            None => format!("bind it first, e.g. `let {text} = …`"),
        };
        let diagnostic = self.diagnostic("E0209", name.span, format!("there is no `{text}` here"), "unknown name");
        let diagnostic = match self.body.vars.iter().rev().find(|var| var.name == name.symbol).map(|var| var.span) {
            Some(bound) => {
                let file = self.program.modules[self.module].file;
                diagnostic.label(file, bound, "bound here, in a block that has ended").help(
                    "a name ends with its block (of a scope's body it is visible in `on done` only): bind it before, or set a cell",
                )
            }
            None => diagnostic.help(help),
        };
        self.diagnostics.push(diagnostic);
    }

    fn field(
        &mut self,
        base: ast::ExprId,
        name: Name,
        span: Span,
        role: RoleId,
        expected: Option<Ty>,
    ) -> (ExprKind, Ty) {
        if let Some(path) = self.constructor_path(base, name) {
            return self.construct(&path, &[], span, role, expected);
        }
        let checked = self.expr(base, role, None);
        let ty = self.shallow(self.body.exprs[checked.index()].ty);
        let kind = self.program.types.kind(ty).clone();
        let TyKind::Record(fields) = kind else {
            if ty != Types::ERROR {
                let text = format!("{} has no fields", self.show_type(ty));
                self.report("E0306", name.span, text, "no such field", "only records have fields");
            }
            return (ExprKind::Error, Types::ERROR);
        };
        if let Some(index) = fields.iter().position(|(field, _)| *field == name.symbol) {
            let ty = fields[index].1;
            return (ExprKind::Get(checked, u16::try_from(index).expect("a record has few fields")), ty);
        }
        self.unknown_field(name, &fields);
        (ExprKind::Error, Types::ERROR)
    }

    pub(super) fn unknown_field(&mut self, name: Name, fields: &[(Symbol, Ty)]) {
        let text = self.text(name.symbol).to_owned();
        let known: Vec<&str> = fields.iter().map(|(field, _)| self.program.text(*field)).collect();
        let help = match did_you_mean(&text, known.iter().copied()) {
            Some(similar) => format!("did you mean `{similar}`?"),
            None => format!("the fields are {}", listed(&known)),
        };
        self.report("E0306", name.span, format!("there is no field `{text}`"), "unknown field", &help);
    }

    /// `a.b.Name` as a path to a constructor, if it can be one.
    fn constructor_path(&self, base: ast::ExprId, name: Name) -> Option<Path> {
        self.text(name.symbol).starts_with(|c: char| c.is_ascii_uppercase()).then(|| self.dotted(base, name)).flatten()
    }

    pub(super) fn dotted(&self, base: ast::ExprId, name: Name) -> Option<Path> {
        let mut names = vec![name];
        let mut at = base;
        loop {
            let expr = self.ast().expr(at);
            match expr.kind {
                ast::ExprKind::Field { base, name } => {
                    names.push(name);
                    at = base;
                }
                ast::ExprKind::Var(symbol) | ast::ExprKind::Upper(symbol) => {
                    names.push(Name { symbol, span: expr.span });
                    names.reverse();
                    return Some(Path { names: names.into() });
                }
                _ => return None,
            }
        }
    }

    fn application(
        &mut self,
        callee: ast::ExprId,
        args: &[ast::ExprId],
        span: Span,
        role: RoleId,
        expected: Option<Ty>,
    ) -> (ExprKind, Ty) {
        let ast::Expr { kind, span: callee_span } = self.ast().expr(callee).clone();
        let path = match kind {
            ast::ExprKind::Upper(symbol) => {
                return self.construct(&single(symbol, callee_span), args, span, role, expected);
            }
            ast::ExprKind::Var(symbol) => Some(single(symbol, callee_span)),
            ast::ExprKind::Field { base, name } => {
                if let Some(path) = self.constructor_path(base, name) {
                    return self.construct(&path, args, span, role, expected);
                }
                self.dotted(base, name)
            }
            ast::ExprKind::Error => return (ExprKind::Error, Types::ERROR),
            _ => None,
        };
        let Some(path) = path else {
            self.report(
                "E0314",
                callee_span,
                "this is not a function".into(),
                "not a function",
                "call a function by its name",
            );
            return (ExprKind::Error, Types::ERROR);
        };
        match function(self.names, self.program, self.module, &path) {
            Some(fun) => self.call_function(fun, callee_span, args, span, role),
            None => {
                self.not_a_function(&path, callee_span, role);
                (ExprKind::Error, Types::ERROR)
            }
        }
    }

    fn not_a_function(&mut self, path: &Path, span: Span, role: RoleId) {
        let last = path.last();
        if self.names[self.module].is_poisoned(last.symbol) {
            return;
        }
        let name = self.text(last.symbol).to_owned();
        if let [prefix @ .., _] = &*path.names
            && !prefix.is_empty()
            && effect(self.names, self.program, self.module, &Path { names: prefix.into() }).is_some()
        {
            let text = format!("`{name}` is an operation; an expression cannot perform it");
            let help = format!(
                "perform it first: `let x = do {}(…)`, then use `x`",
                &self.program.files.get(self.program.modules[self.module].file).text[span.range()]
            );
            return self.report("E0317", span, text, "performed inside an expression", &help);
        }
        if path.names.len() == 1 && self.scope.lookup(role, last.symbol).is_some() {
            let text = format!("`{name}` is a value, not a function");
            return self.report("E0314", span, text, "not a function", "remove the parentheses");
        }
        let help = match similar_function(self.names, self.program, self.module, last.symbol) {
            Some(similar) => format!("did you mean `{similar}`?"),
            None => "the functions of `std.prelude` are listed in docs/language.md".into(),
        };
        self.report("E0209", span, format!("there is no function `{name}`"), "unknown function", &help);
    }

    /// The type with `Param(i)` replaced by `known[i]`, then by holes shared through `holes`.
    pub(super) fn instantiate(&mut self, ty: Ty, known: &[Ty], holes: &mut Vec<Ty>) -> Ty {
        let inferred = &mut self.inferred;
        self.program.types.map_leaves(ty, &mut |types, kind| {
            let TyKind::Param(index) = kind else { return None };
            let index = *index as usize;
            if let Some(known) = known.get(index) {
                return Some(*known);
            }
            while holes.len() <= index - known.len() {
                inferred.push(None);
                let hole = u32::try_from(inferred.len() - 1).expect("fewer than 2^32 open types");
                holes.push(types.intern(TyKind::Infer(hole)));
            }
            Some(holes[index - known.len()])
        })
    }

    pub(super) fn wrong_arity(&mut self, what: &str, wanted: usize, found: usize, span: Span) {
        let plural = if wanted == 1 { "" } else { "s" };
        let text = format!("{what} takes {wanted} argument{plural}, not {found}");
        self.report("E0305", span, text, &format!("{found} given"), &format!("give it {wanted}"));
    }

    fn construct(
        &mut self,
        path: &Path,
        args: &[ast::ExprId],
        span: Span,
        role: RoleId,
        expected: Option<Ty>,
    ) -> (ExprKind, Ty) {
        let Some(found) = self.find_constructor(path) else { return (ExprKind::Error, Types::ERROR) };
        if let Some(expected) = expected {
            self.unify(found.ty, expected);
        }
        if found.args.len() != args.len() {
            let what = format!("`{}`", self.text(path.last().symbol));
            self.wrong_arity(&what, found.args.len(), args.len(), span);
            return (ExprKind::Error, Types::ERROR);
        }
        let args = args.iter().zip(found.args).map(|(arg, ty)| self.expr(*arg, role, Some(ty))).collect();
        (ExprKind::Variant(found.tag, args), found.ty)
    }

    /// The constructor a path names; reports an unknown one.
    pub(super) fn find_constructor(&mut self, path: &Path) -> Option<Constructor> {
        let last = path.last();
        if path.names.len() == 1
            && let Some(built_in) = self.built_in_constructor(last.symbol)
        {
            return Some(built_in);
        }
        if let Some((union, tag)) = constructor(self.names, self.program, self.module, path) {
            let ty = self.program.types.intern(TyKind::Union(union));
            let all = variants(self.program, ty).expect("a union has variants");
            return Some(Constructor { tag, args: all[tag as usize].1.clone(), ty });
        }
        let name = self.text(last.symbol).to_owned();
        let help = match similar_constructor(self.names, self.program, self.module, last.symbol) {
            Some(similar) => format!("did you mean `{similar}`?"),
            None => did_you_mean(&name, ["Just", "Nothing", "Ok", "Err"]).map_or_else(
                || format!("declare it: `type … = | {name}`"),
                |similar| format!("did you mean `{similar}`?"),
            ),
        };
        self.report("E0206", last.span, format!("there is no constructor `{name}`"), "unknown constructor", &help);
        None
    }

    fn built_in_constructor(&mut self, name: Symbol) -> Option<Constructor> {
        let (tag, is_maybe) = match self.text(name) {
            "Nothing" => (0, true),
            "Just" => (1, true),
            "Err" => (0, false),
            "Ok" => (1, false),
            _ => return None,
        };
        let (a, b) = (self.fresh(), self.fresh());
        if is_maybe {
            let args = if tag == 1 { vec![a] } else { vec![] };
            return Some(Constructor { tag, args, ty: self.program.types.intern(TyKind::Maybe(a)) });
        }
        let arg = if tag == 1 { b } else { a };
        Some(Constructor { tag, args: vec![arg], ty: self.program.types.intern(TyKind::Result(a, b)) })
    }

    fn record(&mut self, fields: &[(Name, ast::ExprId)], role: RoleId, expected: Option<Ty>) -> (ExprKind, Ty) {
        let expected = expected.map(|ty| self.shallow(ty));
        let wanted: Vec<(Symbol, Ty)> = match expected.map(|ty| self.program.types.kind(ty).clone()) {
            Some(TyKind::Record(fields)) => fields.to_vec(),
            _ => Vec::new(),
        };
        let mut once = Once::default();
        let mut checked: Vec<(Symbol, ExprId)> = Vec::new();
        for (name, value) in fields {
            if let Some(first) = once.earlier(*name) {
                self.duplicate_field(first, *name);
                continue;
            }
            let ty = wanted.iter().find(|(field, _)| *field == name.symbol).map(|(_, ty)| *ty);
            if ty.is_none() && !wanted.is_empty() {
                self.unknown_field(*name, &wanted);
                return (ExprKind::Error, Types::ERROR);
            }
            checked.push((name.symbol, self.expr(*value, role, ty)));
        }
        checked.sort_by(|(a, _), (b, _)| self.program.text(*a).cmp(self.program.text(*b)));
        let types = checked.iter().map(|(name, value)| (*name, self.body.exprs[value.index()].ty)).collect();
        let ty = self.program.types.intern(TyKind::Record(types));
        (ExprKind::Product(checked.into_iter().map(|(_, value)| value).collect()), ty)
    }

    pub(super) fn duplicate_field(&mut self, first: Span, second: Name) {
        let file = self.program.modules[self.module].file;
        let text = format!("field `{}` is given twice", self.text(second.symbol));
        let diagnostic = self
            .diagnostic("E0212", second.span, text, "given again here")
            .label(file, first, "first given here")
            .help("remove one of them");
        self.diagnostics.push(diagnostic);
    }
}

/// A path of one name.
pub(super) fn single(symbol: Symbol, span: Span) -> Path {
    Path { names: [Name { symbol, span }].into() }
}
