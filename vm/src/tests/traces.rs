//! What a machine keeps of its events.

use super::fixture::config;
use super::sessions::ping_pong;
use crate::config::{Retention, VMConfig};
use crate::error::VMError;
use crate::event::{Event, EventKind, Log, Recording};
use crate::id::{ImageId, SessionId};
use crate::kernel::program::Program;
use crate::machine::{RunEnd, VM};
use crate::trace::{BatchView, SinkError, Trace};
use crate::value::Value;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// A machine that ran three sessions to their ends.
fn ran(trace: Retention, quantum: u32, rounds: i64) -> VM {
    let mut vm = VM::new(VMConfig { trace, quantum, ..config() }).expect("right");
    let image = vm.load_unverified(ping_pong(rounds)).expect("loads");
    for _ in 0..3 {
        vm.open(image, &[]).expect("opens");
    }
    assert_eq!(vm.run(u64::MAX, &mut || false), RunEnd::Done);
    vm
}

#[test]
fn retention_keeps_the_last_events() {
    for quantum in [1, 3, 256] {
        let all: Vec<Event> = ran(Retention::All, quantum, 50).events().collect();
        assert!(all.len() > 600);
        assert!(ran(Retention::Off, quantum, 50).events().next().is_none());
        for kept in (0..40).chain([64, 100, 333, all.len() - 1, all.len(), all.len() + 1, usize::MAX]) {
            let vm = ran(Retention::Last(kept), quantum, 50);
            assert_eq!(vm.events().len(), kept.min(all.len()));
            let events: Vec<Event> = vm.events().collect();
            assert_eq!(events, all[all.len() - kept.min(all.len())..], "the last {kept}, quantum {quantum}");
        }
    }
}

#[test]
fn memory_for_events_follows_what_is_kept() {
    let picks = 4 * 256;
    for kept in [0, 1, 100, 5000] {
        let space = ran(Retention::Last(kept), 256, 10_000).trace.space();
        assert!(space <= 2 * kept + picks, "{space} for {kept}");
    }
    let vm = ran(Retention::All, 256, 100_000);
    let (space, kept) = (vm.trace.space(), vm.events().len());
    assert!(space <= kept + kept / 8 + (1 << 15), "{space} for {kept}");
}

#[test]
fn events_that_were_taken_are_not_kept_and_the_next_ones_are() {
    let all: Vec<Event> = ran(Retention::All, 7, 20).take_events();
    let mut vm = VM::new(VMConfig { quantum: 7, ..config() }).expect("right");
    let image = vm.load_unverified(ping_pong(20)).expect("loads");
    let mut taken = Vec::new();
    for _ in 0..3 {
        vm.open(image, &[]).expect("opens");
    }
    while vm.kernel_step_round(1).picks > 0 {
        taken.extend(vm.take_events());
        assert_eq!(vm.events().len(), 0);
    }
    assert_eq!(taken, all);
}

/// A log that gets events with these ticks.
fn write(log: &mut Log, ticks: &[u64]) {
    for tick in ticks {
        log.tick = *tick;
        log.note(Some(1), EventKind::EpochAdvanced { epoch: *tick as u32 }, || Value::Int(i64::from(*tick as u32)));
    }
}

#[test]
fn picks_of_one_wave_are_kept_in_the_order_of_their_commits() {
    let log = |session| Log::new(SessionId::root(session), ImageId(7), Recording::On);
    let (mut logs, mut trace) = ([log(0), log(1), log(2)], Trace::new(Retention::All));
    let (far, program) = (3 << 40, Program::prepare(ping_pong(1)));
    for round in 0..100 {
        logs.iter_mut().for_each(|log| trace.lend(log));
        // They write at once, one of them far ahead, one only now and then.
        write(&mut logs[1], &[far * round, far * round + 1]);
        write(&mut logs[0], &[round]);
        write(&mut logs[2], &[round][usize::from(round % 10 > 0)..]);
        logs.iter_mut().for_each(|log| trace.commit(log, &program));
    }
    let events: Vec<Event> = trace.events().collect();
    let expected = (0..100).flat_map(|round| {
        let third = (round % 10 == 0).then_some((2, round, round / 10));
        [(0, round, round), (1, far * round, 2 * round), (1, far * round + 1, 2 * round + 1)].into_iter().chain(third)
    });
    let expected: Vec<_> = expected.map(|(session, tick, number)| (SessionId::root(session), tick, number)).collect();
    let found: Vec<_> = events.iter().map(|e| (e.session.clone(), e.tick, u64::from(e.sequence))).collect();
    assert_eq!(found, expected);
    let is_whole = |event: &Event| {
        let kind = EventKind::EpochAdvanced { epoch: event.tick as u32 };
        event.value == Value::Int(i64::from(event.tick as u32)) && event.kind == kind && event.image == ImageId(7)
    };
    assert!(events.iter().all(|event| is_whole(event) && event.role() == Some(1)));
}

