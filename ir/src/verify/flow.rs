//! Rules V3.6 and V3.7: what is known on every path to an instruction.
//!
//! One forward analysis over the blocks in reverse postorder: which registers are written, and of which registers
//! with a union in them a `Switch` has shown the variant. Where paths meet, only what both know stays. A block seen
//! first is given all that its predecessors know; sweeps are repeated until nothing is taken away any more, which
//! for structured code without branches is the first. Repetition and wide frames are paid from the budget.

use super::branches::{Joins, parts};
use super::control::{self, Graph};
use super::{Budget, Check, Subject, variant_args, variant_count, violation_at};
use crate::instr::{Instr, Reg};
use std::collections::BTreeMap;

/// Most variants remembered at a time; the oldest is forgotten first.
const MAX_FACTS: usize = 32;

/// Most words of register sets of one role, 128 MiB: the memory a wide frame with many blocks may take.
const MAX_WORDS: usize = 1 << 24;

/// Checks the data flow of one role.
pub(super) fn check(subject: &Subject<'_>, graph: &Graph, joins: &Joins, budget: &mut Budget) -> Check {
    let function = subject.function;
    let words = function.regs.len().div_ceil(64);
    let blocks = function.blocks.len();
    if words.saturating_mul(blocks) > MAX_WORDS {
        return violation_at("V9.1", 0, format!("{blocks} blocks over a frame of {} registers", function.regs.len()));
    }
    budget.spend(words * blocks, 0)?;
    let mut flow = Flow {
        subject,
        graph,
        joins,
        finished: BTreeMap::new(),
        words,
        written_at: vec![0; words * blocks],
        facts_at: vec![Vec::new(); blocks],
        seen: vec![false; blocks],
        done: vec![false; blocks],
        again: false,
        written: vec![0; words],
        facts: Vec::new(),
        pc: 0,
    };
    for param in &subject.image.roles[subject.role].params {
        flow.written_at[usize::from(param.reg) / 64] |= 1 << (param.reg % 64);
    }
    flow.seen[0] = true;
    loop {
        flow.again = false;
        for &block in &graph.order {
            flow.block(block as usize, budget)?;
        }
        if !flow.again {
            return Ok(());
        }
    }
}

struct Flow<'a> {
    subject: &'a Subject<'a>,
    graph: &'a Graph,
    joins: &'a Joins,
    /// Per block that ends a branch, the registers written there.
    finished: BTreeMap<u32, Vec<u64>>,
    /// Words of a set of registers.
    words: usize,
    /// Registers written before each block.
    written_at: Vec<u64>,
    /// Variants known before each block.
    facts_at: Vec<Vec<(Reg, u16)>>,
    /// Whether anything is known before a block yet.
    seen: Vec<bool>,
    /// Whether a block was walked in some sweep.
    done: Vec<bool>,
    /// Whether something changed before a block that was walked.
    again: bool,
    /// Registers written here.
    written: Vec<u64>,
    /// Variants known here.
    facts: Vec<(Reg, u16)>,
    pc: usize,
}

