//! Machines to local types: what a role does, without data.
//!
//! The type is a tree whose equal subtrees are shared, so that a thousand choices in a row stay a thousand nodes;
//! [`expanded_size`] says how large the tree is when written out.

use crate::graph::{Graph, NodeKind, PatternRef};
use crate::hir::{PatternKind, Program, variants};
use crate::project::machine::{Kind, Machine, StateId};
use rustc_hash::FxHashMap;
use tell_ir::image::Const;
use tell_ir::local::{LocalId, LocalNode, LocalType};
use tell_ir::sort::Label;

/// A row of a local type: partner, label, state behind it.
type Row = (String, Label, StateId);

/// What a role does next, local steps skipped.
enum Shown {
    End,
    Send(Vec<Row>),
    Recv(Vec<Row>),
    Case(Vec<(String, StateId)>),
    /// Branches, then what follows.
    Par(Vec<StateId>),
    /// Owner and names of the outcomes; the body, the outcomes' blocks, then what follows.
    Timed(String, Vec<String>, Vec<StateId>),
}

/// The local type of a machine.
#[must_use]
pub fn local_type(program: &Program, graph: &Graph, machine: &Machine) -> LocalType {
    let mut erasure =
        Erasure { program, graph, machine, nodes: Vec::new(), done: FxHashMap::default(), open: Vec::new(), names: 0 };
    let root = erasure.build();
    LocalType { nodes: erasure.nodes, root }
}

/// Number of nodes of the type written out as a tree, at most `u64::MAX`.
#[must_use]
pub fn expanded_size(local: &LocalType) -> u64 {
    // Children have smaller indices than their parents.
    let mut sizes: Vec<u64> = Vec::with_capacity(local.nodes.len());
    for node in &local.nodes {
        let size = node.children().iter().fold(1u64, |sum, child| sum.saturating_add(sizes[child.0 as usize]));
        sizes.push(size);
    }
    sizes[local.root.0 as usize]
}

/// A state being built: what it shows, the children that are done, and the loops of the stack it leads back to.
struct Open {
    state: StateId,
    shown: Shown,
    next: usize,
    children: Vec<LocalId>,
    /// Lowest position on the stack some path from here leads back to.
    lowest: usize,
    /// The variable of this state, if something leads back to it.
    binder: Option<String>,
}

struct Erasure<'a> {
    program: &'a Program,
    graph: &'a Graph,
    machine: &'a Machine,
    nodes: Vec<LocalNode>,
    /// States whose type has no free variable.
    done: FxHashMap<StateId, LocalId>,
    open: Vec<Open>,
    names: usize,
}

