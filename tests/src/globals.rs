//! Pure global types for the differential tests, a function of a seed; and how to make a failing one smaller.
//!
//! Every type is well-formed (PROJECTION §1): closed, every recursion guarded by a communication, the labels towards
//! one receiver distinct in one choice, no message to oneself, parallel branches disjoint in ordered role pairs, nothing
//! behind a branch that never ends.
//! Somewhat more than half are meant to be implementable: there, after a choice only roles that know its outcome
//! send, and everybody else is told, early or late, before the branch ends or goes round ([`Block`]). In the others
//! anybody sends anything, which is where the projections disagree. [`with`] switches the extensions on; start there.

mod shrink;

pub use shrink::shrink;

use crate::numbers::Numbers;
use tell_compiler::wellformed::can_end;
use tell_ir::global::{GlobalId, GlobalNode, GlobalType};
use tell_ir::sort::{Label, Sort};

/// Most nodes a generated type has.
pub const MAX_NODES: usize = 40;

/// Which extensions of PROJECTION §1 a type may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// `choice`: one role decides, the branches may start towards different receivers.
    pub choice: bool,
    /// `par`: independent branches and what follows them.
    pub par: bool,
}

/// The type of a seed: communications and recursion only.
#[must_use]
pub fn global(seed: u64) -> GlobalType {
    with(seed, Shape::default())
}

/// The type of a seed with the extensions of `shape`.
#[must_use]
pub fn with(seed: u64, shape: Shape) -> GlobalType {
    let mut numbers = Numbers::new(seed);
    let roles = *numbers.pick(&[2, 3, 3, 3, 4, 4, 5]);
    let style = *numbers.pick(&[Style::Informed, Style::Informed, Style::Mixed, Style::Wild]);
    // leaves are shared and do not count: one `end` and one node per variable
    let budget = 3 + numbers.below(MAX_NODES - 3 - 1 - VARIABLES.len());
    let mut writer = Writer { numbers, shape, style, roles, branches: 0, nodes: Vec::new() };
    let everyone = Roles::first(roles);
    let root = writer.block(&Block {
        budget,
        binders: Vec::new(),
        knows: everyone,
        active: everyone,
        tellers: [0; ROLES.len()],
        pairs: Pairs::all(roles),
        mark: 0,
    });
    let roles = ROLES[..roles].iter().map(|&name| name.to_owned()).collect();
    GlobalType { roles, nodes: writer.nodes, root }
}

const ROLES: [&str; 5] = ["A", "B", "C", "D", "E"];

const LABELS: [&str; 7] = ["k", "l", "m", "n", "o", "p", "q"];

const VARIABLES: [&str; 3] = ["X", "Y", "Z"];

const SORTS: [Sort; 4] = [Sort::Unit, Sort::Int, Sort::String, Sort::Bool];

/// Who may send after a choice.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Those who know its outcome.
    Informed,
    /// Those who know; at some choices anybody.
    Mixed,
    /// Anybody.
    Wild,
}

/// A set of roles.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Roles(u8);

impl Roles {
    const fn first(count: usize) -> Self {
        Self((1 << count) - 1)
    }

    const fn has(self, role: usize) -> bool {
        self.0 >> role & 1 == 1
    }

    const fn with(self, role: usize) -> Self {
        Self(self.0 | 1 << role)
    }

    const fn without(self, role: usize) -> Self {
        Self(self.0 & !(1 << role))
    }

    /// Those that are not in `other`.
    fn beyond(self, other: Self) -> Vec<usize> {
        (0..ROLES.len()).filter(|&role| self.has(role) && !other.has(role)).collect()
    }
}

/// A set of ordered pairs of roles: who may send to whom.
#[derive(Clone, Copy)]
struct Pairs(u32);

impl Pairs {
    fn all(roles: usize) -> Self {
        let pairs = (0..roles).flat_map(|a| (0..roles).filter(move |&b| b != a).map(move |b| (a, b)));
        pairs.fold(Self(0), |set, (a, b)| Self(set.0 | Self::bit(a, b)))
    }

    const fn bit(from: usize, to: usize) -> u32 {
        1 << (from * ROLES.len() + to)
    }

    const fn has(self, from: usize, to: usize) -> bool {
        self.0 & Self::bit(from, to) != 0
    }
}

/// What may be written at a place.
#[derive(Clone)]
struct Block {
    /// Inner nodes that may still be written.
    budget: usize,
    /// Binders in scope, outermost first, and whether a communication lies between.
    binders: Vec<(&'static str, bool)>,
    /// Roles that know which branch they are in.
    knows: Roles,
    /// Roles that act here at all.
    active: Roles,
    /// By whom each role should be told of the choices around, if that one knows.
    tellers: [usize; ROLES.len()],
    /// Who may send to whom.
    pairs: Pairs,
    /// Which label tells about this branch.
    mark: usize,
}

impl Block {
    /// Messages that can be sent by those who know.
    fn messages(&self) -> Vec<(usize, usize)> {
        let pairs = (0..ROLES.len()).flat_map(|from| (0..ROLES.len()).map(move |to| (from, to)));
        let may = |&(from, to): &(usize, usize)| {
            self.pairs.has(from, to) && self.knows.has(from) && self.active.has(from) && self.active.has(to)
        };
        pairs.filter(may).collect()
    }

