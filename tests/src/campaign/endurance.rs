//! Long sessions and many sessions (G13): memory stays flat.

use super::stage::{Calm, machine};
use super::{Report, Size};
use crate::program::build;
use tell_vm::{Retention, VM, VMConfig};

/// A session that never ends, with everything that could pile up: messages, effects, a scope, branches.
const ENDLESS: &str = "\
import std.clock exposing (Clock)
import std.state exposing (State)

protocol Endless(A, B, C) uses Clock, State(Int, Int) =
  loop forever
    A -> B : Ping(n : Int = 1)
    do State.put(1, n) at B
    timeout 5ms A at
      do Clock.sleep(1ms) at A
      A -> C : Tick
    on timeout =>
      A -> C : Late
    par
      | A -> B : Left
        B -> A : LeftBack
      | A -> C : Right
        C -> A : RightBack
";

/// A session that is soon over.
const SHORT: &str = "protocol Short(A, B) =\n  A -> B : Hello(n : Int = 1)\n  B -> A : Bye\n";

/// Bytes of this process that are in memory.
///
/// # Errors
/// Where `/proc` does not say.
#[allow(clippy::disallowed_methods, reason = "a campaign measures its own memory")]
fn resident() -> Result<u64, String> {
    let text = std::fs::read_to_string("/proc/self/statm").map_err(|error| error.to_string())?;
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.map(|pages| pages * 4096).ok_or_else(|| format!("`{text}`"))
}

/// What memory may grow by after the warm-up.
const SLACK: u64 = 4 << 20;

/// G13: steps of one session, and sessions opened and closed.
#[must_use]
pub fn flat(size: Size) -> Report {
    let mut report = Report::default();
    let steps = size.of(10_000_000, 1_000_000_000);
    report.case(|| long(steps), || format!("{steps} steps of one session"));
    let cycles = size.of(100_000, 10_000_000);
    report.case(|| many(cycles), || format!("{cycles} sessions, one after the other"));
    report
}

fn prepared(text: &str) -> Result<(VM, tell_vm::ImageId, Vec<Vec<tell_vm::Value>>), String> {
    let config = VMConfig { quantum: 256, trace: Retention::Last(1000), ..VMConfig::default() };
    machine(config, build("endurance.tell", text)?, Calm)
}

fn long(steps: u64) -> Result<&'static str, String> {
    let (mut machine, id, args) = prepared(ENDLESS)?;
    machine.open(id, &args).map_err(|error| error.to_string())?;
    machine.run(steps / 10, &mut || false);
    let before = resident()?;
    machine.run(steps - steps / 10, &mut || false);
    if machine.active() != 1 {
        return Err("it has ended".to_owned());
    }
    grown(before, "steps")
}

fn many(cycles: u64) -> Result<&'static str, String> {
    let (mut machine, id, args) = prepared(SHORT)?;
    let mut before = 0;
    for cycle in 0..cycles {
        if cycle == cycles / 10 {
            before = resident()?;
        }
        let session = machine.open(id, &args).map_err(|error| error.to_string())?;
        machine.run(1_000, &mut || false);
        machine.take_report(&session).ok_or("it has not ended")?;
    }
    grown(before, "sessions")
}

fn grown(before: u64, what: &str) -> Result<&'static str, String> {
    let after = resident()?;
    if after > before + SLACK {
        return Err(format!("from {} to {} KiB over {what}", before >> 10, after >> 10));
    }
    Ok("flat")
}
