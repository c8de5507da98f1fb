//! Checked protocols to the choreography graph.
//!
//! Blocks are lowered from their end, so that every continuation exists before what leads to it; loops and `rec`
//! get their head first. Calls are inlined: one [`Instance`] each, a recursive tail call is a back edge to the head
//! of its instance.

mod calls;
mod first;
mod loops;
mod parts;
mod structure;

pub(crate) use calls::callees;
pub use loops::{CONTINUE, STOP};

use crate::graph::{
    Action, Arm, Branch, CaseArm, CaseOn, ExprRef, Field, GVar, Graph, Guard, Instance, Label, NodeId, NodeKind, Op,
    PatternRef, Renamed, Role, Variable,
};
use crate::hir::{self, Block, Body, ExprId, ExprKind, Join, Program, ProtocolId, Source, Stmt, StmtKind, Var};
use crate::ty::{Ty, TyKind};
use rustc_hash::FxHashMap;
use tell_ir::image::{Const, MAX_REGISTERS};
use tell_ir::sort::Sort;
use tell_language::diagnostic::{Code, Diagnostic};
use tell_language::span::Span;
use tell_language::symbol::Symbol;

/// Most nodes of one choreography after inlining.
pub const MAX_NODES: usize = 2_000_000;

/// Deepest nesting of blocks and inlined calls together.
const MAX_DEPTH: usize = 1_000;

/// Lowers a protocol whose body, and those of all it calls, is checked.
///
/// # Errors
/// Choreographies whose structure is wrong (`E0413`, `E0415`, `E0417`, `E0418`) or that are too large (`E0405`).
pub fn lower(program: &Program, protocol: ProtocolId) -> Result<Graph, Vec<Diagnostic>> {
    let mut lowering = Lowering::new(program, protocol);
    lowering.run(protocol);
    if lowering.diagnostics.is_empty() {
        lowering.diagnostics = structure::check(&lowering.graph);
    }
    if lowering.diagnostics.is_empty() { Ok(lowering.graph) } else { Err(lowering.diagnostics) }
}

/// What makes two calls the same: callee, roles, what follows, and whether the end of the callee is an end of the
/// whole choreography, where its own names are in scope.
type CallKey = (ProtocolId, Vec<Role>, NodeId, Ends);

/// Whether the end of an instance is an end of the whole choreography.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Ends {
    /// It is: the protocol itself, or one it goes on as by a tail call.
    All,
    /// Something follows, or the caller's names are in scope.
    Itself,
}

struct Lowering<'a> {
    program: &'a Program,
    graph: Graph,
    diagnostics: Vec<Diagnostic>,
    /// Head and number of every instance: equal calls lead to one.
    inlined: FxHashMap<CallKey, (NodeId, u32)>,
    done_labels: loops::DoneLabels,
    firsts: first::Firsts,
    labels: FxHashMap<(Symbol, Vec<Ty>), u32>,
    ops: FxHashMap<Op, u32>,
    /// Labels of decided loops whose names stand nowhere in the text.
    unwritten_labels: FxHashMap<String, u32>,
    depth: usize,
}

/// The instance a statement belongs to and the heads of the enclosing `rec`s.
struct Context<'a> {
    instance: u32,
    body: &'a Body,
    recs: Vec<(Symbol, NodeId)>,
    /// What follows the instance; a recursive call goes on there too.
    cont: NodeId,
    ends: Ends,
}

impl<'a> Lowering<'a> {
    fn new(program: &'a Program, protocol: ProtocolId) -> Self {
        let root = program.protocol(protocol);
        let order = calls::callees_first(program, protocol);
        let done_labels = loops::name_done_labels(program, &order);
        // Only decided loops ask who acts first.
        let firsts = if done_labels.is_empty() { &[] } else { order.as_slice() };
        let graph = Graph {
            name: program.text(root.name).to_owned(),
            file: root.file,
            span: root.name_span,
            roles: root.roles.iter().map(|(name, _)| program.text(*name).to_owned()).collect(),
            ..Graph::default()
        };
        Self {
            program,
            graph,
            diagnostics: Vec::new(),
            inlined: FxHashMap::default(),
            done_labels,
            firsts: first::Firsts::new(program, firsts),
            labels: FxHashMap::default(),
            ops: FxHashMap::default(),
            unwritten_labels: FxHashMap::default(),
            depth: 0,
        }
    }

