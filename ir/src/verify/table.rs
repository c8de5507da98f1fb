//! Rules V1.7 to V1.15 and V7.1: the tables an image consists of.

use super::resource;
use super::{Check, MAX_TYPE_DEPTH, Subject, variant_args, violation};
use crate::image::{CodeImage, MAX_REGISTERS, Outcome, Scope, ScopeTable, Shape};
use crate::machine::State;
use crate::ty::{Type, TypeId};
use std::collections::HashSet;
use std::hash::Hash;

/// Most entries of a table whose indices are `u16`.
pub(super) const SHORT_TABLE: usize = u16::MAX as usize;

/// Checks what belongs to no single role.
pub(super) fn check(image: &CodeImage) -> Check {
    roles(image)?;
    indices(image)?;
    if !distinct(image.labels.iter().map(|label| (label.name.as_str(), label.payload))) {
        return violation("V1.9", "two labels have the same name and payload");
    }
    types(image)?;
    image.shapes.iter().try_for_each(|shape| self::shape(image, shape))?;
    edges(image)?;
    image.scopes.iter().try_for_each(|scope| self::scope(image, scope))?;
    resource::check(image)?;
    host(image)
}

fn roles(image: &CodeImage) -> Check {
    let count = image.roles.len();
    if image.functions.len() != count || image.machines.len() != count {
        let (functions, machines) = (image.functions.len(), image.machines.len());
        return violation("V1.7", format!("{count} roles, {functions} functions and {machines} machines"));
    }
    if count > SHORT_TABLE {
        return violation("V1.7", format!("{count} roles"));
    }
    if !distinct(image.roles.iter().map(|role| role.name.as_str())) {
        return violation("V1.7", "two roles have the same name");
    }
    Ok(())
}

pub(super) fn distinct<T: Hash + Eq>(items: impl Iterator<Item = T>) -> bool {
    let mut seen = HashSet::new();
    items.into_iter().all(|item| seen.insert(item))
}

fn indices(image: &CodeImage) -> Check {
    let short = [
        ("labels", image.labels.len()),
        ("effects", image.effects.len()),
        ("operations", image.ops.len()),
        ("shapes", image.shapes.len()),
    ];
    if let Some((what, len)) = short.iter().find(|(_, len)| *len > SHORT_TABLE) {
        return violation("V1.8", format!("{len} {what}"));
    }
    let labels = image.labels.iter().map(|label| label.payload);
    let effects = image.effects.iter().flat_map(|effect| effect.args.iter().copied());
    let ops = image.ops.iter().flat_map(|op| op.params.iter().copied().chain([op.result]));
    let params = image.roles.iter().flat_map(|role| role.params.iter().map(|param| param.ty));
    let shapes = image.shapes.iter().map(shape_type);
    for id in labels.chain(effects).chain(ops).chain(params).chain(shapes) {
        in_range(image, id)?;
    }
    match image.ops.iter().find(|op| usize::from(op.effect) >= image.effects.len()) {
        Some(op) => {
            violation("V1.8", format!("operation `{}` is of effect {}, which is not there", op.name, op.effect))
        }
        None => Ok(()),
    }
}

pub(super) fn in_range(image: &CodeImage, id: TypeId) -> Check {
    if (id.0 as usize) < image.types.len() {
        return Ok(());
    }
    violation("V1.8", format!("type {} is not there", id.0))
}

const fn shape_type(shape: &Shape) -> TypeId {
    match *shape {
        Shape::Product(ty) | Shape::Variant(ty, _) | Shape::List(ty, _) => ty,
    }
}

fn types(image: &CodeImage) -> Check {
    if !distinct(image.types.iter()) {
        return violation("V1.10", "a type is listed twice");
    }
    for (index, ty) in image.types.iter().enumerate() {
        for id in components(ty) {
            in_range(image, id)?;
        }
        if let Some(fault) = malformed(ty) {
            return violation("V1.10", format!("type {index}: {fault}"));
        }
    }
    depths(&image.types)
}

/// The types a type mentions directly.
pub(super) fn components(ty: &Type) -> impl Iterator<Item = TypeId> {
    let (first, second, tuple, fields, variants): (_, _, &[TypeId], &[_], &[_]) = match ty {
        Type::Unit
        | Type::Bool
        | Type::Int
        | Type::String
        | Type::Bytes
        | Type::Duration
        | Type::Session
        | Type::Role
        | Type::Opaque(_)
        | Type::Endpoint
        | Type::Evidence(_)
        | Type::Witness(_) => (None, None, &[], &[], &[]),
        Type::List(item) | Type::Maybe(item) => (Some(*item), None, &[], &[], &[]),
        Type::Result(first, second) | Type::Map(first, second) => (Some(*first), Some(*second), &[], &[], &[]),
        Type::Tuple(items) => (None, None, items, &[], &[]),
        Type::Record(fields) => (None, None, &[], fields, &[]),
        Type::Union(_, variants) => (None, None, &[], &[], variants),
    };
    let fields = fields.iter().map(|(_, id): &(String, TypeId)| *id);
    let variants = variants.iter().flat_map(|(_, args): &(String, Vec<TypeId>)| args.iter().copied());
    first.into_iter().chain(second).chain(tuple.iter().copied()).chain(fields).chain(variants)
}

