//! Who evaluates an expression, and who can take a decision without a message (LANGUAGE §3).

use super::Checker;
use super::block::{Around, End};
use super::family::Rest;
use crate::family::{Constants, Extent, name, pick, value};
use crate::hir::{ProtocolId, RoleId, Var};
use crate::resolve::role_set;
use rustc_hash::{FxHashMap, FxHashSet};
use std::ops::Range;
use tell_language::ast::{self, Block, ExprKind, LoopKind, Name, PatternKind, RoleRef, StmtId, StmtKind, Target};
use tell_language::span::Span;
use tell_language::symbol::Symbol;

/// Statements looked at to find the next communication.
const LOOKAHEAD: usize = 2_000;

/// So many roles given to a call cost as much as looking at a statement.
const ROLES_PER_STATEMENT: usize = 16;

impl Checker<'_> {
    /// The variables of an expression, in order, each once; names bound inside it and names of functions excluded.
    pub(super) fn free_names(&self, id: ast::ExprId) -> Vec<Name> {
        let mut names = Vec::new();
        self.collect(id, &mut Vec::new(), &mut names);
        names
    }

    fn collect(&self, id: ast::ExprId, bound: &mut Vec<Symbol>, names: &mut Vec<Name>) {
        let expr = self.ast().expr(id);
        match &expr.kind {
            ExprKind::Var(symbol) => {
                let known = bound.contains(symbol) || names.iter().any(|name| name.symbol == *symbol);
                let is_fixed = self.text(*symbol) == "session" || self.constants.get(*symbol).is_some();
                if !known && !is_fixed {
                    names.push(Name { symbol: *symbol, span: expr.span });
                }
            }
            ExprKind::Field { base, .. } => self.collect(*base, bound, names),
            ExprKind::Call { callee, args } => {
                if !matches!(self.ast().expr(*callee).kind, ExprKind::Var(_) | ExprKind::Field { .. }) {
                    self.collect(*callee, bound, names);
                }
                args.iter().for_each(|arg| self.collect(*arg, bound, names));
            }
            ExprKind::Unary { operand, .. } => self.collect(*operand, bound, names),
            ExprKind::Binary { left, right, .. } => {
                self.collect(*left, bound, names);
                self.collect(*right, bound, names);
            }
            ExprKind::If { cond, then, els } => {
                [cond, then, els].into_iter().for_each(|id| self.collect(*id, bound, names))
            }
            ExprKind::Case { scrutinee, arms } => {
                self.collect(*scrutinee, bound, names);
                for (pattern, value) in arms {
                    let before = bound.len();
                    self.pattern_names(*pattern, bound);
                    self.collect(*value, bound, names);
                    bound.truncate(before);
                }
            }
            ExprKind::Record(fields) => fields.iter().for_each(|(_, value)| self.collect(*value, bound, names)),
            ExprKind::Tuple(items) | ExprKind::List(items) => {
                items.iter().for_each(|item| self.collect(*item, bound, names))
            }
            ExprKind::Unit
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::String(_)
            | ExprKind::Duration(_)
            | ExprKind::Upper(_)
            | ExprKind::Error => {}
        }
    }

    fn pattern_names(&self, id: ast::PatternId, bound: &mut Vec<Symbol>) {
        match &self.ast().pattern(id).kind {
            PatternKind::Var(symbol) => bound.push(*symbol),
            PatternKind::Constructor { args, .. } => args.iter().for_each(|arg| self.pattern_names(*arg, bound)),
            PatternKind::Tuple(items) | PatternKind::List(items) => {
                items.iter().for_each(|item| self.pattern_names(*item, bound))
            }
            PatternKind::Record(fields) => fields.iter().for_each(|(_, item)| self.pattern_names(*item, bound)),
            _ => {}
        }
    }

    /// The names of several expressions together.
    pub(super) fn free_names_of(&self, ids: &[ast::ExprId]) -> Vec<Name> {
        let mut names = Vec::new();
        ids.iter().for_each(|id| self.collect(*id, &mut Vec::new(), &mut names));
        names
    }

    /// The role of a local action: the one written, else the one that holds all names, else the sender of the next
    /// communication. Reports when there is none or several.
    pub(super) fn place(&mut self, what: &str, at: Option<RoleRef>, names: &[Name], span: Span) -> Option<RoleId> {
        if let Some(role) = at {
            return self.role(role);
        }
        let candidates = self.holders_of_all(names);
        let role = match candidates.as_slice() {
            [] => {
                self.nobody_holds(names);
                return None;
            }
            [only] => *only,
            _ => match self.next_sender().filter(|role| candidates.contains(role)) {
                Some(role) => role,
                None => {
                    let who = if names.is_empty() {
                        "every role could do this".to_owned()
                    } else {
                        format!(
                            "{} hold{} all it needs",
                            self.role_names(&candidates),
                            if candidates.len() == 1 { "s" } else { "" }
                        )
                    };
                    let first = self.role_name(candidates[0]).to_owned();
                    let text = format!("it is not clear which role {what}");
                    let help = format!("say it, e.g. `at {first}`");
                    self.report("E0304", span, text, &who, &help);
                    return None;
                }
            },
        };
        self.acting.insert(role);
        Some(role)
    }

    fn holders_of_all(&self, names: &[Name]) -> Vec<RoleId> {
        let Some((first, rest)) = names.split_first() else { return self.all_roles() };
        let mut holders: Vec<RoleId> = self.scope.holders(first.symbol).map(|(role, _)| role).collect();
        holders.retain(|role| rest.iter().all(|name| self.scope.lookup(*role, name.symbol).is_some()));
        holders.sort_unstable();
        holders
    }

    /// Reports why no role holds all of the names.
    fn nobody_holds(&mut self, names: &[Name]) {
        if let Some(name) = names.iter().find(|name| self.scope.holders(name.symbol).next().is_none()) {
            let role = RoleId(0);
            return self.unknown_name(*name, role);
        }
        let file = self.program.modules[self.module].file;
        let last = names.last().expect("an expression without names is held by all");
        let mut diagnostic =
            self.diagnostic("E0302", last.span, "no role holds all of these names".into(), "needed here");
        for name in names {
            let holders: Vec<(RoleId, Var)> = self.scope.holders(name.symbol).collect();
            let roles: Vec<RoleId> = holders.iter().map(|(role, _)| *role).collect();
            let text = format!("`{}` is held by {}", self.text(name.symbol), self.role_names(&roles));
            diagnostic = diagnostic.label(file, self.body.vars[holders[0].1.index()].span, text);
        }
        self.diagnostics.push(diagnostic.help("send them to one role first"));
    }

    /// The roles that can decide on an expression together: those that hold the same bindings of all its names.
    pub(super) fn deciders(&mut self, id: ast::ExprId, at: Option<RoleRef>) -> Option<Vec<RoleId>> {
        let names = self.free_names(id);
        let bindings = |checker: &Self, role: RoleId| -> Option<Vec<Var>> {
            names.iter().map(|name| checker.scope.lookup(role, name.symbol)).collect()
        };
        let candidates = self.holders_of_all(&names);
        if let Some(at) = at {
            let role = self.role(at)?;
            let Some(wanted) = bindings(self, role) else {
                let missing = names.iter().find(|name| self.scope.lookup(role, name.symbol).is_none());
                self.not_held(*missing.expect("one of the names is missing"), role);
                return None;
            };
            return Some(
                candidates.into_iter().filter(|other| bindings(self, *other).as_ref() == Some(&wanted)).collect(),
            );
        }
        if candidates.is_empty() {
            self.nobody_holds(&names);
            return None;
        }
        match names.iter().find(|name| self.differs(**name)) {
            Some(name) => {
                self.different_bindings(*name);
                None
            }
            None => Some(candidates),
        }
    }

    fn differs(&self, name: Name) -> bool {
        let mut bindings = self.scope.holders(name.symbol).map(|(_, var)| var);
        bindings.next().is_some_and(|first| bindings.any(|var| var != first))
    }

    fn different_bindings(&mut self, name: Name) {
        let mut holders: Vec<(RoleId, Var)> = self.scope.holders(name.symbol).collect();
        holders.sort_unstable();
        let file = self.program.modules[self.module].file;
        let first = holders[0];
        let other = *holders.iter().find(|(_, var)| *var != first.1).expect("two bindings differ");
        let group =
            |var: Var| -> Vec<RoleId> { holders.iter().filter(|(_, v)| *v == var).map(|(role, _)| *role).collect() };
        let (one, two) = (self.role_names(&group(first.1)), self.role_names(&group(other.1)));
        let text = self.text(name.symbol).to_owned();
        let diagnostic = self
            .diagnostic(
                "E0303",
                name.span,
                format!("{one} and {two} hold different values under the name `{text}`"),
                "which one decides?",
            )
            .label(file, self.body.vars[first.1.index()].span, format!("the `{text}` of {one}"))
            .label(file, self.body.vars[other.1.index()].span, format!("the `{text}` of {two}"))
            .help(format!("rename one of them, send it, or write who decides: `at {}`", self.role_name(first.0)));
        self.diagnostics.push(diagnostic);
    }

    /// The sender of the communication that comes next, if it is the same on every path.
    fn next_sender(&self) -> Option<RoleId> {
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
            StmtKind::Let { .. }
            | StmtKind::Var { .. }
            | StmtKind::Assign { .. }
            | StmtKind::Assert { .. }
            | StmtKind::Perform { .. }
            | StmtKind::Par { .. }
            | StmtKind::Scope(_)
            | StmtKind::Region(_)
            | StmtKind::Guest(_)
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
