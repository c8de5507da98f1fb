//! What is used exactly once on every path: receipts of transfers, and operations that were begun (LANGUAGE §4, §7).
//!
//! A pass of its own over the statements of one body, along all their ways. A receipt is known by its name, which may
//! not be bound again while it is in scope; so mentioning the name is using the receipt. Each rule has one place: the
//! reports are in [`report`]. [`walk`] goes through the statements.

mod report;
mod walk;

use super::Checker;
use super::call::CallGraph;
use crate::hir::{Param, Program, ProtocolId};
use crate::resolve::Names;
use crate::ty::Types;
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use tell_language::ast::{self, Block, ExprKind, Name, Step, StmtKind};
use tell_language::span::Span;
use tell_language::symbol::Symbol;

/// Most receipts and most operations in scope at once.
const MAX_OPEN: usize = 100;

/// Most work that is required for one operation.
const MAX_WAITS: usize = 10;

/// A receipt in scope.
#[derive(Clone, Copy)]
struct Receipt {
    name: Name,
    /// Who transferred, and to whom; not known of a parameter.
    parties: Option<(Symbol, Symbol)>,
}

/// An operation on the way that is followed.
#[derive(Clone)]
struct Op {
    /// Where it was begun.
    begun: Span,
    /// Where it was resolved or invalidated.
    ended: Option<Span>,
    /// The role that owns it.
    owner: Symbol,
    /// Work that has to end before it succeeds.
    waits: Vec<Name>,
    /// Whether a mistake with it was reported: nothing more is said about it.
    is_broken: bool,
}

/// What is known at a point of a way: where each receipt in scope was used, and the operations begun so far.
#[derive(Clone, Default)]
struct State {
    used: Vec<Option<Span>>,
    ops: IndexMap<Symbol, Op, FxBuildHasher>,
}

/// Something that may run not at all, or again: receipts from outside are not used in it.
#[derive(Clone, Copy)]
struct Inside {
    word: &'static str,
    span: Span,
    /// Receipts in scope around it.
    receipts: usize,
}

/// An enclosing `rec`: its label, the receipts in scope at its head, and the operations there.
struct Head {
    label: Symbol,
    receipts: usize,
    ops: IndexMap<Symbol, Op, FxBuildHasher>,
}

/// Follows the ways through one body.
struct Paths<'c, 'a> {
    checker: &'c mut Checker<'a>,
    receipts: Vec<Receipt>,
    inside: Vec<Inside>,
    heads: Vec<Head>,
    /// Receipts and operations that were reported: once each.
    reported: FxHashSet<Span>,
}

impl Checker<'_> {
    /// Checks that receipts and operations of a body end exactly once on every path.
    pub(super) fn linear(&mut self, block: &Block) {
        if self.is_hopeless() {
            return;
        }
        let receipts = self.own_receipts();
        let state = State { used: vec![None; receipts.len()], ..State::default() };
        let (inside, heads) = (Vec::new(), Vec::new());
        let mut paths = Paths { checker: self, receipts, inside, heads, reported: FxHashSet::default() };
        let Some(end) = paths.statements(&block.stmts, state) else { return };
        paths.drop_since(0, &end, block.span);
        paths.warn_open(&end);
    }

    /// Parameters of this protocol that are receipts.
    fn own_receipts(&self) -> Vec<Receipt> {
        let protocol = self.program.protocol(self.protocol);
        let is_receipt = |param: &&Param| self.calls.is_receipt(protocol.template, param.declared as usize);
        let name = |param: &Param| Name { symbol: param.name, span: param.span };
        let mut receipts: Vec<Name> = protocol.params.iter().filter(is_receipt).map(name).collect();
        receipts.dedup_by_key(|name| name.symbol);
        receipts.into_iter().map(|name| Receipt { name, parties: None }).collect()
    }
}

/// A parameter, by protocol and position.
type ParamOf = (ProtocolId, usize);

