//! Pure global types to the choreography graph. Whether they are well-formed is said by [`crate::wellformed`].

use crate::graph::{Arm, Branch, CaseArm, CaseOn, Field, Graph, Label, NodeId, NodeKind, Outcome};
use crate::hir::{Program, opaque};
use crate::project::{nesting, never_reached};
use crate::ty::{Ty, TyKind, Types};
use crate::wellformed;
use rustc_hash::FxHashMap;
use std::ops::Range;
use tell_ir::global::{GlobalId, GlobalNode, GlobalType};
use tell_ir::sort::Sort;
use tell_ir::term::Sharing;
use tell_language::diagnostic::{Code, Diagnostic};
use tell_language::span::{FileId, Span};

/// Where a node of a global type stands in its text.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The node; in JSON its object, from `{` to after `}`. An `end` that is only meant (a `then` that is left out) is at
    /// the object that leaves it out.
    pub node: Span,
    /// The labels of its branches; empty for nodes without labels.
    pub labels: Vec<Span>,
}

impl Place {
    /// The place of a node and its labels, as bytes of the text.
    #[must_use]
    pub fn new(node: Range<u32>, labels: impl IntoIterator<Item = Range<u32>>) -> Self {
        let span = |range: Range<u32>| Span::new(range.start, range.end);
        Self { node: span(node), labels: labels.into_iter().map(span).collect() }
    }
}

/// The graph of a pure global type. Payloads are supplied by the sender's host.
///
/// `places` says where each node stands in the text of `file`; it may be empty. Whatever is made of a node has its
/// place; all ends are one node, which stands at the end of the whole type.
///
/// # Errors
/// `E0420` for everything that makes the type ill-formed.
pub fn import(
    program: &mut Program,
    file: FileId,
    name: &str,
    global: &GlobalType,
    places: &[Place],
) -> Result<Graph, Vec<Diagnostic>> {
    let problems: Vec<Diagnostic> = wellformed::check(global)
        .into_iter()
        .map(|problem| {
            Diagnostic::new(Code("E0420"), problem.text)
                .label(file, place(places, problem.node), "here")
                .help(problem.help)
        })
        .collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let whole = place(places, global.root);
    let graph =
        Graph { name: name.to_owned(), file, span: whole.head(1), roles: global.roles.clone(), ..Graph::default() };
    let mut import = Import {
        program,
        global,
        places,
        graph,
        labels: FxHashMap::default(),
        sharing: Sharing::of(&global.nodes, global.root.0),
        built: FxHashMap::default(),
        ends: Vec::new(),
        bound: FxHashMap::default(),
        heads: Vec::new(),
        tasks: Vec::new(),
        results: Vec::new(),
    };
    import.graph.start = import.build();
    match never_reached(&import.graph, nesting(&import.graph)) {
        None => Ok(import.graph),
        Some(found) => Err(vec![found]),
    }
}

/// Where a node stands in the text, as far as it is known.
fn place(places: &[Place], node: GlobalId) -> Span {
    places.get(node.0 as usize).map_or(Span::default(), |place| place.node)
}

struct Import<'a> {
    program: &'a mut Program,
    global: &'a GlobalType,
    places: &'a [Place],
    graph: Graph,
    labels: FxHashMap<(String, Sort), u32>,
    sharing: Sharing<'a>,
    /// Nodes that were built, by what they depend on.
    built: FxHashMap<(GlobalId, Vec<u32>), NodeId>,
    /// Where what is being built ends: the whole type, or a part of something, innermost last.
    ends: Vec<NodeId>,
    /// The heads of the recursions in scope, by name and all, innermost last.
    bound: FxHashMap<&'a str, Vec<NodeId>>,
    heads: Vec<NodeId>,
    tasks: Vec<Task<'a>>,
    results: Vec<NodeId>,
}

/// A step of the depth-first walk.
enum Task<'a> {
    /// Builds the node and what is below it.
    Enter(GlobalId),
    /// Everything below is built: puts it together from the top of the results. What it depends on, if it is shared.
    Leave(GlobalId, Option<Vec<u32>>),
    /// The binder goes out of scope.
    Unbind(&'a str),
    /// What is built next is a part of the `Par` or `Timed`: its ends are joins.
    Inside(NodeId),
    /// It is no more.
    Outside,
}

impl<'a> Import<'a> {
    fn build(&mut self) -> NodeId {
        let last = place(self.places, self.global.root).end;
        let end = self.graph.add(NodeKind::End { finals: [].into() }, Span::new(last.saturating_sub(1), last));
        self.ends.push(end);
        self.tasks.push(Task::Enter(self.global.root));
        while let Some(task) = self.tasks.pop() {
            match task {
                Task::Enter(id) => self.enter(id),
                Task::Leave(id, context) => {
                    self.leave(id);
                    if let (Some(context), Some(node)) = (context, self.results.last()) {
                        self.built.insert((id, context), *node);
                    }
                }
                Task::Unbind(name) => {
                    self.heads.pop();
                    self.bound.get_mut(name).and_then(Vec::pop);
                }
                Task::Inside(of) => {
                    let span = self.graph.node(of).span;
                    let end = Span::new(span.end.saturating_sub(1), span.end);
                    self.ends.push(self.graph.add(NodeKind::Join { of }, end));
                }
                Task::Outside => _ = self.ends.pop(),
            }
        }
        self.results.pop().unwrap_or(end)
    }

