//! Messages: who sends what, and who holds it afterwards (LANGUAGE §3).

use super::Checker;
use super::family::Group;
use crate::hir::{ExprId, ExprKind, Field, RoleId, Source, Stmt, StmtKind, Var};
use crate::resolve::once::Once;
use crate::ty::{MAX_PARTS, Ty, TyKind};
use tell_ir::prim::Prim;
use tell_language::ast::{self, FieldKind, Name, RoleRef, Target};
use tell_language::diagnostic::Diagnostic;
use tell_language::span::Span;
use tell_language::symbol::Symbol;

/// A message as written, apart from who sends and receives it.
struct Message<'a> {
    label: Name,
    fields: &'a [ast::Field],
    /// From the sender to the receiver.
    head: Span,
    span: Span,
}

impl Message<'_> {
    fn stmt(&self, from: RoleId, to: RoleId, fields: Vec<Field>) -> Stmt {
        let (label, label_span) = (self.label.symbol, self.label.span);
        Stmt { kind: StmtKind::Message { from, to, label, label_span, fields }, span: self.span }
    }
}

impl Checker<'_> {
    pub(super) fn message(
        &mut self,
        from: RoleRef,
        to: Target,
        label: Name,
        fields: &[ast::Field],
        span: Span,
        out: &mut Vec<Stmt>,
    ) {
        let senders = self.some_roles(from);
        let receivers = match (to, &senders) {
            (Target::Role(to), _) => self.some_roles(to),
            (Target::Others(_), Some(Group::One(sender))) => Some(self.others(*sender)),
            (Target::Others(_), _) => Some(Group::Many(Vec::new())),
        };
        let (Some(senders), Some(receivers)) = (senders, receivers) else { return self.poison_fields(fields) };
        let head = self.reference_span(from).to(match to {
            Target::Role(to) => self.reference_span(to),
            Target::Others(place) => place,
        });
        if let Some(extra) = fields.get(MAX_PARTS) {
            let text = format!("a message has at most {} fields", MAX_PARTS);
            self.report("E0405", extra.span, text, "one too many", "send a list, or several messages");
            return self.poison_fields(fields);
        }
        self.check_field_names(fields);
        let message = Message { label, fields, head, span };
        let sent = match (senders, receivers) {
            (Group::One(sender), Group::One(receiver)) => self.send(sender, &[receiver], &message, out),
            (Group::One(_), Group::Many(none)) if none.is_empty() && matches!(to, Target::Others(_)) => {
                let text = "this message has no receiver: the protocol has no other role".to_owned();
                let place = if let Target::Others(place) = to { place } else { head };
                self.report("E0215", place, text, "to whom?", "declare the roles that receive it");
                false
            }
            (Group::One(sender), Group::Many(receivers)) => self.send(sender, &receivers, &message, out),
            (Group::Many(senders), Group::One(receiver)) => self.gather(&senders, receiver, &message, out),
            (Group::Many(_), Group::Many(_)) => {
                let text = "several roles cannot send to several roles in one statement".to_owned();
                let help = "say who sends to whom: `for i in …` with `W[i]` on one side";
                self.report("E0236", head, text, "in which order?", help);
                false
            }
        };
        if !sent {
            self.poison_fields(fields);
        }
    }

    /// The roles at one end of a message; a whole family is written with an index.
    fn some_roles(&mut self, role: RoleRef) -> Option<Group> {
        let is_family = self.members.get(&role.name.symbol).is_some_and(|member| member.count.is_some());
        if !is_family || role.index.is_some() {
            return self.group(role);
        }
        let (name, span) = (self.text(role.name.symbol).to_owned(), role.name.span);
        let file = self.program.modules[self.module].file;
        let diagnostic = self
            .diagnostic("E0234", span, format!("`{name}` is a family: which of its roles are meant?"), "a family")
            .help(format!("write `{name}[*]` for all of them"))
            .fix(file, Span::new(span.end, span.end), "[*]");
        self.diagnostics.push(diagnostic);
        None
    }

    fn others(&mut self, sender: RoleId) -> Group {
        let others: Vec<RoleId> = self.all_roles().into_iter().filter(|role| *role != sender).collect();
        self.acting.extend(&others);
        Group::Many(others)
    }

    /// Messages of one role, one for each receiver in order; the fields are evaluated or supplied once. Answers whether
    /// they can be sent.
    fn send(&mut self, sender: RoleId, receivers: &[RoleId], message: &Message<'_>, out: &mut Vec<Stmt>) -> bool {
        if self.refuse_self(sender, receivers, message.head) || !self.can_send(receivers.len(), message.head) {
            return false;
        }
        let before = self.body.exprs.len();
        let mut payload: Vec<Field> = message.fields.iter().filter_map(|field| self.payload(field, sender)).collect();
        self.finish_types(before);
        let Some((first, others)) = receivers.split_first() else { return true };
        if !others.is_empty() {
            // What has no name is supplied once and passed on under none.
            for field in payload.iter_mut().filter(|field| field.name.is_none()) {
                field.sender = Some(self.new_var(message.label.symbol, field.ty, field.span));
            }
        }
        self.bind_payload(&payload, sender, *first);
        out.push(message.stmt(sender, *first, payload.clone()));
        for to in others {
            for field in &mut payload {
                self.pass_on(field);
            }
            self.bind_payload(&payload, sender, *to);
            out.push(message.stmt(sender, *to, payload.clone()));
        }
        true
    }

    /// A message to itself, also as one of several receivers or senders.
    fn refuse_self(&mut self, one: RoleId, others: &[RoleId], span: Span) -> bool {
        let is_refused = others.contains(&one);
        if is_refused {
            let text = format!("`{}` sends a message to itself", self.role_name(one));
            let (label, help) = match others {
                [_] => ("sender and receiver are the same", "a role needs no message to itself: use `let`"),
                _ => ("one role is on both sides", "leave it out: write a range without it"),
            };
            self.report("E0410", span, text, label, help);
        }
        is_refused
    }

    /// Messages of several roles, received in order: each field that has a name becomes a list at the receiver. Answers
    /// whether they can be sent.
    fn gather(&mut self, senders: &[RoleId], receiver: RoleId, message: &Message<'_>, out: &mut Vec<Stmt>) -> bool {
        if self.refuse_self(receiver, senders, message.head) || !self.can_send(senders.len(), message.head) {
            return false;
        }
        let mut lists: Vec<Option<(Ty, Var)>> = vec![None; message.fields.len()];
        for sender in senders {
            let (before, errors) = (self.body.exprs.len(), self.diagnostics.len());
            let payload: Vec<Option<Field>> = message.fields.iter().map(|field| self.payload(field, *sender)).collect();
            self.finish_types(before);
            for field in payload.iter().flatten() {
                if let (Some(name), Some(var)) = (field.name, field.sender) {
                    self.scope.bind(*sender, name, var);
                }
            }
            out.push(message.stmt(*sender, receiver, payload.iter().flatten().copied().collect()));
            for (list, field) in lists.iter_mut().zip(payload) {
                let Some(Field { name: Some(name), ty, receiver: Some(var), span, .. }) = field else { continue };
                let (longer, value) = self.append(*list, name, (ty, var), span);
                *list = Some(longer);
                out.push(Stmt { kind: StmtKind::Let { role: receiver, var: longer.1, value }, span: message.span });
            }
            if self.diagnostics[errors..].iter().any(Diagnostic::is_error) {
                return false;
            }
        }
        self.bind_lists(&lists, receiver, message, out);
        true
    }

    /// The list with one more element, and the expression that makes it.
    fn append(
        &mut self,
        list: Option<(Ty, Var)>,
        name: Symbol,
        (ty, element): (Ty, Var),
        span: Span,
    ) -> ((Ty, Var), ExprId) {
        let list_ty = self.program.types.intern(TyKind::List(ty));
        let element = self.add(ExprKind::Var(element), ty, span);
        let mut value = self.add(ExprKind::List([element].into()), list_ty, span);
        if let Some((known, var)) = list {
            if known != list_ty {
                self.mismatch(span, known, list_ty);
            }
            let before = self.add(ExprKind::Var(var), known, span);
            value = self.add(ExprKind::Prim(Prim::Concat, [before, value].into()), list_ty, span);
        }
        let var = self.new_var(name, list_ty, span);
        ((list_ty, var), value)
    }

    /// The receiver holds the lists. That of nobody is empty, if its type is written.
    fn bind_lists(
        &mut self,
        lists: &[Option<(Ty, Var)>],
        receiver: RoleId,
        message: &Message<'_>,
        out: &mut Vec<Stmt>,
    ) {
        for (field, list) in message.fields.iter().zip(lists) {
            match (&field.kind, list) {
                (
                    FieldKind::Pass(name) | FieldKind::Computed { name, .. } | FieldKind::Supplied { name, .. },
                    Some((_, var)),
                ) => self.scope.bind(receiver, name.symbol, *var),
                (FieldKind::Computed { name, ty, .. } | FieldKind::Supplied { name, ty }, None) => {
                    let ty = self.annotation(*ty);
                    let ty = self.program.types.intern(TyKind::List(ty));
                    let value = self.add(ExprKind::List([].into()), ty, field.span);
                    let var = self.new_var(name.symbol, ty, name.span);
                    self.scope.bind(receiver, name.symbol, var);
                    let kind = StmtKind::Let { role: receiver, var, value };
                    out.push(Stmt { kind, span: message.span });
                }
                _ => {}
            }
        }
    }

    /// After an error everybody holds the fields, so that nothing follows from it.
    fn poison_fields(&mut self, fields: &[ast::Field]) {
        for field in fields {
            if let FieldKind::Computed { name, .. } | FieldKind::Supplied { name, .. } | FieldKind::Pass(name) =
                field.kind
            {
                let var = self.new_var(name.symbol, crate::ty::Types::ERROR, name.span);
                for role in self.all_roles() {
                    self.scope.bind(role, name.symbol, var);
                }
            }
        }
    }

    fn check_field_names(&mut self, fields: &[ast::Field]) {
        let mut once = Once::default();
        for field in fields {
            let name = match field.kind {
                FieldKind::Pass(name) | FieldKind::Computed { name, .. } | FieldKind::Supplied { name, .. } => name,
                FieldKind::Carried { .. } | FieldKind::Unnamed(_) => continue,
            };
            if let Some(first) = once.earlier(name) {
                self.duplicate_field(first, name);
            }
        }
    }

    /// One field, evaluated at the sender.
    fn payload(&mut self, field: &ast::Field, sender: RoleId) -> Option<Field> {
        let span = field.span;
        match field.kind {
            FieldKind::Pass(name) if self.constants.get(name.symbol).is_some() => {
                let text = format!("`{}` is an index or a size, not a variable", self.text(name.symbol));
                let help = format!("name the field: `n : Int = {}`", self.text(name.symbol));
                self.report("E0311", span, text, "what is it called?", &help);
                None
            }
            FieldKind::Pass(name) => {
                let value = self.read(name, sender)?;
                let var = self.as_var(value).expect("a name was read");
                let info = self.body.vars[var.index()];
                let is_cell = self.cells.contains(&var);
                let receiver = if is_cell { self.new_var(name.symbol, info.ty, name.span) } else { var };
                Some(Field {
                    source: Source::Expr(value),
                    name: Some(name.symbol),
                    ty: info.ty,
                    sender: None,
                    receiver: Some(receiver),
                    span,
                })
            }
            FieldKind::Computed { name, ty, value } => {
                let ty = self.annotation(ty);
                let value = self.expr(value, sender, Some(ty));
                self.refuse_predefined(name);
                let var = self.new_var(name.symbol, ty, name.span);
                Some(Field {
                    source: Source::Expr(value),
                    name: Some(name.symbol),
                    ty,
                    sender: Some(var),
                    receiver: Some(var),
                    span,
                })
            }
            FieldKind::Supplied { name, ty } => {
                let ty = self.annotation(ty);
                // In a `for` it may be the one of an earlier round.
                if let Some(held) = self.scope.lookup(sender, name.symbol)
                    && self.body.vars[held.index()].span != name.span
                {
                    self.already_held(name, held, sender);
                }
                self.refuse_predefined(name);
                let var = self.new_var(name.symbol, ty, name.span);
                Some(Field {
                    source: Source::Supply,
                    name: Some(name.symbol),
                    ty,
                    sender: Some(var),
                    receiver: Some(var),
                    span,
                })
            }
            FieldKind::Carried { ty } => {
                let ty = self.annotation(ty);
                Some(Field { source: Source::Supply, name: None, ty, sender: None, receiver: None, span })
            }
            FieldKind::Unnamed(value) => {
                self.expr(value, sender, None);
                let help = "name the field: `name : Type = expression`";
                self.report("E0311", span, "this field of the message has no name".into(), "what is it called?", help);
                None
            }
        }
    }

    fn already_held(&mut self, name: Name, held: Var, sender: RoleId) {
        let file = self.program.modules[self.module].file;
        let (text, role) = (self.text(name.symbol).to_owned(), self.role_name(sender).to_owned());
        let diagnostic = self
            .diagnostic(
                "E0312",
                name.span,
                format!("`{text}` would be supplied by the host, but `{role}` already holds a `{text}`"),
                "supplied by the host",
            )
            .label(file, self.body.vars[held.index()].span, format!("`{role}` holds this one"))
            .help(format!("to send what it holds write `({text})`; else give the field another name"));
        self.diagnostics.push(diagnostic);
    }

    fn bind_payload(&mut self, fields: &[Field], sender: RoleId, receiver: RoleId) {
        for field in fields {
            let Some(name) = field.name else { continue };
            if let Some(var) = field.sender {
                self.scope.bind(sender, name, var);
            }
            if let Some(var) = field.receiver {
                self.scope.bind(receiver, name, var);
            }
        }
    }

    /// The field of the same broadcast for the next receiver: what was computed or supplied once is passed on.
    fn pass_on(&mut self, field: &mut Field) {
        if let Some(var) = field.sender.take() {
            let value = self.add(crate::hir::ExprKind::Var(var), field.ty, field.span);
            field.source = Source::Expr(value);
        }
    }
}
