//! Calls of protocols, and which protocols call each other.

use super::Checker;
use super::block::Tail;
use super::family::Group;
use crate::hir::{Program, ProtocolId, RoleId, Stmt, StmtKind};
use crate::resolve::family::{Extent, Problem};
use crate::resolve::{Names, protocol, similar_protocol};
use rustc_hash::{FxHashMap, FxHashSet};
use tell_language::ast::{self, Block, Name, Path, RoleRef};
use tell_language::diagnostic::{Code, Diagnostic};
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
    /// Protocols that another one calls.
    called: FxHashSet<ProtocolId>,
}

impl CallGraph {
    pub(super) fn new(program: &Program, names: &[Names]) -> Self {
        let mut graph = Self {
            locals: FxHashMap::default(),
            circles: Vec::new(),
            called: FxHashSet::default(),
            receipts: FxHashSet::default(),
        };
        for (id, protocol) in (0..).map(ProtocolId).zip(&program.protocols) {
            if let Some(parent) = protocol.parent {
                graph.locals.entry((parent, protocol.name)).or_insert(id);
            }
        }
        let ids = (0..).map(ProtocolId).take(program.protocols.len());
        let callees: Vec<Vec<usize>> = ids.map(|id| graph.callees(program, names, id)).collect();
        for (caller, callees) in callees.iter().enumerate() {
            let others = callees.iter().filter(|callee| **callee != caller);
            graph.called.extend(others.map(|id| ProtocolId(u32::try_from(*id).expect("fewer than 2^32 protocols"))));
        }
        graph.circles = circles(&callees);
        graph.receipts = super::linear::receipt_params(program, names, &graph);
        graph
    }

    /// Whether another protocol calls it.
    pub(super) fn is_called(&self, id: ProtocolId) -> bool {
        self.called.contains(&id)
    }

    /// Whether a parameter is a receipt: its protocol uses it up.
    pub(super) fn is_receipt(&self, protocol: ProtocolId, param: usize) -> bool {
        self.receipts.contains(&(protocol, param))
    }

    /// Whether `callee`, which `caller` calls, can come back to `caller`; both are declarations.
    pub(super) fn is_recursive(&self, caller: ProtocolId, callee: ProtocolId) -> bool {
        // What is not called at all, as the body of an operation, is on no circle.
        self.circles.get(caller.index()) == self.circles.get(callee.index())
    }

