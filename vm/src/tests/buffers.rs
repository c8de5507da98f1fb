//! Full edges: what each policy does, down to a capacity of 1.

use super::fixture::{
    HALT, INT, STRING, choose, config, event_names, fault_of, image, receive, role, run_with, send, set,
};
use crate::buffer::WhenFull;
use crate::config::VMConfig;
use crate::error::VMError;
use crate::event::{EventKind, Message};
use crate::fault::Fault;
use crate::machine::VM;
use crate::session::SessionEnd;
use crate::value::Value;
use tell_ir::image::{CodeImage, Const, Edge};
use tell_ir::instr::Instr;
use tell_ir::prim::Prim;

const POLICIES: [WhenFull; 5] = [WhenFull::Block, WhenFull::Resize, WhenFull::Error, WhenFull::Drop, WhenFull::Latest];

fn with(when_full: WhenFull, edge_capacity: u32) -> VMConfig {
    VMConfig { when_full, edge_capacity, ..config() }
}

/// `A` sends 0 to 4 to `B`, then tells `C`, who tells `B` to stop; `B` takes what comes until then.
fn readings(lossy: bool) -> CodeImage {
    let mut image = image(&[Const::Int(0), Const::Int(1), Const::Int(5)]);
    let code = [
        set(0, 0),
        set(1, 1),
        set(2, 2),
        Instr::Prim { op: Prim::Lt, dst: 3, a: 0, b: 2 },
        Instr::Branch { val: 3, target: 8 },
        send(1, 0),
        Instr::Prim { op: Prim::Add, dst: 0, a: 0, b: 1 },
        Instr::Jump { target: 3 },
        send(2, 0),
        HALT,
    ];
    role(&mut image, "A", &[INT, INT, INT, super::fixture::BOOL], &code);
    role(&mut image, "B", &[INT, INT], &[Instr::Choose { table: 0 }, Instr::Jump { target: 0 }, HALT]);
    choose(&mut image, &[(0, 2, 0, 1), (2, 2, 1, 2)], false);
    role(&mut image, "C", &[INT], &[receive(0, 0), send(1, 0), HALT]);
    image.edges.push(Edge { from: 0, to: 1, bound: None, lossy });
    image
}

/// Numbers and values of the messages from `A` to `B` that had such an event.
fn messages(vm: &VM, name: &str) -> Vec<(u32, i64)> {
    let of = vm.events().filter(|event| event.kind.name() == name);
    let with = of.filter_map(|event| match event.kind {
        EventKind::Sent(Message { partner: 1, number, .. })
        | EventKind::Chose(Message { partner: 0, number, .. })
        | EventKind::Dropped(Message { partner: 1, number, .. }) => Some((event, number)),
        _ => None,
    });
    with.filter_map(|(event, number)| Some((number, event.value.as_int()?))).filter(|(_, value)| *value < 5).collect()
}

#[test]
fn on_an_edge_that_is_not_lossy_nothing_is_lost() {
    for when_full in POLICIES {
        for capacity in [1, 2, 5, 64] {
            let (vm, report) = run_with(with(when_full, capacity), readings(false), |_| {});
            if when_full == WhenFull::Error && capacity < 5 {
                let expected = Fault::BufferFull { from: "A".into(), to: "B".into(), capacity };
                assert_eq!(*fault_of(&report), expected);
                assert_eq!(fault_of(&report).code(), "vm.fault.buffer_full");
                assert_eq!(messages(&vm, "Sent").len(), capacity as usize);
                continue;
            }
            assert_eq!(report.end, SessionEnd::Closed, "{when_full:?} {capacity}");
            let all: Vec<(u32, i64)> = (0..5).map(|number| (number, i64::from(number))).collect();
            assert_eq!(messages(&vm, "Chose"), all, "{when_full:?} {capacity}");
            assert!(messages(&vm, "Dropped").is_empty());
        }
    }
}

#[test]
fn a_lossy_edge_loses_what_does_not_fit() {
    let run = |when_full, capacity| {
        let (vm, report) = run_with(with(when_full, capacity), readings(true), |_| {});
        assert_eq!(report.end, SessionEnd::Closed, "{when_full:?} {capacity}");
        assert_eq!(messages(&vm, "Sent").len(), 5, "each one is sent");
        (messages(&vm, "Chose"), messages(&vm, "Dropped"))
    };
    // `A` sends all five before `B` looks.
    assert_eq!(run(WhenFull::Drop, 1), (vec![(0, 0)], vec![(1, 1), (2, 2), (3, 3), (4, 4)]));
    assert_eq!(run(WhenFull::Drop, 2), (vec![(0, 0), (1, 1)], vec![(2, 2), (3, 3), (4, 4)]));
    assert_eq!(run(WhenFull::Latest, 1), (vec![(4, 4)], vec![(0, 0), (1, 1), (2, 2), (3, 3)]));
    assert_eq!(run(WhenFull::Latest, 3), (vec![(0, 0), (1, 1), (4, 4)], vec![(2, 2), (3, 3)]));
    for when_full in [WhenFull::Drop, WhenFull::Latest] {
        assert_eq!(run(when_full, 5).1, []);
    }
    assert_eq!(run(WhenFull::Block, 1).1, []);
    assert_eq!(run(WhenFull::Resize, 1).1, []);
}

