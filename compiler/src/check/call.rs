//! Calls of protocols, and which protocols call each other.

use super::Checker;
use super::block::Tail;
use crate::hir::{Program, ProtocolId, RoleId, Stmt, StmtKind};
use crate::resolve::{Names, protocol, similar_protocol};
use tell_language::ast::{self, Block, Path, RoleRef};
use tell_language::span::Span;

/// Who calls whom.
pub(super) struct CallGraph {
    /// Protocols reachable from each one by calls.
    reachable: Vec<Vec<ProtocolId>>,
}

impl CallGraph {
    pub(super) fn new(program: &Program, names: &[Names]) -> Self {
        let ids: Vec<ProtocolId> = (0..).map(ProtocolId).take(program.protocols.len()).collect();
        let direct: Vec<Vec<ProtocolId>> = ids.iter().map(|id| callees(program, names, *id)).collect();
        let reachable = ids.iter().map(|id| closure(&direct, *id)).collect();
        Self { reachable }
    }

    /// Whether a call of `callee` in `caller` can come back to `caller`.
    pub(super) fn is_recursive(&self, caller: ProtocolId, callee: ProtocolId) -> bool {
        caller == callee || self.reachable[callee.index()].contains(&caller)
    }
}

/// The protocol a path names inside `from`: its own `where` first, then those around it, then the module.
pub(super) fn find(program: &Program, names: &[Names], from: ProtocolId, path: &Path) -> Option<ProtocolId> {
    if path.names.len() == 1 {
        let mut owner = Some(from);
        while let Some(id) = owner {
            let local = (0..)
                .zip(&program.protocols)
                .find(|(_, local)| local.parent == Some(id) && local.name == path.last().symbol);
            if let Some((index, _)) = local {
                return Some(ProtocolId(index));
            }
            owner = program.protocol(id).parent;
        }
    }
    protocol(names, program, program.protocol(from).module, path)
}

fn callees(program: &Program, names: &[Names], id: ProtocolId) -> Vec<ProtocolId> {
    let ast = &program.modules[program.protocol(id).module].ast;
    let mut blocks: Vec<&Block> = vec![&program.protocol(id).block];
    let mut found = Vec::new();
    while let Some(block) = blocks.pop() {
        for stmt in &block.stmts {
            let kind = &ast.stmt(*stmt).kind;
            if let ast::StmtKind::Call { protocol, .. } = kind {
                found.extend(find(program, names, id, protocol));
            }
            blocks.extend(inner_blocks(kind));
        }
    }
    found
}

/// The blocks directly inside a statement.
fn inner_blocks(kind: &ast::StmtKind) -> Vec<&Block> {
    match kind {
        ast::StmtKind::Choice { arms, .. } => arms.iter().map(|arm| &arm.body).collect(),
        ast::StmtKind::If { then, els, .. } => [then].into_iter().chain(els).collect(),
        ast::StmtKind::Case { arms, .. } => arms.iter().map(|arm| &arm.body).collect(),
        ast::StmtKind::Rec { body, .. } | ast::StmtKind::Loop { body, .. } => vec![body],
        ast::StmtKind::Let { body, .. } => body.iter().collect(),
        _ => Vec::new(),
    }
}

fn closure(direct: &[Vec<ProtocolId>], from: ProtocolId) -> Vec<ProtocolId> {
    let mut seen = rustc_hash::FxHashSet::default();
    let mut todo = direct[from.index()].clone();
    let mut all = Vec::new();
    while let Some(id) = todo.pop() {
        if seen.insert(id) {
            all.push(id);
            todo.extend(&direct[id.index()]);
        }
    }
    all
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
        let Some(callee) = find(self.program, self.names, self.protocol, path) else {
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
