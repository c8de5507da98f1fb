//! Faults: typed ends of one session, with stable codes.
//!
//! The tests in `src/tests` raise them, each in the file of what can go wrong: `faults.rs` has those of plain steps. What
//! the caller of the machine does wrong is [`crate::VMError`], what a handler reports is [`crate::Failure`].

use crate::handler::FailureKind;
use std::fmt;

/// Why a session was ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A value of another shape than the instruction needs.
    #[error("{place}: expected {expected}, found {found}")]
    TypeViolation {
        /// What was looked at: `register 3`, `payload of \`Price\``.
        place: String,
        /// What it needs.
        expected: String,
        /// What it is.
        found: String,
    },
    /// The heads of the partners' edges match no row.
    #[error("waits for {}, but next come {}", list(.expected), list(.heads))]
    UnknownLabel {
        /// The rows, `Partner.Label`.
        expected: Vec<String>,
        /// The heads of the partners' edges.
        heads: Vec<String>,
    },
    /// An effect failed, or its answer was refused.
    #[error("`{effect}.{op}` failed, {}: {message}", .kind.text())]
    Perform {
        /// The effect.
        effect: String,
        /// The operation.
        op: String,
        /// How it failed.
        kind: FailureKind,
        /// Details.
        message: String,
    },
    /// A register outside the frame.
    #[error("register {register} is outside the frame of {frame}")]
    OutOfRegisters {
        /// The register.
        register: u32,
        /// Registers in the frame.
        frame: u32,
    },
    /// A program counter outside the code.
    #[error("program counter {pc} is outside the code of {len} instructions")]
    PcOutOfBounds {
        /// The program counter.
        pc: u32,
        /// Instructions in the code.
        len: u32,
    },
    /// The image lacks an entry an instruction refers to.
    #[error("the image has no {table} {index}")]
    MissingEntry {
        /// Which table.
        table: &'static str,
        /// The index.
        index: u32,
    },
    /// A component outside a tuple, record, variant or list.
    #[error("component {index} of a value with {len}")]
    NoComponent {
        /// The component.
        index: u32,
        /// Components of the value.
        len: u32,
    },
    /// Arithmetic without a result.
    #[error("`{op}`: {reason}")]
    Arithmetic {
        /// The primitive.
        op: &'static str,
        /// Why.
        reason: ArithmeticReason,
    },
    /// An `assert` that does not hold.
    #[error("assertion failed: {text}")]
    Assertion {
        /// Its text.
        text: String,
    },
    /// A choice none of whose branches is open.
    #[error("no branch is open: {text}")]
    NoOpenBranch {
        /// Which choice.
        text: String,
    },
    /// A value outside every arm.
    #[error("no arm matches: {text}")]
    Unreachable {
        /// Where.
        text: String,
    },
    /// A guard layer that is not to be taken, or not to be given back, here.
    #[error("layer `{layer}`: {reason}")]
    Acquire {
        /// The layer.
        layer: String,
        /// Why not.
        reason: &'static str,
    },
    /// An endpoint that is not the role's to give away.
    #[error("{session} cannot be transferred: {reason}")]
    Transfer {
        /// The nested session, or what was found in its place.
        session: String,
        /// Why not.
        reason: &'static str,
    },
    /// An endpoint that is not the role's to close.
    #[error("{session} cannot be closed: {reason}")]
    Close {
        /// The nested session, or what was found in its place.
        session: String,
        /// Why not.
        reason: &'static str,
    },
    /// A fact that would flow where it may not.
    #[error("fact `{fact}` may not flow to `{to}`: {reason}")]
    FlowViolation {
        /// The fact.
        fact: String,
        /// The role.
        to: String,
        /// Why not.
        reason: &'static str,
    },
    /// What a speculation cannot do, or its end without a beginning.
    #[error("speculation: {reason}")]
    Speculation {
        /// What is wrong.
        reason: &'static str,
    },
    /// A limit.
    #[error("{what}: {value} is more than the limit of {max}")]
    LimitExceeded {
        /// What is limited.
        what: &'static str,
        /// What was needed.
        value: u64,
        /// What is allowed.
        max: u64,
    },
    /// A full edge, where senders do not wait.
    #[error("the edge from `{from}` to `{to}` holds {capacity} messages already")]
    BufferFull {
        /// Sender.
        from: String,
        /// Receiver.
        to: String,
        /// Messages that fit.
        capacity: u32,
    },
    /// A message that the host does not let the role send.
    #[error("`{role}` may not send `{label}`")]
    OutputCondition {
        /// The role.
        role: String,
        /// The label.
        label: String,
    },
    /// Nobody can go on, and some wait for partners on the other side of a partition.
    #[error("the channel is cut: {}", all(.waits))]
    ChannelClosed {
        /// Who waits for whom across it.
        waits: Vec<Wait>,
    },
    /// A message that is not what was sent.
    #[error("message {number} from `{from}` to `{to}` is not what was sent")]
    InvalidSignature {
        /// Sender.
        from: String,
        /// Receiver.
        to: String,
        /// Its number, as it is now.
        number: u32,
    },
    /// A step that costs more than its coroutine has left.
    #[error("the next step costs {}; {left} {} left", credits(.needed), if left == &1 { "is" } else { "are" })]
    OutOfCredits {
        /// What the step costs.
        needed: u64,
        /// What is left.
        left: u64,
    },
    /// An instruction of branches or scopes outside of one it could belong to; never in a verified image.
    #[error("`{instruction}` belongs to no branch or scope here")]
    Misplaced {
        /// The instruction.
        instruction: &'static str,
    },
    /// Nobody in the session can go on.
    #[error("{}", deadlock(.waits, .orphans))]
    Deadlock {
        /// Who waits for whom.
        waits: Vec<Wait>,
        /// Messages nobody will take.
        orphans: Vec<Orphan>,
    },
}

