//! What remains of the second type when the first has run ahead.
//!
//! A residual is a state of the second type, or a communication that was overtaken and is still to be done, with
//! residuals behind its rows. Equal residuals have one number, and a communication that is just what some state does
//! *is* that state. Rows behind a receive are all still possible; rows behind a send are those the second type can
//! still choose. Start with [`Residuals::take`].

use super::Bound;
use super::behaviour::{Action, Behaviour, Direction, Kind, State, one_partner};
use super::foresight::{Alphabet, Classes, Wanted, coming, forced, forced_here};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::rc::Rc;

/// Most residuals that are kept.
const MAX_RESIDUALS: usize = 1 << 20;

/// Most rows that are gone through in one question.
const MAX_WORK: usize = 1 << 25;

/// Most entries of the tables of what is coming.
const MAX_FORESIGHT: usize = 1 << 26;

/// Index of a residual; those of the states come first, with the states' numbers.
pub(super) type Residual = u32;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Node {
    State(State),
    Comm(Direction, Vec<(Action, Residual)>),
}

/// All residuals of a type.
pub(super) struct Residuals<'a> {
    behaviour: &'a Behaviour,
    alphabet: &'a Alphabet,
    nodes: Vec<Node>,
    /// What each is forced into.
    forced: Vec<Classes>,
    numbers: FxHashMap<Node, Residual>,
    coming: FxHashMap<Wanted, Rc<[bool]>>,
    /// Rows gone through so far.
    work: usize,
}

/// What remains behind an action.
pub(super) struct Taken {
    /// It, if the action is possible.
    pub(super) rest: Option<Residual>,
    /// Classes of what was overtaken.
    pub(super) passed: Classes,
    /// Whether choices of the second type were dropped that might have come to the action as well.
    pub(super) is_narrowed: bool,
}

/// What can be received from a partner, behind receives from others.
pub(super) enum Offer {
    /// One of these.
    Labels(BTreeSet<Action>),
    /// It is not certain that there is anything to receive.
    Blocked,
}

impl<'a> Residuals<'a> {
    pub(super) fn new(behaviour: &'a Behaviour, alphabet: &'a Alphabet) -> Self {
        let states = (0..).zip(&behaviour.states);
        let nodes: Vec<Node> = states.clone().map(|(state, _)| Node::State(state)).collect();
        let mut numbers: FxHashMap<Node, Residual> = FxHashMap::default();
        for (state, node) in states {
            if let Kind::Comm(direction, actions) = &node.kind {
                let rows = actions.iter().copied().zip(node.targets.iter().copied()).collect();
                numbers.entry(Node::Comm(*direction, rows)).or_insert(state);
            }
        }
        let forced = forced(behaviour, alphabet);
        Self { behaviour, alphabet, nodes, forced, numbers, coming: FxHashMap::default(), work: 0 }
    }

    /// The state, if nothing was overtaken.
    pub(super) fn state(&self, residual: Residual) -> Option<State> {
        match &self.nodes[residual as usize] {
            Node::State(state) => Some(*state),
            Node::Comm(..) => None,
        }
    }

    /// Classes the second type can be forced into from here.
    pub(super) fn forced(&self, residual: Residual) -> Classes {
        self.forced[residual as usize]
    }

    /// The communication a residual starts with.
    pub(super) fn rows(&self, residual: Residual) -> Option<(Direction, Vec<(Action, Residual)>)> {
        match &self.nodes[residual as usize] {
            Node::Comm(direction, rows) => Some((*direction, rows.clone())),
            Node::State(state) => {
                let node = self.behaviour.node(*state);
                let Kind::Comm(direction, actions) = &node.kind else { return None };
                Some((*direction, actions.iter().copied().zip(node.targets.iter().copied()).collect()))
            }
        }
    }

    fn add(&mut self, direction: Direction, rows: Vec<(Action, Residual)>) -> Result<Residual, Bound> {
        let forced = rows.iter().map(|(action, rest)| (*action, self.forced[*rest as usize]));
        let forced = forced_here(direction, forced, self.alphabet);
        let node = Node::Comm(direction, rows);
        if let Some(number) = self.numbers.get(&node) {
            return Ok(*number);
        }
        if self.nodes.len() >= self.behaviour.states.len() + MAX_RESIDUALS {
            return Err(Bound::Skipped(MAX_RESIDUALS));
        }
        let number = u32::try_from(self.nodes.len()).expect("both limits are below 2^31");
        self.nodes.push(node.clone());
        self.forced.push(forced);
        self.numbers.insert(node, number);
        Ok(number)
    }

    /// As [`Residuals::rows`], counted.
    fn go_through(&mut self, residual: Residual) -> Result<(Direction, Vec<(Action, Residual)>), Bound> {
        let Some((direction, rows)) = self.rows(residual) else { return Err(Bound::Outside(EXTENSION)) };
        self.work += rows.len();
        if self.work > MAX_WORK { Err(Bound::Skipped(MAX_WORK)) } else { Ok((direction, rows)) }
    }

    fn coming(&mut self, wanted: Wanted) -> Result<Rc<[bool]>, Bound> {
        if let Some(known) = self.coming.get(&wanted) {
            return Ok(Rc::clone(known));
        }
        if (self.coming.len() + 1).saturating_mul(self.behaviour.states.len()) > MAX_FORESIGHT {
            return Err(Bound::Skipped(MAX_FORESIGHT));
        }
        let table: Rc<[bool]> = coming(self.behaviour, wanted).into();
        self.coming.insert(wanted, Rc::clone(&table));
        Ok(table)
    }

