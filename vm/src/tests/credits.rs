//! Credits: what steps cost, who pays, and what happens when nothing is left.

use super::fixture::{HALT, INT, config, fault_of, image, receive, role, run_with, send, set};
use crate::config::VMConfig;
use crate::fault::Fault;
use crate::handler::{Call, Failure};
use crate::session::SessionEnd;
use crate::value::Value;
use tell_ir::image::{CodeImage, Const};
use tell_ir::instr::Instr;

fn with(credits: u64) -> VMConfig {
    let mut config = config();
    config.limits.credits = Some(credits);
    config
}

/// What a run of this image costs the coroutine that pays most.
fn cost(code: &[Instr]) -> u64 {
    code.iter().map(|instr| u64::from(instr.cost())).sum()
}

/// `A` sends three numbers, `B` takes them.
fn three() -> (CodeImage, u64) {
    let mut image = image(&[Const::Int(7)]);
    let a = [set(0, 0), send(1, 0), send(1, 0), send(1, 0), Instr::Jump { target: 5 }, HALT];
    role(&mut image, "A", &[INT], &a);
    role(&mut image, "B", &[INT], &[receive(0, 0), receive(0, 0), receive(0, 0), HALT]);
    (image, cost(&a))
}

#[test]
fn one_credit_less_is_not_enough() {
    for (quantum, slice, capacity) in [(1, 1, 1), (1, 256, 64), (256, 256, 1), (3, 2, 2)] {
        let (image, needed) = three();
        for credits in [needed - 1, needed, needed + 1] {
            let config = VMConfig { quantum, slice, edge_capacity: capacity, ..with(credits) };
            let (_, report) = run_with(config, image.clone(), |_| {});
            if credits < needed {
                assert_eq!(*fault_of(&report), Fault::OutOfCredits { needed: 1, left: 0 });
                assert_eq!(fault_of(&report).code(), "vm.fault.out_of_credits");
                assert_eq!(fault_of(&report).to_string(), "the next step costs 1 credit; 0 are left");
            } else {
                assert_eq!(report.end, SessionEnd::Closed, "{credits}, and to wait costs nothing");
            }
        }
    }
}

#[test]
fn a_step_that_cannot_be_paid_changes_nothing() {
    let (image, _) = three();
    let (vm, report) = run_with(with(10), image, |_| {});
    assert_eq!(*fault_of(&report), Fault::OutOfCredits { needed: 5, left: 4 });
    let sent = vm.events().filter(|event| event.kind.name() == "Sent").count();
    assert_eq!(sent, 1);
    let SessionEnd::Faulted(fault) = &report.end else { panic!("bug: no fault") };
    assert_eq!((fault.role.as_deref(), fault.pc), (Some("A"), Some(2)));
}

#[test]
fn a_branch_has_credits_of_its_own() {
    let mut image = image(&[Const::Int(1)]);
    let branch = [set(0, 0); 8];
    let main = [Instr::Spawn { target: 4 }, Instr::Spawn { target: 4 }, Instr::JoinAll, HALT];
    let code = [&main[..], &branch[..], &[Instr::Finish][..]].concat();
    role(&mut image, "A", &[INT], &code);
    let needed = cost(&main);
    assert_eq!(needed, 22);
    for (credits, is_enough) in [(needed - 1, false), (needed, true)] {
        let (_, report) = run_with(with(credits), image.clone(), |_| {});
        assert_eq!(report.end == SessionEnd::Closed, is_enough, "{:?}", report.end);
    }
    // The same place again, and again with all its credits.
    let round = [Instr::Spawn { target: 4 }, Instr::JoinAll, Instr::Jump { target: 0 }, HALT];
    image.functions[0].code = [&round[..], &branch[..], &[Instr::Finish][..]].concat();
    let (vm, report) = run_with(with(12 * 30), image, |_| {});
    assert_eq!(*fault_of(&report), Fault::OutOfCredits { needed: 10, left: 0 });
    let ended = vm.events().filter(|event| event.kind.name() == "BranchEnded").count();
    assert_eq!(ended, 30);
}

#[test]
fn an_operation_is_paid_when_it_is_issued() {
    let mut image = image(&[]);
    let op = super::fixture::op(&mut image, "E", "ask", &[], INT);
    let code = [Instr::Perform { op, args: 0, dst: 0 }, HALT];
    role(&mut image, "A", &[INT], &code);
    for (credits, calls) in [(19, 0), (20, 1), (21, 1)] {
        let (vm, report) = run_with(with(credits), image.clone(), |vm| {
            vm.install("E", |_: &Call<'_>, _: &[Value]| Ok::<_, Failure>(Value::Int(1)));
        });
        assert_eq!(report.end == SessionEnd::Closed, credits == 21);
        assert_eq!(vm.events().filter(|event| event.kind.name() == "Completed").count(), calls);
    }
}
