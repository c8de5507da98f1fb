//! Registers of one role. A register has one type and one owner for its whole life; which ones hold something changes.
//!
//! The branches of a `Par` run side by side in one frame, so each line of control has registers of its own: a *region*.
//! One that runs in no other's branches at the same time may share a region with it.

use tell_ir::instr::Reg;
use tell_ir::ty::TypeId;

/// Whom a register belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// The line of control of that region.
    Region(u32),
    /// What is carried over joins to that region.
    Carried(u32),
    /// A cell that keeps its latest value.
    Cell,
}

/// The frame being laid out.
#[derive(Debug, Default)]
pub(super) struct Frame {
    /// Type of each register.
    pub(super) regs: Vec<TypeId>,
    owners: Vec<Owner>,
    /// Whether it holds something now.
    busy: Vec<bool>,
    /// The region that registers are taken from.
    region: u32,
    /// Registers that hold something until the part being written is left.
    held: Vec<Reg>,
}

impl Frame {
    /// From now on registers are taken from that region, and never these.
    pub(super) fn enter(&mut self, region: u32, held: &[Reg]) {
        self.region = region;
        self.held = held.to_vec();
    }

    /// Marks exactly these registers as holding something, besides those that are held anyway.
    pub(super) fn reset(&mut self, holding: impl IntoIterator<Item = Reg>) {
        self.busy.iter_mut().for_each(|busy| *busy = false);
        self.held.iter().copied().chain(holding).for_each(|reg| self.busy[reg as usize] = true);
    }

    /// Whether a register may hold a value of the part being written from now on.
    pub(super) fn is_own(&self, reg: Reg) -> bool {
        self.owners[reg as usize] == Owner::Region(self.region) && !self.held.contains(&reg)
    }

    /// A register of that type that holds nothing.
    pub(super) fn take(&mut self, ty: TypeId) -> Reg {
        self.take_row(&[ty])
    }

    /// Consecutive registers of these types that hold nothing; the first one.
    pub(super) fn take_row(&mut self, types: &[TypeId]) -> Reg {
        let own = Owner::Region(self.region);
        let is_free = |reg: usize, ty: TypeId| !self.busy[reg] && self.regs[reg] == ty && self.owners[reg] == own;
        let fits = |start: usize| (start..self.regs.len()).zip(types).all(|(reg, ty)| is_free(reg, *ty));
        let last_start = self.regs.len().checked_sub(types.len());
        let start = last_start.and_then(|last| (0..=last).find(|start| fits(*start))).unwrap_or_else(|| {
            let start = self.regs.len();
            types.iter().for_each(|ty| _ = self.add(*ty, own));
            start
        });
        (start..start + types.len()).for_each(|reg| self.busy[reg] = true);
        number(start)
    }

    /// A new register that is never taken otherwise.
    pub(super) fn add(&mut self, ty: TypeId, owner: Owner) -> Reg {
        self.regs.push(ty);
        self.owners.push(owner);
        self.busy.push(false);
        number(self.regs.len() - 1)
    }

    /// Different registers of an owner for values of these types.
    pub(super) fn shared(&mut self, types: &[TypeId], owner: Owner) -> Vec<Reg> {
        let mut chosen: Vec<Reg> = Vec::with_capacity(types.len());
        for ty in types {
            let fits =
                |reg: &usize| self.owners[*reg] == owner && self.regs[*reg] == *ty && !chosen.contains(&number(*reg));
            let known = (0..self.regs.len()).find(fits);
            chosen.push(known.map_or_else(|| self.add(*ty, owner), number));
        }
        chosen
    }

    /// The register holds nothing any more.
    pub(super) fn free(&mut self, reg: Reg) {
        self.busy[reg as usize] = false;
    }
}

/// Frames beyond 16 bits are refused when the image is put together.
fn number(reg: usize) -> Reg {
    Reg::try_from(reg).unwrap_or(0)
}
