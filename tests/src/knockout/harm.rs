//! What an image can do that no verified one does.

use std::fmt;

/// A harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Harm {
    /// Its session ends in this fault, in which no session of a verified image ends.
    Fault(&'static str),
    /// Its session ends well, and no run of the choreography is what its roles did.
    AnotherTrace,
    /// What its roles end with depends on which of them is first.
    Race,
    /// It runs without an event, or waits although nobody owes it an answer, or leaves a message on its edge for ever.
    NoProgress,
    /// A role has seen the same in two runs and goes on otherwise.
    Ambiguous,
    /// What may not leave its role does: evidence, or a witness.
    Escaped,
    /// Its fault comes from a range of the source that is none.
    NoPlace,
    /// It takes more registers, coroutines or edges than its bound says, or any bound may say.
    BeyondBound,
    /// Checking it, or one of its steps, takes work out of proportion to its size.
    Slow,
}

/// Faults in which no session of a verified image ends, if no handler fails.
pub const FAULTS: [&str; 12] = [
    "vm.fault.type_violation",
    "vm.fault.unknown_label",
    "vm.fault.out_of_registers",
    "vm.fault.pc_out_of_bounds",
    "vm.fault.missing_entry",
    "vm.fault.misplaced",
    "vm.fault.acquire",
    "vm.fault.transfer",
    "vm.fault.close",
    "vm.fault.speculation",
    "vm.fault.perform",
    "vm.fault.deadlock",
];

/// The other harms, in words.
const WORDS: [(&str, Harm); 8] = [
    ("another trace", Harm::AnotherTrace),
    ("race", Harm::Race),
    ("no progress", Harm::NoProgress),
    ("ambiguous", Harm::Ambiguous),
    ("escaped", Harm::Escaped),
    ("no place", Harm::NoPlace),
    ("beyond the bound", Harm::BeyondBound),
    ("slow", Harm::Slow),
];

impl Harm {
    /// The harm of that word, or of the code of a fault.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        let known = WORDS.iter().find(|(known, _)| *known == word).map(|(_, harm)| *harm);
        known.or_else(|| Self::of_fault(word))
    }

    /// The harm a fault is, if it is one.
    #[must_use]
    pub fn of_fault(code: &str) -> Option<Self> {
        FAULTS.iter().find(|known| **known == code).map(|known| Self::Fault(known))
    }
}

impl fmt::Display for Harm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(code) => write!(f, "`{code}`"),
            harm => f.write_str(WORDS.iter().find(|(_, known)| known == harm).map_or("?", |(word, _)| word)),
        }
    }
}
