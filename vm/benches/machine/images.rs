//! The images that are measured, written by hand. `benches/peers` runs them, too.

use std::collections::BTreeSet;
use tell_vm::ir::choreography::{Branch, Choreography, Node, NodeId, Place, places};
use tell_vm::ir::image::{Block, ChooseRow, ChooseTable, CodeImage, Const, Edge, Final, Function, Label, Role};
use tell_vm::ir::instr::Instr;
use tell_vm::ir::machine::{LocalMachine, State, StateId, Transition};
use tell_vm::ir::prim::Prim;
use tell_vm::ir::ty::{Type, TypeId};

const INT: TypeId = TypeId(0);
const BOOL: TypeId = TypeId(1);

/// The code of one role and the machine it follows.
#[derive(Default)]
struct Part {
    registers: Vec<TypeId>,
    /// Each instruction with the state it is in.
    code: Vec<(u32, Instr)>,
    chooses: Vec<ChooseTable>,
    finals: Vec<Vec<Final>>,
    machine: Vec<State>,
    entries: Vec<Place>,
}

impl Part {
    /// The blocks: a new one begins behind each message and each jump, and where control comes from elsewhere.
    fn blocks(&self) -> Vec<Block> {
        let mut starts = BTreeSet::from([0]);
        for (next, (_, instr)) in (1..).zip(&self.code) {
            match *instr {
                Instr::Jump { target } | Instr::Branch { target, .. } => starts.extend([next, target]),
                Instr::Send { .. } | Instr::Offer { .. } | Instr::Receive { .. } | Instr::Choose { .. } => {
                    starts.extend([next]);
                }
                _ => {}
            }
        }
        starts.extend(self.chooses.iter().flat_map(|table| &table.rows).map(|row| row.target));
        let states = (0..).zip(&self.code).filter(|(pc, _)| starts.contains(pc));
        states.map(|(pc, (state, _))| Block { pc, state: StateId(*state) }).collect()
    }
}

/// What an image is besides its roles: the number of its labels, its edges with how many messages are queued on one,
/// its constants, its choreography.
struct Frame<'a> {
    labels: u16,
    edges: &'a [(u16, u16)],
    bound: Option<u32>,
    consts: &'a [i64],
    nodes: Vec<Node>,
}

/// An image of these roles, `R0` …, with labels `M0` … of numbers.
fn image(Frame { labels, edges, bound, consts, nodes }: Frame<'_>, parts: Vec<Part>) -> CodeImage {
    let mut edges: Vec<Edge> = edges.iter().map(|&(from, to)| Edge { from, to, bound, lossy: false }).collect();
    edges.sort_unstable();
    let mut image = CodeImage {
        protocol: "Measured".to_owned(),
        labels: (0..labels).map(|label| Label { name: format!("M{label}"), payload: INT }).collect(),
        types: vec![Type::Int, Type::Bool],
        consts: consts.iter().copied().map(Const::Int).collect(),
        edges,
        choreography: Choreography { nodes },
        ..CodeImage::default()
    };
    for part in parts {
        image.roles.push(Role { name: format!("R{}", image.roles.len()), params: Vec::new() });
        image.functions.push(Function {
            blocks: part.blocks(),
            code: part.code.into_iter().map(|(_, instr)| instr).collect(),
            regs: part.registers,
            chooses: part.chooses,
            finals: part.finals,
            ..Function::default()
        });
        let (states, entries) = (part.machine, part.entries);
        image.machines.push(LocalMachine { states, entries, decisions: Vec::new() });
    }
    image
}

fn row(partner: u16, label: u16, target: u32) -> Transition {
    Transition { partner, label, target: StateId(target) }
}

fn send(partner: u16, target: u32) -> State {
    State::Send(vec![row(partner, 0, target)])
}

fn recv(partner: u16, target: u32) -> State {
    State::Recv { rows: vec![row(partner, 0, target)], may_end: false }
}

/// A message; what follows it, by label.
fn message(from: u16, to: u16, then: impl IntoIterator<Item = u32>) -> Node {
    let branches = (0..).zip(then).map(|(label, target)| Branch { label, target: NodeId(target) }).collect();
    Node::Comm { from, to, branches }
}

/// Two roles that play for ever.
pub(crate) fn ping_pong() -> CodeImage {
    ring(2)
}

