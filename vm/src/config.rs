//! What a machine is configured with. All of it is data; nothing is read from the environment.

use crate::error::VMError;
use crate::value::node::Bound;
use crate::value::{MAX_DEPTH, MAX_SIZE};

/// Largest quantum. It bounds what a pick does, and so the events of one commit.
pub const MAX_QUANTUM: u32 = 1 << 20;

/// Configuration of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VMConfig {
    /// Most steps of one session in one round, at least 1 and at most [`MAX_QUANTUM`].
    pub quantum: u32,
    /// Most steps in a row of one coroutine while others of its session could go on, at least 1.
    pub slice: u32,
    /// Most messages queued on one edge, at least 1; a sender blocks when it is reached.
    pub edge_capacity: u32,
    /// Given to handlers that draw random numbers.
    pub seed: u64,
    /// Which events are kept.
    pub trace: Retention,
    /// Limits; exceeding one is a typed fault.
    pub limits: Limits,
}

/// Which events of a run are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// None; recording costs nothing.
    Off,
    /// All.
    All,
    /// The last so many.
    Last(usize),
    /// None here: they go to the sink of [`crate::Machine::set_sink`] at each commit.
    Sink,
}

/// Limits of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Sessions open at once.
    pub sessions: u32,
    /// Registers of one session, over all its roles.
    pub registers: u32,
    /// Deepest nesting of a value, at most [`MAX_DEPTH`].
    pub value_depth: u32,
    /// Largest unfolded size of a value, at most [`MAX_SIZE`]: 1 for every value in it, and the bytes of its texts.
    pub value_size: u32,
}

impl Limits {
    pub(crate) const fn bound(&self) -> Bound {
        Bound { depth: self.value_depth, size: self.value_size }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { sessions: 1 << 20, registers: 1 << 20, value_depth: MAX_DEPTH, value_size: 1 << 20 }
    }
}

impl Default for VMConfig {
    fn default() -> Self {
        Self { quantum: 1, slice: 256, edge_capacity: 64, seed: 0, trace: Retention::All, limits: Limits::default() }
    }
}

impl VMConfig {
    pub(crate) fn check(&self) -> Result<(), VMError> {
        let limits = &self.limits;
        let rules = [
            ("quantum", u64::from(self.quantum), 1, u64::from(MAX_QUANTUM)),
            ("slice", u64::from(self.slice), 1, u64::MAX),
            ("edge_capacity", u64::from(self.edge_capacity), 1, u64::MAX),
            ("limits.value_depth", u64::from(limits.value_depth), 1, u64::from(MAX_DEPTH)),
            ("limits.value_size", u64::from(limits.value_size), 1, u64::from(MAX_SIZE)),
        ];
        for (field, value, min, max) in rules {
            if value < min || value > max {
                return Err(VMError::Configuration { field, value, min, max });
            }
        }
        Ok(())
    }
}
