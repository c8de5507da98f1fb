//! The events a machine keeps.

use crate::config::Retention;
use crate::event::Event;
use std::collections::VecDeque;

#[derive(Debug)]
pub(super) struct Trace {
    events: VecDeque<Event>,
    most: usize,
}

impl Trace {
    pub(super) const fn new(retention: Retention) -> Self {
        let most = match retention {
            Retention::Off => 0,
            Retention::All => usize::MAX,
            Retention::Last(n) => n,
        };
        Self { events: VecDeque::new(), most }
    }

    /// Keeps as many of these as it should; `events` is empty afterwards.
    pub(super) fn append(&mut self, events: &mut Vec<Event>) {
        if events.is_empty() {
            return;
        }
        let skip = events.len().saturating_sub(self.most);
        for event in events.drain(..).skip(skip) {
            if self.events.len() >= self.most {
                self.events.pop_front();
            }
            self.events.push_back(event);
        }
    }

    pub(super) fn events(&self) -> impl ExactSizeIterator<Item = &Event> {
        self.events.iter()
    }

    pub(super) fn take(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events).into()
    }
}
