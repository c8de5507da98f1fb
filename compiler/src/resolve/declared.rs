//! Type declarations and type expressions.

use super::names::{Place, TypeName, place, similar_type, type_name};
use super::{Resolver, Texts};
use crate::hir::{Opaque, Union, opaque};
use crate::refused::{Construct, Refused};
use crate::resolve::once::Once;
use crate::ty::{MAX_PARTS, MAX_TYPE_DEPTH, OpaqueId, Ty, TyKind, Types, UnionId};
use tell_language::ast::{self, DeclKind, Name, TypeKind};
use tell_language::span::Span;
use tell_language::symbol::Symbol;

/// A type alias on its way to being resolved.
pub(super) struct Alias {
    module: usize,
    name: Name,
    body: ast::TypeId,
    state: AliasState,
}

#[derive(Clone, Copy)]
enum AliasState {
    Unseen,
    Open,
    Done(Ty),
}

/// The type variables of a signature: `Param(i)` is the i-th.
#[derive(Default)]
pub(super) struct Generics {
    pub(super) names: Vec<Symbol>,
    /// Whether an undeclared single capital letter becomes a further variable.
    pub(super) open: bool,
}

/// Most cases of a union: their numbers have 16 bits.
const MAX_CASES: usize = u16::MAX as usize;

