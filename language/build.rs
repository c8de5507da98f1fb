//! Generates the parser from `src/grammar.lalrpop`; a conflict in the grammar fails the build.

#![allow(clippy::disallowed_methods, reason = "a build script reads and writes files")]

use std::path::Path;
use std::{env, fs};

/// The function the generated parser calls when its stack does not hold what its tables say, which never happens.
const MISMATCH: &str = "fn __symbol_type_mismatch() -> !";

/// The same function, unable to unwind. Every symbol that is taken off the stack would otherwise be copied to where it
/// could be dropped while the stack unwinds, and copying symbols is most of what the parser does.
const NO_UNWIND: &str = "extern \"C\" fn __symbol_type_mismatch() -> !";

fn main() {
    lalrpop::Configuration::new()
        .use_cargo_dir_conventions()
        .emit_rerun_directives(true)
        .process()
        .expect("the grammar has no conflicts");
    let out = env::var_os("OUT_DIR").expect("cargo says where generated files go");
    let parser = Path::new(&out).join("grammar.rs");
    let text = fs::read_to_string(&parser).expect("the parser has been generated");
    // A parser that is newer than its grammar is not generated again.
    if !text.contains(NO_UNWIND) {
        assert!(text.contains(MISMATCH), "lalrpop generates something else");
        fs::write(&parser, text.replace(MISMATCH, NO_UNWIND)).expect("the directory can be written");
    }
}
