//! Rules V2: where control can go.

use super::{Budget, Check, Subject, violation, violation_at};
use crate::image::Function;
use crate::instr::Instr;
use crate::machine::StateId;

const NONE: u32 = u32::MAX;

/// Blocks and the ways between them.
pub(super) struct Graph {
    /// Per instruction the block that starts there.
    block_at: Vec<u32>,
    /// Where the exits of each block start, and one end.
    starts: Vec<usize>,
    exits: Vec<Exit>,
    /// The blocks in reverse postorder.
    pub(super) order: Vec<u32>,
}

/// A way from a block to another.
#[derive(Clone, Copy)]
struct Exit {
    block: u32,
    /// Nothing is sent, received, performed or yielded between the start of the block and this exit.
    silent: bool,
}

impl Graph {
    /// The block that starts at an instruction.
    pub(super) fn block_at(&self, pc: usize) -> Option<usize> {
        self.block_at.get(pc).filter(|&&block| block != NONE).map(|&block| block as usize)
    }

    /// The blocks control can go to from a block, those of its children included.
    pub(super) fn next(&self, block: u32) -> impl Iterator<Item = u32> {
        self.exits(block).iter().map(|exit| exit.block)
    }

    fn exits(&self, block: u32) -> &[Exit] {
        &self.exits[self.starts[block as usize]..self.starts[block as usize + 1]]
    }
}

/// Whether control can go to the next instruction.
pub(super) const fn falls_through(instr: &Instr) -> bool {
    match instr {
        Instr::Choose { .. }
        | Instr::Switch { .. }
        | Instr::Jump { .. }
        | Instr::Fail { .. }
        | Instr::Halt { .. }
        | Instr::Finish
        | Instr::Exit { .. }
        | Instr::Abort => false,
        Instr::Send { .. }
        | Instr::Offer { .. }
        | Instr::Receive { .. }
        | Instr::Perform { .. }
        | Instr::Set { .. }
        | Instr::Move { .. }
        | Instr::Prim { .. }
        | Instr::Make { .. }
        | Instr::Get { .. }
        | Instr::Count { .. }
        | Instr::Branch { .. }
        | Instr::Yield
        | Instr::Spawn { .. }
        | Instr::JoinAll
        | Instr::Enter { .. }
        | Instr::Leave { .. }
        | Instr::Open { .. }
        | Instr::Close { .. }
        | Instr::Acquire { .. }
        | Instr::Release { .. }
        | Instr::Fork { .. }
        | Instr::Join
        | Instr::Transfer { .. }
        | Instr::Tag { .. }
        | Instr::Check { .. } => true,
    }
}

const fn is_silent(instr: &Instr) -> bool {
    match instr {
        Instr::Send { .. }
        | Instr::Offer { .. }
        | Instr::Receive { .. }
        | Instr::Choose { .. }
        | Instr::Perform { .. }
        | Instr::Yield
        // A branch was run, or a scope began or ended: others can see that.
        | Instr::JoinAll
        | Instr::Enter { .. }
        | Instr::Exit { .. }
        | Instr::Open { .. }
        | Instr::Close { .. }
        | Instr::Transfer { .. } => false,
        Instr::Set { .. }
        | Instr::Move { .. }
        | Instr::Prim { .. }
        | Instr::Make { .. }
        | Instr::Get { .. }
        | Instr::Count { .. }
        | Instr::Switch { .. }
        | Instr::Branch { .. }
        | Instr::Jump { .. }
        | Instr::Fail { .. }
        | Instr::Halt { .. }
        | Instr::Spawn { .. }
        | Instr::Finish
        | Instr::Leave { .. }
        | Instr::Acquire { .. }
        | Instr::Release { .. }
        | Instr::Fork { .. }
        | Instr::Join
        | Instr::Abort
        | Instr::Tag { .. }
        | Instr::Check { .. } => true,
    }
}

/// Calls `visit` with the target of each jump an instruction can make.
fn targets(function: &Function, instr: &Instr, mut visit: impl FnMut(u32) -> Check) -> Check {
    match *instr {
        Instr::Jump { target }
        | Instr::Branch { val: _, target }
        | Instr::Spawn { target }
        | Instr::Fork { target } => visit(target),
        Instr::Switch { val: _, table } => function.switches[table as usize].iter().try_for_each(|&to| visit(to)),
        Instr::Choose { table } => function.chooses[table as usize].rows.iter().try_for_each(|row| visit(row.target)),
        Instr::Enter { scope } => function.scopes[scope as usize].rows.iter().try_for_each(|row| visit(row.target)),
        // The other outcomes are learnt anywhere in the body.
        Instr::Exit { scope } => {
            function.scopes[scope as usize].rows.iter().take(1).try_for_each(|row| visit(row.target))
        }
        Instr::Send { .. }
        | Instr::Offer { .. }
        | Instr::Receive { .. }
        | Instr::Perform { .. }
        | Instr::Set { .. }
        | Instr::Move { .. }
        | Instr::Prim { .. }
        | Instr::Make { .. }
        | Instr::Get { .. }
        | Instr::Count { .. }
        | Instr::Yield
        | Instr::Fail { .. }
        | Instr::Halt { .. }
        | Instr::JoinAll
        | Instr::Finish
        | Instr::Leave { .. }
        | Instr::Open { .. }
        | Instr::Close { .. }
        | Instr::Acquire { .. }
        | Instr::Release { .. }
        | Instr::Join
        | Instr::Abort
        | Instr::Transfer { .. }
        | Instr::Tag { .. }
        | Instr::Check { .. } => Ok(()),
    }
}

