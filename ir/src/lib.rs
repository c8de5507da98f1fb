//! What crosses crates, as plain data.
//!
//! `compiler` produces it, `vm` consumes it, `bridge` and `tellc` print it. Nothing here parses text or runs code:
//! [`global`] and [`local`] are the pure session types, [`machine`] the determinised behaviour of one role,
//! [`instr`] the one table of instructions, [`image`] the unit that is shipped. An image from outside goes through
//! [`codec::decode`] and [`verify::verify`]; only [`verify::Verified`] can be loaded.

pub mod codec;
pub mod disasm;
#[cfg(test)]
mod fuzz;
pub mod global;
pub mod hash;
pub mod image;
pub mod instr;
pub mod local;
pub mod machine;
pub mod manual;
pub mod prim;
pub mod print;
#[cfg(test)]
mod sample;
pub mod sort;
pub mod supplied;
pub mod ty;
pub mod verify;
