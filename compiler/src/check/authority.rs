//! Statements of the authority and agreement surface: receipts, facts, operations, fragments (LANGUAGE §4, §6).
//!
//! Names, types and coverage are checked here, and what a step is to other roles: a local action of its role, so that
//! a role that cannot know whether it is done is found. Whether receipts are used once and operations end is checked
//! along the paths, in [`super::linear`]. [`bodies`] has the bodies of operations.

mod bodies;
mod hints;

pub(super) use bodies::check_all;

use super::Checker;
use super::block::Tail;
use crate::hir::surface::OperationId;
use crate::hir::{ExprId, ExprKind, RoleId, Stmt, StmtKind, Var};
use crate::refused::Construct;
use crate::resolve::{AGREEMENT, fact_name, operation, similar_operation};
use crate::ty::{Ty, Types};
use rustc_hash::{FxHashMap, FxHashSet};
use tell_ir::image::{Agreement, Const};
use tell_language::ast::{self, GuestKind, Name, Path, RoleRef, Step};
use tell_language::diagnostic::did_you_mean;
use tell_language::span::Span;
use tell_language::symbol::Symbol;

/// What was begun in the protocol being checked, in text order.
#[derive(Default)]
pub(super) struct Begun {
    /// The role that owns each operation: the one that performs it, until it is handed off.
    owners: FxHashMap<Symbol, RoleId>,
    /// Names of receipts. Nothing else is called so while one is in scope.
    receipts: FxHashSet<Symbol>,
    /// Operations whose row and roles were looked at.
    known: FxHashSet<OperationId>,
    /// Whether the body has no header of its own: what its calls use is not compared with a row.
    pub(super) has_open_row: bool,
    /// The operation whose body is checked.
    body_of: Option<OperationId>,
}

/// A `let` whose value is a step: its name, role and type.
pub(super) type Bound = (Name, Option<RoleRef>, Option<Ty>);

