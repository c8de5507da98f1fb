//! Which role sends next: it does the local action before that, if several could (LANGUAGE §4, `let`).

use super::Checker;
use super::block::{Around, End};
use super::family::Rest;
use crate::hir::{ProtocolId, RoleId};
use crate::resolve::family::{Constants, Extent, name, pick, value};
use crate::resolve::role_set;
use rustc_hash::{FxHashMap, FxHashSet};
use std::ops::Range;
use tell_language::ast::{self, Block, LoopKind, RoleRef, StmtId, StmtKind, Target};
use tell_language::span::Span;
use tell_language::symbol::Symbol;

/// Statements looked at to find the next communication.
const LOOKAHEAD: usize = 2_000;

/// So many roles given to a call cost as much as looking at a statement.
const ROLES_PER_STATEMENT: usize = 16;

impl Checker<'_> {
    /// The sender of the communication that comes next, if it is the same on every path.
    pub(super) fn next_sender(&self) -> Option<RoleId> {
        let mut search = NextSender::new(self, self.protocol, LOOKAHEAD);
        search.constants = self.constants.clone();
        search.recs = self.recs.iter().map(|(label, body)| (label.symbol, body)).collect();
        for Around { stmts, next, end } in self.around.iter().rev() {
            if search.block(&stmts[*next..]) == Flow::Stops {
                break;
            }
            match end {
                End::Behind => {}
                End::Start => _ = search.block(stmts),
                End::Round(Rest { index, rounds }) => {
                    if search.rounds(*index, rounds.clone(), stmts) == Flow::Stops {
                        break;
                    }
                }
            }
        }
        match search.senders.as_slice() {
            [only] if search.budget > 0 => Some(*only),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Flow {
    /// A communication comes first on every path (or nothing follows).
    Stops,
    /// Some path reaches the end without one.
    GoesOn,
}

struct NextSender<'a, 'b> {
    checker: &'a Checker<'b>,
    /// The protocol whose statements are looked at.
    protocol: ProtocolId,
    /// The checker's roles that stand for the members of that protocol; `None` for the checker's own.
    given: Option<FxHashMap<Symbol, Vec<RoleId>>>,
    constants: Constants,
    senders: Vec<RoleId>,
    budget: usize,
    /// The `rec`s around the statement being looked at, innermost last.
    recs: Vec<(Symbol, &'a Block)>,
    /// `rec`s whose head was looked at because of a `continue`.
    seen: FxHashSet<Span>,
}

impl<'a, 'b> NextSender<'a, 'b> {
    fn new(checker: &'a Checker<'b>, protocol: ProtocolId, budget: usize) -> Self {
        Self {
            checker,
            protocol,
            given: None,
            constants: Constants::default(),
            senders: Vec::new(),
            budget,
            recs: Vec::new(),
            seen: FxHashSet::default(),
        }
    }

    fn ast(&self) -> &'a ast::Ast {
        let checker = self.checker;
        &checker.program.modules[checker.program.protocol(self.protocol).module].ast
    }

    /// The roles a reference stands for, in order; `None` if that is reported elsewhere.
    fn group(&self, role: RoleRef) -> Option<Vec<RoleId>> {
        let module = self.checker.program.protocol(self.protocol).module;
        match role_set(self.checker.names, module, role.name.symbol) {
            Some(set) if self.count(role.name.symbol).is_none() => {
                let roles: Option<Vec<Vec<RoleId>>> = set.iter().map(|listed| self.picked(*listed)).collect();
                roles.map(|roles| roles.concat())
            }
            _ => self.picked(role),
        }
    }

    /// As [`Self::group`], of a role or family.
    fn picked(&self, role: RoleRef) -> Option<Vec<RoleId>> {
        let count = self.count(role.name.symbol)?;
        let range = match role.index {
            None => 0..count,
            Some(index) => pick(self.ast(), self.ast().index(index), count, &self.constants).ok()?.range(),
        };
        match &self.given {
            Some(given) => Some(given[&role.name.symbol][range.start as usize..range.end as usize].to_vec()),
            None => {
                let member = self.checker.members[&role.name.symbol];
                Some(range.map(|index| member.role(index)).collect())
            }
        }
    }

    /// How many roles a member of the protocol is.
    fn count(&self, name: Symbol) -> Option<u32> {
        match &self.given {
            Some(given) => given.get(&name).map(|roles| u32::try_from(roles.len()).expect("at most `MAX_ROLES`")),
            None => self.checker.members.get(&name).map(|member| member.count.unwrap_or(1)),
        }
    }

    /// The first of the roles sends.
    fn add(&mut self, senders: RoleRef) -> Flow {
        let Some(senders) = self.group(senders) else { return Flow::Stops };
        let Some(first) = senders.first() else { return Flow::GoesOn };
        if !self.senders.contains(first) {
            self.senders.push(*first);
        }
        Flow::Stops
    }

    /// The rounds of a `for`, one after the other.
    fn rounds(&mut self, index: Symbol, mut rounds: Range<u32>, body: &[StmtId]) -> Flow {
        let stops = rounds.any(|round| {
            self.budget = self.budget.saturating_sub(1);
            self.constants.push(index, i64::from(round));
            let flow = self.block(body);
            self.constants.pop();
            self.budget == 0 || flow == Flow::Stops
        });
        if stops { Flow::Stops } else { Flow::GoesOn }
    }

    /// What the index of a `for` is; nothing if that is wrong, which is reported elsewhere.
    fn over(&self, over: ast::IndexKind) -> Range<u32> {
        let number = |id| value(self.ast(), id, &self.constants).ok().and_then(|value| u32::try_from(value).ok());
        match over {
            ast::IndexKind::All => 0..0,
            ast::IndexKind::At(family) => {
                0..name(self.ast(), family).and_then(|name| self.count(name.symbol)).unwrap_or(0)
            }
            ast::IndexKind::Range(from, to) => number(from).zip(number(to)).map_or(0..0, |(from, to)| from..to),
        }
    }

    fn block(&mut self, stmts: &[StmtId]) -> Flow {
        let flows = stmts.iter().map(|stmt| self.stmt(*stmt));
        if flows.into_iter().any(|flow| flow == Flow::Stops) { Flow::Stops } else { Flow::GoesOn }
    }

    fn arms<'c>(&mut self, arms: impl Iterator<Item = &'c Block>) -> Flow {
        let mut flow = Flow::Stops;
        for arm in arms {
            if self.block(&arm.stmts) == Flow::GoesOn {
                flow = Flow::GoesOn;
            }
        }
        flow
    }

    /// Branches side by side: any of them can come first, and all of them come.
    fn branches(&mut self, branches: &[Block]) -> Flow {
        let flows: Vec<Flow> = branches.iter().map(|branch| self.block(&branch.stmts)).collect();
        if flows.contains(&Flow::Stops) { Flow::Stops } else { Flow::GoesOn }
    }

    fn stmt(&mut self, id: StmtId) -> Flow {
        self.budget = self.budget.saturating_sub(1);
        if self.budget == 0 {
            return Flow::Stops;
        }
        match &self.ast().stmt(id).kind {
            StmtKind::Message { from, to: Target::Role(to), .. } => match self.group(*to) {
                Some(receivers) if receivers.is_empty() => Flow::GoesOn,
                _ => self.add(*from),
            },
            StmtKind::Message { from, to: Target::Others(_), .. } => self.add(*from),
            StmtKind::Choice { decider, .. } => self.add(*decider),
            StmtKind::If { then, els, .. } => {
                let empty = Block::default();
                self.arms([then, els.as_ref().unwrap_or(&empty)].into_iter())
            }
            StmtKind::Case { arms, .. } => self.arms(arms.iter().map(|arm| &arm.body)),
            StmtKind::Rec { label, body } => {
                self.recs.push((label.symbol, body));
                let flow = self.block(&body.stmts);
                self.recs.pop();
                flow
            }
            StmtKind::Continue { label } => self.jump(label.symbol),
            StmtKind::Loop { kind: LoopKind::Decide { by } | LoopKind::WhileBy { by, .. }, .. } => self.add(*by),
            StmtKind::Loop { kind: LoopKind::Forever, body } => self.block(&body.stmts),
            StmtKind::Loop { body, .. } => {
                self.block(&body.stmts);
                Flow::GoesOn
            }
            StmtKind::Call { roles, .. } => roles.first().map_or(Flow::GoesOn, |_| self.call(id)),
            StmtKind::Let { body: Some(body), .. } => self.block(&body.stmts),
            StmtKind::For { index, over, body } => self.rounds(index.symbol, self.over(*over), &body.stmts),
            StmtKind::Par { branches } => self.branches(branches),
            StmtKind::Scope(scope) => {
                self.arms([&scope.body].into_iter().chain(scope.outcomes.iter().map(|arm| &arm.body)))
            }
            StmtKind::Region(region) => {
                self.arms([&region.body].into_iter().chain(region.outcomes.iter().map(|arm| &arm.body)))
            }
            StmtKind::Guest(guest) => self.block(&guest.body.stmts),
            StmtKind::Let { .. }
            | StmtKind::Var { .. }
            | StmtKind::Assign { .. }
            | StmtKind::Assert { .. }
            | StmtKind::Perform { .. }
            | StmtKind::Step(_)
            | StmtKind::Value(_)
            | StmtKind::Error => Flow::GoesOn,
        }
    }

    /// Goes on at the head of the enclosing `rec`, once.
    fn jump(&mut self, label: Symbol) -> Flow {
        let head = self.recs.iter().rposition(|(name, _)| *name == label);
        if let Some(head) = head
            && self.seen.insert(self.recs[head].1.span)
        {
            let inner = self.recs.split_off(head + 1);
            self.block(&self.recs[head].1.stmts);
            self.recs.extend(inner);
        }
        Flow::Stops
    }

    /// The first sender of a called protocol.
    fn call(&mut self, id: StmtId) -> Flow {
        let checker = self.checker;
        let StmtKind::Call { protocol, roles, .. } = &self.ast().stmt(id).kind else { return Flow::GoesOn };
        let Some(callee) = checker.calls.find(checker.program, checker.names, self.protocol, protocol) else {
            return Flow::GoesOn;
        };
        let protocol = checker.program.protocol(callee);
        let mut inner = NextSender::new(checker, callee, self.budget / 2);
        let mut given = FxHashMap::default();
        for (role, (member, extent)) in roles.iter().zip(&protocol.header.members) {
            let Some(roles) = self.group(*role) else { return Flow::GoesOn };
            inner.budget = inner.budget.saturating_sub(roles.len() / ROLES_PER_STATEMENT);
            if let Extent::Named(size) = extent {
                inner.constants.push(protocol.header.sizes[*size].symbol, i64::try_from(roles.len()).unwrap_or(0));
            }
            given.insert(member.symbol, roles);
        }
        inner.given = Some(given);
        let flow = inner.block(&protocol.block.stmts);
        self.budget = if inner.budget == 0 { 0 } else { self.budget };
        let new: Vec<RoleId> = inner.senders.into_iter().filter(|sender| !self.senders.contains(sender)).collect();
        self.senders.extend(new);
        flow
    }
}
