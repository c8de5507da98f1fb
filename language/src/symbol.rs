//! Interned strings: names, labels and string literals are compared as numbers.

use std::fmt;
use std::hash::Hasher as _;
use std::ops::Range;

use rustc_hash::FxHasher;

/// An interned string; equal symbols of one [`Interner`] are equal strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Symbol(pub u32);

/// The table behind [`Symbol`]; one per compilation, shared by all its files.
///
/// All strings stand behind each other in one text, so that a new one costs no allocation. They are found by open
/// addressing: a slot has the upper half of the hash, which decides nearly always, before the text is compared.
#[derive(Clone, Default)]
pub struct Interner {
    text: String,
    /// Where each string ends.
    ends: Vec<usize>,
    /// Two to the power of something, at most half of them taken; empty for an empty table.
    slots: Vec<Slot>,
}

/// A place of the hash table.
#[derive(Clone, Copy)]
struct Slot {
    hash: u32,
    symbol: u32,
}

/// A slot that is not taken.
const FREE: Slot = Slot { hash: 0, symbol: u32::MAX };

/// Slots of the smallest table.
const LEAST_SLOTS: usize = 256;

impl Interner {
    /// The symbol of `text`, new if it was not seen before.
    ///
    /// # Panics
    /// With `u32::MAX` different strings.
    pub fn intern(&mut self, text: &str) -> Symbol {
        if self.ends.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let hash = hash(text);
        let at = self.slot(hash, text);
        if self.slots[at].symbol == FREE.symbol {
            let symbol = u32::try_from(self.ends.len()).ok().filter(|symbol| *symbol != FREE.symbol);
            self.slots[at] = Slot { hash: upper(hash), symbol: symbol.expect("fewer than 2^32 - 1 symbols") };
            self.text.push_str(text);
            self.ends.push(self.text.len());
        }
        Symbol(self.slots[at].symbol)
    }

    /// The symbol of `text` if it was interned before.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<Symbol> {
        if self.slots.is_empty() {
            return None;
        }
        let found = self.slots[self.slot(hash(text), text)].symbol;
        (found != FREE.symbol).then_some(Symbol(found))
    }

    /// The string of a symbol.
    ///
    /// # Panics
    /// If the symbol comes from another interner.
    #[inline]
    #[must_use]
    pub fn text(&self, symbol: Symbol) -> &str {
        &self.text[self.range(symbol)]
    }

    fn range(&self, symbol: Symbol) -> Range<usize> {
        let at = symbol.0 as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        start..self.ends[at]
    }

    /// The slot of a string, or the free one where it belongs; the table is not empty.
    fn slot(&self, hash: u64, text: &str) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = lower(hash) & mask;
        let (bytes, all) = (text.as_bytes(), self.text.as_bytes());
        loop {
            let slot = self.slots[at];
            let is_it = || slot.hash == upper(hash) && all[self.range(Symbol(slot.symbol))] == *bytes;
            if slot.symbol == FREE.symbol || is_it() {
                return at;
            }
            at = (at + 1) & mask;
        }
    }

    /// Doubles the table.
    fn grow(&mut self) {
        let mask = (self.slots.len() * 2).max(LEAST_SLOTS) - 1;
        self.slots = vec![FREE; mask + 1];
        for symbol in (0..).map(Symbol).take(self.ends.len()) {
            let hash = hash(self.text(symbol));
            let mut at = lower(hash) & mask;
            while self.slots[at].symbol != FREE.symbol {
                at = (at + 1) & mask;
            }
            self.slots[at] = Slot { hash: upper(hash), symbol: symbol.0 };
        }
    }
}

impl fmt::Debug for Interner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries((0..).map(Symbol).take(self.ends.len()).map(|symbol| self.text(symbol))).finish()
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(text.as_bytes());
    hasher.finish()
}

fn upper(hash: u64) -> u32 {
    u32::try_from(hash >> 32).expect("32 bits are left")
}

fn lower(hash: u64) -> usize {
    usize::try_from(hash & u64::from(u32::MAX)).expect("32 bits fit")
}
