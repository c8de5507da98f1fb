//! The tree in words, without spans: `tellc show --stage parse`, snapshots, and comparison of trees.
//!
//! One statement or declaration per line, its parts indented below it; expressions, types and patterns are written on
//! one line as `(Kind part …)`. Two trees with the same dump are the same program.

use crate::ast::{
    Ast, Block, Decl, DeclKind, ExprId, ExprKind, Field, FieldKind, Fun, FunBody, LetValue, LoopKind, Modality, Name,
    Operation, Path, PatternId, PatternKind, Perform, Protocol, RoleRef, StmtId, StmtKind, Target, TypeId, TypeKind,
    Use,
};
use crate::symbol::{Interner, Symbol};

mod surface;

/// The dump of a tree.
#[must_use]
pub fn ast_dump(ast: &Ast, interner: &Interner) -> String {
    let mut dump = Dump { ast, interner, out: String::new(), depth: 0 };
    if let Some(module) = &ast.module {
        dump.line(&format!("module {}", dump.path(module)));
    }
    for import in &ast.imports {
        let alias = dump.optional(import.alias.map(|alias| dump.name(alias)));
        let exposing = dump.names(&import.exposing);
        dump.line(&format!("import {} as {alias} exposing {exposing}", dump.path(&import.module)));
    }
    for decl in &ast.decls {
        dump.decl(decl);
    }
    dump.out
}

/// Whether two trees are the same but for spans and comments.
#[must_use]
pub fn same(a: &Ast, a_names: &Interner, b: &Ast, b_names: &Interner) -> bool {
    ast_dump(a, a_names) == ast_dump(b, b_names)
}

struct Dump<'a> {
    ast: &'a Ast,
    interner: &'a Interner,
    out: String,
    depth: usize,
}

