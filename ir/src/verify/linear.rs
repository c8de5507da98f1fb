//! Rules V4.2 to V4.7 and V2.10: what is used exactly once, guards, and speculation.
//!
//! One forward walk over the blocks: which registers hold an endpoint or evidence. There is nothing to merge: where
//! paths meet, they must agree. A branch, a body or the block of an outcome begins a *level* of its own; what is
//! around it can be neither used nor seen there.

use super::control::{self, Graph};
use super::{Budget, Check, Subject, violation_at};
use crate::image::{Function, Op, Region};
use crate::instr::{Instr, Reg};
use crate::ty::Type;

/// Most registers held at a time over all levels, and most levels.
const MOST: usize = 4096;

/// Checks the code of one role.
pub(super) fn check(subject: &Subject<'_>, graph: &Graph, budget: &mut Budget) -> Check {
    let Subject { function, .. } = *subject;
    if !function.regs.iter().any(|reg| subject.ty(*reg).is_linear()) && !speculates(function) {
        return Ok(());
    }
    let params = subject.image.roles[subject.role].params.iter().map(|param| param.reg);
    let mut given: Vec<Reg> = params.filter(|reg| is_linear(subject, *reg)).collect();
    given.sort_unstable();
    let mut at = vec![None; function.blocks.len()];
    at[0] = Some(Held { levels: vec![given], speculates: false });
    let mut walk = Walk { subject, graph, at, pc: 0, held: Held::default() };
    for &block in &graph.order {
        walk.block(block as usize, budget)?;
    }
    Ok(())
}

fn speculates(function: &Function) -> bool {
    function.code.iter().any(|instr| matches!(instr, Instr::Fork { .. } | Instr::Join | Instr::Abort))
}

fn is_linear(subject: &Subject<'_>, reg: Reg) -> bool {
    subject.ty(subject.function.regs[usize::from(reg)]).is_linear()
}

/// What is known at a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Held {
    /// Per level the registers that hold something, ascending; the innermost level is the last.
    levels: Vec<Vec<Reg>>,
    speculates: bool,
}

impl Held {
    fn len(&self) -> usize {
        self.levels.iter().map(|level| level.len() + 1).sum()
    }

    fn registers(&self) -> impl Iterator<Item = Reg> {
        self.levels.iter().flatten().copied()
    }

    /// The same with a new level inside.
    fn inside(&self) -> Self {
        let levels = self.levels.iter().cloned().chain([Vec::new()]);
        Self { levels: levels.collect(), speculates: self.speculates }
    }

    fn own(&mut self) -> &mut Vec<Reg> {
        self.levels.last_mut().expect("the outermost level is never left")
    }
}

struct Walk<'a> {
    subject: &'a Subject<'a>,
    graph: &'a Graph,
    /// Per block what is known at its start.
    at: Vec<Option<Held>>,
    pc: usize,
    held: Held,
}