/// Roles that pass a ball round for ever; the first one brings it. A send, a receive and a jump per message.
pub(crate) fn ring(roles: u16) -> CodeImage {
    let last = roles - 1;
    let first = Part {
        registers: vec![INT],
        code: vec![
            (0, Instr::Set { dst: 0, value: 0 }),
            (0, Instr::Send { to: 1, label: 0, val: 0 }),
            (1, Instr::Receive { from: last, label: 0, dst: 0 }),
            (0, Instr::Jump { target: 1 }),
        ],
        machine: vec![send(1, 1), recv(last, 0)],
        entries: places(&[&[0], &[1]]),
        ..Part::default()
    };
    // It waits at the start, and behind its own message.
    let waits = |role: u16| if role == last { vec![0] } else { vec![0, u32::from(role) + 1] };
    let other = |role: u16| Part {
        registers: vec![INT],
        code: vec![
            (0, Instr::Receive { from: role - 1, label: 0, dst: 0 }),
            (1, Instr::Send { to: (role + 1) % roles, label: 0, val: 0 }),
            (0, Instr::Jump { target: 0 }),
        ],
        machine: vec![recv(role - 1, 1), send((role + 1) % roles, 0)],
        entries: places(&[&waits(role), &[u32::from(role)]]),
        ..Part::default()
    };
    let edges: Vec<(u16, u16)> = (0..roles).map(|from| (from, (from + 1) % roles)).collect();
    let nodes = edges.iter().map(|&(from, to)| message(from, to, [u32::from(to)])).collect();
    let frame = Frame { labels: 1, edges: &edges, bound: Some(1), consts: &[7], nodes };
    image(frame, std::iter::once(first).chain((1..roles).map(other)).collect())
}

/// Two roles that play so many rounds: the first one counts and says when it is over.
pub(crate) fn counted(rounds: i64) -> CodeImage {
    let (ball, left, one, zero, more) = (0, 1, 2, 3, 4);
    let first = Part {
        registers: vec![INT, INT, INT, INT, BOOL],
        code: vec![
            (0, Instr::Set { dst: ball, value: 0 }),
            (0, Instr::Set { dst: left, value: 1 }),
            (0, Instr::Set { dst: one, value: 2 }),
            (0, Instr::Set { dst: zero, value: 3 }),
            (0, Instr::Prim { op: Prim::Gt, dst: more, a: left, b: zero }),
            (0, Instr::Branch { val: more, target: 10 }),
            (0, Instr::Offer { to: 1, label: 0, val: ball }),
            (1, Instr::Receive { from: 1, label: 0, dst: ball }),
            (0, Instr::Prim { op: Prim::Sub, dst: left, a: left, b: one }),
            (0, Instr::Jump { target: 4 }),
            (0, Instr::Offer { to: 1, label: 1, val: ball }),
            (2, Instr::Halt { finals: 0 }),
        ],
        finals: vec![Vec::new()],
        machine: vec![State::Send(vec![row(1, 0, 1), row(1, 1, 2)]), recv(1, 0), State::End],
        entries: places(&[&[0], &[1], &[2]]),
        ..Part::default()
    };
    let on = |label, target| ChooseRow { partner: 0, label, dst: 0, target };
    let second = Part {
        registers: vec![INT],
        code: vec![
            (0, Instr::Choose { table: 0 }),
            (1, Instr::Send { to: 0, label: 0, val: 0 }),
            (0, Instr::Jump { target: 0 }),
            (2, Instr::Halt { finals: 0 }),
        ],
        chooses: vec![ChooseTable { rows: vec![on(0, 1), on(1, 3)], finals: None }],
        finals: vec![Vec::new()],
        machine: vec![State::Recv { rows: vec![row(0, 0, 1), row(0, 1, 2)], may_end: false }, send(0, 0), State::End],
        entries: places(&[&[0], &[1], &[2]]),
    };
    let nodes = vec![message(0, 1, [1, 2]), message(1, 0, [0]), Node::End];
    let frame = Frame { labels: 2, edges: &[(0, 1), (1, 0)], bound: Some(1), consts: &[7, rounds, 1, 0], nodes };
    image(frame, vec![first, second])
}

