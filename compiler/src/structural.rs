//! The structural projection of pure global types (PROJECTION §2), the rules that Lean mirrors.
//!
//! ```text
//! GlobalType ─scope─► nodes without names ─project, merge─► terms, each once ─names─► LocalType
//! ```
//!
//! Sources: the rules and `Plain` are Honda, Yoshida, Carbone, *Multiparty Asynchronous Session Types* (JACM 2016),
//! definition 4.2; `Full` is the merge of Yoshida, Gheri, *A Very Gentle Introduction to Multiparty Session Types*
//! (2020) and Scalas, Yoshida, *Less Is More: Multiparty Session Types Revisited* (POPL 2019), extended by merging
//! sends with the same labels and by merging under binders. [`project`](Projection::project) has the rules one by one,
//! [`merge`] has the merge; start there. The complete projection (`project`) is another construction.
//!
//! Silent communications below each other are one merge of everything they lead to, so a choice among many does not
//! cost a merge per alternative. Work that grows beyond [`MAX_WORK`] is refused: a full merge can be exponential.

mod merge;
mod names;
mod scope;
mod term;

use scope::{NodeIndex, Scoped};
use std::fmt;
use tell_ir::global::{GlobalNode, GlobalType};
use tell_ir::local::LocalType;
use tell_ir::sort::Label;
use term::{Head, Row, TermId, Terms, UNLABELLED};

/// Most steps of one projection, besides [`WORK_PER_NODE`]; a step looks at one branch of one type.
pub const MAX_WORK: u64 = 10_000_000;

/// Steps that each node of the global type adds to that.
pub const WORK_PER_NODE: u64 = 32;

/// What a role may be offered by the branches of a choice that it does not see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// The same in all of them.
    Plain,
    /// What can be merged: different receives from one partner, and what is equal around them.
    Full,
}

/// Why a role has no structural projection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Two local types are not merged; the text shows how they begin where they differ.
    Unmergeable {
        /// The rule that does not merge them.
        rule: Rule,
        /// How the first begins, `A?{m3}`.
        left: String,
        /// How the second begins.
        right: String,
    },
    /// A choice towards several receivers; it has no structural rule.
    SeveralReceivers {
        /// The role that decides.
        decider: String,
    },
    /// A recursion variable without a binder; the type is ill-formed.
    Unbound(String),
    /// More steps than [`MAX_WORK`] and [`WORK_PER_NODE`] allow.
    TooLarge,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unmergeable { rule, left, right } => {
                let rule = if *rule == Rule::Plain { "plain" } else { "full" };
                write!(f, "cannot merge `{left}` with `{right}` by the {rule} rule")
            }
            Self::SeveralReceivers { decider } => {
                write!(f, "the choice of `{decider}` among several receivers has no structural rule")
            }
            Self::Unbound(name) => write!(f, "recursion variable `{name}` is not bound"),
            Self::TooLarge => f.write_str("the structural projection takes too many steps"),
        }
    }
}

impl std::error::Error for Refusal {}

/// The local type of `role`, an index into the roles of `global`, by the rules of PROJECTION §2. Of an ill-formed type
/// the result means nothing.
///
/// # Errors
/// The first refusal, innermost choices first.
pub fn project_tree(global: &GlobalType, role: u32, rule: Rule) -> Result<LocalType, Refusal> {
    let scoped = Scoped::new(global, role)?;
    let nodes = scoped.len();
    let mut projection = Projection { role, rule, scoped, terms: Terms::new(global), projected: vec![None; nodes] };
    let root = projection.run()?;
    names::local_type(&mut projection.terms, root)
}

struct Projection<'g> {
    role: u32,
    rule: Rule,
    scoped: Scoped<'g>,
    terms: Terms<'g>,
    /// The projections so far, of the nodes that need one.
    projected: Vec<Option<TermId>>,
}

/// Who needs the projection of a node.
#[derive(Clone, Copy, PartialEq)]
enum Need {
    Nobody,
    /// One silent node only, which merges what this node leads to if it is silent itself.
    Silent(NodeIndex),
    Somebody,
}

impl<'g> Projection<'g> {
    /// Projects every node that needs it, children first.
    fn run(&mut self) -> Result<TermId, Refusal> {
        let needs = self.needs();
        for node in self.scoped.indices() {
            let is_flattened = matches!(needs[node], Need::Silent(_)) && self.silent(node).is_some();
            if needs[node] != Need::Nobody && !is_flattened {
                self.projected[node] = Some(self.project(node)?);
            }
        }
        Ok(self.projection(self.scoped.root()))
    }

    fn needs(&self) -> Vec<Need> {
        let mut needs = vec![Need::Nobody; self.scoped.len()];
        needs[self.scoped.root()] = Need::Somebody;
        for node in self.scoped.indices().rev().filter(|&node| !self.is_absent(node)) {
            if needs[node] == Need::Nobody {
                continue;
            }
            let silent = self.silent(node);
            for &part in silent.unwrap_or_else(|| self.scoped.parts(node)) {
                needs[part] = match (silent, needs[part]) {
                    (Some(_), Need::Nobody) => Need::Silent(node),
                    (Some(_), Need::Silent(other)) if other == node => Need::Silent(node),
                    _ => Need::Somebody,
                };
            }
        }
        needs
    }

