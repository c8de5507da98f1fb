//! `for`: written out, once per index in order (LANGUAGE §2).

use super::super::Checker;
use super::super::block::{End, Tail};
use super::super::place_of;
use crate::hir::Stmt;
use crate::resolve::family::{Constants, Member, Mistake, Pick, pick, value};
use crate::resolve::{Names, role_set};
use rustc_hash::{FxHashMap, FxHashSet};
use std::ops::Range;
use tell_language::ast::{self, Ast, Block, IndexKind, Name, RoleRef, StmtKind, Target};
use tell_language::diagnostic::{Diagnostic, did_you_mean};
use tell_language::span::Span;
use tell_language::symbol::Symbol;

/// Largest index of a `for` over numbers.
const MAX_INDEX: u32 = crate::resolve::family::MAX_ROLES;

/// So many roles that take a decision together cost as much as a statement.
const ROLES_PER_STATEMENT: usize = 16;

/// Rounds with mistakes after which the others are not looked at.
const MAX_FAULTY_ROUNDS: usize = 8;

/// The rounds of a `for` after the current one.
#[derive(Clone, Debug)]
pub(in crate::check) struct Rest {
    /// Its index.
    pub(in crate::check) index: Symbol,
    /// What the index will be.
    pub(in crate::check) rounds: Range<u32>,
}

