//! The verifier: which images a machine may load.
//!
//! An image is untrusted input. [`verify`] checks it against [`RULES`] and wraps it as [`Verified`]; a rejection
//! names the rule. The work is linear in the image: what a hostile table could make quadratic is paid from a budget
//! (V9.1). Start in [`verify`]; the children check one family of rules each, in this order: tables (V1, V7), local
//! machines (V5.1, V5.2), and per role the operands (V1.8, V3), control (V2), the machine's walk (V5), scopes and
//! branches (V2.8, V2.9, V3.9, V5.12, V5.13), data flow (V3.6, V3.7), what is used once and speculation (V4, V2.10); then
//! the lossy edges (V5.14) and all machines against the choreography (V6). A later check relies on the earlier ones:
//! indices are in range once the operands are checked.

mod bound;
mod branches;
mod certificate;
mod control;
mod flow;
mod linear;
mod lossy;
mod machine;
mod nest;
mod operand;
mod prim;
mod resource;
mod table;
mod walk;

#[cfg(test)]
mod tests;

use crate::image::{CodeImage, Function};
use crate::machine::LocalMachine;
use crate::ty::{Type, TypeId};
pub use bound::SessionBound;
use std::fmt;

/// Every rule of the verifier; those of the file format are in [`crate::codec::RULES`].
pub const RULES: &[(&str, &str)] = &[
    ("V1.7", "roles, functions and machines are equally many, at most 65535, and role names are distinct"),
    (
        "V1.8",
        "every index is inside its table, used or not; tables whose indices have 16 bits have at most 65535 entries",
    ),
    ("V1.9", "labels differ in name or payload"),
    (
        "V1.10",
        "types are listed once; each is well-formed, of at most 65535 parts, and at most 256 deep up to its unions",
    ),
    ("V1.11", "the parameters of a role have distinct names and distinct registers of their types"),
    ("V1.12", "a frame has at most 4096 registers"),
    ("V1.13", "edges are ascending, join two roles, and cover every pair of roles that communicates"),
    ("V1.14", "debug positions are ascending, inside the code, one list per role"),
    ("V1.15", "shapes are of a type that has such values"),
    (
        "V1.16",
        "the owner and the participants of a scope are roles, ascending; its outcomes are ascending, `done` first",
    ),
    ("V1.17", "a scope table is of a scope its role takes part in, has a row per outcome, and what belongs to it"),
    (
        "V1.18",
        "facts and layers are listed once; shared layers, by name, and the facts of a bundle ascend; its message \
         carries an Endpoint",
    ),
    ("V2.1", "code is not empty and its first block starts at instruction 0 in state 0"),
    ("V2.2", "blocks are ascending and inside the code"),
    ("V2.3", "jumps lead to the start of a block"),
    ("V2.4", "code does not run past its end"),
    ("V2.5", "every instruction is reachable"),
    ("V2.6", "every loop communicates, performs, opens or closes a session, enters a scope, joins branches or yields"),
    ("V2.7", "a switch has a target for each variant"),
    ("V2.8", "where paths meet, the same scopes are open, and branches of the same `par`"),
    (
        "V2.9",
        "`Finish` ends a branch, `Exit` a body, `Leave` a block of the scope last entered, by its table, and `Halt` none",
    ),
    ("V2.10", "between `Fork` and its `Join` or `Abort` stand data, messages and operations of the session only"),
    ("V3.1", "registers are inside the frame, those that are not looked at as well"),
    ("V3.2", "payloads have the type of their label"),
    ("V3.3", "arguments and result of an operation have its types"),
    ("V3.4", "constants, copies and primitives have operands and a result of their types, a fault has a String"),
    ("V3.5", "values are built, taken apart and branched on as their types allow"),
    ("V3.6", "a register is written before it is read, on every path"),
    (
        "V3.7",
        "a component of one of several variants is taken only where a `Switch` found it; joins and outcomes forget that",
    ),
    ("V3.8", "a deadline is a Duration, the word of a failure a String"),
    ("V3.9", "what one branch writes, no other branch reads or writes"),
    ("V3.10", "what opens, closes, guards, transfers and knows has operands of the types of its tables"),
    ("V4.1", "endpoints, evidence and witnesses are no part of other values, of effects, operations or final values"),
    ("V4.2", "where paths meet, the same endpoints and evidence are held, and both speculate or none does"),
    ("V4.3", "an endpoint or evidence is not overwritten or dropped; `Move` hands it on, and only `Transfer` sends it"),
    ("V4.4", "an endpoint or evidence is used only where it is held, by the branch or scope that holds it"),
    ("V4.5", "a branch, a body or a block ends without an endpoint or evidence of its own"),
    ("V4.6", "layers are acquired in increasing order"),
    ("V4.7", "who holds a layer waits for no role, branch, scope or session, and does not speculate"),
    (
        "V5.1",
        "the states of a machine lead to its states, at least to one; messages are distinct, and with another role",
    ),
    ("V5.2", "every state of a machine is reachable"),
    ("V5.3", "a message is sent only where the machine can send it"),
    ("V5.4", "`Receive` waits only where the machine can receive exactly that"),
    ("V5.5", "`Choose` has exactly the rows of the machine's state, and finals where the session may end in it"),
    ("V5.6", "`Halt` stands only at an end of the machine"),
    (
        "V5.7",
        "control goes to a block of the same state, or of the next one of a silent state; a row to that of its own",
    ),
    ("V5.8", "operations, `Open`, `Close` and `Acquire` stand only in silent and sending states"),
    ("V5.9", "the branches of the machine's `par` are spawned in order, joined in one block, and another follows"),
    ("V5.10", "a scope is entered where the machine enters it, and its rows lead to blocks of the machine's states"),
    ("V5.11", "a branch, a body or a block ends where the machine's does, and control goes on behind the scope"),
    ("V5.12", "two branches use no edge in common"),
    ("V5.13", "inside a scope only its participants communicate and enter scopes"),
    (
        "V5.14",
        "a lossy edge carries one label; its receiver can go on without it, and having taken one, silently waits again",
    ),
    ("V5.15", "a speculation that is undone goes on in the state it began in"),
    ("V6.1", "a choreography has a node to start at; its ways, roles, labels and scopes are there"),
    (
        "V6.2",
        "nobody sends to itself, labels of a message and deciders are distinct, and decisions and `par`s have a way",
    ),
    ("V6.3", "every node of a choreography is reachable"),
    ("V6.4", "every node lies in one part of a `par` or scope, or in none, and one `Join` in it ends a part"),
    ("V6.5", "on every way round somebody communicates"),
    ("V6.6", "two branches of a `par` have no ordered pair of roles in common"),
    ("V6.7", "each scope stands at one node, with its outcomes, and who acts in it are its participants"),
    ("V6.8", "who acts in a part in which something may never end does not act behind it"),
    (
        "V6.9",
        "every state has entries, ascending; the decisions of silent states are shared decisions of the role there",
    ),
    ("V6.10", "the start of a machine has an entry for the start of the choreography"),
    ("V6.11", "the next state has entries for every place the role can be at behind a step"),
    ("V6.12", "what a place of a state offers has a row"),
    ("V6.13", "every row is offered by a place of its state"),
    ("V6.14", "what a role sends or does on its own is what all its places lead to"),
    ("V6.15", "at no place of one state a role waits, while at another it does something"),
    ("V6.16", "one name of a label comes from one role with one payload"),
    ("V6.17", "no message can be there before another is taken that comes first"),
    ("V6.18", "the session may end in a state exactly where at one of its places nothing comes any more"),
    ("V6.19", "a silent state leads, arm by arm, to what lies behind what it decides"),
    ("V6.20", "branches are spawned where the choreography has as many, and merged ones use different channels"),
    ("V6.21", "a scope is entered at its node"),
    ("V6.22", "a part ends where all places are ends of parts; who can still act does not wait there"),
    ("V6.23", "a role halts where it has nothing more to do, outside of parts it entered"),
    ("V7.1", "`Host` has no arguments; its operations are `supply : String -> T` and `choose : List String -> Int`"),
    ("V8.1", "a session has at most 1048576 registers"),
    ("V8.2", "a session has at most 65535 coroutines, with all branches of a `par` as large as its largest"),
    ("V9.1", "shared tables and wide frames stay within the budget for work beyond the linear"),
    ("V9.2", "comparing machines with the choreography stays within its budget"),
];