impl Flow<'_> {
    fn block(&mut self, block: usize, budget: &mut Budget) -> Check {
        let function = self.subject.function;
        let start = function.blocks[block].pc as usize;
        let end = function.blocks.get(block + 1).map_or(function.code.len(), |next| next.pc as usize);
        if !self.seen[block] {
            // The block of `done` behind a body that never ends.
            return Ok(());
        }
        if self.done[block] {
            budget.spend(end - start + self.words, start)?;
        }
        self.done[block] = true;
        self.written.copy_from_slice(&self.written_at[block * self.words..(block + 1) * self.words]);
        self.facts.clone_from(&self.facts_at[block]);
        for pc in start..end {
            self.pc = pc;
            self.step(block, &function.code[pc], budget)?;
        }
        if control::falls_through(&function.code[end - 1]) {
            self.leave(end, budget)?;
        }
        Ok(())
    }

    fn step(&mut self, block: usize, instr: &Instr, budget: &mut Budget) -> Check {
        let image = self.subject.image;
        match *instr {
            Instr::Send { to: _, label: _, val } | Instr::Offer { to: _, label: _, val } => self.read(val)?,
            Instr::Receive { from: _, label: _, dst } | Instr::Set { dst, value: _ } => self.write(dst),
            Instr::Choose { table } => self.choose(table as usize, budget)?,
            Instr::Perform { op, args, dst } => {
                self.read_range(args, image.ops[usize::from(op)].params.len(), budget)?;
                self.write(dst);
            }
            Instr::Move { dst, src } => {
                self.read(src)?;
                let variant = self.variant(src);
                self.write(dst);
                if let Some(tag) = variant {
                    self.learn(dst, tag);
                }
            }
            Instr::Prim { op, dst, a, b } => {
                self.read(a)?;
                if op.arity() > 1 {
                    self.read_range(b, usize::from(op.arity()) - 1, budget)?;
                }
                self.write(dst);
            }
            Instr::Make { dst, shape, args } => {
                self.read_range(args, parts(self.subject, usize::from(shape)), budget)?;
                self.write(dst);
            }
            Instr::Get { dst, src, index } => self.get(dst, src, index)?,
            Instr::Count { dst, src } => {
                self.read(src)?;
                self.write(dst);
            }
            Instr::Switch { val, table } => self.switch(val, table as usize, budget)?,
            Instr::Branch { val, target } => {
                self.read(val)?;
                self.leave(target as usize, budget)?;
            }
            Instr::Jump { target } => self.leave(target as usize, budget)?,
            Instr::Yield | Instr::Fail { .. } => {}
            Instr::Spawn { target } | Instr::Fork { target } => self.leave(target as usize, budget)?,
            Instr::JoinAll => self.join(block, budget)?,
            Instr::Finish => self.finish(block),
            Instr::Enter { scope } => self.enter(scope, budget)?,
            Instr::Exit { scope } => {
                let done = self.subject.function.scopes[scope as usize].rows[0].target;
                self.leave(done as usize, budget)?;
            }
            Instr::Open { table, dst } => {
                let args = self.subject.function.opens[table as usize].args.iter().flatten();
                budget.spend(args.clone().count(), self.pc)?;
                args.copied().try_for_each(|arg| self.read(arg))?;
                self.write(dst);
            }
            Instr::Close { endpoint, dst } => {
                self.read(endpoint)?;
                self.write(dst);
            }
            Instr::Acquire { layer: _, dst } | Instr::Tag { fact: _, dst } | Instr::Check { fact: _, to: _, dst } => {
                self.write(dst);
            }
            Instr::Release { layer: _, evidence: val } | Instr::Transfer { endpoint: val, .. } => self.read(val)?,
            Instr::Leave { .. } | Instr::Join | Instr::Abort => {}
            Instr::Halt { finals } => self.finals(finals, budget)?,
        }
        Ok(())
    }

    /// Behind branches, what each of them wrote on all ways to its end is written. What an end that was not walked yet
    /// knows is taken to be everything; `finish` asks for another sweep.
    fn join(&mut self, block: usize, budget: &mut Budget) -> Check {
        for ends in self.joins.of(block) {
            budget.spend(self.words * (ends.len() + 1), self.pc)?;
            for word in 0..self.words {
                let known = ends.iter().map(|end| self.finished.get(end).map_or(u64::MAX, |written| written[word]));
                // A branch that never ends is never joined.
                self.written[word] |= known.fold(u64::MAX, |all, written| all & written);
            }
        }
        self.facts.clear();
        Ok(())
    }

    fn finish(&mut self, block: usize) {
        let block = u32::try_from(block).expect("blocks are fewer than instructions");
        if self.finished.get(&block) != Some(&self.written) {
            self.finished.insert(block, self.written.clone());
            self.again = true;
        }
    }

    /// After an outcome that may come at any time, only what was written before the scope is known to be.
    fn enter(&mut self, table: u32, budget: &mut Budget) -> Check {
        let table = &self.subject.function.scopes[table as usize];
        table.deadline.map_or(Ok(()), |deadline| self.read(deadline))?;
        let facts = std::mem::take(&mut self.facts);
        for row in table.rows.iter().skip(1) {
            let Some(bind) = row.bind else {
                self.leave(row.target as usize, budget)?;
                continue;
            };
            let (word, bit) = (usize::from(bind) / 64, 1 << (bind % 64));
            let before = self.written[word];
            self.written[word] |= bit;
            self.leave(row.target as usize, budget)?;
            self.written[word] = before;
        }
        self.facts = facts;
        Ok(())
    }

    fn finals(&self, finals: u32, budget: &mut Budget) -> Check {
        let finals = &self.subject.function.finals[finals as usize];
        budget.spend(finals.len(), self.pc)?;
        finals.iter().try_for_each(|value| self.read(value.reg))
    }

    fn choose(&mut self, table: usize, budget: &mut Budget) -> Check {
        let table = &self.subject.function.chooses[table];
        if let Some(finals) = table.finals {
            self.finals(finals, budget)?;
        }
        for row in &table.rows {
            let (word, bit) = (usize::from(row.dst) / 64, 1 << (row.dst % 64));
            let before = self.written[word];
            let known = self.variant(row.dst);
            self.written[word] |= bit;
            self.forget(row.dst);
            self.leave(row.target as usize, budget)?;
            self.written[word] = before;
            if let Some(tag) = known {
                self.learn(row.dst, tag);
            }
        }
        Ok(())
    }

    fn switch(&mut self, val: Reg, table: usize, budget: &mut Budget) -> Check {
        self.read(val)?;
        for (&target, tag) in self.subject.function.switches[table].iter().zip(0..) {
            self.learn(val, tag);
            self.leave(target as usize, budget)?;
        }
        Ok(())
    }

    fn get(&mut self, dst: Reg, src: Reg, index: u16) -> Check {
        self.read(src)?;
        let regs = &self.subject.function.regs;
        let source = self.subject.ty(regs[usize::from(src)]);
        if let Some(variants) = variant_count(source) {
            let Some(tag) = self.variant(src).or((variants == 1).then_some(0)) else {
                return violation_at("V3.7", self.pc, format!("which variant r{src} is, is not known here"));
            };
            let found = variant_args(source, tag).and_then(|args| args.get(usize::from(index)));
            if found != Some(&regs[usize::from(dst)]) {
                let message = format!("variant {tag} of r{src} has no argument {index} of that type");
                return violation_at("V3.5", self.pc, message);
            }
        }
        self.write(dst);
        Ok(())
    }

    fn read(&self, reg: Reg) -> Check {
        if self.written[usize::from(reg) / 64] >> (reg % 64) & 1 == 1 {
            return Ok(());
        }
        violation_at("V3.6", self.pc, format!("r{reg} is read before it is written"))
    }

    fn read_range(&self, first: Reg, len: usize, budget: &mut Budget) -> Check {
        budget.spend(len, self.pc)?;
        (first..).take(len).try_for_each(|reg| self.read(reg))
    }

    fn write(&mut self, reg: Reg) {
        self.written[usize::from(reg) / 64] |= 1 << (reg % 64);
        self.forget(reg);
    }

    fn variant(&self, reg: Reg) -> Option<u16> {
        self.facts.iter().find(|fact| fact.0 == reg).map(|fact| fact.1)
    }

    fn forget(&mut self, reg: Reg) {
        if !self.facts.is_empty() {
            self.facts.retain(|fact| fact.0 != reg);
        }
    }

    fn learn(&mut self, reg: Reg, tag: u16) {
        self.forget(reg);
        if self.facts.len() == MAX_FACTS {
            self.facts.remove(0);
        }
        self.facts.push((reg, tag));
    }

    /// Takes what is known here to the block that starts at `pc`.
    fn leave(&mut self, pc: usize, budget: &mut Budget) -> Check {
        let block = self.graph.block_at(pc).expect("V2.3 was checked");
        budget.spend(self.words + self.facts.len(), self.pc)?;
        let written = &mut self.written_at[block * self.words..(block + 1) * self.words];
        let facts = &mut self.facts_at[block];
        if !std::mem::replace(&mut self.seen[block], true) {
            written.copy_from_slice(&self.written);
            facts.clone_from(&self.facts);
            return Ok(());
        }
        let mut changed = false;
        for (there, here) in written.iter_mut().zip(&self.written) {
            changed |= *there & !here != 0;
            *there &= here;
        }
        if !facts.is_empty() {
            let before = facts.len();
            facts.retain(|fact| self.facts.contains(fact));
            changed |= facts.len() < before;
        }
        self.again |= changed && self.done[block];
        Ok(())
    }
}
