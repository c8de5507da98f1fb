//! Printer: families, scopes, handlers, and the authority surface of LANGUAGE §6.

use super::Printer;
use crate::ast::{
    Annotation, Authority, AuthorityKind, Block, Clause, ClauseKind, ClauseValue, Evidence, Guest, GuestKind, Handler,
    IndexId, IndexKind, Member, OutcomeArm, ResumeValue, Step, StmtKind,
};

impl Printer<'_> {
    pub(super) fn index(&self, index: Option<IndexId>) -> String {
        index.map_or_else(String::new, |index| format!("[{}]", self.index_kind(self.ast.index(index).kind)))
    }

    fn index_kind(&self, kind: IndexKind) -> String {
        match kind {
            IndexKind::All => "*".into(),
            IndexKind::At(at) => self.expr(at),
            IndexKind::Range(from, to) => format!("{}..{}", self.expr(from), self.expr(to)),
        }
    }

    pub(super) fn members(&self, members: &[Member]) -> String {
        let members = members.iter().map(|member| format!("{}{}", self.name(member.name), self.index(member.size)));
        members.collect::<Vec<_>>().join(", ")
    }

    pub(super) fn annotation(&self, annotation: Option<&Annotation>) -> String {
        let Some(annotation) = annotation else { return String::new() };
        let entries = annotation.entries.iter();
        let entries = entries.map(|(key, value)| format!("{} : {}", self.name(*key), self.expr(*value)));
        format!(" {{ {} }}", entries.collect::<Vec<_>>().join(", "))
    }

    pub(super) fn evidence(&self, evidence: &Evidence) -> String {
        format!(" when {} yields {}", self.perform(&evidence.perform), self.name(evidence.bind))
    }

    /// A statement with parts.
    pub(super) fn parts(&mut self, kind: &StmtKind) {
        match kind {
            StmtKind::Par { branches } => {
                self.line("par");
                self.below(|printer| branches.iter().for_each(|branch| printer.headed("|", branch)));
            }
            StmtKind::Scope(scope) => {
                let head = match scope.deadline {
                    Some(deadline) => format!("timeout {} {} at", self.expr(deadline), self.role(scope.owner)),
                    None => format!("attempt {} at", self.role(scope.owner)),
                };
                self.with_outcomes(&head, &scope.body, &scope.outcomes);
            }
            StmtKind::Region(region) => {
                let instance = self.instance(&region.instance);
                let args =
                    if region.args.is_empty() { String::new() } else { format!("({})", self.exprs(&region.args)) };
                let bind = region.bind.map_or_else(String::new, |bind| format!(" as {}", self.name(bind)));
                let (role, handler) = (self.role(region.role), self.name(region.handler));
                let head = format!("{role} handles {instance} with {handler}{args}{bind}");
                self.with_outcomes(&head, &region.body, &region.outcomes);
            }
            StmtKind::For { index, over, body } => {
                let head = format!("for {} in {}", self.name(*index), self.index_kind(*over));
                self.headed(&head, body);
            }
            StmtKind::Guest(guest) => self.guest(guest),
            simple => unreachable!("bug: {simple:?} has no blocks"),
        }
    }

    fn with_outcomes(&mut self, head: &str, body: &Block, outcomes: &[OutcomeArm]) {
        self.headed(head, body);
        for arm in outcomes {
            let bind = arm.bind.map_or_else(String::new, |bind| format!(" {}", self.name(bind)));
            let head = format!("on {}{bind} =>", self.name(arm.outcome));
            self.headed(&head, &arm.body);
        }
    }

    pub(super) fn step(&self, step: &Step) -> String {
        match step {
            Step::Transfer { what, from, to } => {
                format!("transfer {} from {} to {}", self.path(what), self.role(*from), self.role(*to))
            }
            Step::Handoff { op, to, receipt } => {
                format!("handoff {} to {} with {}", self.name(*op), self.role(*to), self.name(*receipt))
            }
            Step::Publish { name, fact } => format!("publish {} as {}", self.name(*name), self.path(fact)),
            Step::Materialize { name, fact } => format!("materialize {} from {}", self.name(*name), self.path(fact)),
            Step::Dependent { work, op } => {
                format!("dependent work {} required for {}", self.name(*work), self.name(*op))
            }
            Step::Begin { op, args } => format!("begin {}({})", self.name(*op), self.exprs(args)),
            Step::Await { op } => format!("await {}", self.name(*op)),
            Step::Resolve { op, outcome, args } => {
                let args = args.as_ref().map_or_else(String::new, |args| format!("({})", self.exprs(args)));
                format!("resolve {} as {}{args}", self.name(*op), self.name(*outcome))
            }
            Step::Invalidate { op } => format!("invalidate {}", self.name(*op)),
            Step::Resume(ResumeValue::Expr(value)) => format!("resume {}", self.expr(*value)),
            Step::Resume(ResumeValue::Delegate { op, args }) => {
                format!("resume delegate {}({})", self.name(*op), self.exprs(args))
            }
            Step::Delegate { op, args } => format!("delegate {}({})", self.name(*op), self.exprs(args)),
            Step::Pass => "pass".into(),
            Step::Leave(value) => format!("leave {}", self.expr(*value)),
            Step::Throw(value) => format!("throw {}", self.expr(*value)),
            Step::Result(value) => format!("result {}", self.expr(*value)),
        }
    }

    pub(super) fn handler(&mut self, handler: &Handler) {
        let params = match handler.params.as_slice() {
            [] => String::new(),
            params => format!("({})", self.params(params)),
        };
        let instance = self.instance(&handler.instance);
        let uses = self.uses(&handler.uses);
        self.line(&format!("handler {}{params} for {instance}{uses}", self.name(handler.name)));
        self.below(|printer| {
            handler.cells.iter().for_each(|cell| printer.stmt(*cell));
            for clause in &handler.clauses {
                let head = match clause.op {
                    Some(op) => format!("{}({}) =>", printer.name(op), printer.names(&clause.params)),
                    None => format!("return {} =>", printer.names(&clause.params)),
                };
                printer.headed(&head, &clause.body);
            }
        });
    }

    pub(super) fn authority(&mut self, authority: &Authority) {
        let word = match authority.kind {
            AuthorityKind::Operation => "operation",
            AuthorityKind::AgreementProfile => "agreement_profile",
            AuthorityKind::Profile => "profile",
            AuthorityKind::ProofBundle => "proof_bundle",
            AuthorityKind::RoleSet => "role_set",
            AuthorityKind::Cluster => "cluster",
            AuthorityKind::Ring => "ring",
            AuthorityKind::Mesh => "mesh",
        };
        let mut head = format!("{word} {}", self.name(authority.name));
        if let Some(role) = authority.role {
            head.push_str(&format!("({}) at {}", self.params(&authority.params), self.role(role)));
        }
        if !authority.members.is_empty() {
            head.push_str(&format!(" = {}", self.roles(&authority.members)));
        }
        head.push_str(&self.clauses(&authority.clauses));
        for arm in &authority.outcomes {
            head.push_str(&format!(" on {} => {}", self.name(arm.outcome), self.clause_value(&arm.value)));
        }
        match &authority.body {
            Some(body) => self.headed(&format!("{head} ="), body),
            None => self.line(&head),
        }
    }

    pub(super) fn guest(&mut self, guest: &Guest) {
        let word = match guest.kind {
            GuestKind::Fragment => "fragment",
            GuestKind::Runtime => "guest runtime",
        };
        let args = if guest.args.is_empty() { String::new() } else { format!("({})", self.exprs(&guest.args)) };
        let (clauses, uses) = (self.clauses(&guest.clauses), self.uses(&guest.uses));
        self.headed(&format!("{word} {}{args}{clauses}{uses}", self.name(guest.name)), &guest.body);
    }

    fn clauses(&self, clauses: &[Clause]) -> String {
        clauses
            .iter()
            .map(|clause| format!(" {} {}", self.name(clause.word), self.clause_value(&clause.value)))
            .collect()
    }

    fn clause_value(&self, value: &ClauseValue) -> String {
        match &value.kind {
            ClauseKind::Name { path, args } => {
                let args = args.as_ref().map_or_else(String::new, |args| format!("({})", self.exprs(args)));
                format!("{}{args}", self.path(path))
            }
            ClauseKind::List(items) => format!("[{}]", self.exprs(items)),
            ClauseKind::Literal(value) => self.expr(*value),
        }
    }
}
