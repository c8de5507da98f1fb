//! What global and local types have in common: terms with binders, in an arena in which parts may be shared.
//!
//! A shared node stands for a part of every term that contains it, and its free variables mean what is bound there.
//! Whoever walks a term as the tree it stands for must therefore visit a node once per *context*, not once:
//! [`Sharing::context`] says when two contexts of a node are the same to it. For a node without free variables there
//! is one. The number of contexts is linear for trees and for arenas that share only what is closed, or open under
//! the same binders (what `import`, `erase` and `unfold` make); only an arena that shares one part under ever other
//! combinations of binders makes it grow with the tree.

use crate::global::{GlobalId, GlobalNode};
use crate::local::{LocalId, LocalNode};
use std::rc::Rc;

/// A node of an arena in which children have smaller indices than their parents.
pub trait Term: Clone {
    /// What the node has to do with names.
    fn name(&self) -> Name<'_>;

    /// The name of a binder or variable, to change it.
    fn name_mut(&mut self) -> Option<&mut String>;

    /// Indices of the nodes directly below, in text order.
    fn parts(&self) -> Vec<u32>;

    /// Replaces the parts, which are given in the same order.
    fn set_parts(&mut self, parts: &[u32]);
}

/// What a node has to do with names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name<'a> {
    /// Binds this recursion variable.
    Binder(&'a str),
    /// Is this recursion variable.
    Variable(&'a str),
    /// Nothing.
    Nameless,
}

impl Term for GlobalNode {
    fn name(&self) -> Name<'_> {
        match self {
            Self::Rec(name, _) => Name::Binder(name),
            Self::Var(name) => Name::Variable(name),
            _ => Name::Nameless,
        }
    }

    fn name_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::Rec(name, _) | Self::Var(name) => Some(name),
            _ => None,
        }
    }

    fn parts(&self) -> Vec<u32> {
        self.children().into_iter().map(|id| id.0).collect()
    }

    fn set_parts(&mut self, parts: &[u32]) {
        self.children_mut().into_iter().zip(parts).for_each(|(child, part)| *child = GlobalId(*part));
    }
}

impl Term for LocalNode {
    fn name(&self) -> Name<'_> {
        match self {
            Self::Rec(name, _) => Name::Binder(name),
            Self::Var(name) => Name::Variable(name),
            _ => Name::Nameless,
        }
    }

    fn name_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::Rec(name, _) | Self::Var(name) => Some(name),
            _ => None,
        }
    }

    fn parts(&self) -> Vec<u32> {
        self.children().into_iter().map(|id| id.0).collect()
    }

    fn set_parts(&mut self, parts: &[u32]) {
        self.children_mut().into_iter().zip(parts).for_each(|(child, part)| *child = LocalId(*part));
    }
}

/// Which nodes are part of the term at `root`.
#[must_use]
pub fn reachable<T: Term>(nodes: &[T], root: u32) -> Vec<bool> {
    let mut reached = vec![false; nodes.len()];
    reached[root as usize] = true;
    for index in (0..=root as usize).rev() {
        if reached[index] {
            nodes[index].parts().into_iter().for_each(|part| reached[part as usize] = true);
        }
    }
    reached
}

/// Most free variables of a node that are kept one by one. It bounds the work for chains of thousands of binders.
pub const MAX_FREE: usize = 32;

/// The free variables of a node, sorted; `None` if at some node below there were more than [`MAX_FREE`].
type Free<'a> = Option<Rc<[&'a str]>>;

/// Which nodes of a term are shared, and what makes their contexts different.
pub struct Sharing<'a> {
    /// How many times a node is a part of another one.
    uses: Vec<u32>,
    free: Vec<Free<'a>>,
}

impl<'a> Sharing<'a> {
    /// Of the term at `root`; linear.
    #[must_use]
    pub fn of<T: Term>(nodes: &'a [T], root: u32) -> Self {
        let reached = reachable(nodes, root);
        let none: Rc<[&str]> = [].into();
        let mut sharing = Self { uses: vec![0; nodes.len()], free: Vec::with_capacity(nodes.len()) };
        for (node, reached) in nodes.iter().zip(reached).take(root as usize + 1) {
            if !reached {
                sharing.free.push(Some(none.clone()));
                continue;
            }
            let parts = node.parts();
            parts.iter().for_each(|part| sharing.uses[*part as usize] += 1);
            let free = match node.name() {
                Name::Variable(name) => Some([name].into()),
                Name::Binder(name) => sharing.free[parts[0] as usize].clone().map(|free| without(free, name)),
                Name::Nameless => {
                    let below = parts.iter().map(|part| sharing.free[*part as usize].clone());
                    below.reduce(union).unwrap_or_else(|| Some(none.clone()))
                }
            };
            sharing.free.push(free);
        }
        sharing
    }

    /// The free variables of a node, sorted; `None` if there may be more than [`MAX_FREE`].
    #[must_use]
    pub fn free(&self, node: u32) -> Option<&[&'a str]> {
        self.free[node as usize].as_deref()
    }

    /// What a visit of the node depends on, if it is a part of more than one node: `of` each of its free variables,
    /// or everything (`whole`) if there are many. Two visits with the same answer see the same term.
    pub fn context(
        &self,
        node: u32,
        of: impl Fn(&'a str) -> u32,
        whole: impl FnOnce() -> Vec<u32>,
    ) -> Option<Vec<u32>> {
        (self.uses[node as usize] > 1)
            .then(|| self.free(node).map_or_else(whole, |names| names.iter().map(|name| of(name)).collect()))
    }
}

fn without<'a>(free: Rc<[&'a str]>, name: &str) -> Rc<[&'a str]> {
    if free.contains(&name) { free.iter().copied().filter(|other| *other != name).collect() } else { free }
}

/// The union; a set that contains the other is shared, not copied.
fn union<'a>(one: Free<'a>, two: Free<'a>) -> Free<'a> {
    let (large, small) = match (one?, two?) {
        (one, two) if one.len() >= two.len() => (one, two),
        (one, two) => (two, one),
    };
    if Rc::ptr_eq(&large, &small) || small.iter().all(|name| large.binary_search(name).is_ok()) {
        return Some(large);
    }
    let mut names: Vec<&str> = large.iter().chain(small.iter()).copied().collect();
    names.sort_unstable();
    names.dedup();
    (names.len() <= MAX_FREE).then(|| names.into())
}
