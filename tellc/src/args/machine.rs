//! How the machine of a run is set up.

use clap::{Args, ValueEnum};
use std::path::PathBuf;
use tell_vm::MAX_QUANTUM;

/// Options of what runs an image.
#[derive(Args, Debug)]
#[command(next_help_heading = "Machine")]
pub(crate) struct Machine {
    /// Steps of one session before the next one goes on, at most 1048576 [default: 256, or 1 while messages are printed]
    #[arg(long, value_name = "Q", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_QUANTUM)))]
    pub(crate) quantum: Option<u32>,
    /// Messages that fit between two roles before the sender waits
    #[arg(long, default_value_t = 64, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) edge_capacity: u32,
    /// The order in which the lines of control of a session take their steps
    #[arg(long, value_enum, default_value_t, value_name = "POLICY")]
    pub(crate) policy: Policy,
    /// What all steps of one line of control may cost; `docs/bytecode.md` has the costs [default: no limit]
    #[arg(long, value_name = "N")]
    pub(crate) credits: Option<u64>,
    /// What goes wrong between and with the roles, as JSON lines: {"session":0,"tick":12,"crash":"Buyer"}, and likewise
    /// partition, heal, corrupt, timeout
    #[arg(long, value_name = "FILE")]
    pub(crate) faults: Option<PathBuf>,
}

/// The order of steps in a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Policy {
    /// The same one until it has to wait
    #[default]
    Cooperative,
    /// One step each in turn
    RoundRobin,
    /// Who has waited long goes first
    Ageing,
    /// Who has had the most answers and timeouts since it last sent or received goes first
    TokenWeight,
    /// Who has had an answer or a timeout since it last sent or received goes before the others
    ProgressAware,
}
