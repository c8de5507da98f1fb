//! Violations of the rules V6: choreographies that are none, and machines that are no projections of theirs.

use super::{Break, rule_of};
use crate::choreography::{Branch, Node, NodeId, Place};
use crate::image::{CodeImage, Edge, Function, Label, Outcome, Role, Scope};
use crate::machine::{LocalMachine, State, StateId, Transition};
use crate::sample::{BUYER, SELLER, TITLE, UNIT, YES, message, places, row, scoped};
use crate::ty::{Type, TypeId};
use crate::verify::{check_code, check_projection, verify};

/// Violations in the image of a loop.
pub(super) const LOOPED: &[(&str, &str, Break)] = &[
    ("V6.1", "no nodes", |image| image.choreography.nodes.clear()),
    ("V6.1", "a way that leads nowhere", |image| image.choreography.nodes[0] = message(BUYER, SELLER, &[(TITLE, 9)])),
    ("V6.1", "a role that is not there", |image| image.choreography.nodes[0] = message(9, SELLER, &[(TITLE, 1)])),
    ("V6.1", "a decider that is not there", |image| {
        image.choreography.nodes[2] = Node::Case { deciders: vec![9], arms: vec![NodeId(0)] };
    }),
    ("V6.1", "a label that is not there", |image| image.choreography.nodes[0] = message(BUYER, SELLER, &[(9, 1)])),
    ("V6.1", "a scope that is not there", |image| {
        image.choreography.nodes[2] = Node::Scope { scope: 0, body: NodeId(0), rows: Vec::new(), then: NodeId(3) };
    }),
    ("V6.1", "the end of a part of a message", |image| image.choreography.nodes[3] = Node::Join { of: NodeId(0) }),
    ("V6.2", "a message to oneself", |image| image.choreography.nodes[0] = message(BUYER, BUYER, &[(TITLE, 1)])),
    ("V6.2", "a label twice", |image| image.choreography.nodes[1] = message(SELLER, BUYER, &[(YES, 2), (YES, 3)])),
    ("V6.2", "a message without labels", |image| image.choreography.nodes[1] = message(SELLER, BUYER, &[])),
    ("V6.2", "a choice without arms", |image| {
        image.choreography.nodes[2] = Node::Choice { decider: BUYER, arms: Vec::new() };
    }),
    ("V6.2", "a `par` without branches", |image| {
        image.choreography.nodes[2] = Node::Par { branches: Vec::new(), then: NodeId(3) };
    }),
    ("V6.2", "deciders out of order", |image| {
        image.choreography.nodes[2] = Node::Case { deciders: vec![1, 0], arms: vec![NodeId(0), NodeId(3)] };
    }),
    ("V6.3", "a node nobody comes to", |image| image.choreography.nodes.push(Node::End)),
    ("V6.4", "the end of a part outside of all", |image| {
        image.choreography.nodes.push(Node::Par { branches: vec![NodeId(3)], then: NodeId(3) });
        image.choreography.nodes[0] = message(BUYER, SELLER, &[(TITLE, 4)]);
        image.choreography.nodes[1] = Node::Join { of: NodeId(4) };
        image.choreography.nodes[2] = Node::Choice { decider: BUYER, arms: vec![NodeId(1)] };
    }),
    ("V6.4", "an end within a branch", |image| {
        image.choreography.nodes[2] = Node::Par { branches: vec![NodeId(3)], then: NodeId(4) };
        image.choreography.nodes.push(Node::End);
    }),
    ("V6.5", "a round without a message", |image| {
        image.choreography.nodes[2] = Node::Choice { decider: BUYER, arms: vec![NodeId(2), NodeId(3)] };
    }),
    ("V6.7", "a scope nowhere", |image| {
        image.scopes.push(Scope { owner: 0, participants: vec![0], outcomes: vec![Outcome::Done] });
    }),
    ("V6.9", "a state without entries", |image| _ = image.machines[0].entries.pop()),
    ("V6.9", "entries out of order", |image| image.machines[0].entries.swap(0, 1)),
    ("V6.9", "an entry that is not there", |image| image.machines[0].entries[3].node = NodeId(9)),
    ("V6.9", "an entry of a state that is not there", |image| image.machines[0].entries[3].state = StateId(9)),
    ("V6.9", "a decision that is a message", |image| {
        image.machines[0].decisions = vec![Place { state: StateId(2), node: NodeId(1) }];
    }),
    ("V6.9", "a decision of somebody else", |image| {
        image.choreography.nodes[2] = Node::Case { deciders: vec![SELLER], arms: vec![NodeId(0), NodeId(3)] };
        image.machines[0].decisions = vec![Place { state: StateId(2), node: NodeId(2) }];
    }),
    ("V6.9", "a decision where the choreography cannot be", |image| {
        image.choreography.nodes[1] = message(SELLER, BUYER, &[(YES, 2), (2, 4)]);
        let arms = vec![NodeId(3), NodeId(3)];
        image.choreography.nodes.push(Node::Case { deciders: vec![BUYER], arms });
        image.machines[0].decisions = vec![Place { state: StateId(2), node: NodeId(4) }];
    }),
    ("V6.10", "a start somewhere else", |image| image.machines[0].entries[0].node = NodeId(1)),
    ("V6.11", "an entry missing behind a message", |image| image.machines[1].entries[2].node = NodeId(3)),
    ("V6.11", "an entry missing behind an arm", |image| {
        let nodes = &mut image.choreography.nodes;
        nodes[2] = Node::Choice { decider: BUYER, arms: vec![NodeId(4), NodeId(3)] };
        nodes.push(Node::Local { role: BUYER, next: NodeId(0) });
    }),
    ("V6.12", "a message without a row", |image| {
        image.choreography.nodes[1] = message(SELLER, BUYER, &[(YES, 2), (TITLE, 3), (2, 3)]);
    }),
    ("V6.19", "an arm too few", |image| {
        image.choreography.nodes[2] = Node::Choice { decider: BUYER, arms: vec![NodeId(0), NodeId(3), NodeId(3)] };
    }),
    ("V6.14", "a decision that is not seen", |image| {
        image.choreography.nodes[2] = Node::Case { deciders: vec![BUYER], arms: vec![NodeId(0), NodeId(3)] };
    }),
];

