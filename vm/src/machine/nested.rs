//! What sessions want from each other, granted at commit: nested sessions and shared guard layers.
//!
//! A grant may concern a session of the same wave that is not committed yet; so ends of sessions and layers given back
//! are noted, and settled when the wave is over.

use super::sessions::{Slot, Ticket};
use super::{Driver, Machine};
use crate::fault::Fault;
use crate::id::SessionId;
use crate::kernel::VMKernel;
use crate::session::{PickEnd, Session, SessionEnd, SessionReport, Status, Want};
use crate::value::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What sessions share, and who waits for it.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Shared guard layers, by name.
    names: BTreeMap<String, usize>,
    layers: Vec<Layer>,
    /// Nested sessions whose endpoint some session holds; their reports are not the host's.
    owned: BTreeSet<SessionId>,
    /// Who waits for the end of a nested session.
    closers: BTreeMap<SessionId, (Ticket, u16)>,
    /// What happened in this wave.
    news: VecDeque<News>,
}

#[derive(Debug, Default)]
struct Layer {
    is_held: bool,
    queue: VecDeque<(Ticket, u16)>,
}

#[derive(Debug)]
enum News {
    Opened(Ticket),
    Ended(SessionId),
    Freed(usize),
}

impl Shared {
    /// The number of a shared layer.
    pub(super) fn layer(&mut self, name: &str) -> usize {
        let next = self.layers.len();
        let number = *self.names.entry(name.to_owned()).or_insert(next);
        if number == next {
            self.layers.push(Layer::default());
        }
        number
    }

    /// Whether the report of a session is its owner's.
    pub(super) fn is_owned(&self, id: &SessionId) -> bool {
        self.owned.contains(id)
    }

    /// A session has ended: others may wait for it, and the host inherits what it owned.
    pub(super) fn ended(&mut self, session: &Session) {
        if session.state.log.session().depth() > 0 {
            self.news.push_back(News::Ended(session.state.log.session().clone()));
        }
        if let Some(holdings) = &session.state.holdings {
            let on_the_way = holdings.parcels.values().map(|(_, id)| id);
            holdings.owned.keys().chain(on_the_way).for_each(|id| _ = self.owned.remove(id));
        }
    }

    /// Notes the shared layers a session gave back. The host inherits the nested sessions it lost.
    pub(super) fn freed(&mut self, session: &mut Session) {
        let Some(holdings) = &mut session.state.holdings else { return };
        holdings.lost.drain(..).for_each(|id| _ = self.owned.remove(&id));
        for layer in holdings.freed.drain(..) {
            if let Some(number) = session.loaded.layers.get(usize::from(layer)).copied().flatten() {
                self.news.push_back(News::Freed(number));
            }
        }
    }
}

impl<D: Driver> Machine<D> {
    /// Grants what a coroutine asks for, or notes that it waits.
    pub(super) fn grant_want(&mut self, session: &mut Session, ticket: Ticket, who: u16, want: Want) -> PickEnd {
        let granted = match want {
            Want::Open { .. } => match self.open_nested(session, who) {
                Ok(()) => true,
                Err(fault) => return PickEnd::Ended(session.fault(Some(who), fault)),
            },
            Want::Close { .. } => match self.close_nested(session, ticket, who) {
                Ok(granted) => granted,
                Err(fault) => return PickEnd::Ended(session.fault(Some(who), fault)),
            },
            Want::Acquire { layer, .. } => self.acquire_shared(session, ticket, who, layer),
        };
        if granted {
            return PickEnd::Ready;
        }
        session.drop_first();
        if session.state.ready.is_empty() { session.quiesce() } else { PickEnd::Ready }
    }

    fn open_nested(&mut self, session: &mut Session, who: u16) -> Result<(), Box<Fault>> {
        let Some((nested, args)) = VMKernel::arguments_of_open(&session.loaded.program, &session.state, who) else {
            return Ok(());
        };
        let Some(image) = session.loaded.nested.get(usize::from(nested)).copied() else {
            return Err(Box::new(Fault::MissingEntry { table: "nested image", index: u32::from(nested) }));
        };
        let (value, max) = (u64::from(self.active) + 1, u64::from(self.config.limits.sessions));
        if value > max {
            return Err(Box::new(Fault::LimitExceeded { what: "sessions", value, max }));
        }
        let number = session.state.holdings().opened;
        let id = session.state.log.session().child(number);
        let given: Vec<SessionId> = args.iter().flatten().filter_map(endpoint).collect();
        let ticket = self.start(image, id.clone(), &args);
        self.shared_state.news.push_back(News::Opened(ticket));
        VMKernel::opened(&session.loaded.program, &mut session.state, who, &id, &given);
        self.shared_state.owned.insert(id);
        Ok(())
    }