impl Checker<'_> {
    pub(in crate::check) fn for_stmt(
        &mut self,
        index: Name,
        over: IndexKind,
        body: &Block,
        span: Span,
        tail: Tail,
        out: &mut Vec<Stmt>,
    ) -> bool {
        let Some(rounds) = self.rounds(over, span) else { return true };
        self.refuse_predefined(index);
        if !self.is_in_round() && !self.can_write_out(index, &rounds, body, span) {
            return true;
        }
        let mut seen = FxHashSet::default();
        let mut faulty = 0;
        let mut falls_through = true;
        for round in rounds.clone() {
            if !falls_through {
                self.never_reached(body.span);
                break;
            }
            let before = self.diagnostics.len();
            let is_last = round + 1 == rounds.end;
            self.constants.push(index.symbol, i64::from(round));
            let rest = Rest { index: index.symbol, rounds: round + 1..rounds.end };
            let written = self.round(body, if is_last { tail } else { Tail::No }, rest);
            self.constants.pop();
            out.extend(written.stmts);
            falls_through = written.falls_through;
            faulty += usize::from(self.keep_new(before, &mut seen, (index.symbol, round, rounds.start)));
            if faulty == MAX_FAULTY_ROUNDS {
                break;
            }
        }
        falls_through
    }

    /// One copy of the body. What it binds stays, as if it had been written there; a cell ends with its round, because the
    /// next one may have a cell of that name at another role.
    fn round(&mut self, body: &Block, tail: Tail, rest: Rest) -> crate::hir::Block {
        let mark = self.scope.mark();
        let written = self.statements(body, tail, End::Round(rest));
        let bound = self.scope.since(mark);
        self.scope.rollback(mark);
        for (role, name, var) in bound {
            if !self.cells.contains(&var) {
                self.scope.bind(role, name, var);
            }
        }
        written
    }

    /// Whether the current statement is in the body of a `for`.
    fn is_in_round(&self) -> bool {
        self.around.iter().any(|around| matches!(around.end, End::Round(_)))
    }

    /// Drops what earlier rounds have found, says of the rest in which round it was found unless that is the first one,
    /// and answers whether there was an error.
    fn keep_new(
        &mut self,
        before: usize,
        seen: &mut FxHashSet<(tell_language::diagnostic::Code, (tell_language::span::FileId, Span))>,
        (index, round, first): (Symbol, u32, u32),
    ) -> bool {
        let mut found = self.diagnostics.split_off(before);
        let has_error = found.iter().any(Diagnostic::is_error);
        found.retain(|found| seen.insert(place_of(found)));
        if round != first {
            let note = format!("in the round `{} = {round}`", self.text(index));
            let is_new = |found: &&mut Diagnostic| found.notes.is_empty();
            found.iter_mut().filter(is_new).for_each(|found| found.notes.push(note.clone()));
        }
        self.diagnostics.extend(found);
        has_error
    }

    fn never_reached(&mut self, body: Span) {
        let text = "the other rounds of this `for` are never reached".to_owned();
        let help = "end the body where it leaves the `for`, or write its last round after it";
        self.report("E0414", body, text, "control never gets to the end of this", help);
    }

    /// What the index of a `for` is, in order.
    fn rounds(&mut self, over: IndexKind, span: Span) -> Option<Range<u32>> {
        let mistake = match over {
            IndexKind::Range(..) => {
                let index = ast::Index { kind: over, span: span.head(3) };
                match pick(self.ast(), index, MAX_INDEX, &self.constants) {
                    Ok(picked) => return Some(picked.range()),
                    Err(mistake) => mistake,
                }
            }
            IndexKind::At(family) => match crate::resolve::family::name(self.ast(), family) {
                Some(name) => return self.family_rounds(name),
                None if self.ast().expr(family).kind == ast::ExprKind::Error => return None,
                None => Mistake::Form(self.ast().expr(family).span),
            },
            IndexKind::All => Mistake::Form(span.head(3)),
        };
        match mistake {
            Mistake::Outside { from, to, .. } => {
                let to = to.unwrap_or(from);
                let text = format!("the range {from}..{to} cannot be gone through");
                let help = format!("a range goes up, within 0..{MAX_INDEX}");
                self.report("E0233", span.head(3), text, "no range of indices", &help);
            }
            Mistake::Form(span) => {
                let text = "a `for` goes through a family or a range of numbers".to_owned();
                self.report("E0237", span, text, "neither of them", "write `for i in W`, or `for i in 0..3`");
            }
            other => {
                let whole = Name { symbol: self.program.protocol(self.protocol).name, span };
                let member = Member { name: whole, first: 0, count: Some(MAX_INDEX) };
                let problem = other.problem(self.program, &member, &self.constants)?;
                self.report(problem.code, problem.span, problem.message, problem.label, &problem.help);
            }
        }
        None
    }

    fn family_rounds(&mut self, name: Name) -> Option<Range<u32>> {
        if let Some(member) = self.members.get(&name.symbol)
            && let Some(count) = member.count
        {
            return Some(0..count);
        }
        let members = &self.program.protocol(self.protocol).members;
        if members.is_empty() {
            return None; // What is wrong with the header is reported there.
        }
        let families = members.iter().filter(|member| member.count.is_some());
        let known: Vec<&str> = families.map(|member| self.program.text(member.name.symbol)).collect();
        let text = self.text(name.symbol);
        let help = match did_you_mean(text, known.iter().copied()) {
            Some(similar) => format!("did you mean `{similar}`?"),
            None if self.constants.get(name.symbol).is_some() => format!("write `for i in 0..{text}`"),
            None => "write the name of a family, or a range: `0..3`".to_owned(),
        };
        let text = format!("`{text}` is no family");
        self.report("E0237", name.span, text, "what does this `for` go through?", &help);
        None
    }

    /// Whether there is room for what a `for` outside others writes out; reports if not.
    fn can_write_out(&mut self, index: Name, rounds: &Range<u32>, body: &Block, span: Span) -> bool {
        let protocol = self.program.protocol(self.protocol);
        let mut scale = Scale {
            ast: &self.program.modules[self.module].ast,
            names: (self.names, self.module),
            members: &self.members,
            roles: protocol.roles.len(),
            constants: self.constants.clone(),
            left: self.instances.left,
        };
        let fits = scale.rounds(index.symbol, rounds.clone(), body);
        let left = scale.left;
        self.write_out(fits.then(|| self.instances.left - left), span.head(3))
    }

    /// Takes `count` statements from what a program may write out; reports if there are too few left, or `None` are asked.
    fn write_out(&mut self, count: Option<usize>, span: Span) -> bool {
        let left = count.and_then(|count| self.instances.left.checked_sub(count));
        if let Some(left) = left {
            self.instances.left = left;
        } else if self.instances.left > 0 {
            self.instances.left = 0;
            let text = "this program is too large when its families and `for`s are written out".to_owned();
            let help = "make the families smaller, or let one role go through them with messages";
            self.report("E0405", span, text, "more than 1000000 statements with this", help);
        }
        left.is_some()
    }

    /// Takes the messages of one statement, unless the `for` around it did.
    pub(in crate::check) fn can_send(&mut self, messages: usize, span: Span) -> bool {
        messages < 2 || self.is_in_round() || self.write_out(Some(messages), span)
    }
}

