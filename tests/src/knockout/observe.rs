//! The paranoid machine: runs an image that nobody verified in several worlds, and says what harm it does.
//!
//! A world is a seed for everything that comes from outside, and a schedule. What does not come from the image itself never
//! goes wrong: hosts and handlers answer every question that has an answer, with the right type.

use super::follow::{Act, has_parts, is_run};
use super::harm::Harm;
use super::work;
use crate::flags::Flags;
use crate::host::{Inputs, Missing, Paper};
use crate::numbers::Numbers;
use crate::value::made_up;
use std::collections::{BTreeMap, BTreeSet};
use tell_ir::image::{CodeImage, MAX_REGISTERS};
use tell_ir::ty::{Type, TypeId};
use tell_vm::{
    Call, Description, Event, EventKind, Failure, Fault, Handler, HostStep, RunEnd, SessionEnd, SessionReport, VM,
    VMConfig, VMError, Value, WhenFull,
};

/// Steps a session may make; a verified image can have 65535 branches, and starting one is a step.
const FUEL: u64 = 70_000;

/// Seeds of what comes from outside.
const SEEDS: u64 = 6;

/// Messages that fit on an edge, steps in a row, and what becomes of a message for which there is no room.
const SCHEDULES: [(u32, u32, WhenFull); 3] =
    [(64, u32::MAX, WhenFull::Block), (1, 1, WhenFull::Block), (1, 256, WhenFull::Drop)];

/// What is called when a session would take too much of something.
const BOUNDED: [&str; 2] = ["registers of a session", "coroutines of a session"];

/// Events of a role that are compared with those of another run.
const COMPARED: usize = 1_000;

/// One run of an image, with the machine that has its events.
#[derive(Debug)]
struct Seen {
    end: Result<RunEnd, VMError>,
    report: Option<SessionReport>,
    machine: VM,
}

impl Seen {
    fn events(&self) -> impl Iterator<Item = Event> {
        self.machine.events()
    }

    /// The events in words.
    fn described(&self) -> impl Iterator<Item = Description> {
        self.events().filter_map(|event| self.machine.describe(&event))
    }
}

/// The harm an image does.
#[must_use]
pub fn harms(image: &CodeImage) -> BTreeSet<Harm> {
    let mut harms = BTreeSet::new();
    let mut views = vec![Vec::new(); SCHEDULES.len()];
    for seed in 0..SEEDS {
        let schedules = runs(image, seed);
        for (seen, views) in schedules.iter().zip(&mut views) {
            harms.extend(of_run(image, seen));
            views.push(self::views(image, seen));
        }
        harms.extend(is_race(&schedules).then_some(Harm::Race));
    }
    harms.extend(views.iter().any(|views| is_ambiguous(views)).then_some(Harm::Ambiguous));
    harms.extend(work::is_out_of_proportion(image).then_some(Harm::Slow));
    harms
}

/// What there is to see of an image: of each run its events and its report.
#[must_use]
pub fn seen(image: &CodeImage) -> Vec<(Vec<Description>, Option<SessionReport>)> {
    let runs = (0..SEEDS).flat_map(|seed| runs(image, seed));
    runs.map(|seen| (seen.described().collect(), seen.report)).collect()
}

/// The runs of an image with one seed, by schedule.
fn runs(image: &CodeImage, seed: u64) -> Vec<Seen> {
    SCHEDULES.iter().map(|schedule| run(image, seed, *schedule)).collect()
}

fn run(image: &CodeImage, seed: u64, (edge_capacity, slice, when_full): (u32, u32, WhenFull)) -> Seen {
    let config = VMConfig { quantum: 256, edge_capacity, slice, when_full, ..VMConfig::default() };
    let mut machine = VM::new(config).expect("it is configured as it may be");
    let inputs = Inputs::new(&Flags { seed, ..Flags::default() }, Missing::MakesUp);
    tell_stdlib::install(&mut machine, Paper::default(), inputs);
    for effect in &image.effects {
        if !machine.has_handler(&effect.name) {
            machine.install(effect.name.as_str(), Faithful { seed });
        }
    }
    let opened = machine.load_unverified(image.clone()).and_then(|id| machine.open(id, &arguments(image, seed)));
    let (end, report) = match opened {
        Ok(session) => (Ok(machine.run(FUEL, &mut || false)), machine.take_report(&session)),
        Err(error) => (Err(error), None),
    };
    Seen { end, report, machine }
}

