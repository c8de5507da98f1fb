//! Builder: files, declarations and types.

use super::builder::{Builder, Held, Mark};
use crate::ast::{
    Block, DeclKind, Effect, Fun, FunBody, Handler, HandlerClause, Import, Modality, Name, Operation, Path, StmtId,
    TypeId, TypeKind, Use, Variant,
};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;

/// A line of a handler.
#[derive(Debug)]
pub(super) enum HandlerItem {
    /// `var n = e`
    Cell(StmtId),
    /// A clause.
    Clause(HandlerClause),
}

impl Builder<'_> {
    pub(super) fn module(&mut self, path: Path, span: Span) {
        if self.ast.module.is_none() && self.ast.imports.is_empty() && self.ast.decls.is_empty() {
            self.ast.module = Some(path);
            return;
        }
        self.report(
            Diagnostic::new(Code("E0102"), "`module` names the file and comes first, once")
                .label(self.file, span, "this is not the first declaration")
                .help("remove it, or move it to the first line"),
        );
    }

    pub(super) fn import(&mut self, module: Path, alias: Option<Name>, exposing: Option<Vec<Name>>, span: Span) {
        self.ast.imports.push(Import { module, alias, exposing: exposing.unwrap_or_default(), span });
    }

    pub(super) fn alias(&mut self, name: Name, ty: TypeId, span: Span) {
        self.capital(name, "the type");
        self.decl(DeclKind::Alias { name, ty }, span);
    }

    pub(super) fn union(&mut self, name: Name, variants: Vec<Variant>, span: Span) {
        self.capital(name, "the type");
        self.decl(DeclKind::Union { name, variants }, span);
    }

    pub(super) fn variant(&mut self, name: Name, args: Option<Vec<TypeId>>) -> Variant {
        self.capital(name, "the constructor");
        Variant { name, args: args.unwrap_or_default() }
    }

    pub(super) fn opaque(&mut self, name: Name, span: Span) {
        self.capital(name, "the type");
        self.decl(DeclKind::Opaque { name }, span);
    }

    // ---- effects and functions

    /// Operations wait on the tree's last effect, which [`Builder::effect`] completes.
    pub(super) fn op(
        &mut self,
        modality: Option<Modality>,
        name: Name,
        parameter: TypeId,
        result: TypeId,
        metadata: Option<Vec<(Name, Name)>>,
        span: Span,
    ) {
        self.small(name, "the operation");
        let params = match &self.ast.ty(parameter).kind {
            TypeKind::Tuple(types) => types.to_vec(),
            TypeKind::Unit => Vec::new(),
            TypeKind::Named { path, args } if args.is_empty() && self.is_unit(path) => Vec::new(),
            _ => vec![parameter],
        };
        self.ops.push(Operation { modality, name, params, result, metadata: metadata.unwrap_or_default(), span });
    }

    fn is_unit(&self, path: &Path) -> bool {
        path.names.len() == 1 && self.name_text(path.names[0]) == "Unit"
    }

    pub(super) fn effect(&mut self, name: Name, params: Option<Vec<Name>>, _ops: Option<()>, span: Span) {
        self.capital(name, "the effect");
        let params = params.unwrap_or_default();
        params.iter().for_each(|param| self.capital(*param, "the type parameter"));
        let first = self.ops.partition_point(|op| op.span.start < span.start);
        let ops = self.ops.split_off(first);
        self.decl(DeclKind::Effect(Effect { name, params, ops }), span);
    }

    pub(super) fn fun(
        &mut self,
        name: Name,
        params: Vec<(Name, TypeId)>,
        result: TypeId,
        uses: Option<Vec<Use>>,
        body: Option<FunBody>,
        span: Span,
    ) {
        self.small(name, "the function");
        params.iter().for_each(|(param, _)| self.small(*param, "the parameter"));
        self.decl(DeclKind::Fun(Fun { name, params, result, uses: uses.unwrap_or_default(), body }), span);
    }

    pub(super) fn clause(&mut self, op: Option<Name>, params: Vec<Name>, body: Block, span: Span) -> Box<HandlerItem> {
        Box::new(HandlerItem::Clause(HandlerClause { op, params, body, span }))
    }

    pub(super) fn handler(
        &mut self,
        name: Name,
        params: Option<Vec<(Name, TypeId)>>,
        instance: Use,
        uses: Option<Vec<Use>>,
        items: Vec<HandlerItem>,
        span: Span,
    ) {
        self.small(name, "the handler");
        self.forgive_expressions(span.start);
        let (mut cells, mut clauses) = (Vec::new(), Vec::new());
        for item in items {
            match item {
                HandlerItem::Cell(cell) => cells.push(cell),
                HandlerItem::Clause(clause) => clauses.push(clause),
            }
        }
        let (params, uses) = (params.unwrap_or_default(), uses.unwrap_or_default());
        self.decl(DeclKind::Handler(Handler { name, params, instance, uses, cells, clauses }), span);
    }

    /// Does not report the expressions that stand as statements from `start` on: they are legal in handlers,
    /// and part of a reported error elsewhere.
    pub(super) fn forgive_expressions(&mut self, start: u32) {
        let first = self.expression_stmts.partition_point(|stmt| stmt.start < start);
        self.expression_stmts.truncate(first);
    }

    pub(super) fn instance(&mut self, effect: Path, args: Option<Vec<TypeId>>) -> Use {
        Use { effect, args: args.unwrap_or_default() }
    }

    // ---- types

    /// What stands for a type that could not be read.
    pub(super) fn bad_type(&mut self, l: u32, r: u32) -> TypeId {
        self.ty(TypeKind::Error, Span::new(l, r), &[])
    }

    pub(super) fn first_type_arg(&mut self, ty: TypeId) -> Mark {
        self.type_args.push(ty);
        Held(self.type_args.len() - 1)
    }

    pub(super) fn next_type_arg(&mut self, mark: Mark, ty: TypeId) -> Mark {
        self.type_args.push(ty);
        mark
    }

    pub(super) fn named_type(&mut self, path: Mark, args: Option<Mark>, l: u32, r: u32) -> TypeId {
        let args: Box<[TypeId]> = args.map_or_else(Box::default, |mark| self.type_args.drain(mark.0..).collect());
        let path = self.path(path);
        let children = args.clone();
        self.ty(TypeKind::Named { path, args }, Span::new(l, r), &children)
    }

    /// A type behind another one, which is its argument. With a small letter it is something else: a `=` is missing.
    pub(super) fn type_arg(&mut self, path: Mark, l: u32, r: u32) -> TypeId {
        let text = self.slice(l, r);
        if super::builder::starts_with_capital(text.rsplit('.').next().unwrap_or(text)) {
            return self.named_type(path, None, l, r);
        }
        self.path(path);
        self.report(
            Diagnostic::new(Code("E0102"), format!("expected a type, `=` or the end of the type, found `{text}`"))
                .label(self.file, Span::new(l, r), "this is no type")
                .help("types start with a capital; a value follows `=`"),
        );
        self.bad_type(l, r)
    }

    pub(super) fn parenthesized_type(&mut self, mut types: Vec<TypeId>, l: u32, r: u32) -> TypeId {
        match types.len() {
            0 => self.ty(TypeKind::Unit, Span::new(l, r), &[]),
            1 => types.remove(0),
            _ => self.ty(TypeKind::Tuple(types.clone().into()), Span::new(l, r), &types),
        }
    }

    pub(super) fn record_type(&mut self, fields: Vec<(Name, TypeId)>, l: u32, r: u32) -> TypeId {
        fields.iter().for_each(|(name, _)| self.small(*name, "the field"));
        let children: Vec<TypeId> = fields.iter().map(|(_, ty)| *ty).collect();
        self.ty(TypeKind::Record(fields.into()), Span::new(l, r), &children)
    }

    /// `Fn(A, B) -> C`: what stands before the arrow was read as the name `Fn` and an argument.
    pub(super) fn function_type(&mut self, left: TypeId, result: TypeId, l: u32, r: u32) -> TypeId {
        let argument = match &self.ast.ty(left).kind {
            TypeKind::Named { path, args } if path.names.len() == 1 && args.len() == 1 => {
                Some(args[0]).filter(|_| self.name_text(path.names[0]) == "Fn")
            }
            _ => None,
        };
        let Some(argument) = argument else {
            self.report(
                Diagnostic::new(Code("E0102"), "expected a type, found a function arrow")
                    .label(self.file, Span::new(l, r), "this is no type")
                    .help("a function type is written `Fn(A) -> B`"),
            );
            return self.ty(TypeKind::Error, Span::new(l, r), &[]);
        };
        let params: Box<[TypeId]> = match &self.ast.ty(argument).kind {
            TypeKind::Unit => Box::default(),
            TypeKind::Tuple(types) => types.clone(),
            _ => Box::new([argument]),
        };
        let children: Vec<TypeId> = params.iter().copied().chain([result]).collect();
        self.ty(TypeKind::Function { params, result }, Span::new(l, r), &children)
    }
}
