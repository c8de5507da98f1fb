//! Symbols that stand for values, hash-consed: two roles hold the same binding iff they hold the same term.

use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;

/// Index into [`Terms`].
pub(super) type TermId = u32;

/// Deepest nesting of a term; a step that would need a deeper one is not taken.
const MAX_DEPTH: u8 = 24;

/// Fresh symbols of one step are numbered from here on, until the configuration is renamed.
const NEW: u32 = 1 << 31;

/// What is known about a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Term {
    /// Nothing.
    Fresh(u32),
    /// It is this number.
    Int(i64),
    /// It is this constant.
    Const(u32),
    /// A counter one round later.
    Next(TermId),
    /// What a shared decision looks at: its structure and the values in it. A counter is a structure of its own.
    Key { shape: u32, args: Box<[TermId]> },
    /// Binding number `index` of arm `arm` of the decision on `key`.
    Part { key: TermId, arm: u32, index: u32 },
    /// Part `part` of run number `number` of the scope `node`, inside `parent` (0: inside none).
    Instance { parent: TermId, node: u32, number: u32, part: u32 },
}

/// All terms met so far.
pub(super) struct Terms {
    all: IndexSet<Term, FxBuildHasher>,
    depths: Vec<u8>,
    new: u32,
}

impl Terms {
    pub(super) fn new() -> Self {
        let mut terms = Self { all: IndexSet::default(), depths: Vec::new(), new: NEW };
        // Number 0 is no term of a value, so that it can stand for "none".
        terms.all.insert(Term::Const(u32::MAX));
        terms.depths.push(0);
        terms
    }

    pub(super) fn get(&self, id: TermId) -> &Term {
        &self.all[id as usize]
    }

    pub(super) fn find(&self, term: &Term) -> Option<TermId> {
        self.all.get_index_of(term).map(index)
    }

    /// The number of a term; `None` if it is nested too deep.
    pub(super) fn intern(&mut self, term: Term) -> Option<TermId> {
        if let Some(known) = self.find(&term) {
            return Some(known);
        }
        let below = |id: &TermId| self.depths[*id as usize];
        let depth = match &term {
            Term::Fresh(_) | Term::Int(_) | Term::Const(_) | Term::Instance { parent: 0, .. } => 0,
            Term::Next(before) => 1 + below(before),
            Term::Key { args, .. } => 1 + args.iter().map(below).max().unwrap_or(0),
            Term::Part { key, .. } => 1 + below(key),
            Term::Instance { parent, .. } => 1u8.saturating_add(below(parent)),
        };
        if depth > MAX_DEPTH && !matches!(term, Term::Instance { .. }) {
            return None;
        }
        self.depths.push(depth);
        Some(index(self.all.insert_full(term).0))
    }

    /// A symbol nobody holds yet.
    pub(super) fn fresh(&mut self) -> TermId {
        self.new += 1;
        self.intern(Term::Fresh(self.new)).expect("a symbol is not nested")
    }

    /// A new step begins: all fresh symbols of the last one were renamed.
    pub(super) fn begin(&mut self) {
        self.new = NEW;
    }

    /// The counter one round later.
    pub(super) fn next(&mut self, counter: TermId) -> Option<TermId> {
        match *self.get(counter) {
            Term::Int(rounds) => self.intern(Term::Int(rounds.saturating_sub(1))),
            _ => self.intern(Term::Next(counter)),
        }
    }
}

fn index(position: usize) -> TermId {
    u32::try_from(position).expect("the state limit is below 2^32")
}