/// Why arithmetic has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArithmeticReason {
    /// Outside 64 bits.
    #[error("overflow")]
    Overflow,
    /// By zero.
    #[error("division by zero")]
    DivisionByZero,
}

/// One role that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Who.
    pub role: String,
    /// What for.
    pub kind: WaitKind,
    /// Whom.
    pub partners: Vec<String>,
}

/// What a role waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitKind {
    /// A message.
    Message,
    /// Room on a full edge.
    Room,
    /// Its own branches.
    Join,
    /// The outcome of the run of a scope it is in.
    Outcome,
    /// The others, who have not left earlier runs of a scope it is about to enter.
    Scope,
    /// A guard layer that another role of the session holds.
    Layer,
}

/// Messages that nobody will take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// Sender.
    pub from: String,
    /// Receiver.
    pub to: String,
    /// Label of the first one.
    pub label: String,
    /// How many.
    pub count: usize,
}

impl Fault {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TypeViolation { .. } => "vm.fault.type_violation",
            Self::UnknownLabel { .. } => "vm.fault.unknown_label",
            Self::Perform { .. } => "vm.fault.perform",
            Self::OutOfRegisters { .. } => "vm.fault.out_of_registers",
            Self::PcOutOfBounds { .. } => "vm.fault.pc_out_of_bounds",
            Self::MissingEntry { .. } => "vm.fault.missing_entry",
            Self::NoComponent { .. } => "vm.fault.no_component",
            Self::Arithmetic { .. } => "vm.fault.arithmetic",
            Self::Assertion { .. } => "vm.fault.assertion",
            Self::NoOpenBranch { .. } => "vm.fault.no_open_branch",
            Self::Unreachable { .. } => "vm.fault.unreachable",
            Self::Acquire { .. } => "vm.fault.acquire",
            Self::Transfer { .. } => "vm.fault.transfer",
            Self::Close { .. } => "vm.fault.close",
            Self::FlowViolation { .. } => "vm.fault.flow_violation",
            Self::Speculation { .. } => "vm.fault.speculation",
            Self::LimitExceeded { .. } => "vm.fault.limit_exceeded",
            Self::BufferFull { .. } => "vm.fault.buffer_full",
            Self::OutputCondition { .. } => "vm.fault.output_condition",
            Self::ChannelClosed { .. } => "vm.fault.channel_closed",
            Self::InvalidSignature { .. } => "vm.fault.invalid_signature",
            Self::OutOfCredits { .. } => "vm.fault.out_of_credits",
            Self::Misplaced { .. } => "vm.fault.misplaced",
            Self::Deadlock { .. } => "vm.fault.deadlock",
        }
    }
}

/// A fault with the place it was raised at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultReport {
    /// The fault.
    pub fault: Fault,
    /// The role whose step raised it; none for a deadlock.
    pub role: Option<String>,
    /// The instruction it was raised at.
    pub pc: Option<u32>,
    /// Its byte range in the source, if the image says.
    pub span: Option<(u32, u32)>,
    /// Steps the session had committed.
    pub tick: u64,
}

impl fmt::Display for FaultReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.role {
            Some(role) => write!(f, "role `{role}`: {}", self.fault),
            None => write!(f, "{}", self.fault),
        }
    }
}

fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    if quoted.is_empty() { "nothing".to_owned() } else { quoted.join(", ") }
}

fn waiting(wait: &Wait) -> String {
    let partners = list(&wait.partners);
    let what = match wait.kind {
        WaitKind::Message => format!("a message from {partners}"),
        WaitKind::Room => format!("room on its edge to {partners}"),
        WaitKind::Join => "its branches".to_owned(),
        WaitKind::Outcome => format!("the outcome of a scope of {partners}"),
        WaitKind::Scope => "others to leave earlier runs of a scope".to_owned(),
        WaitKind::Layer => format!("a layer held by {partners}"),
    };
    format!("`{}` waits for {what}", wait.role)
}

fn credits(number: &u64) -> String {
    if *number == 1 { "1 credit".to_owned() } else { format!("{number} credits") }
}

fn all(waits: &[Wait]) -> String {
    waits.iter().map(waiting).collect::<Vec<_>>().join("; ")
}

fn deadlock(waits: &[Wait], orphans: &[Orphan]) -> String {
    let mut parts: Vec<String> = waits.iter().map(waiting).collect();
    for orphan in orphans {
        let Orphan { from, to, label, count } = orphan;
        parts.push(format!("{count} from `{from}` to `{to}` will not be received, first `{label}`"));
    }
    format!("deadlock: {}", parts.join("; "))
}
