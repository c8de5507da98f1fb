//! One change anywhere in an image.
//!
//! Most changes put something that exists in another place, so that they are wrong in what they mean and not in what
//! they are: an index beyond its table is found by everybody.

mod entry;
pub(super) mod graph;

use super::operand::{Slot, slots};
use super::surgery::{insert, remove};
use crate::numbers::Numbers;
use tell_ir::image::{Block, CodeImage, Function};
use tell_ir::instr::{FailKind, Instr};
use tell_ir::machine::{State, StateId, Transition};
use tell_ir::prim::Prim;

/// Changes one thing.
pub fn change(image: &mut CodeImage, numbers: &mut Numbers) {
    let role = numbers.below(image.functions.len());
    if role >= image.functions.len() || role >= image.machines.len() {
        return entry::change(image, numbers);
    }
    match numbers.below(20) {
        0..=3 => operand(image, role, numbers),
        4..=8 => code(image, role, numbers),
        9 | 10 => block(image, role, numbers),
        11 | 12 => machine(image, role, numbers),
        13..=15 => table(&mut image.functions[role], numbers),
        16 | 17 => entry::of_role(image, role, numbers),
        _ => entry::change(image, numbers),
    }
}

/// Mostly an index of a table of that length.
fn index(numbers: &mut Numbers, len: usize) -> usize {
    match numbers.below(40) {
        0 => len,
        1 => usize::from(u16::MAX),
        _ => numbers.below(len),
    }
}

/// Changes an operand of an instruction.
fn operand(image: &mut CodeImage, role: usize, numbers: &mut Numbers) {
    let (roles, labels) = (image.roles.len(), image.labels.len());
    let function = &mut image.functions[role];
    let registers = function.regs.len();
    let starts: Vec<u32> = function.blocks.iter().map(|block| block.pc).collect();
    if function.code.is_empty() {
        return;
    }
    let at = numbers.below(function.code.len());
    let mut slots = slots(&mut function.code[at]);
    if slots.is_empty() {
        return;
    }
    let slot = numbers.below(slots.len());
    match &mut slots[slot] {
        Slot::Role(role) => **role = index(numbers, roles) as u16,
        Slot::Label(label) => **label = index(numbers, labels) as u16,
        Slot::Register(reg) => **reg = index(numbers, registers) as u16,
        Slot::Short(entry) => **entry = index(numbers, 4) as u16,
        Slot::Long(entry) => **entry = index(numbers, 4) as u32,
        Slot::Target(target) if starts.is_empty() || numbers.percent(10) => **target = target.wrapping_add(1),
        Slot::Target(target) => **target = *numbers.pick(&starts),
    }
}

/// Changes which instructions there are, and in which order.
fn code(image: &mut CodeImage, role: usize, numbers: &mut Numbers) {
    let from = if numbers.percent(70) { role } else { numbers.below(image.functions.len()) };
    let known = &image.functions[from].code;
    let copied = (!known.is_empty()).then(|| *numbers.pick(known));
    let plain = plain(&image.functions[role], numbers);
    let function = &mut image.functions[role];
    let len = function.code.len();
    let (at, other) = (numbers.below(len), numbers.below(len));
    match (numbers.below(8), copied) {
        (0, Some(copied)) => insert(function, at, copied, numbers.percent(50)),
        (1 | 2, _) => insert(function, at, plain, numbers.percent(50)),
        (3 | 4, _) if len > 0 => remove(function, at),
        (5, _) if len > 0 => function.code.swap(at, other),
        (6, _) if len > 1 => function.code.swap(at, (at + 1) % len),
        (7, Some(copied)) if len > 0 => function.code[at] = copied,
        _ if len > 0 => function.code[at] = plain,
        _ => {}
    }
}

/// Any instruction, with small numbers.
fn plain(function: &Function, numbers: &mut Numbers) -> Instr {
    let reg = |numbers: &mut Numbers| index(numbers, function.regs.len()) as u16;
    let target = |numbers: &mut Numbers| match function.blocks.is_empty() {
        true => 0,
        false => numbers.pick(&function.blocks).pc,
    };
    let (small, entry) = (numbers.below(3) as u16, numbers.below(3) as u32);
    let (a, b, c) = (reg(numbers), reg(numbers), reg(numbers));
    match numbers.below(34) {
        0 => Instr::Send { to: small, label: numbers.below(5) as u16, val: a },
        1 => Instr::Offer { to: small, label: numbers.below(5) as u16, val: a },
        2 => Instr::Receive { from: small, label: numbers.below(5) as u16, dst: a },
        3 => Instr::Choose { table: entry },
        4 => Instr::Perform { op: small, args: a, dst: b },
        5 | 6 => Instr::Set { dst: a, value: numbers.below(6) as u32 },
        7 => Instr::Move { dst: a, src: b },
        8 => Instr::Prim { op: *numbers.pick(Prim::ALL), dst: a, a: b, b: c },
        9 => Instr::Make { dst: a, shape: numbers.below(8) as u16, args: b },
        10 => Instr::Get { dst: a, src: b, index: small },
        11 => Instr::Count { dst: a, src: b },
        12 => Instr::Switch { val: a, table: entry },
        13 => Instr::Branch { val: a, target: target(numbers) },
        14 => Instr::Jump { target: target(numbers) },
        15 | 16 => Instr::Yield,
        17 => Instr::Fail { fault: FailKind::Assertion, text: entry },
        18 => Instr::Halt { finals: entry },
        19 => Instr::Spawn { target: target(numbers) },
        20 => Instr::JoinAll,
        21 => Instr::Finish,
        22 => Instr::Enter { scope: entry },
        23 => Instr::Exit { scope: entry },
        24 => Instr::Leave { scope: entry },
        25 => Instr::Open { table: entry, dst: a },
        26 => Instr::Close { endpoint: a, dst: b },
        27 => Instr::Acquire { layer: small, dst: a },
        28 => Instr::Release { layer: small, evidence: a },
        29 => Instr::Fork { target: target(numbers) },
        30 => Instr::Join,
        31 => Instr::Abort,
        32 => Instr::Transfer { endpoint: a, to: small, bundle: 0 },
        _ if numbers.percent(50) => Instr::Tag { fact: small, dst: a },
        _ => Instr::Check { fact: small, to: 0, dst: a },
    }
}

