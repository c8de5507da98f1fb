//! `docs/bytecode.md`, generated: instructions, primitives and the rules of images.

use crate::instr::{Instr, Row};
use crate::prim::Prim;
use crate::{codec, verify};
use std::fmt::Write;

const PREFACE: &str = "\
# Bytecode

Generated from `ir/src/instr.rs`, `prim.rs`, `codec.rs` and `verify.rs`; \
`TELL_BLESS=1 cargo test -p tell-ir manual` rewrites it.

A protocol is compiled to one code image; role i runs function i. Registers (`Reg`) are indices into the frame of a
coroutine and have one type for the whole function; a frame has at most 4096. `Args` is the first of consecutive
registers; `Second` the second operand of a primitive. Targets are instruction indices and lead to the start of a block;
each block names the state of the role's local machine there. Other indices go to the table they are named after. How an
instruction is written is how `tellc show IMAGE` prints and `tellc asm` reads it ([assembler.md](assembler.md)). A cost
is what a committed step takes from the credits of its coroutine, where a machine gives credits.
";

/// The text of `docs/bytecode.md`.
#[must_use]
pub fn bytecode() -> String {
    let mut out = PREFACE.to_owned();
    let rows = Instr::TABLE.iter().map(|row| {
        let (code, form, cost) = (row.code.to_string(), format!("`{}`", row.form), row.cost.to_string());
        [code, operands(row), form, cost, row.doc.trim().to_owned()]
    });
    table(&mut out, "Instructions", ["code", "instruction", "written", "cost", "meaning"], rows);
    let rows = Prim::ALL.iter().map(|prim| {
        [
            (*prim as u8).to_string(),
            format!("`{}`", prim.text()),
            prim.arity().to_string(),
            prim.doc().trim().to_owned(),
        ]
    });
    table(&mut out, "Primitives", ["code", "name", "operands", "meaning"], rows);
    out.push_str("\nThe third of three operands is in the register after `b`.\n");
    rules(&mut out, "Image files", codec::RULES);
    rules(&mut out, "Verifier", verify::RULES);
    out
}

fn operands(row: &Row) -> String {
    if row.operands.is_empty() {
        return format!("`{}`", row.name);
    }
    let operands: Vec<_> = row.operands.iter().map(|(name, ty)| format!("{name}: {ty:?}")).collect();
    format!("`{} {{ {} }}`", row.name, operands.join(", "))
}

fn rules(out: &mut String, title: &str, rules: &[(&str, &str)]) {
    table(
        out,
        title,
        ["rule", "holds when"],
        rules.iter().map(|(rule, text)| [(*rule).to_owned(), (*text).to_owned()]),
    );
}

fn table<const N: usize>(out: &mut String, title: &str, head: [&str; N], rows: impl Iterator<Item = [String; N]>) {
    let rule = ["---"; N].join("|");
    write!(out, "\n## {title}\n\n| {} |\n|{rule}|\n", head.join(" | ")).expect("writing to a String succeeds");
    for row in rows {
        writeln!(out, "| {} |", row.join(" | ")).expect("writing to a String succeeds");
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test writes docs/bytecode.md when asked to")]
mod tests {
    use super::bytecode;

    #[test]
    fn the_manual_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/bytecode.md");
        if std::env::var_os("TELL_BLESS").is_some() {
            std::fs::write(path, bytecode()).expect("docs/ can be written");
        }
        let found = std::fs::read_to_string(path).unwrap_or_default();
        assert!(found == bytecode(), "docs/bytecode.md is old: run TELL_BLESS=1 cargo test -p tell-ir manual");
    }
}
