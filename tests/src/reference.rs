//! The reference: what a compiled program does, said without instructions and registers.
//!
//! It runs the local machines that the projection made on the expressions of the checked program ([`crate::evaluate`]).
//! Bindings of a role are in the *slots* of its state; a state does one thing, and one of its steps leads to the next.
//!
//! * **Lines of control.** A role has one, and one more for each branch of its `par`s that runs. The first of the queue
//!   `ready` goes on until it waits or ends, or *yields* and becomes the last: behind a step from a state that does not
//!   communicate to one with no higher number, and behind a round of a loop in a function. Who waits becomes the last
//!   of the queue when what it waits for is there.
//! * **Messages.** An edge, an ordered pair of roles, is a queue of at most `capacity` messages, each with a number and
//!   the *part* of the scopes it was sent in. A line in that part can take it when it is the first. If its receiver has
//!   left that part, it is discarded then ([`scope`]).
//! * **Operations** are answered one at a time ([`Handlers`]). The clock goes on when nobody can: to the next end of a
//!   sleep or, if that comes first, to the next deadline.
//! * **The end.** Where nobody can go on at all, the session is closed if no message is left, no outcome is news to a
//!   participant, and everybody is done or waits where the choreography may end. Otherwise it is a deadlock.
//!
//! What comes out is the observable trace ([`crate::trace`]) and the final values.

mod scope;

use crate::evaluate::{Evaluated, Evaluation, Sources, Stop, first_slots, is_chosen, message, parts};
use crate::handlers::{Answer, Handlers, Performer, Request};
use crate::trace::wording;
use scope::{Entered, Part};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use tell_compiler::graph::{GVar, Graph, NodeId, Role};
use tell_compiler::hir::Program;
use tell_compiler::project::machine::{Inside, Kind, Machine, Rows, Site, Slot, State, Step};
use tell_ir::image::Outcome;
use tell_vm::{FailureKind, Fault, Value, show};

/// What is carried over no join.
const NOTHING: &BTreeMap<u32, Value> = &BTreeMap::new();

/// A session.
pub struct Session<'p> {
    program: &'p Program,
    graph: &'p Graph,
    machines: &'p [Machine],
    handlers: Handlers<'p>,
    capacity: usize,
    /// The lines of control that are not over.
    lines: BTreeMap<usize, Line>,
    ready: VecDeque<usize>,
    edges: BTreeMap<(Role, Role), Edge>,
    /// The latest values of the cells that scopes keep.
    cells: BTreeMap<(Role, GVar), Value>,
    /// How often a role came to a scope in a part, and the runs of scopes that are decided.
    visits: BTreeMap<(Part, Role, NodeId), usize>,
    decided: BTreeMap<Part, (Outcome, Option<FailureKind>)>,
    /// Nanoseconds since it began.
    now: u64,
    requests: u32,
    /// The trace so far.
    pub trace: Vec<String>,
    /// Whether it has come to its end.
    pub is_over: bool,
}

/// A line of control.
#[derive(Default)]
struct Line {
    role: Role,
    state: u32,
    slots: Vec<Value>,
    /// What the operations were answered that the state performed so far.
    answers: Vec<Value>,
    status: Status,
    /// The line whose branch it is; what its own branches brought.
    parent: Option<usize>,
    brought: Option<BTreeMap<u32, Value>>,
    /// Where in the scopes it is, and those that it went into itself.
    part: Part,
    entered: Vec<Entered>,
    /// How many scopes are around the run that it has to leave before its next communication.
    called: Option<usize>,
}

/// Whether a line can go on, and what it waits for if not.
#[derive(Default)]
enum Status {
    #[default]
    Ready,
    /// For others to leave earlier runs of a scope.
    Entering,
    /// For room on an edge.
    Sending((Role, Role)),
    Receiving,
    /// For its branches.
    Joining,
    /// For the outcome of a scope.
    Awaiting,
    /// Until that time, for the answer to the request of that number.
    Sleeping(u64, u32, Box<Request>),
    Halted,
}

/// What a line is behind a step: at the head of the queue as before, at its end, or not in it.
type Turn = Option<Status>;

