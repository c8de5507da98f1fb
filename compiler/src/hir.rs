//! The resolved and checked program: no text, every name is an index.
//!
//! Declarations are filled by `resolve`, the bodies of protocols by `check`. Roles are numbered per protocol, in
//! declaration order; a [`Var`] is one *binding* (LANGUAGE §3), held by every role that the checker gave it to.

#![allow(missing_docs, reason = "a variant's text names its fields")]

pub mod surface;

use crate::refused::Refused;
use crate::resolve::family::{Header, Member, Size};
use crate::ty::{OpaqueId, Ty, TypeNames, Types, UnionId};
use std::rc::Rc;
use tell_ir::image::{self, Const, OpMeta};
use tell_ir::prim::Prim;
use tell_language::ast::{self, Ast};
use tell_language::span::{FileId, Files, Span};
use tell_language::symbol::{Interner, Symbol};

/// One compilation: files, symbols, types and declarations of all modules.
#[derive(Debug, Default)]
pub struct Program {
    /// The sources.
    pub files: Files,
    /// The symbols.
    pub interner: Interner,
    /// The types.
    pub types: Types,
    /// Modules; the first is the user's file.
    pub modules: Vec<Module>,
    /// Declared unions.
    pub unions: Vec<Union>,
    /// Declared opaque types.
    pub opaques: Vec<Opaque>,
    /// Declared effects.
    pub effects: Vec<Effect>,
    /// Functions: those built into the machine, and those of the language.
    pub funs: Vec<Fun>,
    /// Protocols in text order, each followed by those under its `where`.
    pub protocols: Vec<Protocol>,
    /// Declarations of LANGUAGE §6 and handlers.
    pub surface: surface::Surface,
    /// Declarations that are checked and not executed.
    pub refused: Vec<Refused>,
    /// Roles of families made so far, of all protocols and sizes.
    pub family_roles: u32,
}

impl Program {
    /// The text of a symbol.
    #[must_use]
    pub fn text(&self, symbol: Symbol) -> &str {
        self.interner.text(symbol)
    }

    /// A type as a person writes it.
    #[must_use]
    pub fn show_type(&self, ty: Ty) -> String {
        self.show_type_in(ty, &[])
    }

    /// A type as a person writes it where these are the type variables.
    #[must_use]
    pub fn show_type_in(&self, ty: Ty, params: &[Symbol]) -> String {
        TypeNames {
            types: &self.types,
            unions: &|id| self.unions[id.0 as usize].name,
            opaques: &|id| self.opaques[id.0 as usize].name,
            params,
            interner: &self.interner,
        }
        .show(ty)
    }

    /// The function of that id.
    #[must_use]
    pub fn fun(&self, id: FunId) -> &Fun {
        &self.funs[id.index()]
    }

    /// The id of the protocol that is added next.
    ///
    /// # Panics
    /// If there are 2^32 protocols.
    #[must_use]
    pub fn next_protocol(&self) -> ProtocolId {
        ProtocolId(u32::try_from(self.protocols.len()).expect("fewer than 2^32 protocols"))
    }

    /// The protocol of that id.
    #[must_use]
    pub fn protocol(&self, id: ProtocolId) -> &Protocol {
        &self.protocols[id.0 as usize]
    }

    /// What was taken for the sizes of a protocol that nothing says, as a note.
    #[must_use]
    pub fn assumed_sizes(&self, id: ProtocolId) -> Option<String> {
        let assumed = self.protocol(id).sizes.iter().filter(|size| size.is_assumed);
        let texts: Vec<String> = assumed.map(|size| format!("`{} = {}`", self.text(size.name), size.value)).collect();
        let names = texts.join(" and ");
        (!texts.is_empty()).then(|| format!("checked with {names}, since no `--bind` says otherwise"))
    }
}

/// A parsed file.
#[derive(Debug)]
pub struct Module {
    /// Where its text is.
    pub file: FileId,
    /// `std.console`; empty for the user's file.
    pub name: String,
    /// Its syntax tree.
    pub ast: Ast,
}

/// A declared union.
#[derive(Debug)]
pub struct Union {
    /// Its name.
    pub name: Symbol,
    /// Constructors with the types of their arguments.
    pub variants: Vec<(Symbol, Vec<Ty>)>,
}

/// A declared type without constructors.
#[derive(Debug)]
pub struct Opaque {
    /// Its name, dotted if it comes from a module that is not imported.
    pub name: Symbol,
}

/// A declared effect.
#[derive(Debug)]
pub struct Effect {
    /// Its name as declared.
    pub name: Symbol,
    /// Its name in images: `std.console.Console`.
    pub full_name: String,
    /// Number of type parameters; they are `Param(0)` up to it in the operations.
    pub params: u32,
    /// Operations.
    pub ops: Vec<Op>,
}

