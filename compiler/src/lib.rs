//! Syntax tree to code image.
//!
//! ```text
//! Ast ─resolve─► Program ─check─► Program ─lower─► Graph ─project─► Machine (per role) ─emit─► CodeImage
//! ```
//!
//! Pure: no input or output, no clock, no environment; the outside world is [`sources::Sources`]. Every arrow is a
//! function of the module of its name. [`pipeline`] runs them in order and collects the diagnostics; start there.

pub mod check;
pub mod dot;
pub mod emit;
pub mod erase;
pub mod explore;
pub mod graph;
pub mod hir;
pub mod import;
mod kept;
pub mod lower;
pub mod monitor;
pub mod pipeline;
pub mod project;
pub mod refused;
pub mod repair;
pub mod resolve;
pub mod rung;
pub mod scribble;
pub mod show;
pub mod sources;
pub mod structural;
pub mod subtype;
pub mod ty;
mod ways;
pub mod wellformed;
