//! Text to syntax tree.
//!
//! ```text
//! text ─token─► tokens ─layout─► tokens ─parse─► Ast (+ diagnostics)
//! ```
//!
//! Parsing never fails: [`parse::parse`] returns a tree and the diagnostics found on the way, having recovered at
//! declarations and statements. The tree has no meaning here; names are resolved in `compiler`.
//! [`mod@print`] goes the other way, [`dump`] shows a tree, [`render`] shows diagnostics on a terminal.
//! Start with [`ast`] for what a program is and [`diagnostic`] for how anything is reported.

pub mod ast;
pub mod diagnostic;
pub mod dump;
pub mod format;
pub mod layout;
pub mod parse;
pub mod print;
pub mod render;
pub mod span;
pub mod symbol;
pub mod token;
pub mod verdict;
