//! `tellc completions`: completions for shells.

use crate::args::{Cli, Completions};
use crate::outcome::{Exit, Trouble};
use crate::output::Output;
use clap::CommandFactory;

/// Prints the script for one shell.
///
/// # Errors
/// Those of standard output.
pub(crate) fn completions(args: &Completions, output: &Output) -> Result<Exit, Trouble> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "tellc", &mut script);
    output.bytes(&script)?;
    Ok(Exit::Ok)
}