    /// The messages that still have to tell somebody, the preferred teller's if he knows.
    fn tellings(&self) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        for told in self.active.beyond(self.knows) {
            let known: Vec<_> = self.messages().into_iter().filter(|&(_, to)| to == told).collect();
            let preferred = known.iter().find(|(from, _)| *from == self.tellers[told]);
            found.extend(preferred.or_else(|| known.first()));
        }
        found
    }

    /// What may be written after a communication.
    fn after(&self, budget: usize) -> Self {
        let binders = self.binders.iter().map(|(name, _)| (*name, true)).collect();
        Self { budget, binders, ..self.clone() }
    }
}

/// The type being written; children come before their parents.
struct Writer {
    numbers: Numbers,
    shape: Shape,
    style: Style,
    roles: usize,
    /// Branches written so far, to tell them apart.
    branches: usize,
    nodes: Vec<GlobalNode>,
}

impl Writer {
    fn add(&mut self, node: GlobalNode) -> GlobalId {
        self.nodes.push(node);
        GlobalId(u32::try_from(self.nodes.len() - 1).expect("a generated type is small"))
    }

    /// The one node of a leaf.
    fn leaf(&mut self, leaf: GlobalNode) -> GlobalId {
        match self.nodes.iter().position(|known| *known == leaf) {
            Some(known) => GlobalId(u32::try_from(known).expect("a generated type is small")),
            None => self.add(leaf),
        }
    }

    fn block(&mut self, block: &Block) -> GlobalId {
        let tellings = block.tellings();
        if block.budget <= tellings.len() + 1 || self.numbers.percent(4) {
            return self.tell_and_stop(block, &tellings);
        }
        if block.binders.len() < VARIABLES.len() && self.numbers.percent(20) {
            return self.rec(block);
        }
        if self.shape.par && block.budget >= 4 && self.numbers.percent(15) {
            return self.par(block);
        }
        if !tellings.is_empty() && self.numbers.percent(60) {
            let (from, to) = *self.numbers.pick(&tellings);
            return self.message(block, from, to);
        }
        let messages = block.messages();
        if messages.is_empty() {
            return self.stop(block);
        }
        let (from, to) = *self.numbers.pick(&messages);
        if self.shape.choice && self.numbers.percent(25) {
            self.choice(block, from)
        } else {
            self.comm(block, from, to)
        }
    }

    /// Tells whom is left, then ends or goes round.
    fn tell_and_stop(&mut self, block: &Block, tellings: &[(usize, usize)]) -> GlobalId {
        match tellings.first() {
            Some(&(from, to)) if block.budget > 0 => self.message(block, from, to),
            _ => self.stop(block),
        }
    }

