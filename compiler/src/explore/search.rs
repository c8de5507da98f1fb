//! The search: all configurations, nearest first.

use super::config::Config;
use super::status::Status;
use super::system::{Cut, Move, System, What};
use super::{Bounds, EdgeBound, Event, Exploration, Problem, ProblemKind, Termination, verdict};
use crate::graph::Role;
use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;
use std::collections::VecDeque;

/// Lines of control and messages that are looked at per configuration, on the average; more roles mean fewer
/// configurations.
const SIZE: usize = 300;

/// A step from one configuration to another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arc {
    pub(super) from: u32,
    pub(super) to: u32,
    /// Who takes it.
    pub(super) role: Role,
    /// The channel it takes a message from.
    pub(super) consumes: Option<u32>,
}

/// How a configuration was first reached.
#[derive(Clone, Copy)]
struct Origin {
    before: u32,
    event: Option<Event>,
    /// Messages sent and received up to here.
    distance: u32,
    is_done: bool,
}

/// A channel while it is watched.
#[derive(Clone, Copy, Default)]
struct Load {
    most: u32,
    overflows: bool,
}

pub(super) struct Search {
    system: System,
    bounds: Bounds,
    seen: IndexSet<Config, FxBuildHasher>,
    origins: Vec<Origin>,
    arcs: Vec<Arc>,
    todo: VecDeque<u32>,
    loads: Vec<Load>,
    ends: Vec<u32>,
    may_wait: Vec<Role>,
    /// A step was not taken because something is nested too deep, or there are too many configurations.
    is_cut: bool,
    /// Lines of control and messages looked at so far.
    work: usize,
    /// A role had to wait until others caught up with its decisions.
    is_held_up: bool,
}

impl Search {
    pub(super) fn new(system: System, bounds: Bounds) -> Self {
        let loads = vec![Load::default(); system.edges().len()];
        Self {
            system,
            bounds,
            seen: IndexSet::default(),
            origins: Vec::new(),
            arcs: Vec::new(),
            todo: VecDeque::new(),
            loads,
            ends: Vec::new(),
            may_wait: Vec::new(),
            is_cut: false,
            work: 0,
            is_held_up: false,
        }
    }

    pub(super) fn run(mut self) -> Exploration {
        let start = self.system.initial();
        self.run_from(start)
    }

    /// The same from another configuration on.
    pub(super) fn run_from(mut self, start: Config) -> Exploration {
        self.reach(start, Origin { before: 0, event: None, distance: 0, is_done: false });
        while let Some(at) = self.todo.pop_front() {
            if std::mem::replace(&mut self.origins[at as usize].is_done, true) {
                continue;
            }
            if let Some(kind) = self.expand(at) {
                let problem = Problem { kind, run: self.path(at) };
                return self.report(Some(problem), Termination::Unknown);
            }
        }
        if self.is_cut {
            return self.report(None, Termination::Unknown);
        }
        self.may_wait = self.waiting();
        let termination = verdict::termination(self.seen.len(), &self.arcs, &self.ends);
        let is_clean = matches!(termination, Termination::Always | Termination::Possible);
        let problem = if is_clean || !self.is_complete() { None } else { self.orphan() };
        self.report(problem, termination)
    }

    fn is_complete(&self) -> bool {
        !self.is_cut && !self.is_held_up && self.loads.iter().all(|load| !load.overflows)
    }

    /// A configuration is reached: new, known, or known but nearer than it was thought to be.
    fn reach(&mut self, config: Config, origin: Origin) -> Option<u32> {
        let (index, is_new) = if self.seen.len() < self.bounds.states {
            self.seen.insert_full(config)
        } else {
            match self.seen.get_index_of(&config) {
                Some(index) => (index, false),
                None => {
                    self.is_cut = true;
                    return None;
                }
            }
        };
        let id = u32::try_from(index).expect("the state limit is below 2^32");
        if is_new {
            self.origins.push(origin);
        } else {
            let known = &mut self.origins[index];
            if known.is_done || known.distance <= origin.distance {
                return Some(id);
            }
            *known = origin;
        }
        if origin.event.is_none() {
            self.todo.push_front(id)
        } else {
            self.todo.push_back(id)
        }
        Some(id)
    }

