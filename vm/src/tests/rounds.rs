//! Rounds: how many picks one has, and that what a session does never depends on that.

use super::fixture::{HALT, INT, config, image, op, role};
use super::sessions::{Backwards, ping_pong};
use crate::config::{RoundSemantics, VMConfig};
use crate::error::VMError;
use crate::event::Event;
use crate::handler::{Call, Failure};
use crate::id::SessionId;
use crate::machine::{Driver, Inline, Machine, Round, RunEnd, VM};
use crate::policy::{Policy, Priority};
use crate::session::SessionEnd;
use crate::value::Value;
use std::cell::RefCell;
use std::rc::Rc;
use tell_ir::image::CodeImage;
use tell_ir::instr::Instr;

fn waves(concurrency: u32) -> VMConfig {
    VMConfig { rounds: RoundSemantics::Waves, concurrency, ..config() }
}

/// The events of some sessions of an image that asks shared and local handlers, and who called them in which order.
fn run_on<D: Driver>(config: VMConfig, driver: D, sessions: u32) -> (Vec<Event>, Vec<SessionId>) {
    let mut vm = Machine::with_driver(config, driver).expect("right");
    let calls = Rc::new(RefCell::new(Vec::new()));
    let seen = Rc::clone(&calls);
    vm.install("E", move |call: &Call<'_>, _: &[Value]| {
        seen.borrow_mut().push(call.session.clone());
        if call.session.path().next() == Some(2) {
            Err(Failure::unavailable("not for this one"))
        } else {
            Ok(Value::Int(1))
        }
    });
    vm.install_local("L", || |_: &Call<'_>, _: &[Value]| Ok::<_, Failure>(Value::Int(2)));
    let asking = vm.load_unverified(asking()).expect("loads");
    let talking = vm.load_unverified(ping_pong(5)).expect("loads");
    for number in 0..sessions {
        vm.open(if number % 2 == 0 { asking } else { talking }, &[]).expect("opens");
    }
    assert_eq!(vm.run(100_000, &mut || false), RunEnd::Done);
    let calls = calls.borrow().clone();
    (vm.take_events(), calls)
}

/// One role that asks each handler three times.
fn asking() -> CodeImage {
    let mut image = image(&[]);
    let shared = op(&mut image, "E", "ask", &[], INT);
    let local = op(&mut image, "L", "ask", &[], INT);
    let code = [shared, local, shared, local, shared, local].map(|op| Instr::Perform { op, args: 0, dst: 0 });
    role(&mut image, "A", &[INT], &[&code[..], &[HALT]].concat());
    image
}

fn of(events: &[Event], session: u32) -> Vec<&Event> {
    events.iter().filter(|event| event.session == SessionId::root(session)).collect()
}

#[test]
fn a_canonical_round_has_one_pick() {
    for (rounds, asked, picks) in [
        (RoundSemantics::Canonical, 7, 1),
        (RoundSemantics::Canonical, 1, 1),
        (RoundSemantics::Canonical, 0, 0),
        (RoundSemantics::Waves, 0, 0),
        (RoundSemantics::Waves, 1, 1),
        (RoundSemantics::Waves, 3, 3),
        (RoundSemantics::Waves, 4, 4),
        (RoundSemantics::Waves, 5, 4),
    ] {
        let mut vm = VM::new(VMConfig { rounds, quantum: 2, ..config() }).expect("right");
        let image = vm.load_unverified(ping_pong(5)).expect("loads");
        for _ in 0..4 {
            vm.open(image, &[]).expect("opens");
        }
        assert_eq!(vm.kernel_step_round(asked), Round { picks, steps: 2 * u64::from(picks) }, "{rounds:?} {asked}");
    }
}

#[test]
fn waves_of_one_are_canonical_rounds() {
    for quantum in [1, 3, 256] {
        let canonical = run_on(VMConfig { quantum, ..config() }, Inline, 6);
        assert_eq!(run_on(VMConfig { quantum, ..waves(1) }, Inline, 6), canonical);
        let ignored = VMConfig { quantum, concurrency: 5, ..config() };
        assert_eq!(run_on(ignored, Inline, 6), canonical, "canonical rounds ignore it");
    }
}

#[test]
fn what_a_session_does_depends_on_no_wave_and_no_quantum() {
    let (canonical, _) = run_on(config(), Inline, 6);
    for quantum in [1, 3, 256] {
        for concurrency in [2, 3, 6, 100] {
            for policy in [Policy::Cooperative, Policy::RoundRobin, Policy::Priority(Priority::Ageing { every: 2 })] {
                let config = VMConfig { quantum, policy: policy.clone(), ..waves(concurrency) };
                let (events, calls) = run_on(config.clone(), Inline, 6);
                let alone = run_on(VMConfig { policy: policy.clone(), ..super::fixture::config() }, Inline, 6).0;
                for session in 0..6 {
                    assert_eq!(of(&events, session), of(&alone, session), "{policy:?} {quantum} {concurrency}");
                }
                // What the driver does is invisible, also in the order in which handlers are called.
                assert_eq!(run_on(config, Backwards, 6), (events, calls));
            }
        }
    }
    assert_eq!(canonical.iter().filter(|event| event.kind.name() == "Faulted").count(), 1);
}

#[test]
fn requests_are_granted_in_the_order_of_the_wave() {
    // Sessions 0, 2 and 4 ask; 2 is refused and asks no more.
    let (_, calls) = run_on(waves(6), Backwards, 6);
    let numbers: Vec<u32> = calls.iter().flat_map(SessionId::path).collect();
    assert_eq!(numbers, [0, 2, 4, 0, 4, 0, 4]);
}

#[test]
fn a_run_makes_exactly_the_steps_it_may() {
    for concurrency in [1, 2, 5, 9] {
        for max_steps in [0, 1, 7, 64, 100, 257] {
            let mut vm = VM::new(VMConfig { quantum: 16, ..waves(concurrency) }).expect("right");
            let image = vm.load_unverified(ping_pong(100)).expect("loads");
            let sessions: Vec<SessionId> = (0..5).map(|_| vm.open(image, &[]).expect("opens")).collect();
            assert_eq!(vm.run(max_steps, &mut || false), RunEnd::StepLimit);
            let ticks = sessions.iter().map(|id| vm.inspect(id).expect("active").1.ticks());
            assert_eq!(ticks.sum::<u64>(), max_steps);
            assert_eq!(vm.run(100_000, &mut || false), RunEnd::Done);
            assert!(sessions.iter().all(|id| vm.take_report(id).expect("ended").end == SessionEnd::Closed));
        }
    }
    let none = VMError::Configuration { field: "concurrency", value: 0, min: 1, max: u64::from(u32::MAX) };
    assert_eq!(VM::new(waves(0)).err(), Some(none));
}
