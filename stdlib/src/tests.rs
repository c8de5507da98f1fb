//! The handlers, called as the machine calls them, and by a machine.

mod machine;

use crate::clock::Clock;
use crate::console::Console;
use crate::host::{Host, random_choice};
use crate::random::Random;
use crate::state::State;
use crate::{HostInputs, World, install, sources};
use std::slice::from_ref;
use tell_vm::ir::prim::Prim;
use tell_vm::ir::ty::TypeId;
use tell_vm::{Call, Failure, FailureKind, Handler, HostStep, RequestId, SessionId, Settled, VM, VMConfig, Value};

static SESSIONS: [SessionId; 4] = [SessionId::root(0), SessionId::root(1), SessionId::root(2), SessionId::root(3)];

fn call(op: &str, session: usize, role: u16) -> Call<'_> {
    Call {
        effect: "E",
        instance: 0,
        op,
        op_id: 0,
        params: &[],
        result: TypeId(0),
        types: &[],
        session: &SESSIONS[session],
        protocol: "P",
        role,
        role_name: "A",
        request: RequestId(0),
        now: 5,
        seed: 7,
    }
}

/// An answer that is committed.
fn ask(handler: &mut impl Handler, call: &Call<'_>, args: &[Value]) -> Result<Value, Failure> {
    let answer = match handler.start(call, args) {
        HostStep::Reply(value) => Ok(value),
        HostStep::Fail(failure) => Err(failure),
        other => panic!("bug: {other:?}"),
    };
    handler.settle(call, if answer.is_ok() { Settled::Committed } else { Settled::Refused });
    answer
}

fn just(value: Value) -> Result<Value, Failure> {
    Ok(Value::just(value).expect("it is small"))
}

#[test]
fn state_keeps_a_map_per_role() {
    let mut state = State::default();
    let (a, b) = ((call("get", 0, 0), call("put", 0, 0)), (call("get", 0, 1), call("put", 0, 1)));
    let key = Value::text("k");
    assert_eq!(ask(&mut state, &a.0, from_ref(&key)), Ok(Value::nothing()));
    assert_eq!(ask(&mut state, &a.1, &[key.clone(), Value::Int(1)]), Ok(Value::Unit));
    assert_eq!(ask(&mut state, &a.1, &[key.clone(), Value::Int(2)]), Ok(Value::Unit));
    assert_eq!(ask(&mut state, &a.0, from_ref(&key)), just(Value::Int(2)));
    assert_eq!(ask(&mut state, &b.0, from_ref(&key)), Ok(Value::nothing()));
    assert_eq!(ask(&mut state, &b.1, &[key.clone(), Value::Int(9)]), Ok(Value::Unit));
    assert_eq!(ask(&mut state, &a.0, &[key]), just(Value::Int(2)));
}

#[test]
fn a_put_that_is_not_committed_changes_nothing() {
    let mut state = State::default();
    let put = call("put", 0, 0);
    assert_eq!(state.start(&put, &[Value::Int(1), Value::Int(1)]), HostStep::Reply(Value::Unit));
    state.settle(&put, Settled::Refused);
    assert_eq!(ask(&mut state, &call("get", 0, 0), &[Value::Int(1)]), Ok(Value::nothing()));
}

#[test]
fn state_is_bounded() {
    let mut state = State::default();
    let mut puts = 0;
    let full = loop {
        let value = Value::text("x".repeat(1 << 20));
        match ask(&mut state, &call("put", 0, 0), &[Value::Int(puts), value]) {
            Ok(_) => puts += 1,
            Err(failure) => break failure,
        }
    };
    assert_eq!((puts, full.kind), (15, FailureKind::Denied));
    // Replacing an entry needs no room.
    assert_eq!(ask(&mut state, &call("put", 0, 0), &[Value::Int(0), Value::Int(0)]), Ok(Value::Unit));
}

fn ints(session: usize, role: u16, count: usize) -> Vec<i64> {
    let mut random = Random::default();
    let draw = |random: &mut Random| ask(random, &call("int", session, role), &[Value::Int(1), Value::Int(6)]);
    (0..count).map(|_| draw(&mut random).expect("it answers").as_int().expect("an Int")).collect()
}

#[test]
fn random_is_repeatable_and_in_range() {
    assert_eq!(ints(0, 0, 100), ints(0, 0, 100));
    assert_ne!(ints(0, 0, 100), ints(0, 1, 100));
    assert_ne!(ints(0, 0, 100), ints(1, 0, 100));
    let mut counts = [0; 7];
    ints(3, 2, 6000).iter().for_each(|n| counts[*n as usize] += 1);
    assert_eq!(counts[0], 0);
    assert!(counts[1..].iter().all(|count| (850..1150).contains(count)), "{counts:?}");
}

/// The first numbers are part of the contract: changing them changes every run with that seed.
#[test]
fn random_is_what_it_was() {
    assert_eq!(ints(0, 0, 12), [5, 6, 1, 2, 1, 2, 5, 4, 6, 1, 1, 4]);
}

