//! Handler regions, `A handles E with h(args) as r`, and where steps of handlers may stand (EFFECTS §1).
//!
//! The body of a region is checked like the statements around it, and lowered like them: the other roles see nothing
//! else. With `on abort` it is a scope of its role. [`clause`] checks the clauses of handlers, [`leave`] who may be left
//! waiting, [`ends`] finds the last statements of a block.

mod clause;
mod ends;
mod leave;

pub(super) use clause::check_all;

use super::Checker;
use super::block::Tail;
use super::branch::{Bound, Held};
use crate::hir::surface::{Handled, HandlerId};
use crate::hir::{Block, EffectId, Outcome, RoleId, Stmt, StmtKind, Use, Var};
use crate::refused::Construct;
use crate::resolve::{handler, similar_handler};
use crate::ty::{Ty, Types};
use clause::Clause;
use ends::End;
use rustc_hash::{FxHashMap, FxHashSet};
use tell_ir::image;
use tell_language::ast::{self, Name};
use tell_language::span::Span;
use tell_language::symbol::Symbol;

/// What is around the current statement.
#[derive(Default)]
pub(super) struct Regions {
    /// Handler regions, innermost last.
    frames: Vec<Frame>,
    /// For every region of the protocol the regions around it whose operations its handler can perform.
    reaches: FxHashMap<usize, Vec<usize>>,
    /// The clause of a handler.
    clause: Option<Clause>,
    /// Bodies whose value is their last `result`, innermost last.
    results: Vec<Results>,
}

/// A region around the current statement.
struct Frame {
    role: RoleId,
    effect: EffectId,
    /// Its number among the effect instances of the protocol.
    index: usize,
}

/// A body with a value.
struct Results {
    role: RoleId,
    /// Where the `result`s that are last stand.
    last: FxHashSet<Span>,
    /// The type of the first.
    ty: Option<Ty>,
}

impl Regions {
    /// Whether a region around this handles the effect, at whatever role.
    pub(super) fn handles(&self, effect: EffectId) -> bool {
        self.frames.iter().any(|frame| frame.effect == effect)
    }

    /// The number of the innermost region of a role that handles the effect.
    pub(super) fn instance(&self, role: RoleId, effect: EffectId) -> Option<usize> {
        self.frame(role, effect).map(|frame| frame.index)
    }

    fn frame(&self, role: RoleId, effect: EffectId) -> Option<&Frame> {
        self.frames.iter().rev().find(|frame| frame.role == role && frame.effect == effect)
    }

    /// The regions whose operations the handler of a region can perform.
    fn reaches(&self, index: usize) -> &[usize] {
        self.reaches.get(&index).map_or(&[], Vec::as_slice)
    }

    /// The role that is meant where none is written.
    pub(super) fn implied(&self) -> Option<RoleId> {
        self.results.last().map(|results| results.role)
    }

    /// What a header belongs to.
    pub(super) fn owner_word(&self) -> &'static str {
        if self.clause.is_some() { "handler" } else { "protocol" }
    }
}

