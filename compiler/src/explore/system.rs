//! The composition of all role machines, one step at a time.

use super::Bounds;
use super::code::{COUNTER, Code, Go, On, Op, Row, Scope, Source, UNNAMED};
use super::config::{Config, Message, Thread};
use super::rename::rename;
use super::term::{Term, TermId, Terms};
use crate::graph::{Graph, Role};
use crate::hir::Program;
use crate::project::machine::{Machine, Value};
use std::rc::Rc;
use tell_ir::image::CodeImage;

/// All machines and the channels between them.
pub struct System {
    pub(super) code: Rc<Code>,
    pub(super) terms: Terms,
    bounds: Bounds,
}

/// A step some role can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// The role.
    pub role: Role,
    /// What it does.
    pub what: What,
    pub(super) thread: usize,
    pub(super) choice: Choice,
}

/// What a role does in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// It sends a message.
    Send {
        /// To this role.
        to: Role,
        /// Index into [`Graph::labels`].
        label: u32,
    },
    /// It takes the message at the head of a channel.
    Recv {
        /// From this role.
        from: Role,
        /// Index into [`Graph::labels`].
        label: u32,
    },
    /// It decides, or learns what was decided.
    Silent,
}

/// Which of the ways on a thread takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    Send(usize),
    Recv(usize),
    Silent(usize),
    Arm(usize),
    /// The owner of a scope decides on an outcome.
    Outcome(usize),
    /// The owner's part of a scope is done.
    Done,
    /// A role learns the outcome of a scope.
    Learn,
}

/// Why a step is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// The channel is full.
    Full(u32),
    /// Others have to catch up with a role's decisions.
    Ahead,
    /// Something would be nested too deep.
    Deep,
}

/// Most runs of a scope whose outcome somebody has still to learn, before its owner waits.
const RUNS: usize = 2;

type Step<T = ()> = Result<T, Cut>;

