//! The tree as canonical text: `parse(print(parse(t)))` is `parse(t)` but for spans and comments.

use crate::ast::{
    Ast, Block, Decl, DeclKind, Effect, Field, FieldKind, Fun, FunBody, Import, LetValue, LoopKind, Modality, Name,
    Operation, Path, Perform, Protocol, RoleRef, StmtId, StmtKind, Target, TypeId, TypeKind, Use,
};
use crate::symbol::{Interner, Symbol};

mod expression;
mod surface;

/// The program that a tree stands for.
#[must_use]
pub fn print(ast: &Ast, interner: &Interner) -> String {
    let mut printer = Printer { ast, interner, out: String::new(), depth: 0 };
    if let Some(module) = &ast.module {
        printer.line(&format!("module {}", printer.path(module)));
    }
    for import in &ast.imports {
        printer.import(import);
    }
    for decl in &ast.decls {
        printer.decl(decl);
    }
    printer.out
}

struct Printer<'a> {
    ast: &'a Ast,
    interner: &'a Interner,
    out: String,
    depth: usize,
}

impl<'a> Printer<'a> {
    // ---- lines

    fn start_line(&mut self) {
        self.out.extend(std::iter::repeat_n("  ", self.depth));
    }

    fn line(&mut self, text: &str) {
        self.start_line();
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn below(&mut self, write: impl FnOnce(&mut Self)) {
        self.depth += 1;
        write(self);
        self.depth -= 1;
    }

    /// Ends the line that was begun with the block, on deeper lines or as `{}`.
    fn block(&mut self, block: &Block) {
        if block.stmts.is_empty() {
            self.out.push_str(" {}\n");
            return;
        }
        self.out.push('\n');
        self.below(|printer| block.stmts.iter().for_each(|stmt| printer.stmt(*stmt)));
    }

    /// A line that ends in a block.
    fn headed(&mut self, head: &str, block: &Block) {
        self.start_line();
        self.out.push_str(head);
        self.block(block);
    }

    // ---- names

    fn text(&self, symbol: Symbol) -> &'a str {
        self.interner.text(symbol)
    }

