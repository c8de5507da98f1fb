//! Changes of a choreography: what comes out is one again, but nobody says that it can be carried out.

use crate::numbers::Numbers;
use tell_ir::choreography::{Branch, Carried, Node, NodeId};
use tell_ir::image::{CodeImage, Outcome};
use tell_ir::implementable::{Control, Nesting, Skeleton};

/// Changes one thing in the choreography of an image.
pub fn change(image: &mut CodeImage, numbers: &mut Numbers) {
    let (roles, labels) = (image.roles.len(), image.labels.len());
    let nodes = &mut image.choreography.nodes;
    let at = numbers.below(nodes.len());
    let other = NodeId(numbers.below(nodes.len()) as u32);
    let new = NodeId(nodes.len() as u32);
    match numbers.below(12) {
        0 | 1 => retarget(&mut nodes[at], other, numbers),
        2 => bypass(nodes, at),
        3 => {
            if let Node::Comm { from, to, .. } = &mut nodes[at] {
                std::mem::swap(from, to);
            }
        }
        4 => {
            if let Node::Comm { from, to, .. } = &mut nodes[at] {
                *(if numbers.percent(50) { from } else { to }) = numbers.below(roles) as u16;
            }
        }
        5 => {
            if let Node::Comm { branches, .. } = &mut nodes[at] {
                let branch = numbers.below(branches.len());
                branches[branch].label = numbers.below(labels) as u16;
            }
        }
        6 => {
            if let Node::Comm { branches, .. } = &mut nodes[at] {
                branches.push(Branch { label: numbers.below(labels) as u16, target: other });
            }
        }
        7 => {
            // A message is put before a node.
            let branch = Branch { label: numbers.below(labels) as u16, target: new };
            let (from, to) = (numbers.below(roles) as u16, numbers.below(roles) as u16);
            let message = Node::Comm { from, to, branches: vec![branch] };
            let rest = std::mem::replace(&mut nodes[at], message);
            push(nodes, at, rest);
        }
        8 => {
            let decider = numbers.below(roles) as u16;
            let rest = std::mem::replace(&mut nodes[at], Node::Choice { decider, arms: vec![new, other] });
            push(nodes, at, rest);
        }
        9 => {
            let rest = std::mem::replace(&mut nodes[at], Node::Case { deciders: Vec::new(), arms: vec![new, other] });
            push(nodes, at, rest);
        }
        10 => fork(nodes, at, roles, labels, numbers),
        _ => enclose(image, at, numbers),
    }
    tidy(image);
}

/// Adds what stood at a node behind the others; whatever ends its parts follows.
fn push(nodes: &mut Vec<Node>, at: usize, rest: Node) {
    let moved = NodeId(nodes.len() as u32);
    nodes.push(rest);
    for node in nodes.iter_mut() {
        if let Node::Join { of } = node
            && of.index() == at
        {
            *of = moved;
        }
    }
}

/// The ways of a node.
fn ways(node: &mut Node) -> Vec<&mut NodeId> {
    match node {
        Node::End | Node::Join { .. } => Vec::new(),
        Node::Comm { branches, .. } => branches.iter_mut().map(|branch| &mut branch.target).collect(),
        Node::Choice { arms, .. } | Node::Case { arms, .. } => arms.iter_mut().collect(),
        Node::Local { next, .. } => vec![next],
        Node::Par { branches, then } => branches.iter_mut().chain([then]).collect(),
        Node::Scope { body, rows, then, .. } => {
            [body].into_iter().chain(rows.iter_mut().map(|(_, block)| block)).chain([then]).collect()
        }
    }
}

fn retarget(node: &mut Node, to: NodeId, numbers: &mut Numbers) {
    let mut ways = ways(node);
    if !ways.is_empty() {
        let way = numbers.below(ways.len());
        *ways[way] = to;
    }
}

/// What led to a node leads to what follows it.
fn bypass(nodes: &mut [Node], at: usize) {
    let next = match &mut nodes[at] {
        node @ (Node::Comm { .. } | Node::Choice { .. } | Node::Case { .. } | Node::Local { .. }) => *ways(node)[0],
        Node::Par { then, .. } | Node::Scope { then, .. } => *then,
        Node::End | Node::Join { .. } => return,
    };
    for way in nodes.iter_mut().flat_map(ways).filter(|way| way.index() == at) {
        *way = next;
    }
    if at == 0 && next.index() != 0 {
        nodes.swap(0, next.index());
    }
}