    /// Takes all steps from a configuration; what is wrong with it, if anything.
    fn expand(&mut self, at: u32) -> Option<ProblemKind> {
        let config = self.seen[at as usize].clone();
        self.measure(&config);
        let moves = self.system.moves(&config);
        match self.system.judge(&config, &moves) {
            Status::Stuck(kind) => return Some(kind),
            Status::Ended { .. } => self.ends.push(at),
            Status::Running => {}
        }
        let decisions = self.system.decisions(&config, &moves);
        let before = self.seen.len();
        decisions.iter().for_each(|step| self.take(at, &config, step));
        // If they lead nowhere new, the others would be put off for ever.
        if decisions.is_empty() || self.seen.len() == before {
            moves.iter().filter(|step| !decisions.contains(step)).for_each(|step| self.take(at, &config, step));
        }
        None
    }

    fn take(&mut self, at: u32, config: &Config, step: &Move) {
        self.work += config.threads.len() + config.messages.len();
        if self.work > self.bounds.states.saturating_mul(SIZE) {
            self.is_cut = true;
            return;
        }
        let edge = self.system.edge(config, step);
        let next = match self.system.try_apply(config, step) {
            Ok(next) => next,
            Err(Cut::Full(edge)) => {
                self.loads[edge as usize].overflows = true;
                return;
            }
            Err(Cut::Ahead) => {
                self.is_held_up = true;
                return;
            }
            Err(Cut::Deep) => {
                self.is_cut = true;
                return;
            }
        };
        let event = Event::of(step);
        let distance = self.origins[at as usize].distance + u32::from(event.is_some());
        if let Some(to) = self.reach(next, Origin { before: at, event, distance, is_done: false }) {
            let consumes = edge.filter(|_| matches!(step.what, What::Recv { .. }));
            self.arcs.push(Arc { from: at, to, role: step.role, consumes });
        }
    }

    fn measure(&mut self, config: &Config) {
        for messages in config.messages.chunk_by(|a, b| a.edge == b.edge) {
            let load = &mut self.loads[messages[0].edge as usize];
            load.most = load.most.max(u32::try_from(messages.len()).unwrap_or(u32::MAX));
        }
    }

    /// The run that leads to a configuration.
    fn path(&self, at: u32) -> Vec<Event> {
        let mut run = Vec::new();
        let mut at = at;
        while at != 0 {
            let origin = self.origins[at as usize];
            run.extend(origin.event);
            at = origin.before;
        }
        run.reverse();
        run
    }

    /// Roles that somewhere wait for a message that never comes, which is allowed.
    fn waiting(&self) -> Vec<Role> {
        let mut roles: Vec<Role> = (0..).take(self.system.roles()).collect();
        roles.retain(|role| {
            self.system.can_wait(*role) && {
                let moving = verdict::moving(self.seen.len(), &self.arcs, *role);
                let mut still = self.seen.iter().zip(moving).filter(|(_, moves)| !moves).map(|(config, _)| config);
                still.any(|config| self.system.waits(config, *role))
            }
        });
        roles
    }

    /// The nearest configuration with a message that nobody can take any more.
    fn orphan(&self) -> Option<Problem> {
        let mut nearest: Option<(u32, u32, u32)> = None;
        for (edge, _) in (0..).zip(&self.loads).filter(|(_, load)| load.most > 0) {
            let consumed = verdict::consuming(self.seen.len(), &self.arcs, edge);
            for (at, config) in (0..).zip(&self.seen) {
                let distance = self.origins[at as usize].distance;
                if !consumed[at as usize]
                    && config.head(edge).is_some()
                    && nearest.is_none_or(|known| (distance, at) < (known.0, known.1))
                {
                    nearest = Some((distance, at, edge));
                }
            }
        }
        let (_, at, edge) = nearest?;
        let config = &self.seen[at as usize];
        let label = config.messages[config.head(edge)?].label;
        let (from, to) = self.system.edges()[edge as usize];
        Some(Problem { kind: ProblemKind::Orphan { from, to, label }, run: self.path(at) })
    }

    fn report(self, problem: Option<Problem>, termination: Termination) -> Exploration {
        let is_known = !self.is_cut && (problem.is_none() || self.todo.is_empty());
        let bound = |load: &Load| (is_known && !load.overflows).then_some(load.most);
        let pairs = self.system.edges().iter().zip(&self.loads);
        let mut edges: Vec<EdgeBound> = pairs
            .map(|((from, to), load)| EdgeBound { from: *from, to: *to, bound: bound(load), seen: load.most })
            .collect();
        edges.sort_unstable_by_key(|edge| (edge.from, edge.to));
        let complete = is_known && self.is_complete();
        let bounds: Option<Vec<u32>> = edges.iter().map(|edge| edge.bound).collect();
        Exploration {
            states: self.seen.len(),
            complete,
            queue_bound: bounds.filter(|_| is_known).map(|bounds| bounds.into_iter().max().unwrap_or(0)),
            edges,
            termination,
            may_wait: self.may_wait,
            problem,
        }
    }
}
