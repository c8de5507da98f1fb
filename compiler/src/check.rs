//! Bodies of protocols: types, and who knows what (LANGUAGE §3).
//!
//! Every role has its own scope ([`scope`]). [`block`] walks statements, [`decide`] finds who decides and where a
//! local action happens, [`expr`] and [`pattern`] give types, [`coverage`] says whether a case is complete. [`family`]
//! finds the roles that are meant, writes `for` out, and says which protocols are checked with which sizes. A function is
//! checked as a protocol with one role ([`function`]). The result is the [`Body`] of each protocol and function.

mod alone;
mod authority;
mod block;
mod branch;
mod call;
mod coverage;
mod decide;
mod expr;
mod family;
mod function;
mod handler;
mod infer;
mod linear;
mod local;
mod message;
mod next;
mod operator;
mod pattern;
mod scope;
mod scoped;

use crate::hir::{Body, Expr, ExprId, ExprKind, Program, Protocol, ProtocolId, RoleId, Var, VarInfo};
use crate::kept::{self, MANY};
use crate::refused::{Construct, Refused};
use crate::resolve::Names;
use crate::resolve::family::{Constants, Member};
use crate::ty::Ty;
use family::Instances;
use rustc_hash::{FxHashMap, FxHashSet};
use scope::Scope;
use tell_language::ast::{self, Name};
use tell_language::diagnostic::{Code, Diagnostic};
use tell_language::span::{FileId, Span};
use tell_language::symbol::Symbol;

/// Checks the bodies of all protocols, functions, operations and handlers; of protocols with the sizes of families that are
/// given or that calls give them. A body with errors stays `None`; so does that of a protocol without sizes of its own that
/// calls give some.
pub fn check(program: &mut Program, names: &[Names], diagnostics: &mut Vec<Diagnostic>) {
    let calls = call::CallGraph::new(program, names);
    if program.surface.is_learnt() {
        // Types of facts and of the results of operations come from bodies, in any order.
        let declared = program.protocols.len();
        check_bodies(program, names, &calls, &mut Vec::new());
        program.protocols.truncate(declared);
    }
    check_bodies(program, names, &calls, diagnostics);
}

fn check_bodies(program: &mut Program, names: &[Names], calls: &call::CallGraph, diagnostics: &mut Vec<Diagnostic>) {
    let mut instances = Instances::new(program, calls);
    let mut reported = FxHashSet::default();
    function::check(program, names, calls, &mut instances, diagnostics);
    handler::check_all(program, names, calls, diagnostics);
    authority::check_all(program, names, calls, diagnostics);
    while let Some(protocol) = instances.next() {
        let before = diagnostics.len();
        let body = Checker::new(program, names, calls, &mut instances, diagnostics, protocol).run();
        let failed = diagnostics[before..].iter().any(Diagnostic::is_error);
        program.protocols[protocol.index()].body = (!failed).then_some(body);
        // Other sizes find the same again.
        let is_new = |found: &Diagnostic| reported.insert((program.protocol(protocol).template, place_of(found)));
        let mut found: Vec<Diagnostic> = diagnostics.split_off(before);
        if instances.is_again(program.protocol(protocol).template) {
            found.retain(is_new);
        } else {
            found.iter().map(is_new).for_each(drop);
        }
        if let Some(note) = program.assumed_sizes(protocol) {
            found.iter_mut().for_each(|found| found.notes.push(note.clone()));
        }
        diagnostics.extend(found);
        kept::crop(diagnostics);
    }
}

/// Code and place of what was found.
fn place_of(found: &Diagnostic) -> (Code, (FileId, Span)) {
    (found.code, found.position())
}

/// Most roles that one message names.
const MAX_NAMED: usize = 8;

/// Most names that a help line lists.
const MAX_LISTED: usize = 20;

/// Names in a row; of very many, the first ones.
fn listed(names: &[&str]) -> String {
    match names.split_at_checked(MAX_LISTED) {
        Some((first, rest @ [_, ..])) => format!("{} and {} more", first.join(", "), rest.len()),
        _ => names.join(", "),
    }
}

/// What was found in a body so far.
#[derive(Clone, Copy, Default)]
struct Faults {
    /// Where in the diagnostics it begins.
    first: usize,
    /// Up to where they have been looked at.
    seen: usize,
    /// Whether an error was among them.
    has_error: bool,
}

/// State of checking one protocol.
struct Checker<'a> {
    program: &'a mut Program,
    names: &'a [Names],
    calls: &'a call::CallGraph,
    instances: &'a mut Instances,
    diagnostics: &'a mut Vec<Diagnostic>,
    faults: Faults,
    protocol: ProtocolId,
    module: usize,
    body: Body,
    scope: Scope,
    /// Bindings that are cells.
    cells: FxHashSet<Var>,
    /// Bindings that stand for ones with a mistake.
    poisoned: FxHashSet<Var>,
    /// Bindings that are mentioned somewhere.
    used: FxHashSet<Var>,
    /// Bindings of `let`, for the unused warning.
    lets: Vec<Var>,
    /// Roles and families of the protocol by name.
    members: FxHashMap<Symbol, Member>,
    /// Sizes, and the indices of the `for`s around the current statement.
    constants: Constants,
    /// Loops decided by a role so far.
    decided_loops: u32,
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
    /// The function whose body this is.
    function: Option<function::Inside>,
}

