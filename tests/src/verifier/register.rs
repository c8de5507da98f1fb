//! Which registers an instruction reads and which it may write.

use super::Role;
use tell_ir::image::{Final, Shape};
use tell_ir::instr::{Instr, Reg};
use tell_ir::ty::{Type, TypeId};

use super::typing;

/// The component types of what a shape builds, in order.
pub(super) fn parts(types: &[Type], shape: &Shape) -> Vec<TypeId> {
    let of = |ty: &TypeId| types.get(ty.0 as usize);
    match shape {
        Shape::Product(ty) => of(ty).map(typing::components).unwrap_or_default(),
        Shape::Variant(ty, tag) => {
            let variants = of(ty).and_then(typing::variants).unwrap_or_default();
            variants.into_iter().nth(usize::from(*tag)).unwrap_or_default()
        }
        Shape::List(ty, count) => {
            let item = of(ty).map(typing::components).unwrap_or_default();
            item.first().map(|item| vec![*item; usize::from(*count)]).unwrap_or_default()
        }
    }
}

/// So many registers from that one on, as far as registers have numbers.
pub(super) fn consecutive(first: Reg, count: usize) -> Vec<Reg> {
    (first..=Reg::MAX).take(count).collect()
}

/// The registers of a finals table.
fn finals(role: &Role<'_>, table: u32) -> Vec<Reg> {
    let names = role.function.finals.get(table as usize);
    names.into_iter().flatten().map(|Final { reg, .. }| *reg).collect()
}

/// The registers an instruction reads.
pub(super) fn reads(role: &Role<'_>, instr: Instr) -> Vec<Reg> {
    match instr {
        Instr::Send { val, .. } | Instr::Offer { val, .. } => vec![val],
        Instr::Switch { val, .. } | Instr::Branch { val, .. } => vec![val],
        Instr::Move { src, .. } | Instr::Get { src, .. } | Instr::Count { src, .. } => vec![src],
        Instr::Choose { table } => {
            let ended = role.function.chooses.get(table as usize).and_then(|table| table.finals);
            ended.map(|table| finals(role, table)).unwrap_or_default()
        }
        Instr::Perform { op, args, .. } => {
            let count = role.image.ops.get(usize::from(op)).map_or(0, |op| op.params.len());
            consecutive(args, count)
        }
        Instr::Prim { op, a, b, .. } => {
            let mut operands = vec![a];
            operands.extend(consecutive(b, usize::from(op.arity()) - 1));
            operands
        }
        Instr::Make { shape, args, .. } => {
            let shape = role.image.shapes.get(usize::from(shape));
            consecutive(args, shape.map_or(0, |shape| parts(&role.image.types, shape).len()))
        }
        Instr::Halt { finals: table } => finals(role, table),
        Instr::Enter { scope } => {
            role.function.scopes.get(scope as usize).and_then(|t| t.deadline).into_iter().collect()
        }
        Instr::Open { table, .. } => {
            role.function.opens.get(table as usize).map(|table| table.args.concat()).unwrap_or_default()
        }
        Instr::Close { endpoint, .. } | Instr::Transfer { endpoint, .. } => vec![endpoint],
        Instr::Release { evidence, .. } => vec![evidence],
        Instr::Receive { .. }
        | Instr::Set { .. }
        | Instr::Jump { .. }
        | Instr::Yield
        | Instr::Fail { .. }
        | Instr::Spawn { .. }
        | Instr::JoinAll
        | Instr::Finish
        | Instr::Exit { .. }
        | Instr::Leave { .. }
        | Instr::Acquire { .. }
        | Instr::Fork { .. }
        | Instr::Join
        | Instr::Abort
        | Instr::Tag { .. }
        | Instr::Check { .. } => Vec::new(),
    }
}

/// The registers an instruction may write, whichever way control goes behind it.
pub(super) fn writes(role: &Role<'_>, instr: Instr) -> Vec<Reg> {
    match instr {
        Instr::Receive { dst, .. }
        | Instr::Perform { dst, .. }
        | Instr::Set { dst, .. }
        | Instr::Move { dst, .. }
        | Instr::Prim { dst, .. }
        | Instr::Make { dst, .. }
        | Instr::Get { dst, .. }
        | Instr::Count { dst, .. }
        | Instr::Open { dst, .. }
        | Instr::Close { dst, .. }
        | Instr::Acquire { dst, .. }
        | Instr::Tag { dst, .. }
        | Instr::Check { dst, .. } => vec![dst],
        Instr::Choose { table } => {
            let table = role.function.chooses.get(table as usize);
            table.map(|table| table.rows.iter().map(|row| row.dst).collect()).unwrap_or_default()
        }
        Instr::Enter { scope } => {
            let table = role.function.scopes.get(scope as usize);
            table.map(|table| table.rows.iter().filter_map(|row| row.bind).collect()).unwrap_or_default()
        }
        Instr::Send { .. }
        | Instr::Offer { .. }
        | Instr::Switch { .. }
        | Instr::Branch { .. }
        | Instr::Jump { .. }
        | Instr::Yield
        | Instr::Fail { .. }
        | Instr::Halt { .. }
        | Instr::Spawn { .. }
        | Instr::JoinAll
        | Instr::Finish
        | Instr::Exit { .. }
        | Instr::Leave { .. }
        | Instr::Release { .. }
        | Instr::Fork { .. }
        | Instr::Join
        | Instr::Abort
        | Instr::Transfer { .. } => Vec::new(),
    }
}