/// The parameters that are receipts: of type `Session`, and shown to a `handoff` or passed on as a receipt.
pub(super) fn receipt_params(program: &Program, names: &[Names], calls: &CallGraph) -> FxHashSet<ParamOf> {
    let mut passed_on: FxHashMap<ParamOf, Vec<ParamOf>> = FxHashMap::default();
    let mut todo: Vec<ParamOf> = Vec::new();
    for (id, protocol) in (0..).map(ProtocolId).zip(&program.protocols) {
        if !protocol.params.iter().any(|param| param.ty == Types::SESSION) {
            continue;
        }
        let position = |name: Symbol| {
            let found = protocol.params.iter().find(|param| param.name == name && param.ty == Types::SESSION);
            found.map(|param| param.declared as usize)
        };
        let ast = &program.modules[protocol.module].ast;
        let mut blocks = vec![&protocol.block];
        while let Some(block) = blocks.pop() {
            for stmt in &block.stmts {
                let kind = &ast.stmt(*stmt).kind;
                kind.each_block(&mut |inner| blocks.push(inner));
                match kind {
                    StmtKind::Step(step) => {
                        if let Step::Handoff { receipt, .. } = &**step {
                            todo.extend(position(receipt.symbol).map(|param| (id, param)));
                        }
                    }
                    StmtKind::Call { protocol: callee, args, .. } => {
                        let Some(callee) = calls.find(program, names, id, callee) else { continue };
                        for (to, arg) in args.iter().enumerate() {
                            if let ExprKind::Var(name) = ast.expr(*arg).kind
                                && let Some(from) = position(name)
                            {
                                passed_on.entry((callee, to)).or_default().push((id, from));
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
    }
    let mut receipts = FxHashSet::default();
    while let Some(param) = todo.pop() {
        if receipts.insert(param) {
            todo.extend(passed_on.get(&param).into_iter().flatten());
        }
    }
    receipts
}

impl Paths<'_, '_> {
    /// The receipt of a name, if it is one in scope.
    fn receipt(&self, name: Symbol) -> Option<usize> {
        self.receipts.iter().rposition(|receipt| receipt.name.symbol == name)
    }

    /// Binds a receipt.
    fn bind_receipt(&mut self, receipt: Receipt, state: &mut State) {
        self.bind(receipt.name);
        if self.receipts.len() < MAX_OPEN {
            self.receipts.push(receipt);
            state.used.push(None);
        } else {
            self.too_many(receipt.name.span);
        }
    }

    /// Uses a receipt up; answers whether it was there.
    fn consume(&mut self, index: usize, span: Span, state: &mut State) -> bool {
        let inside = self.inside.iter().find(|inside| index < inside.receipts).copied();
        let first = state.used[index];
        match (first, inside) {
            (Some(first), _) => self.used_twice(index, first, span),
            (None, Some(inside)) => self.used_inside(index, span, inside),
            (None, None) => {}
        }
        state.used[index].get_or_insert(span);
        first.is_none()
    }

    /// A mention of names that is no use as a receipt.
    fn mention(&mut self, names: &[Name], state: &mut State) {
        for name in names {
            if let Some(index) = self.receipt(name.symbol) {
                self.used_as_value(index, name.span);
                state.used[index].get_or_insert(name.span);
            }
        }
    }

    fn mention_exprs(&mut self, exprs: &[ast::ExprId], state: &mut State) {
        let names = self.checker.free_names_of(exprs);
        self.mention(&names, state);
    }

    /// Another binding of a name.
    fn bind(&mut self, name: Name) {
        if let Some(index) = self.receipt(name.symbol) {
            self.bound_again(index, name.span);
        }
    }

    /// The receipts since `base` go out of scope at `end`.
    fn drop_since(&mut self, base: usize, state: &State, end: Span) {
        for index in base..state.used.len() {
            if state.used[index].is_none() {
                self.dropped(index, end);
            }
        }
    }

    /// Joins the ways that come to the end of an arm: a receipt is used in all of them or in none, an operation is in
    /// the same state in all.
    fn join(&mut self, arms: Vec<(Option<State>, Span)>) -> Option<State> {
        let mut falling = arms.into_iter().filter_map(|(state, span)| state.map(|state| (state, span)));
        let (mut joined, first_span) = falling.next()?;
        for (state, span) in falling {
            let mut differ = false;
            for index in 0..joined.used.len() {
                match (joined.used[index], state.used[index]) {
                    (Some(used), None) => self.used_in_one(index, used, span),
                    (None, Some(used)) => self.used_in_one(index, used, first_span),
                    _ => continue,
                }
                differ = true;
                joined.used[index] = joined.used[index].or(state.used[index]);
            }
            self.join_ops(&mut joined, state, (first_span, span), differ);
        }
        Some(joined)
    }

    /// Operations behind two arms; `differ` if a receipt was used in one of them only, which explains other owners.
    fn join_ops(&mut self, joined: &mut State, state: State, (first_span, span): (Span, Span), differ: bool) {
        for (name, op) in &mut joined.ops {
            let other = state.ops.get(name);
            let is_open = op.ended.is_none();
            let is_open_there = other.is_some_and(|other| other.ended.is_none());
            let owners_differ = is_open && other.is_some_and(|other| other.owner != op.owner);
            let ended = op.ended.or(other.and_then(|other| other.ended));
            op.is_broken |= other.is_some_and(|other| other.is_broken);
            if !op.is_broken && is_open != is_open_there {
                let missing = if is_open { span } else { first_span };
                self.differs(*name, op.begun, ended.unwrap_or(op.begun), missing);
                op.is_broken = true;
            } else if !op.is_broken && owners_differ {
                if !differ {
                    self.differs(*name, op.begun, span, first_span);
                }
                op.is_broken = true;
            }
            op.ended = ended;
        }
        for (name, mut op) in state.ops {
            if !joined.ops.contains_key(&name) {
                if op.ended.is_none() && !op.is_broken {
                    self.differs(name, op.begun, op.begun, first_span);
                    op.is_broken = true;
                }
                joined.ops.insert(name, op);
            }
        }
    }

    /// What repeats, or may be abandoned, ends with the operations it began with.
    fn balanced(&mut self, head: &IndexMap<Symbol, Op, FxBuildHasher>, state: &State, round: Span) {
        for (name, op) in &state.ops {
            if op.is_broken {
                continue;
            }
            let was_open = head.get(name).is_some_and(|op| op.ended.is_none());
            match (was_open, op.ended) {
                (true, Some(ended)) => self.ends_inside(*name, op.begun, ended, round),
                (false, None) => self.stays_open(*name, op.begun, round),
                _ => {}
            }
        }
    }
}
