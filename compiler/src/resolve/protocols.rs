//! Headers of protocols: roles, parameters, effects used.

use super::declared::Generics;
use super::{Resolver, Texts, names};
use crate::hir::{EffectId, Protocol, ProtocolId, Use};
use crate::resolve::family::{
    self, ASSUMED_SIZE, Constants, Extent, Header, HeaderParam, Problem, Size, expand, expand_params, too_many,
};
use crate::resolve::once::Once;
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;
use tell_language::ast::{self, DeclKind, Index, Member, Name};
use tell_language::diagnostic::did_you_mean;
use tell_language::span::Span;
use tell_language::symbol::Symbol;

/// Most type arguments that a help line writes out.
const MAX_SHOWN_ARGS: usize = 8;

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
        let mut header = Header::default();
        self.members(module, &protocol, &mut header);
        self.params(module, &protocol, &mut header);
        let uses = self.row(module, &protocol.uses, &mut Generics::default());
        let sizes: Vec<Size> = header.sizes.iter().map(|name| self.size(module, *name)).collect();
        let values: Vec<u32> = sizes.iter().map(|size| size.value).collect();
        let (members, roles) = expand(self.program, &header, &values).unwrap_or_else(|member| {
            self.report_problem(module, too_many(member));
            (Vec::new(), Vec::new())
        });
        let ast = &self.program.modules[module].ast;
        let (params, problems) = expand_params(self.program, ast, &header, &members, &Constants::new(&sizes));
        problems.into_iter().for_each(|problem| self.report_problem(module, problem));
        let contract = self.contract(module, &protocol);
        let id = self.program.next_protocol();
        self.program.protocols.push(Protocol {
            name: protocol.name.symbol,
            name_span: protocol.name.span,
            file: self.program.modules[module].file,
            module,
            parent,
            template: id,
            header: Rc::new(header),
            sizes,
            members,
            roles,
            params,
            uses,
            handled: Vec::new(),
            contract,
            block: protocol.body,
            body: None,
        });
        let mut once = Once::default();
        for local in protocol.locals {
            if let Some(first) = once.earlier(local.name) {
                self.report_duplicate(module, "E0210", "protocol", first, local.name.span);
            }
            self.protocol(module, local, Some(id));
        }
        id
    }

    fn report_problem(&mut self, module: usize, problem: Problem) {
        let Problem { code, span, message, label, help } = problem;
        self.report(module, code, span, Texts::new(message, label, help));
    }

    /// The value of a named size: what was given from outside, or the smallest that is interesting.
    fn size(&mut self, module: usize, name: Name) -> Size {
        let mut given = self.binds.get(self.program.text(name.symbol)).copied();
        if given == Some(0) {
            let text = format!("`{}` is 0, but a family has at least one role", self.program.text(name.symbol));
            let texts = Texts::new(text, "this size", "give it a number from 1 on");
            self.report(module, "E0231", name.span, texts);
            given = None;
        }
        Size { name: name.symbol, value: given.unwrap_or(ASSUMED_SIZE), is_assumed: given.is_none() }
    }

    fn members(&mut self, module: usize, protocol: &ast::Protocol, header: &mut Header) {
        let written = protocol.header.clone().unwrap_or_default();
        let lines = &protocol.roles;
        if let (false, Some((_, span))) = (written.is_empty(), lines.first()) {
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
        } else if written.is_empty() && lines.is_empty() {
            let name = self.program.text(protocol.name.symbol).to_owned();
            let help = format!("write `protocol {name}(A, B) =`, or `roles A, B` as the first line of the body");
            let texts = Texts::new(format!("protocol `{name}` has no roles"), "which roles take part?", help);
            self.report(module, "E0215", protocol.name.span, texts);
        }
        let all =
            if written.is_empty() { lines.iter().flat_map(|(names, _)| names.clone()).collect() } else { written };
        let mut places = indexmap::IndexMap::<_, _, rustc_hash::FxBuildHasher>::default();
        for Member { name: role, size } in all {
            let first = *places.entry(role.symbol).or_insert(role.span);
            if first == role.span {
                let extent = size.map_or(Extent::One, |size| self.extent(module, role, size, header));
                header.members.push((role, extent));
            } else if lines.len() < 2 {
                self.report_duplicate(module, "E0211", "role", first, role.span);
            }
        }
    }

    /// The size of a family as written; a wrong one is reported and taken for one role.
    fn extent(&mut self, module: usize, family: Name, size: ast::IndexId, header: &mut Header) -> Extent {
        let ast = &self.program.modules[module].ast;
        let Index { kind, span } = ast.index(size);
        let ast::IndexKind::At(id) = kind else { return self.wrong_size(module, family, span) };
        if let ast::ExprKind::Int(count) = ast.expr(id).kind {
            return match u32::try_from(count) {
                Ok(count) if count > 0 => Extent::Fixed(count),
                _ if count > 0 => Extent::Fixed(u32::MAX), // Too many, which is reported with the roles.
                _ => self.wrong_size(module, family, span),
            };
        }
        let Some(name) = family::name(ast, id) else { return self.wrong_size(module, family, span) };
        let known = header.sizes.iter().position(|known| known.symbol == name.symbol);
        Extent::Named(known.unwrap_or_else(|| {
            header.sizes.push(name);
            header.sizes.len() - 1
        }))
    }

    fn wrong_size(&mut self, module: usize, family: Name, span: Span) -> Extent {
        let name = self.program.text(family.symbol).to_owned();
        let text = format!("this cannot be the size of the family `{name}`");
        let help = format!("write a number from 1 on, `{name}[3]`, or a name, `{name}[N]`");
        self.report(module, "E0231", span, Texts::new(text, "not a size", help));
        Extent::Fixed(1)
    }

    fn params(&mut self, module: usize, protocol: &ast::Protocol, header: &mut Header) {
        let roles: FxHashSet<Symbol> = header.members.iter().map(|(role, _)| role.symbol).collect();
        let sizes: FxHashSet<Symbol> = header.sizes.iter().map(|size| size.symbol).collect();
        let mut once = Once::default();
        for param in &protocol.params {
            let ty = self.ty(module, param.ty, &mut Generics::default());
            if let Some(first) = once.earlier(param.name) {
                self.report_duplicate(module, "E0212", "parameter", first, param.name.span);
                continue;
            }
            if sizes.contains(&param.name.symbol) {
                let text = format!("`{}` is the size of a family", self.program.text(param.name.symbol));
                let texts = Texts::new(text, "bound again here", "choose another name");
                self.report(module, "E0238", param.name.span, texts);
                continue;
            }
            let wanted = param.role.name.symbol;
            if !roles.contains(&wanted) {
                let wanted = self.program.text(wanted).to_owned();
                let known = header.members.iter().map(|(role, _)| self.program.text(role.symbol));
                let help = did_you_mean(&wanted, known)
                    .map_or_else(|| "declare it among the roles".into(), |name| format!("did you mean `{name}`?"));
                let texts = Texts::new(format!("there is no role `{wanted}`"), "unknown role", help);
                self.report(module, "E0202", param.role.name.span, texts);
                continue;
            }
            header.params.push(HeaderParam { name: param.name, ty, role: param.role });
        }
    }

    /// What a protocol, function or handler uses, each effect once.
    pub(super) fn row(&mut self, module: usize, row: &[ast::Use], generics: &mut Generics) -> Vec<Use> {
        let mut uses: Vec<Use> = Vec::new();
        let mut first: FxHashMap<EffectId, Span> = FxHashMap::default();
        for used in row {
            let Some(instance) = self.instance(module, used, generics) else { continue };
            let first = *first.entry(instance.effect).or_insert(instance.span);
            if first == instance.span {
                uses.push(instance);
            } else {
                self.report_duplicate(module, "E0503", "effect", first, instance.span);
            }
        }
        uses
    }

    /// An effect with its type arguments.
    pub(super) fn instance(&mut self, module: usize, used: &ast::Use, generics: &mut Generics) -> Option<Use> {
        let args: Vec<_> = used.args.iter().map(|arg| self.ty(module, *arg, generics)).collect();
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
            let help = match arity {
                0 => format!("write `{name}` alone"),
                1..=MAX_SHOWN_ARGS => format!("write `{name}({})`", vec!["T"; arity].join(", ")),
                _ => format!("write {arity} types behind `{name}`"),
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
        let help =
            similar.map_or_else(|| super::declare_or_import(&name), |similar| format!("did you mean `{similar}`?"));
        let texts = Texts::new(format!("there is no effect `{name}`"), "unknown effect", help);
        self.report(module, "E0203", path.span(), texts);
    }
}
