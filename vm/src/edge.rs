//! An edge: the FIFO of messages from one role to another. It takes no memory before its first message.

use crate::runs::Part;
use crate::value::Value;
use std::collections::VecDeque;

/// A message on an edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Queued {
    pub(crate) payload: Value,
    pub(crate) number: u32,
    pub(crate) label: u16,
    /// Where in its sender's scopes it was sent.
    pub(crate) part: Part,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Edge {
    queue: VecDeque<Queued>,
    sent: u32,
    /// The coroutine that waited for a message here last, at first the receiver's main one.
    pub(crate) reader: u16,
    /// The coroutine that waited for room here last, at first the sender's main one.
    pub(crate) writer: u16,
}

impl Edge {
    /// An edge whose roles have only their main coroutines.
    pub(crate) fn between(from: u16, to: u16) -> Self {
        Self { reader: to, writer: from, ..Self::default() }
    }

    pub(crate) fn head(&self) -> Option<&Queued> {
        self.queue.front()
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Appends a message and returns its number. `hint` is how many are ever queued, if known.
    #[inline]
    pub(crate) fn push(&mut self, label: u16, payload: Value, part: Part, hint: Option<u32>) -> u32 {
        if self.queue.capacity() == 0 {
            self.allocate(hint);
        }
        let number = self.sent;
        self.sent = number.wrapping_add(1);
        self.queue.push_back(Queued { payload, number, label, part });
        number
    }

    #[cold]
    fn allocate(&mut self, hint: Option<u32>) {
        self.queue.reserve_exact(hint.map_or(2, |n| n.clamp(1, 16)) as usize);
    }

    pub(crate) fn pop(&mut self) -> Option<Queued> {
        self.queue.pop_front()
    }
}
