//! `language/src/grammar.lalrpop` as data: its productions, read from the text of that file and not from what LALRPOP
//! made of it.
//!
//! Macros, `( … )` and `?` become nonterminals of their own, named as they are written, so that `Comma<Field>` and
//! `At?` have productions like any other. `@L`, `@R`, bindings, types and actions are left out. A production is one of
//! *recovery* if nothing can be derived with it without `!`, or if only such productions lead to it.
//!
//! Start with [`Grammar::read`]; [`crate::earley`] finds derivations.

use std::collections::BTreeMap;

mod reader;

use reader::{Alternative, Item, Reader, Rule};

/// A symbol of a production; numbers are indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symbol {
    /// A token.
    Terminal(usize),
    /// What has productions.
    Nonterminal(usize),
    /// `!`, which only stands where text is wrong.
    Recovery,
}

/// One way to write a nonterminal.
#[derive(Clone, Debug)]
pub struct Production {
    /// The nonterminal.
    pub head: usize,
    /// What it is made of.
    pub body: Vec<Symbol>,
    /// Line of the file, from 1; that of the first use for `?`, groups and macros.
    pub line: usize,
    /// Whether it takes part in recovery only.
    pub recovers: bool,
}

/// The grammar; the nonterminal 0 is its start.
#[derive(Clone, Debug, Default)]
pub struct Grammar {
    /// Names of the terminals, as the file writes them.
    pub terminals: Vec<String>,
    /// Names of the nonterminals.
    pub nonterminals: Vec<String>,
    /// All productions, those of one nonterminal together.
    pub productions: Vec<Production>,
    /// The terminal of a token, by the name of its variant.
    tokens: BTreeMap<String, usize>,
}

impl Grammar {
    /// Reads the text of a grammar whose first symbol is `start`.
    ///
    /// # Panics
    /// If the text uses a form of LALRPOP that is not read here.
    #[must_use]
    pub fn read(text: &str, start: &str) -> Self {
        let (tokens, rules) = Reader::new(text).grammar();
        let mut expansion = Expansion { rules: &rules, grammar: Self::default(), waiting: Vec::new() };
        for (terminal, variant) in tokens {
            expansion.grammar.tokens.insert(variant, expansion.grammar.terminals.len());
            expansion.grammar.terminals.push(terminal);
        }
        expansion.nonterminal(&Item::Name(start.to_owned(), Vec::new()), 1);
        let mut next = 0;
        while let Some((item, line)) = expansion.waiting.get(next).cloned() {
            expansion.expand(next, &item, line);
            next += 1;
        }
        let mut grammar = expansion.grammar;
        grammar.mark_recovery();
        grammar
    }

    /// The terminal of a token, by the name of its variant.
    #[must_use]
    pub fn terminal(&self, variant: &str) -> Option<usize> {
        self.tokens.get(variant).copied()
    }

    /// A production as text.
    #[must_use]
    pub fn show(&self, production: usize) -> String {
        let Production { head, body, .. } = &self.productions[production];
        let names = body.iter().map(|symbol| match symbol {
            Symbol::Terminal(terminal) => self.terminals[*terminal].as_str(),
            Symbol::Nonterminal(nonterminal) => self.nonterminals[*nonterminal].as_str(),
            Symbol::Recovery => "!",
        });
        let body: Vec<&str> = names.collect();
        format!("{} = {}", self.nonterminals[*head], if body.is_empty() { "()".to_owned() } else { body.join(" ") })
    }

    /// Finds out which productions take part in recovery only.
    fn mark_recovery(&mut self) {
        let mut productive = vec![false; self.nonterminals.len()];
        let derives = |productive: &[bool], symbol: &Symbol| match symbol {
            Symbol::Terminal(_) => true,
            Symbol::Nonterminal(nonterminal) => productive[*nonterminal],
            Symbol::Recovery => false,
        };
        let mut grows = true;
        while std::mem::take(&mut grows) {
            for production in &self.productions {
                let is_new = !productive[production.head];
                if is_new && production.body.iter().all(|symbol| derives(&productive, symbol)) {
                    productive[production.head] = true;
                    grows = true;
                }
            }
        }
        let mut reached = vec![false; self.nonterminals.len()];
        let mut open = vec![0];
        while let Some(head) = open.pop() {
            if std::mem::replace(&mut reached[head], true) {
                continue;
            }
            for production in self.productions.iter_mut().filter(|production| production.head == head) {
                production.recovers = !production.body.iter().all(|symbol| derives(&productive, symbol));
                let parts = production.body.iter().filter_map(|symbol| match symbol {
                    Symbol::Nonterminal(nonterminal) => Some(*nonterminal),
                    Symbol::Terminal(_) | Symbol::Recovery => None,
                });
                open.extend(parts.filter(|_| !production.recovers));
            }
        }
    }
}

