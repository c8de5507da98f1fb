//! A step checks before its first write: whatever keeps it from being committed, the state is the same as before.
//!
//! The steps of every example, of every program that is run and of the hand-made images of the knock-out table, good and
//! broken, are tried under limits that they may run into: the first 2 000 of each.

#![allow(clippy::disallowed_methods, reason = "tests read the repository")]

use std::collections::BTreeMap;
use std::path::Path;
use tell_tests::account::programs;
use tell_tests::campaign::image::open_unverified;
use tell_tests::flags::Flags;
use tell_tests::host::Missing;
use tell_tests::knockout::{Row, rows};
use tell_tests::program::{check, image};
use tell_tests::run::{Opened, Setup, open};
use tell_tests::verdict::Verdict;
use tell_tests::{root, text_of};
use tell_vm::kernel::Outcome;
use tell_vm::{OutputCondition, Retention, SessionId, VM, VMConfig, VMKernel, WhenFull};

/// Most steps of one program that are looked at.
const STEPS: u64 = 2_000;

/// What a step is tried under: a name and a change of the configuration.
type Trial = (&'static str, fn(&mut VMConfig));

const TRIALS: &[Trial] = &[
    ("as it is", |_| {}),
    ("no credits", |config| config.limits.credits = Some(0)),
    ("no payload", |config| config.limits.payload_size = 0),
    ("no size", |config| config.limits.value_size = 0),
    ("no depth", |config| config.limits.value_depth = 0),
    ("full edges", |config| config.edge_capacity = 0),
    ("an error when full", |config| {
        config.edge_capacity = 0;
        config.when_full = WhenFull::Error;
    }),
    ("no growth", |config| {
        config.edge_capacity = 0;
        config.when_full = WhenFull::Resize;
        config.limits.edge = 0;
    }),
    ("no output", |config| config.output = OutputCondition::DenyAll),
    ("no coroutines", |config| config.limits.coroutines = 0),
    ("no nesting", |config| config.limits.nesting = 0),
];

/// How often each trial blocked or ended in which fault.
type Seen = BTreeMap<(&'static str, String), u32>;

fn walk_program(path: &Path, seen: &mut Seen) -> Result<(), String> {
    let text = text_of(path);
    let flags = Verdict::of_corpus(&text)?.run.unwrap_or_default();
    let flags = Flags::parse(&flags, path.parent().unwrap_or(path))?;
    let setup = Setup { trace: Retention::Off, missing: Missing::MakesUp, ..Setup::default() };
    let Opened { machine, session, .. } = open(image(&check("walked.tell", &text))?, &flags, setup)?;
    walk(&path.to_string_lossy(), machine, &session, seen)
}

/// Both images of a row of the knock-out table, as nobody has verified them.
fn walk_row(row: Row, seen: &mut Seen) -> Result<(), String> {
    for image in [row.good, row.broken] {
        let config = VMConfig { trace: Retention::Off, ..VMConfig::default() };
        if let Some((machine, session)) = open_unverified(config, image) {
            walk(&row.rule, machine, &session, seen)?;
        }
    }
    Ok(())
}

fn walk(what: &str, mut machine: VM, session: &SessionId, seen: &mut Seen) -> Result<(), String> {
    for _ in 0..STEPS {
        let Some((program, state)) = machine.inspect(session) else { break };
        let Some(who) = state.next() else { break };
        let before = state.digest();
        for (name, change) in TRIALS {
            let mut config = machine.config().clone();
            change(&mut config);
            let mut trial = state.under(program, config);
            let outcome = match VMKernel::step(program, &mut trial, who) {
                Outcome::Blocked => "blocked".to_owned(),
                Outcome::Faulted(fault) => fault.code().to_owned(),
                Outcome::Ran
                | Outcome::Yielded
                | Outcome::Issued
                | Outcome::Asked
                | Outcome::Halted
                | Outcome::Finished => continue,
            };
            if trial.digest() != before || trial.ticks() != state.ticks() {
                return Err(format!("{what}: {name}, {outcome}: step {} of {who}", state.ticks()));
            }
            *seen.entry((name, outcome)).or_default() += 1;
        }
        machine.kernel_step_round(1);
        if let Some((_, state)) = machine.inspect(session)
            && machine.state_digest(session) != Ok(state.digest())
        {
            return Err("the machine has another digest than its session".to_owned());
        }
    }
    Ok(())
}

#[test]
fn a_step_that_is_not_committed_changes_nothing() {
    let mut seen = Seen::new();
    let mut wrong: Vec<String> = programs().iter().filter_map(|path| walk_program(path, &mut seen).err()).collect();
    wrong.extend(rows().into_iter().filter_map(|row| walk_row(row, &mut seen).err()));
    assert_eq!(wrong, Vec::<String>::new());
    for ((name, outcome), count) in &seen {
        println!("{name:<15} {outcome:<25} {count}");
    }
    let limit = "vm.fault.limit_exceeded";
    for (name, outcome) in [
        ("as it is", "blocked"),
        ("as it is", "vm.fault.arithmetic"),
        ("as it is", "vm.fault.assertion"),
        ("as it is", "vm.fault.acquire"),
        ("as it is", "vm.fault.speculation"),
        ("as it is", "vm.fault.out_of_registers"),
        ("as it is", "vm.fault.type_violation"),
        ("no credits", "vm.fault.out_of_credits"),
        ("no payload", limit),
        ("no size", limit),
        ("no depth", limit),
        ("full edges", "blocked"),
        ("an error when full", "vm.fault.buffer_full"),
        ("no growth", limit),
        ("no output", "vm.fault.output_condition"),
        ("no coroutines", limit),
        ("no nesting", limit),
    ] {
        assert!(seen.contains_key(&(name, outcome.to_owned())), "{name} never led to {outcome}: {seen:?}");
    }
}

/// Steps that are committed do change the digest: it looks at what matters.
#[test]
fn states_that_differ_have_different_digests() {
    let text = text_of(&root().join("examples/two_buyer.tell"));
    let flags = Flags::parse("", Path::new(".")).expect("no flags");
    let setup = Setup { missing: Missing::MakesUp, ..Setup::default() };
    let image = image(&check("two_buyer.tell", &text)).expect("it builds");
    let Opened { mut machine, session, .. } = open(image, &flags, setup).expect("it opens");
    let mut digests = vec![machine.state_digest(&session).expect("it is active")];
    while machine.kernel_step_round(1).picks > 0 {
        let Ok(digest) = machine.state_digest(&session) else { break };
        digests.push(digest);
    }
    assert!(digests.len() > 20);
    let count = digests.len();
    digests.sort_unstable();
    digests.dedup();
    assert!(digests.len() * 10 > count * 8, "{} of {count} differ", digests.len());
    assert!(machine.state_digest(&session).is_err(), "the session has ended");
}
