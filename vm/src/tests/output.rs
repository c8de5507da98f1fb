//! Output conditions: what is allowed, what is denied, and the events that say so.

use super::fixture::{HALT, INT, STRING, config, event_names, fault_of, image, receive, role, run_with, send, set};
use crate::buffer::WhenFull;
use crate::config::VMConfig;
use crate::fault::Fault;
use crate::output::OutputCondition;
use crate::session::SessionEnd;
use tell_ir::image::{CodeImage, Const, Edge};
use tell_ir::instr::Instr;

/// `A` sends a number and a text to `B`, who sends the number back.
fn talk() -> CodeImage {
    let mut image = image(&[Const::Int(7), Const::Str("x".into())]);
    let text = Instr::Offer { to: 1, label: 3, val: 1 };
    role(&mut image, "A", &[INT, STRING], &[set(0, 0), set(1, 1), send(1, 0), text, receive(1, 0), HALT]);
    let take = Instr::Receive { from: 0, label: 3, dst: 1 };
    role(&mut image, "B", &[INT, STRING], &[receive(0, 0), take, send(0, 0), HALT]);
    image
}

fn run(output: OutputCondition) -> (Vec<String>, Result<(), Fault>) {
    let (vm, report) = run_with(VMConfig { output, ..config() }, talk(), |_| {});
    let end = if report.end == SessionEnd::Closed { Ok(()) } else { Err(fault_of(&report).clone()) };
    let kinds = ["Checked", "Sent", "Offered", "Entered", "Faulted"];
    let names = event_names(&vm).into_iter().filter(|name| kinds.iter().any(|kind| name.ends_with(kind)));
    (names.collect(), end)
}

fn allow(list: &[&str]) -> OutputCondition {
    OutputCondition::Allow(list.iter().map(|entry| (*entry).to_owned()).collect())
}

#[test]
fn without_a_condition_there_are_no_events() {
    assert_eq!(run(OutputCondition::Disabled), (vec!["A.Sent".into(), "A.Offered".into(), "B.Sent".into()], Ok(())));
}

#[test]
fn what_is_allowed_is_checked_and_sent() {
    let checked = ["A.OutputConditionChecked", "A.Sent", "A.OutputConditionChecked", "A.Offered"];
    let expected: Vec<String> =
        checked.iter().chain(&["B.OutputConditionChecked", "B.Sent"]).map(|name| (*name).to_owned()).collect();
    for output in [OutputCondition::AllowAll, allow(&["A.*", "B.L2"]), allow(&["A.L3", "A.L2", "B.*", "C.*"])] {
        assert_eq!(run(output), (expected.clone(), Ok(())));
    }
}

#[test]
fn what_is_denied_is_not_sent() {
    let denied = |role: &str, label: &str| Err(Fault::OutputCondition { role: role.into(), label: label.into() });
    let (names, end) = run(OutputCondition::DenyAll);
    assert_eq!(names, ["A.OutputConditionChecked", "A.FailureBranchEntered", "A.Faulted"]);
    assert_eq!(end, denied("A", "L2"));
    assert_eq!(end.expect_err("denied").code(), "vm.fault.output_condition");
    assert_eq!(run(allow(&["A.L2", "B.*"])).1, denied("A", "L3"));
    assert_eq!(run(allow(&["A.*", "B.L3", "L2", "*"])).1, denied("B", "L2"));
    assert_eq!(run(allow(&[])).1, denied("A", "L2"));
}

#[test]
fn who_waits_for_room_is_checked_when_the_message_is_sent() {
    let mut image = image(&[Const::Int(7)]);
    role(&mut image, "A", &[INT], &[set(0, 0), send(1, 0), send(1, 0), send(1, 0), HALT]);
    role(&mut image, "B", &[INT], &[receive(0, 0), receive(0, 0), receive(0, 0), HALT]);
    for (lossy, when_full) in [(false, WhenFull::Block), (false, WhenFull::Resize)] {
        image.edges = vec![Edge { from: 0, to: 1, bound: None, lossy }];
        let config = VMConfig { output: OutputCondition::AllowAll, edge_capacity: 1, when_full, ..config() };
        let (vm, report) = run_with(config, image.clone(), |_| {});
        assert_eq!(report.end, SessionEnd::Closed);
        let names = event_names(&vm);
        let sent: Vec<&str> =
            names.iter().filter_map(|name| name.strip_prefix("A.")).filter(|name| *name != "Halted").collect();
        assert_eq!(sent, ["OutputConditionChecked", "Sent"].repeat(3), "{when_full:?}");
    }
}
