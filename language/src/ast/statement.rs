//! Statements of the tree.
#![allow(missing_docs, reason = "a variant's text names its fields")]

use super::{ExprId, IndexId, Modality, Name, Path, PatternId, StmtId, TypeId};
use crate::span::Span;
use crate::symbol::Symbol;

/// Statements in order.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Block {
    /// The statements.
    pub stmts: Vec<StmtId>,
    /// From the first to the last statement (or the braces).
    pub span: Span,
}

/// A role where one is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleRef {
    /// The role's or family's name.
    pub name: Name,
    /// `[i]`, `[*]`, `[0..k]`
    pub index: Option<IndexId>,
}

/// The index of a role of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index {
    /// What it is.
    pub kind: IndexKind,
    /// With its brackets.
    pub span: Span,
}

/// The indices of LANGUAGE §2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexKind {
    /// `*`: all roles of the family.
    All,
    /// One expression: a literal, an index, `i + c`, `i - c`, or the name of a size.
    At(ExprId),
    /// `from..to`, half-open.
    Range(ExprId, ExprId),
}

/// Receiver of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// `A -> B`
    Role(RoleRef),
    /// `A ->*`: every other role, in declaration order.
    Others(Span),
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stmt {
    /// What it does.
    pub kind: StmtKind,
    /// The whole statement with its blocks.
    pub span: Span,
}

/// The statements of LANGUAGE §4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StmtKind {
    /// `A { priority : high } -> B : L(args)`
    Message { from: RoleRef, to: Target, label: Name, fields: Vec<Field>, annotation: Option<Box<Annotation>> },
    /// `choice A at | N when (e) => block`
    Choice { decider: RoleRef, arms: Vec<ChoiceArm> },
    /// `if e [at R] then block [else block]`
    If { cond: ExprId, at: Option<RoleRef>, then: Block, els: Option<Block> },
    /// `case e [at R] of | pat => block`
    Case { scrutinee: ExprId, at: Option<RoleRef>, arms: Vec<CaseArm> },
    /// `rec X block`
    Rec { label: Name, body: Block },
    /// `continue X`
    Continue { label: Name },
    /// `loop …`
    Loop { kind: LoopKind, body: Block },
    /// `call P(A, B; e)`
    Call { protocol: Path, roles: Vec<RoleRef>, args: Vec<ExprId> },
    /// `let x [at R] [: T] = value [in block]`
    Let { name: Name, at: Option<RoleRef>, ty: Option<TypeId>, value: Box<LetValue>, body: Option<Block> },
    /// `var n [at R] [: T] = e`
    Var { name: Name, at: Option<RoleRef>, ty: Option<TypeId>, init: ExprId },
    /// `n := e`
    Assign { name: Name, value: ExprId },
    /// `assert e [at R] ["text"]`
    Assert { cond: ExprId, at: Option<RoleRef>, text: Option<Symbol> },
    /// `do E.op(args) [at R]`
    Perform { perform: Box<Perform>, at: Option<RoleRef> },
    /// `par | block | block`
    Par { branches: Vec<Block> },
    /// `timeout d R at …`, `attempt R at …`
    Scope(Box<Scope>),
    /// `A handles E with h(args) as r …`
    Region(Box<Region>),
    /// `for i in W block`, `for i in 0..k block`
    For { index: Name, over: IndexKind, body: Block },
    /// `fragment …`, `guest runtime …`
    Guest(Box<Guest>),
    /// One of the steps of LANGUAGE §6, of a handler or of a function.
    Step(Box<Step>),
    /// An expression as the value of a handler's clause.
    Value(ExprId),
    /// Text that could not be read; already reported.
    Error,
}

