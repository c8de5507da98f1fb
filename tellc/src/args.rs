//! The command line. With `args/` the only place that knows clap's derive; what is said here is what `--help` says.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  tellc new shop                               a package with a program that runs
  tellc check shop.tell                        report every mistake of a file
  tellc fmt shop.tell                          indent and space it in the one way
  tellc run shop.tell --arg Buyer.budget=20    run it here, with a value for Buyer
  tellc build shop.tell                        write the verified image shop.tellimg
  tellc project shop.tell --role Buyer         what one role does
  tellc explain E0401                          what a code means and how to repair it

Exit codes:
  0    all is well
  1    the program, or what it was given, is wrong
  2    the command line is wrong, or a file could not be read or written
  3    a run ended in a fault, a deadlock or at a limit
  101  a bug of tellc; please report it";

/// Tell: programs of several roles, written as one conversation.
#[derive(Debug, Parser)]
#[command(name = "tellc", version, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Cli {
    /// What holds for all commands.
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// The command.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of all commands.
#[derive(Args, Debug)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Settings {
    /// Colour of diagnostics; `auto` looks at the terminal and at NO_COLOR
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) color: ColorChoice,
    /// Form of diagnostics; `json` is one object per line
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORM")]
    pub(crate) format: Format,
    /// Print results and errors only
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

/// When diagnostics are coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    #[default]
    Auto,
    Always,
    Never,
}

mod images;
mod machine;
mod show;
mod sizes;

pub(crate) use images::{Asm, Verify};
pub(crate) use machine::{Machine, Policy};
pub(crate) use show::{Show, Stage};
pub(crate) use sizes::Sizes;

/// Form of diagnostics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    #[default]
    Human,
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    New(New),
    Init(Init),
    Check(Check),
    CheckTrace(CheckTrace),
    Fmt(Fmt),
    Build(Build),
    Run(Run),
    Test(Test),
    Project(Project),
    Import(Import),
    Subtype(Subtype),
    Show(Show),
    Explain(Explain),
    Asm(Asm),
    Verify(Verify),
    Completions(Completions),
}

/// A file that is read.
#[derive(Args, Clone, Debug)]
pub(crate) struct Source {
    /// The file; `-` is standard input
    pub(crate) file: PathBuf,
    /// Name for standard input in diagnostics
    #[arg(long, value_name = "NAME")]
    pub(crate) stdin_filename: Option<String>,
}

/// Make a package in a new folder
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tellc new shop
  tellc new work/online-shop --name shop")]
pub(crate) struct New {
    /// The folder, which must not exist yet; its name is that of the package
    pub(crate) path: PathBuf,
    /// Another name for the package
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
}

/// Make this folder a package; files that exist are left alone
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tellc init
  tellc init --name shop work/online-shop")]
pub(crate) struct Init {
    /// The folder; its name is that of the package
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// Another name for the package
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
}

/// Report every mistake of files and folders
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tellc check                            all .tell files below this folder
  tellc check shop.tell lib/
  tellc check --format json shop.tell    one JSON object per diagnostic, on standard output
  tellc check --explore shop.tell        run all roles together, in every order
  tellc check --rung full shop.tell      refuse what the classical projection would not accept
  tellc check --bind N=5 ring.tell       the family `W[N]` has five roles (two if nothing says so)
  tellc check --fix src                  repair what can be repaired without a person
  tellc check --fix --code W0202 .       of that, only unused imports
  tellc check --watch                    check again whenever something changes
  cat shop.tell | tellc check - --stdin-filename shop.tell")]
pub(crate) struct Check {
    /// Files, folders (all .tell files below, but not the tests of a package), or `-` for standard input
    #[arg(default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,
    /// Name for standard input in diagnostics
    #[arg(long, value_name = "NAME")]
    pub(crate) stdin_filename: Option<String>,
    /// Repair what comes with a repair, and write the files; of standard input, print the repaired text
    #[arg(long)]
    pub(crate) fix: bool,
    /// Repair mistakes of this code only (repeatable)
    #[arg(long = "code", value_name = "CODE", requires = "fix")]
    pub(crate) codes: Vec<String>,
    /// Check again whenever one of the files changes
    #[arg(long)]
    pub(crate) watch: bool,
    /// The strongest projection rule a role may need: plain, full, coinductive or complete
    #[arg(long, value_enum, value_name = "RUNG")]
    pub(crate) rung: Option<Rung>,
    /// Run all roles together in every order, and say how long queues get and whether runs end
    #[arg(long)]
    pub(crate) explore: bool,
    #[command(flatten)]
    pub(crate) sizes: Sizes,
}

