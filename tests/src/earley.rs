//! Derivations of a text by its grammar (Earley, CACM 1970), with the treatment of empty productions of Aycock and
//! Horspool (The Computer Journal, 2002).
//!
//! The grammar is LR(1), hence unambiguous: every item is reached in one way, one pointer back is enough, and a second
//! way is a panic. A production is only tried where the next token may begin it. Start with [`Earley::derivation`].

use crate::grammar::{Grammar, Symbol};

/// How a text is derived.
#[derive(Clone, Debug, Default)]
pub struct Derivation {
    /// How often each production occurs.
    pub counts: Vec<u32>,
    /// For each token, the production whose body it stands in.
    pub owners: Vec<usize>,
}

/// A grammar and what has been found out about it.
#[derive(Clone, Debug)]
pub struct Earley<'a> {
    grammar: &'a Grammar,
    /// The productions of each nonterminal that are not for recovery.
    of: Vec<Vec<usize>>,
    /// The production that derives nothing, for each nonterminal that can be empty.
    empty: Vec<Option<usize>>,
    /// For each production, the terminals that can begin what it derives.
    first: Vec<Vec<bool>>,
}

/// A production that was read up to `dot`, from the token `origin` on.
#[derive(Clone, Copy, Debug)]
struct Item {
    production: usize,
    dot: usize,
    origin: usize,
    /// The same item with the dot before its last symbol, and what that symbol derives.
    back: Option<(Place, Part)>,
}

/// An item: its set and its index there.
type Place = (usize, usize);

/// What a symbol derives.
#[derive(Clone, Copy, Debug)]
enum Part {
    Token,
    Item(Place),
    Nothing(usize),
}

/// The items after a number of tokens.
#[derive(Clone, Debug, Default)]
struct Set {
    items: Vec<Item>,
    /// Items before a nonterminal, by that.
    before: Vec<(usize, usize)>,
}

impl<'a> Earley<'a> {
    /// Prepares a grammar.
    #[must_use]
    pub fn new(grammar: &'a Grammar) -> Self {
        let mut of = vec![Vec::new(); grammar.nonterminals.len()];
        for (index, production) in grammar.productions.iter().enumerate().filter(|(_, own)| !own.recovers) {
            of[production.head].push(index);
        }
        let mut earley = Self {
            grammar,
            empty: vec![None; of.len()],
            first: vec![vec![false; grammar.terminals.len()]; grammar.productions.len()],
            of,
        };
        while earley.grow() {}
        earley
    }

    /// Adds to `empty` and `first` what follows from them; whether anything was new.
    fn grow(&mut self) -> bool {
        let mut grew = false;
        for index in self.of.concat() {
            let production = &self.grammar.productions[index];
            let mut begins = vec![false; self.grammar.terminals.len()];
            let mut is_empty = true;
            for symbol in &production.body {
                match *symbol {
                    Symbol::Terminal(terminal) => (begins[terminal], is_empty) = (true, false),
                    Symbol::Nonterminal(nonterminal) => {
                        let parts = self.of[nonterminal].iter().map(|part| &self.first[*part]);
                        parts.for_each(|part| begins.iter_mut().zip(part).for_each(|(own, other)| *own |= other));
                        is_empty = self.empty[nonterminal].is_some();
                    }
                    Symbol::Recovery => is_empty = false,
                }
                if !is_empty {
                    break;
                }
            }
            if is_empty && self.empty[production.head].is_none() {
                self.empty[production.head] = Some(index);
                grew = true;
            }
            grew |= begins != self.first[index];
            self.first[index] = begins;
        }
        grew
    }

    /// The derivation of a text from the start symbol.
    ///
    /// # Errors
    /// The index of the first token that cannot stand where it stands; the number of tokens if the text ends too early.
    ///
    /// # Panics
    /// If the text has two derivations.
    pub fn derivation(&self, text: &[usize]) -> Result<Derivation, usize> {
        let mut sets = vec![Set::default(); text.len() + 1];
        self.predict(0, 0, text.first().copied(), &mut sets);
        for at in 0..sets.len() {
            if at > 0 && sets[at].items.is_empty() {
                return Err(at - 1);
            }
            self.fill(at, text.get(at).copied(), &mut sets);
        }
        let is_whole = |item: &Item| {
            let production = &self.grammar.productions[item.production];
            production.head == 0 && item.origin == 0 && item.dot == production.body.len()
        };
        let place = match sets[text.len()].items.iter().position(is_whole) {
            Some(index) => Part::Item((text.len(), index)),
            None if text.is_empty() && self.empty[0].is_some() => Part::Nothing(0),
            None => return Err(text.len()),
        };
        Ok(self.walk(place, &sets))
    }

    /// Adds the productions of a nonterminal that `next` can begin.
    fn predict(&self, nonterminal: usize, at: usize, next: Option<usize>, sets: &mut [Set]) {
        let Some(next) = next else { return };
        let fitting = self.of[nonterminal].iter().filter(|production| self.first[**production][next]);
        sets[at].items.extend(fitting.map(|production| Item {
            production: *production,
            dot: 0,
            origin: at,
            back: None,
        }));
    }