    fn run(&mut self, protocol: ProtocolId) {
        let roles: Vec<Role> = (0..).take(self.graph.roles.len()).collect();
        self.graph.params = (0..)
            .zip(&self.program.protocol(protocol).params)
            .map(|(index, param)| (param.role.0, param.name, GVar(index)))
            .collect();
        self.graph.params.sort_by_key(|(role, _, _)| *role);
        // Every instance that ends the whole gets an end of its own; this one only stands for "nothing follows".
        let nothing = self.graph.add(NodeKind::End { finals: [].into() }, self.graph.span);
        let (head, _) = self.inline((protocol, roles, nothing, Ends::All), self.body(protocol).block.span);
        self.graph.start = head;
    }

    fn body(&self, protocol: ProtocolId) -> &'a Body {
        self.program.protocol(protocol).body.as_ref().expect("only checked protocols are lowered")
    }

    fn instance(&mut self, protocol: ProtocolId, roles: Vec<Role>) -> u32 {
        let vars = u32::try_from(self.graph.vars.len()).expect("the node limit is below 2^32");
        let body = self.body(protocol);
        self.graph.vars.extend(body.vars.iter().map(|var| Variable { name: var.name, ty: var.ty }));
        self.graph.instances.push(Instance { protocol, vars, roles });
        u32::try_from(self.graph.instances.len() - 1).expect("fewer instances than nodes")
    }

    fn var(&self, context: &Context<'_>, var: Var) -> GVar {
        GVar(self.graph.instances[context.instance as usize].vars + var.0)
    }

    fn role(&self, context: &Context<'_>, role: crate::hir::RoleId) -> Role {
        self.graph.instances[context.instance as usize].roles[role.index()]
    }

    fn expr(context: &Context<'_>, expr: ExprId) -> ExprRef {
        ExprRef { instance: context.instance, expr }
    }

    /// Adds a node unless the choreography is already too large.
    fn add(&mut self, kind: NodeKind, span: Span) -> NodeId {
        if self.graph.nodes.len() >= MAX_NODES {
            self.too_large(span, "calls multiply what they inline; write the repetition as a loop");
            return NodeId(0);
        }
        self.graph.add(kind, span)
    }

    fn too_large(&mut self, span: Span, help: &str) {
        if self.diagnostics.is_empty() {
            let diagnostic = Diagnostic::new(Code("E0405"), "this choreography is too large after inlining its calls")
                .label(self.graph.file, span, format!("more than {MAX_NODES} steps, or nested deeper than {MAX_DEPTH}"))
                .help(help);
            self.diagnostics.push(diagnostic);
        }
    }

    fn block(&mut self, context: &mut Context<'a>, block: &'a Block, cont: NodeId) -> NodeId {
        if self.depth > MAX_DEPTH || !self.diagnostics.is_empty() {
            self.too_large(block.span, "call fewer protocols inside each other");
            return cont;
        }
        self.depth += 1;
        let start = block.stmts.iter().rev().fold(cont, |cont, stmt| self.stmt(context, stmt, cont));
        self.depth -= 1;
        start
    }

    fn stmt(&mut self, context: &mut Context<'a>, stmt: &'a Stmt, cont: NodeId) -> NodeId {
        match &stmt.kind {
            StmtKind::Message { from, to, label, label_span, fields } => {
                let types: Vec<Ty> = fields.iter().map(|field| field.ty).collect();
                let label = self.label(*label, types);
                let fields = fields.iter().map(|field| self.field(context, field)).collect();
                let (from, to) = (self.role(context, *from), self.role(context, *to));
                let branches = vec![Branch { label, fields, cont, span: *label_span, next: Span::default() }];
                self.add(NodeKind::Comm { from, to, branches }, stmt.span)
            }
            StmtKind::Choice { decider, arms, joins } => {
                let mut lowered = Vec::new();
                for (index, arm) in arms.iter().enumerate() {
                    let end = self.joined(context, joins, index, cont, arm.span);
                    let start = self.block(context, &arm.body, end);
                    let guard = arm.guard.as_ref().map(|guard| self.guard(context, guard));
                    let next = first_of(&arm.body);
                    lowered.push(Arm { name: Some(arm.name), guard, cont: start, span: arm.span, next });
                }
                let decider = self.role(context, *decider);
                self.add(NodeKind::Choice { decider, arms: lowered }, stmt.span)
            }
            StmtKind::Case { deciders, scrutinee, arms, joins } => {
                let mut lowered = Vec::new();
                for (index, arm) in arms.iter().enumerate() {
                    let end = self.joined(context, joins, index, cont, arm.span);
                    let start = self.block(context, &arm.body, end);
                    let pattern = Some(PatternRef { instance: context.instance, pattern: arm.pattern });
                    let next = first_of(&arm.body);
                    lowered.push(CaseArm { pattern, cont: start, span: arm.span, next });
                }
                let deciders = deciders.iter().map(|role| self.role(context, *role)).collect();
                let on = CaseOn::Expr(Self::expr(context, *scrutinee));
                self.add(NodeKind::Case { deciders, on, arms: lowered }, stmt.span)
            }
            StmtKind::Par { branches } => self.par(context, branches, stmt.span, cont),
            StmtKind::Scope { .. } => self.scope(context, stmt, cont),
            StmtKind::Rec { label, body } => {
                let head = self.add(NodeKind::Rename { pairs: Vec::new(), cont }, stmt.span);
                context.recs.push((*label, head));
                let start = self.block(context, body, cont);
                context.recs.pop();
                self.graph.nodes[head.index()].kind = NodeKind::Rename { pairs: Vec::new(), cont: start };
                head
            }
            StmtKind::Continue { label } => {
                let head = context.recs.iter().rev().find(|(name, _)| name == label);
                head.expect("`continue` names an enclosing `rec`").1
            }
            StmtKind::Loop { kind, body } => self.loop_stmt(context, kind, body, stmt.span, cont),
            StmtKind::Call { protocol, roles, args, recursive } => {
                let roles = roles.iter().map(|role| self.role(context, *role)).collect();
                let (cont, ends) = if *recursive { (context.cont, context.ends) } else { (cont, Ends::Itself) };
                self.call(context, (*protocol, roles, cont, ends), args, stmt.span)
            }
            StmtKind::Let { role, var, value } => {
                let action = Action::Let { var: self.var(context, *var), value: Self::expr(context, *value) };
                self.local(context, *role, action, stmt.span, cont)
            }
            StmtKind::Assert { role, cond, text } => {
                let action = Action::Assert { cond: Self::expr(context, *cond), text: *text };
                self.local(context, *role, action, stmt.span, cont)
            }
            StmtKind::Perform { role, effect, op, args, result, bind } => {
                let op = self.op(context, *effect, *op, args, *result);
                let args = args.iter().map(|arg| Self::expr(context, *arg)).collect();
                let bind = bind.map(|var| self.var(context, var));
                self.local(context, *role, Action::Perform { op, args, bind }, stmt.span, cont)
            }
        }
    }

    fn guard(&mut self, context: &Context<'_>, guard: &hir::Guard) -> Guard {
        match guard {
            hir::Guard::Expr(expr) => Guard::Expr(Self::expr(context, *expr)),
            hir::Guard::Check { effect, op, args, result, bind } => {
                let op = self.op(context, *effect, *op, args, *result);
                let args = args.iter().map(|arg| Self::expr(context, *arg)).collect();
                Guard::Check { op, args, bind: Some(self.var(context, *bind)) }
            }
        }
    }

    fn local(
        &mut self,
        context: &Context<'_>,
        role: crate::hir::RoleId,
        action: Action,
        span: Span,
        cont: NodeId,
    ) -> NodeId {
        let role = self.role(context, role);
        self.add(NodeKind::Local { role, action, cont }, span)
    }

    fn field(&self, context: &Context<'_>, field: &crate::hir::Field) -> Field {
        let source = match field.source {
            Source::Expr(expr) => Some(Self::expr(context, expr)),
            Source::Supply => None,
        };
        let var = |var: Option<Var>| var.map(|var| self.var(context, var));
        Field { source, name: field.name, sender: var(field.sender), receiver: var(field.receiver) }
    }

    /// The node that gives names their binding behind arm `index`.
    fn joined(&mut self, context: &Context<'_>, joins: &[Join], index: usize, cont: NodeId, span: Span) -> NodeId {
        let pairs: Vec<(GVar, Renamed)> = joins
            .iter()
            .filter_map(|join| Some((self.var(context, join.var), Renamed::Var(self.var(context, join.from[index]?)))))
            .collect();
        if pairs.is_empty() { cont } else { self.add(NodeKind::Rename { pairs, cont }, span) }
    }

    fn op(&mut self, context: &Context<'_>, used: usize, op: usize, args: &[ExprId], result: Ty) -> u32 {
        let protocol = self.graph.instances[context.instance as usize].protocol;
        let used = self.program.protocol(protocol).instance(used);
        let params = args.iter().map(|arg| context.body.exprs[arg.index()].ty).collect();
        let op = u32::try_from(op).expect("fewer than 2^32 operations");
        let op = Op { effect: used.effect, args: used.args.clone(), op, params, result };
        let next = u32::try_from(self.graph.ops.len()).expect("fewer than 2^32 operations");
        let index = *self.ops.entry(op.clone()).or_insert(next);
        if index == next {
            self.graph.ops.push(op);
        }
        index
    }

    fn label(&mut self, name: Symbol, fields: Vec<Ty>) -> u32 {
        if let Some(label) = self.labels.get(&(name, fields.clone())) {
            return *label;
        }
        let label = Label {
            name: self.program.text(name).to_owned(),
            sort: payload_sort(self.program, &fields),
            fields: fields.clone(),
        };
        self.graph.labels.push(label);
        let id = u32::try_from(self.graph.labels.len() - 1).expect("fewer than 2^32 labels");
        self.labels.insert((name, fields), id);
        id
    }

    /// Goes to the instance of a call, inlined if there is none yet.
    fn call(&mut self, context: &Context<'a>, key: CallKey, args: &[ExprId], span: Span) -> NodeId {
        let (head, instance) = match self.inlined.get(&key) {
            Some(known) => *known,
            None => self.inline(key, span),
        };
        self.pass_arguments(context, instance, args, span, head)
    }

    fn inline(&mut self, key: CallKey, span: Span) -> (NodeId, u32) {
        let (callee, roles, cont, ends) = key.clone();
        let instance = self.instance(callee, roles);
        let body = self.body(callee);
        let head = self.add(NodeKind::Rename { pairs: Vec::new(), cont }, span);
        self.inlined.insert(key, (head, instance));
        let mut inner = Context { instance, body, recs: Vec::new(), cont, ends };
        let (first, known) = (self.graph.nodes.len(), self.diagnostics.len());
        let end = match ends {
            Ends::All => {
                let finals = body
                    .finals
                    .iter()
                    .map(|(role, name, var)| (self.role(&inner, *role), *name, self.var(&inner, *var)));
                let mut finals: Vec<(Role, Symbol, GVar)> = finals.collect();
                finals.sort_by_key(|(role, _, _)| *role);
                self.refuse_too_many_names(&finals, body.block.span);
                self.add(NodeKind::End { finals: finals.into() }, body.block.span)
            }
            Ends::Itself => cont,
        };
        let start = self.block(&mut inner, &body.block, end);
        self.graph.nodes[head.index()].kind = NodeKind::Rename { pairs: Vec::new(), cont: start };
        if self.program.protocol(callee).file != self.graph.file {
            // Spans of a graph lie in one file: what another file inlines here stands where it is called.
            self.graph.nodes[first..].iter_mut().for_each(|node| node.stand_at(span));
            let labels = self.diagnostics[known..].iter_mut().flat_map(|diagnostic| &mut diagnostic.labels);
            labels.for_each(|label| label.span = span);
        }
        (head, instance)
    }

    /// No frame holds more names at once; that is said before anything is computed with all of them.
    fn refuse_too_many_names(&mut self, finals: &[(Role, Symbol, GVar)], span: Span) {
        let too_many = finals.chunk_by(|a, b| a.0 == b.0).find(|own| own.len() > MAX_REGISTERS);
        if let (Some(own), true) = (too_many, self.diagnostics.is_empty()) {
            let role = &self.graph.roles[own[0].0 as usize];
            let text = format!("`{role}` holds {} names at the end", own.len());
            let diagnostic = Diagnostic::new(Code("E0405"), text)
                .label(self.graph.file, span.head(1), format!("a role holds at most {MAX_REGISTERS} values at once"))
                .help("keep fewer names in scope at once: bind them in blocks, or put them into a list");
            self.diagnostics.push(diagnostic);
        }
    }

    /// Binds the parameters of `instance` and goes to its head. Names and numbers are renamed, other arguments are
    /// evaluated first, all before any parameter changes.
    fn pass_arguments(
        &mut self,
        context: &Context<'_>,
        instance: u32,
        args: &[ExprId],
        span: Span,
        head: NodeId,
    ) -> NodeId {
        if args.is_empty() {
            return head;
        }
        let base = self.graph.instances[instance as usize].vars;
        let callee = self.program.protocol(self.graph.instances[instance as usize].protocol);
        let mut pairs = Vec::new();
        let mut lets = Vec::new();
        for (index, arg) in (0..).zip(args) {
            let target = GVar(base + index);
            let expr = &context.body.exprs[arg.index()];
            let from = match &expr.kind {
                ExprKind::Var(var) => Renamed::Var(self.var(context, *var)),
                ExprKind::Const(Const::Int(value)) => Renamed::Int(*value),
                _ => {
                    let name = callee.params[index as usize].name;
                    self.graph.vars.push(Variable { name, ty: expr.ty });
                    let temporary =
                        GVar(u32::try_from(self.graph.vars.len() - 1).expect("the node limit is below 2^32"));
                    let role =
                        self.graph.instances[instance as usize].roles[callee.params[index as usize].role.index()];
                    lets.push((role, Action::Let { var: temporary, value: Self::expr(context, *arg) }));
                    Renamed::Var(temporary)
                }
            };
            pairs.push((target, from));
        }
        let renamed = self.add(NodeKind::Rename { pairs, cont: head }, span);
        lets.into_iter()
            .rev()
            .fold(renamed, |cont, (role, action)| self.add(NodeKind::Local { role, action, cont }, span))
    }
}