/// Violations in the image with branches and a scope.
pub(super) const SCOPED: &[(&str, &str, Break)] = &[
    ("V6.4", "a way from one branch into another", |image| image.choreography.nodes[2] = message(0, 1, &[(0, 5)])),
    ("V6.4", "a branch with two ends", |image| {
        image.choreography.nodes[2] = message(0, 1, &[(0, 3), (1, 12)]);
        image.choreography.nodes.push(Node::Join { of: NodeId(1) });
    }),
    ("V6.4", "the end of a part from within another", |image| {
        image.choreography.nodes[3] = Node::Join { of: NodeId(0) }
    }),
    ("V6.6", "two branches with one channel", |image| image.choreography.nodes[4] = message(0, 1, &[(0, 5)])),
    ("V6.7", "a participant too many", |image| {
        image.roles.push(Role { name: "D".to_owned(), params: Vec::new() });
        image
            .functions
            .push(Function { code: vec![crate::instr::Instr::Halt { finals: 0 }], ..image.functions[2].clone() });
        let function = image.functions.last_mut().expect("it was just added");
        (function.blocks, function.scopes) = (crate::sample::blocks(&[(0, 0)]), Vec::new());
        let machine = LocalMachine { states: vec![State::End], entries: places(&[&[11]]), decisions: Vec::new() };
        image.machines.push(machine);
        image.scopes[0].participants.push(3);
    }),
    ("V6.7", "another outcome", |image| {
        if let Node::Scope { rows, .. } = &mut image.choreography.nodes[0] {
            rows[2].0 = Outcome::Cancel;
        }
    }),
    ("V6.7", "one scope at two nodes", |image| {
        let rows = vec![(Outcome::Done, NodeId(13)), (Outcome::Timeout, NodeId(14)), (Outcome::Fail, NodeId(15))];
        let nodes = &mut image.choreography.nodes;
        nodes[11] = Node::Scope { scope: 0, body: NodeId(12), rows, then: NodeId(16) };
        nodes.extend((0..4).map(|_| Node::Join { of: NodeId(11) }));
        nodes.push(Node::End);
    }),
    ("V6.11", "an entry missing behind a scope", |image| move_entry(image, 2, (3, 11), 10)),
    ("V6.11", "an entry missing in the block of an outcome", |image| move_entry(image, 1, (3, 8), 2)),
    ("V6.22", "a body that ends too early", |image| {
        image.choreography.nodes[6] = message(1, 2, &[(0, 12)]);
        image.choreography.nodes.push(Node::Join { of: NodeId(0) });
        image.machines[0].entries.insert(11, Place { state: StateId(5), node: NodeId(12) });
    }),
];

