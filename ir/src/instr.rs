//! The one table of instructions (MACHINE §1).
//!
//! Encoding, disassembly, verification, cost and `docs/bytecode.md` derive from this list. Registers are indices
//! into the frame of a coroutine. The decoded form is at most 8 bytes.
//!
//! The cost of an instruction is what a step of it takes from the credits of its coroutine, and 1 where the list says
//! nothing. Costs are weights, not times: a message is put on an edge or taken off it and may wake somebody (5), a branch
//! or a scope changes what the session knows of its roles (10), an operation leaves the machine (20). The size of a value
//! does not count: it has a limit of its own.

use crate::prim::Prim;
use serde::{Deserialize, Serialize};

/// A register of the current frame.
pub type Reg = u16;

/// What the table says about one instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its code in the canonical encoding; also its index in [`Instr::TABLE`].
    pub code: u8,
    /// Its name.
    pub name: &'static str,
    /// Its operands in order: name and type.
    pub operands: &'static [(&'static str, &'static str)],
    /// What a step of it costs, in credits.
    pub cost: u32,
    /// What it does.
    pub doc: &'static str,
}

/// The operands of one instruction as numbers, in the order of its [`Row`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operands {
    values: [u32; 4],
    len: u8,
}

impl Operands {
    const fn new() -> Self {
        Self { values: [0; 4], len: 0 }
    }

    fn push(&mut self, value: u32) {
        self.values[usize::from(self.len)] = value;
        self.len += 1;
    }

    /// The numbers.
    #[must_use]
    pub fn as_slice(&self) -> &[u32] {
        &self.values[..usize::from(self.len)]
    }
}

/// An operand as a number and as bytes.
trait Operand: Copy {
    fn number(self) -> u32;
    fn write(self, out: &mut Vec<u8>);
}

impl Operand for u16 {
    fn number(self) -> u32 {
        u32::from(self)
    }

    fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }
}

impl Operand for u32 {
    fn number(self) -> u32 {
        self
    }

    fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }
}

impl Operand for Prim {
    fn number(self) -> u32 {
        u32::from(self as u8)
    }

    fn write(self, out: &mut Vec<u8>) {
        out.push(self as u8);
    }
}

impl Operand for FailKind {
    fn number(self) -> u32 {
        u32::from(self as u8)
    }

    fn write(self, out: &mut Vec<u8>) {
        out.push(self as u8);
    }
}

/// The cost a line of the list says, or 1.
const fn or_one(said: &[u32]) -> u32 {
    match said {
        [cost, ..] => *cost,
        [] => 1,
    }
}

macro_rules! instructions {
    ($(#[doc = $doc:literal] $name:ident $({ $($field:ident : $ty:ident),* })? = $code:literal $(, cost $cost:literal)?;)*) => {
        /// An instruction of this version of the machine.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[allow(missing_docs, reason = "the line of an instruction says what its operands are")]
        pub enum Instr { $(#[doc = $doc] $name $({ $($field: $ty),* })?),* }

        impl Instr {
            /// Every instruction, in order of its code.
            pub const TABLE: &'static [Row] = &[$(Row {
                code: $code,
                name: stringify!($name),
                operands: &[$($((stringify!($field), stringify!($ty))),*)?],
                cost: or_one(&[$($cost)?]),
                doc: $doc,
            }),*];

            /// Its code in the canonical encoding.
            #[must_use]
            pub const fn code(&self) -> u8 {
                match self { $(Self::$name { .. } => $code),* }
            }

            /// What a step of it costs, in credits.
            #[must_use]
            pub const fn cost(&self) -> u32 {
                Self::TABLE[self.code() as usize].cost
            }

            /// Its operands as numbers.
            #[must_use]
            pub fn operands(&self) -> Operands {
                let mut numbers = Operands::new();
                match *self { $(Self::$name $({ $($field),* })? => { $($(numbers.push(Operand::number($field));)*)? })* }
                numbers
            }

            /// Appends its canonical bytes: its code, then the operands in their width, little-endian.
            pub(crate) fn write_canonical(&self, out: &mut Vec<u8>) {
                out.push(self.code());
                match *self { $(Self::$name $({ $($field),* })? => { $($(Operand::write($field, out);)*)? })* }
            }
        }
    };
}

