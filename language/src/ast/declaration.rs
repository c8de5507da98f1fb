//! Declarations of the tree.
#![allow(missing_docs, reason = "a variant's text names its fields")]

use super::{Block, ExprId, Guest, IndexId, Name, Path, RoleRef, StmtId, TypeId};
use crate::span::Span;

/// `import a.b as C exposing (x, Y)`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The module.
    pub module: Path,
    /// `as C`
    pub alias: Option<Name>,
    /// `exposing (…)`
    pub exposing: Vec<Name>,
    /// The whole line.
    pub span: Span,
}

/// A declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decl {
    /// What is declared.
    pub kind: DeclKind,
    /// The whole declaration.
    pub span: Span,
}

/// The declarations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeclKind {
    /// `type alias N = T`
    Alias { name: Name, ty: TypeId },
    /// `type N = | A(T) | B`
    Union { name: Name, variants: Vec<Variant> },
    /// `type N`
    Opaque { name: Name },
    /// `effect E(K, V) …`
    Effect(Effect),
    /// `fun f(x : T) : U`, with a body or without (a native function of `std`).
    Fun(Fun),
    /// `handler h(…) for E …`
    Handler(Handler),
    /// `protocol P(…) …`
    Protocol(Protocol),
    /// A declaration of LANGUAGE §6.
    Authority(Box<Authority>),
    /// `fragment …`, `guest runtime …`
    Guest(Box<Guest>),
}

/// One constructor of a union.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Its name.
    pub name: Name,
    /// Types of its arguments.
    pub args: Vec<TypeId>,
}

/// `effect E(K, V)` and its operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// Its name.
    pub name: Name,
    /// Type parameters.
    pub params: Vec<Name>,
    /// Operations in text order.
    pub ops: Vec<Operation>,
}

/// The three ways of performing an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Modality {
    /// `authoritative`: its result is evidence.
    Authoritative,
    /// `observe`: its result is an observation.
    Observe,
    /// `command`: it changes something; the default.
    Command,
}

/// `authoritative reserve : (String, Int) -> Result E R { class : … }`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Modality, if written.
    pub modality: Option<Modality>,
    /// Its name.
    pub name: Name,
    /// Parameters; `T -> U` has one, `(S, T) -> U` two, `Unit -> U` none.
    pub params: Vec<TypeId>,
    /// Result type.
    pub result: TypeId,
    /// Metadata `{ key : value, … }` as written.
    pub metadata: Vec<(Name, Name)>,
    /// The whole operation.
    pub span: Span,
}

/// A function's signature and, if it has one, its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fun {
    /// Its name.
    pub name: Name,
    /// Parameters.
    pub params: Vec<(Name, TypeId)>,
    /// Result type.
    pub result: TypeId,
    /// `uses E, F(T)`
    pub uses: Vec<Use>,
    /// Its body; `None` for a native function.
    pub body: Option<FunBody>,
}

/// The body of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FunBody {
    /// `= e`
    Expr(ExprId),
    /// Local statements, the last of which is `result e`.
    Block(Block),
}

/// `handler h(limit : Int) for State(String, Int) uses Log(String)` and its items (EFFECTS §1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handler {
    /// Its name.
    pub name: Name,
    /// Parameters.
    pub params: Vec<(Name, TypeId)>,
    /// The effect instance it handles.
    pub instance: Use,
    /// Its own row.
    pub uses: Vec<Use>,
    /// Cells of the region: `var` statements.
    pub cells: Vec<StmtId>,
    /// Clauses in text order.
    pub clauses: Vec<HandlerClause>,
}

/// `get(k) => …`, `return x => …`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandlerClause {
    /// The operation; `None` for the return clause.
    pub op: Option<Name>,
    /// Names of its arguments, or of the region's value.
    pub params: Vec<Name>,
    /// What it does.
    pub body: Block,
    /// The whole clause.
    pub span: Span,
}

/// A protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// Its name.
    pub name: Name,
    /// Roles of the header, `None` without parentheses.
    pub header: Option<Vec<Member>>,
    /// `budget : Int at Buyer`
    pub params: Vec<Param>,
    /// `uses E, F(T)`
    pub uses: Vec<Use>,
    /// `requires B`, `under Prof`
    pub clauses: Vec<ProtocolClause>,
    /// Roles of `roles A, B` lines in the body, each with the span of its line.
    pub roles: Vec<(Vec<Member>, Span)>,
    /// The body without its `roles` lines.
    pub body: Block,
    /// Protocols under `where`.
    pub locals: Vec<Protocol>,
    /// From `protocol` to the end of the body.
    pub span: Span,
}

/// A declared role, or with an index a family of roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: Name,
    /// `[3]`, `[N]`
    pub size: Option<IndexId>,
}

/// A value parameter of a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: TypeId,
    /// The role that holds it.
    pub role: RoleRef,
}

/// One entry of `uses`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The effect.
    pub effect: Path,
    /// Type arguments.
    pub args: Vec<TypeId>,
}

/// `requires B` or `under Prof` of a protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtocolClause {
    /// `requires` or `under`.
    pub word: Name,
    /// What it names.
    pub path: Path,
}

/// The declarations of LANGUAGE §6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuthorityKind {
    /// `operation op(x : T) at R … = block`
    Operation,
    /// `agreement_profile A …`
    AgreementProfile,
    /// `profile P …`
    Profile,
    /// `proof_bundle B …`
    ProofBundle,
    /// `role_set S = A, B`
    RoleSet,
    /// `cluster C = A, B`
    Cluster,
    /// `ring R = A, B`
    Ring,
    /// `mesh M = A, B`
    Mesh,
}

/// A declaration of LANGUAGE §6; what it does not have is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// What it declares.
    pub kind: AuthorityKind,
    /// Its name.
    pub name: Name,
    /// Parameters of an operation.
    pub params: Vec<(Name, TypeId)>,
    /// The role of an operation.
    pub role: Option<RoleRef>,
    /// Clauses in text order.
    pub clauses: Vec<Clause>,
    /// `on timeout => s` of an operation.
    pub outcomes: Vec<OperationOutcome>,
    /// Members of a role set or topology.
    pub members: Vec<RoleRef>,
    /// Body of an operation.
    pub body: Option<Block>,
}

/// `within 5s`, `requires [cap, other]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Its word.
    pub word: Name,
    /// Its value.
    pub value: ClauseValue,
}

/// `on timeout => s`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationOutcome {
    /// `timeout` or `stall`.
    pub outcome: Name,
    /// What it leads to.
    pub value: ClauseValue,
}

/// The value of a clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClauseValue {
    /// What it is.
    pub kind: ClauseKind,
    /// Where it stands.
    pub span: Span,
}

/// The values of clauses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClauseKind {
    /// `name`, `name(args)`
    Name { path: Path, args: Option<Vec<ExprId>> },
    /// `[a, b]`
    List(Vec<ExprId>),
    /// A string, number or duration.
    Literal(ExprId),
}