/// A declared operation.
#[derive(Debug)]
pub struct Op {
    /// Its name.
    pub name: Symbol,
    /// Parameter types.
    pub params: Vec<Ty>,
    /// Result type.
    pub result: Ty,
    /// Modality and metadata.
    pub meta: OpMeta,
}

/// A function.
#[derive(Debug)]
pub struct Fun {
    /// Its name.
    pub name: Symbol,
    /// Where its name stands.
    pub span: Span,
    /// Index of its module.
    pub module: usize,
    /// The type variables of its signature: `Param(i)` is the i-th.
    pub type_vars: Vec<Symbol>,
    /// Parameters: name, place, type.
    pub params: Vec<(Symbol, Span, Ty)>,
    /// Result type.
    pub result: Ty,
    /// Effect instances it may use.
    pub uses: Vec<Use>,
    /// What it computes.
    pub code: FunCode,
}

/// What a function computes.
#[derive(Debug)]
pub enum FunCode {
    /// A primitive of the machine.
    Native(Prim),
    /// A body in the language.
    Local {
        /// Its syntax tree.
        source: ast::FunBody,
        /// The checked body; `None` if it has errors.
        body: Option<Box<FunBody>>,
    },
}

/// A checked body of a function: that of a protocol with one role, the one that calls. Its parameters are the first
/// bindings, in order.
#[derive(Debug)]
pub struct FunBody {
    /// Bindings, expressions and statements.
    pub body: Body,
    /// The binding that `result e` gives a value; the last one every path through the body makes.
    pub result: Var,
    /// Expressions, those of all functions it calls included.
    pub weight: usize,
}

