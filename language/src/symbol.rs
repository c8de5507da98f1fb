//! Interned strings: names, labels and string literals are compared as numbers.

use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;

/// An interned string; equal symbols of one [`Interner`] are equal strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Symbol(pub u32);

/// The table behind [`Symbol`]; one per compilation, shared by all its files.
#[derive(Clone, Debug, Default)]
pub struct Interner(IndexSet<Box<str>, FxBuildHasher>);

impl Interner {
    /// The symbol of `text`, new if it was not seen before.
    ///
    /// # Panics
    /// With more than `u32::MAX` different strings.
    pub fn intern(&mut self, text: &str) -> Symbol {
        let index = match self.0.get_index_of(text) {
            Some(index) => index,
            None => self.0.insert_full(text.into()).0,
        };
        Symbol(u32::try_from(index).expect("fewer than 2^32 symbols"))
    }

    /// The symbol of `text` if it was interned before.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<Symbol> {
        self.0.get_index_of(text).and_then(|index| u32::try_from(index).ok()).map(Symbol)
    }

    /// The string of a symbol.
    ///
    /// # Panics
    /// If the symbol comes from another interner.
    #[must_use]
    pub fn text(&self, symbol: Symbol) -> &str {
        self.0.get_index(symbol.0 as usize).expect("a symbol of this interner")
    }
}