#[derive(Default)]
struct Edge {
    queue: VecDeque<Message>,
    sent: usize,
    /// The number behind that of the last message that who waits has looked at.
    looked_at: usize,
}

struct Message {
    label: u32,
    payload: Value,
    number: usize,
    part: Part,
}

impl<'p> Session<'p> {
    /// A session that has not begun: of a choreography and its machines, with the values of each role's parameters, and
    /// edges that hold so many messages.
    #[must_use]
    pub fn new(
        program: &'p Program,
        (graph, machines): (&'p Graph, &'p [Machine]),
        args: &[Vec<Value>],
        capacity: usize,
        handlers: Handlers<'p>,
    ) -> Self {
        let line = |(machine, args): (&Machine, &Vec<Value>)| {
            let params = graph.params_of(machine.role).iter().map(|(_, _, var)| *var);
            let slots = first_slots(&machine.start, &params.zip(args).collect());
            Line { role: machine.role, slots, ..Line::default() }
        };
        Self {
            program,
            graph,
            machines,
            handlers,
            capacity,
            lines: machines.iter().zip(args).map(line).enumerate().collect(),
            ready: (0..machines.len()).collect(),
            edges: BTreeMap::new(),
            cells: BTreeMap::new(),
            visits: BTreeMap::new(),
            decided: BTreeMap::new(),
            now: 0,
            requests: 0,
            trace: Vec::new(),
            is_over: false,
        }
    }

    /// Goes on to the end, or until there are too many states or events.
    pub fn run(&mut self, most_states: usize, most_events: usize) {
        let mut states = 0..most_states;
        while !self.is_over && self.trace.len() < most_events && states.next().is_some() {
            match self.ready.front() {
                Some(who) => self.advance(*who),
                None => self.be_quiet(),
            }
        }
    }

    /// Of the roles that are done, the names in scope and their values.
    #[must_use]
    pub fn finals(&self) -> Vec<(Role, &'p str, Value)> {
        let mut finals = Vec::new();
        for line in self.lines.values().filter(|line| matches!(line.status, Status::Halted)) {
            let value = |slot: &Slot| line.slots[*slot as usize].clone();
            if let Kind::End { finals: names } | Kind::Recv { finals: Some(names), .. } = &self.state(line).kind {
                finals.extend(names.iter().map(|(name, at)| (line.role, self.program.text(*name), value(at))));
            }
        }
        finals
    }

    // ---- states

    fn line(&mut self, who: usize) -> &mut Line {
        self.lines.get_mut(&who).expect("a line that is not over")
    }