fn malformed(ty: &Type) -> Option<&'static str> {
    match ty {
        Type::Tuple(items) if items.len() < 2 => Some("a tuple has at least two components"),
        Type::Tuple(items) if items.len() > SHORT_TABLE => Some("a tuple this long"),
        Type::Record(fields) if fields.is_empty() => Some("a record has at least one field"),
        Type::Record(fields) if fields.len() > SHORT_TABLE => Some("a record this long"),
        Type::Record(fields) if !fields.is_sorted_by(|a, b| a.0 < b.0) => {
            Some("the fields of a record are ascending and distinct")
        }
        Type::Union(_, variants) if variants.is_empty() => Some("a union has at least one variant"),
        Type::Union(_, variants) if variants.len() > SHORT_TABLE => Some("a union of this many variants"),
        Type::Union(_, variants) if variants.iter().any(|(_, args)| args.len() > SHORT_TABLE) => {
            Some("a variant of this many arguments")
        }
        Type::Union(_, variants) if !distinct(variants.iter().map(|(name, _)| name)) => {
            Some("two variants of a union have the same name")
        }
        _ => None,
    }
}

/// Walks the types that are not unions: a cycle among them is an infinite type.
fn depths(types: &[Type]) -> Check {
    const UNSEEN: usize = 0;
    const OPEN: usize = usize::MAX;
    let mut depth = vec![UNSEEN; types.len()];
    let mut stack = Vec::new();
    for start in 0..types.len() {
        if depth[start] == UNSEEN {
            depth[start] = OPEN;
            stack.push((start, components(&types[start]), 1));
        }
        while let Some((index, rest, deepest)) = stack.last_mut() {
            // What a union contains is behind a name: it is walked from its own entry.
            let next = if matches!(types[*index], Type::Union(..)) { None } else { rest.next() };
            let Some(id) = next else {
                let (index, done) = (*index, *deepest);
                depth[index] = done;
                stack.pop();
                if let Some((_, _, deepest)) = stack.last_mut() {
                    *deepest = (*deepest).max(done + 1);
                }
                if done > MAX_TYPE_DEPTH {
                    return violation("V1.10", format!("type {index} is nested deeper than {MAX_TYPE_DEPTH}"));
                }
                continue;
            };
            let component = id.0 as usize;
            match depth[component] {
                UNSEEN => {
                    depth[component] = OPEN;
                    stack.push((component, components(&types[component]), 1));
                }
                OPEN => return violation("V1.10", format!("type {component} contains itself without a union")),
                known => *deepest = (*deepest).max(known + 1),
            }
        }
    }
    Ok(())
}

fn shape(image: &CodeImage, shape: &Shape) -> Check {
    let ty = &image.types[shape_type(shape).0 as usize];
    let fits = match shape {
        Shape::Product(_) => matches!(ty, Type::Tuple(_) | Type::Record(_)),
        Shape::Variant(_, tag) => variant_args(ty, *tag).is_some(),
        Shape::List(..) => matches!(ty, Type::List(_)),
    };
    if fits { Ok(()) } else { violation("V1.15", format!("there is no {shape:?} of that type")) }
}

fn edges(image: &CodeImage) -> Check {
    let roles = image.roles.len();
    if !image.edges.is_sorted_by(|a, b| (a.from, a.to) < (b.from, b.to)) {
        return violation("V1.13", "the edges are not ascending");
    }
    for edge in &image.edges {
        if edge.from == edge.to || usize::from(edge.from.max(edge.to)) >= roles {
            return violation("V1.13", format!("no edge can lead from role {} to role {}", edge.from, edge.to));
        }
    }
    for (machine, role) in image.machines.iter().zip(0..) {
        for state in &machine.states {
            let (rows, sends) = match state {
                State::Send(rows) => (rows, true),
                State::Recv { rows, .. } => (rows, false),
                State::End | State::Tau(_) | State::Par { .. } | State::Scope { .. } | State::Join => continue,
            };
            for row in rows {
                let pair = if sends { (role, row.partner) } else { (row.partner, role) };
                if image.edges.binary_search_by_key(&pair, |edge| (edge.from, edge.to)).is_err() {
                    return violation("V1.13", format!("no edge leads from role {} to role {}", pair.0, pair.1));
                }
            }
        }
    }
    Ok(())
}

