//! Bodies of protocols: types, and who knows what (LANGUAGE §3).
//!
//! Every role has its own scope ([`scope`]). [`block`] walks statements, [`decide`] finds who decides and where a
//! local action happens, [`expr`] and [`pattern`] give types, [`coverage`] says whether a case is complete. The
//! result is the [`Body`] of each protocol.

mod alone;
mod authority;
mod block;
mod branch;
mod call;
mod coverage;
mod decide;
mod expr;
mod handler;
mod infer;
mod linear;
mod local;
mod message;
mod operator;
mod pattern;
mod scope;
mod scoped;

use crate::hir::{Body, Expr, ExprId, ExprKind, Program, ProtocolId, RoleId, Var, VarInfo};
use crate::refused::{Construct, Refused};
use crate::resolve::Names;
use crate::ty::Ty;
use rustc_hash::{FxHashMap, FxHashSet};
use scope::Scope;
use tell_language::ast::{self, Name};
use tell_language::diagnostic::{Code, Diagnostic, did_you_mean};
use tell_language::span::Span;
use tell_language::symbol::Symbol;

/// Most fields of a message, components of a tuple or record, and arguments of a constructor.
const MAX_PARTS: usize = 1_000;

/// Checks the bodies of all protocols, operations and handlers. A body with errors stays `None`.
pub fn check(program: &mut Program, names: &[Names], diagnostics: &mut Vec<Diagnostic>) {
    let calls = call::CallGraph::new(program, names);
    if program.surface.is_learnt() {
        // Types of facts and of the results of operations come from bodies, in any order.
        check_bodies(program, names, &calls, &mut Vec::new());
    }
    check_bodies(program, names, &calls, diagnostics);
}

fn check_bodies(program: &mut Program, names: &[Names], calls: &call::CallGraph, diagnostics: &mut Vec<Diagnostic>) {
    handler::check_all(program, names, calls, diagnostics);
    authority::check_all(program, names, calls, diagnostics);
    for index in 0..program.protocols.len() {
        let protocol = ProtocolId(u32::try_from(index).expect("fewer than 2^32 protocols"));
        let before = diagnostics.len();
        let body = Checker::new(program, names, calls, diagnostics, protocol).run();
        let failed = diagnostics[before..].iter().any(Diagnostic::is_error);
        program.protocols[index].body = (!failed).then_some(body);
    }
}

/// State of checking one protocol.
struct Checker<'a> {
    program: &'a mut Program,
    names: &'a [Names],
    calls: &'a call::CallGraph,
    diagnostics: &'a mut Vec<Diagnostic>,
    protocol: ProtocolId,
    module: usize,
    body: Body,
    scope: Scope,
    /// Bindings that are cells.
    cells: FxHashSet<Var>,
    /// Bindings that are mentioned somewhere.
    used: FxHashSet<Var>,
    /// Bindings of `let`, for the unused warning.
    lets: Vec<Var>,
    /// The roles of the protocol by name.
    roles: FxHashMap<Symbol, RoleId>,
    /// Roles that act.
    acting: FxHashSet<RoleId>,
    /// Types of `TyKind::Infer`, of the statement being checked.
    inferred: Vec<Option<Ty>>,
    /// Bindings before this one have no open types.
    settled: usize,
    /// `case` expressions with a mistake in a pattern: whether they are complete cannot be said.
    broken_cases: FxHashSet<Span>,
    /// Blocks around the current statement and where in them it stands, for what comes next.
    around: Vec<block::Around>,
    /// The enclosing `rec`s with their bodies.
    recs: Vec<(Name, ast::Block)>,
    /// What `continue` may not leave, innermost last.
    barriers: Vec<scoped::Barrier>,
    /// Cells that were set, and where, in text order.
    assigned: Vec<(Var, Span)>,
    /// Operations of LANGUAGE §6 that were begun, and receipts.
    authority: authority::Begun,
    /// Handler regions around the current statement, and the handler whose clause it is in.
    regions: handler::Regions,
}

impl<'a> Checker<'a> {
    fn new(
        program: &'a mut Program,
        names: &'a [Names],
        calls: &'a call::CallGraph,
        diagnostics: &'a mut Vec<Diagnostic>,
        protocol: ProtocolId,
    ) -> Self {
        let module = program.protocol(protocol).module;
        let roles = program.protocol(protocol).roles.iter().map(|(name, _)| *name).zip((0..).map(RoleId)).collect();
        Self {
            program,
            names,
            calls,
            diagnostics,
            protocol,
            module,
            body: Body::default(),
            scope: Scope::default(),
            cells: FxHashSet::default(),
            used: FxHashSet::default(),
            lets: Vec::new(),
            roles,
            acting: FxHashSet::default(),
            inferred: Vec::new(),
            settled: 0,
            broken_cases: FxHashSet::default(),
            around: Vec::new(),
            recs: Vec::new(),
            barriers: Vec::new(),
            assigned: Vec::new(),
            authority: authority::Begun::default(),
            regions: handler::Regions::default(),
        }
    }

