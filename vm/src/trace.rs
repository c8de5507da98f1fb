//! Where committed events go.
//!
//! A session writes the events of a pick into a chunk it is lent; at the commit they become a *batch*, in [`store`]. So a
//! session that is not picked has no memory for events.

mod store;

pub(crate) use store::Chunk;
pub use store::Events;

use crate::config::Retention;
use crate::event::{Event, Log};
use store::Store;

/// The events of a machine.
#[derive(Debug)]
pub(crate) struct Trace {
    store: Store,
}

impl Trace {
    pub(crate) fn new(retention: Retention) -> Self {
        let most = match retention {
            Retention::Off => 0,
            Retention::All => usize::MAX,
            Retention::Last(n) => n,
        };
        Self { store: Store::new(most) }
    }

    /// Lends a log that is written something to write into. Who writes without gets a chunk of its own.
    #[inline]
    pub(crate) fn lend(&mut self, log: &mut Log) {
        if log.is_on() && log.chunk.is_none() {
            log.chunk = self.store.lend();
        }
    }

    /// Keeps what was written into a log since it was lent something.
    #[inline]
    pub(crate) fn commit(&mut self, log: &mut Log) {
        if let Some(chunk) = log.chunk.take() {
            self.store.append(log, chunk);
        }
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
