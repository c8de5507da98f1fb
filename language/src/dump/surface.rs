//! Dump: families, scopes, handlers, and the authority surface of LANGUAGE §6.

use super::{Dump, list};
use crate::ast::{
    Annotation, Authority, Block, Clause, ClauseKind, ClauseValue, Evidence, ExprId, Guest, Handler, IndexId,
    IndexKind, Member, OutcomeArm, ResumeValue, Step, StmtKind,
};

impl Dump<'_> {
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
        list(members.iter().map(|member| format!("{}{}", self.name(member.name), self.index(member.size))))
    }

    pub(super) fn annotation(&self, annotation: Option<&Annotation>) -> String {
        let Some(annotation) = annotation else { return String::new() };
        let entries = annotation.entries.iter();
        format!(" {}", list(entries.map(|(key, value)| format!("{} : {}", self.name(*key), self.expr(*value)))))
    }

    pub(super) fn evidence(&self, evidence: Option<&Evidence>) -> String {
        let Some(evidence) = evidence else { return String::new() };
        format!(" {} yields {}", self.perform(&evidence.perform), self.name(evidence.bind))
    }

    /// A statement with parts.
    pub(super) fn parts(&mut self, kind: &StmtKind) {
        match kind {
            StmtKind::Par { branches } => {
                self.line("par");
                self.below(|dump| branches.iter().for_each(|branch| dump.block("branch", branch)));
            }
            StmtKind::Scope(scope) => {
                let head = match scope.deadline {
                    Some(deadline) => format!("timeout {} {}", self.expr(deadline), self.role(scope.owner)),
                    None => format!("attempt {}", self.role(scope.owner)),
                };
                self.with_outcomes(&head, &scope.body, &scope.outcomes);
            }
            StmtKind::Region(region) => {
                let instance = self.uses(std::slice::from_ref(&region.instance));
                let bind = self.optional(region.bind.map(|bind| self.name(bind)));
                let (role, handler) = (self.role(region.role), self.name(region.handler));
                let head = format!("region {role} {instance} {handler} {} {bind}", self.exprs(&region.args));
                self.with_outcomes(&head, &region.body, &region.outcomes);
            }
            StmtKind::For { index, over, body } => {
                let title = format!("for {} {}", self.name(*index), self.index_kind(*over));
                self.block(&title, body);
            }
            StmtKind::Guest(guest) => self.guest(guest),
            simple => unreachable!("bug: {simple:?} has no blocks"),
        }
    }

    fn with_outcomes(&mut self, head: &str, body: &Block, outcomes: &[OutcomeArm]) {
        self.line(head);
        self.below(|dump| {
            dump.block("body", body);
            for arm in outcomes {
                let bind = dump.optional(arm.bind.map(|bind| dump.name(bind)));
                let title = format!("on {} {bind}", dump.name(arm.outcome));
                dump.block(&title, &arm.body);
            }
        });
    }

    pub(super) fn step(&self, step: &Step) -> String {
        match step {
            Step::Transfer { what, from, to } => {
                format!("transfer {} {} {}", self.path(what), self.role(*from), self.role(*to))
            }
            Step::Handoff { op, to, receipt } => {
                format!("handoff {} {} {}", self.name(*op), self.role(*to), self.name(*receipt))
            }
            Step::Publish { name, fact } => format!("publish {} {}", self.name(*name), self.path(fact)),
            Step::Materialize { name, fact } => format!("materialize {} {}", self.name(*name), self.path(fact)),
            Step::Dependent { work, op } => format!("dependent {} {}", self.name(*work), self.name(*op)),
            Step::Begin { op, args } => format!("begin {} {}", self.name(*op), self.exprs(args)),
            Step::Await { op } => format!("await {}", self.name(*op)),
            Step::Resolve { op, outcome, args } => {
                let args = self.optional(args.as_ref().map(|args| self.exprs(args)));
                format!("resolve {} {} {args}", self.name(*op), self.name(*outcome))
            }
            Step::Invalidate { op } => format!("invalidate {}", self.name(*op)),
            Step::Resume(ResumeValue::Expr(value)) => format!("resume {}", self.expr(*value)),
            Step::Resume(ResumeValue::Delegate { op, args }) => {
                format!("resume delegate {} {}", self.name(*op), self.exprs(args))
            }
            Step::Delegate { op, args } => format!("delegate {} {}", self.name(*op), self.exprs(args)),
            Step::Pass => "pass".into(),
            Step::Leave(value) => self.valued("leave", *value),
            Step::Throw(value) => self.valued("throw", *value),
            Step::Result(value) => self.valued("result", *value),
        }
    }

    fn valued(&self, word: &str, value: ExprId) -> String {
        format!("{word} {}", self.expr(value))
    }

    pub(super) fn handler(&mut self, handler: &Handler) {
        let instance = self.uses(std::slice::from_ref(&handler.instance));
        let (params, uses) = (self.params(&handler.params), self.uses(&handler.uses));
        self.line(&format!("handler {} {params} for {instance} uses {uses}", self.name(handler.name)));
        self.below(|dump| {
            handler.cells.iter().for_each(|cell| dump.stmt(*cell));
            for clause in &handler.clauses {
                let op = clause.op.map_or_else(|| "return".into(), |op| dump.name(op));
                let title = format!("clause {op} {}", dump.names(&clause.params));
                dump.block(&title, &clause.body);
            }
        });
    }

    pub(super) fn authority(&mut self, authority: &Authority) {
        let mut head = format!("{:?} {}", authority.kind, self.name(authority.name));
        if let Some(role) = authority.role {
            head.push_str(&format!(" {} {}", self.params(&authority.params), self.role(role)));
        }
        if !authority.members.is_empty() {
            let members = list(authority.members.iter().map(|member| self.role(*member)));
            head.push_str(&format!(" {members}"));
        }
        self.line(&head);
        self.below(|dump| {
            dump.clauses(&authority.clauses);
            for arm in &authority.outcomes {
                let value = dump.clause_value(&arm.value);
                dump.line(&format!("on {} {value}", dump.name(arm.outcome)));
            }
            authority.body.iter().for_each(|body| dump.block("body", body));
        });
    }

    pub(super) fn guest(&mut self, guest: &Guest) {
        let (args, uses) = (self.exprs(&guest.args), self.uses(&guest.uses));
        self.line(&format!("{:?} {} {args} uses {uses}", guest.kind, self.name(guest.name)));
        self.below(|dump| {
            dump.clauses(&guest.clauses);
            dump.block("body", &guest.body);
        });
    }

    fn clauses(&mut self, clauses: &[Clause]) {
        for clause in clauses {
            let value = self.clause_value(&clause.value);
            self.line(&format!("{} {value}", self.name(clause.word)));
        }
    }

    fn clause_value(&self, value: &ClauseValue) -> String {
        match &value.kind {
            ClauseKind::Name { path, args } => {
                let args = args.as_ref().map_or_else(String::new, |args| self.exprs(args));
                format!("{}{args}", self.path(path))
            }
            ClauseKind::List(items) => self.exprs(items),
            ClauseKind::Literal(value) => self.expr(*value),
        }
    }
}
