//! Bodies of operations and of fragments at the top level: checked as protocols of the roles they name.
//!
//! The protocol that begins an operation must have these roles and use these effects; that is checked at `begin`.

use crate::check::block::Tail;
use crate::check::call::CallGraph;
use crate::check::{Checker, alone};
use crate::hir::surface::{Operation, OperationId};
use crate::hir::{EffectId, Program, RoleId, Use};
use crate::kept;
use crate::resolve::Names;
use rustc_hash::{FxHashMap, FxHashSet};
use tell_language::ast::{self, Ast, Block, DeclKind, Name, StmtKind, Target};
use tell_language::diagnostic::Diagnostic;
use tell_language::span::Span;

/// Checks the bodies of all operations and of the guests at the top level; notes what `begin` and `await` need to know.
pub(in crate::check) fn check_all(
    program: &mut Program,
    names: &[Names],
    calls: &CallGraph,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let first = first_uses(program);
    for id in 0..program.surface.operations.len() {
        kept::crop(diagnostics);
        let op = program.surface.operations[id].clone();
        let roles = roles_of(&program.modules[op.module].ast, &op);
        let uses = uses_of(program, names, &first, (op.module, &op.body));
        program.surface.operations[id].roles.clone_from(&roles);
        let header = alone::Header { name: op.name, module: op.module, roles, uses: uses.clone() };
        alone::check(program, (names, calls), diagnostics, header, |checker| checker.run_operation(id));
        program.surface.operations[id].row = uses;
    }
    for module in 0..program.modules.len() {
        for decl in program.modules[module].ast.decls.clone() {
            let DeclKind::Guest(guest) = decl.kind else { continue };
            let roles = named_roles(&program.modules[module].ast, &guest.body);
            let uses = uses_of(program, names, &first, (module, &guest.body));
            let header = alone::Header { name: guest.name, module, roles, uses };
            alone::check(program, (names, calls), diagnostics, header, |checker| checker.run_guest(&guest, decl.span));
        }
    }
}

/// The role of an operation and those its body names.
fn roles_of(ast: &Ast, op: &Operation) -> Vec<Name> {
    let mut roles = vec![op.role.name];
    let named = named_roles(ast, &op.body);
    roles.extend(named.into_iter().filter(|role| role.symbol != op.role.name.symbol));
    roles
}

/// The roles a block names, in no particular order, each once.
fn named_roles(ast: &Ast, block: &Block) -> Vec<Name> {
    let mut roles: Vec<Name> = Vec::new();
    let mut seen = FxHashSet::default();
    let mut add = |role: Name| {
        if seen.insert(role.symbol) {
            roles.push(role);
        }
    };
    each_stmt(ast, block, &mut |kind| {
        kind.each_role(&mut |role| add(role.name));
        if let StmtKind::Message { from, to: Target::Others(_), .. } = kind {
            add(from.name);
        }
        if let StmtKind::Let { value, .. } = kind
            && let ast::LetValue::Step(ast::Step::Transfer { from, to, .. }) = &**value
        {
            [from, to].into_iter().for_each(|role| add(role.name));
        }
    });
    roles
}

/// For each effect the instance the first protocol of the program uses.
fn first_uses(program: &Program) -> FxHashMap<EffectId, Use> {
    let mut first = FxHashMap::default();
    for used in program.protocols.iter().flat_map(|protocol| &protocol.uses) {
        first.entry(used.effect).or_insert_with(|| used.clone());
    }
    first
}

/// The instances of effects a block performs: those that protocols use, else the only one an effect without type
/// parameters has.
fn uses_of(
    program: &Program,
    names: &[Names],
    first: &FxHashMap<EffectId, Use>,
    (module, block): (usize, &Block),
) -> Vec<Use> {
    let mut uses: Vec<Use> = Vec::new();
    let mut seen = FxHashSet::default();
    let mut add = |path: &ast::Path| {
        let Some(effect) = crate::resolve::effect(names, program, module, path) else { return };
        if seen.insert(effect) {
            let plain = || Use { effect, args: Vec::new(), span: path.span() };
            let has_one = program.effects[effect.index()].params == 0;
            uses.extend(first.get(&effect).cloned().or_else(|| has_one.then(plain)));
        }
    };
    each_stmt(&program.modules[module].ast, block, &mut |kind| match kind {
        StmtKind::Perform { perform, .. } => add(&perform.effect),
        StmtKind::Let { value, .. } => {
            if let ast::LetValue::Perform { perform, .. } = &**value {
                add(&perform.effect);
            }
        }
        StmtKind::Choice { arms, .. } => {
            arms.iter().filter_map(|arm| arm.evidence.as_ref()).for_each(|evidence| add(&evidence.perform.effect));
        }
        _ => {}
    });
    uses
}

/// Visits every statement of a block, in no particular order.
fn each_stmt(ast: &Ast, block: &Block, visit: &mut dyn FnMut(&StmtKind)) {
    let mut blocks = vec![block];
    while let Some(block) = blocks.pop() {
        for id in &block.stmts {
            let kind = &ast.stmt(*id).kind;
            visit(kind);
            kind.each_block(&mut |inner| blocks.push(inner));
        }
    }
}

impl Checker<'_> {
    /// The body of an operation at its role; its `result` is learnt.
    fn run_operation(mut self, id: OperationId) {
        let op = self.program.surface.operations[id].clone();
        let role = RoleId(0);
        self.authority.body_of = Some(id);
        self.authority.has_open_row = true;
        for (name, ty) in &op.params {
            let var = self.new_var(name.symbol, *ty, name.span);
            self.used.insert(var);
            self.scope.bind(role, name.symbol, var);
        }
        self.acting.extend(self.all_roles());
        let word = op.name.span;
        let (_, ty) = self.with_result(role, &op.body, |checker| {
            checker.inside("operation", word, |checker| checker.block(&op.body, Tail::No))
        });
        self.linear(&op.body);
        self.warn_unused_lets();
        self.program.surface.operations[id].result = Some(ty);
    }

    /// A fragment or guest runtime at the top level.
    fn run_guest(mut self, guest: &ast::Guest, span: Span) {
        self.acting.extend(self.all_roles());
        self.authority.has_open_row = true;
        self.guest(guest, span, Tail::No, &mut Vec::new());
        self.linear(&guest.body);
        self.warn_unused_lets();
    }
}
