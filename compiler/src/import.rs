//! Pure global types to the choreography graph, with the well-formedness of PROJECTION §1.

use crate::graph::{Arm, Branch, CaseArm, CaseOn, Field, Graph, Label, NodeId, NodeKind, Role};
use crate::hir::{Program, opaque};
use crate::ty::{Ty, TyKind, Types};
use rustc_hash::{FxHashMap, FxHashSet};
use tell_ir::global::{GlobalId, GlobalNode, GlobalType};
use tell_ir::sort::Sort;
use tell_language::diagnostic::{Code, Diagnostic};
use tell_language::span::{FileId, Span};

/// The graph of a pure global type. Payloads are supplied by the sender's host.
///
/// # Errors
/// `E0420` if the type is ill-formed, `E0901` for constructs that are not projected yet.
pub fn import(program: &mut Program, file: FileId, name: &str, global: &GlobalType) -> Result<Graph, Vec<Diagnostic>> {
    let graph = Graph { name: name.to_owned(), file, roles: global.roles.clone(), ..Graph::default() };
    let mut import = Import { program, global, graph, labels: FxHashMap::default(), problem: None };
    let start = import.build();
    if let Some(problem) = import.problem {
        return Err(vec![problem]);
    }
    import.graph.start = start;
    let graph = import.graph;
    match unguarded(&graph) {
        Some(problem) => Err(vec![problem]),
        None => Ok(graph),
    }
}

struct Import<'a> {
    program: &'a mut Program,
    global: &'a GlobalType,
    graph: Graph,
    labels: FxHashMap<(String, Sort), u32>,
    problem: Option<Diagnostic>,
}

/// A step of the depth-first walk.
enum Task {
    /// Builds the node and what is below it.
    Enter(GlobalId),
    /// Everything below is built: puts it together from the top of the results.
    Leave(GlobalId),
    /// The binder goes out of scope.
    Unbind(String),
}

