//! Canonical forms and content ids of session types: names of binders and the order of branches do not matter.
//!
//! Two types are the same iff they differ only in the names of bound variables, the order of branches (of deciders,
//! outcomes and parallel branches too), the order in which roles are declared and which roles are declared without
//! occurring, and in what their arenas share. Everything else is structure and is kept: binders nobody refers to, a
//! `choice` with one receiver beside a `comm`, a type beside its unfolding.
//!
//! A bound variable is written as the **height** of its binder: how many binders are nested inside it, itself
//! included. Heights grow strictly outwards, so a height names one of the binders around a variable; unlike the usual
//! indices it does not depend on what stands between the two, so a part that is shared between places at different
//! depths is one part. [`canonical_global`] and [`canonical_local`] write height `h` as `X1`, `X2`, … (numbers that
//! free variables have are left out), sort branches and share all equal parts.
//!
//! The **id** is a Merkle hash: the id of a node is the BLAKE3 hash (derive-key mode, one context for global and one
//! for local types, see `hash`) of its encoding, which contains the ids of its parts; the id of a closed part is
//! therefore the id it has on its own. Encoding, with little-endian integers, `text` = length in bytes as `u32` and
//! the bytes, lists preceded by their length as `u32`, roles by name:
//!
//! ```text
//! end                0
//! bound variable     1  height: u32
//! free variable      2  name: text
//! rec                3  body: id
//! comm (global)      4  sender: text  receiver: text  branches: list of (name: text  sort  continuation: id)
//! choice             5  decider: text  branches: list of (receiver: text  name: text  sort  continuation: id)
//! send (local)       6  partner: text  branches: list of (name: text  sort  continuation: id)
//! recv               7  the same
//! send_any           8  branches: list of (partner: text  name: text  sort  continuation: id)
//! recv_any           9  the same
//! case              10  deciders: list of text (none in local types)  branches: list of (name: text  continuation: id)
//! par               11  branches: list of id  then: id
//! timed             12  owner: text  body: id  outcomes: list of (name: text  block: id)  then: id
//! sort: unit 0 · nat 1 · int 2 · bool 3 · string 4 · bytes 5 · real 6 · vector 7 length: u64 · prod 8 sort sort
//!       · named 9 text
//! ```
//! Branches are sorted by role, name, sort (in the order above, then by content) and id; texts compare by bytes.
//! Deciders are a set: sorted, each once.
//!
//! A node is visited once per context ([`crate::term`]); nothing recurses.

mod encoding;

use crate::global::{GlobalId, GlobalNode, GlobalType};
use crate::hash::{ContentId, NodeHasher};
use crate::local::{LocalId, LocalType};
use crate::term::{Name, Sharing, Term, reachable};
use encoding::{Encode, Roles};
use std::collections::{BTreeMap, BTreeSet};

/// The id of a global type: equal for types that are the same.
#[must_use]
pub fn global_id(global: &GlobalType) -> ContentId {
    Builder::of(&global.nodes, global.root.0, roles_of(global), NodeHasher::global()).id()
}

/// The id of a local type: equal for types that are the same.
#[must_use]
pub fn local_id(local: &LocalType) -> ContentId {
    Builder::of(&local.nodes, local.root.0, Roles::default(), NodeHasher::local()).id()
}

/// Whether two global types are the same.
#[must_use]
pub fn same_global(one: &GlobalType, two: &GlobalType) -> bool {
    global_id(one) == global_id(two)
}

/// Whether two local types are the same.
#[must_use]
pub fn same_local(one: &LocalType, two: &LocalType) -> bool {
    local_id(one) == local_id(two)
}

/// The canonical form of a global type: equal for types that are the same. Its roles are those that occur, sorted.
#[must_use]
pub fn canonical_global(global: &GlobalType) -> GlobalType {
    let built = Builder::of(&global.nodes, global.root.0, roles_of(global), NodeHasher::global());
    let roles = built.roles.names.clone();
    let nodes = built.form();
    GlobalType { roles, root: GlobalId(last(&nodes)), nodes }
}

