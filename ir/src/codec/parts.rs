//! The parts of an image, read one by one.

use super::{Cursor, Read, other};
use crate::choreography::{Branch, Node, NodeId, Place};
use crate::image::{
    Block, ChooseTable, Const, Debug, Effect, Final, Function, Label, Op, Param, Role, Scope, ScopeTable,
};
use crate::machine::{LocalMachine, State, StateId, Transition};
use crate::resource::{Bundle, Fact, Layer, Nested, OpenTable, Resources};
use crate::ty::Type;

fn unknown<T>(what: &str, found: u32) -> Read<T> {
    other(format!("unknown kind of {what}: {found}"))
}

pub(super) fn role(cursor: &mut Cursor<'_>) -> Read<Role> {
    Ok(Role { name: cursor.text()?, params: cursor.list(3, param)? })
}

fn param(cursor: &mut Cursor<'_>) -> Read<Param> {
    Ok(Param { name: cursor.text()?, ty: cursor.plain()?, reg: cursor.plain()? })
}

pub(super) fn label(cursor: &mut Cursor<'_>) -> Read<Label> {
    Ok(Label { name: cursor.text()?, payload: cursor.plain()? })
}

pub(super) fn ty(cursor: &mut Cursor<'_>) -> Read<Type> {
    Ok(match cursor.alternative()? {
        0 => Type::Unit,
        1 => Type::Bool,
        2 => Type::Int,
        3 => Type::String,
        4 => Type::Bytes,
        5 => Type::Duration,
        6 => Type::Session,
        7 => Type::Role,
        8 => Type::List(cursor.plain()?),
        9 => Type::Maybe(cursor.plain()?),
        10 => Type::Result(cursor.plain()?, cursor.plain()?),
        11 => Type::Map(cursor.plain()?, cursor.plain()?),
        12 => Type::Tuple(cursor.plain_list::<_, 1>()?),
        13 => Type::Record(cursor.list(2, |cursor| Ok((cursor.text()?, cursor.plain()?)))?),
        14 => Type::Union(cursor.text()?, cursor.list(2, |cursor| Ok((cursor.text()?, cursor.plain_list::<_, 1>()?)))?),
        15 => Type::Opaque(cursor.text()?),
        16 => Type::Endpoint,
        17 => Type::Evidence(cursor.plain()?),
        18 => Type::Witness(cursor.plain()?),
        found => return unknown("type", found),
    })
}

pub(super) fn effect(cursor: &mut Cursor<'_>) -> Read<Effect> {
    Ok(Effect { name: cursor.text()?, args: cursor.plain_list::<_, 1>()? })
}

pub(super) fn op(cursor: &mut Cursor<'_>) -> Read<Op> {
    Ok(Op {
        effect: cursor.plain()?,
        name: cursor.text()?,
        params: cursor.plain_list::<_, 1>()?,
        result: cursor.plain()?,
        meta: cursor.plain()?,
    })
}

pub(super) fn constant(cursor: &mut Cursor<'_>) -> Read<Const> {
    Ok(match cursor.alternative()? {
        0 => Const::Unit,
        1 => Const::Bool(cursor.plain()?),
        2 => Const::Int(cursor.plain()?),
        3 => Const::Duration(cursor.plain()?),
        4 => Const::Str(cursor.text()?),
        5 => Const::Session,
        found => return unknown("constant", found),
    })
}

pub(super) fn function(cursor: &mut Cursor<'_>) -> Read<Function> {
    Ok(Function {
        regs: cursor.plain_list::<_, 1>()?,
        // An instruction without operands is one byte.
        code: cursor.plain_list::<_, 1>()?,
        blocks: cursor.list(2, |cursor| Ok(Block { pc: cursor.word()?, state: StateId(cursor.word()?) }))?,
        chooses: cursor
            .list(2, |cursor| Ok(ChooseTable { rows: cursor.plain_list::<_, 4>()?, finals: cursor.plain()? }))?,
        switches: cursor.list(1, Cursor::plain_list::<u32, 1>)?,
        finals: cursor
            .list(1, |cursor| cursor.list(2, |cursor| Ok(Final { name: cursor.text()?, reg: cursor.plain()? })))?,
        scopes: cursor.list(3, scope_table)?,
        opens: cursor.list(2, |cursor| {
            Ok(OpenTable { nested: cursor.plain()?, args: cursor.list(1, Cursor::plain_list::<_, 1>)? })
        })?,
    })
}