/// The rungs of the ladder, weakest rule first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Rung {
    /// Branches a role is not told about are the same to it
    Plain,
    /// They may differ in what it receives from one partner
    Full,
    /// As full, but loops are compared by what they do
    Coinductive,
    /// Whatever can be carried out
    Complete,
}

impl From<Rung> for tell_compiler::rung::Rung {
    fn from(rung: Rung) -> Self {
        match rung {
            Rung::Plain => Self::Plain,
            Rung::Full => Self::Full,
            Rung::Coinductive => Self::Coinductive,
            Rung::Complete => Self::Complete,
        }
    }
}

/// Hold programs to what their first lines say of them
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tellc test                             all of tests/ in this package
  tellc test tests/shop.tell
  tellc test --filter refund --watch

The first lines of a test say what is expected:
  --! expect: ok                         no mistakes and no warnings
  --! expect: E0302 @ 7:12               exactly this, in line 7, column 12
  --! run: --arg Buyer.budget=20         then it is run as `tellc run` does with these options
  --! final: Buyer.paid = true           and ends with this value (repeatable)
  --! fault: vm.fault.arithmetic         or in this fault
Several `expect` lines are several mistakes, in order. Files named by options are
relative to the folder of the test.

Exit codes: 0 all pass, 1 some do not, 2 a file says nothing, or nothing understood.")]
pub(crate) struct Test {
    /// Tests, folders of tests, or packages
    #[arg(default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,
    /// Only tests with this in their path
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// Test again whenever one of the files changes
    #[arg(long)]
    pub(crate) watch: bool,
}

/// Check that a log of messages follows a protocol
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tellc check-trace log.jsonl --against shop.tell
  tellc check-trace trace.jsonl --against shop.tell --complete
  tellc run shop.tell --trace - | tellc check-trace - --against shop.tell

