//! How each role of a block acts first, for the end of decided loops (LANGUAGE §4, `loop decide by`).

use crate::hir::{Block, LoopKind, Program, ProtocolId, RoleId, Stmt, StmtKind};
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap};
use tell_language::span::Span;

/// The first action of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It receives, always from this role.
    Receives(RoleId),
    /// It receives, from one role or another.
    ReceivesFromSeveral,
    /// It can send or act locally.
    Acts(Span),
}

impl Kind {
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Acts(span), _) | (_, Self::Acts(span)) => Self::Acts(span),
            (Self::Receives(a), Self::Receives(b)) if a == b => self,
            _ => Self::ReceivesFromSeveral,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct First {
    kind: Kind,
    /// Whether the role acts on every path through the block.
    always: bool,
}

/// Rounds through circles of calls; each adds a role or weakens an action, so few are ever needed.
const MAX_ROUNDS: usize = 1_000;

/// Roles in order of their first action.
type Map = IndexMap<RoleId, First, FxBuildHasher>;

/// First actions of blocks; those of whole protocols are computed once.
pub(super) struct Firsts {
    protocols: FxHashMap<ProtocolId, Map>,
}

impl Firsts {
    /// First actions of protocols, callees first; a circle of calls is gone round until nothing changes.
    pub(super) fn new(program: &Program, callees_first: &[ProtocolId]) -> Self {
        let mut firsts = Self { protocols: FxHashMap::default() };
        for _ in 0..MAX_ROUNDS {
            let mut changed = false;
            for id in callees_first {
                let Some(body) = &program.protocol(*id).body else { continue };
                let map = firsts.block(&body.block);
                changed |= firsts.protocols.insert(*id, map.clone()) != Some(map);
            }
            if !changed {
                break;
            }
        }
        firsts
    }

    /// The roles that act in the block, in order of their first action, and what that is.
    pub(super) fn of(&self, block: &Block) -> Vec<(RoleId, Kind)> {
        self.block(block).into_iter().map(|(role, first)| (role, first.kind)).collect()
    }

    fn block(&self, block: &Block) -> Map {
        let mut all = Map::default();
        block.stmts.iter().for_each(|stmt| self.stmt(stmt, &mut all));
        all
    }

    /// Adds a statement to what stands before it.
    fn stmt(&self, stmt: &Stmt, all: &mut Map) {
        let acts = First { kind: Kind::Acts(stmt.span), always: true };
        match &stmt.kind {
            StmtKind::Message { from, to, .. } => {
                follow(all, *from, acts);
                follow(all, *to, First { kind: Kind::Receives(*from), always: true });
            }
            StmtKind::Choice { decider, arms, .. } => {
                follow(all, *decider, acts);
                follow_all(all, self.arms(arms.iter().map(|arm| &arm.body)));
            }
            StmtKind::Case { arms, .. } => follow_all(all, self.arms(arms.iter().map(|arm| &arm.body))),
            StmtKind::Rec { body, .. } | StmtKind::Loop { kind: LoopKind::Forever, body } => {
                follow_all(all, self.block(body));
            }
            StmtKind::Loop { kind: LoopKind::Decided { by, .. }, body } => {
                follow(all, *by, acts);
                let body = self.block(body).into_iter();
                follow_all(all, body.map(|(role, first)| (role, First { always: true, ..first })));
            }
            StmtKind::Loop { kind: LoopKind::While { .. } | LoopKind::Repeat { .. }, body } => {
                let body = self.block(body).into_iter();
                follow_all(all, body.map(|(role, first)| (role, First { always: false, ..first })));
            }
            StmtKind::Par { branches } => follow_all(all, self.branches(branches)),
            StmtKind::Scope { owner, body, outcomes, .. } => {
                // Going in is an action of each role that takes part.
                follow(all, *owner, acts);
                let parts = [body].into_iter().chain(outcomes.iter().map(|outcome| &outcome.body));
                parts.flat_map(|part| self.block(part)).for_each(|(role, _)| follow(all, role, acts));
            }
            StmtKind::Call { protocol, roles, .. } => self.call(*protocol, roles, all),
            StmtKind::Let { role, .. } | StmtKind::Assert { role, .. } | StmtKind::Perform { role, .. } => {
                follow(all, *role, acts);
            }
            StmtKind::Continue { .. } => {}
        }
    }

    /// Several blocks side by side: any of them can come first.
    fn branches(&self, branches: &[Block]) -> Map {
        let mut all = Map::default();
        for (role, first) in branches.iter().flat_map(|branch| self.block(branch)) {
            let known = all.entry(role).or_insert(first);
            *known = First { kind: known.kind.or(first.kind), always: known.always || first.always };
        }
        all
    }

    /// One of several blocks: a role acts always if it does in each whose end is reached.
    fn arms<'b>(&self, arms: impl Iterator<Item = &'b Block>) -> Map {
        let mut all = Map::default();
        let mut falling = 0usize;
        // In how many of the blocks whose end is reached each role acts always; parallel to `all`.
        let mut counts: Vec<usize> = Vec::new();
        for arm in arms {
            falling += usize::from(arm.falls_through);
            for (role, first) in self.block(arm) {
                let entry = all.entry(role);
                let index = entry.index();
                entry.and_modify(|known| known.kind = known.kind.or(first.kind)).or_insert(first);
                counts.resize(all.len(), 0);
                counts[index] += usize::from(arm.falls_through && first.always);
            }
        }
        all.values_mut().zip(counts).for_each(|(first, count)| first.always = count == falling);
        all
    }

    fn call(&self, protocol: ProtocolId, roles: &[RoleId], all: &mut Map) {
        let rename = |kind| match kind {
            Kind::Receives(from) => Kind::Receives(roles[from.index()]),
            other => other,
        };
        let Some(map) = self.protocols.get(&protocol) else { return };
        let renamed = |first: &First| First { kind: rename(first.kind), ..*first };
        follow_all(all, map.iter().map(|(role, first)| (roles[role.index()], renamed(first))));
    }
}

/// Adds what a role does first in the next statement.
fn follow(all: &mut Map, role: RoleId, next: First) {
    let first = all.entry(role).or_insert(next);
    if !first.always {
        *first = First { kind: first.kind.or(next.kind), always: next.always };
    }
}

fn follow_all(all: &mut Map, next: impl IntoIterator<Item = (RoleId, First)>) {
    next.into_iter().for_each(|(role, next)| follow(all, role, next));
}
