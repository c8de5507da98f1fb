//! Makes a failing global type smaller, keeping it well-formed: variables that lose their binder or their guard end.

use tell_ir::global::{GlobalId, GlobalNode, GlobalType};
use tell_ir::sort::Sort;

/// A type as small as single edits get it that still fails.
#[must_use]
pub fn shrink(global: &GlobalType, still_fails: &dyn Fn(&GlobalType) -> bool) -> GlobalType {
    let mut smallest = edited(global, None);
    loop {
        let smaller = edits(&smallest).map(|edit| edited(&smallest, Some(edit))).find(|smaller| still_fails(smaller));
        match smaller {
            Some(smaller) => smallest = smaller,
            None => break,
        }
    }
    let named = with_used_roles(&smallest);
    if still_fails(&named) { named } else { smallest }
}

/// One change of one node; each makes the type smaller.
#[derive(Clone, Copy)]
enum Edit {
    /// The node becomes `end`.
    End,
    /// The node becomes one of its children.
    Child(usize),
    /// A branch goes.
    Without(usize),
    /// The payload of a branch becomes `unit`.
    Unit(usize),
}

fn edits(global: &GlobalType) -> impl Iterator<Item = (GlobalId, Edit)> {
    let ids = (0..global.nodes.len()).rev().map(|at| GlobalId(u32::try_from(at).expect("a generated type is small")));
    ids.flat_map(|id| {
        let node = global.node(id);
        let children = children(node).len();
        let branches = branches(node);
        let ended = (*node != GlobalNode::End).then_some(Edit::End);
        let without = (0..if branches > 1 { branches } else { 0 }).map(Edit::Without);
        let unit = (0..branches).filter(|&branch| sort(node, branch).is_some_and(|sort| *sort != Sort::Unit));
        let all = ended.into_iter().chain((0..children).map(Edit::Child)).chain(without).chain(unit.map(Edit::Unit));
        all.map(|edit| (id, edit)).collect::<Vec<_>>()
    })
}

fn children(node: &GlobalNode) -> Vec<GlobalId> {
    match node {
        GlobalNode::End | GlobalNode::Var(_) => Vec::new(),
        GlobalNode::Rec(_, body) => vec![*body],
        GlobalNode::Comm { branches, .. } => branches.iter().map(|(_, rest)| *rest).collect(),
        GlobalNode::Choice { branches, .. } => branches.iter().map(|(_, _, rest)| *rest).collect(),
        GlobalNode::Case { branches, .. } => branches.iter().map(|(_, rest)| *rest).collect(),
        GlobalNode::Par { branches, then } => branches.iter().chain([then]).copied().collect(),
        GlobalNode::Timed { body, outcomes, then, .. } => {
            [*body].into_iter().chain(outcomes.iter().map(|(_, block)| *block)).chain([*then]).collect()
        }
    }
}

const fn branches(node: &GlobalNode) -> usize {
    match node {
        GlobalNode::End | GlobalNode::Var(_) | GlobalNode::Rec(..) => 0,
        GlobalNode::Comm { branches, .. } => branches.len(),
        GlobalNode::Choice { branches, .. } => branches.len(),
        GlobalNode::Case { branches, .. } => branches.len(),
        GlobalNode::Par { branches, .. } => branches.len(),
        GlobalNode::Timed { outcomes, .. } => outcomes.len(),
    }
}

fn sort(node: &GlobalNode, branch: usize) -> Option<&Sort> {
    match node {
        GlobalNode::Comm { branches, .. } => Some(&branches[branch].0.sort),
        GlobalNode::Choice { branches, .. } => Some(&branches[branch].1.sort),
        _ => None,
    }
}

/// The type after an edit, without unreachable nodes and without variables that are unbound or unguarded.
fn edited(global: &GlobalType, edit: Option<(GlobalId, Edit)>) -> GlobalType {
    let mut copy = Copy { global, edit, binders: Vec::new(), nodes: Vec::new() };
    let root = copy.node(global.root);
    GlobalType { roles: global.roles.clone(), nodes: copy.nodes, root }
}

struct Copy<'a> {
    global: &'a GlobalType,
    edit: Option<(GlobalId, Edit)>,
    /// Binders in scope and whether a communication lies between.
    binders: Vec<(String, bool)>,
    nodes: Vec<GlobalNode>,
}

