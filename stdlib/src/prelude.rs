//! `std.prelude`: pure functions, all of them primitives of the machine ([`tell_vm::ir::prim::Prim`]).

/// Text of the module.
pub const SOURCE: &str = include_str!("../tell/prelude.tell");
