//! Rules V6.1 to V6.7: the choreography by itself.

use super::Meter;
use crate::choreography::{Carried, Node, NodeId};
use crate::image::{CodeImage, Outcome, Scope};
use crate::implementable::overlap::overlaps;
use crate::implementable::silent::silent_rounds;
use crate::implementable::{Control, Misplaced, Nesting, Role, Skeleton};
use crate::verify::{Check, violation};

/// Checks the choreography of an image; its segments.
pub(super) fn check(image: &CodeImage, carried: &Carried<'_>, meter: &mut Meter) -> Check<Skeleton> {
    if carried.nodes.is_empty() || u32::try_from(carried.nodes.len()).is_err() {
        return violation("V6.1", format!("a choreography of {} nodes", carried.nodes.len()));
    }
    for (number, node) in carried.nodes.iter().enumerate() {
        if let Some(fault) = dangling(image, carried, node) {
            return violation("V6.1", format!("node {number} {fault}"));
        }
        if let Some(fault) = malformed(node) {
            return violation("V6.2", format!("node {number} {fault}"));
        }
    }
    let nesting = Nesting::new(carried)
        .or_else(|Misplaced { node, fault }| violation("V6.4", format!("node {} {fault}", node.0)))?;
    let depths: usize = numbers(carried).map(|node| nesting.depth(node)).sum();
    meter.spend(carried.nodes.len() + depths)?;
    let skeleton = Skeleton::new(carried, image.roles.len(), nesting);
    unreachable(carried, &skeleton)?;
    let mut round = None;
    silent_rounds(carried, skeleton.nesting(), &mut |node| _ = round.get_or_insert(node));
    if let Some(node) = round {
        return violation("V6.5", format!("nobody communicates on a way from node {} back to it", node.0));
    }
    if let Some(overlap) = overlaps(carried, skeleton.nesting()).first() {
        let (one, other) = (overlap.first.node.0, overlap.second.node.0);
        return violation("V6.6", format!("nodes {one} and {other}, in branches of node {}", overlap.par.0));
    }
    scopes(image, carried, &skeleton)?;
    Ok(skeleton)
}

fn numbers(carried: &Carried<'_>) -> impl Iterator<Item = NodeId> + use<> {
    (0..).map(NodeId).take(carried.nodes.len())
}

/// An index of a node that is outside its table.
fn dangling(image: &CodeImage, carried: &Carried<'_>, node: &Node) -> Option<&'static str> {
    let is_role = |role: &u16| usize::from(*role) < image.roles.len();
    let is_node = |id: &NodeId| id.index() < carried.nodes.len();
    let has_roles = match node {
        Node::Comm { from, to, .. } => is_role(from) && is_role(to),
        Node::Choice { decider: role, .. } | Node::Local { role, .. } => is_role(role),
        Node::Case { deciders, .. } => deciders.iter().all(is_role),
        Node::End | Node::Par { .. } | Node::Scope { .. } | Node::Join { .. } => true,
    };
    if !has_roles {
        return Some("is of a role that is not there");
    }
    let leads = match node {
        Node::End => true,
        Node::Comm { branches, .. } => {
            if branches.iter().any(|branch| usize::from(branch.label) >= image.labels.len()) {
                return Some("has a label that is not there");
            }
            branches.iter().all(|branch| is_node(&branch.target))
        }
        Node::Choice { arms, .. } | Node::Case { arms, .. } => arms.iter().all(is_node),
        Node::Local { next, .. } => is_node(next),
        Node::Par { branches, then } => branches.iter().chain([then]).all(is_node),
        Node::Scope { scope, body, rows, then } => {
            if *scope as usize >= image.scopes.len() {
                return Some("is of a scope that is not there");
            }
            rows.iter().map(|(_, block)| block).chain([body, then]).all(is_node)
        }
        Node::Join { of } => is_node(of) && matches!(carried.node(*of), Node::Par { .. } | Node::Scope { .. }),
    };
    (!leads).then_some("leads to a node that is not there, or ends none with parts")
}

fn malformed(node: &Node) -> Option<&'static str> {
    match node {
        Node::Comm { from, to, .. } if from == to => Some("is a message of a role to itself"),
        Node::Comm { branches, .. } if branches.is_empty() => Some("has no labels"),
        Node::Comm { branches, .. } if branches.len() > 1 => {
            let mut labels: Vec<u16> = branches.iter().map(|branch| branch.label).collect();
            labels.sort_unstable();
            labels.windows(2).any(|pair| pair[0] == pair[1]).then_some("has a label twice")
        }
        Node::Choice { arms, .. } | Node::Case { arms, .. } if arms.is_empty() => Some("has no arms"),
        Node::Case { deciders, .. } if !deciders.is_sorted_by(|one, other| one < other) => {
            Some("has deciders that are not ascending")
        }
        Node::Par { branches, .. } if branches.is_empty() => Some("has no branches"),
        _ => None,
    }
}

fn unreachable(carried: &Carried<'_>, skeleton: &Skeleton) -> Check {
    if skeleton.nodes().count() == carried.nodes.len() {
        return Ok(());
    }
    let mut reached = vec![false; carried.nodes.len()];
    skeleton.nodes().for_each(|node| reached[node.index()] = true);
    let lost = reached.iter().position(|reached| !reached).expect("fewer nodes are reached than there are");
    violation("V6.3", format!("node {lost} is never reached"))
}

/// Each scope stands at one node, with its outcomes, and who acts in it takes part in it.
fn scopes(image: &CodeImage, carried: &Carried<'_>, skeleton: &Skeleton) -> Check {
    let mut node_of = vec![None; image.scopes.len()];
    for block in skeleton.nesting().blocks() {
        let Node::Scope { scope, rows, .. } = carried.node(block) else { continue };
        if node_of[*scope as usize].replace(block).is_some() {
            return violation("V6.7", format!("scope {scope} stands at two nodes"));
        }
        let known = &image.scopes[*scope as usize];
        if !rows.iter().map(|(outcome, _): &(Outcome, _)| outcome).eq(&known.outcomes) {
            return violation("V6.7", format!("node {} does not have the outcomes of scope {scope}", block.0));
        }
        if !participants(carried, skeleton, block, known)
            .into_iter()
            .eq(known.participants.iter().map(|role| Role::from(*role)))
        {
            return violation("V6.7", format!("those who act in scope {scope} are not its participants"));
        }
    }
    match node_of.iter().position(Option::is_none) {
        Some(scope) => violation("V6.7", format!("scope {scope} stands at no node")),
        None => Ok(()),
    }
}

/// The owner of a scope and whoever acts in it, ascending.
fn participants(carried: &Carried<'_>, skeleton: &Skeleton, block: NodeId, scope: &Scope) -> Vec<Role> {
    debug_assert!(carried.kind(block).is_block());
    let parts = skeleton.nesting().parts_of(block);
    let mut roles: Vec<Role> = parts.flat_map(|part| skeleton.roles_in(part).iter().copied()).collect();
    roles.push(Role::from(scope.owner));
    roles.sort_unstable();
    roles.dedup();
    roles
}
