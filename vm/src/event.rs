//! Events: what happened, with ids, and their description in words when they are printed.
//!
//! [`Event`] is what a reader of a trace sees. A trace keeps [`record`]s: half the size, what is common to a commit once.

pub(crate) mod record;

use crate::handler::FailureKind;
use crate::id::{ImageId, RequestId, SessionId};
use crate::kernel::program::Program;
use crate::trace::Chunk;
use crate::value::{Value, show};
use tell_ir::image::{CodeImage, Outcome};

/// Role of an event that belongs to the session as a whole.
const NO_ROLE: u16 = u16::MAX;

/// Something that happened in a session.
///
/// Made when it is looked at; `value` is what was sent, received, asked or answered, and shares its content with the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The payload, arguments (one value, or a tuple), answer, or text.
    pub value: Value,
    /// Steps the session had committed, this one included.
    pub tick: u64,
    /// Position among the events of its session, from 0; wraps.
    pub sequence: u32,
    /// The session.
    pub session: SessionId,
    /// What happened.
    pub kind: EventKind,
    /// The session's image.
    pub image: ImageId,
    role: u16,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// The session was opened.
    Opened,
    /// A message was put on an edge.
    Sent(Message),
    /// A message was taken by a `Receive`.
    Received(Message),
    /// A message was put on an edge by a role that selected its label.
    Offered(Message),
    /// A message was taken by a `Choose`.
    Chose(Message),
    /// A message that was sent in a part of a scope its receiver has left was taken off its edge.
    Discarded(Message),
    /// A role went into a run of a scope.
    ScopeEntered {
        /// The scope, an index into the image.
        scope: u32,
        /// Runs of it before, in the same place; wraps.
        run: u32,
    },
    /// A role learnt how a run of a scope ends, its owner first.
    ScopeOutcome {
        /// The scope.
        scope: u32,
        /// How it ends; of `fail`, the value is the word for the failure's kind.
        outcome: Outcome,
    },
    /// The deadline of a scope passed.
    TimeoutIssued {
        /// The scope.
        scope: u32,
    },
    /// A role started a branch.
    BranchStarted {
        /// Number of its coroutine.
        branch: u16,
    },
    /// A branch came to its end.
    BranchEnded {
        /// Number of its coroutine.
        branch: u16,
    },
    /// An operation is to be called off: its role leaves the scope it was issued in.
    CancellationRequested {
        /// The operation.
        op: u16,
        /// The request.
        request: RequestId,
    },
    /// It is called off.
    Cancelled {
        /// The operation.
        op: u16,
        /// The request.
        request: RequestId,
    },
    /// An operation was issued.
    Performed {
        /// The operation.
        op: u16,
        /// The request.
        request: RequestId,
    },
    /// An operation was answered.
    Completed {
        /// The operation.
        op: u16,
        /// The request.
        request: RequestId,
        /// How it failed, if it did.
        failure: Option<FailureKind>,
    },
    /// A role is done.
    Halted {
        /// Whether it was waiting and the session ended.
        by_notice: bool,
    },
    /// The session raised a fault.
    Faulted,
    /// The session ended well.
    Closed,
    /// Nothing of the session follows but the epoch.
    SessionTerminal,
    /// The session's epoch went up.
    EpochAdvanced {
        /// The new epoch.
        epoch: u32,
    },
}

/// A message in an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// The role at the other end.
    pub partner: u16,
    /// The label.
    pub label: u16,
    /// Its number on its edge, from 0; wraps.
    pub number: u32,
}

impl EventKind {
    /// Its name in a trace.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opened => "Opened",
            Self::Sent(_) => "Sent",
            Self::Received(_) => "Received",
            Self::Offered(_) => "Offered",
            Self::Chose(_) => "Chose",
            Self::Discarded(_) => "Discarded",
            Self::ScopeEntered { .. } => "ScopeEntered",
            Self::ScopeOutcome { .. } => "ScopeOutcome",
            Self::TimeoutIssued { .. } => "TimeoutIssued",
            Self::BranchStarted { .. } => "BranchStarted",
            Self::BranchEnded { .. } => "BranchEnded",
            Self::CancellationRequested { .. } => "CancellationRequested",
            Self::Cancelled { .. } => "Cancelled",
            Self::Performed { .. } => "Performed",
            Self::Completed { .. } => "Completed",
            Self::Halted { .. } => "Halted",
            Self::Faulted => "Faulted",
            Self::Closed => "Closed",
            Self::SessionTerminal => "SessionTerminal",
            Self::EpochAdvanced { .. } => "EpochAdvanced",
        }
    }
}

impl Event {
    /// The role it happened at; none for the session as a whole.
    #[must_use]
    pub const fn role(&self) -> Option<u16> {
        if self.role == NO_ROLE { None } else { Some(self.role) }
    }
}

/// An event in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Steps the session had committed.
    pub tick: u64,
    /// The session.
    pub session: String,
    /// Position among the events of its session.
    pub sequence: u32,
    /// Name of the role.
    pub role: Option<String>,
    /// Name of the event.
    pub event: &'static str,
    /// What belongs to it: keys and printed values.
    pub fields: Vec<(&'static str, String)>,
}

/// Puts events of one image into words, where there is no machine.
#[derive(Debug)]
pub struct Describer(Program);

impl Describer {
    /// Knows the names of an image.
    #[must_use]
    pub fn new(image: CodeImage) -> Self {
        Self(Program::prepare(image))
    }

    /// An event of a session of the image in words.
    #[must_use]
    pub fn describe(&self, event: &Event) -> Description {
        describe(event, &self.0)
    }
}