impl Walk<'_> {
    fn fault<T>(&self, rule: &'static str, message: impl Into<String>) -> Check<T> {
        violation_at(rule, self.pc, message)
    }

    fn block(&mut self, block: usize, budget: &mut Budget) -> Check {
        let function = self.subject.function;
        let start = function.blocks[block].pc as usize;
        let end = function.blocks.get(block + 1).map_or(function.code.len(), |next| next.pc as usize);
        self.held = self.at[block].clone().expect("a block comes after one that leads to it");
        for pc in start..end {
            self.pc = pc;
            self.step(&function.code[pc], budget)?;
        }
        if control::falls_through(&function.code[end - 1]) {
            self.go(end, self.held.clone(), budget)?;
        }
        Ok(())
    }

    #[expect(clippy::too_many_lines, reason = "an arm per kind of instruction")]
    fn step(&mut self, instr: &Instr, budget: &mut Budget) -> Check {
        self.structure(instr)?;
        let function = self.subject.function;
        match *instr {
            Instr::Send { val, .. } | Instr::Offer { val, .. } if is_linear(self.subject, val) => {
                self.fault("V4.3", format!("r{val} is sent otherwise than by `Transfer`"))
            }
            Instr::Receive { dst, .. } => self.take(dst),
            Instr::Choose { table } => {
                for row in &function.chooses[table as usize].rows {
                    let before = self.held.clone();
                    self.take(row.dst)?;
                    let behind = std::mem::replace(&mut self.held, before);
                    self.go(row.target as usize, behind, budget)?;
                }
                Ok(())
            }
            Instr::Move { dst, src } if is_linear(self.subject, src) => {
                self.spend(src)?;
                self.take(dst)
            }
            Instr::Switch { val: _, table } => {
                let mut targets = function.switches[table as usize].iter();
                targets.try_for_each(|&target| self.go(target as usize, self.held.clone(), budget))
            }
            Instr::Branch { val: _, target } | Instr::Jump { target } => {
                self.go(target as usize, self.held.clone(), budget)
            }
            Instr::Spawn { target } => self.go(target as usize, self.held.inside(), budget),
            Instr::Enter { scope } => {
                let inside = self.held.inside();
                for row in &function.scopes[scope as usize].rows {
                    self.go(row.target as usize, inside.clone(), budget)?;
                }
                self.held = inside;
                Ok(())
            }
            Instr::Exit { scope } => {
                self.ends()?;
                let done = function.scopes[scope as usize].rows[0].target;
                self.go(done as usize, self.held.clone(), budget)
            }
            Instr::Leave { .. } => {
                self.ends()?;
                self.held.levels.pop();
                Ok(())
            }
            Instr::Finish => self.ends(),
            Instr::Halt { .. } => match self.held.registers().next() {
                Some(reg) => self.fault("V4.3", format!("r{reg} is still held at the end")),
                None => Ok(()),
            },
            Instr::Open { table, dst } => {
                for &arg in function.opens[table as usize].args.iter().flatten() {
                    if is_linear(self.subject, arg) {
                        self.spend(arg)?;
                    }
                }
                self.take(dst)
            }
            Instr::Close { endpoint: reg, .. }
            | Instr::Release { evidence: reg, .. }
            | Instr::Transfer { endpoint: reg, .. } => self.spend(reg),
            Instr::Acquire { layer, dst } => self.acquire(layer, dst),
            Instr::Fork { target } => {
                self.go(target as usize, self.held.clone(), budget)?;
                self.held.speculates = true;
                Ok(())
            }
            Instr::Join => {
                self.held.speculates = false;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// What may not stand here whatever is held: V2.10 and V4.7.
    fn structure(&self, instr: &Instr) -> Check {
        let is_end = matches!(instr, Instr::Join | Instr::Abort);
        if is_end != self.held.speculates
            && (is_end || !may_be_undone(instr, &self.subject.image.ops, |op| self.is_of_host(op)))
        {
            return self.fault("V2.10", if is_end { "nothing speculates here" } else { "this cannot be undone" });
        }
        match self.held.registers().find(|reg| self.layer_of(*reg).is_some()) {
            Some(reg) if waits(instr) => self.fault("V4.7", format!("a layer is held, by r{reg}")),
            _ => Ok(()),
        }
    }

    fn is_of_host(&self, op: &Op) -> bool {
        self.subject.image.effects[usize::from(op.effect)].name == "Host"
    }

    fn layer_of(&self, reg: Reg) -> Option<u16> {
        match self.subject.ty(self.subject.function.regs[usize::from(reg)]) {
            Type::Evidence(layer) => Some(*layer),
            _ => None,
        }
    }

    fn acquire(&mut self, layer: u16, dst: Reg) -> Check {
        let highest = self.held.registers().filter_map(|reg| self.layer_of(reg)).max();
        if let Some(held) = highest.filter(|held| *held >= layer) {
            return self.fault("V4.6", format!("layer {held} is held already"));
        }
        self.take(dst)
    }

    /// A register gets something.
    fn take(&mut self, reg: Reg) -> Check {
        if !is_linear(self.subject, reg) {
            return Ok(());
        }
        if self.held.registers().any(|held| held == reg) {
            return self.fault("V4.3", format!("what r{reg} holds is overwritten"));
        }
        let own = self.held.own();
        let place = own.partition_point(|held| *held < reg);
        own.insert(place, reg);
        Ok(())
    }

    /// What a register holds is used.
    fn spend(&mut self, reg: Reg) -> Check {
        let own = self.held.own();
        match own.binary_search(&reg) {
            Ok(place) => {
                own.remove(place);
                Ok(())
            }
            Err(_) => self.fault("V4.4", format!("r{reg} holds nothing here, or holds it for what is around")),
        }
    }

    /// A level ends.
    fn ends(&mut self) -> Check {
        match self.held.own().first().copied() {
            Some(reg) => self.fault("V4.5", format!("r{reg} is still held")),
            None => Ok(()),
        }
    }

    /// Goes to the block that starts at `pc`.
    fn go(&mut self, pc: usize, held: Held, budget: &mut Budget) -> Check {
        budget.spend(held.len(), self.pc)?;
        if held.len() > MOST {
            return self.fault("V9.1", format!("more than {MOST} levels and registers that hold something"));
        }
        let block = self.graph.block_at(pc).expect("V2.3 was checked");
        if self.at[block].get_or_insert_with(|| held.clone()) == &held {
            return Ok(());
        }
        self.fault("V4.2", "another way to where this leads holds other things, or speculates otherwise")
    }
}

/// Whether an instruction waits for other roles or sessions, or begins or ends what does.
const fn waits(instr: &Instr) -> bool {
    matches!(
        instr,
        Instr::Send { .. }
            | Instr::Offer { .. }
            | Instr::Receive { .. }
            | Instr::Choose { .. }
            | Instr::Transfer { .. }
            | Instr::Spawn { .. }
            | Instr::JoinAll
            | Instr::Enter { .. }
            | Instr::Exit { .. }
            | Instr::Leave { .. }
            | Instr::Close { .. }
            | Instr::Fork { .. }
    )
}

/// Whether a speculation can undo an instruction.
fn may_be_undone(instr: &Instr, ops: &[Op], is_of_host: impl Fn(&Op) -> bool) -> bool {
    match instr {
        Instr::Send { .. }
        | Instr::Offer { .. }
        | Instr::Receive { .. }
        | Instr::Choose { .. }
        | Instr::Set { .. }
        | Instr::Move { .. }
        | Instr::Prim { .. }
        | Instr::Make { .. }
        | Instr::Get { .. }
        | Instr::Count { .. }
        | Instr::Switch { .. }
        | Instr::Branch { .. }
        | Instr::Jump { .. }
        | Instr::Fail { .. }
        | Instr::Join
        | Instr::Abort
        | Instr::Tag { .. }
        | Instr::Check { .. } => true,
        Instr::Perform { op, .. } => {
            let op = &ops[usize::from(*op)];
            op.meta.region == Region::Session && !is_of_host(op)
        }
        Instr::Yield
        | Instr::Halt { .. }
        | Instr::Spawn { .. }
        | Instr::JoinAll
        | Instr::Finish
        | Instr::Enter { .. }
        | Instr::Exit { .. }
        | Instr::Leave { .. }
        | Instr::Open { .. }
        | Instr::Close { .. }
        | Instr::Acquire { .. }
        | Instr::Release { .. }
        | Instr::Fork { .. }
        | Instr::Transfer { .. } => false,
    }
}
