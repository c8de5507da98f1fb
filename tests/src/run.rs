//! Running an image on the cooperative machine.

use crate::contracts;
use crate::flags::Flags;
use crate::host::{Inputs, MadeUp, Missing, Paper};
use crate::numbers::Numbers;
use crate::value::made_up;
use std::fmt::Write;
use tell_ir::image::CodeImage;
use tell_ir::verify::verify;
use tell_vm::{Description, Limits, Retention, RunEnd, SessionEnd, SessionId, SessionReport, VM, VMConfig, Value};

/// How a run is set up, apart from its flags.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// Most messages queued on one edge.
    pub edge_capacity: u32,
    /// Most steps in a row of one coroutine.
    pub slice: u32,
    /// Whether the trace is kept.
    pub trace: Retention,
    /// What happens when a host value is missing.
    pub missing: Missing,
    /// Steps if the flags do not say.
    pub max_steps: u64,
    /// What else to change about the machine.
    pub configure: fn(&mut VMConfig),
}

impl Default for Setup {
    fn default() -> Self {
        let VMConfig { edge_capacity, slice, .. } = VMConfig::default();
        let trace = Retention::All;
        Self { edge_capacity, slice, trace, missing: Missing::Fails, max_steps: 10_000_000, configure: |_| {} }
    }
}

/// What a run did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// Why it returned.
    pub end: RunEnd,
    /// The report of its session, if it ended.
    pub report: Option<SessionReport>,
    /// The trace.
    pub events: Vec<Description>,
    /// What was printed, and by whom.
    pub printed: Vec<String>,
    /// Names of the roles.
    pub roles: Vec<String>,
}

impl Ran {
    /// The trace, one event per line.
    #[must_use]
    pub fn trace(&self) -> String {
        self.events.iter().map(line).collect()
    }

    /// The code of the fault it ended in.
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        match &self.report.as_ref()?.end {
            SessionEnd::Faulted(fault) => Some(fault.fault.code()),
            SessionEnd::Closed | SessionEnd::Cancelled(_) => None,
        }
    }

    /// Whether it ended well.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(&self.report, Some(report) if report.end == SessionEnd::Closed)
    }

    /// How it ended, in words.
    #[must_use]
    pub fn ending(&self) -> String {
        match &self.report {
            None => format!("{:?}", self.end),
            Some(report) => match &report.end {
                SessionEnd::Closed => "closed".to_owned(),
                SessionEnd::Cancelled(cancellation) => format!("cancelled: {cancellation:?}"),
                SessionEnd::Faulted(fault) => format!("{}: {fault}", fault.fault.code()),
            },
        }
    }

    /// The final values, `Role.name = value`, a line each.
    #[must_use]
    pub fn finals(&self) -> Vec<String> {
        let Some(report) = &self.report else { return Vec::new() };
        let of_role = |(role, finals): (&String, &Option<Vec<tell_vm::FinalValue>>)| {
            let lines = finals.iter().flatten().map(|value| format!("{role}.{} = {}", value.name, value.shown));
            lines.collect::<Vec<_>>()
        };
        self.roles.iter().zip(&report.finals).flat_map(of_role).collect()
    }
}

/// Verifies, loads and runs an image once. A trace with all its events keeps the contracts.
///
/// # Errors
/// A rejection by the verifier or by the machine, arguments that do not fit, and a contract that is broken.
pub fn run(image: CodeImage, flags: &Flags, setup: Setup) -> Result<Ran, String> {
    open(image, flags, setup)?.finish(flags, setup)
}

/// A machine with one session that has made no step.
pub struct Opened {
    /// The machine.
    pub machine: VM,
    /// The session.
    pub session: SessionId,
    /// What is printed.
    pub paper: Paper,
    /// Names of the roles.
    pub roles: Vec<String>,
}

impl Opened {
    /// Runs it to its end.
    ///
    /// # Errors
    /// A contract of the events that is broken.
    pub fn finish(self, flags: &Flags, setup: Setup) -> Result<Ran, String> {
        let Self { mut machine, session, paper, roles } = self;
        let end = machine.run(flags.max_steps.unwrap_or(setup.max_steps), &mut || false);
        let events: Vec<Description> = machine.events().filter_map(|event| machine.describe(&event)).collect();
        if setup.trace == Retention::All {
            contracts::check(&events)?;
        }
        let report = machine.take_report(&session);
        let printed = paper.0.borrow().clone();
        Ok(Ran { end, report, events, printed, roles })
    }
}

/// Verifies and loads an image and opens a session of it.
///
/// # Errors
/// As [`run`].
pub fn open(image: CodeImage, flags: &Flags, setup: Setup) -> Result<Opened, String> {
    open_with(image, flags, setup, |_| {})
}

/// Like [`open`], with a last change of the configuration.
///
/// # Errors
/// As [`run`].
pub fn open_with(
    image: CodeImage,
    flags: &Flags,
    setup: Setup,
    change: impl FnOnce(&mut VMConfig),
) -> Result<Opened, String> {
    let verified = verify(image).map_err(|error| format!("the verifier rejects the image: {error}"))?;
    let mut config = VMConfig {
        seed: flags.seed,
        edge_capacity: setup.edge_capacity,
        slice: setup.slice,
        trace: setup.trace,
        limits: Limits::default(),
        ..VMConfig::default()
    };
    (setup.configure)(&mut config);
    change(&mut config);
    let mut machine = VM::new(config).map_err(|error| error.to_string())?;
    let paper = Paper::default();
    tell_stdlib::install(&mut machine, paper.clone(), Inputs::new(flags, setup.missing));
    if setup.missing == Missing::MakesUp {
        for effect in &verified.image().effects {
            if !machine.has_handler(&effect.name) {
                machine.install(effect.name.as_str(), MadeUp(Numbers::new(flags.seed)));
            }
        }
    }
    let roles = verified.image().roles.iter().map(|role| role.name.clone()).collect();
    let args = arguments(verified.image(), flags, setup.missing)?;
    let id = machine.load_choreography(verified).map_err(|error| error.to_string())?;
    let session = machine.open(id, &args).map_err(|error| error.to_string())?;
    Ok(Opened { machine, session, paper, roles })
}

/// The arguments of a run: per role the values of its parameters.
///
/// # Errors
/// Arguments that do not fit, or are missing.
pub fn arguments(image: &CodeImage, flags: &Flags, missing: Missing) -> Result<Vec<Vec<Value>>, String> {
    let mut numbers = Numbers::new(flags.seed);
    flags.arguments(image, |ty| match missing {
        Missing::MakesUp => made_up(ty, &image.types, &mut numbers),
        Missing::Fails => Err("an argument is missing".to_owned()),
    })
}

/// One event of a trace.
fn line(event: &Description) -> String {
    let mut line = format!("{:>4} {:<10} {}", event.tick, event.role.as_deref().unwrap_or("-"), event.event);
    for (key, value) in &event.fields {
        write!(line, " {key}={value}").expect("writing to a String succeeds");
    }
    line.push('\n');
    line
}
