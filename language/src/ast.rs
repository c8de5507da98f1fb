//! The syntax tree: what was written, without meaning.
//!
//! Expressions, types, patterns and statements live in arenas of [`Ast`] and refer to each other by index, so that
//! dropping a tree never recurses. Nesting is bounded by the parser ([`MAX_DEPTH`]), so walking one may.
//! Every node carries the span of its text.
#![allow(missing_docs, reason = "a variant's text names its fields")]

use crate::span::Span;
use crate::symbol::Symbol;

/// Deepest nesting of blocks, brackets and operators that is accepted; more is `E0106`.
pub const MAX_DEPTH: usize = 200;

/// A name and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    /// The interned text.
    pub symbol: Symbol,
    /// Where it stands.
    pub span: Span,
}

/// A dotted path, `shop.types.Order`; at least one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Its names from left to right.
    pub names: Box<[Name]>,
}

impl Path {
    /// The last name.
    ///
    /// # Panics
    /// Never: a path has at least one name.
    #[must_use]
    pub fn last(&self) -> Name {
        *self.names.last().expect("a path has at least one name")
    }

    /// From the first to the last name.
    #[must_use]
    pub fn span(&self) -> Span {
        self.names[0].span.to(self.last().span)
    }
}

macro_rules! arena_id {
    ($(#[$doc:meta] $id:ident)*) => {$(
        #[$doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $id(pub u32);
    )*};
}
arena_id! {
    /// Index of an expression in [`Ast::exprs`].
    ExprId
    /// Index of a type in [`Ast::types`].
    TypeId
    /// Index of a pattern in [`Ast::patterns`].
    PatternId
    /// Index of a statement in [`Ast::stmts`].
    StmtId
}

/// One parsed file.
#[derive(Clone, Debug, Default)]
pub struct Ast {
    /// `module a.b`, if the file names itself.
    pub module: Option<Path>,
    /// Imports in text order.
    pub imports: Vec<Import>,
    /// Declarations in text order.
    pub decls: Vec<Decl>,
    /// All expressions.
    pub exprs: Vec<Expr>,
    /// All types.
    pub types: Vec<Type>,
    /// All patterns.
    pub patterns: Vec<Pattern>,
    /// All statements.
    pub stmts: Vec<Stmt>,
    /// Comments in text order, for the formatter and documentation.
    pub comments: Vec<Comment>,
}

impl Ast {
    /// The expression of that id.
    #[must_use]
    pub fn expr(&self, id: ExprId) -> &Expr {
        &self.exprs[id.0 as usize]
    }
    /// The type of that id.
    #[must_use]
    pub fn ty(&self, id: TypeId) -> &Type {
        &self.types[id.0 as usize]
    }
    /// The pattern of that id.
    #[must_use]
    pub fn pattern(&self, id: PatternId) -> &Pattern {
        &self.patterns[id.0 as usize]
    }
    /// The statement of that id.
    #[must_use]
    pub fn stmt(&self, id: StmtId) -> &Stmt {
        &self.stmts[id.0 as usize]
    }
}

/// Kind of a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CommentKind {
    /// `-- …`
    Line,
    /// `{- … -}`
    Block,
    /// `--| …`, documentation of what follows.
    Doc,
}

/// A comment; its text is the file's text at the span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Comment {
    /// Where it stands, markers included, line break excluded.
    pub span: Span,
    /// Its kind.
    pub kind: CommentKind,
}

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
    /// `fun f(x : T) : U`, with a body (refused until functions run) or without (a native function of `std`).
    Fun(Fun),
    /// `protocol P(…) …`
    Protocol(Protocol),
    /// A declaration of LANGUAGE that is read but not executed yet; `E0901`.
    Refused { construct: Construct },
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
    /// Span of the body; `None` for a native function.
    pub body: Option<Span>,
}