#[test]
fn random_operations() {
    let mut random = Random::default();
    let list = Value::list((0..20).map(Value::Int).collect()).expect("small");
    let same = ask(&mut random, &call("int", 0, 0), &[Value::Int(5), Value::Int(5)]);
    assert_eq!(same, Ok(Value::Int(5)));
    let any = ask(&mut random, &call("int", 0, 0), &[Value::Int(i64::MAX), Value::Int(i64::MIN)]);
    assert!(any.is_ok());
    assert!(matches!(ask(&mut random, &call("bool", 0, 0), &[]), Ok(Value::Bool(_))));
    for (count, length) in [(-1, 0), (0, 0), (1, 1), (8, 8), (13, 13)] {
        let bytes = ask(&mut random, &call("bytes", 0, 0), &[Value::Int(count)]).expect("it answers");
        assert_eq!(bytes.as_bytes().map(<[u8]>::len), Some(length));
    }
    assert!(ask(&mut random, &call("bytes", 0, 0), &[Value::Int(i64::MAX)]).is_err());
    let empty = Value::list(Vec::new()).expect("small");
    assert_eq!(ask(&mut random, &call("pick", 0, 0), &[empty]), Ok(Value::nothing()));
    assert!(ask(&mut random, &call("pick", 0, 0), from_ref(&list)).is_ok());
    let shuffled = ask(&mut random, &call("shuffle", 0, 0), from_ref(&list)).expect("it answers");
    assert_ne!(shuffled, list);
    let mut sorted = shuffled.as_list().expect("a list").to_vec();
    sorted.sort();
    assert_eq!(Some(sorted.as_slice()), list.as_list());
    assert!(ask(&mut random, &call("dice", 0, 0), &[]).is_err());
}

#[test]
fn the_clock_tells_the_time_of_the_call_and_lets_the_machine_wait() {
    let clock = &mut Clock;
    assert_eq!(ask(clock, &call("now", 0, 0), &[]), Ok(Value::Duration(5)));
    assert_eq!(clock.start(&call("sleep", 0, 0), &[Value::Duration(9)]), HostStep::Sleep(9));
    assert!(ask(clock, &call("sleep", 0, 0), &[Value::Int(9)]).is_err());
}

/// Reads from a script and keeps what is printed.
#[derive(Default)]
struct Script {
    input: Vec<String>,
    output: Vec<String>,
}

impl World for &mut Script {
    fn print(&mut self, call: &Call<'_>, text: &str) -> Result<(), Failure> {
        self.output.push(format!("{}: {text}", call.role_name));
        Ok(())
    }

    fn read_line(&mut self, _: &Call<'_>) -> Result<Option<String>, Failure> {
        Ok(self.input.pop())
    }
}

#[test]
fn console_prints_and_reads() {
    let mut script = Script { input: vec!["hello".into()], ..Script::default() };
    let mut console = Console::new(&mut script);
    assert_eq!(ask(&mut console, &call("print", 0, 0), &[Value::text("hi")]), Ok(Value::Unit));
    assert_eq!(ask(&mut console, &call("read_line", 0, 0), &[Value::Unit]), just(Value::text("hello")));
    assert_eq!(ask(&mut console, &call("read_line", 0, 0), &[]), Ok(Value::nothing()));
    assert!(ask(&mut console, &call("print", 0, 0), &[Value::Int(1)]).is_err());
    assert_eq!(script.output, ["A: hi"]);
}

/// Supplies the field's name, chooses the last branch.
struct Inputs;

impl HostInputs for Inputs {
    fn supply(&mut self, _: &Call<'_>, field: &str) -> Result<Value, Failure> {
        Ok(Value::text(field))
    }

    fn choose(&mut self, _: &Call<'_>, names: &[&str]) -> Result<usize, Failure> {
        Ok(names.len() - 1)
    }
}

#[test]
fn host_supplies_and_chooses() {
    let mut host = Host::new(Inputs);
    assert_eq!(ask(&mut host, &call("supply", 0, 0), &[Value::text("title")]), Ok(Value::text("title")));
    let names = Value::list(vec![Value::text("Yes"), Value::text("No")]).expect("small");
    assert_eq!(ask(&mut host, &call("choose", 0, 0), &[names]), Ok(Value::Int(1)));
    let choices: Vec<usize> = (0..64).map(|turn| random_choice(&call("choose", 0, 0), turn, 3)).collect();
    assert!((0..3).all(|branch| choices.contains(&branch)) && choices.iter().all(|choice| *choice < 3));
}

/// Nothing to print to.
struct Nowhere;

impl World for Nowhere {
    fn print(&mut self, _: &Call<'_>, _: &str) -> Result<(), Failure> {
        Err(Failure::unavailable("nowhere"))
    }

    fn read_line(&mut self, _: &Call<'_>) -> Result<Option<String>, Failure> {
        Ok(None)
    }
}

#[test]
fn all_effects_of_the_sources_are_installed() {
    let mut vm = VM::new(VMConfig::default()).expect("right");
    install(&mut vm, Nowhere, Inputs);
    for (module, text) in sources() {
        assert!(text.lines().any(|line| line == format!("module {module}")), "{module}");
        for effect in text.lines().filter_map(|line| line.strip_prefix("effect ")) {
            let name = effect.split(['(', ' ']).next().unwrap_or_default();
            assert!(vm.has_handler(&format!("{module}.{name}")), "{module}.{name}");
        }
    }
    assert!(vm.has_handler("Host"));
}

#[test]
fn the_prelude_declares_exactly_the_primitive_functions() {
    use Prim::{Add, Div, Eq, Ge, Gt, Le, Lt, Mul, Ne, Neg, Not, Rem, Sub};
    let operators = [Add, Sub, Mul, Div, Rem, Neg, Not, Eq, Ne, Lt, Le, Gt, Ge];
    let functions = Prim::ALL.iter().filter(|prim| !operators.contains(prim));
    let mut expected: Vec<&str> = functions.map(|prim| prim.text()).collect();
    let heads = crate::prelude::SOURCE.lines().filter_map(|line| line.strip_prefix("fun "));
    let mut declared: Vec<&str> = heads.filter_map(|head| head.split('(').next()).collect();
    expected.sort_unstable();
    declared.sort_unstable();
    assert_eq!(declared, expected);
}
