//! Registers of one role. A register has one type for its whole life; which ones hold something changes.

use tell_ir::instr::Reg;
use tell_ir::ty::TypeId;

/// The frame being laid out.
#[derive(Debug, Default)]
pub(super) struct Frame {
    /// Type of each register.
    pub(super) regs: Vec<TypeId>,
    /// Whether it holds something now.
    busy: Vec<bool>,
}

impl Frame {
    /// Marks exactly these registers as holding something.
    pub(super) fn reset(&mut self, held: impl IntoIterator<Item = Reg>) {
        self.busy.iter_mut().for_each(|busy| *busy = false);
        held.into_iter().for_each(|reg| self.busy[reg as usize] = true);
    }

    /// A register of that type that holds nothing.
    pub(super) fn take(&mut self, ty: TypeId) -> Reg {
        self.take_row(&[ty])
    }

    /// Consecutive registers of these types that hold nothing; the first one.
    pub(super) fn take_row(&mut self, types: &[TypeId]) -> Reg {
        let fits = |start: usize| {
            (start..self.regs.len()).zip(types).all(|(reg, ty)| !self.busy[reg] && self.regs[reg] == *ty)
        };
        let last_start = self.regs.len().checked_sub(types.len());
        let start = last_start.and_then(|last| (0..=last).find(|start| fits(*start))).unwrap_or_else(|| {
            self.regs.extend(types);
            self.busy.resize(self.regs.len(), false);
            self.regs.len() - types.len()
        });
        (start..start + types.len()).for_each(|reg| self.busy[reg] = true);
        // Frames beyond 16 bits are refused when the image is put together.
        Reg::try_from(start).unwrap_or(0)
    }

    /// The register holds nothing any more.
    pub(super) fn free(&mut self, reg: Reg) {
        self.busy[reg as usize] = false;
    }
}