instructions! {
    /// Sends the value in `val` under `label` to role `to`; blocks while the edge is full.
    Send { to: u16, label: u16, val: Reg } = 0, cost 5;
    /// Like `Send`, where this role selected among several branches.
    Offer { to: u16, label: u16, val: Reg } = 1, cost 5;
    /// Waits for `label` from role `from` and puts the payload into `dst`.
    Receive { from: u16, label: u16, dst: Reg } = 2, cost 5;
    /// Waits for the first row of choose table `table` whose label is at the head of its partner's edge.
    Choose { table: u32 } = 3, cost 5;
    /// Performs operation `op` with its arguments in consecutive registers from `args`; the answer goes to `dst`.
    Perform { op: u16, args: Reg, dst: Reg } = 4, cost 20;
    /// Puts constant `value` into `dst`.
    Set { dst: Reg, value: u32 } = 5;
    /// Copies `src` to `dst`.
    Move { dst: Reg, src: Reg } = 6;
    /// Applies a primitive.
    Prim { op: Prim, dst: Reg, a: Reg, b: Reg } = 7;
    /// Builds a value of shape `shape` from consecutive registers from `args`.
    Make { dst: Reg, shape: u16, args: Reg } = 8;
    /// Takes component `index` of the tuple, record or union in `src` (of a list: faults when out of range).
    Get { dst: Reg, src: Reg, index: u16 } = 9;
    /// Puts the element count of the list in `src` into `dst` (for list patterns).
    Count { dst: Reg, src: Reg } = 10;
    /// Jumps by the tag of the union, `Maybe` or `Result` in `val` through switch table `table`.
    Switch { val: Reg, table: u32 } = 11;
    /// Jumps to `target` when the Bool in `val` is false, else goes on.
    Branch { val: Reg, target: u32 } = 12;
    /// Goes to `target`.
    Jump { target: u32 } = 13;
    /// Lets the other coroutines of the session run.
    Yield = 14;
    /// Raises fault `fault` with the text of constant `text`.
    Fail { fault: FailKind, text: u32 } = 15;
    /// Ends the coroutine; its final values are those of finals table `finals`.
    Halt { finals: u32 } = 16;
    /// Starts a child coroutine of this role at `target`, in the same frame.
    Spawn { target: u32 } = 17, cost 10;
    /// Waits until all children of this coroutine are done.
    JoinAll = 18;
    /// Ends a child coroutine.
    Finish = 19, cost 10;
    /// Goes into a run of the scope of scope table `scope`; where this role owns it, its deadline starts.
    Enter { scope: u32 } = 20, cost 10;
    /// Ends this role's part of the body: the owner decides `done`, the others wait for the outcome.
    Exit { scope: u32 } = 21, cost 10;
    /// Ends the block of an outcome.
    Leave { scope: u32 } = 22, cost 10;
    /// Opens a nested session by open table `table`; its endpoint goes to `dst`.
    Open { table: u32, dst: Reg } = 23, cost 100;
    /// Waits until the session of the endpoint in `endpoint` has ended, and forgets it; how it ended goes to `dst`.
    Close { endpoint: Reg, dst: Reg } = 24, cost 10;
    /// Takes guard layer `layer`, or waits for it; the evidence goes to `dst`.
    Acquire { layer: u16, dst: Reg } = 25, cost 10;
    /// Gives guard layer `layer` back, by its evidence.
    Release { layer: u16, evidence: Reg } = 26, cost 10;
    /// Starts to speculate; `Abort`, and whatever would wait, undoes all since and goes to `target`.
    Fork { target: u32 } = 27, cost 10;
    /// Ends a speculation: what it sent is delivered.
    Join = 28, cost 10;
    /// Undoes a speculation.
    Abort = 29, cost 10;
    /// Sends the endpoint in `endpoint` to role `to` with the facts of bundle `bundle`; its owner is the receiver then.
    Transfer { endpoint: Reg, to: u16, bundle: u16 } = 30, cost 10;
    /// This role knows fact `fact` from now on; its witness goes to `dst`.
    Tag { fact: u16, dst: Reg } = 31, cost 10;
    /// Puts into `dst` whether this role knows fact `fact` and may let role `to` know it.
    Check { fact: u16, to: u16, dst: Reg } = 32, cost 10;
}

/// The faults code raises by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub enum FailKind {
    /// An `assert` that does not hold.
    Assertion = 0,
    /// A choice none of whose branches is open.
    NoOpenBranch = 1,
    /// A value outside every arm; unreachable in code our compiler emits.
    Unreachable = 2,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_is_at_most_eight_bytes() {
        assert!(size_of::<Instr>() <= 8, "{}", size_of::<Instr>());
    }

    #[test]
    fn codes_are_indices() {
        for (index, row) in Instr::TABLE.iter().enumerate() {
            assert_eq!(usize::from(row.code), index, "{}", row.name);
        }
        let instr = Instr::Prim { op: Prim::Min, dst: 1, a: 2, b: 3 };
        assert_eq!(instr.operands().as_slice(), [29, 1, 2, 3]);
        assert_eq!(Instr::TABLE[usize::from(instr.code())].name, "Prim");
    }

    #[test]
    fn every_step_costs_something() {
        assert!(Instr::TABLE.iter().all(|row| row.cost >= 1));
        assert_eq!(Instr::Move { dst: 0, src: 1 }.cost(), 1);
        assert_eq!(Instr::Send { to: 0, label: 0, val: 0 }.cost(), 5);
        assert_eq!(Instr::Perform { op: 0, args: 0, dst: 0 }.cost(), 20);
    }
}