/// A rule, what breaks it, and the image.
type Made = (&'static str, &'static str, fn() -> CodeImage);

/// Images made for one rule; of code they have none.
const MADE: &[Made] = &[
    ("V6.8", "something behind a branch that never ends", || {
        let nodes = vec![par([1, 2], 4), message(0, 1, &[(0, 1)]), message(1, 0, &[(0, 3)]), join(0)];
        let nodes = nodes.into_iter().chain([message(0, 2, &[(0, 5)]), Node::End]).collect();
        let told = machine(vec![recv(&[(0, 0, 1)]), State::End], &[&[0], &[5]]);
        made(3, nodes, vec![end(&[0]), end(&[0]), told])
    }),
    ("V6.13", "a row no place offers", || {
        let mut image = told();
        image.machines[0].states[0] = send(&[(1, 0, 1), (1, 1, 1), (1, 2, 1)]);
        image
    }),
    ("V6.14", "a message in one of two arms", || {
        let mut image = told();
        image.choreography.nodes[2] = Node::End;
        image
    }),
    ("V6.14", "a message in one arm, in the other somebody goes round for ever", || {
        let mut image = told();
        image.choreography.nodes[2] = message(3, 2, &[(0, 2)]);
        image.roles.push(Role { name: "R3".to_owned(), params: Vec::new() });
        image.functions.push(Function::default());
        image.machines.push(end(&[0]));
        image.edges.push(Edge { from: 3, to: 2, bound: None, lossy: false });
        image
    }),
    ("V6.14", "two different messages", || {
        let mut image = told();
        image.choreography.nodes[2] = message(1, 2, &[(2, 3)]);
        image.machines[1].states[1] = send(&[(2, 0, 2), (2, 2, 2)]);
        image
    }),
    ("V6.15", "waiting where one has to send", || {
        let mut image = told();
        image.choreography.nodes[2] = message(2, 1, &[(2, 3)]);
        image
    }),
    ("V6.15", "sending where one has to wait", || {
        let nodes =
            vec![message(0, 1, &[(0, 1), (1, 2)]), message(0, 2, &[(0, 3)]), message(2, 0, &[(0, 3)]), Node::End];
        let states = vec![send(&[(1, 0, 1), (1, 1, 2)]), send(&[(2, 0, 3)]), recv(&[(2, 0, 3)]), State::End];
        let machines = vec![
            machine(states, &[&[0], &[1], &[2], &[3]]),
            machine(vec![recv(&[(0, 0, 1), (0, 1, 1)]), State::End], &[&[0], &[1]]),
            machine(vec![recv(&[(0, 0, 1)]), State::End], &[&[0], &[3]]),
        ];
        made(3, nodes, machines)
    }),
    ("V6.16", "one name with two payloads", || {
        let mut image = told();
        image.labels[2] = Label { name: "L0".to_owned(), payload: TypeId(1) };
        image.choreography.nodes[2] = message(1, 2, &[(2, 3)]);
        let states = vec![recv(&[(0, 0, 1), (0, 1, 2)]), send(&[(2, 0, 3)]), send(&[(2, 2, 3)]), State::End];
        image.machines[1] = machine(states, &[&[0], &[1], &[2], &[3]]);
        image.machines[2].states[0] = recv(&[(1, 0, 1), (1, 2, 1)]);
        image
    }),
    ("V6.17", "a message that comes too early", overtaken),
    ("V6.18", "nothing may come, and it does not know", || {
        let mut image = crate::sample::image();
        set_may_end(&mut image, 1, 2, false);
        image
    }),
    ("V6.18", "something always comes", || {
        let mut image = told();
        set_may_end(&mut image, 2, 0, true);
        image
    }),
    ("V6.20", "a branch too many", || {
        let mut image = branched();
        let branches = vec![StateId(1), StateId(2), StateId(2)];
        image.machines[1].states[0] = State::Par { branches, then: StateId(4) };
        image
    }),
    ("V6.20", "two branches with one channel, by an entry that is not needed", || {
        let mut image = branched();
        image.machines[1].states[1] = recv(&[(0, 0, 3), (2, 0, 3)]);
        image.machines[1].entries = places(&[&[0], &[1, 3], &[3], &[2, 4], &[5]]);
        image
    }),
    ("V6.20", "two `par`s with other channels as one", crossed),
    ("V6.21", "another scope", || {
        let done = |block| vec![(Outcome::Done, NodeId(block))];
        let first = Node::Scope { scope: 0, body: NodeId(1), rows: done(2), then: NodeId(3) };
        let second = Node::Scope { scope: 1, body: NodeId(4), rows: done(5), then: NodeId(6) };
        let nodes = vec![first, join(0), join(0), second, join(3), join(3), Node::End];
        let enter = |scope, then| {
            let rows = vec![(Outcome::Done, StateId(1))];
            State::Scope { scope, body: StateId(1), rows, then: StateId(then) }
        };
        let states = vec![enter(1, 2), State::Join, enter(0, 3), State::End];
        let mut image = made(1, nodes, vec![machine(states, &[&[0], &[1, 2, 4, 5], &[3], &[6]])]);
        image.scopes = vec![Scope { owner: 0, participants: vec![0], outcomes: vec![Outcome::Done] }; 2];
        image
    }),
    ("V6.22", "a part that may be over, and something behind it", || {
        // Whether something comes in the first branch is not told.
        let case = Node::Case { deciders: Vec::new(), arms: vec![NodeId(2), NodeId(3)] };
        let nodes = vec![par([1, 4], 6), case, message(1, 0, &[(0, 3)]), join(0), message(2, 0, &[(0, 5)]), join(0)];
        let nodes = nodes.into_iter().chain([message(0, 1, &[(1, 7)]), Node::End]).collect();
        let fork = State::Par { branches: vec![StateId(1), StateId(2)], then: StateId(4) };
        let states = vec![fork, recv(&[(1, 0, 3)]), recv(&[(2, 0, 3)]), State::Join, send(&[(1, 1, 5)]), State::End];
        let first = machine(states, &[&[0], &[1], &[4], &[3, 5], &[6], &[7]]);
        made(3, nodes, vec![first, end(&[0]), end(&[0])])
    }),
    ("V6.22", "a part that is not over", || {
        let mut image = branched();
        image.machines[1].states[1] = State::Join;
        image
    }),
    ("V6.22", "the end of no part", || {
        let mut image = told();
        image.machines[2].states[1] = State::Join;
        image
    }),
    ("V6.23", "an end before the end", || {
        let mut image = told();
        image.machines[2] = end(&[0]);
        image
    }),
    ("V6.23", "an end within a branch", || {
        let mut image = branched();
        image.choreography.nodes[2] = message(2, 3, &[(0, 2)]);
        image.machines[1].states[1] = recv(&[(0, 0, 5)]);
        image.machines[1].states.push(State::End);
        image.machines[1].entries = places(&[&[0], &[1], &[3], &[4], &[5], &[2]]);
        image
    }),
    ("V9.2", "many states with many places", || {
        const LABELS: u16 = 4_000;
        let all: Vec<u32> = (0..=u32::from(LABELS)).collect();
        let arms: Vec<(u16, u32)> = (0..LABELS).zip(1..).collect();
        let mut nodes = vec![message(0, 1, &arms)];
        nodes.extend((0..LABELS).map(|_| message(1, 2, &[(0, 0)])));
        let states = 8_000;
        let third = (0..states).map(|state| recv(&[(1, 0, (state + 1) % states)])).collect();
        let there: &[u32] = &[0];
        let rows = |partner, target| (0..LABELS).map(|label| row(partner, label, target)).collect();
        let second = vec![State::Recv { rows: rows(0, 1), may_end: false }, send(&[(2, 0, 0)])];
        let machines = vec![
            machine(vec![State::Send(rows(1, 0))], &[&all]),
            machine(second, &[&[0], &all[1..]]),
            machine(third, &vec![there; states as usize]),
        ];
        let mut image = made(3, nodes, machines);
        image.labels = (0..LABELS).map(|label| Label { name: format!("L{label}"), payload: UNIT }).collect();
        image
    }),
];

