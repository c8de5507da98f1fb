//! Messages: who sends what, and who holds it afterwards (LANGUAGE §3).

use super::Checker;
use crate::hir::{Field, RoleId, Source, Stmt, StmtKind, Var};
use tell_language::ast::{self, FieldKind, Name, RoleRef, Target};
use tell_language::span::Span;

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
        let sender = self.role(from);
        let receivers = match to {
            Target::Role(to) => self.receiver(from, to).into_iter().collect(),
            Target::Others(_) => {
                let others: Vec<RoleId> = self.all_roles().into_iter().filter(|role| Some(*role) != sender).collect();
                self.acting.extend(&others);
                others
            }
        };
        let Some(sender) = sender else { return self.poison_fields(fields) };
        let Some((first, others)) = receivers.split_first() else {
            if let Target::Others(place) = to {
                let text = "this message has no receiver: the protocol has no other role".to_owned();
                self.report("E0215", place, text, "to whom?", "declare the roles that receive it");
            }
            return self.poison_fields(fields);
        };
        if let Some(extra) = fields.get(super::MAX_PARTS) {
            let text = format!("a message has at most {} fields", super::MAX_PARTS);
            self.report("E0405", extra.span, text, "one too many", "send a list, or several messages");
            return self.poison_fields(fields);
        }
        self.check_field_names(fields);
        let before = self.body.exprs.len();
        let mut payload: Vec<Field> = fields.iter().filter_map(|field| self.payload(field, sender)).collect();
        self.finish_types(before);
        if !others.is_empty() {
            // What has no name is supplied once and passed on under none.
            for field in payload.iter_mut().filter(|field| field.name.is_none()) {
                field.sender = Some(self.new_var(label.symbol, field.ty, field.span));
            }
        }
        self.bind_payload(&payload, sender, *first);
        let message = |to: RoleId, fields: Vec<Field>| {
            let kind = StmtKind::Message { from: sender, to, label: label.symbol, label_span: label.span, fields };
            Stmt { kind, span }
        };
        out.push(message(*first, payload.clone()));
        for to in others {
            for field in &mut payload {
                self.pass_on(field);
            }
            self.bind_payload(&payload, sender, *to);
            out.push(message(*to, payload.clone()));
        }
    }

    fn receiver(&mut self, from: RoleRef, to: RoleRef) -> Option<RoleId> {
        let receiver = self.role(to)?;
        if from.name.symbol != to.name.symbol {
            return Some(receiver);
        }
        let text = format!("`{}` sends a message to itself", self.text(to.name.symbol));
        let help = "a role needs no message to itself: use `let`";
        self.report("E0410", from.name.span.to(to.name.span), text, "sender and receiver are the same", help);
        None
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
        let mut seen: Vec<Name> = Vec::new();
        for field in fields {
            let name = match field.kind {
                FieldKind::Pass(name) | FieldKind::Computed { name, .. } | FieldKind::Supplied { name, .. } => name,
                FieldKind::Carried { .. } | FieldKind::Unnamed(_) => continue,
            };
            match seen.iter().find(|first| first.symbol == name.symbol).copied() {
                Some(first) => self.duplicate_field(first, name),
                None => seen.push(name),
            }
        }
    }

    /// One field, evaluated at the sender.
    fn payload(&mut self, field: &ast::Field, sender: RoleId) -> Option<Field> {
        let span = field.span;
        match field.kind {
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
                if let Some(held) = self.scope.lookup(sender, name.symbol) {
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