#[test]
fn one_step_in_turn_loses_less_and_no_quantum_changes_that() {
    for when_full in [WhenFull::Drop, WhenFull::Latest] {
        let traces = [1, 3, 256].map(|quantum| {
            let config = VMConfig { quantum, slice: 1, ..with(when_full, 1) };
            let (mut vm, report) = run_with(config, readings(true), |_| {});
            assert_eq!(report.end, SessionEnd::Closed);
            assert!(messages(&vm, "Dropped").len() < 4);
            vm.take_events()
        });
        assert!(traces[0] == traces[1] && traces[1] == traces[2]);
    }
}

#[test]
fn an_edge_grows_up_to_its_limit() {
    for limit in [4, 5, 6] {
        let mut config = with(WhenFull::Resize, 2);
        config.limits.edge = limit;
        let (vm, report) = run_with(config, readings(true), |_| {});
        if limit < 5 {
            let expected = Fault::LimitExceeded { what: "messages on an edge", value: 5, max: 4 };
            assert_eq!(*fault_of(&report), expected);
            assert_eq!(messages(&vm, "Sent").len(), 4);
        } else {
            assert_eq!(report.end, SessionEnd::Closed);
        }
    }
    let mut config = with(WhenFull::Resize, 10);
    config.limits.edge = 9;
    let expected = VMError::Configuration { field: "limits.edge", value: 9, min: 10, max: u64::from(u32::MAX) };
    assert_eq!(VM::new(config.clone()).err(), Some(expected));
    config.when_full = WhenFull::Block;
    assert!(VM::new(config).is_ok());
}

#[test]
fn a_lost_message_is_let_go() {
    // Texts that nobody holds any more: what is lost is not kept anywhere.
    let mut image = image(&[Const::Str("text".into())]);
    let text = Instr::Send { to: 1, label: 3, val: 0 };
    role(&mut image, "A", &[STRING], &[set(0, 0), text, text, text, HALT]);
    role(&mut image, "B", &[STRING], &[Instr::Receive { from: 0, label: 3, dst: 0 }, HALT]);
    image.edges.push(Edge { from: 0, to: 1, bound: None, lossy: true });
    for (when_full, number) in [(WhenFull::Drop, 0), (WhenFull::Latest, 2)] {
        let (vm, report) = run_with(with(when_full, 1), image.clone(), |_| {});
        assert_eq!(report.end, SessionEnd::Closed);
        let taken: Vec<u32> = vm
            .events()
            .filter_map(|event| match event.kind {
                EventKind::Received(message) => Some(message.number),
                _ => None,
            })
            .collect();
        assert_eq!(taken, [number]);
        assert_eq!(report.finals[1].as_ref().expect("done")[0].value, Value::text("text"));
        let names = event_names(&vm);
        assert_eq!(names.iter().filter(|name| *name == "A.Dropped").count(), 2);
    }
}

#[test]
fn an_endpoint_on_a_full_edge_does_what_is_configured_and_is_never_lost() {
    for lossy in [false, true] {
        for when_full in POLICIES {
            let mut image = super::nested::giving_behind_a_message();
            image.edges.push(Edge { from: 0, to: 1, bound: None, lossy });
            let (vm, report) = super::nested::nested(with(when_full, 1), super::nested::doubling(), image);
            let report = report.expect("it has ended");
            if when_full == WhenFull::Error {
                let expected = Fault::BufferFull { from: "A".into(), to: "B".into(), capacity: 1 };
                assert_eq!(*fault_of(&report), expected);
                continue;
            }
            assert_eq!(report.end, SessionEnd::Closed, "{when_full:?}");
            let names = event_names(&vm);
            let place = |name: &str| names.iter().position(|found| found == name).expect("it is there");
            assert_eq!(place("A.Transferred") < place("B.Received"), when_full == WhenFull::Resize, "{when_full:?}");
        }
    }
}

#[test]
fn a_speculation_finds_a_full_edge_as_configured() {
    for when_full in POLICIES {
        let image = super::speculation::sending(Instr::Join);
        let (vm, report) = run_with(with(when_full, 1), image, |_| {});
        if when_full == WhenFull::Error {
            let expected = Fault::BufferFull { from: "A".into(), to: "B".into(), capacity: 1 };
            assert_eq!(*fault_of(&report), expected);
            continue;
        }
        assert_eq!(report.end, SessionEnd::Closed, "{when_full:?}");
        assert_eq!(event_names(&vm).contains(&"A.Joined".to_owned()), when_full == WhenFull::Resize, "{when_full:?}");
    }
    let mut config = with(WhenFull::Resize, 1);
    config.limits.edge = 1;
    let (_, report) = run_with(config, super::speculation::sending(Instr::Join), |_| {});
    let expected = Fault::LimitExceeded { what: "messages on an edge", value: 2, max: 1 };
    assert_eq!(*fault_of(&report), expected);
}