/// Events a sink has taken.
type Taken = Rc<RefCell<Vec<Event>>>;

fn into(taken: &Taken) -> impl FnMut(&BatchView<'_>) -> Result<(), SinkError> + 'static {
    let taken = Rc::clone(taken);
    move |batch| {
        assert!(batch.events().len() > 0 && batch.events().all(|event| event.session == *batch.session()));
        taken.borrow_mut().extend(batch.events());
        Ok(())
    }
}

fn streaming(quantum: u32) -> VM {
    VM::new(VMConfig { trace: Retention::Sink, quantum, ..config() }).expect("right")
}

#[test]
fn a_sink_gets_what_would_be_kept_at_each_commit() {
    for quantum in [1, 3, 256] {
        let all: Vec<Event> = ran(Retention::All, quantum, 20).events().collect();
        let (mut vm, taken) = (streaming(quantum), Taken::default());
        vm.set_sink(into(&taken)).expect("it is asked for");
        let image = vm.load_unverified(ping_pong(20)).expect("loads");
        for opened in 1..=3 {
            vm.open(image, &[]).expect("opens");
            assert_eq!(taken.borrow().len(), opened);
        }
        let mut before = 0;
        while vm.kernel_step_round(1).picks > 0 {
            assert!(taken.borrow().len() >= before);
            before = taken.borrow().len();
        }
        assert_eq!(*taken.borrow(), all);
        assert_eq!(vm.events().len(), 0, "nothing is kept beside");
    }
}

#[test]
fn a_sink_is_there_if_and_only_if_it_is_asked_for() {
    let mut vm = streaming(1);
    let image = vm.load_unverified(ping_pong(1)).expect("loads");
    assert_eq!(vm.open(image, &[]), Err(VMError::NoSink));
    let mut vm = VM::new(config()).expect("right");
    assert_eq!(vm.set_sink(into(&Taken::default())), Err(VMError::SinkNotUsed));
}

#[test]
fn a_sink_that_fails_stops_the_machine_and_the_next_one_gets_everything() {
    let all: Vec<Event> = ran(Retention::All, 3, 20).events().collect();
    for panics in [false, true] {
        let (mut vm, taken, room) = (streaming(3), Taken::default(), Rc::new(Cell::new(2)));
        let sink = |left: &Rc<Cell<usize>>| {
            let (mut take, left) = (into(&taken), Rc::clone(left));
            move |batch: &BatchView<'_>| {
                if left.get() > 0 {
                    left.set(left.get() - 1);
                    return take(batch);
                }
                assert!(!panics, "as it is told");
                Err(SinkError::new("full"))
            }
        };
        vm.set_sink(sink(&room)).expect("it is asked for");
        let image = vm.load_unverified(ping_pong(20)).expect("loads");
        // It fails at the third one.
        let sessions = [0; 3].map(|_| vm.open(image, &[]).expect("opens"));
        let error = SinkError::new(if panics { "it panicked" } else { "full" });
        assert_eq!(vm.sink_error(), Some(&error));
        assert_eq!(vm.run(1000, &mut || false), RunEnd::SinkFailed);
        assert_eq!(vm.kernel_step_round(1).picks, 0);
        assert_eq!(vm.open(image, &[]), Err(VMError::Sink(error.clone())));
        assert_eq!(vm.cancel_scope(&sessions[0], 0), Err(VMError::Sink(error.clone())));
        assert_eq!(vm.events().collect::<Vec<_>>(), all[2..3], "what the sink did not take is kept");
        // Others take one batch more each, until one has room for everything.
        for more in (0..40).chain([usize::MAX]) {
            room.set(more);
            let refused = Err(VMError::Sink(error.clone()));
            assert_eq!(vm.set_sink(sink(&room)), if more == 0 { refused } else { Ok(()) });
            let end = vm.run(u64::MAX, &mut || false);
            let pending: Vec<Event> = vm.events().collect();
            let known = taken.borrow().len();
            assert_eq!((*taken.borrow()).clone(), all[..known]);
            assert_eq!(pending, all[known..known + pending.len()]);
            assert_eq!(end, if pending.is_empty() { RunEnd::Done } else { RunEnd::SinkFailed });
        }
        assert_eq!(*taken.borrow(), all);
    }
}
