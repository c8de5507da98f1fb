//! Session types in one line, for tests: global types read from text, local types written in a normal form.
//!
//! ```text
//! G ::= end | X | rec X. G | A->B{l. G, m(int). G} | choice A{B l. G, C m. G} | case A B{a. G, b. G}
//!     | par{G | G}. G | timed A{G on timeout G}. G
//! ```
//! `A->B{l. G}` may be written `A->B l. G`. Of local types, branches are sorted and binders named by their depth, so
//! two texts are equal exactly if the types are, up to branch order and bound names.

use std::collections::BTreeMap;
use tell_ir::global::{GlobalId, GlobalNode, GlobalType};
use tell_ir::local::{LocalId, LocalNode, LocalType};
use tell_ir::sort::{Label, Sort};

/// The global type a text stands for; roles are listed as they occur.
///
/// # Panics
/// If the text is not one.
#[must_use]
pub fn global(text: &str) -> GlobalType {
    let mut reader = Reader { text, rest: text, roles: Vec::new(), nodes: Vec::new() };
    let root = reader.global();
    assert!(reader.rest.trim().is_empty(), "`{}` is left of `{text}`", reader.rest);
    GlobalType { roles: reader.roles, nodes: reader.nodes, root }
}

struct Reader<'t> {
    text: &'t str,
    rest: &'t str,
    roles: Vec<String>,
    nodes: Vec<GlobalNode>,
}

impl<'t> Reader<'t> {
    fn eats(&mut self, token: &str) -> bool {
        match self.rest.trim_start().strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str) {
        assert!(self.eats(token), "expected `{token}` before `{}` in `{}`", self.rest, self.text);
    }

    fn word(&mut self) -> &'t str {
        let rest = self.rest.trim_start();
        let (word, rest) = rest.split_at(rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len()));
        assert!(!word.is_empty(), "expected a word before `{rest}` in `{}`", self.text);
        self.rest = rest;
        word
    }

    fn role(&mut self, name: &str) -> u32 {
        let known = self.roles.iter().position(|role| role == name).unwrap_or_else(|| {
            self.roles.push(name.to_owned());
            self.roles.len() - 1
        });
        u32::try_from(known).expect("few roles")
    }

    fn add(&mut self, node: GlobalNode) -> GlobalId {
        self.nodes.push(node);
        GlobalId(u32::try_from(self.nodes.len() - 1).expect("a short text"))
    }

    /// What comes between braces, separated by commas.
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        self.expect("{");
        let mut items = vec![item(self)];
        while self.eats(",") {
            items.push(item(self));
        }
        self.expect("}");
        items
    }

    fn branch(&mut self) -> (Label, GlobalId) {
        let name = self.word().to_owned();
        let sort = if self.eats("(") { self.sort() } else { Sort::Unit };
        (Label { name, sort }, self.after())
    }

    fn sort(&mut self) -> Sort {
        let sort = match self.word() {
            "int" => Sort::Int,
            "bool" => Sort::Bool,
            other => Sort::Named(other.to_owned()),
        };
        self.expect(")");
        sort
    }

    fn after(&mut self) -> GlobalId {
        self.expect(".");
        self.global()
    }

    fn global(&mut self) -> GlobalId {
        let node = match self.word() {
            "end" => GlobalNode::End,
            "rec" => GlobalNode::Rec(self.word().to_owned(), self.after()),
            "choice" => {
                let decider = self.word();
                let decider = self.role(decider);
                let branches = self.list(|reader| {
                    let receiver = reader.word();
                    let receiver = reader.role(receiver);
                    let (label, then) = reader.branch();
                    (receiver, label, then)
                });
                GlobalNode::Choice { decider, branches }
            }
            "case" => {
                let mut deciders = Vec::new();
                while !self.rest.trim_start().starts_with('{') {
                    let decider = self.word();
                    deciders.push(self.role(decider));
                }
                GlobalNode::Case { deciders, branches: self.list(|reader| (reader.word().to_owned(), reader.after())) }
            }
            "par" => {
                self.expect("{");
                let mut branches = vec![self.global()];
                while self.eats("|") {
                    branches.push(self.global());
                }
                self.expect("}");
                GlobalNode::Par { branches, then: self.after() }
            }
            "timed" => {
                let owner = self.word();
                let owner = self.role(owner);
                self.expect("{");
                let body = self.global();
                let mut outcomes = Vec::new();
                while self.eats("on ") {
                    outcomes.push((self.word().to_owned(), self.global()));
                }
                self.expect("}");
                GlobalNode::Timed { owner, body, outcomes, then: self.after() }
            }
            word if self.eats("->") => {
                let receiver = self.word();
                let (sender, receiver) = (self.role(word), self.role(receiver));
                let is_list = self.rest.trim_start().starts_with('{');
                let branches = if is_list { self.list(Self::branch) } else { vec![self.branch()] };
                GlobalNode::Comm { sender, receiver, branches }
            }
            variable => GlobalNode::Var(variable.to_owned()),
        };
        self.add(node)
    }
}

/// A local type in its normal form.
#[must_use]
pub fn local(local: &LocalType) -> String {
    term(local, local.root, &mut Vec::new())
}

fn term(local: &LocalType, id: LocalId, binders: &mut Vec<String>) -> String {
    let named = |level: usize| if level == 0 { "X".to_owned() } else { format!("X{level}") };
    let mut go = |id: LocalId| term(local, id, binders);
    match local.node(id) {
        LocalNode::End => "end".to_owned(),
        LocalNode::Var(name) => match binders.iter().rposition(|bound| bound == name) {
            Some(level) => named(level),
            None => format!("{name}?"),
        },
        LocalNode::Rec(name, body) => {
            binders.push(name.clone());
            let body = term(local, *body, binders);
            binders.pop();
            format!("rec {}. {body}", named(binders.len()))
        }
        LocalNode::Send(partner, rows) => {
            format!("{partner}!{}", sorted(rows.iter().map(|(label, id)| (label_text(label), go(*id)))))
        }
        LocalNode::Recv(partner, rows) => {
            format!("{partner}?{}", sorted(rows.iter().map(|(label, id)| (label_text(label), go(*id)))))
        }
        LocalNode::SendAny(rows) => {
            sorted(rows.iter().map(|(partner, label, id)| (format!("{partner}!{}", label_text(label)), go(*id))))
        }
        LocalNode::RecvAny(rows) => {
            sorted(rows.iter().map(|(partner, label, id)| (format!("{partner}?{}", label_text(label)), go(*id))))
        }
        LocalNode::Case(arms) => format!("case {}", sorted(arms.iter().map(|(name, id)| (name.clone(), go(*id))))),
        LocalNode::Par { branches, then } => {
            let branches: Vec<String> = branches.iter().map(|id| go(*id)).collect();
            format!("par{{{}}}. {}", branches.join(" | "), go(*then))
        }
        LocalNode::Timed { owner, body, outcomes, then } => {
            let blocks: String = outcomes.iter().map(|(name, id)| format!(" on {name} {}", go(*id))).collect();
            format!("timed {owner}{{{}{blocks}}}. {}", go(*body), go(*then))
        }
    }
}

fn label_text(label: &Label) -> String {
    match &label.sort {
        Sort::Unit => label.name.clone(),
        sort => format!("{}({})", label.name, sort.to_string().to_lowercase()),
    }
}

fn sorted(rows: impl Iterator<Item = (String, String)>) -> String {
    let rows: BTreeMap<String, String> = rows.collect();
    let rows: Vec<String> = rows.into_iter().map(|(label, then)| format!("{label}. {then}")).collect();
    format!("{{{}}}", rows.join(", "))
}
