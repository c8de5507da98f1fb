//! Numbers that look random and are a function of their seed (SplitMix64; Steele, Lea, Flood, OOPSLA 2014).

/// The numbers.
#[derive(Clone, Debug, Default)]
pub struct Numbers(u64);

impl Numbers {
    /// The numbers of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next word.
    pub const fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let word = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    /// A number below `limit`, 0 if that is 0.
    pub const fn below(&mut self, limit: usize) -> usize {
        if limit == 0 { 0 } else { ((self.word() >> 11) % limit as u64) as usize }
    }

    /// True in so many of a hundred cases.
    pub const fn percent(&mut self, share: usize) -> bool {
        self.below(100) < share
    }

    /// One of the items; there has to be one.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}
