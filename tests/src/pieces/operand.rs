//! The operands of instructions as places that can be changed, with what they mean.

use tell_ir::instr::Instr;

/// What an operand is an index of.
pub(super) enum Slot<'a> {
    Role(&'a mut u16),
    Label(&'a mut u16),
    Register(&'a mut u16),
    /// Any other table of 16-bit indices, or a number of a component.
    Short(&'a mut u16),
    /// A table of 32-bit indices.
    Long(&'a mut u32),
    /// An instruction.
    Target(&'a mut u32),
}

/// The operands of an instruction.
pub(super) fn slots(instr: &mut Instr) -> Vec<Slot<'_>> {
    use Slot::{Label, Long, Register, Role, Short, Target};
    match instr {
        Instr::Send { to, label, val } | Instr::Offer { to, label, val } => {
            vec![Role(to), Label(label), Register(val)]
        }
        Instr::Receive { from, label, dst } => vec![Role(from), Label(label), Register(dst)],
        Instr::Choose { table } => vec![Long(table)],
        Instr::Perform { op, args, dst } => vec![Short(op), Register(args), Register(dst)],
        Instr::Set { dst, value } => vec![Register(dst), Long(value)],
        Instr::Move { dst, src } | Instr::Count { dst, src } => vec![Register(dst), Register(src)],
        Instr::Prim { dst, a, b, .. } => vec![Register(dst), Register(a), Register(b)],
        Instr::Make { dst, shape, args } => vec![Register(dst), Short(shape), Register(args)],
        Instr::Get { dst, src, index } => vec![Register(dst), Register(src), Short(index)],
        Instr::Switch { val, table } => vec![Register(val), Long(table)],
        Instr::Branch { val, target } => vec![Register(val), Target(target)],
        Instr::Jump { target } | Instr::Spawn { target } | Instr::Fork { target } => vec![Target(target)],
        Instr::Fail { text: table, .. } | Instr::Halt { finals: table } => vec![Long(table)],
        Instr::Enter { scope } | Instr::Exit { scope } | Instr::Leave { scope } => vec![Long(scope)],
        Instr::Open { table, dst } => vec![Long(table), Register(dst)],
        Instr::Close { endpoint, dst } => vec![Register(endpoint), Register(dst)],
        Instr::Acquire { layer, dst } => vec![Short(layer), Register(dst)],
        Instr::Release { layer, evidence } => vec![Short(layer), Register(evidence)],
        Instr::Transfer { endpoint, to, bundle } => vec![Register(endpoint), Role(to), Short(bundle)],
        Instr::Tag { fact, dst } => vec![Short(fact), Register(dst)],
        Instr::Check { fact, to, dst } => vec![Short(fact), Role(to), Register(dst)],
        Instr::Yield | Instr::JoinAll | Instr::Finish | Instr::Join | Instr::Abort => Vec::new(),
    }
}
