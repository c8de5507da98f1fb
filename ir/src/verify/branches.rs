//! Rules V3.9 and V5.12: the branches of a `par` do not get in each other's way.
//!
//! The branches of one block are all the blocks that its `Spawn`s lead to, up to their `Finish`; those spawned inside
//! belong to them. What each reads, writes and communicates is collected and compared with what the ones before it
//! do. Nested branches are visited once per level, which is paid from the budget.

use super::control::Graph;
use super::nest::Nest;
use super::{Budget, Check, Subject, variant_args, violation_at};
use crate::image::Shape;
use crate::instr::{Instr, Reg};
use crate::ty::Type;
use std::collections::BTreeSet;

/// Per block that spawns branches, in order of blocks: per branch the blocks in which it can end.
pub(super) struct Joins(Vec<(u32, Vec<Vec<u32>>)>);

impl Joins {
    /// Per branch spawned in a block the blocks in which it can end.
    pub(super) fn of(&self, block: usize) -> &[Vec<u32>] {
        let found = self.0.binary_search_by_key(&block, |join| join.0 as usize);
        found.map_or(&[][..], |at| &self.0[at].1)
    }
}

/// Checks all branches of one role.
pub(super) fn check(subject: &Subject<'_>, graph: &Graph, nest: &Nest, budget: &mut Budget) -> Check<Joins> {
    let mut joins = Joins(Vec::new());
    let mut survey = Survey { subject, graph, nest, seen: Vec::new(), round: 0 };
    for (block, pc) in (0..).zip(spawns(subject)) {
        let Some(pc) = pc else { continue };
        let mut ends = Vec::new();
        let mut before = Traces::default();
        for at in pc.. {
            let Instr::Spawn { target } = subject.function.code[at] else { break };
            let first = graph.block_at(target as usize).expect("V2.3 was checked");
            let (traces, finishes) = survey.branch(block, first, budget)?;
            budget.spend(traces.len() + before.len(), at)?;
            before.clash(&traces).map_or(Ok(()), |(rule, message)| violation_at(rule, at, message))?;
            before.join(traces);
            ends.push(finishes);
        }
        joins.0.push((block, ends));
    }
    Ok(joins)
}

/// Per block where its `Spawn`s start, if it has any.
fn spawns(subject: &Subject<'_>) -> Vec<Option<usize>> {
    let mut first = vec![None; subject.function.blocks.len()];
    let mut block = 0;
    for (pc, instr) in subject.function.code.iter().enumerate() {
        while subject.function.blocks.get(block + 1).is_some_and(|next| next.pc as usize <= pc) {
            block += 1;
        }
        if matches!(instr, Instr::Spawn { .. }) {
            first[block].get_or_insert(pc);
        }
    }
    first
}

/// What code does that other code can notice.
#[derive(Default)]
struct Traces {
    reads: BTreeSet<Reg>,
    writes: BTreeSet<Reg>,
    /// Partners, and whether messages go to them.
    edges: BTreeSet<(u16, bool)>,
}

impl Traces {
    fn len(&self) -> usize {
        self.reads.len() + self.writes.len() + self.edges.len()
    }

    /// The rule that two branches break together.
    fn clash(&self, other: &Self) -> Option<(&'static str, String)> {
        let written =
            |a: &Self, b: &Self| a.writes.iter().find(|reg| b.reads.contains(reg) || b.writes.contains(reg)).copied();
        if let Some(reg) = written(self, other).or_else(|| written(other, self)) {
            return Some(("V3.9", format!("r{reg} is written in one branch and used in another")));
        }
        let (partner, _) = self.edges.intersection(&other.edges).next()?;
        Some(("V5.12", format!("two branches use one edge to or from role {partner}")))
    }

    fn join(&mut self, other: Self) {
        self.reads.extend(other.reads);
        self.writes.extend(other.writes);
        self.edges.extend(other.edges);
    }

    fn read(&mut self, first: Reg, count: usize) {
        self.reads.extend((first..).take(count));
    }

    fn write(&mut self, reg: Reg) {
        self.writes.insert(reg);
    }
}

struct Survey<'a> {
    subject: &'a Subject<'a>,
    graph: &'a Graph,
    nest: &'a Nest,
    /// Per block the round that saw it last.
    seen: Vec<u32>,
    round: u32,
}

