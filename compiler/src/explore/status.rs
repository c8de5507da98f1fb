//! What a configuration amounts to: somebody can move, all is over, or something went wrong.

use super::ProblemKind;
use super::code::Op;
use super::config::{Config, Thread};
use super::system::{Choice, Move, System};
use crate::graph::Role;

/// What can be said about a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Somebody can move.
    Running,
    /// Nobody moves any more, and nobody has to.
    Ended {
        /// Roles that would still take a message.
        waiting: Vec<Role>,
    },
    /// Something went wrong.
    Stuck(ProblemKind),
}

impl System {
    /// What can be said about a configuration.
    #[must_use]
    pub fn status(&self, config: &Config) -> Status {
        self.judge(config, &self.moves(config))
    }

    /// The same, where the moves are known.
    pub(super) fn judge(&self, config: &Config, moves: &[Move]) -> Status {
        if let Some(kind) = self.unexpected(config, false) {
            return Status::Stuck(kind);
        }
        if moves.iter().any(|step| self.is_certain(config, step)) {
            return Status::Running;
        }
        let (mut stuck, mut waiting) = (Vec::new(), Vec::new());
        for (at, thread) in config.threads.iter().enumerate() {
            match self.op(thread) {
                Op::Act(act) if !act.may_end => stuck.push(thread.role),
                Op::Act(act) if !act.recvs.is_empty() => waiting.push(thread.role),
                // It waits for an outcome nobody decided.
                Op::Scope(_) if self.is_over(config, at) => stuck.push(thread.role),
                _ => {}
            }
        }
        stuck.dedup();
        waiting.dedup();
        let orphan = || {
            let first = config.messages.first()?;
            let (from, to) = self.code.edges[first.edge as usize];
            Some(ProblemKind::Orphan { from, to, label: first.label })
        };
        if let Some(kind) = self.unexpected(config, true) {
            Status::Stuck(kind)
        } else if !stuck.is_empty() {
            Status::Stuck(ProblemKind::Deadlock { waiting: stuck })
        } else {
            orphan().map_or(Status::Ended { waiting }, Status::Stuck)
        }
    }

    /// Whether a step is bound to be taken: an outcome without a deadline may never be decided.
    fn is_certain(&self, config: &Config, step: &Move) -> bool {
        match (step.choice, self.op(&config.threads[step.thread])) {
            (Choice::Outcome(_), Op::Scope(scope)) => scope.has_deadline,
            _ => true,
        }
    }

    /// A role that waits where every channel it looks at has a message it cannot take; with `at_the_end`, where one
    /// of them has.
    fn unexpected(&self, config: &Config, at_the_end: bool) -> Option<ProblemKind> {
        for (at, thread) in config.threads.iter().enumerate() {
            let Op::Act(act) = self.op(thread) else { continue };
            if act.recvs.is_empty() || !act.sends.is_empty() || !act.silents.is_empty() {
                continue;
            }
            let mut strange = None;
            let mut hopeful = false;
            let mut looked: Vec<u32> = Vec::new();
            for row in &act.recvs {
                if looked.contains(&row.edge) {
                    continue;
                }
                looked.push(row.edge);
                match self.visible(config, at, row.edge) {
                    None => hopeful = true,
                    Some(head) if act.recvs.iter().any(|row| (row.edge, row.label) == (head.edge, head.label)) => {
                        hopeful = true;
                    }
                    Some(head) => strange = strange.or(Some((row.peer, head.label))),
                }
            }
            if let Some((from, label)) = strange
                && (at_the_end || !hopeful)
            {
                return Some(ProblemKind::Unexpected { role: thread.role, from, label });
            }
        }
        None
    }

    /// Whether a line of control can take a message.
    pub(super) fn reads(&self, thread: &Thread, from: Role, label: u32) -> bool {
        matches!(self.op(thread), Op::Act(act) if act.recvs.iter().any(|row| (row.peer, row.label) == (from, label)))
    }

    /// Whether a role has a state in which it may wait for ever.
    pub(super) fn can_wait(&self, role: Role) -> bool {
        self.code.ops[role as usize].iter().any(may_wait)
    }

    /// Whether a role is in such a state.
    pub(super) fn waits(&self, config: &Config, role: Role) -> bool {
        config.threads[config.of_role(role)].iter().any(|thread| may_wait(self.op(thread)))
    }
}

fn may_wait(op: &Op) -> bool {
    matches!(op, Op::Act(act) if act.may_end && !act.recvs.is_empty())
}