    fn name(&self, name: Name) -> &'a str {
        self.text(name.symbol)
    }

    fn names(&self, names: &[Name]) -> String {
        names.iter().map(|name| self.name(*name)).collect::<Vec<_>>().join(", ")
    }

    fn path(&self, path: &Path) -> String {
        path.names.iter().map(|name| self.name(*name)).collect::<Vec<_>>().join(".")
    }

    fn role(&self, role: RoleRef) -> String {
        format!("{}{}", self.name(role.name), self.index(role.index))
    }

    fn roles(&self, roles: &[RoleRef]) -> String {
        roles.iter().map(|role| self.role(*role)).collect::<Vec<_>>().join(", ")
    }

    fn at(&self, role: Option<RoleRef>) -> String {
        role.map_or_else(String::new, |role| format!(" at {}", self.role(role)))
    }

    // ---- declarations

    fn import(&mut self, import: &Import) {
        let alias = import.alias.map_or_else(String::new, |alias| format!(" as {}", self.name(alias)));
        let exposing = match import.exposing.as_slice() {
            [] => String::new(),
            names => format!(" exposing ({})", self.names(names)),
        };
        self.line(&format!("import {}{alias}{exposing}", self.path(&import.module)));
    }

    fn decl(&mut self, decl: &Decl) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        match &decl.kind {
            DeclKind::Alias { name, ty } => self.line(&format!("type alias {} = {}", self.name(*name), self.ty(*ty))),
            DeclKind::Union { name, variants } => {
                self.line(&format!("type {} =", self.name(*name)));
                for variant in variants {
                    let args = self.arguments(&variant.args);
                    self.below(|printer| printer.line(&format!("| {}{args}", printer.name(variant.name))));
                }
            }
            DeclKind::Opaque { name } => self.line(&format!("type {}", self.name(*name))),
            DeclKind::Effect(effect) => self.effect(effect),
            DeclKind::Fun(fun) => self.fun(fun),
            DeclKind::Protocol(protocol) => self.protocol(protocol),
            DeclKind::Handler(handler) => self.handler(handler),
            DeclKind::Authority(authority) => self.authority(authority),
            DeclKind::Guest(guest) => self.guest(guest),
        }
    }

    fn effect(&mut self, effect: &Effect) {
        let params = match effect.params.as_slice() {
            [] => String::new(),
            names => format!("({})", self.names(names)),
        };
        self.line(&format!("effect {}{params}", self.name(effect.name)));
        self.below(|printer| effect.ops.iter().for_each(|op| printer.op(op)));
    }

    fn op(&mut self, op: &Operation) {
        let modality = match op.modality {
            Some(Modality::Authoritative) => "authoritative ",
            Some(Modality::Observe) => "observe ",
            Some(Modality::Command) => "command ",
            None => "",
        };
        let params = match op.params.as_slice() {
            [] => "Unit".into(),
            [one] => self.signature_type(*one),
            many => format!("({})", self.types(many)),
        };
        let entries = op.metadata.iter().map(|(key, value)| format!("{} : {}", self.name(*key), self.name(*value)));
        let metadata = match op.metadata.as_slice() {
            [] => String::new(),
            _ => format!(" {{ {} }}", entries.collect::<Vec<_>>().join(", ")),
        };
        let result = self.signature_type(op.result);
        self.line(&format!("{modality}{} : {params} -> {result}{metadata}", self.name(op.name)));
    }

    /// A type of an operation's signature: one with an arrow or a brace stands in parentheses.
    fn signature_type(&self, ty: TypeId) -> String {
        match self.ast.ty(ty).kind {
            TypeKind::Function { .. } | TypeKind::Record(_) => format!("({})", self.ty(ty)),
            _ => self.ty(ty),
        }
    }

    fn fun(&mut self, fun: &Fun) {
        let (params, uses) = (self.params(&fun.params), self.uses(&fun.uses));
        let head = format!("fun {}({params}) : {}{uses}", self.name(fun.name), self.ty(fun.result));
        match &fun.body {
            None => self.line(&head),
            Some(FunBody::Expr(expr)) => self.line(&format!("{head} = {}", self.value(*expr))),
            Some(FunBody::Block(block)) => self.headed(&format!("{head} ="), block),
        }
    }

    fn params(&self, params: &[(Name, TypeId)]) -> String {
        let params = params.iter().map(|(name, ty)| format!("{} : {}", self.name(*name), self.ty(*ty)));
        params.collect::<Vec<_>>().join(", ")
    }

    fn arguments(&self, types: &[TypeId]) -> String {
        if types.is_empty() { String::new() } else { format!("({})", self.types(types)) }
    }

    fn instance(&self, instance: &Use) -> String {
        format!("{}{}", self.path(&instance.effect), self.arguments(&instance.args))
    }

    fn uses(&self, uses: &[Use]) -> String {
        let entries = uses.iter().map(|entry| self.instance(entry));
        if uses.is_empty() { String::new() } else { format!(" uses {}", entries.collect::<Vec<_>>().join(", ")) }
    }

    fn protocol(&mut self, protocol: &Protocol) {
        let params = protocol
            .params
            .iter()
            .map(|param| format!("{} : {} at {}", self.name(param.name), self.ty(param.ty), self.role(param.role)));
        let params = match protocol.params.as_slice() {
            [] => String::new(),
            _ => format!("; {}", params.collect::<Vec<_>>().join(", ")),
        };
        let header =
            protocol.header.as_ref().map_or_else(String::new, |roles| format!("({}{params})", self.members(roles)));
        let clauses: String = protocol
            .clauses
            .iter()
            .map(|clause| format!(" {} {}", self.name(clause.word), self.path(&clause.path)))
            .collect();
        let uses = self.uses(&protocol.uses);
        let head = format!("protocol {}{header}{uses}{clauses} =", self.name(protocol.name));
        if protocol.roles.is_empty() {
            self.headed(&head, &protocol.body);
        } else {
            self.line(&head);
            self.below(|printer| {
                for (roles, _) in &protocol.roles {
                    printer.line(&format!("roles {}", printer.members(roles)));
                }
                protocol.body.stmts.iter().for_each(|stmt| printer.stmt(*stmt));
            });
        }
        if !protocol.locals.is_empty() {
            self.line("where");
            self.below(|printer| protocol.locals.iter().for_each(|local| printer.protocol(local)));
        }
    }

    // ---- statements

    fn stmt(&mut self, id: StmtId) {
        let ast = self.ast;
        match &ast.stmt(id).kind {
            StmtKind::Message { from, to, label, fields, annotation } => {
                let to = match to {
                    Target::Role(role) => format!("-> {}", self.role(*role)),
                    Target::Others(_) => "->*".into(),
                };
                let payload = self.payload(fields);
                let note = self.annotation(annotation.as_deref());
                self.line(&format!("{}{note} {to} : {}{payload}", self.role(*from), self.name(*label)));
            }
            StmtKind::Continue { label } => self.line(&format!("continue {}", self.name(*label))),
            StmtKind::Call { protocol, roles, args } => {
                let roles = self.roles(roles);
                let args = if args.is_empty() { String::new() } else { format!("; {}", self.exprs(args)) };
                self.line(&format!("call {}({roles}{args})", self.path(protocol)));
            }
            StmtKind::Var { name, at, ty, init } => {
                let holder = self.holder(*at, *ty);
                self.line(&format!("var {}{holder} = {}", self.name(*name), self.value(*init)));
            }
            StmtKind::Assign { name, value } => self.line(&format!("{} := {}", self.name(*name), self.value(*value))),
            StmtKind::Assert { cond, at, text } => {
                let text = text.map_or_else(String::new, |text| format!(" {}", expression::quoted(self.text(text))));
                self.line(&format!("assert {}{}{text}", self.expr(*cond), self.at(*at)));
            }
            StmtKind::Perform { perform, at } => self.line(&format!("{}{}", self.perform(perform), self.at(*at))),
            StmtKind::Step(step) => self.line(&self.step(step)),
            StmtKind::Value(value) => self.line(&self.expr(*value)),
            StmtKind::Error => {}
            compound => self.compound(compound),
        }
    }

    /// A statement with blocks.
    fn compound(&mut self, kind: &StmtKind) {
        match kind {
            StmtKind::Choice { decider, arms } => {
                self.line(&format!("choice {} at", self.role(*decider)));
                for arm in arms {
                    let guard = match &arm.evidence {
                        Some(evidence) => self.evidence(evidence),
                        None => arm.guard.map_or_else(String::new, |guard| format!(" when ({})", self.expr(guard))),
                    };
                    let head = format!("| {}{guard} =>", self.name(arm.name));
                    self.below(|printer| printer.headed(&head, &arm.body));
                }
            }
            StmtKind::If { .. } => {
                self.start_line();
                self.conditional(kind);
            }
            StmtKind::Case { scrutinee, at, arms } => {
                self.line(&format!("case {}{} of", self.expr(*scrutinee), self.at(*at)));
                for arm in arms {
                    let head = format!("| {} =>", self.pattern(arm.pattern));
                    self.below(|printer| printer.headed(&head, &arm.body));
                }
            }
            StmtKind::Rec { label, body } => self.headed(&format!("rec {}", self.name(*label)), body),
            StmtKind::Loop { kind, body } => {
                let head = match kind {
                    LoopKind::Decide { by } => format!("loop decide by {}", self.role(*by)),
                    LoopKind::WhileBy { cond, by } => {
                        format!("loop while ({}) by {}", self.expr(*cond), self.role(*by))
                    }
                    LoopKind::While { cond } => format!("loop while ({})", self.expr(*cond)),
                    LoopKind::Repeat { count } => format!("loop repeat {}", self.expr(*count)),
                    LoopKind::Forever => "loop forever".into(),
                };
                self.headed(&head, body);
            }
            StmtKind::Let { name, at, ty, value, body } => {
                let holder = self.holder(*at, *ty);
                let (modality, value) = self.let_value(value);
                let head = format!("{modality}let {}{holder} = {value}", self.name(*name));
                match body {
                    Some(body) => self.headed(&format!("{head} in"), body),
                    None => self.line(&head),
                }
            }
            other => self.parts(other),
        }
    }

    /// An `if` after the indentation of its line; `else if` goes on in the same column.
    fn conditional(&mut self, kind: &StmtKind) {
        let ast = self.ast;
        let mut next = Some(kind);
        while let Some(StmtKind::If { cond, at, then, els }) = next.take() {
            self.out.push_str(&format!("if {}{} then", self.expr(*cond), self.at(*at)));
            self.block(then);
            let Some(els) = els else { return };
            self.start_line();
            self.out.push_str("else");
            match els.stmts.as_slice() {
                [only] if matches!(ast.stmt(*only).kind, StmtKind::If { .. }) => {
                    self.out.push(' ');
                    next = Some(&ast.stmt(*only).kind);
                }
                _ => self.block(els),
            }
        }
    }

    fn holder(&self, at: Option<RoleRef>, ty: Option<TypeId>) -> String {
        let ty = ty.map_or_else(String::new, |ty| format!(" : {}", self.ty(ty)));
        format!("{}{ty}", self.at(at))
    }

    /// The word before `let` and its right-hand side.
    fn let_value(&self, value: &LetValue) -> (&'static str, String) {
        match value {
            LetValue::Expr(expr) => ("", self.value(*expr)),
            LetValue::Perform { perform, modality } => {
                let word = match modality.map(|(modality, _)| modality) {
                    Some(Modality::Authoritative) => "authoritative ",
                    Some(Modality::Observe) => "observe ",
                    Some(Modality::Command) | None => "",
                };
                (word, self.perform(perform))
            }
            LetValue::Step(step) => ("", self.step(step)),
        }
    }

    fn perform(&self, perform: &Perform) -> String {
        let verb = match perform.verb {
            Modality::Authoritative => "check",
            Modality::Observe => "observe",
            Modality::Command => "do",
        };
        format!("{verb} {}.{}({})", self.path(&perform.effect), self.name(perform.op), self.exprs(&perform.args))
    }

    fn payload(&self, fields: &[Field]) -> String {
        match fields {
            [] => String::new(),
            [Field { kind: FieldKind::Carried { ty }, .. }] => format!(" of {}", self.ty(*ty)),
            many => format!("({})", many.iter().map(|field| self.field(field)).collect::<Vec<_>>().join(", ")),
        }
    }

    fn field(&self, field: &Field) -> String {
        match &field.kind {
            FieldKind::Pass(name) => self.name(*name).into(),
            FieldKind::Computed { name, ty, value } => {
                format!("{} : {} = {}", self.name(*name), self.ty(*ty), self.expr(*value))
            }
            FieldKind::Supplied { name, ty } => format!("{} : {}", self.name(*name), self.ty(*ty)),
            FieldKind::Carried { ty } => self.ty(*ty),
            FieldKind::Unnamed(value) => self.expr(*value),
        }
    }
}
