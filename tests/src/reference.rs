//! The reference: what a compiled program does, said without instructions and registers.
//!
//! It runs the local machines that the projection made ([`Machine`]) on the expressions of the checked program
//! ([`crate::evaluate`]). A role's bindings are in the *slots* of its state; a state does one thing, and one of its steps
//! leads to the next state. Nothing of the image is read.
//!
//! * **Lines of control.** A role has one, and one more per running branch of its `par`s. The first of the queue `ready`
//!   goes on until it waits or ends, or *yields* and becomes the last: behind a step from a state that does not
//!   communicate to one with no higher number, and behind a round of a loop in a function. Who waits becomes the last
//!   of the queue when what it waits for is there.
//! * **Messages.** An edge, an ordered pair of roles, is a queue of at most `capacity` messages. A message has a number
//!   and the *part* of the scopes it was sent in. A line in that part can take it; if its receiver has left that part,
//!   it is discarded as soon as it is the first ([`scope`]).
//! * **Operations** are answered one at a time ([`Handlers`]). The clock goes on when nobody can: to the next end of a
//!   sleep or, if that comes first, to the next deadline.
//! * **The end.** Where nobody can go on at all, the session is closed if no message is left, no outcome is news to a
//!   participant, and everybody is done or waits where the choreography may end. Otherwise it is a deadlock.
//!
//! The **observable trace** of a session is the list of its events, in words: who did what, with partner, label, payload
//! and number of a message; effect, operation, number, arguments and answer of a request; scope, run and outcome; number
//! of a branch; code of a fault. So it has the order of each role and each edge, and how they interleave. Behind it come
//! the final values of each role. Not in it are ticks, for there are no instructions, the numbers that scopes have in an
//! image (they count by first appearance), and how a deadlock or an exceeded limit is put in words.

mod alone;
mod scope;

use crate::evaluate::{Evaluated, Stop, parts, tuple};
use crate::handlers::{Handlers, Performer, Request};
use scope::{Entered, Part, Runs};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use tell_compiler::graph::{Branch, GVar, Graph, NodeKind, Role};
use tell_compiler::hir::Program;
use tell_compiler::project::machine::{Inside, Kind, Machine, Rows, Site, Slot, State, Step, Value as From};
use tell_ir::image::Reentrancy;
use tell_vm::{Failure, FailureKind, Fault, Value, show};

/// What is run, and how.
#[derive(Clone, Copy)]
pub struct Setup<'p> {
    /// The program.
    pub program: &'p Program,
    /// The choreography.
    pub graph: &'p Graph,
    /// What the projection made of it, per role.
    pub machines: &'p [Machine],
    /// Per role the values of its parameters.
    pub args: &'p [Vec<Value>],
    /// Most messages queued on one edge.
    pub capacity: usize,
}

/// A session.
pub struct Session<'p> {
    setup: Setup<'p>,
    handlers: Handlers<'p>,
    lines: Vec<Line>,
    /// Places of lines that are gone.
    free: Vec<usize>,
    /// Lines that can go on.
    ready: VecDeque<usize>,
    edges: BTreeMap<(Role, Role), Edge>,
    /// The latest values of the cells that scopes keep.
    cells: BTreeMap<(Role, GVar), Value>,
    runs: Runs,
    /// Nanoseconds since it began.
    now: u64,
    requests: u32,
    events: Vec<String>,
    is_over: bool,
}

/// A line of control.
#[derive(Clone, Default)]
struct Line {
    role: Role,
    state: u32,
    slots: Vec<Value>,
    /// What the operations were answered that the state performed so far.
    answers: Vec<Value>,
    status: Status,
    /// The line whose branch it is; its own branches that are not over, and what they brought.
    parent: Option<usize>,
    children: usize,
    brought: Option<Vec<Value>>,
    /// Where in the scopes it is, and those that it went into itself.
    part: Part,
    entered: Vec<Entered>,
    /// How many scopes are around the run that it has to leave before its next communication.
    called: Option<usize>,
}