/// The event in words, with the names of its image.
pub(crate) fn describe(event: &Event, program: &Program) -> Description {
    let role_name = |role: u16| program.role_name(role).to_owned();
    let mut fields = Vec::new();
    match event.kind {
        EventKind::Sent(message) | EventKind::Offered(message) => {
            fields.push(("to", role_name(message.partner)));
            message_fields(&mut fields, message, event, program);
        }
        EventKind::Received(message) | EventKind::Chose(message) | EventKind::Discarded(message) => {
            fields.push(("from", role_name(message.partner)));
            message_fields(&mut fields, message, event, program);
        }
        EventKind::ScopeEntered { scope, run } => {
            fields.push(("scope", scope.to_string()));
            fields.push(("run", run.to_string()));
        }
        EventKind::ScopeOutcome { scope, outcome } => {
            fields.push(("scope", scope.to_string()));
            fields.push(("outcome", outcome.text().to_owned()));
            fields.extend(event.value.as_str().map(|kind| ("failure", kind.to_owned())));
        }
        EventKind::TimeoutIssued { scope } => fields.push(("scope", scope.to_string())),
        EventKind::BranchStarted { branch } | EventKind::BranchEnded { branch } => {
            fields.push(("branch", branch.to_string()));
        }
        EventKind::CancellationRequested { op, request } | EventKind::Cancelled { op, request } => {
            operation_fields(&mut fields, op, request, program);
        }
        EventKind::Performed { op, request } => {
            operation_fields(&mut fields, op, request, program);
            fields.push(("args", program.show_arguments(op, &event.value)));
        }
        EventKind::Completed { op, request, failure } => {
            operation_fields(&mut fields, op, request, program);
            match (failure, program.image().ops.get(usize::from(op))) {
                (Some(kind), _) => {
                    fields.push(("failure", kind.text().to_owned()));
                    fields.push(("message", event.value.as_str().unwrap_or_default().to_owned()));
                }
                (None, Some(op)) => fields.push(("result", show(&event.value, op.result, &program.image().types))),
                (None, None) => {}
            }
        }
        EventKind::Halted { by_notice } => fields.push(("by_notice", by_notice.to_string())),
        EventKind::Faulted => {
            let (code, text) = match event.value.as_product() {
                Some([code, text]) => (code.as_str(), text.as_str()),
                _ => (None, None),
            };
            fields.push(("code", code.unwrap_or_default().to_owned()));
            fields.push(("message", text.unwrap_or_default().to_owned()));
        }
        EventKind::EpochAdvanced { epoch } => fields.push(("epoch", epoch.to_string())),
        EventKind::Opened => fields.push(("protocol", program.image().protocol.clone())),
        EventKind::Closed | EventKind::SessionTerminal => {}
    }
    Description {
        tick: event.tick,
        session: event.session.to_string(),
        sequence: event.sequence,
        role: event.role().map(role_name),
        event: event.kind.name(),
        fields,
    }
}

fn message_fields(fields: &mut Vec<(&'static str, String)>, message: Message, event: &Event, program: &Program) {
    fields.push(("label", program.label_name(message.label).to_owned()));
    if let Some(label) = program.image().labels.get(usize::from(message.label)) {
        fields.push(("payload", show(&event.value, label.payload, &program.image().types)));
    }
    fields.push(("number", message.number.to_string()));
}

fn operation_fields(fields: &mut Vec<(&'static str, String)>, op: u16, request: RequestId, program: &Program) {
    let (effect, name) = program.op_names(op);
    fields.push(("effect", effect.to_owned()));
    fields.push(("op", name.to_owned()));
    fields.push(("request", request.to_string()));
}

/// Whether a session writes its events down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recording {
    On,
    Off,
}

/// Events of one session that are not committed yet, and its step counter.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) tick: u64,
    /// Lent for a pick, by [`crate::trace::Trace`].
    pub(crate) chunk: Option<Box<Chunk>>,
    /// Events there ever were; wraps.
    sequence: u32,
    session: SessionId,
    image: ImageId,
    recording: Recording,
}

impl Log {
    pub(crate) const fn new(session: SessionId, image: ImageId, recording: Recording) -> Self {
        Self { tick: 0, chunk: None, sequence: 0, session, image, recording }
    }

    /// The sequence number of the first of its last so many events.
    pub(crate) const fn sequence_before(&self, count: usize) -> u32 {
        self.sequence.wrapping_sub(count as u32)
    }

    pub(crate) const fn session(&self) -> &SessionId {
        &self.session
    }

    pub(crate) const fn image(&self) -> ImageId {
        self.image
    }

    pub(crate) const fn is_on(&self) -> bool {
        matches!(self.recording, Recording::On)
    }

    /// As [`Log::step`], in line, for what every message passes.
    #[inline(always)]
    pub(crate) fn message(&mut self, role: u16, kind: EventKind, payload: &Value) {
        self.push(role, kind, payload.clone(), self.tick + 1);
    }

    /// An event of the step that is being committed by `role`.
    pub(crate) fn step(&mut self, role: u16, kind: EventKind, value: impl FnOnce() -> Value) {
        if self.is_on() {
            self.push(role, kind, value(), self.tick + 1);
        }
    }

    /// An event between steps, of `role` or of the session.
    pub(crate) fn note(&mut self, role: Option<u16>, kind: EventKind, value: impl FnOnce() -> Value) {
        if self.is_on() {
            self.push(role.unwrap_or(NO_ROLE), kind, value(), self.tick);
        }
    }

    #[inline(always)]
    fn push(&mut self, role: u16, kind: EventKind, value: Value, tick: u64) {
        self.sequence = self.sequence.wrapping_add(1);
        self.chunk.get_or_insert_default().push(role, kind, value, tick);
    }
}
