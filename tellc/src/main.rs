//! `tellc`: check, build, run and show Tell programs (TOOLS §1).
//!
//! All input and output of the project is here. [`args`] is the command line, each command has a file of its name,
//! [`input`] reads, [`output`] writes, [`outcome`] says how a command ends. Start with the command you look for.

#![allow(clippy::disallowed_methods, reason = "IO lives in tellc")]

mod args;
mod build;
mod check;
mod check_trace;
mod compile;
mod completions;
mod explain;
mod explore;
mod fmt;
mod host;
mod import;
mod input;
mod interrupt;
mod outcome;
mod output;
mod project;
mod prompt;
mod run;
mod show;
mod sources;
mod subtype;
mod trace;
mod values;
mod verify;

use args::{Cli, Command};
use clap::Parser;
use outcome::{Exit, Trouble};
use output::Output;
use std::process::ExitCode;

fn main() -> ExitCode {
    outcome::report_panics();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return outcome::usage(&error).into(),
    };
    let output = Output::new(&cli.settings);
    let result = dispatch(cli.command, &output);
    outcome::finish(result, &output).into()
}

fn dispatch(command: Command, output: &Output) -> Result<Exit, Trouble> {
    match command {
        Command::Check(args) => check::check(&args, output),
        Command::CheckTrace(args) => check_trace::check_trace(&args, output),
        Command::Fmt(args) => fmt::fmt(&args, output),
        Command::Build(args) => build::build(&args, output),
        Command::Run(args) => run::run(&args, output),
        Command::Project(args) => project::project(&args, output),
        Command::Import(args) => import::import(&args, output),
        Command::Subtype(args) => subtype::subtype(&args, output),
        Command::Show(args) => show::show(&args, output),
        Command::Explain(args) => explain::explain(&args, output),
        Command::Verify(args) => verify::verify(&args, output),
        Command::Completions(args) => completions::completions(&args, output),
    }
}
