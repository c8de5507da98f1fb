//! Machines made ready for exploration: rows with their channels, and of all data only what shared decisions read.
//!
//! A slot is *tracked* if its value can reach a decision that several roles take on the same values. All other data
//! cannot change what the roles do together and is forgotten.

use crate::graph::{CaseOn, GVar, Graph, NodeKind, Role};
use crate::hir::{ExprKind, Program};
use crate::project::key::{Writer, slot};
use crate::project::machine::{Inside, Kind, Machine, Site, Step, UNKNOWN, Value, Values};
use crate::project::reads::{body, variables};
use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashMap};
use tell_ir::image::Const;

/// What a role does in a state.
#[derive(Debug)]
pub(crate) enum Op {
    /// It communicates or decides on its own.
    Act(Act),
    /// A shared decision.
    Case { on: On, arms: Vec<Go> },
    /// Branches side by side.
    Par { branches: Vec<Go>, then: Go },
    /// A scope with outcomes.
    Scope(Box<Scope>),
    /// The end of a branch or block: what it carries as numbers and slots, and the part it ends.
    Join { carried: Vec<(u32, u32)>, inside: Option<Inside> },
}

/// What a role can do on its own; with `may_end` nothing more need happen.
#[derive(Debug, Default)]
pub(crate) struct Act {
    pub(crate) sends: Vec<Row>,
    pub(crate) recvs: Vec<Row>,
    pub(crate) silents: Vec<Go>,
    pub(crate) may_end: bool,
}

/// A scope: its node says which runs of it belong together.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) node: u32,
    pub(crate) owner: Role,
    pub(crate) body: Go,
    pub(crate) outcomes: Vec<Go>,
    /// The block for `done` among the outcomes.
    pub(crate) done: Option<usize>,
    /// Whether the owner has a deadline, so that the scope ends for certain.
    pub(crate) has_deadline: bool,
    pub(crate) then: Go,
}

/// A message.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) peer: Role,
    pub(crate) edge: u32,
    pub(crate) label: u32,
    /// Of a send, where the fields come from.
    pub(crate) fields: Vec<Source>,
    pub(crate) go: Go,
}

/// Where a field comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Slot(u32),
    Int(i64),
    Const(u32),
    Fresh,
}

/// A step and the values of the tracked slots behind it.
#[derive(Debug, Default)]
pub(crate) struct Go {
    pub(crate) target: u32,
    pub(crate) values: Vec<Value>,
}

/// What a case is decided on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum On {
    /// Nobody else decides the same: any arm.
    Free,
    /// A structure with slots in it.
    Shape { shape: u32, holes: Vec<u32> },
    /// A counter.
    Counter(u32),
    /// An unnamed decision, by its node: everybody takes the arms in the same order.
    Opaque(u32),
}

/// The structure of a decision on a counter.
pub(crate) const COUNTER: u32 = u32::MAX;
/// The structure of an unnamed decision, of its node and the number of the visit.
pub(crate) const UNNAMED: u32 = u32::MAX - 1;

/// All machines.
#[derive(Debug)]
pub(crate) struct Code {
    /// Per role and state.
    pub(crate) ops: Vec<Vec<Op>>,
    /// Values of the tracked slots at the start.
    pub(crate) starts: Vec<Vec<Value>>,
    /// Sender and receiver of each channel.
    pub(crate) edges: Vec<(Role, Role)>,
    /// The fields of each label that are tracked.
    pub(crate) carried: Vec<Vec<u32>>,
    /// Roles that take part in each scope, by node.
    pub(crate) scopes: FxHashMap<u32, Vec<Role>>,
    /// For each unnamed decision, by node: per role, the states from which the role can still take it.
    pub(crate) opaque: FxHashMap<u32, Vec<Vec<bool>>>,
    /// Whether any data is tracked.
    pub(crate) has_data: bool,
}

struct Compiler<'a> {
    program: &'a Program,
    graph: &'a Graph,
    writer: Writer<'a>,
    shapes: IndexSet<Vec<u32>, FxBuildHasher>,
    edges: IndexSet<(Role, Role), FxBuildHasher>,
    role: Role,
    with_data: bool,
}

