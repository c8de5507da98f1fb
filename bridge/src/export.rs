//! Session types to JSON.
//!
//! A stack of work takes the place of recursion. Keys come in the order of the schema; `then` is left out where
//! nothing follows.

use crate::json::{Event, Writer};
use tell_ir::global::{GlobalId, GlobalNode, GlobalType};
use tell_ir::local::{LocalId, LocalNode, LocalType};
use tell_ir::sort::{Label, Sort};

/// The JSON of a global type, without its list of roles.
///
/// # Panics
/// If the type has a role or node outside its tables.
#[must_use]
pub fn global_to_json(global: &GlobalType) -> String {
    run(vec![Work::Term(global.root)], |id, out| global_term(global, id, out))
}

/// The JSON `{"roles":[…],"global":G}` of a global type.
///
/// # Panics
/// As [`global_to_json`].
#[must_use]
pub fn global_with_roles_to_json(global: &GlobalType) -> String {
    let mut work = Vec::new();
    let out = &mut work;
    object(out, |out| {
        key(out, "roles");
        array(out, |out| out.extend(global.roles.iter().map(|role| Work::Event(Event::Text(role)))));
        key(out, "global");
        out.push(Work::Term(global.root));
    });
    work.reverse();
    run(work, |id, out| global_term(global, id, out))
}

/// The JSON of a local type.
///
/// # Panics
/// If the type has a node outside its table.
#[must_use]
pub fn local_to_json(local: &LocalType) -> String {
    run(vec![Work::Term(local.root)], |id, out| local_term(local, id, out))
}

/// What is still to be written.
enum Work<'a, Id> {
    Event(Event<'a>),
    Sort(&'a Sort),
    Term(Id),
}

/// Writes from a stack of work; `expand` appends the parts of a term in order.
fn run<'a, Id: Copy>(mut stack: Vec<Work<'a, Id>>, expand: impl Fn(Id, &mut Vec<Work<'a, Id>>)) -> String {
    let mut writer = Writer::default();
    let mut parts = Vec::new();
    while let Some(work) = stack.pop() {
        match work {
            Work::Event(event) => writer.event(event),
            Work::Sort(sort) => self::sort(sort, &mut parts),
            Work::Term(id) => expand(id, &mut parts),
        }
        stack.extend(parts.drain(..).rev());
    }
    writer.finish()
}

type Out<'a, Id> = Vec<Work<'a, Id>>;

fn key<'a, Id>(out: &mut Out<'a, Id>, key: &'a str) {
    out.push(Work::Event(Event::Key(key)));
}

fn text<'a, Id>(out: &mut Out<'a, Id>, name: &'a str, value: &'a str) {
    out.extend([Work::Event(Event::Key(name)), Work::Event(Event::Text(value))]);
}

fn term<'a, Id>(out: &mut Out<'a, Id>, name: &'a str, id: Id) {
    out.extend([Work::Event(Event::Key(name)), Work::Term(id)]);
}

fn object<'a, Id>(out: &mut Out<'a, Id>, body: impl FnOnce(&mut Out<'a, Id>)) {
    out.push(Work::Event(Event::StartObject));
    body(out);
    out.push(Work::Event(Event::EndObject));
}

fn array<'a, Id>(out: &mut Out<'a, Id>, body: impl FnOnce(&mut Out<'a, Id>)) {
    out.push(Work::Event(Event::StartArray));
    body(out);
    out.push(Work::Event(Event::EndArray));
}

/// The array of branches under its key; `row` writes what a branch has before its continuation.
fn branches<'a, Id: Copy, Row>(out: &mut Out<'a, Id>, rows: &'a [Row], row: impl Fn(&'a Row, &mut Out<'a, Id>) -> Id) {
    key(out, "branches");
    array(out, |out| {
        for branch in rows {
            object(out, |out| {
                let then = row(branch, out);
                term(out, "continuation", then);
            });
        }
    });
}

fn label<'a, Id>(out: &mut Out<'a, Id>, label: &'a Label) {
    key(out, "label");
    object(out, |out| {
        text(out, "name", &label.name);
        key(out, "sort");
        out.push(Work::Sort(&label.sort));
    });
}

fn sort<'a, Id>(sort: &'a Sort, out: &mut Out<'a, Id>) {
    let word = match sort {
        Sort::Unit => "unit",
        Sort::Nat => "nat",
        Sort::Int => "int",
        Sort::Bool => "bool",
        Sort::String => "string",
        Sort::Bytes => "bytes",
        Sort::Real => "real",
        Sort::Vector(length) => {
            return object(out, |out| {
                key(out, "vector");
                out.push(Work::Event(Event::Number(*length)));
            });
        }
        Sort::Prod(left, right) => {
            return object(out, |out| {
                key(out, "prod");
                array(out, |out| out.extend([Work::Sort(left), Work::Sort(right)]));
            });
        }
        Sort::Named(name) => return object(out, |out| text(out, "named", name)),
    };
    out.push(Work::Event(Event::Text(word)));
}

