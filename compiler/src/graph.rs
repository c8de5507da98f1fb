//! The choreography graph: one arena of nodes, recursion is a back edge, continuations are shared (PROJECTION §1).
//!
//! `lower` builds it from checked protocols, `import` from pure global types; projection and everything behind it
//! read nothing else. Variables and expressions belong to an *instance*: one inlining of a protocol.

#![allow(missing_docs, reason = "a variant's text names its fields")]

use crate::hir::{EffectId, ExprId, ProtocolId};
use crate::ty::Ty;
use std::rc::Rc;
pub use tell_ir::choreography::NodeId;
use tell_ir::implementable::{Control, Kind};
use tell_ir::sort::Sort;
use tell_language::span::{FileId, Span};
use tell_language::symbol::Symbol;

/// A binding of one instance, index into [`Graph::vars`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GVar(pub u32);

/// A role, index into [`Graph::roles`].
pub type Role = u32;

/// A choreography.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Name of the protocol.
    pub name: String,
    /// Its source file.
    pub file: FileId,
    /// Where its name stands.
    pub span: Span,
    /// Names of the roles.
    pub roles: Vec<String>,
    /// The nodes.
    pub nodes: Vec<Node>,
    /// Where it starts.
    pub start: NodeId,
    /// Bindings of all instances.
    pub vars: Vec<Variable>,
    /// Inlined protocols; the first is the protocol itself.
    pub instances: Vec<Instance>,
    /// Message labels; one entry per name *and* payload signature.
    pub labels: Vec<Label>,
    /// Operations performed.
    pub ops: Vec<Op>,
    /// Parameters of the protocol: role (ascending), name, binding.
    pub params: Vec<(Role, Symbol, GVar)>,
}

impl Graph {
    /// The node of that id.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// The parameters of a role.
    #[must_use]
    pub fn params_of(&self, role: Role) -> &[(Role, Symbol, GVar)] {
        entries_of(&self.params, role)
    }

    /// Adds a node.
    pub fn add(&mut self, kind: NodeKind, span: Span) -> NodeId {
        self.nodes.push(Node { kind, span });
        NodeId(u32::try_from(self.nodes.len() - 1).expect("the node limit is below 2^32"))
    }

    /// The label of that name and signature, new if there is none.
    pub fn label(&mut self, label: Label) -> u32 {
        let found = self
            .labels
            .iter()
            .position(|known| known.name == label.name && known.fields == label.fields && known.sort == label.sort);
        let index = found.unwrap_or_else(|| {
            self.labels.push(label);
            self.labels.len() - 1
        });
        u32::try_from(index).expect("fewer than 2^32 labels")
    }

    /// The message behind branch `branch` of a node: of a choice without names, the send its arm starts with.
    #[must_use]
    pub fn message(&self, id: NodeId, branch: usize) -> (NodeId, usize) {
        match &self.node(id).kind {
            NodeKind::Choice { arms, .. } if arms.iter().any(|arm| arm.name.is_none()) => (arms[branch].cont, 0),
            _ => (id, branch),
        }
    }

    /// The counter that arm `arm` of a counted loop's decision sets.
    #[must_use]
    pub fn counted(on: &CaseOn, arm: usize) -> Option<GVar> {
        match on {
            CaseOn::Counter(counter) | CaseOn::Start { counter, .. } if arm == 0 => Some(*counter),
            _ => None,
        }
    }

    /// What follows a `Par` or `Timed`.
    ///
    /// # Panics
    /// If the node is neither.
    #[must_use]
    pub fn then(&self, id: NodeId) -> NodeId {
        match self.node(id).kind {
            NodeKind::Par { then, .. } | NodeKind::Timed { then, .. } => then,
            _ => panic!("bug: only a `Par` or a `Timed` has something that follows its parts"),
        }
    }

    /// The nodes that can come directly after a node. What follows a `Par` or `Timed` comes last: roles outside need not
    /// wait for the parts.
    #[must_use]
    pub fn successors(&self, id: NodeId) -> Vec<NodeId> {
        let mut all = Vec::new();
        self.each_successor(id, &mut |next| all.push(next));
        all
    }

    /// Number of [`Graph::successors`].
    #[must_use]
    pub fn way_count(&self, id: NodeId) -> usize {
        match &self.node(id).kind {
            NodeKind::End { .. } => 0,
            NodeKind::Comm { branches, .. } => branches.len(),
            NodeKind::Choice { arms, .. } => arms.len(),
            NodeKind::Case { arms, .. } => arms.len(),
            NodeKind::Local { .. } | NodeKind::Rename { .. } | NodeKind::Join { .. } => 1,
            NodeKind::Par { branches, .. } => branches.len() + 1,
            NodeKind::Timed { outcomes, .. } => outcomes.len() + 2,
        }
    }

