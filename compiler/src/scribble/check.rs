//! Whether all names of a module are declared, and `do` has the right roles.

use super::{Arg, Block, MAX_ERRORS, Message, Module, Name, Protocol, Stmt};
use rustc_hash::{FxHashMap, FxHashSet};
use tell_language::diagnostic::{Code, Diagnostic, did_you_mean};

/// Declared names that are compared with one that is not: more would only be slow.
const MAX_CANDIDATES: usize = 100;

/// Everything that is wrong with the names, in text order.
pub(super) fn check(module: &Module<'_>) -> Vec<Diagnostic> {
    let protocols = module.protocols.iter().map(|protocol| (protocol.name.text, protocol)).collect();
    let mut checker = Checker { module, protocols, roles: FxHashSet::default(), open: Vec::new(), errors: Vec::new() };
    checker.distinct("type", &module.types);
    let names: Vec<Name<'_>> = module.protocols.iter().map(|protocol| protocol.name).collect();
    checker.distinct("protocol", &names);
    for protocol in &module.protocols {
        checker.distinct("role", &protocol.roles);
        checker.roles = protocol.roles.iter().map(|role| role.text).collect();
        checker.block(protocol, &protocol.body);
    }
    checker.errors.sort_by_key(Diagnostic::position);
    checker.errors
}

struct Checker<'m, 't> {
    module: &'m Module<'t>,
    protocols: FxHashMap<&'t str, &'m Protocol<'t>>,
    /// Roles of the protocol being checked.
    roles: FxHashSet<&'t str>,
    /// Recursions around the statement.
    open: Vec<&'t str>,
    errors: Vec<Diagnostic>,
}

impl<'m, 't> Checker<'m, 't> {
    fn report(&mut self, code: &'static str, at: Name<'t>, message: String, label: &str, help: String) {
        if self.errors.len() < MAX_ERRORS {
            let diagnostic = Diagnostic::new(Code(code), message).label(self.module.file, at.span, label).help(help);
            self.errors.push(diagnostic);
        }
    }

    fn distinct(&mut self, what: &str, names: &[Name<'t>]) {
        let mut seen = FxHashMap::default();
        for name in names {
            let first = *seen.entry(name.text).or_insert(name.span);
            if first != name.span && self.errors.len() < MAX_ERRORS {
                let diagnostic =
                    Diagnostic::new(Code("E0807"), format!("the {what} `{}` is declared twice", name.text))
                        .label(self.module.file, name.span, "declared again here")
                        .label(self.module.file, first, "first declared here")
                        .help("give one of them another name, or remove it");
                self.errors.push(diagnostic);
            }
        }
    }

    fn block(&mut self, protocol: &Protocol<'t>, block: &Block<'t>) {
        for stmt in block {
            match stmt {
                Stmt::Message(Message { from, to, .. }) => {
                    self.role(protocol, *from);
                    to.iter().for_each(|to| self.role(protocol, *to));
                }
                Stmt::Choice { decider, arms } => {
                    self.role(protocol, *decider);
                    arms.iter().for_each(|arm| self.block(protocol, arm));
                }
                Stmt::Rec { name, body } => {
                    self.open.push(name.text);
                    self.block(protocol, body);
                    self.open.pop();
                }
                Stmt::Continue(name) => self.recursion(*name),
                Stmt::Do { protocol: callee, args } => {
                    args.iter().for_each(|arg| self.role(protocol, arg.role));
                    self.call(*callee, args);
                }
            }
        }
    }

    fn role(&mut self, protocol: &Protocol<'t>, role: Name<'t>) {
        if !self.roles.contains(role.text) {
            self.unknown_role(protocol, role);
        }
    }

    fn unknown_role(&mut self, protocol: &Protocol<'t>, role: Name<'t>) {
        let message = format!("`{}` has no role `{}`", protocol.name.text, role.text);
        let other = format!("declare it: `role {}` in the header", role.text);
        let help = help(role.text, protocol.roles.iter(), &other);
        self.report("E0803", role, message, "unknown role", help);
    }

    fn recursion(&mut self, name: Name<'t>) {
        if !self.open.contains(&name.text) {
            let message = format!("`continue {0}` is not inside a `rec {0}`", name.text);
            let help = match did_you_mean(name.text, self.open.iter().copied()) {
                Some(close) => format!("did you mean `{close}`?"),
                None => format!("put it inside `rec {} {{ … }}`", name.text),
            };
            self.report("E0806", name, message, "no such recursion around this", help);
        }
    }

    fn call(&mut self, name: Name<'t>, args: &[Arg<'t>]) {
        let Some(callee) = self.protocols.get(name.text).copied() else {
            let all = self.module.protocols.iter().map(|protocol| &protocol.name);
            let help = help(name.text, all, "declare it in this file: `aux global protocol …`");
            let message = format!("there is no protocol `{}`", name.text);
            return self.report("E0804", name, message, "unknown protocol", help);
        };
        if args.len() != callee.roles.len() {
            let (found, wanted) = (args.len(), callee.roles.len());
            let message = format!("`{}` has {wanted} roles, and this `do` gives {found}", name.text);
            return self.report("E0805", name, message, "wrong number of roles", usage(callee));
        }
        let mut given = FxHashSet::default();
        let mut taken = FxHashSet::default();
        let positions: FxHashMap<&str, usize> = callee.roles.iter().map(|role| role.text).zip(0..).collect();
        for (index, arg) in args.iter().enumerate() {
            if !given.insert(arg.role.text) {
                let message = format!("`{}` is given twice", arg.role.text);
                self.report("E0805", arg.role, message, "given again here", usage(callee));
            }
            let position = arg.parameter.map_or(Some(index), |parameter| positions.get(parameter.text).copied());
            match (position, arg.parameter) {
                (None, Some(parameter)) => self.unknown_role(callee, parameter),
                (Some(position), _) if !taken.insert(position) => {
                    let role = callee.roles[position].text;
                    let message = format!("the role `{role}` of `{}` is taken twice", name.text);
                    self.report("E0805", arg.parameter.unwrap_or(arg.role), message, "taken again here", usage(callee));
                }
                _ => {}
            }
        }
    }
}

fn help<'n>(wanted: &str, declared: impl Iterator<Item = &'n Name<'n>>, otherwise: &str) -> String {
    match did_you_mean(wanted, declared.take(MAX_CANDIDATES).map(|name| name.text)) {
        Some(close) => format!("did you mean `{close}`?"),
        None => otherwise.to_owned(),
    }
}

/// How a protocol is used.
fn usage(callee: &Protocol<'_>) -> String {
    let shown = 8;
    let mut roles: Vec<&str> = callee.roles.iter().take(shown).map(|role| role.text).collect();
    if callee.roles.len() > shown {
        roles.push("…");
    }
    format!("each role of `{0}` is given once: `do {0}({1});`", callee.name.text, roles.join(", "))
}