impl Code {
    pub(crate) fn new(program: &Program, graph: &Graph, machines: &[Machine]) -> Self {
        let is_case = |machine: &Machine| {
            machine.states.iter().any(|state| matches!(state.kind, Kind::Case { .. } | Kind::Scope(_)))
        };
        let with_data = machines.iter().filter(|machine| is_case(machine)).count() > 1;
        let writer = Writer::new(program, graph);
        let (shapes, edges) = (IndexSet::default(), IndexSet::default());
        let mut compiler = Compiler { program, graph, writer, shapes, edges, role: 0, with_data };
        let mut ops = Vec::with_capacity(machines.len());
        let mut starts = Vec::with_capacity(machines.len());
        let mut scopes: FxHashMap<u32, Vec<Role>> = FxHashMap::default();
        for machine in machines {
            compiler.role = machine.role;
            let mut states = Vec::with_capacity(machine.states.len());
            for state in &machine.states {
                let node = state.nodes.first().map_or(0, |node| node.0);
                if let Kind::Scope(_) = state.kind {
                    let roles = scopes.entry(node).or_default();
                    if roles.last() != Some(&machine.role) {
                        roles.push(machine.role);
                    }
                }
                states.push(compiler.op(&state.kind, node, state.inside));
            }
            ops.push(states);
            starts.push(compiler.values(&machine.start));
        }
        let edges = compiler.edges.into_iter().collect();
        let carried = vec![Vec::new(); graph.labels.len()];
        let mut code = Self { ops, starts, edges, carried, scopes, opaque: FxHashMap::default(), has_data: false };
        code.free_own_decisions();
        code.find_opaque();
        if with_data {
            super::track::track(&mut code, graph);
        }
        code
    }

    /// A decision that only one role takes is its own choice.
    fn free_own_decisions(&mut self) {
        let mut deciders: FxHashMap<u32, (usize, bool)> = FxHashMap::default();
        for (role, ops) in self.ops.iter().enumerate() {
            for shape in ops.iter().filter_map(shared_shape) {
                let entry = deciders.entry(shape).or_insert((role, false));
                entry.1 |= entry.0 != role;
            }
        }
        for op in self.ops.iter_mut().flatten() {
            let is_own = shared_shape(op).is_some_and(|shape| !deciders[&shape].1);
            if let (Op::Case { on, .. }, true) = (op, is_own) {
                *on = On::Free;
            }
        }
    }

    /// Who can still take each unnamed decision, from which states.
    pub(super) fn find_opaque(&mut self) {
        let mut nodes: Vec<u32> = Vec::new();
        for op in self.ops.iter().flatten() {
            if let Op::Case { on: On::Opaque(node), .. } = op {
                nodes.push(*node);
            }
        }
        nodes.sort_unstable();
        nodes.dedup();
        for node in nodes {
            let takes = |op: &Op| matches!(op, Op::Case { on: On::Opaque(own), .. } if *own == node);
            let can = self.ops.iter().map(|ops| reaching(ops, &takes)).collect();
            self.opaque.insert(node, can);
        }
    }
}

fn shared_shape(op: &Op) -> Option<u32> {
    match op {
        Op::Case { on: On::Shape { shape, .. }, .. } => Some(*shape),
        Op::Case { on: On::Counter(_), .. } => Some(COUNTER),
        _ => None,
    }
}

/// The states from which one that `is_target` picks can be reached.
fn reaching(ops: &[Op], is_target: &dyn Fn(&Op) -> bool) -> Vec<bool> {
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); ops.len()];
    for (index, op) in ops.iter().enumerate() {
        op.gos().iter().for_each(|(go, _)| before[go.target as usize].push(index));
    }
    let mut todo: Vec<usize> = (0..ops.len()).filter(|index| is_target(&ops[*index])).collect();
    let mut can = vec![false; ops.len()];
    while let Some(index) = todo.pop() {
        if !std::mem::replace(&mut can[index], true) {
            todo.extend(&before[index]);
        }
    }
    can
}

/// The step that what is carried at the end of a part is for.
pub(crate) fn behind(ops: &[Op], inside: Inside) -> Option<&Go> {
    match &ops[inside.of.0 as usize] {
        Op::Par { then, .. } => Some(then),
        Op::Scope(scope) => match scope.done.filter(|_| inside.part == 0) {
            Some(done) => Some(&scope.outcomes[done]),
            None => Some(&scope.then),
        },
        Op::Act(_) | Op::Case { .. } | Op::Join { .. } => None,
    }
}