/// Turns rules into productions, beginning with the start symbol.
struct Expansion<'a> {
    rules: &'a BTreeMap<String, Rule>,
    grammar: Grammar,
    /// The nonterminals, with the line of their first use.
    waiting: Vec<(Item, usize)>,
}

impl Expansion<'_> {
    /// The index of a nonterminal, which gets its productions later.
    fn nonterminal(&mut self, item: &Item, line: usize) -> usize {
        let name = item.to_string();
        let known = self.grammar.nonterminals.iter().position(|known| *known == name);
        known.unwrap_or_else(|| {
            self.grammar.nonterminals.push(name);
            self.waiting.push((item.clone(), line));
            self.grammar.nonterminals.len() - 1
        })
    }

    fn symbol(&mut self, item: &Item, line: usize) -> Symbol {
        if *item == Item::Recovery {
            return Symbol::Recovery;
        }
        let name = item.to_string();
        match self.grammar.terminals.iter().position(|terminal| *terminal == name) {
            Some(terminal) => Symbol::Terminal(terminal),
            None => Symbol::Nonterminal(self.nonterminal(item, line)),
        }
    }

    fn produce(&mut self, head: usize, items: &[Item], line: usize) {
        let body = items.iter().map(|item| self.symbol(item, line)).collect();
        self.grammar.productions.push(Production { head, body, line, recovers: true });
    }

    /// Adds the productions of a nonterminal.
    fn expand(&mut self, head: usize, item: &Item, line: usize) {
        match item {
            Item::Optional(inner) => {
                self.produce(head, &[], line);
                self.produce(head, std::slice::from_ref(&**inner), line);
            }
            Item::Group(items) => self.produce(head, items, line),
            Item::Name(name, arguments) => {
                let rule = self.rules.get(name).unwrap_or_else(|| panic!("line {line}: `{name}` is not defined"));
                for Alternative { items, line: own } in &rule.alternatives {
                    let items: Vec<Item> =
                        items.iter().map(|item| item.substitute(&rule.parameters, arguments)).collect();
                    let line = if arguments.is_empty() { *own } else { line };
                    self.produce(head, &items, line);
                }
            }
            Item::Recovery => unreachable!("`!` is a symbol"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        grammar<'i>(b: &mut B<'i>);
        extern { type Error = (); enum Token { "," => Token::Comma, "x" => Token::X, name => Token::Ident, } }
        // a comment
        pub Start: () = { <v:Comma<Word>> <e:("x" <Word>)?> => b.go(v, |x| { x; }), <l:@L> Error };
        #[inline]
        Word: Box<Name<'i>> = <mut n:name> <r:@R> => vec![n, r];
        Comma<T>: Vec<T> = { => Vec::new(), <mut v:Comma<T>> "," <t:T> => { v.push(t); v }, };
        Error: () = <e:!> Skipped => b.error(e);
        Skipped: () = { => (), Skipped "x" };
    "#;

    #[test]
    fn macros_groups_and_options_become_productions() {
        let grammar = Grammar::read(TEXT, "Start");
        let shown = |recovers: bool| -> Vec<String> {
            let all = (0..grammar.productions.len()).filter(|at| grammar.productions[*at].recovers == recovers);
            all.map(|at| grammar.show(at)).collect()
        };
        let plain = [
            "Start = Comma<Word> (\"x\" Word)?",
            "Comma<Word> = ()",
            "Comma<Word> = Comma<Word> \",\" Word",
            "(\"x\" Word)? = ()",
            "(\"x\" Word)? = (\"x\" Word)",
            "Word = name",
            "(\"x\" Word) = \"x\" Word",
        ];
        assert_eq!(shown(false), plain);
        assert_eq!(shown(true), ["Start = Error", "Error = ! Skipped", "Skipped = ()", "Skipped = Skipped \"x\""]);
        assert_eq!(grammar.terminal("Ident"), Some(2));
    }
}
