//! The machine does what the reference does: the same events in the same order, the same values, the same end.
//!
//! Both run the same projected machines with the same handlers; one by way of emitted code, the other as
//! `tests/src/reference.rs` says. Slices of coroutines count instructions, so here they are without end.

#![allow(clippy::disallowed_methods, reason = "tests read the repository")]

use std::panic::catch_unwind;
use std::path::Path;
use tell_compiler::graph::Role;
use tell_compiler::hir::{Program, ProtocolId};
use tell_compiler::pipeline::{Checked, Projected, build, lower_and_project};
use tell_compiler::project::Limits;
use tell_tests::flags::{Choose, Flags};
use tell_tests::generate::{Features, full, program};
use tell_tests::handlers::Handlers;
use tell_tests::host::{Missing, Paper};
use tell_tests::program::{check, refused, rendered};
use tell_tests::reference::Session;
use tell_tests::run::{Ran, Setup, arguments, run};
use tell_tests::shrink::shrink;
use tell_tests::trace::{numbered, of_machine};
use tell_tests::verdict::Verdict;
use tell_tests::{corpus, files, root, text_of};
use tell_vm::Value;

/// How many programs; `TELL_CASES` asks for another number, `TELL_FIRST` for others than the first.
const CASES: u64 = 100_000;

/// Of a hundred programs at least this many are accepted.
const ACCEPTED: u64 = 99;

/// So many messages an edge holds.
const CAPACITIES: [u32; 4] = [64, 1, 2, 3];

/// What both make of a program.
struct Compared {
    /// The trace of the machine.
    machine: Vec<String>,
    /// What the reference does differently.
    difference: Option<String>,
}

/// Runs the first protocol of a checked text both ways.
fn compare(checked: &Checked, flags: &Flags, setup: Setup) -> Result<Compared, String> {
    // What a program does is the same whatever is known about its channels.
    let limits = Limits { explored_states: 0, ..Limits::default() };
    let image = build(checked, None, limits).map_err(|error| format!("it is not built: {error:?}"))?;
    let args = arguments(&image, flags, setup.missing)?;
    let known = checked.projected.iter().find(|one| one.graph.name == image.protocol);
    let made = if known.is_none() { Some(projected(&checked.program, &image.protocol)?) } else { None };
    let projected = known.or(made.as_ref()).ok_or("it was projected")?;
    let ran = run(image, flags, Setup { slice: u32::MAX, ..setup })?;
    let machine = of_machine(&ran.events);

    let (program, paper) = (&checked.program, Paper::default());
    let handlers = Handlers::new(program, flags, setup.missing, paper.clone());
    let choreography = (&projected.graph, &*projected.projection.machines);
    let mut session = Session::new(program, choreography, &args, setup.edge_capacity as usize, handlers);
    // One that the machine did not bring to its end is compared as far as it came.
    let most_events = if ran.report.is_some() { usize::MAX } else { machine.len() };
    session.run(setup.max_steps as usize, most_events);
    let reference = numbered(&session.trace);

    let is_same_end = session.is_over == ran.report.is_some();
    let at = machine.iter().zip(&reference).position(|(a, b)| a != b);
    let difference = match at.or((machine.len() != reference.len()).then_some(machine.len().min(reference.len()))) {
        Some(at) => Some(format!("event {at}\n{}", beside(&machine, &reference, at))),
        None if !is_same_end => Some(format!("end\nthe machine: {}, the reference: {}", ran.ending(), session.is_over)),
        None if session.is_over && finals(&ran) != sorted(session.finals()) => {
            Some(format!("finals\nmachine   {:?}\nreference {:?}", finals(&ran), sorted(session.finals())))
        }
        None if *paper.0.borrow() != ran.printed => {
            Some(format!("printed\nmachine   {:?}\nreference {:?}", ran.printed, paper.0.borrow()))
        }
        None => None,
    };
    Ok(Compared { machine, difference })
}

/// The choreography of a protocol that others call, and its machines.
fn projected(program: &Program, name: &str) -> Result<Projected, String> {
    let mut all = (0..).map(ProtocolId).take(program.protocols.len());
    let id = all.find(|id| program.text(program.protocol(*id).name) == name).ok_or("there is no such protocol")?;
    lower_and_project(program, id, Limits::default()).map_err(|errors| format!("{errors:?}"))
}