/// The canonical form of a local type: equal for types that are the same.
#[must_use]
pub fn canonical_local(local: &LocalType) -> LocalType {
    let nodes = Builder::of(&local.nodes, local.root.0, Roles::default(), NodeHasher::local()).form();
    LocalType { root: LocalId(last(&nodes)), nodes }
}

fn last<T>(nodes: &[T]) -> u32 {
    u32::try_from(nodes.len() - 1).expect("a canonical form has no more nodes than can be numbered")
}

/// The roles that occur in a global type, sorted by name.
fn roles_of(global: &GlobalType) -> Roles {
    let mut occurring = BTreeSet::new();
    for (node, reached) in global.nodes.iter().zip(reachable(&global.nodes, global.root.0)) {
        if !reached {
            continue;
        }
        match node {
            GlobalNode::Comm { sender, receiver, .. } => occurring.extend([*sender, *receiver]),
            GlobalNode::Choice { decider, branches } => {
                occurring.insert(*decider);
                occurring.extend(branches.iter().map(|(receiver, _, _)| *receiver));
            }
            GlobalNode::Case { deciders, .. } => occurring.extend(deciders),
            GlobalNode::Timed { owner, .. } => {
                occurring.insert(*owner);
            }
            GlobalNode::End | GlobalNode::Var(_) | GlobalNode::Rec(..) | GlobalNode::Par { .. } => {}
        }
    }
    Roles::new(occurring.into_iter().map(|role| (role, global.role(role))))
}

/// A step of the depth-first walk.
enum Task<'a> {
    /// Builds what a node stands for here.
    Enter(u32),
    /// Its parts are built: puts it together from the last results; the context it was entered in.
    Leave(u32, Option<Vec<u32>>),
    /// A binder of that name goes out of scope.
    Unbind(&'a str),
}

/// A canonical form that is being built: nodes with sorted branches, each once, with ids.
struct Builder<'a, T> {
    roles: Roles,
    hasher: NodeHasher,
    nodes: Vec<T>,
    ids: Vec<ContentId>,
    /// Of binders and bound variables: the height; 0 of others.
    heights: Vec<u32>,
    known: BTreeMap<ContentId, u32>,
    /// Heights of the binders in scope, innermost last.
    scope: BTreeMap<&'a str, Vec<u32>>,
    /// Names of free variables.
    free: BTreeSet<&'a str>,
}

impl<'a, T: Term + Encode> Builder<'a, T> {
    fn of(source: &'a [T], root: u32, roles: Roles, hasher: NodeHasher) -> Self {
        let mut builder = Self {
            roles,
            hasher,
            nodes: Vec::new(),
            ids: Vec::new(),
            heights: Vec::new(),
            known: BTreeMap::new(),
            scope: BTreeMap::new(),
            free: BTreeSet::new(),
        };
        builder.walk(source, root);
        builder
    }

    /// Builds all nodes; the root is the last result.
    fn walk(&mut self, source: &'a [T], root: u32) {
        let sharing = Sharing::of(source, root);
        let heights = binder_heights(source, root);
        let mut built: BTreeMap<(u32, Vec<u32>), u32> = BTreeMap::new();
        // The binders around, each visit of a binder with a number of its own.
        let (mut around, mut binders) = (Vec::new(), 0_u32);
        let mut tasks = vec![Task::Enter(root)];
        let mut results = Vec::new();
        while let Some(task) = tasks.pop() {
            match task {
                Task::Unbind(name) => {
                    around.pop();
                    self.scope.get_mut(name).and_then(Vec::pop);
                }
                Task::Enter(node) => {
                    let whole = || vec![around.last().copied().unwrap_or(0)];
                    let context = sharing.context(node, |name| self.height_of(name), whole);
                    let key = context.map(|context| (node, context));
                    if let Some(done) = key.as_ref().and_then(|key| built.get(key)) {
                        results.push(*done);
                        continue;
                    }
                    tasks.push(Task::Leave(node, key.map(|(_, context)| context)));
                    let term = &source[node as usize];
                    if let Name::Binder(name) = term.name() {
                        self.scope.entry(name).or_default().push(heights[node as usize]);
                        binders += 1;
                        around.push(binders);
                        tasks.push(Task::Unbind(name));
                    }
                    tasks.extend(term.parts().into_iter().rev().map(Task::Enter));
                }
                Task::Leave(node, context) => {
                    let term = &source[node as usize];
                    let parts = results.split_off(results.len() - term.parts().len());
                    let id = self.build(term, heights[node as usize], &parts);
                    results.push(id);
                    if let Some(context) = context {
                        built.insert((node, context), id);
                    }
                }
            }
        }
    }

