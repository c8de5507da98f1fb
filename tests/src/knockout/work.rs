//! How much there is to look at in an image: what the verifier's budgets (V9.1, V9.2) are about, counted and not timed.

use tell_ir::choreography::{Node, NodeId};
use tell_ir::codec::encode;
use tell_ir::image::{CodeImage, Function};
use tell_ir::instr::Instr;
use tell_ir::machine::LocalMachine;

/// Most things to look at per byte of an image.
const MOST: usize = 64;

/// Whether there is more to look at than the size of the image lets expect.
#[must_use]
pub fn is_out_of_proportion(image: &CodeImage) -> bool {
    let ways: usize = image.functions.iter().map(ways).sum();
    let places: usize = (0..).zip(&image.machines).map(|(role, machine)| places(image, role, machine)).sum();
    ways + places > MOST * encode(image).len()
}

/// Where switches can lead, each for itself.
fn ways(function: &Function) -> usize {
    let targets = |instr: &Instr| match instr {
        Instr::Switch { table, .. } => function.switches.get(*table as usize).map_or(0, Vec::len),
        _ => 0,
    };
    function.code.iter().map(targets).sum()
}

/// The nodes the choreography can be at in the states of a role, each for itself.
fn places(image: &CodeImage, role: u16, machine: &LocalMachine) -> usize {
    let nodes = &image.choreography.nodes;
    let mut seen = vec![None; nodes.len()];
    let mut count = 0;
    for entries in machine.entries.chunk_by(|one, other| one.state == other.state) {
        let mut todo: Vec<NodeId> = entries.iter().map(|place| place.node).collect();
        while let Some(node) = todo.pop() {
            let Some(mark) = seen.get_mut(node.index()) else { continue };
            if mark.replace(entries[0].state) != Some(entries[0].state) {
                count += 1;
                todo.extend(unseen(&nodes[node.index()], role));
            }
        }
    }
    count
}

/// The nodes behind one that a role does not see.
fn unseen(node: &Node, role: u16) -> Vec<NodeId> {
    match node {
        Node::Comm { from, to, branches } if *from != role && *to != role => {
            branches.iter().map(|branch| branch.target).collect()
        }
        Node::Choice { decider, arms } if *decider != role => arms.clone(),
        Node::Case { arms, .. } => arms.clone(),
        Node::Local { role: own, next } if *own != role => vec![*next],
        _ => Vec::new(),
    }
}