impl Copy<'_> {
    fn add(&mut self, node: GlobalNode) -> GlobalId {
        let is_leaf = matches!(node, GlobalNode::End | GlobalNode::Var(_));
        let known = if is_leaf { self.nodes.iter().position(|known| *known == node) } else { None };
        let at = known.unwrap_or_else(|| {
            self.nodes.push(node);
            self.nodes.len() - 1
        });
        GlobalId(u32::try_from(at).expect("a generated type is small"))
    }

    fn node(&mut self, id: GlobalId) -> GlobalId {
        let mut node = self.global.node(id).clone();
        match self.edit.filter(|(edited, _)| *edited == id).map(|(_, edit)| edit) {
            None => {}
            Some(Edit::End) => return self.add(GlobalNode::End),
            Some(Edit::Child(at)) => return self.node(children(&node)[at]),
            Some(Edit::Without(at)) => remove(&mut node, at),
            Some(Edit::Unit(at)) => match &mut node {
                GlobalNode::Comm { branches, .. } => branches[at].0.sort = Sort::Unit,
                GlobalNode::Choice { branches, .. } => branches[at].1.sort = Sort::Unit,
                _ => {}
            },
        }
        match &mut node {
            GlobalNode::End => {}
            GlobalNode::Var(name) => {
                let binder = self.binders.iter().rev().find(|(bound, _)| bound == name);
                if !binder.is_some_and(|(_, is_guarded)| *is_guarded) {
                    node = GlobalNode::End;
                }
            }
            GlobalNode::Rec(name, body) => {
                self.binders.push((name.clone(), false));
                *body = self.node(*body);
                self.binders.pop();
            }
            GlobalNode::Comm { branches, .. } => {
                self.behind_message(|copy| branches.iter_mut().for_each(|(_, rest)| *rest = copy.node(*rest)));
            }
            GlobalNode::Choice { branches, .. } => {
                self.behind_message(|copy| branches.iter_mut().for_each(|(_, _, rest)| *rest = copy.node(*rest)));
            }
            GlobalNode::Case { branches, .. } => branches.iter_mut().for_each(|(_, rest)| *rest = self.node(*rest)),
            GlobalNode::Par { branches, then } => {
                branches.iter_mut().for_each(|branch| *branch = self.node(*branch));
                *then = self.node(*then);
            }
            GlobalNode::Timed { body, outcomes, then, .. } => {
                *body = self.node(*body);
                outcomes.iter_mut().for_each(|(_, block)| *block = self.node(*block));
                *then = self.node(*then);
            }
        }
        self.add(node)
    }

    /// Copies what follows a message, which guards every binder in scope.
    fn behind_message(&mut self, copy: impl FnOnce(&mut Self)) {
        let guarded = self.binders.iter().map(|(name, _)| (name.clone(), true)).collect();
        let before = std::mem::replace(&mut self.binders, guarded);
        copy(self);
        self.binders = before;
    }
}

fn remove(node: &mut GlobalNode, at: usize) {
    match node {
        GlobalNode::Comm { branches, .. } => drop(branches.remove(at)),
        GlobalNode::Choice { branches, .. } => drop(branches.remove(at)),
        GlobalNode::Case { branches, .. } => drop(branches.remove(at)),
        GlobalNode::Par { branches, .. } => drop(branches.remove(at)),
        GlobalNode::Timed { outcomes, .. } => drop(outcomes.remove(at)),
        GlobalNode::End | GlobalNode::Var(_) | GlobalNode::Rec(..) => {}
    }
}

/// The type without the roles that do nothing.
fn with_used_roles(global: &GlobalType) -> GlobalType {
    let mut used = vec![false; global.roles.len()];
    let mut renamed = global.clone();
    renamed.nodes.iter_mut().for_each(|node| each_role(node, &mut |role| used[*role as usize] = true));
    let kept = |role: usize| used[..role].iter().filter(|is_used| **is_used).count();
    let rename = &mut |role: &mut u32| *role = u32::try_from(kept(*role as usize)).expect("few roles");
    renamed.nodes.iter_mut().for_each(|node| each_role(node, rename));
    renamed.roles = global.roles.iter().zip(&used).filter(|(_, used)| **used).map(|(name, _)| name.clone()).collect();
    renamed
}

fn each_role(node: &mut GlobalNode, visit: &mut dyn FnMut(&mut u32)) {
    match node {
        GlobalNode::Comm { sender, receiver, .. } => [sender, receiver].into_iter().for_each(visit),
        GlobalNode::Choice { decider, branches } => {
            visit(decider);
            branches.iter_mut().for_each(|(receiver, _, _)| visit(receiver));
        }
        GlobalNode::Case { deciders, .. } => deciders.iter_mut().for_each(visit),
        GlobalNode::Timed { owner, .. } => visit(owner),
        GlobalNode::End | GlobalNode::Var(_) | GlobalNode::Rec(..) | GlobalNode::Par { .. } => {}
    }
}
