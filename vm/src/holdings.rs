//! What the roles of a session hold besides their registers: nested sessions, guard layers, knowledge.

use crate::id::SessionId;
use crate::value::Value;
use crate::value::encode::encode;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// The holdings of a session; most have none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holdings {
    /// Nested sessions, and the role that may close each.
    pub(crate) owned: BTreeMap<SessionId, u16>,
    /// Sessions opened so far, which are their numbers; so none is opened when they are used up.
    pub(crate) opened: u32,
    /// Role and fact: who knows what.
    pub(crate) known: BTreeSet<(u16, u16)>,
    /// Endpoints on their way, by edge and number of the message, each with its bundle.
    pub(crate) parcels: BTreeMap<(u32, u32), (u16, SessionId)>,
    /// Layers that somebody holds or waits for.
    pub(crate) guards: BTreeMap<u16, Guard>,
    /// Evidence made so far; wraps.
    pub(crate) evidence: u32,
    /// Shared layers given back that the machine has not heard of.
    pub(crate) freed: Vec<u16>,
    /// Nested sessions that nobody owns any more, of which the machine has not heard either.
    pub(crate) lost: Vec<SessionId>,
}

/// A layer in a session.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guard {
    /// The coroutine that holds it, or is the next to.
    pub(crate) holder: Option<u16>,
    /// The number of the holder's evidence, once it has any.
    pub(crate) evidence: Option<u32>,
    /// Coroutines that wait for it, first come first served; those for a shared layer wait in the machine.
    pub(crate) queue: VecDeque<u16>,
    /// Whether it is shared with other sessions.
    pub(crate) is_shared: bool,
}

impl Holdings {
    /// Appends canonical bytes of all but who waits and what the machine is to hear of.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let Self { owned, opened, known, parcels, guards, evidence, freed: _, lost: _ } = self;
        for (id, role) in owned {
            encode(&Value::Session(Arc::new(id.clone())), out);
            out.extend_from_slice(&role.to_le_bytes());
        }
        for (role, fact) in known {
            out.push(1);
            out.extend_from_slice(&[role.to_le_bytes(), fact.to_le_bytes()].concat());
        }
        for ((edge, number), (bundle, id)) in parcels {
            out.push(2);
            out.extend_from_slice(&[edge.to_le_bytes(), number.to_le_bytes()].concat());
            out.extend_from_slice(&bundle.to_le_bytes());
            encode(&Value::Session(Arc::new(id.clone())), out);
        }
        for (layer, guard) in guards.iter().filter(|(_, guard)| guard.evidence.is_some()) {
            out.push(3);
            out.extend_from_slice(&[*layer, guard.holder.unwrap_or(u16::MAX)].map(u16::to_le_bytes).concat());
            out.extend_from_slice(&guard.evidence.unwrap_or_default().to_le_bytes());
        }
        out.push(4);
        out.extend_from_slice(&[opened.to_le_bytes(), evidence.to_le_bytes()].concat());
    }

    /// The next evidence's number.
    pub(crate) const fn next_evidence(&mut self) -> u32 {
        let number = self.evidence;
        self.evidence = number.wrapping_add(1);
        number
    }

    /// The highest layer a coroutine holds.
    pub(crate) fn highest(&self, who: u16) -> Option<u16> {
        let held = |guard: &Guard| guard.holder == Some(who) && guard.evidence.is_some();
        self.guards.iter().rev().find(|(_, guard)| held(guard)).map(|(layer, _)| *layer)
    }

    /// Gives a layer back. Returns the coroutine of this session that is the next to hold it.
    pub(crate) fn free(&mut self, layer: u16) -> Option<u16> {
        let guard = self.guards.get_mut(&layer)?;
        guard.evidence = None;
        guard.holder = guard.queue.pop_front();
        let next = guard.holder;
        if guard.is_shared {
            self.freed.push(layer);
        }
        if next.is_none() {
            self.guards.remove(&layer);
        }
        next
    }

    /// Takes a coroutine out of all queues. Returns the layers it holds or is the next to hold.
    pub(crate) fn forsake(&mut self, who: u16) -> Vec<u16> {
        self.guards.values_mut().for_each(|guard| guard.queue.retain(|waiter| *waiter != who));
        self.guards.iter().filter(|(_, guard)| guard.holder == Some(who)).map(|(layer, _)| *layer).collect()
    }
}
