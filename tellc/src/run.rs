//! `tellc run`: an image in the cooperative machine, with this process as its host.
//!
//! [`inputs`] collects what the host has to give before the run starts, [`ending`] says how the sessions ended.

mod ending;
mod faults;
mod inputs;
mod nested;

use crate::args::{Choose, Policy, Run};
use crate::build::refuse_overwriting;
use crate::compile::{Compiled, compile};
use crate::host::{Chooser, Host, Paper, Terminal, Used};
use crate::input::{bad_json, bytes, is_dash, read, shown, text};
use crate::interrupt::Interrupt;
use crate::outcome::{Exit, Trouble};
use crate::output::Output;
use crate::prompt::Prompt;
use crate::trace::{Configuration, Header, Sessions, Trace, Versions, write_message};
use crate::values::role_names;
use ending::{End, conclude};
use faults::Faults;
use inputs::{Inputs, gather};
use std::cell::RefCell;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::rc::Rc;
use tell_ir::codec::FORMAT_VERSION;
use tell_ir::hash::content_id;
use tell_ir::image::CodeImage;
use tell_language::diagnostic::{Code, Diagnostic};
use tell_vm::{BatchView, EventKind, Limits, Priority, Retention, SinkError, VM, VMConfig, VMError};

/// Steps of one session before the next one goes on, if nobody watches.
const QUANTUM: u32 = 256;