impl Resolver<'_> {
    /// Gives every declared type its name; the bodies come later, so that order does not matter.
    pub(super) fn declare_types(&mut self) {
        for module in 0..self.program.modules.len() {
            for decl in self.program.modules[module].ast.decls.clone() {
                match decl.kind {
                    DeclKind::Alias { name, ty } => {
                        let alias = Alias { module, name, body: ty, state: AliasState::Unseen };
                        self.aliases.push(alias);
                        self.declare_type(module, name, TypeName::Alias(self.aliases.len() - 1));
                    }
                    DeclKind::Union { name, variants } => {
                        let id = UnionId(u32::try_from(self.program.unions.len()).expect("fewer than 2^32 unions"));
                        self.program.unions.push(Union { name: name.symbol, variants: Vec::new() });
                        let ty = self.program.types.intern(TyKind::Union(id));
                        self.declare_type(module, name, TypeName::Done(ty));
                        for (variant, tag) in variants.iter().take(MAX_CASES).zip(0..) {
                            self.declare_constructor(module, variant.name, (id, tag));
                        }
                        if let Some(extra) = variants.get(MAX_CASES) {
                            self.too_many_cases(module, extra.name);
                        }
                    }
                    DeclKind::Opaque { name } => {
                        let id = OpaqueId(u32::try_from(self.program.opaques.len()).expect("fewer than 2^32 types"));
                        self.program.opaques.push(Opaque { name: name.symbol });
                        let ty = self.program.types.intern(TyKind::Opaque(id));
                        self.declare_type(module, name, TypeName::Done(ty));
                    }
                    DeclKind::Authority(set) if set.kind == ast::AuthorityKind::RoleSet => self.role_set(module, *set),
                    DeclKind::Effect(_)
                    | DeclKind::Fun(_)
                    | DeclKind::Protocol(_)
                    | DeclKind::Handler(_)
                    | DeclKind::Authority(_)
                    | DeclKind::Guest(_) => {}
                }
            }
        }
    }

    fn too_many_cases(&mut self, module: usize, extra: Name) {
        let text = format!("a type has at most {MAX_CASES} cases");
        let help = "put some of them into a type of their own";
        self.report(module, "E0405", extra.span, Texts::new(text, "one too many", help));
    }

    /// Reports a type with more parts than a value can have.
    fn too_many_parts(&mut self, module: usize, parts: usize, span: Span) -> bool {
        if parts > MAX_PARTS {
            let text = format!("this has {parts} parts, at most {MAX_PARTS} are possible");
            let help = "use a list, or nest them in records of their own";
            self.report(module, "E0405", span, Texts::new(text, "too many parts", help));
        }
        parts > MAX_PARTS
    }

    pub(super) fn refuse(&mut self, module: usize, construct: Construct, span: Span) {
        let file = self.program.modules[module].file;
        self.program.refused.push(Refused { construct, file, span });
    }

    /// `role_set S = A, B`: what it names is looked up in the protocol that uses it.
    fn role_set(&mut self, module: usize, set: ast::Authority) {
        if self.take_place(module, "role set", set.name) {
            self.names_mut(module).role_sets.insert(set.name.symbol, set.members.into());
        }
    }

    fn declare_type(&mut self, module: usize, name: Name, ty: TypeName) {
        if self.built_in(name.symbol, &[]).is_some() {
            let text = format!("`{}` is a type of the language", self.program.text(name.symbol));
            return self.report(
                module,
                "E0210",
                name.span,
                Texts::new(text, "declared again here", "choose another name"),
            );
        }
        if self.take_place(module, "type", name) {
            self.names_mut(module).types.insert(name.symbol, ty);
        }
    }

    /// Notes where a module-level name is declared; reports it and answers false if it was before.
    pub(super) fn take_place(&mut self, module: usize, what: &str, name: Name) -> bool {
        let first = *self.names_mut(module).places.entry(name.symbol).or_insert(name.span);
        if first != name.span {
            self.report_duplicate(module, "E0210", what, first, name.span);
        }
        first == name.span
    }

    fn declare_constructor(&mut self, module: usize, name: Name, target: (UnionId, u16)) {
        let first = *self.names_mut(module).constructor_places.entry(name.symbol).or_insert(name.span);
        let built_in = ["Just", "Nothing", "Ok", "Err"].contains(&self.program.text(name.symbol));
        if built_in {
            let help = "choose another name: `Maybe` and `Result` use it";
            let text = format!("`{}` is a constructor of the language", self.program.text(name.symbol));
            self.report(module, "E0210", name.span, Texts::new(text, "declared again here", help));
        } else if first == name.span {
            self.names_mut(module).constructors.insert(name.symbol, target);
        } else {
            self.report_duplicate(module, "E0210", "constructor", first, name.span);
        }
    }

    /// Resolves the bodies of aliases and unions.
    pub(super) fn resolve_types(&mut self) {
        for alias in 0..self.aliases.len() {
            self.alias(alias, 0);
        }
        self.settle_aliases();
        let mut union = 0;
        for module in 0..self.program.modules.len() {
            for decl in self.program.modules[module].ast.decls.clone() {
                let DeclKind::Union { variants, .. } = decl.kind else { continue };
                let mut resolved = Vec::new();
                for variant in &variants {
                    self.too_many_parts(module, variant.args.len(), variant.name.span);
                    let args = variant.args.iter().take(MAX_PARTS);
                    let args = args.map(|arg| self.ty(module, *arg, &mut Generics::default())).collect();
                    resolved.push((variant.name.symbol, args));
                }
                self.program.unions[union].variants = resolved;
                union += 1;
            }
        }
    }

    /// Replaces every name of an alias by its type; aliases are not needed any more.
    fn settle_aliases(&mut self) {
        let aliases = &self.aliases;
        for names in self.names.to_mut() {
            for name in names.types.values_mut() {
                if let TypeName::Alias(index) = *name {
                    let AliasState::Done(ty) = aliases[index].state else { panic!("bug: an alias was not resolved") };
                    *name = TypeName::Done(ty);
                }
            }
        }
    }

    /// The type behind an alias; a cycle is reported once and becomes the error type.
    fn alias(&mut self, index: usize, depth: u16) -> Ty {
        let Alias { module, name, body, state } = self.aliases[index];
        match state {
            AliasState::Done(ty) => return ty,
            AliasState::Open => {
                let text = format!("type alias `{}` is defined by itself", self.program.text(name.symbol));
                let help = "a recursive type needs a constructor: declare it as `type … = | …`";
                self.report(module, "E0216", name.span, Texts::new(text, "this alias", help));
                return self.close_alias(index, Types::ERROR);
            }
            AliasState::Unseen => {}
        }
        if depth > MAX_TYPE_DEPTH {
            let ty = self.too_deep(module, name.span);
            return self.close_alias(index, ty);
        }
        self.aliases[index].state = AliasState::Open;
        let ty = self.ty_at(module, body, &mut Generics::default(), depth + 1);
        match self.aliases[index].state {
            AliasState::Done(ty) => ty,
            _ => self.close_alias(index, ty),
        }
    }

    fn close_alias(&mut self, index: usize, ty: Ty) -> Ty {
        self.aliases[index].state = AliasState::Done(ty);
        ty
    }

    fn too_deep(&mut self, module: usize, span: Span) -> Ty {
        let text = format!("this type nests deeper than {MAX_TYPE_DEPTH} levels");
        self.report(module, "E0106", span, Texts::new(text, "too deep", "name a part of it with `type … = | …`"));
        Types::ERROR
    }

    /// Resolves a type expression.
    pub(super) fn ty(&mut self, module: usize, id: ast::TypeId, generics: &mut Generics) -> Ty {
        self.ty_at(module, id, generics, 0)
    }

    /// The type of a parameter of an operation, the only place for `Fn(A) -> B`.
    pub(super) fn operation_parameter(&mut self, module: usize, id: ast::TypeId, generics: &mut Generics) -> Ty {
        let ast::Type { kind, span } = self.program.modules[module].ast.ty(id).clone();
        let TypeKind::Function { params, result } = kind else { return self.ty(module, id, generics) };
        let params = params.iter().map(|param| self.ty(module, *param, generics)).collect();
        let result = self.ty(module, result, generics);
        let ty = self.program.types.intern(TyKind::Function(params, result));
        if self.program.types.depth(ty) > MAX_TYPE_DEPTH { self.too_deep(module, span) } else { ty }
    }

    fn ty_at(&mut self, module: usize, id: ast::TypeId, generics: &mut Generics, depth: u16) -> Ty {
        let ast::Type { kind, span } = self.program.modules[module].ast.ty(id).clone();
        let kind = match kind {
            TypeKind::Tuple(ref items) if self.too_many_parts(module, items.len(), span) => TyKind::Error,
            TypeKind::Record(ref fields) if self.too_many_parts(module, fields.len(), span) => TyKind::Error,
            TypeKind::Unit => TyKind::Unit,
            TypeKind::Error => TyKind::Error,
            TypeKind::Tuple(items) => {
                TyKind::Tuple(items.iter().map(|item| self.ty_at(module, *item, generics, depth)).collect())
            }
            TypeKind::Record(fields) => self.record(module, &fields, generics, depth),
            TypeKind::Function { .. } => {
                let help = "there are no function values: call the function, or declare an operation that takes one";
                let texts = Texts::new("a function type stands only for a parameter of an operation", "not here", help);
                self.report(module, "E0222", span, texts);
                TyKind::Error
            }
            TypeKind::Named { path, args } => {
                let args: Vec<Ty> = args.iter().map(|arg| self.ty_at(module, *arg, generics, depth)).collect();
                return self.named(module, &path, &args, generics, depth);
            }
        };
        let ty = self.program.types.intern(kind);
        if self.program.types.depth(ty) > MAX_TYPE_DEPTH { self.too_deep(module, span) } else { ty }
    }

    fn record(&mut self, module: usize, fields: &[(Name, ast::TypeId)], generics: &mut Generics, depth: u16) -> TyKind {
        let mut resolved: Vec<(Symbol, Ty)> = Vec::new();
        let mut once = Once::default();
        for (name, ty) in fields {
            if let Some(first) = once.earlier(*name) {
                self.report_duplicate(module, "E0212", "field", first, name.span);
                continue;
            }
            resolved.push((name.symbol, self.ty_at(module, *ty, generics, depth)));
        }
        resolved.sort_by(|(a, _), (b, _)| self.program.text(*a).cmp(self.program.text(*b)));
        TyKind::Record(resolved.into())
    }

    pub(super) fn named(
        &mut self,
        module: usize,
        path: &ast::Path,
        args: &[Ty],
        generics: &mut Generics,
        depth: u16,
    ) -> Ty {
        let last = path.last();
        if path.names.len() == 1 {
            let own = self.names[module].types.contains_key(&last.symbol);
            if !own && let Some(index) = self.type_variable(last.symbol, generics) {
                return self.expect_args(module, path, args, 0, TyKind::Param(index));
            }
            if let Some((arity, kind)) = self.built_in(last.symbol, args) {
                return self.expect_args(module, path, args, arity, kind);
            }
        }
        let found = match place(&self.names, self.program, module, path) {
            Place::Missing => return self.dotted_opaque(module, path),
            Place::Module(owner) => type_name(&self.names, module, owner, last.symbol),
        };
        let ty = match found {
            Some(TypeName::Done(ty)) => ty,
            Some(TypeName::Alias(alias)) => self.alias(alias, depth),
            None => return self.unknown_type(module, path),
        };
        let kind = self.program.types.kind(ty).clone();
        self.expect_args(module, path, args, 0, kind)
    }

    fn type_variable(&self, name: Symbol, generics: &mut Generics) -> Option<u32> {
        let is_letter = self.program.text(name).len() == 1;
        let index = match generics.names.iter().position(|known| *known == name) {
            Some(index) => index,
            None if is_letter && generics.open => {
                generics.names.push(name);
                generics.names.len() - 1
            }
            None => return None,
        };
        u32::try_from(index).ok()
    }

    fn built_in(&self, name: Symbol, args: &[Ty]) -> Option<(usize, TyKind)> {
        let arg = |index: usize| args.get(index).copied().unwrap_or(Types::ERROR);
        Some(match self.program.text(name) {
            "Unit" => (0, TyKind::Unit),
            "Bool" => (0, TyKind::Bool),
            "Int" => (0, TyKind::Int),
            "String" => (0, TyKind::String),
            "Bytes" => (0, TyKind::Bytes),
            "Duration" => (0, TyKind::Duration),
            "Session" => (0, TyKind::Session),
            "Role" => (0, TyKind::Role),
            "List" => (1, TyKind::List(arg(0))),
            "Maybe" => (1, TyKind::Maybe(arg(0))),
            "Result" => (2, TyKind::Result(arg(0), arg(1))),
            "Map" => (2, TyKind::Map(arg(0), arg(1))),
            _ => return None,
        })
    }

    fn expect_args(&mut self, module: usize, path: &ast::Path, args: &[Ty], arity: usize, kind: TyKind) -> Ty {
        if args.len() != arity {
            let name = self.program.text(path.last().symbol).to_owned();
            let text = format!("`{name}` takes {arity} type argument{}, not {}", plural(arity), args.len());
            let help = if arity == 0 {
                format!("write `{name}` alone")
            } else {
                format!("write `{name}{}`", " T".repeat(arity))
            };
            self.report(module, "E0220", path.span(), Texts::new(text, "wrong number of type arguments", help));
            return Types::ERROR;
        }
        let ty = self.program.types.intern(kind);
        if self.program.types.depth(ty) > MAX_TYPE_DEPTH { self.too_deep(module, path.span()) } else { ty }
    }

    fn dotted_opaque(&mut self, module: usize, path: &ast::Path) -> Ty {
        let dotted = self.dotted(path);
        let symbol = self.program.interner.intern(&dotted);
        let text = format!("`{dotted}` comes from a module that is not imported");
        let help = "its values are carried and compared, nothing else; declare `type` in this file to say so";
        self.report(module, "W0203", path.span(), Texts::new(text, "treated as an opaque type", help));
        let id = opaque(self.program, symbol);
        self.program.types.intern(TyKind::Opaque(id))
    }

    fn unknown_type(&mut self, module: usize, path: &ast::Path) -> Ty {
        let name = path.last().symbol;
        if self.names[module].is_poisoned(name) {
            return Types::ERROR;
        }
        let text = format!("there is no type `{}`", self.program.text(name));
        let help = match similar_type(&self.names, self.program, module, name) {
            Some(similar) => format!("did you mean `{similar}`?"),
            None => format!("declare it: `type {}`", self.program.text(name)),
        };
        self.report(module, "E0201", path.span(), Texts::new(text, "unknown type", help));
        Types::ERROR
    }
}

/// `s` unless there is exactly one.
pub(crate) fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