impl StmtKind {
    /// Calls `visit` for every block directly inside the statement.
    pub fn each_block<'a>(&'a self, visit: &mut dyn FnMut(&'a Block)) {
        match self {
            Self::Choice { arms, .. } => arms.iter().for_each(|arm| visit(&arm.body)),
            Self::If { then, els, .. } => [then].into_iter().chain(els).for_each(visit),
            Self::Case { arms, .. } => arms.iter().for_each(|arm| visit(&arm.body)),
            Self::Rec { body, .. } | Self::Loop { body, .. } | Self::For { body, .. } => visit(body),
            Self::Let { body, .. } => body.iter().for_each(visit),
            Self::Par { branches } => branches.iter().for_each(visit),
            Self::Scope(scope) => {
                [&scope.body].into_iter().chain(scope.outcomes.iter().map(|arm| &arm.body)).for_each(visit);
            }
            Self::Region(region) => {
                [&region.body].into_iter().chain(region.outcomes.iter().map(|arm| &arm.body)).for_each(visit);
            }
            Self::Guest(guest) => visit(&guest.body),
            Self::Message { .. }
            | Self::Continue { .. }
            | Self::Call { .. }
            | Self::Var { .. }
            | Self::Assign { .. }
            | Self::Assert { .. }
            | Self::Perform { .. }
            | Self::Step(_)
            | Self::Value(_)
            | Self::Error => {}
        }
    }

    /// Calls `visit` for every role named directly in the statement.
    pub fn each_role(&self, visit: &mut dyn FnMut(RoleRef)) {
        match self {
            Self::Message { from, to, .. } => {
                visit(*from);
                if let Target::Role(to) = to {
                    visit(*to);
                }
            }
            Self::Choice { decider, .. } => visit(*decider),
            Self::Loop { kind: LoopKind::Decide { by } | LoopKind::WhileBy { by, .. }, .. } => visit(*by),
            Self::Call { roles, .. } => roles.iter().copied().for_each(visit),
            Self::If { at, .. }
            | Self::Case { at, .. }
            | Self::Let { at, .. }
            | Self::Var { at, .. }
            | Self::Assert { at, .. }
            | Self::Perform { at, .. } => at.iter().copied().for_each(visit),
            Self::Scope(scope) => visit(scope.owner),
            Self::Region(region) => visit(region.role),
            Self::Step(step) => match **step {
                Step::Transfer { from, to, .. } => [from, to].into_iter().for_each(visit),
                Step::Handoff { to, .. } => visit(to),
                _ => {}
            },
            Self::Rec { .. }
            | Self::Continue { .. }
            | Self::Loop { .. }
            | Self::Assign { .. }
            | Self::Par { .. }
            | Self::For { .. }
            | Self::Guest(_)
            | Self::Value(_)
            | Self::Error => {}
        }
    }
}

/// `{ priority : high }` after the sender of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// Keys and values.
    pub entries: Vec<(Name, ExprId)>,
    /// With its braces.
    pub span: Span,
}

/// A scope with outcomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The deadline of a `timeout`; `None` for an `attempt`.
    pub deadline: Option<ExprId>,
    /// The owner.
    pub owner: RoleRef,
    /// The body.
    pub body: Block,
    /// `on …` blocks in text order.
    pub outcomes: Vec<OutcomeArm>,
}

/// `on fail e => block`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutcomeArm {
    /// `done`, `timeout`, `cancel`, `fail` or `abort`.
    pub outcome: Name,
    /// The name it binds.
    pub bind: Option<Name>,
    /// What follows.
    pub body: Block,
    /// From `on` to the end of the block.
    pub span: Span,
}

/// A handler region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Whose region it is.
    pub role: RoleRef,
    /// The effect instance that is handled.
    pub instance: super::Use,
    /// The handler.
    pub handler: Name,
    /// Its arguments.
    pub args: Vec<ExprId>,
    /// The name of the region's value.
    pub bind: Option<Name>,
    /// The body.
    pub body: Block,
    /// `on abort v => …`
    pub outcomes: Vec<OutcomeArm>,
}

/// `fragment F(args) … block` or `guest runtime G … block` (LANGUAGE §6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    /// Which of the two.
    pub kind: GuestKind,
    /// Its name.
    pub name: Name,
    /// Arguments of a fragment.
    pub args: Vec<ExprId>,
    /// Clauses in text order.
    pub clauses: Vec<super::Clause>,
    /// `uses E`
    pub uses: Vec<super::Use>,
    /// The body.
    pub body: Block,
}

/// The two kinds of [`Guest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GuestKind {
    /// `fragment`
    Fragment,
    /// `guest runtime`
    Runtime,
}

