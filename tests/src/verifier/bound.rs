//! What a session takes at most: V8.1, V8.2.

use super::path::{Graph, Open, Place};
use super::region::{branches, inside};
use super::{Findings, Role, Spot};
use tell_ir::image::CodeImage;
use tell_ir::instr::Instr;

/// Most registers of all roles.
const MOST_REGISTERS: usize = 1 << 20;

/// Most coroutines of all roles.
const MOST_COROUTINES: usize = 65_535;

/// `coroutines` is how many all roles have at most.
pub(super) fn check(image: &CodeImage, coroutines: usize, found: &mut Findings) {
    let registers: usize = image.functions.iter().map(|function| function.regs.len()).sum();
    found.require(registers <= MOST_REGISTERS, "V8.1", Spot::of("the frames"));
    found.require(coroutines <= MOST_COROUTINES, "V8.2", Spot::of("the branches"));
}

/// How many coroutines a role has at most at a time.
pub(super) fn coroutines(role: &Role<'_>, graph: &Graph) -> usize {
    1 + running(role, graph, &[])
}

/// How many branches run at most at a time inside what is open, if those of a `par` are all as large as the largest.
fn running(role: &Role<'_>, graph: &Graph, around: &[Open]) -> usize {
    let joins = graph.within(around).filter(|place| role.instr(place.pc) == Some(Instr::JoinAll));
    let outermost = |place: &&Place| !place.open[around.len()..].iter().any(|open| matches!(open, Open::Branch { .. }));
    let of_join = |place: &Place| {
        let spawns = branches(role, place.pc);
        let sizes = spawns.iter().map(|spawn| 1 + running(role, graph, &inside(&place.open, *spawn)));
        spawns.len() * sizes.max().unwrap_or(0)
    };
    joins.filter(outermost).map(of_join).max().unwrap_or(0)
}