    fn stop(&mut self, block: &Block) -> GlobalId {
        let visible = |(at, (name, is_guarded)): (usize, &(&'static str, bool))| {
            let is_shadowed = block.binders[at + 1..].iter().any(|(inner, _)| inner == name);
            (*is_guarded && !is_shadowed).then_some(*name)
        };
        let targets: Vec<&str> = block.binders.iter().enumerate().filter_map(visible).collect();
        if targets.is_empty() || self.numbers.percent(35) {
            return self.leaf(GlobalNode::End);
        }
        let inner = targets[targets.len() - 1];
        let name = if self.numbers.percent(65) { inner } else { *self.numbers.pick(&targets) };
        self.leaf(GlobalNode::Var(name.to_owned()))
    }

    fn rec(&mut self, block: &Block) -> GlobalId {
        let name = *self.numbers.pick(&VARIABLES);
        let mut body = Block { budget: block.budget - 1, ..block.clone() };
        body.binders.push((name, false));
        let body = self.block(&body);
        self.add(GlobalNode::Rec(name.to_owned(), body))
    }

    /// A message without alternative.
    fn message(&mut self, block: &Block, sender: usize, receiver: usize) -> GlobalId {
        let at = if block.knows.has(receiver) { self.numbers.below(LABELS.len()) } else { block.mark };
        let label = self.label(at);
        let mut rest = block.after(block.budget - 1);
        rest.knows = rest.knows.with(receiver);
        let rest = self.block(&rest);
        self.add(comm(sender, receiver, vec![(label, rest)]))
    }

    fn comm(&mut self, block: &Block, sender: usize, receiver: usize) -> GlobalId {
        let wanted = *self.numbers.pick(&[1, 1, 2, 2, 2, 3]);
        let untold = block.active.beyond(Roles(0)).len() - 2;
        let room = (block.budget - 1) / (untold + 1);
        let count = wanted.min(room).max(1);
        if count == 1 {
            return self.message(block, sender, receiver);
        }
        let first = self.numbers.below(LABELS.len());
        let rests = self.alternatives(block, sender, &vec![receiver; count]);
        let branches = (first..).zip(rests).map(|(at, rest)| (self.label(at), rest)).collect();
        self.add(comm(sender, receiver, branches))
    }

    fn choice(&mut self, block: &Block, decider: usize) -> GlobalId {
        let receivers: Vec<usize> =
            block.messages().into_iter().filter(|(from, _)| *from == decider).map(|(_, to)| to).collect();
        let untold = block.active.beyond(Roles(0)).len() - 1;
        let count = (2 + self.numbers.below(2)).min((block.budget - 1) / (untold + 1)).max(1);
        let receivers: Vec<usize> = (0..count).map(|_| *self.numbers.pick(&receivers)).collect();
        let first = self.numbers.below(LABELS.len());
        let is_one_label = self.numbers.percent(20);
        let rests = self.alternatives(block, decider, &receivers);
        let mut branches: Vec<(u32, Label, GlobalId)> = Vec::new();
        for (at, (&receiver, rest)) in receivers.iter().zip(rests).enumerate() {
            let is_new = !receivers[..at].contains(&receiver);
            let label = self.label(if is_one_label && is_new { first } else { first + at });
            branches.push((role(receiver), label, rest));
        }
        self.add(GlobalNode::Choice { decider: role(decider), branches })
    }

    /// What follows in each branch of a decision of `decider` that starts with a message to the branch's receiver.
    fn alternatives(&mut self, block: &Block, decider: usize, receivers: &[usize]) -> Vec<GlobalId> {
        let is_informed = match self.style {
            Style::Informed => true,
            Style::Mixed => self.numbers.percent(50),
            Style::Wild => false,
        };
        let mut rest = block.after((block.budget - 1) / receivers.len());
        let insiders: Vec<usize> = rest.active.beyond(Roles(0));
        for told in 0..ROLES.len() {
            rest.tellers[told] = *self.numbers.pick(&[decider, receivers[0], *self.numbers.clone().pick(&insiders)]);
        }
        if self.numbers.percent(20) {
            let left_out = self.numbers.below(self.roles);
            if left_out != decider && !receivers.contains(&left_out) {
                rest.active = rest.active.without(left_out);
            }
        }
        let mut written = Vec::new();
        for &receiver in receivers {
            self.branches += 1;
            let mut rest = Block { mark: self.branches, ..rest.clone() };
            if is_informed {
                rest.knows = Roles(0).with(decider).with(receiver);
            }
            if self.numbers.percent(10) {
                rest.tellers = [decider; ROLES.len()];
            }
            written.push(self.block(&rest));
        }
        written
    }

    /// Branches that share no ordered pair of roles. They are closed: no variable leads out of them.
    fn par(&mut self, block: &Block) -> GlobalId {
        let count = 2 + self.numbers.below(2);
        let mut pairs = vec![Pairs(0); count];
        let spread = self.numbers.percent(50);
        for (from, to) in (0..self.roles).flat_map(|from| (0..self.roles).map(move |to| (from, to))) {
            if block.pairs.has(from, to) {
                // often both directions of a pair stay together, so that branches can converse
                let at = if spread { self.numbers.below(count) } else { (from + to) % count };
                pairs[at].0 |= Pairs::bit(from, to);
            }
        }
        let budget = (block.budget - 1) / (count + 1);
        let branches =
            pairs.into_iter().map(|pairs| self.block(&Block { budget, pairs, binders: Vec::new(), ..block.clone() }));
        let branches: Vec<GlobalId> = branches.collect();
        let ends = can_end(&self.nodes);
        let never_ends = !branches.iter().all(|branch| ends[branch.0 as usize]);
        let then = if self.numbers.percent(40) || never_ends {
            self.leaf(GlobalNode::End)
        } else {
            self.block(&Block { budget, ..block.clone() })
        };
        self.add(GlobalNode::Par { branches, then })
    }

    /// A label of the pool; its sort is mostly the one that belongs to it.
    fn label(&mut self, at: usize) -> Label {
        let name = LABELS[at % LABELS.len()].to_owned();
        let is_odd = self.numbers.percent(if self.style == Style::Wild { 10 } else { 1 });
        let sort = if is_odd { self.numbers.below(SORTS.len()) } else { at % LABELS.len() % SORTS.len() };
        Label { name, sort: SORTS[sort].clone() }
    }
}

fn comm(sender: usize, receiver: usize, branches: Vec<(Label, GlobalId)>) -> GlobalNode {
    GlobalNode::Comm { sender: role(sender), receiver: role(receiver), branches }
}

fn role(index: usize) -> u32 {
    u32::try_from(index).expect("few roles")
}
