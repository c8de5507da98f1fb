//! Rules V8: what a session takes at most, before it runs.

use super::nest::Nest;
use super::{Check, Subject, violation};
use crate::image::CodeImage;
use crate::instr::Instr;

/// Most registers of a session.
const MAX_REGISTERS: u64 = 1 << 20;

/// Most coroutines of a session.
const MAX_COROUTINES: u64 = u16::MAX as u64;

/// As many coroutines as no role can have; the sum over all roles does not overflow.
pub(super) const FAR_TOO_MANY: u64 = 1 << 32;

/// What a session of an image takes at most. Values and queues have limits of their own, which the machine is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionBound {
    /// Registers, over all roles.
    pub registers: u64,
    /// Coroutines at a time: one per role, and one per running branch.
    pub coroutines: u64,
    /// Edges that can carry messages.
    pub edges: u64,
}

impl SessionBound {
    /// The bound without the coroutines, which are found on the way.
    pub(super) fn of(image: &CodeImage) -> Self {
        let registers = image.functions.iter().map(|function| function.regs.len() as u64).sum();
        Self { registers, coroutines: 0, edges: image.edges.len() as u64 }
    }

    pub(super) fn check(&self) -> Check {
        if self.registers > MAX_REGISTERS {
            return violation("V8.1", format!("{} registers", self.registers));
        }
        if self.coroutines > MAX_COROUTINES {
            return violation("V8.2", format!("{} coroutines", self.coroutines));
        }
        Ok(())
    }
}

/// How many coroutines a role has at most at a time.
pub(super) fn coroutines(subject: &Subject<'_>, nest: &Nest) -> u64 {
    let function = subject.function;
    nest.coroutines(|block| {
        let start = function.blocks[block as usize].pc as usize;
        let end = function.blocks.get(block as usize + 1).map_or(function.code.len(), |next| next.pc as usize);
        function.code[start..end].iter().filter(|instr| matches!(instr, Instr::Spawn { .. })).count() as u64
    })
}