impl Survey<'_> {
    /// What a branch spawned in block `spawner` does, and the blocks in which it can end.
    fn branch(&mut self, spawner: u32, first: usize, budget: &mut Budget) -> Check<(Traces, Vec<u32>)> {
        let function = self.subject.function;
        self.seen.resize(function.blocks.len(), 0);
        self.round += 1;
        let mut traces = Traces::default();
        let mut ends = Vec::new();
        let mut todo = vec![u32::try_from(first).expect("blocks are fewer than instructions")];
        while let Some(block) = todo.pop() {
            if std::mem::replace(&mut self.seen[block as usize], self.round) == self.round {
                continue;
            }
            let start = function.blocks[block as usize].pc as usize;
            let end = function.blocks.get(block as usize + 1).map_or(function.code.len(), |next| next.pc as usize);
            for pc in start..end {
                budget.spend(1, pc)?;
                self.instr(&function.code[pc], &mut traces, budget, pc)?;
            }
            if function.code[end - 1] == Instr::Finish && self.nest.branch_of(block as usize) == Some(spawner) {
                ends.push(block);
            }
            for next in self.graph.next(block) {
                budget.spend(1, start)?;
                todo.push(next);
            }
        }
        Ok((traces, ends))
    }

    #[expect(clippy::too_many_lines, reason = "an arm per kind of instruction")]
    fn instr(&self, instr: &Instr, traces: &mut Traces, budget: &mut Budget, pc: usize) -> Check {
        let Subject { image, function, .. } = *self.subject;
        match *instr {
            Instr::Send { to, label: _, val } | Instr::Offer { to, label: _, val } => {
                traces.edges.insert((to, true));
                traces.read(val, 1);
            }
            Instr::Receive { from, label: _, dst } => {
                traces.edges.insert((from, false));
                traces.write(dst);
            }
            Instr::Choose { table } => {
                let table = &function.chooses[table as usize];
                budget.spend(table.rows.len(), pc)?;
                traces.edges.extend(table.rows.iter().map(|row| (row.partner, false)));
                traces.writes.extend(table.rows.iter().map(|row| row.dst));
                self.finals(table.finals, traces, budget, pc)?;
            }
            Instr::Perform { op, args, dst } => {
                let count = image.ops[usize::from(op)].params.len();
                budget.spend(count, pc)?;
                traces.read(args, count);
                traces.write(dst);
            }
            Instr::Set { dst, value: _ }
            | Instr::Acquire { layer: _, dst }
            | Instr::Tag { fact: _, dst }
            | Instr::Check { fact: _, to: _, dst } => traces.write(dst),
            Instr::Open { table, dst } => {
                let args = function.opens[table as usize].args.iter().flatten();
                budget.spend(args.clone().count(), pc)?;
                traces.reads.extend(args);
                traces.write(dst);
            }
            // What is used up is written, too: it is gone.
            Instr::Close { endpoint, dst } => {
                traces.write(endpoint);
                traces.write(dst);
            }
            Instr::Release { layer: _, evidence } => traces.write(evidence),
            Instr::Transfer { endpoint, to, bundle: _ } => {
                traces.edges.insert((to, true));
                traces.write(endpoint);
            }
            Instr::Move { dst, src } | Instr::Get { dst, src, index: _ } | Instr::Count { dst, src } => {
                traces.read(src, 1);
                traces.write(dst);
            }
            Instr::Prim { op, dst, a, b } => {
                traces.read(a, 1);
                traces.read(b, usize::from(op.arity()).saturating_sub(1));
                traces.write(dst);
            }
            Instr::Make { dst, shape, args } => {
                let count = parts(self.subject, usize::from(shape));
                budget.spend(count, pc)?;
                traces.read(args, count);
                traces.write(dst);
            }
            Instr::Switch { val, table: _ } | Instr::Branch { val, target: _ } => traces.read(val, 1),
            Instr::Halt { finals } => self.finals(Some(finals), traces, budget, pc)?,
            Instr::Enter { scope } => {
                let table = &function.scopes[scope as usize];
                traces.reads.extend(table.deadline);
                traces.writes.extend(table.rows.iter().filter_map(|row| row.bind));
            }
            Instr::Jump { .. }
            | Instr::Yield
            | Instr::Fail { .. }
            | Instr::Spawn { .. }
            | Instr::JoinAll
            | Instr::Finish
            | Instr::Exit { .. }
            | Instr::Leave { .. }
            | Instr::Fork { .. }
            | Instr::Join
            | Instr::Abort => {}
        }
        Ok(())
    }

    fn finals(&self, finals: Option<u32>, traces: &mut Traces, budget: &mut Budget, pc: usize) -> Check {
        let Some(finals) = finals else { return Ok(()) };
        let finals = &self.subject.function.finals[finals as usize];
        budget.spend(finals.len(), pc)?;
        traces.reads.extend(finals.iter().map(|value| value.reg));
        Ok(())
    }
}

/// How many registers `Make` reads for a shape.
pub(super) fn parts(subject: &Subject<'_>, shape: usize) -> usize {
    match subject.image.shapes[shape] {
        Shape::Product(id) => match subject.ty(id) {
            Type::Tuple(items) => items.len(),
            Type::Record(fields) => fields.len(),
            _ => 0,
        },
        Shape::Variant(id, tag) => variant_args(subject.ty(id), tag).map_or(0, <[_]>::len),
        Shape::List(_, len) => usize::from(len),
    }
}