fn finals(ran: &Ran) -> Vec<(Role, &str, Value)> {
    let of_roles = (0..).zip(ran.report.iter().flat_map(|report| &report.finals));
    let all = of_roles.flat_map(|(role, finals)| finals.iter().flatten().map(move |one| (role, one)));
    sorted(all.map(|(role, one)| (role, one.name.as_str(), one.value.clone())).collect())
}

/// In a session that ends in branches, the names of a role come in the order of these.
fn sorted(mut finals: Vec<(Role, &str, Value)>) -> Vec<(Role, &str, Value)> {
    finals.sort();
    finals
}

/// Both traces around a place.
fn beside(machine: &[String], reference: &[String], at: usize) -> String {
    let part = |name: &str, lines: &[String]| {
        let numbers = at.saturating_sub(8)..lines.len().min(at + 5);
        let line = |number: usize| format!("{} {number:>4} {}", if number == at { '>' } else { ' ' }, lines[number]);
        format!("the {name}\n{}", numbers.map(line).collect::<Vec<_>>().join("\n"))
    };
    format!("{}\n{}", part("machine", machine), part("reference", reference))
}

/// Of a file that is executed, with every capacity.
fn of_file(path: &Path) -> Result<(), String> {
    let text = text_of(path);
    let verdict = Verdict::of_corpus(&text)?;
    let checked = check(&path.to_string_lossy(), &text);
    if !verdict.is_accepted() || checked.protocols().is_empty() || !refused(&checked).is_empty() {
        return Ok(());
    }
    let flags = Flags::parse(verdict.run.as_deref().unwrap_or(""), path.parent().unwrap_or(path))?;
    let setup = match verdict.run {
        Some(_) => Setup::default(),
        None => Setup { missing: Missing::MakesUp, max_steps: 20_000, ..Setup::default() },
    };
    for edge_capacity in CAPACITIES {
        let compared = compare(&checked, &flags, Setup { edge_capacity, ..setup })?;
        if let Some(difference) = compared.difference {
            return Err(format!("capacity {edge_capacity}, {difference}"));
        }
    }
    Ok(())
}

