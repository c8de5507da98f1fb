//! The observable trace of a session.
//!
//! It is the list of its events, in words, one per line: who did what, with partner, label, payload and number of a
//! message; effect, operation, number, arguments and answer of a request; scope, run and outcome; code of a fault. So it
//! has the order of each role and of each edge, and how the roles interleave. Not in it are ticks, for they count
//! instructions; what numbers scopes and branches have, beyond that they are different; and the words of a deadlock or an
//! exceeded limit.

use std::collections::BTreeMap;
use std::fmt::Write;
use tell_vm::{Description, Fault};

/// Events that come with every session and every end.
const FRAME: [&str; 3] = ["Opened", "SessionTerminal", "EpochAdvanced"];

/// Faults of which only the code is observable.
const UNWORDED: [&str; 2] = ["vm.fault.deadlock", "vm.fault.limit_exceeded"];

/// What a fault says.
#[must_use]
pub fn wording(fault: &Fault) -> String {
    if UNWORDED.contains(&fault.code()) { String::new() } else { fault.to_string() }
}

/// The trace of a session of the machine.
#[must_use]
pub fn of_machine(events: &[Description]) -> Vec<String> {
    let observable = events.iter().filter(|event| !FRAME.contains(&event.event));
    let lines: Vec<String> = observable.map(line).collect();
    numbered(&lines)
}

fn line(event: &Description) -> String {
    let mut line = format!("{} {}", event.role.as_deref().unwrap_or("-"), event.event);
    let is_unworded = event.fields.iter().any(|(key, value)| *key == "code" && UNWORDED.contains(&value.as_str()));
    for (key, value) in &event.fields {
        let value = if is_unworded && *key == "message" { "" } else { value };
        write!(line, " {key}={value}").expect("writing to a String succeeds");
    }
    line
}

/// The same trace with scopes and branches numbered in the order in which they appear.
#[must_use]
pub fn numbered(lines: &[String]) -> Vec<String> {
    let mut scopes: BTreeMap<String, usize> = BTreeMap::new();
    let mut branches: BTreeMap<String, usize> = BTreeMap::new();
    let mut started = 0;
    let renumbered = |line: &String| {
        let mut words: Vec<&str> = line.splitn(4, ' ').collect();
        let number = match words.as_slice() {
            [_, _, word, ..] if word.starts_with("scope=") => {
                let next = scopes.len();
                format!("scope={}", scopes.entry((*word).to_owned()).or_insert(next))
            }
            [_, event, word, ..] if word.starts_with("branch=") => {
                // Places of branches are used again.
                if *event == "BranchStarted" {
                    branches.insert((*word).to_owned(), started);
                    started += 1;
                }
                format!("branch={}", branches.get(*word).copied().unwrap_or(usize::MAX))
            }
            _ => return line.clone(),
        };
        words[2] = &number;
        words.join(" ")
    };
    lines.iter().map(renumbered).collect()
}