    fn enter(&mut self, id: GlobalId) {
        let end = *self.ends.last().expect("the whole type has an end");
        let context = self.context(id, end);
        if let Some(known) = context.as_ref().and_then(|context| self.built.get(&(id, context.clone()))) {
            return self.results.push(*known);
        }
        match self.global.node(id) {
            GlobalNode::End => self.results.push(end),
            GlobalNode::Var(name) => self.results.push(self.head(name)),
            node => {
                self.tasks.push(Task::Leave(id, context));
                self.enter_parts(id, node, end);
            }
        }
    }

    /// What a shared node depends on: the recursions it leads back to, and where it ends.
    fn context(&self, id: GlobalId, end: NodeId) -> Option<Vec<u32>> {
        let heads = || self.heads.last().map(|head| head.0).into_iter().collect();
        let context = self.sharing.context(id.0, |name| self.head(name).0, heads)?;
        Some(context.into_iter().chain([end.0]).collect())
    }

    fn head(&self, name: &str) -> NodeId {
        *self.bound[name].last().expect("a well-formed type is closed")
    }

    /// What is below a node comes next. A recursion, a `par` and a `timed` are there before their parts.
    fn enter_parts(&mut self, id: GlobalId, node: &'a GlobalNode, end: NodeId) {
        let mut parts = node.children();
        let span = place(self.places, id);
        match node {
            GlobalNode::Rec(name, _) => {
                let head = self.graph.add(NodeKind::Rename { pairs: Vec::new(), cont: end }, span);
                self.bound.entry(name).or_default().push(head);
                self.heads.push(head);
                self.results.push(head);
                self.tasks.push(Task::Unbind(name));
            }
            GlobalNode::Par { .. } | GlobalNode::Timed { .. } => {
                let of = self.graph.add(NodeKind::Par { branches: Vec::new(), then: end }, span);
                self.results.push(of);
                let then = parts.pop().expect("what follows is the last part");
                for part in parts {
                    self.tasks.extend([Task::Outside, Task::Enter(part), Task::Inside(of)]);
                }
                parts = vec![then];
            }
            _ => {}
        }
        self.tasks.extend(parts.into_iter().map(Task::Enter));
    }

    /// Puts a node together; its children are the last results, the first child on top.
    fn leave(&mut self, id: GlobalId) {
        let global = self.global;
        let span = place(self.places, id);
        let kind = match global.node(id) {
            GlobalNode::Comm { sender, receiver, branches } => {
                let branches =
                    (0..).zip(branches).map(|(row, (label, next))| self.branch(label, (id, row), *next)).collect();
                NodeKind::Comm { from: *sender, to: *receiver, branches }
            }
            GlobalNode::Choice { decider, branches } => {
                let mut arms = Vec::new();
                for (row, (receiver, label, next)) in (0..).zip(branches) {
                    let branches = vec![self.branch(label, (id, row), *next)];
                    let send = NodeKind::Comm { from: *decider, to: *receiver, branches };
                    let cont = self.graph.add(send, span);
                    arms.push(Arm { name: None, guard: None, cont, span, next: Span::default() });
                }
                NodeKind::Choice { decider: *decider, arms }
            }
            GlobalNode::Case { deciders, branches } => {
                let arms = branches
                    .iter()
                    .map(|(_, next)| CaseArm {
                        pattern: None,
                        cont: self.take(),
                        span,
                        next: place(self.places, *next),
                    })
                    .collect();
                NodeKind::Case { deciders: deciders.clone().into(), on: CaseOn::Opaque, arms }
            }
            GlobalNode::Rec(..) => {
                let kind = NodeKind::Rename { pairs: Vec::new(), cont: self.take() };
                return self.fill(kind);
            }
            GlobalNode::Par { branches, .. } => {
                let branches = branches.iter().map(|_| self.take()).collect();
                let kind = NodeKind::Par { branches, then: self.take() };
                return self.fill(kind);
            }
            GlobalNode::Timed { owner, outcomes, .. } => {
                let body = self.take();
                let outcome = |name: &String, cont| Outcome { name: name.clone(), bind: None, cont };
                let outcomes = outcomes.iter().map(|(name, _)| outcome(name, self.take())).collect();
                let kind = NodeKind::Timed { owner: *owner, deadline: None, body, outcomes, then: self.take() };
                return self.fill(kind);
            }
            GlobalNode::End | GlobalNode::Var(_) => return,
        };
        let node = self.graph.add(kind, span);
        self.results.push(node);
    }

