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
        for stmt in &block.stmts {
            for (role, next) in self.stmt(stmt) {
                match all.get_mut(&role) {
                    Some(first) if first.always => {}
                    Some(first) => *first = First { kind: first.kind.or(next.kind), always: next.always },
                    None => {
                        all.insert(role, next);
                    }
                }
            }
        }
        all
    }

    fn stmt(&self, stmt: &Stmt) -> Map {
        let acts = |role: &RoleId| (*role, First { kind: Kind::Acts(stmt.span), always: true });
        match &stmt.kind {
            StmtKind::Message { from, to, .. } => {
                [acts(from), (*to, First { kind: Kind::Receives(*from), always: true })].into_iter().collect()
            }
            StmtKind::Choice { decider, arms, .. } => {
                let mut map: Map = [acts(decider)].into_iter().collect();
                let arms = self.arms(arms.iter().map(|arm| &arm.body));
                arms.into_iter().for_each(|(role, first)| {
                    map.entry(role).or_insert(first);
                });
                map
            }
            StmtKind::Case { arms, .. } => self.arms(arms.iter().map(|arm| &arm.body)),
            StmtKind::Rec { body, .. } => self.block(body),
            StmtKind::Loop { kind: LoopKind::Decided { by, .. }, body } => {
                let mut map: Map = [acts(by)].into_iter().collect();
                for (role, first) in self.block(body) {
                    map.entry(role).or_insert(First { kind: first.kind, always: true });
                }
                map
            }
            StmtKind::Loop { kind: LoopKind::Forever, body } => self.block(body),
            StmtKind::Loop { kind: LoopKind::While { .. } | LoopKind::Repeat { .. }, body } => {
                let body = self.block(body);
                body.into_iter().map(|(role, first)| (role, First { always: false, ..first })).collect()
            }
            StmtKind::Call { protocol, roles, .. } => self.call(*protocol, roles),
            StmtKind::Let { role, .. } | StmtKind::Assert { role, .. } | StmtKind::Perform { role, .. } => {
                [acts(role)].into_iter().collect()
            }
            StmtKind::Continue { .. } => Map::default(),
        }
    }

    fn arms<'b>(&self, arms: impl Iterator<Item = &'b Block>) -> Map {
        let maps: Vec<(Map, bool)> = arms.map(|arm| (self.block(arm), arm.falls_through)).collect();
        let mut all = Map::default();
        for (map, _) in &maps {
            for (role, first) in map {
                let kind = all.get(role).map_or(first.kind, |known: &First| known.kind.or(first.kind));
                let always = maps.iter().all(|(map, falls)| !falls || map.get(role).is_some_and(|first| first.always));
                all.insert(*role, First { kind, always });
            }
        }
        all
    }

    fn call(&self, protocol: ProtocolId, roles: &[RoleId]) -> Map {
        let rename = |kind| match kind {
            Kind::Receives(from) => Kind::Receives(roles[from.index()]),
            other => other,
        };
        let Some(map) = self.protocols.get(&protocol) else { return Map::default() };
        map.iter().map(|(role, first)| (roles[role.index()], First { kind: rename(first.kind), ..*first })).collect()
    }
}
