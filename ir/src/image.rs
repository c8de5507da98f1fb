//! `CodeImage`: a compiled protocol, the contract between compiler and machine (MACHINE §2).

use crate::choreography::Choreography;
use crate::instr::{Instr, Reg};
use crate::machine::{LocalMachine, StateId};
use crate::resource::{OpenTable, Resources};
use crate::ty::{Type, TypeId};
use serde::{Deserialize, Serialize};

/// Most registers of one function.
pub const MAX_REGISTERS: usize = 4096;

/// A compiled protocol. Role `i` runs `functions[i]` along `machines[i]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeImage {
    /// Name of the protocol.
    pub protocol: String,
    /// Its roles, in declaration order.
    pub roles: Vec<Role>,
    /// Labels; one entry per label name *and* payload signature.
    pub labels: Vec<Label>,
    /// All types.
    pub types: Vec<Type>,
    /// Instances of effects that are used.
    pub effects: Vec<Effect>,
    /// Operations that are performed.
    pub ops: Vec<Op>,
    /// Constants.
    pub consts: Vec<Const>,
    /// Shapes of `Make`.
    pub shapes: Vec<Shape>,
    /// Code, one function per role.
    pub functions: Vec<Function>,
    /// Local machines, one per role.
    pub machines: Vec<LocalMachine>,
    /// What they are projections of.
    pub choreography: Choreography,
    /// Ordered role pairs that carry messages, ascending.
    pub edges: Vec<Edge>,
    /// Scopes with outcomes.
    pub scopes: Vec<Scope>,
    /// Nested images, guard layers, facts and bundles.
    pub resources: Resources,
    /// Where code comes from; not part of the content id.
    pub debug: Option<Debug>,
}

/// A role and the parameters the host gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Parameters; their values are in these registers when the role starts.
    pub params: Vec<Param>,
}

/// A protocol parameter of one role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: TypeId,
    /// Register it starts in.
    pub reg: Reg,
}

/// A message label with its payload: no field is Unit, one field its type, several a tuple.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// Its name.
    pub name: String,
    /// Type of the payload.
    pub payload: TypeId,
}

/// An effect instance, `State(String, Int)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// Its full name: `std.state.State`, `Catalog`, or `Host` for the implicit effect.
    pub name: String,
    /// Type arguments.
    pub args: Vec<TypeId>,
}

/// An operation of an effect instance.
///
/// Of the implicit effect `Host` there are `supply : String -> T`, the argument naming the field, and
/// `choose : List String -> Int`, the 0-based index into the offered names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Op {
    /// Index into [`CodeImage::effects`].
    pub effect: u16,
    /// Its name.
    pub name: String,
    /// Parameter types.
    pub params: Vec<TypeId>,
    /// Result type.
    pub result: TypeId,
    /// What the declaration says about it.
    pub meta: OpMeta,
}

/// Modality and metadata of an operation (LANGUAGE §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OpMeta {
    /// How it is performed.
    pub modality: Modality,
    /// `class`
    pub class: Class,
    /// `progress`: whether it may block.
    pub may_block: bool,
    /// `region`
    pub region: Region,
    /// `agreement_use`
    pub agreement: Agreement,
    /// `reentrancy`
    pub reentrancy: Reentrancy,
}

macro_rules! closed_words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[repr(u8)]
        pub enum $name { $($(#[$vdoc])* $variant),* }

        impl $name {
            /// All words with their values.
            pub const ALL: &'static [(&'static str, Self)] = &[$(($text, Self::$variant)),*];

            /// The word in a declaration.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }
    )*};
}
closed_words! {
    /// Modality of an operation.
    Modality {
        /// Its result is evidence.
        Authoritative = "authoritative",
        /// Its result is an observation.
        Observe = "observe",
        /// It changes something.
        Command = "command",
    }
    /// What an operation's result may be used for.
    Class {
        /// Evidence.
        Authoritative = "authoritative",
        /// Information.
        Observational = "observational",
        /// Neither.
        BestEffort = "best_effort",
    }
    /// How far an operation reaches.
    Region {
        /// The session.
        Session = "session",
        /// A fragment of it.
        Fragment = "fragment",
        /// Beyond the session.
        Global = "global",
    }
    /// Whether an agreement is needed.
    Agreement {
        /// Needed.
        Required = "required",
        /// Not needed.
        None = "none",
        /// Not allowed.
        Forbidden = "forbidden",
    }
    /// Whether an operation may be performed while it is outstanding.
    Reentrancy {
        /// Always.
        Allow = "allow",
        /// Not the same operation.
        RejectSameOperation = "reject_same_operation",
        /// Not in the same fragment.
        RejectSameFragment = "reject_same_fragment",
    }
    /// How a scope ends.
    Outcome {
        /// Its owner came to the end of its body.
        Done = "done",
        /// Its deadline passed.
        Timeout = "timeout",
        /// The host cancelled it.
        Cancel = "cancel",
        /// An effect of its owner failed.
        Fail = "fail",
        /// A handler left a region of its owner.
        Abort = "abort",
    }
}

