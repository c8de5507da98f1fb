//! Builder: the authority and agreement surface of LANGUAGE §6.

use super::builder::{Builder, Mark};
use super::protocols::Clauses;
use crate::ast::{
    Authority, AuthorityKind, Block, Clause, ClauseValue, DeclKind, Guest, GuestKind, Name, OperationOutcome, RoleRef,
    Step, StmtId, StmtKind, TypeId, Use,
};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;

/// A `fragment` or `guest runtime`, which may be a declaration or a statement.
#[derive(Debug)]
pub(super) struct ReadGuest {
    guest: Guest,
    span: Span,
}

impl Builder<'_> {
    /// A declaration of LANGUAGE §6 with its clauses.
    pub(super) fn authority(&mut self, kind: AuthorityKind, name: Name, clauses: Vec<Clause>, span: Span) {
        self.known_clauses(&clauses, clause_words(kind));
        let empty = Authority {
            kind,
            name,
            params: Vec::new(),
            role: None,
            clauses,
            outcomes: Vec::new(),
            members: Vec::new(),
            body: None,
        };
        self.decl(DeclKind::Authority(Box::new(empty)), span);
    }

    /// `role_set`, `cluster`, `ring`, `mesh`
    pub(super) fn role_group(&mut self, kind: AuthorityKind, name: Name, members: Vec<RoleRef>, span: Span) {
        let (params, clauses, outcomes) = (Vec::new(), Vec::new(), Vec::new());
        let group = Authority { kind, name, params, role: None, clauses, outcomes, members, body: None };
        self.decl(DeclKind::Authority(Box::new(group)), span);
    }

    pub(super) fn operation(
        &mut self,
        name: Name,
        (params, role): (Vec<(Name, TypeId)>, RoleRef),
        read: Clauses,
        body: Block,
        span: Span,
    ) {
        self.small(name, "the operation");
        self.known_clauses(&read.clauses, clause_words(AuthorityKind::Operation));
        let (clauses, outcomes, kind) = (read.clauses, read.outcomes, AuthorityKind::Operation);
        let (role, members, body) = (Some(role), Vec::new(), Some(body));
        let operation = Authority { kind, name, params, role, clauses, outcomes, members, body };
        self.decl(DeclKind::Authority(Box::new(operation)), span);
    }

    pub(super) fn operation_outcome(&mut self, clauses: &mut Clauses, outcome: Name, value: ClauseValue) {
        if !matches!(self.name_text(outcome), "timeout" | "stall") {
            self.unknown_clause(outcome, &["timeout", "stall"]);
        }
        clauses.outcomes.push(OperationOutcome { outcome, value });
    }

    pub(super) fn guest(
        &mut self,
        (kind, name): (GuestKind, Name),
        args: Option<Mark>,
        (clauses, uses): (Vec<Clause>, Option<Vec<Use>>),
        body: Block,
        span: Span,
    ) -> Box<ReadGuest> {
        let args = args.map_or_else(Vec::new, |mark| self.take_args(mark));
        let uses = uses.unwrap_or_default();
        Box::new(ReadGuest { guest: Guest { kind, name, args, clauses, uses, body }, span })
    }

    pub(super) fn guest_decl(&mut self, read: ReadGuest) {
        self.decl(DeclKind::Guest(Box::new(read.guest)), read.span);
    }

    pub(super) fn guest_stmt(&mut self, read: ReadGuest) -> StmtId {
        let deepest = self.block_depth(&read.guest.body);
        self.stmt_of_depth(StmtKind::Guest(Box::new(read.guest)), read.span, deepest)
    }

    /// `resolve op as Success(x)|Failure(x)|Timeout(x)|Cancelled`
    pub(super) fn resolve(&mut self, op: Name, outcome: Name, args: Option<Mark>) -> Step {
        let allowed = ["Success", "Failure", "Timeout", "Cancelled"];
        if !allowed.contains(&self.name_text(outcome)) {
            self.unknown_clause(outcome, &allowed);
        }
        Step::Resolve { op, outcome, args: args.map(|mark| self.take_args(mark)) }
    }

    fn known_clauses(&mut self, clauses: &[Clause], allowed: &[&str]) {
        for clause in clauses {
            if !allowed.contains(&self.name_text(clause.word)) {
                self.unknown_clause(clause.word, allowed);
            }
        }
    }

    pub(super) fn unknown_clause(&mut self, found: Name, allowed: &[&str]) {
        let words: Vec<String> = allowed.iter().map(|word| format!("`{word}`")).collect();
        let found_text = self.name_text(found);
        self.report(
            Diagnostic::new(Code("E0102"), format!("expected {}, found `{found_text}`", words.join(" or ")))
                .label(self.file, found.span, "no clause starts like this")
                .help(format!("write one of {}", words.join(", "))),
        );
    }
}

/// The words that start a clause of a declaration.
fn clause_words(kind: AuthorityKind) -> &'static [&'static str] {
    match kind {
        AuthorityKind::Operation => &["within", "progress", "requires", "agreement", "prestate", "compose"],
        AuthorityKind::AgreementProfile => &["visibility", "rule", "usable_at", "finalized_at", "evidence"],
        AuthorityKind::Profile => &["fairness", "admissibility", "escalation_window"],
        AuthorityKind::ProofBundle => &["version", "issuer", "constraint", "requires"],
        AuthorityKind::RoleSet | AuthorityKind::Cluster | AuthorityKind::Ring | AuthorityKind::Mesh => &[],
    }
}
