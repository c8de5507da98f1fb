//! One program, many executions (G8), and runs that are stopped and go on (G12).

use super::stage::{Calm, events_of, machine, programs};
use super::{Report, Size};
use crate::account;
use tell_ir::codec::{decode, encode};
use tell_ir::image::CodeImage;
use tell_vm::{Event, RoundSemantics, SessionReport, VMConfig};

/// Steps a program may take.
const STEPS: u64 = 20_000;

/// A way to execute a program.
#[derive(Clone, Copy, Debug)]
struct Way {
    quantum: u32,
    rounds: RoundSemantics,
    concurrency: u32,
    /// Sessions beside the one that is looked at.
    beside: u32,
}

const fn way(quantum: u32, rounds: RoundSemantics, concurrency: u32, beside: u32) -> Way {
    Way { quantum, rounds, concurrency, beside }
}

const WAYS: [Way; 8] = [
    way(1, RoundSemantics::Canonical, 1, 0),
    way(1, RoundSemantics::Canonical, 1, 0),
    way(3, RoundSemantics::Canonical, 8, 1),
    way(256, RoundSemantics::Canonical, 1, 3),
    way(1, RoundSemantics::Waves, 1, 0),
    way(2, RoundSemantics::Waves, 2, 5),
    way(256, RoundSemantics::Waves, 8, 9),
    way(7, RoundSemantics::Waves, 64, 2),
];

/// What a session did and how it ended.
type Execution = (Vec<Event>, Option<SessionReport>);

fn execute(image: &CodeImage, seed: u64, way: Way) -> Result<Execution, String> {
    let Way { quantum, rounds, concurrency, beside } = way;
    let config = VMConfig { quantum, rounds, concurrency, seed, ..VMConfig::default() };
    let (mut machine, id, args) = machine(config, image.clone(), Calm)?;
    let session = machine.open(id, &args).map_err(|error| error.to_string())?;
    for _ in 0..beside {
        machine.open(id, &args).map_err(|error| error.to_string())?;
    }
    machine.run(STEPS * u64::from(beside + 1), &mut || false);
    let events = events_of(&machine, &session);
    Ok((events, machine.take_report(&session)))
}

/// G8: a session has the same trace in every execution. Programs that do not end in time are compared as far as both
/// got. What each program does is also compared with what other processes found, built for tests.
#[must_use]
pub fn equal(size: Size) -> Report {
    let mut report = Report::default();
    for (name, image) in programs() {
        let again = decode(&encode(&image)).unwrap_or_default();
        for seed in 0..size.of(100, 200) {
            let first = execute(&image, seed, WAYS[0]);
            for way in WAYS {
                let other = execute(if seed % 2 == 0 { &image } else { &again }, seed, way);
                report.case(|| same(&first, &other), || format!("{name}, seed {seed}, {way:?}"));
            }
        }
    }
    for path in account::programs() {
        report.case(|| account::compare(&path), || path.display().to_string());
    }
    report
}

fn same(first: &Result<Execution, String>, other: &Result<Execution, String>) -> Result<&'static str, String> {
    let (Ok((events, report)), Ok((others, other))) = (first, other) else {
        return if first.is_err() == other.is_err() { Ok("refused") } else { Err("refused once only".to_owned()) };
    };
    if report.is_some() && other.is_some() {
        return if (events, report) == (others, other) { Ok("equal") } else { Err("they differ".to_owned()) };
    }
    let common = events.len().min(others.len());
    if events[..common] == others[..common] { Ok("equal so far") } else { Err("they differ".to_owned()) }
}

/// G12: stopping after any number of steps and going on is the same as not stopping.
#[must_use]
pub fn fuel(size: Size) -> Report {
    let mut report = Report::default();
    for (name, image) in programs() {
        let Ok(whole) = execute(&image, 0, WAYS[3]) else { continue };
        let ticks = whole.1.as_ref().map_or(STEPS, |report| report.ticks);
        for steps in 0..ticks.min(size.of(60, 2_000)) {
            report.case(|| stopped(&image, steps, &whole), || format!("{name}, stopped after {steps}"));
        }
    }
    report
}

fn stopped(image: &CodeImage, steps: u64, whole: &Execution) -> Result<&'static str, String> {
    let config = VMConfig { quantum: 256, ..VMConfig::default() };
    let (mut machine, id, args) = machine(config, image.clone(), Calm)?;
    let session = machine.open(id, &args).map_err(|error| error.to_string())?;
    machine.run(steps, &mut || false);
    let before = events_of(&machine, &session);
    // The answer to an operation belongs to the step that asked.
    if before.last().is_some_and(|event| event.tick > steps + 1) {
        return Err("more steps than were allowed".to_owned());
    }
    machine.run(STEPS, &mut || false);
    let after = events_of(&machine, &session);
    let report = machine.take_report(&session);
    if report.is_none() {
        return Ok("not ended");
    }
    if (&after, &report) == (&whole.0, &whole.1) { Ok("equal") } else { Err("it goes on differently".to_owned()) }
}