/// A role that sends 64 messages and begins again, taking turns with its labels; another one takes what comes.
pub(crate) fn choice(labels: u16) -> CodeImage {
    let mut code = vec![(0, Instr::Set { dst: 0, value: 0 })];
    code.extend((0..64).map(|turn| (0, Instr::Offer { to: 1, label: turn % labels, val: 0 })));
    code.push((0, Instr::Jump { target: 1 }));
    let rows = |partner| (0..labels).map(|label| row(partner, label, 0)).collect();
    let machine = vec![State::Send(rows(1))];
    let chooser = Part { registers: vec![INT], code, machine, entries: places(&[&[0]]), ..Part::default() };
    let on = |label| ChooseRow { partner: 0, label, dst: 0, target: 0 };
    let taker = Part {
        registers: vec![INT],
        code: vec![(0, Instr::Choose { table: 0 })],
        chooses: vec![ChooseTable { rows: (0..labels).map(on).collect(), finals: None }],
        machine: vec![State::Recv { rows: rows(0), may_end: false }],
        entries: places(&[&[0]]),
        ..Part::default()
    };
    let nodes = vec![message(0, 1, (0..labels).map(|_| 0))];
    image(Frame { labels, edges: &[(0, 1)], bound: None, consts: &[7], nodes }, vec![chooser, taker])
}

/// The straight-line instructions, given where they stand.
pub(crate) const MIX: [fn(u32) -> Instr; 4] = [
    |_| Instr::Set { dst: 0, value: 0 },
    |_| Instr::Move { dst: 1, src: 0 },
    |_| Instr::Prim { op: Prim::Add, dst: 2, a: 1, b: 0 },
    |pc| Instr::Jump { target: pc + 1 },
];

/// `count` instructions of these kinds in turn, then a message of the one role to the other and a `Jump` back, for ever.
pub(crate) fn straight(kinds: &[fn(u32) -> Instr], count: u32) -> CodeImage {
    let part = |message: Instr, state: State| {
        let mut code: Vec<Instr> = (0..3).map(|dst| Instr::Set { dst, value: 0 }).collect();
        code.extend((3..).zip(kinds.iter().cycle()).take(count as usize).map(|(pc, kind)| kind(pc)));
        code.extend([message, Instr::Jump { target: 3 }]);
        Part {
            registers: vec![INT; 3],
            code: code.into_iter().map(|instr| (0, instr)).collect(),
            machine: vec![state],
            entries: places(&[&[0]]),
            ..Part::default()
        }
    };
    let sender = part(Instr::Send { to: 1, label: 0, val: 0 }, send(1, 0));
    let receiver = part(Instr::Receive { from: 0, label: 0, dst: 0 }, recv(0, 0));
    let nodes = vec![message(0, 1, [0])];
    image(Frame { labels: 1, edges: &[(0, 1)], bound: None, consts: &[7], nodes }, vec![sender, receiver])
}

/// A long chain of messages from one role to another, and back to its beginning: two instructions of the one, two of
/// the other for each message.
pub(crate) fn chain(messages: u32) -> CodeImage {
    let part = |each: [Instr; 2], state: fn(u32) -> State| {
        let mut code = vec![(0, Instr::Set { dst: 0, value: 0 }), (0, Instr::Set { dst: 1, value: 0 })];
        code.extend((0..messages).flat_map(|message| each.map(|instr| (message, instr))));
        code.push((0, Instr::Jump { target: 2 }));
        let machine = (1..=messages).map(|next| state(next % messages)).collect();
        let entries = (0..messages).map(|at| Place { state: StateId(at), node: NodeId(at) }).collect();
        Part { registers: vec![INT; 2], code, machine, entries, ..Part::default() }
    };
    let sender =
        part([Instr::Prim { op: Prim::Max, dst: 0, a: 0, b: 1 }, Instr::Send { to: 1, label: 0, val: 0 }], |next| {
            send(1, next)
        });
    let receiver =
        part([Instr::Move { dst: 1, src: 0 }, Instr::Receive { from: 0, label: 0, dst: 0 }], |next| recv(0, next));
    let nodes = (1..=messages).map(|next| message(0, 1, [next % messages])).collect();
    image(Frame { labels: 1, edges: &[(0, 1)], bound: None, consts: &[7], nodes }, vec![sender, receiver])
}