    /// Whether the role does not occur in a node that is closed.
    fn is_absent(&self, node: NodeIndex) -> bool {
        !self.scoped.acts(node) && self.scoped.is_closed(node)
    }

    /// Of a node that the role does not see, what it leads to: an exchange of others, a decision of others without a
    /// message, a scope the role does not enter.
    fn silent(&self, node: NodeIndex) -> Option<&[NodeIndex]> {
        if self.is_absent(node) {
            return None;
        }
        let parts = self.scoped.parts(node);
        match self.scoped.global(node) {
            GlobalNode::Case { deciders, .. } => (!deciders.contains(&self.role)).then_some(parts),
            GlobalNode::Timed { .. } => {
                let (then, inside) = parts.split_last()?;
                let enters = inside.iter().any(|&part| self.scoped.acts(part));
                (!enters).then_some(std::slice::from_ref(then))
            }
            other => {
                let (sender, receiver) = exchange(other)?;
                (sender != self.role && receiver != self.role).then_some(parts)
            }
        }
    }

    fn projection(&self, node: NodeIndex) -> TermId {
        self.projected[node].expect("children come first, and what is needed is projected")
    }

    /// The rules.
    fn project(&mut self, node: NodeIndex) -> Result<TermId, Refusal> {
        if self.is_absent(node) {
            return Ok(self.terms.end());
        }
        if self.silent(node).is_some() {
            let types = self.behind(node);
            return merge::merge(&mut self.terms, self.rule, types);
        }
        let parts: Vec<TermId> = self.scoped.parts(node).iter().map(|&part| self.projection(part)).collect();
        match self.scoped.global(node) {
            GlobalNode::End => Ok(self.terms.end()),
            GlobalNode::Var(_) => Ok(self.terms.add(Head::Var(self.scoped.binder(node)), [])),
            GlobalNode::Rec(..) => self.terms.rec(parts[0]),
            GlobalNode::Comm { sender, receiver, branches } => {
                Ok(self.message(*sender, *receiver, branches.iter().map(|(label, _)| label), parts))
            }
            choice @ GlobalNode::Choice { decider, branches } => match exchange(choice) {
                Some((_, receiver)) => {
                    Ok(self.message(*decider, receiver, branches.iter().map(|(_, label, _)| label), parts))
                }
                None => Err(Refusal::SeveralReceivers { decider: self.terms.role(*decider).to_owned() }),
            },
            GlobalNode::Case { .. } if parts.windows(2).all(|pair| pair[0] == pair[1]) => {
                Ok(parts.first().copied().unwrap_or(self.terms.end()))
            }
            GlobalNode::Case { branches, .. } => {
                let names = branches.iter().map(|(name, _)| self.terms.label(name, None));
                let rows: Vec<Row> = names.zip(parts).collect();
                Ok(self.terms.add(Head::Case, rows))
            }
            GlobalNode::Par { .. } => self.par(parts),
            GlobalNode::Timed { owner, outcomes, .. } => {
                let names = outcomes.iter().map(|(name, _)| self.terms.label(name, None));
                let labels = [UNLABELLED].into_iter().chain(names).chain([UNLABELLED]);
                let rows: Vec<Row> = labels.zip(parts).collect();
                Ok(self.terms.add(Head::Timed(*owner), rows))
            }
        }
    }

    /// A message as its sender or its receiver sees it.
    fn message(
        &mut self,
        sender: u32,
        receiver: u32,
        labels: impl Iterator<Item = &'g Label>,
        parts: Vec<TermId>,
    ) -> TermId {
        let labels = labels.map(|label| self.terms.label(&label.name, Some(&label.sort)));
        let rows: Vec<Row> = labels.zip(parts).collect();
        self.terms.add(if sender == self.role { Head::Send(receiver) } else { Head::Recv(sender) }, rows)
    }

    /// Branches side by side, then what follows; with one branch that is not `end` it is that branch, then what follows.
    fn par(&mut self, mut parts: Vec<TermId>) -> Result<TermId, Refusal> {
        let then = parts.pop().unwrap_or(self.terms.end());
        parts.retain(|&branch| branch != self.terms.end());
        match parts[..] {
            [] => Ok(then),
            [branch] => self.terms.followed_by(branch, then),
            _ => {
                let rows: Vec<Row> = parts.into_iter().chain([then]).map(|part| (UNLABELLED, part)).collect();
                Ok(self.terms.add(Head::Par, rows))
            }
        }
    }

    /// The projections a silent node leads to, each once, through the silent nodes that nobody else needs.
    fn behind(&self, node: NodeIndex) -> Vec<TermId> {
        let mut found = Vec::new();
        let mut stack = vec![node];
        while let Some(node) = stack.pop() {
            match (self.projected[node], self.silent(node)) {
                (None, Some(parts)) => stack.extend(parts.iter().rev()),
                _ => found.push(self.projection(node)),
            }
        }
        merge::distinct(found)
    }
}

/// Sender and receiver of an exchange; a choice among receivers that are all the same is one.
fn exchange(node: &GlobalNode) -> Option<(u32, u32)> {
    match node {
        GlobalNode::Comm { sender, receiver, .. } => Some((*sender, *receiver)),
        GlobalNode::Choice { decider, branches } => {
            let receiver = branches.first()?.0;
            branches.iter().all(|(other, _, _)| *other == receiver).then_some((*decider, receiver))
        }
        _ => None,
    }
}