    /// One of [`Graph::successors`].
    ///
    /// # Panics
    /// If there is no such way.
    #[must_use]
    pub fn successor(&self, id: NodeId, way: usize) -> NodeId {
        match &self.node(id).kind {
            NodeKind::End { .. } => panic!("bug: nothing comes after an end"),
            NodeKind::Comm { branches, .. } => branches[way].cont,
            NodeKind::Choice { arms, .. } => arms[way].cont,
            NodeKind::Case { arms, .. } => arms[way].cont,
            NodeKind::Local { cont, .. } | NodeKind::Rename { cont, .. } => *cont,
            NodeKind::Par { branches, then } => branches.get(way).copied().unwrap_or(*then),
            NodeKind::Timed { body, outcomes, then, .. } => match way.checked_sub(1) {
                None => *body,
                Some(outcome) => outcomes.get(outcome).map_or(*then, |outcome| outcome.cont),
            },
            NodeKind::Join { of } => self.then(*of),
        }
    }

    /// Calls `visit` for each of [`Graph::successors`].
    pub fn each_successor(&self, id: NodeId, visit: &mut dyn FnMut(NodeId)) {
        match &self.node(id).kind {
            NodeKind::End { .. } => {}
            NodeKind::Comm { branches, .. } => branches.iter().for_each(|branch| visit(branch.cont)),
            NodeKind::Choice { arms, .. } => arms.iter().for_each(|arm| visit(arm.cont)),
            NodeKind::Case { arms, .. } => arms.iter().for_each(|arm| visit(arm.cont)),
            NodeKind::Local { cont, .. } | NodeKind::Rename { cont, .. } => visit(*cont),
            NodeKind::Par { branches, then } => branches.iter().chain([then]).for_each(|next| visit(*next)),
            NodeKind::Timed { body, outcomes, then, .. } => {
                visit(*body);
                outcomes.iter().for_each(|outcome| visit(outcome.cont));
                visit(*then);
            }
            NodeKind::Join { of } => visit(self.then(*of)),
        }
    }
}

impl Graph {
    /// Lets one of [`Graph::successors`] be another node.
    ///
    /// # Panics
    /// If there is no such way.
    pub fn set_successor(&mut self, id: NodeId, way: usize, next: NodeId) {
        match &mut self.nodes[id.index()].kind {
            NodeKind::End { .. } | NodeKind::Join { .. } => panic!("bug: nothing comes directly after an end"),
            NodeKind::Comm { branches, .. } => branches[way].cont = next,
            NodeKind::Choice { arms, .. } => arms[way].cont = next,
            NodeKind::Case { arms, .. } => arms[way].cont = next,
            NodeKind::Local { cont, .. } | NodeKind::Rename { cont, .. } => *cont = next,
            NodeKind::Par { branches, then } => *branches.get_mut(way).unwrap_or(then) = next,
            NodeKind::Timed { body, outcomes, then, .. } => match way.checked_sub(1) {
                None => *body = next,
                Some(outcome) => *outcomes.get_mut(outcome).map_or(then, |outcome| &mut outcome.cont) = next,
            },
        }
    }
}

impl Control for Graph {
    fn node_count(&self) -> usize {
        self.nodes.len()
    }

    fn start(&self) -> NodeId {
        self.start
    }

    fn kind(&self, node: NodeId) -> Kind {
        match &self.node(node).kind {
            NodeKind::End { .. } => Kind::End,
            NodeKind::Comm { from, to, .. } => Kind::Comm { from: *from, to: *to },
            NodeKind::Choice { decider, .. } => Kind::Choice { decider: *decider },
            NodeKind::Case { .. } => Kind::Case,
            NodeKind::Local { role, .. } => Kind::Local { role: *role },
            NodeKind::Rename { .. } => Kind::Pass,
            NodeKind::Par { .. } => Kind::Par,
            NodeKind::Timed { owner, outcomes, .. } => {
                let done = outcomes.iter().position(|outcome| outcome.name == "done");
                Kind::Scope { owner: *owner, done: done.map(|done| done + 1) }
            }
            NodeKind::Join { of } => Kind::Join { of: *of },
        }
    }

    fn way_count(&self, node: NodeId) -> usize {
        Self::way_count(self, node)
    }

    fn successor(&self, node: NodeId, way: usize) -> NodeId {
        Self::successor(self, node, way)
    }