    /// The next child of the node that is put together.
    fn take(&mut self) -> NodeId {
        self.results.pop().expect("one result per child")
    }

    /// Gives the node that was made before its parts, and is the last result, its kind.
    fn fill(&mut self, kind: NodeKind) {
        let node = *self.results.last().expect("the node was pushed before its parts");
        self.graph.nodes[node.index()].kind = kind;
    }

    /// A branch of a node; what follows is the next child.
    fn branch(&mut self, label: &tell_ir::sort::Label, (node, row): (GlobalId, usize), next: GlobalId) -> Branch {
        let cont = self.take();
        let fields = if label.sort == Sort::Unit {
            Vec::new()
        } else {
            vec![Field { source: None, name: None, sender: None, receiver: None }]
        };
        let labels = self.places.get(node.0 as usize).map_or(&[][..], |place| &place.labels);
        let span = labels.get(row).copied().unwrap_or_else(|| place(self.places, node));
        Branch { label: self.label(label), fields, cont, span, next: place(self.places, next) }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::check_global;
    use crate::project::Limits;

    fn comm(branches: &[(&str, u32)]) -> GlobalNode {
        let label = |name: &str| tell_ir::sort::Label { name: name.to_owned(), sort: Sort::Int };
        let branches = branches.iter().map(|(name, then)| (label(name), GlobalId(*then))).collect();
        GlobalNode::Comm { sender: 0, receiver: 1, branches }
    }

    fn global(nodes: Vec<GlobalNode>) -> GlobalType {
        let roles = vec!["A".to_owned(), "B".to_owned()];
        GlobalType { roles, root: GlobalId(nodes.len() as u32 - 1), nodes }
    }

    #[test]
    fn what_is_shared_is_imported_once() {
        let mut nodes = vec![GlobalNode::Var("X".to_owned())];
        nodes.extend((0..1_000).map(|index| comm(&[("L", index), ("M", index)])));
        nodes.push(GlobalNode::Rec("X".to_owned(), GlobalId(1_000)));
        let mut program = Program::default();
        let file = program.files.add("shared.json", "");
        let graph = import(&mut program, file, "Shared", &global(nodes), &[]).expect("it is well-formed");
        // One `Comm` per node, the head of the recursion, the end.
        assert_eq!(graph.nodes.len(), 1_002);
    }

    #[test]
    fn a_part_under_two_binders_of_one_name_is_imported_for_each() {
        let nodes = vec![
            GlobalNode::Var("X".to_owned()),
            comm(&[("N", 0)]),
            GlobalNode::Rec("X".to_owned(), GlobalId(1)),
            comm(&[("L", 2), ("M", 1)]),
            GlobalNode::Rec("X".to_owned(), GlobalId(3)),
        ];
        let mut program = Program::default();
        let file = program.files.add("shadow.json", "");
        let graph = import(&mut program, file, "Shadow", &global(nodes), &[]).expect("it is well-formed");
        let heads: Vec<NodeId> = graph
            .nodes
            .iter()
            .filter_map(|node| match &node.kind {
                NodeKind::Comm { branches, .. } if branches.len() == 1 => Some(branches[0].cont),
                _ => None,
            })
            .collect();
        assert_eq!(heads.len(), 2);
        assert_ne!(heads[0], heads[1]);
    }

    #[test]
    fn every_mistake_is_reported_with_its_place() {
        let ill = global(vec![GlobalNode::Var("X".to_owned()), comm(&[]), comm(&[("L", 1), ("M", 0), ("L", 0)])]);
        let places = [20..25, 10..15, 0..30].map(|node| Place::new(node, []));
        let checked = check_global("ill.json", &" ".repeat(30), &ill, &places, Limits::default());
        let found: Vec<_> = checked.diagnostics.iter().map(|one| (one.code.0, one.labels[0].span)).collect();
        let expected = [2, 1, 0].map(|node: usize| ("E0420", places[node].node));
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_made_of_a_node_has_its_place() {
        let nodes = vec![GlobalNode::End, comm(&[("L", 0), ("M", 0)])];
        let places = [Place::new(5..9, []), Place::new(2..12, [3..4, 6..7])];
        let mut program = Program::default();
        let file = program.files.add("one.json", " ".repeat(12));
        let graph = import(&mut program, file, "One", &global(nodes), &places).expect("it is well-formed");
        let start = graph.node(graph.start);
        assert_eq!((graph.span, start.span), (Span::new(2, 3), places[1].node));
        let NodeKind::Comm { branches, .. } = &start.kind else { panic!("it starts with a message") };
        assert_eq!([branches[0].span, branches[1].span], *places[1].labels);
        assert_eq!(graph.node(branches[0].cont).span, Span::new(11, 12));
    }
}
