//! How nodes of session types are put in order and encoded; the table is in [`crate::canonical`].

use crate::global::GlobalNode;
use crate::hash::ContentId;
use crate::local::LocalNode;
use crate::sort::{Label, Sort};
use std::collections::BTreeMap;

/// The roles of a canonical global type; local types name theirs and have none.
#[derive(Default)]
pub(super) struct Roles {
    /// Their names, sorted, each once.
    pub(super) names: Vec<String>,
    /// Where the roles of the source are among them.
    places: BTreeMap<u32, u32>,
}

impl Roles {
    /// From the roles of the source that occur, with their names.
    pub(super) fn new<'n>(occurring: impl Iterator<Item = (u32, &'n str)>) -> Self {
        let mut by_name: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for (role, name) in occurring {
            by_name.entry(name).or_default().push(role);
        }
        let mut roles = Self::default();
        for (place, (name, sources)) in (0..).zip(by_name) {
            roles.names.push(name.to_owned());
            roles.places.extend(sources.into_iter().map(|role| (role, place)));
        }
        roles
    }

    fn place(&self, role: &mut u32) {
        *role = self.places[role];
    }

    fn name(&self, role: u32) -> &str {
        &self.names[role as usize]
    }
}

/// A node that is neither a binder nor a variable.
pub(super) trait Encode {
    /// Numbers roles by name and sorts what has no order.
    fn arrange(&mut self, roles: &Roles, ids: &[ContentId]);

    /// Appends the encoding of an arranged node.
    fn encode(&self, roles: &Roles, ids: &[ContentId], out: &mut Vec<u8>);
}

impl Encode for GlobalNode {
    fn arrange(&mut self, roles: &Roles, ids: &[ContentId]) {
        let id = |node: &crate::global::GlobalId| ids[node.0 as usize];
        match self {
            Self::End | Self::Var(_) | Self::Rec(..) => {}
            Self::Comm { sender, receiver, branches } => {
                roles.place(sender);
                roles.place(receiver);
                branches.sort_by(|(a, x), (b, y)| (a, id(x)).cmp(&(b, id(y))));
            }
            Self::Choice { decider, branches } => {
                roles.place(decider);
                branches.iter_mut().for_each(|(receiver, _, _)| roles.place(receiver));
                branches.sort_by(|(r, a, x), (s, b, y)| (r, a, id(x)).cmp(&(s, b, id(y))));
            }
            Self::Case { deciders, branches } => {
                deciders.iter_mut().for_each(|decider| roles.place(decider));
                deciders.sort_unstable();
                deciders.dedup();
                branches.sort_by(|(a, x), (b, y)| (a, id(x)).cmp(&(b, id(y))));
            }
            Self::Par { branches, .. } => branches.sort_by_key(id),
            Self::Timed { owner, outcomes, .. } => {
                roles.place(owner);
                outcomes.sort_by(|(a, x), (b, y)| (a, id(x)).cmp(&(b, id(y))));
            }
        }
    }

    fn encode(&self, roles: &Roles, ids: &[ContentId], out: &mut Vec<u8>) {
        let id = |node: &crate::global::GlobalId| &ids[node.0 as usize].0;
        match self {
            Self::End | Self::Var(_) | Self::Rec(..) => out.push(0),
            Self::Comm { sender, receiver, branches } => {
                out.push(4);
                text(roles.name(*sender), out);
                text(roles.name(*receiver), out);
                list(branches, out, |(name, then), out| {
                    label(name, out);
                    out.extend(id(then));
                });
            }
            Self::Choice { decider, branches } => {
                out.push(5);
                text(roles.name(*decider), out);
                list(branches, out, |(receiver, name, then), out| {
                    text(roles.name(*receiver), out);
                    label(name, out);
                    out.extend(id(then));
                });
            }
            Self::Case { deciders, branches } => {
                out.push(10);
                list(deciders, out, |decider, out| text(roles.name(*decider), out));
                named(branches, out, id);
            }
            Self::Par { branches, then } => {
                out.push(11);
                list(branches, out, |branch, out| out.extend(id(branch)));
                out.extend(id(then));
            }
            Self::Timed { owner, body, outcomes, then } => {
                out.push(12);
                text(roles.name(*owner), out);
                out.extend(id(body));
                named(outcomes, out, id);
                out.extend(id(then));
            }
        }
    }
}

