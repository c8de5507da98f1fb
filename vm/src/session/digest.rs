//! The digest of a session's state, over everything that a step which is not committed leaves alone.
//!
//! In it: registers, messages, runs of scopes, what roles hold, what one of them tries, the clock, the request counter, and
//! where every coroutine is. Not in it: who waits for what, credits, the trace, the configuration. The bytes are canonical:
//! fixed-width numbers, every list with its length.

use super::{Coroutine, SessionState, Status};
use crate::edge::{Edge, Stamp};
use crate::holdings::Holdings;
use crate::value::encode::encode;
use crate::value::node::saturated;
use tell_ir::hash::{Purpose, digest};

impl SessionState {
    /// The digest of the state.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut out = Vec::new();
        count(&mut out, self.registers.len());
        self.registers.iter().for_each(|value| encode(value, &mut out));
        let alive = self.coroutines.iter().zip(0..).filter(|(coroutine, _)| coroutine.status != Status::Gone);
        let alive: Vec<(&Coroutine, u16)> = alive.collect();
        count(&mut out, alive.len());
        alive.iter().for_each(|(coroutine, who)| place(&mut out, *who, coroutine));
        let used = (0_u32..).zip(&self.edges).filter(|(_, edge)| edge.sent() > 0);
        let used: Vec<(u32, &Edge)> = used.collect();
        count(&mut out, used.len());
        used.iter().for_each(|(number, edge)| messages(&mut out, *number, edge));
        self.runs.write(&mut out);
        self.clock.write(&mut out);
        out.extend_from_slice(&self.requests.to_le_bytes());
        // None are the same as none yet.
        match &self.holdings {
            Some(holdings) => holdings.write(&mut out),
            None => Holdings::default().write(&mut out),
        }
        if let Some(speculation) = &self.speculation {
            speculation.write(&mut out);
        }
        digest(Purpose::Session, &out)
    }
}

fn count(out: &mut Vec<u8>, len: usize) {
    out.extend_from_slice(&saturated(len).to_le_bytes());
}

fn place(out: &mut Vec<u8>, who: u16, coroutine: &Coroutine) {
    let Coroutine { pc, status: _, role, is_queued: _, next: _, parent, children, part, home, called } = *coroutine;
    // No coroutine has the last number.
    for number in [who, role, parent.unwrap_or(u16::MAX), children] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    for number in [pc, part.bits(), home.bits(), called.map_or(0, |run| run.number())] {
        out.extend_from_slice(&number.to_le_bytes());
    }
}

fn messages(out: &mut Vec<u8>, number: u32, edge: &Edge) {
    out.extend_from_slice(&number.to_le_bytes());
    out.extend_from_slice(&edge.sent().to_le_bytes());
    count(out, edge.len());
    for message in edge.messages() {
        let Stamp { number, label, part } = message.stamp;
        out.extend_from_slice(&number.to_le_bytes());
        out.extend_from_slice(&label.to_le_bytes());
        out.extend_from_slice(&part.bits().to_le_bytes());
        encode(&message.payload, out);
    }
}