/// Deepest nesting of a type that does not pass through a union.
pub const MAX_TYPE_DEPTH: usize = 256;

/// Budget of every image for the work its tables cause, in elementary steps.
const BASE_BUDGET: u64 = 1 << 24;

/// What each instruction, type and row adds to the budget.
const BUDGET_PER_ITEM: u64 = 64;

/// An image that passed [`verify`]; the only kind a machine loads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified(CodeImage, SessionBound);

impl Verified {
    /// The image.
    #[must_use]
    pub fn image(&self) -> &CodeImage {
        &self.0
    }

    /// What a session of it takes at most.
    #[must_use]
    pub const fn bound(&self) -> SessionBound {
        self.1
    }

    /// The image, no longer known to be verified.
    #[must_use]
    pub fn into_image(self) -> CodeImage {
        self.0
    }
}

/// Why an image was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyError {
    /// The rule that does not hold, one of [`RULES`].
    pub rule: &'static str,
    /// The role whose code or machine breaks it.
    pub role: Option<String>,
    /// The instruction that breaks it.
    pub pc: Option<u32>,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.rule)?;
        if let Some(role) = &self.role {
            write!(f, ", role `{role}`")?;
        }
        if let Some(pc) = self.pc {
            write!(f, ", instruction {pc}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for VerifyError {}

type Check<T = ()> = Result<T, VerifyError>;

/// A violation that belongs to no instruction.
fn violation<T>(rule: &'static str, message: impl Into<String>) -> Check<T> {
    Err(VerifyError { rule, role: None, pc: None, message: message.into() })
}

/// A violation at an instruction.
fn violation_at<T>(rule: &'static str, pc: usize, message: impl Into<String>) -> Check<T> {
    let pc = u32::try_from(pc).ok();
    Err(VerifyError { rule, role: None, pc, message: message.into() })
}

/// Checks an image.
///
/// # Errors
/// The first rule that does not hold.
pub fn verify(image: CodeImage) -> Result<Verified, VerifyError> {
    let bound = check_code(&image)?;
    certificate::check(&image)?;
    Ok(Verified(image, bound))
}

/// Checks everything but the rules V6: what each role does by itself.
///
/// # Errors
/// The first rule that does not hold.
pub fn check_code(image: &CodeImage) -> Result<SessionBound, VerifyError> {
    table::check(image)?;
    let mut budget = Budget::of(image);
    let mut bound = SessionBound::of(image);
    for role in 0..image.functions.len() {
        bound.coroutines += check_role(image, role, &mut budget)
            .map_err(|error| VerifyError { role: Some(image.roles[role].name.clone()), ..error })?;
    }
    bound.check()?;
    lossy::check(image, &mut budget)?;
    table::debug(image)?;
    Ok(bound)
}

/// Checks the tables and the rules V6, without looking at the code: whether the machines are projections of the
/// choreography.
///
/// # Errors
/// The first rule that does not hold.
pub fn check_projection(image: &CodeImage) -> Result<(), VerifyError> {
    table::check(image)?;
    certificate::check(image)
}

/// Checks the code of a role. Returns how many coroutines it has at most.
fn check_role(image: &CodeImage, role: usize, budget: &mut Budget) -> Check<u64> {
    let subject = Subject { image, role, function: &image.functions[role], machine: &image.machines[role] };
    table::check_function(&subject)?;
    let rows = machine::check(&subject)?;
    operand::check(&subject, budget)?;
    let graph = control::check(&subject, budget)?;
    walk::check(&subject, &graph, &rows, budget)?;
    let nest = nest::check(&subject, &graph, budget)?;
    let joins = branches::check(&subject, &graph, &nest, budget)?;
    flow::check(&subject, &graph, &joins, budget)?;
    linear::check(&subject, &graph, budget)?;
    Ok(bound::coroutines(&subject, &nest).min(bound::FAR_TOO_MANY))
}

/// The role under scrutiny.
struct Subject<'a> {
    image: &'a CodeImage,
    role: usize,
    function: &'a Function,
    machine: &'a LocalMachine,
}

impl Subject<'_> {
    fn ty(&self, id: TypeId) -> &Type {
        &self.image.types[id.0 as usize]
    }
}

