//! The one table of instructions (MACHINE §1).
//!
//! Encoding, text, verification, cost and `docs/bytecode.md` derive from this list. Registers are indices into the frame
//! of a coroutine. The decoded form is at most 8 bytes. How an instruction is written stands behind its code: words as
//! they are, and operands in braces, each written and read as its [`Kind`] says (`asm/operand.rs`).
//!
//! The cost of an instruction is what a step of it takes from the credits of its coroutine, and 1 where the list says
//! nothing. Costs are weights, not times: a message is put on an edge or taken off it and may wake somebody (5), a branch
//! or a scope changes what the session knows of its roles (10), an operation leaves the machine (20), a session is opened
//! (100). The size of a value does not count: it has a limit of its own.

use crate::prim::Prim;
use serde::{Deserialize, Serialize};

/// The types of operands, each with the [`Kind`] of the same name.
macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $name:ident = $ty:ty, $form:literal;)*) => {
        $($(#[doc = $doc])* pub type $name = $ty;)*

        /// What an operand is, and with that how it is written and read.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind {
            $($(#[doc = $doc])* $name,)*
            /// A primitive, by its name.
            Prim,
            /// A fault, by its word.
            FailKind,
        }

        impl Kind {
            /// What stands for such an operand where the form of an instruction is shown.
            #[must_use]
            pub const fn form(self) -> &'static str {
                match self {
                    $(Self::$name => $form,)*
                    Self::Prim => "PRIMITIVE",
                    Self::FailKind => "FAULT",
                }
            }

            /// The greatest number of such an operand.
            #[must_use]
            pub const fn greatest(self) -> u32 {
                match self {
                    $(Self::$name => <$ty>::MAX as u32,)*
                    Self::Prim | Self::FailKind => u8::MAX as u32,
                }
            }
        }
    };
}

kinds! {
    /// A register of the current frame.
    Reg = u16, "rN";
    /// The first of consecutive registers, as many as the operation or shape before it takes.
    Args = u16, "(rN, …)";
    /// The second operand of a primitive with its third behind it; with one operand it says nothing.
    Second = u16, ", rN";
    /// An index into the roles of the image.
    RoleIndex = u16, "ROLE";
    /// An index into its labels.
    LabelIndex = u16, "LABEL";
    /// An index into its operations.
    OpIndex = u16, "OPERATION";
    /// An index into its constants.
    ConstIndex = u32, "CONSTANT";
    /// An index into its shapes.
    ShapeIndex = u16, "SHAPE";
    /// The number of a component.
    Component = u16, "N";
    /// An instruction that starts a block.
    Target = u32, "BLOCK";
    /// An index into the choose tables of the function.
    ChooseIndex = u32, "cN";
    /// An index into its switch tables.
    SwitchIndex = u32, "wN";
    /// An index into its finals tables.
    FinalsIndex = u32, "fN";
    /// An index into its scope tables.
    ScopeIndex = u32, "eN";
    /// An index into its open tables.
    OpenIndex = u32, "oN";
    /// An index into the guard layers of the image.
    LayerIndex = u16, "LAYER";
    /// An index into its facts.
    FactIndex = u16, "FACT";
    /// An index into its bundles.
    BundleIndex = u16, "N";
}

/// What the table says about one instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its code in the canonical encoding; also its index in [`Instr::TABLE`].
    pub code: u8,
    /// Its name.
    pub name: &'static str,
    /// Its operands in order: name and type.
    pub operands: &'static [(&'static str, Kind)],
    /// How it is written: words, and its operands in braces.
    pub form: &'static str,
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
    fn of(number: u32) -> Option<Self>;
    fn write(self, out: &mut Vec<u8>);
}

impl Operand for u16 {
    fn number(self) -> u32 {
        u32::from(self)
    }

    fn of(number: u32) -> Option<Self> {
        Self::try_from(number).ok()
    }

    fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }
}

impl Operand for u32 {
    fn number(self) -> u32 {
        self
    }