#[test]
fn examples_and_corpus_do_the_same() {
    let paths = files(&root().join("examples"), "tell").into_iter().chain(corpus());
    let wrong = paths.filter_map(|path| Some((path.clone(), of_file(&path).err()?)));
    let wrong: Vec<String> = wrong.map(|(path, error)| format!("{}: {error}", path.display())).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What became of a generated program.
enum Outcome {
    Rejected(String),
    Different(String),
    /// With the trace.
    Same(Vec<String>),
}

/// Most programs have everything that is executed; others go on longer.
fn text_of_seed(seed: u64) -> String {
    if seed % 10 == 9 { program(seed).text } else { full(seed).text }
}

fn outcome(seed: u64, text: &str) -> Outcome {
    let checked = check("generated.tell", text);
    if checked.has_errors() {
        return Outcome::Rejected(rendered(&checked.diagnostics, &checked.program.files));
    }
    let flags = Flags { seed, choose: Choose::ByRole, ..Flags::default() };
    let edge_capacity = CAPACITIES[(seed % 4) as usize];
    let setup = Setup { edge_capacity, missing: Missing::MakesUp, max_steps: 1_000_000, ..Setup::default() };
    match compare(&checked, &flags, setup) {
        Ok(Compared { difference: Some(difference), .. }) => Outcome::Different(difference),
        Ok(Compared { machine, .. }) => Outcome::Same(machine),
        Err(error) => Outcome::Different(error),
    }
}

fn guarded(seed: u64, text: &str) -> Outcome {
    catch_unwind(|| outcome(seed, text)).unwrap_or_else(|_| Outcome::Different("a panic".to_owned()))
}

/// A program that is done differently, made smaller.
fn report(seed: u64, found: &str) -> String {
    let kind = |difference: &str| difference.split_whitespace().next().unwrap_or_default().to_owned();
    let is_as_bad =
        |text: &str| matches!(guarded(seed, text), Outcome::Different(other) if kind(&other) == kind(found));
    let small = shrink(&text_of_seed(seed), is_as_bad);
    let found = if let Outcome::Different(found) = guarded(seed, &small) { found } else { found.to_owned() };
    format!("seed {seed}:\n{small}\n{found}")
}

/// What traces have to show, and in how many of a hundred programs at least.
const SIGHTS: [(&str, &str, u64); 10] = [
    ("a choice of the host", " op=choose ", 25),
    ("a message that was chosen", " Chose ", 50),
    ("a branch", " BranchStarted ", 25),
    ("a scope that is done", " outcome=done", 25),
    ("a deadline that passes", " TimeoutIssued ", 10),
    ("a failure that ends a scope", " outcome=fail ", 7),
    ("a message that is discarded", " Discarded ", 6),
    ("a request that is called off", " Cancelled ", 10),
    ("a fault", " Faulted ", 1),
    ("the end by notice", " by_notice=true", 1),
];

/// What some programs came to.
#[derive(Default)]
struct Tally {
    rejected: Vec<(u64, String)>,
    different: Vec<(u64, String)>,
    /// In how many traces each of [`SIGHTS`] is.
    sights: [u64; SIGHTS.len()],
}

impl Tally {
    fn add(&mut self, seed: u64) {
        match guarded(seed, &text_of_seed(seed)) {
            Outcome::Rejected(why) => self.rejected.push((seed, why)),
            Outcome::Different(difference) => self.different.push((seed, difference)),
            Outcome::Same(trace) => {
                for ((_, sight, _), count) in SIGHTS.iter().zip(&mut self.sights) {
                    *count += u64::from(trace.iter().any(|line| line.contains(sight)));
                }
            }
        }
    }

    fn of(seeds: impl Iterator<Item = u64>) -> Self {
        let mut tally = Self::default();
        seeds.for_each(|seed| tally.add(seed));
        tally
    }

    fn and(mut self, other: Self) -> Self {
        self.rejected.extend(other.rejected);
        self.different.extend(other.different);
        self.sights.iter_mut().zip(other.sights).for_each(|(count, more)| *count += more);
        self
    }
}

/// Programs with everything have everything.
#[test]
fn histogram() {
    let features: Vec<Features> = (0..5000).map(|seed| full(seed).features).collect();
    let share = |name: &str, least: usize, has: fn(&Features) -> bool| {
        let percent = features.iter().filter(|features| has(features)).count() * 100 / features.len();
        println!("{name:<45} {percent:>3} %, at least {least}");
        assert!(percent >= least, "{name}: {percent} %, at least {least} are wanted");
    };
    share("a role in two branches", 35, |features| features.branches);
    share("scopes", 50, |features| features.scopes);
    share("a scope or `par` inside another one", 25, |features| features.nested_parts);
    share("calls of functions that perform operations", 15, |features| features.effectful);
    share("recursion", 40, |features| features.recursion);
    share("loops", 25, |features| features.loops);
    share("calls", 10, |features| features.calls);
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// By as many threads as CI has cores.
#[test]
fn generated_programs_do_the_same() {
    let (first, count) = (number("TELL_FIRST", 0), number("TELL_CASES", CASES));
    let seeds = |half: u64| (first..first + count).filter(move |seed| seed % 2 == half);
    let tally = std::thread::scope(|scope| {
        let other = scope.spawn(|| Tally::of(seeds(1)));
        Tally::of(seeds(0)).and(other.join().expect("a worker reports its panics"))
    });
    let Tally { rejected, different, sights } = tally;
    let shown: Vec<String> = different.iter().take(3).map(|(seed, found)| report(*seed, found)).collect();
    assert!(different.is_empty(), "{} of {count} are done differently:\n\n{}", different.len(), shown.join("\n\n"));
    let accepted = count - rejected.len() as u64;
    let whys: Vec<String> = rejected.iter().take(3).map(|(seed, why)| format!("seed {seed}:\n{why}")).collect();
    assert!(accepted * 100 >= count * ACCEPTED, "{accepted} of {count} are accepted:\n\n{}", whys.join("\n\n"));
    // Few programs need not show everything.
    for ((what, _, least), found) in SIGHTS.iter().zip(sights).filter(|_| count >= 1000) {
        let percent = found * 100 / accepted.max(1);
        println!("{what:<30} {percent:>3} %, at least {least}");
        assert!(percent >= *least, "{what}: {percent} % of {accepted}, at least {least} are wanted");
    }
}