/// Per role the values of its parameters.
fn arguments(image: &CodeImage, seed: u64) -> Vec<Vec<Value>> {
    let mut numbers = Numbers::new(seed);
    let mut value = |ty| answer(ty, &image.types, &mut numbers).unwrap_or_default();
    image.roles.iter().map(|role| role.params.iter().map(|param| value(param.ty)).collect()).collect()
}

/// Answers every operation with a value of its type: the same to the same role.
struct Faithful {
    seed: u64,
}

impl Handler for Faithful {
    fn start(&mut self, call: &Call<'_>, _: &[Value]) -> HostStep {
        let mut numbers = Numbers::new(self.seed.wrapping_mul(31).wrapping_add(call.role.into()));
        match answer(call.result, call.types, &mut numbers) {
            Ok(value) => HostStep::Reply(value),
            Err(error) => HostStep::Fail(Failure::unavailable(error)),
        }
    }
}

/// Some value of a type. Who makes a record knows the names of its fields.
fn answer(ty: TypeId, types: &[Type], numbers: &mut Numbers) -> Result<Value, String> {
    let Some(Type::Record(fields)) = types.get(ty.0 as usize) else { return made_up(ty, types, numbers) };
    let fields = fields.iter().map(|(name, ty)| Ok((name.as_str(), made_up(*ty, types, numbers)?)));
    Value::record(fields.collect::<Result<_, String>>()?).map_err(|error| error.to_string())
}

/// The harm that one run shows.
fn of_run(image: &CodeImage, seen: &Seen) -> Vec<Harm> {
    let mut harms = Vec::new();
    if let Some(SessionEnd::Faulted(report)) = seen.report.as_ref().map(|report| &report.end) {
        harms.extend(Harm::of_fault(report.fault.code()));
        if report.span.is_some_and(|(start, end)| start > end) {
            harms.push(Harm::NoPlace);
        }
    }
    let shown = [
        (Harm::AnotherTrace, is_another_trace(image, seen)),
        (Harm::NoProgress, makes_no_progress(seen)),
        (Harm::Escaped, seen.events().any(|event| escapes(&event))),
        (Harm::BeyondBound, is_beyond_bound(image, seen)),
        (Harm::Slow, seen.events().any(|event| copies_much(image, &event))),
    ];
    harms.extend(shown.into_iter().filter(|(_, is_there)| *is_there).map(|(harm, _)| harm));
    harms
}

fn is_another_trace(image: &CodeImage, seen: &Seen) -> bool {
    let is_closed = matches!(&seen.report, Some(report) if report.end == SessionEnd::Closed);
    if !is_closed || has_parts(image) || has_losses(seen) {
        return false;
    }
    let mut acts = vec![Vec::new(); image.roles.len()];
    for event in seen.events() {
        let (Some(role), Some(act)) = (event.role(), act(event.kind)) else { continue };
        acts[usize::from(role)].push(act);
    }
    !is_run(image, &acts)
}

const fn act(kind: EventKind) -> Option<Act> {
    match kind {
        EventKind::Sent(message) | EventKind::Offered(message) | EventKind::Transferred(message) => {
            Some(Act::Send(message.partner, message.label))
        }
        EventKind::Received(message) | EventKind::Chose(message) => Some(Act::Take(message.partner, message.label)),
        EventKind::Performed { .. } => Some(Act::Perform),
        _ => None,
    }
}

/// Whether messages were lost on edges that may lose them.
fn has_losses(seen: &Seen) -> bool {
    seen.events().any(|event| matches!(event.kind, EventKind::Dropped(_)))
}

/// Whether it waits for nobody, or the second half of its steps made no event or did not take a message from before.
fn makes_no_progress(seen: &Seen) -> bool {
    let is_quiet = || seen.events().last().is_none_or(|event| event.tick < FUEL / 2);
    match seen.end {
        Ok(RunEnd::Waiting) => true,
        Ok(RunEnd::StepLimit) => is_quiet() || has_starved(seen),
        _ => false,
    }
}

