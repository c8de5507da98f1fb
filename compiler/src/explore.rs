//! Exploration of the composition of all role machines over FIFO channels: the oracle of the projection.
//!
//! The composition has one FIFO channel per ordered pair of roles. [`explore`] visits all configurations breadth first
//! within [`Bounds`] and says what goes wrong first, how long the channels get, and whether every run can end. What
//! the theorem behind the projection promises (Li, Stutz, Wies, Zufferey, CAV 2023) is thereby tested, not assumed.
//!
//! `code` makes the machines ready and finds out with `track` which data matters, `image` those of an image without
//! data; `config` is a configuration, `term`
//! the symbols in it and `rename` their canonical names; [`System`] takes the steps, with those of scopes in `scope`;
//! `status` judges a configuration; `search` and `verdict` explore; `channels` bounds what was not explored to the end;
//! [`diagram()`] draws a run. [`refute()`] shows by a run that a rejection of the projection is right.
//!
//! **Data.** A slot holds a symbol for its binding. A name in a message passes its symbol on, a constant is itself, any
//! other expression is one evaluation and makes a new symbol. A shared decision is taken once per structure and symbols
//! it reads, and remembered while somebody can still ask for it; a decision that only one role takes is free each time,
//! as the choreography has it. Names bound inside a `Par` or a scope are new symbols behind it.
//!
//! **Silent steps** are taken before all others where nobody else can see or hinder them (an ample set); runs and
//! distances count messages only.

mod channels;
pub(crate) mod code;
mod config;
mod diagram;
mod image;
mod refute;
mod rename;
mod scope;
mod search;
mod status;
mod system;
mod term;
mod track;
mod verdict;

pub use config::Config;
pub use diagram::{diagram, sentence};
pub use image::shares_decisions;
pub use refute::{Open, Refutation, refute};
pub use status::Status;
pub use system::{Move, System, What};

use crate::graph::{Graph, Role};
use crate::hir::Program;
use crate::project::machine::Machine;
use tell_ir::image::CodeImage;

/// How far an exploration goes.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Most configurations.
    pub states: usize,
    /// Most messages in one channel; a sender waits while it is full.
    pub queue: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { states: 100_000, queue: 8 }
    }
}

/// What an exploration found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exploration {
    /// Configurations visited.
    pub states: usize,
    /// Whether all configurations were visited and no step was cut by a bound.
    pub complete: bool,
    /// Most messages in one channel over all runs; `None` if that is unknown or above [`Bounds::queue`].
    pub queue_bound: Option<u32>,
    /// The same for each channel in use.
    pub edges: Vec<EdgeBound>,
    /// Whether runs end.
    pub termination: Termination,
    /// Roles that may wait for ever: somewhere they would take a message, need not, and never move again.
    pub may_wait: Vec<Role>,
    /// What goes wrong, by a shortest run.
    pub problem: Option<Problem>,
}

/// The most messages in one channel over all runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EdgeBound {
    /// Sender.
    pub from: Role,
    /// Receiver.
    pub to: Role,
    /// `None` if it is unknown or above [`Bounds::queue`].
    pub bound: Option<u32>,
    /// The most that were seen.
    pub seen: u32,
}

/// Whether runs end, in what was explored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Termination {
    /// Every run ends.
    Always,
    /// From everywhere an end can be reached.
    Possible,
    /// From so many configurations none can be reached.
    Partial(usize),
    /// No run ends.
    Never,
    /// There were too many configurations, or something goes wrong.
    Unknown,
}

/// Something that goes wrong, and how it comes about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What it is.
    pub kind: ProblemKind,
    /// A shortest run that leads there.
    pub run: Vec<Event>,
}

/// What can go wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// Nobody can move, and these roles have to.
    Deadlock {
        /// The roles that wait.
        waiting: Vec<Role>,
    },
    /// A message that is never received.
    Orphan {
        /// Sender.
        from: Role,
        /// Receiver.
        to: Role,
        /// Index into [`Graph::labels`].
        label: u32,
    },
    /// A role waits for other messages than the one that is there.
    Unexpected {
        /// The role.
        role: Role,
        /// Sender of the message.
        from: Role,
        /// Its label, an index into [`Graph::labels`].
        label: u32,
    },
}

/// A message that is sent or received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Who does it.
    pub role: Role,
    /// Whether it sends; else it receives.
    pub is_send: bool,
    /// The role at the other end.
    pub peer: Role,
    /// Index into [`Graph::labels`].
    pub label: u32,
}

impl Event {
    /// The communication of a step; `None` if it is silent.
    #[must_use]
    pub fn of(step: &Move) -> Option<Self> {
        let (is_send, peer, label) = match step.what {
            What::Send { to, label } => (true, to, label),
            What::Recv { from, label } => (false, from, label),
            What::Silent => return None,
        };
        Some(Self { role: step.role, is_send, peer, label })
    }
}

/// Explores the composition of the machines of a choreography, one per role, in order of the roles.
#[must_use]
pub fn explore(program: &Program, graph: &Graph, machines: &[Machine], bounds: Bounds) -> Exploration {
    let mut found = search::Search::new(System::new(program, graph, machines, bounds), bounds).run();
    if !found.complete && found.problem.is_none() {
        channels::settle(graph, &mut found);
    }
    found
}

/// Explores the composition of the local machines of an image, which need not be verified but for its tables and
/// machines (V1, V5.1). Labels in the answer are those of the image.
#[must_use]
pub fn explore_image(image: &CodeImage, bounds: Bounds) -> Exploration {
    search::Search::new(System::of_image(image, bounds), bounds).run()
}

#[cfg(test)]
mod tests;
