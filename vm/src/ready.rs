//! The ready queue of a session. A few coroutines wait in place; only sessions with more have a queue on the heap.

use std::collections::VecDeque;

/// Coroutines that wait in place.
const PLACES: u8 = 4;

/// Coroutines that can step, in the order in which they will.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ready {
    /// A ring, as long as there is no queue.
    places: [u16; PLACES as usize],
    first: u8,
    len: u8,
    /// All of them, from the first time there were more than places.
    #[expect(clippy::box_collection, reason = "one pointer for those who need none")]
    queue: Option<Box<VecDeque<u16>>>,
}

impl Ready {
    const fn place(&self, at: u8) -> usize {
        ((self.first + at) % PLACES) as usize
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.queue.as_ref().map_or(usize::from(self.len), |queue| queue.len())
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.front().is_none()
    }

    #[inline]
    pub(crate) fn front(&self) -> Option<&u16> {
        match &self.queue {
            None if self.len == 0 => None,
            None => Some(&self.places[self.place(0)]),
            Some(queue) => queue.front(),
        }
    }

    #[inline]
    pub(crate) fn push_back(&mut self, who: u16) {
        match &mut self.queue {
            None if self.len < PLACES => {
                self.places[self.place(self.len)] = who;
                self.len += 1;
            }
            None => self.spill().push_back(who),
            Some(queue) => queue.push_back(who),
        }
    }

    #[inline]
    pub(crate) fn pop_front(&mut self) -> Option<u16> {
        match &mut self.queue {
            None if self.len == 0 => None,
            None => {
                let who = self.places[self.place(0)];
                self.first = (self.first + 1) % PLACES;
                self.len -= 1;
                Some(who)
            }
            Some(queue) => queue.pop_front(),
        }
    }

    /// Moves the first one to the end.
    pub(crate) fn rotate(&mut self) {
        if let Some(who) = self.pop_front() {
            self.push_back(who);
        }
    }

    pub(crate) fn retain(&mut self, is_kept: impl Fn(&u16) -> bool) {
        if let Some(queue) = &mut self.queue {
            return queue.retain(is_kept);
        }
        for _ in 0..self.len {
            if let Some(who) = self.pop_front().filter(&is_kept) {
                self.push_back(who);
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    #[cold]
    fn spill(&mut self) -> &mut VecDeque<u16> {
        let queue = (0..self.len).map(|at| self.places[self.place(at)]).collect();
        self.queue.insert(Box::new(queue))
    }
}

impl FromIterator<u16> for Ready {
    fn from_iter<I: IntoIterator<Item = u16>>(coroutines: I) -> Self {
        let mut ready = Self::default();
        coroutines.into_iter().for_each(|who| ready.push_back(who));
        ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_queue_wherever_it_is() {
        let (mut ready, mut model) = (Ready::default(), VecDeque::new());
        assert_eq!(size_of::<Ready>(), 24);
        for round in 0..3000_u16 {
            // Few at first, many later.
            let most = if round < 2000 { 4 } else { 40 };
            match round % 7 {
                0 | 2 | 3 | 5 if model.len() < most => {
                    ready.push_back(round);
                    model.push_back(round);
                }
                1 | 4 => assert_eq!(ready.pop_front(), model.pop_front()),
                6 if round % 5 == 0 => {
                    ready.retain(|who| who % 3 > 0);
                    model.retain(|who| who % 3 > 0);
                }
                _ => {
                    ready.rotate();
                    if !model.is_empty() {
                        model.rotate_left(1);
                    }
                }
            }
            assert_eq!((ready.front(), ready.len(), ready.is_empty()), (model.front(), model.len(), model.is_empty()));
            assert!(ready.queue.is_none() || round >= 2000, "few need no queue");
        }
        assert!(ready.queue.is_some(), "there were too many");
        ready.clear();
        assert!(ready.is_empty() && ready.queue.is_none() && ready.pop_front().is_none());
        assert_eq!((0..9).collect::<Ready>().len(), 9);
    }
}
