//! `tellc`: check, build, run and show Tell programs (TOOLS §1).
//!
//! All input and output of the project is here. [`args`] is the command line, each command has a file of its name,
//! [`input`] reads, [`output`] writes, [`outcome`] says how a command ends. Start with the command you look for.

#![allow(clippy::disallowed_methods, reason = "IO lives in tellc")]

mod args;
mod asm;
mod build;
mod check;
mod check_trace;
mod compile;
mod completions;
mod explain;
mod explore;
mod fix;
mod fmt;
mod host;
mod import;
mod input;
mod interrupt;
mod manifest;
mod new;
mod outcome;
mod output;
mod package;
mod programs;
mod project;
mod prompt;
mod run;
mod seen;
mod show;
mod sources;
mod subtype;
mod test;
mod trace;
mod values;
mod verify;
mod watch;

use args::{Build, Check, Cli, Command, Run, Test};
use clap::Parser;
use input::is_dash;
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
    let result = match again(&cli.command) {
        Ok(false) => dispatch(&cli.command, &output),
        Ok(true) => watch::watch(&output, || dispatch(&cli.command, &output)),
        Err(trouble) => Err(trouble),
    };
    outcome::finish(result, &output).into()
}

/// Whether the command is to run again after changes.
fn again(command: &Command) -> Result<bool, Trouble> {
    if let Command::Run(Run { watch: true, nested, .. }) = command
        && nested.iter().any(|path| is_dash(path))
    {
        return Err(once());
    }
    let (is_wanted, paths) = match command {
        Command::Check(Check { watch, paths, .. }) | Command::Test(Test { watch, paths, .. }) => {
            (*watch, paths.as_slice())
        }
        Command::Build(Build { watch, source, .. }) | Command::Run(Run { watch, source, .. }) => {
            (*watch, std::slice::from_ref(&source.file))
        }
        _ => (false, [].as_slice()),
    };
    match paths.iter().any(|path| is_dash(path)) {
        true if is_wanted => Err(once()),
        _ => Ok(is_wanted),
    }
}

fn once() -> Trouble {
    Trouble::usage("`--watch` needs files: standard input is read once")
}

fn dispatch(command: &Command, output: &Output) -> Result<Exit, Trouble> {
    match command {
        Command::New(args) => new::new(args, output),
        Command::Init(args) => new::init(args, output),
        Command::Check(args) => check::check(args, output),
        Command::CheckTrace(args) => check_trace::check_trace(args, output),
        Command::Fmt(args) => fmt::fmt(args, output),
        Command::Build(args) => build::build(args, output),
        Command::Run(args) => run::run(args, output),
        Command::Test(args) => test::test(args, output),
        Command::Project(args) => project::project(args, output),
        Command::Import(args) => import::import(args, output),
        Command::Subtype(args) => subtype::subtype(args, output),
        Command::Show(args) => show::show(args, output),
        Command::Explain(args) => explain::explain(args, output),
        Command::Asm(args) => asm::asm(args, output),
        Command::Verify(args) => verify::verify(args, output),
        Command::Completions(args) => completions::completions(args, output),
    }
}