/// The sort a payload erases to: none is `unit`, more than one nest to the right (PROJECTION §1).
#[must_use]
pub fn payload_sort(program: &Program, fields: &[Ty]) -> Sort {
    match fields {
        [] => Sort::Unit,
        [only] => sort(program, *only),
        [first, rest @ ..] => {
            let mut sorts: Vec<Sort> = rest.iter().map(|ty| sort(program, *ty)).collect();
            let last = sorts.pop().expect("at least two fields");
            let nested =
                sorts.into_iter().rev().fold(last, |nested, sort| Sort::Prod(Box::new(sort), Box::new(nested)));
            Sort::Prod(Box::new(sort(program, *first)), Box::new(nested))
        }
    }
}

fn sort(program: &Program, ty: Ty) -> Sort {
    match program.types.kind(ty) {
        TyKind::Unit => Sort::Unit,
        TyKind::Int => Sort::Int,
        TyKind::Bool => Sort::Bool,
        TyKind::String => Sort::String,
        TyKind::Bytes => Sort::Bytes,
        _ => Sort::Named(program.show_type(ty)),
    }
}

/// Where the first statement of a block stands; empty if it has none.
fn first_of(block: &Block) -> Span {
    block.stmts.first().map_or(Span::default(), |stmt| stmt.span)
}
