//! Headers of protocols: roles, parameters, effects used.

use super::declared::Generics;
use super::{Resolver, Texts, names};
use crate::hir::{Param, Protocol, ProtocolId, RoleId, Use};
use tell_language::ast::{self, DeclKind, Member, Name};
use tell_language::diagnostic::did_you_mean;

/// Most roles of a protocol.
const MAX_ROLES: usize = 10_000;

impl Resolver<'_> {
    /// Declares the protocols of the user's file.
    pub(super) fn declare_protocols(&mut self) {
        for module in 0..self.program.modules.len() {
            for decl in self.program.modules[module].ast.decls.clone() {
                let DeclKind::Protocol(protocol) = decl.kind else { continue };
                let name = protocol.name;
                let id = self.protocol(module, protocol, None);
                if self.take_place(module, "protocol", name) {
                    self.names_mut(module).protocols.insert(name.symbol, id);
                }
            }
        }
    }

    fn protocol(&mut self, module: usize, protocol: ast::Protocol, parent: Option<ProtocolId>) -> ProtocolId {
        let roles = self.roles(module, &protocol);
        let params = self.params(module, &protocol, &roles);
        let uses = self.uses(module, &protocol.uses);
        let contract = self.contract(module, &protocol);
        let id = ProtocolId(u32::try_from(self.program.protocols.len()).expect("fewer than 2^32 protocols"));
        self.program.protocols.push(Protocol {
            name: protocol.name.symbol,
            name_span: protocol.name.span,
            file: self.program.modules[module].file,
            module,
            parent,
            roles: roles.iter().map(|role| (role.symbol, role.span)).collect(),
            params,
            uses,
            handled: Vec::new(),
            contract,
            block: protocol.body,
            body: None,
        });
        let mut seen: Vec<Name> = Vec::new();
        for local in protocol.locals {
            match seen.iter().find(|first| first.symbol == local.name.symbol) {
                Some(first) => self.report_duplicate(module, "E0210", "protocol", first.span, local.name.span),
                None => seen.push(local.name),
            }
            self.protocol(module, local, Some(id));
        }
        id
    }

    fn roles(&mut self, module: usize, protocol: &ast::Protocol) -> Vec<Name> {
        let header = protocol.header.clone().unwrap_or_default();
        let lines = &protocol.roles;
        if let (false, Some((_, span))) = (header.is_empty(), lines.first()) {
            let texts = Texts::new(
                "roles are declared in the header and again in the body",
                "declared again here",
                "remove this line",
            );
            self.report(module, "E0215", *span, texts);
        } else if let Some((_, span)) = lines.get(1) {
            let texts =
                Texts::new("roles are declared twice", "declared again here", "write all roles in one `roles` line");
            self.report(module, "E0215", *span, texts);
        } else if header.is_empty() && lines.is_empty() {
            let name = self.program.text(protocol.name.symbol).to_owned();
            let help = format!("write `protocol {name}(A, B) =`, or `roles A, B` as the first line of the body");
            let texts = Texts::new(format!("protocol `{name}` has no roles"), "which roles take part?", help);
            self.report(module, "E0215", protocol.name.span, texts);
        }
        let all = if header.is_empty() { lines.iter().flat_map(|(names, _)| names.clone()).collect() } else { header };
        let mut roles: Vec<Name> = Vec::new();
        let mut places = indexmap::IndexMap::<_, _, rustc_hash::FxBuildHasher>::default();
        for Member { name: role, .. } in all {
            let first = *places.entry(role.symbol).or_insert(role.span);
            if first == role.span {
                roles.push(role);
            } else if lines.len() < 2 {
                self.report_duplicate(module, "E0211", "role", first, role.span);
            }
        }
        if let Some(extra) = roles.get(MAX_ROLES) {
            let texts =
                Texts::new(format!("a protocol has at most {MAX_ROLES} roles"), "one too many", "split the protocol");
            self.report(module, "E0405", extra.span, texts);
            roles.truncate(MAX_ROLES);
        }
        roles
    }

    fn params(&mut self, module: usize, protocol: &ast::Protocol, roles: &[Name]) -> Vec<Param> {
        let mut params: Vec<Param> = Vec::new();
        for param in &protocol.params {
            let ty = self.ty(module, param.ty, &mut Generics::default());
            if let Some(first) = params.iter().find(|first| first.name == param.name.symbol) {
                let first = first.span;
                self.report_duplicate(module, "E0212", "parameter", first, param.name.span);
                continue;
            }
            let Some(role) = roles.iter().position(|role| role.symbol == param.role.name.symbol) else {
                let wanted = self.program.text(param.role.name.symbol).to_owned();
                let similar = did_you_mean(&wanted, roles.iter().map(|role| self.program.text(role.symbol)));
                let help = similar
                    .map_or_else(|| "declare it among the roles".into(), |name| format!("did you mean `{name}`?"));
                let texts = Texts::new(format!("there is no role `{wanted}`"), "unknown role", help);
                self.report(module, "E0202", param.role.name.span, texts);
                continue;
            };
            let role = RoleId(u32::try_from(role).expect("at most 10 000 roles"));
            params.push(Param { name: param.name.symbol, span: param.name.span, ty, role });
        }
        params
    }

    /// The effect instances of a `uses`, each effect once.
    pub(super) fn uses(&mut self, module: usize, written: &[ast::Use]) -> Vec<Use> {
        let mut uses: Vec<Use> = Vec::new();
        for used in written {
            let Some(instance) = self.instance(module, used) else { continue };
            match uses.iter().find(|first| first.effect == instance.effect) {
                Some(first) => {
                    let first = first.span;
                    self.report_duplicate(module, "E0503", "effect", first, instance.span);
                }
                None => uses.push(instance),
            }
        }
        uses
    }

    /// An effect with its type arguments.
    pub(super) fn instance(&mut self, module: usize, used: &ast::Use) -> Option<Use> {
        let args: Vec<_> = used.args.iter().map(|arg| self.ty(module, *arg, &mut Generics::default())).collect();
        let span = used.effect.span();
        let Some(effect) = names::effect(&self.names, self.program, module, &used.effect) else {
            self.unknown_effect(module, &used.effect);
            return None;
        };
        let arity = self.program.effects[effect.index()].params as usize;
        if args.len() != arity {
            let name = self.program.text(used.effect.last().symbol);
            let text = format!(
                "effect `{name}` takes {arity} type argument{}, not {}",
                super::declared::plural(arity),
                args.len()
            );
            let help = if arity == 0 {
                format!("write `{name}` alone")
            } else {
                format!("write `{name}({})`", vec!["T"; arity].join(", "))
            };
            self.report(module, "E0220", span, Texts::new(text, "wrong number of type arguments", help));
            return None;
        }
        Some(Use { effect, args, span })
    }

    fn unknown_effect(&mut self, module: usize, path: &ast::Path) {
        let wanted = path.last().symbol;
        if self.names[module].is_poisoned(wanted) {
            return;
        }
        self.names_mut(module).poisoned.insert(wanted, ());
        let similar = names::similar_effect(&self.names, self.program, module, wanted);
        let name = self.program.text(wanted).to_owned();
        let help = similar.map_or_else(
            || format!("declare `effect {name}`, or import it: `import std.… exposing ({name})`"),
            |similar| format!("did you mean `{similar}`?"),
        );
        let texts = Texts::new(format!("there is no effect `{name}`"), "unknown effect", help);
        self.report(module, "E0203", path.span(), texts);
    }
}
