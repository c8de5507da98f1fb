//! Which roles are meant: families, indices, ranges and role sets (LANGUAGE §2).
//!
//! [`Checker::role`] is for places where one role acts, [`Checker::group`] for those where several may. [`rounds`] writes
//! `for` out, [`instances`] keeps the sizes each protocol is checked with.

mod instances;
mod rounds;

pub(super) use instances::Instances;
pub(super) use rounds::Rest;

use super::{Checker, listed};
use crate::hir::RoleId;
use crate::resolve::family::{Member, Mistake, Pick, Problem, pick};
use crate::resolve::role_set;
use rustc_hash::FxHashSet;
use tell_language::ast::{self, Name, RoleRef};
use tell_language::diagnostic::did_you_mean;
use tell_language::span::Span;

/// The roles a reference stands for.
pub(super) enum Group {
    /// A role, or one of a family.
    One(RoleId),
    /// All or a range of a family, or a role set; in order, each once.
    Many(Vec<RoleId>),
}

impl Checker<'_> {
    /// The one role that is meant; reports an unknown one, and several.
    pub(super) fn role(&mut self, role: RoleRef) -> Option<RoleId> {
        match self.group(role)? {
            Group::One(id) => Some(id),
            Group::Many(roles) => {
                let what = self.text(role.name.symbol).to_owned();
                let text = format!("one role is needed here, not {} of `{what}`", roles.len());
                let help = match role_set(self.names, self.module, role.name.symbol) {
                    Some(_) if !self.members.contains_key(&role.name.symbol) => "name one role".to_owned(),
                    _ => format!("write `{what}[0]`, or `{what}[i]` inside `for i in {what}`"),
                };
                self.report("E0234", self.reference_span(role), text, "which of them?", &help);
                None
            }
        }
    }

    /// The roles that are meant. A family without an index stands for all its roles.
    pub(super) fn group(&mut self, role: RoleRef) -> Option<Group> {
        let names = self.names;
        let group = match self.members.get(&role.name.symbol).copied() {
            Some(member) => self.of_member(role, &member)?,
            None => match role_set(names, self.module, role.name.symbol) {
                Some(set) => self.of_set(role, set)?,
                None => {
                    self.unknown_role(role.name);
                    return None;
                }
            },
        };
        match &group {
            Group::One(id) => _ = self.acting.insert(*id),
            Group::Many(roles) => self.acting.extend(roles),
        }
        Some(group)
    }

    /// From the name to the end of its index.
    pub(super) fn reference_span(&self, role: RoleRef) -> Span {
        role.index.map_or(role.name.span, |index| role.name.span.to(self.ast().index(index).span))
    }

    fn of_member(&mut self, role: RoleRef, member: &Member) -> Option<Group> {
        let picked = match (member.count, role.index) {
            (None, None) => return Some(Group::One(member.role(0))),
            (Some(_), None) => return Some(Group::Many(member.roles().collect())),
            (None, Some(index)) => Err(Mistake::NoFamily(self.ast().index(index).span)),
            (Some(count), Some(index)) => pick(self.ast(), self.ast().index(index), count, &self.constants),
        };
        match picked {
            Ok(Pick::One(index)) => Some(Group::One(member.role(index))),
            Ok(Pick::Several(range)) => Some(Group::Many(range.map(|index| member.role(index)).collect())),
            Err(mistake) => {
                self.index_mistake(mistake, member, role);
                None
            }
        }
    }

    fn index_mistake(&mut self, mistake: Mistake, member: &Member, role: RoleRef) {
        let problem = mistake.problem(self.program, member, &self.constants);
        let Some(Problem { code, span, message, label, help }) = problem else { return };
        let mut diagnostic = self.diagnostic(code, span, message, label).help(help);
        if let (Mistake::Outside { .. }, Some(round)) = (mistake, self.round_of(role)) {
            diagnostic = diagnostic.note(round);
        }
        self.diagnostics.push(diagnostic);
    }

    /// The names in an index with what they stand for, as a note.
    fn round_of(&self, role: RoleRef) -> Option<String> {
        let ids = match self.ast().index(role.index?).kind {
            ast::IndexKind::All => Vec::new(),
            ast::IndexKind::At(at) => vec![at],
            ast::IndexKind::Range(from, to) => vec![from, to],
        };
        let mut names: Vec<ast::Name> = Vec::new();
        for id in ids {
            let id = match self.ast().expr(id).kind {
                ast::ExprKind::Binary { left, .. } => left,
                _ => id,
            };
            names.extend(crate::resolve::family::name(self.ast(), id));
        }
        names.dedup_by_key(|name| name.symbol);
        let values = names
            .iter()
            .filter_map(|name| Some(format!("`{} = {}`", self.text(name.symbol), self.constants.get(name.symbol)?)));
        let values: Vec<String> = values.collect();
        (!values.is_empty()).then(|| format!("here {}", values.join(" and ")))
    }

    /// The roles a role set lists, as roles of this protocol.
    fn of_set(&mut self, role: RoleRef, set: &[RoleRef]) -> Option<Group> {
        let name = self.text(role.name.symbol).to_owned();
        if let Some(index) = role.index {
            let (span, text) = (self.ast().index(index).span, format!("`{name}` is a role set, not a family"));
            self.report("E0235", span, text, "an index of no family", &format!("write `{name}` alone"));
            return None;
        }
        let mut roles = Vec::new();
        let mut seen = FxHashSet::default();
        for listed in set {
            let Some(member) = self.members.get(&listed.name.symbol).copied() else {
                self.missing_in_set(role.name, listed.name);
                return None;
            };
            let group = match self.of_member(*listed, &member)? {
                Group::One(id) => vec![id],
                Group::Many(roles) => roles,
            };
            if let Some(twice) = group.iter().find(|id| !seen.insert(**id)).copied() {
                let file = self.program.modules[self.module].file;
                let text = format!("`{}` is twice in the role set `{name}`", self.role_name(twice));
                let diagnostic = self
                    .diagnostic("E0211", listed.name.span, text, "again here")
                    .label(file, role.name.span, "used here")
                    .help("remove one of them");
                self.diagnostics.push(diagnostic);
                return None;
            }
            roles.extend(group);
        }
        Some(Group::Many(roles))
    }

    fn missing_in_set(&mut self, set: Name, listed: Name) {
        let file = self.program.modules[self.module].file;
        let text = format!("role set `{}` lists `{}`", self.text(set.symbol), self.text(listed.symbol));
        let help =
            format!("declare `{}` among the roles of this protocol, or use another set", self.text(listed.symbol));
        let diagnostic = self
            .diagnostic("E0202", set.span, format!("{text}, which is no role of this protocol"), "used here")
            .label(file, listed.span, "listed here")
            .help(help);
        self.diagnostics.push(diagnostic);
    }

    fn unknown_role(&mut self, name: Name) {
        let members = &self.program.protocol(self.protocol).members;
        if members.is_empty() {
            return; // Missing roles were reported with the header.
        }
        let wanted = self.text(name.symbol).to_owned();
        let known: Vec<&str> = members.iter().map(|member| self.program.text(member.name.symbol)).collect();
        let help = match did_you_mean(&wanted, known.iter().copied()) {
            Some(similar) => format!("did you mean `{similar}`?"),
            None => format!("the roles of this protocol are {}", listed(&known)),
        };
        self.report("E0202", name.span, format!("there is no role `{wanted}`"), "unknown role", &help);
    }
}