fn set_may_end(image: &mut CodeImage, role: usize, state: usize, to: bool) {
    if let State::Recv { may_end, .. } = &mut image.machines[role].states[state] {
        *may_end = to;
    }
}

/// An entry is another node instead.
fn move_entry(image: &mut CodeImage, role: usize, (state, node): (u32, u32), to: u32) {
    let entries = &mut image.machines[role].entries;
    let at = entries.iter().position(|place| *place == Place { state: StateId(state), node: NodeId(node) });
    entries[at.expect("it is an entry")].node = NodeId(to);
}

fn par(branches: [u32; 2], then: u32) -> Node {
    Node::Par { branches: branches.map(NodeId).to_vec(), then: NodeId(then) }
}

fn join(of: u32) -> Node {
    Node::Join { of: NodeId(of) }
}

fn rows(of: &[(u16, u16, u32)]) -> Vec<Transition> {
    of.iter().map(|(partner, label, target)| row(*partner, *label, *target)).collect()
}

fn send(of: &[(u16, u16, u32)]) -> State {
    State::Send(rows(of))
}

fn recv(of: &[(u16, u16, u32)]) -> State {
    State::Recv { rows: rows(of), may_end: false }
}

fn machine(states: Vec<State>, entries: &[&[u32]]) -> LocalMachine {
    LocalMachine { states, entries: places(entries), decisions: Vec::new() }
}