    fn label(&self, node: NodeId, way: usize) -> u32 {
        match &self.node(node).kind {
            NodeKind::Comm { branches, .. } => branches[way].label,
            _ => panic!("bug: only a message has labels"),
        }
    }

    fn only_way(&self, node: NodeId) -> Option<NodeId> {
        match &self.node(node).kind {
            NodeKind::Comm { branches, .. } if branches.len() == 1 => Some(branches[0].cont),
            NodeKind::Local { cont, .. } => Some(*cont),
            NodeKind::Rename { pairs, cont } if pairs.is_empty() => Some(*cont),
            _ => None,
        }
    }

    fn each_successor(&self, node: NodeId, visit: &mut dyn FnMut(NodeId)) {
        Self::each_successor(self, node, visit);
    }

    fn then(&self, block: NodeId) -> NodeId {
        Self::then(self, block)
    }
}

/// The entries of a role in a list ordered by role.
#[must_use]
pub fn entries_of(entries: &[(Role, Symbol, GVar)], role: Role) -> &[(Role, Symbol, GVar)] {
    let start = entries.partition_point(|(own, _, _)| *own < role);
    let end = entries.partition_point(|(own, _, _)| *own <= role);
    &entries[start..end]
}

/// A node and where it comes from.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Where it stands in the source.
    pub span: Span,
}

impl Node {
    /// Says that the node and all its ways stand in this place; arms that stand elsewhere than their node, as those of
    /// a loop do not, stand at its beginning.
    pub fn stand_at(&mut self, place: Span) {
        let whole = std::mem::replace(&mut self.span, place);
        let arm = |span: Span| if span == whole { place } else { place.head(1) };
        match &mut self.kind {
            NodeKind::Comm { branches, .. } => branches.iter_mut().for_each(|branch| branch.span = place),
            NodeKind::Choice { arms, .. } => {
                arms.iter_mut().for_each(|one| (one.span, one.next) = (arm(one.span), place));
            }
            NodeKind::Case { arms, .. } => {
                arms.iter_mut().for_each(|one| (one.span, one.next) = (arm(one.span), place));
            }
            NodeKind::End { .. }
            | NodeKind::Local { .. }
            | NodeKind::Rename { .. }
            | NodeKind::Par { .. }
            | NodeKind::Timed { .. }
            | NodeKind::Join { .. } => {}
        }
    }
}

/// The kinds of nodes.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// An end of the choreography, with the names in scope there: role (ascending), name, binding.
    End { finals: Rc<[(Role, Symbol, GVar)]> },
    /// A message; several branches are a choice of the sender.
    Comm { from: Role, to: Role, branches: Vec<Branch> },
    /// A choice of `decider` among arms with names and guards; an arm without a name is decided by its first send.
    Choice { decider: Role, arms: Vec<Arm> },
    /// A decision of all `deciders` without a message.
    Case { deciders: Rc<[Role]>, on: CaseOn, arms: Vec<CaseArm> },
    /// A local action.
    Local { role: Role, action: Action, cont: NodeId },
    /// Bindings get new names; nobody sees this.
    Rename { pairs: Vec<(GVar, Renamed)>, cont: NodeId },
    /// Branches side by side, each up to its `Join`; `then` follows when all are over.
    Par { branches: Vec<NodeId>, then: NodeId },
    /// A scope with outcomes (LANGUAGE §4): the body up to its `Join`, then, unless the body was done and there is no
    /// block for that, the block of the outcome that `owner` decided up to its `Join`; then `then`. The owner evaluates the
    /// deadline when it enters; pure types have none.
    Timed { owner: Role, deadline: Option<ExprRef>, body: NodeId, outcomes: Vec<Outcome>, then: NodeId },
    /// The end of a branch of the `Par`, or of a block of the `Timed`, at `of`.
    Join { of: NodeId },
}

/// An outcome of a scope with what follows it, up to a `Join`.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// `done`, `timeout`, `cancel`, `fail` or `abort`.
    pub name: String,
    /// What came with it, bound at every participant: of a failure its kind, a String.
    pub bind: Option<GVar>,
    /// What follows.
    pub cont: NodeId,
}

/// What a binding is renamed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Renamed {
    /// Another binding.
    Var(GVar),
    /// A number.
    Int(i64),
}

/// One label of a message.
#[derive(Clone, Debug)]
pub struct Branch {
    /// Index into [`Graph::labels`].
    pub label: u32,
    /// The payload.
    pub fields: Vec<Field>,
    /// What follows.
    pub cont: NodeId,
    /// Where the label stands.
    pub span: Span,
    /// Where what follows stands, in a pure type; empty elsewhere.
    pub next: Span,
}

