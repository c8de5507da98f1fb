//! What crosses crates, as plain data.
//!
//! `compiler` produces it, `vm` consumes it, `bridge` and `tellc` print it. Nothing here parses text or runs code:
//! [`global`] and [`local`] are the pure session types, [`canonical`], [`unfold`] and [`dual`] what is done with them as
//! terms, [`machine`] the determinised behaviour of one role,
//! [`instr`] the one table of instructions, [`image`] the unit that is shipped. An image from outside goes through
//! [`codec::decode`] and [`verify::verify`]; only [`verify::Verified`] can be loaded.

pub mod asm;
pub mod canonical;
pub mod choreography;
pub mod codec;
pub mod disasm;
pub mod dual;
#[cfg(test)]
mod fuzz;
pub mod global;
pub mod hash;
pub mod image;
pub mod implementable;
pub mod instr;
pub mod local;
pub mod machine;
pub mod manual;
pub mod prim;
pub mod print;
pub mod resource;
#[cfg(test)]
mod sample;
pub mod sort;
pub mod supplied;
pub mod term;
pub mod ty;
pub mod unfold;
pub mod verify;
pub mod walk;