/// What may still be spent on work that is not linear by itself.
struct Budget(u64);

impl Budget {
    fn of(image: &CodeImage) -> Self {
        let items: usize = image.functions.iter().map(|function| function.code.len() + function.blocks.len()).sum();
        Self(BASE_BUDGET + BUDGET_PER_ITEM * items as u64)
    }

    fn spend(&mut self, steps: usize, pc: usize) -> Check {
        match self.0.checked_sub(steps as u64) {
            Some(rest) => {
                self.0 = rest;
                Ok(())
            }
            None => violation_at("V9.1", pc, "verifying this image takes more work than its size allows"),
        }
    }
}

/// Number of variants of a type that can be switched on.
fn variant_count(ty: &Type) -> Option<usize> {
    match ty {
        Type::Maybe(_) | Type::Result(..) => Some(2),
        Type::Union(_, variants) => Some(variants.len()),
        Type::Unit
        | Type::Bool
        | Type::Int
        | Type::String
        | Type::Bytes
        | Type::Duration
        | Type::Session
        | Type::Role
        | Type::List(_)
        | Type::Map(..)
        | Type::Tuple(_)
        | Type::Record(_)
        | Type::Opaque(_)
        | Type::Endpoint
        | Type::Evidence(_)
        | Type::Witness(_) => None,
    }
}

/// The arguments of variant `tag`.
fn variant_args(ty: &Type, tag: u16) -> Option<&[TypeId]> {
    match (ty, tag) {
        (Type::Maybe(_), 0) => Some(&[]),
        (Type::Maybe(item) | Type::Result(_, item), 1) | (Type::Result(item, _), 0) => Some(std::slice::from_ref(item)),
        (Type::Union(_, variants), _) => variants.get(usize::from(tag)).map(|(_, args)| args.as_slice()),
        _ => None,
    }
}