/// Checks the control of one role.
pub(super) fn check(subject: &Subject<'_>, budget: &mut Budget) -> Check<Graph> {
    let mut graph = blocks(subject)?;
    exits(subject, &mut graph, budget)?;
    let (mut order, _) = search(&graph, [0].into_iter(), |_| true);
    order.reverse();
    graph.order = order;
    if graph.order.len() < subject.function.blocks.len() {
        let mut reached = vec![false; subject.function.blocks.len()];
        graph.order.iter().for_each(|&block| reached[block as usize] = true);
        let lost = reached.iter().position(|reached| !reached).expect("fewer blocks are reached than there are");
        return violation_at("V2.5", subject.function.blocks[lost].pc as usize, "this block is never reached");
    }
    let (_, cycle) = search(&graph, graph.order.iter().copied(), |exit| exit.silent);
    if let Some(block) = cycle {
        let pc = subject.function.blocks[block as usize].pc as usize;
        return violation_at("V2.6", pc, "a loop through this block does not communicate, perform or yield");
    }
    Ok(graph)
}

fn blocks(subject: &Subject<'_>) -> Check<Graph> {
    let Function { code, blocks, .. } = subject.function;
    match (blocks.first(), code.last()) {
        (Some(first), Some(last)) => {
            if first.pc != 0 || first.state != StateId(0) {
                return violation("V2.1", "the first block does not start at instruction 0 in state 0");
            }
            if falls_through(last) {
                return violation_at("V2.4", code.len() - 1, "the last instruction goes on");
            }
        }
        _ => return violation("V2.1", "there is no code"),
    }
    let mut block_at = vec![NONE; code.len()];
    for (number, block) in (0..).zip(blocks) {
        let ascending = number == 0 || blocks[number as usize - 1].pc < block.pc;
        match block_at.get_mut(block.pc as usize) {
            Some(slot) if ascending => *slot = number,
            _ => {
                return violation("V2.2", format!("block {number} is not after the one before it, or not in the code"));
            }
        }
        if block.state.0 as usize >= subject.machine.states.len() {
            return violation("V1.8", format!("block {number} is in state {}, which is not there", block.state.0));
        }
    }
    Ok(Graph { block_at, starts: Vec::with_capacity(blocks.len() + 1), exits: Vec::new(), order: Vec::new() })
}

fn exits(subject: &Subject<'_>, graph: &mut Graph, budget: &mut Budget) -> Check {
    let code = &subject.function.code;
    let mut silent = true;
    for (pc, instr) in code.iter().enumerate() {
        if graph.block_at[pc] != NONE {
            graph.starts.push(graph.exits.len());
            silent = true;
        }
        silent &= is_silent(instr);
        targets(subject.function, instr, |target| {
            let Some(block) = graph.block_at(target as usize) else {
                return violation_at("V2.3", pc, format!("instruction {target} is not the start of a block"));
            };
            budget.spend(1, pc)?;
            graph.exits.push(Exit { block: u32::try_from(block).expect("it comes from a u32"), silent });
            Ok(())
        })?;
        let next = graph.block_at(pc + 1);
        match (falls_through(instr), next) {
            (true, Some(block)) => {
                graph.exits.push(Exit { block: u32::try_from(block).expect("it comes from a u32"), silent });
            }
            (false, None) if pc + 1 < code.len() => {
                return violation_at("V2.5", pc + 1, "nothing leads to this instruction");
            }
            _ => {}
        }
    }
    graph.starts.push(graph.exits.len());
    Ok(())
}

/// Depth-first search along the exits that `follow` allows: the blocks in postorder, and one on a cycle if any.
fn search(graph: &Graph, roots: impl Iterator<Item = u32>, follow: impl Fn(&Exit) -> bool) -> (Vec<u32>, Option<u32>) {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        Unseen,
        Open,
        Done,
    }
    let mut marks = vec![Mark::Unseen; graph.starts.len() - 1];
    let mut postorder = Vec::with_capacity(marks.len());
    let mut cycle = None;
    let mut stack: Vec<(u32, std::slice::Iter<'_, Exit>)> = Vec::new();
    for root in roots {
        if marks[root as usize] == Mark::Unseen {
            marks[root as usize] = Mark::Open;
            stack.push((root, graph.exits(root).iter()));
        }
        while let Some((block, exits)) = stack.last_mut() {
            match exits.find(|exit| follow(exit)) {
                Some(&Exit { block: next, .. }) => match marks[next as usize] {
                    Mark::Unseen => {
                        marks[next as usize] = Mark::Open;
                        stack.push((next, graph.exits(next).iter()));
                    }
                    Mark::Open => cycle = Some(next),
                    Mark::Done => {}
                },
                None => {
                    marks[*block as usize] = Mark::Done;
                    postorder.push(*block);
                    stack.pop();
                }
            }
        }
    }
    (postorder, cycle)
}