impl Checker<'_> {
    /// A step as a statement; answers whether control goes on behind it.
    pub(super) fn step(&mut self, step: &Step, span: Span, out: &mut Vec<Stmt>) -> bool {
        match step {
            Step::Transfer { what, from, to } => {
                self.transfer(what, *from, *to, span, out);
            }
            Step::Handoff { op, to, receipt } => self.handoff(*op, *to, *receipt, span, out),
            Step::Publish { name, fact } => self.publish(*name, fact, span, out),
            Step::Materialize { name, fact } => self.materialize(*name, fact, span, out),
            Step::Dependent { work, op } => self.dependent(*work, *op, span, out),
            Step::Begin { op, args } => {
                self.begin(*op, args, span, out);
            }
            Step::Await { op } => {
                self.await_operation(*op, span, out);
            }
            Step::Resolve { op, outcome, args } => self.resolve_operation(*op, *outcome, args.as_deref(), span, out),
            Step::Invalidate { op } => {
                if let Some((_, owner)) = self.operation_step(*op, Construct::OperationStep, span) {
                    self.act(owner, span, out);
                }
            }
            Step::Resume(_)
            | Step::Delegate { .. }
            | Step::Pass
            | Step::Leave(_)
            | Step::Throw(_)
            | Step::Result(_) => return self.clause_step(step, span, out),
        }
        true
    }

    /// `let x = …` with a step that has a value.
    pub(super) fn let_step(&mut self, bound: Bound, step: &Step, span: Span, out: &mut Vec<Stmt>) {
        let (name, at, expected) = bound;
        let value = match step {
            Step::Transfer { what, from, to } => self.transfer(what, *from, *to, span, out).map(|role| {
                let session = self.add(ExprKind::Const(Const::Session), Types::SESSION, span);
                (role, session)
            }),
            Step::Begin { op, args } => {
                self.begin(*op, args, span, out).map(|role| (role, self.opaque(Types::UNIT, span)))
            }
            Step::Await { op } => self.await_operation(*op, span, out).map(|(role, ty)| (role, self.opaque(ty, span))),
            _ => return self.let_clause_step(bound, step, span, out),
        };
        let Some((role, value)) = value else { return self.poison(name, expected) };
        if let Some(at) = at
            && let Some(wanted) = self.role(at)
            && wanted != role
        {
            let text = format!("the value of this is held by `{}`", self.role_name(role));
            let help = "remove `at …`, or send the value afterwards";
            self.report("E0302", at.name.span, text, "not held here", help);
        }
        let ty = self.expect_type(value, expected, span);
        self.bind_let(role, name, ty, |role, var| StmtKind::Let { role, var, value }, span, out);
        if matches!(step, Step::Transfer { .. }) {
            self.authority.receipts.insert(name.symbol);
            self.used.extend(self.scope.lookup(role, name.symbol));
        }
    }

    /// The type of a value, which is the one written if there is one.
    fn expect_type(&mut self, value: ExprId, expected: Option<Ty>, span: Span) -> Ty {
        let found = self.body.exprs[value.index()].ty;
        match expected {
            Some(expected) if !self.unify(expected, found) => {
                self.mismatch(span, expected, found);
                expected
            }
            _ => found,
        }
    }

    /// A value of a type that nothing computes yet.
    pub(super) fn opaque(&mut self, ty: Ty, span: Span) -> ExprId {
        self.add(ExprKind::Error, ty, span)
    }

    /// What a step is to the other roles: a local action, told apart from others by its text.
    fn act(&mut self, role: RoleId, span: Span, out: &mut Vec<Stmt>) {
        self.acting.insert(role);
        let text = self.source(span).to_owned();
        let text = self.program.interner.intern(&text);
        let cond = self.add(ExprKind::Const(Const::Bool(true)), Types::BOOL, span);
        out.push(Stmt { kind: StmtKind::Assert { role, cond, text: Some(text) }, span });
    }

    fn source(&self, span: Span) -> &str {
        &self.program.files.get(self.program.modules[self.module].file).text[span.range()]
    }

    /// `transfer Session from A to B`; answers the new owner, who holds the receipt.
    fn transfer(&mut self, what: &Path, from: RoleRef, to: RoleRef, span: Span, out: &mut Vec<Stmt>) -> Option<RoleId> {
        self.refuse(Construct::Transfer, span);
        if what.names.len() != 1 || self.text(what.last().symbol) != "Session" {
            let text = "only `Session` can be transferred".to_owned();
            self.report("E0510", what.span(), text, "not `Session`", "write `transfer Session from A to B`");
        }
        let (sender, receiver) = (self.role(from)?, self.role(to)?);
        if sender == receiver {
            let text = format!("`{}` transfers to itself", self.role_name(sender));
            let place = from.name.span.to(to.name.span);
            self.report("E0410", place, text, "giver and receiver are the same", "name two roles");
        }
        self.act(sender, span, out);
        self.acting.insert(receiver);
        Some(receiver)
    }

    fn handoff(&mut self, op: Name, to: RoleRef, receipt: Name, span: Span, out: &mut Vec<Stmt>) {
        let found = self.operation_step(op, Construct::Handoff, span);
        let Some(role) = self.role(to) else { return };
        self.act(role, span, out);
        let is_held = self.scope.lookup(role, receipt.symbol).is_some();
        let is_known = self.authority.receipts.contains(&receipt.symbol);
        // Whether a receipt is shown by the right role is checked along the paths.
        if (is_held || !is_known)
            && let Some(read) = self.read(receipt, role)
            && let Some(var) = self.as_var(read)
            && !self.is_receipt(var)
        {
            let file = self.program.modules[self.module].file;
            let bound = self.body.vars[var.index()].span;
            let text = format!("`{}` is no receipt", self.text(receipt.symbol));
            let diagnostic = self
                .diagnostic("E0510", receipt.span, text, "proves no transfer")
                .label(file, bound, "bound here")
                .help("bind one with `let r = transfer Session from A to B`");
            self.diagnostics.push(diagnostic);
        }
        if found.is_some() {
            self.authority.owners.insert(op.symbol, role);
        }
    }

    /// Whether a binding is a receipt, or a parameter that can be one.
    fn is_receipt(&self, var: Var) -> bool {
        let info = self.body.vars[var.index()];
        let is_param = var.index() < self.program.protocol(self.protocol).params.len();
        self.authority.receipts.contains(&info.name)
            || info.ty == Types::ERROR
            || (is_param && info.ty == Types::SESSION)
    }

    fn publish(&mut self, name: Name, fact: &Path, span: Span, out: &mut Vec<Stmt>) {
        self.refuse(Construct::Publish, span);
        let Some(role) = self.place("publishes this", None, &[name], span) else { return };
        let Some(value) = self.read(name, role) else { return };
        self.act(role, span, out);
        let ty = self.body.exprs[value.index()].ty;
        let fact_symbol = fact_name(self.program, fact);
        let known = self.program.surface.facts.entry(fact_symbol).or_insert(None);
        match *known {
            None => *known = Some((ty, fact.span())),
            Some((first, place)) if first != ty && first != Types::ERROR && ty != Types::ERROR => {
                let (first, ty) = (self.program.show_type(first), self.program.show_type(ty));
                let file = self.program.modules[self.module].file;
                let text = format!("`{}` is published as `{ty}` and as `{first}`", self.text(fact_symbol));
                let diagnostic = self
                    .diagnostic("E0258", fact.span(), text, &format!("`{ty}` here"))
                    .label(file, place, format!("`{first}` here"))
                    .help("give the two facts different names");
                self.diagnostics.push(diagnostic);
            }
            Some(_) => {}
        }
    }

    fn materialize(&mut self, name: Name, fact: &Path, span: Span, out: &mut Vec<Stmt>) {
        self.refuse(Construct::Materialize, span);
        let symbol = fact_name(self.program, fact);
        let Some(known) = self.program.surface.facts.get(&symbol).copied() else {
            let facts = self.program.surface.facts.keys().map(|fact| self.program.text(*fact));
            let wanted = self.text(symbol).to_owned();
            let help = match did_you_mean(&wanted, facts) {
                Some(similar) => format!("did you mean `{similar}`?"),
                None => format!("publish it: `publish x as {wanted}`"),
            };
            self.report("E0252", fact.span(), format!("nobody publishes `{wanted}`"), "unknown fact", &help);
            return self.poison(name, None);
        };
        let Some(role) = self.acting_role(span) else { return self.poison(name, None) };
        self.act(role, span, out);
        let value = self.opaque(known.map_or(Types::ERROR, |(ty, _)| ty), span);
        let ty = self.body.exprs[value.index()].ty;
        self.bind_let(role, name, ty, |role, var| StmtKind::Let { role, var, value }, span, out);
    }

    /// The role of a step that names none and reads nothing: that of the body, else the next sender.
    fn acting_role(&mut self, span: Span) -> Option<RoleId> {
        let only = match self.all_roles().as_slice() {
            [only] => Some(*only),
            _ => None,
        };
        let role = only.or_else(|| self.regions.implied()).or_else(|| self.next_sender());
        match role {
            Some(role) => {
                self.acting.insert(role);
            }
            None => {
                let help = "put it in front of a message of the role that does this";
                self.report("E0304", span, "it is not clear which role does this".into(), "every role could", help);
            }
        }
        role
    }

    fn dependent(&mut self, work: Name, op: Name, span: Span, out: &mut Vec<Stmt>) {
        let owner = self.operation_step(op, Construct::DependentWork, span);
        self.find_declared(work);
        if work.symbol == op.symbol {
            let text = format!("`{}` is required for itself", self.text(op.symbol));
            self.report("E0516", work.span, text, "the same operation", "name the work it waits for");
        }
        if let Some((_, owner)) = owner {
            self.act(owner, span, out);
        }
    }

    /// The operation of that name; reports an unknown one.
    fn find_declared(&mut self, name: Name) -> Option<OperationId> {
        let path = super::expr::single(name.symbol, name.span);
        let found = operation(self.names, self.program, self.module, &path);
        if found.is_none() {
            let wanted = self.text(name.symbol).to_owned();
            let help = match similar_operation(self.names, self.program, self.module, name.symbol) {
                Some(similar) => format!("did you mean `{similar}`?"),
                None => format!("declare it: `operation {wanted}(…) at … = …`"),
            };
            self.report("E0250", name.span, format!("there is no operation `{wanted}`"), "unknown operation", &help);
        }
        found
    }

    /// An operation that is named in a step, and its owner.
    fn operation_step(&mut self, op: Name, construct: Construct, span: Span) -> Option<(OperationId, RoleId)> {
        self.refuse(construct, span);
        let id = self.find_declared(op)?;
        let owner = match self.authority.owners.get(&op.symbol) {
            Some(owner) => *owner,
            None => self.operation_role(id, op.span)?,
        };
        Some((id, owner))
    }

    /// The role that performs an operation; reports that the protocol does not have it.
    fn operation_role(&mut self, id: OperationId, span: Span) -> Option<RoleId> {
        let (name, role) = (self.program.surface.operations[id].name, self.program.surface.operations[id].role.name);
        let found = self.plain_role(role.symbol);
        if found.is_none() {
            let file = self.program.modules[self.module].file;
            let (name, role_text) = (self.text(name.symbol).to_owned(), self.text(role.symbol).to_owned());
            let diagnostic = self
                .diagnostic("E0202", span, format!("this protocol has no role `{role_text}`"), "needs that role")
                .label(file, role.span, format!("`{name}` is performed by it"))
                .help(format!("declare a role `{role_text}`, or begin an operation of another role"));
            self.diagnostics.push(diagnostic);
        }
        found
    }

    fn begin(&mut self, op: Name, args: &[ast::ExprId], span: Span, out: &mut Vec<Stmt>) -> Option<RoleId> {
        self.refuse(Construct::OperationStep, span);
        let id = self.find_declared(op)?;
        let role = self.operation_role(id, op.span)?;
        self.authority.owners.insert(op.symbol, role);
        self.check_coverage(id, op.span);
        if self.authority.known.insert(id) {
            self.check_operation_row(id, op.span);
        }
        self.act(role, span, out);
        let wanted = self.program.surface.operations[id].params.len();
        if wanted != args.len() {
            let what = format!("operation `{}`", self.text(op.symbol));
            self.wrong_arity(&what, wanted, args.len(), span);
            return Some(role);
        }
        let params = self.program.surface.operations[id].params.clone();
        let first = self.body.exprs.len();
        for (arg, (_, ty)) in args.iter().zip(&params) {
            self.expr(*arg, role, Some(*ty));
        }
        self.finish_types(first);
        Some(role)
    }

    /// The profile and the capability an operation asks its protocol for.
    fn check_coverage(&mut self, id: OperationId, span: Span) {
        let op = &self.program.surface.operations[id];
        let (op_name, op_profile, has_agreement) = (op.name, op.profile, op.agreement.is_some());
        let contract = self.program.protocol(self.protocol).contract.clone();
        if contract.is_broken {
            return;
        }
        let name = self.text(op_name.symbol).to_owned();
        if let Some(wanted) = op_profile
            && contract.profile != Some(wanted)
        {
            let profile = self.text(self.program.surface.profiles[wanted].name.symbol).to_owned();
            let help = format!("add it to the header: `under {profile}`");
            let text = format!("`{name}` requires the profile `{profile}`");
            self.report("E0514", span, text, "this protocol does not run under it", &help);
        }
        if has_agreement && !self.program.surface.has(&contract, AGREEMENT) {
            let help = format!("add a bundle that lists it: `requires B`, `proof_bundle B requires [{AGREEMENT}]`");
            let text = format!("`{name}` has an agreement, which needs the capability `{AGREEMENT}`");
            self.report("E0514", span, text, "no bundle of this protocol lists it", &help);
        }
    }

    /// What the body of an operation performs, its protocol must be allowed to perform, and its roles must exist.
    fn check_operation_row(&mut self, id: OperationId, span: Span) {
        let op = self.program.surface.operations[id].clone();
        let own = self.program.protocol(self.protocol).uses.clone();
        for used in &op.row {
            if !own.iter().any(|own| own.effect == used.effect && own.args == used.args) {
                let effect = self.text(self.program.effects[used.effect.index()].name).to_owned();
                let text = format!("`{}` uses `{effect}`, this protocol does not", self.text(op.name.symbol));
                let help = format!("add it to the header: `uses {effect}`");
                self.report("E0501", span, text, "not in `uses`", &help);
            }
        }
        for role in &op.roles {
            if !self.members.contains_key(&role.symbol) && role.symbol != op.role.name.symbol {
                let file = self.program.modules[self.module].file;
                let role_text = self.text(role.symbol).to_owned();
                let diagnostic = self
                    .diagnostic("E0202", span, format!("this protocol has no role `{role_text}`"), "needs that role")
                    .label(file, role.span, "it takes part in the operation")
                    .help(format!("declare a role `{role_text}`, or begin another operation"));
                self.diagnostics.push(diagnostic);
            }
        }
    }

    /// `await op`: its owner goes on with its result.
    fn await_operation(&mut self, op: Name, span: Span, out: &mut Vec<Stmt>) -> Option<(RoleId, Ty)> {
        let (id, owner) = self.operation_step(op, Construct::OperationStep, span)?;
        self.act(owner, span, out);
        Some((owner, self.program.surface.operations[id].result.unwrap_or(Types::ERROR)))
    }

    fn resolve_operation(
        &mut self,
        op: Name,
        outcome: Name,
        args: Option<&[ast::ExprId]>,
        span: Span,
        out: &mut Vec<Stmt>,
    ) {
        let Some((id, owner)) = self.operation_step(op, Construct::OperationStep, span) else { return };
        self.act(owner, span, out);
        let result = self.program.surface.operations[id].result.unwrap_or(Types::ERROR);
        let text = self.text(outcome.symbol).to_owned();
        let wanted = match text.as_str() {
            "Success" => Some(result),
            "Failure" => Some(Types::STRING),
            "Timeout" => Some(Types::DURATION),
            "Cancelled" => None,
            _ => return, // No outcome; the parser reported it.
        };
        let args = args.unwrap_or_default();
        let count = usize::from(wanted.is_some());
        let may_be_left_out = args.is_empty() && wanted == Some(Types::UNIT);
        if args.len() != count && !may_be_left_out {
            return self.wrong_arity(&format!("`{text}`"), count, args.len(), outcome.span);
        }
        let first = self.body.exprs.len();
        if let (Some(arg), Some(ty)) = (args.first(), wanted) {
            self.expr(*arg, owner, Some(ty));
        }
        self.finish_types(first);
    }

    /// An operation that forbids an agreement is not performed in the body of an operation that has one. One that needs
    /// it may have it from outside, which nothing checks yet.
    pub(super) fn check_agreement_use(&mut self, perform: &ast::Perform, agreement: Agreement) {
        let around = self.authority.body_of.and_then(|id| self.program.surface.operations[id].agreement);
        let op = self.text(perform.op.symbol).to_owned();
        match (agreement, around) {
            (Agreement::Required, None) => self.refuse(Construct::RequiredAgreement, perform.span),
            (Agreement::Forbidden, Some(place)) => {
                let file = self.program.modules[self.module].file;
                let text = format!("`{op}` may not be performed under an agreement");
                let diagnostic = self
                    .diagnostic("E0515", perform.span, text, "performed under one")
                    .label(file, place, "this agreement")
                    .help("perform it before the operation is begun, and pass what it yields");
                self.diagnostics.push(diagnostic);
            }
            _ => {}
        }
    }

    /// `fragment F(args) …` and `guest runtime G …`: the body is a block.
    pub(super) fn guest(&mut self, guest: &ast::Guest, span: Span, tail: Tail, out: &mut Vec<Stmt>) -> bool {
        let construct = match guest.kind {
            GuestKind::Fragment => Construct::Fragment,
            GuestKind::Runtime => Construct::GuestRuntime,
        };
        self.refuse(construct, span);
        if !guest.args.is_empty() {
            let names = self.free_names_of(&guest.args);
            let first = self.body.exprs.len();
            // Constants are the same at every role.
            let role =
                if names.is_empty() { Some(RoleId(0)) } else { self.place("evaluates this", None, &names, span) };
            if let Some(role) = role {
                guest.args.iter().for_each(|arg| {
                    self.expr(*arg, role, None);
                });
            }
            self.finish_types(first);
        }
        for used in &guest.uses {
            let Some(used) = self.written_instance(used) else { continue };
            let own = &self.program.protocol(self.protocol).uses;
            if !own.iter().any(|own| own.effect == used.effect && own.args == used.args) {
                let effect = self.text(self.program.effects[used.effect.index()].name).to_owned();
                let text = format!("this uses `{effect}`, the protocol around it does not");
                let help = format!("add it to the header: `uses {effect}`");
                self.report("E0501", used.span, text, "not in `uses`", &help);
            }
        }
        let body = self.scoped(&guest.body, tail);
        out.extend(body.stmts);
        body.falls_through
    }

    /// An effect instance written in a body.
    pub(super) fn written_instance(&mut self, written: &ast::Use) -> Option<crate::hir::Use> {
        crate::resolve::body_instance(self.program, self.names, self.module, written, self.diagnostics)
    }
}
