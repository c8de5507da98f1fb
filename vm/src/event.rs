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
use tell_ir::ty::{Type, TypeId};

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
    /// The session was opened, or, of a role, that one opened a nested session.
    Opened,
    /// A message was put on an edge.
    Sent(Message),
    /// It was looked at whether a role may send a message; next comes the message, or the fault.
    OutputConditionChecked {
        /// The label.
        label: u16,
    },
    /// A message was taken by a `Receive`.
    Received(Message),
    /// A message was put on an edge by a role that selected its label.
    Offered(Message),
    /// A message was taken by a `Choose`.
    Chose(Message),
    /// A message that was sent was lost: there was no room on its edge.
    Dropped(Message),
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
    /// A role makes no step until the session's clock has gone on by the event's value.
    RoleTimeoutIssued,
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
    /// The whole session is to be called off, by its host or because this role crashed.
    SessionCancellationRequested,
    /// It is called off.
    SessionCancelled,
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
    /// A role took a guard layer.
    Acquired {
        /// The layer.
        layer: u16,
    },
    /// A role gave a guard layer back.
    Released {
        /// The layer.
        layer: u16,
    },
    /// A role gave an endpoint away, in a message.
    Transferred(Message),
    /// A role started to speculate.
    Forked,
    /// A speculation ended; what it did comes before this.
    Joined,
    /// A speculation was undone.
    Aborted,
    /// A role knows a fact from now on.
    Tagged {
        /// The fact.
        fact: u16,
    },
    /// A role asked whether a fact may flow.
    Checked {
        /// The fact.
        fact: u16,
        /// To whom.
        to: u16,
        /// The answer.
        holds: bool,
    },
    /// A role is done.
    Halted {
        /// Whether it was waiting and the session ended.
        by_notice: bool,
    },
    /// A role fails: next comes the fault, or the outcome `fail` of a scope it owns.
    FailureBranchEntered,
    /// The session raised a fault.
    Faulted,
    /// The session ended well, or, of a role, that one closed a nested session.
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
            Self::OutputConditionChecked { .. } => "OutputConditionChecked",
            Self::Dropped(_) => "Dropped",
            Self::Discarded(_) => "Discarded",
            Self::ScopeEntered { .. } => "ScopeEntered",
            Self::ScopeOutcome { .. } => "ScopeOutcome",
            Self::TimeoutIssued { .. } | Self::RoleTimeoutIssued => "TimeoutIssued",
            Self::BranchStarted { .. } => "BranchStarted",
            Self::BranchEnded { .. } => "BranchEnded",
            Self::CancellationRequested { .. } | Self::SessionCancellationRequested => "CancellationRequested",
            Self::Cancelled { .. } | Self::SessionCancelled => "Cancelled",
            Self::Performed { .. } => "Performed",
            Self::Completed { .. } => "Completed",
            Self::Acquired { .. } => "Acquired",
            Self::Released { .. } => "Released",
            Self::Transferred(_) => "Transferred",
            Self::Forked => "Forked",
            Self::Joined => "Joined",
            Self::Aborted => "Aborted",
            Self::Tagged { .. } => "Tagged",
            Self::Checked { .. } => "Checked",
            Self::Halted { .. } => "Halted",
            Self::FailureBranchEntered => "FailureBranchEntered",
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
#[expect(clippy::too_many_lines, reason = "an arm per kind of event")]
pub(crate) fn describe(event: &Event, program: &Program) -> Description {
    let role_name = |role: u16| program.role_name(role).to_owned();
    let mut fields = Vec::new();
    match event.kind {
        EventKind::Sent(message)
        | EventKind::Offered(message)
        | EventKind::Transferred(message)
        | EventKind::Dropped(message) => {
            fields.push(("to", role_name(message.partner)));
            message_fields(&mut fields, message, event, program);
        }
        EventKind::Received(message) | EventKind::Chose(message) | EventKind::Discarded(message) => {
            fields.push(("from", role_name(message.partner)));
            message_fields(&mut fields, message, event, program);
        }
        EventKind::OutputConditionChecked { label } => fields.push(("label", program.label_name(label).to_owned())),
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
        EventKind::RoleTimeoutIssued => fields.push(("duration", show(&event.value, TypeId(0), &[Type::Duration]))),
        EventKind::Acquired { layer } | EventKind::Released { layer } => {
            fields.push(("layer", program.layer_name(layer).to_owned()));
        }
        EventKind::Tagged { fact } => fields.push(("fact", program.fact_name(fact).to_owned())),
        EventKind::Checked { fact, to, holds } => {
            fields.push(("fact", program.fact_name(fact).to_owned()));
            fields.push(("to", role_name(to)));
            fields.push(("holds", holds.to_string()));
        }
        EventKind::Opened | EventKind::Closed => match event.value.as_product() {
            Some([Value::Endpoint(session), rest @ ..]) => {
                fields.push(("opened", session.to_string()));
                fields.extend(rest.first().and_then(Value::as_str).map(|end| ("end", end.to_owned())));
            }
            _ if event.kind == EventKind::Opened => fields.push(("protocol", program.image().protocol.clone())),
            _ => {}
        },
        EventKind::Forked
        | EventKind::Joined
        | EventKind::Aborted
        | EventKind::FailureBranchEntered
        | EventKind::SessionCancellationRequested
        | EventKind::SessionCancelled
        | EventKind::SessionTerminal => {}
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

/// An event of a speculation: role, kind and value.
type Held = (u16, EventKind, Value);

/// Events of one session that are not committed yet, and its step counter.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    pub(crate) tick: u64,
    /// Lent for a pick, by [`crate::trace::Trace`].
    pub(crate) chunk: Option<Box<Chunk>>,
    /// Events there ever were; wraps.
    sequence: u32,
    session: SessionId,
    image: ImageId,
    recording: Recording,
    /// Events that happen only if a speculation is joined.
    #[expect(clippy::box_collection, reason = "seldom there; a word is what it may take in every session")]
    held: Option<Box<Vec<Held>>>,
}

impl Log {
    pub(crate) const fn new(session: SessionId, image: ImageId, recording: Recording) -> Self {
        Self { tick: 0, chunk: None, sequence: 0, session, image, recording, held: None }
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
            match &mut self.held {
                Some(held) => held.push((role, kind, value())),
                None => self.push(role, kind, value(), self.tick + 1),
            }
        }
    }

    /// An event between steps, of `role` or of the session.
    pub(crate) fn note(&mut self, role: Option<u16>, kind: EventKind, value: impl FnOnce() -> Value) {
        if self.is_on() {
            self.push(role.unwrap_or(NO_ROLE), kind, value(), self.tick);
        }
    }

    /// Keeps the events of the steps of a speculation back.
    pub(crate) fn hold(&mut self) {
        self.held = self.is_on().then(Box::default);
    }

    /// They happened, all in the step that is being committed.
    pub(crate) fn deliver(&mut self) {
        for (role, kind, value) in *self.held.take().unwrap_or_default() {
            self.push(role, kind, value, self.tick + 1);
        }
    }

    /// They never happened.
    pub(crate) fn forget(&mut self) {
        self.held = None;
    }

    #[inline(always)]
    fn push(&mut self, role: u16, kind: EventKind, value: Value, tick: u64) {
        self.sequence = self.sequence.wrapping_add(1);
        self.chunk.get_or_insert_default().push(role, kind, value, tick);
    }
}