    /// The height of the innermost binder of that name, 0 if there is none.
    fn height_of(&self, name: &str) -> u32 {
        self.scope.get(name).and_then(|heights| heights.last()).copied().unwrap_or(0)
    }

    /// The node with these parts, new if it is not known.
    fn build(&mut self, term: &'a T, height: u32, parts: &[u32]) -> u32 {
        let mut node = term.clone();
        node.set_parts(parts);
        let mut encoding = Vec::new();
        let height = match term.name() {
            Name::Binder(_) => {
                encoding::binder(&self.ids[parts[0] as usize], &mut encoding);
                height
            }
            Name::Variable(name) => {
                let height = self.height_of(name);
                encoding::variable(name, height, &mut encoding);
                if height == 0 {
                    self.free.insert(name);
                }
                height
            }
            Name::Nameless => {
                node.arrange(&self.roles, &self.ids);
                node.encode(&self.roles, &self.ids, &mut encoding);
                0
            }
        };
        let id = self.hasher.id(&encoding);
        let next = u32::try_from(self.nodes.len()).expect("fewer nodes than fit in memory");
        let index = *self.known.entry(id).or_insert(next);
        if index == next {
            self.nodes.push(node);
            self.ids.push(id);
            self.heights.push(height);
        }
        index
    }

    /// The id of the root, which is built last.
    fn id(&self) -> ContentId {
        *self.ids.last().expect("a type has a node")
    }

    /// The nodes in the order of a depth-first walk, which is that of the branches; the root is the last.
    fn form(self) -> Vec<T> {
        let names = self.binder_names();
        let unplaced = u32::MAX;
        let mut places = vec![unplaced; self.nodes.len()];
        let mut form: Vec<T> = Vec::with_capacity(self.nodes.len());
        let mut stack = vec![(self.nodes.len() - 1, false)];
        while let Some((index, entered)) = stack.pop() {
            if places[index] != unplaced {
                continue;
            }
            let parts = self.nodes[index].parts();
            if !entered {
                stack.push((index, true));
                stack.extend(parts.iter().rev().map(|part| (*part as usize, false)));
                continue;
            }
            let mut node = self.nodes[index].clone();
            node.set_parts(&parts.iter().map(|part| places[*part as usize]).collect::<Vec<_>>());
            if let (Some(name), height @ 1..) = (node.name_mut(), self.heights[index]) {
                name.clone_from(&names[height as usize - 1]);
            }
            places[index] = u32::try_from(form.len()).expect("no more nodes than before");
            form.push(node);
        }
        form
    }

    /// The names of heights 1, 2, …: no free variable has one of them.
    fn binder_names(&self) -> Vec<String> {
        let highest = self.heights.iter().copied().max().unwrap_or(0);
        let names = (1_u64..).map(|number| format!("X{number}")).filter(|name| !self.free.contains(name.as_str()));
        names.take(highest as usize).collect()
    }
}

/// The most binders on a path down from each node, itself included.
fn binder_heights<T: Term>(nodes: &[T], root: u32) -> Vec<u32> {
    let mut heights: Vec<u32> = Vec::with_capacity(nodes.len());
    for node in nodes.iter().take(root as usize + 1) {
        let below = node.parts().into_iter().map(|part| heights[part as usize]).max().unwrap_or(0);
        heights.push(below + u32::from(matches!(node.name(), Name::Binder(_))));
    }
    heights
}

#[cfg(test)]
mod tests;