    /// The declaration a path names inside `from`: its own `where` first, then those around it, then the module.
    pub(super) fn find(&self, program: &Program, names: &[Names], from: ProtocolId, path: &Path) -> Option<ProtocolId> {
        if path.names.len() == 1 {
            let mut owner = Some(program.protocol(from).template);
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
pub(super) fn circles(callees: &[Vec<usize>]) -> Vec<usize> {
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
pub(super) fn left_last(callees: &[Vec<usize>]) -> Vec<usize> {
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
        let groups: Vec<Option<Group>> = roles.iter().map(|role| self.group(*role)).collect();
        let Some(template) = self.calls.find(self.program, self.names, self.protocol, path) else {
            self.unknown_protocol(path);
            return true;
        };
        let own = self.program.protocol(self.protocol).template;
        let recursive = self.calls.is_recursive(own, template);
        if recursive && tail == Tail::No {
            let text = format!(
                "the recursive call of `{}` is not the last thing this protocol does",
                self.text(path.last().symbol)
            );
            let help = "move it to the end, or write the repetition as `rec` or `loop`";
            self.report("E0416", span, text, "something follows this", help);
            return true;
        }
        let groups: Option<Vec<Group>> = groups.into_iter().collect();
        let Some((callee, resolved)) = groups.and_then(|groups| self.callee(template, roles, &groups, span)) else {
            return !recursive;
        };
        if recursive && !self.instances.goes_round(self.program, self.protocol, callee) {
            let text = format!("`{}` calls itself with a family of another size", self.text(path.last().symbol));
            let help = "pass families of the same sizes on; to go through a family write `for`";
            self.report("E0239", span, text, "not the sizes it was called with", help);
            return !recursive;
        }
        self.instances.demand(self.program, callee);
        let declared = self.program.protocol(callee).header.params.len();
        if declared != args.len() {
            let what = format!("protocol `{}`", self.text(path.last().symbol));
            self.wrong_arity(&what, declared, args.len(), span);
            return !recursive;
        }
        self.check_uses(callee, path);
        let first = self.body.exprs.len();
        let params = self.program.protocol(callee).params.clone();
        let args = params
            .iter()
            .map(|param| self.expr(args[param.declared as usize], resolved[param.role.index()], Some(param.ty)))
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

    /// The protocol that is called, for the sizes of the families given to it, and the roles it gets.
    fn callee(
        &mut self,
        template: ProtocolId,
        roles: &[RoleRef],
        groups: &[Group],
        span: Span,
    ) -> Option<(ProtocolId, Vec<RoleId>)> {
        let header = self.program.protocol(template).header.clone();
        let wanted = header.members.len();
        if wanted != groups.len() {
            let name = self.text(self.program.protocol(template).name).to_owned();
            let plural = if wanted == 1 { "" } else { "s" };
            let text = format!("`{name}` takes {wanted} role{plural}, not {}", groups.len());
            self.report("E0419", span, text, "wrong number of roles", "name one role for each of its roles");
            return None;
        }
        let mut resolved = Vec::new();
        let mut seen = FxHashSet::default();
        let mut sizes: Vec<Option<u32>> = vec![None; header.sizes.len()];
        for ((group, role), (member, extent)) in groups.iter().zip(roles).zip(&header.members) {
            let given = match group {
                Group::One(id) => std::slice::from_ref(id),
                Group::Many(all) => all.as_slice(),
            };
            let count = matches!(group, Group::Many(_)).then(|| u32::try_from(given.len()).expect("at most MAX_ROLES"));
            self.check_extent(*role, *member, *extent, count, &mut sizes)?;
            if let Some(twice) = given.iter().find(|id| !seen.insert(**id)) {
                let text = format!("`{}` is given twice", self.role_name(*twice));
                let help = "the roles of a call are different roles";
                self.report("E0419", self.reference_span(*role), text, "again here", help);
                return None;
            }
            resolved.extend_from_slice(given);
        }
        let sizes = sizes.into_iter().map(|size| size.expect("each size is that of a member")).collect();
        match self.instances.instance(self.program, template, sizes) {
            Ok((callee, problems)) => {
                let file = self.program.protocol(callee).file;
                for Problem { code, span, message, label, help } in problems {
                    let diagnostic = Diagnostic::new(Code(code), message).label(file, span, label).help(help);
                    self.diagnostics.push(diagnostic);
                }
                Some((callee, resolved))
            }
            Err(problem) => {
                self.report(problem.code, span, problem.message, problem.label, &problem.help);
                None
            }
        }
    }

    /// Whether what is given for a member of the callee's header fits: one role for a role, so many for a family.
    fn check_extent(
        &mut self,
        role: RoleRef,
        member: Name,
        extent: Extent,
        count: Option<u32>,
        sizes: &mut [Option<u32>],
    ) -> Option<()> {
        let (name, span) = (self.text(member.symbol).to_owned(), self.reference_span(role));
        let wanted = match (extent, count) {
            (Extent::One, None) => return Some(()),
            (Extent::One, Some(count)) => {
                let text = format!("`{name}` is one role, {count} are given for it");
                self.report("E0240", span, text, "a family", "give one role, e.g. with an index");
                return None;
            }
            (_, None) => {
                let text = format!("`{name}` is a family, one role is given for it");
                self.report("E0240", span, text, "one role", "give a family, or a range of one: `W[0..1]`");
                return None;
            }
            (_, Some(0)) => {
                let text = format!("no role is given for the family `{name}`");
                self.report("E0240", span, text, "nobody", "a family has at least one role");
                return None;
            }
            (Extent::Fixed(wanted), Some(_)) => wanted,
            (Extent::Named(size), Some(count)) => *sizes[size].get_or_insert(count),
        };
        if Some(wanted) == count {
            return Some(());
        }
        let (count, mut text) = (count.unwrap_or(1), format!("`{name}` is a family of {wanted}"));
        if let Extent::Named(_) = extent {
            text.push_str(" like the one before it of the same size");
        }
        self.report("E0241", span, format!("{text}, {count} are given for it"), "another size", "give as many roles");
        None
    }

    /// What the callee performs, the caller must be allowed to perform.
    fn check_uses(&mut self, callee: ProtocolId, path: &Path) {
        if self.authority.has_open_row {
            return;
        }
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