    fn run(mut self) -> Body {
        for param in self.program.protocol(self.protocol).params.clone() {
            let var = self.new_var(param.name, param.ty, param.span);
            self.scope.bind(param.role, param.name, var);
        }
        let block = self.program.protocol(self.protocol).block.clone();
        self.program.protocols[self.protocol.index()].handled.clear();
        self.body.block = self.block(&block, block::Tail::Yes);
        self.linear(&block);
        if self.body.block.falls_through {
            self.body.finals = self.scope.held();
            self.used.extend(self.body.finals.iter().map(|(_, _, var)| *var));
        }
        self.warn_unused();
        self.body
    }

    fn warn_unused(&mut self) {
        for var in std::mem::take(&mut self.lets) {
            if !self.used.contains(&var) {
                let VarInfo { name, span, .. } = self.body.vars[var.index()];
                let text = format!("`{}` is never used", self.program.text(name));
                self.report("W0301", span, text, "bound here", "remove it, or send it to somebody");
            }
        }
        for (index, (name, span)) in (0..).zip(self.program.protocol(self.protocol).roles.clone()) {
            if !self.acting.contains(&RoleId(index)) {
                let text = format!("role `{}` does nothing", self.program.text(name));
                self.report("W0201", span, text, "declared here", "remove it, or give it something to do");
            }
        }
    }

    /// Reports with one label in this protocol's file.
    fn report(&mut self, code: &'static str, span: Span, message: String, label: &str, help: &str) {
        let diagnostic = self.diagnostic(code, span, message, label);
        self.diagnostics.push(if help.is_empty() { diagnostic } else { diagnostic.help(help) });
    }

    /// Notes a construct that is checked and not executed.
    fn refuse(&mut self, construct: Construct, span: Span) {
        let file = self.program.modules[self.module].file;
        self.body.refused.push(Refused { construct, file, span });
    }

    fn diagnostic(&self, code: &'static str, span: Span, message: String, label: &str) -> Diagnostic {
        Diagnostic::new(Code(code), message).label(self.program.modules[self.module].file, span, label)
    }

    fn text(&self, symbol: Symbol) -> &str {
        self.program.text(symbol)
    }

    fn ast(&self) -> &ast::Ast {
        &self.program.modules[self.module].ast
    }

    fn role_name(&self, role: RoleId) -> &str {
        self.program.text(self.program.protocol(self.protocol).roles[role.index()].0)
    }

    fn role_names(&self, roles: &[RoleId]) -> String {
        let names: Vec<_> = roles.iter().map(|role| format!("`{}`", self.role_name(*role))).collect();
        match names.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
            None => "nobody".into(),
        }
    }

    fn all_roles(&self) -> Vec<RoleId> {
        (0..).take(self.program.protocol(self.protocol).roles.len()).map(RoleId).collect()
    }

    /// The role a name stands for; reports an unknown one, and an index, which needs families.
    fn role(&mut self, role: ast::RoleRef) -> Option<RoleId> {
        if let Some(index) = role.index {
            let span = self.ast().index(index).span;
            let text = "a role family is not executable yet".to_owned();
            self.report("E0901", span, text, "not executable yet", "declare the roles one by one");
            return None;
        }
        if let Some(id) = self.roles.get(&role.name.symbol) {
            self.acting.insert(*id);
            return Some(*id);
        }
        let roles = &self.program.protocol(self.protocol).roles;
        if roles.is_empty() {
            return None; // Missing roles were reported with the header.
        }
        let wanted = self.text(role.name.symbol).to_owned();
        let known: Vec<&str> = roles.iter().map(|(name, _)| self.program.text(*name)).collect();
        let help = match did_you_mean(&wanted, known.iter().copied()) {
            Some(similar) => format!("did you mean `{similar}`?"),
            None => format!("the roles of this protocol are {}", known.join(", ")),
        };
        self.report("E0202", role.name.span, format!("there is no role `{wanted}`"), "unknown role", &help);
        None
    }

    /// Reports the binding of a name that the language has bound already.
    fn refuse_predefined(&mut self, name: Name) {
        if self.text(name.symbol) == "session" {
            let text = "`session` is predefined and cannot be bound again".to_owned();
            self.report("E0210", name.span, text, "bound again here", "choose another name");
        }
    }

    fn new_var(&mut self, name: Symbol, ty: Ty, span: Span) -> Var {
        self.body.vars.push(VarInfo { name, ty, span });
        Var(u32::try_from(self.body.vars.len() - 1).expect("fewer than 2^32 bindings"))
    }

    fn add(&mut self, kind: ExprKind, ty: Ty, span: Span) -> ExprId {
        self.body.exprs.push(Expr { kind, ty, span });
        ExprId(u32::try_from(self.body.exprs.len() - 1).expect("fewer than 2^32 expressions"))
    }
}