macro_rules! hir_id {
    ($($(#[$doc:meta])* $id:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $id(pub u32);

        impl $id {
            /// The index as a `usize`.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}
hir_id! {
    /// Index into [`Program::effects`].
    EffectId
    /// Index into [`Program::funs`].
    FunId
    /// Index into [`Program::protocols`].
    ProtocolId
    /// A role of one protocol, in declaration order.
    RoleId
    /// A binding of one protocol, index into [`Body::vars`].
    Var
    /// Index into [`Body::exprs`].
    ExprId
}

/// A protocol with the sizes of its families: its header, and its body once checked.
#[derive(Debug)]
pub struct Protocol {
    /// Its name.
    pub name: Symbol,
    /// Where its name stands.
    pub name_span: Span,
    /// Its file.
    pub file: FileId,
    /// Index of its module.
    pub module: usize,
    /// The protocol whose `where` it stands under.
    pub parent: Option<ProtocolId>,
    /// The declaration it is: itself, unless a call gave its families other sizes.
    pub template: ProtocolId,
    /// Its header as written.
    pub header: Rc<Header>,
    /// The value of each named size of the header.
    pub sizes: Vec<Size>,
    /// Roles and families of the header, in order.
    pub members: Vec<Member>,
    /// Roles in declaration order, those of families included.
    pub roles: Vec<(Symbol, Span)>,
    /// Value parameters, one for each role that holds one.
    pub params: Vec<Param>,
    /// Effect instances it may use.
    pub uses: Vec<Use>,
    /// Effect instances of its handler regions, one per region in text order.
    pub handled: Vec<Use>,
    /// `requires B`, `under Prof`
    pub contract: surface::Contract,
    /// The syntax tree of its body.
    pub block: ast::Block,
    /// The checked body; `None` if it has errors.
    pub body: Option<Body>,
}

impl Protocol {
    /// The effect instance of a `Perform`: one of `uses`, or behind them one of `handled`.
    #[must_use]
    pub fn instance(&self, index: usize) -> &Use {
        self.uses.get(index).unwrap_or_else(|| &self.handled[index - self.uses.len()])
    }
}

/// A value parameter.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Its name.
    pub name: Symbol,
    /// Where it stands.
    pub span: Span,
    /// Its type.
    pub ty: Ty,
    /// The role that holds it.
    pub role: RoleId,
    /// Position of its declaration in the header: one that a family holds is one parameter of each of its roles.
    pub declared: u32,
}

/// An effect instance in `uses`.
#[derive(Clone, Debug)]
pub struct Use {
    /// The effect.
    pub effect: EffectId,
    /// Type arguments.
    pub args: Vec<Ty>,
    /// Where it stands.
    pub span: Span,
}

/// A checked body. Parameters are the first bindings, in order.
#[derive(Debug, Default)]
pub struct Body {
    /// Bindings.
    pub vars: Vec<VarInfo>,
    /// Expressions.
    pub exprs: Vec<Expr>,
    /// The statements.
    pub block: Block,
    /// Patterns of `case` statements, numbered.
    pub patterns: Vec<Pattern>,
    /// Names in scope at the end, per role in declaration order, in order of binding.
    pub finals: Vec<(RoleId, Symbol, Var)>,
    /// Statements that are checked and not executed.
    pub refused: Vec<Refused>,
}

/// What is known about a binding.
#[derive(Clone, Copy, Debug)]
pub struct VarInfo {
    /// Its name.
    pub name: Symbol,
    /// Its type.
    pub ty: Ty,
    /// Where it was bound.
    pub span: Span,
}

/// Statements and whether control leaves at their end.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// The statements.
    pub stmts: Vec<Stmt>,
    /// Whether the end is reached (no `continue`, `loop forever` or tail call before).
    pub falls_through: bool,
    /// Where it stands.
    pub span: Span,
}

/// A statement.
#[derive(Clone, Debug)]
pub struct Stmt {
    /// What it does.
    pub kind: StmtKind,
    /// Where it stands.
    pub span: Span,
}

/// Statements; `Vec<Join>` lists the names that are visible after the arms.
#[derive(Clone, Debug)]
pub enum StmtKind {
    /// A message.
    Message { from: RoleId, to: RoleId, label: Symbol, label_span: Span, fields: Vec<Field> },
    /// A choice of one role.
    Choice { decider: RoleId, arms: Vec<Arm>, joins: Vec<Join> },
    /// A decision of all `deciders`; `if` is a case on `true` and `false`.
    Case { deciders: Vec<RoleId>, scrutinee: ExprId, arms: Vec<CaseArm>, joins: Vec<Join> },
    /// Branches side by side; behind them the bindings of all are visible.
    Par { branches: Vec<Block> },
    /// A scope with outcomes; a body that is done has no block if there is no `on done`.
    Scope { owner: RoleId, deadline: Option<ExprId>, body: Block, outcomes: Vec<Outcome>, joins: Vec<Join> },
    /// `rec X`
    Rec { label: Symbol, body: Block },
    /// `continue X`
    Continue { label: Symbol },
    /// A loop.
    Loop { kind: LoopKind, body: Block },
    /// A call; arguments in order of the parameters. A recursive one is the last thing its protocol does.
    Call { protocol: ProtocolId, roles: Vec<RoleId>, args: Vec<ExprId>, recursive: bool },
    /// `let x at R = e`, `var`, `:=`: binds `var` at `role`.
    Let { role: RoleId, var: Var, value: ExprId },
    /// `assert e at R`
    Assert { role: RoleId, cond: ExprId, text: Option<Symbol> },
    /// `do E.op(args) at R`, with or without a binding for the result.
    Perform { role: RoleId, effect: usize, op: usize, args: Vec<ExprId>, result: Ty, bind: Option<Var> },
}

/// A field of a message.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Where the value comes from.
    pub source: Source,
    /// Its name, if it has one.
    pub name: Option<Symbol>,
    /// Its type.
    pub ty: Ty,
    /// Binding the sender gets.
    pub sender: Option<Var>,
    /// Binding the receiver gets.
    pub receiver: Option<Var>,
    /// Where it stands.
    pub span: Span,
}

/// Where the value of a message field comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Computed (or read) at the sender.
    Expr(ExprId),
    /// Supplied by the sender's host.
    Supply,
}

/// A branch of a choice.
#[derive(Clone, Debug)]
pub struct Arm {
    /// Its name.
    pub name: Symbol,
    /// Where the name stands.
    pub span: Span,
    /// Its guard.
    pub guard: Option<Guard>,
    /// What follows.
    pub body: Block,
}

/// A guard of an arm of a choice.
#[derive(Clone, Debug)]
pub enum Guard {
    /// `when (e)`
    Expr(ExprId),
    /// `when check E.op(args) yields w`: open on `Ok` and `Just`, whose content is bound.
    Check { effect: usize, op: usize, args: Vec<ExprId>, result: Ty, bind: Var },
}

/// The block of an outcome of a scope.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Which outcome.
    pub kind: image::Outcome,
    /// The kind of failure, of `on fail e`.
    pub bind: Option<Var>,
    /// What follows.
    pub body: Block,
    /// From `on` to the end of the block.
    pub span: Span,
}

/// A branch of a case.
#[derive(Clone, Debug)]
pub struct CaseArm {
    /// What it matches, index into [`Body::patterns`].
    pub pattern: u32,
    /// What follows.
    pub body: Block,
    /// Where it stands.
    pub span: Span,
}

/// A name visible after a statement with arms: `var` is bound from `from[i]` where arm `i` falls through.
#[derive(Clone, Debug)]
pub struct Join {
    /// The binding afterwards.
    pub var: Var,
    /// The binding in each arm; `None` for an arm that does not fall through.
    pub from: Vec<Option<Var>>,
}

