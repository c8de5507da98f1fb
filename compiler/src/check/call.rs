//! Calls of protocols, and which protocols call each other.

use super::Checker;
use super::block::Tail;
use crate::hir::{Program, ProtocolId, RoleId, Stmt, StmtKind};
use crate::resolve::{Names, protocol, similar_protocol};
use rustc_hash::{FxHashMap, FxHashSet};
use tell_language::ast::{self, Block, Path, RoleRef};
use tell_language::span::Span;
use tell_language::symbol::Symbol;

/// Who calls whom.
pub(super) struct CallGraph {
    /// The protocols under the `where` of each one; the first of each name.
    locals: FxHashMap<(ProtocolId, Symbol), ProtocolId>,
    /// The circle of calls each protocol is on: two of equal number reach each other.
    circles: Vec<usize>,
    /// Parameters that are receipts, by protocol and position.
    receipts: FxHashSet<(ProtocolId, usize)>,
}

impl CallGraph {
    pub(super) fn new(program: &Program, names: &[Names]) -> Self {
        let mut graph = Self { locals: FxHashMap::default(), circles: Vec::new(), receipts: FxHashSet::default() };
        for (id, protocol) in (0..).map(ProtocolId).zip(&program.protocols) {
            if let Some(parent) = protocol.parent {
                graph.locals.entry((parent, protocol.name)).or_insert(id);
            }
        }
        let ids = (0..).map(ProtocolId).take(program.protocols.len());
        let callees: Vec<Vec<usize>> = ids.map(|id| graph.callees(program, names, id)).collect();
        graph.circles = circles(&callees);
        graph.receipts = super::linear::receipt_params(program, names, &graph);
        graph
    }

    /// Whether a parameter is a receipt: its protocol uses it up.
    pub(super) fn is_receipt(&self, protocol: ProtocolId, param: usize) -> bool {
        self.receipts.contains(&(protocol, param))
    }

    /// Whether `callee`, which `caller` calls, can come back to `caller`.
    pub(super) fn is_recursive(&self, caller: ProtocolId, callee: ProtocolId) -> bool {
        // What is not called at all, as the body of an operation, is on no circle.
        self.circles.get(caller.index()) == self.circles.get(callee.index())
    }

    /// The protocol a path names inside `from`: its own `where` first, then those around it, then the module.
    pub(super) fn find(&self, program: &Program, names: &[Names], from: ProtocolId, path: &Path) -> Option<ProtocolId> {
        if path.names.len() == 1 {
            let mut owner = Some(from);
            while let Some(id) = owner {
                if let Some(local) = self.locals.get(&(id, path.last().symbol)) {
                    return Some(*local);
                }
                owner = program.protocol(id).parent;
            }
        }
        protocol(names, program, program.protocol(from).module, path)
    }

    fn callees(&self, program: &Program, names: &[Names], id: ProtocolId) -> Vec<usize> {
        let ast = &program.modules[program.protocol(id).module].ast;
        let mut blocks: Vec<&Block> = vec![&program.protocol(id).block];
        let mut found = Vec::new();
        while let Some(block) = blocks.pop() {
            for stmt in &block.stmts {
                let kind = &ast.stmt(*stmt).kind;
                if let ast::StmtKind::Call { protocol, .. } = kind {
                    found.extend(self.find(program, names, id, protocol).map(ProtocolId::index));
                }
                kind.each_block(&mut |block| blocks.push(block));
            }
        }
        found
    }
}

/// The strongly connected component of every node (Kosaraju and Sharir): last left first, backwards.
fn circles(callees: &[Vec<usize>]) -> Vec<usize> {
    let mut callers = vec![Vec::new(); callees.len()];
    for (caller, callees) in callees.iter().enumerate() {
        callees.iter().for_each(|callee| callers[*callee].push(caller));
    }
    let mut circles = vec![usize::MAX; callees.len()];
    for root in left_last(callees).into_iter().rev() {
        let mut todo = vec![root];
        while let Some(id) = todo.pop() {
            if circles[id] == usize::MAX {
                circles[id] = root;
                todo.extend(&callers[id]);
            }
        }
    }
    circles
}

