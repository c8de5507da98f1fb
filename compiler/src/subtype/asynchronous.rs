//! Asynchronous subtyping: the first type may run ahead of the second.
//!
//! The relation is that of Ghilezan, Pantović, Prokić, Scalas and Yoshida, *Precise subtyping for asynchronous
//! multiparty sessions* (POPL 2021), which for one partner is orphan-message-free asynchronous subtyping (Chen,
//! Dezani-Ciancaglini, Scalas, Yoshida 2017). A send may overtake receives from anybody and sends to other partners; a
//! receive may overtake receives from other partners; nothing is overtaken for ever. It is undecidable, so this is a
//! bounded simulation, after Bravetti, Carbone, Lange, Yoshida and Zavattaro, *A sound algorithm for asynchronous
//! session subtyping* (LMCS 2021), on configurations (state of the first type, residual of the second). Every message
//! the first type does is taken out of the residual ([`super::residual`]).
//!
//! **Why `Yes` is sound.** It is given when synchronous subtyping holds, or when the reachable configurations are
//! finitely many, none fails, and no infinite run overtakes a message for ever ([`super::orphan`]). Take a resolution of
//! the first type's sends and of the second type's receives. Following it through the configurations resolves the rest:
//! at a receive of the first type the label is the one that the second type's resolution has in the residual, and rows
//! behind a send in the residual are choices that are still open. Each step is one application of the refinement rules
//! for types without choice. The rules also ask that both sides have the same classes of actions: each class of the
//! first occurs in the second because it is taken from there; each of the second is either taken or overtaken by all
//! later steps, and that for ever is excluded.
//!
//! **Why `No` is sound.** The steps are forced: a residual keeps every way the second type can still resolve its sends,
//! and a row of a receive is dropped only when the second type's resolution, which is ours to pick, takes another. Once
//! a choice was dropped for another reason (`is_narrowed`) the answer is no longer `No`. A configuration fails for good
//! when the first type can send what the second can avert ([`super::foresight`]), when a receive of the first may find
//! nothing or an unknown label, when one has ended and the other not, or when the first can avert a class for ever that
//! the second can be forced into: an orphan message, or a partner that waits for ever.
//!
//! A receive from several partners is not part of that theory: it is matched row by row. Around `case`, `par` and
//! `timed` nothing is reordered, and parts of `par` and `timed` are compared synchronously.

use super::behaviour::{Action, Direction, Kind, Shape, State, one_partner};
use super::foresight::{Alphabet, Classes, avoided};
use super::orphan::{Edge, skipped};
use super::residual::{EXTENSION, Offer, RACE, Residual, Residuals};
use super::sync::{decide, heads};
use super::{Answer, Bound, Counterexample, IllFormed, Question, Trail, Why, Witness};
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use tell_ir::local::LocalType;

/// Most states and actions of both types together for which reordering is looked for.
const MAX_SIZE: usize = 50_000;

/// Whether `first ≤ second` holds when messages are buffered. At most `bound` configurations are looked at.
///
/// # Errors
/// If one of them is not closed, not guarded or has no distinct labels.
pub fn async_subtype(first: &LocalType, second: &LocalType, bound: usize) -> Result<Answer, IllFormed> {
    let question = Question::new(first, second)?;
    let in_step = decide(&question, question.first.start, question.second.start);
    Ok(match in_step {
        Answer::Yes(witness) => Answer::Yes(witness),
        Answer::No(_) | Answer::Unknown(_) => simulate(&question, bound).unwrap_or_else(Answer::Unknown),
    })
}

/// A state of the first type and what remains of the second.
type Configuration = (State, Residual);

fn simulate(question: &Question, bound: usize) -> Result<Answer, Bound> {
    if question.first.size() + question.second.size() > MAX_SIZE {
        return Err(Bound::Size(MAX_SIZE));
    }
    let alphabet = Alphabet::new(question)?;
    let mut simulation = Simulation {
        question,
        alphabet: &alphabet,
        avoided: avoided(&question.first, &alphabet),
        residuals: Residuals::new(&question.second, &alphabet),
        trail: Trail::new(),
        configurations: IndexMap::default(),
        edges: Vec::new(),
        is_narrowed: false,
    };
    simulation.configurations.insert((question.first.start, question.second.start), 0);
    simulation.run(bound)
}

