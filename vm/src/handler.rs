//! Handlers: what answers a performed operation.
//!
//! A handler is called only between the two halves of a `Perform`, once per request, guarded against panics. It is
//! either *local* (one instance per session and effect instance, run inside the session's own pick) or *shared* (one
//! instance in the machine, called at commit in wave order). The full set of steps of EFFECTS §3 comes with later
//! issues; [`HostStep`] and [`Handler`] grow, they do not change.

use crate::id::{RequestId, SessionId};
use crate::value::Value;
use tell_ir::ty::{Type, TypeId};

/// A performed operation, as its handler sees it.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Full name of the effect.
    pub effect: &'a str,
    /// Index of the effect instance in the image; a protocol holds one instance of an effect.
    pub instance: u16,
    /// Name of the operation.
    pub op: &'a str,
    /// Its index in the image.
    pub op_id: u16,
    /// Types of its arguments.
    pub params: &'a [TypeId],
    /// Type its answer must have.
    pub result: TypeId,
    /// All types of the image.
    pub types: &'a [Type],
    /// The session.
    pub session: &'a SessionId,
    /// Name of the protocol.
    pub protocol: &'a str,
    /// Index of the role that performs.
    pub role: u16,
    /// Its name.
    pub role_name: &'a str,
    /// The request.
    pub request: RequestId,
    /// The time of the session's virtual clock, in nanoseconds.
    pub now: i64,
    /// Seed of the machine.
    pub seed: u64,
}

/// What a handler does with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostStep {
    /// The answer.
    Reply(Value),
    /// The operation fails.
    Fail(Failure),
    /// The answer comes later, through [`crate::Machine::reply`].
    Blocked,
    /// The answer is `()`, so many nanoseconds of the session's virtual clock later.
    Sleep(i64),
}

/// Whether the answer a handler gave was committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It was: changes that belong to it are to be made now.
    Committed,
    /// It was refused, or it was a failure.
    Refused,
}

/// Answers the operations of one effect.
pub trait Handler {
    /// Called once per request.
    fn start(&mut self, call: &Call<'_>, args: &[Value]) -> HostStep;

    /// Called after [`HostStep::Reply`] or [`HostStep::Fail`]: a handler that keeps state changes it here, so that it
    /// changes together with the committed answer.
    fn settle(&mut self, call: &Call<'_>, settled: Settled) {
        let _ = (call, settled);
    }

    /// A copy of the handler as it is now, to go back to when a speculation is undone; a handler without one cannot be
    /// used in a speculation.
    fn checkpoint(&self) -> Option<Box<dyn Handler + Send>> {
        None
    }
}

/// A closure is a handler that answers at once.
impl<F: FnMut(&Call<'_>, &[Value]) -> Result<Value, Failure>> Handler for F {
    fn start(&mut self, call: &Call<'_>, args: &[Value]) -> HostStep {
        match self(call, args) {
            Ok(value) => HostStep::Reply(value),
            Err(failure) => HostStep::Fail(failure),
        }
    }
}

/// A handler's refusal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", .kind.text())]
pub struct Failure {
    /// Its kind.
    pub kind: FailureKind,
    /// Details.
    pub message: String,
}

impl Failure {
    /// A failure.
    #[must_use]
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// What was asked for or answered makes no sense.
    #[must_use]
    pub fn invalid_input(message: impl Into<String>) -> Self {
        Self::new(FailureKind::InvalidInput, message)
    }

    /// Whoever should answer cannot.
    #[must_use]
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Unavailable, message)
    }
}

macro_rules! failure_kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// How an operation fails.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum FailureKind { $($(#[$doc])* $name,)* }

        impl FailureKind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its name in a trace.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

failure_kinds! {
    /// Not allowed.
    Denied = "denied",
    /// Took too long.
    Timeout = "timeout",
    /// Called off.
    Cancelled = "cancelled",
    /// The authority is of the past.
    StaleAuthority = "stale_authority",
    /// The evidence does not hold.
    InvalidEvidence = "invalid_evidence",
    /// Nobody answers.
    Unavailable = "unavailable",
    /// A wrong argument or answer.
    InvalidInput = "invalid_input",
    /// Would not be reproducible.
    Determinism = "determinism",
    /// The topology changed.
    TopologyDisruption = "topology_disruption",
    /// The declaration of the operation does not allow it.
    ContractViolation = "contract_violation",
}
