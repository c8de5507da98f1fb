//! Rules V2.8, V2.9 and V5.13: which scopes and branches are open at each place.
//!
//! A *context* is what was begun and not ended on the way to an instruction. Each block has one, however it is
//! reached; contexts are interned, so that comparing two is comparing numbers. The walk (V5.9 to V5.11) is done
//! before: the branches of a block are spawned in a row, and behind `Leave` comes a block or a jump.

use super::control::{self, Graph};
use super::{Budget, Check, Subject, violation_at};
use crate::image::Scope;
use crate::instr::Instr;
use std::collections::BTreeMap;

/// What was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// A branch spawned in that block.
    Branch(u32),
    /// The body of the scope of that scope table.
    Body(u32),
    /// The block of an outcome of it, whichever.
    Block(u32),
}

/// A number of a context; 0 is that of nothing.
type Context = u32;

/// The contexts of one role.
pub(super) struct Nest {
    /// Per context the one around it, and its innermost part; the first is unused.
    contexts: Vec<(Context, Part)>,
    known: BTreeMap<(Context, Part), Context>,
    /// Per block.
    at: Vec<Option<Context>>,
}

/// Finds the context of every block.
pub(super) fn check(subject: &Subject<'_>, graph: &Graph, budget: &mut Budget) -> Check<Nest> {
    let nest = Nest {
        contexts: vec![(0, Part::Branch(0))],
        known: BTreeMap::new(),
        at: vec![None; subject.function.blocks.len()],
    };
    let mut walk = Walk { subject, graph, nest, pc: 0, context: 0 };
    walk.nest.at[0] = Some(0);
    for &block in &graph.order {
        walk.block(block as usize, budget)?;
    }
    Ok(walk.nest)
}

impl Nest {
    fn inside(&mut self, context: Context, part: Part) -> Context {
        let next = u32::try_from(self.contexts.len()).expect("contexts are fewer than instructions and rows");
        let found = *self.known.entry((context, part)).or_insert(next);
        if found == next {
            self.contexts.push((context, part));
        }
        found
    }

    /// The innermost part of a context.
    fn innermost(&self, context: Context) -> Option<Part> {
        (context > 0).then(|| self.contexts[context as usize].1)
    }

    /// How many coroutines of the role there are at most at a time; `spawned` says how many branches each block spawns.
    /// Saturating.
    pub(super) fn coroutines(&self, spawned: impl Fn(u32) -> u64) -> u64 {
        let mut inside = vec![0_u64; self.contexts.len()];
        // A context comes after the one around it.
        for (context, (around, part)) in self.contexts.iter().enumerate().skip(1).rev() {
            let here = match part {
                Part::Branch(block) => spawned(*block).saturating_mul(inside[context].saturating_add(1)),
                Part::Body(_) | Part::Block(_) => inside[context],
            };
            let around = &mut inside[*around as usize];
            *around = here.max(*around);
        }
        inside[0].saturating_add(1)
    }

    /// The block whose branch a `Finish` at the end of this block ends, which is in that context all through.
    pub(super) fn branch_of(&self, block: usize) -> Option<u32> {
        match self.innermost(self.at[block]?)? {
            Part::Branch(spawner) => Some(spawner),
            Part::Body(_) | Part::Block(_) => None,
        }
    }
}

struct Walk<'a> {
    subject: &'a Subject<'a>,
    graph: &'a Graph,
    nest: Nest,
    pc: usize,
    /// The context of the instruction at `pc`.
    context: Context,
}