/// The machine of somebody who does nothing.
fn end(entries: &[u32]) -> LocalMachine {
    machine(vec![State::End], &[entries])
}

/// An image without code: labels `L0` to `L2` without payload, all channels.
fn made(roles: u16, nodes: Vec<Node>, machines: Vec<LocalMachine>) -> CodeImage {
    let pairs = (0..roles).flat_map(|from| (0..roles).map(move |to| (from, to)));
    CodeImage {
        roles: (0..roles).map(|role| Role { name: format!("R{role}"), params: Vec::new() }).collect(),
        labels: (0..3).map(|label| Label { name: format!("L{label}"), payload: UNIT }).collect(),
        types: vec![Type::Unit, Type::Int],
        edges: pairs
            .filter(|(from, to)| from != to)
            .map(|(from, to)| Edge { from, to, bound: None, lossy: false })
            .collect(),
        functions: vec![Function::default(); machines.len()],
        choreography: crate::choreography::Choreography { nodes },
        machines,
        ..CodeImage::default()
    }
}

/// Role 0 tells role 1 one of two things, role 1 tells role 2 the same in both cases.
fn told() -> CodeImage {
    let nodes = vec![message(0, 1, &[(0, 1), (1, 2)]), message(1, 2, &[(0, 3)]), message(1, 2, &[(0, 3)]), Node::End];
    let machines = vec![
        machine(vec![send(&[(1, 0, 1), (1, 1, 1)]), State::End], &[&[0], &[1, 2]]),
        machine(vec![recv(&[(0, 0, 1), (0, 1, 1)]), send(&[(2, 0, 2)]), State::End], &[&[0], &[1, 2], &[3]]),
        machine(vec![recv(&[(1, 0, 1)]), State::End], &[&[0], &[3]]),
    ];
    made(3, nodes, machines)
}

/// Role 1 gets something from roles 0 and 2 in two branches.
fn branched() -> CodeImage {
    let nodes = vec![par([1, 3], 5), message(0, 1, &[(0, 2)]), join(0), message(2, 1, &[(0, 4)]), join(0), Node::End];
    let fork = State::Par { branches: vec![StateId(1), StateId(2)], then: StateId(4) };
    let states = vec![fork, recv(&[(0, 0, 3)]), recv(&[(2, 0, 3)]), State::Join, State::End];
    let one = || machine(vec![send(&[(1, 0, 1)]), State::End], &[&[0], &[5]]);
    let machines = vec![one(), machine(states, &[&[0], &[1], &[3], &[2, 4], &[5]]), one(), end(&[0])];
    made(4, nodes, machines)
}

/// Role 0 sends to roles 1 and 2 in two branches; in the other arm of a choice it does not know of, the other way round.
fn crossed() -> CodeImage {
    let choice = Node::Choice { decider: 3, arms: vec![NodeId(1), NodeId(6)] };
    let nodes = vec![choice, par([2, 4], 11), message(0, 1, &[(0, 3)]), join(1), message(0, 2, &[(0, 5)]), join(1)];
    let more = [par([7, 9], 11), message(0, 2, &[(0, 8)]), join(6), message(0, 1, &[(0, 10)]), join(6), Node::End];
    let fork = State::Par { branches: vec![StateId(1), StateId(2)], then: StateId(4) };
    let states = vec![fork, send(&[(1, 0, 3)]), send(&[(2, 0, 3)]), State::Join, State::End];
    let first = machine(states, &[&[0], &[2, 7], &[4, 9], &[3, 5, 8, 10], &[11]]);
    made(4, nodes.into_iter().chain(more).collect(), vec![first, end(&[0]), end(&[0]), end(&[0])])
}