    /// What can be received from a partner; only receives from others are overtaken.
    pub(super) fn offer(&mut self, root: Residual, partner: u32) -> Result<Offer, Bound> {
        let coming = self.coming(Wanted::Recv(partner))?;
        let mut labels = BTreeSet::new();
        let mut seen = BTreeSet::from([root]);
        let mut todo = vec![root];
        while let Some(residual) = todo.pop() {
            if self.state(residual).is_some_and(|state| !coming[state as usize]) {
                return Ok(Offer::Blocked);
            }
            let (direction, rows) = self.go_through(residual)?;
            if direction == Direction::Send {
                return Ok(Offer::Blocked);
            }
            match one_partner(rows.iter().map(|(action, _)| *action)) {
                None => return Err(Bound::Outside(RACE)),
                Some(from) if from == partner => labels.extend(rows.iter().map(|(action, _)| *action)),
                Some(_) => todo.extend(rows.iter().map(|(_, rest)| *rest).filter(|rest| seen.insert(*rest))),
            }
        }
        Ok(Offer::Labels(labels))
    }

    /// Takes a message out of a residual. For a receive, [`Residuals::offer`] has said that it is there.
    pub(super) fn take(&mut self, root: Residual, direction: Direction, action: Action) -> Result<Taken, Bound> {
        let coming = match direction {
            Direction::Send => Some(self.coming(Wanted::Send(action))?),
            Direction::Recv => None,
        };
        let mut taking =
            Taking { direction, action, coming, done: FxHashMap::default(), todo: vec![Task::Enter(root)] };
        let mut taken = Taken { rest: None, passed: 0, is_narrowed: false };
        while let Some(task) = taking.todo.pop() {
            match task {
                Task::Enter(residual) if taking.done.contains_key(&residual) => {}
                Task::Enter(residual) => self.enter(&mut taking, residual, &mut taken)?,
                Task::Leave(residual, met, rows) => {
                    let rest = self.leave(&taking, met, rows, &mut taken)?;
                    taking.done.insert(residual, Some(rest));
                }
            }
        }
        taken.rest = taking.done.get(&root).copied().flatten().flatten();
        Ok(taken)
    }

    fn enter(&mut self, taking: &mut Taking, residual: Residual, taken: &mut Taken) -> Result<(), Bound> {
        let comes = |state: State| taking.coming.as_ref().is_none_or(|coming| coming[state as usize]);
        if self.state(residual).is_some_and(|state| !comes(state)) {
            taking.done.insert(residual, Some(None));
            return Ok(());
        }
        let (direction, rows) = self.go_through(residual)?;
        let same_partner = |row: &&(Action, Residual)| row.0.partner == taking.action.partner;
        if direction == taking.direction && rows.iter().any(|row| same_partner(&row)) {
            let found = rows.iter().find(|(action, _)| *action == taking.action).map(|(_, rest)| *rest);
            let others = rows.iter().filter(|row| !same_partner(row)).count();
            // A choice of several partners: the message itself is preferred to the same message later.
            if found.is_some() || others == 0 {
                taken.is_narrowed |= others > 0;
                taking.done.insert(residual, Some(found));
                return Ok(());
            }
        }
        let may_pass = |row: &(Action, Residual)| direction != taking.direction || !same_partner(&row);
        let rows: Vec<(Action, Residual)> = rows.into_iter().filter(may_pass).collect();
        let classes = rows.iter().map(|(action, _)| self.alphabet.class(direction, *action));
        taken.passed |= classes.fold(0, |all, class| all | class);
        taking.done.insert(residual, None);
        let below: Vec<Task> = rows.iter().map(|(_, rest)| Task::Enter(*rest)).collect();
        taking.todo.push(Task::Leave(residual, direction, rows));
        taking.todo.extend(below);
        Ok(())
    }

    /// An overtaken communication without the message.
    fn leave(
        &mut self,
        taking: &Taking,
        direction: Direction,
        rows: Vec<(Action, Residual)>,
        taken: &mut Taken,
    ) -> Result<Option<Residual>, Bound> {
        let count = rows.len();
        let mut left = Vec::with_capacity(count);
        for (action, rest) in rows {
            match taking.done.get(&rest) {
                // A loop of sends that can be left later and later: it is left at once.
                None | Some(None) => taken.is_narrowed = true,
                Some(Some(None)) => {}
                Some(Some(Some(rest))) => left.push((action, *rest)),
            }
        }
        // A receive that was overtaken by a send can still turn out in every way.
        let all_needed = direction == Direction::Recv && taking.direction == Direction::Send;
        if left.is_empty() || all_needed && left.len() < count {
            return Ok(None);
        }
        self.add(direction, left).map(Some)
    }
}

/// A `case`, `par` or `timed` is not overtaken.
pub(super) const EXTENSION: &str = "a `case`, `par` or `timed`";

/// Which of several partners is first is not up to the role.
pub(super) const RACE: &str = "a receive from several partners";

enum Task {
    Enter(Residual),
    Leave(Residual, Direction, Vec<(Action, Residual)>),
}

/// Taking one message out of a residual.
struct Taking {
    direction: Direction,
    action: Action,
    coming: Option<Rc<[bool]>>,
    /// What remains of each residual met so far: unknown while the walk is below it.
    done: FxHashMap<Residual, Option<Option<Residual>>>,
    todo: Vec<Task>,
}
