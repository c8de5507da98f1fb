//! What a machine is configured with. All of it is data; nothing is read from the environment.

use crate::buffer::WhenFull;
use crate::error::VMError;
use crate::flow::FlowPolicy;
use crate::output::OutputCondition;
use crate::policy::{Policy, Priority};
use crate::value::node::Bound;
use crate::value::{MAX_DEPTH, MAX_SIZE};

/// Most coroutines a session can have anywhere; configured limits may be lower.
pub const MAX_COROUTINES: u32 = u16::MAX as u32;
/// Largest quantum. It bounds what a pick does, and so the events of one commit.
pub const MAX_QUANTUM: u32 = 1 << 20;

/// Configuration of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VMConfig {
    /// What a round is.
    pub rounds: RoundSemantics,
    /// Most picks of a round that [`crate::Machine::run`] makes, at least 1.
    pub concurrency: u32,
    /// Most steps of one session in one round, at least 1 and at most [`MAX_QUANTUM`].
    pub quantum: u32,
    /// Most steps in a row of one coroutine while others of its session could go on, at least 1.
    pub slice: u32,
    /// The order of the coroutines of a session.
    pub policy: Policy,
    /// Messages that fit on one edge, at least 1.
    pub edge_capacity: u32,
    /// Which facts may flow to which roles.
    pub flow: FlowPolicy,
    /// What a sender does when they are there.
    pub when_full: WhenFull,
    /// Which messages roles may send.
    pub output: OutputCondition,
    /// Given to handlers that draw random numbers.
    pub seed: u64,
    /// Which events are kept.
    pub trace: Retention,
    /// Limits; exceeding one is a typed fault.
    pub limits: Limits,
}

/// What a round is: how many sessions make steps in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RoundSemantics {
    /// One, whatever number is asked for.
    #[default]
    Canonical,
    /// As many different ones as are asked for and can go on; what they ask for is granted in the order they were taken.
    Waves,
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
    /// Coroutines of one session that are not done, at most [`MAX_COROUTINES`]: one per role, one per running branch.
    pub coroutines: u32,
    /// Scopes a role is in at once, each inside the one before.
    pub nesting: u32,
    /// Deepest nesting of a value, at most [`MAX_DEPTH`].
    pub value_depth: u32,
    /// Largest unfolded size of a value, at most [`MAX_SIZE`]: 1 for every value in it, and the bytes of its texts.
    pub value_size: u32,
    /// Messages on one edge under [`WhenFull::Resize`], at least as many as fit at first.
    pub edge: u32,
    /// Largest unfolded size of a value in a message, at most [`MAX_SIZE`].
    pub payload_size: u32,
    /// Credits each coroutine has for all its steps; none means that nothing counts them. What a step costs is said by
    /// [`tell_ir::instr::Row::cost`].
    pub credits: Option<u64>,
}

impl Limits {
    pub(crate) const fn bound(&self) -> Bound {
        Bound { depth: self.value_depth, size: self.value_size }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sessions: 1 << 20,
            registers: 1 << 20,
            coroutines: MAX_COROUTINES,
            nesting: 1024,
            value_depth: MAX_DEPTH,
            value_size: 1 << 20,
            edge: 1 << 16,
            payload_size: 1 << 20,
            credits: None,
        }
    }
}

impl Default for VMConfig {
    fn default() -> Self {
        Self {
            flow: FlowPolicy::default(),
            rounds: RoundSemantics::Canonical,
            concurrency: 1,
            quantum: 1,
            slice: 256,
            policy: Policy::Cooperative,
            edge_capacity: 64,
            when_full: WhenFull::Block,
            output: OutputCondition::Disabled,
            seed: 0,
            trace: Retention::All,
            limits: Limits::default(),
        }
    }
}

impl VMConfig {
    pub(crate) fn check(&self) -> Result<(), VMError> {
        let limits = &self.limits;
        let every = if let Policy::Priority(Priority::Ageing { every }) = self.policy { every } else { 1 };
        let least = if self.when_full == WhenFull::Resize { u64::from(self.edge_capacity) } else { 0 };
        let rules = [
            ("concurrency", u64::from(self.concurrency), 1, u64::from(u32::MAX)),
            ("quantum", u64::from(self.quantum), 1, u64::from(MAX_QUANTUM)),
            ("slice", u64::from(self.slice), 1, u64::MAX),
            ("edge_capacity", u64::from(self.edge_capacity), 1, u64::MAX),
            ("limits.edge", u64::from(limits.edge), least, u64::from(u32::MAX)),
            ("policy.every", u64::from(every), 1, u64::from(u32::MAX)),
            ("limits.coroutines", u64::from(limits.coroutines), 1, u64::from(MAX_COROUTINES)),
            ("limits.payload_size", u64::from(limits.payload_size), 1, u64::from(MAX_SIZE)),
            ("limits.value_depth", u64::from(limits.value_depth), 1, u64::from(MAX_DEPTH)),
            ("limits.value_size", u64::from(limits.value_size), 1, u64::from(MAX_SIZE)),
        ];
        self.flow.check()?;
        for (field, value, min, max) in rules {
            if value < min || value > max {
                return Err(VMError::Configuration { field, value, min, max });
            }
        }
        Ok(())
    }
}