/// What the values are that an action binds.
enum Bound<'b> {
    Fresh,
    Fields(&'b [Option<TermId>]),
    Parts {
        key: TermId,
        arm: u32,
    },
    Next(TermId),
    /// What is carried over joins, with its numbers.
    Carried(&'b [(u32, TermId)]),
}

impl System {
    /// The composition of the machines of a choreography.
    #[must_use]
    pub fn new(program: &Program, graph: &Graph, machines: &[Machine], bounds: Bounds) -> Self {
        Self { code: Rc::new(Code::new(program, graph, machines)), terms: Terms::new(), bounds }
    }

    /// The composition of the machines of an image.
    #[must_use]
    pub fn of_image(image: &CodeImage, bounds: Bounds) -> Self {
        Self { code: Rc::new(Code::of_image(image)), terms: Terms::new(), bounds }
    }

    /// Where all roles start.
    ///
    /// # Panics
    /// Never: nothing is nested at the start.
    pub fn initial(&mut self) -> Config {
        let code = Rc::clone(&self.code);
        let mut config = Config::default();
        for (role, start) in (0..).zip(&code.starts) {
            let slot = |value: &Value, terms: &mut Terms| match value {
                Value::Int(value) => terms.intern(Term::Int(*value)),
                Value::Param(var) => terms.intern(Term::Fresh(var.0)),
                Value::Slot(_) | Value::Bound(_) | Value::Carried(_) | Value::Cell(_) => Some(terms.fresh()),
            };
            let slots: Option<Box<[TermId]>> = start.iter().map(|value| slot(value, &mut self.terms)).collect();
            let slots = slots.expect("numbers and symbols are not nested");
            config.threads.push(Thread { role, depth: 0, state: 0, instance: 0, slots });
        }
        for role in (0..).take(code.ops.len()) {
            // What cannot be settled within the bounds stays where it is.
            let _ = self.settle(&mut config, role);
        }
        self.make_canonical(&mut config);
        config
    }

    pub(super) fn op(&self, thread: &Thread) -> &Op {
        &self.code.ops[thread.role as usize][thread.state as usize]
    }

    /// The steps that can be taken, role by role; the others happen at once.
    #[must_use]
    pub fn moves(&self, config: &Config) -> Vec<Move> {
        let mut moves = Vec::new();
        for (at, thread) in config.threads.iter().enumerate() {
            let mut add = |what, choice| moves.push(Move { role: thread.role, what, thread: at, choice });
            match self.op(thread) {
                Op::Act(act) => {
                    for (index, row) in act.sends.iter().enumerate() {
                        add(What::Send { to: row.peer, label: row.label }, Choice::Send(index));
                    }
                    for (index, row) in act.recvs.iter().enumerate() {
                        if self.visible(config, at, row.edge).is_some_and(|head| head.label == row.label) {
                            add(What::Recv { from: row.peer, label: row.label }, Choice::Recv(index));
                        }
                    }
                    (0..act.silents.len()).for_each(|index| add(What::Silent, Choice::Silent(index)));
                }
                Op::Case { on, arms } => match self.decided(config, at, on) {
                    Some(arm) => add(What::Silent, Choice::Arm(arm)),
                    None => (0..arms.len()).for_each(|arm| add(What::Silent, Choice::Arm(arm))),
                },
                Op::Scope(scope) if thread.instance != 0 && self.is_in_body(config, at) => {
                    self.outcomes(config, at, scope).into_iter().for_each(|choice| add(What::Silent, choice));
                }
                Op::Scope(_) | Op::Par { .. } | Op::Join { .. } => {}
            }
        }
        moves
    }

    /// What a role in the body of a scope can decide or learn about its outcome.
    fn outcomes(&self, config: &Config, at: usize, scope: &Scope) -> Vec<Choice> {
        let is_over = self.is_over(config, at);
        match self.outcome(config, at) {
            Some(outcome) if outcome.is_done && !is_over => Vec::new(),
            Some(_) => vec![Choice::Learn],
            None if scope.owner != config.threads[at].role => Vec::new(),
            None if is_over => vec![Choice::Done],
            None => (0..scope.outcomes.len()).filter(|at| Some(*at) != scope.done).map(Choice::Outcome).collect(),
        }
    }

    /// The head of a channel, if a thread can see it.
    pub(super) fn visible<'c>(&self, config: &'c Config, at: usize, edge: u32) -> Option<&'c Message> {
        let head = &config.messages[config.head(edge)?];
        (self.code.scopes.is_empty() || head.instance == config.instance_around(at)).then_some(head)
    }

    /// Whether everything that runs inside a thread has come to its end.
    pub(super) fn is_over(&self, config: &Config, at: usize) -> bool {
        config.children(at).all(|child| matches!(self.op(child), Op::Join { .. }))
    }

    /// The arm of a shared decision, if it is known already.
    fn decided(&self, config: &Config, at: usize, on: &On) -> Option<usize> {
        let thread = &config.threads[at];
        let slot = |slot: &u32| thread.slots[*slot as usize];
        let key = match on {
            On::Free => return None,
            On::Counter(counter) => match *self.terms.get(slot(counter)) {
                Term::Int(rounds) => return Some(usize::from(rounds <= 0)),
                _ => Term::Key { shape: COUNTER, args: [slot(counter)].into() },
            },
            On::Shape { shape, holes } => Term::Key { shape: *shape, args: holes.iter().map(slot).collect() },
            On::Opaque(node) => return self.unnamed_arm(config, *node, config.count(thread.role, 0, *node)),
        };
        let key = self.terms.find(&key)?;
        config.decided.iter().find(|(known, _)| *known == key).map(|(_, arm)| *arm as usize)
    }

    fn unnamed_arm(&self, config: &Config, node: u32, number: u32) -> Option<usize> {
        let found = config.decided.iter().find(|(key, _)| self.unnamed(*key) == Some((node, number)));
        found.map(|(_, arm)| *arm as usize)
    }

    /// The node and number of an unnamed decision.
    pub(super) fn unnamed(&self, key: TermId) -> Option<(u32, u32)> {
        let Term::Key { shape: UNNAMED, args } = self.terms.get(key) else { return None };
        let number = |arg: TermId| match *self.terms.get(arg) {
            Term::Int(number) => u32::try_from(number).ok(),
            _ => None,
        };
        Some((number(args[0])?, number(args[1])?))
    }

    pub(super) fn unnamed_key(&mut self, node: u32, number: u32) -> TermId {
        let mut int = |value: u32| self.terms.intern(Term::Int(value.into())).expect("numbers are not nested");
        let args = [int(node), int(number)].into();
        self.terms.intern(Term::Key { shape: UNNAMED, args }).expect("numbers are not nested")
    }

    /// The configuration behind a step; `None` if a bound forbids it.
    pub fn apply(&mut self, config: &Config, step: &Move) -> Option<Config> {
        self.try_apply(config, step).ok()
    }

    pub(super) fn try_apply(&mut self, config: &Config, step: &Move) -> Step<Config> {
        self.terms.begin();
        let code = Rc::clone(&self.code);
        let mut next = config.clone();
        let at = step.thread;
        let op = &code.ops[step.role as usize][next.threads[at].state as usize];
        match (op, step.choice) {
            (Op::Act(act), Choice::Send(index)) => self.send(&mut next, at, &act.sends[index])?,
            (Op::Act(act), Choice::Recv(index)) => self.receive(&mut next, at, &act.recvs[index])?,
            (Op::Act(act), Choice::Silent(index)) => self.go(&mut next, at, &act.silents[index], &Bound::Fresh)?,
            (Op::Case { on, arms }, Choice::Arm(arm)) => self.take(&mut next, at, on, arms, arm)?,
            (Op::Scope(scope), Choice::Outcome(_) | Choice::Done) => {
                if next.outcomes.iter().filter(|outcome| self.is_same_scope(&next, outcome, at)).count() >= RUNS {
                    return Err(Cut::Ahead);
                }
                let (block, is_done) = match step.choice {
                    Choice::Outcome(index) => (Some(index), false),
                    _ => (scope.done, true),
                };
                let block = block.map(|index| u32::try_from(index).expect("few outcomes"));
                self.decide(&mut next, at, scope.node, block, is_done);
                self.follow(&mut next, at)?;
            }
            (Op::Scope(_), Choice::Learn) => self.follow(&mut next, at)?,
            _ => panic!("bug: a step belongs to the configuration it was found in"),
        }
        self.settle(&mut next, step.role)?;
        self.make_canonical(&mut next);
        Ok(next)
    }

    fn send(&mut self, config: &mut Config, at: usize, row: &Row) -> Step {
        if config.length(row.edge) >= self.bounds.queue {
            return Err(Cut::Full(row.edge));
        }
        let mut values = Vec::with_capacity(row.fields.len());
        for source in &row.fields {
            values.push(match *source {
                Source::Slot(slot) => Some(config.threads[at].slots[slot as usize]),
                Source::Int(value) => self.terms.intern(Term::Int(value)),
                Source::Const(value) => self.terms.intern(Term::Const(value)),
                Source::Fresh => None,
            });
        }
        let carried = &Rc::clone(&self.code).carried[row.label as usize];
        for field in carried {
            values[*field as usize].get_or_insert_with(|| self.terms.fresh());
        }
        let fields = carried.iter().filter_map(|field| values[*field as usize]).collect();
        let instance = if self.code.scopes.is_empty() { 0 } else { config.instance_around(at) };
        config.push(Message { edge: row.edge, label: row.label, instance, fields });
        self.go(config, at, &row.go, &Bound::Fields(&values))
    }

    fn receive(&mut self, config: &mut Config, at: usize, row: &Row) -> Step {
        let head = config.head(row.edge).expect("a receive was offered because of its message");
        let message = config.messages.remove(head);
        let carried = &Rc::clone(&self.code).carried[row.label as usize];
        let mut values = vec![None; carried.last().map_or(0, |last| *last as usize + 1)];
        for (field, value) in carried.iter().zip(message.fields) {
            values[*field as usize] = Some(value);
        }
        self.go(config, at, &row.go, &Bound::Fields(&values))
    }

    /// Takes an arm of a shared decision.
    fn take(&mut self, config: &mut Config, at: usize, on: &On, arms: &[Go], arm: usize) -> Step {
        let number = u32::try_from(arm).expect("few arms");
        let role = config.threads[at].role;
        let slot = |slot: &u32| config.threads[at].slots[*slot as usize];
        let (key, bound) = match on {
            On::Free => (None, Bound::Fresh),
            On::Counter(counter) => {
                let counter = slot(counter);
                let key = match self.terms.get(counter) {
                    Term::Int(_) => None,
                    _ => {
                        Some(self.terms.intern(Term::Key { shape: COUNTER, args: [counter].into() }).ok_or(Cut::Deep)?)
                    }
                };
                (key, Bound::Next(counter))
            }
            On::Shape { shape, holes } => {
                let args = holes.iter().map(slot).collect();
                let key = self.terms.intern(Term::Key { shape: *shape, args }).ok_or(Cut::Deep)?;
                (Some(key), Bound::Parts { key, arm: number })
            }
            On::Opaque(node) => {
                let visit = config.count_up(role, 0, *node);
                // Who never asks does not hold up the others, but they cannot run ahead for ever.
                if visit as usize >= self.bounds.queue {
                    return Err(Cut::Ahead);
                }
                (Some(self.unnamed_key(*node, visit)), Bound::Fresh)
            }
        };
        if let Some(key) = key
            && config.decided.iter().all(|(known, _)| *known != key)
        {
            config.decided.push((key, number));
            config.decided.sort_unstable();
        }
        self.go(config, at, &arms[arm], &bound)
    }

    /// Goes on with the block of the outcome a role learns, or behind the scope.
    fn follow(&mut self, config: &mut Config, at: usize) -> Step {
        let code = Rc::clone(&self.code);
        let thread = &config.threads[at];
        let Op::Scope(scope) = &code.ops[thread.role as usize][thread.state as usize] else {
            panic!("bug: only a scope has an outcome")
        };
        let carried = self.carried(config, at);
        match self.learn(config, at) {
            Some(block) => {
                self.start(config, at, std::slice::from_ref(&scope.outcomes[block as usize]), &Bound::Carried(&carried))
            }
            None => self.go(config, at, &scope.then, &Bound::Carried(&carried)),
        }
    }

    /// What the parts of a thread carry over their joins.
    fn carried(&self, config: &Config, at: usize) -> Vec<(u32, TermId)> {
        let mut all = Vec::new();
        for child in config.children(at) {
            if let Op::Join { carried, .. } = self.op(child) {
                all.extend(carried.iter().map(|(number, slot)| (*number, child.slots[*slot as usize])));
            }
        }
        all
    }

    /// The tracked slots behind a step.
    fn values(&mut self, slots: &[TermId], go: &Go, bound: &Bound<'_>) -> Step<Box<[TermId]>> {
        let terms = &mut self.terms;
        let mut value = |value: &Value| match (*value, bound) {
            (Value::Slot(slot), _) => Some(slots[slot as usize]),
            (Value::Int(value), _) => terms.intern(Term::Int(value)),
            (Value::Bound(index), Bound::Parts { key, arm }) => {
                terms.intern(Term::Part { key: *key, arm: *arm, index })
            }
            (Value::Bound(0), Bound::Next(counter)) => terms.next(*counter),
            (Value::Bound(index), Bound::Fields(values)) => {
                Some(values.get(index as usize).copied().flatten().unwrap_or_else(|| terms.fresh()))
            }
            (Value::Carried(number), Bound::Carried(carried)) => {
                let known = carried.iter().find(|(other, _)| *other == number);
                Some(known.map_or_else(|| terms.fresh(), |(_, value)| *value))
            }
            // A cell was set by a local action, whose value nobody else knows.
            (Value::Bound(_) | Value::Param(_) | Value::Carried(_) | Value::Cell(_), _) => Some(terms.fresh()),
        };
        go.values.iter().map(|known| value(known).ok_or(Cut::Deep)).collect()
    }

    fn go(&mut self, config: &mut Config, at: usize, go: &Go, bound: &Bound<'_>) -> Step {
        let slots = self.values(&config.threads[at].slots, go, bound)?;
        let thread = &mut config.threads[at];
        thread.slots = slots;
        thread.state = go.target;
        Ok(())
    }

    /// Starts threads inside a thread.
    fn start(&mut self, config: &mut Config, at: usize, gos: &[Go], bound: &Bound<'_>) -> Step {
        let mut started = Vec::with_capacity(gos.len());
        for go in gos {
            let slots = self.values(&config.threads[at].slots, go, bound)?;
            let Thread { role, depth, .. } = config.threads[at];
            started.push(Thread { role, depth: depth + 1, state: go.target, instance: 0, slots });
        }
        config.threads.splice(at + 1..at + 1, started);
        Ok(())
    }

    /// Takes all steps of a role that leave no choice and that nobody else sees.
    fn settle(&mut self, config: &mut Config, role: Role) -> Step {
        // A role that never communicates again may go round for ever.
        let mut steps = 4 * self.code.ops[role as usize].len() + 64;
        let mut at = config.of_role(role).start;
        while config.threads.get(at).is_some_and(|thread| thread.role == role) && steps > 0 {
            if self.advance(config, at)? {
                // The thread around it may be able to go on now.
                at = config.of_role(role).start;
                steps -= 1;
            } else {
                at += 1;
            }
        }
        Ok(())
    }

    /// Takes such a step of one thread, if there is one.
    fn advance(&mut self, config: &mut Config, at: usize) -> Step<bool> {
        let code = Rc::clone(&self.code);
        let thread = &config.threads[at];
        let has_started = !config.inside(at).is_empty();
        match &code.ops[thread.role as usize][thread.state as usize] {
            Op::Act(act) => match act.silents.as_slice() {
                [only] if act.sends.is_empty() && act.recvs.is_empty() && !act.may_end => {
                    self.go(config, at, only, &Bound::Fresh)?;
                }
                _ => return Ok(false),
            },
            Op::Case { on, arms } => match self.decided(config, at, on) {
                Some(arm) => self.take(config, at, on, arms, arm)?,
                None => return Ok(false),
            },
            Op::Par { branches, .. } if !has_started && !branches.is_empty() => {
                self.start(config, at, branches, &Bound::Fresh)?;
            }
            Op::Par { then, .. } if self.is_over(config, at) => {
                let carried = self.carried(config, at);
                config.threads.drain(config.inside(at));
                self.go(config, at, then, &Bound::Carried(&carried))?;
            }
            Op::Scope(scope) if thread.instance == 0 => {
                self.enter_scope(config, at, scope.node);
                self.start(config, at, std::slice::from_ref(&scope.body), &Bound::Fresh)?;
            }
            Op::Scope(scope) if self.is_over(config, at) => {
                if !self.is_in_body(config, at) {
                    let carried = self.carried(config, at);
                    self.leave_scope(config, at);
                    self.go(config, at, &scope.then, &Bound::Carried(&carried))?;
                } else {
                    return Ok(false);
                }
            }
            Op::Par { .. } | Op::Scope(_) | Op::Join { .. } => return Ok(false),
        }
        Ok(true)
    }

    fn make_canonical(&mut self, config: &mut Config) {
        if !self.code.scopes.is_empty() {
            self.discard(config);
        }
        if !config.counts.is_empty() {
            self.renumber(config);
        }
        if self.code.has_data {
            rename(&mut self.terms, config);
        }
    }

    /// The steps of a thread that decides on its own, if there is one: nobody else can hinder or see them, so it is
    /// enough to take them first.
    pub(super) fn decisions<'m>(&self, config: &Config, moves: &'m [Move]) -> &'m [Move] {
        let is_own = |step: &Move| match (step.choice, self.op(&config.threads[step.thread])) {
            (Choice::Arm(_), _) => true,
            // As long as the scope can end otherwise, what the others do before that matters.
            (Choice::Done, Op::Scope(scope)) => scope.outcomes.len() == usize::from(scope.done.is_some()),
            (Choice::Silent(_), Op::Act(act)) => act.sends.is_empty() && act.recvs.is_empty() && !act.may_end,
            _ => false,
        };
        let Some(first) = moves.iter().position(is_own) else { return &[] };
        let count = moves[first..].iter().take_while(|step| step.thread == moves[first].thread).count();
        &moves[first..first + count]
    }

    /// Number of roles.
    pub(super) fn roles(&self) -> usize {
        self.code.ops.len()
    }

    /// The channels: sender and receiver.
    pub(super) fn edges(&self) -> &[(Role, Role)] {
        &self.code.edges
    }

    /// The channel of a message that is sent or taken.
    pub(super) fn edge(&self, config: &Config, step: &Move) -> Option<u32> {
        match (step.choice, self.op(&config.threads[step.thread])) {
            (Choice::Send(index), Op::Act(act)) => Some(act.sends[index].edge),
            (Choice::Recv(index), Op::Act(act)) => Some(act.recvs[index].edge),
            _ => None,
        }
    }
}
