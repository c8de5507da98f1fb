//! What a machine keeps of its events.

use super::fixture::config;
use super::sessions::ping_pong;
use crate::config::{Retention, VMConfig};
use crate::event::{Event, EventKind, Log, Recording};
use crate::id::{ImageId, SessionId};
use crate::machine::{RunEnd, VM};
use crate::trace::Trace;
use crate::value::Value;

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
    let far = 3 << 40;
    for round in 0..100 {
        logs.iter_mut().for_each(|log| trace.lend(log));
        // They write at once, one of them far ahead, one only now and then.
        write(&mut logs[1], &[far * round, far * round + 1]);
        write(&mut logs[0], &[round]);
        write(&mut logs[2], &[round][usize::from(round % 10 > 0)..]);
        logs.iter_mut().for_each(|log| trace.commit(log));
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
