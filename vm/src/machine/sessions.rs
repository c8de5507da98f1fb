//! Where the sessions of a machine are.
//!
//! A place is used again once the report of its session was taken, an id never. So memory follows the sessions that
//! are active or whose reports were not taken, however many there were.

use crate::id::SessionId;
use crate::session::{Session, SessionReport};
use std::collections::BTreeMap;

/// Where a session is.
pub(super) enum Slot {
    /// Waiting or ready.
    Active(Box<Session>),
    /// In a wave.
    Picked,
    /// Ended.
    Ended(Box<SessionReport>),
    /// No session.
    Free,
}

/// The place of a session, and which of all it is: the way to it without a search.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    place: usize,
    serial: u64,
}

#[derive(Default)]
pub(super) struct Sessions {
    /// Each with the serial number of the last session that was there.
    slots: Vec<(u64, Slot)>,
    free: Vec<usize>,
    places: BTreeMap<SessionId, usize>,
    /// Sessions the host has opened.
    roots: u32,
    /// Sessions there ever were.
    serial: u64,
}

impl Sessions {
    /// Sessions that are active or whose reports were not taken.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The id of the next session of the host; none when all are used up.
    pub(super) fn next_root(&mut self) -> Option<SessionId> {
        let id = SessionId::root(self.roots);
        self.roots = self.roots.checked_add(1)?;
        Some(id)
    }

    /// Gives a session a place.
    pub(super) fn add(&mut self, session: Box<Session>) -> Ticket {
        let id = session.state.log.session().clone();
        self.serial += 1;
        let serial = self.serial;
        let entry = (serial, Slot::Active(session));
        let place = match self.free.pop() {
            Some(place) => {
                self.slots[place] = entry;
                place
            }
            None => {
                self.slots.push(entry);
                self.slots.len() - 1
            }
        };
        self.places.insert(id, place);
        Ticket { place, serial }
    }

    pub(super) fn ticket(&self, id: &SessionId) -> Option<Ticket> {
        self.places.get(id).map(|&place| Ticket { place, serial: self.slots[place].0 })
    }

    pub(super) fn get(&self, id: &SessionId) -> Option<&Slot> {
        self.places.get(id).map(|&place| &self.slots[place].1)
    }

    /// The slot of a session, unless its report was taken.
    pub(super) fn slot(&mut self, ticket: Ticket) -> Option<&mut Slot> {
        let (serial, slot) = &mut self.slots[ticket.place];
        (*serial == ticket.serial).then_some(slot)
    }

    /// Takes the report of a session that has ended and frees its place.
    pub(super) fn take(&mut self, id: &SessionId) -> Option<SessionReport> {
        let place = *self.places.get(id)?;
        let slot = &mut self.slots[place].1;
        match std::mem::replace(slot, Slot::Free) {
            Slot::Ended(report) => {
                self.places.remove(id);
                self.free.push(place);
                Some(*report)
            }
            other @ (Slot::Active(_) | Slot::Picked | Slot::Free) => {
                *slot = other;
                None
            }
        }
    }
}