/// Puts branches with a message each before a node.
fn fork(nodes: &mut Vec<Node>, at: usize, roles: usize, labels: usize, numbers: &mut Numbers) {
    let first = nodes.len() as u32 + 1;
    let par = Node::Par { branches: vec![NodeId(first), NodeId(first + 2)], then: NodeId(first - 1) };
    let rest = std::mem::replace(&mut nodes[at], par);
    push(nodes, at, rest);
    for branch in 0..2 {
        let target = NodeId(first + 2 * branch + 1);
        let branches = vec![Branch { label: numbers.below(labels) as u16, target }];
        nodes.push(Node::Comm { from: numbers.below(roles) as u16, to: numbers.below(roles) as u16, branches });
        nodes.push(Node::Join { of: NodeId(at as u32) });
    }
}

/// Puts a scope with a message in its body before a node.
fn enclose(image: &mut CodeImage, at: usize, numbers: &mut Numbers) {
    let (roles, labels) = (image.roles.len(), image.labels.len());
    let nodes = &mut image.choreography.nodes;
    let first = nodes.len() as u32 + 1;
    let scope = image.scopes.len() as u32;
    let outcomes = if numbers.percent(70) { vec![Outcome::Done, Outcome::Timeout] } else { vec![Outcome::Done] };
    let owner = numbers.below(roles) as u16;
    let rows = outcomes.iter().zip(first + 2..).map(|(outcome, block)| (*outcome, NodeId(block))).collect();
    let node = Node::Scope { scope, body: NodeId(first), rows, then: NodeId(first - 1) };
    let rest = std::mem::replace(&mut nodes[at], node);
    push(nodes, at, rest);
    let of = NodeId(at as u32);
    let mut message = |target| Node::Comm {
        from: numbers.below(roles) as u16,
        to: numbers.below(roles) as u16,
        branches: vec![Branch { label: numbers.below(labels) as u16, target: NodeId(target) }],
    };
    nodes.extend([message(first + 1), Node::Join { of }, Node::Join { of }]);
    if outcomes.len() > 1 {
        nodes.extend([message(first + 4), Node::Join { of }]);
    }
    image.scopes.push(tell_ir::image::Scope { owner, participants: vec![owner], outcomes });
}

/// Keeps what can be reached, numbered anew, the scopes that are left, and who takes part in them.
fn tidy(image: &mut CodeImage) {
    let nodes = &mut image.choreography.nodes;
    let mut numbers = vec![None; nodes.len()];
    let mut kept: Vec<usize> = Vec::new();
    let mut todo = vec![0];
    while let Some(at) = todo.pop() {
        if numbers[at].is_none() {
            numbers[at] = Some(kept.len() as u32);
            kept.push(at);
            todo.extend(ways(&mut nodes[at]).into_iter().map(|way| way.index()));
            // What a join ends is there, even if nothing else leads to it.
            if let Node::Join { of } = nodes[at] {
                todo.push(of.index());
            }
        }
    }
    let mut all: Vec<Option<Node>> = std::mem::take(nodes).into_iter().map(Some).collect();
    let mut scopes = Vec::new();
    for at in kept {
        let mut node = all[at].take().expect("each is kept once");
        let number = |id: &mut NodeId| *id = NodeId(numbers[id.index()].expect("what is kept leads to what is kept"));
        ways(&mut node).into_iter().for_each(number);
        match &mut node {
            Node::Join { of } => number(of),
            Node::Scope { scope, .. } => {
                scopes.push(image.scopes[*scope as usize].clone());
                *scope = scopes.len() as u32 - 1;
            }
            _ => {}
        }
        image.choreography.nodes.push(node);
    }
    image.scopes = scopes;
    participants(image);
}

fn participants(image: &mut CodeImage) {
    let carried = Carried::of(image);
    let is_block = |of: NodeId| matches!(carried.node(of), Node::Par { .. } | Node::Scope { .. });
    let dangling = carried.nodes.iter().any(|node| matches!(node, Node::Join { of } if !is_block(*of)));
    let Some(nesting) = (!dangling).then(|| Nesting::new(&carried).ok()).flatten() else { return };
    let skeleton = Skeleton::new(&carried, image.roles.len(), nesting);
    let mut acting = vec![Vec::new(); image.scopes.len()];
    for block in skeleton.nesting().blocks() {
        if let Node::Scope { scope, .. } = carried.node(block) {
            let parts = skeleton.nesting().parts_of(block);
            let roles = parts.flat_map(|part| skeleton.roles_in(part).iter().map(|role| *role as u16));
            acting[*scope as usize] = roles.chain([image.scopes[*scope as usize].owner]).collect();
        }
    }
    debug_assert!(carried.node_count() > 0);
    for (scope, mut roles) in image.scopes.iter_mut().zip(acting) {
        roles.sort_unstable();
        roles.dedup();
        scope.participants = roles;
    }
}