/// A protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// Its name.
    pub name: Name,
    /// Roles of the header, `None` without parentheses.
    pub header: Option<Vec<Name>>,
    /// `budget : Int at Buyer`
    pub params: Vec<Param>,
    /// `uses E, F(T)`
    pub uses: Vec<Use>,
    /// Roles of `roles A, B` lines in the body, each with the span of its line.
    pub roles: Vec<(Vec<Name>, Span)>,
    /// The body without its `roles` lines.
    pub body: Block,
    /// Protocols under `where`.
    pub locals: Vec<Protocol>,
    /// From `protocol` to the end of the body.
    pub span: Span,
}

/// A value parameter of a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: TypeId,
    /// The role that holds it.
    pub role: Name,
}

/// One entry of `uses`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The effect.
    pub effect: Path,
    /// Type arguments.
    pub args: Vec<TypeId>,
}

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
    /// Span of an index or range `[…]`; families are refused (`E0901`) until they are expanded.
    pub index: Option<Span>,
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
    /// `A -> B : L(args)`; `annotation` is the span of `{ … }` after the sender (refused).
    Message { from: RoleRef, to: Target, label: Name, fields: Vec<Field>, annotation: Option<Span> },
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
    /// A statement of LANGUAGE that is read but not executed yet; `E0901`.
    Refused { construct: Construct },
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
    /// Span of a `when check … yields w` guard; `E0901`.
    pub evidence: Option<Span>,
    /// What follows.
    pub body: Block,
    /// From `|` to the end of the block.
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
    /// A right-hand side that is read but not executed yet (`transfer …`, `begin …`); `E0901`.
    Refused { construct: Construct },
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

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// The expressions of LANGUAGE §1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExprKind {
    /// `()`
    Unit,
    /// `true`, `false`
    Bool(bool),
    /// `42`; negative literals are folded, so that `-9223372036854775808` fits.
    Int(i64),
    /// `"text"`, unescaped.
    String(Symbol),
    /// `250ms`, in nanoseconds.
    Duration(i64),
    /// `x`: a variable or function.
    Var(Symbol),
    /// `Just`, `Catalog`: a constructor or the head of a path.
    Upper(Symbol),
    /// `e.name`; also the dots of a path.
    Field { base: ExprId, name: Name },
    /// `f(a, b)`, `Just(x)`, `E.op(a)`
    Call { callee: ExprId, args: Box<[ExprId]> },
    /// `-e`, `not e`
    Unary { op: UnaryOp, operand: ExprId },
    /// `a + b`
    Binary { op: BinaryOp, op_span: Span, left: ExprId, right: ExprId },
    /// `if c then a else b`
    If { cond: ExprId, then: ExprId, els: ExprId },
    /// `case e of | p => a`
    Case { scrutinee: ExprId, arms: Box<[(PatternId, ExprId)]> },
    /// `{ a = 1 }`
    Record(Box<[(Name, ExprId)]>),
    /// `(a, b)`; at least two.
    Tuple(Box<[ExprId]>),
    /// `[a, b]`
    List(Box<[ExprId]>),
    /// Text that could not be read; already reported.
    Error,
}

/// Prefix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `-`
    Neg,
    /// `not`
    Not,
}

/// Infix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `||`
    Or,
    /// `&&`
    And,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `++`
    Concat,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Rem,
}

impl BinaryOp {
    /// The operator as written.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Concat => "++",
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Rem => "%",
        }
    }
}

/// A type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Type {
    /// What it is.
    pub kind: TypeKind,
    /// Where it stands.
    pub span: Span,
}

/// The types of LANGUAGE §2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeKind {
    /// `Int`, `shop.Order`, `List Int`, `Map String Int`; arguments by juxtaposition.
    Named { path: Path, args: Box<[TypeId]> },
    /// `()`, the same as `Unit`.
    Unit,
    /// `(S, T)`; at least two.
    Tuple(Box<[TypeId]>),
    /// `{ a : S, b : T }`
    Record(Box<[(Name, TypeId)]>),
    /// `Fn(A, B) -> C`; `E0901`.
    Function { params: Box<[TypeId]>, result: TypeId },
    /// Text that could not be read; already reported.
    Error,
}