/// A loop.
#[derive(Clone, Debug)]
pub enum LoopKind {
    /// `loop decide by A` and `loop while (e) by A`; numbered in the order of the expanded text.
    Decided { by: RoleId, guard: Option<ExprId>, number: u32 },
    /// `loop while (e)`, decided by all of these.
    While { deciders: Vec<RoleId>, cond: ExprId },
    /// `loop repeat n`: a counter at each of these; `counter` is its binding.
    Repeat { deciders: Vec<RoleId>, count: ExprId, counter: Var },
    /// `loop forever`
    Forever,
}

/// An expression with its type.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its type.
    pub ty: Ty,
    /// Where it stands.
    pub span: Span,
}

/// Expressions.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A constant.
    Const(Const),
    /// A binding.
    Var(Var),
    /// A primitive.
    Prim(Prim, Box<[ExprId]>),
    /// `a && b`
    And(ExprId, ExprId),
    /// `a || b`
    Or(ExprId, ExprId),
    /// A tuple, or a record's fields in sorted order of names.
    Product(Box<[ExprId]>),
    /// A list.
    List(Box<[ExprId]>),
    /// A constructor's value.
    Variant(u16, Box<[ExprId]>),
    /// A component of a tuple or record.
    Get(ExprId, u16),
    /// `if c then a else b`
    If(ExprId, ExprId, ExprId),
    /// `case e of …`
    Case(ExprId, Box<[(Pattern, ExprId)]>),
    /// `f(a, b)` of a function with a body; `types` are what its type variables stand for.
    Call { fun: FunId, types: Box<[Ty]>, args: Box<[ExprId]> },
    /// The name of a function as an argument of an operation.
    Function { fun: FunId, types: Box<[Ty]> },
    /// Already reported.
    Error,
}

impl ExprKind {
    /// The expressions directly inside, from left to right; they have smaller indices.
    #[must_use]
    pub fn children(&self) -> Vec<ExprId> {
        match self {
            Self::Prim(_, items)
            | Self::Product(items)
            | Self::List(items)
            | Self::Variant(_, items)
            | Self::Call { args: items, .. } => items.to_vec(),
            Self::And(a, b) | Self::Or(a, b) => vec![*a, *b],
            Self::Get(base, _) => vec![*base],
            Self::If(cond, then, els) => vec![*cond, *then, *els],
            Self::Case(scrutinee, arms) => {
                [*scrutinee].into_iter().chain(arms.iter().map(|(_, value)| *value)).collect()
            }
            Self::Const(_) | Self::Var(_) | Self::Function { .. } | Self::Error => Vec::new(),
        }
    }
}

/// A pattern; the type of what it matches is known from its place.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// What it matches.
    pub kind: PatternKind,
    /// Type of what it matches.
    pub ty: Ty,
    /// Where it stands.
    pub span: Span,
}

/// Patterns.
#[derive(Clone, Debug)]
pub enum PatternKind {
    /// `_`
    Wildcard,
    /// `x`
    Bind(Var),
    /// A literal.
    Const(Const),
    /// A constructor of a union, `Maybe` or `Result`.
    Variant(u16, Vec<Pattern>),
    /// A tuple or record; omitted fields are wildcards.
    Product(Vec<Pattern>),
    /// A list of exactly so many elements.
    List(Vec<Pattern>),
}

impl Pattern {
    /// Calls `visit` for every binding in the pattern, from left to right.
    pub fn binds(&self, visit: &mut dyn FnMut(Var)) {
        match &self.kind {
            PatternKind::Bind(var) => visit(*var),
            PatternKind::Variant(_, items) | PatternKind::Product(items) | PatternKind::List(items) => {
                items.iter().for_each(|item| item.binds(visit));
            }
            PatternKind::Wildcard | PatternKind::Const(_) => {}
        }
    }
}

/// Number of arguments of each variant of a type with constructors, with their types.
#[must_use]
pub fn variants(program: &Program, ty: Ty) -> Option<Vec<(String, Vec<Ty>)>> {
    use crate::ty::TyKind;
    let named = |name: &str, args: Vec<Ty>| (name.to_owned(), args);
    match program.types.kind(ty) {
        TyKind::Maybe(a) => Some(vec![named("Nothing", vec![]), named("Just", vec![*a])]),
        TyKind::Result(e, a) => Some(vec![named("Err", vec![*e]), named("Ok", vec![*a])]),
        TyKind::Union(UnionId(id)) => {
            let union = &program.unions[*id as usize];
            Some(union.variants.iter().map(|(name, args)| (program.text(*name).to_owned(), args.clone())).collect())
        }
        _ => None,
    }
}

/// The opaque type of that name, new if there is none.
pub fn opaque(program: &mut Program, name: Symbol) -> OpaqueId {
    let found = program.opaques.iter().position(|opaque| opaque.name == name);
    let index = found.unwrap_or_else(|| {
        program.opaques.push(Opaque { name });
        program.opaques.len() - 1
    });
    OpaqueId(u32::try_from(index).expect("fewer than 2^32 types"))
}