impl Dump<'_> {
    fn line(&mut self, text: &str) {
        self.out.extend(std::iter::repeat_n("  ", self.depth));
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn below(&mut self, write: impl FnOnce(&mut Self)) {
        self.depth += 1;
        write(self);
        self.depth -= 1;
    }

    // ---- names

    fn text(&self, symbol: Symbol) -> String {
        self.interner.text(symbol).to_owned()
    }

    fn name(&self, name: Name) -> String {
        self.text(name.symbol)
    }

    fn names(&self, names: &[Name]) -> String {
        list(names.iter().map(|name| self.name(*name)))
    }

    fn path(&self, path: &Path) -> String {
        path.names.iter().map(|name| self.name(*name)).collect::<Vec<_>>().join(".")
    }

    fn optional(&self, text: Option<String>) -> String {
        text.unwrap_or_else(|| "-".into())
    }

    fn role(&self, role: RoleRef) -> String {
        format!("{}{}", self.name(role.name), self.index(role.index))
    }

    fn at(&self, role: Option<RoleRef>) -> String {
        self.optional(role.map(|role| self.role(role)))
    }

    // ---- declarations

    fn decl(&mut self, decl: &Decl) {
        match &decl.kind {
            DeclKind::Alias { name, ty } => self.line(&format!("alias {} {}", self.name(*name), self.ty(*ty))),
            DeclKind::Union { name, variants } => {
                self.line(&format!("union {}", self.name(*name)));
                for variant in variants {
                    let args = self.types(&variant.args);
                    self.below(|dump| dump.line(&format!("variant {} {args}", dump.name(variant.name))));
                }
            }
            DeclKind::Opaque { name } => self.line(&format!("opaque {}", self.name(*name))),
            DeclKind::Effect(effect) => {
                self.line(&format!("effect {} {}", self.name(effect.name), self.names(&effect.params)));
                self.below(|dump| effect.ops.iter().for_each(|op| dump.op(op)));
            }
            DeclKind::Fun(fun) => self.fun(fun),
            DeclKind::Handler(handler) => self.handler(handler),
            DeclKind::Protocol(protocol) => self.protocol(protocol),
            DeclKind::Authority(authority) => self.authority(authority),
            DeclKind::Guest(guest) => self.guest(guest),
        }
    }

    fn op(&mut self, op: &Operation) {
        let modality = self.optional(op.modality.map(|modality| format!("{modality:?}")));
        let params = self.types(&op.params);
        let metadata =
            list(op.metadata.iter().map(|(key, value)| format!("{} : {}", self.name(*key), self.name(*value))));
        self.line(&format!("op {modality} {} {params} {} {metadata}", self.name(op.name), self.ty(op.result)));
    }

    fn params(&self, params: &[(Name, TypeId)]) -> String {
        list(params.iter().map(|(name, ty)| format!("{} : {}", self.name(*name), self.ty(*ty))))
    }

    fn fun(&mut self, fun: &Fun) {
        let head = format!("fun {} {} {}", self.name(fun.name), self.params(&fun.params), self.ty(fun.result));
        let uses = if fun.uses.is_empty() { String::new() } else { format!(" uses {}", self.uses(&fun.uses)) };
        match &fun.body {
            None => self.line(&format!("{head}{uses} -")),
            Some(FunBody::Expr(expr)) => self.line(&format!("{head}{uses} {}", self.expr(*expr))),
            Some(FunBody::Block(block)) => self.block(&format!("{head}{uses}"), block),
        }
    }

    fn uses(&self, uses: &[Use]) -> String {
        list(uses.iter().map(|entry| format!("{} {}", self.path(&entry.effect), self.types(&entry.args))))
    }

    fn protocol(&mut self, protocol: &Protocol) {
        let header = self.optional(protocol.header.as_ref().map(|roles| self.members(roles)));
        let clauses = protocol.clauses.iter();
        let clauses: String =
            clauses.map(|clause| format!(" {} {}", self.name(clause.word), self.path(&clause.path))).collect();
        let uses = self.uses(&protocol.uses);
        self.line(&format!("protocol {} {header} uses {uses}{clauses}", self.name(protocol.name)));
        self.below(|dump| {
            for param in &protocol.params {
                let (name, role) = (dump.name(param.name), dump.role(param.role));
                dump.line(&format!("param {name} {} {role}", dump.ty(param.ty)));
            }
            for (roles, _) in &protocol.roles {
                dump.line(&format!("roles {}", dump.members(roles)));
            }
            dump.block("body", &protocol.body);
            for local in &protocol.locals {
                dump.line("where");
                dump.below(|dump| dump.protocol(local));
            }
        });
    }

    // ---- statements

    fn block(&mut self, title: &str, block: &Block) {
        self.line(title);
        self.below(|dump| block.stmts.iter().for_each(|stmt| dump.stmt(*stmt)));
    }

    fn stmt(&mut self, id: StmtId) {
        let ast = self.ast;
        match &ast.stmt(id).kind {
            StmtKind::Message { from, to, label, fields, annotation } => {
                let to = match to {
                    Target::Role(role) => self.role(*role),
                    Target::Others(_) => "*".into(),
                };
                let fields = list(fields.iter().map(|field| self.field(field)));
                let note = self.annotation(annotation.as_deref());
                self.line(&format!("message {} {to} {} {fields}{note}", self.role(*from), self.name(*label)));
            }
            StmtKind::Continue { label } => self.line(&format!("continue {}", self.name(*label))),
            StmtKind::Call { protocol, roles, args } => {
                let roles = list(roles.iter().map(|role| self.role(*role)));
                self.line(&format!("call {} {roles} {}", self.path(protocol), self.exprs(args)));
            }
            StmtKind::Var { name, at, ty, init } => {
                let (at, ty) = (self.at(*at), self.optional_type(*ty));
                self.line(&format!("var {} {at} {ty} {}", self.name(*name), self.expr(*init)));
            }
            StmtKind::Assign { name, value } => {
                self.line(&format!("assign {} {}", self.name(*name), self.expr(*value)));
            }
            StmtKind::Assert { cond, at, text } => {
                let text = self.optional(text.map(|text| format!("{:?}", self.text(text))));
                self.line(&format!("assert {} {} {text}", self.expr(*cond), self.at(*at)));
            }
            StmtKind::Perform { perform, at } => {
                self.line(&format!("perform {} {}", self.perform(perform), self.at(*at)));
            }
            StmtKind::Step(step) => self.line(&self.step(step)),
            StmtKind::Value(value) => self.line(&format!("value {}", self.expr(*value))),
            StmtKind::Error => self.line("error"),
            compound => self.compound(compound),
        }
    }

    /// A statement with blocks.
    fn compound(&mut self, kind: &StmtKind) {
        match kind {
            StmtKind::Choice { decider, arms } => {
                self.line(&format!("choice {}", self.role(*decider)));
                for arm in arms {
                    let guard = self.optional(arm.guard.map(|guard| self.expr(guard)));
                    let evidence = self.evidence(arm.evidence.as_deref());
                    let title = format!("arm {} {guard}{evidence}", self.name(arm.name));
                    self.below(|dump| dump.block(&title, &arm.body));
                }
            }
            StmtKind::If { cond, at, then, els } => {
                self.line(&format!("if {} {}", self.expr(*cond), self.at(*at)));
                self.below(|dump| {
                    dump.block("then", then);
                    els.iter().for_each(|els| dump.block("else", els));
                });
            }
            StmtKind::Case { scrutinee, at, arms } => {
                self.line(&format!("case {} {}", self.expr(*scrutinee), self.at(*at)));
                for arm in arms {
                    let title = format!("arm {}", self.pattern(arm.pattern));
                    self.below(|dump| dump.block(&title, &arm.body));
                }
            }
            StmtKind::Rec { label, body } => self.block(&format!("rec {}", self.name(*label)), body),
            StmtKind::Loop { kind, body } => {
                let title = match kind {
                    LoopKind::Decide { by } => format!("loop decide {}", self.role(*by)),
                    LoopKind::WhileBy { cond, by } => format!("loop while {} by {}", self.expr(*cond), self.role(*by)),
                    LoopKind::While { cond } => format!("loop while {}", self.expr(*cond)),
                    LoopKind::Repeat { count } => format!("loop repeat {}", self.expr(*count)),
                    LoopKind::Forever => "loop forever".into(),
                };
                self.block(&title, body);
            }
            StmtKind::Let { name, at, ty, value, body } => {
                let value = match &**value {
                    LetValue::Expr(expr) => self.expr(*expr),
                    LetValue::Perform { perform, modality } => {
                        let modality = self.optional(modality.map(|(word, _)| format!("{word:?}")));
                        format!("{modality} {}", self.perform(perform))
                    }
                    LetValue::Step(step) => self.step(step),
                };
                let (at, ty) = (self.at(*at), self.optional_type(*ty));
                self.line(&format!("let {} {at} {ty} {value}", self.name(*name)));
                self.below(|dump| body.iter().for_each(|body| dump.block("in", body)));
            }
            other => self.parts(other),
        }
    }

    fn field(&self, field: &Field) -> String {
        match &field.kind {
            FieldKind::Pass(name) => format!("pass {}", self.name(*name)),
            FieldKind::Computed { name, ty, value } => {
                format!("{} : {} = {}", self.name(*name), self.ty(*ty), self.expr(*value))
            }
            FieldKind::Supplied { name, ty } => format!("{} : {}", self.name(*name), self.ty(*ty)),
            FieldKind::Carried { ty } => format!("carried {}", self.ty(*ty)),
            FieldKind::Unnamed(value) => format!("unnamed {}", self.expr(*value)),
        }
    }

    fn perform(&self, perform: &Perform) -> String {
        let verb = match perform.verb {
            Modality::Authoritative => "check",
            Modality::Observe => "observe",
            Modality::Command => "do",
        };
        format!("{verb} {} {} {}", self.path(&perform.effect), self.name(perform.op), self.exprs(&perform.args))
    }

    // ---- expressions, types, patterns

    fn exprs(&self, ids: &[ExprId]) -> String {
        list(ids.iter().map(|id| self.expr(*id)))
    }

    fn expr(&self, id: ExprId) -> String {
        match &self.ast.expr(id).kind {
            ExprKind::Unit => "()".into(),
            ExprKind::Bool(value) => value.to_string(),
            ExprKind::Int(value) => value.to_string(),
            ExprKind::String(symbol) => format!("{:?}", self.text(*symbol)),
            ExprKind::Duration(value) => format!("{value}ns"),
            ExprKind::Var(symbol) => self.text(*symbol),
            ExprKind::Upper(symbol) => format!("(Upper {})", self.text(*symbol)),
            ExprKind::Field { base, name } => format!("(Field {} {})", self.expr(*base), self.name(*name)),
            ExprKind::Call { callee, args } => format!("(Call {} {})", self.expr(*callee), self.exprs(args)),
            ExprKind::Unary { op, operand } => format!("({op:?} {})", self.expr(*operand)),
            ExprKind::Binary { op, left, right, .. } => {
                format!("({op:?} {} {})", self.expr(*left), self.expr(*right))
            }
            ExprKind::If { cond, then, els } => {
                format!("(If {} {} {})", self.expr(*cond), self.expr(*then), self.expr(*els))
            }
            ExprKind::Case { scrutinee, arms } => {
                let arms = list(
                    arms.iter().map(|(pattern, arm)| format!("{} => {}", self.pattern(*pattern), self.expr(*arm))),
                );
                format!("(Case {} {arms})", self.expr(*scrutinee))
            }
            ExprKind::Record(fields) => {
                let fields =
                    list(fields.iter().map(|(name, value)| format!("{} = {}", self.name(*name), self.expr(*value))));
                format!("(Record {fields})")
            }
            ExprKind::Tuple(parts) => format!("(Tuple {})", self.exprs(parts)),
            ExprKind::List(parts) => format!("(List {})", self.exprs(parts)),
            ExprKind::Error => "(Error)".into(),
        }
    }

    fn optional_type(&self, id: Option<TypeId>) -> String {
        self.optional(id.map(|id| self.ty(id)))
    }

    fn types(&self, ids: &[TypeId]) -> String {
        list(ids.iter().map(|id| self.ty(*id)))
    }

    fn ty(&self, id: TypeId) -> String {
        match &self.ast.ty(id).kind {
            TypeKind::Named { path, args } if args.is_empty() => self.path(path),
            TypeKind::Named { path, args } => format!("({} {})", self.path(path), self.types(args)),
            TypeKind::Unit => "()".into(),
            TypeKind::Tuple(parts) => format!("(Tuple {})", self.types(parts)),
            TypeKind::Record(fields) => {
                let fields = list(fields.iter().map(|(name, ty)| format!("{} : {}", self.name(*name), self.ty(*ty))));
                format!("(Record {fields})")
            }
            TypeKind::Function { params, result } => format!("(Fn {} {})", self.types(params), self.ty(*result)),
            TypeKind::Error => "(Error)".into(),
        }
    }

    fn patterns(&self, ids: &[PatternId]) -> String {
        list(ids.iter().map(|id| self.pattern(*id)))
    }

    fn pattern(&self, id: PatternId) -> String {
        match &self.ast.pattern(id).kind {
            PatternKind::Wildcard => "_".into(),
            PatternKind::Var(symbol) => self.text(*symbol),
            PatternKind::Unit => "()".into(),
            PatternKind::Bool(value) => value.to_string(),
            PatternKind::Int(value) => value.to_string(),
            PatternKind::String(symbol) => format!("{:?}", self.text(*symbol)),
            PatternKind::Duration(value) => format!("{value}ns"),
            PatternKind::Constructor { path, args } => format!("({} {})", self.path(path), self.patterns(args)),
            PatternKind::Tuple(parts) => format!("(Tuple {})", self.patterns(parts)),
            PatternKind::Record(fields) => {
                let fields =
                    list(fields.iter().map(|(name, part)| format!("{} = {}", self.name(*name), self.pattern(*part))));
                format!("(Record {fields})")
            }
            PatternKind::List(parts) => format!("(List {})", self.patterns(parts)),
            PatternKind::Error => "(Error)".into(),
        }
    }
}

fn list(parts: impl Iterator<Item = String>) -> String {
    format!("[{}]", parts.collect::<Vec<_>>().join(", "))
}