/// How a step is taken.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Via<'c> {
    Silent,
    Send(&'c Row),
    Recv(&'c Row),
}

impl Op {
    /// All steps.
    pub(crate) fn gos(&self) -> Vec<(&Go, Via<'_>)> {
        let silent = |go| (go, Via::Silent);
        match self {
            Self::Act(act) => {
                let sends = act.sends.iter().map(|row| (&row.go, Via::Send(row)));
                let recvs = act.recvs.iter().map(|row| (&row.go, Via::Recv(row)));
                sends.chain(recvs).chain(act.silents.iter().map(silent)).collect()
            }
            Self::Case { arms, .. } => arms.iter().map(silent).collect(),
            Self::Par { branches, then } => branches.iter().chain([then]).map(silent).collect(),
            Self::Scope(scope) => {
                [&scope.body].into_iter().chain(&scope.outcomes).chain([&scope.then]).map(silent).collect()
            }
            Self::Join { .. } => Vec::new(),
        }
    }
}

impl Compiler<'_> {
    fn op(&mut self, kind: &Kind, node: u32, inside: Option<Inside>) -> Op {
        let mut act = Act::default();
        match kind {
            Kind::End { .. } => act.may_end = true,
            Kind::Local { step, .. } => act.silents.push(self.go(step)),
            Kind::Decide { steps, .. } => act.silents = self.gos(steps),
            Kind::Send { sends: rows } => rows.iter().for_each(|(site, step)| self.action(site, step, &mut act)),
            Kind::Recv { rows, finals } => {
                act.may_end = finals.is_some();
                rows.iter().for_each(|(site, step)| self.action(site, step, &mut act));
            }
            Kind::Mixed { actions, may_end } => {
                act.may_end = *may_end;
                actions.iter().for_each(|(site, step)| self.action(site, step, &mut act));
            }
            Kind::Case { site, steps } => return Op::Case { on: self.on(site), arms: self.gos(steps) },
            Kind::Par { branches, then, .. } => {
                return Op::Par { branches: self.gos(branches), then: self.go(then) };
            }
            Kind::Scope(scope) => {
                let named = |wanted: &str| scope.outcomes.iter().position(|(name, _)| name == wanted);
                return Op::Scope(Box::new(Scope {
                    node,
                    owner: scope.owner,
                    body: self.go(&scope.body),
                    outcomes: scope.outcomes.iter().map(|(_, step)| self.go(step)).collect(),
                    done: named("done"),
                    has_deadline: named("timeout").is_some(),
                    then: self.go(&scope.then),
                }));
            }
            Kind::Join { carried } => {
                return Op::Join { carried: if self.with_data { carried.to_vec() } else { Vec::new() }, inside };
            }
        }
        Op::Act(act)
    }

    fn gos(&self, steps: &[Step]) -> Vec<Go> {
        steps.iter().map(|step| self.go(step)).collect()
    }

    fn go(&self, step: &Step) -> Go {
        Go { target: step.target.0, values: self.values(&step.values) }
    }

    fn values(&self, values: &Values) -> Vec<Value> {
        if self.with_data { values.iter().collect() } else { Vec::new() }
    }

    fn action(&mut self, site: &Site, step: &Step, act: &mut Act) {
        let (node, branch) = self.graph.message(site.node, site.branch as usize);
        let go = self.go(step);
        let NodeKind::Comm { from, to, branches } = &self.graph.node(node).kind else {
            return act.silents.push(go);
        };
        let branch = &branches[branch];
        let (edge, _) = self.edges.insert_full((*from, *to));
        let edge = u32::try_from(edge).expect("fewer than 2^32 channels");
        if *from == self.role {
            let fields = if self.with_data { &branch.fields[..] } else { &[] };
            let fields = fields.iter().map(|field| self.source(site, field.source)).collect();
            act.sends.push(Row { peer: *to, edge, label: branch.label, fields, go });
        } else {
            act.recvs.push(Row { peer: *from, edge, label: branch.label, fields: Vec::new(), go });
        }
    }

    /// A name passes its binding on, a constant is itself, anything else is one evaluation.
    fn source(&mut self, site: &Site, source: Option<crate::graph::ExprRef>) -> Source {
        let Some(at) = source else { return Source::Fresh };
        let vars = self.graph.instances[at.instance as usize].vars;
        match &body(self.program, self.graph, at.instance).exprs[at.expr.index()].kind {
            ExprKind::Const(Const::Int(value)) => Source::Int(*value),
            ExprKind::Const(value) => Source::Const(self.writer.constant(value)),
            ExprKind::Var(var) => match slot(&site.env, GVar(vars + var.0)) {
                UNKNOWN => Source::Fresh,
                slot => Source::Slot(slot),
            },
            _ => Source::Fresh,
        }
    }

    /// The structure of a decision; equal values in it are one hole.
    fn on(&mut self, site: &Site) -> On {
        let NodeKind::Case { on, arms, .. } = &self.graph.node(site.node).kind else { return On::Free };
        let expr = match on {
            CaseOn::Opaque => return On::Opaque(site.node.0),
            CaseOn::Counter(counter) => {
                return match slot(&site.env, *counter) {
                    UNKNOWN => On::Free,
                    slot => On::Counter(slot),
                };
            }
            CaseOn::Expr(expr) | CaseOn::Start { count: expr, .. } => *expr,
        };
        let mut reads = Vec::new();
        variables(self.program, self.graph, expr, &mut reads);
        let mut holes: Vec<u32> = Vec::new();
        let mut env: Vec<(GVar, u32)> = Vec::new();
        for var in reads {
            let slot = slot(&site.env, var);
            if slot == UNKNOWN {
                return On::Free;
            }
            let hole = holes.iter().position(|known| *known == slot).unwrap_or_else(|| {
                holes.push(slot);
                holes.len() - 1
            });
            env.push((var, u32::try_from(hole).expect("few names in one expression")));
        }
        env.sort_unstable();
        env.dedup();
        match self.writer.case(&env, on, arms) {
            None => On::Free,
            Some(key) => {
                let (shape, _) = self.shapes.insert_full(key);
                On::Shape { shape: u32::try_from(shape).expect("fewer than 2^32 decisions"), holes }
            }
        }
    }
}