/// A constant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Const {
    /// `()`
    Unit,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// Nanoseconds.
    Duration(i64),
    /// Text.
    Str(String),
    /// The session this code runs in.
    Session,
}

impl Const {
    /// Its type.
    #[must_use]
    pub const fn ty(&self) -> Type {
        match self {
            Self::Unit => Type::Unit,
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Duration(_) => Type::Duration,
            Self::Str(_) => Type::String,
            Self::Session => Type::Session,
        }
    }
}

/// What `Make` builds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Shape {
    /// A tuple or record of that type; takes its component count.
    Product(TypeId),
    /// Variant `tag` of that union, `Maybe` or `Result`; takes its argument count.
    Variant(TypeId, u16),
    /// A list of that type with so many elements.
    List(TypeId, u16),
}

/// The code of one role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// Type of each register; its length is the frame size. A register never changes its type.
    pub regs: Vec<TypeId>,
    /// The instructions; execution starts at 0.
    pub code: Vec<Instr>,
    /// Starts of basic blocks with the state of the local machine there, ascending; the first is at 0 in state 0.
    pub blocks: Vec<Block>,
    /// Tables of `Choose`.
    pub chooses: Vec<ChooseTable>,
    /// Tables of `Switch`: the target for each tag.
    pub switches: Vec<Vec<u32>>,
    /// Tables of `Halt` and `Choose`: the names in scope at an end and where their values are.
    pub finals: Vec<Vec<Final>>,
    /// Tables of `Enter`, `Exit` and `Leave`.
    pub scopes: Vec<ScopeTable>,
    /// Tables of `Open`.
    pub opens: Vec<OpenTable>,
}

/// The start of a basic block; every jump target is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// Index of its first instruction.
    pub pc: u32,
    /// State of the role's local machine.
    pub state: StateId,
}

/// Rows of one `Choose`, tried in order against the heads of their partners' edges.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChooseTable {
    /// The rows.
    pub rows: Vec<ChooseRow>,
    /// The finals table if the session ends while this waits; `None` if it cannot.
    pub finals: Option<u32>,
}

/// One row of a `Choose`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChooseRow {
    /// Role the message comes from.
    pub partner: u16,
    /// Its label.
    pub label: u16,
    /// Register for its payload.
    pub dst: Reg,
    /// Where to go on.
    pub target: u32,
}

/// A name in scope at the end of a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Final {
    /// The name.
    pub name: String,
    /// Where its value is.
    pub reg: Reg,
}

/// An ordered pair of roles that carries messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Edge {
    /// Sender.
    pub from: u16,
    /// Receiver.
    pub to: u16,
    /// Most messages ever queued, if known: an allocation hint.
    pub bound: Option<u32>,
    /// Whether messages may get lost where there is no room for them and a machine is configured so.
    pub lossy: bool,
}

/// A scope with outcomes (LANGUAGE §4): its owner decides how it ends, once per run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// The role that decides.
    pub owner: u16,
    /// The roles that act in it, ascending, with the owner.
    pub participants: Vec<u16>,
    /// How it can end, ascending; `done` is among them.
    pub outcomes: Vec<Outcome>,
}

/// What one role does in one place with a scope. Two tables of a role may be of one scope: it came there with
/// different knowledge.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeTable {
    /// Index into [`CodeImage::scopes`].
    pub scope: u32,
    /// Where the owner of a `timeout` has its deadline, a Duration from the moment it enters.
    pub deadline: Option<Reg>,
    /// One row for each outcome of the scope, in the same order.
    pub rows: Vec<ScopeRow>,
}

/// Where a role goes on when it learns an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeRow {
    /// The outcome.
    pub outcome: Outcome,
    /// Register for the word of the failure's kind, a String; only of `fail`.
    pub bind: Option<Reg>,
    /// The block of the outcome.
    pub target: u32,
}

/// Where code comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Debug {
    /// Name of the source file.
    pub file: String,
    /// Per role: first instruction and byte range in the file, ascending.
    pub spans: Vec<Vec<(u32, u32, u32)>>,
}
