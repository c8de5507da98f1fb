//! Images made up from pieces, changed at random, made smaller, kept as files.
//!
//! [`image`] makes a small image that is meant to be accepted and has a good share of all instructions; [`change()`]
//! changes one thing anywhere in an image, [`change_choreography`] in what it is to carry out; [`shrink()`] makes an image
//! smaller that two verifiers disagree about. All of it is a function of the numbers it is given.

mod change;
mod coder;
mod kept;
mod operand;
mod piece;
mod shrink;
mod surgery;
mod world;

pub use change::change;
pub use change::graph::change as change_choreography;
pub use kept::{Kept, read, write};
pub use shrink::shrink;

use crate::numbers::Numbers;
use coder::{Coded, Coder};
use std::collections::BTreeSet;
use tell_ir::image::{CodeImage, Edge, Param};
use tell_ir::machine::State;

/// A small image from pieces. Its roles do not fit together; each of them by itself is meant to be accepted.
#[must_use]
pub fn image(numbers: &mut Numbers) -> CodeImage {
    let mut image = world::tables(numbers);
    for role in 0..image.roles.len() {
        let role = u16::try_from(role).expect("there are three at most");
        let coded = Coder::new(&image, role, numbers).whole(true);
        add(&mut image, role, coded);
    }
    image.edges = edges(&image);
    image
}

/// A small image from pieces in which one role does everything, and waits for nobody; so it runs to its end.
#[must_use]
pub fn alone(numbers: &mut Numbers) -> CodeImage {
    let mut image = world::tables(numbers);
    for scope in &mut image.scopes {
        scope.owner = 0;
        scope.participants.insert(0, 0);
        scope.participants.dedup();
    }
    let coded = Coder::new(&image, 0, numbers).whole(false);
    add(&mut image, 0, coded);
    for role in 1..image.roles.len() {
        let role = u16::try_from(role).expect("there are three at most");
        add(&mut image, role, coder::nothing());
    }
    image.edges = edges(&image);
    image
}

fn add(image: &mut CodeImage, role: u16, coded: Coded) {
    let named = |(at, (reg, ty)): (usize, (u16, _))| Param { name: format!("p{at}"), ty, reg };
    image.roles[usize::from(role)].params = coded.params.into_iter().enumerate().map(named).collect();
    image.functions.push(coded.function);
    image.machines.push(coded.machine);
}

/// The edges of the machines of an image, and those that lose messages, which are known.
fn edges(image: &CodeImage) -> Vec<Edge> {
    let lossy: BTreeSet<(u16, u16)> = image.edges.iter().map(|edge| (edge.from, edge.to)).collect();
    let mut pairs = lossy.clone();
    for (role, machine) in (0..).zip(&image.machines) {
        for state in &machine.states {
            match state {
                State::Send(rows) => pairs.extend(rows.iter().map(|row| (role, row.partner))),
                State::Recv { rows, .. } => pairs.extend(rows.iter().map(|row| (row.partner, role))),
                State::End | State::Tau(_) | State::Par { .. } | State::Scope { .. } | State::Join => {}
            }
        }
    }
    pairs.into_iter().map(|(from, to)| Edge { from, to, bound: None, lossy: lossy.contains(&(from, to)) }).collect()
}
