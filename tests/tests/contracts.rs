//! The contracts of events are kept by every example, and a trace that breaks one is noticed.

use std::path::Path;
use tell_tests::contracts::check;
use tell_tests::flags::Flags;
use tell_tests::program::build;
use tell_tests::run::{Setup, run};
use tell_vm::Description;

/// A scope that times out while an operation is outstanding, then a fault.
const TIMEOUT: &str = "\
import std.clock exposing (Clock)

protocol P(A, B) uses Clock =
  timeout 5ms A at
    do Clock.sleep(1s) at B
    B -> A : Late
  on timeout =>
    A -> B : Enough
  A -> B : Last
  assert 1 > 2 at B \"no\"
";

const GOOD: &str = "protocol P(A, B; x : Int at A) =\n  A -> B : Ping(x)\n  B -> A : Pong(y : Int = x + 1)\n";

fn trace(text: &str, flags: &str) -> Vec<Description> {
    let image = build("p.tell", text).expect("it builds");
    let flags = Flags::parse(flags, Path::new(".")).expect("flags");
    run(image, &flags, Setup::default()).expect("it runs").events
}

fn at(events: &[Description], name: &str) -> usize {
    events.iter().position(|event| event.event == name).unwrap_or_else(|| panic!("{name} is not there"))
}

/// The events without the one at `index`, renumbered.
fn without(events: &[Description], index: usize) -> Vec<Description> {
    let mut events = events.to_vec();
    events.remove(index);
    (0..).zip(&mut events).for_each(|(number, event)| event.sequence = number);
    events
}

/// The events with two changed over, renumbered and with the ticks of their places.
fn swapped(events: &[Description], index: usize) -> Vec<Description> {
    let mut events = events.to_vec();
    let ticks: Vec<u64> = events.iter().map(|event| event.tick).collect();
    events.swap(index, index + 1);
    for (number, (event, tick)) in (0..).zip(events.iter_mut().zip(ticks)) {
        (event.sequence, event.tick) = (number, tick);
    }
    events
}

#[test]
fn a_trace_without_an_event_that_is_due_is_noticed() {
    let bad = trace(TIMEOUT, "");
    assert_eq!(check(&bad), Ok(()));
    let due = [
        "Opened",
        "FailureBranchEntered",
        "CancellationRequested",
        "Cancelled",
        "TimeoutIssued",
        "SessionTerminal",
        "ScopeEntered",
        "Performed",
        "Sent",
        "Faulted",
    ];
    for name in due {
        let found = check(&without(&bad, at(&bad, name)));
        assert!(found.is_err(), "without {name}: {bad:#?}");
    }
    let good = trace(GOOD, "--arg A.x=1");
    assert_eq!(check(&good), Ok(()));
    for index in 0..good.len() - 1 {
        // Who is done may be said at any time.
        if !["Halted", "Closed"].contains(&good[index].event) {
            assert!(check(&without(&good, index)).is_err(), "without {:?}", good[index]);
        }
    }
}

#[test]
fn an_order_that_is_wrong_is_noticed() {
    let bad = trace(TIMEOUT, "");
    for name in ["TimeoutIssued", "CancellationRequested", "FailureBranchEntered", "Faulted", "SessionTerminal"] {
        assert!(check(&swapped(&bad, at(&bad, name))).is_err(), "{name}: {bad:#?}");
    }
    let good = trace(GOOD, "--arg A.x=1");
    for name in ["Opened", "Sent", "Closed", "SessionTerminal"] {
        assert!(check(&swapped(&good, at(&good, name))).is_err(), "{name}");
    }
}

#[test]
fn what_a_failed_scope_and_a_fault_begin_with() {
    let bad = trace(TIMEOUT, "");
    let names: Vec<&str> = bad.iter().map(|event| event.event).collect();
    let end = ["FailureBranchEntered", "Faulted", "SessionTerminal", "EpochAdvanced"];
    assert_eq!(names[names.len() - 4..], end);
    assert_eq!(bad[bad.len() - 4].role.as_deref(), Some("B"));
}
