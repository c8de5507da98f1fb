//! Generated choreographies are accepted, project, verify and run to their end without a fault.

#![allow(clippy::disallowed_methods, reason = "tests read the repository")]

use tell_tests::flags::{Choose, Flags};
use tell_tests::generate::{Features, program};
use tell_tests::host::Missing;
use tell_tests::program::{check, image, rendered, round_trip};
use tell_tests::run::{Setup, run};
use tell_tests::shrink::shrink;
use tell_vm::Retention;

/// How many programs; `TELL_CASES` asks for another number.
const CASES: u64 = 10_000;

/// What is wrong with the program of a seed.
fn complaint(seed: u64, text: &str) -> Result<(), String> {
    round_trip(text)?;
    let checked = check("generated.tell", text);
    if checked.has_errors() {
        return Err(rendered(&checked.diagnostics, &checked.program.files));
    }
    let built = image(&checked)?;
    let flags = Flags { seed, choose: Choose::ByRole, ..Flags::default() };
    let setup = Setup { missing: Missing::MakesUp, trace: Retention::Off, max_steps: 1_000_000, ..Setup::default() };
    let wide = run(built.clone(), &flags, Setup { edge_capacity: 64, ..setup })?;
    if !wide.is_closed() {
        return Err(wide.ending());
    }
    let tight = run(built, &flags, Setup { edge_capacity: 1, ..setup })?;
    if (tight.ending(), tight.finals()) == (wide.ending(), wide.finals()) {
        Ok(())
    } else {
        let (a, b) = (wide.finals().join("\n"), tight.finals().join("\n"));
        Err(format!("capacity 64: {}\n{a}\ncapacity 1: {}\n{b}", wide.ending(), tight.ending()))
    }
}

fn cases() -> u64 {
    std::env::var("TELL_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(CASES)
}

/// The first line of a complaint without what names a particular program.
fn kind(complaint: &str) -> String {
    let line = complaint.lines().next().unwrap_or_default();
    let code = line.split(':').next().unwrap_or_default();
    code.to_owned()
}

fn guarded(seed: u64, text: &str) -> Option<String> {
    let found = std::panic::catch_unwind(|| complaint(seed, text));
    found.unwrap_or_else(|_| Err("a panic".to_owned())).err()
}

fn report(seed: u64, text: &str, complaint: &str) -> String {
    let small = shrink(text, |text| guarded(seed, text).is_some_and(|found| kind(&found) == kind(complaint)));
    let complaint = guarded(seed, &small).unwrap_or_default();
    format!("seed {seed}, shrunk:\n{small}\n{complaint}")
}

#[test]
fn generated_programs_are_accepted_and_end_well() {
    let count = cases();
    let threads = 2;
    let failures: Vec<(usize, u64, String, String)> = std::thread::scope(|scope| {
        let work = |first: u64| {
            move || {
                let seeds = (first..count).step_by(threads);
                let failed = seeds.filter_map(|seed| {
                    let text = program(seed).text;
                    let found = guarded(seed, &text)?;
                    Some((text.lines().count(), seed, text, found))
                });
                failed.collect::<Vec<_>>()
            }
        };
        let workers: Vec<_> = (0..threads as u64).map(|first| scope.spawn(work(first))).collect();
        let mut failed: Vec<_> =
            workers.into_iter().flat_map(|worker| worker.join().expect("a worker reports its panics")).collect();
        failed.sort();
        failed
    });
    let shown = failures.iter().take(8).map(|(_, seed, text, found)| report(*seed, text, found));
    let shown = shown.collect::<Vec<_>>().join("\n\n");
    assert!(failures.is_empty(), "{} of {count} fail, the shortest:\n\n{shown}", failures.len());
}

#[test]
fn the_same_seed_gives_the_same_program() {
    for seed in 0..100 {
        assert_eq!(program(seed).text, program(seed).text);
    }
}

/// The cases reach what they are for.
#[test]
fn histogram() {
    let features: Vec<Features> = (0..CASES).map(|seed| program(seed).features).collect();
    let share = |name: &str, least: usize, has: fn(&Features) -> bool| {
        let percent = features.iter().filter(|features| has(features)).count() * 100 / features.len();
        println!("{name:<45} {percent:>3} %, at least {least}");
        assert!(percent >= least, "{name}: {percent} % of {CASES}, at least {least} are wanted");
    };
    share("four roles or more", 50, |features| features.roles >= 4);
    share("a role informed late", 30, |features| features.informed_late);
    share("recursion", 30, |features| features.recursion);
    share("statements after choice, rec or loop", 30, |features| features.after_compound);
    share("a value that flows through two roles", 50, |features| features.passed_on);
    share("loops", 30, |features| features.loops);
    share("calls", 10, |features| features.calls);
}
