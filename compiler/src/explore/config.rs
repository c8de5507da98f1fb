//! Configurations: where every role is, what is under way, and what was decided together.

use super::term::TermId;
use crate::graph::Role;

/// A configuration of all roles. Make one with [`super::System::initial`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Config {
    /// Role by role; what runs inside a thread follows it.
    pub(super) threads: Vec<Thread>,
    /// Channel by channel, each from its head on.
    pub(super) messages: Vec<Message>,
    /// Decisions somebody can still ask for, with their arms, ascending.
    pub(super) decided: Vec<(TermId, u32)>,
    /// How often roles entered scopes and took unnamed decisions, ascending.
    pub(super) counts: Vec<Count>,
    /// Outcomes of scopes that not everybody took notice of.
    pub(super) outcomes: Vec<Outcome>,
}

/// A line of control of one role.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Thread {
    pub(super) role: Role,
    /// Number of threads it runs inside.
    pub(super) depth: u32,
    pub(super) state: u32,
    /// In a scope, which run of it; else 0.
    pub(super) instance: TermId,
    /// The tracked slots.
    pub(super) slots: Box<[TermId]>,
}

/// A message under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Message {
    pub(super) edge: u32,
    pub(super) label: u32,
    /// The run of a scope it was sent in; 0 outside.
    pub(super) instance: TermId,
    /// The tracked fields.
    pub(super) fields: Box<[TermId]>,
}

/// How often a role came to a node inside a run of a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Count {
    pub(super) role: Role,
    pub(super) parent: TermId,
    pub(super) node: u32,
    pub(super) next: u32,
}

/// What the owner of a scope decided, and who has still to learn of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Outcome {
    /// The run of the scope, its body.
    pub(super) instance: TermId,
    /// Position among the outcomes; `None` for `done` without a block.
    pub(super) block: Option<u32>,
    /// Whether it is `done`.
    pub(super) is_done: bool,
    pub(super) remaining: Vec<Role>,
}

impl Config {
    /// Number of messages under way between two roles' channel.
    pub(super) fn length(&self, edge: u32) -> usize {
        self.messages.iter().filter(|message| message.edge == edge).count()
    }

    /// Position of the head of a channel.
    pub(super) fn head(&self, edge: u32) -> Option<usize> {
        self.messages.iter().position(|message| message.edge == edge)
    }

    pub(super) fn push(&mut self, message: Message) {
        let at = self.messages.partition_point(|other| other.edge <= message.edge);
        self.messages.insert(at, message);
    }

    /// The threads that run inside a thread.
    pub(super) fn inside(&self, at: usize) -> std::ops::Range<usize> {
        let depth = self.threads[at].depth;
        let rest = &self.threads[at + 1..];
        at + 1..at + 1 + rest.iter().take_while(|thread| thread.depth > depth).count()
    }

    /// Those that run directly inside it.
    pub(super) fn children(&self, at: usize) -> impl Iterator<Item = &Thread> {
        let depth = self.threads[at].depth + 1;
        self.threads[self.inside(at)].iter().filter(move |thread| thread.depth == depth)
    }

    /// The run of the innermost scope that a thread runs inside; 0 if there is none.
    pub(super) fn instance_around(&self, at: usize) -> TermId {
        let mut depth = self.threads[at].depth;
        for thread in self.threads[..at].iter().rev() {
            if depth == 0 {
                break;
            }
            if thread.depth < depth {
                if thread.instance != 0 {
                    return thread.instance;
                }
                depth = thread.depth;
            }
        }
        0
    }

    /// The threads of one role.
    pub(super) fn of_role(&self, role: Role) -> std::ops::Range<usize> {
        let start = self.threads.partition_point(|thread| thread.role < role);
        let count = self.threads[start..].iter().take_while(|thread| thread.role == role).count();
        start..start + count
    }

    /// How often a role came to a node inside a run of a scope.
    pub(super) fn count(&self, role: Role, parent: TermId, node: u32) -> u32 {
        let same = |count: &&Count| (count.role, count.parent, count.node) == (role, parent, node);
        self.counts.iter().find(same).map_or(0, |count| count.next)
    }

    /// Counts one more; how often it was before.
    pub(super) fn count_up(&mut self, role: Role, parent: TermId, node: u32) -> u32 {
        let key = |count: &Count| (count.role, count.parent, count.node);
        match self.counts.binary_search_by_key(&(role, parent, node), key) {
            Ok(at) => {
                self.counts[at].next += 1;
                self.counts[at].next - 1
            }
            Err(at) => {
                self.counts.insert(at, Count { role, parent, node, next: 1 });
                0
            }
        }
    }
}
