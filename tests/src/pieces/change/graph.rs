//! One change anywhere in a choreography, or in what a machine says of it. Nothing is made to fit it.

use super::entry::of_scope;
use super::index;
use crate::numbers::Numbers;
use tell_ir::choreography::{Branch, Node, NodeId, Place};
use tell_ir::image::{CodeImage, Outcome};
use tell_ir::machine::{LocalMachine, StateId};

/// Changes one thing.
pub fn change(image: &mut CodeImage, numbers: &mut Numbers) {
    let role = numbers.below(image.machines.len());
    match numbers.below(10) {
        0 | 1 if role < image.machines.len() => {
            let nodes = image.choreography.nodes.len();
            places(&mut image.machines[role], nodes, numbers);
        }
        2 => {
            let role = index(numbers, image.roles.len()) as u16;
            of_scope(image, role, numbers);
        }
        3 => add(image, numbers),
        _ => node(image, numbers),
    }
}

/// Puts a node behind the others, or takes the last one away.
fn add(image: &mut CodeImage, numbers: &mut Numbers) {
    let nodes = &mut image.choreography.nodes;
    let known = numbers.below(nodes.len());
    match (numbers.below(3), nodes.get(known).cloned()) {
        (0, _) => _ = nodes.pop(),
        (1, Some(copy)) => nodes.push(copy),
        _ => nodes.push(Node::End),
    }
}

/// Changes the entries or the decisions of a machine.
fn places(machine: &mut LocalMachine, nodes: usize, numbers: &mut Numbers) {
    let states = machine.states.len();
    let places = if numbers.percent(70) { &mut machine.entries } else { &mut machine.decisions };
    let place = Place { state: StateId(index(numbers, states) as u32), node: NodeId(index(numbers, nodes) as u32) };
    let at = numbers.below(places.len());
    match numbers.below(4) {
        0 if at < places.len() => _ = places.remove(at),
        1 if at < places.len() => places[at].node = place.node,
        2 => places.push(place),
        _ => places.insert(places.partition_point(|known| *known < place), place),
    }
}

fn node(image: &mut CodeImage, numbers: &mut Numbers) {
    let (roles, labels, scopes) = (image.roles.len(), image.labels.len(), image.scopes.len());
    let role = index(numbers, roles) as u16;
    let nodes = &mut image.choreography.nodes;
    let (at, to) = (numbers.below(nodes.len()), NodeId(index(numbers, nodes.len()) as u32));
    let Some(node) = nodes.get_mut(at) else { return };
    match node {
        Node::End | Node::Local { .. } if numbers.percent(50) => *node = Node::Local { role, next: to },
        Node::End => *node = Node::Join { of: to },
        Node::Local { next, .. } => *next = to,
        Node::Join { of } if numbers.percent(70) => *of = to,
        Node::Join { .. } => *node = Node::End,
        Node::Comm { from, to: receiver, branches } => match numbers.below(7) {
            0 => *from = role,
            1 => *receiver = role,
            2 => std::mem::swap(from, receiver),
            3 => _ = branches.pop(),
            4 => branches.push(Branch { label: index(numbers, labels) as u16, target: to }),
            5 => branches.iter_mut().take(1).for_each(|branch| branch.label = index(numbers, labels) as u16),
            _ => branches.iter_mut().take(1).for_each(|branch| branch.target = to),
        },
        Node::Choice { decider, .. } if numbers.percent(25) => *decider = role,
        Node::Case { deciders, .. } if numbers.percent(50) => match deciders.binary_search(&role) {
            Ok(known) if numbers.percent(80) => _ = deciders.remove(known),
            Ok(place) | Err(place) => deciders.insert(place, role),
        },
        Node::Choice { arms: ways, .. } | Node::Case { arms: ways, .. } => of_ways(ways, to, numbers),
        Node::Par { branches, then } => match numbers.below(4) {
            0 => *then = to,
            _ => of_ways(branches, to, numbers),
        },
        Node::Scope { scope, body, rows, then } => match numbers.below(6) {
            0 => *scope = index(numbers, scopes) as u32,
            1 => *body = to,
            2 => _ = rows.pop(),
            3 => rows.push((Outcome::Abort, to)),
            4 => rows.iter_mut().take(1).for_each(|row| row.1 = to),
            _ => *then = to,
        },
    }
}

fn of_ways(ways: &mut Vec<NodeId>, to: NodeId, numbers: &mut Numbers) {
    match numbers.below(4) {
        0 => ways.push(to),
        1 => _ = ways.pop(),
        2 => ways.reverse(),
        _ => ways.iter_mut().take(1).for_each(|way| *way = to),
    }
}