/// All nodes in the order in which a depth-first walk leaves them.
fn left_last(callees: &[Vec<usize>]) -> Vec<usize> {
    let mut order = Vec::with_capacity(callees.len());
    let mut seen = vec![false; callees.len()];
    for root in 0..callees.len() {
        if std::mem::replace(&mut seen[root], true) {
            continue;
        }
        // A node with the position of its next callee.
        let mut stack = vec![(root, 0)];
        while let Some((id, next)) = stack.last_mut() {
            match callees[*id].get(*next) {
                None => {
                    order.push(*id);
                    stack.pop();
                }
                Some(callee) => {
                    *next += 1;
                    if !std::mem::replace(&mut seen[*callee], true) {
                        stack.push((*callee, 0));
                    }
                }
            }
        }
    }
    order
}

impl Checker<'_> {
    pub(super) fn call(
        &mut self,
        path: &Path,
        roles: &[RoleRef],
        args: &[ast::ExprId],
        span: Span,
        tail: Tail,
        out: &mut Vec<Stmt>,
    ) -> bool {
        let resolved: Vec<Option<RoleId>> = roles.iter().map(|role| self.role(*role)).collect();
        let Some(callee) = self.calls.find(self.program, self.names, self.protocol, path) else {
            self.unknown_protocol(path);
            return true;
        };
        let recursive = self.calls.is_recursive(self.protocol, callee);
        if recursive && tail == Tail::No {
            let text = format!(
                "the recursive call of `{}` is not the last thing this protocol does",
                self.text(path.last().symbol)
            );
            let help = "move it to the end, or write the repetition as `rec` or `loop`";
            self.report("E0416", span, text, "something follows this", help);
            return true;
        }
        let resolved: Option<Vec<RoleId>> = resolved.into_iter().collect();
        let Some(resolved) = resolved.filter(|resolved| self.check_roles(callee, roles, resolved, span)) else {
            return !recursive;
        };
        let params = self.program.protocol(callee).params.clone();
        if params.len() != args.len() {
            let what = format!("protocol `{}`", self.text(path.last().symbol));
            self.wrong_arity(&what, params.len(), args.len(), span);
            return !recursive;
        }
        self.check_uses(callee, path);
        let first = self.body.exprs.len();
        let args = params
            .iter()
            .zip(args)
            .map(|(param, arg)| self.expr(*arg, resolved[param.role.index()], Some(param.ty)))
            .collect();
        self.finish_types(first);
        out.push(Stmt { kind: StmtKind::Call { protocol: callee, roles: resolved, args, recursive }, span });
        !recursive
    }

    fn unknown_protocol(&mut self, path: &Path) {
        let wanted = path.last().symbol;
        let name = self.text(wanted).to_owned();
        let help = match similar_protocol(self.names, self.program, self.module, wanted) {
            Some(similar) => format!("did you mean `{similar}`?"),
            None => format!("declare `protocol {name}(…) = …`"),
        };
        self.report("E0205", path.span(), format!("there is no protocol `{name}`"), "unknown protocol", &help);
    }

    fn check_roles(&mut self, callee: ProtocolId, roles: &[RoleRef], resolved: &[RoleId], span: Span) -> bool {
        let wanted = self.program.protocol(callee).roles.len();
        if wanted != roles.len() {
            let name = self.text(self.program.protocol(callee).name).to_owned();
            let plural = if wanted == 1 { "" } else { "s" };
            let text = format!("`{name}` takes {wanted} role{plural}, not {}", roles.len());
            self.report("E0419", span, text, "wrong number of roles", "name one role for each of its roles");
            return false;
        }
        for (index, role) in resolved.iter().enumerate() {
            if resolved[..index].contains(role) {
                let text = format!("`{}` is given twice", self.role_name(*role));
                self.report(
                    "E0419",
                    roles[index].name.span,
                    text,
                    "again here",
                    "the roles of a call are different roles",
                );
                return false;
            }
        }
        true
    }

    /// What the callee performs, the caller must be allowed to perform.
    fn check_uses(&mut self, callee: ProtocolId, path: &Path) {
        let own = self.program.protocol(self.protocol).uses.clone();
        for used in self.program.protocol(callee).uses.clone() {
            if !own.iter().any(|own| own.effect == used.effect && own.args == used.args) {
                let effect = self.text(self.program.effects[used.effect.index()].name).to_owned();
                let text = format!("`{}` uses `{effect}`, this protocol does not", self.text(path.last().symbol));
                let help = format!("add it to the header: `uses {effect}`");
                self.report("E0501", path.span(), text, "not in `uses`", &help);
            }
        }
    }
}
