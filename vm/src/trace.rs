//! Where committed events go.
//!
//! A session writes the events of a pick into a chunk it is lent; at the commit they become a *batch*, in [`store`], or
//! go to a [`Sink`]. So a session that is not picked has no memory for events. [`stream`] writes batches as bytes and
//! reads them back.

mod sink;
mod store;
pub mod stream;

pub use sink::{BatchView, Sink, SinkError};
pub(crate) use store::Chunk;
pub use store::Events;

use crate::config::Retention;
use crate::error::VMError;
use crate::event::{Event, Log};
use crate::kernel::program::Program;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use store::Store;

/// Records up to which a chunk is kept for the next pick, and how many chunks are.
const KEPT: (usize, usize) = (1 << 14, 64);

/// The events of a machine.
#[derive(Debug)]
pub(crate) struct Trace {
    /// Of a machine with a sink: what the sink has not taken.
    store: Store,
    /// None if the store keeps the events.
    outlet: Option<Outlet>,
}

/// Events that are not kept.
#[derive(Default)]
struct Outlet {
    sink: Option<Box<dyn Sink>>,
    failed: Option<SinkError>,
    /// Chunks to write into.
    #[expect(clippy::vec_box, reason = "a pick is lent the box")]
    chunks: Vec<Box<Chunk>>,
}

impl fmt::Debug for Outlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outlet").field("is_open", &self.sink.is_some()).field("failed", &self.failed).finish()
    }
}

impl Trace {
    pub(crate) fn new(retention: Retention) -> Self {
        let (most, outlet) = match retention {
            Retention::Off => (0, None),
            Retention::All => (usize::MAX, None),
            Retention::Last(n) => (n, None),
            Retention::Sink => (usize::MAX, Some(Outlet::default())),
        };
        Self { store: Store::new(most), outlet }
    }

    /// Whether events have somewhere to go.
    pub(crate) fn ready(&self) -> Result<(), VMError> {
        match &self.outlet {
            Some(Outlet { failed: Some(error), .. }) => Err(VMError::Sink(error.clone())),
            Some(Outlet { sink: None, .. }) => Err(VMError::NoSink),
            _ => Ok(()),
        }
    }

    /// Why the sink failed.
    pub(crate) fn failed(&self) -> Option<&SinkError> {
        self.outlet.as_ref()?.failed.as_ref()
    }

    /// Lends a log that is written something to write into. Who writes without gets a chunk of its own.
    #[inline]
    pub(crate) fn lend(&mut self, log: &mut Log) {
        if log.is_on() && log.chunk.is_none() {
            log.chunk = match &mut self.outlet {
                None => self.store.lend(),
                Some(outlet) => outlet.chunks.pop(),
            };
        }
    }

    /// Keeps or hands on what was written into a log since it was lent something.
    #[inline]
    pub(crate) fn commit(&mut self, log: &mut Log, program: &Program) {
        if let Some(chunk) = log.chunk.take() {
            match &mut self.outlet {
                None => self.store.append(log, chunk),
                Some(outlet) => outlet.commit(log, program, chunk, &mut self.store),
            }
        }
    }

    /// Gives the events to a sink from now on, first those the one before did not take.
    pub(crate) fn set_sink<'p>(
        &mut self,
        sink: Box<dyn Sink>,
        program: impl Fn(crate::id::ImageId) -> Option<&'p Program>,
    ) -> Result<(), VMError> {
        let Some(outlet) = &mut self.outlet else { return Err(VMError::SinkNotUsed) };
        outlet.failed = None;
        let sink = outlet.sink.insert(sink);
        while let Some(batch) = self.store.first(&program) {
            let count = batch.records.len();
            if let Err(error) = hand_over(&mut **sink, &batch) {
                outlet.failed = Some(error.clone());
                return Err(VMError::Sink(error));
            }
            self.store.forget(count);
        }
        self.store.clear();
        Ok(())
    }

    /// Events there is memory for.
    #[cfg(test)]
    pub(crate) fn space(&self) -> usize {
        self.store.space()
    }

    pub(crate) fn events(&self) -> Events<'_> {
        self.store.events()
    }

    pub(crate) fn take(&mut self) -> Vec<Event> {
        let events = self.events().collect();
        self.store.clear();
        events
    }
}

impl Outlet {
    fn commit(&mut self, log: &Log, program: &Program, mut chunk: Box<Chunk>, store: &mut Store) {
        if self.failed.is_none()
            && let Some(sink) = &mut self.sink
        {
            let batch = chunk.uncommitted(log, program);
            match batch.map_or(Ok(()), |batch| hand_over(&mut **sink, &batch)) {
                Ok(()) => {
                    chunk.clear();
                    if chunk.space() <= KEPT.0 && self.chunks.len() < KEPT.1 {
                        self.chunks.push(chunk);
                    }
                    return;
                }
                Err(error) => self.failed = Some(error),
            }
        }
        store.append(log, chunk);
    }
}

fn hand_over(sink: &mut dyn Sink, batch: &BatchView<'_>) -> Result<(), SinkError> {
    let panicked = |_| Err(SinkError::new("it panicked"));
    catch_unwind(AssertUnwindSafe(|| sink.batch(batch))).unwrap_or_else(panicked)
}