/// Whether a message of the first half of a run was never taken.
fn has_starved(seen: &Seen) -> bool {
    let mut under_way: BTreeMap<(u16, u16), Vec<u64>> = BTreeMap::new();
    let mut taken: BTreeMap<(u16, u16), usize> = BTreeMap::new();
    for event in seen.events() {
        let Some(role) = event.role() else { continue };
        match act(event.kind) {
            Some(Act::Send(to, _)) => under_way.entry((role, to)).or_default().push(event.tick),
            Some(Act::Take(from, _)) => *taken.entry((from, role)).or_default() += 1,
            Some(Act::Perform) | None => {}
        }
    }
    let next = |(edge, ticks): (&(u16, u16), &Vec<u64>)| ticks.get(taken.get(edge).copied().unwrap_or(0)).copied();
    under_way.iter().filter_map(next).any(|tick| tick < FUEL / 2)
}

/// Whether evidence or a witness is sent, or given to an operation.
fn escapes(event: &Event) -> bool {
    let leaves = matches!(act(event.kind), Some(Act::Send(..) | Act::Perform));
    leaves && matches!(event.value, Value::Evidence { .. } | Value::Witness(_))
}

fn is_beyond_bound(image: &CodeImage, seen: &Seen) -> bool {
    let fault = seen.report.as_ref().and_then(|report| match &report.end {
        SessionEnd::Faulted(report) => Some(&report.fault),
        SessionEnd::Closed | SessionEnd::Cancelled(_) => None,
    });
    let what = match (&seen.end, fault) {
        (Err(VMError::LimitExceeded { what, .. }), _) | (_, Some(Fault::LimitExceeded { what, .. })) => Some(*what),
        _ => None,
    };
    let edges: BTreeSet<(u16, u16)> = seen.events().filter_map(|event| edge(&event)).collect();
    what.is_some_and(|what| BOUNDED.contains(&what)) || edges.len() > image.edges.len()
}

/// The edge a message was put on.
fn edge(event: &Event) -> Option<(u16, u16)> {
    match (event.role(), act(event.kind)) {
        (Some(role), Some(Act::Send(to, _))) => Some((role, to)),
        _ => None,
    }
}

/// Whether a step copied a frame of more registers than a frame may have.
fn copies_much(image: &CodeImage, event: &Event) -> bool {
    let frame = |role: u16| image.functions.get(usize::from(role)).map_or(0, |function| function.regs.len());
    event.kind == EventKind::Forked && event.role().is_some_and(|role| frame(role) > MAX_REGISTERS)
}

/// Whether the roles of a session that ends well end otherwise under another schedule.
fn is_race(schedules: &[Seen]) -> bool {
    let ended = schedules.iter().filter(|seen| !has_losses(seen)).filter_map(|seen| seen.report.as_ref());
    let closed: Vec<_> = ended.filter(|report| report.end == SessionEnd::Closed).collect();
    closed.windows(2).any(|pair| pair[0].finals != pair[1].finals)
}

/// An event as a role sees it: what it did, if that is an act, and the words of the trace.
type Glimpse = (Option<Act>, String);

/// What the roles see of a run that decide nothing on their own: those without parameters, where there are no branches and
/// scopes.
fn views(image: &CodeImage, seen: &Seen) -> BTreeMap<u16, Vec<Glimpse>> {
    let mut views: BTreeMap<u16, Vec<Glimpse>> = BTreeMap::new();
    if has_parts(image) {
        return views;
    }
    for (event, words) in seen.events().zip(seen.described()) {
        let Some(role) = event.role().filter(|role| image.roles[usize::from(*role)].params.is_empty()) else {
            continue;
        };
        let view = views.entry(role).or_default();
        if view.len() < COMPARED {
            view.push((act(event.kind), format!("{} {:?}", words.event, words.fields)));
        }
    }
    views
}

/// Whether some role sends different messages in two runs after it has seen the same.
fn is_ambiguous(runs: &[BTreeMap<u16, Vec<Glimpse>>]) -> bool {
    let pairs = runs.iter().flat_map(|one| runs.iter().map(move |other| (one, other)));
    pairs.into_iter().any(|(one, other)| {
        one.iter().any(|(role, view)| other.get(role).is_some_and(|other| parts_on_its_own(view, other)))
    })
}

/// Whether where two views of a role that performs nothing differ first, it sends.
fn parts_on_its_own(one: &[Glimpse], other: &[Glimpse]) -> bool {
    let sends = |act: Option<Act>| matches!(act, Some(Act::Send(..)));
    let performs = one.iter().any(|(act, _)| *act == Some(Act::Perform));
    let first = one.iter().zip(other).find(|(one, other)| one.1 != other.1);
    !performs && first.is_some_and(|(one, other)| sends(one.0) && sends(other.0))
}