    fn of(number: u32) -> Option<Self> {
        Some(number)
    }

    fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }
}

impl Operand for Prim {
    fn number(self) -> u32 {
        u32::from(self as u8)
    }

    fn of(number: u32) -> Option<Self> {
        Self::from_code(u8::try_from(number).ok()?)
    }

    fn write(self, out: &mut Vec<u8>) {
        out.push(self as u8);
    }
}

impl Operand for FailKind {
    fn number(self) -> u32 {
        u32::from(self as u8)
    }

    fn of(number: u32) -> Option<Self> {
        Self::ALL.get(number as usize).map(|(_, kind)| *kind)
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
    ($(
        #[doc = $doc:literal]
        $name:ident $({ $($field:ident : $ty:ident),* })? = $code:literal, $form:literal $(, cost $cost:literal)?;
    )*) => {
        /// An instruction of this version of the machine.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[allow(missing_docs, reason = "the line of an instruction says what its operands are")]
        pub enum Instr { $(#[doc = $doc] $name $({ $($field: $ty),* })?),* }

        impl Instr {
            /// Every instruction, in order of its code.
            pub const TABLE: &'static [Row] = &[$(Row {
                code: $code,
                name: stringify!($name),
                operands: &[$($((stringify!($field), Kind::$ty)),*)?],
                form: $form,
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
                match self { $(Self::$name { .. } => or_one(&[$($cost)?])),* }
            }

            /// Its operands as numbers.
            #[must_use]
            pub fn operands(&self) -> Operands {
                let mut numbers = Operands::new();
                match *self { $(Self::$name $({ $($field),* })? => { $($(numbers.push(Operand::number($field));)*)? })* }
                numbers
            }

            /// The instruction of that code with these operands; `None` if there is none, or one is too large for it.
            #[must_use]
            pub fn from_operands(code: u8, operands: &[u32]) -> Option<Self> {
                let mut given = operands.iter();
                match code {
                    $($code => Some(Self::$name { $($($field: Operand::of(*given.next()?)?),*)? }),)*
                    _ => None,
                }
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
    Send { to: RoleIndex, label: LabelIndex, val: Reg } = 0, "send {to} {label} {val}", cost 5;
    /// Like `Send`, where this role selected among several branches.
    Offer { to: RoleIndex, label: LabelIndex, val: Reg } = 1, "offer {to} {label} {val}", cost 5;
    /// Waits for `label` from role `from` and puts the payload into `dst`.
    Receive { from: RoleIndex, label: LabelIndex, dst: Reg } = 2, "receive {from} {label} {dst}", cost 5;
    /// Waits for the first row of choose table `table` whose label is at the head of its partner's edge.
    Choose { table: ChooseIndex } = 3, "choose {table}", cost 5;
    /// Performs operation `op` with its arguments in consecutive registers from `args`; the answer goes to `dst`.
    Perform { op: OpIndex, args: Args, dst: Reg } = 4, "{dst} = perform {op}{args}", cost 20;
    /// Puts constant `value` into `dst`.
    Set { dst: Reg, value: ConstIndex } = 5, "{dst} = {value}";
    /// Copies `src` to `dst`.
    Move { dst: Reg, src: Reg } = 6, "{dst} = {src}";
    /// Applies a primitive.
    Prim { op: Prim, dst: Reg, a: Reg, b: Second } = 7, "{dst} = {op}({a}{b})";
    /// Builds a value of shape `shape` from consecutive registers from `args`.
    Make { dst: Reg, shape: ShapeIndex, args: Args } = 8, "{dst} = make {shape} {args}";
    /// Takes component `index` of the tuple, record or union in `src` (of a list: faults when out of range).
    Get { dst: Reg, src: Reg, index: Component } = 9, "{dst} = {src}.{index}";
    /// Puts the element count of the list in `src` into `dst` (for list patterns).
    Count { dst: Reg, src: Reg } = 10, "{dst} = count({src})";
    /// Jumps by the tag of the union, `Maybe` or `Result` in `val` through switch table `table`.
    Switch { val: Reg, table: SwitchIndex } = 11, "switch {val} {table}";
    /// Jumps to `target` when the Bool in `val` is false, else goes on.
    Branch { val: Reg, target: Target } = 12, "unless {val} goto {target}";
    /// Goes to `target`.
    Jump { target: Target } = 13, "goto {target}";
    /// Lets the other coroutines of the session run.
    Yield = 14, "yield";
    /// Raises fault `fault` with the text of constant `text`.
    Fail { fault: FailKind, text: ConstIndex } = 15, "fail {fault} {text}";
    /// Ends the coroutine; its final values are those of finals table `finals`.
    Halt { finals: FinalsIndex } = 16, "halt {finals}";
    /// Starts a child coroutine of this role at `target`, in the same frame.
    Spawn { target: Target } = 17, "spawn {target}", cost 10;
    /// Waits until all children of this coroutine are done.
    JoinAll = 18, "join all";
    /// Ends a child coroutine.
    Finish = 19, "finish", cost 10;
    /// Goes into a run of the scope of scope table `scope`; where this role owns it, its deadline starts.
    Enter { scope: ScopeIndex } = 20, "enter {scope}", cost 10;
    /// Ends this role's part of the body: the owner decides `done`, the others wait for the outcome.
    Exit { scope: ScopeIndex } = 21, "exit {scope}", cost 10;
    /// Ends the block of an outcome.
    Leave { scope: ScopeIndex } = 22, "leave {scope}", cost 10;
    /// Opens a nested session by open table `table`; its endpoint goes to `dst`.
    Open { table: OpenIndex, dst: Reg } = 23, "{dst} = open {table}", cost 100;
    /// Waits until the session of the endpoint in `endpoint` has ended, and forgets it; how it ended goes to `dst`.
    Close { endpoint: Reg, dst: Reg } = 24, "{dst} = close {endpoint}", cost 10;
    /// Takes guard layer `layer`, or waits for it; the evidence goes to `dst`.
    Acquire { layer: LayerIndex, dst: Reg } = 25, "{dst} = acquire {layer}", cost 10;
    /// Gives guard layer `layer` back, by its evidence.
    Release { layer: LayerIndex, evidence: Reg } = 26, "release {layer} {evidence}", cost 10;
    /// Starts to speculate; `Abort`, and whatever would wait, undoes all since and goes to `target`.
    Fork { target: Target } = 27, "fork else {target}", cost 10;
    /// Ends a speculation: what it sent is delivered.
    Join = 28, "join", cost 10;
    /// Undoes a speculation.
    Abort = 29, "abort", cost 10;
    /// Sends the endpoint in `endpoint` to role `to` with the facts of bundle `bundle`; its owner is the receiver then.
    Transfer { endpoint: Reg, to: RoleIndex, bundle: BundleIndex } = 30, "transfer {to} {endpoint} bundle {bundle}", cost 10;
    /// This role knows fact `fact` from now on; its witness goes to `dst`.
    Tag { fact: FactIndex, dst: Reg } = 31, "{dst} = tag {fact}", cost 10;
    /// Puts into `dst` whether this role knows fact `fact` and may let role `to` know it.
    Check { fact: FactIndex, to: RoleIndex, dst: Reg } = 32, "{dst} = check {fact} for {to}", cost 10;
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

impl FailKind {
    /// All of them with their words, in order of their codes.
    pub const ALL: &'static [(&'static str, Self)] =
        &[("assertion", Self::Assertion), ("no_open_branch", Self::NoOpenBranch), ("unreachable", Self::Unreachable)];
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
        assert_eq!(Instr::from_operands(instr.code(), instr.operands().as_slice()), Some(instr));
        assert_eq!(Instr::from_operands(7, &[29, 1, 2, 70_000]), None);
        assert!(FailKind::ALL.iter().enumerate().all(|(code, (_, kind))| *kind as usize == code));
    }
}
