//! What `tellc show` takes.

use super::{Sizes, Source};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Show what a stage of the compiler makes of a file, disassemble an image, or print a trace
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tellc show --stage parse shop.tell
  tellc show --stage lower --json shop.tell | tellc project -
  tellc show --stage emit shop.tell      the instructions of every role
  tellc show shop.tellimg
  tellc show trace.tellt --image shop.tell   what `tellc run --trace trace.tellt` wrote")]
pub(crate) struct Show {
    #[command(flatten)]
    pub(crate) source: Source,
    /// The program or image whose run a trace in bytes is of: prints it as JSON lines
    #[arg(long, value_name = "FILE", conflicts_with_all = ["stage", "json"])]
    pub(crate) image: Option<PathBuf>,
    /// What was given to that run with `--with` (repeatable)
    #[arg(long = "with", value_name = "FILE", requires = "image")]
    pub(crate) nested: Vec<PathBuf>,
    /// The stage; an image has `emit` only
    #[arg(long, value_enum)]
    pub(crate) stage: Option<Stage>,
    /// The protocol that `emit` shows or that was run, if not the first one of the file
    #[arg(long, value_name = "NAME")]
    pub(crate) protocol: Option<String>,
    /// The global type of each protocol as JSON, for `--stage lower`
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) sizes: Sizes,
}

/// The stages, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Stage {
    /// Tokens
    Lex,
    /// Tokens with line ends and blocks
    Layout,
    /// The syntax tree
    Parse,
    /// Declarations with their names looked up
    Resolve,
    /// Bodies with types, and who holds what
    Check,
    /// The choreography as a graph
    Lower,
    /// The automaton of every role
    Project,
    /// Instructions
    Emit,
}