/// Counts what a block writes out, up to a limit.
struct Scale<'a> {
    ast: &'a Ast,
    names: (&'a [Names], usize),
    members: &'a FxHashMap<Symbol, Member>,
    roles: usize,
    constants: Constants,
    left: usize,
}

impl Scale<'_> {
    fn rounds(&mut self, index: Symbol, rounds: Range<u32>, body: &Block) -> bool {
        rounds.into_iter().all(|round| {
            self.constants.push(index, i64::from(round));
            let fits = self.take(1) && self.block(body);
            self.constants.pop();
            fits
        })
    }

    fn take(&mut self, count: usize) -> bool {
        let left = self.left.checked_sub(count);
        self.left = left.unwrap_or(0);
        left.is_some()
    }

    fn block(&mut self, block: &Block) -> bool {
        let ast = self.ast;
        block.stmts.iter().all(|stmt| self.stmt(&ast.stmt(*stmt).kind))
    }

    fn stmt(&mut self, kind: &StmtKind) -> bool {
        match kind {
            StmtKind::For { index, over, body } => {
                let rounds = self.over(*over);
                self.rounds(index.symbol, rounds, body)
            }
            StmtKind::Message { from, to, .. } => {
                let receivers = match to {
                    Target::Role(role) => self.roles(*role),
                    Target::Others(_) => self.roles,
                };
                let senders = self.roles(*from);
                self.take(receivers.max(senders))
            }
            _ => {
                let mut inner = Vec::new();
                kind.each_block(&mut |block| inner.push(block));
                // A decision can be one of all roles.
                let deciders = if inner.is_empty() { 0 } else { self.roles / ROLES_PER_STATEMENT };
                self.take(1 + deciders) && inner.into_iter().all(|block| self.block(block))
            }
        }
    }

    /// The rounds of a `for`; none if something is wrong with them, which is reported when they are written out.
    fn over(&self, over: IndexKind) -> Range<u32> {
        match over {
            IndexKind::All => 0..0,
            IndexKind::At(family) => {
                let name = crate::resolve::family::name(self.ast, family);
                let member = name.and_then(|name| self.members.get(&name.symbol));
                0..member.and_then(|member| member.count).unwrap_or(0)
            }
            IndexKind::Range(from, to) => {
                let at = |id| value(self.ast, id, &self.constants).ok().and_then(|value| u32::try_from(value).ok());
                at(from).zip(at(to)).map_or(0..0, |(from, to)| from..to.min(MAX_INDEX))
            }
        }
    }

    /// How many roles a reference stands for, about.
    fn roles(&self, role: RoleRef) -> usize {
        let Some(member) = self.members.get(&role.name.symbol) else {
            return role_set(self.names.0, self.names.1, role.name.symbol).map_or(1, |_| self.roles);
        };
        let count = member.count.unwrap_or(1);
        let picked = role.index.map(|index| pick(self.ast, self.ast.index(index), count, &self.constants));
        match picked {
            Some(Ok(Pick::Several(range))) => range.len(),
            None => count as usize,
            _ => 1,
        }
    }
}
