//! The virtual clock of a session (MACHINE §3): it goes on only when nothing else does.

use crate::id::RequestId;
use crate::lazy::Empty;
use crate::value::node::saturated;
use std::collections::{BTreeMap, BTreeSet};

/// The time of a session and who sleeps until when. Deadlines are with their runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock {
    /// Nanoseconds since the session was opened.
    now: u64,
    sleepers: BTreeSet<(u64, RequestId, u16)>,
    /// The entry of each request.
    entries: BTreeMap<RequestId, (u64, u16)>,
}

impl Empty for Clock {
    const EMPTY: &'static Self = &Self { now: 0, sleepers: BTreeSet::new(), entries: BTreeMap::new() };
}

impl Clock {
    /// The time, as far as a `Duration` goes.
    pub(crate) fn now(&self) -> i64 {
        i64::try_from(self.now).unwrap_or(i64::MAX)
    }

    /// The time so many nanoseconds from now; a negative number stands for none.
    pub(crate) fn after(&self, nanoseconds: i64) -> u64 {
        self.now.saturating_add(u64::try_from(nanoseconds).unwrap_or(0))
    }

    /// The request of a coroutine is answered then.
    pub(crate) fn sleep(&mut self, until: u64, request: RequestId, who: u16) {
        self.sleepers.insert((until, request, who));
        self.entries.insert(request, (until, who));
    }

    /// The request is answered or called off.
    pub(crate) fn forget(&mut self, request: RequestId) {
        if let Some((until, who)) = self.entries.remove(&request) {
            self.sleepers.remove(&(until, request, who));
        }
    }

    /// When the first sleeper is to be woken, and which coroutine it is.
    pub(crate) fn first(&self) -> Option<(u64, u16)> {
        self.sleepers.first().map(|(until, _, who)| (*until, *who))
    }

    /// Appends its bytes to those of a session's state.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.now.to_le_bytes());
        out.extend_from_slice(&saturated(self.sleepers.len()).to_le_bytes());
        for (until, RequestId(request), who) in &self.sleepers {
            out.extend_from_slice(&until.to_le_bytes());
            out.extend_from_slice(&request.to_le_bytes());
            out.extend_from_slice(&who.to_le_bytes());
        }
    }

    /// Goes on; never back.
    pub(crate) fn advance(&mut self, to: u64) {
        self.now = self.now.max(to);
    }
}
