//! What expressions and functions evaluate to, on the checked program, for the reference.
//!
//! An evaluation that needs the answer to an operation stops. It starts again from its beginning when the answer is
//! there: with the same names and the answers so far it comes to the same place.

mod alone;
mod prim;

use crate::handlers::{Request, Types};
pub(crate) use alone::{Sources, first_slots, is_chosen, message};
pub(crate) use prim::parts;
use std::collections::BTreeMap;
use std::sync::Arc;
use tell_compiler::graph::{ExprRef, GVar, Graph};
use tell_compiler::hir::{Block, Body, ExprId, ExprKind, Fun, FunCode, LoopKind, Pattern, PatternKind};
use tell_compiler::hir::{Program, StmtKind, Use, Var};
use tell_compiler::project::machine::{Slot, UNKNOWN};
use tell_ir::image::Const;
use tell_ir::prim::Prim;
use tell_ir::ty::TypeId;
use tell_language::symbol::Symbol;
use tell_vm::{Fault, Limits, SessionId, Value, to_text};

/// Why there is no value yet.
pub(crate) enum Stop {
    /// There will be none.
    Fault(Box<Fault>),
    /// An operation has to be answered first.
    Perform(Box<Request>),
    /// Others go first; the answer is `()`.
    Yield,
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(Box::new(fault))
    }
}

pub(crate) type Evaluated<T = Value> = Result<T, Stop>;

/// The names in scope in the body of a protocol or function.
struct Names<'p> {
    body: &'p Body,
    values: BTreeMap<Var, Value>,
    /// Of a function: what its type variables stand for, and the effects it uses.
    types: Vec<TypeId>,
    uses: &'p [Use],
}

impl Names<'_> {
    fn get(&self, var: Var) -> Value {
        self.values.get(&var).expect("the checker gave the role this name").clone()
    }
}

/// An evaluation in a state: the role's bindings, where they are, and the answers that it got so far.
pub(crate) struct Evaluation<'e, 'p> {
    pub(crate) program: &'p Program,
    pub(crate) graph: &'p Graph,
    pub(crate) types: &'e mut Types<'p>,
    pub(crate) env: &'e [(GVar, Slot)],
    pub(crate) slots: &'e [Value],
    pub(crate) answers: std::slice::Iter<'e, Value>,
}

