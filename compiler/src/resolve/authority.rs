//! Declarations of LANGUAGE §6 and the headers of handlers: names, clauses, and what a protocol is promised.
//!
//! [`clauses`] has the vocabularies. The bodies of operations and handlers belong to `check`.

mod clauses;

pub(crate) use clauses::AGREEMENT;

use super::declared::Generics;
use super::{Resolver, Texts, names};
use crate::hir::surface::{Bundle, Contract, Handler, Operation, Profile};
use crate::refused::Construct;
use crate::resolve::once::Once;
use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;
use tell_language::ast::{
    self, Authority, AuthorityKind, ClauseKind, DeclKind, GuestKind, Member, Name, Path, Step, StmtKind,
};
use tell_language::diagnostic::{Code, Diagnostic, did_you_mean};
use tell_language::span::Span;
use tell_language::symbol::Symbol;

/// What a name of the surface may stand for.
#[derive(Clone, Copy)]
pub(super) enum What {
    Agreement,
    Profile,
    Bundle,
    Fragment,
}

impl What {
    const fn text(self) -> &'static str {
        match self {
            Self::Agreement => "agreement profile",
            Self::Profile => "profile",
            Self::Bundle => "proof bundle",
            Self::Fragment => "fragment",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Agreement => "agreement_profile",
            Self::Profile => "profile",
            Self::Bundle => "proof_bundle",
            Self::Fragment => "fragment",
        }
    }
}