/// Whether a line can go on, and what it waits for if not.
#[derive(Clone, Default)]
enum Status {
    #[default]
    Ready,
    Receiving,
    /// For room on the edge to that role.
    Sending(Role),
    /// Until that time, for the answer to the request of that number.
    Sleeping(u64, u32, Box<Request>),
    /// For its branches.
    Joining,
    /// For others to leave earlier runs of the scope.
    Entering,
    /// For the outcome of the scope.
    Awaiting,
    Halted,
    Gone,
}

/// How a line goes on behind a step.
enum Turn {
    On,
    Yield,
    Wait(Status),
    /// Not at all, and it is not in the queue any more.
    Over,
}

struct Message {
    label: u32,
    payload: Value,
    number: usize,
    part: Part,
}

#[derive(Default)]
struct Edge {
    queue: VecDeque<Message>,
    sent: usize,
}

impl<'p> Session<'p> {
    /// A session that has not begun.
    ///
    /// # Panics
    /// If the arguments are not those of the machines.
    #[must_use]
    pub fn new(setup: Setup<'p>, handlers: Handlers<'p>) -> Self {
        let line = |machine: &Machine| {
            let params = setup.graph.params_of(machine.role).iter().map(|(_, _, var)| *var);
            let given: BTreeMap<GVar, &Value> = params.zip(&setup.args[machine.role as usize]).collect();
            let slots = machine.start.iter().map(|value| match value {
                From::Param(var) => given[&var].clone(),
                From::Int(value) => Value::Int(value),
                _ => panic!("bug: the first state has parameters and numbers"),
            });
            Line { role: machine.role, slots: slots.collect(), ..Line::default() }
        };
        Self {
            setup,
            handlers,
            lines: setup.machines.iter().map(line).collect(),
            free: Vec::new(),
            ready: (0..setup.machines.len()).collect(),
            edges: BTreeMap::new(),
            cells: BTreeMap::new(),
            runs: Runs::default(),
            now: 0,
            requests: 0,
            events: Vec::new(),
            is_over: false,
        }
    }

    /// Runs to the end, or to the first states, or events, that are too many. Says whether it came to the end.
    pub fn run(&mut self, most_states: usize, most_events: usize) -> bool {
        let mut states = 0..most_states;
        while !self.is_over && self.events.len() < most_events && states.next().is_some() {
            match self.ready.front() {
                Some(who) => self.advance(*who),
                None => self.be_quiet(),
            }
        }
        self.is_over
    }

    /// The events so far.
    #[must_use]
    pub fn events(&self) -> &[String] {
        &self.events
    }

    /// Roles that are done: names in scope at the end, and their values.
    #[must_use]
    pub fn finals(&self) -> Vec<(Role, &'p str, Value)> {
        let mut finals = Vec::new();
        for (who, line) in self.lines.iter().enumerate().filter(|(_, line)| matches!(line.status, Status::Halted)) {
            if let Kind::End { finals: names } | Kind::Recv { finals: Some(names), .. } = &self.state(who).kind {
                let value = |slot: &Slot| line.slots[*slot as usize].clone();
                finals.extend(names.iter().map(|(name, at)| (line.role, self.setup.program.text(*name), value(at))));
            }
        }
        finals
    }

    fn advance(&mut self, who: usize) {
        let turn = self.step(who).or_else(|stop| match stop {
            Stop::Fault(fault) => Err(fault),
            Stop::Perform(request) => self.perform(who, *request).map_err(Box::new),
            Stop::Yield => {
                self.lines[who].answers.push(Value::Unit);
                Ok(Turn::Yield)
            }
        });
        match turn {
            Ok(Turn::On | Turn::Over) => {}
            Ok(Turn::Yield) => self.ready.rotate_left(1),
            // Who has to leave a scope does not wait in it.
            Ok(Turn::Wait(_)) if self.lines[who].called.is_some() => self.depart(who),
            Ok(Turn::Wait(status)) => {
                self.lines[who].status = status;
                self.ready.pop_front();
            }
            Err(fault) => self.fault(Some(self.lines[who].role), &fault),
        }
    }

