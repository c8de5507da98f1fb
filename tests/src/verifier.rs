//! The reference verifier: a second, slow opinion on which images a machine may load.
//!
//! It is written from the texts of [`tell_ir::verify::RULES`] and from MACHINE §1–§2, and shares no code with the
//! verifier of `tell-ir`. Where that one runs one pass over blocks, this one follows every path through a role's code
//! with plain sets until nothing new comes up. Start in [`of_code`]; a family of rules is a child: the tables of an image
//! (`table`, `typing`), a local machine (`machine`), and per role the operands (`operand`), the control graph
//! (`control`), the walk along the machine with what is open around each place (`walk`), branches side by side
//! (`region`), what registers hold (`fact`), what is used once (`holding`); then lossy edges (`lossy`) and what a session
//! takes (`bound`). The rules V6, about all machines and the choreography, are asked on their own: [`of_projection`].
//!
//! A later family relies on the earlier ones: what they refuse, it does not look at. The budgets, V9, have no counterpart
//! here.

mod bound;
mod control;
mod fact;
mod holding;
mod lossy;
mod machine;
mod operand;
mod path;
mod primitive;
mod projection;
mod region;
mod register;
mod table;
mod typing;
mod walk;

use std::collections::BTreeMap;
use tell_ir::image::{CodeImage, Function};
use tell_ir::instr::{Instr, Reg};
use tell_ir::machine::{LocalMachine, State, StateId};
use tell_ir::ty::{Type, TypeId};

/// Places a role may have before the reference gives up.
const MOST_PLACES: usize = 20_000;

/// What the reference says about an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No rule is broken.
    Accepted,
    /// These rules are broken, ascending; others may be that rely on them.
    Refused(Vec<&'static str>),
    /// There are more ways through the code than it follows.
    Undecided,
}

/// Where a rule is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The role, if it is about one.
    pub role: Option<u16>,
    /// What it is in.
    pub what: &'static str,
    /// The number of that.
    pub number: usize,
}

impl Spot {
    const fn of(what: &'static str) -> Self {
        Self { role: None, what, number: 0 }
    }

    const fn entry(what: &'static str, number: usize) -> Self {
        Self { role: None, what, number }
    }
}

/// The rules an image breaks, each with one place where it does.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    broken: BTreeMap<&'static str, Spot>,
    gave_up: bool,
}

impl Findings {
    /// A rule is broken there.
    fn note(&mut self, rule: &'static str, spot: Spot) {
        self.broken.entry(rule).or_insert(spot);
    }

    /// A rule is broken there unless that holds.
    fn require(&mut self, holds: bool, rule: &'static str, spot: Spot) {
        if !holds {
            self.note(rule, spot);
        }
    }

    fn is_clean(&self) -> bool {
        self.broken.is_empty() && !self.gave_up
    }

    /// The broken rules, each with a place.
    #[must_use]
    pub const fn broken(&self) -> &BTreeMap<&'static str, Spot> {
        &self.broken
    }

    /// The verdict they amount to.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match (self.gave_up, self.broken.is_empty()) {
            (true, _) => Verdict::Undecided,
            (false, true) => Verdict::Accepted,
            (false, false) => Verdict::Refused(self.broken.keys().copied().collect()),
        }
    }

    fn add(&mut self, other: Self) {
        for (rule, spot) in other.broken {
            self.note(rule, spot);
        }
        self.gave_up |= other.gave_up;
    }
}

/// Which rules the machines of an image break against its choreography, V6, or the tables these rules read.
#[must_use]
pub fn of_projection(image: &CodeImage) -> Findings {
    let mut found = Findings::default();
    table::check(image, &mut found);
    if found.is_clean() {
        projection::check(image, &mut found);
    }
    found
}

/// The verdict on the code of an image.
#[must_use]
pub fn verdict(image: &CodeImage) -> Verdict {
    of_code(image).verdict()
}

/// Which rules the code of an image breaks: all but V6.
#[must_use]
pub fn of_code(image: &CodeImage) -> Findings {
    let mut found = Findings::default();
    table::check(image, &mut found);
    if !found.is_clean() {
        return found;
    }
    let mut coroutines = 0;
    for ((function, machine), number) in image.functions.iter().zip(&image.machines).zip(0..) {
        let (of_role, needed) = of_role(&Role { image, number, function, machine });
        found.add(of_role);
        coroutines += needed;
    }
    bound::check(image, coroutines, &mut found);
    lossy::check(image, &mut found);
    table::check_debug(image, &mut found);
    found
}

/// Which rules the code of one role breaks; each family is looked at if those before it are kept. And how many coroutines
/// it needs, as far as that is known.
fn of_role(role: &Role<'_>) -> (Findings, usize) {
    let mut found = Findings::default();
    operand::check(role, &mut found);
    machine::check(role, &mut found);
    control::check(role, &mut found);
    let can_be_walked = found.is_clean();
    control::check_ways(role, &mut found);
    if !can_be_walked {
        return (found, 1);
    }
    let graph = walk::follow(role, &mut found);
    region::check(role, &graph, &mut found);
    if !found.is_clean() {
        return (found, 1);
    }
    fact::check(role, &graph, &mut found);
    holding::check(role, &graph, &mut found);
    (found, bound::coroutines(role, &graph))
}

/// One role of an image, and what its code is judged against.
struct Role<'a> {
    image: &'a CodeImage,
    number: u16,
    function: &'a Function,
    machine: &'a LocalMachine,
}

impl<'a> Role<'a> {
    fn state(&self, state: StateId) -> Option<&'a State> {
        self.machine.states.get(state.0 as usize)
    }

    /// The state a block starts in, if one starts there.
    fn block(&self, pc: usize) -> Option<StateId> {
        self.function.blocks.iter().find(|block| block.pc as usize == pc).map(|block| block.state)
    }

    fn instr(&self, pc: usize) -> Option<Instr> {
        self.function.code.get(pc).copied()
    }

    fn type_id(&self, reg: Reg) -> Option<TypeId> {
        self.function.regs.get(usize::from(reg)).copied()
    }

    fn type_of(&self, reg: Reg) -> Option<&'a Type> {
        self.image.types.get(self.type_id(reg)?.0 as usize)
    }

    /// A place in its code.
    const fn at(&self, pc: usize) -> Spot {
        self.spot("instruction", pc)
    }

    const fn spot(&self, what: &'static str, number: usize) -> Spot {
        Spot { role: Some(self.number), what, number }
    }
}
