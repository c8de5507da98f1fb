//! An edge: the FIFO of messages from one role to another.

use crate::lazy::Lazy;
use crate::runs::Part;
use crate::value::Value;
use std::collections::VecDeque;

/// A message on an edge.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queued {
    pub(crate) payload: Value,
    pub(crate) stamp: Stamp,
}

/// What there is to say of a message besides its payload.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stamp {
    /// How many were sent on its edge before; wraps.
    pub(crate) number: u32,
    pub(crate) label: u16,
    /// Where in its sender's scopes it was sent.
    pub(crate) part: Part,
}

/// A queue. Its head is in place, the others are behind a pointer, so an edge with one message takes no other memory.
/// The head is written and read where it is: to move what was just written waits until the writes are done, which is a
/// third of the time of a send.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edge {
    head: Option<Queued>,
    /// The messages behind it.
    tail: Lazy<VecDeque<Queued>>,
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

    #[inline]
    pub(crate) const fn head(&self) -> Option<&Queued> {
        self.head.as_ref()
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        if self.is_empty() { 0 } else { 1 + self.tail.len() }
    }

    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.head.is_none()
    }

    /// The messages, the head first.
    pub(crate) fn messages(&self) -> impl Iterator<Item = &Queued> {
        self.head.iter().chain(self.tail.iter())
    }

    /// The newest message.
    pub(crate) fn last_mut(&mut self) -> Option<&mut Queued> {
        match self.tail.made() {
            Some(tail) if !tail.is_empty() => tail.back_mut(),
            _ => self.head.as_mut(),
        }
    }

    /// How many were ever sent, which is the number of the next message; wraps.
    pub(crate) const fn sent(&self) -> u32 {
        self.sent
    }

    /// Appends a message and returns its number. `hint` is how many are ever queued, if known.
    #[inline(always)]
    pub(crate) fn push(&mut self, label: u16, payload: &Value, part: Part, hint: Option<u32>) -> u32 {
        let number = self.skip();
        let message = Queued { payload: payload.clone(), stamp: Stamp { number, label, part } };
        if self.is_empty() {
            self.head = Some(message);
        } else {
            self.push_behind(message, hint);
        }
        number
    }

    fn push_behind(&mut self, message: Queued, hint: Option<u32>) {
        let tail = self.tail.get_or_make();
        if tail.capacity() == 0 {
            tail.reserve_exact(hint.map_or(2, |most| most.saturating_sub(1).clamp(1, 16)) as usize);
        }
        tail.push_back(message);
    }

    /// A message that is not queued: it has a number all the same.
    #[inline]
    pub(crate) const fn skip(&mut self) -> u32 {
        let number = self.sent;
        self.sent = number.wrapping_add(1);
        number
    }

    /// Puts a message in the place of the newest one; its number, and the one that is gone.
    pub(crate) fn replace_last(&mut self, label: u16, payload: &Value, part: Part) -> Option<(u32, Queued)> {
        if self.is_empty() {
            return None;
        }
        let number = self.skip();
        let message = Queued { payload: payload.clone(), stamp: Stamp { number, label, part } };
        Some((number, std::mem::replace(self.last_mut()?, message)))
    }

    /// Takes the head off and puts its payload into `register`.
    #[inline(always)]
    pub(crate) fn pop(&mut self, register: &mut Value) -> Option<Stamp> {
        let Queued { payload, stamp } = self.head.take()?;
        *register = payload;
        if let Some(tail) = self.tail.made() {
            self.head = tail.pop_front();
        }
        Some(stamp)
    }

    /// Takes the head off.
    pub(crate) fn take_head(&mut self) -> Option<Queued> {
        let mut payload = Value::Unit;
        let stamp = self.pop(&mut payload)?;
        Some(Queued { payload, stamp })
    }

    /// Puts a message that was taken back to the head.
    pub(crate) fn put_back(&mut self, message: Queued) {
        if let Some(second) = self.head.replace(message) {
            self.tail.get_or_make().push_front(second);
        }
    }
}
