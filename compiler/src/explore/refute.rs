//! Demonstrates that a rejection is right: a run of the subset machines that goes wrong or leaves the choreography.
//!
//! If a choreography can be carried out at all, the subset machines carry it out (Li, Stutz, Wies, Zufferey, CAV 2023
//! their main theorem): a run of them that gets stuck, or that no run of the choreography goes like, shows that nothing
//! else can.
//! A [`Rejection`] has two runs that look the same to a role. [`refute`] makes *words* of them, sequences of
//! sends and receives, lets the machines carry each out, and looks at what follows.
//!
//! * Send validity, no mixed choice: all do what they do in one run, then the role does what the other demands. Its
//!   state is the same in both, so its machine lets it. Whoever decides in the first run has decided in the word, so
//!   only runs of the choreography that go on from the first one could go like the word; in those the role does not
//!   act like this.
//! * Receive validity: behind the message the role should take, the others go on without it until the other message is
//!   first in its channel (`race`), and the role takes that.
//! * One payload per label: the machines tell messages apart by their payloads, a role that reads names cannot. The word
//!   ends where the role has to read the message and would take it for the other one as well.
//! * Joins, `par`s and values: the first construction is tried, and every word is explored on. They come from outside the
//!   core of the theorem, so there may be nothing to find.
//! * Too many states: nothing is claimed that a run could show.

mod race;
mod word;

use super::config::Config;
use super::search::Search;
use super::system::System;
use super::{Bounds, Event, Problem, ProblemKind, sentence};
use crate::graph::{Graph, NodeKind, Role};
use crate::hir::Program;
use crate::project::machine::Machine;
use crate::project::rejection::{Rejection, Rule, Run};
use rustc_hash::FxHashSet;
use word::{Place, place};

/// A run that shows that a choreography cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refutation {
    /// A deadlock, a message that is never received, or one that is not expected.
    Stuck(Problem),
    /// A run that no run of the choreography goes like.
    Outside(Vec<Event>),
}

/// Why no run was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// The rule is not about runs: the machine has too many states.
    NoClaim,
    /// Nothing went wrong as far as was looked.
    NotFound,
}

impl Refutation {
    /// The run, for [`super::diagram()`].
    #[must_use]
    pub fn run(&self) -> &[Event] {
        match self {
            Self::Stuck(problem) => &problem.run,
            Self::Outside(run) => run,
        }
    }

    /// What is wrong with it, in words.
    #[must_use]
    pub fn sentence(&self, graph: &Graph) -> String {
        match self {
            Self::Stuck(problem) => sentence(graph, problem),
            Self::Outside(_) => "no run of the choreography goes like this".into(),
        }
    }
}

/// Most lines of control and messages that are looked at while a word is carried out.
const MAX_WORK: usize = 1 << 20;

/// A run that shows that a rejection is right, of the machines of [`crate::project::subset_machines`]. Behind each word
/// up to [`Bounds::states`] configurations are explored; a run that gets stuck says more than one that only leaves the
/// choreography, and is preferred.
///
/// # Errors
/// If none is found; in the core, communications and recursion, that does not happen (`tests/tests/soundness.rs`).
pub fn refute(
    program: &Program,
    graph: &Graph,
    machines: &[Machine],
    rejection: &Rejection,
    bounds: Bounds,
) -> Result<Refutation, Open> {
    if matches!(rejection.rule, Rule::TooManyStates | Rule::TooManyValues) {
        return Err(Open::NoClaim);
    }
    let mut outside = None;
    for word in words(graph, rejection) {
        // No message of the word has to wait for room.
        let queue = bounds.queue.saturating_add(word.len());
        let mut system = System::new(program, graph, machines, Bounds { queue, ..bounds });
        let Some(config) = perform(&mut system, &word) else { continue };
        if rejection.rule == Rule::Signature {
            if let Some(kind) = confuses(graph, &system, &config, rejection) {
                return Ok(Refutation::Stuck(Problem { kind, run: word }));
            }
            continue;
        }
        let found = Search::new(system, Bounds { queue, ..bounds }).run_from(config).problem;
        if let Some(Problem { kind, run }) = found {
            return Ok(Refutation::Stuck(Problem { kind, run: [word, run].concat() }));
        }
        if outside.is_none() && place(graph, &word) == Place::Outside {
            outside = Some(word);
        }
    }
    outside.map(Refutation::Outside).ok_or(Open::NotFound)
}

/// The words that may show it, the most promising first.
fn words(graph: &Graph, Rejection { role, rule, runs, .. }: &Rejection) -> Vec<Vec<Event>> {
    let [one, other] = runs;
    match rule {
        Rule::ReceiveValidity => race::words(graph, *role, runs).into_iter().collect(),
        Rule::Signature => vec![before_reading(graph, one)],
        _ => {
            let acts = |own: &Run, demanded: &Run| {
                let send = word::demand(graph, demanded).filter(|event| event.role == *role)?;
                // Who decides that the role has to wait, or has nothing more to do, has done so.
                let decided = word::demand(graph, own).filter(|event| event.role != *role);
                Some(word::events(graph, own).into_iter().chain(decided).chain([send]).collect())
            };
            let acting = [acts(other, one), acts(one, other)].into_iter().flatten();
            acting.chain([word::events(graph, other), word::events(graph, one)]).collect()
        }
    }
}

/// A run up to where its last message is sent but not read.
fn before_reading(graph: &Graph, run: &Run) -> Vec<Event> {
    let mut word = word::events(graph, run);
    word.extend(word::demand(graph, run));
    word
}

/// A configuration behind a word. Silent steps are taken where they help.
fn perform(system: &mut System, word: &[Event]) -> Option<Config> {
    let mut seen = FxHashSet::default();
    let mut work = 0;
    let mut todo = vec![(system.initial(), 0)];
    while let Some((config, at)) = todo.pop() {
        if at == word.len() {
            return Some(config);
        }
        work += config.threads.len() + config.messages.len();
        if work > MAX_WORK || !seen.insert((config.clone(), at)) {
            continue;
        }
        let moves = system.moves(&config);
        // What the word asks for comes last, to be tried first.
        let silent = moves.iter().filter(|step| Event::of(step).is_none()).map(|step| (step, at));
        let asked = moves.iter().filter(|step| Event::of(step) == Some(word[at])).map(|step| (step, at + 1));
        for (step, at) in silent.chain(asked) {
            todo.extend(system.apply(&config, step).map(|next| (next, at)));
        }
    }
    None
}

/// If the role can read the message that is there as either of two.
fn confuses(graph: &Graph, system: &System, config: &Config, rejection: &Rejection) -> Option<ProblemKind> {
    let messages = rejection.runs.each_ref().map(|run| word::demand(graph, run));
    let [Some(own), Some(other)] = messages else { return None };
    let is_same_name = graph.labels[own.label as usize].name == graph.labels[other.label as usize].name;
    let mut threads = config.threads[config.of_role(rejection.role)].iter();
    let is_confused = threads.any(|thread| {
        let reads = |event: Event| system.reads(thread, event.role, event.label);
        reads(own) && reads(other)
    });
    (is_same_name && own.role == other.role && is_confused).then_some(ProblemKind::Unexpected {
        role: rejection.role,
        from: own.role,
        label: own.label,
    })
}

/// Sender, receiver and labels of a message.
fn message(kind: &NodeKind) -> Option<(Role, Role, impl ExactSizeIterator<Item = u32>)> {
    match kind {
        NodeKind::Comm { from, to, branches } => Some((*from, *to, branches.iter().map(|branch| branch.label))),
        _ => None,
    }
}