impl Checker<'_> {
    pub(super) fn region(&mut self, region: &ast::Region, span: Span, out: &mut Vec<Stmt>) -> bool {
        self.refuse(Construct::Region, span);
        let word = region.role.name.span.to(region.handler.span);
        let role = self.role(region.role);
        let instance = self.written_instance(&region.instance);
        let id = self.find_handler(region.handler);
        let (Some(role), Some(instance)) = (role, instance) else { return self.unknown_region(region) };
        let Some(id) = id else {
            self.enter(role, instance, Vec::new());
            let falls_through = self.unknown_region(region);
            self.regions.frames.pop();
            return falls_through;
        };
        self.check_fits(region.handler, id, &instance);
        self.handler_arguments(region, id, role);
        let reaches = self.check_handler_row(region.handler, id, role);
        let index = self.enter(role, instance, reaches);
        let mark = self.scope.mark();
        let (body, value) = self.with_result(role, &region.body, |checker| {
            checker.inside("handler region", word, |checker| checker.block(&region.body, Tail::No))
        });
        self.scope.rollback(mark);
        self.regions.frames.pop();
        let handled = self.handled(id, value);
        let has_abort = region.outcomes.iter().any(|arm| self.text(arm.outcome.symbol) == "abort");
        self.check_leaving(&body, (index, role), &handled, has_abort);
        self.finish_region(region, role, (body, handled), span, out)
    }

    /// Goes into a region; answers its number.
    fn enter(&mut self, role: RoleId, instance: Use, reaches: Vec<usize>) -> usize {
        let protocol = &mut self.program.protocols[self.protocol.index()];
        let index = protocol.uses.len() + protocol.handled.len();
        self.regions.frames.push(Frame { role, effect: instance.effect, index });
        self.regions.reaches.insert(index, reaches);
        protocol.handled.push(instance);
        index
    }

    /// After an error in its head: the body is checked for itself.
    fn unknown_region(&mut self, region: &ast::Region) -> bool {
        let role = self.plain_role(region.role.name.symbol).unwrap_or(RoleId(0));
        let (body, _) = self.with_result(role, &region.body, |checker| checker.scoped(&region.body, Tail::No));
        if let Some(name) = region.bind {
            self.poison(name, None);
        }
        body.falls_through
    }

    /// The statements of a region and of what follows its end.
    fn finish_region(
        &mut self,
        region: &ast::Region,
        role: RoleId,
        (body, handled): (Block, Handled),
        span: Span,
        out: &mut Vec<Stmt>,
    ) -> bool {
        let result = region.bind.map(|name| {
            self.refuse_predefined(name);
            let var = self.new_var(name.symbol, handled.value, name.span);
            self.used.insert(var); // It need not be visible behind the region.
            let value = self.opaque(handled.value, name.span);
            (name, var, Stmt { kind: StmtKind::Let { role, var, value }, span: name.span })
        });
        let bound: Held = result.iter().map(|(name, var, _)| (role, name.symbol, *var)).collect();
        let result: Vec<Stmt> = result.into_iter().map(|(_, _, stmt)| stmt).collect();
        let Some((abort, behind)) = self.abort(region, role, &handled) else {
            let falls_through = body.falls_through;
            out.extend(body.stmts);
            if falls_through {
                out.extend(result);
                bound.iter().for_each(|(role, name, var)| self.scope.bind(*role, *name, *var));
            }
            return falls_through;
        };
        let mut behind = vec![behind];
        behind.push(body.falls_through.then_some(bound));
        let joins = self.join(&behind);
        let done = Block { stmts: result, falls_through: true, span: region.body.span };
        let done = Outcome { kind: image::Outcome::Done, bind: None, body: done, span: region.body.span };
        let outcomes = vec![abort, done];
        out.push(Stmt { kind: StmtKind::Scope { owner: role, deadline: None, body, outcomes, joins }, span });
        behind.iter().any(Option::is_some)
    }

    /// The block of `on abort v`, and what is bound behind it.
    fn abort(&mut self, region: &ast::Region, role: RoleId, handled: &Handled) -> Option<(Outcome, Bound)> {
        let mut found = None;
        for arm in &region.outcomes {
            let text = self.text(arm.outcome.symbol).to_owned();
            if text != "abort" {
                let help = "a region has only `on abort v => …`; write a `timeout` or `attempt` around it";
                let text = format!("a handler region has no `on {text}`");
                self.report("E0424", arm.outcome.span, text, "never happens", help);
                continue;
            }
            if found.is_some() {
                let text = "`on abort` stands here twice".to_owned();
                self.report("E0424", arm.outcome.span, text, "again here", "remove one of them");
                continue;
            }
            self.refuse(Construct::Abort, arm.span);
            let outer = self.scope.mark();
            let value = arm.bind.map(|name| self.abort_value(name, role, handled));
            let inner = self.scope.mark();
            let mut body =
                self.inside("handler region", arm.outcome.span, |checker| checker.block(&arm.body, Tail::No));
            body.stmts.splice(0..0, value);
            let behind = body.falls_through.then(|| self.scope.since(inner));
            self.scope.rollback(outer);
            found = Some((Outcome { kind: image::Outcome::Abort, bind: None, body, span: arm.span }, behind));
        }
        found
    }

    /// The value a region was left with: the first thing its role knows in the block.
    fn abort_value(&mut self, name: Name, role: RoleId, handled: &Handled) -> Stmt {
        self.refuse_predefined(name);
        let ty = handled.leaves.map_or(Types::ERROR, |(ty, _)| ty);
        let var = self.new_var(name.symbol, ty, name.span);
        self.scope.bind(role, name.symbol, var);
        let value = self.opaque(ty, name.span);
        Stmt { kind: StmtKind::Let { role, var, value }, span: name.span }
    }

    fn find_handler(&mut self, name: Name) -> Option<HandlerId> {
        let path = super::expr::single(name.symbol, name.span);
        let found = handler(self.names, self.program, self.module, &path);
        if found.is_none() {
            let wanted = self.text(name.symbol).to_owned();
            let help = match similar_handler(self.names, self.program, self.module, name.symbol) {
                Some(similar) => format!("did you mean `{similar}`?"),
                None => format!("declare it: `handler {wanted}(…) for …`"),
            };
            self.report("E0257", name.span, format!("there is no handler `{wanted}`"), "unknown handler", &help);
        }
        found
    }

    /// The handler is one for the effect instance of the region.
    fn check_fits(&mut self, name: Name, id: HandlerId, instance: &Use) {
        let Some(own) = self.program.surface.handlers[id].instance.clone() else { return };
        if own.effect == instance.effect && own.args == instance.args {
            return;
        }
        let (own, wanted) = (self.show_instance(&own), self.show_instance(instance));
        let place = self.program.surface.handlers[id].ast.instance.effect.span();
        let file = self.program.modules[self.module].file;
        let text = format!("`{}` handles `{own}`, not `{wanted}`", self.text(name.symbol));
        let diagnostic = self
            .diagnostic("E0523", name.span, text, &format!("asked to handle `{wanted}`"))
            .label(file, place, "what it handles")
            .help(format!("write `handles {own}`, or name another handler"));
        self.diagnostics.push(diagnostic);
    }

    fn show_instance(&self, instance: &Use) -> String {
        let name = self.text(self.program.effects[instance.effect.index()].name);
        if instance.args.is_empty() {
            return name.to_owned();
        }
        let args: Vec<String> = instance.args.iter().map(|arg| self.program.show_type(*arg)).collect();
        format!("{name}({})", args.join(", "))
    }

    fn handler_arguments(&mut self, region: &ast::Region, id: HandlerId, role: RoleId) {
        let params = self.program.surface.handlers[id].params.clone();
        if params.len() != region.args.len() {
            let what = format!("handler `{}`", self.text(region.handler.symbol));
            return self.wrong_arity(&what, params.len(), region.args.len(), region.handler.span);
        }
        let first = self.body.exprs.len();
        for (arg, (_, ty)) in region.args.iter().zip(params) {
            self.expr(*arg, role, Some(ty));
        }
        self.finish_types(first);
    }

    /// What the handler performs is performed outside its region; answers the regions it reaches.
    fn check_handler_row(&mut self, name: Name, id: HandlerId, role: RoleId) -> Vec<usize> {
        let mut reaches = Vec::new();
        for used in self.program.surface.handlers[id].uses.clone() {
            let protocol = self.program.protocol(self.protocol);
            let (around, frame) = match self.regions.frame(role, used.effect) {
                Some(frame) => (Some(protocol.instance(frame.index)), Some(frame)),
                None => (protocol.uses.iter().find(|own| own.effect == used.effect), None),
            };
            if around.is_some_and(|around| around.args == used.args) {
                if let Some(index) = frame.map(|frame| frame.index) {
                    reaches.push(index);
                    reaches.extend(self.regions.reaches(index));
                }
                continue;
            }
            let instance = self.show_instance(&used);
            let text = format!("`{}` uses `{instance}`, this protocol does not", self.text(name.symbol));
            let help = format!("add it to the header: `uses {instance}`");
            self.report("E0501", name.span, text, "not in `uses`", &help);
        }
        reaches.sort_unstable();
        reaches.dedup();
        reaches
    }

    /// Checks a body that has a value: that of its last `result`. Answers what `check` made and the type.
    pub(super) fn with_result<T>(
        &mut self,
        role: RoleId,
        block: &ast::Block,
        check: impl FnOnce(&mut Self) -> T,
    ) -> (T, Ty) {
        let ends = ends::ends(self.ast(), block);
        let last = ends.iter().filter_map(|end| match end {
            End::Result(span) => Some(*span),
            _ => None,
        });
        self.regions.results.push(Results { role, last: last.collect(), ty: None });
        let made = check(self);
        let results = self.regions.results.pop().expect("pushed above");
        let Some(ty) = results.ty else { return (made, Types::UNIT) };
        let without = ends.iter().find_map(|end| match end {
            End::Nothing(span) | End::Other(span) => Some(*span),
            _ => None,
        });
        if let Some(span) = without
            && ty != Types::UNIT
            && ty != Types::ERROR
        {
            let text =
                format!("this way to the end has no `result`, another has one of type {}", self.program.show_type(ty));
            self.report("E0520", span, text, "ends without a value", "end every way with `result e`");
        }
        (made, ty)
    }

    /// The role of that name, if it is one and no family.
    pub(super) fn plain_role(&self, name: Symbol) -> Option<RoleId> {
        self.members.get(&name).filter(|member| member.count.is_none()).map(|member| member.role(0))
    }

    /// `result e`, the last statement of a region, operation or function.
    fn result(&mut self, value: ast::ExprId, span: Span, out: &mut Vec<Stmt>) {
        if self.regions.results.is_empty() {
            return self.function_result(value, span, out);
        }
        let results =
            self.regions.results.last().map(|results| (results.role, results.last.contains(&span), results.ty));
        let Some((role, true, expected)) = results else {
            let help = "it is the last statement of a handler region, an operation or a function";
            return self.report("E0520", span, "`result` stands in no place for it".into(), "not the end", help);
        };
        let first = self.body.exprs.len();
        let checked = self.expr(value, role, expected);
        self.finish_types(first);
        let ty = self.body.exprs[checked.index()].ty;
        if let Some(results) = self.regions.results.last_mut() {
            results.ty.get_or_insert(ty);
        }
    }

    /// The variables a name of a clause or parameter gets, at the only role there is.
    fn bind_param(&mut self, name: Name, ty: Ty) -> Var {
        let var = self.new_var(name.symbol, ty, name.span);
        self.used.insert(var);
        self.scope.bind(RoleId(0), name.symbol, var);
        var
    }
}