/// `then`, unless nothing follows.
fn then<Id>(out: &mut Out<'_, Id>, id: Id, is_end: bool) {
    if !is_end {
        term(out, "then", id);
    }
}

fn par<Id: Copy>(out: &mut Out<'_, Id>, parts: &[Id], id: Id, is_end: bool) {
    text(out, "kind", "par");
    key(out, "branches");
    array(out, |out| out.extend(parts.iter().map(|&branch| Work::Term(branch))));
    then(out, id, is_end);
}

fn timed<'a, Id: Copy>(
    out: &mut Out<'a, Id>,
    owner: &'a str,
    body: Id,
    outcomes: &'a [(String, Id)],
    (id, is_end): (Id, bool),
) {
    text(out, "kind", "timed");
    text(out, "owner", owner);
    term(out, "body", body);
    key(out, "outcomes");
    object(out, |out| outcomes.iter().for_each(|(name, block)| term(out, name, *block)));
    then(out, id, is_end);
}

fn global_term<'a>(global: &'a GlobalType, id: GlobalId, out: &mut Out<'a, GlobalId>) {
    let role = |role: u32| global.roles[role as usize].as_str();
    object(out, |out| match global.node(id) {
        GlobalNode::End => text(out, "kind", "end"),
        GlobalNode::Var(name) => {
            text(out, "kind", "var");
            text(out, "name", name);
        }
        GlobalNode::Rec(name, body) => {
            text(out, "kind", "rec");
            text(out, "var", name);
            term(out, "body", *body);
        }
        GlobalNode::Comm { sender, receiver, branches: rows } => {
            text(out, "kind", "comm");
            text(out, "sender", role(*sender));
            text(out, "receiver", role(*receiver));
            branches(out, rows, |(label, then), out| {
                self::label(out, label);
                *then
            });
        }
        GlobalNode::Choice { decider, branches: rows } => {
            text(out, "kind", "choice");
            text(out, "decider", role(*decider));
            branches(out, rows, |(receiver, label, then), out| {
                text(out, "receiver", role(*receiver));
                self::label(out, label);
                *then
            });
        }
        GlobalNode::Case { deciders, branches: rows } => {
            text(out, "kind", "case");
            key(out, "deciders");
            array(out, |out| out.extend(deciders.iter().map(|&decider| Work::Event(Event::Text(role(decider))))));
            branches(out, rows, |(name, then), out| {
                text(out, "name", name);
                *then
            });
        }
        GlobalNode::Par { branches, then } => par(out, branches, *then, *global.node(*then) == GlobalNode::End),
        GlobalNode::Timed { owner, body, outcomes, then } => {
            timed(out, role(*owner), *body, outcomes, (*then, *global.node(*then) == GlobalNode::End));
        }
    });
}

fn local_term<'a>(local: &'a LocalType, id: LocalId, out: &mut Out<'a, LocalId>) {
    let partner = |out: &mut Out<'a, LocalId>, kind: &'static str, partner: &'a str, rows: &'a [(Label, LocalId)]| {
        text(out, "kind", kind);
        text(out, "partner", partner);
        branches(out, rows, |(label, then), out| {
            self::label(out, label);
            *then
        });
    };
    let any = |out: &mut Out<'a, LocalId>, kind: &'static str, rows: &'a [(String, Label, LocalId)]| {
        text(out, "kind", kind);
        branches(out, rows, |(partner, label, then), out| {
            text(out, "partner", partner);
            self::label(out, label);
            *then
        });
    };
    object(out, |out| match local.node(id) {
        LocalNode::End => text(out, "kind", "end"),
        LocalNode::Var(name) => {
            text(out, "kind", "var");
            text(out, "name", name);
        }
        LocalNode::Rec(name, body) => {
            text(out, "kind", "rec");
            text(out, "var", name);
            term(out, "body", *body);
        }
        LocalNode::Send(to, rows) => partner(out, "send", to, rows),
        LocalNode::Recv(from, rows) => partner(out, "recv", from, rows),
        LocalNode::SendAny(rows) => any(out, "send_any", rows),
        LocalNode::RecvAny(rows) => any(out, "recv_any", rows),
        LocalNode::Case(rows) => {
            text(out, "kind", "case");
            branches(out, rows, |(name, then), out| {
                text(out, "name", name);
                *then
            });
        }
        LocalNode::Par { branches, then } => par(out, branches, *then, *local.node(*then) == LocalNode::End),
        LocalNode::Timed { owner, body, outcomes, then } => {
            timed(out, owner, *body, outcomes, (*then, *local.node(*then) == LocalNode::End));
        }
    });
}