impl<'p> Evaluation<'_, 'p> {
    fn body(&self, instance: u32) -> &'p Body {
        let protocol = self.program.protocol(self.graph.instances[instance as usize].protocol);
        protocol.body.as_ref().expect("only checked protocols are lowered")
    }

    /// The value of an expression of the choreography.
    pub(crate) fn value(&mut self, at: ExprRef) -> Evaluated {
        let first = self.graph.instances[at.instance as usize].vars;
        let known = self.env.iter().filter(|(var, slot)| *slot != UNKNOWN && var.0 >= first);
        let values = known.map(|(var, slot)| (Var(var.0 - first), self.slots[*slot as usize].clone())).collect();
        self.expr(&mut Names { body: self.body(at.instance), values, types: Vec::new(), uses: &[] }, at.expr)
    }

    /// The answer to an operation of the choreography.
    fn operation(&mut self, op: u32, args: &[ExprRef]) -> Evaluated {
        let args = args.iter().map(|arg| self.value(*arg)).collect::<Evaluated<_>>()?;
        let op = &self.graph.ops[op as usize];
        let signature = (self.types.each(&op.params, &[]), self.types.of(op.result, &[]));
        let request = self.types.request((op.effect, op.op as usize), signature, args);
        self.perform(request)
    }

    /// Which of several names the host chooses.
    fn chosen(&mut self, names: &[&str]) -> Evaluated<usize> {
        let names = names.iter().copied().map(Value::text).collect();
        let request = self.types.host(Value::list(names).map_err(|_| too_large())?, None);
        let index = self.perform(request)?.as_int().and_then(|index| usize::try_from(index).ok());
        Ok(index.expect("the answer is among what was offered"))
    }

    fn expr(&mut self, names: &mut Names<'p>, id: ExprId) -> Evaluated {
        within_limits(match &names.body.exprs[id.index()].kind {
            ExprKind::Const(value) => constant(value),
            ExprKind::Var(var) => names.get(*var),
            ExprKind::Prim(Prim::ToString, args) => {
                let (value, ty) = (self.expr(names, args[0])?, self.type_of(names, args[0]));
                Value::text(to_text(&value, ty, &self.types.all))
            }
            ExprKind::Prim(op, args) => prim::apply(*op, &self.each(names, args)?)?,
            ExprKind::And(a, b) => Value::Bool(self.holds(names, *a)? && self.holds(names, *b)?),
            ExprKind::Or(a, b) => Value::Bool(self.holds(names, *a)? || self.holds(names, *b)?),
            ExprKind::Product(items) => tuple(self.each(names, items)?)?,
            ExprKind::List(items) => Value::list(self.each(names, items)?).map_err(|_| too_large())?,
            ExprKind::Variant(tag, items) => Value::variant(*tag, self.each(names, items)?).map_err(|_| too_large())?,
            ExprKind::Get(base, index) => parts(&self.expr(names, *base)?)[usize::from(*index)].clone(),
            ExprKind::If(cond, then, els) => {
                let way = if self.holds(names, *cond)? { then } else { els };
                self.expr(names, *way)?
            }
            ExprKind::Case(scrutinee, arms) => {
                let value = self.expr(names, *scrutinee)?;
                let (arm, bound) = first_match(&value, arms.iter().map(|(pattern, _)| pattern));
                names.values.extend(bound);
                self.expr(names, arms[arm].1)?
            }
            ExprKind::Call { fun, types, args } => {
                let types = self.types.each(types, &names.types);
                let args = self.each(names, args)?;
                self.call(self.program.fun(*fun), types, args)?
            }
            ExprKind::Function { .. } | ExprKind::Error => panic!("bug: an expression that is not executed"),
        })
    }

    fn each(&mut self, names: &mut Names<'p>, items: &[ExprId]) -> Evaluated<Vec<Value>> {
        items.iter().map(|item| self.expr(names, *item)).collect()
    }

    fn holds(&mut self, names: &mut Names<'p>, id: ExprId) -> Evaluated<bool> {
        Ok(self.expr(names, id)? == Value::Bool(true))
    }

    fn type_of(&mut self, names: &Names<'p>, id: ExprId) -> TypeId {
        self.types.of(names.body.exprs[id.index()].ty, &names.types)
    }

    fn perform(&mut self, request: Request) -> Evaluated {
        self.answers.next().cloned().ok_or_else(|| Stop::Perform(Box::new(request)))
    }

    fn call(&mut self, fun: &'p Fun, types: Vec<TypeId>, args: Vec<Value>) -> Evaluated {
        let FunCode::Local { body: Some(code), .. } = &fun.code else { panic!("bug: a program with errors is run") };
        let values = (0..).map(Var).zip(args).collect();
        let mut names = Names { body: &code.body, values, types, uses: &fun.uses };
        self.block(&mut names, &code.body.block)?;
        Ok(names.get(code.result))
    }

    fn block(&mut self, names: &mut Names<'p>, block: &'p Block) -> Evaluated<()> {
        block.stmts.iter().try_for_each(|stmt| self.stmt(names, &stmt.kind))
    }

    fn stmt(&mut self, names: &mut Names<'p>, stmt: &'p StmtKind) -> Evaluated<()> {
        match stmt {
            StmtKind::Let { var, value, .. } => {
                let value = self.expr(names, *value)?;
                names.values.insert(*var, value);
            }
            StmtKind::Assert { cond, text, .. } => assert(self.program, &self.expr(names, *cond)?, *text)?,
            StmtKind::Perform { effect, op, args, result, bind, .. } => {
                let values = self.each(names, args)?;
                let params = args.iter().map(|arg| self.type_of(names, *arg)).collect();
                let types = (params, self.types.of(*result, &names.types));
                let request = self.types.request((names.uses[*effect].effect, *op), types, values);
                let answer = self.perform(request)?;
                names.values.extend(bind.map(|var| (var, answer)));
            }
            StmtKind::Case { scrutinee, arms, joins, .. } => {
                let value = self.expr(names, *scrutinee)?;
                let patterns = arms.iter().map(|arm| &names.body.patterns[arm.pattern as usize]);
                let (arm, bound) = first_match(&value, patterns);
                names.values.extend(bound);
                self.block(names, &arms[arm].body)?;
                let joined = joins.iter().filter_map(|join| Some((join.var, names.get(join.from[arm]?))));
                names.values.extend(joined.collect::<Vec<_>>());
            }
            StmtKind::Loop { kind, body } => self.repeat(names, kind, body)?,
            _ => panic!("bug: a function has only local statements"),
        }
        Ok(())
    }

    /// A loop; others go first behind every round.
    fn repeat(&mut self, names: &mut Names<'p>, kind: &LoopKind, body: &'p Block) -> Evaluated<()> {
        let mut left = match kind {
            LoopKind::Repeat { count, .. } => self.expr(names, *count)?.as_int(),
            _ => None,
        };
        while match kind {
            LoopKind::While { cond, .. } => self.holds(names, *cond)?,
            _ => left > Some(0),
        } {
            self.block(names, body)?;
            left = left.map(|rounds| rounds - 1);
            self.answers.next().ok_or(Stop::Yield)?;
        }
        Ok(())
    }
}