/// Changes where blocks start and in which state.
fn block(image: &mut CodeImage, role: usize, numbers: &mut Numbers) {
    let states = image.machines[role].states.len();
    let function = &mut image.functions[role];
    let state = StateId(index(numbers, states) as u32);
    let at = numbers.below(function.blocks.len());
    match numbers.below(4) {
        0 if at < function.blocks.len() => drop(function.blocks.remove(at)),
        1 if at < function.blocks.len() => function.blocks[at].state = state,
        2 if at < function.blocks.len() => function.blocks[at].pc = index(numbers, function.code.len()) as u32,
        _ => {
            let pc = index(numbers, function.code.len()) as u32;
            let place = function.blocks.partition_point(|block| block.pc < pc);
            // Mostly the state that the block before it has.
            let before = function.blocks.get(place.wrapping_sub(1)).map(|block| block.state);
            let state = before.filter(|_| numbers.percent(60)).unwrap_or(state);
            function.blocks.insert(place, Block { pc, state });
        }
    }
}

/// Changes a state of the machine.
fn machine(image: &mut CodeImage, role: usize, numbers: &mut Numbers) {
    let states = &mut image.machines[role].states;
    let len = states.len();
    if len == 0 {
        return states.push(State::End);
    }
    let (at, other) = (numbers.below(len), numbers.below(len));
    let target = StateId(index(numbers, len) as u32);
    match numbers.below(8) {
        0 => states.swap(at, other),
        1 => states[at] = states[other].clone(),
        2 => states.push(State::End),
        _ => match &mut states[at] {
            State::Send(rows) => of_rows(rows, target, numbers),
            State::Recv { may_end, .. } if numbers.percent(30) => *may_end = !*may_end,
            State::Recv { rows, .. } => of_rows(rows, target, numbers),
            State::Tau(next) => match numbers.below(3) {
                0 if next.len() > 1 => drop(next.pop()),
                1 => next.push(target),
                _ => next.iter_mut().for_each(|state| *state = target),
            },
            State::Par { branches, then } => match numbers.below(4) {
                0 => drop(branches.pop()),
                1 => branches.push(target),
                2 => branches.rotate_left(1),
                _ => *then = target,
            },
            State::Scope { scope, body, rows, then } => match numbers.below(5) {
                0 => *scope ^= 1,
                1 => *body = target,
                2 => drop(rows.pop()),
                3 => rows.iter_mut().for_each(|row| row.1 = target),
                _ => *then = target,
            },
            state @ (State::End | State::Join) => {
                *state = numbers.pick(&[State::End, State::Join, State::Tau(vec![target])]).clone();
            }
        },
    }
}

fn of_rows(rows: &mut Vec<Transition>, target: StateId, numbers: &mut Numbers) {
    if rows.is_empty() {
        return rows.push(Transition { partner: 0, label: 0, target });
    }
    let row = numbers.below(rows.len());
    match numbers.below(5) {
        0 => drop(rows.remove(row)),
        1 => rows.push(Transition { label: index(numbers, 5) as u16, ..rows[row] }),
        2 => rows[row].label = index(numbers, 5) as u16,
        3 => rows[row].partner = index(numbers, 3) as u16,
        _ => rows[row].target = target,
    }
}

/// Changes a table of a function.
fn table(function: &mut Function, numbers: &mut Numbers) {
    let registers = function.regs.len();
    let reg = index(numbers, registers) as u16;
    let target = if function.blocks.is_empty() { 0 } else { numbers.pick(&function.blocks).pc };
    let finals = function.finals.len();
    match numbers.below(6) {
        0 | 1 => entry::of_chooses(&mut function.chooses, (reg, target, finals), numbers),
        2 => {
            for table in function.switches.iter_mut().rev().take(1) {
                let at = numbers.below(table.len());
                match numbers.below(3) {
                    0 => table.push(target),
                    1 => drop(table.pop()),
                    _ => table.iter_mut().skip(at).take(1).for_each(|known| *known = target),
                }
            }
        }
        3 => entry::of_finals(&mut function.finals, reg, numbers),
        4 => entry::of_scopes(&mut function.scopes, (reg, target), numbers),
        _ => entry::of_opens(&mut function.opens, reg, numbers),
    }
}
