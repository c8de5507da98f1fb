//! Putting instructions into code and taking them out, with everything that points behind them moved along.

use tell_ir::image::Function;
use tell_ir::instr::Instr;

/// Puts an instruction before the one at `pc`: first in the block that starts there, if one does, or last in the block
/// before it.
pub(super) fn insert(function: &mut Function, pc: usize, instr: Instr, is_first: bool) {
    function.code.insert(pc, instr);
    let moves = |target: usize| if is_first { target > pc } else { target >= pc };
    shift(function, |target| if moves(target as usize) { target.saturating_add(1) } else { target });
}

/// Takes the instruction at `pc` out. What pointed there points to the next one.
pub(super) fn remove(function: &mut Function, pc: usize) {
    function.code.remove(pc);
    shift(function, |target| if target as usize > pc { target - 1 } else { target });
    let mut seen = None;
    function.blocks.retain(|block| seen.replace(block.pc) != Some(block.pc));
}

/// Moves every place in a function.
fn shift(function: &mut Function, to: impl Fn(u32) -> u32) {
    let move_on = |target: &mut u32| *target = to(*target);
    function.blocks.iter_mut().for_each(|block| move_on(&mut block.pc));
    function.chooses.iter_mut().flat_map(|table| &mut table.rows).for_each(|row| move_on(&mut row.target));
    function.scopes.iter_mut().flat_map(|table| &mut table.rows).for_each(|row| move_on(&mut row.target));
    function.switches.iter_mut().flatten().for_each(move_on);
    for instr in &mut function.code {
        if let Instr::Branch { target, .. }
        | Instr::Jump { target }
        | Instr::Spawn { target }
        | Instr::Fork { target } = instr
        {
            move_on(target);
        }
    }
}