/// Steps of LANGUAGE §4 and §6, of handlers (EFFECTS §1) and of functions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// `transfer Session from A to B`
    Transfer { what: Path, from: RoleRef, to: RoleRef },
    /// `handoff op to B with r`
    Handoff { op: Name, to: RoleRef, receipt: Name },
    /// `publish x as Fact`
    Publish { name: Name, fact: Path },
    /// `materialize p from Fact`
    Materialize { name: Name, fact: Path },
    /// `dependent work w required for op`
    Dependent { work: Name, op: Name },
    /// `begin op(args)`
    Begin { op: Name, args: Vec<ExprId> },
    /// `await op`
    Await { op: Name },
    /// `resolve op as Success(x)`
    Resolve { op: Name, outcome: Name, args: Option<Vec<ExprId>> },
    /// `invalidate op`
    Invalidate { op: Name },
    /// `resume e`, `resume delegate op(args)`
    Resume(ResumeValue),
    /// `delegate op(args)`
    Delegate { op: Name, args: Vec<ExprId> },
    /// `pass`
    Pass,
    /// `leave v`
    Leave(ExprId),
    /// `throw e`
    Throw(ExprId),
    /// `result e`
    Result(ExprId),
}

/// What a handler resumes with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResumeValue {
    /// `resume e`
    Expr(ExprId),
    /// `resume delegate op(args)`
    Delegate { op: Name, args: Vec<ExprId> },
}

/// One field of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Where its value comes from.
    pub kind: FieldKind,
    /// The whole field.
    pub span: Span,
}

/// The payload forms of LANGUAGE §3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// `x`: the sender's binding is passed on.
    Pass(Name),
    /// `x : T = e`: computed at the sender, called `x` at both.
    Computed { name: Name, ty: TypeId, value: ExprId },
    /// `x : T`, `of T as x`: supplied by the sender's host.
    Supplied { name: Name, ty: TypeId },
    /// `T`, `of T`: supplied by the sender's host, carried without a name.
    Carried { ty: TypeId },
    /// Any other expression: `E0311`, "name the field".
    Unnamed(ExprId),
}

/// `| Name [when (e)] => block`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChoiceArm {
    /// Its name, shown to the host that chooses.
    pub name: Name,
    /// `when (e)`
    pub guard: Option<ExprId>,
    /// `when check E.op(a) yields w`
    pub evidence: Option<Box<Evidence>>,
    /// What follows.
    pub body: Block,
    /// From `|` to the end of the block.
    pub span: Span,
}

/// The guard `when check E.op(a) yields w`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What is performed.
    pub perform: Perform,
    /// The name of what it yields.
    pub bind: Name,
    /// From `when` to the name.
    pub span: Span,
}

/// `| pattern => block`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseArm {
    /// What it matches.
    pub pattern: PatternId,
    /// What follows.
    pub body: Block,
    /// From `|` to the end of the block.
    pub span: Span,
}

/// The loops of LANGUAGE §4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoopKind {
    /// `loop decide by A`
    Decide { by: RoleRef },
    /// `loop while (e) by A`
    WhileBy { cond: ExprId, by: RoleRef },
    /// `loop while (e)`
    While { cond: ExprId },
    /// `loop repeat n`
    Repeat { count: ExprId },
    /// `loop forever`
    Forever,
}

/// Right-hand side of a `let`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LetValue {
    /// An expression.
    Expr(ExprId),
    /// `check E.op(a)`, `observe E.op(a)`, `do E.op(a)`; `modality` is the word written before `let`.
    Perform { perform: Perform, modality: Option<(Modality, Span)> },
    /// A step that has a value: `transfer`, `begin`, `await`, `resume`, `delegate`.
    Step(Step),
}

/// `check|observe|do E.op(args)`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Perform {
    /// The verb written: `check` is authoritative, `observe` observational, `do` a command.
    pub verb: Modality,
    /// Where the verb stands.
    pub verb_span: Span,
    /// The effect.
    pub effect: Path,
    /// The operation.
    pub op: Name,
    /// Arguments.
    pub args: Vec<ExprId>,
    /// From the verb to the closing parenthesis.
    pub span: Span,
}