A log has one JSON object per line (or is a list of them, or {\"events\": [...]}):
  {\"role\":\"A\",\"op\":\"send\",\"peer\":\"B\",\"label\":\"Ping\",\"payload\":\"int\"}
in the order of observation. `payload` names a sort, null is none, and without it
nothing is said. {\"end\":true} says that the session is over; a number `session`
tells several apart. What `tellc run --trace` writes is read as well.

What can be wrong:
  not started       no such role, or all it can do first waits for messages not yet sent
  unexpected peer   the role does not communicate with this one there
  unexpected label  it does, but with other messages, or another one comes first
  wrong payload     the message is right, the sort of its payload is not
  not sent          the message is received before it was sent
  premature end     the session ends, but a role has still to act or a message is under way
  too many places   a role decides so much unseen that the log cannot be followed

Not checked: values against each other, conditions that decide a branch, and what is in
a value of a named type. Unknown keys and kinds of events are ignored.

Exit codes: 0 it conforms, 1 it does not, 2 a file cannot be read or is no log.")]
pub(crate) struct CheckTrace {
    /// The log; `-` is standard input
    pub(crate) log: PathBuf,
    /// The program or global type
    #[arg(long, value_name = "FILE")]
    pub(crate) against: PathBuf,
    /// The protocol, if not the one the log names or the first one of the file
    #[arg(long, value_name = "NAME")]
    pub(crate) protocol: Option<String>,
    /// The log is all there was: every session has to be over at its end
    #[arg(long)]
    pub(crate) complete: bool,
    /// One JSON object, also for errors
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) sizes: Sizes,
}

/// Bring programs into canonical form: indentation, blanks, empty lines
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tellc fmt                     all .tell files below this folder, in place
  tellc fmt shop.tell lib/
  tellc fmt --check             change nothing; list what would change, and how
  cat shop.tell | tellc fmt - --stdin-filename shop.tell

Lines break where you broke them, and comments stay with their neighbours; what a program
means never changes. A file with syntax errors is left alone, and they are shown.

Exit codes: 0 all is formatted, 1 a file has errors or (with --check) would change,
2 a file cannot be read or written.")]
pub(crate) struct Fmt {
    /// Files, folders (all .tell files below), or `-` for standard input, formatted to standard output
    #[arg(default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,
    /// Write nothing; list the files that would change, with the lines that differ
    #[arg(long)]
    pub(crate) check: bool,
    /// Name for standard input in diagnostics
    #[arg(long, value_name = "NAME")]
    pub(crate) stdin_filename: Option<String>,
}

/// Compile and verify a protocol and write its image
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tellc build shop.tell                  writes shop.tellimg beside it
  tellc build shop.tell -o out/s.tellimg --protocol Shop
  tellc build - -o - < shop.tell > shop.tellimg")]
pub(crate) struct Build {
    #[command(flatten)]
    pub(crate) source: Source,
    /// Where the image goes; `-` is standard output
    #[arg(long, short, value_name = "IMAGE")]
    pub(crate) output: Option<PathBuf>,
    /// The protocol, if not the first one of the file
    #[arg(long, value_name = "NAME")]
    pub(crate) protocol: Option<String>,
    #[command(flatten)]
    pub(crate) sizes: Sizes,
    /// Build again whenever one of the files changes
    #[arg(long)]
    pub(crate) watch: bool,
}

/// Run a program, an image or a global type here
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tellc run examples/two_buyer.tell --arg Alice.title=Dune --arg Bob.budget=20
  tellc run shop.tellimg --inputs inputs.json --choose random --seed 7
  tellc run ring.tell --bind N=5 --arg 'W[0].seed=1'
  tellc run shop.tell --arg 'Buyer.basket=[Book(\"Dune\"), Pen]' --trace trace.jsonl
  tellc run parent.tellimg --with child.tellimg     sessions of it open sessions of the other

Values are written as in Tell: 42, true, 250ms, [1, 2], (1, \"a\"), { price = 3 },
Just(3). A text needs no quotes.

An inputs file has one object per role:
  {\"Buyer\": {\"title\": \"Dune\", \"offer\": [10, 20]}}
A field of a message that the host supplies takes its value each time it is sent,
or the values of a list one after the other; each session starts at the first.
In JSON a constructor is \"Pen\" or {\"Book\": \"Dune\"}; several arguments are a list.

What is missing is asked for on a terminal. Elsewhere the run is refused, and all
that is missing is listed.")]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) source: Source,
    /// The protocol, if not the first one of the file
    #[arg(long, value_name = "NAME")]
    pub(crate) protocol: Option<String>,
    /// Value of a parameter, or of a message field that the host supplies (then repeatable)
    #[arg(long = "arg", value_name = "ROLE.NAME=VALUE", value_parser = assignment)]
    pub(crate) args: Vec<Assignment>,
    /// Values of parameters and supplied fields, as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) inputs: Option<PathBuf>,
    /// Who takes open choices: `first`, `random`, `ask`, or a file with one branch per line (or a JSON list) [default:
    /// ask on a terminal, else random]
    #[arg(long, value_name = "HOW", value_parser = choose)]
    pub(crate) choose: Option<Choose>,
    /// Seed of random numbers and choices
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) seed: u64,
    /// Sessions that run side by side, at most 1048576
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    pub(crate) sessions: u32,
    /// Steps after which the run is stopped, with exit code 3
    #[arg(long, default_value_t = 10_000_000, value_name = "N")]
    pub(crate) max_steps: u64,
    /// An image that the program's sessions open, or a program whose first protocol is meant (repeatable, in any order)
    #[arg(long = "with", value_name = "FILE")]
    pub(crate) nested: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) machine: Machine,
    /// Write what happens as JSON lines, or as bytes if the name ends in `.tellt`; `-` is standard output, in place of
    /// everything else
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    /// Print the messages as they flow also with --quiet or several sessions
    #[arg(long)]
    pub(crate) watch_trace: bool,
    #[command(flatten)]
    pub(crate) sizes: Sizes,
    /// Run again whenever one of the files changes
    #[arg(long)]
    pub(crate) watch: bool,
}

/// A value given on the command line.
#[derive(Clone, Debug)]
pub(crate) struct Assignment {
    /// The role.
    pub(crate) role: String,
    /// The parameter or field.
    pub(crate) name: String,
    /// The value, as written.
    pub(crate) value: String,
}

fn assignment(text: &str) -> Result<Assignment, String> {
    let parts = text.split_once('=').and_then(|(target, value)| Some((target.split_once('.')?, value)));
    let Some(((role, name), value)) = parts else {
        return Err("write `Role.name=value`, as in `Buyer.budget=20`".to_owned());
    };
    Ok(Assignment { role: role.trim().to_owned(), name: name.trim().to_owned(), value: value.to_owned() })
}

/// Who takes open choices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choose {
    /// The first branch.
    First,
    /// A function of the seed.
    Random,
    /// The person at the keyboard.
    Ask,
    /// The lines of a file.
    File(PathBuf),
}

#[expect(clippy::unnecessary_wraps, reason = "clap wants a Result")]
fn choose(text: &str) -> Result<Choose, std::convert::Infallible> {
    Ok(match text {
        "first" => Choose::First,
        "random" => Choose::Random,
        "ask" => Choose::Ask,
        file => Choose::File(PathBuf::from(file)),
    })
}

/// Show what each role does: its local type
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tellc project shop.tell
  tellc project shop.tell --role Buyer
  tellc project global.json --json       a global type in, local types out (schema lean_bridge.v1)

In a local type, `Seller!Title(String)` is a message to Seller and `Seller?Quote(Int)`
one from Seller; `+{…}` is a choice of the role itself, `&{…}` one that it is told of.")]
pub(crate) struct Project {
    #[command(flatten)]
    pub(crate) source: Source,
    /// The protocol, if not the first one of the file
    #[arg(long, value_name = "NAME")]
    pub(crate) protocol: Option<String>,
    /// Only this role
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: Option<String>,
    /// One JSON object, also for errors
    #[arg(long)]
    pub(crate) json: bool,
    /// The automata as a Graphviz digraph
    #[arg(long, conflicts_with = "json")]
    pub(crate) dot: bool,
    #[command(flatten)]
    pub(crate) sizes: Sizes,
}

/// Translate global protocols of Scribble or nuScr to Tell
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tellc import shop.scr                      the `.tell` text on standard output
  tellc import shop.nuscr -o shop.tell
  tellc import shop.scr --protocol Shop      only this protocol and those it uses

This translates; `tellc check` says whether the result can be implemented. Protocols,
types, roles, labels and recursions whose names Tell writes otherwise are renamed; that
is noted on standard error, as are fields that lose their names and labels that are made
up. Not noted: `int` becomes `Int` (and so on), `float` and `double` the type `Real`, and
names of fields are spelled as Tell demands.")]
pub(crate) struct Import {
    #[command(flatten)]
    pub(crate) source: Source,
    /// Where the text goes; `-` is standard output [default: `-`]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Only this protocol and those it uses
    #[arg(long, value_name = "NAME")]
    pub(crate) protocol: Option<String>,
}

/// Say whether one local type can replace another
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tellc subtype fast.json slow.json              synchronously, or else with buffers
  tellc subtype fast.json slow.json --mode async --bound 100000
  tellc project new.json --role B --json | jq .roles.B.local | tellc subtype - old.json

Both are local types in JSON (schema lean_bridge.v1), as `tellc project --json` writes
them. A subtype sends fewer labels and receives at least as many: a process of the first
type can stand where the second is expected.

  sync          both go step by step
  async         messages are buffered, and the first may run ahead; not always decidable
  conservative  phases of receives and sends; within one, partners may change places

Exit codes: 0 for yes, 1 for no; also 1 for `unknown`, which is what is printed then.")]
pub(crate) struct Subtype {
    /// The type that is to replace the other; `-` is standard input
    pub(crate) first: PathBuf,
    /// The type that is expected; `-` is standard input
    pub(crate) second: PathBuf,
    /// The relation [default: sync, then async]
    #[arg(long, value_enum)]
    pub(crate) mode: Option<Relation>,
    /// Configurations after which async is given up
    #[arg(long, default_value_t = 2_000, value_name = "N")]
    pub(crate) bound: usize,
    /// One JSON object, also for errors
    #[arg(long)]
    pub(crate) json: bool,
}

/// The relations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Relation {
    /// Step by step
    Sync,
    /// With buffers
    Async,
    /// Phase by phase
    Conservative,
}

/// Explain a code: of an error, a warning, a fault or a rule of images
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tellc explain              all codes
  tellc explain E0401
  tellc explain vm.fault.assertion
  tellc explain V2.3")]
pub(crate) struct Explain {
    /// `E…`, `W…`, `F…`, `vm.fault.…` or `V…`; none lists all
    pub(crate) code: Option<String>,
}

/// Print completions for a shell
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tellc completions bash > ~/.local/share/bash-completion/completions/tellc")]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}