    fn state(&self, line: &Line) -> &'p State {
        &self.machines[line.role as usize].states[line.state as usize]
    }

    fn advance(&mut self, who: usize) {
        let turn = self.step(who).or_else(|stop| match stop {
            Stop::Fault(fault) => Err(fault),
            Stop::Perform(request) => self.perform(who, *request).map_err(Box::new),
            Stop::Yield => {
                self.line(who).answers.push(Value::Unit);
                Ok(Some(Status::Ready))
            }
        });
        match turn {
            Ok(None) => {}
            Ok(Some(Status::Ready)) => self.ready.rotate_left(1),
            Ok(Some(status)) => {
                self.line(who).status = status;
                // Who has to leave a scope does not wait in it.
                match self.lines[&who].called {
                    Some(_) => self.depart(who),
                    None => _ = self.ready.pop_front(),
                }
            }
            Err(fault) => self.fault(Some(self.lines[&who].role), &fault),
        }
    }

    /// What the state of a line does, and a step from it.
    fn step(&mut self, who: usize) -> Evaluated<Turn> {
        let role = self.lines[&who].role;
        let State { kind, inside, .. } = self.state(&self.lines[&who]);
        Ok(match kind {
            Kind::End { .. } if inside.is_none() => {
                self.note(Some(role), "Halted by_notice=false");
                Some(Status::Halted)
            }
            // In a part that never ends it waits for what takes it out.
            Kind::End { .. } => Some(Status::Receiving),
            Kind::Local { site, step, cell } => {
                let value = self.evaluation(who, site).action(site)?;
                self.cells.extend(cell.map(|cell| ((role, cell), value.clone())));
                self.go(who, step, &[value], NOTHING)
            }
            Kind::Decide { site, steps } | Kind::Case { site, steps } => {
                let (arm, bound) = self.evaluation(who, site).decision(site)?;
                self.go(who, &steps[arm], &bound, NOTHING)
            }
            Kind::Send { sends } => self.send(who, sends)?,
            Kind::Recv { rows, finals } => self.receive(who, rows, finals.is_some())?,
            Kind::Par { branches, then, .. } => self.par(who, branches, then),
            Kind::Scope(scope) => self.scope(who, scope)?,
            Kind::Join { carried } => self.join(who, inside.expect("a join ends a part"), carried),
            Kind::Mixed { .. } => panic!("bug: a rejected choreography is run"),
        })
    }

    fn evaluation<'e>(&'e mut self, who: usize, site: &'e Site) -> Evaluation<'e, 'p> {
        let (program, graph, Line { slots, answers, .. }) = (self.program, self.graph, &self.lines[&who]);
        Evaluation { program, graph, types: &mut self.handlers.types, env: &site.env, slots, answers: answers.iter() }
    }

    /// To the next state, with what the action bound and what is carried there.
    fn go(&mut self, who: usize, step: &Step, bound: &[Value], carried: &BTreeMap<u32, Value>) -> Turn {
        let line = &self.lines[&who];
        let kind = &self.state(line).kind;
        let cell = |cell| self.cells[&(line.role, cell)].clone();
        let slots = Sources { kind, slots: &line.slots, bound, carried, cell: &cell }.of(&step.values);
        let is_silent = !matches!(kind, Kind::Send { .. } | Kind::Recv { .. });
        let line = self.line(who);
        (line.slots, line.answers) = (slots, Vec::new());
        let before = std::mem::replace(&mut line.state, step.target.0);
        (is_silent && step.target.0 <= before).then_some(Status::Ready)
    }

    // ---- messages

    fn send(&mut self, who: usize, sends: &'p Rows) -> Evaluated<Turn> {
        let (row, values, payload) = self.evaluation(who, &sends[0].0).payload(sends)?;
        let (site, step) = &sends[row];
        let (edge, branch) = message(self.graph, site);
        let Line { role, state: here, called, ref part, .. } = self.lines[&who];
        let Edge { queue, sent, .. } = self.edges.entry(edge).or_default();
        if called.is_some() || queue.len() >= self.capacity {
            return Ok(Some(Status::Sending(edge)));
        }
        let message = Message { label: branch.label, payload, number: *sent, part: part.clone() };
        *sent += 1;
        // An offer is chosen by the role: here, or by the decision that led here.
        let is_offer = sends.len() > 1 || is_chosen(&self.machines[role as usize], here);
        self.note_message(role, if is_offer { "Offered to" } else { "Sent to" }, edge.1, &message);
        self.edges.entry(edge).or_default().queue.push_back(message);
        self.settle();
        Ok(self.go(who, step, &values, NOTHING))
    }

    /// The first message of an edge, if a line can see it.
    fn visible(&self, line: &Line, edge: (Role, Role)) -> Option<&Message> {
        self.edges.get(&edge)?.queue.front().filter(|head| head.part == line.part)
    }

    /// Takes the message of the first row that is there.
    fn receive(&mut self, who: usize, rows: &'p Rows, may_end: bool) -> Evaluated<Turn> {
        let line = &self.lines[&who];
        let found = rows.iter().filter(|_| line.called.is_none()).find(|(site, _)| {
            let (edge, branch) = message(self.graph, site);
            self.visible(line, edge).is_some_and(|head| head.label == branch.label)
        });
        let Some((site, step)) = found else { return Ok(Some(Status::Receiving)) };
        let (edge, branch) = message(self.graph, site);
        let message = self.take(edge);
        let what = if rows.len() > 1 || may_end { "Chose from" } else { "Received from" };
        self.note_message(edge.1, what, edge.0, &message);
        self.settle();
        let payload = message.payload;
        let values = if branch.fields.len() > 1 { parts(&payload).to_vec() } else { vec![payload] };
        Ok(self.go(who, step, &values, NOTHING))
    }

    fn take(&mut self, edge: (Role, Role)) -> Message {
        self.edges.get_mut(&edge).and_then(|edge| edge.queue.pop_front()).expect("it was seen")
    }

    /// What follows from a step at once: messages for nobody are discarded, and who waits looks again.
    fn settle(&mut self) {
        for edge in self.edges.keys().copied().collect::<Vec<_>>() {
            while let Some(head) = self.edges[&edge].queue.front()
                && self.has_left(edge.1, &head.part)
            {
                let message = self.take(edge);
                self.note_message(edge.1, "Discarded from", edge.0, &message);
            }
            let Edge { queue, looked_at, .. } = &self.edges[&edge];
            let (has_room, head) = (queue.len() < self.capacity, queue.front().map(|head| head.number + 1));
            let is_new = head > Some(*looked_at);
            let sends = |line: &Line| has_room && matches!(line.status, Status::Sending(own) if own == edge);
            let is_of = |rows: &Rows| rows.iter().any(|(site, _)| message(self.graph, site).0 == edge);
            let looks = |line: &Line| matches!(&self.state(line).kind, Kind::Recv { rows, .. } if is_of(rows));
            let is_there = |line: &Line| is_new && self.visible(line, edge).is_some();
            let receives = |line: &Line| matches!(line.status, Status::Receiving) && is_there(line) && looks(line);
            let woken = [self.lines_that(sends), self.lines_that(receives)].concat();
            self.edges.entry(edge).or_default().looked_at = head.unwrap_or(0);
            woken.into_iter().for_each(|who| self.wake(who));
        }
    }

    fn lines_that(&self, wanted: impl Fn(&Line) -> bool) -> Vec<usize> {
        self.lines.iter().filter(|(_, line)| wanted(line)).map(|(who, _)| *who).collect()
    }

    fn wake(&mut self, who: usize) {
        self.line(who).status = Status::Ready;
        if !self.ready.contains(&who) {
            self.ready.push_back(who);
        }
    }

    // ---- branches

    fn has_branches(&self, who: usize) -> bool {
        self.lines.values().any(|line| line.parent == Some(who))
    }

    fn par(&mut self, who: usize, branches: &[Step], then: &Step) -> Turn {
        if self.lines[&who].brought.is_none() {
            self.line(who).brought = Some(BTreeMap::new());
            for branch in branches {
                let Line { role, state, ref slots, ref part, .. } = self.lines[&who];
                let (slots, part) = (slots.clone(), part.clone());
                let own = self.lines.last_key_value().map_or(0, |(last, _)| last + 1);
                self.lines.insert(own, Line { role, state, slots, part, parent: Some(who), ..Line::default() });
                self.go(own, branch, &[], NOTHING);
                self.wake(own);
                self.note(Some(role), &format!("BranchStarted branch={own}"));
            }
        }
        if self.has_branches(who) {
            return Some(Status::Joining);
        }
        let brought = self.line(who).brought.take().unwrap_or_default();
        self.go(who, then, &[], &brought)
    }

    /// The end of a branch, of the body of a scope, or of the block of an outcome; what is carried to what follows.
    fn join(&mut self, who: usize, inside: Inside, carried: &[(u32, Slot)]) -> Turn {
        let line = &self.lines[&who];
        let carried = carried.iter().map(|(number, slot)| (*number, line.slots[*slot as usize].clone()));
        let carried: BTreeMap<u32, Value> = carried.collect();
        let role = line.role;
        match &self.machines[role as usize].states[inside.of.0 as usize].kind {
            Kind::Scope(_) if inside.part == 0 => self.exit(who, carried),
            Kind::Scope(scope) => self.leave(who, scope, &carried),
            _ => {
                let parent = line.parent.expect("a branch is of a line");
                self.line(parent).brought.iter_mut().for_each(|brought| brought.extend(carried.clone()));
                self.note(Some(role), &format!("BranchEnded branch={who}"));
                self.end_lines(&[who]);
                if matches!(self.lines[&parent].status, Status::Joining) && !self.has_branches(parent) {
                    self.wake(parent);
                }
                None
            }
        }
    }

    fn end_lines(&mut self, lines: &[usize]) {
        lines.iter().for_each(|who| _ = self.lines.remove(who));
        self.ready.retain(|who| !lines.contains(who));
    }

    // ---- operations and time

    /// Lets the handler of an operation answer.
    fn perform(&mut self, who: usize, request: Request) -> Result<Turn, Fault> {
        let outstanding = self.lines.values().filter_map(|line| match &line.status {
            Status::Sleeping(_, _, request) => Some(&**request),
            _ => None,
        });
        request.is_allowed(outstanding)?;
        let (number, role) = (self.requests, self.lines[&who].role);
        self.requests += 1;
        self.note(Some(role), &request.performed(number, &self.handlers.types));
        let (protocol, name, now) = (&*self.graph.name, self.name(role), self.now);
        let answer = match self.handlers.answer(&request, Performer { protocol, role, name, request: number, now }) {
            Answer::Now(answer) => answer,
            Answer::Later(time) => {
                let until = now.saturating_add(u64::try_from(time).unwrap_or(0));
                return Ok(Some(Status::Sleeping(until, number, Box::new(request))));
            }
        };
        self.note(Some(role), &request.completed(number, &answer, &self.handlers.types));
        match answer {
            Ok(value) => self.line(who).answers.push(value),
            Err(failure) if self.fails(who, failure.kind) => {}
            Err(failure) => return Err(request.fault(failure)),
        }
        Ok(None)
    }

    /// Nobody can go on: somebody sleeps or keeps a deadline, or the session ends.
    fn be_quiet(&mut self) {
        let sleeping = self.lines.iter().filter_map(|(who, line)| match line.status {
            Status::Sleeping(until, number, _) => Some((until, number, *who)),
            _ => None,
        });
        match (sleeping.min(), self.next_deadline()) {
            (Some((until, number, who)), deadline) if deadline.as_ref().is_none_or(|(when, ..)| until <= *when) => {
                self.now = self.now.max(until);
                let line = self.line(who);
                line.answers.push(Value::Unit);
                if let (role, Status::Sleeping(_, _, request)) = (line.role, std::mem::take(&mut line.status)) {
                    self.note(Some(role), &request.completed(number, &Ok(Value::Unit), &self.handlers.types));
                }
                self.wake(who);
            }
            (_, Some((when, _, run))) => {
                self.now = self.now.max(when);
                self.time_out(&run);
            }
            (_, None) => self.end(),
        }
    }

    fn end(&mut self) {
        let may_end = |line: &Line| match (&line.status, &self.state(line).kind) {
            (Status::Halted | Status::Joining, _) => true,
            (Status::Receiving, kind) => matches!(kind, Kind::End { .. } | Kind::Recv { finals: Some(_), .. }),
            _ => false,
        };
        let is_done = self.edges.values().all(|edge| edge.queue.is_empty()) && self.lines.values().all(may_end);
        let has_news = self.decided.keys().any(|run| self.is_open(run));
        if !is_done || has_news {
            return self.fault(None, &Fault::Deadlock { waits: Vec::new(), orphans: Vec::new() });
        }
        let mut told = BTreeSet::new();
        for who in self.lines_that(|line| matches!(line.status, Status::Receiving)) {
            self.line(who).status = Status::Halted;
            let role = self.lines[&who].role;
            if told.insert(role) {
                self.note(Some(role), "Halted by_notice=true");
            }
        }
        self.note(None, "Closed");
        self.is_over = true;
    }

    fn fault(&mut self, role: Option<Role>, fault: &Fault) {
        self.note(role, "FailureBranchEntered");
        self.note(role, &format!("Faulted code={} message={}", fault.code(), wording(fault)));
        self.is_over = true;
    }

    // ---- the trace

    fn name(&self, role: Role) -> &'p str {
        &self.graph.roles[role as usize]
    }

    fn note(&mut self, role: Option<Role>, what: &str) {
        let name = role.map_or("-", |role| self.name(role));
        self.trace.push(format!("{name} {what}"));
    }

    fn note_message(&mut self, role: Role, what: &str, partner: Role, message: &Message) {
        let label = &self.graph.labels[message.label as usize];
        let ty = self.handlers.types.payload(label);
        let payload = show(&message.payload, ty, &self.handlers.types.all);
        let (partner, label, number) = (self.name(partner), &label.name, message.number);
        self.note(Some(role), &format!("{what}={partner} label={label} payload={payload} number={number}"));
    }
}