fn scope(image: &CodeImage, scope: &Scope) -> Check {
    let Scope { owner, participants, outcomes } = scope;
    let known = participants.iter().all(|role| usize::from(*role) < image.roles.len());
    if !known || !participants.is_sorted_by(|a, b| a < b) || participants.binary_search(owner).is_err() {
        return violation("V1.16", format!("a scope of role {owner} has participants {participants:?}"));
    }
    if outcomes.first() != Some(&Outcome::Done) || !outcomes.is_sorted_by(|a, b| a < b) {
        return violation("V1.16", format!("a scope of role {owner} has outcomes {outcomes:?}"));
    }
    Ok(())
}

/// The implicit effect is part of the machine: a host may rely on its signatures.
fn host(image: &CodeImage) -> Check {
    let ty = |id: TypeId| &image.types[id.0 as usize];
    for op in &image.ops {
        let effect = &image.effects[usize::from(op.effect)];
        if effect.name != "Host" {
            continue;
        }
        let fits = match (op.name.as_str(), op.params.as_slice()) {
            ("supply", [name]) => *ty(*name) == Type::String,
            ("choose", [names]) => {
                matches!(ty(*names), Type::List(item) if *ty(*item) == Type::String) && *ty(op.result) == Type::Int
            }
            _ => false,
        };
        if !fits || !effect.args.is_empty() {
            return violation("V7.1", format!("`Host` has no operation `{}` of that type", op.name));
        }
    }
    Ok(())
}

/// Checks the debug section; the code is already known to be there.
pub(super) fn debug(image: &CodeImage) -> Check {
    let Some(debug) = &image.debug else { return Ok(()) };
    if debug.spans.len() != image.functions.len() {
        return violation("V1.14", "debug positions are not one list per role");
    }
    for (spans, function) in debug.spans.iter().zip(&image.functions) {
        let ascending = spans.is_sorted_by(|a, b| a.0 < b.0);
        let inside = spans.last().is_none_or(|span| (span.0 as usize) < function.code.len());
        if !ascending || !inside || spans.iter().any(|span| span.1 > span.2) {
            return violation("V1.14", "debug positions are not ascending or not inside the code");
        }
    }
    Ok(())
}

/// Checks frame and parameters of one role.
pub(super) fn check_function(subject: &Subject<'_>) -> Check {
    let Subject { image, function, .. } = *subject;
    let frame = function.regs.len();
    if frame > MAX_REGISTERS {
        return violation("V1.12", format!("a frame of {frame} registers"));
    }
    function.regs.iter().try_for_each(|&id| in_range(image, id))?;
    let params = &image.roles[subject.role].params;
    for param in params {
        if function.regs.get(usize::from(param.reg)) != Some(&param.ty) {
            return violation("V1.11", format!("parameter `{}` has no register of its type", param.name));
        }
    }
    function.scopes.iter().try_for_each(|table| scope_table(subject, table))?;
    if !distinct(params.iter().map(|param| param.reg)) || !distinct(params.iter().map(|param| param.name.as_str())) {
        return violation("V1.11", "two parameters share a register or a name");
    }
    Ok(())
}

fn scope_table(subject: &Subject<'_>, table: &ScopeTable) -> Check {
    let Some(scope) = subject.image.scopes.get(table.scope as usize) else {
        return violation("V1.8", format!("scope {} is not there", table.scope));
    };
    let role = u16::try_from(subject.role).unwrap_or(u16::MAX);
    if scope.participants.binary_search(&role).is_err() {
        return violation("V1.17", format!("the role takes no part in scope {}", table.scope));
    }
    if !table.rows.iter().map(|row| row.outcome).eq(scope.outcomes.iter().copied()) {
        return violation("V1.17", format!("a table does not have the outcomes of scope {}", table.scope));
    }
    let keeps_time = role == scope.owner && scope.outcomes.contains(&Outcome::Timeout);
    if keeps_time != table.deadline.is_some() {
        return violation(
            "V1.17",
            format!("scope {} has a deadline exactly where its owner may time out", table.scope),
        );
    }
    if table.rows.iter().any(|row| row.bind.is_some() && row.outcome != Outcome::Fail) {
        return violation("V1.17", format!("scope {} has a word for what is no failure", table.scope));
    }
    let is = |reg: u16, expected: &Type| function_type(subject, reg).is_some_and(|ty| ty == expected);
    if !table.deadline.is_none_or(|reg| is(reg, &Type::Duration)) {
        return violation("V3.8", format!("the deadline of scope {} is not in a register for a Duration", table.scope));
    }
    if !table.rows.iter().filter_map(|row| row.bind).all(|reg| is(reg, &Type::String)) {
        return violation("V3.8", format!("the failure of scope {} is not in a register for a String", table.scope));
    }
    Ok(())
}

fn function_type<'a>(subject: &Subject<'a>, reg: u16) -> Option<&'a Type> {
    let id = subject.function.regs.get(usize::from(reg))?;
    Some(&subject.image.types[id.0 as usize])
}
