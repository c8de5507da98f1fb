//! Sinks: events that go somewhere else at each commit.

use crate::event::record::Record;
use crate::event::{Description, Event, describe};
use crate::id::{ImageId, SessionId};
use crate::kernel::program::Program;
use tell_ir::image::CodeImage;

/// Takes the events of a machine whose [`Retention`](crate::Retention) is `Sink`, commit by commit, in commit order.
///
/// A sink takes a batch as a whole. If it fails, the machine makes no more steps; it keeps that batch and the rest of
/// the round for the next sink (see [`crate::Machine::set_sink`]).
pub trait Sink {
    /// Takes what a session did in a pick, or between two.
    ///
    /// # Errors
    /// Why it cannot.
    fn batch(&mut self, batch: &BatchView<'_>) -> Result<(), SinkError>;
}

/// A closure is a sink.
impl<F: FnMut(&BatchView<'_>) -> Result<(), SinkError>> Sink for F {
    fn batch(&mut self, batch: &BatchView<'_>) -> Result<(), SinkError> {
        self(batch)
    }
}

/// Why a sink did not take events.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sink of the trace failed: {message}")]
pub struct SinkError {
    /// Details.
    pub message: String,
}

impl SinkError {
    /// An error with these details.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

/// Consecutive events of one session.
#[derive(Clone, Copy, Debug)]
pub struct BatchView<'a> {
    pub(super) records: &'a [Record],
    pub(super) session: &'a SessionId,
    pub(super) image: ImageId,
    /// Of the first event.
    pub(super) sequence: u32,
    /// A tick near all of them; see [`crate::event::record::near`].
    pub(super) tick: u64,
    pub(super) program: &'a Program,
}

impl<'a> BatchView<'a> {
    /// The session.
    #[must_use]
    pub const fn session(&self) -> &'a SessionId {
        self.session
    }

    /// The number of its image in the machine.
    #[must_use]
    pub const fn image(&self) -> ImageId {
        self.image
    }

    /// Its image.
    #[must_use]
    pub const fn code(&self) -> &'a CodeImage {
        self.program.image()
    }

    /// The events.
    pub fn events(&self) -> impl ExactSizeIterator<Item = Event> + use<'a> {
        let Self { session, image, sequence, tick, .. } = *self;
        let numbered = self.records.iter().enumerate();
        numbered.map(move |(at, record)| record.event(session, image, sequence.wrapping_add(at as u32), tick))
    }

    /// An event of this batch in words.
    #[must_use]
    pub fn describe(&self, event: &Event) -> Description {
        describe(event, self.program)
    }
}