impl Erasure<'_> {
    fn add(&mut self, node: LocalNode) -> LocalId {
        self.nodes.push(node);
        LocalId(u32::try_from(self.nodes.len() - 1).expect("the state limit is below 2^32"))
    }

    /// Depth-first, with an explicit stack. A state that leads back to one still open is written again where it is
    /// met again outside; closed ones are shared.
    fn build(&mut self) -> LocalId {
        let mut local: FxHashMap<StateId, (LocalId, usize)> = FxHashMap::default();
        self.enter(StateId(0));
        loop {
            let position = self.open.len() - 1;
            let top = &self.open[position];
            if let Some(state) = shown_state(&top.shown, top.next) {
                let state = self.skip(state);
                self.open[position].next += 1;
                if let Some(id) = self.done.get(&state) {
                    let id = *id;
                    self.open[position].children.push(id);
                } else if let Some((id, lowest)) = local.get(&state).copied() {
                    self.open[position].children.push(id);
                    self.open[position].lowest = self.open[position].lowest.min(lowest);
                } else if let Some(at) = self.open.iter().position(|open| open.state == state) {
                    let name = self.binder(at);
                    let id = self.add(LocalNode::Var(name));
                    self.open[position].children.push(id);
                    self.open[position].lowest = self.open[position].lowest.min(at);
                } else {
                    self.enter(state);
                }
                continue;
            }
            let top = self.open.pop().expect("the stack is not empty");
            let mut id = self.close(&top);
            if let Some(binder) = top.binder {
                id = self.add(LocalNode::Rec(binder, id));
            }
            if top.lowest >= position {
                self.done.insert(top.state, id);
                local.retain(|_, (_, lowest)| *lowest < position);
            } else {
                local.insert(top.state, (id, top.lowest));
                // What leads back to this state's own binder cannot be shared outside it.
                local.retain(|_, (_, lowest)| *lowest != position);
            }
            let Some(parent) = self.open.last_mut() else { return id };
            parent.children.push(id);
            if top.lowest < position {
                parent.lowest = parent.lowest.min(top.lowest);
            }
        }
    }

    fn binder(&mut self, at: usize) -> String {
        if self.open[at].binder.is_none() {
            let name = if self.names == 0 { "X".to_owned() } else { format!("X{}", self.names) };
            self.names += 1;
            self.open[at].binder = Some(name);
        }
        self.open[at].binder.clone().expect("set above")
    }

    fn enter(&mut self, state: StateId) {
        let state = self.skip(state);
        let shown = self.shown(state);
        self.open.push(Open { state, shown, next: 0, children: Vec::new(), lowest: usize::MAX, binder: None });
    }

    /// The first state behind local actions.
    fn skip(&self, mut state: StateId) -> StateId {
        let mut steps = 0;
        while let Kind::Local { step, .. } = &self.machine.states[state.0 as usize].kind {
            state = step.target;
            steps += 1;
            if steps > self.machine.states.len() {
                break;
            }
        }
        state
    }

    fn shown(&self, state: StateId) -> Shown {
        match &self.machine.states[state.0 as usize].kind {
            // A cycle of local actions only: the role never communicates again.
            Kind::End { .. } | Kind::Local { .. } | Kind::Join => Shown::End,
            Kind::Mixed { .. } => panic!("bug: a rejected choreography has no local types"),
            Kind::Par { .. } => Shown::Par(self.parts(state)),
            Kind::Scope(scope) => {
                let names = scope.outcomes.iter().map(|(name, _)| name.clone()).collect();
                Shown::Timed(self.graph.roles[scope.owner as usize].clone(), names, self.parts(state))
            }
            Kind::Send { sends } => Shown::Send(sends.iter().map(|row| self.row(row)).collect()),
            Kind::Recv { rows, .. } => Shown::Recv(rows.iter().map(|row| self.row(row)).collect()),
            Kind::Decide { site, steps } => {
                let targets: Vec<StateId> = steps.iter().map(|step| self.skip(step.target)).collect();
                let sends: Option<Vec<Vec<Row>>> = targets
                    .iter()
                    .map(|target| match &self.machine.states[target.0 as usize].kind {
                        Kind::Send { sends } => Some(sends.iter().map(|row| self.row(row)).collect()),
                        _ => None,
                    })
                    .collect();
                match sends {
                    Some(rows) => Shown::Send(rows.concat()),
                    None => Shown::Case(self.arm_names(site.node, steps.len()).into_iter().zip(targets).collect()),
                }
            }
            Kind::Case { site, steps } => {
                let targets = steps.iter().map(|step| self.skip(step.target));
                Shown::Case(self.arm_names(site.node, steps.len()).into_iter().zip(targets).collect())
            }
        }
    }

    fn parts(&self, state: StateId) -> Vec<StateId> {
        self.machine.states[state.0 as usize].kind.steps().iter().map(|step| step.target).collect()
    }

    fn arm_names(&self, node: crate::graph::NodeId, count: usize) -> Vec<String> {
        match &self.graph.node(node).kind {
            NodeKind::Choice { arms, .. } => arms
                .iter()
                .map(|arm| arm.name.map_or(String::new(), |name| self.program.text(name).to_owned()))
                .collect(),
            NodeKind::Case { arms, .. } if arms.iter().all(|arm| arm.pattern.is_some()) => {
                arms.iter().map(|arm| self.pattern_name(arm.pattern.expect("all arms have patterns"))).collect()
            }
            _ if count == 2 => vec!["then".into(), "else".into()],
            _ => (1..=count).map(|index| format!("arm{index}")).collect(),
        }
    }

    /// What an arm matches, by its outermost constructor.
    fn pattern_name(&self, at: PatternRef) -> String {
        let protocol = self.graph.instances[at.instance as usize].protocol;
        let body = self.program.protocol(protocol).body.as_ref().expect("only checked protocols are lowered");
        let pattern = &body.patterns[at.pattern as usize];
        match &pattern.kind {
            PatternKind::Variant(tag, _) => {
                let all = variants(self.program, pattern.ty).unwrap_or_default();
                all.into_iter().nth(usize::from(*tag)).map_or_else(String::new, |(name, _)| name)
            }
            PatternKind::Const(Const::Bool(value)) => if *value { "then" } else { "else" }.to_owned(),
            PatternKind::Const(Const::Int(value)) => value.to_string(),
            PatternKind::Const(Const::Str(value)) => format!("{value:?}"),
            PatternKind::Const(_) | PatternKind::Product(_) | PatternKind::List(_) => "(…)".into(),
            PatternKind::Wildcard | PatternKind::Bind(_) => "_".into(),
        }
    }

    fn row(&self, (site, step): &(crate::project::machine::Site, crate::project::machine::Step)) -> Row {
        let NodeKind::Comm { from, to, branches } = &self.graph.node(site.node).kind else {
            panic!("bug: a row is a message")
        };
        let partner = if *from == self.machine.role { *to } else { *from };
        let label = &self.graph.labels[branches[site.branch as usize].label as usize];
        let label = Label { name: label.name.clone(), sort: label.sort.clone() };
        (self.graph.roles[partner as usize].clone(), label, step.target)
    }

    fn close(&mut self, open: &Open) -> LocalId {
        let rows = |rows: &[Row]| -> Vec<(String, Label, LocalId)> {
            rows.iter()
                .zip(&open.children)
                .map(|((partner, label, _), cont)| (partner.clone(), label.clone(), *cont))
                .collect()
        };
        let node = match &open.shown {
            Shown::End => LocalNode::End,
            Shown::Send(all) => match one_partner(rows(all)) {
                Ok((partner, rows)) => LocalNode::Send(partner, rows),
                Err(rows) => LocalNode::SendAny(rows),
            },
            Shown::Recv(all) => match one_partner(rows(all)) {
                Ok((partner, rows)) => LocalNode::Recv(partner, rows),
                Err(rows) => LocalNode::RecvAny(rows),
            },
            Shown::Par(_) => {
                let (then, branches) = open.children.split_last().expect("what follows is a part");
                LocalNode::Par { branches: branches.to_vec(), then: *then }
            }
            Shown::Timed(owner, names, _) => LocalNode::Timed {
                owner: owner.clone(),
                body: open.children[0],
                outcomes: names.iter().cloned().zip(open.children[1..].iter().copied()).collect(),
                then: *open.children.last().expect("what follows is a part"),
            },
            Shown::Case(arms) => {
                if open.children.iter().all(|child| *child == open.children[0]) {
                    return open.children[0];
                }
                LocalNode::Case(
                    arms.iter().zip(&open.children).map(|((name, _), cont)| (name.clone(), *cont)).collect(),
                )
            }
        };
        self.add(node)
    }
}

fn shown_state(shown: &Shown, index: usize) -> Option<StateId> {
    match shown {
        Shown::End => None,
        Shown::Send(rows) | Shown::Recv(rows) => rows.get(index).map(|(_, _, state)| *state),
        Shown::Case(arms) => arms.get(index).map(|(_, state)| *state),
        Shown::Par(parts) | Shown::Timed(_, _, parts) => parts.get(index).copied(),
    }
}

type Rows = Vec<(String, Label, LocalId)>;

/// Rows that all have one partner, with the partner.
fn one_partner(rows: Rows) -> Result<(String, Vec<(Label, LocalId)>), Rows> {
    let first = rows[0].0.clone();
    if rows.iter().all(|(partner, _, _)| *partner == first) {
        Ok((first, rows.into_iter().map(|(_, label, cont)| (label, cont)).collect()))
    } else {
        Err(rows)
    }
}