/// A field of a message.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Where the value comes from; `None` = supplied by the sender's host.
    pub source: Option<ExprRef>,
    /// Its name.
    pub name: Option<Symbol>,
    /// Binding the sender gets.
    pub sender: Option<GVar>,
    /// Binding the receiver gets.
    pub receiver: Option<GVar>,
}

/// An arm of a choice.
#[derive(Clone, Debug)]
pub struct Arm {
    /// Its name; `None` in pure types.
    pub name: Option<Symbol>,
    /// Its guard.
    pub guard: Option<Guard>,
    /// What follows.
    pub cont: NodeId,
    /// Where the name stands.
    pub span: Span,
    /// Where its first statement stands; empty if it has none.
    pub next: Span,
}

/// When an arm of a choice is open.
#[derive(Clone, Debug)]
pub enum Guard {
    /// If the expression is true.
    Expr(ExprRef),
    /// If the operation, an index into [`Graph::ops`], answers `Ok` or `Just`; its content is bound in the arm. It is
    /// performed when the guards before it were closed.
    Check { op: u32, args: Vec<ExprRef>, bind: Option<GVar> },
}

impl Guard {
    /// The expressions it evaluates.
    #[must_use]
    pub fn reads(&self) -> &[ExprRef] {
        match self {
            Self::Expr(expr) => std::slice::from_ref(expr),
            Self::Check { args, .. } => args,
        }
    }

    /// The binding it makes in its arm.
    #[must_use]
    pub const fn bind(&self) -> Option<GVar> {
        match self {
            Self::Expr(_) => None,
            Self::Check { bind, .. } => *bind,
        }
    }
}

/// What a case is decided on.
#[derive(Clone, Copy, Debug)]
pub enum CaseOn {
    /// The value of an expression.
    Expr(ExprRef),
    /// Whether a loop counter is above zero: arm 0 goes round and counts down, arm 1 leaves.
    Counter(GVar),
    /// Whether a computed number of rounds is above zero: arm 0 enters and starts the counter, arm 1 passes by.
    Start { count: ExprRef, counter: GVar },
    /// An unnamed shared decision of a pure type; nobody can evaluate it.
    Opaque,
}

/// An arm of a case.
#[derive(Clone, Copy, Debug)]
pub struct CaseArm {
    /// Position of the arm's pattern among the arms of its HIR statement.
    pub pattern: Option<PatternRef>,
    /// What follows.
    pub cont: NodeId,
    /// Where the arm stands.
    pub span: Span,
    /// Where its first statement stands; empty if it has none.
    pub next: Span,
}

/// An expression of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExprRef {
    /// Index into [`Graph::instances`].
    pub instance: u32,
    /// The expression in the body of the instance's protocol.
    pub expr: ExprId,
}

/// A pattern of an instance, index into [`Graph::instances`] and into its protocol's `patterns`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PatternRef {
    /// Index into [`Graph::instances`].
    pub instance: u32,
    /// Index into the body's list of patterns.
    pub pattern: u32,
}

/// A local action.
#[derive(Clone, Debug)]
pub enum Action {
    /// Evaluates an expression.
    Let { var: GVar, value: ExprRef },
    /// Checks a condition.
    Assert { cond: ExprRef, text: Option<Symbol> },
    /// Performs an operation; index into [`Graph::ops`].
    Perform { op: u32, args: Vec<ExprRef>, bind: Option<GVar> },
}

/// What is known about a binding.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Its name.
    pub name: Symbol,
    /// Its type.
    pub ty: Ty,
}

/// One inlining of a protocol.
#[derive(Clone, Debug)]
pub struct Instance {
    /// The protocol.
    pub protocol: ProtocolId,
    /// Its bindings start here in [`Graph::vars`].
    pub vars: u32,
    /// The graph's role for each of its roles.
    pub roles: Vec<Role>,
}

/// A label with the types of its fields, and the sort they erase to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Its name.
    pub name: String,
    /// Types of the fields; empty in pure types.
    pub fields: Vec<Ty>,
    /// Sort of the payload.
    pub sort: Sort,
}

/// An operation of an effect instance.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Op {
    /// The effect.
    pub effect: EffectId,
    /// Its type arguments.
    pub args: Vec<Ty>,
    /// Index of the operation.
    pub op: u32,
    /// Types of the arguments.
    pub params: Vec<Ty>,
    /// Type of the result.
    pub result: Ty,
}