impl<'a> Checker<'a> {
    fn new(
        program: &'a mut Program,
        names: &'a [Names],
        calls: &'a call::CallGraph,
        instances: &'a mut Instances,
        diagnostics: &'a mut Vec<Diagnostic>,
        protocol: ProtocolId,
    ) -> Self {
        let module = program.protocol(protocol).module;
        let Protocol { members, sizes, .. } = program.protocol(protocol);
        let (members, constants) =
            (members.iter().map(|member| (member.name.symbol, *member)).collect(), Constants::new(sizes));
        Self {
            program,
            names,
            calls,
            instances,
            faults: Faults { first: diagnostics.len(), ..Faults::default() },
            diagnostics,
            protocol,
            module,
            body: Body::default(),
            scope: Scope::default(),
            cells: FxHashSet::default(),
            poisoned: FxHashSet::default(),
            used: FxHashSet::default(),
            lets: Vec::new(),
            members,
            constants,
            decided_loops: 0,
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
            function: None,
        }
    }

    fn run(mut self) -> Body {
        self.bind_parameters();
        let block = self.program.protocol(self.protocol).block.clone();
        self.program.protocols[self.protocol.index()].handled.clear();
        self.body.block = self.block(&block, block::Tail::Yes);
        self.linear(&block);
        if self.body.block.falls_through {
            self.body.finals = self.scope.held();
            self.used.extend(self.body.finals.iter().map(|(_, _, var)| *var));
        }
        self.warn_unused_lets();
        self.warn_idle_roles();
        self.body
    }

    /// Parameters are the first bindings.
    fn bind_parameters(&mut self) {
        for param in self.program.protocol(self.protocol).params.clone() {
            let var = self.new_var(param.name, param.ty, param.span);
            self.scope.bind(param.role, param.name, var);
        }
    }

    fn warn_unused_lets(&mut self) {
        // Copies of one `let` in the body of a `for` are one.
        let place = |var: Var| self.body.vars[var.index()].span;
        let used: FxHashSet<Span> = self.used.iter().map(|var| place(*var)).collect();
        let mut warned = FxHashSet::default();
        for var in std::mem::take(&mut self.lets) {
            let VarInfo { name, span, .. } = self.body.vars[var.index()];
            if !used.contains(&span) && warned.insert(span) {
                let text = format!("`{}` is never used", self.program.text(name));
                self.report("W0301", span, text, "bound here", "remove it, or send it to somebody");
            }
        }
    }

    fn warn_idle_roles(&mut self) {
        for member in self.program.protocol(self.protocol).members.clone() {
            let idle: Vec<RoleId> = member.roles().filter(|role| !self.acting.contains(role)).collect();
            if !idle.is_empty() {
                let (noun, verb) = if idle.len() == 1 { ("role", "does") } else { ("roles", "do") };
                let text = format!("{noun} {} {verb} nothing", self.role_names(&idle));
                let help = "remove it, or give it something to do";
                self.report("W0201", member.name.span, text, "declared here", help);
            }
        }
    }

    /// Reports with one label in this protocol's file.
    fn report(&mut self, code: &'static str, span: Span, message: String, label: &str, help: &str) {
        let diagnostic = self.diagnostic(code, span, message, label);
        self.diagnostics.push(if help.is_empty() { diagnostic } else { diagnostic.help(help) });
    }

    /// Whether so much is wrong with this body that the rest of it is not looked at.
    fn is_hopeless(&mut self) -> bool {
        let Faults { first, seen, has_error } = &mut self.faults;
        let count = self.diagnostics.len();
        // Rounds of a `for` take back what earlier ones have said.
        *has_error |= self.diagnostics[(*seen).clamp(*first, count)..].iter().any(Diagnostic::is_error);
        *seen = count;
        *has_error && count - *first >= MANY
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
        let shown = if roles.len() > MAX_NAMED { MAX_NAMED - 1 } else { roles.len() };
        let mut names: Vec<_> = roles[..shown].iter().map(|role| format!("`{}`", self.role_name(*role))).collect();
        if shown < roles.len() {
            names.push(format!("{} others", roles.len() - shown));
        }
        match names.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
            None => "nobody".into(),
        }
    }

    fn all_roles(&self) -> Vec<RoleId> {
        (0..).take(self.program.protocol(self.protocol).roles.len()).map(RoleId).collect()
    }

    /// Reports the binding of a name that the language, a `for` or a header has bound already.
    fn refuse_predefined(&mut self, name: Name) {
        if self.text(name.symbol) == "session" {
            let text = "`session` is predefined and cannot be bound again".to_owned();
            self.report("E0210", name.span, text, "bound again here", "choose another name");
        }
        if self.constants.get(name.symbol).is_some() {
            let text = format!("`{}` is an index or a size here", self.text(name.symbol));
            self.report("E0238", name.span, text, "bound again here", "choose another name");
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