struct Simulation<'a> {
    question: &'a Question,
    alphabet: &'a Alphabet,
    /// Per state of the first type, the classes it can keep away from.
    avoided: Vec<Classes>,
    residuals: Residuals<'a>,
    trail: Trail,
    /// Configurations and where they are.
    configurations: IndexMap<Configuration, usize, FxBuildHasher>,
    edges: Vec<Edge>,
    /// Whether choices of the second type were dropped.
    is_narrowed: bool,
}

/// What ends the search at a configuration.
enum Stop {
    Fails(Why),
    Doubt(Bound),
}

impl From<Bound> for Stop {
    fn from(bound: Bound) -> Self {
        Self::Doubt(bound)
    }
}

/// A step: which of the state, where it leads, the class of the action, the classes it overtook.
type Step = (usize, Configuration, Classes, Classes);

impl Simulation<'_> {
    /// Breadth first; a doubt does not keep a later configuration from failing for good.
    fn run(&mut self, bound: usize) -> Result<Answer, Bound> {
        let mut doubt = None;
        let mut next = 0;
        while let Some((&configuration, &at)) = self.configurations.get_index(next) {
            if next >= bound {
                return Err(doubt.unwrap_or(Bound::Pairs(bound)));
            }
            match self.expand(configuration) {
                Ok(steps) => self.follow(next, at, configuration.0, steps),
                Err(Stop::Fails(why)) if !self.is_narrowed => {
                    return Ok(Answer::No(self.counterexample(configuration, at, why)));
                }
                Err(Stop::Fails(_)) => doubt = doubt.or(Some(Bound::Choices)),
                Err(Stop::Doubt(bound)) => doubt = doubt.or(Some(bound)),
            }
            next += 1;
        }
        if let Some(bound) = doubt {
            return Err(bound);
        }
        match skipped(self.configurations.len(), &self.edges) {
            0 => Ok(Answer::Yes(Witness { pairs: self.configurations.len() })),
            class => Err(Bound::Skips(self.alphabet.text(self.question, class))),
        }
    }

    fn follow(&mut self, from: usize, at: usize, state: State, steps: Vec<Step>) {
        for (slot, configuration, does, passed) in steps {
            let to = match self.configurations.get_index_of(&configuration) {
                Some(known) => known,
                None => {
                    let at = self.trail.push(at, state, slot);
                    self.configurations.insert_full(configuration, at).0
                }
            };
            self.edges.push(Edge { from, to, does, passed });
        }
    }

    fn expand(&mut self, (state, residual): Configuration) -> Result<Vec<Step>, Stop> {
        let orphans = self.avoided[state as usize] & self.residuals.forced(residual);
        if orphans != 0 {
            return Err(Stop::Fails(Why::Orphan(self.alphabet.text(self.question, orphans))));
        }
        let node = self.question.first.node(state);
        match &node.kind {
            Kind::Comm(Direction::Send, actions) => self.sends(residual, actions, &node.targets),
            Kind::Comm(Direction::Recv, actions) => match one_partner(actions.iter().copied()) {
                Some(partner) => self.receives(residual, partner, actions, &node.targets),
                None => self.races(residual, actions, &node.targets),
            },
            Kind::End | Kind::Parts(_) => self.in_step(state, residual),
        }
    }

    /// Every message the first type may send has to come in the second, whatever that receives before.
    fn sends(&mut self, residual: Residual, actions: &[Action], targets: &[State]) -> Result<Vec<Step>, Stop> {
        let mut steps = Vec::with_capacity(actions.len());
        for (slot, (action, target)) in actions.iter().zip(targets).enumerate() {
            let taken = self.residuals.take(residual, Direction::Send, *action)?;
            self.is_narrowed |= taken.is_narrowed;
            let Some(rest) = taken.rest else {
                let message = self.question.names.message(Direction::Send, *action);
                return Err(Stop::Fails(Why::Sends(message)));
            };
            let class = self.alphabet.class(Direction::Send, *action);
            steps.push((slot, (*target, rest), class, taken.passed));
        }
        Ok(steps)
    }

    /// Something from the partner has to come in the second, and the first has to know every label of it.
    fn receives(
        &mut self,
        residual: Residual,
        partner: u32,
        actions: &[Action],
        targets: &[State],
    ) -> Result<Vec<Step>, Stop> {
        let Offer::Labels(labels) = self.residuals.offer(residual, partner)? else {
            return Err(Stop::Fails(Why::Waits(self.question.names.text(partner).to_owned())));
        };
        let mut steps = Vec::with_capacity(labels.len());
        for action in labels {
            let Ok(slot) = actions.binary_search(&action) else {
                let message = self.question.names.message(Direction::Recv, action);
                return Err(Stop::Fails(Why::Receives(message)));
            };
            let taken = self.residuals.take(residual, Direction::Recv, action)?;
            let rest = taken.rest.expect("the offer has this label");
            let class = self.alphabet.class(Direction::Recv, action);
            steps.push((slot, (targets[slot], rest), class, taken.passed));
        }
        Ok(steps)
    }

    /// A receive from several partners against the same one.
    fn races(&mut self, residual: Residual, actions: &[Action], targets: &[State]) -> Result<Vec<Step>, Stop> {
        let Some((Direction::Recv, rows)) = self.residuals.rows(residual) else {
            return Err(Stop::Doubt(Bound::Outside(RACE)));
        };
        if !rows.iter().map(|(action, _)| action).eq(actions) {
            return Err(Stop::Doubt(Bound::Outside(RACE)));
        }
        let steps = rows.iter().zip(targets).enumerate();
        let step = |(slot, ((action, rest), target)): (usize, (&(Action, Residual), &State))| {
            (slot, (*target, *rest), self.alphabet.class(Direction::Recv, *action), 0)
        };
        Ok(steps.map(step).collect())
    }

    /// The end, or an extension: nothing may be left over.
    fn in_step(&self, state: State, residual: Residual) -> Result<Vec<Step>, Stop> {
        let is_end = matches!(self.question.first.node(state).kind, Kind::End);
        let Some(second) = self.residuals.state(residual) else {
            return Err(if is_end { Stop::Fails(Why::Heads) } else { Stop::Doubt(Bound::Outside(EXTENSION)) });
        };
        match (&self.question.first.node(state).kind, &self.question.second.node(second).kind) {
            (Kind::End, Kind::End) => Ok(Vec::new()),
            (Kind::End, Kind::Comm(..)) => Err(Stop::Fails(Why::Heads)),
            (Kind::Parts(Shape::Case(_)), Kind::Parts(_)) => match heads(self.question, state, second) {
                Ok(below) => Ok(below.into_iter().map(|(slot, pair)| (slot, pair, 0, 0)).collect()),
                Err(_) => Err(Stop::Doubt(Bound::Outside(EXTENSION))),
            },
            _ => match decide(self.question, state, second) {
                Answer::Yes(_) => Ok(Vec::new()),
                Answer::No(_) | Answer::Unknown(_) => Err(Stop::Doubt(Bound::Outside(EXTENSION))),
            },
        }
    }

    fn counterexample(&self, (state, residual): Configuration, at: usize, why: Why) -> Counterexample {
        let question = self.question;
        let second = match self.residuals.state(residual) {
            Some(state) => question.second.head(&question.names, state),
            None => match self.residuals.rows(residual) {
                Some((direction, rows)) => {
                    let rows = rows.iter().take(8).map(|(action, _)| question.names.message(direction, *action));
                    format!("{}, overtaken", rows.collect::<Vec<_>>().join(" or "))
                }
                None => "nothing".to_owned(),
            },
        };
        let first = question.first.head(&question.names, state);
        Counterexample { path: self.trail.path(question, at), first, second, why }
    }
}
