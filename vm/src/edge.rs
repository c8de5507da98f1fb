//! An edge: the FIFO of messages from one role to another. It takes no memory before its first message.

use crate::runs::Part;
use crate::value::Value;

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

/// A ring. Its messages are written and read in place: to move what was just written waits until the writes are done,
/// which is a third of the time of a send.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edge {
    /// Payloads of free places are `Unit`.
    ring: Box<[Queued]>,
    first: u32,
    len: u32,
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
    pub(crate) fn head(&self) -> Option<&Queued> {
        if self.is_empty() { None } else { self.ring.get(self.first as usize) }
    }

    pub(crate) const fn len(&self) -> usize {
        self.len as usize
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The messages, the head first.
    pub(crate) fn messages(&self) -> impl Iterator<Item = &Queued> {
        (0..self.len()).map(|distance| &self.ring[self.place(distance)])
    }

    /// The newest message.
    pub(crate) fn last_mut(&mut self) -> Option<&mut Queued> {
        let place = self.place(self.len().checked_sub(1)?);
        self.ring.get_mut(place)
    }

    /// How many were ever sent; wraps.
    pub(crate) const fn sent(&self) -> u32 {
        self.sent
    }

    /// Appends a message and returns its number. `hint` is how many are ever queued, if known.
    #[inline(always)]
    pub(crate) fn push(&mut self, label: u16, payload: &Value, part: Part, hint: Option<u32>) -> u32 {
        if self.len() == self.ring.len() {
            self.grow(hint);
        }
        let number = self.sent;
        let place = &mut self.ring[self.place(self.len())];
        place.payload = payload.clone();
        place.stamp = Stamp { number, label, part };
        self.sent = number.wrapping_add(1);
        self.len += 1;
        number
    }

    /// A message that is not queued: it has a number all the same.
    pub(crate) const fn skip(&mut self) -> u32 {
        let number = self.sent;
        self.sent = number.wrapping_add(1);
        number
    }

    /// Puts a message in the place of the newest one; its number, and the one that is gone.
    pub(crate) fn replace_last(&mut self, label: u16, payload: &Value, part: Part) -> Option<(u32, Queued)> {
        let last = self.len().checked_sub(1)?;
        let number = self.skip();
        let place = self.place(last);
        let message = Queued { payload: payload.clone(), stamp: Stamp { number, label, part } };
        Some((number, std::mem::replace(&mut self.ring[place], message)))
    }

    /// Takes the head off and puts its payload into `register`.
    #[inline(always)]
    pub(crate) fn pop(&mut self, register: &mut Value) -> Option<Stamp> {
        if self.is_empty() {
            return None;
        }
        let head = &mut self.ring[self.first as usize];
        let stamp = head.stamp;
        *register = std::mem::take(&mut head.payload);
        self.first = self.place(1) as u32;
        self.len -= 1;
        Some(stamp)
    }

    /// The number of the next message.
    pub(crate) const fn next_number(&self) -> u32 {
        self.sent
    }

    /// Takes the head off.
    pub(crate) fn take_head(&mut self) -> Option<Queued> {
        let mut payload = Value::Unit;
        let stamp = self.pop(&mut payload)?;
        Some(Queued { payload, stamp })
    }

    /// Puts a message that was taken back to the head.
    pub(crate) fn put_back(&mut self, message: Queued) {
        if self.len() == self.ring.len() {
            self.grow(None);
        }
        self.first = self.first.checked_sub(1).unwrap_or(self.ring.len() as u32 - 1);
        self.ring[self.first as usize] = message;
        self.len += 1;
    }

    /// The place that comes so many after the first.
    fn place(&self, distance: usize) -> usize {
        let place = self.first as usize + distance;
        if place < self.ring.len() { place } else { place - self.ring.len() }
    }

    #[cold]
    fn grow(&mut self, hint: Option<u32>) {
        let mut ring = std::mem::take(&mut self.ring).into_vec();
        ring.rotate_left(self.first as usize);
        self.first = 0;
        let room = if ring.is_empty() { hint.map_or(2, |n| n.clamp(1, 16)) as usize } else { 2 * ring.len() };
        ring.reserve_exact(room - ring.len());
        ring.resize(room, Queued::default());
        self.ring = ring.into();
    }
}