impl Encode for LocalNode {
    fn arrange(&mut self, _roles: &Roles, ids: &[ContentId]) {
        let id = |node: &crate::local::LocalId| ids[node.0 as usize];
        match self {
            Self::End | Self::Var(_) | Self::Rec(..) => {}
            Self::Send(_, branches) | Self::Recv(_, branches) => {
                branches.sort_by(|(a, x), (b, y)| (a, id(x)).cmp(&(b, id(y))));
            }
            Self::SendAny(branches) | Self::RecvAny(branches) => {
                branches.sort_by(|(p, a, x), (q, b, y)| (p, a, id(x)).cmp(&(q, b, id(y))));
            }
            Self::Case(branches) | Self::Timed { outcomes: branches, .. } => {
                branches.sort_by(|(a, x), (b, y)| (a, id(x)).cmp(&(b, id(y))));
            }
            Self::Par { branches, .. } => branches.sort_by_key(id),
        }
    }

    fn encode(&self, _roles: &Roles, ids: &[ContentId], out: &mut Vec<u8>) {
        let id = |node: &crate::local::LocalId| &ids[node.0 as usize].0;
        match self {
            Self::End | Self::Var(_) | Self::Rec(..) => out.push(0),
            Self::Send(partner, branches) | Self::Recv(partner, branches) => {
                out.push(if matches!(self, Self::Send(..)) { 6 } else { 7 });
                text(partner, out);
                list(branches, out, |(name, then), out| {
                    label(name, out);
                    out.extend(id(then));
                });
            }
            Self::SendAny(branches) | Self::RecvAny(branches) => {
                out.push(if matches!(self, Self::SendAny(_)) { 8 } else { 9 });
                list(branches, out, |(partner, name, then), out| {
                    text(partner, out);
                    label(name, out);
                    out.extend(id(then));
                });
            }
            Self::Case(branches) => {
                out.push(10);
                count(0, out);
                named(branches, out, id);
            }
            Self::Par { branches, then } => {
                out.push(11);
                list(branches, out, |branch, out| out.extend(id(branch)));
                out.extend(id(then));
            }
            Self::Timed { owner, body, outcomes, then } => {
                out.push(12);
                text(owner, out);
                out.extend(id(body));
                named(outcomes, out, id);
                out.extend(id(then));
            }
        }
    }
}

/// Appends the encoding of a binder.
pub(super) fn binder(body: &ContentId, out: &mut Vec<u8>) {
    out.push(3);
    out.extend(body.0);
}

/// Appends the encoding of a variable; a free one has height 0.
pub(super) fn variable(name: &str, height: u32, out: &mut Vec<u8>) {
    if height == 0 {
        out.push(2);
        text(name, out);
    } else {
        out.push(1);
        out.extend(height.to_le_bytes());
    }
}

fn count(count: usize, out: &mut Vec<u8>) {
    out.extend(u32::try_from(count).expect("a name or list of a type has less than 2^32 parts").to_le_bytes());
}

fn text(text: &str, out: &mut Vec<u8>) {
    count(text.len(), out);
    out.extend(text.as_bytes());
}

fn list<T>(items: &[T], out: &mut Vec<u8>, item: impl Fn(&T, &mut Vec<u8>)) {
    count(items.len(), out);
    items.iter().for_each(|one| item(one, out));
}

/// Branches that have names instead of labels.
fn named<'i, Id>(branches: &[(String, Id)], out: &mut Vec<u8>, id: impl Fn(&Id) -> &'i [u8; 32]) {
    list(branches, out, |(name, then), out| {
        text(name, out);
        out.extend(id(then));
    });
}

fn label(label: &Label, out: &mut Vec<u8>) {
    text(&label.name, out);
    let mut sorts = vec![&label.sort];
    while let Some(sort) = sorts.pop() {
        match sort {
            Sort::Unit => out.push(0),
            Sort::Nat => out.push(1),
            Sort::Int => out.push(2),
            Sort::Bool => out.push(3),
            Sort::String => out.push(4),
            Sort::Bytes => out.push(5),
            Sort::Real => out.push(6),
            Sort::Vector(length) => {
                out.push(7);
                out.extend(length.to_le_bytes());
            }
            Sort::Prod(left, right) => {
                out.push(8);
                sorts.extend([&**right, &**left]);
            }
            Sort::Named(name) => {
                out.push(9);
                text(name, out);
            }
        }
    }
}