/// A pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// What it is.
    pub kind: PatternKind,
    /// Where it stands.
    pub span: Span,
}

/// The patterns of LANGUAGE §4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatternKind {
    /// `_`
    Wildcard,
    /// `x`
    Var(Symbol),
    /// `()`
    Unit,
    /// `true`
    Bool(bool),
    /// `-3`
    Int(i64),
    /// `"a"`
    String(Symbol),
    /// `5s`, in nanoseconds.
    Duration(i64),
    /// `Just(p)`, `shop.Accepted(p)`
    Constructor { path: Path, args: Box<[PatternId]> },
    /// `(p, q)`
    Tuple(Box<[PatternId]>),
    /// `{ a = p, b }`; a field without pattern binds its own name (the pattern is then a `Var`).
    Record(Box<[(Name, PatternId)]>),
    /// `[p, q]`
    List(Box<[PatternId]>),
    /// Text that could not be read; already reported.
    Error,
}

/// Constructs of LANGUAGE that are read today and executed by a later version; each is refused with `E0901`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Construct {
    /// `handler h for E …`
    Handler,
    /// `par | … | …`
    Par,
    /// `timeout d R at …`
    Timeout,
    /// `attempt R at …`
    Attempt,
    /// `A handles E with h …`
    Handles,
    /// `for i in W …`
    For,
    /// `transfer Session from A to B`
    Transfer,
    /// `handoff op to B with r`
    Handoff,
    /// `publish x as Fact`
    Publish,
    /// `materialize p from Fact`
    Materialize,
    /// `dependent work …`
    DependentWork,
    /// `begin`, `await`, `resolve`, `invalidate`
    OperationStep,
    /// `operation op(…) …`
    Operation,
    /// `agreement_profile …`
    AgreementProfile,
    /// `profile …`
    Profile,
    /// `proof_bundle …`
    ProofBundle,
    /// `protocol P requires B`, `… under Prof`
    ProtocolAuthority,
    /// `fragment …`
    Fragment,
    /// `guest runtime …`
    GuestRuntime,
    /// `role_set …`
    RoleSet,
    /// `cluster|ring|mesh …`
    Topology,
    /// A family `W[3]` among the declared roles of a protocol; a refused statement at the start of its body.
    RoleFamily,
    /// `result`, `leave`, `throw`, `resume`, `delegate`, `pass`, `return` outside what may hold them
    HandlerStep,
}

impl Construct {
    /// How the construct is called in messages.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Handler => "a `handler` declaration",
            Self::Par => "`par`",
            Self::Timeout => "`timeout`",
            Self::Attempt => "`attempt`",
            Self::Handles => "a handler region (`handles … with`)",
            Self::For => "`for`",
            Self::Transfer => "`transfer`",
            Self::Handoff => "`handoff`",
            Self::Publish => "`publish`",
            Self::Materialize => "`materialize`",
            Self::DependentWork => "`dependent work`",
            Self::OperationStep => "an operation step (`begin`, `await`, `resolve`, `invalidate`)",
            Self::Operation => "an `operation` declaration",
            Self::AgreementProfile => "an `agreement_profile` declaration",
            Self::Profile => "a `profile` declaration",
            Self::ProofBundle => "a `proof_bundle` declaration",
            Self::ProtocolAuthority => "`requires` or `under` on a protocol",
            Self::Fragment => "`fragment`",
            Self::GuestRuntime => "`guest runtime`",
            Self::RoleSet => "a `role_set` declaration",
            Self::Topology => "a role topology (`cluster`, `ring`, `mesh`)",
            Self::RoleFamily => "a family of roles (`W[N]`)",
            Self::HandlerStep => "a handler step (`result`, `resume`, `delegate`, `pass`, `leave`, `throw`, `return`)",
        }
    }
}