/// Runs what was named.
///
/// # Errors
/// What keeps it from running; how the sessions end is part of the result.
pub(crate) fn run(args: &Run, output: &Output) -> Result<Exit, Trouble> {
    for target in args.trace.iter().filter(|path| !is_dash(path)) {
        refuse_overwriting(&args.source.file, target)?;
    }
    let Compiled { image, files } = compile(read(&args.source)?, args.protocol.as_deref(), &args.sizes, output)?;
    let nested = nested::read(&args.nested, image.image(), output)?;
    let interrupt = Interrupt::install().map_err(|error| Trouble::io("heard", "Ctrl-C", &error))?;
    let prompt = Prompt::new(output.clone(), interrupt.clone());
    let is_attended = io::stdin().is_terminal() && io::stderr().is_terminal();
    let keyboard = is_attended.then(|| prompt.clone());
    let chooser = chooser(args.choose.as_ref(), is_attended)?;

    let watch = Watch::of(args, output);
    let limits = Limits { credits: args.machine.credits, ..Limits::default() };
    let config = VMConfig {
        policy: policy(args.machine.policy),
        quantum: args.machine.quantum.unwrap_or(if watch.messages { 1 } else { QUANTUM }),
        edge_capacity: args.machine.edge_capacity,
        seed: args.seed,
        trace: if watch.messages || args.trace.is_some() { Retention::Sink } else { Retention::Off },
        limits,
        ..VMConfig::default()
    };
    let header = header(image.image(), &config, args, &chooser);
    nested.iter().chain([&image]).try_for_each(|image| missing_handlers(image.image()))?;
    let roles = role_names(image.image());
    let faults = args.machine.faults.as_ref().map(|path| Faults::read(path, &roles, args.sessions)).transpose()?;
    let inputs = gather(image.image(), args, keyboard.as_ref())?;

    let failed = Rc::new(RefCell::new(None));
    let mut vm = VM::new(config).map_err(refused)?;
    let paper = if watch.results { Paper::Output(output.clone()) } else { Paper::Error };
    let Inputs { params, fields } = inputs;
    let terminal = Terminal { paper, prompt: prompt.clone(), failed: Rc::clone(&failed) };
    tell_stdlib::install(&mut vm, terminal, Host { fields, chooser, roles, keyboard, prompt, used: Used::default() });
    for image in nested {
        vm.load_choreography(image).map_err(refused)?;
    }
    let image = vm.load_choreography(image).map_err(refused)?;
    let trace = args.trace.as_ref().map(|path| Trace::create(path, &header, output)).transpose()?;
    let recorder = Rc::new(RefCell::new(Recorder { trace, watch, output: output.clone(), trouble: None }));
    if vm.config().trace == Retention::Sink {
        let recorder = Rc::clone(&recorder);
        vm.set_sink(move |batch: &BatchView<'_>| recorder.borrow_mut().take(batch)).map_err(refused)?;
    }
    let opened = (0..args.sessions).map(|_| vm.open(image, &params)).collect::<Result<Vec<_>, _>>();
    let sessions = opened.map_err(|error| recorder.borrow_mut().trouble.take().unwrap_or_else(|| refused(error)))?;
    if let Some(faults) = faults {
        faults.give(&mut vm, &sessions)?;
    }
    let end = drive(&mut vm, args.max_steps, &interrupt, &failed, &recorder)?;
    conclude(&mut vm, &sessions, &files, end, watch, output)
}

/// Steps of a session after which who waits is one rank higher, under `--policy ageing`.
const AGEING: u32 = 16;

const fn policy(policy: Policy) -> tell_vm::Policy {
    match policy {
        Policy::Cooperative => tell_vm::Policy::Cooperative,
        Policy::RoundRobin => tell_vm::Policy::RoundRobin,
        Policy::Ageing => tell_vm::Policy::Priority(Priority::Ageing { every: AGEING }),
        Policy::TokenWeight => tell_vm::Policy::Priority(Priority::TokenWeight),
        Policy::ProgressAware => tell_vm::Policy::ProgressAware,
    }
}

/// What is printed.
#[derive(Clone, Copy, Debug)]
struct Watch {
    /// Messages, as they flow.
    messages: bool,
    /// Final values and what the console prints; not if standard output is the trace.
    results: bool,
    /// Whether a trace is written.
    trace: bool,
    sessions: Sessions,
}

impl Watch {
    fn of(args: &Run, output: &Output) -> Self {
        let results = !args.trace.as_deref().is_some_and(is_dash);
        let wanted = args.watch_trace || (args.sessions == 1 && !output.is_quiet());
        let sessions = if args.sessions == 1 { Sessions::One } else { Sessions::Several };
        Self { messages: results && wanted, results, trace: args.trace.is_some(), sessions }
    }
}

/// Who takes open choices.
fn chooser(choose: Option<&Choose>, is_attended: bool) -> Result<Chooser, Trouble> {
    let default = if is_attended { Choose::Ask } else { Choose::Random };
    let choose = choose.unwrap_or(&default);
    match (Chooser::simple(choose), choose) {
        (Some(chooser), _) => Ok(chooser),
        (None, Choose::File(path)) => script(path).map(Chooser::Script),
        (None, _) => panic!("bug: only a file is not simple"),
    }
}

/// Names of branches: a JSON list, or one per line.
fn script(path: &Path) -> Result<Vec<String>, Trouble> {
    let name = shown(path);
    let bytes = bytes(path).map_err(|trouble| match trouble {
        Trouble::Report(mut report) => {
            for diagnostic in &mut report.diagnostics {
                diagnostic.help = Some("`--choose` takes `first`, `random`, `ask`, or a file of branches".to_owned());
            }
            Trouble::Report(report)
        }
        other => other,
    })?;
    let text = text(&name, bytes)?;
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(&text).map_err(|error| {
            let place = Some((error.line(), error.column()));
            bad_json(&name, &text, place, &error.to_string(), "write a list of names, [\"Accept\", \"Decline\"]")
        });
    }
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

fn header(image: &CodeImage, config: &VMConfig, args: &Run, chooser: &Chooser) -> Header {
    Header {
        trace: "tell.trace.v1",
        image: content_id(image).to_string(),
        protocol: image.protocol.clone(),
        roles: role_names(image),
        configuration: Configuration {
            engine: "cooperative",
            sessions: args.sessions,
            quantum: config.quantum,
            slice: config.slice,
            policy: config.policy.name(),
            edge_capacity: config.edge_capacity,
            credits: config.limits.credits,
            max_steps: args.max_steps,
            choose: chooser.name(),
        },
        seed: config.seed,
        versions: Versions { tellc: env!("CARGO_PKG_VERSION"), image_format: FORMAT_VERSION },
    }
}

/// Effects that nobody here answers are missed before anything is asked for.
fn missing_handlers(image: &CodeImage) -> Result<(), Trouble> {
    let known = [
        tell_stdlib::clock::EFFECT,
        tell_stdlib::console::EFFECT,
        tell_stdlib::host::EFFECT,
        tell_stdlib::random::EFFECT,
        tell_stdlib::state::EFFECT,
    ];
    let missing = image.effects.iter().filter(|effect| !known.contains(&effect.name.as_str()));
    let missing: Vec<Diagnostic> = missing.map(|effect| no_handler(&effect.name)).collect();
    if missing.is_empty() { Ok(()) } else { Err(Trouble::report(missing, Default::default())) }
}

fn no_handler(effect: &str) -> Diagnostic {
    Diagnostic::new(Code("E0701"), format!("nobody here handles the effect `{effect}`"))
        .help("`tellc run` handles the effects of `std`; a host of your own can install others")
}

/// The machine refused what it was given.
fn refused(error: VMError) -> Trouble {
    Trouble::plain(match &error {
        VMError::MissingHandler { effect } => no_handler(effect),
        VMError::NestedImage { .. } => Diagnostic::new(Code("E0702"), error.to_string())
            .help("an image says what the roles of its nested images take, and has to say what they do take"),
        VMError::LimitExceeded { .. } => {
            Diagnostic::new(Code("F0006"), error.to_string()).help("make it smaller, or run fewer sessions at once")
        }
        _ => panic!("bug: the machine refused checked input: {error}"),
    })
}

/// Writes and prints what happens, at each commit.
struct Recorder {
    trace: Option<Trace>,
    watch: Watch,
    output: Output,
    /// Why it could not.
    trouble: Option<Trouble>,
}

impl Recorder {
    /// The sink of the machine: what goes wrong is kept here, for whoever drives the machine.
    fn take(&mut self, batch: &BatchView<'_>) -> Result<(), SinkError> {
        self.record(batch).map_err(|trouble| {
            self.trouble = Some(trouble);
            SinkError::new("the trace cannot be written")
        })
    }

    fn record(&mut self, batch: &BatchView<'_>) -> Result<(), Trouble> {
        if let Some(trace) = &mut self.trace {
            trace.batch(batch)?;
        }
        if !self.watch.messages {
            return Ok(());
        }
        for event in batch.events() {
            if matches!(event.kind, EventKind::Sent(_) | EventKind::Offered(_)) {
                write_message(&batch.describe(&event), self.watch.sessions, &self.output)?;
            }
        }
        Ok(())
    }
}

/// Steps the machine until all sessions have ended or something stops it. The trace is written in any case.
fn drive(
    vm: &mut VM,
    max_steps: u64,
    interrupt: &Interrupt,
    failed: &RefCell<Option<io::Error>>,
    recorder: &RefCell<Recorder>,
) -> Result<End, Trouble> {
    let mut steps = 0;
    let end = loop {
        if let Some(trouble) = recorder.borrow_mut().trouble.take() {
            return Err(trouble);
        }
        if let Some(error) = failed.take() {
            return Err(Trouble::Output(error));
        }
        if interrupt.is_set() {
            break End::Interrupted { steps };
        }
        if vm.active() == 0 {
            break End::Done;
        }
        let left = max_steps.saturating_sub(steps);
        if left == 0 {
            break End::Limit { steps };
        }
        if left < u64::from(vm.config().quantum) {
            // A round would go beyond the limit; this does not.
            vm.run(left, &mut || interrupt.is_set());
            steps = max_steps;
            continue;
        }
        let round = vm.kernel_step_round(1);
        if round.picks == 0 {
            break End::Waiting;
        }
        steps += round.steps;
    };
    let trace = recorder.borrow_mut().trace.take();
    if let Some(trace) = trace {
        trace.finish()?;
    }
    Ok(end)
}
