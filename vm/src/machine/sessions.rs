//! Where the sessions of a machine are.
//!
//! A place is used again once the report of its session was taken, an id never. So memory follows the sessions that
//! are active or whose reports were not taken, however many there were.

use crate::id::SessionId;
use crate::session::{Session, SessionReport};
use std::collections::BTreeMap;
use std::num::NonZeroU32;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    place: u32,
    /// How many were there before; wraps, long after its ticket is gone.
    serial: u32,
}

#[derive(Default)]
pub(super) struct Sessions {
    slots: Vec<Slot>,
    /// Per slot how many sessions it had before.
    serials: Vec<u32>,
    free: Vec<u32>,
    places: Places,
    /// Sessions the host has opened.
    roots: u32,
}

impl Sessions {
    /// Sessions that are active or whose reports were not taken.
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// The id of the next session of the host; none when all are used up.
    pub(super) fn next_root(&mut self) -> Option<SessionId> {
        let id = SessionId::root(self.roots);
        self.roots = self.roots.checked_add(1)?;
        Some(id)
    }

    /// Gives a session a place.
    pub(super) fn add(&mut self, session: Box<Session>) -> Ticket {
        let place = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::Free);
            self.serials.push(0);
            // The limit of sessions has 32 bits.
            (self.slots.len() - 1) as u32
        });
        self.places.insert(session.state.log.session(), place);
        self.slots[place as usize] = Slot::Active(session);
        Ticket { place, serial: self.serials[place as usize] }
    }

    pub(super) fn ticket(&self, id: &SessionId) -> Option<Ticket> {
        let place = self.places.get(id)?;
        Some(Ticket { place, serial: self.serials[place as usize] })
    }

    pub(super) fn get(&self, id: &SessionId) -> Option<&Slot> {
        self.places.get(id).map(|place| &self.slots[place as usize])
    }

    /// The slot of a session, unless its report was taken.
    pub(super) fn slot(&mut self, ticket: Ticket) -> Option<&mut Slot> {
        let place = ticket.place as usize;
        (self.serials[place] == ticket.serial).then_some(&mut self.slots[place])
    }

    /// Takes the report of a session that has ended and frees its place.
    pub(super) fn take(&mut self, id: &SessionId) -> Option<SessionReport> {
        let place = self.places.get(id)?;
        let slot = &mut self.slots[place as usize];
        match std::mem::replace(slot, Slot::Free) {
            Slot::Ended(report) => {
                self.places.remove(id);
                self.free.push(place);
                let serial = &mut self.serials[place as usize];
                *serial = serial.wrapping_add(1);
                Some(*report)
            }
            other @ (Slot::Active(_) | Slot::Picked | Slot::Free) => {
                *slot = other;
                None
            }
        }
    }
}

/// Sessions of a page.
const PAGE: u32 = 256;

/// The places of sessions by id. The numbers of those the host opens follow each other, so they take four bytes each.
#[derive(Default)]
struct Places {
    roots: BTreeMap<u32, Box<Page>>,
    nested: BTreeMap<SessionId, u32>,
}

/// Sessions whose numbers follow each other.
struct Page {
    /// 1 more than the place.
    places: [Option<NonZeroU32>; PAGE as usize],
    count: u32,
}

impl Places {
    fn get(&self, id: &SessionId) -> Option<u32> {
        let Some(root) = id.as_root() else { return self.nested.get(id).copied() };
        let place = self.roots.get(&(root / PAGE))?.places[(root % PAGE) as usize]?;
        Some(place.get() - 1)
    }

    fn insert(&mut self, id: &SessionId, place: u32) {
        let Some(root) = id.as_root() else {
            self.nested.insert(id.clone(), place);
            return;
        };
        let page =
            self.roots.entry(root / PAGE).or_insert_with(|| Box::new(Page { places: [None; PAGE as usize], count: 0 }));
        let entry = &mut page.places[(root % PAGE) as usize];
        page.count += u32::from(entry.is_none());
        *entry = NonZeroU32::new(place + 1);
    }

    fn remove(&mut self, id: &SessionId) {
        let Some(root) = id.as_root() else {
            self.nested.remove(id);
            return;
        };
        let Some(page) = self.roots.get_mut(&(root / PAGE)) else { return };
        page.count -= u32::from(page.places[(root % PAGE) as usize].take().is_some());
        if page.count == 0 {
            self.roots.remove(&(root / PAGE));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_by_id_and_forgotten() {
        let mut places = Places::default();
        let ids = |number: u32| [SessionId::root(number), SessionId::root(number).child(number)];
        for number in 0..2000 {
            let [root, child] = ids(number);
            places.insert(&root, 2 * number);
            places.insert(&child, 2 * number + 1);
        }
        assert_eq!((places.roots.len(), places.nested.len()), (8, 2000));
        for number in (0..2000).filter(|number| number % 3 > 0) {
            ids(number).iter().for_each(|id| places.remove(id));
        }
        for number in 0..2010 {
            let expected = (number < 2000 && number % 3 == 0).then_some(2 * number);
            assert_eq!(ids(number).map(|id| places.get(&id)), [expected, expected.map(|place| place + 1)]);
        }
        (0..2000).flat_map(ids).for_each(|id| places.remove(&id));
        assert!(places.roots.is_empty() && places.nested.is_empty());
    }
}
