//! What may happen to the roles of a session and to what lies between them (MACHINE §3).
//!
//! An input is addressed to a session and a number of steps: it takes effect when that many are committed, before the
//! next one. In a session in which nothing can step and that is not over, the earliest input takes effect at once,
//! before the clock goes on. So it does not matter when an input is given, as long as its steps are not yet made.
//!
//! Partitions cut edges only: a role learns how a scope ends whatever is cut.

use crate::kernel::program::Program;
use std::collections::{BTreeMap, BTreeSet};

/// An input. Roles are given by index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Topology {
    /// The role is gone, and with it the session: the others learn that it has ended.
    Crash(u16),
    /// What these roles and the others send to each other is not seen until it is healed; it may be sent. A partition adds
    /// to those that are there.
    Partition(Vec<u16>),
    /// No edge is cut any more.
    Heal,
    /// The newest message on an edge is damaged; if there is none, the next one that is sent.
    Corrupt {
        /// Sender.
        from: u16,
        /// Receiver.
        to: u16,
        /// What is damaged.
        damage: Damage,
    },
    /// The role makes no step until the session's clock has gone on.
    Timeout {
        /// The role.
        role: u16,
        /// By how much.
        nanoseconds: u64,
    },
}

/// The part of a message that is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// Its value.
    Payload,
    /// Its label.
    Label,
    /// Its number on the edge.
    Sequence,
}

/// What happens to a session, and what is left of what happened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disturbance {
    /// Inputs that have not taken effect, by steps and in the order they were given.
    inputs: BTreeMap<(u64, u32), Topology>,
    given: u32,
    /// Edges that are cut.
    cut: BTreeSet<u32>,
    /// What happens to the next message of an edge.
    next: Vec<(u32, Damage)>,
    /// Digests of damaged messages as they were sent, by their edges and how many messages are before them there.
    digests: BTreeMap<(u32, u32), [u8; 32]>,
    /// Roles that make no step before a time.
    suspended: BTreeMap<u16, u64>,
    /// Their coroutines that could step, in order.
    pub(crate) parked: Vec<u16>,
}

impl Disturbance {
    /// An input to take effect after so many steps.
    pub(crate) fn give(&mut self, tick: u64, input: Topology) {
        self.inputs.insert((tick, self.given), input);
        self.given = self.given.wrapping_add(1);
    }

    /// Steps after which the next input takes effect.
    pub(crate) fn due(&self) -> Option<u64> {
        self.inputs.first_key_value().map(|((tick, _), _)| *tick)
    }

    /// Takes the next input if so many steps are enough for it.
    pub(crate) fn take(&mut self, tick: u64) -> Option<Topology> {
        let entry = self.inputs.first_entry().filter(|entry| entry.key().0 <= tick)?;
        Some(entry.remove())
    }

    /// Cuts the edges between these roles and the others.
    pub(crate) fn partition(&mut self, roles: &[u16], program: &Program) {
        let is_there = |role: u16| roles.contains(&role);
        let edges = (0..).zip(&program.edges).filter(|(_, edge)| is_there(edge.from) != is_there(edge.to));
        self.cut.extend(edges.map(|(number, _)| number));
    }

    /// Cuts no edge any more; those that were.
    pub(crate) fn heal(&mut self) -> BTreeSet<u32> {
        std::mem::take(&mut self.cut)
    }

    /// Whether an edge is cut.
    pub(crate) fn is_cut(&self, edge: u32) -> bool {
        self.cut.contains(&edge)
    }

    /// Whether any is.
    pub(crate) fn is_partitioned(&self) -> bool {
        !self.cut.is_empty()
    }

    /// The next message of an edge is to be damaged.
    pub(crate) fn damage_next(&mut self, edge: u32, damage: Damage) {
        self.next.push((edge, damage));
    }

    /// What is to happen to the message that was just sent.
    pub(crate) fn take_next(&mut self, edge: u32) -> Option<Damage> {
        let place = self.next.iter().position(|(number, _)| *number == edge)?;
        Some(self.next.remove(place).1)
    }

    /// A message with so many before it on its edge is damaged; this is its digest as it is now, unless it is known
    /// already.
    pub(crate) fn keep(&mut self, edge: u32, before: u32, digest: impl FnOnce() -> [u8; 32]) {
        self.digests.entry((edge, before)).or_insert_with(digest);
    }

    /// The digest of the head of an edge as it was sent, if it is damaged.
    pub(crate) fn of_head(&self, edge: u32) -> Option<&[u8; 32]> {
        self.digests.get(&(edge, 0))
    }

    /// The message with so many before it is gone.
    pub(crate) fn forget(&mut self, edge: u32, before: u32) {
        self.digests.remove(&(edge, before));
    }

    /// The head of an edge was taken off.
    pub(crate) fn move_up(&mut self, edge: u32) {
        if self.digests.is_empty() {
            return;
        }
        self.forget(edge, 0);
        let behind = self.digests.range((edge, 0)..=(edge, u32::MAX)).map(|((_, before), _)| *before);
        for before in behind.collect::<Vec<_>>() {
            if let Some(digest) = self.digests.remove(&(edge, before)) {
                self.digests.insert((edge, before - 1), digest);
            }
        }
    }

    /// A message was put back to the head of an edge. It is as it was sent: one that is damaged is not taken.
    pub(crate) fn move_down(&mut self, edge: u32) {
        let all = self.digests.range((edge, 0)..=(edge, u32::MAX)).map(|((_, before), _)| *before);
        for before in all.collect::<Vec<_>>().into_iter().rev() {
            if let Some(digest) = self.digests.remove(&(edge, before)) {
                self.digests.insert((edge, before + 1), digest);
            }
        }
    }

    /// A role makes no step before a time.
    pub(crate) fn suspend(&mut self, role: u16, until: u64) {
        let time = self.suspended.entry(role).or_insert(until);
        *time = until.max(*time);
    }

    /// Whether a role makes no step.
    pub(crate) fn is_suspended(&self, role: u16) -> bool {
        self.suspended.contains_key(&role)
    }

    /// Whether any is.
    pub(crate) fn has_suspended(&self) -> bool {
        !self.suspended.is_empty()
    }

    /// When the first role that makes no step goes on.
    pub(crate) fn resumption(&self) -> Option<u64> {
        self.suspended.values().min().copied()
    }

    /// Lets roles go on whose time has come.
    pub(crate) fn resume(&mut self, now: u64) {
        self.suspended.retain(|_, until| *until > now);
    }
}