    /// Completes a set and begins the next one.
    fn fill(&self, at: usize, next: Option<usize>, sets: &mut [Set]) {
        let mut predicted = vec![false; self.of.len()];
        predicted[0] = at == 0;
        let mut index = 0;
        while let Some(item) = sets[at].items.get(index).copied() {
            let here = (at, index);
            let moved = |part: Part| Item { dot: item.dot + 1, back: Some((here, part)), ..item };
            let production = &self.grammar.productions[item.production];
            match production.body.get(item.dot) {
                None if item.origin < at => Self::complete(production.head, item.origin, here, sets),
                // what derives nothing has been stepped over
                None | Some(Symbol::Recovery) => {}
                Some(Symbol::Terminal(terminal)) => {
                    if Some(*terminal) == next {
                        sets[at + 1].items.push(moved(Part::Token));
                    }
                }
                Some(Symbol::Nonterminal(nonterminal)) => {
                    sets[at].before.push((*nonterminal, index));
                    if !std::mem::replace(&mut predicted[*nonterminal], true) {
                        self.predict(*nonterminal, at, next, sets);
                    }
                    if self.empty[*nonterminal].is_some() {
                        sets[at].items.push(moved(Part::Nothing(*nonterminal)));
                    }
                }
            }
            index += 1;
        }
        sets[at].before.sort_unstable();
        assert_unambiguous(&sets[at].items, self.grammar);
    }

    /// Moves on what waited for the nonterminal that `done` has read, from `origin` on.
    fn complete(nonterminal: usize, origin: usize, done: Place, sets: &mut [Set]) {
        let waiting = &sets[origin].before;
        let first = waiting.partition_point(|(other, _)| *other < nonterminal);
        let waiting = waiting[first..].iter().take_while(|(other, _)| *other == nonterminal);
        let moved: Vec<Item> = waiting
            .map(|(_, index)| {
                let item = sets[origin].items[*index];
                Item { dot: item.dot + 1, back: Some(((origin, *index), Part::Item(done))), ..item }
            })
            .collect();
        sets[done.0].items.extend(moved);
    }

    /// Follows the pointers from an item.
    fn walk(&self, from: Part, sets: &[Set]) -> Derivation {
        let counts = vec![0; self.grammar.productions.len()];
        let mut derivation = Derivation { counts, owners: vec![usize::MAX; sets.len() - 1] };
        let mut open = vec![from];
        while let Some(part) = open.pop() {
            match part {
                Part::Token => {}
                Part::Nothing(nonterminal) => {
                    let production = self.empty[nonterminal].expect("it can be empty");
                    derivation.counts[production] += 1;
                    let symbols = self.grammar.productions[production].body.iter();
                    open.extend(symbols.filter_map(|symbol| match symbol {
                        Symbol::Nonterminal(inner) => Some(Part::Nothing(*inner)),
                        Symbol::Terminal(_) | Symbol::Recovery => None,
                    }));
                }
                Part::Item((set, index)) => {
                    let mut item = sets[set].items[index];
                    derivation.counts[item.production] += 1;
                    while let Some(((set, index), part)) = item.back {
                        if matches!(part, Part::Token) {
                            derivation.owners[set] = item.production;
                        }
                        open.push(part);
                        item = sets[set].items[index];
                    }
                }
            }
        }
        derivation
    }
}

/// Two equal items are two ways to read one stretch of text.
fn assert_unambiguous(items: &[Item], grammar: &Grammar) {
    let mut keys: Vec<(usize, usize, usize)> =
        items.iter().map(|item| (item.production, item.dot, item.origin)).collect();
    keys.sort_unstable();
    let twice = keys.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| grammar.show(pair[0].0));
    assert!(twice.is_none(), "the grammar is ambiguous: {twice:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `S = A "+" S | A`, `A = "x" B?`, `B = "y"`.
    const SUMS: &str = r#"
        extern { enum Token { "+" => Token::Plus, "x" => Token::X, "y" => Token::Y, } }
        S: () = { A "+" S, A };
        A: () = "x" B?;
        B: () = "y";
    "#;

    fn read(text: &str) -> Result<(Vec<u32>, Vec<usize>), usize> {
        let grammar = Grammar::read(SUMS, "S");
        let tokens: Vec<usize> = text.chars().map(|c| "+xy".find(c).expect("a token")).collect();
        Earley::new(&grammar).derivation(&tokens).map(|found| (found.counts, found.owners))
    }

    #[test]
    fn productions_of_the_derivation_are_counted() {
        // S = A + S, S = A, A = x B?, B? = (), B? = B, B = y
        assert_eq!(read("x+xy"), Ok((vec![1, 1, 2, 1, 1, 1], vec![2, 0, 2, 5])));
    }

    #[test]
    fn the_first_wrong_token_is_found() {
        assert_eq!(read("xx"), Err(1));
        assert_eq!(read("x+"), Err(2));
        assert_eq!(read(""), Err(0));
    }

    #[test]
    #[should_panic(expected = "the grammar is ambiguous")]
    fn a_second_derivation_is_noticed() {
        let grammar = Grammar::read(&SUMS.replace("A \"+\" S", "S \"+\" S"), "S");
        let _ = Earley::new(&grammar).derivation(&[1, 0, 1, 0, 1]);
    }
}
