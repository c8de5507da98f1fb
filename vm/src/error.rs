//! Refusals of the machine's own interface: before a session exists, or about one that does not.

use crate::id::{ImageId, RequestId, SessionId};
use crate::trace::SinkError;

/// Why the machine refused a call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VMError {
    /// A setting outside its range.
    #[error("`{field}` is {value}, not between {min} and {max}")]
    Configuration {
        /// The setting.
        field: &'static str,
        /// Its value.
        value: u64,
        /// The least allowed.
        min: u64,
        /// The greatest allowed.
        max: u64,
    },
    /// The image uses an effect nobody handles.
    #[error("no handler is installed for effect `{effect}`")]
    MissingHandler {
        /// Its full name.
        effect: String,
    },
    /// A limit that a load or an open would exceed.
    #[error("{what}: {value} is more than the limit of {max}")]
    LimitExceeded {
        /// What is limited.
        what: &'static str,
        /// What was asked for.
        value: u64,
        /// What is allowed.
        max: u64,
    },
    /// An image whose sessions would be opened from another one.
    #[error("nested image {image}: {reason}")]
    NestedImage {
        /// Its content id.
        image: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// No such image.
    #[error("no image {0} is loaded")]
    UnknownImage(ImageId),
    /// No such session, or it has ended.
    #[error("session {0} is not active")]
    UnknownSession(SessionId),
    /// A reply to a request that is not outstanding.
    #[error("session {session} has no outstanding request {request}")]
    UnknownRequest {
        /// The session.
        session: SessionId,
        /// The request.
        request: RequestId,
    },
    /// A role that is in no scope of its own that could be cancelled.
    #[error("role {role} of session {session} is in no scope of its own that can be cancelled")]
    NoScope {
        /// The session.
        session: SessionId,
        /// The role, by index.
        role: u16,
    },
    /// An input for a number of steps that were already made.
    #[error("session {session} has made {committed} steps; an input after {tick} comes too late")]
    Late {
        /// The session.
        session: SessionId,
        /// The steps it was meant for.
        tick: u64,
        /// The steps that were made.
        committed: u64,
    },
    /// A role that the protocol does not have.
    #[error("there is no role {role}")]
    UnknownRole {
        /// Its index.
        role: u16,
    },
    /// Two roles between whom no messages go.
    #[error("no messages go from role {from} to role {to}")]
    UnknownEdge {
        /// Sender, by index.
        from: u16,
        /// Receiver, by index.
        to: u16,
    },
    /// The sink of the trace failed, so nothing can happen that it would not hear of.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// Events are to go to a sink, and there is none.
    #[error("the trace goes to a sink, and none is set")]
    NoSink,
    /// Events are not to go to a sink.
    #[error("the trace does not go to a sink")]
    SinkNotUsed,
    /// Arguments for another number of roles.
    #[error("arguments for {found} roles; the protocol has {expected}")]
    RoleCount {
        /// Roles of the protocol.
        expected: usize,
        /// Roles given.
        found: usize,
    },
    /// Another number of arguments for one role.
    #[error("role `{role}` takes {expected} arguments, not {found}")]
    ArgumentCount {
        /// The role.
        role: String,
        /// Its parameters.
        expected: usize,
        /// What was given.
        found: usize,
    },
    /// An argument of another type.
    #[error("parameter `{param}` of role `{role}` is `{expected}`; `{found}` is not")]
    ArgumentType {
        /// The role.
        role: String,
        /// The parameter.
        param: String,
        /// Its type.
        expected: String,
        /// The value.
        found: String,
    },
}
