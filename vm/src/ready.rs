//! The ready queue of a session: the coroutines that can step, in the order in which they will. It is threaded through
//! the coroutines, so it takes no memory of its own.

use crate::session::Coroutine;

/// No coroutine has this number.
pub(crate) const NOBODY: u16 = u16::MAX;

/// The ends of the queue. Each coroutine in it knows the one behind it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ready {
    first: u16,
    /// Of any meaning only if there is a first one.
    last: u16,
}

impl Ready {
    pub(crate) const fn new() -> Self {
        Self { first: NOBODY, last: NOBODY }
    }

    #[inline]
    pub(crate) const fn is_empty(self) -> bool {
        self.first == NOBODY
    }

    #[inline]
    pub(crate) const fn front(self) -> Option<u16> {
        if self.is_empty() { None } else { Some(self.first) }
    }

    /// All of them.
    pub(crate) fn iter(self, coroutines: &[Coroutine]) -> impl Iterator<Item = u16> {
        std::iter::successors(self.front(), |who| {
            let next = coroutines.get(usize::from(*who))?.next;
            (next != NOBODY).then_some(next)
        })
    }

    /// Appends a coroutine that is not in the queue.
    #[inline]
    pub(crate) fn push_back(&mut self, coroutines: &mut [Coroutine], who: u16) {
        let coroutine = &mut coroutines[usize::from(who)];
        (coroutine.is_queued, coroutine.next) = (true, NOBODY);
        if self.is_empty() {
            self.first = who;
        } else {
            coroutines[usize::from(self.last)].next = who;
        }
        self.last = who;
    }

    /// Takes the first one off.
    #[inline]
    pub(crate) fn pop_front(&mut self, coroutines: &mut [Coroutine]) -> Option<u16> {
        let who = self.front()?;
        let coroutine = &mut coroutines[usize::from(who)];
        coroutine.is_queued = false;
        self.first = coroutine.next;
        Some(who)
    }

    /// Makes one of them the first.
    pub(crate) fn bring_forward(&mut self, coroutines: &mut [Coroutine], who: u16) {
        if self.first == who {
            return;
        }
        self.retain(coroutines, |_, other| other != who);
        coroutines[usize::from(who)].next = self.first;
        if self.is_empty() {
            self.last = who;
        }
        self.first = who;
    }

    /// Drops those that are not to be kept. Of these, the mark that they are queued is the caller's.
    pub(crate) fn retain(&mut self, coroutines: &mut [Coroutine], mut keeps: impl FnMut(&Coroutine, u16) -> bool) {
        let mut next = std::mem::replace(&mut self.first, NOBODY);
        while next != NOBODY {
            let who = next;
            let coroutine = coroutines[usize::from(who)];
            next = coroutine.next;
            if keeps(&coroutine, who) {
                self.push_back(coroutines, who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    #[test]
    fn it_is_a_queue() {
        let mut coroutines: Vec<Coroutine> = (0..40).map(Coroutine::main).collect();
        let (mut ready, mut model) = (Ready::new(), VecDeque::new());
        let mut free: VecDeque<u16> = (0..40).collect();
        for round in 0..5000_u16 {
            match round % 11 {
                0 | 2 | 3 | 5 | 7 => {
                    if let Some(who) = free.pop_front() {
                        ready.push_back(&mut coroutines, who);
                        model.push_back(who);
                    }
                }
                1 | 4 | 8 => {
                    let who = ready.pop_front(&mut coroutines);
                    assert_eq!(who, model.pop_front());
                    free.extend(who);
                }
                6 if round % 5 == 0 => {
                    let is_kept = |who: u16| !(who + round).is_multiple_of(3);
                    ready.retain(&mut coroutines, |_, who| is_kept(who));
                    free.extend(model.iter().filter(|who| !is_kept(**who)));
                    model.retain(|who| is_kept(*who));
                }
                _ => {
                    if let Some(at) = (!model.is_empty()).then(|| usize::from(round) % model.len()) {
                        let who = model.remove(at).expect("it is inside");
                        ready.bring_forward(&mut coroutines, who);
                        model.push_front(who);
                    }
                }
            }
            assert_eq!(ready.iter(&coroutines).collect::<VecDeque<_>>(), model, "round {round}");
            assert_eq!((ready.front(), ready.is_empty()), (model.front().copied(), model.is_empty()));
        }
    }
}
