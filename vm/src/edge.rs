//! An edge: the FIFO of messages from one role to another.

use crate::lazy::Lazy;
use crate::runs::Part;
use crate::value::Value;

/// A message on an edge.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Queued<'a> {
    pub(crate) payload: &'a Value,
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

/// A queue. Its head is in place, the others are in a ring, so an edge with one message takes no other memory. Messages
/// are written and read where they are: to move what was just written waits until the writes are done, which is a third
/// of the time of a send.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edge {
    /// Payload of the head; `Unit` if there is none.
    payload: Value,
    /// The messages behind the head.
    ring: Lazy<Ring>,
    /// Stamp of the head.
    stamp: Stamp,
    len: u32,
    sent: u32,
    /// The coroutine that waited for a message here last, at first the receiver's main one.
    pub(crate) reader: u16,
    /// The coroutine that waited for room here last, at first the sender's main one.
    pub(crate) writer: u16,
}

/// Messages in a circle.
#[derive(Clone, Debug, Default)]
struct Ring {
    /// Payloads of free places are `Unit`.
    places: Box<[(Value, Stamp)]>,
    first: u32,
}

impl Edge {
    /// An edge whose roles have only their main coroutines.
    pub(crate) fn between(from: u16, to: u16) -> Self {
        Self { reader: to, writer: from, ..Self::default() }
    }

    #[inline]
    pub(crate) fn head(&self) -> Option<Queued<'_>> {
        if self.is_empty() { None } else { Some(Queued { payload: &self.payload, stamp: self.stamp }) }
    }

    pub(crate) const fn len(&self) -> usize {
        self.len as usize
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends a message and returns its number. `hint` is how many are ever queued, if known.
    #[inline]
    pub(crate) fn push(&mut self, label: u16, payload: &Value, part: Part, hint: Option<u32>) -> u32 {
        let number = self.sent;
        let (value, stamp) = match self.len.checked_sub(1) {
            None => (&mut self.payload, &mut self.stamp),
            Some(behind) => self.ring.get_or_make().place(behind, hint),
        };
        value.put(payload.clone());
        *stamp = Stamp { number, label, part };
        self.sent = number.wrapping_add(1);
        self.len += 1;
        number
    }

    /// Takes the head off and puts its payload into `register`.
    #[inline]
    pub(crate) fn pop(&mut self, register: &mut Value) -> Option<Stamp> {
        if self.is_empty() {
            return None;
        }
        let stamp = self.stamp;
        register.put(std::mem::take(&mut self.payload));
        self.len -= 1;
        if self.len > 0
            && let Some(ring) = self.ring.made()
        {
            self.stamp = ring.pop(&mut self.payload);
        }
        Some(stamp)
    }
}

impl Ring {
    /// The place for a message behind so many others.
    #[inline]
    fn place(&mut self, behind: u32, hint: Option<u32>) -> (&mut Value, &mut Stamp) {
        if behind as usize == self.places.len() {
            self.grow(hint);
        }
        let place = self.at(behind);
        let (payload, stamp) = &mut self.places[place];
        (payload, stamp)
    }

    /// Takes the first message off.
    fn pop(&mut self, head: &mut Value) -> Stamp {
        let (payload, stamp) = &mut self.places[self.first as usize];
        head.put(std::mem::take(payload));
        let stamp = *stamp;
        self.first = self.at(1) as u32;
        stamp
    }

    /// The place that comes so many after the first.
    fn at(&self, distance: u32) -> usize {
        let place = self.first as usize + distance as usize;
        if place < self.places.len() { place } else { place - self.places.len() }
    }

    #[cold]
    fn grow(&mut self, hint: Option<u32>) {
        let mut places = std::mem::take(&mut self.places).into_vec();
        places.rotate_left(self.first as usize);
        self.first = 0;
        // One is in place.
        let first = hint.map_or(2, |n| n.saturating_sub(1).clamp(1, 16));
        let room = if places.is_empty() { first as usize } else { 2 * places.len() };
        places.reserve_exact(room - places.len());
        places.resize(room, Default::default());
        self.places = places.into();
    }
}
