//! Jumps to jumps are made direct, and what nothing leads to any more is left out.
//!
//! A block carries the state of the local machine it is entered in, and control may enter only blocks of the same
//! state or of one directly behind it (rule V5.7); a jump is made direct only where that stays true.

use tell_ir::image::Function;
use tell_ir::instr::Instr;
use tell_ir::machine::StateId;

/// Shortens the code of a function. `spans` names instructions and is kept in step.
pub(super) fn shorten(function: &mut Function, spans: &mut Vec<(u32, u32, u32)>) {
    make_direct(function);
    drop_needless(function, spans);
}

fn state_at(function: &Function, pc: u32) -> StateId {
    let index = function.blocks.partition_point(|block| block.pc <= pc);
    function.blocks[index - 1].state
}

/// Where a jump to `target` ends up. `from` is the state it is made in, if that is known.
fn end_of(function: &Function, target: u32, from: Option<StateId>) -> u32 {
    let mut at = target;
    // A chain without end would be a loop of jumps; it is left as it is.
    for _ in 0..function.code.len() {
        let Instr::Jump { target: next } = function.code[at as usize] else { return at };
        let (here, there) = (state_at(function, at), state_at(function, next));
        if here != there && from != Some(here) {
            return at;
        }
        at = next;
    }
    target
}

fn make_direct(function: &mut Function) {
    let mut block = 0;
    let mut state = None;
    for pc in 0..function.code.len() {
        while function.blocks.get(block).is_some_and(|start| start.pc as usize == pc) {
            state = Some(function.blocks[block].state);
            block += 1;
        }
        match function.code[pc] {
            Instr::Jump { target } => function.code[pc] = Instr::Jump { target: end_of(function, target, state) },
            Instr::Branch { val, target } => {
                function.code[pc] = Instr::Branch { val, target: end_of(function, target, state) };
            }
            Instr::Switch { table, .. } => {
                for row in 0..function.switches[table as usize].len() {
                    let target = function.switches[table as usize][row];
                    function.switches[table as usize][row] = end_of(function, target, state);
                }
            }
            Instr::Spawn { target } => function.code[pc] = Instr::Spawn { target: end_of(function, target, None) },
            // Behind these the machine is in another state.
            Instr::Send { .. }
            | Instr::Offer { .. }
            | Instr::Receive { .. }
            | Instr::JoinAll
            | Instr::Enter { .. }
            | Instr::Leave { .. } => state = None,
            _ => {}
        }
    }
    for table in 0..function.chooses.len() {
        for row in 0..function.chooses[table].rows.len() {
            let target = function.chooses[table].rows[row].target;
            function.chooses[table].rows[row].target = end_of(function, target, None);
        }
    }
    for table in 0..function.scopes.len() {
        for row in 0..function.scopes[table].rows.len() {
            let target = function.scopes[table].rows[row].target;
            function.scopes[table].rows[row].target = end_of(function, target, None);
        }
    }
}

/// Adds where control can go from an instruction.
fn push_next(function: &Function, pc: u32, todo: &mut Vec<u32>) {
    match function.code[pc as usize] {
        Instr::Jump { target } => todo.push(target),
        Instr::Branch { target, .. } | Instr::Spawn { target } => todo.extend([target, pc + 1]),
        Instr::Switch { table, .. } => todo.extend(&function.switches[table as usize]),
        Instr::Choose { table } => todo.extend(function.chooses[table as usize].rows.iter().map(|row| row.target)),
        Instr::Enter { scope } => {
            todo.push(pc + 1);
            todo.extend(function.scopes[scope as usize].rows.iter().map(|row| row.target));
        }
        Instr::Halt { .. } | Instr::Fail { .. } | Instr::Finish | Instr::Exit { .. } => {}
        _ => todo.push(pc + 1),
    }
}

/// Instructions that are reached.
fn reached(function: &Function) -> Vec<bool> {
    let mut reached = vec![false; function.code.len()];
    let mut todo = vec![0];
    while let Some(pc) = todo.pop() {
        if !std::mem::replace(&mut reached[pc as usize], true) {
            push_next(function, pc, &mut todo);
        }
    }
    reached
}

/// Instructions that are reached and do something.
fn needed(function: &Function) -> Vec<bool> {
    let mut needed = reached(function);
    let mut starts = function.blocks.iter().rev().map(|block| block.pc as usize).peekable();
    // The next instruction that is reached.
    let mut following = None;
    for pc in (0..needed.len()).rev() {
        while starts.next_if(|start| *start > pc).is_some() {}
        if !needed[pc] {
            continue;
        }
        let is_jump_on = matches!(function.code[pc], Instr::Jump { target } if following == Some(target as usize));
        // A block keeps at least one instruction, so that no two blocks start at one place.
        let is_alone = starts.peek() == Some(&pc);
        needed[pc] = !is_jump_on || is_alone;
        following = Some(pc);
    }
    needed
}

fn drop_needless(function: &mut Function, spans: &mut Vec<(u32, u32, u32)>) {
    let needed = needed(function);
    let mut places = Vec::with_capacity(needed.len() + 1);
    let mut count = 0;
    for kept in &needed {
        places.push(count);
        count += u32::from(*kept);
    }
    let place = |target: &mut u32| *target = places[*target as usize];
    function.blocks.retain(|block| needed[block.pc as usize]);
    function.blocks.iter_mut().for_each(|block| place(&mut block.pc));
    spans.retain(|(pc, _, _)| needed.get(*pc as usize).copied().unwrap_or(false));
    spans.iter_mut().for_each(|(pc, _, _)| place(pc));
    let mut kept = needed.iter();
    function.code.retain(|_| *kept.next().expect("one mark per instruction"));
    for instr in &mut function.code {
        if let Instr::Branch { target, .. } | Instr::Jump { target } | Instr::Spawn { target } = instr {
            place(target);
        }
    }
    function.switches.iter_mut().flatten().for_each(place);
    function.chooses.iter_mut().flat_map(|table| &mut table.rows).for_each(|row| place(&mut row.target));
    function.scopes.iter_mut().flat_map(|table| &mut table.rows).for_each(|row| place(&mut row.target));
}