    fn state(&self, who: usize) -> &'p State {
        let line = &self.lines[who];
        &self.setup.machines[line.role as usize].states[line.state as usize]
    }

    /// What the state of a line does, and a step from it.
    fn step(&mut self, who: usize) -> Evaluated<Turn> {
        let (state, role) = (self.state(who), self.lines[who].role);
        Ok(match &state.kind {
            Kind::End { .. } if state.inside.is_none() => {
                self.note(Some(role), "Halted by_notice=false");
                Turn::Wait(Status::Halted)
            }
            // In a part that never ends it waits for what takes it out.
            Kind::End { .. } => Turn::Wait(Status::Receiving),
            Kind::Local { site, step, cell } => {
                let value = self.action(who, site)?;
                self.cells.extend(cell.map(|cell| ((role, cell), value.clone())));
                self.go(who, step, &[value], &[])
            }
            Kind::Decide { site, steps } => {
                let (arm, evidence) = self.choice(who, site)?;
                self.go(who, &steps[arm], &evidence, &[])
            }
            Kind::Case { site, steps } => {
                let (arm, bound) = self.case(who, site)?;
                self.go(who, &steps[arm], &bound, &[])
            }
            Kind::Send { sends } => self.send(who, sends)?,
            Kind::Recv { rows, finals } => self.receive(who, rows, finals.is_some())?,
            Kind::Par { branches, then, joined } => self.par(who, branches, (then, joined.len())),
            Kind::Scope(scope) => self.scope(who, scope)?,
            Kind::Join { carried } => self.join(who, state.inside.expect("a join ends a part"), carried),
            Kind::Mixed { .. } => panic!("bug: a rejected choreography is run"),
        })
    }

    /// To the next state, with what the action bound and what is carried there.
    fn go(&mut self, who: usize, step: &Step, bound: &[Value], carried: &[Value]) -> Turn {
        let kind = &self.state(who).kind;
        let line = &mut self.lines[who];
        let slots = step.values.iter().map(|value| match (value, kind) {
            (From::Slot(slot), _) => line.slots[slot as usize].clone(),
            (From::Bound(index), _) => bound[index as usize].clone(),
            (From::Carried(number), _) => carried[number as usize].clone(),
            (From::Int(value), _) => Value::Int(value),
            (From::Cell(index), Kind::Scope(scope)) => self.cells[&(line.role, scope.cells[index as usize].0)].clone(),
            (From::Param(_) | From::Cell(_), _) => panic!("bug: a value of another step"),
        });
        line.slots = slots.collect();
        line.answers.clear();
        let is_silent = !matches!(kind, Kind::Send { .. } | Kind::Recv { .. });
        let before = std::mem::replace(&mut line.state, step.target.0);
        if is_silent && step.target.0 <= before { Turn::Yield } else { Turn::On }
    }

    // ---- messages

    /// The edge and the branch of a message.
    fn message(&self, site: &Site) -> ((Role, Role), &'p Branch) {
        match &self.setup.graph.node(site.node).kind {
            NodeKind::Comm { from, to, branches } => ((*from, *to), &branches[site.branch as usize]),
            _ => panic!("bug: a row is a message"),
        }
    }

    fn send(&mut self, who: usize, sends: &'p Rows) -> Evaluated<Turn> {
        let (row, values) = self.payload(who, sends)?;
        let (site, step) = &sends[row];
        let (edge, branch) = self.message(site);
        let payload = match values.as_slice() {
            [] => Value::Unit,
            [only] => only.clone(),
            several => tuple(several.to_vec())?,
        };
        let Edge { queue, sent } = self.edges.entry(edge).or_default();
        let Line { called, part, .. } = &self.lines[who];
        if called.is_some() || queue.len() >= self.setup.capacity {
            return Ok(Turn::Wait(Status::Sending(edge.1)));
        }
        let message = Message { label: branch.label, payload, number: *sent, part: part.clone() };
        *sent += 1;
        let what = if sends.len() > 1 || self.is_chosen(who) { "Offered to" } else { "Sent to" };
        self.note_message(edge.0, what, edge.1, &message);
        self.edges.entry(edge).or_default().queue.push_back(message);
        self.changed(edge);
        Ok(self.go(who, step, &values, &[]))
    }

    /// Whether the role came here by its own choice.
    fn is_chosen(&self, who: usize) -> bool {
        let Line { role, state: here, .. } = self.lines[who];
        self.setup.machines[role as usize].states.iter().any(|state| match &state.kind {
            Kind::Decide { steps, .. } => steps.iter().any(|step| step.target.0 == here),
            _ => false,
        })
    }

    /// The first message on an edge, if a line can see it.
    fn visible(&self, who: usize, edge: (Role, Role)) -> Option<&Message> {
        let head = self.edges.get(&edge)?.queue.front()?;
        (head.part == self.lines[who].part).then_some(head)
    }

    /// Takes the first of the messages that is there.
    fn receive(&mut self, who: usize, rows: &'p Rows, may_end: bool) -> Evaluated<Turn> {
        if self.lines[who].called.is_some() {
            return Ok(Turn::Wait(Status::Receiving));
        }
        let found = rows.iter().find(|(site, _)| {
            let (edge, branch) = self.message(site);
            self.visible(who, edge).is_some_and(|head| head.label == branch.label)
        });
        let Some((site, step)) = found else {
            let is_missing = |(site, _): &(Site, Step)| self.visible(who, self.message(site).0).is_none();
            let waits = rows.is_empty() || rows.iter().any(is_missing);
            let fault = Fault::UnknownLabel { expected: Vec::new(), heads: Vec::new() };
            return if waits { Ok(Turn::Wait(Status::Receiving)) } else { Err(fault.into()) };
        };
        let (edge, branch) = self.message(site);
        let message = self.edges.get_mut(&edge).and_then(|edge| edge.queue.pop_front()).expect("it is there");
        let what = if rows.len() > 1 || may_end { "Chose from" } else { "Received from" };
        self.note_message(edge.1, what, edge.0, &message);
        self.changed(edge);
        let payload = message.payload;
        let values = if branch.fields.len() > 1 { parts(&payload).to_vec() } else { vec![payload] };
        Ok(self.go(who, step, &values, &[]))
    }

    /// The messages of an edge are others now, or its receiver is elsewhere: those first ones are discarded that were sent in
    /// a part the receiver has left, and who waited for this goes on.
    fn changed(&mut self, edge: (Role, Role)) {
        while let Some(head) = self.edges.get(&edge).and_then(|edge| edge.queue.front())
            && self.has_left(edge.1, &head.part)
        {
            let message = self.edges.get_mut(&edge).and_then(|edge| edge.queue.pop_front()).expect("it is there");
            self.note_message(edge.1, "Discarded from", edge.0, &message);
        }
        let has_room = self.edges.get(&edge).is_none_or(|edge| edge.queue.len() < self.setup.capacity);
        let sends = |who: &usize| match self.lines[*who].status {
            Status::Sending(to) => has_room && (self.lines[*who].role, to) == edge,
            _ => false,
        };
        let receives = |who: &usize| match (&self.lines[*who].status, &self.state(*who).kind) {
            (Status::Receiving, Kind::Recv { rows, .. }) => {
                rows.iter().any(|(site, _)| self.message(site).0 == edge) && self.visible(*who, edge).is_some()
            }
            _ => false,
        };
        let all = || 0..self.lines.len();
        let woken: Vec<usize> = all().filter(sends).chain(all().filter(receives)).collect();
        woken.into_iter().for_each(|who| self.wake(who));
    }

    fn wake(&mut self, who: usize) {
        self.lines[who].status = Status::Ready;
        if !self.ready.contains(&who) {
            self.ready.push_back(who);
        }
    }

    // ---- branches

    fn par(&mut self, who: usize, branches: &[Step], (then, carried): (&Step, usize)) -> Turn {
        if self.lines[who].brought.is_none() {
            self.lines[who].brought = Some(vec![Value::Unit; carried]);
            branches.iter().for_each(|branch| self.start(who, branch));
        }
        if self.lines[who].children > 0 {
            return Turn::Wait(Status::Joining);
        }
        let brought = self.lines[who].brought.take().unwrap_or_default();
        self.go(who, then, &[], &brought)
    }

    fn start(&mut self, who: usize, branch: &Step) {
        let Line { role, state, ref slots, ref part, .. } = self.lines[who];
        let (slots, part) = (slots.clone(), part.clone());
        let line = Line { role, state, slots, part, parent: Some(who), ..Line::default() };
        let place = self.free.pop().unwrap_or(self.lines.len());
        self.lines.resize_with(self.lines.len().max(place + 1), Line::default);
        self.lines[place] = line;
        self.lines[who].children += 1;
        self.go(place, branch, &[], &[]);
        self.ready.push_back(place);
        self.note(Some(role), &format!("BranchStarted branch={place}"));
    }

    /// The end of a branch, of the body of a scope, or of the block of an outcome; with what is brought to what follows.
    fn join(&mut self, who: usize, inside: Inside, carried: &[(u32, Slot)]) -> Turn {
        let line = &self.lines[who];
        let carried = carried.iter().map(|(number, slot)| (*number as usize, line.slots[*slot as usize].clone()));
        let carried: BTreeMap<usize, Value> = carried.collect();
        let bring = |place: &mut Vec<Value>| {
            place.resize(place.len().max(carried.keys().last().map_or(0, |last| last + 1)), Value::Unit);
            carried.into_iter().for_each(|(number, value)| place[number] = value);
        };
        let (role, parent) = (line.role, line.parent);
        match &self.setup.machines[role as usize].states[inside.of.0 as usize].kind {
            Kind::Scope(_) if inside.part == 0 => {
                self.lines[who].entered.last_mut().map(|entered| bring(&mut entered.brought));
                self.exit(who)
            }
            Kind::Scope(scope) => {
                let mut brought = Vec::new();
                bring(&mut brought);
                self.leave(who, scope, &brought)
            }
            _ => {
                let parent = parent.expect("a branch was started");
                self.lines[parent].brought.as_mut().map(bring);
                self.note(Some(role), &format!("BranchEnded branch={who}"));
                self.end_lines(&[who]);
                self.lines[parent].children -= 1;
                if self.lines[parent].children == 0 && matches!(self.lines[parent].status, Status::Joining) {
                    self.wake(parent);
                }
                Turn::Over
            }
        }
    }

    fn end_lines(&mut self, lines: &[usize]) {
        self.ready.retain(|who| !lines.contains(who));
        for who in lines {
            self.lines[*who].status = Status::Gone;
            self.free.push(*who);
        }
    }

    // ---- operations and time

    /// Lets the handler of an operation answer.
    fn perform(&mut self, who: usize, request: Request) -> Result<Turn, Fault> {
        let (number, role) = (self.requests, self.lines[who].role);
        let excludes = |line: &Line| match (&line.status, request.meta.map(|meta| meta.reentrancy)) {
            (Status::Sleeping(_, _, other), Some(Reentrancy::RejectSameOperation)) => other.is_alike(&request),
            (Status::Sleeping(_, _, other), Some(Reentrancy::RejectSameFragment)) => other.effect == request.effect,
            _ => false,
        };
        if self.lines.iter().any(excludes) {
            let text = "an operation that excludes it is outstanding";
            return Err(request.fault(Failure::new(FailureKind::ContractViolation, text)));
        }
        self.requests += 1;
        let text = format!("Performed {} args={}", request.words(number), self.handlers.types.arguments(&request));
        self.note(Some(role), &text);
        let (protocol, name, now) = (&*self.setup.graph.name, self.name(role), self.now);
        match self.handlers.answer(&request, Performer { protocol, role, name, request: number, now }) {
            (Some(time), _) => {
                let until = now.saturating_add(u64::try_from(time).unwrap_or(0));
                self.lines[who].status = Status::Sleeping(until, number, Box::new(request));
                if self.lines[who].called.is_some() {
                    self.depart(who);
                } else {
                    self.ready.pop_front();
                }
            }
            (None, answer) => self.complete(who, number, &request, answer)?,
        }
        Ok(Turn::Over)
    }

    fn complete(
        &mut self,
        who: usize,
        number: u32,
        request: &Request,
        answer: Result<Value, Failure>,
    ) -> Result<(), Fault> {
        let (role, words) = (self.lines[who].role, request.words(number));
        match answer {
            Ok(value) => {
                let shown = show(&value, request.result, &self.handlers.types.all);
                self.note(Some(role), &format!("Completed {words} result={shown}"));
                self.lines[who].answers.push(value);
                self.wake(who);
                Ok(())
            }
            Err(failure) => {
                let (kind, message) = (failure.kind.text(), &failure.message);
                self.note(Some(role), &format!("Completed {words} failure={kind} message={message}"));
                if self.fails(who, failure.kind) { Ok(()) } else { Err(request.fault(failure)) }
            }
        }
    }

    /// Nobody can go on: somebody sleeps or keeps a deadline, or the session ends.
    fn be_quiet(&mut self) {
        let sleeping = self.lines.iter().enumerate().filter_map(|(who, line)| match line.status {
            Status::Sleeping(until, number, _) => Some((until, number, who)),
            _ => None,
        });
        let (sleep, deadline) = (sleeping.min(), self.runs.next_deadline());
        match (sleep, deadline) {
            (Some((until, number, who)), deadline) if deadline.as_ref().is_none_or(|(when, _)| until <= *when) => {
                self.now = self.now.max(until);
                let status = std::mem::take(&mut self.lines[who].status);
                let Status::Sleeping(_, _, request) = status else { panic!("bug: who sleeps is woken") };
                let completed = self.complete(who, number, &request, Ok(Value::Unit));
                completed.expect("it is an answer");
            }
            (_, Some((when, run))) => {
                self.now = self.now.max(when);
                self.time_out(&run);
            }
            (_, None) => self.end(),
        }
    }

    fn end(&mut self) {
        let is_empty = self.edges.values().all(|edge| edge.queue.is_empty());
        let may_end = |who: &usize| match (&self.lines[*who].status, &self.state(*who).kind) {
            (Status::Halted | Status::Gone | Status::Joining, _) => true,
            (Status::Receiving, kind) => matches!(kind, Kind::End { .. } | Kind::Recv { finals: Some(_), .. }),
            _ => false,
        };
        if !is_empty || self.has_news() || !(0..self.lines.len()).all(|who| may_end(&who)) {
            return self.fault(None, &Fault::Deadlock { waits: Vec::new(), orphans: Vec::new() });
        }
        let mut told = BTreeSet::new();
        for who in 0..self.lines.len() {
            if matches!(self.lines[who].status, Status::Receiving) {
                self.lines[who].status = Status::Halted;
                if told.insert(self.lines[who].role) {
                    self.note(Some(self.lines[who].role), "Halted by_notice=true");
                }
            }
        }
        self.note(None, "Closed");
        self.is_over = true;
    }

    fn fault(&mut self, role: Option<Role>, fault: &Fault) {
        let message = match fault {
            Fault::Deadlock { .. } | Fault::LimitExceeded { .. } | Fault::UnknownLabel { .. } => String::new(),
            other => other.to_string(),
        };
        self.note(role, &format!("Faulted code={} message={message}", fault.code()));
        self.is_over = true;
    }

    // ---- words

    fn name(&self, role: Role) -> &'p str {
        &self.setup.graph.roles[role as usize]
    }

    fn note(&mut self, role: Option<Role>, what: &str) {
        let name = role.map_or("-", |role| self.name(role));
        self.events.push(format!("{name} {what}"));
    }

    fn note_message(&mut self, role: Role, what: &str, partner: Role, message: &Message) {
        let label = &self.setup.graph.labels[message.label as usize];
        let ty = self.handlers.types.payload(label);
        let payload = show(&message.payload, ty, &self.handlers.types.all);
        let (partner, label, number) = (self.name(partner), &label.name, message.number);
        self.note(Some(role), &format!("{what}={partner} label={label} payload={payload} number={number}"));
    }
}
