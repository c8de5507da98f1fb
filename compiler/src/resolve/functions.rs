//! Functions: their signatures first, so that bodies can call each other, then their rows.

use super::declared::Generics;
use super::modules::is_std;
use super::{Resolver, Texts};
use crate::hir::{Fun, FunCode, FunId};
use crate::resolve::once::Once;
use crate::ty::Ty;
use tell_ir::prim::Prim;
use tell_language::ast::{self, DeclKind, Name};
use tell_language::span::Span;
use tell_language::symbol::Symbol;

impl Resolver<'_> {
    /// Declares the functions of all modules, without what they use: effects are not imported yet.
    pub(super) fn declare_functions(&mut self) {
        for module in 0..self.program.modules.len() {
            for decl in self.program.modules[module].ast.decls.clone() {
                if let DeclKind::Fun(fun) = decl.kind {
                    self.function(module, &fun);
                }
            }
        }
    }

    fn function(&mut self, module: usize, fun: &ast::Fun) {
        let mut generics = Generics { names: Vec::new(), open: true };
        let params = self.parameters(module, fun, &mut generics);
        let result = self.ty(module, fun.result, &mut generics);
        let code = match &fun.body {
            Some(source) => FunCode::Local { source: source.clone(), body: None },
            None => match self.primitive(module, fun.name) {
                Some(prim) => FunCode::Native(prim),
                None => return,
            },
        };
        if self.take_place(module, "function", fun.name) {
            let id = FunId(u32::try_from(self.program.funs.len()).expect("fewer than 2^32 functions"));
            let Name { symbol: name, span } = fun.name;
            let type_vars = generics.names;
            self.program.funs.push(Fun { name, span, module, type_vars, params, result, uses: Vec::new(), code });
            self.names_mut(module).functions.insert(name, id);
        }
    }

    fn parameters(&mut self, module: usize, fun: &ast::Fun, generics: &mut Generics) -> Vec<(Symbol, Span, Ty)> {
        let mut params: Vec<(Symbol, Span, Ty)> = Vec::new();
        let mut once = Once::default();
        for (name, ty) in &fun.params {
            let ty = self.ty(module, *ty, generics);
            if let Some(first) = once.earlier(*name) {
                self.report_duplicate(module, "E0212", "parameter", first, name.span);
            }
            params.push((name.symbol, name.span, ty));
        }
        params
    }

    /// The primitive behind a function of `std` without a body; nobody else may leave it out.
    fn primitive(&mut self, module: usize, name: Name) -> Option<Prim> {
        let text = self.program.text(name.symbol).to_owned();
        if !is_std(&self.program.modules[module].name) {
            let help = "add `= …`; only functions of `std` are built into the machine";
            let texts = Texts::new(format!("function `{text}` has no body"), "no body", help);
            self.report(module, "E0221", name.span, texts);
            self.names_mut(module).poisoned.insert(name.symbol, ());
            return None;
        }
        let prim = Prim::ALL.iter().find(|prim| prim.text() == text).copied();
        Some(prim.unwrap_or_else(|| panic!("bug: `{text}` of `std` is not a primitive")))
    }

    /// Resolves what functions use, once imported effects are known.
    pub(super) fn declare_function_rows(&mut self) {
        let mut declared = 0;
        for module in 0..self.program.modules.len() {
            for decl in self.program.modules[module].ast.decls.clone() {
                let DeclKind::Fun(fun) = decl.kind else { continue };
                let known = self.program.funs.get(declared);
                let is_this = |known: &&Fun| known.module == module && known.span == fun.name.span;
                let Some(known) = known.filter(is_this) else { continue };
                let mut generics = Generics { names: known.type_vars.clone(), open: true };
                let uses = self.row(module, &fun.uses, &mut generics);
                self.program.funs[declared].type_vars = generics.names;
                self.program.funs[declared].uses = uses;
                declared += 1;
            }
        }
    }
}
