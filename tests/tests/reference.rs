//! The machine does what the reference does: same events in the same order, same values, same end.

#![allow(clippy::disallowed_methods, reason = "tests read the repository")]

use std::path::Path;
use tell_compiler::hir::ProtocolId;
use tell_compiler::pipeline::{Checked, Projected, lower_and_project};
use tell_compiler::project::Limits;
use tell_tests::flags::{Choose, Flags};
use tell_tests::handlers::Handlers;
use tell_tests::host::{Missing, Paper};
use tell_tests::program::{check, image, refused};
use tell_tests::reference::{self, Session};
use tell_tests::run::{Ran, Setup, arguments, run};
use tell_tests::verdict::Verdict;
use tell_tests::{corpus, files, root, text_of};
use tell_vm::Description;

/// What the machine did, as the reference says it.
fn observed(events: &[Description]) -> Vec<String> {
    let shown = events.iter().filter(|event| !["Opened", "SessionTerminal", "EpochAdvanced"].contains(&event.event));
    let lines = shown.map(|event| {
        let mut line = format!("{} {}", event.role.as_deref().unwrap_or("-"), event.event);
        let code = event.fields.iter().find(|(key, _)| *key == "code").map(|(_, code)| code.as_str());
        for (key, value) in &event.fields {
            let value = match *key {
                "message" if code.is_some_and(|code| UNWORDED.contains(&code)) => "",
                _ => value,
            };
            line.push_str(&format!(" {key}={value}"));
        }
        line
    });
    numbered(lines)
}

/// Scopes and branches, numbered by first appearance.
fn numbered(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut scopes: Vec<String> = Vec::new();
    let mut branches: std::collections::BTreeMap<String, usize> = Default::default();
    let mut started = 0;
    lines
        .map(|line| {
            let words: Vec<String> = line
                .split(' ')
                .enumerate()
                .map(|(at, word)| {
                    if at == 2
                        && let Some(scope) = word.strip_prefix("scope=")
                    {
                        let at = scopes.iter().position(|known| known == scope).unwrap_or_else(|| {
                            scopes.push(scope.to_owned());
                            scopes.len() - 1
                        });
                        return format!("scope={at}");
                    }
                    if at == 2
                        && let Some(branch) = word.strip_prefix("branch=")
                    {
                        if line.contains("BranchStarted") {
                            branches.insert(branch.to_owned(), started);
                            started += 1;
                        }
                        return format!("branch={}", branches[branch]);
                    }
                    word.to_owned()
                })
                .collect();
            words.join(" ")
        })
        .collect()
}

const UNWORDED: [&str; 3] = ["vm.fault.deadlock", "vm.fault.limit_exceeded", "vm.fault.unknown_label"];

/// What differs between the machine and the reference.
fn difference(checked: &Checked, flags: &Flags, setup: Setup) -> Result<Ran, String> {
    let built = image(checked)?;
    let setup = Setup { slice: u32::MAX, ..setup };
    let ran = run(built.clone(), flags, setup)?;
    let own;
    let name = &built.protocol;
    let Projected { graph, projection } = match checked.projected.iter().find(|one| one.graph.name == *name) {
        Some(found) => found,
        None => {
            let id = (0..).map(ProtocolId).take(checked.program.protocols.len());
            let id = id.into_iter().find(|id| checked.program.text(checked.program.protocol(*id).name) == name);
            own = lower_and_project(&checked.program, id.expect("it was built"), Limits::default());
            own.as_ref().map_err(|_| "projected before")?
        }
    };
    let paper = Paper::default();
    let handlers = Handlers::new(&checked.program, flags, setup.missing, paper.clone());
    let args = arguments(&built, flags, setup.missing)?;
    let (program, machines) = (&checked.program, &projection.machines[..]);
    let capacity = setup.edge_capacity as usize;
    let expected = observed(&ran.events);
    let mut session = Session::new(reference::Setup { program, graph, machines, args: &args, capacity }, handlers);
    let most = if ran.report.is_some() { usize::MAX } else { expected.len() };
    let is_over = session.run(setup.max_steps as usize, most);
    let events = numbered(session.events().iter().cloned());
    for (at, line) in expected.iter().enumerate() {
        if events.get(at) != Some(line) {
            return Err(format!("event {at}:\n{}", around(&expected, &events, at)));
        }
    }
    if events.len() != expected.len() {
        return Err(format!("event {}:\n{}", expected.len(), around(&expected, &events, expected.len())));
    }
    if is_over != ran.report.is_some() {
        return Err(format!("the reference is over: {is_over}, the machine {}", ran.ending()));
    }
    if let Some(report) = &ran.report {
        let all = (0..).zip(&report.finals);
        let finals = all.flat_map(|(role, values)| {
            values.iter().flatten().map(move |one| (role, one.name.as_str(), one.value.clone()))
        });
        let finals: Vec<_> = finals.collect();
        let mut own = session.finals();
        own.sort_by_key(|(role, _, _)| *role);
        if finals != own {
            return Err(format!("finals\nmachine   {finals:?}\nreference {own:?}"));
        }
    }
    if *paper.0.borrow() != ran.printed {
        return Err(format!("printed\nmachine   {:?}\nreference {:?}", ran.printed, paper.0.borrow()));
    }
    Ok(ran)
}