impl Import<'_> {
    fn fail(&mut self, text: String, help: &str) {
        let file = self.graph.file;
        self.problem.get_or_insert_with(|| {
            Diagnostic::new(Code("E0420"), text).label(file, Span::default(), "in this global type").help(help)
        });
    }

    fn build(&mut self) -> NodeId {
        let end = self.graph.add(NodeKind::End { finals: [].into() }, Span::default());
        let mut bound: FxHashMap<String, Vec<NodeId>> = FxHashMap::default();
        let mut tasks = vec![Task::Enter(self.global.root)];
        let mut results: Vec<NodeId> = Vec::new();
        while let Some(task) = tasks.pop() {
            if self.problem.is_some() {
                return end;
            }
            match task {
                Task::Unbind(name) => {
                    bound.get_mut(&name).and_then(Vec::pop);
                }
                Task::Enter(id) => match self.global.node(id) {
                    GlobalNode::End => results.push(end),
                    GlobalNode::Var(name) => match bound.get(name).and_then(|heads| heads.last()) {
                        Some(head) => results.push(*head),
                        None => self.fail(
                            format!("recursion variable `{name}` is not bound"),
                            "put it inside a `rec` of that name",
                        ),
                    },
                    GlobalNode::Rec(name, body) => {
                        let head = self.graph.add(NodeKind::Rename { pairs: Vec::new(), cont: end }, Span::default());
                        bound.entry(name.clone()).or_default().push(head);
                        results.push(head);
                        tasks.extend([Task::Leave(id), Task::Unbind(name.clone()), Task::Enter(*body)]);
                    }
                    other => {
                        self.check_node(other);
                        tasks.push(Task::Leave(id));
                        tasks.extend(children(other).into_iter().map(Task::Enter));
                    }
                },
                Task::Leave(id) => self.leave(id, &mut results),
            }
        }
        results.pop().unwrap_or(end)
    }

    /// Puts a node together; its children are the last results, the first child on top.
    fn leave(&mut self, id: GlobalId, results: &mut Vec<NodeId>) {
        let mut take = || results.pop().expect("one result per child");
        let kind = match self.global.node(id) {
            GlobalNode::Comm { sender, receiver, branches } => {
                let conts: Vec<NodeId> = branches.iter().map(|_| take()).collect();
                let branches = branches.iter().zip(conts).map(|((label, _), cont)| self.branch(label, cont)).collect();
                NodeKind::Comm { from: *sender, to: *receiver, branches }
            }
            GlobalNode::Choice { decider, branches } => {
                let conts: Vec<NodeId> = branches.iter().map(|_| take()).collect();
                let mut arms = Vec::new();
                for ((receiver, label, _), cont) in branches.iter().zip(conts) {
                    let branches = vec![self.branch(label, cont)];
                    let send = NodeKind::Comm { from: *decider, to: *receiver, branches };
                    let cont = self.graph.add(send, Span::default());
                    arms.push(Arm { name: None, guard: None, cont, span: Span::default() });
                }
                NodeKind::Choice { decider: *decider, arms }
            }
            GlobalNode::Case { deciders, branches } => {
                let arms =
                    branches.iter().map(|_| CaseArm { pattern: None, cont: take(), span: Span::default() }).collect();
                NodeKind::Case { deciders: deciders.clone().into(), on: CaseOn::Opaque, arms }
            }
            GlobalNode::Rec(..) => {
                let body = take();
                let head = *results.last().expect("the head was pushed before the body");
                self.graph.nodes[head.index()].kind = NodeKind::Rename { pairs: Vec::new(), cont: body };
                return;
            }
            GlobalNode::End | GlobalNode::Var(_) | GlobalNode::Par { .. } | GlobalNode::Timed { .. } => return,
        };
        let node = self.graph.add(kind, Span::default());
        results.push(node);
    }

    fn check_node(&mut self, node: &GlobalNode) {
        let name = |role: &u32, import: &Self| import.global.roles[*role as usize].clone();
        match node {
            GlobalNode::Comm { sender, receiver, branches } => {
                if sender == receiver {
                    self.fail(
                        format!("`{}` sends a message to itself", name(sender, self)),
                        "sender and receiver are different roles",
                    );
                }
                self.check_labels(branches.iter().map(|(label, _)| (*receiver, label.name.as_str())));
            }
            GlobalNode::Choice { decider, branches } => {
                if branches.iter().any(|(receiver, _, _)| receiver == decider) {
                    self.fail(
                        format!("`{}` sends a message to itself", name(decider, self)),
                        "sender and receiver are different roles",
                    );
                }
                self.check_labels(branches.iter().map(|(receiver, label, _)| (*receiver, label.name.as_str())));
            }
            GlobalNode::Case { branches, .. } if branches.is_empty() => {
                self.fail("a case has no branches".into(), "give it at least one");
            }
            GlobalNode::Par { .. } => self.refuse("`par`"),
            GlobalNode::Timed { .. } => self.refuse("`timed`"),
            GlobalNode::Case { .. } | GlobalNode::End | GlobalNode::Var(_) | GlobalNode::Rec(..) => {}
        }
    }

    fn refuse(&mut self, what: &str) {
        let file = self.graph.file;
        self.problem.get_or_insert_with(|| {
            Diagnostic::new(Code("E0901"), format!("{what} is not projected yet"))
                .label(file, Span::default(), "in this global type")
                .help("remove it; `tellc explain E0901` lists what this version executes")
        });
    }

    fn check_labels<'l>(&mut self, labels: impl Iterator<Item = (Role, &'l str)>) {
        let mut seen = FxHashSet::default();
        let mut duplicate = None;
        for (receiver, label) in labels {
            if !seen.insert((receiver, label)) {
                duplicate = Some(label.to_owned());
            }
        }
        if let Some(label) = duplicate {
            self.fail(
                format!("label `{label}` occurs twice in one choice"),
                "the labels towards one receiver are distinct",
            );
        } else if seen.is_empty() {
            self.fail("a communication has no branches".into(), "give it at least one label");
        }
    }

    fn branch(&mut self, label: &tell_ir::sort::Label, cont: NodeId) -> Branch {
        let fields = if label.sort == Sort::Unit {
            Vec::new()
        } else {
            vec![Field { source: None, name: None, sender: None, receiver: None }]
        };
        Branch { label: self.label(label), fields, cont, span: Span::default() }
    }

    fn label(&mut self, label: &tell_ir::sort::Label) -> u32 {
        let key = (label.name.clone(), label.sort.clone());
        if let Some(known) = self.labels.get(&key) {
            return *known;
        }
        let fields = if label.sort == Sort::Unit { Vec::new() } else { vec![self.ty(&label.sort)] };
        self.graph.labels.push(Label { name: label.name.clone(), fields, sort: label.sort.clone() });
        let id = u32::try_from(self.graph.labels.len() - 1).expect("fewer than 2^32 labels");
        self.labels.insert(key, id);
        id
    }

    /// The type that carries a sort: what has no counterpart is opaque under its printed name.
    fn ty(&mut self, sort: &Sort) -> Ty {
        match sort {
            Sort::Unit => Types::UNIT,
            Sort::Nat | Sort::Int => Types::INT,
            Sort::Bool => Types::BOOL,
            Sort::String => Types::STRING,
            Sort::Bytes => Types::BYTES,
            Sort::Prod(a, b) => {
                let items = [self.ty(a), self.ty(b)].into();
                self.program.types.intern(TyKind::Tuple(items))
            }
            Sort::Real | Sort::Vector(_) | Sort::Named(_) => {
                let name = self.program.interner.intern(&sort.to_string());
                let id = opaque(self.program, name);
                self.program.types.intern(TyKind::Opaque(id))
            }
        }
    }
}

/// The nodes directly below a node, in text order.
pub(crate) fn children(node: &GlobalNode) -> Vec<GlobalId> {
    match node {
        GlobalNode::End | GlobalNode::Var(_) => Vec::new(),
        GlobalNode::Rec(_, body) => vec![*body],
        GlobalNode::Comm { branches, .. } => branches.iter().map(|(_, cont)| *cont).collect(),
        GlobalNode::Choice { branches, .. } => branches.iter().map(|(_, _, cont)| *cont).collect(),
        GlobalNode::Case { branches, .. } => branches.iter().map(|(_, cont)| *cont).collect(),
        GlobalNode::Par { branches, then } => branches.iter().chain([then]).copied().collect(),
        GlobalNode::Timed { body, outcomes, then, .. } => {
            [*body].into_iter().chain(outcomes.iter().map(|(_, id)| *id)).chain([*then]).collect()
        }
    }
}

/// A recursion that comes back without a communication.
fn unguarded(graph: &Graph) -> Option<Diagnostic> {
    for (index, node) in graph.nodes.iter().enumerate() {
        let NodeKind::Rename { cont, .. } = &node.kind else { continue };
        let mut seen = FxHashSet::default();
        let mut todo = vec![*cont];
        while let Some(id) = todo.pop() {
            if id.index() == index {
                let diagnostic =
                    Diagnostic::new(Code("E0420"), "a recursion comes back to its start without a communication")
                        .label(graph.file, Span::default(), "in this global type")
                        .help("put a communication between `rec` and its variable");
                return Some(diagnostic);
            }
            if seen.insert(id) && !matches!(graph.node(id).kind, NodeKind::Comm { .. }) {
                todo.extend(graph.successors(id));
            }
        }
    }
    None
}
