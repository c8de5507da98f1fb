//! Shows what becomes of a text: machines, code, trace.

#![allow(clippy::disallowed_methods, reason = "tests read the repository")]
use tell_tests::*;
fn main() {
    let text = if let Some(seed) = std::env::args().nth(1).and_then(|a| a.parse().ok()) {
        generate::program(seed).text
    } else {
        text_of(std::path::Path::new(&std::env::args().nth(1).expect("a file")))
    };
    println!("{text}");
    let checked = program::check("x", &text);
    println!("{}", program::rendered(&checked.diagnostics, &checked.program.files));
    for stage in ["lower", "project"] {
        println!("{}", tell_compiler::show::stage(&checked, stage).expect("a stage"));
    }
    let image = program::image(&checked).expect("ok");
    println!("{}", tell_ir::disasm::disassemble(&image));
    let flags = flags::Flags { choose: flags::Choose::ByRole, ..flags::Flags::default() };
    let ran =
        run::run(image, &flags, run::Setup { missing: host::Missing::MakesUp, ..run::Setup::default() }).expect("runs");
    println!("{}{}", ran.trace, ran.ending());
}