/// Stops unless the condition holds.
fn assert(program: &Program, holds: &Value, text: Option<Symbol>) -> Evaluated<()> {
    let text = || text.map_or("assertion failed", |text| program.text(text)).to_owned();
    if *holds == Value::Bool(true) { Ok(()) } else { Err(Fault::Assertion { text: text() }.into()) }
}

/// The first pattern that matches, and what it binds, from left to right.
fn first_match<'a>(value: &Value, patterns: impl IntoIterator<Item = &'a Pattern>) -> (usize, Vec<(Var, Value)>) {
    let tried = patterns.into_iter().map(|pattern| {
        let mut bound = Vec::new();
        matches(value, pattern, &mut bound).then_some(bound)
    });
    tried.enumerate().find_map(|(index, bound)| Some((index, bound?))).expect("a case is exhaustive")
}

fn matches(value: &Value, pattern: &Pattern, bound: &mut Vec<(Var, Value)>) -> bool {
    if let PatternKind::Bind(var) = pattern.kind {
        bound.push((var, value.clone()));
    }
    let mut all = |items: &[Pattern]| parts(value).iter().zip(items).all(|(value, item)| matches(value, item, bound));
    match &pattern.kind {
        PatternKind::Wildcard | PatternKind::Bind(_) => true,
        PatternKind::Const(expected) => *value == constant(expected),
        PatternKind::Variant(tag, items) => value.as_variant().is_some_and(|(own, _)| own == *tag) && all(items),
        PatternKind::Product(items) => all(items),
        PatternKind::List(items) => parts(value).len() == items.len() && all(items),
    }
}

fn constant(value: &Const) -> Value {
    match value {
        Const::Unit => Value::Unit,
        Const::Bool(value) => Value::Bool(*value),
        Const::Int(value) => Value::Int(*value),
        Const::Duration(value) => Value::Duration(*value),
        Const::Str(text) => Value::text(text.as_str()),
        Const::Session => Value::Session(Arc::new(SessionId::root(0))),
    }
}

/// A value, if it is no larger than a machine allows unless it is told otherwise.
fn within_limits(value: Value) -> Evaluated {
    let Limits { value_depth, value_size, .. } = Limits::default();
    let is_small = value.depth() <= value_depth && value.size() <= value_size;
    if is_small { Ok(value) } else { Err(too_large().into()) }
}

/// The tuple of some values, within the limits.
fn tuple(items: Vec<Value>) -> Evaluated {
    within_limits(Value::tuple(items).map_err(|_| too_large())?)
}

fn too_large() -> Fault {
    Fault::LimitExceeded { what: "size of a value", value: 0, max: 0 }
}
