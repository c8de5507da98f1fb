//! A policy changes the order of steps in a session and nothing else.
//!
//! Every example and every program of the corpus that is run ends in the same way, with the same final values, under every
//! policy; every role sees the same, in the same order, from each of its partners and of each of its operations; and for
//! one policy the trace is the same for every quantum.

#![allow(clippy::disallowed_methods, reason = "tests read the repository")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tell_ir::image::CodeImage;
use tell_tests::flags::{Choose, Flags};
use tell_tests::generate::program;
use tell_tests::host::Missing;
use tell_tests::program::{build, check, image};
use tell_tests::run::{Ran, Setup, run};
use tell_tests::verdict::Verdict;
use tell_tests::{files, root, text_of};
use tell_vm::{Description, Policy, Priority, RunEnd, VMConfig};

type Configure = fn(&mut VMConfig);

const POLICIES: &[(&str, Configure)] = &[
    ("cooperative", |_| {}),
    ("short slices", |config| config.slice = 2),
    ("round-robin", |config| config.policy = Policy::RoundRobin),
    ("ageing", |config| config.policy = Policy::Priority(Priority::Ageing { every: 3 })),
    ("token-weight", |config| config.policy = Policy::Priority(Priority::TokenWeight)),
    ("progress-aware", |config| config.policy = Policy::ProgressAware),
    ("last role first", |config| {
        let ranks = ["Bob", "B", "Server", "W[0]", "W[2]", "Seller", "Worker"].map(|role| (role.to_owned(), 1));
        config.policy = Policy::Priority(Priority::Fixed(ranks.into()));
    }),
];

/// The same policies with another quantum.
const QUANTA: &[Configure] = &[|config| config.quantum = 3, |config| config.quantum = 256];

/// What a role sees: per partner and direction, per operation, and apart from those.
type Seen = BTreeMap<(String, String), Vec<String>>;

/// What the roles see. Numbers that count what the whole session does are left out.
fn seen(events: &[Description]) -> Seen {
    let mut seen = Seen::new();
    for event in events {
        let Some(role) = &event.role else { continue };
        let of = |name: &str| event.fields.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value);
        let stream = match event.event {
            "Sent" | "Offered" => format!("to {}", of("to")),
            "Received" | "Chose" => format!("from {}", of("from")),
            "Performed" | "Completed" => format!("{}.{}", of("effect"), of("op")),
            "ScopeEntered" | "ScopeOutcome" => format!("scope {}", of("scope")),
            "Halted" | "Faulted" => "end".to_owned(),
            // When a role learns of an outcome is a matter of order, and so is what is under way then.
            _ => continue,
        };
        let counted = ["request", "branch", "run", "by_notice"];
        let fields = event.fields.iter().filter(|(key, _)| !counted.contains(key));
        let fields: Vec<String> = fields.map(|(key, value)| format!("{key}={value}")).collect();
        seen.entry((role.clone(), stream)).or_default().push(format!("{} {}", event.event, fields.join(" ")));
    }
    seen
}

/// What differs between the policies.
fn difference(image: &CodeImage, flags: &Flags, setup: Setup) -> Result<(), String> {
    let expected = run(image.clone(), flags, setup)?;
    let expected_seen = seen(&expected.events);
    if expected.end == RunEnd::StepLimit {
        return Ok(());
    }
    for (name, configure) in POLICIES {
        let setup = Setup { configure: *configure, ..setup };
        let ran = run(image.clone(), flags, setup)?;
        if (ran.fault(), ran.finals()) != (expected.fault(), expected.finals()) {
            return Err(format!("{name}: {} instead of {}", ran.ending(), expected.ending()));
        }
        // A fault ends the session wherever the others are.
        if expected.is_closed() && seen(&ran.events) != expected_seen {
            return Err(format!("{name}: {:#?}\ninstead of {expected_seen:#?}", seen(&ran.events)));
        }
        for quantum in QUANTA {
            let both = with_quantum(image, flags, setup, *quantum)?;
            if both != ran {
                return Err(format!("{name}: another quantum, another trace"));
            }
        }
    }
    Ok(())
}

/// The run under the configuration of a set-up and a quantum on top of it.
fn with_quantum(image: &CodeImage, flags: &Flags, setup: Setup, quantum: Configure) -> Result<Ran, String> {
    let opened = tell_tests::run::open_with(image.clone(), flags, setup, quantum)?;
    opened.finish(flags, setup)
}

/// The programs that are run, with the flags of their first lines.
fn programs() -> Vec<PathBuf> {
    let folders = ["examples", "tests/corpus/runtime"];
    folders.iter().flat_map(|folder| files(&root().join(folder), "tell")).collect()
}

fn complaint(path: &Path) -> Option<String> {
    let text = text_of(path);
    let verdict = Verdict::of_corpus(&text).expect("a verdict");
    let flags = Flags::parse(&verdict.run.unwrap_or_default(), path.parent().unwrap_or(path)).expect("flags");
    let image = image(&check("program.tell", &text)).expect("it builds");
    let setup = Setup { missing: Missing::MakesUp, ..Setup::default() };
    difference(&image, &flags, setup).err().map(|text| format!("{}: {text}", path.display()))
}

#[test]
fn every_program_does_the_same_under_every_policy() {
    let complaints: Vec<String> = programs().iter().filter_map(|path| complaint(path)).collect();
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n\n"));
}

#[test]
fn generated_programs_do_the_same_under_every_policy() {
    for seed in 0..300 {
        let image = build("generated.tell", &program(seed).text).expect("it builds");
        let flags = Flags { seed, choose: Choose::ByRole, ..Flags::default() };
        let setup = Setup { missing: Missing::MakesUp, max_steps: 100_000, ..Setup::default() };
        difference(&image, &flags, setup).unwrap_or_else(|text| panic!("seed {seed}: {text}"));
    }
}