    /// Commits the end of a nested session; false if it has not ended.
    fn close_nested(&mut self, session: &mut Session, ticket: Ticket, who: u16) -> Result<bool, Box<Fault>> {
        let Some(id) = VMKernel::closing(&session.loaded.program, &session.state, who) else { return Ok(true) };
        match self.sessions.get(&id) {
            Some(Slot::Active(_) | Slot::Picked) => {
                self.shared_state.closers.insert((*id).clone(), (ticket, who));
                Ok(false)
            }
            Some(Slot::Ended(_) | Slot::Free) | None => {
                let Some(end) = self.finish_nested(&id) else {
                    let reason = "there is no report of it";
                    return Err(Box::new(Fault::Close { session: format!("session {id}"), reason }));
                };
                VMKernel::closed(&session.loaded.program, &mut session.state, who, end);
                Ok(true)
            }
        }
    }

    /// Forgets a nested session that has ended. Returns how it ended, if there is a report.
    fn finish_nested(&mut self, id: &SessionId) -> Option<&'static str> {
        self.shared_state.owned.remove(id);
        self.sessions.take(id).as_ref().map(how)
    }

    fn acquire_shared(&mut self, session: &mut Session, ticket: Ticket, who: u16, layer: u16) -> bool {
        let Some(number) = session.loaded.layers.get(usize::from(layer)).copied().flatten() else { return true };
        let entry = &mut self.shared_state.layers[number];
        if entry.is_held {
            entry.queue.push_back((ticket, who));
            return false;
        }
        entry.is_held = VMKernel::acquired(&session.loaded.program, &mut session.state, who, layer);
        true
    }

    /// Settles what happened in a wave, in the order in which it was committed.
    pub(super) fn settle(&mut self) {
        while let Some(news) = self.shared_state.news.pop_front() {
            match news {
                News::Opened(ticket) => self.note_opened(ticket),
                News::Ended(id) => self.settle_end(&id),
                News::Freed(number) => self.settle_layer(number),
            }
        }
    }

    fn settle_end(&mut self, id: &SessionId) {
        let Some((ticket, who)) = self.shared_state.closers.remove(id) else { return };
        let Some(Slot::Active(session)) = self.sessions.slot(ticket) else { return };
        if VMKernel::closing(&session.loaded.program, &session.state, who).as_deref() != Some(id) {
            return;
        }
        let Some(end) = self.finish_nested(id) else { return };
        self.wake(ticket, |session| VMKernel::closed(&session.loaded.program, &mut session.state, who, end));
    }

    fn settle_layer(&mut self, number: usize) {
        self.shared_state.layers[number].is_held = false;
        while !self.shared_state.layers[number].is_held {
            let Some((ticket, who)) = self.shared_state.layers[number].queue.pop_front() else { return };
            let mut is_held = false;
            self.wake(ticket, |session| {
                let mut layers = session.loaded.layers.iter().zip(0..);
                let layer = layers.find(|(shared, _)| **shared == Some(number)).map_or(u16::MAX, |(_, layer)| layer);
                is_held = VMKernel::acquired(&session.loaded.program, &mut session.state, who, layer);
            });
            self.shared_state.layers[number].is_held = is_held;
        }
    }

    /// Changes a session that is in no wave; it may be able to go on then.
    fn wake(&mut self, ticket: Ticket, change: impl FnOnce(&mut Session)) {
        let Some(Slot::Active(session)) = self.sessions.slot(ticket) else { return };
        let was_waiting = session.state.ready.is_empty();
        change(session);
        let can_go_on = !session.state.ready.is_empty();
        self.trace.commit(&mut session.state.log, &session.loaded.program);
        if was_waiting && can_go_on {
            self.ready.push_back(ticket);
        }
    }

    /// What a coroutine asks for.
    pub(super) fn want(session: &Session, who: u16) -> Option<Want> {
        match session.state.coroutines.get(usize::from(who))?.status {
            Status::Asking(want) => Some(want),
            _ => None,
        }
    }
}

fn endpoint(value: &Value) -> Option<SessionId> {
    if let Value::Endpoint(id) = value { Some(SessionId::clone(id)) } else { None }
}

/// How a session ended, in a word for the one that closes it.
fn how(report: &SessionReport) -> &'static str {
    match &report.end {
        SessionEnd::Closed => "closed",
        SessionEnd::Faulted(fault) => fault.fault.code(),
        SessionEnd::Cancelled(_) => "cancelled",
    }
}