fn scope_table(cursor: &mut Cursor<'_>) -> Read<ScopeTable> {
    Ok(ScopeTable { scope: cursor.plain()?, deadline: cursor.plain()?, rows: cursor.plain_list::<_, 3>()? })
}

pub(super) fn scope(cursor: &mut Cursor<'_>) -> Read<Scope> {
    Ok(Scope {
        owner: cursor.plain()?,
        participants: cursor.plain_list::<_, 1>()?,
        outcomes: cursor.plain_list::<_, 1>()?,
    })
}

pub(super) fn resources(cursor: &mut Cursor<'_>) -> Read<Resources> {
    Ok(Resources {
        nested: cursor.list(33, nested)?,
        layers: cursor.list(2, |cursor| Ok(Layer { name: cursor.text()?, reach: cursor.plain()? }))?,
        facts: cursor.list(2, |cursor| Ok(Fact { name: cursor.text()?, about: cursor.plain()? }))?,
        bundles: cursor.list(2, |cursor| Ok(Bundle { label: cursor.plain()?, facts: cursor.plain_list::<_, 1>()? }))?,
    })
}

fn nested(cursor: &mut Cursor<'_>) -> Read<Nested> {
    let role = |cursor: &mut Cursor<'_>| Ok((cursor.text()?, cursor.plain_list::<_, 1>()?));
    Ok(Nested { image: cursor.plain()?, roles: cursor.list(2, role)? })
}

pub(super) fn machine(cursor: &mut Cursor<'_>) -> Read<LocalMachine> {
    Ok(LocalMachine {
        states: cursor.list(1, state)?,
        entries: cursor.list(2, place)?,
        decisions: cursor.list(2, place)?,
    })
}

fn place(cursor: &mut Cursor<'_>) -> Read<Place> {
    Ok(Place { state: state_id(cursor)?, node: node_id(cursor)? })
}

fn state_id(cursor: &mut Cursor<'_>) -> Read<StateId> {
    cursor.word().map(StateId)
}

fn node_id(cursor: &mut Cursor<'_>) -> Read<NodeId> {
    cursor.word().map(NodeId)
}

fn branch(cursor: &mut Cursor<'_>) -> Read<Branch> {
    Ok(Branch { label: cursor.short()?, target: node_id(cursor)? })
}

fn transition(cursor: &mut Cursor<'_>) -> Read<Transition> {
    Ok(Transition { partner: cursor.short()?, label: cursor.short()?, target: state_id(cursor)? })
}

pub(super) fn node(cursor: &mut Cursor<'_>) -> Read<Node> {
    Ok(match cursor.alternative()? {
        0 => Node::End,
        1 => Node::Comm { from: cursor.short()?, to: cursor.short()?, branches: cursor.list(2, branch)? },
        2 => Node::Choice { decider: cursor.short()?, arms: cursor.list(1, node_id)? },
        3 => Node::Case { deciders: cursor.list(1, Cursor::short)?, arms: cursor.list(1, node_id)? },
        4 => Node::Local { role: cursor.short()?, next: node_id(cursor)? },
        5 => Node::Par { branches: cursor.list(1, node_id)?, then: node_id(cursor)? },
        6 => Node::Scope {
            scope: cursor.plain()?,
            body: cursor.plain()?,
            rows: cursor.plain_list::<_, 2>()?,
            then: cursor.plain()?,
        },
        7 => Node::Join { of: cursor.plain()? },
        found => return unknown("node", found),
    })
}

fn state(cursor: &mut Cursor<'_>) -> Read<State> {
    Ok(match cursor.alternative()? {
        0 => State::End,
        1 => State::Send(cursor.list(3, transition)?),
        2 => State::Recv { rows: cursor.list(3, transition)?, may_end: cursor.plain()? },
        3 => State::Tau(cursor.list(1, state_id)?),
        4 => State::Par { branches: cursor.list(1, state_id)?, then: state_id(cursor)? },
        5 => State::Scope {
            scope: cursor.plain()?,
            body: cursor.plain()?,
            rows: cursor.plain_list::<_, 2>()?,
            then: cursor.plain()?,
        },
        6 => State::Join,
        found => return unknown("state", found),
    })
}

pub(super) fn debug(cursor: &mut Cursor<'_>) -> Read<Debug> {
    Ok(Debug { file: cursor.text()?, spans: cursor.list(1, Cursor::plain_list::<_, 3>)? })
}