fn around(machine: &[String], reference: &[String], at: usize) -> String {
    let first = at.saturating_sub(8);
    let part = |lines: &[String]| {
        let lines: Vec<String> = lines
            .iter()
            .enumerate()
            .skip(first)
            .take(at + 6 - first)
            .map(|(i, l)| format!("{} {l}", if i == at { ">" } else { " " }))
            .collect();
        lines.join("\n")
    };
    format!("machine\n{}\nreference\n{}", part(machine), part(reference))
}

fn of_file(path: &Path) -> Result<Option<usize>, String> {
    let text = text_of(path);
    let verdict = Verdict::of_corpus(&text)?;
    let checked = check(&path.to_string_lossy(), &text);
    if !verdict.is_accepted() || checked.protocols().is_empty() || !refused(&checked).is_empty() {
        return Ok(None);
    }
    let flags = Flags::parse(verdict.run.as_deref().unwrap_or(""), path.parent().unwrap_or(path))?;
    let setup = match verdict.run {
        Some(_) => Setup::default(),
        None => Setup { missing: Missing::MakesUp, max_steps: 20_000, ..Setup::default() },
    };
    let mut events = 0;
    for edge_capacity in [64, 1, 2] {
        let ran = difference(&checked, &flags, Setup { edge_capacity, ..setup })
            .map_err(|error| format!("capacity {edge_capacity}: {error}"))?;
        events += ran.events.len();
    }
    Ok(Some(events))
}

#[test]
fn examples_and_corpus_do_the_same() {
    let mut wrong = Vec::new();
    let mut same = 0;
    for path in files(&root().join("examples"), "tell").into_iter().chain(corpus()) {
        let found = std::panic::catch_unwind(|| of_file(&path)).unwrap_or_else(|_| Err("a panic".into()));
        match found {
            Ok(None) => {}
            Ok(Some(_)) => same += 1,
            Err(error) => wrong.push(format!("{}: {error}", path.display())),
        }
    }
    println!("{same} the same");
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn generated() {
    let get = |name: &str, default: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (first, count) = (get("FIRST", 0), get("TELL_CASES", 1000));
    let mut bad = 0;
    let mut rejected = 0;
    let mut endings = std::collections::BTreeMap::new();
    for seed in first..first + count {
        let text = if seed % 10 == 9 {
            tell_tests::generate::program(seed).text
        } else {
            tell_tests::generate::full(seed).text
        };
        let checked = check("generated.tell", &text);
        if checked.has_errors() {
            rejected += 1;
            continue;
        }
        let flags = Flags { seed, choose: Choose::ByRole, ..Flags::default() };
        let setup = Setup { missing: Missing::MakesUp, max_steps: 1_000_000, ..Setup::default() };
        for edge_capacity in [64, 1] {
            let found = std::panic::catch_unwind(|| difference(&checked, &flags, Setup { edge_capacity, ..setup }))
                .unwrap_or_else(|_| Err("panic".into()));
            match found {
                Ok(ran) => *endings.entry(ran.fault().unwrap_or("closed")).or_insert(0) += 1,
                Err(error) => {
                    bad += 1;
                    if bad < get("SHOW", 3) {
                        println!("seed {seed} capacity {edge_capacity}\n{text}\n{error}");
                    }
                }
            }
        }
    }
    println!("rejected {rejected} {endings:?}");
    assert_eq!(bad, 0);
}
