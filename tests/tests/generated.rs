//! Generated choreographies are accepted, project, verify and run to their end without a fault.

#![allow(clippy::disallowed_methods, reason = "tests read the repository")]

use std::collections::BTreeMap;
use tell_ir::image::CodeImage;
use tell_tests::flags::{Choose, Flags};
use tell_tests::generate::{Features, program};
use tell_tests::host::Missing;
use tell_tests::program::{check, image, rendered, round_trip};
use tell_tests::run::{Setup, run};
use tell_tests::shrink::shrink;
use tell_vm::Retention;

/// How many programs; `TELL_CASES` asks for another number.
const CASES: u64 = 10_000;

/// Of a hundred programs at least this many are accepted.
const ACCEPTED: usize = 100;

/// What is wrong with the program of a seed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Complaint {
    /// It is rejected.
    Rejected(String),
    /// Anything else; there is no excuse for it.
    Wrong(String),
}

impl Complaint {
    fn text(&self) -> &str {
        match self {
            Self::Rejected(text) | Self::Wrong(text) => text,
        }
    }
}

fn complaint(seed: u64, text: &str) -> Result<(), Complaint> {
    round_trip(text).map_err(Complaint::Wrong)?;
    let checked = check("generated.tell", text);
    if checked.has_errors() {
        return Err(Complaint::Rejected(rendered(&checked.diagnostics, &checked.program.files)));
    }
    let built = image(&checked).map_err(Complaint::Wrong)?;
    same_at_all_capacities(&built, seed).map_err(Complaint::Wrong)
}

fn same_at_all_capacities(image: &CodeImage, seed: u64) -> Result<(), String> {
    let flags = Flags { seed, choose: Choose::ByRole, ..Flags::default() };
    let setup = Setup { missing: Missing::MakesUp, trace: Retention::Off, max_steps: 1_000_000, ..Setup::default() };
    let wide = run(image.clone(), &flags, Setup { edge_capacity: 64, ..setup })?;
    if !wide.is_closed() {
        return Err(wide.ending());
    }
    let tight = run(image.clone(), &flags, Setup { edge_capacity: 1, ..setup })?;
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

/// What a complaint has in common with others of its kind: its code, and the word its first label is at.
fn kind(complaint: &str) -> String {
    let mut lines = complaint.lines();
    let code = lines.next().unwrap_or_default().split(':').next().unwrap_or_default();
    let source =
        lines.find(|line| line.contains(" │  ") && line.trim_start().starts_with(|c: char| c.is_ascii_digit()));
    let word = source.and_then(|line| line.split('│').nth(1)).unwrap_or_default();
    let words = ["choice", "if", "case", "loop", "rec", "let"];
    let word = word.split_whitespace().next().filter(|word| words.contains(word)).unwrap_or("message");
    format!("{code} {word}")
}

fn guarded(seed: u64, text: &str) -> Option<Complaint> {
    let found = std::panic::catch_unwind(|| complaint(seed, text));
    found.unwrap_or_else(|_| Err(Complaint::Wrong("a panic".to_owned()))).err()
}

/// A failing program, made smaller, and what is wrong with it. A smaller program that is rejected may be rejected
/// rightly, so there the first program is shown as well.
fn report(failure: &Failure) -> String {
    let Failure { seed, text, complaint, .. } = failure;
    let small = shrink(text, |text| {
        guarded(*seed, text).is_some_and(|found| {
            std::mem::discriminant(&found) == std::mem::discriminant(complaint)
                && kind(found.text()) == kind(complaint.text())
        })
    });
    let found = guarded(*seed, &small).unwrap_or_else(|| complaint.clone());
    let whole = match complaint {
        Complaint::Rejected(_) => format!("\nmade smaller from:\n{text}\n{}", complaint.text()),
        Complaint::Wrong(_) => String::new(),
    };
    format!("seed {seed}:\n{small}\n{}{whole}", found.text())
}

/// A program that fails, the shortest first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Failure {
    lines: usize,
    seed: u64,
    text: String,
    complaint: Complaint,
}

/// All programs that fail, by as many threads as CI has cores.
fn failures(count: u64) -> Vec<Failure> {
    let threads = 2;
    let work = |first: u64| {
        (first..count).step_by(threads).filter_map(|seed| {
            let text = program(seed).text;
            let complaint = guarded(seed, &text)?;
            Some(Failure { lines: text.lines().count(), seed, text, complaint })
        })
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> =
            (0..threads as u64).map(|first| scope.spawn(move || work(first).collect::<Vec<_>>())).collect();
        let found = workers.into_iter().flat_map(|worker| worker.join().expect("a worker reports its panics"));
        let mut found: Vec<Failure> = found.collect();
        found.sort();
        found
    })
}

#[test]
fn generated_programs_are_accepted_and_end_well() {
    let count = cases();
    let (rejected, wrong): (Vec<Failure>, Vec<Failure>) =
        failures(count).into_iter().partition(|failure| matches!(failure.complaint, Complaint::Rejected(_)));
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for failure in &rejected {
        *kinds.entry(kind(failure.complaint.text())).or_default() += 1;
    }
    let shown = |failures: &[Failure]| failures.iter().take(4).map(report).collect::<Vec<_>>().join("\n\n");
    println!("{} of {count} programs are rejected: {kinds:#?}", rejected.len());
    assert!(wrong.is_empty(), "{} of {count} are accepted and go wrong:\n\n{}", wrong.len(), shown(&wrong));
    let accepted = count as usize - rejected.len();
    assert!(accepted * 100 >= count as usize * ACCEPTED, "{accepted} of {count} are accepted:\n\n{}", shown(&rejected));
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
