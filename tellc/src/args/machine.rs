//! How the machine of a run is set up.

use clap::Args;

/// Options of what runs an image.
#[derive(Args, Debug)]
#[command(next_help_heading = "Machine")]
pub(crate) struct Machine {
    /// Steps of one session before the next one goes on [default: 256, or 1 while messages are printed]
    #[arg(long, value_name = "Q", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) quantum: Option<u32>,
    /// Messages that fit between two roles before the sender waits
    #[arg(long, default_value_t = 64, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) edge_capacity: u32,
    /// What all steps of one line of control may cost; `docs/bytecode.md` has the costs [default: no limit]
    #[arg(long, value_name = "N")]
    pub(crate) credits: Option<u64>,
}