impl Resolver<'_> {
    /// Declares what LANGUAGE §6 has, what operations refer to before the operations, and handlers.
    pub(super) fn declare_surface(&mut self) {
        for module in 0..self.program.modules.len() {
            let decls = self.program.modules[module].ast.decls.clone();
            for decl in &decls {
                match &decl.kind {
                    DeclKind::Authority(declared) => self.profile_or_bundle(module, declared, decl.span),
                    DeclKind::Guest(guest) => self.guest_decl(module, guest, decl.span),
                    _ => {}
                }
            }
            self.facts_and_fragments(module);
            for decl in decls {
                match decl.kind {
                    DeclKind::Authority(declared) if declared.kind == AuthorityKind::Operation => {
                        self.operation(module, &declared, decl.span);
                    }
                    DeclKind::Handler(handler) => self.handler(module, handler, decl.span),
                    _ => {}
                }
            }
        }
    }

    fn profile_or_bundle(&mut self, module: usize, declared: &Authority, span: Span) {
        let construct = match declared.kind {
            AuthorityKind::AgreementProfile => Construct::AgreementProfile,
            AuthorityKind::Profile => Construct::Profile,
            AuthorityKind::ProofBundle => Construct::ProofBundle,
            AuthorityKind::Cluster | AuthorityKind::Ring | AuthorityKind::Mesh => Construct::Topology,
            AuthorityKind::Operation | AuthorityKind::RoleSet => return,
        };
        self.refuse(module, construct, span);
        self.check_clauses(module, declared);
        let what = clauses::title(declared.kind);
        if !self.take_place(module, what, declared.name) {
            return;
        }
        let (name, surface) = (declared.name, &mut self.program.surface);
        match declared.kind {
            AuthorityKind::AgreementProfile => {
                surface.agreements.push(name);
                let index = surface.agreements.len() - 1;
                self.names_mut(module).agreements.insert(name.symbol, index);
            }
            AuthorityKind::Profile => {
                let is_mixed = self.is_mixed(declared);
                let surface = &mut self.program.surface;
                surface.profiles.push(Profile { name, is_mixed });
                let index = surface.profiles.len() - 1;
                self.names_mut(module).profiles.insert(name.symbol, index);
            }
            AuthorityKind::ProofBundle => {
                let capabilities = self.capabilities(module, declared);
                let surface = &mut self.program.surface;
                surface.bundles.push(Bundle { name, capabilities });
                let index = surface.bundles.len() - 1;
                self.names_mut(module).bundles.insert(name.symbol, index);
            }
            _ => {}
        }
    }

    /// Whether a profile admits runs that are not exact; the machine then needs the capability `mixed_profile`.
    fn is_mixed(&self, profile: &Authority) -> bool {
        let is_word = |name: &Name, word: &str| self.program.text(name.symbol) == word;
        profile
            .clauses
            .iter()
            .filter(|clause| is_word(&clause.word, "admissibility"))
            .any(|clause| matches!(&clause.value.kind, ClauseKind::Name { path, .. } if !is_word(&path.last(), "full")))
    }

    fn guest_decl(&mut self, module: usize, guest: &ast::Guest, span: Span) {
        let (construct, what) = match guest.kind {
            GuestKind::Fragment => (Construct::Fragment, "fragment"),
            GuestKind::Runtime => (Construct::GuestRuntime, "guest runtime"),
        };
        self.refuse(module, construct, span);
        self.take_place(module, what, guest.name);
    }

    /// What bodies publish, and the fragments of the module wherever they stand.
    fn facts_and_fragments(&mut self, module: usize) {
        let ast = &self.program.modules[module].ast;
        let mut facts: Vec<Path> = Vec::new();
        let mut guests: Vec<ast::Guest> = Vec::new();
        for decl in &ast.decls {
            if let DeclKind::Guest(guest) = &decl.kind {
                guests.push((**guest).clone());
            }
        }
        for stmt in &ast.stmts {
            match &stmt.kind {
                StmtKind::Step(step) => {
                    if let Step::Publish { fact, .. } = &**step {
                        facts.push(fact.clone());
                    }
                }
                StmtKind::Guest(guest) => guests.push((**guest).clone()),
                _ => {}
            }
        }
        for fact in facts {
            let name = fact_name(self.program, &fact);
            self.program.surface.facts.entry(name).or_insert(None);
        }
        for guest in guests {
            self.check_guest_clauses(module, &guest);
            if guest.kind == GuestKind::Fragment {
                self.program.surface.fragments.push(guest.name);
                let index = self.program.surface.fragments.len() - 1;
                self.names_mut(module).fragments.insert(guest.name.symbol, index);
            }
        }
    }

    fn operation(&mut self, module: usize, declared: &Authority, span: Span) {
        self.refuse(module, Construct::Operation, span);
        self.check_clauses(module, declared);
        let params = self.typed_names(module, &declared.params);
        let profile = self.named_clause(module, declared, "requires", What::Profile);
        self.named_clause(module, declared, "agreement", What::Agreement);
        let agreement = self.clause(declared, "agreement").map(|clause| clause.value.span);
        let (Some(role), Some(body)) = (declared.role, declared.body.clone()) else { return };
        if self.take_place(module, "operation", declared.name) {
            let (name, result, row, roles) = (declared.name, None, Vec::new(), Vec::new());
            let operation = Operation { name, module, params, role, profile, agreement, body, result, row, roles };
            self.program.surface.operations.push(operation);
            let index = self.program.surface.operations.len() - 1;
            self.names_mut(module).operations.insert(name.symbol, index);
        }
    }

    /// Parameters with their types, each name once.
    fn typed_names(&mut self, module: usize, params: &[(Name, ast::TypeId)]) -> Vec<(Name, crate::ty::Ty)> {
        let mut typed: Vec<(Name, crate::ty::Ty)> = Vec::new();
        let mut once = Once::default();
        for (name, ty) in params {
            let ty = self.ty(module, *ty, &mut Generics::default());
            match once.earlier(*name) {
                Some(first) => self.report_duplicate(module, "E0212", "parameter", first, name.span),
                None => typed.push((*name, ty)),
            }
        }
        typed
    }

    fn handler(&mut self, module: usize, handler: ast::Handler, span: Span) {
        self.refuse(module, Construct::Handler, span);
        let params = self.typed_names(module, &handler.params);
        let instance = self.instance(module, &handler.instance, &mut Generics::default());
        let uses = self.row(module, &handler.uses, &mut Generics::default());
        if self.take_place(module, "handler", handler.name) {
            let name = handler.name.symbol;
            let known = Vec::new();
            let handler = Handler { module, params, instance, uses, ast: handler, is_checked: false, known };
            self.program.surface.handlers.push(handler);
            let index = self.program.surface.handlers.len() - 1;
            self.names_mut(module).handlers.insert(name, index);
        }
    }

    /// The index of a name of the surface; reports an unknown one.
    fn surface_name(&mut self, module: usize, what: What, path: &Path) -> Option<usize> {
        let (names, program) = (&self.names, &*self.program);
        let wanted = path.last().symbol;
        let (found, similar) = match what {
            What::Agreement => (
                names::agreement(names, program, module, path),
                names::similar_agreement(names, program, module, wanted),
            ),
            What::Profile => {
                (names::profile(names, program, module, path), names::similar_profile(names, program, module, wanted))
            }
            What::Bundle => {
                (names::bundle(names, program, module, path), names::similar_bundle(names, program, module, wanted))
            }
            What::Fragment => {
                (names::fragment(names, program, module, path), names::similar_fragment(names, program, module, wanted))
            }
        };
        if found.is_none() {
            let name = self.program.text(wanted).to_owned();
            let help = match similar {
                Some(similar) => format!("did you mean `{similar}`?"),
                None => format!("declare it: `{} {name} …`", what.word()),
            };
            let texts = Texts::new(format!("there is no {} `{name}`", what.text()), "unknown name", help);
            self.report(module, "E0251", path.span(), texts);
        }
        found
    }

    /// What the header of a protocol says with `requires` and `under`, and whether its bundles cover its profile.
    pub(super) fn contract(&mut self, module: usize, protocol: &ast::Protocol) -> Contract {
        let mut contract = Contract::default();
        let mut under: Option<Span> = None;
        for clause in &protocol.clauses {
            self.refuse(module, Construct::ProtocolAuthority, clause.word.span.to(clause.path.span()));
            let is_under = self.program.text(clause.word.symbol) == "under";
            let what = if is_under { What::Profile } else { What::Bundle };
            let Some(index) = self.surface_name(module, what, &clause.path) else {
                contract.is_broken = true;
                continue;
            };
            let again = if is_under { under.is_some() } else { contract.bundles.contains(&index) };
            if again {
                let text = format!("`{}` stands in this header already", if is_under { "under" } else { "requires" });
                let texts = Texts::new(text, "given again here", "remove one of them");
                self.report(module, "E0254", clause.word.span, texts);
            } else if is_under {
                under = Some(clause.path.span());
                contract.profile = Some(index);
            } else {
                contract.bundles.push(index);
            }
        }
        if let (Some(span), Some(profile), false) = (under, contract.profile, contract.is_broken)
            && self.program.surface.profiles[profile].is_mixed
            && !self.program.surface.has(&contract, clauses::MIXED_PROFILE)
        {
            let text = format!(
                "`{}` admits runs that are not exact, which needs the capability `{}`",
                self.program.text(self.program.surface.profiles[profile].name.symbol),
                clauses::MIXED_PROFILE
            );
            let help = format!(
                "add a bundle that lists it: `requires B`, `proof_bundle B requires [{}]`",
                clauses::MIXED_PROFILE
            );
            self.report(module, "E0514", span, Texts::new(text, "not covered by the bundles of this protocol", help));
        }
        contract
    }

    /// Members of `cluster`, `ring` and `mesh` are roles of a protocol of the module, each once.
    pub(super) fn check_topologies(&mut self) {
        for module in 0..self.program.modules.len() {
            for decl in self.program.modules[module].ast.decls.clone() {
                if let DeclKind::Authority(declared) = decl.kind
                    && matches!(declared.kind, AuthorityKind::Cluster | AuthorityKind::Ring | AuthorityKind::Mesh)
                {
                    self.topology(module, &declared);
                }
            }
        }
    }

    fn topology(&mut self, module: usize, declared: &Authority) {
        let ast = &self.program.modules[module].ast;
        let mut known: IndexSet<Symbol, FxBuildHasher> = IndexSet::default();
        for decl in &ast.decls {
            match &decl.kind {
                DeclKind::Protocol(protocol) => known.extend(role_names(protocol).map(|role| role.symbol)),
                DeclKind::Authority(set) if set.kind == AuthorityKind::RoleSet => _ = known.insert(set.name.symbol),
                _ => {}
            }
        }
        let mut once = Once::default();
        for member in declared.members.iter().filter(|member| member.index.is_none()).map(|member| member.name) {
            if let Some(first) = once.earlier(member) {
                self.report_duplicate(module, "E0211", "role", first, member.span);
                continue;
            }
            if known.contains(&member.symbol) {
                continue;
            }
            let wanted = self.program.text(member.symbol);
            let similar = did_you_mean(wanted, known.iter().map(|known| self.program.text(*known)));
            let help = match similar {
                Some(similar) => format!("did you mean `{similar}`?"),
                None => "name roles of the protocols of this module".to_owned(),
            };
            let texts = Texts::new(format!("no protocol has a role `{wanted}`"), "unknown role", help);
            self.report(module, "E0202", member.span, texts);
        }
    }

    /// Reports with a second place.
    fn report_with(&mut self, module: usize, code: &'static str, span: Span, texts: Texts<'_>, other: (Span, &str)) {
        let file = self.program.modules[module].file;
        let diagnostic = Diagnostic::new(Code(code), texts.message)
            .label(file, span, texts.label)
            .label(file, other.0, other.1)
            .help(texts.help);
        self.push(diagnostic);
    }
}

/// The roles a protocol declares.
fn role_names(protocol: &ast::Protocol) -> impl Iterator<Item = Name> {
    let header = protocol.header.iter().flatten();
    header.chain(protocol.roles.iter().flat_map(|(members, _)| members)).map(|Member { name, .. }| *name)
}

/// A fact is known by its dotted name.
pub(crate) fn fact_name(program: &mut crate::hir::Program, fact: &Path) -> tell_language::symbol::Symbol {
    if let [only] = &*fact.names {
        return only.symbol;
    }
    let dotted = fact.names.iter().map(|name| program.text(name.symbol)).collect::<Vec<_>>().join(".");
    program.interner.intern(&dotted)
}