/// Role 2 gets something from 0 and from 1: in this order in one run, in the other in another.
fn overtaken() -> CodeImage {
    let nodes = vec![
        message(0, 1, &[(0, 1), (1, 3)]),
        message(0, 2, &[(0, 2)]),
        message(1, 2, &[(1, 5)]),
        message(1, 2, &[(1, 4)]),
        message(0, 2, &[(0, 5)]),
        Node::End,
    ];
    let machines = vec![
        machine(vec![send(&[(1, 0, 1), (1, 1, 1)]), send(&[(2, 0, 2)]), State::End], &[&[0], &[1, 3], &[2, 5]]),
        machine(vec![recv(&[(0, 0, 1), (0, 1, 1)]), send(&[(2, 1, 2)]), State::End], &[&[0], &[1, 3], &[4, 5]]),
        machine(
            vec![recv(&[(0, 0, 1), (1, 1, 2)]), recv(&[(1, 1, 3)]), recv(&[(0, 0, 3)]), State::End],
            &[&[0], &[2], &[4], &[5]],
        ),
    ];
    made(3, nodes, machines)
}

#[test]
fn what_is_made_here_is_accepted() {
    for image in [told(), branched()] {
        assert_eq!(check_projection(&image), Ok(()));
    }
}

#[test]
fn each_violation_of_a_projection_is_rejected_with_its_rule() {
    let loops = LOOPED.iter().map(|(rule, what, damage)| (rule, what, damage, crate::sample::image()));
    let scopes = SCOPED.iter().map(|(rule, what, damage)| (rule, what, damage, scoped::image()));
    let mut wrong = Vec::new();
    for (rule, what, damage, mut image) in loops.chain(scopes) {
        damage(&mut image);
        // Nothing is wrong with the code.
        let code = check_code(&image).map_err(|error| error.to_string());
        let found = check_projection(&image).map_err(|error| error.to_string());
        if code.is_err() || found.as_ref().err().is_none_or(|error| !error.starts_with(rule)) {
            wrong.push(format!("{rule}, {what}: code {code:?}, projection {found:?}"));
        }
    }
    for (rule, what, make) in MADE {
        match check_projection(&make()) {
            Err(error) if error.rule == *rule => {}
            found => wrong.push(format!("{rule}, {what}: {found:?}")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The rules of which a violation is tried here.
pub(super) fn tried() -> Vec<&'static str> {
    let of_samples = LOOPED.iter().chain(SCOPED).map(|(rule, ..)| *rule);
    of_samples.chain(MADE.iter().map(|(rule, ..)| *rule)).collect()
}

/// A role that never sends what another awaits: code and machine agree, the choreography does not.
#[test]
fn a_role_that_keeps_what_another_waits_for_is_refused() {
    let mut image = crate::sample::image();
    image.machines[1] = LocalMachine { states: vec![State::End], entries: places(&[&[0]]), decisions: Vec::new() };
    image.functions[1] = Function {
        code: vec![crate::instr::Instr::Halt { finals: 0 }],
        blocks: crate::sample::blocks(&[(0, 0)]),
        finals: vec![Vec::new()],
        ..Function::default()
    };
    if let Some(debug) = &mut image.debug {
        debug.spans = vec![Vec::new(); 2];
    }
    assert_eq!(check_code(&image).map(drop), Ok(()));
    assert_eq!(rule_of(image).to_string(), "V6.23, role `Seller`: state 0: at node 0 it has to do something");
}

#[test]
fn entries_may_be_more_than_what_is_needed() {
    let mut image = told();
    image.machines[1].entries = places(&[&[0], &[1, 2], &[3]]);
    image.machines[0].entries = places(&[&[0], &[1, 2, 3]]);
    assert_eq!(check_projection(&image), Ok(()));
    assert_eq!(verify(crate::sample::image()).map(|_| ()), Ok(()));
    let branch = Branch { label: 0, target: NodeId(1) };
    assert_eq!(message(0, 1, &[(0, 1)]), Node::Comm { from: 0, to: 1, branches: vec![branch] });
}