impl Walk<'_> {
    fn fault<T>(&self, rule: &'static str, message: &str) -> Check<T> {
        violation_at(rule, self.pc, message)
    }

    fn block(&mut self, block: usize, budget: &mut Budget) -> Check {
        let function = self.subject.function;
        let start = function.blocks[block].pc as usize;
        let end = function.blocks.get(block + 1).map_or(function.code.len(), |next| next.pc as usize);
        self.context = self.nest.at[block].expect("a block comes after one that leads to it");
        for pc in start..end {
            self.pc = pc;
            self.step(block, &function.code[pc], budget)?;
        }
        if control::falls_through(&function.code[end - 1]) {
            self.go(end, self.context)?;
        }
        Ok(())
    }

    fn step(&mut self, block: usize, instr: &Instr, budget: &mut Budget) -> Check {
        let function = self.subject.function;
        let here = self.context;
        match *instr {
            Instr::Send { to: partner, .. } | Instr::Offer { to: partner, .. } => self.communicate(partner, budget),
            Instr::Receive { from: partner, .. } | Instr::Transfer { to: partner, .. } => {
                self.communicate(partner, budget)
            }
            Instr::Choose { table } => function.chooses[table as usize].rows.iter().try_for_each(|row| {
                self.communicate(row.partner, budget)?;
                self.go(row.target as usize, here)
            }),
            Instr::Switch { val: _, table } => {
                budget.spend(function.switches[table as usize].len(), self.pc)?;
                function.switches[table as usize].iter().try_for_each(|&target| self.go(target as usize, here))
            }
            Instr::Branch { val: _, target } | Instr::Jump { target } | Instr::Fork { target } => {
                self.go(target as usize, here)
            }
            Instr::Spawn { target } => {
                let spawner = u32::try_from(block).expect("blocks are fewer than instructions");
                let branch = self.nest.inside(here, Part::Branch(spawner));
                self.go(target as usize, branch)
            }
            Instr::Enter { scope } => self.enter(scope, budget),
            Instr::Exit { scope } => match self.nest.innermost(here) {
                Some(Part::Body(table)) if table == scope => Ok(()),
                _ => self.fault("V2.9", "this is not the body of that scope"),
            },
            Instr::Leave { scope } => match self.nest.innermost(here) {
                Some(Part::Block(table)) if table == scope => {
                    self.context = self.nest.contexts[here as usize].0;
                    Ok(())
                }
                _ => self.fault("V2.9", "this is not the block of an outcome of that scope"),
            },
            Instr::Finish => match self.nest.innermost(here) {
                Some(Part::Branch(_)) => Ok(()),
                _ => self.fault("V2.9", "this is not a branch"),
            },
            Instr::Halt { .. } if here != 0 => self.fault("V2.9", "a scope or a branch is open"),
            _ => Ok(()),
        }
    }

    fn enter(&mut self, table: u32, budget: &mut Budget) -> Check {
        let here = self.context;
        let entry = &self.subject.function.scopes[table as usize];
        let participants = &self.subject.image.scopes[entry.scope as usize].participants;
        budget.spend(participants.len() + entry.rows.len(), self.pc)?;
        if let Some(around) = self.scope_around(budget)?
            && !participants.iter().all(|role| around.participants.binary_search(role).is_ok())
        {
            return self.fault("V5.13", "a participant of this scope takes no part in the scope around it");
        }
        let block = self.nest.inside(here, Part::Block(table));
        for row in &entry.rows {
            self.go(row.target as usize, block)?;
        }
        self.context = self.nest.inside(here, Part::Body(table));
        Ok(())
    }

    /// The innermost scope that is open.
    fn scope_around(&self, budget: &mut Budget) -> Check<Option<&Scope>> {
        let mut context = self.context;
        while let Some(part) = self.nest.innermost(context) {
            budget.spend(1, self.pc)?;
            match part {
                Part::Branch(_) => context = self.nest.contexts[context as usize].0,
                Part::Body(table) | Part::Block(table) => {
                    let scope = self.subject.function.scopes[table as usize].scope;
                    return Ok(Some(&self.subject.image.scopes[scope as usize]));
                }
            }
        }
        Ok(None)
    }

    fn communicate(&self, partner: u16, budget: &mut Budget) -> Check {
        budget.spend(1, self.pc)?;
        match self.scope_around(budget)? {
            Some(scope) if scope.participants.binary_search(&partner).is_err() => {
                self.fault("V5.13", "the other role takes no part in the scope")
            }
            _ => Ok(()),
        }
    }

    /// Goes to the block that starts at `pc`.
    fn go(&mut self, pc: usize, context: Context) -> Check {
        let block = self.graph.block_at(pc).expect("V2.3 was checked");
        if *self.nest.at[block].get_or_insert(context) == context {
            return Ok(());
        }
        self.fault("V2.8", "another way to where this leads has other scopes or branches open")
    }
}
